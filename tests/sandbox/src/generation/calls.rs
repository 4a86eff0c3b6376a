//! `/pv/v1/…`.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::book::{Generation, Payout, Review};
use super::prices;
use crate::clock::{SimClock, rfc3339};
use crate::faults::Target;
use crate::hmac_auth::{AuthFailure, Nonces};
use crate::keys::{ChannelKeys, Keys};
use crate::passage::{self, Refusal, StandIn};
use crate::people::People;

pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    cfg.route("/pv/v1/meter/months", web::post().to(months))
        .route("/pv/v1/prices", web::get().to(publish))
        .route("/pv/v1/reviews", web::post().to(hand_over))
        .route("/pv/v1/reviews/{no}", web::get().to(review))
        .route("/pv/v1/reviews/{no}/recall", web::post().to(recall))
        .route("/pv/v1/payouts", web::post().to(pay))
        .route("/pv/v1/payouts/{no}", web::get().to(payout))
        .route("/pv/v1/payouts/{no}/fence", web::post().to(fence));
}

/// A refused call, in the contract's words.
pub(crate) enum No {
    Auth(AuthFailure),
    Invalid,
    NotFound,
    Conflict,
}

impl Refusal for No {
    fn said(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Auth(failure) => (StatusCode::UNAUTHORIZED, failure.code()),
            Self::Invalid => (StatusCode::UNPROCESSABLE_ENTITY, "INVALID"),
            Self::NotFound => (StatusCode::NOT_FOUND, "NOT_FOUND"),
            Self::Conflict => (StatusCode::CONFLICT, "IDEMPOTENCY_CONFLICT"),
        }
    }
}

impl From<AuthFailure> for No {
    fn from(failure: AuthFailure) -> Self {
        Self::Auth(failure)
    }
}

impl StandIn for Generation {
    const TARGET: Target = Target::Generation;
    type No = No;

    fn clock(&self) -> &SimClock {
        &self.clock
    }

    fn nonces(&self) -> &Nonces {
        &self.nonces
    }

    fn keys(all: &Keys) -> &ChannelKeys {
        &all.generation
    }
}

type Asked = passage::Asked<Generation>;
type Passage = passage::Passage<Generation>;

impl Passage {
    fn json<T: DeserializeOwned>(&self) -> Result<T, No> {
        serde_json::from_slice(&self.body).map_err(|_| No::Invalid)
    }

    fn no(&self) -> String {
        self.request
            .match_info()
            .get("no")
            .unwrap_or_default()
            .to_owned()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MonthAsked {
    generation_no_enc: String,
    period: String,
}

async fn months(asked: Asked, people: web::Data<People>) -> HttpResponse {
    let passage = Passage::of(asked, "POST /meter/months");
    passage
        .answer(false, |systems, keys| {
            let wanted: MonthAsked = passage.json()?;
            let number = keys.open("generation_no_enc", &wanted.generation_no_enc);
            let number = number.ok_or(No::Invalid)?;
            let key = (number.clone(), wanted.period.clone());
            let known = systems.book().revisions.get(&key).copied();
            let mut roofs = people.all().iter().flat_map(|person| person.generation_nos);
            // A demo roof has last month by itself; any other month appears when it is read.
            let seeded = wanted.period == systems.last_month() && roofs.any(|no| *no == number);
            let revision = known.or(seeded.then_some(0)).ok_or(No::NotFound)?;
            let days = systems.shown(&number, &wanted.period, revision);
            let days = days.ok_or(No::Invalid)?;
            Ok(json!({"read_at": rfc3339(systems.clock.now()), "days": days}))
        })
        .await
}

#[derive(Deserialize)]
struct PricesAsked {
    period: String,
}

async fn publish(asked: Asked) -> HttpResponse {
    let passage = Passage::of(asked, "GET /prices");
    passage
        .answer(false, |systems, _| {
            let query = passage.request.query_string();
            let wanted = web::Query::<PricesAsked>::from_query(query);
            let period = wanted.map_err(|_| No::Invalid)?.into_inner().period;
            let told = systems.book().told;
            Ok(json!({
                "prices": prices::rows(&period, told).ok_or(No::Invalid)?,
                "taxes": prices::taxes(),
            }))
        })
        .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReviewAsked {
    review_no: String,
    period: String,
    net_fen: i64,
    energy: String,
    reason_enc: Option<String>,
}

async fn hand_over(asked: Asked) -> HttpResponse {
    let passage = Passage::of(asked, "POST /reviews");
    passage
        .answer(true, |systems, keys| {
            let wanted: ReviewAsked = passage.json()?;
            let said = wanted.reason_enc.as_deref();
            let reason = said.map(|sealed| keys.open("reason_enc", sealed).ok_or(No::Invalid));
            let reason = reason.transpose()?;
            let mut book = systems.book();
            let review = book.reviews.entry(wanted.review_no).or_insert(Review {
                period: wanted.period,
                net_fen: wanted.net_fen,
                energy_lines: wanted.energy.lines().count(),
                reason,
                state: "pending",
                amount_fen: None,
            });
            Ok(json!({"state": review.state, "amount_fen": review.amount_fen}))
        })
        .await
}

async fn review(asked: Asked) -> HttpResponse {
    let passage = Passage::of(asked, "GET /reviews/{no}");
    passage
        .answer(false, |systems, _| {
            let book = systems.book();
            let review = book.reviews.get(&passage.no()).ok_or(No::NotFound)?;
            Ok(json!({"state": review.state, "amount_fen": review.amount_fen}))
        })
        .await
}

async fn recall(asked: Asked) -> HttpResponse {
    let passage = Passage::of(asked, "POST /reviews/{no}/recall");
    passage
        .answer(true, |systems, _| {
            let mut book = systems.book();
            let review = book.reviews.get_mut(&passage.no()).ok_or(No::NotFound)?;
            review.state = "recalled";
            Ok(json!({"state": review.state}))
        })
        .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PayoutAsked {
    payout_no: String,
    period: String,
    amount_fen: i64,
    name_enc: String,
    id_no_enc: String,
    trading_account_enc: String,
}

fn told(payout: &Payout) -> Value {
    json!({"state": payout.state, "amount_fen": payout.amount_fen})
}

async fn pay(asked: Asked) -> HttpResponse {
    let passage = Passage::of(asked, "POST /payouts");
    passage
        .answer(true, |systems, keys| {
            let wanted: PayoutAsked = passage.json()?;
            let open = |field, sealed: &str| keys.open(field, sealed).ok_or(No::Invalid);
            let name = open("name_enc", &wanted.name_enc)?;
            open("id_no_enc", &wanted.id_no_enc)?;
            let account = open("trading_account_enc", &wanted.trading_account_enc)?;
            if wanted.amount_fen <= 0 {
                return Err(No::Invalid);
            }
            let mut book = systems.book();
            let fresh = Payout {
                period: wanted.period,
                amount_fen: wanted.amount_fen,
                state: if book.pays_later { "accepted" } else { "paid" },
                name,
                trading_account: account,
                sends: 0,
                order: book.payouts.len() + 1,
            };
            let payout = book.payouts.entry(wanted.payout_no).or_insert(fresh);
            if payout.state != "fenced" && payout.amount_fen != wanted.amount_fen {
                return Err(No::Conflict);
            }
            payout.sends += 1;
            Ok(told(payout))
        })
        .await
}

async fn payout(asked: Asked) -> HttpResponse {
    let passage = Passage::of(asked, "GET /payouts/{no}");
    passage
        .answer(false, |systems, _| {
            let book = systems.book();
            book.payouts
                .get(&passage.no())
                .map(told)
                .ok_or(No::NotFound)
        })
        .await
}

async fn fence(asked: Asked) -> HttpResponse {
    let passage = Passage::of(asked, "POST /payouts/{no}/fence");
    passage
        .answer(true, |systems, _| {
            let mut book = systems.book();
            let order = book.payouts.len() + 1;
            let payout = book.payouts.entry(passage.no()).or_insert(Payout {
                period: String::new(),
                amount_fen: 0,
                state: "fenced",
                name: String::new(),
                trading_account: String::new(),
                sends: 0,
                order,
            });
            Ok(told(payout))
        })
        .await
}
