//! The people the utility serves: found by one thing of theirs, shown masked, one thing in clear for a
//! reason (EC-19).

use actix_web::http::header::{HeaderValue, REFRESH};
use actix_web::{HttpResponse, web};
use askama::Template;
use lifeline_core::cases::Case;
use lifeline_core::customers::unmasking::{Unmasking, Veiled};
use lifeline_core::customers::{Asked, CustomerError, Customers, Glimpse, HomeShown};
use lifeline_core::operators::Right;
use lifeline_core::shared::ids::{AccountId, BindingId};
use serde::Deserialize;

use super::access::{Access, Pages};
use super::fault::Fault;
use super::frame::{Frame, page};
use super::functions;
use super::visitor::{Fields, Visitor};
use super::who::{Oneself, Who};

const READ: Access = Access::May(Right::ReadCustomers);

pub(super) fn pages(pages: &mut Pages<'_>) {
    pages.get("/console/customers", READ, list);
    // What somebody is looked for by is never part of an address.
    pages.post("/console/customers", READ, "customers.find", find);
    pages.get("/console/customers/{account_id}", READ, show);
    pages.post(
        "/console/customers/{account_id}/unmasking",
        Access::May(Right::Unmask),
        "customers.unmask",
        unmask,
    );
}

impl From<CustomerError> for Fault {
    fn from(error: CustomerError) -> Self {
        match error {
            CustomerError::Store(error) => error.into(),
            CustomerError::NoSuch => Self::NotFound,
            CustomerError::OutOfScope => Self::Forbidden,
            CustomerError::Reason => Self::Invalid("fault.reason"),
            CustomerError::Code => Self::Refused("fault.step_up"),
            CustomerError::TooMany => Self::Refused("fault.unmask_too_many"),
            CustomerError::NoFigure(why) => {
                tracing::warn!(%why, "console.customers.no_figure");
                Self::Unavailable
            }
            CustomerError::Absent => Self::Refused("fault.unmask_absent"),
            CustomerError::Faulty => Self::Invalid("fault.application"),
            CustomerError::NotCertified => Self::Refused("fault.not_certified"),
            CustomerError::SamePerson => Self::Refused("fault.same_person"),
            CustomerError::OtherNumber => Self::Refused("fault.exchange_other"),
            CustomerError::NotAsThingsStand => Self::Refused("fault.not_as_things_stand"),
        }
    }
}

struct Person {
    id: String,
    name: String,
    id_no: String,
    phone: String,
    regions: String,
    homes: usize,
    since: String,
}

fn person(seen: &Glimpse) -> Person {
    let masked = |text: &Option<String>| text.clone().unwrap_or_else(|| "—".to_owned());
    let regions: Vec<&str> = seen.regions.iter().map(String::as_str).collect();
    Person {
        id: seen.account_id.to_string(),
        name: masked(&seen.name_masked),
        id_no: masked(&seen.id_no_masked),
        phone: masked(&seen.phone_masked),
        regions: regions.join(" "),
        homes: seen.homes,
        since: seen.created_at.shanghai_date(),
    }
}

#[derive(Template)]
#[template(path = "console/customers.html")]
struct CustomersPage {
    frame: Frame,
    people: Vec<Person>,
    next: Option<String>,
    /// These were looked for, not listed.
    found: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Behind {
    behind: String,
    said: String,
}

pub(super) fn account(text: &str) -> Result<AccountId, Fault> {
    AccountId::parse(text).map_err(|_| Fault::NotFound)
}

async fn list(
    visitor: Visitor,
    customers: web::Data<Customers>,
    query: web::Query<Behind>,
) -> Result<HttpResponse, Fault> {
    let behind = match query.behind.as_str() {
        "" => None,
        text => Some(account(text)?),
    };
    let listed = customers.list(&visitor.acting, behind.as_ref()).await?;
    Ok(page(&CustomersPage {
        frame: Frame::of(&visitor, "customers.title"),
        people: listed.people.iter().map(person).collect(),
        next: listed.next.map(|id| id.to_string()),
        found: false,
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    asked: String,
}

async fn find(
    visitor: Visitor,
    customers: web::Data<Customers>,
    fields: Fields<Question>,
) -> Result<HttpResponse, Fault> {
    let asked = Asked::parse(&fields.0.asked).ok_or(Fault::Invalid("fault.customer_asked"))?;
    let found = customers.find(&visitor.acting, &asked).await?;
    Ok(page(&CustomersPage {
        frame: Frame::of(&visitor, "customers.title"),
        people: found.iter().map(person).collect(),
        next: None,
        found: true,
    }))
}

struct Home {
    id: String,
    number: String,
    holder: String,
    address: String,
    region: String,
    role: String,
    frozen: bool,
    since: String,
}

fn home(shown: &HomeShown) -> Home {
    Home {
        id: shown.binding_id.to_string(),
        number: shown.consumer_no_masked.clone(),
        holder: shown.holder_masked.clone(),
        address: shown.address_masked.clone(),
        region: shown.region.clone(),
        role: shown.role.map_or("customer.role_over".to_owned(), |role| {
            format!("customer.role_{}", role.as_str())
        }),
        frozen: shown.frozen,
        since: shown.since.shanghai_date(),
    }
}

/// When, who, what, why.
fn looked(one: &Unmasking, who: &Who) -> (String, String, String, String) {
    (
        one.at.alipay_text(),
        who.called(&format!("staff:{}", one.staff_id)),
        format!("veiled.{}", one.field.as_str()),
        one.reason.clone(),
    )
}

#[derive(Template)]
#[template(path = "console/customer.html")]
struct CustomerPage {
    frame: Frame,
    person: Person,
    homes: Vec<Home>,
    /// What was agreed to, and since when.
    consents: Vec<(String, String)>,
    /// Id, kind, since when, whether it is open.
    cases: Vec<(String, &'static str, String, bool)>,
    looked: Vec<(String, String, String, String)>,
    /// What can be seen in clear: the field's value and its word, and which home.
    veiled: Vec<(String, String, String)>,
    may_unmask: bool,
    may_apply: bool,
    left_today: i64,
    standing: Vec<functions::Standing>,
}

fn veiled(person: &Glimpse, homes: &[Home]) -> Vec<(String, String, String)> {
    let of = |word: &str| (word.to_owned(), format!("veiled.{word}"), String::new());
    let mut all = Vec::new();
    if person.name_masked.is_some() {
        all.extend([of("name"), of("id_no")]);
    }
    if person.phone_masked.is_some() {
        all.push(of("phone"));
    }
    all.extend(homes.iter().map(|home| {
        (
            format!("consumer_no:{}", home.id),
            "veiled.consumer_no".to_owned(),
            home.number.clone(),
        )
    }));
    all
}

async fn show(
    visitor: Visitor,
    customers: web::Data<Customers>,
    id: web::Path<String>,
) -> Result<HttpResponse, Fault> {
    let id = account(&id)?;
    let card = customers.card(&visitor.acting, &id).await?;
    let standing = customers.functions(&id).await?;
    let who = Who::all(&visitor.operators).await?;
    let oneself = Oneself::of(&visitor).await?;
    let homes: Vec<Home> = card.homes.iter().map(home).collect();
    let case = |one: &Case| {
        (
            one.case_id.to_string(),
            one.kind.as_str(),
            one.opened_at.alipay_text(),
            one.closed_at.is_none(),
        )
    };
    let consents = card.consents.iter().map(|one| {
        (
            format!("purpose.{}", one.purpose.as_str()),
            one.given_at.alipay_text(),
        )
    });
    Ok(page(&CustomerPage {
        frame: Frame::of(&visitor, "customer.title"),
        person: person(&card.glimpse),
        veiled: veiled(&card.glimpse, &homes),
        homes,
        consents: consents.collect(),
        cases: card.cases.iter().map(case).collect(),
        looked: card
            .unmaskings
            .iter()
            .map(|one| looked(one, &who))
            .collect(),
        may_unmask: visitor.acting.may(Right::Unmask),
        may_apply: visitor.acting.may(Right::ServeCustomers),
        left_today: card.left_today,
        standing: functions::standing(&standing, &visitor, (&who, &oneself)),
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unveil {
    field: String,
    reason: String,
    code: String,
}

/// How long one thing stays in clear on a screen, in seconds.
const CLEAR_S: u32 = 60;

#[derive(Template)]
#[template(path = "console/customer_clear.html")]
struct ClearPage {
    frame: Frame,
    id: String,
    word: String,
    clear: String,
}

fn field(text: &str) -> Result<Veiled, Fault> {
    let (word, link) = match text.split_once(':') {
        Some((word, link)) => {
            let link = BindingId::parse(link).map_err(|_| Fault::NotFound)?;
            (word, Some(link))
        }
        None => (text, None),
    };
    Veiled::of(word, link).ok_or(Fault::Invalid("fault.unmask_absent"))
}

async fn unmask(
    visitor: Visitor,
    customers: web::Data<Customers>,
    id: web::Path<String>,
    fields: Fields<Unveil>,
) -> Result<HttpResponse, Fault> {
    let id = account(&id)?;
    let Unveil {
        field: asked,
        reason,
        code,
    } = &fields.0;
    let asked = field(asked)?;
    let clear = customers
        .unmask(&visitor.acting, &id, &asked, reason, code)
        .await?;
    let mut shown = page(&ClearPage {
        frame: Frame::of(&visitor, "customer.clear_title"),
        id: id.to_string(),
        word: format!("veiled.{}", asked.as_str()),
        clear: clear.expose().to_owned(),
    });
    // Without a script: a browser that is left alone does not go on showing it.
    let away = format!("{CLEAR_S}; url=/console/customers/{id}");
    let away = HeaderValue::from_str(&away).map_err(|_| Fault::Internal)?;
    shown.headers_mut().insert(REFRESH, away);
    Ok(shown)
}
