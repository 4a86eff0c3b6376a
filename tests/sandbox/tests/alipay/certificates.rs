//! Certificate mode and content encryption, as a merchant with its own reader meets them.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rsa::RsaPublicKey;
use rsa::pkcs8::DecodePublicKey as _;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use x509_cert::Certificate;
use x509_cert::der::{Decode as _, Encode as _};

use crate::merchant::{Scene, verifies_with};

const QUERY: &str = "alipay.trade.query";

struct Files {
    view: Value,
}

impl Files {
    async fn of(scene: &Scene) -> Self {
        Self {
            view: scene.get("/sim/alipay/certificates").await,
        }
    }

    fn text(&self, name: &str) -> &str {
        self.view[name].as_str().unwrap()
    }

    /// What a caller in certificate mode adds to a call. Only the last root of the file is RSA.
    fn names<'f>(&'f self, root_sn: &'f str) -> [(&'f str, &'f str); 2] {
        [
            ("app_cert_sn", self.text("app_cert_sn")),
            ("alipay_root_cert_sn", root_sn),
        ]
    }

    fn root_sn(&self) -> String {
        let (_, last) = self
            .text("root_certificates")
            .rsplit_once("-----BEGIN CERTIFICATE-----")
            .unwrap();
        number_of(&format!("-----BEGIN CERTIFICATE-----{last}"))
    }
}

fn leaf(pem: &str) -> Certificate {
    let (first, _) = pem.split_once("-----END").unwrap();
    let body: String = first.lines().filter(|l| !l.starts_with('-')).collect();
    Certificate::from_der(&BASE64.decode(body).unwrap()).unwrap()
}

fn number_of(pem: &str) -> String {
    use md5::{Digest as _, Md5};
    let body = leaf(pem).tbs_certificate;
    let serial = body.serial_number.as_bytes();
    let serial = serial
        .iter()
        .fold(0_u128, |sum, byte| sum << 8 | u128::from(*byte));
    hex::encode(Md5::digest(format!("{}{serial}", body.issuer)))
}

fn key_of(pem: &str) -> RsaPublicKey {
    let spki = leaf(pem).tbs_certificate.subject_public_key_info;
    RsaPublicKey::from_public_key_der(&spki.to_der().unwrap()).unwrap()
}

/// A call's raw answer: the node, the serial number it names, and whether `key` signed it.
struct Raw {
    node: String,
    sn: Option<String>,
    sign: String,
}

impl Raw {
    fn is_signed_by(&self, pem: &str) -> bool {
        verifies_with(&key_of(pem), &self.node, &self.sign)
    }

    fn field(&self, name: &str) -> Value {
        serde_json::from_str::<Value>(&self.node).unwrap()[name].clone()
    }
}

async fn ask(scene: &Scene, method: &str, more: &[(&str, &str)]) -> Raw {
    let params = scene.signed(method, more).await;
    let sent = scene.http.post(scene.url("/gateway.do")).form(&params);
    let text = sent.send().await.unwrap().text().await.unwrap();
    let mut nodes: BTreeMap<String, Box<RawValue>> = serde_json::from_str(&text).unwrap();
    let mut take = |name: &str| nodes.remove(name).map(|value| value.get().to_owned());
    let unquoted = |value: String| serde_json::from_str::<String>(&value).unwrap();
    Raw {
        node: take(&format!("{}_response", method.replace('.', "_"))).unwrap(),
        sn: take("alipay_cert_sn").map(unquoted),
        sign: unquoted(take("sign").unwrap()),
    }
}

const NOBODY: (&str, &str) = ("biz_content", r#"{"out_trade_no":"nobody"}"#);

#[tokio::test]
async fn a_caller_that_names_certificates_is_answered_under_alipays() {
    let scene = Scene::new().await;
    let files = Files::of(&scene).await;
    let root_sn = files.root_sn();
    assert_eq!(
        number_of(files.text("app_certificate")),
        files.text("app_cert_sn")
    );
    let [app, root] = files.names(&root_sn);
    let answer = ask(&scene, QUERY, &[app, root, NOBODY]).await;
    assert_eq!(answer.sn.as_deref(), Some(files.text("alipay_cert_sn")));
    assert!(answer.is_signed_by(files.text("platform_certificate")));
    assert_eq!(answer.field("sub_code"), "ACQ.TRADE_NOT_EXIST");
    // Bare keys go on working beside it.
    let answer = ask(&scene, QUERY, &[NOBODY]).await;
    assert_eq!(answer.sn, None);
    assert_eq!(answer.field("sub_code"), "ACQ.TRADE_NOT_EXIST");
}

#[tokio::test]
async fn other_or_missing_numbers_are_refused() {
    let scene = Scene::new().await;
    let files = Files::of(&scene).await;
    let root_sn = files.root_sn();
    let [app, root] = files.names(&root_sn);
    let zeros = "0".repeat(32);
    let two = format!("{zeros}_{root_sn}");
    for (named, said) in [
        (vec![app], "isv.missing-signature-config"),
        (vec![root], "isv.missing-signature-config"),
        (
            vec![("app_cert_sn", zeros.as_str()), root],
            "isv.missing-signature-config",
        ),
        (
            vec![app, ("alipay_root_cert_sn", zeros.as_str())],
            "isv.missing-signature-config",
        ),
        (
            vec![app, ("alipay_root_cert_sn", two.as_str())],
            "ACQ.TRADE_NOT_EXIST",
        ),
    ] {
        let mut all = named.clone();
        all.push(NOBODY);
        let answer = ask(&scene, QUERY, &all).await;
        assert_eq!(answer.field("sub_code"), said, "{named:?}");
    }
}

#[tokio::test]
async fn a_renewed_certificate_can_be_had_by_its_number_and_signs_notices_too() {
    let scene = Scene::new().await;
    let files = Files::of(&scene).await;
    let root_sn = files.root_sn();
    let [app, root] = files.names(&root_sn);
    let biz = scene.order("LL1", "80.70").await.to_string();
    let notify_url = scene.ears.url();
    let order = [
        app,
        root,
        ("biz_content", &biz),
        ("notify_url", &notify_url),
    ];
    ask(&scene, "alipay.trade.create", &order).await;
    let (status, renewed) = scene
        .post("/sim/alipay/certificates/renew", json!({}))
        .await;
    assert_eq!(status, 200);
    let sn = renewed["alipay_cert_sn"].as_str().unwrap();
    let answer = ask(&scene, QUERY, &[app, root, NOBODY]).await;
    assert_eq!(answer.sn.as_deref(), Some(sn));
    assert!(!answer.is_signed_by(files.text("platform_certificate")));
    let wanted = json!({ "alipay_cert_sn": sn }).to_string();
    let download = "alipay.open.app.alipaycert.download";
    let had = ask(&scene, download, &[app, root, ("biz_content", &wanted)]).await;
    let file = had.field("alipay_cert_content");
    let file = String::from_utf8(BASE64.decode(file.as_str().unwrap()).unwrap()).unwrap();
    assert_eq!(number_of(&file), sn);
    assert!(answer.is_signed_by(&file) && had.is_signed_by(&file));
    let none = json!({ "alipay_cert_sn": "0".repeat(32) }).to_string();
    let none = ask(&scene, download, &[app, root, ("biz_content", &none)]).await;
    assert_eq!(none.field("sub_code"), "ALIPAY_CERT_NOT_EXIST");
    // The order was made in certificate mode: its notice is signed under what is valid now.
    scene.pay("LL1", "paid").await;
    let notice = scene.ears.wait(1).await.remove(0);
    assert!(!scene.merchant.trusts(&notice));
    assert!(notice.is_signed_with(&key_of(&file)));
}

#[tokio::test]
async fn content_is_encrypted_both_ways_and_nothing_else_is() {
    let scene = Scene::new().await;
    // Reading it makes the certificates and the content key.
    Files::of(&scene).await;
    let refused = |answer: Raw| answer.field("sub_code");
    let garbled = [("encrypt_type", "AES"), ("biz_content", "AAAA")];
    let answer = ask(&scene, QUERY, &garbled).await;
    assert_eq!(refused(answer), "isv.decryption-error-unknown");
    let other = [("encrypt_type", "SM4"), NOBODY];
    let answer = ask(&scene, QUERY, &other).await;
    assert_eq!(
        refused(answer),
        "isv.decryption-error-not-valid-encrypt-type"
    );
    let plain = [("encrypt_type", "AES"), NOBODY];
    let answer = ask(&scene, QUERY, &plain).await;
    assert_eq!(refused(answer), "isv.decryption-error-unknown");
}
