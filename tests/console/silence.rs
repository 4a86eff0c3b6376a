//! An outside that answers nothing: what is decided here is seen in the store.

use async_trait::async_trait;
use lifeline_core::payments::ports::{
    Close, CreateOrder, Created, Dues, DuesSource, NoDues, Notice, NoticeError, NoticeReader,
    PaymentChannel, Posting, PostingReply, PostingSystem, RefundReply, RefundStatus, ReversalReply,
    Trade, VoucherReply,
};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::shared::personal::ConsumerNo;
use lifeline_core::shared::time::Time;

/// A channel and a ledger that answer nothing: orders here are never paid.
#[derive(Debug)]
pub(crate) struct Silence;

const SILENT: NoAnswer = NoAnswer::NotSent("silence");

#[async_trait]
impl PaymentChannel for Silence {
    fn create_body(&self, order: &CreateOrder) -> String {
        order.out_trade_no.clone()
    }
    async fn create(&self, _: &str) -> Result<Created, NoAnswer> {
        Err(SILENT)
    }
    fn cashier_url(&self, _: &CreateOrder, _: &str, _: Time) -> String {
        "https://cashier.example/".to_owned()
    }
    async fn query(&self, _: &str) -> Result<Trade, NoAnswer> {
        Err(SILENT)
    }
    async fn close(&self, _: &str) -> Result<Close, NoAnswer> {
        Err(SILENT)
    }
    async fn refund(&self, _: &str, _: &str, _: Fen) -> Result<RefundReply, NoAnswer> {
        Err(SILENT)
    }
    async fn query_refund(&self, _: &str, _: &str) -> Result<RefundStatus, NoAnswer> {
        Err(SILENT)
    }
}

impl NoticeReader for Silence {
    fn read(&self, _: &[u8]) -> Result<Notice, NoticeError> {
        Err(NoticeError::Malformed)
    }
}

#[async_trait]
impl PostingSystem for Silence {
    fn posting_body(&self, posting: &Posting) -> String {
        posting.channel_txn_no.clone()
    }
    async fn post(&self, _: &str, _: &str) -> Result<PostingReply, NoAnswer> {
        Err(SILENT)
    }
    async fn get(&self, _: &str) -> Result<PostingReply, NoAnswer> {
        Err(SILENT)
    }
    async fn fence(&self, _: &str) -> Result<PostingReply, NoAnswer> {
        Err(SILENT)
    }
    async fn reverse(&self, _: &str, _: &str) -> Result<ReversalReply, NoAnswer> {
        Err(SILENT)
    }
    async fn refund_voucher(&self, _: &str, _: &str, _: Fen) -> Result<VoucherReply, NoAnswer> {
        Err(SILENT)
    }
}

#[async_trait]
impl DuesSource for Silence {
    async fn dues(&self, _: &ConsumerNo) -> Result<Dues, NoDues> {
        Err(NoDues::Unknown)
    }
}
