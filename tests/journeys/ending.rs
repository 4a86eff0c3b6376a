//! However a demo ends, nothing of it stays behind.

use std::process::Command;
use std::time::Duration;

use libtest_mimic::Failed;
use lifeline_tests::{Demo, Engine, Looks};

use crate::{Body, run};

pub(crate) fn tests() -> Vec<(&'static str, &'static [Engine], Body)> {
    vec![(
        "a_killed_demo_takes_its_sandbox_along",
        &[Engine::Sqlite],
        killed,
    )]
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
