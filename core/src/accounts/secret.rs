//! Bearer secrets: whoever holds one may act. Stored only as a keyed digest or sealed.

use zeroize::{Zeroize, ZeroizeOnDrop};

/// A refresh token, a match token, a cookie's value, a one-time code.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Secret(String);

impl Secret {
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The clear text: for the one client it was made for, and to be digested or sealed.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[Secret]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::account::ProviderId;
    use crate::accounts::credential::Login;
    use crate::accounts::passwords::{Password, PasswordHash};
    use crate::shared::personal::{Address, ConsumerNo, IdNo, PersonName, Phone};

    /// Whether a value is wiped when it is dropped is said by its type.
    const fn is_wiped_when_dropped<T: ZeroizeOnDrop>() {}

    #[test]
    fn c15_secrets_and_personal_fields_are_wiped() {
        is_wiped_when_dropped::<Secret>();
        is_wiped_when_dropped::<Password>();
        is_wiped_when_dropped::<PasswordHash>();
        is_wiped_when_dropped::<Login>();
        is_wiped_when_dropped::<ProviderId>();
        is_wiped_when_dropped::<Phone>();
        is_wiped_when_dropped::<IdNo>();
        is_wiped_when_dropped::<PersonName>();
        is_wiped_when_dropped::<ConsumerNo>();
        is_wiped_when_dropped::<Address>();
        let mut secret = Secret::new("canary".into());
        secret.zeroize();
        assert_eq!(secret.expose(), "");
    }
}
