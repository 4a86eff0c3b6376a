//! Effects b1..b3: what table L does to a line on its way to marketing.

use super::super::events::{self, Posted};
use super::super::numbers;
use super::super::observation::{Ask, ChannelFact, LineFact, Observation, Sighted};
use super::super::order::{Check, PostingLine, Purpose, Share, Sighting};
use super::super::{table_l as l, table_p as p, table_r as r, window};
use super::statements::{is_absolute, is_statement, note_sighting};
use super::{Booking, BooksError};
use crate::cases::CaseKind;
use crate::ledger::Account;
use crate::shared::ids::LineId;
use crate::shared::money::Fen;
use crate::shared::time::Time;

/// Numbers one line may use (b3: more than five are for two persons).
const ATTEMPTS_MAX: i64 = 5;

impl Booking<'_> {
    pub(super) fn line_at(&mut self, id: &LineId) -> Result<&mut PostingLine, BooksError> {
        let line = self.order.lines.iter_mut().find(|line| line.line_id == *id);
        line.ok_or(BooksError::Incomplete("the line is not of this order"))
    }

    pub(super) fn observe_line(
        &mut self,
        id: &LineId,
        input: l::Input,
        fact: &LineFact,
        asked_at: Time,
    ) -> Result<(), BooksError> {
        let now = self.draw.now;
        let part = fact
            .part
            .as_ref()
            .filter(|_| input == l::Input::RefundWanted);
        if let Some(part) = part.filter(|part| self.is_part_of(id, part)) {
            return self.split_off(id, part, asked_at);
        }
        let split = self
            .order
            .line(id)
            .is_some_and(|line| self.order.is_split(line));
        let owed = self.is_owed_back(id);
        let gone = self.is_undivided() || self.is_money_gone(id)?;
        let line = self.line_at(id)?;
        let state = line.state;
        let earlier = fact.number.as_ref();
        if earlier.is_some_and(|number| *number != line.channel_txn_no) {
            return self.hear_of_earlier(id, state, input, asked_at);
        }
        if fact.goes_on && state.is_final() {
            return self.let_line_be(id, state, asked_at);
        }
        let stale = line.asked_at.is_some_and(|last| asked_at < last);
        if stale && !is_absolute(input) {
            self.sight_line(id, (state, input, state), false, asked_at);
            return Ok(());
        }
        note_sighting(line, input);
        // Two persons decided: what a contradiction stopped goes on as they say.
        let thawed = input == l::Input::Case && std::mem::take(&mut line.frozen);
        if is_statement(input) {
            line.asked_at = Some(line.asked_at.map_or(asked_at, |last| last.max(asked_at)));
        }
        let mut facts = line_facts(line, fact, now);
        facts.same_business_date &= !split;
        let resent = input == l::Input::Turn && facts.not_found_twice;
        if state == l::State::PostUnknown && resent && gone {
            return self.fence_what_went_back(id);
        }
        let promised = owed || gone && is_posting(fact.ruling);
        if is_vetoed(line, state, fact.ruling, promised) {
            facts.ruling = None;
        }
        let decision = l::decide(state, input, facts);
        super::met("L", state.as_str(), input.as_str(), decision.next.as_str());
        enter(line, decision.next, now);
        // A turn, or the silence that a READY line's turn met before anything could be sent.
        let turned =
            input == l::Input::Turn || (state == l::State::Ready && input == l::Input::NoAnswer);
        if turned && decision.next == state {
            line.turns = line.turns.saturating_add(1);
        }
        if input != l::Input::Turn {
            self.sight_line(id, (state, input, decision.next), true, asked_at);
        }
        for effect in decision.effects {
            self.carry_out_line(id, *effect, input, fact, state)?;
        }
        if decision.next == l::State::Held && (state != l::State::Held || fact.named) {
            self.tell_held(id, input)?;
        }
        if decision.next == l::State::Ready && state != l::State::Ready && gone {
            // a7: what is not sent is held, and nothing is sent under the new number yet.
            self.hold(id.clone());
        }
        if decision.next == l::State::Held && is_statement(input) && !facts.marketing_posted {
            self.close_given_back(id);
        }
        if fact.goes_on {
            self.begin_anew(id, state)?;
        }
        if input == l::Input::Turn {
            self.tell_late(id)?;
        }
        self.schedule_line(id)?;
        self.wake_refunds(id, thawed)?;
        self.finish_when_final();
        Ok(())
    }

    /// A statement about a number that the line had before. It was given up as one that can never take
    /// effect (money.md G3), so nothing follows from it; unless it did.
    fn hear_of_earlier(
        &mut self,
        id: &LineId,
        state: l::State,
        input: l::Input,
        asked_at: Time,
    ) -> Result<(), BooksError> {
        self.sight_line(id, (state, input, state), false, asked_at);
        if matches!(input, l::Input::PostedSame | l::Input::PostedOther) {
            self.line_at(id)?.frozen = true;
            self.contradict("L", id.as_str(), state.as_str(), "posted_earlier_number")?;
            self.schedule_line(id)?;
        }
        Ok(())
    }

    /// A refund that came through while marketing showed the posting could not close the line; it
    /// does now that marketing shows none.
    fn close_given_back(&mut self, id: &LineId) {
        let refunds = self.order.refunds.iter();
        let mut of_line = refunds.filter(|refund| refund.line_id == *id).peekable();
        let over = of_line.peek().is_some() && of_line.clone().all(|r| r.state.is_final());
        if over && of_line.any(|refund| refund.state == r::State::Done) {
            let fact = LineFact::default();
            let done = Observation::line(self.draw.now, id.clone(), l::Input::RefundDone, fact);
            self.pending.push_back(done);
        }
    }

    /// The line would be sent once more, and its money went back another way meanwhile: a fence proves
    /// that nothing was posted, and then two persons decide.
    fn fence_what_went_back(&mut self, id: &LineId) -> Result<(), BooksError> {
        let fact = LineFact {
            ruling: Some(l::Ruling::FenceRepost),
            ..LineFact::default()
        };
        self.observe_line(id, l::Input::Case, &fact, self.draw.now)
    }

    /// A refund of this line is planned, under way, blocked or done.
    fn is_owed_back(&self, id: &LineId) -> bool {
        let refunds = self.order.refunds.iter();
        let mut of_line = refunds.filter(|refund| refund.line_id == *id);
        of_line.any(|refund| refund.state != r::State::Withdrawn)
    }

    /// What the channel still keeps for this order, less what its other lines have or will have, does
    /// not cover this line.
    fn is_money_gone(&mut self, id: &LineId) -> Result<bool, BooksError> {
        let amount = self.line_at(id)?.amount;
        let payment = &self.order.payment;
        let others = self.order.lines.iter().filter(|line| {
            let posting = line.state.is_in_flight() && line.state != l::State::Held;
            line.line_id != *id && (posting || line.credited)
        });
        let kept = payment.paid.minus(payment.refund_reserved)?;
        let left = kept.minus(Fen::sum(others.map(|line| line.amount))?)?;
        Ok(left < amount)
    }

    pub(super) fn sight_line(
        &mut self,
        id: &LineId,
        (state, input, next): (l::State, l::Input, l::State),
        applied: bool,
        asked_at: Time,
    ) {
        self.sight(Sighted {
            table: "L",
            row_id: id.as_str().to_owned(),
            state: state.as_str(),
            input: input.as_str(),
            next: next.as_str(),
            applied,
            asked_at,
        });
    }

    pub(super) fn schedule_line(&mut self, id: &LineId) -> Result<(), BooksError> {
        let now = self.draw.now;
        let stopped = self.order.payment.frozen;
        let line = self.line_at(id)?;
        line.next_at = if (line.frozen || stopped) && !line.state.is_final() {
            Some(window::daily(now))
        } else if line.state == l::State::Held {
            Some(window::daily_look(line.entered_at, line.next_at, now))
        } else {
            let ladder = window::line_next_at(line.state, line.entered_at, line.turns, now);
            match (line.state, line.not_found, line.not_found_at) {
                // The second "not found" comes as soon as it counts, and then the send.
                (l::State::PostUnknown, 1, Some(first)) => {
                    let second = first.plus_seconds(window::apart(line.resends)).max(now);
                    ladder.map(|at| at.min(second))
                }
                (l::State::PostUnknown, 2.., _) => Some(now),
                _other => ladder,
            }
        };
        Ok(())
    }

    /// The last line to become final ends the order.
    fn finish_when_final(&mut self) {
        let open = matches!(
            self.order.payment.state,
            p::State::Paid | p::State::Suspense
        );
        let told = self
            .pending
            .iter()
            .any(|next| matches!(next.what, super::Observed::Channel(p::Input::LinesFinal, _)));
        if open && !told && self.order.lines_final() {
            let fact = ChannelFact::default();
            let ended = Observation::channel(self.draw.now, p::Input::LinesFinal, fact);
            self.pending.push_back(ended);
        }
    }

    fn carry_out_line(
        &mut self,
        id: &LineId,
        effect: l::Effect,
        input: l::Input,
        fact: &LineFact,
        from: l::State,
    ) -> Result<(), BooksError> {
        let now = self.draw.now;
        match effect {
            l::Effect::Send => self.freeze_and_send(id, fact)?,
            l::Effect::BookPosted => self.book_posted(id, fact)?,
            l::Effect::Renumber => self.renumber(id)?,
            l::Effect::BookRefundDue => self.book_refund_due(id)?,
            l::Effect::Reverse => self.changes.asks.push(Ask::Reverse(id.clone())),
            l::Effect::Voucher => self.changes.asks.push(Ask::Voucher(id.clone())),
            l::Effect::WithdrawRefund => self.withdraw_refunds(id),
            l::Effect::CloseRefunded => self.close_refunded(id)?,
            l::Effect::Query => self.changes.asks.push(Ask::GetPosting(id.clone())),
            l::Effect::AskFence => self.ask_fence(id)?,
            l::Effect::CountNotFound => count_not_found(self.line_at(id)?, now),
            l::Effect::WantRefund => self.line_at(id)?.want_refund = true,
            l::Effect::ThenRefundWanted => {
                let fact = LineFact::default();
                let wanted = Observation::line(now, id.clone(), l::Input::RefundWanted, fact);
                self.pending.push_back(wanted);
            }
            l::Effect::AsPrepayment => self.line_at(id)?.purpose = Purpose::TopUp,
            l::Effect::OpenCase => {
                let cause = format!("overdue:{}:{}", id.as_str(), from.as_str());
                self.open_row_case(CaseKind::PostingHeld, id.as_str(), &cause, "overdue")?;
            }
            l::Effect::TellClaimant => {
                let line = self.line_at(id)?;
                line.voucher_refusals = line.voucher_refusals.saturating_add(1);
                self.witness_line(id, "payments.refund_refused")?;
            }
            l::Effect::Contradict => {
                self.line_at(id)?.frozen = true;
                self.contradict("L", id.as_str(), from.as_str(), input.as_str())?;
            }
        }
        Ok(())
    }

    /// Marketing that cannot fence is asked what became of the number, and two persons are told: only its own
    /// word proves that the number never takes effect, so nothing is posted or given back before (money.md 2.1).
    fn ask_fence(&mut self, id: &LineId) -> Result<(), BooksError> {
        if self.policy.marketing_fences {
            self.changes.asks.push(Ask::Fence(id.clone()));
            return Ok(());
        }
        self.changes.asks.push(Ask::GetPosting(id.clone()));
        let cause = format!("no_fence:{}", self.line_at(id)?.channel_txn_no);
        self.open_row_case(CaseKind::PostingHeld, id.as_str(), &cause, "no_fence")
    }

    /// b1: the body of a number is frozen once; a resend is the same bytes.
    fn freeze_and_send(&mut self, id: &LineId, fact: &LineFact) -> Result<(), BooksError> {
        let now = self.draw.now;
        let line = self.line_at(id)?;
        if line.body.is_none() {
            if fact.body.is_none() {
                return Err(BooksError::Incomplete("a first send without a body"));
            }
            line.body.clone_from(&fact.body);
            line.arrears_version.clone_from(&fact.arrears_version);
            // What is due is paid by it after all: the words are of this sending, not of an earlier refusal.
            if line.keep_as_prepayment {
                line.purpose = if fact.as_prepayment {
                    Purpose::TopUp
                } else {
                    Purpose::Arrears
                };
            }
        }
        if line.sent_at.is_some() {
            // A resend starts its own ladder.
            line.resends = line.resends.saturating_add(1);
            line.entered_at = now;
            line.turns = 0;
        }
        line.check = Check::None;
        line.sent_at = Some(now);
        line.not_found = 0;
        line.not_found_at = None;
        self.changes.asks.push(Ask::Post(id.clone()));
        Ok(())
    }

    /// b2
    fn book_posted(&mut self, id: &LineId, fact: &LineFact) -> Result<(), BooksError> {
        let now = self.draw.now;
        self.name_suspense()?;
        let line = self.line_at(id)?;
        let posted_at = fact.posted_at.unwrap_or(now);
        line.credited = true;
        line.posted_at = Some(posted_at);
        line.mkt_txn_no.clone_from(&fact.mkt_txn_no);
        line.business_date.clone_from(&fact.business_date);
        let (number, amount) = (line.channel_txn_no.clone(), line.amount);
        let fact_name = numbers::posted_fact(&number);
        self.enter_ledger(&fact_name, Account::Clearing, Account::Marketing, amount)?;
        self.free_line(id)?;
        let event_id = self.draw.id("event", &fact_name);
        let line = self.line_at(id)?.clone();
        let body = Posted::of(event_id, &self.order, &line, posted_at);
        self.tell(events::POSTED, &body.event_id.clone(), &body)?;
        self.witness_line(id, "payments.posted")
    }

    /// The line's claim ends with the line (b2, b4); with the last line ends whatever the order
    /// still holds, for homes that got no line of their own (a4).
    pub(super) fn free_line(&mut self, id: &LineId) -> Result<(), BooksError> {
        let line_no = self.line_at(id)?.line_no;
        let running = self.order.lines.iter().any(|other| {
            other.line_no != line_no
                && !other.state.is_final()
                && other.state != l::State::RefundDue
        });
        let account = &self.order.payment.account_id;
        let ended = |share: &&Share| !running || share.line_no == line_no;
        let shares = self.order.payment.shares.iter().filter(ended);
        let freed: Vec<_> = shares.map(|share| share.claim(account)).collect();
        self.changes.freed.extend(freed);
        self.order.payment.has_lock = running;
        Ok(())
    }

    /// b3: what is due now is asked before the new number is sent.
    fn renumber(&mut self, id: &LineId) -> Result<(), BooksError> {
        let order_no = self.order.payment.out_trade_no.clone();
        let line = self.line_at(id)?;
        line.attempt = line.attempt.saturating_add(1);
        line.channel_txn_no = numbers::channel_txn_no(&order_no, line.line_no, line.attempt);
        line.body = None;
        line.sent_at = None;
        line.resends = 0;
        line.fenced = false;
        line.sighting = None;
        line.not_found = 0;
        line.not_found_at = None;
        line.want_refund = false;
        line.check = Check::FreshArrears;
        Ok(())
    }

    fn tell_held(&mut self, id: &LineId, input: l::Input) -> Result<(), BooksError> {
        let number = self.line_at(id)?.channel_txn_no.clone();
        let cause = format!("held:{number}:{}", input.as_str());
        self.open_row_case(CaseKind::PostingHeld, id.as_str(), &cause, input.as_str())
    }
}

/// Rulings that end in a posting that marketing has not made yet.
const fn is_posting(ruling: Option<l::Ruling>) -> bool {
    matches!(ruling, Some(l::Ruling::Post | l::Ruling::FenceRepost))
}

/// What two persons may not decide as things stand. Money that is promised to the payer by a refund that is
/// not over, that went back another way, or that is several homes', is neither posted nor promised again;
/// and a fence answers nothing about a number that marketing took back.
const fn is_vetoed(
    line: &PostingLine,
    state: l::State,
    ruling: Option<l::Ruling>,
    promised: bool,
) -> bool {
    let fences = matches!(
        ruling,
        Some(l::Ruling::FenceRepost | l::Ruling::FenceRefund)
    );
    (matches!(state, l::State::Held) && promised) || (line.let_go && fences)
}

fn enter(line: &mut PostingLine, next: l::State, now: Time) {
    if line.state != next {
        line.state = next;
        line.entered_at = now;
        line.turns = 0;
    }
}

/// Two count as two only when they are far enough apart (table L).
fn count_not_found(line: &mut PostingLine, now: Time) {
    let apart = line
        .not_found_at
        .is_none_or(|last| now.seconds_since(last) >= window::apart(line.resends));
    if apart {
        line.not_found = line.not_found.saturating_add(1);
        line.not_found_at = Some(now);
    }
}

fn line_facts(line: &PostingLine, fact: &LineFact, now: Time) -> l::Facts {
    let today = window::business_date(now);
    l::Facts {
        not_found_twice: line.not_found >= 2,
        want_refund: line.want_refund,
        keep_as_prepayment: line.keep_as_prepayment && !fact.never_prepay,
        absent_from_files: fact.absent_from_files,
        numbers_spent: line.attempt >= ATTEMPTS_MAX,
        same_business_date: line.business_date.as_deref() == Some(today.as_str()),
        // A posting that marketing let go is shown on, and is the payer's again.
        marketing_posted: !line.let_go
            && matches!(line.sighting, Some(Sighting::Same | Sighting::Other)),
        marketing_posted_same: !line.let_go && line.sighting == Some(Sighting::Same),
        never_sent: line.sent_at.is_none(),
        fenced: line.fenced,
        let_go: line.let_go,
        ruling: fact.ruling,
    }
}
