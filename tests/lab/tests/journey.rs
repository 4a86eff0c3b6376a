//! A journey that cannot be played says why: to a script on standard output, to a person on standard error.

#![expect(clippy::expect_used, reason = "a broken promise panics")]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn journey(ready_file: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lifeline-lab"))
        .arg("journey")
        .arg("--ready-file")
        .arg(ready_file)
        .args(arguments)
        .output()
        .expect("the lab starts")
}

/// Refused for `reason`, with advice, on standard error; what a script reads of it.
fn refused(output: &Output, reason: &str) -> Option<Value> {
    assert_eq!(output.status.code(), Some(2), "wrong usage");
    let why = String::from_utf8_lossy(&output.stderr);
    assert!(why.contains(reason) && why.contains("what to do"), "{why}");
    serde_json::from_slice(&output.stdout).ok()
}

#[test]
fn a_journey_that_cannot_be_played_says_why_to_scripts_and_persons() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let missing = folder.join("no-such-ready-file.json");
    let said = refused(&journey(&missing, &["--json"]), "no-such-ready-file");
    let said = said.expect("one JSON object");
    assert_eq!(said.get("failed"), Some(&Value::from(1)), "{said}");
    let error = said.get("error").and_then(Value::as_str);
    assert!(
        error.is_some_and(|error| error.contains("no-such-ready-file")),
        "{said}"
    );
    assert!(refused(&journey(&missing, &[]), "cannot be read").is_none());

    let ready = folder.join("ready-file.json");
    let text = r#"{"line": "http://127.0.0.1:9", "sandbox": "http://127.0.0.1:9"}"#;
    std::fs::write(&ready, text).expect("a ready file");
    let unknown = journey(&ready, &["--json", "--fault", "NO_SUCH_KIND"]);
    let said = refused(&unknown, "HTTP_500").expect("one JSON object");
    let advice = said.get("advice").and_then(Value::as_str);
    assert!(
        advice.is_some_and(|advice| advice.contains("HTTP_500")),
        "{said}"
    );
}
