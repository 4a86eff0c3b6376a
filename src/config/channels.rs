//! The systems outside: Alipay, the marketing system, the SMS platform.

use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::Faults;

/// `[alipay]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Alipay {
    pub(crate) app_id: String,
    /// The utility's merchant account; a notice for another one is a security event.
    pub(crate) seller_id: String,
    pub(crate) gateway_url: String,
    pub(crate) authorize_url: String,
    /// Our private key, PEM (PKCS#8 or PKCS#1).
    pub(crate) private_key: PathBuf,
    /// Alipay's public key, PEM.
    pub(crate) platform_public_key: PathBuf,
    #[serde(default = "deadline_ms")]
    pub(crate) deadline_ms: u64,
}

/// `[marketing]` and `[sms]`: a channel with signed calls and encrypted fields.
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

const fn deadline_ms() -> u64 {
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

fn is_live_https(url: &str) -> bool {
    let host = url
        .strip_prefix("https://")
        .and_then(|rest| rest.split(['/', ':']).next());
    host.is_some_and(|host| {
        let local = host == "localhost" || host.starts_with("127.") || host == "[";
        !local && !host.is_empty() && !TEST_HOSTS.iter().any(|test| host.contains(test))
    })
}

fn deadline_is_sane(deadline_ms: u64) -> bool {
    (200..=20_000).contains(&deadline_ms)
}

impl Alipay {
    pub(super) fn check(&self, faults: &mut Faults) {
        for (path, url) in [
            ("alipay.gateway_url", &self.gateway_url),
            ("alipay.authorize_url", &self.authorize_url),
        ] {
            faults.expect(
                is_live_https(url),
                path,
                "must be https, not loopback and not a test host",
            );
        }
        let digits = |text: &str| text.len() == 16 && text.bytes().all(|b| b.is_ascii_digit());
        faults.expect(digits(&self.app_id), "alipay.app_id", "must be 16 digits");
        faults.expect(
            digits(&self.seller_id),
            "alipay.seller_id",
            "must be 16 digits",
        );
        faults.expect(
            self.private_key.is_file(),
            "alipay.private_key",
            "the file does not exist",
        );
        faults.expect(
            self.platform_public_key.is_file(),
            "alipay.platform_public_key",
            "the file does not exist",
        );
        faults.expect(
            deadline_is_sane(self.deadline_ms),
            "alipay.deadline_ms",
            "must be 200 to 20000",
        );
    }
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
            "must be 200 to 20000",
        );
    }
}
