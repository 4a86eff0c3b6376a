//! Two persons let go on what a contradiction stopped: by its case, as the console does it. What was
//! stopped and has no open case would have no way out, and its history ends stuck.

use std::collections::BTreeSet;

use lifeline_core::cases::decision::{Ending, Proposal, Resolution};
use lifeline_core::cases::four_eyes::ProposalState;
use lifeline_core::cases::{Case, CaseKind};
use lifeline_core::payments::order::Order;
use lifeline_core::payments::{Payments, table_l as l};
use lifeline_core::store::snapshot;

use super::office::Desk;

impl Desk {
    /// Rules about every stopped row of the order.
    pub(super) async fn thaw(&self, order: &Order) {
        let mut ruled = BTreeSet::new();
        for case in self.contradictions(order) {
            let Some(row) = case.row() else { continue };
            let Some(resolution) = way_out(order, &row) else {
                continue;
            };
            if ruled.insert(row) {
                self.rule(order, &case, resolution).await;
            }
        }
    }

    fn contradictions(&self, order: &Order) -> Vec<Case> {
        let engine = self.bench.engine();
        let subject = order.payment.payment_id.as_str();
        let read = async {
            let mut view = snapshot(&*engine).await.ok()?;
            view.cases().about(subject).await.ok()
        };
        let cases = super::now_or_never(read).flatten().unwrap_or_default();
        let open = |case: &Case| case.kind == CaseKind::Contradiction && case.closed_at.is_none();
        cases.into_iter().filter(open).collect()
    }

    async fn rule(&self, order: &Order, case: &Case, resolution: Resolution) {
        let number = &order.payment.out_trade_no;
        let how = resolution.as_str();
        self.world
            .note(format_args!("two persons rule about {number}: {how}"));
        let now = self.now();
        let decided = Proposal {
            proposal_id: case.case_id.as_str().to_owned(),
            what: Ending {
                case_id: case.case_id.clone(),
                resolution,
                parts: Vec::new(),
            },
            reason: "looked into".to_owned(),
            proposed_by: "staff:first".to_owned(),
            proposed_at: now,
            state: ProposalState::Approved,
            decided_by: Some("staff:second".to_owned()),
            decided_at: Some(now),
        };
        let id = order.payment.payment_id.clone();
        let said = self.cluster.ask(|payments: Payments| async move {
            let ruled = payments.rule(&id, &decided, "two persons", "office");
            ruled.await.map(drop)
        });
        if let Some(Err(error)) = said.await {
            self.world
                .note(format_args!("two persons are refused: {error}"));
        }
    }
}

/// What two persons say about a stopped row: a credit that marketing does not stand by is taken back.
fn way_out(order: &Order, row: &str) -> Option<Resolution> {
    let payment = order.payment.payment_id.as_str() == row && order.payment.frozen;
    let mut refunds = order.refunds.iter();
    let refund = refunds.any(|refund| refund.frozen && refund.refund_id.as_str() == row);
    let mut lines = order.lines.iter();
    match lines.find(|line| line.frozen && line.line_id.as_str() == row) {
        Some(line) if line.state == l::State::Posted => Some(Resolution::TakeBack),
        Some(_) => Some(Resolution::GoOn),
        None => (payment || refund).then_some(Resolution::GoOn),
    }
}
