//! What pages say of the commands is what the commands are.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::{Command, CommandFactory as _};

use super::Cli;

/// Pages for people who run Lifeline, and the examples of its configuration.
fn pages() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join("docs")];
    let mut files: Vec<PathBuf> = [
        "README.md",
        "README.zh-CN.md",
        "deploy/lifeline.example.toml",
        "deploy/systemd/lifeline.service",
        "deploy/systemd/lifeline-backup.service",
    ]
    .map(|file| root.join(file))
    .into();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "md") {
                files.push(path);
            }
        }
    }
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        (path.display().to_string(), text)
    };
    files.into_iter().map(read).collect()
}

/// Every call of the program that a page shows in code, a comment of an example on a line of its own, or a unit makes.
fn calls(text: &str) -> Vec<&str> {
    // Between two of these marks stands code; three of them, around a block, come to the same.
    let code = text.split('`').skip(1).step_by(2);
    let comments = text.lines().filter_map(|line| line.strip_prefix("# "));
    let lines = code.flat_map(str::lines).chain(comments);
    let called = lines
        .flat_map(|line| line.split(" | "))
        .filter_map(|part| part.trim_start().strip_prefix("lifeline "));
    let units = text.lines().filter(|line| line.starts_with("ExecStart="));
    let started = units.filter_map(|line| Some(line.split_once("/bin/lifeline ")?.1));
    called
        .chain(started)
        .filter(|call| call.starts_with(|c: char| c.is_ascii_lowercase()))
        .collect()
}

fn is_plain(c: char) -> bool {
    c.is_ascii_lowercase() || c == '-'
}

/// The command that a call names, and what is wrong with the call.
fn judged(program: &Command, call: &str) -> (String, Vec<String>) {
    let (mut at, mut path, mut faults) = (program, Vec::new(), Vec::new());
    for word in call.split_whitespace() {
        let name = word.split(|c: char| !is_plain(c)).next().unwrap_or("");
        if let Some(flag) = name.strip_prefix("--") {
            let mut known = at.get_arguments().filter_map(clap::Arg::get_long);
            if !known.any(|long| long == flag) {
                faults.push(format!("`lifeline {call}`: no --{flag}"));
            }
        } else if let Some(next) = at.find_subcommand(name) {
            path.push(name);
            at = next;
        } else if path.is_empty() {
            faults.push(format!("`lifeline {call}`: no such command"));
            break;
        }
    }
    (path.join(" "), faults)
}

/// Every command that does something by itself.
fn leaves(command: &Command, before: &str, found: &mut BTreeSet<String>) {
    for next in command.get_subcommands().filter(|next| !next.is_hide_set()) {
        let path = format!("{before} {}", next.get_name());
        if next.has_subcommands() {
            leaves(next, &path, found);
        } else {
            found.insert(path.trim_start().to_owned());
        }
    }
}

#[test]
fn planted_calls_are_judged() {
    let program = Cli::command();
    let text = "say `x | lifeline keys rotate signing --at-once` and\n```\nlifeline gone --config x\n```\n# lifeline doctor --yes    asks\nExecStart=/usr/local/bin/lifeline serve --config x\n";
    let judged: Vec<_> = calls(text)
        .into_iter()
        .map(|call| judged(&program, call))
        .collect();
    let paths: Vec<_> = judged.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, ["keys rotate", "", "doctor", "serve"]);
    let faults: Vec<_> = judged.iter().map(|(_, faults)| faults.len()).collect();
    assert_eq!(faults, [0, 1, 1, 0]);
}

#[test]
fn every_call_on_a_page_can_be_made_and_every_command_is_on_a_page() {
    let program = Cli::command();
    let (mut named, mut faults) = (BTreeSet::new(), Vec::new());
    for (page, text) in pages() {
        for call in calls(&text) {
            let (path, wrong) = judged(&program, call);
            named.insert(path);
            faults.extend(wrong.into_iter().map(|wrong| format!("{page}: {wrong}")));
        }
    }
    let mut all = BTreeSet::new();
    leaves(&program, "", &mut all);
    let untold = all.difference(&named);
    faults.extend(untold.map(|path| format!("no page shows `lifeline {path}`")));
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
