//! What a unit leaves behind besides the rows: ledger, cases, events, evidence, audit.

use serde::Serialize;
use serde_json::json;

use super::super::events::{self, Nudge};
use super::{Booking, BooksError};
use crate::cases::{Case, CaseKind};
use crate::evidence::canonical;
use crate::ledger::{Account, Entry};
use crate::shared::ids::{EventId, LineId};
use crate::shared::money::Fen;
use crate::{audit, evidence, outbox};

impl Booking<'_> {
    /// `Dr debit Cr credit`, keyed by the fact (money.md G1).
    pub(super) fn enter_ledger(
        &mut self,
        fact: &str,
        debit: Account,
        credit: Account,
        amount: Fen,
    ) -> Result<(), BooksError> {
        let entry = Entry::transfer(
            self.draw.id("entry", fact),
            fact.to_owned(),
            self.order.payment.payment_id.clone(),
            self.draw.trace_id.clone(),
            self.draw.now,
            (debit, credit, amount),
        )?;
        self.changes.entries.push(entry);
        Ok(())
    }

    /// About the order as a whole, told once.
    pub(super) fn open_case(
        &mut self,
        kind: CaseKind,
        cause: &str,
        reason: &str,
    ) -> Result<(), BooksError> {
        self.push_case(kind, None, cause, reason)
    }

    /// About one row, a line or a refund: what is decided reaches no other row, and what happens to it
    /// again after the case was closed is told again.
    pub(super) fn open_row_case(
        &mut self,
        kind: CaseKind,
        row_id: &str,
        cause: &str,
        reason: &str,
    ) -> Result<(), BooksError> {
        self.push_case(kind, Some(row_id), cause, reason)
    }

    fn push_case(
        &mut self,
        kind: CaseKind,
        row_id: Option<&str>,
        cause: &str,
        reason: &str,
    ) -> Result<(), BooksError> {
        let payment = &self.order.payment;
        let mut facts = json!({
            "amount_fen": payment.amount.get(),
            "foreign_fen": payment.foreign.get(),
            "out_trade_no": payment.out_trade_no,
            "paid_fen": payment.paid.get(),
            "reason": reason,
            "refunded_fen": payment.refunded.get(),
            "state": payment.state.as_str(),
        });
        if let (Some(row_id), Some(facts)) = (row_id, facts.as_object_mut()) {
            facts.insert("row".to_owned(), row_id.into());
        }
        self.changes.cases.push(Case {
            case_id: self.draw.id("case", cause),
            kind,
            cause: format!("payments:{cause}"),
            subject: payment.payment_id.as_str().to_owned(),
            facts: canonical::render(&facts)?,
            opened_at: self.draw.now,
            trace_id: self.draw.trace_id.clone(),
            closed_at: None,
        });
        Ok(())
    }

    /// Cell X: recorded, a case, an alarm; the caller froze the row.
    pub(super) fn contradict(
        &mut self,
        table: &'static str,
        row_id: &str,
        state: &str,
        input: &str,
    ) -> Result<(), BooksError> {
        self.changes.contradicted = true;
        tracing::error!(
            payment.id = self.order.payment.payment_id.as_str(),
            cell = format!("{table}.{state}.{input}"),
            "payments.contradiction"
        );
        let cause = format!("x:{table}:{row_id}:{state}:{input}");
        let reason = format!("{table}.{state}.{input}");
        self.open_row_case(CaseKind::Contradiction, row_id, &cause, &reason)?;
        self.note("payments.contradiction", "contradiction");
        Ok(())
    }

    /// An event for the rooms above, in order per payment.
    pub(super) fn tell<T: Serialize>(
        &mut self,
        kind: &str,
        event_id: &EventId,
        body: &T,
    ) -> Result<(), BooksError> {
        self.push_event(kind, event_id.clone(), body)
    }

    /// Wakes the sweeper for this order.
    pub(super) fn nudge(&mut self) -> Result<(), BooksError> {
        let version = self.order.payment.version;
        let cause = format!("nudge:{}:{version}", self.order.payment.payment_id);
        let body = Nudge {
            payment_id: self.order.payment.payment_id.clone(),
        };
        let event_id = self.draw.id("event", &cause);
        self.push_event(events::NUDGE, event_id, &body)
    }

    fn push_event<T: Serialize>(
        &mut self,
        kind: &str,
        event_id: EventId,
        body: &T,
    ) -> Result<(), BooksError> {
        let body = serde_json::to_string(body).map_err(|_| evidence::NotCanonical)?;
        self.changes.events.push(outbox::Event {
            event_id,
            kind: kind.to_owned(),
            ordering_key: format!("payment:{}", self.order.payment.payment_id),
            body,
            trace_id: self.draw.trace_id.clone(),
            created_at: self.draw.now,
            available_at: self.draw.now,
            // Buried, it is a person's: what follows a credit or a refund was not done (money.md G4).
            money: true,
            lane: outbox::Lane::Money,
        });
        Ok(())
    }

    /// Evidence and audit of an act on the order.
    pub(super) fn witness(&mut self, kind: &str, outcome: &str) -> Result<(), BooksError> {
        let payment = &self.order.payment;
        let mut act = evidence::Act::new()
            .say("amount_fen", payment.amount.get())
            .say("out_trade_no", payment.out_trade_no.as_str())
            .say("paid_fen", payment.paid.get())
            .say("payment_id", payment.payment_id.as_str())
            .say("state", payment.state.as_str());
        if let Some(trade_no) = &payment.trade_no {
            act = act.seal("trade_no", trade_no);
        }
        let occurred = payment.paid_at.unwrap_or(self.draw.now);
        let cause = format!("{kind}:{}:{}", payment.payment_id, payment.version);
        self.push_evidence(act, kind, &cause, occurred)?;
        self.note(kind, outcome);
        Ok(())
    }

    /// Evidence and audit of an act on one line.
    pub(super) fn witness_line(&mut self, id: &LineId, kind: &str) -> Result<(), BooksError> {
        let line = self
            .order
            .line(id)
            .ok_or(BooksError::Incomplete("the line is not of this order"))?;
        let mut act = evidence::Act::new()
            .say("amount_fen", line.amount.get())
            .say("channel_txn_no", line.channel_txn_no.as_str())
            .say("payment_id", self.order.payment.payment_id.as_str())
            .say("state", line.state.as_str())
            .seal("consumer_no", line.consumer_no.expose());
        if let Some(number) = &line.mkt_txn_no {
            act = act.say("mkt_txn_no", number.as_str());
        }
        let occurred = line.posted_at.unwrap_or(self.draw.now);
        let version = self.order.payment.version;
        let cause = format!("{kind}:{}:{version}", line.channel_txn_no);
        self.push_evidence(act, kind, &cause, occurred)?;
        self.note(kind, "ok");
        Ok(())
    }

    fn push_evidence(
        &mut self,
        act: evidence::Act,
        kind: &str,
        cause: &str,
        occurred: crate::shared::time::Time,
    ) -> Result<(), BooksError> {
        let entry_id = self.draw.id("evidence", cause);
        let salt = self.draw.salt(cause);
        let entry = act.into_entry(entry_id, kind, occurred, self.draw.now, salt)?;
        self.changes.evidence.push(entry);
        Ok(())
    }

    fn note(&mut self, act: &str, outcome: &str) {
        let payment = &self.order.payment;
        let at = self.changes.audit.len();
        let cause = format!("{act}:{}:{}:{at}", payment.payment_id, payment.version);
        self.changes.audit.push(audit::Line {
            audit_id: self.draw.uuid("audit", &cause),
            at: self.draw.now,
            actor: self.draw.actor.clone(),
            act: act.to_owned(),
            subject: payment.payment_id.as_str().to_owned(),
            outcome: outcome.to_owned(),
            source: String::new(),
            trace_id: self.draw.trace_id.clone(),
        });
    }
}
