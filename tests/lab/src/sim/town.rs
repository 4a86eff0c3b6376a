//! The people and homes of every history, and the store they are written to once.

use std::sync::Arc;

use lifeline_adapters::keyring::{InstanceKind, Keyring};
use lifeline_adapters::sql::Bench;
use lifeline_core::accounts::Account;
use lifeline_core::accounts::account::ProviderId;
use lifeline_core::bindings::ports::Holding;
use lifeline_core::bindings::{Binding, OwnedBinding, Right, Role, Signboard, own};
use lifeline_core::shared::ids::{Maker, SessionId};
use lifeline_core::shared::personal::ConsumerNo;
use lifeline_core::shared::time::{Clock, Day, Time};
use lifeline_core::store::{Store, StoreError, Tx, atomically, snapshot};

use super::plan::{HOMES, PAYERS};
use super::world::Seeded;

const NAMES: [&str; HOMES] = ["home 0", "home 1"];
const NUMBERS: [&str; HOMES] = ["1500000000001", "1500000000002"];

pub(super) fn name(home: usize) -> &'static str {
    NAMES.get(home).copied().unwrap_or("no home")
}

pub(super) fn home_of(consumer_no: &str) -> Option<usize> {
    NUMBERS.iter().position(|number| *number == consumer_no)
}

pub(super) fn consumer_no(home: usize) -> Option<ConsumerNo> {
    ConsumerNo::parse(NUMBERS.get(home)?).ok()
}

/// A person with their links to the homes.
#[derive(Debug, Clone)]
pub(super) struct Payer {
    pub(super) links: Vec<OwnedBinding>,
    pub(super) session: SessionId,
}

/// A store with the town in it, taken back after each history.
pub(super) struct Town {
    pub(super) bench: Bench,
    pub(super) payers: Vec<Payer>,
}

/// Why there is no town.
#[derive(Debug, thiserror::Error)]
#[error("the simulated store could not be made: {0}")]
pub(super) struct NoTown(String);

struct Still(Time);

impl Clock for Still {
    fn now(&self) -> Time {
        self.0
    }
}

impl Town {
    pub(super) async fn found() -> Result<Self, NoTown> {
        let failed = |error: &dyn std::error::Error| NoTown(error.to_string());
        let keyring = Keyring::generate(InstanceKind::Demo).map_err(|e| failed(&e))?;
        let before = Time::parse_rfc3339("2026-11-01T08:00:00+08:00").unwrap_or_default();
        let bench = Bench::new(Arc::new(keyring), before).map_err(|e| failed(&e))?;
        let store = bench.engine();
        let clock = Still(before);
        let chance = Seeded::new(1, "town");
        let maker = Maker {
            clock: &clock,
            entropy: &chance,
        };
        let mut payers = Vec::new();
        for at in 0..PAYERS {
            let payer = settle(&*store, &maker, at).await.map_err(|e| failed(&e))?;
            payers.push(payer);
        }
        bench.keep().map_err(|e| failed(&e))?;
        Ok(Self { bench, payers })
    }
}

async fn settle(store: &dyn Store, maker: &Maker<'_>, at: usize) -> Result<Payer, StoreError> {
    let account = Account {
        account_id: maker.id(),
        app_id: "2021000000000001".to_owned(),
        open_id: ProviderId::parse(&format!("payer-{at}")),
        user_id: None,
        real_name: None,
        phone: None,
        merged: None,
        created_at: maker.now(),
        version: 1,
    };
    let mut bindings = Vec::new();
    for home in 0..HOMES {
        let Some(consumer_no) = consumer_no(home) else {
            continue;
        };
        bindings.push(Binding {
            binding_id: maker.id(),
            account_id: account.account_id.clone(),
            consumer_no,
            role: Role::PayerOnly,
            shown: true,
            grant_id: None,
            holder_version: 1,
            frozen: false,
            signboard: Signboard {
                consumer_no_masked: "*********0001".to_owned(),
                holder_masked: "*明".to_owned(),
                address_masked: "赤峰市***".to_owned(),
            },
            label: None,
            created_at: maker.now(),
            version: 1,
        });
    }
    let holder = Holding {
        version: 1,
        since: None,
    };
    atomically(store, async |tx: &mut Tx| {
        tx.accounts().add(&account).await?;
        for binding in &bindings {
            tx.bindings()
                .touch_home(
                    &binding.consumer_no,
                    holder,
                    Day::of(maker.now()),
                    maker.now(),
                )
                .await?;
            tx.bindings().add(binding, None).await?;
        }
        Ok::<_, StoreError>(())
    })
    .await?;
    let mut links = Vec::new();
    for binding in &bindings {
        let mut view = snapshot(store).await?;
        let id = &binding.binding_id;
        let now = maker.now();
        let owned = own(&mut view, &account.account_id, id, Right::Pay, now).await;
        links.push(owned.map_err(|error| StoreError::Refused(error.to_string()))?);
    }
    Ok(Payer {
        links,
        session: maker.id(),
    })
}
