//! The drills of settlement (money.md 5): a bank that gives payouts back, weights that change while payouts are
//! queued, an end that waits for a payout nobody knows of. The silent reviewer is in `trouble`.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use lifeline_core::accounts::Actor;
use lifeline_core::accounts::codes::Budget;
use lifeline_core::accounts::passwords::{NotHashed, Password, PasswordHash, Passwords};
use lifeline_core::ledger::Account;
use lifeline_core::settlement::accounts::vault::MadePair;
use lifeline_core::settlement::accounts::vault::VaultFailure;
use lifeline_core::settlement::accounts::{
    Generation, GenerationPorts, GenerationState, GridConnections, KeyPair, KeyVault, Reserve,
};
use lifeline_core::settlement::ids::{GenerationNo, KeyPairId, TradingAccount};
use lifeline_core::settlement::ports::PayoutAnswer;
use lifeline_core::settlement::table_t::State;
use lifeline_core::settlement::trade_queue::Weights;
use lifeline_core::settlement::{Feedback, MonthRows, Settlement};
use lifeline_core::shared::ids::Maker;
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::store::snapshot;
use zeroize::Zeroizing;

use crate::checking::{answer, sent};
use crate::store::{Place, start};
use crate::stories;
use crate::world::{Fault, Outside, Seller, app, rules};

stories! {
    the_bank_returns_a_tenth_of_the_payouts;
    weights_change_while_many_are_queued;
    a_long_queue_gets_its_places_in_parts_and_nothing_leaves_before;
    an_end_waits_for_a_payout_nobody_knows_of;
}

async fn confirm(app: &Settlement, place: &Place, seller: &Seller) {
    answer(app, place, seller, Feedback::Confirm).await.unwrap();
}

async fn sweep_all(app: &Settlement) {
    while app.sweep_trades().await.unwrap() > 0 {}
}

/// What the outside paid and kept, by the account it went to.
fn kept(outside: &Outside) -> BTreeMap<String, Fen> {
    outside.with(|world| {
        let mut kept = BTreeMap::new();
        for (_, _, card, state) in &world.payouts {
            if let PayoutAnswer::Paid(sum) = state {
                let so_far: &mut Fen = kept.entry(card.clone()).or_insert(Fen::ZERO);
                *so_far = so_far.plus(*sum).unwrap();
            }
        }
        kept
    })
}

async fn the_bank_returns_a_tenth_of_the_payouts(place: Place) {
    const SELLERS: usize = 40;
    let outside = Outside::at(start());
    let app = app(&place, &outside, rules());
    let mut sellers = Vec::new();
    for nth in 0..SELLERS {
        let seller = place.seller(&outside, nth).await;
        outside.reads(&seller, &format!("{}", nth + 1));
        sellers.push(seller);
    }
    app.collect_all().await.unwrap();
    app.watch().await.unwrap();
    for seller in &sellers {
        confirm(&app, &place, seller).await;
    }
    sweep_all(&app).await;
    let owed = kept(&outside);
    assert_eq!(owed.len(), SELLERS, "each was paid once");
    outside.with(|world| {
        for (_, sum, _, state) in world.payouts.iter_mut().step_by(10) {
            *state = PayoutAnswer::Returned(*sum);
        }
    });
    assert_eq!(app.look_for_returns().await.unwrap(), SELLERS / 10);
    outside.advance(7200);
    sweep_all(&app).await;
    assert_eq!(
        kept(&outside).len(),
        SELLERS - SELLERS / 10,
        "nothing by itself"
    );
    for seller in &sellers {
        let task = place.newest_task(seller).await;
        let trade = place.trade_of(&task.check_task_id).await.unwrap();
        if trade.state == State::Returned {
            let own = app.own_task(&seller.owner, &task.check_task_id).await;
            app.confirm_payee(&own.unwrap(), "").await.unwrap();
        }
    }
    sweep_all(&app).await;
    assert_eq!(kept(&outside), owed, "the same sums to the same accounts");
    let numbers = outside.with(|world| world.payouts.len());
    assert_eq!(
        numbers,
        SELLERS + SELLERS / 10,
        "new numbers for what came back"
    );
    let all = Fen::sum(owed.values().copied()).unwrap();
    let mut view = snapshot(&*place.store).await.unwrap();
    let balances = view.ledger().balances().await.unwrap();
    let of = |account| balances.iter().find(|b| b.account == account).unwrap().net;
    assert_eq!(of(Account::GenerationPurchase), all);
    assert_eq!(of(Account::Payout), Fen::new(-all.get()));
    drop(view);
    let open = "SELECT COUNT(*) FROM trade_task WHERE state <> 'PAID'";
    assert_eq!(place.number(open).await, 0);
}

/// How many are queued: a stated number every day, a million when there is time.
fn queued() -> i64 {
    let asked = std::env::var("DRILL_QUEUED").ok();
    asked.and_then(|text| text.parse().ok()).unwrap_or(2_000)
}

/// Trade tasks of many months, keyed under no weights yet; sums and moments with ties.
async fn queue(place: &Place, seller: &Seller, count: i64) {
    let (account, table) = (&seller.account, &seller.table);
    let begun = start().micros();
    let task = "'00000000-0000-7000-8000-' || substr(CAST(1000000000000 + i AS TEXT), 2)";
    let trade = "'00000000-0000-7000-9000-' || substr(CAST(1000000000000 + i AS TEXT), 2)";
    let numbers = format!(
        "WITH RECURSIVE n(i) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < {count})"
    );
    place
        .raw(&format!(
            "INSERT INTO check_task (check_task_id, generation_account_id, table_id, period, data_version, state, \
             verdict, net_fen, paid_before_fen, began_at, ends_at, reminded, waited_again, undo_spent, review_round, \
             created_at, next_at, version) {numbers} SELECT {task}, '{account}', '{table}', '2026-09', i, \
             'ANSWERED', 'confirm', 1, 0, 0, 1, 0, 0, 0, 0, 0, 1, 1 FROM n"
        ))
        .await
        .unwrap();
    place
        .raw(&format!(
            "INSERT INTO trade_task (trade_task_id, check_task_id, generation_account_id, table_id, period, state, \
             accepted_fen, amount_fen, queue_key, weights_epoch, enqueued_at, payee_confirmed, frozen, next_at, \
             version) {numbers} SELECT {trade}, {task}, '{account}', '{table}', '2026-09', 'QUEUED', \
             i * 7919 % 100003 % 5000 + 1, i * 7919 % 100003 % 5000 + 1, \
             '0000000000000000000000000000000000000000', 0, {begun} - i * 104729 % 300007 % 9000 * 1000000, 0, 0, 1, 1 \
             FROM n"
        ))
        .await
        .unwrap();
}

/// Neighbours in the queue's order that the plain weighted sum would have the other way round.
async fn disorder(place: &Place, weights: Weights) -> i64 {
    let Weights {
        wait_per_s: wait,
        amount_per_fen: amount,
        ..
    } = weights;
    let score = format!("{amount} * amount_fen * 1000000 - {wait} * enqueued_at");
    let order = "ORDER BY queue_key DESC, enqueued_at, trade_task_id";
    place
        .number(&format!(
            "SELECT COUNT(*) FROM (SELECT {score} AS score, LAG({score}) OVER ({order}) AS ahead, enqueued_at, \
             LAG(enqueued_at) OVER ({order}) AS since FROM trade_task) q \
             WHERE score > ahead OR (score = ahead AND enqueued_at < since)"
        ))
        .await
}

async fn weights_change_while_many_are_queued(place: Place) {
    let outside = Outside::at(start());
    let seller = place.seller(&outside, 1).await;
    let count = queued();
    queue(&place, &seller, count).await;
    let changes = [(1, 1), (1, 100), (7, 0), (0, 3), (100, 1)];
    for (version, (wait_per_s, amount_per_fen)) in (1..).zip(changes) {
        let mut changed = rules();
        changed.weights_version = version;
        changed.weights = Weights::of(wait_per_s, amount_per_fen);
        let weights = changed.weights;
        let app = app(&place, &outside, changed);
        let keyed = app.rekey().await.unwrap();
        assert_eq!(i64::try_from(keyed), Ok(count), "{weights:?}");
        assert_eq!(disorder(&place, weights).await, 0, "{weights:?}");
        assert_eq!(app.rekey().await.unwrap(), 0, "once");
    }
    assert!(
        disorder(&place, Weights::of(1, 100)).await > 0,
        "another order would be seen"
    );
}

/// The sweep that follows does the rest: between the two, reminders and ends of countdowns have their turns.
async fn a_long_queue_gets_its_places_in_parts_and_nothing_leaves_before(place: Place) {
    /// What one sweep gives places to.
    const PART: i64 = 4_000;
    let outside = Outside::at(start());
    let seller = place.seller(&outside, 1).await;
    queue(&place, &seller, PART + 1).await;
    let mut changed = rules();
    changed.weights_version = 1;
    changed.weights = Weights::of(1, 100);
    let epoch = changed.weights.epoch;
    let app = app(&place, &outside, changed);
    assert!(app.sweep_trades().await.unwrap() > 0, "there is more of it");
    let keyed = format!("SELECT COUNT(*) FROM trade_task WHERE weights_epoch = {epoch}");
    assert_eq!(place.number(&keyed).await, PART);
    let queued = "SELECT COUNT(*) FROM trade_task WHERE state = 'QUEUED'";
    assert_eq!(place.number(queued).await, PART + 1, "nothing leaves yet");
    assert_eq!(app.rekey().await.unwrap(), 1, "the rest");
}

/// None of them is asked by the end of a cooperation.
#[derive(Debug)]
pub(crate) struct Nobody;

#[async_trait]
impl GridConnections for Nobody {
    async fn reserved(&self, _: &GenerationNo) -> Result<Option<Reserve>, NoAnswer> {
        Err(NoAnswer::Unknown("not_asked"))
    }
}

#[async_trait]
impl KeyVault for Nobody {
    fn name(&self) -> &'static str {
        "nobody"
    }

    async fn make(&self, _: &KeyPairId) -> Result<MadePair, VaultFailure> {
        Err(VaultFailure("not_asked"))
    }

    async fn open(&self, _: &KeyPair, _: &str) -> Result<Option<Zeroizing<Vec<u8>>>, VaultFailure> {
        Err(VaultFailure("not_asked"))
    }
}

#[async_trait]
impl Passwords for Nobody {
    async fn hash(&self, _: &Password) -> Result<PasswordHash, NotHashed> {
        Err(NotHashed::Failed)
    }

    async fn verify(&self, _: &Password, _: Option<&PasswordHash>) -> Result<bool, NotHashed> {
        Err(NotHashed::Failed)
    }
}

/// The use cases of generation accounts over this store.
pub(crate) fn generation(place: &Place, outside: &Outside) -> Generation {
    Generation::new(GenerationPorts {
        store: place.store.clone(),
        clock: Arc::new(outside.clone()),
        entropy: Arc::new(outside.clone()),
        grid: Arc::new(Nobody),
        vault: Arc::new(Nobody),
        passwords: Arc::new(Nobody),
        code_budget: Budget::USUAL,
        rows: vec![Arc::new(MonthRows::default())],
    })
}

async fn an_end_waits_for_a_payout_nobody_knows_of(place: Place) {
    let outside = Outside::at(start());
    let (app, seller) = sent(&place, &outside, "10").await;
    confirm(&app, &place, &seller).await;
    outside.with(|world| world.faults.extend([Fault::AfterCommit]));
    // The sweep ends before its question of what became of it.
    app.sweep_trades().await.unwrap();
    let generation = generation(&place, &outside);
    let actor = Actor::job(
        "test",
        &Maker {
            clock: &outside,
            entropy: &outside,
        },
    );
    let end = async || generation.end(&seller.account, &actor).await.unwrap();
    assert_eq!(end().await, GenerationState::Terminating);
    let id = place.newest_task(&seller).await.check_task_id;
    let trade = place.trade_of(&id).await.unwrap();
    assert_eq!(trade.state, State::Unknown);
    let card = TradingAccount::parse("6217000000000001").unwrap();
    let payee = trade.payee.map(|payee| payee.trading_account);
    assert_eq!(
        payee,
        Some(card),
        "whom it went to is known as long as it is needed"
    );
    assert_eq!(end().await, GenerationState::Terminating, "asked again");
    for _ in 0..3 {
        outside.advance(600);
        app.sweep_trades().await.unwrap();
    }
    let trade = place.trade_of(&id).await.unwrap();
    assert_eq!(
        (trade.state, trade.paid),
        (State::Paid, Some(Fen::new(12_400)))
    );
    assert_eq!(end().await, GenerationState::Terminated);
    assert_eq!(outside.paid(), Fen::new(12_400), "paid once");
    for query in [
        "SELECT COUNT(*) FROM trade_task WHERE payee IS NOT NULL",
        "SELECT COUNT(*) FROM energy_version WHERE days IS NOT NULL OR lines IS NOT NULL",
        "SELECT COUNT(*) FROM personal_table WHERE identity IS NOT NULL",
    ] {
        assert_eq!(place.number(query).await, 0, "{query}");
    }
    let amounts = "SELECT CAST(SUM(paid_fen) AS BIGINT) FROM trade_task";
    assert_eq!(
        place.number(amounts).await,
        12_400,
        "the books keep the sum"
    );
}
