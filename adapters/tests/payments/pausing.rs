//! A store that pauses before every unit and every look. An embedded store answers at once, so that what uses it is
//! seldom found between two of them; whoever is dropped by the number of its polls must be found there as well.
//! And a store that is away for some units only.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use lifeline_adapters::sql::Engine;
use lifeline_core::store::{Commits, Snapshot, Store, StoreError, UnitName, UnitOfWork};

#[derive(Debug)]
pub(crate) struct Pausing(pub(crate) Arc<Engine>);

#[async_trait]
impl Store for Pausing {
    fn commits(&self) -> &Commits {
        self.0.commits()
    }

    async fn begin(&self, name: UnitName) -> Result<Box<dyn UnitOfWork>, StoreError> {
        tokio::task::yield_now().await;
        #[expect(
            clippy::disallowed_methods,
            reason = "a wrapper hands on what `atomically` asks for"
        )]
        Store::begin(&*self.0, name).await
    }

    async fn begin_read(&self) -> Result<Box<dyn Snapshot>, StoreError> {
        tokio::task::yield_now().await;
        #[expect(
            clippy::disallowed_methods,
            reason = "a wrapper hands on what `snapshot` asks for"
        )]
        Store::begin_read(&*self.0).await
    }
}

/// Away for the units of these names.
#[derive(Debug)]
pub(crate) struct Away {
    engine: Arc<Engine>,
    units: Mutex<Vec<&'static str>>,
}

impl Away {
    pub(crate) fn never(engine: Arc<Engine>) -> Self {
        Self {
            engine,
            units: Mutex::default(),
        }
    }

    pub(crate) fn is_for(&self, units: &[&'static str]) {
        *self.units.lock().unwrap() = units.to_vec();
    }
}

#[async_trait]
impl Store for Away {
    fn commits(&self) -> &Commits {
        self.engine.commits()
    }

    async fn begin(&self, name: UnitName) -> Result<Box<dyn UnitOfWork>, StoreError> {
        let unit = name.to_string();
        let is_away = self.units.lock().unwrap().iter().any(|away| *away == unit);
        if is_away {
            return Err(StoreError::Unavailable("away".into()));
        }
        #[expect(
            clippy::disallowed_methods,
            reason = "a wrapper hands on what `atomically` asks for"
        )]
        Store::begin(&*self.engine, name).await
    }

    async fn begin_read(&self) -> Result<Box<dyn Snapshot>, StoreError> {
        #[expect(
            clippy::disallowed_methods,
            reason = "a wrapper hands on what `snapshot` asks for"
        )]
        Store::begin_read(&*self.engine).await
    }
}
