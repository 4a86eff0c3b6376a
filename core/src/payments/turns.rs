//! One turn of the sweeper: which row of an order is due, and what the law owes it.

use super::observation::{Ask, ChannelFact, LineFact, Observation, RefundFact};
use super::order::{Check, ClosedText, Order, PostingLine};
use super::ports::{Dues, NoDues, Posting};
use super::unit::{Held, Step};
use super::{PaymentError, Payments, Via, silence::Heard, table_l as l, table_p as p, window};
use super::{order::Purpose, table_r as r};
use crate::shared::ids::{LineId, RefundId};
use crate::shared::time::Time;

/// What is due first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Turn {
    Channel,
    Line(LineId),
    Refund(RefundId),
}

/// The row that has waited longest.
pub(super) fn first_due(order: &Order, now: Time) -> Option<Turn> {
    let channel = order.payment.next_at.map(|at| (at, Turn::Channel));
    let lines = order.lines.iter().filter_map(|line| {
        let turn = Turn::Line(line.line_id.clone());
        line.next_at.map(|at| (at, turn))
    });
    let refunds = order.refunds.iter().filter_map(|refund| {
        let turn = Turn::Refund(refund.refund_id.clone());
        refund.next_at.map(|at| (at, turn))
    });
    let due = channel.into_iter().chain(lines).chain(refunds);
    due.filter(|(at, _)| *at <= now)
        .min_by_key(|(at, _)| *at)
        .map(|(_, turn)| turn)
}

/// What a line's check of the live figures says.
enum Checked {
    /// Send with this version (or none: oldest bill first, the rest as prepayment).
    Post(Option<String>),
    /// Nothing is due any more, and the payer wants it kept: send it as a prepayment.
    Keep,
    GiveBack,
    /// Marketing does not answer: nothing is sent and nothing goes back (money.md 2.2).
    Wait,
}

impl Payments {
    /// Takes one turn; false when the lease is lost.
    pub(super) async fn take_turn(
        &self,
        held: &Held,
        order: &Order,
        turn: &Turn,
    ) -> Result<Option<Heard>, PaymentError> {
        if is_stopped(order, turn) {
            let looks = looks(turn);
            return match self.step(held, order, vec![Step::Rest]).await? {
                Some(_) => Ok(Some(self.pursue(held, looks).await?)),
                None => Ok(None),
            };
        }
        let (steps, heard) = match turn {
            Turn::Channel => (self.channel_turn(order).await?, Heard::default()),
            Turn::Line(id) => match order.line(id) {
                Some(line) => self.line_turn(order, line).await,
                None => return Ok(None),
            },
            Turn::Refund(id) => (self.refund_turn(id), Heard::default()),
        };
        let Some((order, mut asks)) = self.step(held, order, steps).await? else {
            return Ok(None);
        };
        if *turn == Turn::Channel {
            asks.extend(owed_by_channel(&order, &asks));
        }
        Ok(Some(heard.with(self.pursue(held, asks).await?)))
    }

    /// At its end an order is closed, and as soon as a bill of it is doubted or its payer is not to pay; before,
    /// the channel is asked how it stands.
    async fn channel_turn(&self, order: &Order) -> Result<Vec<Step>, PaymentError> {
        let now = self.now();
        let payable = matches!(order.payment.state, p::State::Created | p::State::Paying);
        if payable && (now >= order.payment.expire_at || self.is_unwanted(order).await?) {
            let fact = ChannelFact::default();
            let ended = Observation::channel(now, p::Input::CloseWanted, fact);
            return Ok(vec![Step::Observe(ended)]);
        }
        if is_over(order) {
            let fact = ChannelFact::default();
            let ended = Observation::channel(now, p::Input::LinesFinal, fact);
            return Ok(vec![Step::Observe(ended)]);
        }
        Ok(vec![Step::PassTurn])
    }

    fn refund_turn(&self, id: &RefundId) -> Vec<Step> {
        let turn = Observation::refund(
            self.now(),
            id.clone(),
            r::Input::Turn,
            RefundFact::default(),
        );
        vec![Step::Observe(turn)]
    }

    async fn line_turn(&self, order: &Order, line: &PostingLine) -> (Vec<Step>, Heard) {
        let now = self.now();
        let see = |input, fact| {
            let id = line.line_id.clone();
            Step::Observe(Observation::line(now, id, input, fact))
        };
        let mut steps = Vec::new();
        let overdue = now.seconds_since(line.entered_at) >= window::OVERDUE_SECONDS;
        if overdue && may_not_last(line.state) {
            let given_up = self.giving_up(order, line).await;
            steps.extend(given_up.map(|fact| see(l::Input::GiveUp, fact)));
        }
        if line.state != l::State::Ready {
            steps.push(see(l::Input::Turn, LineFact::default()));
            return (steps, Heard::default());
        }
        let (checked, heard) = self.check(order, line).await;
        let post = |version: Option<String>, as_prepayment| {
            let fact = LineFact {
                number: Some(line.channel_txn_no.clone()),
                body: Some(self.body_of(order, line, version.clone())),
                arrears_version: version,
                as_prepayment,
                ..LineFact::default()
            };
            see(l::Input::Turn, fact)
        };
        match checked {
            Checked::Post(version) => steps.push(post(version, false)),
            Checked::Keep => steps.push(post(None, true)),
            Checked::GiveBack => steps.push(see(l::Input::RefundWanted, LineFact::default())),
            Checked::Wait => steps.push(see(l::Input::NoAnswer, LineFact::default())),
        }
        (steps, heard)
    }

    /// Late money must still be due (a6); a new number needs fresh arrears (b3).
    async fn check(&self, order: &Order, line: &PostingLine) -> (Checked, Heard) {
        if line.check == Check::None {
            return (
                Checked::Post(line.arrears_version.clone()),
                Heard::default(),
            );
        }
        let asked_at = self.now();
        let reply = self.ports.dues.dues(&line.consumer_no).await;
        let silent = matches!(reply, Err(NoDues::NoAnswer(_)));
        let heard = Heard::of_marketing((!silent).then_some(asked_at));
        let checked = match reply {
            Err(NoDues::NoAnswer(_)) => Checked::Wait,
            Err(NoDues::Unknown) => Checked::GiveBack,
            Ok(dues) if !dues.open => Checked::GiveBack,
            Ok(dues) => judge(order, line, dues),
        };
        (checked, heard)
    }

    pub(super) fn body_of(
        &self,
        order: &Order,
        line: &PostingLine,
        version: Option<String>,
    ) -> ClosedText {
        // With a version marketing takes exactly what is due; without one it credits the oldest
        // bill first and keeps the rest as prepayment.
        let purpose = match (line.purpose, &version) {
            (Purpose::Arrears, Some(_)) => Purpose::Arrears,
            (Purpose::Arrears, None) | (Purpose::TopUp, _) => Purpose::TopUp,
        };
        let posting = Posting {
            channel_txn_no: line.channel_txn_no.clone(),
            consumer_no: line.consumer_no.clone(),
            amount: line.amount,
            paid_at: order.payment.paid_at.unwrap_or(order.payment.created_at),
            purpose: purpose.posting_word(),
            arrears_version: version,
        };
        ClosedText::new(self.ports.posting.posting_body(&posting))
    }
}

/// What is due now against what was paid: exactly it, part of it, or nothing any more. What is over goes back,
/// unless the payer wants it kept (note 3).
fn judge(_order: &Order, line: &PostingLine, dues: Dues) -> Checked {
    if line.purpose == Purpose::TopUp {
        // Kept after a refusal: something may be due again by the time it is sent.
        let kept = line.keep_as_prepayment && dues.total.is_zero();
        return if kept {
            Checked::Keep
        } else {
            Checked::Post(None)
        };
    }
    let gone = match line.check {
        Check::StillDue => dues.total < line.amount,
        Check::None | Check::FreshArrears => dues.total.is_zero(),
    };
    // A version refused before may be refused again over a midnight: from the third number on the
    // money is credited to whatever is due.
    let exact = dues.total == line.amount && line.attempt <= 2;
    if gone && !line.keep_as_prepayment {
        Checked::GiveBack
    } else if dues.total.is_zero() {
        Checked::Keep
    } else if exact {
        Checked::Post(Some(dues.version))
    } else {
        Checked::Post(None)
    }
}

/// Taken up again, and nothing is left to be done: every line is final, and no foreign refund waits
/// for two persons.
fn is_over(order: &Order) -> bool {
    let payment = &order.payment;
    let open = matches!(payment.state, p::State::Paid | p::State::Suspense);
    open && order.lines_final() && payment.foreign == payment.foreign_used
}

/// States that ought to pass within a day.
pub(super) const fn may_not_last(state: l::State) -> bool {
    match state {
        l::State::PostUnknown
        | l::State::FencingRepost
        | l::State::FencingRefund
        | l::State::Reversing
        | l::State::MktRefund => true,
        l::State::Ready
        | l::State::Posting
        | l::State::Posted
        | l::State::RefundDue
        | l::State::Refunded
        | l::State::Held => false,
    }
}

/// Every turn of table P is a query, unless a decision asked for something already. A create that
/// no query can vouch for is sent again at its moments.
fn owed_by_channel(order: &Order, asked: &[Ask]) -> Option<Ask> {
    if !asked.is_empty() {
        return None;
    }
    let unsent = order.payment.state == p::State::Created && order.payment.via == Via::H5;
    (!unsent && !order.payment.is_final()).then_some(Ask::QueryTrade)
}

/// What a contradiction stopped moves no money (cell X): its turn only looks.
fn is_stopped(order: &Order, turn: &Turn) -> bool {
    match turn {
        Turn::Channel => order.payment.frozen,
        Turn::Line(id) => order.line(id).is_some_and(|line| order.stops_line(line)),
        Turn::Refund(id) => order
            .refund(id)
            .is_some_and(|refund| order.stops_refund(refund)),
    }
}

fn looks(turn: &Turn) -> Vec<Ask> {
    vec![match turn {
        Turn::Channel => Ask::QueryTrade,
        Turn::Line(id) => Ask::GetPosting(id.clone()),
        Turn::Refund(id) => Ask::QueryRefund(id.clone()),
    }]
}
