//! Why this month's bill differs from the month before: energy, price, days.

use super::figures::Bill;
use crate::shared::energy::Kwh;
use crate::shared::money::Fen;

/// The difference to the bill before, split so that the two effects sum to it exactly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// The period compared with.
    pub period: String,
    pub energy_delta: Kwh,
    pub charge_delta: Fen,
    /// What the other price and steps make: the rest.
    pub price_effect: Fen,
    /// What the other energy makes at the average price of the month before.
    pub energy_effect: Fen,
    pub days_delta: i64,
}

/// Compares a bill with an earlier one; `None` when a difference is out of range.
#[must_use]
pub fn compare(bill: &Bill, before: &Bill) -> Option<Comparison> {
    let energy_delta = bill.energy.minus(before.energy)?;
    let charge_delta = bill.total.minus(before.total).ok()?;
    let energy_effect = at_average_price(energy_delta, before).unwrap_or(charge_delta);
    Some(Comparison {
        period: before.period.clone(),
        energy_delta,
        charge_delta,
        price_effect: charge_delta.minus(energy_effect).ok()?,
        energy_effect,
        days_delta: bill.days.checked_sub(before.days)?,
    })
}

/// `energy x (total / energy of the bill)`, rounded half away from zero to the fen. A month without
/// energy has no average price: `None`, the whole difference then counts as energy.
fn at_average_price(energy: Kwh, of: &Bill) -> Option<Fen> {
    let whole = i128::from(of.energy.scaled());
    if whole <= 0 {
        return None;
    }
    let product = i128::from(energy.scaled()).checked_mul(i128::from(of.total.get()))?;
    let half = whole.checked_div(2)?;
    let away = if product < 0 {
        half.checked_neg()?
    } else {
        half
    };
    let rounded = product.checked_add(away)?.checked_div(whole)?;
    i64::try_from(rounded).ok().map(Fen::new)
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "small numbers of a test")]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::shared::time::Time;

    fn bill(energy: i64, total: i64, days: i64) -> Bill {
        Bill {
            period: "2026-09".into(),
            issued_on: "2026-10-03".into(),
            due_date: "2026-10-25".into(),
            days,
            readings: Vec::new(),
            lines: Vec::new(),
            tiers: Vec::new(),
            energy: Kwh::from_scaled(energy),
            year_to_date: Kwh::ZERO,
            total: Fen::new(total),
            paid: true,
            as_of: Time::default(),
        }
    }

    #[test]
    fn a_dearer_step_is_price_and_more_energy_is_energy() {
        // 100 kWh for 53.80, then 150 kWh of which 50 in a step of 0.588: 53.80 + 29.40 = 83.20.
        let told = compare(&bill(1_500_000, 8320, 31), &bill(1_000_000, 5380, 30)).unwrap();
        assert_eq!(told.energy_effect, Fen::new(2690));
        assert_eq!(told.price_effect, Fen::new(250));
        assert_eq!(told.charge_delta, Fen::new(2940));
        assert_eq!(
            (told.days_delta, told.energy_delta.to_string()),
            (1, "50".into())
        );
    }

    #[test]
    fn a_month_without_energy_has_no_price_to_compare() {
        let told = compare(&bill(1_000_000, 5380, 30), &bill(0, 0, 31)).unwrap();
        assert_eq!(told.energy_effect, Fen::new(5380));
        assert_eq!(told.price_effect, Fen::ZERO);
    }

    #[test]
    fn halves_go_away_from_zero_both_ways() {
        // One unit more or less at 1.5 fen a unit.
        let up = compare(&bill(3, 5, 1), &bill(2, 3, 1)).unwrap();
        let down = compare(&bill(1, 1, 1), &bill(2, 3, 1)).unwrap();
        assert_eq!(
            (up.energy_effect, down.energy_effect),
            (Fen::new(2), Fen::new(-2))
        );
    }

    proptest! {
        #[test]
        fn the_two_effects_are_the_whole_difference(
            (energy, total) in (0_i64..10_000_000_000, 0_i64..10_000_000_000),
            (energy_before, total_before) in (0_i64..10_000_000_000, 0_i64..10_000_000_000),
        ) {
            let told = compare(&bill(energy, total, 30), &bill(energy_before, total_before, 31)).unwrap();
            prop_assert_eq!(told.price_effect.plus(told.energy_effect), Ok(told.charge_delta));
            prop_assert_eq!(told.charge_delta, Fen::new(total - total_before));
        }

        #[test]
        fn the_same_price_has_no_price_effect_beyond_rounding(
            price in 1_i64..2000, energy in 0_i64..1_000_000, before in 1_i64..1_000_000,
        ) {
            let told = compare(&bill(energy, energy * price, 30), &bill(before, before * price, 30)).unwrap();
            prop_assert_eq!(told.price_effect, Fen::ZERO);
        }
    }
}
