//! A payout that cannot be read is set aside and told; what waits behind it leaves, and its own money stays.

use lifeline_core::cases::{Case, CaseKind};
use lifeline_core::settlement::ids::TradeTaskId;
use lifeline_core::settlement::trade_queue::Weights;
use lifeline_core::shared::money::Fen;
use lifeline_core::store::snapshot;

use crate::braked::{release, three};
use crate::store::{Place, start};
use crate::stories;
use crate::world::{Outside, app, rules};

stories! {
    a_payout_at_the_head_that_cannot_be_read_is_set_aside_and_the_next_leave;
    payouts_that_cannot_be_read_before_they_are_queued_are_told_once;
    a_change_of_weights_gives_places_to_what_cannot_be_read;
}

/// As after its key was lost.
async fn spoil(place: &Place, id: &TradeTaskId) {
    let spoilt = format!("UPDATE trade_task SET payee = 'x' WHERE trade_task_id = '{id}'");
    place.raw(&spoilt).await.unwrap();
}

async fn about(place: &Place, id: &TradeTaskId) -> Vec<Case> {
    let mut view = snapshot(&*place.store).await.unwrap();
    view.cases().about(id.as_str()).await.unwrap()
}

/// Stands still as `state`, under no number.
async fn is_aside(place: &Place, id: &TradeTaskId, state: &str) -> bool {
    let aside = format!(
        "SELECT COUNT(*) FROM trade_task WHERE trade_task_id = '{id}' AND state = '{state}' \
         AND frozen = 1 AND payout_no IS NULL"
    );
    place.number(&aside).await == 1
}

async fn head(place: &Place) -> TradeTaskId {
    let mut view = snapshot(&*place.store).await.unwrap();
    view.settlement().first_queued().await.unwrap().unwrap()
}

async fn a_payout_at_the_head_that_cannot_be_read_is_set_aside_and_the_next_leave(place: Place) {
    let outside = Outside::at(start());
    let mut tight = rules();
    tight.brake_count = 1;
    let app = app(&place, &outside, tight);
    three(&app, &place, &outside).await;
    app.sweep_trades().await.unwrap();
    assert_eq!(outside.paid(), Fen::new(12_400), "the brake keeps two");
    let head = head(&place).await;
    spoil(&place, &head).await;
    outside.advance(60);
    release(&app, &place).await;
    app.sweep_trades().await.unwrap();
    assert_eq!(outside.paid(), Fen::new(24_800), "the one behind it left");
    assert!(is_aside(&place, &head, "QUEUED").await);
    let told = about(&place, &head).await;
    let [case] = &told[..] else {
        panic!("one case: {told:?}");
    };
    assert_eq!(case.kind, CaseKind::Contradiction);
    assert!(case.facts.contains("payout_unreadable"), "{}", case.facts);

    // Two persons cannot let go on, nor close, what nobody can read.
    assert!(!app.go_on(&head, "staff:b", "t").await.unwrap());
    assert!(app.stands_still(case).await.unwrap());
    outside.advance(2 * 86_400);
    app.sweep_trades().await.unwrap();
    assert_eq!(about(&place, &head).await.len(), 1, "told once");

    let mended = "UPDATE trade_task SET payee = NULL WHERE payee = 'x'";
    place.raw(mended).await.unwrap();
    assert!(app.go_on(&head, "staff:b", "t").await.unwrap());
    assert!(!app.stands_still(case).await.unwrap());
    app.sweep_trades().await.unwrap();
    assert_eq!(outside.paid(), Fen::new(37_200), "all three, each once");
}

async fn payouts_that_cannot_be_read_before_they_are_queued_are_told_once(place: Place) {
    let outside = Outside::at(start());
    let app = app(&place, &outside, rules());
    three(&app, &place, &outside).await;
    let first = place
        .word("SELECT MIN(trade_task_id) FROM trade_task")
        .await;
    let first = TradeTaskId::parse(&first).unwrap();
    spoil(&place, &first).await;
    for _ in 0..2 {
        app.sweep_trades().await.unwrap();
        assert_eq!(outside.paid(), Fen::new(24_800));
    }
    assert!(is_aside(&place, &first, "HELD").await);
    let due = async || {
        let mut view = snapshot(&*place.store).await.unwrap();
        let now = start().plus_seconds(86_399);
        view.settlement().due_trades(now, 9).await.unwrap()
    };
    assert!(due().await.is_empty(), "no turn is spent on it for a day");
    outside.advance(86_401);
    app.sweep_trades().await.unwrap();
    assert_eq!(about(&place, &first).await.len(), 1);
    assert_eq!(outside.paid(), Fen::new(24_800));
}

async fn a_change_of_weights_gives_places_to_what_cannot_be_read(place: Place) {
    let outside = Outside::at(start());
    let mut tight = rules();
    tight.brake_count = 1;
    let by_sum = app(&place, &outside, tight.clone());
    three(&by_sum, &place, &outside).await;
    by_sum.sweep_trades().await.unwrap();
    spoil(&place, &head(&place).await).await;
    tight.weights = Weights::of(1, 0);
    let by_time = app(&place, &outside, tight);
    assert_eq!(by_time.rekey().await.unwrap(), 2);
}
