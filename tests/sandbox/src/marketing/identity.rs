//! Who is behind a number (户号直达): matching a certified person with the archives, and proofs for a
//! typed number.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::account::Account;
use super::archive::Archive;
use super::refused::Refused;

/// How long a match token can be used.
const TOKEN_TTL: SignedDuration = SignedDuration::from_mins(10);
const TOKEN_BYTES: usize = 24;

/// What somebody may do with a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Role {
    Holder,
    Authorised,
    PayerOnly,
}

/// How well a person agrees with the archives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Level {
    /// ID number and mobile.
    Full,
    IdOnly,
    MobileOnly,
    None,
}

/// The person to match, already decrypted. Not printable.
pub(super) struct Claim {
    pub(super) id_no: Option<String>,
    pub(super) name: Option<String>,
    pub(super) mobile: Option<String>,
}

impl Claim {
    fn is_holder_of(&self, archive: &Archive) -> bool {
        let id_agrees = self.id_no.is_some() && self.id_no == archive.holder.id_no;
        let name_agrees = self
            .name
            .as_ref()
            .is_none_or(|name| *name == archive.holder.name);
        id_agrees && name_agrees
    }

    fn reached_by(&self, archive: &Archive) -> bool {
        self.mobile.is_some() && self.mobile == archive.holder.mobile
    }

    /// The level, and every number this person holds. A mobile alone names no number: it may have a
    /// new owner.
    pub(super) fn find<'a>(
        &self,
        accounts: impl Iterator<Item = &'a Account>,
    ) -> (Level, Vec<&'a Archive>) {
        let mut held = Vec::new();
        let mut mobile_known = false;
        let mut both = false;
        for archive in accounts.map(|account| &account.archive) {
            let reached = self.reached_by(archive);
            mobile_known |= reached;
            if self.is_holder_of(archive) {
                both |= reached;
                held.push(archive);
            }
        }
        let level = match (held.is_empty(), both, mobile_known) {
            (false, true, _) => Level::Full,
            (false, false, _) => Level::IdOnly,
            (true, _, true) => Level::MobileOnly,
            (true, _, false) => Level::None,
        };
        (level, held)
    }
}

/// What a person who typed a number offers as proof, already decrypted.
pub(super) enum Proof {
    IdLast6(String),
    /// The caller verified a code sent to the archived mobile; the name makes it more.
    ArchivedMobile {
        name: Option<String>,
    },
}

impl Proof {
    /// The role this proof gives for `archive`. The holder's own role is never given by a proof.
    ///
    /// # Errors
    /// `ConsumerUnavailable` for a wrong proof, as for an unknown number.
    pub(super) fn role(&self, archive: &Archive) -> Result<Role, Refused> {
        let holder = &archive.holder;
        match self {
            Self::IdLast6(value) => {
                let tail = holder.id_no.as_deref().and_then(|id_no| id_no.get(12..));
                if tail == Some(value.as_str()) {
                    Ok(Role::PayerOnly)
                } else {
                    Err(Refused::ConsumerUnavailable)
                }
            }
            Self::ArchivedMobile { name } => match (&holder.mobile, name) {
                (Some(_), None) => Ok(Role::PayerOnly),
                (Some(_), Some(name)) if *name == holder.name => Ok(Role::Authorised),
                _ => Err(Refused::ConsumerUnavailable),
            },
        }
    }
}

/// Tokens handed out with match candidates: one use, ten minutes.
#[derive(Default)]
pub(super) struct MatchTokens(HashMap<String, (String, Timestamp)>);

impl MatchTokens {
    /// A fresh token for `consumer_no`.
    ///
    /// # Errors
    /// `UpstreamUnknown` when the system has no randomness.
    pub(super) fn issue(&mut self, consumer_no: &str, now: Timestamp) -> Result<String, Refused> {
        self.0.retain(|_, (_, expires_at)| *expires_at > now);
        let mut bytes = [0_u8; TOKEN_BYTES];
        getrandom::fill(&mut bytes).map_err(|_| Refused::UpstreamUnknown)?;
        let token = hex::encode(bytes);
        let expires_at = now.saturating_add(TOKEN_TTL).unwrap_or(now);
        self.0
            .insert(token.clone(), (consumer_no.to_owned(), expires_at));
        Ok(token)
    }

    /// Spends a token and returns its consumer number.
    ///
    /// # Errors
    /// `MatchTokenSpent` for a used, expired or invented token.
    pub(super) fn spend(&mut self, token: &str, now: Timestamp) -> Result<String, Refused> {
        let known = self
            .0
            .remove(token)
            .filter(|(_, expires_at)| *expires_at > now);
        known
            .map(|(consumer_no, _)| consumer_no)
            .ok_or(Refused::MatchTokenSpent)
    }
}

/// How a person's real name stands against an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RealName {
    Verified,
    Missing,
    Mismatch,
}

impl RealName {
    pub(super) fn of(archive: &Archive, id_no: &str, name: &str) -> Self {
        match &archive.holder.id_no {
            None => Self::Missing,
            Some(held) if held == id_no && archive.holder.name == name => Self::Verified,
            Some(_) => Self::Mismatch,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: i64) -> Timestamp {
        Timestamp::from_second(1_795_000_000 + s).unwrap()
    }

    #[test]
    fn a_token_works_once_and_for_ten_minutes() {
        let mut tokens = MatchTokens::default();
        let token = tokens.issue("1504010020017", at(0)).unwrap();
        let late = tokens.issue("1504010020025", at(0)).unwrap();
        assert_eq!(
            tokens.spend(&token, at(599)).as_deref(),
            Ok("1504010020017")
        );
        assert_eq!(tokens.spend(&token, at(599)), Err(Refused::MatchTokenSpent));
        assert_eq!(tokens.spend(&late, at(600)), Err(Refused::MatchTokenSpent));
        assert_eq!(tokens.spend("", at(0)), Err(Refused::MatchTokenSpent));
    }
}
