//! The figures of use as a file: all that their page tells, and nothing of fewer than five people.

use actix_web::{HttpResponse, web};
use lifeline_core::insight::Insight;
use lifeline_core::insight::people::told;
use lifeline_core::insight::report::{Figure, Statistics};
use lifeline_core::operators::Right;

use super::access::{Access, Pages};
use super::before::{self, before};
use super::fault::Fault;
use super::sheet::{Form, Sheet};
use super::statistics::{NOT_KEPT, Query, asked, crowd, earlier, filter, kept, links};
use super::visitor::Visitor;
use super::ways::date;

pub(super) fn pages(pages: &mut Pages<'_>) {
    let export = Access::May(Right::ExportStatistics);
    pages.get("/console/statistics/export", export, take_out);
}

/// What a file says where a figure is told of all regions only, or of no filter.
const NOT_TOLD: &str = "not told";
/// As the heat map calls its rows, in a file for another program.
const WEEK: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

fn line<const N: usize>(sheet: &mut Sheet, cells: [&str; N]) {
    sheet.row(&cells.map(str::to_owned));
}

fn counts(sheet: &mut Sheet, figures: &Statistics) {
    let sides: [(&str, &Vec<Figure>); 5] = [
        ("date", &figures.series),
        ("function", &figures.functions),
        ("channel", &figures.channels),
        ("outcome", &figures.outcomes),
        ("region", &figures.regions),
    ];
    for (part, rows) in sides {
        line(sheet, [part, "calls", "calls_before"]);
        for one in rows {
            let before = earlier(one.before, NOT_KEPT);
            sheet.row(&[one.name.clone(), one.n.to_string(), before]);
        }
    }
}

/// Different people, and how long answers took.
fn people_and_latency(sheet: &mut Sheet, figures: &Statistics) {
    line(sheet, ["people", "count"]);
    for (place, period) in ["day", "week", "month"].into_iter().enumerate() {
        let told = figures.people.as_ref();
        let told = told.and_then(|told| told.get(place).copied());
        let count = told.map_or_else(|| NOT_TOLD.to_owned(), crowd);
        sheet.row(&[period.to_owned(), count]);
    }
    line(sheet, ["latency", "microseconds"]);
    for (name, micros) in ["p50", "p95", "p99"].into_iter().zip(figures.latency) {
        sheet.row(&[name.to_owned(), earlier(micros, "—")]);
    }
}

fn heat(sheet: &mut Sheet, figures: &Statistics) {
    let mut head = vec!["weekday".to_owned()];
    head.extend((0..24).map(|hour| hour.to_string()));
    sheet.row(&head);
    let Some(week) = &figures.heat else {
        line(sheet, [NOT_KEPT]);
        return;
    };
    for (day, hours) in WEEK.into_iter().zip(week) {
        let mut cells = vec![day.to_owned()];
        cells.extend(hours.iter().map(ToString::to_string));
        sheet.row(&cells);
    }
}

/// How far people got, and who stayed.
fn steps_and_links(sheet: &mut Sheet, figures: &Statistics, of_all: bool) {
    line(sheet, ["step", "people"]);
    if !of_all {
        line(sheet, [NOT_TOLD]);
    }
    for step in &figures.funnel {
        let people = crowd((step.n >= 0).then_some(step.n));
        sheet.row(&[step.name.clone(), people]);
    }
    line(sheet, ["links", "began", "ended"]);
    if of_all {
        let (began, ended) = (
            links(figures, |day| day.began),
            links(figures, |day| day.ended),
        );
        sheet.row(&["all".to_owned(), began, ended]);
    } else {
        line(sheet, [NOT_TOLD]);
    }
    for day in &figures.growth {
        let (began, ended) = (crowd(told(day.began)), crowd(told(day.ended)));
        sheet.row(&[date(day.day), began, ended]);
    }
    line(sheet, ["first_month", "people", "linked_still"]);
    if !of_all {
        line(sheet, [NOT_TOLD]);
    }
    for month in &figures.kept {
        let (first, still) = (crowd(told(month.first)), crowd(told(month.still)));
        sheet.row(&[month.month.clone(), first, still]);
    }
}

/// What stands beside the figures that are no counts: of as many days right before, of the period before each of people.
fn right_before(sheet: &mut Sheet, figures: &Statistics, of_all: bool) {
    let said = before(figures, NOT_KEPT);
    line(sheet, ["right_before", "figure"]);
    let mut row = |name: &str, figure: String| sheet.row(&[name.to_owned(), figure]);
    row("done", said.done);
    row("p50", said.p50);
    row("p95", said.p95);
    row("p99", said.p99);
    for (period, people) in ["day", "week", "month"].into_iter().zip(said.people) {
        let told = figures.people.map_or(NOT_TOLD.to_owned(), |_| people);
        row(&format!("people_{period}"), told);
    }
    for step in &figures.funnel {
        let people = before::step(step.before, NOT_KEPT);
        row(&format!("step_{}", step.name), people);
    }
    if of_all {
        row("links_began", said.began);
        row("links_ended", said.ended);
    }
}

/// The figures as a file; taking them out leaves a line in the audit.
async fn take_out(
    visitor: Visitor,
    insight: web::Data<Insight>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Fault> {
    let form = filter(&query.form, Form::parse)?.unwrap_or(Form::Csv);
    let ask = asked(&query, &visitor, &insight)?;
    let figures = insight.statistics(&ask).await?;
    let filters = kept(&query, &date(ask.from), &date(ask.to));
    let mut sheet = Sheet::of(&visitor, &filters);
    counts(&mut sheet, &figures);
    people_and_latency(&mut sheet, &figures);
    heat(&mut sheet, &figures);
    steps_and_links(&mut sheet, &figures, ask.regions.is_none());
    right_before(&mut sheet, &figures, ask.regions.is_none());
    let noted = visitor
        .operators
        .note(&visitor.acting, "insight.export", &filters, form.as_str());
    let file = sheet.answer(form, "statistics")?;
    noted.await?;
    Ok(file)
}
