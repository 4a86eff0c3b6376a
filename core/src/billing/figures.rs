//! The figures of one home, as the marketing system states them and as we keep them.

use serde::{Deserialize, Serialize};

use crate::shared::energy::{Kwh, Price};
use crate::shared::money::Fen;
use crate::shared::time::Time;

/// One unpaid bill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receivable {
    pub receivable_id: String,
    pub period: String,
    pub principal: Fen,
    pub late_fee: Fen,
    pub paid: Fen,
    pub due_date: String,
}

/// What is owed. `version` changes whenever any figure does (G-rule of stale payments).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrears {
    pub items: Vec<Receivable>,
    pub total: Fen,
    pub version: String,
    pub as_of: Time,
}

/// What a payer may know of it: the sum, and by when. Not which bills it is made of, nor what others
/// paid of it (money.md 3.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    pub total: Fen,
    /// The earliest day on which something falls due; none when nothing is open.
    pub due_date: Option<String>,
    pub version: String,
}

impl Arrears {
    #[must_use]
    pub fn due_date(&self) -> Option<String> {
        self.items.iter().map(|item| item.due_date.clone()).min()
    }
}

impl From<Arrears> for Due {
    fn from(arrears: Arrears) -> Self {
        Self {
            total: arrears.total,
            due_date: arrears.due_date(),
            version: arrears.version,
        }
    }
}

/// Prepaid money. `available` = prepaid - charge estimated since the last bill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Balance {
    pub prepaid: Fen,
    pub estimated_since_bill: Fen,
    pub available: Fen,
    pub as_of: Time,
}

/// The bills of a span of periods, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BillList {
    pub items: Vec<BillSummary>,
    pub as_of: Time,
}

/// One line of the bill list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BillSummary {
    pub period: String,
    pub energy: Kwh,
    pub total: Fen,
    pub issued_on: String,
    pub due_date: String,
    pub paid: bool,
}

/// One meter's readings of a bill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    pub meter_no: String,
    pub previous: Kwh,
    pub current: Kwh,
    pub multiplier: i64,
    pub energy: Kwh,
}

/// One step of the tariff in force for a bill; the last has no upper end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tier {
    pub tier: i64,
    pub up_to: Option<Kwh>,
    pub price: Price,
}

/// One charged line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BillLine {
    pub kind: String,
    pub tier: Option<i64>,
    pub quantity: Kwh,
    pub price: Price,
    pub amount: Fen,
}

/// A published bill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bill {
    pub period: String,
    pub issued_on: String,
    pub due_date: String,
    pub days: i64,
    pub readings: Vec<Reading>,
    pub lines: Vec<BillLine>,
    pub tiers: Vec<Tier>,
    pub energy: Kwh,
    pub year_to_date: Kwh,
    pub total: Fen,
    pub paid: bool,
    pub as_of: Time,
}

/// One day's energy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DailyUsage {
    pub date: String,
    pub energy: Kwh,
    pub peak: Option<Kwh>,
    pub flat: Option<Kwh>,
    pub valley: Option<Kwh>,
    pub quality: String,
}

/// Where money was paid, as the utility has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaidAt {
    /// Through Lifeline, by whomever.
    Here,
    Hall,
    Bank,
    Elsewhere,
}

impl PaidAt {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Here => "here",
            Self::Hall => "hall",
            Self::Bank => "bank",
            Self::Elsewhere => "elsewhere",
        }
    }
}

/// Money that the utility booked for a home; of what was refunded in part, what stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The utility's own number of it.
    pub number: String,
    pub paid_at: Time,
    pub amount: Fen,
    pub place: PaidAt,
}
