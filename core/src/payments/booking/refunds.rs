//! What table R does to a refund: c1, the reserve, the way back to its line.

use super::super::numbers;
use super::super::observation::{Ask, LineFact, Observation, RefundFact, Sighted};
use super::super::order::{Order, Refund};
use super::super::shown::Said;
use super::super::{table_l as l, table_r as r, window};
use super::{Booking, BooksError};
use crate::cases::CaseKind;
use crate::ledger::Account;
use crate::shared::ids::RefundId;
use crate::shared::money::Fen;
use crate::shared::time::Time;

/// What is always applied, however old: returned money is absolute, our own decisions are now.
const fn is_absolute(input: r::Input) -> bool {
    match input {
        r::Input::FundChange
        | r::Input::FoundOurs
        | r::Input::FoundOther
        | r::Input::Turn
        | r::Input::Notice
        | r::Input::Withdraw
        | r::Input::Case => true,
        r::Input::FundUnchanged
        | r::Input::NoAnswer
        | r::Input::FoundEmpty
        | r::Input::BalanceNotEnough
        | r::Input::RefusedForGood
        | r::Input::FeeError => false,
    }
}

/// Where two persons end a refund that went by hand.
const BY_HAND: (r::State, r::Input) = (r::State::Blocked, r::Input::Case);

impl Booking<'_> {
    /// So much of it a bank paid, when two persons say that it went by hand and the channel's word agrees.
    fn by_hand(&self, id: &RefundId, fact: &RefundFact) -> Result<Option<Fen>, BooksError> {
        let Some(refund) = self.order.refund(id) else {
            return Ok(None);
        };
        let said = self.order.said_of(refund, fact.ruling, fact.by_bank)?;
        Ok(match said {
            Some(Said::Fits(by_bank)) => Some(by_bank),
            Some(Said::Misfits(_)) | None => None,
        })
    }

    fn end_by_hand(&mut self, id: &RefundId, by_bank: Fen) -> Result<(), BooksError> {
        let refund = self.refund_at(id)?;
        if refund.state != r::State::Done {
            return Ok(());
        }
        refund.by_bank = by_bank;
        self.judge_shown_again()
    }

    fn refund_at(&mut self, id: &RefundId) -> Result<&mut Refund, BooksError> {
        let refund = self.order.refunds.iter_mut().find(|r| r.refund_id == *id);
        refund.ok_or(BooksError::Incomplete("the refund is not of this order"))
    }

    pub(super) fn observe_refund(
        &mut self,
        id: &RefundId,
        input: r::Input,
        fact: RefundFact,
        asked_at: Time,
    ) -> Result<(), BooksError> {
        let now = self.draw.now;
        let quiet = trade_is_quiet(&self.order, id, now);
        let by_bank = self.by_hand(id, &fact)?;
        let refund = self.refund_at(id)?;
        let state = refund.state;
        let stale = refund.asked_at.is_some_and(|last| asked_at < last);
        if stale && !is_absolute(input) {
            self.sight_refund(id, (state, input, state), false, asked_at);
            return Ok(());
        }
        if input == r::Input::FoundEmpty {
            count_empty(refund, asked_at);
        }
        if input == r::Input::Case {
            // Two persons decided: what a contradiction stopped goes on as they say.
            refund.frozen = false;
        }
        refund.asked_at = Some(refund.asked_at.map_or(asked_at, |last| last.max(asked_at)));
        let facts = r::Facts {
            brake_open: fact.brake_open,
            trade_quiet: quiet,
            resend_due: resend_is_due(refund),
            empty_today: refund
                .empty_at
                .is_some_and(|at| at.shanghai_date() == now.shanghai_date()),
            shown_agrees: by_bank.is_some(),
            ruling: fact.ruling,
        };
        let decision = r::decide(state, input, facts);
        super::met("R", state.as_str(), input.as_str(), decision.next.as_str());
        enter(refund, decision.next, now);
        if input == r::Input::Turn && decision.next == state {
            refund.turns = refund.turns.saturating_add(1);
        }
        if input != r::Input::Turn {
            self.sight_refund(id, (state, input, decision.next), true, asked_at);
        }
        if input == r::Input::Turn && state == r::State::WaitFunds {
            self.tell_without_funds(id)?;
        }
        if fact.braked {
            let hour = now.unix_seconds().div_euclid(3600);
            self.open_case(CaseKind::RefundBlocked, &format!("brake:{hour}"), "brake")?;
        }
        for effect in decision.effects {
            self.carry_out_refund(id, *effect, input, state)?;
        }
        if decision.next == r::State::Blocked && state != r::State::Blocked {
            self.tell_blocked(id, input)?;
        }
        if let Some(sum) = by_bank.filter(|_| (state, input) == BY_HAND) {
            self.end_by_hand(id, sum)?;
        }
        if decision.next == r::State::Withdrawn && input == r::Input::Case {
            self.hand_line_over(id)?;
        }
        self.schedule_refund(id)?;
        if fact.braked {
            self.refund_at(id)?.next_at = Some(now.plus_seconds(window::BRAKED_SECONDS));
        }
        Ok(())
    }

    fn sight_refund(
        &mut self,
        id: &RefundId,
        (state, input, next): (r::State, r::Input, r::State),
        applied: bool,
        asked_at: Time,
    ) {
        self.sight(Sighted {
            table: "R",
            row_id: id.as_str().to_owned(),
            state: state.as_str(),
            input: input.as_str(),
            next: next.as_str(),
            applied,
            asked_at,
        });
    }

    pub(super) fn schedule_refund(&mut self, id: &RefundId) -> Result<(), BooksError> {
        let now = self.draw.now;
        let stopped = self.order.payment.frozen;
        let refund = self.refund_at(id)?;
        refund.next_at = if (refund.frozen || stopped) && !refund.state.is_final() {
            Some(window::daily(now))
        } else if resend_is_due(refund) {
            Some(now)
        } else if refund.state == r::State::Blocked {
            Some(window::daily_look(refund.entered_at, refund.next_at, now))
        } else {
            let (state, since) = (refund.state, refund.entered_at);
            let ladder = window::refund_next_at(state, since, refund.turns, now);
            match refund.empty_since.filter(|_| state == r::State::Unknown) {
                // The second empty query comes as soon as it counts.
                Some(first) => {
                    let second = first.plus_seconds(window::APART_SECONDS).max(now);
                    ladder.map(|at| at.min(second))
                }
                None => ladder,
            }
        };
        Ok(())
    }

    fn carry_out_refund(
        &mut self,
        id: &RefundId,
        effect: r::Effect,
        input: r::Input,
        from: r::State,
    ) -> Result<(), BooksError> {
        match effect {
            r::Effect::BookRefunded => self.book_refunded(id)?,
            r::Effect::Send | r::Effect::Resend => {
                let now = self.draw.now;
                let refund = self.refund_at(id)?;
                if refund.state == r::State::Unknown {
                    // A resend starts its own ladder.
                    refund.entered_at = now;
                    refund.turns = 0;
                }
                refund.sent_at = Some(now);
                refund.empties = 0;
                refund.empty_since = None;
                self.changes.asks.push(Ask::SendRefund(id.clone()));
            }
            r::Effect::Query => self.changes.asks.push(Ask::QueryRefund(id.clone())),
            r::Effect::QueryTrade => self.changes.asks.push(Ask::QueryTrade),
            r::Effect::ReserveBack => self.reserve_back(id)?,
            r::Effect::OpenCase => {
                let cause = format!("withdraw:{}", id.as_str());
                let reason = "sent_before_withdrawal";
                self.open_row_case(CaseKind::RefundBlocked, id.as_str(), &cause, reason)?;
            }
            r::Effect::Contradict => {
                self.refund_at(id)?.frozen = true;
                self.contradict("R", id.as_str(), from.as_str(), input.as_str())?;
            }
        }
        Ok(())
    }

    /// c1: our own amount, whatever cumulative sum the reply shows (money.md 2.13).
    fn book_refunded(&mut self, id: &RefundId) -> Result<(), BooksError> {
        let now = self.draw.now;
        let refund = self.refund_at(id)?;
        refund.done_at = Some(now);
        let (number, amount) = (refund.out_request_no.clone(), refund.amount);
        let line_id = refund.line_id.clone();
        let fact_name = numbers::refund_fact(&number);
        self.enter_ledger(&fact_name, Account::RefundDue, Account::Channel, amount)?;
        let payment = &mut self.order.payment;
        payment.refunded = payment.refunded.plus(amount)?;
        let fact = LineFact::default();
        let done = Observation::line(now, line_id, l::Input::RefundDone, fact);
        self.pending.push_back(done);
        Ok(())
    }

    fn reserve_back(&mut self, id: &RefundId) -> Result<(), BooksError> {
        let refund = self.refund_at(id)?.clone();
        let fact_name = numbers::withdrawn_fact(&refund.out_request_no);
        self.enter_ledger(
            &fact_name,
            Account::RefundDue,
            Account::Clearing,
            refund.amount,
        )?;
        let payment = &mut self.order.payment;
        payment.refund_reserved = payment.refund_reserved.minus(refund.amount)?;
        self.uncover(&refund)
    }

    /// Two persons withdrew the refund, so the line it was for waits for their next decision.
    fn hand_line_over(&mut self, id: &RefundId) -> Result<(), BooksError> {
        let line_id = self.refund_at(id)?.line_id.clone();
        let fact = LineFact::default();
        let left = Observation::line(self.draw.now, line_id, l::Input::RefundBlocked, fact);
        self.pending.push_back(left);
        Ok(())
    }

    /// A day without funds: finance is called. Its payer is told with the line's turn.
    fn tell_without_funds(&mut self, id: &RefundId) -> Result<(), BooksError> {
        let now = self.draw.now;
        let since = self.refund_at(id)?.entered_at;
        if now.seconds_since(since) < window::OVERDUE_SECONDS {
            return Ok(());
        }
        let cause = format!("overdue:{}:WAIT_FUNDS", id.as_str());
        let reason = "no_funds_for_a_day";
        self.open_row_case(CaseKind::RefundBlocked, id.as_str(), &cause, reason)
    }

    fn tell_blocked(&mut self, id: &RefundId, input: r::Input) -> Result<(), BooksError> {
        let line_id = self.refund_at(id)?.line_id.clone();
        let cause = format!("blocked:{}:{}", id.as_str(), input.as_str());
        self.open_row_case(CaseKind::RefundBlocked, id.as_str(), &cause, input.as_str())?;
        let fact = LineFact::default();
        let blocked = Observation::line(self.draw.now, line_id, l::Input::RefundBlocked, fact);
        self.pending.push_back(blocked);
        Ok(())
    }
}

fn enter(refund: &mut Refund, next: r::State, now: Time) {
    if refund.state != next {
        refund.state = next;
        refund.entered_at = now;
        refund.turns = 0;
    }
}

/// No other refund of the trade is under way, and the last send is 3 s ago.
pub(super) fn trade_is_quiet(order: &Order, id: &RefundId, now: Time) -> bool {
    order
        .refunds
        .iter()
        .filter(|other| other.refund_id != *id)
        .all(|other| {
            let moving = matches!(other.state, r::State::Sending | r::State::Unknown);
            let recent = other
                .sent_at
                .is_some_and(|at| now.seconds_since(at) < window::REFUND_GAP_SECONDS);
            !moving && !recent
        })
}

/// An empty query counts only when it was asked 10 s after the send, and as a second one only a
/// minute after the first.
fn count_empty(refund: &mut Refund, asked_at: Time) {
    let sent_long_ago = refund
        .sent_at
        .is_none_or(|at| asked_at.seconds_since(at) >= window::REFUND_QUERY_AFTER);
    if !sent_long_ago {
        return;
    }
    refund.empty_at = Some(asked_at);
    match refund.empty_since {
        None => {
            refund.empty_since = Some(asked_at);
            refund.empties = 1;
        }
        Some(first) if asked_at.seconds_since(first) >= window::APART_SECONDS => {
            refund.empties = refund.empties.saturating_add(1);
        }
        Some(_) => {}
    }
}

/// UNKNOWN: two empty queries a minute apart. WAIT_FUNDS: a query since the last send was empty.
const fn resend_is_due(refund: &Refund) -> bool {
    match refund.state {
        r::State::Unknown => refund.empties >= 2,
        r::State::WaitFunds => refund.empties >= 1,
        r::State::Planned
        | r::State::Sending
        | r::State::Blocked
        | r::State::Done
        | r::State::Withdrawn => false,
    }
}
