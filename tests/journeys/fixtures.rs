//! The engines a test is meant for.

use lifeline_tests::Engine;

pub(crate) const BOTH: &[Engine] = &[Engine::Sqlite, Engine::Postgres];
pub(crate) const POSTGRES: &[Engine] = &[Engine::Postgres];
