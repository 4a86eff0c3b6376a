//! A tiny merchant of its own: signs calls, checks answers, listens for notices. It shares no code
//! with the sandbox.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::{App, HttpResponse, HttpServer, web};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use lifeline_sandbox::{Options, Running, start};
use rsa::pkcs1v15::{Signature, SigningKey, VerifyingKey};
use rsa::pkcs8::{DecodePrivateKey as _, DecodePublicKey as _};
use rsa::sha2::Sha256;
use rsa::signature::{SignatureEncoding as _, Signer as _, Verifier as _};
use rsa::{RsaPrivateKey, RsaPublicKey};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::sync::watch;

pub(crate) const APP_ID: &str = "2021000000000001";

/// A sandbox on the air with a merchant beside it.
pub(crate) struct Scene {
    pub(crate) sandbox: Running,
    pub(crate) merchant: Merchant,
    pub(crate) ears: Ears,
    pub(crate) http: reqwest::Client,
}

/// Signs as the application and checks what the platform signed.
pub(crate) struct Merchant {
    app_private: RsaPrivateKey,
    platform_public: RsaPublicKey,
}

/// Keys are made once per build folder: two thousand-bit primes are slow to find.
pub(crate) fn keys_dir() -> PathBuf {
    let home = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("alipay-keyring");
    if !home.join("done").exists() {
        let draft = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        lifeline_sandbox::keys::Keys::load_or_create(draft.path()).unwrap();
        std::fs::write(draft.path().join("done"), "").unwrap();
        // Another test may have been quicker; its keys are as good.
        let _ = std::fs::rename(draft.path(), &home);
    }
    home
}

impl Scene {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Options)) -> Self {
        let keys = keys_dir();
        let mut options = Options::with_keys(&keys);
        change(&mut options);
        let read = |name: &str| std::fs::read_to_string(keys.join(name)).unwrap();
        let merchant = Merchant {
            app_private: RsaPrivateKey::from_pkcs8_pem(&read("app_private.pem")).unwrap(),
            platform_public: RsaPublicKey::from_public_key_pem(&read("platform_public.pem"))
                .unwrap(),
        };
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        Self {
            sandbox: start(options).await.unwrap(),
            merchant,
            ears: Ears::open(),
            http,
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.sandbox.base_url)
    }

    /// A gateway call by POST; the answer's signature is checked before it is returned.
    pub(crate) async fn call(&self, method: &str, more: &[(&str, &str)]) -> Value {
        let params = self.signed(method, more).await;
        let sent = self
            .http
            .post(self.url("/gateway.do"))
            .form(&params)
            .send()
            .await
            .unwrap();
        assert_eq!(sent.status(), 200);
        self.merchant.open(method, &sent.text().await.unwrap())
    }

    /// A call whose business parameters go into `biz_content`.
    pub(crate) async fn biz(&self, method: &str, biz: &Value) -> Value {
        self.call(method, &[("biz_content", &biz.to_string())])
            .await
    }

    /// Signed parameters, stamped with the sandbox's time.
    pub(crate) async fn signed(
        &self,
        method: &str,
        more: &[(&str, &str)],
    ) -> BTreeMap<String, String> {
        let now = self.get("/sim/clock").await["now"]
            .as_str()
            .unwrap()
            .to_owned();
        let timestamp = now[..19].replace('T', " ");
        let mut params = self.merchant.common(method, &timestamp);
        params.extend(more.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())));
        self.merchant.sign(&mut params);
        params
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let sent = self.http.get(self.url(path)).send().await.unwrap();
        let status = sent.status();
        let text = sent.text().await.unwrap();
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// A control call, with its status.
    pub(crate) async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let sent = self
            .http
            .post(self.url(path))
            .json(&body)
            .send()
            .await
            .unwrap();
        let status = sent.status().as_u16();
        let text = sent.text().await.unwrap();
        (
            status,
            serde_json::from_str(&text).unwrap_or(Value::String(text)),
        )
    }

    pub(crate) async fn plan(&self, plan: Value) {
        let (status, answer) = self.post("/sim/faults", plan).await;
        assert_eq!(status, 201, "{answer}");
    }

    pub(crate) async fn hits(&self) -> u64 {
        let faults = self.get("/sim/faults").await;
        faults["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|f| f["hits"].as_u64().unwrap())
            .sum()
    }

    pub(crate) async fn advance(&self, advance_s: i64) {
        let (status, answer) = self
            .post("/sim/clock", json!({ "advance_s": advance_s }))
            .await;
        assert_eq!(status, 200, "{answer}");
    }

    /// Li Ming's order inside the mini program.
    pub(crate) async fn create(&self, out_trade_no: &str, total_amount: &str) -> Value {
        let biz = self.order(out_trade_no, total_amount).await.to_string();
        let notify_url = self.ears.url();
        self.call(
            "alipay.trade.create",
            &[("biz_content", &biz), ("notify_url", &notify_url)],
        )
        .await
    }

    pub(crate) async fn order(&self, out_trade_no: &str, total_amount: &str) -> Value {
        json!({
            "out_trade_no": out_trade_no,
            "total_amount": total_amount,
            "subject": "电费 2026-10 100% & +",
            "product_code": "JSAPI_PAY",
            "op_app_id": APP_ID,
            "buyer_open_id": self.open_id("li-ming").await,
            "timeout_express": "15m",
        })
    }

    pub(crate) async fn open_id(&self, person: &str) -> String {
        let (_, code) = self
            .post("/sim/alipay/authorize", json!({ "person": person }))
            .await;
        let code = code["auth_code"].as_str().unwrap().to_owned();
        let tokens = self
            .call(
                "alipay.system.oauth.token",
                &[("grant_type", "authorization_code"), ("code", &code)],
            )
            .await;
        tokens["open_id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn pay(&self, out_trade_no: &str, outcome: &str) -> (u16, Value) {
        let body = json!({ "out_trade_no": out_trade_no, "outcome": outcome });
        self.post("/sim/alipay/pay", body).await
    }

    pub(crate) async fn query(&self, out_trade_no: &str) -> Value {
        self.biz(
            "alipay.trade.query",
            &json!({ "out_trade_no": out_trade_no }),
        )
        .await
    }

    /// The one trade of this number, as Alipay holds it.
    pub(crate) async fn trade(&self, out_trade_no: &str) -> Value {
        let list = self
            .get(&format!("/sim/alipay/trades?out_trade_no={out_trade_no}"))
            .await;
        assert_eq!(list.as_array().unwrap().len(), 1, "{list}");
        list[0].clone()
    }
}

impl Merchant {
    pub(crate) fn common(&self, method: &str, timestamp: &str) -> BTreeMap<String, String> {
        [
            ("app_id", APP_ID),
            ("method", method),
            ("charset", "utf-8"),
            ("sign_type", "RSA2"),
            ("timestamp", timestamp),
            ("version", "1.0"),
        ]
        .into_iter()
        .map(|(k, v)| (k.to_owned(), v.to_owned()))
        .collect()
    }

    pub(crate) fn sign(&self, params: &mut BTreeMap<String, String>) {
        params.remove("sign");
        let key = SigningKey::<Sha256>::new(self.app_private.clone());
        let signature = key.sign(text_of(params, false).as_bytes());
        params.insert("sign".into(), BASE64.encode(signature.to_bytes()));
    }

    pub(crate) fn verifies(&self, text: &str, sign: &str) -> bool {
        verifies_with(&self.platform_public, text, sign)
    }

    /// Checks an answer's signature over its raw bytes and returns the node.
    pub(crate) fn open(&self, method: &str, body: &str) -> Value {
        let name = format!("{}_response", method.replace('.', "_"));
        self.open_node(&name, body)
    }

    pub(crate) fn open_node(&self, name: &str, body: &str) -> Value {
        let nodes: BTreeMap<String, Box<RawValue>> = serde_json::from_str(body).unwrap();
        assert_eq!(nodes.len(), 2, "{body}");
        let node = nodes
            .get(name)
            .unwrap_or_else(|| panic!("no {name} in {body}"));
        let sign: String = serde_json::from_str(nodes["sign"].get()).unwrap();
        assert!(
            self.verifies(node.get(), &sign),
            "the answer's signature is wrong: {body}"
        );
        serde_json::from_str(node.get()).unwrap()
    }

    /// Whether a notice carries the platform's signature.
    pub(crate) fn trusts(&self, notice: &Heard) -> bool {
        let mut params = notice.params.clone();
        let sign = params.remove("sign").unwrap();
        self.verifies(&text_of(&params, true), &sign)
    }

    /// As [`Merchant::trusts`], where `sign_type` is signed too.
    pub(crate) fn trusts_with_type(&self, notice: &Heard) -> bool {
        let mut params = notice.params.clone();
        let sign = params.remove("sign").unwrap();
        self.verifies(&text_of(&params, false), &sign)
    }
}

/// Whether `sign` is that key's signature of `text`.
pub(crate) fn verifies_with(key: &RsaPublicKey, text: &str, sign: &str) -> bool {
    let signature = Signature::try_from(BASE64.decode(sign).unwrap().as_slice()).unwrap();
    VerifyingKey::<Sha256>::new(key.clone())
        .verify(text.as_bytes(), &signature)
        .is_ok()
}

fn text_of(params: &BTreeMap<String, String>, notice: bool) -> String {
    let kept = params
        .iter()
        .filter(|(k, v)| !(v.is_empty() || notice && *k == "sign_type"));
    kept.map(|(k, v)| format!("{k}={v}"))
        .collect::<Vec<_>>()
        .join("&")
}

/// One notice as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    pub(crate) params: BTreeMap<String, String>,
    pub(crate) content_type: String,
}

impl Heard {
    pub(crate) fn get(&self, key: &str) -> &str {
        self.params.get(key).map_or("", String::as_str)
    }

    /// Whether another key than the platform's own signed it.
    pub(crate) fn is_signed_with(&self, key: &RsaPublicKey) -> bool {
        let mut params = self.params.clone();
        let sign = params.remove("sign").unwrap();
        verifies_with(key, &text_of(&params, true), &sign)
    }
}

/// The merchant's notice address.
pub(crate) struct Ears {
    port: u16,
    heard: Arc<watch::Sender<Vec<Heard>>>,
    /// Answers to give before falling back to `success`.
    pub(crate) answers: Arc<Mutex<Vec<&'static str>>>,
}

impl Ears {
    fn open() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::new(watch::Sender::new(Vec::new()));
        let answers: Arc<Mutex<Vec<&'static str>>> = Arc::default();
        let (kept, said) = (
            web::Data::from(heard.clone()),
            web::Data::from(answers.clone()),
        );
        let server = HttpServer::new(move || {
            App::new()
                .app_data(kept.clone())
                .app_data(said.clone())
                .route("/notify", web::post().to(hear))
        })
        .workers(1)
        .disable_signals()
        .listen(listener)
        .unwrap()
        .run();
        tokio::spawn(server);
        Self {
            port,
            heard,
            answers,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/notify", self.port)
    }

    pub(crate) fn all(&self) -> Vec<Heard> {
        self.heard.borrow().clone()
    }

    /// Waits until `count` notices arrived in all.
    pub(crate) async fn wait(&self, count: usize) -> Vec<Heard> {
        let mut arrivals = self.heard.subscribe();
        let arrived = arrivals.wait_for(|all| all.len() >= count);
        match tokio::time::timeout(Duration::from_secs(60), arrived).await {
            Ok(all) => all.unwrap().clone(),
            Err(_) => panic!("{count} notices never came: {:?}", self.all()),
        }
    }
}

async fn hear(
    heard: web::Data<watch::Sender<Vec<Heard>>>,
    answers: web::Data<Mutex<Vec<&'static str>>>,
    http: actix_web::HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    let params: BTreeMap<String, String> = form_urlencoded::parse(&body).into_owned().collect();
    let content_type = http
        .headers()
        .get("content-type")
        .map_or("", |v| v.to_str().unwrap())
        .to_owned();
    heard.send_modify(|all| {
        all.push(Heard {
            params,
            content_type,
        })
    });
    let mut answers = answers.lock().unwrap();
    let answer = if answers.is_empty() {
        "success"
    } else {
        answers.remove(0)
    };
    HttpResponse::Ok().body(answer)
}
