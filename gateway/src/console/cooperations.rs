//! The end of a cooperation by the utility (PV-11): somebody of the staff wants it and says why, another person lets
//! it happen. It is a case like those that owners ask for; both stand here.

use actix_web::{HttpResponse, web};
use askama::Template;
use lifeline_core::accounts::Actor;
use lifeline_core::cases::CaseKind;
use lifeline_core::cases::decision::Resolution;
use lifeline_core::cases::four_eyes::REASON_CHARS;
use lifeline_core::operators::Right;
use lifeline_core::operators::decisions::Plan;
use lifeline_core::settlement::accounts::{Generation, GenerationError};
use lifeline_core::settlement::ids::GenerationNo;
use serde::Deserialize;

use super::access::{Access, Pages};
use super::cases::here;
use super::fault::Fault;
use super::frame::{Frame, page};
use super::visitor::{Fields, Visitor, go_saying};
use crate::edge::trace;

pub(super) fn pages(pages: &mut Pages<'_>) {
    let at = "/console/cooperations";
    pages.get(at, Access::May(Right::ReadCases), list);
    let propose = Access::May(Right::ProposeDecision);
    pages.post(at, propose, "generation.end_wanted", want);
}

struct Row {
    case: String,
    account: String,
    opened: String,
}

#[derive(Template)]
#[template(path = "console/cooperations.html")]
struct CooperationsPage {
    frame: Frame,
    rows: Vec<Row>,
    may_propose: bool,
}

async fn list(visitor: Visitor) -> Result<HttpResponse, Fault> {
    let ends = visitor
        .operators
        .all_open(&visitor.acting, |case| {
            case.kind == CaseKind::TerminationAsked
        })
        .await?;
    Ok(page(&CooperationsPage {
        rows: ends
            .into_iter()
            .map(|case| Row {
                case: here(&case.case_id),
                account: case.subject,
                opened: case.opened_at.alipay_text(),
            })
            .collect(),
        may_propose: visitor.acting.may(Right::ProposeDecision),
        frame: Frame::of(&visitor, "cooperations.title"),
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    generation_no: String,
    reason: String,
}

/// Whoever acts, as the rooms write it down.
pub(super) fn actor(visitor: &Visitor) -> Actor {
    Actor {
        name: visitor.acting.actor(),
        source: visitor.acting.source.clone(),
        trace_id: trace::current(),
    }
}

/// Opens the case, or takes the one that waits, and proposes the end.
async fn want(
    visitor: Visitor,
    generation: web::Data<Generation>,
    fields: Fields<Wanted>,
) -> Result<HttpResponse, Fault> {
    let Wanted {
        generation_no,
        reason,
    } = &fields.0;
    if !REASON_CHARS.contains(&reason.chars().count()) {
        return Err(Fault::Invalid("fault.reason"));
    }
    let number = GenerationNo::parse(generation_no);
    let number = number.map_err(|_| Fault::Invalid("fault.generation_no"))?;
    let id = generation.of_number(&number).await?;
    let id = id.ok_or(Fault::NotFound)?;
    let operators = &visitor.operators;
    operators.reach(&visitor.acting, id.as_str()).await?;
    let case = generation.want_end(&id, &actor(&visitor)).await?;
    let plan = Plan {
        resolution: Resolution::EndCooperation,
        parts: &[],
        proof: "",
        reason,
    };
    operators.propose(&visitor.acting, &case, plan).await?;
    Ok(go_saying(&here(&case), "said.proposed"))
}

impl From<GenerationError> for Fault {
    fn from(error: GenerationError) -> Self {
        match error {
            GenerationError::NotFound => Self::NotFound,
            GenerationError::Over => Self::Refused("fault.not_as_things_stand"),
            error => {
                tracing::error!(%error, "console.generation");
                Self::Unavailable
            }
        }
    }
}
