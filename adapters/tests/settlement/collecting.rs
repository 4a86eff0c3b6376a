//! Collection over several accounts: what goes wrong with one keeps no other from it, and is told.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use lifeline_core::cases::CaseKind;
use lifeline_core::jobs::runner::Task as _;
use lifeline_core::settlement::ids::GenerationNo;
use lifeline_core::settlement::jobs::CollectEarlier;
use lifeline_core::settlement::ports::HeadEnd;
use lifeline_core::settlement::readings::MonthReading;
use lifeline_core::settlement::{Feedback, Ports, Settlement};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::shared::period::Period;
use lifeline_core::shared::time::{Clock as _, Time};
use lifeline_core::store::snapshot;
use tokio::sync::Barrier;

use crate::checking::{answer, sent};
use crate::store::{Place, start};
use crate::stories;
use crate::watching::sellers;
use crate::world::{Outside, app, month, period, ports, rules};

stories! {
    an_account_that_cannot_be_collected_keeps_no_other_from_it;
    a_head_end_that_is_silent_about_one_account_is_told_after_three_days;
    a_head_end_that_is_away_is_one_case_and_not_one_of_each_account;
    a_month_that_is_there_is_asked_about_again_by_the_daily_look_only;
    a_month_that_is_there_is_nothing_to_be_silent_about;
    several_tables_are_asked_about_at_once_and_no_more_than_the_bound;
    a_month_with_a_gap_is_kept_told_and_settled_once_it_is_whole;
    a_correction_of_an_earlier_month_is_collected_and_its_difference_paid;
    a_month_the_head_end_had_late_is_collected_where_the_table_was_open;
}

async fn told(place: &Place, what: &str) -> i64 {
    let cause = format!("settlement:{what}:%");
    place
        .number(&format!(
            "SELECT COUNT(*) FROM case_file WHERE kind = 'payout_differs' AND cause LIKE '{cause}'"
        ))
        .await
}

async fn an_account_that_cannot_be_collected_keeps_no_other_from_it(place: Place) {
    let outside = Outside::at(start());
    let app = app(&place, &outside, rules());
    let sellers = sellers(&place, &outside, 3).await;
    assert_eq!(app.collect_all().await.unwrap(), 3);
    let first = &sellers[0].table;
    place
        .raw(&format!(
            "UPDATE energy_version SET days = 'x' WHERE table_id = '{first}'"
        ))
        .await
        .unwrap();
    outside.advance(60);
    for seller in &sellers {
        outside.reads(seller, "11");
    }
    assert_eq!(app.collect_all().await.unwrap(), 2, "the others' months");
    assert_eq!(told(&place, "collect_failed").await, 1);
    assert_eq!(app.collect_all().await.unwrap(), 0);
    assert_eq!(told(&place, "collect_failed").await, 1, "told once");
    let mut view = snapshot(&*place.store).await.unwrap();
    let cases = view.cases().about(&format!("{first}:{}", period())).await;
    let [case] = &cases.unwrap()[..] else {
        panic!("of this account's month");
    };
    assert_eq!(case.kind, CaseKind::PayoutDiffers);
}

async fn a_head_end_that_is_silent_about_one_account_is_told_after_three_days(place: Place) {
    let late = Time::parse_rfc3339("2026-11-03T23:59:59+08:00").unwrap();
    let outside = Outside::at(late);
    let app = app(&place, &outside, rules());
    let sellers = sellers(&place, &outside, 2).await;
    let number = sellers[0].number.clone();
    outside.with(|world| world.mute.insert(number.clone()));
    assert_eq!(app.collect_all().await.unwrap(), 1, "the other's month");
    assert_eq!(
        told(&place, "collect_unanswered").await,
        0,
        "it may still come"
    );
    outside.advance(1);
    for _ in 0..2 {
        assert_eq!(app.collect_all().await.unwrap(), 0);
        assert_eq!(told(&place, "collect_unanswered").await, 1);
    }
    outside.with(|world| world.mute.remove(&number));
    assert_eq!(app.collect_all().await.unwrap(), 1, "its turn comes again");
}

async fn a_head_end_that_is_away_is_one_case_and_not_one_of_each_account(place: Place) {
    let late = Time::parse_rfc3339("2026-11-04T00:00:00+08:00").unwrap();
    let outside = Outside::at(late);
    let app = app(&place, &outside, rules());
    let sellers = sellers(&place, &outside, 5).await;
    outside.with(|world| world.mute = sellers.iter().map(|one| one.number.clone()).collect());
    let turn = async |later: i64, cases: i64| {
        outside.advance(later);
        assert_eq!(app.collect_all().await.unwrap(), 0);
        assert_eq!(told(&place, "head_end_silent").await, cases);
        assert_eq!(told(&place, "collect_unanswered").await, 0);
    };
    turn(-1, 0).await;
    turn(1, 1).await;
    turn(3600, 1).await;
    let mut view = snapshot(&*place.store).await.unwrap();
    let cases = view.cases().about(period().as_str()).await.unwrap();
    drop(view);
    assert_eq!(cases.len(), 1, "of the month: {cases:?}");
    let now = outside.now().micros();
    let closed = format!("UPDATE case_file SET closed_at = {now} WHERE closed_at IS NULL");
    place.raw(&closed).await.unwrap();
    turn(86_399, 1).await;
    turn(1, 2).await;
    // It answers, but for one account.
    let number = &sellers[4].number;
    outside.with(|world| world.mute.retain(|one| one == number));
    assert_eq!(app.collect_all().await.unwrap(), 4);
    assert_eq!(told(&place, "head_end_silent").await, 2);
    assert_eq!(told(&place, "collect_unanswered").await, 1);
}

/// Tables that are asked about at once.
const AT_ONCE: usize = 3;

/// The head-end, which answers nobody before so many wait.
#[derive(Debug)]
struct Slow {
    outside: Outside,
    /// Who is asked about now, and the most there were at once.
    inside: Mutex<(usize, usize)>,
    all_wait: Barrier,
}

#[async_trait]
impl HeadEnd for Slow {
    async fn month(
        &self,
        number: &GenerationNo,
        period: &Period,
    ) -> Result<Option<MonthReading>, NoAnswer> {
        let step = |inside: usize| {
            let mut seen = self.inside.lock().unwrap();
            *seen = (inside, seen.1.max(inside));
        };
        let before = self.inside.lock().unwrap().0;
        step(before + 1);
        self.all_wait.wait().await;
        let after = self.inside.lock().unwrap().0;
        step(after - 1);
        self.outside.month(number, period).await
    }
}

/// The head-end, and how often it was asked.
#[derive(Debug)]
struct Counted {
    outside: Outside,
    asked: AtomicUsize,
}

#[async_trait]
impl HeadEnd for Counted {
    async fn month(
        &self,
        number: &GenerationNo,
        period: &Period,
    ) -> Result<Option<MonthReading>, NoAnswer> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.outside.month(number, period).await
    }
}

async fn a_month_that_is_there_is_asked_about_again_by_the_daily_look_only(place: Place) {
    let outside = Outside::at(start());
    let sellers = sellers(&place, &outside, 3).await;
    let late = format!("{}:{}", sellers[2].number, period());
    outside.with(|world| world.readings.remove(&late));
    let head_end = Arc::new(Counted {
        outside: outside.clone(),
        asked: AtomicUsize::new(0),
    });
    let ports = Ports {
        head_end: head_end.clone(),
        ..ports(place.store.clone(), &outside)
    };
    let app = Settlement::new(ports, rules());
    let hourly = async |new: usize, asked: usize| {
        outside.advance(3600);
        assert_eq!(app.collect_awaited().await.unwrap(), new);
        assert_eq!(head_end.asked.swap(0, Ordering::SeqCst), asked);
    };
    hourly(2, 3).await;
    hourly(0, 1).await;
    assert_eq!(app.watch().await.unwrap(), 2);
    // A meter that says nothing is no head-end that is away, though nobody else is asked about.
    let number = sellers[2].number.clone();
    outside.with(|world| world.mute.insert(number));
    hourly(0, 1).await;
    assert_eq!(told(&place, "collect_unanswered").await, 1);
    assert_eq!(told(&place, "head_end_silent").await, 0);
    outside.with(|world| world.mute.clear());
    outside.reads(&sellers[2], "10");
    hourly(1, 1).await;
    outside.reads(&sellers[0], "10.5");
    hourly(0, 0).await;
    let daily = CollectEarlier(app.clone());
    daily.run(outside.now()).await.unwrap();
    let first = &sellers[0].table;
    let newest = format!("SELECT MAX(data_version) FROM energy_version WHERE table_id = '{first}'");
    assert_eq!(place.number(&newest).await, 2, "the correction");
    assert_eq!(app.watch().await.unwrap(), 2);
    assert_eq!(place.newest_task(&sellers[0]).await.net, Fen::new(13_020));
}

async fn a_month_that_is_there_is_nothing_to_be_silent_about(place: Place) {
    let outside = Outside::at(start());
    let app = app(&place, &outside, rules());
    let sellers = sellers(&place, &outside, 3).await;
    let late = format!("{}:{}", sellers[2].number, period());
    outside.with(|world| world.readings.remove(&late));
    assert_eq!(app.collect_all().await.unwrap(), 2);
    assert_eq!(app.watch().await.unwrap(), 2);
    outside.advance(86_400);
    let daily = CollectEarlier(app.clone());
    let silent_about = async |count: usize| {
        outside.with(|world| {
            let numbers = sellers.iter().map(|one| one.number.clone());
            world.mute = numbers.take(count).collect();
        });
        daily.run(outside.now()).await.unwrap();
        (
            told(&place, "collect_unanswered").await,
            told(&place, "head_end_silent").await,
        )
    };
    assert_eq!(silent_about(1).await, (0, 0), "settled already");
    assert_eq!(silent_about(2).await, (0, 0), "both settled");
    assert_eq!(silent_about(3).await, (1, 0), "the one that is awaited");
}

async fn several_tables_are_asked_about_at_once_and_no_more_than_the_bound(place: Place) {
    let outside = Outside::at(start());
    sellers(&place, &outside, 4 * AT_ONCE).await;
    let slow = Arc::new(Slow {
        outside: outside.clone(),
        inside: Mutex::default(),
        all_wait: Barrier::new(AT_ONCE),
    });
    let ports = Ports {
        head_end: slow.clone(),
        ..ports(place.store.clone(), &outside)
    };
    let mut rules = rules();
    rules.watch.side_by_side = AT_ONCE;
    let app = Settlement::new(ports, rules);
    assert_eq!(app.collect_all().await.unwrap(), 4 * AT_ONCE);
    assert_eq!(*slow.inside.lock().unwrap(), (0, AT_ONCE));
}

async fn a_month_with_a_gap_is_kept_told_and_settled_once_it_is_whole(place: Place) {
    let outside = Outside::at(start());
    let app = app(&place, &outside, rules());
    let sellers = sellers(&place, &outside, 2).await;
    let key = format!("{}:{}", sellers[0].number, period());
    let mut holed = month(start(), "10");
    holed.days.remove(14);
    outside.with(|world| world.readings.insert(key, holed));
    assert_eq!(
        app.collect_all().await.unwrap(),
        2,
        "a gap is no zero and no refusal"
    );
    assert_eq!(app.watch().await.unwrap(), 1, "the whole month only");
    outside.advance(12 * 3600);
    assert_eq!(app.watch().await.unwrap(), 0);
    let mut view = snapshot(&*place.store).await.unwrap();
    let subject = format!("{}:{}:1", sellers[0].table, period());
    let cases = view.cases().about(&subject).await.unwrap();
    drop(view);
    let [case] = &cases[..] else {
        panic!("somebody is told that the month waits: {cases:?}");
    };
    assert!(
        case.facts.contains("days_missing"),
        "and why: {}",
        case.facts
    );
    outside.reads(&sellers[0], "10");
    assert_eq!(app.collect_all().await.unwrap(), 1);
    assert_eq!(app.watch().await.unwrap(), 1, "whole now");
}

fn at(text: &str) -> Time {
    Time::parse_rfc3339(&format!("{text}T10:00:00+08:00")).unwrap()
}

/// October is corrected in January, when it is the third month that is over.
async fn a_correction_of_an_earlier_month_is_collected_and_its_difference_paid(place: Place) {
    let outside = Outside::at(start());
    let (app, seller) = sent(&place, &outside, "10").await;
    let until = |text: &str| at(text).seconds_since(outside.now());
    let pay = async || {
        answer(&app, &place, &seller, Feedback::Confirm)
            .await
            .unwrap();
        app.sweep_trades().await.unwrap();
    };
    pay().await;
    outside.advance(until("2027-01-20"));
    assert_eq!(app.collect_earlier().await.unwrap(), 0, "nothing is new");
    outside.reads(&seller, "10.5");
    assert_eq!(app.collect_all().await.unwrap(), 0, "December only");
    assert_eq!(app.collect_earlier().await.unwrap(), 1);
    assert_eq!(app.collect_earlier().await.unwrap(), 0);
    assert_eq!(app.watch().await.unwrap(), 1);
    let task = place.newest_task(&seller).await;
    assert_eq!(
        (task.net, task.paid_before),
        (Fen::new(13_020), Fen::new(12_400))
    );
    pay().await;
    assert_eq!(outside.paid(), Fen::new(13_020));
    // The month after, nobody looks at October any more.
    outside.advance(until("2027-02-20"));
    outside.reads(&seller, "11");
    assert_eq!(app.collect_earlier().await.unwrap(), 0);
}

async fn a_month_the_head_end_had_late_is_collected_where_the_table_was_open(place: Place) {
    let outside = Outside::at(start());
    let app = app(&place, &outside, rules());
    let sellers = sellers(&place, &outside, 2).await;
    let later = at("2026-12-02");
    place
        .raw(&format!(
            "UPDATE personal_table SET opened_at = {} WHERE table_id = '{}'",
            later.micros(),
            sellers[1].table
        ))
        .await
        .unwrap();
    outside.advance(at("2026-12-20").seconds_since(outside.now()));
    for seller in &sellers {
        outside.reads(seller, "10");
    }
    assert_eq!(app.collect_all().await.unwrap(), 0, "November only");
    assert_eq!(app.collect_earlier().await.unwrap(), 1);
    let whose = place.word("SELECT table_id FROM energy_version").await;
    assert_eq!(whose, sellers[0].table.as_str());
}
