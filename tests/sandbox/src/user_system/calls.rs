//! `/sgapp/v1/channel-users/…`.

use std::borrow::Cow;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::clock::SimClock;
use crate::faults::Target;
use crate::hmac_auth::{AuthFailure, Nonces};
use crate::keys::{ChannelKeys, Keys};
use crate::passage::{self, Refusal, StandIn};

use super::book::{Person, Refused, UserSystem, Write};

const ROLES: [&str; 3] = ["holder", "authorised", "payer_only"];
const ID_LEN_MAX: usize = 64;

pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    let users = "/sgapp/v1/channel-users/{id}";
    cfg.route(users, web::get().to(held))
        .route(&format!("{users}/registrations"), web::post().to(register))
        .route(&format!("{users}/bindings"), web::post().to(bind))
        .route(&format!("{users}/unbindings"), web::post().to(unbind))
        .route(&format!("{users}/withdrawals"), web::post().to(withdraw));
}

/// A refused call, in the contract's words.
pub(crate) enum No {
    Auth(AuthFailure),
    Invalid(&'static str),
    Write(Refused),
}

impl Refusal for No {
    fn said(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Auth(failure) => (StatusCode::UNAUTHORIZED, failure.code()),
            Self::Invalid(_) => (StatusCode::UNPROCESSABLE_ENTITY, "INVALID"),
            Self::Write(Refused::StaleEpoch) => (StatusCode::CONFLICT, "STALE_EPOCH"),
            Self::Write(Refused::NotRegistered) => (StatusCode::CONFLICT, "NOT_REGISTERED"),
            Self::Write(Refused::Conflict) => (StatusCode::CONFLICT, "IDEMPOTENCY_CONFLICT"),
        }
    }

    fn text(&self) -> Cow<'static, str> {
        match self {
            Self::Invalid(part) => format!("请求内容有误：{part}").into(),
            Self::Auth(_) | Self::Write(_) => "请求未被接受".into(),
        }
    }
}

impl From<AuthFailure> for No {
    fn from(failure: AuthFailure) -> Self {
        Self::Auth(failure)
    }
}

impl StandIn for UserSystem {
    const TARGET: Target = Target::UserSystem;
    type No = No;

    fn clock(&self) -> &SimClock {
        &self.clock
    }

    fn nonces(&self) -> &Nonces {
        &self.nonces
    }

    fn keys(all: &Keys) -> &ChannelKeys {
        &all.user_system
    }
}

type Asked = passage::Asked<UserSystem>;
type Passage = passage::Passage<UserSystem>;

impl Passage {
    fn json<T: DeserializeOwned>(&self) -> Result<T, No> {
        serde_json::from_slice(&self.body).map_err(|_| No::Invalid("body"))
    }

    fn write(&self, users: &UserSystem, epoch: i64, write: Write) -> Result<Value, No> {
        let key = self.request.headers().get("Idempotency-Key");
        let key = key.and_then(|key| key.to_str().ok()).unwrap_or_default();
        if !(1..=128).contains(&key.len()) {
            return Err(No::Invalid("Idempotency-Key"));
        }
        let id = self.id()?;
        let mut hash = Sha256::new();
        hash.update(self.request.path().as_bytes());
        hash.update(&self.body);
        let ended = users
            .book()
            .write_once(key, hash.finalize().into(), &id, epoch, write);
        let epoch = ended.map_err(No::Write)?;
        Ok(json!({ "epoch": epoch }))
    }

    fn id(&self) -> Result<String, No> {
        let id = self.request.match_info().get("id").unwrap_or_default();
        if (1..=ID_LEN_MAX).contains(&id.len()) {
            Ok(id.to_owned())
        } else {
            Err(No::Invalid("id"))
        }
    }
}

fn opened(
    keys: &ChannelKeys,
    field: &'static str,
    sealed: Option<&String>,
) -> Result<Option<String>, No> {
    sealed
        .map(|sealed| keys.open(field, sealed).ok_or(No::Invalid(field)))
        .transpose()
}

async fn held(asked: Asked) -> HttpResponse {
    let passage = Passage::of(asked, "GET /channel-users/{id}");
    passage
        .answer(false, |users, keys| {
            let entry = users.book().users.get(&passage.id()?).cloned();
            let entry = entry.unwrap_or_default();
            let mut view =
                json!({"registered": entry.person.is_some(), "epoch": entry.epoch, "bindings": []});
            if let Some(person) = &entry.person {
                show(&mut view, person, keys)?;
            }
            Ok(view)
        })
        .await
}

fn show(view: &mut Value, person: &Person, keys: &ChannelKeys) -> Result<(), No> {
    let sealed =
        |field: &str, clear: &str| keys.seal(field, clear).map_err(|_| No::Invalid("sealing"));
    for (field, clear) in [
        ("name_enc", &person.name),
        ("id_no_enc", &person.id_no),
        ("mobile_enc", &person.mobile),
    ] {
        if let Some(clear) = clear {
            view[field] = json!(sealed(field, clear)?);
        }
    }
    let mut bindings = Vec::new();
    for (id, (consumer_no, role)) in &person.bindings {
        let number = sealed("consumer_no_enc", consumer_no)?;
        bindings.push(json!({"binding_id": id, "consumer_no_enc": number, "role": role}));
    }
    view["bindings"] = json!(bindings);
    Ok(())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Registration {
    epoch: i64,
    name_enc: Option<String>,
    id_no_enc: Option<String>,
    mobile_enc: Option<String>,
}

async fn register(asked: Asked) -> HttpResponse {
    let passage = Passage::of(asked, "POST /channel-users/{id}/registrations");
    passage
        .answer(true, |users, keys| {
            let wanted: Registration = passage.json()?;
            let write = Write::Register {
                name: opened(keys, "name_enc", wanted.name_enc.as_ref())?,
                id_no: opened(keys, "id_no_enc", wanted.id_no_enc.as_ref())?,
                mobile: opened(keys, "mobile_enc", wanted.mobile_enc.as_ref())?,
            };
            passage.write(users, wanted.epoch, write)
        })
        .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Binding {
    epoch: i64,
    binding_id: String,
    consumer_no_enc: String,
    role: String,
}

async fn bind(asked: Asked) -> HttpResponse {
    let passage = Passage::of(asked, "POST /channel-users/{id}/bindings");
    passage
        .answer(true, |users, keys| {
            let wanted: Binding = passage.json()?;
            if !ROLES.contains(&wanted.role.as_str()) {
                return Err(No::Invalid("role"));
            }
            let number = keys.open("consumer_no_enc", &wanted.consumer_no_enc);
            let write = Write::Bind {
                binding_id: wanted.binding_id,
                consumer_no: number.ok_or(No::Invalid("consumer_no_enc"))?,
                role: wanted.role,
            };
            passage.write(users, wanted.epoch, write)
        })
        .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unbinding {
    epoch: i64,
    binding_id: String,
}

async fn unbind(asked: Asked) -> HttpResponse {
    let passage = Passage::of(asked, "POST /channel-users/{id}/unbindings");
    passage
        .answer(true, |users, _| {
            let wanted: Unbinding = passage.json()?;
            let binding_id = wanted.binding_id;
            passage.write(users, wanted.epoch, Write::Unbind { binding_id })
        })
        .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Withdrawal {
    epoch: i64,
}

async fn withdraw(asked: Asked) -> HttpResponse {
    let passage = Passage::of(asked, "POST /channel-users/{id}/withdrawals");
    passage
        .answer(true, |users, _| {
            let wanted: Withdrawal = passage.json()?;
            passage.write(users, wanted.epoch, Write::Withdraw)
        })
        .await
}
