//! The one unit of work of a trade task: load it, ask table T, make its answer true.

use super::SettlementError;
use super::booking;
use super::brake;
use super::checking::{self, Seen};
use super::ids::TradeTaskId;
use super::numbers;
use super::records::{of_row, tell_paid_more, trade_line};
use super::rules::SettlementRules;
use super::table_k;
use super::table_t::{Effect, Facts, Input, State, decide};
use super::trade_task::{Hold, TradeTask};
use super::weighing;
use crate::cases::{CaseKind, rounds};
use crate::shared::decision::Decision;
use crate::shared::draw::Draw;
use crate::shared::money::Fen;
use crate::shared::time::Time;
use crate::store::Tx;

/// What is known beside the input.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Paid {
    /// The true sum of a payout or a return.
    pub sum: Option<Fen>,
    /// Why the gate is shut.
    pub hold: Option<Hold>,
}

/// What a unit did: the row as saved, and what must be asked outside.
#[derive(Debug, Clone)]
pub struct TradeApplied {
    pub trade: TradeTask,
    pub effects: &'static [Effect],
}

/// A payout without an answer is sent again, under its number, after this.
const RESEND_S: i64 = 600;
/// A sender that was stopped is replaced after this.
const SENDER_S: i64 = 60;
const LOOK_S: i64 = 86_400;
const HOUR_S: i64 = 3600;

/// Applies one input inside a unit.
pub(super) async fn see(
    tx: &mut Tx,
    rules: &SettlementRules,
    draw: &Draw,
    id: &TradeTaskId,
    input: Input,
    paid: Paid,
) -> Result<TradeApplied, SettlementError> {
    let found = tx.settlement().trade(id).await?;
    let trade = found.ok_or(SettlementError::NotFound)?;
    see_of(tx, rules, draw, trade, input, paid).await
}

/// The same, of a task that this unit has loaded: whoever changed it meanwhile makes the unit begin anew.
pub(super) async fn see_of(
    tx: &mut Tx,
    rules: &SettlementRules,
    draw: &Draw,
    mut trade: TradeTask,
    input: Input,
    paid: Paid,
) -> Result<TradeApplied, SettlementError> {
    let before = trade.clone();
    if input == Input::Case {
        // Two persons decided: what a contradiction stopped goes on.
        trade.frozen = false;
    }
    let facts = facts(tx, rules, draw, &trade, input).await?;
    let decision = if trade.frozen && input == Input::Turn {
        looks(trade.state)
    } else {
        decide(trade.state, input, facts)
    };
    trade.state = decision.next;
    carry_out(tx, rules, draw, &mut trade, (input, paid), decision.effects).await?;
    if input == Input::RefusedForGood {
        booking::refused(tx, rules, draw, &before, &mut trade).await?;
    }
    if trade.state == State::Held && before.state != State::Held && trade.hold.is_none() {
        trade.hold = Some(paid.hold.unwrap_or(Hold::Staff));
    }
    if input == Input::GateFails && trade.state == State::Held {
        trade.hold = paid.hold.or(trade.hold);
    }
    trade.next_at = next_turn(&trade, input, decision.effects, rules, draw.now);
    if before.frozen && !trade.frozen {
        trade.next_at = trade.next_at.map(|_| draw.now);
    }
    if trade.state != before.state || trade.frozen != before.frozen || !decision.effects.is_empty()
    {
        tx.evidence()
            .append(&trade_line(draw, &before, &trade, input.as_str())?)
            .await?;
    }
    if trade != before {
        tx.settlement().save_trade(&trade).await?;
        trade.version = trade.version.saturating_add(1);
    }
    Ok(TradeApplied {
        trade,
        effects: decision.effects,
    })
}

/// What a contradiction stopped moves no money: its turn only looks.
const fn looks(state: State) -> Decision<State, Effect> {
    match state {
        State::Sending | State::Unknown => Decision::to(state, &[Effect::Query]),
        State::Held | State::Queued | State::Paid | State::Returned | State::Withdrawn => {
            Decision::to(state, &[])
        }
    }
}

/// What the platform was asked about: a payout as it stood then, and its number.
#[derive(Clone, Copy)]
pub(super) struct AskedAbout<'a> {
    pub(super) id: &'a TradeTaskId,
    pub(super) payout_no: &'a str,
    pub(super) version: i64,
}

/// Applies what the platform said of one number. A number that the task had before was given up because it
/// can never take effect, or came back (money.md G3): nothing follows from what is said of it, unless money
/// moved under it that the books do not know. Of the number it has, what was asked before the row's last change
/// is no word about it as it stands (G5), but money that moved always is, once (G1).
pub(super) async fn hear(
    tx: &mut Tx,
    rules: &SettlementRules,
    draw: &Draw,
    asked: AskedAbout<'_>,
    input: Input,
    paid: Paid,
) -> Result<TradeApplied, SettlementError> {
    let AskedAbout { id, payout_no, .. } = asked;
    let found = tx.settlement().trade(id).await?;
    let mut trade = found.ok_or(SettlementError::NotFound)?;
    let fact = match input {
        Input::PaidOurs | Input::PaidOther => Some("payout"),
        Input::BankReturn => Some("returned"),
        _ => None,
    };
    let booked = match fact {
        Some(fact) => tx.ledger().find(&format!("{fact}:{payout_no}")).await?,
        None => None,
    };
    let is_news = fact.is_some() && booked.is_none();
    let is_of_now = trade.version == asked.version;
    if trade.payout_no.as_deref() == Some(payout_no) {
        if is_of_now || is_news {
            return see_of(tx, rules, draw, trade, input, paid).await;
        }
        tracing::info!(input = input.as_str(), "settlement.payout.heard_late");
        return Ok(TradeApplied {
            trade,
            effects: &[],
        });
    }
    tracing::info!(input = input.as_str(), "settlement.payout.earlier_number");
    if is_news {
        let before = trade.clone();
        trade.frozen = true;
        trade.next_at = next_turn(&trade, input, &[], rules, draw.now);
        let what = "paid_earlier_number";
        let case = of_row(draw, CaseKind::Contradiction, id.as_str(), what);
        rounds::open(tx.cases(), &case).await?;
        if trade != before {
            tx.evidence()
                .append(&trade_line(draw, &before, &trade, what)?)
                .await?;
            tx.settlement().save_trade(&trade).await?;
            trade.version = trade.version.saturating_add(1);
        }
    }
    Ok(TradeApplied {
        trade,
        effects: &[],
    })
}

/// Makes what a cell demands true, in order.
async fn carry_out(
    tx: &mut Tx,
    rules: &SettlementRules,
    draw: &Draw,
    trade: &mut TradeTask,
    (input, paid): (Input, Paid),
    effects: &[Effect],
) -> Result<(), SettlementError> {
    for effect in effects {
        match effect {
            Effect::CheckGate => {
                trade.hold = None;
                trade.paid = None;
                let set = weighing::in_force(tx, rules).await?;
                trade.enqueue(set.weights);
            }
            Effect::Send => freeze(tx, rules, draw, trade).await?,
            Effect::BookPaid => {
                let sum = paid.sum.unwrap_or(trade.amount);
                booking::paid(tx, draw, trade, sum).await?;
            }
            Effect::BookReturned => {
                // Nobody heard what was paid: as much as was ordered may have been.
                let unheard = effects.contains(&Effect::BookPaid);
                let ours = trade.paid.filter(|_| !unheard);
                let ours = ours.unwrap_or(trade.amount);
                booking::returned(tx, draw, trade, ours, paid.sum).await?;
            }
            Effect::WaitForPayee => {
                trade.payee_confirmed = false;
                trade.refusals = 0;
                if trade.state == State::Held {
                    trade.hold = Some(Hold::PayeeYoung);
                }
            }
            Effect::NewNumber => {
                trade.payout_no = None;
                trade.payee = None;
                trade.sent_at = None;
                trade.hold = (trade.state == State::Held).then_some(Hold::Refused);
            }
            Effect::Resend => trade.sent_at = Some(draw.now),
            Effect::OpenCase => {
                open(tx, draw, CaseKind::PayoutDiffers, trade, input).await?;
            }
            Effect::Contradict => {
                trade.frozen = true;
                open(tx, draw, CaseKind::Contradiction, trade, input).await?;
            }
            // Asked outside, or told to the caller, after the commit.
            Effect::Query | Effect::Fence | Effect::RefuseDispatched => {}
        }
    }
    Ok(())
}

async fn facts(
    tx: &mut Tx,
    rules: &SettlementRules,
    draw: &Draw,
    trade: &TradeTask,
    input: Input,
) -> Result<Facts, SettlementError> {
    let leaves = trade.state == State::Queued && input == Input::Turn && !trade.frozen;
    let brake_open = leaves && {
        let sum = about_to_leave(tx, trade).await?;
        brake::lets_pass(tx, rules, draw, trade, sum).await?
    };
    let waited = trade
        .sent_at
        .map_or(0, |sent_at| draw.now.seconds_since(sent_at));
    Ok(Facts {
        brake_open,
        resend_due: waited >= RESEND_S,
        payee_confirmed: trade.payee_confirmed,
    })
}

/// What a queued payout is about to pay: more than when it was queued, where an earlier one of its month came back since.
async fn about_to_leave(tx: &mut Tx, trade: &TradeTask) -> Result<Fen, SettlementError> {
    let (account, period) = (&trade.generation_account_id, &trade.period);
    let committed = tx.settlement().committed(account, period).await?;
    Ok(trade.accepted.minus(committed)?.max(trade.amount))
}

/// g2: payable again, then number, payee and sum for ever; its check task can no longer be undone.
async fn freeze(
    tx: &mut Tx,
    rules: &SettlementRules,
    draw: &Draw,
    trade: &mut TradeTask,
) -> Result<(), SettlementError> {
    // Another payout of the month may leave at the same time: the second counts what the first took.
    let committed = tx
        .settlement()
        .committed_alone(&trade.generation_account_id, &trade.period)
        .await?;
    let payable = trade.accepted.minus(committed)?;
    let permitted = tx
        .generation()
        .permitted(&trade.generation_account_id)
        .await?;
    let table = match permitted.filter(|permitted| permitted.table_id == trade.table_id) {
        Some(permitted) => tx.generation().table(&permitted.permission_id).await?,
        None => None,
    };
    if !payable.is_positive() {
        return nothing_left(tx, draw, trade, payable).await;
    }
    let Some(table) = table else {
        trade.state = State::Held;
        trade.hold = Some(Hold::NoPayee);
        return Ok(());
    };
    if draw.now < table.payee_since.plus_seconds(rules.payee_wait_s) {
        trade.state = State::Held;
        trade.hold = Some(Hold::PayeeYoung);
        return Ok(());
    }
    trade.amount = payable;
    trade.payee = Some(table.identity);
    let (account, period) = (&trade.generation_account_id, &trade.period);
    let made = tx.settlement().numbers_made(account, period).await?;
    let (prefix, nth) = (&rules.number_prefix, made.saturating_add(1));
    trade.payout_no = Some(numbers::payout_no(prefix, account, period, nth));
    trade.numbers = trade.numbers.saturating_add(1);
    trade.sent_at = Some(draw.now);
    let sending = Seen::plain(table_k::Input::TradeSending);
    checking::see(tx, rules, draw, &trade.check_task_id, &sending).await?;
    Ok(())
}

/// What is on its way or paid covers the month: no payout is left to be made, and an end waits for none.
async fn nothing_left(
    tx: &mut Tx,
    draw: &Draw,
    trade: &mut TradeTask,
    payable: Fen,
) -> Result<(), SettlementError> {
    if payable < Fen::ZERO {
        tell_paid_more(tx, draw, &trade.check_task_id, payable).await?;
    }
    trade.state = State::Withdrawn;
    trade.hold = None;
    Ok(())
}

async fn open(
    tx: &mut Tx,
    draw: &Draw,
    kind: CaseKind,
    trade: &TradeTask,
    input: Input,
) -> Result<(), SettlementError> {
    let case = of_row(draw, kind, trade.trade_task_id.as_str(), input.as_str());
    rounds::open(tx.cases(), &case).await?;
    Ok(())
}

/// The platform does not take it: asked hourly, it would not either.
fn is_refused_on(trade: &TradeTask, rules: &SettlementRules) -> bool {
    trade.hold == Some(Hold::Refused) && trade.refusals >= rules.refusals_told
}

fn next_turn(
    trade: &TradeTask,
    input: Input,
    effects: &[Effect],
    rules: &SettlementRules,
    now: Time,
) -> Option<Time> {
    let waits = effects.contains(&Effect::WaitForPayee);
    match trade.state {
        State::Paid | State::Withdrawn => None,
        _ if trade.frozen => Some(now.plus_seconds(LOOK_S)),
        State::Held | State::Returned if waits => Some(now.plus_seconds(rules.payee_wait_s)),
        State::Held if input == Input::Case || is_refused_on(trade, rules) => {
            Some(now.plus_seconds(LOOK_S))
        }
        State::Held | State::Returned => Some(now.plus_seconds(HOUR_S)),
        State::Queued => Some(now),
        State::Sending => Some(now.plus_seconds(SENDER_S)),
        State::Unknown => {
            let waited = trade
                .sent_at
                .map_or(0, |sent_at| now.seconds_since(sent_at));
            Some(now.plus_seconds(waited.clamp(10, HOUR_S)))
        }
    }
}
