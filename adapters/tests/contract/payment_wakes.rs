//! Who waits for an answer of the outside, and who is woken when it speaks again.

use lifeline_core::payments::order::Check;
use lifeline_core::payments::ports::{Awaited, Sleepers};
use lifeline_core::payments::{table_l, table_p, table_r};
use lifeline_core::shared::ids::PaymentId;

use crate::bench::{Bench, at};
use crate::contracts;
use crate::payment_fixtures::{add, find, order, paid, save, with_refund};

contracts! { "payment_wakes":
    nobody_waits_in_an_empty_store => ["PaymentReads::waiting", "PaymentStore::wake_waiting"];
    lines_that_wait_for_marketing_are_woken => ["PaymentReads::waiting", "PaymentStore::wake_waiting"];
    orders_that_wait_for_the_channel_are_woken => ["PaymentReads::waiting", "PaymentStore::wake_waiting"];
    refunds_that_wait_for_the_channel_are_woken => ["PaymentReads::waiting", "PaymentStore::wake_waiting"];
}

/// Those looked at after the one second and not after the other, who were not heard of since the tenth.
fn sleepers(awaited: Awaited, (later, until): (i64, i64), limit: i64) -> Sleepers {
    Sleepers {
        awaited,
        now: at(10),
        later: at(later),
        until: at(until),
        since: at(10),
        limit,
    }
}

async fn waiting(t: &Bench, of: Sleepers) -> Option<PaymentId> {
    t.view().await.payments().waiting(&of).await.unwrap()
}

async fn wake(t: &Bench, of: Sleepers) -> u64 {
    t.write(async |tx| tx.payments().wake_waiting(&of).await)
        .await
        .unwrap()
}

async fn due(t: &Bench) -> Vec<PaymentId> {
    t.view().await.payments().due(at(10), 10).await.unwrap()
}

async fn nobody_waits_in_an_empty_store(t: Bench) {
    for awaited in [Awaited::Marketing, Awaited::Trade, Awaited::Refund] {
        let all = sleepers(awaited, (0, 9_999), 10);
        assert_eq!(waiting(&t, all).await, None);
        assert_eq!(wake(&t, all).await, 0);
    }
}

async fn lines_that_wait_for_marketing_are_woken(t: Bench) {
    let mut orders = Vec::new();
    for (state, check, next) in [
        (table_l::State::PostUnknown, Check::None, 500),
        (table_l::State::FencingRefund, Check::None, 400),
        (table_l::State::Ready, Check::StillDue, 600),
        (table_l::State::Ready, Check::None, 300),
        (table_l::State::Held, Check::None, 310),
        (table_l::State::RefundDue, Check::None, 320),
    ] {
        let one = order(&t);
        add(&t, &one).await;
        let mut one = paid(&t, one);
        one.payment.next_at = Some(at(3_600));
        let line = &mut one.lines[0];
        (line.state, line.check, line.next_at, line.frozen) = (state, check, Some(at(next)), false);
        save(&t, &one, None).await.unwrap();
        orders.push(one.payment.payment_id);
    }
    let between =
        |later, until, limit| wake(&t, sleepers(Awaited::Marketing, (later, until), limit));
    let found = waiting(&t, sleepers(Awaited::Marketing, (10, 3_600), 1)).await;
    assert_eq!(found.as_ref(), Some(&orders[1]), "the soonest not due");
    assert_eq!(between(600, 3_600, 10).await, 0, "later than all of them");
    assert_eq!(between(70, 399, 10).await, 0, "sooner than all of them");
    assert_eq!(between(70, 600, 2).await, 2);
    let woken = due(&t).await;
    assert_eq!(woken.len(), 2, "those that would sleep longest");
    assert!(woken.contains(&orders[0]) && woken.contains(&orders[2]));
    assert_eq!(between(70, 600, 10).await, 1);
    assert_eq!(between(70, 600, 10).await, 0);
    let woken = find(&t, &orders[1]).await.unwrap();
    assert_eq!(woken.lines[0].next_at, Some(at(10)));
    assert_eq!(woken.payment.version, 2, "a wake is no decision");
}

async fn orders_that_wait_for_the_channel_are_woken(t: Bench) {
    let mut orders = Vec::new();
    for (state, next, heard, frozen) in [
        (table_p::State::Closing, 500, None, false),
        (table_p::State::Closing, 400, Some(9), false),
        (table_p::State::Paying, 600, Some(3), false),
        // Heard of since.
        (table_p::State::Closing, 700, Some(10), false),
        // Looked at within the minute.
        (table_p::State::Closing, 70, None, false),
        // No query is owed before its end.
        (table_p::State::Created, 800, None, false),
        (table_p::State::Closing, 450, None, true),
    ] {
        let mut one = order(&t);
        one.payment.state = state;
        one.payment.next_at = Some(at(next));
        one.payment.asked_at = heard.map(at);
        one.payment.frozen = frozen;
        add(&t, &one).await;
        orders.push(one.payment.payment_id);
    }
    let of = |span, limit| sleepers(Awaited::Trade, span, limit);
    let found = waiting(&t, of((70, 3_600), 1)).await;
    assert_eq!(found.as_ref(), Some(&orders[1]), "the soonest of them");
    assert_eq!(waiting(&t, of((700, 3_600), 1)).await, None);
    assert_eq!(wake(&t, of((70, 399), 10)).await, 0);
    assert_eq!(wake(&t, of((70, 3_600), 2)).await, 2);
    let woken = due(&t).await;
    assert_eq!(woken.len(), 2, "those that would sleep longest");
    assert!(woken.contains(&orders[0]) && woken.contains(&orders[2]));
    assert_eq!(wake(&t, of((70, 3_600), 10)).await, 1);
    assert_eq!(wake(&t, of((70, 3_600), 10)).await, 0);
    let woken = find(&t, &orders[1]).await.unwrap();
    assert_eq!(woken.payment.next_at, Some(at(10)));
    assert_eq!(woken.payment.version, 1, "a wake is no decision");
}

async fn refunds_that_wait_for_the_channel_are_woken(t: Bench) {
    let mut orders = Vec::new();
    for (state, next, heard, frozen) in [
        (table_r::State::Unknown, 500, 9, false),
        // Heard of since.
        (table_r::State::Unknown, 400, 10, false),
        (table_r::State::Unknown, 600, 9, true),
        // Its next turn may send.
        (table_r::State::WaitFunds, 700, 9, false),
        // Looked at within the minute.
        (table_r::State::Unknown, 70, 9, false),
    ] {
        let one = order(&t);
        add(&t, &one).await;
        let mut one = with_refund(&t, paid(&t, one));
        one.payment.next_at = Some(at(3_000));
        let line = &mut one.lines[0];
        (line.next_at, line.frozen) = (Some(at(3_000)), false);
        let refund = &mut one.refunds[0];
        (refund.state, refund.frozen) = (state, frozen);
        (refund.next_at, refund.empty_at) = (Some(at(next)), Some(at(heard)));
        save(&t, &one, None).await.unwrap();
        orders.push(one.payment.payment_id);
    }
    let of = |span, limit| sleepers(Awaited::Refund, span, limit);
    let found = waiting(&t, of((70, 3_600), 1)).await;
    assert_eq!(found.as_ref(), Some(&orders[1]), "the soonest of them");
    assert_eq!(wake(&t, of((70, 499), 10)).await, 0);
    assert_eq!(wake(&t, of((70, 3_600), 10)).await, 1);
    assert_eq!(due(&t).await, orders[..1]);
    assert_eq!(wake(&t, of((70, 3_600), 10)).await, 0);
    let woken = find(&t, &orders[0]).await.unwrap();
    assert_eq!(woken.refunds[0].next_at, Some(at(10)));
    assert_eq!(woken.payment.version, 2, "a wake is no decision");
}
