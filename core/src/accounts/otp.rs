//! One-time codes (money.md 3.7): bound to phone, purpose, session and the act they allow.

use super::secret::Secret;
use crate::shared::ids::{AccountId, OtpId, SessionId};
use crate::shared::time::Time;

/// A code lives this long.
pub const LIFE_S: i64 = 5 * 60;
/// A session asks for another code for the same act no sooner than this.
pub const RESEND_S: i64 = 60;
/// Tries per code; the last wrong one kills it.
pub const TRIES_MAX: i64 = 5;
/// Codes sent to one phone in a day, and wrong tries against it, whoever causes them.
pub const PER_PHONE_DAY_MAX: i64 = 10;
/// As many of them may be caused without a session of the phone's account. The two that are left are enough
/// to set another password, so that who stole one cannot keep its owner from it.
pub const UNSIGNED_PHONE_DAY_MAX: i64 = 8;
/// As many of those by anybody who can type the number: half of the day is out of a stranger's reach.
pub const STRANGERS_PHONE_DAY_MAX: i64 = 5;
/// Codes one account may ask for in a day, whatever phones they go to.
pub const PER_ACCOUNT_DAY_MAX: i64 = 20;
/// As many of those may be asked for by its login and password, without a session.
pub const BY_PASSWORD_ACCOUNT_DAY_MAX: i64 = 10;

/// What a code is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtpPurpose {
    /// To make a phone the account's own.
    VerifyPhone,
    /// To link a home by the phone in its archive.
    Bind,
    /// To be handed everything that is known of one.
    Export,
    /// To be erased.
    Erase,
    /// To pay a sum, or for a home, that is out of the ordinary.
    Pay,
    /// To leave a home from a device that is new.
    Unlink,
    /// To give up the phone that the account has for another one.
    ChangePhone,
    /// To sign in, after login and password.
    SignIn,
    /// To set login and password.
    SetPassword,
    /// To be paid for sold power at another account.
    ChangePayee,
    /// To become one account with another of one's own.
    Merge,
    /// To be certified by a face.
    Certify,
}

impl OtpPurpose {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::VerifyPhone => "verify_phone",
            Self::Bind => "bind",
            Self::Export => "export",
            Self::Erase => "erase",
            Self::Pay => "pay",
            Self::Unlink => "unlink",
            Self::ChangePhone => "change_phone",
            Self::SignIn => "sign_in",
            Self::SetPassword => "set_password",
            Self::ChangePayee => "change_payee",
            Self::Merge => "merge",
            Self::Certify => "certify",
        }
    }

    /// Who can cause a code for this.
    #[must_use]
    pub const fn cause(self) -> Cause {
        match self {
            Self::VerifyPhone | Self::Bind => Cause::Anybody,
            Self::SignIn => Cause::Password,
            Self::Export
            | Self::Erase
            | Self::Pay
            | Self::Unlink
            | Self::ChangePhone
            | Self::SetPassword
            | Self::ChangePayee
            | Self::Merge
            | Self::Certify => Cause::Owner,
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [
            Self::VerifyPhone,
            Self::Bind,
            Self::Export,
            Self::Erase,
            Self::Pay,
            Self::Unlink,
            Self::ChangePhone,
            Self::SignIn,
            Self::SetPassword,
            Self::ChangePayee,
            Self::Merge,
            Self::Certify,
        ]
        .into_iter()
        .find(|purpose| purpose.as_str() == text)
    }
}

/// Who can cause a code to a phone. What one of them uses up of a phone's day is not missing to those below.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Anybody with an account: the phone is whichever they type, or the one in a home's archive.
    Anybody,
    /// Whoever knows a login and its password: the phone is its account's.
    Password,
    /// A session of the account that the phone is confirmed for ([`super::codes::ask_own`]).
    Owner,
}

/// What exactly a code allows: a code for one home is no use for another. Stored as a keyed digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act(Secret);

impl Act {
    /// `kind` keeps a phone, a consumer number and a match token of equal text apart.
    #[must_use]
    pub fn on(kind: &'static str, what: &str) -> Self {
        Self(Secret::new(format!("{kind}:{what}")))
    }

    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

/// One code. The code and the phone are known to the store only, as keyed digests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Otp {
    pub otp_id: OtpId,
    pub account_id: AccountId,
    /// The family of the session that asked.
    pub session_id: SessionId,
    pub purpose: OtpPurpose,
    /// Digest of the phone it was sent to; absent while no phone is found for the act, which looks
    /// the same from outside (a code for an unknown home is never sent and never accepted).
    pub phone_key: Option<String>,
    pub tries: i64,
    pub asked_at: Time,
    pub expires_at: Time,
    pub spent_at: Option<Time>,
    pub version: i64,
}

/// How a typed code did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Accepted and spent.
    Accepted,
    /// Wrong, spent, over or never sent: one answer.
    Refused,
}

/// Judges a typed code and counts the try. `matches` is the store's comparison of digests; `tried_out`
/// says that the phone has had more wrong tries this day than it takes, this one included.
#[must_use]
pub fn judge(mut otp: Otp, matches: bool, tried_out: bool, now: Time) -> (Otp, Verdict) {
    let usable = otp.spent_at.is_none()
        && now < otp.expires_at
        && otp.tries < TRIES_MAX
        && otp.phone_key.is_some()
        && !tried_out;
    otp.tries = otp.tries.saturating_add(1);
    if usable && matches {
        otp.spent_at = Some(now);
        (otp, Verdict::Accepted)
    } else {
        (otp, Verdict::Refused)
    }
}

/// Seconds a session must still wait before asking again; 0 = ask now.
#[must_use]
pub fn wait_s(last: Option<&Otp>, now: Time) -> i64 {
    last.map_or(0, |otp| {
        RESEND_S
            .saturating_sub(now.seconds_since(otp.asked_at))
            .clamp(0, RESEND_S)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::ids::TypedId as _;
    use proptest::prelude::*;

    const NOW: Time = Time::from_micros(1_800_000_000_000_000);

    fn otp() -> Otp {
        Otp {
            otp_id: OtpId::made("019aa2f0-0000-7000-8000-000000000001".into()),
            account_id: AccountId::made("019aa2f0-0000-7000-8000-000000000002".into()),
            session_id: SessionId::made("019aa2f0-0000-7000-8000-000000000003".into()),
            purpose: OtpPurpose::Bind,
            phone_key: Some("k".into()),
            tries: 0,
            asked_at: NOW,
            expires_at: NOW.plus_seconds(LIFE_S),
            spent_at: None,
            version: 1,
        }
    }

    #[test]
    fn m3_7_a_code_is_used_once_within_its_life() {
        let (spent, first) = judge(otp(), true, false, NOW);
        assert_eq!(first, Verdict::Accepted);
        assert_eq!(judge(spent, true, false, NOW).1, Verdict::Refused);
        assert_eq!(
            judge(otp(), true, false, NOW.plus_seconds(LIFE_S)).1,
            Verdict::Refused
        );
        assert_eq!(
            judge(otp(), true, false, NOW.plus_seconds(LIFE_S - 1)).1,
            Verdict::Accepted
        );
    }

    #[test]
    fn m3_7_five_tries_per_code_and_none_when_the_phone_is_tried_out() {
        let mut tried = otp();
        for _ in 0..TRIES_MAX {
            let (next, verdict) = judge(tried, false, false, NOW);
            assert_eq!(verdict, Verdict::Refused);
            tried = next;
        }
        assert_eq!(
            judge(tried, true, false, NOW).1,
            Verdict::Refused,
            "the sixth try is too late"
        );
        assert_eq!(judge(otp(), true, false, NOW).1, Verdict::Accepted);
        assert_eq!(judge(otp(), true, true, NOW).1, Verdict::Refused);
    }

    #[test]
    fn m3_7_a_code_that_was_never_sent_is_never_accepted() {
        let unsent = Otp {
            phone_key: None,
            ..otp()
        };
        assert_eq!(judge(unsent, true, false, NOW).1, Verdict::Refused);
    }

    #[test]
    fn the_next_code_waits_a_minute() {
        assert_eq!(wait_s(None, NOW), 0);
        assert_eq!(wait_s(Some(&otp()), NOW), 60);
        assert_eq!(wait_s(Some(&otp()), NOW.plus_seconds(59)), 1);
        assert_eq!(wait_s(Some(&otp()), NOW.plus_seconds(60)), 0);
    }

    proptest! {
        #[test]
        fn m3_7_no_walk_of_tries_accepts_twice_or_a_wrong_code(
            tries in proptest::collection::vec((any::<bool>(), 0_i64..600), 1..20)
        ) {
            let mut code = otp();
            let mut accepted = Vec::new();
            for (at, (matches, after_s)) in tries.into_iter().enumerate() {
                let (next, verdict) = judge(code, matches, false, NOW.plus_seconds(after_s));
                code = next;
                if verdict == Verdict::Accepted {
                    accepted.push(at);
                    prop_assert!(matches && after_s < LIFE_S && at < 5);
                }
            }
            prop_assert!(accepted.len() <= 1);
        }
    }
}
