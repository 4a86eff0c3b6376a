//! What other rooms say through the outbox, read into this room's own types. Fields this room has no use for
//! are left alone: a room above may say more.

use serde::Deserialize;

use super::moved::{of_bill, of_function, of_request};
use super::notice::{Notice, OwnData, Receipt, SoldMonth, Standing, Told};
use crate::shared::ids::{AccountId, EventId, NoticeId, PaymentId};
use crate::shared::money::Fen;
use crate::shared::period::Period;
use crate::shared::time::Time;

/// A line of a payment was credited by the utility.
pub const POSTED: &str = "payments.posted";
/// A line's money went back to the payer.
pub const REFUNDED: &str = "payments.refunded";
/// A line's money is longer on its way back than was promised.
pub const REFUND_LATE: &str = "payments.refund_late";
/// Somebody accepted the holder's invitation to a home.
pub const SHARING_ACCEPTED: &str = "bindings.sharing_accepted";
/// What the holder shared ended on its day.
pub const SHARING_OVER: &str = "bindings.sharing_over";
/// Somebody's access to a home ended on its day.
pub const ACCESS_OVER: &str = "bindings.access_over";
/// The holder took somebody's access away.
pub const ACCESS_TAKEN: &str = "bindings.access_taken";
/// A linked home has another holder.
pub const HOLDER_CHANGED: &str = "bindings.holder_changed";
/// Two certified identities claim one home.
pub const HOLDER_DISPUTED: &str = "bindings.holder_disputed";
/// The certified holder offered values to the archive: to the phone the archive held before, which
/// need not be anybody's account.
pub const ARCHIVE_OFFERED: &str = "bindings.archive_contact";
/// Everything known of a person was handed out.
pub const EXPORTED: &str = "privacy.exported";
/// A person asked to be erased.
pub const ERASURE_ASKED: &str = "privacy.erasure_asked";
/// A person took their wish to be erased back.
pub const ERASURE_WITHDRAWN: &str = "privacy.erasure_withdrawn";
/// A person could not be erased in time.
pub const ERASURE_LATE: &str = "privacy.erasure_late";
/// Something a person asked of the utility has moved on.
pub const REQUEST_MOVED: &str = "requests.moved";
/// Staff suspended a function for a person, or opened it again.
pub const FUNCTION_MOVED: &str = "customers.function_moved";
/// A bill of a home linked to a person is being verified, or is no more.
pub const BILL_MOVED: &str = "customers.bill_moved";
/// A notice on its way to a phone.
pub const TEXT: &str = "notices.sms";
/// A month's settlement waits to be checked by who sold the power.
pub const CHECK_TASK: &str = "settlement.check_task_sent";
/// It still does.
pub const CHECK_REMINDER: &str = "settlement.check_task_reminder";
/// The reviewer agrees with the amount.
pub const REVIEW_UPHELD: &str = "settlement.review_upheld";
/// The reviewer says another amount.
pub const REVIEW_CORRECTED: &str = "settlement.review_corrected";
/// The money of a month was paid.
pub const PAID_OUT: &str = "settlement.paid_out";
/// The bank gave it back.
pub const PAYOUT_RETURNED: &str = "settlement.payout_returned";
/// The platform refused to pay it, several times.
pub const PAYOUT_REFUSED: &str = "settlement.payout_refused";
/// Sold power is paid to another account.
pub const PAYEE_CHANGED: &str = "generation.payee_changed";
/// The same, to the phone that was the owner's before.
pub const PAYEE_CHANGED_PHONE: &str = "generation.payee_changed_phone";
/// An account has another phone: to the one it had.
pub const PHONE_CHANGED: &str = "accounts.phone_changed";
/// An account became one with another: to the phone of either.
pub const MERGED_PHONE: &str = "accounts.merged_phone";
/// Somebody was certified by their face: to the phone of the account.
pub const CERTIFIED_PHONE: &str = "accounts.certified_phone";

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

#[derive(Deserialize)]
struct RefundLate {
    payment_id: PaymentId,
    account_id: AccountId,
    consumer_tail: String,
    amount_fen: Fen,
    since: String,
}

#[derive(Deserialize)]
struct AtHome {
    account_id: AccountId,
    consumer_tail: String,
    person_masked: Option<String>,
    happened_at: String,
}

#[derive(Deserialize)]
struct OfOwnData {
    account_id: AccountId,
    happened_at: String,
    due_at: Option<String>,
}

#[derive(Deserialize)]
struct OfMonth {
    account_id: AccountId,
    check_task_id: String,
    period: Period,
    amount_fen: Fen,
    happened_at: String,
    due_at: Option<String>,
}

/// A fact that somebody is to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    pub account_id: AccountId,
    pub payment_id: Option<PaymentId>,
    pub told: Told,
}

/// Why an event can never be told: it is of another kind, or not of the agreed shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an event this room can tell")]
pub struct Unreadable;

impl News {
    /// The kinds [`News::read`] understands.
    pub const KINDS: [&'static str; 24] = [
        POSTED,
        REFUNDED,
        REFUND_LATE,
        SHARING_ACCEPTED,
        SHARING_OVER,
        ACCESS_OVER,
        ACCESS_TAKEN,
        HOLDER_CHANGED,
        HOLDER_DISPUTED,
        EXPORTED,
        ERASURE_ASKED,
        ERASURE_WITHDRAWN,
        ERASURE_LATE,
        REQUEST_MOVED,
        FUNCTION_MOVED,
        BILL_MOVED,
        CHECK_TASK,
        CHECK_REMINDER,
        REVIEW_UPHELD,
        REVIEW_CORRECTED,
        PAID_OUT,
        PAYOUT_RETURNED,
        PAYOUT_REFUSED,
        PAYEE_CHANGED,
    ];

    /// Reads an event of one of [`News::KINDS`].
    ///
    /// # Errors
    /// [`Unreadable`] when it is none of them, when a field is missing or of another type, when the
    /// amount is not positive or the home is not named by four digits.
    pub fn read(kind: &str, body: &str) -> Result<Self, Unreadable> {
        match kind {
            POSTED => {
                let said: Posted = serde_json::from_str(body).map_err(|_| Unreadable)?;
                let receipt = receipt(said.consumer_tail, said.amount_fen, &said.posted_at)?;
                Ok(Self {
                    account_id: said.account_id,
                    payment_id: Some(said.payment_id),
                    told: Told::Credited(receipt),
                })
            }
            REFUNDED => {
                let said: Refunded = serde_json::from_str(body).map_err(|_| Unreadable)?;
                let receipt = receipt(said.consumer_tail, said.amount_fen, &said.refunded_at)?;
                Ok(Self {
                    account_id: said.account_id,
                    payment_id: Some(said.payment_id),
                    told: Told::Refunded(receipt),
                })
            }
            REFUND_LATE => {
                let said: RefundLate = serde_json::from_str(body).map_err(|_| Unreadable)?;
                let receipt = receipt(said.consumer_tail, said.amount_fen, &said.since)?;
                Ok(Self {
                    account_id: said.account_id,
                    payment_id: Some(said.payment_id),
                    told: Told::RefundLate(receipt),
                })
            }
            SHARING_ACCEPTED => Self::at_home(body, Told::SharingAccepted),
            SHARING_OVER => Self::at_home(body, Told::SharingOver),
            ACCESS_OVER => Self::at_home(body, Told::AccessOver),
            ACCESS_TAKEN => Self::at_home(body, Told::AccessTaken),
            HOLDER_CHANGED => Self::at_home(body, Told::HolderChanged),
            HOLDER_DISPUTED => Self::at_home(body, Told::HolderDisputed),
            EXPORTED => Self::of_own_data(body, Told::DataExported),
            ERASURE_ASKED => Self::of_own_data(body, Told::ErasureAsked),
            ERASURE_WITHDRAWN => Self::of_own_data(body, Told::ErasureWithdrawn),
            ERASURE_LATE => Self::of_own_data(body, Told::ErasureLate),
            REQUEST_MOVED => of_request(body),
            FUNCTION_MOVED => of_function(body),
            BILL_MOVED => of_bill(body),
            CHECK_TASK => Self::of_month(body, Told::CheckTask),
            CHECK_REMINDER => Self::of_month(body, Told::CheckReminder),
            REVIEW_UPHELD => Self::of_month(body, Told::ReviewUpheld),
            REVIEW_CORRECTED => Self::of_month(body, Told::ReviewCorrected),
            PAID_OUT => Self::of_month(body, Told::PaidOut),
            PAYOUT_RETURNED => Self::of_month(body, Told::PayoutReturned),
            PAYOUT_REFUSED => Self::of_month(body, Told::PayoutRefused),
            PAYEE_CHANGED => Self::of_own_data(body, Told::PayeeChanged),
            _ => Err(Unreadable),
        }
    }

    fn of_own_data(body: &str, told: fn(OwnData) -> Told) -> Result<Self, Unreadable> {
        let said: OfOwnData = serde_json::from_str(body).map_err(|_| Unreadable)?;
        Ok(Self {
            account_id: said.account_id,
            payment_id: None,
            told: told(OwnData {
                happened_at: moment(&said.happened_at)?,
                due_at: said.due_at.as_deref().map(moment).transpose()?,
            }),
        })
    }

    fn of_month(body: &str, told: fn(SoldMonth) -> Told) -> Result<Self, Unreadable> {
        let said: OfMonth = serde_json::from_str(body).map_err(|_| Unreadable)?;
        // An id of this system: it goes into addresses of our own.
        let is_id = EventId::parse(&said.check_task_id).is_ok();
        if said.amount_fen < Fen::ZERO || !is_id {
            return Err(Unreadable);
        }
        Ok(Self {
            account_id: said.account_id,
            payment_id: None,
            told: told(SoldMonth {
                check_task_id: said.check_task_id,
                period: said.period,
                amount_fen: said.amount_fen,
                happened_at: moment(&said.happened_at)?,
                due_at: said.due_at.as_deref().map(moment).transpose()?,
            }),
        })
    }

    fn at_home(body: &str, told: fn(Standing) -> Told) -> Result<Self, Unreadable> {
        let said: AtHome = serde_json::from_str(body).map_err(|_| Unreadable)?;
        if !names_a_home(&said.consumer_tail) {
            return Err(Unreadable);
        }
        Ok(Self {
            account_id: said.account_id,
            payment_id: None,
            told: told(Standing {
                consumer_tail: said.consumer_tail,
                person_masked: said.person_masked,
                happened_at: moment(&said.happened_at)?,
            }),
        })
    }

    /// The notice of this fact.
    #[must_use]
    pub fn into_notice(self, event_id: EventId, notice_id: NoticeId, now: Time) -> Notice {
        Notice {
            notice_id,
            account_id: self.account_id,
            event_id,
            told: self.told,
            payment_id: self.payment_id,
            created_at: now,
            read_at: None,
            texted_at: None,
        }
    }
}

fn receipt(consumer_tail: String, amount_fen: Fen, at: &str) -> Result<Receipt, Unreadable> {
    if !names_a_home(&consumer_tail) || !amount_fen.is_positive() {
        return Err(Unreadable);
    }
    Ok(Receipt {
        consumer_tail,
        amount_fen,
        happened_at: moment(at)?,
    })
}

/// A consumer number's last four digits.
pub(super) fn names_a_home(consumer_tail: &str) -> bool {
    consumer_tail.len() == 4 && consumer_tail.bytes().all(|b| b.is_ascii_digit())
}

pub(super) fn moment(text: &str) -> Result<Time, Unreadable> {
    Time::parse_rfc3339(text).map_err(|_| Unreadable)
}

#[cfg(test)]
mod tests {
    use super::super::notice::Kind;
    use super::*;
    use serde_json::{Value, json};
    use std::collections::BTreeSet;

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
    fn the_events_of_money_are_read_each_as_its_own_kind() {
        for (event, at, kind) in [
            (POSTED, "posted_at", Kind::Credited),
            (REFUNDED, "refunded_at", Kind::Refunded),
            (REFUND_LATE, "since", Kind::RefundLate),
        ] {
            let news = News::read(event, &said(at).to_string()).unwrap();
            let (Told::Credited(receipt) | Told::Refunded(receipt) | Told::RefundLate(receipt)) =
                &news.told
            else {
                panic!("{event} is about money");
            };
            assert_eq!(news.told.kind(), kind);
            assert!(news.payment_id.is_some(), "{event} opens its payment");
            assert_eq!(receipt.amount_fen, Fen::new(8_520));
            assert_eq!(receipt.happened_at.rfc3339(), "2026-11-20T10:01:02+08:00");
        }
    }

    #[test]
    fn events_about_a_home_are_read_each_as_its_own_kind() {
        let body = json!({
            "account_id": "019aa2f0-0000-7000-8000-000000000002",
            "binding_id": "019aa2f0-0000-7000-8000-000000000003",
            "consumer_tail": "0017",
            "person_masked": "*芳",
            "happened_at": "2026-11-20T10:01:02+08:00",
        });
        let kinds: BTreeSet<&str> = News::KINDS
            .into_iter()
            .filter(|kind| kind.starts_with("bindings."))
            .map(|kind| {
                let news = News::read(kind, &body.to_string()).unwrap();
                assert_eq!(news.payment_id, None);
                news.told.kind().as_str()
            })
            .collect();
        assert_eq!(kinds.len(), 6, "each event is a kind of its own");
        let mut unnamed = body;
        unnamed["consumer_tail"] = json!("1504010020017");
        let read = News::read(HOLDER_CHANGED, &unnamed.to_string());
        assert_eq!(read, Err(Unreadable), "never the whole number");
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

    #[test]
    fn months_of_sold_power_are_read_each_as_its_own_kind() {
        let body = json!({
            "account_id": "019aa2f0-0000-7000-8000-000000000002",
            "check_task_id": "019aa2f0-0000-7000-8000-000000000004",
            "period": "2026-10",
            "amount_fen": 12_345,
            "happened_at": "2026-11-05T10:01:02+08:00",
            "due_at": "2026-11-08T10:01:02+08:00",
        });
        let read = |kind: &str, body: &Value| News::read(kind, &body.to_string());
        let kinds: BTreeSet<&str> = News::KINDS
            .into_iter()
            .filter(|kind| kind.starts_with("settlement."))
            .map(|kind| {
                let told = read(kind, &body).unwrap().told;
                assert_eq!(told.check_task(), body["check_task_id"].as_str());
                told.kind().as_str()
            })
            .collect();
        assert_eq!(kinds.len(), 7);
        for (field, value) in [
            ("amount_fen", json!(-1)),
            ("period", json!("2026-13")),
            ("check_task_id", json!("../me")),
            ("happened_at", json!("today")),
            ("due_at", json!("soon")),
        ] {
            let mut wrong = body.clone();
            wrong[field] = value;
            assert_eq!(read(CHECK_TASK, &wrong), Err(Unreadable), "{field}");
        }
    }
}
