//! Effect a7: refunds the channel shows that are not ours.

use super::super::numbers;
use super::super::observation::{ChannelFact, LineFact, Observation, RefundFact};
use super::super::{table_l as l, table_p as p, table_r as r};
use super::{Booking, BooksError};
use crate::cases::CaseKind;
use crate::ledger::Account;
use crate::shared::money::Fen;

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

    pub(super) fn judge_refunds(&self, shown: Fen) -> Result<Refunds, BooksError> {
        let known = self.order.refunds_known()?;
        let explainable = known.plus(self.order.refunds_moving()?)?;
        Ok(if shown <= known {
            Refunds::Explained
        } else if shown <= explainable {
            Refunds::Unclear
        } else {
            Refunds::NotOurs(shown.minus(explainable)?)
        })
    }

    /// a7: book what is not ours, reserve it, hold what was not sent.
    pub(super) fn book_foreign_refund(
        &mut self,
        input: p::Input,
        fact: &ChannelFact,
    ) -> Result<(), BooksError> {
        let Refunds::NotOurs(sum) = self.judge_refunds(self.shown_refunds(input, fact))? else {
            return Ok(());
        };
        self.withdraw_planned(sum)?;
        let room = self
            .order
            .payment
            .paid
            .minus(self.order.payment.refund_reserved)?;
        if sum > room {
            self.order.payment.frozen = true;
            let row = self.order.payment.payment_id.as_str().to_owned();
            return self.contradict("P", &row, "refunds", "exceed_paid");
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

    /// Planned refunds of ours give way to money that went back another way.
    fn withdraw_planned(&mut self, sum: Fen) -> Result<(), BooksError> {
        let room = self
            .order
            .payment
            .paid
            .minus(self.order.payment.refund_reserved)?;
        if sum <= room {
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
        let unsent = self
            .order
            .lines
            .iter()
            .filter(|line| line.state == l::State::Ready);
        let held: Vec<_> = unsent
            .map(|line| {
                let fact = LineFact::default();
                Observation::line(self.draw.now, line.line_id.clone(), l::Input::Case, fact)
            })
            .collect();
        self.pending.extend(held);
    }
}
