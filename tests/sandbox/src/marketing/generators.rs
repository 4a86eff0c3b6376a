//! What the marketing system holds about generators: the reserve of each grid connection, and whether the contract
//! runs. `GET /generators/{no}/reserved` of the contract, and the controls that end and renew a contract.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::people::{HOMES, People};
use crate::refusal::Refusal;

use super::desk::{Marketing, Reply};
use super::gate::{Nature, Route, answer};
use super::refused::Refused;

/// One connected generator.
pub(super) struct Generator {
    grid_user_no: &'static str,
    address: &'static str,
    name: &'static str,
    id_no: String,
    trading_account: String,
    feed_in: &'static str,
    settlement_day: i64,
    contract_version: i64,
    in_force: bool,
}

pub(super) type Generators = BTreeMap<&'static str, Generator>;

/// The roofs of the demo people.
pub(super) fn connected(people: &People) -> Generators {
    let mut all = Generators::new();
    for person in people.all() {
        let home = HOMES.iter().find(|home| home.holder == person.person);
        for (number, home) in person.generation_nos.iter().zip(home) {
            let generator = Generator {
                grid_user_no: home.consumer_no,
                address: home.address,
                name: person.name,
                id_no: person.id_no.clone(),
                trading_account: crate::people::TRADING_ACCOUNT.to_owned(),
                feed_in: if *number == crate::people::SELLS_ALL {
                    "full"
                } else {
                    "surplus"
                },
                settlement_day: 15,
                contract_version: 1,
                in_force: true,
            };
            all.insert(number, generator);
        }
    }
    all
}

impl Generator {
    fn status(&self) -> &'static str {
        if self.in_force { "in_force" } else { "ended" }
    }

    fn view(&self, number: &str) -> Value {
        json!({
            "generation_no": number,
            "grid_user_no": self.grid_user_no,
            "feed_in": self.feed_in,
            "settlement_day": self.settlement_day,
            "contract_version": self.contract_version,
            "status": self.status(),
        })
    }
}

pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    cfg.route("/generators/{no}/reserved", web::get().to(reserved));
}

async fn reserved(request: HttpRequest, no: web::Path<String>, body: web::Bytes) -> HttpResponse {
    let route = Route {
        template: "GET /generators/{no}/reserved",
        nature: Nature::Query,
    };
    answer(request, body, route, |books, call| {
        let found = books.generators.get(no.as_str());
        let generator = found.ok_or(Refused::ConsumerUnavailable)?;
        let mut reply = generator.view(&no);
        let personal = [
            ("address_enc", generator.address),
            ("name_enc", generator.name),
            ("id_no_enc", generator.id_no.as_str()),
            ("trading_account_enc", generator.trading_account.as_str()),
        ];
        for (field, clear) in personal {
            let sealed = call.seal(field, clear)?;
            if let Some(fields) = reply.as_object_mut() {
                fields.insert(field.to_owned(), json!(sealed));
            }
        }
        Ok(Reply::ok(reply))
    })
    .await
}

pub(super) fn controls(cfg: &mut web::ServiceConfig) {
    cfg.route("/generators", web::get().to(list))
        .route("/end-cooperation", web::post().to(end_cooperation))
        .route("/renew-contract", web::post().to(renew_contract))
        .route("/change-payee", web::post().to(change_payee));
}

async fn list(marketing: web::Data<Marketing>) -> HttpResponse {
    let books = marketing.books(marketing.clock.now());
    let all = books.generators.iter();
    let items: Vec<Value> = all.map(|(number, one)| one.view(number)).collect();
    HttpResponse::Ok().json(json!({ "items": items }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    generation_no: String,
}

async fn change(
    marketing: &Marketing,
    wanted: &Named,
    work: impl FnOnce(&mut Generator),
) -> Result<HttpResponse, Refusal> {
    let mut books = marketing.books(marketing.clock.now());
    let number = wanted.generation_no.as_str();
    let generator = books.generators.get_mut(number).ok_or_else(|| {
        Refusal::not_found("NO_SUCH_GENERATOR", "see GET /sim/marketing/generators")
    })?;
    work(generator);
    Ok(HttpResponse::Ok().json(generator.view(number)))
}

async fn end_cooperation(
    marketing: web::Data<Marketing>,
    wanted: web::Json<Named>,
) -> Result<HttpResponse, Refusal> {
    change(&marketing, &wanted, |generator| generator.in_force = false).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewPayee {
    generation_no: String,
    trading_account: String,
}

/// The owner was at the counter: the reserve says where they are paid from now on.
async fn change_payee(
    marketing: web::Data<Marketing>,
    wanted: web::Json<NewPayee>,
) -> Result<HttpResponse, Refusal> {
    let NewPayee {
        generation_no,
        trading_account,
    } = wanted.into_inner();
    let named = Named { generation_no };
    change(&marketing, &named, |generator| {
        generator.trading_account = trading_account;
    })
    .await
}

/// A new contract: it runs, and its version is one higher.
async fn renew_contract(
    marketing: web::Data<Marketing>,
    wanted: web::Json<Named>,
) -> Result<HttpResponse, Refusal> {
    change(&marketing, &wanted, |generator| {
        generator.in_force = true;
        generator.contract_version += 1;
    })
    .await
}
