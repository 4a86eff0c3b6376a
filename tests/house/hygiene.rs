//! Nothing in the repository depends on where it was written: no machine's paths, no package mirror, no conflict marks.

use crate::{assert_no_faults, source};

/// The only place Rust packages come from, as Cargo.lock spells it.
const RUST_SOURCE: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Beginnings of paths that exist on one machine only; written in two halves so that this file does not hold them.
const MACHINE_PATHS: [(&str, &str); 5] = [
    ("/ho", "me/"),
    ("/ro", "ot/"),
    ("/wo", "rk/"),
    ("/Use", "rs/"),
    ("C:\\Use", "rs\\"),
];

fn is_text(path: &str) -> bool {
    let binary = ["png", "jpg", "ico", "woff2", "gz", "zip", "db", "pdf"];
    !binary
        .iter()
        .any(|extension| path.ends_with(&format!(".{extension}")))
}

/// Absolute paths of some machine: a beginning that stands at the start of a path, not inside a longer one.
fn machine_paths(path: &str, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for (first, second) in MACHINE_PATHS {
        let beginning = format!("{first}{second}");
        for (at, _) in text.match_indices(&beginning) {
            let before = text.get(..at).and_then(|text| text.chars().next_back());
            let inside = before.is_some_and(|c| {
                c.is_alphanumeric() || ['.', '_', '-', '/', '}', '~', '*', '@'].contains(&c)
            });
            let after = text
                .get(at + beginning.len()..)
                .and_then(|text| text.chars().next());
            if !inside && after.is_some_and(|c| c.is_alphanumeric() || c == '.') {
                let line = 1 + text.get(..at).unwrap_or("").matches('\n').count();
                faults.push(format!("{path}:{line}: {beginning}…"));
            }
        }
    }
    faults
}

/// Places packages were fetched from, in lock files and package settings.
fn mirrors(path: &str, text: &str) -> Vec<String> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let mut faults = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let wrong = match name {
            "Cargo.lock" => line.starts_with("source = ") && !line.contains(RUST_SOURCE),
            "package-lock.json" | "npm-shrinkwrap.json" => {
                line.contains("\"resolved\":") && line.contains("://")
            }
            ".npmrc" | "config.toml" | "pip.conf" => {
                line.contains("registry") && line.contains("://")
            }
            _ => false,
        };
        if wrong {
            faults.push(format!("{path}:{}: {}", index + 1, line.trim()));
        }
    }
    faults
}

fn conflict_marks(path: &str, text: &str) -> Vec<String> {
    let marks = [format!("{} ", "<".repeat(7)), format!("{} ", ">".repeat(7))];
    text.lines()
        .enumerate()
        .filter(|(_, line)| marks.iter().any(|mark| line.starts_with(mark)))
        .map(|(index, _)| format!("{path}:{}: conflict mark", index + 1))
        .collect()
}

fn over_text(rule: fn(&str, &str) -> Vec<String>) -> Vec<String> {
    let files = source::files().expect("the repository's files");
    assert!(files.len() > 20, "hardly any files found");
    files
        .iter()
        .filter(|path| is_text(path))
        .filter_map(|path| Some(rule(path, &source::read(path)?)))
        .flatten()
        .collect()
}

#[test]
fn planted_faults_are_found() {
    let home = format!("/ho{}someone/x", "me/");
    assert_eq!(machine_paths("a", &format!("run {home}\n")).len(), 1);
    assert_eq!(machine_paths("a", &format!("pages{home} $PWD/x ")).len(), 0);
    assert_eq!(
        mirrors(
            "x/package-lock.json",
            "\"resolved\": \"https://mirror.example/a.tgz\""
        )
        .len(),
        1
    );
    assert_eq!(
        mirrors(
            "Cargo.lock",
            "source = \"registry+https://mirror.example/index\""
        )
        .len(),
        1
    );
    assert_eq!(
        mirrors("Cargo.lock", &format!("source = \"{RUST_SOURCE}\"")).len(),
        0
    );
    assert_eq!(
        conflict_marks("a", &format!("{} HEAD\n", "<".repeat(7))).len(),
        1
    );
}

#[test]
fn no_machine_paths() {
    assert_no_faults("paths of one machine", &over_text(machine_paths));
}

#[test]
fn packages_name_no_mirror() {
    assert_no_faults("package mirrors", &over_text(mirrors));
}

#[test]
fn no_conflict_marks() {
    assert_no_faults("conflict marks", &over_text(conflict_marks));
}
