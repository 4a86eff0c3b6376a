//! The one unit of work of a check task: load it with its trade task, ask table K, make its answer true.

use super::asking::{add_task, news};
use super::check_task::{CheckTask, RejectReason};
use super::countdown::CountdownRules;
use super::energy::{EnergyVersion, Settled, VersionState};
use super::events::{self, MonthNews};
use super::ids::{CheckTaskId, TradeTaskId};
use super::records::{case, of_row, task_line, tell_paid_more, trade_line};
use super::rules::SettlementRules;
use super::table_k::{Effect, Facts, Input, State, Verdict, decide};
use super::table_t;
use super::trade_task::{Hold, TradeTask};
use super::{CAUSES, SettlementError, weighing};
use crate::cases::{Case, CaseKind, rounds};
use crate::shared::draw::Draw;
use crate::shared::money::Fen;
use crate::shared::time::Time;
use crate::store::Tx;

/// What happened to a check task.
#[derive(Debug, Clone)]
pub struct Seen {
    pub input: Input,
    /// With CORRECTED: the right net.
    pub corrected: Option<Fen>,
    /// With newer data: the settled version the new task is about.
    pub newer: Option<EnergyVersion>,
    /// With REJECT: what the owner says.
    pub reason: Option<RejectReason>,
}

impl Seen {
    #[must_use]
    pub const fn plain(input: Input) -> Self {
        Self {
            input,
            corrected: None,
            newer: None,
            reason: None,
        }
    }
}

/// What a unit did: the rows as saved, and what the cell demanded.
#[derive(Debug, Clone)]
pub struct Applied {
    pub task: CheckTask,
    pub trade: Option<TradeTask>,
    pub effects: &'static [Effect],
}

/// How often a reviewer is asked, and how often an answered task is looked at.
const REVIEW_POLL_S: i64 = 600;
const LOOK_S: i64 = 86_400;

/// Applies one input inside a unit.
pub(super) async fn see(
    tx: &mut Tx,
    rules: &SettlementRules,
    draw: &Draw,
    id: &CheckTaskId,
    seen: &Seen,
) -> Result<Applied, SettlementError> {
    let found = tx.settlement().task(id).await?;
    let task = found.ok_or(SettlementError::NotFound)?;
    see_of(tx, rules, draw, task, seen).await
}

/// The same, of a task that this unit has loaded.
pub(super) async fn see_of(
    tx: &mut Tx,
    rules: &SettlementRules,
    draw: &Draw,
    mut task: CheckTask,
    seen: &Seen,
) -> Result<Applied, SettlementError> {
    let mut trade = tx.settlement().trade_of(&task.check_task_id).await?;
    let before = task.clone();
    let decision = decide(task.state, seen.input, facts(&task, trade.as_ref()));
    task.state = decision.next;
    for effect in decision.effects {
        match effect {
            Effect::InsertTrade => {
                task.verdict = Some(verdict_of(seen.input));
                task.undo_spent |= seen.input == Input::Upheld;
                trade = insert_trade(tx, draw, &task, rules).await?;
            }
            Effect::SendToReview => {
                task.reason.clone_from(&seen.reason);
                hand_over(&mut task, draw);
            }
            Effect::NewTask => {
                withdraw_month(tx, draw, &task, &mut trade).await?;
                let newer = match &seen.newer {
                    Some(newer) => newer.clone(),
                    None => corrected(tx, draw, &task, seen.corrected).await?,
                };
                task.newer = Some(add_task(tx, rules, draw, &newer, task.review_round).await?);
            }
            Effect::WithdrawTrade => withdraw(tx, &mut trade).await?,
            Effect::RestartTimer => {
                task.undo_spent = true;
                task.verdict = None;
                restart(&mut task, CountdownRules::again(before.countdown, draw.now));
            }
            Effect::WaitAgain => {
                task.waited_again = true;
                let day = settlement_day(tx, &task).await?;
                restart(&mut task, rules.countdown.from(draw.now, day));
            }
            Effect::Dispute => {
                open(tx, draw, CaseKind::SettlementDispute, &task, "dispute").await?
            }
            Effect::OpenCase => {
                open_review(tx, draw, &task, why(seen.input)).await?;
            }
            Effect::Contradict => {
                let input = seen.input.as_str();
                open(tx, draw, CaseKind::Contradiction, &task, input).await?;
            }
            Effect::RecallReview => recall(tx, draw, &mut task).await?,
            // Told to the caller: what must be shown or refused.
            Effect::Terminating
            | Effect::ShowTable
            | Effect::StoredAnswer
            | Effect::RefuseUndoFirst
            | Effect::RefuseInReview
            | Effect::RefuseDispatched
            | Effect::RefuseNothingToUndo
            | Effect::RefuseClosed => {}
        }
    }
    task.next_at = next_turn(&task, rules.countdown, draw.now, seen.input);
    if changes_nothing(decision.effects, &before, &task) {
        return Ok(Applied {
            task: before,
            trade,
            effects: decision.effects,
        });
    }
    tx.evidence()
        .append(&task_line(draw, &before, &task, seen.input.as_str())?)
        .await?;
    tx.settlement().save_task(&task).await?;
    task.version = task.version.saturating_add(1);
    tell_verdict(tx, draw, &task, seen.input).await?;
    Ok(Applied {
        task,
        trade,
        effects: decision.effects,
    })
}

/// What the reviewer said is told to the owner, once it changed something.
async fn tell_verdict(
    tx: &mut Tx,
    draw: &Draw,
    task: &CheckTask,
    input: Input,
) -> Result<(), SettlementError> {
    let kind = match (input, task.state) {
        (Input::Upheld, State::Answered) => events::REVIEW_UPHELD,
        (Input::Corrected, State::Superseded) => events::REVIEW_CORRECTED,
        _ => return Ok(()),
    };
    let news = MonthNews {
        due_at: None,
        ..news(task, draw)
    };
    tx.outbox().add(&events::event(draw, kind, &news)?).await?;
    Ok(())
}

/// The terminal is told that nobody waits any more, as soon as it can be reached: it has the task no more.
async fn recall(tx: &mut Tx, draw: &Draw, task: &mut CheckTask) -> Result<(), SettlementError> {
    task.review_sent_at = None;
    if let Some(review_no) = &task.review_no {
        tx.outbox().add(&events::recall(draw, review_no)?).await?;
    }
    Ok(())
}

fn facts(task: &CheckTask, trade: Option<&TradeTask>) -> Facts {
    Facts {
        verdict: task.verdict,
        trade_unsent: trade.is_none_or(|trade| trade.state.is_unsent()),
        undo_spent: task.undo_spent,
        pushed: task.pushed_at.is_some(),
        waited_again: task.waited_again,
        review_round: task.review_round,
    }
}

const fn verdict_of(input: Input) -> Verdict {
    match input {
        Input::Confirm => Verdict::Confirm,
        Input::Upheld => Verdict::Upheld,
        Input::Deadline => Verdict::Timeout,
        Input::Ignore
        | Input::View
        | Input::Reject
        | Input::Undo
        | Input::NewerData
        | Input::Corrected
        | Input::ReviewOverdue
        | Input::TradeSending
        | Input::TerminationAsked => Verdict::Ignore,
    }
}

pub(super) const fn why(input: Input) -> &'static str {
    match input {
        Input::Deadline => "owner_unreached",
        Input::Corrected => "corrected_again",
        Input::ReviewOverdue
        | Input::Confirm
        | Input::Ignore
        | Input::View
        | Input::Reject
        | Input::Undo
        | Input::NewerData
        | Input::Upheld
        | Input::TradeSending
        | Input::TerminationAsked => "review_overdue",
    }
}

/// A task may be handed over more than once, and staff are told of each time: a later one has a cause of its own.
pub(super) fn review_cause(task: &CheckTask, what: &str) -> String {
    let cause = format!("{CAUSES}{what}:{}", task.check_task_id);
    if task.review_round > 1 {
        return format!("{cause}:{}", task.review_round);
    }
    cause
}

/// A look and a refusal leave no trace; a case is opened once whatever the row does.
fn changes_nothing(effects: &[Effect], before: &CheckTask, after: &CheckTask) -> bool {
    let only_told = effects.iter().all(|effect| {
        matches!(
            effect,
            Effect::ShowTable
                | Effect::StoredAnswer
                | Effect::RefuseUndoFirst
                | Effect::RefuseInReview
                | Effect::RefuseDispatched
                | Effect::RefuseNothingToUndo
                | Effect::RefuseClosed
        )
    });
    only_told && (!effects.is_empty() || before == after)
}

fn next_turn(task: &CheckTask, rules: CountdownRules, now: Time, input: Input) -> Option<Time> {
    match task.state {
        State::Dispatched | State::Superseded => None,
        State::Open if input == Input::Deadline && now >= task.countdown.ends_at => {
            Some(now.plus_seconds(LOOK_S))
        }
        State::Open => Some(rules.next_at(task.countdown, task.reminded)),
        State::Answered => Some(now.plus_seconds(LOOK_S)),
        State::InReview if task.review_sent_at.is_none() => Some(now),
        State::InReview => Some(now.plus_seconds(REVIEW_POLL_S)),
    }
}

fn restart(task: &mut CheckTask, countdown: super::countdown::Countdown) {
    task.countdown = countdown;
    task.reminded = 0;
}

fn hand_over(task: &mut CheckTask, draw: &Draw) {
    task.verdict = None;
    task.review_round = task.review_round.saturating_add(1);
    let cause = format!("{}:{}", task.check_task_id, task.review_round);
    task.review_no = Some(draw.number("rv", "review", &cause));
    task.review_sent_at = None;
    task.review_began_at = Some(draw.now);
}

async fn open(
    tx: &mut Tx,
    draw: &Draw,
    kind: CaseKind,
    task: &CheckTask,
    what: &str,
) -> Result<(), SettlementError> {
    let case = of_row(draw, kind, task.check_task_id.as_str(), what);
    rounds::open(tx.cases(), &case).await?;
    Ok(())
}

async fn open_review(
    tx: &mut Tx,
    draw: &Draw,
    task: &CheckTask,
    what: &str,
) -> Result<(), SettlementError> {
    let (kind, about) = (CaseKind::SettlementReview, task.check_task_id.as_str());
    let told = Case {
        cause: review_cause(task, what),
        ..case(draw, kind, about, what)
    };
    rounds::open_while_it_lasts(tx.cases(), &told).await?;
    Ok(())
}

/// f1: what is still to be paid for the month; nothing when that is nothing (it is carried forward).
async fn insert_trade(
    tx: &mut Tx,
    draw: &Draw,
    task: &CheckTask,
    rules: &SettlementRules,
) -> Result<Option<TradeTask>, SettlementError> {
    let committed = tx
        .settlement()
        .committed(&task.generation_account_id, &task.period)
        .await?;
    let payable = task.net.minus(committed)?;
    if !payable.is_positive() {
        if payable < Fen::ZERO {
            tell_paid_more(tx, draw, &task.check_task_id, payable).await?;
        }
        return Ok(None);
    }
    let cause = format!("{}:{}", task.check_task_id, task.version);
    let weights = weighing::in_force(tx, rules).await?.weights;
    let trade = TradeTask {
        trade_task_id: draw.id::<TradeTaskId>("trade", &cause),
        check_task_id: task.check_task_id.clone(),
        generation_account_id: task.generation_account_id.clone(),
        table_id: task.table_id.clone(),
        period: task.period.clone(),
        state: table_t::State::Held,
        accepted: task.net,
        amount: payable,
        key: weights.key(payable, draw.now),
        weights_epoch: weights.epoch,
        enqueued_at: draw.now,
        payout_no: None,
        paid: None,
        payee: None,
        sent_at: None,
        hold: Some(Hold::Unchecked),
        payee_confirmed: false,
        numbers: 0,
        refusals: 0,
        kept: Fen::ZERO,
        frozen: false,
        next_at: Some(draw.now),
        version: 1,
    };
    tx.settlement().add_trade(&trade).await?;
    tx.outbox()
        .add(&events::nudge(draw, &task.check_task_id, draw.now))
        .await?;
    Ok(Some(trade))
}

/// Takes back what has not left us; what is on its way stays.
async fn withdraw(tx: &mut Tx, trade: &mut Option<TradeTask>) -> Result<(), SettlementError> {
    if let Some(open) = trade.as_mut()
        && take_back(tx, open).await?
    {
        *trade = None;
    }
    Ok(())
}

/// f3 is about the month: what an earlier task's payout has not sent goes with this one's. Beside a new task it
/// would leave under figures that nobody stands by any more.
async fn withdraw_month(
    tx: &mut Tx,
    draw: &Draw,
    task: &CheckTask,
    trade: &mut Option<TradeTask>,
) -> Result<(), SettlementError> {
    withdraw(tx, trade).await?;
    for id in tx.settlement().waiting_trades(&task.table_id).await? {
        let found = tx.settlement().trade(&id).await?;
        let Some(mut earlier) = found.filter(|trade| trade.period == task.period) else {
            continue;
        };
        let before = earlier.clone();
        if take_back(tx, &mut earlier).await? {
            let line = trade_line(draw, &before, &earlier, table_t::Input::Withdraw.as_str())?;
            tx.evidence().append(&line).await?;
        }
    }
    Ok(())
}

/// Whether it could be taken back.
async fn take_back(tx: &mut Tx, trade: &mut TradeTask) -> Result<bool, SettlementError> {
    let decision = table_t::decide(
        trade.state,
        table_t::Input::Withdraw,
        table_t::Facts::default(),
    );
    if decision.next != table_t::State::Withdrawn {
        return Ok(false);
    }
    trade.state = decision.next;
    trade.next_at = None;
    tx.settlement().save_trade(trade).await?;
    Ok(true)
}

/// CORRECTED: the same energy at the reviewer's net, as a version of its own.
async fn corrected(
    tx: &mut Tx,
    draw: &Draw,
    task: &CheckTask,
    net: Option<Fen>,
) -> Result<EnergyVersion, SettlementError> {
    let found = tx
        .settlement()
        .newest_energy(&task.table_id, &task.period)
        .await?;
    let mut version = found.ok_or(SettlementError::NotFound)?;
    let Some(settled) = version.settled.take() else {
        return Err(SettlementError::NotFound);
    };
    let net = net.unwrap_or(task.net);
    let adjustment = net.minus(settled.amounts.net)?;
    version.data_version = version.data_version.saturating_add(1);
    version.updated_at = draw.now;
    version.state = VersionState::Settled;
    version.row_version = 1;
    version.settled = Some(Settled {
        adjustment,
        at: draw.now,
        ..settled
    });
    tx.settlement().add_energy(&version).await?;
    Ok(version)
}

async fn settlement_day(tx: &mut Tx, task: &CheckTask) -> Result<i8, SettlementError> {
    let account = tx.generation().by_id(&task.generation_account_id).await?;
    let day = account.map_or(1, |account| account.settlement_day);
    Ok(i8::try_from(day).unwrap_or(1))
}
