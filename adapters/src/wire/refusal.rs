//! What a system behind the line says when it does not do what it was asked.
//!
//! A refusal is a pair of status and code that a call's own table names; everything else is "no
//! answer" (money.md G6). The text beside a code is for nobody and dropped unread.

use std::borrow::Cow;

use lifeline_core::shared::outside::NoAnswer;
use serde::Deserialize;

use super::http::Reply;

#[derive(Deserialize)]
struct ErrorBody<'a> {
    #[serde(borrow)]
    code: Cow<'a, str>,
}

impl Reply {
    /// Status and code of a reply that is no success. Whatever says no without the contract's error
    /// form is not the system that knows: its code is empty, and no table names that.
    pub(crate) fn said(&self) -> (u16, Cow<'_, str>) {
        let body: Option<ErrorBody<'_>> = serde_json::from_slice(&self.body).ok();
        (
            self.status,
            body.map_or(Cow::Borrowed(""), |body| body.code),
        )
    }

    /// This reply as one that says nothing about what was asked.
    pub(crate) fn no_answer(&self) -> NoAnswer {
        let (status, code) = self.said();
        no_answer(status, &code)
    }
}

/// What is not a refusal, with a word for the metrics.
pub(crate) fn no_answer(status: u16, code: &str) -> NoAnswer {
    match (status, code) {
        (401, "BAD_SIGNATURE") => NoAnswer::Alarm("bad_signature"),
        (401, "REPLAYED") => NoAnswer::Alarm("replayed"),
        (409, "IDEMPOTENCY_CONFLICT") => NoAnswer::Alarm("idempotency_conflict"),
        (422, "INVALID") => NoAnswer::Alarm("invalid_request"),
        (429, _) => NoAnswer::Unknown("rate_limited"),
        (503, "MAINTENANCE_WINDOW") => NoAnswer::Unknown("maintenance_window"),
        (500..=599, _) => NoAnswer::Unknown("upstream_fault"),
        _ => NoAnswer::Unknown("unnamed_code"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_from_the_contracts_form_only() {
        let said = |status, body: &str| {
            let reply = Reply {
                status,
                body: body.as_bytes().to_vec().into(),
            };
            reply.no_answer()
        };
        for (status, body, answer) in [
            (
                401,
                r#"{"code":"BAD_SIGNATURE"}"#,
                NoAnswer::Alarm("bad_signature"),
            ),
            (
                401,
                r#"{"code":"REPL\u0041YED","more":1}"#,
                NoAnswer::Alarm("replayed"),
            ),
            (
                422,
                r#"{"code":"INVALID"}"#,
                NoAnswer::Alarm("invalid_request"),
            ),
            (
                400,
                r#"{"code":"INVALID"}"#,
                NoAnswer::Unknown("unnamed_code"),
            ),
            (401, "BAD_SIGNATURE", NoAnswer::Unknown("unnamed_code")),
            (401, r#"{"code":401}"#, NoAnswer::Unknown("unnamed_code")),
            (429, "", NoAnswer::Unknown("rate_limited")),
            (
                503,
                r#"{"code":"MAINTENANCE_WINDOW"}"#,
                NoAnswer::Unknown("maintenance_window"),
            ),
            (503, "<html>", NoAnswer::Unknown("upstream_fault")),
        ] {
            assert_eq!(said(status, body), answer, "{status} {body}");
        }
    }
}
