//! `/mkt/v1/identity-matches` and `/mkt/v1/bindings/verify`.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::{Value, json};

use super::archive::{is_mobile, is_resident_id};
use super::desk::Reply;
use super::gate::{Call, Nature, Route, answer};
use super::identity::{Claim, Proof, Role};
use super::refused::Refused;

pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    cfg.route("/identity-matches", web::post().to(identity_match))
        .route("/bindings/verify", web::post().to(verify_binding));
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MatchRequest {
    id_type: String,
    id_no_enc: Option<String>,
    name_enc: Option<String>,
    mobile_enc: Option<String>,
    consent_id: String,
}

impl MatchRequest {
    fn claim(&self, call: &Call<'_>) -> Result<Claim, Refused> {
        if self.id_type != "resident_id" {
            return Err(Refused::Invalid("id_type"));
        }
        if !(1..=64).contains(&self.consent_id.len()) {
            return Err(Refused::Invalid("consent_id"));
        }
        let id_no = opened(call, "id_no_enc", self.id_no_enc.as_deref())?;
        let name = opened(call, "name_enc", self.name_enc.as_deref())?;
        let mobile = opened(call, "mobile_enc", self.mobile_enc.as_deref())?;
        if id_no.as_deref().is_some_and(|id_no| !is_resident_id(id_no)) {
            return Err(Refused::Invalid("id_no_enc"));
        }
        if mobile.as_deref().is_some_and(|mobile| !is_mobile(mobile)) {
            return Err(Refused::Invalid("mobile_enc"));
        }
        if id_no.is_none() && mobile.is_none() {
            return Err(Refused::Invalid("id_no_enc"));
        }
        Ok(Claim {
            id_no,
            name,
            mobile,
        })
    }
}

fn opened(
    call: &Call<'_>,
    field: &'static str,
    sealed: Option<&str>,
) -> Result<Option<String>, Refused> {
    sealed.map(|sealed| call.open(field, sealed)).transpose()
}

async fn identity_match(request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let route = Route {
        template: "POST /identity-matches",
        nature: Nature::Lookup,
    };
    answer(request, body, route, |books, call| {
        let claim = call.json::<MatchRequest>()?.claim(call)?;
        let (level, held) = claim.find(books.ledger.accounts());
        let mut candidates: Vec<Value> = Vec::with_capacity(held.len());
        for archive in held {
            candidates.push(json!({
                "match_token": books.tokens.issue(&archive.consumer_no, call.now)?,
                "consumer_no_masked": archive.consumer_no_masked(),
                "holder_masked": archive.holder_masked(),
                "address_masked": archive.address_masked(),
                "role": Role::Holder,
            }));
        }
        Ok(Reply::ok(
            json!({ "level": level, "candidates": candidates }),
        ))
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VerifyRequest {
    match_token: Option<String>,
    consumer_no: Option<String>,
    proof: Option<ProofRequest>,
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
enum ProofRequest {
    #[serde(rename = "id_last6")]
    IdLast6 {
        value_enc: String,
    },
    ArchivedMobile {
        name_enc: Option<String>,
    },
}

impl ProofRequest {
    fn opened(&self, call: &Call<'_>) -> Result<Proof, Refused> {
        match self {
            Self::IdLast6 { value_enc } => Ok(Proof::IdLast6(call.open("value_enc", value_enc)?)),
            Self::ArchivedMobile { name_enc } => Ok(Proof::ArchivedMobile {
                name: opened(call, "name_enc", name_enc.as_deref())?,
            }),
        }
    }
}

async fn verify_binding(request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let route = Route {
        template: "POST /bindings/verify",
        nature: Nature::Opening,
    };
    answer(request, body, route, |books, call| {
        let wanted: VerifyRequest = call.json()?;
        let (consumer_no, role) = match (wanted.match_token, wanted.consumer_no, wanted.proof) {
            (Some(token), None, None) => (books.tokens.spend(&token, call.now)?, Role::Holder),
            (None, Some(consumer_no), Some(proof)) => {
                let proof = proof.opened(call)?;
                let role = proof.role(&books.ledger.account(&consumer_no)?.archive)?;
                (consumer_no, role)
            }
            _ => return Err(Refused::Invalid("match_token")),
        };
        let archive = &books.ledger.account(&consumer_no)?.archive;
        Ok(Reply::ok(json!({
            "consumer_no": consumer_no,
            "role": role,
            "holder_version": archive.holder_version,
            "holder_since": archive.holder_since,
        })))
    })
    .await
}
