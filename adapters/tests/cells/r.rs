//! Cells of table R.

use lifeline_core::cases::CaseKind;
use lifeline_core::ledger::Account;
use lifeline_core::payments::observation::{Observation, RefundFact};
use lifeline_core::payments::order::Order;
use lifeline_core::payments::{Applied, Policy, table_l as l, table_p as p, table_r as r};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::time::Clock as _;

use crate::Expected;
use crate::books::{Held, line_in, order_in, payments, refund_in};
use crate::check::{Trace, compare, recorded, trace};
use crate::outside::Outside;
use crate::store::{Place, start};

const SUM: Fen = Fen::new(9_000);
const SUM_OF_ANOTHER: Fen = Fen::new(3_000);

pub(crate) async fn cell(place: Place, expected: Expected) {
    let outside = Outside::at(start());
    let state = r::State::parse(&expected.state).unwrap();
    let input = r::Input::parse(&expected.input).unwrap();
    let before = arrange(&outside, state, &expected);
    place.add(&before, outside.now()).await;
    let refund_id = before.refunds[0].refund_id.clone();
    let ruling = [
        ("ruled_again", r::Ruling::Again),
        ("ruled_bank", r::Ruling::Bank),
        ("ruled_desk", r::Ruling::Desk),
    ];
    let fact = RefundFact {
        brake_open: false,
        braked: false,
        ruling: ruling
            .into_iter()
            .find(|(word, _)| expected.when(word))
            .map(|(_, ruling)| ruling),
        by_bank: None,
    };
    let seen = Observation::refund(outside.now(), refund_id.clone(), input, fact);
    let brake_sum = if expected.when("brake_closed") {
        Fen::new(1)
    } else {
        Fen::new(1_000_000)
    };
    let policy = Policy {
        brake_sum,
        ..Policy::default()
    };
    let app = payments(&place, &outside, policy);
    let id = &before.payment.payment_id;
    let applied = app.observe(id, vec![seen], "job:test", "trace-1").await;
    let Applied::Done { asks, .. } = applied.unwrap() else {
        panic!("not applied: {expected:?}");
    };
    let held = place.held(id).await;
    let events = place.events(outside.now()).await;

    let refund = held.order.refund(&refund_id).unwrap();
    assert_eq!(refund.state.as_str(), expected.next, "{expected:?}");
    assert_eq!(refund.frozen, expected.demands("X"), "{expected:?}");
    assert!(
        refund.state.is_final() || refund.next_at.is_some(),
        "{expected:?}"
    );
    if input != r::Input::Turn {
        recorded(&expected, "R", &held);
    }
    let left = trace(&held, &events, &asks);
    compare(&expected, wanted(&expected), left);
    rows(&before, &held, &expected);
}

fn arrange(outside: &Outside, state: r::State, expected: &Expected) -> Order {
    let mut order = order_in(outside, p::State::Paid);
    let line_state = match state {
        r::State::Blocked | r::State::Withdrawn => l::State::Held,
        r::State::Done => l::State::Refunded,
        r::State::Planned | r::State::Sending | r::State::Unknown | r::State::WaitFunds => {
            l::State::RefundDue
        }
    };
    let mut line = line_in(&order, outside, line_state);
    line.amount = SUM;
    order.lines = vec![line];
    order.payment.has_lock = false;
    refund_in(&mut order, outside, state, SUM);
    let now = outside.now();
    if expected.when("other_moving") {
        refund_in(&mut order, outside, r::State::Unknown, SUM_OF_ANOTHER);
    }
    if expected.when("other_just_sent") {
        refund_in(&mut order, outside, r::State::WaitFunds, SUM_OF_ANOTHER);
        order.refunds[1].sent_at = Some(now.plus_seconds(-2));
    }
    let refund = &mut order.refunds[0];
    if expected.when("empty_twice") {
        refund.empties = 2;
    }
    if expected.when("empty_once") {
        refund.empties = 1;
    }
    if expected.when("empty_today") {
        refund.empty_at = Some(now.plus_seconds(-60));
    }
    if expected.when("shown") {
        let payment = &mut order.payment;
        (payment.shown, payment.shown_at) = (SUM, Some(now.plus_seconds(-90)));
    }
    order
}

fn wanted(expected: &Expected) -> Trace {
    let mut trace = Trace::default();
    for effect in &expected.effects {
        match effect.as_str() {
            "c1" => {
                trace.enter(Account::RefundDue, Account::Channel, SUM);
                trace.events.push("payments.refunded".to_owned());
            }
            "send" | "resend" => trace.asks.push("send_refund"),
            "q" => trace.asks.push("query_refund"),
            "trade_q" => trace.asks.push("query_trade"),
            "reserve_back" => trace.enter(Account::RefundDue, Account::Clearing, SUM),
            "case" => trace.cases.push(CaseKind::RefundBlocked),
            "X" => trace.cases.push(CaseKind::Contradiction),
            other => panic!("unknown effect {other}"),
        }
    }
    if expected.next == "BLOCKED" && expected.state != "BLOCKED" {
        // The refund's own case, and the line's: two persons decide about both.
        trace.cases.push(CaseKind::RefundBlocked);
        trace.cases.push(CaseKind::PostingHeld);
    }
    if is_taken_back(expected) {
        trace.cases.push(CaseKind::PostingHeld);
    }
    trace
}

/// What the effects demand of the refund, its line and its payment.
fn rows(before: &Order, held: &Held, expected: &Expected) {
    let (old, refund) = (&before.refunds[0], &held.order.refunds[0]);
    let payment = &held.order.payment;
    let line = &held.order.lines[0];
    assert_eq!(
        refund.out_request_no, old.out_request_no,
        "a number is for ever"
    );
    assert_eq!(refund.amount, old.amount, "our own amount, always");
    for effect in &expected.effects {
        match effect.as_str() {
            "c1" => {
                assert_eq!((payment.refunded, payment.refund_reserved), (SUM, SUM));
                assert_eq!(
                    (line.state, payment.state),
                    (l::State::Refunded, p::State::Done)
                );
                assert!(refund.done_at.is_some());
                let by_bank = if expected.when("ruled_bank") {
                    SUM
                } else {
                    Fen::ZERO
                };
                assert_eq!(refund.by_bank, by_bank, "{expected:?}");
            }
            "send" | "resend" => {
                assert_eq!(refund.sent_at, Some(payment.created_at));
                assert_eq!(refund.empties, 0);
            }
            "reserve_back" => assert_eq!(payment.refund_reserved, Fen::ZERO),
            _ => {}
        }
    }
    if expected.next == "BLOCKED" || is_taken_back(expected) {
        assert_eq!(line.state, l::State::Held);
    }
}

/// Two persons took a planned refund back: its line is theirs too.
fn is_taken_back(expected: &Expected) -> bool {
    (expected.state.as_str(), expected.input.as_str()) == ("PLANNED", "case")
}
