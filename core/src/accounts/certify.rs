//! Certifying a person by what they typed (LN-18, money.md 3.1).

use super::account::{Account, Conflict, ProviderIds};
use super::attempts::{self, Guard, seconds_to_next_day};
use super::certification::{
    Certification, CertificationKind, CertificationState, CertifiedBy, Finding, LIFE_S, TERMS,
    TypedIdentity,
};
use super::conflict::note_conflict;
use super::news::{PhoneNews, tell_changed, tell_phone};
use super::ports::IdentityError;
use super::record::{Caller, Pen};
use super::secret::Secret;
use super::step_up::{Deed, Errand, spend};
use super::{AccountError, Accounts, watch};
use crate::bans;
use crate::evidence::Act;
use crate::shared::ids::CertificationId;
use crate::shared::outside::NoAnswer;
use crate::store::{Tx, atomically, snapshot};

/// Where the person comes back to after the provider's page; the id follows.
const RETURN_PATH: &str = "#/pages/accounts/certify?certification_id=";

/// A begun certification, and what the client must keep and do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BegunCertification {
    pub certification: Certification,
    /// What was typed, sealed for this certification; the client hands it back.
    pub held: Secret,
    /// The provider's page, where the person shows their face.
    pub url: Option<String>,
}

impl Accounts {
    /// Lays a typed identity before the provider. Counted first: a guess that is lost on the way is
    /// a guess.
    ///
    /// The first face of an account that has a phone is shown only after a step-up by a code to it: a face
    /// certifies whoever it belongs to, and that need not be whoever the account is of. The step-up is used up
    /// with the certification it begins: a provider that does not answer costs nobody another code.
    pub async fn begin_certification(
        &self,
        caller: &Caller,
        kind: CertificationKind,
        typed: &TypedIdentity,
        terms_version: &str,
    ) -> Result<BegunCertification, AccountError> {
        if terms_version != TERMS.version {
            return Err(AccountError::ConsentTextChanged);
        }
        let maker = self.maker();
        let (pen, refusal_pen) = (Pen::ready(&maker), Pen::ready(&maker));
        let certification_id: CertificationId = maker.id();
        let guarded = self
            .count_certification(caller, kind, typed, &refusal_pen)
            .await?;
        let wallet = self.entered_as(caller).await?;
        let proposed = self.propose(kind, typed, &certification_id, &wallet).await;
        let outside_no = match proposed {
            Ok(outside_no) => outside_no,
            Err(IdentityError::NoAnswer(why)) => {
                return Err(AccountError::IdentityUnavailable(why));
            }
            Err(IdentityError::CodeRefused | IdentityError::Refused) => {
                return Err(AccountError::CertificationRefused);
            }
        };
        let url = (kind == CertificationKind::Face)
            .then(|| self.identity.face_url(outside_no.expose(), pen.now));
        let certification = Certification {
            certification_id,
            account_id: caller.account_id.clone(),
            family_id: caller.family_id.clone(),
            kind,
            outside_no,
            state: CertificationState::Pending,
            begun_at: pen.now,
            expires_at: pen.now.plus_seconds(LIFE_S),
            ended_at: None,
            version: 1,
        };
        let held = atomically(&*self.store, async |tx: &mut Tx| {
            let errand = Errand::certify(caller);
            if guarded && !spend(tx, &caller.session_id, &errand, pen.now).await? {
                return Err(AccountError::StepUpRequired);
            }
            tx.accounts().add_certification(&certification).await?;
            let act = about(&certification)
                .say("terms_version", TERMS.version)
                .say("terms_hash", TERMS.digest());
            let subject = certification.certification_id.as_str();
            let actor = caller.actor();
            pen.prove(tx, &actor, "accounts.certification_begun", subject, act)
                .await?;
            let held = tx.accounts().hold_typed(&certification, typed).await?;
            Ok::<_, AccountError>(held)
        })
        .await?;
        Ok(BegunCertification {
            certification,
            held,
            url,
        })
    }

    /// At most so many a day, and so few distinct ID numbers a year: nobody tries out other
    /// people's numbers here. Who is certified may show their face once more: it says that the session is
    /// in its owner's hands. Who was certified by nothing but a face may have the wallet compared after all.
    ///
    /// Whether a step-up has to be used up for it, which was found to be there.
    async fn count_certification(
        &self,
        caller: &Caller,
        kind: CertificationKind,
        typed: &TypedIdentity,
        pen: &Pen,
    ) -> Result<bool, AccountError> {
        let account = caller.account_id.as_str();
        let watching = bans::Draft::ready(&self.maker());
        atomically(&*self.store, async |tx: &mut Tx| {
            let found = tx.accounts().find(&caller.account_id).await?;
            let found = found.ok_or(AccountError::NotFound)?;
            let certified = found.real_name.map(|name| name.certified_by);
            let by_wallet = certified.is_some_and(|by| by != CertifiedBy::Face);
            if by_wallet && kind != CertificationKind::Face {
                return Err(AccountError::AlreadyCertified);
            }
            let now = pen.now;
            let first_face = certified.is_none() && kind == CertificationKind::Face;
            let guarded = first_face && found.phone.is_some();
            if guarded {
                let shown = tx.accounts().stepped_up(&caller.session_id).await?;
                if !shown.is_some_and(|step_up| step_up.is_good(Deed::Certify, now)) {
                    return Err(AccountError::StepUpRequired);
                }
            }
            let day = Guard::CertificationsByAccount;
            let year = Guard::IdNumbersByAccount;
            let (outcome, error) = if !attempts::within(tx, day, account, now).await? {
                let retry_after_s = seconds_to_next_day(now);
                let error = AccountError::TooManyCertifications { retry_after_s };
                ("TOO_MANY_CERTIFICATIONS", error)
            } else if !attempts::within_distinct(tx, year, account, typed.id_no.expose(), now)
                .await?
            {
                let retry_after_s = now.seconds_to_shanghai_year();
                let error = AccountError::TooManyIdNumbers { retry_after_s };
                ("TOO_MANY_ID_NUMBERS", error)
            } else if let Some(out) =
                watch::id_number(tx, caller.into(), &typed.id_no, &watching).await?
            {
                ("SHUT_OUT", out.into())
            } else {
                return Ok(Ok(guarded));
            };
            pen.audit(tx, &caller.actor(), "accounts.certify", account, outcome)
                .await?;
            Ok::<_, AccountError>(Err(error))
        })
        .await?
    }

    async fn propose(
        &self,
        kind: CertificationKind,
        typed: &TypedIdentity,
        id: &CertificationId,
        wallet: &Account,
    ) -> Result<Secret, IdentityError> {
        match kind {
            CertificationKind::CertVerify => self.identity.propose(typed).await,
            CertificationKind::Face => {
                let order_no = id.as_str().replace('-', "");
                let back = format!("{}{RETURN_PATH}{id}", self.redirect_uri);
                let ids = wallet.ids();
                let prepared = self.identity.begin_face(&order_no, typed, &ids, &back);
                prepared.await
            }
        }
    }

    /// One's own certification, as it is on record.
    pub async fn certification(
        &self,
        caller: &Caller,
        id: &CertificationId,
    ) -> Result<Certification, AccountError> {
        let mut view = snapshot(&*self.store).await?;
        let found = view.accounts().find_certification(id).await?;
        found
            .filter(|found| found.account_id == caller.account_id)
            .ok_or(AccountError::NotFound)
    }

    /// Asks the provider how it ended. Only its answer to us counts, never what the client says; an
    /// ended certification answers what it came to.
    pub async fn conclude_certification(
        &self,
        caller: &Caller,
        id: &CertificationId,
        held: &Secret,
        auth_code: Option<&str>,
    ) -> Result<Certification, AccountError> {
        let found = self.certification(caller, id).await?;
        if found.family_id != caller.family_id {
            return Err(AccountError::NotFound);
        }
        if found.state != CertificationState::Pending {
            return settled(found);
        }
        let maker = self.maker();
        let pens = [Pen::ready(&maker), Pen::ready(&maker)];
        if !found.is_open(maker.now()) {
            return Err(AccountError::CertificationOver);
        }
        let mut view = snapshot(&*self.store).await?;
        let typed = view.accounts().open_typed(&found, held).await?;
        let typed = typed.ok_or(AccountError::NotWhatWasTyped)?;
        drop(view);
        let finding = match found.kind {
            CertificationKind::CertVerify => {
                let auth_code = auth_code.ok_or(AccountError::AuthCodeMissing)?;
                self.compared(caller, &found, auth_code).await?
            }
            CertificationKind::Face => self
                .identity
                .face_finding(found.outside_no.expose())
                .await
                .map_err(unanswered)?,
        };
        let ended = atomically(&*self.store, async |tx: &mut Tx| {
            take_finding(tx, caller, id, &typed, finding, &pens).await
        })
        .await?;
        settled(ended)
    }

    /// Whether the wallet behind the code is the typed person's. It must be the wallet that signed
    /// in: another person's would certify another person.
    async fn compared(
        &self,
        caller: &Caller,
        found: &Certification,
        auth_code: &str,
    ) -> Result<Finding, AccountError> {
        let grant = self.identity.exchange(auth_code).await;
        let grant = grant.map_err(unanswered)?;
        let ids = ProviderIds::of(&grant, None).map_err(|_| {
            AccountError::IdentityUnavailable(NoAnswer::Alarm("replies_name_no_one_person"))
        })?;
        if !self.entered_as(caller).await?.is_wallet_of(&ids) {
            return Err(AccountError::LeaveRefused);
        }
        self.identity
            .compare(&grant.access_token, found.outside_no.expose())
            .await
            .map_err(unanswered)
    }

    /// The account whose ids at the provider opened this session: a wallet that was merged into
    /// another account pays and proves as itself.
    pub async fn entered_as(&self, caller: &Caller) -> Result<Account, AccountError> {
        let mut view = snapshot(&*self.store).await?;
        let session = view.accounts().find_session(&caller.session_id).await?;
        let session = session.ok_or(AccountError::SessionEnded)?;
        let entered = view.accounts().find(&session.entered_as).await?;
        entered.ok_or(AccountError::NotFound)
    }
}

fn unanswered(error: IdentityError) -> AccountError {
    match error {
        IdentityError::CodeRefused => AccountError::LeaveRefused,
        IdentityError::Refused => AccountError::CertificationRefused,
        IdentityError::NoAnswer(why) => AccountError::IdentityUnavailable(why),
    }
}

fn settled(certification: Certification) -> Result<Certification, AccountError> {
    match certification.state {
        CertificationState::Refused => Err(AccountError::CertificationRefused),
        CertificationState::Pending | CertificationState::Certified => Ok(certification),
    }
}

/// Writes what the provider found. Another call may have been told first: then its word stands. Who was
/// certified by a face alone is certified by the wallet's own word once that says the same.
async fn take_finding(
    tx: &mut Tx,
    caller: &Caller,
    id: &CertificationId,
    typed: &TypedIdentity,
    finding: Finding,
    [pen, conflict_pen]: &[Pen; 2],
) -> Result<Certification, AccountError> {
    let found = tx.accounts().find_certification(id).await?;
    let found = found.ok_or(AccountError::NotFound)?;
    if found.state != CertificationState::Pending || finding == Finding::Open {
        return Ok(found);
    }
    let (actor, subject) = (caller.actor(), id.as_str());
    let account = tx.accounts().find(&caller.account_id).await?;
    let mut account = account.ok_or(AccountError::NotFound)?;
    let before = account.real_name.as_ref().map(|name| name.certified_by);
    let compared = found.kind == CertificationKind::CertVerify;
    let better = before.is_none_or(|by| by == CertifiedBy::Face && compared);
    let finding = match finding {
        Finding::Passed => match account.certify(typed, found.kind.certifies(), pen.now) {
            Ok(()) => Finding::Passed,
            Err(conflict) => {
                note_other_person(tx, caller, conflict, conflict_pen).await?;
                Finding::Failed
            }
        },
        Finding::Failed | Finding::Open => finding,
    };
    let decided = found.decided(finding, pen.now);
    tx.accounts().save_certification(&decided).await?;
    if finding == Finding::Passed {
        watch::id_number_was_theirs(tx, caller, &typed.id_no, pen.now).await?;
        if better {
            tx.accounts().save(&account).await?;
            tell_changed(tx, &account.account_id, pen, &caller.trace_id).await?;
            tell_of_face(tx, &account, decided.kind, pen, &caller.trace_id).await?;
        }
        let act = about(&decided).seal("id_no", typed.id_no.expose());
        pen.prove(tx, &actor, "accounts.certified", subject, act)
            .await?;
    } else {
        let outcome = "CERTIFICATION_REFUSED";
        pen.audit(tx, &actor, "accounts.certify", subject, outcome)
            .await?;
    }
    Ok(Certification {
        version: decided.version.saturating_add(1),
        ..decided
    })
}

/// Tells the phone of an account that somebody was certified by their face: nothing there agreed with the
/// wallet's own name.
async fn tell_of_face(
    tx: &mut Tx,
    account: &Account,
    kind: CertificationKind,
    pen: &Pen,
    trace_id: &str,
) -> Result<(), AccountError> {
    let Some(phone) = account
        .phone
        .as_ref()
        .filter(|_| kind == CertificationKind::Face)
    else {
        return Ok(());
    };
    let (number, id) = (&phone.number, &account.account_id);
    tell_phone(tx, PhoneNews::FaceCertified, number, id, pen, trace_id).await?;
    Ok(())
}

async fn note_other_person(
    tx: &mut Tx,
    caller: &Caller,
    conflict: Conflict,
    pen: &Pen,
) -> Result<(), AccountError> {
    let accounts = [caller.account_id.clone()];
    let (actor, act) = (caller.actor(), "accounts.certify");
    note_conflict(tx, pen, &actor, act, conflict, &accounts).await
}

fn about(certification: &Certification) -> Act {
    Act::new()
        .say("account_id", certification.account_id.as_str())
        .say("certification_id", certification.certification_id.as_str())
        .say("kind", certification.kind.as_str())
}
