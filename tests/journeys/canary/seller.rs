//! The seller of power whose data must not get out: registration, user name and password, the encrypted identity, another
//! payee, a month that is rejected with a reason, reviewed and paid; and what is refused on the way. Each answer is searched.

use std::time::Duration;

use lifeline_tests::{Answer, Demo, Looks, Phone};
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::guises::{Canary, Search};
use crate::generation::{ALL, encrypt, inside, key_of, number, seller};
use crate::settling::{advance, first_task};

const LOGIN: &str = "zhaolei.0xloft";
const PASSWORD: &str = "Tr4x-over-the-0xbarn";
const ANOTHER: &str = "Tr4x-under-the-0xhill";
/// The account that the reserve names later.
const CARD: &str = "6217000000000000013";
/// What they tell the reviewer; for nobody else.
const REASON: &str = "三号起屋顶检修停机，邻居孟师傅可以作证";
const CHECKS: &str = "/v1/check-tasks";

pub(super) struct Seller<'a> {
    demo: &'a Demo,
    search: Search,
    phone: Phone,
    person: Value,
    id: String,
    handed: Vec<String>,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

impl<'a> Seller<'a> {
    pub(super) async fn sign_in(demo: &'a Demo) -> Self {
        let (phone, person) = seller(demo).await;
        let (typed, identity) = (&person["registration"], &person["identity"]);
        let search = Search::new(vec![
            Canary::new("phone", &text(&person["phone"])),
            Canary::new("name", &text(&identity["name"])),
            Canary::new("ID number", &text(&identity["id_no"])),
            Canary::new("payee", &text(&identity["bank_card_no"])),
            Canary::new("next payee", CARD),
            Canary::new("generation number", &text(&typed["generation_no"])),
            Canary::new("grid user number", &text(&typed["grid_user_no"])),
            Canary::new("address", &text(&typed["address"])),
            Canary::new("user name", LOGIN),
            Canary::new("password", PASSWORD),
            Canary::new("password of nobody", ANOTHER),
        ]);
        let mut seller = Self {
            demo,
            search,
            phone,
            person,
            id: String::new(),
            handed: Vec::new(),
        };
        seller.hand_token();
        seller
    }

    pub(super) const fn search(&self) -> &Search {
        &self.search
    }

    fn hand_token(&mut self) {
        let token = self.phone.token().unwrap_or_default().to_owned();
        assert!(token.len() > 16, "no token was handed over");
        self.handed.push(token);
    }

    /// What must be in no sink either, though its owner reads some of it, and the one-time codes they were sent.
    pub(super) async fn secrets(&self) -> (Search, Vec<String>) {
        let tokens = self.handed.iter().map(|token| Canary::new("token", token));
        let reason = std::iter::once(Canary::new("reason of a reject", REASON));
        let codes = self.codes().await;
        assert!(codes.len() > 1, "hardly any code came");
        (Search::new(reason.chain(tokens).collect()), codes)
    }

    fn own_number(&self) -> String {
        text(&self.person["phone"])
    }

    async fn codes(&self) -> Vec<String> {
        let inbox = format!("/sim/sms?phone={}", self.own_number());
        let shown = self.phone.sandbox_get(&inbox).await.to_string();
        let codes = shown.split("验证码 ").skip(1);
        codes
            .filter_map(|text| text.get(..6).map(str::to_owned))
            .collect()
    }

    async fn next_code(&self, before: usize) -> String {
        let mut looks = Looks::every(Duration::from_millis(100));
        while looks.again().await {
            let mut codes = self.codes().await;
            if codes.len() > before {
                return codes.pop().unwrap_or_default();
            }
        }
        panic!("no code came");
    }

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

    fn path(&self, what: &str) -> String {
        format!("{ALL}/{}{what}", self.id)
    }

    async fn comes_back(&mut self) {
        let name = text(&self.person["person"]);
        self.phone = Phone::new(self.demo).signed_in(&name).await;
        self.hand_token();
    }

    pub(super) async fn lives(&mut self) {
        self.registers().await;
        self.shows_who_it_is().await;
        self.is_refused().await;
        self.signs_in_by_password().await;
        self.comes_back().await;
        self.has_another_payee().await;
        self.sells().await;
    }

    async fn registers(&mut self) {
        let mut typed = self.person["registration"].clone();
        typed["login"] = json!(LOGIN);
        typed["password"] = json!(PASSWORD);
        for field in ["generation_no", "grid_user_no", "address"] {
            let mut wrong = typed.clone();
            wrong[field] = self.person["phone"].clone();
            let refused = self.post(ALL, &wrong).await;
            assert!(refused.status.is_client_error(), "{}", refused.text);
        }
        let made = self.post(ALL, &typed).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
        self.id = text(&made.json()["generation_account_id"]);
    }

    async fn show(&self, identity: &Value, code: Option<&str>) -> Answer {
        let key = key_of(&self.phone, &self.id).await;
        let jwe = encrypt(&key["jwk"], &inside(&self.id, &key, identity));
        let mut body = json!({ "jwe": jwe });
        if let Some(code) = code {
            body["code"] = json!(code);
        }
        self.post(&self.path("/access"), &body).await
    }

    async fn shows_who_it_is(&self) {
        let identity = &self.person["identity"];
        // Unencrypted, by a careless program; then another's account.
        let bare = json!({ "jwe": identity.to_string() });
        let refused = self.post(&self.path("/access"), &bare).await;
        assert!(refused.status.is_client_error(), "{}", refused.text);
        let mut other = identity.clone();
        other["bank_card_no"] = json!(CARD);
        let refused = self.show(&other, None).await;
        assert_eq!(refused.code(), "PERMISSION_NOT_GRANTED");
        let granted = self.show(identity, None).await;
        assert_eq!(granted.status, StatusCode::OK, "{}", granted.text);
    }

    /// Values in places where they are wrong.
    async fn is_refused(&self) {
        let (typed, identity) = (&self.person["registration"], &self.person["identity"]);
        let (no, user, address) = (
            text(&typed["generation_no"]),
            text(&typed["grid_user_no"]),
            text(&typed["address"]),
        );
        let (card, id_no, phone) = (
            text(&identity["bank_card_no"]),
            text(&identity["id_no"]),
            self.own_number(),
        );
        for (path, body) in [
            (
                ALL.to_owned(),
                json!({"generation_no": address, "grid_user_no": no, "address": user}),
            ),
            (ALL.to_owned(), json!({ no.as_str(): 1 })),
            (
                ALL.to_owned(),
                json!({"generation_no": no, "login": PASSWORD}),
            ),
            (self.path("/access"), json!({"jwe": "x", "code": card})),
            (self.path("/access"), json!({"jwe": "x", id_no.as_str(): 1})),
            (
                "/v1/otps".to_owned(),
                json!({"purpose": "change_payee", "generation_account_id": no}),
            ),
            ("/v1/otps".to_owned(), json!({"purpose": card})),
            (
                "/v1/sessions".to_owned(),
                json!({"grant": "generation_password", "login": address, "password": id_no}),
            ),
            (
                format!("{CHECKS}/{}/feedback", self.id),
                json!({"verdict": REASON}),
            ),
            (
                format!("{CHECKS}/{}/feedback", self.id),
                json!({"verdict": "reject", "reason": phone}),
            ),
        ] {
            let answer = self.post(&path, &body).await;
            assert!(answer.status.is_client_error(), "{path} {}", answer.text);
        }
        for path in [
            format!("{ALL}/{no}"),
            format!("{ALL}/{no}/table"),
            self.path(&format!("/table?from={card}")),
            self.path(&format!("/table?{phone}={user}")),
            format!("{ALL}?cursor={no}"),
            format!("{CHECKS}/{no}"),
            format!("{CHECKS}?cursor={card}"),
        ] {
            let answer = self.get(&path).await;
            assert!(answer.status.is_client_error(), "{path} {}", answer.text);
        }
    }

    /// A wrong password, the right one with its code, and the right one with another code.
    async fn signs_in_by_password(&mut self) {
        let before = self.codes().await.len();
        let enter = |password: &str| json!({"grant": "generation_password", "login": LOGIN, "password": password});
        for password in [ANOTHER, PASSWORD] {
            let asked = self.post("/v1/sessions", &enter(password)).await;
            assert_eq!(asked.status, StatusCode::ACCEPTED, "{}", asked.text);
        }
        let otp = self.next_code(before).await;
        let mut body = enter(PASSWORD);
        let wrong = if otp == "000000" { "000001" } else { "000000" };
        body["otp"] = json!(wrong);
        let refused = self.post("/v1/sessions", &body).await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{}", refused.text);
        body["otp"] = json!(otp);
        let entered = self.post("/v1/sessions", &body).await;
        assert_eq!(entered.status, StatusCode::CREATED, "{}", entered.text);
        let token = entered.json()["access_token"].as_str().map(str::to_owned);
        self.phone = self.phone.clone().with_token(token.as_deref());
        self.hand_token();
    }

    async fn has_another_payee(&self) {
        let mut reserve = number(&self.person);
        reserve["trading_account"] = json!(CARD);
        self.phone
            .sandbox("/sim/marketing/change-payee", &reserve)
            .await;
        let mut identity = self.person["identity"].clone();
        identity["bank_card_no"] = json!(CARD);
        let bare = self.show(&identity, None).await;
        assert_eq!(bare.code(), "STEP_UP_REQUIRED", "{}", bare.text);
        let before = self.codes().await.len();
        let wish = json!({"purpose": "change_payee", "generation_account_id": self.id});
        let asked = self.post("/v1/otps", &wish).await;
        assert_eq!(asked.status, StatusCode::ACCEPTED, "{}", asked.text);
        let code = self.next_code(before).await;
        let changed = self.show(&identity, Some(&code)).await;
        assert_eq!(changed.status, StatusCode::OK, "{}", changed.text);
    }

    async fn becomes(&self, task: &str, what: impl Fn(&Value) -> bool) {
        let mut looks = Looks::every(Duration::from_millis(100));
        while looks.again().await {
            // Its owner reads here what they told the reviewer.
            let shown = self.get(task).await.json();
            if what(&shown) {
                return;
            }
        }
        panic!("it never came so far: {}", self.phone.get(task).await.text);
    }

    async fn sells(&mut self) {
        let name = text(&self.person["person"]);
        let (phone, task) = first_task(self.demo, &name).await;
        self.phone = phone;
        self.hand_token();
        let task = format!("{CHECKS}/{}", text(&task["check_task_id"]));
        self.get(&task).await;
        self.post(&format!("{task}/feedback"), &json!({"verdict": "view"}))
            .await;
        let said = json!({"verdict": "reject", "reason": REASON});
        let rejected = self.post(&format!("{task}/feedback"), &said).await;
        assert_eq!(rejected.status, StatusCode::OK, "{}", rejected.text);
        let reviews = self.phone.sandbox_get("/sim/reviews").await;
        assert_eq!(
            reviews["items"][0]["reason"], REASON,
            "the reviewer reads it"
        );
        let review = format!("/sim/reviews/{}", text(&reviews["items"][0]["review_id"]));
        self.phone
            .sandbox(&review, &json!({"verdict": "upheld"}))
            .await;
        advance(&self.phone, 660).await;
        self.comes_back().await;
        self.becomes(&task, |task| task["verdict"] == "upheld")
            .await;
        advance(&self.phone, 73 * 3_600).await;
        self.comes_back().await;
        self.becomes(&task, |task| task["payout"]["state"] == "PAID")
            .await;
    }

    /// The data is not gone: its owner sees it masked, and the platform was told whom to pay.
    pub(super) async fn reads_back(&self) {
        let table = self.get(&self.path("/table")).await.json();
        let identity = &table["identity"];
        assert_eq!(identity["trading_account_masked"], "****0013", "{identity}");
        let id_no = text(&self.person["identity"]["id_no"]);
        let masked = text(&identity["id_no_masked"]);
        assert!(masked.ends_with(&id_no[id_no.len() - 4..]), "{identity}");
        assert!(!text(&identity["name_masked"]).is_empty(), "{identity}");
        assert!(
            table["items"]
                .as_array()
                .is_some_and(|rows| !rows.is_empty())
        );
        let account = self.get(&self.path("")).await.json();
        let no = text(&self.person["registration"]["generation_no"]);
        let masked = text(&account["generation_no_masked"]);
        assert!(masked.ends_with(&no[no.len() - 4..]), "{account}");
        let payouts = self.phone.sandbox_get("/sim/payouts").await;
        assert_eq!(payouts["items"][0]["state"], "paid", "{payouts}");
    }

    /// Enough traffic for the log to say all it can say.
    pub(super) async fn chatters(&self, lines_min: usize) {
        while self.demo.log().lines().count() < lines_min {
            for path in [
                ALL,
                CHECKS,
                "/v1/notices",
                &self.path(""),
                &self.path("/table"),
            ] {
                self.get(path).await;
            }
        }
    }

    /// The cooperation ends: what was sealed goes, and nothing is written in clear by erasing it.
    pub(super) async fn ends(&mut self) {
        self.post(&self.path("/termination"), &json!({})).await;
        let number = number(&self.person);
        self.phone
            .sandbox("/sim/marketing/end-cooperation", &number)
            .await;
        advance(&self.phone, 6 * 3_600 + 60).await;
        self.comes_back().await;
        let account = self.path("");
        let mut looks = Looks::every(Duration::from_millis(100));
        while looks.again().await {
            let shown = self.get(&account).await.json();
            if shown["state"] == "terminated" || shown["state"] == "terminating" {
                let table = self.get(&self.path("/table")).await;
                assert_eq!(table.code(), "COOPERATION_OVER", "{}", table.text);
                return;
            }
        }
        panic!("the cooperation never ended");
    }
}
