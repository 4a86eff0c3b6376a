//! What the channel shows as given back, and how much of it our own refunds are or may be (money.md
//! table P, note 2).

use super::order::{Order, Refund};
use super::table_r as r;
use crate::shared::money::{Fen, MoneyError};
use crate::shared::time::Time;

impl Refund {
    /// Money that the channel showed at `seen_at` may be this refund: it may be moving, or it stands
    /// as refused and was not found empty since (money.md table P, note 2: "each open R").
    #[must_use]
    pub fn is_unproven(&self, seen_at: Time) -> bool {
        let found_empty = self.empty_at.is_some_and(|at| at >= seen_at);
        match self.state {
            r::State::Sending | r::State::Unknown => true,
            r::State::Blocked => !found_empty,
            // It was refused for want of funds; only a send since then can have moved it.
            r::State::WaitFunds => !found_empty || self.sent_at > self.empty_at,
            r::State::Planned | r::State::Done | r::State::Withdrawn => false,
        }
    }
}

/// What speaks against the way that two persons say a refund went by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misfit {
    /// The channel does not show what is said to have been given at its desk.
    NotShown,
    /// A bank is said to have paid all of it, and the channel shows money given back that only this refund
    /// explains.
    ShownInstead,
    /// A bank is said to have paid nothing, or more than the refund.
    Sum,
}

impl Refund {
    /// So much a bank paid, if it went the way two persons say; `None` when they say nothing of that.
    fn said_by_bank(&self, ruling: r::Ruling, named: Option<Fen>) -> Option<Fen> {
        match ruling {
            r::Ruling::Bank => Some(named.unwrap_or(self.amount)),
            r::Ruling::Desk => Some(Fen::ZERO),
            r::Ruling::Again => None,
        }
    }

    /// The channel may have counted it in what it showed at `seen_at`.
    fn may_be_in(&self, seen_at: Option<Time>) -> bool {
        self.state.is_open()
            && self
                .empty_at
                .is_none_or(|at| seen_at.is_none_or(|seen| at < seen))
    }
}

/// Two persons say that a refund went by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    /// It fits what the channel shows; so much of it a bank paid.
    Fits(Fen),
    Misfits(Misfit),
}

impl Order {
    /// Refunds the books know of and the channel shows: ours that are done, without what a bank paid, and
    /// foreign ones.
    pub fn refunds_known(&self) -> Result<Fen, MoneyError> {
        let done = self.refunds.iter().filter(|r| r.state == r::State::Done);
        let by_bank = Fen::sum(done.map(|refund| refund.by_bank))?;
        let payment = &self.payment;
        payment.refunded.minus(by_bank)?.plus(payment.foreign)
    }

    /// Whether a refund can have gone the way two persons say. What was given at the desk must be among what
    /// the channel showed, and explained by nothing else. What a bank paid is not: so it is refused when
    /// the channel shows a gift that only this refund explains, unless the bank's sum is named as well.
    /// That is the word for a gift which is of another home.
    pub(super) fn said_of(
        &self,
        refund: &Refund,
        ruling: Option<r::Ruling>,
        named: Option<Fen>,
    ) -> Result<Option<Said>, MoneyError> {
        let said = ruling.and_then(|ruling| refund.said_by_bank(ruling, named));
        let Some(by_bank) = said else {
            return Ok(None);
        };
        if named.is_some() && (!by_bank.is_positive() || by_bank > refund.amount) {
            return Ok(Some(Said::Misfits(Misfit::Sum)));
        }
        let payment = &self.payment;
        let beyond = payment.shown.minus(self.refunds_known()?)?;
        let open = self.refunds.iter();
        let open = open.filter(|one| one.refund_id != refund.refund_id && one.state.is_open());
        let (mut all, mut unproven) = (Fen::ZERO, Fen::ZERO);
        for other in open {
            all = all.plus(other.amount)?;
            if other.may_be_in(payment.shown_at) {
                unproven = unproven.plus(other.amount)?;
            }
        }
        let at_desk = refund.amount.minus(by_bank)?;
        let whole = named.is_none() && at_desk.is_zero();
        Ok(Some(
            if at_desk.is_positive() && beyond.minus(unproven)? < at_desk {
                Said::Misfits(Misfit::NotShown)
            } else if whole && beyond > all {
                Said::Misfits(Misfit::ShownInstead)
            } else {
                Said::Fits(by_bank)
            },
        ))
    }

    /// Sum of our open refunds that what the channel showed at `seen_at` may be.
    pub fn refunds_unproven(&self, seen_at: Time) -> Result<Fen, MoneyError> {
        let unproven = self.refunds.iter().filter(|r| r.is_unproven(seen_at));
        Fen::sum(unproven.map(|refund| refund.amount))
    }

    /// Sum of our refunds that the channel refused or has no funds for, and that were found empty
    /// after `seen_at`.
    pub fn refunds_refused(&self, seen_at: Time) -> Result<Fen, MoneyError> {
        let stands =
            |refund: &&Refund| matches!(refund.state, r::State::Blocked | r::State::WaitFunds);
        let stopped = self.refunds.iter().filter(stands);
        let refused = stopped.filter(|refund| !refund.is_unproven(seen_at));
        Fen::sum(refused.map(|refund| refund.amount))
    }
}
