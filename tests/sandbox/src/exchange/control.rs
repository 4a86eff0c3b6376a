//! What a tester sees and sets: `/sim/exchange`.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::{Value, json};

use super::book::Exchange;

pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    cfg.route("/sim/exchange/reports", web::get().to(reports))
        .route("/sim/exchange/offices", web::post().to(name_office));
}

/// Every report that was taken, by addressee and day.
async fn reports(exchange: web::Data<Exchange>) -> HttpResponse {
    let book = exchange.book();
    let items = book.reports.iter().map(|((to, day), taken)| {
        let words: Value = serde_json::from_str(&taken.report).unwrap_or(Value::Null);
        json!({"to": to, "day": day, "digest": taken.digest, "receipt_no": taken.receipt_no,
            "sends": taken.sends, "report": words})
    });
    HttpResponse::Ok().json(items.collect::<Value>())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    org_no: String,
    name: String,
}

/// An office is founded or gets another name.
async fn name_office(exchange: web::Data<Exchange>, named: web::Json<Named>) -> HttpResponse {
    let named = named.into_inner();
    exchange.book().offices.insert(named.org_no, named.name);
    HttpResponse::NoContent().finish()
}
