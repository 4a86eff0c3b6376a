//! Notices that did not verify (money.md 5, "wrong Alipay public key"): never acknowledged, never
//! believed, but kept for a while. When the key was wrong and is right now, they are notices after
//! all; until then the query credits what was paid.

use sha2::{Digest as _, Sha256};

use super::ports::Notice;
use super::{PaymentError, Payments};
use crate::inbox::{InboxState, Message, Unverified};
use crate::jobs::runner::{Task, TaskFailure};
use crate::shared::time::Time;
use crate::store::{Tx, atomically};
use async_trait::async_trait;

/// More are not kept: whoever sends rubbish must not fill the store.
const QUARANTINED_MAX: i64 = 2_000;
/// A real notice stays below 4 KiB; a longer one is not worth keeping.
const QUARANTINED_BYTES_MAX: usize = 8 * 1024;
/// The channel repeats a notice for 25 hours; after a week nobody will mend a key for it.
const QUARANTINED_DAYS: i64 = 7;
/// How often the kept ones are read again.
const AGAIN_EVERY_S: i64 = 60;
const PAGE: i64 = 100;
const DAY_S: i64 = 86_400;

impl Payments {
    /// Keeps what did not verify, if there is room.
    pub(super) async fn quarantine(&self, raw: &[u8], trace_id: &str) -> Result<(), PaymentError> {
        let text = std::str::from_utf8(raw).ok();
        let Some(text) = text.filter(|text| text.len() <= QUARANTINED_BYTES_MAX) else {
            return Ok(());
        };
        let message = Unverified {
            digest: hex::encode(Sha256::digest(raw)),
            raw: text.to_owned(),
            trace_id: trace_id.to_owned(),
            received_at: self.now(),
        };
        atomically(self.store(), async |tx: &mut Tx| {
            let kept = tx.inbox().quarantine(&message, QUARANTINED_MAX).await?;
            Ok::<_, PaymentError>(kept)
        })
        .await
        .map(drop)
    }

    /// Reads the kept ones again; those that verify now become stored notices. How many did.
    ///
    /// # Errors
    /// [`PaymentError::Store`].
    pub async fn reread_quarantine(&self) -> Result<usize, PaymentError> {
        let (mut after, mut freed) = (String::new(), 0_usize);
        loop {
            let page = atomically(self.store(), async |tx: &mut Tx| {
                Ok::<_, PaymentError>(tx.inbox().quarantined(&after, PAGE).await?)
            })
            .await?;
            let Some(last) = page.last() else {
                return Ok(freed);
            };
            after.clone_from(&last.digest);
            for kept in &page {
                if let Ok(notice) = self.ports.notices.read(kept.raw.as_bytes()) {
                    self.free(kept, &notice).await?;
                    freed = freed.saturating_add(1);
                }
            }
        }
    }

    async fn free(&self, kept: &Unverified, notice: &Notice) -> Result<(), PaymentError> {
        let message = Message {
            source: super::notice::SOURCE.to_owned(),
            message_id: notice.notify_id.clone(),
            raw: kept.raw.clone(),
            trace_id: kept.trace_id.clone(),
            received_at: kept.received_at,
            state: InboxState::Received,
        };
        atomically(self.store(), async |tx: &mut Tx| {
            tx.inbox().receive(&message).await?;
            tx.inbox().leave_quarantine(&kept.digest).await?;
            Ok(())
        })
        .await
    }
}

/// The timed task that reads quarantined notices again, and forgets what is old.
#[derive(Debug, Clone)]
pub struct Quarantine(pub Payments);

#[async_trait]
impl Task for Quarantine {
    fn name(&self) -> &'static str {
        "payments.quarantine"
    }

    fn every_s(&self) -> i64 {
        AGAIN_EVERY_S
    }

    async fn run(&self, now: Time) -> Result<(), TaskFailure> {
        let freed = self
            .0
            .reread_quarantine()
            .await
            .map_err(TaskFailure::store)?;
        if freed > 0 {
            tracing::warn!(notices = freed, "payments.quarantine.verified_now");
        }
        let before = now.plus_seconds(-QUARANTINED_DAYS * DAY_S);
        let counted_before = now.plus_seconds(-DAY_S);
        atomically(self.0.store(), async |tx: &mut Tx| {
            tx.payments().purge_pace(counted_before).await?;
            Ok::<_, PaymentError>(tx.inbox().purge_quarantine(before).await?)
        })
        .await
        .map(drop)
        .map_err(TaskFailure::store)
    }
}
