//! Answers that overtake each other (money.md G5): one that was asked for before the last applied
//! fact is recorded and changes nothing, unless what it says is absolute.

use lifeline_core::payments::observation::{ChannelFact, LineFact, Observation, RefundFact};
use lifeline_core::payments::order::Order;
use lifeline_core::payments::ports::PostingReply;
use lifeline_core::payments::{reading, table_l as l, table_p as p, table_r as r};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::time::{Clock as _, Time};

use crate::books::{HOME, line_in, order_in, refund_in};
use crate::refunds::trade_of;
use crate::store::Place;
use crate::stories;
use crate::story::{Story, arrears};

stories! {
    an_older_answer_of_the_channel_is_recorded_only;
    an_older_answer_of_marketing_is_recorded_only;
    an_older_answer_about_a_refund_is_recorded_only;
    an_answer_about_an_earlier_number_says_nothing_of_the_present_one;
    a_posting_under_a_fenced_number_is_a_contradiction;
    a_close_refused_because_it_was_closed_meanwhile_is_no_contradiction;
    that_a_paid_trade_is_closed_is_heard_however_old_it_is;
}

fn told(asked_at: Time, input: p::Input) -> Observation {
    Observation::channel(asked_at, input, ChannelFact::default())
}

async fn an_older_answer_of_the_channel_is_recorded_only(place: Place) {
    let s = Story::at(place);
    s.outside.owes(HOME, 12_840, "v1");
    let li = s.person("li").await;
    let order = s.order(&li, &arrears("key-1", 12_840, "v1")).await;
    s.outside.advance(60);
    let now = s.outside.now();
    let seen = vec![
        told(now, p::Input::WaitBuyerPay),
        told(now.plus_seconds(-30), p::Input::ClosedNeverPaid),
    ];
    s.app
        .observe(&order.id, seen, "job", "trace")
        .await
        .unwrap();
    let held = s.place.held(&order.id).await;
    assert_eq!(held.order.payment.state, p::State::Paying);
    let late: Vec<_> = held
        .sightings
        .iter()
        .filter(|seen| seen.input == "closed_never_paid")
        .map(|seen| (seen.state, seen.next, seen.applied))
        .collect();
    assert_eq!(late, [("PAYING", "PAYING", false)], "recorded, not applied");
    // Money is absolute: however long ago the answer was asked for, it is booked.
    let mut paid = told(now.plus_seconds(-45), p::Input::PaidEqual);
    if let lifeline_core::payments::observation::Observed::Channel(_, fact) = &mut paid.what {
        fact.total = Some(Fen::new(12_840));
        fact.paid_at = Some(now.plus_seconds(-50));
    }
    let seen = vec![paid];
    s.app
        .observe(&order.id, seen, "job", "trace")
        .await
        .unwrap();
    assert_eq!(s.look(&order.id).await.payment.state, p::State::Paid);
}

/// "Not found" that was asked for before "processing" would let a line be sent twice.
async fn an_older_answer_of_marketing_is_recorded_only(place: Place) {
    let s = Story::at(place);
    let mut order = order_in(&s.outside, p::State::Paid);
    order.lines = vec![line_in(&order, &s.outside, l::State::PostUnknown)];
    s.place.add(&order, s.outside.now()).await;
    let (id, line) = (&order.payment.payment_id, &order.lines[0].line_id);
    s.outside.advance(300);
    let now = s.outside.now();
    let seen =
        |asked_at, input| Observation::line(asked_at, line.clone(), input, LineFact::default());
    let overtaken = vec![
        seen(now, l::Input::Processing),
        seen(now.plus_seconds(-200), l::Input::NotFound),
        seen(now.plus_seconds(-100), l::Input::NotPayable),
    ];
    s.app.observe(id, overtaken, "job", "trace").await.unwrap();
    let look = s.look(id).await;
    assert_eq!(look.lines[0].state, l::State::PostUnknown);
    assert_eq!(look.lines[0].not_found, 0, "an old answer proves nothing");
}

/// An empty query asked for before the refund was answered would let it be sent again.
async fn an_older_answer_about_a_refund_is_recorded_only(place: Place) {
    let s = Story::at(place);
    let mut order = order_in(&s.outside, p::State::Paid);
    order.lines = vec![line_in(&order, &s.outside, l::State::RefundDue)];
    refund_in(&mut order, &s.outside, r::State::Unknown, Fen::new(12_840));
    s.place.add(&order, s.outside.now()).await;
    let (id, refund) = (&order.payment.payment_id, &order.refunds[0].refund_id);
    s.outside.advance(300);
    let now = s.outside.now();
    let seen = |asked_at, input| {
        Observation::refund(asked_at, refund.clone(), input, RefundFact::default())
    };
    let overtaken = vec![
        seen(now, r::Input::NoAnswer),
        seen(now.plus_seconds(-200), r::Input::FoundEmpty),
        seen(now.plus_seconds(-100), r::Input::RefusedForGood),
    ];
    s.app.observe(id, overtaken, "job", "trace").await.unwrap();
    let look = s.look(id).await;
    assert_eq!(look.refunds[0].state, r::State::Unknown);
    assert_eq!(look.refunds[0].empties, 0, "an old answer proves nothing");
}

/// A line whose first number is being fenced, and the order as a worker holds it who asked for that.
async fn fencing(s: &Story, state: l::State) -> Order {
    let mut order = order_in(&s.outside, p::State::Paid);
    order.lines = vec![line_in(&order, &s.outside, state)];
    s.place.add(&order, s.outside.now()).await;
    order
}

fn answered(s: &Story, order: &Order, reply: PostingReply) -> Observation {
    reading::of_posting(order, &order.lines[0], Ok(reply), s.outside.now())
}

/// Two answers to one fence: the first gives the line a new number, and the second, which says that
/// the first number is fenced, must not give back money that may be posted under the new one. A
/// simulated history found it.
async fn an_answer_about_an_earlier_number_says_nothing_of_the_present_one(place: Place) {
    let s = Story::at(place);
    let order = fencing(&s, l::State::FencingRepost).await;
    let id = &order.payment.payment_id;
    let fenced = || answered(&s, &order, PostingReply::Fenced);
    s.app
        .observe(id, vec![fenced()], "job", "trace")
        .await
        .unwrap();
    let look = s.look(id).await;
    assert_eq!(
        (look.lines[0].state, look.lines[0].attempt),
        (l::State::Ready, 2)
    );
    s.app
        .observe(id, vec![fenced()], "job", "trace")
        .await
        .unwrap();
    let held = s.place.held(id).await;
    assert!(held.cases.is_empty(), "no contradiction: it was true");
    assert!(!held.order.lines[0].frozen);
    assert_eq!(held.order.lines[0].state, l::State::Ready);
    // The second number was sent, nobody knows whether it arrived, and a refund is wanted.
    let line = held.order.lines[0].line_id.clone();
    let body = LineFact {
        body: held.order.payment.body.clone(),
        ..LineFact::default()
    };
    let line_told = |input, fact| Observation::line(s.outside.now(), line.clone(), input, fact);
    let seen = vec![
        line_told(l::Input::Turn, body),
        line_told(l::Input::NoAnswer, LineFact::default()),
        line_told(l::Input::RefundWanted, LineFact::default()),
        fenced(),
        answered(&s, &order, PostingReply::NotFound),
    ];
    s.app.observe(id, seen, "job", "trace").await.unwrap();
    let look = s.look(id).await;
    assert_eq!(look.lines[0].state, l::State::FencingRefund);
    assert!(look.refunds.is_empty(), "the second number is not fenced");
}

/// The first number was fenced, and then marketing shows a posting under it: money may be there twice.
async fn a_posting_under_a_fenced_number_is_a_contradiction(place: Place) {
    let s = Story::at(place);
    let order = fencing(&s, l::State::FencingRepost).await;
    let id = &order.payment.payment_id;
    let line = &order.lines[0];
    let posted = lifeline_core::payments::ports::PostedLine {
        consumer_no: line.consumer_no.clone(),
        amount: line.amount,
        paid_at: order.payment.paid_at.unwrap(),
        mkt_txn_no: "M1".to_owned(),
        business_date: s.outside.now().shanghai_date(),
        posted_at: s.outside.now(),
    };
    let seen = vec![
        answered(&s, &order, PostingReply::Fenced),
        answered(&s, &order, PostingReply::Posted(posted)),
    ];
    s.app.observe(id, seen, "job", "trace").await.unwrap();
    let held = s.place.held(id).await;
    assert_eq!(held.order.lines[0].state, l::State::Ready);
    assert!(held.order.lines[0].frozen, "nothing more is sent");
    assert_eq!(held.cases.len(), 1);
    s.run(600).await;
    assert_eq!(s.outside.count("post"), 0);
}

/// The buyer cancels in the wallet while we ask for the same; the notice of it is faster than the
/// answer. A simulated history found it.
async fn a_close_refused_because_it_was_closed_meanwhile_is_no_contradiction(place: Place) {
    let s = Story::at(place);
    let order = order_in(&s.outside, p::State::Closing);
    s.place.add(&order, s.outside.now()).await;
    let id = &order.payment.payment_id;
    s.outside.advance(60);
    let asked_at = s.outside.now();
    s.outside.advance(1);
    // A notice states whole seconds: it may look older than the call that it overtook.
    let notice = told(asked_at.plus_seconds(-1), p::Input::ClosedNeverPaid);
    s.app
        .observe(id, vec![notice], "job", "trace")
        .await
        .unwrap();
    assert_eq!(s.look(id).await.payment.state, p::State::Closed);
    let refused = told(asked_at, p::Input::CloseRefused);
    s.app
        .observe(id, vec![refused], "job", "trace")
        .await
        .unwrap();
    let held = s.place.held(id).await;
    assert_eq!(held.order.payment.state, p::State::Closed);
    assert!(!held.order.payment.frozen);
    assert!(held.cases.is_empty(), "both are true");
}

/// Given back at the desk in the second of a query, and the notice of it leaves the payment out: it
/// says "closed" and looks older than the query. A simulated history found it.
async fn that_a_paid_trade_is_closed_is_heard_however_old_it_is(place: Place) {
    let s = Story::at(place);
    let order = order_in(&s.outside, p::State::Done);
    s.place.add(&order, s.outside.now()).await;
    trade_of(&s, &order);
    let id = &order.payment.payment_id;
    s.outside.advance(60);
    let mut asked = told(s.outside.now(), p::Input::PaidEqual);
    if let lifeline_core::payments::observation::Observed::Channel(_, fact) = &mut asked.what {
        fact.total = Some(order.payment.paid);
    }
    let closed = told(s.outside.now().plus_seconds(-1), p::Input::ClosedNeverPaid);
    s.app
        .observe(id, vec![asked, closed], "job", "trace")
        .await
        .unwrap();
    let look = s.look(id).await;
    assert_eq!(look.payment.foreign, order.payment.paid, "it went back");
    assert_eq!(
        look.payment.state,
        p::State::Paid,
        "its line is for two persons"
    );
}
