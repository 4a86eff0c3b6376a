//! The `Idempotency-Key` of a money request, and what makes two requests the same.

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::{Ready, ready};
use lifeline_core::evidence::canonical;
use lifeline_core::idempotency::Key;
use lifeline_core::shared::ids::AccountId;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::codes::Code;
use super::problem::Problem;

/// A well-formed key as the client sent it: 8 to 64 characters of `0-9 A-Z a-z _ -`, a letter among fewer than 16.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    pub const CHARACTERS_MIN: usize = 8;
    pub const CHARACTERS_MAX: usize = 64;
    /// A shorter one without a letter may be somebody's phone or electricity number, which is kept nowhere in clear.
    const LETTERLESS_MIN: usize = 16;

    fn parse(text: &str) -> Option<Self> {
        let sized = (Self::CHARACTERS_MIN..=Self::CHARACTERS_MAX).contains(&text.len());
        let plain = text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
        let letters = text.bytes().any(|b| b.is_ascii_alphabetic());
        let nobodys = letters || text.len() >= Self::LETTERLESS_MIN;
        (sized && plain && nobodys).then(|| Self(text.to_owned()))
    }

    /// The key within one person's calls of one route: nobody can name another's answer.
    #[must_use]
    pub fn of(&self, account: &AccountId, route: &str) -> Key {
        Key {
            scope: format!("account:{account}:{route}"),
            key: self.0.clone(),
        }
    }
}

impl FromRequest for IdempotencyKey {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let Some(header) = req.headers().get("idempotency-key") else {
            return ready(Err(Problem::new(Code::IdempotencyKeyMissing)));
        };
        let key = header.to_str().ok().and_then(Self::parse);
        ready(key.ok_or_else(|| Problem::new(Code::IdempotencyKeyInvalid)))
    }
}

/// What a body is, whatever the order and spacing of its fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint {
    /// Hex SHA-256 of the canonical body.
    pub whole: String,
    /// JSON object: field -> digest, so that a reused key can name the field that differs.
    pub fields: String,
}

impl Fingerprint {
    /// Of a body that was read already.
    pub fn of(fields: &Map<String, Value>) -> Result<Self, Problem> {
        let digest = |value: &Value| {
            canonical::render(value)
                .map(|text| hex::encode(Sha256::digest(text)))
                .map_err(|_| Problem::new(Code::InvalidBody))
        };
        let each: Map<String, Value> = fields
            .iter()
            .map(|(name, value)| Ok((name.clone(), Value::String(digest(value)?))))
            .collect::<Result<_, Problem>>()?;
        Ok(Self {
            whole: digest(&Value::Object(fields.clone()))?,
            fields: Value::Object(each).to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keys_hold_at_both_ends() {
        for good in [
            "k".repeat(8),
            "k".repeat(64),
            "aZ09_-aZ09_-aZ09".to_owned(),
            "1".repeat(16),
            "1380013800k".to_owned(),
        ] {
            assert!(IdempotencyKey::parse(&good).is_some(), "{good}");
        }
        for bad in [
            "k".repeat(7),
            "k".repeat(65),
            "with blank in it".to_owned(),
            "1".repeat(15),
            "138-0013-8000".to_owned(),
        ] {
            assert!(IdempotencyKey::parse(&bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn order_does_not_matter_and_values_do() {
        let print = |value: Value| Fingerprint::of(value.as_object().unwrap()).unwrap();
        let a = print(json!({"amount_fen": 1, "purpose": "arrears"}));
        assert_eq!(a, print(json!({"purpose": "arrears", "amount_fen": 1})));
        assert_ne!(
            a.whole,
            print(json!({"purpose": "arrears", "amount_fen": 2})).whole
        );
    }
}
