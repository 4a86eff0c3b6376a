//! A demo of a test's own: real processes, free ports, a fresh store; gone when dropped.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::engine::{Engine, new_database};
use crate::patience::Looks;
use crate::ports::Row;

/// What the relay says of an outbox row whose kind nothing carries.
const UNCARRIED: &str = "nobody_carries_this_kind";

/// A running demo.
#[derive(Debug)]
pub struct Demo {
    process: Child,
    dir: TempDir,
    ready: Value,
    database_url: Option<String>,
    _ports: Row,
}

/// The `lifeline` binary beside the test binaries, or the one that `LIFELINE_PROGRAM` names: what ships is tried by
/// the same tests, those without a demo.
///
/// # Panics
/// When it was not built.
#[must_use]
pub fn binary() -> PathBuf {
    if let Some(named) = std::env::var_os("LIFELINE_PROGRAM") {
        let path = PathBuf::from(named);
        assert!(path.is_file(), "{} is missing", path.display());
        return path;
    }
    let own = std::env::current_exe().expect("the test's own path");
    let folder = own
        .parent()
        .and_then(Path::parent)
        .expect("target/<profile>/deps");
    let path = folder.join("lifeline");
    assert!(
        path.is_file(),
        "{} is missing: run deploy/dev/build.sh",
        path.display()
    );
    path
}

impl Demo {
    /// Starts a demo on `engine` with a fresh store and waits until it is ready.
    pub async fn start(engine: Engine) -> Self {
        let database_url = match engine {
            Engine::Sqlite => None,
            Engine::Postgres => Some(new_database().await),
        };
        Self::launch(&binary(), database_url, None, None, &[])
    }

    /// The same of the binaries in `folder`.
    pub async fn start_from(folder: &Path, engine: Engine) -> Self {
        let database_url = match engine {
            Engine::Sqlite => None,
            Engine::Postgres => Some(new_database().await),
        };
        Self::launch(&folder.join("lifeline"), database_url, None, None, &[])
    }

    /// The same with further environment, for example a log filter.
    pub async fn start_with(engine: Engine, environment: &[(&str, &str)]) -> Self {
        let database_url = match engine {
            Engine::Sqlite => None,
            Engine::Postgres => Some(new_database().await),
        };
        Self::launch(&binary(), database_url, None, None, environment)
    }

    /// The same on a database of the caller's, or on a fresh embedded store.
    #[must_use]
    pub fn start_on(database_url: Option<String>, environment: &[(&str, &str)]) -> Self {
        Self::launch(&binary(), database_url, None, None, environment)
    }

    /// A second gateway on the same records, keys and sandbox.
    ///
    /// # Panics
    /// On the embedded store, which belongs to one process.
    #[must_use]
    pub fn second_gateway(&self) -> Self {
        let url = self
            .database_url
            .clone()
            .expect("two gateways need PostgreSQL");
        Self::launch(&binary(), Some(url), Some(self), None, &[])
    }

    /// A gateway on records of its own beside the same sandbox: what a restore put back.
    #[must_use]
    pub fn revived(&self, data: &Path, database_url: Option<String>) -> Self {
        Self::launch(&binary(), database_url, Some(self), Some(data), &[])
    }

    fn launch(
        binary: &Path,
        database_url: Option<String>,
        first: Option<&Self>,
        data: Option<&Path>,
        environment: &[(&str, &str)],
    ) -> Self {
        let (dir, ports) = (tempfile::tempdir().expect("a folder"), Row::take());
        let ready_file = dir.path().join("ready.json");
        // Appending, so that a line a test adds is not written over.
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(dir.path().join("demo.log"))
            .expect("a log file");
        let mut command = Command::new(binary);
        command
            .arg("demo")
            .args(["--port-base", &ports.first().to_string()])
            .arg("--ready-file")
            .arg(&ready_file)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("the log file"))
            .stderr(log)
            .envs(environment.iter().copied());
        let theirs = || first.map_or_else(|| dir.path().join("data"), Self::data);
        let data = data.map_or_else(theirs, Path::to_owned);
        command.arg("--data-dir").arg(data);
        if let Some(url) = &database_url {
            command.args(["--database-url", url]);
            if let Ok(redis) = std::env::var("TEST_REDIS_URL") {
                command.args(["--redis-url", &redis]);
            }
        }
        if let Some(first) = first {
            command
                .arg("--join")
                .arg(first.dir.path().join("ready.json"));
        }
        let mut process = command.spawn().expect("lifeline demo");
        let mut looks = Looks::every(Duration::from_millis(10));
        while !ready_file.is_file() {
            let ended = process.try_wait().expect("the process").is_some();
            if ended || !looks.again_blocking() {
                let _ = process.kill();
                let log = std::fs::read_to_string(dir.path().join("demo.log")).unwrap_or_default();
                panic!("the demo did not become ready:\n{log}");
            }
        }
        let text = std::fs::read_to_string(&ready_file).expect("the ready file");
        let ready = serde_json::from_str(&text).expect("JSON in the ready file");
        Self {
            process,
            dir,
            ready,
            database_url,
            _ports: ports,
        }
    }

    /// An address of the ready file: `line`, `ops`, `sandbox`, `callback`.
    ///
    /// # Panics
    /// When the ready file lacks it.
    #[must_use]
    pub fn address(&self, name: &str) -> String {
        self.ready[name]
            .as_str()
            .expect("an address of the ready file")
            .to_owned()
    }

    /// The gateway's process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// The sandbox's process.
    ///
    /// # Panics
    /// When the ready file names none.
    #[must_use]
    pub fn sandbox_pid(&self) -> u64 {
        self.ready["pids"]["sandbox"]
            .as_u64()
            .expect("the sandbox's pid")
    }

    /// The folder with keys, keyring and embedded store.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// Everything the processes wrote so far.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("demo.log")).unwrap_or_default()
    }

    /// Adds a line to the log, as a careless program would.
    ///
    /// # Panics
    /// When the log cannot be written.
    pub fn append_to_log(&self, line: &str) {
        use std::io::Write as _;
        let path = self.dir.path().join("demo.log");
        let log = std::fs::OpenOptions::new().append(true).open(path);
        writeln!(log.expect("the log"), "{line}").expect("a line in the log");
    }

    /// The PostgreSQL database, when there is one.
    #[must_use]
    pub fn database_url(&self) -> Option<&str> {
        self.database_url.as_deref()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // The sandbox ends with the gateway: its standard input is the gateway's pipe.
        let _ = self.process.kill();
        let _ = self.process.wait();
        if std::thread::panicking() {
            let log = self.log();
            let wrong = |line: &&str| line.contains("WARN") || line.contains("ERROR");
            for line in log.lines().filter(wrong).take(30) {
                eprintln!("demo: {line}");
            }
        } else {
            // Such a row waits for ever, and no answer ever shows it.
            let log = self.log();
            let uncarried = log.lines().find(|line| line.contains(UNCARRIED));
            assert_eq!(uncarried, None);
        }
    }
}
