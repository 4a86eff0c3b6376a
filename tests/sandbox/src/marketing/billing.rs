//! Bills: chained readings, energy over tiers, amounts rounded once per line (domain.md 3.2, 3.3, 3.8).

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::calendar::Period;
use super::metering::{Meter, MeterReading};
use super::tariff::{Accumulation, BillLine, TariffRow, Tariffs};

/// A published bill. It never changes.
#[derive(Debug, Clone)]
pub(super) struct Bill {
    pub(super) period: Period,
    pub(super) days: i32,
    pub(super) readings: Vec<MeterReading>,
    pub(super) energy_kwh: Decimal,
    /// Energy of the calendar year up to and with this bill.
    pub(super) year_to_date_kwh: Decimal,
    pub(super) lines: Vec<BillLine>,
    pub(super) tariff: TariffRow,
    pub(super) total_fen: i64,
}

/// What [`history`] bills.
#[derive(Debug)]
pub(super) struct History<'a> {
    pub(super) meters: &'a [Meter],
    pub(super) tariff_code: &'a str,
    pub(super) first: Period,
    pub(super) last: Period,
    /// A month whose meters were not read: it has no bill, its energy is on the next one.
    pub(super) unread: Option<Period>,
}

/// Every bill of the span, oldest first. A period for which the tariff has no row gets none.
pub(super) fn history(span: &History<'_>, tariffs: &Tariffs) -> Vec<Bill> {
    let mut registers: Vec<i64> = span.meters.iter().map(|m| m.start_hundredths).collect();
    let mut bills: Vec<Bill> = Vec::new();
    let mut from = span.first.first_day();
    let mut period = span.first;
    while period <= span.last {
        if span.unread != Some(period)
            && let Some(row) = tariffs.at(span.tariff_code, period)
        {
            let to = period.next().first_day();
            let readings = read_all(span.meters, &mut registers, from, to);
            let used = year_use(&bills, period);
            bills.push(issue(period, from, to, readings, row, used));
            from = to;
        }
        period = period.next();
    }
    bills
}

fn read_all(meters: &[Meter], registers: &mut [i64], from: Date, to: Date) -> Vec<MeterReading> {
    let read_one = |(meter, register): (&Meter, &mut i64)| {
        let (reading, current) = meter.read(*register, from, to);
        *register = current;
        reading
    };
    meters
        .iter()
        .zip(registers.iter_mut())
        .map(read_one)
        .collect()
}

/// Energy already billed in the calendar year of `period`.
fn year_use(bills: &[Bill], period: Period) -> Decimal {
    let last = bills
        .last()
        .filter(|bill| bill.period.year() == period.year());
    last.map_or(Decimal::ZERO, |bill| bill.year_to_date_kwh)
}

fn issue(
    period: Period,
    from: Date,
    to: Date,
    readings: Vec<MeterReading>,
    row: &TariffRow,
    used_this_year: Decimal,
) -> Bill {
    let energy: Decimal = readings.iter().map(|r| r.energy_kwh).sum();
    let lines = row.walk(counted_before(row, used_this_year), energy);
    Bill {
        period,
        days: days_between(from, to),
        readings,
        energy_kwh: energy.normalize(),
        year_to_date_kwh: (used_this_year + energy).normalize(),
        total_fen: lines.iter().map(|line| line.amount_fen).sum(),
        lines,
        tariff: row.clone(),
    }
}

fn counted_before(row: &TariffRow, used_this_year: Decimal) -> Decimal {
    match row.accumulation {
        Accumulation::Year => used_this_year,
        Accumulation::Month => Decimal::ZERO,
    }
}

fn days_between(from: Date, to: Date) -> i32 {
    i32::try_from(to.duration_since(from).as_hours() / 24).unwrap_or(i32::MAX)
}

/// The provisional charge in fen for the energy used since the last bill, month by month, as a bill
/// of each month would price it. An estimate (测算), never a bill.
pub(super) fn estimated_since_fen(
    meters: &[Meter],
    tariff_code: &str,
    bills: &[Bill],
    today: Date,
    tariffs: &Tariffs,
) -> i64 {
    let Some(last) = bills.last() else { return 0 };
    let mut used = (last.period.year(), last.year_to_date_kwh);
    let mut period = last.period.next();
    let mut total_fen = 0;
    while period <= Period::of(today) {
        let to = period.next().first_day().min(today);
        let energy: Decimal = meters
            .iter()
            .map(|m| m.energy_kwh(period.first_day(), to))
            .sum();
        if used.0 != period.year() {
            used = (period.year(), Decimal::ZERO);
        }
        if let Some(row) = tariffs.at(tariff_code, period) {
            let lines = row.walk(counted_before(row, used.1), energy);
            total_fen += lines.iter().map(|line| line.amount_fen).sum::<i64>();
        }
        used.1 += energy;
        period = period.next();
    }
    total_fen
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::super::dice::Dice;
    use super::super::metering::{Habit, daily_usage, days};
    use super::super::tariff::{COMMERCIAL, RESIDENTIAL_MONTH, RESIDENTIAL_YEAR, charge_fen};
    use super::*;

    fn meter(seed: u64, multiplier: i64, daily_hundredths: i64) -> Meter {
        let habit = Habit {
            daily_hundredths,
            rests_at_weekend: false,
            time_of_use: true,
        };
        let dice = Dice::new(seed);
        Meter {
            meter_no: format!("M{seed}"),
            multiplier,
            start_hundredths: 12_345,
            habit,
            dice,
        }
    }

    fn bill(meters: &[Meter], code: &str, unread: Option<&str>) -> Vec<Bill> {
        let period = |text: &str| text.parse().unwrap();
        let span = History {
            meters,
            tariff_code: code,
            first: period("2024-11"),
            last: period("2026-10"),
            unread: unread.map(period),
        };
        history(&span, &Tariffs::standard())
    }

    #[test]
    fn an_unread_month_is_billed_with_the_next_one() {
        let meters = [meter(5, 1, 900)];
        let whole = bill(&meters, RESIDENTIAL_YEAR, None);
        let gap = bill(&meters, RESIDENTIAL_YEAR, Some("2026-04"));
        assert_eq!((whole.len(), gap.len()), (24, 23));
        let may = gap
            .iter()
            .find(|b| b.period.to_string() == "2026-05")
            .unwrap();
        assert_eq!(may.days, 61);
        assert_eq!(may.readings[0].previous, {
            let march = gap
                .iter()
                .find(|b| b.period.to_string() == "2026-03")
                .unwrap();
            march.readings[0].current
        });
        assert_eq!(gap[22].year_to_date_kwh, whole[23].year_to_date_kwh);
    }

    #[test]
    fn the_year_starts_anew_in_january() {
        let bills = bill(&[meter(9, 1, 1400)], RESIDENTIAL_YEAR, None);
        for bill in bills.iter().filter(|b| b.period.month() == 1) {
            assert_eq!(bill.year_to_date_kwh, bill.energy_kwh);
            assert_eq!(bill.lines[0].tier, 1);
        }
        assert!(
            bills.iter().any(|b| b.lines.len() == 2),
            "some month crosses a tier"
        );
    }

    #[test]
    fn the_estimate_of_a_finished_month_is_what_its_bill_will_say() {
        let meters = [meter(3, 1, 1100)];
        let all = bill(&meters, RESIDENTIAL_YEAR, None);
        let (october, before) = all.split_last().unwrap();
        let tariffs = Tariffs::standard();
        let on = |today| estimated_since_fen(&meters, RESIDENTIAL_YEAR, before, today, &tariffs);
        assert_eq!(on(date(2026, 10, 1)), 0);
        assert!(on(date(2026, 10, 20)) > 0);
        assert_eq!(on(date(2026, 11, 1)), october.total_fen);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn bills_recompute_chain_and_add_up(
            seed in any::<u64>(), multiplier in 1_i64..60, daily in 0_i64..2_500,
            second in any::<bool>(), code in 0_usize..3,
        ) {
            let code = [RESIDENTIAL_YEAR, RESIDENTIAL_MONTH, COMMERCIAL][code];
            let mut meters = vec![meter(seed, multiplier, daily)];
            if second {
                meters.push(meter(seed.wrapping_add(1), 1, daily / 2));
            }
            let bills = bill(&meters, code, None);
            prop_assert_eq!(bills.len(), 24);
            let mut year = (0, Decimal::ZERO);
            for bill in &bills {
                if year.0 != bill.period.year() {
                    year = (bill.period.year(), Decimal::ZERO);
                }
                let by_reading: Decimal = bill.readings.iter()
                    .map(|r| (r.current - r.previous) * Decimal::from(r.multiplier)).sum();
                prop_assert_eq!(by_reading, bill.energy_kwh);
                prop_assert_eq!(bill.lines.iter().map(|l| l.quantity_kwh).sum::<Decimal>(), by_reading);
                for line in &bill.lines {
                    prop_assert_eq!(line.amount_fen, charge_fen(line.quantity_kwh, line.price_yuan_per_kwh));
                }
                prop_assert_eq!(bill.lines.iter().map(|l| l.amount_fen).sum::<i64>(), bill.total_fen);
                year.1 += bill.energy_kwh;
                prop_assert_eq!(bill.year_to_date_kwh, year.1);
            }
            for pair in bills.windows(2) {
                for (before, after) in pair[0].readings.iter().zip(&pair[1].readings) {
                    prop_assert_eq!(before.current, after.previous);
                }
            }
        }

        #[test]
        fn a_month_of_days_is_its_bill_and_periods_of_a_day_add_up(seed in any::<u64>()) {
            let meters = [meter(seed, 1, 800)];
            let october = bill(&meters, RESIDENTIAL_YEAR, None).pop().unwrap();
            let mut sum = Decimal::ZERO;
            for day in days(date(2026, 10, 1), date(2026, 11, 1)) {
                match daily_usage(&meters, day) {
                    Some(usage) => {
                        let parts = usage.peak_kwh.unwrap() + usage.flat_kwh.unwrap() + usage.valley_kwh.unwrap();
                        prop_assert_eq!(parts, usage.energy_kwh);
                        sum += usage.energy_kwh;
                    }
                    None => sum += meters[0].energy_kwh(day, day.tomorrow().unwrap()),
                }
            }
            prop_assert_eq!(sum, october.energy_kwh);
        }
    }
}
