//! What the rest of this room keeps under a table's id: energy, amounts, tasks. Generation accounts
//! page through it and end it; they do not know how it is kept.

use async_trait::async_trait;

use crate::settlement::ids::PersonalTableId;
use crate::shared::draw::Draw;
use crate::shared::energy::{Kwh, Price};
use crate::shared::money::Fen;
use crate::shared::page::Page;
use crate::shared::period::Period;
use crate::shared::time::{Day, Time};
use crate::store::{StoreError, Tx, View};
use crate::tariffs::{PriceKind, Slot};

/// Which rows are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TableSearch {
    pub from: Option<Period>,
    /// The last period.
    pub to: Option<Period>,
    pub slot: Option<Slot>,
}

/// One line of a table: energy, and the amount beside it once it is calculated (PV-20).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableRow {
    /// Sorts the rows, newest period first by its own order; the cursor of a page.
    pub row_key: String,
    pub period: Period,
    pub kind: PriceKind,
    pub slot: Slot,
    pub from: Day,
    /// The last day.
    pub to: Day,
    pub energy: Kwh,
    pub price: Option<Price>,
    pub amount: Option<Fen>,
    pub data_version: i64,
}

/// Keeps rows under the ids of personal data tables.
#[async_trait]
pub trait RowsOfTable: Send + Sync {
    /// Rows that are wanted, after the page's key; up to `limit + 1`.
    async fn list(
        &self,
        view: &mut View,
        table: &PersonalTableId,
        search: &TableSearch,
        page: &Page,
    ) -> Result<Vec<TableRow>, StoreError>;

    /// Whether a payout of this table is not final (money.md 2.17), or may still come of what is or will be collected.
    async fn has_open_money(
        &self,
        tx: &mut Tx,
        table: &PersonalTableId,
        now: Time,
    ) -> Result<bool, StoreError>;

    /// Holds what waits to be paid to the payee of this table, who is another one since this moment; until when.
    async fn payee_changed(
        &self,
        tx: &mut Tx,
        table: &PersonalTableId,
        draw: &Draw,
    ) -> Result<Time, StoreError>;

    /// Erases what is personal under a table; an amount-only ledger line stays (domain.md 5.4).
    async fn erase(
        &self,
        tx: &mut Tx,
        table: &PersonalTableId,
        now: Time,
    ) -> Result<(), StoreError>;
}
