//! Another payee (money.md 2.17). Where the money goes is what the utility's reserve says, shown by its owner in an
//! encrypted identity. When the reserve says another one than the table, a code to the owner's phone comes along, the
//! phone that was the owner's until then is told as well, and nothing is paid for three days.

use std::sync::Arc;

use serde::Serialize;

use super::access::{Draft, Outcome};
use super::rows::RowsOfTable;
use super::table::{Identity, Permitted, PersonalTable};
use super::{Generation, GenerationError};
use crate::accounts::codes::{CodeDraft, CodePromise, PROMISE, ask_own, try_code};
use crate::accounts::otp::{self, OtpPurpose, Verdict};
use crate::accounts::{Caller, Pen, Secret, verified_phone_in};
use crate::evidence::Act;
use crate::outbox::Event;
use crate::settlement::ids::GenerationAccountId;
use crate::shared::draw::Draw;
use crate::shared::ids::{AccountId, EventId};
use crate::shared::time::Time;
use crate::store::{StoreError, Tx, atomically};

/// To the owner, in the app and to the phone the account has now.
const CHANGED: &str = "generation.payee_changed";
/// To the phone that was the owner's when they showed the payee before.
const CHANGED_PHONE: &str = "generation.payee_changed_phone";

#[derive(Serialize)]
struct Told<'a> {
    account_id: &'a AccountId,
    happened_at: String,
    due_at: String,
}

/// Sealed at rest and wiped at delivery. Not printable.
#[derive(Serialize)]
struct ToldByPhone<'a> {
    phone: &'a str,
    happened_at: String,
}

fn act(id: &GenerationAccountId) -> otp::Act {
    otp::Act::on("change_payee", id.as_str())
}

impl Generation {
    /// Sends the code that another payee wants to the account's own phone.
    pub async fn ask_payee_code(
        &self,
        caller: &Caller,
        id: &GenerationAccountId,
    ) -> Result<CodePromise, GenerationError> {
        let maker = self.maker();
        let draft = CodeDraft::ready(&maker, self.ports.code_budget);
        let (pen, act) = (Pen::ready(&maker), act(id));
        atomically(self.store(), async |tx: &mut Tx| {
            let owned = super::owned::own_in(tx, &caller.account_id, id).await?;
            let account = owned.ok_or(GenerationError::NotFound)?.into_account();
            if !account.state.is_live() {
                return Err(GenerationError::Over);
            }
            ask_own(tx, caller, OtpPurpose::ChangePayee, &act, &draft, &pen).await?;
            Ok(())
        })
        .await?;
        Ok(PROMISE)
    }
}

/// Puts another payee in the place of the one that is there. Without a code the unit is undone, so that the nonce is
/// still good for the same ciphertext; a code that was tried is counted.
pub(super) async fn change(
    tx: &mut Tx,
    caller: &Caller,
    rows: &[Arc<dyn RowsOfTable>],
    (table, identity, code): (PersonalTable, &Identity, Option<&Secret>),
    draft: &Draft,
) -> Result<Outcome, GenerationError> {
    let id = table.generation_account_id.clone();
    let (actor, subject, now) = (caller.actor(), id.as_str(), draft.pen.now);
    let code = code.ok_or(GenerationError::StepUpRequired)?;
    let purpose = OtpPurpose::ChangePayee;
    if try_code(tx, caller, purpose, &act(&id), code, now).await? == Verdict::Refused {
        let what = "generation.change_payee";
        draft
            .pen
            .audit(tx, &actor, what, subject, "WRONG_CODE")
            .await?;
        return Ok(Outcome::WrongCode);
    }
    let phone = verified_phone_in(tx, &caller.account_id).await?;
    let changed = PersonalTable {
        identity: identity.clone(),
        payee_since: now,
        payee_phone: phone.clone(),
        ..table.clone()
    };
    tx.generation().save_identity(&changed).await?;
    let mut held_until = now;
    for keeper in rows {
        let until = keeper
            .payee_changed(tx, &table.table_id, &draft.draw)
            .await?;
        held_until = held_until.max(until);
    }
    tell(tx, &draft.draw, caller, &table, held_until).await?;
    if let Some(before) = table
        .payee_phone
        .filter(|before| phone.as_ref() != Some(before))
    {
        let body = ToldByPhone {
            phone: before.expose(),
            happened_at: now.rfc3339(),
        };
        let event = event(&draft.draw, CHANGED_PHONE, subject, &body)?;
        tx.outbox().add(&event).await?;
    }
    let proof = Act::new()
        .say("account_id", caller.account_id.as_str())
        .say("generation_account_id", subject)
        .say("table_id", table.table_id.as_str())
        .seal("trading_account", identity.trading_account.expose())
        .seal("before", table.identity.trading_account.expose());
    let kind = "generation.payee_changed";
    draft.pen.prove(tx, &actor, kind, subject, proof).await?;
    Ok(Outcome::Granted(Permitted {
        table_id: table.table_id,
        permission_id: table.permission_id,
    }))
}

async fn tell(
    tx: &mut Tx,
    draw: &Draw,
    caller: &Caller,
    table: &PersonalTable,
    held_until: Time,
) -> Result<(), StoreError> {
    let body = Told {
        account_id: &caller.account_id,
        happened_at: draw.now.rfc3339(),
        due_at: held_until.rfc3339(),
    };
    let id = table.generation_account_id.as_str();
    tx.outbox().add(&event(draw, CHANGED, id, &body)?).await
}

fn event(draw: &Draw, kind: &str, id: &str, body: &impl Serialize) -> Result<Event, StoreError> {
    let event_id: EventId = draw.id("event", kind);
    // A row of its own key: a phone that cannot be reached holds up nothing else.
    let key = format!("{kind}:{id}");
    Event::new(event_id, kind, key, body, draw.now, &draw.trace_id)
}
