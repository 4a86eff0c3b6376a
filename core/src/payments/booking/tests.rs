//! Random walks over all three tables at once: whatever is seen, in whatever order, the books of
//! the order stay whole.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "the oracle counts in plain integers; an overflow fails the test"
)]

use proptest::prelude::*;

use super::super::draw::Draw;
use super::super::observation::{Call, ChannelFact, LineFact, Observation, Observed, RefundFact};
use super::super::order::{Buyer, ClosedText, Order, Payment, Purpose, Share, Via};
use super::super::policy::Policy;
use super::super::{table_l as l, table_p as p, table_r as r};
use super::Booking;
use crate::ledger::{Account, Entry};
use crate::shared::ids::{Entropy, Maker, TypedId};
use crate::shared::money::Fen;
use crate::shared::personal::ConsumerNo;
use crate::shared::time::{Clock, Time};

struct Still(i64);

impl Clock for Still {
    fn now(&self) -> Time {
        Time::from_micros(self.0)
    }
}

impl Entropy for Still {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(u8::try_from(self.0.rem_euclid(251)).unwrap());
    }
}

const START: i64 = 1_800_000_000_000_000;
const AMOUNT: Fen = Fen::new(10_000);

fn id<T: TypedId>(n: u8) -> T {
    T::made(format!("019aa2f0-0000-7000-8000-0000000000{n:02x}"))
}

fn order() -> Order {
    let now = Time::from_micros(START);
    let share = Share {
        line_no: 1,
        binding_id: id(3),
        consumer_no: ConsumerNo::parse("1500000004321").unwrap(),
        amount: AMOUNT,
        purpose: Purpose::Arrears,
        arrears_version: Some("v".into()),
        keep_as_prepayment: false,
    };
    let payment = Payment {
        payment_id: id(1),
        account_id: id(2),
        binding_id: id(3),
        session_id: id(4),
        purpose: Purpose::Arrears,
        via: Via::Mini,
        state: p::State::Created,
        version: 1,
        lease_epoch: 1,
        out_trade_no: "t0ABCDEFGHIJKLMNOPQRSTUV".into(),
        amount: AMOUNT,
        subject: "s".into(),
        shares: vec![share],
        buyer: Buyer::default(),
        body: Some(ClosedText::new("{}".into())),
        ticket: None,
        ticket_digest: None,
        sends: 1,
        answers: 0,
        trade_no: None,
        minted_at: None,
        created_at: now,
        expire_at: now.plus_seconds(900),
        paid_at: None,
        closed_at: None,
        done_at: None,
        paid: Fen::ZERO,
        refund_reserved: Fen::ZERO,
        refunded: Fen::ZERO,
        suspense: Fen::ZERO,
        foreign: Fen::ZERO,
        foreign_used: Fen::ZERO,
        shown: Fen::ZERO,
        shown_at: None,
        has_lock: true,
        frozen: false,
        watched: true,
        entered_at: now,
        turns: 0,
        next_at: Some(now),
        asked_at: None,
        trace_id: "t".into(),
    };
    Order {
        payment,
        lines: Vec::new(),
        refunds: Vec::new(),
    }
}

/// What must follow is ordered per payment: a row of one that is stuck holds up no other (money.md 2.12).
#[test]
fn interleaving_12_events_wait_for_their_own_payment_only() {
    let source = Still(START);
    let maker = Maker {
        clock: &source,
        entropy: &source,
    };
    let (draw, policy) = (Draw::new(maker, "t", "test"), Policy::default());
    let mut booking = Booking::open(order(), &draw, &policy, Vec::new());
    let fact = ChannelFact {
        total: Some(AMOUNT),
        ..ChannelFact::default()
    };
    let paid = Observation::channel(draw.now, p::Input::PaidEqual, fact);
    booking.observe(paid).unwrap();
    let (order, changes) = booking.close(true).unwrap();
    let keys: Vec<_> = changes
        .events
        .iter()
        .map(|event| &event.ordering_key)
        .collect();
    assert_eq!(keys, [&format!("payment:{}", order.payment.payment_id)]);
}

#[derive(Debug, Clone)]
struct Step {
    table: usize,
    input: usize,
    row: usize,
    seconds: i64,
    age: i64,
    sum: i64,
    ruling: usize,
    flag: bool,
}

fn step() -> impl Strategy<Value = Step> {
    let sums = prop_oneof![Just(10_000_i64), Just(3_000), Just(7_000), 0_i64..12_000];
    (
        0_usize..3,
        0_usize..18,
        0_usize..3,
        0_i64..900,
        0_i64..300,
        sums,
        0_usize..6,
        any::<bool>(),
    )
        .prop_map(
            |(table, input, row, seconds, age, sum, ruling, flag)| Step {
                table,
                input,
                row,
                seconds,
                age,
                sum,
                ruling,
                flag,
            },
        )
}

fn observed(order: &Order, step: &Step) -> Option<Observed> {
    match step.table {
        0 => {
            let input = *p::Input::ALL.get(step.input)?;
            let total = match input {
                p::Input::PaidOther => Fen::new(step.sum.max(1)),
                _ => AMOUNT,
            };
            let fact = ChannelFact {
                call: if step.flag { Call::Create } else { Call::Query },
                trade_no: Some(if step.flag { "T1" } else { "T2" }.into()),
                total: Some(total),
                paid_at: Some(Time::from_micros(START)),
                refunded: Some(Fen::new(step.sum)),
                minted: false,
                named: Vec::new(),
                goes_on: step.flag && input == p::Input::Case,
            };
            // Only a differing sum is "other"; the reading never says otherwise.
            let wrong = input == p::Input::PaidOther && total == AMOUNT;
            (!wrong).then_some(Observed::Channel(input, fact))
        }
        1 => {
            let input = *l::Input::ALL.get(step.input)?;
            let line = order.lines.get(step.row)?;
            let fact = LineFact {
                body: Some(ClosedText::new("{}".into())),
                absent_from_files: step.flag,
                never_prepay: step.flag,
                ruling: l::Ruling::ALL.get(step.ruling).copied(),
                goes_on: step.flag && input == l::Input::Case,
                ..LineFact::default()
            };
            Some(Observed::Line(line.line_id.clone(), input, fact))
        }
        _ => {
            let input = *r::Input::ALL.get(step.input)?;
            let refund = order.refunds.get(step.row)?;
            let fact = RefundFact {
                brake_open: step.flag,
                braked: false,
                ruling: r::Ruling::ALL.get(step.ruling).copied(),
                by_bank: step.flag.then(|| Fen::new(step.sum)),
            };
            Some(Observed::Refund(refund.refund_id.clone(), input, fact))
        }
    }
}

fn net(entries: &[Entry], account: Account) -> i64 {
    let lines = entries.iter().flat_map(Entry::lines);
    let ours = lines.filter(|line| line.account == account);
    ours.map(|line| line.debit.get() - line.credit.get()).sum()
}

fn whole(order: &Order, entries: &[Entry]) {
    let payment = &order.payment;
    assert!(payment.refund_reserved <= payment.paid);
    assert!(payment.refunded.get() + payment.foreign.get() <= payment.refund_reserved.get());
    let kept = payment.paid.get() - payment.refunded.get() - payment.foreign.get();
    assert_eq!(
        net(entries, Account::Channel),
        kept,
        "what the channel holds"
    );
    assert_eq!(net(entries, Account::Suspense), -payment.suspense.get());
    let uncovered = payment.foreign.get() - payment.foreign_used.get();
    assert_eq!(net(entries, Account::ForeignRefund), uncovered);
    let due: i64 = order
        .refunds
        .iter()
        .filter(|refund| !refund.state.is_final())
        .map(|refund| refund.amount.get())
        .sum();
    assert_eq!(
        net(entries, Account::RefundDue),
        -due,
        "what is owed to the payer"
    );
    let credited: i64 = order
        .lines
        .iter()
        .filter(|line| line.credited)
        .map(|line| line.amount.get())
        .sum();
    assert_eq!(
        net(entries, Account::Marketing),
        -credited,
        "what marketing holds"
    );
    assert!(payment.is_final() || payment.next_at.is_some());
    for line in &order.lines {
        assert!(line.state.is_final() || line.next_at.is_some());
    }
    for refund in &order.refunds {
        assert!(refund.state.is_final() || refund.next_at.is_some());
    }
    let mut facts: Vec<_> = entries.iter().map(Entry::fact).collect();
    let booked = facts.len();
    facts.sort_unstable();
    facts.dedup();
    assert_eq!(facts.len(), booked, "a fact was booked twice");
}

fn finals_stay(before: &Order, after: &Order) {
    for (old, new) in before.refunds.iter().zip(&after.refunds) {
        assert!(!old.state.is_final() || old.state == new.state);
        assert_eq!(
            (old.amount, &old.out_request_no),
            (new.amount, &new.out_request_no)
        );
    }
    for (old, new) in before.lines.iter().zip(&after.lines) {
        assert!(old.state != l::State::Refunded || new.state == l::State::Refunded);
    }
    let (old, new) = (&before.payment, &after.payment);
    assert!(
        !old.state.has_money() || new.state.has_money(),
        "money is never forgotten"
    );
    assert!(
        !old.state.has_money() || old.paid == new.paid,
        "what was paid is booked once"
    );
    assert!(old.refunded <= new.refunded && old.foreign <= new.foreign);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_seen_the_books_stay_whole(steps in proptest::collection::vec(step(), 1..60)) {
        let policy = Policy::default();
        let mut present = order();
        let mut entries: Vec<Entry> = Vec::new();
        let mut clock = START;
        for step in &steps {
            clock += step.seconds * 1_000_000 + 1;
            let Some(what) = observed(&present, step) else { continue };
            let still = Still(clock);
            let maker = Maker { clock: &still, entropy: &still };
            let draw = Draw::new(maker, "t", "job:test");
            let asked_at = Time::from_micros(clock).plus_seconds(-step.age);
            let relocked = if step.flag { vec![1] } else { Vec::new() };
            let mut booking = Booking::open(present.clone(), &draw, &policy, relocked);
            // No input may meet an order whose books refuse it: that unit would fail for ever.
            booking.observe(Observation { asked_at, what }).unwrap();
            let (mut after, changes) = booking.close(true).unwrap();
            finals_stay(&present, &after);
            entries.extend(changes.entries);
            after.payment.version += 1;
            whole(&after, &entries);
            present = after;
        }
    }
}
