//! The first page: what needs a person now, and whether everything works.

use std::sync::Arc;

use actix_web::{HttpResponse, web};
use askama::Template;
use lifeline_core::audit::Line;
use lifeline_core::cases::Case;
use lifeline_core::operators::Right;
use lifeline_core::store::{Store, snapshot};

use super::access::{Access, Pages};
use super::events::event;
use super::fault::Fault;
use super::frame::{Frame, page};
use super::visitor::Visitor;
use super::who::Who;
use crate::edge::limits::Limits;
use crate::listeners::ops::{Check, Readiness};
use crate::listeners::service_register::Services;

pub(super) fn pages(pages: &mut Pages<'_>) {
    pages.get("/console", Access::May(Right::Overview), today);
}

/// What pages read that belongs to no single room: the store, the dependencies' answers, the register of
/// services, and the limits of each listener by its name.
#[derive(Clone)]
pub struct House {
    pub store: Arc<dyn Store>,
    pub readiness: Arc<dyn Readiness>,
    pub services: Arc<Services>,
    pub gates: Vec<(&'static str, Arc<Limits>)>,
}

impl std::fmt::Debug for House {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("House")
    }
}

/// Cases on the first page.
const URGENT_MAX: usize = 8;

/// A case that is to be decided soon, or should have been.
struct Urgent {
    id: String,
    kind: &'static str,
    due: String,
    late: bool,
}

/// What somebody did that others should see.
struct Weighty {
    at: String,
    who: String,
    what: String,
    about: String,
}

#[derive(Template)]
#[template(path = "console/today.html")]
struct TodayPage {
    frame: Frame,
    /// What the visitor had typed when their session ended waits for them.
    kept: bool,
    /// Absent for whoever does not read the audit.
    weighty: Option<Vec<Weighty>>,
    /// Absent for whoever reads no cases.
    urgent: Option<Vec<Urgent>>,
    open_cases: i64,
    as_of: String,
    lights: Vec<Check>,
}

/// The next to be decided of those within the scope, the soonest first; and how many there are.
async fn urgent(visitor: &Visitor) -> Result<(Vec<Urgent>, i64), Fault> {
    let operators = &visitor.operators;
    let mut cases = operators.all_open(&visitor.acting, |_| true).await?;
    let now = operators.now();
    let due = |case: &Case| {
        let seconds = case.kind.hours().saturating_mul(3_600);
        case.opened_at.plus_seconds(seconds)
    };
    cases.sort_by_key(due);
    let shown = |case: &Case| Urgent {
        id: case.case_id.to_string(),
        kind: case.kind.as_str(),
        due: due(case).alipay_text(),
        late: now > due(case),
    };
    let all = i64::try_from(cases.len()).unwrap_or(i64::MAX);
    Ok((cases.iter().take(URGENT_MAX).map(shown).collect(), all))
}

/// New proofs, other rights, what was run by hand: by whom, about what.
async fn weighty(visitor: &Visitor, frame: &Frame) -> Result<Vec<Weighty>, Fault> {
    let who = Who::all(&visitor.operators).await?;
    let lines = visitor.operators.weighty(&visitor.acting).await?;
    let told = |line: &Line| {
        let person = format!("staff:{}", line.subject);
        let login = Some(who.called(&person)).filter(|login| *login != person);
        let task = frame.task(&line.subject);
        let about = if task.is_empty() {
            line.subject.as_str()
        } else {
            task
        };
        Weighty {
            at: line.at.alipay_text(),
            who: match line.actor.as_str() {
                "command_line" => frame.t("today.command_line").to_owned(),
                actor => who.called(actor),
            },
            what: event(frame.lang, &format!("{} {}", line.act, line.outcome)),
            about: login.unwrap_or_else(|| about.to_owned()),
        }
    };
    Ok(lines.iter().map(told).collect())
}

async fn today(visitor: Visitor, house: web::Data<House>) -> Result<HttpResponse, Fault> {
    let frame = Frame::of(&visitor, "today.title");
    let weighty = if visitor.acting.may(Right::ReadAudit) {
        Some(weighty(&visitor, &frame).await?)
    } else {
        None
    };
    let staff = &visitor.acting.staff.staff_id;
    let kept = visitor.operators.kept_form(staff).await?.is_some();
    let (urgent, open_cases) = if visitor.acting.may(Right::ReadCases) {
        let (urgent, all) = urgent(&visitor).await?;
        (Some(urgent), all)
    } else {
        let mut view = snapshot(&*house.store).await?;
        (None, view.cases().count_open().await?)
    };
    Ok(page(&TodayPage {
        frame,
        kept,
        weighty,
        urgent,
        open_cases,
        as_of: visitor.operators.now().alipay_text(),
        lights: house.readiness.checks().await,
    }))
}
