//! A trade of an earlier epoch whose order the restored store does not have: what it is worth, and
//! what it still owes its payer.
//!
//! | state | turn |
//! |---|---|
//! | FOUND | channel and marketing are asked; after the recovery every number it may have posted under is fenced: ACCOUNTED, OWING or HELD |
//! | OWING | the brake lets it pass: RETURNING |
//! | RETURNING | the refund is asked for; empty twice, 60 s apart: sent again, same number, same sum |
//! | HELD | a look a day; two persons have its case |
//! | ACCOUNTED, RETURNED | final |

use crate::shared::ids::PaymentId;
use crate::shared::money::{Fen, MoneyError};
use crate::shared::time::Time;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    Found,
    Owing,
    Returning,
    Accounted,
    Returned,
    Held,
}

impl State {
    pub const ALL: [Self; 6] = [
        Self::Found,
        Self::Owing,
        Self::Returning,
        Self::Accounted,
        Self::Returned,
        Self::Held,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Found => "FOUND",
            Self::Owing => "OWING",
            Self::Returning => "RETURNING",
            Self::Accounted => "ACCOUNTED",
            Self::Returned => "RETURNED",
            Self::Held => "HELD",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Accounted | Self::Returned)
    }
}

/// One lost trade. It names nobody: whose it was is not known any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostTrade {
    /// Stands in the ledger where an order's id would.
    pub lost_id: PaymentId,
    pub out_trade_no: String,
    pub trade_no: String,
    pub state: State,
    pub paid: Fen,
    pub paid_at: Time,
    /// What marketing credited under its numbers.
    pub posted: Fen,
    /// What the channel gave back before.
    pub gone_back: Fen,
    /// What is owed to the payer, under this refund number.
    pub owed: Fen,
    pub out_request_no: Option<String>,
    pub sent_at: Option<Time>,
    /// Empty answers about the refund since it was sent.
    pub empties: i64,
    pub found_at: Time,
    pub turns: i64,
    pub next_at: Option<Time>,
    pub version: i64,
    pub trace_id: String,
}

/// What the outside's books say together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Balance {
    /// Every fen was credited or went back.
    Even,
    /// So much is neither credited nor back.
    Owed(Fen),
    /// So much was credited and went back as well.
    TooMuch(Fen),
}

/// # Errors
/// [`MoneyError`] when the sums cannot be added.
pub fn balance(paid: Fen, posted: Fen, gone_back: Fen) -> Result<Balance, MoneyError> {
    let spent = posted.plus(gone_back)?;
    if spent == paid {
        Ok(Balance::Even)
    } else if spent < paid {
        Ok(Balance::Owed(paid.minus(spent)?))
    } else {
        Ok(Balance::TooMuch(spent.minus(paid)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credited_and_returned_together_are_what_was_paid() {
        let of = |posted, back| balance(Fen::new(100), Fen::new(posted), Fen::new(back)).unwrap();
        assert_eq!(of(100, 0), Balance::Even);
        assert_eq!(of(0, 100), Balance::Even);
        assert_eq!(of(60, 40), Balance::Even);
        assert_eq!(of(0, 0), Balance::Owed(Fen::new(100)));
        assert_eq!(of(60, 39), Balance::Owed(Fen::new(1)));
        assert_eq!(of(60, 41), Balance::TooMuch(Fen::new(1)));
        assert_eq!(of(100, 100), Balance::TooMuch(Fen::new(100)));
    }

    #[test]
    fn every_state_is_read_as_it_is_written() {
        for state in State::ALL {
            assert_eq!(State::parse(state.as_str()), Some(state));
        }
        assert_eq!(State::parse("LOST"), None);
    }
}
