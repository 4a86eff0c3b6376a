//! The ports of `requests`: its rows, and the work orders of the marketing system.

use async_trait::async_trait;

use super::earning::Earning;
use super::handing::Handed;
use super::listed::{Entry, Sought};
use super::points::{Exchange, Gift, Moved, Movement, Rule};
use super::request::{Kind, Request, State};
use crate::shared::ids::{AccountId, ExchangeId, GiftId, PaymentId, RequestId};
use crate::shared::outside::NoAnswer;
use crate::shared::page::Page;
use crate::shared::personal::{ConsumerNo, IdNo, PersonName, Phone};
use crate::shared::time::Time;
use crate::store::StoreError;

#[async_trait]
pub trait RequestReads: Send {
    /// A request of this account; another account's is not found.
    async fn find(
        &mut self,
        account: &AccountId,
        id: &RequestId,
    ) -> Result<Option<Request>, StoreError>;
    /// A request, whoever's it is: for staff alone.
    async fn by_id(&mut self, id: &RequestId) -> Result<Option<Request>, StoreError>;
    /// What this account filed under a client's key.
    async fn find_keyed(
        &mut self,
        account: &AccountId,
        client_key: &str,
    ) -> Result<Option<Request>, StoreError>;
    /// Newest first; up to `limit + 1`. The page's key is a request id.
    async fn list(&mut self, account: &AccountId, page: &Page) -> Result<Vec<Request>, StoreError>;
    /// Those marketing is to be asked about, or handed anew, the longest due first.
    async fn due(&mut self, now: Time, limit: i64) -> Result<Vec<Request>, StoreError>;
    /// Those that wait for staff here, the longest waiting first, behind one that was seen.
    async fn waiting(
        &mut self,
        behind: Option<&RequestId>,
        limit: i64,
    ) -> Result<Vec<Request>, StoreError>;
    /// Those of everybody without their letters, newest first, behind one that was seen.
    async fn entries(
        &mut self,
        sought: Sought,
        behind: Option<&RequestId>,
        limit: i64,
    ) -> Result<Vec<Entry>, StoreError>;
    /// How many points an account has.
    async fn balance(&mut self, account: &AccountId) -> Result<i64, StoreError>;
    /// How many of them cannot be exchanged yet.
    async fn pending(&mut self, account: &AccountId, now: Time) -> Result<i64, StoreError>;
    /// What a credited line earned.
    async fn earning(
        &mut self,
        payment: &PaymentId,
        line_no: i64,
    ) -> Result<Option<Earning>, StoreError>;
    /// What came and went, newest first.
    async fn history(&mut self, account: &AccountId, page: &Page)
    -> Result<Vec<Moved>, StoreError>;
    /// The cheapest first.
    async fn gifts(&mut self, limit: i64) -> Result<Vec<Gift>, StoreError>;
    async fn gift(&mut self, id: &GiftId) -> Result<Option<Gift>, StoreError>;
    /// The rules in force at a moment.
    async fn rules_at(&mut self, now: Time) -> Result<Vec<Rule>, StoreError>;
    /// What this account exchanged under a client's key.
    async fn find_exchange(
        &mut self,
        account: &AccountId,
        client_key: &str,
    ) -> Result<Option<Exchange>, StoreError>;
    /// What this account exchanged, and those that became part of it, newest first.
    async fn exchanges(
        &mut self,
        account: &AccountId,
        limit: i64,
    ) -> Result<Vec<Exchange>, StoreError>;
    /// Those of everybody whose gift was not handed out, the oldest first, behind one that was seen.
    async fn owed(
        &mut self,
        behind: Option<&ExchangeId>,
        limit: i64,
    ) -> Result<Vec<Exchange>, StoreError>;
    /// Those of a number, of whomever.
    async fn numbered(&mut self, number: &str) -> Result<Vec<Exchange>, StoreError>;
    async fn exchange(&mut self, id: &ExchangeId) -> Result<Option<Exchange>, StoreError>;
}

#[async_trait]
pub trait RequestStore: RequestReads {
    /// [`StoreError::Duplicate`] when the account used the key already.
    async fn add(&mut self, request: &Request) -> Result<(), StoreError>;
    /// Compare-and-set on the version; a stale one is [`StoreError::Conflict`].
    async fn save(&mut self, request: &Request) -> Result<(), StoreError>;
    /// Books a movement; false when its fact was booked before, and then nothing changes.
    async fn book(&mut self, movement: &Movement) -> Result<bool, StoreError>;
    async fn give_points(&mut self, account: &AccountId, points: i64) -> Result<(), StoreError>;
    /// False when the account has fewer that can be exchanged.
    async fn take_points(
        &mut self,
        account: &AccountId,
        points: i64,
        now: Time,
    ) -> Result<bool, StoreError>;
    /// Takes so many, or as many as there are; how many were taken.
    async fn lose_points(&mut self, account: &AccountId, most: i64) -> Result<i64, StoreError>;
    /// [`StoreError::Duplicate`] when the line earned before.
    async fn add_earning(&mut self, earning: &Earning) -> Result<(), StoreError>;
    /// Compare-and-set of what went back; false when it is not as it was known.
    async fn save_earning(&mut self, known: &Earning, next: &Earning) -> Result<bool, StoreError>;
    /// What one account earned is the other's from now on.
    async fn move_earnings(&mut self, from: &AccountId, into: &AccountId)
    -> Result<(), StoreError>;
    /// One piece off the stock; false when none is left.
    async fn take_gift(&mut self, id: &GiftId) -> Result<bool, StoreError>;
    /// [`StoreError::Duplicate`] when the account used the key already.
    async fn add_exchange(&mut self, exchange: &Exchange) -> Result<(), StoreError>;
    /// False when it was handed out before, or is not there.
    async fn hand_out(&mut self, id: &ExchangeId, handed: &Handed) -> Result<bool, StoreError>;
    /// It was not handed out after all; false when that is not what is noted of it.
    async fn take_hand_out_back(
        &mut self,
        id: &ExchangeId,
        handed: &Handed,
    ) -> Result<bool, StoreError>;
    async fn put_rule(&mut self, rule: &Rule) -> Result<(), StoreError>;
    /// The rule ends at a moment; false when there is none, it begins no earlier, or it ends earlier already.
    async fn end_rule(&mut self, rule_id: &str, ends_at: Time) -> Result<bool, StoreError>;
    async fn put_gift(&mut self, gift: &Gift) -> Result<(), StoreError>;
}

/// A request as marketing is handed it. Not printable.
#[derive(Clone, PartialEq, Eq)]
pub struct WorkOrder {
    /// The request's id: a repeat is one order.
    pub request_no: String,
    pub kind: Kind,
    pub text: String,
    pub place: Option<String>,
    pub consumer_no: Option<ConsumerNo>,
    pub payment_id: Option<PaymentId>,
    pub anonymous: bool,
    /// Who is to be opened as a user; for that kind alone.
    pub applicant: Option<Applicant>,
    pub filed_at: Time,
}

/// A person as certified, to be opened as a user. Not printable.
#[derive(Clone, PartialEq, Eq)]
pub struct Applicant {
    pub name: PersonName,
    pub id_no: IdNo,
    pub phone: Phone,
}

impl std::fmt::Debug for Applicant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[Applicant]")
    }
}

impl std::fmt::Debug for WorkOrder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WorkOrder")
            .field("request_no", &self.request_no)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// What marketing says of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderReport {
    pub order_no: String,
    pub state: State,
}

/// The work orders of the marketing system.
#[async_trait]
pub trait WorkOrders: Send + Sync + std::fmt::Debug {
    /// Files an order; filed again under the same number it is the same order.
    async fn file(&self, order: &WorkOrder) -> Result<OrderReport, NoAnswer>;
    /// How far an order has come.
    async fn look(&self, order_no: &str) -> Result<OrderReport, NoAnswer>;
}
