//! Orders as the contracts of payments need them.

use lifeline_core::payments::order::{
    Buyer, Check, ClaimKey, ClaimKind, ClosedText, Order, Payment, PostingLine, Purpose, Refund,
    Share, Sighting, Via,
};
use lifeline_core::payments::{table_l, table_p, table_r};
use lifeline_core::shared::ids::PaymentId;
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::personal::ConsumerNo;
use lifeline_core::store::StoreError;

use crate::bench::{Bench, at, now};

pub(crate) const HOME: &str = "1500000004321";

pub(crate) fn home(number: &str) -> ConsumerNo {
    ConsumerNo::parse(number).unwrap()
}

pub(crate) fn closed(text: &str) -> ClosedText {
    ClosedText::new(text.to_owned())
}

/// A fresh order; everything optional is there.
pub(crate) fn order(t: &Bench) -> Order {
    let binding_id: lifeline_core::shared::ids::BindingId = t.id();
    let payment_id: PaymentId = t.id();
    let number = payment_id.as_str().replace('-', "");
    Order {
        payment: Payment {
            account_id: t.id(),
            binding_id: binding_id.clone(),
            session_id: t.id(),
            purpose: Purpose::Arrears,
            via: Via::H5,
            state: table_p::State::Created,
            version: 1,
            lease_epoch: 1,
            out_trade_no: format!("t0{}", &number[number.len() - 22..]),
            amount: Fen::new(12_840),
            subject: "电费".into(),
            shares: vec![Share {
                line_no: 1,
                binding_id,
                consumer_no: home(HOME),
                amount: Fen::new(12_840),
                purpose: Purpose::Arrears,
                arrears_version: Some("v1".into()),
                keep_as_prepayment: true,
            }],
            buyer: Buyer {
                open_id: Some(closed("open")),
                user_id: Some(closed("2088")),
            },
            body: Some(closed("{\"body\":1}")),
            ticket: Some(closed("ticket")),
            ticket_digest: Some(format!("digest-{payment_id}")),
            sends: 0,
            answers: 0,
            trade_no: None,
            minted_at: None,
            created_at: now(),
            expire_at: at(900),
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
            entered_at: now(),
            turns: 0,
            next_at: Some(at(5)),
            asked_at: None,
            trace_id: "trace".into(),
            payment_id,
        },
        lines: Vec::new(),
        refunds: Vec::new(),
    }
}

/// The order paid, with a line and a refund whose every optional field is there.
pub(crate) fn paid(t: &Bench, mut order: Order) -> Order {
    let payment = &mut order.payment;
    payment.state = table_p::State::Paid;
    payment.paid = payment.amount;
    payment.paid_at = Some(at(60));
    payment.trade_no = Some("T1".into());
    payment.minted_at = Some(at(1));
    payment.asked_at = Some(at(61));
    (payment.shown, payment.shown_at) = (Fen::new(700), Some(at(92)));
    (payment.sends, payment.answers, payment.turns) = (2, 1, 3);
    order.lines.push(PostingLine {
        line_id: t.id(),
        line_no: 1,
        attempt: 2,
        state: table_l::State::PostUnknown,
        channel_txn_no: format!("{}_1_2", payment.out_trade_no),
        binding_id: payment.binding_id.clone(),
        consumer_no: home(HOME),
        amount: payment.amount,
        purpose: Purpose::Arrears,
        arrears_version: Some("v1".into()),
        part_of: None,
        body: Some(closed("{\"post\":1}")),
        check: Check::FreshArrears,
        sent_at: Some(at(61)),
        resends: 1,
        not_found: 1,
        not_found_at: Some(at(70)),
        want_refund: true,
        keep_as_prepayment: true,
        fenced: true,
        credited: true,
        let_go: true,
        voucher_refusals: 2,
        sighting: Some(Sighting::NotThere),
        mkt_txn_no: Some("M1".into()),
        business_date: Some("2026-11-20".into()),
        posted_at: Some(at(62)),
        told_late_at: Some(at(95)),
        frozen: true,
        entered_at: at(61),
        turns: 4,
        next_at: Some(at(100)),
        asked_at: Some(at(70)),
    });
    order
}

pub(crate) fn with_refund(t: &Bench, mut order: Order) -> Order {
    let line = &order.lines[0];
    let amount = Fen::new(5_000);
    order.refunds.push(Refund {
        refund_id: t.id(),
        line_id: line.line_id.clone(),
        out_request_no: format!("t0R{}", line.line_id.as_str().replace('-', "")),
        cause: format!("{}:1", line.line_id),
        amount,
        state: table_r::State::Unknown,
        sent_at: Some(at(80)),
        empties: 1,
        empty_since: Some(at(90)),
        empty_at: Some(at(91)),
        created_at: at(79),
        done_at: None,
        by_bank: Fen::ZERO,
        frozen: true,
        entered_at: at(80),
        turns: 2,
        next_at: Some(at(150)),
        asked_at: Some(at(91)),
    });
    order.payment.refund_reserved = amount;
    order
}

pub(crate) async fn add(t: &Bench, order: &Order) {
    t.write(async |tx| tx.payments().add(order, now()).await)
        .await
        .unwrap();
}

pub(crate) async fn save(t: &Bench, order: &Order, epoch: Option<i64>) -> Result<(), StoreError> {
    // Asked once: `atomically` would run a lost race again.
    let mut left = 1;
    lifeline_core::store::atomically(&*t.store, async move |tx| {
        left -= 1;
        if left < 0 {
            return Err(StoreError::Refused("run again".into()));
        }
        tx.payments().save(order, epoch).await
    })
    .await
}

pub(crate) async fn find(t: &Bench, id: &PaymentId) -> Option<Order> {
    t.view().await.payments().find(id).await.unwrap()
}

pub(crate) fn saved(order: &Order) -> Order {
    let mut saved = order.clone();
    saved.payment.version += 1;
    saved
}

pub(crate) async fn lease(t: &Bench, id: &PaymentId, second: i64) -> Option<i64> {
    t.write(async |tx| tx.payments().lease(id, at(second), at(second + 30)).await)
        .await
        .unwrap()
}

pub(crate) fn arrears() -> ClaimKey {
    ClaimKey {
        consumer_no: home(HOME),
        kind: ClaimKind::Arrears,
    }
}
