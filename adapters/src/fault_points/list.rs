//! The points of this very program, read from the program itself: each unit and each operation
//! leaves its marked name among the program's texts, so nobody keeps a list by hand.

use std::collections::BTreeSet;

use lifeline_core::store::UnitName;

use super::plan::{Kind, When};
use crate::wire::Operation;

/// No name is longer.
const NAME_BYTES_MAX: usize = 512;

/// Every point of the running program: kind, name, when; tab-separated as in a plan.
///
/// # Errors
/// When the program's own file cannot be read.
pub fn all() -> std::io::Result<Vec<String>> {
    let program = std::fs::read(std::env::current_exe()?)?;
    let commits = marked(&program, UnitName::MARK)
        .filter(|path| path.starts_with("lifeline_") && path.contains("{{closure}}"))
        .map(UnitName::short)
        .map(|name| (Kind::Commit, name));
    let sends = marked(&program, Operation::MARK)
        .filter(|name| is_operation(name))
        .map(|name| (Kind::Send, name.to_owned()));
    let names: BTreeSet<(Kind, String)> = commits.chain(sends).collect();
    let lines = names.iter().flat_map(|(kind, name)| {
        [When::Before, When::After].map(|when| format!("{kind}\t{name}\t{when}"))
    });
    Ok(lines.collect())
}

/// `POST /payments/{txn}`, `alipay.trade.query`: nothing else that may stand behind a lone mark.
fn is_operation(name: &str) -> bool {
    let signs = ['/', '.', '{', '}', '_', '-', ' '];
    name.contains(['/', '.'])
        && name == name.trim()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || signs.contains(&c))
}

/// What stands between each `mark` and the bracket that closes it.
fn marked<'a>(program: &'a [u8], mark: &'static str) -> impl Iterator<Item = &'a str> {
    let mut from = 0;
    std::iter::from_fn(move || {
        loop {
            let rest = program.get(from..)?;
            let at = rest
                .windows(mark.len())
                .position(|window| window == mark.as_bytes())?;
            let begin = at.checked_add(mark.len())?;
            from = from.checked_add(begin)?;
            let long = rest.get(begin..).unwrap_or_default();
            let name = long.get(..NAME_BYTES_MAX.min(long.len())).and_then(closed);
            if let Some(name) = name.filter(|name| !name.contains(mark)) {
                return Some(name);
            }
        }
    })
}

/// The text up to the `>` that closes the bracket opened before it; nothing when it is no text.
fn closed(bytes: &[u8]) -> Option<&str> {
    let mut depth = 0_usize;
    let end = bytes.iter().position(|byte| match byte {
        b'<' => {
            depth = depth.saturating_add(1);
            false
        }
        b'>' if depth == 0 => true,
        b'>' => {
            depth = depth.saturating_sub(1);
            false
        }
        _ => false,
    })?;
    let name = std::str::from_utf8(bytes.get(..end)?).ok()?;
    name.chars()
        .all(|c| c.is_ascii_graphic() || c == ' ')
        .then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_between_other_texts() {
        let program = b"..Unit<a::<impl b::C>::d::{{closure}}>Unit<Unit<\x00>..Unit<open";
        let found: Vec<&str> = marked(program, "Unit<").collect();
        assert_eq!(found, ["a::<impl b::C>::d::{{closure}}"]);
    }

    #[test]
    fn a_program_lists_its_own_points() {
        // Of the adapters only what tests reach is linked here; tests/crash asks the whole program.
        let listed = all().unwrap();
        let point = "send\tPOST /payments/{txn}\tbefore".to_owned();
        assert!(listed.contains(&point), "{listed:?}");
        assert!(listed.iter().all(|line| line.split('\t').count() == 3));
    }
}
