//! Certificate mode and content encryption: whose replies are believed, and what goes out sealed.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lifeline_adapters::alipay::{
    Alipay, AlipayConfig, AlipayConfigError, AlipayMode, CertificateError, CertificateFiles,
    FileError,
};
use lifeline_adapters::wire::{Address, CallRules};
use lifeline_core::payments::ports::{Close, NoticeError, NoticeReader as _, PaymentChannel as _};
use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::shared::time::Clock as _;

use md5::{Digest as _, Md5};

use crate::authority::{
    APP, AUTHORITY, Holder, ISSUER, LEAF, MERCHANT, PLATFORM, RENEWED, ROOT, STRANGE_ROOT, Terms,
    issue,
};
use crate::responder::{Act, Responder, Seen};
use crate::world::{APP_ID, Fixed, NOTIFY_URL, NUMBER, SELLER_ID};

const DOWNLOAD: &str = "alipay.open.app.alipaycert.download";
const CONTENT_KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZg==";
const SECOND: Terms = Terms {
    serial: 0x22,
    ..LEAF
};

static ROOTS: LazyLock<String> = LazyLock::new(|| issue(&ROOT, &ROOT, AUTHORITY));
static ISSUING: LazyLock<String> = LazyLock::new(|| issue(&ISSUER, &ROOT, AUTHORITY));
static OWN: LazyLock<String> = LazyLock::new(|| issue(&APP, &ISSUER, LEAF));
static FIRST: LazyLock<String> = LazyLock::new(|| issue(&PLATFORM, &ISSUER, LEAF) + &ISSUING);

fn files() -> CertificateFiles {
    // Made here and not while a call waits: finding two primes takes as long as a call may.
    for late in [&RENEWED, &MERCHANT, &STRANGE_ROOT] {
        LazyLock::force(late);
    }
    CertificateFiles {
        app: OWN.clone().into_bytes(),
        platform: FIRST.clone().into_bytes(),
        roots: ROOTS.clone().into_bytes(),
    }
}

fn built(base: &str, files: CertificateFiles, sealed: bool) -> Result<Alipay, AlipayConfigError> {
    let address = |path: &str| Address::parse(&format!("{base}{path}"), true).expect("an address");
    let config = AlipayConfig {
        gateway: address("/gateway.do"),
        pages: None,
        via: None,
        authorize_page: address("/oauth2/publicAppAuthorize.htm"),
        app_id: APP_ID.into(),
        seller_id: SELLER_ID.into(),
        notify_url: NOTIFY_URL.into(),
        app_private_key: APP.private_key().into(),
        mode: AlipayMode::Certificates(files),
        content_key: sealed.then(|| CONTENT_KEY.to_owned().into()),
        encrypts_calls: sealed,
        rules: CallRules::within(Duration::from_secs(4)),
    };
    Alipay::new(config, Arc::new(Fixed))
}

fn client(responder: &Responder) -> Alipay {
    built(&responder.base, files(), false).expect("the files fit")
}

/// A reply signed by `holder`, which names the certificate `sn`.
fn reply(seen: &Seen, node: &str, holder: &Holder, sn: &str) -> Act {
    let root = format!("{}_response", seen.param("method").replace('.', "_"));
    let sign = STANDARD.encode(holder.sign(node.as_bytes()));
    let body = format!(r#"{{"{root}":{node},"alipay_cert_sn":"{sn}","sign":"{sign}"}}"#);
    Act::Answer(200, body)
}

const CLOSED: &str = r#"{"code":"10000","msg":"Success"}"#;

/// Alipay after a renewal: everything is signed by the renewed key, and `pem` is handed out for it.
fn renewed(pem: String, sn: String) -> Responder {
    Responder::start(move |seen| {
        if seen.param("method") == DOWNLOAD {
            let content = STANDARD.encode(&pem);
            let node = format!(r#"{{"code":"10000","alipay_cert_content":"{content}"}}"#);
            return reply(seen, &node, &RENEWED, &sn);
        }
        reply(seen, CLOSED, &RENEWED, &sn)
    })
}

fn downloads(responder: &Responder) -> usize {
    let seen = responder.seen();
    let of_download = |seen: &&Seen| seen.param("method") == DOWNLOAD;
    seen.iter().filter(of_download).count()
}

/// What a certificate has for a number, worked out by Alipay's rule and not by our reader.
fn number(issuer: &str, serial: u8) -> String {
    let decimal = 0x20_26_00 + u32::from(serial);
    let text = format!("{issuer}{decimal}");
    hex::encode(Md5::digest(text))
}

const ISSUER_NAME: &str = "CN=Test Class 2 R1,OU=Certification Authority,O=Test Financial,C=CN";
const ROOT_NAME: &str = "CN=Test Root R1,OU=Certification Authority,O=Test Financial,C=CN";

#[tokio::test]
async fn calls_name_our_certificate_and_the_roots() {
    let responder =
        Responder::start(|seen| reply(seen, CLOSED, &PLATFORM, &number(ISSUER_NAME, LEAF.serial)));
    let closed = client(&responder).close(NUMBER).await;
    assert_eq!(closed, Ok(Close::Closed));
    let seen = responder.only();
    assert_eq!(seen.param("app_cert_sn"), number(ISSUER_NAME, LEAF.serial));
    assert_eq!(
        seen.param("alipay_root_cert_sn"),
        number(ROOT_NAME, AUTHORITY.serial)
    );
}

#[tokio::test]
async fn an_unknown_certificate_is_fetched_once_and_then_known() {
    let sn = number(ISSUER_NAME, SECOND.serial);
    let pem = issue(&RENEWED, &ISSUER, SECOND) + &ISSUING;
    let responder = renewed(pem, sn.clone());
    let client = client(&responder);
    let many = (0..8).map(|_| client.close(NUMBER));
    for closed in futures_util::future::join_all(many).await {
        assert_eq!(closed, Ok(Close::Closed));
    }
    assert_eq!(client.close(NUMBER).await, Ok(Close::Closed));
    assert_eq!(downloads(&responder), 1);
    let seen = responder.seen();
    let asked = seen
        .iter()
        .find(|seen| seen.param("method") == DOWNLOAD)
        .expect("one download");
    let biz: serde_json::Value = serde_json::from_str(&asked.param("biz_content")).unwrap();
    assert_eq!(biz["alipay_cert_sn"], sn.as_str());
}

#[tokio::test]
async fn only_alipays_own_valid_certificate_is_learnt() {
    let merchant = || issue(&MERCHANT, &ISSUER, LEAF);
    let expired = Terms {
        days: (-30, -1),
        ..SECOND
    };
    let early = Terms {
        days: (1, 30),
        ..SECOND
    };
    for (what, pem) in [
        (
            "what Alipay signs for another merchant with",
            issue(&MERCHANT, &ISSUER, SECOND) + &ISSUING,
        ),
        (
            "Alipay's name, signed by a merchant",
            issue(&RENEWED, &MERCHANT, SECOND) + &merchant() + &ISSUING,
        ),
        (
            "a root that only has the root's name",
            issue(&RENEWED, &STRANGE_ROOT, SECOND),
        ),
        ("without its issuer", issue(&RENEWED, &ISSUER, SECOND)),
        ("over", issue(&RENEWED, &ISSUER, expired) + &ISSUING),
        ("not yet begun", issue(&RENEWED, &ISSUER, early) + &ISSUING),
        ("another number", issue(&RENEWED, &ISSUER, LEAF) + &ISSUING),
        ("no certificate", "-----BEGIN NOTHING-----".to_owned()),
    ] {
        let responder = renewed(pem, number(ISSUER_NAME, SECOND.serial));
        let client = client(&responder);
        let refused = client.close(NUMBER).await;
        assert_eq!(
            refused,
            Err(NoAnswer::Alarm("foreign_certificate")),
            "{what}"
        );
        let again = client.close(NUMBER).await;
        assert_eq!(
            again,
            Err(NoAnswer::Unknown("unknown_certificate")),
            "{what}"
        );
        assert_eq!(downloads(&responder), 1, "{what}");
    }
}

#[tokio::test]
async fn a_reply_is_believed_only_under_the_key_of_the_certificate_it_names() {
    let known = number(ISSUER_NAME, LEAF.serial);
    let responder = Responder::start(move |seen| reply(seen, CLOSED, &RENEWED, &known));
    let forged = client(&responder).close(NUMBER).await;
    assert_eq!(forged, Err(NoAnswer::Unknown("bad_reply_signature")));
    for sn in ["", "../../etc", "zz", "0123456789abcdef0123456789abcdeg"] {
        let responder = Responder::start(move |seen| reply(seen, CLOSED, &PLATFORM, sn));
        let odd = client(&responder).close(NUMBER).await;
        assert_eq!(odd, Err(NoAnswer::Unknown("unknown_certificate")), "{sn}");
        assert_eq!(downloads(&responder), 0);
    }
    // Without a number it can only be the configured certificate.
    let responder = Responder::start(|seen| {
        let root = format!("{}_response", seen.param("method").replace('.', "_"));
        let sign = STANDARD.encode(PLATFORM.sign(CLOSED.as_bytes()));
        Act::Answer(200, format!(r#"{{"{root}":{CLOSED},"sign":"{sign}"}}"#))
    });
    assert_eq!(client(&responder).close(NUMBER).await, Ok(Close::Closed));
}

#[tokio::test]
async fn a_notice_of_the_renewed_certificate_is_believed_once_it_is_known() {
    let pem = issue(&RENEWED, &ISSUER, SECOND) + &ISSUING;
    let responder = renewed(pem, number(ISSUER_NAME, SECOND.serial));
    let client = client(&responder);
    let notice = |holder: &Holder| {
        let signed = format!("app_id={APP_ID}&notify_id=n1&notify_type=dut_user_sign");
        let sign = STANDARD.encode(holder.sign(signed.as_bytes()));
        form_urlencoded::Serializer::new(String::new())
            .append_pair("app_id", APP_ID)
            .append_pair("notify_id", "n1")
            .append_pair("notify_type", "dut_user_sign")
            .append_pair("sign_type", "RSA2")
            .append_pair("sign", &sign)
            .finish()
    };
    let read = |holder| client.read(notice(holder).as_bytes()).map(|_| ());
    let unused = || {
        Err(NoticeError::Unused {
            notify_id: "n1".into(),
        })
    };
    assert_eq!(read(&PLATFORM), unused());
    assert_eq!(read(&RENEWED), Err(NoticeError::BadSignature));
    assert_eq!(client.close(NUMBER).await, Ok(Close::Closed));
    assert_eq!(read(&RENEWED), unused());
    assert_eq!(read(&MERCHANT), Err(NoticeError::BadSignature));
}

#[tokio::test]
async fn files_that_do_not_fit_each_other_are_named() {
    let refused = |files: CertificateFiles| {
        let built = built("http://127.0.0.1:1", files.clone(), false).err();
        let all = AlipayMode::Certificates(files)
            .faults(&APP.private_key(), Fixed.now())
            .expect("a private key");
        (built, all)
    };
    let (none, all) = refused(files());
    assert!(none.is_none() && all.is_empty(), "{all:?}");
    let of_merchant = CertificateFiles {
        app: issue(&MERCHANT, &ISSUER, LEAF).into_bytes(),
        ..files()
    };
    let other_key = FileError::App(CertificateError::OtherKey);
    let (first, all) = refused(of_merchant);
    assert_eq!(first, Some(AlipayConfigError::Certificate(other_key)));
    assert_eq!(all, [other_key]);
    let all_wrong = CertificateFiles {
        app: Vec::new(),
        platform: ROOTS.clone().into_bytes(),
        roots: ROOTS.clone().into_bytes(),
    };
    let (_, all) = refused(all_wrong);
    let expected = [
        FileError::App(CertificateError::Absent),
        FileError::Platform(CertificateError::OtherSubject),
    ];
    assert_eq!(all, expected);
    let swapped = CertificateFiles {
        roots: b"nothing".to_vec(),
        ..files()
    };
    assert_eq!(
        refused(swapped).1,
        [FileError::Roots(CertificateError::Absent)]
    );
    // The console's file holds Alipay's own alone, or with an authority that is not its issuer: it is believed.
    for more in [String::new(), issue(&ISSUER, &STRANGE_ROOT, AUTHORITY)] {
        let beside = CertificateFiles {
            platform: (issue(&PLATFORM, &ISSUER, LEAF) + &more).into_bytes(),
            ..files()
        };
        assert!(refused(beside).1.is_empty());
    }
    // Ours being over makes Alipay refuse every call; Alipay's own renews itself.
    let over = Terms {
        days: (-30, -1),
        ..LEAF
    };
    let late = CertificateFiles {
        app: issue(&APP, &ISSUER, over).into_bytes(),
        platform: (issue(&PLATFORM, &ISSUER, over) + &ISSUING).into_bytes(),
        ..files()
    };
    let (first, all) = refused(late);
    assert!(first.is_none());
    assert_eq!(all, [FileError::App(CertificateError::NotValidNow)]);
}

/// A sealed text and what it holds, both frozen in tests/vectors/alipay/aes.json.
const SEALED: &str = "hM7TQ18QF5bhZ+Favk3bya6JXm14uRT4E1DnjI7rcd1AFnVoZjtL7cXJUUHAqgNC";

#[tokio::test]
async fn sealed_calls_go_out_as_the_sdk_seals_them_and_sealed_replies_are_opened() {
    let sealing = |base: &str| built(base, files(), true).expect("the files fit");
    let responder = Responder::start(|seen| {
        let node = r#"{"code":"40004","sub_code":"ACQ.TRADE_NOT_EXIST"}"#;
        reply(seen, node, &PLATFORM, &number(ISSUER_NAME, LEAF.serial))
    });
    let closed = sealing(&responder.base).close("EB202611200001").await;
    assert_eq!(closed, Ok(Close::NotExist), "a plain reply is as good");
    let seen = responder.only();
    assert_eq!(seen.param("encrypt_type"), "AES");
    assert_eq!(seen.param("biz_content"), SEALED);
    // The same text came back, sealed and signed with its quotes: no code, so no answer.
    let node = format!("\"{SEALED}\"");
    let echoed = {
        let node = node.clone();
        Responder::start(move |seen| {
            reply(seen, &node, &PLATFORM, &number(ISSUER_NAME, LEAF.serial))
        })
    };
    let unreadable = Err(NoAnswer::Unknown("unreadable_reply"));
    assert_eq!(sealing(&echoed.base).close(NUMBER).await, unreadable);
    let without_key = client(&echoed).close(NUMBER).await;
    assert_eq!(without_key, Err(NoAnswer::Unknown("encrypted_reply")));
    let unsigned = Responder::start(move |_| {
        Act::Answer(200, format!(r#"{{"alipay_trade_close_response":{node}}}"#))
    });
    assert_eq!(
        sealing(&unsigned.base).close(NUMBER).await,
        Err(NoAnswer::Unknown("encrypted_reply"))
    );
}
