//! Prices and the one calculation that bills, estimates and settlement share.
//!
//! A charge is energy x unit price, computed with all digits and rounded once per line, half up
//! (domain.md 3.2: "multiplies with all digits, rounds only the fee to fen").

mod price_book;

pub use price_book::{PriceBook, PriceFault, PriceKind, PriceRow, Slot, TaxBook, TaxRow};

use crate::shared::energy::{Kwh, Price};
use crate::shared::money::{Fen, MoneyError};

/// Energy is 1e-4 kWh and price 1e-8 yuan: their product counts 1e-12 yuan, a fen is 1e10 of them.
const UNITS_PER_FEN: i128 = 10_000_000_000;

/// `energy x price`, rounded half up (away from zero for a negative line) to the fen.
pub fn line_charge(energy: Kwh, price: Price) -> Result<Fen, MoneyError> {
    let exact = i128::from(energy.scaled())
        .checked_mul(i128::from(price.scaled()))
        .ok_or(MoneyError::OutOfRange)?;
    let half = UNITS_PER_FEN.div_euclid(2);
    let magnitude = exact.unsigned_abs().checked_add(half.unsigned_abs());
    let rounded = magnitude
        .map(|m| m.div_euclid(UNITS_PER_FEN.unsigned_abs()))
        .and_then(|m| i64::try_from(m).ok())
        .ok_or(MoneyError::OutOfRange)?;
    Ok(Fen::new(if exact < 0 {
        rounded.saturating_neg()
    } else {
        rounded
    }))
}

/// The formula of a line as it is printed: `60 kWh x 0.538 yuan/kWh = 32.28 yuan`.
#[must_use]
pub fn line_formula(energy: Kwh, price: Price, charge: Fen) -> String {
    format!("{energy} kWh x {price} yuan/kWh = {} yuan", charge.yuan())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn charge(energy: &str, price: &str) -> i64 {
        line_charge(Kwh::parse(energy).unwrap(), Price::parse(price).unwrap())
            .unwrap()
            .get()
    }

    #[test]
    fn worked_figures_of_the_handbook() {
        assert_eq!(charge("260", "0.66286875"), 17_235); // 172.345875 -> 172.35
        assert_eq!(charge("60", "0.538") + charge("90", "0.588"), 8_520);
        assert_eq!(charge("123.45", "0.3035"), 3_747); // 37.467075 -> 37.47
    }

    #[test]
    fn halves_go_away_from_zero_and_range_is_checked() {
        assert_eq!(charge("1", "0.005"), 1);
        assert_eq!(charge("-1", "0.005"), -1);
        assert_eq!(charge("1", "0.00499999"), 0);
        let huge = Kwh::from_scaled(i64::MAX);
        assert_eq!(
            line_charge(huge, Price::from_scaled(i64::MAX)),
            Err(MoneyError::OutOfRange)
        );
    }
}
