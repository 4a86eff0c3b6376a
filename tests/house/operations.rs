//! What operators rely on: the pages, the examples and the program say the same.

use std::collections::BTreeSet;

use lifeline_core::accounts::session::REPEAT_WINDOW_S;
use lifeline_core::cases::CaseKind;
use lifeline_core::cases::decision::Resolution;
use lifeline_gateway::listeners::outermost::REQUEST_TIME_MAX;

use crate::{assert_no_faults, source};

/// The text of every source file of the product, with its path.
fn product() -> Vec<(String, String)> {
    let rooms = [
        "src/",
        "core/src/",
        "gateway/src/",
        "adapters/src/",
        "deploy/line/src/",
    ];
    source::files()
        .expect("the repository's files")
        .into_iter()
        .filter(|path| path.ends_with(".rs") && rooms.iter().any(|room| path.starts_with(room)))
        .map(|path| {
            let text = source::read(&path).unwrap_or_default();
            (path, text)
        })
        .collect()
}

/// Samples are kept one by one until somebody reads them or adds them up: a node that nobody reads would grow.
#[test]
fn who_takes_samples_adds_them_up_unasked() {
    let product = product();
    let says = |what: &str| {
        let mut texts = product.iter().map(|(_, text)| text);
        texts.any(|text| text.contains(what) && source::code(text).contains(what))
    };
    assert!(says(".install_recorder("), "nothing takes metrics any more");
    assert!(says(".run_upkeep("), "nobody adds up what was measured");
}

const WATCHING: &str = "docs/operations/watching.md";

/// The metrics that source text counts, measures or sets.
fn metrics_of(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for kind in ["counter!(", "gauge!(", "histogram!("] {
        for (at, _) in text.match_indices(kind) {
            let rest = text.get(at + kind.len()..).unwrap_or("").trim_start();
            let name = rest
                .strip_prefix('"')
                .and_then(|rest| rest.split('"').next());
            found.extend(name.map(str::to_owned));
        }
    }
    found
}

/// What a page says in code that begins like this.
fn spoken_of(text: &str, begins: &str) -> Vec<String> {
    let start = format!("`{begins}");
    let spans = text.match_indices(&start);
    spans
        .filter_map(|(at, _)| text.get(at + 1..)?.split('`').next())
        .map(str::to_owned)
        .collect()
}

#[test]
fn planted_metrics_are_found() {
    let text =
        "metrics::counter!(\"a_total\", \"x\" => y); metrics::histogram!(\n    \"b_seconds\",\n";
    assert_eq!(metrics_of(text), ["a_total", "b_seconds"]);
    assert_eq!(spoken_of("| `a_total` | `b` |", "a_"), ["a_total"]);
}

#[test]
fn every_metric_is_on_the_page_for_operators_and_no_other() {
    let page = source::read(WATCHING).expect("the page");
    let (_, table) = page.split_once("<!-- metrics -->").expect("the table");
    let told = spoken_of(table, "lifeline_");
    let product = product();
    let counted: Vec<String> = product
        .iter()
        .flat_map(|(_, text)| metrics_of(text))
        .filter(|name| name.starts_with("lifeline_"))
        .collect();
    assert!(counted.len() > 20, "{counted:?}");
    let untold = counted.iter().filter(|name| !told.contains(name));
    let mut faults: Vec<String> = untold
        .map(|name| format!("{name} is not on {WATCHING}"))
        .collect();
    let unreal = told.iter().filter(|name| !counted.contains(name));
    faults.extend(unreal.map(|name| format!("{WATCHING} names {name}, which nothing counts")));
    assert_no_faults("metrics", &faults);
}

#[test]
fn what_operators_look_for_in_the_log_is_written_there() {
    let page = source::read(WATCHING).expect("the page");
    let product = product();
    let mut faults = Vec::new();
    let (mut named, mut rest) = (0, page.as_str());
    while let Some((_, after)) = rest.split_once("log `") {
        rest = after;
        let name = after.split('`').next().unwrap_or("");
        named += 1;
        let said = format!("\"{name}\"");
        if !product.iter().any(|(_, text)| text.contains(&said)) {
            faults.push(format!("{WATCHING} names {name}, which nothing writes"));
        }
    }
    assert!(named > 5, "the page names no messages");
    assert_no_faults("messages", &faults);
}

/// The messages that source text writes at the level of an error, without those of its tests: of each call the last
/// literal that is an argument by itself.
fn errors_of(text: &str) -> Vec<String> {
    let product = text.split("\nmod tests {").next().unwrap_or("");
    let calls = product.split("tracing::error!(").skip(1);
    calls.filter_map(last_literal).collect()
}

fn last_literal(call: &str) -> Option<String> {
    let (mut depth, mut found, mut literal) = (0_usize, None, None::<String>);
    for c in call.chars() {
        if c == '"' {
            match literal.take() {
                Some(whole) if depth == 0 => found = Some(whole),
                Some(_) => {}
                None => literal = Some(String::new()),
            }
            continue;
        }
        match (literal.as_mut(), c) {
            (Some(open), _) => open.push(c),
            (None, '(') => depth += 1,
            (None, ')') if depth == 0 => break,
            (None, ')') => depth -= 1,
            (None, _) => {}
        }
    }
    found
}

#[test]
fn every_error_in_the_log_is_on_the_page_for_operators() {
    let planted = "tracing::error!(%a, b = f(\"x\"), \"a.b\");\ntracing::error!(\n    c = g(1),\n    \"c (d)\"\n);\nmod tests {\n tracing::error!(\"e\");";
    assert_eq!(errors_of(planted), ["a.b", "c (d)"]);
    let page = source::read(WATCHING).expect("the page");
    let product = product();
    // Points of failure are in no program that serves.
    let serving = product
        .iter()
        .filter(|(path, _)| !path.starts_with("adapters/src/fault_points/"));
    let said: BTreeSet<String> = serving.flat_map(|(_, text)| errors_of(text)).collect();
    assert!(said.len() > 40, "{said:?}");
    let untold = said
        .iter()
        .filter(|message| !page.contains(&format!("`{message}`")));
    let faults: Vec<String> = untold
        .map(|message| format!("{WATCHING} does not tell what to do about {message}"))
        .collect();
    assert_no_faults("errors", &faults);
}

#[test]
fn every_kind_of_case_is_on_its_page_with_its_hours_and_its_ends() {
    let name = "docs/operations/cases.md";
    let page = source::read(name).expect("the page");
    let mut faults = Vec::new();
    for kind in CaseKind::ALL {
        let begins = format!("| `{}` |", kind.as_str());
        let row = page.lines().find(|line| line.starts_with(&begins));
        let cells: Vec<&str> = row.unwrap_or("").split('|').map(str::trim).collect();
        let ends = kind.resolutions().iter();
        let ends: Vec<String> = ends.map(|end| format!("`{}`", end.as_str())).collect();
        let wanted = [kind.hours().to_string(), ends.join(" ")];
        if cells.get(3..5).is_none_or(|told| told != wanted) {
            faults.push(format!("{name} does not say of {kind:?}: {wanted:?}"));
        }
    }
    let offered = Resolution::ALL
        .into_iter()
        .filter(|end| *end != Resolution::RefundedByHand);
    for end in offered {
        if !page.contains(&format!("\n| `{}` |", end.as_str())) {
            faults.push(format!("{name} does not say what {end:?} does"));
        }
    }
    assert_no_faults("cases", &faults);
}

/// The fields of the structs that a configuration is read into.
fn keys_read(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let (mut is_read, mut inside) = (false, false);
    for line in text.lines().map(str::trim) {
        if line.starts_with("#[derive(") {
            is_read = line.contains("Deserialize");
        } else if line.contains("struct ") && line.ends_with('{') {
            inside = is_read;
        } else if line == "}" {
            inside = false;
        } else if inside && !line.starts_with(['/', '#']) {
            let line = line.trim_start_matches("pub(crate) ");
            let field = line.trim_start_matches("pub ").split_once(": ");
            found.extend(field.map(|(name, _)| name.to_owned()));
        }
    }
    found
}

/// The keys and sections of an example, those in comments too.
fn keys_shown(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for line in text.lines() {
        let line = line.trim_start_matches("# ");
        if let Some(section) = line.strip_prefix('[') {
            let section = section.trim_start_matches('[').split(']').next();
            let parts = section.unwrap_or("").split('.');
            found.extend(parts.map(str::to_owned));
        } else if let Some((name, _)) = line.split_once(" = ") {
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            if name.chars().all(plain) {
                found.insert(name.to_owned());
            }
        }
    }
    found
}

#[test]
fn planted_keys_are_found() {
    let code = "#[derive(Debug)]\nstruct A {\n    a: u8,\n}\n#[derive(Deserialize)]\nstruct B {\n    /// c: said\n    pub(crate) b: u8,\n}\n";
    assert_eq!(Vec::from_iter(keys_read(code)), ["b"]);
    let example = "# Of c: d = e\n[a.b]\nf = 1   # g = 2\n# h = 3\n";
    assert_eq!(Vec::from_iter(keys_shown(example)), ["a", "b", "f", "h"]);
}

#[test]
fn every_key_that_is_read_is_in_the_example_and_no_other() {
    let files = source::files().expect("the repository's files");
    let mut faults = Vec::new();
    for (example, code) in [
        ("deploy/lifeline.example.toml", "src/config/"),
        (
            "deploy/line/relay.example.toml",
            "deploy/line/src/config.rs",
        ),
    ] {
        let texts = files
            .iter()
            .filter(|path| path.starts_with(code) && !path.ends_with("/tests.rs"))
            .filter_map(|path| source::read(path));
        let read: BTreeSet<String> = texts.flat_map(|text| keys_read(&text)).collect();
        assert!(read.len() > 5, "{code} reads {read:?}");
        let shown = keys_shown(&source::read(example).expect("the example"));
        let unshown = read.difference(&shown);
        faults.extend(unshown.map(|key| format!("{example} does not show {key}")));
        let unread = shown.difference(&read);
        faults.extend(unread.map(|key| format!("{example} shows {key}, which nothing reads")));
    }
    assert_no_faults("keys", &faults);
}

/// The names of the loops in a file of the product, without those of its tests.
fn loops_of(text: &str) -> Vec<String> {
    let product = text.split("\nmod tests {").next().unwrap_or("");
    let bodies = product.split("impl Worker for ").skip(1);
    bodies
        .filter_map(|body| body.split_once("fn name(")?.1.split('"').nth(1))
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_loop_beside_the_requests_is_on_the_page() {
    let planted = "impl Worker for A {\n fn name(&self) -> &str {\n \"a.b\"\n}\n}\nmod tests {\nimpl Worker for B { fn name() { \"c\" } }";
    assert_eq!(loops_of(planted), ["a.b"]);
    let page = source::read("docs/ARCHITECTURE.md").expect("the page");
    let loops: Vec<String> = product()
        .iter()
        .flat_map(|(_, text)| loops_of(text))
        .collect();
    assert!(loops.len() > 10, "{loops:?}");
    let untold = loops
        .iter()
        .filter(|name| !page.contains(&format!("`{name}`")));
    let faults: Vec<String> = untold
        .map(|name| format!("docs/ARCHITECTURE.md does not tell of the loop {name}"))
        .collect();
    assert_no_faults("loops", &faults);
}

/// The whole number that follows a mark in a file.
fn number_after(path: &str, mark: &str) -> u64 {
    let text = source::read(path).expect("the file");
    let (_, after) = text.split_once(mark).expect("the mark");
    let plain = after.trim_start().chars();
    let digits: String = plain
        .take_while(|c| c.is_ascii_digit() || *c == '_')
        .filter(char::is_ascii_digit)
        .collect();
    digits.parse().expect("a number")
}

/// Whoever gives up first never hears what the one behind it had to say.
#[test]
fn each_on_the_way_to_the_gateway_waits_longer_than_the_one_behind_it() {
    let app = number_after("miniapp/src/api/wire.ts", "ANSWER_TIMEOUT_MS =");
    let relay = number_after(
        "deploy/line/src/config.rs",
        "const fn deadline_ms() -> u64 {",
    );
    let gateway = u64::try_from(REQUEST_TIME_MAX.as_millis()).expect("milliseconds");
    assert!(app > relay, "{app} and {relay}");
    assert!(relay > gateway, "{relay} and {gateway}");
}

/// A spent refresh token that comes later than that ends the session, as if it were stolen.
#[test]
fn a_lost_answer_to_a_renewal_is_asked_for_again_while_it_is_given() {
    let app = number_after("miniapp/src/api/wire.ts", "ANSWER_TIMEOUT_MS =");
    let pause = number_after("miniapp/src/api/session.ts", "REPEAT_AFTER_MS =");
    let gateway = u64::try_from(REQUEST_TIME_MAX.as_millis()).expect("milliseconds");
    let window = REPEAT_WINDOW_S.unsigned_abs() * 1_000;
    assert!(app + pause + gateway < window, "{app}, {pause}, {gateway}");
}

/// A figure that is read again throws the reading before it away: that one must have had all its time, twice, since
/// no answer is asked for once more.
#[test]
fn a_figure_is_read_again_only_when_the_last_reading_is_over() {
    let app = number_after("miniapp/src/api/wire.ts", "ANSWER_TIMEOUT_MS =");
    let pause = number_after("miniapp/src/api/line.ts", "PAUSES_MS = [");
    let again = number_after("miniapp/src/state/kept_fresh.ts", "FRESH_MS =");
    assert!(again > app + pause + app, "{again}, {app}, {pause}");
}

#[test]
fn no_unit_leaves_what_its_program_holds_on_a_disk() {
    let files = source::files().expect("the files");
    let units = files
        .iter()
        .filter(|path| path.starts_with("deploy/systemd/") && path.ends_with(".service"));
    let mut seen = 0;
    for path in units {
        seen += 1;
        let unit = source::read(path).expect("the unit");
        let bound = unit.lines().any(|line| line == "LimitCORE=0");
        assert!(bound, "{path}: a core dump would hold the keys");
    }
    assert!(seen >= 3, "{seen} units");
}
