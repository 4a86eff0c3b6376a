//! The requests that were not done, one by one: what stands behind a count of them for seven days.

use actix_web::{HttpResponse, web};
use askama::Template;
use lifeline_core::insight::asked::{REFUSALS_KEPT_DAYS, Refused, Which};
use lifeline_core::insight::function::FUNCTIONS;
use lifeline_core::insight::people::midnight;
use lifeline_core::insight::sample::NOWHERE;
use lifeline_core::insight::{Function, Insight};
use lifeline_core::operators::Right;
use lifeline_core::shared::time::Time;

use super::access::{Access, Pages};
use super::fault::Fault;
use super::frame::{Frame, page};
use super::statistics::{Query, asked, filter, kept, millis};
use super::system::is_trace;
use super::visitor::Visitor;
use super::ways::date;

pub(super) fn pages(pages: &mut Pages<'_>) {
    let read = Access::May(Right::ReadStatistics);
    pages.get("/console/statistics/refusals", read, refusals);
}

struct Line {
    trace_id: String,
    at: String,
    function: &'static str,
    channel: &'static str,
    status: i64,
    code: String,
    micros: String,
    region: String,
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
    /// The filters with where it goes on, when there are more than are shown.
    next: Option<String>,
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

/// `{micros}.{trace}` of the last line that was seen.
fn last_seen(mark: &str) -> Result<Option<(Time, String)>, Fault> {
    if mark.is_empty() {
        return Ok(None);
    }
    let (micros, trace) = mark.split_once('.').ok_or(Fault::NotFound)?;
    if !is_trace(trace) {
        return Err(Fault::NotFound);
    }
    let micros = micros.parse().map_err(|_| Fault::NotFound)?;
    Ok(Some((Time::from_micros(micros), trace.to_owned())))
}

async fn refusals(
    visitor: Visitor,
    insight: web::Data<Insight>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Fault> {
    let mut query = query.into_inner();
    let behind = last_seen(&query.after)?;
    query.why = query.why.trim().to_uppercase();
    let ask = asked(&query, &visitor, &insight)?;
    let code = filter(&query.why, |why| {
        (why.len() <= CODE_MAX).then(|| why.to_owned())
    })?;
    let which = Which::Within {
        function: ask.function,
        channel: ask.channel,
        outcome: ask.outcome,
        code,
        regions: ask.regions,
        from: midnight(ask.from),
        to: midnight(ask.to.saturating_add(1)),
        behind,
    };
    let found = insight.refusals(&which, LINES_READ).await?;
    let last = found.get(LINES_MAX - 1).filter(|_| found.len() > LINES_MAX);
    let last = last.map(|one| format!("{}.{}", one.at.micros(), one.trace_id));
    let frame = Frame::of(&visitor, "refusals.title");
    let place = |region: String| {
        if region == NOWHERE {
            frame.t("statistics.nowhere").to_owned()
        } else {
            region
        }
    };
    let line = |one: Refused| Line {
        at: one.at.alipay_text(),
        function: frame.function(Function::numbered(one.function).name),
        channel: frame.channel(one.channel.as_str()),
        status: one.status,
        code: one.code,
        micros: millis(Some(one.micros)),
        region: place(one.region),
        trace_id: one.trace_id,
    };
    let (from, to) = (date(ask.from), date(ask.to));
    Ok(page(&RefusalsPage {
        gone: ask.to < insight.today().saturating_sub(REFUSALS_KEPT_DAYS),
        next: last.map(|last| format!("{}&after={last}", kept(&query, &from, &to))),
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
