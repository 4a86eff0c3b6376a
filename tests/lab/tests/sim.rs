//! The simulation itself: a seed replays to the bit, in any process and on any number of threads,
//! and the verdict finds faults that are planted into the product.

#![expect(clippy::expect_used, reason = "a broken promise panics")]

use std::process::{Command, Output};

fn sim(arguments: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_lifeline-lab");
    Command::new(program)
        .arg("sim")
        .args(arguments)
        .output()
        .expect("the lab starts")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn last_line(text: &str) -> &str {
    text.lines().last().unwrap_or_default()
}

#[test]
fn a_seed_replays_to_the_bit_in_any_process() {
    let once = sim(&["--histories", "24", "--seed", "5000", "--threads", "1"]);
    let again = sim(&["--histories", "24", "--seed", "5000", "--threads", "3"]);
    let text = said(&once);
    assert!(text.contains("digest "), "{text}");
    assert_eq!(text, said(&again), "the same seeds said something else");
    assert_eq!(once.status.code(), again.status.code(), "{text}");
    let others = sim(&["--histories", "24", "--seed", "6000"]);
    assert_ne!(text, said(&others), "other seeds said the same");
}

/// A part of what `make test` lives, for runs of this package alone and for the mutants.
#[test]
fn no_history_loses_doubles_or_forgets() {
    let output = sim(&["--histories", "600", "--seed", "1"]);
    let text = said(&output);
    assert!(output.status.success(), "{text}");
    assert_eq!(last_line(&text), "histories: 600 failed: 0");
}

#[test]
fn what_a_failing_run_prints_fails_again() {
    let output = sim(&["--histories", "300", "--planted", "hasty-refund"]);
    let text = said(&output);
    let told = text
        .lines()
        .find_map(|line| line.split_once("--histories 1 --trace"));
    let (_, arguments) = told.expect("a command that lives it again");
    let arguments = arguments.trim_end_matches([')', ' ']);
    let mut again = vec!["--histories", "1", "--planted", "hasty-refund"];
    again.extend(arguments.split_whitespace());
    let again = said(&sim(&again));
    assert!(again.contains("double: "), "{again}");
}

#[test]
fn a_trace_tells_what_happened_and_changes_nothing() {
    let plain = sim(&["--histories", "1", "--seed", "77"]);
    let traced = sim(&["--histories", "1", "--seed", "77", "--trace"]);
    let (plain, traced) = (said(&plain), said(&traced));
    assert!(traced.contains("taps for"), "{traced}");
    let end = |text: &str| {
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len() - 3..].join("\n")
    };
    assert_eq!(end(&traced), end(&plain));
}

/// Each planted fault, and the word by which the verdict must name what came of it.
fn is_found(fault: &str, from: &str, word: &str) {
    let args = ["--histories", "5000", "--seed", from, "--planted", fault];
    let output = sim(&args);
    let text = said(&output);
    assert!(text.contains(word), "{fault} was not found:\n{text}");
    assert_eq!(output.status.code(), Some(1), "{fault}");
    assert!(!last_line(&text).ends_with("failed: 0"), "{fault}");
}

#[test]
fn the_verdict_finds_a_posting_that_is_planted_twice() {
    // To many a history before this one it does only that nothing of it ends: a day of questions, which a debug build takes minutes for.
    is_found("double-post", "45", "double: ");
}

#[test]
fn the_verdict_finds_a_refund_that_is_planted_too_early() {
    is_found("hasty-refund", "1", "double: ");
}

#[test]
fn the_verdict_finds_a_refund_that_is_planted_lost() {
    is_found("lost-refund", "1", "lost: ");
}

#[test]
fn the_verdict_finds_a_posting_that_is_planted_lost() {
    is_found("lost-post", "1", "lost: ");
}

#[test]
fn the_verdict_finds_what_never_ends() {
    let output = sim(&[
        "--histories",
        "2",
        "--seed",
        "3",
        "--planted",
        "never-final",
    ]);
    let text = said(&output);
    assert!(text.contains("stuck: line "), "{text}");
    assert_eq!(output.status.code(), Some(1));
}
