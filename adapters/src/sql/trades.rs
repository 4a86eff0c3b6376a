//! Trade tasks and their queue.

use lifeline_core::settlement::accounts::Identity;
use lifeline_core::settlement::ids::{
    CheckTaskId, GenerationAccountId, PersonalTableId, TradeTaskId,
};
use lifeline_core::settlement::ports::Queued;
use lifeline_core::settlement::table_t;
use lifeline_core::settlement::trade_queue::{QueueKey, SetWeights, Weights};
use lifeline_core::settlement::trade_task::{Hold, TradeTask};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::period::Period;
use lifeline_core::shared::time::Time;
use lifeline_core::store::StoreError;

use super::generation::key_owner;
use super::standings::period;
use super::statement::statements;
use super::value::args;
use super::{Conn, Field, Row, Sql, Value, WriteConn};

macro_rules! trades {
    ($which:literal) => {
        concat!(
            "SELECT trade_task_id, check_task_id, generation_account_id, table_id, period, state, accepted_fen, ",
            "amount_fen, weights_epoch, queue_key, enqueued_at, payout_no, paid_fen, payee, sent_at, hold, ",
            "payee_confirmed, refusals, kept_fen, numbers, frozen, next_at, version FROM trade_task WHERE ",
            $which
        )
    };
}

statements! { "trades":
    OF_TASK("trade_task") = trades!("check_task_id = $1 AND state <> 'WITHDRAWN'");
    BY_ID("trade_task") = trades!("trade_task_id = $1");
    DUE("trade_task") = "SELECT trade_task_id FROM trade_task WHERE state IN ('HELD', 'SENDING', 'UNKNOWN', 'RETURNED') \
        AND next_at <= $1 ORDER BY next_at, trade_task_id LIMIT $2";
    HEAD("trade_task") = "SELECT trade_task_id FROM trade_task WHERE state = 'QUEUED' AND frozen = 0 \
        ORDER BY queue_key DESC, enqueued_at, trade_task_id LIMIT 1";
    COMMITTED("trade_task") = "SELECT CAST(COALESCE(SUM(kept_fen + CASE WHEN state IN ('SENDING', 'UNKNOWN', 'PAID') \
        THEN COALESCE(paid_fen, amount_fen) ELSE 0 END), 0) AS BIGINT) AS n FROM trade_task \
        WHERE generation_account_id = $1 AND period = $2";
    NUMBERS("trade_task") = "SELECT CAST(COALESCE(SUM(numbers), 0) AS BIGINT) AS n FROM trade_task \
        WHERE generation_account_id = $1 AND period = $2";
    STOPPED("trade_task") = "SELECT COUNT(*) AS n FROM trade_task WHERE generation_account_id = $1 AND period = $2 \
        AND frozen = 1 AND trade_task_id <> $3";
    // Payouts of one account leave one after the other: what is read after it is the newest.
    LOCK("generation_account") = "UPDATE generation_account SET version = version WHERE generation_account_id = $1";
    SENT_SINCE("trade_task") = "SELECT COUNT(*) AS n, CAST(COALESCE(SUM(amount_fen), 0) AS BIGINT) AS sum_fen \
        FROM trade_task WHERE sent_at IS NOT NULL AND sent_at >= $1";
    PAID_SINCE("trade_task") = "SELECT trade_task_id FROM trade_task WHERE state = 'PAID' \
        AND sent_at >= $1 AND trade_task_id > $2 ORDER BY trade_task_id LIMIT $3";
    OPEN("trade_task") = "SELECT COUNT(*) AS n FROM trade_task WHERE table_id = $1 AND generation_account_id = \
        (SELECT generation_account_id FROM personal_table WHERE table_id = $1) AND state NOT IN ('PAID', 'WITHDRAWN')";
    WAITING("trade_task") = "SELECT trade_task_id FROM trade_task WHERE table_id = $1 AND generation_account_id = \
        (SELECT generation_account_id FROM personal_table WHERE table_id = $1) AND state IN ('HELD', 'QUEUED', 'RETURNED') \
        ORDER BY trade_task_id";
    ADD("trade_task") = "INSERT INTO trade_task (trade_task_id, state, amount_fen, queue_key, weights_epoch, payout_no, \
        paid_fen, payee, sent_at, hold, payee_confirmed, frozen, next_at, version, refusals, kept_fen, numbers, check_task_id, \
        generation_account_id, table_id, period, accepted_fen, enqueued_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, \
        $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)";
    SAVE("trade_task") = "UPDATE trade_task SET state = $2, amount_fen = $3, queue_key = $4, weights_epoch = $5, \
        payout_no = $6, paid_fen = $7, payee = $8, sent_at = $9, hold = $10, payee_confirmed = $11, frozen = $12, \
        next_at = $13, refusals = $15, kept_fen = $16, numbers = $17, accepted_fen = $18, version = version + 1 \
        WHERE trade_task_id = $1 AND version = $14";
    WEIGHTS("payout_queue") = "SELECT weights_version, wait_per_s, amount_per_fen FROM payout_queue WHERE one = 1";
    SET_WEIGHTS("payout_queue") = "UPDATE payout_queue SET weights_version = $1, wait_per_s = $2, amount_per_fen = $3 \
        WHERE one = 1 AND weights_version < $1";
    // Payouts leave one after the other: what is counted after it is exact.
    HOLD_QUEUE("payout_queue") = "UPDATE payout_queue SET weights_version = weights_version WHERE one = 1";
    // Each side of one epoch is a stretch of the index: rows that are keyed right are not looked at.
    KEYED_BEFORE("trade_task") = "SELECT trade_task_id, amount_fen, enqueued_at FROM trade_task \
        WHERE state = 'QUEUED' AND weights_epoch < $1 ORDER BY weights_epoch LIMIT $2";
    KEYED_BEHIND("trade_task") = "SELECT trade_task_id, amount_fen, enqueued_at FROM trade_task \
        WHERE state = 'QUEUED' AND weights_epoch > $1 ORDER BY weights_epoch LIMIT $2";
    SET_ASIDE("trade_task") = "UPDATE trade_task SET frozen = 1, next_at = $2, version = version + 1 \
        WHERE trade_task_id = $1 AND frozen = 0 AND state NOT IN ('PAID', 'WITHDRAWN')";
    STAYS_ASIDE("trade_task") = "UPDATE trade_task SET next_at = $2, version = version + 1 \
        WHERE trade_task_id = $1 AND frozen = 1 AND state NOT IN ('PAID', 'WITHDRAWN')";
    REKEY("trade_task") = "UPDATE trade_task SET queue_key = $2, weights_epoch = $3, version = version + 1 \
        WHERE trade_task_id = $1 AND state = 'QUEUED'";
}

const PAYEE: Field = Field::new("trade_task", "payee");

fn queued(row: &Row) -> Result<Queued, StoreError> {
    Ok(Queued {
        trade_task_id: row.id("trade_task_id")?,
        amount: row.fen("amount_fen")?,
        enqueued_at: row.time("enqueued_at")?,
    })
}

impl<C: Conn> Sql<C> {
    pub(super) async fn trade_of_task(
        &mut self,
        id: &CheckTaskId,
    ) -> Result<Option<TradeTask>, StoreError> {
        let row = self.one(&OF_TASK, args![id]).await?;
        self.maybe_trade(row).await
    }

    pub(super) async fn trade_by_id(
        &mut self,
        id: &TradeTaskId,
    ) -> Result<Option<TradeTask>, StoreError> {
        let row = self.one(&BY_ID, args![id]).await?;
        self.maybe_trade(row).await
    }

    pub(super) async fn trades_due(
        &mut self,
        now: Time,
        most: i64,
    ) -> Result<Vec<TradeTaskId>, StoreError> {
        let rows = self.rows(&DUE, args![now, most]).await?;
        rows.iter().map(|row| row.id("trade_task_id")).collect()
    }

    pub(super) async fn head_of_queue(&mut self) -> Result<Option<TradeTaskId>, StoreError> {
        let row = self.one(&HEAD, args![]).await?;
        row.map(|row| row.id("trade_task_id")).transpose()
    }

    pub(super) async fn weights_in_force(&mut self) -> Result<SetWeights, StoreError> {
        let row = self.one(&WEIGHTS, args![]).await?;
        let absent = || StoreError::Refused("the queue has no weights".to_owned());
        let row = row.ok_or_else(absent)?;
        let weights = Weights::of(row.int("wait_per_s")?, row.int("amount_per_fen")?);
        Ok(SetWeights {
            version: row.int("weights_version")?,
            weights,
        })
    }

    pub(super) async fn committed_for(
        &mut self,
        account: &GenerationAccountId,
        period: &Period,
    ) -> Result<Fen, StoreError> {
        let sum = self
            .count(&COMMITTED, args![account, period.as_str()])
            .await?;
        Ok(Fen::new(sum))
    }

    pub(super) async fn numbers_of(
        &mut self,
        account: &GenerationAccountId,
        period: &Period,
    ) -> Result<i64, StoreError> {
        self.count(&NUMBERS, args![account, period.as_str()]).await
    }

    pub(super) async fn is_another_stopped(
        &mut self,
        trade: &TradeTask,
    ) -> Result<bool, StoreError> {
        let (account, period) = (&trade.generation_account_id, trade.period.as_str());
        let args = args![account, period, &trade.trade_task_id];
        Ok(self.count(&STOPPED, args).await? > 0)
    }

    pub(super) async fn payouts_since(&mut self, since: Time) -> Result<(i64, Fen), StoreError> {
        match self.one(&SENT_SINCE, args![since]).await? {
            Some(row) => Ok((row.int("n")?, row.fen("sum_fen")?)),
            None => Ok((0, Fen::ZERO)),
        }
    }

    pub(super) async fn payouts_paid_since(
        &mut self,
        since: Time,
        after: &str,
        most: i64,
    ) -> Result<Vec<TradeTaskId>, StoreError> {
        let rows = self.rows(&PAID_SINCE, args![since, after, most]).await?;
        rows.iter().map(|row| row.id("trade_task_id")).collect()
    }

    pub(super) async fn waiting(
        &mut self,
        table: &PersonalTableId,
    ) -> Result<Vec<TradeTaskId>, StoreError> {
        let rows = self.rows(&WAITING, args![table]).await?;
        rows.iter().map(|row| row.id("trade_task_id")).collect()
    }

    pub(super) async fn is_paying(&mut self, table: &PersonalTableId) -> Result<bool, StoreError> {
        Ok(self.count(&OPEN, args![table]).await? > 0)
    }

    async fn maybe_trade(&mut self, row: Option<Row>) -> Result<Option<TradeTask>, StoreError> {
        match row {
            Some(row) => self.trade_task(&row).await.map(Some),
            None => Ok(None),
        }
    }

    async fn trade_task(&mut self, row: &Row) -> Result<TradeTask, StoreError> {
        let trade_task_id: TradeTaskId = row.id("trade_task_id")?;
        let table_id = row.id("table_id")?;
        let payee = match row.maybe_text("payee")? {
            None => None,
            Some(sealed) => {
                let id = trade_task_id.as_str();
                let kept = self
                    .open_for(&key_owner(&table_id), PAYEE, id, &sealed)
                    .await?;
                Some(Identity::from_kept(&kept).ok_or_else(|| row.corrupt("payee"))?)
            }
        };
        let (amount, enqueued_at) = (row.fen("amount_fen")?, row.time("enqueued_at")?);
        Ok(TradeTask {
            trade_task_id,
            check_task_id: row.id("check_task_id")?,
            generation_account_id: row.id("generation_account_id")?,
            table_id,
            period: period(row)?,
            state: row.parsed("state", table_t::State::parse)?,
            accepted: row.fen("accepted_fen")?,
            amount,
            key: row.parsed("queue_key", QueueKey::parse)?,
            weights_epoch: row.int("weights_epoch")?,
            enqueued_at,
            payout_no: row.maybe_text("payout_no")?,
            paid: row.maybe_fen("paid_fen")?,
            payee,
            sent_at: row.maybe_time("sent_at")?,
            hold: row.maybe_parsed("hold", Hold::parse)?,
            payee_confirmed: row.flag("payee_confirmed")?,
            refusals: row.int("refusals")?,
            kept: row.fen("kept_fen")?,
            numbers: row.int("numbers")?,
            frozen: row.flag("frozen")?,
            next_at: row.maybe_time("next_at")?,
            version: row.int("version")?,
        })
    }
}

impl<C: WriteConn> Sql<C> {
    pub(super) async fn committed_behind_others(
        &mut self,
        account: &GenerationAccountId,
        period: &Period,
    ) -> Result<Fen, StoreError> {
        self.touched(&LOCK, args![account]).await?;
        self.committed_for(account, period).await
    }

    pub(super) async fn set_weights(&mut self, set: &SetWeights) -> Result<(), StoreError> {
        let Weights {
            wait_per_s,
            amount_per_fen,
            ..
        } = set.weights;
        let args = args![set.version, wait_per_s, amount_per_fen];
        self.touched(&SET_WEIGHTS, args).await.map(drop)
    }

    pub(super) async fn hold_queue(&mut self) -> Result<(), StoreError> {
        self.touched(&HOLD_QUEUE, args![]).await.map(drop)
    }

    pub(super) async fn insert_trade(&mut self, trade: &TradeTask) -> Result<(), StoreError> {
        let mut args = self.trade_args(trade).await?;
        args.extend(args![
            &trade.check_task_id,
            &trade.generation_account_id,
            &trade.table_id,
            trade.period.as_str(),
            trade.accepted,
            trade.enqueued_at,
        ]);
        self.touched(&ADD, args).await.map(drop)
    }

    pub(super) async fn update_trade(&mut self, trade: &TradeTask) -> Result<(), StoreError> {
        let mut args = self.trade_args(trade).await?;
        args.push(trade.accepted.into());
        if self.changed(&SAVE, args).await? {
            Ok(())
        } else {
            Err(StoreError::Conflict)
        }
    }

    pub(super) async fn trades_keyed_otherwise(
        &mut self,
        weights_epoch: i64,
        most: i64,
    ) -> Result<Vec<Queued>, StoreError> {
        let mut rows = self.rows(&KEYED_BEFORE, args![weights_epoch, most]).await?;
        let found = i64::try_from(rows.len()).unwrap_or(most);
        let more = args![weights_epoch, most.saturating_sub(found)];
        rows.extend(self.rows(&KEYED_BEHIND, more).await?);
        rows.iter().map(queued).collect()
    }

    pub(super) async fn stop_trade(
        &mut self,
        id: &TradeTaskId,
        again: Time,
    ) -> Result<bool, StoreError> {
        if self.changed(&SET_ASIDE, args![id, again]).await? {
            return Ok(true);
        }
        self.touched(&STAYS_ASIDE, args![id, again]).await?;
        Ok(false)
    }

    pub(super) async fn key_anew(
        &mut self,
        id: &TradeTaskId,
        key: QueueKey,
        weights_epoch: i64,
    ) -> Result<(), StoreError> {
        let args = args![id, key.sortable(), weights_epoch];
        self.touched(&REKEY, args).await.map(drop)
    }

    async fn trade_args(&mut self, trade: &TradeTask) -> Result<Vec<Value>, StoreError> {
        let id = trade.trade_task_id.as_str();
        let payee = match &trade.payee {
            None => None,
            Some(identity) => {
                let owner = key_owner(&trade.table_id);
                Some(
                    self.seal_for(&owner, PAYEE, id, &identity.to_kept())
                        .await?,
                )
            }
        };
        Ok(args![
            &trade.trade_task_id,
            trade.state.as_str(),
            trade.amount,
            trade.key.sortable(),
            trade.weights_epoch,
            trade.payout_no.as_deref(),
            trade.paid,
            payee,
            trade.sent_at,
            trade.hold.map(Hold::as_str),
            trade.payee_confirmed,
            trade.frozen,
            trade.next_at,
            trade.version,
            trade.refusals,
            trade.kept,
            trade.numbers,
        ])
    }
}
