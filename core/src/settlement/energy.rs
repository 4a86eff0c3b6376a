//! One version of one month in a personal data table: what was collected, and beside it what it is worth.

use serde::{Deserialize, Serialize};

use super::calculation::{Amounts, Line};
use super::ids::{GenerationAccountId, PersonalTableId};
use super::readings::MonthEnergy;
use crate::shared::decision::words;
use crate::shared::energy::{Kwh, Price};
use crate::shared::money::{Fen, MoneyError};
use crate::shared::period::Period;
use crate::shared::time::{Day, Time};
use crate::tariffs::{PriceKind, Slot, line_charge};

words! {
    /// How far a version has come.
    VersionState {
        /// Collected, not settled yet.
        Collected = "collected",
        Settled = "settled",
        /// Newer data came before it was settled.
        Overtaken = "overtaken",
    }
}

/// One line as it is kept, sealed with the table's key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptLine {
    kind: String,
    slot: String,
    from: Day,
    to: Day,
    energy: Kwh,
    price: Price,
    amount: Fen,
}

/// What a month was settled at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    pub amounts: Amounts,
    /// What a reviewer added to or took from the calculated net; zero otherwise.
    pub adjustment: Fen,
    pub at: Time,
}

impl Settled {
    /// What the owner gets for the month.
    ///
    /// # Errors
    /// When the sum is out of range.
    pub fn net(&self) -> Result<Fen, MoneyError> {
        self.amounts.net.plus(self.adjustment)
    }
}

/// One version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnergyVersion {
    pub table_id: PersonalTableId,
    pub generation_account_id: GenerationAccountId,
    pub data_version: i64,
    /// Absent once the table is erased.
    pub month: MonthEnergy,
    /// The head-end's own time of these values.
    pub read_at: Time,
    /// When the table was updated: what the watch looks at.
    pub updated_at: Time,
    pub state: VersionState,
    /// Why it is not settled yet, in a stable word.
    pub refusal: Option<String>,
    pub settled: Option<Settled>,
    pub row_version: i64,
}

impl EnergyVersion {
    #[must_use]
    pub const fn period(&self) -> &Period {
        &self.month.period
    }

    /// Meter and settlement agree: every line is its energy times its price, the lines hold all the
    /// energy that was measured, and the sums add up (the first two of the three ways).
    #[must_use]
    pub fn agrees(&self) -> bool {
        let Some(settled) = &self.settled else {
            return false;
        };
        let amounts = &settled.amounts;
        let recharged = amounts
            .lines
            .iter()
            .all(|line| line_charge(line.energy, line.price) == Ok(line.amount));
        let sum = |kind| {
            let lines = amounts.lines.iter().filter(|line| line.kind == kind);
            Fen::sum(lines.map(|line| line.amount))
        };
        let sums = sum(PriceKind::FeedIn) == Ok(amounts.gross)
            && sum(PriceKind::Subsidy) == Ok(amounts.subsidy)
            && amounts
                .gross
                .minus(amounts.tax)
                .and_then(|net| net.plus(amounts.subsidy))
                == Ok(amounts.net);
        recharged && sums && self.holds_all_energy(amounts)
    }

    fn holds_all_energy(&self, amounts: &Amounts) -> bool {
        let sold = amounts
            .lines
            .iter()
            .filter(|line| line.kind == PriceKind::FeedIn);
        let sold = total(sold.map(|line| line.energy));
        let parts = || {
            self.month
                .days()
                .flat_map(|(_, parts)| parts.iter().map(|(_, m)| *m))
        };
        let generated = total(parts().map(|measured| measured.generated));
        let fed_in = total(parts().map(|measured| measured.fed_in));
        sold.is_some() && (sold == generated || sold == fed_in)
    }
}

fn total(energies: impl Iterator<Item = Kwh>) -> Option<Kwh> {
    let mut energies = energies;
    energies.try_fold(Kwh::ZERO, Kwh::plus)
}

/// The lines as they are kept.
///
/// # Errors
/// When they cannot be written, which no lines of these types do.
pub fn lines_to_kept(lines: &[Line]) -> Result<String, serde_json::Error> {
    let kept = lines.iter().map(|line| KeptLine {
        kind: line.kind.as_str().to_owned(),
        slot: line.slot.as_str().to_owned(),
        from: line.from,
        to: line.to,
        energy: line.energy,
        price: line.price,
        amount: line.amount,
    });
    serde_json::to_string(&kept.collect::<Vec<_>>())
}

/// Reads what [`lines_to_kept`] wrote.
#[must_use]
pub fn lines_from_kept(text: &str) -> Option<Vec<Line>> {
    let kept: Vec<KeptLine> = serde_json::from_str(text).ok()?;
    kept.into_iter()
        .map(|line| {
            Some(Line {
                kind: PriceKind::parse(&line.kind)?,
                slot: Slot::parse(&line.slot)?,
                from: line.from,
                to: line.to,
                energy: line.energy,
                price: line.price,
                amount: line.amount,
            })
        })
        .collect()
}
