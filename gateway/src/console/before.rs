//! What is said of the span before beside the figures of use.

use lifeline_core::insight::asked::Growth;
use lifeline_core::insight::people::told_beside;
use lifeline_core::insight::report::Statistics;

use super::followers::total;
use super::statistics::{crowd, millis, permille};

/// Numbers as they are shown.
pub(super) struct Before {
    pub(super) done: String,
    pub(super) p50: String,
    pub(super) p95: String,
    pub(super) p99: String,
    /// Of the day, the week and the month.
    pub(super) people: [String; 3],
    pub(super) began: String,
    pub(super) ended: String,
}

/// Nothing of fewer than five, nor a sum that gives a day of so few away.
fn links(figures: &Statistics, of: fn(&Growth) -> i64, not_kept: &str) -> String {
    let days = figures.earlier.growth.as_ref();
    days.map_or_else(
        || not_kept.to_owned(),
        |days| {
            let days: Vec<i64> = days.iter().map(of).collect();
            total(told_beside(days.iter().sum(), &days))
        },
    )
}

/// People at a step of the month before; -1 stands for few.
pub(super) fn step(before: Option<i64>, not_kept: &str) -> String {
    let told = |n: i64| crowd((n >= 0).then_some(n));
    before.map_or_else(|| not_kept.to_owned(), told)
}

/// What is said beside these figures, in place of what is not kept `not_kept`.
pub(super) fn before(figures: &Statistics, not_kept: &str) -> Before {
    let (earlier, none) = (&figures.earlier, || not_kept.to_owned());
    let took = |place: usize| match earlier.latency {
        Some(took) => millis(took.get(place).copied().flatten()),
        None => none(),
    };
    Before {
        done: match figures.calls_before {
            Some(_) => permille(earlier.done_permille),
            None => none(),
        },
        p50: took(0),
        p95: took(1),
        p99: took(2),
        people: earlier.people.map(|said| said.map_or_else(none, total)),
        began: links(figures, |day| day.began, not_kept),
        ended: links(figures, |day| day.ended, not_kept),
    }
}
