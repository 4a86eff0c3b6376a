//! What people asked of the utility: reports, feedback, disputes and applications, with their work orders in
//! marketing and how far these have come; one by itself with what was written and what it is about (LN-19, LN-20, EC-20).

use actix_web::{HttpResponse, web};
use askama::Template;
use lifeline_core::cases::Case;
use lifeline_core::customers::filed::{Filed, Opened};
use lifeline_core::customers::{Customers, Glimpse};
use lifeline_core::operators::Right;
use lifeline_core::requests::listed::{Sought, due};
use lifeline_core::requests::request::{Kind, State};
use lifeline_core::shared::ids::RequestId;
use lifeline_core::shared::time::Time;
use serde::Deserialize;

use super::access::{Access, Pages};
use super::fault::Fault;
use super::frame::{Frame, page};
use super::statistics::filter;
use super::visitor::Visitor;

pub(super) fn pages(pages: &mut Pages<'_>) {
    let read = Access::May(Right::ReadRequests);
    pages.get("/console/requests", read, list);
    pages.get("/console/requests/{request_id}", read, show);
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Query {
    kind: String,
    state: String,
    /// The last one that was seen.
    behind: String,
}

/// By when it is to have come to its end; empty once it has.
struct Due {
    at: String,
    late: bool,
}

impl Due {
    fn of(state: State, filed_at: Time, now: Time) -> Self {
        let due = due(state, filed_at);
        Self {
            late: due.is_some_and(|due| now > due),
            at: due.map_or(String::new(), Time::alipay_text),
        }
    }
}

struct Row {
    id: String,
    kind: String,
    state: String,
    order_no: String,
    filed: String,
    moved: String,
    due: Due,
    regions: String,
    name: String,
    /// Where it leads; nowhere when it does not say whose it is.
    to: Option<String>,
}

#[derive(Template)]
#[template(path = "console/requests.html")]
struct RequestsPage {
    frame: Frame,
    query: Query,
    kinds: [&'static str; 5],
    states: [&'static str; 5],
    rows: Vec<Row>,
    next: Option<String>,
}

/// What they are called, masked, and where their homes are.
fn glimpse(person: Option<&Glimpse>) -> (String, String) {
    let name = person.and_then(|person| person.name_masked.clone());
    let regions = person.map(|person| person.regions.iter().cloned().collect::<Vec<_>>());
    (
        name.unwrap_or_else(|| "—".to_owned()),
        regions.unwrap_or_default().join(" "),
    )
}

fn row(one: &Filed, now: Time) -> Row {
    let entry = &one.entry;
    let person = one.person.as_ref();
    let (name, regions) = glimpse(person);
    let to = |account: &str| match entry.kind {
        Kind::NewUser => format!("/console/customers/{account}/openings/{}", entry.request_id),
        _ => format!("/console/customers/{account}"),
    };
    Row {
        id: entry.request_id.to_string(),
        kind: format!("request.kind.{}", entry.kind.as_str()),
        state: format!("request.state.{}", entry.state.as_str()),
        order_no: entry.order_no.clone().unwrap_or_default(),
        filed: entry.filed_at.alipay_text(),
        moved: entry.moved_at.alipay_text(),
        due: Due::of(entry.state, entry.filed_at, now),
        regions,
        name,
        to: person.map(|person| to(person.account_id.as_str())),
    }
}

fn id_of(text: &str) -> Result<RequestId, Fault> {
    RequestId::parse(text).map_err(|_| Fault::NotFound)
}

async fn list(
    visitor: Visitor,
    customers: web::Data<Customers>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Fault> {
    let query = query.into_inner();
    let sought = Sought {
        kind: filter(&query.kind, Kind::parse)?,
        state: filter(&query.state, State::parse)?,
    };
    let behind = match query.behind.as_str() {
        "" => None,
        text => Some(id_of(text)?),
    };
    let now = visitor.operators.now();
    let found = customers
        .requests(&visitor.acting, sought, behind.as_ref())
        .await?;
    Ok(page(&RequestsPage {
        frame: Frame::of(&visitor, "requests.title"),
        kinds: Kind::ALL.map(Kind::as_str),
        states: State::ALL.map(State::as_str),
        rows: found.requests.iter().map(|one| row(one, now)).collect(),
        next: found.next.map(|id| id.to_string()),
        query,
    }))
}

/// One case about it.
struct About {
    id: String,
    kind: &'static str,
    opened: String,
    open: bool,
}

/// Where what it is about stands; empty where it is about none, or nobody is to be told whose it is.
struct Ways {
    person: String,
    bills: String,
    payment: String,
    application: String,
}

#[derive(Template)]
#[template(path = "console/request.html")]
struct RequestPage {
    frame: Frame,
    kind: String,
    state: String,
    text: String,
    place: String,
    order_no: String,
    filed: String,
    moved: String,
    due: Due,
    name: String,
    regions: String,
    ways: Ways,
    cases: Vec<About>,
}

fn about(case: &Case) -> About {
    About {
        id: case.case_id.to_string(),
        kind: case.kind.as_str(),
        opened: case.opened_at.alipay_text(),
        open: case.closed_at.is_none(),
    }
}

fn ways(opened: &Opened) -> Ways {
    let request = &opened.request;
    let person = opened.person.as_ref().map(|person| &person.account_id);
    let person = person.map_or(String::new(), |id| format!("/console/customers/{id}"));
    let home = opened.home.as_ref();
    let paid = request.payment_id.as_ref().filter(|_| !request.anonymous);
    Ways {
        bills: home.map_or(String::new(), |(account, link)| {
            format!("/console/customers/{account}/homes/{link}/bills")
        }),
        payment: paid.map_or(String::new(), |id| {
            format!("/console/timeline?of=payment&id={id}")
        }),
        application: if request.kind == Kind::NewUser && !person.is_empty() {
            format!("{person}/openings/{}", request.request_id)
        } else {
            String::new()
        },
        person,
    }
}

async fn show(
    visitor: Visitor,
    customers: web::Data<Customers>,
    id: web::Path<String>,
) -> Result<HttpResponse, Fault> {
    let opened = customers.request(&visitor.acting, &id_of(&id)?).await?;
    let request = &opened.request;
    let (name, regions) = glimpse(opened.person.as_ref());
    Ok(page(&RequestPage {
        frame: Frame::of(&visitor, "request.title"),
        kind: format!("request.kind.{}", request.kind.as_str()),
        state: format!("request.state.{}", request.state.as_str()),
        text: request.letter.text.clone(),
        place: request.letter.place.clone().unwrap_or_default(),
        order_no: request.order_no.clone().unwrap_or_default(),
        filed: request.filed_at.alipay_text(),
        moved: request.moved_at.alipay_text(),
        due: Due::of(request.state, request.filed_at, visitor.operators.now()),
        name,
        regions,
        ways: ways(&opened),
        cases: opened.cases.iter().map(about).collect(),
    }))
}
