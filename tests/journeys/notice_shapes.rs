//! Every shape of a notice against the running gateway, with no query to help: what it brings about, what it is
//! answered, and what it must never do. The notices are signed with the sandbox's own key.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use libtest_mimic::Failed;
use lifeline_core::shared::time::Clock as _;
use lifeline_tests::{Demo, Engine, Looks, Phone};
use rsa::RsaPrivateKey;
use rsa::pkcs1v15::SigningKey;
use rsa::pkcs8::DecodePrivateKey as _;
use rsa::sha2::Sha256;
use rsa::signature::{SignatureEncoding as _, Signer as _};
use serde_json::{Value, json};

use crate::fixtures::{BOTH, MachineClock};
use crate::records::{self, Lock};
use crate::{Body, run};

pub(crate) fn tests() -> Vec<(&'static str, &'static [Engine], Body)> {
    vec![
        ("every_notice_of_a_payment_brings_it_about", BOTH, payments),
        ("closed_and_refunded_is_never_unpaid", BOTH, closings),
        ("notices_that_are_not_ours_change_nothing", BOTH, strangers),
        (
            "a_notice_that_cannot_be_kept_is_not_acknowledged",
            BOTH,
            not_kept,
        ),
    ]
}

const APP_ID: &str = "2021000000000001";
const SELLER_ID: &str = "2088000000000009";

pub(crate) type Fields = Vec<(String, String)>;

/// A demo whose Alipay tells nothing by itself and answers no query.
pub(crate) struct Scene {
    pub(crate) demo: Demo,
    person: &'static str,
    pub(crate) phone: Phone,
    home: String,
    key: SigningKey<Sha256>,
    pub(crate) http: reqwest::Client,
    /// Where notices are sent to.
    zone: String,
}

pub(crate) struct Order {
    pub(crate) path: String,
    out_trade_no: String,
    trade_no: String,
    total: String,
}

impl Scene {
    /// Goes on as somebody else, whose home has seen nothing yet.
    async fn turn_to(&mut self, person: &'static str) {
        self.person = person;
        self.phone = Phone::sign_in(&self.demo, person).await;
        self.home = self.phone.link_all().await.remove(0);
    }

    pub(crate) async fn new(engine: Engine) -> Self {
        let demo = Demo::start(engine).await;
        let pem = std::fs::read_to_string(demo.data().join("keys/platform_private.pem"));
        let key = RsaPrivateKey::from_pkcs8_pem(&pem.expect("the sandbox's key")).expect("a key");
        let person = "li-ming";
        let phone = Phone::sign_in(&demo, person).await;
        let home = phone.link_all().await.remove(0);
        for (kind, route) in [
            ("NOTICE_LOST", "trade_status_sync"),
            ("HTTP_500", "alipay.trade.query"),
        ] {
            let fault = json!({"target": "alipay", "route": route, "kind": kind, "count": 100_000, "seed": 1});
            phone.sandbox("/sim/faults", &fault).await;
        }
        let http = lifeline_tests::http::client().build();
        Self {
            zone: demo.address("callback"),
            demo,
            person,
            phone,
            home,
            key: SigningKey::new(key),
            http: http.expect("an HTTP client"),
        }
    }

    /// The base of the demo's own callback listener.
    pub(crate) fn zone(&self) -> &str {
        &self.zone
    }

    /// From now on notices go to `zone`, by this client.
    pub(crate) fn send_by(&mut self, http: reqwest::Client, zone: String) {
        (self.http, self.zone) = (http, zone);
    }

    /// A top-up that waits for its payer.
    pub(crate) async fn order(&self, fen: i64) -> Order {
        let body =
            json!({"binding_id": self.home, "purpose": "top_up", "amount_fen": fen, "via": "mini"});
        let key = format!("notice-shapes-{fen}");
        let made = self
            .phone
            .send(
                reqwest::Method::POST,
                "/v1/payments",
                Some(&body),
                &[("idempotency-key", &key)],
            )
            .await;
        assert_eq!(made.status.as_u16(), 201, "{}", made.text);
        let made = made.json();
        let text = |name: &str| made[name].as_str().expect("a text").to_owned();
        Order {
            path: format!("/v1/payments/{}", text("payment_id")),
            out_trade_no: text("out_trade_no"),
            trade_no: text("trade_no"),
            total: format!("{}.{:02}", fen / 100, fen % 100),
        }
    }

    async fn state(&self, order: &Order) -> String {
        let payment = self.phone.get(&order.path).await.json();
        payment["state"].as_str().unwrap_or_default().to_owned()
    }

    /// Its log is written beside its answers.
    async fn tells(&self, said: &str) {
        let mut looks = Looks::every(Duration::from_millis(100));
        while looks.again().await {
            if self.demo.log().contains(said) {
                return;
            }
        }
        panic!("{said} was not told");
    }

    pub(crate) async fn comes_to(&self, order: &Order, wanted: &[&str]) -> String {
        let mut state = String::new();
        let mut looks = Looks::every(Duration::from_millis(100));
        while looks.again().await {
            state = self.state(order).await;
            if wanted.contains(&state.as_str()) {
                return state;
            }
        }
        panic!("still {state}, not {wanted:?}");
    }

    /// Signs and sends; `v2` signs `sign_type` too, as the application gateway does.
    pub(crate) async fn send(&self, fields: &Fields, v2: bool) -> (u16, String) {
        self.post(&self.sealed(fields, v2)).await
    }

    pub(crate) fn sealed(&self, fields: &Fields, v2: bool) -> Fields {
        let mut fields = fields.clone();
        fields.push(("sign_type".to_owned(), "RSA2".to_owned()));
        let mut signed: Vec<String> = fields
            .iter()
            .filter(|(name, value)| (v2 || name != "sign_type") && !value.is_empty())
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        signed.sort();
        let sign = self.key.sign(signed.join("&").as_bytes());
        fields.push(("sign".to_owned(), STANDARD.encode(sign.to_bytes())));
        fields
    }

    async fn post(&self, fields: &Fields) -> (u16, String) {
        let url = format!("{}/v1/callbacks/alipay", self.zone);
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let sent = self
            .http
            .post(url)
            .header(
                "content-type",
                "application/x-www-form-urlencoded; charset=utf-8",
            )
            .body(body)
            .send()
            .await
            .expect("an answer");
        let status = sent.status().as_u16();
        (status, sent.text().await.expect("a text"))
    }

    /// How many postings to the person's homes are of this sum.
    pub(crate) async fn postings(&self, fen: i64) -> usize {
        let people = self.phone.sandbox_get("/sim/people").await;
        let mut people = people.as_array().into_iter().flatten();
        let own = people.find(|one| one["person"] == self.person);
        let homes = &own.expect("a demo person")["consumer_nos"];
        let mut count = 0;
        for home in homes.as_array().into_iter().flatten() {
            let path = format!(
                "/sim/marketing/consumers/{}",
                home.as_str().expect("a number")
            );
            let consumer = self.phone.sandbox_get(&path).await;
            let postings = consumer["postings"].as_array().cloned().unwrap_or_default();
            let same = |posting: &&Value| posting["amount_fen"].as_i64() == Some(fen);
            count += postings.iter().filter(same).count();
        }
        count
    }
}

impl Scene {
    /// Waits until so many cases about refunds that are not ours are open.
    async fn asks_about_a_foreign_refund(&self, wanted: i64) {
        const COUNT: &str = "SELECT count(*) FROM case_file WHERE kind = 'foreign_refund'";
        let mut looks = Looks::every(Duration::from_millis(100));
        while looks.again().await {
            if records::count(&self.demo, COUNT).await == wanted {
                return;
            }
        }
        panic!("no case was opened");
    }
}

pub(crate) fn changed(mut fields: Fields, changes: &[(&str, &str)]) -> Fields {
    for (name, value) in changes {
        fields.retain(|(known, _)| known != name);
        fields.push(((*name).to_owned(), (*value).to_owned()));
    }
    fields
}

impl Order {
    /// The notice that this order was paid.
    pub(crate) fn paid(&self, notify_id: &str) -> Fields {
        // Alipay tells whole seconds: rounded down it would be older than what was just created.
        let now = MachineClock.now().plus_seconds(1).alipay_text();
        [
            ("notify_type", "trade_status_sync"),
            ("notify_id", notify_id),
            ("notify_time", &now),
            ("app_id", APP_ID),
            ("auth_app_id", APP_ID),
            ("seller_id", SELLER_ID),
            ("charset", "utf-8"),
            ("version", "1.0"),
            ("out_trade_no", &self.out_trade_no),
            ("trade_no", &self.trade_no),
            ("trade_status", "TRADE_SUCCESS"),
            ("total_amount", &self.total),
            ("receipt_amount", &self.total),
            ("gmt_create", &now),
            ("gmt_payment", &now),
            ("subject", "电费 100% & 其它+项 %41 %zz"),
            ("passback_params", "merchant%3D1"),
            (
                "fund_bill_list",
                r#"[{"amount":"1.00","fundChannel":"ALIPAYACCOUNT"}]"#,
            ),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }
}

const TAKEN: (u16, &str) = (200, "success");

fn is(answer: &(u16, String), wanted: (u16, &str)) -> bool {
    (answer.0, answer.1.as_str()) == wanted
}

fn payments(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let scene = Scene::new(engine).await;
        // The same fact in each form Alipay gives it; an empty value is left out of the signature.
        for (fen, changes, v2) in [
            (101, vec![], false),
            (102, vec![], true),
            (103, vec![("trade_status", "TRADE_FINISHED")], false),
            (104, vec![("body", ""), ("buyer_open_id", "")], false),
        ] {
            let order = scene.order(fen).await;
            let notice = changed(order.paid(&format!("n{fen}")), &changes);
            let answer = scene.send(&notice, v2).await;
            assert!(is(&answer, TAKEN), "{changes:?}: {answer:?}");
            scene.comes_to(&order, &["POSTED"]).await;
            let again = scene.send(&notice, v2).await;
            assert!(is(&again, TAKEN), "a repeat: {again:?}");
            // The end of the refund window tells the same payment once more.
            let finished = changed(
                notice,
                &[
                    ("notify_id", &format!("f{fen}")),
                    ("trade_status", "TRADE_FINISHED"),
                ],
            );
            assert!(is(&scene.send(&finished, v2).await, TAKEN));
            assert_eq!(scene.state(&order).await, "POSTED");
            assert_eq!(scene.postings(fen).await, 1, "{changes:?}");
        }
    })
}

fn closings(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let mut scene = Scene::new(engine).await;
        let refund = |sum: &'static str| {
            vec![
                ("refund_fee", sum),
                ("gmt_refund", "2026-11-20 10:03:00.320"),
                ("out_biz_no", "not-ours-1"),
            ]
        };
        // A part given back re-sends TRADE_SUCCESS: the credit stands, and people are asked about it.
        let order = scene.order(201).await;
        assert!(is(&scene.send(&order.paid("n201"), false).await, TAKEN));
        scene.comes_to(&order, &["POSTED"]).await;
        let part = changed(order.paid("p201"), &refund("0.50"));
        assert!(is(&scene.send(&part, false).await, TAKEN));
        scene.asks_about_a_foreign_refund(1).await;
        assert_eq!(scene.state(&order).await, "POSTED");
        assert_eq!(scene.postings(201).await, 1);
        let mut cases = 1;
        // Closed after everything went back, and the only notice that ever came: paid, not unpaid.
        for (person, fen, gone) in [
            ("wang-fang", 202, vec![]),
            ("chen-gang", 203, vec!["refund_fee", "out_biz_no"]),
        ] {
            scene.turn_to(person).await;
            let order = scene.order(fen).await;
            let mut changes = refund("2.02");
            changes.push(("trade_status", "TRADE_CLOSED"));
            changes.push(("gmt_close", "2026-11-20 10:03:00"));
            let mut notice = changed(order.paid(&format!("c{fen}")), &changes);
            notice.retain(|(name, _)| !gone.contains(&name.as_str()));
            assert!(is(&scene.send(&notice, false).await, TAKEN));
            let state = scene
                .comes_to(&order, &["UNDER_REVIEW", "CLOSED", "POSTED"])
                .await;
            assert_eq!(state, "UNDER_REVIEW", "{gone:?}");
            assert_eq!(
                scene.postings(fen).await,
                0,
                "money that went back was credited"
            );
            cases += 1;
            scene.asks_about_a_foreign_refund(cases).await;
        }
        scene.turn_to("wang-wei").await;
        // A time-out closes without a payment and without a refund.
        let order = scene.order(204).await;
        let changes = [
            ("trade_status", "TRADE_CLOSED"),
            ("gmt_close", "2026-11-20 10:03:00"),
        ];
        let mut notice = changed(order.paid("c204"), &changes);
        notice.retain(|(name, _)| name != "gmt_payment" && name != "receipt_amount");
        assert!(is(&scene.send(&notice, false).await, TAKEN));
        scene.comes_to(&order, &["CLOSED"]).await;
        // What overtook the payment does not undo it when the payment is told late.
        assert!(is(&scene.send(&order.paid("n204"), false).await, TAKEN));
        let state = scene
            .comes_to(&order, &["POSTED", "REFUNDED", "REFUNDING", "UNDER_REVIEW"])
            .await;
        assert_ne!(state, "CLOSED");
    })
}

fn strangers(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let scene = Scene::new(engine).await;
        let order = scene.order(301).await;
        for (name, value, said) in [
            ("app_id", "2021000000000002", "foreign_addressee"),
            ("seller_id", "2088000000000001", "foreign_addressee"),
            ("trade_status", "TRADE_UNHEARD_OF", "malformed"),
            ("total_amount", "3.01e0", "malformed"),
        ] {
            let notice = changed(order.paid("s301"), &[(name, value)]);
            let answer = scene.send(&notice, false).await;
            assert!(is(&answer, (400, "fail")), "{name}: {answer:?}");
            scene.tells(said).await;
        }
        let mut tampered = order.paid("s301");
        tampered.push(("sign_type".to_owned(), "RSA2".to_owned()));
        tampered.push(("sign".to_owned(), STANDARD.encode([7; 256])));
        let answer = scene.post(&tampered).await;
        assert!(is(&answer, (400, "fail")), "{answer:?}");
        // What Alipay tells about agreements is kept and acknowledged, and moves no payment.
        for (kind, status, v2) in [
            ("dut_user_sign", "NORMAL", false),
            ("dut_user_unsign", "UNSIGN", true),
        ] {
            let notice: Fields = [
                ("notify_type", kind),
                ("notify_id", kind),
                ("notify_time", "2026-11-20 10:02:00"),
                ("app_id", APP_ID),
                ("status", status),
                ("agreement_no", "20261120000000000001"),
                ("external_agreement_no", &order.out_trade_no),
                ("sign_scene", "INDUSTRY|ELECTRIC"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec();
            for _ in 0..2 {
                let answer = scene.send(&notice, v2).await;
                assert!(is(&answer, TAKEN), "{kind}: {answer:?}");
            }
        }
        assert_eq!(scene.state(&order).await, "PAYING");
        assert_eq!(scene.postings(301).await, 0);
        // None of it kept the genuine one from being worked.
        assert!(is(&scene.send(&order.paid("n301"), false).await, TAKEN));
        scene.comes_to(&order, &["POSTED"]).await;
    })
}

fn not_kept(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let scene = Scene::new(engine).await;
        let order = scene.order(401).await;
        let notice = order.paid("n401");
        let lock = Lock::hold(&scene.demo).await;
        let answer = scene.send(&notice, false).await;
        lock.release().await;
        assert!(is(&answer, (503, "fail")), "{answer:?}");
        assert_eq!(scene.state(&order).await, "PAYING");
        assert!(is(&scene.send(&notice, false).await, TAKEN));
        scene.comes_to(&order, &["POSTED"]).await;
        assert_eq!(scene.postings(401).await, 1);
    })
}
