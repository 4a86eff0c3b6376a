//! A bill that cannot be made again is told of to the staff at the first sight of it (EC-07): whoever it is of sees
//! that it does not add up, and nobody has to complain first.

use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::explain::ExplainedBill;
use super::figures::Bill;
use super::finding::Finding;
use super::period::Period;
use super::ports::{FigureKey, FigureKind};
use super::{Billing, BillingError};
use crate::bindings::AuthorisedBinding;
use crate::cases::{Case, CaseKind};
use crate::shared::ids::Maker;
use crate::shared::time::Time;
use crate::store::{Tx, atomically, snapshot};

/// How much of a digest tells one state of a bill from another.
const VERSION_CHARS: usize = 16;

impl Billing {
    /// Opens a case about a bill that is not what it is made of: one for each bill as it stands, however often and by
    /// whomever it is read. A case that cannot be written is written at a later sight.
    pub async fn report(&self, home: &AuthorisedBinding, told: &ExplainedBill, trace_id: &str) {
        let Some(first) = told.findings.first() else {
            return;
        };
        if let Err(error) = self.open_case(home, told, first, trace_id).await {
            tracing::warn!(%error, "a bill that differs could not be told of");
        }
    }

    async fn open_case(
        &self,
        home: &AuthorisedBinding,
        told: &ExplainedBill,
        first: &Finding,
        trace_id: &str,
    ) -> Result<(), BillingError> {
        let (owned, bill) = (home.owned(), &told.bill);
        let period = Period::parse(&bill.period).map_err(|_| BillingError::NotFound)?;
        let subject = owned.binding_id().as_str();
        let key = FigureKey {
            consumer_no: owned.consumer_no().clone(),
            holder_version: owned.holder_version(),
            kind: FigureKind::Bill(period),
        };
        let mut view = snapshot(&*self.store).await?;
        let named = view.billing().flight_key(&key)?;
        let cause = format!("bill_differs:{named}:{}", version(bill));
        // Whoever of the home saw it first: the case is about their link.
        if view.cases().is_known(&cause).await? {
            return Ok(());
        }
        drop(view);
        let facts = json!({
            "period": bill.period,
            "account_id": owned.account_id().as_str(),
            "total_fen": bill.total.get(),
            "findings": told.findings.len(),
            "first": first.place(),
        });
        let maker = Maker {
            clock: &*self.clock,
            entropy: &*self.entropy,
        };
        let case = Case {
            case_id: maker.id(),
            kind: CaseKind::BillDiffers,
            cause,
            subject: subject.to_owned(),
            facts: facts.to_string(),
            opened_at: maker.now(),
            trace_id: trace_id.to_owned(),
            closed_at: None,
        };
        let case = &case;
        atomically(&*self.store, async |tx: &mut Tx| {
            tx.cases().open(case).await?;
            Ok::<_, BillingError>(())
        })
        .await
    }
}

/// The same for a bill until one of its figures changes; that it was paid meanwhile changes none.
fn version(bill: &Bill) -> String {
    let figures = Bill {
        paid: false,
        as_of: Time::default(),
        ..bill.clone()
    };
    let text = serde_json::to_string(&figures).unwrap_or_default();
    let digest = hex::encode(Sha256::digest(text.as_bytes()));
    digest.chars().take(VERSION_CHARS).collect()
}
