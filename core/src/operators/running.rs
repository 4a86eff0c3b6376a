//! Lets a timed task run now, with a line of the audit in the same unit, and writes down what is undone on a node (LN-39).

use super::error::OperatorError;
use super::right::Right;
use super::sign_in::{Acting, Operators};
use super::step_up::{StepUp, step_up};
use crate::cases::four_eyes::REASON_CHARS;
use crate::store::{Tx, atomically};

/// Why a limit is emptied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Emptying {
    /// Many people come from one place: a school, an office.
    SharedPlace,
    /// It was used up by a trial or a task of the company.
    OwnLoad,
    /// People who did nothing wrong came to it.
    TooLow,
}

impl Emptying {
    pub const ALL: [Self; 3] = [Self::SharedPlace, Self::OwnLoad, Self::TooLow];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SharedPlace => "shared_place",
            Self::OwnLoad => "own_load",
            Self::TooLow => "too_low",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|why| why.as_str() == text)
    }
}

impl Operators {
    /// The task's next turn is now. Whoever runs it takes it up at its next look; a turn under way is not run twice.
    /// It takes a code of one's own phone (money.md 3.11).
    ///
    /// # Errors
    /// [`OperatorError::Code`], [`OperatorError::NoSuch`] for a task that nobody registered or a role that may not,
    /// or the store's.
    pub async fn run_now(
        &self,
        acting: &Acting,
        job: &str,
        code: &str,
    ) -> Result<(), OperatorError> {
        if !acting.may(Right::RunSystem) {
            return Err(OperatorError::NoSuch);
        }
        let maker = self.maker();
        let now = maker.now();
        let line = acting.line(maker.uuid(), now, "jobs.run_now", job, "ok");
        let line = &line;
        let shown = atomically(&*self.store, async |tx: &mut Tx| {
            let shown = step_up(tx, acting, code, now).await? == StepUp::Shown;
            // A wrong code is counted, so the unit commits.
            if !shown {
                return Ok(false);
            }
            if !tx.jobs().hasten(job, now).await? {
                return Err(OperatorError::NoSuch);
            }
            tx.audit().append(line).await?;
            Ok(true)
        })
        .await?;
        shown.then_some(()).ok_or(OperatorError::Code)
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
    /// That somebody empties a limit of a node, and why. It is written first, and takes a code of one's own phone
    /// (money.md 3.11).
    ///
    /// # Errors
    /// [`OperatorError::Code`], [`OperatorError::NoSuch`] for a role that may not, or the store's.
    pub async fn limit_emptied(
        &self,
        acting: &Acting,
        limit: &str,
        why: Emptying,
        code: &str,
    ) -> Result<(), OperatorError> {
        if !acting.may(Right::RunSystem) {
            return Err(OperatorError::NoSuch);
        }
        let maker = self.maker();
        let now = maker.now();
        let line = acting.line(maker.uuid(), now, "limits.clear", limit, why.as_str());
        let line = &line;
        let shown = atomically(&*self.store, async |tx: &mut Tx| {
            // A wrong code is counted, so the unit commits.
            if step_up(tx, acting, code, now).await? != StepUp::Shown {
                return Ok(false);
            }
            tx.audit().append(line).await?;
            Ok::<_, OperatorError>(true)
        })
        .await?;
        shown.then_some(()).ok_or(OperatorError::Code)
    }
}
