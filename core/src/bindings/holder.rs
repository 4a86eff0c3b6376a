//! A change of holder: what hung on the former one ends in the unit that learns of it (money.md 3.4).

use async_trait::async_trait;

use super::binding::{Home, Linked};
use super::error::BindingError;
use super::ports::Holding;
use super::{Bindings, events};
use crate::accounts::news::tell_changed;
use crate::accounts::{Actor, Pen};
use crate::evidence::Act;
use crate::jobs::runner::{Task, TaskFailure};
use crate::shared::ids::BindingId;
use crate::shared::personal::ConsumerNo;
use crate::shared::time::{Day, Time};
use crate::store::{Tx, atomically, snapshot};

/// Homes of one page of the look.
const PER_PAGE: i64 = 20;
/// Pages of one turn, and how long it may take; the next turn goes on.
const PAGES_MAX: usize = 200;
const TURN_S: i64 = 30;

/// Notes the holder the archive shows now. A newer one drops every link to PAYER_ONLY, ends every
/// grant, and tells everybody linked, all in this unit.
pub(super) async fn see_holder(
    tx: &mut Tx,
    actor: &Actor,
    consumer_no: &ConsumerNo,
    holder: Holding,
    pen: &Pen,
) -> Result<Home, BindingError> {
    let before = tx.bindings().lock_home(consumer_no).await?;
    let today = Day::of(pen.now);
    let home = tx
        .bindings()
        .touch_home(consumer_no, holder, today, pen.now)
        .await?;
    if before.is_none_or(|before| before.holder_version < home.holder_version) {
        end_former(tx, actor, consumer_no, home.holder_version, pen).await?;
    }
    Ok(home)
}

async fn end_former(
    tx: &mut Tx,
    actor: &Actor,
    consumer_no: &ConsumerNo,
    holder_version: i64,
    pen: &Pen,
) -> Result<(), BindingError> {
    let linked = tx.bindings().links_to(consumer_no).await?;
    let former: Vec<&Linked> = linked.iter().filter(|link| link.is_outdated()).collect();
    let Some(first) = former.first() else {
        return Ok(());
    };
    let dropped = tx
        .bindings()
        .drop_outdated(consumer_no, holder_version)
        .await?;
    let grants = tx
        .bindings()
        .end_outdated(consumer_no, holder_version, pen.now)
        .await?;
    for link in &former {
        events::tell(tx, actor, pen, events::HOLDER_CHANGED, &link.binding, None).await?;
        tell_changed(tx, &link.binding.account_id, pen, &actor.trace_id).await?;
    }
    let dropped: Vec<&str> = dropped.iter().map(BindingId::as_str).collect();
    let act = Act::new()
        .say("holder_version", holder_version)
        .say("dropped", dropped)
        .say("ended_grants", grants)
        .seal("consumer_no", consumer_no.expose());
    let subject = first.binding.binding_id.as_str();
    pen.prove(tx, actor, "bindings.holder_changed", subject, act)
        .await?;
    Ok(())
}

impl Bindings {
    /// Asks the archive for the holder when nobody did lately; true when it answered. While it is
    /// silent, what was known last holds until the next turn.
    pub(super) async fn look_again(
        &self,
        actor: &Actor,
        linked: &Linked,
    ) -> Result<bool, BindingError> {
        let pen = Pen::ready(&self.maker());
        let before = pen
            .now
            .plus_seconds(self.rules.kept_fresh_s.saturating_neg());
        let consumer_no = &linked.binding.consumer_no;
        if linked.home.looked_at > before {
            return Ok(false);
        }
        let ours = atomically(&*self.store, async |tx: &mut Tx| {
            let bindings = tx.bindings();
            Ok::<_, BindingError>(bindings.take_look(consumer_no, before, pen.now).await?)
        })
        .await?;
        if !ours {
            return Ok(false);
        }
        let Ok(consumer) = self.archive.consumer(consumer_no).await else {
            return Ok(false);
        };
        atomically(&*self.store, async |tx: &mut Tx| {
            see_holder(tx, actor, consumer_no, consumer.holding(), &pen).await?;
            Ok::<_, BindingError>(true)
        })
        .await
    }

    /// Looks for changes of holder where nobody who would notice opens the app; how many homes.
    pub async fn look_for_changes(&self) -> Result<usize, BindingError> {
        let maker = self.maker();
        let actor = Actor::job("bindings.holders", &maker);
        let began = maker.now();
        let before = began.plus_seconds(self.rules.look_at_least_s.saturating_neg());
        let mut looked = 0_usize;
        for _ in 0..PAGES_MAX {
            let taken = atomically(&*self.store, async |tx: &mut Tx| {
                let homes = tx.bindings().take_unlooked(before, began, PER_PAGE).await?;
                Ok::<_, BindingError>(homes)
            })
            .await?;
            if taken.is_empty() {
                break;
            }
            let (mut tried, before_page) = (false, looked);
            for link in taken.iter().flatten() {
                tried = true;
                match self.look_by(&actor, link).await {
                    Ok(true) => looked = looked.saturating_add(1),
                    Ok(false) => {}
                    // The home has had its turn: what does not open comes again in its time, and holds up nobody.
                    Err(error) => tracing::warn!(%error, %link, "bindings.look.failed"),
                }
            }
            // An archive that is silent is asked again at the next turn.
            let silent = tried && looked == before_page;
            if silent || self.maker().now().seconds_since(began) >= TURN_S {
                break;
            }
        }
        Ok(looked)
    }

    /// The look for a home by one of its links; false when the link is over.
    async fn look_by(&self, actor: &Actor, link: &BindingId) -> Result<bool, BindingError> {
        let mut view = snapshot(&*self.store).await?;
        let linked = view.bindings().any_link(link).await?;
        drop(view);
        match linked {
            Some(linked) => self.look_again(actor, &linked).await,
            None => Ok(false),
        }
    }
}

/// The timed task that looks for changes of holder.
#[derive(Debug, Clone)]
pub struct LookForChanges(pub Bindings);

#[async_trait]
impl Task for LookForChanges {
    fn name(&self) -> &'static str {
        "bindings.holders"
    }

    fn every_s(&self) -> i64 {
        60
    }

    async fn run(&self, _now: Time) -> Result<(), TaskFailure> {
        self.0
            .look_for_changes()
            .await
            .map(drop)
            .map_err(TaskFailure::store)
    }
}
