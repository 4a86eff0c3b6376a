//! The marketing system over docs/contracts/marketing.md: archive, source of figures, posting.
//!
//! A refusal is a pair of status and code that the contract names, answered below 500; everything
//! else is "no answer" (money.md G6). The text beside a code is for nobody and dropped unread.

mod archive;
mod conformance;
mod dues;
mod figures;
mod generators;
mod posting;
mod work_orders;

pub use self::conformance::{Rule, Trial};
pub use self::posting::Said;

use std::sync::Arc;

use lifeline_core::shared::ids::Entropy;
use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::shared::time::Clock;
use reqwest::Method;
use serde::de::DeserializeOwned;

use crate::wire::address::{Address, AddressError};
use crate::wire::http::{CallRules, Reply};
use crate::wire::line::{Call, Line, LineKeys};
use crate::wire::refusal::no_answer;
use crate::wire::{Asked, LeftAlone, Operation};

const UNREADABLE: NoAnswer = NoAnswer::Unknown("unreadable_reply");

/// The marketing system as our three ports see it.
#[derive(Clone)]
pub struct Marketing {
    line: Line,
}

impl std::fmt::Debug for Marketing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Marketing")
            .field("address", self.line.address())
            .finish_non_exhaustive()
    }
}

impl Marketing {
    /// `address` ends in `/mkt/v1`. Touches no network.
    ///
    /// # Errors
    /// [`AddressError::NoClient`] when this machine has no usable certificates.
    pub fn new(
        address: Address,
        keys: LineKeys,
        rules: CallRules,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, AddressError> {
        Line::new("marketing", address, keys, rules, clock, entropy).map(|line| Self { line })
    }

    /// Whether some operation is left alone now because it kept failing.
    #[must_use]
    pub fn is_failing(&self) -> bool {
        self.line.is_any_open()
    }

    /// The operations that are left alone or probed now, and why.
    #[must_use]
    pub fn left_alone(&self) -> Vec<LeftAlone> {
        self.line.left_alone()
    }

    /// Every operation that was asked since this process began.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        self.line.asked()
    }

    /// Lets an operation be asked again at once; false when it is not left alone.
    #[must_use]
    pub fn ask_again(&self, operation: &str) -> bool {
        self.line.ask_again(operation)
    }

    async fn read<T: DeserializeOwned>(
        &self,
        operation: Operation,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<Result<T, Refusal>, NoAnswer> {
        outcome(&self.line.get(operation, path, query).await?)
    }

    async fn write<T: DeserializeOwned>(
        &self,
        operation: Operation,
        path: &[&str],
        body: String,
        idempotency_key: &str,
    ) -> Result<Result<T, Refusal>, NoAnswer> {
        self.change(Method::POST, operation, path, body, idempotency_key)
            .await
    }

    async fn change<T: DeserializeOwned>(
        &self,
        method: Method,
        operation: Operation,
        path: &[&str],
        body: String,
        idempotency_key: &str,
    ) -> Result<Result<T, Refusal>, NoAnswer> {
        let reply = self
            .line
            .send(Call {
                operation,
                method,
                path,
                query: &[],
                body: Some(body),
                idempotency_key: Some(idempotency_key),
            })
            .await?;
        outcome(&reply)
    }
}

/// The refusals of the contract; which of them a call may act on is the call's own table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    NotBound,
    ConsumerUnavailable,
    ClosedAccount,
    AlreadyPaid,
    AmountMismatch,
    StaleArrears,
    CutoffPassed,
    Fenced,
    MatchTokenSpent,
    Invalid,
}

impl Refusal {
    /// A refusal that the call's table does not name.
    fn unexpected(self) -> NoAnswer {
        match self {
            Self::Invalid => NoAnswer::Alarm("invalid_request"),
            Self::NotBound
            | Self::ConsumerUnavailable
            | Self::ClosedAccount
            | Self::AlreadyPaid
            | Self::AmountMismatch
            | Self::StaleArrears
            | Self::CutoffPassed
            | Self::Fenced
            | Self::MatchTokenSpent => NoAnswer::Unknown("unnamed_code"),
        }
    }
}

/// 2xx parsed, a named refusal, or no answer.
fn outcome<T: DeserializeOwned>(reply: &Reply) -> Result<Result<T, Refusal>, NoAnswer> {
    if (200..300).contains(&reply.status) {
        return serde_json::from_slice(&reply.body)
            .map(Ok)
            .map_err(|_| UNREADABLE);
    }
    refusal(reply).map(Err)
}

fn refusal(reply: &Reply) -> Result<Refusal, NoAnswer> {
    if reply.status < 400 {
        return Err(NoAnswer::Unknown("http_status"));
    }
    let (status, code) = reply.said();
    match (status, &*code) {
        (403, "NOT_BOUND") => Ok(Refusal::NotBound),
        (404, "CONSUMER_UNAVAILABLE") => Ok(Refusal::ConsumerUnavailable),
        (409, "CLOSED_ACCOUNT") => Ok(Refusal::ClosedAccount),
        (409, "ALREADY_PAID") => Ok(Refusal::AlreadyPaid),
        (409, "AMOUNT_MISMATCH") => Ok(Refusal::AmountMismatch),
        (409, "STALE_ARREARS") => Ok(Refusal::StaleArrears),
        (409, "CUTOFF_PASSED") => Ok(Refusal::CutoffPassed),
        (409, "MATCH_TOKEN_SPENT") => Ok(Refusal::MatchTokenSpent),
        (410, "FENCED") => Ok(Refusal::Fenced),
        (422, "INVALID") => Ok(Refusal::Invalid),
        (status, code) => Err(no_answer(status, code)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, body: &str) -> Reply {
        Reply {
            status,
            body: body.as_bytes().to_vec().into(),
        }
    }

    #[test]
    fn a_code_counts_only_with_its_own_status() {
        let read = |status, code: &str| {
            refusal(&reply(
                status,
                &format!(r#"{{"code":"{code}","retryable":false}}"#),
            ))
        };
        assert_eq!(read(409, "ALREADY_PAID"), Ok(Refusal::AlreadyPaid));
        assert_eq!(read(410, "FENCED"), Ok(Refusal::Fenced));
        assert_eq!(
            read(500, "ALREADY_PAID"),
            Err(NoAnswer::Unknown("upstream_fault"))
        );
        assert_eq!(
            read(503, "FENCED"),
            Err(NoAnswer::Unknown("upstream_fault"))
        );
        assert_eq!(
            read(409, "SOMETHING_NEW"),
            Err(NoAnswer::Unknown("unnamed_code"))
        );
        assert_eq!(read(401, "REPLAYED"), Err(NoAnswer::Alarm("replayed")));
        assert_eq!(
            read(409, "IDEMPOTENCY_CONFLICT"),
            Err(NoAnswer::Alarm("idempotency_conflict"))
        );
    }

    #[test]
    fn upstream_text_goes_nowhere() {
        let leak = "ORA-00942: SELECT * FROM C_CONS WHERE CONS_NO='1500000004321'";
        let unread = refusal(&reply(500, leak)).unwrap_err();
        let coded = refusal(&reply(
            500,
            &format!(r#"{{"code":"UPSTREAM_UNKNOWN","message_for_user":"{leak}"}}"#),
        ))
        .unwrap_err();
        for error in [unread, coded] {
            let told = format!("{error} {error:?}");
            assert!(
                !told.contains("SELECT") && !told.contains("1500000004321"),
                "{told}"
            );
        }
    }
}
