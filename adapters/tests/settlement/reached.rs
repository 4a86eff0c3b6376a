//! What settlement hears through the outbox, and what it says to the reviewer: when an owner counts as told,
//! that a review is called back, what a reject says.

use lifeline_core::outbox::relay::{Deliver as _, Delivery};
use lifeline_core::outbox::{Claimed, Event, Lane};
use lifeline_core::settlement::accounts::RowsOfTable as _;
use lifeline_core::settlement::check_task::RejectReason;
use lifeline_core::settlement::ids::CheckTaskId;
use lifeline_core::settlement::table_k::{State, Verdict};
use lifeline_core::settlement::{Feedback, MonthRows, Settlement};
use lifeline_core::shared::ids::{EventId, TypedId as _};
use lifeline_core::shared::time::Clock as _;

use crate::checking::{answer, sent};
use crate::store::{Place, start};
use crate::stories;
use crate::world::Outside;

stories! {
    pv_26_the_wait_begins_when_a_message_left;
    a_look_at_the_task_counts_as_told;
    whom_nothing_reached_gets_a_second_wait_and_then_a_person;
    newer_data_calls_the_review_back;
    what_a_reject_says_reaches_the_reviewer_and_goes_with_the_table;
}

fn claimed(outside: &Outside, kind: &str, body: String) -> Claimed {
    let now = outside.now();
    Claimed {
        event: Event {
            event_id: EventId::made("019aa2f0-0000-7000-8000-000000000009".to_owned()),
            kind: kind.to_owned(),
            ordering_key: "any".to_owned(),
            body,
            trace_id: "0af7651916cd43dd8448eb211c80319c".to_owned(),
            created_at: now,
            available_at: now,
            money: false,
            lane: Lane::Usual,
        },
        attempts: 0,
        lease_epoch: 1,
    }
}

async fn hand_over(app: &Settlement, outside: &Outside, about: &str) -> Delivery {
    let body = format!(r#"{{"about":"{about}"}}"#);
    app.deliver(&claimed(outside, "notices.handed_over", body))
        .await
}

/// The end of the wait as it stands now.
async fn wait_over(app: &Settlement, place: &Place, outside: &Outside, id: &CheckTaskId) {
    let ends = place.task(id).await.countdown.ends_at;
    outside.advance(ends.seconds_since(outside.now()));
    app.sweep_tasks().await.unwrap();
}

async fn pv_26_the_wait_begins_when_a_message_left(place: Place) {
    let outside = Outside::at(start());
    let (app, seller) = sent(&place, &outside, "10").await;
    let id = place.newest_task(&seller).await.check_task_id;
    outside.advance(7200);
    assert_eq!(hand_over(&app, &outside, id.as_str()).await, Delivery::Done);
    let told = place.task(&id).await;
    assert_eq!(told.countdown.began_at, outside.now());
    assert_eq!(told.pushed_at, Some(outside.now()));
    // The reminder's message begins nothing anew.
    outside.advance(7200);
    assert_eq!(hand_over(&app, &outside, id.as_str()).await, Delivery::Done);
    assert_eq!(place.task(&id).await, told);
    // Of a task nobody knows, or of none at all, there is nothing to do.
    let unknown = "019aa2f0-0000-7000-8000-00000000ffff";
    assert_eq!(hand_over(&app, &outside, unknown).await, Delivery::Done);
    let nonsense = hand_over(&app, &outside, "me").await;
    assert!(matches!(nonsense, Delivery::Never { .. }));
}

async fn a_look_at_the_task_counts_as_told(place: Place) {
    let outside = Outside::at(start());
    let (app, seller) = sent(&place, &outside, "10").await;
    let before = place.newest_task(&seller).await;
    outside.advance(60);
    answer(&app, &place, &seller, Feedback::View).await.unwrap();
    let after = place.newest_task(&seller).await;
    assert_eq!(after.countdown, before.countdown, "their time goes on");
    let id = after.check_task_id.clone();
    assert_eq!(hand_over(&app, &outside, id.as_str()).await, Delivery::Done);
    assert_eq!(place.task(&id).await.countdown, before.countdown);
    wait_over(&app, &place, &outside, &id).await;
    let over = place.task(&id).await;
    assert_eq!(
        (over.state, over.verdict),
        (State::Answered, Some(Verdict::Timeout))
    );
}

async fn whom_nothing_reached_gets_a_second_wait_and_then_a_person(place: Place) {
    let outside = Outside::at(start());
    let (app, seller) = sent(&place, &outside, "10").await;
    let id = place.newest_task(&seller).await.check_task_id;
    for _ in 0..2 {
        wait_over(&app, &place, &outside, &id).await;
        assert_eq!(place.task(&id).await.state, State::Open);
    }
    let cases = "SELECT COUNT(*) FROM case_file WHERE kind = 'settlement_review'";
    assert_eq!(place.number(cases).await, 1);
}

async fn newer_data_calls_the_review_back(place: Place) {
    let outside = Outside::at(start());
    let (app, seller) = sent(&place, &outside, "10").await;
    answer(&app, &place, &seller, Feedback::Reject)
        .await
        .unwrap();
    assert_eq!(outside.with(|world| world.reviews.len()), 1);
    outside.advance(60);
    outside.reads(&seller, "11");
    app.collect_all().await.unwrap();
    app.watch().await.unwrap();
    let newer = place.newest_task(&seller).await;
    assert_eq!((newer.state, newer.data_version), (State::Open, 2));
    let wanted = "SELECT COUNT(*) FROM outbox WHERE kind = 'settlement.review_recall'";
    assert_eq!(place.number(wanted).await, 1);
    let number = outside.with(|world| world.reviews.keys().next().unwrap().clone());
    let body = format!(r#"{{"review_no":"{number}"}}"#);
    let recall = claimed(&outside, "settlement.review_recall", body);
    assert_eq!(app.deliver(&recall).await, Delivery::Done);
    assert_eq!(outside.with(|world| world.reviews.len()), 0);
    assert_eq!(app.deliver(&recall).await, Delivery::Done, "again");
}

async fn what_a_reject_says_reaches_the_reviewer_and_goes_with_the_table(place: Place) {
    let outside = Outside::at(start());
    let (app, seller) = sent(&place, &outside, "10").await;
    let task = place.newest_task(&seller).await;
    let own = app
        .own_task(&seller.owner, &task.check_task_id)
        .await
        .unwrap();
    let said = RejectReason::parse("三号那天停电");
    let view = app.reject(&own, said.clone(), "").await.unwrap();
    assert_eq!(
        (view.task.state, &view.task.reason),
        (State::InReview, &said)
    );
    let heard = outside.with(|world| world.reviews.values().next().unwrap().0.reason.clone());
    assert_eq!(heard, said);
    let clear = "SELECT COUNT(*) FROM check_task WHERE reason LIKE '%停电%'";
    assert_eq!(place.number(clear).await, 0, "sealed at rest");
    place
        .write(async |tx| {
            MonthRows::default()
                .erase(tx, &seller.table, outside.now())
                .await
        })
        .await;
    let left = "SELECT COUNT(*) FROM check_task WHERE reason IS NOT NULL";
    assert_eq!(place.number(left).await, 0);
}
