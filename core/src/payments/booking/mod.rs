//! Books observations on one order: what a unit of work decides and must write.
//!
//! Pure: it is handed the order as loaded, a [`Draw`] and the observations; it answers the order as
//! it must be saved and everything that has to be written with it. The unit of work does the rest.
//!
//! | file | what it is |
//! |---|---|
//! | `channel`, `suspense`, `foreign` | effects a1..a8 of table P |
//! | `lines`, `parts`, `returns` | effects b1..b9 of table L |
//! | `thawing` | what a contradiction stopped, let go on by two persons |
//! | `statements` | what marketing's words about a line are worth |
//! | `refunds` | effect c1 of table R, reserve and withdrawal |
//! | `restored` | what went on after the copy was made that a store was restored from |
//! | `records` | ledger entries, cases, events, evidence, audit |

mod channel;
mod foreign;
mod lines;
mod parts;
mod records;
mod refunds;
mod restored;
mod returns;
mod statements;
mod suspense;
#[cfg(test)]
mod tests;
mod thawing;

use std::collections::VecDeque;

pub use self::restored::Shown;
use super::draw::Draw;
use super::observation::{Ask, Observation, Observed, Sighted};
use super::order::{ClaimKey, Order};
use super::policy::Policy;
use super::{table_p as p, table_r as r, window};
use crate::cases::Case;
use crate::ledger::LedgerError;
use crate::shared::ids::RefundId;
use crate::shared::money::{Fen, MoneyError};
use crate::shared::time::Time;
use crate::{audit, evidence, ledger, outbox};

/// The order and its books do not fit together: nothing is written, an operator is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BooksError {
    #[error(transparent)]
    Money(#[from] MoneyError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error(transparent)]
    NotCanonical(#[from] evidence::NotCanonical),
    /// The order lacks a row or a sum that its state promises.
    #[error("the order is incomplete: {0}")]
    Incomplete(&'static str),
    /// One observation led to more consequences than any table allows.
    #[error("one observation had no end of consequences")]
    Endless,
}

/// Everything that must be written in the same unit as the order.
#[derive(Debug, Default)]
pub struct Changes {
    pub entries: Vec<ledger::Entry>,
    pub cases: Vec<Case>,
    pub events: Vec<outbox::Event>,
    pub evidence: Vec<evidence::Entry>,
    pub audit: Vec<audit::Line>,
    pub sighted: Vec<Sighted>,
    pub freed: Vec<ClaimKey>,
    /// To be asked outside, after the commit.
    pub asks: Vec<Ask>,
    /// A close was wanted of an order that is paid.
    pub close_refused: bool,
    /// A cell X was met.
    pub contradicted: bool,
}

/// The sums of an order explain each other; checked before every save (and so after every load).
fn balanced(order: &Order) -> Result<(), BooksError> {
    let payment = &order.payment;
    let live = order
        .refunds
        .iter()
        .filter(|refund| refund.state != r::State::Withdrawn);
    let reserved = Fen::sum(live.map(|refund| refund.amount))?.plus(payment.foreign)?;
    let done = order
        .refunds
        .iter()
        .filter(|refund| refund.state == r::State::Done);
    let refunded = Fen::sum(done.map(|refund| refund.amount))?;
    if payment.refund_reserved > payment.paid {
        Err(BooksError::Incomplete("refunds exceed what was paid"))
    } else if reserved != payment.refund_reserved || refunded != payment.refunded {
        Err(BooksError::Incomplete("refunds and their reserve differ"))
    } else {
        Ok(())
    }
}

/// The consequences of one observation: far more than any path of the tables needs.
const CONSEQUENCES_MAX: usize = 64;

/// One unit's work on one order.
#[derive(Debug)]
pub struct Booking<'a> {
    order: Order,
    draw: &'a Draw,
    policy: &'a Policy,
    /// Lines (by number) whose lock could be taken again for late money (a6).
    relocked: Vec<i64>,
    changes: Changes,
    pending: VecDeque<Observation>,
}

impl<'a> Booking<'a> {
    #[must_use]
    pub const fn open(
        order: Order,
        draw: &'a Draw,
        policy: &'a Policy,
        relocked: Vec<i64>,
    ) -> Self {
        Self {
            order,
            draw,
            policy,
            relocked,
            changes: Changes {
                entries: Vec::new(),
                cases: Vec::new(),
                events: Vec::new(),
                evidence: Vec::new(),
                audit: Vec::new(),
                sighted: Vec::new(),
                freed: Vec::new(),
                asks: Vec::new(),
                close_refused: false,
                contradicted: false,
            },
            pending: VecDeque::new(),
        }
    }

    /// Whether an input of table P will try to book late money: then the locks of the order's
    /// homes must be tried first.
    #[must_use]
    pub fn is_late_money(order: &Order, observed: &Observed) -> bool {
        let lost = !order.payment.has_lock && !order.payment.state.has_money();
        let paid = match observed {
            Observed::Channel(input, _) => match input {
                p::Input::PaidEqual | p::Input::RefundNotOurs => true,
                p::Input::CreateOk
                | p::Input::CreateRefused
                | p::Input::NoAnswer
                | p::Input::CloseWanted
                | p::Input::ClosedNeverPaid
                | p::Input::CloseRefused
                | p::Input::NotExist
                | p::Input::WaitBuyerPay
                | p::Input::PaidOther
                | p::Input::RefundOurs
                | p::Input::LinesFinal
                | p::Input::Case => false,
            },
            Observed::Line(..) | Observed::Refund(..) => false,
        };
        lost && paid
    }

    /// Whether no other refund of the trade is under way and the last one is 3 s ago (table R).
    #[must_use]
    pub fn trade_is_quiet(order: &Order, refund: &RefundId, now: Time) -> bool {
        refunds::trade_is_quiet(order, refund, now)
    }

    /// Books one observation and all its consequences.
    pub fn observe(&mut self, observation: Observation) -> Result<(), BooksError> {
        self.pending.push_back(observation);
        let mut worked: usize = 0;
        while let Some(next) = self.pending.pop_front() {
            worked = worked.saturating_add(1);
            if worked > CONSEQUENCES_MAX {
                return Err(BooksError::Endless);
            }
            match next.what {
                Observed::Channel(input, fact) => {
                    self.observe_channel(input, &fact, next.asked_at)?;
                }
                Observed::Line(line, input, fact) => {
                    self.observe_line(&line, input, &fact, next.asked_at)?;
                }
                Observed::Refund(id, input, fact) => {
                    self.observe_refund(&id, input, fact, next.asked_at)?;
                }
            }
        }
        Ok(())
    }

    /// A send of the create body begins: counted in the unit before it (money.md G2).
    pub fn begin_create(&mut self) {
        let payment = &mut self.order.payment;
        payment.sends = payment.sends.saturating_add(1);
        payment.next_at = Some(window::resend_at(
            payment.entered_at,
            payment.sends,
            self.draw.now,
        ));
    }

    /// The sweeper looked at the order and nothing changed: the next look is a step away.
    pub fn pass_turn(&mut self) {
        self.order.payment.turns = self.order.payment.turns.saturating_add(1);
        self.schedule_channel();
    }

    /// Marketing's minute is full: the line looks again when the next one begins.
    pub fn wait_for_pace(&mut self, seen: &Observation) {
        let next = window::minute_of(self.draw.now).plus_seconds(60);
        let Observed::Line(id, _, _) = &seen.what else {
            return;
        };
        if let Some(line) = self.order.lines.iter_mut().find(|line| line.line_id == *id) {
            line.next_at = Some(next);
        }
    }

    /// Everything that is stopped waits until tomorrow. Whose money it holds up is told so.
    ///
    /// # Errors
    /// [`BooksError`] when the news cannot be written.
    pub fn rest(&mut self) -> Result<(), BooksError> {
        let tomorrow = Some(window::daily(self.draw.now));
        self.schedule_channel();
        let order = &self.order;
        let lines: Vec<bool> = order.lines.iter().map(|l| order.stops_line(l)).collect();
        let refunds: Vec<bool> = order
            .refunds
            .iter()
            .map(|r| order.stops_refund(r))
            .collect();
        let mut held_up = Vec::new();
        for (line, stopped) in self.order.lines.iter_mut().zip(lines) {
            if stopped {
                line.next_at = tomorrow;
                held_up.push(line.line_id.clone());
            }
        }
        for (refund, stopped) in self.order.refunds.iter_mut().zip(refunds) {
            if stopped {
                refund.next_at = tomorrow;
            }
        }
        for line in held_up {
            self.tell_late(&line)?;
        }
        Ok(())
    }

    /// The order as it must be saved, and what must be written with it. `nudge` asks the sweeper
    /// to come at once when something is due.
    pub fn close(mut self, nudge: bool) -> Result<(Order, Changes), BooksError> {
        if nudge && !self.changes.asks.is_empty() && !self.order.payment.is_final() {
            // Nobody holds the order, so nobody runs the errands: the next turn finds the same need.
            self.order.payment.next_at = Some(self.draw.now);
        }
        let due = self.order.wake_at().is_some_and(|at| at <= self.draw.now);
        if nudge && due {
            self.nudge()?;
        }
        balanced(&self.order)?;
        Ok((self.order, self.changes))
    }

    /// The order as it stands in the middle of the unit.
    #[must_use]
    pub const fn order(&self) -> &Order {
        &self.order
    }

    fn sight(&mut self, sighted: Sighted) {
        self.changes.sighted.push(sighted);
    }
}

/// Says which cell of the law was met; the simulation counts them.
fn met(machine: &'static str, state: &'static str, input: &'static str, next: &'static str) {
    tracing::trace!(machine, state, input, next, "payments.cell");
}
