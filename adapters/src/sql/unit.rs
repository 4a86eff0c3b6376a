//! One struct is every repository: the unit of work and the snapshot hand out themselves.

use async_trait::async_trait;
use lifeline_core::accounts::ports::{AccountReads, AccountStore};
use lifeline_core::audit::ports::{AuditLog, AuditReads};
use lifeline_core::bans::ports::{BanReads, BanStore};
use lifeline_core::billing::ports::{FigureReads, FigureStore};
use lifeline_core::bindings::ports::{BindingReads, BindingStore};
use lifeline_core::cases::ports::{CaseReads, CaseStore};
use lifeline_core::channels::ports::{ChannelReads, ChannelStore};
use lifeline_core::customers::ports::{CustomerReads, CustomerStore};
use lifeline_core::evidence::ports::EvidenceLog;
use lifeline_core::idempotency::ports::{IdempotencyReads, IdempotencyStore};
use lifeline_core::inbox::ports::InboxStore;
use lifeline_core::insight::ports::{InsightReads, InsightStore};
use lifeline_core::jobs::ports::{JobReads, JobStore};
use lifeline_core::ledger::ports::{LedgerReads, LedgerStore};
use lifeline_core::notices::ports::{NoticeReads, NoticeStore};
use lifeline_core::operators::ports::{StaffReads, StaffStore};
use lifeline_core::outbox::ports::OutboxStore;
use lifeline_core::payments::ports::{PaymentReads, PaymentStore};
use lifeline_core::payments::recovery::ports::{RecoveryReads, RecoveryStore};
use lifeline_core::privacy::ports::{PrivacyReads, PrivacyStore};
use lifeline_core::publications::ports::{PublicationReads, PublicationStore};
use lifeline_core::requests::ports::{RequestReads, RequestStore};
use lifeline_core::settlement::accounts::ports::{GenerationReads, GenerationStore};
use lifeline_core::settlement::brake::ports::PayoutBrakeStore;
use lifeline_core::settlement::ports::{SettlementReads, SettlementStore};
use lifeline_core::store::{Snapshot, StoreError, UnitOfWork};

use super::{Conn, Sql, WriteConn};

macro_rules! hand_out {
    ($($name:ident: $port:path;)*) => {$(
        fn $name(&mut self) -> &mut dyn $port {
            self
        }
    )*};
}

#[async_trait]
impl<C: WriteConn + 'static> UnitOfWork for Sql<C> {
    hand_out! {
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

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        self.conn.commit().await
    }
}

impl<C: Conn + 'static> Snapshot for Sql<C> {
    hand_out! {
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
