//! The end of the cooperation (PV-11, PV-12). It comes from marketing or from staff; an owner asks for
//! it. Until every month that was collected is settled, checked and paid the account waits, collected on as before; then its
//! keys, its number and its table go in one unit, and what is left names nobody. A month that was over
//! only just now has a few days to be collected; what was sold in the month that still runs is not read any more (docs/adr/0017).

use std::sync::Arc;

use super::account::{GenerationAccount, GenerationState};
use super::keys::{AGAIN_S, KeyWanted, LOOK_EVERY_S};
use super::rows::RowsOfTable;
use super::{Generation, GenerationError};
use crate::accounts::{Actor, Caller, Pen};
use crate::cases::{Case, CaseKind};
use crate::evidence::Act;
use crate::settlement::ids::{GenerationAccountId, GenerationNo};
use crate::shared::ids::CaseId;
use crate::store::{Tx, atomically, snapshot};

/// Ends a cooperation inside a unit, or begins to wait for payouts that are on their way.
pub(super) async fn end_in(
    tx: &mut Tx,
    rows: &[Arc<dyn RowsOfTable>],
    account: GenerationAccount,
    actor: &Actor,
    pen: &Pen,
) -> Result<GenerationState, GenerationError> {
    let id = account.generation_account_id.clone();
    let permitted = tx.generation().permitted(&id).await?;
    let mut open = false;
    if let Some(permitted) = &permitted {
        for keeper in rows {
            let table = &permitted.table_id;
            open |= keeper.has_open_money(tx, table, pen.now).await?;
        }
    }
    let ended = if open {
        GenerationAccount {
            state: GenerationState::Terminating,
            next_at: Some(pen.now.plus_seconds(AGAIN_S)),
            ..account
        }
    } else {
        if let Some(permitted) = &permitted {
            for keeper in rows {
                keeper.erase(tx, &permitted.table_id, pen.now).await?;
            }
            tx.generation()
                .erase_table(&permitted.table_id, pen.now)
                .await?;
        }
        tx.generation().destroy_key(&id).await?;
        GenerationAccount {
            state: GenerationState::Terminated,
            generation_no: None,
            termination_asked_at: None,
            next_at: None,
            ended_at: Some(pen.now),
            ..account
        }
    };
    tx.generation().save(&ended).await?;
    let act = Act::new()
        .say("account_id", ended.account_id.as_str())
        .say("generation_account_id", id.as_str())
        .say("contract_version", ended.contract_version);
    let kind = if open {
        "generation.ending"
    } else {
        "generation.ended"
    };
    pen.prove(tx, actor, kind, id.as_str(), act).await?;
    Ok(ended.state)
}

impl Generation {
    /// Notes that the owner asks for the end, for staff to decide.
    pub async fn ask_termination(
        &self,
        caller: &Caller,
        id: &GenerationAccountId,
    ) -> Result<GenerationAccount, GenerationError> {
        let pen = Pen::ready(&self.maker());
        atomically(self.store(), async |tx: &mut Tx| {
            let owned = super::owned::own_in(tx, &caller.account_id, id).await?;
            let account = owned.ok_or(GenerationError::NotFound)?.into_account();
            if !account.state.is_live() {
                return Err(GenerationError::Over);
            }
            if account.termination_asked_at.is_some() {
                return Ok(account);
            }
            let asked = GenerationAccount {
                termination_asked_at: Some(pen.now),
                ..account
            };
            tx.generation().save(&asked).await?;
            let version = asked.contract_version;
            let facts = serde_json::json!({
                "generation_account_id": id.as_str(),
                "contract_version": version,
            });
            let (kind, cause) = (CaseKind::TerminationAsked, format!("{id}:{version}"));
            pen.open_case(tx, kind, &cause, id.as_str(), &facts, &caller.trace_id)
                .await?;
            let act = Act::new()
                .say("account_id", asked.account_id.as_str())
                .say("generation_account_id", id.as_str());
            let (actor, what) = (caller.actor(), "generation.termination_asked");
            pen.prove(tx, &actor, what, id.as_str(), act).await?;
            let version = asked.version.saturating_add(1);
            Ok(GenerationAccount { version, ..asked })
        })
        .await
    }

    /// The account that sells under this number now, whoever's: for staff, who know no other name of it.
    ///
    /// # Errors
    /// The store's.
    pub async fn of_number(
        &self,
        number: &GenerationNo,
    ) -> Result<Option<GenerationAccountId>, GenerationError> {
        atomically(self.store(), async |tx: &mut Tx| {
            let found = tx.generation().by_no(number).await?;
            Ok(found.map(|account| account.generation_account_id))
        })
        .await
    }

    /// Somebody of the staff wants a cooperation to end: the case about which two persons decide, the one that
    /// waits already or a new one. Nothing ends by it.
    ///
    /// # Errors
    /// [`GenerationError::NotFound`], [`GenerationError::Over`], or the store's.
    pub async fn want_end(
        &self,
        id: &GenerationAccountId,
        actor: &Actor,
    ) -> Result<CaseId, GenerationError> {
        let pen = Pen::ready(&self.maker());
        atomically(self.store(), async |tx: &mut Tx| {
            let found = tx.generation().by_id(id).await?;
            let account = found.ok_or(GenerationError::NotFound)?;
            if !account.state.is_live() {
                return Err(GenerationError::Over);
            }
            let mut told = tx.cases().about(id.as_str()).await?;
            told.retain(|case| case.kind == CaseKind::TerminationAsked);
            if let Some(open) = told.iter().find(|case| case.closed_at.is_none()) {
                return Ok(open.case_id.clone());
            }
            let version = account.contract_version;
            let case = Case {
                case_id: pen.id("case", "end_wanted"),
                kind: CaseKind::TerminationAsked,
                cause: format!("{id}:{version}:wanted:{}", told.len()),
                subject: id.as_str().to_owned(),
                facts: serde_json::json!({ "contract_version": version }).to_string(),
                opened_at: pen.now,
                trace_id: actor.trace_id.clone(),
                closed_at: None,
            };
            tx.cases().open(&case).await?;
            let act = Act::new()
                .say("account_id", account.account_id.as_str())
                .say("generation_account_id", id.as_str());
            let what = "generation.end_wanted";
            pen.prove(tx, actor, what, id.as_str(), act).await?;
            Ok(case.case_id)
        })
        .await
    }

    /// Ends a cooperation on the word of staff or of marketing; a repeat changes nothing. Whatever marketing says of
    /// the contract it rested on, nobody registers the generator under that one again.
    pub async fn end(
        &self,
        id: &GenerationAccountId,
        actor: &Actor,
    ) -> Result<GenerationState, GenerationError> {
        let pen = Pen::ready(&self.maker());
        atomically(self.store(), async |tx: &mut Tx| {
            let found = tx.generation().by_id(id).await?;
            let account = found.ok_or(GenerationError::NotFound)?;
            if account.state == GenerationState::Terminated {
                return Ok(account.state);
            }
            let (number, under) = (account.generation_no.clone(), account.contract_version);
            let state = end_in(tx, &self.ports.rows, account, actor, &pen).await?;
            if state == GenerationState::Terminated
                && let Some(number) = number
            {
                tx.generation().note_end(&number, under, pen.now).await?;
            }
            Ok(state)
        })
        .await
    }

    /// What is due for an account: its key, a look at its contract, or the end of its end.
    pub(super) async fn errand(&self, id: &GenerationAccountId) -> Result<(), GenerationError> {
        let mut view = snapshot(self.store()).await?;
        let found = view.generation().by_id(id).await?;
        drop(view);
        let Some(account) = found else { return Ok(()) };
        let actor = Actor::job("generation.errands", &self.maker());
        match account.state {
            GenerationState::Keyless => {
                let wanted = KeyWanted {
                    generation_account_id: id.clone(),
                    key_id: self.maker().id(),
                };
                self.make_key(&wanted, &actor.trace_id).await
            }
            GenerationState::Keyed | GenerationState::Permitted => {
                if self.is_over(&account).await? {
                    self.end(id, &actor).await.map(drop)
                } else {
                    self.rest(account).await
                }
            }
            GenerationState::Terminating => self.end(id, &actor).await.map(drop),
            GenerationState::Terminated => Ok(()),
        }
    }

    /// Whether marketing says that the contract an account rests on has ended. That it does not know
    /// the number is no such word.
    async fn is_over(&self, account: &GenerationAccount) -> Result<bool, GenerationError> {
        let Some(number) = &account.generation_no else {
            return Ok(false);
        };
        let reserve = self.ports.grid.reserved(number).await?;
        Ok(reserve.is_some_and(|reserve| {
            !reserve.in_force || reserve.contract_version > account.contract_version
        }))
    }

    async fn rest(&self, account: GenerationAccount) -> Result<(), GenerationError> {
        let now = self.maker().now();
        let rested = GenerationAccount {
            next_at: Some(now.plus_seconds(LOOK_EVERY_S)),
            ..account
        };
        atomically(self.store(), async |tx: &mut Tx| {
            Ok::<_, GenerationError>(tx.generation().save(&rested).await?)
        })
        .await
    }
}
