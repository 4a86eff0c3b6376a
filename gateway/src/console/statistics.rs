//! The figures of use: a span with the span before, where they come from, and the requests behind them.

use actix_web::{HttpResponse, web};
use askama::Template;
use lifeline_core::insight::asked::{Growth, Kept, REFUSALS_KEPT_DAYS, Which};
use lifeline_core::insight::function::FUNCTIONS;
use lifeline_core::insight::people::{day_number, midnight, told};
use lifeline_core::insight::report::{Figure, Statistics};
use lifeline_core::insight::sample::NOWHERE;
use lifeline_core::insight::{Ask, Channel, Function, Insight, InsightError, Outcome};
use lifeline_core::operators::Right;
use lifeline_core::shared::time::Day;
use serde::Deserialize;

use super::access::{Access, Pages};
use super::chart::{self, Chart};
use super::fault::Fault;
use super::frame::{Frame, page};
use super::sheet::{Form, Sheet};
use super::visitor::Visitor;

pub(super) fn pages(pages: &mut Pages<'_>) {
    let read = Access::May(Right::ReadStatistics);
    pages.get("/console/statistics", read, show);
    pages.get("/console/statistics/refusals", read, refusals);
    let export = Access::May(Right::ExportStatistics);
    pages.get("/console/statistics/export", export, take_out);
}

/// What a page of figures is asked.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Query {
    from: String,
    to: String,
    function: String,
    channel: String,
    outcome: String,
    region: String,
    /// What was answered, of requests that were not done.
    why: String,
    form: String,
    said: String,
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

fn asked(query: &Query, visitor: &Visitor, insight: &Insight) -> Result<Ask, Fault> {
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
    /// The requests behind the figures carry no region: they are told of all regions only.
    may_rows: bool,
    as_of: String,
    figures: Statistics,
    before: String,
    p95: String,
    p50: String,
    p99: String,
    done: String,
    people: Vec<(&'static str, String)>,
    line: Chart,
    series: Vec<Bar>,
    tables: Vec<(&'static str, Vec<Bar>)>,
    heat: Option<Vec<(&'static str, Vec<(i64, i64)>)>>,
    funnel: Vec<(String, String)>,
    began: String,
    ended: String,
    /// Month, people, and those of them who are linked still.
    cohorts: Vec<(String, String, String)>,
    gaps: Vec<(String, String)>,
    /// The filters, to keep them on the ways from here.
    kept: String,
}

/// A number of the span before, or `otherwise` where that is not kept.
pub(super) fn earlier(before: Option<i64>, otherwise: &str) -> String {
    before.map_or_else(|| otherwise.to_owned(), |n| n.to_string())
}

fn bars(figures: &[Figure], not_kept: &str, called: impl Fn(&str) -> String) -> Vec<Bar> {
    let most = figures.iter().map(|one| one.n).max().unwrap_or(0).max(1);
    let bar = |one: &Figure| Bar {
        name: called(&one.name),
        n: one.n,
        before: earlier(one.before, not_kept),
        part: one.n.saturating_mul(1000).div_euclid(most),
    };
    figures.iter().map(bar).collect()
}

/// The counts by each of their sides, in words.
fn tables(figures: &Statistics, frame: &Frame) -> Vec<(&'static str, Vec<Bar>)> {
    let function = |name: &str| frame.function(name).to_owned();
    let channel = |name: &str| frame.channel(name).to_owned();
    let outcome = |name: &str| frame.outcome(name).to_owned();
    let region = |name: &str| match name {
        NOWHERE => frame.t("statistics.nowhere").to_owned(),
        known => known.to_owned(),
    };
    let none = frame.t("statistics.not_kept");
    let (functions, channels) = (&figures.functions, &figures.channels);
    let (outcomes, regions) = (&figures.outcomes, &figures.regions);
    vec![
        ("statistics.by_function", bars(functions, none, function)),
        ("statistics.by_channel", bars(channels, none, channel)),
        ("statistics.by_outcome", bars(outcomes, none, outcome)),
        ("statistics.by_region", bars(regions, none, region)),
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

fn millis(micros: Option<i64>) -> String {
    micros.map_or("—".to_owned(), |micros| {
        format!(
            "{}.{} ms",
            micros.div_euclid(1000),
            micros.rem_euclid(1000).div_euclid(100)
        )
    })
}

fn permille(part: Option<i64>) -> String {
    part.map_or("—".to_owned(), |part| {
        format!("{}.{} %", part.div_euclid(10), part.rem_euclid(10))
    })
}

/// A count of people; fewer than five are not told.
pub(super) fn crowd(count: Option<i64>) -> String {
    count.map_or("< 5".to_owned(), |count| count.to_string())
}

const WEEK: [&str; 7] = [
    "week.mon", "week.tue", "week.wed", "week.thu", "week.fri", "week.sat", "week.sun",
];

/// Links of the span, nothing of fewer than five.
fn links(figures: &Statistics, of: fn(&Growth) -> i64) -> String {
    crowd(told(figures.growth.iter().map(of).sum()))
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
fn shaded(week: &[Vec<i64>]) -> Vec<(&'static str, Vec<(i64, i64)>)> {
    let most = week.iter().flatten().copied().max().unwrap_or(0).max(1);
    let shade = |n: &i64| {
        let third = n.saturating_mul(3).saturating_add(most).saturating_sub(1);
        (*n, third.div_euclid(most).min(3))
    };
    WEEK.iter()
        .zip(week)
        .map(|(name, hours)| (*name, hours.iter().map(shade).collect()))
        .collect()
}

fn kept(query: &Query, from: &str, to: &str) -> String {
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
    let (from, to) = (
        midnight(ask.from).shanghai_date(),
        midnight(ask.to).shanghai_date(),
    );
    let tell = |at: lifeline_core::shared::time::Time| at.alipay_text();
    let people = figures.people.map(|told| told.map(crowd));
    let words = [
        "statistics.people_day",
        "statistics.people_week",
        "statistics.people_month",
    ];
    let [p50, p95, p99] = figures.latency.map(millis);
    let frame = Frame::of(&visitor, "statistics.title");
    Ok(page(&StatisticsPage {
        may_rows: ask.regions.is_none(),
        kept: kept(&query, &from, &to),
        functions: FUNCTIONS.iter().map(|function| function.name).collect(),
        may_export: visitor.acting.may(Right::ExportStatistics),
        as_of: figures.as_of.map_or("—".to_owned(), tell),
        p50,
        p95,
        p99,
        done: permille(figures.done_permille),
        people: people.map_or(Vec::new(), |told| words.into_iter().zip(told).collect()),
        before: earlier(figures.calls_before, frame.t("statistics.not_kept")),
        line: drawn(&figures.series),
        series: bars(
            &figures.series,
            frame.t("statistics.not_kept"),
            str::to_owned,
        ),
        tables: tables(&figures, &frame),
        heat: figures.heat.as_deref().map(shaded),
        funnel: figures
            .funnel
            .iter()
            .map(|step| {
                let told = crowd((step.n >= 0).then_some(step.n));
                (frame.function(&step.name).to_owned(), told)
            })
            .collect(),
        began: links(&figures, |day| day.began),
        ended: links(&figures, |day| day.ended),
        cohorts: cohorts(&figures),
        gaps: figures
            .gaps
            .iter()
            .map(|(a, b)| (tell(*a), tell(*b)))
            .collect(),
        from,
        to,
        query,
        figures,
        frame,
    }))
}

struct Line {
    trace_id: String,
    at: String,
    function: &'static str,
    channel: &'static str,
    status: i64,
    code: String,
    micros: String,
}

#[derive(Template)]
#[template(path = "console/refusals.html")]
struct RefusalsPage {
    frame: Frame,
    query: Query,
    from: String,
    to: String,
    functions: Vec<&'static str>,
    lines: Vec<Line>,
    /// None of these days is kept any more.
    gone: bool,
    /// There are more than are shown.
    more: bool,
    /// A trace leads on to what is known of it.
    may_follow: bool,
    /// The filters, to keep them on the way back to the figures.
    kept: String,
}

/// Rows told at once.
const LINES_MAX: usize = 200;
/// One more is read, to know whether there is one.
const LINES_READ: i64 = 201;
/// Letters of the longest code, and more.
const CODE_MAX: usize = 64;

async fn refusals(
    visitor: Visitor,
    insight: web::Data<Insight>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Fault> {
    let mut query = query.into_inner();
    query.why = query.why.trim().to_uppercase();
    let ask = asked(&query, &visitor, &insight)?;
    // Refusals carry no region: who sees a part of the regions only sees none of them.
    if ask.regions.is_some() {
        return Err(Fault::Forbidden);
    }
    let code = filter(&query.why, |why| {
        (why.len() <= CODE_MAX).then(|| why.to_owned())
    })?;
    let which = Which::Within {
        function: ask.function,
        channel: ask.channel,
        outcome: ask.outcome,
        code,
        from: midnight(ask.from),
        to: midnight(ask.to.saturating_add(1)),
    };
    let found = insight.refusals(&which, LINES_READ).await?;
    let frame = Frame::of(&visitor, "refusals.title");
    let line = |one: lifeline_core::insight::asked::Refused| Line {
        at: one.at.alipay_text(),
        function: frame.function(Function::numbered(one.function).name),
        channel: frame.channel(one.channel.as_str()),
        status: one.status,
        code: one.code,
        micros: millis(Some(one.micros)),
        trace_id: one.trace_id,
    };
    let (from, to) = (
        midnight(ask.from).shanghai_date(),
        midnight(ask.to).shanghai_date(),
    );
    Ok(page(&RefusalsPage {
        gone: ask.to < insight.today().saturating_sub(REFUSALS_KEPT_DAYS),
        more: found.len() > LINES_MAX,
        lines: found.into_iter().take(LINES_MAX).map(line).collect(),
        functions: FUNCTIONS.iter().map(|function| function.name).collect(),
        may_follow: visitor.acting.may(Right::ReadTimeline),
        kept: kept(&query, &from, &to),
        from,
        to,
        query,
        frame,
    }))
}

/// What a file says where a number is not kept.
pub(super) const NOT_KEPT: &str = "not kept";

/// The figures as a file; taking them out leaves a line in the audit.
async fn take_out(
    visitor: Visitor,
    insight: web::Data<Insight>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Fault> {
    let form = filter(&query.form, Form::parse)?.unwrap_or(Form::Csv);
    let ask = asked(&query, &visitor, &insight)?;
    let figures = insight.statistics(&ask).await?;
    let (from, to) = (
        midnight(ask.from).shanghai_date(),
        midnight(ask.to).shanghai_date(),
    );
    let filters = kept(&query, &from, &to);
    let mut sheet = Sheet::of(&visitor, &filters);
    for (part, rows) in [
        ("date", &figures.series),
        ("function", &figures.functions),
        ("channel", &figures.channels),
        ("outcome", &figures.outcomes),
        ("region", &figures.regions),
    ] {
        sheet.row(&[part, "calls", "calls_before"].map(str::to_owned));
        for one in rows {
            let before = earlier(one.before, NOT_KEPT);
            sheet.row(&[one.name.clone(), one.n.to_string(), before]);
        }
    }
    let noted = visitor
        .operators
        .note(&visitor.acting, "insight.export", &filters, form.as_str());
    let file = sheet.answer(form, "statistics")?;
    noted.await?;
    Ok(file)
}
