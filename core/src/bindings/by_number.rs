//! Linking by a typed consumer number and one proof (LN-44).
//!
//! Unknown number, foreign number, wrong proof: the same work and the same answer, so that nobody
//! learns which numbers exist or whose they are.

use super::Bindings;
use super::binding::{Seen, Signboard};
use super::error::BindingError;
use super::link::Claim;
use super::matching::{Proof, unanswered};
use super::ports::{ArchiveError, ArchiveProof, Verified};
use super::role::Shown;
use crate::accounts::codes::try_code;
use crate::accounts::otp::{Act, OtpPurpose, Verdict};
use crate::accounts::rotation::{Successor, rotate};
use crate::accounts::{self, Caller, Pen, Purpose, RealName, Secret, watch};
use crate::shared::personal::ConsumerNo;
use crate::store::{Tx, atomically, snapshot};

impl Bindings {
    /// Links the home behind a typed number, with no more rights than the proof carries.
    pub async fn bind_by_number(
        &self,
        caller: &Caller,
        consumer_no: &ConsumerNo,
        proof: &Proof,
    ) -> Result<Seen, BindingError> {
        let tried = match proof {
            Proof::IdLast6(digits) => self
                .try_digits(caller, consumer_no, digits)
                .await
                .map(|verified| (verified, Shown::IdLast6)),
            Proof::ArchivedSms(typed) => self.by_code(caller, consumer_no, typed).await,
        };
        match tried {
            Ok((verified, shown)) => self.link_typed(caller, verified, shown).await,
            Err(error) => {
                self.note_refusal(caller, &error).await?;
                Err(error)
            }
        }
    }

    /// A code to the archived phone, with the certified name where the person agreed to its use.
    async fn by_code(
        &self,
        caller: &Caller,
        consumer_no: &ConsumerNo,
        typed: &Secret,
    ) -> Result<(Verified, Shown), BindingError> {
        let now = self.clock.now();
        let act = Act::on("consumer", consumer_no.expose());
        let verdict = atomically(&*self.store, async |tx: &mut Tx| {
            let purpose = OtpPurpose::Bind;
            Ok::<_, BindingError>(try_code(tx, caller, purpose, &act, typed, now).await?)
        })
        .await?;
        if verdict == Verdict::Refused {
            return Err(BindingError::CannotConfirm);
        }
        if let Some(person) = self.person_who_agreed(caller).await? {
            let proof = ArchiveProof::ArchivedMobile {
                name: Some(person.name),
            };
            match self.archive.verify_proof(consumer_no, &proof).await {
                Ok(verified) => return Ok((verified, Shown::ArchivedMobile { named: true })),
                // Holds the phone but is not the holder: still a payer.
                Err(ArchiveError::CannotConfirm) => {}
                Err(ArchiveError::NoAnswer(why)) => {
                    return Err(BindingError::ArchiveUnavailable(why));
                }
            }
        }
        let proof = ArchiveProof::ArchivedMobile { name: None };
        let verified = self
            .archive
            .verify_proof(consumer_no, &proof)
            .await
            .map_err(unanswered)?;
        Ok((verified, Shown::ArchivedMobile { named: false }))
    }

    /// The certified person, if they agreed to be compared with the archive.
    pub(super) async fn person_who_agreed(
        &self,
        caller: &Caller,
    ) -> Result<Option<RealName>, BindingError> {
        let mut view = snapshot(&*self.store).await?;
        let account = &caller.account_id;
        let consent = accounts::good_consent(&mut view, account, Purpose::IdentityMatch).await?;
        match consent {
            Some(_) => Ok(accounts::certified(&mut view, account).await?),
            None => Ok(None),
        }
    }

    async fn link_typed(
        &self,
        caller: &Caller,
        verified: Verified,
        shown: Shown,
    ) -> Result<Seen, BindingError> {
        let consumer = self
            .archive
            .consumer(&verified.consumer_no)
            .await
            .map_err(unanswered)?;
        let signboard = Signboard {
            consumer_no_masked: verified.consumer_no.masked(),
            holder_masked: consumer.holder_masked,
            address_masked: consumer.address_masked,
        };
        let maker = self.maker();
        let (theirs, now) = (verified.consumer_no.clone(), maker.now());
        let claim = Claim::new(&maker, verified, shown, signboard, None);
        let next = Successor::ready(&maker);
        atomically(&*self.store, async |tx: &mut Tx| {
            let linked = claim.link(tx, caller, self.rules.per_account_max).await?;
            watch::home_was_theirs(tx, caller, &theirs, now).await?;
            rotate(tx, caller, &next).await?;
            Ok::<_, BindingError>(linked)
        })
        .await
    }

    /// A refused try is on record with its reason, but without the number.
    async fn note_refusal(
        &self,
        caller: &Caller,
        error: &BindingError,
    ) -> Result<(), BindingError> {
        let outcome = match error {
            BindingError::CannotConfirm => "CANNOT_CONFIRM",
            BindingError::ProofLocked { .. } => "PROOF_LOCKED",
            BindingError::ConsentRequired
            | BindingError::RealNameRequired
            | BindingError::ProofRequired
            | BindingError::CodeRequired
            | BindingError::TooManyBindings
            | BindingError::TooManyGrants
            | BindingError::NoSuchEnd(_)
            | BindingError::NotFound
            | BindingError::RoleNotEnough
            | BindingError::ArchiveUnavailable(_)
            | BindingError::Account(_) => return Ok(()),
        };
        let pen = Pen::ready(&self.maker());
        atomically(&*self.store, async |tx: &mut Tx| {
            let (actor, subject) = (caller.actor(), caller.account_id.as_str());
            pen.audit(tx, &actor, "bindings.by_number", subject, outcome)
                .await?;
            Ok::<_, BindingError>(())
        })
        .await
    }
}
