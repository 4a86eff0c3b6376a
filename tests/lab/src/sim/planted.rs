//! Faults planted into the product, as it meets the outside: the verdict must find each of them.

use std::sync::Arc;

use async_trait::async_trait;
use clap::ValueEnum;
use lifeline_core::payments::ports::{
    Close, CreateOrder, Created, Filed, PaymentChannel, Posting, PostingReply, PostingSystem,
    RefundReply, RefundStatus, ReversalReply, Trade, VoucherReply,
};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::shared::time::Time;

use super::wire::Wire;

/// What is wrong with the planted product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Planted {
    /// A line is posted under a second number without fencing the first.
    DoublePost,
    /// Takes a number for impossible that was never fenced.
    FenceForgotten,
    /// Believes that a refund took place without sending it.
    LostRefund,
    /// Takes silence for a refusal and gives the money back without a fence.
    HastyRefund,
    /// Believes that a posting took place without sending it.
    LostPost,
    /// Never hears what became of a posting.
    NeverFinal,
}

/// The wire as the planted product uses it.
#[derive(Debug)]
pub(super) struct Faulty {
    pub(super) wire: Arc<Wire>,
    pub(super) planted: Planted,
}

#[async_trait]
impl PostingSystem for Faulty {
    fn posting_body(&self, posting: &Posting) -> String {
        self.wire.posting_body(posting)
    }

    async fn post(&self, number: &str, body: &str) -> Result<PostingReply, NoAnswer> {
        match self.planted {
            Planted::DoublePost => {
                let first = self.wire.post(number, body).await;
                if first.is_err() {
                    return self.wire.post(&format!("{number}9"), body).await;
                }
                first
            }
            Planted::LostPost => match self.wire.post(number, body).await {
                Err(_) => self.wire.claim(body),
                answered => answered,
            },
            Planted::NeverFinal => {
                drop(self.wire.post(number, body).await);
                Ok(PostingReply::Processing)
            }
            Planted::HastyRefund => match self.wire.post(number, body).await {
                Err(_) => Ok(PostingReply::NotPayable {
                    code: "ALREADY_PAID",
                }),
                answered => answered,
            },
            Planted::FenceForgotten | Planted::LostRefund => self.wire.post(number, body).await,
        }
    }

    async fn get(&self, number: &str) -> Result<PostingReply, NoAnswer> {
        if self.planted == Planted::NeverFinal {
            return Ok(PostingReply::Processing);
        }
        self.wire.get(number).await
    }

    async fn fence(&self, number: &str) -> Result<PostingReply, NoAnswer> {
        if matches!(self.planted, Planted::FenceForgotten | Planted::HastyRefund) {
            return Ok(PostingReply::Fenced);
        }
        self.wire.fence(number).await
    }

    async fn reverse(&self, number: &str, reversal_no: &str) -> Result<ReversalReply, NoAnswer> {
        self.wire.reverse(number, reversal_no).await
    }

    async fn refund_voucher(
        &self,
        number: &str,
        refund_no: &str,
        amount: Fen,
    ) -> Result<VoucherReply, NoAnswer> {
        self.wire.refund_voucher(number, refund_no, amount).await
    }

    async fn filed(&self, business_date: &str, number: &str) -> Result<Filed, NoAnswer> {
        self.wire.filed(business_date, number).await
    }
}

#[async_trait]
impl PaymentChannel for Faulty {
    fn create_body(&self, order: &CreateOrder) -> String {
        self.wire.create_body(order)
    }

    async fn create(&self, frozen_body: &str) -> Result<Created, NoAnswer> {
        self.wire.create(frozen_body).await
    }

    fn cashier_url(&self, order: &CreateOrder, return_url: &str, now: Time) -> String {
        self.wire.cashier_url(order, return_url, now)
    }

    async fn query(&self, out_trade_no: &str) -> Result<Trade, NoAnswer> {
        self.wire.query(out_trade_no).await
    }

    async fn close(&self, out_trade_no: &str) -> Result<Close, NoAnswer> {
        self.wire.close(out_trade_no).await
    }

    async fn refund(
        &self,
        out_trade_no: &str,
        out_request_no: &str,
        amount: Fen,
    ) -> Result<RefundReply, NoAnswer> {
        if self.planted == Planted::LostRefund {
            return Ok(RefundReply::Done);
        }
        self.wire.refund(out_trade_no, out_request_no, amount).await
    }

    async fn query_refund(
        &self,
        out_trade_no: &str,
        out_request_no: &str,
    ) -> Result<RefundStatus, NoAnswer> {
        self.wire.query_refund(out_trade_no, out_request_no).await
    }
}
