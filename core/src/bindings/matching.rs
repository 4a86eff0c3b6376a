//! Direct match (户号直达, LN-43): from the certified real name to linked homes.
//!
//! The same call prefills any form that asks for a consumer number (domain.md 1.6): nothing has to
//! be linked afterwards.

use super::Bindings;
use super::binding::{Binding, Signboard};
use super::error::BindingError;
use super::link::Claim;
use super::offer::{OFFER_LIFE_S, OFFERED_MAX, OfferLevel, Offered, offerable};
use super::ports::{ArchiveError, ArchiveProof, Candidate, RealNameState, Verified};
use super::role::{Role, Shown};
use crate::accounts::attempts::{self, Guard, seconds_to_next_day};
use crate::accounts::codes::try_code;
use crate::accounts::otp::{Act, OtpPurpose, Verdict};
use crate::accounts::{self, Caller, Pen, Purpose, RealName, Secret};
use crate::shared::outside::NoAnswer;
use crate::shared::personal::{ConsumerNo, Phone};
use crate::shared::time::Time;
use crate::store::{Tx, atomically, snapshot};

/// What a person offers to show that a home is theirs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// Last six characters of the holder's ID number.
    IdLast6(Secret),
    /// The code sent to the phone in the archive.
    ArchivedSms(Secret),
}

/// One home as a match offers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferedHome {
    pub match_token: Secret,
    pub signboard: Signboard,
    /// What confirming it would give at most.
    pub role: Role,
}

/// The outcome of a match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    pub level: OfferLevel,
    pub homes: Vec<OfferedHome>,
}

/// A home being confirmed.
struct Confirming {
    token: Secret,
    offered: Offered,
    verified: Verified,
    equal: bool,
}

enum Outcome {
    Linked(Vec<Binding>),
    Refused,
}

impl Bindings {
    /// Asks the archive which homes are this certified person's, and offers them to this session.
    pub async fn offer(&self, caller: &Caller) -> Result<Offer, BindingError> {
        let mut view = snapshot(&*self.store).await?;
        let account = &caller.account_id;
        let consent = accounts::good_consent(&mut view, account, Purpose::IdentityMatch).await?;
        let consent = consent.ok_or(BindingError::ConsentRequired)?;
        let person = accounts::certified(&mut view, account).await?;
        let person = person.ok_or(BindingError::RealNameRequired)?;
        let phone = accounts::verified_phone(&mut view, account).await?;
        drop(view);
        let id = &consent.consent_id;
        let found = self
            .archive
            .match_identity(Some(&person.name), Some(&person.id_no), phone.as_ref(), id)
            .await;
        let (level, candidates) = match found {
            Ok(found) => offerable(found),
            Err(ArchiveError::CannotConfirm) => (OfferLevel::None, Vec::new()),
            Err(ArchiveError::NoAnswer(why)) => return Err(BindingError::ArchiveUnavailable(why)),
        };
        let maker = self.maker();
        let pen = Pen::ready(&maker);
        let rows: Vec<(Secret, Offered)> = candidates
            .into_iter()
            .map(|home| {
                (
                    Secret::new(maker.token()),
                    offered(caller, level, home, pen.now),
                )
            })
            .collect();
        atomically(&*self.store, async |tx: &mut Tx| {
            consent_stands(tx, caller).await?;
            for (token, row) in &rows {
                tx.bindings().add_offered(token, row).await?;
            }
            let (actor, subject) = (caller.actor(), caller.account_id.as_str());
            pen.audit(tx, &actor, "bindings.match", subject, level.as_str())
                .await?;
            Ok::<_, BindingError>(())
        })
        .await?;
        let homes = rows
            .into_iter()
            .map(|(match_token, row)| OfferedHome {
                match_token,
                signboard: row.signboard,
                role: row.archive_role,
            })
            .collect();
        Ok(Offer { level, homes })
    }

    /// Links the offered homes in one go. Homes the archive no longer opens are left out; one of
    /// them never holds up the others.
    pub async fn confirm(
        &self,
        caller: &Caller,
        tokens: Vec<Secret>,
        proof: Option<Proof>,
    ) -> Result<Vec<Binding>, BindingError> {
        let (rows, person) = self.offers_of(caller, tokens).await?;
        let by_id_only = rows.iter().any(|(_, row)| row.level != OfferLevel::Full);
        let proof = match (by_id_only, proof) {
            (true, None) => return Err(BindingError::ProofRequired),
            (true, given) => given,
            (false, _) => None,
        };
        let mut homes = self.open_all(rows, &person).await?;
        let typed = match proof {
            None => None,
            Some(Proof::IdLast6(digits)) => {
                homes = self.shown_by_digits(caller, homes, &digits).await?;
                None
            }
            Some(Proof::ArchivedSms(typed)) => Some((typed, self.phones_of(&homes).await?)),
        };
        let maker = self.maker();
        let claims: Vec<(Confirming, Claim)> = homes
            .into_iter()
            .map(|home| {
                let claim = Claim::new(
                    &maker,
                    home.verified.clone(),
                    Shown::CertifiedId { equal: home.equal },
                    home.offered.signboard.clone(),
                    Some(person.id_no.clone()),
                );
                (home, claim)
            })
            .collect();
        let pen = Pen::ready(&maker);
        let outcome = atomically(&*self.store, async |tx: &mut Tx| {
            self.link_confirmed(tx, caller, &claims, typed.as_ref(), &pen)
                .await
        })
        .await?;
        match outcome {
            Outcome::Linked(bindings) => Ok(bindings),
            Outcome::Refused => Err(BindingError::CannotConfirm),
        }
    }

    /// The offers behind the tokens: all of this session, or none.
    async fn offers_of(
        &self,
        caller: &Caller,
        tokens: Vec<Secret>,
    ) -> Result<(Vec<(Secret, Offered)>, RealName), BindingError> {
        let now = self.clock.now();
        let mut view = snapshot(&*self.store).await?;
        let account = &caller.account_id;
        let consent = accounts::good_consent(&mut view, account, Purpose::IdentityMatch).await?;
        consent.ok_or(BindingError::ConsentRequired)?;
        let person = accounts::certified(&mut view, account).await?;
        let person = person.ok_or(BindingError::RealNameRequired)?;
        let mut rows: Vec<(Secret, Offered)> = Vec::new();
        for token in tokens {
            if rows.iter().any(|(seen, _)| *seen == token) {
                continue;
            }
            match view.bindings().offered(&token).await? {
                Some(row) if row.is_for(caller, now) && rows.len() < OFFERED_MAX => {
                    rows.push((token, row));
                }
                Some(_) | None => return Err(BindingError::CannotConfirm),
            }
        }
        if rows.is_empty() {
            return Err(BindingError::CannotConfirm);
        }
        Ok((rows, person))
    }

    /// Opens each offer at the archive and asks whether the certified person is the holder.
    async fn open_all(
        &self,
        rows: Vec<(Secret, Offered)>,
        person: &RealName,
    ) -> Result<Vec<Confirming>, BindingError> {
        let mut homes = Vec::new();
        let mut silence: Option<NoAnswer> = None;
        for (token, row) in rows {
            match self.open_one(&token, row, person).await {
                Ok(home) => homes.push(home),
                Err(BindingError::CannotConfirm) => {}
                Err(BindingError::ArchiveUnavailable(why)) => silence = Some(why),
                Err(error) => return Err(error),
            }
        }
        match (homes.is_empty(), silence) {
            (false, _) => Ok(homes),
            (true, Some(why)) => Err(BindingError::ArchiveUnavailable(why)),
            (true, None) => Err(BindingError::CannotConfirm),
        }
    }

    async fn open_one(
        &self,
        token: &Secret,
        row: Offered,
        person: &RealName,
    ) -> Result<Confirming, BindingError> {
        let (offered, verified) = self.verified(token, row).await?;
        let equal = match verified.role {
            Role::Holder => {
                let state = self
                    .archive
                    .real_name(&verified.consumer_no, &person.name, &person.id_no)
                    .await
                    .map_err(unanswered)?;
                state == RealNameState::Verified
            }
            Role::Authorised | Role::PayerOnly => false,
        };
        Ok(Confirming {
            token: token.clone(),
            offered,
            verified,
            equal,
        })
    }

    /// What the archive opens for an offer's token. It opens once, so the answer is kept: a repeat
    /// after a lost answer, or a code asked for before, finds it.
    pub(super) async fn verified(
        &self,
        token: &Secret,
        row: Offered,
    ) -> Result<(Offered, Verified), BindingError> {
        if let Some(verified) = row.verified.clone() {
            return Ok((row, verified));
        }
        match self.archive.verify_token(row.archive_token.expose()).await {
            Ok(verified) => {
                let opened = Offered {
                    verified: Some(verified.clone()),
                    ..row
                };
                atomically(&*self.store, async |tx: &mut Tx| {
                    Ok::<_, BindingError>(tx.bindings().save_offered(token, &opened).await?)
                })
                .await?;
                Ok((self.reload(token).await?, verified))
            }
            // Spent: perhaps by another call of this session, which then kept the answer.
            Err(ArchiveError::CannotConfirm) => {
                let row = self.reload(token).await?;
                let verified = row.verified.clone().ok_or(BindingError::CannotConfirm)?;
                Ok((row, verified))
            }
            Err(ArchiveError::NoAnswer(why)) => Err(BindingError::ArchiveUnavailable(why)),
        }
    }

    async fn reload(&self, token: &Secret) -> Result<Offered, BindingError> {
        let mut view = snapshot(&*self.store).await?;
        view.bindings()
            .offered(token)
            .await?
            .ok_or(BindingError::CannotConfirm)
    }

    /// ID digits add something to a matched ID number only where the archive has no phone to send
    /// a code to; the other homes are left out.
    async fn shown_by_digits(
        &self,
        caller: &Caller,
        homes: Vec<Confirming>,
        digits: &Secret,
    ) -> Result<Vec<Confirming>, BindingError> {
        let mut shown = Vec::new();
        let mut has_phone = false;
        for home in homes {
            let consumer_no = &home.verified.consumer_no;
            match self.archive.archived_mobile(consumer_no).await {
                Ok(_) => has_phone = true,
                Err(ArchiveError::NoAnswer(why)) => {
                    return Err(BindingError::ArchiveUnavailable(why));
                }
                Err(ArchiveError::CannotConfirm) => {
                    let consumer_no = consumer_no.clone();
                    match self.try_digits(caller, &consumer_no, digits).await {
                        Ok(_) => shown.push(home),
                        Err(BindingError::CannotConfirm) => {}
                        Err(error) => return Err(error),
                    }
                }
            }
        }
        match (shown.is_empty(), has_phone) {
            (false, _) => Ok(shown),
            (true, true) => Err(BindingError::CodeRequired),
            (true, false) => Err(BindingError::CannotConfirm),
        }
    }

    /// Tries ID digits against one home, counted before they leave (money.md 3.1).
    pub(super) async fn try_digits(
        &self,
        caller: &Caller,
        consumer_no: &ConsumerNo,
        digits: &Secret,
    ) -> Result<Verified, BindingError> {
        let now = self.clock.now();
        let (home, account) = (consumer_no.expose(), caller.account_id.as_str());
        atomically(&*self.store, async |tx: &mut Tx| {
            if !attempts::within(tx, Guard::DigitsAgainstHome, home, now).await? {
                return Ok(Some(BindingError::ProofLocked {
                    retry_after_s: Some(seconds_to_next_day(now)),
                }));
            }
            let guard = Guard::DigitsByAccount;
            let fits = attempts::within_distinct(tx, guard, account, digits.expose(), now).await?;
            Ok::<_, BindingError>((!fits).then_some(BindingError::ProofLocked {
                retry_after_s: None,
            }))
        })
        .await?
        .map_or(Ok(()), Err)?;
        let proof = ArchiveProof::IdLast6(digits.expose().to_owned());
        let verified = self
            .archive
            .verify_proof(consumer_no, &proof)
            .await
            .map_err(unanswered)?;
        atomically(&*self.store, async |tx: &mut Tx| {
            let guard = Guard::DigitsByAccount;
            attempts::forget_distinct(tx, guard, account, digits.expose(), now).await?;
            Ok::<_, BindingError>(())
        })
        .await?;
        Ok(verified)
    }

    /// The archived phones of several homes, so that one code can stand for all homes that share
    /// its phone. One home needs none: the code is its own.
    async fn phones_of(&self, homes: &[Confirming]) -> Result<Vec<Option<Phone>>, BindingError> {
        if homes.len() < 2 {
            return Ok(vec![None; homes.len()]);
        }
        let mut phones = Vec::new();
        for home in homes {
            match self
                .archive
                .archived_mobile(&home.verified.consumer_no)
                .await
            {
                Ok(phone) => phones.push(Some(phone)),
                Err(ArchiveError::CannotConfirm) => phones.push(None),
                Err(ArchiveError::NoAnswer(why)) => {
                    return Err(BindingError::ArchiveUnavailable(why));
                }
            }
        }
        Ok(phones)
    }

    async fn link_confirmed(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        claims: &[(Confirming, Claim)],
        typed: Option<&(Secret, Vec<Option<Phone>>)>,
        pen: &Pen,
    ) -> Result<Outcome, BindingError> {
        consent_stands(tx, caller).await?;
        let shown = match typed {
            None => vec![true; claims.len()],
            Some((code, phones)) => {
                shown_by_code(tx, caller, claims, code, phones, pen.now).await?
            }
        };
        let mut linked = Vec::new();
        for ((home, claim), _) in claims.iter().zip(shown).filter(|(_, shown)| *shown) {
            // Another tap may have used it while the archive was asked.
            if !home.offered.is_for(caller, pen.now) {
                continue;
            }
            let used = Offered {
                used_at: Some(pen.now),
                ..home.offered.clone()
            };
            tx.bindings().save_offered(&home.token, &used).await?;
            linked.push(claim.link(tx, caller, self.rules.per_account_max).await?);
        }
        let (actor, subject) = (caller.actor(), caller.account_id.as_str());
        let outcome = if linked.is_empty() {
            "CANNOT_CONFIRM"
        } else {
            "ok"
        };
        pen.audit(tx, &actor, "bindings.confirm", subject, outcome)
            .await?;
        Ok(if linked.is_empty() {
            Outcome::Refused
        } else {
            Outcome::Linked(linked)
        })
    }
}

fn offered(caller: &Caller, level: OfferLevel, home: Candidate, now: Time) -> Offered {
    Offered {
        account_id: caller.account_id.clone(),
        session_id: caller.session_id.clone(),
        level,
        archive_token: Secret::new(home.archive_token),
        archive_role: home.role,
        signboard: Signboard {
            consumer_no_masked: home.consumer_no_masked,
            holder_masked: home.holder_masked,
            address_masked: home.address_masked,
        },
        verified: None,
        expires_at: now.plus_seconds(OFFER_LIFE_S),
        used_at: None,
        version: 1,
    }
}

async fn consent_stands(tx: &mut Tx, caller: &Caller) -> Result<(), BindingError> {
    let account = &caller.account_id;
    let consent = accounts::good_consent_in(tx, account, Purpose::IdentityMatch).await?;
    consent.map(|_| ()).ok_or(BindingError::ConsentRequired)
}

/// Which homes the typed code stands for: the one it was asked for, by its token or its number,
/// and those whose archive holds the same phone.
async fn shown_by_code(
    tx: &mut Tx,
    caller: &Caller,
    claims: &[(Confirming, Claim)],
    code: &Secret,
    phones: &[Option<Phone>],
    now: Time,
) -> Result<Vec<bool>, BindingError> {
    for (at, (home, _)) in claims.iter().enumerate() {
        let acts = [
            Act::on("match", home.token.expose()),
            Act::on("consumer", home.verified.consumer_no.expose()),
        ];
        for act in acts {
            let verdict = try_code(tx, caller, OtpPurpose::Bind, &act, code, now).await?;
            if verdict == Verdict::Accepted {
                let proven = phones.get(at).cloned().flatten();
                let same = |phone: &Option<Phone>| proven.is_some() && *phone == proven;
                return Ok(phones
                    .iter()
                    .enumerate()
                    .map(|(other, phone)| other == at || same(phone))
                    .collect());
            }
        }
    }
    Ok(vec![false; claims.len()])
}

pub(super) fn unanswered(error: ArchiveError) -> BindingError {
    match error {
        ArchiveError::CannotConfirm => BindingError::CannotConfirm,
        ArchiveError::NoAnswer(why) => BindingError::ArchiveUnavailable(why),
    }
}
