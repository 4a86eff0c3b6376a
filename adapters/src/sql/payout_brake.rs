//! The brake of payouts: that it is on, and which two persons let payouts go on.

use async_trait::async_trait;
use lifeline_core::settlement::brake::ports::{PayoutBrakeStore, Release};
use lifeline_core::settlement::ids::TradeTaskId;
use lifeline_core::shared::time::Time;
use lifeline_core::store::StoreError;

use super::statement::statements;
use super::value::args;
use super::{Sql, WriteConn};

statements! { "payout_brake":
    OPEN("payout_trip") = "SELECT COALESCE(stopped_at, tripped_at) AS on_since FROM payout_trip \
        WHERE released_at IS NULL";
    RELEASED("payout_trip") = "SELECT released_at, CASE WHEN stopped_by IS NULL THEN trade_task_id END AS looked_at \
        FROM payout_trip WHERE released_at >= $1 ORDER BY released_at DESC LIMIT 1";
    TRIP("payout_trip") = "INSERT INTO payout_trip (tripped_at, trade_task_id) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    STOP("payout_trip") = "INSERT INTO payout_trip (tripped_at, stopped_at, stopped_by) VALUES ($1, $1, $2) \
        ON CONFLICT DO NOTHING";
    STOP_ON("payout_trip") = "UPDATE payout_trip SET stopped_at = $1, stopped_by = $2 WHERE released_at IS NULL";
    RELEASE("payout_trip") = "UPDATE payout_trip SET first_by = $2, second_by = $3, released_at = $4 \
        WHERE COALESCE(stopped_at, tripped_at) = $1 AND released_at IS NULL";
}

#[async_trait]
impl<C: WriteConn> PayoutBrakeStore for Sql<C> {
    async fn brake_tripped_at(&mut self) -> Result<Option<Time>, StoreError> {
        let row = self.one(&OPEN, args![]).await?;
        row.map(|row| row.time("on_since")).transpose()
    }

    async fn brake_released_since(&mut self, since: Time) -> Result<Option<Release>, StoreError> {
        let Some(row) = self.one(&RELEASED, args![since]).await? else {
            return Ok(None);
        };
        Ok(Some(Release {
            at: row.time("released_at")?,
            looked_at: row.maybe_id("looked_at")?,
        }))
    }

    async fn trip_brake(&mut self, now: Time, payout: &TradeTaskId) -> Result<bool, StoreError> {
        self.changed(&TRIP, args![now, payout]).await
    }

    async fn stop_brake(&mut self, now: Time, by: &str) -> Result<bool, StoreError> {
        let new = self.changed(&STOP, args![now, by]).await?;
        if !new {
            self.touched(&STOP_ON, args![now, by]).await?;
        }
        Ok(new)
    }

    async fn release_brake(
        &mut self,
        tripped_at: Time,
        by: [&str; 2],
        now: Time,
    ) -> Result<bool, StoreError> {
        let [first, second] = by;
        let args = args![tripped_at, first, second, now];
        self.changed(&RELEASE, args).await
    }
}
