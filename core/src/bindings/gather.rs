//! Telling the on-line State Grid user system of our people, and comparing what it holds (LN-49).
//!
//! With the person's consent only; without it, whatever is held there of them is withdrawn. One
//! delivery per person at a time reads what is true here and what is held there and takes the steps
//! between, so a lost, repeated or late step is put right by the next round, at the latest by the
//! person's turn to be compared.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;

use super::error::BindingError;
use super::gathering::{
    Applied, CHECK_EVERY_MAX_S, Gathered, Held, Member, Profile, Step, Tie, UserSystem,
    check_every_s, steps,
};
use crate::accounts::news::{CHANGED, Changed};
use crate::accounts::{self, Actor, Pen, Purpose};
use crate::evidence::Act;
use crate::jobs::runner::{Task, TaskFailure};
use crate::outbox::Claimed;
use crate::outbox::relay::{Deliver, Delivery};
use crate::shared::ids::{AccountId, Entropy, EventId, Maker};
use crate::shared::outside::NoAnswer;
use crate::shared::page::{Page, Slice};
use crate::shared::time::{Clock, Time};
use crate::store::{Store, StoreError, Tx, atomically, snapshot};

/// People one turn asks to be compared; the user system serves other channels too.
const CHECKS_PER_TURN: i64 = 100;

/// The use case and its timed task.
#[derive(Clone)]
pub struct Gathering {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    users: Arc<dyn UserSystem>,
}

impl std::fmt::Debug for Gathering {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Gathering")
    }
}

/// Why a round did not come to its end; it is begun again.
enum Unfinished {
    NoAnswer(NoAnswer),
    Overtaken,
    Store(BindingError),
}

impl From<BindingError> for Unfinished {
    fn from(error: BindingError) -> Self {
        Self::Store(error)
    }
}

impl From<StoreError> for Unfinished {
    fn from(error: StoreError) -> Self {
        Self::Store(error.into())
    }
}

impl Gathering {
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        users: Arc<dyn UserSystem>,
    ) -> Self {
        Self {
            store,
            clock,
            entropy,
            users,
        }
    }

    fn maker(&self) -> Maker<'_> {
        Maker {
            clock: &*self.clock,
            entropy: &*self.entropy,
        }
    }

    /// What the user system should hold of a person: nothing without consent.
    async fn wanted(&self, account: &AccountId) -> Result<Option<Member>, BindingError> {
        let now = self.clock.now();
        let mut view = snapshot(&*self.store).await?;
        // One that became part of another is told of as that other.
        if accounts::current(&mut view, account).await? != *account {
            return Ok(None);
        }
        let consent = accounts::good_consent(&mut view, account, Purpose::UserSystem).await?;
        if consent.is_none() {
            return Ok(None);
        }
        let person = accounts::certified(&mut view, account).await?;
        let phone = accounts::verified_phone(&mut view, account).await?;
        let mut ties = BTreeMap::new();
        let mut next = Page::new(Some(Page::LIMIT_MAX), None);
        while let Some(page) = next {
            let rows = view.bindings().list(account, &page, now).await?;
            let slice = Slice::cut(rows, &page, |linked| linked.binding.binding_id.to_string());
            for linked in slice.items {
                let Some(role) = linked.role(now) else {
                    continue;
                };
                let tie = Tie {
                    binding_id: linked.binding.binding_id,
                    consumer_no: linked.binding.consumer_no,
                    role,
                };
                ties.insert(tie.binding_id.clone(), tie);
            }
            let more = slice.next;
            next = more.and_then(|key| Page::new(Some(Page::LIMIT_MAX), Some(key)));
        }
        let profile = Profile {
            name: person.as_ref().map(|person| person.name.clone()),
            id_no: person.map(|person| person.id_no),
            phone,
        };
        Ok(Some(Member { profile, ties }))
    }

    /// One round about one person; how many steps it took.
    async fn round(&self, changed: &Changed, trace_id: &str) -> Result<usize, Unfinished> {
        let account = &changed.account_id;
        let wanted = self.wanted(account).await?;
        let mut view = snapshot(&*self.store).await?;
        let before = view.bindings().gathered(account).await?;
        drop(view);
        let known = before.is_some_and(|row| !row.gone || row.unsure);
        if wanted.is_none() && !known {
            return Ok(0);
        }
        let held = self.users.held(account).await;
        let held = held.map_err(Unfinished::NoAnswer)?;
        let unsure = before.is_some_and(|row| row.unsure);
        let steps = steps(wanted.as_ref(), held.member.as_ref(), unsure);
        let amiss = changed.by_turn && !steps.is_empty();
        let every = before.map_or(CHECK_EVERY_MAX_S, |row| row.check_every_s);
        let row = self.begin(account, &held, &steps, before).await?;
        for step in &steps {
            let applied = self.users.apply(account, step, row.epoch).await;
            match applied.map_err(Unfinished::NoAnswer)? {
                Applied::Done => {}
                Applied::Overtaken => return Err(Unfinished::Overtaken),
            }
        }
        let done = Gathered {
            unsure: false,
            gone: wanted.is_none(),
            check_every_s: if changed.by_turn {
                check_every_s(every, amiss)
            } else {
                every
            },
            ..row
        };
        self.end(account, done, &steps, amiss, trace_id).await?;
        Ok(steps.len())
    }

    /// Takes the next epoch before the first step leaves.
    async fn begin(
        &self,
        account: &AccountId,
        held: &Held,
        steps: &[Step],
        before: Option<Gathered>,
    ) -> Result<Gathered, Unfinished> {
        if let Some(row) = before.filter(|_| steps.is_empty()) {
            return Ok(row);
        }
        let now = self.clock.now();
        let row = atomically(&*self.store, async |tx: &mut Tx| {
            let bindings = tx.bindings();
            Ok::<_, BindingError>(bindings.begin_gathering(account, held.epoch, now).await?)
        });
        Ok(row.await?)
    }

    async fn end(
        &self,
        account: &AccountId,
        done: Gathered,
        steps: &[Step],
        amiss: bool,
        trace_id: &str,
    ) -> Result<(), Unfinished> {
        let pen = Pen::ready(&self.maker());
        let actor = Actor {
            name: format!("job:{CHANGED}"),
            source: String::new(),
            trace_id: trace_id.to_owned(),
        };
        let words: Vec<&str> = steps.iter().map(Step::as_str).collect();
        let ended = atomically(&*self.store, async |tx: &mut Tx| {
            let ours = tx.bindings().end_gathering(account, &done).await?;
            if !ours || words.is_empty() {
                return Ok(());
            }
            let act = Act::new()
                .say("account_id", account.as_str())
                .say("amiss", amiss)
                .say("epoch", done.epoch)
                .say("steps", words.clone());
            pen.prove(tx, &actor, "bindings.gathered", account.as_str(), act)
                .await?;
            Ok::<_, BindingError>(())
        });
        Ok(ended.await?)
    }

    /// Asks for the comparison of those whose turn it is; how many.
    pub async fn ask_for_checks(&self) -> Result<usize, BindingError> {
        let maker = self.maker();
        let (now, trace_id) = (maker.now(), maker.uuid().replace('-', ""));
        let mut view = snapshot(&*self.store).await?;
        let due = view
            .bindings()
            .due_for_a_check(now, CHECKS_PER_TURN)
            .await?;
        drop(view);
        for account_id in &due {
            let event_id: EventId = maker.id();
            let turn = Changed {
                account_id: account_id.clone(),
                by_turn: true,
            };
            let event = turn.event(event_id, &trace_id, now)?;
            atomically(&*self.store, async |tx: &mut Tx| {
                if tx.bindings().take_check(account_id, now).await? {
                    tx.outbox().add(&event).await?;
                }
                Ok::<_, BindingError>(())
            })
            .await?;
        }
        Ok(due.len())
    }
}

#[async_trait]
impl Deliver for Gathering {
    fn kinds(&self) -> &'static [&'static str] {
        &[CHANGED]
    }

    async fn deliver(&self, claimed: &Claimed) -> Delivery {
        let event = &claimed.event;
        let Ok(changed) = serde_json::from_str::<Changed>(&event.body) else {
            return Delivery::Never {
                reason: "unreadable_body",
            };
        };
        let reason = match self.round(&changed, &event.trace_id).await {
            Ok(steps) => {
                if changed.by_turn && steps > 0 {
                    tracing::warn!(steps, "bindings.gathering.amiss");
                }
                return Delivery::Done;
            }
            Err(Unfinished::Overtaken) => "overtaken",
            Err(Unfinished::NoAnswer(why)) => {
                if matches!(why, NoAnswer::Alarm(_)) {
                    tracing::error!(reason = %why, "bindings.gathering.alarm");
                }
                "user_system_gave_no_answer"
            }
            Err(Unfinished::Store(error)) => {
                tracing::warn!(error = %error, "bindings.gathering.store");
                "store"
            }
        };
        Delivery::Again { reason }
    }
}

#[async_trait]
impl Task for Gathering {
    fn name(&self) -> &'static str {
        "bindings.gathering"
    }

    fn every_s(&self) -> i64 {
        60
    }

    async fn run(&self, _now: Time) -> Result<(), TaskFailure> {
        self.ask_for_checks()
            .await
            .map(drop)
            .map_err(TaskFailure::store)
    }
}
