//! Logs: one JSON object a line (or plain lines on a terminal), filtered by `LIFELINE_LOG`. A panic is a line like any other.

use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

/// Starts logging to standard error. A second call changes nothing.
pub(crate) fn start() {
    let filter = EnvFilter::try_from_env("LIFELINE_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    let started = if std::io::stderr().is_terminal() {
        builder.compact().try_init()
    } else {
        builder
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false)
            .try_init()
    };
    // Already started (a test process): the first subscriber stays.
    drop(started);
    tell_panics();
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
