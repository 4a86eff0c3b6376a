//! Clock, chance and keys of the tests, and the two systems built on them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lifeline_adapters::alipay::{Alipay, AlipayConfig, AlipayMode};
use lifeline_adapters::wire::{Address, CallRules, LineKeys, Via};
use lifeline_core::shared::ids::Entropy;
use lifeline_core::shared::time::{Clock, Time};

use crate::responder::{Act, Responder, Seen};

pub(crate) const APP_ID: &str = "2021000000000001";
pub(crate) const SELLER_ID: &str = "2088000000000009";
pub(crate) const NOTIFY_URL: &str = "http://127.0.0.1:9004/v1/callbacks/alipay";
pub(crate) const NUMBER: &str = "LL0abcdefghijklmnopqrstuv";
pub(crate) const SECRET: [u8; 32] = [7; 32];
pub(crate) const FIELD_KEY: [u8; 32] = [9; 32];
/// 2026-11-20 10:00:00 in Shanghai.
pub(crate) const NOW_S: i64 = 1_795_140_000;

pub(crate) struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> Time {
        Time::from_micros(NOW_S * 1_000_000)
    }
}

/// Counts up, so that two draws are never equal.
#[derive(Default)]
pub(crate) struct Counting(AtomicU64);

impl Entropy for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        let next = self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = next[at % next.len()];
        }
    }
}

struct RsaKeys {
    pair: RsaKeyPair,
    private: String,
    public: String,
}

fn rsa_keys() -> RsaKeys {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).expect("a key");
    let private: Pkcs8V1Der<'_> = pair.as_der().expect("PKCS#8");
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().expect("SPKI");
    RsaKeys {
        private: STANDARD.encode(private.as_ref()),
        public: STANDARD.encode(public.as_ref()),
        pair,
    }
}

static APP: LazyLock<RsaKeys> = LazyLock::new(rsa_keys);
static PLATFORM: LazyLock<RsaKeys> = LazyLock::new(rsa_keys);

/// Alipay's signature over a text.
pub(crate) fn platform_sign(text: &str) -> String {
    let mut signature = vec![0; PLATFORM.pair.public_modulus_len()];
    let random = SystemRandom::new();
    let signed = PLATFORM
        .pair
        .sign(&RSA_PKCS1_SHA256, &random, text.as_bytes(), &mut signature);
    signed.expect("signed");
    STANDARD.encode(signature)
}

/// Whether the app's own key made this signature.
fn app_signed(text: &str, signature: &str) -> bool {
    let der = STANDARD.decode(&APP.public).expect("base64");
    let key = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der).expect("a key");
    let signature = STANDARD.decode(signature).expect("base64");
    key.verify_sig(text.as_bytes(), &signature).is_ok()
}

/// Rebuilds the signed text the way the protocol says, independently of the adapter.
pub(crate) fn signature_of_app_holds(seen: &Seen) -> bool {
    let mut params = seen.params();
    params.retain(|(name, value)| name != "sign" && !value.is_empty());
    params.sort();
    let pairs: Vec<String> = params.iter().map(|(n, v)| format!("{n}={v}")).collect();
    app_signed(&pairs.join("&"), &seen.param("sign"))
}

/// A signed reply to whatever method was called.
pub(crate) fn signed(seen: &Seen, node: &str) -> Act {
    let root = format!("{}_response", seen.param("method").replace('.', "_"));
    let sign = platform_sign(node);
    Act::Answer(200, format!(r#"{{"{root}":{node},"sign":"{sign}"}}"#))
}

/// A signed business failure with this sub-code.
pub(crate) fn failed(seen: &Seen, sub_code: &str) -> Act {
    let node = format!(
        r#"{{"code":"40004","msg":"Business Failed","sub_code":"{sub_code}","sub_msg":"SELECT * FROM T"}}"#
    );
    signed(seen, &node)
}

pub(crate) fn alipay(responder: &Responder) -> Alipay {
    alipay_at(&responder.base)
}

pub(crate) fn alipay_at(base: &str) -> Alipay {
    alipay_by(base, None, None)
}

/// With browsers sent elsewhere, or calls by a proxy.
pub(crate) fn alipay_by(base: &str, pages: Option<&str>, via: Option<&str>) -> Alipay {
    let pages = pages.map(|url| Address::parse(url, true).expect("an address"));
    let via = via.map(|url| Via::parse(url).expect("a proxy"));
    let address = |path: &str| Address::parse(&format!("{base}{path}"), true).expect("an address");
    let config = AlipayConfig {
        gateway: address("/gateway.do"),
        pages,
        via,
        authorize_page: address("/oauth2/publicAppAuthorize.htm"),
        app_id: APP_ID.into(),
        seller_id: SELLER_ID.into(),
        notify_url: NOTIFY_URL.into(),
        app_private_key: APP.private.clone().into(),
        mode: AlipayMode::Key(PLATFORM.public.clone()),
        content_key: None,
        encrypts_calls: false,
        rules: CallRules::within(Duration::from_millis(400)),
    };
    Alipay::new(config, Arc::new(Fixed)).expect("the keys are good")
}

/// The app key given as the platform's: the classic mix-up.
pub(crate) fn alipay_with_own_key() -> Option<lifeline_adapters::alipay::AlipayConfigError> {
    let address = Address::parse("http://127.0.0.1:1/", true).expect("an address");
    let config = AlipayConfig {
        gateway: address.clone(),
        pages: None,
        via: None,
        authorize_page: address,
        app_id: APP_ID.into(),
        seller_id: SELLER_ID.into(),
        notify_url: NOTIFY_URL.into(),
        app_private_key: APP.private.clone().into(),
        mode: AlipayMode::Key(APP.public.clone()),
        content_key: None,
        encrypts_calls: false,
        rules: CallRules::within(Duration::from_millis(400)),
    };
    Alipay::new(config, Arc::new(Fixed)).err()
}

pub(crate) fn line_keys() -> LineKeys {
    LineKeys::parse(
        "lifeline-test",
        &hex::encode(SECRET),
        &hex::encode(FIELD_KEY),
    )
    .expect("keys")
}
