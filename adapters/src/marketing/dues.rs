//! What is due right now, for an order, late money, or a line that is posted again: always live.

use async_trait::async_trait;
use lifeline_core::billing::ports::{BillingSource, SourceError};
use lifeline_core::bindings::ports::{ArchiveError, ConsumerArchive};
use lifeline_core::payments::ports::{Dues, DuesSource, NoDues};
use lifeline_core::shared::personal::ConsumerNo;

use super::Marketing;

#[async_trait]
impl DuesSource for Marketing {
    async fn dues(&self, consumer_no: &ConsumerNo) -> Result<Dues, NoDues> {
        let (consumer, arrears) =
            futures_util::join!(self.consumer(consumer_no), self.arrears(consumer_no));
        let consumer = consumer.map_err(|error| match error {
            ArchiveError::CannotConfirm => NoDues::Unknown,
            ArchiveError::NoAnswer(silence) => NoDues::NoAnswer(silence),
        })?;
        let arrears = arrears.map_err(|error| match error {
            SourceError::Absent => NoDues::Unknown,
            SourceError::NoAnswer(silence) => NoDues::NoAnswer(silence),
        })?;
        Ok(Dues {
            open: consumer.open,
            total: arrears.total,
            version: arrears.version,
        })
    }
}
