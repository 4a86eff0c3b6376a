//! Backup and restore: one sealed file that holds the whole store at one moment (EC-28).
//!
//! | file | what it is |
//! |---|---|
//! | `stream` | the form of the file: sealed, numbered, whole or refused |
//! | `file` | the embedded store, copied and put back as a file |
//! | `across` | an embedded store copied to a server, without a file between |
//! | `server` | PostgreSQL, by its own `pg_dump` and `pg_restore` |
//!
//! The keyring is not in the archive: it is kept apart, and without it nobody reads either. A restore
//! changes nothing until the whole archive was verified, and never writes over a store that is there.

mod across;
mod file;
mod server;
mod stream;

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, fchown};
use std::path::{Path, PathBuf};

use lifeline_core::shared::time::Time;

pub use self::across::{Copied, copy_across};
pub use self::stream::Header;
use self::stream::{Opening, Sealing};
use super::engine::Place;
use crate::keyring::{InstanceKind, Keyring};

/// Why there is no archive, or why one is not put back.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    #[error("the file is no archive of ours, or its beginning is damaged")]
    NotOurs,
    #[error("the archive is sealed with the key {0}, which this keyring does not have")]
    OtherKey(String),
    #[error("the archive was cut off or altered: nothing of it is taken")]
    Altered,
    #[error("the archive is of a {found} store, this installation has {wanted}")]
    OtherStore { found: String, wanted: &'static str },
    #[error("{0} is there already: a restore never writes over anything")]
    Occupied(String),
    #[error("the store does not hold: {0}")]
    Damaged(String),
    /// A server commits what is put back before its books can be proven.
    #[error("the database holds what was put back, and its books are not proven: {0}")]
    Unsound(String),
    #[error("the store or its copy could not be read or written: {0}")]
    Store(String),
    #[error("{tool} failed: {said}")]
    Tool { tool: &'static str, said: String },
    #[error("the place of the store cannot be read")]
    Place,
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Entries that are not what their lines add up to: books that were kept have none.
const UNBALANCED: &str = "SELECT COUNT(*) FROM ledger_entry e WHERE \
    e.line_count <> (SELECT COUNT(*) FROM ledger_line l WHERE l.entry_id = e.entry_id) \
    OR e.total_fen <> (SELECT COALESCE(SUM(l.debit_fen), 0) FROM ledger_line l WHERE l.entry_id = e.entry_id) \
    OR e.total_fen <> (SELECT COALESCE(SUM(l.credit_fen), 0) FROM ledger_line l WHERE l.entry_id = e.entry_id)";

/// Writes the store of `target`, as it is at one moment, to a new file. May run beside the service.
///
/// # Errors
/// [`ArchiveError`]; the file is there whole or not at all.
pub async fn backup(
    target: &str,
    keyring: &Keyring,
    to: &Path,
    now: Time,
) -> Result<Header, ArchiveError> {
    let place = Place::parse(target).map_err(|_| ArchiveError::Place)?;
    let mut salt = [0_u8; 32];
    getrandom::fill(&mut salt).map_err(|_| io::Error::other("no chance to be had"))?;
    let kid = keyring.archive_kid().ok_or(ArchiveError::Place)?;
    let header = Header {
        kid,
        salt: hex::encode(salt),
        kind: keyring.kind().as_str().to_owned(),
        engine: engine_of(&place).to_owned(),
        made_at: now.rfc3339(),
    };
    let draft = Draft::beside(to)?;
    let mut sealing = Sealing::begin(draft.create()?, &header, keyring)?;
    match &place {
        Place::File(path) => file::copy(path, &draft, &mut sealing)?,
        Place::Server(_) => server::dump(target, &mut sealing)?,
    }
    let mut written = sealing.finish()?;
    written.flush()?;
    written.sync_all()?;
    draft.settle(to)?;
    Ok(header)
}

/// Puts an archive back where no store is, and proves the books. The store is then a restored one:
/// its recovery has to be begun before it is served.
///
/// # Errors
/// [`ArchiveError`]; nothing is changed then, but with [`ArchiveError::Unsound`]: a server holds the tables all the
/// same, unproven.
pub async fn restore(target: &str, keyring: &Keyring, from: &Path) -> Result<Header, ArchiveError> {
    let place = Place::parse(target).map_err(|_| ArchiveError::Place)?;
    let (header, _) = Opening::begin(File::open(from)?, keyring)?;
    let own = keyring.kind().as_str();
    if InstanceKind::parse(&header.kind) != Some(keyring.kind()) {
        return Err(ArchiveError::OtherStore {
            found: header.kind,
            wanted: own,
        });
    }
    let wanted = engine_of(&place);
    if header.engine != wanted {
        return Err(ArchiveError::OtherStore {
            found: header.engine,
            wanted,
        });
    }
    // First all of it is verified, and only then is any of it used.
    Opening::begin(File::open(from)?, keyring)?
        .1
        .pour(&mut io::sink())?;
    let (_, opening) = Opening::begin(File::open(from)?, keyring)?;
    match &place {
        Place::File(path) => file::put_back(opening, path)?,
        Place::Server(at) => server::put_back(opening, target, at).await?,
    }
    Ok(header)
}

const fn engine_of(place: &Place) -> &'static str {
    match place {
        Place::File(_) => "sqlite",
        Place::Server(_) => "postgres",
    }
}

/// What is wrong with the books, if anything.
fn unproven(unbalanced: i64) -> Option<String> {
    (unbalanced != 0).then(|| format!("{unbalanced} ledger entries do not add up"))
}

/// A file for its owner only that is removed unless it is settled under its name.
struct Draft(PathBuf);

impl Draft {
    fn beside(path: &Path) -> Result<Self, ArchiveError> {
        if path.exists() {
            return Err(ArchiveError::Occupied(path.display().to_string()));
        }
        let mut id = [0_u8; 8];
        getrandom::fill(&mut id).map_err(|_| io::Error::other("no chance to be had"))?;
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{}", hex::encode(id)));
        Ok(Self(PathBuf::from(name)))
    }

    fn create(&self) -> io::Result<File> {
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&self.0)
    }

    /// What root puts back is the service's, whose folder it lies in: it could not open a file of root's.
    fn belong(&self, made: &File) -> io::Result<()> {
        if made.metadata()?.uid() == 0 {
            let folder = std::fs::metadata(folder_of(&self.0))?;
            fchown(made, Some(folder.uid()), Some(folder.gid()))?;
        }
        Ok(())
    }

    /// Gives the file its name, unless something took it meanwhile.
    fn settle(self, path: &Path) -> Result<(), ArchiveError> {
        std::fs::hard_link(&self.0, path).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => ArchiveError::Occupied(path.display().to_string()),
            _ => error.into(),
        })?;
        File::open(folder_of(path))?.sync_all()?;
        Ok(())
    }
}

fn folder_of(path: &Path) -> &Path {
    let folder = path.parent().filter(|dir| !dir.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}

impl Drop for Draft {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
