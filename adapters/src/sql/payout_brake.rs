//! The brake of payouts: that it is on, and which two persons let payouts go on.

use async_trait::async_trait;
use lifeline_core::settlement::brake::ports::PayoutBrakeStore;
use lifeline_core::shared::time::Time;
use lifeline_core::store::StoreError;

use super::statement::statements;
use super::value::args;
use super::{Sql, WriteConn};

statements! { "payout_brake":
    OPEN("payout_trip") = "SELECT tripped_at FROM payout_trip WHERE released_at IS NULL";
    RELEASED("payout_trip") = "SELECT released_at FROM payout_trip WHERE released_at >= $1 \
        ORDER BY released_at DESC LIMIT 1";
    TRIP("payout_trip") = "INSERT INTO payout_trip (tripped_at) VALUES ($1) ON CONFLICT DO NOTHING";
    RELEASE("payout_trip") = "UPDATE payout_trip SET first_by = $2, second_by = $3, released_at = $4 \
        WHERE tripped_at = $1 AND released_at IS NULL";
}

#[async_trait]
impl<C: WriteConn> PayoutBrakeStore for Sql<C> {
    async fn brake_tripped_at(&mut self) -> Result<Option<Time>, StoreError> {
        let row = self.one(&OPEN, args![]).await?;
        row.map(|row| row.time("tripped_at")).transpose()
    }

    async fn brake_released_since(&mut self, since: Time) -> Result<Option<Time>, StoreError> {
        let row = self.one(&RELEASED, args![since]).await?;
        row.map(|row| row.time("released_at")).transpose()
    }

    async fn trip_brake(&mut self, now: Time) -> Result<bool, StoreError> {
        self.changed(&TRIP, args![now]).await
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
