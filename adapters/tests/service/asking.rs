//! What a person asks: on record once, handed to marketing, and told of when it moves on.

use lifeline_core::requests::RequestError;
use lifeline_core::requests::filing::Keyed;
use lifeline_core::requests::request::{Kind, State, Wish};
use lifeline_core::shared::page::Page;

use crate::world::World;

fn keyed(key: &str) -> Keyed {
    Keyed {
        key: key.into(),
        fingerprint: "f".into(),
    }
}

fn wish(kind: Kind) -> Wish {
    Wish {
        kind,
        text: "表箱被私拉电线".into(),
        place: Some("示例路 8 号后院".into()),
        anonymous: kind == Kind::IllegalUse,
        home: None,
        payment_id: None,
    }
}

#[tokio::test]
async fn ln_19_a_report_reaches_marketing_without_a_name_and_its_end_comes_back() {
    let world = World::new().await;
    let me = world.person().await;
    let filed = world
        .requests
        .file(&me, &keyed("k"), &wish(Kind::IllegalUse))
        .await
        .unwrap();
    assert_eq!(filed.state, State::Filed);
    world.deliver().await;
    let orders = world.clerk.orders();
    assert_eq!(orders.len(), 1);
    assert!(orders[0].anonymous && orders[0].consumer_no.is_none());
    assert_eq!(orders[0].text, "表箱被私拉电线");
    for (state, words) in [(State::UnderWay, "正在处理"), (State::Resolved, "已办结")] {
        world.clerk.moves(state);
        world.pass(61);
        assert_eq!(world.requests.follow(world.now()).await.unwrap(), 1);
        world.deliver().await;
        let told = world.told(&me).await;
        let newest = lifeline_core::notices::words::Words::of(&told[0].told);
        assert!(
            newest.body.contains("窃电举报") && newest.body.contains(words),
            "{}",
            newest.body
        );
    }
    assert_eq!(
        world.told(&me).await.len(),
        3,
        "accepted, under way, resolved"
    );
    // What has ended is asked about no more.
    world.clerk.moves(State::Declined);
    world.pass(7_200);
    assert_eq!(world.requests.follow(world.now()).await.unwrap(), 0);
}

#[tokio::test]
async fn ln_20_feedback_waits_while_marketing_is_away_and_is_filed_once() {
    let world = World::new().await;
    let me = world.person().await;
    *world.clerk.away.lock().unwrap() = true;
    for _ in 0..3 {
        let filed = world
            .requests
            .file(&me, &keyed("k"), &wish(Kind::Feedback))
            .await;
        assert_eq!(filed.unwrap().state, State::Filed);
        world.deliver().await;
    }
    *world.clerk.away.lock().unwrap() = false;
    world.pass(120);
    world.deliver().await;
    world.deliver().await;
    assert_eq!(world.clerk.orders().len(), 1);
    let page = Page::new(None, None).unwrap();
    let own = world.requests.list(&me, &page).await.unwrap().items;
    assert_eq!(own.len(), 1);
    assert_eq!(own[0].state, State::Accepted);
    assert!(own[0].order_no.is_some());
}

#[tokio::test]
async fn ln_20_a_key_means_one_request_and_another_body_is_refused() {
    let world = World::new().await;
    let (me, other) = (world.person().await, world.person().await);
    let file = async |who, keyed: Keyed| {
        let filed = world
            .requests
            .file(who, &keyed, &wish(Kind::Feedback))
            .await;
        filed.map(|request| request.request_id)
    };
    let first = file(&me, keyed("k")).await.unwrap();
    assert_eq!(file(&me, keyed("k")).await.unwrap(), first);
    let changed = Keyed {
        fingerprint: "g".into(),
        ..keyed("k")
    };
    assert!(matches!(
        file(&me, changed).await,
        Err(RequestError::KeyReused)
    ));
    assert_ne!(file(&other, keyed("k")).await.unwrap(), first);
}

#[tokio::test]
async fn ln_20_ten_a_day_are_taken_and_an_eleventh_is_not() {
    let world = World::new().await;
    let me = world.person().await;
    let feedback = wish(Kind::Feedback);
    for n in 0..10 {
        let key = keyed(&n.to_string());
        world.requests.file(&me, &key, &feedback).await.unwrap();
    }
    let more = world
        .requests
        .file(&me, &keyed("more"), &wish(Kind::Feedback))
        .await;
    assert!(matches!(more, Err(RequestError::TooMany { .. })));
    world.pass(86_400);
    let tomorrow = world
        .requests
        .file(&me, &keyed("more"), &wish(Kind::Feedback))
        .await;
    assert!(tomorrow.is_ok());
}
