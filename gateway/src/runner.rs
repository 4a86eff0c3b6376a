//! Runs what no request waits for: the outbox relay, the payment sweeper, timed jobs, upkeep.
//!
//! Each worker is a loop of its own: it is woken after a commit or by its tick, works until it
//! finds nothing, and stops between two pieces of work when the process drains.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt as _;
use lifeline_core::shared::time::{Clock, Time};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

/// One kind of background work.
#[async_trait]
pub trait Worker: Send + Sync {
    fn name(&self) -> &'static str;
    /// How long it may sleep when nobody wakes it.
    fn tick(&self) -> Duration;
    /// Does one bounded piece of work; true when there may be more.
    async fn run_once(&self, now: Time) -> bool;
}

/// Wakes all workers; handed to whatever commits.
#[derive(Debug, Clone, Default)]
pub struct Waker(Arc<Notify>);

impl Waker {
    /// Something was committed that a worker may carry on.
    pub fn wake(&self) {
        self.0.notify_waiters();
    }
}

/// The workers of this process.
pub struct Runner {
    clock: Arc<dyn Clock>,
    workers: Vec<Arc<dyn Worker>>,
    waker: Waker,
    stop: watch::Sender<bool>,
}

impl std::fmt::Debug for Runner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.workers.iter().map(|worker| worker.name()).collect();
        f.debug_tuple("Runner").field(&names).finish()
    }
}

/// Pieces of work one wake-up may do before other tasks get a turn.
const PIECES_PER_WAKE_MAX: usize = 64;
/// Rounds a drain may take: work that keeps making work is a fault, not a reason to hang.
const DRAIN_ROUNDS_MAX: usize = 200;

impl Runner {
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, workers: Vec<Arc<dyn Worker>>, waker: Waker) -> Self {
        let (stop, _) = watch::channel(false);
        Self {
            clock,
            workers,
            waker,
            stop,
        }
    }

    /// Starts every worker's loop.
    #[must_use]
    pub fn start(&self) -> Vec<JoinHandle<()>> {
        let spawn = |worker: &Arc<dyn Worker>| {
            let (worker, clock) = (Arc::clone(worker), Arc::clone(&self.clock));
            let (waker, stop) = (self.waker.clone(), self.stop.subscribe());
            tokio::spawn(run(worker, clock, waker, stop))
        };
        self.workers.iter().map(spawn).collect()
    }

    /// Works off everything that is due now (after the demo's clock jumped).
    pub async fn drain(&self) {
        for _ in 0..DRAIN_ROUNDS_MAX {
            let mut more = false;
            for worker in &self.workers {
                more |= survive(worker.as_ref(), self.clock.now()).await;
            }
            if !more {
                return;
            }
        }
        tracing::warn!("background work did not come to rest");
    }

    /// Asks every loop to end after the piece it is at.
    pub fn stop(&self) {
        self.stop.send_replace(true);
        self.waker.wake();
    }
}

/// One piece of work. A panic in it is told and ends the piece, never the worker: the next tick
/// works on. What the panic said may hold personal data and is dropped.
async fn survive(worker: &dyn Worker, now: Time) -> bool {
    let piece = AssertUnwindSafe(worker.run_once(now)).catch_unwind();
    piece.await.unwrap_or_else(|_| {
        let worker = worker.name();
        tracing::error!(worker, "a piece of background work panicked");
        metrics::counter!("lifeline_worker_panics_total", "worker" => worker).increment(1);
        false
    })
}

async fn run(
    worker: Arc<dyn Worker>,
    clock: Arc<dyn Clock>,
    waker: Waker,
    mut stop: watch::Receiver<bool>,
) {
    loop {
        // Registered before the work, so that a wake during the work is not lost.
        let woken = waker.0.notified();
        tokio::pin!(woken);
        woken.as_mut().enable();
        let mut pieces = 0;
        while !*stop.borrow() && pieces < PIECES_PER_WAKE_MAX {
            if !survive(worker.as_ref(), clock.now()).await {
                break;
            }
            pieces += 1;
        }
        if *stop.borrow() {
            return;
        }
        if pieces == PIECES_PER_WAKE_MAX {
            tokio::task::yield_now().await;
            continue;
        }
        tokio::select! {
            () = &mut woken => {}
            () = tokio::time::sleep(worker.tick()) => {}
            _ = stop.changed() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    struct Still;
    impl Clock for Still {
        fn now(&self) -> Time {
            Time::from_micros(0)
        }
    }

    struct Pile {
        left: AtomicUsize,
        empty: Notify,
    }
    #[async_trait]
    impl Worker for Pile {
        fn name(&self) -> &'static str {
            "pile"
        }
        fn tick(&self) -> Duration {
            Duration::from_secs(3600)
        }
        async fn run_once(&self, _: Time) -> bool {
            let took = self
                .left
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
            if took.is_err() {
                self.empty.notify_one();
            }
            took.is_ok()
        }
    }

    #[tokio::test]
    async fn a_wake_works_off_everything_and_stop_ends_the_loop() {
        let pile = Arc::new(Pile {
            left: AtomicUsize::new(0),
            empty: Notify::new(),
        });
        let waker = Waker::default();
        let runner = Runner::new(Arc::new(Still), vec![pile.clone()], waker.clone());
        let loops = runner.start();
        pile.empty.notified().await;
        pile.left.store(200, Ordering::SeqCst);
        waker.wake();
        pile.empty.notified().await;
        assert_eq!(pile.left.load(Ordering::SeqCst), 0);
        runner.stop();
        for one in loops {
            one.await.unwrap();
        }
    }

    /// Panics at its first piece of work.
    struct Poisoned {
        pieces: AtomicUsize,
        worked: Notify,
    }
    #[async_trait]
    impl Worker for Poisoned {
        fn name(&self) -> &'static str {
            "poisoned"
        }
        fn tick(&self) -> Duration {
            Duration::from_secs(3600)
        }
        async fn run_once(&self, _: Time) -> bool {
            self.worked.notify_one();
            assert!(self.pieces.fetch_add(1, Ordering::SeqCst) > 0, "the first");
            false
        }
    }

    #[tokio::test]
    async fn a_piece_that_panics_does_not_end_its_worker() {
        let poisoned = Arc::new(Poisoned {
            pieces: AtomicUsize::new(0),
            worked: Notify::new(),
        });
        let waker = Waker::default();
        let runner = Runner::new(Arc::new(Still), vec![poisoned.clone()], waker.clone());
        let loops = runner.start();
        poisoned.worked.notified().await;
        while poisoned.pieces.load(Ordering::SeqCst) < 2 {
            waker.wake();
            tokio::task::yield_now().await;
        }
        runner.stop();
        for one in loops {
            one.await.unwrap();
        }
    }

    #[tokio::test]
    async fn drain_comes_to_rest() {
        let pile = Arc::new(Pile {
            left: AtomicUsize::new(5),
            empty: Notify::new(),
        });
        Runner::new(Arc::new(Still), vec![pile.clone()], Waker::default())
            .drain()
            .await;
        assert_eq!(pile.left.load(Ordering::SeqCst), 0);
    }
}
