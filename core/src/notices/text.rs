//! Sending a notice by SMS. Whom and whether is decided when it leaves: a consent taken back or a
//! phone that moved meanwhile counts. Receipts answer what the person just did, so quiet hours do
//! not hold them back.

use super::leaving::{HandedOver, Text, ToPhone};
use super::ports::Sms;
use super::tell::store_said;
use super::words::Template;
use super::{Notice, Notices};
use crate::accounts::{self, Purpose};
use crate::outbox::Event;
use crate::outbox::relay::Delivery;
use crate::shared::ids::Maker;
use crate::shared::outside::NoAnswer;
use crate::shared::personal::Phone;
use crate::store::{StoreError, Tx, atomically, snapshot};

impl Notices {
    pub(super) async fn carry_text(&self, event: &Event) -> Delivery {
        let Ok(text) = serde_json::from_str::<Text>(&event.body) else {
            return Delivery::Never {
                reason: "unreadable_body",
            };
        };
        let (notice, phone) = match self.addressed(&text).await {
            Ok(Some(found)) => found,
            Ok(None) => return Delivery::Done,
            Err(error) => return store_said(&error),
        };
        let Some(template) = Template::of(&notice.told) else {
            return Delivery::Done;
        };
        let sms = Sms {
            message_id: event.event_id.as_str().to_owned(),
            phone,
            template_id: template.id,
            params: template.params,
        };
        match self.platform.send(&sms).await {
            Ok(()) => match self.note_texted(&notice, &event.trace_id).await {
                Ok(()) => Delivery::Done,
                // Sent again, it is the same message to the platform.
                Err(error) => store_said(&error),
            },
            Err(why) => platform_said(&why),
        }
    }

    /// A message for a phone that is nobody's account here: what it is told concerns its owner, so no
    /// consent is asked for.
    pub(super) async fn carry_to_phone(&self, event: &Event) -> Delivery {
        let Ok(sms) = ToPhone::sms(event) else {
            return Delivery::Never {
                reason: "unreadable_body",
            };
        };
        match self.platform.send(&sms).await {
            Ok(()) => Delivery::Done,
            Err(why) => platform_said(&why),
        }
    }

    /// The notice and the phone it goes to; `None` when it went already or is not to go.
    async fn addressed(&self, text: &Text) -> Result<Option<(Notice, Phone)>, StoreError> {
        let account = &text.account_id;
        let mut view = snapshot(&*self.store).await?;
        let found = view.notices().find(account, &text.notice_id).await?;
        let Some(notice) = found.filter(|notice| notice.texted_at.is_none()) else {
            return Ok(None);
        };
        let consent = accounts::good_consent(&mut view, account, Purpose::Notices).await?;
        if consent.is_none() && !notice.told.kind().is_alarm() {
            return Ok(None);
        }
        let phone = accounts::verified_phone(&mut view, account).await?;
        Ok(phone.map(|phone| (notice, phone)))
    }

    /// One unit: that it left, and the word to the room that waits for it.
    async fn note_texted(&self, notice: &Notice, trace_id: &str) -> Result<(), StoreError> {
        let maker = Maker {
            clock: &*self.clock,
            entropy: &*self.entropy,
        };
        let now = maker.now();
        let word = HandedOver::event(notice, maker.id(), trace_id, now);
        atomically(&*self.store, async |tx: &mut Tx| {
            let (account, id) = (&notice.account_id, &notice.notice_id);
            let marked = tx.notices().mark_texted(account, id, now).await?;
            if let Some(word) = word.as_ref().filter(|_| marked) {
                tx.outbox().add(word).await?;
            }
            Ok(())
        })
        .await
    }
}

/// No answer is asked again under the same message id; the platform knows a repeat by it.
fn platform_said(why: &NoAnswer) -> Delivery {
    match why {
        NoAnswer::NotSent(_) | NoAnswer::Unknown(_) => Delivery::Again {
            reason: "sms_platform_gave_no_answer",
        },
        NoAnswer::Alarm(word) => {
            tracing::error!(reason = word, "notices.sms.alarm");
            Delivery::Again {
                reason: "sms_platform_needs_an_operator",
            }
        }
    }
}
