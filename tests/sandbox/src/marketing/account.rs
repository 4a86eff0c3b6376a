//! What one consumer owes and holds. Receivables and the prepaid balance are append-only entries, so
//! the account can be read as it stood at any earlier moment.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};

use super::archive::Archive;
use super::billing::Bill;
use super::calendar::{Period, day};
use super::late_fee::{Category, Terms, accrued_fen};
use super::ledger::PaidBefore;
use super::metering::Meter;

/// From where a figure is looked at: everything booked until `as_of`, late fees up to the day `on`.
#[derive(Debug, Clone, Copy)]
pub(super) struct View {
    pub(super) as_of: Timestamp,
    pub(super) on: Date,
}

impl View {
    /// The figures as they are at `now`.
    pub(super) fn at(now: Timestamp) -> Self {
        Self {
            as_of: now,
            on: day(now),
        }
    }
}

/// Money that settled (or, negative, reopened) part of a receivable.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) booked_at: Timestamp,
    /// The day it counts for: late fees end with the day of payment, not of booking.
    pub(super) on: Date,
    pub(super) principal_fen: i64,
    pub(super) fee_fen: i64,
}

/// One bill to be paid (应收).
#[derive(Debug, Clone)]
pub(super) struct Receivable {
    pub(super) receivable_id: String,
    pub(super) period: Period,
    pub(super) principal_fen: i64,
    pub(super) category: Category,
    pub(super) entries: Vec<Entry>,
}

/// Where a receivable stands in one [`View`]. All sums in fen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) late_fee_fen: i64,
    pub(super) paid_fen: i64,
    pub(super) principal_due_fen: i64,
    pub(super) fee_due_fen: i64,
}

impl Standing {
    pub(super) fn due_fen(self) -> i64 {
        self.principal_due_fen + self.fee_due_fen
    }
}

impl Receivable {
    fn booked(&self, as_of: Timestamp) -> impl Iterator<Item = &Entry> {
        self.entries
            .iter()
            .filter(move |entry| entry.booked_at <= as_of)
    }

    pub(super) fn standing(&self, view: View) -> Standing {
        let paid = |part: fn(&Entry) -> i64| self.booked(view.as_of).map(part).sum::<i64>();
        let principal_paid = paid(|entry| entry.principal_fen);
        let fee_paid = paid(|entry| entry.fee_fen);
        let terms = Terms {
            category: self.category,
            bill_year: self.period.year(),
            due_date: self.period.due_date(),
            principal_fen: self.principal_fen,
        };
        // Nothing accrues after the day on which the last of the principal was paid.
        let settled_on = (principal_paid == self.principal_fen)
            .then(|| self.booked(view.as_of).map(|entry| entry.on).max())
            .flatten();
        let until = settled_on.map_or(view.on, |settled_on| settled_on.min(view.on));
        let accrued = accrued_fen(terms, until, |on| self.unpaid_at_start_of(on, view.as_of));
        // Looked at from before a later payment's day, the fee already paid is the floor.
        let late_fee_fen = accrued.max(fee_paid);
        Standing {
            late_fee_fen,
            paid_fen: principal_paid + fee_paid,
            principal_due_fen: self.principal_fen - principal_paid,
            fee_due_fen: late_fee_fen - fee_paid,
        }
    }

    fn unpaid_at_start_of(&self, on: Date, as_of: Timestamp) -> i64 {
        let before = self.booked(as_of).filter(|entry| entry.on < on);
        self.principal_fen - before.map(|entry| entry.principal_fen).sum::<i64>()
    }

    /// Changes whenever a figure of this receivable does.
    pub(super) fn version(&self, view: View) -> String {
        let standing = self.standing(view);
        let booked = self.booked(view.as_of).count();
        digest(&format!(
            "{}|{}|{}|{}|{booked}",
            self.receivable_id, self.principal_fen, standing.late_fee_fen, standing.paid_fen
        ))
    }
}

/// A movement of the prepaid balance.
#[derive(Debug, Clone, Copy)]
pub(super) struct PrepaidEntry {
    pub(super) booked_at: Timestamp,
    pub(super) amount_fen: i64,
}

/// One consumer: archive, meters, bills, receivables, prepaid balance. Not printable.
#[derive(Clone)]
pub(super) struct Account {
    pub(super) archive: Archive,
    pub(super) meters: Vec<Meter>,
    /// Oldest first.
    pub(super) bills: Vec<Bill>,
    /// Oldest first; bills of zero fen have none.
    pub(super) receivables: Vec<Receivable>,
    pub(super) prepaid: Vec<PrepaidEntry>,
    /// What was settled and prepaid before the books opened, in fen.
    pub(super) opening_fen: i64,
}

impl Account {
    /// Everything ever settled plus the prepaid balance, in fen.
    pub(super) fn settled_fen(&self) -> i64 {
        let entries = self.receivables.iter().flat_map(|r| &r.entries);
        let settled: i64 = entries
            .map(|entry| entry.principal_fen + entry.fee_fen)
            .sum();
        settled
            + self
                .prepaid
                .iter()
                .map(|entry| entry.amount_fen)
                .sum::<i64>()
    }

    /// The bills that are settled now, as what was paid for them.
    pub(super) fn paid_before(&self) -> Vec<PaidBefore> {
        let entries = self.receivables.iter().flat_map(|receivable| {
            let of = &receivable.receivable_id;
            receivable.entries.iter().map(move |entry| PaidBefore {
                receivable_id: of.clone(),
                paid_at: entry.booked_at,
                amount_fen: entry.principal_fen + entry.fee_fen,
            })
        });
        entries.collect()
    }

    /// What postings have brought.
    pub(super) fn settled_since_opening_fen(&self) -> i64 {
        self.settled_fen() - self.opening_fen
    }

    /// The receivables with anything due, oldest first.
    pub(super) fn due(&self, view: View) -> Vec<(&Receivable, Standing)> {
        let standings = self.receivables.iter().map(|r| (r, r.standing(view)));
        standings
            .filter(|(_, standing)| standing.due_fen() > 0)
            .collect()
    }

    pub(super) fn due_total_fen(&self, view: View) -> i64 {
        self.due(view)
            .iter()
            .map(|(_, standing)| standing.due_fen())
            .sum()
    }

    /// Changes whenever any figure of the arrears does: a payment, a reversal, a day's late fee.
    pub(super) fn arrears_version(&self, view: View) -> String {
        let items = self
            .due(view)
            .into_iter()
            .map(|(receivable, _)| receivable.version(view));
        let settled: usize = self
            .receivables
            .iter()
            .map(|r| r.booked(view.as_of).count())
            .sum();
        digest(&format!(
            "{}|{settled}|{}",
            self.archive.consumer_no,
            items.collect::<String>()
        ))
    }

    pub(super) fn prepaid_fen(&self, as_of: Timestamp) -> i64 {
        let booked = self.prepaid.iter().filter(|entry| entry.booked_at <= as_of);
        booked.map(|entry| entry.amount_fen).sum()
    }

    pub(super) fn bill(&self, period: Period) -> Option<&Bill> {
        self.bills.iter().find(|bill| bill.period == period)
    }

    /// Whether nothing is left to pay of the bill of `period`.
    pub(super) fn is_paid(&self, period: Period, view: View) -> bool {
        let receivable = self.receivables.iter().find(|r| r.period == period);
        receivable.is_none_or(|r| r.standing(view).due_fen() == 0)
    }

    pub(super) fn receivable_mut(&mut self, receivable_id: &str) -> Option<&mut Receivable> {
        self.receivables
            .iter_mut()
            .find(|r| r.receivable_id == receivable_id)
    }

    /// An earlier moment whose figures differ from today's where they can: just before the newest
    /// booking, else a day ago.
    pub(super) fn stale_moment(&self, now: Timestamp) -> Timestamp {
        let settled = self
            .receivables
            .iter()
            .flat_map(|r| &r.entries)
            .map(|e| e.booked_at);
        let newest = settled
            .chain(self.prepaid.iter().map(|e| e.booked_at))
            .max();
        let a_day_ago = now
            .saturating_sub(SignedDuration::from_hours(24))
            .unwrap_or(now);
        let just_before = newest
            .and_then(|at| at.checked_sub(SignedDuration::from_millis(1)).ok())
            .unwrap_or(a_day_ago);
        just_before.max(a_day_ago)
    }
}

/// Sixteen hex digits that stand for `text`.
fn digest(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
        .chars()
        .take(16)
        .collect()
}
