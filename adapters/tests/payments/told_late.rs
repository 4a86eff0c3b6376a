//! Money that is longer on its way back than was promised: its payer is told, once, and again when it has arrived.

use lifeline_core::payments::ports::{RefundReply, VoucherReply};
use lifeline_core::payments::{Standing, table_l as l, table_r as r};
use lifeline_core::shared::time::Clock as _;
use serde_json::Value;

use crate::books::HOME;
use crate::refunds::{posted, several_refunds, want_refund};
use crate::store::Place;
use crate::stories;
use crate::story::Story;

stories! {
    drill_a_day_without_funds_is_told_the_payer_once;
    a_refund_for_two_persons_is_told_as_late;
    what_marketing_keeps_a_day_is_told_as_late_once;
    a_stopped_refund_is_told_as_late;
}

const HOUR: i64 = 3_600;

async fn told(s: &Story) -> i64 {
    s.count("SELECT COUNT(*) FROM outbox WHERE kind = 'payments.refund_late'")
        .await
}

/// What the rooms above heard of money on its way back, in order.
async fn heard(s: &Story) -> Vec<(String, Value)> {
    let events = s.place.events(s.outside.now()).await;
    let back = events
        .into_iter()
        .filter(|(kind, _)| kind.starts_with("payments.refund"));
    back.map(|(kind, body)| (kind, serde_json::from_str(&body).unwrap()))
        .collect()
}

fn without_funds(s: &Story) {
    let poor = std::iter::repeat_n(RefundReply::SellerBalanceNotEnough, 1_000);
    s.outside.with(|world| world.refund_replies.extend(poor));
}

async fn drill_a_day_without_funds_is_told_the_payer_once(place: Place) {
    let s = Story::at(place);
    let order = several_refunds(&s, &[12_840]).await;
    without_funds(&s);
    s.run_long(23 * HOUR).await;
    assert_eq!(told(&s).await, 0, "it was promised within a day");
    s.run_long(3 * HOUR).await;
    assert_eq!(told(&s).await, 1);
    s.run_long(48 * HOUR).await;
    assert_eq!(told(&s).await, 1, "once");
    s.outside.with(|world| world.refund_replies.clear());
    s.run_long(48 * HOUR).await;
    let look = s.look(&order.payment.payment_id).await;
    assert_eq!(look.refunds[0].state, r::State::Done);
    let heard = heard(&s).await;
    let kinds: Vec<&str> = heard.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["payments.refund_late", "payments.refunded"]);
    let late = &heard[0].1;
    assert_eq!(late["amount_fen"].as_i64(), Some(12_840));
    assert_eq!(late["consumer_tail"].as_str(), HOME.get(HOME.len() - 4..));
    let since = look.refunds[0].created_at.rfc3339();
    assert_eq!(late["since"].as_str(), Some(since.as_str()));
}

/// No machine sends it again, and its payer waits all the same.
async fn a_refund_for_two_persons_is_told_as_late(place: Place) {
    let s = Story::at(place);
    let order = several_refunds(&s, &[12_840]).await;
    s.outside.with(|world| {
        world.refund_replies.push_back(RefundReply::RefusedForGood {
            code: "ACQ.TRADE_HAS_FINISHED",
        });
    });
    s.run_long(23 * HOUR).await;
    let look = s.look(&order.payment.payment_id).await;
    assert_eq!(look.standing(), Standing::UnderReview);
    assert_eq!(told(&s).await, 0);
    s.run_long(72 * HOUR).await;
    assert_eq!(told(&s).await, 1);
}

/// A day with marketing, then another with the channel: it is one piece of news.
async fn what_marketing_keeps_a_day_is_told_as_late_once(place: Place) {
    let s = Story::at(place);
    let order = posted(&s).await;
    s.outside.with(|world| {
        world.cutoff_passed = true;
        let pending = std::iter::repeat_n(VoucherReply::Pending, 1_000);
        world.voucher_replies.extend(pending);
    });
    want_refund(&s, &order.id).await;
    s.run_long(23 * HOUR).await;
    let line = async || s.look(&order.id).await.lines[0].state;
    assert_eq!(line().await, l::State::MktRefund);
    assert_eq!(told(&s).await, 0);
    s.run_long(3 * HOUR).await;
    assert_eq!(told(&s).await, 1);
    without_funds(&s);
    s.outside.with(|world| {
        world.voucher_replies.clear();
        world.voucher_replies.push_back(VoucherReply::Approved);
    });
    s.run_long(30 * HOUR).await;
    assert_eq!(line().await, l::State::RefundDue);
    assert_eq!(told(&s).await, 1);
    s.outside.with(|world| world.refund_replies.clear());
    s.run_long(48 * HOUR).await;
    assert_eq!(s.standing(&order.id).await, Standing::Refunded);
    let heard = heard(&s).await;
    let kinds: Vec<&str> = heard.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["payments.refund_late", "payments.refunded"]);
    s.square();
    s.books_agree().await;
}

/// What a contradiction stopped is looked at only; who waits for it is told all the same.
async fn a_stopped_refund_is_told_as_late(place: Place) {
    let s = Story::at(place);
    several_refunds(&s, &[12_840]).await;
    let stopped = "UPDATE payment_line SET frozen = 1";
    s.place.raw(stopped).await.unwrap();
    s.run_long(23 * HOUR).await;
    assert_eq!(told(&s).await, 0);
    s.run_long(72 * HOUR).await;
    assert_eq!(told(&s).await, 1);
    assert_eq!(s.outside.count("refund"), 0, "nothing leaves by it");
}
