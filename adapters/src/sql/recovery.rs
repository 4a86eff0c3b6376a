//! After a restore: what was compared, and the trades only the channel knows. Nothing here names a person
//! of the public.

use async_trait::async_trait;
use lifeline_core::payments::recovery::lost::{LostTrade, State};
use lifeline_core::payments::recovery::ports::{RecoveryReads, RecoveryStore};
use lifeline_core::payments::recovery::{End, Recovery, StatementRead};
use lifeline_core::shared::ids::PaymentId;
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::time::{Day, Time};
use lifeline_core::store::StoreError;

use super::statement::statements;
use super::value::args;
use super::{Conn, Row, Sql, WriteConn};

macro_rules! lost {
    ($which:literal) => {
        concat!(
            "SELECT lost_id, out_trade_no, trade_no, state, paid_fen, paid_at, posted_fen, gone_back_fen, owed_fen, ",
            "out_request_no, sent_at, empties, found_at, turns, next_at, version, trace_id FROM lost_trade WHERE ",
            $which
        )
    };
}

statements! { "recovery":
    EPOCH("instance") = "SELECT restore_epoch AS n FROM instance WHERE one = 1";
    LAST_MOMENT("instance") = "SELECT MAX(moment) AS moment FROM (SELECT MAX(created_at) AS moment FROM payment \
        UNION ALL SELECT MAX(posted_at) FROM ledger_entry UNION ALL SELECT MAX(at) FROM audit_line \
        UNION ALL SELECT MAX(received_at) FROM inbox UNION ALL SELECT MAX(last_at) FROM job) AS moments";
    LATEST("recovery") = "SELECT epoch, since, begun_at, begun_by, looked_at, ended_at, payouts_at FROM recovery \
        ORDER BY epoch DESC LIMIT 1";
    STATEMENTS_READ("recovery_statement") = "SELECT day, digest, row_count, own_count, read_at, read_by \
        FROM recovery_statement WHERE epoch = $1 ORDER BY day";
    UNFINISHED("payment") = "SELECT payment_id FROM payment WHERE next_at IS NOT NULL AND payment_id > $1 \
        ORDER BY payment_id LIMIT $2";
    TO_LOOK_AT("recovery_look") = "SELECT payment_id FROM recovery_look WHERE looked_at IS NULL \
        ORDER BY payment_id LIMIT $1";
    LOST("lost_trade") = lost!("out_trade_no = $1");
    DUE_LOST("lost_trade") = lost!("next_at <= $1 ORDER BY next_at, lost_id LIMIT $2");
    BY_STATE("lost_trade") = "SELECT state, COUNT(*) AS n, CAST(SUM(paid_fen) AS BIGINT) AS paid_fen FROM lost_trade \
        GROUP BY state ORDER BY state";
    UNASKED("lost_trade") = "SELECT COUNT(*) AS n FROM lost_trade WHERE state = 'FOUND' AND turns = 0";
    RAISE("instance") = "UPDATE instance SET restore_epoch = $1 WHERE one = 1 AND restore_epoch < $1";
    BEGIN("recovery") = "INSERT INTO recovery (epoch, since, begun_at, begun_by) VALUES ($1, $2, $3, $4)";
    NOTE("recovery_statement") = "INSERT INTO recovery_statement (epoch, day, digest, row_count, own_count, read_at, read_by) \
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (epoch, day) DO UPDATE SET digest = excluded.digest, \
        row_count = excluded.row_count, own_count = excluded.own_count, read_at = excluded.read_at, \
        read_by = excluded.read_by";
    LOOKED("recovery") = "UPDATE recovery SET looked_at = $2 WHERE epoch = $1 AND ended_at IS NULL";
    END("recovery") = "UPDATE recovery SET ended_at = $2, ended_by = $3, proof = $4 WHERE epoch = $1 AND ended_at IS NULL";
    PAYOUTS("recovery") = "UPDATE recovery SET payouts_at = $2, payouts_by = $3 WHERE epoch = $1 AND payouts_at IS NULL";
    LOOK_AT("recovery_look") = "INSERT INTO recovery_look (payment_id, asked_at) VALUES ($1, $2) \
        ON CONFLICT (payment_id) DO UPDATE SET asked_at = excluded.asked_at, looked_at = NULL";
    LOOKED_AT("recovery_look") = "UPDATE recovery_look SET looked_at = $2 WHERE payment_id = $1";
    ADD_LOST("lost_trade") = "INSERT INTO lost_trade (lost_id, out_trade_no, trade_no, state, paid_fen, paid_at, posted_fen, \
        gone_back_fen, owed_fen, out_request_no, sent_at, empties, found_at, turns, next_at, version, trace_id) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) \
        ON CONFLICT (out_trade_no) DO NOTHING";
    SAVE_LOST("lost_trade") = "UPDATE lost_trade SET trade_no = $2, state = $3, posted_fen = $4, gone_back_fen = $5, \
        owed_fen = $6, out_request_no = $7, sent_at = $8, empties = $9, turns = $10, next_at = $11, \
        version = version + 1 WHERE lost_id = $1 AND version = $12";
}

fn recovery(row: &Row) -> Result<Recovery, StoreError> {
    Ok(Recovery {
        epoch: row.int("epoch")?,
        since: row.time("since")?,
        begun_at: row.time("begun_at")?,
        begun_by: row.text("begun_by")?,
        looked_at: row.maybe_time("looked_at")?,
        ended_at: row.maybe_time("ended_at")?,
        payouts_at: row.maybe_time("payouts_at")?,
    })
}

fn lost(row: &Row) -> Result<LostTrade, StoreError> {
    Ok(LostTrade {
        lost_id: row.id("lost_id")?,
        out_trade_no: row.text("out_trade_no")?,
        trade_no: row.text("trade_no")?,
        state: row.parsed("state", State::parse)?,
        paid: row.fen("paid_fen")?,
        paid_at: row.time("paid_at")?,
        posted: row.fen("posted_fen")?,
        gone_back: row.fen("gone_back_fen")?,
        owed: row.fen("owed_fen")?,
        out_request_no: row.maybe_text("out_request_no")?,
        sent_at: row.maybe_time("sent_at")?,
        empties: row.int("empties")?,
        found_at: row.time("found_at")?,
        turns: row.int("turns")?,
        next_at: row.maybe_time("next_at")?,
        version: row.int("version")?,
        trace_id: row.text("trace_id")?,
    })
}

#[async_trait]
impl<C: Conn> RecoveryReads for Sql<C> {
    async fn epoch(&mut self) -> Result<i64, StoreError> {
        self.count(&EPOCH, args![]).await
    }

    async fn last_moment(&mut self) -> Result<Option<Time>, StoreError> {
        match self.one(&LAST_MOMENT, args![]).await? {
            Some(row) => row.maybe_time("moment"),
            None => Ok(None),
        }
    }

    async fn latest(&mut self) -> Result<Option<Recovery>, StoreError> {
        let row = self.one(&LATEST, args![]).await?;
        row.as_ref().map(recovery).transpose()
    }

    async fn statements(&mut self, epoch: i64) -> Result<Vec<StatementRead>, StoreError> {
        let rows = self.rows(&STATEMENTS_READ, args![epoch]).await?;
        rows.iter()
            .map(|row| {
                Ok(StatementRead {
                    day: row.parsed("day", |text| Day::parse(text).ok())?,
                    digest: row.text("digest")?,
                    rows: row.int("row_count")?,
                    ours: row.int("own_count")?,
                    read_at: row.time("read_at")?,
                    read_by: row.text("read_by")?,
                })
            })
            .collect()
    }

    async fn unfinished(&mut self, after: &str, most: i64) -> Result<Vec<PaymentId>, StoreError> {
        let rows = self.rows(&UNFINISHED, args![after, most]).await?;
        rows.iter().map(|row| row.id("payment_id")).collect()
    }

    async fn to_look_at(&mut self, most: i64) -> Result<Vec<PaymentId>, StoreError> {
        let rows = self.rows(&TO_LOOK_AT, args![most]).await?;
        rows.iter().map(|row| row.id("payment_id")).collect()
    }

    async fn lost(&mut self, out_trade_no: &str) -> Result<Option<LostTrade>, StoreError> {
        let row = self.one(&LOST, args![out_trade_no]).await?;
        row.as_ref().map(lost).transpose()
    }

    async fn due_lost(&mut self, now: Time, most: i64) -> Result<Vec<LostTrade>, StoreError> {
        let rows = self.rows(&DUE_LOST, args![now, most]).await?;
        rows.iter().map(lost).collect()
    }

    async fn lost_by_state(&mut self) -> Result<Vec<(State, i64, Fen)>, StoreError> {
        let rows = self.rows(&BY_STATE, args![]).await?;
        rows.iter()
            .map(|row| {
                let state = row.parsed("state", State::parse)?;
                Ok((state, row.int("n")?, row.fen("paid_fen")?))
            })
            .collect()
    }

    async fn unasked_lost(&mut self) -> Result<i64, StoreError> {
        self.count(&UNASKED, args![]).await
    }
}

#[async_trait]
impl<C: WriteConn> RecoveryStore for Sql<C> {
    async fn begin(&mut self, recovery: &Recovery) -> Result<bool, StoreError> {
        if !self.changed(&RAISE, args![recovery.epoch]).await? {
            return Ok(false);
        }
        let row = args![
            recovery.epoch,
            recovery.since,
            recovery.begun_at,
            &recovery.begun_by
        ];
        self.changed(&BEGIN, row).await
    }

    async fn note_statement(&mut self, epoch: i64, read: &StatementRead) -> Result<(), StoreError> {
        let row = args![
            epoch,
            read.day.to_string(),
            &read.digest,
            read.rows,
            read.ours,
            read.read_at,
            &read.read_by,
        ];
        self.touched(&NOTE, row).await.map(drop)
    }

    async fn looked(&mut self, epoch: i64, since: Time) -> Result<(), StoreError> {
        self.touched(&LOOKED, args![epoch, since]).await.map(drop)
    }

    async fn end(&mut self, epoch: i64, end: &End) -> Result<bool, StoreError> {
        self.changed(&END, args![epoch, end.at, &end.by, &end.proof])
            .await
    }

    async fn release_payouts(&mut self, epoch: i64, end: &End) -> Result<bool, StoreError> {
        self.changed(&PAYOUTS, args![epoch, end.at, &end.by]).await
    }

    async fn look_at(&mut self, id: &PaymentId, now: Time) -> Result<(), StoreError> {
        self.touched(&LOOK_AT, args![id, now]).await.map(drop)
    }

    async fn looked_at(&mut self, id: &PaymentId, now: Time) -> Result<(), StoreError> {
        self.touched(&LOOKED_AT, args![id, now]).await.map(drop)
    }

    async fn add_lost(&mut self, trade: &LostTrade) -> Result<bool, StoreError> {
        let row = args![
            &trade.lost_id,
            &trade.out_trade_no,
            &trade.trade_no,
            trade.state.as_str(),
            trade.paid,
            trade.paid_at,
            trade.posted,
            trade.gone_back,
            trade.owed,
            trade.out_request_no.as_deref(),
            trade.sent_at,
            trade.empties,
            trade.found_at,
            trade.turns,
            trade.next_at,
            trade.version,
            &trade.trace_id,
        ];
        self.changed(&ADD_LOST, row).await
    }

    async fn save_lost(&mut self, trade: &LostTrade) -> Result<bool, StoreError> {
        let row = args![
            &trade.lost_id,
            &trade.trade_no,
            trade.state.as_str(),
            trade.posted,
            trade.gone_back,
            trade.owed,
            trade.out_request_no.as_deref(),
            trade.sent_at,
            trade.empties,
            trade.turns,
            trade.next_at,
            trade.version,
        ];
        self.changed(&SAVE_LOST, row).await
    }
}
