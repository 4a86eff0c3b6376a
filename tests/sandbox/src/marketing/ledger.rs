//! The books: accounts, postings, fences, reversals, refunds. Plain state behind one lock (see the
//! desk); every rule of money.md table L that the other side keeps is kept here.

use std::collections::{BTreeMap, HashMap};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::account::{Account, View};
use super::archive::Status;
use super::booking::{Sign, apply, book, check_shares};
use super::calendar::{business_date, day};
use super::posting::{COUNTER, Order, Posting, PostingState, Purpose, Refund, RefundState};
use super::refused::Refused;

/// What the utility answers to refund vouchers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RefundPolicy {
    /// At once.
    #[default]
    Approved,
    /// A clerk has to look; stays so until the policy changes.
    Pending,
    Refused,
}

/// A tombstone: this number can never be posted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fence {
    pub(super) fenced_at: Timestamp,
}

/// A bill that was paid before the books opened, at a bank.
#[derive(Debug, Clone)]
pub(super) struct PaidBefore {
    pub(super) receivable_id: String,
    pub(super) paid_at: Timestamp,
    pub(super) amount_fen: i64,
}

/// Everything the marketing system keeps. Not printable.
pub(super) struct Ledger {
    accounts: BTreeMap<String, Account>,
    /// What was paid before the books opened, by consumer.
    paid_before: BTreeMap<String, Vec<PaidBefore>>,
    postings: BTreeMap<String, Posting>,
    fences: BTreeMap<String, Fence>,
    /// For whom a number was ever presented, so that a fence can be shown with its consumer.
    presented: HashMap<String, String>,
    reversal_owner: HashMap<String, String>,
    refund_owner: HashMap<String, String>,
    last_seq: u64,
    refund_policy: RefundPolicy,
    posting_delay: SignedDuration,
}

/// The outcome of presenting a payment.
pub(super) struct Presented<'a> {
    pub(super) posting: &'a Posting,
    /// The number was known already and the request is the same.
    pub(super) repeated: bool,
}

impl Ledger {
    pub(super) fn new(accounts: impl IntoIterator<Item = Account>) -> Self {
        let keyed = accounts
            .into_iter()
            .map(|a| (a.archive.consumer_no.clone(), a));
        let accounts: BTreeMap<String, Account> = keyed.collect();
        let paid_before = accounts
            .iter()
            .map(|(number, account)| (number.clone(), account.paid_before()));
        Self {
            paid_before: paid_before.collect(),
            accounts,
            postings: BTreeMap::new(),
            fences: BTreeMap::new(),
            presented: HashMap::new(),
            reversal_owner: HashMap::new(),
            refund_owner: HashMap::new(),
            last_seq: 0,
            refund_policy: RefundPolicy::default(),
            posting_delay: SignedDuration::ZERO,
        }
    }

    pub(super) fn accounts(&self) -> impl Iterator<Item = &Account> {
        self.accounts.values()
    }

    pub(super) fn account(&self, consumer_no: &str) -> Result<&Account, Refused> {
        self.accounts
            .get(consumer_no)
            .ok_or(Refused::ConsumerUnavailable)
    }

    pub(super) fn account_mut(&mut self, consumer_no: &str) -> Result<&mut Account, Refused> {
        self.accounts
            .get_mut(consumer_no)
            .ok_or(Refused::ConsumerUnavailable)
    }

    /// Takes a new account into the books and gives its number.
    pub(super) fn open_account(&mut self, account: Account) -> String {
        let consumer_no = account.archive.consumer_no.clone();
        self.accounts.insert(consumer_no.clone(), account);
        consumer_no
    }

    pub(super) fn posting(&self, channel_txn_no: &str) -> Option<&Posting> {
        self.postings.get(channel_txn_no)
    }

    /// What was paid for a consumer before the books opened, oldest first.
    pub(super) fn paid_before(&self, consumer_no: &str) -> &[PaidBefore] {
        let paid = self.paid_before.get(consumer_no);
        paid.map(Vec::as_slice).unwrap_or_default()
    }

    /// The postings of one consumer in order of acceptance.
    pub(super) fn postings_of(&self, consumer_no: &str) -> Vec<&Posting> {
        let all = self.postings.values();
        let mut own: Vec<_> = all.filter(|p| p.order.consumer_no == consumer_no).collect();
        own.sort_by_key(|posting| posting.seq);
        own
    }

    pub(super) fn postings(&self) -> impl Iterator<Item = &Posting> {
        self.postings.values()
    }

    /// A number for money taken at the utility's own counter; free until something is accepted.
    pub(super) fn counter_txn_no(&self) -> String {
        format!("{COUNTER}{}", self.last_seq + 1)
    }

    pub(super) fn fence_of(&self, channel_txn_no: &str) -> Option<Fence> {
        self.fences.get(channel_txn_no).copied()
    }

    /// Fences of numbers presented for this consumer, and those never presented for anybody.
    pub(super) fn fences_of(&self, consumer_no: &str) -> Vec<(&str, Fence)> {
        let own = self.fences.iter().filter(|(number, _)| {
            self.presented
                .get(*number)
                .is_none_or(|presented_for| presented_for == consumer_no)
        });
        own.map(|(number, fence)| (number.as_str(), *fence))
            .collect()
    }

    /// Every further payment waits this long as PROCESSING before it is booked.
    pub(super) fn set_posting_delay(&mut self, delay: SignedDuration) {
        self.posting_delay = delay;
    }

    /// Books what has become ready by `now`, in the order it became ready. Call before reading.
    pub(super) fn advance(&mut self, now: Timestamp) {
        let waiting = self
            .postings
            .values()
            .filter(|p| p.booking.is_none() && p.ready_at <= now);
        let mut due: Vec<_> = waiting
            .map(|p| (p.ready_at, p.seq, p.order.clone()))
            .collect();
        due.sort_by_key(|(ready_at, seq, _)| (*ready_at, *seq));
        for (ready_at, _, order) in due {
            let Ok(account) = self.account_mut(&order.consumer_no) else {
                continue;
            };
            let booking = book(account, &order, ready_at);
            if let Some(posting) = self.postings.get_mut(&order.channel_txn_no) {
                posting.booking = Some(booking);
            }
        }
    }

    /// A channel presents a payment.
    ///
    /// # Errors
    /// The refusals of the contract; a refused number stays usable unless it is fenced.
    pub(super) fn post(&mut self, order: Order, now: Timestamp) -> Result<Presented<'_>, Refused> {
        let number = order.channel_txn_no.clone();
        self.presented
            .entry(number.clone())
            .or_insert_with(|| order.consumer_no.clone());
        if self.fences.contains_key(&number) {
            return Err(Refused::Fenced);
        }
        let known = self.postings.get(&number).map(|p| p.order.fingerprint);
        let repeated = match known {
            Some(fingerprint) if fingerprint != order.fingerprint => {
                return Err(Refused::IdempotencyConflict);
            }
            Some(_) => true,
            None => {
                self.check(&order, now)?;
                self.accept(order, now);
                self.advance(now);
                false
            }
        };
        let posting = self.postings.get(&number).ok_or(Refused::UpstreamUnknown)?;
        Ok(Presented { posting, repeated })
    }

    /// Whether this payment may be booked: against the figures of the day it was paid on.
    fn check(&self, order: &Order, now: Timestamp) -> Result<(), Refused> {
        let account = self.account(&order.consumer_no)?;
        if account.archive.status == Status::Closed {
            return Err(Refused::ClosedAccount);
        }
        let view = View {
            as_of: now,
            on: day(order.paid_at),
        };
        let due_fen = account.due_total_fen(view);
        if order.purpose == Purpose::Arrears && due_fen == 0 {
            return Err(Refused::AlreadyPaid);
        }
        let seen = order.arrears_version.as_deref();
        if seen.is_some_and(|version| version != account.arrears_version(view)) {
            return Err(Refused::StaleArrears);
        }
        if order.purpose == Purpose::Arrears && order.amount_fen != due_fen {
            return Err(Refused::AmountMismatch);
        }
        order.allocations.as_deref().map_or(Ok(()), |shares| {
            check_shares(account, view, shares, order.amount_fen)
        })
    }

    fn accept(&mut self, order: Order, now: Timestamp) {
        self.last_seq += 1;
        let posting = Posting {
            mkt_txn_no: format!(
                "MK{}{:08}",
                business_date(now).strftime("%Y%m%d"),
                self.last_seq
            ),
            seq: self.last_seq,
            ready_at: now.saturating_add(self.posting_delay).unwrap_or(now),
            booking: None,
            reversal_no: None,
            refunds: Vec::new(),
            order,
        };
        self.postings
            .insert(posting.order.channel_txn_no.clone(), posting);
    }

    /// Stores a tombstone unless the payment is booked already. A payment that is still PROCESSING is
    /// withdrawn. Returns whether the number is fenced now.
    pub(super) fn fence(&mut self, channel_txn_no: &str, now: Timestamp) -> bool {
        let booked = self
            .postings
            .get(channel_txn_no)
            .is_some_and(|p| p.booking.is_some());
        if booked {
            return false;
        }
        self.postings.remove(channel_txn_no);
        self.fences
            .entry(channel_txn_no.to_owned())
            .or_insert(Fence { fenced_at: now });
        true
    }

    /// Undoes a whole posting on its own business date.
    ///
    /// # Errors
    /// `CutoffPassed` on a later business date; `AmountMismatch` when part of it was refunded;
    /// `IdempotencyConflict` for a second reversal or a reused number.
    pub(super) fn reverse(
        &mut self,
        channel_txn_no: &str,
        reversal_no: &str,
        now: Timestamp,
    ) -> Result<(), Refused> {
        let owner = self.reversal_owner.get(reversal_no);
        if owner.is_some_and(|owner| owner != channel_txn_no) {
            return Err(Refused::IdempotencyConflict);
        }
        let posting = self
            .postings
            .get_mut(channel_txn_no)
            .ok_or(Refused::Invalid("channel_txn_no"))?;
        if let Some(done) = &posting.reversal_no {
            return if done == reversal_no {
                Ok(())
            } else {
                Err(Refused::IdempotencyConflict)
            };
        }
        let booking = posting
            .booking
            .as_ref()
            .ok_or(Refused::Invalid("channel_txn_no"))?;
        if booking.business_date != business_date(now) {
            return Err(Refused::CutoffPassed);
        }
        if posting.refund_reserved_fen() != 0 {
            return Err(Refused::AmountMismatch);
        }
        let account = self
            .accounts
            .get_mut(&posting.order.consumer_no)
            .ok_or(Refused::ConsumerUnavailable)?;
        // Counted for the day of payment again, as if that payment had never been.
        apply(
            account,
            &booking.spread,
            Sign::Out,
            now,
            day(posting.order.paid_at),
        );
        posting.reversal_no = Some(reversal_no.to_owned());
        self.reversal_owner
            .insert(reversal_no.to_owned(), channel_txn_no.to_owned());
        Ok(())
    }

    /// Asks for a refund voucher; the same number again answers its present state.
    ///
    /// # Errors
    /// `IdempotencyConflict` when the number stands for another refund, `Invalid` when nothing was
    /// booked under `channel_txn_no`.
    pub(super) fn refund(
        &mut self,
        channel_txn_no: &str,
        refund_no: &str,
        amount_fen: i64,
        now: Timestamp,
    ) -> Result<Refund, Refused> {
        if let Some(owner) = self.refund_owner.get(refund_no) {
            let known = self.postings.get(owner).filter(|_| owner == channel_txn_no);
            let same = known.and_then(|p| p.refunds.iter().find(|r| r.refund_no == refund_no));
            let same = same.filter(|refund| refund.amount_fen == amount_fen);
            return same.cloned().ok_or(Refused::IdempotencyConflict);
        }
        let posting = self
            .postings
            .get_mut(channel_txn_no)
            .filter(|p| p.booking.is_some())
            .ok_or(Refused::Invalid("channel_txn_no"))?;
        let free_fen = posting.order.amount_fen - posting.refund_reserved_fen();
        let possible = posting.state() == PostingState::Posted && amount_fen <= free_fen;
        let state = match self.refund_policy {
            _ if !possible => RefundState::Refused,
            RefundPolicy::Refused => RefundState::Refused,
            RefundPolicy::Pending | RefundPolicy::Approved => RefundState::Pending,
        };
        let refund = Refund {
            refund_no: refund_no.to_owned(),
            amount_fen,
            state,
        };
        posting.refunds.push(refund);
        self.refund_owner
            .insert(refund_no.to_owned(), channel_txn_no.to_owned());
        if self.refund_policy == RefundPolicy::Approved {
            self.decide_pending(RefundState::Approved, now);
        }
        let posting = self
            .postings
            .get(channel_txn_no)
            .ok_or(Refused::UpstreamUnknown)?;
        let refund = posting
            .refunds
            .iter()
            .find(|refund| refund.refund_no == refund_no);
        refund.cloned().ok_or(Refused::UpstreamUnknown)
    }

    /// Sets how vouchers are answered. Approving or refusing also decides those still pending.
    pub(super) fn set_refund_policy(&mut self, policy: RefundPolicy, now: Timestamp) {
        self.refund_policy = policy;
        match policy {
            RefundPolicy::Approved => self.decide_pending(RefundState::Approved, now),
            RefundPolicy::Refused => self.decide_pending(RefundState::Refused, now),
            RefundPolicy::Pending => {}
        }
    }

    fn decide_pending(&mut self, verdict: RefundState, now: Timestamp) {
        for posting in self.postings.values_mut() {
            let Some(booking) = posting.booking.as_mut() else {
                continue;
            };
            for refund in posting
                .refunds
                .iter_mut()
                .filter(|r| r.state == RefundState::Pending)
            {
                refund.state = verdict;
                if verdict != RefundState::Approved {
                    continue;
                }
                let back = booking.held.take_back(refund.amount_fen);
                if let Some(account) = self.accounts.get_mut(&posting.order.consumer_no) {
                    apply(account, &back, Sign::Out, now, day(now));
                }
            }
        }
    }

    /// What the postings of a consumer add up to, in fen: booked, less reversed and refunded.
    pub(super) fn posted_net_fen(&self, consumer_no: &str) -> i64 {
        self.postings_of(consumer_no)
            .into_iter()
            .map(Posting::net_fen)
            .sum()
    }
}

#[cfg(test)]
#[path = "ledger_rules.rs"]
mod rules;

#[cfg(test)]
#[path = "ledger_histories.rs"]
mod histories;
