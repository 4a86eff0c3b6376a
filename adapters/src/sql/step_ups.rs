//! What sessions were lately shown to be their owners' for: on the session's row, exactly what as the digest
//! that the code had.

use async_trait::async_trait;
use lifeline_core::accounts::otp::Otp;
use lifeline_core::accounts::ports::StepUpStore;
use lifeline_core::accounts::step_up::{Deed, Errand, StepUp};
use lifeline_core::shared::ids::{OtpId, SessionId};
use lifeline_core::shared::time::Time;
use lifeline_core::store::StoreError;

use super::otps::{ACT, otp};
use super::statement::statements;
use super::value::args;
use super::{Conn, Sql, WriteConn};

statements! { "step_ups":
    STEPPED_UP("session") = "SELECT step_up_act, stepped_up_at FROM session \
        WHERE session_id = $1 AND ended_at IS NULL AND stepped_up_at IS NOT NULL";
    STEP_UP("session") = "UPDATE session SET step_up_act = $2, stepped_up_at = $3, \
        step_up_digest = (SELECT o.act_digest FROM otp o WHERE o.otp_id = $4) \
        WHERE session_id = $1 AND ended_at IS NULL";
    SPEND("session") = "UPDATE session SET step_up_act = NULL, stepped_up_at = NULL, step_up_digest = NULL \
        WHERE session_id = $1 AND ended_at IS NULL AND step_up_act = $2 AND step_up_digest = $3 AND stepped_up_at > $4";
    NEWEST("otp") = "SELECT otp_id, account_id, session_id, purpose, phone_key, tries, asked_at, expires_at, spent_at, \
        version FROM otp WHERE session_id = $1 \
        AND purpose IN ('export', 'erase', 'pay', 'unlink', 'change_phone', 'merge', 'certify') ORDER BY asked_at DESC, otp_id DESC LIMIT 1";
}

impl<C: Conn> Sql<C> {
    pub(super) async fn step_up_of(
        &mut self,
        session: &SessionId,
    ) -> Result<Option<StepUp>, StoreError> {
        let Some(row) = self.one(&STEPPED_UP, args![session]).await? else {
            return Ok(None);
        };
        Ok(Some(StepUp {
            deed: row.parsed("step_up_act", Deed::parse)?,
            at: row.time("stepped_up_at")?,
        }))
    }
}

#[async_trait]
impl<C: WriteConn> StepUpStore for Sql<C> {
    async fn newest_step_up_code(
        &mut self,
        family: &SessionId,
    ) -> Result<Option<(Deed, Otp)>, StoreError> {
        let Some(row) = self.one(&NEWEST, args![family]).await? else {
            return Ok(None);
        };
        let found = otp(&row)?;
        let deed = Deed::ALL
            .into_iter()
            .find(|deed| deed.purpose() == found.purpose);
        Ok(deed.map(|deed| (deed, found)))
    }

    async fn step_up(
        &mut self,
        session: &SessionId,
        code: &OtpId,
        step_up: StepUp,
    ) -> Result<(), StoreError> {
        let args = args![session, step_up.deed.as_str(), step_up.at, code];
        if self.changed(&STEP_UP, args).await? {
            Ok(())
        } else {
            Err(StoreError::Conflict)
        }
    }

    async fn spend_step_up(
        &mut self,
        session: &SessionId,
        errand: &Errand,
        after: Time,
    ) -> Result<bool, StoreError> {
        let digest = self.digest(ACT, errand.act().expose())?;
        let args = args![session, errand.deed().as_str(), digest, after];
        self.changed(&SPEND, args).await
    }
}
