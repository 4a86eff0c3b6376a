//! Direct match (户号直达, LN-43): from the certified real name to linked homes.
//!
//! The same call prefills any form that asks for a consumer number (domain.md 1.6): nothing has to
//! be linked afterwards.

use super::Bindings;
use super::binding::Signboard;
use super::error::BindingError;
use super::offer::{OFFER_LIFE_S, OfferLevel, Offered, offerable};
use super::ports::{ArchiveError, Candidate};
use super::role::Role;
use crate::accounts::{self, Caller, Pen, Purpose, Secret};
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
}

fn offered(caller: &Caller, level: OfferLevel, home: Candidate, now: Time) -> Offered {
    Offered {
        account_id: caller.account_id.clone(),
        session_id: caller.family_id.clone(),
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

pub(super) async fn consent_stands(tx: &mut Tx, caller: &Caller) -> Result<(), BindingError> {
    let account = &caller.account_id;
    let consent = accounts::good_consent_in(tx, account, Purpose::IdentityMatch).await?;
    consent.map(|_| ()).ok_or(BindingError::ConsentRequired)
}

pub(super) fn unanswered(error: ArchiveError) -> BindingError {
    match error {
        ArchiveError::CannotConfirm => BindingError::CannotConfirm,
        ArchiveError::NoAnswer(why) => BindingError::ArchiveUnavailable(why),
    }
}
