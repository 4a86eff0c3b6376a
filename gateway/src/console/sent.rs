//! What went to the superior company, the data centre and the basic data platform, with its receipts, and the offices
//! that came back.

use actix_web::{HttpResponse, web};
use askama::Template;
use lifeline_core::insight::Aggregates;
use lifeline_core::insight::aggregate::{Addressee, Report};
use lifeline_core::operators::{Right, Scope};

use super::access::{Access, Pages};
use super::fault::Fault;
use super::frame::{Frame, page};
use super::visitor::Visitor;

pub(super) fn pages(pages: &mut Pages<'_>) {
    let read = Access::May(Right::ReadSystem);
    pages.get("/console/system/sent", read, show);
}

/// A month of days for every addressee.
const ROWS_MAX: i64 = 93;

struct Row {
    day: String,
    to: &'static str,
    digest: String,
    made: String,
    receipt: Option<(String, String)>,
    body: String,
}

#[derive(Template)]
#[template(path = "console/sent.html")]
struct SentPage {
    frame: Frame,
    rows: Vec<Row>,
    offices: Vec<(String, String, String)>,
}

fn row(report: Report, frame: &Frame) -> Row {
    let to = match report.addressee {
        Addressee::Company => frame.t("sent.company"),
        Addressee::DataCentre => frame.t("sent.data_centre"),
        Addressee::BasicData => frame.t("sent.basic_data"),
    };
    let receipt = report.receipt.as_ref();
    Row {
        day: report.date(),
        to,
        made: report.made_at.alipay_text(),
        receipt: receipt.map(|one| (one.number.clone(), one.at.alipay_text())),
        digest: report.digest,
        body: report.body,
    }
}

async fn show(visitor: Visitor, aggregates: web::Data<Aggregates>) -> Result<HttpResponse, Fault> {
    // The sums of every region stand in it.
    if visitor.acting.staff.scope != Scope::Everywhere {
        return Err(Fault::Forbidden);
    }
    let (reports, offices) = aggregates.sent(ROWS_MAX).await?;
    let frame = Frame::of(&visitor, "sent.title");
    Ok(page(&SentPage {
        rows: reports.into_iter().map(|one| row(one, &frame)).collect(),
        offices: offices
            .into_iter()
            .map(|(office, at)| (office.org_no, office.name, at.alipay_text()))
            .collect(),
        frame,
    }))
}
