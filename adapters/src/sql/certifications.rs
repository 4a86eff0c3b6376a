//! Certifications. What was typed is sealed with the account's own key for its client to hold; no
//! column has it.

use async_trait::async_trait;
use lifeline_core::accounts::certification::{
    Certification, CertificationKind, CertificationState, TypedIdentity,
};
use lifeline_core::accounts::ports::{CertificationReads, CertificationStore};
use lifeline_core::accounts::secret::Secret;
use lifeline_core::shared::ids::{AccountId, CertificationId, SessionId};
use lifeline_core::shared::personal::{IdNo, PersonName};
use lifeline_core::shared::time::Time;
use lifeline_core::store::StoreError;
use serde::{Deserialize, Serialize};
use zeroize::{ZeroizeOnDrop, Zeroizing};

use super::statement::statements;
use super::value::args;
use super::{Conn, Field, Sql, WriteConn};

statements! { "certifications":
    FIND("certification") = "SELECT certification_id, account_id, family_id, kind, outside_no, state, begun_at, \
        expires_at, ended_at, version FROM certification WHERE certification_id = $1";
    ADD("certification") = "INSERT INTO certification (certification_id, account_id, family_id, kind, outside_no, \
        state, begun_at, expires_at, ended_at, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    SAVE("certification") = "UPDATE certification SET state = $2, ended_at = $3, version = version + 1 \
        WHERE certification_id = $1 AND version = $4";
    FACES("certification") = "SELECT COUNT(*) AS n FROM certification WHERE account_id = $1 AND family_id = $2 \
        AND kind = 'face' AND state = 'certified' AND ended_at > $3";
    PURGE("certification") = "DELETE FROM certification WHERE begun_at < $1";
}

const OUTSIDE_NO: Field = Field::new("certification", "outside_no");
/// Not a column: the place a held identity is sealed for.
const HELD: Field = Field::new("certification", "held");

#[derive(Serialize, Deserialize, ZeroizeOnDrop)]
struct Held {
    name: String,
    id_no: String,
}

#[async_trait]
impl<C: Conn> CertificationReads for Sql<C> {
    async fn find_certification(
        &mut self,
        id: &CertificationId,
    ) -> Result<Option<Certification>, StoreError> {
        let Some(row) = self.one(&FIND, args![id]).await? else {
            return Ok(None);
        };
        let account_id: AccountId = row.id("account_id")?;
        let outside_no = self
            .open_for(
                &account_id,
                OUTSIDE_NO,
                id.as_str(),
                &row.text("outside_no")?,
            )
            .await?;
        Ok(Some(Certification {
            certification_id: row.id("certification_id")?,
            account_id,
            family_id: row.id("family_id")?,
            kind: row.parsed("kind", CertificationKind::parse)?,
            outside_no: Secret::new(outside_no),
            state: row.parsed("state", CertificationState::parse)?,
            begun_at: row.time("begun_at")?,
            expires_at: row.time("expires_at")?,
            ended_at: row.maybe_time("ended_at")?,
            version: row.int("version")?,
        }))
    }

    async fn open_typed(
        &mut self,
        certification: &Certification,
        held: &Secret,
    ) -> Result<Option<TypedIdentity>, StoreError> {
        let (account, row) = (
            &certification.account_id,
            certification.certification_id.as_str(),
        );
        let opened = match self.open_for(account, HELD, row, held.expose()).await {
            Ok(opened) => Zeroizing::new(opened),
            // It comes from a client: what does not open is a wrong answer, not damaged data.
            Err(StoreError::Corrupt { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let held: Option<Held> = serde_json::from_str(&opened).ok();
        Ok(held.map(|held| TypedIdentity {
            name: PersonName::from_store(held.name.clone()),
            id_no: IdNo::from_store(held.id_no.clone()),
        }))
    }

    async fn face_shown(
        &mut self,
        account: &AccountId,
        family: &SessionId,
        after: Time,
    ) -> Result<bool, StoreError> {
        let found = self.one(&FACES, args![account, family, after]).await?;
        let faces = found.map(|row| row.int("n")).transpose()?;
        Ok(faces.is_some_and(|faces| faces > 0))
    }
}

#[async_trait]
impl<C: WriteConn> CertificationStore for Sql<C> {
    async fn add_certification(&mut self, certification: &Certification) -> Result<(), StoreError> {
        let id = &certification.certification_id;
        let outside_no = certification.outside_no.expose();
        let sealed = self
            .seal_for(
                &certification.account_id,
                OUTSIDE_NO,
                id.as_str(),
                outside_no,
            )
            .await?;
        let args = args![
            id,
            &certification.account_id,
            &certification.family_id,
            certification.kind.as_str(),
            sealed,
            certification.state.as_str(),
            certification.begun_at,
            certification.expires_at,
            certification.ended_at,
            certification.version,
        ];
        self.touched(&ADD, args).await.map(drop)
    }

    async fn save_certification(
        &mut self,
        certification: &Certification,
    ) -> Result<(), StoreError> {
        let args = args![
            &certification.certification_id,
            certification.state.as_str(),
            certification.ended_at,
            certification.version,
        ];
        if self.changed(&SAVE, args).await? {
            Ok(())
        } else {
            Err(StoreError::Conflict)
        }
    }

    async fn hold_typed(
        &mut self,
        certification: &Certification,
        typed: &TypedIdentity,
    ) -> Result<Secret, StoreError> {
        let held = Held {
            name: typed.name.expose().to_owned(),
            id_no: typed.id_no.expose().to_owned(),
        };
        let corrupt = |_| StoreError::Corrupt {
            table: HELD.table,
            column: HELD.column,
        };
        let clear = Zeroizing::new(serde_json::to_string(&held).map_err(corrupt)?);
        let (account, row) = (
            &certification.account_id,
            certification.certification_id.as_str(),
        );
        self.seal_for(account, HELD, row, &clear)
            .await
            .map(Secret::new)
    }

    async fn purge_certifications(&mut self, before: Time) -> Result<u64, StoreError> {
        self.touched(&PURGE, args![before]).await
    }
}
