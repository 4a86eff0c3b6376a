//! The ports of `channels`.

use async_trait::async_trait;

use super::change::Change;
use super::channel::{ChannelRow, Closing, Score};
use super::terminal::TerminalRow;
use crate::insight::Channel;
use crate::shared::time::Time;
use crate::store::StoreError;

#[async_trait]
pub trait ChannelReads: Send {
    /// Every channel there is, by name.
    async fn rows(&mut self) -> Result<Vec<ChannelRow>, StoreError>;
    /// Every kind of terminal, by name.
    async fn terminals(&mut self) -> Result<Vec<TerminalRow>, StoreError>;
    /// Functions that are closed, by channel and number.
    async fn closings(&mut self) -> Result<Vec<Closing>, StoreError>;
    /// Scores, the newest month first.
    async fn scores(&mut self, limit: i64) -> Result<Vec<Score>, StoreError>;
    /// What staff changed, the newest first.
    async fn changes(&mut self, limit: i64) -> Result<Vec<Change>, StoreError>;
}

#[async_trait]
pub trait ChannelStore: ChannelReads {
    /// Sets how many requests a minute a channel takes on one node, `None` for as many as come.
    async fn set_limit(
        &mut self,
        channel: Channel,
        per_minute: Option<i64>,
        now: Time,
    ) -> Result<(), StoreError>;
    /// Sets what is asked of a kind of terminal; its channel stays.
    async fn guard(&mut self, row: &TerminalRow) -> Result<(), StoreError>;
    /// Writes down what staff changed.
    async fn note(&mut self, change: &Change) -> Result<(), StoreError>;
    /// Closes a function in a channel; false when it is closed already.
    async fn close(&mut self, closing: &Closing) -> Result<bool, StoreError>;
    /// Opens it again; false when it was not closed.
    async fn reopen(&mut self, channel: Channel, function: i64) -> Result<bool, StoreError>;
    /// Writes a month's score; false when there is one: a score does not change any more.
    async fn add_score(&mut self, score: &Score) -> Result<bool, StoreError>;
}
