//! Limits and bans as staff see them: what runs, why and until when; lifting one with a reason.

use super::error::OperatorError;
use super::sign_in::{Acting, Operators};
use super::step_up::{StepUp, step_up};
use crate::bans::{Ban, Lifted};
use crate::cases::four_eyes::REASON_CHARS;
use crate::shared::ids::BanId;
use crate::store::{Tx, atomically, snapshot};

impl Operators {
    /// Bans, the newest first; `before` is the last one seen.
    ///
    /// # Errors
    /// [`OperatorError::NoSuch`] for a place to go on from that is not there, or the store's.
    pub async fn bans(
        &self,
        before: Option<&BanId>,
        limit: i64,
    ) -> Result<Vec<Ban>, OperatorError> {
        let mut view = snapshot(&*self.store).await?;
        let before = match before {
            None => None,
            Some(id) => {
                let seen = view.bans().find(id).await?;
                Some(seen.ok_or(OperatorError::NoSuch)?)
            }
        };
        Ok(view.bans().list(before.as_ref(), limit).await?)
    }

    /// Lifts a ban that runs. Every node lets its target in again within a second. It takes a code of one's own
    /// phone (money.md 3.11).
    ///
    /// # Errors
    /// [`OperatorError::Reason`], [`OperatorError::Code`], [`OperatorError::NoSuch`], [`OperatorError::NotAsThingsStand`] when
    /// it is over or lifted already, or the store's.
    pub async fn lift_ban(
        &self,
        acting: &Acting,
        id: &BanId,
        reason: &str,
        code: &str,
    ) -> Result<(), OperatorError> {
        let reason = reason.trim();
        if !REASON_CHARS.contains(&reason.chars().count()) {
            return Err(OperatorError::Reason);
        }
        let maker = self.maker();
        let now = maker.now();
        let line = acting.line(maker.uuid(), now, "bans.lift", id.as_str(), "ok");
        let line = &line;
        let shown = atomically(&*self.store, async |tx: &mut Tx| {
            // A wrong code is counted, so the unit commits.
            if step_up(tx, acting, code, now).await? != StepUp::Shown {
                return Ok(false);
            }
            let ban = tx.bans().find(id).await?;
            let ban = ban.ok_or(OperatorError::NoSuch)?;
            if !ban.runs(now) {
                return Err(OperatorError::NotAsThingsStand);
            }
            let lifted = Ban {
                lifted: Some(Lifted {
                    at: now,
                    by: acting.actor(),
                    why: reason.to_owned(),
                }),
                ..ban
            };
            tx.bans().save(&lifted).await?;
            tx.audit().append(line).await?;
            Ok(true)
        })
        .await?;
        shown.then_some(()).ok_or(OperatorError::Code)
    }
}
