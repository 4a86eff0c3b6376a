//! People whom a copy of the store brings back: they were erased after it was made, so it knows them and has their
//! keys. Who was erased is kept apart from the store, and erased again before the copy is served (domain.md C6).

use super::erasure::{Erase, Erasure, ErasureState};
use super::{Privacy, PrivacyError};
use crate::accounts::known::is_here;
use crate::shared::ids::AccountId;
use crate::shared::time::Time;
use crate::store::{Tx, atomically, snapshot};

impl Privacy {
    /// Who was erased from a moment on and when, the earliest first, at most `limit`.
    ///
    /// # Errors
    /// The store's.
    pub async fn erased_since(
        &self,
        since: Time,
        limit: i64,
    ) -> Result<Vec<(AccountId, Time)>, PrivacyError> {
        let mut view = snapshot(&*self.store).await?;
        Ok(view.privacy().erased_since(since, limit).await?)
    }

    /// Erases these again where the store still knows them; how many it knew. Whose money is on its way in it goes as
    /// soon as that has come to its end.
    ///
    /// # Errors
    /// The store's. Those who were found are erased by the timed task all the same.
    pub async fn erase_again(&self, accounts: &[AccountId]) -> Result<usize, PrivacyError> {
        let mut found = 0_usize;
        for account in accounts {
            let maker = self.maker();
            let (erasure_id, now) = (maker.uuid(), maker.now());
            let wish = Erasure {
                erasure_id,
                account_id: account.clone(),
                state: ErasureState::Cooling,
                asked_at: now,
                due_at: now,
                next_at: Some(now),
                ended_at: None,
                version: 1,
            };
            let known = atomically(&*self.store, async |tx: &mut Tx| {
                if !is_here(tx, account).await? {
                    return Ok(false);
                }
                let there = tx.privacy().erasure(account).await?;
                match there {
                    // It cooled off after the copy was made.
                    Some(there) => {
                        let next_at = Some(now);
                        let due = Erasure { next_at, ..there };
                        tx.privacy().save_erasure(&due).await?;
                    }
                    None => tx.privacy().add_erasure(&wish).await?,
                }
                Ok::<_, PrivacyError>(true)
            })
            .await?;
            found = found.saturating_add(usize::from(known));
        }
        if found > 0 {
            Erase(self.clone()).run_due().await?;
        }
        Ok(found)
    }
}
