//! What the journey prints: a line per step for people, one JSON object for scripts.

use std::io::Write as _;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::Wrong;

pub(crate) struct Report {
    json: bool,
    runs: Vec<Value>,
    steps: Vec<Value>,
    name: String,
    failed: usize,
}

impl Report {
    pub(crate) fn new(json: bool) -> Self {
        Self {
            json,
            runs: Vec::new(),
            steps: Vec::new(),
            name: String::new(),
            failed: 0,
        }
    }

    pub(crate) fn begin(&mut self, name: &str) {
        self.name = name.to_owned();
        self.steps.clear();
        self.say(&format!("journey: {name}"));
    }

    pub(crate) fn step(&mut self, name: &str, outcome: &str) {
        self.steps.push(json!({"step": name, "outcome": outcome}));
        self.say(&format!("  ok    {name}: {outcome}"));
    }

    pub(crate) fn wrong(&mut self, name: &str, wrong: &Wrong) {
        self.steps
            .push(json!({"step": name, "wrong": wrong.to_string()}));
        self.say(&format!("  WRONG {name}: {wrong}"));
        self.failed = self.failed.saturating_add(1);
    }

    pub(crate) fn end(&mut self, ok: bool) {
        self.runs
            .push(json!({"journey": self.name, "ok": ok, "steps": self.steps}));
    }

    pub(crate) fn close(self) -> ExitCode {
        let passed = self
            .runs
            .len()
            .saturating_sub(self.failed.min(self.runs.len()));
        if self.json {
            let body = json!({"passed": passed, "failed": self.failed, "runs": self.runs});
            let _ = writeln!(std::io::stdout(), "{body}");
        } else {
            self.say(&format!("{passed} passed, {} failed", self.failed));
        }
        if self.failed == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }

    /// It was called in a way that it cannot play: a script reads why on standard output, a person on standard error.
    pub(crate) fn refuse(self, wrong: &Wrong, advice: &str) -> ExitCode {
        if self.json {
            let said = wrong.to_string();
            let body =
                json!({"passed": 0, "failed": 1, "runs": [], "error": said, "advice": advice});
            let _ = writeln!(std::io::stdout(), "{body}");
        }
        let mut out = std::io::stderr();
        let _ = writeln!(out, "lifeline-lab: {wrong}\n  what to do: {advice}");
        ExitCode::from(2)
    }

    fn say(&self, line: &str) {
        if !self.json {
            let _ = writeln!(std::io::stdout(), "{line}");
        }
    }
}
