//! Cells of table L.

use lifeline_core::cases::CaseKind;
use lifeline_core::ledger::Account;
use lifeline_core::payments::observation::{LineFact, Observation};
use lifeline_core::payments::order::{Check, ClosedText, Order, Purpose, Sighting};
use lifeline_core::payments::{Applied, Policy, numbers, table_l as l, table_p as p, table_r as r};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::time::Clock as _;

use crate::Expected;
use crate::books::{AMOUNT, Held, line_in, order_in, payments, refund_in};
use crate::check::{Trace, compare, recorded, trace};
use crate::outside::Outside;
use crate::second::{BESIDE, beside};
use crate::store::{Place, start};

pub(crate) async fn cell(place: Place, expected: Expected) {
    one_cell(place, expected, false).await;
}

/// The same cell with the line of a second home in the order: it must not notice anything.
pub(crate) async fn cell_beside(place: Place, expected: Expected) {
    one_cell(place, expected, true).await;
}

async fn one_cell(place: Place, expected: Expected, second: bool) {
    let outside = Outside::at(start());
    let state = l::State::parse(&expected.state).unwrap();
    let input = l::Input::parse(&expected.input).unwrap();
    let mut before = arrange(&outside, state, &expected);
    if second {
        beside(&mut before, &outside);
        before.payment.has_lock = true;
    }
    place.add(&before, outside.now()).await;
    let line_id = before.lines[0].line_id.clone();
    let fact = fact_for(&outside, state, input, &expected);
    let seen = Observation::line(outside.now(), line_id, input, fact);
    let app = payments(&place, &outside, Policy::default());
    let id = &before.payment.payment_id;
    let applied = app.observe(id, vec![seen], "job:test", "trace-1").await;
    let Applied::Done { asks, .. } = applied.unwrap() else {
        panic!("not applied: {expected:?}");
    };
    let held = place.held(id).await;
    let events = place.events(outside.now()).await;

    let line = &held.order.lines[0];
    assert_eq!(line.state.as_str(), expected.next, "{expected:?}");
    assert_eq!(line.frozen, expected.demands("X"), "{expected:?}");
    assert!(
        line.state.is_final() || line.next_at.is_some(),
        "{expected:?}"
    );
    if input != l::Input::Turn {
        recorded(&expected, "L", &held);
    }
    let left = trace(&held, &events, &asks);
    let mut wanted = wanted(&before, &expected);
    if second {
        // Whatever becomes of the first line, the second home's claim is held.
        wanted.claimed = true;
    }
    compare(&expected, wanted, left);
    rows(&before, &held, &expected);
    if second {
        assert_eq!(held.order.lines[1], before.lines[1], "{expected:?}");
        assert_eq!(held.order.payment.state, p::State::Paid, "{expected:?}");
        assert!(held.order.payment.has_lock, "{expected:?}");
        let sum = held.order.payment.amount;
        assert_eq!(sum, AMOUNT.plus(BESIDE).unwrap());
    } else if held.order.lines[0].state.is_final() {
        let ended = held.order.payment.state;
        assert_eq!(ended, p::State::Done, "the last line ends the order");
    }
}

fn arrange(outside: &Outside, state: l::State, expected: &Expected) -> Order {
    let mut order = order_in(outside, p::State::Paid);
    let now = outside.now();
    let mut line = line_in(&order, outside, state);
    line.want_refund = expected.when("want_refund");
    line.keep_as_prepayment =
        expected.when("keep_as_prepayment") || expected.when("keep_but_unavailable");
    if expected.when("not_found_twice") {
        line.not_found = 2;
        line.not_found_at = Some(now.plus_seconds(-5));
    }
    if expected.when("numbers_spent") {
        line.attempt = 5;
    }
    if expected.when("other_date") {
        line.business_date = Some("2026-11-19".to_owned());
    }
    if expected.when("marketing_posted") || expected.when("seen_same") {
        line.sighting = Some(Sighting::Same);
    }
    if expected.when("seen_other") {
        line.sighting = Some(Sighting::Other);
    }
    line.fenced = expected.when("fenced");
    line.let_go = expected.when("let_go");
    if expected.when("fenced") || expected.when("let_go") || expected.when("sent") {
        line.sent_at = Some(now.plus_seconds(-300));
        line.body = Some(ClosedText::new("{\"frozen\":true}".to_owned()));
    }
    order.lines = vec![line];
    match state {
        l::State::RefundDue => refund_in(&mut order, outside, r::State::Planned, AMOUNT),
        l::State::Refunded => refund_in(&mut order, outside, r::State::Done, AMOUNT),
        _ => {}
    }
    order.payment.has_lock = state.is_in_flight();
    order
}

fn fact_for(outside: &Outside, state: l::State, input: l::Input, expected: &Expected) -> LineFact {
    let ruling = [
        ("ruled_post", l::Ruling::Post),
        ("ruled_fence_repost", l::Ruling::FenceRepost),
        ("ruled_fence_refund", l::Ruling::FenceRefund),
        ("ruled_credit", l::Ruling::Credit),
        ("ruled_refund", l::Ruling::Refund),
    ];
    let first = state == l::State::Ready && input == l::Input::Turn;
    LineFact {
        number: None,
        part: None,
        goes_on: false,
        named: false,
        mkt_txn_no: Some("M1".to_owned()),
        business_date: Some(outside.now().shanghai_date()),
        posted_at: Some(outside.now()),
        body: first.then(|| ClosedText::new("{\"first\":true}".to_owned())),
        arrears_version: first.then(|| "v1".to_owned()),
        as_prepayment: false,
        never_prepay: expected.when("keep_but_unavailable"),
        absent_from_files: expected.when("absent_from_files"),
        ruling: ruling
            .into_iter()
            .find(|(word, _)| expected.when(word))
            .map(|(_, ruling)| ruling),
    }
}

fn wanted(before: &Order, expected: &Expected) -> Trace {
    let mut trace = Trace {
        claimed: before.payment.has_lock,
        ..Trace::default()
    };
    let line = &before.lines[0];
    for effect in &expected.effects {
        match effect.as_str() {
            "b1" => trace.asks.push("post"),
            "b2" => {
                trace.enter(Account::Clearing, Account::Marketing, AMOUNT);
                trace.events.push("payments.posted".to_owned());
                trace.claimed = false;
            }
            "b4" => {
                if line.credited {
                    trace.enter(Account::Marketing, Account::Clearing, AMOUNT);
                }
                trace.enter(Account::Clearing, Account::RefundDue, AMOUNT);
                trace.claimed = false;
            }
            "b6" => trace.asks.push("reverse"),
            "b7" => trace.asks.push("voucher"),
            "b8" => trace.enter(Account::RefundDue, Account::Clearing, AMOUNT),
            "b9" => trace.events.push("payments.refunded".to_owned()),
            "q" => trace.asks.push("get_posting"),
            "fence" => trace.asks.push("fence"),
            "case" => trace.cases.push(CaseKind::PostingHeld),
            "X" => trace.cases.push(CaseKind::Contradiction),
            "b3" | "counts" | "want" | "prepaid" | "tell" => {}
            other => panic!("unknown effect {other}"),
        }
    }
    if expected.next == "HELD" && expected.state != "HELD" {
        trace.cases.push(CaseKind::PostingHeld);
    }
    trace
}

/// What the effects demand of the line and its refunds.
fn rows(before: &Order, held: &Held, expected: &Expected) {
    let (old, line) = (&before.lines[0], &held.order.lines[0]);
    let payment = &held.order.payment;
    let same_bytes = old.body.is_none() || line.body == old.body || expected.demands("b3");
    assert!(same_bytes, "a frozen body changed: {expected:?}");
    for effect in &expected.effects {
        match effect.as_str() {
            "b1" => {
                assert!(line.body.is_some() && line.sent_at == Some(payment.created_at));
                assert_eq!(
                    (line.not_found, &line.channel_txn_no),
                    (0, &old.channel_txn_no)
                );
            }
            "b2" => assert!(line.credited && line.mkt_txn_no.as_deref() == Some("M1")),
            "b3" => {
                let next = numbers::channel_txn_no(&payment.out_trade_no, 1, old.attempt + 1);
                assert_eq!(
                    (line.attempt, &line.channel_txn_no),
                    (old.attempt + 1, &next)
                );
                assert!(line.body.is_none() && line.sent_at.is_none());
                assert_eq!(line.check, Check::FreshArrears);
            }
            "b4" => {
                let [refund] = &held.order.refunds[..] else {
                    panic!("one refund: {expected:?}");
                };
                assert_eq!((refund.state, refund.amount), (r::State::Planned, AMOUNT));
                assert_eq!(payment.refund_reserved, AMOUNT);
                assert!(!line.credited);
            }
            "b8" => {
                assert_eq!(held.order.refunds[0].state, r::State::Withdrawn);
                assert_eq!(payment.refund_reserved, Fen::ZERO);
            }
            "counts" => assert_eq!(line.not_found, 1),
            "want" => assert!(line.want_refund),
            "prepaid" => assert_eq!(line.purpose, Purpose::TopUp),
            _ => {}
        }
    }
}
