//! Effects a4 and a8: money whose sum is not the order's, and the homes it is given to.

use std::collections::BTreeSet;

use super::super::numbers;
use super::super::observation::{ChannelFact, LineFact, Named, Observation};
use super::super::order::{Check, PostingLine, Share};
use super::super::{table_l as l, window};
use super::{Booking, BooksError};
use crate::cases::CaseKind;
use crate::ledger::Account;
use crate::shared::money::Fen;

impl Booking<'_> {
    /// a4: the true sum waits in suspense under one held line of the first home.
    pub(super) fn book_suspense(&mut self, fact: &ChannelFact) -> Result<(), BooksError> {
        let total = self.take_money(fact)?;
        let fact_name = numbers::paid_fact(&self.order.payment.out_trade_no);
        self.enter_ledger(&fact_name, Account::Channel, Account::Suspense, total)?;
        self.order.payment.suspense = total;
        let share = self.order.payment.shares.first().cloned();
        let mut share = share.ok_or(BooksError::Incomplete("an order without a home"))?;
        share.amount = total;
        let mut line = self.line_of(&share, false);
        line.state = l::State::Held;
        line.next_at = Some(window::daily(self.draw.now));
        self.order.lines.push(line);
        let cause = format!("amount:{}", self.order.payment.out_trade_no);
        self.open_case(CaseKind::AmountMismatch, &cause, "paid_other_sum")?;
        self.witness("payments.suspended", "suspense")
    }

    /// Suspense money of several homes, and nobody said yet how much is whose: posted whole under the one
    /// held line, it would be posted again under the lines that they name.
    pub(super) const fn is_undivided(&self) -> bool {
        let payment = &self.order.payment;
        !payment.suspense.is_zero() && payment.shares.len() > 1
    }

    /// Suspense money whose place is decided moves to clearing, once.
    pub(super) fn name_suspense(&mut self) -> Result<(), BooksError> {
        let sum = self.order.payment.suspense;
        if sum.is_zero() {
            return Ok(());
        }
        let fact_name = numbers::named_fact(&self.order.payment.out_trade_no);
        self.enter_ledger(&fact_name, Account::Suspense, Account::Clearing, sum)?;
        self.order.payment.suspense = Fen::ZERO;
        Ok(())
    }

    /// a8: two persons named the lines; those that were never sent run again.
    pub(super) fn rebuild_lines(&mut self, fact: &ChannelFact) -> Result<(), BooksError> {
        let named = !self.order.payment.suspense.is_zero();
        self.name_homes(&fact.named)?;
        self.name_suspense()?;
        self.thaw()?;
        let fact = LineFact {
            ruling: Some(l::Ruling::Post),
            named,
            ..LineFact::default()
        };
        let held = self
            .order
            .lines
            .iter()
            .filter(|line| line.state == l::State::Held && line.sent_at.is_none());
        let ruled: Vec<_> = held
            .map(|line| {
                let id = line.line_id.clone();
                Observation::line(self.draw.now, id, l::Input::Case, fact.clone())
            })
            .collect();
        self.pending.extend(ruled);
        self.witness("payments.named", "case")
    }

    /// Suspense money of several homes goes nowhere until somebody said how much is whose: posting
    /// it all to the first home would pay one bill with another's money.
    fn name_homes(&mut self, named: &[Named]) -> Result<(), BooksError> {
        let payment = &self.order.payment;
        if !self.is_undivided() {
            return if named.is_empty() {
                Ok(())
            } else {
                Err(BooksError::Incomplete("there is nothing to be named"))
            };
        }
        let parts = parts(&payment.shares, named, payment.suspense)?;
        let lines: Vec<_> = parts.iter().map(|part| self.named_line(part)).collect();
        let mut lines = lines.into_iter();
        if let (Some(held), Some(first)) = (self.order.lines.first_mut(), lines.next()) {
            let untouched = held.sent_at.is_none() && !held.fenced && held.sighting.is_none();
            if held.state != l::State::Held || !untouched {
                // Two persons had it fenced: its number is, or may be, lost to it.
                return Err(BooksError::Incomplete("the sum is on its way back"));
            }
            // Nothing left us under the held line's number: it becomes the first named one. Numbers it
            // had before are fenced.
            let (order_no, attempt) = (&self.order.payment.out_trade_no, held.attempt);
            *held = PostingLine {
                line_id: held.line_id.clone(),
                attempt,
                channel_txn_no: numbers::channel_txn_no(order_no, first.line_no, attempt),
                ..first
            };
        }
        self.order.lines.extend(lines);
        Ok(())
    }

    fn named_line(&self, part: &Share) -> PostingLine {
        let mut line = self.line_of(part, false);
        line.state = l::State::Held;
        line.check = Check::FreshArrears;
        line
    }
}

/// The shares as they were named: each at most once, each above zero, together what was paid.
fn parts(shares: &[Share], named: &[Named], sum: Fen) -> Result<Vec<Share>, BooksError> {
    let lines: BTreeSet<i64> = named.iter().map(|part| part.line_no).collect();
    let positive = named.iter().all(|part| part.amount.is_positive());
    if lines.len() != named.len() || !positive {
        return Err(BooksError::Incomplete(
            "a home is named twice or for nothing",
        ));
    }
    if Fen::sum(named.iter().map(|part| part.amount))? != sum {
        return Err(BooksError::Incomplete("the named parts are not the sum"));
    }
    let mut parts = Vec::with_capacity(named.len());
    for part in named {
        let share = shares.iter().find(|share| share.line_no == part.line_no);
        let share = share.ok_or(BooksError::Incomplete("a named home is not of this order"))?;
        parts.push(Share {
            amount: part.amount,
            ..share.clone()
        });
    }
    parts.sort_by_key(|part| part.line_no);
    Ok(parts)
}
