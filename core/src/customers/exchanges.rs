//! Gifts that points were exchanged for, as staff hand them out at an outlet (LN-21).

use super::error::CustomerError;
use super::openings::actor;
use super::{Customers, Glimpse, in_scope, regions, within};
use crate::accounts::known::known;
use crate::accounts::{Pen, current, current_in};
use crate::bindings::known::links_of;
use crate::operators::Acting;
use crate::requests::handing;
use crate::requests::openings::Clerk;
use crate::requests::points::Exchange;
use crate::shared::ids::ExchangeId;
use crate::shared::time::Time;
use crate::store::{Tx, View, atomically, snapshot};

/// Exchanges on one page, and those looked at for it: a small region's page may be short.
const PAGE: usize = 50;
const LOOKED_AT_MAX: i64 = 500;

/// An exchange with whose it is.
#[derive(Debug, Clone)]
pub struct Owed {
    pub exchange: Exchange,
    pub person: Glimpse,
}

/// A page of exchanges, and behind which it goes on.
#[derive(Debug, Clone)]
pub struct OwedPage {
    pub owed: Vec<Owed>,
    pub next: Option<ExchangeId>,
}

impl Customers {
    /// Exchanges within the scope whose gift was not handed out, the oldest first.
    ///
    /// # Errors
    /// The store's.
    pub async fn owed(
        &self,
        acting: &Acting,
        behind: Option<&ExchangeId>,
    ) -> Result<OwedPage, CustomerError> {
        let mut view = snapshot(&*self.store).await?;
        let found = handing::owed(&mut view, behind, LOOKED_AT_MAX).await?;
        let all = i64::try_from(found.len()).is_ok_and(|n| n < LOOKED_AT_MAX);
        let last = found.last().map(|one| one.exchange_id.clone());
        let (mut owed, mut next) = (Vec::new(), None);
        for exchange in found {
            let id = exchange.exchange_id.clone();
            owed.extend(self.with_person(&mut view, acting, exchange).await?);
            let more = Some(&id) != last.as_ref();
            if owed.len() >= PAGE || !more {
                next = (more || !all).then_some(id);
                break;
            }
        }
        Ok(OwedPage { owed, next })
    }

    /// Exchanges of a number within the scope, handed out or not.
    ///
    /// # Errors
    /// The store's.
    pub async fn owed_numbered(
        &self,
        acting: &Acting,
        number: &str,
    ) -> Result<OwedPage, CustomerError> {
        let mut view = snapshot(&*self.store).await?;
        let mut owed = Vec::new();
        for exchange in handing::numbered(&mut view, number).await? {
            owed.extend(self.with_person(&mut view, acting, exchange).await?);
        }
        Ok(OwedPage { owed, next: None })
    }

    /// Nothing when its person is erased, or out of scope.
    async fn with_person(
        &self,
        view: &mut View,
        acting: &Acting,
        exchange: Exchange,
    ) -> Result<Option<Owed>, CustomerError> {
        let whose = current(view, &exchange.account_id).await?;
        let Some(account) = known(view, &whose).await? else {
            return Ok(None);
        };
        let links = links_of(view, &whose, self.clock.now()).await?;
        if !within(&acting.staff.scope, &regions(&links)) {
            return Ok(None);
        }
        let person = Glimpse::of(&account, &links);
        Ok(Some(Owed { exchange, person }))
    }

    /// Notes that a gift was handed out: once, by whoever acts, to whoever showed its number.
    ///
    /// # Errors
    /// [`CustomerError::NoSuch`], [`CustomerError::OutOfScope`], [`CustomerError::OtherNumber`] when the number is not
    /// this one's, [`CustomerError::NotAsThingsStand`] when it was handed out before, or the store's.
    pub async fn hand_out(
        &self,
        acting: &Acting,
        id: &ExchangeId,
        number: &str,
    ) -> Result<(), CustomerError> {
        let (pen, actor) = (Pen::ready(&self.maker()), actor(acting));
        let clerk = &Clerk {
            pen: &pen,
            actor: &actor,
        };
        atomically(&*self.store, async |tx: &mut Tx| {
            let exchange = theirs_to_note(tx, acting, id, clerk.pen.now).await?;
            if exchange.number() != number {
                return Err(CustomerError::OtherNumber);
            }
            if handing::hand_out_in(tx, clerk, &exchange).await? {
                Ok(())
            } else {
                Err(CustomerError::NotAsThingsStand)
            }
        })
        .await
    }

    /// Notes that a gift was not handed out after all: by whoever noted that it was, within a day.
    ///
    /// # Errors
    /// [`CustomerError::NoSuch`], [`CustomerError::OutOfScope`], [`CustomerError::NotAsThingsStand`] when it is not
    /// theirs to take back, or the store's.
    pub async fn take_hand_out_back(
        &self,
        acting: &Acting,
        id: &ExchangeId,
    ) -> Result<(), CustomerError> {
        let (pen, actor) = (Pen::ready(&self.maker()), actor(acting));
        let clerk = &Clerk {
            pen: &pen,
            actor: &actor,
        };
        atomically(&*self.store, async |tx: &mut Tx| {
            let exchange = theirs_to_note(tx, acting, id, clerk.pen.now).await?;
            if handing::take_back_in(tx, clerk, &exchange).await? {
                Ok(())
            } else {
                Err(CustomerError::NotAsThingsStand)
            }
        })
        .await
    }
}

/// An exchange that whoever acts may note something of: there, and within their scope.
async fn theirs_to_note(
    tx: &mut Tx,
    acting: &Acting,
    id: &ExchangeId,
    now: Time,
) -> Result<Exchange, CustomerError> {
    let exchange = handing::exchange_in(tx, id).await?;
    let exchange = exchange.ok_or(CustomerError::NoSuch)?;
    let whose = current_in(tx, &exchange.account_id).await?;
    in_scope(tx, acting, &whose, now).await?;
    Ok(exchange)
}
