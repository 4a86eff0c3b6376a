//! The source of figures (LN-46): arrears, balance, bills, daily energy, what was paid.

use async_trait::async_trait;
use lifeline_core::billing::figures::{
    Arrears, Balance, Bill, BillLine, BillList, BillSummary, DailyUsage, PaidAt, Reading, Receipt,
    Receivable, Tier,
};
use lifeline_core::billing::ports::{BillingSource, SourceError};
use lifeline_core::shared::energy::{Kwh, Price};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::shared::personal::ConsumerNo;
use lifeline_core::shared::time::Time;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{Marketing, Refusal};
use crate::wire::{Operation, operation, read};

/// The parts of a figure do not add up to its total: not a figure.
const INCONSISTENT: NoAnswer = NoAnswer::Unknown("inconsistent_reply");

#[derive(Deserialize)]
struct ReceivableReply {
    #[serde(deserialize_with = "read::text")]
    receivable_id: String,
    #[serde(deserialize_with = "read::period")]
    bill_period: String,
    principal_fen: Fen,
    late_fee_fen: Fen,
    paid_fen: Fen,
    #[serde(deserialize_with = "read::day")]
    due_date: String,
}

#[derive(Deserialize)]
struct ArrearsReply {
    items: Vec<ReceivableReply>,
    total_fen: Fen,
    #[serde(deserialize_with = "read::text")]
    arrears_version: String,
    #[serde(deserialize_with = "read::time")]
    as_of: Time,
}

impl ArrearsReply {
    /// The total must be the sum of its parts to the fen: it decides what a person is asked to pay.
    fn checked(self) -> Option<Arrears> {
        let open = |item: &ReceivableReply| {
            let due = item.principal_fen.plus(item.late_fee_fen).ok()?;
            due.minus(item.paid_fen)
                .ok()
                .filter(|rest| *rest >= Fen::ZERO)
        };
        let parts: Option<Vec<Fen>> = self.items.iter().map(open).collect();
        let sum = Fen::sum(parts?).ok()?;
        (sum == self.total_fen).then(|| Arrears {
            items: self.items.into_iter().map(ReceivableReply::into).collect(),
            total: self.total_fen,
            version: self.arrears_version,
            as_of: self.as_of,
        })
    }
}

impl From<ReceivableReply> for Receivable {
    fn from(reply: ReceivableReply) -> Self {
        Self {
            receivable_id: reply.receivable_id,
            period: reply.bill_period,
            principal: reply.principal_fen,
            late_fee: reply.late_fee_fen,
            paid: reply.paid_fen,
            due_date: reply.due_date,
        }
    }
}

#[derive(Deserialize)]
struct BalanceReply {
    prepaid_fen: Fen,
    estimated_since_bill_fen: Fen,
    available_fen: Fen,
    #[serde(deserialize_with = "read::time")]
    as_of: Time,
}

#[derive(Deserialize)]
struct BillsReply {
    items: Vec<SummaryReply>,
    #[serde(deserialize_with = "read::time")]
    as_of: Time,
}

#[derive(Deserialize)]
struct SummaryReply {
    #[serde(deserialize_with = "read::period")]
    period: String,
    #[serde(deserialize_with = "read::energy")]
    energy_kwh: Kwh,
    total_fen: Fen,
    #[serde(deserialize_with = "read::day")]
    issued_on: String,
    #[serde(deserialize_with = "read::day")]
    due_date: String,
    paid: bool,
}

#[derive(Deserialize)]
struct BillReply {
    #[serde(deserialize_with = "read::period")]
    period: String,
    #[serde(deserialize_with = "read::day")]
    issued_on: String,
    #[serde(deserialize_with = "read::day")]
    due_date: String,
    days: i64,
    readings: Vec<ReadingReply>,
    lines: Vec<LineReply>,
    tiers: Vec<TierReply>,
    #[serde(deserialize_with = "read::energy")]
    energy_kwh: Kwh,
    #[serde(deserialize_with = "read::energy")]
    year_to_date_kwh: Kwh,
    total_fen: Fen,
    paid: bool,
    #[serde(deserialize_with = "read::time")]
    as_of: Time,
}

#[derive(Deserialize)]
struct ReadingReply {
    #[serde(deserialize_with = "read::text")]
    meter_no: String,
    #[serde(deserialize_with = "read::energy")]
    previous: Kwh,
    #[serde(deserialize_with = "read::energy")]
    current: Kwh,
    multiplier: i64,
    #[serde(deserialize_with = "read::energy")]
    energy_kwh: Kwh,
}

/// A line may be negative: a correction gives energy or money back.
#[derive(Deserialize)]
struct LineReply {
    #[serde(deserialize_with = "read::text")]
    kind: String,
    tier: Option<i64>,
    quantity_kwh: Kwh,
    #[serde(deserialize_with = "read::price")]
    price_yuan_per_kwh: Price,
    amount_fen: Fen,
}

#[derive(Deserialize)]
struct TierReply {
    tier: i64,
    #[serde(default, deserialize_with = "read::energy_maybe")]
    up_to_kwh: Option<Kwh>,
    #[serde(deserialize_with = "read::price")]
    price_yuan_per_kwh: Price,
}

#[derive(Deserialize)]
struct UsageReply {
    items: Vec<DayReply>,
}

#[derive(Deserialize)]
struct DayReply {
    #[serde(deserialize_with = "read::day")]
    date: String,
    #[serde(deserialize_with = "read::energy")]
    energy_kwh: Kwh,
    #[serde(default, deserialize_with = "read::energy_maybe")]
    peak_kwh: Option<Kwh>,
    #[serde(default, deserialize_with = "read::energy_maybe")]
    flat_kwh: Option<Kwh>,
    #[serde(default, deserialize_with = "read::energy_maybe")]
    valley_kwh: Option<Kwh>,
    #[serde(deserialize_with = "read::text")]
    quality: String,
}

#[derive(Deserialize)]
struct PaymentsReply {
    items: Vec<PaidReply>,
}

#[derive(Deserialize)]
struct PaidReply {
    #[serde(deserialize_with = "read::text")]
    mkt_txn_no: String,
    #[serde(deserialize_with = "read::time")]
    paid_at: Time,
    amount_fen: Fen,
    #[serde(deserialize_with = "read::text")]
    channel: String,
}

impl From<PaidReply> for Receipt {
    fn from(reply: PaidReply) -> Self {
        Self {
            number: reply.mkt_txn_no,
            paid_at: reply.paid_at,
            amount: reply.amount_fen,
            // A word that is new is of some other place.
            place: match reply.channel.as_str() {
                "OWN" => PaidAt::Here,
                "HALL" => PaidAt::Hall,
                "BANK" => PaidAt::Bank,
                _ => PaidAt::Elsewhere,
            },
        }
    }
}

impl From<BillReply> for Bill {
    fn from(reply: BillReply) -> Self {
        let readings = reply.readings.into_iter().map(|reading| Reading {
            meter_no: reading.meter_no,
            previous: reading.previous,
            current: reading.current,
            multiplier: reading.multiplier,
            energy: reading.energy_kwh,
        });
        let lines = reply.lines.into_iter().map(|line| BillLine {
            kind: line.kind,
            tier: line.tier,
            quantity: line.quantity_kwh,
            price: line.price_yuan_per_kwh,
            amount: line.amount_fen,
        });
        let tiers = reply.tiers.into_iter().map(|tier| Tier {
            tier: tier.tier,
            up_to: tier.up_to_kwh,
            price: tier.price_yuan_per_kwh,
        });
        Self {
            period: reply.period,
            issued_on: reply.issued_on,
            due_date: reply.due_date,
            days: reply.days,
            readings: readings.collect(),
            lines: lines.collect(),
            tiers: tiers.collect(),
            energy: reply.energy_kwh,
            year_to_date: reply.year_to_date_kwh,
            total: reply.total_fen,
            paid: reply.paid,
            as_of: reply.as_of,
        }
    }
}

fn refused(refusal: Refusal) -> SourceError {
    match refusal {
        Refusal::ConsumerUnavailable => SourceError::Absent,
        other @ (Refusal::NotBound
        | Refusal::ClosedAccount
        | Refusal::AlreadyPaid
        | Refusal::AmountMismatch
        | Refusal::StaleArrears
        | Refusal::CutoffPassed
        | Refusal::Fenced
        | Refusal::MatchTokenSpent
        | Refusal::Invalid) => other.unexpected().into(),
    }
}

impl Marketing {
    async fn figure<T: DeserializeOwned>(
        &self,
        operation: Operation,
        consumer_no: &ConsumerNo,
        rest: &[&str],
        query: &[(&str, &str)],
    ) -> Result<T, SourceError> {
        let path = [&["consumers", consumer_no.expose()], rest].concat();
        self.read(operation, &path, query).await?.map_err(refused)
    }
}

#[async_trait]
impl BillingSource for Marketing {
    async fn arrears(&self, consumer_no: &ConsumerNo) -> Result<Arrears, SourceError> {
        let operation = operation!("GET /consumers/{no}/arrears");
        let reply: ArrearsReply = self
            .figure(operation, consumer_no, &["arrears"], &[])
            .await?;
        reply.checked().ok_or_else(|| INCONSISTENT.into())
    }

    async fn balance(&self, consumer_no: &ConsumerNo) -> Result<Balance, SourceError> {
        let operation = operation!("GET /consumers/{no}/balance");
        let reply: BalanceReply = self
            .figure(operation, consumer_no, &["balance"], &[])
            .await?;
        Ok(Balance {
            prepaid: reply.prepaid_fen,
            estimated_since_bill: reply.estimated_since_bill_fen,
            available: reply.available_fen,
            as_of: reply.as_of,
        })
    }

    async fn bills(
        &self,
        consumer_no: &ConsumerNo,
        from: &str,
        to: &str,
    ) -> Result<BillList, SourceError> {
        let operation = operation!("GET /consumers/{no}/bills");
        let query = [("from", from), ("to", to)];
        let reply: BillsReply = self
            .figure(operation, consumer_no, &["bills"], &query)
            .await?;
        let items = reply.items.into_iter().map(|item| BillSummary {
            period: item.period,
            energy: item.energy_kwh,
            total: item.total_fen,
            issued_on: item.issued_on,
            due_date: item.due_date,
            paid: item.paid,
        });
        Ok(BillList {
            items: items.collect(),
            as_of: reply.as_of,
        })
    }

    async fn bill(&self, consumer_no: &ConsumerNo, period: &str) -> Result<Bill, SourceError> {
        let operation = operation!("GET /consumers/{no}/bills/{period}");
        let path = ["consumers", consumer_no.expose(), "bills", period];
        let reply: BillReply = match self.read(operation, &path, &[]).await? {
            Ok(reply) => reply,
            // The contract's word for a period without a bill.
            Err(Refusal::Invalid) => return Err(SourceError::Absent),
            Err(other) => return Err(refused(other)),
        };
        if reply.period == period {
            Ok(reply.into())
        } else {
            Err(INCONSISTENT.into())
        }
    }

    async fn daily_usage(
        &self,
        consumer_no: &ConsumerNo,
        from: &str,
        to: &str,
    ) -> Result<Vec<DailyUsage>, SourceError> {
        let operation = operation!("GET /consumers/{no}/usage/daily");
        let query = [("from", from), ("to", to)];
        let reply: UsageReply = self
            .figure(operation, consumer_no, &["usage", "daily"], &query)
            .await?;
        let items = reply.items.into_iter().map(|day| DailyUsage {
            date: day.date,
            energy: day.energy_kwh,
            peak: day.peak_kwh,
            flat: day.flat_kwh,
            valley: day.valley_kwh,
            quality: day.quality,
        });
        Ok(items.collect())
    }

    async fn receipts(
        &self,
        consumer_no: &ConsumerNo,
        from: &str,
        to: &str,
    ) -> Result<Vec<Receipt>, SourceError> {
        let operation = operation!("GET /consumers/{no}/payments");
        let query = [("from", from), ("to", to)];
        let reply: PaymentsReply = self
            .figure(operation, consumer_no, &["payments"], &query)
            .await?;
        // Money that nobody paid is no payment.
        if reply.items.iter().any(|paid| paid.amount_fen <= Fen::ZERO) {
            return Err(INCONSISTENT.into());
        }
        Ok(reply.items.into_iter().map(Receipt::from).collect())
    }
}
