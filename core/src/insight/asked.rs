//! What the rows of the figures are: the parts that are asked for, the sums, the runs, the refusals.

use super::people::midnight;
use super::sample::{Channel, Outcome, Refusal, Sample};
use crate::shared::time::Time;

/// Two years and a day: how long days are kept, and the longest span.
pub const DAYS_KEPT: i64 = 731;
/// How long hours are kept.
pub const HOURS_KEPT_DAYS: i64 = 62;
/// People are told by the month of their first link for so many days before a span's last.
pub const YEAR_DAYS: i64 = 366;
/// How long links are kept added up by day: as far back as the first day that can be asked for tells of people.
pub const LINKS_KEPT_DAYS: i64 = DAYS_KEPT.saturating_add(YEAR_DAYS);
/// How long requests that were not done are kept one by one.
pub const REFUSALS_KEPT_DAYS: i64 = 7;
/// A longer span is told by months.
pub const DAYS_TOLD: i64 = 92;

/// How finely counts are summed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grain {
    Hour,
    Day,
    Month,
}

impl Grain {
    /// What stands in the rows.
    #[must_use]
    pub const fn number(self) -> i64 {
        match self {
            Self::Hour => 0,
            Self::Day => 1,
            Self::Month => 2,
        }
    }
}

/// By what counts are summed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    At,
    Function,
    Channel,
    Outcome,
}

/// A part of the counts with one filter at most, by which it is then summed as well, or by the moment. A filter that
/// is absent leaves nothing out. What has more is a [`Part`](super::sides::Part).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slice {
    pub grain: Grain,
    /// Both within: days, hours (`day * 24 + hour`) or months (`year * 12 + month`).
    pub from: i64,
    pub to: i64,
    pub function: Option<i64>,
    pub channel: Option<Channel>,
    pub outcome: Option<Outcome>,
    pub by: By,
}

/// One sum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What it is summed by, as a number: a moment of the grain, a function, a channel, an outcome.
    pub key: i64,
    pub region: String,
    pub n: i64,
}

/// One process's counting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    pub run: String,
    pub began_at: Time,
    /// All that was noted until then is written.
    pub flushed_at: Time,
    pub ended_at: Option<Time>,
    /// Requests it could not count.
    pub lost: i64,
}

/// What the processes that counted within a span say together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Runs {
    /// Until when all that was noted is written, by the last of them; absent when there was none.
    pub flushed_at: Option<Time>,
    /// Requests they could not count.
    pub lost: i64,
}

/// A process that did not say that it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unended {
    /// All that was noted until then is written.
    pub flushed_at: Time,
    /// When the next one after that began.
    pub next_began: Option<Time>,
}

/// Links of homes that began and ended on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Growth {
    pub day: i64,
    pub began: i64,
    pub ended: i64,
}

/// The links of one day that is over, and the people whose first link was made on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkDay {
    pub day: i64,
    pub began: i64,
    pub ended: i64,
    pub first: i64,
    /// Of them, who was still linked when the last of the days that were added up together was over.
    pub still: i64,
}

/// Of those who linked first in a month, how many are linked still.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    pub month: String,
    pub first: i64,
    pub still: i64,
}

/// Which requests that were not done. A filter that is absent leaves nothing out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    Trace(String),
    Within {
        function: Option<i64>,
        channel: Option<Channel>,
        outcome: Option<Outcome>,
        /// What was answered, a word of the code table.
        code: Option<String>,
        /// Those that may be seen.
        regions: Option<Vec<String>>,
        from: Time,
        to: Time,
        /// When the last one that was seen came, and its trace: only what is older.
        behind: Option<(Time, String)>,
    },
}

/// One request that was not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    pub trace_id: String,
    pub at: Time,
    pub function: i64,
    pub channel: Channel,
    pub status: i64,
    pub code: String,
    pub micros: i64,
    /// Of its person's home, as it is counted.
    pub region: String,
}

impl Refused {
    /// As it is kept: without its person.
    #[must_use]
    pub fn of(sample: &Sample, refusal: Refusal, region: &str) -> Self {
        Self {
            trace_id: format!("{:032x}", refusal.trace),
            at: sample.at,
            function: sample.function,
            channel: sample.channel,
            status: i64::from(refusal.status),
            code: refusal.code.to_owned(),
            micros: i64::from(sample.micros),
            region: region.to_owned(),
        }
    }
}

/// The number of the month of a day.
#[must_use]
pub fn month_of(day: i64) -> i64 {
    let date = midnight(day).shanghai_date();
    let mut parts = date.split('-').map(|part| part.parse::<i64>().unwrap_or(0));
    let (year, month) = (parts.next().unwrap_or(0), parts.next().unwrap_or(1));
    year.saturating_mul(12)
        .saturating_add(month)
        .saturating_sub(1)
}

/// `YYYY-MM` of a month's number.
#[must_use]
pub fn month_name(number: i64) -> String {
    let month = number.rem_euclid(12).saturating_add(1);
    format!("{}-{month:02}", number.div_euclid(12))
}

/// The word that stands in the rows by its number; absent for a number of no word.
#[must_use]
pub fn word_of<T: Copy>(
    all: &[T],
    number: i64,
    say: fn(T) -> &'static str,
) -> Option<&'static str> {
    let at = usize::try_from(number).ok();
    at.and_then(|at| all.get(at)).map(|one| say(*one))
}

/// The number by which a word of a list stands in the rows.
#[must_use]
pub fn number_of<T: PartialEq>(all: &[T], one: &T) -> i64 {
    let at = all.iter().position(|other| other == one);
    at.and_then(|at| i64::try_from(at).ok()).unwrap_or(-1)
}
