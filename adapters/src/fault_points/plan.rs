//! What is to happen at which point: read once from the folder that `LIFELINE_FAULT_POINTS` names.
//!
//! | file | what |
//! |---|---|
//! | `plan` | one order a line, tab-separated: `kill`, `pause` or `error`, then kind, name, when and the how-manieth passing; `synchronous` and a word of SQLite; `mark`, which shows each unit's name to the database before its COMMIT |
//! | `passed` | written: a line for every passing, before anything happens there |
//! | `go` | lets paused points go on once it exists |

use std::collections::HashMap;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

/// The environment variable that names the folder; without it every point is passed in silence.
const FOLDER: &str = "LIFELINE_FAULT_POINTS";
/// How often a paused point looks whether it may go on.
const LOOK_AGAIN: Duration = Duration::from_millis(2);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    Commit,
    Send,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum When {
    Before,
    After,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Commit => "commit",
            Self::Send => "send",
        })
    }
}

impl std::fmt::Display for When {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Before => "before",
            Self::After => "after",
        })
    }
}

/// A point that was told to fail.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("a planned fault")]
pub(super) struct PlannedFault;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Kill,
    Pause,
    Error,
}

#[derive(Debug, Default)]
struct Orders {
    /// By `kind, name, when, how-manieth`, tab-separated.
    acts: HashMap<String, Act>,
    synchronous: Option<String>,
    marks: bool,
}

struct Plan {
    folder: PathBuf,
    orders: Orders,
    passed: Mutex<Passed>,
}

struct Passed {
    counts: HashMap<String, u64>,
    log: File,
}

fn parse(text: &str) -> Result<Orders, String> {
    let mut orders = Orders::default();
    for line in text.lines().filter(|line| !line.is_empty()) {
        match line.split_once('\t') {
            Some(("kill", point)) => orders.acts.insert(point.to_owned(), Act::Kill),
            Some(("pause", point)) => orders.acts.insert(point.to_owned(), Act::Pause),
            Some(("error", point)) => orders.acts.insert(point.to_owned(), Act::Error),
            Some(("synchronous", word)) => {
                orders.synchronous = Some(word.to_owned());
                None
            }
            None if line == "mark" => {
                orders.marks = true;
                None
            }
            _ => return Err(format!("no order: {line}")),
        };
    }
    Ok(orders)
}

fn open(folder: &Path) -> Result<Plan, String> {
    let text = match std::fs::read_to_string(folder.join("plan")) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        read => read.map_err(|error| error.to_string())?,
    };
    let log = File::options()
        .create(true)
        .append(true)
        .open(folder.join("passed"))
        .map_err(|error| error.to_string())?;
    Ok(Plan {
        folder: folder.to_owned(),
        orders: parse(&text)?,
        passed: Mutex::new(Passed {
            counts: HashMap::new(),
            log,
        }),
    })
}

/// The plan of this process. One that cannot be read ends it: a test must never run without it.
fn plan() -> Option<&'static Plan> {
    static PLAN: OnceLock<Option<Plan>> = OnceLock::new();
    PLAN.get_or_init(|| {
        let folder = PathBuf::from(std::env::var_os(FOLDER)?);
        match open(&folder) {
            Ok(plan) => Some(plan),
            Err(why) => {
                tracing::error!(why, "fault_points.plan.unreadable");
                std::process::abort();
            }
        }
    })
    .as_ref()
}

impl Plan {
    /// Counts and writes down; the order for this passing, if there is one. Killing happens here,
    /// under the lock: no later passing is written down.
    fn arrive(&self, point: &str) -> Option<Act> {
        let mut passed = self.passed.lock().unwrap_or_else(PoisonError::into_inner);
        let count = passed.counts.entry(point.to_owned()).or_default();
        *count = count.saturating_add(1);
        let line = format!("{point}\t{count}");
        if writeln!(passed.log, "{line}").is_err() {
            std::process::abort();
        }
        let act = self.orders.acts.get(&line).copied();
        if act == Some(Act::Kill) {
            kill();
        }
        act
    }
}

/// Ends this process as a power cut would: no destructor, no flush.
fn kill() -> ! {
    let killed =
        rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    tracing::error!(?killed, "fault_points.kill.refused");
    std::process::abort()
}

/// Passes a point.
pub(super) async fn pass(kind: Kind, name: &str, when: When) -> Result<(), PlannedFault> {
    let Some(plan) = plan() else { return Ok(()) };
    match plan.arrive(&format!("{kind}\t{name}\t{when}")) {
        None | Some(Act::Kill) => Ok(()),
        Some(Act::Error) => Err(PlannedFault),
        Some(Act::Pause) => {
            while !plan.folder.join("go").exists() {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            Ok(())
        }
    }
}

/// Whether units show their names to the database.
pub(super) fn marks() -> bool {
    plan().is_some_and(|plan| plan.orders.marks)
}

/// How much the embedded engine writes through to the disk; a test may ask for too little.
pub(crate) fn synchronous() -> &'static str {
    plan()
        .and_then(|plan| plan.orders.synchronous.as_deref())
        .unwrap_or("FULL")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_read_whole_or_not_at_all() {
        let orders =
            parse("kill\tcommit\tpayments::keyed::enter\tafter\t3\nmark\nsynchronous\tOFF\n");
        let orders = orders.unwrap();
        let act = orders.acts.get("commit\tpayments::keyed::enter\tafter\t3");
        assert_eq!(act, Some(&Act::Kill));
        assert!(orders.marks);
        assert_eq!(orders.synchronous.as_deref(), Some("OFF"));
        assert!(parse("kil\tcommit\tx\tafter\t1").is_err());
    }

    #[test]
    fn every_passing_is_counted_and_written_down() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("plan"), "error\tsend\tx\tbefore\t2\n").unwrap();
        let plan = open(folder.path()).unwrap();
        assert_eq!(plan.arrive("send\tx\tbefore"), None);
        assert_eq!(plan.arrive("send\tx\tbefore"), Some(Act::Error));
        assert_eq!(plan.arrive("send\tx\tafter"), None);
        let passed = std::fs::read_to_string(folder.path().join("passed")).unwrap();
        assert_eq!(
            passed,
            "send\tx\tbefore\t1\nsend\tx\tbefore\t2\nsend\tx\tafter\t1\n"
        );
    }
}
