//! Effect a7: refunds the channel shows that are not ours.

use super::super::numbers;
use super::super::observation::{ChannelFact, LineFact, Observation, RefundFact};
use super::super::{table_l as l, table_p as p, table_r as r};
use super::{Booking, BooksError};
use crate::cases::CaseKind;
use crate::ledger::Account;
use crate::shared::ids::LineId;
use crate::shared::money::Fen;
use crate::shared::time::Time;

/// How the refunds the channel shows compare with the books.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refunds {
    /// Ours and known foreign ones explain them.
    Explained,
    /// Ours that may be moving could explain them: ask for each first.
    Unclear,
    /// So much is not ours.
    NotOurs(Fen),
}

impl Booking<'_> {
    pub(super) fn shown_refunds(&self, input: p::Input, fact: &ChannelFact) -> Fen {
        // Closed, and paid before, and no sum told: everything went back.
        let whole = if input == p::Input::ClosedNeverPaid {
            self.order.payment.paid
        } else {
            Fen::ZERO
        };
        fact.refunded.unwrap_or(whole).max(whole)
    }

    /// What the channel shows as given back only ever grows: an older word says less.
    pub(super) fn note_shown(&mut self, shown: Fen, seen_at: Time) {
        let payment = &mut self.order.payment;
        if shown > payment.shown {
            (payment.shown, payment.shown_at) = (shown, Some(seen_at));
        }
    }

    /// Two persons said of a refund that it went by hand, and less of what the channel showed is explained by
    /// it than it seemed: the rest is judged now, for nothing else may come that tells of it.
    pub(super) fn judge_shown_again(&mut self) -> Result<(), BooksError> {
        let known = self.order.refunds_known()?;
        let payment = &self.order.payment;
        if let Some(seen_at) = payment.shown_at.filter(|_| payment.shown > known) {
            let fact = ChannelFact {
                refunded: Some(payment.shown),
                ..ChannelFact::default()
            };
            let shown = Observation::channel(seen_at, p::Input::RefundNotOurs, fact);
            self.pending.push_back(shown);
        }
        Ok(())
    }

    pub(super) fn judge_refunds(&self, shown: Fen, seen_at: Time) -> Result<Refunds, BooksError> {
        let known = self.order.refunds_known()?;
        let explainable = known.plus(self.order.refunds_unproven(seen_at)?)?;
        Ok(if shown <= known {
            Refunds::Explained
        } else if shown <= explainable {
            Refunds::Unclear
        } else {
            Refunds::NotOurs(shown.minus(explainable)?)
        })
    }

    /// a7: book what is not ours, reserve it, hold what was not sent. A refund by hand was most likely
    /// made instead of one of ours that the channel refused (or has no funds for), and its sum is reserved already: that
    /// part is left to the two persons who say of the refused one that it was done by hand.
    pub(super) fn book_foreign_refund(
        &mut self,
        shown: Fen,
        seen_at: Time,
    ) -> Result<(), BooksError> {
        let Refunds::NotOurs(sum) = self.judge_refunds(shown, seen_at)? else {
            return Ok(());
        };
        let instead = sum.min(self.order.refunds_refused(seen_at)?);
        let sum = sum.minus(instead)?;
        self.withdraw_planned(sum)?;
        if sum > self.refund_room()? {
            self.order.payment.frozen = true;
            let row = self.order.payment.payment_id.as_str().to_owned();
            return self.contradict("P", &row, "refunds", "exceed_paid");
        }
        if instead.is_positive() {
            self.stop_waiting_refunds(seen_at)?;
            let number = &self.order.payment.out_trade_no;
            let cause = format!("instead:{number}:{}", shown.get());
            self.open_case(CaseKind::RefundBlocked, &cause, "given_back_by_hand")?;
        }
        if sum.is_zero() {
            return Ok(());
        }
        let payment = &mut self.order.payment;
        payment.foreign = payment.foreign.plus(sum)?;
        payment.refund_reserved = payment.refund_reserved.plus(sum)?;
        let fact_name = numbers::foreign_fact(&payment.out_trade_no, payment.foreign.get());
        self.enter_ledger(&fact_name, Account::ForeignRefund, Account::Channel, sum)?;
        self.open_case(CaseKind::ForeignRefund, &fact_name, "refund_not_ours")?;
        self.hold_unsent_lines();
        self.witness("payments.foreign_refund", "refund_not_ours")
    }

    /// What is paid and reserved by no refund.
    fn refund_room(&self) -> Result<Fen, BooksError> {
        let payment = &self.order.payment;
        Ok(payment.paid.minus(payment.refund_reserved)?)
    }

    /// Planned refunds of ours give way to money that went back another way.
    fn withdraw_planned(&mut self, sum: Fen) -> Result<(), BooksError> {
        if sum <= self.refund_room()? {
            return Ok(());
        }
        let planned: Vec<_> = self
            .order
            .refunds
            .iter()
            .filter(|refund| refund.state == r::State::Planned)
            .map(|refund| (refund.refund_id.clone(), refund.line_id.clone()))
            .collect();
        for (refund, line) in planned {
            let now = self.draw.now;
            self.observe_refund(&refund, r::Input::Withdraw, RefundFact::default(), now)?;
            let blocked = LineFact::default();
            self.observe_line(&line, l::Input::RefundBlocked, &blocked, now)?;
        }
        Ok(())
    }

    fn hold_unsent_lines(&mut self) {
        let lines = self.order.lines.iter();
        let unsent = lines.filter(|line| line.state == l::State::Ready);
        let unsent: Vec<_> = unsent.map(|line| line.line_id.clone()).collect();
        for id in unsent {
            self.hold(id);
        }
    }

    pub(super) fn hold(&mut self, id: LineId) {
        let fact = LineFact::default();
        let held = Observation::line(self.draw.now, id, l::Input::Case, fact);
        self.pending.push_back(held);
    }

    /// Refunds that wait for funds, and were found not to have moved: one of them was most likely given
    /// by hand, so none goes out again until two persons said which.
    fn stop_waiting_refunds(&mut self, seen_at: Time) -> Result<(), BooksError> {
        let refunds = self.order.refunds.iter();
        let waiting = refunds.filter(|refund| refund.state == r::State::WaitFunds);
        let proven = waiting.filter(|refund| !refund.is_unproven(seen_at));
        let proven: Vec<_> = proven.map(|refund| refund.refund_id.clone()).collect();
        for id in proven {
            let (fact, now) = (RefundFact::default(), self.draw.now);
            self.observe_refund(&id, r::Input::FoundOther, fact, now)?;
        }
        Ok(())
    }
}
