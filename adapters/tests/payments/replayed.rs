//! Stored notices that somebody lets be worked once more: each is applied once, whoever does it.

use lifeline_core::inbox::{InboxState, Message};
use lifeline_core::payments::{Replayed, Standing, Worked};
use lifeline_core::shared::time::Clock as _;

use crate::books::HOME;
use crate::store::Place;
use crate::stories;
use crate::story::{Ordered, Story, arrears};

stories! {
    stored_notices_are_worked_once_more_and_applied_once;
    only_notices_since_a_time_are_worked;
}

async fn paid(s: &Story, who: &str, home: &str) -> Ordered {
    s.outside.owes(home, 12_840, "v1");
    let payer = s.person_of(who, home).await;
    let order = s
        .order(&payer, &arrears(&format!("key-{who}"), 12_840, "v1"))
        .await;
    assert!(s.outside.pay(&order.number));
    order
}

/// Stored, and the process that would work it died.
async fn stored(s: &Story, order: &Ordered, id: &str) {
    let raw = s.outside.notice(id, &order.number);
    s.app.receive(&raw, "trace").await.unwrap();
}

async fn stored_notices_are_worked_once_more_and_applied_once(place: Place) {
    let s = Story::at(place);
    let order = paid(&s, "li", HOME).await;
    stored(&s, &order, "n1").await;
    let old = Message {
        source: "alipay".to_owned(),
        message_id: "old".to_owned(),
        raw: "of another time".to_owned(),
        trace_id: "trace".to_owned(),
        received_at: s.outside.now(),
        state: InboxState::Received,
    };
    s.place
        .write(async |tx| tx.inbox().receive(&old).await.map(drop))
        .await;
    let replayed = s.app.replay(None).await.unwrap();
    let expected = Replayed {
        applied: 1,
        kept: 1,
        ..Replayed::default()
    };
    assert_eq!(replayed, expected);
    assert_eq!(s.app.work_notice("n1").await.unwrap(), Worked::Repeat);
    let again = s.app.replay(None).await.unwrap();
    assert_eq!((again.applied, again.kept), (0, 1), "nothing twice");
    s.sweep().await;
    assert_eq!(s.standing(&order.id).await, Standing::Posted);
    s.square();
    s.books_agree().await;
}

async fn only_notices_since_a_time_are_worked(place: Place) {
    let s = Story::at(place);
    let (early, late) = (
        paid(&s, "li", HOME).await,
        paid(&s, "wang", "1500000007777").await,
    );
    stored(&s, &early, "early").await;
    s.outside.advance(60);
    let since = s.outside.now();
    stored(&s, &late, "late").await;
    let replayed = s.app.replay(Some(since)).await.unwrap();
    assert_eq!(replayed.applied, 1);
    assert_eq!(s.app.work_notice("late").await.unwrap(), Worked::Repeat);
    let rest = s.app.replay(None).await.unwrap();
    assert_eq!(rest.applied, 1);
    assert_eq!(s.app.work_notice("early").await.unwrap(), Worked::Repeat);
    s.sweep().await;
    s.square();
}
