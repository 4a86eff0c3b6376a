//! A tiny channel of its own: signs calls and seals fields. It shares no code with the sandbox.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use lifeline_sandbox::clock::SimClock;
use lifeline_sandbox::{Options, Running, start};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

pub(crate) const LI_MING: &str = "1504010020017";
pub(crate) const TWO_BILLS: &str = "1504010020058";
pub(crate) const IN_DUNNING: &str = "1504010020074";
pub(crate) const PREPAID: &str = "1504010020124";
pub(crate) const CLOSED: &str = "1504010020132";
pub(crate) const UNKNOWN: &str = "1504019999999";

/// How long a caller waits for an answer that is held back: long enough for the call to be done, however busy the
/// machine.
pub(crate) const IMPATIENT: Duration = Duration::from_secs(3);

/// Every test begins here, whatever the machine's date: the bill of October is due on the 25th.
const BEGINNING: &str = "2026-11-20T12:00:00+08:00";

/// One side of a signed contract.
pub(crate) struct Channel {
    pub(crate) id: String,
    secret: Vec<u8>,
    field_key: LessSafeKey,
}

/// A sandbox on the air with both channels beside it.
pub(crate) struct Scene {
    pub(crate) sandbox: Running,
    pub(crate) marketing: Channel,
    pub(crate) sms: Channel,
    pub(crate) http: reqwest::Client,
}

/// A call to sign; what is not set is what a well-behaved caller sends.
#[derive(Clone)]
pub(crate) struct Draft {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) body: String,
    pub(crate) key: Option<String>,
    pub(crate) nonce: Option<String>,
    pub(crate) skew_s: i64,
    pub(crate) channel_id: Option<String>,
}

impl Draft {
    pub(crate) fn get(path: &str) -> Self {
        Self {
            method: Method::GET,
            path: path.into(),
            body: String::new(),
            key: None,
            nonce: None,
            skew_s: 0,
            channel_id: None,
        }
    }

    pub(crate) fn post(path: &str, body: &Value) -> Self {
        Self {
            method: Method::POST,
            body: body.to_string(),
            ..Self::get(path)
        }
    }

    pub(crate) fn keyed(self, key: &str) -> Self {
        Self {
            key: Some(key.into()),
            ..self
        }
    }
}

/// Keys are made once per build folder: two thousand-bit primes are slow to find.
fn keys_dir() -> PathBuf {
    let home = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("channel-keyring");
    if !home.join("done").exists() {
        let draft = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        lifeline_sandbox::keys::Keys::load_or_create(draft.path()).unwrap();
        std::fs::write(draft.path().join("done"), "").unwrap();
        // Another test may have been quicker; its keys are as good.
        let _ = std::fs::rename(draft.path(), &home);
    }
    home
}

/// A number nobody used before in this process.
fn fresh() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::SeqCst)
}

impl Channel {
    fn read(dir: &Path, name: &str) -> Self {
        let file: Value =
            serde_json::from_str(&std::fs::read_to_string(dir.join(name)).unwrap()).unwrap();
        let field = |name: &str| file[name].as_str().unwrap().to_owned();
        let key = hex::decode(field("field_key_hex")).unwrap();
        Self {
            id: field("channel_id"),
            secret: hex::decode(field("secret_hex")).unwrap(),
            field_key: LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key).unwrap()),
        }
    }

    pub(crate) fn seal(&self, field: &str, plain: &str) -> String {
        let mut nonce = [0_u8; 12];
        nonce[..8].copy_from_slice(&fresh().to_be_bytes());
        let mut sealed = plain.as_bytes().to_vec();
        let aad = Aad::from(field.as_bytes());
        let once = Nonce::assume_unique_for_key(nonce);
        self.field_key
            .seal_in_place_append_tag(once, aad, &mut sealed)
            .unwrap();
        BASE64.encode([nonce.as_slice(), &sealed].concat())
    }

    pub(crate) fn open(&self, field: &str, sealed: &str) -> String {
        let raw = BASE64.decode(sealed).unwrap();
        let nonce = Nonce::try_assume_unique_for_key(&raw[..12]).unwrap();
        let mut body = raw[12..].to_vec();
        let plain = self
            .field_key
            .open_in_place(nonce, Aad::from(field.as_bytes()), &mut body)
            .unwrap();
        String::from_utf8(plain.to_vec()).unwrap()
    }

    pub(crate) fn sign(&self, lines: &[&str]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.secret).unwrap();
        mac.update(lines.join("\n").as_bytes());
        hex::encode(mac.finalize().into_bytes())
    }
}

impl Scene {
    pub(crate) async fn new() -> Self {
        Self::with_seed(1).await
    }

    pub(crate) async fn with_seed(seed: u64) -> Self {
        let keys = keys_dir();
        let beginning: Timestamp = BEGINNING.parse().unwrap();
        let options = Options {
            seed,
            clock_offset_s: beginning.as_second() - SimClock::new(0).unix_s(),
            ..Options::with_keys(&keys)
        };
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self {
            marketing: Channel::read(&keys, "marketing.json"),
            sms: Channel::read(&keys, "sms.json"),
            sandbox: start(options).await.unwrap(),
            http,
        }
    }

    pub(crate) async fn now(&self) -> Timestamp {
        self.sim("/sim/clock").await["now"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap()
    }

    /// The signed request, ready to send.
    pub(crate) async fn signed(&self, channel: &Channel, draft: &Draft) -> reqwest::RequestBuilder {
        let stamp = (self.now().await.as_second() + draft.skew_s).to_string();
        let nonce = draft
            .nonce
            .clone()
            .unwrap_or_else(|| format!("nonce-{}", fresh()));
        let key = draft.key.as_deref().unwrap_or("");
        let hash = hex::encode(Sha256::digest(draft.body.as_bytes()));
        let lines = [
            draft.method.as_str(),
            &draft.path,
            &hash,
            &stamp,
            &nonce,
            key,
        ];
        let request = self
            .http
            .request(
                draft.method.clone(),
                format!("{}{}", self.sandbox.base_url, draft.path),
            )
            .header(
                "X-Channel-Id",
                draft.channel_id.as_deref().unwrap_or(&channel.id),
            )
            .header("X-Request-Id", format!("req-{}", fresh()))
            .header("X-Timestamp", &stamp)
            .header("X-Nonce", &nonce)
            .header("X-Signature", channel.sign(&lines))
            .header("Content-Type", "application/json")
            .body(draft.body.clone());
        match &draft.key {
            Some(key) => request.header("Idempotency-Key", key),
            None => request,
        }
    }

    /// Sends a call of the marketing contract.
    pub(crate) async fn send(&self, draft: &Draft) -> (u16, Value) {
        answer(self.signed(&self.marketing, draft).await).await
    }

    /// Sends it with little patience; `None` when no answer came.
    pub(crate) async fn send_impatiently(&self, draft: &Draft) -> Option<(u16, String)> {
        let request = self.signed(&self.marketing, draft).await;
        let sent = request.timeout(IMPATIENT).send().await.ok()?;
        let status = sent.status().as_u16();
        Some((status, sent.text().await.ok()?))
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, body) = self.send(&Draft::get(path)).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    pub(crate) async fn arrears(&self, no: &str) -> Value {
        self.get(&format!("/mkt/v1/consumers/{no}/arrears")).await
    }

    /// A payment under a number, which is also its idempotency key.
    pub(crate) async fn pay(&self, number: &str, body: &Value) -> (u16, Value) {
        self.send(&payment(number, body)).await
    }

    /// What is due, paid exactly, with the version just read.
    pub(crate) async fn whole(&self, number: &str, no: &str) -> Value {
        let arrears = self.arrears(no).await;
        json!({
            "channel_txn_no": number,
            "consumer_no": no,
            "amount_fen": arrears["total_fen"],
            "paid_at": self.paid_at().await,
            "purpose": "arrears",
            "arrears_version": arrears["arrears_version"],
        })
    }

    pub(crate) async fn top_up(&self, number: &str, no: &str, amount_fen: i64) -> Value {
        json!({
            "channel_txn_no": number,
            "consumer_no": no,
            "amount_fen": amount_fen,
            "paid_at": self.paid_at().await,
            "purpose": "prepayment",
        })
    }

    /// This second, as the channel writes it.
    async fn paid_at(&self) -> String {
        self.sim("/sim/clock").await["now"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// An unsigned look at a control.
    pub(crate) async fn sim(&self, path: &str) -> Value {
        let request = self.http.get(format!("{}{path}", self.sandbox.base_url));
        let (status, body) = answer(request).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// An unsigned control call.
    pub(crate) async fn steer(&self, path: &str, body: Value) -> (u16, Value) {
        answer(
            self.http
                .post(format!("{}{path}", self.sandbox.base_url))
                .json(&body),
        )
        .await
    }

    pub(crate) async fn advance(&self, advance_s: i64) {
        let (status, body) = self
            .steer("/sim/clock", json!({ "advance_s": advance_s }))
            .await;
        assert_eq!(status, 200, "{body}");
    }

    pub(crate) async fn plan(&self, fault: Value) {
        let (status, body) = self.steer("/sim/faults", fault).await;
        assert_eq!(status, 201, "{body}");
    }

    /// The one planned fault, as the sandbox counted it.
    pub(crate) async fn fault(&self) -> Value {
        self.sim("/sim/faults").await["items"][0].clone()
    }

    pub(crate) async fn consumer(&self, no: &str) -> Value {
        self.sim(&format!("/sim/marketing/consumers/{no}")).await
    }

    /// Ends the scene; the books must be balanced.
    pub(crate) async fn end(self) {
        let audit = self.sim("/sim/marketing/audit").await;
        assert_eq!(audit["balanced"], true, "{audit}");
        self.sandbox.stop().await;
    }
}

pub(crate) fn payment(number: &str, body: &Value) -> Draft {
    Draft::post("/mkt/v1/payments", body).keyed(number)
}

async fn answer(request: reqwest::RequestBuilder) -> (u16, Value) {
    let sent = request.send().await.unwrap();
    let status = sent.status().as_u16();
    let text = sent.text().await.unwrap();
    (
        status,
        serde_json::from_str(&text).unwrap_or(Value::String(text)),
    )
}

/// Whole fen out of a JSON figure.
pub(crate) fn fen(value: &Value) -> i64 {
    value
        .as_i64()
        .unwrap_or_else(|| panic!("not an amount: {value}"))
}
