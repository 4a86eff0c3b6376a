//! Asynchronous notices: nothing unsigned is read, what was verified is what is read, and no
//! parameter stands there twice.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use lifeline_adapters::alipay::{Alipay, AlipayConfig, AlipayMode};
use lifeline_adapters::wire::address::Address;
use lifeline_adapters::wire::http::CallRules;
use lifeline_core::payments::ports::{Notice, NoticeError, NoticeReader as _, Trade};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::time::{Clock, Time};
use tokio::runtime::Builder;

use super::keys::platform;
use super::vectors;

const APP_ID: &str = "2021000000000001";
const SELLER_ID: &str = "2088000000000009";

struct Still;

impl Clock for Still {
    fn now(&self) -> Time {
        Time::from_micros(1_795_000_000_000_000)
    }
}

fn alipay(platform_key: &str) -> Alipay {
    let address = || Address::parse("http://127.0.0.1:9/gateway.do", true).expect("an address");
    let config = AlipayConfig {
        gateway: address(),
        pages: None,
        via: None,
        authorize_page: address(),
        app_id: APP_ID.to_owned(),
        seller_id: SELLER_ID.to_owned(),
        notify_url: String::new(),
        app_private_key: platform().app_private.clone().into(),
        mode: AlipayMode::Key(platform_key.to_owned()),
        content_key: None,
        encrypts_calls: false,
        rules: CallRules::within(AlipayConfig::DEADLINE_DEFAULT),
    };
    // Made where a runtime is, as everywhere; nothing is ever asked.
    let runtime = Builder::new_current_thread().build().expect("a runtime");
    let _entered = runtime.enter();
    Alipay::new(config, Arc::new(Still)).expect("a client")
}

/// Anything at all: what is read as a notice is one of the vectors' signed texts, whole.
pub(super) fn raw(data: &[u8]) {
    static READER: OnceLock<(Alipay, Vec<String>)> = OnceLock::new();
    let (reader, signed) = READER.get_or_init(|| {
        let alipay = alipay(&vectors::platform_key());
        (alipay, vectors::texts("notify", "sign_string"))
    });
    let Ok(notice) = reader.read(data) else {
        return;
    };
    let params = once_each(data).expect("a notice that was read has no doubled parameter");
    let matches = signed.iter().any(|text| {
        let texts = signed_texts(&params);
        texts.iter().any(|ours| ours == text)
    });
    assert!(matches, "read, but signed by nobody");
    tells(&notice, &params);
}

pub(super) fn raw_seeds() -> Vec<Vec<u8>> {
    let bodies = vectors::texts("notify", "body");
    bodies.into_iter().map(String::into_bytes).collect()
}

/// A form whose decoded parameters are signed by the key that is trusted: deeper than the signature.
pub(super) fn signed(data: &[u8]) {
    static READER: OnceLock<Alipay> = OnceLock::new();
    let reader = READER.get_or_init(|| alipay(&platform().public));
    let Some(mut params) = once_each(data) else {
        doubled(reader, data);
        return;
    };
    params.remove("sign");
    let texts = signed_texts(&params);
    let [content, ..] = texts.as_slice() else {
        return;
    };
    params.insert("sign".to_owned(), platform().sign(content));
    let body = form(&params);
    match reader.read(body.as_bytes()) {
        Ok(notice) => {
            let texts = signed_texts(&params);
            let sign = params.get("sign").map_or("", String::as_str);
            let verified = texts.iter().any(|text| platform().signed(text, sign));
            assert!(verified, "read, but not what was signed");
            tells(&notice, &params);
            repeated(reader, &params, &body);
        }
        Err(NoticeError::BadSignature) => {
            let odd_kind = params
                .get("sign_type")
                .is_some_and(|kind| kind != "RSA2" && !kind.is_empty());
            assert!(
                odd_kind || content.is_empty(),
                "a right signature was refused"
            );
        }
        Err(NoticeError::Malformed | NoticeError::Foreign | NoticeError::Unused { .. }) => {}
    }
}

pub(super) fn signed_seeds() -> Vec<Vec<u8>> {
    raw_seeds()
}

/// One parameter more of a name that is there already: whatever its value, the notice is refused.
fn repeated(reader: &Alipay, params: &BTreeMap<String, String>, body: &str) {
    for name in params.keys() {
        let name: String = form_urlencoded::byte_serialize(name.as_bytes()).collect();
        for twice in [
            format!("{body}&{name}=1"),
            format!("{name}=1&{body}"),
            format!("{body}&{name}"),
        ] {
            let refused = reader.read(twice.as_bytes());
            assert_eq!(
                refused,
                Err(NoticeError::Malformed),
                "a doubled parameter was taken"
            );
        }
    }
}

fn doubled(reader: &Alipay, data: &[u8]) {
    let refused = reader.read(data);
    assert!(
        refused.is_err(),
        "a form that is none, or has a doubled parameter, was read"
    );
}

/// The decoded parameters when every name occurs once; an own reading of the form.
fn once_each(data: &[u8]) -> Option<BTreeMap<String, String>> {
    let text = std::str::from_utf8(data).ok()?;
    let mut params = BTreeMap::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decoded(name);
        if name.is_empty() || params.insert(name, decoded(value)).is_some() {
            return None;
        }
    }
    Some(params)
}

/// `+` is a blank, `%` and two hex digits are a byte; what is no UTF-8 is replaced.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = |offset: usize| {
            bytes
                .get(at + offset)
                .and_then(|b| char::from(*b).to_digit(16))
        };
        match (bytes[at], hex(1), hex(2)) {
            (b'+', ..) => out.push(b' '),
            (b'%', Some(high), Some(low)) => {
                out.push(u8::try_from(high * 16 + low).unwrap_or_default());
                at += 2;
            }
            (other, ..) => out.push(other),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The texts that Alipay may have signed: `sign_type` left out or kept, empty values dropped or kept.
fn signed_texts(params: &BTreeMap<String, String>) -> Vec<String> {
    let mut texts = Vec::new();
    for (keep_type, keep_empty) in [(false, false), (false, true), (true, false), (true, true)] {
        let kept = params.iter().filter(|(name, value)| {
            name.as_str() != "sign"
                && (keep_type || name.as_str() != "sign_type")
                && (keep_empty || !value.is_empty())
        });
        let pairs: Vec<String> = kept
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        texts.push(pairs.join("&"));
    }
    texts
}

fn form(params: &BTreeMap<String, String>) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(params);
    form.finish()
}

/// What the notice says is what stands in the signed parameters.
fn tells(notice: &Notice, params: &BTreeMap<String, String>) {
    let param = |name: &str| params.get(name).map(String::as_str);
    assert_eq!(Some(notice.out_trade_no.as_str()), param("out_trade_no"));
    assert_eq!(Some(notice.notify_id.as_str()), param("notify_id"));
    assert_eq!(
        param("app_id"),
        Some(APP_ID),
        "another app's notice was read"
    );
    assert_eq!(
        param("seller_id"),
        Some(SELLER_ID),
        "another seller's notice was read"
    );
    let told = match &notice.trade {
        Trade::Paid { total, .. } | Trade::ClosedRefunded { total, .. } => Some(*total),
        Trade::NotExist | Trade::WaitBuyerPay { .. } | Trade::ClosedNeverPaid { .. } => None,
    };
    if let Some(total) = told {
        assert_eq!(
            Some(total),
            param("total_amount").and_then(fen),
            "another sum"
        );
    }
}

/// `12.3`, `12.34` or `12` yuan; an own reading.
fn fen(text: &str) -> Option<Fen> {
    let (yuan, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if part.len() > 2 || !digits(yuan) || !digits(part) {
        return None;
    }
    format!("{yuan}{part:0<2}").parse().ok().map(Fen::new)
}
