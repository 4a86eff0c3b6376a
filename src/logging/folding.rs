//! A flood of one message is folded (EC-28): so many lines of it in a second, of the others only how many.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

/// Lines of one message in a second, when nothing else is said.
pub(super) const LINES_PER_S: u64 = 2_000;
pub(super) const LINES_PER_S_MAX: u64 = 100_000;

/// One message: the place in the source that says it, and of requests the status, so that a flood of refusals
/// hides nobody who was served. Places are as many as the program has, so what is known of them is bounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Message {
    pub(super) target: &'static str,
    pub(super) line: u32,
    /// Nought for what has none.
    pub(super) status: u64,
}

#[derive(Debug, Default)]
struct Seen {
    second: u64,
    lines: u64,
    /// Not written, and not told yet.
    folded: u64,
}

/// Counts each message and lets the first of a second pass.
#[derive(Debug, Clone)]
pub(super) struct Folding {
    most: u64,
    began: Instant,
    seen: Arc<Mutex<HashMap<Message, Seen>>>,
}

impl Folding {
    /// Lets `most` lines of a message pass in a second.
    pub(super) fn new(most: u64) -> Self {
        Self {
            most,
            began: Instant::now(),
            seen: Arc::default(),
        }
    }

    /// Whether a line of this message is written in this second.
    fn lets_pass(&self, message: Message, second: u64) -> bool {
        let mut all = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = all.entry(message).or_default();
        if seen.second != second {
            seen.second = second;
            seen.lines = 0;
        }
        if seen.lines < self.most {
            seen.lines = seen.lines.saturating_add(1);
            return true;
        }
        seen.folded = seen.folded.saturating_add(1);
        false
    }

    /// What was folded since the last time this was asked.
    pub(super) fn take(&self) -> Vec<(Message, u64)> {
        let mut all = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let mut folded: Vec<(Message, u64)> = all
            .iter_mut()
            .filter(|(_, seen)| seen.folded > 0)
            .map(|(message, seen)| (*message, std::mem::take(&mut seen.folded)))
            .collect();
        folded.sort_by_key(|(message, _)| (message.target, message.line, message.status));
        folded
    }
}

/// The status of a request's line.
#[derive(Default)]
struct Status(u64);

impl Visit for Status {
    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "status" {
            self.0 = value;
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}

impl<S: Subscriber> Layer<S> for Folding {
    fn event_enabled(&self, event: &Event<'_>, _: Context<'_, S>) -> bool {
        let mut status = Status::default();
        event.record(&mut status);
        let said = event.metadata();
        let message = Message {
            target: said.target(),
            line: said.line().unwrap_or(0),
            status: status.0,
        };
        self.lets_pass(message, self.began.elapsed().as_secs())
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    const REFUSED: Message = Message {
        target: "gateway",
        line: 7,
        status: 429,
    };
    const SERVED: Message = Message {
        status: 200,
        ..REFUSED
    };

    #[test]
    fn ec_28_a_message_is_written_n_times_a_second_and_then_counted() {
        let folding = Folding::new(3);
        for _ in 0..3 {
            assert!(folding.lets_pass(REFUSED, 5));
        }
        assert!(folding.take().is_empty(), "n are written");
        assert!(!folding.lets_pass(REFUSED, 5), "n + 1 is not");
        assert!(!folding.lets_pass(REFUSED, 5));
        assert!(folding.lets_pass(SERVED, 5), "another is not hidden by it");
        assert_eq!(folding.take(), [(REFUSED, 2)]);
        assert!(folding.take().is_empty(), "told once");
        assert!(folding.lets_pass(REFUSED, 6), "the next second is another");
    }

    /// Counts what reaches the end of the layers.
    #[derive(Clone, Default)]
    struct Reached(Arc<Mutex<u64>>);

    impl<S: Subscriber> Layer<S> for Reached {
        fn on_event(&self, _: &Event<'_>, _: Context<'_, S>) {
            *self.0.lock().unwrap() += 1;
        }
    }

    #[test]
    fn ec_28_a_flood_through_the_layers_is_a_few_lines_and_a_count() {
        let (folding, reached) = (Folding::new(10), Reached::default());
        let layers = tracing_subscriber::registry()
            .with(folding.clone())
            .with(reached.clone());
        let began = Instant::now();
        tracing::subscriber::with_default(layers, || {
            for status in [200_u16, 429] {
                for _ in 0..1_000 {
                    tracing::info!(status, "request");
                }
            }
        });
        let seconds = began.elapsed().as_secs() + 2;
        let written = *reached.0.lock().unwrap();
        let folded: u64 = folding.take().iter().map(|(_, lines)| lines).sum();
        assert_eq!(written + folded, 2_000, "nothing is lost from the count");
        assert!((20..=20 * seconds).contains(&written), "{written} lines");
    }
}
