//! The field on top of every page: a trace leads to why it was refused, a payment to its line of time.

use actix_web::{HttpResponse, web};
use lifeline_core::operators::Right;
use lifeline_core::shared::ids::PaymentId;
use serde::Deserialize;

use super::access::{Access, Pages};
use super::fault::Fault;
use super::system::is_trace;
use super::visitor::{Visitor, go};

pub(super) fn pages(pages: &mut Pages<'_>) {
    pages.get("/console/find", Access::May(Right::ReadTimeline), find);
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Asked {
    what: String,
}

/// The pages it leads to say themselves who may see what, and note it.
async fn find(_visitor: Visitor, query: web::Query<Asked>) -> Result<HttpResponse, Fault> {
    let what = query.what.trim().to_lowercase();
    if is_trace(&what) {
        Ok(go(&format!("/console/why?trace={what}")))
    } else if let Ok(id) = PaymentId::parse(&what) {
        Ok(go(&format!("/console/timeline?of=payment&id={id}")))
    } else {
        Err(Fault::Invalid("fault.find"))
    }
}
