//! The register of services (LN-39): what this node stands on and offers, and how each does. Opening the
//! page asks nobody: it shows what looks and calls have found.

use actix_web::{HttpResponse, web};
use askama::Template;
use lifeline_core::operators::Right;
use lifeline_core::shared::time::Time;

use super::access::{Access, Pages};
use super::fault::Fault;
use super::frame::{Frame, page};
use super::today::House;
use super::visitor::Visitor;
use crate::listeners::service_register::{Health, Place, Service};

pub(super) fn pages(pages: &mut Pages<'_>) {
    let read = Access::May(Right::ReadSystem);
    pages.get("/console/system/services", read, list);
}

struct Row {
    name: &'static str,
    operation: &'static str,
    /// Keys of the words.
    place: &'static str,
    health: String,
    failing: bool,
    since: String,
    last_well: String,
    last_badly: String,
    version: String,
}

#[derive(Template)]
#[template(path = "console/service_register.html")]
struct ServicesPage {
    frame: Frame,
    as_of: String,
    rows: Vec<Row>,
}

fn moment(at: Option<Time>) -> String {
    at.map_or_else(|| "—".to_owned(), Time::alipay_text)
}

fn row(one: Service) -> Row {
    Row {
        name: one.name,
        operation: one.operation,
        place: match one.place {
            Place::Beneath => "services.beneath",
            Place::Outside => "services.outside",
            Place::Offered => "services.offered",
        },
        health: format!("health.{}", one.health.as_str()),
        failing: matches!(one.health, Health::Failing | Health::Probed),
        since: moment(one.since),
        last_well: moment(one.last_well),
        last_badly: moment(one.last_badly),
        version: one.version,
    }
}

async fn list(visitor: Visitor, house: web::Data<House>) -> Result<HttpResponse, Fault> {
    let services = house.services.list(&house.readiness.operations());
    Ok(page(&ServicesPage {
        frame: Frame::of(&visitor, "services.title"),
        as_of: visitor.operators.now().alipay_text(),
        rows: services.into_iter().map(row).collect(),
    }))
}
