//! What goes wrong between the meter and the answer.

use lifeline_core::cases::CaseKind;
use lifeline_core::settlement::Feedback;
use lifeline_core::settlement::flagged::{Examined, Flagged, Released};
use lifeline_core::settlement::readings::ReadingFault;
use lifeline_core::settlement::table_k::State;
use lifeline_core::shared::energy::Price;
use lifeline_core::shared::time::{Clock as _, Day};
use lifeline_core::store::snapshot;

use crate::checking::{answer, sent};
use crate::store::{Place, start};
use crate::stories;
use crate::world::{Outside, app, period, rules};

stories! {
    bad_readings_change_nothing;
    a_refused_month_is_released_once_the_head_end_is_right;
    price_gaps_and_overlaps_change_nothing;
    a_silent_reviewer_becomes_a_case;
    reminders_come_at_half_and_nine_tenths_once;
}

async fn bad_readings_change_nothing(place: Place) {
    let outside = Outside::at(start());
    let app = app(&place, &outside, rules());
    let seller = place.seller(&outside, 1).await;
    outside.reads(&seller, "-1");
    assert_eq!(app.collect_all().await.unwrap(), 0);
    outside.reads(&seller, "10");
    assert_eq!(app.collect_all().await.unwrap(), 1);
    outside.advance(-60);
    outside.reads(&seller, "12");
    outside.advance(60);
    assert_eq!(
        app.collect_all().await.unwrap(),
        0,
        "the head-end's clock went back"
    );
    assert_eq!(place.number("SELECT COUNT(*) FROM energy_version").await, 1);
    assert_eq!(
        place.number("SELECT COUNT(*) FROM case_file").await,
        1,
        "told once per month"
    );
    assert!(app.watch().await.unwrap() == 1);
}

/// EC-07, EC-18: seen again as often as anybody likes, released only when it can be, once.
async fn a_refused_month_is_released_once_the_head_end_is_right(place: Place) {
    let outside = Outside::at(start());
    let app = app(&place, &outside, rules());
    let seller = place.seller(&outside, 1).await;
    outside.reads(&seller, "-1");
    assert_eq!(app.collect_all().await.unwrap(), 0);
    assert_eq!(app.collect_all().await.unwrap(), 0);
    let cases = async || {
        let subject = format!("{}:{}", seller.table, period());
        let mut view = snapshot(&*place.store).await.unwrap();
        view.cases().about(&subject).await.unwrap()
    };
    let [case] = &cases().await[..] else {
        panic!("told once");
    };
    assert_eq!(case.kind, CaseKind::ReadingRefused);
    let flagged = Flagged::read(case).unwrap();
    assert_eq!(
        (&flagged.account, &flagged.table, &flagged.period),
        (&seller.account, &seller.table, &period())
    );
    let wrong = app.examine(&flagged).await.unwrap();
    assert!(
        matches!(wrong, Examined::Wrong(ReadingFault::Negative(_))),
        "{wrong:?}"
    );
    assert_eq!(app.release(&flagged).await.unwrap(), Released::StillWrong);
    assert!(place.tasks_of(&seller.owner).await.is_empty());
    outside.with(|world| world.readings.clear());
    assert_eq!(app.examine(&flagged).await.unwrap(), Examined::Nothing);
    assert_eq!(app.release(&flagged).await.unwrap(), Released::StillWrong);
    outside.reads(&seller, "10");
    let Examined::Right(month, amounts) = app.examine(&flagged).await.unwrap() else {
        panic!("it can be");
    };
    assert_eq!((month.gaps().len(), amounts.lines.is_empty()), (0, false));
    let kept = "SELECT COUNT(*) FROM energy_version";
    assert_eq!(place.number(kept).await, 0, "looking keeps nothing");
    for _ in 0..2 {
        assert_eq!(app.release(&flagged).await.unwrap(), Released::ToCheck);
    }
    assert_eq!(place.number(kept).await, 1);
    assert_eq!(place.tasks_of(&seller.owner).await.len(), 1);
    // Decided; a later refusal of the same month is told again.
    let id = case.case_id.clone();
    place
        .write(async |tx| tx.cases().close(&id, start()).await)
        .await;
    outside.reads(&seller, "-2");
    assert_eq!(app.collect_all().await.unwrap(), 0);
    assert_eq!(cases().await.len(), 2);
}

async fn price_gaps_and_overlaps_change_nothing(place: Place) {
    let outside = Outside::at(start());
    let app = app(&place, &outside, rules());
    let seller = place.seller(&outside, 1).await;
    outside.reads(&seller, "10");
    app.collect_all().await.unwrap();
    let good = outside.with(|world| world.published.clone());
    let mid = Day::parse("2026-10-16").unwrap();
    let mut overlap = good.clone();
    overlap.prices[1].slot = overlap.prices[0].slot;
    let mut gap = good.clone();
    gap.prices[0].until = Some(mid);
    let mut negative = good.clone();
    negative.prices[0].price = Price::from_scaled(-1);
    for bad in [overlap, gap, negative] {
        outside.with(|world| world.published = bad);
        assert_eq!(app.watch().await.unwrap(), 0);
        assert!(place.tasks_of(&seller.owner).await.is_empty());
    }
    outside.with(|world| world.published = good);
    assert_eq!(
        app.watch().await.unwrap(),
        1,
        "settled once the prices are right"
    );
}

async fn a_silent_reviewer_becomes_a_case(place: Place) {
    let outside = Outside::at(start());
    let (app, seller) = sent(&place, &outside, "10").await;
    outside.with(|world| world.is_silent = true);
    answer(&app, &place, &seller, Feedback::Reject)
        .await
        .unwrap();
    for _ in 0..31 {
        outside.advance(86_400);
        app.sweep_tasks().await.unwrap();
    }
    let id = place.newest_task(&seller).await.check_task_id;
    assert_eq!(place.task(&id).await.state, State::InReview);
    outside.with(|world| world.is_silent = false);
    outside.advance(86_400);
    app.sweep_tasks().await.unwrap();
    assert_eq!(
        outside.with(|world| world.reviews.len()),
        1,
        "handed over late, not lost"
    );
    outside.advance(86_400);
    app.sweep_tasks().await.unwrap();
    let mut view = snapshot(&*place.store).await.unwrap();
    let cases = view.cases().about(id.as_str()).await.unwrap();
    assert_eq!(
        cases.iter().map(|case| case.kind).collect::<Vec<_>>(),
        [CaseKind::SettlementReview]
    );
}

async fn reminders_come_at_half_and_nine_tenths_once(place: Place) {
    let outside = Outside::at(start());
    let (app, seller) = sent(&place, &outside, "10").await;
    let task = place.newest_task(&seller).await;
    let mut told = Vec::new();
    for percent in [49, 50, 89, 90, 99] {
        let at = task.countdown.at_percent(percent);
        outside.advance(at.seconds_since(outside.now()) + 1);
        app.sweep_tasks().await.unwrap();
        app.sweep_tasks().await.unwrap();
        let count = "SELECT COUNT(*) FROM outbox WHERE kind = 'settlement.check_task_reminder'";
        told.push(place.number(count).await);
    }
    assert_eq!(told, [0, 1, 1, 2, 2]);
}
