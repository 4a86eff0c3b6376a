//! The ports of `operators`: staff and their sessions.

use async_trait::async_trait;

use super::kept::KeptForm;
use super::session::Session;
use super::staff::{Login, Staff};
use crate::accounts::secret::Secret;
use crate::shared::ids::{StaffId, StaffSessionId};
use crate::shared::time::Time;
use crate::store::StoreError;

#[async_trait]
pub trait StaffReads: Send {
    async fn find(&mut self, id: &StaffId) -> Result<Option<Staff>, StoreError>;
    async fn by_login(&mut self, login: &Login) -> Result<Option<Staff>, StoreError>;
    /// Everybody there ever was, by login.
    async fn list(&mut self) -> Result<Vec<Staff>, StoreError>;
    /// Everybody's login by id, without the rest of their entries.
    async fn logins(&mut self) -> Result<Vec<(StaffId, Login)>, StoreError>;
    /// The session a browser's cookie belongs to, alive or not.
    async fn session(&mut self, token: &Secret) -> Result<Option<Session>, StoreError>;
    /// What somebody had typed when their session ended, however long ago.
    async fn kept_form(&mut self, staff: &StaffId) -> Result<Option<KeptForm>, StoreError>;
}

#[async_trait]
pub trait StaffStore: StaffReads {
    /// Units that take this turn follow one another to their end: what one reads of everybody stays so until
    /// it is committed.
    async fn take_turn(&mut self) -> Result<(), StoreError>;
    /// Adds somebody; false when the login is taken.
    async fn add(&mut self, staff: &Staff) -> Result<bool, StoreError>;
    /// Compare-and-set on the version; `Conflict` when somebody else was first.
    async fn save(&mut self, staff: &Staff) -> Result<(), StoreError>;
    async fn add_session(&mut self, token: &Secret, session: &Session) -> Result<(), StoreError>;
    /// Notes that a session is used; false when it has ended.
    async fn note_seen(&mut self, id: &StaffSessionId, now: Time) -> Result<bool, StoreError>;
    /// Ends a session; false when it had ended.
    async fn end_session(&mut self, id: &StaffSessionId, now: Time) -> Result<bool, StoreError>;
    /// Ends all sessions of somebody; how many there were.
    async fn end_sessions_of(&mut self, staff: &StaffId, now: Time) -> Result<u64, StoreError>;
    /// Keeps a form in the place of the one before.
    async fn keep_form(&mut self, form: &KeptForm) -> Result<(), StoreError>;
    /// Takes somebody's form away; false when there was none.
    async fn drop_form(&mut self, staff: &StaffId) -> Result<bool, StoreError>;
}
