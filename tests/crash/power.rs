//! The same matrix on a disk that loses its power with the process: what no fsync had confirmed is
//! gone, or half gone. What the store acknowledged must be there.

use libtest_mimic::Failed;
use lifeline_tests::Engine;

use crate::disk::Leaves;
use crate::job::Job;
use crate::matrix::{self, Ground};
use crate::points::Point;
use crate::run;

const fn ground(leaves: Leaves, settings: &'static str) -> Ground {
    Ground {
        engine: Engine::Sqlite,
        job: Job::Main,
        leaves: Some(leaves),
        settings,
    }
}

fn first_time_after(point: &Point, at: u64) -> bool {
    point.kind() == "commit" && point.0.ends_with("after") && at == 1
}

/// The power goes right after the first COMMIT of every kind of unit.
pub(crate) fn nothing_acknowledged_is_lost(_: Engine) -> Result<(), Failed> {
    matrix::play(ground(Leaves::Nothing, ""), first_time_after)
}

/// Which cells of a matrix are played.
type Wanted = fn(&Point, u64) -> bool;

/// The power goes on both sides of every COMMIT, where the disk keeps nothing, or any mixture of sectors; and of every
/// call that leaves the program. Every row is played, whatever another one found.
pub(crate) fn nothing_acknowledged_is_lost_anywhere(_: Engine) -> Result<(), Failed> {
    const ROWS: [(&str, Leaves, Wanted); 4] = [
        ("commits", Leaves::Nothing, matrix::commits),
        ("commits", Leaves::Some(7), matrix::commits),
        ("commits", Leaves::Some(1_000_003), matrix::commits),
        ("sends", Leaves::Nothing, matrix::sends),
    ];
    run(async {
        let mut wrong = Vec::new();
        for (at, leaves, wanted) in ROWS {
            let tally = matrix::tally(ground(leaves, ""), wanted).await;
            let said = format!("at {at}, {}", tally.said);
            eprint!("{said}");
            if !tally.wrong.is_empty() {
                wrong.push(said);
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.concat());
    })
}

/// The control: a store that does not wait for its disk, or waits at checkpoints only, must be found out.
pub(crate) fn a_store_that_does_not_wait_is_found_out(_: Engine) -> Result<(), Failed> {
    fn some(point: &Point, at: u64) -> bool {
        let shown = [
            "accounts::sign_in",
            "bindings::confirming",
            "payments::start",
            "payments::keyed",
        ];
        first_time_after(point, at) && shown.iter().any(|name| point.name().starts_with(name))
            || point.name() == "payments::unit::run" && point.0.ends_with("after") && at < 7
    }
    run(async move {
        for settings in ["synchronous\tOFF\n", "synchronous\tNORMAL\n"] {
            let tally = matrix::tally(ground(Leaves::Nothing, settings), some).await;
            let found = tally.wrong.len();
            eprintln!(
                "{}: {found} of {} cells found it out",
                settings.trim(),
                tally.cells
            );
            assert!(
                found * 2 > tally.cells,
                "{settings}: only {found} of {} cells went wrong: the power cut is none",
                tally.cells
            );
        }
    })
}
