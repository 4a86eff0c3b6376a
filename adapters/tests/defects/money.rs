//! Jeepay, dax-pay, payment, medusa, mollie, hyperswitch: what their code does to money, and what becomes of it here.

use lifeline_core::payments::observation::{LineFact, Observation};
use lifeline_core::payments::{Standing, table_l as l, table_p as p, table_r as r};
use lifeline_core::shared::ids::PaymentId;
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::personal::ConsumerNo;
use lifeline_core::shared::time::Clock as _;

use crate::books::{AMOUNT, HOME, order_in};
use crate::outside::{Fault, NoticeText, raw};
use crate::store::Place;
use crate::stories;
use crate::story::{Ordered, Story, arrears};

stories! {
    a_refund_in_progress_is_ended_by_the_channel_alone;
    what_is_due_beyond_a_page_is_worked_by_the_next_sweep;
    a_trade_that_the_channel_closed_frees_its_home;
    a_notice_that_meets_a_busy_order_counts;
    who_works_an_order_lets_it_go_when_the_work_is_done;
    a_trade_finished_after_its_refund_is_no_payment;
    two_carriers_at_once_work_one_payment;
    a_create_without_an_answer_is_asked_for_by_our_own_number;
}

async fn ordered(s: &Story) -> Ordered {
    s.outside.owes(HOME, 12_840, "v1");
    let li = s.person("li").await;
    s.order(&li, &arrears("key-1", 12_840, "v1")).await
}

async fn want_refund(s: &Story, id: &PaymentId) {
    let line = s.look(id).await.lines[0].line_id.clone();
    let fact = LineFact::default();
    let wanted = Observation::line(s.outside.now(), line, l::Input::RefundWanted, fact);
    s.app
        .observe(id, vec![wanted], "staff:two", "trace")
        .await
        .unwrap();
}

/// Jeepay closes refunds in progress when their time is over, and the money moves all the same.
async fn a_refund_in_progress_is_ended_by_the_channel_alone(place: Place) {
    let s = Story::at(place);
    let order = ordered(&s).await;
    s.pays(&order.number).await;
    s.outside.fault("refund", Fault::AfterCommit);
    s.outside.silence(&["query", "query_refund"]);
    want_refund(&s, &order.id).await;
    s.run_long(86_400).await;
    let look = s.look(&order.id).await;
    assert_eq!(
        look.refunds[0].state,
        r::State::Unknown,
        "no clock knows whether money moved"
    );
    s.outside.speak();
    s.run_long(7_200).await;
    let look = s.look(&order.id).await;
    assert_eq!(look.refunds.len(), 1);
    assert_eq!(look.refunds[0].state, r::State::Done);
    assert_eq!(look.payment.refunded, AMOUNT);
    assert_eq!(s.outside.count("refund"), 1, "sent once");
    s.square();
    s.books_agree().await;
}

/// So many orders are due at once, and a sweep works a hundred.
const DUE: usize = 150;

/// Jeepay pages by offset over orders that are due no more once they were worked: each page passes over as many as the
/// page before worked.
async fn what_is_due_beyond_a_page_is_worked_by_the_next_sweep(place: Place) {
    let s = Story::at(place);
    for n in 0..DUE {
        let mut order = order_in(&s.outside, p::State::Paying);
        let home = ConsumerNo::parse(&format!("1500{n:09}")).unwrap();
        order.payment.shares[0].consumer_no = home;
        s.place.add(&order, s.outside.now()).await;
    }
    s.outside.advance(5);
    for _ in 0..2 {
        s.app.sweep().await.unwrap();
    }
    let asked: std::collections::BTreeSet<_> = s.outside.with(|world| {
        let queries = world.calls.iter().filter(|(name, _)| *name == "query");
        queries.map(|(_, number)| number.clone()).collect()
    });
    assert_eq!(asked.len(), DUE, "each has had its turn");
}

/// Dax-pay's answer to a trade that failed stands behind two guards that exclude each other: the order stays open.
async fn a_trade_that_the_channel_closed_frees_its_home(place: Place) {
    let s = Story::at(place);
    let order = ordered(&s).await;
    s.outside.with(|world| {
        world.trades.get_mut(&order.number).unwrap().closed = true;
    });
    s.run(60).await;
    assert_eq!(s.standing(&order.id).await, Standing::Closed);
    assert!(!s.place.held(&order.id).await.claimed);
    let wang = s.person("wang").await;
    let next = s.order(&wang, &arrears("key-2", 12_840, "v1")).await;
    s.pays(&next.number).await;
    assert_eq!(s.standing(&next.id).await, Standing::Posted);
    s.square();
}

/// Dax-pay passes over a notice whose order is locked, and answers "success": nobody sends it again.
async fn a_notice_that_meets_a_busy_order_counts(place: Place) {
    let s = Story::at(place);
    let order = ordered(&s).await;
    // No query brings the fact instead.
    s.outside.silence(&["query"]);
    assert!(s.outside.pay(&order.number));
    let (id, now) = (&order.id, s.outside.now());
    let until = now.plus_seconds(30);
    let held = s
        .place
        .write(async |tx| tx.payments().lease(id, now, until).await)
        .await;
    assert!(held.is_some(), "somebody works it");
    s.tell("n1", &order.number).await;
    assert_eq!(s.look(id).await.payment.state, p::State::Paid);
    s.run(60).await;
    assert_eq!(s.standing(id).await, Standing::Posted);
    s.square();
    s.books_agree().await;
}

/// Dax-pay gives its lock back before the commit: the next one begins while the first is still at it.
async fn who_works_an_order_lets_it_go_when_the_work_is_done(place: Place) {
    let s = Story::at(place);
    let order = ordered(&s).await;
    assert!(s.outside.pay(&order.number));
    s.tell("n1", &order.number).await;
    s.outside.will_stop("post", "");
    let first = {
        let (app, id) = (s.app.clone(), order.id.clone());
        tokio::spawn(async move { app.work(&id).await })
    };
    s.outside.has_stopped().await;
    assert!(
        !s.app.work(&order.id).await.unwrap(),
        "its posting is under way"
    );
    s.outside.goes_on();
    assert!(first.await.unwrap().unwrap());
    assert_eq!(s.standing(&order.id).await, Standing::Posted);
    assert_eq!(s.outside.count("post"), 1);
    s.square();
    s.books_agree().await;
}

/// The payment library hands its caller every `TRADE_FINISHED` as a success, also the one after a refund.
async fn a_trade_finished_after_its_refund_is_no_payment(place: Place) {
    let s = Story::at(place);
    let order = ordered(&s).await;
    s.pays(&order.number).await;
    want_refund(&s, &order.id).await;
    s.run(60).await;
    let before = s.place.held(&order.id).await;
    let ended = (p::State::Done, Standing::Refunded);
    let stands = |order: &lifeline_core::payments::Order| (order.payment.state, order.standing());
    assert_eq!(stands(&before.order), ended);
    // It tells what went back, or nothing of it.
    let told = s.outside.notice("finished", &order.number);
    let mut bare: NoticeText = serde_json::from_slice(&told).unwrap();
    (bare.id, bare.refunded) = ("finished-bare".to_owned(), 0);
    for notice in [told, raw(&bare)] {
        let id = s.app.receive(&notice, "trace").await.unwrap();
        s.app.work_notice(&id).await.unwrap();
        s.run(60).await;
        let held = s.place.held(&order.id).await;
        assert_eq!(stands(&held.order), ended);
        assert_eq!(held.entries.len(), before.entries.len());
        assert_eq!(held.order.payment.foreign, Fen::ZERO);
    }
    assert_eq!(s.outside.count("post"), 1);
    s.square();
    s.books_agree().await;
}

/// In medusa and mollie's shop plugin the payer's return and the webhook work the same payment at once: captured twice,
/// told twice, or lost between the two.
async fn two_carriers_at_once_work_one_payment(place: Place) {
    let s = Story::pausing(place);
    let order = ordered(&s).await;
    assert!(s.outside.pay(&order.number));
    s.outside.advance(5);
    s.outside.will_stop("post", "");
    let by_query = {
        let (app, id) = (s.app.clone(), order.id.clone());
        tokio::spawn(async move { app.work(&id).await })
    };
    s.outside.has_stopped().await;
    s.tell("n1", &order.number).await;
    s.outside.goes_on();
    assert!(by_query.await.unwrap().unwrap());
    s.run(60).await;
    let held = s.place.held(&order.id).await;
    assert_eq!(held.order.standing(), Standing::Posted);
    assert_eq!(held.order.lines.len(), 1);
    assert_eq!(held.entries.len(), 2, "one paid, one posted");
    assert_eq!(s.outside.count("post"), 1);
    let told = "SELECT COUNT(*) FROM outbox WHERE kind = 'payments.posted'";
    assert_eq!(s.count(told).await, 1, "told once");
    s.square();
    s.books_agree().await;
}

/// Hyperswitch asks by the channel's id, which a create that timed out never returned.
async fn a_create_without_an_answer_is_asked_for_by_our_own_number(place: Place) {
    let s = Story::at(place);
    s.outside.fault("create", Fault::AfterCommit);
    let order = ordered(&s).await;
    assert_eq!((order.state.as_str(), &order.trade_no), ("CREATED", &None));
    assert!(s.outside.pay(&order.number));
    s.run(60).await;
    assert_eq!(s.standing(&order.id).await, Standing::Posted);
    assert_eq!(s.outside.count("create"), 1, "asked for, not sent again");
    s.square();
    s.books_agree().await;
}
