//! An outside that answers nothing: what is decided then is seen in the store.

use std::collections::BTreeMap;

use async_trait::async_trait;
use lifeline_core::bindings::ArchiveField;
use lifeline_core::bindings::filling::{ArchiveValue, Filled};
use lifeline_core::bindings::ports::{
    ArchiveError, ArchiveProof, Consumer, ConsumerArchive, Match, RealNameState, Verified,
};
use lifeline_core::payments::ports::{
    Close, CreateOrder, Created, Dues, DuesSource, Filed, NoDues, Notice, NoticeError,
    NoticeReader, PaymentChannel, Posting, PostingReply, PostingSystem, RefundReply, RefundStatus,
    ReversalReply, Trade, VoucherReply,
};
use lifeline_core::requests::ports::{OrderReport, WorkOrder, WorkOrders};
use lifeline_core::settlement::accounts::{GridConnections, Reserve};
use lifeline_core::settlement::ids::GenerationNo;
use lifeline_core::settlement::ports::{
    HeadEnd, Payout, PayoutAnswer, Published, PublishingPlatform, ReviewAnswer, ReviewRequest,
    ReviewTerminal, TradePlatform,
};
use lifeline_core::settlement::readings::MonthReading;
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::shared::period::Period;
use lifeline_core::shared::personal::{ConsumerNo, IdNo, PersonName, Phone};
use lifeline_core::shared::time::Time;

/// Every system of the outside, answering nothing: orders are never paid, months never settled.
#[derive(Debug)]
pub struct Silence;

/// What [`Silence`] answers.
pub const SILENT: NoAnswer = NoAnswer::NotSent("silence");

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
    async fn filed(&self, _: &str, _: &str) -> Result<Filed, NoAnswer> {
        Err(SILENT)
    }
}

#[async_trait]
impl DuesSource for Silence {
    async fn dues(&self, _: &ConsumerNo) -> Result<Dues, NoDues> {
        Err(NoDues::Unknown)
    }
}

#[async_trait]
impl WorkOrders for Silence {
    async fn file(&self, _: &WorkOrder) -> Result<OrderReport, NoAnswer> {
        Err(SILENT)
    }
    async fn look(&self, _: &str) -> Result<OrderReport, NoAnswer> {
        Err(SILENT)
    }
}

#[async_trait]
impl GridConnections for Silence {
    async fn reserved(&self, _: &GenerationNo) -> Result<Option<Reserve>, NoAnswer> {
        Err(SILENT)
    }
}

#[async_trait]
impl HeadEnd for Silence {
    async fn month(&self, _: &GenerationNo, _: &Period) -> Result<Option<MonthReading>, NoAnswer> {
        Err(SILENT)
    }
}

#[async_trait]
impl PublishingPlatform for Silence {
    async fn feed_in_prices(&self, _: &Period) -> Result<Published, NoAnswer> {
        Err(SILENT)
    }
}

#[async_trait]
impl ReviewTerminal for Silence {
    async fn hand_over(&self, _: &ReviewRequest) -> Result<(), NoAnswer> {
        Err(SILENT)
    }
    async fn ask(&self, _: &str) -> Result<ReviewAnswer, NoAnswer> {
        Err(SILENT)
    }
    async fn recall(&self, _: &str) -> Result<(), NoAnswer> {
        Err(SILENT)
    }
}

#[async_trait]
impl TradePlatform for Silence {
    async fn pay(&self, _: &Payout) -> Result<PayoutAnswer, NoAnswer> {
        Err(SILENT)
    }
    async fn ask(&self, _: &str) -> Result<PayoutAnswer, NoAnswer> {
        Err(SILENT)
    }
    async fn fence(&self, _: &str) -> Result<PayoutAnswer, NoAnswer> {
        Err(SILENT)
    }
}

#[async_trait]
impl ConsumerArchive for Silence {
    async fn match_identity(
        &self,
        _: Option<&PersonName>,
        _: Option<&IdNo>,
        _: Option<&Phone>,
        _: &str,
    ) -> Result<Match, ArchiveError> {
        Err(SILENT.into())
    }
    async fn verify_token(&self, _: &str) -> Result<Verified, ArchiveError> {
        Err(SILENT.into())
    }
    async fn verify_proof(
        &self,
        _: &ConsumerNo,
        _: &ArchiveProof,
    ) -> Result<Verified, ArchiveError> {
        Err(SILENT.into())
    }
    async fn archived_mobile(&self, _: &ConsumerNo) -> Result<Phone, ArchiveError> {
        Err(SILENT.into())
    }
    async fn consumer(&self, _: &ConsumerNo) -> Result<Consumer, ArchiveError> {
        Err(SILENT.into())
    }
    async fn real_name(
        &self,
        _: &ConsumerNo,
        _: &PersonName,
        _: &IdNo,
    ) -> Result<RealNameState, ArchiveError> {
        Err(SILENT.into())
    }
    async fn fill(
        &self,
        _: &ConsumerNo,
        _: &[ArchiveValue],
        _: &str,
        _: i64,
        _: &str,
    ) -> Result<BTreeMap<ArchiveField, Filled>, ArchiveError> {
        Err(SILENT.into())
    }
}
