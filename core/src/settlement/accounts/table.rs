//! The personal data table: one per account and contract, readable only by its permission id (PV-08, PV-10).

use serde::{Deserialize, Serialize};

use crate::settlement::ids::{GenerationAccountId, PermissionId, PersonalTableId, TradingAccount};
use crate::shared::personal::{IdNo, PersonName};
use crate::shared::time::Time;

/// Who the owner is and where they are paid. Not printable.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    pub name: PersonName,
    pub id_no: IdNo,
    pub trading_account: TradingAccount,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[Identity]")
    }
}

/// An identity as it lies in a sealed column.
#[derive(Serialize, Deserialize)]
struct Kept {
    name: String,
    id_no: String,
    trading_account: String,
}

impl Identity {
    /// The text to seal.
    #[must_use]
    pub fn to_kept(&self) -> String {
        serde_json::json!({
            "name": self.name.expose(),
            "id_no": self.id_no.expose(),
            "trading_account": self.trading_account.expose(),
        })
        .to_string()
    }

    /// From the text a sealed column held.
    #[must_use]
    pub fn from_kept(text: &str) -> Option<Self> {
        let kept: Kept = serde_json::from_str(text).ok()?;
        Some(Self {
            name: PersonName::from_store(kept.name),
            id_no: IdNo::from_store(kept.id_no),
            trading_account: TradingAccount::from_store(kept.trading_account),
        })
    }
}

/// An open table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonalTable {
    pub table_id: PersonalTableId,
    pub generation_account_id: GenerationAccountId,
    pub permission_id: PermissionId,
    pub identity: Identity,
    /// Since when this payee stands: nothing is paid out to a payee younger than 72 h (money.md 2.17).
    pub payee_since: Time,
    pub opened_at: Time,
    pub version: i64,
}

/// What an account may open now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permitted {
    pub table_id: PersonalTableId,
    pub permission_id: PermissionId,
}
