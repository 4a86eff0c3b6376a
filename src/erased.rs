//! Who was erased, in a file beside `store.seen` and apart from the store: a backup of before brings them back, and
//! they are erased again when its recovery begins (docs/operations/restore.md). An account's id says nothing of anybody.

use std::collections::BTreeSet;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lifeline_core::privacy::Privacy;
use lifeline_core::shared::ids::AccountId;
use lifeline_core::shared::time::Time;
use lifeline_core::store::Store;

use crate::failure::Failure;
use crate::print;
use crate::store::chain;
use crate::system::{OsEntropy, SystemClock};

/// Erasures of one page.
const PER_PAGE: i64 = 500;
/// A unit may commit after a later one: so many seconds are looked at again.
const LOOK_BACK_S: i64 = 3_600;

/// The file of a node that keeps what it saw there.
pub(crate) fn beside(seen: &Path) -> PathBuf {
    seen.with_extension("erased")
}

fn read(file: &Path) -> std::io::Result<BTreeSet<String>> {
    match std::fs::read_to_string(file) {
        // A line that was cut when the machine stopped is no id; the next look writes it again.
        Ok(text) => Ok(text
            .lines()
            .filter(|line| AccountId::parse(line).is_ok())
            .map(str::to_owned)
            .collect()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(BTreeSet::new()),
        Err(error) => Err(error),
    }
}

fn add(file: &Path, all: &[(AccountId, Time)]) -> std::io::Result<()> {
    let known = read(file)?;
    let mut text = String::new();
    for (account, _) in all {
        if !known.contains(account.as_str()) {
            // Begins a line of its own, whatever the one before came to.
            text.push('\n');
            text.push_str(account.as_str());
        }
    }
    if text.is_empty() {
        return Ok(());
    }
    text.push('\n');
    let mut options = std::fs::OpenOptions::new();
    let mut kept = options.create(true).append(true).open(file)?;
    kept.write_all(text.as_bytes())?;
    kept.sync_all()
}

fn privacy(store: Arc<dyn Store>) -> Privacy {
    Privacy::new(store, Arc::new(SystemClock::default()), Arc::new(OsEntropy))
}

/// Writes down who was erased from a moment on; where the next look begins.
pub(crate) async fn keep(store: Arc<dyn Store>, file: &Path, since: Time) -> Result<Time, String> {
    let privacy = privacy(store);
    let (mut from, mut last) = (since, since);
    loop {
        let all = privacy.erased_since(from, PER_PAGE).await;
        let all = all.map_err(|error| error.to_string())?;
        add(file, &all).map_err(|error| format!("{}: {error}", file.display()))?;
        let Some((_, at)) = all.last() else { break };
        last = last.max(*at);
        if all.len() < usize::try_from(PER_PAGE).unwrap_or(usize::MAX) {
            break;
        }
        from = Time::from_micros(at.micros().saturating_add(1));
    }
    Ok(since.max(last.plus_seconds(LOOK_BACK_S.saturating_neg())))
}

/// Erases again whom a copy that was put back brought back. Without `store.seen` nobody is known.
pub(crate) async fn again(store: Arc<dyn Store>, seen: Option<&Path>) -> Result<(), Failure> {
    let Some(file) = seen.map(beside) else {
        return Ok(());
    };
    let listed = read(&file);
    let listed = listed.map_err(|error| Failure::failed(format!("{}: {error}", file.display())))?;
    let accounts: Vec<AccountId> = listed
        .iter()
        .filter_map(|line| AccountId::parse(line).ok())
        .collect();
    let found = privacy(store).erase_again(&accounts).await;
    let found = found.map_err(|error| {
        Failure::failed(chain(&error))
            .advice("the recovery is begun; the service erases them within the hour it is started")
    })?;
    if found == 0 {
        return Ok(());
    }
    print(&format!(
        "{found} people who were erased since the copy was made are erased again; whose money is on its way in it, when that has come to its end\n"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_erased_is_written_once_and_half_a_line_is_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let file = beside(&folder.path().join("seen.json"));
        assert_eq!(file, folder.path().join("seen.erased"));
        assert!(read(&file).unwrap().is_empty(), "nobody was erased yet");
        let one = |last: char| {
            let id = format!("019aa2f0-0000-7000-8000-00000000000{last}");
            (AccountId::parse(&id).unwrap(), Time::from_micros(1))
        };
        add(&file, &[one('1'), one('2')]).unwrap();
        add(&file, &[one('2'), one('3')]).unwrap();
        assert_eq!(read(&file).unwrap().len(), 3);
        let whole = std::fs::read_to_string(&file).unwrap();
        assert_eq!(whole.matches("0002").count(), 1, "{whole}");
        std::fs::write(&file, &whole[..whole.len() - 5]).unwrap();
        assert_eq!(read(&file).unwrap().len(), 2, "the last was cut");
        add(&file, &[one('3')]).unwrap();
        assert_eq!(read(&file).unwrap().len(), 3);
    }
}
