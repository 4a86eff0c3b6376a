//! A message that a system of the utility signed with the secret we share with it (money.md 3.9): the same
//! signature as on our own calls to it, with a nonce, so that nobody can say it again.

/// Who may call us, beside the channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sender {
    Sms,
    Marketing,
}

impl Sender {
    /// As the inbox knows it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sms => "sms",
            Self::Marketing => "marketing",
        }
    }
}

/// A message as it came. Nothing of it is believed yet.
#[derive(Debug, Clone, Copy)]
pub struct Signed<'a> {
    pub method: &'a str,
    /// Path and query exactly as sent.
    pub target: &'a str,
    pub body: &'a [u8],
    pub channel_id: &'a str,
    /// Unix seconds.
    pub timestamp: &'a str,
    pub nonce: &'a str,
    /// Hex.
    pub signature: &'a str,
}

/// Why a message is not one of the sender's. Counted, never told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotTheirs {
    #[error("another channel's id")]
    OtherChannel,
    #[error("a nonce is 16 to 64 letters, digits, - and _")]
    BadNonce,
    #[error("signed too long ago, or in the future")]
    Late,
    #[error("the signature is not of this message")]
    Forged,
}

impl NotTheirs {
    /// As a metric names it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OtherChannel => "other_channel",
            Self::BadNonce => "bad_nonce",
            Self::Late => "late",
            Self::Forged => "forged",
        }
    }
}

/// Proves who signed.
pub trait Signatures: Send + Sync + std::fmt::Debug {
    /// # Errors
    /// See [`NotTheirs`].
    fn verify(&self, sender: Sender, message: &Signed<'_>) -> Result<(), NotTheirs>;
}
