//! Key pairs are made off the request path: wanted in the unit that registers or activates, made by the
//! relay, and by the timed task for whoever the relay did not come to. The public half goes to the owner
//! with a nonce that one encrypted identity may use, once, within ten minutes (PV-05).

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::account::{GenerationAccount, GenerationState};
use super::vault::KeyPair;
use super::{Generation, GenerationError};
use crate::accounts::{Actor, Caller, Pen, Secret};
use crate::evidence::Act;
use crate::jobs::runner::{Task, TaskFailure};
use crate::outbox::relay::{Deliver, Delivery};
use crate::outbox::{Claimed, Event};
use crate::settlement::ids::{GenerationAccountId, KeyPairId};
use crate::shared::ids::EventId;
use crate::shared::time::Time;
use crate::store::{StoreError, Tx, atomically, snapshot};

/// The relay has this long before the timed task makes a wanted key itself.
pub const KEY_DUE_S: i64 = 120;
/// How long a nonce may be used.
pub const NONCE_LIFE_S: i64 = 600;
/// How often a running contract is looked at.
pub const LOOK_EVERY_S: i64 = 6 * 3_600;
/// How long a turn that could not be ended waits for the next one.
pub const AGAIN_S: i64 = 600;
/// Accounts of one page.
const PER_PAGE: i64 = 100;
/// Pages of one turn, and how long it may take; the next turn goes on.
const PAGES_MAX: usize = 50;
const TURN_S: i64 = 30;

/// A key pair is to be made for an account.
const WANTED: &str = "generation.key_wanted";

/// What the event says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct KeyWanted {
    pub generation_account_id: GenerationAccountId,
    pub key_id: KeyPairId,
}

impl KeyWanted {
    pub(super) fn event(
        &self,
        event_id: EventId,
        trace_id: &str,
        now: Time,
    ) -> Result<Event, StoreError> {
        let key = format!("generation:{}", self.generation_account_id);
        Event::new(event_id, WANTED, key, self, now, trace_id)
    }
}

/// What an owner encrypts with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    pub key_id: KeyPairId,
    pub modulus: String,
    pub nonce: Secret,
    pub nonce_life_s: i64,
}

impl Generation {
    /// Makes the pair an account waits for; nothing when it waits for none any more.
    pub(super) async fn make_key(
        &self,
        wanted: &KeyWanted,
        trace_id: &str,
    ) -> Result<(), GenerationError> {
        let id = &wanted.generation_account_id;
        let mut view = snapshot(self.store()).await?;
        let found = view.generation().by_id(id).await?;
        drop(view);
        if found.is_none_or(|account| account.state != GenerationState::Keyless) {
            return Ok(());
        }
        let vault = &self.ports.vault;
        let made = vault.make(&wanted.key_id).await?;
        let maker = self.maker();
        let pen = Pen::ready(&maker);
        let actor = Actor {
            trace_id: trace_id.to_owned(),
            ..Actor::job("generation.keys", &maker)
        };
        let pair = KeyPair {
            key_id: wanted.key_id.clone(),
            vault: vault.name().to_owned(),
            modulus: made.modulus,
            wrapped: made.wrapped,
            made_at: pen.now,
        };
        atomically(self.store(), async |tx: &mut Tx| {
            let found = tx.generation().by_id(id).await?;
            let Some(account) = found.filter(|a| a.state == GenerationState::Keyless) else {
                return Ok(());
            };
            tx.generation().add_key(id, &pair).await?;
            let keyed = GenerationAccount {
                state: GenerationState::Keyed,
                next_at: Some(pen.now.plus_seconds(LOOK_EVERY_S)),
                ..account
            };
            tx.generation().save(&keyed).await?;
            let act = Act::new()
                .say("account_id", keyed.account_id.as_str())
                .say("generation_account_id", id.as_str())
                .say("key_id", pair.key_id.as_str())
                .say("vault", pair.vault.as_str());
            pen.prove(tx, &actor, "generation.key_made", id.as_str(), act)
                .await?;
            Ok::<_, GenerationError>(())
        })
        .await
    }

    /// The account's public key, with a fresh nonce that takes the place of an earlier one.
    pub async fn public_key(
        &self,
        caller: &Caller,
        id: &GenerationAccountId,
    ) -> Result<PublicKey, GenerationError> {
        let maker = self.maker();
        let (nonce, now) = (Secret::new(maker.token()), maker.now());
        atomically(self.store(), async |tx: &mut Tx| {
            let owned = super::owned::own_in(tx, &caller.account_id, id).await?;
            let owned = owned.ok_or(GenerationError::NotFound)?;
            if !owned.account().state.is_live() {
                return Err(GenerationError::Over);
            }
            let pair = tx.generation().key(id).await?;
            let pair = pair.ok_or(GenerationError::KeyNotReady)?;
            let ends = now.plus_seconds(NONCE_LIFE_S);
            tx.generation()
                .set_nonce(&pair.key_id, &nonce, ends)
                .await?;
            Ok(PublicKey {
                key_id: pair.key_id,
                modulus: pair.modulus,
                nonce: nonce.clone(),
                nonce_life_s: NONCE_LIFE_S,
            })
        })
        .await
    }
}

#[async_trait]
impl Deliver for Generation {
    fn kinds(&self) -> &'static [&'static str] {
        &[WANTED]
    }

    async fn deliver(&self, claimed: &Claimed) -> Delivery {
        let event = &claimed.event;
        let Ok(wanted) = serde_json::from_str::<KeyWanted>(&event.body) else {
            return Delivery::Never {
                reason: "unreadable_body",
            };
        };
        match self.make_key(&wanted, &event.trace_id).await {
            Ok(()) => Delivery::Done,
            Err(error) => {
                tracing::warn!(%error, "generation.keys.failed");
                Delivery::Again { reason: "no_key" }
            }
        }
    }
}

/// The timed task over accounts whose errand is due: keys not made yet, contracts to look at, ends to finish.
#[derive(Debug, Clone)]
pub struct WorkThrough(pub Generation);

impl WorkThrough {
    /// Does the errands that are due; how many. One that fails is put off, so that it holds up nobody.
    pub async fn run_due(&self) -> Result<usize, GenerationError> {
        let generation = &self.0;
        let now = generation.maker().now();
        let mut done = 0_usize;
        for _ in 0..PAGES_MAX {
            let mut view = snapshot(generation.store()).await?;
            let due = view.generation().due(now, PER_PAGE).await?;
            drop(view);
            let before = done;
            for id in due {
                match generation.errand(&id).await {
                    Ok(()) => done = done.saturating_add(1),
                    Err(error) => {
                        tracing::warn!(%error, account = %id, "generation.errand.failed");
                        self.put_off(&id, now).await?;
                    }
                }
            }
            // Nothing is due, or whoever was asked is silent: then the next turn asks again.
            if done == before || generation.maker().now().seconds_since(now) >= TURN_S {
                break;
            }
        }
        Ok(done)
    }

    /// By its id alone: what is kept of it may be what does not open.
    async fn put_off(&self, id: &GenerationAccountId, now: Time) -> Result<(), GenerationError> {
        let again = now.plus_seconds(AGAIN_S);
        atomically(self.0.store(), async |tx: &mut Tx| {
            Ok::<_, GenerationError>(tx.generation().put_off(id, now, again).await?)
        })
        .await
    }
}

#[async_trait]
impl Task for WorkThrough {
    fn name(&self) -> &'static str {
        "generation.errands"
    }

    fn every_s(&self) -> i64 {
        60
    }

    async fn run(&self, _now: Time) -> Result<(), TaskFailure> {
        self.run_due().await.map(drop).map_err(TaskFailure::store)
    }
}
