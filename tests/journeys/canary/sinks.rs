//! Every place that outlives a request, and what is found there.

use std::path::{Path, PathBuf};

use lifeline_tests::{Demo, Phone};

use super::guises::{Canary, Search};
use super::redis_tap::RedisTap;

/// Fewer lines would mean that the finest level was off and the search showed nothing.
pub(super) const LOG_LINES_MIN: usize = 10_000;

/// What holds a canary, by name: log, metrics, addresses asked for, the embedded store with its
/// write-ahead log, the other engine's dump and write-ahead log, Redis.
struct Sinks<'a> {
    searches: [&'a Search; 2],
    codes: &'a [String],
    found: Vec<String>,
}

impl Sinks<'_> {
    fn look(&mut self, sink: &str, bytes: &[u8]) {
        for search in self.searches {
            if let Some(what) = search.find(bytes) {
                self.found.push(format!("{what} in {sink}"));
            }
        }
        let codes = self
            .codes
            .iter()
            .filter(|code| stands_alone(bytes, code.as_bytes()));
        // One could be another number by chance; a sink that keeps codes keeps them all.
        if codes.count() > 1 {
            self.found.push(format!("one-time codes in {sink}"));
        }
    }
}

/// Whether the digits stand somewhere as a word of their own, not behind a decimal point.
fn stands_alone(hay: &[u8], digits: &[u8]) -> bool {
    let word = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    hay.windows(digits.len()).enumerate().any(|(at, window)| {
        let before = at.checked_sub(1).and_then(|at| hay.get(at));
        window == digits
            && !word(before)
            && before != Some(&b'.')
            && !word(hay.get(at + digits.len()))
    })
}

pub(super) async fn search(
    demo: &Demo,
    redis: Option<&RedisTap>,
    personal: &Search,
    (secrets, codes): &(Search, Vec<String>),
) -> Vec<String> {
    let mut sinks = Sinks {
        searches: [personal, secrets],
        codes,
        found: Vec::new(),
    };
    metrics(demo, &mut sinks).await;
    log(demo, &mut sinks);
    addresses(demo, &mut sinks).await;
    store_files(demo, &mut sinks);
    if let Some(url) = demo.database_url() {
        dump(url, &mut sinks);
        write_ahead_log(url, &mut sinks).await;
    }
    if let Some(redis) = redis {
        sinks.look("Redis", &redis.heard().await);
    }
    sinks.found
}

async fn metrics(demo: &Demo, sinks: &mut Sinks<'_>) {
    let address = format!("{}/metrics", demo.address("ops"));
    let answer = reqwest::get(address).await.expect("metrics");
    let text = answer.text().await.expect("their text");
    assert!(text.contains("lifeline_requests_total"));
    sinks.look("the metrics", text.as_bytes());
}

/// The gateway writes JSON lines, a panic included; the sandbox, which shares the file, does not: its
/// own lines are the outside world's.
fn log(demo: &Demo, sinks: &mut Sinks<'_>) {
    let log = demo.log();
    let lines = log.lines().count();
    assert!(
        lines >= LOG_LINES_MIN,
        "only {lines} log lines: the finest level is not on"
    );
    let traced = log.lines().any(|line| line.contains("\"level\":\"TRACE\""));
    assert!(traced, "no line of the finest level");
    for line in log.lines() {
        let outside = !line.starts_with('{') && line.contains("lifeline_sandbox");
        if !outside {
            sinks.look(&format!("the log: {line}"), line.as_bytes());
        }
    }
}

/// Everything the gateway asked the outside for by URL. Marketing's contract names the home, or the generator,
/// in the path; nothing else may stand there.
async fn addresses(demo: &Demo, sinks: &mut Sinks<'_>) {
    const NAMED: [&str; 2] = ["/mkt/v1/consumers/", "/mkt/v1/generators/"];
    let asked = Phone::new(demo).sandbox_get("/sim/targets").await;
    let lines = asked.as_array().cloned().unwrap_or_default();
    assert!(lines.len() > 20, "hardly any call was noted: {asked}");
    for line in lines.iter().filter_map(serde_json::Value::as_str) {
        let mut rest = line.to_owned();
        for named in NAMED {
            if let Some((before, after)) = line.split_once(named) {
                let after = after.trim_start_matches(|c: char| c.is_ascii_digit());
                rest = format!("{before}{named}{after}");
            }
        }
        sinks.look(&format!("an address: {line}"), rest.as_bytes());
    }
}

fn store_files(demo: &Demo, sinks: &mut Sinks<'_>) {
    let mut found = Vec::new();
    files(&demo.data(), &mut found);
    if demo.database_url().is_none() {
        let wal = found.iter().find(|file| file.ends_with("lifeline.db-wal"));
        let size = wal
            .and_then(|file| file.metadata().ok())
            .map_or(0, |file| file.len());
        assert!(size > 0, "no write-ahead log to search");
    }
    assert!(!found.is_empty());
    for file in found {
        let bytes = std::fs::read(&file).unwrap_or_default();
        sinks.look(&format!("the file {}", file.display()), &bytes);
    }
}

/// The files of a folder, deep.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

fn dump(url: &str, sinks: &mut Sinks<'_>) {
    let dump = std::process::Command::new("pg_dump")
        .arg(url)
        .output()
        .expect("pg_dump");
    let said = String::from_utf8_lossy(&dump.stderr);
    assert!(dump.status.success(), "pg_dump: {said}");
    let text = String::from_utf8_lossy(&dump.stdout);
    assert!(text.contains("CREATE TABLE"));
    sinks.look("the dump", &dump.stdout);
}

/// What was written and changed again is in no dump, but still in the log that is replayed.
async fn write_ahead_log(url: &str, sinks: &mut Sinks<'_>) {
    let client = connected(url).await;
    let flushed = "CHECKPOINT";
    client.batch_execute(flushed).await.expect("a checkpoint");
    let segments = "SELECT name, pg_read_binary_file('pg_wal/' || name) FROM pg_ls_waldir() \
        WHERE name <= pg_walfile_name(pg_current_wal_lsn()) AND name ~ '^[0-9A-F]{24}$'";
    let rows = client
        .query(segments, &[])
        .await
        .expect("the write-ahead log");
    assert!(!rows.is_empty());
    for row in rows {
        let (name, bytes): (String, Vec<u8>) = (row.get(0), row.get(1));
        sinks.look(&format!("the write-ahead log {name}"), &bytes);
    }
}

async fn connected(url: &str) -> tokio_postgres::Client {
    let made = tokio_postgres::connect(url, tokio_postgres::NoTls).await;
    let (client, connection) = made.expect("the database");
    tokio::spawn(connection);
    client
}

/// Puts a value nobody has into each sink a test can write to and demands that it is found there.
pub(super) async fn finds_what_is_planted(demo: &Demo, redis: Option<&RedisTap>) {
    let planted = format!("0{:012}", u64::from(std::process::id()) + 700_000_000_000);
    let search = Search::new(vec![Canary::new("planted", &planted)]);
    let none = (Search::new(Vec::new()), Vec::new());
    assert_eq!(
        self::search(demo, redis, &search, &none).await,
        Vec::<String>::new()
    );
    demo.append_to_log(&format!("a careless line about {planted}"));
    let encoded = hex::encode(&planted);
    std::fs::write(demo.data().join("careless.txt"), encoded).expect("a file");
    let mut sinks = vec!["the log", "careless.txt"];
    if let Some(url) = demo.database_url() {
        let table = format!("CREATE TABLE careless AS SELECT '{planted}'::text AS number");
        connected(url)
            .await
            .batch_execute(&table)
            .await
            .expect("a table");
        sinks.extend(["the dump", "the write-ahead log"]);
    }
    if let Some(redis) = redis {
        redis.plant(&planted).await;
        sinks.push("Redis");
    }
    let found = self::search(demo, redis, &search, &none).await;
    for sink in sinks {
        let told = found.iter().any(|leak| leak.contains(sink));
        assert!(told, "the search misses what lies in {sink}: {found:?}");
    }
}
