//! However a demo ends, nothing of it stays behind.

use std::process::Command;
use std::time::{Duration, Instant};

use libtest_mimic::Failed;
use lifeline_core::shared::time::Time;
use lifeline_tests::{Demo, Engine, Looks, Phone};

use crate::fixtures::BOTH;
use crate::records::count;
use crate::{Body, run};

pub(crate) fn tests() -> Vec<(&'static str, &'static [Engine], Body)> {
    vec![
        (
            "a_killed_demo_takes_its_sandbox_along",
            &[Engine::Sqlite],
            killed,
        ),
        (
            "ln_31_a_killed_gateway_says_until_when_it_counted",
            BOTH,
            counted,
        ),
        (
            "ln_31_a_kill_takes_at_most_the_last_second_that_was_not_written",
            BOTH,
            taken_by_a_kill,
        ),
    ]
}

fn is_alive(pid: u64) -> bool {
    let asked = Command::new("kill").args(["-0", &pid.to_string()]).output();
    asked.is_ok_and(|answer| answer.status.success())
}

fn killed(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let demo = Demo::start(engine).await;
        let sandbox = demo.sandbox_pid();
        assert!(is_alive(sandbox), "the sandbox of a running demo runs");
        // Dropping kills the gateway with signal 9: it has no chance to tidy up.
        drop(demo);
        let mut looks = Looks::every(Duration::from_millis(20));
        while is_alive(sandbox) {
            assert!(looks.again().await, "the sandbox stayed behind");
        }
    })
}

/// Ends the gateway with signal 9 and waits until nothing of it runs. When it was sent.
async fn kill(demo: &Demo) -> Instant {
    let sandbox = demo.sandbox_pid();
    let pid = demo.pid().to_string();
    let at = Instant::now();
    let sent = Command::new("kill").args(["-9", &pid]).status();
    assert!(sent.is_ok_and(|status| status.success()));
    let mut looks = Looks::every(Duration::from_millis(20));
    while is_alive(sandbox) {
        assert!(looks.again().await, "the gateway lives on");
    }
    at
}

/// A second, as the clocks of the counting have it.
const SECOND: i64 = 1_000_000;
/// How long it said that nothing is missing.
const SAID: &str = "SELECT COALESCE(MAX(flushed_at - began_at), 0) FROM access_run";

/// Nobody asks anything, and it says all the same that nothing is missing; then it is asked something and killed. It
/// has not ended, and what was asked came right after what it said last.
fn counted(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let demo = Demo::start(engine).await;
        let phone = Phone::new(&demo);
        let mut looks = Looks::every(Duration::from_millis(100));
        while count(&demo, SAID).await < 5 * SECOND {
            assert!(looks.again().await, "it never said so");
        }
        let clock = phone.sandbox_get("/sim/clock").await;
        let now = Time::parse_rfc3339(clock["now"].as_str().expect("a time")).expect("a time");
        phone.get("/v1/articles").await;
        kill(&demo).await;
        let ended = "SELECT COUNT(*) FROM access_run WHERE ended_at IS NOT NULL";
        assert_eq!(count(&demo, ended).await, 0, "nobody could end it in order");
        let wrote = count(&demo, "SELECT MAX(flushed_at) FROM access_run").await;
        let late = now.micros() - wrote;
        assert!(late < 60 * SECOND, "{late} after what it said last");
    })
}

/// For how long it is asked before it is killed.
const ASKED: Duration = Duration::from_secs(5);
/// What is counted of the articles, which nobody else asks for.
const READ: &str =
    "SELECT CAST(COALESCE(SUM(n), 0) AS BIGINT) FROM access_latency WHERE function = 20";
/// How old an answer may be that a kill takes: counts are written each second, and a write takes its time.
const TAKEN: Duration = Duration::from_secs(2);

/// It is asked one thing after the other and killed: how old the oldest answer was then that it had not written.
async fn age_of_the_oldest_taken(engine: Engine) -> Duration {
    let demo = Demo::start(engine).await;
    let phone = Phone::new(&demo);
    let mut answered = Vec::new();
    let (began, mut looks) = (Instant::now(), Looks::every(Duration::from_millis(100)));
    while began.elapsed() < ASKED && looks.again().await {
        let answer = phone.get("/v1/articles").await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answered.push(Instant::now());
    }
    let killed_at = kill(&demo).await;
    let wrote = usize::try_from(count(&demo, READ).await).expect("a count");
    assert!(wrote <= answered.len(), "{wrote} of {}", answered.len());
    // They were asked and noted in this order.
    let oldest = answered.get(wrote);
    oldest.map_or(Duration::ZERO, |at| killed_at.duration_since(*at))
}

/// That the machine stood still for a moment is nothing of the gateway's: one kill of three must show it.
fn taken_by_a_kill(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let mut longer = Vec::new();
        while longer.len() < 3 {
            let age = age_of_the_oldest_taken(engine).await;
            if age <= TAKEN {
                return;
            }
            longer.push(age);
        }
        panic!("{longer:?} before the kill, and not counted");
    })
}
