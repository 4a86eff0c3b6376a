//! A signed-in device, and the chain of refresh tokens that keeps it signed in (money.md 3.8).
//!
//! A token works once. Shown again it ends the session (it was stolen, or its successor was) except
//! within 30 s from the same device: then the first answer was lost and the same successor is
//! answered again.

use sha2::{Digest as _, Sha256};

use super::secret::Secret;
use crate::shared::ids::{AccountId, SessionId};
use crate::shared::time::Time;

/// A refresh token lives this long unless it is used.
pub const REFRESH_LIFE_S: i64 = 30 * 86_400;
/// No chain of tokens outlives this; the person signs in again.
pub const FAMILY_LIFE_S: i64 = 180 * 86_400;
/// How long a spent token answers its successor again.
pub const REPEAT_WINDOW_S: i64 = 30;

/// How a person came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Client {
    /// The Alipay mini-program, which keeps its refresh token itself.
    Mini,
    /// A browser, which keeps it in an HttpOnly cookie.
    H5,
}

impl Client {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mini => "mini",
            Self::H5 => "h5",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Mini, Self::H5]
            .into_iter()
            .find(|client| client.as_str() == text)
    }
}

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    SignedOut,
    /// Ended by its owner from another device.
    EndedElsewhere,
    /// The same browser signed in anew.
    Replaced,
    /// A spent refresh token came back.
    TokenReused,
    /// The account's phone now belongs to another person.
    PhoneMoved,
    /// Its successor is in use.
    Rotated,
    /// Its account became part of another.
    Merged,
}

impl Ending {
    pub const ALL: [Self; 7] = [
        Self::SignedOut,
        Self::EndedElsewhere,
        Self::Replaced,
        Self::TokenReused,
        Self::PhoneMoved,
        Self::Rotated,
        Self::Merged,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignedOut => "signed_out",
            Self::EndedElsewhere => "ended_elsewhere",
            Self::Replaced => "replaced",
            Self::TokenReused => "token_reused",
            Self::PhoneMoved => "phone_moved",
            Self::Rotated => "rotated",
            Self::Merged => "merged",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ending| ending.as_str() == text)
    }
}

/// One signed-in device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub session_id: SessionId,
    pub account_id: AccountId,
    /// The id this device had when it signed in; ids change, the family stays.
    pub family_id: SessionId,
    /// Whose ids at the provider opened the door: the account's own, or those of one merged into it.
    pub entered_as: AccountId,
    pub client: Client,
    /// When the person signed in; no change of id makes it later.
    pub created_at: Time,
    /// Moved by each refresh, so at most the life of an access token behind.
    pub last_seen_at: Time,
    /// The end of the token chain, whatever is refreshed.
    pub expires_at: Time,
    /// When a successor took its place; nothing new rests on it since.
    pub left_at: Option<Time>,
    pub ended: Option<(Time, Ending)>,
    pub version: i64,
}

impl Session {
    #[must_use]
    pub fn is_alive(&self, now: Time) -> bool {
        self.ended.is_none() && now < self.expires_at
    }
}

/// A session that ended, for nodes that still hold its access tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedSession {
    pub session_id: SessionId,
    pub ended_at: Time,
}

/// One link of the chain; the token itself is stored only as a keyed digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshToken {
    pub session_id: SessionId,
    pub account_id: AccountId,
    pub expires_at: Time,
    pub spent: Option<Spent>,
}

/// How a token was used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spent {
    pub at: Time,
    /// The device that used it.
    pub device: Device,
    /// Kept sealed for [`REPEAT_WINDOW_S`], then wiped.
    pub successor: Option<Secret>,
}

/// A digest of what a device says about itself; only ever compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device(String);

impl Device {
    #[must_use]
    pub fn of(agent: &str) -> Self {
        Self(hex::encode(Sha256::digest(agent.as_bytes())))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    #[must_use]
    pub const fn from_store(text: String) -> Self {
        Self(text)
    }
}

/// What a shown refresh token leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rotation {
    /// Spend it and answer a new one.
    Issue,
    /// Answer this one again.
    Repeat(Secret),
    /// End the session.
    Reused,
    /// Over: sign in again.
    Over,
}

/// Decides what a shown refresh token leads to. `client` is how it was shown: a browser's token
/// counts only from its cookie.
#[must_use]
pub fn rotate(
    token: &RefreshToken,
    session: &Session,
    client: Client,
    device: &Device,
    now: Time,
) -> Rotation {
    if !session.is_alive(now) || session.client != client {
        return Rotation::Over;
    }
    match &token.spent {
        None if now < token.expires_at => Rotation::Issue,
        None => Rotation::Over,
        Some(spent) => {
            let lately = now < spent.at.plus_seconds(REPEAT_WINDOW_S);
            match &spent.successor {
                Some(successor) if lately && spent.device == *device => {
                    Rotation::Repeat(successor.clone())
                }
                Some(_) | None => Rotation::Reused,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::ids::TypedId as _;

    const NOW: Time = Time::from_micros(1_800_000_000_000_000);

    fn session() -> Session {
        Session {
            session_id: SessionId::made("019aa2f0-0000-7000-8000-000000000001".into()),
            account_id: AccountId::made("019aa2f0-0000-7000-8000-000000000002".into()),
            family_id: SessionId::made("019aa2f0-0000-7000-8000-000000000001".into()),
            entered_as: AccountId::made("019aa2f0-0000-7000-8000-000000000002".into()),
            client: Client::H5,
            created_at: NOW,
            last_seen_at: NOW,
            expires_at: NOW.plus_seconds(FAMILY_LIFE_S),
            left_at: None,
            ended: None,
            version: 1,
        }
    }

    fn token(spent_s_ago: Option<i64>) -> RefreshToken {
        RefreshToken {
            session_id: session().session_id,
            account_id: session().account_id,
            expires_at: NOW.plus_seconds(REFRESH_LIFE_S),
            spent: spent_s_ago.map(|ago| Spent {
                at: NOW.plus_seconds(0_i64.saturating_sub(ago)),
                device: Device::of("phone"),
                successor: Some(Secret::new("next".into())),
            }),
        }
    }

    fn shown(token: &RefreshToken, device: &str) -> Rotation {
        rotate(token, &session(), Client::H5, &Device::of(device), NOW)
    }

    #[test]
    fn m3_8_a_token_works_once_and_a_lost_answer_is_repeated_for_30_seconds() {
        assert_eq!(shown(&token(None), "phone"), Rotation::Issue);
        let again = Rotation::Repeat(Secret::new("next".into()));
        assert_eq!(shown(&token(Some(0)), "phone"), again);
        assert_eq!(shown(&token(Some(29)), "phone"), again);
        assert_eq!(shown(&token(Some(30)), "phone"), Rotation::Reused);
    }

    #[test]
    fn m3_8_a_spent_token_from_another_device_ends_the_family() {
        assert_eq!(shown(&token(Some(1)), "thief"), Rotation::Reused);
        let mut wiped = token(Some(1));
        if let Some(spent) = &mut wiped.spent {
            spent.successor = None;
        }
        assert_eq!(shown(&wiped, "phone"), Rotation::Reused);
    }

    #[test]
    fn m3_8_nothing_outlives_its_family() {
        let device = Device::of("phone");
        let late = NOW.plus_seconds(FAMILY_LIFE_S);
        assert_eq!(
            rotate(&token(None), &session(), Client::H5, &device, late),
            Rotation::Over
        );
        let idle = NOW.plus_seconds(REFRESH_LIFE_S);
        assert_eq!(
            rotate(&token(None), &session(), Client::H5, &device, idle),
            Rotation::Over
        );
        let mut ended = session();
        ended.ended = Some((NOW, Ending::SignedOut));
        assert_eq!(
            rotate(&token(Some(1)), &ended, Client::H5, &device, NOW),
            Rotation::Over
        );
        assert_eq!(
            rotate(&token(None), &session(), Client::Mini, &device, NOW),
            Rotation::Over,
            "a browser's token is no use outside its cookie"
        );
    }
}
