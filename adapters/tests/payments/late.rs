//! Money that comes late, twice, in another sum, or is told by several carriers.

use lifeline_core::cases::CaseKind;
use lifeline_core::payments::{Standing, Worked, table_l as l, table_p as p};
use lifeline_core::shared::money::Fen;

use crate::books::HOME;
use crate::outside::{NoticeText, raw};
use crate::store::Place;
use crate::stories;
use crate::story::{Ordered, Story, arrears, top_up};

stories! {
    interleaving_06_swallowed_notice;
    interleaving_06_several_carriers_of_one_payment;
    interleaving_14_a_sale_that_is_not_ours;
    late_money_that_is_still_due_is_credited;
    late_money_that_is_not_due_goes_back;
    late_money_whose_home_is_taken_goes_back;
    a_late_top_up_is_credited;
    a_closed_order_is_watched_until_its_bill_is_there;
    a_lost_notice_is_found_by_query;
    a_notice_of_another_sum_must_be_confirmed;
    another_sum_waits_in_suspense;
    a_forged_notice_changes_nothing;
    a_channels_fast_clock_does_not_blind_us;
    a_contradiction_stops_everything_but_looking;
}

async fn ordered(s: &Story, who: &str, key: &str) -> Ordered {
    s.outside.owes(HOME, 12_840, "v1");
    let payer = s.person(who).await;
    s.order(&payer, &arrears(key, 12_840, "v1")).await
}

/// Stored, then the process dies; the repeat with the same id is worked again, not skipped.
async fn interleaving_06_swallowed_notice(place: Place) {
    let s = Story::at(place);
    let order = ordered(&s, "li", "key-1").await;
    assert!(s.outside.pay(&order.number));
    let notice = s.outside.notice("n1", &order.number);
    s.app.receive(&notice, "trace").await.unwrap();
    assert_eq!(
        s.standing(&order.id).await,
        Standing::Paying,
        "stored, not worked"
    );
    let id = s.app.receive(&notice, "trace").await.unwrap();
    assert_eq!(s.app.work_notice(&id).await.unwrap(), Worked::Applied);
    assert_eq!(s.app.work_notice(&id).await.unwrap(), Worked::Repeat);
    s.sweep().await;
    assert_eq!(s.standing(&order.id).await, Standing::Posted);
    // Nobody repeats it: the job finds what was left behind.
    s.outside.owes("1500000007777", 900, "v1");
    let wang = s.person_of("wang", "1500000007777").await;
    let other = s.order(&wang, &arrears("key-2", 900, "v1")).await;
    s.outside.silence(&["query"]);
    assert!(s.outside.pay(&other.number));
    let notice = s.outside.notice("n2", &other.number);
    s.app.receive(&notice, "trace").await.unwrap();
    s.run(10).await;
    assert_eq!(s.standing(&other.id).await, Standing::Posted);
    s.square();
}

async fn interleaving_06_several_carriers_of_one_payment(place: Place) {
    let s = Story::at(place);
    let order = ordered(&s, "li", "key-1").await;
    assert!(s.outside.pay(&order.number));
    s.run(5).await;
    assert_eq!(
        s.standing(&order.id).await,
        Standing::Posted,
        "told by query"
    );
    for n in 0..3 {
        s.tell(&format!("n{n}"), &order.number).await;
    }
    s.sweep().await;
    let held = s.place.held(&order.id).await;
    let facts: Vec<_> = held
        .entries
        .iter()
        .map(|entry| entry.fact().to_owned())
        .collect();
    assert_eq!(facts.len(), 2, "one paid, one posted: {facts:?}");
    assert!(held.cases.is_empty());
    let repeats = held.sightings.iter().filter(|seen| {
        (seen.state, seen.input, seen.next) == ("DONE", "paid_equal", "DONE") && seen.applied
    });
    assert_eq!(repeats.count(), 1, "recorded, and nothing more");
    assert_eq!(s.outside.count("post"), 1);
    s.square();
}

async fn interleaving_14_a_sale_that_is_not_ours(place: Place) {
    let s = Story::at(place);
    let text = |number: &str| NoticeText {
        id: format!("n-{number}"),
        number: number.to_owned(),
        fen: 100,
        paid_at: s.outside.with(|world| world.now),
        refunded: 0,
        request: None,
        at: s.outside.with(|world| world.now),
    };
    for (number, cases) in [("counter-4711", 0), ("t0AAAAAAAAAAAAAAAAAAAAAA", 1)] {
        let id = s.app.receive(&raw(&text(number)), "trace").await.unwrap();
        assert_eq!(s.app.work_notice(&id).await.unwrap(), Worked::NotOurs);
        assert_eq!(s.app.work_notice(&id).await.unwrap(), Worked::Repeat);
        // Only our own prefix is missed: an order that a restored store forgot.
        assert_eq!(
            s.count("SELECT COUNT(*) FROM case_file").await,
            cases,
            "{number}"
        );
    }
    assert_eq!(s.count("SELECT COUNT(*) FROM ledger_entry").await, 0);
    assert_eq!(
        s.outside.count("query") + s.outside.count("refund"),
        0,
        "never touched"
    );
}

/// A closed order is paid: the channel lets its trade be paid after all.
pub(crate) async fn paid_after_closing(s: &Story, order: &Ordered) {
    s.outside.with(|world| {
        let now = lifeline_core::shared::time::Time::from_micros(world.now);
        let trade = world.trades.get_mut(&order.number).unwrap();
        trade.closed = false;
        trade.paid_at = Some(now);
    });
    s.tell(&format!("late-{}", order.number), &order.number)
        .await;
}

async fn closed_order(s: &Story) -> Ordered {
    s.outside.owes(HOME, 12_840, "v1");
    let li = s.person("li").await;
    let order = s.order(&li, &arrears("key-1", 12_840, "v1")).await;
    let closed = s.app.close(li.account(), &order.id, "trace").await.unwrap();
    assert_eq!(closed.standing(), Standing::Closed);
    s.run(30).await;
    order
}

async fn late_money_that_is_still_due_is_credited(place: Place) {
    let s = Story::at(place);
    let order = Box::pin(closed_order(&s)).await;
    // A day later there is a late fee as well: what was paid is credited to the oldest bill.
    s.outside.owes(HOME, 12_853, "v2");
    paid_after_closing(&s, &order).await;
    // While marketing is silent nothing is posted and nothing goes back.
    s.outside.silence(&["dues"]);
    s.run(600).await;
    assert_eq!(s.look(&order.id).await.lines[0].state, l::State::Ready);
    assert_eq!(s.outside.count("post") + s.outside.count("refund"), 0);
    s.outside.speak();
    s.run(60).await;
    assert_eq!(s.standing(&order.id).await, Standing::Posted);
    s.square();
    s.books_agree().await;
}

/// Nobody asks for ever about an order that was given up. Money that comes even later is told of, and found.
async fn a_closed_order_is_watched_until_its_bill_is_there(place: Place) {
    let s = Story::at(place);
    let order = Box::pin(closed_order(&s)).await;
    let asked = async |days: i64| {
        let before = s.outside.count("query");
        s.run_long(days * 86_400).await;
        s.outside.count("query") - before
    };
    assert!(asked(1).await >= 20, "hourly on its first day");
    assert!(asked(2).await >= 2, "then daily");
    s.outside.silence(&["query"]);
    s.run_long(3 * 86_400).await;
    assert!(
        s.look(&order.id).await.payment.watched,
        "silence ends no watch"
    );
    s.outside.speak();
    asked(2).await;
    assert_eq!(asked(3).await, 0);
    let payment = s.look(&order.id).await.payment;
    assert_eq!((payment.watched, payment.next_at), (false, None));
    paid_after_closing(&s, &order).await;
    s.run(60).await;
    assert_eq!(s.standing(&order.id).await, Standing::Posted);
    s.square();
    s.books_agree().await;
}

async fn late_money_that_is_not_due_goes_back(place: Place) {
    let s = Story::at(place);
    let order = Box::pin(closed_order(&s)).await;
    s.outside.owes(HOME, 0, "v2");
    paid_after_closing(&s, &order).await;
    s.run(30).await;
    assert_eq!(s.standing(&order.id).await, Standing::Refunded);
    assert_eq!(
        s.outside.count("post"),
        0,
        "refunded from a line that was never sent"
    );
    s.square();
    s.books_agree().await;
}

/// The double payment: the first order closed, a second one paid, then money for the first.
async fn late_money_whose_home_is_taken_goes_back(place: Place) {
    let s = Story::at(place);
    let first = Box::pin(closed_order(&s)).await;
    let spouse = s.person("spouse").await;
    let second = s.order(&spouse, &arrears("key-2", 12_840, "v1")).await;
    paid_after_closing(&s, &first).await;
    // What is due is still due: it is the other order that stands in the way.
    s.run(30).await;
    assert_eq!(s.standing(&first.id).await, Standing::Refunded);
    assert!(s.outside.pay(&second.number));
    s.tell("n2", &second.number).await;
    s.run(30).await;
    assert_eq!(s.standing(&first.id).await, Standing::Refunded);
    assert_eq!(s.standing(&second.id).await, Standing::Posted);
    assert_eq!(s.look(&first.id).await.refund_views().len(), 1);
    s.square();
    s.books_agree().await;
}

async fn a_late_top_up_is_credited(place: Place) {
    let s = Story::at(place);
    s.outside.owes(HOME, 0, "v1");
    let li = s.person("li").await;
    let first = s.order(&li, &top_up("key-1", 5_000)).await;
    let second = s.order(&li, &top_up("key-2", 6_000)).await;
    paid_after_closing(&s, &first).await;
    assert!(s.outside.pay(&second.number));
    s.tell("n2", &second.number).await;
    s.run(30).await;
    for order in [&first, &second] {
        assert_eq!(s.standing(&order.id).await, Standing::Posted);
    }
    s.square();
}

async fn a_lost_notice_is_found_by_query(place: Place) {
    let s = Story::at(place);
    let order = ordered(&s, "li", "key-1").await;
    s.run(200).await;
    let moved = s.seconds();
    assert!(s.outside.pay(&order.number));
    while s.standing(&order.id).await != Standing::Posted {
        s.run(5).await;
        assert!(
            s.seconds() - moved <= 60,
            "seen and credited within a minute"
        );
    }
    s.square();
}

async fn a_notice_of_another_sum_must_be_confirmed(place: Place) {
    let s = Story::at(place);
    let order = ordered(&s, "li", "key-1").await;
    assert!(s.outside.pay(&order.number));
    let mut text: NoticeText =
        serde_json::from_slice(&s.outside.notice("n1", &order.number)).unwrap();
    text.fen = 1;
    s.outside.silence(&["query"]);
    let id = s.app.receive(&raw(&text), "trace").await.unwrap();
    assert_eq!(
        s.app.work_notice(&id).await.unwrap(),
        Worked::Later,
        "not without a query"
    );
    assert_eq!(s.standing(&order.id).await, Standing::Paying);
    s.outside.speak();
    assert_eq!(s.app.work_notice(&id).await.unwrap(), Worked::Applied);
    s.sweep().await;
    let look = s.look(&order.id).await;
    assert_eq!(look.standing(), Standing::Posted, "the query's sum counts");
    assert_eq!(look.payment.paid, Fen::new(12_840));
    s.square();
}

async fn another_sum_waits_in_suspense(place: Place) {
    let s = Story::at(place);
    let order = ordered(&s, "li", "key-1").await;
    s.outside.with(|world| {
        world.trades.get_mut(&order.number).unwrap().total = Fen::new(10_000);
    });
    s.pays(&order.number).await;
    s.run(120).await;
    let held = s.place.held(&order.id).await;
    assert_eq!(held.order.payment.state, p::State::Suspense);
    assert_eq!(held.order.standing(), Standing::UnderReview);
    let kinds: Vec<_> = held.cases.iter().map(|case| case.kind).collect();
    assert_eq!(kinds, [CaseKind::AmountMismatch]);
    assert_eq!(
        s.outside.count("post") + s.outside.count("refund"),
        0,
        "persons decide"
    );
    s.books_agree().await;
    // Two persons name the line: it is credited with the sum that came.
    let id = &order.id;
    let seen = vec![lifeline_core::payments::observation::Observation::channel(
        lifeline_core::shared::time::Clock::now(&s.outside),
        p::Input::Case,
        lifeline_core::payments::observation::ChannelFact::default(),
    )];
    s.app.observe(id, seen, "staff:two", "trace").await.unwrap();
    s.run(60).await;
    assert_eq!(s.standing(&order.id).await, Standing::Posted);
    s.square();
    s.books_agree().await;
}

async fn a_forged_notice_changes_nothing(place: Place) {
    let s = Story::at(place);
    let order = ordered(&s, "li", "key-1").await;
    assert!(s.app.receive(b"not a notice", "trace").await.is_err());
    assert_eq!(
        s.count("SELECT COUNT(*) FROM inbox").await,
        0,
        "nothing is stored"
    );
    assert_eq!(s.standing(&order.id).await, Standing::Paying);
}

/// A closing notice from a clock that runs ahead must not make our own later answers look old.
async fn a_channels_fast_clock_does_not_blind_us(place: Place) {
    let s = Story::at(place);
    let order = ordered(&s, "li", "key-1").await;
    assert!(s.outside.pay(&order.number));
    let mut text: NoticeText =
        serde_json::from_slice(&s.outside.notice("n1", &order.number)).unwrap();
    text.at += 600 * 1_000_000;
    let id = s.app.receive(&raw(&text), "trace").await.unwrap();
    s.app.work_notice(&id).await.unwrap();
    let now = lifeline_core::shared::time::Clock::now(&s.outside);
    let asked_at = s.look(&order.id).await.payment.asked_at;
    assert_eq!(asked_at, Some(now), "never later than now");
}

/// Cell X: the channel denies a trade it was paid for. Nothing is sent by it any more until two
/// persons decide; then the line goes its way.
async fn a_contradiction_stops_everything_but_looking(place: Place) {
    let s = Story::at(place);
    let order = ordered(&s, "li", "key-1").await;
    s.outside.silence(&["post", "get"]);
    s.pays(&order.number).await;
    s.run_long(1_200).await;
    let trade = s
        .outside
        .with(|world| world.trades.remove(&order.number))
        .unwrap();
    s.run_long(4_000).await;
    let held = s.place.held(&order.id).await;
    assert!(held.order.payment.frozen);
    assert_eq!(held.order.standing(), Standing::UnderReview);
    let kinds: Vec<_> = held.cases.iter().map(|case| case.kind).collect();
    assert_eq!(kinds, [CaseKind::Contradiction]);
    s.outside.speak();
    let sent = s.outside.count("post");
    s.run_long(3 * 86_400).await;
    assert_eq!(
        s.outside.count("post"),
        sent,
        "nothing leaves a stopped order"
    );
    assert_eq!(s.outside.count("refund") + s.outside.count("fence"), 0);
    assert!(s.outside.count("get") > 0, "it is looked at");
    assert_eq!(
        s.place.held(&order.id).await.cases.len(),
        1,
        "one case per cause"
    );
    s.outside
        .with(|world| world.trades.insert(order.number.clone(), trade));
    let decided = lifeline_core::payments::observation::Observation::channel(
        lifeline_core::shared::time::Clock::now(&s.outside),
        p::Input::Case,
        lifeline_core::payments::observation::ChannelFact::default(),
    );
    s.app
        .observe(&order.id, vec![decided], "staff:two", "trace")
        .await
        .unwrap();
    s.run_long(86_400).await;
    s.run(60).await;
    assert_eq!(s.standing(&order.id).await, Standing::Posted);
    s.square();
    s.books_agree().await;
}
