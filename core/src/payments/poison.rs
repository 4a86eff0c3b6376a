//! Work that panics is a fault of ours, about one order or one message: it must never keep the next
//! one from its turn (money.md 5). The lease runs out by itself and the row is tried again then.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;

/// Runs `work`; `None` when it panicked. What the panic said may hold personal data and is dropped.
pub(super) async fn survive<T>(
    what: &'static str,
    id: &str,
    work: impl Future<Output = T>,
) -> Option<T> {
    match AssertUnwindSafe(work).catch_unwind().await {
        Ok(done) => Some(done),
        Err(_) => {
            tracing::error!(what, id, "payments.work.panicked");
            None
        }
    }
}
