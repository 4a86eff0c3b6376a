//! What somebody had typed into a form when their session was over: kept for them alone, for an hour, until they send
//! it again or throw it away. Nothing is carried out by it.

use super::error::OperatorError;
use super::sign_in::Operators;
use crate::accounts::secret::Secret;
use crate::shared::ids::StaffId;
use crate::shared::time::Time;
use crate::store::{Tx, atomically, snapshot};

/// How long it is kept, in seconds.
pub const KEPT_S: i64 = 3_600;
/// What is kept at most, in bytes: as much as the longest form of words may send.
pub const KEPT_BYTES_MAX: usize = 524_288;
/// A session that began longer ago, in seconds, keeps nothing: so long a browser holds its cookie, well beyond the
/// session's own end, because a form is kept by it.
pub const BEGAN_S: i64 = 86_400;

/// A form as it was sent; each of the staff has one, the last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptForm {
    pub staff_id: StaffId,
    /// Where it was sent to.
    pub action: String,
    /// What was typed, as forms send it, without the mark and without a code. It may be about people: it is sealed
    /// at rest and never printed.
    pub fields: Secret,
    pub kept_at: Time,
}

impl KeptForm {
    #[must_use]
    pub fn is_over(&self, now: Time) -> bool {
        now.seconds_since(self.kept_at) >= KEPT_S
    }
}

impl Operators {
    /// Keeps a form for whoever's session a cookie was, when it ended by itself: of one that was left or ended,
    /// nothing is kept. Whether it was.
    ///
    /// # Errors
    /// The store's.
    pub async fn keep_form(
        &self,
        token: &Secret,
        action: &str,
        fields: Secret,
    ) -> Result<bool, OperatorError> {
        if fields.expose().len() > KEPT_BYTES_MAX {
            return Ok(false);
        }
        let now = self.now();
        let (session, staff) = {
            let mut view = snapshot(&*self.store).await?;
            let Some(session) = view.operators().session(token).await? else {
                return Ok(false);
            };
            let staff = view.operators().find(&session.staff_id).await?;
            (session, staff)
        };
        let works = staff.is_some_and(|staff| staff.ended_at.is_none());
        let lately = now.seconds_since(session.opened_at) < BEGAN_S;
        let by_itself = session.ended_at.is_none() && !session.is_alive(now);
        if !(works && lately && by_itself) {
            return Ok(false);
        }
        let kept = KeptForm {
            staff_id: session.staff_id,
            action: action.to_owned(),
            fields,
            kept_at: now,
        };
        let kept = &kept;
        atomically(&*self.store, async |tx: &mut Tx| {
            tx.operators().keep_form(kept).await?;
            Ok::<_, OperatorError>(())
        })
        .await?;
        Ok(true)
    }

    /// Keeps that a file was chosen, and never the file itself: its name, as a field of its form. What somebody typed
    /// does not give way to it. Whether it was kept.
    ///
    /// # Errors
    /// The store's.
    pub async fn keep_file_name(
        &self,
        token: &Secret,
        action: &str,
        field: Secret,
    ) -> Result<bool, OperatorError> {
        let session = {
            let mut view = snapshot(&*self.store).await?;
            view.operators().session(token).await?
        };
        let Some(session) = session else {
            return Ok(false);
        };
        let before = self.kept_form(&session.staff_id).await?;
        if before.is_some_and(|form| form.action != action) {
            return Ok(false);
        }
        self.keep_form(token, action, field).await
    }

    /// What is kept of somebody's.
    ///
    /// # Errors
    /// The store's.
    pub async fn kept_form(&self, staff: &StaffId) -> Result<Option<KeptForm>, OperatorError> {
        let found = snapshot(&*self.store)
            .await?
            .operators()
            .kept_form(staff)
            .await?;
        let now = self.now();
        Ok(found.filter(|form| !form.is_over(now)))
    }

    /// It was sent again, or is not wanted any more.
    ///
    /// # Errors
    /// The store's.
    pub async fn drop_form(&self, staff: &StaffId) -> Result<(), OperatorError> {
        atomically(&*self.store, async |tx: &mut Tx| {
            tx.operators().drop_form(staff).await?;
            Ok::<_, OperatorError>(())
        })
        .await
    }
}
