//! Points: what they are given for, what they are exchanged for, and how many are left.

use actix_web::{HttpResponse, web};
use askama::Template;
use lifeline_core::accounts::Actor;
use lifeline_core::operators::Right;
use lifeline_core::requests::points::{Gift, Rule};
use lifeline_core::requests::{PointsError, Requests};
use lifeline_core::shared::ids::GiftId;
use lifeline_core::shared::time::{Day, Time};
use serde::Deserialize;

use super::access::{Access, Pages};
use super::fault::Fault;
use super::frame::{Frame, page};
use super::visitor::{Fields, Visitor, go_saying};

const MANAGE: Access = Access::May(Right::ManageCatalogue);

pub(super) fn pages(pages: &mut Pages<'_>) {
    pages.get("/console/points", MANAGE, shelf);
    pages.post("/console/points", MANAGE, "points.gift", add);
    pages.post("/console/points/rule", MANAGE, "points.rule", rule);
    pages.post("/console/points/rule/end", MANAGE, "points.end_rule", end);
    pages.post("/console/points/{id}", MANAGE, "points.gift", change);
}

impl From<PointsError> for Fault {
    fn from(error: PointsError) -> Self {
        match error {
            PointsError::NotFound => Self::NotFound,
            PointsError::NotSound => Self::Invalid("fault.points_values"),
            PointsError::OutOfStock | PointsError::NotEnough | PointsError::KeyReused => {
                Self::Refused("fault.points_values")
            }
            PointsError::Record(error) => {
                tracing::error!(%error, "points.not_recorded");
                Self::Internal
            }
            PointsError::Store(error) => error.into(),
        }
    }
}

struct GiftRow {
    id: String,
    title: String,
    points: i64,
    stock: i64,
}

struct RuleRow {
    id: String,
    fen_per_point: i64,
    points_max: i64,
    from: String,
    /// The last day it gives on; empty while it has none.
    until: String,
}

#[derive(Template)]
#[template(path = "console/points.html")]
struct PointsPage {
    frame: Frame,
    gifts: Vec<GiftRow>,
    rules: Vec<RuleRow>,
    today: String,
}

async fn shelf(visitor: Visitor, requests: web::Data<Requests>) -> Result<HttpResponse, Fault> {
    let (gifts, rules) = requests.catalogue().await?;
    let gifts = gifts.into_iter().map(|gift| GiftRow {
        id: gift.gift_id.to_string(),
        title: gift.title,
        points: gift.points,
        stock: gift.stock,
    });
    let rules = rules.into_iter().map(|rule| RuleRow {
        id: rule.rule_id,
        fen_per_point: rule.fen_per_point,
        points_max: rule.points_max,
        from: rule.valid_from.shanghai_date(),
        until: rule
            .valid_to
            .map_or(String::new(), |to| to.plus_seconds(-1).shanghai_date()),
    });
    Ok(page(&PointsPage {
        gifts: gifts.collect(),
        rules: rules.collect(),
        today: visitor.operators.now().shanghai_date(),
        frame: Frame::of(&visitor, "points.title"),
    }))
}

fn actor(visitor: &Visitor) -> Actor {
    Actor {
        name: visitor.acting.actor(),
        source: visitor.acting.source.clone(),
        trace_id: visitor.acting.trace_id.clone(),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GiftFields {
    title: String,
    points: String,
    stock: String,
}

/// A number as it is typed.
fn number(typed: &str) -> Result<i64, Fault> {
    typed
        .parse()
        .map_err(|_| Fault::Invalid("fault.points_values"))
}

impl GiftFields {
    fn gift(self, gift_id: GiftId) -> Result<Gift, Fault> {
        Ok(Gift {
            gift_id,
            title: self.title.trim().to_owned(),
            points: number(&self.points)?,
            stock: number(&self.stock)?,
        })
    }
}

async fn add(
    visitor: Visitor,
    requests: web::Data<Requests>,
    fields: Fields<GiftFields>,
) -> Result<HttpResponse, Fault> {
    let gift = fields.0.gift(requests.new_gift_id())?;
    requests.set_gift(&actor(&visitor), &gift).await?;
    Ok(go_saying("/console/points", "said.points_kept"))
}

async fn change(
    visitor: Visitor,
    requests: web::Data<Requests>,
    path: web::Path<String>,
    fields: Fields<GiftFields>,
) -> Result<HttpResponse, Fault> {
    let id = GiftId::parse(&path).map_err(|_| Fault::NotFound)?;
    let gift = fields.0.gift(id)?;
    requests.set_gift(&actor(&visitor), &gift).await?;
    Ok(go_saying("/console/points", "said.points_kept"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleFields {
    rule_id: String,
    fen_per_point: String,
    points_max: String,
}

async fn rule(
    visitor: Visitor,
    requests: web::Data<Requests>,
    fields: Fields<RuleFields>,
) -> Result<HttpResponse, Fault> {
    let RuleFields {
        rule_id,
        fen_per_point,
        points_max,
    } = fields.0;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !(3..=40).contains(&rule_id.len()) || !rule_id.chars().all(plain) {
        return Err(Fault::Invalid("fault.points_values"));
    }
    let now: Time = visitor.operators.now();
    let rule = Rule {
        rule_id,
        fen_per_point: number(&fen_per_point)?,
        points_max: number(&points_max)?,
        valid_from: now,
        valid_to: None,
    };
    requests.set_rule(&actor(&visitor), &rule).await?;
    Ok(go_saying("/console/points", "said.points_kept"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EndFields {
    rule: String,
    /// The last day the rule gives on.
    until: String,
}

async fn end(
    visitor: Visitor,
    requests: web::Data<Requests>,
    fields: Fields<EndFields>,
) -> Result<HttpResponse, Fault> {
    const UNTIL: Fault = Fault::Invalid("fault.points_until");
    let EndFields { rule, until } = fields.0;
    let last = Day::parse(&until).map_err(|_| UNTIL)?;
    let ended = requests.end_rule(&actor(&visitor), &rule, last.end()).await;
    match ended {
        Err(PointsError::NotSound) => Err(UNTIL),
        ended => {
            ended?;
            Ok(go_saying("/console/points", "said.points_kept"))
        }
    }
}
