//! How many different people there were, without keeping who.
//!
//! A person is a hash under a salt of the period's kind. Of the hashes of a period the smallest
//! [`KEPT`] are kept: while there are fewer, they are all, and the count is exact; beyond, the
//! largest of them tells how densely the rest lie. Two such sets merge into that of both. The salt is
//! destroyed when its period is over: then nobody can ask whether somebody was among them.

use sha2::{Digest as _, Sha256};

use crate::shared::time::{SHANGHAI_AHEAD_S, Time};

/// Hashes kept of one period: the count's relative standard error beyond it is 1/sqrt(KEPT - 2) = 0.90 %.
pub const KEPT: usize = 12_288;
/// The same as rows of a store.
pub const KEPT_ROWS: i64 = 12_288;
/// A hash has so many bits: enough that a million people hardly ever share one.
const BITS: u32 = 48;
/// Cells of fewer people are not told: somebody could be recognised in them.
pub const TOLD_FROM: i64 = 5;

/// What a count is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Period {
    Day,
    Week,
    Month,
}

const DAY_S: i64 = 86_400;

impl Period {
    pub const ALL: [Self; 3] = [Self::Day, Self::Week, Self::Month];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|period| period.as_str() == text)
    }

    /// The period of a moment: the day, the Monday of its week, or the month, in Shanghai.
    #[must_use]
    pub fn of(self, at: Time) -> String {
        match self {
            Self::Day => at.shanghai_date(),
            // Day 0 of 1970 was a Thursday: three days after its Monday.
            Self::Week => {
                let day = day_number(at);
                let monday = day.saturating_sub(day.saturating_add(3).rem_euclid(7));
                midnight(monday).shanghai_date()
            }
            Self::Month => at.shanghai_date().chars().take(7).collect(),
        }
    }
}

/// Days since 1970-01-01 in Shanghai.
#[must_use]
pub const fn day_number(at: Time) -> i64 {
    at.unix_seconds()
        .saturating_add(SHANGHAI_AHEAD_S)
        .div_euclid(DAY_S)
}

/// When a day of that number begins.
#[must_use]
pub const fn midnight(day: i64) -> Time {
    Time::from_micros(0).plus_seconds(day.saturating_mul(DAY_S).saturating_sub(SHANGHAI_AHEAD_S))
}

/// Somebody's hash under a salt.
#[must_use]
pub fn hashed(salt: &[u8], person: u128) -> i64 {
    let digest = Sha256::new()
        .chain_update(salt)
        .chain_update(person.to_be_bytes())
        .finalize();
    let mut wide = [0_u8; 8];
    for (to, from) in wide.iter_mut().skip(2).zip(digest.iter()) {
        *to = *from;
    }
    i64::from_be_bytes(wide)
}

/// How many people the kept hashes of a period stand for: how many there are, at most [`KEPT`], and the largest.
#[must_use]
pub fn stands_for((n, largest): (i64, i64)) -> i64 {
    if n < KEPT_ROWS {
        return n;
    }
    // (k - 1) / (largest as a part of the whole), rounded.
    let whole = 1_u128.checked_shl(BITS).unwrap_or(u128::MAX);
    let above = u128::try_from(KEPT_ROWS.saturating_sub(1)).unwrap_or(0);
    let part = u128::try_from(largest.saturating_add(1))
        .unwrap_or(1)
        .max(1);
    let half = part.div_euclid(2);
    let found = above
        .saturating_mul(whole)
        .saturating_add(half)
        .div_euclid(part);
    i64::try_from(found).unwrap_or(i64::MAX)
}

/// What a page says of a count: nothing below [`TOLD_FROM`].
#[must_use]
pub fn told(count: i64) -> Option<i64> {
    (count == 0 || count >= TOLD_FROM).then_some(count)
}

/// What a page says of a sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Total {
    Told(i64),
    /// Below [`TOLD_FROM`].
    Few,
    /// Beside its parts, or beside another sum of some of them, it would tell what is not told of one of them.
    Withheld,
}

/// What a page says of a sum whose parts stand beside it. It is told only where every part is: the same parts are summed
/// over other spans as well, and two sums that differ by an untold part would tell it between them. Of several untold parts
/// not even that they are few together: of four that would tell each.
#[must_use]
pub fn told_beside(sum: i64, parts: &[i64]) -> Total {
    let untold = parts.iter().filter(|part| told(**part).is_none()).count();
    match (untold, told(sum)) {
        (0, Some(sum)) => Total::Told(sum),
        (0 | 1, None) => Total::Few,
        _ => Total::Withheld,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn kept(salt: &[u8], people: impl Iterator<Item = u128>) -> Vec<i64> {
        let all: BTreeSet<i64> = people.map(|person| hashed(salt, person)).collect();
        all.into_iter().take(KEPT).collect()
    }

    /// What the store says of a crowd.
    fn count(kept: &[i64]) -> i64 {
        let n = i64::try_from(kept.len()).unwrap();
        stands_for((n, kept.last().copied().unwrap_or(0)))
    }

    #[test]
    fn as_many_rows_are_kept_as_hashes() {
        assert_eq!(usize::try_from(KEPT_ROWS), Ok(KEPT));
    }

    #[test]
    fn ln_31_few_people_are_counted_exactly() {
        for n in [0, 1, 4, 5, 12_287] {
            let exact = i64::try_from(n).unwrap();
            assert_eq!(count(&kept(b"salt", 0..n)), exact);
        }
    }

    /// Over many salts: the error's standard deviation, not one lucky draw.
    #[test]
    fn ln_31_many_people_are_counted_within_one_percent() {
        const N: i64 = 60_000;
        let rounds: i64 = 12;
        let mut squares = 0_i64;
        for salt in 0..rounds {
            let found = count(&kept(&salt.to_be_bytes(), 0..60_000));
            let tenths_of_permille = (found - N) * 10_000 / N;
            squares += tenths_of_permille * tenths_of_permille;
        }
        // 1 % is 100 of these; the square of it is compared, so that no root is taken.
        assert!(squares / rounds <= 100 * 100, "{}", squares / rounds);
    }

    #[test]
    fn ln_31_two_halves_merge_into_the_whole() {
        let (one, two) = (kept(b"s", 0..30_000), kept(b"s", 20_000..50_000));
        let merged: BTreeSet<i64> = one.into_iter().chain(two).collect();
        let merged: Vec<i64> = merged.into_iter().take(KEPT).collect();
        assert_eq!(merged, kept(b"s", 0..50_000));
    }

    #[test]
    fn ln_31_cells_below_five_are_not_told() {
        assert_eq!([0, 1, 4, 5].map(told), [Some(0), None, None, Some(5)]);
    }

    #[test]
    fn c10_a_sum_gives_no_untold_part_away() {
        let beside = |parts: &[i64]| told_beside(parts.iter().sum(), parts);
        let cases: [(&[i64], Total); 11] = [
            (&[], Total::Told(0)),
            (&[0, 4], Total::Few),
            (&[1, 1, 2], Total::Withheld),
            (&[5, 6, 0], Total::Told(11)),
            (&[5, 4], Total::Withheld),
            (&[70, 1, 0], Total::Withheld),
            (&[70, 2, 2], Total::Withheld),
            (&[70, 4, 4], Total::Withheld),
            (&[70, 1, 1, 1, 1, 1], Total::Withheld),
            (&[70, 3, 4], Total::Withheld),
            (&[70, 2, 1, 3], Total::Withheld),
        ];
        for (parts, said) in cases {
            assert_eq!(beside(parts), said, "{parts:?}");
        }
        // Who is in two parts is once in the sum.
        assert_eq!(told_beside(72, &[70, 3, 4]), Total::Withheld);
        assert_eq!(told_beside(3, &[]), Total::Few);
    }

    #[test]
    fn c10_two_spans_give_no_untold_day_between_them_away() {
        let lists: [&[i64]; 4] = [
            &[3, 4, 2],
            &[70, 3, 4, 2],
            &[1, 1, 1, 1, 1, 1],
            &[6, 0, 3, 9, 9],
        ];
        for days in lists {
            let sum = |from: usize, to: usize| {
                let span = &days[from..to];
                match told_beside(span.iter().sum(), span) {
                    Total::Told(n) => Some(n),
                    Total::Few | Total::Withheld => None,
                }
            };
            for from in 0..days.len() {
                for to in from + 1..=days.len() {
                    let inner = (from..=to).flat_map(|a| (a..=to).map(move |b| (a, b)));
                    for (a, b) in inner {
                        if let (Some(all), Some(some)) = (sum(from, to), sum(a, b)) {
                            assert!(told(all - some).is_some(), "{days:?} {from}..{to} {a}..{b}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn periods_begin_in_shanghai_and_weeks_on_monday() {
        let at = |text| Time::parse_rfc3339(text).unwrap();
        let sunday = at("2026-11-22T23:59:59+08:00");
        assert_eq!(Period::Day.of(sunday), "2026-11-22");
        assert_eq!(Period::Week.of(sunday), "2026-11-16");
        assert_eq!(
            Period::Week.of(at("2026-11-23T00:00:00+08:00")),
            "2026-11-23"
        );
        assert_eq!(Period::Month.of(at("2026-11-30T16:00:00Z")), "2026-12");
        assert_eq!(
            midnight(day_number(sunday)),
            at("2026-11-22T00:00:00+08:00")
        );
    }
}
