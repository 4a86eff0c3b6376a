//! What this process leaves alone of the systems outside, why and until when; asked again at once by a
//! person with a reason (LN-39).

use actix_web::{HttpResponse, web};
use lifeline_core::operators::Right;
use serde::Deserialize;

use super::access::{Access, Pages};
use super::fault::Fault;
use super::today::House;
use super::visitor::{Fields, Visitor, go_saying};
use crate::listeners::ops::Circuit;

pub(super) fn pages(pages: &mut Pages<'_>) {
    pages.post(
        "/console/system/circuits/ask-again",
        Access::May(Right::RunSystem),
        "system.ask_again",
        ask_again,
    );
}

/// One of them as it is shown.
pub(super) struct Row {
    pub(super) system: &'static str,
    pub(super) operation: &'static str,
    pub(super) why: String,
    /// Empty while it is probed.
    pub(super) until: String,
}

pub(super) fn row(circuit: &Circuit) -> Row {
    Row {
        system: circuit.system,
        operation: circuit.operation,
        why: format!("circuit.{}", circuit.why),
        until: circuit.until.map(|at| at.alipay_text()).unwrap_or_default(),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    system: String,
    operation: String,
    reason: String,
}

async fn ask_again(
    visitor: Visitor,
    house: web::Data<House>,
    fields: Fields<Asked>,
) -> Result<HttpResponse, Fault> {
    let Asked {
        system,
        operation,
        reason,
    } = &fields.0;
    let circuits = house.readiness.circuits();
    let found = circuits
        .iter()
        .find(|one| one.system == *system && one.operation == *operation && one.until.is_some());
    let found = found.ok_or(Fault::Refused("fault.not_as_things_stand"))?;
    let name = format!("{} {}", found.system, found.operation);
    visitor
        .operators
        .asked_again(&visitor.acting, &name, reason)
        .await?;
    if house.readiness.ask_again(found.system, found.operation) {
        Ok(go_saying("/console/system", "said.asked_again"))
    } else {
        Err(Fault::Refused("fault.not_as_things_stand"))
    }
}
