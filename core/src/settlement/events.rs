//! What this room tells the rooms above and below through the outbox.

use serde::{Deserialize, Serialize};

use super::ids::CheckTaskId;
use crate::outbox::{Event, Lane};
use crate::shared::draw::Draw;
use crate::shared::ids::{AccountId, EventId};
use crate::shared::money::Fen;
use crate::shared::period::Period;
use crate::shared::time::Time;

/// A check task was sent to its owner.
pub const TASK_SENT: &str = "settlement.check_task_sent";
/// Half, or nine tenths, of its time are over.
pub const TASK_REMINDER: &str = "settlement.check_task_reminder";
/// The money of a month was paid.
pub const PAID_OUT: &str = "settlement.paid_out";
/// The bank gave it back.
pub const RETURNED: &str = "settlement.payout_returned";
/// The platform refused it so often that its owner should look.
pub const REFUSED: &str = "settlement.payout_refused";
/// The reviewer agrees with the amount.
pub const REVIEW_UPHELD: &str = "settlement.review_upheld";
/// The reviewer says another amount; a new task is about it.
pub const REVIEW_CORRECTED: &str = "settlement.review_corrected";
/// Nobody waits for a review any more.
pub const RECALL: &str = "settlement.review_recall";
/// What `notices` says when a message about something was taken by the SMS platform.
pub const HANDED_OVER: &str = "notices.handed_over";
/// There is work for the sweeper; losing it loses nothing but time.
pub const NUDGE: &str = "settlement.nudge";

/// Body of every event about a month's money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MonthNews {
    pub account_id: AccountId,
    pub check_task_id: CheckTaskId,
    pub period: Period,
    pub amount_fen: Fen,
    pub happened_at: String,
    /// Until when the owner may answer, where that is still open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_at: Option<String>,
}

/// One event of this room. Events about one check task leave in order.
///
/// # Errors
/// When the body cannot be written, which no body of this room does.
pub fn event(draw: &Draw, kind: &str, news: &MonthNews) -> Result<Event, serde_json::Error> {
    let cause = format!(
        "{kind}:{}:{}",
        news.check_task_id,
        news.due_at.as_deref().unwrap_or("")
    );
    Ok(Event {
        event_id: draw.id::<EventId>("event", &cause),
        kind: kind.to_owned(),
        ordering_key: format!("check_task:{}", news.check_task_id),
        body: serde_json::to_string(news)?,
        trace_id: draw.trace_id.clone(),
        created_at: draw.now,
        available_at: draw.now,
        money: false,
        lane: Lane::Usual,
    })
}

/// Body of [`RECALL`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Recall {
    pub(super) review_no: String,
}

/// Body of [`HANDED_OVER`], as far as this room cares.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct HandedOver {
    pub(super) about: String,
}

/// Recalls a review; a row of its own key, so that a silent terminal holds up nothing else.
///
/// # Errors
/// When the body cannot be written, which this one can.
pub(super) fn recall(draw: &Draw, review_no: &str) -> Result<Event, serde_json::Error> {
    let body = Recall {
        review_no: review_no.to_owned(),
    };
    Ok(Event {
        event_id: draw.id::<EventId>("recall", review_no),
        kind: RECALL.to_owned(),
        ordering_key: format!("review:{review_no}"),
        body: serde_json::to_string(&body)?,
        trace_id: draw.trace_id.clone(),
        created_at: draw.now,
        available_at: draw.now,
        money: false,
        lane: Lane::Usual,
    })
}

/// Lets the sweeper of whoever relays it look at once.
#[must_use]
pub fn nudge(draw: &Draw, task: &CheckTaskId, now: Time) -> Event {
    Event {
        event_id: draw.id::<EventId>("nudge", task.as_str()),
        kind: NUDGE.to_owned(),
        ordering_key: format!("nudge:{task}"),
        body: "{}".to_owned(),
        trace_id: draw.trace_id.clone(),
        created_at: now,
        available_at: now,
        money: false,
        lane: Lane::Usual,
    }
}
