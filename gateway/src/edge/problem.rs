//! RFC 9457 problem answers. Upstream text never gets in here: only a code, our own words, and
//! names of fields.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, RETRY_AFTER};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use lifeline_core::store::StoreError;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::codes::Code;
use super::trace;

/// One field that was refused.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FieldError {
    /// JSON path of the field, for example `proof.value`.
    pub field: String,
    /// Stable word: `unknown`, `invalid`, `missing`, `differs`, ...
    pub code: String,
    /// What the field must be; never the value that was sent.
    pub detail: String,
}

/// The body of every refusal (`application/problem+json`).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// `urn:lifeline:problem:{code}`
    #[serde(rename = "type")]
    pub kind: String,
    pub title: &'static str,
    pub status: u16,
    /// One word of the code table.
    pub code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Quote it to support; it leads to every line this request caused.
    pub trace_id: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<u64>,
    /// Extra members named by the code (RFC 9457 section 3.2), for example `current`.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// A refusal on its way to the client.
#[derive(Debug)]
pub struct Problem {
    code: Code,
    /// Taken where the refusal arises: it may be rendered after the request's scope has ended.
    trace_id: String,
    detail: Option<String>,
    errors: Vec<FieldError>,
    retry_after_s: Option<u64>,
    more: Map<String, Value>,
}

impl Problem {
    #[must_use]
    pub fn new(code: Code) -> Self {
        Self {
            code,
            trace_id: trace::current(),
            detail: None,
            errors: Vec::new(),
            retry_after_s: None,
            more: Map::new(),
        }
    }

    /// Our own sentence; never personal data, never another system's text.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    #[must_use]
    pub fn field(mut self, field: &str, code: &str, detail: &str) -> Self {
        self.errors.push(FieldError {
            field: field.to_owned(),
            code: code.to_owned(),
            detail: detail.to_owned(),
        });
        self
    }

    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.more.insert(name.to_owned(), value.into());
        self
    }

    #[must_use]
    pub const fn code(&self) -> Code {
        self.code
    }

    /// The answer's body with the running request's trace id.
    #[must_use]
    pub fn body(&self) -> ProblemBody {
        ProblemBody {
            kind: format!("urn:lifeline:problem:{}", self.code.as_str()),
            title: self.code.title(),
            status: self.code.status().as_u16(),
            code: self.code.as_str(),
            detail: self.detail.clone(),
            trace_id: self.trace_id.clone(),
            errors: self.errors.clone(),
            retry_after_s: self.retry_after_s,
            more: self.more.clone(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.as_str())
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.code.status()
    }

    fn error_response(&self) -> HttpResponse {
        let mut answer = HttpResponseBuilder::new(self.code.status());
        answer.insert_header((CONTENT_TYPE, "application/problem+json"));
        if let Some(seconds) = self.retry_after_s.or_else(|| usual_wait_s(self.code)) {
            answer.insert_header((RETRY_AFTER, seconds.to_string()));
        }
        let text = serde_json::to_string(&self.body()).unwrap_or_else(|_| "{}".to_owned());
        answer.body(text)
    }
}

/// When whoever is refused by a code may ask again, where nothing better is known: nobody is sent off by a
/// 429 or a 503 without it.
fn usual_wait_s(code: Code) -> Option<u64> {
    match code {
        Code::RequestInFlight => Some(1),
        Code::ChannelFull => Some(60),
        _ => passes(code.status()).then_some(USUAL_WAIT_S),
    }
}

/// Seconds after which what passes may have passed.
pub const USUAL_WAIT_S: u64 = 2;

/// Whether an answer of a status says to ask again later.
#[must_use]
pub fn passes(status: StatusCode) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS || status == StatusCode::SERVICE_UNAVAILABLE
}

impl Problem {
    /// Under the trace of the request that is answered, when rendered in another task.
    #[must_use]
    pub fn traced(mut self, trace_id: &str) -> Self {
        trace_id.clone_into(&mut self.trace_id);
        self
    }

    /// What a failure of the store means to a client; the engine's words stay in our log.
    #[must_use]
    pub fn of_store(error: &StoreError) -> Self {
        match error {
            StoreError::Conflict | StoreError::Unavailable(_) | StoreError::CommitUnknown(_) => {
                tracing::warn!(%error, "the store refused a request");
                Self::new(Code::StoreUnavailable)
            }
            StoreError::Duplicate(_) | StoreError::Refused(_) | StoreError::Corrupt { .. } => {
                tracing::error!(%error, "the store broke an expectation");
                Self::new(Code::Internal)
            }
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::of_store(&error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_code_sends_anybody_off_without_saying_until_when() {
        let mut waits = 0;
        for code in Code::ALL {
            let answer = Problem::new(*code).error_response();
            let wait = answer.headers().get(RETRY_AFTER);
            let wait = wait.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
            let passing = [429, 503].contains(&code.status().as_u16());
            let asked = passing || *code == Code::RequestInFlight;
            assert_eq!(
                wait.is_some_and(|wait| wait > 0),
                asked,
                "{}",
                code.as_str()
            );
            waits += u32::from(asked);
        }
        assert!(waits > 10, "only {waits}");
        let told = Problem::new(Code::RateLimited).retry_after(77);
        let told = told.error_response();
        assert_eq!(told.headers().get(RETRY_AFTER).unwrap(), "77");
    }
}
