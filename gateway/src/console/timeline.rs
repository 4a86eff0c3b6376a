//! One line of time about a person, a home or a payment, by its id. Opening it leaves a line in the audit.

use actix_web::{HttpResponse, web};
use askama::Template;
use lifeline_core::insight::Insight;
use lifeline_core::insight::timeline::{Of, Timeline};
use lifeline_core::operators::Right;
use serde::Deserialize;

use super::access::{Access, Pages};
use super::events::event;
use super::fault::Fault;
use super::frame::{Frame, page};
use super::visitor::Visitor;

pub(super) fn pages(pages: &mut Pages<'_>) {
    pages.get("/console/timeline", Access::May(Right::ReadTimeline), show);
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Query {
    of: String,
    id: String,
}

struct Row {
    at: String,
    source: &'static str,
    what: String,
    id: String,
    trace_id: String,
    yuan: String,
}

#[derive(Template)]
#[template(path = "console/timeline.html")]
struct TimelinePage {
    frame: Frame,
    kinds: [(&'static str, &'static str); 3],
    query: Query,
    found: bool,
    cut: bool,
    account_id: String,
    region: String,
    rows: Vec<Row>,
}

fn rows(line: &Timeline, frame: &Frame) -> Vec<Row> {
    let told = |one: &lifeline_core::insight::timeline::Moment| Row {
        at: one.at.alipay_text(),
        source: frame.t(&format!("timeline.of_{}", one.source.as_str())),
        what: event(frame.lang, &one.what),
        id: one.id.clone(),
        trace_id: one.trace_id.clone(),
        yuan: one.amount.map_or_else(String::new, |sum| sum.yuan()),
    };
    line.moments.iter().map(told).collect()
}

async fn show(
    visitor: Visitor,
    insight: web::Data<Insight>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Fault> {
    let mut query = query.into_inner();
    query.id = query.id.trim().to_lowercase();
    let line = if query.id.is_empty() {
        None
    } else {
        let of = Of::parse(&query.of, &query.id).ok_or(Fault::Invalid("fault.timeline_id"))?;
        let own = visitor.acting.staff.scope.narrowed(None);
        let own = own.map_err(|_| Fault::Forbidden)?;
        let line = insight.timeline(&of, own.as_deref()).await?;
        visitor
            .operators
            .note(&visitor.acting, "insight.timeline", of.id(), "ok")
            .await?;
        Some(line)
    };
    let frame = Frame::of(&visitor, "timeline.title");
    Ok(page(&TimelinePage {
        kinds: [
            ("payment", "timeline.payment"),
            ("account", "timeline.account"),
            ("home", "timeline.home"),
        ],
        rows: line
            .as_ref()
            .map_or_else(Vec::new, |line| rows(line, &frame)),
        found: line.is_some(),
        cut: line.as_ref().is_some_and(|line| line.cut),
        account_id: line
            .as_ref()
            .map_or_else(String::new, |line| line.account_id.to_string()),
        region: line.map_or_else(String::new, |line| line.region),
        frame,
        query,
    }))
}
