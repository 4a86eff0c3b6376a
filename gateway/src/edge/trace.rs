//! One trace id per request (W3C `traceparent`), carried to every log line, outbox row, ledger
//! entry and problem answer the request causes.

use std::future::Future;

tokio::task_local! {
    static TRACE: String;
}

/// The running request's trace id, 32 hex digits; all zero outside a request.
#[must_use]
pub fn current() -> String {
    TRACE
        .try_with(Clone::clone)
        .unwrap_or_else(|_| "0".repeat(32))
}

/// Runs `work` under a trace id.
pub async fn scope<F: Future>(trace_id: String, work: F) -> F::Output {
    TRACE.scope(trace_id, work).await
}

/// Reads the trace id of a `traceparent` header: `00-{32 hex}-{16 hex}-{2 hex}`.
#[must_use]
pub fn parse_traceparent(header: &str) -> Option<String> {
    let mut parts = header.split('-');
    let (version, trace, span, flags) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let hex = |text: &str, length: usize| {
        text.len() == length
            && text
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    let zero = trace.bytes().all(|b| b == b'0');
    let known = version == "00" && parts.next().is_none();
    (known && hex(trace, 32) && hex(span, 16) && hex(flags, 2) && !zero).then(|| trace.to_owned())
}

/// The header to send on: same trace, `span` of ours.
#[must_use]
pub fn traceparent(trace_id: &str, span: &str) -> String {
    format!("00-{trace_id}-{span}-01")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_published_form_is_taken() {
        let id = "4bf92f3577b34da6a3ce929d0e0e4736";
        assert_eq!(
            parse_traceparent(&format!("00-{id}-00f067aa0ba902b7-01")).as_deref(),
            Some(id)
        );
        for bad in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
        ] {
            assert_eq!(parse_traceparent(bad), None, "{bad}");
        }
    }
}
