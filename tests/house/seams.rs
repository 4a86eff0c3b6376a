//! Every COMMIT and every call that leaves the program goes through the two seams at which a test can stop the
//! process (`adapters/src/seams.rs`), and no release can be stopped there.

use crate::{assert_no_faults, source};

/// Code that commits, sends, or opens a unit, and the only files that may hold it.
const PLACES: [(&str, &[&str]); 8] = [
    // A COMMIT in words: the drivers, and the migrations, which run before anything is served.
    (
        "COMMIT\"",
        &[
            "adapters/src/sql/sqlite/desk.rs",
            // The simulation's store dies with its process, so nothing of it can be left behind.
            "adapters/src/sql/sqlite/memory.rs",
            "adapters/src/sql/postgres/unit.rs",
        ],
    ),
    // The drivers' own commit is called by the unit of work, and by the seam around it.
    (
        "conn.commit()",
        &[
            "adapters/src/sql/unit.rs",
            "adapters/src/fault_points/watched.rs",
        ],
    ),
    // A unit that writes is opened in one place, which puts the seam around its connection.
    (
        "dyn UnitOfWork>, StoreError> {",
        &["adapters/src/sql/engine.rs"],
    ),
    ("seams::watch", &["adapters/src/sql/engine.rs"]),
    // HTTP leaves through one client and one call of it.
    ("Client::builder()", &["adapters/src/wire/http.rs"]),
    ("reqwest::get", &[]),
    ("self.exchange(", &["adapters/src/wire/http.rs"]),
    ("seams::send", &["adapters/src/wire/http.rs"]),
];

fn shipped(path: &str) -> bool {
    let ours = ["core/src/", "adapters/src/", "gateway/src/", "src/"];
    let test = path.ends_with("/tests.rs") || path.ends_with("_tests.rs");
    path.ends_with(".rs") && !test && ours.iter().any(|folder| path.starts_with(folder))
}

/// `path: text` for each text that stands where it may not.
fn misplaced(path: &str, text: &str) -> Vec<String> {
    let kept = source::without_tests(text);
    let lines = kept
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    let code: Vec<&str> = lines.collect();
    PLACES
        .iter()
        .filter(|(sign, places)| {
            !places.contains(&path) && code.iter().any(|line| line.contains(sign))
        })
        .map(|(sign, _)| format!("{path}: {sign}"))
        .collect()
}

#[test]
fn planted_faults_are_found() {
    let sends = "fn a() { let client = reqwest::Client::builder().build(); }";
    assert_eq!(
        misplaced("adapters/src/sms/mod.rs", sends),
        ["adapters/src/sms/mod.rs: Client::builder()"]
    );
    assert!(misplaced("adapters/src/wire/http.rs", sends).is_empty());
    let commits = "fn a() { client.batch_execute(\"COMMIT\"); } // COMMIT\"";
    assert_eq!(
        misplaced("core/src/x.rs", commits),
        ["core/src/x.rs: COMMIT\""]
    );
}

#[test]
fn commits_and_sends_go_through_the_seams() {
    let files = source::files().expect("the repository's files");
    let faults: Vec<String> = files
        .iter()
        .filter(|path| shipped(path))
        .flat_map(|path| misplaced(path, &source::read(path).unwrap_or_default()))
        .collect();
    assert_no_faults("a way around the seams", &faults);
}

#[test]
fn the_seams_are_where_they_are_sought() {
    for (sign, places) in PLACES {
        for place in places {
            let text = source::read(place).unwrap_or_default();
            assert!(
                text.contains(sign),
                "{place} does not hold {sign}: mend this list"
            );
        }
    }
    let engine = source::read("adapters/src/sql/engine.rs").expect("the engine");
    let opened = engine.matches("engine.begin()).await").count();
    let watched = engine
        .matches("watch(unit, in_time(engine.begin()).await")
        .count();
    assert!(
        opened == 2 && watched == 2,
        "a unit is opened without its seam"
    );
    let http = source::read("adapters/src/wire/http.rs").expect("the client");
    assert_eq!(http.matches("self.exchange(").count(), 1);
    assert!(http.contains("seams::send(call, cut_at(rest, self.exchange(request)))"));
}

/// The feature is asked for by name, never by default, and by no script but the one of tests/crash.
#[test]
fn no_release_has_fault_points() {
    let manifests = ["Cargo.toml", "adapters/Cargo.toml"];
    for manifest in manifests {
        let text = source::read(manifest).expect("a manifest");
        let read: toml::Table = text.parse().expect("TOML");
        for part in [read["features"].get("default"), read.get("dependencies")] {
            let text = format!("{part:?}");
            assert!(!text.contains("fault-points"), "{manifest}: {text}");
        }
    }
    let scripts: Vec<String> = source::files()
        .expect("the repository's files")
        .into_iter()
        .filter(|path| path.ends_with(".sh") || path == "Makefile" || path.starts_with(".ci/"))
        .filter(|path| {
            let text = source::read(path).unwrap_or_default();
            text.lines().any(|line| {
                let builds = ["cargo build", "cargo run", "cargo install"];
                let asks = ["fault-points", "--all-features"];
                builds.iter().any(|word| line.contains(word))
                    && asks.iter().any(|word| line.contains(word))
            })
        })
        .collect();
    assert_eq!(scripts, ["deploy/dev/build-fault-points.sh"]);
}

/// The clients that say less often how long a connection may rest than there are clients.
fn restless(path: &str, text: &str) -> Option<String> {
    let kept = source::without_tests(text);
    let clients = kept.matches("Client::builder()").count() + kept.matches("Client::new()").count();
    let told = kept.matches(".pool_idle_timeout(").count();
    (told < clients).then(|| path.to_owned())
}

/// The library lets a connection rest for 90 s. Servers end it sooner, and what is asked just then has an unknown
/// outcome.
#[test]
fn each_client_says_how_long_its_connections_rest() {
    assert!(restless("a.rs", "fn a() { reqwest::Client::new() }").is_some());
    let files = source::files().expect("the repository's files");
    // The sandbox's own tests ask it once each.
    let lasting = files.iter().filter(|path| {
        let ours = path.ends_with(".rs") && !path.starts_with("tests/house/");
        ours && !path.starts_with("tests/sandbox/tests/")
    });
    let faults: Vec<String> = lasting
        .filter_map(|path| restless(path, &source::read(path).unwrap_or_default()))
        .collect();
    assert_no_faults("a client whose connections rest too long", &faults);
}
