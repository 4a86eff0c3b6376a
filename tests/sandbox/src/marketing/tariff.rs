//! Tariffs as dated rows, and the walk up their tiers that makes bill lines (domain.md 3.2, 3.3).

use jiff::civil::Date;
use rust_decimal::prelude::ToPrimitive as _;
use rust_decimal::{Decimal, RoundingStrategy};
use serde::Serialize;

use super::calendar::Period;

/// Over which span consumption adds up before the price rises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Accumulation {
    /// Calendar year; the count starts anew on 1 January.
    Year,
    /// Each bill period for itself.
    Month,
}

/// Where the figures of a row come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Source {
    /// A public price table named in domain.md 3.3.
    Published,
    /// Shaped like the real one, but no official table was found.
    Unverified,
}

/// One tier: its price holds up to and including `up_to_kwh`; the last tier has no upper end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Tier {
    pub(super) tier: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) up_to_kwh: Option<Decimal>,
    pub(super) price_yuan_per_kwh: Decimal,
}

/// One version of a tariff, valid for periods that begin in `valid_from..valid_to`.
#[derive(Debug, Clone)]
pub(super) struct TariffRow {
    pub(super) code: &'static str,
    pub(super) name: &'static str,
    pub(super) valid_from: Date,
    pub(super) valid_to: Option<Date>,
    pub(super) accumulation: Accumulation,
    pub(super) source: Source,
    pub(super) tiers: Vec<Tier>,
}

/// One line of a bill: energy of one tier at one price, rounded once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct BillLine {
    pub(super) kind: &'static str,
    pub(super) tier: u8,
    pub(super) quantity_kwh: Decimal,
    pub(super) price_yuan_per_kwh: Decimal,
    pub(super) amount_fen: i64,
}

impl TariffRow {
    fn covers(&self, date: Date) -> bool {
        self.valid_from <= date && self.valid_to.is_none_or(|end| date < end)
    }

    /// Splits `energy_kwh`, used on top of `used_before_kwh`, over the tiers. One line per tier that
    /// got any; no energy, no line.
    pub(super) fn walk(&self, used_before_kwh: Decimal, energy_kwh: Decimal) -> Vec<BillLine> {
        let end = used_before_kwh + energy_kwh;
        let mut reached = used_before_kwh;
        let mut lines = Vec::new();
        for tier in &self.tiers {
            let top = tier.up_to_kwh.map_or(end, |limit| limit.min(end));
            if top <= reached {
                continue;
            }
            let quantity_kwh = (top - reached).normalize();
            lines.push(BillLine {
                kind: "energy",
                tier: tier.tier,
                quantity_kwh,
                price_yuan_per_kwh: tier.price_yuan_per_kwh,
                amount_fen: charge_fen(quantity_kwh, tier.price_yuan_per_kwh),
            });
            reached = top;
        }
        lines
    }
}

/// `quantity x price` in fen, rounded half up once, with all digits of both kept until then.
pub(super) fn charge_fen(quantity_kwh: Decimal, price_yuan_per_kwh: Decimal) -> i64 {
    let fen = quantity_kwh * price_yuan_per_kwh * Decimal::ONE_HUNDRED;
    fen.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero)
        .to_i64()
        .unwrap_or(0)
}

/// The price table of the utility.
#[derive(Debug, Clone)]
pub(super) struct Tariffs(Vec<TariffRow>);

/// Residential, metered one by one, tiers over the calendar year.
pub(super) const RESIDENTIAL_YEAR: &str = "RES-TIER-YEAR";
/// Residential, tiers over the month.
pub(super) const RESIDENTIAL_MONTH: &str = "RES-TIER-MONTH";
/// General commerce, one price.
pub(super) const COMMERCIAL: &str = "COM-SINGLE";

impl Tariffs {
    /// The rows in force.
    pub(super) fn standard() -> Self {
        let price_change = jiff::civil::date(2026, 1, 1);
        let row = |code, name, accumulation, source, tiers| TariffRow {
            code,
            name,
            valid_from: jiff::civil::date(2012, 7, 1),
            valid_to: None,
            accumulation,
            source,
            tiers,
        };
        let year = row(
            RESIDENTIAL_YEAR,
            "居民生活用电（一户一表，年阶梯）",
            Accumulation::Year,
            Source::Published,
            tiers(&[(Some(2760), 538), (Some(4800), 588), (None, 838)]),
        );
        let month = |mills: [i64; 3]| {
            row(
                RESIDENTIAL_MONTH,
                "居民生活用电（一户一表，月阶梯）",
                Accumulation::Month,
                Source::Unverified,
                tiers(&[
                    (Some(170), mills[0]),
                    (Some(260), mills[1]),
                    (None, mills[2]),
                ]),
            )
        };
        let commercial = row(
            COMMERCIAL,
            "一般工商业用电（单一制）",
            Accumulation::Month,
            Source::Unverified,
            tiers(&[(None, 698)]),
        );
        Self(vec![
            year,
            TariffRow {
                valid_to: Some(price_change),
                ..month([487, 537, 787])
            },
            TariffRow {
                valid_from: price_change,
                ..month([500, 550, 800])
            },
            commercial,
        ])
    }

    /// The row of `code` that prices `period`.
    pub(super) fn at(&self, code: &str, period: Period) -> Option<&TariffRow> {
        self.0
            .iter()
            .find(|row| row.code == code && row.covers(period.first_day()))
    }

    /// Every row, for the sandbox's own page.
    pub(super) fn rows(&self) -> &[TariffRow] {
        &self.0
    }
}

/// Tiers from `(upper end in kWh, price in thousandths of a yuan)`.
fn tiers(steps: &[(Option<i64>, i64)]) -> Vec<Tier> {
    (1_u8..)
        .zip(steps)
        .map(|(tier, &(up_to, mills))| Tier {
            tier,
            up_to_kwh: up_to.map(Decimal::from),
            price_yuan_per_kwh: Decimal::new(mills, 3),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn kwh(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn row(code: &str, period: &str) -> TariffRow {
        Tariffs::standard()
            .at(code, period.parse().unwrap())
            .unwrap()
            .clone()
    }

    #[test]
    fn a_month_that_crosses_the_first_tier() {
        let lines = row(RESIDENTIAL_YEAR, "2026-10").walk(kwh("2700"), kwh("150"));
        let shown: Vec<_> = lines
            .iter()
            .map(|l| (l.tier, l.quantity_kwh, l.amount_fen))
            .collect();
        assert_eq!(shown, [(1, kwh("60"), 3228), (2, kwh("90"), 5292)]);
        assert_eq!(lines.iter().map(|l| l.amount_fen).sum::<i64>(), 8520);
    }

    #[test]
    fn the_upper_end_belongs_to_the_lower_tier() {
        let yearly = row(RESIDENTIAL_YEAR, "2026-10");
        assert_eq!(yearly.walk(kwh("2700"), kwh("60")).len(), 1);
        let next = yearly.walk(kwh("2760"), kwh("0.01"));
        assert_eq!(next.iter().map(|l| l.tier).collect::<Vec<_>>(), [2]);
        let all_three = yearly.walk(kwh("2759.5"), kwh("2041"));
        assert_eq!(
            all_three.iter().map(|l| l.tier).collect::<Vec<_>>(),
            [1, 2, 3]
        );
    }

    #[test]
    fn every_digit_counts_until_the_one_rounding() {
        assert_eq!(charge_fen(kwh("260"), kwh("0.66286875")), 17235);
        assert_eq!(charge_fen(kwh("123.45"), kwh("0.3035")), 3747);
        assert_eq!(charge_fen(kwh("0.01"), kwh("0.5")), 1, "half a fen goes up");
        assert_eq!(charge_fen(kwh("0.01"), kwh("0.49")), 0);
    }

    #[test]
    fn dated_rows_neither_overlap_nor_leave_a_gap() {
        let before = row(RESIDENTIAL_MONTH, "2025-12");
        let after = row(RESIDENTIAL_MONTH, "2026-01");
        assert_eq!(before.valid_to, Some(after.valid_from));
        assert_eq!(before.source, Source::Unverified);
        for code in [RESIDENTIAL_YEAR, RESIDENTIAL_MONTH, COMMERCIAL] {
            let mut period: Period = "2020-01".parse().unwrap();
            for _ in 0..120 {
                let valid = Tariffs::standard();
                let rows = valid.rows().iter().filter(|r| r.code == code);
                assert_eq!(rows.filter(|r| r.covers(period.first_day())).count(), 1);
                period = period.next();
            }
        }
    }

    proptest! {
        #[test]
        fn the_walk_loses_no_energy_and_no_tier_overflows(
            used in 0_i64..800_000, energy in 0_i64..400_000, code in 0_usize..3,
        ) {
            let code = [RESIDENTIAL_YEAR, RESIDENTIAL_MONTH, COMMERCIAL][code];
            let row = row(code, "2026-10");
            let (used, energy) = (Decimal::new(used, 2), Decimal::new(energy, 2));
            let lines = row.walk(used, energy);
            prop_assert_eq!(lines.iter().map(|l| l.quantity_kwh).sum::<Decimal>(), energy);
            prop_assert!(lines.iter().all(|l| l.quantity_kwh > Decimal::ZERO));
            prop_assert!(lines.windows(2).all(|w| w[0].tier < w[1].tier));
            let mut lower = Decimal::ZERO;
            for tier in &row.tiers {
                let got = lines.iter().find(|l| l.tier == tier.tier).map_or(Decimal::ZERO, |l| l.quantity_kwh);
                if let Some(upper) = tier.up_to_kwh {
                    prop_assert!(got <= upper - lower);
                    lower = upper;
                }
            }
        }

        #[test]
        fn splitting_a_month_moves_the_sum_by_rounding_only(
            used in 0_i64..600_000, first in 0_i64..100_000, second in 0_i64..100_000,
        ) {
            let row = row(RESIDENTIAL_YEAR, "2026-10");
            let sum = |used, energy| {
                row.walk(Decimal::new(used, 2), Decimal::new(energy, 2))
                    .iter().map(|l| l.amount_fen).sum::<i64>()
            };
            let whole = sum(used, first + second);
            let parts = sum(used, first) + sum(used + first, second);
            prop_assert!((whole - parts).abs() <= 3, "{} {}", whole, parts);
        }
    }
}
