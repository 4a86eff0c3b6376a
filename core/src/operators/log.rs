//! The system log (LN-32): the lines of the audit as staff read them. Each look is a line itself.

use std::collections::HashMap;

use super::error::OperatorError;
use super::right::Right;
use super::sign_in::{Acting, Operators};
use super::staff::Scope;
use crate::audit::{Line, Wanted};
use crate::store::snapshot;

/// The first page tells of so long, in seconds.
const LATELY_S: i64 = 86_400;
/// And of so many acts at most.
const WEIGHTY_MAX: i64 = 50;

impl Operators {
    /// Lines of the audit, newest first. A line has no region: whoever sees a part of the regions reads their
    /// own lines only.
    ///
    /// # Errors
    /// [`OperatorError::NoSuch`] for a role that may not, or the store's.
    pub async fn log(
        &self,
        acting: &Acting,
        mut wanted: Wanted,
        limit: i64,
    ) -> Result<Vec<Line>, OperatorError> {
        if !acting.may(Right::ReadAudit) {
            return Err(OperatorError::NoSuch);
        }
        if acting.staff.scope != Scope::Everywhere {
            wanted.actor = acting.actor();
        }
        let found = {
            let mut view = snapshot(&*self.store).await?;
            view.audit().lines(&wanted, limit).await?
        };
        self.note(acting, "audit.read", "audit", "ok").await?;
        Ok(found)
    }

    /// What staff did within a day that takes a code of their own phone, but for looks at single people: it stands on
    /// the first page (money.md 3.11), so that new proofs and what was run by hand are seen by others than who did it.
    /// Whoever sees a part of the regions sees their own. It is no search, and leaves no line itself.
    ///
    /// # Errors
    /// [`OperatorError::NoSuch`] for a role that may not, or the store's.
    pub async fn weighty(&self, acting: &Acting) -> Result<Vec<Line>, OperatorError> {
        if !acting.may(Right::ReadAudit) {
            return Err(OperatorError::NoSuch);
        }
        let since = self.now().plus_seconds(LATELY_S.saturating_neg());
        let mut view = snapshot(&*self.store).await?;
        let mut found = view.audit().weighty(since, WEIGHTY_MAX).await?;
        if acting.staff.scope != Scope::Everywhere {
            let own = acting.actor();
            found.retain(|line| line.actor == own);
        }
        Ok(found)
    }

    /// What everybody of the staff is called, by what stands in lines and proposals (`staff:{id}`).
    ///
    /// # Errors
    /// The store's.
    pub async fn names(&self) -> Result<HashMap<String, String>, OperatorError> {
        let mut view = snapshot(&*self.store).await?;
        let all = view.operators().logins().await?.into_iter();
        let named = all.map(|(id, login)| (format!("staff:{id}"), login.as_str().to_owned()));
        Ok(named.collect())
    }
}
