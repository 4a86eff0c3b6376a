//! What lies beside a personal data table goes with it, under whichever account it lies (PV-11).

use std::time::Duration;

use lifeline_core::evidence::Act;
use lifeline_core::notices::{Notice, SoldMonth, Told};
use lifeline_core::settlement::accounts::GenerationState;
use lifeline_core::shared::ids::Maker;
use lifeline_core::shared::time::Clock as _;
use tokio::sync::Notify;

use crate::checking::sent;
use crate::ended::{end, person, salts};
use crate::keys::Roof;
use crate::store::{Place, start};
use crate::stories;
use crate::world::{Outside, Seller};

stories! {
    pv_11_what_was_proven_under_accounts_merged_one_into_another_goes_as_well;
    pv_11_what_is_told_while_the_end_is_under_way_does_not_stay;
    pv_11_an_end_waits_for_what_is_being_told_and_forgets_it;
}

async fn told(place: &Place, outside: &Outside, seller: &Seller) -> Notice {
    let (task, now) = (place.newest_task(seller).await, outside.now());
    let make = Maker {
        clock: outside,
        entropy: outside,
    };
    Notice {
        notice_id: make.id(),
        account_id: seller.owner.clone(),
        event_id: make.id(),
        told: Told::PaidOut(SoldMonth {
            check_task_id: task.check_task_id.to_string(),
            period: task.period.clone(),
            amount_fen: task.net,
            happened_at: now,
            due_at: None,
        }),
        payment_id: None,
        created_at: now,
        read_at: None,
        texted_at: None,
    }
}

/// The end has forgotten what was told and is not committed yet.
async fn pv_11_what_is_told_while_the_end_is_under_way_does_not_stay(place: Place) {
    let outside = Outside::at(start());
    let (_, seller) = sent(&place, &outside, "10").await;
    let (late, now) = (told(&place, &outside, &seller).await, outside.now());
    let (holds, done) = (Notify::new(), Notify::new());
    let ends = place.write(async |tx| {
        tx.settlement().erase_rows(&seller.table).await?;
        holds.notify_one();
        // Whoever does not wait for this unit is through by then.
        let _ = tokio::time::timeout(Duration::from_millis(200), done.notified()).await;
        tx.generation().erase_table(&seller.table, now).await
    });
    let tells = async {
        holds.notified().await;
        let added = place.write(async |tx| tx.notices().add(&late).await).await;
        done.notify_one();
        added
    };
    let ((), added) = tokio::join!(ends, tells);
    assert!(!added, "it is of a table that is gone");
    assert_eq!(place.number("SELECT COUNT(*) FROM notice").await, 0);
}

/// What is told is not committed yet when the end comes.
async fn pv_11_an_end_waits_for_what_is_being_told_and_forgets_it(place: Place) {
    let outside = Outside::at(start());
    let (_, seller) = sent(&place, &outside, "10").await;
    let (notice, now) = (told(&place, &outside, &seller).await, outside.now());
    let (holds, done) = (Notify::new(), Notify::new());
    let tells = place.write(async |tx| {
        let added = tx.notices().add(&notice).await?;
        holds.notify_one();
        let _ = tokio::time::timeout(Duration::from_millis(200), done.notified()).await;
        Ok(added)
    });
    let ends = async {
        holds.notified().await;
        place
            .write(async |tx| {
                tx.settlement().erase_rows(&seller.table).await?;
                tx.generation().erase_table(&seller.table, now).await
            })
            .await;
        done.notify_one();
    };
    let (added, ()) = tokio::join!(tells, ends);
    assert!(added);
    assert_eq!(place.number("SELECT COUNT(*) FROM notice").await, 0);
}

/// Somebody sells, merges into a second account, shows another payee there, and merges that into a third.
async fn pv_11_what_was_proven_under_accounts_merged_one_into_another_goes_as_well(place: Place) {
    let roof = Roof::over(place).await;
    let (id, table) = roof.permits("1504990000777").await;
    let table = table.as_str();
    assert_eq!(salts(&roof.place, table).await, 1, "the product's own");
    let (first, now) = (&roof.caller.account_id, roof.outside.now());
    let (second, third) = (person(&roof, 2).await, person(&roof, 3).await);
    let (second, third) = (second.account_id, third.account_id);
    let make = Maker {
        clock: &roof.outside,
        entropy: &roof.outside,
    };
    let act = Act::new()
        .say("account_id", second.as_str())
        .say("table_id", table)
        .seal("trading_account", "6217000000000002");
    let kind = "generation.payee_changed";
    let changed = act.into_entry(make.id(), kind, now, now, [1; 16]).unwrap();
    roof.place
        .write(async |tx| tx.evidence().append(&changed).await)
        .await;
    assert_eq!(salts(&roof.place, table).await, 2);
    let merged = format!(
        "UPDATE account SET merged_into = '{third}' WHERE account_id IN ('{first}', '{second}')"
    );
    roof.place.raw(&merged).await.unwrap();
    assert_eq!(end(&roof, &id).await, GenerationState::Terminated);
    assert_eq!(salts(&roof.place, table).await, 0);
}
