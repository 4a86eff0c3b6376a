//! `[jobs]`: when timed tasks run (LN-56).

use lifeline_core::jobs::daily::TimeOfDay;
use serde::Deserialize;

use super::Faults;

/// As [`TimeOfDay`] has it: away from the day's business, and an hour behind the night's backup.
const USUAL: &str = "03:00";

/// `[jobs]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Jobs {
    daily_at: String,
}

impl Default for Jobs {
    fn default() -> Self {
        Self {
            daily_at: USUAL.to_owned(),
        }
    }
}

impl Jobs {
    pub(super) fn check(&self, faults: &mut Faults) {
        let what = "must be HH:MM, 00:00 to 23:59";
        let read = TimeOfDay::parse(&self.daily_at);
        faults.expect(read.is_ok(), "jobs.daily_at", what);
    }

    /// When tasks that run once a day do, by Beijing time; nothing starts with another text than [`Jobs::check`] takes.
    pub(crate) fn daily_at(&self) -> TimeOfDay {
        TimeOfDay::parse(&self.daily_at).unwrap_or_default()
    }
}
