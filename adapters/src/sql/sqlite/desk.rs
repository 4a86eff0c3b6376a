//! The writing connection: savepoints inside one open transaction, and that transaction's end.

use lifeline_core::store::StoreError;
use rusqlite::{Connection, ErrorCode};

use super::statement::ColumnNames;

/// How a whole group failed.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum GroupFailure {
    /// Surely not committed; each unit may run again by itself.
    #[error("the group was rolled back")]
    Lost,
    #[error("the group could not be committed: {0}")]
    Refused(String),
}

/// How a COMMIT ends that does not succeed.
#[derive(Debug)]
pub(super) enum NotCommitted {
    Group(GroupFailure),
    Disk(DiskFailure),
}

/// The disk failed while a group was committed. The process must end: whether the group is kept is
/// known only to whoever opens the file next.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the disk failed during a commit: {0}")]
pub struct DiskFailure(String);

impl From<GroupFailure> for StoreError {
    fn from(failure: GroupFailure) -> Self {
        match failure {
            GroupFailure::Lost => Self::Conflict,
            GroupFailure::Refused(_) => Self::Unavailable(Box::new(failure)),
        }
    }
}

/// The writing connection. Only the holder of the turn uses it, so its lock is never contended
/// except by a waiter that takes an overdue turn away.
pub(super) struct Desk {
    pub(super) conn: Connection,
    pub(super) names: ColumnNames,
    /// The unit whose savepoint is open; 0 is none.
    pub(super) turn: u64,
    /// Whether a transaction is open.
    pub(super) in_group: bool,
}

impl Desk {
    /// Undoes what unit `id` did, if its savepoint is open; true when the whole group went with it.
    pub(super) fn roll_back(&mut self, id: u64) -> bool {
        if self.turn != id {
            return false;
        }
        self.turn = 0;
        let undone = self.conn.execute_batch("ROLLBACK TO unit; RELEASE unit");
        // Some failures (disk full, interrupted write) end the whole transaction by themselves.
        let group_lost = undone.is_err() || self.conn.is_autocommit();
        if group_lost {
            self.abandon_group();
        }
        group_lost
    }

    /// Ends an open transaction without keeping anything.
    pub(super) fn abandon_group(&mut self) {
        self.in_group = false;
        if !self.conn.is_autocommit() {
            // Nothing more can be done about a failure here: the next BEGIN will tell.
            let _ = self.conn.execute_batch("ROLLBACK");
        }
    }

    pub(super) fn commit(&mut self) -> Result<(), NotCommitted> {
        let Err(error) = self.conn.execute_batch("COMMIT") else {
            self.in_group = false;
            return Ok(());
        };
        let failure = match error.sqlite_error_code() {
            // What reached the disk is not known, and a second fsync would lie about the first:
            // nothing is undone here, the next start reads what is there.
            Some(
                ErrorCode::SystemIoFailure
                | ErrorCode::DatabaseCorrupt
                | ErrorCode::DiskFull
                | ErrorCode::ReadOnly
                | ErrorCode::CannotOpen
                | ErrorCode::NotADatabase,
            ) => return Err(NotCommitted::Disk(DiskFailure(error.to_string()))),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => GroupFailure::Lost,
            _ => GroupFailure::Refused(error.to_string()),
        };
        self.abandon_group();
        Err(NotCommitted::Group(failure))
    }
}
