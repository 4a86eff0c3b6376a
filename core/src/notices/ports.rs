//! The ports of `notices`: its rows, and the SMS platform.

use async_trait::async_trait;

use crate::shared::outside::NoAnswer;
use crate::shared::personal::Phone;

#[async_trait]
pub trait NoticeReads: Send {}

#[async_trait]
pub trait NoticeStore: NoticeReads {}

/// One message for a phone; the platform renders the registered template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sms {
    /// The outbox event's id: a repeat is one message.
    pub message_id: String,
    pub phone: Phone,
    pub template_id: &'static str,
    pub params: Vec<(&'static str, String)>,
}

/// The SMS platform (LN-27, LN-51).
#[async_trait]
pub trait SmsPlatform: Send + Sync + std::fmt::Debug {
    async fn send(&self, sms: &Sms) -> Result<(), NoAnswer>;
}
