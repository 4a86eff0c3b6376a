//! How full the limits of this node are now, and how often each refused lately (LN-39); emptying one with a reason. No key
//! is shown: the table of limits does not know whose they are.

use actix_web::{HttpResponse, web};
use askama::Template;
use lifeline_core::insight::{Function, Outcome};
use lifeline_core::operators::{Emptying, Right};
use lifeline_core::shared::time::Time;
use serde::Deserialize;

use super::access::{Access, Pages};
use super::fault::Fault;
use super::frame::{Frame, page};
use super::today::House;
use super::visitor::{Fields, Visitor, go_saying};
use crate::edge::limits::Fill;
use crate::edge::limits::fill::Named;
use crate::edge::switchboard::Switchboard;

pub(super) fn pages(pages: &mut Pages<'_>) {
    let read = Access::May(Right::ReadSystem);
    pages.get("/console/system/limits", read, list);
    pages.post(
        "/console/system/limits/clear",
        Access::May(Right::RunSystem),
        "limits.clear",
        clear,
    );
}

struct Row {
    /// A key of the words.
    what: String,
    function: &'static str,
    most: String,
    keys: usize,
    nearly: usize,
    fullest: String,
    hour: u64,
    day: u64,
    /// By which a form names it.
    key: String,
    /// Where the requests are that were told they came too often; empty where none are kept.
    to: String,
}

/// The limits of one listener.
struct Gate {
    name: &'static str,
    rows: Vec<Row>,
}

/// What came this minute through a channel that has a limit.
struct Channel {
    name: &'static str,
    came: i64,
    most: i64,
}

#[derive(Template)]
#[template(path = "console/limits.html")]
struct LimitsPage {
    frame: Frame,
    as_of: String,
    gates: Vec<Gate>,
    channels: Vec<Channel>,
    may_run: bool,
    may_follow: bool,
    reasons: Vec<(&'static str, &'static str)>,
}

/// A limit of a listener, in one word for a form and for the audit.
fn key(gate: &str, (name, function): Named) -> String {
    format!("{gate} {name} {function}").trim_end().to_owned()
}

/// Where those that a limit of the households' listener refused are: of the last day, by their function where it has one
/// of its own.
fn behind(gate: &str, (_, function): Named, now: Time) -> String {
    // What staff ask for is not counted.
    if gate != "line" {
        return String::new();
    }
    let (from, to) = (now.plus_seconds(-86_400), now);
    let of = if function.starts_with('/') {
        format!("&function={}", Function::of("GET", function).name)
    } else {
        String::new()
    };
    format!(
        "/console/statistics/refusals?from={}&to={}&outcome={}{of}",
        from.shanghai_date(),
        to.shanghai_date(),
        Outcome::Limited.as_str()
    )
}

const fn reason_word(why: Emptying) -> &'static str {
    match why {
        Emptying::SharedPlace => "limits.shared_place",
        Emptying::OwnLoad => "limits.own_load",
        Emptying::TooLow => "limits.too_low",
    }
}

fn row(gate: &str, fill: &Fill, now: Time) -> Row {
    let (name, function) = fill.named;
    let percents: Vec<_> = fill.fullest.iter().map(|one| format!("{one} %")).collect();
    Row {
        what: format!("limit.{name}"),
        function,
        most: format!(
            "{} / {} s",
            fill.quota.burst(),
            fill.quota.window().as_secs()
        ),
        keys: fill.keys,
        nearly: fill.nearly_full,
        fullest: if percents.is_empty() {
            "—".to_owned()
        } else {
            percents.join(" · ")
        },
        hour: fill.refused_hour,
        day: fill.refused_day,
        key: key(gate, fill.named),
        to: behind(gate, fill.named, now),
    }
}

async fn list(
    visitor: Visitor,
    house: web::Data<House>,
    switchboard: web::Data<Switchboard>,
) -> Result<HttpResponse, Fault> {
    let now = visitor.operators.now();
    let gates = house.gates.iter().map(|(name, limits)| Gate {
        name,
        rows: limits
            .fill()
            .iter()
            .map(|fill| row(name, fill, now))
            .collect(),
    });
    let channels = switchboard.fill(now).into_iter();
    let frame = Frame::of(&visitor, "limits.title");
    Ok(page(&LimitsPage {
        may_run: visitor.acting.may(Right::RunSystem),
        may_follow: visitor.acting.may(Right::ReadStatistics),
        reasons: Emptying::ALL
            .map(|why| (why.as_str(), frame.t(reason_word(why))))
            .to_vec(),
        as_of: now.alipay_text(),
        gates: gates.collect(),
        channels: channels
            .map(|(channel, came, most)| Channel {
                name: channel.as_str(),
                came,
                most,
            })
            .collect(),
        frame,
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Emptied {
    limit: String,
    reason: String,
    code: String,
}

async fn clear(
    visitor: Visitor,
    house: web::Data<House>,
    fields: Fields<Emptied>,
) -> Result<HttpResponse, Fault> {
    let Emptied {
        limit,
        reason,
        code,
    } = &fields.0;
    let found = house.gates.iter().find_map(|(gate, limits)| {
        let mut all = limits.fill().into_iter();
        let fill = all.find(|fill| key(gate, fill.named) == *limit)?;
        Some((limits, fill.named))
    });
    let (limits, named) = found.ok_or(Fault::NotFound)?;
    let why = Emptying::parse(reason).ok_or(Fault::Invalid("fault.filter"))?;
    visitor
        .operators
        .limit_emptied(&visitor.acting, limit, why, code)
        .await?;
    limits.empty(named);
    Ok(go_saying("/console/system/limits", "said.limit_emptied"))
}
