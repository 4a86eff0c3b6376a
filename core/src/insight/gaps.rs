//! Spans of which counts may be missing: a process was killed before it had written them.

use super::asked::Unended;
use super::flush::BEAT_S;
use crate::shared::time::Time;
use crate::store::{StoreError, View};

/// A run that neither ended nor wrote for a minute was killed.
const SILENT_S: i64 = 60;
/// Holes that are looked for at most, the newest.
const HOLES_MAX: i64 = 1_000;

/// The holes that reach into a span, in order.
pub(super) async fn gaps_of(
    view: &mut View,
    span: (Time, Time),
    now: Time,
) -> Result<Vec<(Time, Time)>, StoreError> {
    // A hole is a beat long at least: one that begins so shortly before the span reaches into it.
    let from = span.0.plus_seconds(BEAT_S.saturating_neg());
    let runs = view.insight().unended(from, span.1, HOLES_MAX).await?;
    Ok(gaps(&runs, now, span))
}

/// Each begins where everything was written, and ends where another run began; it is no shorter than a living run may
/// keep silent, for that one wrote on until it was killed.
fn gaps(runs: &[Unended], now: Time, (from, to): (Time, Time)) -> Vec<(Time, Time)> {
    let killed = |run: &&Unended| now.seconds_since(run.flushed_at) > SILENT_S;
    let hole = |run: &Unended| {
        let beat = run.flushed_at.plus_seconds(BEAT_S);
        let next = run.next_began.map_or(beat, |next| next.max(beat));
        (run.flushed_at, next)
    };
    let holes = runs.iter().filter(killed).map(hole);
    let mut holes: Vec<_> = holes
        .filter(|(begins, ends)| *begins < to && *ends > from)
        .collect();
    holes.sort_unstable();
    holes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::insight::asked::Run;

    const EVER: (i64, i64) = (-1_000_000, 1_000_000);

    fn at(seconds: i64) -> Time {
        Time::from_micros(0).plus_seconds(seconds)
    }

    fn run(began: i64, flushed: i64, ended: Option<i64>) -> Run {
        Run {
            run: began.to_string(),
            began_at: at(began),
            flushed_at: at(flushed),
            ended_at: ended.map(at),
            lost: 0,
        }
    }

    /// Those that did not end, as the store tells of them.
    fn unended(runs: &[Run]) -> Vec<Unended> {
        let open = runs.iter().filter(|run| run.ended_at.is_none());
        open.map(|run| {
            let began = runs.iter().map(|other| other.began_at);
            Unended {
                flushed_at: run.flushed_at,
                next_began: began.filter(|began| *began > run.flushed_at).min(),
            }
        })
        .collect()
    }

    fn told(runs: &[Run], now: i64, (from, to): (i64, i64)) -> Vec<(i64, i64)> {
        let found = gaps(&unended(runs), at(now), (at(from), at(to)));
        let seconds = |(a, b): &(Time, Time)| (a.unix_seconds(), b.unix_seconds());
        found.iter().map(seconds).collect()
    }

    #[test]
    fn ln_31_a_hole_reaches_until_another_process_began() {
        let killed = run(0, 100, None);
        let alone = [killed.clone()];
        assert!(told(&alone, 160, EVER).is_empty(), "it may live");
        assert_eq!(told(&alone, 161, EVER), [(100, 110)]);
        let later = run(700, 900, Some(900));
        assert_eq!(told(&[killed.clone(), later], 1_000, EVER), [(100, 700)]);
        // Another began while this one wrote on.
        let beside = run(101, 900, Some(900));
        assert_eq!(told(&[killed, beside], 1_000, EVER), [(100, 110)]);
        let ended = [run(0, 100, Some(100))];
        assert!(told(&ended, 1_000, EVER).is_empty());
    }

    #[test]
    fn ln_31_a_hole_is_told_of_each_span_it_reaches_into() {
        let runs = [run(0, 100, None), run(700, 1_000, None)];
        for (span, told_of) in [
            ((0, 100), 0),
            ((0, 101), 1),
            ((300, 400), 1),
            ((699, 900), 1),
            ((700, 900), 0),
        ] {
            assert_eq!(told(&runs, 1_010, span).len(), told_of, "{span:?}");
        }
    }
}
