//! The ways from the figures of use to the counts they are the sums of.

use lifeline_core::insight::Outcome;
use lifeline_core::insight::asked::{DAYS_KEPT, month_of};
use lifeline_core::insight::people::midnight;
use lifeline_core::insight::report::{Figure, Statistics};

use super::before;
use super::frame::Frame;
use super::statistics::{Query, crowd, kept};

/// Ways from the figures of a span to the counts they are the sums of: the same filters, and one more.
pub(super) struct Ways<'a> {
    pub(super) query: &'a Query,
    pub(super) from: &'a str,
    pub(super) to: &'a str,
}

impl Ways<'_> {
    pub(super) fn all(&self) -> String {
        counts_of(self.query, self.from, self.to)
    }

    pub(super) fn with(&self, set: impl FnOnce(&mut Query)) -> String {
        let mut query = self.query.clone();
        set(&mut query);
        counts_of(&query, self.from, self.to)
    }

    pub(super) fn function(&self, name: &str) -> String {
        self.with(|query| name.clone_into(&mut query.function))
    }

    /// Of the people who managed a step in a month: its requests that were done.
    fn step(&self, name: &str, month: (i64, i64)) -> String {
        let query = Query {
            function: name.to_owned(),
            outcome: Outcome::Done.as_str().to_owned(),
            ..Query::default()
        };
        counts_of(&query, &date(month.0), &date(month.1))
    }
}

pub(super) fn date(day: i64) -> String {
    midnight(day).shanghai_date()
}

/// Where the counts of some filters are.
pub(super) fn counts_of(query: &Query, from: &str, to: &str) -> String {
    format!("/console/statistics/counts?{}", kept(query, from, to))
}

/// Different people at a step.
pub(super) struct Step {
    pub(super) name: &'static str,
    pub(super) people: String,
    /// In the month before.
    pub(super) before: String,
    pub(super) to: String,
}

/// The steps of a month, each with the way to its requests.
pub(super) fn steps(
    figures: &Statistics,
    frame: &Frame,
    ways: &Ways<'_>,
    month: (i64, i64),
) -> Vec<Step> {
    let step = |one: &Figure| Step {
        name: frame.function(&one.name),
        people: crowd((one.n >= 0).then_some(one.n)),
        before: before::step(one.before, frame.t("statistics.not_kept")),
        to: ways.step(&one.name, month),
    };
    figures.funnel.iter().map(step).collect()
}

/// The days of a day's month until today that can be asked for.
pub(super) fn month_around(day: i64, today: i64) -> (i64, i64) {
    let same = |other: &i64| month_of(*other) == month_of(day);
    let kept = today.saturating_sub(DAYS_KEPT).saturating_add(1);
    let first = (0..31).map(|back| day.saturating_sub(back));
    let last = (0..31).map(|on| day.saturating_add(on).min(today));
    (
        first.take_while(same).last().unwrap_or(day).max(kept),
        last.take_while(same).last().unwrap_or(day),
    )
}
