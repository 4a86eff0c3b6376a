//! The first page: what needs a person now, and whether everything works.

use std::sync::Arc;

use actix_web::{HttpResponse, web};
use askama::Template;
use lifeline_core::operators::Right;
use lifeline_core::store::{Store, snapshot};

use super::access::{Access, Pages};
use super::fault::Fault;
use super::frame::{Frame, page};
use super::visitor::Visitor;
use crate::listeners::ops::{Check, Readiness};

pub(super) fn pages(pages: &mut Pages<'_>) {
    pages.get("/console", Access::May(Right::Overview), today);
}

/// What pages read that belongs to no single room: the store, and the dependencies' answers.
#[derive(Clone)]
pub struct House {
    pub store: Arc<dyn Store>,
    pub readiness: Arc<dyn Readiness>,
}

impl std::fmt::Debug for House {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("House")
    }
}

#[derive(Template)]
#[template(path = "console/today.html")]
struct TodayPage {
    frame: Frame,
    open_cases: i64,
    as_of: String,
    lights: Vec<Check>,
}

async fn today(visitor: Visitor, house: web::Data<House>) -> Result<HttpResponse, Fault> {
    let open_cases = snapshot(&*house.store).await?.cases().count_open().await?;
    Ok(page(&TodayPage {
        frame: Frame::of(&visitor, "today.title"),
        open_cases,
        as_of: visitor.operators.now().alipay_text(),
        lights: house.readiness.checks().await,
    }))
}
