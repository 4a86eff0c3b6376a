//! The domain has no floats, no clock, no chance, no environment, no files and no sockets.

use crate::{assert_no_faults, source};

const FLOATS: [&str; 2] = ["f32", "f64"];
const OUTSIDE: [&str; 17] = [
    "SystemTime",
    "Instant::now",
    "Timestamp::now",
    "Zoned::now",
    "Uuid::now_v7",
    "Uuid::new_v4",
    "getrandom",
    "rand::",
    "std::env",
    "std::fs",
    "std::net",
    "std::process",
    "std::thread",
    "tokio::",
    "println!",
    "eprintln!",
    "option_env!",
];

fn is_word(c: Option<char>) -> bool {
    c.is_some_and(|c| c.is_alphanumeric() || c == '_')
}

/// `path:line: word` for every use of a word in the part of the code that ships.
fn uses(path: &str, text: &str, words: &[&str]) -> Vec<String> {
    let shipped = source::without_tests(&source::code(text));
    let mut faults = Vec::new();
    for word in words {
        for (at, _) in shipped.match_indices(word) {
            let before = shipped.get(..at).and_then(|text| text.chars().next_back());
            let after = shipped
                .get(at + word.len()..)
                .and_then(|text| text.chars().next());
            if is_word(before) || (!word.ends_with("::") && is_word(after)) {
                continue;
            }
            let line = 1 + shipped.get(..at).unwrap_or("").matches('\n').count();
            faults.push(format!("{path}:{line}: {word}"));
        }
    }
    faults
}

fn over_the_domain(words: &[&str]) -> Vec<String> {
    let files: Vec<String> = source::files()
        .expect("the repository's files")
        .into_iter()
        .filter(|path| path.starts_with("core/src/") && path.ends_with(".rs"))
        .collect();
    assert!(!files.is_empty(), "no domain found");
    files
        .iter()
        .flat_map(|path| uses(path, &source::read(path).unwrap_or_default(), words))
        .collect()
}

#[test]
fn a_planted_use_is_found() {
    let text = "fn a(x: f64) { std::env::var(\"f32\"); } // f32\n#[cfg(test)]\nmod tests { fn b(x: f64) {} }\n";
    assert_eq!(uses("a.rs", text, &FLOATS), ["a.rs:1: f64"]);
    assert_eq!(uses("a.rs", text, &OUTSIDE), ["a.rs:1: std::env"]);
    assert!(
        uses(
            "a.rs",
            "let buf32 = strand::x();",
            &[FLOATS, ["rand::", "x"]].concat()
        )
        .len()
            == 1
    );
}

#[test]
fn the_domain_has_no_floats() {
    assert_no_faults("money cannot be a float", &over_the_domain(&FLOATS));
}

#[test]
fn time_and_chance_are_arguments() {
    assert_no_faults(
        "time, chance and the outside come in through ports",
        &over_the_domain(&OUTSIDE),
    );
}
