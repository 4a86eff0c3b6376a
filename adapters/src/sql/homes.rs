//! How a home is found: by the blind index of its consumer number, under both keys while a rotation of
//! the index is under way.

use lifeline_core::bindings::binding::Home;
use lifeline_core::shared::personal::ConsumerNo;
use lifeline_core::shared::time::Day;
use lifeline_core::store::StoreError;

use super::statement::statements;
use super::value::args;
use super::{Conn, Field, Row, Sql, WriteConn};

statements! { "homes":
    HOME_ROW("binding_home") = "SELECT home_index FROM binding_home WHERE home_index IN ($1, $2)";
}

/// The blind index of a consumer number over all accounts.
const HOME: Field = Field::new("binding_home", "home_index");

impl<C: Conn> Sql<C> {
    /// The indexes a home may be found by.
    pub(super) fn homes(&self, consumer_no: &ConsumerNo) -> Result<[String; 2], StoreError> {
        self.indexes(HOME, consumer_no.expose())
    }
}

impl<C: WriteConn> Sql<C> {
    /// The index a home's rows bear: the one it has, or the active one for a new home.
    pub(super) async fn home_index(
        &mut self,
        consumer_no: &ConsumerNo,
    ) -> Result<String, StoreError> {
        let active = self.index(HOME, consumer_no.expose()).await?;
        let [_, other] = self.homes(consumer_no)?;
        if other == active {
            return Ok(active);
        }
        let row = self.one(&HOME_ROW, args![&active, other]).await?;
        row.map_or(Ok(active), |row| row.text("home_index"))
    }
}

pub(super) fn home(row: &Row) -> Result<Home, StoreError> {
    let holder_version = row.int("home_version")?;
    let frozen_version = row.maybe_int("frozen_version")?;
    let since = row.maybe_text("holder_since")?;
    let since = since.map(|text| Day::parse(&text)).transpose();
    Ok(Home {
        holder_version,
        holder_since: since.map_err(|_| row.corrupt("holder_since"))?,
        frozen: frozen_version == Some(holder_version),
        looked_at: row.time("looked_at")?,
    })
}
