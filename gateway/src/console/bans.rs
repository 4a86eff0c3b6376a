//! Who is shut out, why and until when; lifting a ban with a reason.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use lifeline_core::bans::{Ban, Reason, Scope};
use lifeline_core::operators::Right;
use lifeline_core::shared::ids::BanId;
use lifeline_core::shared::time::Time;
use serde::Deserialize;

use super::access::{Access, Pages};
use super::fault::Fault;
use super::frame::{Frame, page};
use super::visitor::{Fields, Visitor, came_from, go, go_saying};
use super::who::Who;

pub(super) fn pages(pages: &mut Pages<'_>) {
    let read = Access::May(Right::ReadSystem);
    pages.get("/console/system/bans", read, list);
    let run = Access::May(Right::RunSystem);
    pages.post("/console/system/bans/{id}/lift", run, "bans.lift", lift);
}

/// Bans of one page.
const PAGE: i64 = 50;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Query {
    before: String,
    said: String,
}

struct Row {
    id: String,
    scope: &'static str,
    subject: String,
    reason: &'static str,
    rung: String,
    began: String,
    ends: String,
    state: &'static str,
    /// Who lifted it, and why.
    lifted: String,
    runs: bool,
}

#[derive(Template)]
#[template(path = "console/bans.html")]
struct BansPage {
    frame: Frame,
    rows: Vec<Row>,
    /// The last one, when there may be more.
    next: Option<String>,
    may_lift: bool,
}

const fn scope_word(scope: Scope) -> &'static str {
    match scope {
        Scope::Address => "bans.address",
        Scope::Network => "bans.network",
        Scope::Account => "bans.account",
    }
}

const fn reason_word(reason: Reason) -> &'static str {
    match reason {
        Reason::Flood => "bans.flood",
        Reason::Logins => "bans.logins",
        Reason::Homes => "bans.homes",
        Reason::IdNumbers => "bans.id_numbers",
        Reason::Neighbours => "bans.neighbours",
    }
}

fn row(ban: Ban, now: Time, (frame, who): (&Frame, &Who)) -> Row {
    let runs = ban.runs(now);
    let state = match (&ban.lifted, runs) {
        (Some(_), _) => "bans.lifted",
        (None, true) => "bans.runs",
        (None, false) => "bans.over",
    };
    let lifted = ban.lifted.as_ref();
    Row {
        id: ban.ban_id.to_string(),
        scope: frame.t(scope_word(ban.target.scope)),
        reason: frame.t(reason_word(ban.reason)),
        rung: ban.rung.to_string(),
        began: ban.began_at.alipay_text(),
        ends: ban.ends_at.alipay_text(),
        state: frame.t(state),
        lifted: lifted.map_or_else(String::new, |one| {
            let by = who.called(&one.by);
            format!("{} · {by} · {}", one.at.alipay_text(), one.why)
        }),
        subject: ban.target.subject,
        runs,
    }
}

async fn list(visitor: Visitor, query: web::Query<Query>) -> Result<HttpResponse, Fault> {
    let before = match query.before.as_str() {
        "" => None,
        id => Some(BanId::parse(id).map_err(|_| Fault::NotFound)?),
    };
    let bans = visitor.operators.bans(before.as_ref(), PAGE).await?;
    let full = i64::try_from(bans.len()).is_ok_and(|n| n >= PAGE);
    let last = bans.last().map(|ban| ban.ban_id.to_string());
    let now = visitor.operators.now();
    let frame = Frame::of(&visitor, "bans.title");
    let who = Who::all(&visitor.operators).await?;
    Ok(page(&BansPage {
        rows: bans
            .into_iter()
            .map(|ban| row(ban, now, (&frame, &who)))
            .collect(),
        next: last.filter(|_| full),
        may_lift: visitor.acting.may(Right::RunSystem),
        frame,
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LiftFields {
    reason: String,
    code: String,
}

async fn lift(
    req: HttpRequest,
    visitor: Visitor,
    path: web::Path<String>,
    fields: Fields<LiftFields>,
) -> Result<HttpResponse, Fault> {
    let id = BanId::parse(&path).map_err(|_| Fault::NotFound)?;
    let LiftFields { reason, code } = fields.0;
    visitor
        .operators
        .lift_ban(&visitor.acting, &id, &reason, &code)
        .await?;
    // The page of the list that it was lifted on.
    let place = came_from(&req).filter(|place| place.contains("?before="));
    Ok(match place {
        Some(place) => go(&format!("{place}&said=said.ban_lifted")),
        None => go_saying("/console/system/bans", "said.ban_lifted"),
    })
}
