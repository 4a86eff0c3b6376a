//! Homes offered by a match, and the last good copies of the archive: sealed with the key of the
//! account they are for.

use lifeline_core::accounts::secret::Secret;
use lifeline_core::bindings::binding::{Binding, Signboard};
use lifeline_core::bindings::offer::{OfferLevel, Offered};
use lifeline_core::bindings::ports::{Kept, Verified};
use lifeline_core::bindings::role::Role;
use lifeline_core::shared::ids::{AccountId, BindingId};
use lifeline_core::shared::personal::ConsumerNo;
use lifeline_core::shared::time::{Day, Time};
use lifeline_core::store::StoreError;
use serde::{Deserialize, Serialize};

use super::statement::statements;
use super::value::args;
use super::{Conn, Field, Row, Sql, WriteConn};

statements! { "offers":
    ADD("match_offer") = "INSERT INTO match_offer (token_digest, account_id, session_id, level, archive_token, \
        archive_role, signboard, verified, expires_at, used_at, version) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    FIND("match_offer") = "SELECT account_id, session_id, level, archive_token, archive_role, signboard, \
        verified, expires_at, used_at, version FROM match_offer WHERE token_digest = $1";
    SAVE("match_offer") = "UPDATE match_offer SET verified = $2, used_at = $3, version = version + 1 \
        WHERE token_digest = $1 AND version = $4";
    PURGE("match_offer") = "DELETE FROM match_offer WHERE expires_at < $1";
    COPY_FIND("archive_copy") = "SELECT body FROM archive_copy WHERE binding_id = $1";
    COPY_KEEP("archive_copy") = "INSERT INTO archive_copy (binding_id, body, kept_at) VALUES ($1, $2, $3) \
        ON CONFLICT (binding_id) DO UPDATE SET body = excluded.body, kept_at = excluded.kept_at";
    COPY_DROP("archive_copy") = "DELETE FROM archive_copy WHERE binding_id = $1";
}

const TOKEN: Field = Field::new("match_offer", "token_digest");
const ARCHIVE_TOKEN: Field = Field::new("match_offer", "archive_token");
const SIGNBOARD: Field = Field::new("match_offer", "signboard");
const VERIFIED: Field = Field::new("match_offer", "verified");
const COPY: Field = Field::new("archive_copy", "body");

/// How a signboard is written before it is sealed.
#[derive(Serialize, Deserialize)]
struct SignboardText {
    consumer_no: String,
    holder: String,
    address: String,
}

/// How an opened offer is written before it is sealed.
#[derive(Serialize, Deserialize)]
struct VerifiedText {
    consumer_no: String,
    role: String,
    holder_version: i64,
    /// Offers an earlier program opened do not say.
    #[serde(default)]
    holder_since: Option<Day>,
}

pub(super) fn signboard_text(signboard: &Signboard) -> String {
    serde_json::json!({
        "consumer_no": signboard.consumer_no_masked,
        "holder": signboard.holder_masked,
        "address": signboard.address_masked,
    })
    .to_string()
}

pub(super) fn read_signboard(text: &str) -> Option<Signboard> {
    let read: SignboardText = serde_json::from_str(text).ok()?;
    Some(Signboard {
        consumer_no_masked: read.consumer_no,
        holder_masked: read.holder,
        address_masked: read.address,
    })
}

fn verified_text(verified: &Verified) -> String {
    serde_json::json!({
        "consumer_no": verified.consumer_no.expose(),
        "role": verified.role.as_str(),
        "holder_version": verified.holder_version,
        "holder_since": verified.holder_since,
    })
    .to_string()
}

fn read_verified(text: &str) -> Option<Verified> {
    let read: VerifiedText = serde_json::from_str(text).ok()?;
    Some(Verified {
        consumer_no: ConsumerNo::from_store(read.consumer_no),
        role: Role::parse(&read.role)?,
        holder_version: read.holder_version,
        holder_since: read.holder_since,
    })
}

impl<C: Conn> Sql<C> {
    pub(super) async fn offer_of(&mut self, token: &Secret) -> Result<Option<Offered>, StoreError> {
        let digest = self.digest(TOKEN, token.expose())?;
        match self.one(&FIND, args![&digest]).await? {
            Some(row) => self.offer(&digest, &row).await.map(Some),
            None => Ok(None),
        }
    }

    async fn offer(&mut self, digest: &str, row: &Row) -> Result<Offered, StoreError> {
        let account_id: AccountId = row.id("account_id")?;
        let archive_token = self
            .open_for(
                &account_id,
                ARCHIVE_TOKEN,
                digest,
                &row.text("archive_token")?,
            )
            .await?;
        let signboard = self
            .open_for(&account_id, SIGNBOARD, digest, &row.text("signboard")?)
            .await?;
        let verified = match row.maybe_text("verified")? {
            Some(sealed) => {
                let text = self
                    .open_for(&account_id, VERIFIED, digest, &sealed)
                    .await?;
                Some(read_verified(&text).ok_or_else(|| row.corrupt("verified"))?)
            }
            None => None,
        };
        Ok(Offered {
            session_id: row.id("session_id")?,
            level: row.parsed("level", OfferLevel::parse)?,
            archive_token: Secret::new(archive_token),
            archive_role: row.parsed("archive_role", Role::parse)?,
            signboard: read_signboard(&signboard).ok_or_else(|| row.corrupt("signboard"))?,
            verified,
            expires_at: row.time("expires_at")?,
            used_at: row.maybe_time("used_at")?,
            version: row.int("version")?,
            account_id,
        })
    }

    pub(super) async fn copy_of(&mut self, binding: &Binding) -> Result<Option<Kept>, StoreError> {
        let id = binding.binding_id.as_str();
        let Some(row) = self.one(&COPY_FIND, args![id]).await? else {
            return Ok(None);
        };
        let text = self
            .open_for(&binding.account_id, COPY, id, &row.text("body")?)
            .await?;
        serde_json::from_str(&text)
            .map(Some)
            .map_err(|_| row.corrupt("body"))
    }
}

impl<C: WriteConn> Sql<C> {
    pub(super) async fn offer_add(
        &mut self,
        token: &Secret,
        offered: &Offered,
    ) -> Result<(), StoreError> {
        let digest = self.digest(TOKEN, token.expose())?;
        let account = &offered.account_id;
        let archive_token = self
            .seal_for(
                account,
                ARCHIVE_TOKEN,
                &digest,
                offered.archive_token.expose(),
            )
            .await?;
        let signboard = self
            .seal_for(
                account,
                SIGNBOARD,
                &digest,
                &signboard_text(&offered.signboard),
            )
            .await?;
        let verified = self.sealed_verified(&digest, offered).await?;
        let args = args![
            digest,
            account,
            &offered.session_id,
            offered.level.as_str(),
            archive_token,
            offered.archive_role.as_str(),
            signboard,
            verified,
            offered.expires_at,
            offered.used_at,
            offered.version,
        ];
        self.touched(&ADD, args).await.map(drop)
    }

    pub(super) async fn offer_save(
        &mut self,
        token: &Secret,
        offered: &Offered,
    ) -> Result<(), StoreError> {
        let digest = self.digest(TOKEN, token.expose())?;
        let verified = self.sealed_verified(&digest, offered).await?;
        let args = args![digest, verified, offered.used_at, offered.version];
        if self.changed(&SAVE, args).await? {
            Ok(())
        } else {
            Err(StoreError::Conflict)
        }
    }

    async fn sealed_verified(
        &mut self,
        digest: &str,
        offered: &Offered,
    ) -> Result<Option<String>, StoreError> {
        let Some(verified) = &offered.verified else {
            return Ok(None);
        };
        let text = verified_text(verified);
        self.seal_for(&offered.account_id, VERIFIED, digest, &text)
            .await
            .map(Some)
    }

    pub(super) async fn offers_purge(&mut self, before: Time) -> Result<u64, StoreError> {
        self.touched(&PURGE, args![before]).await
    }

    pub(super) async fn keep_copy(
        &mut self,
        binding: &Binding,
        kept: &Kept,
    ) -> Result<(), StoreError> {
        let id = binding.binding_id.as_str();
        let text = serde_json::to_string(kept).map_err(|_| StoreError::Corrupt {
            table: "archive_copy",
            column: "body",
        })?;
        let body = self.seal_for(&binding.account_id, COPY, id, &text).await?;
        self.touched(&COPY_KEEP, args![id, body, kept.kept_at])
            .await
            .map(drop)
    }

    pub(super) async fn drop_copy(&mut self, id: &BindingId) -> Result<(), StoreError> {
        self.touched(&COPY_DROP, args![id]).await.map(drop)
    }
}
