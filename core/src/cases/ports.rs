//! The port of cases.

use async_trait::async_trait;

use super::decision::{Proposal, Taking};
use super::{Case, CaseKind, HomeBehind};
use crate::shared::ids::{AccountId, CaseId};
use crate::shared::time::Time;
use crate::store::StoreError;

#[async_trait]
pub trait CaseReads: Send {
    async fn find(&mut self, id: &CaseId) -> Result<Option<Case>, StoreError>;
    async fn about(&mut self, subject: &str) -> Result<Vec<Case>, StoreError>;
    /// Whether a case was ever opened for a cause, whatever it is about.
    async fn is_known(&mut self, cause: &str) -> Result<bool, StoreError>;
    /// About somebody, the accounts that were merged into theirs, and the payments and links of these, open or closed;
    /// the newest first, at most `limit`.
    async fn about_person(
        &mut self,
        account: &AccountId,
        limit: i64,
    ) -> Result<Vec<Case>, StoreError>;
    async fn count_open(&mut self) -> Result<i64, StoreError>;
    /// How many open cases of each kind were opened before a moment; kinds without one are left out.
    async fn open_by_kind(&mut self, before: Time) -> Result<Vec<(CaseKind, i64)>, StoreError>;
    /// Open cases, oldest first, behind one that was seen.
    async fn list_open(
        &mut self,
        after: Option<&CaseId>,
        limit: i64,
    ) -> Result<Vec<Case>, StoreError>;
    /// The homes behind what a case is about: of a link, an account, a payment, a request, a seller.
    async fn homes(&mut self, subject: &str) -> Result<Vec<HomeBehind>, StoreError>;
    /// What was proposed about a case, newest first.
    async fn proposals(&mut self, id: &CaseId) -> Result<Vec<Proposal>, StoreError>;
    /// Who has taken up which open cases, by case.
    async fn takings(&mut self) -> Result<Vec<Taking>, StoreError>;
}

#[async_trait]
pub trait CaseStore: CaseReads {
    /// Opens a case unless one with the same cause exists; true when it is new.
    async fn open(&mut self, case: &Case) -> Result<bool, StoreError>;
    /// Adds a proposal; false while another of the case waits or is being carried out.
    async fn propose(&mut self, proposal: &Proposal) -> Result<bool, StoreError>;
    /// Writes what was decided about a proposal that waits; false when it waits no more.
    async fn judge(&mut self, decided: &Proposal) -> Result<bool, StoreError>;
    /// Takes back what was agreed to about a case that is still open, so that something else may be
    /// proposed; false when it was not agreed to, or the case is closed.
    async fn withdraw(&mut self, decided: &Proposal) -> Result<bool, StoreError>;
    /// Takes an open case up; false when somebody has, or it is closed.
    async fn take(&mut self, taking: &Taking) -> Result<bool, StoreError>;
    /// Gives a case back; false when it was not theirs.
    async fn give_back(&mut self, id: &CaseId, by: &str) -> Result<bool, StoreError>;
    /// Closes a case; false when it was closed.
    async fn close(&mut self, id: &CaseId, now: Time) -> Result<bool, StoreError>;
}
