//! What the engine does about keys: take them, tell which are in force, rotate them. These units have
//! no seam: a rotation may be stopped after any of them anyway, and its contract does so.

use lifeline_core::shared::time::Time;
use lifeline_core::store::{StoreError, UnitOfWork as _};

use super::engine::{Driver, Engine, OpenError};
use super::rotation::{self, Progress, RotateError, Step};
use super::{RuledKeys, Sql, Vault, WriteConn};
use crate::keyring::cipher::Unsealable;
use crate::keyring::{MissingKey, Purpose};

/// Does work on a unit of either driver.
macro_rules! on_unit {
    ($driver:expr, $vault:expr, |$unit:ident| $work:expr) => {
        match $driver {
            Driver::Sqlite(engine) => {
                let $unit = Sql::new(engine.begin().await?, $vault);
                $work
            }
            Driver::Postgres(engine) => {
                let $unit = Sql::new(engine.begin().await?, $vault);
                $work
            }
            Driver::Memory(engine) => {
                let $unit = Sql::new(engine.begin()?, $vault);
                $work
            }
        }
    };
}

/// Looks whether the keyring fits the store, and lets a store without generations adopt its keys.
pub(super) async fn take(driver: &Driver, vault: &Vault, now: Time) -> Result<(), OpenError> {
    let adopted = on_unit!(driver, vault.clone(), |unit| adopt(unit, now).await);
    adopted.map_err(|error| match error {
        StoreError::Unavailable(why) if why.is::<MissingKey>() || why.is::<Unsealable>() => {
            OpenError::Keyring(why)
        }
        other => other.into(),
    })
}

async fn adopt<C: WriteConn + 'static>(mut unit: Sql<C>, now: Time) -> Result<(), StoreError> {
    unit.adopt_keys(now).await?;
    Box::new(unit).commit().await
}

impl Engine {
    /// Looks at once and answers the keys as the store rules them, for what signs and verifies
    /// outside the store. An error when this process's keyring does not fit the store.
    pub async fn keys(&self) -> Result<RuledKeys, StoreError> {
        match &self.driver {
            Driver::Sqlite(engine) => self.vault.look(&mut engine.begin_read().await?).await?,
            Driver::Postgres(engine) => self.vault.look(&mut engine.begin_read().await?).await?,
            Driver::Memory(engine) => self.vault.look(&mut engine.begin_read()?).await?,
        };
        Ok(self.vault.ruled())
    }

    /// The next step of the rotation of a purpose's key ([`rotation`]); begins one when none is under
    /// way. Safe to repeat after any failure, and to go on with in another process.
    pub async fn rotate(&self, purpose: Purpose, now: Time) -> Result<Progress, RotateError> {
        let vault = self.vault.clone();
        let stepped = on_unit!(&self.driver, vault, |unit| {
            rotation::step(unit, purpose, now).await
        });
        let (step, ring) = stepped?;
        match step {
            Step::Done(progress) => Ok(progress),
            Step::Label(progress, kid) => {
                rotation::label(&ring, purpose, &kid)?;
                Ok(progress)
            }
            Step::Begin => {
                let kid = rotation::prepare(&ring, purpose)?;
                let vault = self.vault.clone();
                let announced = on_unit!(&self.driver, vault, |unit| {
                    rotation::announce(unit, purpose, &kid, now).await
                });
                announced?;
                Ok(Progress::Announced { kid })
            }
        }
    }

    /// Puts the key that the next rotation of a purpose goes to into this process's file, and answers its
    /// id. The store is asked which key is in force now, and hears nothing of the next.
    pub async fn prepare(&self, purpose: Purpose) -> Result<String, RotateError> {
        let ruled = self.keys().await?;
        rotation::prepare(&ruled.keyring, purpose)
    }

    /// Ends the overlap of a signing purpose at once: what a key before the active one signed is
    /// refused from now on. For a key that was stolen.
    pub async fn retire_signing(&self, purpose: Purpose, now: Time) -> Result<(), StoreError> {
        if !matches!(purpose, Purpose::Jwt | Purpose::Cursor) {
            return Err(StoreError::Refused("not a signing key".into()));
        }
        let vault = self.vault.clone();
        on_unit!(&self.driver, vault, |unit| {
            rotation::retire(unit, purpose, now).await
        })
    }
}
