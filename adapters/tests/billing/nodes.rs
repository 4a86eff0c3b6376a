//! Several nodes over one store: one of them asks, and no answer is worse for it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::join_all;
use lifeline_adapters::keyring::{InstanceKind, Keyring};
use lifeline_adapters::redis::Redis;
use lifeline_core::billing::figures::Arrears;
use lifeline_core::billing::ports::{FigureKey, FigureKind};
use lifeline_core::billing::{Billing, BillingError, Period, Shown, outdate};
use lifeline_core::bindings::{AuthorisedBinding, Role};
use lifeline_core::shared::cluster::SharedCache;
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::time::{Clock as _, Time};
use lifeline_core::store::Tx;

use crate::commons::{Commons, until};
use crate::upstream::{Mood, bill};
use crate::world::{HOME, World};

/// Longer than this nobody waits for another node.
const WAIT_MAX: Duration = Duration::from_secs(3);

fn arrears_of(home: &AuthorisedBinding) -> FigureKey {
    FigureKey {
        consumer_no: home.owned().consumer_no().clone(),
        holder_version: 1,
        kind: FigureKind::Arrears,
    }
}

/// A node that nobody sees writes its answer.
async fn deliver(w: &World, home: &AuthorisedBinding, due: i64, asked_at: Time) {
    let figure = Arrears {
        items: Vec::new(),
        total: Fen::new(due),
        version: "elsewhere".into(),
        as_of: asked_at,
    };
    let body = serde_json::to_string(&figure).unwrap();
    let key = arrears_of(home);
    w.write(async |tx: &mut Tx| tx.billing().keep(&key, &body, asked_at).await.map(drop))
        .await;
}

async fn money_moves(w: &World, home: &AuthorisedBinding) {
    let now = w.clock.now();
    w.write(async |tx: &mut Tx| outdate(tx, home.owned().consumer_no(), now).await)
        .await;
}

async fn name_of(w: &World, home: &AuthorisedBinding) -> String {
    let mut view = lifeline_core::store::snapshot(&*w.store).await.unwrap();
    let name = view.billing().flight_key(&arrears_of(home)).unwrap();
    format!("figure:{name}")
}

async fn ask_on(nodes: &[Billing], home: &AuthorisedBinding, each: usize) -> Vec<Shown<Arrears>> {
    let readers = nodes
        .iter()
        .flat_map(|node| (0..each).map(|_| node.arrears(home)));
    let shown = join_all(readers).await;
    shown.into_iter().map(Result::unwrap).collect()
}

#[tokio::test]
async fn ln_46_two_nodes_that_miss_a_figure_at_once_ask_marketing_once() {
    let w = World::new().await;
    let home = w.at_home(Role::Holder).await;
    let commons = Commons::new(&w.clock);
    let nodes = [w.node(commons.clone()), w.node(commons.clone())];
    let mut asked = 0;
    // The first time there is no copy, the second an old one, the third one from before money moved.
    for round in 0..3 {
        if round == 2 {
            money_moves(&w, &home).await;
        }
        w.clock.advance(if round == 1 { 61 } else { 1 });
        let asked_at = w.clock.now();
        let held = w.marketing.hold_back().await;
        let waiting = commons.pauses() + 1;
        let release = async {
            commons.until_paused(waiting).await;
            drop(held);
            until("the answer is kept", async || {
                w.kept_at(&arrears_of(&home)).await == Some(asked_at)
            })
            .await;
            commons.let_pass(1);
        };
        let (shown, ()) = tokio::join!(ask_on(&nodes, &home, 50), release);
        asked += 1;
        assert_eq!(w.marketing.count(), asked, "round {round}");
        assert_eq!(shown.len(), 100);
        assert!(shown.iter().all(|one| !one.stale && *one == shown[0]));
        assert!(commons.is_free(), "the leader resigned");
    }
    assert_eq!(commons.pauses(), 3, "each node waits once for all its own");
}

#[tokio::test]
async fn a_node_that_leads_after_the_answer_was_kept_takes_the_answer() {
    let w = World::new().await;
    let home = w.at_home(Role::Holder).await;
    let commons = Commons::new(&w.clock);
    let node = w.node(commons.clone());
    let held = commons.hold_leads().await;
    let elsewhere = async {
        // The node found no copy and is about to lead, when another that led is done.
        until("a node asks for the lead", async || {
            !commons.names().is_empty()
        })
        .await;
        deliver(&w, &home, 77, w.clock.now()).await;
        drop(held);
    };
    let (shown, ()) = tokio::join!(node.arrears(&home), elsewhere);
    assert_eq!(shown.unwrap().figure.total, Fen::new(77));
    assert_eq!((w.marketing.count(), commons.pauses()), (0, 0));
    assert!(commons.is_free());
}

#[tokio::test]
async fn what_a_leader_elsewhere_keeps_is_shown_without_asking() {
    let w = World::new().await;
    let home = w.at_home(Role::Holder).await;
    let commons = Commons::new(&w.clock);
    commons.lead_elsewhere();
    let node = w.node(commons.clone());
    let asked_at = w.clock.now();
    let elsewhere = async {
        commons.let_pass(2);
        commons.until_paused(3).await;
        deliver(&w, &home, 77, asked_at).await;
        commons.let_pass(1);
    };
    let (shown, ()) = tokio::join!(node.arrears(&home), elsewhere);
    let shown = shown.unwrap();
    assert_eq!(
        (shown.figure.total, shown.asked_at, shown.stale),
        (Fen::new(77), asked_at, false)
    );
    assert_eq!((w.marketing.count(), commons.pauses()), (0, 3));
}

#[tokio::test]
async fn what_a_leader_leaves_in_the_shared_cache_is_shown_by_the_rules_of_a_copy() {
    let w = World::new().await;
    let owned = w.at_home(Role::Holder).await;
    let commons = Commons::new(&w.clock);
    let name = name_of(&w, &owned).await;
    let leave = async |due: i64, asked_at: Time| {
        let figure = Arrears {
            items: Vec::new(),
            total: Fen::new(due),
            version: "elsewhere".into(),
            as_of: asked_at,
        };
        let body = serde_json::to_string(&figure).unwrap();
        let left = serde_json::json!({"body": body, "asked_at": asked_at.micros()});
        let life = Duration::from_secs(1_000);
        let value = serde_json::to_vec(&left).unwrap();
        commons.put(&name, &value, life).await.unwrap();
    };
    commons.lead_elsewhere();
    commons.let_time_flow();
    let node = w.node(commons.clone());
    leave(77, w.clock.now()).await;
    let shown = node.arrears(&owned).await.unwrap();
    assert_eq!((shown.figure.total, shown.stale), (Fen::new(77), false));
    assert_eq!((w.marketing.count(), commons.pauses()), (0, 1));
    // Too old, from before money moved, or no figure at all: asked for instead.
    w.clock.advance(61);
    assert_eq!(
        node.arrears(&owned).await.unwrap().figure.total,
        Fen::new(12_840)
    );
    leave(78, w.clock.now()).await;
    w.clock.advance(1);
    money_moves(&w, &owned).await;
    assert_eq!(
        node.arrears(&owned).await.unwrap().figure.total,
        Fen::new(12_840)
    );
    let life = Duration::from_secs(1_000);
    commons.put(&name, b"{}", life).await.unwrap();
    w.clock.advance(61);
    assert_eq!(
        node.arrears(&owned).await.unwrap().figure.total,
        Fen::new(12_840)
    );
    assert_eq!(w.marketing.count(), 3);
}

#[tokio::test]
async fn a_leader_that_never_delivers_is_waited_for_a_moment_only() {
    let w = World::new().await;
    let home = w.at_home(Role::Holder).await;
    let commons = Commons::new(&w.clock);
    commons.lead_elsewhere();
    commons.let_time_flow();
    let shown = w.node(commons.clone()).arrears(&home).await.unwrap();
    assert!(!shown.stale);
    assert_eq!(shown.figure.total, Fen::new(12_840));
    assert_eq!(w.marketing.count(), 1);
    assert!(commons.pauses() > 1 && commons.waited() < WAIT_MAX);
}

#[tokio::test]
async fn a_leader_that_died_is_followed_by_one_of_those_who_wait() {
    let w = World::new().await;
    let home = w.at_home(Role::Holder).await;
    let commons = Commons::new(&w.clock);
    commons.lose_a_leader(&name_of(&w, &home).await, 2);
    commons.let_time_flow();
    let node = w.node(commons.clone());
    let shown = node.arrears(&home).await.unwrap();
    assert!(!shown.stale);
    assert!(commons.waited() >= Duration::from_secs(2) && commons.waited() < WAIT_MAX);
    assert_eq!(w.marketing.count(), 1);
    assert!(commons.is_free(), "it led, and resigned");
}

#[tokio::test]
async fn without_the_shared_place_every_node_asks_for_itself_at_once() {
    let w = World::new().await;
    let home = w.at_home(Role::Holder).await;
    let commons = Commons::new(&w.clock);
    commons.go_away();
    let nodes = [w.node(commons.clone()), w.node(commons.clone())];
    let held = w.marketing.hold_back().await;
    let release = async {
        until("both ask", async || w.marketing.count() == 2).await;
        drop(held);
    };
    let (shown, ()) = tokio::join!(ask_on(&nodes, &home, 50), release);
    assert!(shown.iter().all(|one| !one.stale));
    assert_eq!((w.marketing.count(), commons.pauses()), (2, 0));
}

#[tokio::test]
async fn a_shared_place_lost_while_waiting_is_not_waited_for() {
    let w = World::new().await;
    let home = w.at_home(Role::Holder).await;
    let commons = Commons::new(&w.clock);
    commons.lead_elsewhere();
    let node = w.node(commons.clone());
    let loss = async {
        commons.until_paused(1).await;
        commons.go_away();
        commons.let_time_flow();
    };
    let (shown, ()) = tokio::join!(node.arrears(&home), loss);
    assert!(!shown.unwrap().stale);
    assert_eq!((w.marketing.count(), commons.pauses()), (1, 1));
}

#[tokio::test]
async fn a_lead_that_cannot_be_given_back_costs_no_answer() {
    let w = World::new().await;
    let home = w.at_home(Role::Holder).await;
    let commons = Commons::new(&w.clock);
    let node = w.node(commons.clone());
    let held = w.marketing.hold_back().await;
    let loss = async {
        until("it asks", async || w.marketing.count() == 1).await;
        commons.go_away();
        drop(held);
    };
    let (shown, ()) = tokio::join!(node.arrears(&home), loss);
    assert!(!shown.unwrap().stale);
    assert!(!commons.is_free());
}

#[tokio::test]
async fn what_a_leader_asked_before_money_moved_is_not_taken_for_fresh() {
    let w = World::new().await;
    let home = w.at_home(Role::Holder).await;
    let commons = Commons::new(&w.clock);
    let node = w.node(commons.clone());
    node.arrears(&home).await.unwrap();
    w.clock.advance(61);
    let before = w.clock.now();
    w.clock.advance(1);
    money_moves(&w, &home).await;
    w.marketing.due.store(0, Ordering::SeqCst);
    w.clock.advance(1);
    commons.lead_elsewhere();
    let elsewhere = async {
        commons.until_paused(1).await;
        deliver(&w, &home, 12_840, before).await;
        commons.let_time_flow();
    };
    let (shown, ()) = tokio::join!(node.arrears(&home), elsewhere);
    let shown = shown.unwrap();
    assert!(!shown.stale && shown.figure.total.is_zero());
    assert!(shown.asked_at > before && commons.waited() < WAIT_MAX);
}

#[tokio::test]
async fn money_that_moves_while_a_node_waits_makes_the_leaders_answer_old() {
    let w = World::new().await;
    let home = w.at_home(Role::Holder).await;
    let commons = Commons::new(&w.clock);
    let node = w.node(commons.clone());
    node.arrears(&home).await.unwrap();
    w.clock.advance(61);
    let asked_at = w.clock.now();
    commons.lead_elsewhere();
    let elsewhere = async {
        commons.until_paused(1).await;
        deliver(&w, &home, 12_840, asked_at).await;
        w.clock.advance(1);
        money_moves(&w, &home).await;
        w.marketing.due.store(0, Ordering::SeqCst);
        commons.let_time_flow();
    };
    let (shown, ()) = tokio::join!(node.arrears(&home), elsewhere);
    let shown = shown.unwrap();
    assert!(!shown.stale && shown.figure.total.is_zero());
    assert_eq!(w.marketing.count(), 2);
}

#[tokio::test]
async fn a_leader_without_an_answer_lets_the_others_try() {
    let w = World::new().await;
    let home = w.at_home(Role::Holder).await;
    let commons = Commons::new(&w.clock);
    commons.let_time_flow();
    let nodes = [w.node(commons.clone()), w.node(commons.clone())];
    w.marketing.set(Mood::Away);
    for node in &nodes {
        let nothing = node.arrears(&home).await;
        assert!(matches!(nothing, Err(BillingError::Unavailable(_))));
        assert!(commons.is_free());
    }
    w.marketing.set(Mood::KnowsNothing);
    let nothing = nodes[0].arrears(&home).await;
    assert!(matches!(nothing, Err(BillingError::NotFound)));
    w.marketing.set(Mood::Answers);
    assert!(!nodes[1].arrears(&home).await.unwrap().stale);
    assert_eq!(commons.pauses(), 0, "nobody waited for a lead given back");
}

#[tokio::test]
async fn a_copy_another_program_kept_is_waited_past_and_asked_for() {
    let w = World::new().await;
    let home = w.at_home(Role::Holder).await;
    let commons = Commons::new(&w.clock);
    commons.lead_elsewhere();
    let node = w.node(commons.clone());
    let key = arrears_of(&home);
    let now = w.clock.now();
    let elsewhere = async {
        commons.until_paused(1).await;
        w.write(async |tx: &mut Tx| {
            let unreadable = r#"{"amount":"128.40"}"#;
            tx.billing().keep(&key, unreadable, now).await.map(drop)
        })
        .await;
        commons.let_time_flow();
    };
    let (shown, ()) = tokio::join!(node.arrears(&home), elsewhere);
    assert_eq!(shown.unwrap().figure.total, Fen::new(12_840));
    assert_eq!(w.marketing.count(), 1);
}

#[tokio::test]
async fn c1_what_nodes_share_names_no_home_and_no_figure() {
    let w = World::new().await;
    let home = w.at_home(Role::Holder).await;
    let commons = Commons::new(&w.clock);
    let node = w.node(commons.clone());
    let bills = ["2026-10", "2026-09"].map(|month| (month.to_owned(), bill(month, 90)));
    w.marketing.bills.lock().unwrap().extend(bills);
    node.arrears(&home).await.unwrap();
    node.balance(&home).await.unwrap();
    let period = Period::parse("2026-10").unwrap();
    node.bill(&home, &period).await.unwrap();
    let names = commons.names();
    assert_eq!(names.len(), 4);
    for (at, name) in names.iter().enumerate() {
        let digest = name.strip_prefix("figure:").unwrap();
        assert_eq!(digest.len(), 64);
        assert!(digest.bytes().all(|byte| byte.is_ascii_hexdigit()));
        assert!(!names[..at].contains(name), "each figure has its own");
        for canary in [HOME, "arrears", "balance", "bill", "2026-"] {
            assert!(!name.contains(canary), "{name}");
        }
    }
}

/// The same on a Redis that is one. Needs `TEST_REDIS_URL`, as `tests/redis` says.
#[tokio::test]
async fn ln_46_two_nodes_on_a_real_redis_ask_marketing_once() {
    let Ok(url) = std::env::var("TEST_REDIS_URL") else {
        let required = std::env::var("REQUIRE_POSTGRES").is_ok_and(|value| value == "1");
        assert!(!required, "TEST_REDIS_URL is not set");
        return;
    };
    let w = World::new().await;
    let home = w.at_home(Role::Holder).await;
    let keyring = Arc::new(Keyring::generate(InstanceKind::Demo).unwrap());
    let mut nodes = Vec::new();
    for _ in 0..3 {
        let redis = Redis::connect(&url, Arc::clone(&keyring)).await.unwrap();
        // A busy machine may need longer for the first connection than a call may take.
        until("Redis answers", async || redis.ping().await.is_ok()).await;
        let redis: Arc<dyn SharedCache> = Arc::new(redis);
        nodes.push(w.node(redis));
    }
    for round in 1..=3 {
        let shown = ask_on(&nodes, &home, 20).await;
        assert!(shown.iter().all(|one| !one.stale && *one == shown[0]));
        assert_eq!(w.marketing.count(), round);
        w.clock.advance(61);
    }
}
