//! A channel: through which terminals people come, what it offers, how much it takes, how well it does.

use crate::insight::{Channel, Outcome};
use crate::shared::time::Time;

/// The most a limit may be set to.
pub const PER_MINUTE_MAX: i64 = 1_000_000;

/// One channel as it is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelRow {
    pub channel: Channel,
    /// The kinds of terminals behind it, as words: `phone`, `browser`, `program`.
    pub terminals: Vec<String>,
    /// How many requests a minute it takes on one node.
    pub per_minute: Option<i64>,
    pub changed_at: Time,
}

/// A function that a channel does not offer for now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closing {
    pub channel: Channel,
    /// Its number among the functions of the figures.
    pub function: i64,
    pub reason: String,
    /// `staff:{id}`.
    pub closed_by: String,
    pub closed_at: Time,
}

/// How a channel did in a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Score {
    pub channel: Channel,
    /// `2026-11`
    pub month: String,
    pub calls: i64,
    /// Of a thousand requests, how many were answered: neither failed nor turned away as too many.
    pub answered_permille: i64,
    /// Of a thousand that were answered, how many were done.
    pub done_permille: i64,
    /// 0 to 100.
    pub points: i64,
    pub scored_at: Time,
}

/// What a channel's requests came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Came {
    pub done: i64,
    pub refused: i64,
    pub limited: i64,
    pub failed: i64,
}

/// Points for having answered, and for having done what was asked: together a hundred.
pub const FOR_ANSWERING: i64 = 70;
pub const FOR_DOING: i64 = 30;

fn permille(part: i64, whole: i64) -> i64 {
    part.saturating_mul(1_000).checked_div(whole).unwrap_or(0)
}

impl Came {
    /// Adds requests that ended so.
    pub fn add(&mut self, outcome: Outcome, n: i64) {
        let of = match outcome {
            Outcome::Done => &mut self.done,
            Outcome::Refused => &mut self.refused,
            Outcome::Limited => &mut self.limited,
            Outcome::Failed => &mut self.failed,
        };
        *of = of.saturating_add(n);
    }

    #[must_use]
    pub const fn calls(self) -> i64 {
        self.answered()
            .saturating_add(self.limited)
            .saturating_add(self.failed)
    }

    const fn answered(self) -> i64 {
        self.done.saturating_add(self.refused)
    }

    /// The rule: 70 points by the share that was answered, 30 by the share of these that was done,
    /// rounded half up. Nobody came: no score.
    #[must_use]
    pub fn score(self, channel: Channel, month: &str, now: Time) -> Option<Score> {
        if self.calls() == 0 {
            return None;
        }
        let answered_permille = permille(self.answered(), self.calls());
        let done_permille = permille(self.done, self.answered());
        let weighed = answered_permille
            .saturating_mul(FOR_ANSWERING)
            .saturating_add(done_permille.saturating_mul(FOR_DOING));
        Some(Score {
            channel,
            month: month.to_owned(),
            calls: self.calls(),
            answered_permille,
            done_permille,
            points: weighed.saturating_add(500).div_euclid(1_000),
            scored_at: now,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ec_15_the_score_is_what_the_rule_says() {
        let points = |done, refused, limited, failed| {
            let came = Came {
                done,
                refused,
                limited,
                failed,
            };
            came.score(Channel::H5, "2026-11", Time::default())
                .map(|score| score.points)
        };
        assert_eq!(points(0, 0, 0, 0), None);
        assert_eq!(points(10, 0, 0, 0), Some(100));
        assert_eq!(points(0, 0, 0, 10), Some(0));
        assert_eq!(points(0, 10, 0, 0), Some(70));
        // 900 of 1,000 answered, 800 of these 900 done: 0.900 * 70 + 0.888 * 30 = 89.64
        assert_eq!(points(800, 100, 40, 60), Some(90));
        // 0.500 * 70 + 1.000 * 30
        assert_eq!(points(1, 0, 1, 0), Some(65));
    }
}
