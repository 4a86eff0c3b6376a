//! A household that does not give up: what got no answer is asked again, as a real client would,
//! and a gateway that was killed is started again by whoever notices first.

use std::os::unix::process::ExitStatusExt as _;
use std::time::Duration;

use lifeline_tests::Looks;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::disk::{Disk, Leaves};
use crate::stage::{Conditions, SIGKILL, Stage};

/// In how many of the tries for one thing the world's time is moved: what is waited for longer is a slow machine.
const STEPS_MAX: u32 = 60;
const STEP_S: i64 = 5;
/// Between two tries.
const BREATH: Duration = Duration::from_millis(5);
/// Looks at one thing until the world's time is moved.
const LOOKS_A_STEP: u32 = 8;

/// One answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    pub(crate) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }
}

/// The household, and the world it lives in.
#[derive(Debug)]
pub(crate) struct Household {
    pub(crate) stage: Stage,
    pub(crate) token: Option<String>,
    pub(crate) refresh: Option<String>,
    /// How many gateways were killed by their plan.
    pub(crate) deaths: u32,
    /// What a gateway is started with after such a death.
    pub(crate) afterwards: Conditions,
    /// A disk that loses its power with the gateway.
    pub(crate) disk: Option<(Disk, Leaves)>,
}

impl Household {
    /// Starts the first gateway; its plan may kill it before it is ready.
    pub(crate) fn begin(stage: Stage, first: &Conditions, afterwards: Conditions) -> Self {
        Self::begin_on(stage, None, first, afterwards)
    }

    /// The same on a disk that loses its power whenever a gateway is killed.
    pub(crate) fn begin_on(
        mut stage: Stage,
        disk: Option<(Disk, Leaves)>,
        first: &Conditions,
        afterwards: Conditions,
    ) -> Self {
        let started = stage.start(first);
        let mut household = Self {
            disk,
            stage,
            token: None,
            refresh: None,
            deaths: 0,
            afterwards,
        };
        if let Err(status) = started {
            household.mourn(status);
        }
        household
    }

    /// In a world whose gateway runs already.
    pub(crate) fn on(stage: Stage) -> Self {
        Self {
            disk: None,
            stage,
            token: None,
            refresh: None,
            deaths: 0,
            afterwards: Conditions::default(),
        }
    }

    fn mourn(&mut self, status: std::process::ExitStatus) {
        assert_eq!(
            status.signal(),
            Some(SIGKILL),
            "the gateway ended with {status}, not by its plan: {}",
            self.stage.log()
        );
        self.deaths += 1;
        if let Some((disk, leaves)) = &self.disk {
            disk.lose_power(*leaves);
        }
        let again = self.stage.start(&self.afterwards);
        assert!(again.is_ok(), "{again:?}: {}", self.stage.log());
    }

    /// After a call without an answer: starts the gateway again when it is dead.
    pub(crate) async fn revive(&mut self) {
        for _ in 0..200 {
            if let Some(status) = self.stage.ended() {
                return self.mourn(status);
            }
            // Its last connection breaks a moment before the process can be waited for.
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    pub(crate) async fn advance(&mut self, seconds: i64) {
        self.stage.advance(seconds).await;
        if let Some(status) = self.stage.ended() {
            self.mourn(status);
        }
    }

    /// Time passes while something is tried again, but not without end: sessions have one.
    async fn time_passes(&mut self, tries: u32) {
        if tries <= STEPS_MAX {
            self.advance(STEP_S).await;
        }
    }

    /// One call; nothing when no whole answer came.
    pub(crate) async fn once(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        key: Option<&str>,
    ) -> Option<Answer> {
        let mut request = self
            .stage
            .http
            .request(method, format!("{}{path}", self.stage.line()));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.ok()?;
        let status = answer.status();
        let text = answer.text().await.ok()?;
        assert_ne!(
            status,
            StatusCode::INTERNAL_SERVER_ERROR,
            "{path}: {text}\n{}",
            self.stage.log()
        );
        Some(Answer { status, text })
    }

    /// Asks until there is an answer that is not "later".
    pub(crate) async fn insist(
        &mut self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        key: Option<&str>,
    ) -> Answer {
        let mut last = None;
        let mut looks = Looks::every(BREATH);
        while looks.again().await {
            match self.once(method.clone(), path, body, key).await {
                None => self.revive().await,
                Some(answer) if is_later(&answer) => {
                    last = Some(answer);
                    self.time_passes(looks.count()).await;
                }
                Some(answer) => return answer,
            }
        }
        panic!("{path} never answered: {last:?}\n{}", self.stage.log());
    }

    pub(crate) async fn get(&mut self, path: &str) -> Value {
        let answer = self.insist(Method::GET, path, None, None).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text);
        answer.json()
    }

    pub(crate) async fn post(&mut self, path: &str, body: &Value) -> Answer {
        self.insist(Method::POST, path, Some(body), None).await
    }

    /// Signs in; an authorisation code is good for one use, so each try gets a fresh one.
    pub(crate) async fn sign_in(&mut self, person: &str) {
        let mut looks = Looks::every(BREATH);
        while looks.again().await {
            let allowed = self
                .stage
                .sandbox("/sim/alipay/authorize", &json!({"person": person}))
                .await;
            let body = json!({"grant": "alipay", "auth_code": allowed["auth_code"]});
            match self
                .once(Method::POST, "/v1/sessions", Some(&body), None)
                .await
            {
                None => self.revive().await,
                Some(answer) if answer.status == StatusCode::CREATED => {
                    let session = answer.json();
                    let field = |name: &str| session[name].as_str().map(str::to_owned);
                    self.token = field("access_token");
                    self.refresh = field("refresh_token");
                    return;
                }
                Some(answer) => {
                    assert!(is_later(&answer), "{}: {}", answer.status, answer.text);
                    self.time_passes(looks.count()).await;
                }
            }
        }
        panic!("{person} could not sign in\n{}", self.stage.log());
    }

    pub(crate) async fn consent(&mut self, purpose: &str) {
        let consents = self.get("/v1/me/consents").await;
        let shown = consents["items"].as_array().into_iter().flatten();
        let version = shown
            .filter(|item| item["purpose"] == purpose)
            .map(|item| item["version"].clone())
            .next()
            .expect("words to agree to");
        let body = json!({"purpose": purpose, "version": version});
        let given = self.post("/v1/me/consents", &body).await;
        assert!(given.status.is_success(), "{}", given.text);
    }

    /// Matches and confirms all homes of the certified person; answers their binding ids.
    pub(crate) async fn link_all(&mut self) -> Vec<String> {
        let mut looks = Looks::every(BREATH);
        while looks.again().await {
            let linked = self.get("/v1/bindings").await;
            let ids: Vec<String> = linked["items"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|item| item["binding_id"].as_str().map(str::to_owned))
                .collect();
            if !ids.is_empty() {
                return ids;
            }
            let matched = self.post("/v1/binding-matches", &json!({})).await;
            assert_eq!(matched.status, StatusCode::OK, "{}", matched.text);
            let tokens: Vec<Value> = matched.json()["candidates"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|candidate| candidate["match_token"].clone())
                .collect();
            let body = json!({ "match_tokens": tokens });
            // Offered tokens are good for one use: without an answer the list tells what became of them.
            if self
                .once(Method::POST, "/v1/bindings", Some(&body), None)
                .await
                .is_none()
            {
                self.revive().await;
            }
        }
        panic!("no home could be linked\n{}", self.stage.log());
    }

    /// Orders all that is due for a home under `key`; answers the order once it can be paid.
    pub(crate) async fn order_arrears(&mut self, home: &str, key: &str) -> Value {
        let arrears = self.get(&format!("/v1/bindings/{home}/arrears")).await;
        let wish = json!({"binding_id": home, "purpose": "arrears", "amount_fen": arrears["total_fen"],
            "arrears_version": arrears["arrears_version"], "via": "mini"});
        let id = self.order("/v1/payments", &wish, key).await;
        self.until(&id, &["PAYING"]).await
    }

    /// Puts an order on record under `key`; answers its id.
    pub(crate) async fn order(&mut self, path: &str, wish: &Value, key: &str) -> String {
        let made = self.insist(Method::POST, path, Some(wish), Some(key)).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
        let id = made.json()["payment_id"].clone();
        id.as_str().expect("the order's id").to_owned()
    }

    pub(crate) async fn tap(&self, order: &Value) {
        let tap = json!({"trade_no": order["trade_no"], "outcome": "paid"});
        let said = self.stage.sandbox("/sim/alipay/pay", &tap).await;
        assert_eq!(said["result_code"], "9000", "{said}");
    }

    /// Looks at an order until it is in one of `states`; time passes while nothing changes.
    pub(crate) async fn until(&mut self, payment_id: &str, states: &[&str]) -> Value {
        let path = format!("/v1/payments/{payment_id}");
        let mut now = Value::Null;
        let mut looks = Looks::every(BREATH * 2);
        while looks.again().await {
            now = self.get(&path).await;
            if states.iter().any(|state| now["state"] == *state) {
                return now;
            }
            if looks.is_last_of(LOOKS_A_STEP) {
                self.time_passes(looks.count() / LOOKS_A_STEP).await;
            }
        }
        panic!(
            "still {}, not {states:?}\n{}",
            now["state"],
            self.stage.log()
        );
    }
}

/// Answers that mean "ask again": the store or something outside was away, or the first try is still
/// being worked.
pub(crate) fn is_later(answer: &Answer) -> bool {
    match answer.status {
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => true,
        StatusCode::CONFLICT => answer.code() == "REQUEST_IN_FLIGHT",
        _ => false,
    }
}
