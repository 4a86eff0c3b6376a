//! Effects b4, b8 and b9: a line's money on its way back to the payer.

use super::super::events::{self, RefundLate, Refunded};
use super::super::numbers;
use super::super::observation::{LineFact, Observation, RefundFact};
use super::super::order::{PostingLine, Refund};
use super::super::{table_l as l, table_r as r, window};
use super::{Booking, BooksError};
use crate::ledger::Account;
use crate::shared::ids::LineId;
use crate::shared::money::Fen;

impl Booking<'_> {
    /// b4: marketing has no claim on the money; what no foreign refund covers goes back by R.
    pub(super) fn book_refund_due(&mut self, id: &LineId) -> Result<(), BooksError> {
        self.name_suspense()?;
        self.take_back(id)?;
        self.free_line(id)?;
        let line = self.line_at(id)?.clone();
        let payment = &self.order.payment;
        let uncovered = payment.foreign.minus(payment.foreign_used)?;
        let covered = uncovered.min(line.amount);
        if covered.is_positive() {
            self.cover(&line, covered)?;
        }
        let rest = line.amount.minus(covered)?;
        if rest.is_zero() {
            let now = self.draw.now;
            let fact = LineFact::default();
            let closed = Observation::line(now, id.clone(), l::Input::RefundDone, fact);
            self.pending.push_back(closed);
            return Ok(());
        }
        self.plan_refund(&line, rest)
    }

    /// A posting that marketing let go comes back from its account.
    fn take_back(&mut self, id: &LineId) -> Result<(), BooksError> {
        let line = self.line_at(id)?;
        if !line.credited {
            return Ok(());
        }
        line.credited = false;
        line.let_go = true;
        let (number, amount) = (line.channel_txn_no.clone(), line.amount);
        let fact_name = numbers::reversed_fact(&number);
        self.enter_ledger(&fact_name, Account::Marketing, Account::Clearing, amount)
    }

    fn cover(&mut self, line: &PostingLine, covered: Fen) -> Result<(), BooksError> {
        let payment = &mut self.order.payment;
        payment.foreign_used = payment.foreign_used.plus(covered)?;
        let used = payment.foreign_used.get();
        let tries = self.order.refunds.iter();
        let round = tries
            .filter(|refund| refund.line_id == line.line_id)
            .count();
        let fact_name = numbers::covered_fact(&line.channel_txn_no, used, round);
        self.enter_ledger(
            &fact_name,
            Account::Clearing,
            Account::ForeignRefund,
            covered,
        )
    }

    /// The refund of what was not covered is withdrawn: the line stands for its whole sum again, so
    /// the covered part is open too. Otherwise a later b4 would give the covered part back twice.
    pub(super) fn uncover(&mut self, refund: &Refund) -> Result<(), BooksError> {
        let line = self.line_at(&refund.line_id)?.clone();
        let covered = line.amount.minus(refund.amount)?;
        if !covered.is_positive() {
            return Ok(());
        }
        let payment = &mut self.order.payment;
        payment.foreign_used = payment.foreign_used.minus(covered)?;
        let fact_name = numbers::uncovered_fact(&refund.out_request_no);
        self.enter_ledger(
            &fact_name,
            Account::ForeignRefund,
            Account::Clearing,
            covered,
        )
    }

    fn plan_refund(&mut self, line: &PostingLine, amount: Fen) -> Result<(), BooksError> {
        let now = self.draw.now;
        let earlier = self.order.refunds.iter();
        let ordinal = earlier
            .filter(|refund| refund.line_id == line.line_id)
            .count()
            .saturating_add(1);
        let cause = format!("{}:{ordinal}", line.line_id);
        let number = self
            .draw
            .number(&self.policy.number_prefix, "refund", &cause);
        let payment = &mut self.order.payment;
        payment.refund_reserved = payment.refund_reserved.plus(amount)?;
        let fact_name = numbers::due_fact(&number);
        self.enter_ledger(&fact_name, Account::Clearing, Account::RefundDue, amount)?;
        self.order.refunds.push(Refund {
            refund_id: self.draw.id("refund", &cause),
            line_id: line.line_id.clone(),
            out_request_no: number,
            cause,
            amount,
            state: r::State::Planned,
            sent_at: None,
            empties: 0,
            empty_since: None,
            empty_at: None,
            created_at: now,
            done_at: None,
            by_bank: Fen::ZERO,
            frozen: false,
            entered_at: now,
            turns: 0,
            next_at: Some(now),
            asked_at: None,
        });
        self.witness_line(&line.line_id.clone(), "payments.refund_planned")
    }

    /// b8
    pub(super) fn withdraw_refunds(&mut self, id: &LineId) {
        let open = self
            .order
            .refunds
            .iter()
            .filter(|refund| refund.line_id == *id && !refund.state.is_final());
        let withdrawals: Vec<_> = open
            .map(|refund| {
                let fact = RefundFact::default();
                let refund = refund.refund_id.clone();
                Observation::refund(self.draw.now, refund, r::Input::Withdraw, fact)
            })
            .collect();
        self.pending.extend(withdrawals);
    }

    /// Longer on its way back than was promised: the payer is told, once, whatever holds it up.
    pub(super) fn tell_late(&mut self, id: &LineId) -> Result<(), BooksError> {
        let now = self.draw.now;
        let line = self.line_at(id)?.clone();
        let Some((amount, since)) = self.order.going_back(&line) else {
            return Ok(());
        };
        let late = now.seconds_since(since) >= window::OVERDUE_SECONDS;
        // A payer who was erased has no home here any more, and nobody to be told.
        let nameless = line.consumer_no.expose().is_empty();
        if !late || nameless || line.told_late_at.is_some() {
            return Ok(());
        }
        let cause = format!("refund_late:{}", line.channel_txn_no);
        let event_id = self.draw.id("event", &cause);
        let body = RefundLate::of(event_id, &self.order, &line, (amount, since));
        self.tell(events::REFUND_LATE, &body.event_id.clone(), &body)?;
        self.line_at(id)?.told_late_at = Some(now);
        Ok(())
    }

    /// b9: the rooms above listen to the event (receipt, points, dunning).
    pub(super) fn close_refunded(&mut self, id: &LineId) -> Result<(), BooksError> {
        let now = self.draw.now;
        let line = self.line_at(id)?.clone();
        let cause = format!("refunded:{}", line.channel_txn_no);
        let body = Refunded::of(self.draw.id("event", &cause), &self.order, &line, now);
        self.tell(events::REFUNDED, &body.event_id.clone(), &body)?;
        self.witness_line(id, "payments.refunded")
    }
}
