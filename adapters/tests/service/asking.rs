//! What a person asks: on record once, handed to marketing, and told of when it moves on.

use std::sync::Arc;

use lifeline_core::accounts::Caller;
use lifeline_core::accounts::account::{Account, CertifiedBy, RealName, VerifiedPhone};
use lifeline_core::cases::{Case, CaseKind};
use lifeline_core::notices::words::Words;
use lifeline_core::requests::RequestError;
use lifeline_core::requests::filing::Keyed;
use lifeline_core::requests::request::{AGAIN_AFTER_S, Check, Kind, Request, State, Wish};
use lifeline_core::shared::ids::PaymentId;
use lifeline_core::shared::page::Page;
use lifeline_core::shared::personal::{IdNo, PersonName, Phone};
use lifeline_core::store::{Tx, atomically, snapshot};
use tokio::sync::Barrier;

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
        let newest = Words::of(&told[0].told);
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

/// However many are due, one turn asks about them all: a storm's requests are told of within minutes.
#[tokio::test]
async fn ln_20_one_turn_asks_about_every_order_that_is_due() {
    let world = World::new().await;
    for _ in 0..12 {
        let me = world.person().await;
        for n in 0..10 {
            let key = keyed(&n.to_string());
            let filed = world.requests.file(&me, &key, &wish(Kind::Feedback)).await;
            filed.unwrap();
        }
    }
    world.deliver().await;
    assert_eq!(world.clerk.orders().len(), 120);
    world.clerk.moves(State::UnderWay);
    world.pass(61);
    assert_eq!(world.requests.follow(world.now()).await.unwrap(), 120);
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

/// Hours of a relay that tries whatever is due, and of the timed task beside it.
async fn hours(world: &World, hours: i64) {
    for _ in 0..hours {
        world.deliver().await;
        world.pass(3_600);
        world.requests.follow(world.now()).await.unwrap();
    }
    world.deliver().await;
}

async fn state(world: &World, me: &Caller) -> State {
    let page = Page::new(None, None).unwrap();
    let own = world.requests.list(me, &page).await.unwrap().items;
    assert_eq!(own.len(), 1);
    own.first().unwrap().state
}

/// Two instances ask about the same order at once and hear nothing: the later one finds it at rest.
#[tokio::test]
async fn ln_20_silence_heard_twice_ends_nobodys_turn() {
    let world = World::new().await;
    let me = world.person().await;
    let filed = world
        .requests
        .file(&me, &keyed("k"), &wish(Kind::Feedback))
        .await;
    filed.unwrap();
    world.deliver().await;
    world.clerk.moves(State::Resolved);
    world.pass(61);
    let now = world.now();
    *world.clerk.mute.lock().unwrap() = Some(Arc::new(Barrier::new(2)));
    let (one, other) = tokio::join!(world.requests.follow(now), world.requests.follow(now));
    assert_eq!((one.unwrap(), other.unwrap()), (0, 0));
    *world.clerk.mute.lock().unwrap() = None;
    assert_eq!(world.requests.follow(now).await.unwrap(), 0, "it rests");
    world.pass(61);
    assert_eq!(world.requests.follow(world.now()).await.unwrap(), 1);
    assert_eq!(state(&world, &me).await, State::Resolved);
}

#[tokio::test]
async fn ln_20_what_the_relay_gave_up_is_handed_over_again() {
    let world = World::new().await;
    let me = world.person().await;
    *world.clerk.away.lock().unwrap() = true;
    let filed = world
        .requests
        .file(&me, &keyed("k"), &wish(Kind::Feedback))
        .await;
    assert_eq!(filed.unwrap().state, State::Filed);
    hours(&world, 44).await;
    *world.clerk.away.lock().unwrap() = false;
    hours(&world, 3).await;
    assert_eq!(world.clerk.orders().len(), 0, "the relay has given it up");
    assert_eq!(state(&world, &me).await, State::Filed);
    hours(&world, 1).await;
    assert_eq!(world.clerk.orders().len(), 1, "two days after it was filed");
    assert_eq!(state(&world, &me).await, State::Accepted);
    assert_eq!(world.told(&me).await.len(), 1);
    assert!(about_late(&world, &me).await.is_empty());
}

#[tokio::test]
async fn ln_20_handed_over_twice_it_is_one_order_and_told_of_once() {
    let world = World::new().await;
    let me = world.person().await;
    *world.clerk.away.lock().unwrap() = true;
    let filed = world
        .requests
        .file(&me, &keyed("k"), &wish(Kind::Feedback))
        .await;
    filed.unwrap();
    world.deliver().await;
    world.pass(AGAIN_AFTER_S);
    for _ in 0..2 {
        world.requests.follow(world.now()).await.unwrap();
    }
    *world.clerk.away.lock().unwrap() = false;
    world.deliver().await;
    assert_eq!(world.clerk.orders().len(), 1);
    assert_eq!(state(&world, &me).await, State::Accepted);
    assert_eq!(world.told(&me).await.len(), 1);
}

/// The cases of what a person asked.
async fn about_late(world: &World, me: &Caller) -> Vec<Case> {
    let page = Page::new(None, None).unwrap();
    let own = world.requests.list(me, &page).await.unwrap().items;
    let mut view = snapshot(&*world.store).await.unwrap();
    let cases = view
        .cases()
        .about(own.first().unwrap().request_id.as_str())
        .await;
    cases.unwrap()
}

#[tokio::test]
async fn ln_20_staff_are_told_once_of_what_marketing_does_not_take_for_a_week() {
    let world = World::new().await;
    let me = world.person().await;
    *world.clerk.away.lock().unwrap() = true;
    let filed = world
        .requests
        .file(&me, &keyed("k"), &wish(Kind::IllegalUse))
        .await;
    let filed = filed.unwrap();
    hours(&world, 7 * 24 - 1).await;
    assert!(about_late(&world, &me).await.is_empty());
    hours(&world, 1).await;
    let cases = about_late(&world, &me).await;
    assert_eq!(cases.len(), 1);
    assert_eq!(cases[0].kind, CaseKind::ServiceRequest);
    assert_eq!(
        cases[0].cause,
        format!("requests:{}:late", filed.request_id)
    );
    let facts = r#"{"kind":"illegal_use","what":"not_at_marketing"}"#;
    assert_eq!(cases[0].facts, facts);
    hours(&world, 8 * 24).await;
    assert_eq!(about_late(&world, &me).await.len(), 1, "once");
    *world.clerk.away.lock().unwrap() = false;
    hours(&world, 7 * 24).await;
    assert_eq!(state(&world, &me).await, State::Accepted);
    assert_eq!(world.clerk.orders().len(), 1);
}

#[tokio::test]
async fn ln_20_the_case_of_a_wrong_payment_names_the_payment() {
    let world = World::new().await;
    let me = world.person().await;
    let payment: PaymentId = world.id();
    let wrong = Wish {
        payment_id: Some(payment.clone()),
        ..wish(Kind::WrongPayment)
    };
    world.requests.file(&me, &keyed("k"), &wrong).await.unwrap();
    let cases = about_late(&world, &me).await;
    assert_eq!(cases.len(), 1);
    let facts = format!(r#"{{"kind":"wrong_payment","payment_id":"{payment}"}}"#);
    assert_eq!(cases[0].facts, facts);
    assert_eq!(cases[0].line_of(), payment.as_str());
}

/// An application that two persons let through; its row of the outbox was given up.
async fn admitted(world: &World, me: &Caller) {
    let letter = r#"{"text": "新房装表", "place": "示例路 8 号"}"#;
    let request = Request {
        request_id: world.id(),
        account_id: me.account_id.clone(),
        kind: Kind::NewUser,
        state: State::Filed,
        letter: serde_json::from_str(letter).unwrap(),
        anonymous: false,
        binding_id: None,
        payment_id: None,
        order_no: None,
        check: Some(Check::Admitted),
        client_key: "k".into(),
        fingerprint: "f".into(),
        filed_at: world.now(),
        moved_at: world.now(),
        next_at: Some(world.now()),
        version: 1,
    };
    atomically(&*world.store, async |tx: &mut Tx| {
        tx.requests().add(&request).await
    })
    .await
    .unwrap();
}

async fn change(world: &World, me: &Caller, change: impl FnOnce(&mut Account) + Clone) {
    atomically(&*world.store, async |tx: &mut Tx| {
        let mut account = tx.accounts().find(&me.account_id).await?.unwrap();
        change.clone()(&mut account);
        tx.accounts().save(&account).await
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn ec_20_an_application_of_somebody_certified_no_more_is_declined_and_told_of() {
    let world = World::new().await;
    let me = world.person().await;
    admitted(&world, &me).await;
    hours(&world, 1).await;
    assert_eq!(state(&world, &me).await, State::Declined);
    assert!(world.clerk.orders().is_empty());
    let told = world.told(&me).await;
    assert_eq!(told.len(), 1);
    let words = Words::of(&told[0].told);
    assert!(
        words.body.contains("新装用电申请") && words.body.contains("未予受理"),
        "{}",
        words.body
    );
    // What has ended goes nowhere again.
    hours(&world, 8 * 24).await;
    assert_eq!(world.told(&me).await.len(), 1);
    assert!(about_late(&world, &me).await.is_empty());
}

#[tokio::test]
async fn ec_20_an_application_opens_whom_its_account_became() {
    let world = World::new().await;
    let (me, other) = (world.person().await, world.person().await);
    admitted(&world, &me).await;
    let (now, into) = (world.now(), other.account_id.clone());
    change(&world, &other, |account| {
        account.real_name = Some(RealName {
            name: PersonName::parse("李明").unwrap(),
            id_no: IdNo::parse("150499199001010014").unwrap(),
            certified_by: CertifiedBy::Face,
            certified_at: now,
        });
        account.phone = Some(VerifiedPhone {
            number: Phone::parse("19000000001").unwrap(),
            verified_at: now,
            chosen: true,
        });
    })
    .await;
    change(&world, &me, |account| account.merged = Some((into, now))).await;
    hours(&world, 1).await;
    let orders = world.clerk.orders();
    assert_eq!(orders.len(), 1);
    let applicant = orders[0].applicant.as_ref().unwrap();
    assert_eq!(applicant.name.expose(), "李明");
    assert_eq!(state(&world, &other).await, State::Accepted);
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
        file(&me, changed.clone()).await,
        Err(RequestError::KeyReused { field: "body" })
    ));
    let otherwise = |change: fn(&mut Wish)| {
        let mut other = wish(Kind::Feedback);
        change(&mut other);
        other
    };
    for (name, other) in [
        ("kind", wish(Kind::IllegalUse)),
        ("text", otherwise(|wish| wish.text.push('。'))),
        ("place", otherwise(|wish| wish.place = None)),
    ] {
        let refused = world.requests.file(&me, &changed, &other).await;
        let Err(RequestError::KeyReused { field }) = refused else {
            panic!("{name} was not refused");
        };
        assert_eq!(field, name);
    }
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
