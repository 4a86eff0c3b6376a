//! A notice leaves by SMS for those who agreed, once, however often it has to be tried.

use lifeline_core::outbox::relay::{Deliver as _, Delivery, pause_s};
use lifeline_core::shared::ids::EventId;
use lifeline_core::store::snapshot;

use crate::world::{Mood, PHONE, World};

#[tokio::test]
async fn c4_who_did_not_agree_is_told_in_the_app_only() {
    let world = World::new().await;
    let me = world.person(Some(PHONE)).await;
    world.publish(&world.posted(&me)).await;
    assert_eq!(world.deliver().await, 1, "no SMS row was written");
    assert_eq!(world.inbox(&me).await.0.len(), 1);
    assert!(world.platform.requests().is_empty());
}

#[tokio::test]
async fn c4_who_agreed_to_other_words_is_told_in_the_app_only() {
    let world = World::new().await;
    let me = world.person(Some(PHONE)).await;
    world.agree(&me, "digest of older words").await;
    world.publish(&world.posted(&me)).await;
    world.deliver().await;
    assert_eq!(world.inbox(&me).await.0.len(), 1);
    assert!(world.platform.requests().is_empty());
}

#[tokio::test]
async fn c4_who_took_consent_back_is_told_in_the_app_only() {
    let world = World::new().await;
    let me = world.agreeing().await;
    world.withdraw(&me).await;
    world.publish(&world.posted(&me)).await;
    assert_eq!(world.deliver().await, 1);
    assert_eq!(world.inbox(&me).await.0.len(), 1);
    assert!(world.platform.requests().is_empty());
}

#[tokio::test]
async fn c4_consent_taken_back_while_the_sms_waits_stops_it() {
    let world = World::new().await;
    let me = world.agreeing().await;
    world.platform.feels(Mood::Away);
    world.publish(&world.posted(&me)).await;
    world.deliver().await;
    assert_eq!(world.backlog().await, 1, "the SMS waits");
    world.withdraw(&me).await;
    world.platform.feels(Mood::Well);
    world.clock.advance(pause_s(1));
    assert_eq!(world.deliver().await, 1);
    assert_eq!(world.backlog().await, 0);
    assert!(world.platform.requests().is_empty());
    assert_eq!(world.inbox(&me).await.0[0].texted_at, None);
}

#[tokio::test]
async fn without_a_verified_phone_the_app_is_enough() {
    let world = World::new().await;
    let me = world.agreeing().await;
    world.move_phone(&me, None).await;
    world.publish(&world.posted(&me)).await;
    world.deliver().await;
    assert_eq!(world.backlog().await, 0);
    assert_eq!(world.inbox(&me).await.0.len(), 1);
    assert!(world.platform.requests().is_empty());
}

#[tokio::test]
async fn ln_48_the_sms_goes_to_the_phone_that_is_ones_own_when_it_leaves() {
    let world = World::new().await;
    let me = world.agreeing().await;
    world.platform.feels(Mood::Away);
    world.publish(&world.posted(&me)).await;
    world.deliver().await;
    world.move_phone(&me, Some("19000000002")).await;
    world.platform.feels(Mood::Well);
    world.clock.advance(pause_s(1));
    world.deliver().await;
    assert!(world.platform.on_phone(PHONE).is_empty());
    assert_eq!(world.platform.on_phone("19000000002").len(), 1);
}

#[tokio::test]
async fn a_platform_that_is_away_delays_the_sms_and_nothing_else() {
    let world = World::new().await;
    let me = world.agreeing().await;
    world.platform.feels(Mood::Away);
    world.publish(&world.posted(&me)).await;
    world.deliver().await;
    assert_eq!(world.inbox(&me).await.0.len(), 1, "in the app at once");
    world.publish(&world.refunded(&me)).await;
    world.deliver().await;
    assert_eq!(world.inbox(&me).await.0.len(), 2);
    world.platform.feels(Mood::Well);
    world.clock.advance(pause_s(1));
    world.deliver().await;
    assert_eq!(world.platform.on_phone(PHONE).len(), 2);
    assert_eq!(world.backlog().await, 0);
}

#[tokio::test]
async fn a_lost_answer_leads_to_the_same_message_again() {
    let world = World::new().await;
    let me = world.agreeing().await;
    world.platform.feels(Mood::AnswerLost);
    world.publish(&world.posted(&me)).await;
    world.deliver().await;
    world.clock.advance(pause_s(1));
    world.platform.feels(Mood::Well);
    world.deliver().await;
    let requests = world.platform.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0], requests[1], "the platform knows it by its id");
    assert_eq!(world.platform.on_phone(PHONE).len(), 1);
}

#[tokio::test]
async fn an_sms_row_delivered_again_sends_nothing_again() {
    let world = World::new().await;
    let me = world.agreeing().await;
    world.publish(&world.posted(&me)).await;
    let news = world.claim().await;
    assert_eq!(world.notices.deliver(&news[0]).await, Delivery::Done);
    let text = world.claim().await;
    assert_eq!(text.len(), 1);
    for _ in 0..3 {
        assert_eq!(world.notices.deliver(&text[0]).await, Delivery::Done);
    }
    let requests = world.platform.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].message_id, text[0].event.event_id.as_str());
}

#[tokio::test]
async fn a_refused_signature_waits_for_an_operator() {
    let world = World::new().await;
    let me = world.agreeing().await;
    world.platform.feels(Mood::Alarmed);
    world.publish(&world.posted(&me)).await;
    let news = world.claim().await;
    world.notices.deliver(&news[0]).await;
    let text = world.claim().await;
    assert_eq!(
        world.notices.deliver(&text[0]).await,
        Delivery::Again {
            reason: "sms_platform_needs_an_operator"
        }
    );
    world.platform.feels(Mood::Well);
    assert_eq!(world.notices.deliver(&text[0]).await, Delivery::Done);
    assert_eq!(world.platform.on_phone(PHONE).len(), 1);
}

#[tokio::test]
async fn the_row_on_its_way_names_the_notice_and_no_person() {
    let world = World::new().await;
    let me = world.agreeing().await;
    world.publish(&world.posted(&me)).await;
    let news = world.claim().await;
    world.notices.deliver(&news[0]).await;
    let text = &world.claim().await[0].event;
    for private in [PHONE, "0017", "8520"] {
        let body: serde_json::Value = serde_json::from_str(&text.body).unwrap();
        let told = body.as_object().unwrap().values();
        assert!(told.clone().all(|value| value != private), "{private}");
        assert_eq!(told.count(), 2, "{}", text.body);
    }
    assert_eq!(text.trace_id, "trace-1", "one trace from tap to SMS");
    assert!(!text.money);
}

#[tokio::test]
async fn m3_9_what_became_of_a_message_is_kept_once_by_its_nonce() {
    let world = World::new().await;
    let me = world.agreeing().await;
    world.publish(&world.posted(&me)).await;
    world.deliver().await;
    let sent = world.platform.requests().remove(0);
    let message = EventId::parse(&sent.message_id).unwrap();
    let word = async |nonce: &str, delivered: bool| {
        let told = world
            .notices
            .reported(nonce, "{}", &message, delivered, "trace-word");
        told.await.unwrap()
    };
    assert!(word("a-nonce-of-theirs", false).await);
    assert!(!word("a-nonce-of-theirs", true).await, "said again");
    assert!(
        word("another-of-theirs", true).await,
        "another word, too late"
    );
    let mut view = snapshot(&*world.store).await.unwrap();
    let kept = view.notices().report(&message).await.unwrap().unwrap();
    assert!(!kept.delivered, "the first word stays");
}
