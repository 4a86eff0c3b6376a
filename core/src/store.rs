//! The unit of work: how every change reaches the store, whole or not at all.
//!
//! [`Store::begin`] is called in one place only, [`atomically`]; everything written inside one
//! closure commits together (state, ledger lines, idempotency or inbox row, outbox rows,
//! evidence, audit) or leaves no trace. Reads that need no transaction go through [`snapshot`].
//!
//! This file is the one place of floor 0 that names the capabilities' ports: it is their list.

use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;

use crate::accounts::ports::{AccountReads, AccountStore};
use crate::audit::ports::{AuditLog, AuditReads};
use crate::bans::ports::{BanReads, BanStore};
use crate::billing::ports::{FigureReads, FigureStore};
use crate::bindings::ports::{BindingReads, BindingStore};
use crate::cases::ports::{CaseReads, CaseStore};
use crate::channels::ports::{ChannelReads, ChannelStore};
use crate::customers::ports::{CustomerReads, CustomerStore};
use crate::evidence::ports::EvidenceLog;
use crate::idempotency::ports::{IdempotencyReads, IdempotencyStore};
use crate::inbox::ports::InboxStore;
use crate::insight::ports::{InsightReads, InsightStore};
use crate::jobs::ports::{JobReads, JobStore};
use crate::ledger::ports::{LedgerReads, LedgerStore};
use crate::notices::ports::{NoticeReads, NoticeStore};
use crate::operators::ports::{StaffReads, StaffStore};
use crate::outbox::ports::OutboxStore;
use crate::payments::ports::{PaymentReads, PaymentStore};
use crate::payments::recovery::ports::{RecoveryReads, RecoveryStore};
use crate::privacy::ports::{PrivacyReads, PrivacyStore};
use crate::publications::ports::{PublicationReads, PublicationStore};
use crate::requests::ports::{RequestReads, RequestStore};
use crate::settlement::accounts::ports::{GenerationReads, GenerationStore};
use crate::settlement::brake::ports::PayoutBrakeStore;
use crate::settlement::ports::{SettlementReads, SettlementStore};

/// What a store can answer besides success; no engine's own error comes further in than this.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another writer got there first; the unit may run again.
    #[error("another writer got there first")]
    Conflict,
    /// A unique fact exists already. Carries the constraint's name.
    #[error("the fact exists already ({0})")]
    Duplicate(String),
    /// A CHECK, foreign key or append-only rule of the schema refused the write.
    #[error("a rule of the schema refused the write ({0})")]
    Refused(String),
    /// The store cannot be reached, is full, or the time allowed is over.
    #[error("the store is unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// COMMIT was sent and its answer lost: it may have taken effect (money.md G2).
    #[error("the commit's outcome is unknown")]
    CommitUnknown(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A stored value this program cannot read: an alarm, not an absence.
    #[error("stored data is unreadable: {table}.{column}")]
    Corrupt {
        table: &'static str,
        column: &'static str,
    },
}

/// Whether a failed unit may be run again from the start.
pub trait Retriable {
    fn is_conflict(&self) -> bool;
}

impl Retriable for StoreError {
    fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict)
    }
}

/// How many units this process has ended through one store, however they ended: an answer read
/// since the last of them shows all this process has written.
#[derive(Debug, Default)]
pub struct Commits(AtomicU64);

impl Commits {
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    fn note(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Which unit of work this is: the path of the function that asked for it, as the compiler writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct UnitName(&'static str);

/// Only its name is used: around the path of a unit's closure it marks that path in the program.
struct Unit<W>(std::marker::PhantomData<W>);

impl UnitName {
    /// What [`UnitName::written`] begins with.
    pub const MARK: &str = "lifeline_core::store::Unit<";

    /// The name of the unit whose work is a `W`.
    #[must_use]
    pub fn of<W>() -> Self {
        Self(std::any::type_name::<Unit<W>>())
    }

    /// The name as it stands in the program: the mark, the path, and `>`.
    #[must_use]
    pub const fn written(self) -> &'static str {
        self.0
    }

    /// The path in short: `payments::keyed::enter`.
    #[must_use]
    pub fn short(written: &str) -> String {
        let path = written.strip_prefix(Self::MARK).unwrap_or(written);
        let path = path.strip_suffix('>').unwrap_or(path);
        // `<impl x::Y>` only repeats where its method stands, and a closure has no name.
        let mut depth = 0_usize;
        let mut bare = String::new();
        for c in path.chars() {
            match c {
                '<' => depth = depth.saturating_add(1),
                '>' => depth = depth.saturating_sub(1),
                _ if depth == 0 => bare.push(c),
                _ => {}
            }
        }
        let named = |part: &&str| !matches!(*part, "" | "lifeline_core" | "{{closure}}");
        bare.split("::")
            .filter(named)
            .collect::<Vec<_>>()
            .join("::")
    }
}

impl std::fmt::Display for UnitName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&Self::short(self.0))
    }
}

/// An engine that holds everything the product knows.
#[async_trait]
pub trait Store: Send + Sync + std::fmt::Debug {
    /// Counted by [`atomically`].
    fn commits(&self) -> &Commits;
    /// Opens a unit of work. Only [`atomically`] calls this.
    async fn begin(&self, unit: UnitName) -> Result<Box<dyn UnitOfWork>, StoreError>;
    /// Opens a read-only view at one moment. Only [`snapshot`] calls this.
    async fn begin_read(&self) -> Result<Box<dyn Snapshot>, StoreError>;
}

/// An open transaction. Dropping it without [`UnitOfWork::commit`] rolls back.
#[async_trait]
pub trait UnitOfWork: Send {
    fn accounts(&mut self) -> &mut dyn AccountStore;
    fn audit(&mut self) -> &mut dyn AuditLog;
    fn bans(&mut self) -> &mut dyn BanStore;
    fn billing(&mut self) -> &mut dyn FigureStore;
    fn bindings(&mut self) -> &mut dyn BindingStore;
    fn cases(&mut self) -> &mut dyn CaseStore;
    fn channels(&mut self) -> &mut dyn ChannelStore;
    fn customers(&mut self) -> &mut dyn CustomerStore;
    fn evidence(&mut self) -> &mut dyn EvidenceLog;
    fn generation(&mut self) -> &mut dyn GenerationStore;
    fn idempotency(&mut self) -> &mut dyn IdempotencyStore;
    fn inbox(&mut self) -> &mut dyn InboxStore;
    fn insight(&mut self) -> &mut dyn InsightStore;
    fn jobs(&mut self) -> &mut dyn JobStore;
    fn ledger(&mut self) -> &mut dyn LedgerStore;
    fn notices(&mut self) -> &mut dyn NoticeStore;
    fn operators(&mut self) -> &mut dyn StaffStore;
    fn outbox(&mut self) -> &mut dyn OutboxStore;
    fn payments(&mut self) -> &mut dyn PaymentStore;
    fn payout_brake(&mut self) -> &mut dyn PayoutBrakeStore;
    fn privacy(&mut self) -> &mut dyn PrivacyStore;
    fn publications(&mut self) -> &mut dyn PublicationStore;
    fn recovery(&mut self) -> &mut dyn RecoveryStore;
    fn settlement(&mut self) -> &mut dyn SettlementStore;
    fn requests(&mut self) -> &mut dyn RequestStore;
    async fn commit(self: Box<Self>) -> Result<(), StoreError>;
}

/// A read-only view.
pub trait Snapshot: Send {
    fn accounts(&mut self) -> &mut dyn AccountReads;
    fn audit(&mut self) -> &mut dyn AuditReads;
    fn bans(&mut self) -> &mut dyn BanReads;
    fn billing(&mut self) -> &mut dyn FigureReads;
    fn bindings(&mut self) -> &mut dyn BindingReads;
    fn cases(&mut self) -> &mut dyn CaseReads;
    fn channels(&mut self) -> &mut dyn ChannelReads;
    fn customers(&mut self) -> &mut dyn CustomerReads;
    fn generation(&mut self) -> &mut dyn GenerationReads;
    fn idempotency(&mut self) -> &mut dyn IdempotencyReads;
    fn insight(&mut self) -> &mut dyn InsightReads;
    fn jobs(&mut self) -> &mut dyn JobReads;
    fn ledger(&mut self) -> &mut dyn LedgerReads;
    fn notices(&mut self) -> &mut dyn NoticeReads;
    fn operators(&mut self) -> &mut dyn StaffReads;
    fn payments(&mut self) -> &mut dyn PaymentReads;
    fn privacy(&mut self) -> &mut dyn PrivacyReads;
    fn publications(&mut self) -> &mut dyn PublicationReads;
    fn recovery(&mut self) -> &mut dyn RecoveryReads;
    fn settlement(&mut self) -> &mut dyn SettlementReads;
    fn requests(&mut self) -> &mut dyn RequestReads;
}

/// Hands on the ports of what is inside.
macro_rules! hand_on {
    ($($room:ident: $port:ident;)*) => {$(
        pub fn $room(&mut self) -> &mut dyn $port {
            self.0.$room()
        }
    )*};
}

/// What a use case is handed inside [`atomically`]: an open transaction without lifetimes in its
/// type (a plain `&mut dyn UnitOfWork` makes async closures lose `Send` inside a spawned task).
pub struct Tx(Box<dyn UnitOfWork>);

impl std::fmt::Debug for Tx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tx")
    }
}

impl Tx {
    hand_on! {
        accounts: AccountStore;
        audit: AuditLog;
        bans: BanStore;
        billing: FigureStore;
        bindings: BindingStore;
        cases: CaseStore;
        channels: ChannelStore;
        customers: CustomerStore;
        evidence: EvidenceLog;
        generation: GenerationStore;
        idempotency: IdempotencyStore;
        inbox: InboxStore;
        insight: InsightStore;
        jobs: JobStore;
        ledger: LedgerStore;
        notices: NoticeStore;
        operators: StaffStore;
        outbox: OutboxStore;
        payments: PaymentStore;
        payout_brake: PayoutBrakeStore;
        privacy: PrivacyStore;
        publications: PublicationStore;
        recovery: RecoveryStore;
        settlement: SettlementStore;
        requests: RequestStore;
    }
}

/// What a reader is handed by [`snapshot`].
pub struct View(Box<dyn Snapshot>);

impl std::fmt::Debug for View {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("View")
    }
}

impl View {
    hand_on! {
        accounts: AccountReads;
        audit: AuditReads;
        bans: BanReads;
        billing: FigureReads;
        bindings: BindingReads;
        cases: CaseReads;
        channels: ChannelReads;
        customers: CustomerReads;
        generation: GenerationReads;
        idempotency: IdempotencyReads;
        insight: InsightReads;
        jobs: JobReads;
        ledger: LedgerReads;
        notices: NoticeReads;
        operators: StaffReads;
        payments: PaymentReads;
        privacy: PrivacyReads;
        publications: PublicationReads;
        recovery: RecoveryReads;
        settlement: SettlementReads;
        requests: RequestReads;
    }
}

/// How often a unit that lost a race is run again.
pub const UNIT_ATTEMPTS_MAX: u32 = 5;

/// The only place that begins, commits and retries a unit of work.
///
/// `work` may run several times, so it does nothing but read, decide and write through `tx`; ids,
/// numbers and `now` are made before. An unknown commit is reported, never retried: the caller's
/// idempotency or inbox row tells what happened.
///
/// Each run is a clone of the closure, so what it captures it captures by shared reference or by
/// cheap copy; it cannot carry anything from a failed run into the next one. (A borrowing
/// `AsyncFnMut` would also make every use case lose `Send` inside a spawned task.)
pub async fn atomically<T, E, F>(store: &dyn Store, work: F) -> Result<T, E>
where
    F: AsyncFnOnce(&mut Tx) -> Result<T, E> + Clone,
    E: From<StoreError> + Retriable,
{
    let unit = UnitName::of::<F>();
    let mut attempt = 1;
    loop {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place that may begin a unit"
        )]
        let mut tx = Tx(store.begin(unit).await?);
        let outcome = match work.clone()(&mut tx).await {
            Ok(value) => {
                let committed = tx.0.commit().await;
                tell_unknown(unit, &committed);
                // Before anybody is told, and whatever came of it: an unknown commit may be there.
                store.commits().note();
                committed.map(|()| value).map_err(E::from)
            }
            Err(error) => {
                drop(tx);
                Err(error)
            }
        };
        match outcome {
            Err(error) if error.is_conflict() && attempt < UNIT_ATTEMPTS_MAX => {
                attempt = attempt.saturating_add(1);
            }
            done => return done,
        }
    }
}

/// An operator who looks into an unknown commit needs to know what it was about.
fn tell_unknown(unit: UnitName, outcome: &Result<(), StoreError>) {
    if let Err(StoreError::CommitUnknown(cause)) = outcome {
        tracing::error!(%unit, %cause, "store.commit.unknown");
    }
}

/// Opens a read-only view.
pub async fn snapshot(store: &dyn Store) -> Result<View, StoreError> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that may begin a view"
    )]
    store.begin_read().await.map(View)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::time::Time;

    async fn use_case(store: &dyn Store, name: &str) -> Result<(), StoreError> {
        let next_at = Time::from_micros(0);
        atomically(store, async |tx: &mut Tx| {
            tx.jobs().ensure(name, 60, next_at).await
        })
        .await
    }

    #[test]
    fn a_unit_is_named_after_the_function_that_asks_for_it() {
        fn name_of<W>(_: &W) -> UnitName {
            UnitName::of::<W>()
        }
        let here = name_of(&async |_: &mut Tx| Ok::<_, StoreError>(()));
        assert!(here.written().starts_with(UnitName::MARK), "{here:?}");
        assert_eq!(
            here.to_string(),
            "store::tests::a_unit_is_named_after_the_function_that_asks_for_it"
        );
        let inherent = "lifeline_core::store::Unit<lifeline_core::payments::keyed::<impl lifeline_core::payments::Payments>::enter::{{closure}}::{{closure}}>";
        assert_eq!(UnitName::short(inherent), "payments::keyed::enter");
    }

    /// Use cases run detached from the request: what they borrow must not cost them `Send`.
    #[test]
    fn a_use_case_that_borrows_can_be_spawned() {
        fn spawnable<F: Future + Send>(_: fn(std::sync::Arc<dyn Store>, String) -> F) {}
        spawnable(|store, name| async move { use_case(&*store, &name).await });
    }
}
