//! Who a person is: authorisation codes, tokens, and what may be read with them.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::failure::{self, Failure};
use crate::clock::alipay_time;
use crate::people::Person;

const CODE_LIFE: SignedDuration = SignedDuration::from_mins(5);
const ACCESS_LIFE: SignedDuration = SignedDuration::from_hours(15 * 24);
const REFRESH_LIFE: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What a person lets the merchant do beside knowing the wallet's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Scope {
    /// Read the profile, and the real name where there is one.
    pub(super) profile: bool,
    /// Have a typed identity compared with the wallet's own.
    pub(super) compare: bool,
}

impl Scope {
    /// What is asked for when nobody says otherwise.
    pub(super) const USER: Self = Self {
        profile: true,
        compare: false,
    };

    /// All of a list such as `auth_base,auth_user`; `None` when one is unknown or there is none.
    pub(super) fn widest<'s>(names: impl IntoIterator<Item = &'s str>) -> Option<Self> {
        let mut widest = None;
        for name in names {
            let scope: &mut Self = widest.get_or_insert_default();
            match name {
                "auth_base" => {}
                "auth_user" => scope.profile = true,
                "id_verify" => scope.compare = true,
                _ => return None,
            }
        }
        widest
    }

    pub(super) fn name(self) -> &'static str {
        match (self.profile, self.compare) {
            (false, false) => "auth_base",
            (true, false) => "auth_user",
            (false, true) => "id_verify",
            (true, true) => "auth_user,id_verify",
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Grant {
    person: &'static str,
    scope: Scope,
    given_at: Timestamp,
    until: Timestamp,
}

/// Codes and tokens given out.
#[derive(Debug, Default)]
pub(super) struct Desk {
    codes: HashMap<String, Grant>,
    access: HashMap<String, Grant>,
    refresh: HashMap<String, Grant>,
    last_person: Option<&'static str>,
}

impl Desk {
    /// The person tapped "allow".
    ///
    /// # Errors
    /// When no code could be drawn.
    pub(super) fn authorize(
        &mut self,
        person: &'static str,
        scope: Scope,
        now: Timestamp,
    ) -> Result<String, getrandom::Error> {
        self.codes.retain(|_, grant| grant.until > now);
        let code = random_hex()?;
        self.codes
            .insert(code.clone(), grant(person, scope, now, CODE_LIFE));
        self.last_person = Some(person);
        Ok(code)
    }

    /// Who used the wallet last: the one signed in when nobody says otherwise.
    pub(super) fn last_person(&self) -> Option<&'static str> {
        self.last_person
    }

    /// Code for tokens, once.
    ///
    /// # Errors
    /// Unknown, used, or older than five minutes: all the same answer.
    pub(super) fn exchange(&mut self, code: &str, now: Timestamp) -> Result<Tokens, Failure> {
        let grant = self.codes.remove(code).filter(|g| now < g.until);
        self.issue(grant.ok_or(failure::CODE_INVALID)?, now)
    }

    /// A new pair of tokens for the old one, which is spent.
    ///
    /// # Errors
    /// Unknown, spent, or too old.
    pub(super) fn refresh(&mut self, token: &str, now: Timestamp) -> Result<Tokens, Failure> {
        let grant = self
            .refresh
            .remove(token)
            .ok_or(failure::REFRESH_TOKEN_INVALID)?;
        if now >= grant.until {
            return Err(failure::REFRESH_TOKEN_TIME_OUT);
        }
        self.issue(grant, now)
    }

    fn issue(&mut self, from: Grant, now: Timestamp) -> Result<Tokens, Failure> {
        let draw = || random_hex().map_err(|_| failure::CODE_INVALID);
        let tokens = Tokens {
            person: from.person,
            access: draw()?,
            refresh: draw()?,
            at: now,
        };
        let access = grant(from.person, from.scope, now, ACCESS_LIFE);
        let refresh = grant(from.person, from.scope, now, REFRESH_LIFE);
        self.access.insert(tokens.access.clone(), access);
        self.refresh.insert(tokens.refresh.clone(), refresh);
        Ok(tokens)
    }

    /// Whose profile an access token opens.
    ///
    /// # Errors
    /// Unknown or old token, or the person shared only the id.
    pub(super) fn reader(&self, token: &str, now: Timestamp) -> Result<&'static str, Failure> {
        self.holder(token, |scope| scope.profile, now)
    }

    /// Whose identity an access token lets compare.
    ///
    /// # Errors
    /// Unknown or old token, or the person did not allow it.
    pub(super) fn verifier(&self, token: &str, now: Timestamp) -> Result<&'static str, Failure> {
        self.holder(token, |scope| scope.compare, now)
    }

    fn holder(
        &self,
        token: &str,
        allows: fn(Scope) -> bool,
        now: Timestamp,
    ) -> Result<&'static str, Failure> {
        let grant = self.access.get(token).ok_or(failure::AUTH_TOKEN_INVALID)?;
        if now >= grant.until {
            return Err(failure::AUTH_TOKEN_TIME_OUT);
        }
        match allows(grant.scope) {
            false => Err(failure::SCOPE_NOT_GRANTED),
            true if grant.given_at <= now => Ok(grant.person),
            true => Err(failure::AUTH_TOKEN_INVALID),
        }
    }
}

fn grant(person: &'static str, scope: Scope, now: Timestamp, life: SignedDuration) -> Grant {
    Grant {
        person,
        scope,
        given_at: now,
        until: now.checked_add(life).unwrap_or(now),
    }
}

pub(super) fn random_hex() -> Result<String, getrandom::Error> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes)?;
    Ok(hex::encode(bytes))
}

/// What a code or refresh token is exchanged for.
#[derive(Debug)]
pub(super) struct Tokens {
    pub(super) person: &'static str,
    access: String,
    refresh: String,
    at: Timestamp,
}

impl Tokens {
    /// `alipay_system_oauth_token_response`: alone among all answers it has no code and no msg.
    pub(super) fn answer(&self, wallet: &Person) -> Map<String, Value> {
        object(json!({
            "access_token": self.access,
            "refresh_token": self.refresh,
            "expires_in": ACCESS_LIFE.as_secs(),
            "re_expires_in": REFRESH_LIFE.as_secs(),
            "auth_start": alipay_time(self.at),
            "open_id": wallet.open_id,
            "user_id": wallet.user_id,
        }))
    }
}

/// `alipay_user_info_share_response`; the real-name fields are there only for a certified wallet.
pub(super) fn profile(wallet: &Person) -> Map<String, Value> {
    let odd = |c: char| c.to_digit(10).is_some_and(|d| d % 2 == 1);
    let male = wallet.id_no.chars().nth(16).is_some_and(odd);
    let mut fields = object(json!({
        "open_id": wallet.open_id,
        "user_id": wallet.user_id,
        "nick_name": wallet.name_en,
        "province": "内蒙古自治区",
        "city": "赤峰市",
        "gender": if male { "m" } else { "f" },
        "user_type": "2",
        "user_status": if wallet.certified { "T" } else { "Q" },
        "is_certified": if wallet.certified { "T" } else { "F" },
    }));
    if wallet.certified {
        fields.extend(object(json!({
            "user_name": wallet.name,
            "cert_type": "0",
            "mobile": wallet.phone,
        })));
    }
    if wallet.certified && wallet.tells_id {
        fields.insert("cert_no".into(), json!(wallet.id_no));
    }
    fields
}

/// The fields of a `json!({..})`.
pub(super) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}
