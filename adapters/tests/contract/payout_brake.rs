//! The brake of payouts; and what a person does to that of refunds.

use lifeline_core::settlement::brake::ports::Release;
use lifeline_core::settlement::ids::TradeTaskId;
use lifeline_core::shared::ids::TypedId as _;
use lifeline_core::shared::time::Time;
use lifeline_core::store::StoreError;

use crate::bench::{Bench, at};
use crate::contracts;

contracts! { "payout_brake":
    a_trip_holds_until_two_persons_release_it => ["PayoutBrakeStore::brake_tripped_at",
        "PayoutBrakeStore::brake_released_since", "PayoutBrakeStore::trip_brake", "PayoutBrakeStore::release_brake"];
    a_release_says_whether_a_person_had_stopped_payouts => ["PayoutBrakeStore::stop_brake"];
    a_person_stops_refunds_once => ["PaymentStore::stop_refunds"];
}

/// The payout that trips it at that second.
fn payout(second: i64) -> TradeTaskId {
    TradeTaskId::made(format!("019aa2f0-0000-7000-8000-{second:012x}"))
}

async fn trip(t: &Bench, second: i64) -> bool {
    let payout = &payout(second);
    let tripped = t.write(async |tx| tx.payout_brake().trip_brake(at(second), payout).await);
    tripped.await.unwrap()
}

async fn tripped_at(t: &Bench) -> Option<Time> {
    let tripped = t.write(async |tx| tx.payout_brake().brake_tripped_at().await);
    tripped.await.unwrap()
}

async fn stop(t: &Bench, second: i64, by: &'static str) -> bool {
    let stopped = t.write(async |tx| tx.payout_brake().stop_brake(at(second), by).await);
    stopped.await.unwrap()
}

/// Released at that second, after a payout had tripped it at another.
fn looked_at(released: i64, tripped: i64) -> Option<Release> {
    Some(Release {
        at: at(released),
        looked_at: Some(payout(tripped)),
    })
}

/// Released at that second, after a person had stopped payouts.
fn at_none(released: i64) -> Option<Release> {
    Some(Release {
        at: at(released),
        looked_at: None,
    })
}

async fn released_since(t: &Bench, second: i64) -> Option<Release> {
    let since = at(second);
    let released = t.write(async |tx| tx.payout_brake().brake_released_since(since).await);
    released.await.unwrap()
}

async fn release(t: &Bench, tripped: i64, by: [&str; 2], now: i64) -> Result<bool, StoreError> {
    let (tripped, now) = (at(tripped), at(now));
    t.write(async |tx| tx.payout_brake().release_brake(tripped, by, now).await)
        .await
}

async fn a_trip_holds_until_two_persons_release_it(t: Bench) {
    assert_eq!(tripped_at(&t).await, None);
    assert!(trip(&t, 1).await);
    assert!(!trip(&t, 2).await, "it is on already");
    assert_eq!(tripped_at(&t).await, Some(at(1)));
    assert_eq!(released_since(&t, 0).await, None);
    let alone = release(&t, 1, ["staff:a", "staff:a"], 3).await;
    assert!(matches!(alone, Err(StoreError::Refused(_))), "{alone:?}");
    assert!(!release(&t, 2, ["staff:a", "staff:b"], 3).await.unwrap());
    assert!(release(&t, 1, ["staff:a", "staff:b"], 3).await.unwrap());
    assert_eq!(tripped_at(&t).await, None);
    assert!(!release(&t, 1, ["staff:c", "staff:d"], 4).await.unwrap());
    assert_eq!(released_since(&t, 3).await, looked_at(3, 1));
    assert_eq!(released_since(&t, 4).await, None);
    assert!(trip(&t, 5).await, "and again");
    assert!(release(&t, 5, ["staff:b", "staff:a"], 6).await.unwrap());
    assert_eq!(released_since(&t, 0).await, looked_at(6, 5), "the last one");
}

async fn a_release_says_whether_a_person_had_stopped_payouts(t: Bench) {
    let by = ["staff:b", "staff:c"];
    assert!(stop(&t, 1, "staff:a").await);
    assert!(!trip(&t, 2).await, "it is on already");
    assert!(release(&t, 1, by, 3).await.unwrap());
    assert_eq!(released_since(&t, 0).await, at_none(3));
    assert!(trip(&t, 4).await);
    assert!(!stop(&t, 5, "staff:a").await, "it is on already");
    assert_eq!(tripped_at(&t).await, Some(at(5)), "a stop of its own");
    let before = release(&t, 4, by, 6).await.unwrap();
    assert!(!before, "what was agreed to about the trip before");
    assert!(release(&t, 5, by, 7).await.unwrap());
    assert_eq!(released_since(&t, 4).await, at_none(7));
}

async fn a_person_stops_refunds_once(t: Bench) {
    let stop = async |second: i64| {
        let stopped = t.write(async |tx| tx.payments().stop_refunds(at(second), "li").await);
        stopped.await.unwrap()
    };
    assert!(stop(1).await);
    assert!(!stop(2).await, "it is on already");
    let trip = t.write(async |tx| tx.payments().brake_trip().await).await;
    assert_eq!(trip.unwrap().unwrap().tripped_at, at(1));
}
