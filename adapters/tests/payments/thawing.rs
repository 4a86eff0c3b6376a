//! What a contradiction stopped, and what has lasted too long, has a way out: two persons say so on the
//! console, and nothing else is needed.

use lifeline_core::cases::CaseKind;
use lifeline_core::cases::decision::Resolution;
use lifeline_core::payments::observation::{ChannelFact, LineFact, Observation, RefundFact};
use lifeline_core::payments::order::Order;
use lifeline_core::payments::rulings::Ruled;
use lifeline_core::payments::{Standing, table_l as l, table_p as p, table_r as r};
use lifeline_core::shared::ids::{LineId, PaymentId};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::time::Clock as _;

use crate::books::{AMOUNT, HOME, line_in, order_in, refund_in};
use crate::one_row::{about, case_about, rule};
use crate::outside::{Fault, NoticeText, raw};
use crate::refunds::{posted, trade_of, want_refund};
use crate::store::Place;
use crate::stories;
use crate::story::{Ordered, Story, arrears};

stories! {
    a_stopped_order_goes_on_and_is_posted;
    a_stopped_line_goes_on_and_is_posted;
    a_stopped_posting_stays_posted_or_is_taken_back;
    a_stopped_refund_goes_on_as_the_table_says;
    what_goes_back_from_a_stopped_order_is_not_said_to_be_on_its_way;
    a_line_whose_place_is_unknown_may_be_fenced;
    what_lasts_too_long_is_told_of_each_time;
    what_stands_still_is_not_closed_without_a_word;
    going_on_names_no_home;
    what_is_left_held_of_suspense_has_a_case;
    what_follows_a_credit_or_a_refund_is_about_money;
}

const DAY: i64 = 86_400;

async fn ordered(s: &Story) -> Ordered {
    s.outside.owes(HOME, 12_840, "v1");
    let li = s.person("li").await;
    s.order(&li, &arrears("key-1", 12_840, "v1")).await
}

async fn see(s: &Story, id: &PaymentId, seen: Observation) {
    let said = s.app.observe(id, vec![seen], "job:test", "trace").await;
    said.unwrap();
}

async fn line_of(s: &Story, id: &PaymentId) -> LineId {
    s.look(id).await.lines[0].line_id.clone()
}

async fn hear(s: &Story, id: &PaymentId, input: l::Input) {
    let line = line_of(s, id).await;
    let seen = Observation::line(s.outside.now(), line, input, LineFact::default());
    see(s, id, seen).await;
}

/// The channel speaks of another trade under our number.
async fn stop_order(s: &Story, id: &PaymentId) {
    let fact = ChannelFact {
        trade_no: Some("T-another".to_owned()),
        ..ChannelFact::default()
    };
    let seen = Observation::channel(s.outside.now(), p::Input::CreateOk, fact);
    see(s, id, seen).await;
    assert!(s.look(id).await.payment.frozen);
}

async fn a_stopped_order_goes_on_and_is_posted(place: Place) {
    let s = Story::at(place);
    let order = ordered(&s).await;
    stop_order(&s, &order.id).await;
    s.pays(&order.number).await;
    s.run(600).await;
    assert_eq!(s.outside.count("post"), 0, "stopped: it only looks");
    assert_eq!(s.standing(&order.id).await, Standing::UnderReview);
    let row = order.id.as_str();
    let case = case_about(&s, &order.id, CaseKind::Contradiction, row).await;
    assert_eq!(rule(&s, &case, Resolution::GoOn).await, Ruled::Moved);
    s.run(30).await;
    assert_eq!(s.standing(&order.id).await, Standing::Posted);
    s.square();
    s.books_agree().await;
}

async fn a_stopped_line_goes_on_and_is_posted(place: Place) {
    let s = Story::at(place);
    let order = ordered(&s).await;
    s.outside.fault("post", Fault::Before);
    assert!(s.outside.pay(&order.number));
    s.tell("n-1", &order.number).await;
    s.sweep().await;
    hear(&s, &order.id, l::Input::MktNo).await;
    let line = s.look(&order.id).await.lines[0].clone();
    assert_eq!((line.state, line.frozen), (l::State::PostUnknown, true));
    s.run(3_600).await;
    assert_eq!(s.outside.count("post"), 1, "stopped: it only looks");
    let row = line.line_id.as_str();
    let case = case_about(&s, &order.id, CaseKind::Contradiction, row).await;
    assert_eq!(rule(&s, &case, Resolution::GoOn).await, Ruled::Moved);
    s.run(180).await;
    assert_eq!(s.standing(&order.id).await, Standing::Posted);
    s.square();
    s.books_agree().await;
}

/// "Goes on" moves no money of a credited line; what takes it back is said by name.
async fn a_stopped_posting_stays_posted_or_is_taken_back(place: Place) {
    let s = Story::at(place);
    let order = posted(&s).await;
    for taken_back in [false, true] {
        s.outside.advance(60);
        hear(&s, &order.id, l::Input::NotFound).await;
        assert_eq!(s.standing(&order.id).await, Standing::UnderReview);
        let line = line_of(&s, &order.id).await;
        let row = line.as_str();
        let case = case_about(&s, &order.id, CaseKind::Contradiction, row).await;
        let (how, then) = if taken_back {
            (Resolution::TakeBack, Standing::Refunded)
        } else {
            (Resolution::GoOn, Standing::Posted)
        };
        assert_eq!(rule(&s, &case, how).await, Ruled::Moved);
        s.run(60).await;
        assert_eq!(s.standing(&order.id).await, then);
        s.square();
        s.books_agree().await;
    }
    assert_eq!(s.outside.count("reverse"), 1);
}

/// Marketing let go, and the refund is about to be sent.
async fn going_back(s: &Story) -> Order {
    let mut order = order_in(&s.outside, p::State::Paid);
    order.payment.has_lock = false;
    order.lines = vec![line_in(&order, &s.outside, l::State::RefundDue)];
    order.lines[0].let_go = true;
    refund_in(&mut order, &s.outside, r::State::Planned, AMOUNT);
    s.place.add(&order, s.outside.now()).await;
    trade_of(s, &order);
    order
}

/// The order itself is stopped: its refund is planned, and nothing of it leaves. Only that it goes on ends the case.
async fn what_goes_back_from_a_stopped_order_is_not_said_to_be_on_its_way(place: Place) {
    let s = Story::at(place);
    let order = going_back(&s).await;
    let id = &order.payment.payment_id;
    let gone = Observation::channel(s.outside.now(), p::Input::NotExist, ChannelFact::default());
    see(&s, id, gone).await;
    s.run(600).await;
    assert_eq!(s.outside.count("refund"), 0, "stopped: it only looks");
    let case = case_about(&s, id, CaseKind::Contradiction, id.as_str()).await;
    assert_eq!(
        rule(&s, &case, Resolution::TakeBack).await,
        Ruled::Unmoved,
        "the case would be closed, and the order stopped for ever"
    );
    assert!(s.app.stands_still(&case).await.unwrap());
    assert_eq!(rule(&s, &case, Resolution::GoOn).await, Ruled::Moved);
    s.run(60).await;
    let look = s.look(id).await;
    assert_eq!(look.refunds[0].state, r::State::Done);
    assert_eq!(look.payment.refunded, AMOUNT);
    assert_eq!(look.payment.state, p::State::Done);
}

/// PLANNED, a case: it is withdrawn, and its line is for two persons.
async fn a_stopped_refund_goes_on_as_the_table_says(place: Place) {
    let s = Story::at(place);
    let order = going_back(&s).await;
    let id = &order.payment.payment_id;
    let refund = order.refunds[0].refund_id.clone();
    let row = refund.as_str();
    let fact = RefundFact::default();
    let early = Observation::refund(s.outside.now(), refund.clone(), r::Input::FeeError, fact);
    see(&s, id, early).await;
    s.run(600).await;
    assert_eq!(s.outside.count("refund"), 0, "stopped: it only looks");
    let case = case_about(&s, id, CaseKind::Contradiction, row).await;
    assert_eq!(rule(&s, &case, Resolution::GoOn).await, Ruled::Moved);
    let look = s.look(id).await;
    assert_eq!(look.refunds[0].state, r::State::Withdrawn);
    let line = order.lines[0].line_id.as_str();
    let held = case_about(&s, id, CaseKind::PostingHeld, line).await;
    assert_eq!(
        rule(&s, &held, Resolution::GoOn).await,
        Ruled::Unmoved,
        "what becomes of a held line must be said"
    );
    assert_eq!(rule(&s, &held, Resolution::Refund).await, Ruled::Moved);
    s.run(60).await;
    let look = s.look(id).await;
    assert_eq!(look.payment.refunded, AMOUNT);
    assert_eq!(look.payment.state, p::State::Done);
}

async fn a_line_whose_place_is_unknown_may_be_fenced(place: Place) {
    let s = Story::at(place);
    let order = ordered(&s).await;
    s.outside.silence(&["get"]);
    s.outside.fault("post", Fault::Before);
    assert!(s.outside.pay(&order.number));
    s.tell("n-1", &order.number).await;
    s.sweep().await;
    hear(&s, &order.id, l::Input::MktNo).await;
    let line = line_of(&s, &order.id).await;
    let case = case_about(&s, &order.id, CaseKind::Contradiction, line.as_str()).await;
    assert_eq!(
        rule(&s, &case, Resolution::FenceAndRefund).await,
        Ruled::Moved
    );
    s.run(120).await;
    assert_eq!(s.standing(&order.id).await, Standing::Refunded);
    assert_eq!(s.outside.count("post"), 1);
    s.square();
    s.books_agree().await;
}

/// A day without an answer to the fence opens a case. Two persons let it go on, or turn it about; after
/// another day it is told again.
async fn what_lasts_too_long_is_told_of_each_time(place: Place) {
    let s = Story::at(place);
    let mut order = order_in(&s.outside, p::State::Paid);
    order.payment.has_lock = false;
    order.lines = vec![line_in(&order, &s.outside, l::State::FencingRefund)];
    s.place.add(&order, s.outside.now()).await;
    trade_of(&s, &order);
    s.outside.silence(&["fence"]);
    let id = &order.payment.payment_id;
    let row = order.lines[0].line_id.as_str();
    for (how, then) in [
        (Resolution::GoOn, l::State::FencingRefund),
        (Resolution::FenceAndRefund, l::State::FencingRefund),
        (Resolution::FenceAndPost, l::State::FencingRepost),
    ] {
        s.run_long(DAY - 7_200).await;
        assert!(about(&s, id, CaseKind::PostingHeld, row).await.is_empty());
        s.run_long(3 * 3_600).await;
        let case = case_about(&s, id, CaseKind::PostingHeld, row).await;
        assert_eq!(rule(&s, &case, how).await, Ruled::Moved, "{how:?}");
        assert_eq!(s.look(id).await.lines[0].state, then);
    }
    s.run_long(DAY + 3_600).await;
    case_about(&s, id, CaseKind::PostingHeld, row).await;
}

/// "Nothing is left to do" is not true of what stands still.
async fn what_stands_still_is_not_closed_without_a_word(place: Place) {
    let s = Story::at(place);
    let order = ordered(&s).await;
    stop_order(&s, &order.id).await;
    let row = order.id.as_str();
    let case = case_about(&s, &order.id, CaseKind::Contradiction, row).await;
    assert!(s.app.stands_still(&case).await.unwrap());
    rule(&s, &case, Resolution::GoOn).await;
    assert!(!s.app.stands_still(&case).await.unwrap());
}

/// Another sum than ordered was paid, and the order was stopped besides. That it goes on credits nobody.
async fn going_on_names_no_home(place: Place) {
    let s = Story::at(place);
    let order = ordered(&s).await;
    s.outside
        .with(|world| world.trades.get_mut(&order.number).unwrap().total = Fen::new(10_000));
    s.pays(&order.number).await;
    s.outside.advance(60);
    let gone = Observation::channel(s.outside.now(), p::Input::NotExist, ChannelFact::default());
    see(&s, &order.id, gone).await;
    let row = order.id.as_str();
    let case = case_about(&s, &order.id, CaseKind::Contradiction, row).await;
    assert_eq!(rule(&s, &case, Resolution::GoOn).await, Ruled::Moved);
    s.run(600).await;
    let look = s.look(&order.id).await;
    assert_eq!(look.payment.state, p::State::Suspense);
    assert_eq!(look.payment.suspense, Fen::new(10_000));
    assert_eq!(s.outside.count("post"), 0);
}

/// The channel took another sum, and a part of it went back at the desk. The rest cannot be credited: so
/// the line has a case by which it goes back.
async fn what_is_left_held_of_suspense_has_a_case(place: Place) {
    let s = Story::at(place);
    let order = ordered(&s).await;
    s.outside
        .with(|world| world.trades.get_mut(&order.number).unwrap().total = Fen::new(10_000));
    s.pays(&order.number).await;
    s.outside.with(|world| {
        let trade = world.trades.get_mut(&order.number).unwrap();
        trade.refunds.insert("by-hand".to_owned(), Fen::new(4_000));
    });
    let mut text: NoticeText =
        serde_json::from_slice(&s.outside.notice("n-desk", &order.number)).unwrap();
    text.refunded = 4_000;
    let notice = s.app.receive(&raw(&text), "trace").await.unwrap();
    s.app.work_notice(&notice).await.unwrap();
    let cases = s.place.held(&order.id).await.cases;
    let mut suspended = cases
        .iter()
        .filter(|case| case.kind == CaseKind::AmountMismatch);
    let case = suspended.next().unwrap();
    assert_eq!(rule(&s, case, Resolution::CreditHome).await, Ruled::Moved);
    s.run(60).await;
    assert_eq!(s.outside.count("post"), 0, "money that is gone was posted");
    let line = line_of(&s, &order.id).await;
    let held = case_about(&s, &order.id, CaseKind::PostingHeld, line.as_str()).await;
    assert_eq!(
        rule(&s, &held, Resolution::FenceAndRefund).await,
        Ruled::Moved
    );
    s.run(600).await;
    let look = s.look(&order.id).await;
    assert_eq!(look.payment.state, p::State::Done);
    assert_eq!(look.payment.refunded, Fen::new(6_000));
    s.square();
    s.books_agree().await;
}

/// Points, receipts and reminders follow what is told of money: told to nobody for good, it is a person's.
async fn what_follows_a_credit_or_a_refund_is_about_money(place: Place) {
    let s = Story::at(place);
    let order = posted(&s).await;
    want_refund(&s, &order.id).await;
    s.run(60).await;
    for kind in ["payments.posted", "payments.refunded"] {
        let told = format!("SELECT COUNT(*) FROM outbox WHERE kind = '{kind}' AND money = 1");
        assert_eq!(s.count(&told).await, 1, "{kind}: buried, it opens a case");
    }
}
