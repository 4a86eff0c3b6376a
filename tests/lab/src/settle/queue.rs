//! What the queue of payouts costs when it is short and when it is long: its head is taken, and one more gets
//! its place.

use std::time::Instant;

use lifeline_core::settlement::ids::TradeTaskId;
use lifeline_core::settlement::table_t::State;
use lifeline_core::settlement::trade_queue::Weights;
use lifeline_core::settlement::trade_task::TradeTask;
use lifeline_core::shared::ids::TypedId as _;
use lifeline_core::shared::money::Fen;
use lifeline_core::store::{Store, StoreError, Tx, atomically};

use super::Trouble;
use super::outside::{moment, period, table, wrong};

const SHORT: u64 = 1_000;
/// Turns measured together, and how often.
const TURNS: u64 = 500;
const ROUNDS: usize = 7;
const UNIT: u64 = 200;

pub(super) async fn measure(store: &dyn Store, accounts: u64) -> Result<(), Trouble> {
    queue(store, 0, SHORT.min(accounts)).await?;
    let (turn, look) = turns(store).await?;
    let short = SHORT.min(accounts);
    println!("queue of {short}: {turn} ns a turn, {look} ns to see that no weight has changed");
    queue(store, SHORT, accounts).await?;
    let (turn, look) = turns(store).await?;
    println!("queue of {accounts}: {turn} ns a turn, {look} ns to see that no weight has changed");
    Ok(())
}

/// The trade tasks of the sellers from one to another.
async fn queue(store: &dyn Store, first: u64, end: u64) -> Result<(), Trouble> {
    let month = period()?;
    let mut at = first;
    while at < end {
        let until = at.saturating_add(UNIT).min(end);
        atomically(store, async |tx: &mut Tx| {
            for n in at..until {
                let task = tx.settlement().newest_task(&table(n), &month).await?;
                let task = task.ok_or(StoreError::Conflict)?;
                let enqueued_at = moment().plus_seconds(i64::try_from(n % 86_400).unwrap_or(0));
                let weights = Weights::default();
                let trade = TradeTask {
                    trade_task_id: TradeTaskId::made(format!("00000000-0000-7000-c000-{n:012}")),
                    check_task_id: task.check_task_id,
                    generation_account_id: task.generation_account_id,
                    table_id: task.table_id,
                    period: task.period,
                    state: State::Queued,
                    accepted: task.net,
                    amount: task.net,
                    key: weights.key(task.net, enqueued_at),
                    weights_epoch: weights.epoch,
                    enqueued_at,
                    payout_no: None,
                    paid: None,
                    payee: None,
                    sent_at: None,
                    hold: None,
                    payee_confirmed: false,
                    numbers: 0,
                    refusals: 0,
                    kept: Fen::ZERO,
                    frozen: false,
                    next_at: Some(enqueued_at),
                    version: 1,
                };
                tx.settlement().add_trade(&trade).await?;
            }
            Ok::<_, StoreError>(())
        })
        .await?;
        at = until;
    }
    Ok(())
}

/// The medians of the rounds, in nanoseconds: of a turn, and of the look for tasks keyed under other weights.
async fn turns(store: &dyn Store) -> Result<(u128, u128), Trouble> {
    let (mut turns, mut looks) = (Vec::new(), Vec::new());
    let epoch = Weights::default().epoch;
    for _ in 0..ROUNDS {
        let began = Instant::now();
        atomically(store, async |tx: &mut Tx| {
            for _ in 0..TURNS {
                turn(tx).await?;
            }
            Ok::<_, StoreError>(())
        })
        .await?;
        turns.push(began.elapsed().as_nanos().div_euclid(u128::from(TURNS)));
        let began = Instant::now();
        atomically(store, async |tx: &mut Tx| {
            for _ in 0..TURNS {
                tx.settlement().keyed_otherwise(epoch, 500).await?;
            }
            Ok::<_, StoreError>(())
        })
        .await?;
        looks.push(began.elapsed().as_nanos().div_euclid(u128::from(TURNS)));
    }
    Ok((median(turns)?, median(looks)?))
}

fn median(mut rounds: Vec<u128>) -> Result<u128, Trouble> {
    rounds.sort_unstable();
    let middle = rounds.get(rounds.len().div_euclid(2)).copied();
    middle.ok_or_else(|| wrong("no round"))
}

/// The head leaves its place and takes another one.
async fn turn(tx: &mut Tx) -> Result<(), StoreError> {
    let head = tx.settlement().first_queued().await?;
    let head = head.ok_or(StoreError::Conflict)?;
    let found = tx.settlement().trade(&head).await?;
    let mut trade = found.ok_or(StoreError::Conflict)?;
    let weights = Weights::default();
    // Somewhere in the middle: as far back as its digits say.
    let back = trade.amount.get().rem_euclid(9_973).saturating_mul(86_400);
    trade.enqueued_at = trade.enqueued_at.plus_seconds(back);
    trade.key = weights.key(Fen::new(1), trade.enqueued_at);
    tx.settlement().save_trade(&trade).await
}
