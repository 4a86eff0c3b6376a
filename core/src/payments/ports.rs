//! The ports of `payments`: its rows, the payment channel (table P, R) and the posting system
//! (table L).
//!
//! The two outside ports answer with *observations* in the words of money.md's tables. Adapters
//! classify wire codes; they never decide.

use async_trait::async_trait;

use super::brake::Consent;
use super::observation::Sighted;
use super::order::{ClaimKey, Order};
use crate::shared::ids::{AccountId, BindingId, PaymentId};
use crate::shared::money::Fen;
use crate::shared::outside::NoAnswer;
use crate::shared::page::Page;
use crate::shared::personal::ConsumerNo;
use crate::shared::time::Time;
use crate::store::StoreError;

#[async_trait]
pub trait PaymentReads: Send {
    async fn find(&mut self, id: &PaymentId) -> Result<Option<Order>, StoreError>;
    /// The order only if it is this account's: unknown and foreign look the same.
    async fn find_own(
        &mut self,
        account: &AccountId,
        id: &PaymentId,
    ) -> Result<Option<Order>, StoreError>;
    async fn find_by_number(&mut self, out_trade_no: &str) -> Result<Option<Order>, StoreError>;
    async fn find_by_ticket(&mut self, digest: &str) -> Result<Option<Order>, StoreError>;
    /// This account's orders for one home, newest first, one more than the page holds.
    async fn list(
        &mut self,
        account: &AccountId,
        binding: &BindingId,
        page: &Page,
    ) -> Result<Vec<Order>, StoreError>;
    /// What was paid for this home's arrears and may not show in marketing yet.
    async fn in_flight(&mut self, consumer_no: &ConsumerNo) -> Result<Fen, StoreError>;
    /// What one account paid of it, or one that was merged into it.
    async fn in_flight_of(
        &mut self,
        account: &AccountId,
        consumer_no: &ConsumerNo,
    ) -> Result<Fen, StoreError>;
    /// Which order keeps others from being opened.
    async fn claim_holder(&mut self, claim: &ClaimKey) -> Result<Option<PaymentId>, StoreError>;
    /// The orders of an account, or of one merged into it, that can still be paid.
    async fn open_of(&mut self, account: &AccountId) -> Result<Vec<PaymentId>, StoreError>;
    /// Whether staff suspended paying for an account, or for the one it was merged into (EC-21).
    async fn is_suspended(&mut self, account: &AccountId) -> Result<bool, StoreError>;
    /// Orders that are owed a turn and that nobody works, longest waiting first.
    async fn due(&mut self, now: Time, limit: i64) -> Result<Vec<PaymentId>, StoreError>;
    /// The order of the one of them that is looked at next, whenever it was answered.
    async fn waiting(&mut self, sleepers: &Sleepers) -> Result<Option<PaymentId>, StoreError>;
    /// The record of what was seen of an order and its rows.
    async fn sightings(&mut self, id: &PaymentId) -> Result<Vec<Sighted>, StoreError>;
}

/// Whose answer a row waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Awaited {
    /// Marketing's, about a line.
    Marketing,
    /// The channel's, to how a trade stands that may be paid: PAYING and CLOSING.
    Trade,
    /// The channel's, to what became of a refund: UNKNOWN.
    Refund,
}

/// Rows that wait for one answer and are looked at after `later` and not after `until`. What a contradiction stopped is
/// none of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sleepers {
    pub awaited: Awaited,
    /// Who is woken is due from this moment on.
    pub now: Time,
    pub later: Time,
    pub until: Time,
    /// A row that the channel was asked about at this moment or later, and answered, is not woken.
    pub since: Time,
    /// No more than this many are woken.
    pub limit: i64,
}

/// The bounds of the brake (money.md G7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Brake {
    /// The hour that is counted, from its start.
    pub hour: Time,
    pub count_max: i64,
    pub sum_max: Fen,
    pub now: Time,
}

/// The brake is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trip {
    pub tripped_at: Time,
    /// Who agreed to release it, if one person did.
    pub first_by: Option<String>,
}

#[async_trait]
pub trait PaymentStore: PaymentReads {
    /// Stores a new order at version 1, leased to its maker at epoch 1 until `lease_until`.
    async fn add(&mut self, order: &Order, lease_until: Time) -> Result<(), StoreError>;
    /// What an account, or one merged into it, ordered after a moment and has not been proven unpaid. Units that ask this about one
    /// account follow one another: of two orders at once the later one counts the earlier.
    async fn ordered_since(&mut self, account: &AccountId, since: Time) -> Result<Fen, StoreError>;
    /// Takes the order for a while; the new epoch, or `None` when somebody else holds it.
    async fn lease(
        &mut self,
        id: &PaymentId,
        now: Time,
        until: Time,
    ) -> Result<Option<i64>, StoreError>;
    /// Gives the order back; nothing happens when the lease was lost meanwhile.
    async fn unlease(&mut self, id: &PaymentId, lease_epoch: i64) -> Result<(), StoreError>;
    /// Saves the order with its lines and refunds as version + 1; `StoreError::Conflict` when it is
    /// no longer at its version, or no longer leased under the given epoch.
    async fn save(&mut self, order: &Order, lease_epoch: Option<i64>) -> Result<(), StoreError>;
    /// True when the claim is this order's now (or was already).
    async fn take_claim(
        &mut self,
        claim: &ClaimKey,
        id: &PaymentId,
        now: Time,
    ) -> Result<bool, StoreError>;
    /// Frees the claim if it is this order's.
    async fn free_claim(&mut self, claim: &ClaimKey, id: &PaymentId) -> Result<(), StoreError>;
    /// Records what was seen; a repeat of the same row, state and input is counted.
    async fn sight(
        &mut self,
        id: &PaymentId,
        sighted: &[Sighted],
        now: Time,
    ) -> Result<(), StoreError>;
    /// Counts one more automatic refund of this sum, if the brake is not on and stays within its
    /// bounds; trips it when they are passed. A refund above the sum by itself is what two persons
    /// looked at: within an hour of a release one such refund passes, however large it is, unless a
    /// person had stopped refunds.
    async fn take_brake(&mut self, brake: Brake, sum: Fen) -> Result<bool, StoreError>;
    /// The trip that is not released yet.
    async fn brake_trip(&mut self) -> Result<Option<Trip>, StoreError>;
    /// From now on no refund goes back by itself, because a person says so; false when that is so already: then a
    /// consent given before counts no more.
    async fn stop_refunds(&mut self, now: Time, person: &str) -> Result<bool, StoreError>;
    /// Notes one person's consent; the second person's releases the brake and the count begins anew.
    async fn consent_to_release(
        &mut self,
        person: &str,
        brake: Brake,
    ) -> Result<Consent, StoreError>;
    /// Counts one more posting of the minute that begins at `minute`, unless `max` have left already.
    async fn take_pace(&mut self, minute: Time, max: i64) -> Result<bool, StoreError>;
    /// Forgets the counts of minutes before a moment.
    async fn purge_pace(&mut self, before: Time) -> Result<u64, StoreError>;
    /// Makes them due, those first that would sleep longest; how many.
    async fn wake_waiting(&mut self, sleepers: &Sleepers) -> Result<u64, StoreError>;
    /// Makes orders due whose next turn only asks marketing what became of a posting; how many.
    async fn wake_questions(&mut self, now: Time, limit: i64) -> Result<u64, StoreError>;
}

/// What may be posted to a home right now, read live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dues {
    /// False once the account is closed: it takes no money.
    pub open: bool,
    pub total: Fen,
    /// Changes whenever any figure does.
    pub version: String,
}

/// Why there is no live figure.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoDues {
    /// Marketing does not know the home (any more).
    #[error("marketing does not know this home")]
    Unknown,
    #[error(transparent)]
    NoAnswer(#[from] NoAnswer),
}

/// Marketing as the place that knows what is due now: read at creation, for late money, and before
/// a line is posted under a new number. Never from a kept copy.
#[async_trait]
pub trait DuesSource: Send + Sync + std::fmt::Debug {
    async fn dues(&self, consumer_no: &ConsumerNo) -> Result<Dues, NoDues>;
}

/// What a created trade answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Created {
    /// The channel holds the trade and waits for the payer.
    Ok { trade_no: String },
    /// A code table P names as a refusal of the create. Stable code, no upstream text.
    Refused { code: &'static str },
}

/// A trade as the channel states it (query or verified notice).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trade {
    /// ACQ.TRADE_NOT_EXIST: proves nothing before expire_at + 10 min.
    NotExist,
    WaitBuyerPay {
        trade_no: String,
    },
    /// TRADE_SUCCESS or TRADE_FINISHED.
    Paid {
        trade_no: String,
        total: Fen,
        paid_at: Time,
        /// Cumulative sum of all refunds the channel shows (money.md 2.13).
        refunded_total: Fen,
    },
    /// TRADE_CLOSED without payment and refund fields.
    ClosedNeverPaid {
        trade_no: String,
    },
    /// TRADE_CLOSED after a payment: everything was refunded.
    ClosedRefunded {
        trade_no: String,
        total: Fen,
        paid_at: Option<Time>,
        refunded_total: Fen,
    },
}

/// What alipay.trade.close answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Close {
    /// 10000: closed, never paid.
    Closed,
    /// REASON_TRADE_STATUS_INVALID or ACQ.TRADE_STATUS_ERROR: query.
    Refused,
    NotExist,
}

/// What alipay.trade.refund answers (table R columns).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundReply {
    /// fund_change = Y.
    Done,
    /// fund_change = N or absent: not a failure; query.
    Unclear,
    SellerBalanceNotEnough,
    /// TRADE_HAS_FINISHED, TRADE_NOT_ALLOW_REFUND, window over, buyer gone.
    RefusedForGood {
        code: &'static str,
    },
    /// ACQ.REASON_TRADE_REFUND_FEE_ERR.
    FeeError,
}

/// What alipay.trade.fastpay.refund.query answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundStatus {
    /// refund_status = REFUND_SUCCESS with this refund_amount.
    Success { amount: Fen },
    /// No refund_status: "not received or failed", never proof of failure.
    Empty,
}

/// What is asked of the channel for one order. Frozen at the first send (money.md 2.8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateOrder {
    pub out_trade_no: String,
    pub amount: Fen,
    /// Shown to the payer; masked, no personal data.
    pub subject: String,
    /// The payer's id at the channel; must be the person who pays.
    pub buyer_open_id: Option<String>,
    pub buyer_user_id: Option<String>,
    /// Absolute end of the payable time, at most 15 minutes ahead.
    pub expire_at: Time,
}

/// Alipay as the place where money moves (LN-04).
#[async_trait]
pub trait PaymentChannel: Send + Sync + std::fmt::Debug {
    /// The exact `biz_content` text of trade.create for this order: stored before the first send,
    /// the same bytes on every resend.
    fn create_body(&self, order: &CreateOrder) -> String;
    async fn create(&self, frozen_body: &str) -> Result<Created, NoAnswer>;
    /// The signed cashier URL for a browser (alipay.trade.wap.pay); touches no network.
    fn cashier_url(&self, order: &CreateOrder, return_url: &str, now: Time) -> String;
    async fn query(&self, out_trade_no: &str) -> Result<Trade, NoAnswer>;
    async fn close(&self, out_trade_no: &str) -> Result<Close, NoAnswer>;
    async fn refund(
        &self,
        out_trade_no: &str,
        out_request_no: &str,
        amount: Fen,
    ) -> Result<RefundReply, NoAnswer>;
    async fn query_refund(
        &self,
        out_trade_no: &str,
        out_request_no: &str,
    ) -> Result<RefundStatus, NoAnswer>;
}

/// A verified asynchronous notice, reduced to what the tables need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub notify_id: String,
    pub out_trade_no: String,
    pub trade: Trade,
    /// Set when the notice tells of a refund: the merchant's request number.
    pub out_request_no: Option<String>,
    /// When the channel made the notice.
    pub notified_at: Time,
}

/// Why a raw notice is not worked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoticeError {
    /// Not a form, duplicate parameters, missing fields.
    #[error("the notice is malformed")]
    Malformed,
    #[error("the notice's signature does not verify")]
    BadSignature,
    /// app_id or seller_id is not ours: a security event (money.md G7).
    #[error("the notice is for another app or seller")]
    Foreign,
    /// Genuine and for us, of a type that nothing here uses (an agreement, a life-account message). It is
    /// kept and acknowledged: refused, it would only come again for a day.
    #[error("the notice is of a type that is not used")]
    Unused { notify_id: String },
}

/// Reads and verifies raw notice bodies; no network.
pub trait NoticeReader: Send + Sync + std::fmt::Debug {
    /// Verifies signature and addressee over the raw bytes, then reads the fields.
    fn read(&self, raw: &[u8]) -> Result<Notice, NoticeError>;
}

/// What is posted for one line. Frozen at the first send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posting {
    pub channel_txn_no: String,
    pub consumer_no: ConsumerNo,
    pub amount: Fen,
    pub paid_at: Time,
    /// `arrears` or `prepayment`.
    pub purpose: &'static str,
    pub arrears_version: Option<String>,
}

/// A posted line as marketing states it; compared with ours before it counts (money.md 2.7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostedLine {
    pub consumer_no: ConsumerNo,
    pub amount: Fen,
    pub paid_at: Time,
    pub mkt_txn_no: String,
    pub business_date: String,
    pub posted_at: Time,
}

/// What `POST /payments` or `GET /payments/{txn}` answers, in the words of table L.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PostingReply {
    Posted(PostedLine),
    Processing,
    /// STALE_ARREARS or AMOUNT_MISMATCH.
    StaleOrMismatch,
    /// ALREADY_PAID, CLOSED_ACCOUNT or CONSUMER_UNAVAILABLE.
    NotPayable {
        code: &'static str,
    },
    /// GET: nothing under this number, and no fence.
    NotFound,
    /// 410, or GET/fence with `fenced: true`: this number can never post.
    Fenced,
    Reversed,
}

/// What a marketing refund voucher answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VoucherReply {
    Pending,
    Approved,
    Refused,
}

/// What marketing's daily file of one business date says of a number (money.md 2.1 and b5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filed {
    /// The number is in it, posted or reversed.
    Named,
    /// The date is over, its file is made, and the number is not in it.
    Absent,
    /// There is no file of that date yet.
    NotYet,
}

/// What a reversal answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReversalReply {
    Reversed,
    CutoffPassed,
    Refused,
}

/// The marketing system as the place where a payment is credited.
#[async_trait]
pub trait PostingSystem: Send + Sync + std::fmt::Debug {
    /// The exact request body for this posting: stored before the first send.
    fn posting_body(&self, posting: &Posting) -> String;
    /// `channel_txn_no` is also the Idempotency-Key.
    async fn post(&self, channel_txn_no: &str, frozen_body: &str)
    -> Result<PostingReply, NoAnswer>;
    async fn get(&self, channel_txn_no: &str) -> Result<PostingReply, NoAnswer>;
    async fn fence(&self, channel_txn_no: &str) -> Result<PostingReply, NoAnswer>;
    async fn reverse(
        &self,
        channel_txn_no: &str,
        reversal_no: &str,
    ) -> Result<ReversalReply, NoAnswer>;
    async fn refund_voucher(
        &self,
        channel_txn_no: &str,
        refund_no: &str,
        amount: Fen,
    ) -> Result<VoucherReply, NoAnswer>;
    /// What the daily file of a business date (`YYYY-MM-DD`) says of a number.
    async fn filed(&self, business_date: &str, channel_txn_no: &str) -> Result<Filed, NoAnswer>;
}
