//! Permission: an identity that was encrypted for the account's key is decrypted in the vault, compared
//! with the reserve, and opens the account's personal data table (PV-06..09, trap f, money.md 3.14).
//!
//! Every refusal is one answer after the same steps: the reserve is asked for, the vault decrypts
//! something, every field is compared, the nonce is used up, one audit line is written.

use serde::Deserialize;
use zeroize::Zeroizing;

use super::account::{GenerationAccount, GenerationState};
use super::reserve::Claimed;
use super::table::{Identity, Permitted, PersonalTable};
use super::{Generation, GenerationError, payee};
use crate::accounts::attempts::{Guard, seconds_to_next_day, within};
use crate::accounts::{AccountError, Caller, Pen, Secret, verified_phone_in};
use crate::evidence::Act;
use crate::settlement::ids::{GenerationAccountId, KeyPairId, PermissionId, PersonalTableId};
use crate::shared::draw::Draw;
use crate::shared::time::Time;
use crate::store::{Tx, atomically, snapshot};

/// What lies inside the ciphertext.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Inside<'a> {
    #[serde(borrow)]
    generation_account_id: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    nonce: std::borrow::Cow<'a, str>,
    identity: InsideIdentity<'a>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct InsideIdentity<'a> {
    #[serde(borrow)]
    name: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    id_no: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    bank_card_no: std::borrow::Cow<'a, str>,
}

/// What came of the ciphertext: the identity, if everything agreed, and the nonce to use up.
struct Judged {
    identity: Option<Identity>,
    nonce: Secret,
}

/// What is judged when nothing could be read: it is walked through alike and agrees with nothing.
fn judge(
    plain: Option<&Zeroizing<Vec<u8>>>,
    account: &GenerationAccount,
    reserve: Option<&super::Reserve>,
) -> Judged {
    const UNREAD: &str = r#"{"generation_account_id":"00000000-0000-7000-8000-000000000000","nonce":"none",
        "identity":{"name":"nobody","id_no":"000000000000000000","bank_card_no":"0000000000000000000"}}"#;
    let text = plain.and_then(|bytes| std::str::from_utf8(bytes).ok());
    let parsed = serde_json::from_str::<Inside<'_>>(text.unwrap_or(UNREAD));
    let unread = serde_json::from_str::<Inside<'_>>(UNREAD).unwrap_or_default();
    let readable = parsed.is_ok() && text.is_some();
    let inside = parsed.unwrap_or(unread);
    let claimed = Claimed {
        name: &inside.identity.name,
        id_no: &inside.identity.id_no,
        trading_account: &inside.identity.bank_card_no,
    };
    let identity = claimed.agreed(reserve, account);
    let ours = inside.generation_account_id == account.generation_account_id.as_str();
    Judged {
        identity: identity.filter(|_| readable & ours),
        nonce: Secret::new(inside.nonce.into_owned()),
    }
}

/// Ids drawn before the unit.
pub(super) struct Draft {
    pub(super) pen: Pen,
    pub(super) draw: Draw,
    table_id: PersonalTableId,
    permission_id: PermissionId,
}

/// What came of a unit that is committed.
pub(super) enum Outcome {
    Granted(Permitted),
    NotGranted,
    WrongCode,
}

impl Generation {
    /// Opens the account's table to whoever encrypted the right identity; a repeat by the same identity
    /// answers the permission that is there. Another payee, once the reserve says so, comes with a code.
    pub async fn permit(
        &self,
        caller: &Caller,
        id: &GenerationAccountId,
        jwe: &str,
        code: Option<&Secret>,
    ) -> Result<Permitted, GenerationError> {
        let account = self.counted(caller, id).await?;
        let number = account.generation_no.as_ref();
        let number = number.ok_or(GenerationError::Over)?;
        let reserve = self.ports.grid.reserved(number).await?;
        let mut view = snapshot(self.store()).await?;
        let pair = view.generation().key(id).await?;
        drop(view);
        let pair = pair.ok_or(GenerationError::KeyNotReady)?;
        let plain = self.ports.vault.open(&pair, jwe).await?;
        let judged = judge(plain.as_ref(), &account, reserve.as_ref());
        drop(plain);
        let maker = self.maker();
        let draft = Draft {
            pen: Pen::ready(&maker),
            draw: Draw::new(maker, &caller.trace_id, &caller.actor().name),
            table_id: maker.id(),
            permission_id: maker.id(),
        };
        let outcome = atomically(self.store(), async |tx: &mut Tx| {
            let owned = super::owned::own_in(tx, &caller.account_id, id).await?;
            let account = owned.ok_or(GenerationError::NotFound)?.into_account();
            if !account.state.is_live() {
                return Err(GenerationError::Over);
            }
            let fresh = spend_nonce(tx, &pair.key_id, &judged.nonce, draft.pen.now).await?;
            let outcome = match judged.identity.as_ref().filter(|_| fresh) {
                Some(identity) => {
                    self.open_for(tx, caller, account, (identity, code), &draft)
                        .await?
                }
                None => Outcome::NotGranted,
            };
            if matches!(outcome, Outcome::NotGranted) {
                let (actor, subject) = (caller.actor(), id.as_str());
                let refusal = "PERMISSION_NOT_GRANTED";
                draft
                    .pen
                    .audit(tx, &actor, "generation.permit", subject, refusal)
                    .await?;
            }
            Ok(outcome)
        })
        .await?;
        match outcome {
            Outcome::Granted(permitted) => Ok(permitted),
            Outcome::NotGranted => Err(GenerationError::NotGranted),
            Outcome::WrongCode => Err(AccountError::WrongCode.into()),
        }
    }

    /// The table of an account is opened once. An identity that is there is never overwritten here: another
    /// payee comes by the payee-change rule alone (money.md 2.17).
    async fn open_for(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        account: GenerationAccount,
        (identity, code): (&Identity, Option<&Secret>),
        draft: &Draft,
    ) -> Result<Outcome, GenerationError> {
        let id = &account.generation_account_id;
        let Some(there) = tx.generation().permitted(id).await? else {
            let opened = open_first(tx, caller, account, identity, draft).await?;
            return Ok(Outcome::Granted(opened));
        };
        let table = tx.generation().table(&there.permission_id).await?;
        let table = table.ok_or(GenerationError::NotFound)?;
        if table.identity == *identity {
            return Ok(Outcome::Granted(there));
        }
        payee::change(tx, caller, &self.ports.rows, (table, identity, code), draft).await
    }

    /// Counts one more try at an own, live account.
    async fn counted(
        &self,
        caller: &Caller,
        id: &GenerationAccountId,
    ) -> Result<GenerationAccount, GenerationError> {
        let now = self.maker().now();
        atomically(self.store(), async |tx: &mut Tx| {
            let owned = super::owned::own_in(tx, &caller.account_id, id).await?;
            let account = owned.ok_or(GenerationError::NotFound)?.into_account();
            match account.state {
                GenerationState::Keyed | GenerationState::Permitted => {}
                GenerationState::Keyless => return Err(GenerationError::KeyNotReady),
                GenerationState::Terminating | GenerationState::Terminated => {
                    return Err(GenerationError::Over);
                }
            }
            let guard = Guard::PermissionsOfGenerator;
            Ok(within(tx, guard, id.as_str(), now)
                .await?
                .then_some(account))
        })
        .await?
        .ok_or_else(|| GenerationError::TooOften {
            retry_after_s: seconds_to_next_day(now),
        })
    }
}

/// Whether the nonce was the key's and its time not over. It is used up either way.
async fn spend_nonce(
    tx: &mut Tx,
    key_id: &KeyPairId,
    nonce: &Secret,
    now: Time,
) -> Result<bool, GenerationError> {
    Ok(tx.generation().spend_nonce(key_id, nonce, now).await?)
}

async fn open_first(
    tx: &mut Tx,
    caller: &Caller,
    account: GenerationAccount,
    identity: &Identity,
    draft: &Draft,
) -> Result<Permitted, GenerationError> {
    let id = account.generation_account_id.clone();
    let now = draft.pen.now;
    let table = PersonalTable {
        table_id: draft.table_id.clone(),
        generation_account_id: id.clone(),
        permission_id: draft.permission_id.clone(),
        identity: identity.clone(),
        payee_since: now,
        payee_phone: verified_phone_in(tx, &caller.account_id).await?,
        opened_at: now,
        version: 1,
    };
    tx.generation().open_table(&table).await?;
    let permitted = GenerationAccount {
        state: GenerationState::Permitted,
        ..account
    };
    tx.generation().save(&permitted).await?;
    let act = Act::new()
        .say("account_id", permitted.account_id.as_str())
        .say("generation_account_id", id.as_str())
        .say("table_id", table.table_id.as_str())
        .seal("trading_account", identity.trading_account.expose());
    let (actor, kind) = (caller.actor(), "generation.permitted");
    draft.pen.prove(tx, &actor, kind, id.as_str(), act).await?;
    Ok(Permitted {
        table_id: table.table_id,
        permission_id: table.permission_id,
    })
}

#[cfg(test)]
mod tests {
    use super::super::reserve::tests::{account, reserve};
    use super::*;

    fn inside(account_id: &str, more: &str) -> Zeroizing<Vec<u8>> {
        let text = format!(
            r#"{{"generation_account_id":"{account_id}","nonce":"n1",{more}
            "identity":{{"name":"赵磊","id_no":"15049919900101009X","bank_card_no":"6217000000000000005"}}}}"#
        );
        Zeroizing::new(text.into_bytes())
    }

    fn agrees(plain: Option<&Zeroizing<Vec<u8>>>) -> bool {
        judge(plain, &account(), Some(&reserve()))
            .identity
            .is_some()
    }

    #[test]
    fn m3_14_an_identity_counts_for_the_account_it_names_only() {
        assert!(agrees(Some(&inside("g", ""))));
        assert!(!agrees(Some(&inside("another", ""))));
        assert!(!agrees(Some(&inside("g", r#""more":1,"#))));
        assert!(!agrees(Some(&Zeroizing::new(vec![0xff, 0xfe]))));
        assert!(!agrees(None));
        let none = judge(Some(&inside("g", "")), &account(), None);
        assert!(none.identity.is_none());
        assert_eq!(none.nonce.expose(), "n1", "used up whatever came of it");
    }
}
