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
use zeroize::Zeroizing;

use super::content::ContentKey;
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

/// A reply, taken apart and not yet believed.
pub(crate) struct Envelope<'a> {
    /// The raw text of the node: what the signature covers.
    node: &'a str,
    sign: Option<String>,
    /// Which of Alipay's certificates signed it (certificate mode).
    certificate: Option<String>,
    /// The node has the method's own name, not `error_response`.
    named: bool,
}

const UNREADABLE: NoAnswer = NoAnswer::Unknown("unreadable_reply");

impl<'a> Envelope<'a> {
    pub(crate) fn open(body: &'a [u8], method: &str) -> Result<Self, NoAnswer> {
        let text = std::str::from_utf8(body).map_err(|_| UNREADABLE)?;
        let top: TopLevel<'a> = serde_json::from_str(text).map_err(|_| UNREADABLE)?;
        let wanted = format!("{}_response", method.replace('.', "_"));
        let (node, named) = match (top.get(&wanted), top.get("error_response")) {
            (Some(node), None) => (node.get(), true),
            (None, Some(node)) => (node.get(), false),
            (None, None) | (Some(_), Some(_)) => return Err(UNREADABLE),
        };
        Ok(Self {
            node,
            sign: top.text("sign")?,
            certificate: top.text("alipay_cert_sn")?,
            named,
        })
    }

    /// The serial number of the certificate a signature is said to be of.
    pub(crate) fn certificate(&self) -> Option<&str> {
        self.sign.as_ref().and(self.certificate.as_deref())
    }

    /// Verifies the reply and reads its node as `T`.
    ///
    /// `codeless` names the one call whose success carries no code: there a body that reads as `T`
    /// is the success.
    pub(crate) fn answer<T: DeserializeOwned>(
        &self,
        codeless: bool,
        key: &PlatformKey,
        content: Option<&ContentKey>,
    ) -> Result<Answer<T>, NoAnswer> {
        if let Some(sign) = &self.sign
            && !key.verifies(self.node, sign)
        {
            return Err(NoAnswer::Unknown("bad_reply_signature"));
        }
        let signed = self.sign.is_some();
        let opened = self.opened(content)?;
        let node = opened.as_ref().map_or(self.node, |text| text.as_str());
        let codes: Codes = serde_json::from_str(node).map_err(|_| UNREADABLE)?;
        let success = match codes.code.as_deref() {
            Some("10000") => true,
            None => codeless && self.named,
            Some(_) => false,
        };
        if success {
            if !signed {
                return Err(NoAnswer::Unknown("unsigned_reply"));
            }
            return serde_json::from_str(node)
                .map(Answer::Ok)
                .map_err(|_| UNREADABLE);
        }
        Ok(Answer::Failed(Failure {
            code: codes.code.ok_or(UNREADABLE)?,
            sub_code: codes.sub_code.unwrap_or_default(),
            signed,
        }))
    }

    /// Reads a success without believing it: for what proves itself in another way.
    pub(crate) fn unverified<T: DeserializeOwned>(&self) -> Result<T, NoAnswer> {
        let codes: Codes = serde_json::from_str(self.node).map_err(|_| UNREADABLE)?;
        if codes.code.as_deref() != Some("10000") {
            return Err(NoAnswer::Unknown("channel_unavailable"));
        }
        serde_json::from_str(self.node).map_err(|_| UNREADABLE)
    }

    /// What an encrypted node holds; nothing for a plain one. Unsigned cipher text is not opened.
    fn opened(&self, content: Option<&ContentKey>) -> Result<Option<Zeroizing<String>>, NoAnswer> {
        if !self.node.starts_with('"') {
            return Ok(None);
        }
        let encrypted = NoAnswer::Unknown("encrypted_reply");
        let key = content.filter(|_| self.sign.is_some()).ok_or(encrypted)?;
        let sealed: String = serde_json::from_str(self.node).map_err(|_| UNREADABLE)?;
        key.open(&sealed).map(Some).ok_or(UNREADABLE)
    }
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

    fn text(&self, name: &str) -> Result<Option<String>, NoAnswer> {
        let value = self
            .get(name)
            .map(|value| serde_json::from_str(value.get()));
        value.transpose().map_err(|_| UNREADABLE)
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
