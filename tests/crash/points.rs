//! The points at which this build can be stopped: what the program lists, what a run passed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use crate::stage::program;

/// One side of a commit or a send: `kind, name, when`, tab-separated as everywhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Point(pub(crate) String);

impl Point {
    pub(crate) fn kind(&self) -> &str {
        self.0.split('\t').next().unwrap_or_default()
    }

    pub(crate) fn name(&self) -> &str {
        self.0.split('\t').nth(1).unwrap_or_default()
    }

    /// The order that kills at the how-manieth passing.
    pub(crate) fn killed_at(&self, count: u64) -> String {
        format!("kill\t{}\t{count}\n", self.0)
    }
}

impl std::fmt::Display for Point {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.replace('\t', " "))
    }
}

/// Every point of the program, as it says itself.
pub(crate) fn listed() -> BTreeSet<Point> {
    let asked = Command::new(program("lifeline-fault-points"))
        .arg("fault-points")
        .output()
        .expect("lifeline-fault-points");
    assert!(asked.status.success(), "{asked:?}");
    let text = String::from_utf8(asked.stdout).expect("text");
    let points: BTreeSet<Point> = text.lines().map(|line| Point(line.to_owned())).collect();
    assert!(points.len() > 60, "hardly any point is listed: {text}");
    points
}

/// How often each point was passed, read from the folder of one start.
pub(crate) fn passed(folder: &Path) -> BTreeMap<Point, u64> {
    let mut counts = BTreeMap::new();
    for line in lines(folder) {
        let (point, _) = line.rsplit_once('\t').expect("a counted point");
        *counts.entry(Point(point.to_owned())).or_default() += 1;
    }
    counts
}

/// The last point that was passed.
pub(crate) fn last(folder: &Path) -> Option<String> {
    lines(folder).pop()
}

/// How many points of a kind were passed after `line`.
pub(crate) fn after(folder: &Path, line: &str, kind: &str) -> usize {
    lines(folder)
        .iter()
        .skip_while(|passed| *passed != line)
        .filter(|passed| passed.starts_with(kind))
        .count()
}

fn lines(folder: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(folder.join("passed")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// Points the jobs of this suite do not come by, each with the reason: `elsewhere.txt`.
pub(crate) fn elsewhere() -> BTreeMap<String, String> {
    let text = include_str!("elsewhere.txt");
    text.lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let (name, why) = line.split_once(" | ").expect("name | why");
            (name.trim().to_owned(), why.trim().to_owned())
        })
        .collect()
}
