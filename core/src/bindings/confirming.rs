//! Confirming what a match offered: opening it at the archive, proving it, linking it.

use futures_util::stream::{self, StreamExt as _};

use super::Bindings;
use super::binding::Seen;
use super::error::BindingError;
use super::link::Claim;
use super::matching::{Proof, consent_stands, unanswered};
use super::offer::{OFFERED_MAX, OfferLevel, Offered};
use super::ports::{ArchiveError, ArchiveProof, RealNameState, Verified};
use super::role::{Role, Shown};
use crate::accounts::attempts::{self, Guard, seconds_to_next_day};
use crate::accounts::codes::try_code;
use crate::accounts::otp::{Act, OtpPurpose, Verdict};
use crate::accounts::rotation::{Successor, rotate};
use crate::accounts::{self, AccountError, Caller, Pen, Purpose, RealName, Secret, watch};
use crate::bans;
use crate::shared::outside::NoAnswer;
use crate::shared::personal::{ConsumerNo, Phone};
use crate::shared::time::Time;
use crate::store::{Tx, atomically, snapshot};

/// Homes the archive is asked about at the same time.
const AT_ONCE: usize = 5;

/// A home being confirmed.
struct Confirming {
    token: Secret,
    offered: Offered,
    verified: Verified,
    equal: bool,
}

enum Outcome {
    Linked(Vec<Seen>),
    Refused,
}

impl Bindings {
    /// Links the offered homes in one go. Homes the archive no longer opens are left out; one of
    /// them never holds up the others.
    pub async fn confirm(
        &self,
        caller: &Caller,
        tokens: Vec<Secret>,
        proof: Option<Proof>,
    ) -> Result<Vec<Seen>, BindingError> {
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
        let (pen, next) = (Pen::ready(&maker), Successor::ready(&maker));
        let outcome = atomically(&*self.store, async |tx: &mut Tx| {
            let linking = self.link_confirmed(tx, caller, &claims, typed.as_ref(), &pen);
            let outcome = linking.await?;
            if matches!(outcome, Outcome::Linked(_)) {
                rotate(tx, caller, &next).await?;
            }
            Ok::<_, BindingError>(outcome)
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

    /// Opens each offer at the archive and asks whether the certified person is the holder: several side by side, so
    /// that many homes fit into the time of a request. Each is opened to its end, because its token opens once.
    async fn open_all(
        &self,
        rows: Vec<(Secret, Offered)>,
        person: &RealName,
    ) -> Result<Vec<Confirming>, BindingError> {
        let opening: Vec<_> = rows
            .into_iter()
            .map(|(token, row)| self.open_one(token, row, person))
            .collect();
        let opened: Vec<_> = stream::iter(opening).buffered(AT_ONCE).collect().await;
        let mut homes = Vec::new();
        let mut silence: Option<NoAnswer> = None;
        for home in opened {
            match home {
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
        token: Secret,
        row: Offered,
        person: &RealName,
    ) -> Result<Confirming, BindingError> {
        let (offered, verified) = self.verified(&token, row).await?;
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
            token,
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
        let phones = self.phones_on_file(&homes).await?;
        let has_phone = phones.iter().any(Option::is_some);
        let mut shown = Vec::new();
        // One after the other: each try counts against the next.
        for (home, phone) in homes.into_iter().zip(phones) {
            if phone.is_some() {
                continue;
            }
            let consumer_no = home.verified.consumer_no.clone();
            match self.try_digits(caller, &consumer_no, digits).await {
                Ok(_) => shown.push(home),
                Err(BindingError::CannotConfirm) => {}
                Err(error) => return Err(error),
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
        let watching = bans::Draft::ready(&self.maker());
        atomically(&*self.store, async |tx: &mut Tx| {
            if let Some(out) = watch::home(tx, caller.into(), consumer_no, &watching).await? {
                return Ok(Some(AccountError::from(out).into()));
            }
            if !attempts::within(tx, Guard::DigitsAgainstHome, home, now).await? {
                return Ok(Some(BindingError::ProofLocked {
                    retry_after_s: seconds_to_next_day(now),
                }));
            }
            let guard = Guard::DigitsByAccount;
            let fits = attempts::within_distinct(tx, guard, account, digits.expose(), now).await?;
            Ok::<_, BindingError>((!fits).then_some(BindingError::ProofLocked {
                retry_after_s: now.seconds_to_shanghai_year(),
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
            watch::home_was_theirs(tx, caller, consumer_no, now).await?;
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
        self.phones_on_file(homes).await
    }

    /// The archived phone of each home, several asked for side by side.
    async fn phones_on_file(
        &self,
        homes: &[Confirming],
    ) -> Result<Vec<Option<Phone>>, BindingError> {
        let asked: Vec<_> = homes
            .iter()
            .map(|home| self.phone_on_file(&home.verified.consumer_no))
            .collect();
        let phones: Vec<_> = stream::iter(asked).buffered(AT_ONCE).collect().await;
        phones.into_iter().collect()
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
            let theirs = &home.verified.consumer_no;
            watch::home_was_theirs(tx, caller, theirs, pen.now).await?;
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
