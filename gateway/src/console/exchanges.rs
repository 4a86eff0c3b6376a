//! Gifts that points were exchanged for: what waits at the outlets, found by the number that its person shows, and
//! handed out once, by that number: the list does not tell it (LN-21).

use actix_web::{HttpResponse, web};
use askama::Template;
use lifeline_core::customers::Customers;
use lifeline_core::customers::exchanges::Owed;
use lifeline_core::operators::Right;
use lifeline_core::requests::handing::number_in;
use lifeline_core::shared::ids::ExchangeId;
use serde::Deserialize;

use super::access::{Access, Pages};
use super::fault::Fault;
use super::frame::{Frame, page};
use super::visitor::{Fields, Nothing, Visitor, go_saying};
use super::who::Who;

pub(super) fn pages(pages: &mut Pages<'_>) {
    let read = Access::May(Right::ReadRequests);
    let work = Access::May(Right::WorkRequests);
    pages.get("/console/exchanges", read, list);
    pages.post(
        "/console/exchanges/{id}/hand-out",
        work,
        "points.hand_out",
        hand_out,
    );
    pages.post(
        "/console/exchanges/{id}/taking-back",
        work,
        "points.not_handed",
        take_back,
    );
}

struct Row {
    id: String,
    number: String,
    title: String,
    points: i64,
    exchanged: String,
    account: String,
    name: String,
    phone: String,
    /// When and by whom it was handed out.
    handed: Option<(String, String)>,
    /// It was exchanged before that was noted.
    before: bool,
    /// Whoever looks noted it, and may take it back.
    own: bool,
}

/// `numbered`: whoever looks typed its number.
fn row(one: &Owed, names: &Who, visitor: &Visitor, numbered: bool) -> Row {
    let (exchange, person) = (&one.exchange, &one.person);
    let masked = |text: &Option<String>| text.clone().unwrap_or_else(|| "—".to_owned());
    let handed = exchange.handed.as_ref();
    Row {
        id: exchange.exchange_id.to_string(),
        number: if numbered {
            exchange.number()
        } else {
            exchange.number_masked()
        },
        title: exchange.title.clone(),
        points: exchange.points,
        exchanged: exchange.at.alipay_text(),
        account: person.account_id.to_string(),
        name: masked(&person.name_masked),
        phone: masked(&person.phone_masked),
        before: handed.is_some_and(|one| !one.is_noted()),
        own: handed.is_some_and(|one| {
            one.is_taken_back_by(&visitor.acting.actor(), visitor.operators.now())
        }),
        handed: handed.map(|one| (one.at.alipay_text(), names.called(&one.by))),
    }
}

#[derive(Template)]
#[template(path = "console/exchanges.html")]
struct ExchangesPage {
    frame: Frame,
    number: String,
    rows: Vec<Row>,
    /// What is said where there is no row.
    empty: &'static str,
    next: Option<String>,
    may: bool,
}

const fn empty(numbered: bool, more: bool) -> &'static str {
    match (numbered, more) {
        (true, _) => "exchanges.none_numbered",
        (false, true) => "exchanges.none_here",
        (false, false) => "exchanges.none",
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Query {
    number: String,
    /// The last one that was seen.
    behind: String,
    said: String,
}

fn exchange(text: &str) -> Result<ExchangeId, Fault> {
    ExchangeId::parse(text).map_err(|_| Fault::NotFound)
}

async fn list(
    visitor: Visitor,
    customers: web::Data<Customers>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Fault> {
    let Query { number, behind, .. } = query.into_inner();
    let numbered = !number.trim().is_empty();
    let found = if numbered {
        let number = number_in(&number).ok_or(Fault::Invalid("fault.exchange_no"))?;
        customers.owed_numbered(&visitor.acting, &number).await?
    } else {
        let behind = match behind.as_str() {
            "" => None,
            text => Some(exchange(text)?),
        };
        customers.owed(&visitor.acting, behind.as_ref()).await?
    };
    let names = Who::all(&visitor.operators).await?;
    Ok(page(&ExchangesPage {
        frame: Frame::of(&visitor, "exchanges.title"),
        number,
        rows: found
            .owed
            .iter()
            .map(|one| row(one, &names, &visitor, numbered))
            .collect(),
        empty: empty(numbered, found.next.is_some()),
        next: found.next.map(|id| id.to_string()),
        may: visitor.acting.may(Right::WorkRequests),
    }))
}

/// What the person who came for a gift shows.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HandOut {
    number: String,
}

async fn hand_out(
    visitor: Visitor,
    customers: web::Data<Customers>,
    path: web::Path<String>,
    fields: Fields<HandOut>,
) -> Result<HttpResponse, Fault> {
    let id = exchange(&path)?;
    let number = number_in(&fields.0.number).ok_or(Fault::Invalid("fault.exchange_no"))?;
    customers.hand_out(&visitor.acting, &id, &number).await?;
    Ok(go_saying("/console/exchanges", "said.handed_out"))
}

async fn take_back(
    visitor: Visitor,
    customers: web::Data<Customers>,
    path: web::Path<String>,
    _fields: Fields<Nothing>,
) -> Result<HttpResponse, Fault> {
    let id = exchange(&path)?;
    customers.take_hand_out_back(&visitor.acting, &id).await?;
    Ok(go_saying("/console/exchanges", "said.not_handed"))
}
