//! The ports of `notices`: its rows, and the SMS platform.

use async_trait::async_trait;

use super::notice::Notice;
use crate::shared::ids::{AccountId, EventId, NoticeId};
use crate::shared::outside::NoAnswer;
use crate::shared::page::Page;
use crate::shared::personal::Phone;
use crate::shared::time::Time;
use crate::store::StoreError;

/// What readers ask of the notices: always one account's own.
#[async_trait]
pub trait NoticeReads: Send {
    /// A notice of this account; another account's is not found.
    async fn find(
        &mut self,
        account: &AccountId,
        id: &NoticeId,
    ) -> Result<Option<Notice>, StoreError>;
    /// Newest first; up to `limit + 1` so that the page can be cut. The page's key is a notice id.
    async fn list(&mut self, account: &AccountId, page: &Page) -> Result<Vec<Notice>, StoreError>;
    /// How many the account has not read.
    async fn unread(&mut self, account: &AccountId) -> Result<i64, StoreError>;
    /// What the SMS platform said became of a message; nothing yet is none.
    async fn report(&mut self, message: &EventId) -> Result<Option<Report>, StoreError>;
}

/// A notice never changes but for two moments, each set once.
#[async_trait]
pub trait NoticeStore: NoticeReads {
    /// Adds a notice; false when its event was told before, or it is about a month of a personal data table that is
    /// erased, and then nothing changes.
    async fn add(&mut self, notice: &Notice) -> Result<bool, StoreError>;
    /// Marks a notice of this account as read, at its first reading; false when there is none.
    async fn mark_read(
        &mut self,
        account: &AccountId,
        id: &NoticeId,
        now: Time,
    ) -> Result<bool, StoreError>;
    /// Notes that the SMS platform took a notice of this account, the first time it did; false when
    /// there is none.
    async fn mark_texted(
        &mut self,
        account: &AccountId,
        id: &NoticeId,
        now: Time,
    ) -> Result<bool, StoreError>;
    /// Notes what became of a message, the first time the platform says it; false when it said so before.
    async fn add_report(&mut self, message: &EventId, report: &Report) -> Result<bool, StoreError>;
}

/// What became of a message that the SMS platform took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// It reached its phone, or never will.
    pub delivered: bool,
    pub told_at: Time,
}

/// One message for a phone; the platform renders the registered template.
#[derive(Clone, PartialEq, Eq)]
pub struct Sms {
    /// The outbox event's id: a repeat is one message.
    pub message_id: String,
    pub phone: Phone,
    pub template_id: &'static str,
    pub params: Vec<(&'static str, String)>,
}

impl std::fmt::Debug for Sms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sms")
            .field("message_id", &self.message_id)
            .field("template_id", &self.template_id)
            .finish_non_exhaustive()
    }
}

/// The SMS platform (LN-27, LN-51).
#[async_trait]
pub trait SmsPlatform: Send + Sync + std::fmt::Debug {
    async fn send(&self, sms: &Sms) -> Result<(), NoAnswer>;
}
