//! A store is written to one sealed file while it is served, lost, and put back: what people had is there,
//! its books add up, and nothing is sent before its recovery. What was damaged is refused, and changes nothing.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Instant;

use libtest_mimic::Failed;
use lifeline_tests::demo::binary;
use lifeline_tests::{Demo, Engine, Phone, engine};
use reqwest::Method;

use crate::fixtures::{BOTH, POSTGRES};
use crate::{Body, run};

pub(crate) fn tests() -> Vec<(&'static str, &'static [Engine], Body)> {
    vec![
        (
            "c14_what_was_backed_up_beside_the_service_is_put_back_and_recovers_first",
            BOTH,
            put_back,
        ),
        (
            "ec_28_a_damaged_archive_another_key_and_a_store_that_is_there_change_nothing",
            BOTH,
            refused,
        ),
        (
            "an_embedded_store_is_copied_to_a_server_whole_or_not_at_all",
            POSTGRES,
            copied,
        ),
    ]
}

/// Where a demo keeps its records: its folder, and its database when it has one.
struct Place {
    folder: PathBuf,
    url: Option<String>,
}

impl Place {
    fn of(demo: &Demo) -> Self {
        Self {
            folder: demo.data(),
            url: demo.database_url().map(str::to_owned),
        }
    }

    /// An empty place of the same engine, with the keys of another.
    async fn beside(demo: &Demo, folder: &Path) -> Self {
        let copied = Command::new("cp")
            .arg("-a")
            .arg(demo.data())
            .arg(folder)
            .status()
            .expect("cp");
        assert!(copied.success());
        for records in ["lifeline.db", "lifeline.db-wal", "lifeline.db-shm"] {
            let _ = std::fs::remove_file(folder.join(records));
        }
        let url = match demo.database_url() {
            Some(_) => Some(engine::new_database().await),
            None => None,
        };
        Self {
            folder: folder.to_owned(),
            url,
        }
    }

    fn lifeline(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(binary());
        command.args(arguments).arg("--data-dir").arg(&self.folder);
        if let Some(url) = &self.url {
            command.args(["--database-url", url]);
        }
        command.output().expect("lifeline")
    }

    fn restore(&self, archive: &Path) -> Output {
        let archive = archive.to_str().expect("a path");
        self.lifeline(&["restore", "--from", archive, "--as", "wang.gang"])
    }

    /// What lies there, with its size.
    fn files(&self) -> Vec<(String, u64)> {
        let all = std::fs::read_dir(&self.folder).expect("the folder");
        let mut found: Vec<(String, u64)> = all
            .map(|one| one.expect("a file"))
            .map(|one| {
                let size = one.metadata().expect("its size").len();
                (one.file_name().to_string_lossy().into_owned(), size)
            })
            .collect();
        found.sort();
        found
    }
}

fn said(output: &Output) -> String {
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&text).into_owned()
}

/// A demo in which somebody has paid, and a backup of it made while it runs.
async fn backed_up(engine: Engine, archive: &Path) -> (Demo, Phone, String) {
    let demo = Demo::start(engine).await;
    let phone = Phone::sign_in(&demo, "li-ming").await;
    let home = phone.link_all().await.remove(0);
    let order = phone.arrears_order(&home).await;
    let key = [("idempotency-key", "backup-journey-1")];
    let made = phone
        .send(Method::POST, "/v1/payments", Some(&order), &key)
        .await;
    let made = made.json();
    phone.pay_and_rest(&made, "POSTED").await;
    let began = Instant::now();
    let file = archive.to_str().expect("a path");
    let backup = Place::of(&demo).lifeline(&["backup", "--to", file]);
    assert!(backup.status.success(), "{}", said(&backup));
    println!("backup: {} ms", began.elapsed().as_millis());
    let id = made["payment_id"].as_str().expect("an order").to_owned();
    (demo, phone, id)
}

fn put_back(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let dir = tempfile::tempdir().expect("a folder");
        let archive = dir.path().join("evening.lifeline");
        let (demo, phone, order) = backed_up(engine, &archive).await;
        let bytes = std::fs::read(&archive).expect("the archive");
        let people = phone.sandbox_get("/sim/people").await;
        for clear in ["CREATE TABLE", "ledger_entry", "PGDMP", "SQLite format"] {
            let shows = bytes
                .windows(clear.len())
                .any(|part| part == clear.as_bytes());
            assert!(!shows, "the archive shows {clear}");
        }
        assert!(
            people[0]["consumer_nos"][0].is_string(),
            "somebody to look for"
        );
        let mode = std::os::unix::fs::PermissionsExt::mode(
            &std::fs::metadata(&archive)
                .expect("the archive")
                .permissions(),
        );
        assert_eq!(mode & 0o777, 0o600);

        let place = Place::beside(&demo, &dir.path().join("next")).await;
        let began = Instant::now();
        let back = place.restore(&archive);
        assert!(back.status.success(), "{}", said(&back));
        assert!(
            said(&back).contains("--acknowledge-fork"),
            "{}",
            said(&back)
        );
        println!("restore: {} ms", began.elapsed().as_millis());
        assert!(
            said(&back).contains("books add up") && said(&back).contains("epoch 1"),
            "{}",
            said(&back)
        );
        assert!(
            said(&back).contains("read the channel's bills of: "),
            "what comes next: {}",
            said(&back)
        );
        let again = place.lifeline(&["keys", "list"]);
        assert!(again.status.success(), "{}", said(&again));
        for (words, field) in [
            (["keys", "list", "--json"], "keys"),
            (["recover", "status", "--json"], "epoch"),
        ] {
            let read = place.lifeline(&words);
            let read: serde_json::Value =
                serde_json::from_slice(&read.stdout).expect("one JSON object");
            assert!(!read[field].is_null(), "{words:?}: {read}");
        }

        let walked = place.lifeline(&["audit", "--json"]);
        assert!(walked.status.success(), "{}", said(&walked));
        let walked: serde_json::Value =
            serde_json::from_slice(&walked.stdout).expect("one JSON object");
        assert_eq!(walked["whole"], true, "{walked}");
        assert_eq!(walked["head"].as_str().map(str::len), Some(64), "{walked}");

        let revived = demo.revived(&place.folder, place.url.clone());
        let there = Phone::sign_in(&revived, "li-ming").await;
        let read = there.get(&format!("/v1/payments/{order}")).await.json();
        assert_eq!(read["state"], "POSTED", "{read}");
        let home = there.get("/v1/bindings").await.json()["items"][0]["binding_id"].clone();
        let wish = serde_json::json!({"binding_id": home, "purpose": "top_up", "amount_fen": 100});
        let key = [("idempotency-key", "backup-journey-2")];
        let early = there
            .send(Method::POST, "/v1/payments", Some(&wish), &key)
            .await;
        assert_eq!(early.code(), "UPSTREAM_UNAVAILABLE", "{}", early.text);
    })
}

fn refused(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let dir = tempfile::tempdir().expect("a folder");
        let archive = dir.path().join("evening.lifeline");
        let (demo, ..) = backed_up(engine, &archive).await;
        let whole = std::fs::read(&archive).expect("the archive");
        let place = Place::beside(&demo, &dir.path().join("next")).await;
        let before = place.files();
        let wrong = dir.path().join("wrong.lifeline");
        let mut flipped = whole.clone();
        let middle = flipped.len() / 2;
        flipped[middle] ^= 1;
        let cut = whole[..whole.len() - 1].to_vec();
        for (bytes, why) in [
            (flipped, "altered"),
            (cut, "cut off"),
            (b"PGDMP".to_vec(), "no archive"),
        ] {
            std::fs::write(&wrong, bytes).expect("a file");
            let refused = place.restore(&wrong);
            assert_eq!(refused.status.code(), Some(1), "{}", said(&refused));
            assert!(said(&refused).contains(why), "{}", said(&refused));
            assert_eq!(place.files(), before, "{why}");
        }
        // Another installation's keyring.
        let other = dir.path().join("other");
        let stranger = Place::beside(&demo, &other).await;
        std::fs::remove_file(other.join("keyring.json")).expect("removed");
        let refused = stranger.restore(&archive);
        assert!(
            said(&refused).contains("sealed with the key"),
            "{}",
            said(&refused)
        );
        // What is there stays: over the running store nothing is ever put.
        let own = Place::of(&demo);
        let refused = own.restore(&archive);
        assert_eq!(refused.status.code(), Some(1));
        assert!(
            said(&refused).contains("never writes over"),
            "{}",
            said(&refused)
        );
        let file = archive.to_str().expect("a path");
        let twice = own.lifeline(&["backup", "--to", file]);
        assert!(
            said(&twice).contains("never writes over"),
            "{}",
            said(&twice)
        );
        assert_eq!(std::fs::read(&archive).expect("the archive"), whole);
        // Untouched by all of it, it is put back after all.
        let back = place.lifeline(&["restore", "--from", file, "--acknowledge-fork"]);
        assert!(back.status.success(), "{}", said(&back));
        for told in ["in the name of", "is not in it\n", "epoch 1"] {
            assert!(said(&back).contains(told), "{told}: {}", said(&back));
        }
        Phone::sign_in(&demo, "li-ming").await;
    })
}

/// The file of a demo goes to a database, and people find there what they had.
fn copied(_: Engine) -> Result<(), Failed> {
    run(async move {
        let dir = tempfile::tempdir().expect("a folder");
        let archive = dir.path().join("evening.lifeline");
        let (demo, _, order) = backed_up(Engine::Sqlite, &archive).await;
        let mut place = Place::beside(&demo, &dir.path().join("next")).await;
        let url = engine::new_database().await;
        let from = format!("sqlite:{}", demo.data().join("lifeline.db").display());
        let copy = || {
            let mut command = Command::new(binary());
            command.args(["copy-store", "--from", &from, "--to", &url, "--json"]);
            command.output().expect("lifeline")
        };
        let done = copy();
        assert!(done.status.success(), "{}", said(&done));
        let read: serde_json::Value =
            serde_json::from_slice(&done.stdout).expect("one JSON object");
        let tables = read["tables"].as_array().expect("tables");
        let rows = |name: &str| {
            let mut found = tables.iter().filter(|one| one["table"] == name);
            found
                .next()
                .map_or(0, |one| one["rows"].as_i64().unwrap_or(0))
        };
        assert!(rows("ledger_line") > 0 && rows("audit_line") > 0, "{read}");
        let again = copy();
        assert_eq!(again.status.code(), Some(1), "{}", said(&again));
        assert!(said(&again).contains("without tables"), "{}", said(&again));

        place.url = Some(url.clone());
        let walked = place.lifeline(&["audit"]);
        assert!(walked.status.success(), "{}", said(&walked));
        let revived = demo.revived(&place.folder, place.url.clone());
        let there = Phone::sign_in(&revived, "li-ming").await;
        let read = there.get(&format!("/v1/payments/{order}")).await.json();
        assert_eq!(read["state"], "POSTED", "{read}");
    })
}
