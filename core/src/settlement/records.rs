//! What a decision leaves beside its row: an evidence line, an audit line, a case.

use serde_json::json;

use super::check_task::CheckTask;
use super::differing::Differing;
use super::ids::{CheckTaskId, TradeTaskId};
use super::trade_task::TradeTask;
use super::{CAUSES, SettlementError};
use crate::audit;
use crate::cases::{Case, CaseKind, rounds};
use crate::evidence::{Act, Entry};
use crate::shared::draw::Draw;
use crate::shared::ids::{CaseId, EvidenceId};
use crate::shared::money::Fen;
use crate::store::{StoreError, Tx};

/// One line per decision about a check task (PV-22..26).
pub(super) fn task_line(
    draw: &Draw,
    before: &CheckTask,
    after: &CheckTask,
    input: &str,
) -> Result<Entry, SettlementError> {
    let cause = format!("k:{}:{}:{input}", before.check_task_id, before.version);
    let act = Act::new()
        .say("account_id", before.owner.as_str())
        .say("check_task_id", before.check_task_id.as_str())
        .say("period", before.period.as_str())
        .say("data_version", before.data_version)
        .say("net_fen", before.net.get())
        .say("input", input)
        .say("actor", draw.actor.as_str())
        .say("from", before.state.as_str())
        .say("to", after.state.as_str());
    let id = draw.id::<EvidenceId>("evidence", &cause);
    let kind = "settlement.check_task";
    Ok(act.into_entry(id, kind, draw.now, draw.now, draw.salt(&cause))?)
}

/// One line per step of a payout.
pub(super) fn trade_line(
    draw: &Draw,
    before: &TradeTask,
    after: &TradeTask,
    input: &str,
) -> Result<Entry, SettlementError> {
    let cause = format!("t:{}:{}:{input}", before.trade_task_id, before.version);
    let act = Act::new()
        .say("trade_task_id", before.trade_task_id.as_str())
        .say("check_task_id", before.check_task_id.as_str())
        .say("period", before.period.as_str())
        .say("amount_fen", after.paid.unwrap_or(after.amount).get())
        .say("input", input)
        .say("actor", draw.actor.as_str())
        .say("from", before.state.as_str())
        .say("to", after.state.as_str());
    let id = draw.id::<EvidenceId>("evidence", &cause);
    let kind = "settlement.trade_task";
    Ok(act.into_entry(id, kind, draw.now, draw.now, draw.salt(&cause))?)
}

/// A payout was set aside as it stands: nothing else of it could be read.
pub(super) fn aside_line(
    draw: &Draw,
    id: &TradeTaskId,
    code: &str,
) -> Result<Entry, SettlementError> {
    let cause = format!("t:{id}:aside");
    let act = Act::new()
        .say("trade_task_id", id.as_str())
        .say("input", code)
        .say("actor", draw.actor.as_str());
    let id = draw.id::<EvidenceId>("evidence", &cause);
    let kind = "settlement.trade_task";
    Ok(act.into_entry(id, kind, draw.now, draw.now, draw.salt(&cause))?)
}

pub(super) fn audit_line(draw: &Draw, subject: &str, act: &str) -> audit::Line {
    audit::Line {
        audit_id: draw.uuid("audit", &format!("{act}:{subject}")),
        at: draw.now,
        actor: draw.actor.clone(),
        act: act.to_owned(),
        subject: subject.to_owned(),
        outcome: "ok".to_owned(),
        source: String::new(),
        trace_id: draw.trace_id.clone(),
    }
}

/// A case about a task, once per `what` and subject.
pub(super) fn case(draw: &Draw, kind: CaseKind, subject: &str, what: &str) -> Case {
    let cause = format!("{CAUSES}{what}:{subject}");
    Case {
        case_id: draw.id::<CaseId>("case", &cause),
        kind,
        subject: subject.to_owned(),
        facts: json!({ "what": what }).to_string(),
        cause,
        opened_at: draw.now,
        trace_id: draw.trace_id.clone(),
        closed_at: None,
    }
}

/// A case about one row of a task: what happens to it again, after the case was closed, is told again.
pub(super) fn of_row(draw: &Draw, kind: CaseKind, row: &str, what: &str) -> Case {
    Case {
        facts: json!({ "row": row, "what": what }).to_string(),
        ..case(draw, kind, row, what)
    }
}

/// A case about figures of a month that differ, by `what` and subject.
pub(super) fn differs(draw: &Draw, subject: &str, what: Differing) -> Case {
    case(draw, CaseKind::PayoutDiffers, subject, what.as_str())
}

/// Tells that figures of a month differ, for as long as they do.
pub(super) async fn tell_differs(
    tx: &mut Tx,
    draw: &Draw,
    subject: &str,
    what: Differing,
) -> Result<(), StoreError> {
    let told = differs(draw, subject, what);
    rounds::open_while_it_lasts(tx.cases(), &told).await?;
    Ok(())
}

/// Tells that more left for a month than it is worth, and how much more: `payable` is below zero.
pub(super) async fn tell_paid_more(
    tx: &mut Tx,
    draw: &Draw,
    check_task: &CheckTaskId,
    payable: Fen,
) -> Result<(), SettlementError> {
    let what = Differing::PaidMore;
    let more = Fen::ZERO.minus(payable)?;
    let told = Case {
        facts: json!({ "paid_more_fen": more.get(), "what": what.as_str() }).to_string(),
        ..differs(draw, check_task.as_str(), what)
    };
    rounds::open_while_it_lasts(tx.cases(), &told).await?;
    Ok(())
}
