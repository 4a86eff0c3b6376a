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

impl Order {
    /// Refunds the books know of: ours that are done, and foreign ones.
    pub fn refunds_known(&self) -> Result<Fen, MoneyError> {
        self.payment.refunded.plus(self.payment.foreign)
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
