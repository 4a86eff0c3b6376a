//! The register of services (LN-39): what this node stands on and offers, and how each does; and which nodes
//! there are (LN-54). Opening the page asks nobody: it shows what looks and calls have found, and what the nodes
//! said of themselves.

use actix_web::{HttpResponse, web};
use askama::Template;
use lifeline_core::jobs::nodes::{NODES_MAX, Node, Presence, standing};
use lifeline_core::operators::Right;
use lifeline_core::shared::time::Time;
use lifeline_core::store::snapshot;

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

/// One run of a node.
struct Run {
    name: String,
    version: String,
    /// A key of the words.
    presence: String,
    missed: bool,
    began: String,
    seen: String,
}

#[derive(Template)]
#[template(path = "console/service_register.html")]
struct ServicesPage {
    frame: Frame,
    as_of: String,
    rows: Vec<Row>,
    runs: Vec<Run>,
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

fn run((node, presence): (Node, Presence)) -> Run {
    Run {
        name: node.name,
        version: node.version,
        presence: format!("node.{}", presence.as_str()),
        missed: presence == Presence::Silent,
        began: node.began_at.alipay_text(),
        seen: node.seen_at.alipay_text(),
    }
}

async fn list(visitor: Visitor, house: web::Data<House>) -> Result<HttpResponse, Fault> {
    let services = house.services.list(&house.readiness.operations());
    let now = visitor.operators.now();
    let mut view = snapshot(&*house.store).await?;
    let nodes = view.jobs().nodes(NODES_MAX).await?;
    Ok(page(&ServicesPage {
        frame: Frame::of(&visitor, "services.title"),
        as_of: now.alipay_text(),
        rows: services.into_iter().map(row).collect(),
        runs: standing(nodes, now).into_iter().map(run).collect(),
    }))
}
