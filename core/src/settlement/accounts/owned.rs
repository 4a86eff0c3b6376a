//! The proof, as a type, that a generation account is somebody's: what needs it cannot be reached without.

use super::account::GenerationAccount;
use crate::settlement::ids::GenerationAccountId;
use crate::shared::ids::AccountId;
use crate::store::{StoreError, Tx, View};

/// A generation account of the person who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedGenerationAccount(GenerationAccount);

impl OwnedGenerationAccount {
    #[must_use]
    pub const fn id(&self) -> &GenerationAccountId {
        &self.0.generation_account_id
    }

    #[must_use]
    pub const fn account(&self) -> &GenerationAccount {
        &self.0
    }

    #[must_use]
    pub fn into_account(self) -> GenerationAccount {
        self.0
    }
}

/// The account, if it is this person's; somebody else's is not found.
pub async fn own(
    view: &mut View,
    owner: &AccountId,
    id: &GenerationAccountId,
) -> Result<Option<OwnedGenerationAccount>, StoreError> {
    let found = view.generation().find(owner, id).await?;
    Ok(found.map(OwnedGenerationAccount))
}

/// As [`own`], inside a unit that depends on it.
pub async fn own_in(
    tx: &mut Tx,
    owner: &AccountId,
    id: &GenerationAccountId,
) -> Result<Option<OwnedGenerationAccount>, StoreError> {
    let found = tx.generation().find(owner, id).await?;
    Ok(found.map(OwnedGenerationAccount))
}
