//! Stored notices worked once more because somebody asked for it, as the sweeper works those that were left behind.

use super::notice::SOURCE;
use super::poison::survive;
use super::{PaymentError, Payments, Worked};
use crate::inbox::Waiting;
use crate::shared::time::Time;
use crate::store::{Tx, atomically};

/// Notices read at once.
const PAGE: i64 = 100;

/// What became of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Had not verified when they came, and do now: they are among the others.
    pub verified: usize,
    pub applied: usize,
    /// Applied before, or by somebody else meanwhile.
    pub repeats: usize,
    pub not_ours: usize,
    /// Stay stored: they cannot be read, or what they say was not confirmed.
    pub kept: usize,
}

impl Replayed {
    fn count(&mut self, worked: Option<Result<Worked, PaymentError>>) {
        let one = match worked {
            Some(Ok(Worked::Applied)) => &mut self.applied,
            Some(Ok(Worked::Repeat)) => &mut self.repeats,
            Some(Ok(Worked::NotOurs)) => &mut self.not_ours,
            Some(Ok(Worked::Later)) | None => &mut self.kept,
            Some(Err(error)) => {
                tracing::error!(%error, "payments.notice.failed");
                &mut self.kept
            }
        };
        *one = one.saturating_add(1);
    }
}

impl Payments {
    /// Works every stored notice that was not worked to its end, or only those that came at `since` or later. Harmless beside
    /// the sweeper and to repeat: each is applied in the unit that marks it.
    ///
    /// # Errors
    /// [`PaymentError::Store`]; what one notice alone fails with keeps no other from being worked.
    pub async fn replay(&self, since: Option<Time>) -> Result<Replayed, PaymentError> {
        let mut replayed = Replayed {
            verified: self.reread_quarantine().await?,
            ..Replayed::default()
        };
        let before = self.now().plus_seconds(1);
        let mut after = since.map(|received_at| Waiting {
            received_at,
            message_id: String::new(),
        });
        loop {
            let page = atomically(self.store(), async |tx: &mut Tx| {
                let after = after.as_ref();
                Ok::<_, PaymentError>(tx.inbox().pending(SOURCE, before, after, PAGE).await?)
            })
            .await?;
            let Some(last) = page.last().cloned() else {
                return Ok(replayed);
            };
            for waiting in &page {
                let id = &waiting.message_id;
                replayed.count(survive("notice", id, self.work_notice(id)).await);
            }
            after = Some(last);
        }
    }
}
