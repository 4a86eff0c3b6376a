//! Months of energy, check tasks and trade tasks. Days, lines and payees are sealed with the personal
//! data table's own key, so that erasing the table makes them unreadable everywhere.

use async_trait::async_trait;
use lifeline_core::settlement::calculation::Amounts;
use lifeline_core::settlement::check_task::CheckTask;
use lifeline_core::settlement::energy::{
    EnergyVersion, Settled, VersionState, lines_from_kept, lines_to_kept,
};
use lifeline_core::settlement::ids::{
    CheckTaskId, GenerationAccountId, PersonalTableId, TradeTaskId,
};
use lifeline_core::settlement::ports::{
    FirstMonth, Month, Queued, SettlementReads, SettlementStore, Stretch,
};
use lifeline_core::settlement::readings::MonthEnergy;
use lifeline_core::settlement::standing::{InReview, MonthStanding, PayoutStanding};
use lifeline_core::settlement::trade_queue::{QueueKey, SetWeights};
use lifeline_core::settlement::trade_task::TradeTask;
use lifeline_core::settlement::watch::Untold;
use lifeline_core::shared::ids::AccountId;
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::page::Page;
use lifeline_core::shared::period::Period;
use lifeline_core::shared::time::Time;
use lifeline_core::store::StoreError;

use super::generation::key_owner;
use super::standings::period;
use super::statement::statements;
use super::value::args;
use super::{Conn, Field, Row, Sql, WriteConn};

macro_rules! versions {
    ($which:literal) => {
        concat!(
            "SELECT table_id, period, data_version, generation_account_id, state, days, lines, refusal, gross_fen, ",
            "tax_fen, subsidy_fen, net_fen, adjustment_fen, read_at, updated_at, settled_at, row_version ",
            "FROM energy_version WHERE ",
            $which
        )
    };
}

statements! { "settlement":
    NEWEST("energy_version") = versions!("table_id = $1 AND period = $2 AND days IS NOT NULL \
        ORDER BY data_version DESC LIMIT 1");
    MONTHS("energy_version") = versions!("table_id = $1 AND period < $2 AND days IS NOT NULL AND NOT EXISTS \
        (SELECT 1 FROM energy_version n WHERE n.table_id = energy_version.table_id AND n.period = energy_version.period \
        AND n.data_version > energy_version.data_version) ORDER BY period DESC LIMIT $3");
    COLLECTED("energy_version") = "SELECT COUNT(*) AS n FROM energy_version WHERE table_id = $1 \
        AND state = 'collected' AND days IS NOT NULL";
    ADD_ENERGY("energy_version") = "INSERT INTO energy_version (table_id, period, data_version, row_version, state, \
        days, lines, refusal, gross_fen, tax_fen, subsidy_fen, net_fen, adjustment_fen, settled_at, \
        generation_account_id, read_at, updated_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";
    SAVE_ENERGY("energy_version") = "UPDATE energy_version SET state = $5, days = $6, lines = $7, refusal = $8, \
        gross_fen = $9, tax_fen = $10, subsidy_fen = $11, net_fen = $12, adjustment_fen = $13, settled_at = $14, \
        row_version = row_version + 1 WHERE table_id = $1 AND period = $2 AND data_version = $3 AND row_version = $4";
    ERASE_DAYS("energy_version") = "UPDATE energy_version SET days = NULL, lines = NULL, row_version = row_version + 1 \
        WHERE table_id = $1";
    ERASE_TRADES("trade_task") = "UPDATE trade_task SET state = 'WITHDRAWN', next_at = NULL, payee = NULL, \
        version = version + 1 WHERE table_id = $1 AND generation_account_id = \
        (SELECT generation_account_id FROM personal_table WHERE table_id = $1) AND state IN ('HELD', 'QUEUED', 'RETURNED')";
    ERASE_PAYEES("trade_task") = "UPDATE trade_task SET payee = NULL WHERE table_id = $1 AND generation_account_id = \
        (SELECT generation_account_id FROM personal_table WHERE table_id = $1) AND state IN ('PAID', 'WITHDRAWN')";
}

const DAYS: Field = Field::new("energy_version", "days");
pub(super) const LINES: Field = Field::new("energy_version", "lines");
/// Above every id and every month.
pub(super) const LAST: &str = "z";

#[async_trait]
impl<C: Conn> SettlementReads for Sql<C> {
    async fn newest_energy(
        &mut self,
        table: &PersonalTableId,
        period: &Period,
    ) -> Result<Option<EnergyVersion>, StoreError> {
        match self.one(&NEWEST, args![table, period.as_str()]).await? {
            Some(row) => self.energy(&row).await.map(Some),
            None => Ok(None),
        }
    }

    async fn energy_list(
        &mut self,
        table: &PersonalTableId,
        page: &Page,
    ) -> Result<Vec<EnergyVersion>, StoreError> {
        let before = page.after().unwrap_or(LAST);
        let args = args![table, before, page.limit().saturating_add(1)];
        let mut found = Vec::new();
        for row in self.rows(&MONTHS, args).await? {
            found.push(self.energy(&row).await?);
        }
        Ok(found)
    }

    async fn open_tables(
        &mut self,
        after: &str,
        most: i64,
    ) -> Result<Vec<(PersonalTableId, GenerationAccountId)>, StoreError> {
        self.tables_open(after, most).await
    }

    async fn tables_awaiting(
        &mut self,
        first: &PersonalTableId,
        last: &PersonalTableId,
        period: &Period,
    ) -> Result<Vec<PersonalTableId>, StoreError> {
        self.those_without((first, last), period).await
    }

    async fn unsettled(&mut self, stretch: &Stretch, most: i64) -> Result<Vec<Month>, StoreError> {
        self.months_unsettled(stretch, most).await
    }

    async fn first_months(
        &mut self,
        first: &Month,
        last: &Month,
        most: i64,
    ) -> Result<Vec<FirstMonth>, StoreError> {
        self.months_nobody_was_asked_about(first, last, most).await
    }

    async fn task_of(
        &mut self,
        owner: &AccountId,
        id: &CheckTaskId,
    ) -> Result<Option<CheckTask>, StoreError> {
        self.owned_task(owner, id).await
    }

    async fn tasks_of(
        &mut self,
        owner: &AccountId,
        page: &Page,
    ) -> Result<Vec<CheckTask>, StoreError> {
        self.owned_tasks(owner, page).await
    }

    async fn payouts_of(
        &mut self,
        owner: &AccountId,
        page: &Page,
    ) -> Result<Vec<PayoutStanding>, StoreError> {
        self.payouts_on_page(owner, page).await
    }

    async fn month_about(&mut self, subject: &str) -> Result<Option<MonthStanding>, StoreError> {
        self.month_of_subject(subject).await
    }

    async fn in_review(
        &mut self,
        regions: Option<&[String]>,
        most: i64,
    ) -> Result<Vec<InReview>, StoreError> {
        self.tasks_in_review(regions, most).await
    }

    async fn task(&mut self, id: &CheckTaskId) -> Result<Option<CheckTask>, StoreError> {
        self.task_by_id(id).await
    }

    async fn newest_task(
        &mut self,
        table: &PersonalTableId,
        period: &Period,
    ) -> Result<Option<CheckTask>, StoreError> {
        self.newest_of_month(table, period).await
    }

    async fn due_tasks(&mut self, now: Time, most: i64) -> Result<Vec<CheckTaskId>, StoreError> {
        self.tasks_due(now, most).await
    }

    async fn trade_of(&mut self, id: &CheckTaskId) -> Result<Option<TradeTask>, StoreError> {
        self.trade_of_task(id).await
    }

    async fn trade(&mut self, id: &TradeTaskId) -> Result<Option<TradeTask>, StoreError> {
        self.trade_by_id(id).await
    }

    async fn due_trades(&mut self, now: Time, most: i64) -> Result<Vec<TradeTaskId>, StoreError> {
        self.trades_due(now, most).await
    }

    async fn first_queued(&mut self) -> Result<Option<TradeTaskId>, StoreError> {
        self.head_of_queue().await
    }

    async fn kept_weights(&mut self) -> Result<SetWeights, StoreError> {
        self.weights_in_force().await
    }

    async fn committed(
        &mut self,
        account: &GenerationAccountId,
        period: &Period,
    ) -> Result<Fen, StoreError> {
        self.committed_for(account, period).await
    }

    async fn numbers_made(
        &mut self,
        account: &GenerationAccountId,
        period: &Period,
    ) -> Result<i64, StoreError> {
        self.numbers_of(account, period).await
    }

    async fn is_stopped_beside(&mut self, trade: &TradeTask) -> Result<bool, StoreError> {
        self.is_another_stopped(trade).await
    }

    async fn paid_since(
        &mut self,
        since: Time,
        after: &str,
        most: i64,
    ) -> Result<Vec<TradeTaskId>, StoreError> {
        self.payouts_paid_since(since, after, most).await
    }

    async fn sent_since(&mut self, since: Time) -> Result<(i64, Fen), StoreError> {
        self.payouts_since(since).await
    }

    async fn has_open_money(&mut self, table: &PersonalTableId) -> Result<bool, StoreError> {
        let unsettled = self.count(&COLLECTED, args![table]).await? > 0;
        Ok(unsettled || self.is_unchecked(table).await? || self.is_paying(table).await?)
    }

    async fn awaits_month(
        &mut self,
        table: &PersonalTableId,
        period: &Period,
        over: Time,
    ) -> Result<bool, StoreError> {
        self.lacks_month(table, period, over).await
    }

    async fn prices_untold(&mut self, period: &Period) -> Result<Option<Untold>, StoreError> {
        self.untold_of(period).await
    }
}

#[async_trait]
impl<C: WriteConn> SettlementStore for Sql<C> {
    async fn waiting_trades(
        &mut self,
        table: &PersonalTableId,
    ) -> Result<Vec<TradeTaskId>, StoreError> {
        self.waiting(table).await
    }

    async fn add_energy(&mut self, version: &EnergyVersion) -> Result<(), StoreError> {
        let mut args = self.energy_args(version).await?;
        args.extend(args![
            &version.generation_account_id,
            version.read_at,
            version.updated_at
        ]);
        self.touched(&ADD_ENERGY, args).await.map(drop)
    }

    async fn save_energy(&mut self, version: &EnergyVersion) -> Result<(), StoreError> {
        let args = self.energy_args(version).await?;
        if self.changed(&SAVE_ENERGY, args).await? {
            Ok(())
        } else {
            Err(StoreError::Conflict)
        }
    }

    async fn settle_first(
        &mut self,
        months: &[(EnergyVersion, CheckTask)],
    ) -> Result<(), StoreError> {
        self.save_first_amounts(months).await?;
        self.insert_tasks(months).await
    }

    async fn add_task(&mut self, task: &CheckTask) -> Result<(), StoreError> {
        self.insert_task(task).await
    }

    async fn save_task(&mut self, task: &CheckTask) -> Result<(), StoreError> {
        self.update_task(task).await
    }

    async fn put_off_task(&mut self, id: &CheckTaskId, again: Time) -> Result<bool, StoreError> {
        self.put_off(id, again).await
    }

    async fn add_trade(&mut self, trade: &TradeTask) -> Result<(), StoreError> {
        self.insert_trade(trade).await
    }

    async fn save_trade(&mut self, trade: &TradeTask) -> Result<(), StoreError> {
        self.update_trade(trade).await
    }

    async fn keep_weights(&mut self, set: &SetWeights) -> Result<(), StoreError> {
        self.set_weights(set).await
    }

    async fn queue_alone(&mut self) -> Result<(), StoreError> {
        self.hold_queue().await
    }

    async fn keyed_otherwise(
        &mut self,
        weights_epoch: i64,
        most: i64,
    ) -> Result<Vec<Queued>, StoreError> {
        self.trades_keyed_otherwise(weights_epoch, most).await
    }

    async fn committed_alone(
        &mut self,
        account: &GenerationAccountId,
        period: &Period,
    ) -> Result<Fen, StoreError> {
        self.committed_behind_others(account, period).await
    }

    async fn set_aside(&mut self, id: &TradeTaskId, again: Time) -> Result<bool, StoreError> {
        self.stop_trade(id, again).await
    }

    async fn rekey(
        &mut self,
        id: &TradeTaskId,
        key: QueueKey,
        weights_epoch: i64,
    ) -> Result<(), StoreError> {
        self.key_anew(id, key, weights_epoch).await
    }

    async fn keep_untold(&mut self, period: &Period, untold: &Untold) -> Result<(), StoreError> {
        self.note_untold(period, untold).await
    }

    async fn erase_rows(&mut self, table: &PersonalTableId) -> Result<(), StoreError> {
        self.forget_told(table).await?;
        self.erase_tasks(table).await?;
        for stmt in [&ERASE_DAYS, &ERASE_TRADES, &ERASE_PAYEES] {
            self.touched(stmt, args![table]).await?;
        }
        Ok(())
    }
}

impl<C: Conn> Sql<C> {
    pub(super) async fn energy(&mut self, row: &Row) -> Result<EnergyVersion, StoreError> {
        let table_id: PersonalTableId = row.id("table_id")?;
        let (owner, period) = (key_owner(&table_id), period(row)?);
        let data_version = row.int("data_version")?;
        let name = row_name(&table_id, &period, data_version);
        let days = self
            .open_for(&owner, DAYS, &name, &row.text("days")?)
            .await?;
        let month = MonthEnergy::from_canonical(&period, &days).map_err(|_| row.corrupt("days"))?;
        let settled = match row.maybe_time("settled_at")? {
            None => None,
            Some(at) => {
                let kept = self
                    .open_for(&owner, LINES, &name, &row.text("lines")?)
                    .await?;
                let lines = lines_from_kept(&kept).ok_or_else(|| row.corrupt("lines"))?;
                Some(Settled {
                    amounts: Amounts {
                        lines,
                        gross: row.fen("gross_fen")?,
                        tax: row.fen("tax_fen")?,
                        subsidy: row.fen("subsidy_fen")?,
                        net: row.fen("net_fen")?,
                    },
                    adjustment: row.fen("adjustment_fen")?,
                    at,
                })
            }
        };
        Ok(EnergyVersion {
            generation_account_id: row.id("generation_account_id")?,
            data_version,
            month,
            read_at: row.time("read_at")?,
            updated_at: row.time("updated_at")?,
            state: row.parsed("state", VersionState::parse)?,
            refusal: row.maybe_text("refusal")?,
            settled,
            row_version: row.int("row_version")?,
            table_id,
        })
    }
}

impl<C: WriteConn> Sql<C> {
    async fn energy_args(
        &mut self,
        version: &EnergyVersion,
    ) -> Result<Vec<super::Value>, StoreError> {
        let owner = key_owner(&version.table_id);
        let name = row_name(&version.table_id, version.period(), version.data_version);
        let days = version.month.canonical();
        let days = self.seal_for(&owner, DAYS, &name, &days).await?;
        let lines = match &version.settled {
            None => None,
            Some(settled) => {
                let kept = lines_to_kept(&settled.amounts.lines)
                    .map_err(|_| StoreError::Refused("lines cannot be written".to_owned()))?;
                Some(self.seal_for(&owner, LINES, &name, &kept).await?)
            }
        };
        let amounts = version.settled.as_ref().map(|settled| &settled.amounts);
        Ok(args![
            &version.table_id,
            version.period().as_str(),
            version.data_version,
            version.row_version,
            version.state.as_str(),
            days,
            lines,
            version.refusal.as_deref(),
            amounts.map(|amounts| amounts.gross),
            amounts.map(|amounts| amounts.tax),
            amounts.map(|amounts| amounts.subsidy),
            amounts.map(|amounts| amounts.net),
            version.settled.as_ref().map_or(Fen::ZERO, |s| s.adjustment),
            version.settled.as_ref().map(|settled| settled.at),
        ])
    }
}

pub(super) fn row_name(table: &PersonalTableId, period: &Period, data_version: i64) -> String {
    format!("{table}:{period}:{data_version}")
}
