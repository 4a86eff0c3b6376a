//! A month whose update nobody settled within its time (PV-16): the watch passes it by from then on and staff are told, for as
//! long as it stands so. Two persons have it settled all the same; its owner is asked to check it then.

use super::calculation::calculate;
use super::differing::Differing;
use super::energy::{EnergyVersion, VersionState};
use super::ids::PersonalTableId;
use super::records::audit_line;
use super::settling::{Watched, books};
use super::{CAUSES, Settlement, SettlementError};
use crate::cases::{Case, CaseKind};
use crate::shared::period::Period;
use crate::store::{Tx, atomically};

/// Whose month such a case is about: `{table}:{period}:{data_version}`.
fn read(case: &Case) -> Option<(PersonalTableId, Period)> {
    let cause = format!("{CAUSES}{}:", Differing::UpdateMissed.as_str());
    if case.kind != CaseKind::PayoutDiffers || !case.cause.starts_with(&cause) {
        return None;
    }
    let (table, rest) = case.subject.split_once(':')?;
    let (period, _) = rest.split_once(':')?;
    Some((
        PersonalTableId::parse(table).ok()?,
        Period::parse(period).ok()?,
    ))
}

impl Settlement {
    /// Settles a month that was missed: its readings become a version of their own, updated now. False when the case is
    /// about no such month, when it is settled or updated since, or when it cannot be settled as it stands: then nothing
    /// is changed.
    ///
    /// # Errors
    /// [`SettlementError::NoAnswer`] while its prices are not told, or the store's.
    pub async fn settle_missed(
        &self,
        case: &Case,
        actor: &str,
        trace_id: &str,
    ) -> Result<bool, SettlementError> {
        let Some((table, period)) = read(case) else {
            return Ok(false);
        };
        let books = books(self.ports.publishing.feed_in_prices(&period).await?);
        let Ok((prices, taxes)) = &books else {
            return Ok(false);
        };
        let draw = self.draw(actor, trace_id);
        let watch = self.rules.watch;
        let renewed = atomically(self.store(), async |tx: &mut Tx| {
            let found = tx.settlement().newest_energy(&table, &period).await?;
            let missed = found.filter(|version| {
                version.state == VersionState::Collected
                    && watch.is_updated(draw.now, version.updated_at) == Ok(false)
            });
            let Some(missed) = missed else {
                return Ok(false);
            };
            let id = &missed.generation_account_id;
            let account = tx.generation().by_id(id).await?;
            let feed_in = account.ok_or(SettlementError::NotFound)?.feed_in;
            if calculate(&missed.month, feed_in, prices, taxes).is_err() {
                return Ok(false);
            }
            let overtaken = EnergyVersion {
                state: VersionState::Overtaken,
                ..missed.clone()
            };
            tx.settlement().save_energy(&overtaken).await?;
            let renewed = EnergyVersion {
                data_version: missed.data_version.saturating_add(1),
                updated_at: draw.now,
                refusal: None,
                row_version: 1,
                ..missed
            };
            tx.settlement().add_energy(&renewed).await?;
            let line = audit_line(&draw, case.case_id.as_str(), "settlement.settle_missed");
            tx.audit().append(&line).await?;
            Ok::<_, SettlementError>(true)
        })
        .await?;
        // The watch would settle it in its next poll; whoever decided sees at once what came of it.
        let settled = renewed && {
            let settled = self.settle(&table, &period, &books).await?;
            matches!(settled, Watched::Settled | Watched::Known)
        };
        Ok(settled)
    }
}
