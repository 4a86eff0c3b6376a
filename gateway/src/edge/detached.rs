//! Work that must not end with the request that asked for it (money.md G2): neither a client that is gone nor a
//! deadline ends a task of its own.

use std::future::Future;

use tokio::sync::oneshot;

use super::codes::Code;
use super::problem::Problem;
use super::trace;

/// The work ended without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the work ended without an answer")]
pub struct Lost;

impl From<Lost> for Problem {
    fn from(_: Lost) -> Self {
        Self::new(Code::Internal)
    }
}

/// Runs work to its end under the trace of the request, whoever waits for it. When it panics the log says which it
/// was, also when nobody waits any more.
///
/// # Errors
/// [`Lost`].
pub async fn detached<W>(name: &'static str, work: W) -> Result<W::Output, Lost>
where
    W: Future + Send + 'static,
    W::Output: Send + 'static,
{
    let (tell, told) = oneshot::channel();
    let trace_id = trace::current();
    let running = tokio::spawn(trace::scope(trace_id.clone(), work));
    tokio::spawn(async move {
        match running.await {
            // When nobody waits any more it is done all the same.
            Ok(done) => drop(tell.send(done)),
            // Its text is withheld: it may hold what was being worked on.
            Err(error) => {
                let panicked = error.is_panic();
                tracing::error!(work = name, panicked, %trace_id, "edge.detached.lost");
            }
        }
    });
    told.await.map_err(|_| Lost)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[actix_web::test]
    async fn m2_10d_work_goes_on_when_the_request_that_waits_for_it_is_dropped() {
        let (begin, begun) = oneshot::channel::<()>();
        let (end, ended) = oneshot::channel();
        let request = detached("test", async move {
            begun.await.unwrap();
            end.send(trace::current()).unwrap();
        });
        let trace_id = "4bf92f3577b34da6a3ce929d0e0e4736".to_owned();
        let request = trace::scope(trace_id.clone(), request);
        let gone = tokio::time::timeout(Duration::from_millis(20), request).await;
        assert!(gone.is_err(), "it had nothing to answer yet");
        begin.send(()).unwrap();
        assert_eq!(ended.await, Ok(trace_id));
    }

    #[actix_web::test]
    async fn m2_10d_work_that_breaks_down_is_told_to_whoever_waits() {
        assert_eq!(detached("test", async { 7 }).await, Ok(7));
        let broken = detached("test", async { assert!(trace::current().is_empty()) });
        assert_eq!(broken.await, Err(Lost));
    }
}
