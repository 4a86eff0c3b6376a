//! From one updated table to its check task, once per (table, period, version): the newest version is settled,
//! or refused with a word that stays beside it (PV-15 to PV-21).

use serde_json::json;

use super::asking;
use super::calculation::{CalculationError, calculate};
use super::checking::{self, Seen};
use super::differing::Differing;
use super::energy::{EnergyVersion, Settled, VersionState};
use super::ids::PersonalTableId;
use super::ports::Published;
use super::records::{differs, tell_differs};
use super::table_k::Input;
use super::{Settlement, SettlementError};
use crate::cases::rounds;
use crate::shared::period::Period;
use crate::store::{Tx, atomically};
use crate::tariffs::{PriceBook, PriceFault, PriceKind, Slot, TaxBook};

const ACTOR: &str = "job:settlement.watch";

/// What the watch concluded about one table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watched {
    /// Settled; its owner has a check task.
    Settled,
    /// Somebody else was first, or it was overtaken.
    Known,
    /// Not updated within the threshold: staff are told, since nobody will settle it otherwise.
    Missed,
    /// It cannot be settled yet; the word says why.
    Refused(&'static str),
}

/// What months of one period are priced by. Nothing is settled by a book that is not whole.
pub(super) type Books = Result<(PriceBook, TaxBook), PriceFault>;

pub(super) fn books(published: Published) -> Books {
    let taxes = TaxBook::read(published.taxes);
    PriceBook::read(published.prices).and_then(|prices| Ok((prices, taxes?)))
}

/// Whether anything of a month can be settled by them: something is paid on each of its days, and its tax is there.
pub(super) fn cover(books: &Books, period: &Period) -> bool {
    let Ok((prices, taxes)) = books else {
        return false;
    };
    let is_priced = |day| {
        let mut slots = Slot::ALL.iter();
        slots.any(|slot| prices.on(PriceKind::FeedIn, *slot, day).is_ok())
    };
    let (_, last) = period.bounds();
    period.days().all(is_priced) && taxes.on(last).is_some()
}

impl Settlement {
    /// Settles the newest version of one table's month.
    pub(super) async fn settle(
        &self,
        table: &PersonalTableId,
        period: &Period,
        books: &Books,
    ) -> Result<Watched, SettlementError> {
        let draw = self.draw(ACTOR, "");
        let rules = &*self.rules;
        atomically(self.store(), async |tx: &mut Tx| {
            let found = tx.settlement().newest_energy(table, period).await?;
            let Some(mut version) = found.filter(|v| v.state == VersionState::Collected) else {
                return Ok(Watched::Known);
            };
            let subject = format!("{table}:{period}:{}", version.data_version);
            let untold = tx.settlement().prices_untold(period).await?;
            let updated_at = version.updated_at;
            match rules.watch.is_in_time(draw.now, updated_at, untold) {
                Ok(true) => {}
                Ok(false) => {
                    let mut case = differs(&draw, &subject, Differing::UpdateMissed);
                    if let Some(refusal) = &version.refusal {
                        let what = Differing::UpdateMissed.as_str();
                        case.facts = json!({ "refusal": refusal, "what": what }).to_string();
                    }
                    rounds::open_while_it_lasts(tx.cases(), &case).await?;
                    return Ok(Watched::Missed);
                }
                Err(_) => return refuse(tx, version, "clock").await,
            }
            let account = tx
                .generation()
                .by_id(&version.generation_account_id)
                .await?;
            let Some(account) = account else {
                return Ok(Watched::Known);
            };
            let Ok((prices, taxes)) = books else {
                let what = Differing::PriceRows;
                tell_differs(tx, &draw, period.as_str(), what).await?;
                return refuse(tx, version, "price_rows").await;
            };
            let amounts = match calculate(&version.month, account.feed_in, prices, taxes) {
                Ok(amounts) => amounts,
                Err(why) => return refuse(tx, version, word(why)).await,
            };
            version.state = VersionState::Settled;
            version.refusal = None;
            version.settled = Some(Settled {
                amounts,
                adjustment: crate::shared::money::Fen::ZERO,
                at: draw.now,
            });
            tx.settlement().save_energy(&version).await?;
            let pending = tx.settlement().newest_task(table, period).await?;
            match pending {
                Some(task) => {
                    let seen = Seen {
                        input: Input::NewerData,
                        corrected: None,
                        newer: Some(version),
                        reason: None,
                    };
                    checking::see(tx, rules, &draw, &task.check_task_id, &seen).await?;
                }
                None => {
                    asking::add_task(tx, rules, &draw, &version, 0).await?;
                }
            }
            Ok(Watched::Settled)
        })
        .await
    }
}

async fn refuse(
    tx: &mut Tx,
    mut version: EnergyVersion,
    why: &'static str,
) -> Result<Watched, SettlementError> {
    if version.refusal.as_deref() != Some(why) {
        version.refusal = Some(why.to_owned());
        tx.settlement().save_energy(&version).await?;
    }
    Ok(Watched::Refused(why))
}

pub(super) const fn word(error: CalculationError) -> &'static str {
    match error {
        CalculationError::Gap(_) => "days_missing",
        CalculationError::Price(_) => "price_missing",
        CalculationError::NoTax => "tax_missing",
        CalculationError::Money(_) => "out_of_range",
    }
}
