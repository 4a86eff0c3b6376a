//! How full the limits of this node are now, and how often each refused lately (LN-39). No key is shown:
//! the table of limits does not know whose they are.

use actix_web::{HttpResponse, web};
use askama::Template;
use lifeline_core::operators::Right;

use super::access::{Access, Pages};
use super::fault::Fault;
use super::frame::{Frame, page};
use super::today::House;
use super::visitor::Visitor;
use crate::edge::limits::Fill;
use crate::edge::switchboard::Switchboard;

pub(super) fn pages(pages: &mut Pages<'_>) {
    let read = Access::May(Right::ReadSystem);
    pages.get("/console/system/limits", read, list);
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
}

fn row(fill: Fill) -> Row {
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
        rows: limits.fill().into_iter().map(row).collect(),
    });
    let channels = switchboard.fill(now).into_iter();
    Ok(page(&LimitsPage {
        frame: Frame::of(&visitor, "limits.title"),
        as_of: now.alipay_text(),
        gates: gates.collect(),
        channels: channels
            .map(|(channel, came, most)| Channel {
                name: channel.as_str(),
                came,
                most,
            })
            .collect(),
    }))
}
