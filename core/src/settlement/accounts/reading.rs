//! What owners read: their accounts, and the table that their permission opens (PV-10, PV-12, PV-24).

use super::account::GenerationAccount;
use super::owned::own;
use super::rows::{TableRow, TableSearch};
use super::table::{Permitted, PersonalTable};
use super::{Generation, GenerationError};
use crate::accounts::Caller;
use crate::settlement::ids::GenerationAccountId;
use crate::shared::page::{Page, Slice};
use crate::shared::time::Time;
use crate::store::snapshot;

/// A page of an own table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TablePage {
    pub table: PersonalTable,
    pub rows: Slice<TableRow>,
}

/// An own account, and what it may open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub account: GenerationAccount,
    pub permitted: Option<Permitted>,
    /// When user name and password were set last.
    pub password_set_at: Option<Time>,
}

impl Generation {
    /// The caller's generation accounts in the order they were made.
    pub async fn list(
        &self,
        caller: &Caller,
        page: &Page,
    ) -> Result<Slice<GenerationAccount>, GenerationError> {
        let mut view = snapshot(self.store()).await?;
        let rows = view.generation().list(&caller.account_id, page).await?;
        Ok(Slice::cut(rows, page, |account| {
            account.generation_account_id.to_string()
        }))
    }

    /// One of the caller's accounts.
    pub async fn detail(
        &self,
        caller: &Caller,
        id: &GenerationAccountId,
    ) -> Result<Standing, GenerationError> {
        let mut view = snapshot(self.store()).await?;
        let owned = own(&mut view, &caller.account_id, id).await?;
        let account = owned.ok_or(GenerationError::NotFound)?.into_account();
        let permitted = view.generation().permitted(id).await?;
        let password_set_at = view.generation().password_set_at(id).await?;
        Ok(Standing {
            account,
            permitted,
            password_set_at,
        })
    }

    /// A page of the caller's table: the account's permission id is looked up, and opens it.
    pub async fn table(
        &self,
        caller: &Caller,
        id: &GenerationAccountId,
        search: &TableSearch,
        page: &Page,
    ) -> Result<TablePage, GenerationError> {
        let mut view = snapshot(self.store()).await?;
        let owned = own(&mut view, &caller.account_id, id).await?;
        let owned = owned.ok_or(GenerationError::NotFound)?;
        if !owned.account().state.is_live() {
            return Err(GenerationError::Over);
        }
        let permitted = view.generation().permitted(id).await?;
        let permission = permitted
            .ok_or(GenerationError::NotPermitted)?
            .permission_id;
        let table = view.generation().table(&permission).await?;
        let table = table.ok_or(GenerationError::NotPermitted)?;
        let mut rows = Vec::new();
        for keeper in &self.ports.rows {
            rows.extend(
                keeper
                    .list(&mut view, &table.table_id, search, page)
                    .await?,
            );
        }
        rows.sort_by(|a, b| a.row_key.cmp(&b.row_key));
        let rows = Slice::cut(rows, page, |row| row.row_key.clone());
        Ok(TablePage { table, rows })
    }
}
