//! What people are told: the in-app inbox and SMS (LN-27).
//!
//! | file | what it is |
//! |---|---|
//! | `notice` | a notice: what happened, and whether it was read or texted |
//! | `moved` | the facts of requests, functions and bills that moved on, by known words only |
//! | `words`, `money_words`, `service_words`, `sold_words` | the words people read, made from the facts when they are read |
//! | `news`, `leaving` | what other rooms say through the outbox, in this room's own types; the rows by which a notice leaves |
//! | `tell`, `text`, `reported`, `inbox` | the use cases of [`Notices`]: put on record, send by SMS, hear what became of it, read |
//! | `ports` | rows, and the SMS platform |
//!
//! A fact is told once: a notice is unique by the event that carried it, its SMS leaves through an
//! outbox row of the same unit and bears that row's id. SMS is for those who agreed to it
//! ([`Purpose::Notices`](crate::accounts::Purpose)); the inbox is for everybody. Only what a thief would
//! want to pass unseen goes to the phone without being asked ([`Kind::is_alarm`]).

pub mod moved;
pub mod news;
pub mod notice;
pub mod ports;
pub mod words;

mod error;
mod inbox;
mod leaving;
mod money_words;
mod reported;
mod service_words;
mod sold_words;
mod tell;
mod text;

use std::sync::Arc;

use async_trait::async_trait;

pub use error::NoticeError;
pub use inbox::Inbox;
pub use notice::{Kind, Notice, OwnData, Receipt, SoldMonth, Standing, Told};

use self::ports::SmsPlatform;
use crate::outbox::Claimed;
use crate::outbox::relay::{Deliver, Delivery};
use crate::shared::ids::Entropy;
use crate::shared::time::Clock;
use crate::store::Store;

/// The use cases of what people are told, and the carrier of the events they rest on.
#[derive(Clone)]
pub struct Notices {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    platform: Arc<dyn SmsPlatform>,
}

impl std::fmt::Debug for Notices {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Notices")
    }
}

impl Notices {
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        platform: Arc<dyn SmsPlatform>,
    ) -> Self {
        Self {
            store,
            clock,
            entropy,
            platform,
        }
    }
}

#[async_trait]
impl Deliver for Notices {
    fn kinds(&self) -> &'static [&'static str] {
        const KINDS: &[&str] = &[
            news::POSTED,
            news::REFUNDED,
            news::REFUND_LATE,
            news::SHARING_ACCEPTED,
            news::SHARING_OVER,
            news::ACCESS_OVER,
            news::ACCESS_TAKEN,
            news::HOLDER_CHANGED,
            news::HOLDER_DISPUTED,
            news::ARCHIVE_OFFERED,
            news::EXPORTED,
            news::ERASURE_ASKED,
            news::ERASURE_WITHDRAWN,
            news::ERASURE_LATE,
            news::REQUEST_MOVED,
            news::FUNCTION_MOVED,
            news::BILL_MOVED,
            news::CHECK_TASK,
            news::CHECK_REMINDER,
            news::REVIEW_UPHELD,
            news::REVIEW_CORRECTED,
            news::PAID_OUT,
            news::PAYOUT_RETURNED,
            news::PAYOUT_REFUSED,
            news::PAYEE_CHANGED,
            news::PAYEE_CHANGED_PHONE,
            news::PHONE_CHANGED,
            news::MERGED_PHONE,
            news::CERTIFIED_PHONE,
            leaving::TEXT,
        ];
        KINDS
    }

    async fn deliver(&self, claimed: &Claimed) -> Delivery {
        let event = &claimed.event;
        match event.kind.as_str() {
            leaving::TEXT => self.carry_text(event).await,
            news::ARCHIVE_OFFERED
            | news::PAYEE_CHANGED_PHONE
            | news::PHONE_CHANGED
            | news::MERGED_PHONE
            | news::CERTIFIED_PHONE => self.carry_to_phone(event).await,
            _ => self.carry_news(event).await,
        }
    }
}
