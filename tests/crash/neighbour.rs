//! What stands beside the first gateway in the drills: a second one on the same records, and a Redis
//! that can be killed.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use lifeline_tests::Looks;
use lifeline_tests::ports::Row;
use tempfile::TempDir;

use crate::stage::{SIGKILL, Stage, program, wait_for};

/// A further gateway: the product as it is released, on ports of its own.
#[derive(Debug)]
pub(crate) struct Neighbour {
    process: Child,
    ports: Row,
    _dir: TempDir,
}

/// A few people of a drill ask as often as many people would.
pub(crate) fn unlimited() -> Vec<(&'static str, String)> {
    let limits = [
        "LIFELINE__LIMITS__PER_ADDRESS_MINUTE",
        "LIFELINE__LIMITS__PER_ACCOUNT_MINUTE",
        "LIFELINE__LIMITS__PER_NETWORK_MINUTE",
        "LIFELINE__LIMITS__FUNCTIONS_PERCENT",
        "LIFELINE__LIMITS__STEP_UP_DAY_FEN",
        "LIFELINE__LIMITS__STEP_UP_NEW_FEN",
    ];
    limits
        .map(|limit| (limit, "1000000000".to_owned()))
        .to_vec()
}

impl Neighbour {
    /// Starts it and waits until it answers.
    pub(crate) fn beside(stage: &Stage, arguments: &[String]) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let (ports, ready) = (Row::take(), dir.path().join("ready"));
        let log = stage.log_file("second.log");
        let mut command = Command::new(program("lifeline"));
        command
            .args([
                "demo",
                "--no-seed",
                "--port-base",
                &ports.first().to_string(),
            ])
            .args(stage.joining())
            .arg("--ready-file")
            .arg(&ready)
            .args(arguments)
            .envs(unlimited())
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("the log file"))
            .stderr(log);
        let mut process = command.spawn().expect("lifeline");
        if let Err(why) = wait_for(&ready, &mut process) {
            panic!("the second gateway {why}: {}", stage.whole_log());
        }
        Self {
            process,
            ports,
            _dir: dir,
        }
    }

    pub(crate) fn address(&self, offset: u16) -> String {
        format!("http://127.0.0.1:{}", self.ports.first() + offset)
    }

    /// Whether it still runs: a drill ends no gateway.
    pub(crate) fn lives(&mut self) -> bool {
        self.process.try_wait().expect("the process").is_none()
    }
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A Redis of one drill, without a disk.
#[derive(Debug)]
pub(crate) struct Redis {
    process: Option<Child>,
    port: Row,
    dir: TempDir,
}

impl Redis {
    pub(crate) async fn start() -> Self {
        let mut redis = Self {
            process: None,
            port: Row::take(),
            dir: tempfile::tempdir().expect("a folder"),
        };
        redis.again().await;
        redis
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port.first())
    }

    /// Starts it on the port it had, empty.
    pub(crate) async fn again(&mut self) {
        assert!(self.process.is_none(), "it runs already");
        let log = self.log();
        let server = Command::new("redis-server")
            .args([
                "--bind",
                "127.0.0.1",
                "--port",
                &self.port.first().to_string(),
            ])
            .args(["--save", "", "--appendonly", "no", "--daemonize", "no"])
            .arg("--dir")
            .arg(self.dir.path())
            .arg("--logfile")
            .arg(&log)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        self.process = Some(server.expect("redis-server"));
        let mut looks = Looks::every(Duration::from_millis(10));
        while self.ask("PING").await.is_none() {
            let text = std::fs::read_to_string(&log).unwrap_or_default();
            assert!(looks.again().await, "no Redis: {text}");
        }
    }

    fn log(&self) -> PathBuf {
        self.dir.path().join("redis.log")
    }

    /// Ends it with signal 9.
    pub(crate) fn kill(&mut self) {
        use std::os::unix::process::ExitStatusExt as _;
        let mut process = self.process.take().expect("a Redis to kill");
        process.kill().expect("a Redis to kill");
        let status = process.wait().expect("its end");
        assert_eq!(status.signal(), Some(SIGKILL));
    }

    /// How many keys it holds.
    pub(crate) async fn keys(&self) -> i64 {
        let held = self.ask("DBSIZE").await.expect("a Redis that answers");
        redis::from_redis_value(held).expect("a number")
    }

    pub(crate) async fn flush(&self) {
        self.ask("FLUSHALL").await.expect("a Redis that answers");
    }

    async fn ask(&self, command: &str) -> Option<redis::Value> {
        let client = redis::Client::open(self.url()).expect("an address");
        let mut connection = client.get_multiplexed_async_connection().await.ok()?;
        redis::cmd(command).query_async(&mut connection).await.ok()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}
