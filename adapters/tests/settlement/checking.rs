//! From the meter to the owner's answer.

use lifeline_core::settlement::check_task::RejectReason;
use lifeline_core::settlement::ports::ReviewAnswer;
use lifeline_core::settlement::table_k::{State, Verdict};
use lifeline_core::settlement::{Feedback, Settlement, SettlementError};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::page::Page;
use lifeline_core::shared::time::Clock as _;
use lifeline_core::store::snapshot;

use crate::store::{Place, start};
use crate::stories;
use crate::world::{Outside, Seller, app, period, rules};

stories! {
    pv_14_a_month_is_collected_once_and_a_correction_is_a_version;
    pv_21_twelve_polls_of_one_update_make_one_task;
    pv_22_each_kind_of_feedback_does_what_it_says;
    pv_23_confirm_and_ignore_both_make_the_trade_task;
    pv_24_a_look_shows_the_table_and_answers_nothing;
    pv_25_a_reject_goes_to_the_reviewer_whose_word_counts;
    pv_26_the_end_of_the_wait_counts_as_ignore;
    a_correction_waits_for_newer_data;
    a_task_that_cannot_be_read_keeps_no_other_from_its_turn;
    newer_data_supersedes_what_is_pending;
    an_answer_is_undone_once_until_it_left;
    somebody_elses_task_is_not_found;
    an_erased_table_leaves_amounts_only;
}

pub(crate) async fn sent(place: &Place, outside: &Outside, peak: &str) -> (Settlement, Seller) {
    let app = app(place, outside, rules());
    let seller = place.seller(outside, 1).await;
    outside.reads(&seller, peak);
    assert_eq!(app.collect_all().await.unwrap(), 1);
    assert_eq!(app.watch().await.unwrap(), 1);
    (app, seller)
}

pub(crate) async fn answer(
    app: &Settlement,
    place: &Place,
    seller: &Seller,
    feedback: Feedback,
) -> Result<State, SettlementError> {
    let task = place.newest_task(seller).await;
    let own = app.own_task(&seller.owner, &task.check_task_id).await?;
    let view = app.feed_back(&own, feedback, "").await?;
    Ok(view.task.state)
}

async fn pv_14_a_month_is_collected_once_and_a_correction_is_a_version(place: Place) {
    let outside = Outside::at(start());
    let app = app(&place, &outside, rules());
    let seller = place.seller(&outside, 1).await;
    assert_eq!(
        app.collect_all().await.unwrap(),
        0,
        "the head-end has nothing yet"
    );
    outside.reads(&seller, "10");
    assert_eq!(app.collect_all().await.unwrap(), 1);
    assert_eq!(
        app.collect_all().await.unwrap(),
        0,
        "the same readings are no news"
    );
    outside.advance(60);
    outside.reads(&seller, "11");
    assert_eq!(app.collect_all().await.unwrap(), 1);
    let mut view = snapshot(&*place.store).await.unwrap();
    let newest = view
        .settlement()
        .newest_energy(&seller.table, &period())
        .await
        .unwrap()
        .unwrap();
    assert_eq!((newest.data_version, newest.updated_at), (2, outside.now()));
    let collected = place
        .number("SELECT COUNT(*) FROM energy_version WHERE state = 'overtaken'")
        .await;
    assert_eq!(collected, 1, "the older one is kept");
    let stored = place
        .number("SELECT COUNT(*) FROM energy_version WHERE days = ''")
        .await;
    assert_eq!(stored, 0);
}

async fn pv_21_twelve_polls_of_one_update_make_one_task(place: Place) {
    let outside = Outside::at(start());
    let (app, seller) = sent(&place, &outside, "10").await;
    for _ in 0..11 {
        outside.advance(3600);
        assert_eq!(app.watch().await.unwrap(), 0);
    }
    let tasks = place.tasks_of(&seller.owner).await;
    assert_eq!(tasks.len(), 1);
    assert_eq!(
        (tasks[0].state, tasks[0].net),
        (State::Open, Fen::new(12_400))
    );
    let events = place
        .number("SELECT COUNT(*) FROM outbox WHERE kind = 'settlement.check_task_sent'")
        .await;
    assert_eq!(events, 1);
}

async fn pv_22_each_kind_of_feedback_does_what_it_says(place: Place) {
    for (nth, (feedback, state)) in [
        (Feedback::Confirm, State::Answered),
        (Feedback::Ignore, State::Answered),
        (Feedback::View, State::Open),
        (Feedback::Reject, State::InReview),
    ]
    .into_iter()
    .enumerate()
    {
        let outside = Outside::at(start());
        let app = app(&place, &outside, rules());
        outside.fill_differently(nth);
        let seller = place.seller(&outside, nth).await;
        outside.reads(&seller, "10");
        app.collect(&seller.account, &seller.table, &period())
            .await
            .unwrap();
        app.watch().await.unwrap();
        assert_eq!(
            answer(&app, &place, &seller, feedback).await.unwrap(),
            state
        );
    }
}

async fn pv_23_confirm_and_ignore_both_make_the_trade_task(place: Place) {
    for (nth, feedback) in [Feedback::Confirm, Feedback::Ignore]
        .into_iter()
        .enumerate()
    {
        let outside = Outside::at(start());
        outside.fill_differently(nth);
        let app = app(&place, &outside, rules());
        let seller = place.seller(&outside, nth).await;
        outside.reads(&seller, "10");
        app.collect(&seller.account, &seller.table, &period())
            .await
            .unwrap();
        app.watch().await.unwrap();
        answer(&app, &place, &seller, feedback).await.unwrap();
        let again = answer(&app, &place, &seller, feedback).await.unwrap();
        assert_eq!(again, State::Answered, "the stored answer");
        let other = [Feedback::Ignore, Feedback::Confirm][nth];
        let refused = answer(&app, &place, &seller, other).await;
        assert!(
            matches!(refused, Err(SettlementError::UndoFirst)),
            "{refused:?}"
        );
        let task = place.newest_task(&seller).await;
        let trade = place.trade_of(&task.check_task_id).await.unwrap();
        assert_eq!(trade.amount, Fen::new(12_400));
    }
}

async fn pv_24_a_look_shows_the_table_and_answers_nothing(place: Place) {
    let outside = Outside::at(start());
    let (app, seller) = sent(&place, &outside, "10").await;
    let before = place.newest_task(&seller).await;
    let own = app
        .own_task(&seller.owner, &before.check_task_id)
        .await
        .unwrap();
    outside.advance(3600);
    let view = app.feed_back(&own, Feedback::View, "").await.unwrap();
    let lines = view.energy.unwrap().settled.unwrap().amounts.lines;
    let formulas: Vec<String> = lines.iter().map(|line| line.formula()).collect();
    let expected = [
        "310 kWh x 0.3 yuan/kWh = 93.00 yuan",
        "155 kWh x 0.2 yuan/kWh = 31.00 yuan",
    ];
    assert_eq!(formulas, expected);
    let after = place.newest_task(&seller).await;
    assert_eq!(
        (after.state, after.countdown, after.verdict, after.next_at),
        (State::Open, before.countdown, None, before.next_at),
        "the timer is not reset"
    );
}

async fn pv_25_a_reject_goes_to_the_reviewer_whose_word_counts(place: Place) {
    let outside = Outside::at(start());
    let (app, seller) = sent(&place, &outside, "10").await;
    answer(&app, &place, &seller, Feedback::Reject)
        .await
        .unwrap();
    let (number, request) = outside.with(|world| {
        let (number, (request, _)) = world.reviews.iter().next().unwrap();
        (number.clone(), request.clone())
    });
    assert_eq!(
        (request.net, request.energy.lines().count()),
        (Fen::new(12_400), 62)
    );
    // Each part of each day, generated and fed in.
    for (line, says) in request.energy.lines().zip([
        "2026-10-01 peak 10 10",
        "2026-10-01 valley 5 5",
        "2026-10-02 peak 10 10",
    ]) {
        assert_eq!(line, says);
    }
    // CORRECTED: a new amount, a new task.
    outside.with(|world| {
        world.reviews.get_mut(&number).unwrap().1 = ReviewAnswer::Corrected(Fen::new(12_345));
    });
    outside.advance(60);
    app.sweep_tasks().await.unwrap();
    let newer = place.newest_task(&seller).await;
    assert_eq!(
        (newer.state, newer.net, newer.data_version),
        (State::Open, Fen::new(12_345), 2)
    );
    // UPHELD: to the trade task, and no undo.
    answer(&app, &place, &seller, Feedback::Reject)
        .await
        .unwrap();
    outside.with(|world| {
        for (_, answer) in world
            .reviews
            .values_mut()
            .filter(|(_, a)| *a == ReviewAnswer::Pending)
        {
            *answer = ReviewAnswer::Upheld;
        }
    });
    outside.advance(60);
    app.sweep_tasks().await.unwrap();
    let upheld = place.newest_task(&seller).await;
    assert_eq!(
        (upheld.state, upheld.verdict),
        (State::Answered, Some(Verdict::Upheld))
    );
    let own = app
        .own_task(&seller.owner, &upheld.check_task_id)
        .await
        .unwrap();
    let undone = app.undo(&own, "").await;
    assert!(matches!(undone, Err(SettlementError::NothingToUndo)));
    app.sweep_trades().await.unwrap();
    assert_eq!(
        outside.paid(),
        Fen::new(12_345),
        "the reviewer's amount passes the gate"
    );
}

async fn pv_26_the_end_of_the_wait_counts_as_ignore(place: Place) {
    let outside = Outside::at(start());
    let (app, seller) = sent(&place, &outside, "10").await;
    let id = place.newest_task(&seller).await.check_task_id;
    outside.advance(600);
    app.pushed(&id).await.unwrap();
    let task = place.task(&id).await;
    assert_eq!(
        task.countdown.began_at,
        outside.now(),
        "the time begins with the first push"
    );
    let wait = task.countdown.ends_at.seconds_since(outside.now());
    outside.advance(wait - 1);
    app.sweep_tasks().await.unwrap();
    assert_eq!(place.task(&id).await.state, State::Open);
    outside.advance(1);
    app.sweep_tasks().await.unwrap();
    let task = place.task(&id).await;
    assert_eq!(
        (task.state, task.verdict),
        (State::Answered, Some(Verdict::Timeout))
    );
    assert!(place.trade_of(&id).await.is_some());
}

/// The reviewer's word is about figures that are collected anew already: it counts for nothing, and stops nobody.
async fn a_correction_waits_for_newer_data(place: Place) {
    let outside = Outside::at(start());
    let (app, seller) = sent(&place, &outside, "10").await;
    answer(&app, &place, &seller, Feedback::Reject)
        .await
        .unwrap();
    let first = place.newest_task(&seller).await.check_task_id;
    outside.with(|world| {
        for (_, answer) in world.reviews.values_mut() {
            *answer = ReviewAnswer::Corrected(Fen::new(12_345));
        }
    });
    outside.advance(60);
    outside.reads(&seller, "11");
    assert_eq!(app.collect_all().await.unwrap(), 1);
    app.sweep_tasks().await.unwrap();
    assert_eq!(place.task(&first).await.state, State::InReview);
    assert_eq!(app.watch().await.unwrap(), 1);
    assert_eq!(place.task(&first).await.state, State::Superseded);
    let newest = place.newest_task(&seller).await;
    assert_eq!(
        (newest.state, newest.net),
        (State::Open, Fen::new(13_640)),
        "the newer data, not the reviewer's sum of the older"
    );
}

async fn a_task_that_cannot_be_read_keeps_no_other_from_its_turn(place: Place) {
    let outside = Outside::at(start());
    let (app, seller) = sent(&place, &outside, "10").await;
    let id = place.newest_task(&seller).await.check_task_id;
    let own = app.own_task(&seller.owner, &id).await.unwrap();
    let said = RejectReason::parse("三号那天停电");
    app.reject(&own, said, "").await.unwrap();
    let other = place.seller(&outside, 2).await;
    outside.reads(&other, "10");
    assert_eq!(app.collect_all().await.unwrap(), 1);
    assert_eq!(app.watch().await.unwrap(), 1);
    let waits = place.newest_task(&other).await.check_task_id;
    app.pushed(&waits).await.unwrap();
    place
        .raw("UPDATE check_task SET reason = 'x' WHERE reason IS NOT NULL")
        .await
        .unwrap();
    outside.advance(4 * 86_400);
    app.sweep_tasks().await.unwrap();
    let over = place.task(&waits).await;
    assert_eq!(
        (over.state, over.verdict),
        (State::Answered, Some(Verdict::Timeout))
    );
}

async fn newer_data_supersedes_what_is_pending(place: Place) {
    let outside = Outside::at(start());
    let (app, seller) = sent(&place, &outside, "10").await;
    let old = place.newest_task(&seller).await.check_task_id;
    answer(&app, &place, &seller, Feedback::Confirm)
        .await
        .unwrap();
    outside.advance(60);
    outside.reads(&seller, "20");
    assert_eq!(app.collect_all().await.unwrap(), 1);
    assert_eq!(app.watch().await.unwrap(), 1);
    let newer = place.newest_task(&seller).await;
    assert_eq!((newer.data_version, newer.net), (2, Fen::new(24_800)));
    assert_eq!(place.task(&old).await.state, State::Superseded);
    assert_eq!(
        place.trade_of(&old).await,
        None,
        "its trade task is withdrawn"
    );
    let own = app.own_task(&seller.owner, &old).await.unwrap();
    let late = app.feed_back(&own, Feedback::Confirm, "").await;
    let Err(SettlementError::Closed { newer: Some(named) }) = late else {
        panic!("{late:?}");
    };
    assert_eq!(named, newer.check_task_id);
}

async fn an_answer_is_undone_once_until_it_left(place: Place) {
    let outside = Outside::at(start());
    let (app, seller) = sent(&place, &outside, "10").await;
    answer(&app, &place, &seller, Feedback::Confirm)
        .await
        .unwrap();
    let id = place.newest_task(&seller).await.check_task_id;
    let own = app.own_task(&seller.owner, &id).await.unwrap();
    let view = app.undo(&own, "").await.unwrap();
    assert_eq!((view.task.state, view.trade), (State::Open, None));
    answer(&app, &place, &seller, Feedback::Ignore)
        .await
        .unwrap();
    let twice = app.undo(&own, "").await;
    assert!(matches!(twice, Err(SettlementError::NothingToUndo)));
    app.sweep_trades().await.unwrap();
    assert_eq!(outside.paid(), Fen::new(12_400));
    let late = app.undo(&own, "").await;
    assert!(
        matches!(late, Err(SettlementError::Closed { .. })),
        "{late:?}"
    );
}

async fn somebody_elses_task_is_not_found(place: Place) {
    let outside = Outside::at(start());
    let (app, seller) = sent(&place, &outside, "10").await;
    let stranger = place.seller(&outside, 2).await;
    let id = place.newest_task(&seller).await.check_task_id;
    let own = app.own_task(&stranger.owner, &id).await;
    assert!(matches!(own, Err(SettlementError::NotFound)));
    assert!(place.tasks_of(&stranger.owner).await.is_empty());
    // After the cooperation its own owner finds it no more either (PV-12).
    place
        .raw(&format!(
            "UPDATE generation_account SET state = 'terminated', ended_at = 1, next_at = NULL, generation_no = NULL, \
             generation_index = NULL WHERE generation_account_id = '{}'",
            seller.account
        ))
        .await
        .unwrap();
    assert!(app.own_task(&seller.owner, &id).await.is_err());
    let page = Page::new(None, None).unwrap();
    let listed = app.tasks(&seller.owner, &page).await.unwrap();
    assert!(listed.items.is_empty(), "nor in the list");
}

async fn an_erased_table_leaves_amounts_only(place: Place) {
    let outside = Outside::at(start());
    let (app, seller) = sent(&place, &outside, "10").await;
    answer(&app, &place, &seller, Feedback::Confirm)
        .await
        .unwrap();
    place
        .write(async |tx| {
            tx.settlement().erase_rows(&seller.table).await?;
            tx.generation()
                .erase_table(&seller.table, outside.now())
                .await
        })
        .await;
    let mut view = snapshot(&*place.store).await.unwrap();
    let energy = view
        .settlement()
        .newest_energy(&seller.table, &period())
        .await
        .unwrap();
    assert_eq!(energy, None);
    let net = place.number("SELECT net_fen FROM energy_version").await;
    assert_eq!(net, 12_400, "what the books need stays");
    drop(view);
    app.sweep_trades().await.unwrap();
    assert_eq!(outside.paid(), Fen::ZERO, "nothing is paid to nobody");
}
