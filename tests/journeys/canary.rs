//! No personal data in any sink: the whole main job at the finest log level, then every place text
//! could have gone is searched for the canaries in every guise (money.md 4).

use std::path::Path;

use base64::Engine as _;
use libtest_mimic::Failed;
use lifeline_tests::{Demo, Engine, Phone};
use reqwest::Method;
use serde_json::json;

use crate::fixtures::BOTH;
use crate::{Body, run};

pub(crate) fn tests() -> Vec<(&'static str, &'static [Engine], Body)> {
    vec![("canaries_reach_no_sink", BOTH, canaries)]
}

/// One secret and how it might look elsewhere.
struct Canary {
    name: &'static str,
    guises: Vec<Vec<u8>>,
}

fn canary(name: &'static str, clear: &str) -> Canary {
    let bytes = clear.as_bytes();
    let mut guises = vec![
        bytes.to_vec(),
        base64::engine::general_purpose::STANDARD_NO_PAD
            .encode(bytes)
            .into_bytes(),
        base64::engine::general_purpose::URL_SAFE_NO_PAD
            .encode(bytes)
            .into_bytes(),
        hex::encode(bytes).into_bytes(),
        form_urlencoded::byte_serialize(bytes)
            .collect::<String>()
            .into_bytes(),
        clear
            .chars()
            .map(|c| format!("{c} "))
            .collect::<String>()
            .trim_end()
            .as_bytes()
            .to_vec(),
    ];
    guises.push(encoding_rs::GBK.encode(clear).0.into_owned());
    if clear.is_ascii() && clear.len() > 11 {
        guises.push(clear.as_bytes()[clear.len() - 8..].to_vec());
    }
    guises.dedup();
    Canary { name, guises }
}

fn find<'a>(canaries: &'a [Canary], hay: &[u8]) -> Option<&'a str> {
    canaries
        .iter()
        .find(|c| c.guises.iter().any(|guise| contains(hay, guise)))
        .map(|canary| canary.name)
}

fn contains(hay: &[u8], needle: &[u8]) -> bool {
    !needle.is_empty() && hay.windows(needle.len()).any(|window| window == needle)
}

/// The files of a folder, deep.
fn files(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, found)
        } else {
            found.push(path)
        }
    }
}

/// The first demo person's secrets, as the sandbox knows them.
async fn plant(phone: &Phone) -> (Vec<Canary>, String, String) {
    let people = phone.sandbox_get("/sim/people").await;
    let person = &people[0];
    let text = |name: &str| person[name].as_str().unwrap_or_default().to_owned();
    let number = person["consumer_nos"][0]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let wallets = phone.sandbox_get("/sim/alipay/wallets").await;
    let id_no = wallets
        .as_array()
        .and_then(|all| all.iter().find(|one| one["person"] == person["person"]))
        .and_then(|one| one["id_no"].as_str())
        .map(str::to_owned);
    let mut planted = vec![
        canary("phone", &text("phone")),
        canary("name", &text("name")),
        canary("consumer number", &number),
    ];
    planted.extend(id_no.map(|id_no| canary("ID number", &id_no)));
    assert!(
        find(&planted, number.as_bytes()).is_some(),
        "the search misses a plain canary"
    );
    (planted, number, text("id_last6"))
}

/// The main job and its refusals; every answer is searched.
async fn live(
    demo: &Demo,
    phone: &Phone,
    home: &str,
    (planted, number, last6): &(Vec<Canary>, String, String),
) {
    let clean = |what: &str, text: &str| assert_eq!(find(planted, text.as_bytes()), None, "{what}");
    for rest in ["", "/arrears", "/balance", "/bills", "/payments"] {
        let answer = phone.get(&format!("/v1/bindings/{home}{rest}")).await;
        clean(rest, &answer.text);
    }
    let manual = json!({"consumer_no": number, "proof": {"kind": "id_last6", "value": last6}});
    clean(
        "a manual binding",
        &phone.post("/v1/bindings", &manual).await.text,
    );
    let code = phone
        .post(
            "/v1/otps",
            &json!({"purpose": "bind", "consumer_no": number}),
        )
        .await;
    assert!(code.status.is_success(), "{}", code.text);
    let order = phone.arrears_order(home).await;
    let key = [("idempotency-key", "canary-canary-0001")];
    let payment = phone
        .send(Method::POST, "/v1/payments", Some(&order), &key)
        .await;
    clean("a payment", &payment.text);
    phone.pay_and_rest(&payment.json(), "POSTED").await;
    let leak = json!({"target": "marketing", "kind": "LEAK_SQL", "count": 3, "seed": 1});
    phone.sandbox("/sim/faults", &leak).await;
    phone
        .sandbox("/sim/clock", &json!({"advance_s": 900}))
        .await;
    let again = Phone::sign_in(demo, "li-ming").await;
    for _ in 0..3 {
        clean(
            "figures under LEAK_SQL",
            &again.get(&format!("/v1/bindings/{home}/bills")).await.text,
        );
    }
}

/// Enough traffic, good and refused, for the log to say all it can say.
async fn chatter(demo: &Demo, phone: &Phone, home: &str) {
    while demo.log().lines().count() < LOG_LINES_MIN {
        for rest in ["", "/arrears", "/bills", "/bills/2026-09", "/payments"] {
            let _ = phone.get(&format!("/v1/bindings/{home}{rest}")).await;
        }
        let _ = phone.post("/v1/binding-matches", &json!({})).await;
        let _ = phone.get("/v1/notices").await;
    }
}

/// Every sink that holds a canary, by name: logs, metrics, files, and the database's dump.
async fn search(demo: &Demo, planted: &[Canary]) -> Vec<String> {
    let mut leaks = Vec::new();
    let mut look = |sink: String, bytes: &[u8]| {
        if let Some(name) = find(planted, bytes) {
            leaks.push(format!("{name} in {sink}"));
        }
    };
    let ops = format!("{}/metrics", demo.address("ops"));
    let answer = reqwest::get(ops).await.expect("metrics");
    let metrics = answer.text().await.expect("their text");
    assert!(metrics.contains("lifeline_requests_total"));
    look("the metrics".to_owned(), metrics.as_bytes());
    let log = demo.log();
    let lines = log.lines().count();
    assert!(
        lines >= LOG_LINES_MIN,
        "only {lines} log lines: the finest level is not on"
    );
    // The sandbox shares the log file; its own lines are the outside world's.
    for line in log
        .lines()
        .filter(|line| !line.contains("lifeline_sandbox"))
    {
        look(format!("the log: {line}"), line.as_bytes());
    }
    let mut found = Vec::new();
    files(&demo.data(), &mut found);
    assert!(!found.is_empty());
    for file in found {
        let bytes = std::fs::read(&file).unwrap_or_default();
        look(file.display().to_string(), &bytes);
    }
    if let Some(url) = demo.database_url() {
        let dump = std::process::Command::new("pg_dump")
            .arg(url)
            .output()
            .expect("pg_dump");
        let said = String::from_utf8_lossy(&dump.stderr);
        assert!(dump.status.success(), "pg_dump: {said}");
        assert!(contains(&dump.stdout, b"CREATE TABLE"));
        look("the dump".to_owned(), &dump.stdout);
    }
    leaks
}

/// Puts a canary into each sink a test can write to and demands that the search finds every one:
/// a search that finds nothing anywhere would pass for ever.
async fn plant_leaks(demo: &Demo, planted: &[Canary], number: &str) {
    demo.append_to_log(&format!("a careless line about {number}"));
    let encoded = base64::engine::general_purpose::STANDARD.encode(number);
    std::fs::write(demo.data().join("careless.txt"), encoded).expect("a file");
    let mut sinks = vec!["the log", "careless.txt"];
    if let Some(url) = demo.database_url() {
        let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls)
            .await
            .expect("the database");
        let carried = tokio::spawn(connection);
        let table = format!("CREATE TABLE careless AS SELECT '{number}'::text AS number");
        client.batch_execute(&table).await.expect("a table");
        drop(client);
        carried.await.expect("the task").expect("the connection");
        sinks.push("the dump");
    }
    let leaks = search(demo, planted).await;
    for sink in sinks {
        let told = leaks.iter().any(|leak| leak.contains(sink));
        assert!(told, "the search misses a leak in {sink}: {leaks:?}");
    }
}

/// Fewer lines would mean that the finest level was off and the search showed nothing.
const LOG_LINES_MIN: usize = 10_000;

fn canaries(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let wide = "1000000";
        let environment = [
            ("LIFELINE_LOG", "trace"),
            ("LIFELINE__LIMITS__PER_ACCOUNT_MINUTE", wide),
            ("LIFELINE__LIMITS__PER_ADDRESS_MINUTE", wide),
        ];
        let demo = Demo::start_with(engine, &environment).await;
        let phone = Phone::sign_in(&demo, "li-ming").await;
        let home = phone.link_all().await.remove(0);
        let planted = plant(&phone).await;
        live(&demo, &phone, &home, &planted).await;
        chatter(&demo, &phone, &home).await;
        assert_eq!(search(&demo, &planted.0).await, Vec::<String>::new());
        plant_leaks(&demo, &planted.0, &planted.1).await;
    })
}
