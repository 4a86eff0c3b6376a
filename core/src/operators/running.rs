//! Lets a timed task run now, with a line of the audit in the same unit (LN-39).

use super::error::OperatorError;
use super::right::Right;
use super::sign_in::{Acting, Operators};
use crate::cases::four_eyes::REASON_CHARS;
use crate::store::{Tx, atomically};

impl Operators {
    /// The task's next turn is now. Whoever runs it takes it up at its next look; a turn under way is not run twice.
    ///
    /// # Errors
    /// [`OperatorError::NoSuch`] for a task that nobody registered or a role that may not, or the store's.
    pub async fn run_now(&self, acting: &Acting, job: &str) -> Result<(), OperatorError> {
        if !acting.may(Right::RunSystem) {
            return Err(OperatorError::NoSuch);
        }
        let maker = self.maker();
        let now = maker.now();
        let line = acting.line(maker.uuid(), now, "jobs.run_now", job, "ok");
        let line = &line;
        atomically(&*self.store, async |tx: &mut Tx| {
            if !tx.jobs().hasten(job, now).await? {
                return Err(OperatorError::NoSuch);
            }
            tx.audit().append(line).await?;
            Ok(())
        })
        .await
    }
    /// That somebody let what was left alone be asked again. It is written first: what happened without
    /// a line of the audit did not happen by anybody.
    ///
    /// # Errors
    /// [`OperatorError::NoSuch`] for a role that may not, [`OperatorError::Reason`], or the store's.
    pub async fn asked_again(
        &self,
        acting: &Acting,
        circuit: &str,
        reason: &str,
    ) -> Result<(), OperatorError> {
        if !acting.may(Right::RunSystem) {
            return Err(OperatorError::NoSuch);
        }
        if !REASON_CHARS.contains(&reason.chars().count()) {
            return Err(OperatorError::Reason);
        }
        self.note(acting, "system.ask_again", circuit, reason).await
    }
}
