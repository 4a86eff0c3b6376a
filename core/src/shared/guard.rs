//! A panic in one piece of background work must not end the loop that runs the others.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

/// The work panicked. The panic's text stays in the process's own panic report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the work panicked")]
pub struct Panicked;

/// Runs `work`; a panic ends it and nothing else. What `work` shared with others must stay whole
/// when it stops half-way, which holds for everything that changes only inside a unit of work.
pub async fn guarded<T>(work: impl Future<Output = T>) -> Result<T, Panicked> {
    let mut work = pin!(work);
    poll_fn(
        |context| match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))) {
            Ok(Poll::Ready(value)) => Poll::Ready(Ok(value)),
            Ok(Poll::Pending) => Poll::Pending,
            Err(_) => Poll::Ready(Err(Panicked)),
        },
    )
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_becomes_a_value() {
        assert_eq!(guarded(async { 7 }).await, Ok(7));
        let late = guarded(async {
            tokio::task::yield_now().await;
            panic!("planted");
        });
        assert_eq!(late.await, Err::<(), _>(Panicked));
    }
}
