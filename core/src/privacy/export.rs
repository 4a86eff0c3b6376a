//! Everything known of a person, as JSON, to the person alone: once a day, after a step-up, by a link
//! that works once and for a minute, and told to every contact (money.md 3.12, 3.15).

use super::{Privacy, PrivacyError, events, spend};
use crate::accounts::attempts::{Guard, seconds_to_next_day, within};
use crate::accounts::{Caller, Errand, Pen, Secret};
use crate::evidence::Act;
use crate::shared::ids::{AccountId, EventId};
use crate::shared::time::Time;
use crate::store::{Tx, atomically, snapshot};

/// How long a link works.
pub const LINK_LIFE_S: i64 = 60;

/// The document a link leads to.
pub const EXPORT: &str = "export";

/// A link as it is kept; its ticket is a digest beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub account_id: AccountId,
    pub document: &'static str,
    pub made_at: Time,
    pub expires_at: Time,
}

/// What the person is handed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    pub secret: Secret,
    pub expires_in_s: i64,
}

/// The document itself: JSON text. Not printable, wiped when dropped.
#[derive(Clone, PartialEq, Eq, zeroize::Zeroize, zeroize::ZeroizeOnDrop)]
pub struct Dossier(String);

impl Dossier {
    #[must_use]
    pub const fn new(json: String) -> Self {
        Self(json)
    }

    /// The text, for the one it is about.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Dossier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[Dossier]")
    }
}

impl Privacy {
    /// Makes the one link of today to the caller's export, and tells every contact.
    pub async fn export_link(&self, caller: &Caller) -> Result<Ticket, PrivacyError> {
        let maker = self.maker();
        let (pen, event_id): (Pen, EventId) = (Pen::ready(&maker), maker.id());
        let secret = Secret::new(maker.token());
        let (account, now) = (&caller.account_id, pen.now);
        let link = Link {
            account_id: account.clone(),
            document: EXPORT,
            made_at: now,
            expires_at: now.plus_seconds(LINK_LIFE_S),
        };
        let told = events::event(
            event_id,
            events::EXPORTED,
            account,
            (now, None),
            &caller.trace_id,
        )?;
        atomically(&*self.store, async |tx: &mut Tx| {
            spend(tx, caller, &Errand::export(caller), now).await?;
            if !within(tx, Guard::Exports, account.as_str(), now).await? {
                let retry_after_s = seconds_to_next_day(now);
                return Err(PrivacyError::TooSoon { retry_after_s });
            }
            tx.privacy().add_link(&secret, &link).await?;
            tx.outbox().add(&told).await?;
            let act = Act::new().say("account_id", account.as_str());
            let subject = account.as_str();
            pen.prove(tx, &caller.actor(), "privacy.exported", subject, act)
                .await?;
            Ok::<_, PrivacyError>(())
        })
        .await?;
        Ok(Ticket {
            secret,
            expires_in_s: LINK_LIFE_S,
        })
    }

    /// The document behind a ticket, once.
    pub async fn exported(&self, ticket: &Secret) -> Result<Dossier, PrivacyError> {
        let now = self.clock.now();
        let spent = atomically(&*self.store, async |tx: &mut Tx| {
            Ok::<_, PrivacyError>(tx.privacy().spend_link(ticket, EXPORT, now).await?)
        })
        .await?;
        let account = spent.ok_or(PrivacyError::LinkGone)?;
        let mut view = snapshot(&*self.store).await?;
        Ok(view.privacy().dossier(&account, now).await?)
    }
}
