//! What two persons decide, and what goes on without them: nothing they say may lose money or leave
//! an order for ever. Each of these was first met by a simulated history.

use lifeline_core::cases::CaseKind;
use lifeline_core::payments::observation::{ChannelFact, LineFact, Observation, RefundFact};
use lifeline_core::payments::ports::VoucherReply;
use lifeline_core::payments::{table_l as l, table_p as p, table_r as r};
use lifeline_core::shared::ids::PaymentId;
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::time::Clock as _;

use crate::books::{HOME, line_in, order_in, refund_in};
use crate::outside::{Fault, NoticeText, raw};
use crate::refunds::trade_of;
use crate::store::Place;
use crate::stories;
use crate::story::{Ordered, Story, arrears};

stories! {
    a_pending_voucher_is_asked_for_by_its_ladder;
    a_line_in_process_is_asked_for_by_its_ladder;
    an_order_taken_up_with_nothing_to_do_is_done_again;
    nobody_posts_what_went_back_at_the_desk;
    a_withdrawn_refund_leaves_its_line_to_two_persons;
    what_marketing_let_go_is_refunded_though_it_still_shows_it;
    nobody_fences_what_marketing_let_go;
    what_two_persons_thaw_goes_on_at_once;
    money_that_went_back_closes_its_line_once_marketing_shows_nothing;
    rulings_do_not_put_off_the_daily_look;
    a_refund_by_bank_waits_for_the_days_question_however_often_it_is_ruled;
    a_broken_fence_holds_up_no_refund;
}

async fn ordered(s: &Story) -> Ordered {
    s.outside.owes(HOME, 12_840, "v1");
    let li = s.person("li").await;
    s.order(&li, &arrears("key-1", 12_840, "v1")).await
}

async fn say(s: &Story, id: &PaymentId, seen: Observation) {
    let said = s.app.observe(id, vec![seen], "staff:two", "trace").await;
    said.unwrap();
}

pub(crate) async fn rule_line(
    s: &Story,
    id: &PaymentId,
    input: l::Input,
    ruling: Option<l::Ruling>,
) {
    let line = s.look(id).await.lines[0].line_id.clone();
    let fact = LineFact {
        ruling,
        ..LineFact::default()
    };
    say(s, id, Observation::line(s.outside.now(), line, input, fact)).await;
}

async fn rule_order(s: &Story, id: &PaymentId) {
    let fact = ChannelFact::default();
    let ruled = Observation::channel(s.outside.now(), p::Input::Case, fact);
    say(s, id, ruled).await;
}

/// A voucher may wait for a clerk for days: marketing answers all the while, so nobody scouts.
async fn a_pending_voucher_is_asked_for_by_its_ladder(place: Place) {
    let s = Story::at(place);
    let order = ordered(&s).await;
    s.pays(&order.number).await;
    s.outside.advance(86_400);
    s.outside.with(|world| {
        let pending = std::iter::repeat_n(VoucherReply::Pending, 1_000);
        world.voucher_replies.extend(pending);
    });
    rule_line(&s, &order.id, l::Input::RefundWanted, None).await;
    s.run(3_600).await;
    assert_eq!(s.look(&order.id).await.lines[0].state, l::State::MktRefund);
    let asked = s.outside.count("voucher");
    assert!((5..=10).contains(&asked), "asked {asked} times in an hour");
}

/// The same after marketing was silent for one call: it answers again, and is left alone.
async fn a_line_in_process_is_asked_for_by_its_ladder(place: Place) {
    let s = Story::at(place);
    let order = ordered(&s).await;
    s.pays(&order.number).await;
    s.outside.advance(86_400);
    s.outside.with(|world| {
        let pending = std::iter::repeat_n(VoucherReply::Pending, 1_000);
        world.voucher_replies.extend(pending);
    });
    s.outside.fault("voucher", Fault::Before);
    rule_line(&s, &order.id, l::Input::RefundWanted, None).await;
    s.run(3_600).await;
    let asked = s.outside.count("voucher");
    assert!((5..=13).contains(&asked), "asked {asked} times in an hour");
}

/// DONE, a case: "PAID, rebuild lines". There are none to rebuild, so it is done again.
async fn an_order_taken_up_with_nothing_to_do_is_done_again(place: Place) {
    let s = Story::at(place);
    let order = ordered(&s).await;
    s.pays(&order.number).await;
    assert_eq!(s.look(&order.id).await.payment.state, p::State::Done);
    rule_order(&s, &order.id).await;
    s.run_long(2 * 3_600).await;
    assert_eq!(s.look(&order.id).await.payment.state, p::State::Done);
}

/// The channel took another sum, and a part of it went back at the merchant's desk. Two persons name
/// the rest: the whole sum is not there any more, so it is not posted.
async fn nobody_posts_what_went_back_at_the_desk(place: Place) {
    let s = Story::at(place);
    let order = ordered(&s).await;
    s.outside
        .with(|world| world.trades.get_mut(&order.number).unwrap().total = Fen::new(10_000));
    s.pays(&order.number).await;
    assert_eq!(s.look(&order.id).await.payment.state, p::State::Suspense);
    s.outside.with(|world| {
        let trade = world.trades.get_mut(&order.number).unwrap();
        trade.refunds.insert("by-hand".to_owned(), Fen::new(4_000));
    });
    let mut text: NoticeText =
        serde_json::from_slice(&s.outside.notice("n-desk", &order.number)).unwrap();
    text.refunded = 4_000;
    let notice = s.app.receive(&raw(&text), "trace").await.unwrap();
    s.app.work_notice(&notice).await.unwrap();
    for _ in 0..2 {
        rule_order(&s, &order.id).await;
        rule_line(&s, &order.id, l::Input::Case, Some(l::Ruling::Post)).await;
        rule_line(&s, &order.id, l::Input::Case, Some(l::Ruling::FenceRepost)).await;
        s.run(600).await;
    }
    assert_eq!(s.outside.count("post"), 0, "money that is gone was posted");
    assert_eq!(s.look(&order.id).await.lines[0].state, l::State::Held);
    // What is left goes back to the payer.
    rule_line(&s, &order.id, l::Input::Case, Some(l::Ruling::FenceRefund)).await;
    s.run(600).await;
    let look = s.look(&order.id).await;
    assert_eq!(look.payment.state, p::State::Done);
    assert_eq!(look.payment.refunded, Fen::new(6_000));
    s.square();
    s.books_agree().await;
}

/// Two persons withdraw a refund before it is sent: its line is theirs then, and not forgotten.
async fn a_withdrawn_refund_leaves_its_line_to_two_persons(place: Place) {
    let s = Story::at(place);
    let mut order = order_in(&s.outside, p::State::Paid);
    order.payment.has_lock = false;
    order.lines = vec![line_in(&order, &s.outside, l::State::RefundDue)];
    let amount = order.lines[0].amount;
    refund_in(&mut order, &s.outside, r::State::Planned, amount);
    s.place.add(&order, s.outside.now()).await;
    let id = order.payment.payment_id.clone();
    let refund = order.refunds[0].refund_id.clone();
    let now = s.outside.now();
    let ruled = Observation::refund(now, refund, r::Input::Case, RefundFact::default());
    say(&s, &id, ruled).await;
    let held = s.place.held(&id).await;
    assert_eq!(held.order.refunds[0].state, r::State::Withdrawn);
    assert_eq!(held.order.lines[0].state, l::State::Held);
    let told = held
        .cases
        .iter()
        .any(|case| case.kind == CaseKind::PostingHeld);
    assert!(told, "{:?}", held.cases);
}

/// Marketing gave its credit back by voucher and shows the posting on. The channel refused the refund,
/// the daily question heard of the posting, and then the money went out after all.
async fn what_marketing_let_go_is_refunded_though_it_still_shows_it(place: Place) {
    let s = Story::at(place);
    let mut order = order_in(&s.outside, p::State::Paid);
    order.payment.has_lock = false;
    order.lines = vec![line_in(&order, &s.outside, l::State::Held)];
    order.lines[0].let_go = true;
    let amount = order.lines[0].amount;
    refund_in(&mut order, &s.outside, r::State::Blocked, amount);
    s.place.add(&order, s.outside.now()).await;
    let id = order.payment.payment_id.clone();
    rule_line(&s, &id, l::Input::PostedSame, None).await;
    rule_line(&s, &id, l::Input::Case, Some(l::Ruling::Credit)).await;
    assert_eq!(s.look(&id).await.lines[0].state, l::State::Held);
    let refund = order.refunds[0].refund_id.clone();
    let fact = RefundFact::default();
    let moved = Observation::refund(s.outside.now(), refund, r::Input::FoundOurs, fact);
    say(&s, &id, moved).await;
    let look = s.look(&id).await;
    assert_eq!(look.lines[0].state, l::State::Refunded);
    assert_eq!(look.payment.state, p::State::Done);
}

/// The books said that marketing had the line, so its refund, which was under way, could not close
/// it. The daily look finds nothing there: the refund closes it then.
async fn money_that_went_back_closes_its_line_once_marketing_shows_nothing(place: Place) {
    let s = Story::at(place);
    let id = shown_and_given_back(&s).await;
    assert_eq!(s.look(&id).await.lines[0].state, l::State::Held);
    s.run_long(25 * 3_600).await;
    let look = s.look(&id).await;
    assert_eq!(look.lines[0].state, l::State::Refunded);
    assert_eq!(look.payment.state, p::State::Done);
}

/// Two persons who rule again and again, in vain, do not keep the line from being looked up.
async fn rulings_do_not_put_off_the_daily_look(place: Place) {
    let s = Story::at(place);
    let id = shown_and_given_back(&s).await;
    for _ in 0..25 {
        rule_line(&s, &id, l::Input::Case, Some(l::Ruling::Post)).await;
        s.run_long(3_600).await;
    }
    assert_eq!(s.look(&id).await.lines[0].state, l::State::Refunded);
    assert_eq!(s.outside.count("post"), 0);
}

/// "Done by hand" is allowed after an empty query of that day. Two persons who say so every hour get
/// there when the day's query has come back empty.
async fn a_refund_by_bank_waits_for_the_days_question_however_often_it_is_ruled(place: Place) {
    let s = Story::at(place);
    let mut order = order_in(&s.outside, p::State::Paid);
    order.payment.has_lock = false;
    order.lines = vec![line_in(&order, &s.outside, l::State::RefundDue)];
    let amount = order.lines[0].amount;
    refund_in(&mut order, &s.outside, r::State::Unknown, amount);
    s.place.add(&order, s.outside.now()).await;
    trade_of(&s, &order);
    let id = order.payment.payment_id.clone();
    let refund = order.refunds[0].refund_id.clone();
    let about = |input, ruling| {
        let fact = RefundFact {
            ruling,
            ..RefundFact::default()
        };
        Observation::refund(s.outside.now(), refund.clone(), input, fact)
    };
    say(&s, &id, about(r::Input::RefusedForGood, None)).await;
    for _ in 0..26 {
        say(&s, &id, about(r::Input::Case, Some(r::Ruling::Bank))).await;
        s.run_long(3_600).await;
    }
    assert_eq!(s.look(&id).await.refunds[0].state, r::State::Done);
}

/// A line that was told of as posted while its refund was on the way, and the refund came through.
async fn shown_and_given_back(s: &Story) -> PaymentId {
    let mut order = order_in(&s.outside, p::State::Paid);
    order.payment.has_lock = false;
    order.lines = vec![line_in(&order, &s.outside, l::State::RefundDue)];
    order.lines[0].sent_at = None;
    let amount = order.lines[0].amount;
    refund_in(&mut order, &s.outside, r::State::Unknown, amount);
    s.place.add(&order, s.outside.now()).await;
    trade_of(s, &order);
    s.outside.with(|world| {
        let trade = world.trades.get_mut(&order.payment.out_trade_no).unwrap();
        let number = order.refunds[0].out_request_no.clone();
        trade.refunds.insert(number, amount);
    });
    let id = order.payment.payment_id.clone();
    rule_line(s, &id, l::Input::PostedSame, None).await;
    let refund = order.refunds[0].refund_id.clone();
    let fact = RefundFact::default();
    let moved = Observation::refund(s.outside.now(), refund, r::Input::FoundOurs, fact);
    say(s, &id, moved).await;
    id
}

/// No fence is answered for a number that was reversed: the ruling changes nothing, and the next may.
async fn nobody_fences_what_marketing_let_go(place: Place) {
    let s = Story::at(place);
    let mut order = order_in(&s.outside, p::State::Paid);
    order.payment.has_lock = false;
    order.lines = vec![line_in(&order, &s.outside, l::State::Held)];
    order.lines[0].let_go = true;
    s.place.add(&order, s.outside.now()).await;
    let id = order.payment.payment_id.clone();
    for ruling in [l::Ruling::FenceRefund, l::Ruling::FenceRepost] {
        rule_line(&s, &id, l::Input::Case, Some(ruling)).await;
        assert_eq!(s.look(&id).await.lines[0].state, l::State::Held);
    }
    rule_line(&s, &id, l::Input::Case, Some(l::Ruling::Refund)).await;
    assert_eq!(s.look(&id).await.lines[0].state, l::State::RefundDue);
}

/// A stopped order only looks, once a day. When two persons let it go on, its lines and refunds do not
/// wait for the next day's look.
async fn what_two_persons_thaw_goes_on_at_once(place: Place) {
    let s = Story::at(place);
    let mut order = order_in(&s.outside, p::State::Paid);
    (order.payment.has_lock, order.payment.frozen) = (false, true);
    order.lines = vec![line_in(&order, &s.outside, l::State::RefundDue)];
    let amount = order.lines[0].amount;
    refund_in(&mut order, &s.outside, r::State::Planned, amount);
    s.place.add(&order, s.outside.now()).await;
    trade_of(&s, &order);
    let id = order.payment.payment_id.clone();
    s.run(60).await;
    assert_eq!(s.outside.count("refund"), 0, "stopped: it only looks");
    rule_order(&s, &id).await;
    s.run(60).await;
    let look = s.look(&id).await;
    assert_eq!(look.refunds[0].state, r::State::Done);
    assert_eq!(look.payment.state, p::State::Done);
}

/// Fenced, a refund planned, and then marketing shows the posting after all: two persons who lean on the
/// fence would give back what stands credited.
async fn a_broken_fence_holds_up_no_refund(place: Place) {
    let s = Story::at(place);
    let mut order = order_in(&s.outside, p::State::Paid);
    order.lines = vec![line_in(&order, &s.outside, l::State::FencingRefund)];
    s.place.add(&order, s.outside.now()).await;
    let id = &order.payment.payment_id;
    let line = &order.lines[0];
    let told = |input| {
        let fact = LineFact::default();
        Observation::line(s.outside.now(), line.line_id.clone(), input, fact)
    };
    say(&s, id, told(l::Input::Fenced)).await;
    assert_eq!(s.look(id).await.lines[0].state, l::State::RefundDue);
    say(&s, id, told(l::Input::PostedSame)).await;
    assert_eq!(s.look(id).await.lines[0].state, l::State::Held);
    rule_line(&s, id, l::Input::Case, Some(l::Ruling::Refund)).await;
    let look = s.look(id).await;
    assert_eq!(look.lines[0].state, l::State::Held, "it is credited");
    rule_line(&s, id, l::Input::Case, Some(l::Ruling::Credit)).await;
    let look = s.look(id).await;
    assert_eq!(look.lines[0].state, l::State::Posted);
    assert_eq!(look.payment.refund_reserved, Fen::ZERO);
}
