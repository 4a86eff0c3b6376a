//! What goes in and out of the check-task routes.

use lifeline_core::settlement::calculation::Line;
use lifeline_core::settlement::check_task::{CheckTask, RejectReason, Review};
use lifeline_core::settlement::energy::Settled;
use lifeline_core::settlement::readings::{Measured, MonthEnergy};
use lifeline_core::settlement::standing::{ListedTask, PayoutStanding};
use lifeline_core::settlement::table_k::{State, Verdict};
use lifeline_core::settlement::table_t;
use lifeline_core::settlement::trade_task::Hold;
use lifeline_core::settlement::{Disputed, Feedback, TaskView};
use lifeline_core::shared::time::Time;
use lifeline_core::tariffs::Slot;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::edge::{Code, Problem};

/// What the owner says of a settlement.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum VerdictWord {
    Confirm,
    Ignore,
    View,
    Reject,
}

/// The owner's answer.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FeedbackBody {
    pub verdict: VerdictWord,
    /// With `reject`, at most 200 characters: what is not right, for the reviewer.
    #[schema(example = "三号那天停电，不该有电量", max_length = 200)]
    pub reason: Option<String>,
}

/// A verdict, read.
pub(super) enum Said {
    Plain(Feedback),
    Reject(Option<RejectReason>),
}

impl FeedbackBody {
    pub(super) fn parse(&self) -> Result<Said, Problem> {
        let wrong = |why| Problem::new(Code::InvalidField).field("reason", "invalid", why);
        let plain = match self.verdict {
            VerdictWord::Confirm => Feedback::Confirm,
            VerdictWord::Ignore => Feedback::Ignore,
            VerdictWord::View => Feedback::View,
            VerdictWord::Reject => {
                let said = self
                    .reason
                    .as_deref()
                    .filter(|said| !said.trim().is_empty());
                let read = said.map(|said| RejectReason::parse(said).ok_or(said));
                let read = read.transpose();
                return read
                    .map(Said::Reject)
                    .map_err(|_| wrong("at most 200 characters, none of them for control"));
            }
        };
        match self.reason {
            None => Ok(Said::Plain(plain)),
            Some(_) => Err(wrong("only with a reject")),
        }
    }
}

/// One line of a settlement: the amount beside its energy.
#[derive(Serialize, ToSchema)]
pub(super) struct SettlementLineView {
    /// `feed_in` or `subsidy`.
    #[schema(example = "feed_in")]
    pub kind: &'static str,
    /// `super_peak`, `peak`, `flat`, `valley`, `deep_valley`.
    #[schema(example = "peak")]
    pub slot: &'static str,
    pub from: String,
    /// The last day.
    pub to: String,
    #[schema(example = "123.45")]
    pub energy_kwh: String,
    #[schema(example = "0.3035")]
    pub price_yuan_per_kwh: String,
    pub amount_fen: i64,
    #[schema(example = "123.45 kWh x 0.3035 yuan/kWh = 37.47 yuan")]
    pub formula: String,
}

impl SettlementLineView {
    fn of(line: &Line) -> Self {
        Self {
            kind: line.kind.as_str(),
            slot: line.slot.as_str(),
            from: line.from.to_string(),
            to: line.to.to_string(),
            energy_kwh: line.energy.to_string(),
            price_yuan_per_kwh: line.price.to_string(),
            amount_fen: line.amount.get(),
            formula: line.formula(),
        }
    }
}

/// What was fed in on one day; a day nothing is known of is not there.
#[derive(Serialize, ToSchema)]
pub(super) struct SettledDayView {
    #[schema(example = "2026-10-03")]
    pub day: String,
    pub parts: Vec<SettledPartView>,
}

/// One part of a day.
#[derive(Serialize, ToSchema)]
pub(super) struct SettledPartView {
    #[schema(example = "peak")]
    pub slot: &'static str,
    #[schema(example = "12.4")]
    pub generated_kwh: String,
    #[schema(example = "9.3")]
    pub fed_in_kwh: String,
}

fn days_of(month: &MonthEnergy) -> Vec<SettledDayView> {
    let part = |(slot, measured): &(Slot, Measured)| SettledPartView {
        slot: slot.as_str(),
        generated_kwh: measured.generated.to_string(),
        fed_in_kwh: measured.fed_in.to_string(),
    };
    let days = month.days().map(|(day, parts)| SettledDayView {
        day: day.to_string(),
        parts: parts.iter().map(part).collect(),
    });
    days.collect()
}

/// What the amount is made of.
#[derive(Serialize, ToSchema)]
pub(super) struct SettlementView {
    pub lines: Vec<SettlementLineView>,
    /// The days behind the lines.
    pub days: Vec<SettledDayView>,
    pub gross_fen: i64,
    pub tax_fen: i64,
    pub subsidy_fen: i64,
    /// What a reviewer added or took; zero otherwise.
    pub adjustment_fen: i64,
}

impl SettlementView {
    fn of(settled: &Settled, month: &MonthEnergy) -> Self {
        let amounts = &settled.amounts;
        Self {
            lines: amounts.lines.iter().map(SettlementLineView::of).collect(),
            days: days_of(month),
            gross_fen: amounts.gross.get(),
            tax_fen: amounts.tax.get(),
            subsidy_fen: amounts.subsidy.get(),
            adjustment_fen: settled.adjustment.get(),
        }
    }
}

/// Where the money of a settlement is.
#[derive(Serialize, ToSchema)]
pub(super) struct PayoutView {
    /// `HELD`, `QUEUED`, `SENDING`, `UNKNOWN`, `PAID`, `RETURNED`.
    #[schema(example = "QUEUED")]
    pub state: &'static str,
    pub amount_fen: i64,
    /// Why it is held: `unchecked`, `figures_differ`, `payee_not_holder`, `no_payee`, `payee_young`, `refused`, `returned`,
    /// `nothing_payable`, `staff`, `contradiction`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold: Option<&'static str>,
    /// The bank gave it back; say that the payee is right by `POST .../payee-confirmation`.
    pub needs_payee_confirmation: bool,
}

impl PayoutView {
    fn of(payout: &PayoutStanding) -> Self {
        Self {
            state: payout.state.as_str(),
            amount_fen: payout.paid.unwrap_or(payout.amount).get(),
            hold: payout.hold.map(Hold::as_str),
            needs_payee_confirmation: payout.state == table_t::State::Returned
                && !payout.payee_confirmed,
        }
    }
}

/// What became of the review that a reject asked for.
#[derive(Serialize, ToSchema)]
pub(super) struct ReviewView {
    /// When the owner rejected the settlement.
    pub asked_at: String,
    /// `waits`, `upheld`, `corrected` (a newer check task is about the reviewer's amount), `recalled` (newer data came
    /// before the reviewer's word).
    #[schema(example = "waits")]
    pub outcome: &'static str,
}

impl ReviewView {
    fn of(review: Review) -> Self {
        Self {
            asked_at: review.asked_at.rfc3339(),
            outcome: review.outcome.as_str(),
        }
    }
}

/// That the owner disputed a settlement whose money had left, or that a newer one had closed; staff look into it.
#[derive(Serialize, ToSchema)]
pub(super) struct SettlementDisputeView {
    pub since: String,
    /// When staff had looked into it; absent until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<String>,
}

impl SettlementDisputeView {
    fn of(dispute: Disputed) -> Self {
        Self {
            since: dispute.since.rfc3339(),
            ended_at: dispute.ended_at.map(Time::rfc3339),
        }
    }
}

/// One check task.
#[derive(Serialize, ToSchema)]
pub(super) struct CheckTaskView {
    pub check_task_id: String,
    pub generation_account_id: String,
    #[schema(example = "2026-10")]
    pub period: String,
    pub data_version: i64,
    /// `OPEN`, `ANSWERED`, `IN_REVIEW`, `DISPATCHED`, `SUPERSEDED`.
    #[schema(example = "OPEN")]
    pub state: &'static str,
    /// What was said with a reject.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub review: Option<ReviewView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dispute: Option<SettlementDisputeView>,
    /// `confirm`, `ignore`, `timeout` (counts as ignore), `upheld`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<&'static str>,
    /// What the month is worth.
    pub amount_fen: i64,
    /// What was paid, or on its way, before; the task is about the difference.
    pub paid_before_fen: i64,
    pub began_at: String,
    /// From then on no answer counts as accepting.
    pub ends_at: String,
    pub can_undo: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub newer_check_task_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settlement: Option<SettlementView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payout: Option<PayoutView>,
}

impl CheckTaskView {
    /// Without its lines, and what was said with a reject or disputed.
    pub(super) fn listed(listed: &ListedTask) -> Self {
        Self {
            payout: listed.payout.as_ref().map(PayoutView::of),
            ..Self::bare(&listed.task)
        }
    }

    fn bare(task: &CheckTask) -> Self {
        Self {
            check_task_id: task.check_task_id.to_string(),
            generation_account_id: task.generation_account_id.to_string(),
            period: task.period.to_string(),
            data_version: task.data_version,
            state: task.state.as_str(),
            reason: None,
            review: task.review().map(ReviewView::of),
            dispute: None,
            verdict: task.verdict.map(Verdict::as_str),
            amount_fen: task.net.get(),
            paid_before_fen: task.paid_before.get(),
            began_at: task.countdown.began_at.rfc3339(),
            ends_at: task.countdown.ends_at.rfc3339(),
            can_undo: task.state == State::Answered && !task.undo_spent,
            newer_check_task_id: task.newer.as_ref().map(ToString::to_string),
            settlement: None,
            payout: None,
        }
    }

    pub(super) fn whole(view: &TaskView) -> Self {
        // The lines of a newer version are its own task's.
        let energy = view.energy.as_ref();
        let energy = energy.filter(|version| version.data_version == view.task.data_version);
        let settlement = energy.and_then(|version| {
            let settled = version.settled.as_ref()?;
            Some(SettlementView::of(settled, &version.month))
        });
        let reason = view.task.reason.as_ref();
        let payout = view.trade.as_ref().map(PayoutStanding::of);
        Self {
            reason: reason.map(|said| said.expose().to_owned()),
            dispute: view.dispute.map(SettlementDisputeView::of),
            settlement,
            payout: payout.as_ref().map(PayoutView::of),
            ..Self::bare(&view.task)
        }
    }
}

/// A page of check tasks.
#[derive(Serialize, ToSchema)]
pub(super) struct CheckTasksView {
    pub items: Vec<CheckTaskView>,
    pub next_cursor: Option<String>,
}
