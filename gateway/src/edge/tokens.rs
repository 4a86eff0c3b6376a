//! Access tokens: Ed25519 JWT (`kid`, `aud`, `iss`), 15 minutes and never longer than their session, verified once
//! and remembered by digest until they expire. Time is the product's clock, so a demo's time machine moves it too.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use lifeline_core::shared::ids::{AccountId, SessionId};
use lifeline_core::shared::time::{Clock, Time};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::codes::Code;
use super::problem::Problem;

/// How long an access token lives at the longest.
pub const ACCESS_LIFE_S: i64 = 15 * 60;
/// Audience of tokens for the household listener; console tokens have another.
const AUDIENCE: &str = "lifeline-line";
const ISSUER: &str = "lifeline";
/// Verified tokens kept; beyond it the oldest knowledge is dropped, never the check.
const REMEMBERED_MAX: usize = 20_000;

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    sid: String,
    /// The family of the session; absent in tokens of a session that never changed its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fam: Option<String>,
    iat: i64,
    exp: i64,
}

/// Who a verified token speaks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bearer {
    pub account_id: AccountId,
    pub session_id: SessionId,
    pub family_id: SessionId,
    pub expires_at: Time,
}

/// A token as it is handed out.
pub struct Issued {
    pub token: String,
    /// Seconds it lives.
    pub life_s: i64,
}

impl std::fmt::Debug for Issued {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Issued({} s)", self.life_s)
    }
}

/// An Ed25519 key pair for tokens, by key id.
pub struct TokenKey {
    pub kid: String,
    /// PKCS#8 DER.
    pub private: Vec<u8>,
    /// Raw 32-byte public key.
    pub public: Vec<u8>,
}

impl std::fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TokenKey({})", self.kid)
    }
}

/// Why the token keys cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no usable token key")]
pub struct NoTokenKey;

/// The keys in force.
struct KeySet {
    signing: EncodingKey,
    signing_kid: String,
    verifying: HashMap<String, DecodingKey>,
    published: Vec<(String, String)>,
    /// What these keys verified; it goes with them.
    remembered: Mutex<HashMap<[u8; 32], Arc<Bearer>>>,
}

impl KeySet {
    fn of(keys: &[TokenKey]) -> Result<Self, NoTokenKey> {
        use base64::Engine as _;
        let first = keys.first().ok_or(NoTokenKey)?;
        let mut verifying = HashMap::new();
        let mut published = Vec::new();
        for key in keys {
            verifying.insert(key.kid.clone(), DecodingKey::from_ed_der(&key.public));
            let x = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(&key.public);
            published.push((key.kid.clone(), x));
        }
        Ok(Self {
            signing: EncodingKey::from_ed_der(&first.private),
            signing_kid: first.kid.clone(),
            verifying,
            published,
            remembered: Mutex::default(),
        })
    }

    fn check(&self, token: &str) -> Result<Bearer, Problem> {
        let refuse = || Problem::new(Code::Unauthenticated);
        let header = jsonwebtoken::decode_header(token).map_err(|_| refuse())?;
        let key = header
            .kid
            .and_then(|kid| self.verifying.get(&kid))
            .ok_or_else(refuse)?;
        let mut rules = Validation::new(Algorithm::EdDSA);
        rules.set_audience(&[AUDIENCE]);
        rules.set_issuer(&[ISSUER]);
        rules.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
        // The crate would read the machine's clock; expiry is judged above by the Clock port.
        rules.validate_exp = false;
        let claims = jsonwebtoken::decode::<Claims>(token, key, &rules)
            .map_err(|_| refuse())?
            .claims;
        let family = claims.fam.as_deref().unwrap_or(&claims.sid);
        Ok(Bearer {
            account_id: AccountId::parse(&claims.sub).map_err(|_| refuse())?,
            session_id: SessionId::parse(&claims.sid).map_err(|_| refuse())?,
            family_id: SessionId::parse(family).map_err(|_| refuse())?,
            expires_at: Time::from_micros(claims.exp.saturating_mul(1_000_000)),
        })
    }

    fn remember(&self, digest: [u8; 32], bearer: &Arc<Bearer>, now: Time) {
        let mut remembered = self.lock();
        if remembered.len() >= REMEMBERED_MAX {
            remembered.retain(|_, kept| kept.expires_at > now);
            if remembered.len() >= REMEMBERED_MAX {
                remembered.clear();
            }
        }
        remembered.insert(digest, Arc::clone(bearer));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<[u8; 32], Arc<Bearer>>> {
        self.remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Issues and verifies access tokens.
pub struct Tokens {
    clock: Arc<dyn Clock>,
    keys: RwLock<Arc<KeySet>>,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens")
    }
}

impl Tokens {
    /// The first key signs; all verify (overlap while keys rotate).
    pub fn new(clock: Arc<dyn Clock>, keys: &[TokenKey]) -> Result<Self, NoTokenKey> {
        Ok(Self {
            clock,
            keys: RwLock::new(Arc::new(KeySet::of(keys)?)),
        })
    }

    /// Puts other keys in force: what a key that is gone signed is refused from now on, also when it
    /// was verified before.
    pub fn replace(&self, keys: &[TokenKey]) -> Result<(), NoTokenKey> {
        let keys = Arc::new(KeySet::of(keys)?);
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
        Ok(())
    }

    fn keys(&self) -> Arc<KeySet> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// A token for one session, which is over at `until`: who reads by the token alone reads no longer.
    pub fn issue(
        &self,
        account: &AccountId,
        session: &SessionId,
        family: &SessionId,
        until: Time,
    ) -> Result<Issued, Problem> {
        let now = self.clock.now().unix_seconds();
        let over = now.saturating_add(ACCESS_LIFE_S).min(until.unix_seconds());
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: account.as_str().to_owned(),
            sid: session.as_str().to_owned(),
            fam: (family != session).then(|| family.as_str().to_owned()),
            iat: now,
            exp: over,
        };
        let mut header = Header::new(Algorithm::EdDSA);
        let keys = self.keys();
        header.kid = Some(keys.signing_kid.clone());
        let token = jsonwebtoken::encode(&header, &claims, &keys.signing);
        Ok(Issued {
            token: token.map_err(|_| Problem::new(Code::Internal))?,
            life_s: over.saturating_sub(now).max(0),
        })
    }

    /// Who the token speaks for, if it is ours, whole and not over.
    pub fn verify(&self, token: &str) -> Result<Arc<Bearer>, Problem> {
        let digest: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        let now = self.clock.now();
        let keys = self.keys();
        let known = keys.lock().get(&digest).cloned();
        let bearer = match known {
            Some(bearer) => bearer,
            None => {
                let bearer = Arc::new(keys.check(token)?);
                keys.remember(digest, &bearer, now);
                bearer
            }
        };
        if bearer.expires_at <= now {
            return Err(Problem::new(Code::TokenExpired));
        }
        Ok(bearer)
    }

    /// The public keys as a JWK set.
    #[must_use]
    pub fn jwks(&self) -> serde_json::Value {
        let keys: Vec<_> = self
            .keys()
            .published
            .iter()
            .map(|(kid, x)| {
                serde_json::json!({"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": kid, "x": x})
            })
            .collect();
        serde_json::json!({ "keys": keys })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
    use lifeline_core::shared::ids::TypedId;
    use std::sync::atomic::{AtomicI64, Ordering};

    struct Hands(AtomicI64);
    impl Clock for Hands {
        fn now(&self) -> Time {
            Time::from_micros(self.0.load(Ordering::SeqCst) * 1_000_000)
        }
    }

    fn key(kid: &str) -> TokenKey {
        let pair = Ed25519KeyPair::generate().unwrap();
        TokenKey {
            kid: kid.to_owned(),
            private: pair.to_pkcs8().unwrap().as_ref().to_vec(),
            public: pair.public_key().as_ref().to_vec(),
        }
    }

    fn ids() -> (AccountId, SessionId) {
        (
            AccountId::made("019aa2f0-0000-7000-8000-000000000001".into()),
            SessionId::made("019aa2f0-0000-7000-8000-000000000002".into()),
        )
    }

    /// Of a session that goes on.
    const LATER: Time = Time::from_micros(1_000_000_000_000);

    #[test]
    fn a_token_is_over_with_its_session_also_where_it_was_verified_before() {
        let clock = Arc::new(Hands(AtomicI64::new(1_000)));
        let tokens = Tokens::new(clock.clone(), &[key("a")]).unwrap();
        let (account, session) = ids();
        let until = Time::from_micros(1_060_000_000);
        let issued = tokens.issue(&account, &session, &session, until).unwrap();
        assert_eq!(issued.life_s, 60);
        assert!(tokens.verify(&issued.token).is_ok());
        clock.0.store(1_059, Ordering::SeqCst);
        assert!(tokens.verify(&issued.token).is_ok());
        clock.0.store(1_060, Ordering::SeqCst);
        let over = tokens.verify(&issued.token).unwrap_err();
        assert_eq!(over.code(), Code::TokenExpired);
    }

    #[test]
    fn a_token_speaks_for_its_session_until_it_expires() {
        let clock = Arc::new(Hands(AtomicI64::new(1_000)));
        let tokens = Tokens::new(clock.clone(), &[key("a")]).unwrap();
        let (account, session) = ids();
        let issued = tokens.issue(&account, &session, &session, LATER).unwrap();
        assert_eq!(issued.life_s, ACCESS_LIFE_S);
        let token = issued.token;
        assert_eq!(tokens.verify(&token).unwrap().session_id, session);
        clock.0.store(1_000 + ACCESS_LIFE_S - 1, Ordering::SeqCst);
        assert!(tokens.verify(&token).is_ok());
        clock.0.store(1_000 + ACCESS_LIFE_S, Ordering::SeqCst);
        assert_eq!(
            tokens.verify(&token).unwrap_err().code(),
            Code::TokenExpired
        );
    }

    #[test]
    fn m3_5_a_token_names_the_family_of_a_session_that_changed_its_id() {
        let clock = Arc::new(Hands(AtomicI64::new(1_000)));
        let tokens = Tokens::new(clock, &[key("a")]).unwrap();
        let (account, session) = ids();
        let family = SessionId::made("019aa2f0-0000-7000-8000-000000000003".into());
        let token = tokens.issue(&account, &session, &family, LATER).unwrap();
        assert_eq!(tokens.verify(&token.token).unwrap().family_id, family);
        let first = tokens.issue(&account, &session, &session, LATER).unwrap();
        assert_eq!(tokens.verify(&first.token).unwrap().family_id, session);
    }

    #[test]
    fn m5_keys_overlap_and_what_a_key_that_is_gone_signed_is_refused() {
        let clock = Arc::new(Hands(AtomicI64::new(1_000)));
        let (old, new) = (key("old"), key("new"));
        let (account, session) = ids();
        let published = |tokens: &Tokens| -> Vec<String> {
            let keys = tokens.jwks()["keys"].as_array().unwrap().clone();
            keys.iter()
                .map(|key| key["kid"].as_str().unwrap().to_owned())
                .collect()
        };
        let tokens = Tokens::new(clock, std::slice::from_ref(&old)).unwrap();
        let issue = |tokens: &Tokens| {
            tokens
                .issue(&account, &session, &session, LATER)
                .unwrap()
                .token
        };
        let early = issue(&tokens);
        assert!(tokens.verify(&early).is_ok());
        let both = [new, old];
        tokens.replace(&both).unwrap();
        assert_eq!(published(&tokens), ["new", "old"]);
        let late = issue(&tokens);
        assert!(tokens.verify(&early).is_ok() && tokens.verify(&late).is_ok());
        tokens.replace(&both[..1]).unwrap();
        assert_eq!(published(&tokens), ["new"]);
        let refused = tokens.verify(&early).unwrap_err();
        assert_eq!(refused.code(), Code::Unauthenticated);
        assert!(tokens.verify(&late).is_ok());
        assert!(tokens.replace(&[]).is_err());
        assert!(tokens.verify(&late).is_ok(), "no keys change nothing");
    }

    #[test]
    fn forged_and_foreign_tokens_are_refused() {
        let clock = Arc::new(Hands(AtomicI64::new(1_000)));
        let ours = Tokens::new(clock.clone(), &[key("a")]).unwrap();
        let theirs = Tokens::new(clock, &[key("a")]).unwrap();
        let (account, session) = ids();
        let token = theirs.issue(&account, &session, &session, LATER).unwrap();
        assert_eq!(
            ours.verify(&token.token).unwrap_err().code(),
            Code::Unauthenticated
        );
        let none = "eyJhbGciOiJub25lIn0.e30.";
        assert_eq!(ours.verify(none).unwrap_err().code(), Code::Unauthenticated);
        let mut mine = ours
            .issue(&account, &session, &session, LATER)
            .unwrap()
            .token;
        mine.pop();
        assert!(ours.verify(&mine).is_err());
    }

    #[test]
    fn m3_8_our_own_keys_word_counts_for_this_issuer_audience_key_and_algorithm_only() {
        let key = key("a");
        let private = EncodingKey::from_ed_der(&key.private);
        // The public key is known to everybody: a secret of the other algorithm made of it signs nothing.
        let known = EncodingKey::from_secret(&key.public);
        let ours = Tokens::new(Arc::new(Hands(AtomicI64::new(1_000))), &[key]).unwrap();
        let (account, session) = ids();
        let verified = |iss: &str, aud: &str, kid: Option<&str>, algorithm, signing| {
            let claims = Claims {
                iss: iss.to_owned(),
                aud: aud.to_owned(),
                sub: account.as_str().to_owned(),
                sid: session.as_str().to_owned(),
                fam: None,
                iat: 1_000,
                exp: 2_000,
            };
            let mut header = Header::new(algorithm);
            header.kid = kid.map(str::to_owned);
            let token = jsonwebtoken::encode(&header, &claims, signing).unwrap();
            let verified = ours.verify(&token);
            verified
                .map(|bearer| bearer.session_id.clone())
                .map_err(|problem| problem.code())
        };
        let (own, id) = (Algorithm::EdDSA, Some("a"));
        assert_eq!(
            verified(ISSUER, AUDIENCE, id, own, &private),
            Ok(session.clone())
        );
        for refused in [
            verified("somebody", AUDIENCE, id, own, &private),
            verified(ISSUER, "lifeline-console", id, own, &private),
            verified(ISSUER, AUDIENCE, Some("b"), own, &private),
            verified(ISSUER, AUDIENCE, None, own, &private),
            verified(ISSUER, AUDIENCE, id, Algorithm::HS256, &known),
        ] {
            assert_eq!(refused, Err(Code::Unauthenticated));
        }
    }
}
