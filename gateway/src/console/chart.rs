//! Charts: axes, ticks and lines are laid out by plotters (ADR 0015). What it draws arrives here as
//! shapes, which a template writes as SVG: points and classes, no inline style, a table beside each.

use std::fmt::Write as _;

use plotters::prelude::{
    ChartBuilder, DrawingAreaErrorKind, DrawingBackend, IntoDrawingArea as _, LineSeries, RGBColor,
    TRANSPARENT,
};
use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingErrorKind,
};

const WIDTH: u32 = 960;
const HEIGHT: u32 = 240;
const LEFT: u32 = 72;
const BELOW: u32 = 28;
const LETTERS: u32 = 12;
/// Half of a date, which stands in the middle below its day: the last one is not to be cut off.
const RIGHT: u32 = 36;
const TICK: u32 = 4;
const DATES_MAX: usize = 8;
const STEPS_MAX: usize = 5;

/// Colours are the style sheet's: these only tell the shapes apart.
const AXIS: RGBColor = RGBColor(1, 0, 0);
const BEFORE: RGBColor = RGBColor(2, 0, 0);
const NOW: RGBColor = RGBColor(3, 0, 0);

/// What is drawn of a day or a month; what is not told is not drawn, and the line breaks there.
#[derive(Debug)]
pub struct Point {
    pub name: String,
    pub n: Option<i64>,
    pub before: Option<i64>,
}

/// A line over time with the span before behind it.
#[derive(Debug)]
pub struct Chart {
    pub width: u32,
    pub height: u32,
    pub strokes: Vec<Stroke>,
    pub labels: Vec<Label>,
}

/// A line through some points.
#[derive(Debug)]
pub struct Stroke {
    /// `axis`, `before` or `line`.
    pub class: &'static str,
    /// As SVG has them: `x,y x,y`.
    pub points: String,
}

/// Words beside an axis.
#[derive(Debug)]
pub struct Label {
    pub x: i32,
    pub y: i32,
    /// As SVG calls them.
    pub anchor: &'static str,
    pub baseline: &'static str,
    pub text: String,
}

/// What plotters draws on.
struct Easel<'a>(&'a mut Chart);

type Drawn = Result<(), DrawingErrorKind<std::fmt::Error>>;

impl DrawingBackend for Easel<'_> {
    type ErrorType = std::fmt::Error;

    fn get_size(&self) -> (u32, u32) {
        (self.0.width, self.0.height)
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    /// Nothing here is made of points.
    fn draw_pixel(&mut self, _: BackendCoord, _: BackendColor) -> Drawn {
        Ok(())
    }

    fn draw_line<S: BackendStyle>(
        &mut self,
        from: BackendCoord,
        to: BackendCoord,
        style: &S,
    ) -> Drawn {
        self.draw_path([from, to], style)
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Drawn {
        let color = style.color();
        if color.alpha <= 0.0 {
            return Ok(());
        }
        let mut points = String::new();
        for (x, y) in path {
            let space = if points.is_empty() { "" } else { " " };
            write!(points, "{space}{x},{y}").map_err(DrawingErrorKind::DrawingError)?;
        }
        self.0.strokes.push(Stroke {
            class: class_of(color.rgb),
            points,
        });
        Ok(())
    }

    fn draw_text<T: BackendTextStyle>(
        &mut self,
        text: &str,
        style: &T,
        (x, y): BackendCoord,
    ) -> Drawn {
        let place = style.anchor();
        self.0.labels.push(Label {
            x,
            y,
            anchor: match place.h_pos {
                HPos::Left => "start",
                HPos::Right => "end",
                HPos::Center => "middle",
            },
            baseline: match place.v_pos {
                VPos::Top => "hanging",
                VPos::Center => "central",
                VPos::Bottom => "auto",
            },
            text: text.to_owned(),
        });
        Ok(())
    }
}

const fn class_of(rgb: (u8, u8, u8)) -> &'static str {
    match rgb.0 {
        1 => "axis",
        2 => "before",
        _ => "line",
    }
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
pub fn line(series: &[Point]) -> Chart {
    let mut chart = Chart {
        width: WIDTH,
        height: HEIGHT,
        strokes: Vec::new(),
        labels: Vec::new(),
    };
    if let Err(error) = draw(series, &mut chart) {
        tracing::error!(%error, "console.chart.undrawn");
    }
    chart
}

const SPARK_WIDTH: u32 = 96;
const SPARK_HEIGHT: u32 = 24;
/// So that a line is not cut off along the border.
const SPARK_MARGIN: u32 = 2;

/// Draws one line beside a word: neither axis nor label, from nothing to its own largest. Its numbers stand elsewhere.
#[must_use]
pub fn spark(counts: &[i64]) -> Chart {
    let mut chart = Chart {
        width: SPARK_WIDTH,
        height: SPARK_HEIGHT,
        strokes: Vec::new(),
        labels: Vec::new(),
    };
    if let Err(error) = draw_spark(counts, &mut chart) {
        tracing::error!(%error, "console.chart.undrawn");
    }
    chart
}

fn draw_spark(
    counts: &[i64],
    chart: &mut Chart,
) -> Result<(), DrawingAreaErrorKind<std::fmt::Error>> {
    if counts.is_empty() {
        return Ok(());
    }
    let most = counts.iter().copied().max().unwrap_or(0).max(1);
    let last = counts.len().saturating_sub(1).max(1);
    let area = Easel(chart).into_drawing_area();
    let mut drawn = ChartBuilder::on(&area)
        .margin(SPARK_MARGIN)
        .build_cartesian_2d(0..last, 0..most)?;
    let points: Vec<(usize, i64)> = counts.iter().copied().enumerate().collect();
    drawn.draw_series(LineSeries::new(points, NOW))?;
    Ok(())
}

/// The stretches of a line, each without a break.
fn stretches(points: impl Iterator<Item = Option<i64>>) -> Vec<Vec<(usize, i64)>> {
    let mut all: Vec<Vec<(usize, i64)>> = vec![Vec::new()];
    for (at, n) in points.enumerate() {
        let Some(n) = n else {
            all.push(Vec::new());
            continue;
        };
        if let Some(stretch) = all.last_mut() {
            stretch.push((at, n));
        }
    }
    all.retain(|stretch| !stretch.is_empty());
    all
}

fn draw(series: &[Point], chart: &mut Chart) -> Result<(), DrawingAreaErrorKind<std::fmt::Error>> {
    let most = series.iter().filter_map(|one| one.n.max(one.before)).max();
    let last = series.len().saturating_sub(1).max(1);
    let area = Easel(chart).into_drawing_area();
    let mut drawn = ChartBuilder::on(&area)
        .margin_top(LETTERS)
        .margin_right(RIGHT)
        .x_label_area_size(BELOW)
        .y_label_area_size(LEFT)
        .build_cartesian_2d(0..last, 0..ceiling(most.unwrap_or(0)))?;
    let date = |at: &usize| {
        let one = series.get(*at);
        one.map_or_else(String::new, |one| one.name.clone())
    };
    drawn
        .configure_mesh()
        .disable_x_mesh()
        .x_labels(DATES_MAX)
        .y_labels(STEPS_MAX)
        .x_label_formatter(&date)
        .set_all_tick_mark_size(TICK)
        .bold_line_style(AXIS)
        .light_line_style(TRANSPARENT)
        .axis_style(AXIS)
        .label_style(("sans-serif", LETTERS))
        .draw()?;
    for stretch in stretches(series.iter().map(|one| one.before)) {
        drawn.draw_series(LineSeries::new(stretch, BEFORE))?;
    }
    for stretch in stretches(series.iter().map(|one| one.n)) {
        drawn.draw_series(LineSeries::new(stretch, NOW))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(days: i64) -> Vec<Point> {
        let one = |n: i64| Point {
            name: format!("2026-{n:03}"),
            n: Some(n * 1_000_003),
            before: Some(7),
        };
        (0..days).map(one).collect()
    }

    fn points(stroke: &Stroke) -> Vec<(i32, i32)> {
        let point = |pair: &str| {
            let (x, y) = pair.split_once(',').unwrap();
            (x.parse().unwrap(), y.parse().unwrap())
        };
        stroke.points.split(' ').map(point).collect()
    }

    #[test]
    fn every_point_and_label_lies_within_the_picture() {
        let drawn = line(&series(92));
        let (width, height) = (
            i32::try_from(WIDTH).unwrap(),
            i32::try_from(HEIGHT).unwrap(),
        );
        for (x, y) in drawn.strokes.iter().flat_map(points) {
            assert!(
                (0..=width).contains(&x) && (0..=height).contains(&y),
                "{x},{y}"
            );
        }
        for label in &drawn.labels {
            assert!((0..=width).contains(&label.x) && (0..=height).contains(&label.y));
            let half = i32::try_from(RIGHT).unwrap();
            assert!(!label.text.starts_with("2026") || label.x + half <= width);
        }
    }

    #[test]
    fn a_line_has_a_point_a_day_and_rises_with_its_figures() {
        let drawn = line(&series(92));
        let of = |class: &str| {
            let found = drawn.strokes.iter().find(|one| one.class == class);
            points(found.unwrap())
        };
        let (now, before) = (of("line"), of("before"));
        assert_eq!((now.len(), before.len()), (92, 92));
        assert!(now.is_sorted_by(|a, b| a.0 < b.0 && a.1 >= b.1), "{now:?}");
        assert!(before.windows(2).all(|pair| pair[0].1 == pair[1].1));
        assert!(now[91].1 < now[0].1);
        let text = |text: &str| drawn.labels.iter().any(|one| one.text == text);
        assert!(text("2026-000") && text("0"), "{:?}", drawn.labels);
    }

    #[test]
    fn a_line_breaks_where_nothing_is_told() {
        let mut told = series(9);
        told[4].n = None;
        for one in &mut told {
            one.before = None;
        }
        let drawn = line(&told);
        let lengths: Vec<usize> = drawn
            .strokes
            .iter()
            .filter(|one| one.class == "line")
            .map(|one| points(one).len())
            .collect();
        assert_eq!(lengths, [4, 4]);
        assert!(drawn.strokes.iter().all(|one| one.class != "before"));
    }

    #[test]
    fn ln_31_a_small_line_has_a_point_a_moment_within_its_picture_and_rises_with_its_figures() {
        let drawn = spark(&[0, 3, 7, 7, 40]);
        assert!(drawn.labels.is_empty() && drawn.strokes.len() == 1);
        let found = points(&drawn.strokes[0]);
        assert!(found.len() == 5 && found.is_sorted_by(|a, b| a.0 < b.0 && a.1 >= b.1));
        let (width, height) = (
            i32::try_from(SPARK_WIDTH).unwrap(),
            i32::try_from(SPARK_HEIGHT).unwrap(),
        );
        for (x, y) in found {
            assert!(
                (0..=width).contains(&x) && (0..=height).contains(&y),
                "{x},{y}"
            );
        }
        // A day alone has no line, and nothing has none.
        for few in [&[][..], &[9]] {
            assert!(spark(few).strokes.iter().flat_map(points).count() <= 1);
        }
    }

    #[test]
    fn a_span_of_nothing_and_of_one_day_has_its_axes() {
        for days in [0, 1] {
            let drawn = line(&series(days));
            assert!(drawn.strokes.iter().any(|one| one.class == "axis"));
        }
        let nothing = line(&[]);
        assert!(nothing.strokes.iter().all(|one| one.class == "axis"));
    }
}
