//! The engines a test is meant for, and the machine's time.

use std::time::{SystemTime, UNIX_EPOCH};

use lifeline_core::shared::time::{Clock, Time};
use lifeline_tests::Engine;

pub(crate) const BOTH: &[Engine] = &[Engine::Sqlite, Engine::Postgres];
pub(crate) const POSTGRES: &[Engine] = &[Engine::Postgres];

/// The clock of a demo whose time machine was not used.
pub(crate) struct MachineClock;

impl Clock for MachineClock {
    #[expect(clippy::disallowed_methods, reason = "the machine's own clock")]
    fn now(&self) -> Time {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let micros = since.expect("after 1970").as_micros();
        Time::from_micros(i64::try_from(micros).expect("before 294,000"))
    }
}
