//! People at the on-line State Grid user system: which epoch was the last, and when to compare again.

use async_trait::async_trait;
use lifeline_core::bindings::gathering::{CHECK_EVERY_MAX_S, Gathered};
use lifeline_core::bindings::ports::{GatheringReads, GatheringStore};
use lifeline_core::shared::ids::AccountId;
use lifeline_core::shared::time::Time;
use lifeline_core::store::StoreError;

use super::statement::statements;
use super::value::args;
use super::{Conn, Row, Sql, WriteConn};

statements! { "gathering":
    FIND("gathering") = "SELECT epoch, unsure, gone, check_every_s FROM gathering WHERE account_id = $1";
    DUE("gathering") = "SELECT account_id FROM gathering WHERE (gone = 0 OR unsure = 1) AND check_at <= $1 \
        ORDER BY check_at, account_id LIMIT $2";
    BEGIN("gathering") = "INSERT INTO gathering (account_id, epoch, unsure, gone, check_every_s, check_at) \
        VALUES ($1, $2, 1, 0, $3, $4) ON CONFLICT (account_id) DO UPDATE SET \
        epoch = CASE WHEN gathering.epoch >= excluded.epoch THEN gathering.epoch + 1 ELSE excluded.epoch END, \
        unsure = 1 RETURNING epoch, unsure, gone, check_every_s";
    END("gathering") = "UPDATE gathering SET unsure = $3, gone = $4, check_every_s = $5 \
        WHERE account_id = $1 AND epoch = $2";
    TAKE("gathering") = "UPDATE gathering SET check_at = $2 + check_every_s * 1000000 \
        WHERE account_id = $1 AND check_at <= $2";
}

#[async_trait]
impl<C: Conn> GatheringReads for Sql<C> {
    async fn gathered(&mut self, account: &AccountId) -> Result<Option<Gathered>, StoreError> {
        let row = self.one(&FIND, args![account]).await?;
        row.as_ref().map(gathered).transpose()
    }

    async fn due_for_a_check(
        &mut self,
        now: Time,
        most: i64,
    ) -> Result<Vec<AccountId>, StoreError> {
        let rows = self.rows(&DUE, args![now, most]).await?;
        rows.iter().map(|row| row.id("account_id")).collect()
    }
}

#[async_trait]
impl<C: WriteConn> GatheringStore for Sql<C> {
    async fn begin_gathering(
        &mut self,
        account: &AccountId,
        seen: i64,
        now: Time,
    ) -> Result<Gathered, StoreError> {
        let args = args![
            account,
            seen.saturating_add(1),
            CHECK_EVERY_MAX_S,
            now.plus_seconds(CHECK_EVERY_MAX_S),
        ];
        match self.one(&BEGIN, args).await? {
            Some(row) => gathered(&row),
            None => Err(StoreError::Conflict),
        }
    }

    async fn end_gathering(
        &mut self,
        account: &AccountId,
        done: &Gathered,
    ) -> Result<bool, StoreError> {
        let args = args![
            account,
            done.epoch,
            done.unsure,
            done.gone,
            done.check_every_s
        ];
        self.changed(&END, args).await
    }

    async fn take_check(&mut self, account: &AccountId, now: Time) -> Result<bool, StoreError> {
        self.changed(&TAKE, args![account, now]).await
    }
}

fn gathered(row: &Row) -> Result<Gathered, StoreError> {
    Ok(Gathered {
        epoch: row.int("epoch")?,
        unsure: row.flag("unsure")?,
        gone: row.flag("gone")?,
        check_every_s: row.int("check_every_s")?,
    })
}
