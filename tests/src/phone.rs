//! A household's phone, and a hand on the sandbox's controls.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::demo::Demo;
use crate::patience::Looks;

/// An HTTP client signed in as one demo person (or nobody).
#[derive(Debug, Clone)]
pub struct Phone {
    http: reqwest::Client,
    line: String,
    sandbox: String,
    token: Option<String>,
}

/// One answer.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Answer {
    /// The body as JSON, `null` when it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    /// The problem code, or nothing.
    #[must_use]
    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }
}

impl Phone {
    /// A phone nobody is signed in on.
    ///
    /// # Panics
    /// When no HTTP client can be made.
    #[must_use]
    pub fn new(demo: &Demo) -> Self {
        Self::at_addresses(demo.address("line"), demo.address("sandbox"))
    }

    /// A phone nobody is signed in on, at a gateway that is no demo of the test's own.
    ///
    /// # Panics
    /// When no HTTP client can be made.
    #[must_use]
    pub fn at_addresses(line: String, sandbox: String) -> Self {
        let http = crate::http::client()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("an HTTP client");
        Self {
            http,
            line,
            sandbox,
            token: None,
        }
    }

    /// The same person on another gateway.
    #[must_use]
    pub fn at(&self, demo: &Demo) -> Self {
        Self {
            line: demo.address("line"),
            ..self.clone()
        }
    }

    /// The same person by another way to the gateway, and who trusts what it shows.
    #[must_use]
    pub fn by_way_of(&self, http: reqwest::Client, line: String) -> Self {
        Self {
            http,
            line,
            ..self.clone()
        }
    }

    /// Signs in as a demo person (`li-ming`, ...).
    ///
    /// # Panics
    /// When sign-in does not work.
    pub async fn sign_in(demo: &Demo, person: &str) -> Self {
        Self::new(demo).signed_in(person).await
    }

    /// The same phone, signed in as `person`.
    ///
    /// # Panics
    /// When sign-in does not work.
    #[must_use]
    pub async fn signed_in(mut self, person: &str) -> Self {
        let session = self.knocks(person).await;
        assert_eq!(session.status, StatusCode::CREATED, "{}", session.text);
        self.token = session.json()["access_token"].as_str().map(str::to_owned);
        self
    }

    /// Tries to sign in as `person` with a fresh authorisation code.
    pub async fn knocks(&self, person: &str) -> Answer {
        let allowed = self
            .sandbox("/sim/alipay/authorize", &json!({"person": person}))
            .await;
        let body = json!({"grant": "alipay", "auth_code": allowed["auth_code"]});
        self.send(Method::POST, "/v1/sessions", Some(&body), &[])
            .await
    }

    /// Uses a token of the test's making.
    #[must_use]
    pub fn with_token(mut self, token: Option<&str>) -> Self {
        self.token = token.map(str::to_owned);
        self
    }

    #[must_use]
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// Consents, matches and confirms every offered home; answers their binding ids.
    ///
    /// # Panics
    /// When a step is refused.
    pub async fn link_all(&self) -> Vec<String> {
        let consents = self.get("/v1/me/consents").await.json();
        let version = consents["items"]
            .as_array()
            .and_then(|items| {
                items
                    .iter()
                    .find(|item| item["purpose"] == "identity_match")
            })
            .map(|item| item["version"].clone())
            .expect("a consent for the match");
        let consent = json!({"purpose": "identity_match", "version": version});
        let given = self.post("/v1/me/consents", &consent).await;
        assert_eq!(given.status, StatusCode::CREATED, "{}", given.text);
        let matched = self.post("/v1/binding-matches", &json!({})).await;
        assert_eq!(matched.status, StatusCode::OK, "{}", matched.text);
        let candidates = matched.json()["candidates"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let tokens: Vec<Value> = candidates
            .iter()
            .map(|c| c["match_token"].clone())
            .collect();
        let bound = self
            .post("/v1/bindings", &json!({"match_tokens": tokens}))
            .await;
        assert_eq!(bound.status, StatusCode::CREATED, "{}", bound.text);
        let items = bound.json()["items"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        items
            .iter()
            .filter_map(|i| i["binding_id"].as_str().map(str::to_owned))
            .collect()
    }

    /// The body that pays all that is due for a home.
    ///
    /// # Panics
    /// When arrears cannot be read.
    pub async fn arrears_order(&self, binding_id: &str) -> Value {
        let arrears = self
            .get(&format!("/v1/bindings/{binding_id}/arrears"))
            .await;
        assert_eq!(arrears.status, StatusCode::OK, "{}", arrears.text);
        let arrears = arrears.json();
        json!({"binding_id": binding_id, "purpose": "arrears", "amount_fen": arrears["total_fen"],
            "arrears_version": arrears["arrears_version"], "via": "mini"})
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None, &[]).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, Some(body), &[]).await
    }

    /// One call with a JSON body.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let json = body.map(|body| body.to_string().into_bytes());
        let mut all = headers.to_vec();
        if json.is_some() && !headers.iter().any(|(name, _)| *name == "content-type") {
            all.push(("content-type", "application/json"));
        }
        self.raw(method, path, json, &all).await
    }

    /// One call with any bytes.
    ///
    /// # Panics
    /// When there is no answer at all.
    pub async fn raw(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = self.http.request(method, format!("{}{path}", self.line));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        let answer = request.send().await.expect("an answer from the gateway");
        let (status, headers) = (answer.status(), answer.headers().clone());
        let text = answer.text().await.expect("the answer's body");
        Answer {
            status,
            headers,
            text,
        }
    }

    /// A control of the sandbox.
    ///
    /// # Panics
    /// When the sandbox refuses.
    pub async fn sandbox(&self, path: &str, body: &Value) -> Value {
        let url = format!("{}{path}", self.sandbox);
        let answer = self
            .http
            .post(url)
            .json(body)
            .send()
            .await
            .expect("the sandbox");
        let status = answer.status();
        let text = answer.text().await.expect("the sandbox's body");
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    /// What the sandbox holds.
    ///
    /// # Panics
    /// When the sandbox refuses.
    pub async fn sandbox_get(&self, path: &str) -> Value {
        let url = format!("{}{path}", self.sandbox);
        let answer = self.http.get(url).send().await.expect("the sandbox");
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.json().await.expect("JSON from the sandbox")
    }

    /// Ends every planned misfortune.
    ///
    /// # Panics
    /// When the sandbox refuses.
    pub async fn heal(&self) {
        let url = format!("{}/sim/faults", self.sandbox);
        let answer = self.http.delete(url).send().await.expect("the sandbox");
        assert!(answer.status().is_success(), "{}", answer.status());
    }

    /// Pays in the cashier and waits until the payment rests in `state`.
    ///
    /// # Panics
    /// When it does not come to rest.
    pub async fn pay_and_rest(&self, payment: &Value, state: &str) -> Value {
        let tap = json!({"trade_no": payment["trade_no"], "outcome": "paid"});
        self.sandbox("/sim/alipay/pay", &tap).await;
        let path = format!(
            "/v1/payments/{}",
            payment["payment_id"].as_str().unwrap_or_default()
        );
        let mut looks = Looks::every(Duration::from_millis(25));
        while looks.again().await {
            let now = self.get(&path).await.json();
            if now["state"] == state {
                return now;
            }
            if looks.is_last_of(20) {
                self.sandbox("/sim/clock", &json!({"advance_s": 5})).await;
            }
        }
        panic!("the payment never became {state}");
    }
}
