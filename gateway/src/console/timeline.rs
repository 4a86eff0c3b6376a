//! One line of time about a person, a home or a payment, by its id. Opening it leaves a line in the audit.

use actix_web::{HttpResponse, web};
use askama::Template;
use lifeline_core::insight::Insight;
use lifeline_core::insight::timeline::{LOOK, Mark, Moment, Of};
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
    /// The last moment that was seen, where it goes on.
    before: String,
}

pub(super) struct Row {
    pub(super) at: String,
    pub(super) source: &'static str,
    pub(super) what: String,
    id: String,
    trace_id: String,
    pub(super) yuan: String,
}

/// The newest moments of what a case is about.
pub(super) struct Newest {
    /// What the whole line is asked by.
    pub(super) of: &'static str,
    pub(super) id: String,
    pub(super) rows: Vec<Row>,
    pub(super) more: bool,
}

#[derive(Template)]
#[template(path = "console/timeline.html")]
struct TimelinePage {
    frame: Frame,
    kinds: [(&'static str, &'static str); 3],
    query: Query,
    found: bool,
    /// What is asked for what is older.
    older: Option<String>,
    account_id: String,
    region: String,
    rows: Vec<Row>,
}

fn rows(moments: &[Moment], frame: &Frame) -> Vec<Row> {
    let told = |one: &Moment| Row {
        at: one.at.alipay_text(),
        source: frame.t(&format!("timeline.of_{}", one.source.as_str())),
        what: event(frame.lang, &one.what),
        id: one.id.clone(),
        trace_id: one.trace_id.clone(),
        yuan: one.amount.map_or_else(String::new, |sum| sum.yuan()),
    };
    moments.iter().map(told).collect()
}

/// The line of time beside a case about this, for whoever may read it; each look leaves a line in the audit.
pub(super) async fn newest(
    visitor: &Visitor,
    insight: &Insight,
    subject: &str,
    frame: &Frame,
) -> Result<Option<Newest>, Fault> {
    if !visitor.acting.may(Right::ReadTimeline) {
        return Ok(None);
    }
    let own = visitor.acting.staff.scope.narrowed(None);
    let own = own.map_err(|_| Fault::Forbidden)?;
    let Some(line) = insight.beside(subject, own.as_deref()).await? else {
        return Ok(None);
    };
    let operators = &visitor.operators;
    operators
        .note(&visitor.acting, LOOK, line.of.id(), "ok")
        .await?;
    Ok(Some(Newest {
        of: line.of.kind(),
        id: line.of.id().to_owned(),
        rows: rows(&line.moments, frame),
        more: line.more,
    }))
}

fn asked(query: &Query, older: &Mark) -> String {
    form_urlencoded::Serializer::new(String::new())
        .append_pair("of", &query.of)
        .append_pair("id", &query.id)
        .append_pair("before", &older.render())
        .finish()
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
        let behind = match query.before.as_str() {
            "" => None,
            mark => Some(Mark::parse(mark).ok_or(Fault::NotFound)?),
        };
        let line = insight
            .timeline(&of, own.as_deref(), behind.as_ref())
            .await?;
        visitor
            .operators
            .note(&visitor.acting, LOOK, of.id(), "ok")
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
            .map_or_else(Vec::new, |line| rows(&line.moments, &frame)),
        found: line.is_some(),
        older: line
            .as_ref()
            .and_then(|line| line.older.as_ref())
            .map(|mark| asked(&query, mark)),
        account_id: line
            .as_ref()
            .map_or_else(String::new, |line| line.account_id.to_string()),
        region: line.map_or_else(String::new, |line| line.region),
        frame,
        query,
    }))
}
