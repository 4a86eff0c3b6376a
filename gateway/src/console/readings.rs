//! A seller's month that was refused (EC-07, EC-18): what the head-end says of it now, checked and
//! calculated again. It is released to the check task as a case is decided: by two persons.

use actix_web::{HttpResponse, web};
use askama::Template;
use lifeline_core::operators::Right;
use lifeline_core::settlement::Settlement;
use lifeline_core::settlement::calculation::Line;
use lifeline_core::settlement::flagged::{Examined, Flagged};
use lifeline_core::settlement::readings::{MonthEnergy, ReadingFault};

use super::access::{Access, Pages};
use super::cases::{case_id, here};
use super::fault::Fault;
use super::frame::{Frame, page};
use super::visitor::Visitor;

pub(super) fn pages(pages: &mut Pages<'_>) {
    pages.get(
        "/console/cases/{case_id}/reading",
        Access::May(Right::ReadCases),
        show,
    );
}

#[derive(Template)]
#[template(path = "console/reading.html")]
struct ReadingPage {
    frame: Frame,
    back: String,
    period: String,
    /// The key of what was found.
    found: &'static str,
    /// The day it is about, when it is about one.
    day: String,
    days: usize,
    gaps: Vec<String>,
    /// Each line with what made it.
    lines: Vec<String>,
    net: String,
}

const fn word(fault: ReadingFault) -> &'static str {
    match fault {
        ReadingFault::Negative(_) => "reading.negative",
        ReadingFault::MoreThanGenerated(_) => "reading.more_than_generated",
        ReadingFault::Twice(_) => "reading.twice",
        ReadingFault::OtherMonth(_) => "reading.other_month",
        ReadingFault::NoParts(_) => "reading.no_parts",
        ReadingFault::TooMuch(_) => "reading.too_much",
        ReadingFault::Clock => "reading.clock",
        ReadingFault::Unreadable => "reading.unreadable",
    }
}

fn filled(frame: Frame, back: String, period: String, examined: &Examined) -> ReadingPage {
    let mut page = ReadingPage {
        frame,
        back,
        period,
        found: "reading.nothing",
        day: String::new(),
        days: 0,
        gaps: Vec::new(),
        lines: Vec::new(),
        net: String::new(),
    };
    let mut count = |month: &MonthEnergy| {
        page.days = month.days().count();
        page.gaps = month.gaps().iter().map(ToString::to_string).collect();
    };
    match examined {
        Examined::Nothing => {}
        Examined::Wrong(fault) => {
            page.found = word(*fault);
            page.day = fault.day().map_or_else(String::new, |day| day.to_string());
        }
        Examined::Unsettled(month, _) => {
            count(month);
            page.found = "reading.unsettled";
        }
        Examined::Right(month, amounts) => {
            count(month);
            page.found = "reading.right";
            page.lines = amounts.lines.iter().map(Line::formula).collect();
            page.net = amounts.net.yuan();
        }
    }
    page
}

async fn show(
    visitor: Visitor,
    settlement: web::Data<Settlement>,
    id: web::Path<String>,
) -> Result<HttpResponse, Fault> {
    let id = case_id(&id)?;
    let case = visitor.operators.docket(&visitor.acting, &id).await?.case;
    let flagged = Flagged::read(&case).ok_or(Fault::NotFound)?;
    let examined = settlement.examine(&flagged).await?;
    Ok(page(&filled(
        Frame::of(&visitor, "reading.title"),
        here(&id),
        flagged.period.as_str().to_owned(),
        &examined,
    )))
}
