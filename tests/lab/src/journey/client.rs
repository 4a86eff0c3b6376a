//! HTTP towards Lifeline and towards the sandbox, each answer checked for status and shape.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::Value;

use super::{Demo, Wrong, hold};

/// One household's phone, and a hand on the sandbox's controls.
pub(crate) struct Client {
    http: reqwest::Client,
    demo: Demo,
    token: Option<String>,
}

/// An answer of Lifeline.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) text: String,
    pub(crate) body: Value,
}

/// Longer than any deadline inside Lifeline, so that the phone never gives up first.
const TIME_MAX: Duration = Duration::from_secs(60);

/// Some servers end a connection that rests for five seconds. A phone's rests less: a request on its way over one that
/// ends is lost.
const RESTING_TIME_MAX: Duration = Duration::from_secs(2);

/// How often in a row a phone lets itself be slowed down.
const SLOWED_MAX: u32 = 5;

impl Client {
    pub(crate) fn new(demo: &Demo) -> Result<Self, Wrong> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .pool_idle_timeout(RESTING_TIME_MAX)
            .timeout(TIME_MAX)
            .build()
            .map_err(|error| Wrong::new(format!("no HTTP client: {error}")))?;
        Ok(Self {
            http,
            demo: demo.clone(),
            token: None,
        })
    }

    pub(crate) fn sign(&mut self, token: String) {
        self.token = Some(token);
    }

    /// One call of Lifeline. Told to slow down, a phone waits as long as it was told and asks again.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        key: Option<&str>,
    ) -> Result<Answer, Wrong> {
        for _ in 0..SLOWED_MAX {
            let answer = self.once(method.clone(), path, body, key).await?;
            let told = answer.body.get("retry_after_s").and_then(Value::as_u64);
            match (answer.status, told) {
                (StatusCode::TOO_MANY_REQUESTS, Some(seconds)) => {
                    tokio::time::sleep(Duration::from_secs(seconds.min(60))).await;
                }
                _ => return Ok(answer),
            }
        }
        Err(Wrong::new(format!(
            "{path}: told to slow down again and again"
        )))
    }

    async fn once(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        key: Option<&str>,
    ) -> Result<Answer, Wrong> {
        let url = format!("{}{path}", self.demo.line);
        let mut request = self.http.request(method, url);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request
            .send()
            .await
            .map_err(|error| trouble(path, &error))?;
        let status = answer.status();
        let text = answer.text().await.map_err(|error| trouble(path, &error))?;
        let body = if text.is_empty() {
            Value::Null
        } else {
            parse(path, &text)?
        };
        Ok(Answer { status, text, body })
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Value, Wrong> {
        let answer = self.call(Method::GET, path, None, None).await?;
        expect(path, &answer, StatusCode::OK)
    }

    pub(crate) async fn post(
        &self,
        path: &str,
        body: &Value,
        status: StatusCode,
    ) -> Result<Value, Wrong> {
        let answer = self.call(Method::POST, path, Some(body), None).await?;
        expect(path, &answer, status)
    }

    pub(crate) async fn sandbox_get(&self, path: &str) -> Result<Value, Wrong> {
        let url = format!("{}{path}", self.demo.sandbox);
        let answer = self
            .http
            .get(url)
            .send()
            .await
            .map_err(|error| trouble(path, &error))?;
        let status = answer.status();
        let text = answer.text().await.map_err(|error| trouble(path, &error))?;
        hold!(status.is_success(), "{path}: the sandbox answered {status}");
        parse(path, &text)
    }

    pub(crate) async fn sandbox_post(&self, path: &str, body: &Value) -> Result<Value, Wrong> {
        let url = format!("{}{path}", self.demo.sandbox);
        let answer = self
            .http
            .post(url)
            .json(body)
            .send()
            .await
            .map_err(|error| trouble(path, &error))?;
        let status = answer.status();
        let text = answer.text().await.map_err(|error| trouble(path, &error))?;
        hold!(
            status.is_success(),
            "{path}: the sandbox answered {status}: {text}"
        );
        parse(path, &text)
    }

    pub(crate) async fn sandbox_delete(&self, path: &str) -> Result<(), Wrong> {
        let url = format!("{}{path}", self.demo.sandbox);
        self.http
            .delete(url)
            .send()
            .await
            .map_err(|error| trouble(path, &error))?;
        Ok(())
    }
}

fn trouble(path: &str, error: &reqwest::Error) -> Wrong {
    Wrong::new(format!(
        "{path}: no answer ({})",
        if error.is_timeout() {
            "timeout"
        } else {
            "connection"
        }
    ))
}

fn parse(path: &str, text: &str) -> Result<Value, Wrong> {
    serde_json::from_str(text).map_err(|_| Wrong::new(format!("{path}: the answer is not JSON")))
}

fn expect(path: &str, answer: &Answer, status: StatusCode) -> Result<Value, Wrong> {
    let code = answer
        .body
        .get("code")
        .and_then(Value::as_str)
        .unwrap_or("no code");
    hold!(
        answer.status == status,
        "{path}: answered {} ({code}), not {status}",
        answer.status
    );
    Ok(answer.body.clone())
}

/// A text member that must be there.
pub(crate) fn text<'a>(value: &'a Value, name: &str) -> Result<&'a str, Wrong> {
    value
        .get(name)
        .and_then(Value::as_str)
        .ok_or_else(|| Wrong::new(format!("the answer lacks the text `{name}`")))
}

/// An integer member that must be there.
pub(crate) fn number(value: &Value, name: &str) -> Result<i64, Wrong> {
    value
        .get(name)
        .and_then(Value::as_i64)
        .ok_or_else(|| Wrong::new(format!("the answer lacks the integer `{name}`")))
}

/// A list member that must be there.
pub(crate) fn list<'a>(value: &'a Value, name: &str) -> Result<&'a Vec<Value>, Wrong> {
    value
        .get(name)
        .and_then(Value::as_array)
        .ok_or_else(|| Wrong::new(format!("the answer lacks the list `{name}`")))
}
