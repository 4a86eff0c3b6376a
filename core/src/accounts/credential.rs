//! A login name and its password: a second way in for browsers (EC-16). The password alone opens
//! nothing: a code to the account's own phone follows it.

use zeroize::{Zeroize, ZeroizeOnDrop};

use super::passwords::PasswordHash;
use crate::shared::ids::AccountId;
use crate::shared::time::Time;

/// A name chosen to sign in with. Personal: people use their own names, so it is never printed.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Login(String);

/// The text is no login name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a login name is a letter and 3 to 31 more of a-z 0-9 _ . -")]
pub struct NotALogin;

impl Login {
    /// Upper case is lower case: nobody may be mistaken for another by it. A phone number is no
    /// login name, so that a number tells nothing about who has an account.
    ///
    /// # Errors
    /// [`NotALogin`].
    pub fn parse(text: &str) -> Result<Self, NotALogin> {
        let lower = text.trim().to_ascii_lowercase();
        let letter = lower.bytes().next().is_some_and(|b| b.is_ascii_lowercase());
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_.-".contains(&b);
        if letter && (4..=32).contains(&lower.len()) && lower.bytes().all(plain) {
            Ok(Self(lower))
        } else {
            Err(NotALogin)
        }
    }

    #[must_use]
    pub const fn from_store(text: String) -> Self {
        Self(text)
    }

    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[Login]")
    }
}

/// What an account signs in with beside Alipay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    pub account_id: AccountId,
    pub login: Login,
    pub password: PasswordHash,
    pub changed_at: Time,
    pub version: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ec_16_a_login_name_is_plain_and_no_phone() {
        assert_eq!(Login::parse(" LiMing.88 ").unwrap().expose(), "liming.88");
        assert!(Login::parse("abcd").is_ok() && Login::parse("abc").is_err());
        assert!(Login::parse(&"a".repeat(32)).is_ok() && Login::parse(&"a".repeat(33)).is_err());
        for odd in ["19000000001", "_abc", "李明李明", "a b c d", "a@bcd", ""] {
            assert_eq!(Login::parse(odd), Err(NotALogin), "{odd}");
        }
        assert_eq!(format!("{:?}", Login::parse("canary").unwrap()), "[Login]");
    }
}
