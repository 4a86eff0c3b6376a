//! The gateway is killed, cut off and starved of its disk at every point where it matters, and what
//! is left in all books at the end must be what an undisturbed run leaves.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "a test that cannot go on says so and stops"
)]

mod disk;
mod failing_disk;
mod household;
mod job;
mod known;
mod lost_commits;
mod matrix;
mod outcome;
mod points;
mod power;
mod stage;

use libtest_mimic::{Arguments, Failed, Trial};
use lifeline_tests::Engine;

use crate::matrix::Ground;

pub(crate) type Body = fn(Engine) -> Result<(), Failed>;

const SQLITE: &[Engine] = &[Engine::Sqlite];
const POSTGRES: &[Engine] = &[Engine::Postgres];
const BOTH: &[Engine] = &[Engine::Sqlite, Engine::Postgres];

/// What `make test` runs.
const EVERYDAY: &[(&str, &[Engine], Body)] = &[
    (
        "every_point_is_passed_or_explained",
        SQLITE,
        known::every_point_is_passed_or_explained,
    ),
    ("the_product_has_none", SQLITE, known::the_product_has_none),
    (
        "both_engines_end_with_the_same_books",
        POSTGRES,
        known::both_engines_end_with_the_same_books,
    ),
    (
        "planted_differences_change_the_hash",
        BOTH,
        known::planted_differences_change_the_hash,
    ),
    ("an_undo_log_is_played_backwards", SQLITE, |_| {
        disk::an_undo_log_is_played_backwards()
    }),
    (
        "a_failed_fsync_ends_the_process",
        SQLITE,
        failing_disk::a_failed_fsync_ends_the_process,
    ),
    (
        "a_full_disk_ends_the_process",
        SQLITE,
        failing_disk::a_full_disk_ends_the_process,
    ),
];

/// What `make test-long` runs besides, with `CRASH=whole`.
const WHOLE: &[(&str, &[Engine], Body)] = &[
    ("killed_where_money_moves", SQLITE, |engine| {
        matrix::play(Ground::firm(engine), matrix::where_money_moves)
    }),
    ("killed_where_money_moves_first", POSTGRES, |engine| {
        matrix::play(Ground::firm(engine), matrix::where_money_moves_first)
    }),
    ("killed_anywhere", BOTH, |engine| {
        matrix::play(Ground::firm(engine), |_, _| true)
    }),
    (
        "nothing_acknowledged_is_lost",
        SQLITE,
        power::nothing_acknowledged_is_lost,
    ),
    (
        "a_store_that_does_not_wait_is_found_out",
        SQLITE,
        power::a_store_that_does_not_wait_is_found_out,
    ),
    (
        "nothing_acknowledged_is_lost_anywhere",
        SQLITE,
        power::nothing_acknowledged_is_lost_anywhere,
    ),
    (
        "a_lost_commit_of_money_does_nothing_twice",
        POSTGRES,
        lost_commits::a_lost_commit_of_money_does_nothing_twice,
    ),
    (
        "a_lost_commit_does_nothing_twice",
        POSTGRES,
        lost_commits::a_lost_commit_does_nothing_twice,
    ),
];

fn main() {
    let arguments = Arguments::from_args();
    let whole = std::env::var("CRASH").is_ok_and(|word| word == "whole");
    let suites = EVERYDAY.iter().chain(WHOLE.iter().filter(|_| whole));
    let mut trials = Vec::new();
    for (name, engines, body) in suites {
        for engine in Engine::all()
            .into_iter()
            .filter(|engine| engines.contains(engine))
        {
            let full = format!("{name}.{}", engine.name());
            trials.push(Trial::test(full, move || body(engine)));
        }
    }
    libtest_mimic::run(&arguments, trials).exit();
}

/// Runs an async test body to its end.
pub(crate) fn run<F: Future<Output = ()>>(body: F) -> Result<(), Failed> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    runtime
        .map_err(|error| Failed::from(error.to_string()))?
        .block_on(body);
    Ok(())
}
