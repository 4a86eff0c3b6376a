//! Putting on record what an event says, once, and sending its SMS on the way.

use super::leaving::Text;
use super::moved;
use super::news::News;
use super::words::Template;
use super::{Notice, Notices};
use crate::accounts::{self, Purpose};
use crate::outbox::Event;
use crate::outbox::relay::Delivery;
use crate::shared::ids::Maker;
use crate::store::{StoreError, Tx, atomically};

impl Notices {
    pub(super) async fn carry_news(&self, event: &Event) -> Delivery {
        let maker = Maker {
            clock: &*self.clock,
            entropy: &*self.entropy,
        };
        let now = maker.now();
        let drafted = News::read(&event.kind, &event.body).and_then(|news| {
            let notice = news.into_notice(event.event_id.clone(), maker.id(), now);
            let text = Text::event(&notice, maker.id(), event, now)?;
            Ok((notice, text))
        });
        let Ok((notice, text)) = drafted else {
            if moved::says_new_words(&event.kind, &event.body) {
                return Delivery::Unknown;
            }
            return Delivery::Never {
                reason: "unreadable_body",
            };
        };
        match self.tell(&notice, &text).await {
            Ok(()) => Delivery::Done,
            Err(error) => store_said(&error),
        }
    }

    /// One unit: the notice, and the row of its SMS when there is one and the person agreed to SMS. An event that was
    /// told before changes nothing, so it leaves no second SMS either.
    async fn tell(&self, notice: &Notice, text: &Event) -> Result<(), StoreError> {
        atomically(&*self.store, async |tx: &mut Tx| {
            // Somebody erased meanwhile has nobody to tell.
            if accounts::is_erased_in(tx, &notice.account_id).await? {
                return Ok(());
            }
            let new = tx.notices().add(notice).await?;
            let texted = Template::of(&notice.told).is_some();
            let wanted = notice.told.kind().is_alarm() || agreed(tx, notice).await?;
            if new && texted && wanted {
                tx.outbox().add(text).await?;
            }
            Ok(())
        })
        .await
    }
}

async fn agreed(tx: &mut Tx, notice: &Notice) -> Result<bool, StoreError> {
    let consent = accounts::good_consent_in(tx, &notice.account_id, Purpose::Notices).await?;
    Ok(consent.is_some())
}

/// What a failure of the store means for a row: an engine that is away comes back, a row that the
/// schema refuses or that cannot be read stays so.
pub(super) fn store_said(error: &StoreError) -> Delivery {
    tracing::warn!(error = %error, "notices.store");
    match error {
        StoreError::Conflict | StoreError::Unavailable(_) | StoreError::CommitUnknown(_) => {
            Delivery::Again { reason: "store" }
        }
        StoreError::Duplicate(_) | StoreError::Refused(_) | StoreError::Corrupt { .. } => {
            Delivery::Never {
                reason: "store_refused",
            }
        }
    }
}
