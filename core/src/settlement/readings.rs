//! A month of generation as the meter head-end tells it: per day and part of the day, what was
//! generated and what of it was fed in. Checked whole; a day that is missing stays visible as a gap and
//! is never taken for zero.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::shared::energy::Kwh;
use crate::shared::period::Period;
use crate::shared::time::{Day, Time};
use crate::tariffs::Slot;

/// One part of one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measured {
    pub generated: Kwh,
    /// What the meter's reverse register counted.
    pub fed_in: Kwh,
}

/// One day's parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayReading {
    pub day: Day,
    pub parts: Vec<(Slot, Measured)>,
}

/// What the head-end answered for one generation number and month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonthReading {
    /// When the head-end froze these values.
    pub read_at: Time,
    pub days: Vec<DayReading>,
}

/// Why a month of readings is refused. Nothing of it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReadingFault {
    #[error("negative energy on {0}")]
    Negative(Day),
    #[error("more was fed in than generated on {0}")]
    MoreThanGenerated(Day),
    #[error("{0} is told twice, or a part of it is")]
    Twice(Day),
    #[error("{0} is not of the month asked for")]
    OtherMonth(Day),
    #[error("a day without any part: {0}")]
    NoParts(Day),
    #[error("energy of {0} beyond any household's roof")]
    TooMuch(Day),
    #[error("the head-end's clock lies before what was collected already, or ahead of ours")]
    Clock,
    #[error("the kept readings cannot be read")]
    Unreadable,
}

impl ReadingFault {
    /// Its word, of which a case tells and the console has the words.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Negative(_) => "negative",
            Self::MoreThanGenerated(_) => "more_than_generated",
            Self::Twice(_) => "twice",
            Self::OtherMonth(_) => "other_month",
            Self::NoParts(_) => "no_parts",
            Self::TooMuch(_) => "too_much",
            Self::Clock => "clock",
            Self::Unreadable => "unreadable",
        }
    }

    /// The day it is about, when it is about one.
    #[must_use]
    pub const fn day(self) -> Option<Day> {
        match self {
            Self::Negative(day)
            | Self::MoreThanGenerated(day)
            | Self::Twice(day)
            | Self::OtherMonth(day)
            | Self::NoParts(day)
            | Self::TooMuch(day) => Some(day),
            Self::Clock | Self::Unreadable => None,
        }
    }
}

/// No roof of this service makes more in one part of a day.
pub const PART_MAX: Kwh = Kwh::from_scaled(1_000_000_000);

/// A checked month, days in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonthEnergy {
    pub period: Period,
    days: BTreeMap<Day, Vec<(Slot, Measured)>>,
}

impl MonthEnergy {
    /// Checks an answer of the head-end.
    ///
    /// # Errors
    /// See [`ReadingFault`].
    pub fn check(
        period: &Period,
        reading: MonthReading,
        now: Time,
        collected_before: Option<Time>,
    ) -> Result<Self, ReadingFault> {
        let backwards = collected_before.is_some_and(|before| reading.read_at < before);
        if backwards || reading.read_at > now {
            return Err(ReadingFault::Clock);
        }
        let mut days = BTreeMap::new();
        for reading in reading.days {
            let day = reading.day;
            if Period::of_day(day) != *period {
                return Err(ReadingFault::OtherMonth(day));
            }
            if reading.parts.is_empty() {
                return Err(ReadingFault::NoParts(day));
            }
            let mut parts = reading.parts;
            parts.sort_by_key(|(slot, _)| slot.as_str());
            let twins = parts.iter().zip(parts.iter().skip(1));
            if twins.into_iter().any(|(one, next)| one.0 == next.0) {
                return Err(ReadingFault::Twice(day));
            }
            for (_, measured) in &parts {
                if measured.generated < Kwh::ZERO || measured.fed_in < Kwh::ZERO {
                    return Err(ReadingFault::Negative(day));
                }
                if measured.fed_in > measured.generated {
                    return Err(ReadingFault::MoreThanGenerated(day));
                }
                if measured.generated > PART_MAX {
                    return Err(ReadingFault::TooMuch(day));
                }
            }
            if days.insert(day, parts).is_some() {
                return Err(ReadingFault::Twice(day));
            }
        }
        Ok(Self {
            period: period.clone(),
            days,
        })
    }

    pub fn days(&self) -> impl Iterator<Item = (Day, &[(Slot, Measured)])> {
        self.days
            .iter()
            .map(|(day, parts)| (*day, parts.as_slice()))
    }

    /// The days of the month nothing is known of.
    #[must_use]
    pub fn gaps(&self) -> Vec<Day> {
        let days = self.period.days();
        days.filter(|day| !self.days.contains_key(day)).collect()
    }

    /// One line per day and part, in order: what is stored, and equal exactly when the readings are.
    #[must_use]
    pub fn canonical(&self) -> String {
        let mut text = String::new();
        for (day, parts) in &self.days {
            for (slot, measured) in parts {
                // Writing to a String cannot fail.
                let _ = writeln!(
                    text,
                    "{day} {} {} {}",
                    slot.as_str(),
                    measured.generated,
                    measured.fed_in
                );
            }
        }
        text
    }

    /// Reads what [`MonthEnergy::canonical`] wrote.
    ///
    /// # Errors
    /// [`ReadingFault::Unreadable`] for anything else.
    pub fn from_canonical(period: &Period, text: &str) -> Result<Self, ReadingFault> {
        let mut days: BTreeMap<Day, Vec<(Slot, Measured)>> = BTreeMap::new();
        for line in text.lines() {
            let mut words = line.split(' ');
            let mut word = || words.next().ok_or(ReadingFault::Unreadable);
            let day = Day::parse(word()?).map_err(|_| ReadingFault::Unreadable)?;
            let slot = Slot::parse(word()?).ok_or(ReadingFault::Unreadable)?;
            let generated = Kwh::parse(word()?).map_err(|_| ReadingFault::Unreadable)?;
            let fed_in = Kwh::parse(word()?).map_err(|_| ReadingFault::Unreadable)?;
            let measured = Measured { generated, fed_in };
            days.entry(day).or_default().push((slot, measured));
        }
        Ok(Self {
            period: period.clone(),
            days,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn period() -> Period {
        Period::parse("2026-10").unwrap()
    }

    fn now() -> Time {
        Time::parse_rfc3339("2026-11-01T02:00:00+08:00").unwrap()
    }

    fn part(slot: Slot, generated: &str, fed_in: &str) -> (Slot, Measured) {
        let measured = Measured {
            generated: Kwh::parse(generated).unwrap(),
            fed_in: Kwh::parse(fed_in).unwrap(),
        };
        (slot, measured)
    }

    fn day(text: &str, parts: Vec<(Slot, Measured)>) -> DayReading {
        let day = Day::parse(text).unwrap();
        DayReading { day, parts }
    }

    fn check(days: Vec<DayReading>) -> Result<MonthEnergy, ReadingFault> {
        let read_at = now().plus_seconds(-60);
        MonthEnergy::check(&period(), MonthReading { read_at, days }, now(), None)
    }

    #[test]
    fn a_missing_day_is_a_gap_and_never_zero() {
        let days = period()
            .days()
            .filter(|day| day.to_string() != "2026-10-07");
        let days = days.map(|day| DayReading {
            day,
            parts: vec![part(Slot::Peak, "4", "3.5"), part(Slot::Valley, "1", "0")],
        });
        let month = check(days.collect()).unwrap();
        assert_eq!(month.gaps(), [Day::parse("2026-10-07").unwrap()]);
        let again = MonthEnergy::from_canonical(&period(), &month.canonical());
        assert_eq!(again, Ok(month));
        let damaged = MonthEnergy::from_canonical(&period(), "2026-10-01 peak 1\n");
        assert_eq!(damaged, Err(ReadingFault::Unreadable));
    }

    #[test]
    fn bad_readings_are_refused_whole_and_named() {
        let first = Day::parse("2026-10-01").unwrap();
        let cases = [
            (
                vec![part(Slot::Peak, "-0.0001", "-1")],
                ReadingFault::Negative(first),
            ),
            (
                vec![part(Slot::Peak, "1", "1.0001")],
                ReadingFault::MoreThanGenerated(first),
            ),
            (vec![], ReadingFault::NoParts(first)),
            (
                vec![part(Slot::Peak, "100000.0001", "0")],
                ReadingFault::TooMuch(first),
            ),
            (
                vec![part(Slot::Peak, "1", "1"), part(Slot::Peak, "1", "1")],
                ReadingFault::Twice(first),
            ),
        ];
        for (parts, fault) in cases {
            assert_eq!(check(vec![day("2026-10-01", parts)]), Err(fault));
        }
        assert!(
            check(vec![day(
                "2026-10-01",
                vec![part(Slot::Peak, "100000", "0")]
            )])
            .is_ok()
        );
        let foreign = day("2026-11-01", vec![part(Slot::Flat, "1", "1")]);
        assert_eq!(
            check(vec![foreign.clone()]),
            Err(ReadingFault::OtherMonth(foreign.day))
        );
        let one = day("2026-10-01", vec![part(Slot::Flat, "1", "1")]);
        assert_eq!(
            check(vec![one.clone(), one]),
            Err(ReadingFault::Twice(first))
        );
    }

    #[test]
    fn a_clock_that_goes_backwards_is_refused() {
        let at = |seconds| MonthReading {
            read_at: now().plus_seconds(seconds),
            days: vec![],
        };
        let before = Some(now().plus_seconds(-60));
        let check = |reading, before| MonthEnergy::check(&period(), reading, now(), before);
        assert_eq!(check(at(-61), before), Err(ReadingFault::Clock));
        assert!(check(at(-60), before).is_ok());
        assert_eq!(check(at(1), None), Err(ReadingFault::Clock));
    }
}
