//! Passwords: what may be one, and the port that turns one into what is kept of it (EC-16, PV-04).
//!
//! A password is never stored: the port makes a salted, memory-hard hash of it. Hashing is dear on
//! purpose, so the port does it away from the threads that serve, and only so many at once.

use async_trait::async_trait;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Characters a password has at least; it is never the only proof (NIST SP 800-63B-4, 3.1.1.2).
pub const LENGTH_MIN: usize = 8;
/// Bytes it has at most: 64 characters of any script. More would be work for us and no gain for anybody.
pub const BYTES_MAX: usize = 256;

/// A password as it was typed. Not printable, wiped when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Password(String);

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[Password]")
    }
}

/// Why a text may not become a password. Never carries the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnfitPassword {
    #[error("a password has at least 8 characters")]
    TooShort,
    #[error("a password has at most 256 bytes")]
    TooLong,
    /// Among the first an attacker tries: one character repeated, a run, a well-known one.
    #[error("this password is guessed among the first")]
    Guessable,
    /// It holds the login name or the phone it belongs to.
    #[error("a password does not hold the name it belongs to")]
    HoldsItsName,
}

/// What is tried first, besides runs and repeats. Compared without case.
const WELL_KNOWN: [&str; 24] = [
    "password",
    "passw0rd",
    "p@ssw0rd",
    "password1",
    "password123",
    "qwertyui",
    "qwertyuiop",
    "1q2w3e4r",
    "1qaz2wsx",
    "q1w2e3r4",
    "qwer1234",
    "asdfghjkl",
    "zxcvbnm123",
    "iloveyou",
    "woaini1314",
    "woaini520",
    "5201314520",
    "a1b2c3d4",
    "abc12345",
    "abcd1234",
    "aa123456",
    "a12345678",
    "admin123",
    "dianwang95598",
];

impl Password {
    /// A password somebody chooses now; `names` are what it belongs to (login, phone).
    ///
    /// # Errors
    /// See [`UnfitPassword`].
    pub fn choose(text: String, names: &[&str]) -> Result<Self, UnfitPassword> {
        let chosen = Self::typed(text)?;
        if chosen.0.chars().count() < LENGTH_MIN {
            return Err(UnfitPassword::TooShort);
        }
        let lower = chosen.0.to_lowercase();
        if is_run(&lower) || WELL_KNOWN.contains(&lower.as_str()) {
            return Err(UnfitPassword::Guessable);
        }
        let holds = |name: &&str| name.chars().count() >= 4 && lower.contains(&name.to_lowercase());
        if names.iter().any(holds) {
            return Err(UnfitPassword::HoldsItsName);
        }
        Ok(chosen)
    }

    /// A password somebody shows. Today's rules do not judge one that was chosen before them.
    ///
    /// # Errors
    /// [`UnfitPassword::TooLong`]: it can belong to nobody.
    pub fn typed(text: String) -> Result<Self, UnfitPassword> {
        // Taken over first, so that a refused text is wiped as well.
        let typed = Self(text);
        if typed.0.len() > BYTES_MAX {
            return Err(UnfitPassword::TooLong);
        }
        Ok(typed)
    }

    /// The clear text, for the hash alone.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// One character again and again, or each one step from the last: `aaaaaaaa`, `12345678`, `87654321`.
fn is_run(text: &str) -> bool {
    let codes: Vec<u32> = text.chars().map(u32::from).collect();
    let steps = |step: fn(u32) -> Option<u32>| {
        codes
            .iter()
            .zip(codes.iter().skip(1))
            .all(|(a, b)| step(*a) == Some(*b))
    };
    steps(Some) || steps(|code| code.checked_add(1)) || steps(|code| code.checked_sub(1))
}

/// What is kept of a password: algorithm, parameters, salt and hash in one text (PHC string).
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct PasswordHash(String);

impl PasswordHash {
    #[must_use]
    pub const fn from_store(text: String) -> Self {
        Self(text)
    }

    /// The text, to be stored.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[PasswordHash]")
    }
}

/// Why nothing was hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotHashed {
    /// As many as may be under way are, and as many as may wait do. Ask again.
    #[error("too many passwords are being hashed")]
    Busy,
    /// The machine could not do it.
    #[error("the password could not be hashed")]
    Failed,
}

/// Hashes passwords. Nothing of a call is stored by it.
#[async_trait]
pub trait Passwords: Send + Sync + std::fmt::Debug {
    /// A hash with a fresh salt; two of the same password differ.
    async fn hash(&self, password: &Password) -> Result<PasswordHash, NotHashed>;

    /// Whether the password is the one behind `kept`. With nothing kept the answer is no after the
    /// same work, so that a login nobody has takes as long as a wrong password.
    async fn verify(
        &self,
        password: &Password,
        kept: Option<&PasswordHash>,
    ) -> Result<bool, NotHashed>;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(text: &str) -> Result<(), UnfitPassword> {
        Password::choose(text.to_owned(), &["liming88", "19000000001"]).map(drop)
    }

    #[test]
    fn ec_16_the_length_of_a_password_holds_at_n_and_beside_it() {
        assert_eq!(choose("tr4x-9p"), Err(UnfitPassword::TooShort));
        assert_eq!(choose("tr4x-9pq"), Ok(()));
        assert_eq!(choose("电费缴纳真方便啊"), Ok(()), "characters, not bytes");
        assert_eq!(choose("电费缴纳真方便"), Err(UnfitPassword::TooShort));
        let long = |bytes: usize| "x7".repeat(bytes.div_euclid(2));
        assert_eq!(choose(&long(BYTES_MAX)), Ok(()));
        assert_eq!(choose(&long(BYTES_MAX + 2)), Err(UnfitPassword::TooLong));
        let widest = format!("{}7", "𠮷".repeat(63));
        assert_eq!(choose(&widest), Ok(()), "64 characters of any script");
        assert!(Password::typed("short".into()).is_ok());
        assert!(Password::typed(long(BYTES_MAX + 2)).is_err());
    }

    #[test]
    fn ec_16_what_is_guessed_first_is_refused() {
        for dull in ["aaaaaaaa", "12345678", "87654321", "abcdefgh", "PassW0rd"] {
            assert_eq!(choose(dull), Err(UnfitPassword::Guessable), "{dull}");
        }
        for named in ["LiMing88!", "x19000000001"] {
            assert_eq!(choose(named), Err(UnfitPassword::HoldsItsName), "{named}");
        }
    }

    #[test]
    fn a_password_is_never_printed() {
        let shown = format!(
            "{:?} {:?}",
            Password::typed("canary-word".into()),
            PasswordHash::from_store("canary-hash".into())
        );
        assert!(!shown.contains("canary"), "{shown}");
    }
}
