//! The end of a holder conflict (money.md 3.2): nobody of the staff grants a role. What was shown before
//! counts for nobody any more, and the home is open again to proof: the archive decides who holds it.

use super::binding::Binding;
use super::role::Role;
use super::{BindingError, Bindings};
use crate::accounts::{Actor, Pen};
use crate::cases::{Case, CaseKind};
use crate::evidence::Act;
use crate::shared::ids::AccountId;
use crate::shared::page::Page;
use crate::shared::personal::ConsumerNo;
use crate::store::{StoreError, Tx, atomically};

impl Bindings {
    /// Two persons decided a holder conflict: everybody whose link it froze proves anew. False when no
    /// frozen link of it is left, or another case has thawed the home.
    pub async fn prove_again(&self, case: &Case, actor: &Actor) -> Result<bool, BindingError> {
        if case.kind != CaseKind::HolderConflict {
            return Ok(false);
        }
        let pen = Pen::ready(&self.maker());
        let (accounts, pen) = (&claimants(case), &pen);
        atomically(&*self.store, async |tx: &mut Tx| {
            let Some(number) = disputed(tx, case, accounts, pen).await? else {
                return Ok(false);
            };
            let mut thawed = Vec::new();
            for linked in tx.bindings().links_to(&number).await? {
                if !linked.binding.frozen {
                    continue;
                }
                thawed.push(linked.binding.binding_id.as_str().to_owned());
                let open = Binding {
                    role: Role::PayerOnly,
                    frozen: false,
                    ..linked.binding
                };
                tx.bindings().save(&open, None).await?;
            }
            tx.bindings().thaw_home(&number).await?;
            let act = Act::new()
                .say("case_id", case.case_id.as_str())
                .say("thawed", thawed);
            let subject = case.subject.as_str();
            pen.prove(tx, actor, "bindings.prove_again", subject, act)
                .await?;
            Ok(true)
        })
        .await
    }
}

/// Whose claims met, as the case says.
fn claimants(case: &Case) -> Vec<AccountId> {
    let facts: Option<serde_json::Value> = serde_json::from_str(&case.facts).ok();
    let accounts = facts.as_ref().and_then(|facts| facts.get("accounts"));
    let accounts = accounts.and_then(|accounts| accounts.as_array());
    let ids = accounts.into_iter().flatten();
    ids.filter_map(|id| AccountId::parse(id.as_str()?).ok())
        .collect()
}

/// The home in question: by a frozen link that the case names.
async fn disputed(
    tx: &mut Tx,
    case: &Case,
    accounts: &[AccountId],
    pen: &Pen,
) -> Result<Option<ConsumerNo>, StoreError> {
    for account in accounts {
        let links = tx
            .bindings()
            .list(account, &Page::widest(), pen.now)
            .await?;
        let named = links.into_iter().find(|linked| {
            let id = linked.binding.binding_id.as_str();
            linked.binding.frozen && (case.subject == id || case.facts.contains(id))
        });
        if let Some(linked) = named {
            return Ok(Some(linked.binding.consumer_no));
        }
    }
    Ok(None)
}
