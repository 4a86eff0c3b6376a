//! Append-only evidence: what happened, provable later, without personal data (ledger.md 5.1).
//!
//! An entry is RFC 8785 canonical JSON. Anything personal or guessable enters only as a digest
//! salted with 128 random bits; destroying the salt is the erasure. The tree over the entries and
//! its witnesses come later and read these rows.

pub mod canonical;
pub mod ports;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::shared::ids::EvidenceId;
use crate::shared::time::Time;

/// One act worth proving.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub entry_id: EvidenceId,
    /// `capability.act`, for example `payments.posted`.
    pub kind: String,
    /// The canonical bytes: what the log will hash as its leaf.
    pub body: String,
    /// Hex, 128 bits; kept beside the body, never inside it.
    pub salt: String,
    pub recorded_at: Time,
}

/// What an act says: plain facts, and digests of what must stay closed.
#[derive(Debug, Default)]
pub struct Act {
    plain: Map<String, Value>,
    closed: Vec<(String, String)>,
}

/// The act holds a value RFC 8785 cannot carry (a number that is no safe integer).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the act holds a number that canonical JSON cannot carry exactly")]
pub struct NotCanonical;

impl Act {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A fact that may be read by anyone: ids, states, amounts, times.
    #[must_use]
    pub fn say(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.plain.insert(name.to_owned(), value.into());
        self
    }

    /// A fact that enters only as `sha256(salt || name || 0x00 || value)`.
    #[must_use]
    pub fn seal(mut self, name: &str, value: &str) -> Self {
        self.closed.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Closes the act into an entry. `salt` is 16 random bytes made before the unit of work.
    pub fn into_entry(
        mut self,
        entry_id: EvidenceId,
        kind: &str,
        occurred_at: Time,
        recorded_at: Time,
        salt: [u8; 16],
    ) -> Result<Entry, NotCanonical> {
        for (name, value) in &self.closed {
            let digest = salted_digest(salt, name, value);
            self.plain
                .insert(format!("{name}_digest"), Value::String(digest));
        }
        self.plain.insert(
            "entry_id".into(),
            Value::String(entry_id.as_str().to_owned()),
        );
        self.plain
            .insert("kind".into(), Value::String(kind.to_owned()));
        self.plain
            .insert("occurred_at".into(), Value::String(occurred_at.rfc3339()));
        self.plain
            .insert("recorded_at".into(), Value::String(recorded_at.rfc3339()));
        let body = canonical::render(&Value::Object(self.plain))?;
        let salt = hex::encode(salt);
        Ok(Entry {
            entry_id,
            kind: kind.to_owned(),
            body,
            salt,
            recorded_at,
        })
    }
}

/// The digest that opens again only with the salt and the value.
#[must_use]
pub fn salted_digest(salt: [u8; 16], name: &str, value: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(salt);
    hash.update(name.as_bytes());
    hash.update([0]);
    hash.update(value.as_bytes());
    hex::encode(hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::ids::TypedId;

    #[test]
    fn m3_13_closed_facts_never_show_and_depend_on_the_salt() {
        let entry = |salt| {
            Act::new()
                .say("amount_fen", 12_840)
                .seal("consumer_no", "1500000004321")
                .into_entry(
                    EvidenceId::made("019aa2f0-0000-7000-8000-000000000001".into()),
                    "payments.posted",
                    Time::from_micros(0),
                    Time::from_micros(0),
                    salt,
                )
                .unwrap()
        };
        let (a, b) = (entry([1; 16]), entry([2; 16]));
        assert!(!a.body.contains("1500000004321"));
        assert_ne!(a.body, b.body);
        assert!(
            a.body
                .starts_with(r#"{"amount_fen":12840,"consumer_no_digest":""#)
        );
    }
}
