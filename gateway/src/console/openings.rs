//! Opening a user on application (EC-20): what waits, one application with what was proposed, four eyes;
//! and applications written down at the counter.

use actix_web::{HttpResponse, web};
use askama::Template;
use lifeline_core::cases::four_eyes::Judgement;
use lifeline_core::customers::Customers;
use lifeline_core::customers::openings::Application;
use lifeline_core::operators::Right;
use lifeline_core::requests::openings::Verdict;
use lifeline_core::requests::request::{Check, Ground};
use lifeline_core::shared::ids::{AccountId, RequestId};
use serde::Deserialize;

use super::access::{Access, Pages};
use super::customers::account;
use super::fault::Fault;
use super::frame::{Frame, page};
use super::visitor::{Fields, Judged, Visitor, go_saying};
use super::who::{Oneself, Who};

const READ: Access = Access::May(Right::ReadCustomers);

pub(super) fn pages(pages: &mut Pages<'_>) {
    let serve = Access::May(Right::ServeCustomers);
    let approve = Access::May(Right::ApproveService);
    pages.get("/console/openings", READ, list);
    pages.get(
        "/console/customers/{account_id}/openings/{request_id}",
        READ,
        show,
    );
    pages.post(
        "/console/customers/{account_id}/openings",
        serve,
        "customers.apply_for",
        apply,
    );
    pages.post(
        "/console/customers/{account_id}/openings/{request_id}/proposals",
        serve,
        "customers.propose_opening",
        propose,
    );
    pages.post(
        "/console/customers/{account_id}/openings/{request_id}/approval",
        approve,
        "customers.approve_opening",
        agree,
    );
    pages.post(
        "/console/customers/{account_id}/openings/{request_id}/refusal",
        approve,
        "customers.refuse_opening",
        refuse,
    );
}

struct Row {
    account: String,
    id: String,
    name: String,
    phone: String,
    homes: usize,
    filed: String,
    /// Somebody has proposed; it waits for another person.
    proposed: bool,
}

fn masked(text: &Option<String>) -> String {
    text.clone().unwrap_or_else(|| "—".to_owned())
}

fn row(one: &Application) -> Row {
    Row {
        account: one.person.account_id.to_string(),
        id: one.request.request_id.to_string(),
        name: masked(&one.person.name_masked),
        phone: masked(&one.person.phone_masked),
        homes: one.person.homes,
        filed: one.request.filed_at.alipay_text(),
        proposed: one.waiting().is_some(),
    }
}

#[derive(Template)]
#[template(path = "console/openings.html")]
struct OpeningsPage {
    frame: Frame,
    rows: Vec<Row>,
    next: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Behind {
    behind: String,
    said: String,
}

async fn list(
    visitor: Visitor,
    customers: web::Data<Customers>,
    query: web::Query<Behind>,
) -> Result<HttpResponse, Fault> {
    let behind = match query.behind.as_str() {
        "" => None,
        text => Some(request(text)?),
    };
    let waiting = customers
        .applications(&visitor.acting, behind.as_ref())
        .await?;
    Ok(page(&OpeningsPage {
        frame: Frame::of(&visitor, "openings.title"),
        rows: waiting.applications.iter().map(row).collect(),
        next: waiting.next.map(|id| id.to_string()),
    }))
}

struct Past {
    state: &'static str,
    verdict: String,
    reason: String,
    at: String,
    by: String,
    decided: String,
}

#[derive(Template)]
#[template(path = "console/opening.html")]
struct OpeningPage {
    frame: Frame,
    row: Row,
    id_no: String,
    text: String,
    place: String,
    check: String,
    order_no: String,
    past: Vec<Past>,
    /// What may be proposed: the word it is sent by, and the key of what it is called.
    verdicts: Vec<(&'static str, String)>,
    may_propose: bool,
    may_judge: bool,
    /// The proposal that is judged from this page.
    judged: String,
    /// What waits was proposed by whoever looks: another person decides about it.
    own: bool,
}

fn request(text: &str) -> Result<RequestId, Fault> {
    RequestId::parse(text).map_err(|_| Fault::NotFound)
}

type Named = web::Path<(String, String)>;

fn named(path: &Named) -> Result<(AccountId, RequestId), Fault> {
    Ok((account(&path.0)?, request(&path.1)?))
}

async fn show(
    visitor: Visitor,
    customers: web::Data<Customers>,
    path: Named,
) -> Result<HttpResponse, Fault> {
    let (account, id) = named(&path)?;
    let found = customers
        .application(&visitor.acting, &account, &id)
        .await?;
    let names = Who::all(&visitor.operators).await?;
    let past = found.proposals.iter().map(|one| Past {
        state: one.state.as_str(),
        verdict: format!("verdict.{}", one.what.verdict.as_str()),
        reason: one.reason.clone(),
        at: one.proposed_at.alipay_text(),
        by: names.called(&one.proposed_by),
        decided: one
            .decided_by
            .as_deref()
            .map_or(String::new(), |by| names.called(by)),
    });
    let who = visitor.acting.actor();
    let oneself = Oneself::of(&visitor).await?;
    let own = found.waiting();
    let own = own.is_some_and(|one| oneself.is(&one.proposed_by));
    let verdicts = std::iter::once(Verdict::Open).chain(Ground::ALL.map(Verdict::Refuse));
    Ok(page(&OpeningPage {
        frame: Frame::of(&visitor, "opening.title"),
        row: row(&found),
        id_no: masked(&found.person.id_no_masked),
        text: found.request.letter.text.clone(),
        place: found.request.letter.place.clone().unwrap_or_default(),
        check: match found.request.check {
            Some(Check::Refused(ground)) => format!("verdict.{}", ground.as_str()),
            Some(Check::Admitted) => format!("opening.state.{}", found.request.state.as_str()),
            _ => "opening.waiting".to_owned(),
        },
        order_no: found.request.order_no.clone().unwrap_or_default(),
        past: past.collect(),
        verdicts: verdicts
            .map(|one| (one.as_str(), format!("verdict.{}", one.as_str())))
            .collect(),
        may_propose: found.awaits_a_proposal() && visitor.acting.may(Right::ServeCustomers),
        judged: found
            .waiting()
            .map_or(String::new(), |one| one.proposal_id.clone()),
        may_judge: visitor.acting.may(Right::ApproveService)
            && !own
            && found.waiting().is_some_and(|one| one.waits_for(&who)),
        own,
    }))
}

fn here(account: &AccountId, id: &RequestId) -> String {
    format!("/console/customers/{account}/openings/{id}")
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Counter {
    place: String,
    text: String,
}

async fn apply(
    visitor: Visitor,
    customers: web::Data<Customers>,
    id: web::Path<String>,
    fields: Fields<Counter>,
) -> Result<HttpResponse, Fault> {
    let account = account(&id)?;
    let Counter { place, text } = &fields.0;
    let filed = customers
        .apply_for(&visitor.acting, &account, text, place)
        .await?;
    Ok(go_saying(&here(&account, &filed), "said.applied"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Proposed {
    verdict: String,
    reason: String,
}

async fn propose(
    visitor: Visitor,
    customers: web::Data<Customers>,
    path: Named,
    fields: Fields<Proposed>,
) -> Result<HttpResponse, Fault> {
    let (account, id) = named(&path)?;
    let Proposed { verdict, reason } = &fields.0;
    let verdict = Verdict::parse(verdict).ok_or(Fault::Unreadable)?;
    customers
        .propose_opening(&visitor.acting, (&account, &id), verdict, reason)
        .await?;
    Ok(go_saying(&here(&account, &id), "said.proposed"))
}

async fn judge(
    visitor: &Visitor,
    customers: &Customers,
    path: &Named,
    (judged, judgement): (&Judged, Judgement),
) -> Result<HttpResponse, Fault> {
    let (account, id) = named(path)?;
    customers
        .judge_opening(
            &visitor.acting,
            (&account, &id),
            (judged.shown(), judgement),
        )
        .await?;
    let said = match judgement {
        Judgement::Agree => "said.opening_decided",
        Judgement::Refuse => "said.refused",
    };
    Ok(go_saying(&here(&account, &id), said))
}

async fn agree(
    visitor: Visitor,
    customers: web::Data<Customers>,
    path: Named,
    fields: Fields<Judged>,
) -> Result<HttpResponse, Fault> {
    judge(&visitor, &customers, &path, (&fields.0, Judgement::Agree)).await
}

async fn refuse(
    visitor: Visitor,
    customers: web::Data<Customers>,
    path: Named,
    fields: Fields<Judged>,
) -> Result<HttpResponse, Fault> {
    judge(&visitor, &customers, &path, (&fields.0, Judgement::Refuse)).await
}
