//! `lifeline copy-store`: an embedded store moved to a server, while no process of the installation runs.

use lifeline_adapters::sql::archive::{self, ArchiveError, Copied};
use lifeline_adapters::sql::in_clear;
use lifeline_core::shared::time::Clock as _;
use serde_json::json;

use crate::cli::CopyStore;
use crate::failure::Failure;
use crate::system::SystemClock;
use crate::{print, store};

pub(crate) async fn run(args: &CopyStore) -> Result<(), Failure> {
    let servers = ["postgres://", "postgresql://"];
    let is_server = |url: &str| servers.iter().any(|begins| url.starts_with(begins));
    if is_server(&args.from) || !is_server(&args.to) {
        return Err(Failure::usage(
            "--from takes the embedded store (sqlite:FILE), --to an empty database (postgres://…)",
        ));
    }
    if in_clear(&args.to) {
        return Err(Failure::usage("records would cross the network in clear").advice(
            "add sslmode=require or sslmode=verify-full to --to, unless the database is on this machine",
        ));
    }
    let now = SystemClock::default().now();
    let copied = archive::copy_across(&args.from, &args.to, now).await;
    let copied = copied.map_err(|error| refused(&error))?;
    print(&told(&copied, args.json))
}

fn told(copied: &[Copied], as_json: bool) -> String {
    let rows = copied
        .iter()
        .map(|one| one.rows)
        .fold(0, i64::saturating_add);
    if as_json {
        let each = copied
            .iter()
            .map(|one| json!({"table": one.table, "rows": one.rows}));
        let tables: Vec<serde_json::Value> = each.collect();
        return format!("{}\n", json!({"rows": rows, "tables": tables}));
    }
    format!(
        "{rows} rows of {} tables are copied, every one is there, and the books add up\n\
         write the database into store.url of every node, keep the keyring as it is, and put the old file away: it must never be served again\n",
        copied.len()
    )
}

fn refused(error: &ArchiveError) -> Failure {
    let advice = match error {
        ArchiveError::Occupied(_) => {
            "take a database without tables; nothing is ever deleted or written over by this command"
        }
        ArchiveError::Damaged(_) => {
            "nothing was kept of it, and the embedded store is as it was: tell the makers what is said here"
        }
        _ => {
            "the embedded store is as it was: check both addresses, that no process of the installation runs, and run `lifeline migrate` where it is older; then drop the database, make it anew, and run this again"
        }
    };
    Failure::failed(store::chain(error)).advice(advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_copied_is_told_with_what_must_follow() {
        let one = |table: &str, rows| Copied {
            table: table.to_owned(),
            rows,
        };
        let copied = [one("payment", 3), one("ledger_line", 12)];
        let text = told(&copied, false);
        assert!(text.starts_with("15 rows of 2 tables"), "{text}");
        assert!(text.contains("never be served again"), "{text}");
        let read: serde_json::Value = serde_json::from_str(&told(&copied, true)).unwrap();
        assert_eq!(read["rows"], 15);
        assert_eq!(read["tables"][1]["rows"], 12);
        let there = refused(&ArchiveError::Occupied("a database".to_owned())).to_string();
        assert!(there.contains("without tables"), "{there}");
    }
}
