//! Meters and what they register. A meter's register grows by a repeatable amount every day, so daily
//! usage, chained readings and bills are three views of the same energy.

use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};
use rust_decimal::Decimal;
use serde::Serialize;

use super::dice::Dice;

/// Share of a whole, in percent, a month's weather adds or takes: January first.
const SEASON_PERCENT: [i64; 12] = [128, 118, 98, 88, 84, 96, 130, 136, 102, 86, 94, 116];

/// How a place uses energy.
#[derive(Debug, Clone, Copy)]
pub(super) struct Habit {
    /// Mean of a day, in hundredths of a register unit.
    pub(super) daily_hundredths: i64,
    /// Whether the place rests at the weekend (shops) instead of being at home then.
    pub(super) rests_at_weekend: bool,
    /// Whether usage is metered by peak, flat and valley period.
    pub(super) time_of_use: bool,
}

/// A meter of one consumer.
#[derive(Debug, Clone)]
pub(super) struct Meter {
    pub(super) meter_no: String,
    /// Energy = register difference x multiplier (倍率).
    pub(super) multiplier: i64,
    /// Register at the start of the history, in hundredths.
    pub(super) start_hundredths: i64,
    pub(super) habit: Habit,
    pub(super) dice: Dice,
}

/// One meter's part of a bill.
#[derive(Debug, Clone, Serialize)]
pub(super) struct MeterReading {
    pub(super) meter_no: String,
    pub(super) previous: Decimal,
    pub(super) current: Decimal,
    pub(super) multiplier: i64,
    pub(super) energy_kwh: Decimal,
}

/// One day of one consumer as the head-end system froze it.
#[derive(Debug, Clone, Serialize)]
pub(super) struct DailyUsage {
    pub(super) date: Date,
    pub(super) energy_kwh: Decimal,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) peak_kwh: Option<Decimal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) flat_kwh: Option<Decimal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) valley_kwh: Option<Decimal>,
    pub(super) quality: &'static str,
}

impl Meter {
    /// What the register moves on `date`, in hundredths.
    fn moved_hundredths(&self, date: Date) -> i64 {
        let season = usize::try_from(date.month() - 1)
            .ok()
            .and_then(|month| SEASON_PERCENT.get(month).copied())
            .unwrap_or(100);
        let weekend = matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
        let weekday = match (weekend, self.habit.rests_at_weekend) {
            (true, true) => 40,
            (true, false) => 112,
            (false, _) => 100,
        };
        let noise = self.dice.of("noise", ordinal(date)).between(72, 128);
        self.habit.daily_hundredths * season * weekday * noise / 1_000_000
    }

    /// Energy of the days `from..to`.
    pub(super) fn energy_kwh(&self, from: Date, to: Date) -> Decimal {
        Decimal::new(self.moved_between(from, to) * self.multiplier, 2)
    }

    fn moved_between(&self, from: Date, to: Date) -> i64 {
        days(from, to).map(|date| self.moved_hundredths(date)).sum()
    }

    /// The reading of `from..to` when the register stood at `previous_hundredths`, and where it
    /// stands afterwards.
    pub(super) fn read(
        &self,
        previous_hundredths: i64,
        from: Date,
        to: Date,
    ) -> (MeterReading, i64) {
        let moved = self.moved_between(from, to);
        let current = previous_hundredths + moved;
        let reading = MeterReading {
            meter_no: self.meter_no.clone(),
            previous: Decimal::new(previous_hundredths, 2),
            current: Decimal::new(current, 2),
            multiplier: self.multiplier,
            energy_kwh: Decimal::new(moved * self.multiplier, 2).normalize(),
        };
        (reading, current)
    }
}

/// The frozen day of all `meters` together; `None` when it never arrived from the field, which is
/// not the same as no use.
pub(super) fn daily_usage(meters: &[Meter], date: Date) -> Option<DailyUsage> {
    let first = meters.first()?;
    let field = first.dice.of("field", ordinal(date));
    if field.of("lost", 0).below(1000) < 8 {
        return None;
    }
    let energy: i64 = meters
        .iter()
        .map(|m| m.moved_hundredths(date) * m.multiplier)
        .sum();
    let split = first.habit.time_of_use.then(|| {
        let peak = energy * field.of("peak", 0).between(38, 46) / 100;
        let valley = energy * field.of("valley", 0).between(18, 28) / 100;
        (peak, energy - peak - valley, valley)
    });
    let kwh = |hundredths| Decimal::new(hundredths, 2).normalize();
    Some(DailyUsage {
        date,
        energy_kwh: kwh(energy),
        peak_kwh: split.map(|(peak, _, _)| kwh(peak)),
        flat_kwh: split.map(|(_, flat, _)| kwh(flat)),
        valley_kwh: split.map(|(_, _, valley)| kwh(valley)),
        quality: if field.of("quality", 0).below(1000) < 15 {
            "estimated"
        } else {
            "actual"
        },
    })
}

/// Every day of `from..to`.
pub(super) fn days(from: Date, to: Date) -> impl Iterator<Item = Date> {
    from.series(1.day()).take_while(move |date| *date < to)
}

/// A number that no other day has.
fn ordinal(date: Date) -> u64 {
    let year = u64::try_from(date.year()).unwrap_or(0);
    year * 1000 + u64::try_from(date.day_of_year()).unwrap_or(0)
}
