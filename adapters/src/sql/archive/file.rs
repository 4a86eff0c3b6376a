//! The embedded store, copied at one moment beside the writer, and put back as a file.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::stream::Opening;
use super::{ArchiveError, Draft, UNBALANCED, unproven};

/// A folder that is not there or a full disk says nothing about the store itself.
fn refused(error: &rusqlite::Error) -> ArchiveError {
    let said = error.to_string();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => ArchiveError::Damaged(said),
        _ => ArchiveError::Store(said),
    }
}

/// Copies the store at one moment; writers go on meanwhile. The copy has no freed pages, so nothing that
/// was deleted is in it.
pub(super) fn copy(path: &Path, beside: &Draft, out: &mut impl Write) -> Result<(), ArchiveError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let store = Connection::open_with_flags(path, flags).map_err(|error| refused(&error))?;
    let mut name = beside.0.as_os_str().to_owned();
    name.push(".copy");
    let copy = Draft(name.into());
    // SQLite writes into a file that is there and empty: so it is its owner's only.
    drop(copy.create()?);
    let into = copy.0.to_str().ok_or(ArchiveError::Place)?;
    store
        .execute("VACUUM INTO ?1", [into])
        .map_err(|error| refused(&error))?;
    hold(&copy.0)?;
    io::copy(&mut File::open(&copy.0)?, out)?;
    Ok(())
}

/// Whether the file is a whole store whose books add up.
fn hold(path: &Path) -> Result<(), ArchiveError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let store = Connection::open_with_flags(path, flags).map_err(|error| refused(&error))?;
    let text = |sql: &str| store.query_row(sql, [], |row| row.get::<_, String>(0));
    let found = text("PRAGMA integrity_check").map_err(|error| refused(&error))?;
    if found != "ok" {
        return Err(ArchiveError::Damaged(found));
    }
    let unbalanced = store.query_row(UNBALANCED, [], |row| row.get(0));
    let unbalanced = unbalanced.map_err(|error| refused(&error))?;
    unproven(unbalanced).map_or(Ok(()), |what| Err(ArchiveError::Damaged(what)))
}

pub(super) fn put_back(opening: Opening<impl Read>, path: &Path) -> Result<(), ArchiveError> {
    for beside in ["-wal", "-shm", "-journal"] {
        let mut name = path.as_os_str().to_owned();
        name.push(beside);
        if Path::new(&name).exists() {
            return Err(ArchiveError::Occupied(
                Path::new(&name).display().to_string(),
            ));
        }
    }
    let draft = Draft::beside(path)?;
    let mut file = draft.create()?;
    draft.belong(&file)?;
    opening.pour(&mut file)?;
    file.sync_all()?;
    hold(&draft.0)?;
    draft.settle(path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt as _, chown};

    use super::*;

    #[test]
    fn what_root_puts_back_is_the_folders_owners() {
        let folder = tempfile::tempdir().expect("a folder");
        let service = Some(65_534);
        if chown(folder.path(), service, service).is_err() {
            // Only root gives files away, and only root's have to be.
            return;
        }
        let draft = Draft::beside(&folder.path().join("store.db")).expect("a draft");
        let made = draft.create().expect("a file");
        draft.belong(&made).expect("given");
        let of = made.metadata().expect("the file");
        assert_eq!((of.uid(), of.gid()), (65_534, 65_534));
    }

    #[test]
    fn ec_28_a_store_that_cannot_be_read_is_told_from_one_that_does_not_hold() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        let beside = Draft::beside(&at("archive")).expect("a draft");
        let missing = copy(&at("none.db"), &beside, &mut io::sink());
        assert!(
            matches!(missing, Err(ArchiveError::Store(_))),
            "{missing:?}"
        );
        std::fs::write(at("odd.db"), [7; 4_096]).expect("written");
        let odd = hold(&at("odd.db"));
        assert!(matches!(odd, Err(ArchiveError::Damaged(_))), "{odd:?}");
        let books = Connection::open(at("books.db")).expect("a store");
        let made = books.execute_batch(
            "CREATE TABLE ledger_entry (entry_id TEXT, line_count INTEGER, total_fen INTEGER);
             CREATE TABLE ledger_line (entry_id TEXT, debit_fen INTEGER, credit_fen INTEGER);
             INSERT INTO ledger_entry VALUES ('e', 1, 5);",
        );
        made.expect("books");
        let unbalanced = hold(&at("books.db"));
        assert!(
            matches!(unbalanced, Err(ArchiveError::Damaged(_))),
            "{unbalanced:?}"
        );
        let balanced = books.execute("INSERT INTO ledger_line VALUES ('e', 5, 5)", []);
        assert_eq!(balanced.expect("a line"), 1);
        hold(&at("books.db")).expect("books that add up");
    }
}
