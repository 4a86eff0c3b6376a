//! The SMS platform's word about a message it took (money.md 3.9).

use actix_web::{HttpRequest, HttpResponse, web};
use lifeline_core::inbox::signed::Sender;
use lifeline_core::notices::Notices;
use lifeline_core::shared::ids::EventId;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::edge::signed::told;
use crate::edge::{Code, Problem, body, trace};

/// What became of one message.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReportBody {
    /// The id it was sent under.
    #[schema(min_length = 36, max_length = 36)]
    message_id: String,
    state: Became,
}

#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Became {
    Delivered,
    Failed,
}

/// What became of a message. The first word about it stays.
#[utoipa::path(post, path = "/v1/callbacks/sms", tag = "notices", request_body = ReportBody,
    responses((status = 204, description = "Taken"),
        (status = 401, description = "Not signed by the platform, or taken before")))]
pub(super) async fn sms(
    req: HttpRequest,
    notices: web::Data<Notices>,
    bytes: Result<web::Bytes, actix_web::Error>,
) -> Result<HttpResponse, Problem> {
    let told = told(&req, Sender::Sms, bytes)?;
    let report: ReportBody = body::read(told.body.as_bytes())?.value;
    let message = EventId::parse(&report.message_id).map_err(|_| {
        Problem::new(Code::InvalidField).field("message_id", "invalid", "not an id")
    })?;
    let delivered = matches!(report.state, Became::Delivered);
    let trace_id = trace::current();
    let reported = notices.reported(&told.nonce, &told.body, &message, delivered, &trace_id);
    if !reported.await? {
        return Err(Problem::new(Code::Unauthenticated));
    }
    let state = if delivered { "delivered" } else { "failed" };
    metrics::counter!("lifeline_texts_reported_total", "state" => state).increment(1);
    Ok(HttpResponse::NoContent().finish())
}
