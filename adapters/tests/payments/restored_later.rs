//! What went on with orders after the copy was made that took the store's place: refunds that were only
//! planned in it, and postings that were taken back. Nothing is booked twice, and nothing stays stuck.

use lifeline_core::cases::CaseKind;
use lifeline_core::payments::recovery::lost::State;
use lifeline_core::payments::{Consent, Policy, Standing, Worked, table_l as l, table_r as r};
use lifeline_core::shared::money::Fen;

use crate::family::{ONE, TWO, check_out, family, owing};
use crate::refunds::want_refund;
use crate::restored::{Restored, bill, home, ordered, restore};
use crate::rulings::rule_line;
use crate::store::Place;
use crate::stories;
use crate::story::{Ordered, Story, trusting};

stories! {
    drill_bills_that_are_late_doubled_and_empty;
    interleaving_09_one_order_that_breaks_keeps_no_other_from_its_look;
    interleaving_09_a_planned_refund_that_left_after_the_copy_is_ours;
    interleaving_09_a_notice_of_it_waits_until_it_was_asked_for;
    interleaving_09_a_planned_refund_of_another_sum_is_for_two_persons;
    interleaving_09_a_posting_taken_back_after_the_copy_is_closed;
    interleaving_09_what_the_copy_has_as_posted_was_taken_back;
    interleaving_09_taken_back_and_not_refunded_waits_for_two_persons;
}

/// Two homes: one is credited, the other's money is owed back, and the brake holds its refund when the
/// copy is made. Two persons release the brake afterwards, and it goes out.
async fn refunded_after_the_copy(place: Place) -> (Restored, Ordered) {
    let policy = Policy {
        brake_count: 1,
        ..trusting()
    };
    let s = Story::with_policy(place, policy);
    let first = ordered(&s, 1).await;
    s.outside.owes(&home(1), 0, "v2");
    s.pays(&first.number).await;
    s.run(60).await;
    assert_eq!(s.standing(&first.id).await, Standing::Refunded);
    owing(&s, "v1");
    let li = family(&s, "li", &[ONE, TWO]).await;
    let order = check_out(&s, &li, "key-1").await;
    s.outside
        .with(|world| world.due.get_mut(TWO).unwrap().2 = false);
    s.pays(&order.number).await;
    s.run(60).await;
    let look = s.look(&order.id).await;
    assert_eq!(look.refunds[0].state, r::State::Planned, "the brake is on");
    let copy = s.place.copy().await;
    for (who, told) in [("zhao", Consent::First), ("qian", Consent::Released)] {
        let consent = s.app.brake().consent(who, "trace").await.unwrap();
        assert_eq!(consent, told);
    }
    s.run_long(900).await;
    assert_eq!(s.standing(&order.id).await, Standing::PartlyRefunded);
    (restore(&s, copy).await, order)
}

async fn is_booked_once(r: &Restored, order: &Ordered) {
    let held = r.s.place.held(&order.id).await;
    let payment = &held.order.payment;
    assert_eq!(payment.foreign, Fen::ZERO, "it is ours");
    assert_eq!(payment.refunded, Fen::new(2_222));
    assert_eq!(held.order.refunds[0].state, r::State::Done);
    assert_eq!(held.order.standing(), Standing::PartlyRefunded);
    let foreign = |kind| kind == CaseKind::ForeignRefund;
    assert!(!held.cases.iter().any(|case| foreign(case.kind)));
}

async fn interleaving_09_a_planned_refund_that_left_after_the_copy_is_ours(place: Place) {
    let (r, order) = Box::pin(refunded_after_the_copy(place)).await;
    let before = r.s.outside.count("refund");
    r.gathers().await;
    is_booked_once(&r, &order).await;
    r.ends().await;
    is_booked_once(&r, &order).await;
    assert_eq!(r.s.outside.count("refund"), before, "nothing goes twice");
    r.over().await;
}

/// The channel repeats its notice of the refund before anything was looked at.
async fn interleaving_09_a_notice_of_it_waits_until_it_was_asked_for(place: Place) {
    let (r, order) = Box::pin(refunded_after_the_copy(place)).await;
    let raw = r.s.outside.notice("refund-told", &order.number);
    let told = r.s.app.receive(&raw, "trace").await.unwrap();
    let worked = r.s.app.work_notice(&told).await.unwrap();
    assert_eq!(worked, Worked::Later);
    r.gathers().await;
    is_booked_once(&r, &order).await;
    assert_eq!(r.s.app.work_notice(&told).await.unwrap(), Worked::Repeat);
    r.ends().await;
    is_booked_once(&r, &order).await;
    r.over().await;
}

/// Under the number of the planned refund another sum went out: neither counted nor sent again.
async fn interleaving_09_a_planned_refund_of_another_sum_is_for_two_persons(place: Place) {
    let (r, order) = Box::pin(refunded_after_the_copy(place)).await;
    let before = r.s.outside.count("refund");
    r.s.outside.with(|world| {
        let trade = world.trades.get_mut(&order.number).unwrap();
        for sum in trade.refunds.values_mut() {
            *sum = Fen::new(2_000);
        }
    });
    r.gathers().await;
    r.ends().await;
    let held = r.s.place.held(&order.id).await;
    assert_eq!(held.order.refunds[0].state, r::State::Blocked);
    assert_eq!(held.order.payment.refunded, Fen::ZERO);
    let told = |kind| kind == CaseKind::RefundBlocked;
    assert!(held.cases.iter().any(|case| told(case.kind)));
    assert_eq!(r.s.outside.count("refund"), before);
    r.copy.discard(r.s.place).await;
}

/// One was not paid in the copy, one had no answer of marketing; both were credited, taken back and
/// refunded after it was made.
async fn interleaving_09_a_posting_taken_back_after_the_copy_is_closed(place: Place) {
    let s = Story::at(place);
    let (early, late) = (ordered(&s, 1).await, ordered(&s, 2).await);
    s.outside.silence(&["post"]);
    s.pays(&late.number).await;
    let copy = s.place.copy().await;
    s.outside.speak();
    s.pays(&early.number).await;
    s.run(600).await;
    for order in [&early, &late] {
        assert_eq!(s.standing(&order.id).await, Standing::Posted);
        want_refund(&s, &order.id).await;
        s.run(60).await;
        assert_eq!(s.standing(&order.id).await, Standing::Refunded);
    }
    let before = s.outside.count("refund");
    let r = restore(&s, copy).await;
    r.gathers().await;
    r.ends().await;
    for order in [&early, &late] {
        assert_eq!(r.s.standing(&order.id).await, Standing::Refunded);
        let payment = r.s.look(&order.id).await.payment;
        assert_eq!(payment.foreign, Fen::new(12_840));
        assert_eq!(payment.foreign_used, payment.foreign);
        let contradicted = |kind| kind == CaseKind::Contradiction;
        let held = r.s.place.held(&order.id).await;
        assert!(!held.cases.iter().any(|case| contradicted(case.kind)));
    }
    assert_eq!(r.s.outside.count("refund"), before);
    r.over().await;
}

/// Marketing let the posting go after the copy was made, and the money went back: nobody has to ask
/// marketing once more for what it does not have.
async fn interleaving_09_what_the_copy_has_as_posted_was_taken_back(place: Place) {
    let s = Story::at(place);
    let order = ordered(&s, 1).await;
    s.pays(&order.number).await;
    assert_eq!(s.standing(&order.id).await, Standing::Posted);
    let copy = s.place.copy().await;
    want_refund(&s, &order.id).await;
    s.run(60).await;
    assert_eq!(s.standing(&order.id).await, Standing::Refunded);
    let r = restore(&s, copy).await;
    r.gathers().await;
    r.ends().await;
    assert_eq!(r.s.standing(&order.id).await, Standing::Refunded);
    assert_eq!(r.s.outside.count("voucher"), 0);
    assert_eq!(r.s.outside.count("refund"), 1);
    r.over().await;
}

/// Marketing took it back, and the channel never gave it back: under which number it was asked to,
/// nobody here knows, so two persons decide.
async fn interleaving_09_taken_back_and_not_refunded_waits_for_two_persons(place: Place) {
    let s = Story::at(place);
    let order = ordered(&s, 1).await;
    s.outside.silence(&["post"]);
    s.pays(&order.number).await;
    let copy = s.place.copy().await;
    s.outside.speak();
    s.run(600).await;
    assert_eq!(s.standing(&order.id).await, Standing::Posted);
    s.outside.silence(&["refund", "query_refund"]);
    want_refund(&s, &order.id).await;
    s.run(60).await;
    s.outside.speak();
    let r = restore(&s, copy).await;
    r.gathers().await;
    let held = r.s.place.held(&order.id).await;
    assert_eq!(held.order.lines[0].state, l::State::Held);
    assert!(held.order.lines[0].let_go && !held.order.lines[0].frozen);
    let told = |kind| kind == CaseKind::PostingHeld;
    assert!(held.cases.iter().any(|case| told(case.kind)));
    r.ends().await;
    rule_line(&r.s, &order.id, l::Input::Case, Some(l::Ruling::Refund)).await;
    r.s.run(120).await;
    assert_eq!(r.s.standing(&order.id).await, Standing::Refunded);
    r.over().await;
}

/// The bill names both. One breaks the program whenever it is asked about: the other is looked at all the
/// same, and the recovery waits for the one.
async fn interleaving_09_one_order_that_breaks_keeps_no_other_from_its_look(place: Place) {
    let s = Story::at(place);
    let mut both = [ordered(&s, 1).await, ordered(&s, 2).await];
    let copy = s.place.copy().await;
    for order in &both {
        s.pays(&order.number).await;
    }
    // They are looked at in this order.
    both.sort_by(|one, other| one.id.as_str().cmp(other.id.as_str()));
    let [bad, good] = both;
    let r = restore(&s, copy).await;
    let poison = ("query", bad.number.clone());
    r.s.outside.with(|world| world.poison.insert(poison));
    r.read_all().await;
    r.s.run(120).await;
    let has_money = async |order: &Ordered| {
        let look = r.s.look(&order.id).await;
        look.payment.state.has_money()
    };
    assert!(has_money(&good).await && !has_money(&bad).await);
    assert!(!r.standing().await.lacks.is_empty(), "it is not over");
    r.s.outside.with(|world| world.poison.clear());
    r.s.run(120).await;
    assert_eq!(r.standing().await.lacks, Vec::<String>::new());
    r.ends().await;
    for order in [&bad, &good] {
        assert_eq!(r.s.standing(&order.id).await, Standing::Posted);
    }
    r.over().await;
}

/// The channel's bills are three days late; then one names everything twice and is read twice, the other
/// names nothing.
async fn drill_bills_that_are_late_doubled_and_empty(place: Place) {
    let s = Story::at(place);
    ordered(&s, 1).await;
    let copy = s.place.copy().await;
    let credited = ordered(&s, 2).await;
    s.pays(&credited.number).await;
    s.outside.silence(&["post", "get", "fence"]);
    let owed = ordered(&s, 3).await;
    s.pays(&owed.number).await;
    s.outside.speak();
    s.outside.advance(86_400);
    let r = restore(&s, copy).await;
    let before = r.sent();
    r.s.run_long(3 * 86_400).await;
    assert_eq!(r.sent(), before, "nothing leaves without the bills");
    assert!(r.room.end("wu", "minutes").await.is_err());
    let days = r.standing().await.days;
    assert_eq!(days.len(), 2, "the copy's day, and that of the restore");
    for (at, (day, _)) in days.into_iter().enumerate() {
        let mut statement = bill(&r.s, day);
        let again = statement.rows.clone();
        statement.rows.extend(again);
        statement.rows.retain(|_| at == 0);
        for _ in 0..2 {
            r.room.read(&statement, &[], "chen").await.unwrap();
        }
    }
    r.s.run(120).await;
    assert_eq!(r.standing().await.lacks, Vec::<String>::new());
    r.ends().await;
    assert_eq!(r.lost(&credited.number).await, State::Accounted);
    assert_eq!(r.lost(&owed.number).await, State::Returned);
    assert_eq!(r.s.outside.count("refund"), 1);
    r.over().await;
}
