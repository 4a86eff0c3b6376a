//! How a call to an outside system can end. "Refused" and "no answer" are different outcomes
//! (money.md G6): no answer is queried, never repeated blindly.

/// Why there is no usable answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// Nothing left us: no connection, or refused by our own breaker or limits.
    #[error("the request was never sent: {0}")]
    NotSent(&'static str),
    /// It may have taken effect: time-out, 5xx, bad signature on the reply, a code no table names.
    #[error("the outcome is unknown: {0}")]
    Unknown(&'static str),
    /// Unknown, and an operator must be told (bad signature on our request, replay, key conflict).
    #[error("the outcome is unknown and needs an operator: {0}")]
    Alarm(&'static str),
}
