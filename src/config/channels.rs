//! The systems of the utility: the marketing system, the SMS platform, and what notices say.

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::Faults;

/// `[marketing]`, `[sms]`, `[user_system]`, `[generation]` and `[exchange]`: a channel with signed calls and encrypted fields.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Channel {
    pub(crate) base_url: String,
    pub(crate) channel_id: String,
    /// Hex, 32 bytes.
    pub(crate) secret_hex: SecretString,
    /// Hex, 32 bytes.
    pub(crate) field_key_hex: SecretString,
    #[serde(default = "deadline_ms")]
    pub(crate) deadline_ms: u64,
}

pub(super) const fn deadline_ms() -> u64 {
    4_000
}

/// `[notices]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Notices {
    /// The registered name in front of every SMS.
    pub(crate) sign_name: String,
}

impl Default for Notices {
    fn default() -> Self {
        Self {
            sign_name: "蒙东电力".to_owned(),
        }
    }
}

impl Notices {
    pub(super) fn check(&self, faults: &mut Faults) {
        let length = self.sign_name.chars().count();
        faults.expect(
            (2..=12).contains(&length),
            "notices.sign_name",
            "must be 2 to 12 characters",
        );
    }
}

/// Alipay's test hosts; money must never be sent there by a live instance.
const TEST_HOSTS: [&str; 2] = ["alipaydev.com", "alipay-sandbox"];

pub(super) fn is_live_https(url: &str) -> bool {
    let host = url
        .strip_prefix("https://")
        .and_then(|rest| rest.split(['/', ':']).next());
    host.is_some_and(|host| {
        let local = host == "localhost" || host.starts_with("127.") || host == "[";
        !local && !host.is_empty() && !TEST_HOSTS.iter().any(|test| host.contains(test))
    })
}

/// A call ends well before the request it is made for (12 s), and two calls of one delivery before its lease does.
pub(super) fn deadline_is_sane(deadline_ms: u64) -> bool {
    (200..=8_000).contains(&deadline_ms)
}

impl Channel {
    pub(super) fn check(&self, section: &str, faults: &mut Faults) {
        let path = |key: &str| format!("{section}.{key}");
        faults.expect(
            is_live_https(&self.base_url),
            &path("base_url"),
            "must be https, not loopback and not a test host",
        );
        faults.expect(
            !self.channel_id.is_empty(),
            &path("channel_id"),
            "must not be empty",
        );
        let hex32 = |text: &SecretString| {
            let text = text.expose_secret();
            text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit())
        };
        faults.expect(
            hex32(&self.secret_hex),
            &path("secret_hex"),
            "must be 64 hex digits",
        );
        faults.expect(
            hex32(&self.field_key_hex),
            &path("field_key_hex"),
            "must be 64 hex digits",
        );
        faults.expect(
            deadline_is_sane(self.deadline_ms),
            &path("deadline_ms"),
            "must be 200 to 8000",
        );
    }
}
