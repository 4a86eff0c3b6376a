//! What an owner said against a month's amount is there when they look again: when it was, in which words, and what
//! became of it (PV-25).

use lifeline_core::settlement::check_task::{RejectReason, Review, ReviewOutcome};
use lifeline_core::settlement::ids::CheckTaskId;
use lifeline_core::settlement::ports::ReviewAnswer;
use lifeline_core::settlement::{Feedback, Settlement, SettlementError, TaskView};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::time::Clock as _;

use crate::checking::{answer, sent};
use crate::store::{Place, start};
use crate::stories;
use crate::world::{Outside, Seller};

stories! {
    a_reject_is_shown_with_its_words_and_how_its_review_ended;
    a_review_that_newer_data_ended_is_no_correction;
    a_dispute_is_shown_until_it_was_looked_into_and_after;
}

const SAID: &str = "三号那天停电";

async fn seen(app: &Settlement, seller: &Seller, id: &CheckTaskId) -> TaskView {
    let own = app.own_task(&seller.owner, id).await.unwrap();
    app.look(&own).await.unwrap()
}

/// The owner rejects their newest task, and the reviewer says something of it.
async fn rejected(
    (app, place, outside): (&Settlement, &Place, &Outside),
    seller: &Seller,
    word: ReviewAnswer,
) -> (CheckTaskId, TaskView) {
    let id = place.newest_task(seller).await.check_task_id;
    let own = app.own_task(&seller.owner, &id).await.unwrap();
    let waits = app.reject(&own, RejectReason::parse(SAID), "").await;
    outside.with(|world| {
        for (_, said) in world.reviews.values_mut() {
            *said = word;
        }
    });
    (id, waits.unwrap())
}

fn words_of(view: &TaskView) -> Option<&str> {
    view.task.reason.as_ref().map(RejectReason::expose)
}

async fn a_reject_is_shown_with_its_words_and_how_its_review_ended(place: Place) {
    let outside = Outside::at(start());
    let (app, seller) = sent(&place, &outside, "10").await;
    let first = place.newest_task(&seller).await.check_task_id;
    assert_eq!(seen(&app, &seller, &first).await.task.review(), None);
    let all = (&app, &place, &outside);
    for (word, outcome) in [
        (
            ReviewAnswer::Corrected(Fen::new(12_345)),
            ReviewOutcome::Corrected,
        ),
        (ReviewAnswer::Upheld, ReviewOutcome::Upheld),
    ] {
        let asked_at = outside.now();
        let (id, waits) = rejected(all, &seller, word).await;
        let review = |outcome| Some(Review { asked_at, outcome });
        assert_eq!(waits.task.review(), review(ReviewOutcome::Waits));
        outside.advance(601);
        app.sweep_tasks().await.unwrap();
        let later = seen(&app, &seller, &id).await;
        assert_eq!(later.task.review(), review(outcome));
        assert_eq!(words_of(&later), Some(SAID));
        assert_eq!(later.dispute, None);
    }
}

async fn a_review_that_newer_data_ended_is_no_correction(place: Place) {
    let outside = Outside::at(start());
    let (app, seller) = sent(&place, &outside, "10").await;
    let all = (&app, &place, &outside);
    let (id, _) = rejected(all, &seller, ReviewAnswer::Pending).await;
    outside.advance(60);
    outside.reads(&seller, "11");
    assert_eq!(app.collect_all().await.unwrap(), 1);
    assert_eq!(app.watch().await.unwrap(), 1);
    let later = seen(&app, &seller, &id).await;
    let outcome = later.task.review().map(|review| review.outcome);
    assert_eq!(outcome, Some(ReviewOutcome::Recalled));
    assert_eq!(words_of(&later), Some(SAID));
}

async fn a_dispute_is_shown_until_it_was_looked_into_and_after(place: Place) {
    let outside = Outside::at(start());
    let (app, seller) = sent(&place, &outside, "10").await;
    answer(&app, &place, &seller, Feedback::Confirm)
        .await
        .unwrap();
    app.sweep_trades().await.unwrap();
    let id = place.newest_task(&seller).await.check_task_id;
    assert_eq!(seen(&app, &seller, &id).await.dispute, None);
    let mut last = None;
    for _ in 0..2 {
        outside.advance(60);
        let since = outside.now();
        let refused = answer(&app, &place, &seller, Feedback::Reject).await;
        assert!(matches!(refused, Err(SettlementError::Closed { .. })));
        let waits = seen(&app, &seller, &id).await.dispute.unwrap();
        assert_eq!((waits.since, waits.ended_at), (since, None));
        assert_ne!(last, Some(waits), "the newest");
        place
            .raw("UPDATE case_file SET closed_at = opened_at WHERE closed_at IS NULL")
            .await
            .unwrap();
        last = seen(&app, &seller, &id).await.dispute;
        assert_eq!(last.unwrap().ended_at, Some(since));
    }
}
