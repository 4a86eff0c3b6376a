//! What a home owes, has, used, was charged and paid, and why (LN-05, 07 to 09, 46; EC-04, 10, 18).
//!
//! Marketing states the figures; this room keeps its last good copy of each, says how old it is,
//! asks again once for all who wait, and explains a bill down to the formula of each line. A copy
//! that could not be renewed is shown as stale, a missing one is an error, never a zero.
//!
//! | file | what it is |
//! |---|---|
//! | `figures` | the things |
//! | `freshness` | how old a copy may be |
//! | `explain`, `compare` | a bill recomputed, a bill beside the one before |
//! | `finding`, `hold` | what is wrong with a bill, and that nobody pays for the home meanwhile |
//! | `reading` | the use cases of [`Billing`] |
//! | `doubt` | the staff is told of a bill that is wrong |
//! | `usage` | what was used day by day |
//! | `receipts` | what was paid for the home, wherever |
//! | `flights` | one question upstream for all who ask it at once |
//! | `lead` | one node that asks, where several share a Redis |
//! | `ports` | kept copies, and the marketing system |

pub mod compare;
pub mod explain;
pub mod figures;
pub mod finding;
pub mod freshness;
pub mod hold;
pub mod ports;
pub mod receipts;
pub mod usage;

mod doubt;
mod error;
mod flights;
mod lead;
mod reading;

use std::sync::Arc;

pub use crate::shared::period::{self, Period};
pub use compare::Comparison;
pub use error::BillingError;
pub use explain::{ExplainedBill, ExplainedLine, MaskedReading};
pub use freshness::FreshnessRules;
pub use reading::Shown;
pub use receipts::Receipts;
pub use usage::{Usage, UsageDay};

use crate::shared::cluster::SharedCache;
use crate::shared::ids::Entropy;
use crate::shared::personal::ConsumerNo;
use crate::shared::time::{Clock, Time};
use crate::store::{Store, StoreError, Tx, atomically};
use flights::Flights;

/// The use cases of figures.
#[derive(Clone)]
pub struct Billing {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    source: Arc<dyn ports::BillingSource>,
    rules: FreshnessRules,
    /// Where nodes agree who asks; none on a single node.
    shared: Option<Arc<dyn SharedCache>>,
    flights: Flights,
}

impl std::fmt::Debug for Billing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Billing")
    }
}

impl Billing {
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        source: Arc<dyn ports::BillingSource>,
        rules: FreshnessRules,
        shared: Option<Arc<dyn SharedCache>>,
    ) -> Self {
        Self {
            store,
            clock,
            entropy,
            source,
            rules,
            shared,
            flights: Flights::default(),
        }
    }

    /// How often this process has written to the store; what was read since the last change is as
    /// this process knows it.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.store.commits().count()
    }

    /// Forgets copies nobody renewed for [`FreshnessRules::kept_s`]; how many. Run daily.
    ///
    /// # Errors
    /// [`BillingError::Store`].
    pub async fn purge(&self) -> Result<u64, BillingError> {
        let before = self
            .clock
            .now()
            .plus_seconds(self.rules.kept_s.saturating_neg());
        atomically(&*self.store, async |tx: &mut Tx| {
            Ok::<_, BillingError>(tx.billing().purge(before).await?)
        })
        .await
    }
}

/// Says, in the unit that credits or takes back money for a home, that every copy of its figures
/// read before `now` is no longer what marketing would say: the next reader asks again.
///
/// # Errors
/// Whatever the store answers.
pub async fn outdate(tx: &mut Tx, consumer_no: &ConsumerNo, now: Time) -> Result<(), StoreError> {
    tx.billing().outdate(consumer_no, now).await
}
