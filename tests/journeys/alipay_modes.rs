//! Our Alipay client against the sandbox in each way the two can know each other: by bare keys and by certificates,
//! with content in the clear and encrypted. One life of an order each, then a renewal of Alipay's certificate.

use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::Failed;
use lifeline_adapters::alipay::{Alipay, AlipayConfig, AlipayMode, CertificateFiles};
use lifeline_adapters::wire::{Address, CallRules};
use lifeline_core::payments::ports::{
    Close, CreateOrder, Created, NoticeReader as _, PaymentChannel as _, RefundReply, RefundStatus,
    Trade,
};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::time::Clock as _;
use lifeline_tests::{Demo, Engine, Phone};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::fixtures::MachineClock;
use crate::{Body, run};

pub(crate) fn tests() -> Vec<(&'static str, &'static [Engine], Body)> {
    vec![(
        "alipay_is_spoken_in_both_modes_and_encrypted",
        &[Engine::Sqlite],
        both_modes,
    )]
}

/// A merchant's address that accepts every notice and hands on its body.
async fn ears() -> (String, mpsc::UnboundedReceiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!(
        "http://{}/notify",
        listener.local_addr().expect("its address")
    );
    let (heard, hearing) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut line, _)) = listener.accept().await {
            let heard = heard.clone();
            tokio::spawn(async move {
                let mut bytes = Vec::new();
                while !is_whole(&bytes) {
                    let mut block = [0; 4096];
                    match line.read(&mut block).await {
                        Ok(count) if count > 0 => bytes.extend_from_slice(&block[..count]),
                        _ => return,
                    }
                }
                let answer =
                    b"HTTP/1.1 200 OK\r\ncontent-length: 7\r\nconnection: close\r\n\r\nsuccess";
                if line.write_all(answer).await.is_ok() {
                    let _ = heard.send(body_of(&bytes).to_vec());
                }
            });
        }
    });
    (url, hearing)
}

fn body_of(request: &[u8]) -> &[u8] {
    let end = request.windows(4).position(|four| four == b"\r\n\r\n");
    end.map_or(&[], |at| &request[at + 4..])
}

fn is_whole(request: &[u8]) -> bool {
    let head = String::from_utf8_lossy(request).to_ascii_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .and_then(|value| value.trim().parse().ok());
    request.windows(4).any(|four| four == b"\r\n\r\n")
        && length.is_some_and(|length: usize| body_of(request).len() >= length)
}

struct Mode {
    /// Also the order's number.
    name: &'static str,
    by_certificate: bool,
    sealed: bool,
}

const MODES: [Mode; 4] = [
    Mode {
        name: "keys",
        by_certificate: false,
        sealed: false,
    },
    Mode {
        name: "keys_encrypted",
        by_certificate: false,
        sealed: true,
    },
    Mode {
        name: "certificates",
        by_certificate: true,
        sealed: false,
    },
    Mode {
        name: "certificates_encrypted",
        by_certificate: true,
        sealed: true,
    },
];

fn client(demo: &Demo, files: &Value, mode: &Mode, notify_url: &str) -> Alipay {
    let key = |name: &str| {
        let file = demo.data().join("keys").join(name);
        std::fs::read_to_string(file).expect("a key of the demo")
    };
    let file = |name: &str| files[name].as_str().expect("a file").as_bytes().to_vec();
    let address = |path: &str| {
        let url = format!("{}{path}", demo.address("sandbox"));
        Address::parse(&url, true).expect("an address")
    };
    let config = AlipayConfig {
        gateway: address("/gateway.do"),
        pages: None,
        via: None,
        authorize_page: address("/oauth2/publicAppAuthorize.htm"),
        app_id: "2021000000000001".to_owned(),
        seller_id: "2088000000000009".to_owned(),
        notify_url: notify_url.to_owned(),
        app_private_key: key("app_private.pem").into(),
        mode: if mode.by_certificate {
            AlipayMode::Certificates(CertificateFiles {
                app: file("app_certificate"),
                platform: file("platform_certificate"),
                roots: file("root_certificates"),
            })
        } else {
            AlipayMode::Key(key("platform_public.pem"))
        },
        content_key: mode.sealed.then(|| {
            let key = files["content_key_base64"].as_str().expect("a content key");
            key.to_owned().into()
        }),
        encrypts_calls: mode.sealed,
        rules: CallRules::within(Duration::from_secs(10)),
    };
    Alipay::new(config, Arc::new(MachineClock)).expect("keys and files fit")
}

/// Creates, is paid, gives back, and cannot be closed any more; the notice of the payment is believed.
async fn life(
    phone: &Phone,
    alipay: &Alipay,
    hearing: &mut mpsc::UnboundedReceiver<Vec<u8>>,
    number: &str,
) {
    let order = CreateOrder {
        out_trade_no: number.to_owned(),
        amount: Fen::new(1_234),
        subject: "电费 100% & 其它+项".to_owned(),
        buyer_open_id: None,
        buyer_user_id: Some("2088000000000001".to_owned()),
        expire_at: MachineClock.now().plus_seconds(900),
    };
    let created = alipay.create(&alipay.create_body(&order)).await;
    let Ok(Created::Ok { trade_no }) = created else {
        panic!("{number}: {created:?}");
    };
    let waits = Trade::WaitBuyerPay {
        trade_no: trade_no.clone(),
    };
    assert_eq!(alipay.query(number).await, Ok(waits));
    let tap = json!({"trade_no": trade_no, "outcome": "paid"});
    phone.sandbox("/sim/alipay/pay", &tap).await;
    let paid = alipay.query(number).await.expect("an answer");
    assert!(matches!(paid, Trade::Paid { total, .. } if total == Fen::new(1_234)));
    let raw = hearing.recv().await.expect("a notice");
    let told = alipay.read(&raw).expect("Alipay's own notice");
    assert_eq!((told.out_trade_no.as_str(), told.trade), (number, paid));
    let back = alipay.refund(number, "r1", Fen::new(234)).await;
    assert_eq!(back, Ok(RefundReply::Done));
    let asked = alipay.query_refund(number, "r1").await;
    let amount = Fen::new(234);
    assert_eq!(asked, Ok(RefundStatus::Success { amount }));
    let told = alipay.read(&hearing.recv().await.expect("a notice"));
    let told = told.expect("Alipay's own notice");
    assert_eq!(told.out_request_no.as_deref(), Some("r1"));
    assert_eq!(alipay.close(number).await, Ok(Close::Refused));
    assert_eq!(alipay.query("nobodys").await, Ok(Trade::NotExist));
}

fn both_modes(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let demo = Demo::start(engine).await;
        let phone = Phone::new(&demo);
        let files = phone.sandbox_get("/sim/alipay/certificates").await;
        let (url, mut hearing) = ears().await;
        let clients = MODES.each_ref().map(|mode| {
            let client = client(&demo, &files, mode, &url);
            (mode, client)
        });
        for (mode, alipay) in &clients {
            life(&phone, alipay, &mut hearing, mode.name).await;
        }
        // Alipay renews: the same clients go on, those by certificate after fetching the new one.
        phone
            .sandbox("/sim/alipay/certificates/renew", &json!({}))
            .await;
        for (mode, alipay) in &clients {
            let number = format!("{}_after_a_renewal", mode.name);
            life(&phone, alipay, &mut hearing, &number).await;
        }
    })
}
