//! A case is about one row: what two persons decide about it reaches no other, and what happens to the
//! row again is told again.

use lifeline_core::cases::decision::{Ending, Proposal, Resolution};
use lifeline_core::cases::four_eyes::ProposalState;
use lifeline_core::cases::{Case, CaseKind};
use lifeline_core::payments::observation::{ChannelFact, LineFact, Observation, RefundFact};
use lifeline_core::payments::order::Order;
use lifeline_core::payments::rulings::Ruled;
use lifeline_core::payments::{table_l as l, table_p as p, table_r as r};
use lifeline_core::shared::ids::{CaseId, PaymentId};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::time::Clock as _;

use crate::books::{AMOUNT, line_in, order_in, refund_in};
use crate::refunds::trade_of;
use crate::store::Place;
use crate::stories;
use crate::story::Story;

stories! {
    a_refund_done_by_hand_is_the_one_of_its_case;
    a_held_line_is_ruled_about_alone;
    a_case_of_the_whole_order_means_none_of_several;
    a_refund_that_is_refused_again_is_told_again;
    a_fence_that_meets_a_posting_again_is_told_again;
    what_contradicts_again_is_told_again;
}

const FIRST: Fen = Fen::new(5_000);
const SECOND: Fen = Fen::new(7_840);

fn decided(case_id: &CaseId, resolution: Resolution) -> Proposal {
    let now = crate::store::start();
    Proposal {
        proposal_id: "019aa2f0-0000-7000-8000-0000000000aa".to_owned(),
        what: Ending {
            case_id: case_id.clone(),
            resolution,
            parts: Vec::new(),
        },
        reason: "looked into".to_owned(),
        proposed_by: "staff:a".to_owned(),
        proposed_at: now,
        state: ProposalState::Approved,
        decided_by: Some("staff:b".to_owned()),
        decided_at: Some(now),
    }
}

/// What the console does with a resolution that two persons agreed about: carried out, and the case is
/// closed when something moved by it.
pub(crate) async fn rule(s: &Story, case: &Case, resolution: Resolution) -> Ruled {
    assert!(
        case.kind.resolutions().contains(&resolution),
        "{resolution:?} is not offered about {:?}",
        case.kind
    );
    let id = PaymentId::parse(&case.subject).unwrap();
    let decided = decided(&case.case_id, resolution);
    let ruled = s.app.rule(&id, &decided, "staff:b", "trace").await.unwrap();
    if ruled == Ruled::Moved {
        let (case_id, now) = (&case.case_id, s.outside.now());
        s.place
            .write(async |tx| tx.cases().close(case_id, now).await)
            .await;
    }
    ruled
}

/// The open cases of a kind about a row.
pub(crate) async fn about(s: &Story, id: &PaymentId, kind: CaseKind, row: &str) -> Vec<Case> {
    let mut cases = s.place.held(id).await.cases;
    cases.retain(|case| case.kind == kind && case.row().as_deref() == Some(row));
    cases
}

/// The one open case of a kind about a row.
pub(crate) async fn case_about(s: &Story, id: &PaymentId, kind: CaseKind, row: &str) -> Case {
    let cases = about(s, id, kind, row).await;
    let [case] = &cases[..] else {
        panic!("one case of {kind:?} about {row}: {cases:?}");
    };
    case.clone()
}

async fn see(s: &Story, order: &Order, seen: Observation) {
    let id = &order.payment.payment_id;
    let said = s.app.observe(id, vec![seen], "job:test", "trace").await;
    said.unwrap();
}

fn of_refund(s: &Story, order: &Order, at: usize, input: r::Input) -> Observation {
    let id = order.refunds[at].refund_id.clone();
    Observation::refund(s.outside.now(), id, input, RefundFact::default())
}

fn of_line(s: &Story, order: &Order, at: usize, input: l::Input) -> Observation {
    let id = order.lines[at].line_id.clone();
    Observation::line(s.outside.now(), id, input, LineFact::default())
}

/// A paid order of two homes.
fn of_two_homes(s: &Story, state: l::State) -> Order {
    let mut order = order_in(&s.outside, p::State::Paid);
    order.payment.has_lock = false;
    order.lines.clear();
    for (line_no, sum) in [(1, FIRST), (2, SECOND)] {
        let mut line = line_in(&order, &s.outside, state);
        (line.line_no, line.amount) = (line_no, sum);
        line.channel_txn_no = format!("{}_{line_no}_1", order.payment.out_trade_no);
        order.lines.push(line);
    }
    order
}

/// The channel refused both refunds today, and a query of each found nothing.
async fn two_refused(s: &Story) -> Order {
    let mut order = of_two_homes(s, l::State::RefundDue);
    for (at, sum) in [FIRST, SECOND].into_iter().enumerate() {
        refund_in(&mut order, &s.outside, r::State::Unknown, sum);
        order.refunds[at].line_id = order.lines[at].line_id.clone();
        order.refunds[at].cause = format!("{}:1", order.lines[at].line_id);
    }
    s.place.add(&order, s.outside.now()).await;
    trade_of(s, &order);
    for at in 0..2 {
        see(
            s,
            &order,
            of_refund(s, &order, at, r::Input::RefusedForGood),
        )
        .await;
        see(s, &order, of_refund(s, &order, at, r::Input::FoundEmpty)).await;
    }
    order
}

async fn a_refund_done_by_hand_is_the_one_of_its_case(place: Place) {
    let s = Story::at(place);
    let order = two_refused(&s).await;
    let id = &order.payment.payment_id;
    let [first, second] = [0, 1].map(|at| order.refunds[at].refund_id.as_str());
    let case = case_about(&s, id, CaseKind::RefundBlocked, first).await;
    assert_eq!(
        rule(&s, &case, Resolution::RefundedByBank).await,
        Ruled::Moved
    );
    let look = s.look(id).await;
    let state = |at: usize| look.refund(&order.refunds[at].refund_id).unwrap().state;
    assert_eq!((state(0), state(1)), (r::State::Done, r::State::Blocked));
    assert_eq!(look.lines[0].state, l::State::Refunded);
    assert_eq!(look.lines[1].state, l::State::Held);
    assert_eq!(look.payment.refunded, FIRST, "nobody paid the second home");
    case_about(&s, id, CaseKind::RefundBlocked, second).await;
}

async fn a_held_line_is_ruled_about_alone(place: Place) {
    let s = Story::at(place);
    let order = of_two_homes(&s, l::State::Ready);
    s.place.add(&order, s.outside.now()).await;
    let id = &order.payment.payment_id;
    for at in 0..2 {
        see(&s, &order, of_line(&s, &order, at, l::Input::Case)).await;
    }
    let states = async || {
        s.look(id)
            .await
            .lines
            .iter()
            .map(|l| l.state)
            .collect::<Vec<_>>()
    };
    assert_eq!(states().await, [l::State::Held; 2]);
    let row = order.lines[1].line_id.as_str();
    let case = case_about(&s, id, CaseKind::PostingHeld, row).await;
    assert_eq!(rule(&s, &case, Resolution::Post).await, Ruled::Moved);
    assert_eq!(states().await, [l::State::Held, l::State::Ready]);
}

/// What was found out about one of two rows says nothing of the other.
async fn a_case_of_the_whole_order_means_none_of_several(place: Place) {
    let s = Story::at(place);
    let order = two_refused(&s).await;
    let id = &order.payment.payment_id;
    let unknown = CaseId::parse("019aa2f0-0000-7000-8000-000000000001").unwrap();
    let by_hand = decided(&unknown, Resolution::RefundedByBank);
    let say = async || s.app.rule(id, &by_hand, "staff:b", "trace").await.unwrap();
    assert_eq!(say().await, Ruled::Unmoved);
    assert_eq!(s.look(id).await.payment.refunded, Fen::ZERO);
    let row = order.refunds[0].refund_id.as_str();
    let case = case_about(&s, id, CaseKind::RefundBlocked, row).await;
    rule(&s, &case, Resolution::RefundedByBank).await;
    assert_eq!(say().await, Ruled::Moved, "one is left, so it is meant");
    assert_eq!(s.look(id).await.payment.refunded, AMOUNT);
}

async fn a_refund_that_is_refused_again_is_told_again(place: Place) {
    let s = Story::at(place);
    let order = two_refused(&s).await;
    let id = &order.payment.payment_id;
    let row = order.refunds[0].refund_id.as_str();
    let mut told = Vec::new();
    for _ in 0..3 {
        let case = case_about(&s, id, CaseKind::RefundBlocked, row).await;
        told.push(case.cause.clone());
        assert_eq!(rule(&s, &case, Resolution::RefundAgain).await, Ruled::Moved);
        assert!(about(&s, id, CaseKind::RefundBlocked, row).await.is_empty());
        see(
            &s,
            &order,
            of_refund(&s, &order, 0, r::Input::RefusedForGood),
        )
        .await;
    }
    told.dedup();
    assert_eq!(told.len(), 3, "a case of its own each time: {told:?}");
    case_about(&s, id, CaseKind::RefundBlocked, row).await;
}

async fn a_fence_that_meets_a_posting_again_is_told_again(place: Place) {
    let s = Story::at(place);
    let mut order = order_in(&s.outside, p::State::Paid);
    order.payment.has_lock = false;
    order.lines = vec![line_in(&order, &s.outside, l::State::PostUnknown)];
    s.place.add(&order, s.outside.now()).await;
    let id = &order.payment.payment_id;
    let row = order.lines[0].line_id.as_str();
    for _ in 0..2 {
        see(&s, &order, of_line(&s, &order, 0, l::Input::PostedOther)).await;
        assert_eq!(s.look(id).await.lines[0].state, l::State::Held);
        let case = case_about(&s, id, CaseKind::PostingHeld, row).await;
        assert_eq!(
            rule(&s, &case, Resolution::FenceAndRefund).await,
            Ruled::Moved
        );
        let look = s.look(id).await;
        assert_eq!(look.lines[0].state, l::State::FencingRefund);
        assert!(about(&s, id, CaseKind::PostingHeld, row).await.is_empty());
    }
}

async fn what_contradicts_again_is_told_again(place: Place) {
    let s = Story::at(place);
    let order = order_in(&s.outside, p::State::Paid);
    s.place.add(&order, s.outside.now()).await;
    let id = &order.payment.payment_id;
    let gone = || {
        let fact = ChannelFact::default();
        Observation::channel(s.outside.now(), p::Input::NotExist, fact)
    };
    for _ in 0..2 {
        for _ in 0..3 {
            s.outside.advance(60);
            see(&s, &order, gone()).await;
        }
        assert!(s.look(id).await.payment.frozen);
        let case = case_about(&s, id, CaseKind::Contradiction, id.as_str()).await;
        assert_eq!(rule(&s, &case, Resolution::GoOn).await, Ruled::Moved);
        assert!(!s.look(id).await.payment.frozen);
    }
}
