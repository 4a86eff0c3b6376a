//! Who follows and who is linked: gained and lost by day beside the span before, linked people by supply office.

use actix_web::{HttpResponse, web};
use askama::Template;
use lifeline_core::insight::Followers;
use lifeline_core::insight::followers::{Audience, Beside, BoundRegion, DayTold};
use lifeline_core::insight::people::{Total, midnight};
use lifeline_core::operators::Right;
use serde::Deserialize;

use super::access::{Access, Pages};
use super::chart::{self, Chart};
use super::fault::Fault;
use super::frame::{Frame, page};
use super::sheet::{Form, Sheet};
use super::statistics::{crowd, day, filter};
use super::visitor::Visitor;

pub(super) fn pages(pages: &mut Pages<'_>) {
    let read = Access::May(Right::ReadStatistics);
    pages.get("/console/followers", read, show);
    let export = Access::May(Right::ExportStatistics);
    pages.get("/console/followers/export", export, take_out);
}

/// The days of a page or a file that is asked for; the last thirty when none are named.
const DAYS_SHOWN: i64 = 30;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Query {
    from: String,
    to: String,
    form: String,
    said: String,
}

struct Day {
    name: String,
    gained: String,
    lost: String,
    net: String,
    before: String,
}

struct Region {
    region: String,
    people: String,
    homes: String,
}

#[derive(Template)]
#[template(path = "console/followers.html")]
struct FollowersPage {
    frame: Frame,
    from: String,
    to: String,
    following: String,
    gained: Beside<String>,
    lost: Beside<String>,
    unplaced: i64,
    line: Chart,
    days: Vec<Day>,
    regions: Vec<Region>,
    /// People with a linked home; empty for a part of the regions.
    linked: String,
    may_export: bool,
}

/// What cannot be told without telling of few.
const WITHHELD: &str = "—";

pub(super) fn total(said: Total) -> String {
    match said {
        Total::Told(n) => n.to_string(),
        Total::Few => crowd(None),
        Total::Withheld => WITHHELD.to_owned(),
    }
}

fn totals(said: Beside<Total>) -> Beside<String> {
    Beside {
        now: total(said.now),
        before: total(said.before),
    }
}

fn days(audience: &Audience) -> Vec<Day> {
    let net = |n: Option<i64>| n.map_or_else(|| WITHHELD.to_owned(), |n| n.to_string());
    let day = |one: &DayTold| Day {
        name: one.name.clone(),
        gained: crowd(one.gained.now),
        lost: crowd(one.lost.now),
        net: net(one.net().now),
        before: net(one.net().before),
    };
    audience.days.iter().map(day).collect()
}

/// Followers gained by day.
fn drawn(audience: &Audience) -> Chart {
    let point = |one: &DayTold| chart::Point {
        name: one.name.clone(),
        n: one.gained.now,
        before: one.gained.before,
    };
    chart::line(&audience.days.iter().map(point).collect::<Vec<_>>())
}

/// Regions, people and homes; of fewer than five people neither is told.
fn regions(audience: &Audience) -> Vec<Region> {
    let told = |(row, people): &(BoundRegion, Option<i64>)| Region {
        region: row.region.clone(),
        people: crowd(*people),
        homes: crowd(people.map(|_| row.homes)),
    };
    audience.bound.iter().map(told).collect()
}

async fn asked(
    visitor: &Visitor,
    followers: &Followers,
    query: &Query,
) -> Result<(String, String, Audience), Fault> {
    let today = followers.today();
    let to = day(&query.to, today)?;
    let from = day(&query.from, to.saturating_sub(DAYS_SHOWN - 1))?;
    let own = visitor.acting.staff.scope.narrowed(None);
    let own = own.map_err(|_| Fault::Forbidden)?;
    let audience = followers.audience((from, to), own.as_deref()).await?;
    let date = |day| midnight(day).shanghai_date();
    Ok((date(from), date(to), audience))
}

async fn show(
    visitor: Visitor,
    followers: web::Data<Followers>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Fault> {
    let (from, to, audience) = asked(&visitor, &followers, &query).await?;
    Ok(page(&FollowersPage {
        frame: Frame::of(&visitor, "followers.title"),
        from,
        to,
        following: crowd(audience.following),
        gained: totals(audience.followed),
        lost: totals(audience.unfollowed),
        line: drawn(&audience),
        days: days(&audience),
        regions: regions(&audience),
        linked: audience.linked.map(total).unwrap_or_default(),
        unplaced: audience.unplaced,
        may_export: visitor.acting.may(Right::ExportStatistics),
    }))
}

/// The same as a file; taking it out leaves a line in the audit.
async fn take_out(
    visitor: Visitor,
    followers: web::Data<Followers>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Fault> {
    let form = filter(&query.form, Form::parse)?.unwrap_or(Form::Csv);
    let (from, to, audience) = asked(&visitor, &followers, &query).await?;
    let filters = format!("from={from}&to={to}");
    let mut sheet = Sheet::of(&visitor, &filters);
    sheet.row(&["date", "followed", "unfollowed", "net", "net_before"].map(str::to_owned));
    for day in days(&audience) {
        sheet.row(&[day.name, day.gained, day.lost, day.net, day.before]);
    }
    if let Some(people) = audience.linked.map(total) {
        sheet.row(&["linked_people".to_owned(), people]);
    }
    sheet.row(&["region", "people", "homes"].map(str::to_owned));
    for one in regions(&audience) {
        sheet.row(&[one.region, one.people, one.homes]);
    }
    let file = sheet.answer(form, "followers")?;
    let act = "insight.export_followers";
    let noted = visitor
        .operators
        .note(&visitor.acting, act, &filters, form.as_str());
    noted.await?;
    Ok(file)
}
