//! `lifeline keys rotate`: a new key for one purpose, while the processes go on working.
//!
//! | file | what it is |
//! |---|---|
//! | `mod` | the steps, each one unit: announce, activate, batches, finish |
//! | `data` | what is sealed or wrapped with the keyring's own key, sealed anew |
//! | `index` | what is found by blind index, indexed anew |
//!
//! Where a rotation stands is in the store (`key_generation`, `key_rotation`), so it can die after any
//! step and go on from there, in another process too. Each step waits until every process that does
//! not know the last one has stopped to work ([`QUIET_S`]): a process looks before a unit at most
//! [`LOOK_EVERY`](super::keys::LOOK_EVERY) late, and no unit outlives its deadline.

mod data;
mod index;

use std::sync::Arc;

use lifeline_core::shared::time::Time;
use lifeline_core::store::{StoreError, UnitOfWork as _};

use super::statement::statements;
use super::value::args;
use super::{Field, Row, Sql, WriteConn, overrides};
use crate::keyring::{Generation, KeyState, Keyring, KeyringError, Purpose};

statements! { "rotation":
    // SQLite has one writer, who is alone anyway.
    ALONE("key_generation") = "SELECT 1 AS n", postgres = overrides::INDEX_ALONE;
    UNDER_WAY("key_rotation") = "SELECT kid, pass, passed, rows_moved, round_moved, rows_skipped \
        FROM key_rotation WHERE purpose = $1";
    ANNOUNCE("key_generation") = "INSERT INTO key_generation (purpose, kid, state, announced_at, moved_at) \
        VALUES ($1, $2, 'announced', $3, $3) ON CONFLICT (purpose, kid) DO NOTHING";
    BEGIN("key_rotation") = "INSERT INTO key_rotation (purpose, kid, pass, passed, rows_moved, round_moved, \
        rows_skipped, began_at) VALUES ($1, $2, 0, '', 0, 0, 0, $3)";
    LEAVE_ACTIVE("key_generation") = "UPDATE key_generation SET state = 'retiring', moved_at = $2 \
        WHERE purpose = $1 AND state = 'active'";
    MAKE_ACTIVE("key_generation") = "UPDATE key_generation SET state = 'active', moved_at = $3 \
        WHERE purpose = $1 AND kid = $2 AND state = 'announced'";
    RETIRE("key_generation") = "UPDATE key_generation SET state = 'retired', moved_at = $2 \
        WHERE purpose = $1 AND state = 'retiring' AND moved_at <= $3";
    ADVANCE("key_rotation") = "UPDATE key_rotation SET pass = $4, passed = $5, rows_moved = $6, round_moved = $7, \
        rows_skipped = $8 WHERE purpose = $1 AND pass = $2 AND passed = $3";
    END("key_rotation") = "DELETE FROM key_rotation WHERE purpose = $1";
}

pub(super) static ALL_STATEMENTS: [&[&super::Stmt]; 3] =
    [STATEMENTS, data::STATEMENTS, index::STATEMENTS];

/// After this long every process works with what the last step said, or does not work.
pub const QUIET_S: i64 = 15;
/// How long what a signing key signed is still verified: longer than an access token or the page of
/// a list is about.
pub const SIGNED_LIFE_S: i64 = 3600;
/// Rows of one unit.
const BATCH_MAX: i64 = 200;

/// What a step did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// The new key is in the file and in the store's list; nothing is made with it yet.
    Announced { kid: String },
    /// It is too early for the next step.
    Wait { until: Time },
    /// New things are made with the new key from now on.
    Activated,
    /// One batch: how many rows it moved, of which pass.
    Moved { pass: &'static str, rows: i64 },
    /// Nothing is left to do. `skipped` rows could not be opened, and keep the old key in use.
    Finished { moved: i64, skipped: i64 },
}

/// Why a rotation cannot go on now; what was done stays done.
#[derive(Debug, thiserror::Error)]
pub enum RotateError {
    #[error("the keyring cannot be changed")]
    Keyring(#[from] KeyringError),
    #[error("this keyring is kept in no file")]
    NoFile,
    #[error("the store knows the key {0} from an earlier rotation: no new key is in force")]
    KnownKey(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The work of one pass over one batch.
#[derive(Debug, Default)]
struct Batch {
    seen: i64,
    moved: i64,
    skipped: i64,
    /// Where the next batch begins, as [`Cursor`] text.
    passed: String,
}

/// A rotation that was begun.
struct UnderWay {
    kid: String,
    pass: i64,
    passed: String,
    rows_moved: i64,
    round_moved: i64,
    rows_skipped: i64,
}

impl UnderWay {
    fn of(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            kid: row.text("kid")?,
            pass: row.int("pass")?,
            passed: row.text("passed")?,
            rows_moved: row.int("rows_moved")?,
            round_moved: row.int("round_moved")?,
            rows_skipped: row.int("rows_skipped")?,
        })
    }
}

/// The passes of a purpose, in order; what signs has none.
fn passes(purpose: Purpose) -> &'static [&'static str] {
    match purpose {
        Purpose::DataWrapping => &data::PASSES,
        Purpose::BlindIndex => &index::PASSES,
        Purpose::TokenHmac | Purpose::Jwt | Purpose::Cursor => &[],
    }
}

/// The columns whose values are under a purpose's key, as [`super::personal`] declares them.
#[must_use]
pub fn columns(purpose: Purpose) -> Vec<Field> {
    match purpose {
        Purpose::DataWrapping => data::columns(),
        Purpose::BlindIndex => index::COLUMNS.to_vec(),
        Purpose::TokenHmac | Purpose::Jwt | Purpose::Cursor => Vec::new(),
    }
}

/// How long the key before stays good after it is left.
const fn overlap_s(purpose: Purpose) -> i64 {
    match purpose {
        Purpose::DataWrapping | Purpose::BlindIndex | Purpose::TokenHmac => 0,
        Purpose::Jwt | Purpose::Cursor => SIGNED_LIFE_S,
    }
}

/// Puts the key that the rotation goes to into the file, before the store hears of it. `ring` is ruled by
/// the store: a file that another node's rotation left as it was still has the key of then as its next.
pub(super) fn prepare(ring: &Keyring, purpose: Purpose) -> Result<String, RotateError> {
    let path = ring.path().ok_or(RotateError::NoFile)?;
    if let Some(active) = ring.active(purpose) {
        label(ring, purpose, active.kid())?;
    }
    let (_, kid) = Keyring::add_next(path, ring.kind(), purpose)?;
    Ok(kid)
}

/// Says in the file too which key is active; harmless to repeat, and after a crash it is repeated.
pub(super) fn label(ring: &Keyring, purpose: Purpose, kid: &str) -> Result<(), RotateError> {
    let path = ring.path().ok_or(RotateError::NoFile)?;
    let named = Keyring::load(path, ring.kind())?
        .active(purpose)
        .is_some_and(|key| key.kid() == kid);
    if !named {
        Keyring::make_active(path, ring.kind(), purpose, kid)?;
    }
    Ok(())
}

/// What one unit comes to; the file is changed outside of it.
pub(super) enum Step {
    /// Nothing is under way: a key must be prepared and announced.
    Begin,
    Done(Progress),
    /// Done, and the file should say so.
    Label(Progress, String),
}

/// One step in one unit; the ring as the store rules it comes back with it.
pub(super) async fn step<C: WriteConn + 'static>(
    mut unit: Sql<C>,
    purpose: Purpose,
    now: Time,
) -> Result<(Step, Arc<Keyring>), StoreError> {
    let step = unit.rotate_once(purpose, now).await?;
    let ring = Arc::clone(&unit.vault.keyring);
    Box::new(unit).commit().await?;
    Ok((step, ring))
}

/// Announces a prepared key. One that the store knows already is no new key, and nothing begins with it.
pub(super) async fn announce<C: WriteConn + 'static>(
    mut unit: Sql<C>,
    purpose: Purpose,
    kid: &str,
    now: Time,
) -> Result<(), RotateError> {
    let name = purpose.as_str();
    if !unit.changed(&ANNOUNCE, args![name, kid, now]).await? {
        return Err(match unit.one(&UNDER_WAY, args![name]).await? {
            // Another process on the same file was first.
            Some(_) => StoreError::Conflict.into(),
            None => RotateError::KnownKey(kid.to_owned()),
        });
    }
    unit.touched(&BEGIN, args![name, kid, now]).await?;
    Ok(Box::new(unit).commit().await?)
}

/// Ends the overlap of signing keys at once.
pub(super) async fn retire<C: WriteConn + 'static>(
    mut unit: Sql<C>,
    purpose: Purpose,
    now: Time,
) -> Result<(), StoreError> {
    unit.touched(&RETIRE, args![purpose.as_str(), now, now])
        .await?;
    Box::new(unit).commit().await
}

/// Nothing is under way. Of two processes that rotate at once, one may have ended the rotation while
/// the other was on its way to the same step: that is no wish for another key.
fn begin(generations: &[Generation], purpose: Purpose, now: Time) -> Step {
    let ended = generations
        .iter()
        .filter(|g| g.purpose == purpose && g.state == KeyState::Retired)
        .map(|g| g.moved_at.plus_seconds(QUIET_S))
        .max();
    match ended {
        Some(until) if now < until => Step::Done(Progress::Wait { until }),
        _ => Step::Begin,
    }
}

impl<C: WriteConn> Sql<C> {
    /// The next step of a rotation, in this unit.
    pub(super) async fn rotate_once(
        &mut self,
        purpose: Purpose,
        now: Time,
    ) -> Result<Step, StoreError> {
        if purpose == Purpose::BlindIndex {
            self.count(&ALONE, args![]).await?;
        }
        let row = self.one(&UNDER_WAY, args![purpose.as_str()]).await?;
        // Looked at again behind the lock: the other side of it may just have gone on. After the row, so
        // that the key it names is seen.
        self.vault = self.vault.look(&mut self.conn).await?;
        let generations = self.vault.ruled().generations;
        let Some(under_way) = row.as_ref().map(UnderWay::of).transpose()? else {
            return Ok(begin(&generations, purpose, now));
        };
        let mut ours = generations.iter().filter(|g| g.purpose == purpose);
        let goal = ours.find(|g| g.kid == under_way.kid);
        let goal = goal.ok_or(StoreError::Corrupt {
            table: "key_rotation",
            column: "kid",
        })?;
        let quiet_at = goal.moved_at.plus_seconds(QUIET_S);
        // A signing key has no rows to move that somebody may still write under the key before.
        let waits = goal.state == KeyState::Next || !passes(purpose).is_empty();
        match goal.state {
            _ if waits && now < quiet_at => Ok(Step::Done(Progress::Wait { until: quiet_at })),
            KeyState::Next => self.activate(goal, now).await,
            KeyState::Active => self.work(purpose, &under_way, now).await,
            KeyState::Retiring | KeyState::Retired => Err(StoreError::Corrupt {
                table: "key_generation",
                column: "state",
            }),
        }
    }

    async fn activate(&mut self, goal: &Generation, now: Time) -> Result<Step, StoreError> {
        let name = goal.purpose.as_str();
        self.touched(&LEAVE_ACTIVE, args![name, now]).await?;
        let made = self
            .changed(&MAKE_ACTIVE, args![name, &goal.kid, now])
            .await?;
        if !made {
            return Err(StoreError::Conflict);
        }
        Ok(Step::Label(Progress::Activated, goal.kid.clone()))
    }

    async fn work(
        &mut self,
        purpose: Purpose,
        under_way: &UnderWay,
        now: Time,
    ) -> Result<Step, StoreError> {
        let at = usize::try_from(under_way.pass).unwrap_or(usize::MAX);
        let Some(pass) = passes(purpose).get(at) else {
            return self.end_round(purpose, under_way, now).await;
        };
        let batch = match purpose {
            Purpose::DataWrapping => self.data_batch(at, &under_way.passed).await?,
            _ => self.index_batch(at, &under_way.passed).await?,
        };
        let over = batch.seen < BATCH_MAX;
        let next = UnderWay {
            kid: under_way.kid.clone(),
            pass: under_way.pass.saturating_add(i64::from(over)),
            passed: if over { String::new() } else { batch.passed },
            rows_moved: under_way.rows_moved.saturating_add(batch.moved),
            round_moved: under_way.round_moved.saturating_add(batch.moved),
            rows_skipped: under_way.rows_skipped.saturating_add(batch.skipped),
        };
        self.advance(purpose, under_way, &next).await?;
        Ok(Step::Done(Progress::Moved {
            pass,
            rows: batch.moved,
        }))
    }

    /// The passes are through: once more when they moved anything, for what was written meanwhile by
    /// units that began under the old key; else the old key has done.
    async fn end_round(
        &mut self,
        purpose: Purpose,
        under_way: &UnderWay,
        now: Time,
    ) -> Result<Step, StoreError> {
        if under_way.round_moved > 0 {
            let next = UnderWay {
                kid: under_way.kid.clone(),
                pass: 0,
                passed: String::new(),
                rows_moved: under_way.rows_moved,
                round_moved: 0,
                rows_skipped: 0,
            };
            self.advance(purpose, under_way, &next).await?;
            let pass = passes(purpose).first().copied().unwrap_or_default();
            return Ok(Step::Done(Progress::Moved { pass, rows: 0 }));
        }
        let name = purpose.as_str();
        let (moved, skipped) = (under_way.rows_moved, under_way.rows_skipped);
        if skipped == 0 {
            let before = now.plus_seconds(overlap_s(purpose).saturating_neg());
            self.touched(&RETIRE, args![name, now, before]).await?;
        }
        if !self.changed(&END, args![name]).await? {
            return Err(StoreError::Conflict);
        }
        let done = Progress::Finished { moved, skipped };
        Ok(Step::Label(done, under_way.kid.clone()))
    }

    /// Compare-and-set: of two processes that rotate at once, one repeats.
    async fn advance(
        &mut self,
        purpose: Purpose,
        from: &UnderWay,
        to: &UnderWay,
    ) -> Result<(), StoreError> {
        let args = args![
            purpose.as_str(),
            from.pass,
            &from.passed,
            to.pass,
            &to.passed,
            to.rows_moved,
            to.round_moved,
            to.rows_skipped,
        ];
        if self.changed(&ADVANCE, args).await? {
            Ok(())
        } else {
            Err(StoreError::Conflict)
        }
    }
}
