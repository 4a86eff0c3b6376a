//! What people asked of the utility, as staff see it (LN-19, LN-20): what it is about, the work order in marketing
//! and how far it has come; whose it is only where that was said.

use super::error::CustomerError;
use super::{Customers, Glimpse, regions, within};
use crate::accounts::current;
use crate::accounts::known::known;
use crate::bindings::known::links_of;
use crate::operators::Acting;
use crate::requests::listed::{Entry, Sought, entries};
use crate::shared::ids::RequestId;
use crate::store::{View, snapshot};

/// Requests on one page, and those looked at for it: a small region's page may be short.
const PAGE: usize = 50;
const LOOKED_AT_MAX: i64 = 500;

/// One request with whose it is; nobody, when it does not say.
#[derive(Debug, Clone)]
pub struct Filed {
    pub entry: Entry,
    pub person: Option<Glimpse>,
}

/// A page of requests, and behind which it goes on.
#[derive(Debug, Clone)]
pub struct FiledPage {
    pub requests: Vec<Filed>,
    pub next: Option<RequestId>,
}

impl Customers {
    /// Requests of people within the scope, newest first.
    ///
    /// # Errors
    /// The store's.
    pub async fn requests(
        &self,
        acting: &Acting,
        sought: Sought,
        behind: Option<&RequestId>,
    ) -> Result<FiledPage, CustomerError> {
        let mut view = snapshot(&*self.store).await?;
        let found = entries(&mut view, sought, behind, LOOKED_AT_MAX).await?;
        let all = i64::try_from(found.len()).is_ok_and(|n| n < LOOKED_AT_MAX);
        let last = found.last().map(|one| one.request_id.clone());
        let mut page = FiledPage {
            requests: Vec::new(),
            next: None,
        };
        for entry in found {
            let id = entry.request_id.clone();
            let filed = self.whose(&mut view, acting, entry).await?;
            page.requests.extend(filed);
            let more = Some(&id) != last.as_ref();
            if page.requests.len() >= PAGE || !more {
                page.next = (more || !all).then_some(id);
                break;
            }
        }
        Ok(page)
    }

    /// None for what is outside the scope of whoever looks.
    async fn whose(
        &self,
        view: &mut View,
        acting: &Acting,
        entry: Entry,
    ) -> Result<Option<Filed>, CustomerError> {
        let whose = current(view, &entry.account_id).await?;
        let links = links_of(view, &whose, self.clock.now()).await?;
        if !within(&acting.staff.scope, &regions(&links)) {
            return Ok(None);
        }
        let person = if entry.anonymous {
            None
        } else {
            let account = known(view, &whose).await?;
            account.map(|account| Glimpse::of(&account, &links))
        };
        Ok(Some(Filed { entry, person }))
    }
}
