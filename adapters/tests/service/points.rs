//! Points: earned once per payment, exchanged while there are gifts, never below zero.

use lifeline_core::accounts::{Actor, Caller};
use lifeline_core::outbox::{Event, Lane};
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

/// A line of a payment was credited or went back; told twice, as a relay may.
async fn told(world: &World, kind: &str, body: serde_json::Value) {
    for _ in 0..2 {
        let event = Event {
            event_id: world.id(),
            kind: kind.into(),
            ordering_key: "payment:x".into(),
            body: body.to_string(),
            trace_id: "0af7651916cd43dd8448eb211c80319c".into(),
            created_at: world.now(),
            available_at: world.now(),
            money: true,
            lane: Lane::Usual,
        };
        atomically(&*world.store, async |tx: &mut Tx| {
            tx.outbox().add(&event).await
        })
        .await
        .unwrap();
        world.deliver().await;
        if kind == "payments.posted" {
            return;
        }
    }
}

const PAYMENT: &str = "019aa2f0-0000-7000-8000-000000000009";

async fn line_credited(world: &World, who: &Caller, amount_fen: i64) {
    let body = serde_json::json!({
        "event_id": world.id::<lifeline_core::shared::ids::EventId>(),
        "payment_id": PAYMENT,
        "account_id": who.account_id,
        "binding_id": world.id::<lifeline_core::shared::ids::BindingId>(),
        "consumer_tail": "0017",
        "amount_fen": amount_fen,
        "purpose": "arrears",
        "line_no": 1,
        "posted_at": world.now().rfc3339(),
    });
    told(world, "payments.posted", body).await;
}

async fn line_refunded(world: &World, who: &Caller, amount_fen: i64, in_all: i64) {
    let body = serde_json::json!({
        "event_id": world.id::<lifeline_core::shared::ids::EventId>(),
        "payment_id": PAYMENT,
        "account_id": who.account_id,
        "consumer_tail": "0017",
        "amount_fen": amount_fen,
        "line_no": 1,
        "posting_refunded_fen": in_all,
        "refunded_at": world.now().rfc3339(),
    });
    told(world, "payments.refunded", body).await;
}

const WEEK: i64 = 7 * 86_400;

#[tokio::test]
async fn ln_21_points_are_exchanged_seven_days_after_they_were_earned() {
    let world = World::new().await;
    let me = world.person().await;
    let gift = set(&world, 128, 1).await;
    line_credited(&world, &me, 12_840).await;
    let purse = world.requests.purse(&me).await.unwrap();
    assert_eq!((purse.balance, purse.pending), (128, 128));
    world.pass(WEEK - 1);
    let early = world.requests.exchange(&me, &keyed("1"), &gift).await;
    assert!(matches!(early, Err(PointsError::NotEnough)), "{early:?}");
    world.pass(1);
    let purse = world.requests.purse(&me).await.unwrap();
    assert_eq!((purse.balance, purse.pending), (128, 0));
    world
        .requests
        .exchange(&me, &keyed("1"), &gift)
        .await
        .unwrap();
}

#[tokio::test]
async fn ln_21_a_person_reads_what_is_given_now_and_nothing_once_nothing_is() {
    let world = World::new().await;
    let me = world.person().await;
    let told = async || {
        let purse = world.requests.purse(&me).await.unwrap();
        let rules = purse.rules.into_iter();
        rules
            .map(|rule| (rule.fen_per_point, rule.points_max))
            .collect::<Vec<_>>()
    };
    assert!(told().await.is_empty(), "nobody made a rule");
    set(&world, 128, 1).await;
    assert_eq!(told().await, [(100, 500)]);
    let other = Rule {
        rule_id: "posted".into(),
        fen_per_point: 250,
        points_max: 40,
        valid_from: Time::default(),
        valid_to: Some(world.now().plus_seconds(60)),
    };
    world.requests.set_rule(&admin(), &other).await.unwrap();
    assert_eq!(told().await, [(250, 40)], "as staff changed it");
    world.pass(60);
    assert!(told().await.is_empty(), "it is over");
}

#[tokio::test]
async fn m2_19_points_go_back_with_the_money_in_proportion() {
    let world = World::new().await;
    let me = world.person().await;
    set(&world, 100, 1).await;
    line_credited(&world, &me, 12_840).await;
    for (part, in_all, left) in [(6_420, 6_420, 64), (1, 6_421, 63), (6_419, 12_840, 0)] {
        line_refunded(&world, &me, part, in_all).await;
        let purse = world.requests.purse(&me).await.unwrap();
        assert_eq!((purse.balance, purse.pending), (left, left), "{in_all}");
        let sum: i64 = purse.history.iter().map(|moved| moved.points).sum();
        assert_eq!(sum, left, "the books");
    }
}

#[tokio::test]
async fn m2_19_what_was_exchanged_before_the_refund_leaves_no_debt() {
    let world = World::new().await;
    let me = world.person().await;
    let gift = set(&world, 100, 1).await;
    line_credited(&world, &me, 12_840).await;
    world.pass(WEEK);
    world
        .requests
        .exchange(&me, &keyed("1"), &gift)
        .await
        .unwrap();
    line_refunded(&world, &me, 12_840, 12_840).await;
    let purse = world.requests.purse(&me).await.unwrap();
    assert_eq!((purse.balance, purse.pending), (0, 0));
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
        lane: Lane::Usual,
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

#[tokio::test]
async fn ln_21_what_was_exchanged_has_a_number_that_its_person_reads() {
    let world = World::new().await;
    let me = world.person().await;
    let gift = set(&world, 100, 2).await;
    credited(&world, &me, 25_000).await;
    let done = world.requests.exchange(&me, &keyed("1"), &gift).await;
    let done = done.unwrap();
    let number = done.number();
    let id = done.exchange_id.as_str().to_uppercase();
    assert!(number.len() == 10 && id.ends_with(&number), "{number}");
    let purse = world.requests.purse(&me).await.unwrap();
    assert_eq!(purse.exchanges, [done]);
    let other = world.person().await;
    let purse = world.requests.purse(&other).await.unwrap();
    assert!(purse.exchanges.is_empty());
}

#[tokio::test]
async fn ln_21_a_rule_that_staff_end_gives_until_then_and_no_more() {
    let world = World::new().await;
    let me = world.person().await;
    set(&world, 100, 1).await;
    let end = async |rule_id: &str, ends_at: Time| {
        let staff = admin();
        world.requests.end_rule(&staff, rule_id, ends_at).await
    };
    let (past, later) = (
        world.now().plus_seconds(-1),
        world.now().plus_seconds(3_600),
    );
    let refused = end("posted", past).await;
    assert!(matches!(refused, Err(PointsError::NotSound)), "{refused:?}");
    let nothing = end("no-such-rule", later).await;
    assert!(matches!(nothing, Err(PointsError::NotFound)), "{nothing:?}");
    end("posted", later).await.unwrap();
    credited(&world, &me, 12_840).await;
    world.pass(3_600);
    credited(&world, &me, 12_840).await;
    let purse = world.requests.purse(&me).await.unwrap();
    assert_eq!((purse.balance, purse.rules.len()), (128, 0));
}
