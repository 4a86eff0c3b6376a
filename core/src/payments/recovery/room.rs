//! How a recovery begins, is fed and ends: acts of persons, with the store alone.

use std::sync::Arc;

use super::super::booking::BooksError;
use super::super::draw::Draw;
use super::super::numbers;
use super::accounting::found;
use super::lost::State;
use super::{End, Recovery, Statement, StatementRead, StatementRow};
use crate::shared::ids::{Entropy, Maker};
use crate::shared::money::Fen;
use crate::shared::time::{Clock, Day};
use crate::store::{Retriable, Store, StoreError, Tx, View, atomically, snapshot};
use crate::{audit, evidence};

/// Why a step of a recovery was not taken.
#[derive(Debug, thiserror::Error)]
pub enum RecoveryError {
    #[error("the recovery of epoch {0} is not over")]
    Open(i64),
    #[error("no recovery is open")]
    NotOpen,
    /// External numbers have one character for it.
    #[error("this store was restored more often than numbers can tell apart")]
    NoEpochLeft,
    #[error(
        "nothing is known to have been written to this store: it was not restored from a backup"
    )]
    NothingWritten,
    #[error("the bill of {0} is not asked for; the days are {1}")]
    OtherDay(Day, String),
    /// Nothing of the bill was taken.
    #[error(
        "the bill holds the number {1} of epoch {0}, which this store never gave: the installation was restored \
         before, and this copy is older than that"
    )]
    EpochUsed(i64, String),
    #[error("the number {0} is of an order of this store")]
    Ours(String),
    /// What still has to be done, one line each.
    #[error("{}", .0.join("; "))]
    NotReady(Vec<String>),
    #[error("whoever began a recovery does not end it: another person must")]
    SamePerson,
    #[error(transparent)]
    Books(#[from] BooksError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Retriable for RecoveryError {
    fn is_conflict(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_conflict())
    }
}

/// How a recovery stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub recovery: Recovery,
    /// Each day with the digest of its bill, once it was read.
    pub days: Vec<(Day, Option<String>)>,
    /// Lost trades by state: how many, and what the channel took for them.
    pub lost: Vec<(State, i64, Fen)>,
    /// What keeps it from its end; empty when a person may end it.
    pub lacks: Vec<String>,
}

/// The recovery as those who lead it hold it: it needs the store only.
#[derive(Clone)]
pub struct RecoveryRoom {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    /// The first character of external numbers.
    pub environment: char,
    /// The highest epoch that numbers can carry.
    pub epoch_max: i64,
}

impl std::fmt::Debug for RecoveryRoom {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RecoveryRoom")
    }
}

impl RecoveryRoom {
    fn draw(&self, person: &str) -> Draw {
        let maker = Maker {
            clock: &*self.clock,
            entropy: &*self.entropy,
        };
        let trace_id = maker.uuid().replace('-', "");
        Draw::new(maker, &trace_id, &format!("staff:{person}"))
    }

    /// Raises the epoch: what is sent from now on never meets a number of before, and nothing is
    /// sent until the recovery is over. Run it while no process works on the store.
    ///
    /// # Errors
    /// [`RecoveryError`].
    pub async fn begin(&self, person: &str) -> Result<Recovery, RecoveryError> {
        self.begin_above(person, None).await
    }

    /// The same with an epoch above `used`, where the installation was restored before and this copy is older
    /// than that: then the copy does not know which epochs were used. An open recovery whose epoch is not
    /// above it gives way to this one.
    ///
    /// # Errors
    /// [`RecoveryError`].
    pub async fn begin_above(
        &self,
        person: &str,
        used: Option<i64>,
    ) -> Result<Recovery, RecoveryError> {
        let draw = self.draw(person);
        atomically(&*self.store, async |tx: &mut Tx| {
            let open = tx.recovery().latest().await?.filter(is_open);
            let stays = |open: &&Recovery| used.is_none_or(|used| used < open.epoch);
            if let Some(open) = open.as_ref().filter(stays) {
                return Err(RecoveryError::Open(open.epoch));
            }
            let known = tx.recovery().epoch().await?;
            let epoch = used.unwrap_or(known).max(known).saturating_add(1);
            if epoch > self.epoch_max {
                return Err(RecoveryError::NoEpochLeft);
            }
            // What was written since an open recovery began does not say how far the copy goes.
            let since = match &open {
                Some(open) => Some(open.since),
                None => tx.recovery().last_moment().await?,
            };
            let since = since.ok_or(RecoveryError::NothingWritten)?.min(draw.now);
            let recovery = Recovery {
                epoch,
                since,
                begun_at: draw.now,
                begun_by: person.to_owned(),
                looked_at: None,
                ended_at: None,
                payouts_at: None,
            };
            if !tx.recovery().begin(&recovery).await? {
                return Err(StoreError::Conflict.into());
            }
            let line = said(&draw, "begin", epoch, "begun");
            tx.audit().append(&line).await?;
            Ok(recovery)
        })
        .await
    }

    /// Reads the bill of one day: what it tells that the store does not know is kept to be looked into. While a
    /// recovery is open no number of its epoch leaves, so one that is in a bill is of a life this copy does not know.
    ///
    /// `foreign` are numbers that read as ours and are of another seller of the same account, as the person says: they
    /// are passed over, and that is audited.
    ///
    /// # Errors
    /// [`RecoveryError`].
    pub async fn read(
        &self,
        statement: &Statement,
        foreign: &[String],
        person: &str,
    ) -> Result<StatementRead, RecoveryError> {
        let draw = self.draw(person);
        atomically(&*self.store, async |tx: &mut Tx| {
            let recovery = tx.recovery().latest().await?.filter(is_open);
            let recovery = recovery.ok_or(RecoveryError::NotOpen)?;
            let days = recovery.days();
            if !days.contains(&statement.day) {
                let wanted: Vec<String> = days.iter().map(Day::to_string).collect();
                return Err(RecoveryError::OtherDay(statement.day, wanted.join(", ")));
            }
            for (at, number) in foreign.iter().enumerate() {
                if tx.payments().find_by_number(number).await?.is_some() {
                    return Err(RecoveryError::Ours(number.clone()));
                }
                let line = passed_over(&draw, recovery.epoch, (at, number.as_str()));
                tx.audit().append(&line).await?;
            }
            if let Some((used, number)) = highest_epoch(statement, foreign, self.environment)
                && used >= recovery.epoch
            {
                return Err(RecoveryError::EpochUsed(used, number.to_owned()));
            }
            let prefix = prefix_of(self.environment, recovery.epoch);
            let is_ours = |row: &&StatementRow| {
                numbers::is_of_earlier_epoch(&row.out_trade_no, &prefix)
                    && !foreign.contains(&row.out_trade_no)
            };
            let mut ours: usize = 0;
            for row in statement.rows.iter().filter(is_ours) {
                ours = ours.saturating_add(1);
                take_in(tx, row, &statement.rows, &draw).await?;
            }
            let read = StatementRead {
                day: statement.day,
                digest: statement.digest.clone(),
                rows: counted(statement.rows.len()),
                ours: counted(ours),
                read_at: draw.now,
                read_by: person.to_owned(),
            };
            tx.recovery().note_statement(recovery.epoch, &read).await?;
            let line = said(&draw, "read", recovery.epoch, &read.day.to_string());
            tx.audit().append(&line).await?;
            Ok(read)
        })
        .await
    }

    /// How the newest recovery stands, if there ever was one.
    ///
    /// # Errors
    /// [`RecoveryError`].
    pub async fn standing(&self) -> Result<Option<Standing>, RecoveryError> {
        let mut view = snapshot(&*self.store).await?;
        match view.recovery().latest().await? {
            None => Ok(None),
            Some(recovery) => standing(&mut view, recovery).await.map(Some),
        }
    }

    /// Ends it: payments go on. Only when everything was read and looked at, and not by whoever began it.
    ///
    /// # Errors
    /// [`RecoveryError`].
    pub async fn end(&self, person: &str, proof: &str) -> Result<Recovery, RecoveryError> {
        let standing = self.standing().await?;
        let standing = standing.filter(|one| is_open(&one.recovery));
        let standing = standing.ok_or(RecoveryError::NotOpen)?;
        if standing.recovery.begun_by == person {
            return Err(RecoveryError::SamePerson);
        }
        if !standing.lacks.is_empty() {
            return Err(RecoveryError::NotReady(standing.lacks));
        }
        let draw = self.draw(person);
        let epoch = standing.recovery.epoch;
        let end = End {
            at: draw.now,
            by: person.to_owned(),
            proof: proof.to_owned(),
        };
        let witness = witness(&standing, person, &draw)?;
        atomically(&*self.store, async |tx: &mut Tx| {
            if !tx.recovery().end(epoch, &end).await? {
                return Err(RecoveryError::NotOpen);
            }
            tx.evidence().append(&witness).await?;
            tx.audit()
                .append(&said(&draw, "end", epoch, "ended"))
                .await?;
            Ok(())
        })
        .await?;
        Ok(Recovery {
            ended_at: Some(end.at),
            ..standing.recovery
        })
    }

    /// Lets payouts go on, which a person compared with the list of the trade-execution platform.
    ///
    /// # Errors
    /// [`RecoveryError`].
    pub async fn release_payouts(&self, person: &str, proof: &str) -> Result<(), RecoveryError> {
        let draw = self.draw(person);
        let end = End {
            at: draw.now,
            by: person.to_owned(),
            proof: proof.to_owned(),
        };
        atomically(&*self.store, async |tx: &mut Tx| {
            let latest = tx.recovery().latest().await?;
            let latest = latest.filter(|recovery| recovery.payouts_at.is_none());
            let recovery = latest.ok_or(RecoveryError::NotOpen)?;
            if recovery.begun_by == person {
                return Err(RecoveryError::SamePerson);
            }
            if !tx.recovery().release_payouts(recovery.epoch, &end).await? {
                return Err(RecoveryError::NotOpen);
            }
            let line = said(&draw, "payouts", recovery.epoch, proof);
            tx.audit().append(&line).await?;
            Ok(())
        })
        .await
    }
}

fn is_open(recovery: &Recovery) -> bool {
    recovery.ended_at.is_none()
}

/// What external numbers of an epoch begin with.
fn prefix_of(environment: char, epoch: i64) -> String {
    numbers::prefix(environment, epoch).unwrap_or_default()
}

/// The highest epoch of ours that a number of the bill carries, of an order or of a refund, and that number.
fn highest_epoch<'a>(
    statement: &'a Statement,
    foreign: &[String],
    environment: char,
) -> Option<(i64, &'a str)> {
    let rows = statement.rows.iter();
    let carried = rows.flat_map(|row| [Some(&row.out_trade_no), row.refund.as_ref()]);
    let theirs = carried.flatten().filter(|number| !foreign.contains(number));
    let told = theirs.filter_map(|number| {
        numbers::epoch_of(number, environment).map(|epoch| (epoch, number.as_str()))
    });
    told.max()
}

fn counted(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A row about an order of before: known and told something new, or lost.
async fn take_in(
    tx: &mut Tx,
    row: &StatementRow,
    all: &[StatementRow],
    draw: &Draw,
) -> Result<(), RecoveryError> {
    if let Some(order) = tx.payments().find_by_number(&row.out_trade_no).await? {
        let known = match &row.refund {
            None => order.payment.state.has_money(),
            Some(number) => order
                .refunds
                .iter()
                .any(|refund| refund.out_request_no == *number && refund.done_at.is_some()),
        };
        if !known {
            let id = &order.payment.payment_id;
            tx.recovery().look_at(id, draw.now).await?;
        }
        return Ok(());
    }
    // A refund's own row says nothing of what was paid: its payment is in this bill or an earlier one.
    let same =
        |other: &&StatementRow| other.refund.is_none() && other.out_trade_no == row.out_trade_no;
    if let Some(paid) = all.iter().find(same) {
        let trade = found(
            &paid.out_trade_no,
            &paid.trade_no,
            paid.amount,
            paid.completed_at,
            draw,
        );
        tx.recovery().add_lost(&trade).await?;
    }
    Ok(())
}

async fn standing(view: &mut View, recovery: Recovery) -> Result<Standing, RecoveryError> {
    let read = view.recovery().statements(recovery.epoch).await?;
    let digest_of = |day: Day| {
        let bill = read.iter().find(|bill| bill.day == day);
        bill.map(|bill| bill.digest.clone())
    };
    let days: Vec<_> = recovery
        .days()
        .into_iter()
        .map(|day| (day, digest_of(day)))
        .collect();
    let lost = view.recovery().lost_by_state().await?;
    let unasked = view.recovery().unasked_lost().await?;
    let pointed = view.recovery().to_look_at(1).await?;
    let mut lacks = Vec::new();
    for (day, digest) in &days {
        if digest.is_none() {
            lacks.push(format!("the bill of {day} was not read"));
        }
    }
    let newest = read.iter().map(|bill| bill.read_at).max();
    if recovery.looked_at.is_none_or(|at| Some(at) <= newest) || !pointed.is_empty() {
        lacks.push("not every order was looked at since the last bill was read".to_owned());
    }
    if unasked > 0 {
        lacks.push(format!("{unasked} lost trades were not asked about"));
    }
    if recovery.ended_at.is_some() {
        lacks.clear();
    }
    Ok(Standing {
        recovery,
        days,
        lost,
        lacks,
    })
}

fn said(draw: &Draw, act: &str, epoch: i64, outcome: &str) -> audit::Line {
    audit::Line {
        audit_id: draw.uuid("audit", &format!("{act}:{epoch}")),
        at: draw.now,
        actor: draw.actor.clone(),
        act: format!("recovery.{act}"),
        subject: format!("epoch:{epoch}"),
        outcome: outcome.to_owned(),
        source: String::new(),
        trace_id: draw.trace_id.clone(),
    }
}

/// That somebody said of a number of a bill that it is none of ours.
fn passed_over(draw: &Draw, epoch: i64, (at, number): (usize, &str)) -> audit::Line {
    audit::Line {
        audit_id: draw.uuid("audit", &format!("foreign:{at}")),
        ..said(draw, "foreign", epoch, number)
    }
}

/// The end rests on the bills that were read: their digests stand in the evidence.
fn witness(
    standing: &Standing,
    person: &str,
    draw: &Draw,
) -> Result<evidence::Entry, RecoveryError> {
    let read = |(day, digest): &(Day, Option<String>)| {
        digest.as_ref().map(|digest| format!("{day}:{digest}"))
    };
    let bills: Vec<String> = standing.days.iter().filter_map(read).collect();
    let act = evidence::Act::new()
        .say("bills", bills.join(" ").as_str())
        .say("begun_by", standing.recovery.begun_by.as_str())
        .say("ended_by", person)
        .say("epoch", standing.recovery.epoch);
    let cause = format!("recovery:{}", standing.recovery.epoch);
    let (id, salt) = (draw.id("evidence", &cause), draw.salt(&cause));
    let begun = standing.recovery.begun_at;
    let entry = act.into_entry(id, "payments.recovered", begun, draw.now, salt);
    Ok(entry.map_err(BooksError::from)?)
}
