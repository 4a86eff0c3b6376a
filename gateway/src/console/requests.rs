//! What people asked of the utility: reports, feedback, disputes and applications, with their work orders in
//! marketing and how far these have come (LN-19, LN-20, EC-20).

use actix_web::{HttpResponse, web};
use askama::Template;
use lifeline_core::customers::Customers;
use lifeline_core::customers::filed::Filed;
use lifeline_core::operators::Right;
use lifeline_core::requests::listed::Sought;
use lifeline_core::requests::request::{Kind, State};
use lifeline_core::shared::ids::RequestId;
use serde::Deserialize;

use super::access::{Access, Pages};
use super::fault::Fault;
use super::frame::{Frame, page};
use super::statistics::filter;
use super::visitor::Visitor;

pub(super) fn pages(pages: &mut Pages<'_>) {
    let read = Access::May(Right::ReadRequests);
    pages.get("/console/requests", read, list);
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Query {
    kind: String,
    state: String,
    /// The last one that was seen.
    behind: String,
}

struct Row {
    kind: String,
    state: String,
    order_no: String,
    filed: String,
    moved: String,
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

fn row(one: &Filed) -> Row {
    let entry = &one.entry;
    let person = one.person.as_ref();
    let regions = person.map(|person| person.regions.iter().cloned().collect::<Vec<_>>());
    let to = |account: &str| match entry.kind {
        Kind::NewUser => format!("/console/customers/{account}/openings/{}", entry.request_id),
        _ => format!("/console/customers/{account}"),
    };
    Row {
        kind: format!("request.kind.{}", entry.kind.as_str()),
        state: format!("request.state.{}", entry.state.as_str()),
        order_no: entry.order_no.clone().unwrap_or_default(),
        filed: entry.filed_at.alipay_text(),
        moved: entry.moved_at.alipay_text(),
        regions: regions.unwrap_or_default().join(" "),
        name: person
            .and_then(|person| person.name_masked.clone())
            .unwrap_or_else(|| "—".to_owned()),
        to: person.map(|person| to(person.account_id.as_str())),
    }
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
        text => Some(RequestId::parse(text).map_err(|_| Fault::NotFound)?),
    };
    let found = customers
        .requests(&visitor.acting, sought, behind.as_ref())
        .await?;
    Ok(page(&RequestsPage {
        frame: Frame::of(&visitor, "requests.title"),
        kinds: Kind::ALL.map(Kind::as_str),
        states: State::ALL.map(State::as_str),
        rows: found.requests.iter().map(row).collect(),
        next: found.next.map(|id| id.to_string()),
        query,
    }))
}
