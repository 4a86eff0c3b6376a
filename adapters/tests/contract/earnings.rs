//! What credited lines earn in points: once each, vested by the clock, never taken twice, and another
//! account's when accounts become one.

use lifeline_core::requests::earning::Earning;
use lifeline_core::shared::ids::AccountId;
use lifeline_core::shared::money::Fen;
use lifeline_core::store::StoreError;
use tokio::task::JoinSet;

use crate::bench::{Bench, at};
use crate::contracts;
use crate::requests::person;

contracts! { "earnings":
    a_line_earns_once => ["RequestStore::add_earning", "RequestReads::earning"];
    what_has_not_vested_cannot_be_exchanged => ["RequestReads::pending", "RequestStore::take_points"];
    as_much_is_lost_as_is_there => ["RequestStore::lose_points"];
    an_earning_is_saved_as_it_was_known => ["RequestStore::save_earning"];
    earnings_move_with_their_days => ["RequestStore::move_earnings"];
    sixty_four_exchanges_leave_what_has_not_vested => ["RequestStore::take_points"];
}

fn earning(t: &Bench, account: &AccountId, points: i64, vests_s: i64) -> Earning {
    Earning {
        payment_id: t.id(),
        line_no: 1,
        account_id: account.clone(),
        amount: Fen::new(12_840),
        refunded: Fen::ZERO,
        points,
        taken: 0,
        vests_at: at(vests_s),
    }
}

async fn earn(t: &Bench, earning: &Earning) -> Result<(), StoreError> {
    t.write(async |tx| {
        tx.requests().add_earning(earning).await?;
        tx.requests()
            .give_points(&earning.account_id, earning.points)
            .await
    })
    .await
}

async fn stands(t: &Bench, account: &AccountId, second: i64) -> (i64, i64) {
    let mut view = t.view().await;
    let balance = view.requests().balance(account).await.unwrap();
    let pending = view.requests().pending(account, at(second)).await.unwrap();
    (balance, pending)
}

async fn take(t: &Bench, account: &AccountId, points: i64, second: i64) -> bool {
    t.write(async |tx| tx.requests().take_points(account, points, at(second)).await)
        .await
        .unwrap()
}

async fn lose(t: &Bench, account: &AccountId, most: i64) -> i64 {
    t.write(async |tx| tx.requests().lose_points(account, most).await)
        .await
        .unwrap()
}

async fn found(t: &Bench, earning: &Earning) -> Option<Earning> {
    let mut view = t.view().await;
    let found = view
        .requests()
        .earning(&earning.payment_id, earning.line_no);
    found.await.unwrap()
}

async fn a_line_earns_once(t: Bench) {
    let account = person(&t, "a").await;
    let first = earning(&t, &account, 128, 100);
    earn(&t, &first).await.unwrap();
    let again = earn(&t, &first).await;
    assert!(matches!(again, Err(StoreError::Duplicate(_))), "{again:?}");
    assert_eq!(stands(&t, &account, 0).await, (128, 128));
    assert_eq!(found(&t, &first).await, Some(first.clone()));
    let other = Earning {
        line_no: 2,
        ..first
    };
    assert_eq!(found(&t, &other).await, None);
}

async fn what_has_not_vested_cannot_be_exchanged(t: Bench) {
    let account = person(&t, "a").await;
    earn(&t, &earning(&t, &account, 50, 10)).await.unwrap();
    earn(&t, &earning(&t, &account, 30, 20)).await.unwrap();
    assert!(!take(&t, &account, 1, 9).await);
    assert_eq!(stands(&t, &account, 10).await, (80, 30));
    assert!(!take(&t, &account, 51, 10).await && take(&t, &account, 50, 10).await);
    assert!(!take(&t, &account, 1, 19).await && take(&t, &account, 30, 20).await);
    assert_eq!(stands(&t, &account, 20).await, (0, 0));
}

async fn as_much_is_lost_as_is_there(t: Bench) {
    let account = person(&t, "a").await;
    assert_eq!(lose(&t, &account, 5).await, 0, "nobody has points yet");
    earn(&t, &earning(&t, &account, 50, 10)).await.unwrap();
    assert_eq!(lose(&t, &account, 20).await, 20);
    assert_eq!(lose(&t, &account, i64::MAX).await, 30);
    assert_eq!(stands(&t, &account, 10).await, (0, 0));
}

async fn an_earning_is_saved_as_it_was_known(t: Bench) {
    let account = person(&t, "a").await;
    let known = earning(&t, &account, 128, 100);
    earn(&t, &known).await.unwrap();
    let next = Earning {
        taken: 64,
        ..known.clone().after_refunds(Fen::new(6_420))
    };
    let save = async || {
        t.write(async |tx| tx.requests().save_earning(&known, &next).await)
            .await
            .unwrap()
    };
    assert!(save().await);
    assert!(!save().await, "it is not as it was known any more");
    assert_eq!(found(&t, &next).await, Some(next.clone()));
    for broken in ["refunded_fen = 12841", "taken = 129", "points = 0"] {
        let broken = format!("UPDATE points_earning SET {broken}");
        assert!(t.raw(&broken).await.is_err(), "{broken}");
    }
}

async fn earnings_move_with_their_days(t: Bench) {
    let (from, into) = (person(&t, "a").await, person(&t, "b").await);
    let theirs = earning(&t, &from, 50, 10);
    earn(&t, &theirs).await.unwrap();
    earn(&t, &earning(&t, &into, 7, 0)).await.unwrap();
    t.write(async |tx| {
        let points = tx.requests().lose_points(&from, i64::MAX).await?;
        tx.requests().move_earnings(&from, &into).await?;
        tx.requests().give_points(&into, points).await
    })
    .await
    .unwrap();
    assert_eq!(stands(&t, &from, 5).await, (0, 0));
    assert_eq!(stands(&t, &into, 5).await, (57, 50));
    assert!(!take(&t, &into, 8, 5).await && take(&t, &into, 57, 10).await);
    assert_eq!(found(&t, &theirs).await.unwrap().account_id, into);
}

/// Whoever is credited while others exchange: what was just earned is nobody's gift yet.
async fn sixty_four_exchanges_leave_what_has_not_vested(t: Bench) {
    let account = person(&t, "a").await;
    earn(&t, &earning(&t, &account, 32, 0)).await.unwrap();
    let mut hands = JoinSet::new();
    for n in 0..64 {
        let (t, account) = (t.clone(), account.clone());
        hands.spawn(async move {
            if n % 4 == 0 {
                earn(&t, &earning(&t, &account, 10, 100)).await.unwrap();
                return 0;
            }
            i64::from(take(&t, &account, 1, 5).await)
        });
    }
    let taken: i64 = hands.join_all().await.into_iter().sum();
    assert_eq!(taken, 32);
    assert_eq!(stands(&t, &account, 5).await, (160, 160));
}
