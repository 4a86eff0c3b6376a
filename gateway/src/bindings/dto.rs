//! What the routes of `bindings` read and say.

use lifeline_core::accounts::Secret;
use lifeline_core::bindings::ports::RealNameState;
use lifeline_core::bindings::{Detail, Offer, OfferedHome, Proof, Seen, Supply};
use lifeline_core::shared::personal::ConsumerNo;
use lifeline_core::shared::time::{Day, Time};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::accounts::token;
use crate::edge::{Code, Problem};

/// Tokens one confirmation may carry; a match offers no more.
const TOKENS_MAX: usize = 20;

pub(super) fn invalid(field: &str, must: &str) -> Problem {
    Problem::new(Code::InvalidField).field(field, "invalid", must)
}

/// An empty object.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = MatchBody)]
#[serde(deny_unknown_fields)]
pub(super) struct MatchBody {}

#[derive(Serialize, ToSchema)]
pub(super) struct CandidateView {
    /// Good once, 10 minutes, for this session only.
    pub match_token: String,
    #[schema(example = "*********0017")]
    pub consumer_no_masked: String,
    pub holder_masked: String,
    pub address_masked: String,
    /// What confirming it gives at most: `holder`, `authorised` or `payer_only`.
    #[schema(example = "holder")]
    pub role: &'static str,
}

#[derive(Serialize, ToSchema)]
pub(super) struct MatchView {
    /// `full`: ID number and mobile agree. `id_only`: one more proof is needed. `none`: no candidates.
    #[schema(example = "full")]
    pub level: &'static str,
    pub candidates: Vec<CandidateView>,
}

impl MatchView {
    pub(super) fn of(offer: Offer) -> Self {
        let candidate = |home: OfferedHome| CandidateView {
            match_token: home.match_token.expose().to_owned(),
            consumer_no_masked: home.signboard.consumer_no_masked,
            holder_masked: home.signboard.holder_masked,
            address_masked: home.signboard.address_masked,
            role: home.role.as_str(),
        };
        Self {
            level: offer.level.as_str(),
            candidates: offer.homes.into_iter().map(candidate).collect(),
        }
    }
}

/// A one-time code as people type it.
pub(super) fn six_digits(field: &str, otp: String) -> Result<Secret, Problem> {
    if otp.len() == 6 && otp.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(Secret::new(otp))
    } else {
        Err(invalid(field, "six digits"))
    }
}

/// How a person shows that a home is theirs.
#[derive(Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum ProofBody {
    /// Last six characters of the holder's ID number: gives `payer_only` at most.
    IdLast6 {
        #[schema(example = "010014")]
        value: String,
    },
    /// The code sent to the phone in the archive.
    ArchivedSms {
        #[schema(example = "123456")]
        otp: String,
    },
}

impl ProofBody {
    fn parse(self) -> Result<Proof, Problem> {
        match self {
            Self::IdLast6 { value } => {
                let value = value.trim().to_ascii_uppercase();
                let digits = value.strip_suffix('X').unwrap_or(&value);
                let shape = value.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_digit());
                if shape {
                    Ok(Proof::IdLast6(Secret::new(value)))
                } else {
                    Err(invalid(
                        "proof.value",
                        "the last six characters of an ID number",
                    ))
                }
            }
            Self::ArchivedSms { otp } => six_digits("proof.otp", otp).map(Proof::ArchivedSms),
        }
    }
}

/// Either `match_tokens` (with `proof` when the match was `id_only`), or `consumer_no` with `proof`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LinkBody {
    #[schema(max_items = 20)]
    pub match_tokens: Option<Vec<String>>,
    #[schema(example = "1504010020017")]
    pub consumer_no: Option<String>,
    pub proof: Option<ProofBody>,
}

/// What is to be linked.
pub(super) enum Wanted {
    Offered(Vec<Secret>, Option<Proof>),
    Number(ConsumerNo, Proof),
}

impl LinkBody {
    pub(super) fn parse(self) -> Result<Wanted, Problem> {
        let proof = self.proof.map(ProofBody::parse).transpose()?;
        match (self.match_tokens, self.consumer_no, proof) {
            (Some(tokens), None, proof) => {
                if !(1..=TOKENS_MAX).contains(&tokens.len()) {
                    return Err(invalid("match_tokens", "1 to 20 tokens"));
                }
                for each in &tokens {
                    token("match_tokens", each, 128)?;
                }
                Ok(Wanted::Offered(
                    tokens.into_iter().map(Secret::new).collect(),
                    proof,
                ))
            }
            (None, Some(number), Some(proof)) => Ok(Wanted::Number(consumer_no(&number)?, proof)),
            (None, Some(_), None) => Err(Problem::new(Code::InvalidField).field(
                "proof",
                "missing",
                "a number needs a proof",
            )),
            (Some(_), Some(_), _) | (None, None, _) => Err(invalid(
                "match_tokens",
                "either `match_tokens` or `consumer_no`",
            )),
        }
    }
}

pub(super) fn consumer_no(text: &str) -> Result<ConsumerNo, Problem> {
    ConsumerNo::parse(text).map_err(|_| invalid("consumer_no", "10 or 13 digits"))
}

/// A linked home.
#[derive(Serialize, ToSchema)]
pub(super) struct BindingView {
    pub binding_id: String,
    pub consumer_no_masked: String,
    pub holder_masked: String,
    pub address_masked: String,
    /// The role that counts now: `holder`, `authorised` or `payer_only`.
    #[schema(example = "holder")]
    pub role: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// `active`; else why a home that was proven gives `payer_only`: `disputed` while it is decided who holds it,
    /// `holder_changed` until it is proven again.
    #[schema(example = "active")]
    pub state: &'static str,
    pub created_at: String,
    /// The last day of a link that the holder granted; absent for one that does not end by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "2027-05-31")]
    pub ends_on: Option<String>,
}

impl BindingView {
    pub(super) fn of(seen: Seen) -> Self {
        let (binding, role) = (seen.binding, seen.role);
        Self {
            binding_id: binding.binding_id.to_string(),
            consumer_no_masked: binding.signboard.consumer_no_masked,
            holder_masked: binding.signboard.holder_masked,
            address_masked: binding.signboard.address_masked,
            role: role.as_str(),
            label: binding.label.map(|label| label.as_str().to_owned()),
            state: seen.standing.as_str(),
            created_at: binding.created_at.rfc3339(),
            ends_on: seen.ends_at.map(last_day),
        }
    }
}

/// The last day of what ends at a midnight.
pub(super) fn last_day(ends_at: Time) -> String {
    Day::of(ends_at.plus_seconds(-1)).to_string()
}

#[derive(Serialize, ToSchema)]
pub(super) struct LinkedView {
    pub items: Vec<BindingView>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct BindingsView {
    pub items: Vec<BindingView>,
    pub next_cursor: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct TariffView {
    pub code: String,
    pub name: String,
}

#[derive(Serialize, ToSchema)]
pub(super) struct MeterView {
    pub meter_no_masked: String,
    pub multiplier: i64,
}

#[derive(Serialize, ToSchema)]
pub(super) struct RealNameView {
    /// `verified`, `missing` or `mismatch`.
    #[schema(example = "verified")]
    pub state: &'static str,
    /// What would mend it: `CERTIFY_AT_ALIPAY`, `AGREE_TO_MATCH`, `ADD_AT_OUTLET`, `TRANSFER_AT_OUTLET`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cure: Option<&'static str>,
}

/// What the utility has on file. Absent for a payer.
#[derive(Serialize, ToSchema)]
pub(super) struct SupplyView {
    #[schema(example = "residential")]
    pub category: String,
    pub tariff: TariffView,
    pub meters: Vec<MeterView>,
    #[schema(example = "postpaid")]
    pub pay_mode: String,
    /// `active` or `closed`.
    #[schema(example = "active")]
    pub status: &'static str,
    pub real_name: RealNameView,
    pub as_of: String,
    /// The utility did not answer; this is the last good copy.
    pub stale: bool,
}

impl SupplyView {
    fn of(supply: Supply) -> Self {
        let consumer = supply.consumer;
        Self {
            category: consumer.category,
            tariff: TariffView {
                code: consumer.tariff_code,
                name: consumer.tariff_name,
            },
            meters: consumer
                .meters
                .into_iter()
                .map(|meter| MeterView {
                    meter_no_masked: masked(&meter.meter_no),
                    multiplier: meter.multiplier,
                })
                .collect(),
            pay_mode: consumer.pay_mode,
            status: if consumer.open { "active" } else { "closed" },
            real_name: RealNameView {
                state: match supply.real_name.state {
                    RealNameState::Verified => "verified",
                    RealNameState::Missing => "missing",
                    RealNameState::Mismatch => "mismatch",
                },
                cure: supply.real_name.cure.map(|cure| cure.as_str()),
            },
            as_of: supply.as_of.rfc3339(),
            stale: supply.stale,
        }
    }
}

/// A linked home with what the utility has on file about it.
#[derive(Serialize, ToSchema)]
pub(super) struct DetailView {
    #[serde(flatten)]
    pub binding: BindingView,
    #[serde(flatten)]
    pub supply: Option<SupplyView>,
}

impl DetailView {
    pub(super) fn of(detail: Detail) -> Self {
        Self {
            binding: BindingView::of(detail.seen),
            supply: detail.supply.map(SupplyView::of),
        }
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RenameBody {
    /// 1 to 20 characters; `null` or an empty text takes the name away.
    #[schema(max_length = 20)]
    pub label: Option<String>,
}

/// All but the last four characters hidden.
fn masked(text: &str) -> String {
    let hidden = text.chars().count().saturating_sub(4);
    let tail: String = text.chars().skip(hidden).collect();
    format!("{}{tail}", "*".repeat(hidden))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(body: &str) -> Result<Wanted, Code> {
        let body: LinkBody = serde_json::from_str(body).expect("the shape is right");
        body.parse().map_err(|problem| problem.code())
    }

    #[test]
    fn a_link_names_tokens_or_a_number_never_both_and_never_neither() {
        assert!(matches!(
            link(r#"{"match_tokens":["a"]}"#),
            Ok(Wanted::Offered(..))
        ));
        let proof = r#""proof":{"kind":"id_last6","value":"01001x"}"#;
        let number = format!(r#"{{"consumer_no":"1504010020017",{proof}}}"#);
        assert!(matches!(link(&number), Ok(Wanted::Number(..))));
        for bad in [
            "{}".to_owned(),
            r#"{"match_tokens":[]}"#.to_owned(),
            r#"{"match_tokens":["with blank and more"]}"#.to_owned(),
            r#"{"consumer_no":"1504010020017"}"#.to_owned(),
            format!(r#"{{"match_tokens":["a"],"consumer_no":"1504010020017",{proof}}}"#),
            format!(r#"{{"consumer_no":"12",{proof}}}"#),
            r#"{"consumer_no":"1504010020017","proof":{"kind":"id_last6","value":"X10014"}}"#
                .to_owned(),
            r#"{"consumer_no":"1504010020017","proof":{"kind":"archived_sms","otp":"12345"}}"#
                .to_owned(),
        ] {
            assert_eq!(link(&bad).err(), Some(Code::InvalidField), "{bad}");
        }
    }

    #[test]
    fn meters_show_their_last_four() {
        assert_eq!(masked("15000000001234"), "**********1234");
        assert_eq!(masked("12"), "12");
    }
}
