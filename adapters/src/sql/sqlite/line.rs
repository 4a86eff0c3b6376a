//! Who may write now, who waits, and what is committed together (group commit).
//!
//! One unit holds the writer at a time. A unit that is done joins the open group and passes the
//! writer on; when nobody waits, or the group is full or old enough, the group's one COMMIT runs on
//! a thread of its own, and only then is any of its units acknowledged. A unit that overstays is
//! rolled back to its savepoint by whoever waits for it.

use std::collections::VecDeque;
use std::sync::mpsc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use lifeline_core::store::StoreError;
use rusqlite::{Connection, InterruptHandle};
use tokio::sync::{oneshot, watch};

use super::desk::{Desk, DiskFailure, GroupFailure, NotCommitted};
use super::limits;
use super::statement::{ColumnNames, store_error};

/// Told to each unit of a group.
pub(super) type Ack = oneshot::Sender<Result<(), GroupFailure>>;

/// Why the writer is not to be had.
#[derive(Debug, Clone, Copy, thiserror::Error)]
pub(super) enum NoTurn {
    #[error("the unit held the writer past its time and was rolled back")]
    Overdue,
    #[error("too many units wait for the writer")]
    Crowded,
    #[error("the writer did not become free in time")]
    Waited,
    #[error("the store is closed")]
    Closed,
    #[error("the disk failed during a commit; the process must start anew")]
    Broken,
}

impl From<NoTurn> for StoreError {
    fn from(reason: NoTurn) -> Self {
        Self::Unavailable(Box::new(reason))
    }
}

enum Holder {
    Nobody,
    Unit { id: u64, until: Instant },
    Committing,
}

struct State {
    holder: Holder,
    waiting: VecDeque<oneshot::Sender<Turn>>,
    members: Vec<Ack>,
    /// Units whose commit met a failing disk: they are never answered, the process ends.
    unanswered: Vec<Ack>,
    opened: Instant,
    last_id: u64,
    commits: u64,
    closed: bool,
}

/// The writer and its queue.
pub(super) struct Line {
    state: Mutex<State>,
    desk: Mutex<Desk>,
    interrupt: InterruptHandle,
    committer: mpsc::Sender<Vec<Ack>>,
    failed: watch::Sender<Option<DiskFailure>>,
    unit_max: Duration,
}

/// The right to use the writer; dropping it rolls back and passes the writer on.
pub(super) struct Turn {
    pub(super) id: u64,
    pub(super) until: Instant,
    line: Arc<Line>,
    spent: bool,
}

impl Drop for Turn {
    fn drop(&mut self) {
        if !self.spent {
            self.line.roll_back(self.id);
            self.line.pass_on(self.id, None);
        }
    }
}

impl Turn {
    pub(super) fn line(&self) -> &Arc<Line> {
        &self.line
    }

    /// Joins the group; the returned receiver tells when the group is durable.
    pub(super) fn join_group(mut self) -> oneshot::Receiver<Result<(), GroupFailure>> {
        let (ack, told) = oneshot::channel();
        self.spent = true;
        self.line.pass_on(self.id, Some(ack));
        told
    }
}

impl Line {
    pub(super) fn start(conn: Connection, unit_max: Duration) -> Result<Arc<Self>, StoreError> {
        let (committer, groups) = mpsc::channel();
        let line = Arc::new(Self {
            interrupt: conn.get_interrupt_handle(),
            state: Mutex::new(State {
                holder: Holder::Nobody,
                waiting: VecDeque::new(),
                members: Vec::new(),
                unanswered: Vec::new(),
                opened: Instant::now(),
                last_id: 0,
                commits: 0,
                closed: false,
            }),
            desk: Mutex::new(Desk {
                conn,
                names: ColumnNames::new(),
                turn: 0,
                in_group: false,
            }),
            committer,
            failed: watch::Sender::new(None),
            unit_max,
        });
        let weak = Arc::downgrade(&line);
        std::thread::Builder::new()
            .name("sqlite-commit".into())
            .spawn(move || {
                // Ends when the line, which owns the sender, is gone.
                while let Ok(group) = groups.recv() {
                    let Some(line) = weak.upgrade() else { return };
                    line.commit_group(group);
                }
            })
            .map_err(|error| StoreError::Unavailable(Box::new(error)))?;
        Ok(line)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn healthy(&self) -> Result<(), NoTurn> {
        if self.failed.borrow().is_some() {
            return Err(NoTurn::Broken);
        }
        if self.state().closed {
            return Err(NoTurn::Closed);
        }
        Ok(())
    }

    /// Waits for the writer, first come first served.
    pub(super) async fn take_turn(self: &Arc<Self>) -> Result<Turn, StoreError> {
        self.healthy()?;
        let mut wait = {
            let mut state = self.state();
            if matches!(state.holder, Holder::Nobody) {
                return Ok(self.grant(&mut state));
            }
            if state.waiting.len() >= limits::WAITING_MAX {
                return Err(NoTurn::Crowded.into());
            }
            let (sender, receiver) = oneshot::channel();
            state.waiting.push_back(sender);
            receiver
        };
        let started = Instant::now();
        loop {
            match tokio::time::timeout(self.look_again_after(), &mut wait).await {
                Ok(Ok(turn)) => return Ok(turn),
                Ok(Err(_)) => return Err(NoTurn::Closed.into()),
                Err(_) if started.elapsed() > limits::TURN_WAIT_MAX => {
                    return Err(NoTurn::Waited.into());
                }
                Err(_) => self.take_from_overdue(),
            }
        }
    }

    fn grant(self: &Arc<Self>, state: &mut State) -> Turn {
        state.last_id = state.last_id.wrapping_add(1).max(1);
        let until = Instant::now() + self.unit_max;
        state.holder = Holder::Unit {
            id: state.last_id,
            until,
        };
        Turn {
            id: state.last_id,
            until,
            line: Arc::clone(self),
            spent: false,
        }
    }

    /// When a waiter looks whether the holder has overstayed.
    pub(super) fn look_again_after(&self) -> Duration {
        const AT_LEAST: Duration = Duration::from_millis(5);
        match self.state().holder {
            Holder::Unit { until, .. } => until
                .saturating_duration_since(Instant::now())
                .max(AT_LEAST),
            Holder::Nobody | Holder::Committing => self.unit_max.max(AT_LEAST),
        }
    }

    /// Rolls back a unit that holds the writer past its time and passes the writer on.
    pub(super) fn take_from_overdue(self: &Arc<Self>) {
        let state = self.state();
        let id = match state.holder {
            Holder::Unit { id, until } if Instant::now() >= until => id,
            _ => return,
        };
        let group_lost = match self.desk.try_lock() {
            Ok(mut desk) => desk.roll_back(id),
            Err(TryLockError::Poisoned(desk)) => desk.into_inner().roll_back(id),
            Err(TryLockError::WouldBlock) => {
                // A statement of that unit is running: it fails now, and the unit ends by itself.
                self.interrupt.interrupt();
                return;
            }
        };
        drop(state);
        if group_lost {
            self.lose_group();
        }
        self.pass_on(id, None);
    }

    /// Undoes what unit `id` did; nothing when the writer was taken from it before.
    fn roll_back(&self, id: u64) {
        let group_lost = self.desk().roll_back(id);
        if group_lost {
            self.lose_group();
        }
    }

    fn lose_group(&self) {
        let members = std::mem::take(&mut self.state().members);
        tell(members, &Err(GroupFailure::Lost));
    }

    /// Ends the turn `id`; `ack` makes its unit a member of the group. Hands the writer to the next
    /// waiter, or has the group committed.
    fn pass_on(self: &Arc<Self>, id: u64, ack: Option<Ack>) {
        let mut state = self.state();
        if !matches!(state.holder, Holder::Unit { id: holder, .. } if holder == id) {
            return;
        }
        if let Some(ack) = ack {
            if state.members.is_empty() {
                state.opened = Instant::now();
            }
            state.members.push(ack);
        }
        let full = state.members.len() >= limits::GROUP_UNITS_MAX
            || (!state.members.is_empty() && state.opened.elapsed() >= limits::GROUP_AGE_MAX);
        if !full && self.hand_to_next(&mut state) {
            return;
        }
        if state.members.is_empty() {
            self.desk().abandon_group();
            state.holder = Holder::Nobody;
            return;
        }
        state.holder = Holder::Committing;
        let group = std::mem::take(&mut state.members);
        drop(state);
        if let Err(mpsc::SendError(group)) = self.committer.send(group) {
            self.commit_group(group);
        }
    }

    /// True when somebody took it.
    fn hand_to_next(self: &Arc<Self>, state: &mut State) -> bool {
        while let Some(next) = state.waiting.pop_front() {
            let turn = self.grant(state);
            match next.send(turn) {
                Ok(()) => return true,
                // The waiter is gone; its turn never began.
                Err(mut turn) => turn.spent = true,
            }
        }
        false
    }

    fn commit_group(self: &Arc<Self>, group: Vec<Ack>) {
        metrics::counter!("lifeline_store_commits_total").increment(1);
        metrics::counter!("lifeline_store_units_total")
            .increment(u64::try_from(group.len()).unwrap_or(u64::MAX));
        let outcome = match self.desk().commit() {
            Ok(()) => Ok(()),
            Err(NotCommitted::Group(failure)) => Err(failure),
            Err(NotCommitted::Disk(failure)) => return self.fail(failure, group),
        };
        tell(group, &outcome);
        let mut state = self.state();
        state.commits = state.commits.saturating_add(1);
        state.holder = Holder::Nobody;
        self.hand_to_next(&mut state);
    }

    /// The writer is never free again and the group never answered; whoever runs the process ends it.
    fn fail(&self, failure: DiskFailure, group: Vec<Ack>) {
        tracing::error!(%failure, "store.disk.failed");
        self.state().unanswered.extend(group);
        self.failed.send_replace(Some(failure));
    }

    /// Comes back only when the disk has failed.
    pub(super) async fn failed(&self) -> DiskFailure {
        let mut told = self.failed.subscribe();
        match told.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(failure)) => failure.clone(),
            // The sender is ours, so the wait cannot end in any other way.
            Ok(None) | Err(_) => std::future::pending().await,
        }
    }

    /// How many units wait for the writer.
    pub(super) fn waiting(&self) -> usize {
        self.state().waiting.len()
    }

    /// How many groups were committed.
    pub(super) fn commits(&self) -> u64 {
        self.state().commits
    }

    /// Ends the writer for good; a second call finds nothing to do.
    pub(super) async fn close(self: &Arc<Self>) -> Result<(), StoreError> {
        if self.state().closed {
            return Ok(());
        }
        let mut turn = self.take_turn().await?;
        // The turn is kept for ever: whoever waits or comes is told that the store is closed.
        turn.spent = true;
        let group = {
            let mut state = self.state();
            state.closed = true;
            state.waiting.clear();
            std::mem::take(&mut state.members)
        };
        let mut desk = self.desk();
        if !group.is_empty() {
            match desk.commit() {
                Ok(()) => tell(group, &Ok(())),
                Err(NotCommitted::Group(failure)) => tell(group, &Err(failure)),
                Err(NotCommitted::Disk(failure)) => {
                    self.fail(failure, group);
                    return Err(NoTurn::Broken.into());
                }
            }
        }
        desk.abandon_group();
        desk.conn
            .execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")
            .map_err(|error| store_error(&error))
    }
}

fn tell(members: Vec<Ack>, outcome: &Result<(), GroupFailure>) {
    for member in members {
        // A unit that no longer listens was cancelled; its work is committed or not all the same.
        let _ = member.send(outcome.clone());
    }
}
