//! The model of the utility's marketing system: what homes owe, what was posted, reversed, fenced.
//!
//! Written from the contract (domain.md 4.2), not from the adapter and not from the sandbox.

use std::collections::{BTreeMap, BTreeSet};

use lifeline_core::shared::time::Time;

use super::account::HomeAccount;
use super::plan::Plan;

/// 22:30 in Shanghai.
const CUTOFF_SECOND: i64 = 81_000;
const DAY: i64 = 86_400;

/// Days since 1970 in Shanghai.
pub(super) fn day(at: i64) -> i64 {
    at.div_euclid(1_000_000)
        .saturating_add(8 * 3600)
        .div_euclid(DAY)
}

/// The date marketing books something under.
pub(super) fn business_date(at: i64) -> String {
    let moment = Time::from_micros(at);
    if moment.shanghai_second_of_day() >= CUTOFF_SECOND {
        moment.plus_seconds(DAY).shanghai_date()
    } else {
        moment.shanghai_date()
    }
}

/// The next 22:30 in Shanghai.
pub(super) fn next_cutoff(at: i64) -> i64 {
    let second = Time::from_micros(at).shanghai_second_of_day();
    let left = CUTOFF_SECOND.saturating_sub(second).rem_euclid(DAY);
    at.div_euclid(1_000_000)
        .saturating_add(left)
        .saturating_mul(1_000_000)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PostingState {
    Processing,
    Posted,
    Reversed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum VoucherState {
    Pending,
    Approved,
    Refused,
}

/// A payment as marketing holds it.
#[derive(Debug, Clone)]
pub(super) struct Posting {
    pub(super) home: usize,
    pub(super) fen: i64,
    pub(super) paid_at: i64,
    body: String,
    pub(super) state: PostingState,
    pub(super) posted_at: i64,
    pub(super) mkt_txn_no: String,
    used: i64,
    /// Another customer's payment that stands under a number of ours.
    pub(super) stray: bool,
    pub(super) vouchers: BTreeMap<String, (i64, VoucherState)>,
}

impl Posting {
    /// What of it the home still has.
    pub(super) fn net(&self) -> i64 {
        if self.state != PostingState::Posted {
            return 0;
        }
        let back: i64 = self
            .vouchers
            .values()
            .filter(|(_, state)| *state == VoucherState::Approved)
            .map(|(fen, _)| *fen)
            .sum();
        self.fen.saturating_sub(back)
    }
}

/// A payment as it is presented.
#[derive(Debug, Clone)]
pub(super) struct Presented {
    pub(super) home: usize,
    pub(super) fen: i64,
    pub(super) paid_at: i64,
    pub(super) arrears: bool,
    pub(super) version: Option<String>,
    pub(super) body: String,
}

/// What marketing says to a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    Posted,
    Processing,
    Reversed,
    Stale,
    NotPayable(&'static str),
    Fenced,
    NotFound,
    /// The number stands for another request.
    Conflict,
}

#[derive(Debug, Default)]
pub(super) struct Marketing {
    pub(super) homes: Vec<HomeAccount>,
    pub(super) postings: BTreeMap<String, Posting>,
    fences: BTreeSet<String>,
    /// The next answer about a booked posting names another sum.
    pub(super) misquotes_next: bool,
    /// The figures of this home change whenever a payment of it is presented.
    pub(super) restless: BTreeSet<usize>,
    /// The next new number stands for another customer's payment.
    pub(super) strays: u32,
    serial: u64,
}

impl Marketing {
    pub(super) fn of(plan: &Plan) -> Self {
        let today = day(plan.start.micros());
        let account = |home| HomeAccount::new(home, today);
        Self {
            homes: plan.homes.iter().map(account).collect(),
            ..Self::default()
        }
    }

    pub(super) fn said_of(&self, number: &str) -> Said {
        if self.fences.contains(number) {
            return Said::Fenced;
        }
        match self.postings.get(number).map(|posting| posting.state) {
            None => Said::NotFound,
            Some(PostingState::Processing) => Said::Processing,
            Some(PostingState::Posted) => Said::Posted,
            Some(PostingState::Reversed) => Said::Reversed,
        }
    }

    /// Something of this trade was presented and is there.
    pub(super) fn knows(&self, out_trade_no: &str) -> bool {
        let mut numbers = self.postings.keys();
        numbers.any(|number| number.starts_with(out_trade_no))
    }

    /// A payment is presented; `waits` leaves it PROCESSING.
    pub(super) fn post(&mut self, number: &str, given: &Presented, waits: bool, now: i64) -> Said {
        if self.fences.contains(number) {
            return Said::Fenced;
        }
        if !self.postings.contains_key(number) && self.strays > 0 {
            self.strays = self.strays.saturating_sub(1);
            self.add_stray(number, given, now);
        }
        if let Some(known) = self.postings.get(number) {
            return if known.body == given.body || known.stray {
                self.said_of(number)
            } else {
                Said::Conflict
            };
        }
        if self.restless.contains(&given.home)
            && let Some(account) = self.homes.get_mut(given.home)
        {
            account.charge(1, day(now));
        }
        if let Some(refusal) = self.refusal(given, now) {
            return refusal;
        }
        self.admit(number, given, now);
        if !waits {
            self.book(number, now);
        }
        self.said_of(number)
    }

    fn admit(&mut self, number: &str, given: &Presented, now: i64) {
        self.serial = self.serial.saturating_add(1);
        let posting = Posting {
            home: given.home,
            fen: given.fen,
            paid_at: given.paid_at,
            body: given.body.clone(),
            state: PostingState::Processing,
            posted_at: now,
            mkt_txn_no: format!("MK{:08}", self.serial),
            used: 0,
            stray: false,
            vouchers: BTreeMap::new(),
        };
        self.postings.insert(number.to_owned(), posting);
    }

    fn add_stray(&mut self, number: &str, given: &Presented, now: i64) {
        let stray = Posting {
            home: given.home,
            fen: given.fen.saturating_add(100),
            paid_at: given.paid_at,
            body: String::new(),
            state: PostingState::Posted,
            posted_at: now,
            mkt_txn_no: format!("MKSTRAY{number}"),
            used: 0,
            stray: true,
            vouchers: BTreeMap::new(),
        };
        self.postings.insert(number.to_owned(), stray);
    }

    /// A clerk moves the other customer's payment to a number of its own.
    pub(super) fn clear_stray(&mut self, number: &str) {
        if self
            .postings
            .get(number)
            .is_some_and(|posting| posting.stray)
        {
            self.postings.remove(number);
        }
    }

    fn refusal(&self, given: &Presented, now: i64) -> Option<Said> {
        let Some(account) = self.homes.get(given.home) else {
            return Some(Said::NotPayable("CONSUMER_UNAVAILABLE"));
        };
        if account.unavailable_until > now {
            return Some(Said::NotPayable("CONSUMER_UNAVAILABLE"));
        }
        if !account.open {
            return Some(Said::NotPayable("CLOSED_ACCOUNT"));
        }
        let on = day(given.paid_at);
        let due = account.due(on);
        if given.arrears && due == 0 {
            return Some(Said::NotPayable("ALREADY_PAID"));
        }
        let seen = given.version.as_deref();
        let stale = seen.is_some_and(|version| version != account.version(on));
        let mismatch = given.arrears && given.fen != due;
        (stale || mismatch).then_some(Said::Stale)
    }

    /// What waited is booked, unless it was fenced meanwhile.
    pub(super) fn book(&mut self, number: &str, now: i64) {
        let Some(posting) = self
            .postings
            .get_mut(number)
            .filter(|posting| posting.state == PostingState::Processing)
        else {
            return;
        };
        posting.state = PostingState::Posted;
        posting.posted_at = now;
        if let Some(account) = self.homes.get_mut(posting.home) {
            posting.used = account.credit(posting.fen, day(posting.paid_at));
        }
    }

    /// Makes the number impossible unless it is booked.
    pub(super) fn fence(&mut self, number: &str) -> Said {
        let booked = self
            .postings
            .get(number)
            .is_some_and(|posting| posting.state != PostingState::Processing);
        if !booked {
            self.postings.remove(number);
            self.fences.insert(number.to_owned());
        }
        self.said_of(number)
    }

    /// A fence that did not hold: what had been presented before it is there after all.
    pub(super) fn break_fence(&mut self, number: &str, given: &Presented, now: i64) {
        if self.fences.remove(number) {
            self.admit(number, given, now);
            self.book(number, now);
        }
    }

    /// Undoes a whole posting of today's business date; false when the cut-off has passed, `None`
    /// when there is nothing to undo.
    pub(super) fn reverse(&mut self, number: &str, now: i64) -> Option<bool> {
        let posting = self.postings.get_mut(number)?;
        match posting.state {
            PostingState::Processing => return None,
            PostingState::Reversed => return Some(true),
            PostingState::Posted => {}
        }
        if !posting.vouchers.is_empty() {
            return None;
        }
        if business_date(posting.posted_at) != business_date(now) {
            return Some(false);
        }
        self.take_off(number);
        Some(true)
    }

    /// The whole posting is undone, on any day; false when there is none to undo.
    pub(super) fn take_off(&mut self, number: &str) -> bool {
        let Some(posting) = self
            .postings
            .get_mut(number)
            .filter(|posting| posting.state == PostingState::Posted && !posting.stray)
        else {
            return false;
        };
        posting.state = PostingState::Reversed;
        let rest = posting.fen.saturating_sub(posting.used);
        if let Some(account) = self.homes.get_mut(posting.home) {
            account.take_back(posting.used, rest, day(posting.paid_at));
        }
        true
    }

    /// A clerk undoes a posting whose one voucher, for all of it, waits: that is allowed by it.
    pub(super) fn reverse_over_voucher(&mut self, number: &str) -> bool {
        let Some(posting) = self.postings.get_mut(number) else {
            return false;
        };
        let fen = posting.fen;
        let mut vouchers = posting.vouchers.values_mut();
        let (Some(only), None) = (vouchers.next(), vouchers.next()) else {
            return false;
        };
        if *only != (fen, VoucherState::Pending) {
            return false;
        }
        only.1 = VoucherState::Approved;
        self.take_off(number)
    }

    /// Every voucher about the number was said yes to, and there was one.
    pub(super) fn allows(&self, number: &str) -> bool {
        self.postings.get(number).is_some_and(|posting| {
            let mut states = posting.vouchers.values().map(|(_, state)| *state);
            !posting.vouchers.is_empty() && states.all(|state| state == VoucherState::Approved)
        })
    }

    /// A refund voucher; a repeat answers its present state.
    pub(super) fn voucher(
        &mut self,
        number: &str,
        refund_no: &str,
        fen: i64,
    ) -> Option<VoucherState> {
        let posting = self
            .postings
            .get_mut(number)
            .filter(|posting| posting.state != PostingState::Processing)?;
        if let Some((_, state)) = posting.vouchers.get(refund_no) {
            return Some(*state);
        }
        let possible = posting.state == PostingState::Posted && fen <= posting.net();
        let state = if possible {
            VoucherState::Pending
        } else {
            VoucherState::Refused
        };
        posting.vouchers.insert(refund_no.to_owned(), (fen, state));
        Some(state)
    }

    /// A clerk decides a voucher.
    pub(super) fn decide_voucher(&mut self, number: &str, refund_no: &str, yes: bool) {
        let Some(posting) = self.postings.get_mut(number) else {
            return;
        };
        let Some((fen, state)) = posting.vouchers.get_mut(refund_no) else {
            return;
        };
        if *state != VoucherState::Pending {
            return;
        }
        *state = if yes {
            VoucherState::Approved
        } else {
            VoucherState::Refused
        };
        let fen = *fen;
        if yes {
            let rest = fen.saturating_sub(posting.used).max(0);
            let used = fen.saturating_sub(rest);
            let on = day(posting.paid_at);
            if let Some(account) = self.homes.get_mut(posting.home) {
                account.take_back(used, rest, on);
            }
        }
    }
}
