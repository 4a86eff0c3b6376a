//! The real store as one machine sees it: each unit begins and ends at a point where the machine may
//! die, and now and then a commit ends oddly.

use std::sync::Arc;

use async_trait::async_trait;
use lifeline_adapters::sql::Engine;
use lifeline_core::store::{Commits, Snapshot, Store, StoreError, UnitName, UnitOfWork};

use super::machine::Place;
use super::weather::CommitFate;
use super::world::Handle;

/// The store behind the points of one machine.
#[derive(Debug)]
pub(super) struct Seam {
    pub(super) engine: Arc<Engine>,
    pub(super) world: Handle,
    pub(super) machine: usize,
}

#[async_trait]
impl Store for Seam {
    fn commits(&self) -> &Commits {
        self.engine.commits()
    }

    async fn begin(&self, name: UnitName) -> Result<Box<dyn UnitOfWork>, StoreError> {
        self.world.point(self.machine, Place::Begin(name)).await;
        #[expect(
            clippy::disallowed_methods,
            reason = "a wrapper hands on what `atomically` asks for"
        )]
        let unit = Store::begin(&*self.engine, name).await?;
        Ok(Box::new(SeamUnit {
            unit,
            name,
            world: self.world.clone(),
            machine: self.machine,
        }))
    }

    async fn begin_read(&self) -> Result<Box<dyn Snapshot>, StoreError> {
        #[expect(
            clippy::disallowed_methods,
            reason = "a wrapper hands on what `snapshot` asks for"
        )]
        Store::begin_read(&*self.engine).await
    }
}

struct SeamUnit {
    unit: Box<dyn UnitOfWork>,
    name: UnitName,
    world: Handle,
    machine: usize,
}

macro_rules! hand_on {
    ($($room:ident: $port:path;)*) => {$(
        fn $room(&mut self) -> &mut dyn $port {
            self.unit.$room()
        }
    )*};
}

#[async_trait]
impl UnitOfWork for SeamUnit {
    hand_on! {
        accounts: lifeline_core::accounts::ports::AccountStore;
        audit: lifeline_core::audit::ports::AuditLog;
        bans: lifeline_core::bans::ports::BanStore;
        billing: lifeline_core::billing::ports::FigureStore;
        bindings: lifeline_core::bindings::ports::BindingStore;
        cases: lifeline_core::cases::ports::CaseStore;
        channels: lifeline_core::channels::ports::ChannelStore;
        customers: lifeline_core::customers::ports::CustomerStore;
        evidence: lifeline_core::evidence::ports::EvidenceLog;
        generation: lifeline_core::settlement::accounts::ports::GenerationStore;
        idempotency: lifeline_core::idempotency::ports::IdempotencyStore;
        inbox: lifeline_core::inbox::ports::InboxStore;
        insight: lifeline_core::insight::ports::InsightStore;
        jobs: lifeline_core::jobs::ports::JobStore;
        ledger: lifeline_core::ledger::ports::LedgerStore;
        notices: lifeline_core::notices::ports::NoticeStore;
        operators: lifeline_core::operators::ports::StaffStore;
        outbox: lifeline_core::outbox::ports::OutboxStore;
        payments: lifeline_core::payments::ports::PaymentStore;
        payout_brake: lifeline_core::settlement::brake::ports::PayoutBrakeStore;
        privacy: lifeline_core::privacy::ports::PrivacyStore;
        publications: lifeline_core::publications::ports::PublicationStore;
        recovery: lifeline_core::payments::recovery::ports::RecoveryStore;
        settlement: lifeline_core::settlement::ports::SettlementStore;
        requests: lifeline_core::requests::ports::RequestStore;
    }

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        let Self {
            unit,
            name,
            world,
            machine,
        } = *self;
        let fate = world.with(|world| {
            world.stored = true;
            let fate = world.commit_fate();
            if fate != CommitFate::Done {
                world.note(format_args!("machine {machine} commits {name}: {fate:?}"));
            }
            fate
        });
        let outcome = match fate {
            CommitFate::Done => unit.commit().await,
            CommitFate::Conflict => {
                drop(unit);
                Err(StoreError::Conflict)
            }
            CommitFate::UnknownDone => {
                unit.commit().await?;
                Err(StoreError::CommitUnknown("the answer was lost".into()))
            }
            CommitFate::UnknownUndone => {
                drop(unit);
                Err(StoreError::CommitUnknown("the answer was lost".into()))
            }
            CommitFate::Unavailable => {
                drop(unit);
                Err(StoreError::Unavailable("the store is away".into()))
            }
        };
        world.point(machine, Place::End(name)).await;
        outcome
    }
}
