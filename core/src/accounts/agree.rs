//! Consents and what a person sees of themselves.

use super::consent::{Consent, ConsentText, Purpose};
use super::record::{Caller, Pen};
use super::{Account, AccountError, Accounts, news};
use crate::evidence::Act;
use crate::shared::time::Time;
use crate::store::{Tx, atomically, snapshot};

/// One purpose, the words shown now, and when the person agreed to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConsentState {
    pub purpose: Purpose,
    pub text: ConsentText,
    pub given_at: Option<Time>,
}

impl Accounts {
    /// The caller's own account.
    pub async fn me(&self, caller: &Caller) -> Result<Account, AccountError> {
        let mut view = snapshot(&*self.store).await?;
        view.accounts()
            .find(&caller.account_id)
            .await?
            .ok_or(AccountError::NotFound)
    }

    /// Every purpose with its words, given or not.
    pub async fn consents(&self, caller: &Caller) -> Result<Vec<ConsentState>, AccountError> {
        let mut view = snapshot(&*self.store).await?;
        let given = view.accounts().consents(&caller.account_id).await?;
        let state = |purpose: Purpose| ConsentState {
            purpose,
            text: purpose.text(),
            given_at: given
                .iter()
                .find(|consent| consent.purpose == purpose && consent.is_good())
                .map(|consent| consent.given_at),
        };
        Ok(Purpose::ALL.into_iter().map(state).collect())
    }

    /// All consents the caller ever gave, with when each was taken back.
    pub async fn consent_history(&self, caller: &Caller) -> Result<Vec<Consent>, AccountError> {
        let mut view = snapshot(&*self.store).await?;
        Ok(view.accounts().consent_history(&caller.account_id).await?)
    }

    /// Agrees to one purpose by itself, to exactly the words shown. A repeat changes nothing.
    pub async fn give_consent(
        &self,
        caller: &Caller,
        purpose: Purpose,
        version: &str,
    ) -> Result<Consent, AccountError> {
        let text = purpose.text();
        if version != text.version {
            return Err(AccountError::ConsentTextChanged);
        }
        let maker = self.maker();
        let (pen, old_pen) = (Pen::ready(&maker), Pen::ready(&maker));
        let consent = Consent {
            consent_id: maker.uuid(),
            account_id: caller.account_id.clone(),
            purpose,
            version: text.version.to_owned(),
            text_hash: text.digest(),
            given_at: pen.now,
            withdrawn_at: None,
        };
        atomically(&*self.store, async |tx: &mut Tx| {
            let given = tx.accounts().consents(&caller.account_id).await?;
            match given.into_iter().find(|held| held.purpose == purpose) {
                Some(held) if held.is_good() => return Ok(held),
                // Given to older words: that one ends before the new one begins.
                Some(_) => withdraw(tx, caller, purpose, &old_pen).await?,
                None => {}
            }
            tx.accounts().add_consent(&consent).await?;
            let act = about(&consent).say("given_at", pen.now.rfc3339());
            let subject = &consent.consent_id;
            pen.prove(tx, &caller.actor(), "accounts.consent_given", subject, act)
                .await?;
            if purpose == Purpose::UserSystem {
                news::tell(tx, &caller.account_id, &pen, &caller.trace_id).await?;
            }
            Ok(consent.clone())
        })
        .await
    }

    /// Takes a consent back; from this moment nothing rests on it. Nothing to take back is no error.
    pub async fn withdraw_consent(
        &self,
        caller: &Caller,
        purpose: Purpose,
    ) -> Result<(), AccountError> {
        let pen = Pen::ready(&self.maker());
        atomically(&*self.store, async |tx: &mut Tx| {
            withdraw(tx, caller, purpose, &pen).await
        })
        .await
    }
}

async fn withdraw(
    tx: &mut Tx,
    caller: &Caller,
    purpose: Purpose,
    pen: &Pen,
) -> Result<(), AccountError> {
    let account = &caller.account_id;
    let Some(consent) = tx
        .accounts()
        .withdraw_consent(account, purpose, pen.now)
        .await?
    else {
        return Ok(());
    };
    let act = about(&consent).say("withdrawn_at", pen.now.rfc3339());
    let subject = &consent.consent_id;
    pen.prove(
        tx,
        &caller.actor(),
        "accounts.consent_withdrawn",
        subject,
        act,
    )
    .await?;
    if purpose == Purpose::UserSystem {
        news::tell(tx, account, pen, &caller.trace_id).await?;
    }
    Ok(())
}

fn about(consent: &Consent) -> Act {
    Act::new()
        .say("account_id", consent.account_id.as_str())
        .say("consent_id", consent.consent_id.as_str())
        .say("purpose", consent.purpose.as_str())
        .say("version", consent.version.as_str())
        .say("text_hash", consent.text_hash.as_str())
}
