//! What people asked of the utility, as staff see it (LN-19, LN-20): what it is about, the work order in marketing
//! and how far it has come; whose it is only where that was said.

use super::error::CustomerError;
use super::{Customers, Glimpse, regions, within};
use crate::accounts::current;
use crate::accounts::known::known;
use crate::bindings::known::links_of;
use crate::cases::Case;
use crate::operators::Acting;
use crate::requests::listed::{Entry, Sought, entries, opened};
use crate::requests::request::Request;
use crate::shared::ids::{AccountId, BindingId, RequestId};
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

/// One request with what was written.
#[derive(Debug, Clone)]
pub struct Opened {
    pub request: Request,
    /// Nobody, when it does not say.
    pub person: Option<Glimpse>,
    /// Whose which link to the home that it is about is today; none where they have left it.
    pub home: Option<(AccountId, BindingId)>,
    /// Cases about it.
    pub cases: Vec<Case>,
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
            let whose = (&entry.account_id, entry.anonymous);
            let person = self.whose(&mut view, acting, whose).await;
            match person {
                Ok(person) => page.requests.push(Filed { entry, person }),
                Err(CustomerError::OutOfScope) => {}
                Err(error) => return Err(error),
            }
            let more = Some(&id) != last.as_ref();
            if page.requests.len() >= PAGE || !more {
                page.next = (more || !all).then_some(id);
                break;
            }
        }
        Ok(page)
    }

    /// One request as it was written. That it was opened is in the audit.
    ///
    /// # Errors
    /// [`CustomerError::NoSuch`], [`CustomerError::OutOfScope`], or the store's.
    pub async fn request(&self, acting: &Acting, id: &RequestId) -> Result<Opened, CustomerError> {
        let (request, person, cases) = {
            let mut view = snapshot(&*self.store).await?;
            let request = opened(&mut view, id).await?;
            let request = request.ok_or(CustomerError::NoSuch)?;
            let whose = (&request.account_id, request.anonymous);
            let person = self.whose(&mut view, acting, whose).await?;
            let cases = view.cases().about(id.as_str()).await?;
            (request, person, cases)
        };
        let home = match &request.binding_id {
            Some(link) if person.is_some() => {
                let (account, link) = self.of_today(&request.account_id, link).await?;
                link.map(|link| (account, link))
            }
            _ => None,
        };
        self.note(acting, "customers.open_request", id.as_str(), "ok")
            .await?;
        Ok(Opened {
            request,
            person,
            home,
            cases,
        })
    }

    /// Whose it is, where that was said; refused where it is outside the scope of whoever looks.
    async fn whose(
        &self,
        view: &mut View,
        acting: &Acting,
        (account, anonymous): (&AccountId, bool),
    ) -> Result<Option<Glimpse>, CustomerError> {
        let whose = current(view, account).await?;
        let links = links_of(view, &whose, self.clock.now()).await?;
        if !within(&acting.staff.scope, &regions(&links)) {
            return Err(CustomerError::OutOfScope);
        }
        if anonymous {
            return Ok(None);
        }
        let account = known(view, &whose).await?;
        Ok(account.map(|account| Glimpse::of(&account, &links)))
    }
}
