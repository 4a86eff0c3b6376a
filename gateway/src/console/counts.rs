//! What a figure of use is the sum of: the finest counts that are kept, and from them the requests that were not done.

use actix_web::{HttpResponse, web};
use askama::Template;
use lifeline_core::insight::asked::Grain;
use lifeline_core::insight::behind::{Behind, Counted, Hours, PeopleByDay};
use lifeline_core::insight::{Ask, Insight, Outcome};
use lifeline_core::operators::Right;

use super::access::{Access, Pages};
use super::fault::Fault;
use super::frame::{Frame, page};
use super::statistics::{Query, WEEK, asked, crowd, filter, kept, millis};
use super::visitor::Visitor;
use super::ways::{Ways, counts_of, date};

pub(super) fn pages(pages: &mut Pages<'_>) {
    let read = Access::May(Right::ReadStatistics);
    pages.get("/console/statistics/counts", read, show);
}

struct Moment {
    name: String,
    n: i64,
    /// Where it is told more finely; empty where there is nothing finer.
    to: String,
}

/// How many requests of a function ended so.
struct Cell {
    n: i64,
    /// Where they are one by one; empty of those that were done, and of none.
    to: String,
}

struct OfFunction {
    name: &'static str,
    to: String,
    cells: Vec<Cell>,
}

struct Took {
    at_most: String,
    n: i64,
    /// Of all answers, those that took no longer.
    so_far: String,
}

#[derive(Template)]
#[template(path = "console/counts.html")]
struct CountsPage {
    frame: Frame,
    from: String,
    to: String,
    /// The filters that are set, in words.
    filters: Vec<(&'static str, String)>,
    sum: i64,
    moments: Vec<Moment>,
    /// Hours were left out: of the rest only the sum is told.
    of_hours: bool,
    outcomes: [&'static str; 4],
    functions: Vec<OfFunction>,
    latencies: Vec<Took>,
    people: Option<Vec<(String, String)>>,
    kept: String,
}

fn number(text: &str, below: i64) -> Result<Option<i64>, Fault> {
    let within = |n: &i64| (0..below).contains(n);
    filter(text, |text| text.parse::<i64>().ok().filter(within))
}

/// What is left out, in words.
fn filters(query: &Query, ask: &Ask, hours: Hours, frame: &Frame) -> Vec<(&'static str, String)> {
    let mut told = Vec::new();
    if !query.function.is_empty() {
        let name = frame.function(&query.function).to_owned();
        told.push(("statistics.by_function", name));
    }
    if let Some(channel) = ask.channel {
        let name = frame.channel(channel.as_str()).to_owned();
        told.push(("statistics.by_channel", name));
    }
    if let Some(outcome) = ask.outcome {
        let name = frame.outcome(outcome.as_str()).to_owned();
        told.push(("statistics.by_outcome", name));
    }
    if let Some(regions) = &ask.regions {
        told.push(("statistics.by_region", regions.join(" ")));
    }
    let weekday = hours.weekday.and_then(|day| usize::try_from(day).ok());
    if let Some(word) = weekday.and_then(|day| WEEK.get(day)) {
        told.push(("counts.weekday", frame.t(word).to_owned()));
    }
    if let Some(hour) = hours.hour {
        told.push(("statistics.hour", hour.to_string()));
    }
    told
}

fn moments(behind: &Behind, query: &Query) -> Vec<Moment> {
    let moment = |one: &Counted| Moment {
        name: one.name.clone(),
        n: one.n,
        to: match behind.grain {
            Grain::Hour => String::new(),
            Grain::Day | Grain::Month => counts_of(query, &date(one.days.0), &date(one.days.1)),
        },
    };
    behind.moments.iter().map(moment).collect()
}

/// The functions by how their requests ended; those that were not done lead to each of them.
fn functions(behind: &Behind, frame: &Frame, ways: &Ways<'_>) -> Vec<OfFunction> {
    let cell = |name: &str, outcome: Outcome, n: i64| Cell {
        n,
        to: if n > 0 && outcome != Outcome::Done {
            let query = Query {
                function: name.to_owned(),
                outcome: outcome.as_str().to_owned(),
                ..ways.query.clone()
            };
            let kept = kept(&query, ways.from, ways.to);
            format!("/console/statistics/refusals?{kept}")
        } else {
            String::new()
        },
    };
    let function = |(name, counts): &(String, Vec<i64>)| OfFunction {
        name: frame.function(name),
        to: ways.function(name),
        cells: Outcome::ALL
            .into_iter()
            .zip(counts)
            .map(|(outcome, n)| cell(name.as_str(), outcome, *n))
            .collect(),
    };
    behind.functions.iter().map(function).collect()
}

/// How many answers took how long.
fn took(latencies: &[(i64, i64)]) -> Vec<Took> {
    let all = latencies.iter().map(|(_, n)| *n).sum::<i64>().max(1);
    let mut so_far: i64 = 0;
    let mut told = Vec::new();
    for (micros, n) in latencies {
        so_far = so_far.saturating_add(*n);
        let permille = so_far.saturating_mul(1000).div_euclid(all);
        told.push(Took {
            at_most: millis(Some(*micros)),
            n: *n,
            so_far: format!("{}.{} %", permille.div_euclid(10), permille.rem_euclid(10)),
        });
    }
    told
}

async fn show(
    visitor: Visitor,
    insight: web::Data<Insight>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Fault> {
    let query = query.into_inner();
    let ask = asked(&query, &visitor, &insight)?;
    let hours = Hours {
        weekday: number(&query.weekday, 7)?,
        hour: number(&query.hour, 24)?,
    };
    let behind = insight.behind(&ask, hours).await?;
    let (from, to) = (date(ask.from), date(ask.to));
    let frame = Frame::of(&visitor, "counts.title");
    let ways = Ways {
        query: &query,
        from: &from,
        to: &to,
    };
    let crowds = |days: &PeopleByDay| -> Vec<(String, String)> {
        let each = days.iter();
        each.map(|(day, n)| (day.clone(), crowd(*n))).collect()
    };
    Ok(page(&CountsPage {
        filters: filters(&query, &ask, hours, &frame),
        sum: behind.moments.iter().map(|one| one.n).sum(),
        moments: moments(&behind, &query),
        of_hours: hours.are_some(),
        outcomes: Outcome::ALL.map(|outcome| frame.outcome(outcome.as_str())),
        functions: functions(&behind, &frame, &ways),
        latencies: took(&behind.latencies),
        people: behind.people.as_ref().map(crowds),
        kept: kept(&query, &from, &to),
        from,
        to,
        frame,
    }))
}
