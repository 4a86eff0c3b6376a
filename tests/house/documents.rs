//! The written side: links lead somewhere, decision records are numbered, a public page exists for each thing promised.

use crate::{assert_no_faults, source};

/// Links of a Markdown page to files of the repository, as paths from its root.
fn links(path: &str, text: &str) -> Vec<String> {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut found = Vec::new();
    for (at, _) in text.match_indices("](") {
        let target = text
            .get(at + 2..)
            .and_then(|rest| rest.split([')', '#', ' ']).next())
            .unwrap_or("");
        if target.is_empty() || target.contains("://") || target.starts_with("mailto:") {
            continue;
        }
        found.push(resolve(folder, target));
    }
    found
}

fn resolve(folder: &str, target: &str) -> String {
    let joined = match target.strip_prefix('/') {
        Some(from_root) => from_root.to_owned(),
        None => format!("{folder}/{target}"),
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in joined.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

/// The targets of `make` that a page names in code: `` `make run` `` and lines of a block that begin with `make`.
fn named_targets(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, start) in text.match_indices("make ") {
        let before = text.get(..at).and_then(|text| text.chars().next_back());
        if matches!(before, Some('`' | '\n') | None) {
            let target: String = text
                .get(at + start.len()..)
                .unwrap_or("")
                .chars()
                .take_while(|c| c.is_ascii_lowercase() || *c == '-')
                .collect();
            found.push(target);
        }
    }
    found
}

#[test]
fn a_planted_target_is_found() {
    let text = "`make run` and\nmake test-long  # all\nwe make no promise";
    assert_eq!(named_targets(text), ["run", "test-long"]);
}

#[test]
fn commands_that_pages_name_exist() {
    let makefile = source::read("Makefile").expect("the Makefile");
    let pages = [
        "README.md",
        "README.zh-CN.md",
        "CHANGELOG.md",
        "docs/TESTING.md",
    ];
    let mut faults = Vec::new();
    for page in pages {
        let text = source::read(page).unwrap_or_default();
        for target in named_targets(&text) {
            if !makefile.contains(&format!("\n{target}:")) {
                faults.push(format!("{page} names `make {target}`, which is no target"));
            }
        }
    }
    assert_no_faults("commands", &faults);
}

#[test]
fn a_planted_link_is_resolved() {
    let text = "[a](../x.md#y) [b](https://example.org) ![c](/docs/p.png) [d](#here)";
    assert_eq!(links("docs/adr/1.md", text), ["docs/x.md", "docs/p.png"]);
    assert_eq!(links("README.md", "[a](docs/x.md)"), ["docs/x.md"]);
}

#[test]
fn links_lead_somewhere() {
    let pages: Vec<String> = source::files()
        .expect("the repository's files")
        .into_iter()
        .filter(|path| path.ends_with(".md"))
        .collect();
    assert!(pages.contains(&"README.md".to_owned()), "no README.md");
    let faults: Vec<String> = pages
        .iter()
        .flat_map(|page| {
            links(page, &source::read(page).unwrap_or_default())
                .into_iter()
                .filter(|target| !source::root().join(target).exists())
                .map(move |target| format!("{page} points to {target}, which is not there"))
        })
        .collect();
    assert_no_faults("links", &faults);
}

#[test]
fn decisions_are_numbered_and_whole() {
    let records: Vec<String> = source::files()
        .expect("the repository's files")
        .into_iter()
        .filter(|path| path.starts_with("docs/adr/") && path.ends_with(".md"))
        .collect();
    assert!(
        records.len() >= 8,
        "the first eight decision records are missing"
    );
    let mut faults = Vec::new();
    for (index, path) in records.iter().enumerate() {
        let text = source::read(path).unwrap_or_default();
        if !path.starts_with(&format!("docs/adr/{:04}-", index + 1)) {
            faults.push(format!("{path} stands in place {}", index + 1));
        }
        for heading in ["## Context", "## Decision", "## Consequences"] {
            if !text.contains(heading) {
                faults.push(format!("{path} has no '{heading}'"));
            }
        }
    }
    assert_no_faults("decision records", &faults);
}

/// Pages that can be reached from a page by links, a folder standing for the pages in it.
fn reached_from(start: &str, pages: &[String]) -> Vec<String> {
    let mut reached = vec![start.to_owned()];
    let mut at = 0;
    while let Some(page) = reached.get(at).cloned() {
        at += 1;
        for target in links(&page, &source::read(&page).unwrap_or_default()) {
            let leads_to = |other: &&String| {
                let (folder, _) = other.rsplit_once('/').unwrap_or_default();
                **other == target || folder == target
            };
            for other in pages.iter().filter(leads_to) {
                if !reached.contains(other) {
                    reached.push(other.clone());
                }
            }
        }
    }
    reached
}

#[test]
fn every_page_is_found_by_links_from_both_front_pages() {
    let pages: Vec<String> = source::files()
        .expect("the repository's files")
        .into_iter()
        .filter(|path| path.starts_with("docs/") && path.ends_with(".md"))
        .collect();
    assert_eq!(reached_from("LICENSE", &pages), ["LICENSE"]);
    let mut faults = Vec::new();
    for front in ["README.md", "README.zh-CN.md"] {
        let mut nearby = pages.clone();
        nearby.push(front.to_owned());
        let reached = reached_from(front, &nearby);
        let lost = pages.iter().filter(|page| !reached.contains(page));
        faults.extend(lost.map(|page| format!("{page} is not found from {front}")));
    }
    assert_no_faults("pages", &faults);
}

/// What comes to be only when it is needed.
const MADE_LATER: [&str; 1] = ["tests/fuzz/found"];

/// Paths of the repository that a page names in code, without those that stand for several.
fn named_paths(text: &str) -> Vec<String> {
    let tops = [
        "src/",
        "core/",
        "gateway/",
        "adapters/",
        "tests/",
        "docs/",
        "deploy/",
        "miniapp/",
    ];
    let words = text.split('`').skip(1).step_by(2);
    words
        .flat_map(str::split_whitespace)
        .filter_map(|word| word.split("::").next())
        .filter(|word| tops.iter().any(|top| word.starts_with(top)))
        .filter(|word| !word.contains(['{', '<', '*', '…', '(']))
        .map(|word| word.trim_end_matches(['.', ',', ';', ':']).to_owned())
        .collect()
}

#[test]
fn paths_that_pages_name_are_there() {
    let planted = "`core/x.rs::name` or `adapters/{a,b}.rs`, core/y.rs; `cat docs/z.md`";
    assert_eq!(named_paths(planted), ["core/x.rs", "docs/z.md"]);
    let files = source::files().expect("the repository's files");
    let pages = files.iter().filter(|path| {
        path.ends_with(".md") && (path.starts_with("docs/") || path.starts_with("README"))
    });
    let mut faults = Vec::new();
    for page in pages {
        for path in named_paths(&source::read(page).unwrap_or_default()) {
            if !source::root().join(&path).exists() && !MADE_LATER.contains(&path.as_str()) {
                faults.push(format!("{page} names {path}, which is not there"));
            }
        }
    }
    assert_no_faults("paths", &faults);
}

/// The doors answer GET; a HEAD is a page that does not exist.
#[test]
fn what_pages_try_by_hand_is_asked_by_get() {
    let asks_the_head = |line: &str| {
        let mut words = line.split("curl ").skip(1).flat_map(str::split_whitespace);
        words.any(|word| {
            let short = word.starts_with('-') && !word.starts_with("--");
            word == "--head" || (short && word.contains('I'))
        })
    };
    assert!(asks_the_head("`curl -sI https://x`") && !asks_the_head("`curl -s https://I`"));
    let files = source::files().expect("the repository's files");
    let pages = files.iter().filter(|path| path.ends_with(".md"));
    let faults: Vec<String> = pages
        .filter(|page| {
            let text = source::read(page).unwrap_or_default();
            text.lines().any(asks_the_head)
        })
        .map(|page| format!("{page} asks by HEAD"))
        .collect();
    assert_no_faults("curl", &faults);
}

const SANDBOX_PAGE: &str = "tests/sandbox/README.md";

/// The controls that source text of the sandbox routes: `"/sim/…"`.
fn controls_of(text: &str) -> Vec<String> {
    let found = text.match_indices("\"/sim/").filter_map(|(at, _)| {
        let rest = text.get(at + 1..)?;
        rest.split('"').next().map(str::to_owned)
    });
    found.filter(|path| path != "/sim/").collect()
}

/// Whether a page names a path itself, and not only one that goes on from it.
fn stands_on(page: &str, path: &str) -> bool {
    page.match_indices(path).any(|(at, _)| {
        let rest = page.get(at + path.len()..).unwrap_or("");
        !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '/' || c == '-')
    })
}

#[test]
fn every_control_of_the_sandbox_stands_on_its_page() {
    let planted = "cfg.route(\"/sim/a\", x).route(\"/sim/a/{no}\", y); path.starts_with(\"/sim/\")";
    assert_eq!(controls_of(planted), ["/sim/a", "/sim/a/{no}"]);
    assert!(stands_on("`POST /sim/a {x}`", "/sim/a"));
    assert!(!stands_on("`/sim/a/{no}`, `/sim/ab`", "/sim/a"));
    let page = source::read(SANDBOX_PAGE).expect("the sandbox's page");
    let files = source::files().expect("the repository's files");
    let sandbox = files
        .iter()
        .filter(|path| path.starts_with("tests/sandbox/src/") && path.ends_with(".rs"));
    let (mut seen, mut faults) = (0, Vec::new());
    for path in sandbox {
        for control in controls_of(&source::read(path).unwrap_or_default()) {
            seen += 1;
            if !stands_on(&page, &control) {
                faults.push(format!("{path}: {control} is not on {SANDBOX_PAGE}"));
            }
        }
    }
    assert!(seen > 20, "only {seen} controls were found");
    assert_no_faults("controls of the sandbox", &faults);
}
