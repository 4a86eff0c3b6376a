//! Effects a1..a8: what table P does to the order.

use super::super::numbers;
use super::super::observation::{Ask, Call, ChannelFact, LineFact, Observation, Sighted};
use super::super::order::{Check, PostingLine, Purpose, Share};
use super::super::{table_l as l, table_p as p, window};
use super::foreign::Refunds;
use super::{Booking, BooksError};
use crate::cases::CaseKind;
use crate::ledger::Account;
use crate::shared::money::Fen;
use crate::shared::time::Time;

/// What is always applied, however old (money.md G5).
const fn is_absolute(input: p::Input) -> bool {
    match input {
        p::Input::PaidEqual
        | p::Input::PaidOther
        | p::Input::RefundOurs
        | p::Input::RefundNotOurs
        | p::Input::LinesFinal
        | p::Input::CloseWanted
        | p::Input::Case => true,
        p::Input::CreateOk
        | p::Input::CreateRefused
        | p::Input::NoAnswer
        | p::Input::ClosedNeverPaid
        | p::Input::CloseRefused
        | p::Input::NotExist
        | p::Input::WaitBuyerPay => false,
    }
}

/// What the channel itself stated, as against our own decisions and silence.
const fn is_statement(input: p::Input) -> bool {
    match input {
        p::Input::CreateOk
        | p::Input::CreateRefused
        | p::Input::ClosedNeverPaid
        | p::Input::CloseRefused
        | p::Input::NotExist
        | p::Input::WaitBuyerPay
        | p::Input::PaidEqual
        | p::Input::PaidOther
        | p::Input::RefundOurs
        | p::Input::RefundNotOurs => true,
        p::Input::NoAnswer | p::Input::CloseWanted | p::Input::LinesFinal | p::Input::Case => false,
    }
}

impl Booking<'_> {
    pub(super) fn observe_channel(
        &mut self,
        input: p::Input,
        fact: &ChannelFact,
        asked_at: Time,
    ) -> Result<(), BooksError> {
        if fact.goes_on {
            return self.let_order_go_on(asked_at);
        }
        let state = self.order.payment.state;
        self.count_answer(fact.call);
        if self.is_overtaken(input, asked_at) {
            self.sight_channel(state, input, state, false, asked_at);
            return Ok(());
        }
        let gone = state.has_money() && input == p::Input::ClosedNeverPaid;
        if gone || input == p::Input::RefundNotOurs {
            self.note_shown(self.shown_refunds(input, fact), asked_at);
        }
        if state.has_money() && matches!(input, p::Input::ClosedNeverPaid | p::Input::RefundNotOurs)
        {
            match self.judge_refunds(self.shown_refunds(input, fact), asked_at)? {
                Refunds::NotOurs(_) => {}
                Refunds::Explained => {
                    super::met("P", state.as_str(), input.as_str(), state.as_str());
                    self.sight_channel(state, input, state, true, asked_at);
                    return Ok(());
                }
                Refunds::Unclear => {
                    let shown = self.shown_refunds(input, fact);
                    let seen_at = asked_at;
                    self.changes.asks.push(Ask::CheckRefunds { shown, seen_at });
                    super::met("P", state.as_str(), input.as_str(), state.as_str());
                    self.sight_channel(state, input, state, true, asked_at);
                    return Ok(());
                }
            }
        }
        let decision = p::decide(state, input, self.channel_facts(fact, asked_at));
        super::met("P", state.as_str(), input.as_str(), decision.next.as_str());
        self.sight_channel(state, input, decision.next, true, asked_at);
        if is_statement(input) {
            let payment = &mut self.order.payment;
            payment.asked_at = Some(payment.asked_at.map_or(asked_at, |last| last.max(asked_at)));
        }
        self.enter_channel(decision.next);
        for effect in decision.effects {
            self.carry_out_channel(*effect, input, fact, (state, asked_at))?;
        }
        self.schedule_channel();
        Ok(())
    }

    /// Older than what was applied last, and not absolute (money.md G5). That a paid trade is closed says
    /// that its money went back, which is. A refusal to close what was proven closed meanwhile was
    /// asked for before that.
    fn is_overtaken(&self, input: p::Input, asked_at: Time) -> bool {
        let payment = &self.order.payment;
        let gone = payment.state.has_money() && input == p::Input::ClosedNeverPaid;
        let stale = payment.asked_at.is_some_and(|last| asked_at < last);
        let closed = payment.state == p::State::Closed && asked_at < payment.entered_at;
        (stale && !is_absolute(input) && !gone) || (closed && input == p::Input::CloseRefused)
    }

    /// A refused or granted create is an answer to one send; one that never left us is no send.
    const fn count_answer(&mut self, call: Call) {
        let payment = &mut self.order.payment;
        match call {
            Call::Create => payment.answers = payment.answers.saturating_add(1),
            Call::CreateNotSent => payment.sends = payment.sends.saturating_sub(1),
            Call::None | Call::Query | Call::Close => {}
        }
    }

    fn channel_facts(&self, fact: &ChannelFact, asked_at: Time) -> p::Facts {
        let payment = &self.order.payment;
        let other_trade = payment.trade_no.is_some()
            && fact.trade_no.is_some()
            && payment.trade_no != fact.trade_no;
        p::Facts {
            unanswered: payment.unanswered(),
            left_us: payment.left_us(),
            resends_spent: payment.sends >= window::CREATE_SENDS_MAX,
            beyond_doubt: asked_at >= window::beyond_doubt_at(payment.expire_at),
            other_trade,
            // The channel states the moment of payment in whole seconds.
            asked_before_payment: payment
                .paid_at
                .is_some_and(|paid| asked_at < paid.plus_seconds(1)),
            lock_lost: !payment.has_lock,
        }
    }

    pub(super) fn sight_channel(
        &mut self,
        state: p::State,
        input: p::Input,
        next: p::State,
        applied: bool,
        asked_at: Time,
    ) {
        let row_id = self.order.payment.payment_id.as_str().to_owned();
        self.sight(Sighted {
            table: "P",
            row_id,
            state: state.as_str(),
            input: input.as_str(),
            next: next.as_str(),
            applied,
            asked_at,
        });
    }

    fn enter_channel(&mut self, next: p::State) {
        let payment = &mut self.order.payment;
        if payment.state != next {
            payment.state = next;
            payment.entered_at = self.draw.now;
            payment.turns = 0;
            if next == p::State::Done {
                payment.done_at = Some(self.draw.now);
            }
        }
    }

    /// An order that stayed closed is over once the channel was asked late enough. What is told of it
    /// after that, by a notice or a bill, is booked all the same (a6).
    fn end_watch(&mut self) {
        let late_days = self.policy.bill_late_days;
        let payment = &mut self.order.payment;
        let until = window::watched_until(payment.expire_at, late_days);
        let asked = payment.asked_at.is_some_and(|at| at >= until);
        if payment.state == p::State::Closed && asked && !payment.frozen {
            payment.watched = false;
        }
    }

    pub(super) fn schedule_channel(&mut self) {
        self.end_watch();
        let payment = &mut self.order.payment;
        let (now, entered, turns) = (self.draw.now, payment.entered_at, payment.turns);
        payment.next_at = match payment.state {
            p::State::Done => None,
            p::State::Closed if !payment.watched => None,
            p::State::Closed => Some(window::while_watched(entered, now)),
            _frozen if payment.frozen => Some(window::daily(now)),
            p::State::Created if payment.body.is_some() => {
                let resend = window::resend_at(entered, payment.sends.max(1), now);
                Some(resend.min(payment.expire_at.max(now)))
            }
            p::State::Created => Some(payment.expire_at),
            p::State::Paying => Some(window::while_payable(
                entered,
                turns,
                now,
                payment.expire_at,
            )),
            p::State::Closing => Some(window::while_closing(
                entered,
                turns,
                now,
                payment.expire_at,
            )),
            p::State::Paid | p::State::Suspense => Some(window::hourly(now)),
        };
    }

    fn carry_out_channel(
        &mut self,
        effect: p::Effect,
        input: p::Input,
        fact: &ChannelFact,
        (from, seen_at): (p::State, Time),
    ) -> Result<(), BooksError> {
        match effect {
            p::Effect::StoreTrade => self.store_trade(fact),
            p::Effect::FreeLock => self.free_lock()?,
            p::Effect::BookPaid => self.book_paid(fact, false)?,
            p::Effect::BookLate => self.book_paid(fact, true)?,
            p::Effect::BookSuspense => self.book_suspense(fact)?,
            p::Effect::BookForeignRefund => {
                self.book_foreign_refund(self.shown_refunds(input, fact), seen_at)?;
            }
            p::Effect::RebuildLines => self.rebuild_lines(fact)?,
            p::Effect::CloseTrade => self.changes.asks.push(Ask::CloseTrade),
            // An unanswered query waits for its ladder; every other doubt is asked about now.
            p::Effect::Query if input == p::Input::NoAnswer && fact.call == Call::Query => {}
            p::Effect::Query => self.changes.asks.push(Ask::QueryTrade),
            // An unanswered send is repeated at its moment; "does not exist" is met at once.
            p::Effect::Resend if input == p::Input::NotExist => {
                self.changes.asks.push(Ask::ResendCreate);
            }
            // Table R is told by an observation of its own that came with this one.
            p::Effect::Resend | p::Effect::ToRefunds => {}
            p::Effect::RefuseClose => self.changes.close_refused = true,
            p::Effect::Contradict => {
                self.order.payment.frozen = true;
                let row = self.order.payment.payment_id.as_str().to_owned();
                self.contradict("P", &row, from.as_str(), input.as_str())?;
            }
        }
        Ok(())
    }

    /// a1
    fn store_trade(&mut self, fact: &ChannelFact) {
        let payment = &mut self.order.payment;
        if payment.trade_no.is_none() {
            payment.trade_no.clone_from(&fact.trade_no);
        }
        if fact.minted && payment.minted_at.is_none() {
            payment.minted_at = Some(self.draw.now);
        }
    }

    /// a2: the tracker tells the payer; a number that never left us needs no watching.
    fn free_lock(&mut self) -> Result<(), BooksError> {
        let payment = &mut self.order.payment;
        payment.closed_at = Some(self.draw.now);
        payment.watched = payment.left_us();
        payment.has_lock = false;
        let claims: Vec<_> = payment
            .shares
            .iter()
            .map(|share| share.claim(&payment.account_id))
            .collect();
        self.changes.freed.extend(claims);
        self.witness("payments.closed", "closed")
    }

    /// Takes over what the channel says about the money; another trade under our number is told.
    pub(super) fn take_money(&mut self, fact: &ChannelFact) -> Result<Fen, BooksError> {
        let total = fact.total.unwrap_or(self.order.payment.amount);
        let other = self.order.payment.trade_no.is_some()
            && fact.trade_no.is_some()
            && self.order.payment.trade_no != fact.trade_no;
        if other {
            let subject = self.order.payment.out_trade_no.clone();
            self.open_case(
                CaseKind::Contradiction,
                &format!("trade:{subject}"),
                "other_trade_no",
            )?;
        }
        let payment = &mut self.order.payment;
        payment.paid = total;
        payment.paid_at = Some(fact.paid_at.unwrap_or(self.draw.now));
        if fact.trade_no.is_some() {
            payment.trade_no.clone_from(&fact.trade_no);
        }
        Ok(total)
    }

    /// a3, and a6 when the money came late.
    fn book_paid(&mut self, fact: &ChannelFact, late: bool) -> Result<(), BooksError> {
        let total = self.take_money(fact)?;
        let shares = self.order.payment.shares.clone();
        if Fen::sum(shares.iter().map(|share| share.amount))? != total {
            return Err(BooksError::Incomplete("the shares do not sum to the total"));
        }
        let fact_name = numbers::paid_fact(&self.order.payment.out_trade_no);
        self.enter_ledger(&fact_name, Account::Channel, Account::Clearing, total)?;
        for share in &shares {
            // Not locked anew: what another order is about to pay may be due still: it goes back, whatever was chosen.
            let line = self.line_of(share, late);
            let unlocked = late
                && share.purpose == Purpose::Arrears
                && !self.relocked.contains(&share.line_no);
            // Its payer was erased since: nobody here knows the home any more.
            let nameless = share.consumer_no.expose().is_empty();
            let line_id = line.line_id.clone();
            self.order.lines.push(line);
            if unlocked || nameless {
                let wanted = Observation::line(
                    self.draw.now,
                    line_id,
                    l::Input::RefundWanted,
                    LineFact::default(),
                );
                self.pending.push_back(wanted);
            }
        }
        self.order.payment.has_lock = !late || !self.relocked.is_empty();
        self.witness("payments.paid", if late { "paid_late" } else { "paid" })
    }

    pub(super) fn line_of(&self, share: &Share, late: bool) -> PostingLine {
        let payment = &self.order.payment;
        let number = numbers::channel_txn_no(&payment.out_trade_no, share.line_no, 1);
        let check = if late && share.purpose == Purpose::Arrears {
            Check::StillDue
        } else {
            Check::None
        };
        PostingLine {
            line_id: self.draw.id("line", &number),
            line_no: share.line_no,
            attempt: 1,
            state: l::State::Ready,
            channel_txn_no: number,
            binding_id: share.binding_id.clone(),
            consumer_no: share.consumer_no.clone(),
            amount: share.amount,
            purpose: share.purpose,
            arrears_version: share.arrears_version.clone(),
            part_of: None,
            body: None,
            check,
            sent_at: None,
            resends: 0,
            not_found: 0,
            not_found_at: None,
            want_refund: false,
            keep_as_prepayment: share.keep_as_prepayment,
            fenced: false,
            credited: false,
            let_go: false,
            voucher_refusals: 0,
            sighting: None,
            mkt_txn_no: None,
            business_date: None,
            posted_at: None,
            told_late_at: None,
            frozen: false,
            entered_at: self.draw.now,
            turns: 0,
            next_at: Some(self.draw.now),
            asked_at: None,
        }
    }
}
