//! Logs: one JSON object a line (or plain lines on a terminal), filtered by `LIFELINE_LOG`. A panic is a line like any other.
//! Their amount is bounded (EC-28): a flood of one message is folded ([`folding`]), nobody waits for the reader
//! ([`outlet`]), and how much is kept for how long is the journal's matter (`deploy/logs`).

mod folding;
mod outlet;

use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::IsTerminal as _;
use std::sync::OnceLock;
use std::time::Duration;

use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, fmt};

use self::folding::{Folding, LINES_PER_S, LINES_PER_S_MAX};
use self::outlet::{Outlet, WAITING_BYTES_MAX};

/// Where the lines go that still have to be written when the program ends.
static OUTLET: OnceLock<Outlet> = OnceLock::new();
/// How long the end of the program waits for them.
const LAST_LINES_TIME_MAX: Duration = Duration::from_secs(2);

/// Starts logging to standard error. A second call changes nothing.
pub(crate) fn start() {
    let filter = EnvFilter::try_from_env("LIFELINE_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let said = std::env::var("LIFELINE_LOG_LINES_PER_S").ok();
    let folding = Folding::new(lines_per_s(said.as_deref()));
    let outlet = Outlet::new(WAITING_BYTES_MAX);
    let layers = tracing_subscriber::registry()
        .with(filter)
        .with(folding.clone());
    let lines = fmt::layer().with_writer(outlet.clone());
    let started = if std::io::stderr().is_terminal() {
        layers.with(lines.compact()).try_init()
    } else {
        let lines = lines
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false);
        layers.with(lines).try_init()
    };
    // Already started (a test process): the first subscriber stays.
    if started.is_ok() {
        let writing = OUTLET.get_or_init(|| outlet).clone();
        let thread = std::thread::Builder::new().name("log".to_owned());
        let spawned = thread.spawn(move || writing.write_on(&folding, &mut std::io::stderr()));
        // A machine that cannot start a thread says so soon enough in other places.
        drop(spawned);
    }
    tell_panics();
}

/// Writes what was said last; to be called before the program ends.
pub(crate) fn finish() {
    if let Some(outlet) = OUTLET.get() {
        outlet.empty(LAST_LINES_TIME_MAX);
    }
}

/// How many lines of one message are written in a second; what is no such number counts as nothing said.
fn lines_per_s(said: Option<&str>) -> u64 {
    said.and_then(|text| text.parse().ok())
        .filter(|lines| (1..=LINES_PER_S_MAX).contains(lines))
        .unwrap_or(LINES_PER_S)
}

/// A panic is told by its place. Its text is told only when it stands so in the source: text made
/// at run time may hold what was being worked on (cutting a string at the wrong byte names the
/// string), and that may be somebody's name.
fn tell_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        let backtrace = Backtrace::capture();
        let backtrace = (backtrace.status() == BacktraceStatus::Captured).then_some(backtrace);
        tracing::error!(
            place = place.as_deref(),
            text = words(panic.payload()),
            thread = std::thread::current().name(),
            backtrace = backtrace.map(tracing::field::display),
            "panicked"
        );
    }));
}

fn words(payload: &(dyn Any + Send)) -> &'static str {
    payload
        .downcast_ref::<&'static str>()
        .copied()
        .unwrap_or("[withheld]")
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;

    #[test]
    fn ec_28_lines_a_second_are_one_to_a_hundred_thousand() {
        for (said, lines) in [
            (None, LINES_PER_S),
            (Some("0"), LINES_PER_S),
            (Some("1"), 1),
            (Some("100000"), 100_000),
            (Some("100001"), LINES_PER_S),
            (Some("many"), LINES_PER_S),
        ] {
            assert_eq!(lines_per_s(said), lines, "{said:?}");
        }
    }

    /// What the journal is given: a bound in bytes and in days, and files of a day each, as many as either takes.
    #[test]
    fn c8_the_journal_keeps_190_days_and_no_more_than_its_share() {
        let text = include_str!("../../deploy/logs/journald@lifeline.conf");
        let said: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        for line in [
            "Storage=persistent",
            "MaxRetentionSec=190day",
            "MaxFileSec=1day",
            "SystemMaxUse=200G",
            "SystemKeepFree=10G",
            "LineMax=64K",
        ] {
            assert!(said.contains(&line), "{line}");
        }
        let number = |key: &str, unit: &str| -> u32 {
            let mut values = said.iter().filter_map(|line| line.strip_prefix(key));
            let value = values.next().unwrap().strip_suffix(unit).unwrap();
            value.parse().unwrap()
        };
        let days = number("MaxRetentionSec=", "day");
        let gigabytes = number("SystemMaxUse=", "G") / number("SystemMaxFileSize=", "G");
        assert!(number("SystemMaxFiles=", "") >= days + gigabytes);
        assert_eq!(outlet::LINE_BYTES_MAX, 64 * 1024);
    }

    #[test]
    fn what_a_panic_worked_on_is_withheld() {
        let name = String::from("欧阳明珠");
        let of = |panic: std::thread::Result<()>| words(&*panic.unwrap_err());
        assert_eq!(
            of(catch_unwind(|| panic!("the store is gone"))),
            "the store is gone"
        );
        assert_eq!(
            of(catch_unwind(|| panic!("no home of {name}"))),
            "[withheld]"
        );
        // The standard library's own text of this one holds the whole string.
        let cut = catch_unwind(|| drop(name[..4].to_owned()));
        assert_eq!(of(cut), "[withheld]");
        let refused: Result<(), String> = name.parse::<u8>().map(drop).map_err(|_| name.clone());
        let kept = catch_unwind(|| refused.clone().unwrap());
        assert_eq!(of(kept), "[withheld]");
    }
}
