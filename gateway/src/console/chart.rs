//! Charts as SVG that the server draws: attributes only, no inline style, a table beside each.

use lifeline_core::insight::report::Figure;

const WIDTH: i64 = 960;
const HEIGHT: i64 = 240;
const LEFT: i64 = 64;
const BELOW: i64 = 28;

/// A line over time with the span before behind it.
#[derive(Debug)]
pub struct Chart {
    pub width: i64,
    pub height: i64,
    pub line: String,
    pub before: String,
    /// `(y, words)`.
    pub marks: Vec<(i64, String)>,
    /// `(x, words)`.
    pub dates: Vec<(i64, String)>,
    pub left: i64,
}

fn across(at: usize, all: usize) -> i64 {
    let (at, all) = (
        i64::try_from(at).unwrap_or(0),
        i64::try_from(all).unwrap_or(1),
    );
    let room = WIDTH.saturating_sub(LEFT).saturating_sub(16);
    let steps = all.saturating_sub(1).max(1);
    LEFT.saturating_add(room.saturating_mul(at).div_euclid(steps))
}

fn up(n: i64, most: i64) -> i64 {
    let room = HEIGHT.saturating_sub(BELOW).saturating_sub(12);
    HEIGHT
        .saturating_sub(BELOW)
        .saturating_sub(n.saturating_mul(room).div_euclid(most.max(1)))
}

/// A round number that nothing exceeds.
fn ceiling(most: i64) -> i64 {
    let mut round: i64 = 4;
    while round < most {
        let next = round.saturating_mul(2);
        round = if next < most {
            round.saturating_mul(5).div_euclid(2)
        } else {
            next
        };
    }
    round
}

/// Draws the series of a span.
#[must_use]
pub fn line(series: &[Figure]) -> Chart {
    let most = series.iter().map(|one| one.n.max(one.before)).max();
    let most = ceiling(most.unwrap_or(0));
    let points = |of: fn(&Figure) -> i64| {
        let mut text = String::new();
        for (at, one) in series.iter().enumerate() {
            text.push_str(&format!(
                "{},{} ",
                across(at, series.len()),
                up(of(one), most)
            ));
        }
        text.trim_end().to_owned()
    };
    let every = series.len().div_ceil(8).max(1);
    let dates = series.iter().enumerate().step_by(every);
    Chart {
        width: WIDTH,
        height: HEIGHT,
        line: points(|one| one.n),
        before: points(|one| one.before),
        marks: [0, 1, 2]
            .map(|half: i64| {
                let n = most.saturating_mul(half).div_euclid(2);
                (up(n, most), n.to_string())
            })
            .to_vec(),
        dates: dates
            .map(|(at, one)| (across(at, series.len()), one.name.clone()))
            .collect(),
        left: LEFT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_point_lies_within_the_picture() {
        let series: Vec<Figure> = (0..92)
            .map(|n| Figure {
                name: n.to_string(),
                n: n * 1_000_003,
                before: 7,
            })
            .collect();
        let drawn = line(&series);
        for pair in drawn.line.split(' ').chain(drawn.before.split(' ')) {
            let (x, y) = pair.split_once(',').unwrap();
            assert!((LEFT..=WIDTH).contains(&x.parse().unwrap()), "{pair}");
            assert!((0..=HEIGHT - BELOW).contains(&y.parse().unwrap()), "{pair}");
        }
        assert!(line(&[]).line.is_empty());
    }
}
