//! Cells of table P.

use lifeline_core::cases::CaseKind;
use lifeline_core::ledger::Account;
use lifeline_core::payments::observation::{Call, ChannelFact, Named, Observation};
use lifeline_core::payments::order::{Check, Order};
use lifeline_core::payments::{Applied, Policy, table_l as l, table_p as p, table_r as r};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::time::Clock as _;

use crate::Expected;
use crate::books::{AMOUNT, Held, line_in, order, order_in, payments, refund_in};
use crate::check::{Trace, compare, recorded, trace};
use crate::outside::Outside;
use crate::second::{BESIDE, beside};
use crate::store::{Place, start};

/// Another sum than ordered.
const OTHER: Fen = Fen::new(10_000);
/// A refund made by hand at the merchant desk.
const BY_HAND: Fen = Fen::new(5_000);

pub(crate) async fn cell(place: Place, expected: Expected) {
    let outside = Outside::at(start());
    let state = p::State::parse(&expected.state).unwrap();
    let input = p::Input::parse(&expected.input).unwrap();
    let before = arrange(&outside, state, input, &expected);
    if expected.when("lock_taken") {
        place.add(&order(&outside), outside.now()).await;
    }
    place.add(&before, outside.now()).await;
    let asked_at = if expected.when("asked_before_payment") {
        before.payment.paid_at.unwrap().plus_seconds(-1)
    } else {
        outside.now()
    };
    let fact = fact_for(&before, input, &expected);
    let seen = Observation::channel(asked_at, input, fact);
    let app = payments(&place, &outside, Policy::default());
    let id = &before.payment.payment_id;
    let applied = app.observe(id, vec![seen], "job:test", "trace-1").await;
    let Applied::Done {
        asks,
        close_refused,
        ..
    } = applied.unwrap()
    else {
        panic!("not applied: {expected:?}");
    };
    let held = place.held(id).await;
    let events = place.events(outside.now()).await;

    let payment = &held.order.payment;
    assert_eq!(payment.state.as_str(), expected.next, "{expected:?}");
    assert_eq!(close_refused, expected.demands("409"), "{expected:?}");
    assert_eq!(payment.frozen, expected.demands("X"), "{expected:?}");
    recorded(&expected, "P", &held);
    compare(
        &expected,
        wanted(&before, input, &expected),
        trace(&held, &events, &asks),
    );
    rows(&before, &held, &expected);
}

fn arrange(outside: &Outside, state: p::State, input: p::Input, expected: &Expected) -> Order {
    let mut order = order_in(outside, state);
    let now = outside.now();
    if expected.when("unanswered") {
        // Two sends, one of them never answered.
        (order.payment.sends, order.payment.answers) = (2, 0);
    } else if state == p::State::Created && input == p::Input::CreateRefused {
        (order.payment.sends, order.payment.answers) = (1, 0);
    }
    if expected.when("left_us") || input == p::Input::NoAnswer {
        order.payment.sends = order.payment.sends.max(1);
    }
    if expected.when("resends_spent") {
        order.payment.sends = 4;
    }
    if expected.when("beyond_doubt") {
        order.payment.expire_at = now.plus_seconds(-600);
    }
    if expected.when("lock_lost") {
        order.payment.has_lock = false;
    }
    if expected.when("all_refunded") {
        refund_in(&mut order, outside, r::State::Done, AMOUNT);
    }
    if expected.when("refund_moving") {
        refund_in(&mut order, outside, r::State::Unknown, BY_HAND);
    }
    if state == p::State::Paid && input == p::Input::LinesFinal {
        order.lines = vec![line_in(&order, outside, l::State::Posted)];
    }
    if state == p::State::Paid && input == p::Input::Case {
        order.lines = vec![line_in(&order, outside, l::State::Held)];
    }
    if expected.when("several") {
        let suspended = order.payment.suspense.is_positive();
        let lines = if suspended {
            order.lines.clone()
        } else {
            Vec::new()
        };
        let paid = order.payment.paid;
        order.lines.clear();
        beside(&mut order, outside);
        order.lines = lines;
        order.payment.paid = paid;
    }
    order
}

fn fact_for(before: &Order, input: p::Input, expected: &Expected) -> ChannelFact {
    let call = match input {
        p::Input::CreateOk | p::Input::CreateRefused => Call::Create,
        _ => Call::None,
    };
    let total = match input {
        p::Input::PaidOther => OTHER,
        _ => before.payment.amount,
    };
    let refunded = match input {
        p::Input::RefundNotOurs if expected.when("all_refunded") => Some(AMOUNT),
        p::Input::RefundNotOurs => Some(BY_HAND),
        _ => None,
    };
    let trade_no = if expected.when("other_trade") {
        "T2"
    } else {
        "T1"
    };
    ChannelFact {
        call,
        trade_no: Some(trade_no.to_owned()),
        total: Some(total),
        paid_at: Some(before.payment.created_at),
        refunded,
        minted: false,
        named: named(before, expected),
        goes_on: false,
    }
}

/// How two persons divide what is in suspense, when it is several homes'.
fn named(before: &Order, expected: &Expected) -> Vec<Named> {
    let part = |line_no, amount| Named { line_no, amount };
    match before.payment.suspense {
        sum if expected.when("several") && sum.is_positive() => {
            vec![part(1, sum.minus(BESIDE).unwrap()), part(2, BESIDE)]
        }
        _ => Vec::new(),
    }
}

/// The sum a7 must book: what was told, or everything when the trade is closed.
fn foreign_sum(before: &Order, input: p::Input) -> Fen {
    match input {
        p::Input::ClosedNeverPaid => before.payment.paid,
        _ => BY_HAND,
    }
}

fn wanted(before: &Order, input: p::Input, expected: &Expected) -> Trace {
    let mut trace = Trace {
        claimed: before.payment.has_lock,
        ..Trace::default()
    };
    for effect in &expected.effects {
        match effect.as_str() {
            "a2" => trace.claimed = false,
            "a3" => trace.enter(Account::Channel, Account::Clearing, before.payment.amount),
            "a4" => {
                trace.enter(Account::Channel, Account::Suspense, OTHER);
                trace.cases.push(CaseKind::AmountMismatch);
            }
            "a5" => trace.asks.push("close_trade"),
            "a6" => {
                trace.enter(Account::Channel, Account::Clearing, before.payment.amount);
                trace.claimed = true;
            }
            "a6_one_taken" => {
                trace.claimed = true;
                trace.enter(Account::Channel, Account::Clearing, before.payment.amount);
                trace.enter(Account::Clearing, Account::RefundDue, AMOUNT);
            }
            "a6_taken" => {
                trace.enter(Account::Channel, Account::Clearing, AMOUNT);
                trace.enter(Account::Clearing, Account::RefundDue, AMOUNT);
            }
            "a7" => {
                let sum = foreign_sum(before, input);
                trace.enter(Account::ForeignRefund, Account::Channel, sum);
                trace.cases.push(CaseKind::ForeignRefund);
                let unsent = before
                    .lines
                    .iter()
                    .any(|line| line.state == l::State::Ready);
                if unsent || before.lines.is_empty() {
                    trace.cases.push(CaseKind::PostingHeld);
                }
            }
            "a8" => {
                let sum = before.payment.suspense;
                if sum.is_positive() {
                    trace.enter(Account::Suspense, Account::Clearing, sum);
                }
            }
            "q" => trace.asks.push("query_trade"),
            "check" => trace.asks.push("check_refunds"),
            "resend" if input == p::Input::NotExist => trace.asks.push("resend_create"),
            // After silence the same bytes go at their moment, not at once: see `rows`.
            "resend" | "a1" | "409" => {}
            "X" => trace.cases.push(CaseKind::Contradiction),
            other => panic!("unknown effect {other}"),
        }
    }
    trace
}

/// What the effects demand of the order's own rows.
fn rows(before: &Order, held: &Held, expected: &Expected) {
    let payment = &held.order.payment;
    let lines = &held.order.lines;
    assert!(
        payment.is_final() || payment.next_at.is_some(),
        "{expected:?}"
    );
    let wakes = held.order.wake_at();
    assert!(payment.is_final() || wakes.is_some(), "{expected:?}");
    for effect in &expected.effects {
        match effect.as_str() {
            "a1" => assert_eq!(payment.trade_no.as_deref(), Some("T1"), "{expected:?}"),
            "a2" => {
                assert!(
                    payment.closed_at.is_some() && !payment.has_lock,
                    "{expected:?}"
                );
                assert_eq!(payment.watched, before.payment.left_us(), "{expected:?}");
            }
            "a3" => {
                assert_eq!(payment.paid, payment.amount);
                let sum = Fen::sum(lines.iter().map(|line| line.amount)).unwrap();
                assert_eq!(sum, payment.amount, "the lines are the total");
                assert_eq!(lines.len(), payment.shares.len(), "a line per home");
                let state = if expected.demands("a7") {
                    l::State::Held
                } else {
                    l::State::Ready
                };
                assert!(lines.iter().all(|line| line.state == state), "{expected:?}");
                assert!(lines.iter().all(|line| line.check == Check::None));
            }
            "a4" => {
                assert_eq!((payment.paid, payment.suspense), (OTHER, OTHER));
                let [line] = &lines[..] else {
                    panic!("one line: {expected:?}");
                };
                assert_eq!((line.state, line.amount), (l::State::Held, OTHER));
            }
            "a6" => {
                let late = lines.iter().all(|line| line.check == Check::StillDue);
                assert!(late && payment.has_lock, "{expected:?}");
            }
            "a6_one_taken" => {
                let states: Vec<_> = lines.iter().map(|line| line.state).collect();
                assert_eq!(states, [l::State::RefundDue, l::State::Ready]);
                assert_eq!(payment.refund_reserved, AMOUNT);
                assert!(payment.has_lock, "the other home's claim is held");
            }
            "a6_taken" => {
                assert!(lines.iter().all(|line| line.state == l::State::RefundDue));
                let [refund] = &held.order.refunds[..] else {
                    panic!("one refund: {expected:?}");
                };
                assert_eq!((refund.state, refund.amount), (r::State::Planned, AMOUNT));
                assert_eq!(payment.refund_reserved, AMOUNT);
            }
            "a7" => {
                let sum = foreign_sum(before, p::Input::parse(&expected.input).unwrap());
                assert_eq!((payment.foreign, payment.refund_reserved), (sum, sum));
                assert!(lines.iter().all(|line| line.state != l::State::Ready));
            }
            "a8" => {
                assert_eq!(payment.suspense, Fen::ZERO);
                let unsent = before.lines.iter().any(|line| line.state == l::State::Held);
                let runs = lines.iter().any(|line| line.state == l::State::Ready);
                assert_eq!(unsent, runs, "{expected:?}");
                if expected.when("several") {
                    let amounts: Vec<_> = lines.iter().map(|line| line.amount).collect();
                    assert_eq!(amounts, [OTHER.minus(BESIDE).unwrap(), BESIDE]);
                }
            }
            "resend" if expected.input == "no_answer" => {
                let gap = payment.next_at.unwrap().seconds_since(payment.entered_at);
                assert!((1..=15).contains(&gap), "{gap}");
            }
            _ => {}
        }
    }
}
