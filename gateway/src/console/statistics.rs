//! The figures of use: a span with the span before, each with the way to what stands behind it.

use actix_web::{HttpResponse, web};
use askama::Template;
use lifeline_core::insight::asked::{Growth, Kept};
use lifeline_core::insight::function::FUNCTIONS;
use lifeline_core::insight::people::{day_number, told, told_beside};
use lifeline_core::insight::report::{Figure, Statistics};
use lifeline_core::insight::sample::NOWHERE;
use lifeline_core::insight::{Ask, Channel, Function, Insight, InsightError, Outcome};
use lifeline_core::operators::Right;
use lifeline_core::shared::time::Day;
use serde::Deserialize;

use super::access::{Access, Pages};
use super::before::{Before, before};
use super::chart::{self, Chart};
use super::fault::Fault;
use super::followers::total;
use super::frame::{Frame, page};
use super::visitor::Visitor;
use super::ways::{Step, Ways, counts_of, date, month_around, steps};

pub(super) fn pages(pages: &mut Pages<'_>) {
    let read = Access::May(Right::ReadStatistics);
    pages.get("/console/statistics", read, show);
}

/// What a page of figures is asked. All of it stands in the address, which can be kept and handed on.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Query {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) function: String,
    pub(super) channel: String,
    pub(super) outcome: String,
    pub(super) region: String,
    /// Of the counts behind: a day of the week from 0, which is Monday, and an hour of the day.
    pub(super) weekday: String,
    pub(super) hour: String,
    /// What was answered, of requests that were not done.
    pub(super) why: String,
    /// The last of them that was seen, where they go on.
    pub(super) after: String,
    pub(super) form: String,
    pub(super) said: String,
}

impl From<InsightError> for Fault {
    fn from(error: InsightError) -> Self {
        match error {
            InsightError::Store(error) => error.into(),
            InsightError::Span => Self::Invalid("fault.span"),
            InsightError::OutOfScope => Self::Forbidden,
            InsightError::NoSuch => Self::NotFound,
        }
    }
}

/// A filter: empty leaves nothing out, a word nobody knows is refused.
pub(super) fn filter<T>(text: &str, parse: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Fault> {
    if text.is_empty() {
        return Ok(None);
    }
    parse(text).map(Some).ok_or(Fault::Invalid("fault.filter"))
}

pub(super) fn day(text: &str, otherwise: i64) -> Result<i64, Fault> {
    if text.is_empty() {
        return Ok(otherwise);
    }
    let day = Day::parse(text).map_err(|_| Fault::Invalid("fault.span"))?;
    Ok(day_number(day.end().plus_seconds(-1)))
}

pub(super) fn asked(query: &Query, visitor: &Visitor, insight: &Insight) -> Result<Ask, Fault> {
    let today = insight.today();
    let region = (!query.region.is_empty()).then_some(query.region.as_str());
    let regions = visitor.acting.staff.scope.narrowed(region);
    Ok(Ask {
        from: day(&query.from, today.saturating_sub(6))?,
        to: day(&query.to, today)?,
        function: filter(&query.function, |name| {
            Function::named(name).map(|f| f.number)
        })?,
        channel: filter(&query.channel, Channel::parse)?,
        outcome: filter(&query.outcome, Outcome::parse)?,
        regions: regions.map_err(|_| Fault::Forbidden)?,
    })
}

struct Bar {
    /// In words.
    name: String,
    n: i64,
    before: String,
    /// Of a thousand of the largest.
    part: i64,
    /// Where the counts are that it is the sum of; empty where there is no way to them.
    to: String,
    /// How it went over the span.
    spark: Option<Chart>,
}

/// One hour of the week.
struct Hour {
    n: i64,
    shade: i64,
    to: String,
}

#[derive(Template)]
#[template(path = "console/statistics.html")]
struct StatisticsPage {
    frame: Frame,
    query: Query,
    from: String,
    to: String,
    functions: Vec<&'static str>,
    may_export: bool,
    /// Of all regions: of a part of them neither steps nor links are told.
    whole: bool,
    as_of: String,
    figures: Statistics,
    before: String,
    p95: String,
    p50: String,
    p99: String,
    done: String,
    /// Day, week and month, each with what there were and what there were right before.
    people: Vec<(&'static str, String, String)>,
    earlier: Before,
    line: Chart,
    series: Vec<Bar>,
    tables: Vec<(&'static str, Vec<Bar>)>,
    heat: Option<Vec<(&'static str, Vec<Hour>)>>,
    funnel: Vec<Step>,
    began: String,
    ended: String,
    /// Day, links begun and ended.
    links: Vec<(String, String, String)>,
    /// Month, people, and those of them who are linked still.
    cohorts: Vec<(String, String, String)>,
    gaps: Vec<(String, String)>,
    /// The filters, to keep them on the ways from here.
    kept: String,
    /// Where the counts are that the figures are the sums of.
    behind: String,
}

/// What a file says where a number is not kept.
pub(super) const NOT_KEPT: &str = "not kept";

/// A number of the span before, or `otherwise` where that is not kept.
pub(super) fn earlier(before: Option<i64>, otherwise: &str) -> String {
    before.map_or_else(|| otherwise.to_owned(), |n| n.to_string())
}

fn bars(
    figures: &[Figure],
    not_kept: &str,
    called: impl Fn(&str) -> String,
    way: impl Fn(&str) -> String,
) -> Vec<Bar> {
    let most = figures.iter().map(|one| one.n).max().unwrap_or(0).max(1);
    let bar = |one: &Figure| Bar {
        name: called(&one.name),
        n: one.n,
        before: earlier(one.before, not_kept),
        part: one.n.saturating_mul(1000).div_euclid(most),
        to: if one.n > 0 {
            way(&one.name)
        } else {
            String::new()
        },
        spark: None,
    };
    figures.iter().map(bar).collect()
}

/// The functions, each with how it went over the span.
fn ranking(figures: &Statistics, frame: &Frame, ways: &Ways<'_>) -> Vec<Bar> {
    let none = frame.t("statistics.not_kept");
    let function = |name: &str| frame.function(name).to_owned();
    let mut bars = bars(&figures.functions, none, function, |name| {
        ways.function(name)
    });
    for (bar, one) in bars.iter_mut().zip(&figures.functions) {
        let line = figures.lines.get(&one.name);
        bar.spark = line.map(|counts| chart::spark(counts));
    }
    bars
}

/// The counts by each of their sides, in words.
fn tables(figures: &Statistics, frame: &Frame, ways: &Ways<'_>) -> Vec<(&'static str, Vec<Bar>)> {
    let channel = |name: &str| frame.channel(name).to_owned();
    let outcome = |name: &str| frame.outcome(name).to_owned();
    let region = |name: &str| match name {
        NOWHERE => frame.t("statistics.nowhere").to_owned(),
        known => known.to_owned(),
    };
    let none = frame.t("statistics.not_kept");
    let of_channel = |name: &str| ways.with(|query| name.clone_into(&mut query.channel));
    let of_outcome = |name: &str| ways.with(|query| name.clone_into(&mut query.outcome));
    // Nowhere is no region that anybody could ask for.
    let of_region = |name: &str| match name {
        NOWHERE => String::new(),
        known => ways.with(|query| known.clone_into(&mut query.region)),
    };
    let (channels, outcomes) = (&figures.channels, &figures.outcomes);
    vec![
        ("statistics.by_function", ranking(figures, frame, ways)),
        (
            "statistics.by_channel",
            bars(channels, none, channel, of_channel),
        ),
        (
            "statistics.by_outcome",
            bars(outcomes, none, outcome, of_outcome),
        ),
        (
            "statistics.by_region",
            bars(&figures.regions, none, region, of_region),
        ),
    ]
}

/// What is drawn of the span.
fn drawn(figures: &[Figure]) -> Chart {
    let point = |one: &Figure| chart::Point {
        name: one.name.clone(),
        n: Some(one.n),
        before: one.before,
    };
    chart::line(&figures.iter().map(point).collect::<Vec<_>>())
}

pub(super) fn millis(micros: Option<i64>) -> String {
    micros.map_or("—".to_owned(), |micros| {
        format!(
            "{}.{} ms",
            micros.div_euclid(1000),
            micros.rem_euclid(1000).div_euclid(100)
        )
    })
}

pub(super) fn permille(part: Option<i64>) -> String {
    part.map_or("—".to_owned(), |part| {
        format!("{}.{} %", part.div_euclid(10), part.rem_euclid(10))
    })
}

/// A count of people; fewer than five are not told.
pub(super) fn crowd(count: Option<i64>) -> String {
    count.map_or("< 5".to_owned(), |count| count.to_string())
}

pub(super) const WEEK: [&str; 7] = [
    "week.mon", "week.tue", "week.wed", "week.thu", "week.fri", "week.sat", "week.sun",
];

/// Links of the span: nothing of fewer than five, nor a sum that gives a day of so few away.
pub(super) fn links(figures: &Statistics, of: fn(&Growth) -> i64) -> String {
    let days: Vec<i64> = figures.growth.iter().map(of).collect();
    total(told_beside(days.iter().sum(), &days))
}

/// The same by day.
fn links_by_day(figures: &Statistics) -> Vec<(String, String, String)> {
    let row = |one: &Growth| {
        let (began, ended) = (crowd(told(one.began)), crowd(told(one.ended)));
        (date(one.day), began, ended)
    };
    figures.growth.iter().map(row).collect()
}

/// Who linked first in a month, and who of them stayed: nothing of fewer than five.
fn cohorts(figures: &Statistics) -> Vec<(String, String, String)> {
    let cohort = |one: &Kept| {
        let (first, still) = (crowd(told(one.first)), crowd(told(one.still)));
        (one.month.clone(), first, still)
    };
    figures.kept.iter().map(cohort).collect()
}

/// Each hour's count with its shade: none, and three of the largest.
fn shaded(week: &[Vec<i64>], behind: &str) -> Vec<(&'static str, Vec<Hour>)> {
    let most = week.iter().flatten().copied().max().unwrap_or(0).max(1);
    let shade = |n: i64| {
        let third = n.saturating_mul(3).saturating_add(most).saturating_sub(1);
        third.div_euclid(most).min(3)
    };
    let hours = |weekday: usize, hours: &Vec<i64>| -> Vec<Hour> {
        let each = hours.iter().enumerate();
        each.map(|(hour, n)| Hour {
            n: *n,
            shade: shade(*n),
            to: format!("{behind}&weekday={weekday}&hour={hour}"),
        })
        .collect()
    };
    let days = WEEK.iter().zip(week).enumerate();
    days.map(|(weekday, (name, day))| (*name, hours(weekday, day)))
        .collect()
}

pub(super) fn kept(query: &Query, from: &str, to: &str) -> String {
    let mut text = form_urlencoded::Serializer::new(String::new());
    text.append_pair("from", from).append_pair("to", to);
    for (key, value) in [
        ("function", &query.function),
        ("channel", &query.channel),
        ("outcome", &query.outcome),
        ("region", &query.region),
        ("why", &query.why),
    ] {
        if !value.is_empty() {
            text.append_pair(key, value);
        }
    }
    text.finish()
}

async fn show(
    visitor: Visitor,
    insight: web::Data<Insight>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Fault> {
    let query = query.into_inner();
    let ask = asked(&query, &visitor, &insight)?;
    let figures = insight.statistics(&ask).await?;
    let (from, to) = (date(ask.from), date(ask.to));
    let tell = |at: lifeline_core::shared::time::Time| at.alipay_text();
    let people = figures.people.map(|told| told.map(crowd));
    let people = people.into_iter().flatten();
    let words = [
        "statistics.people_day",
        "statistics.people_week",
        "statistics.people_month",
    ];
    let [p50, p95, p99] = figures.latency.map(millis);
    let frame = Frame::of(&visitor, "statistics.title");
    let not_kept = frame.t("statistics.not_kept");
    let right_before = before(&figures, not_kept);
    let ways = Ways {
        query: &query,
        from: &from,
        to: &to,
    };
    let behind = ways.all();
    let month = month_around(ask.to, insight.today());
    let days = |day: &str| {
        if figures.grain_is_month {
            // The way to the days of a month is on the page that tells the months.
            behind.clone()
        } else {
            counts_of(&query, day, day)
        }
    };
    Ok(page(&StatisticsPage {
        whole: ask.regions.is_none(),
        kept: kept(&query, &from, &to),
        functions: FUNCTIONS.iter().map(|function| function.name).collect(),
        may_export: visitor.acting.may(Right::ExportStatistics),
        as_of: figures.as_of.map_or("—".to_owned(), tell),
        p50,
        p95,
        p99,
        done: permille(figures.done_permille),
        people: words
            .into_iter()
            .zip(people)
            .zip(right_before.people.iter().cloned())
            .map(|((word, now), before)| (word, now, before))
            .collect(),
        earlier: right_before,
        before: earlier(figures.calls_before, not_kept),
        line: drawn(&figures.series),
        series: bars(&figures.series, not_kept, str::to_owned, days),
        tables: tables(&figures, &frame, &ways),
        heat: figures.heat.as_deref().map(|week| shaded(week, &behind)),
        funnel: steps(&figures, &frame, &ways, month),
        began: links(&figures, |day| day.began),
        ended: links(&figures, |day| day.ended),
        links: links_by_day(&figures),
        cohorts: cohorts(&figures),
        gaps: figures
            .gaps
            .iter()
            .map(|(a, b)| (tell(*a), tell(*b)))
            .collect(),
        behind,
        from,
        to,
        query,
        figures,
        frame,
    }))
}
