//! What points were exchanged for, until it is handed out at an outlet (LN-21): its person shows a number, and
//! staff hand it out once. Called by `customers`, which knows who may see whom.

use super::RequestError;
use super::openings::Clerk;
use super::points::Exchange;
use crate::evidence::Act;
use crate::shared::ids::ExchangeId;
use crate::shared::time::Time;
use crate::store::{StoreError, Tx, View};

/// Where the part of an id begins that chance made, and how many characters it has.
const CHANCE_FROM: usize = 26;
const NUMBER_CHARS: usize = 10;

/// For how long what was noted may be taken back.
const BACK_WITHIN_S: i64 = 24 * 3_600;
/// Whom the store names for what was exchanged before the staff noted what they hand out.
const BEFORE: &str = "before";

/// That a gift was handed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handed {
    pub at: Time,
    /// Whoever of the staff did it, as the audit names them.
    pub by: String,
}

impl Handed {
    /// Whether somebody noted it. What was exchanged before that was asked of the staff is taken for handed out at the
    /// moment it was exchanged.
    #[must_use]
    pub fn is_noted(&self) -> bool {
        self.by != BEFORE
    }

    /// Whether somebody may take back what is noted: whoever noted it, for a day.
    #[must_use]
    pub fn is_taken_back_by(&self, by: &str, now: Time) -> bool {
        self.by == by && now < self.at.plus_seconds(BACK_WITHIN_S)
    }
}

impl Exchange {
    /// What its person shows at the outlet: the end of its id, ten of `0-9A-F`. Two exchanges may share one, one
    /// time in a million millions.
    #[must_use]
    pub fn number(&self) -> String {
        let id = self.exchange_id.as_str();
        id.chars()
            .skip(CHANCE_FROM)
            .collect::<String>()
            .to_uppercase()
    }

    /// Its last two characters: enough to tell rows of a list apart, not to come for the gift.
    #[must_use]
    pub fn number_masked(&self) -> String {
        let number = self.number();
        let shown = number.chars().skip(NUMBER_CHARS.saturating_sub(2));
        format!("********{}", shown.collect::<String>())
    }
}

/// A number as somebody types it; nothing when it cannot be one.
#[must_use]
pub fn number_in(typed: &str) -> Option<String> {
    let number = typed.trim().to_uppercase();
    let is_one =
        number.len() == NUMBER_CHARS && number.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_one.then_some(number)
}

/// Exchanges whose gift was not handed out, the oldest first, behind one that was seen.
///
/// # Errors
/// The store's.
pub async fn owed(
    view: &mut View,
    behind: Option<&ExchangeId>,
    limit: i64,
) -> Result<Vec<Exchange>, StoreError> {
    view.requests().owed(behind, limit).await
}

/// Exchanges of a number, handed out or not.
///
/// # Errors
/// The store's.
pub async fn numbered(view: &mut View, number: &str) -> Result<Vec<Exchange>, StoreError> {
    view.requests().numbered(number).await
}

/// One exchange, of whomever.
///
/// # Errors
/// The store's.
pub async fn exchange_in(tx: &mut Tx, id: &ExchangeId) -> Result<Option<Exchange>, StoreError> {
    tx.requests().exchange(id).await
}

/// The gift leaves the outlet; false when it left before.
///
/// # Errors
/// The store's.
pub async fn hand_out_in(
    tx: &mut Tx,
    clerk: &Clerk<'_>,
    exchange: &Exchange,
) -> Result<bool, RequestError> {
    let (pen, actor) = (clerk.pen, clerk.actor);
    let handed = Handed {
        at: pen.now,
        by: actor.name.clone(),
    };
    let id = &exchange.exchange_id;
    if !tx.requests().hand_out(id, &handed).await? {
        return Ok(false);
    }
    let act = Act::new()
        .say("exchange_id", id.as_str())
        .say("account_id", exchange.account_id.as_str())
        .say("gift_id", exchange.gift_id.as_str());
    pen.prove(tx, actor, "points.hand_out", id.as_str(), act)
        .await?;
    Ok(true)
}

/// The gift did not leave the outlet after all; false when nobody noted that it did, or it is not theirs to take back.
///
/// # Errors
/// The store's.
pub async fn take_back_in(
    tx: &mut Tx,
    clerk: &Clerk<'_>,
    exchange: &Exchange,
) -> Result<bool, RequestError> {
    let (pen, actor) = (clerk.pen, clerk.actor);
    let noted = exchange.handed.as_ref();
    let Some(noted) = noted.filter(|one| one.is_taken_back_by(&actor.name, pen.now)) else {
        return Ok(false);
    };
    let id = &exchange.exchange_id;
    if !tx.requests().take_hand_out_back(id, noted).await? {
        return Ok(false);
    }
    let act = Act::new()
        .say("exchange_id", id.as_str())
        .say("account_id", exchange.account_id.as_str())
        .say("gift_id", exchange.gift_id.as_str());
    pen.prove(tx, actor, "points.not_handed", id.as_str(), act)
        .await?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_however_it_is_typed() {
        assert_eq!(number_in(" 0a1b2c3d4e "), Some("0A1B2C3D4E".into()));
        for odd in ["", "0A1B2C3D4", "0A1B2C3D4E5", "0A1B2C3D4G", "号"] {
            assert_eq!(number_in(odd), None, "{odd}");
        }
    }
}
