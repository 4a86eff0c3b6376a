//! How far this node saw the store go, in a file apart from the store. Who puts a backup of the database back by the
//! database's own means and forgets the recovery is stopped at the start (docs/operations/restore.md).

use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use lifeline_adapters::sql::Engine;
use lifeline_core::payments::recovery::Seen;
use lifeline_core::shared::time::Time;
use lifeline_core::store::{StoreError, snapshot};
use lifeline_gateway::runner::Worker;

use crate::config::Store;
use crate::erased;
use crate::failure::Failure;
use crate::serve::Kind;
use crate::store;

/// A look comes no sooner than so many microseconds after the one before.
const PAUSE_MICROS: i64 = 55_000_000;

/// So many of the newest entries of the books are added up: a start is as quick with many years of them.
const ENTRIES_PROVEN: i64 = 1_000;

/// Opens a store to be served: one whose newest books add up, and that went as far as this node saw it go.
pub(crate) async fn opened(place: &Store, kind: Kind) -> Result<Arc<Engine>, Failure> {
    let engine = store::open(place, kind).await?;
    compared(place, &engine).await?;
    Ok(engine)
}

/// Looks at the newest books of an open store, and compares it with what this node saw of it.
pub(crate) async fn compared(place: &Store, engine: &Engine) -> Result<(), Failure> {
    let unsound = unsound(engine).await;
    let unsound = unsound.map_err(|error| Failure::failed(store::chain(&error)))?;
    if unsound > 0 {
        return Err(Failure::failed(format!(
            "{unsound} of the newest entries of the books are not what their lines add up to: a backup was put back in part"
        ))
        .advice("never serve it: make the database anew and put the whole backup back (docs/operations/restore.md)"));
    }
    let Some(file) = &place.seen else {
        return Ok(());
    };
    let Some(seen) = read(file)? else {
        return Ok(());
    };
    let missing = seen.is_missing_in(engine).await;
    if missing.map_err(|error| Failure::failed(store::chain(&error)))? {
        Err(older(file, &seen))
    } else {
        Ok(())
    }
}

async fn unsound(engine: &Engine) -> Result<i64, StoreError> {
    let mut view = snapshot(engine).await?;
    view.ledger().unsound(ENTRIES_PROVEN).await
}

fn older(file: &Path, seen: &Seen) -> Failure {
    Failure::failed(format!(
        "this store does not go as far as this node saw it go (epoch {}, place {} of the audit): it is an older copy, \
         and would send again what was sent since",
        seen.epoch, seen.place
    ))
    .advice(format!(
        "check store.url; of a backup that was put back, or a standby that was behind: stop every process, \
         `lifeline recover begin --epoch-above {}`, then start again (docs/operations/restore.md). Only where it is meant \
         to be another store move {} away",
        seen.epoch,
        file.display()
    ))
}

fn read(file: &Path) -> Result<Option<Seen>, Failure> {
    let unread = |why: String| {
        Failure::failed(format!("{}: {why}", file.display())).advice(
            "compare the store with its last backup before anything else; then move this file away",
        )
    };
    match std::fs::read(file) {
        Ok(text) => serde_json::from_slice(&text)
            .map(Some)
            .map_err(|error| unread(error.to_string())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unread(error.to_string())),
    }
}

/// Whole or not at all: a start must not meet half of it.
fn write(file: &Path, seen: &Seen) -> std::io::Result<()> {
    let beside = file.with_extension("new");
    let mut made = std::fs::File::create(&beside)?;
    made.write_all(&serde_json::to_vec(seen)?)?;
    made.sync_all()?;
    std::fs::rename(&beside, file)
}

/// Writes down every minute how far the store goes.
pub(crate) struct SeenWorker {
    engine: Arc<Engine>,
    file: PathBuf,
    known: Mutex<Option<Seen>>,
    /// When it last looked: workers are woken by every commit, and this one must not be.
    looked_at: AtomicI64,
    /// From here on erasures are looked at next, in microseconds.
    erased_from: AtomicI64,
}

impl SeenWorker {
    /// None where the configuration names no file.
    pub(crate) fn of(place: &Store, engine: &Arc<Engine>) -> Option<Arc<dyn Worker>> {
        let file = place.seen.clone()?;
        Some(Arc::new(Self {
            engine: Arc::clone(engine),
            file,
            known: Mutex::new(None),
            looked_at: AtomicI64::new(0),
            erased_from: AtomicI64::new(0),
        }))
    }

    async fn keep(&self) -> Result<(), String> {
        let said = |failure: Failure| failure.told().0.to_owned();
        let known = self.known().clone();
        let known = match known {
            Some(known) => Some(known),
            None => read(&self.file).map_err(said)?,
        };
        let now = Seen::of(&*self.engine).await;
        let now = now.map_err(|error| error.to_string())?;
        if let Some(known) = &known {
            let missing = known.is_missing_in(&*self.engine).await;
            if missing.map_err(|error| error.to_string())? {
                return Err("the store does not go as far as it was seen to go".to_owned());
            }
        }
        if known.as_ref() != Some(&now) {
            let (file, kept) = (self.file.clone(), now.clone());
            let written = tokio::task::spawn_blocking(move || write(&file, &kept)).await;
            let written = written.map_err(|error| error.to_string())?;
            written.map_err(|error| format!("{}: {error}", self.file.display()))?;
        }
        *self.known() = Some(now);
        self.keep_erased().await
    }

    /// Who was erased outlives every backup in a file of its own.
    async fn keep_erased(&self) -> Result<(), String> {
        let from = Time::from_micros(self.erased_from.load(Ordering::Relaxed));
        let next = erased::keep(self.engine.clone(), &erased::beside(&self.file), from).await?;
        self.erased_from.store(next.micros(), Ordering::Relaxed);
        Ok(())
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Option<Seen>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Worker for SeenWorker {
    fn name(&self) -> &'static str {
        "store.seen"
    }

    fn tick(&self) -> Duration {
        Duration::from_secs(60)
    }

    async fn run_once(&self, now: Time) -> bool {
        let before = self.looked_at.load(Ordering::Relaxed);
        // A clock that was set back must not keep it waiting.
        if (0..PAUSE_MICROS).contains(&now.micros().saturating_sub(before)) {
            return false;
        }
        self.looked_at.store(now.micros(), Ordering::Relaxed);
        if let Err(why) = self.keep().await {
            tracing::error!(%why, "store.seen.not_kept");
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_seen_is_read_as_it_was_written_and_half_of_it_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("seen.json");
        assert_eq!(read(&file).unwrap(), None, "nothing was seen yet");
        let seen = |place| Seen {
            epoch: 1,
            place,
            head: "ab".repeat(32),
        };
        for place in [7, 8] {
            write(&file, &seen(place)).unwrap();
            assert_eq!(read(&file).unwrap(), Some(seen(place)));
        }
        let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(left.len(), 1, "nothing half made stays beside it");
        std::fs::write(&file, "{\"epoch\":1").unwrap();
        assert!(read(&file).is_err());
    }

    #[test]
    fn whoever_starts_on_an_older_copy_is_told_the_epoch_to_go_above() {
        let seen = Seen {
            epoch: 3,
            place: 40,
            head: String::new(),
        };
        let failure = older(Path::new("/var/lib/lifeline/seen.json"), &seen);
        let (what, advice) = failure.told();
        assert!(what.contains("older copy"), "{what}");
        let advice = advice.unwrap();
        assert!(advice.contains("--epoch-above 3"), "{advice}");
        assert!(advice.contains("/var/lib/lifeline/seen.json"), "{advice}");
    }
}
