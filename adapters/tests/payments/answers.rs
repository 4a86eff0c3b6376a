//! Answers that overtake each other (money.md G5): one that was asked for before the last applied
//! fact is recorded and changes nothing, unless what it says is absolute.

use lifeline_core::payments::observation::{ChannelFact, LineFact, Observation, RefundFact};
use lifeline_core::payments::{table_l as l, table_p as p, table_r as r};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::time::{Clock as _, Time};

use crate::books::{HOME, line_in, order_in, refund_in};
use crate::store::Place;
use crate::stories;
use crate::story::{Story, arrears};

stories! {
    an_older_answer_of_the_channel_is_recorded_only;
    an_older_answer_of_marketing_is_recorded_only;
    an_older_answer_about_a_refund_is_recorded_only;
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
