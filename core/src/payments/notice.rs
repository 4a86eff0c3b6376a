//! The channel's notices (money.md G1, interleaving 6): stored before they are acknowledged, worked
//! afterwards, applied in the unit of their effect; a repeat of a stored one is worked again.

use std::sync::{MutexGuard, PoisonError};

use super::order::Order;
use super::poison::survive;
use super::ports::{Notice, NoticeError, Trade};
use super::reading;
use super::unit::{Applied, Step, Unit};
use super::{PaymentError, Payments, numbers, recovery, table_r as r, window};
use crate::audit;
use crate::cases::{Case, CaseKind};
use crate::evidence::canonical;
use crate::inbox::{InboxState, Message, Waiting};
use crate::store::{atomically, snapshot};

/// Where the channel's messages come from, as the inbox knows it.
pub(super) const SOURCE: &str = "alipay";
/// A stored notice that nobody worked for this long is worked by the job.
const LEFT_BEHIND_S: i64 = 5;

/// Why a notice is not acknowledged.
#[derive(Debug, thiserror::Error)]
pub enum NoticeRefused {
    #[error(transparent)]
    Unreadable(#[from] NoticeError),
    #[error(transparent)]
    Payment(#[from] PaymentError),
}

/// What became of a stored notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Worked {
    /// Applied now; its order may have work waiting.
    Applied,
    /// Applied before.
    Repeat,
    /// What it says must be confirmed by a query that was not answered, or waits for a recovery to ask
    /// for our own refunds: it stays stored.
    Later,
    /// Not an order of ours.
    NotOurs,
}

impl Payments {
    /// Verifies a raw notice and stores it durably; only then may it be acknowledged. Answers the
    /// message's id, to be worked.
    pub async fn receive(&self, raw: &[u8], trace_id: &str) -> Result<String, NoticeRefused> {
        let (message_id, used) = match self.ports.notices.read(raw) {
            Ok(notice) => (notice.notify_id, true),
            Err(NoticeError::Unused { notify_id }) => (notify_id, false),
            Err(error) => {
                self.tell_refused(&error, trace_id).await?;
                if error == NoticeError::BadSignature {
                    self.quarantine(raw, trace_id).await?;
                }
                return Err(error.into());
            }
        };
        let text = std::str::from_utf8(raw).map_err(|_| NoticeError::Malformed)?;
        let message = Message {
            source: SOURCE.to_owned(),
            message_id,
            raw: text.to_owned(),
            trace_id: trace_id.to_owned(),
            received_at: self.now(),
            state: InboxState::Received,
        };
        atomically(self.store(), async |tx| {
            tx.inbox().receive(&message).await?;
            if !used {
                tx.inbox()
                    .mark_applied(SOURCE, &message.message_id, message.received_at)
                    .await?;
            }
            Ok::<_, PaymentError>(())
        })
        .await?;
        Ok(message.message_id)
    }

    /// Works a stored notice; harmless to repeat, at once or years later.
    pub async fn work_notice(&self, message_id: &str) -> Result<Worked, PaymentError> {
        let message = atomically(self.store(), async |tx| {
            Ok::<_, PaymentError>(tx.inbox().find(SOURCE, message_id).await?)
        })
        .await?
        .ok_or(PaymentError::NotFound)?;
        if message.state == InboxState::Applied {
            return Ok(Worked::Repeat);
        }
        // It was verified when it came; a notice that cannot be read any more (a key was changed)
        // stays stored, and the query brings its fact.
        let Ok(notice) = self.ports.notices.read(message.raw.as_bytes()) else {
            tracing::error!("payments.notice.unreadable");
            return Ok(Worked::Later);
        };
        let mut view = snapshot(self.store()).await?;
        let found = view.payments().find_by_number(&notice.out_trade_no).await?;
        drop(view);
        match found {
            Some(order) => self.apply_notice(&order, &notice, &message).await,
            None => self.set_aside(&notice, &message).await,
        }
    }

    async fn apply_notice(
        &self,
        order: &Order,
        notice: &Notice,
        message: &Message,
    ) -> Result<Worked, PaymentError> {
        if tells_of_money_back(&notice.trade) && has_planned(order) && self.is_recovering().await? {
            // A refund that a restored store has as planned may be what went back: it is asked for first.
            return Ok(Worked::Later);
        }
        let payment = &order.payment;
        let mut seen = reading::of_notice(order, notice, self.now());
        if reading::tells_another_sum(payment, &notice.trade) {
            // A sum that differs counts only when the channel, asked, says it too.
            let asked_at = self.now();
            let reply = self.ports.channel.query(&payment.out_trade_no).await;
            if reply.is_err() {
                return Ok(Worked::Later);
            }
            seen = reading::of_query(payment, &reply, asked_at);
        }
        let unit = Unit {
            id: payment.payment_id.clone(),
            held: None,
            steps: seen.into_iter().map(Step::Observe).collect(),
            message: Some((SOURCE, message.message_id.clone())),
        };
        let draw = self.draw(&payment.trace_id, "callback:alipay");
        match self.run(&unit, &draw).await? {
            Applied::Done { .. } => Ok(Worked::Applied),
            Applied::Repeat | Applied::LeaseLost => Ok(Worked::Repeat),
        }
    }

    /// A verified notice about a number we do not hold: another sale of the same seller, or an order
    /// that a restored store has forgotten (interleavings 9, 14). A number of this epoch is neither.
    async fn set_aside(&self, notice: &Notice, message: &Message) -> Result<Worked, PaymentError> {
        let draw = self.draw(&message.trace_id, "callback:alipay");
        let ours = &self.policy.number_prefix;
        let before = numbers::is_of_earlier_epoch(&notice.out_trade_no, ours);
        let forgotten = before.then(|| recovery::of_notice(notice, &draw)).flatten();
        let lost = notice
            .out_trade_no
            .starts_with(&self.policy.number_prefix)
            .then(|| lost_order(notice, &draw))
            .transpose()?;
        atomically(self.store(), async |tx| {
            let fresh = tx
                .inbox()
                .mark_applied(SOURCE, &message.message_id, draw.now)
                .await?;
            if let Some(case) = lost.as_ref().filter(|_| fresh) {
                tx.cases().open(case).await?;
            }
            if let Some(trade) = forgotten.as_ref().filter(|_| fresh) {
                tx.recovery().add_lost(trade).await?;
            }
            Ok::<_, PaymentError>(())
        })
        .await?;
        Ok(Worked::NotOurs)
    }

    /// Stored notices that were not worked to the end (a crash, a silent channel); how many were.
    pub async fn drain_notices(&self, limit: i64) -> Result<usize, PaymentError> {
        let before = self.now().plus_seconds(-LEFT_BEHIND_S);
        let after = self.lock_drained().clone();
        let pending = atomically(self.store(), async |tx| {
            let after = after.as_ref();
            Ok::<_, PaymentError>(tx.inbox().pending(SOURCE, before, after, limit).await?)
        })
        .await?;
        // What cannot be worked stays: the next look begins behind it, and at the oldest once all were seen.
        let full = i64::try_from(pending.len()).is_ok_and(|seen| seen >= limit);
        *self.lock_drained() = pending.last().filter(|_| full).cloned();
        let mut worked: usize = 0;
        for message in &pending {
            // One notice that fails must never keep the next from being worked.
            let id = &message.message_id;
            match survive("notice", id, self.work_notice(id)).await {
                Some(Ok(Worked::Applied | Worked::NotOurs)) => worked = worked.saturating_add(1),
                Some(Ok(Worked::Repeat)) => {}
                Some(Ok(Worked::Later)) | None => self.tell_stuck(message).await?,
                Some(Err(error)) => {
                    tracing::error!(%error, "payments.notice.failed");
                    self.tell_stuck(message).await?;
                }
            }
        }
        Ok(worked)
    }

    /// It was acknowledged, so the channel never sends it again: what a day did not suffice for is a case.
    async fn tell_stuck(&self, waiting: &Waiting) -> Result<(), PaymentError> {
        let maker = self.maker();
        let waited = maker.now().seconds_since(waiting.received_at);
        if waited < window::OVERDUE_SECONDS {
            return Ok(());
        }
        let id = &waiting.message_id;
        let draw = self.draw(&maker.uuid().replace('-', ""), "job:payments.sweep");
        let cause = format!("payments:notice:{id}");
        let facts = serde_json::json!({ "notify_id": id, "reason": "notice_not_worked" });
        let case = Case {
            case_id: draw.id("case", &cause),
            kind: CaseKind::Contradiction,
            cause,
            subject: id.clone(),
            facts: canonical::render(&facts).map_err(super::booking::BooksError::from)?,
            opened_at: draw.now,
            trace_id: draw.trace_id.clone(),
            closed_at: None,
        };
        atomically(self.store(), async |tx| {
            tx.cases().open(&case).await?;
            Ok::<_, PaymentError>(())
        })
        .await
    }

    fn lock_drained(&self) -> MutexGuard<'_, Option<Waiting>> {
        self.drained.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A foreign addressee is a security event; what cannot be verified leaves a line as well.
    async fn tell_refused(&self, error: &NoticeError, trace_id: &str) -> Result<(), PaymentError> {
        let outcome = match error {
            NoticeError::Malformed => "malformed",
            NoticeError::BadSignature => "bad_signature",
            NoticeError::Foreign => "foreign_addressee",
            NoticeError::Unused { .. } => return Ok(()),
        };
        tracing::warn!(outcome, "payments.notice.refused");
        if *error != NoticeError::Foreign {
            return Ok(());
        }
        let draw = self.draw(trace_id, "callback:alipay");
        let line = audit::Line {
            audit_id: draw.uuid("audit", "notice"),
            at: draw.now,
            actor: draw.actor.clone(),
            act: "payments.notice".to_owned(),
            subject: SOURCE.to_owned(),
            outcome: outcome.to_owned(),
            source: String::new(),
            trace_id: trace_id.to_owned(),
        };
        atomically(self.store(), async |tx| {
            tx.audit().append(&line).await?;
            Ok(())
        })
        .await
    }
}

fn tells_of_money_back(trade: &Trade) -> bool {
    match trade {
        Trade::Paid { refunded_total, .. } => refunded_total.is_positive(),
        Trade::ClosedRefunded { .. } | Trade::ClosedNeverPaid { .. } => true,
        Trade::NotExist | Trade::WaitBuyerPay { .. } => false,
    }
}

fn has_planned(order: &Order) -> bool {
    let mut refunds = order.refunds.iter();
    refunds.any(|refund| refund.state == r::State::Planned)
}

fn lost_order(notice: &Notice, draw: &super::draw::Draw) -> Result<Case, PaymentError> {
    let facts = serde_json::json!({
        "out_trade_no": notice.out_trade_no,
        "reason": "unknown_order",
    });
    let facts = canonical::render(&facts).map_err(super::booking::BooksError::from)?;
    Ok(Case {
        case_id: draw.id("case", &notice.out_trade_no),
        kind: CaseKind::Contradiction,
        cause: format!("payments:unknown:{}", notice.out_trade_no),
        subject: notice.out_trade_no.clone(),
        facts,
        opened_at: draw.now,
        trace_id: draw.trace_id.clone(),
        closed_at: None,
    })
}
