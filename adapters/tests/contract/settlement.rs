//! Months of energy, check tasks and trade tasks.

use lifeline_core::settlement::accounts::account::FeedIn;
use lifeline_core::settlement::accounts::table::PersonalTable;
use lifeline_core::settlement::calculation::calculate;
use lifeline_core::settlement::check_task::{CheckTask, RejectReason};
use lifeline_core::settlement::countdown::Countdown;
use lifeline_core::settlement::energy::{EnergyVersion, Settled, VersionState};
use lifeline_core::settlement::ids::CheckTaskId;
use lifeline_core::settlement::ports::Stretch;
use lifeline_core::settlement::readings::{DayReading, Measured, MonthEnergy, MonthReading};
use lifeline_core::settlement::trade_queue::Weights;
use lifeline_core::settlement::trade_task::TradeTask;
use lifeline_core::settlement::watch::Untold;
use lifeline_core::settlement::{table_k, table_t};
use lifeline_core::shared::energy::{Kwh, Price};
use lifeline_core::shared::ids::AccountId;
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::page::Page;
use lifeline_core::shared::period::Period;
use lifeline_core::shared::time::Day;
use lifeline_core::store::StoreError;
use lifeline_core::tariffs::{PriceBook, PriceKind, PriceRow, Slot, TaxBook, TaxRow};

use crate::bench::{Bench, at};
use crate::{accounts, bindings, contracts, generation};

contracts! { "settlement":
    a_month_comes_back_as_it_was_and_has_each_version_once => ["SettlementStore::add_energy",
        "SettlementReads::newest_energy", "SettlementReads::energy_list", "SettlementReads::unsettled",
        "SettlementReads::open_tables", "SettlementReads::awaits_month"];
    a_settled_month_is_saved_by_comparison => ["SettlementStore::save_energy"];
    a_task_is_its_owners_and_there_is_one_per_version => ["SettlementStore::add_task", "SettlementReads::task_of",
        "SettlementReads::tasks_of", "SettlementReads::task", "SettlementReads::newest_task"];
    a_task_is_saved_by_comparison_and_comes_when_due => ["SettlementStore::save_task", "SettlementReads::due_tasks"];
    a_task_that_is_put_off_is_not_read => ["SettlementStore::put_off_task"];
    prices_that_are_not_told_are_kept_by_their_month => ["SettlementReads::prices_untold",
        "SettlementStore::keep_untold"];
    a_dropped_unit_settles_nothing => ["SettlementStore::add_energy"];
}

pub(crate) fn period() -> Period {
    Period::parse("2026-10").unwrap()
}

pub(crate) fn version_of(table: &PersonalTable, n: i64) -> EnergyVersion {
    let one = Measured {
        generated: Kwh::parse("1.5").unwrap(),
        fed_in: Kwh::parse("1").unwrap(),
    };
    let days = period().days().map(|day| DayReading {
        day,
        parts: vec![(Slot::Flat, one)],
    });
    let reading = MonthReading {
        read_at: at(3),
        days: days.collect(),
    };
    EnergyVersion {
        table_id: table.table_id.clone(),
        generation_account_id: table.generation_account_id.clone(),
        data_version: n,
        month: MonthEnergy::check(&period(), reading, at(4), None).unwrap(),
        read_at: at(3),
        updated_at: at(4),
        state: VersionState::Collected,
        refusal: None,
        settled: None,
        row_version: 1,
    }
}

pub(crate) fn settled(version: &EnergyVersion) -> EnergyVersion {
    let from = Day::parse("2026-01-01").unwrap();
    let prices = PriceBook::read(vec![PriceRow {
        kind: PriceKind::FeedIn,
        slot: Slot::Flat,
        from,
        until: None,
        price: Price::parse("0.3035").unwrap(),
    }]);
    let taxes = TaxBook::read(vec![TaxRow {
        from,
        until: None,
        rate_ppm: 0,
        exempt_up_to: Fen::ZERO,
    }]);
    let amounts = calculate(
        &version.month,
        FeedIn::Surplus,
        &prices.unwrap(),
        &taxes.unwrap(),
    );
    EnergyVersion {
        state: VersionState::Settled,
        settled: Some(Settled {
            amounts: amounts.unwrap(),
            adjustment: Fen::new(-5),
            at: at(5),
        }),
        ..version.clone()
    }
}

pub(crate) fn task_of(t: &Bench, owner: &AccountId, table: &PersonalTable, n: i64) -> CheckTask {
    CheckTask {
        check_task_id: t.id(),
        generation_account_id: table.generation_account_id.clone(),
        owner: owner.clone(),
        table_id: table.table_id.clone(),
        period: period(),
        data_version: n,
        state: table_k::State::Open,
        verdict: None,
        reason: RejectReason::parse("三号停电"),
        net: Fen::new(936),
        paid_before: Fen::ZERO,
        countdown: Countdown {
            began_at: at(6),
            ends_at: at(600),
        },
        reminded: 0,
        pushed_at: None,
        waited_again: false,
        undo_spent: false,
        review_no: None,
        review_round: 0,
        review_sent_at: None,
        review_began_at: None,
        newer: None,
        created_at: at(6),
        next_at: Some(at(300)),
        version: 1,
    }
}

pub(crate) fn trade_of(t: &Bench, task: &CheckTask, fen: i64, enqueued: i64) -> TradeTask {
    let weights = Weights::default();
    let (amount, enqueued_at) = (Fen::new(fen), at(enqueued));
    TradeTask {
        trade_task_id: t.id(),
        check_task_id: task.check_task_id.clone(),
        generation_account_id: task.generation_account_id.clone(),
        table_id: task.table_id.clone(),
        period: task.period.clone(),
        state: table_t::State::Queued,
        accepted: amount,
        amount,
        key: weights.key(amount, enqueued_at),
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
    }
}

pub(crate) async fn seller(t: &Bench) -> (AccountId, PersonalTable) {
    let person = accounts::whole(t);
    accounts::add(t, &person).await;
    let (_, table) = generation::permitted(t, &person.account_id).await;
    (person.account_id, table)
}

pub(crate) async fn add_version(t: &Bench, version: &EnergyVersion) -> Result<(), StoreError> {
    t.write(async |tx| tx.settlement().add_energy(version).await)
        .await
}

pub(crate) async fn add_task(t: &Bench, task: &CheckTask) -> Result<(), StoreError> {
    t.write(async |tx| tx.settlement().add_task(task).await)
        .await
}

pub(crate) async fn add_trade(t: &Bench, trade: &TradeTask) -> Result<(), StoreError> {
    t.write(async |tx| tx.settlement().add_trade(trade).await)
        .await
}

/// A seller's month with its task and a queued trade task.
pub(crate) async fn whole(t: &Bench, owner: &AccountId, table: &PersonalTable) {
    add_version(t, &settled(&version_of(table, 1)))
        .await
        .unwrap();
    let task = task_of(t, owner, table, 1);
    add_task(t, &task).await.unwrap();
    let mut trade = trade_of(t, &task, 936, 7);
    trade.payee = Some(table.identity.clone());
    add_trade(t, &trade).await.unwrap();
}

async fn a_month_comes_back_as_it_was_and_has_each_version_once(t: Bench) {
    let (_, table) = seller(&t).await;
    let (first, second) = (version_of(&table, 1), settled(&version_of(&table, 2)));
    let awaits = async |month: Period, over| {
        let mut view = t.view().await;
        let id = &table.table_id;
        let awaits = view.settlement().awaits_month(id, &month, over).await;
        awaits.unwrap()
    };
    let late = at(1_000_000);
    assert!(awaits(period(), late).await);
    assert!(!awaits(period(), table.opened_at).await, "it was not open");
    add_version(&t, &first).await.unwrap();
    assert!(!awaits(period(), late).await);
    assert!(awaits(period().minus(1), late).await);
    let twice = add_version(&t, &first).await;
    assert!(matches!(twice, Err(StoreError::Duplicate(_))), "{twice:?}");
    let mut view = t.view().await;
    let id = &table.table_id;
    let unsettled = view
        .settlement()
        .unsettled(&Stretch::default(), 10)
        .await
        .unwrap();
    assert_eq!(unsettled, [(id.clone(), period())]);
    let open = view.settlement().has_open_money(id).await;
    assert!(open.unwrap(), "it is not settled");
    add_version(&t, &second).await.unwrap();
    let mut view = t.view().await;
    let newest = view
        .settlement()
        .newest_energy(id, &period())
        .await
        .unwrap();
    assert_eq!(newest.as_ref(), Some(&second));
    let earlier = period().minus(1);
    assert_eq!(
        view.settlement().newest_energy(id, &earlier).await.unwrap(),
        None
    );
    let page = Page::new(Some(5), None).unwrap();
    let listed = view.settlement().energy_list(id, &page).await.unwrap();
    assert_eq!(
        listed,
        std::slice::from_ref(&second),
        "the newest of each month"
    );
    let open = view.settlement().open_tables("", 10).await.unwrap();
    assert_eq!(open, [(id.clone(), table.generation_account_id.clone())]);
    assert!(
        view.settlement()
            .open_tables(id.as_str(), 10)
            .await
            .unwrap()
            .is_empty()
    );
    let stored = t
        .text("SELECT days FROM energy_version WHERE data_version = 1")
        .await;
    assert!(!stored.contains("\"flat"), "sealed at rest");
}

async fn a_settled_month_is_saved_by_comparison(t: Bench) {
    let (_, table) = seller(&t).await;
    let version = version_of(&table, 1);
    add_version(&t, &version).await.unwrap();
    let done = settled(&version);
    let save = async || {
        t.write(async |tx| tx.settlement().save_energy(&done).await)
            .await
    };
    save().await.unwrap();
    let again = save().await;
    assert!(matches!(again, Err(StoreError::Conflict)), "{again:?}");
    let mut view = t.view().await;
    let kept = view
        .settlement()
        .newest_energy(&table.table_id, &period())
        .await
        .unwrap()
        .unwrap();
    assert_eq!((kept.row_version, &kept.settled), (2, &done.settled));
}

async fn a_task_is_its_owners_and_there_is_one_per_version(t: Bench) {
    let (owner, table) = seller(&t).await;
    let stranger = bindings::account(&t, "stranger").await;
    let (first, second) = (
        task_of(&t, &owner, &table, 1),
        task_of(&t, &owner, &table, 2),
    );
    add_task(&t, &first).await.unwrap();
    let twin = CheckTask {
        check_task_id: t.id(),
        ..first.clone()
    };
    let twice = add_task(&t, &twin).await;
    assert!(matches!(twice, Err(StoreError::Duplicate(_))), "{twice:?}");
    add_task(&t, &second).await.unwrap();
    let mut view = t.view().await;
    let id = &first.check_task_id;
    assert_eq!(
        view.settlement()
            .task_of(&owner, id)
            .await
            .unwrap()
            .as_ref(),
        Some(&first)
    );
    assert_eq!(
        view.settlement().task_of(&stranger, id).await.unwrap(),
        None
    );
    assert_eq!(
        view.settlement().task(id).await.unwrap().as_ref(),
        Some(&first)
    );
    let newest = view
        .settlement()
        .newest_task(&table.table_id, &period())
        .await
        .unwrap();
    assert_eq!(newest.as_ref(), Some(&second));
    let page = Page::new(Some(1), None).unwrap();
    let listed = view.settlement().tasks_of(&owner, &page).await.unwrap();
    assert_eq!(
        listed,
        [second.clone(), first.clone()],
        "newest first, one more than asked for"
    );
    let after = Page::new(Some(1), Some(second.check_task_id.to_string())).unwrap();
    assert_eq!(
        view.settlement().tasks_of(&owner, &after).await.unwrap(),
        [first]
    );
    assert!(
        view.settlement()
            .tasks_of(&stranger, &page)
            .await
            .unwrap()
            .is_empty()
    );
}

async fn a_task_is_saved_by_comparison_and_comes_when_due(t: Bench) {
    let (owner, table) = seller(&t).await;
    let task = task_of(&t, &owner, &table, 1);
    add_task(&t, &task).await.unwrap();
    let mut view = t.view().await;
    assert!(
        view.settlement()
            .due_tasks(at(299), 9)
            .await
            .unwrap()
            .is_empty()
    );
    let due = view.settlement().due_tasks(at(300), 9).await.unwrap();
    assert_eq!(due, std::slice::from_ref(&task.check_task_id));
    drop(view);
    let closed = CheckTask {
        state: table_k::State::Superseded,
        newer: Some(t.id()),
        next_at: None,
        ..task.clone()
    };
    let save = async || {
        t.write(async |tx| tx.settlement().save_task(&closed).await)
            .await
    };
    save().await.unwrap();
    let again = save().await;
    assert!(matches!(again, Err(StoreError::Conflict)), "{again:?}");
    let mut view = t.view().await;
    assert!(
        view.settlement()
            .due_tasks(at(300), 9)
            .await
            .unwrap()
            .is_empty()
    );
    let kept = view.settlement().task(&task.check_task_id).await.unwrap();
    assert_eq!(
        kept,
        Some(CheckTask {
            version: 2,
            ..closed
        })
    );
}

async fn a_task_that_is_put_off_is_not_read(t: Bench) {
    let (owner, table) = seller(&t).await;
    let (waits, over) = (
        task_of(&t, &owner, &table, 1),
        CheckTask {
            state: table_k::State::Superseded,
            next_at: None,
            ..task_of(&t, &owner, &table, 2)
        },
    );
    for task in [&waits, &over] {
        add_task(&t, task).await.unwrap();
    }
    t.raw("UPDATE check_task SET reason = 'x'").await.unwrap();
    let off = async |id: &CheckTaskId| {
        t.write(async |tx| tx.settlement().put_off_task(id, at(900)).await)
            .await
            .unwrap()
    };
    assert!(off(&waits.check_task_id).await);
    assert!(!off(&over.check_task_id).await, "it is final");
    let due = async |second| {
        let mut view = t.view().await;
        view.settlement().due_tasks(at(second), 9).await.unwrap()
    };
    assert!(due(899).await.is_empty());
    assert_eq!(due(900).await, [waits.check_task_id]);
}

async fn a_dropped_unit_settles_nothing(t: Bench) {
    let (_, table) = seller(&t).await;
    let version = version_of(&table, 1);
    t.write_and_drop(async |tx| tx.settlement().add_energy(&version).await)
        .await;
    let mut view = t.view().await;
    let all = Stretch::default();
    let left = view.settlement().unsettled(&all, 9).await.unwrap();
    assert!(left.is_empty());
}

async fn prices_that_are_not_told_are_kept_by_their_month(t: Bench) {
    let kept = async |period: Period| {
        let mut view = t.view().await;
        view.settlement().prices_untold(&period).await.unwrap()
    };
    assert_eq!(kept(period()).await, None);
    for (since, last) in [(1, 1), (1, 2), (3, 3)] {
        let untold = Untold {
            since: at(since),
            last: at(last),
        };
        let month = period();
        t.write(async |tx| tx.settlement().keep_untold(&month, &untold).await)
            .await
            .unwrap();
        assert_eq!(kept(period()).await, Some(untold));
    }
    assert_eq!(kept(period().minus(1)).await, None);
}
