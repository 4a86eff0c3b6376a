//! Everything the product knows, in SQL: one text per statement, two engines.
//!
//! | file | what it is |
//! |---|---|
//! | [`conn`] | the driver seam: what an engine must be able to do |
//! | [`statement`] | a statement, the macro that declares one, the list of all |
//! | [`value`] | parameters and rows |
//! | `sealing`, `keys`, [`rotation`] | personal fields at rest, the keys the store is written with, new ones |
//! | [`personal`], `erasing`, `telling` | what is held of people, how it is erased, purged and told |
//! | [`archive`] | backup and restore: the whole store in one sealed file |
//! | `standby` | whether a server's commits wait for another machine |
//! | `overrides` | the few statements PostgreSQL needs in other words |
//! | `<room>.rs` | the repository of one room of `core`, written once for both engines |
//!
//! # Writing a repository
//!
//! 1. Declare the statements of the room, `$1`-style, in words both engines take:
//!    ```ignore
//!    statements! { "notices":
//!        FIND("notice") = "SELECT notice_id, title FROM notice WHERE notice_id = $1";
//!    }
//!    ```
//!    The name in brackets is the table that a [`StoreError::Corrupt`] names.
//! 2. Implement the room's `…Reads` for `Sql<C>` where `C: Conn` and its `…Store` where
//!    `C: WriteConn`, with [`Sql::one`], [`Sql::rows`], [`Sql::changed`], [`Sql::count`].
//! 3. Personal data goes through [`Sql::seal_for`] (one account's key) or [`Sql::seal_service`],
//!    and is found by [`Sql::indexes`]; what is written is [`Sql::index`]. Secrets are [`Sql::digest`].
//! 4. Add the room's `STATEMENTS` to [`statement::all`], its table to a migration in both folders,
//!    its contracts to `tests/contract/<room>.rs`.
//!
//! A unit whose statement failed is over: every later statement and its commit are refused, on
//! both engines alike. Use `ON CONFLICT … DO NOTHING` where a duplicate is an answer, not an error;
//! a [`StoreError::Duplicate`] names `table(column,column)`, again on both.

pub mod archive;
pub mod conn;
mod earnings;
mod engine;
mod engine_keys;
mod erasing;
mod migration;
mod overrides;
mod postgres;
pub mod rotation;
mod sealing;
mod sqlite;
mod standby;
pub mod statement;
mod step_ups;
mod unit;
pub mod value;

mod accounts;
mod audit;
mod awaited;
mod bans;
mod billing;
mod bindings;
mod cases;
mod certifications;
mod channels;
mod check_tasks;
mod counts;
mod credentials;
mod customers;
mod data;
mod ended_tables;
mod evidence;
mod exchange;
mod fillings;
mod first_months;
mod followers;
mod following;
mod four_eyes;
mod gathering;
mod generation;
mod generation_credentials;
mod generation_ends;
mod grants;
mod homes;
mod idempotency;
mod inbox;
mod insight;
mod insight_writes;
mod jobs;
mod keys;
mod latencies;
mod ledger;
mod links;
mod merges;
mod notices;
mod offers;
mod operators;
mod otps;
mod outbox;
mod packs;
mod payment_rows;
mod payment_wakes;
mod payment_writes;
mod payments;
mod payout_brake;
pub mod personal;
mod points;
mod privacy;
mod publications;
mod recovery;
mod requests;
mod sessions;
mod settlement;
mod slices;
mod standings;
mod telling;
mod timeline;
mod trades;
mod untold;

use lifeline_core::store::StoreError;

pub use self::conn::{Conn, WriteConn};
pub use self::engine::{Bench, Engine, Instance, OpenError, Pool, migrate, open, open_within};
pub use self::keys::RuledKeys;
pub use self::migration::{Migrated, SchemaError, known_schema};
pub use self::postgres::in_clear;
pub(crate) use self::sealing::FOR_SERVICE_ROWS;
pub use self::sealing::{Field, Vault};
pub use self::sqlite::DiskFailure;
pub use self::standby::Keeping;
pub use self::statement::Stmt;
pub use self::value::{Row, Value};

/// Every repository over one connection: a unit of work when `C` writes, a snapshot when it reads.
pub struct Sql<C> {
    conn: C,
    vault: Vault,
    /// Whether this unit and the batches of a rotation of the index wait for each other.
    holds_indexes: bool,
}

impl<C> std::fmt::Debug for Sql<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sql")
    }
}

impl<C: Conn> Sql<C> {
    pub(crate) const fn new(conn: C, vault: Vault) -> Self {
        Self {
            conn,
            vault,
            holds_indexes: false,
        }
    }

    /// All rows, in the statement's order.
    pub(crate) async fn rows(
        &mut self,
        stmt: &'static Stmt,
        args: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        self.conn.query(stmt, args).await
    }

    /// The first row, if any.
    pub(crate) async fn one(
        &mut self,
        stmt: &'static Stmt,
        args: Vec<Value>,
    ) -> Result<Option<Row>, StoreError> {
        Ok(self.conn.query(stmt, args).await?.into_iter().next())
    }

    /// The one integer of a statement such as `SELECT COUNT(*) AS n`; the column must be called `n`.
    pub(crate) async fn count(
        &mut self,
        stmt: &'static Stmt,
        args: Vec<Value>,
    ) -> Result<i64, StoreError> {
        match self.one(stmt, args).await? {
            Some(row) => row.int("n"),
            None => Ok(0),
        }
    }
}

impl<C: WriteConn> Sql<C> {
    /// How many rows a write touched.
    pub(crate) async fn touched(
        &mut self,
        stmt: &'static Stmt,
        args: Vec<Value>,
    ) -> Result<u64, StoreError> {
        self.conn.execute(stmt, args).await
    }

    /// Whether a compare-and-set (or an insert that may find the row there) took effect.
    pub(crate) async fn changed(
        &mut self,
        stmt: &'static Stmt,
        args: Vec<Value>,
    ) -> Result<bool, StoreError> {
        Ok(self.conn.execute(stmt, args).await? > 0)
    }

    /// The same write for several argument lists, sent together where the engine can.
    pub(crate) async fn write_many(
        &mut self,
        stmt: &'static Stmt,
        args: Vec<Vec<Value>>,
    ) -> Result<Vec<u64>, StoreError> {
        self.conn.execute_many(stmt, args).await
    }
}
