//! An event becomes one notice, whatever the relay does.

use std::sync::Arc;

use lifeline_core::notices::Kind;
use lifeline_core::notices::words::Words;
use lifeline_core::outbox::Claimed;
use lifeline_core::outbox::relay::{Deliver as _, Delivery};
use lifeline_core::shared::ids::{AccountId, EventId};
use tokio::task::JoinSet;

use crate::world::{PHONE, World};

fn claimed(event: lifeline_core::outbox::Event) -> Claimed {
    Claimed {
        event,
        attempts: 0,
        lease_epoch: 1,
    }
}

#[tokio::test]
async fn ln_27_a_credited_payment_is_told_in_the_app_and_by_sms() {
    let world = World::new().await;
    let me = world.agreeing().await;
    world.publish(&world.posted(&me)).await;
    assert_eq!(
        world.deliver().await,
        2,
        "the event, then the SMS it caused"
    );
    let (notices, unread) = world.inbox(&me).await;
    assert_eq!((notices.len(), unread), (1, 1));
    let words = Words::of(&notices[0].told);
    assert_eq!(words.title, "电费已入账");
    assert_eq!(
        words.body,
        "您为尾号 0017 的户号缴纳的 85.20 元已于 2026年11月20日 10:01 入账。"
    );
    let shown = vec![
        ("tail", "0017".to_owned()),
        ("yuan", "85.20".to_owned()),
        ("date", "11月20日".to_owned()),
    ];
    assert_eq!(world.platform.on_phone(PHONE), [("LL_CREDITED", shown)]);
    assert!(notices[0].texted_at.is_some());
    assert_eq!(world.backlog().await, 0);
}

#[tokio::test]
async fn ln_27_returned_money_is_told_in_the_app_and_by_sms() {
    let world = World::new().await;
    let me = world.agreeing().await;
    world.publish(&world.refunded(&me)).await;
    world.deliver().await;
    let (notices, _) = world.inbox(&me).await;
    assert_eq!(notices.len(), 1);
    assert_eq!(notices[0].told.kind(), Kind::Refunded);
    assert!(
        Words::of(&notices[0].told)
            .body
            .contains("85.20 元已于 2026年11月20日 10:01 原路退回")
    );
    assert_eq!(world.platform.on_phone(PHONE)[0].0, "LL_REFUNDED");
}

#[tokio::test]
async fn ln_27_money_that_is_late_on_its_way_back_is_told_in_the_app_and_by_sms() {
    let world = World::new().await;
    let me = world.agreeing().await;
    world.publish(&world.refund_late(&me)).await;
    world.deliver().await;
    let (notices, unread) = world.inbox(&me).await;
    assert_eq!((notices.len(), unread), (1, 1));
    assert_eq!(notices[0].told.kind(), Kind::RefundLate);
    assert!(notices[0].payment_id.is_some(), "it opens its payment");
    let words = Words::of(&notices[0].told);
    assert_eq!(words.title, "退款比预计的慢");
    assert!(
        words
            .body
            .contains("85.20 元自 2026年11月20日 10:01 起退款，已超过一天")
    );
    assert_eq!(world.platform.on_phone(PHONE)[0].0, "LL_REFUND_LATE");
}

#[tokio::test]
async fn an_event_delivered_again_tells_nothing_again() {
    let world = World::new().await;
    let me = world.agreeing().await;
    let event = claimed(world.posted(&me));
    for _ in 0..3 {
        assert_eq!(world.notices.deliver(&event).await, Delivery::Done);
    }
    assert_eq!(world.inbox(&me).await.0.len(), 1);
    assert_eq!(world.deliver().await, 1, "one SMS row");
    assert_eq!(world.notices.deliver(&event).await, Delivery::Done);
    assert_eq!(world.deliver().await, 0, "not even after it left");
    assert_eq!(world.platform.requests().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_relays_with_one_event_tell_once() {
    let world = Arc::new(World::new().await);
    let me = world.agreeing().await;
    let event = claimed(world.posted(&me));
    let mut relays = JoinSet::new();
    for _ in 0..16 {
        let (notices, event) = (world.notices.clone(), event.clone());
        relays.spawn(async move { notices.deliver(&event).await });
    }
    let ends = relays.join_all().await;
    assert!(ends.iter().all(|end| *end == Delivery::Done), "{ends:?}");
    world.deliver().await;
    assert_eq!(world.inbox(&me).await.0.len(), 1);
    assert_eq!(world.platform.requests().len(), 1);
}

#[tokio::test]
async fn two_events_of_one_payment_are_two_notices() {
    let world = World::new().await;
    let me = world.agreeing().await;
    world.publish(&world.posted(&me)).await;
    world.publish(&world.refunded(&me)).await;
    world.deliver().await;
    let (notices, unread) = world.inbox(&me).await;
    let kinds: Vec<_> = notices.iter().map(|notice| notice.told.kind()).collect();
    assert_eq!((kinds.len(), unread), (2, 2));
    assert!(kinds.contains(&Kind::Credited) && kinds.contains(&Kind::Refunded));
}

#[tokio::test]
async fn what_cannot_be_read_is_buried_and_told_to_nobody() {
    let world = World::new().await;
    let me = world.agreeing().await;
    let good = world.posted(&me).body;
    for body in [
        "{}",
        "[]",
        "",
        &good.replace("8520", "-8520"),
        &good.replace("0017", "<b>1"),
    ] {
        let event: EventId = world.id();
        let event = claimed(world.said("payments.posted", event, body));
        assert_eq!(
            world.notices.deliver(&event).await,
            Delivery::Never {
                reason: "unreadable_body"
            },
            "{body}"
        );
    }
    assert!(world.inbox(&me).await.0.is_empty());
}

#[tokio::test]
async fn what_a_newer_program_says_is_left_to_it() {
    let world = World::new().await;
    let me = world.agreeing().await;
    let body = format!(
        r#"{{"account_id":"{me}","state":"lost","happened_at":"2026-11-20T10:01:02+08:00"}}"#
    );
    let event: EventId = world.id();
    let event = claimed(world.said("customers.bill_moved", event, &body));
    assert_eq!(world.notices.deliver(&event).await, Delivery::Unknown);
    assert!(world.inbox(&me).await.0.is_empty());
}

#[tokio::test]
async fn an_event_about_nobody_is_given_up_and_holds_nothing_up() {
    let world = World::new().await;
    let nobody: AccountId = world.id();
    let event = claimed(world.posted(&nobody));
    assert_eq!(
        world.notices.deliver(&event).await,
        Delivery::Never {
            reason: "store_refused"
        }
    );
}

#[tokio::test]
async fn a_store_that_is_away_is_asked_again() {
    let world = World::new().await;
    let me = world.agreeing().await;
    let event = claimed(world.posted(&me));
    world.store.close().await.unwrap();
    assert_eq!(
        world.notices.deliver(&event).await,
        Delivery::Again { reason: "store" }
    );
}
