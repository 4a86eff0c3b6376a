//! What the routes of `billing` say.

use lifeline_core::billing::figures::{Arrears, Balance, BillSummary, Due, Receivable, Tier};
use lifeline_core::billing::{Comparison, ExplainedBill, ExplainedLine, MaskedReading, Shown};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::page::Slice;
use serde::Serialize;
use utoipa::ToSchema;

use crate::edge::{Code, Problem};

/// One unpaid bill.
#[derive(Serialize, ToSchema)]
pub(super) struct ReceivableView {
    pub receivable_id: String,
    #[schema(example = "2026-10")]
    pub period: String,
    #[schema(example = 12_840)]
    pub principal_fen: i64,
    pub late_fee_fen: i64,
    pub paid_fen: i64,
    #[schema(example = "2026-11-25")]
    pub due_date: String,
}

impl From<Receivable> for ReceivableView {
    fn from(item: Receivable) -> Self {
        Self {
            receivable_id: item.receivable_id,
            period: item.period,
            principal_fen: item.principal.get(),
            late_fee_fen: item.late_fee.get(),
            paid_fen: item.paid.get(),
            due_date: item.due_date,
        }
    }
}

/// What is due.
#[derive(Serialize, ToSchema)]
pub(super) struct ArrearsView {
    /// As the utility states them; what is on its way is not subtracted here. None for a payer, and
    /// none from before the present holder.
    pub items: Vec<ReceivableView>,
    /// What is still to be paid, of all that is open, less what is on its way; never below 0.
    #[schema(example = 12_840)]
    pub total_fen: i64,
    /// The earliest day on which something of it is due; absent when nothing is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "2026-11-25")]
    pub due_date: Option<String>,
    /// Paid through Lifeline and not yet credited by the utility; for a payer, what they paid themselves.
    pub in_flight_fen: i64,
    /// A bill of the home is being verified: nothing is to be paid meanwhile, and no order is taken.
    pub held: bool,
    /// Goes into `POST /v1/payments`; changes whenever any figure does.
    pub arrears_version: String,
    /// When the utility computed it.
    #[schema(example = "2026-11-20T10:00:00+08:00")]
    pub as_of: String,
    /// The utility does not answer for now; this is the last good copy.
    pub stale: bool,
}

impl ArrearsView {
    pub(super) fn of(shown: Shown<Arrears>, in_flight: Fen, held: bool) -> Result<Self, Problem> {
        Ok(Self {
            held,
            total_fen: rest(shown.figure.total, in_flight)?,
            due_date: shown.figure.due_date(),
            items: shown.figure.items.into_iter().map(Into::into).collect(),
            in_flight_fen: in_flight.get(),
            arrears_version: shown.figure.version,
            as_of: shown.as_of.rfc3339(),
            stale: shown.stale,
        })
    }

    /// `own` is the payer's part of what is on its way.
    pub(super) fn of_payer(
        shown: Shown<Due>,
        in_flight: Fen,
        own: Fen,
        held: bool,
    ) -> Result<Self, Problem> {
        Ok(Self {
            held,
            items: Vec::new(),
            total_fen: rest(shown.figure.total, in_flight)?,
            due_date: shown.figure.due_date,
            in_flight_fen: own.get(),
            arrears_version: shown.figure.version,
            as_of: shown.as_of.rfc3339(),
            stale: shown.stale,
        })
    }
}

fn rest(total: Fen, in_flight: Fen) -> Result<i64, Problem> {
    let rest = total.minus(in_flight);
    let rest = rest.map_err(|_| Problem::new(Code::Internal))?;
    Ok(rest.max(Fen::ZERO).get())
}

/// Prepaid money.
#[derive(Serialize, ToSchema)]
pub(super) struct BalanceView {
    pub prepaid_fen: i64,
    /// The charge of the energy since the last bill, estimated by the utility.
    pub estimated_since_bill_fen: i64,
    /// Prepaid less estimated.
    pub available_fen: i64,
    #[schema(example = "2026-11-20T10:00:00+08:00")]
    pub as_of: String,
    pub stale: bool,
}

impl BalanceView {
    pub(super) fn of(shown: Shown<Balance>) -> Self {
        Self {
            prepaid_fen: shown.figure.prepaid.get(),
            estimated_since_bill_fen: shown.figure.estimated_since_bill.get(),
            available_fen: shown.figure.available.get(),
            as_of: shown.as_of.rfc3339(),
            stale: shown.stale,
        }
    }
}

/// One line of the list of bills.
#[derive(Serialize, ToSchema)]
pub(super) struct BillSummaryView {
    #[schema(example = "2026-10")]
    pub period: String,
    #[schema(example = "150")]
    pub energy_kwh: String,
    #[schema(example = 8_520)]
    pub total_fen: i64,
    pub issued_on: String,
    pub due_date: String,
    pub paid: bool,
}

impl From<BillSummary> for BillSummaryView {
    fn from(bill: BillSummary) -> Self {
        Self {
            period: bill.period,
            energy_kwh: bill.energy.to_string(),
            total_fen: bill.total.get(),
            issued_on: bill.issued_on,
            due_date: bill.due_date,
            paid: bill.paid,
        }
    }
}

/// A page of bills.
#[derive(Serialize, ToSchema)]
pub(super) struct BillsView {
    pub items: Vec<BillSummaryView>,
    pub next_cursor: Option<String>,
    #[schema(example = "2026-11-20T10:00:00+08:00")]
    pub as_of: String,
    pub stale: bool,
}

impl BillsView {
    pub(super) fn of(shown: Shown<Slice<BillSummary>>, close: impl Fn(&str) -> String) -> Self {
        Self {
            next_cursor: shown.figure.next.as_deref().map(close),
            items: shown.figure.items.into_iter().map(Into::into).collect(),
            as_of: shown.as_of.rfc3339(),
            stale: shown.stale,
        }
    }
}

/// One meter's readings: energy = (current - previous) x multiplier.
#[derive(Serialize, ToSchema)]
pub(super) struct ReadingView {
    #[schema(example = "*******2345")]
    pub meter_no_masked: String,
    #[schema(example = "1200")]
    pub previous: String,
    #[schema(example = "1350")]
    pub current: String,
    pub multiplier: i64,
    /// As billed.
    #[schema(example = "150")]
    pub energy_kwh: String,
    /// The readings come to the billed energy.
    pub recomputed: bool,
    /// What they come to; absent when it is beyond what can be counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "150")]
    pub recomputed_kwh: Option<String>,
}

impl From<MaskedReading> for ReadingView {
    fn from(reading: MaskedReading) -> Self {
        Self {
            meter_no_masked: reading.meter_no_masked,
            previous: reading.previous.to_string(),
            current: reading.current.to_string(),
            multiplier: reading.multiplier,
            energy_kwh: reading.energy.to_string(),
            recomputed: reading.recomputed,
            recomputed_kwh: reading.ours.map(|energy| energy.to_string()),
        }
    }
}

/// One step of the tariff in force.
#[derive(Serialize, ToSchema)]
pub(super) struct TierView {
    pub tier: i64,
    /// Absent on the last step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub up_to_kwh: Option<String>,
    #[schema(example = "0.538")]
    pub price_yuan_per_kwh: String,
}

impl From<Tier> for TierView {
    fn from(tier: Tier) -> Self {
        Self {
            tier: tier.tier,
            up_to_kwh: tier.up_to.map(|energy| energy.to_string()),
            price_yuan_per_kwh: tier.price.to_string(),
        }
    }
}

/// One charged line with its working.
#[derive(Serialize, ToSchema)]
pub(super) struct LineView {
    #[schema(example = "energy")]
    pub kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tier: Option<i64>,
    pub quantity_kwh: String,
    pub price_yuan_per_kwh: String,
    /// As billed.
    #[schema(example = 3_228)]
    pub amount_fen: i64,
    #[schema(example = "60 kWh x 0.538 yuan/kWh = 32.28 yuan")]
    pub formula: String,
    /// The formula's result is the billed amount, to the fen.
    pub recomputed: bool,
    /// The formula's own result; absent when it is beyond what can be counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 3_228)]
    pub recomputed_fen: Option<i64>,
    /// The price is that of the line's step.
    pub price_recomputed: bool,
}

impl From<ExplainedLine> for LineView {
    fn from(told: ExplainedLine) -> Self {
        Self {
            kind: told.line.kind,
            tier: told.line.tier,
            quantity_kwh: told.line.quantity.to_string(),
            price_yuan_per_kwh: told.line.price.to_string(),
            amount_fen: told.line.amount.get(),
            formula: told.formula,
            recomputed: told.recomputed,
            recomputed_fen: told.ours.map(Fen::get),
            price_recomputed: told.price_recomputed,
        }
    }
}

/// Why the bill differs from the month before; the two effects sum to `charge_delta_fen`.
#[derive(Serialize, ToSchema)]
pub(super) struct ComparisonView {
    /// The month compared with.
    pub period: String,
    pub energy_delta_kwh: String,
    pub charge_delta_fen: i64,
    /// The part that other prices and steps make.
    pub price_delta_fen: i64,
    /// The part that other energy makes, at the average price of the month before.
    pub energy_effect_fen: i64,
    pub days_delta: i64,
}

impl From<Comparison> for ComparisonView {
    fn from(told: Comparison) -> Self {
        Self {
            period: told.period,
            energy_delta_kwh: told.energy_delta.to_string(),
            charge_delta_fen: told.charge_delta.get(),
            price_delta_fen: told.price_effect.get(),
            energy_effect_fen: told.energy_effect.get(),
            days_delta: told.days_delta,
        }
    }
}

/// A bill with its working.
#[derive(Serialize, ToSchema)]
pub(super) struct BillView {
    #[schema(example = "2026-10")]
    pub period: String,
    pub issued_on: String,
    pub due_date: String,
    pub days: i64,
    pub readings: Vec<ReadingView>,
    pub energy_kwh: String,
    /// The meters' energy, and the energy that the lines price, are each `energy_kwh`.
    pub energy_recomputed: bool,
    pub year_to_date_kwh: String,
    pub tiers: Vec<TierView>,
    pub lines: Vec<LineView>,
    #[schema(example = 8_520)]
    pub total_fen: i64,
    /// The lines add up to `total_fen`, to the fen.
    pub adds_up: bool,
    pub paid: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comparison: Option<ComparisonView>,
    #[schema(example = "2026-11-20T10:00:00+08:00")]
    pub as_of: String,
    pub stale: bool,
}

impl BillView {
    pub(super) fn of(shown: Shown<(ExplainedBill, Option<Comparison>)>) -> Self {
        let (told, comparison) = shown.figure;
        Self {
            period: told.bill.period,
            issued_on: told.bill.issued_on,
            due_date: told.bill.due_date,
            days: told.bill.days,
            readings: told.readings.into_iter().map(Into::into).collect(),
            energy_kwh: told.bill.energy.to_string(),
            energy_recomputed: told.energy_recomputed,
            year_to_date_kwh: told.bill.year_to_date.to_string(),
            tiers: told.bill.tiers.into_iter().map(Into::into).collect(),
            lines: told.lines.into_iter().map(Into::into).collect(),
            total_fen: told.bill.total.get(),
            adds_up: told.adds_up,
            paid: told.bill.paid,
            comparison: comparison.map(Into::into),
            as_of: shown.as_of.rfc3339(),
            stale: shown.stale,
        }
    }
}

#[cfg(test)]
#[path = "dto_tests.rs"]
mod tests;
