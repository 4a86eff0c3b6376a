//! The first page: what needs a person now, and whether everything works.

use std::sync::{Arc, Mutex, PoisonError};

use actix_web::{HttpResponse, web};
use askama::Template;
use lifeline_core::audit::Line;
use lifeline_core::cases::Case;
use lifeline_core::insight::people::{day_number, midnight};
use lifeline_core::ledger::Open;
use lifeline_core::operators::{Right, Scope};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::time::Time;
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
    pub proved: Arc<Proved>,
}

impl std::fmt::Debug for House {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("House")
    }
}

/// For so long the proof of yesterday is not made anew.
const PROVED_S: i64 = 60;

/// The proof of yesterday as it was made last, and when: making one goes through a day of the ledger, and many look.
#[derive(Debug, Default)]
pub struct Proved(Mutex<Option<(Time, Proof)>>);

impl Proved {
    /// The last one, while it is of the same yesterday and not old.
    fn fresh(&self, now: Time) -> Option<Proof> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_fresh = |at: Time| {
            day_number(at) == day_number(now) && (0..PROVED_S).contains(&now.seconds_since(at))
        };
        let last = held.as_ref().filter(|(at, _)| is_fresh(*at));
        last.map(|(_, proof)| proof.clone())
    }

    fn keep(&self, now: Time, proof: &Proof) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *held = Some((now, proof.clone()));
    }
}

/// Payments on the first page of which something is open.
const OPEN_SHOWN: usize = 20;
/// So many are added up; one more is read, to know whether there is one.
const OPEN_MAX: usize = 1_000;
const OPEN_READ: i64 = 1_001;
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

/// Whether all money that moved yesterday came to where it belongs.
#[derive(Debug, Clone, Default)]
struct Proof {
    day: String,
    /// The ledger could not be added up.
    unknown: bool,
    /// What is open, in yuan; empty when the day is closed.
    open: String,
    /// There is more of it than was added up.
    more: bool,
    /// Payments, the largest sums first, with what is open of each.
    rows: Vec<(String, String)>,
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
    /// Absent for whoever reads no payments, or those of a part of the regions: it is of all.
    proof: Option<Proof>,
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

/// The proof of yesterday, from the ledger as it was within the last minute. A ledger that cannot be added up in time leaves
/// the page without one, not the visitor without the page.
async fn proof(visitor: &Visitor, house: &House) -> Option<Proof> {
    let whole = visitor.acting.staff.scope == Scope::Everywhere;
    if !whole || !visitor.acting.may(Right::ReadPayments) {
        return None;
    }
    let now = visitor.operators.now();
    if let Some(proof) = house.proved.fresh(now) {
        return Some(proof);
    }
    let today = day_number(now);
    let yesterday = midnight(today.saturating_sub(1));
    let proof = proved(house, yesterday, midnight(today))
        .await
        .unwrap_or_else(|_| Proof {
            day: yesterday.shanghai_date(),
            unknown: true,
            ..Proof::default()
        });
    house.proved.keep(now, &proof);
    Some(proof)
}

/// The proof of the day between two moments.
async fn proved(house: &House, yesterday: Time, today: Time) -> Result<Proof, Fault> {
    let mut view = snapshot(&*house.store).await?;
    let found = view
        .ledger()
        .still_open(yesterday, today, OPEN_READ)
        .await?;
    let sum = Fen::sum(found.iter().take(OPEN_MAX).map(|one| one.open));
    let sum = sum.map_err(|_| Fault::Internal)?;
    let row = |one: &Open| (one.payment_id.to_string(), one.open.yuan());
    Ok(Proof {
        day: yesterday.shanghai_date(),
        unknown: false,
        open: if found.is_empty() {
            String::new()
        } else {
            sum.yuan()
        },
        more: found.len() > OPEN_MAX,
        rows: found.iter().take(OPEN_SHOWN).map(row).collect(),
    })
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
        proof: proof(&visitor, &house).await,
        as_of: visitor.operators.now().alipay_text(),
        lights: house.readiness.checks().await,
    }))
}
