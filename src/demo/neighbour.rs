//! The sibling binaries a demo needs: found beside `lifeline`, never linked into it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::cli;
use crate::failure::Failure;

/// Where the sandbox listens and whom it calls.
pub(super) struct Addresses {
    pub(super) port: u16,
    pub(super) line: String,
    pub(super) callback: String,
    pub(super) ops: String,
}

/// The running sandbox process. It ends with us: its standard input is our pipe.
pub(super) struct Sandbox {
    child: Child,
    ready_file: PathBuf,
}

/// How long the sandbox may take to answer after it was started: it may have keys to make, on a busy machine.
const START_TIME_MAX: Duration = Duration::from_secs(60);

fn beside(name: &str) -> Result<PathBuf, Failure> {
    let missing = || {
        Failure::usage(format!("{name} is not beside this binary"))
            .advice("build it with `cargo build`, or use `make run`, which builds everything")
    };
    let own = std::env::current_exe().map_err(|_| missing())?;
    let path = own.with_file_name(name);
    if path.is_file() {
        Ok(path)
    } else {
        Err(missing())
    }
}

impl Sandbox {
    pub(super) fn start(addresses: Addresses, keys: &Path, no_seed: bool) -> Result<Self, Failure> {
        let ready_file = keys.join("sandbox.ready");
        let _ = std::fs::remove_file(&ready_file);
        let mut command = Command::new(beside("lifeline-sandbox")?);
        command
            .args(["--port", &addresses.port.to_string()])
            .args(["--line", &addresses.line])
            .args(["--callback", &addresses.callback])
            .args(["--ops", &addresses.ops])
            .arg("--keys-dir")
            .arg(keys)
            .arg("--ready-file")
            .arg(&ready_file)
            .arg("--exit-with-stdin")
            .stdin(Stdio::piped());
        if no_seed {
            command.arg("--no-seed");
        }
        let child = command.spawn().map_err(|error| {
            Failure::failed(format!("the sandbox could not be started: {error}"))
        })?;
        Ok(Self { child, ready_file })
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The sandbox writes its ready file once its port answers.
    pub(super) async fn wait_until_it_answers(&self) -> Result<(), Failure> {
        let began = Instant::now();
        while !self.ready_file.is_file() {
            if began.elapsed() > START_TIME_MAX {
                return Err(Failure::failed("the sandbox does not answer")
                    .advice("is another demo using these ports? try --port-base"));
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Hands the journey to the lab, which plays it over HTTP only.
pub(crate) fn play_journey(args: &cli::Journey) -> Result<(), Failure> {
    let mut command = Command::new(beside("lifeline-lab")?);
    command
        .arg("journey")
        .arg("--ready-file")
        .arg(&args.ready_file);
    if let Some(fault) = &args.fault {
        command.args(["--fault", fault]);
    }
    if args.json {
        command.arg("--json");
    }
    let failed = "the journey did not end as it should; see the step above";
    run_lab(command, "the journey", failed)
}

/// Hands the simulation to the lab.
pub(crate) fn simulate(args: &cli::Sim) -> Result<(), Failure> {
    let mut command = Command::new(beside("lifeline-lab")?);
    command
        .args(["sim", "--histories", &args.histories.to_string()])
        .args(["--seed", &args.seed.to_string()]);
    for part in &args.without {
        command.args(["--without", &part.to_string()]);
    }
    if args.trace {
        command.arg("--trace");
    }
    run_lab(
        command,
        "the simulation",
        "a history failed; see its seed above",
    )
}

fn run_lab(mut command: Command, what: &str, failed: &str) -> Result<(), Failure> {
    let status = command
        .status()
        .map_err(|error| Failure::failed(format!("{what} could not be started: {error}")))?;
    match status.code() {
        Some(0) => Ok(()),
        Some(2) => Err(Failure::usage(format!("{what} was called wrongly"))
            .advice("it said above what is amiss and what to do")),
        _ => Err(Failure::failed(failed)),
    }
}
