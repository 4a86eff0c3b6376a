//! What carries the rest, made visible (LN-39): timed tasks, dependencies; and why a request was not done.

use actix_web::{HttpResponse, web};
use askama::Template;
use lifeline_core::insight::asked::Which;
use lifeline_core::insight::standing::Standing;
use lifeline_core::insight::{Function, Insight};
use lifeline_core::operators::{Right, Scope};
use lifeline_core::shared::time::Time;
use lifeline_core::store::snapshot;
use serde::Deserialize;

use super::access::{Access, Pages};
use super::fault::Fault;
use super::frame::{Frame, page};
use super::today::House;
use super::visitor::{Fields, Shown, Visitor, go_saying};
use super::{circuits, resources};
use crate::listeners::ops::Check;

pub(super) fn pages(pages: &mut Pages<'_>) {
    pages.get("/console/system", Access::May(Right::ReadSystem), show);
    let run = Access::May(Right::RunSystem);
    pages.post(
        "/console/system/jobs/{name}/run",
        run,
        "jobs.run_now",
        run_now,
    );
    pages.get("/console/why", Access::May(Right::ReadTimeline), why);
}

struct Turn {
    /// What it does, in words.
    title: &'static str,
    name: String,
    every: String,
    last: String,
    outcome: String,
    next: String,
    /// The line of the evidence that tells of the last turn.
    evidence: String,
    failed: bool,
}

#[derive(Template)]
#[template(path = "console/system.html")]
struct SystemPage {
    frame: Frame,
    turns: Vec<Turn>,
    lights: Vec<Check>,
    circuits: Vec<circuits::Row>,
    resources: resources::Shown,
    standing: Standing,
    oldest: String,
    /// Since when each is stopped by its brake; empty while it is not.
    refunds: String,
    payouts: String,
    may_see_cases: bool,
    may_run: bool,
    /// What went outside holds the sums of every region.
    may_see_sent: bool,
}

fn every(seconds: i64) -> String {
    match seconds {
        s if s >= 86_400 && s.rem_euclid(86_400) == 0 => format!("{} d", s.div_euclid(86_400)),
        s if s >= 3_600 && s.rem_euclid(3_600) == 0 => format!("{} h", s.div_euclid(3_600)),
        s if s >= 60 && s.rem_euclid(60) == 0 => format!("{} min", s.div_euclid(60)),
        s => format!("{s} s"),
    }
}

async fn show(
    visitor: Visitor,
    house: web::Data<House>,
    insight: web::Data<Insight>,
) -> Result<HttpResponse, Fault> {
    let standing = insight.standing().await?;
    let jobs = snapshot(&*house.store).await?.jobs().list().await?;
    let frame = Frame::of(&visitor, "system.title");
    let turns = jobs.into_iter().map(|job| Turn {
        title: frame.task(&job.name),
        every: every(job.every_s),
        last: job.last_at.map_or("—".to_owned(), |at| at.alipay_text()),
        failed: job.last_outcome.as_deref().is_some_and(|word| word != "ok"),
        outcome: job.last_outcome.unwrap_or_else(|| "—".to_owned()),
        next: job.next_at.alipay_text(),
        evidence: job
            .last_evidence
            .map_or_else(|| "—".to_owned(), |id| id.to_string()),
        name: job.name,
    });
    Ok(page(&SystemPage {
        turns: turns.collect(),
        frame,
        lights: house.readiness.checks().await,
        circuits: house
            .readiness
            .circuits()
            .iter()
            .map(circuits::row)
            .collect(),
        resources: resources::shown(&house.readiness.resources().await, visitor.operators.now()),
        oldest: standing
            .oldest
            .map_or("—".to_owned(), |at| at.alipay_text()),
        refunds: standing
            .refunds_stopped
            .map_or(String::new(), Time::alipay_text),
        payouts: standing
            .payouts_stopped
            .map_or(String::new(), Time::alipay_text),
        may_see_cases: visitor.acting.may(Right::ReadCases),
        standing,
        may_run: visitor.acting.may(Right::RunSystem),
        may_see_sent: visitor.acting.staff.scope == Scope::Everywhere,
    }))
}

/// Names of tasks are words with dots; what is none is not looked for.
const JOB_NAME_MAX: usize = 64;

/// A task's next turn is now.
async fn run_now(
    visitor: Visitor,
    path: web::Path<String>,
    fields: Fields<Shown>,
) -> Result<HttpResponse, Fault> {
    let name = path.into_inner();
    if name.len() > JOB_NAME_MAX {
        return Err(Fault::NotFound);
    }
    let code = &fields.0.code;
    let (operators, acting) = (&visitor.operators, &visitor.acting);
    operators.run_now(acting, &name, code).await?;
    Ok(go_saying("/console/system", "said.job_hastened"))
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Asked {
    trace: String,
}

struct Answer {
    at: String,
    function: &'static str,
    channel: &'static str,
    status: i64,
    code: String,
    micros: i64,
}

#[derive(Template)]
#[template(path = "console/why.html")]
struct WhyPage {
    frame: Frame,
    trace: String,
    answers: Vec<Answer>,
}

/// A trace as it is written: 32 hex digits.
pub(super) fn is_trace(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

async fn why(
    visitor: Visitor,
    insight: web::Data<Insight>,
    query: web::Query<Asked>,
) -> Result<HttpResponse, Fault> {
    let trace = query.into_inner().trace.trim().to_lowercase();
    if !trace.is_empty() && !is_trace(&trace) {
        return Err(Fault::Invalid("fault.trace_shape"));
    }
    let found = if trace.is_empty() {
        Vec::new()
    } else {
        insight.refusals(&Which::Trace(trace.clone()), 20).await?
    };
    let frame = Frame::of(&visitor, "why.title");
    let answer = |one: lifeline_core::insight::asked::Refused| Answer {
        at: one.at.alipay_text(),
        function: frame.function(Function::numbered(one.function).name),
        channel: frame.channel(one.channel.as_str()),
        status: one.status,
        code: one.code,
        micros: one.micros,
    };
    Ok(page(&WhyPage {
        trace,
        answers: found.into_iter().map(answer).collect(),
        frame,
    }))
}
