//! Energy in 1e-4 kWh and unit price in 1e-8 yuan/kWh, as integers (domain.md 3.2).

use serde::{Deserialize, Serialize};

/// Energy in units of 0.0001 kWh.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(try_from = "String", into = "String")]
pub struct Kwh(i64);

/// Unit price in units of 1e-8 yuan per kWh.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(try_from = "String", into = "String")]
pub struct Price(i64);

/// The text is not a plain decimal within the type's places and range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the text is not a plain decimal number within range")]
pub struct NotADecimal;

/// Reads `-?digits[.digits]` with at most `places` decimals as an integer scaled by 10^places.
fn parse_scaled(text: &str, places: u32) -> Result<i64, NotADecimal> {
    let (negative, plain) = text
        .strip_prefix('-')
        .map_or((false, text), |rest| (true, rest));
    let (whole, part) = plain.split_once('.').unwrap_or((plain, ""));
    let digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    let part_len = u32::try_from(part.len()).map_err(|_| NotADecimal)?;
    let dotted_empty = plain.contains('.') && part.is_empty();
    if whole.is_empty() || dotted_empty || part_len > places || !digits(whole) || !digits(part) {
        return Err(NotADecimal);
    }
    let number: i64 = format!("{whole}{part}").parse().map_err(|_| NotADecimal)?;
    let scale = 10_i64
        .checked_pow(places.saturating_sub(part_len))
        .ok_or(NotADecimal)?;
    let scaled = number.checked_mul(scale).ok_or(NotADecimal)?;
    if negative {
        scaled.checked_neg().ok_or(NotADecimal)
    } else {
        Ok(scaled)
    }
}

/// Shortest decimal text: trailing zeros after the point are dropped.
fn render_scaled(value: i64, places: usize) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let digits = format!(
        "{:0>width$}",
        value.unsigned_abs(),
        width = places.saturating_add(1)
    );
    let (whole, part) = digits.split_at(digits.len().saturating_sub(places));
    let part = part.trim_end_matches('0');
    if part.is_empty() {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{part}")
    }
}

macro_rules! scaled_decimal {
    ($name:ident, $places:literal) => {
        impl $name {
            pub const ZERO: Self = Self(0);

            #[must_use]
            pub const fn from_scaled(units: i64) -> Self {
                Self(units)
            }

            #[must_use]
            pub const fn scaled(self) -> i64 {
                self.0
            }

            pub fn parse(text: &str) -> Result<Self, NotADecimal> {
                parse_scaled(text, $places).map(Self)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&render_scaled(self.0, $places))
            }
        }

        impl TryFrom<String> for $name {
            type Error = NotADecimal;
            fn try_from(text: String) -> Result<Self, NotADecimal> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.to_string()
            }
        }
    };
}

scaled_decimal!(Kwh, 4);
scaled_decimal!(Price, 8);

impl Kwh {
    #[must_use]
    pub fn minus(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    #[must_use]
    pub fn plus(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_round_trip() {
        for text in ["0", "60", "0.0001", "123.45", "-3.5", "710"] {
            assert_eq!(Kwh::parse(text).map(|k| k.to_string()).as_deref(), Ok(text));
        }
        assert_eq!(
            Price::parse("0.66286875").map(Price::scaled),
            Ok(66_286_875)
        );
        assert_eq!(
            Kwh::parse("1.50").map(|k| k.to_string()).as_deref(),
            Ok("1.5")
        );
    }

    #[test]
    fn other_forms_are_refused() {
        for bad in [
            "",
            "-",
            ".",
            "1.",
            ".1",
            "1e2",
            "1_0",
            "+1",
            "0.00001",
            "99999999999999999999",
        ] {
            assert!(Kwh::parse(bad).is_err(), "{bad}");
        }
    }
}
