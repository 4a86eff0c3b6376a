//! Step-up: before an act that a stolen phone must not do, the person at the device shows by a code to
//! the account's own phone that they are its owner (money.md 3.7, 3.15).
//!
//! The code is bound to the session, the phone and the act: to the homes and sums of a payment, to the
//! home that is left, to the phone that comes in the place of the one that is given up. What it gives is
//! bound to the session's next id, is good for that one act, once, and for ten minutes.

use super::codes::{CodeDraft, CodePromise, PROMISE, ask_own, try_otp};
use super::otp::{Act, OtpPurpose, Verdict};
use super::rotation::{Successor, rotate};
use super::{AccountError, Accounts, Caller, Pen, Secret, Session};
use crate::shared::ids::{BindingId, SessionId};
use crate::shared::money::Fen;
use crate::shared::personal::Phone;
use crate::shared::time::Time;
use crate::store::{StoreError, Tx, atomically, snapshot};

/// How long a step-up is good for.
pub const STEP_UP_LIFE_S: i64 = 10 * 60;
/// What is younger than this is new: a device to an account, a home to a person.
pub const NEW_FOR_S: i64 = 24 * 3_600;

/// What may need a step-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Deed {
    Export,
    Erase,
    Pay,
    Unlink,
    ChangePhone,
    /// Either side of it.
    Merge,
    /// By a face, for the first time.
    Certify,
}

impl Deed {
    pub const ALL: [Self; 7] = [
        Self::Export,
        Self::Erase,
        Self::Pay,
        Self::Unlink,
        Self::ChangePhone,
        Self::Merge,
        Self::Certify,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Export => "export",
            Self::Erase => "erase",
            Self::Pay => "pay",
            Self::Unlink => "unlink",
            Self::ChangePhone => "change_phone",
            Self::Merge => "merge",
            Self::Certify => "certify",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|deed| deed.as_str() == text)
    }

    #[must_use]
    pub const fn purpose(self) -> OtpPurpose {
        match self {
            Self::Export => OtpPurpose::Export,
            Self::Erase => OtpPurpose::Erase,
            Self::Pay => OtpPurpose::Pay,
            Self::Unlink => OtpPurpose::Unlink,
            Self::ChangePhone => OtpPurpose::ChangePhone,
            Self::Merge => OtpPurpose::Merge,
            Self::Certify => OtpPurpose::Certify,
        }
    }
}

/// A deed, and exactly on what: a code for one sum is no use for another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Errand {
    deed: Deed,
    act: Act,
}

impl Errand {
    fn on(deed: Deed, what: &str) -> Self {
        Self {
            deed,
            act: Act::on(deed.as_str(), what),
        }
    }

    /// To be handed everything that is known of the caller.
    #[must_use]
    pub fn export(caller: &Caller) -> Self {
        Self::on(Deed::Export, caller.account_id.as_str())
    }

    /// To erase the caller.
    #[must_use]
    pub fn erase(caller: &Caller) -> Self {
        Self::on(Deed::Erase, caller.account_id.as_str())
    }

    /// To pay for homes, each with its sum, in whatever order.
    #[must_use]
    pub fn pay<'a>(homes: impl Iterator<Item = (&'a BindingId, Fen)>) -> Self {
        let part = |(home, sum): (&BindingId, Fen)| format!("{home}={}", sum.get());
        let mut parts: Vec<String> = homes.map(part).collect();
        parts.sort_unstable();
        Self::on(Deed::Pay, &parts.join(","))
    }

    /// To leave a home.
    #[must_use]
    pub fn unlink(home: &BindingId) -> Self {
        Self::on(Deed::Unlink, home.as_str())
    }

    /// To give up the phone that the account has for this one.
    #[must_use]
    pub fn change_phone(to: &Phone) -> Self {
        Self::on(Deed::ChangePhone, to.expose())
    }

    /// To give it up for the wallet's own, whose number the mini-program does not see.
    #[must_use]
    pub fn take_wallets_phone(caller: &Caller) -> Self {
        Self::on(Deed::ChangePhone, caller.account_id.as_str())
    }

    /// To take another account over, or to give this one up.
    #[must_use]
    pub fn merge(caller: &Caller) -> Self {
        Self::on(Deed::Merge, caller.account_id.as_str())
    }

    /// To be certified by a face where nobody is certified yet.
    #[must_use]
    pub fn certify(caller: &Caller) -> Self {
        Self::on(Deed::Certify, caller.account_id.as_str())
    }

    #[must_use]
    pub const fn deed(&self) -> Deed {
        self.deed
    }

    #[must_use]
    pub const fn act(&self) -> &Act {
        &self.act
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

/// Uses a step-up up inside the unit of the act it allows; false when there is none for it.
pub async fn spend(
    tx: &mut Tx,
    session: &SessionId,
    errand: &Errand,
    now: Time,
) -> Result<bool, StoreError> {
    let since = now.plus_seconds(STEP_UP_LIFE_S.saturating_neg());
    tx.accounts().spend_step_up(session, errand, since).await
}

/// Whether a thing made then is new now.
#[must_use]
pub fn is_new(made_at: Time, now: Time) -> bool {
    now < made_at.plus_seconds(NEW_FOR_S)
}

/// Whether a session signed in lately to an account that was there long before: what somebody who took
/// the account over would have. A person's first device is never new to them.
pub async fn is_new_device(
    tx: &mut Tx,
    session: &SessionId,
    now: Time,
) -> Result<bool, StoreError> {
    let Some(found) = tx.accounts().find_session(session).await? else {
        return Ok(true);
    };
    if !is_new(found.created_at, now) {
        return Ok(false);
    }
    let account = tx.accounts().find(&found.account_id).await?;
    Ok(account.is_none_or(|account| !is_new(account.created_at, found.created_at)))
}

impl Accounts {
    /// Sends a code for an act to the caller's own verified phone.
    pub async fn ask_step_up(
        &self,
        caller: &Caller,
        errand: &Errand,
    ) -> Result<CodePromise, AccountError> {
        let maker = self.maker();
        let (draft, pen) = (CodeDraft::ready(&maker, self.budget), Pen::ready(&maker));
        let purpose = errand.deed.purpose();
        atomically(&*self.store, async |tx: &mut Tx| {
            ask_own(tx, caller, purpose, &errand.act, &draft, &pen).await
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
    ) -> Result<SteppedUp, AccountError> {
        let maker = self.maker();
        let (pen, next) = (Pen::ready(&maker), Successor::ready(&maker));
        let stepped = atomically(&*self.store, async |tx: &mut Tx| {
            let (actor, subject) = (caller.actor(), caller.family_id.as_str());
            let asked = tx
                .accounts()
                .newest_step_up_code(&caller.family_id)
                .await?
                .filter(|(_, otp)| otp.account_id == caller.account_id);
            let verdict = match &asked {
                Some((_, otp)) => try_otp(tx, otp.clone(), typed, pen.now).await?,
                None => Verdict::Refused,
            };
            let Some((deed, otp)) = asked.filter(|_| verdict == Verdict::Accepted) else {
                pen.audit(tx, &actor, "accounts.step_up", subject, "WRONG_CODE")
                    .await?;
                return Ok(None);
            };
            let session = rotate(tx, caller, &next).await?;
            let step_up = StepUp { deed, at: pen.now };
            tx.accounts()
                .step_up(&session.session_id, &otp.otp_id, step_up)
                .await?;
            pen.audit(tx, &actor, "accounts.step_up", subject, "ok")
                .await?;
            Ok::<_, AccountError>(Some(SteppedUp { session, deed }))
        })
        .await?;
        stepped.ok_or(AccountError::WrongCode)
    }

    /// Whether a session was shown to be its owner's for an act now; the act itself uses it up.
    pub async fn stepped_up(&self, session: &SessionId, deed: Deed) -> Result<bool, AccountError> {
        let mut view = snapshot(&*self.store).await?;
        let found = view.accounts().stepped_up(session).await?;
        let now = self.clock.now();
        Ok(found.is_some_and(|step_up| step_up.is_good(deed, now)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::ids::TypedId as _;

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

    #[test]
    fn m3_7_a_payment_is_its_homes_and_sums_in_whatever_order() {
        let home = |n: u8| BindingId::made(format!("019aa2f0-0000-7000-8000-0000000000{n:02}"));
        let pay = |parts: &[(u8, i64)]| {
            let parts: Vec<_> = parts.iter().map(|(n, fen)| (home(*n), *fen)).collect();
            Errand::pay(parts.iter().map(|(home, fen)| (home, Fen::new(*fen))))
        };
        assert_eq!(pay(&[(1, 100), (2, 200)]), pay(&[(2, 200), (1, 100)]));
        assert_ne!(pay(&[(1, 100), (2, 200)]), pay(&[(1, 200), (2, 100)]));
        assert_ne!(pay(&[(1, 100)]), pay(&[(1, 101)]));
        assert_ne!(pay(&[(1, 100)]), pay(&[(2, 100)]));
        assert_ne!(Errand::unlink(&home(1)), Errand::unlink(&home(2)));
    }

    #[test]
    fn a_day_makes_a_thing_known() {
        let made = Time::from_micros(1_800_000_000_000_000);
        assert!(is_new(made, made.plus_seconds(NEW_FOR_S - 1)));
        assert!(!is_new(made, made.plus_seconds(NEW_FOR_S)));
    }
}
