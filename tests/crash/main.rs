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

mod browser;
mod desk;
mod disk;
mod doors;
mod failing_disk;
mod household;
mod job;
mod known;
mod links;
mod load;
mod lost_commits;
mod matrix;
mod neighbour;
mod outcome;
mod paper;
mod points;
mod power;
mod restored;
mod stage;
mod stopped;
mod taken_back;
mod town;
mod troubled;

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
    ("killed_after_money_moved_first", BOTH, |engine| {
        matrix::play(Ground::firm(engine), matrix::after_money_moved_first)
    }),
    ("killed_where_money_is_taken_back_first", SQLITE, |engine| {
        matrix::play(Ground::taken_back(engine), matrix::taken_back_first)
    }),
    ("killed_at_the_doors_first", SQLITE, |engine| {
        matrix::play(Ground::doors(engine), matrix::at_the_doors_first)
    }),
    (
        "nothing_acknowledged_is_lost",
        SQLITE,
        power::nothing_acknowledged_is_lost,
    ),
    (
        "a_lost_commit_reply_of_money_does_nothing_twice",
        POSTGRES,
        lost_commits::a_lost_commit_reply_of_money_does_nothing_twice,
    ),
    (
        "a_restored_store_is_recovered_by_the_command",
        SQLITE,
        restored::is_recovered_by_the_command,
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
    (
        "the_database_link_is_cut",
        POSTGRES,
        links::the_database_link_is_cut,
    ),
    (
        "the_database_link_hangs",
        POSTGRES,
        links::the_database_link_hangs,
    ),
    (
        "redis_is_killed_and_emptied",
        POSTGRES,
        links::redis_is_killed_and_emptied,
    ),
    (
        "an_emptied_redis_gives_no_further_guess",
        POSTGRES,
        links::an_emptied_redis_gives_no_further_guess,
    ),
    ("the_channel_hangs", BOTH, links::the_channel_hangs),
];

/// What `make test-long` runs besides, with `CRASH=whole`.
const WHOLE: &[(&str, &[Engine], Body)] = &[
    ("killed_at_every_commit", BOTH, |engine| {
        matrix::play(Ground::firm(engine), matrix::commits)
    }),
    ("killed_at_every_send", BOTH, |engine| {
        matrix::play(Ground::firm(engine), matrix::sends)
    }),
    ("killed_where_only_trouble_leads", BOTH, |engine| {
        matrix::play(Ground::troubled(engine), matrix::only_in_trouble)
    }),
    ("killed_where_money_is_taken_back", BOTH, |engine| {
        matrix::play(Ground::taken_back(engine), matrix::there_and_back)
    }),
    ("killed_at_the_doors", BOTH, |engine| {
        matrix::play(Ground::doors(engine), matrix::at_the_doors)
    }),
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
        "a_lost_commit_does_nothing_twice",
        POSTGRES,
        lost_commits::a_lost_commit_does_nothing_twice,
    ),
    (
        "a_gateway_that_was_stopped_does_nothing_twice",
        POSTGRES,
        stopped::a_gateway_that_was_stopped_does_nothing_twice,
    ),
    (
        "the_database_link_is_away_for_a_minute",
        POSTGRES,
        links::the_database_link_is_away_for_a_minute,
    ),
    (
        "redis_is_away_for_a_minute",
        POSTGRES,
        links::redis_is_away_for_a_minute,
    ),
    (
        "the_channel_hangs_for_a_minute",
        BOTH,
        links::the_channel_hangs_for_a_minute,
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
