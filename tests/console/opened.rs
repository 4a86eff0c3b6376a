//! A case as the house opens one.

use lifeline_core::cases::{Case, CaseKind};
use lifeline_core::shared::ids::{CaseId, Maker};
use lifeline_core::store::{StoreError, Tx, atomically};

use crate::office::Office;

/// Opens a case about something, with these facts as JSON.
pub(crate) async fn opened(office: &Office, kind: CaseKind, subject: &str, facts: &str) -> CaseId {
    let entropy = office.entropy();
    let maker = Maker {
        clock: &*office.clock,
        entropy: &*entropy,
    };
    let case = Case {
        case_id: maker.id(),
        kind,
        cause: maker.uuid(),
        subject: subject.to_owned(),
        facts: facts.to_owned(),
        opened_at: maker.now(),
        trace_id: "t".repeat(32),
        closed_at: None,
    };
    let case = &case;
    atomically(&*office.store, async |tx: &mut Tx| {
        assert!(tx.cases().open(case).await?);
        Ok::<_, StoreError>(())
    })
    .await
    .unwrap();
    case.case_id.clone()
}
