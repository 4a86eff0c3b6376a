//! Trade tasks, their queue, and what an erasure leaves of a month.

use lifeline_core::settlement::ids::TradeTaskId;
use lifeline_core::settlement::ports::Queued;
use lifeline_core::settlement::trade_queue::{SetWeights, Weights};
use lifeline_core::settlement::trade_task::TradeTask;
use lifeline_core::settlement::{table_k, table_t};
use lifeline_core::shared::money::Fen;
use lifeline_core::store::StoreError;

use crate::bench::{Bench, at};
use crate::contracts;
use crate::settlement::{add_task, add_trade, period, seller, task_of, trade_of, whole};

contracts! { "trades":
    a_check_task_has_one_trade_task => ["SettlementStore::add_trade", "SettlementReads::trade_of",
        "SettlementReads::trade", "SettlementStore::save_trade"];
    the_queue_gives_its_head_and_sums_are_true => ["SettlementReads::first_queued", "SettlementReads::due_trades",
        "SettlementReads::committed", "SettlementStore::committed_alone", "SettlementReads::sent_since",
        "SettlementReads::has_open_money"];
    one_that_is_stopped_is_seen_by_those_beside_it => ["SettlementReads::is_stopped_beside"];
    the_numbers_of_a_month_are_counted_over_its_payouts => ["SettlementReads::numbers_made"];
    a_change_of_weights_finds_and_moves_what_was_keyed_before => ["SettlementStore::keyed_otherwise",
        "SettlementStore::rekey"];
    the_queue_has_the_weights_that_were_set_last => ["SettlementReads::kept_weights",
        "SettlementStore::keep_weights", "SettlementStore::queue_alone"];
    what_is_set_aside_is_not_read_and_leaves_the_queue => ["SettlementStore::set_aside"];
    what_is_paid_is_listed_once_a_page_at_a_time => ["SettlementReads::paid_since"];
    what_waits_is_listed_under_its_table => ["SettlementStore::waiting_trades"];
    erased_rows_leave_their_sums => ["SettlementStore::erase_rows"];
}

async fn a_check_task_has_one_trade_task(t: Bench) {
    let (owner, table) = seller(&t).await;
    let task = task_of(&t, &owner, &table, 1);
    add_task(&t, &task).await.unwrap();
    let mut trade = trade_of(&t, &task, 936, 7);
    trade.payee = Some(table.identity.clone());
    add_trade(&t, &trade).await.unwrap();
    let twice = add_trade(&t, &trade_of(&t, &task, 1, 8)).await;
    assert!(matches!(twice, Err(StoreError::Duplicate(_))), "{twice:?}");
    let mut view = t.view().await;
    let found = view
        .settlement()
        .trade_of(&task.check_task_id)
        .await
        .unwrap();
    assert_eq!(found.as_ref(), Some(&trade));
    let by_id = view.settlement().trade(&trade.trade_task_id).await.unwrap();
    assert_eq!(by_id.as_ref(), Some(&trade));
    drop(view);
    let withdrawn = TradeTask {
        state: table_t::State::Withdrawn,
        next_at: None,
        ..trade.clone()
    };
    let save = async || {
        t.write(async |tx| tx.settlement().save_trade(&withdrawn).await)
            .await
    };
    save().await.unwrap();
    let again = save().await;
    assert!(matches!(again, Err(StoreError::Conflict)), "{again:?}");
    add_trade(&t, &trade_of(&t, &task, 936, 9)).await.unwrap();
}

async fn the_queue_gives_its_head_and_sums_are_true(t: Bench) {
    let (owner, table) = seller(&t).await;
    let mut trades = Vec::new();
    // A tie in the key is broken by the enqueue time: 30 fen waited 10 s less than 20 fen.
    for (n, (fen, enqueued)) in [(10, 100), (20, 100), (30, 110), (40, 200)]
        .into_iter()
        .enumerate()
    {
        let task = task_of(&t, &owner, &table, i64::try_from(n).unwrap() + 1);
        add_task(&t, &task).await.unwrap();
        let trade = trade_of(&t, &task, fen, enqueued);
        add_trade(&t, &trade).await.unwrap();
        trades.push(trade);
    }
    let account = table.generation_account_id.clone();
    let mut order = Vec::new();
    for round in 0..4 {
        let mut view = t.view().await;
        let head = view.settlement().first_queued().await.unwrap().unwrap();
        let mut trade = view.settlement().trade(&head).await.unwrap().unwrap();
        drop(view);
        order.push(trade.amount.get());
        trade.state = table_t::State::Unknown;
        trade.payout_no = Some(format!("t0{round}"));
        trade.sent_at = Some(at(500 + round));
        trade.next_at = Some(at(600));
        if trade.amount == Fen::new(40) {
            trade.paid = Some(Fen::new(39));
        }
        t.write(async |tx| tx.settlement().save_trade(&trade).await)
            .await
            .unwrap();
    }
    assert_eq!(order, [20, 30, 10, 40]);
    let mut view = t.view().await;
    assert_eq!(view.settlement().first_queued().await.unwrap(), None);
    let committed = view
        .settlement()
        .committed(&account, &period())
        .await
        .unwrap();
    assert_eq!(committed, Fen::new(99), "true sums");
    let alone = t.write(async |tx| {
        let (account, period) = (&account, &period());
        tx.settlement().committed_alone(account, period).await
    });
    assert_eq!(alone.await.unwrap(), committed);
    let sent = view.settlement().sent_since(at(502)).await.unwrap();
    assert_eq!(sent, (2, Fen::new(50)));
    assert!(
        view.settlement()
            .has_open_money(&table.table_id)
            .await
            .unwrap()
    );
    assert_eq!(
        view.settlement()
            .due_trades(at(600), 9)
            .await
            .unwrap()
            .len(),
        4
    );
    assert!(
        view.settlement()
            .due_trades(at(599), 9)
            .await
            .unwrap()
            .is_empty()
    );
}

async fn what_is_paid_is_listed_once_a_page_at_a_time(t: Bench) {
    let (owner, table) = seller(&t).await;
    let mut paid = Vec::new();
    let cases = [
        (table_t::State::Paid, 500, false),
        (table_t::State::Paid, 700, false),
        (table_t::State::Paid, 499, false),
        (table_t::State::Paid, 700, true),
        (table_t::State::Unknown, 700, false),
    ];
    for ((state, sent_at, frozen), n) in cases.into_iter().zip(1..) {
        let task = task_of(&t, &owner, &table, n);
        add_task(&t, &task).await.unwrap();
        let trade = TradeTask {
            state,
            payout_no: Some(format!("t0paid{n}")),
            paid: (state == table_t::State::Paid).then(|| Fen::new(9)),
            sent_at: Some(at(sent_at)),
            frozen,
            next_at: (state == table_t::State::Unknown).then(|| at(700)),
            ..trade_of(&t, &task, 9, 7)
        };
        add_trade(&t, &trade).await.unwrap();
        // One that a contradiction stopped may come back as well.
        if matches!(n, 1 | 2 | 4) {
            paid.push(trade.trade_task_id);
        }
    }
    paid.sort();
    let mut view = t.view().await;
    let mut listed = Vec::new();
    for _ in 0..4 {
        let after = listed
            .last()
            .map_or("", |id: &TradeTaskId| id.as_str())
            .to_owned();
        let page = view.settlement().paid_since(at(500), &after, 1).await;
        listed.extend(page.unwrap());
    }
    assert_eq!(listed, paid);
}

async fn a_change_of_weights_finds_and_moves_what_was_keyed_before(t: Bench) {
    let (owner, table) = seller(&t).await;
    let task = task_of(&t, &owner, &table, 1);
    add_task(&t, &task).await.unwrap();
    let trade = trade_of(&t, &task, 936, 7);
    add_trade(&t, &trade).await.unwrap();
    let found = t
        .write(async |tx| {
            let same = trade.weights_epoch;
            tx.settlement().keyed_otherwise(same, 9).await
        })
        .await
        .unwrap();
    assert!(found.is_empty());
    let found = t
        .write(async |tx| tx.settlement().keyed_otherwise(2, 9).await)
        .await
        .unwrap();
    let queued = Queued {
        trade_task_id: trade.trade_task_id.clone(),
        amount: trade.amount,
        enqueued_at: trade.enqueued_at,
    };
    assert_eq!(found, [queued]);
    let weights = Weights {
        wait_per_s: 3,
        amount_per_fen: 0,
        epoch: 2,
    };
    let key = weights.key(trade.amount, trade.enqueued_at);
    let id = &trade.trade_task_id;
    t.write(async |tx| tx.settlement().rekey(id, key, 2).await)
        .await
        .unwrap();
    let mut view = t.view().await;
    let kept = view.settlement().trade(id).await.unwrap().unwrap();
    assert_eq!((kept.key, kept.weights_epoch), (key, 2));
}

async fn the_numbers_of_a_month_are_counted_over_its_payouts(t: Bench) {
    let (owner, table) = seller(&t).await;
    let account = &table.generation_account_id;
    for (n, numbers) in [(1, 2), (2, 3)] {
        let task = task_of(&t, &owner, &table, n);
        add_task(&t, &task).await.unwrap();
        let trade = TradeTask {
            numbers,
            ..trade_of(&t, &task, 100, 7)
        };
        add_trade(&t, &trade).await.unwrap();
        if n == 1 {
            let withdrawn = TradeTask {
                state: table_t::State::Withdrawn,
                next_at: None,
                ..trade
            };
            t.write(async |tx| tx.settlement().save_trade(&withdrawn).await)
                .await
                .unwrap();
        }
    }
    let mut view = t.view().await;
    let made = view.settlement().numbers_made(account, &period()).await;
    assert_eq!(made.unwrap(), 5);
    let other = period().minus(1);
    let made = view.settlement().numbers_made(account, &other).await;
    assert_eq!(made.unwrap(), 0);
}

async fn the_queue_has_the_weights_that_were_set_last(t: Bench) {
    let kept = async || {
        let mut view = t.view().await;
        view.settlement().kept_weights().await.unwrap()
    };
    assert_eq!(kept().await.version, 0, "anybody's count");
    for (version, wait, stands) in [
        (2, 5, (2, 5)),
        (1, 9, (2, 5)),
        (2, 9, (2, 5)),
        (3, 7, (3, 7)),
    ] {
        let set = SetWeights {
            version,
            weights: Weights::of(wait, 1),
        };
        t.write(async |tx| {
            tx.settlement().queue_alone().await?;
            tx.settlement().keep_weights(&set).await
        })
        .await
        .unwrap();
        let (version, wait) = stands;
        let weights = Weights::of(wait, 1);
        assert_eq!(kept().await, SetWeights { version, weights });
    }
}

async fn what_is_set_aside_is_not_read_and_leaves_the_queue(t: Bench) {
    let (owner, table) = seller(&t).await;
    let mut made = Vec::new();
    for (n, state) in [
        table_t::State::Queued,
        table_t::State::Queued,
        table_t::State::Paid,
    ]
    .into_iter()
    .enumerate()
    {
        let n = i64::try_from(n).unwrap() + 1;
        let task = task_of(&t, &owner, &table, n);
        add_task(&t, &task).await.unwrap();
        let trade = TradeTask {
            state,
            payout_no: Some(format!("t0aside{n}")),
            paid: Some(Fen::new(9)),
            sent_at: Some(at(600)),
            next_at: (!state.is_final()).then(|| at(700)),
            ..trade_of(&t, &task, 100 - n, 7)
        };
        add_trade(&t, &trade).await.unwrap();
        made.push(trade.trade_task_id);
    }
    t.raw("UPDATE trade_task SET payee = 'x'").await.unwrap();
    let aside = async |id| {
        t.write(async |tx| tx.settlement().set_aside(id, at(900)).await)
            .await
            .unwrap()
    };
    assert!(aside(&made[0]).await);
    assert!(!aside(&made[0]).await, "once");
    assert!(!aside(&made[2]).await, "what is final is not stopped");
    assert!(!aside(&t.id()).await);
    let head = t.view().await.settlement().first_queued().await.unwrap();
    assert_eq!(head.as_ref(), Some(&made[1]));
}

async fn one_that_is_stopped_is_seen_by_those_beside_it(t: Bench) {
    let (owner, table) = seller(&t).await;
    let mut trades = Vec::new();
    for n in 1..=2 {
        let task = task_of(&t, &owner, &table, n);
        add_task(&t, &task).await.unwrap();
        let trade = trade_of(&t, &task, 100, 7);
        add_trade(&t, &trade).await.unwrap();
        trades.push(trade);
    }
    let beside = async |trade: &TradeTask| {
        let mut view = t.view().await;
        view.settlement().is_stopped_beside(trade).await.unwrap()
    };
    assert!(!beside(&trades[1]).await);
    let stopped = &trades[0].trade_task_id;
    t.write(async |tx| tx.settlement().set_aside(stopped, at(900)).await)
        .await
        .unwrap();
    assert!(beside(&trades[1]).await);
    assert!(!beside(&trades[0]).await, "it is not beside itself");
}

async fn what_waits_is_listed_under_its_table(t: Bench) {
    let (owner, table) = seller(&t).await;
    let mut waiting = Vec::new();
    for (state, n) in table_t::State::ALL.iter().copied().zip(1..) {
        let task = task_of(&t, &owner, &table, n);
        add_task(&t, &task).await.unwrap();
        let trade = TradeTask {
            state,
            payout_no: Some(format!("t0wait{n}")),
            paid: Some(Fen::new(9)),
            sent_at: Some(at(600)),
            next_at: (!state.is_final()).then(|| at(700)),
            ..trade_of(&t, &task, 9, 7)
        };
        add_trade(&t, &trade).await.unwrap();
        if state.is_unsent() || state == table_t::State::Returned {
            waiting.push(trade.trade_task_id);
        }
    }
    assert_eq!(waiting.len(), 3);
    waiting.sort();
    let listed = async |table| {
        t.write(async |tx| tx.settlement().waiting_trades(table).await)
            .await
    };
    assert_eq!(listed(&table.table_id).await.unwrap(), waiting);
    assert!(listed(&t.id()).await.unwrap().is_empty());
}

async fn erased_rows_leave_their_sums(t: Bench) {
    let (owner, table) = seller(&t).await;
    whole(&t, &owner, &table).await;
    t.write(async |tx| tx.settlement().erase_rows(&table.table_id).await)
        .await
        .unwrap();
    let mut view = t.view().await;
    let energy = view
        .settlement()
        .newest_energy(&table.table_id, &period())
        .await
        .unwrap();
    assert_eq!(energy, None);
    assert!(
        !view
            .settlement()
            .has_open_money(&table.table_id)
            .await
            .unwrap()
    );
    let task = view
        .settlement()
        .newest_task(&table.table_id, &period())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(task.state, table_k::State::Superseded);
    assert_eq!(
        t.text("SELECT CAST(net_fen AS TEXT) FROM energy_version")
            .await,
        "941"
    );
    assert_eq!(
        t.text("SELECT CAST(COUNT(*) AS TEXT) FROM trade_task WHERE payee IS NOT NULL")
            .await,
        "0"
    );
    assert_eq!(
        t.text("SELECT CAST(amount_fen AS TEXT) FROM trade_task")
            .await,
        "936"
    );
}
