//! Reading a reply: `{"<method>_response": {...}, "sign": "..."}`.
//!
//! The signed text is the exact raw text of the node's value, never re-serialised (alipay.md 1a). A
//! name that occurs twice at the top level is refused: a verifier that reads the first occurrence
//! and a reader that takes the last could be played against each other.

use std::borrow::Cow;

use lifeline_core::shared::outside::NoAnswer;
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::sign::PlatformKey;

/// A reply that can be acted on.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer<T> {
    /// Signed, code 10000 (or a call whose success has no code).
    Ok(T),
    /// Readable, but not a success.
    Failed(Failure),
}

/// A failure as Alipay words it. The texts beside the codes are dropped unread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) code: String,
    pub(crate) sub_code: String,
    /// An unsigned failure may never refuse anything about money.
    pub(crate) signed: bool,
}

impl Failure {
    /// What a failure means that the call's own table does not name: never a refusal.
    pub(crate) fn no_answer(&self) -> NoAnswer {
        match (self.code.as_str(), self.sub_code.as_str()) {
            ("40005", _) => NoAnswer::Unknown("rate_limited"),
            ("20000" | "10003", _) => NoAnswer::Unknown("channel_unavailable"),
            ("40001" | "40002" | "40003" | "40006", _) => {
                NoAnswer::Alarm("channel_rejects_our_calls")
            }
            (_, sub_code) if is_contract_fault(sub_code) => NoAnswer::Alarm("channel_contract"),
            _ => NoAnswer::Unknown("unnamed_code"),
        }
    }
}

/// Faults of our contract or configuration at Alipay: an operator must see them.
fn is_contract_fault(sub_code: &str) -> bool {
    matches!(
        sub_code,
        "ACQ.ACCESS_FORBIDDEN"
            | "ACQ.PARTNER_ERROR"
            | "ACQ.SELLER_BEEN_BLOCKED"
            | "ACQ.INVALID_PARAMETER"
    ) || sub_code.starts_with("ACQ.MERCHANT_AGREEMENT_")
}

#[derive(Deserialize)]
struct Codes {
    code: Option<String>,
    sub_code: Option<String>,
}

/// Verifies a reply body to `method` and reads its node as `T`.
///
/// `codeless` names the one call whose success carries no code: there a body that reads as `T` is
/// the success.
pub(crate) fn read<T: DeserializeOwned>(
    body: &[u8],
    method: &str,
    codeless: bool,
    key: &PlatformKey,
) -> Result<Answer<T>, NoAnswer> {
    let unreadable = || NoAnswer::Unknown("unreadable_reply");
    let text = std::str::from_utf8(body).map_err(|_| unreadable())?;
    let top: TopLevel<'_> = serde_json::from_str(text).map_err(|_| unreadable())?;
    let wanted = format!("{}_response", method.replace('.', "_"));
    let node = match (top.get(&wanted), top.get("error_response")) {
        (Some(node), None) | (None, Some(node)) => node.get(),
        (None, None) | (Some(_), Some(_)) => return Err(unreadable()),
    };
    let signed = match top.get("sign") {
        Some(sign) => {
            let sign: String = serde_json::from_str(sign.get()).map_err(|_| unreadable())?;
            if !key.verifies(node, &sign) {
                return Err(NoAnswer::Unknown("bad_reply_signature"));
            }
            true
        }
        None => false,
    };
    if node.starts_with('"') {
        return Err(NoAnswer::Unknown("encrypted_reply"));
    }
    let codes: Codes = serde_json::from_str(node).map_err(|_| unreadable())?;
    let success = match codes.code.as_deref() {
        Some("10000") => true,
        None => codeless && top.get(&wanted).is_some(),
        Some(_) => false,
    };
    if success {
        if !signed {
            return Err(NoAnswer::Unknown("unsigned_reply"));
        }
        return serde_json::from_str(node)
            .map(Answer::Ok)
            .map_err(|_| unreadable());
    }
    Ok(Answer::Failed(Failure {
        code: codes.code.ok_or_else(unreadable)?,
        sub_code: codes.sub_code.unwrap_or_default(),
        signed,
    }))
}

/// The reply's top level with every value as raw text, each name once.
struct TopLevel<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> TopLevel<'a> {
    fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| *value)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for TopLevel<'a> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = TopLevel<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object whose names occur once")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut top = TopLevel(Vec::new());
                while let Some(Name(name)) = map.next_key()? {
                    if top.get(&name).is_some() {
                        return Err(A::Error::custom("a name occurs twice"));
                    }
                    top.0.push((name, map.next_value()?));
                }
                Ok(top)
            }
        }
        input.deserialize_map(Pairs)
    }
}

/// A name borrowed where it holds no escape.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);
