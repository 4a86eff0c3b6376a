//! Points: earned once per payment, exchanged while there are gifts, never below zero.

use lifeline_core::accounts::{Actor, Caller};
use lifeline_core::outbox::Event;
use lifeline_core::requests::PointsError;
use lifeline_core::requests::filing::Keyed;
use lifeline_core::requests::points::{Gift, Rule};
use lifeline_core::shared::ids::GiftId;
use lifeline_core::shared::time::Time;
use lifeline_core::store::{Tx, atomically};
use tokio::task::JoinSet;

use crate::world::World;

fn keyed(key: &str) -> Keyed {
    Keyed {
        key: key.into(),
        fingerprint: "f".into(),
    }
}

fn admin() -> Actor {
    Actor {
        name: "staff:admin".into(),
        source: String::new(),
        trace_id: String::new(),
    }
}

async fn set(world: &World, points: i64, stock: i64) -> GiftId {
    let rule = Rule {
        rule_id: "posted".into(),
        fen_per_point: 100,
        points_max: 500,
        valid_from: Time::default(),
        valid_to: None,
    };
    world.requests.set_rule(&admin(), &rule).await.unwrap();
    let gift = Gift {
        gift_id: world.id(),
        title: "节能灯".into(),
        points,
        stock,
    };
    world.requests.set_gift(&admin(), &gift).await.unwrap();
    gift.gift_id
}

/// A payment of theirs was credited; told `times` times, as a relay may.
async fn credited(world: &World, who: &Caller, amount_fen: i64) {
    let event = Event {
        event_id: world.id(),
        kind: "payments.posted".into(),
        ordering_key: "payment:x".into(),
        body: serde_json::json!({
            "payment_id": "019aa2f0-0000-7000-8000-000000000009",
            "account_id": who.account_id,
            "consumer_tail": "0017",
            "amount_fen": amount_fen,
            "posted_at": world.now().rfc3339(),
        })
        .to_string(),
        trace_id: "0af7651916cd43dd8448eb211c80319c".into(),
        created_at: world.now(),
        available_at: world.now(),
        money: true,
    };
    atomically(&*world.store, async |tx: &mut Tx| {
        tx.outbox().add(&event).await
    })
    .await
    .unwrap();
    world.deliver().await;
}

#[tokio::test]
async fn ln_21_a_credited_payment_gives_points_and_the_person_is_told_of_the_payment_too() {
    let world = World::new().await;
    let me = world.person().await;
    set(&world, 100, 1).await;
    credited(&world, &me, 12_840).await;
    let purse = world.requests.purse(&me).await.unwrap();
    assert_eq!(purse.balance, 128);
    assert_eq!(purse.history.len(), 1);
    assert_eq!(world.told(&me).await.len(), 1);
    credited(&world, &me, 9_000_000).await;
    let purse = world.requests.purse(&me).await.unwrap();
    assert_eq!(
        purse.balance,
        128 + 500,
        "one payment gives at most so many"
    );
}

#[tokio::test]
async fn ln_21_without_a_rule_nothing_is_given() {
    let world = World::new().await;
    let me = world.person().await;
    credited(&world, &me, 12_840).await;
    assert_eq!(world.requests.purse(&me).await.unwrap().balance, 0);
}

#[tokio::test]
async fn ln_21_an_exchange_moves_stock_and_points_together_or_not_at_all() {
    let world = World::new().await;
    let me = world.person().await;
    let gift = set(&world, 100, 2).await;
    let poor = world.requests.exchange(&me, &keyed("1"), &gift).await;
    assert!(matches!(poor, Err(PointsError::NotEnough)));
    let purse = world.requests.purse(&me).await.unwrap();
    assert_eq!(purse.gifts[0].stock, 2, "what was not paid for stays");
    credited(&world, &me, 25_000).await;
    let first = world
        .requests
        .exchange(&me, &keyed("1"), &gift)
        .await
        .unwrap();
    let again = world
        .requests
        .exchange(&me, &keyed("1"), &gift)
        .await
        .unwrap();
    assert_eq!(first, again);
    let other = Keyed {
        fingerprint: "g".into(),
        ..keyed("1")
    };
    let reused = world.requests.exchange(&me, &other, &gift).await;
    assert!(matches!(reused, Err(PointsError::KeyReused)));
    let purse = world.requests.purse(&me).await.unwrap();
    let sum: i64 = purse.history.iter().map(|moved| moved.points).sum();
    assert_eq!((purse.balance, sum, purse.gifts[0].stock), (150, 150, 1));
}

#[tokio::test]
async fn ln_21_sixty_four_exchanges_for_the_last_piece_are_one() {
    let world = World::new().await;
    let gift = set(&world, 100, 1).await;
    let mut people = Vec::new();
    for _ in 0..64 {
        let person = world.person().await;
        credited(&world, &person, 10_000).await;
        people.push(person);
    }
    let mut wishes = JoinSet::new();
    for person in people.clone() {
        let (requests, gift) = (world.requests.clone(), gift.clone());
        wishes.spawn(async move { requests.exchange(&person, &keyed("last"), &gift).await });
    }
    let done = wishes.join_all().await;
    assert_eq!(done.iter().filter(|one| one.is_ok()).count(), 1);
    let gone = |one: &&Result<_, PointsError>| matches!(one, Err(PointsError::OutOfStock));
    assert_eq!(done.iter().filter(gone).count(), 63);
    let mut left = 0;
    for person in &people {
        left += world.requests.purse(person).await.unwrap().balance;
    }
    assert_eq!(left, 63 * 100, "who got nothing paid nothing");
}
