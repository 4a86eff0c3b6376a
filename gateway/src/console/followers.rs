//! Who follows and who is linked: gained and lost by day beside the span before, linked people by supply office.

use actix_web::{HttpResponse, web};
use askama::Template;
use lifeline_core::insight::Followers;
use lifeline_core::insight::followers::Audience;
use lifeline_core::insight::people::{midnight, told};
use lifeline_core::insight::report::Figure;
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
    gained: i64,
    lost: i64,
    net: i64,
    before: i64,
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
    audience: Audience,
    line: Chart,
    days: Vec<Day>,
    regions: Vec<Region>,
    /// People with a linked home; empty for a part of the regions.
    linked: String,
    may_export: bool,
}

fn days(audience: &Audience) -> Vec<Day> {
    let together = audience.gained.iter().zip(&audience.lost);
    let told = |(gained, lost): (&Figure, &Figure)| Day {
        name: gained.name.clone(),
        gained: gained.n,
        lost: lost.n,
        net: gained.n.saturating_sub(lost.n),
        before: gained.before.saturating_sub(lost.before),
    };
    together.map(told).collect()
}

/// People with a linked home, everywhere.
fn linked(audience: &Audience) -> Option<String> {
    audience.linked.map(|people| crowd(told(people)))
}

/// Regions, people and homes; of fewer than five people neither is told.
fn regions(audience: &Audience) -> Vec<Region> {
    let told =
        |(row, people): &(lifeline_core::insight::followers::BoundRegion, Option<i64>)| Region {
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
        line: chart::line(&audience.gained),
        days: days(&audience),
        regions: regions(&audience),
        linked: linked(&audience).unwrap_or_default(),
        audience,
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
        let figures = [day.gained, day.lost, day.net, day.before].map(|n| n.to_string());
        let mut cells = vec![day.name];
        cells.extend(figures);
        sheet.row(&cells);
    }
    if let Some(people) = linked(&audience) {
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
