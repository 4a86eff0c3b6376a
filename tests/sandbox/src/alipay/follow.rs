//! `/sim/alipay/follow`: a tap on "follow" in the wallet, told to the merchant's application gateway.

use std::sync::PoisonError;

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::json;

use super::Alipay;
use super::draft::Draft;
use crate::refusal::Refusal;

pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    cfg.route("/sim/alipay/follow", web::post().to(follow));
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tap {
    person: String,
    follows: bool,
}

async fn follow(alipay: web::Data<Alipay>, tap: web::Json<Tap>) -> Result<HttpResponse, Refusal> {
    let person = alipay.person(&tap.person)?;
    let now = alipay.clock.now();
    let mut book = alipay.book.lock().unwrap_or_else(PoisonError::into_inner);
    let url = book.agreements.gateway_url.clone();
    let sent = url.is_some();
    if let Some(url) = url {
        let draft = Draft::of_follow(person, tap.follows, url, now);
        book.outbox.add(draft, now, None);
        alipay.post_wake.notify_one();
    }
    Ok(HttpResponse::Ok().json(json!({ "sent": sent })))
}
