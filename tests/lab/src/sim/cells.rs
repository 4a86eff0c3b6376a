//! Which cells of the law's tables were met, heard from the product's own trace events.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};

/// Table, state, input, next state.
pub(super) type Cell = (String, String, String, String);

/// What one thread heard.
#[derive(Debug, Default, Clone)]
pub(super) struct Heard {
    pub(super) cells: BTreeMap<Cell, u64>,
    /// Errors that the product reported, in words.
    pub(super) errors: Vec<String>,
}

/// Listens to the product on this thread.
#[derive(Debug, Clone, Default)]
pub(super) struct Ear(Arc<Mutex<Heard>>);

impl Ear {
    /// What was heard since the last time.
    pub(super) fn take(&self) -> Heard {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn tells_cell(metadata: &Metadata<'_>) -> bool {
    metadata.fields().field("machine").is_some()
}

fn is_wanted(metadata: &Metadata<'_>) -> bool {
    metadata.is_event()
        && metadata.target().starts_with("lifeline_core")
        && (*metadata.level() == Level::ERROR || tells_cell(metadata))
}

impl Subscriber for Ear {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if is_wanted(metadata) {
            Interest::always()
        } else {
            Interest::never()
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        is_wanted(metadata)
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut words = Words::default();
        event.record(&mut words);
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if tells_cell(event.metadata()) {
            let times = heard.cells.entry(words.cell()).or_insert(0);
            *times = times.saturating_add(1);
        } else {
            heard.errors.push(words.all());
        }
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[derive(Default)]
struct Words(BTreeMap<&'static str, String>);

impl Words {
    fn word(&mut self, name: &str) -> String {
        self.0.remove(name).unwrap_or_default()
    }

    fn cell(mut self) -> Cell {
        let (machine, state) = (self.word("machine"), self.word("state"));
        (machine, state, self.word("input"), self.word("next"))
    }

    fn all(self) -> String {
        let words: Vec<String> = self
            .0
            .into_iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        words.join(" ")
    }
}

impl Visit for Words {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}
