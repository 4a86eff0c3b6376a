//! The rows by which a notice leaves as SMS, and by which its leaving is told to the room that waits for it.

use serde::{Deserialize, Serialize};

use super::news::{self, Unreadable, moment, names_a_home};
use super::notice::{Notice, Told};
use super::ports::Sms;
use super::words::Template;
use crate::outbox::{Event, Lane};
use crate::shared::ids::{AccountId, EventId, NoticeId};
use crate::shared::personal::Phone;
use crate::shared::time::Time;

/// A notice on its way to a phone.
pub(super) const TEXT: &str = "notices.sms";
/// A message about something was taken by the SMS platform: what rests on having been told begins.
pub(super) const HANDED_OVER: &str = "notices.handed_over";

/// Body of [`TEXT`]: which notice, never its facts or the phone, which are read when it leaves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Text {
    pub(super) notice_id: NoticeId,
    pub(super) account_id: AccountId,
}

impl Text {
    /// The outbox row that sends a notice by SMS; a row of its own key, so that a phone that cannot
    /// be reached holds up nothing else, and which goes with what it tells of (`cause`).
    ///
    /// # Errors
    /// [`Unreadable`] when the body cannot be written.
    pub(super) fn event(
        notice: &Notice,
        event_id: EventId,
        cause: &Event,
        now: Time,
    ) -> Result<Event, Unreadable> {
        let body = Self {
            notice_id: notice.notice_id.clone(),
            account_id: notice.account_id.clone(),
        };
        Ok(Event {
            event_id,
            kind: TEXT.to_owned(),
            ordering_key: format!("notice:{}", notice.notice_id),
            body: serde_json::to_string(&body).map_err(|_| Unreadable)?,
            trace_id: cause.trace_id.clone(),
            created_at: now,
            available_at: now,
            money: false,
            lane: cause.lane,
        })
    }
}

/// Body of [`HANDED_OVER`]: what the message was about, never whom it went to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct HandedOver {
    about: String,
}

impl HandedOver {
    /// The row that tells the room which asked for a notice that it left; none when nobody waits for that.
    pub(super) fn event(
        notice: &Notice,
        event_id: EventId,
        trace_id: &str,
        now: Time,
    ) -> Option<Event> {
        let (Told::CheckTask(sold) | Told::CheckReminder(sold)) = &notice.told else {
            return None;
        };
        let about = sold.check_task_id.clone();
        let ordering_key = format!("handed_over:{about}");
        Some(Event {
            event_id,
            kind: HANDED_OVER.to_owned(),
            ordering_key,
            body: serde_json::to_string(&Self { about }).ok()?,
            trace_id: trace_id.to_owned(),
            created_at: now,
            available_at: now,
            money: false,
            lane: Lane::Usual,
        })
    }
}

/// Body of what goes to a phone that need not be anybody's account's. Not printable.
#[derive(Deserialize)]
pub(super) struct ToPhone {
    phone: String,
    /// Of what is about a home.
    consumer_tail: Option<String>,
    happened_at: String,
}

impl ToPhone {
    /// The message it stands for.
    pub(super) fn sms(event: &Event) -> Result<Sms, Unreadable> {
        let said: Self = serde_json::from_str(&event.body).map_err(|_| Unreadable)?;
        let at = moment(&said.happened_at)?;
        let template = match (event.kind.as_str(), said.consumer_tail) {
            (news::PAYEE_CHANGED_PHONE, None) => Template::dated("LL_PAYEE_CHANGED", at),
            (news::PHONE_CHANGED, None) => Template::dated("LL_PHONE_CHANGED", at),
            (news::MERGED_PHONE, None) => Template::dated("LL_MERGED", at),
            (news::CERTIFIED_PHONE, None) => Template::dated("LL_FACE_CERTIFIED", at),
            (news::ARCHIVE_OFFERED, Some(tail)) if names_a_home(&tail) => {
                Template::archive_offered(tail, at)
            }
            _ => return Err(Unreadable),
        };
        Ok(Sms {
            message_id: event.event_id.as_str().to_owned(),
            phone: Phone::from_store(said.phone),
            template_id: template.id,
            params: template.params,
        })
    }
}
