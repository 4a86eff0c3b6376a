//! The ports of `customers`. People are found by keyed index alone: nothing here is compared in clear.

use async_trait::async_trait;

use super::functions::{BankFunction, FunctionProposal};
use super::openings::OpeningProposal;
use super::unmasking::Unmasking;
use crate::shared::ids::{AccountId, RequestId, StaffId};
use crate::shared::personal::{ConsumerNo, IdNo, Phone};
use crate::shared::time::Time;
use crate::store::StoreError;

/// Accounts that were erased, or taken over by another, are not found.
#[async_trait]
pub trait CustomerReads: Send {
    async fn with_phone(&mut self, phone: &Phone) -> Result<Vec<AccountId>, StoreError>;
    /// Certified with an ID number; at most `limit`.
    async fn with_id_no(&mut self, id_no: &IdNo, limit: i64) -> Result<Vec<AccountId>, StoreError>;
    /// Linked to a home now; at most `limit`.
    async fn at_home(
        &mut self,
        consumer_no: &ConsumerNo,
        limit: i64,
    ) -> Result<Vec<AccountId>, StoreError>;
    /// In the order in which they came, the newest first, behind one that was seen.
    async fn newest(
        &mut self,
        behind: Option<&AccountId>,
        limit: i64,
    ) -> Result<Vec<AccountId>, StoreError>;
    /// Who saw what of somebody, newest first.
    async fn unmaskings(
        &mut self,
        account: &AccountId,
        limit: i64,
    ) -> Result<Vec<Unmasking>, StoreError>;
    /// How often somebody of the staff saw something since a moment.
    async fn unmasked_since(&mut self, staff: &StaffId, since: Time) -> Result<i64, StoreError>;
    /// Everybody's suspended functions.
    async fn suspended(&mut self) -> Result<Vec<(AccountId, BankFunction)>, StoreError>;
    /// Somebody's suspended functions, and since when.
    async fn suspended_for(
        &mut self,
        account: &AccountId,
    ) -> Result<Vec<(BankFunction, Time)>, StoreError>;
    /// What was proposed about somebody's functions, newest first.
    async fn function_proposals(
        &mut self,
        account: &AccountId,
        limit: i64,
    ) -> Result<Vec<FunctionProposal>, StoreError>;
    /// What was proposed about an application, newest first.
    async fn opening_proposals(
        &mut self,
        application: &RequestId,
        limit: i64,
    ) -> Result<Vec<OpeningProposal>, StoreError>;
}

#[async_trait]
pub trait CustomerStore: CustomerReads {
    async fn add_unmasking(&mut self, unmasking: &Unmasking) -> Result<(), StoreError>;
    /// False while another proposal of this person and function waits.
    async fn propose_function(&mut self, proposal: &FunctionProposal) -> Result<bool, StoreError>;
    /// Writes what was decided about a proposal that waits; false when it waits no more.
    async fn judge_function(&mut self, decided: &FunctionProposal) -> Result<bool, StoreError>;
    /// False while another proposal about this application waits.
    async fn propose_opening(&mut self, proposal: &OpeningProposal) -> Result<bool, StoreError>;
    /// Writes what was decided about a proposal that waits; false when it waits no more.
    async fn judge_opening(&mut self, decided: &OpeningProposal) -> Result<bool, StoreError>;
    /// A repeat leaves it as it is.
    async fn suspend(&mut self, decided: &FunctionProposal, now: Time) -> Result<(), StoreError>;
    async fn lift(&mut self, account: &AccountId, function: BankFunction)
    -> Result<(), StoreError>;
    /// Whoever changes how an account's functions stand, or merges it, waits for another who does.
    async fn turn(&mut self, account: &AccountId) -> Result<(), StoreError>;
    /// What is suspended for an account is so for another from now on, and no more for the first; where it
    /// is for both, the earlier one stays.
    async fn hand_over_suspensions(
        &mut self,
        from: &AccountId,
        into: &AccountId,
    ) -> Result<(), StoreError>;
    /// A proposal that waits is about another account's function from now on; false when it waits no more.
    async fn hand_over_proposal(
        &mut self,
        proposal_id: &str,
        into: &AccountId,
    ) -> Result<bool, StoreError>;
}
