//! What a person must decide: the list, the case with the rows behind it, proposals, four eyes.

use actix_web::{HttpResponse, web};
use askama::Template;
use lifeline_core::cases::decision::{Part, Resolution, Taking};
use lifeline_core::cases::four_eyes::{Judgement, ProposalState, REASON_CHARS};
use lifeline_core::cases::{Case, CaseKind, Queue};
use lifeline_core::customers::Customers;
use lifeline_core::insight::Insight;
use lifeline_core::operators::decisions::{Docket, Plan};
use lifeline_core::operators::{Right, Role};
use lifeline_core::payments::Payments;
use lifeline_core::settlement::Settlement;
use lifeline_core::shared::ids::{CaseId, PaymentId};
use lifeline_core::shared::time::Time;
use serde::Deserialize;

use super::access::{Access, Pages};
use super::archive_offers;
use super::carrying_out::{Places, carry_out};
use super::case_facts::{Offered, bill_at, choice_of, facts, homes, offered, order_of, rows_of};
use super::case_sold::{Sold, month_of, sold};
use super::fault::Fault;
use super::frame::{Frame, page};
use super::reviews;
use super::timeline::{Newest, newest};
use super::today::House;
use super::visitor::{Fields, Judged, Nothing, Visitor, go_saying};
use super::who::{Oneself, Who};
use crate::edge::trace;

pub(super) fn pages(pages: &mut Pages<'_>) {
    let read = Access::May(Right::ReadCases);
    let propose = Access::May(Right::ProposeDecision);
    let approve = Access::May(Right::ApproveDecision);
    pages.get("/console/cases", read, list);
    pages.post("/console/cases", propose, "payments.ask_refund", ask_refund);
    pages.get("/console/cases/{case_id}", read, show);
    pages.post(
        "/console/cases/{case_id}/taking",
        propose,
        "cases.take",
        take,
    );
    pages.post(
        "/console/cases/{case_id}/giving-back",
        propose,
        "cases.give_back",
        give_back,
    );
    pages.post(
        "/console/cases/{case_id}/proposals",
        propose,
        "cases.propose",
        offer,
    );
    pages.post(
        "/console/cases/{case_id}/approval",
        approve,
        "cases.approve",
        agree,
    );
    pages.post(
        "/console/cases/{case_id}/refusal",
        approve,
        "cases.refuse",
        refuse,
    );
    pages.post(
        "/console/cases/{case_id}/carrying-out",
        approve,
        "cases.close",
        again,
    );
}

struct Row {
    id: String,
    kind: &'static str,
    subject: String,
    opened: String,
    due: String,
    late: bool,
    taken: String,
}

/// The way to a queue.
struct Way {
    name: &'static str,
    word: String,
    here: bool,
}

#[derive(Template)]
#[template(path = "console/cases.html")]
struct CasesPage {
    frame: Frame,
    queues: Vec<Way>,
    queue: &'static str,
    rows: Vec<Row>,
    next: Option<String>,
    may_ask: bool,
    /// Of the archive's queue: what it was offered and has not answered.
    offers: Option<archive_offers::Offers>,
    /// Of the queue of sold power: what a reviewer has.
    reviews: Option<reviews::Reviews>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct After {
    queue: String,
    after: String,
    said: String,
}

fn row(case: &Case, now: Time, (takings, who): (&[Taking], &Who)) -> Row {
    let taken = takings.iter().find(|one| one.case_id == case.case_id);
    let due = case
        .opened_at
        .plus_seconds(case.kind.hours().saturating_mul(3600));
    Row {
        id: case.case_id.to_string(),
        kind: case.kind.as_str(),
        subject: case.subject.clone(),
        opened: case.opened_at.alipay_text(),
        due: due.alipay_text(),
        late: now > due,
        taken: taken.map_or(String::new(), |one| who.called(&one.taken_by)),
    }
}

/// The queue somebody begins with; none is all of them.
const fn own_queue(role: Role) -> Option<Queue> {
    match role {
        Role::Finance => Some(Queue::Money),
        Role::Support => Some(Queue::Service),
        _ => None,
    }
}

async fn list(
    visitor: Visitor,
    customers: web::Data<Customers>,
    settlement: web::Data<Settlement>,
    query: web::Query<After>,
) -> Result<HttpResponse, Fault> {
    let after = match query.after.as_str() {
        "" => None,
        text => Some(CaseId::parse(text).map_err(|_| Fault::NotFound)?),
    };
    let queue = match query.queue.as_str() {
        "" => own_queue(visitor.acting.staff.role),
        "all" => None,
        text => Some(Queue::parse(text).ok_or(Fault::NotFound)?),
    };
    let offers = match queue {
        Some(Queue::Archive) => Some(archive_offers::waiting(&visitor, &customers).await?),
        _ => None,
    };
    let reviews = match queue {
        Some(Queue::Solar) => Some(reviews::lasting(&visitor, &settlement).await?),
        _ => None,
    };
    let operators = &visitor.operators;
    let pile = operators
        .open_cases(&visitor.acting, queue, after.as_ref())
        .await?;
    let now = operators.now();
    let takings = operators.takings().await?;
    let who = Who::all(operators).await?;
    let here = queue.map_or("all", Queue::as_str);
    let way = |name: &'static str| Way {
        name,
        word: format!("queue.{name}"),
        here: name == here,
    };
    let ways = std::iter::once("all").chain(Queue::ALL.map(Queue::as_str));
    Ok(page(&CasesPage {
        frame: Frame::of(&visitor, "cases.title"),
        may_ask: visitor.acting.may(Right::ProposeDecision),
        queues: ways.map(way).collect(),
        queue: here,
        offers,
        reviews,
        next: pile.next.map(|id| id.to_string()),
        rows: pile
            .cases
            .iter()
            .map(|case| row(case, now, (&takings, &who)))
            .collect(),
    }))
}

#[derive(Template)]
#[template(path = "console/case.html")]
struct CasePage {
    frame: Frame,
    row: Row,
    /// Where it stands, for the way back.
    queue: &'static str,
    /// The newest of the line of time of what it is about, where there is one that may be looked at.
    line: Option<Newest>,
    closed: Option<String>,
    facts: Vec<(String, String)>,
    behind: Vec<(String, String, String)>,
    /// What its payer chose for money that is not due any more.
    choice: Option<&'static str>,
    /// The month of a seller's that it is about, when it is about one.
    sold: Option<Sold>,
    /// Account and region of each home; the way there only for whoever may go it.
    homes: Vec<(Option<String>, String)>,
    may_see_people: bool,
    trace_id: String,
    offered: Vec<Offered>,
    resolutions: Vec<&'static str>,
    has_parts: bool,
    has_proof: bool,
    may_propose: bool,
    may_judge: bool,
    /// The proposal that is judged from this page.
    judged: String,
    /// What waits was proposed by whoever looks: another person decides about it.
    own: bool,
    may_carry_out: bool,
    may_withdraw: bool,
    may_take: bool,
    may_give_back: bool,
    /// What somebody asked, to be read by whoever may.
    asked: bool,
    /// Readings of a seller, to be looked at as they are now.
    reading: bool,
    /// The page of the bill that it is about; empty where nobody has its home any more.
    bill: Option<String>,
}

pub(super) fn case_id(text: &str) -> Result<CaseId, Fault> {
    CaseId::parse(text).map_err(|_| Fault::NotFound)
}

async fn show(
    visitor: Visitor,
    house: web::Data<House>,
    customers: web::Data<Customers>,
    insight: web::Data<Insight>,
    id: web::Path<String>,
) -> Result<HttpResponse, Fault> {
    let docket: Docket = visitor
        .operators
        .docket(&visitor.acting, &case_id(&id)?)
        .await?;
    let case = &docket.case;
    let order = order_of(&house, case).await?;
    let month = month_of(&house, case).await?;
    let bill = bill_at(&customers, case).await?;
    let open = case.closed_at.is_none();
    let names = Who::all(&visitor.operators).await?;
    let offered = docket.proposals.iter().map(|one| offered(one, &names));
    let takings = visitor.operators.takings().await?;
    let who = visitor.acting.actor();
    let taken = takings.iter().find(|one| one.case_id == case.case_id);
    let mine = taken.is_some_and(|one| one.taken_by == who);
    let works = open && visitor.acting.may(Right::ProposeDecision);
    let waiting = docket.waiting();
    let agreed = docket.agreed();
    let approved = agreed.is_some();
    let judges = open && visitor.acting.may(Right::ApproveDecision);
    let oneself = Oneself::of(&visitor).await?;
    let own = waiting.is_some_and(|one| oneself.is(&one.proposed_by));
    let frame = Frame::of(&visitor, "case.title");
    let line = newest(&visitor, &insight, &case.line_of(), &frame).await?;
    Ok(page(&CasePage {
        facts: facts(&frame, case),
        behind: order
            .as_ref()
            .map_or(Vec::new(), |order| rows_of(&frame, order)),
        choice: order.as_ref().and_then(choice_of),
        sold: month.map(|month| sold(frame.lang, month, &case.subject)),
        frame,
        row: row(case, visitor.operators.now(), (&takings, &names)),
        queue: case.kind.queue().as_str(),
        line,
        closed: case.closed_at.map(Time::alipay_text),
        homes: homes(&docket.homes),
        may_see_people: visitor.acting.may(Right::ReadCustomers),
        trace_id: case.trace_id.clone(),
        offered: offered.collect(),
        resolutions: case
            .kind
            .resolutions()
            .iter()
            .map(|one| one.as_str())
            .collect(),
        has_parts: [
            Resolution::TakeBackPart,
            Resolution::CreditHome,
            Resolution::RefundedByBank,
        ]
        .iter()
        .any(|one| case.kind.resolutions().contains(one)),
        has_proof: case.kind.resolutions().iter().any(|one| one.needs_proof()),
        may_propose: open
            && waiting.is_none()
            && !approved
            && visitor.acting.may(Right::ProposeDecision),
        judged: waiting
            .or(agreed)
            .map_or(String::new(), |one| one.proposal_id.clone()),
        may_judge: judges && !own && waiting.is_some_and(|one| one.waits_for(&who)),
        own: open && own,
        may_carry_out: judges && approved,
        may_withdraw: judges && agreed.is_some_and(|one| !oneself.is(&one.proposed_by)),
        may_take: works && taken.is_none(),
        may_give_back: works && mine,
        asked: case.kind == CaseKind::ServiceRequest && visitor.acting.may(Right::ReadRequests),
        reading: case.kind == CaseKind::ReadingRefused,
        bill,
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Offer {
    resolution: String,
    #[serde(default)]
    parts: String,
    #[serde(default)]
    proof: String,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    payment_id: String,
    reason: String,
}

/// Somebody wants money of a payment to go back: a case about which two persons decide.
async fn ask_refund(
    visitor: Visitor,
    payments: web::Data<Payments>,
    fields: Fields<Asked>,
) -> Result<HttpResponse, Fault> {
    let Asked { payment_id, reason } = &fields.0;
    if !REASON_CHARS.contains(&reason.chars().count()) {
        return Err(Fault::Invalid("fault.reason"));
    }
    let id = PaymentId::parse(payment_id).map_err(|_| Fault::NotFound)?;
    let operators = &visitor.operators;
    operators.reach(&visitor.acting, id.as_str()).await?;
    let actor = visitor.acting.actor();
    let case = payments
        .ask_refund(&id, reason, &actor, &trace::current())
        .await?;
    let case = case.ok_or(Fault::Refused("fault.not_as_things_stand"))?;
    Ok(go_saying(&here(&case.case_id), "said.asked"))
}

pub(super) fn here(id: &CaseId) -> String {
    format!("/console/cases/{id}")
}

async fn offer(
    visitor: Visitor,
    id: web::Path<String>,
    fields: Fields<Offer>,
) -> Result<HttpResponse, Fault> {
    let id = case_id(&id)?;
    let resolution = Resolution::parse(&fields.0.resolution);
    let resolution = resolution.ok_or(Fault::Invalid("fault.resolution"))?;
    let operators = &visitor.operators;
    let parts = Part::parse_all(&fields.0.parts);
    let parts = parts.ok_or(Fault::Invalid("fault.parts"))?;
    let plan = Plan {
        resolution,
        parts: &parts,
        proof: fields.0.proof.trim(),
        reason: &fields.0.reason,
    };
    operators.propose(&visitor.acting, &id, plan).await?;
    Ok(go_saying(&here(&id), "said.proposed"))
}

async fn take(
    visitor: Visitor,
    id: web::Path<String>,
    _fields: Fields<Nothing>,
) -> Result<HttpResponse, Fault> {
    let id = case_id(&id)?;
    visitor.operators.take(&visitor.acting, &id).await?;
    Ok(go_saying(&here(&id), "said.taken"))
}

async fn give_back(
    visitor: Visitor,
    id: web::Path<String>,
    _fields: Fields<Nothing>,
) -> Result<HttpResponse, Fault> {
    let id = case_id(&id)?;
    visitor.operators.give_back(&visitor.acting, &id).await?;
    Ok(go_saying(&here(&id), "said.given_back"))
}

async fn agree(
    visitor: Visitor,
    places: Places,
    id: web::Path<String>,
    fields: Fields<Judged>,
) -> Result<HttpResponse, Fault> {
    let (id, shown) = (case_id(&id)?, fields.0.shown());
    let operators = &visitor.operators;
    let agree = Judgement::Agree;
    let decided = operators.judge(&visitor.acting, &id, shown, agree).await?;
    carry_out(visitor, places, id, decided).await
}

async fn refuse(
    visitor: Visitor,
    id: web::Path<String>,
    fields: Fields<Judged>,
) -> Result<HttpResponse, Fault> {
    let (id, shown) = (case_id(&id)?, fields.0.shown());
    let operators = &visitor.operators;
    let refuse = Judgement::Refuse;
    operators.judge(&visitor.acting, &id, shown, refuse).await?;
    Ok(go_saying(&here(&id), "said.refused"))
}

/// What was agreed to and could not be done then (the store went away, the facts did not allow it
/// yet) is tried again.
async fn again(
    visitor: Visitor,
    places: Places,
    id: web::Path<String>,
    _fields: Fields<Nothing>,
) -> Result<HttpResponse, Fault> {
    let id = case_id(&id)?;
    let docket = visitor.operators.docket(&visitor.acting, &id).await?;
    let agreed = docket
        .agreed()
        .filter(|one| one.state == ProposalState::Approved);
    let decided = agreed.ok_or(Fault::Refused("fault.not_as_things_stand"))?;
    if docket.case.closed_at.is_some() {
        return Err(Fault::Refused("fault.not_as_things_stand"));
    }
    carry_out(visitor, places, id, decided.clone()).await
}
