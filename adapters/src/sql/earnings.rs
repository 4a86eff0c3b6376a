//! What credited lines earned in points, and how purses change by it.

use lifeline_core::requests::earning::Earning;
use lifeline_core::shared::ids::{AccountId, PaymentId};
use lifeline_core::shared::time::Time;
use lifeline_core::store::StoreError;

use super::statement::statements;
use super::value::args;
use super::{Conn, Row, Sql, WriteConn};

statements! { "earnings":
    PENDING("points_earning") = "SELECT CAST(COALESCE(SUM(points - taken), 0) AS BIGINT) AS n FROM points_earning \
        WHERE account_id = $1 AND vests_at > $2";
    FIND("points_earning") = "SELECT payment_id, line_no, account_id, amount_fen, refunded_fen, points, taken, vests_at \
        FROM points_earning WHERE payment_id = $1 AND line_no = $2";
    ADD("points_earning") = "INSERT INTO points_earning (payment_id, line_no, account_id, amount_fen, refunded_fen, points, \
        taken, vests_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    SAVE("points_earning") = "UPDATE points_earning SET refunded_fen = $3, taken = $4 WHERE payment_id = $1 AND line_no = $2 \
        AND refunded_fen = $5 AND taken = $6 AND account_id = $7";
    MOVE("points_earning") = "UPDATE points_earning SET account_id = $2 WHERE account_id = $1";
    // A purse that is being changed elsewhere is waited for; what is read after it is the newest.
    LOCK("points_balance") = "UPDATE points_balance SET points = points WHERE account_id = $1";
    BALANCE("points_balance") = "SELECT points AS n FROM points_balance WHERE account_id = $1";
    TAKE("points_balance") = "UPDATE points_balance SET points = points - $2 WHERE account_id = $1 AND points - $2 >= \
        (SELECT CAST(COALESCE(SUM(e.points - e.taken), 0) AS BIGINT) FROM points_earning e WHERE e.account_id = $1 AND e.vests_at > $3)";
    LOSE("points_balance") = "UPDATE points_balance SET points = points - $2 WHERE account_id = $1 AND points >= $2";
}

fn earning(row: &Row) -> Result<Earning, StoreError> {
    Ok(Earning {
        payment_id: row.id("payment_id")?,
        line_no: row.int("line_no")?,
        account_id: row.id("account_id")?,
        amount: row.fen("amount_fen")?,
        refunded: row.fen("refunded_fen")?,
        points: row.int("points")?,
        taken: row.int("taken")?,
        vests_at: row.time("vests_at")?,
    })
}

impl<C: Conn> Sql<C> {
    pub(super) async fn pending_points(
        &mut self,
        account: &AccountId,
        now: Time,
    ) -> Result<i64, StoreError> {
        self.count(&PENDING, args![account, now]).await
    }

    pub(super) async fn points_earning(
        &mut self,
        payment: &PaymentId,
        line_no: i64,
    ) -> Result<Option<Earning>, StoreError> {
        let row = self.one(&FIND, args![payment, line_no]).await?;
        row.as_ref().map(earning).transpose()
    }
}

impl<C: WriteConn> Sql<C> {
    pub(super) async fn take_vested_points(
        &mut self,
        account: &AccountId,
        points: i64,
        now: Time,
    ) -> Result<bool, StoreError> {
        self.touched(&LOCK, args![account]).await?;
        self.changed(&TAKE, args![account, points, now]).await
    }

    pub(super) async fn lose_points_of(
        &mut self,
        account: &AccountId,
        most: i64,
    ) -> Result<i64, StoreError> {
        self.touched(&LOCK, args![account]).await?;
        let there = self.count(&BALANCE, args![account]).await?;
        let lost = there.min(most);
        if lost > 0 && !self.changed(&LOSE, args![account, lost]).await? {
            return Err(StoreError::Conflict);
        }
        Ok(lost)
    }

    pub(super) async fn add_points_earning(&mut self, one: &Earning) -> Result<(), StoreError> {
        let args = args![
            &one.payment_id,
            one.line_no,
            &one.account_id,
            one.amount,
            one.refunded,
            one.points,
            one.taken,
            one.vests_at,
        ];
        self.touched(&ADD, args).await.map(drop)
    }

    pub(super) async fn save_points_earning(
        &mut self,
        known: &Earning,
        next: &Earning,
    ) -> Result<bool, StoreError> {
        let args = args![
            &known.payment_id,
            known.line_no,
            next.refunded,
            next.taken,
            known.refunded,
            known.taken,
            &known.account_id,
        ];
        self.changed(&SAVE, args).await
    }

    pub(super) async fn move_points_earnings(
        &mut self,
        from: &AccountId,
        into: &AccountId,
    ) -> Result<(), StoreError> {
        self.touched(&MOVE, args![from, into]).await.map(drop)
    }
}
