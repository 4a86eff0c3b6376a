//! A payout that cannot be read is set aside and told; what waits behind it leaves, and its own money stays. Check tasks
//! that cannot be read wait behind those that can.

use lifeline_core::cases::{Case, CaseKind};
use lifeline_core::settlement::ids::TradeTaskId;
use lifeline_core::settlement::trade_queue::Weights;
use lifeline_core::shared::money::Fen;
use lifeline_core::store::snapshot;

use crate::braked::{release, three};
use crate::store::{Place, start};
use crate::stories;
use crate::watching::sellers;
use crate::world::{Outside, app, rules};

stories! {
    a_payout_at_the_head_that_cannot_be_read_is_set_aside_and_the_next_leave;
    payouts_that_cannot_be_read_before_they_are_queued_are_told_once;
    a_change_of_weights_gives_places_to_what_cannot_be_read;
    a_batch_of_tasks_that_cannot_be_read_keeps_no_other_from_its_turn;
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
    tight.weights_version = 2;
    tight.weights = Weights::of(1, 0);
    let by_time = app(&place, &outside, tight);
    assert_eq!(by_time.rekey().await.unwrap(), 2);
}

/// As many as one sweep takes come first: those behind them have their turn in the next.
async fn a_batch_of_tasks_that_cannot_be_read_keeps_no_other_from_its_turn(place: Place) {
    let outside = Outside::at(start());
    let app = app(&place, &outside, rules());
    sellers(&place, &outside, 65).await;
    assert_eq!(app.collect_all().await.unwrap(), 65);
    assert_eq!(app.watch().await.unwrap(), 65);
    let last = "(SELECT MAX(check_task_id) FROM check_task)";
    let spoilt = format!("UPDATE check_task SET reason = 'x' WHERE check_task_id <> {last}");
    place.raw(&spoilt).await.unwrap();
    let told = async || {
        let told = "SELECT COUNT(*) FROM case_file WHERE kind = 'settlement_review' \
            AND cause LIKE 'settlement:task_unreadable:%'";
        place.number(told).await
    };
    let all_over = place.number("SELECT MAX(ends_at) FROM check_task").await;
    outside.advance((all_over - start().micros()) / 1_000_000 + 1);
    for worked in [64, 1, 0] {
        assert_eq!(app.sweep_tasks().await.unwrap(), worked);
    }
    let again = format!(
        "SELECT COUNT(*) FROM check_task WHERE check_task_id = {last} AND waited_again = 1"
    );
    assert_eq!(place.number(&again).await, 1, "its wait is over too");
    assert_eq!(told().await, 64);
    let a_day_later = async || {
        outside.advance(86_400);
        for _ in 0..2 {
            app.sweep_tasks().await.unwrap();
        }
    };
    a_day_later().await;
    assert_eq!(told().await, 64, "told once");

    // A case that was closed comes again as long as nothing is mended; then the task goes on by itself.
    let closed = "UPDATE case_file SET closed_at = opened_at WHERE closed_at IS NULL";
    place.raw(closed).await.unwrap();
    a_day_later().await;
    assert_eq!(told().await, 128);
    let mended = "UPDATE check_task SET reason = NULL WHERE reason = 'x'";
    place.raw(mended).await.unwrap();
    a_day_later().await;
    let waited = "SELECT COUNT(*) FROM check_task WHERE waited_again = 1";
    assert_eq!(place.number(waited).await, 65);
}
