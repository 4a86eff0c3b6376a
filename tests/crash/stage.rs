//! A sandbox and a gateway as two processes of their own, so that the gateway can be killed and
//! started again while the outside world goes on.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use lifeline_tests::engine::{Engine, new_database};
use lifeline_tests::http;
use lifeline_tests::patience::PATIENCE;
use lifeline_tests::ports::Row;
use lifeline_tests::proxy::host_of;
use lifeline_tests::{Looks, Proxy};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Between two looks at a process.
const BREATH: Duration = Duration::from_millis(3);
/// The hour of the day at which a run begins: far from midnight and from the cut-off.
pub(crate) const BEGIN_HOUR: i64 = 10;
const DAY_S: i64 = 86_400;
const SHANGHAI_AHEAD_S: i64 = 8 * 3600;
pub(crate) const SIGKILL: i32 = 9;

/// What a gateway is started with besides what every gateway of a stage gets.
#[derive(Debug, Clone, Default)]
pub(crate) struct Conditions {
    /// The plan of fault points; empty: they are only counted.
    pub(crate) plan: String,
    pub(crate) environment: Vec<(&'static str, String)>,
    pub(crate) arguments: Vec<String>,
}

impl Conditions {
    pub(crate) fn plan(text: impl Into<String>) -> Self {
        Self {
            plan: text.into(),
            ..Self::default()
        }
    }
}

/// One small world.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) engine: Engine,
    pub(crate) http: reqwest::Client,
    dir: TempDir,
    ports: Row,
    sandbox: Child,
    gateway: Option<Child>,
    /// How far the world's time is ahead of the machine's.
    ahead_s: i64,
    database_url: Option<String>,
    /// The database as gateways see it, when that is not as we do.
    database_seen: Option<String>,
    starts: u32,
}

/// A program built beside this test.
pub(crate) fn program(name: &str) -> PathBuf {
    let path = lifeline_tests::demo::binary().with_file_name(name);
    assert!(
        path.is_file(),
        "{} is missing: run deploy/dev/build-fault-points.sh",
        path.display()
    );
    path
}

/// Seconds from the machine's now to the morning of the day after next in Shanghai: one and the same for every world of
/// this process, also when the machine's day ends meanwhile. What is owed on another day is another sum.
fn until_morning() -> i64 {
    static MORNING: std::sync::OnceLock<i64> = std::sync::OnceLock::new();
    let now = jiff::Timestamp::now().as_second();
    let morning = MORNING.get_or_init(|| {
        let second_of_day = (now + SHANGHAI_AHEAD_S).rem_euclid(DAY_S);
        now - second_of_day + 2 * DAY_S + BEGIN_HOUR * 3600
    });
    morning - now
}

pub(crate) fn wait_for(file: &Path, process: &mut Child) -> Result<(), String> {
    let mut looks = Looks::every(BREATH);
    while !file.is_file() {
        if let Some(status) = process.try_wait().expect("the process") {
            return Err(format!("ended with {status} before it was ready"));
        }
        if !looks.again_blocking() {
            return Err("was not ready in time".to_owned());
        }
    }
    Ok(())
}

impl Stage {
    /// A sandbox at ten in the morning, and the store's place; no gateway yet.
    pub(crate) async fn open(engine: Engine) -> Self {
        Self::open_later(engine, 0).await
    }

    /// The same so many seconds after ten.
    pub(crate) async fn open_later(engine: Engine, later_s: i64) -> Self {
        let database_url = match engine {
            Engine::Sqlite => None,
            Engine::Postgres => Some(new_database().await),
        };
        let dir = tempfile::tempdir().expect("a folder");
        let keys = dir.path().join("data/keys");
        std::fs::create_dir_all(&keys).expect("a folder for keys");
        copy_keys(&keys);
        let (ports, ahead_s) = (Row::take(), until_morning() + later_s);
        let log = |name: &str| log_file(dir.path(), name);
        let at = |offset: u16| format!("http://127.0.0.1:{}", ports.first() + offset);
        let ready = dir.path().join("sandbox.ready");
        let mut sandbox = Command::new(program("lifeline-sandbox"))
            .args(["--port", &(ports.first() + 3).to_string(), "--no-seed"])
            .args(["--line", &at(0), "--callback", &at(4), "--ops", &at(2)])
            .args(["--clock-offset-s", &ahead_s.to_string()])
            .arg("--keys-dir")
            .arg(&keys)
            .arg("--ready-file")
            .arg(&ready)
            .arg("--exit-with-stdin")
            .stdin(Stdio::piped())
            .stdout(log("sandbox.log"))
            .stderr(log("sandbox.log"))
            .spawn()
            .expect("lifeline-sandbox");
        if let Err(why) = wait_for(&ready, &mut sandbox) {
            panic!(
                "the sandbox {why}: {}",
                read(&dir.path().join("sandbox.log"))
            );
        }
        let http = http::client()
            .timeout(PATIENCE)
            .build()
            .expect("an HTTP client");
        let stage = Self {
            engine,
            http,
            dir,
            ports,
            sandbox,
            gateway: None,
            ahead_s,
            database_url,
            database_seen: None,
            starts: 0,
        };
        stage.write_world(&stage.address(3));
        stage
    }

    /// Puts a proxy between gateways and their database.
    pub(crate) async fn database_behind_proxy(&mut self) -> Proxy {
        let url = self.database_url.as_deref().expect("a database server");
        let proxy = Proxy::before(host_of(url)).await;
        self.database_seen = Some(proxy.instead_of(url));
        proxy
    }

    /// Puts a proxy between gateways and everything outside; the test's own hand goes past it.
    pub(crate) async fn sandbox_behind_proxy(&self) -> Proxy {
        let url = self.address(3);
        let proxy = Proxy::before(host_of(&url)).await;
        self.write_world(&proxy.instead_of(&url));
        proxy
    }

    /// The ready file that gateways join.
    fn write_world(&self, sandbox: &str) {
        let joined = json!({"line": self.address(0), "console": self.address(1), "ops": self.address(2),
            "sandbox": sandbox, "callback": self.address(4), "pid": 0,
            "pids": {"gateway": 0, "sandbox": self.sandbox.id()}, "database": self.engine.name(), "staff": []});
        std::fs::write(self.dir.path().join("world.json"), joined.to_string())
            .expect("a ready file");
    }

    pub(crate) fn address(&self, offset: u16) -> String {
        format!("http://127.0.0.1:{}", self.ports.first() + offset)
    }

    pub(crate) fn line(&self) -> String {
        self.address(0)
    }

    pub(crate) fn folder(&self) -> &Path {
        self.dir.path()
    }

    /// The embedded store's file.
    pub(crate) fn database_file(&self) -> PathBuf {
        self.dir.path().join("data/lifeline.db")
    }

    pub(crate) fn database_url(&self) -> Option<&str> {
        self.database_url.as_deref()
    }

    /// Where the fault points of start number `start` (from 1) write.
    pub(crate) fn points(&self, start: u32) -> PathBuf {
        self.dir.path().join(format!("points-{start}"))
    }

    /// Starts a gateway and does not wait for it.
    pub(crate) fn launch(&mut self, conditions: &Conditions) {
        assert!(self.gateway.is_none(), "a gateway runs already");
        self.starts += 1;
        let points = self.points(self.starts);
        std::fs::create_dir_all(&points).expect("a folder for fault points");
        std::fs::write(points.join("plan"), &conditions.plan).expect("a plan");
        let _ = std::fs::remove_file(self.ready_file());
        let log = self.log_file("gateway.log");
        let mut command = Command::new(program("lifeline-fault-points"));
        command
            .args([
                "demo",
                "--no-seed",
                "--port-base",
                &self.ports.first().to_string(),
            ])
            .args(self.joining())
            .arg("--ready-file")
            .arg(self.ready_file())
            .env("LIFELINE_FAULT_POINTS", &points)
            .args(&conditions.arguments)
            .envs(
                conditions
                    .environment
                    .iter()
                    .map(|(name, value)| (*name, value)),
            )
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("the log file"))
            .stderr(log);
        self.gateway = Some(command.spawn().expect("lifeline-fault-points"));
    }

    /// What makes a gateway one of this world: its time, its sandbox and keys, its records.
    pub(crate) fn joining(&self) -> Vec<String> {
        let path = |name: &str| {
            let path = self.dir.path().join(name);
            path.to_str().expect("a path in UTF-8").to_owned()
        };
        let mut words = vec!["--clock-ahead-s".to_owned(), self.ahead_s.to_string()];
        words.extend(["--join".to_owned(), path("world.json")]);
        words.extend(["--data-dir".to_owned(), path("data")]);
        if let Some(url) = self.database_seen.as_ref().or(self.database_url.as_ref()) {
            words.extend(["--database-url".to_owned(), url.clone()]);
        }
        words
    }

    /// A log of this stage, to be written on.
    pub(crate) fn log_file(&self, name: &str) -> std::fs::File {
        log_file(self.dir.path(), name)
    }

    fn ready_file(&self) -> PathBuf {
        self.dir.path().join("gateway.ready")
    }

    /// Starts a gateway and waits until it answers, or tells how it ended instead.
    pub(crate) fn start(&mut self, conditions: &Conditions) -> Result<(), ExitStatus> {
        self.launch(conditions);
        let ready = self.ready_file();
        let process = self.gateway.as_mut().expect("the gateway");
        match wait_for(&ready, process) {
            Ok(()) => Ok(()),
            Err(why) => match self.ended() {
                Some(status) => Err(status),
                None => panic!("the gateway {why}: {}", self.log()),
            },
        }
    }

    /// How the gateway ended, when it has; it is then gone from the stage.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        let status = self.gateway.as_mut()?.try_wait().expect("the process")?;
        self.gateway = None;
        Some(status)
    }

    /// Kills the gateway: signal 9.
    pub(crate) fn kill(&mut self) {
        let mut gateway = self.gateway.take().expect("the gateway");
        gateway.kill().expect("a process to kill");
        gateway.wait().expect("its end");
    }

    /// Makes the gateway's process stand still (`STOP`), or go on (`CONT`).
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.gateway.as_ref().expect("the gateway").id();
        // A shell has it built in.
        let told = Command::new("sh")
            .args(["-c", &format!("kill -{name} {pid}")])
            .status();
        assert!(told.expect("a shell").success(), "{name} was refused");
    }

    /// Where a command of the product finds these records.
    pub(crate) fn place(&self) -> Vec<String> {
        let data = self.dir.path().join("data");
        let data = data.to_str().expect("a path in UTF-8").to_owned();
        let mut words = vec!["--data-dir".to_owned(), data];
        if let Some(url) = &self.database_url {
            words.extend(["--database-url".to_owned(), url.clone()]);
        }
        words
    }

    /// The same for one that works at the world's time.
    pub(crate) fn records(&self) -> Vec<String> {
        let mut words = self.place();
        words.extend(["--clock-ahead-s".to_owned(), self.ahead_s.to_string()]);
        words
    }

    /// The world's time, in seconds of the Unix time.
    pub(crate) fn now_s(&self) -> i64 {
        jiff::Timestamp::now().as_second() + self.ahead_s
    }

    /// Seconds of the world's day in Shanghai that are over.
    pub(crate) fn second_of_day(&self) -> i64 {
        (self.now_s() + SHANGHAI_AHEAD_S).rem_euclid(DAY_S)
    }

    /// Waits for the gateway's end.
    pub(crate) fn wait_ended(&mut self) -> ExitStatus {
        let mut looks = Looks::every(BREATH);
        while looks.again_blocking() {
            if let Some(status) = self.ended() {
                return status;
            }
        }
        panic!("the gateway did not end: {}", self.log());
    }

    /// Moves the world's time; a gateway that is down learns of it when it starts.
    pub(crate) async fn advance(&mut self, seconds: i64) {
        self.ahead_s += seconds;
        let sent = self
            .http
            .post(format!("{}/sim/clock", self.address(3)))
            .json(&json!({"advance_s": seconds}))
            .send()
            .await
            .expect("the sandbox");
        let status = sent.status();
        let text = sent.text().await.expect("the sandbox's answer");
        // 502: the sandbox moved on and the gateway, being dead, did not follow.
        let followed = status.is_success();
        let dead = text.contains("CLOCK_NOT_FOLLOWED");
        assert!(followed || dead, "{status} {text}");
    }

    pub(crate) async fn sandbox(&self, path: &str, body: &Value) -> Value {
        let url = format!("{}{path}", self.address(3));
        let answer = self.http.post(url).json(body).send().await;
        let answer = answer.expect("the sandbox");
        let status = answer.status();
        let text = answer.text().await.expect("the sandbox's answer");
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    pub(crate) async fn sandbox_get(&self, path: &str) -> Value {
        let url = format!("{}{path}", self.address(3));
        let answer = self.http.get(url).send().await.expect("the sandbox");
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.json().await.expect("JSON from the sandbox")
    }

    /// The last lines the gateways wrote.
    pub(crate) fn log(&self) -> String {
        let all = read(&self.dir.path().join("gateway.log"));
        let lines: Vec<&str> = all.lines().collect();
        lines[lines.len().saturating_sub(60)..].join("\n")
    }

    pub(crate) fn whole_log(&self) -> String {
        read(&self.dir.path().join("gateway.log"))
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let gateway = self.gateway.as_mut();
        for process in gateway.into_iter().chain([&mut self.sandbox]) {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

fn log_file(folder: &Path, name: &str) -> std::fs::File {
    let mut options = std::fs::File::options();
    let log = options.create(true).append(true).open(folder.join(name));
    log.expect("a log file")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

/// Making RSA keys is the slowest part of a first start: one set is made and every stage of this
/// process copies it.
fn copy_keys(to: &Path) {
    static MADE: std::sync::OnceLock<TempDir> = std::sync::OnceLock::new();
    let made = MADE.get_or_init(|| {
        let dir = tempfile::tempdir().expect("a folder");
        let ready = dir.path().join("ready");
        let mut sandbox = Command::new(program("lifeline-sandbox"))
            .args(["--no-seed", "--exit-with-stdin", "--keys-dir"])
            .arg(dir.path().join("keys"))
            .arg("--ready-file")
            .arg(&ready)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("lifeline-sandbox");
        let waited = wait_for(&ready, &mut sandbox);
        let _ = sandbox.kill();
        let _ = sandbox.wait();
        waited.expect("a sandbox that makes keys");
        dir
    });
    for file in std::fs::read_dir(made.path().join("keys")).expect("keys") {
        let file = file.expect("a key").path();
        let name = file.file_name().expect("a name");
        std::fs::copy(&file, to.join(name)).expect("a copy of a key");
    }
}
