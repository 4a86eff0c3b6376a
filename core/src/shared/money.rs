//! Money is integer fen (1/100 yuan), always checked. There is no float anywhere near it.

use serde::{Deserialize, Serialize};

/// An amount in fen. May be negative only where a difference is meant.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Fen(i64);

/// Arithmetic left the range of `i64`, or a text was not an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    #[error("the amount is out of range")]
    OutOfRange,
    #[error("the text is not an amount in yuan with two decimals")]
    NotAnAmount,
}

impl Fen {
    pub const ZERO: Self = Self(0);

    #[must_use]
    pub const fn new(fen: i64) -> Self {
        Self(fen)
    }

    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }

    #[must_use]
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }

    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        self.0
            .checked_add(other.0)
            .map(Self)
            .ok_or(MoneyError::OutOfRange)
    }

    pub fn minus(self, other: Self) -> Result<Self, MoneyError> {
        self.0
            .checked_sub(other.0)
            .map(Self)
            .ok_or(MoneyError::OutOfRange)
    }

    pub fn sum(amounts: impl IntoIterator<Item = Self>) -> Result<Self, MoneyError> {
        amounts.into_iter().try_fold(Self::ZERO, Self::plus)
    }

    /// `12840` -> `"128.40"`: the form Alipay and people read.
    #[must_use]
    pub fn yuan(self) -> String {
        let sign = if self.0 < 0 { "-" } else { "" };
        let fen = self.0.unsigned_abs();
        format!("{sign}{}.{:02}", fen.div_euclid(100), fen.rem_euclid(100))
    }

    /// Reads `"128.40"`, `"128.4"` or `"128"`. No sign, exponent, separator or blank is accepted.
    pub fn parse_yuan(text: &str) -> Result<Self, MoneyError> {
        let (yuan, fen) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
        if !digits(yuan) || !digits(fen) || yuan.len() > 15 || fen.len() > 2 {
            return Err(MoneyError::NotAnAmount);
        }
        let yuan: i64 = yuan.parse().map_err(|_| MoneyError::NotAnAmount)?;
        let scale = if fen.len() == 1 { 10 } else { 1 };
        let fen: i64 = fen.parse().map_err(|_| MoneyError::NotAnAmount)?;
        yuan.checked_mul(100)
            .and_then(|y| fen.checked_mul(scale).and_then(|f| y.checked_add(f)))
            .map(Self)
            .ok_or(MoneyError::OutOfRange)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yuan_text_round_trips() {
        for fen in [0, 1, 9, 10, 99, 100, 12_840, 9_999_999_999] {
            assert_eq!(Fen::parse_yuan(&Fen::new(fen).yuan()), Ok(Fen::new(fen)));
        }
        assert_eq!(Fen::new(-105).yuan(), "-1.05");
        assert_eq!(Fen::parse_yuan("7.5"), Ok(Fen::new(750)));
    }

    #[test]
    fn loose_amounts_are_refused() {
        for bad in [
            "",
            ".",
            "1.",
            ".5",
            "-1",
            "+1",
            "1e3",
            "1_000",
            " 1",
            "1.234",
            "9999999999999999",
        ] {
            assert!(Fen::parse_yuan(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn overflow_is_an_error_not_a_wrap() {
        assert_eq!(
            Fen::new(i64::MAX).plus(Fen::new(1)),
            Err(MoneyError::OutOfRange)
        );
        assert_eq!(
            Fen::new(i64::MIN).minus(Fen::new(1)),
            Err(MoneyError::OutOfRange)
        );
    }
}
