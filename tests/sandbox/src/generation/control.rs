//! What a tester sees and does: `/sim/generation/readings`, `/sim/generation/prices`, `/sim/reviews`, `/sim/payouts`.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::{Value, json};

use super::book::{Generation, month};
use super::prices::{self, Told};
use crate::refusal::Refusal;

pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    cfg.route("/sim/generation/readings", web::post().to(read_again))
        .route("/sim/generation/readings", web::get().to(readings))
        .route("/sim/generation/prices", web::post().to(tell_prices))
        .route("/sim/generation/prices", web::get().to(prices_told))
        .route("/sim/reviews", web::get().to(reviews))
        .route("/sim/reviews/{no}", web::post().to(judge))
        .route("/sim/payouts", web::get().to(payouts))
        .route("/sim/payouts/later", web::post().to(pay_later))
        .route("/sim/payouts/{no}/pay", web::post().to(pay))
        .route("/sim/payouts/{no}/return", web::post().to(give_back));
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    generation_no: String,
    period: Option<String>,
    /// It ran backwards on the first day.
    #[serde(default)]
    negative: bool,
}

/// The meter is read (again): what it shows differs from before.
async fn read_again(
    systems: web::Data<Generation>,
    wanted: web::Json<Wanted>,
) -> Result<HttpResponse, Refusal> {
    let wanted = wanted.into_inner();
    let period = wanted.period.unwrap_or_else(|| systems.last_month());
    if month(&wanted.generation_no, &period, 0).is_none() {
        return Err(Refusal::invalid("PERIOD", "a period is written YYYY-MM"));
    }
    let mut book = systems.book();
    let key = (wanted.generation_no, period.clone());
    if wanted.negative {
        book.negative.insert(key.clone());
    } else {
        book.negative.remove(&key);
    }
    let revision = book.revisions.entry(key).or_insert(0);
    *revision += 1;
    Ok(HttpResponse::Ok().json(json!({"period": period, "revision": *revision})))
}

/// What the meter shows of a month.
async fn readings(
    systems: web::Data<Generation>,
    wanted: web::Query<Wanted>,
) -> Result<HttpResponse, Refusal> {
    let wanted = wanted.into_inner();
    let period = wanted.period.unwrap_or_else(|| systems.last_month());
    let key = (wanted.generation_no.clone(), period.clone());
    let revision = systems.book().revisions.get(&key).copied();
    let days = systems.shown(&wanted.generation_no, &period, revision.unwrap_or(0));
    let days = days.ok_or_else(|| Refusal::invalid("PERIOD", "a period is written YYYY-MM"))?;
    Ok(HttpResponse::Ok().json(json!({ "days": days })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HowTold {
    are: Told,
}

/// From now on prices are told so, of any month.
async fn tell_prices(systems: web::Data<Generation>, how: web::Json<HowTold>) -> HttpResponse {
    systems.book().told = how.are;
    HttpResponse::NoContent().finish()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PricesOf {
    period: String,
}

/// The rows of a month as they are told now, and the taxes.
async fn prices_told(
    systems: web::Data<Generation>,
    wanted: web::Query<PricesOf>,
) -> Result<HttpResponse, Refusal> {
    let told = systems.book().told;
    let rows = prices::rows(&wanted.period, told);
    let rows = rows.ok_or_else(|| Refusal::invalid("PERIOD", "a period is written YYYY-MM"))?;
    Ok(HttpResponse::Ok().json(json!({ "prices": rows, "taxes": prices::taxes() })))
}

async fn reviews(systems: web::Data<Generation>) -> HttpResponse {
    let book = systems.book();
    let items: Value = book
        .reviews
        .iter()
        .map(|(no, review)| {
            json!({
                "review_id": no, "period": review.period, "net_fen": review.net_fen,
                "energy_lines": review.energy_lines, "state": review.state,
                "amount_fen": review.amount_fen, "reason": review.reason,
            })
        })
        .collect();
    HttpResponse::Ok().json(json!({ "items": items }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Verdict {
    verdict: String,
    amount_fen: Option<i64>,
}

async fn judge(
    systems: web::Data<Generation>,
    no: web::Path<String>,
    verdict: web::Json<Verdict>,
) -> Result<HttpResponse, Refusal> {
    let state = match (verdict.verdict.as_str(), verdict.amount_fen) {
        ("upheld", None) => "upheld",
        ("corrected", Some(fen)) if fen >= 0 => "corrected",
        _ => {
            return Err(Refusal::invalid(
                "VERDICT",
                "upheld, or corrected with amount_fen",
            ));
        }
    };
    let mut book = systems.book();
    let Some(review) = book.reviews.get_mut(no.as_str()) else {
        return Err(Refusal::invalid("REVIEW", "no such review"));
    };
    review.state = state;
    review.amount_fen = verdict.amount_fen;
    Ok(HttpResponse::Ok().json(json!({"review_id": no.as_str(), "state": state})))
}

/// Whom the platform paid how much: the books a verdict is read from.
async fn payouts(systems: web::Data<Generation>) -> HttpResponse {
    let book = systems.book();
    let items: Value = book
        .payouts
        .iter()
        .map(|(no, payout)| {
            json!({
                "payout_no": no, "period": payout.period, "amount_fen": payout.amount_fen,
                "state": payout.state, "name": payout.name,
                "trading_account": payout.trading_account, "sends": payout.sends, "order": payout.order,
            })
        })
        .collect();
    HttpResponse::Ok().json(json!({ "items": items }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Later {
    on: bool,
}

/// From now on payouts are accepted only, or paid at once again.
async fn pay_later(systems: web::Data<Generation>, wanted: web::Json<Later>) -> HttpResponse {
    systems.book().pays_later = wanted.on;
    HttpResponse::NoContent().finish()
}

/// The platform pays what it accepted.
async fn pay(systems: web::Data<Generation>, no: web::Path<String>) -> HttpResponse {
    moved(&systems, &no, "accepted", "paid")
}

/// The bank gives a payout back.
async fn give_back(systems: web::Data<Generation>, no: web::Path<String>) -> HttpResponse {
    moved(&systems, &no, "paid", "returned")
}

fn moved(systems: &Generation, no: &str, from: &str, to: &'static str) -> HttpResponse {
    let mut book = systems.book();
    match book
        .payouts
        .get_mut(no)
        .filter(|payout| payout.state == from)
    {
        Some(payout) => {
            payout.state = to;
            HttpResponse::NoContent().finish()
        }
        None => HttpResponse::NotFound().finish(),
    }
}
