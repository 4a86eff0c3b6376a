//! Months that nobody was asked about yet, by the hundred: read with their accounts and keys in one statement,
//! settled with one call of the server each kind of row.

use lifeline_core::settlement::accounts::account::FeedIn;
use lifeline_core::settlement::check_task::CheckTask;
use lifeline_core::settlement::energy::{EnergyVersion, VersionState, lines_to_kept};
use lifeline_core::settlement::ports::{FirstMonth, Month};
use lifeline_core::store::StoreError;

use super::generation::key_owner;
use super::settlement::{LINES, row_name};
use super::statement::statements;
use super::value::args;
use super::{Conn, Row, Sql, Value, WriteConn};

statements! { "first_months":
    // A first version that is not settled has no task. A payout of the month can only come from an earlier table
    // of the account; then the month is settled by itself.
    FIRST_MONTHS("energy_version") = "SELECT e.table_id, e.period, e.data_version, e.generation_account_id, e.state, \
        e.days, e.lines, e.refusal, e.gross_fen, e.tax_fen, e.subsidy_fen, e.net_fen, e.adjustment_fen, e.read_at, \
        e.updated_at, e.settled_at, e.row_version, g.account_id, g.feed_in, g.settlement_day, k.key_id, k.wrapped \
        FROM energy_version e JOIN generation_account g ON g.generation_account_id = e.generation_account_id \
        JOIN account_key k ON k.account_id = e.table_id \
        WHERE e.state = 'collected' AND e.days IS NOT NULL AND e.data_version = 1 \
        AND (e.table_id, e.period) >= ($1, $2) AND (e.table_id, e.period) <= ($3, $4) \
        AND NOT EXISTS (SELECT 1 FROM trade_task t WHERE t.generation_account_id = e.generation_account_id \
        AND t.period = e.period) ORDER BY e.table_id, e.period LIMIT $5";
    // The days stay as they are.
    SETTLE("energy_version") = "UPDATE energy_version SET state = $5, lines = $6, gross_fen = $7, tax_fen = $8, \
        subsidy_fen = $9, net_fen = $10, settled_at = $11, refusal = NULL, row_version = row_version + 1 \
        WHERE table_id = $1 AND period = $2 AND data_version = $3 AND row_version = $4";
}

impl<C: Conn> Sql<C> {
    pub(super) async fn months_nobody_was_asked_about(
        &mut self,
        (table, period): &Month,
        (last_table, last_period): &Month,
        most: i64,
    ) -> Result<Vec<FirstMonth>, StoreError> {
        let args = args![
            table,
            period.as_str(),
            last_table,
            last_period.as_str(),
            most
        ];
        let mut found = Vec::new();
        for row in self.rows(&FIRST_MONTHS, args).await? {
            found.push(self.first_month(&row).await?);
        }
        Ok(found)
    }

    async fn first_month(&mut self, row: &Row) -> Result<FirstMonth, StoreError> {
        self.bring_key(&key_owner(&row.id("table_id")?), row)?;
        Ok(FirstMonth {
            version: self.energy(row).await?,
            owner: row.id("account_id")?,
            feed_in: row.parsed("feed_in", FeedIn::parse)?,
            settlement_day: row.int("settlement_day")?,
        })
    }
}

impl<C: WriteConn> Sql<C> {
    pub(super) async fn save_first_amounts(
        &mut self,
        months: &[(EnergyVersion, CheckTask)],
    ) -> Result<(), StoreError> {
        let mut rows = Vec::new();
        for (version, _) in months {
            rows.push(self.amounts_args(version).await?);
        }
        let saved = self.write_many(&SETTLE, rows).await?;
        if saved.iter().all(|touched| *touched == 1) {
            Ok(())
        } else {
            Err(StoreError::Conflict)
        }
    }

    async fn amounts_args(&mut self, version: &EnergyVersion) -> Result<Vec<Value>, StoreError> {
        let unsettled = || StoreError::Refused("a month without amounts".to_owned());
        let settled = version.settled.as_ref().ok_or_else(unsettled)?;
        let kept = lines_to_kept(&settled.amounts.lines)
            .map_err(|_| StoreError::Refused("lines cannot be written".to_owned()))?;
        let name = row_name(&version.table_id, version.period(), version.data_version);
        let owner = key_owner(&version.table_id);
        let lines = self.seal_for(&owner, LINES, &name, &kept).await?;
        Ok(args![
            &version.table_id,
            version.period().as_str(),
            version.data_version,
            version.row_version,
            VersionState::Settled.as_str(),
            lines,
            settled.amounts.gross,
            settled.amounts.tax,
            settled.amounts.subsidy,
            settled.amounts.net,
            settled.at,
        ])
    }
}
