//! What the SMS platform says became of a message (money.md 3.9): kept under the message's id, each word once.

use super::ports::Report;
use super::{NoticeError, Notices};
use crate::inbox::signed::Sender;
use crate::inbox::{InboxState, Message};
use crate::shared::ids::EventId;
use crate::store::{Tx, atomically};

impl Notices {
    /// Takes a word that the platform signed, once by its nonce; false when it was taken before. The first word
    /// about a message stays.
    pub async fn reported(
        &self,
        nonce: &str,
        raw: &str,
        message: &EventId,
        delivered: bool,
        trace_id: &str,
    ) -> Result<bool, NoticeError> {
        let now = self.clock.now();
        let word = Message {
            source: Sender::Sms.as_str().to_owned(),
            message_id: nonce.to_owned(),
            raw: raw.to_owned(),
            trace_id: trace_id.to_owned(),
            received_at: now,
            state: InboxState::Received,
        };
        let report = Report {
            delivered,
            told_at: now,
        };
        atomically(&*self.store, async |tx: &mut Tx| {
            if !tx.inbox().receive(&word).await? {
                return Ok(false);
            }
            tx.notices().add_report(message, &report).await?;
            tx.inbox()
                .mark_applied(&word.source, &word.message_id, now)
                .await?;
            Ok(true)
        })
        .await
    }
}
