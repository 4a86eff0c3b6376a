//! Months that nobody was asked about yet, gone through in stretches and settled by the page.

use lifeline_core::settlement::accounts::account::FeedIn;
use lifeline_core::settlement::accounts::table::PersonalTable;
use lifeline_core::settlement::check_task::CheckTask;
use lifeline_core::settlement::energy::{EnergyVersion, Settled, VersionState};
use lifeline_core::settlement::ports::{Month, Stretch};
use lifeline_core::shared::ids::AccountId;
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::period::Period;
use lifeline_core::store::StoreError;

use crate::bench::{Bench, at};
use crate::settlement::{
    add_task, add_trade, add_version, period, settled, task_of, trade_of, version_of,
};
use crate::{bindings, contracts, generation};

contracts! { "first_months":
    months_are_gone_through_stretch_by_stretch => ["SettlementReads::unsettled"];
    a_month_is_awaited_until_all_of_its_days_are_there => ["SettlementReads::tables_awaiting"];
    first_months_are_settled_together_or_not_at_all => ["SettlementReads::first_months",
        "SettlementStore::settle_first"];
}

/// The months of so many sellers, in the order of their tables.
async fn months_of(t: &Bench, sellers: usize) -> Vec<(AccountId, PersonalTable)> {
    let mut made = Vec::new();
    for nth in 0..sellers {
        let owner = bindings::account(t, &format!("seller-{nth}")).await;
        let (_, table) = generation::permitted_nth(t, &owner, nth).await;
        add_version(t, &version_of(&table, 1)).await.unwrap();
        made.push((owner, table));
    }
    made.sort_by(|(_, one), (_, other)| one.table_id.cmp(&other.table_id));
    made
}

fn month_of((_, table): &(AccountId, PersonalTable)) -> Month {
    (table.table_id.clone(), period())
}

async fn months_are_gone_through_stretch_by_stretch(t: Bench) {
    let sellers = months_of(&t, 4).await;
    let months: Vec<Month> = sellers.iter().map(month_of).collect();
    let mut view = t.view().await;
    for (after, until, most, found) in [
        (None, None, 9, &months[..]),
        (None, None, 3, &months[..3]),
        (Some(0), None, 9, &months[1..]),
        (Some(0), Some(2), 9, &months[1..3]),
        (None, Some(0), 9, &months[..1]),
        (Some(3), None, 9, &[]),
    ] {
        let stretch = Stretch {
            after: after.map(|at: usize| months[at].clone()),
            until: until.map(|at: usize| months[at].0.clone()),
        };
        let told = view.settlement().unsettled(&stretch, most).await.unwrap();
        assert_eq!(told, found, "{stretch:?}");
    }
    let earlier = Stretch {
        after: Some((months[1].0.clone(), period().minus(1))),
        until: None,
    };
    let told = view.settlement().unsettled(&earlier, 9).await.unwrap();
    assert_eq!(
        told,
        months[1..],
        "behind an earlier month of the same table"
    );
}

/// Of the first days are missing, the second's is settled, the third's was overtaken by one with days missing.
async fn a_month_is_awaited_until_all_of_its_days_are_there(t: Bench) {
    let sellers = months_of(&t, 5).await;
    let tables: Vec<_> = sellers.iter().map(|(_, table)| &table.table_id).collect();
    for (nth, set) in [
        (0, "refusal = 'days_missing'"),
        (
            1,
            "state = 'settled', settled_at = 1, gross_fen = 0, tax_fen = 0, subsidy_fen = 0, net_fen = 0",
        ),
        (2, "state = 'overtaken'"),
        (3, "refusal = 'price_missing'"),
    ] {
        let id = tables[nth];
        let plant = format!("UPDATE energy_version SET {set} WHERE table_id = '{id}'");
        t.raw(&plant).await.unwrap();
    }
    let awaiting = async |first: usize, last: usize, month: Period| {
        let mut view = t.view().await;
        let (first, last) = (tables[first], tables[last]);
        let found = view.settlement().tables_awaiting(first, last, &month).await;
        found.unwrap()
    };
    let among = |nth: &[usize]| -> Vec<_> { nth.iter().map(|nth| tables[*nth].clone()).collect() };
    assert_eq!(awaiting(0, 4, period()).await, among(&[0, 2]));
    assert_eq!(awaiting(1, 3, period()).await, among(&[2]));
    let earlier = period().minus(1);
    assert_eq!(awaiting(1, 3, earlier).await, among(&[1, 2, 3]));
    let gone = &sellers[2].1.table_id;
    t.write(async |tx| tx.generation().erase_table(gone, at(60)).await)
        .await
        .unwrap();
    assert_eq!(awaiting(1, 3, period()).await, among(&[]));
}

async fn first_months_are_settled_together_or_not_at_all(t: Bench) {
    let sellers = months_of(&t, 4).await;
    let months: Vec<Month> = sellers.iter().map(month_of).collect();
    // Of the second a payout is known, of the third there is a newer version only.
    let (owner, table) = &sellers[1];
    let task = task_of(&t, owner, table, 9);
    add_task(&t, &task).await.unwrap();
    add_trade(&t, &trade_of(&t, &task, 1, 7)).await.unwrap();
    t.raw(&format!(
        "UPDATE energy_version SET data_version = 2 WHERE table_id = '{}'",
        sellers[2].1.table_id
    ))
    .await
    .unwrap();
    let found = async |first: usize, last: usize, most| {
        let mut view = t.view().await;
        let (first, last) = (&months[first], &months[last]);
        let found = view.settlement().first_months(first, last, most).await;
        found.unwrap()
    };
    let all = found(0, 3, 9).await;
    let tables: Vec<_> = all.iter().map(|m| m.version.table_id.clone()).collect();
    assert_eq!(tables, [months[0].0.clone(), months[3].0.clone()]);
    assert_eq!(all[0].version, version_of(&sellers[0].1, 1));
    assert_eq!(all[0].owner, sellers[0].0);
    assert_eq!(
        (all[0].feed_in, all[0].settlement_day),
        (FeedIn::Surplus, 15)
    );
    assert_eq!(found(0, 3, 1).await.len(), 1);
    assert!(found(1, 2, 9).await.is_empty());

    let priced = |n: usize| EnergyVersion {
        settled: settled(&version_of(&sellers[n].1, 1))
            .settled
            .map(|s| Settled {
                adjustment: Fen::ZERO,
                ..s
            }),
        state: VersionState::Settled,
        ..version_of(&sellers[n].1, 1)
    };
    let task = |n: usize| CheckTask {
        reason: None,
        ..task_of(&t, &sellers[n].0, &sellers[n].1, 1)
    };
    let pair = [(priced(0), task(0)), (priced(3), task(3))];
    let stale = EnergyVersion {
        row_version: 2,
        ..priced(3)
    };
    let half = [pair[0].clone(), (stale, task(3))];
    let write = async |months: &[(EnergyVersion, CheckTask)]| {
        t.write(async |tx| tx.settlement().settle_first(months).await)
            .await
    };
    let lost = write(&half).await;
    assert!(matches!(lost, Err(StoreError::Conflict)), "{lost:?}");
    assert_eq!(found(0, 3, 9).await.len(), 2, "all or nothing");
    write(&pair).await.unwrap();
    assert!(found(0, 3, 9).await.is_empty());
    let mut view = t.view().await;
    for (version, task) in &pair {
        let (id, month) = (&version.table_id, period());
        let kept = view.settlement().newest_energy(id, &month).await.unwrap();
        let kept = kept.unwrap();
        assert_eq!(kept.settled, version.settled);
        assert_eq!((kept.state, kept.row_version), (VersionState::Settled, 2));
        let asked = view.settlement().newest_task(id, &month).await.unwrap();
        assert_eq!(asked.as_ref(), Some(task));
    }
    drop(view);
    let again = write(&pair).await;
    assert!(matches!(again, Err(StoreError::Conflict)), "{again:?}");
}
