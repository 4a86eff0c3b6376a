//! Step-up: before an act that a stolen phone must not do, the person at the device shows by a code to
//! the account's own phone that they are its owner (money.md 3.7, 3.15).
//!
//! The code is bound to the session, the phone and the act. What it gives is bound to the session's
//! next id, is good for that one act, once, and for ten minutes.

use super::{Privacy, PrivacyError};
use crate::accounts::codes::{CodeDraft, CodePromise, PROMISE, arm, ask, asked_last, try_code};
use crate::accounts::otp::{Act, OtpPurpose, Verdict};
use crate::accounts::rotation::{Successor, rotate};
use crate::accounts::{AccountError, Caller, Pen, Secret, Session, verified_phone_in};
use crate::shared::ids::SessionId;
use crate::shared::time::Time;
use crate::store::{Tx, atomically, snapshot};

/// How long a step-up is good for.
pub const STEP_UP_LIFE_S: i64 = 10 * 60;

/// What needs a step-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Deed {
    Export,
    Erase,
}

impl Deed {
    pub const ALL: [Self; 2] = [Self::Export, Self::Erase];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Export => "export",
            Self::Erase => "erase",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|deed| deed.as_str() == text)
    }

    const fn purpose(self) -> OtpPurpose {
        match self {
            Self::Export => OtpPurpose::Export,
            Self::Erase => OtpPurpose::Erase,
        }
    }

    fn act(self, caller: &Caller) -> Act {
        Act::on(self.as_str(), caller.account_id.as_str())
    }
}

/// What a session was lately shown to be its owner's for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepUp {
    pub deed: Deed,
    pub at: Time,
}

impl StepUp {
    #[must_use]
    pub fn is_good(&self, deed: Deed, now: Time) -> bool {
        self.deed == deed && now < self.at.plus_seconds(STEP_UP_LIFE_S)
    }
}

/// A session stepped up, under its next id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SteppedUp {
    pub session: Session,
    pub deed: Deed,
}

/// The act a typed code allows, if it is the code this session asked for last.
async fn fitting(
    tx: &mut Tx,
    caller: &Caller,
    typed: &Secret,
    now: Time,
) -> Result<Option<Deed>, PrivacyError> {
    let acts = Deed::ALL.map(|deed| (deed.purpose(), deed.act(caller)));
    let Some(at) = asked_last(tx, caller, &acts).await? else {
        return Ok(None);
    };
    let Some((deed, (purpose, act))) = Deed::ALL.into_iter().zip(&acts).nth(at) else {
        return Ok(None);
    };
    let verdict = try_code(tx, caller, *purpose, act, typed, now).await?;
    Ok((verdict == Verdict::Accepted).then_some(deed))
}

/// Uses a step-up up inside the unit of the act it allows.
pub(super) async fn spend(
    tx: &mut Tx,
    caller: &Caller,
    deed: Deed,
    now: Time,
) -> Result<(), PrivacyError> {
    let since = now.plus_seconds(STEP_UP_LIFE_S.saturating_neg());
    let session = &caller.session_id;
    if tx.privacy().spend_step_up(session, deed, since).await? {
        Ok(())
    } else {
        Err(PrivacyError::StepUpRequired)
    }
}

impl Privacy {
    /// Sends a code for an act to the caller's own verified phone.
    pub async fn ask_code(&self, caller: &Caller, deed: Deed) -> Result<CodePromise, PrivacyError> {
        let maker = self.maker();
        let (draft, pen) = (CodeDraft::ready(&maker, self.budget), Pen::ready(&maker));
        let (purpose, act) = (deed.purpose(), deed.act(caller));
        atomically(&*self.store, async |tx: &mut Tx| {
            let phone = verified_phone_in(tx, &caller.account_id).await?;
            let phone = phone.ok_or(PrivacyError::PhoneRequired)?;
            let otp = ask(tx, caller, purpose, &act, &draft).await?;
            let (id, ends, trace) = (&otp.otp_id, otp.expires_at, &caller.trace_id);
            arm(tx, id, purpose, ends, &phone, &draft, trace).await?;
            pen.audit(tx, &caller.actor(), "privacy.ask_code", id.as_str(), "ok")
                .await?;
            Ok::<_, PrivacyError>(())
        })
        .await?;
        Ok(PROMISE)
    }

    /// Tries a typed code for the act this session asked a code for last. When it fits, the session goes on
    /// under its next id, and only that id may do the act.
    pub async fn step_up(
        &self,
        caller: &Caller,
        typed: &Secret,
    ) -> Result<SteppedUp, PrivacyError> {
        let maker = self.maker();
        let (pen, next) = (Pen::ready(&maker), Successor::ready(&maker));
        let stepped = atomically(&*self.store, async |tx: &mut Tx| {
            let (actor, subject) = (caller.actor(), caller.family_id.as_str());
            let Some(deed) = fitting(tx, caller, typed, pen.now).await? else {
                pen.audit(tx, &actor, "privacy.step_up", subject, "WRONG_CODE")
                    .await?;
                return Ok(None);
            };
            let session = rotate(tx, caller, &next).await?;
            let step_up = StepUp { deed, at: pen.now };
            tx.privacy().step_up(&session.session_id, step_up).await?;
            pen.audit(tx, &actor, "privacy.step_up", subject, "ok")
                .await?;
            Ok::<_, PrivacyError>(Some(SteppedUp { session, deed }))
        })
        .await?;
        stepped.ok_or(PrivacyError::Account(AccountError::WrongCode))
    }

    /// Whether a session may do an act now; the act itself uses it up.
    pub async fn may(&self, session: &SessionId, deed: Deed) -> Result<bool, PrivacyError> {
        let mut view = snapshot(&*self.store).await?;
        let found = view.privacy().stepped_up(session).await?;
        let now = self.clock.now();
        Ok(found.is_some_and(|step_up| step_up.is_good(deed, now)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m3_15_a_step_up_is_for_one_act_and_ten_minutes() {
        let at = Time::from_micros(1_800_000_000_000_000);
        let step_up = StepUp {
            deed: Deed::Export,
            at,
        };
        assert!(step_up.is_good(Deed::Export, at));
        assert!(step_up.is_good(Deed::Export, at.plus_seconds(STEP_UP_LIFE_S - 1)));
        assert!(!step_up.is_good(Deed::Export, at.plus_seconds(STEP_UP_LIFE_S)));
        assert!(!step_up.is_good(Deed::Erase, at));
    }

    #[test]
    fn every_act_has_its_own_word_and_code() {
        for deed in Deed::ALL {
            assert_eq!(Deed::parse(deed.as_str()), Some(deed));
            assert_eq!(deed.purpose().as_str(), deed.as_str());
        }
        assert_eq!(Deed::parse("bind"), None);
    }
}
