//! The system log (LN-32): who did what, when, from where, with what result. Each look is a line itself.

use actix_web::{HttpResponse, web};
use askama::Template;
use lifeline_core::audit::{Line, Wanted};
use lifeline_core::insight::people::{day_number, midnight};
use lifeline_core::operators::{Right, Scope};
use lifeline_core::shared::time::Time;
use serde::Deserialize;

use super::access::{Access, Pages};
use super::events::outcome;
use super::fault::Fault;
use super::frame::{Frame, page};
use super::statistics::day;
use super::visitor::Visitor;
use super::who::Who;
use super::words::Lang;

pub(super) fn pages(pages: &mut Pages<'_>) {
    pages.get("/console/log", Access::May(Right::ReadAudit), show);
}

/// Lines of one page; one more is read, to know whether there is one.
const PAGE: usize = 50;
const LINES_READ: i64 = 51;
/// The last seven days when none are named.
const DAYS_SHOWN: i64 = 7;
/// Bytes of what may be looked for.
const WORD_MAX: usize = 128;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Query {
    from: String,
    to: String,
    who: String,
    act: String,
    subject: String,
    outcome: String,
    /// The last line that was seen.
    after: String,
}

struct Row {
    at: String,
    who: String,
    act: String,
    subject: String,
    /// How it came out, in words where there are any.
    came: String,
    /// The code of it, as the filter takes it; empty where the words are the code.
    code: String,
    source: String,
    trace_id: String,
}

#[derive(Template)]
#[template(path = "console/log.html")]
struct LogPage {
    frame: Frame,
    query: Query,
    from: String,
    to: String,
    rows: Vec<Row>,
    /// The filters with where it goes on.
    next: Option<String>,
    /// A line has no region: whoever sees a part of them reads their own lines.
    own_only: bool,
    may_follow: bool,
}

/// `{micros}.{id}` of a line.
fn mark_of(line: &Line) -> String {
    format!("{}.{}", line.at.micros(), line.audit_id)
}

fn behind(mark: &str) -> Result<Option<(Time, String)>, Fault> {
    if mark.is_empty() {
        return Ok(None);
    }
    let (micros, id) = mark.split_once('.').ok_or(Fault::NotFound)?;
    let micros = micros.parse().map_err(|_| Fault::NotFound)?;
    Ok(Some((Time::from_micros(micros), id.to_owned())))
}

fn kept(query: &Query, (from, to): (&str, &str), line: &Line) -> String {
    let mut text = form_urlencoded::Serializer::new(String::new());
    for (key, value) in [
        ("from", from),
        ("to", to),
        ("who", query.who.as_str()),
        ("act", query.act.as_str()),
        ("subject", query.subject.as_str()),
        ("outcome", query.outcome.as_str()),
    ] {
        if !value.is_empty() {
            text.append_pair(key, value);
        }
    }
    text.append_pair("after", &mark_of(line));
    text.finish()
}

fn row(line: &Line, who: &Who, lang: Lang) -> Row {
    let (came, code) = outcome(lang, &line.outcome).map_or_else(
        || (line.outcome.clone(), String::new()),
        |came| (came, line.outcome.clone()),
    );
    Row {
        at: line.at.alipay_text(),
        who: who.called(&line.actor),
        act: line.act.clone(),
        subject: line.subject.clone(),
        came,
        code,
        source: line.source.clone(),
        trace_id: line.trace_id.clone(),
    }
}

/// What is asked for, with its first and last day.
fn wanted(query: &Query, who: &Who, now: Time) -> Result<(Wanted, i64, i64), Fault> {
    let to = day(&query.to, day_number(now))?;
    let from = day(&query.from, to.saturating_sub(DAYS_SHOWN - 1))?;
    if from > to {
        return Err(Fault::Invalid("fault.span"));
    }
    let words = [&query.who, &query.act, &query.subject, &query.outcome];
    if words.iter().any(|word| word.len() > WORD_MAX) {
        return Err(Fault::Invalid("fault.filter"));
    }
    let wanted = Wanted {
        from: midnight(from),
        to: midnight(to.saturating_add(1)),
        behind: behind(&query.after)?,
        actor: who.actor(query.who.trim()),
        act: query.act.trim().to_owned(),
        subject: query.subject.trim().to_owned(),
        outcome: query.outcome.trim().to_owned(),
    };
    Ok((wanted, from, to))
}

async fn show(visitor: Visitor, query: web::Query<Query>) -> Result<HttpResponse, Fault> {
    let query = query.into_inner();
    let operators = &visitor.operators;
    let who = Who::all(operators).await?;
    let (asked, from, to) = wanted(&query, &who, operators.now())?;
    let found = operators.log(&visitor.acting, asked, LINES_READ).await?;
    let date = |day| midnight(day).shanghai_date();
    let (from, to) = (date(from), date(to));
    let shown: Vec<&Line> = found.iter().take(PAGE).collect();
    let last = shown.last().filter(|_| found.len() > PAGE);
    let told = |line: &&Line| row(line, &who, visitor.lang);
    Ok(page(&LogPage {
        frame: Frame::of(&visitor, "log.title"),
        next: last.map(|line| kept(&query, (&from, &to), line)),
        rows: shown.iter().map(told).collect(),
        own_only: visitor.acting.staff.scope != Scope::Everywhere,
        may_follow: visitor.acting.may(Right::ReadTimeline),
        from,
        to,
        query,
    }))
}
