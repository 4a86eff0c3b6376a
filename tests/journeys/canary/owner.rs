//! The household whose data must not get out: it does everything the main job offers, is refused in
//! every way it can be, and reads its own data back. Each answer it gets is searched on the way.

use std::time::Duration;

use lifeline_tests::phone::Answer;
use lifeline_tests::{Demo, Looks, Phone};
use reqwest::Method;
use serde_json::{Value, json};

use super::guises::{Canary, Search};
use super::{Facts, PERSON};

pub(super) struct Owner<'a> {
    demo: &'a Demo,
    search: &'a Search,
    phone: Phone,
    home: String,
    /// Tokens and tickets it was handed: as telling in a log as a name.
    handed: Vec<(&'static str, String)>,
    codes: Vec<String>,
}

impl<'a> Owner<'a> {
    pub(super) async fn sign_in(demo: &'a Demo, search: &'a Search) -> Self {
        let mut owner = Self {
            demo,
            search,
            phone: Phone::sign_in(demo, PERSON).await,
            home: String::new(),
            handed: Vec::new(),
            codes: Vec::new(),
        };
        owner.home = owner.phone.link_all().await.remove(0);
        let token = owner.phone.token().map(str::to_owned);
        owner.hand("access token", token.unwrap_or_default());
        owner
    }

    fn hand(&mut self, name: &'static str, secret: String) {
        assert!(secret.len() > 16, "no {name} was handed over");
        self.handed.push((name, secret));
    }

    /// What must be in no sink either, and the one-time codes it was sent.
    pub(super) fn secrets(&self) -> (Search, Vec<String>) {
        let handed = self.handed.iter();
        let canaries = handed.map(|(name, secret)| Canary::new(name, secret));
        (Search::new(canaries.collect()), self.codes.clone())
    }

    /// An answer tells its reader nothing in full, in its body or its headers.
    fn clean(&self, what: &str, answer: &Answer) {
        let found = self.search.find(answer.text.as_bytes());
        assert_eq!(found, None, "the body of {what}: {}", answer.status);
        for (name, value) in &answer.headers {
            let found = self.search.find(value.as_bytes());
            assert_eq!(found, None, "the header {name} of {what}");
        }
    }

    async fn get(&self, path: &str) -> Answer {
        let answer = self.phone.get(path).await;
        self.clean(&format!("GET {path}"), &answer);
        answer
    }

    async fn post(&self, path: &str, body: &Value) -> Answer {
        let answer = self.phone.post(path, body).await;
        self.clean(&format!("POST {path}"), &answer);
        answer
    }

    pub(super) async fn lives(&mut self, facts: &Facts) {
        self.asks_for_codes(facts).await;
        self.is_refused(facts).await;
        self.tops_up_in_a_browser().await;
        self.pays().await;
        self.meets_a_broken_upstream().await;
    }

    /// Codes to the phone on file and to the own phone; the texts lie at the SMS platform.
    async fn asks_for_codes(&mut self, facts: &Facts) {
        let manual = json!({"consumer_no": facts.consumer_no,
            "proof": {"kind": "id_last6", "value": facts.id_last6}});
        self.post("/v1/bindings", &manual).await;
        let wishes = [
            json!({"purpose": "bind", "consumer_no": facts.consumer_no}),
            json!({"purpose": "verify_phone", "phone": facts.phone}),
            json!({"purpose": "bind", "consumer_no": facts.consumer_no}),
        ];
        for (n, wish) in wishes.iter().enumerate() {
            let code = self.post("/v1/otps", wish).await;
            assert!(code.status.is_success(), "{}", code.text);
            self.receives_code(facts, n + 1).await;
            self.advance(90).await;
        }
        let wrong = json!({"consumer_no": facts.consumer_no,
            "proof": {"kind": "archived_sms", "otp": "000000"}});
        self.post("/v1/bindings", &wrong).await;
    }

    async fn receives_code(&mut self, facts: &Facts, count: usize) {
        let inbox = format!("/sim/sms?phone={}", facts.phone);
        let mut looks = Looks::every(Duration::from_millis(25));
        while looks.again().await {
            let texts = self.phone.sandbox_get(&inbox).await;
            let codes: Vec<String> = texts
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(code)
                .collect();
            if codes.len() == count {
                self.codes = codes;
                return;
            }
        }
        panic!("the code never arrived");
    }

    async fn advance(&self, seconds: i64) {
        let clock = json!({"advance_s": seconds});
        self.phone.sandbox("/sim/clock", &clock).await;
    }

    /// Values in places where they are wrong: what is refused must not be repeated back or noted.
    async fn is_refused(&self, facts: &Facts) {
        let Facts {
            phone,
            consumer_no,
            id_last6,
        } = facts;
        let long = format!("{consumer_no}{consumer_no}");
        let bodies = [
            ("/v1/otps", json!({"purpose": "bind", "consumer_no": long})),
            (
                "/v1/otps",
                json!({"purpose": "verify_phone", "phone": format!("{phone}x")}),
            ),
            ("/v1/otps", json!({"purpose": consumer_no})),
            ("/v1/otps", json!({"purpose": "bind", consumer_no: 1})),
            (
                "/v1/bindings",
                json!({"consumer_no": consumer_no, "proof": {"kind": phone}}),
            ),
            ("/v1/bindings", json!({"match_tokens": [consumer_no]})),
            (
                "/v1/bindings",
                json!({"consumer_no": consumer_no,
                "proof": {"kind": "id_last6", "value": id_last6, "also": phone}}),
            ),
            (
                "/v1/sessions",
                json!({"grant": "alipay", "auth_code": phone}),
            ),
            ("/v1/sessions", json!({"grant": phone})),
            (
                "/v1/payments",
                json!({"binding_id": consumer_no, "purpose": phone}),
            ),
        ];
        for (path, body) in &bodies {
            let answer = self.post(path, body).await;
            assert!(answer.status.is_client_error(), "{path} {}", answer.text);
        }
        for path in [
            format!("/v1/bindings/{consumer_no}"),
            format!("/v1/bindings/{}/bills/{consumer_no}", self.home),
            format!("/v1/bindings?{phone}={consumer_no}"),
            format!("/v1/bindings?cursor={consumer_no}"),
            format!("/v1/payments/{consumer_no}"),
            format!("/v1/pay/{consumer_no}"),
            format!("/v1/nothing/{phone}"),
        ] {
            let answer = self.get(&path).await;
            assert!(answer.status.is_client_error(), "{path} {}", answer.text);
        }
        let key = [("idempotency-key", phone.as_str())];
        let order = self.phone.arrears_order(&self.home).await;
        let answer = self
            .phone
            .send(Method::POST, "/v1/payments", Some(&order), &key)
            .await;
        assert!(answer.status.is_client_error(), "{}", answer.text);
        self.clean("a key that may be a number", &answer);
    }

    /// The browser's way: state, cookies, our pay ticket, and the redirect to the cashier.
    async fn tops_up_in_a_browser(&mut self) {
        let browser = ("sec-fetch-site", "same-origin");
        let start = self
            .phone
            .send(
                Method::POST,
                "/v1/oauth-starts",
                Some(&json!({})),
                &[browser],
            )
            .await;
        self.clean("a browser's start", &start);
        let url = start.json()["authorize_url"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let (_, query) = url.split_once('?').expect("a query");
        let state = form_urlencoded::parse(query.as_bytes())
            .find(|(name, _)| name == "state")
            .map(|(_, value)| value.into_owned())
            .expect("a state");
        let cookie = cookies(&start);
        let allowed = self
            .phone
            .sandbox("/sim/alipay/authorize", &json!({"person": PERSON}))
            .await;
        let body = json!({"grant": "alipay", "auth_code": allowed["auth_code"], "state": state});
        let headers = [browser, ("cookie", cookie.as_str())];
        let signed_in = self
            .phone
            .send(Method::POST, "/v1/sessions", Some(&body), &headers)
            .await;
        self.clean("a browser's sign-in", &signed_in);
        let token = signed_in.json()["access_token"].as_str().map(str::to_owned);
        let cookie = cookies(&signed_in);
        assert!(cookie.contains("lifeline_pay"), "{cookie}");
        for secret in cookie.split("; ").filter_map(|one| one.split_once('=')) {
            self.hand("cookie", secret.1.to_owned());
        }
        let here = self.phone.clone().with_token(token.as_deref());
        let wish =
            json!({"binding_id": self.home, "purpose": "top_up", "amount_fen": 5_000, "via": "h5"});
        let key = [("idempotency-key", "canary-top-up-00001")];
        let order = here
            .send(Method::POST, "/v1/payments", Some(&wish), &key)
            .await;
        self.clean("a browser's order", &order);
        let path = order.json()["pay_url"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let ticket = path.rsplit('/').next().unwrap_or_default().to_owned();
        self.hand("pay ticket", ticket);
        let path = path.find("/v1/").map_or("", |at| &path[at..]);
        let opened = here
            .raw(Method::GET, path, None, &[("cookie", &cookie)])
            .await;
        assert_eq!(
            opened.status,
            reqwest::StatusCode::SEE_OTHER,
            "{}",
            opened.text
        );
        self.clean("the way to the cashier", &opened);
        let id = order.json()["payment_id"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        self.post(&format!("/v1/payments/{id}/close"), &json!({}))
            .await;
    }

    async fn pays(&self) {
        let order = self.phone.arrears_order(&self.home).await;
        let key = [("idempotency-key", "canary-canary-00001")];
        let payment = self
            .phone
            .send(Method::POST, "/v1/payments", Some(&order), &key)
            .await;
        assert_eq!(
            payment.status,
            reqwest::StatusCode::CREATED,
            "{}",
            payment.text
        );
        self.clean("an order", &payment);
        self.phone.pay_and_rest(&payment.json(), "POSTED").await;
        // The house tells it: a notice in the app and a text message.
        let mut looks = Looks::every(Duration::from_millis(25));
        while looks.again().await {
            let notices = self.get("/v1/notices").await;
            if notices.json()["items"]
                .as_array()
                .is_some_and(|items| !items.is_empty())
            {
                return;
            }
        }
        panic!("nobody was told of the payment");
    }

    async fn sign_in_again(&mut self) {
        self.phone = Phone::sign_in(self.demo, PERSON).await;
        let token = self.phone.token().map(str::to_owned);
        self.hand("access token", token.unwrap_or_default());
    }

    /// Marketing shows its insides, customer included; nothing of that may pass through.
    async fn meets_a_broken_upstream(&mut self) {
        let leak = json!({"target": "marketing", "kind": "LEAK_SQL", "count": 6, "seed": 1});
        self.phone.sandbox("/sim/faults", &leak).await;
        self.advance(900).await;
        self.sign_in_again().await;
        for rest in [
            "",
            "/arrears",
            "/balance",
            "/bills",
            "/bills/2026-09",
            "/usage",
            "/receipts",
        ] {
            self.get(&format!("/v1/bindings/{}{rest}", self.home)).await;
        }
        let faults = self.phone.sandbox_get("/sim/faults").await;
        let hits = faults.pointer("/items/0/hits").and_then(Value::as_u64);
        assert!(hits.is_some_and(|hits| hits > 0), "{faults}");
        self.advance(60).await;
    }

    /// The data is not gone: the owner sees it masked, and where it must be whole it is.
    pub(super) async fn reads_back(&self, facts: &Facts) {
        let tail = |text: &str, count: usize| text[text.len() - count..].to_owned();
        let me = self.get("/v1/me").await.json();
        assert_eq!(me["name_masked"], "欧**珠");
        assert_eq!(me["real_name"], "verified");
        let phone = me["phone_masked"].as_str().unwrap_or_default();
        assert!(phone.ends_with(&tail(&facts.phone, 4)), "{me}");
        let id_no = me["id_no_masked"].as_str().unwrap_or_default();
        assert!(id_no.ends_with(&tail(&facts.id_last6, 4)), "{me}");
        let home = self
            .get(&format!("/v1/bindings/{}", self.home))
            .await
            .json();
        let number = home["consumer_no_masked"].as_str().unwrap_or_default();
        assert!(number.ends_with(&tail(&facts.consumer_no, 4)), "{home}");
        assert!(
            home["address_masked"]
                .as_str()
                .is_some_and(|text| !text.is_empty()),
            "{home}"
        );
        assert_eq!(home["real_name"]["state"], "verified", "{home}");
        // Unsealed and handed to those who need them: the posting's home, the text message's phone.
        let path = format!("/sim/marketing/consumers/{}", facts.consumer_no);
        let account = self.phone.sandbox_get(&path).await;
        let postings = account["postings"].as_array().cloned().unwrap_or_default();
        assert!(
            postings.iter().any(|one| one["state"] == "POSTED"),
            "{account}"
        );
        assert_eq!(self.codes.len(), 3, "each code reached its phone");
    }

    /// Enough traffic, good and refused, for the log to say all it can say.
    pub(super) async fn chatters(&self, lines_min: usize) {
        while self.demo.log().lines().count() < lines_min {
            for rest in ["", "/arrears", "/bills", "/bills/2026-09", "/payments"] {
                self.get(&format!("/v1/bindings/{}{rest}", self.home)).await;
            }
            self.post("/v1/binding-matches", &json!({})).await;
            self.get("/v1/notices").await;
        }
    }
}

/// The cookies an answer sets, as a request sends them.
fn cookies(answer: &Answer) -> String {
    let set = answer.headers.get_all("set-cookie").iter();
    let pairs = set.filter_map(|value| value.to_str().ok()?.split(';').next().map(str::to_owned));
    let kept = pairs.filter(|pair| !pair.ends_with('='));
    kept.collect::<Vec<_>>().join("; ")
}

/// The six digits of a code's text message.
fn code(text: &Value) -> Option<String> {
    let text = text["text"].as_str()?;
    let digits = text
        .split(|c: char| !c.is_ascii_digit())
        .find(|run| run.len() == 6);
    digits.map(str::to_owned)
}
