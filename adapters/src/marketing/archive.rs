//! The archive of consumers: match, proofs, real name, filling gaps (LN-10, LN-43, LN-44, LN-45).

use std::collections::BTreeMap;

use async_trait::async_trait;
use lifeline_core::bindings::ArchiveField;
use lifeline_core::bindings::ports::{
    ArchiveError, ArchiveProof, ArchiveValue, Candidate, Consumer, ConsumerArchive, Filled, Match,
    MatchLevel, Meter, RealNameState, Role, Verified,
};
use lifeline_core::shared::personal::{ConsumerNo, IdNo, PersonName, Phone};
use lifeline_core::shared::time::{Day, Time};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use zeroize::ZeroizeOnDrop;

use super::{Marketing, Refusal, UNREADABLE};
use crate::wire::{operation, read};

#[derive(Deserialize)]
struct MatchReply {
    level: LevelWord,
    candidates: Vec<CandidateReply>,
}

#[derive(Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum LevelWord {
    Full,
    IdOnly,
    MobileOnly,
    None,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum RoleWord {
    Holder,
    Authorised,
    PayerOnly,
}

impl From<RoleWord> for Role {
    fn from(word: RoleWord) -> Self {
        match word {
            RoleWord::Holder => Self::Holder,
            RoleWord::Authorised => Self::Authorised,
            RoleWord::PayerOnly => Self::PayerOnly,
        }
    }
}

#[derive(Deserialize)]
struct CandidateReply {
    #[serde(deserialize_with = "read::text")]
    match_token: String,
    #[serde(deserialize_with = "read::text")]
    consumer_no_masked: String,
    #[serde(deserialize_with = "read::text")]
    holder_masked: String,
    #[serde(deserialize_with = "read::text")]
    address_masked: String,
    role: RoleWord,
}

#[derive(Deserialize, ZeroizeOnDrop)]
struct VerifyReply {
    consumer_no: String,
    #[zeroize(skip)]
    role: RoleWord,
    holder_version: i64,
    #[zeroize(skip)]
    #[serde(default)]
    holder_since: Option<Day>,
}

#[derive(Deserialize)]
struct MobileReply {
    mobile_enc: String,
}

/// Digits, as the contract numbers supply offices.
fn is_office(text: &str) -> bool {
    (4..=12).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[derive(Deserialize)]
struct ConsumerReply {
    #[serde(deserialize_with = "read::text")]
    holder_masked: String,
    #[serde(deserialize_with = "read::text")]
    address_masked: String,
    #[serde(deserialize_with = "read::text")]
    category: String,
    #[serde(deserialize_with = "read::text")]
    tariff_code: String,
    #[serde(deserialize_with = "read::text")]
    tariff_name: String,
    #[serde(deserialize_with = "read::text")]
    pay_mode: String,
    status: StatusWord,
    meters: Vec<MeterReply>,
    holder_version: i64,
    #[serde(default)]
    holder_since: Option<Day>,
    #[serde(default)]
    org_no: Option<String>,
    #[serde(deserialize_with = "read::time")]
    as_of: Time,
}

#[derive(Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum StatusWord {
    Active,
    Closed,
}

#[derive(Deserialize)]
struct MeterReply {
    #[serde(deserialize_with = "read::text")]
    meter_no: String,
    multiplier: i64,
}

#[derive(Deserialize)]
struct RealNameReply {
    state: RealNameWord,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum RealNameWord {
    Verified,
    Missing,
    Mismatch,
}

#[derive(Deserialize)]
struct FillReply {
    fields: Vec<FieldReply>,
}

#[derive(Deserialize)]
struct FieldReply {
    name: FieldWord,
    result: FilledWord,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum FieldWord {
    IdNo,
    Mobile,
    Name,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum FilledWord {
    Filled,
    Same,
    ConflictReview,
}

impl FieldReply {
    fn read(&self) -> (ArchiveField, Filled) {
        let field = match self.name {
            FieldWord::IdNo => ArchiveField::IdNo,
            FieldWord::Mobile => ArchiveField::Mobile,
            FieldWord::Name => ArchiveField::Name,
        };
        let result = match self.result {
            FilledWord::Filled => Filled::Filled,
            FilledWord::Same => Filled::Same,
            FilledWord::ConflictReview => Filled::ConflictReview,
        };
        (field, result)
    }
}

/// Unknown, foreign, wrong proof and spent token are one answer (domain.md 3.1).
fn refused(refusal: Refusal) -> ArchiveError {
    match refusal {
        Refusal::ConsumerUnavailable | Refusal::MatchTokenSpent | Refusal::NotBound => {
            ArchiveError::CannotConfirm
        }
        other @ (Refusal::ClosedAccount
        | Refusal::AlreadyPaid
        | Refusal::AmountMismatch
        | Refusal::StaleArrears
        | Refusal::CutoffPassed
        | Refusal::Fenced
        | Refusal::Invalid) => other.unexpected().into(),
    }
}

fn verified(reply: &VerifyReply) -> Result<Verified, ArchiveError> {
    Ok(Verified {
        consumer_no: ConsumerNo::parse(&reply.consumer_no).map_err(|_| UNREADABLE)?,
        role: reply.role.into(),
        holder_version: reply.holder_version,
        holder_since: reply.holder_since,
    })
}

#[async_trait]
impl ConsumerArchive for Marketing {
    async fn match_identity(
        &self,
        name: Option<&PersonName>,
        id_no: Option<&IdNo>,
        phone: Option<&Phone>,
        consent_id: &str,
    ) -> Result<Match, ArchiveError> {
        let key = self.line.fresh();
        let mut body = Map::new();
        body.insert("id_type".into(), json!("resident_id"));
        body.insert("consent_id".into(), json!(consent_id));
        let known = [
            ("id_no_enc", id_no.map(IdNo::expose)),
            ("name_enc", name.map(PersonName::expose)),
            ("mobile_enc", phone.map(Phone::expose)),
        ];
        for (field, clear) in known {
            if let Some(clear) = clear {
                body.insert(field.into(), json!(self.line.seal(field, &key, clear)?));
            }
        }
        let reply: MatchReply = self
            .write(
                operation!("POST /identity-matches"),
                &["identity-matches"],
                Value::Object(body).to_string(),
                &key,
            )
            .await?
            .map_err(refused)?;
        Ok(matched(reply))
    }

    async fn verify_token(&self, archive_token: &str) -> Result<Verified, ArchiveError> {
        self.verify(json!({ "match_token": archive_token }), &self.line.fresh())
            .await
    }

    async fn verify_proof(
        &self,
        consumer_no: &ConsumerNo,
        proof: &ArchiveProof,
    ) -> Result<Verified, ArchiveError> {
        let key = self.line.fresh();
        let proof = match proof {
            ArchiveProof::IdLast6(value) => json!({
                "kind": "id_last6",
                "value_enc": self.line.seal("value_enc", &key, value)?,
            }),
            ArchiveProof::ArchivedMobile { name: None } => json!({ "kind": "archived_mobile" }),
            ArchiveProof::ArchivedMobile { name: Some(name) } => json!({
                "kind": "archived_mobile",
                "name_enc": self.line.seal("name_enc", &key, name.expose())?,
            }),
        };
        let body = json!({ "consumer_no": consumer_no.expose(), "proof": proof });
        self.verify(body, &key).await
    }

    async fn archived_mobile(&self, consumer_no: &ConsumerNo) -> Result<Phone, ArchiveError> {
        let reply: MobileReply = self
            .write(
                operation!("POST /consumers/{no}/archived-mobile"),
                &["consumers", consumer_no.expose(), "archived-mobile"],
                "{}".to_owned(),
                &self.line.fresh(),
            )
            .await?
            .map_err(refused)?;
        let clear = self.line.open("mobile_enc", &reply.mobile_enc);
        let phone = clear.and_then(|text| Phone::parse(&text).ok());
        phone.ok_or_else(|| UNREADABLE.into())
    }

    async fn consumer(&self, consumer_no: &ConsumerNo) -> Result<Consumer, ArchiveError> {
        let path = ["consumers", consumer_no.expose()];
        let reply: ConsumerReply = self
            .read(operation!("GET /consumers/{no}"), &path, &[])
            .await?
            .map_err(refused)?;
        Ok(Consumer {
            holder_masked: reply.holder_masked,
            address_masked: reply.address_masked,
            category: reply.category,
            tariff_code: reply.tariff_code,
            tariff_name: reply.tariff_name,
            pay_mode: reply.pay_mode,
            open: reply.status == StatusWord::Active,
            meters: reply
                .meters
                .into_iter()
                .map(|meter| Meter {
                    meter_no: meter.meter_no,
                    multiplier: meter.multiplier,
                })
                .collect(),
            holder_version: reply.holder_version,
            holder_since: reply.holder_since,
            org_no: reply.org_no.filter(|no| is_office(no)),
            as_of: reply.as_of,
        })
    }

    async fn real_name(
        &self,
        consumer_no: &ConsumerNo,
        name: &PersonName,
        id_no: &IdNo,
    ) -> Result<RealNameState, ArchiveError> {
        let key = self.line.fresh();
        let body = json!({
            "id_no_enc": self.line.seal("id_no_enc", &key, id_no.expose())?,
            "name_enc": self.line.seal("name_enc", &key, name.expose())?,
        });
        let reply: RealNameReply = self
            .write(
                operation!("POST /consumers/{no}/real-name-checks"),
                &["consumers", consumer_no.expose(), "real-name-checks"],
                body.to_string(),
                &key,
            )
            .await?
            .map_err(refused)?;
        Ok(match reply.state {
            RealNameWord::Verified => RealNameState::Verified,
            RealNameWord::Missing => RealNameState::Missing,
            RealNameWord::Mismatch => RealNameState::Mismatch,
        })
    }

    async fn fill(
        &self,
        consumer_no: &ConsumerNo,
        values: &[ArchiveValue],
        consent_id: &str,
        holder_version: i64,
        key: &str,
    ) -> Result<BTreeMap<ArchiveField, Filled>, ArchiveError> {
        let mut fields = Vec::new();
        for value in values {
            let name = value.field().as_str();
            // Under a context of its own, so that no two fields of one body share what they are sealed by.
            let context = format!("{key}:{name}");
            fields.push(json!({
                "name": name,
                "value_enc": self.line.seal("value_enc", &context, value.expose())?,
                "source": "ALIPAY_REALNAME",
                "consent_id": consent_id,
                "base_version": holder_version,
            }));
        }
        let reply: FillReply = self
            .change(
                Method::PATCH,
                operation!("PATCH /consumers/{no}/archive"),
                &["consumers", consumer_no.expose(), "archive"],
                json!({ "fields": fields }).to_string(),
                key,
            )
            .await?
            .map_err(refused)?;
        let said: BTreeMap<_, _> = reply.fields.iter().map(FieldReply::read).collect();
        let whole = values.iter().all(|value| said.contains_key(&value.field()));
        if whole && said.len() == values.len() {
            Ok(said)
        } else {
            Err(UNREADABLE.into())
        }
    }
}

impl Marketing {
    async fn verify(&self, body: Value, key: &str) -> Result<Verified, ArchiveError> {
        let reply: VerifyReply = self
            .write(
                operation!("POST /bindings/verify"),
                &["bindings", "verify"],
                body.to_string(),
                key,
            )
            .await?
            .map_err(refused)?;
        verified(&reply)
    }
}

fn matched(reply: MatchReply) -> Match {
    let level = match reply.level {
        LevelWord::Full => MatchLevel::Full,
        LevelWord::IdOnly => MatchLevel::IdOnly,
        LevelWord::MobileOnly => MatchLevel::MobileOnly,
        LevelWord::None => MatchLevel::None,
    };
    let candidates = reply.candidates.into_iter().map(|candidate| Candidate {
        archive_token: candidate.match_token,
        consumer_no_masked: candidate.consumer_no_masked,
        holder_masked: candidate.holder_masked,
        address_masked: candidate.address_masked,
        role: candidate.role.into(),
    });
    Match {
        level,
        candidates: candidates.collect(),
    }
}
