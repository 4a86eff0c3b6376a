//! The embedded store, copied at one moment beside the writer, and put back as a file.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::stream::Opening;
use super::{ArchiveError, Draft, UNBALANCED, proven};

fn refused(error: &rusqlite::Error) -> ArchiveError {
    ArchiveError::Damaged(error.to_string())
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
    proven(unbalanced.map_err(|error| refused(&error))?)
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
    opening.pour(&mut file)?;
    file.sync_all()?;
    hold(&draft.0)?;
    draft.settle(path)
}
