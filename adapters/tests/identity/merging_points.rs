//! Points follow their account when two become one: nothing is lost, nothing is there twice, and what
//! cannot be exchanged yet cannot be exchanged under the other name either.

use std::sync::Arc;

use async_trait::async_trait;
use lifeline_core::accounts::{AccountError, Actor, Caller, Follower, Removal, Secret};
use lifeline_core::outbox::relay::{Deliver as _, Delivery};
use lifeline_core::outbox::{Claimed, Event, Lane};
use lifeline_core::requests::PointsError;
use lifeline_core::requests::earning::{Earn, VESTS_AFTER_S};
use lifeline_core::requests::filing::Keyed;
use lifeline_core::requests::points::{Gift, Rule};
use lifeline_core::requests::ports::{OrderReport, WorkOrder, WorkOrders};
use lifeline_core::shared::ids::{BindingId, EventId, GiftId, PaymentId};
use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::shared::time::Time;
use lifeline_core::store::{Retriable, StoreError, Tx};
use tokio::task::JoinSet;

use crate::merging::{SECOND, asked, by_code, merge};
use crate::on_every_engine;
use crate::world::{LI_MING, World};

on_every_engine! { "merging_points":
    m3_6_points_add_up_and_keep_their_day,
    m3_6_a_merge_that_fails_moves_no_point,
    m3_6_what_is_earned_meanwhile_goes_to_the_account_that_stays,
    m3_6_what_one_side_exchanges_meanwhile_is_not_there_for_the_other,
    m3_6_money_that_goes_back_takes_its_points_from_the_account_that_stays,
}

/// Nobody here writes to marketing.
#[derive(Debug)]
pub(crate) struct NoClerk;

#[async_trait]
impl WorkOrders for NoClerk {
    async fn file(&self, _: &WorkOrder) -> Result<OrderReport, NoAnswer> {
        Err(NoAnswer::NotSent("no_clerk"))
    }

    async fn look(&self, _: &str) -> Result<OrderReport, NoAnswer> {
        Err(NoAnswer::NotSent("no_clerk"))
    }
}

fn admin() -> Actor {
    Actor {
        name: "staff:admin".into(),
        source: String::new(),
        trace_id: String::new(),
    }
}

/// A point for each yuan, and one kind of gift.
async fn rules(world: &World, gift_points: i64) -> GiftId {
    let rule = Rule {
        rule_id: "posted".into(),
        fen_per_point: 100,
        points_max: 500,
        valid_from: Time::default(),
        valid_to: None,
    };
    world.requests.set_rule(&admin(), &rule).await.unwrap();
    let gift = Gift {
        gift_id: world.requests.new_gift_id(),
        title: "节能灯".into(),
        points: gift_points,
        stock: 1_000,
    };
    world.requests.set_gift(&admin(), &gift).await.unwrap();
    gift.gift_id
}

fn event(world: &World, kind: &str, body: &serde_json::Value) -> Claimed {
    Claimed {
        event: Event {
            event_id: world.maker().id(),
            kind: kind.into(),
            ordering_key: "payment:x".into(),
            body: body.to_string(),
            trace_id: "trace-1".into(),
            created_at: world.maker().now(),
            available_at: world.maker().now(),
            money: true,
            lane: Lane::Usual,
        },
        attempts: 0,
        lease_epoch: 1,
    }
}

/// A line of a payment of theirs is credited; the relay tells it until it is taken.
async fn credited(world: &World, who: &Caller, amount_fen: i64) -> PaymentId {
    let maker = world.maker();
    let payment_id: PaymentId = maker.id();
    let body = serde_json::json!({
        "event_id": maker.id::<EventId>(),
        "payment_id": payment_id,
        "account_id": who.account_id,
        "binding_id": maker.id::<BindingId>(),
        "consumer_tail": "0017",
        "amount_fen": amount_fen,
        "purpose": "arrears",
        "line_no": 1,
        "posted_at": maker.now().rfc3339(),
    });
    told(world, &event(world, "payments.posted", &body)).await;
    payment_id
}

async fn told(world: &World, claimed: &Claimed) {
    let earn = Earn(world.requests.clone());
    let mut said = earn.deliver(claimed).await;
    for _ in 0..200 {
        if said == Delivery::Done {
            break;
        }
        tokio::task::yield_now().await;
        said = earn.deliver(claimed).await;
    }
    assert_eq!(said, Delivery::Done);
}

/// Until it is not beaten by another any more.
pub(crate) async fn gives(world: &World, side: &Caller, code: &Secret) {
    let mut given = merge(world, side, code).await;
    for _ in 0..200 {
        let Err(error) = &given else { break };
        assert!(error.is_conflict(), "{error:?}");
        given = merge(world, side, code).await;
    }
    given.unwrap();
}

/// Balance, what of it cannot be exchanged yet, and the sum of all that came and went.
async fn purse(world: &World, who: &Caller) -> (i64, i64, i64) {
    let purse = world.requests.purse(who).await.unwrap();
    let moved = purse.history.iter().map(|moved| moved.points).sum();
    (purse.balance, purse.pending, moved)
}

/// The account that was taken over has no points. Its history ends where the other's goes on.
async fn nothing_left(world: &World, who: &Caller) {
    let (balance, pending, _) = purse(world, who).await;
    assert_eq!((balance, pending), (0, 0));
}

async fn exchange(
    world: &World,
    who: &Caller,
    key: &str,
    gift: &GiftId,
) -> Result<(), PointsError> {
    let keyed = Keyed {
        key: key.into(),
        fingerprint: "f".into(),
    };
    world.requests.exchange(who, &keyed, gift).await.map(drop)
}

async fn m3_6_points_add_up_and_keep_their_day(world: World) {
    let gift = rules(&world, 100).await;
    let into = world.sign_in(&LI_MING).await;
    let from = world.sign_in(&SECOND).await;
    credited(&world, &into, 5_000).await;
    credited(&world, &from, 8_000).await;
    world.clock.advance(VESTS_AFTER_S);
    credited(&world, &from, 700).await;
    let into = world.sign_in(&LI_MING).await;
    let from = world.sign_in(&SECOND).await;
    let code = asked(&world, &into).await;
    merge(&world, &from, &code).await.unwrap();
    assert_eq!(purse(&world, &into).await, (137, 7, 137));
    nothing_left(&world, &from).await;
    exchange(&world, &into, "1", &gift).await.unwrap();
    assert_eq!(purse(&world, &into).await, (37, 7, 37));
    let again = exchange(&world, &into, "2", &gift).await;
    assert!(matches!(again, Err(PointsError::NotEnough)), "{again:?}");
    let kinds = world.evidence().await;
    assert!(
        kinds.iter().any(|kind| kind == "points.merged"),
        "{kinds:?}"
    );
    // What the relay still held for the old name is credited to the new one.
    credited(&world, &from, 300).await;
    assert_eq!(purse(&world, &into).await, (40, 10, 40));
    nothing_left(&world, &from).await;
}

/// Comes after the points, and cannot do its part.
struct Stuck;

#[async_trait]
impl Follower for Stuck {
    async fn follow(&self, _: &mut Tx, _: &mut Removal) -> Result<(), AccountError> {
        Err(StoreError::Unavailable("the store went away".into()).into())
    }
}

async fn m3_6_a_merge_that_fails_moves_no_point(world: World) {
    rules(&world, 100).await;
    let into = world.sign_in(&LI_MING).await;
    let from = world.sign_in(&SECOND).await;
    credited(&world, &into, 5_000).await;
    credited(&world, &from, 8_000).await;
    let code = asked(&world, &into).await;
    let from = by_code(&world, &from).await;
    let points = Arc::new(world.requests.clone());
    let broken = world.accounts.clone();
    let broken = broken.followed_by(vec![points, Arc::new(Stuck)]);
    assert!(broken.confirm_merge(&from, &code).await.is_err());
    assert_eq!(purse(&world, &into).await, (50, 50, 50));
    assert_eq!(purse(&world, &from).await, (80, 80, 80));
    merge(&world, &from, &code).await.unwrap();
    assert_eq!(purse(&world, &into).await, (130, 130, 130));
    nothing_left(&world, &from).await;
}

async fn m3_6_what_is_earned_meanwhile_goes_to_the_account_that_stays(world: World) {
    rules(&world, 100).await;
    let world = Arc::new(world);
    let into = world.sign_in(&LI_MING).await;
    let from = world.sign_in(&SECOND).await;
    let code = asked(&world, &into).await;
    let from = by_code(&world, &from).await;
    let mut hands = JoinSet::new();
    for _ in 0..24 {
        let (world, from) = (world.clone(), from.clone());
        hands.spawn(async move { drop(credited(&world, &from, 1_000).await) });
    }
    let (there, side) = (world.clone(), from.clone());
    hands.spawn(async move {
        gives(&there, &side, &code).await;
    });
    hands.join_all().await;
    nothing_left(&world, &from).await;
    assert_eq!(purse(&world, &into).await, (240, 240, 240));
}

async fn m3_6_what_one_side_exchanges_meanwhile_is_not_there_for_the_other(world: World) {
    let gift = rules(&world, 10).await;
    let world = Arc::new(world);
    let into = world.sign_in(&LI_MING).await;
    let from = world.sign_in(&SECOND).await;
    credited(&world, &from, 8_000).await;
    world.clock.advance(VESTS_AFTER_S);
    let into_now = world.sign_in(&LI_MING).await;
    let from_now = world.sign_in(&SECOND).await;
    assert_eq!(into_now.account_id, into.account_id);
    let code = asked(&world, &into_now).await;
    let from_now = by_code(&world, &from_now).await;
    let mut hands = JoinSet::new();
    for n in 0..16 {
        let (world, from, gift) = (world.clone(), from_now.clone(), gift.clone());
        hands.spawn(async move {
            let mut outcome = exchange(&world, &from, &format!("k{n}"), &gift).await;
            while outcome.as_ref().is_err_and(Retriable::is_conflict) {
                outcome = exchange(&world, &from, &format!("k{n}"), &gift).await;
            }
            match outcome {
                Ok(()) => 10,
                Err(error) => {
                    assert!(matches!(error, PointsError::NotEnough), "{error:?}");
                    0
                }
            }
        });
    }
    let (there, side) = (world.clone(), from_now.clone());
    hands.spawn(async move {
        gives(&there, &side, &code).await;
        0
    });
    let spent: i64 = hands.join_all().await.into_iter().sum();
    assert!(spent <= 80, "{spent}");
    let (left, _, moved) = purse(&world, &into).await;
    assert_eq!((left, moved), (80 - spent, 80 - spent));
    nothing_left(&world, &from).await;
}

async fn m3_6_money_that_goes_back_takes_its_points_from_the_account_that_stays(world: World) {
    rules(&world, 100).await;
    let into = world.sign_in(&LI_MING).await;
    let from = world.sign_in(&SECOND).await;
    credited(&world, &into, 5_000).await;
    let payment_id = credited(&world, &from, 8_000).await;
    let code = asked(&world, &into).await;
    merge(&world, &from, &code).await.unwrap();
    let body = serde_json::json!({
        "event_id": world.maker().id::<EventId>(),
        "payment_id": payment_id,
        "account_id": from.account_id,
        "consumer_tail": "0017",
        "amount_fen": 2_000,
        "line_no": 1,
        "posting_refunded_fen": 2_000,
        "refunded_at": world.maker().now().rfc3339(),
    });
    for _ in 0..2 {
        told(&world, &event(&world, "payments.refunded", &body)).await;
        assert_eq!(purse(&world, &into).await, (110, 110, 110));
        nothing_left(&world, &from).await;
    }
}
