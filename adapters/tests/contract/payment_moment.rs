//! An order is read in parts; what another unit commits between them is never half in it. And whose orders must not
//! stay open.

use std::time::Duration;

use lifeline_core::accounts::account::Account;
use lifeline_core::payments::order::Order;
use lifeline_core::payments::table_p;
use lifeline_core::shared::ids::PaymentId;

use crate::accounts::{self, bare};
use crate::bench::{Bench, EngineKind, at, connect};
use crate::channels::proposal;
use crate::contracts;
use crate::payment_fixtures::{add, find, order, paid};

contracts! { "payment_moment":
    an_order_changed_between_its_parts_is_read_again => ["PaymentReads::find"];
    ec_21_the_open_orders_of_whoever_is_not_to_pay => ["PaymentReads::open_of", "PaymentReads::is_suspended"];
}

const CHANGE: &str = "BEGIN; LOCK TABLE payment_line IN ACCESS EXCLUSIVE MODE; \
    UPDATE payment_line SET turns = 77; UPDATE payment SET turns = 77, version = version + 1";
const WAITING: &str = "SELECT COUNT(*) FROM pg_locks \
    WHERE relation = 'payment_line'::regclass AND NOT granted";

async fn read(t: &Bench, id: &PaymentId) -> Order {
    let found = t.write(async |tx| tx.payments().find(id).await).await;
    found.unwrap().expect("the order")
}

/// Somebody holds the lines while they change the order: a unit that has read the payment waits for
/// its lines, and gets those from after the change.
async fn an_order_changed_between_its_parts_is_read_again(t: Bench) {
    let order = paid(&t, order(&t));
    add(&t, &order).await;
    let id = order.payment.payment_id.clone();
    if matches!(t.kind, EngineKind::Sqlite) {
        // A unit there is alone: the change is before it or after it.
        assert_eq!(Some(read(&t, &id).await), find(&t, &id).await);
        return;
    }
    let (other, looks) = (connect(&t.target).await, connect(&t.target).await);
    other.batch_execute(CHANGE).await.unwrap();
    let (bench, wanted) = (t.clone(), id.clone());
    let reading = tokio::spawn(async move { read(&bench, &wanted).await });
    while looks
        .query_one(WAITING, &[])
        .await
        .unwrap()
        .get::<_, i64>(0)
        == 0
    {
        assert!(!reading.is_finished(), "it did not wait for the lines");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    other.batch_execute("COMMIT").await.unwrap();
    let read = reading.await.unwrap();
    assert_eq!(
        read.lines[0].turns, 77,
        "the lines are from after the change"
    );
    assert_eq!(read.payment.turns, 77, "and so is the payment");
    assert_eq!(read.payment.version, order.payment.version + 1);
}

async fn ec_21_the_open_orders_of_whoever_is_not_to_pay(t: Bench) {
    let into = bare(&t, "into");
    accounts::add(&t, &into).await;
    let merged = Account {
        merged: Some((into.account_id.clone(), at(5))),
        ..bare(&t, "merged")
    };
    accounts::add(&t, &merged).await;
    let mut open = Vec::new();
    for (account, state) in [
        (&into, table_p::State::Created),
        (&merged, table_p::State::Paying),
        (&into, table_p::State::Closing),
        (&into, table_p::State::Closed),
    ] {
        let mut one = order(&t);
        one.payment.account_id = account.account_id.clone();
        one.payment.state = state;
        add(&t, &one).await;
        if matches!(state, table_p::State::Created | table_p::State::Paying) {
            open.push(one.payment.payment_id);
        }
    }
    add(&t, &order(&t)).await;
    open.sort();
    let mut view = t.view().await;
    let found = view.payments().open_of(&into.account_id).await.unwrap();
    assert_eq!(found, open);
    drop(view);
    let is_suspended = async |account: &Account| {
        let mut view = t.view().await;
        let found = view.payments().is_suspended(&account.account_id).await;
        found.unwrap()
    };
    assert!(!is_suspended(&into).await);
    let stop = proposal(&t, &into.account_id, 1);
    t.write(async |tx| tx.customers().suspend(&stop, at(6)).await)
        .await
        .unwrap();
    assert!(is_suspended(&into).await && is_suspended(&merged).await);
    assert!(!is_suspended(&bare(&t, "other")).await);
}
