//! A second home in an order of one.

use lifeline_core::payments::order::{Order, PostingLine, Purpose, Share};
use lifeline_core::payments::{numbers, table_l as l};
use lifeline_core::shared::ids::BindingId;
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::personal::ConsumerNo;

use crate::books::{line_in, maker};
use crate::outside::Outside;

/// What the second home pays.
pub(crate) const BESIDE: Fen = Fen::new(4_567);
const SECOND_HOME: &str = "1500000007777";

/// A second home in the same order: its share, and its line when the order has lines.
pub(crate) fn beside(order: &mut Order, outside: &Outside) {
    let share = Share {
        line_no: 2,
        binding_id: maker(outside).id::<BindingId>(),
        consumer_no: ConsumerNo::parse(SECOND_HOME).unwrap(),
        amount: BESIDE,
        purpose: Purpose::Arrears,
        arrears_version: Some("w1".to_owned()),
        keep_as_prepayment: false,
    };
    if !order.lines.is_empty() {
        let line = line_in(order, outside, l::State::Ready);
        order.lines.push(PostingLine {
            line_no: 2,
            channel_txn_no: numbers::channel_txn_no(&order.payment.out_trade_no, 2, 1),
            binding_id: share.binding_id.clone(),
            consumer_no: share.consumer_no.clone(),
            amount: BESIDE,
            arrears_version: share.arrears_version.clone(),
            ..line
        });
    }
    let payment = &mut order.payment;
    payment.amount = payment.amount.plus(BESIDE).unwrap();
    if payment.paid.is_positive() {
        payment.paid = payment.paid.plus(BESIDE).unwrap();
    }
    payment.shares.push(share);
}
