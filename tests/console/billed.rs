//! Marketing as far as it states bills: the same ones for every home, or no answer.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use async_trait::async_trait;
use lifeline_core::billing::figures::{
    Arrears, Balance, Bill, BillList, BillSummary, DailyUsage, Receipt,
};
use lifeline_core::billing::ports::{BillingSource, SourceError};
use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::shared::personal::ConsumerNo;
use lifeline_core::shared::time::Time;
use tokio::sync::{RwLock, RwLockWriteGuard};

#[derive(Debug, Default)]
pub(crate) struct Billed {
    stated: Mutex<Option<Vec<Bill>>>,
    asked: AtomicU64,
    /// It lists none, and states each.
    unlisted: AtomicBool,
    /// Every answer about one bill passes here.
    gate: RwLock<()>,
}

impl Billed {
    pub(crate) fn put(&self, bills: Option<Vec<Bill>>) {
        *self.stated.lock().unwrap() = bills;
    }

    /// How often it was asked for one bill.
    pub(crate) fn asked(&self) -> u64 {
        self.asked.load(Ordering::SeqCst)
    }

    /// From now on only its list stays away.
    pub(crate) fn no_list(&self) {
        self.unlisted.store(true, Ordering::SeqCst);
    }

    /// No bill leaves until what this returns is dropped.
    pub(crate) async fn hold_back(&self) -> RwLockWriteGuard<'_, ()> {
        self.gate.write().await
    }

    fn bills(&self) -> Result<Vec<Bill>, SourceError> {
        self.stated.lock().unwrap().clone().ok_or(SILENT)
    }
}

const SILENT: SourceError = SourceError::NoAnswer(NoAnswer::NotSent("silence"));

fn summary(bill: Bill) -> BillSummary {
    BillSummary {
        period: bill.period,
        energy: bill.energy,
        total: bill.total,
        issued_on: bill.issued_on,
        due_date: bill.due_date,
        paid: bill.paid,
    }
}

#[async_trait]
impl BillingSource for Billed {
    async fn arrears(&self, _: &ConsumerNo) -> Result<Arrears, SourceError> {
        Err(SILENT)
    }

    async fn balance(&self, _: &ConsumerNo) -> Result<Balance, SourceError> {
        Err(SILENT)
    }

    async fn bills(&self, _: &ConsumerNo, _: &str, _: &str) -> Result<BillList, SourceError> {
        if self.unlisted.load(Ordering::SeqCst) {
            return Err(SILENT);
        }
        Ok(BillList {
            items: self.bills()?.into_iter().map(summary).collect(),
            as_of: Time::default(),
        })
    }

    async fn bill(&self, _: &ConsumerNo, period: &str) -> Result<Bill, SourceError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let _through = self.gate.read().await;
        let found = self.bills()?.into_iter().find(|bill| bill.period == period);
        found.ok_or(SourceError::Absent)
    }

    async fn daily_usage(
        &self,
        _: &ConsumerNo,
        _: &str,
        _: &str,
    ) -> Result<Vec<DailyUsage>, SourceError> {
        Err(SILENT)
    }

    async fn receipts(
        &self,
        _: &ConsumerNo,
        _: &str,
        _: &str,
    ) -> Result<Vec<Receipt>, SourceError> {
        Err(SILENT)
    }
}
