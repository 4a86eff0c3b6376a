//! Reading: an account's notices, newest first, and what it has seen of them.

use super::{Notice, NoticeError, Notices};
use crate::shared::ids::{AccountId, NoticeId};
use crate::shared::page::{Page, Slice};
use crate::store::{Tx, atomically, snapshot};

/// One page of an inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inbox {
    pub notices: Slice<Notice>,
    /// Unread ones of the whole inbox, not of this page.
    pub unread: i64,
}

impl Notices {
    /// An account's notices, newest first.
    ///
    /// # Errors
    /// [`NoticeError::Store`]
    pub async fn inbox(&self, account: &AccountId, page: &Page) -> Result<Inbox, NoticeError> {
        let mut view = snapshot(&*self.store).await?;
        let rows = view.notices().list(account, page).await?;
        let unread = view.notices().unread(account).await?;
        let key = |notice: &Notice| notice.notice_id.as_str().to_owned();
        Ok(Inbox {
            notices: Slice::cut(rows, page, key),
            unread,
        })
    }

    /// Notes that the account has seen a notice; a repeat keeps the first moment.
    ///
    /// # Errors
    /// [`NoticeError::NotFound`] when the account has no such notice.
    pub async fn read(&self, account: &AccountId, id: &NoticeId) -> Result<Notice, NoticeError> {
        let now = self.clock.now();
        atomically(&*self.store, async |tx: &mut Tx| {
            if !tx.notices().mark_read(account, id, now).await? {
                return Err(NoticeError::NotFound);
            }
            let found = tx.notices().find(account, id).await?;
            found.ok_or(NoticeError::NotFound)
        })
        .await
    }
}
