//! The ids and numbers of this room.

use crate::shared::ids::typed_id;
use crate::shared::personal::{personal, tail};

typed_id! {
    /// One seller of power.
    GenerationAccountId;
    /// One personal data table: identity, energy and amounts of one account while one contract runs.
    PersonalTableId;
    /// What opens one personal data table, and only that.
    PermissionId;
    /// One key pair of an account; the `kid` of its public key.
    KeyPairId;
    /// One request to its owner to check a month's settlement (table K).
    CheckTaskId;
    /// One order to pay a month's amount (table T).
    TradeTaskId;
}

personal! {
    /// The utility's number for one generator at one place.
    GenerationNo;
    /// Where the owner is paid: the number of a bank card or account.
    TradingAccount;
}

/// The text is not a number of this kind. Never carries it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a number of this kind")]
pub struct NotANumber;

impl GenerationNo {
    /// 10 or 13 digits, as consumer numbers. Says nothing about existence.
    ///
    /// # Errors
    /// [`NotANumber`] for any other shape.
    pub fn parse(text: &str) -> Result<Self, NotANumber> {
        let plain = text.trim();
        if matches!(plain.len(), 10 | 13) && plain.bytes().all(|b| b.is_ascii_digit()) {
            Ok(Self::from_store(plain.to_owned()))
        } else {
            Err(NotANumber)
        }
    }

    /// All but the last four hidden.
    #[must_use]
    pub fn masked(&self) -> String {
        let stars = self.expose().chars().count().saturating_sub(4);
        format!("{}{}", "*".repeat(stars), tail(self.expose(), 4))
    }
}

impl TradingAccount {
    /// 12 to 30 digits.
    ///
    /// # Errors
    /// [`NotANumber`] for any other shape.
    pub fn parse(text: &str) -> Result<Self, NotANumber> {
        let plain: String = text.chars().filter(|c| *c != ' ').collect();
        if (12..=30).contains(&plain.len()) && plain.bytes().all(|b| b.is_ascii_digit()) {
            Ok(Self::from_store(plain))
        } else {
            Err(NotANumber)
        }
    }

    /// The last four digits.
    #[must_use]
    pub fn masked(&self) -> String {
        format!("****{}", tail(self.expose(), 4))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_a_shape_and_are_masked() {
        let number = GenerationNo::parse(" 1504990020061 ").unwrap();
        assert_eq!(number.masked(), "*********0061");
        assert_eq!(format!("{number:?}"), "[GenerationNo]");
        for bad in [
            "",
            "150499002006",
            "15049900200611",
            "15049900200６1",
            "150499002006x",
        ] {
            assert_eq!(GenerationNo::parse(bad), Err(NotANumber), "{bad}");
        }
        let card = TradingAccount::parse("6217 0000 0000 0000 005").unwrap();
        assert_eq!(card.masked(), "****0005");
        for bad in ["12345678901", "6217-000000000000005", &"1".repeat(31)] {
            assert_eq!(TradingAccount::parse(bad), Err(NotANumber), "{bad}");
        }
    }
}
