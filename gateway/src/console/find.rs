//! The field on top of every page: a trace leads to why it was refused, a payment to its line of time. Who calls
//! about a payment has the number of the receipt or of Alipay's bill; marketing has one made of it.

use actix_web::{HttpResponse, web};
use lifeline_core::insight::Insight;
use lifeline_core::operators::Right;
use lifeline_core::payments::numbers;
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
async fn find(
    _visitor: Visitor,
    insight: web::Data<Insight>,
    query: web::Query<Asked>,
) -> Result<HttpResponse, Fault> {
    let typed = query.what.trim();
    let what = typed.to_lowercase();
    if is_trace(&what) {
        Ok(go(&format!("/console/why?trace={what}")))
    } else if let Ok(id) = PaymentId::parse(&what) {
        Ok(line_of(&id))
    } else if let Some(number) = numbers::order_in(typed) {
        let found = insight.payment_numbered(number).await?;
        Ok(line_of(&found.ok_or(Fault::NotFound)?))
    } else {
        Err(Fault::Invalid("fault.find"))
    }
}

fn line_of(id: &PaymentId) -> HttpResponse {
    go(&format!("/console/timeline?of=payment&id={id}"))
}
