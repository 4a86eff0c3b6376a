//! What other rooms say through the outbox, read into this room's own types, and the row by which a
//! notice leaves as SMS. Fields this room has no use for are left alone: a room above may say more.

use serde::{Deserialize, Serialize};

use super::notice::{Kind, Notice, Receipt};
use crate::outbox::Event;
use crate::shared::ids::{AccountId, EventId, NoticeId, PaymentId};
use crate::shared::money::Fen;
use crate::shared::time::Time;

/// A line of a payment was credited by the utility.
pub const POSTED: &str = "payments.posted";
/// A line's money went back to the payer.
pub const REFUNDED: &str = "payments.refunded";
/// A notice on its way to a phone.
pub const TEXT: &str = "notices.sms";

#[derive(Deserialize)]
struct Posted {
    payment_id: PaymentId,
    account_id: AccountId,
    consumer_tail: String,
    amount_fen: Fen,
    posted_at: String,
}

#[derive(Deserialize)]
struct Refunded {
    payment_id: PaymentId,
    account_id: AccountId,
    consumer_tail: String,
    amount_fen: Fen,
    refunded_at: String,
}

/// A fact that somebody is to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    pub account_id: AccountId,
    pub payment_id: PaymentId,
    pub kind: Kind,
    pub receipt: Receipt,
}

/// Why an event can never be told: it is of another kind, or not of the agreed shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an event this room can tell")]
pub struct Unreadable;

impl News {
    /// Reads an event of [`POSTED`] or [`REFUNDED`].
    ///
    /// # Errors
    /// [`Unreadable`] when it is neither, when a field is missing or of another type, when the
    /// amount is not positive or the home is not named by four digits.
    pub fn read(kind: &str, body: &str) -> Result<Self, Unreadable> {
        match kind {
            POSTED => {
                let said: Posted = serde_json::from_str(body).map_err(|_| Unreadable)?;
                Ok(Self {
                    account_id: said.account_id,
                    payment_id: said.payment_id,
                    kind: Kind::Credited,
                    receipt: receipt(said.consumer_tail, said.amount_fen, &said.posted_at)?,
                })
            }
            REFUNDED => {
                let said: Refunded = serde_json::from_str(body).map_err(|_| Unreadable)?;
                Ok(Self {
                    account_id: said.account_id,
                    payment_id: said.payment_id,
                    kind: Kind::Refunded,
                    receipt: receipt(said.consumer_tail, said.amount_fen, &said.refunded_at)?,
                })
            }
            _ => Err(Unreadable),
        }
    }

    /// The notice of this fact.
    #[must_use]
    pub fn into_notice(self, event_id: EventId, notice_id: NoticeId, now: Time) -> Notice {
        Notice {
            notice_id,
            account_id: self.account_id,
            event_id,
            kind: self.kind,
            receipt: self.receipt,
            payment_id: self.payment_id,
            created_at: now,
            read_at: None,
            texted_at: None,
        }
    }
}

fn receipt(consumer_tail: String, amount_fen: Fen, at: &str) -> Result<Receipt, Unreadable> {
    let named = consumer_tail.len() == 4 && consumer_tail.bytes().all(|b| b.is_ascii_digit());
    if !named || !amount_fen.is_positive() {
        return Err(Unreadable);
    }
    Ok(Receipt {
        consumer_tail,
        amount_fen,
        happened_at: Time::parse_rfc3339(at).map_err(|_| Unreadable)?,
    })
}

/// Body of [`TEXT`]: which notice, never its facts or the phone, which are read when it leaves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    pub notice_id: NoticeId,
    pub account_id: AccountId,
}

impl Text {
    /// The outbox row that sends a notice by SMS; a row of its own key, so that a phone that cannot
    /// be reached holds up nothing else.
    ///
    /// # Errors
    /// [`Unreadable`] when the body cannot be written.
    pub fn event(
        notice: &Notice,
        event_id: EventId,
        trace_id: &str,
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
            trace_id: trace_id.to_owned(),
            created_at: now,
            available_at: now,
            money: false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn said(at: &str) -> Value {
        json!({
            "event_id": "019aa2f0-0000-7000-8000-000000000009",
            "payment_id": "019aa2f0-0000-7000-8000-000000000001",
            "account_id": "019aa2f0-0000-7000-8000-000000000002",
            "binding_id": "019aa2f0-0000-7000-8000-000000000003",
            "consumer_tail": "0017",
            "amount_fen": 8520,
            "purpose": "arrears",
            at: "2026-11-20T10:01:02+08:00",
        })
    }

    #[test]
    fn both_events_are_read() {
        for (event, at, kind) in [
            (POSTED, "posted_at", Kind::Credited),
            (REFUNDED, "refunded_at", Kind::Refunded),
        ] {
            let news = News::read(event, &said(at).to_string()).unwrap();
            assert_eq!(news.kind, kind);
            assert_eq!(news.receipt.amount_fen, Fen::new(8_520));
            assert_eq!(
                news.receipt.happened_at.rfc3339(),
                "2026-11-20T10:01:02+08:00"
            );
        }
    }

    #[test]
    fn what_is_not_of_the_agreed_shape_is_not_told() {
        let spoil = |field: &str, value: Value| {
            let mut body = said("posted_at");
            body[field] = value;
            News::read(POSTED, &body.to_string())
        };
        assert!(spoil("amount_fen", json!(1)).is_ok());
        for (field, value) in [
            ("amount_fen", json!(0)),
            ("amount_fen", json!(-1)),
            ("amount_fen", json!("8520")),
            ("amount_fen", json!(85.2)),
            ("consumer_tail", json!("017")),
            ("consumer_tail", json!("00１7")),
            ("consumer_tail", json!("{yuan}")),
            ("posted_at", json!("2026-11-20")),
            ("account_id", Value::Null),
        ] {
            assert_eq!(
                spoil(field, value.clone()),
                Err(Unreadable),
                "{field} {value}"
            );
        }
        let body = said("posted_at").to_string();
        assert_eq!(News::read(REFUNDED, &body), Err(Unreadable));
        assert_eq!(News::read("payments.nudge", &body), Err(Unreadable));
        assert_eq!(News::read(POSTED, "[]"), Err(Unreadable));
    }
}
