//! Alipay's notices: verified over the raw bytes, durable before they are acknowledged, worked at
//! once; the sweeper works what a crash left behind. Messages of the life account come to the same address.
//! And marketing's word, which only makes us ask.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use lifeline_core::inbox::signed::Sender;
use lifeline_core::insight::Followers;
use lifeline_core::insight::followers::{FollowError, FollowRefused, Took};
use lifeline_core::payments::ports::NoticeError;
use lifeline_core::payments::{NoticeRefused, Payments};

use crate::edge::signed::told;
use crate::edge::{Code, Problem, trace};
use crate::runner::Waker;

/// Marketing's word that something of ours moved: what waits for marketing is asked about now. Nothing of what it
/// says is believed.
#[utoipa::path(post, path = "/v1/callbacks/marketing", tag = "payments",
    request_body(content = String, content_type = "application/json"),
    responses((status = 204, description = "Taken"),
        (status = 401, description = "Not signed by marketing, or taken before")))]
pub(super) async fn marketing(
    req: HttpRequest,
    payments: web::Data<Payments>,
    waker: web::Data<Waker>,
    body: Result<web::Bytes, actix_web::Error>,
) -> Result<HttpResponse, Problem> {
    let told = told(&req, Sender::Marketing, body)?;
    let trace_id = trace::current();
    let spoke = payments.marketing_spoke(&told.nonce, &told.body, &trace_id);
    if !spoke.await? {
        return Err(Problem::new(Code::Unauthenticated));
    }
    waker.wake();
    Ok(HttpResponse::NoContent().finish())
}

/// What Alipay must read to stop repeating a notice: these seven letters and nothing else.
const ACKNOWLEDGED: &str = "success";
const REFUSED: &str = "fail";

/// A notice about a trade. Answered `success` only once it is stored.
#[utoipa::path(post, path = "/v1/callbacks/alipay", tag = "payments",
    request_body(content = String, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "`success`: stored", body = String, content_type = "text/plain"),
        (status = 400, description = "`fail`: not a notice for us", body = String, content_type = "text/plain"),
        (status = 503, description = "`fail`: send it again", body = String, content_type = "text/plain")))]
pub(super) async fn alipay(
    payments: web::Data<Payments>,
    followers: web::Data<Followers>,
    waker: web::Data<Waker>,
    body: Result<web::Bytes, actix_web::Error>,
) -> HttpResponse {
    let Ok(raw) = body else {
        return answer(StatusCode::PAYLOAD_TOO_LARGE, REFUSED);
    };
    let trace_id = trace::current();
    match followers.receive(&raw, &trace_id).await {
        Ok(Took::Elsewhere) => {}
        Ok(Took::Counted | Took::Nothing) => return answer(StatusCode::OK, ACKNOWLEDGED),
        Err(refused) => return not_taken(&refused),
    }
    match payments.receive(&raw, &trace_id).await {
        Ok(message_id) => {
            work(payments.into_inner(), waker, message_id);
            answer(StatusCode::OK, ACKNOWLEDGED)
        }
        Err(NoticeRefused::Unreadable(reason)) => {
            metrics::counter!("lifeline_notices_refused_total", "reason" => word(&reason))
                .increment(1);
            answer(StatusCode::BAD_REQUEST, REFUSED)
        }
        Err(NoticeRefused::Payment(error)) => {
            tracing::error!(%error, "payments.notice.not_stored");
            answer(StatusCode::SERVICE_UNAVAILABLE, REFUSED)
        }
    }
}

fn not_taken(refused: &FollowRefused) -> HttpResponse {
    let reason = match refused {
        FollowRefused::Insight(error) => {
            tracing::error!(%error, "insight.follow.not_stored");
            return answer(StatusCode::SERVICE_UNAVAILABLE, REFUSED);
        }
        FollowRefused::Unreadable(FollowError::Malformed) => "malformed",
        FollowRefused::Unreadable(FollowError::BadSignature) => "bad_signature",
        FollowRefused::Unreadable(FollowError::Foreign) => "foreign",
    };
    tracing::warn!(reason, "insight.follow.refused");
    metrics::counter!("lifeline_notices_refused_total", "reason" => reason).increment(1);
    answer(StatusCode::BAD_REQUEST, REFUSED)
}

/// Works the stored notice without keeping the channel waiting.
fn work(payments: std::sync::Arc<Payments>, waker: web::Data<Waker>, message_id: String) {
    tokio::spawn(async move {
        match payments.work_notice(&message_id).await {
            Ok(_) => waker.wake(),
            Err(error) => tracing::warn!(%error, "payments.notice.left_for_the_sweeper"),
        }
    });
}

const fn word(reason: &NoticeError) -> &'static str {
    match reason {
        NoticeError::Malformed => "malformed",
        NoticeError::BadSignature => "bad_signature",
        NoticeError::Foreign => "foreign",
        NoticeError::Unused { .. } => "unused",
    }
}

fn answer(status: StatusCode, text: &'static str) -> HttpResponse {
    HttpResponseBuilder::new(status)
        .content_type("text/plain; charset=utf-8")
        .body(text)
}
