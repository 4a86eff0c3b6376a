//! Giving back: marketing first, channel second, our own sums, never twice, with a brake.

use lifeline_core::cases::CaseKind;
use lifeline_core::payments::observation::{LineFact, Observation};
use lifeline_core::payments::order::Order;
use lifeline_core::payments::ports::{RefundReply, VoucherReply};
use lifeline_core::payments::{
    Consent, Policy, Standing, table_l as l, table_p as p, table_r as r,
};
use lifeline_core::shared::ids::PaymentId;
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::time::Clock as _;
use tokio::task::JoinSet;

use crate::books::{AMOUNT, HOME, line_in, order_in, refund_in};
use crate::outside::{Fault, NoticeText, TradeBook, raw};
use crate::store::Place;
use crate::stories;
use crate::story::{Ordered, Story, arrears, trusting};

stories! {
    interleaving_03_reversal_comes_first;
    interleaving_03_after_the_cutoff_a_voucher;
    interleaving_03_a_refused_voucher_keeps_the_credit;
    a_claim_after_a_refusal_asks_under_another_number;
    interleaving_11_one_refund_per_cause;
    interleaving_12_an_unknown_refund_is_asked_for;
    interleaving_13_cumulative_sums_are_not_ours;
    interleaving_13_a_refund_at_the_desk;
    a_refund_without_an_answer_is_never_doubled;
    a_refund_waits_for_funds_and_is_sent_again;
    drill_a_day_without_funds_calls_finance;
    a_refund_refused_for_good_is_for_two_persons;
    the_brake_holds_after_so_many;
    refunds_of_one_trade_keep_their_distance;
}

pub(crate) async fn posted(s: &Story) -> Ordered {
    s.outside.owes(HOME, 12_840, "v1");
    let li = s.person("li").await;
    let order = s.order(&li, &arrears("key-1", 12_840, "v1")).await;
    s.pays(&order.number).await;
    assert_eq!(s.standing(&order.id).await, Standing::Posted);
    order
}

pub(crate) async fn want_refund(s: &Story, id: &PaymentId) {
    let line = s.look(id).await.lines[0].line_id.clone();
    let fact = LineFact::default();
    let wanted = Observation::line(s.outside.now(), line, l::Input::RefundWanted, fact);
    s.app
        .observe(id, vec![wanted], "staff:two", "trace")
        .await
        .unwrap();
}

async fn interleaving_03_reversal_comes_first(place: Place) {
    let s = Story::at(place);
    let order = posted(&s).await;
    s.outside.fault("reverse", Fault::Before);
    want_refund(&s, &order.id).await;
    s.sweep().await;
    assert_eq!(s.look(&order.id).await.lines[0].state, l::State::Reversing);
    assert_eq!(s.outside.count("refund"), 0, "not before marketing let go");
    s.run(60).await;
    assert_eq!(s.standing(&order.id).await, Standing::Refunded);
    let held = s.place.held(&order.id).await;
    let numbers = s.outside.with(|world| {
        let tries = world.calls.iter().filter(|(name, _)| *name == "reverse");
        tries
            .map(|(_, number)| number.clone())
            .collect::<std::collections::BTreeSet<_>>()
    });
    assert_eq!(numbers.len(), 1, "the same reversal number");
    assert_eq!(held.order.payment.refunded, AMOUNT);
    s.square();
    s.books_agree().await;
}

async fn interleaving_03_after_the_cutoff_a_voucher(place: Place) {
    let s = Story::at(place);
    let order = posted(&s).await;
    s.outside.with(|world| {
        world.cutoff_passed = true;
        let pending = VoucherReply::Pending;
        world
            .voucher_replies
            .extend([pending, pending, pending, VoucherReply::Approved]);
    });
    want_refund(&s, &order.id).await;
    s.sweep().await;
    assert_eq!(s.look(&order.id).await.lines[0].state, l::State::MktRefund);
    assert_eq!(
        s.outside.count("refund"),
        0,
        "a pending voucher is no leave"
    );
    s.run(60).await;
    assert_eq!(s.standing(&order.id).await, Standing::Refunded);
    s.square();
    s.books_agree().await;
}

async fn interleaving_03_a_refused_voucher_keeps_the_credit(place: Place) {
    let s = Story::at(place);
    let order = posted(&s).await;
    s.outside.advance(86_400);
    s.outside
        .with(|world| world.voucher_replies.push_back(VoucherReply::Refused));
    want_refund(&s, &order.id).await;
    s.run(60).await;
    let held = s.place.held(&order.id).await;
    assert_eq!(held.order.standing(), Standing::Posted);
    assert!(held.order.refunds.is_empty());
    assert_eq!(s.outside.count("reverse"), 0, "another business date");
    assert_eq!(s.outside.count("refund"), 0);
    s.square();
}

/// Marketing's refusal of a number stands; what it lets go at the next claim, it lets go under another.
async fn a_claim_after_a_refusal_asks_under_another_number(place: Place) {
    let s = Story::at(place);
    let order = posted(&s).await;
    s.outside.advance(86_400);
    s.outside
        .with(|world| world.voucher_replies.push_back(VoucherReply::Refused));
    want_refund(&s, &order.id).await;
    s.run(60).await;
    want_refund(&s, &order.id).await;
    s.run(60).await;
    assert_eq!(s.standing(&order.id).await, Standing::Refunded);
    let calls = s.outside.with(|world| world.calls.clone());
    let mut numbers: Vec<String> = calls
        .into_iter()
        .filter(|(name, _)| *name == "voucher")
        .map(|(_, number)| number)
        .collect();
    numbers.dedup();
    assert_eq!(numbers.len(), 2, "{numbers:?}");
}

/// Two processes and many hands want the same line refunded: one refund, one number.
async fn interleaving_11_one_refund_per_cause(place: Place) {
    let s = Story::at(place);
    let other = s.another_process().await;
    let order = order_in(&s.outside, p::State::Paid);
    s.place.add(&order, s.outside.now()).await;
    trade_of(&s, &order);
    let mut hands = JoinSet::new();
    for n in 0..24 {
        let story = if n % 2 == 0 { s.clone() } else { other.clone() };
        let (id, line) = (
            order.payment.payment_id.clone(),
            order.lines[0].line_id.clone(),
        );
        hands.spawn(async move {
            let fact = LineFact::default();
            let now = story.outside.now();
            let wanted = Observation::line(now, line, l::Input::RefundWanted, fact);
            for _ in 0..50 {
                let seen = vec![wanted.clone()];
                match story.app.observe(&id, seen, "staff:two", "trace").await {
                    Ok(_) => return,
                    Err(error) => {
                        use lifeline_core::store::Retriable as _;
                        assert!(error.is_conflict(), "{error:?}");
                    }
                }
            }
            panic!("never got through");
        });
    }
    while let Some(hand) = hands.join_next().await {
        hand.unwrap();
    }
    s.run(10).await;
    let look = s.look(&order.payment.payment_id).await;
    assert_eq!(look.refunds.len(), 1);
    assert_eq!(look.payment.refunded, AMOUNT);
    assert_eq!(s.outside.count("refund"), 1);
    other.place.store.close().await.unwrap();
}

/// The channel's own book of an order made by hand.
pub(crate) fn trade_of(s: &Story, order: &Order) {
    let trade = TradeBook {
        total: order.payment.paid,
        trade_no: "T1".to_owned(),
        paid_at: order.payment.paid_at,
        closed: false,
        refunds: std::collections::HashMap::new(),
    };
    let number = order.payment.out_trade_no.clone();
    s.outside.with(|world| world.trades.insert(number, trade));
}

/// A paid order with several lines, all of them due back: as after a checkout of several homes.
pub(crate) async fn several_refunds(s: &Story, sums: &[i64]) -> Order {
    let mut order = order_in(&s.outside, p::State::Paid);
    order.payment.has_lock = false;
    order.lines.clear();
    for (n, sum) in (1..).zip(sums) {
        let mut line = line_in(&order, &s.outside, l::State::RefundDue);
        line.line_no = n;
        line.amount = Fen::new(*sum);
        line.channel_txn_no = format!("{}_{n}_1", order.payment.out_trade_no);
        order.lines.push(line);
    }
    for (at, sum) in sums.iter().enumerate() {
        refund_in(&mut order, &s.outside, r::State::Planned, Fen::new(*sum));
        order.refunds[at].line_id = order.lines[at].line_id.clone();
        order.refunds[at].cause = format!("{}:1", order.lines[at].line_id);
    }
    s.place.add(&order, s.outside.now()).await;
    trade_of(s, &order);
    order
}

async fn refunds_of_one_trade_keep_their_distance(place: Place) {
    let s = Story::at(place);
    let order = several_refunds(&s, &[3_000, 5_000, 4_840]).await;
    let id = &order.payment.payment_id;
    s.sweep().await;
    assert_eq!(s.outside.count("refund"), 1);
    s.outside.advance(2);
    s.sweep().await;
    assert_eq!(s.outside.count("refund"), 1, "three seconds between two");
    s.run(20).await;
    assert_eq!(s.outside.count("refund"), 3);
    let look = s.look(id).await;
    assert_eq!(look.payment.refunded, AMOUNT);
    assert_eq!(look.payment.state, p::State::Done);
}

/// An unknown refund does not block the others, and is asked for until it is known.
async fn interleaving_12_an_unknown_refund_is_asked_for(place: Place) {
    let s = Story::at(place);
    let order = several_refunds(&s, &[5_000, 7_840]).await;
    s.outside.fault("refund", Fault::AfterCommit);
    s.run(30).await;
    let look = s.look(&order.payment.payment_id).await;
    assert_eq!(
        look.payment.refunded, AMOUNT,
        "found by query, and the other sent"
    );
    assert_eq!(s.outside.count("refund"), 2);
    s.books_agree_but_for(&order).await;
}

async fn interleaving_13_cumulative_sums_are_not_ours(place: Place) {
    let s = Story::at(place);
    let order = several_refunds(&s, &[5_000, 3_000, 4_840]).await;
    let id = &order.payment.payment_id;
    s.run(30).await;
    // Each notice tells the cumulative sum so far; each carries one of our numbers.
    let look = s.look(id).await;
    let mut cumulative = 0;
    for (n, refund) in look.refunds.iter().enumerate() {
        cumulative += refund.amount.get();
        let text = NoticeText {
            id: format!("n{n}"),
            number: order.payment.out_trade_no.clone(),
            fen: AMOUNT.get(),
            paid_at: order.payment.paid_at.unwrap().micros(),
            refunded: cumulative,
            request: Some(refund.out_request_no.clone()),
            at: s.outside.with(|world| world.now),
        };
        let notice = s.app.receive(&raw(&text), "trace").await.unwrap();
        s.app.work_notice(&notice).await.unwrap();
    }
    s.run(30).await;
    let held = s.place.held(id).await;
    let facts = held
        .entries
        .iter()
        .filter(|entry| entry.fact().starts_with("refund:"));
    let booked = Fen::sum(facts.map(|entry| entry.lines()[0].debit)).unwrap();
    assert_eq!(booked, AMOUNT, "each our own sum, once");
    assert_eq!(held.order.payment.foreign, Fen::ZERO);
    assert!(held.cases.is_empty(), "{:?}", held.cases);
}

/// A refund by hand at the merchant desk shows as a closed trade on a posted order: not free power.
async fn interleaving_13_a_refund_at_the_desk(place: Place) {
    let s = Story::at(place);
    let order = posted(&s).await;
    s.outside.with(|world| {
        let trade = world.trades.get_mut(&order.number).unwrap();
        trade.refunds.insert("by-hand".to_owned(), AMOUNT);
    });
    let mut text: NoticeText =
        serde_json::from_slice(&s.outside.notice("n-desk", &order.number)).unwrap();
    text.refunded = AMOUNT.get();
    let id = s.app.receive(&raw(&text), "trace").await.unwrap();
    s.app.work_notice(&id).await.unwrap();
    s.sweep().await;
    let held = s.place.held(&order.id).await;
    assert_eq!(held.order.payment.foreign, AMOUNT);
    assert_eq!(held.order.payment.state, p::State::Paid, "open again");
    assert!(
        held.cases
            .iter()
            .any(|case| case.kind == CaseKind::ForeignRefund)
    );
    s.books_agree().await;
    // Two persons want the posting back: marketing reverses, and nothing is sent to the channel.
    want_refund(&s, &order.id).await;
    s.run(60).await;
    let look = s.look(&order.id).await;
    assert_eq!(look.lines[0].state, l::State::Refunded);
    assert_eq!(s.outside.count("refund"), 0, "the money went back already");
    assert_eq!(look.payment.state, p::State::Done);
    s.square();
    s.books_agree().await;
}

async fn a_refund_without_an_answer_is_never_doubled(place: Place) {
    let s = Story::at(place);
    let order = several_refunds(&s, &[12_840]).await;
    for _ in 0..2 {
        s.outside.fault("refund", Fault::Before);
    }
    s.outside.fault("refund", Fault::AfterCommit);
    s.outside.fault("query_refund", Fault::Before);
    s.run_long(4 * 3600).await;
    let look = s.look(&order.payment.payment_id).await;
    assert_eq!(look.refunds[0].state, r::State::Done);
    let (made, numbers) = s.outside.with(|world| {
        let trade = &world.trades[&order.payment.out_trade_no];
        let sent = world.calls.iter().filter(|(name, _)| *name == "refund");
        let numbers: std::collections::BTreeSet<_> = sent.map(|(_, no)| no.clone()).collect();
        (trade.refunded(), numbers.len())
    });
    assert_eq!((made, numbers), (AMOUNT, 1), "one number, one refund");
}

async fn a_refund_waits_for_funds_and_is_sent_again(place: Place) {
    let s = Story::at(place);
    let order = several_refunds(&s, &[12_840]).await;
    let poor = RefundReply::SellerBalanceNotEnough;
    s.outside
        .with(|world| world.refund_replies.extend([poor.clone(), poor]));
    s.run(60).await;
    let state = async || s.look(&order.payment.payment_id).await.refunds[0].state;
    assert_eq!(state().await, r::State::WaitFunds);
    s.run_long(2 * 86_400).await;
    assert_eq!(state().await, r::State::Done);
    assert_eq!(s.outside.count("refund"), 3);
}

/// From ten in the morning: finance is called after a day, not at the second bank morning.
async fn drill_a_day_without_funds_calls_finance(place: Place) {
    let s = Story::at(place);
    let order = several_refunds(&s, &[12_840]).await;
    let poor = std::iter::repeat_n(RefundReply::SellerBalanceNotEnough, 100);
    s.outside.with(|world| world.refund_replies.extend(poor));
    s.run(60).await;
    let told = async || {
        let held = s.place.held(&order.payment.payment_id).await;
        let cases = held.cases.iter();
        cases
            .filter(|case| case.facts.contains("\"reason\":\"no_funds_for_a_day\""))
            .count()
    };
    s.run_long(23 * 3_600).await;
    assert_eq!(told().await, 0);
    s.run_long(2 * 3_600).await;
    assert_eq!(told().await, 1);
    s.outside.with(|world| world.refund_replies.clear());
    s.run_long(86_400).await;
    assert_eq!(told().await, 1);
    let look = s.look(&order.payment.payment_id).await;
    assert_eq!(look.refunds[0].state, r::State::Done);
    let trade = s
        .outside
        .with(|world| world.trades[&order.payment.out_trade_no].refunded());
    assert_eq!(trade, AMOUNT, "once");
}

async fn a_refund_refused_for_good_is_for_two_persons(place: Place) {
    let s = Story::at(place);
    let order = several_refunds(&s, &[12_840]).await;
    s.outside.with(|world| {
        world.refund_replies.push_back(RefundReply::RefusedForGood {
            code: "ACQ.TRADE_HAS_FINISHED",
        });
    });
    s.run_long(86_400).await;
    let held = s.place.held(&order.payment.payment_id).await;
    assert_eq!(held.order.refunds[0].state, r::State::Blocked);
    assert_eq!(held.order.lines[0].state, l::State::Held);
    assert_eq!(held.order.standing(), Standing::UnderReview);
    assert!(
        held.cases
            .iter()
            .any(|case| case.kind == CaseKind::RefundBlocked)
    );
    assert_eq!(s.outside.count("refund"), 1, "no machine tries again");
}

/// Over N an hour automatic refunds wait for two persons, however long (money.md G7).
async fn the_brake_holds_after_so_many(place: Place) {
    let policy = Policy {
        brake_count: 2,
        ..trusting()
    };
    let s = Story::with_policy(place, policy);
    for _ in 0..5 {
        several_refunds(&s, &[12_840]).await;
    }
    s.run_long(3_000).await;
    assert_eq!(s.outside.count("refund"), 2);
    assert_eq!(
        s.count("SELECT COUNT(*) FROM payment_refund WHERE state = 'PLANNED'")
            .await,
        3
    );
    s.run_long(2 * 3_600).await;
    assert_eq!(s.outside.count("refund"), 2, "no hour releases it");
    let consent = async |who: &str| s.app.brake().consent(who, "trace").await.unwrap();
    assert_eq!(consent("zhao").await, Consent::First);
    assert_eq!(consent("zhao").await, Consent::SamePerson);
    s.run_long(3_600).await;
    assert_eq!(s.outside.count("refund"), 2, "one person is not two");
    assert_eq!(consent("qian").await, Consent::Released);
    s.run_long(900).await;
    assert_eq!(s.outside.count("refund"), 4, "the third trips it again");
    assert!(s.app.brake().trip().await.unwrap().is_some());
    let told = "SELECT COUNT(*) FROM audit_line WHERE act = 'payments.release_brake'";
    assert_eq!(s.count(told).await, 3);
}

impl Story {
    /// The ledger of an order made by hand lacks its payment; everything else must agree.
    async fn books_agree_but_for(&self, order: &Order) {
        let held = self.place.held(&order.payment.payment_id).await;
        let back = held
            .entries
            .iter()
            .filter(|entry| entry.fact().starts_with("refund:"));
        let ours = Fen::sum(back.map(|entry| entry.lines()[0].debit)).unwrap();
        let theirs = self
            .outside
            .with(|world| world.trades[&order.payment.out_trade_no].refunded());
        assert_eq!(ours, theirs);
    }
}
