//! The ports of generation accounts: their rows.

use async_trait::async_trait;

use super::account::GenerationAccount;
use super::table::{Permitted, PersonalTable};
use super::vault::KeyPair;
use crate::accounts::Secret;
use crate::accounts::credential::Login;
use crate::accounts::passwords::PasswordHash;
use crate::settlement::ids::{
    GenerationAccountId, GenerationNo, KeyPairId, PermissionId, PersonalTableId,
};
use crate::shared::ids::AccountId;
use crate::shared::page::Page;
use crate::shared::time::Time;
use crate::store::StoreError;

/// What a generation account is signed in by beside Alipay (PV-04).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GenerationCredential {
    pub generation_account_id: GenerationAccountId,
    /// Whom it signs in.
    pub account_id: AccountId,
    pub login: Login,
    pub password: PasswordHash,
    pub changed_at: Time,
    pub version: i64,
}

/// User names and passwords of generation accounts.
#[async_trait]
pub trait GenerationCredentialStore: Send {
    async fn credential_by_login(
        &mut self,
        login: &Login,
    ) -> Result<Option<GenerationCredential>, StoreError>;
    async fn credential(
        &mut self,
        id: &GenerationAccountId,
    ) -> Result<Option<GenerationCredential>, StoreError>;
    /// `StoreError::Duplicate` when the name is another account's, or the account has one.
    async fn add_credential(&mut self, credential: &GenerationCredential)
    -> Result<(), StoreError>;
    /// Compare-and-set of everything but the account; `StoreError::Duplicate` when the name is
    /// another account's.
    async fn save_credential(
        &mut self,
        credential: &GenerationCredential,
    ) -> Result<(), StoreError>;
}

/// What readers ask about generation accounts.
#[async_trait]
pub trait GenerationReads: Send {
    /// An account of this person; another's is not found.
    async fn find(
        &mut self,
        owner: &AccountId,
        id: &GenerationAccountId,
    ) -> Result<Option<GenerationAccount>, StoreError>;
    /// A person's accounts in the order they were made; up to `limit + 1`.
    async fn list(
        &mut self,
        owner: &AccountId,
        page: &Page,
    ) -> Result<Vec<GenerationAccount>, StoreError>;
    /// Whoever's it is: for work nobody asked for by hand.
    async fn by_id(
        &mut self,
        id: &GenerationAccountId,
    ) -> Result<Option<GenerationAccount>, StoreError>;
    /// What the account may open now; nothing before it was permitted and after the cooperation.
    async fn permitted(
        &mut self,
        id: &GenerationAccountId,
    ) -> Result<Option<Permitted>, StoreError>;
    /// The only way to a table.
    async fn table(
        &mut self,
        permission: &PermissionId,
    ) -> Result<Option<PersonalTable>, StoreError>;
    /// The account's key pair, once it is made.
    async fn key(&mut self, id: &GenerationAccountId) -> Result<Option<KeyPair>, StoreError>;
    /// When user name and password were set last; `None` while there are none.
    async fn password_set_at(
        &mut self,
        id: &GenerationAccountId,
    ) -> Result<Option<Time>, StoreError>;
    /// Accounts whose errand is due: those without a key first, for somebody waits for it; then the longest waiting.
    async fn due(&mut self, now: Time, most: i64) -> Result<Vec<GenerationAccountId>, StoreError>;
}

/// Generation accounts. Every `save` is a compare-and-set on the version that was loaded.
#[async_trait]
pub trait GenerationStore: GenerationReads + GenerationCredentialStore {
    /// `StoreError::Duplicate` when a live account has the generation number.
    async fn add(&mut self, account: &GenerationAccount) -> Result<(), StoreError>;
    /// A generation number that is absent is erased, with what it is found by.
    async fn save(&mut self, account: &GenerationAccount) -> Result<(), StoreError>;
    /// Moves an errand that was due at `now` to `again`; none that was moved meanwhile.
    async fn put_off(
        &mut self,
        id: &GenerationAccountId,
        now: Time,
        again: Time,
    ) -> Result<(), StoreError>;
    /// The account that has a generation number now, whoever's.
    async fn by_no(
        &mut self,
        generation_no: &GenerationNo,
    ) -> Result<Option<GenerationAccount>, StoreError>;
    /// The utility ended this generator's cooperation under that contract: kept by a digest that finds nobody, for
    /// the number itself is erased.
    async fn note_end(
        &mut self,
        generation_no: &GenerationNo,
        contract_version: i64,
        now: Time,
    ) -> Result<(), StoreError>;
    /// Under which contract its cooperation was ended, while none after it is registered.
    async fn ended_under(
        &mut self,
        generation_no: &GenerationNo,
    ) -> Result<Option<i64>, StoreError>;
    /// A later contract is registered: the end is over.
    async fn forget_end(&mut self, generation_no: &GenerationNo) -> Result<(), StoreError>;
    /// Opens a table with a data key of its own. `StoreError::Duplicate` when the account has one.
    async fn open_table(&mut self, table: &PersonalTable) -> Result<(), StoreError>;
    /// Compare-and-set of the identity and since when its payee stands.
    async fn save_identity(&mut self, table: &PersonalTable) -> Result<(), StoreError>;
    /// `StoreError::Duplicate` when the account has a pair.
    async fn add_key(&mut self, id: &GenerationAccountId, pair: &KeyPair)
    -> Result<(), StoreError>;
    /// Gives a pair a nonce, in the place of the one it had.
    async fn set_nonce(
        &mut self,
        key_id: &KeyPairId,
        nonce: &Secret,
        expires_at: Time,
    ) -> Result<(), StoreError>;
    /// Takes a pair's nonce away; true when this was it and its time was not over.
    async fn spend_nonce(
        &mut self,
        key_id: &KeyPairId,
        nonce: &Secret,
        now: Time,
    ) -> Result<bool, StoreError>;
    /// Destroys the account's pair, if it has one.
    async fn destroy_key(&mut self, id: &GenerationAccountId) -> Result<(), StoreError>;
    /// Destroys a table's data key and forgets identity and permission; what is sealed with the key
    /// anywhere is unreadable from then on. The salts of what was proven of the table go with it.
    async fn erase_table(&mut self, table: &PersonalTableId, now: Time) -> Result<(), StoreError>;
}
