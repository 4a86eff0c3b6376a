//! How far a store was seen to go, as every node keeps it apart from the store: one that does not go so far is an older
//! copy that was put back, or another store.

use serde::{Deserialize, Serialize};

use crate::store::{Store, StoreError, snapshot};

/// What a store had reached when somebody looked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// The epoch that its external numbers carried.
    pub epoch: i64,
    /// Of the newest link of the audit's chain, which goes on while anything is done; 0 before the first.
    pub place: i64,
    /// What that link says of everything before it, hex.
    pub head: String,
}

impl Seen {
    /// Looks at a store: one row of each, however much it holds.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn of(store: &dyn Store) -> Result<Self, StoreError> {
        let mut view = snapshot(store).await?;
        let epoch = view.recovery().epoch().await?;
        let (place, head) = match view.audit().newest_link().await? {
            Some(link) => (link.place, link.head),
            None => (0, String::new()),
        };
        Ok(Self { epoch, place, head })
    }

    /// Whether this store has not been where it was seen. A recovery that was begun since raised its epoch: then it is
    /// known to be a copy, and nothing is sent before it was compared.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn is_missing_in(&self, store: &dyn Store) -> Result<bool, StoreError> {
        let mut view = snapshot(store).await?;
        let epoch = view.recovery().epoch().await?;
        if epoch != self.epoch || self.place == 0 {
            return Ok(epoch < self.epoch);
        }
        let before = self.place.saturating_sub(1);
        let links = view.audit().links_after(before, 1).await?;
        let mut links = links.iter().map(|(link, _)| link);
        Ok(!links.any(|link| link.place == self.place && link.head == self.head))
    }
}
