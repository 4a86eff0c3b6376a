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
