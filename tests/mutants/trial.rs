//! Runs the tests of one binary in the copied tree and reads what became of each.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::recipe::{Binary, Engine};

/// One test that was run.
#[derive(Debug, Clone)]
pub(crate) struct Ran {
    pub(crate) name: String,
    pub(crate) passed: bool,
}

/// What a run of a binary said.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) ran: Vec<Ran>,
    pub(crate) text: String,
}

pub(crate) struct Bench {
    pub(crate) tree: PathBuf,
    pub(crate) builds: PathBuf,
}

/// cargo-nextest's exit code for tests that failed, as against builds or options that did.
const TESTS_FAILED: i32 = 100;

impl Bench {
    fn cargo(&self) -> Command {
        let mut cargo = Command::new("cargo");
        cargo
            .current_dir(&self.tree)
            .env("CARGO_TARGET_DIR", &self.builds)
            .env("RUST_BACKTRACE", "0")
            // A build per mutant: nobody will look at their line numbers.
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .env_remove("CARGO_MANIFEST_DIR");
        cargo
    }

    /// The programs that tests from outside start.
    fn build_programs(&self) -> Result<(), String> {
        let built = self
            .cargo()
            .args([
                "build",
                "--locked",
                "-p",
                "lifeline",
                "-p",
                "lifeline-sandbox",
            ])
            .output()
            .map_err(|error| format!("cargo does not start: {error}"))?;
        if built.status.success() {
            Ok(())
        } else {
            let said = String::from_utf8_lossy(&built.stderr);
            Err(format!("the programs do not build:\n{said}"))
        }
    }

    /// Runs the tests of `binary` on `engine`, or only those whose names end as given.
    pub(crate) fn run(
        &self,
        binary: &Binary,
        engine: Engine,
        only: &[String],
        environment: &[(&str, &str)],
    ) -> Result<Outcome, String> {
        if binary.package == "lifeline-tests" {
            self.build_programs()?;
        }
        let mut command = self.cargo();
        command.args([
            "nextest",
            "run",
            "--locked",
            "--no-fail-fast",
            "--color=never",
        ]);
        command.args(["--status-level=all", "--final-status-level=none"]);
        command.args(["--show-progress=none", "-p", binary.package]);
        match &binary.test {
            Some(test) => command.args(["--test", test]),
            None if binary.package == "lifeline" => command.args(["--bin", "lifeline"]),
            None => command.arg("--lib"),
        };
        command.args(["-E", &filter(engine, only)]);
        command.envs(environment.iter().copied());
        let done = command
            .output()
            .map_err(|error| format!("cargo does not start: {error}"))?;
        let text = format!(
            "{}{}",
            String::from_utf8_lossy(&done.stdout),
            String::from_utf8_lossy(&done.stderr)
        );
        match done.status.code() {
            Some(0 | TESTS_FAILED) => {}
            _ => return Err(format!("the tests were not run:\n{}", tail(&text))),
        }
        let ran: Vec<Ran> = text.lines().filter_map(ran).collect();
        if ran.is_empty() {
            return Err(format!("no test was run:\n{}", tail(&text)));
        }
        Ok(Outcome { ran, text })
    }
}

fn filter(engine: Engine, only: &[String]) -> String {
    let engine = match engine {
        Engine::Sqlite => "not test(/postgres/)",
        Engine::Postgres => "not test(/sqlite/)",
        Engine::Both => "all()",
    };
    if only.is_empty() {
        return engine.to_owned();
    }
    let ends = only.iter().map(|name| {
        let literal: String = name
            .chars()
            .flat_map(|c| {
                if c.is_alphanumeric() || c == '_' {
                    vec![c]
                } else {
                    vec!['\\', c]
                }
            })
            .collect();
        format!("test(/(^|::|\\.){literal}(\\.sqlite|\\.postgres)?$/)")
    });
    format!("({engine}) and ({})", ends.collect::<Vec<_>>().join(" or "))
}

/// `PASS [   0.012s] (1/9) package::binary name`, or the same with FAIL, TIMEOUT, SIGABRT, ...
fn ran(line: &str) -> Option<Ran> {
    let (status, rest) = line.trim_start().split_once(" [")?;
    let upper =
        |c: char| c.is_ascii_uppercase() || matches!(c, ' ' | '+' | '-') || c.is_ascii_digit();
    if status.is_empty() || !status.chars().all(upper) {
        return None;
    }
    let (time, rest) = rest.split_once("] ")?;
    time.trim().strip_suffix('s')?.parse::<f64>().ok()?;
    let mut words = rest.trim_start();
    if words.starts_with('(') {
        words = words.split_once(") ")?.1.trim_start();
    }
    let (binary, name) = words.split_once(' ')?;
    let of_ours = binary.starts_with("lifeline");
    of_ours.then(|| Ran {
        name: name.trim().to_owned(),
        passed: status == "PASS",
    })
}

pub(crate) fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let from = lines.len().saturating_sub(40);
    lines.get(from..).unwrap_or_default().join("\n")
}

/// Where a lane's copy and its builds are kept.
pub(crate) fn bench(target: &Path, lane: usize) -> Bench {
    let home = target.join("mutants").join(lane.to_string());
    Bench {
        tree: home.join("tree"),
        builds: home.join("build"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_runner_are_read() {
        let read = |line: &str| ran(line).map(|ran| (ran.name, ran.passed));
        let yes = |name: &str, passed| Some((name.to_owned(), passed));
        assert_eq!(
            read(
                "        PASS [   0.031s] ( 1/61) lifeline-adapters::payments payments.told.sqlite"
            ),
            yes("payments.told.sqlite", true)
        );
        assert_eq!(
            read("        FAIL [   1.031s] lifeline-core payments::table_p::tests::x"),
            yes("payments::table_p::tests::x", false)
        );
        assert_eq!(
            read("     TIMEOUT [ 180.000s] (3/9) lifeline-core a::b"),
            yes("a::b", false)
        );
        for other in [
            "     Summary [  16.037s] 41 tests run: 38 passed",
            "    Starting 3 tests",
            "",
        ] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
