//! The personal data table: one per account and contract, readable only by its permission id (PV-08, PV-10).

use serde::{Deserialize, Serialize};

use crate::settlement::ids::{GenerationAccountId, PermissionId, PersonalTableId, TradingAccount};
use crate::shared::personal::{IdNo, PersonName, Phone};
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
}

impl Identity {
    /// The text to seal.
    #[must_use]
    pub fn to_kept(&self) -> String {
        self.kept(None).to_string()
    }

    fn kept(&self, phone: Option<&Phone>) -> serde_json::Value {
        let mut kept = serde_json::json!({
            "name": self.name.expose(),
            "id_no": self.id_no.expose(),
            "trading_account": self.trading_account.expose(),
        });
        if let (Some(fields), Some(phone)) = (kept.as_object_mut(), phone) {
            fields.insert("phone".to_owned(), phone.expose().into());
        }
        kept
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
    /// The owner's phone when they showed this payee: it is told of the next one, whoever's phone the account has then.
    pub payee_phone: Option<Phone>,
    pub opened_at: Time,
    pub version: i64,
}

impl PersonalTable {
    /// The text to seal: identity and phone.
    #[must_use]
    pub fn to_kept(&self) -> String {
        self.identity.kept(self.payee_phone.as_ref()).to_string()
    }

    /// The phone in the text a sealed column held.
    #[must_use]
    pub fn phone_from_kept(text: &str) -> Option<Phone> {
        let kept: Kept = serde_json::from_str(text).ok()?;
        kept.phone.map(Phone::from_store)
    }
}

/// What an account may open now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permitted {
    pub table_id: PersonalTableId,
    pub permission_id: PermissionId,
}
