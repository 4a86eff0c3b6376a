//! An order is read in parts; what another unit commits between them is never half in it.

use std::time::Duration;

use lifeline_core::payments::order::Order;
use lifeline_core::shared::ids::PaymentId;

use crate::bench::{Bench, EngineKind, connect};
use crate::contracts;
use crate::payment_fixtures::{add, find, order, paid};

contracts! { "payment_moment":
    an_order_changed_between_its_parts_is_read_again => ["PaymentReads::find"];
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
