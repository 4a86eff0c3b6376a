//! After a failure nobody asks for a moment.

use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How long nobody asks after a failure.
const REST: Duration = Duration::from_millis(500);

/// When asking makes sense again.
#[derive(Debug, Default)]
pub(super) struct Rest(Mutex<Option<Instant>>);

impl Rest {
    /// Whether a call failed a moment ago. The first to ask after the rest is let through alone:
    /// the others wait for what it finds out.
    pub(super) fn is_on(&self) -> bool {
        let mut until = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        match *until {
            None => false,
            Some(moment) if Instant::now() < moment => true,
            Some(_) => {
                *until = Instant::now().checked_add(REST);
                false
            }
        }
    }

    pub(super) fn begin(&self) {
        self.set(Instant::now().checked_add(REST));
    }

    /// A call was answered.
    pub(super) fn end(&self) {
        self.set(None);
    }

    fn set(&self, until: Option<Instant>) {
        *self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = until;
    }
}
