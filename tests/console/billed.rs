//! Marketing as far as it states bills: one bill for every home, or no answer.

use std::sync::Mutex;

use async_trait::async_trait;
use lifeline_core::billing::figures::{Arrears, Balance, Bill, BillList, DailyUsage};
use lifeline_core::billing::ports::{BillingSource, SourceError};
use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::shared::personal::ConsumerNo;

#[derive(Debug, Default)]
pub(crate) struct Billed(Mutex<Option<Bill>>);

impl Billed {
    pub(crate) fn put(&self, bill: Option<Bill>) {
        *self.0.lock().unwrap() = bill;
    }
}

const SILENT: SourceError = SourceError::NoAnswer(NoAnswer::NotSent("silence"));

#[async_trait]
impl BillingSource for Billed {
    async fn arrears(&self, _: &ConsumerNo) -> Result<Arrears, SourceError> {
        Err(SILENT)
    }

    async fn balance(&self, _: &ConsumerNo) -> Result<Balance, SourceError> {
        Err(SILENT)
    }

    async fn bills(&self, _: &ConsumerNo, _: &str, _: &str) -> Result<BillList, SourceError> {
        Err(SILENT)
    }

    async fn bill(&self, _: &ConsumerNo, _: &str) -> Result<Bill, SourceError> {
        self.0.lock().unwrap().clone().ok_or(SILENT)
    }

    async fn daily_usage(
        &self,
        _: &ConsumerNo,
        _: &str,
        _: &str,
    ) -> Result<Vec<DailyUsage>, SourceError> {
        Err(SILENT)
    }
}
