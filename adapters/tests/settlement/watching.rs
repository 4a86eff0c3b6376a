//! The watch over many tables.

use lifeline_core::cases::{Case, CaseKind};
use lifeline_core::settlement::ports::Stretch;
use lifeline_core::settlement::table_k::State;
use lifeline_core::settlement::{Settlement, SettlementError};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::time::{Clock as _, Day};
use lifeline_core::store::snapshot;

use crate::store::{Place, start};
use crate::stories;
use crate::world::{Outside, Seller, app, month, period, rules};

stories! {
    one_poll_settles_every_table;
    what_cannot_be_settled_holds_up_nothing_behind_it;
    a_month_that_was_missed_is_told_again_while_it_is;
    two_persons_have_a_missed_month_settled;
    prices_that_were_away_for_longer_than_the_threshold_miss_no_month;
    prices_that_are_published_late_miss_no_month;
    prices_that_do_not_come_are_told_once_of_their_month;
    a_month_that_is_not_settled_once_prices_are_back_is_missed_in_its_time;
    two_nodes_and_two_stretches_settle_each_month_once;
}

pub(crate) async fn sellers(place: &Place, outside: &Outside, count: usize) -> Vec<Seller> {
    let mut made = Vec::new();
    for nth in 0..count {
        let seller = place.seller(outside, nth).await;
        outside.reads(&seller, "10");
        made.push(seller);
    }
    made.sort_by(|one, other| one.table.cmp(&other.table));
    made
}

const TASKS: &str = "SELECT COUNT(*) FROM check_task";

/// More than one page, and more than the watch once took in an hour.
async fn one_poll_settles_every_table(place: Place) {
    let outside = Outside::at(start());
    let app = app(&place, &outside, rules());
    sellers(&place, &outside, 501).await;
    assert_eq!(app.collect_all().await.unwrap(), 501);
    assert_eq!(app.watch().await.unwrap(), 501);
    assert_eq!(place.number(TASKS).await, 501);
    for (what, query) in [
        (
            "events",
            "SELECT COUNT(*) FROM outbox WHERE kind = 'settlement.check_task_sent'",
        ),
        (
            "evidence",
            "SELECT COUNT(*) FROM evidence_entry WHERE kind = 'settlement.check_task'",
        ),
        (
            "sums",
            "SELECT COUNT(*) FROM energy_version WHERE state = 'settled' AND net_fen = 12400",
        ),
    ] {
        assert_eq!(place.number(query).await, 501, "{what}");
    }
    assert_eq!(app.watch().await.unwrap(), 0, "nothing is left");
    assert_eq!(place.number(TASKS).await, 501);
}

async fn what_cannot_be_settled_holds_up_nothing_behind_it(place: Place) {
    let outside = Outside::at(start());
    let app = app(&place, &outside, rules());
    let sellers = sellers(&place, &outside, 260).await;
    app.collect_all().await.unwrap();
    // The first 251 lie a page full and more before the others.
    let late = start().plus_seconds(-13 * 3600).micros();
    let missed = &sellers[250].table;
    place
        .raw(&format!(
            "UPDATE energy_version SET updated_at = {late} WHERE table_id <= '{missed}'"
        ))
        .await
        .unwrap();
    let unreadable = &sellers[252].table;
    place
        .raw(&format!(
            "UPDATE energy_version SET days = 'x' WHERE table_id = '{unreadable}'"
        ))
        .await
        .unwrap();
    assert_eq!(app.watch().await.unwrap(), 8);
    let told = "SELECT COUNT(*) FROM case_file WHERE cause LIKE 'settlement:update_missed:%'";
    assert_eq!(place.number(told).await, 251);
    let task = place.newest_task(&sellers[251]).await;
    assert_eq!((task.state, task.net), (State::Open, Fen::new(12_400)));
    let mut view = snapshot(&*place.store).await.unwrap();
    let subject = format!("{missed}:{}:1", period());
    let cases = view.cases().about(&subject).await.unwrap();
    assert_eq!(cases[0].kind, CaseKind::PayoutDiffers);
    drop(view);
    assert_eq!(app.watch().await.unwrap(), 0);
    assert_eq!(place.number(told).await, 251, "told once");
}

/// Somebody closes its case, and nothing was done.
async fn a_month_that_was_missed_is_told_again_while_it_is(place: Place) {
    let outside = Outside::at(start());
    let app = app(&place, &outside, rules());
    sellers(&place, &outside, 1).await;
    app.collect_all().await.unwrap();
    outside.advance(12 * 3600 + 1);
    for (later, told) in [(0, 1), (3600, 1), (82_799, 1), (1, 2), (3600, 2)] {
        outside.advance(later);
        assert_eq!(app.watch().await.unwrap(), 0);
        let missed = "SELECT COUNT(*) FROM case_file WHERE cause LIKE 'settlement:update_missed:%'";
        assert_eq!(place.number(missed).await, told);
        let closed = "UPDATE case_file SET closed_at = opened_at WHERE closed_at IS NULL";
        place.raw(closed).await.unwrap();
    }
}

/// By the readings as they are, once, as soon as they can be settled at all.
async fn two_persons_have_a_missed_month_settled(place: Place) {
    let outside = Outside::at(start());
    let app = app(&place, &outside, rules());
    let seller = sellers(&place, &outside, 1).await.remove(0);
    app.collect_all().await.unwrap();
    outside.advance(12 * 3600 + 1);
    assert_eq!(app.watch().await.unwrap(), 0);
    let mut view = snapshot(&*place.store).await.unwrap();
    let subject = format!("{}:{}:1", seller.table, period());
    let case = view.cases().about(&subject).await.unwrap().remove(0);
    drop(view);
    let decided = async |case: &Case| app.settle_missed(case, "staff:b", "t").await;
    let other = Case {
        cause: format!("settlement:collect_failed:{subject}"),
        ..case.clone()
    };
    assert!(!decided(&other).await.unwrap(), "about something else");
    outside.with(|world| world.untold.insert("2026-10".to_owned()));
    let untold = decided(&case).await;
    assert!(matches!(untold, Err(SettlementError::NoAnswer(_))));
    let prices = outside.with(|world| {
        world.untold.clear();
        std::mem::take(&mut world.published)
    });
    assert!(!decided(&case).await.unwrap(), "no price");
    let versions = "SELECT COUNT(*) FROM energy_version";
    assert_eq!(place.number(versions).await, 1, "nothing was changed");
    outside.with(|world| world.published = prices);
    assert!(decided(&case).await.unwrap());
    let task = place.newest_task(&seller).await;
    assert_eq!(
        (task.state, task.net, task.data_version),
        (State::Open, Fen::new(12_400), 2)
    );
    assert!(!decided(&case).await.unwrap(), "once");
    assert_eq!(app.watch().await.unwrap(), 0);
    assert_eq!(
        (place.number(TASKS).await, place.number(versions).await),
        (1, 2)
    );
    let told = "SELECT COUNT(*) FROM audit_line WHERE act = 'settlement.settle_missed'";
    assert_eq!(place.number(told).await, 1);
}

const MISSED: &str = "SELECT COUNT(*) FROM case_file WHERE cause LIKE 'settlement:update_missed:%'";

/// The publishing platform does not tell prices for so long, and is asked each hour.
async fn away(app: &Settlement, outside: &Outside, hours: i64) {
    outside.with(|world| world.untold.insert("2026-10".to_owned()));
    for _ in 0..hours {
        let told = app.watch().await;
        assert!(matches!(told, Err(SettlementError::NoAnswer(_))));
        outside.advance(3600);
    }
    outside.with(|world| world.untold.clear());
}

/// First months by the page, and one whose correction is settled by itself.
async fn prices_that_were_away_for_longer_than_the_threshold_miss_no_month(place: Place) {
    let outside = Outside::at(start());
    let app = app(&place, &outside, rules());
    let sellers = sellers(&place, &outside, 4).await;
    app.collect_all().await.unwrap();
    outside.advance(60);
    outside.reads(&sellers[0], "11");
    assert_eq!(app.collect_all().await.unwrap(), 1);
    away(&app, &outside, 13).await;
    assert_eq!(app.watch().await.unwrap(), 4);
    assert_eq!(place.number(MISSED).await, 0);
    assert_eq!(place.number(TASKS).await, 4);
    assert_eq!(place.newest_task(&sellers[0]).await.data_version, 2);
}

/// The platform answers, and says nothing of that month yet; or its tax is not there yet.
async fn prices_that_are_published_late_miss_no_month(place: Place) {
    let outside = Outside::at(start());
    let app = app(&place, &outside, rules());
    sellers(&place, &outside, 3).await;
    app.collect_all().await.unwrap();
    let whole = outside.with(|world| world.published.clone());
    let mut later = whole.clone();
    for row in &mut later.prices {
        row.from = Day::parse("2026-10-02").unwrap();
    }
    let mut untaxed = whole.clone();
    untaxed.taxes.clear();
    for unfinished in [later, untaxed] {
        outside.with(|world| world.published = unfinished);
        for _ in 0..7 {
            assert_eq!(app.watch().await.unwrap(), 0);
            outside.advance(3600);
        }
    }
    outside.with(|world| world.published = whole);
    assert_eq!(app.watch().await.unwrap(), 3);
    assert_eq!(place.number(MISSED).await, 0);
}

const UNTOLD: &str = "SELECT COUNT(*) FROM case_file WHERE cause LIKE 'settlement:prices_untold:%'";

/// Nobody else would hear of it: the platform answers, and the poll has nothing to complain of.
async fn prices_that_do_not_come_are_told_once_of_their_month(place: Place) {
    let outside = Outside::at(start());
    let app = app(&place, &outside, rules());
    sellers(&place, &outside, 3).await;
    app.collect_all().await.unwrap();
    outside.with(|world| {
        for row in &mut world.published.prices {
            row.from = Day::parse("2026-10-02").unwrap();
        }
    });
    for hour in 0..=12 {
        assert_eq!(place.number(UNTOLD).await, 0, "before hour {hour}");
        assert_eq!(app.watch().await.unwrap(), 0);
        outside.advance(3600);
    }
    let mut view = snapshot(&*place.store).await.unwrap();
    let told = view.cases().about(period().as_str()).await.unwrap();
    drop(view);
    assert_eq!(told.len(), 1, "of the month, not of each table");
    assert_eq!(told[0].kind, CaseKind::PayoutDiffers);
    // By now its tax is away as well.
    outside.with(|world| world.published.taxes.clear());
    let now = outside.now().micros();
    let close = format!("UPDATE case_file SET closed_at = {now}");
    place.raw(&close).await.unwrap();
    for told in [1; 24].into_iter().chain([2, 2]) {
        assert_eq!(app.watch().await.unwrap(), 0);
        assert_eq!(place.number(UNTOLD).await, told);
        outside.advance(3600);
    }
    assert_eq!(place.number(MISSED).await, 0);
    let every = "SELECT COUNT(*) FROM case_file";
    assert_eq!(place.number(every).await, 2);
}

/// Of a month that cannot be settled by itself staff are told all the same, later.
async fn a_month_that_is_not_settled_once_prices_are_back_is_missed_in_its_time(place: Place) {
    let outside = Outside::at(start());
    let app = app(&place, &outside, rules());
    let sellers = sellers(&place, &outside, 2).await;
    let key = format!("{}:{}", sellers[0].number, period());
    let mut holed = month(start(), "10");
    holed.days.remove(14);
    outside.with(|world| world.readings.insert(key, holed));
    app.collect_all().await.unwrap();
    away(&app, &outside, 13).await;
    assert_eq!(app.watch().await.unwrap(), 1, "the whole month only");
    // Twelve hours from when they were last asked for in vain, which is an hour ago.
    outside.advance(11 * 3600 - 1);
    assert_eq!(app.watch().await.unwrap(), 0);
    assert_eq!(place.number(MISSED).await, 0);
    outside.advance(1);
    assert_eq!(app.watch().await.unwrap(), 0);
    assert_eq!(place.number(MISSED).await, 1);
}

async fn two_nodes_and_two_stretches_settle_each_month_once(place: Place) {
    let outside = Outside::at(start());
    let (one, other) = (
        app(&place, &outside, rules()),
        app(&place, &outside, rules()),
    );
    let sellers = sellers(&place, &outside, 300).await;
    one.collect_all().await.unwrap();
    let middle = &sellers[149].table;
    let first = Stretch {
        after: None,
        until: Some(middle.clone()),
    };
    let second = Stretch {
        after: Some((middle.clone(), period())),
        until: None,
    };
    let (whole, half, rest) = tokio::join!(
        other.watch(),
        one.watch_stretch(first),
        one.watch_stretch(second)
    );
    let settled = [whole, half, rest].map(|done| done.unwrap());
    assert_eq!(settled.iter().sum::<usize>(), 300, "{settled:?}");
    assert_eq!(place.number(TASKS).await, 300);
    let events = "SELECT COUNT(*) FROM outbox WHERE kind = 'settlement.check_task_sent'";
    assert_eq!(place.number(events).await, 300);
}
