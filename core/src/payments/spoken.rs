//! What marketing says of itself (money.md 3.9): that something of ours may have moved. Nothing of it is believed:
//! the lines whose next turn is a question to marketing are due now; what would send or fence waits as before.

use super::sweep::WOKEN_MAX;
use super::{PaymentError, Payments};
use crate::inbox::signed::Sender;
use crate::inbox::{InboxState, Message};
use crate::store::{Tx, atomically};

impl Payments {
    /// Takes a message that marketing signed, once by its nonce; false when it was taken before.
    pub async fn marketing_spoke(
        &self,
        nonce: &str,
        raw: &str,
        trace_id: &str,
    ) -> Result<bool, PaymentError> {
        let now = self.now();
        let message = Message {
            source: Sender::Marketing.as_str().to_owned(),
            message_id: nonce.to_owned(),
            raw: raw.to_owned(),
            trace_id: trace_id.to_owned(),
            received_at: now,
            state: InboxState::Received,
        };
        atomically(self.store(), async |tx: &mut Tx| {
            if !tx.inbox().receive(&message).await? {
                return Ok(false);
            }
            tx.payments().wake_questions(now, WOKEN_MAX).await?;
            tx.inbox()
                .mark_applied(&message.source, &message.message_id, now)
                .await?;
            Ok(true)
        })
        .await
    }
}
