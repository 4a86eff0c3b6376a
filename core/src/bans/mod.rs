//! Shutting out who abuses the doors: for a while, for a reason, longer each time, and never for
//! good (peers.md 1.1, row 16). A ban is a row, so no restart forgets it, every node knows it within
//! a second, and staff can see and lift it ([`crate::operators`], `bans`).
//!
//! | file | what |
//! |---|---|
//! | `ladder` | a ban, its rungs, when it is forgiven |
//! | `ports` | the rows |

mod ladder;
pub mod ports;

use std::sync::Arc;

pub use ladder::{Ban, FORGIVEN_AFTER_S, Lifted, NEIGHBOURS_MAX, RUNGS_S, Reason, Scope, Target};

use crate::audit::Line;
use crate::shared::ids::{BanId, Entropy, Maker};
use crate::shared::time::{Clock, Time};
use crate::store::{Store, StoreError, Tx, atomically, snapshot};

/// Bans a node holds in memory at once; beyond them the oldest are let go, never the newest.
pub const RUNNING_MAX: i64 = 20_000;

/// What one ban may write, made before the unit of work.
#[derive(Debug, Clone)]
pub struct Draft {
    ban_ids: [BanId; 2],
    audit_ids: [String; 2],
    pub now: Time,
}

impl Draft {
    #[must_use]
    pub fn ready(maker: &Maker<'_>) -> Self {
        Self {
            ban_ids: [maker.id(), maker.id()],
            audit_ids: [maker.uuid(), maker.uuid()],
            now: maker.now(),
        }
    }
}

/// Bans a target inside a unit of work, and its network when too many of it are banned. While a ban
/// runs, another that shuts no more changes nothing.
pub async fn ban(
    tx: &mut Tx,
    draft: &Draft,
    target: &Target,
    reason: Reason,
    trace_id: &str,
) -> Result<Option<Ban>, StoreError> {
    let [first, second] = &draft.ban_ids;
    let [line, other_line] = &draft.audit_ids;
    let Some(placed) = place(tx, first, target, reason, draft.now).await? else {
        return Ok(None);
    };
    note(tx, line, &placed, trace_id).await?;
    if let Some(network) = target.around() {
        let banned = tx.bans().count_in(&network.subject, draft.now).await?;
        if banned >= NEIGHBOURS_MAX {
            let reason = Reason::Neighbours;
            if let Some(wide) = place(tx, second, &network, reason, draft.now).await? {
                note(tx, other_line, &wide, trace_id).await?;
            }
        }
    }
    Ok(Some(placed))
}

async fn place(
    tx: &mut Tx,
    ban_id: &BanId,
    target: &Target,
    reason: Reason,
    now: Time,
) -> Result<Option<Ban>, StoreError> {
    match tx.bans().of(target.scope, &target.subject).await? {
        None => {
            let ban = Ban::first(ban_id.clone(), target.clone(), reason, now);
            if tx.bans().add(&ban).await? {
                Ok(Some(ban))
            } else {
                Err(StoreError::Conflict)
            }
        }
        Some(last) => {
            let next = last.next(reason, now);
            if let Some(ban) = &next {
                tx.bans().save(ban).await?;
            }
            Ok(next)
        }
    }
}

async fn note(tx: &mut Tx, audit_id: &str, ban: &Ban, trace_id: &str) -> Result<(), StoreError> {
    let source = match ban.target.scope {
        Scope::Address | Scope::Network => ban.target.subject.clone(),
        Scope::Account => String::new(),
    };
    let line = Line {
        audit_id: audit_id.to_owned(),
        at: ban.began_at,
        actor: "job:bans".to_owned(),
        act: "bans.place".to_owned(),
        subject: ban.ban_id.to_string(),
        outcome: ban.reason.as_str().to_owned(),
        source,
        trace_id: trace_id.to_owned(),
    };
    tx.audit().append(&line).await
}

/// The use cases of bans that need nobody of the staff.
#[derive(Clone)]
pub struct Bans {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl std::fmt::Debug for Bans {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Bans")
    }
}

impl Bans {
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self {
            store,
            clock,
            entropy,
        }
    }

    /// Bans a target for what the edge saw; `None` while a ban of it runs that shuts as much.
    pub async fn place(
        &self,
        target: &Target,
        reason: Reason,
        trace_id: &str,
    ) -> Result<Option<Ban>, StoreError> {
        let maker = Maker {
            clock: &*self.clock,
            entropy: &*self.entropy,
        };
        let draft = Draft::ready(&maker);
        atomically(&*self.store, async |tx: &mut Tx| {
            ban(tx, &draft, target, reason, trace_id).await
        })
        .await
    }

    /// All bans that run now, for a node to hold requests against.
    pub async fn running(&self) -> Result<Vec<Ban>, StoreError> {
        let mut view = snapshot(&*self.store).await?;
        view.bans().running(self.clock.now(), RUNNING_MAX).await
    }
}
