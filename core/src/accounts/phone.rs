//! The phone of a person: an attribute with the moment it was shown to be theirs, held by one live
//! account at a time (LN-48, money.md 3.6).

use super::account::{Account, CertifiedBy, VerifiedPhone};
use super::codes::try_code;
use super::news::{PhoneNews, tell_changed, tell_phone};
use super::otp::{Act, OtpPurpose, Verdict};
use super::record::{Actor, Caller, Pen};
use super::rotation::end_all;
use super::secret::Secret;
use super::session::Ending;
use super::step_up::{Errand, STEP_UP_LIFE_S, spend};
use super::{AccountError, Accounts};
use crate::evidence;
use crate::shared::ids::SessionId;
use crate::shared::personal::Phone;
use crate::shared::time::Time;
use crate::store::{Tx, atomically};

/// A phone made one's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhoneTaken {
    pub account: Account,
    /// Sessions of whoever held the phone before, whose access tokens must stop working.
    pub ended: Vec<SessionId>,
}

impl Accounts {
    /// Makes a phone the caller's own by the code sent to it. Whoever held it before loses it, and
    /// every session with it: the code shows who holds the phone today.
    ///
    /// A phone that the account has is given up only after a step-up of its own, by a code to that phone:
    /// else whoever holds a session would have every later code sent to themselves. Without one the unit is
    /// undone, so that the code is still good for the same phone. Who lost that phone shows their face instead.
    pub async fn verify_phone(
        &self,
        caller: &Caller,
        phone: &Phone,
        typed: &Secret,
    ) -> Result<PhoneTaken, AccountError> {
        let maker = self.maker();
        let (pen, move_pen) = (Pen::ready(&maker), Pen::ready(&maker));
        let act = Act::on("phone", phone.expose());
        let verified = atomically(&*self.store, async |tx: &mut Tx| {
            let (actor, subject) = (caller.actor(), caller.account_id.as_str());
            let purpose = OtpPurpose::VerifyPhone;
            if try_code(tx, caller, purpose, &act, typed, pen.now).await? == Verdict::Refused {
                pen.audit(tx, &actor, "accounts.verify_phone", subject, "WRONG_CODE")
                    .await?;
                return Ok(None);
            }
            let found = tx.accounts().find(&caller.account_id).await?;
            let mut account = found.ok_or(AccountError::NotFound)?;
            let errands = [Errand::change_phone(phone)];
            let former = put_phone(&mut account, phone, true, pen.now);
            if former.is_some() && !gives_up(tx, caller, &account, &errands, pen.now).await? {
                return Err(AccountError::StepUpRequired);
            }
            let ended = take_phone(tx, &account, &move_pen, &actor).await?;
            tx.accounts().save(&account).await?;
            tell(tx, &account, former.as_ref(), &pen, caller).await?;
            pen.audit(tx, &actor, "accounts.verify_phone", subject, "ok")
                .await?;
            Ok::<_, AccountError>(Some(PhoneTaken { account, ended }))
        })
        .await?;
        verified.ok_or(AccountError::WrongCode)
    }

    /// Makes the wallet's phone the caller's own, by what the provider handed the mini-program.
    ///
    /// That says nothing about today: a former owner who kept it could take a recycled number back
    /// from its new one. So it moves no phone from another account; a code does. Nor does it name the account
    /// it is for: whoever holds a session could hand in the word about their own phone. So a phone that the
    /// account has is given up only as by [`Accounts::verify_phone`], after a step-up by a code to it.
    pub async fn take_told_phone(
        &self,
        caller: &Caller,
        response: &str,
        sign: &str,
    ) -> Result<Account, AccountError> {
        let pen = Pen::ready(&self.maker());
        let told = self.identity.phone_told(response, sign).ok();
        let (outcome, account) = atomically(&*self.store, async |tx: &mut Tx| {
            let (outcome, account) = match &told {
                Some(phone) => put_told(tx, caller, phone, &pen).await?,
                None => ("PHONE_NOT_TOLD", None),
            };
            let (actor, subject) = (caller.actor(), caller.account_id.as_str());
            pen.audit(tx, &actor, "accounts.take_phone", subject, outcome)
                .await?;
            Ok::<_, AccountError>((outcome, account))
        })
        .await?;
        match account {
            Some(account) => Ok(account),
            None if outcome == "PHONE_HELD" => Err(AccountError::PhoneHeld),
            None => Err(AccountError::PhoneNotTold),
        }
    }
}

/// Puts a told phone into the caller's account, unless another one holds it.
async fn put_told(
    tx: &mut Tx,
    caller: &Caller,
    phone: &Phone,
    pen: &Pen,
) -> Result<(&'static str, Option<Account>), AccountError> {
    let holder = tx.accounts().find_by_phone(phone).await?;
    if holder.is_some_and(|holder| holder.account_id != caller.account_id) {
        return Ok(("PHONE_HELD", None));
    }
    let found = tx.accounts().find(&caller.account_id).await?;
    let mut account = found.ok_or(AccountError::NotFound)?;
    let former = put_phone(&mut account, phone, false, pen.now);
    let errands = [
        Errand::change_phone(phone),
        Errand::take_wallets_phone(caller),
    ];
    if former.is_some() && !gives_up(tx, caller, &account, &errands, pen.now).await? {
        return Err(AccountError::StepUpRequired);
    }
    tx.accounts().save(&account).await?;
    tell(tx, &account, former.as_ref(), pen, caller).await?;
    Ok(("ok", Some(account)))
}

/// Whether the phone of an account may be given up now: by a step-up for one of these, which is used up, or
/// because its owner, who may have lost that phone, showed their face on this device a moment ago.
///
/// A face is the owner's only where somebody was certified before the session began, and not by a face alone:
/// whoever holds the session of an account that nobody certified could certify themselves, and come back.
async fn gives_up(
    tx: &mut Tx,
    caller: &Caller,
    account: &Account,
    errands: &[Errand],
    now: Time,
) -> Result<bool, AccountError> {
    for errand in errands {
        if spend(tx, &caller.session_id, errand, now).await? {
            return Ok(true);
        }
    }
    let session = tx.accounts().find_session(&caller.session_id).await?;
    let by_wallet = account.real_name.as_ref();
    let by_wallet = by_wallet.filter(|name| name.certified_by != CertifiedBy::Face);
    let certified = by_wallet.map(|name| name.certified_at);
    let before = session
        .zip(certified)
        .is_some_and(|(session, at)| at <= session.created_at);
    if !before {
        return Ok(false);
    }
    let after = now.plus_seconds(STEP_UP_LIFE_S.saturating_neg());
    let (id, family) = (&caller.account_id, &caller.family_id);
    Ok(tx.accounts().face_shown(id, family, after).await?)
}

/// Puts a phone into an account; answers the one it gives up for it, if it is another one.
fn put_phone(account: &mut Account, phone: &Phone, chosen: bool, now: Time) -> Option<Phone> {
    let taken = VerifiedPhone {
        number: phone.clone(),
        verified_at: now,
        chosen,
    };
    let former = account.phone.replace(taken)?.number;
    (former != *phone).then_some(former)
}

/// Tells whoever is to know of the phone that an account has now.
async fn tell(
    tx: &mut Tx,
    account: &Account,
    former: Option<&Phone>,
    pen: &Pen,
    caller: &Caller,
) -> Result<(), AccountError> {
    let (id, trace) = (&account.account_id, &caller.trace_id);
    tell_changed(tx, id, pen, trace).await?;
    if let Some(former) = former {
        tell_phone(tx, PhoneNews::GivenUp, former, id, pen, trace).await?;
    }
    Ok(())
}

/// One live account per mobile: whoever held this account's phone before loses it, and every
/// session with it (money.md 3.6). Written before the account that takes it.
pub(super) async fn take_phone(
    tx: &mut Tx,
    account: &Account,
    pen: &Pen,
    actor: &Actor,
) -> Result<Vec<SessionId>, AccountError> {
    let Some(phone) = &account.phone else {
        return Ok(Vec::new());
    };
    let Some(mut former) = tx.accounts().find_by_phone(&phone.number).await? else {
        return Ok(Vec::new());
    };
    if former.account_id == account.account_id {
        return Ok(Vec::new());
    }
    former.phone = None;
    tx.accounts().save(&former).await?;
    tell_changed(tx, &former.account_id, pen, &actor.trace_id).await?;
    let sessions = tx.accounts().sessions(&former.account_id).await?;
    let ended = end_all(tx, sessions, pen.now, Ending::PhoneMoved).await?;
    let act = evidence::Act::new()
        .say("account_id", former.account_id.as_str())
        .say("to_account_id", account.account_id.as_str())
        .seal("phone", phone.number.expose());
    let subject = former.account_id.as_str();
    pen.prove(tx, actor, "accounts.phone_moved", subject, act)
        .await?;
    Ok(ended)
}
