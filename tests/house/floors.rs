//! The floors of docs/ARCHITECTURE.md: a room of the domain uses what is below it, never beside or above, and never
//! the ports of another capability.

use std::collections::{BTreeMap, BTreeSet};

use crate::{assert_no_faults, source};

/// Floor 1 that any capability may use inside the unit of work, ports included.
const FOUNDATION: [&str; 9] = [
    "audit",
    "bans",
    "cases",
    "evidence",
    "idempotency",
    "inbox",
    "jobs",
    "ledger",
    "outbox",
];
/// What a foundation room itself may name beside itself: a buried money row opens a case, and a
/// turn of a job leaves an evidence line, a ban a line of the audit, each in the same unit; the audit is
/// linked by a timed task, and its heads stand in the evidence.
const FOUNDATION_BESIDE: [(&str, &str); 5] = [
    ("outbox", "cases"),
    ("jobs", "evidence"),
    ("bans", "audit"),
    ("audit", "jobs"),
    ("audit", "evidence"),
];
const GROUND: [&str; 2] = ["shared", "store"];

/// Each capability with its floor and the exact rooms it may use beside floors 0 and 1.
const CAPABILITIES: [(&str, u8, &[&str]); 17] = [
    ("accounts", 1, &[]),
    ("tariffs", 1, &[]),
    ("bindings", 2, &["accounts"]),
    ("metering", 2, &[]),
    ("notices", 2, &["accounts"]),
    ("billing", 3, &["bindings", "metering", "tariffs"]),
    ("payments", 4, &["bindings", "billing"]),
    ("settlement", 4, &["accounts", "metering", "tariffs"]),
    ("dunning", 5, &["billing", "payments", "notices"]),
    ("greenpower", 5, &["settlement"]),
    ("channels", 7, &["insight", "operators"]),
    (
        "customers",
        7,
        &["billing", "bindings", "operators", "requests"],
    ),
    ("insight", 6, &[]),
    ("operators", 6, &["accounts"]),
    ("requests", 6, &["bindings"]),
    ("publications", 6, &[]),
    ("privacy", 6, &["accounts", "bindings"]),
];

fn capability(name: &str) -> Option<(u8, &'static [&'static str])> {
    CAPABILITIES
        .into_iter()
        .find(|(room, _, _)| *room == name)
        .map(|(_, floor, beside)| (floor, beside))
}

fn is_room(name: &str) -> bool {
    GROUND.contains(&name) || FOUNDATION.contains(&name) || capability(name).is_some()
}

/// Whether `room` may name anything public of `used`.
fn may_use(room: &str, used: &str) -> bool {
    if room == used || GROUND.contains(&used) || FOUNDATION_BESIDE.contains(&(room, used)) {
        return true;
    }
    let Some((floor, beside)) = capability(room) else {
        return false;
    };
    FOUNDATION.contains(&used)
        || beside.contains(&used)
        || (floor > 1 && capability(used).is_some_and(|(floor, _)| floor == 1))
}

/// The faults of one file of `room`: rooms it may not use, and ports that are not its own.
/// `ports` maps each capability to the traits its `ports` declare.
fn faults_of(
    room: &str,
    path: &str,
    code: &str,
    ports: &BTreeMap<String, BTreeSet<String>>,
) -> Vec<String> {
    let mut faults = Vec::new();
    for used in source::crate_paths(code) {
        let mut parts = used.split("::");
        let other = parts.next().unwrap_or("");
        if other == room || !is_room(other) {
            continue;
        }
        let names_port = used.split("::").nth(1) == Some("ports")
            || ports
                .get(other)
                .zip(used.split("::").last())
                .is_some_and(|(traits, last)| traits.contains(last));
        // The unit of work lists every capability's ports: that is what it is.
        if room == "store" && names_port {
            continue;
        }
        if !may_use(room, other) {
            faults.push(format!(
                "{path}: {room} may not use {other} (crate::{used})"
            ));
        } else if names_port && capability(other).is_some() {
            faults.push(format!(
                "{path}: the ports of {other} are not {room}'s to use (crate::{used})"
            ));
        }
    }
    for other in store_accessors(code) {
        if other != room && capability(&other).is_some() && room != "store" {
            faults.push(format!(
                "{path}: {room} reaches {other}'s rows through the unit of work"
            ));
        }
    }
    faults
}

/// The capabilities whose repositories are asked for: `tx.payments()`, `view.payments()`.
fn store_accessors(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for holder in ["tx", "view"] {
        for (at, _) in code.match_indices(holder) {
            let before = code.get(..at).and_then(|text| text.chars().next_back());
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
                continue;
            }
            let call = code.get(at + holder.len()..).unwrap_or("").trim_start();
            let Some(call) = call.strip_prefix('.') else {
                continue;
            };
            let name: String = call
                .trim_start()
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            if call
                .trim_start()
                .get(name.len()..)
                .is_some_and(|rest| rest.starts_with("()"))
            {
                found.insert(name);
            }
        }
    }
    found
}

/// The traits a `ports` file declares.
fn traits(code: &str) -> BTreeSet<String> {
    code.match_indices("pub trait ")
        .filter_map(|(at, word)| code.get(at + word.len()..))
        .map(|rest| {
            rest.chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect()
        })
        .collect()
}

/// Room, path and blanked code of every file of the domain but its map.
fn domain() -> Vec<(String, String, String)> {
    let files = source::files().expect("the repository's files");
    files
        .into_iter()
        .filter(|path| {
            path.starts_with("core/src/") && path.ends_with(".rs") && path != "core/src/lib.rs"
        })
        .filter_map(|path| {
            let inside = path.strip_prefix("core/src/")?;
            let room = inside.split('/').next()?.trim_end_matches(".rs").to_owned();
            let code = source::code(&source::read(&path)?);
            Some((room, path, code))
        })
        .collect()
}

#[test]
fn the_table_points_down() {
    let mut faults = Vec::new();
    for (room, floor, beside) in CAPABILITIES {
        for used in beside {
            match capability(used) {
                Some((below, _)) if below < floor => {}
                _ => faults.push(format!("{room} on floor {floor} may not lean on {used}")),
            }
        }
    }
    assert_no_faults("no cycles, nothing upward", &faults);
}

#[test]
fn a_planted_upward_use_is_found() {
    let ports = BTreeMap::from([(
        "bindings".to_owned(),
        BTreeSet::from(["BindingStore".to_owned()]),
    )]);
    let faults =
        |room: &str, code: &str| faults_of(room, "x.rs", &source::code(code), &ports).len();
    assert_eq!(faults("billing", "use crate::payments::Payment;"), 1);
    assert_eq!(
        faults("payments", "use crate::{billing::Bill, dunning};"),
        1
    );
    assert_eq!(faults("insight", "use crate::bindings::Binding;"), 1);
    assert_eq!(faults("outbox", "use crate::accounts::Account;"), 1);
    assert_eq!(
        faults("payments", "use crate::bindings::ports::BindingStore;"),
        1
    );
    assert_eq!(faults("payments", "use crate::bindings::BindingStore;"), 1);
    assert_eq!(faults("payments", "tx\n    .bindings().get(id).await"), 1);
    assert_eq!(
        faults("payments", "tx.payments().get(id); tx.outbox().add(e);"),
        0
    );
    assert_eq!(
        faults("payments", "use crate::outbox::ports::OutboxStore;"),
        0
    );
    assert_eq!(
        faults("store", "use crate::bindings::ports::BindingStore;"),
        0
    );
    assert_eq!(faults("store", "use crate::bindings::Binding;"), 1);
    assert_eq!(
        faults(
            "payments",
            "// crate::dunning\nuse crate::bindings::Binding;"
        ),
        0
    );
}

#[test]
fn every_room_is_in_the_picture() {
    let picture = source::read("docs/ARCHITECTURE.md").expect("docs/ARCHITECTURE.md");
    let rooms: BTreeSet<String> = domain().into_iter().map(|(room, _, _)| room).collect();
    assert!(rooms.len() > 2, "no domain found: {rooms:?}");
    let faults: Vec<String> = rooms
        .into_iter()
        .filter(|room| !is_room(room) || !picture.contains(room.as_str()))
        .map(|room| format!("core/src/{room} is not a room of docs/ARCHITECTURE.md"))
        .collect();
    assert_no_faults("rooms", &faults);
}

#[test]
fn rooms_use_only_what_is_below_them() {
    let domain = domain();
    let mut ports: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (room, path, code) in &domain {
        if path.contains("/ports") {
            ports.entry(room.clone()).or_default().extend(traits(code));
        }
    }
    let faults: Vec<String> = domain
        .iter()
        .flat_map(|(room, path, code)| faults_of(room, path, code, &ports))
        .collect();
    assert_no_faults("floors", &faults);
}
