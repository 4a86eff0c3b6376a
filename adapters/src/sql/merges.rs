//! Requests to merge two accounts, and what moves with the rows of this room.

use async_trait::async_trait;
use lifeline_core::accounts::merge::{MergeEnding, MergeRequest};
use lifeline_core::accounts::ports::{MergeReads, MergeStore, MovedConsents};
use lifeline_core::accounts::secret::Secret;
use lifeline_core::shared::ids::{AccountId, MergeId};
use lifeline_core::shared::personal::IdNo;
use lifeline_core::shared::time::Time;
use lifeline_core::store::StoreError;

use super::accounts::ID_NO;
use super::statement::statements;
use super::value::args;
use super::{Conn, Field, Row, Sql, WriteConn};

statements! { "merges":
    ELSEWHERE("account") = "SELECT COUNT(*) AS n FROM account \
        WHERE id_no_index IN ($1, $2) AND account_id <> $3 AND merged_into IS NULL";
    FIND("account_merge") = "SELECT merge_id, into_account_id, family_id, tries, begun_at, expires_at, \
        from_account_id, ended_at, ending, version FROM account_merge WHERE merge_id = $1";
    OF_ACCOUNT("account_merge") = "SELECT merge_id, into_account_id, family_id, tries, begun_at, expires_at, \
        from_account_id, ended_at, ending, version FROM account_merge \
        WHERE into_account_id = $1 AND ended_at IS NULL";
    OF_PERSON("account_merge") = "SELECT m.merge_id, m.into_account_id, m.family_id, m.tries, m.begun_at, \
        m.expires_at, m.from_account_id, m.ended_at, m.ending, m.version \
        FROM account_merge m JOIN account a ON a.account_id = m.into_account_id \
        WHERE a.id_no_index IN ($1, $2) AND a.account_id <> $3 AND m.ended_at IS NULL \
        ORDER BY m.begun_at DESC, m.merge_id DESC LIMIT 1";
    ADD("account_merge") = "INSERT INTO account_merge (merge_id, into_account_id, family_id, code_digest, tries, \
        begun_at, expires_at, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    SAVE("account_merge") = "UPDATE account_merge SET tries = $2, from_account_id = $3, ended_at = $4, ending = $5, \
        version = version + 1 WHERE merge_id = $1 AND version = $6";
    CODE_MATCHES("account_merge") = "SELECT COUNT(*) AS n FROM account_merge \
        WHERE merge_id = $1 AND code_digest = $2";
    MOVE_MERGED("account") = "UPDATE account SET merged_into = $2, version = version + 1 WHERE merged_into = $1";
    MOVE_CONSENTS("consent") = "UPDATE consent SET account_id = $2 WHERE account_id = $1 AND withdrawn_at IS NULL \
        AND purpose NOT IN (SELECT purpose FROM consent WHERE account_id = $2) RETURNING consent_id";
    END_CONSENTS("consent") = "UPDATE consent SET withdrawn_at = $2 WHERE account_id = $1 AND withdrawn_at IS NULL \
        RETURNING consent_id";
}

const CODE: Field = Field::new("account_merge", "code_digest");

#[async_trait]
impl<C: Conn> MergeReads for Sql<C> {
    async fn certified_elsewhere(
        &mut self,
        id_no: &IdNo,
        account: &AccountId,
    ) -> Result<i64, StoreError> {
        let [index, other] = self.indexes(ID_NO, id_no.expose())?;
        self.count(&ELSEWHERE, args![index, other, account]).await
    }

    async fn find_merge(&mut self, id: &MergeId) -> Result<Option<MergeRequest>, StoreError> {
        let row = self.one(&FIND, args![id]).await?;
        row.as_ref().map(request).transpose()
    }
}

#[async_trait]
impl<C: WriteConn> MergeStore for Sql<C> {
    async fn merge_of(&mut self, account: &AccountId) -> Result<Option<MergeRequest>, StoreError> {
        let row = self.one(&OF_ACCOUNT, args![account]).await?;
        row.as_ref().map(request).transpose()
    }

    async fn open_merge(
        &mut self,
        id_no: &IdNo,
        account: &AccountId,
    ) -> Result<Option<MergeRequest>, StoreError> {
        let [index, other] = self.indexes(ID_NO, id_no.expose())?;
        let row = self.one(&OF_PERSON, args![index, other, account]).await?;
        row.as_ref().map(request).transpose()
    }

    async fn add_merge(&mut self, request: &MergeRequest, code: &Secret) -> Result<(), StoreError> {
        let args = args![
            &request.merge_id,
            &request.into,
            &request.family_id,
            self.merge_digest(&request.merge_id, code)?,
            request.tries,
            request.begun_at,
            request.expires_at,
            request.version,
        ];
        self.touched(&ADD, args).await.map(drop)
    }

    async fn save_merge(&mut self, request: &MergeRequest) -> Result<(), StoreError> {
        let (ended_at, ending) = request.ended.unzip();
        let args = args![
            &request.merge_id,
            request.tries,
            request.from.as_ref(),
            ended_at,
            ending.map(MergeEnding::as_str),
            request.version,
        ];
        if self.changed(&SAVE, args).await? {
            Ok(())
        } else {
            Err(StoreError::Conflict)
        }
    }

    async fn merge_matches(&mut self, id: &MergeId, typed: &Secret) -> Result<bool, StoreError> {
        let digest = self.merge_digest(id, typed)?;
        Ok(self.count(&CODE_MATCHES, args![id, digest]).await? > 0)
    }

    async fn move_merged(&mut self, from: &AccountId, into: &AccountId) -> Result<(), StoreError> {
        self.touched(&MOVE_MERGED, args![from, into])
            .await
            .map(drop)
    }

    async fn move_consents(
        &mut self,
        from: &AccountId,
        into: &AccountId,
        now: Time,
    ) -> Result<MovedConsents, StoreError> {
        let moved = self.rows(&MOVE_CONSENTS, args![from, into]).await?;
        let ended = self.rows(&END_CONSENTS, args![from, now]).await?;
        let ids = |rows: &[Row]| -> Result<Vec<String>, StoreError> {
            let mut ids = rows
                .iter()
                .map(|row| row.text("consent_id"))
                .collect::<Result<Vec<_>, _>>()?;
            // RETURNING promises no order.
            ids.sort();
            Ok(ids)
        };
        Ok(MovedConsents {
            moved: ids(&moved)?,
            ended: ids(&ended)?,
        })
    }
}

impl<C: Conn> Sql<C> {
    /// Six digits are few: the digest is of this request's code and no other's.
    fn merge_digest(&self, id: &MergeId, code: &Secret) -> Result<String, StoreError> {
        self.digest(CODE, &format!("{id}:{}", code.expose()))
    }
}

fn request(row: &Row) -> Result<MergeRequest, StoreError> {
    let ended_at = row.maybe_time("ended_at")?;
    Ok(MergeRequest {
        merge_id: row.id("merge_id")?,
        into: row.id("into_account_id")?,
        family_id: row.id("family_id")?,
        tries: row.int("tries")?,
        begun_at: row.time("begun_at")?,
        expires_at: row.time("expires_at")?,
        from: row.maybe_id("from_account_id")?,
        ended: ended_at.zip(row.maybe_parsed("ending", MergeEnding::parse)?),
        version: row.int("version")?,
    })
}
