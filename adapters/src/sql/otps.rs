//! One-time codes and counters of guesses. Codes, phones, acts and keys are keyed digests only.

use async_trait::async_trait;
use lifeline_core::accounts::attempts::Guard;
use lifeline_core::accounts::otp::{Act, Otp, OtpPurpose};
use lifeline_core::accounts::ports::{AttemptStore, OtpStore};
use lifeline_core::accounts::secret::Secret;
use lifeline_core::shared::ids::{OtpId, SessionId};
use lifeline_core::shared::personal::Phone;
use lifeline_core::shared::time::Time;
use lifeline_core::store::StoreError;
use subtle::ConstantTimeEq as _;

use super::statement::statements;
use super::value::args;
use super::{Conn, Field, Row, Sql, WriteConn};

statements! { "otps":
    ADD("otp") = "INSERT INTO otp (otp_id, account_id, session_id, purpose, act_digest, tries, asked_at, expires_at, \
        spent_at, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    ARM("otp") = "UPDATE otp SET phone_key = $2, code_digest = $3, version = version + 1 \
        WHERE otp_id = $1 AND phone_key IS NULL";
    NEWEST("otp") = "SELECT otp_id, account_id, session_id, purpose, phone_key, tries, asked_at, expires_at, spent_at, \
        version FROM otp WHERE session_id = $1 AND purpose = $2 AND act_digest = $3 \
        ORDER BY asked_at DESC, otp_id DESC LIMIT 1";
    CODE("otp") = "SELECT code_digest FROM otp WHERE otp_id = $1";
    SAVE("otp") = "UPDATE otp SET tries = $2, spent_at = $3, version = version + 1 \
        WHERE otp_id = $1 AND version = $4";
    PURGE("otp") = "DELETE FROM otp WHERE expires_at < $1";
    TALLY_ADD("attempt") = "INSERT INTO attempt (guard, key_digest, period, tally, moved_at) VALUES ($1, $2, $3, 1, $4) \
        ON CONFLICT (guard, key_digest, period) DO UPDATE SET tally = attempt.tally + 1, moved_at = excluded.moved_at \
        RETURNING tally AS n";
    TALLY("attempt") = "SELECT tally AS n FROM attempt WHERE guard = $1 AND key_digest = $2 AND period = $3";
    VALUE_ADD("attempt_value") = "INSERT INTO attempt_value (guard, key_digest, period, value_digest, moved_at) \
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (guard, key_digest, period, value_digest) DO NOTHING";
    VALUE_COUNT("attempt_value") = "SELECT COUNT(*) AS n FROM attempt_value \
        WHERE guard = $1 AND key_digest = $2 AND period = $3";
    VALUE_AFTER("attempt_value") = "SELECT COUNT(*) AS n FROM attempt_value \
        WHERE guard = $1 AND key_digest = $2 AND period = $3 AND moved_at > $4";
    VALUE_FORGET("attempt_value") = "DELETE FROM attempt_value \
        WHERE guard = $1 AND key_digest = $2 AND period = $3 AND value_digest = $4";
    PURGE_TALLIES("attempt") = "DELETE FROM attempt WHERE moved_at < $1";
    PURGE_VALUES("attempt_value") = "DELETE FROM attempt_value WHERE moved_at < $1";
}

pub(super) const ACT: Field = Field::new("otp", "act_digest");
const PHONE: Field = Field::new("otp", "phone_key");
const CODE_DIGEST: Field = Field::new("otp", "code_digest");
const KEY: Field = Field::new("attempt", "key_digest");
const VALUE: Field = Field::new("attempt_value", "value_digest");

impl<C: Conn> Sql<C> {
    /// A code's digest, bound to its row: equal codes of two rows have unequal digests.
    fn code_digest(&self, id: &OtpId, code: &Secret) -> Result<String, StoreError> {
        self.digest(CODE_DIGEST, &format!("{id}:{}", code.expose()))
    }

    /// A counter's key. The guard is part of it: one phone under two guards has two digests.
    fn tally_key(&self, guard: Guard, key: &str) -> Result<String, StoreError> {
        self.digest(KEY, &format!("{}:{key}", guard.as_str()))
    }
}

#[async_trait]
impl<C: WriteConn> OtpStore for Sql<C> {
    async fn add_otp(&mut self, otp: &Otp, act: &Act) -> Result<(), StoreError> {
        let act = self.digest(ACT, act.expose())?;
        let args = args![
            &otp.otp_id,
            &otp.account_id,
            &otp.session_id,
            otp.purpose.as_str(),
            act,
            otp.tries,
            otp.asked_at,
            otp.expires_at,
            otp.spent_at,
            otp.version,
        ];
        self.touched(&ADD, args).await.map(drop)
    }

    async fn arm_otp(
        &mut self,
        id: &OtpId,
        phone: &Phone,
        code: &Secret,
    ) -> Result<bool, StoreError> {
        let phone = self.digest(PHONE, phone.expose())?;
        let code = self.code_digest(id, code)?;
        self.changed(&ARM, args![id, phone, code]).await
    }

    async fn newest_otp(
        &mut self,
        session: &SessionId,
        purpose: OtpPurpose,
        act: &Act,
    ) -> Result<Option<Otp>, StoreError> {
        let act = self.digest(ACT, act.expose())?;
        let row = self
            .one(&NEWEST, args![session, purpose.as_str(), act])
            .await?;
        row.as_ref().map(otp).transpose()
    }

    async fn otp_matches(&mut self, id: &OtpId, typed: &Secret) -> Result<bool, StoreError> {
        let typed = self.code_digest(id, typed)?;
        let row = self.one(&CODE, args![id]).await?;
        let held = row
            .map(|row| row.maybe_text("code_digest"))
            .transpose()?
            .flatten();
        // A code not made yet is compared too, with nothing: the same work.
        let held = held.unwrap_or_default();
        Ok(bool::from(held.as_bytes().ct_eq(typed.as_bytes())))
    }

    async fn save_otp(&mut self, otp: &Otp) -> Result<(), StoreError> {
        let args = args![&otp.otp_id, otp.tries, otp.spent_at, otp.version];
        if self.changed(&SAVE, args).await? {
            Ok(())
        } else {
            Err(StoreError::Conflict)
        }
    }

    async fn purge_otps(&mut self, before: Time) -> Result<u64, StoreError> {
        self.touched(&PURGE, args![before]).await
    }
}

#[async_trait]
impl<C: WriteConn> AttemptStore for Sql<C> {
    async fn count_attempt(
        &mut self,
        guard: Guard,
        key: &str,
        window: &str,
        now: Time,
    ) -> Result<i64, StoreError> {
        let key = self.tally_key(guard, key)?;
        self.count(&TALLY_ADD, args![guard.as_str(), key, window, now])
            .await
    }

    async fn attempts(&mut self, guard: Guard, key: &str, window: &str) -> Result<i64, StoreError> {
        let key = self.tally_key(guard, key)?;
        self.count(&TALLY, args![guard.as_str(), key, window]).await
    }

    async fn note_distinct(
        &mut self,
        guard: Guard,
        key: &str,
        window: &str,
        value: &str,
        now: Time,
    ) -> Result<i64, StoreError> {
        let key = self.tally_key(guard, key)?;
        let value = self.digest(VALUE, value)?;
        self.touched(&VALUE_ADD, args![guard.as_str(), &key, window, value, now])
            .await?;
        self.count(&VALUE_COUNT, args![guard.as_str(), key, window])
            .await
    }

    async fn distinct_after(
        &mut self,
        guard: Guard,
        key: &str,
        window: &str,
        after: Time,
    ) -> Result<i64, StoreError> {
        let key = self.tally_key(guard, key)?;
        self.count(&VALUE_AFTER, args![guard.as_str(), key, window, after])
            .await
    }

    async fn forget_distinct(
        &mut self,
        guard: Guard,
        key: &str,
        window: &str,
        value: &str,
    ) -> Result<(), StoreError> {
        let key = self.tally_key(guard, key)?;
        let value = self.digest(VALUE, value)?;
        self.touched(&VALUE_FORGET, args![guard.as_str(), key, window, value])
            .await
            .map(drop)
    }

    async fn purge_attempts(&mut self, before: Time) -> Result<u64, StoreError> {
        let tallies = self.touched(&PURGE_TALLIES, args![before]).await?;
        let values = self.touched(&PURGE_VALUES, args![before]).await?;
        Ok(tallies.saturating_add(values))
    }
}

pub(super) fn otp(row: &Row) -> Result<Otp, StoreError> {
    Ok(Otp {
        otp_id: row.id("otp_id")?,
        account_id: row.id("account_id")?,
        session_id: row.id("session_id")?,
        purpose: row.parsed("purpose", OtpPurpose::parse)?,
        phone_key: row.maybe_text("phone_key")?,
        tries: row.int("tries")?,
        asked_at: row.time("asked_at")?,
        expires_at: row.time("expires_at")?,
        spent_at: row.maybe_time("spent_at")?,
        version: row.int("version")?,
    })
}
