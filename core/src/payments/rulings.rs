//! What two persons decided about a case of money, as the tables take it (money.md, columns "case").

use serde_json::json;

use super::booking::BooksError;
use super::observation::{ChannelFact, LineFact, Named, Observation, RefundFact};
use super::order::{Order, PostingLine};
use super::parts::WantedPart;
use super::turns::may_not_last;
use super::unit::Applied;
use super::{PaymentError, Payments, table_l as l, table_p as p, table_r as r};
use crate::audit;
use crate::cases::decision::{Part, Proposal, Resolution};
use crate::cases::{Case, CaseKind};
use crate::evidence::canonical;
use crate::shared::ids::PaymentId;
use crate::shared::time::Time;
use crate::store::{Tx, atomically, snapshot};

/// What followed from a ruling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ruled {
    /// The order moved.
    Moved,
    /// The tables do not allow it as things stand: nothing moved.
    Unmoved,
}

impl Payments {
    /// Lets a ruling happen to an order. The cells judge it again: what the facts do not allow
    /// leaves every row as it is.
    ///
    /// # Errors
    /// [`PaymentError::NotFound`], or the store's.
    pub async fn rule(
        &self,
        id: &PaymentId,
        decided: &Proposal,
        actor: &str,
        trace_id: &str,
    ) -> Result<Ruled, PaymentError> {
        let (order, case) = {
            let mut view = snapshot(self.store()).await?;
            let order = view.payments().find(id).await?;
            let case = view.cases().find(&decided.what.case_id).await?;
            (order.ok_or(PaymentError::NotFound)?, case)
        };
        if is_split_already(&order, decided) {
            return Ok(Ruled::Moved);
        }
        let before = standing(&order);
        let meant = Meant::by(&order, case.as_ref(), self.now());
        let seen = meant.inputs(decided);
        if seen.is_empty() {
            // What goes on already needs nobody; every other ruling found nothing to rule about.
            let goes_on = decided.what.resolution == Resolution::GoOn && !meant.waits_for_persons();
            return Ok(if goes_on {
                Ruled::Moved
            } else {
                Ruled::Unmoved
            });
        }
        let applied = self.observe(id, seen, actor, trace_id).await?;
        let moved = match &applied {
            Applied::Done { order, .. } => standing(order) != before,
            Applied::Repeat | Applied::LeaseLost => false,
        };
        Ok(if moved { Ruled::Moved } else { Ruled::Unmoved })
    }

    /// Whether what a case is about stands still until two persons say how it goes on: with the case
    /// closed, nobody would hear of it again.
    ///
    /// # Errors
    /// The store's.
    pub async fn stands_still(&self, case: &Case) -> Result<bool, PaymentError> {
        let Ok(id) = PaymentId::parse(&case.subject) else {
            return Ok(false);
        };
        let found = snapshot(self.store()).await?.payments().find(&id).await?;
        Ok(found.is_some_and(|order| Meant::by(&order, Some(case), self.now()).stands_still()))
    }
}

impl Payments {
    /// Somebody wants money of a payment to go back: a case, about which two persons decide. `None`
    /// while one is open, or when the payment has no money.
    ///
    /// # Errors
    /// [`PaymentError::NotFound`], or the store's.
    pub async fn ask_refund(
        &self,
        id: &PaymentId,
        reason: &str,
        actor: &str,
        trace_id: &str,
    ) -> Result<Option<Case>, PaymentError> {
        let draw = self.draw(trace_id, actor);
        atomically(self.store(), async |tx: &mut Tx| {
            let order = tx.payments().find(id).await?;
            let payment = order.ok_or(PaymentError::NotFound)?.payment;
            let mut earlier = tx.cases().about(id.as_str()).await?;
            earlier.retain(|case| case.kind == CaseKind::RefundAsked);
            let open = earlier.iter().any(|case| case.closed_at.is_none());
            if open || !payment.state.has_money() {
                return Ok(None);
            }
            let facts = json!({
                "amount_fen": payment.amount.get(),
                "out_trade_no": payment.out_trade_no,
                "paid_fen": payment.paid.get(),
                "reason": reason,
                "refunded_fen": payment.refunded.get(),
                "state": payment.state.as_str(),
            });
            let cause = format!("payments:refund_asked:{id}:{}", earlier.len());
            let case = Case {
                case_id: draw.id("case", &cause),
                kind: CaseKind::RefundAsked,
                cause,
                subject: id.as_str().to_owned(),
                facts: canonical::render(&facts).map_err(BooksError::from)?,
                opened_at: draw.now,
                trace_id: draw.trace_id.clone(),
                closed_at: None,
            };
            if !tx.cases().open(&case).await? {
                return Ok(None);
            }
            let line = audit::Line {
                audit_id: draw.uuid("audit", &case.cause),
                at: draw.now,
                actor: draw.actor.clone(),
                act: "payments.ask_refund".to_owned(),
                subject: id.as_str().to_owned(),
                outcome: "ok".to_owned(),
                source: String::new(),
                trace_id: draw.trace_id.clone(),
            };
            tx.audit().append(&line).await?;
            Ok(Some(case))
        })
        .await
    }
}

/// What a part was split off for.
fn cause_of(decided: &Proposal, part: &Part) -> String {
    format!("{}:{}", decided.proposal_id, part.line_no)
}

/// Carried out before, and not noted: a part is split off once.
fn is_split_already(order: &Order, decided: &Proposal) -> bool {
    let split = |part: &Part| order.part_for(&cause_of(decided, part)).is_some();
    decided.what.resolution == Resolution::TakeBackPart && decided.what.parts.iter().any(split)
}

/// How every row of an order stands: its state, whether a contradiction stopped it, since when.
fn standing(order: &Order) -> Vec<(&'static str, bool, Time)> {
    let lines = order.lines.iter();
    let lines = lines.map(|line| (line.state.as_str(), line.frozen, line.entered_at));
    let refunds = order.refunds.iter();
    let refunds = refunds.map(|refund| (refund.state.as_str(), refund.frozen, refund.entered_at));
    let payment = &order.payment;
    let payment = (payment.state.as_str(), payment.frozen, payment.entered_at);
    std::iter::once(payment)
        .chain(lines)
        .chain(refunds)
        .collect()
}

/// The order, and which of its rows a case is about.
struct Meant<'a> {
    order: &'a Order,
    kind: Option<CaseKind>,
    /// The id of the payment, a line or a refund; a case without one is of the whole order.
    row: Option<String>,
    now: Time,
}

impl<'a> Meant<'a> {
    fn by(order: &'a Order, case: Option<&Case>, now: Time) -> Self {
        Self {
            order,
            kind: case.map(|case| case.kind),
            row: case.and_then(Case::row),
            now,
        }
    }

    fn names(&self, row_id: &str) -> bool {
        self.row.as_deref() == Some(row_id)
    }

    /// The row itself, or any row when the case is of the whole order.
    fn reaches(&self, row_id: &str) -> bool {
        let whole = self.row.is_none() || self.names(self.order.payment.payment_id.as_str());
        whole || self.names(row_id)
    }

    /// The one of these rows that is meant. A case of the whole order means none of several: each has a
    /// case of its own, and what was found out about one says nothing of another.
    fn one<T>(&self, rows: impl Iterator<Item = T>, id: impl Fn(&T) -> &str) -> Option<T> {
        let mut meant = rows.filter(|row| self.reaches(id(row)));
        meant.next().filter(|_| meant.next().is_none())
    }

    /// A ruling in the words of the tables.
    fn inputs(&self, decided: &Proposal) -> Vec<Observation> {
        match decided.what.resolution {
            Resolution::CreditHome => vec![self.credit_home(&decided.what.parts)],
            Resolution::Post => self.held(l::Ruling::Post),
            Resolution::CountAsPosted => self.held(l::Ruling::Credit),
            Resolution::Refund => self.held(l::Ruling::Refund),
            Resolution::FenceAndPost => self.fenced(l::Ruling::FenceRepost),
            Resolution::FenceAndRefund => self.fenced(l::Ruling::FenceRefund),
            Resolution::RefundAgain => self.blocked(r::Ruling::Again),
            Resolution::RefundedByHand => self.blocked(r::Ruling::Manual),
            Resolution::TakeBack => self.taken_back(),
            Resolution::TakeBackPart => parts_taken_back(self.order, decided, self.now),
            Resolution::GoOn => self.going_on(),
            Resolution::Settled
            | Resolution::BillStands
            | Resolution::BillCorrected
            | Resolution::ReadingCorrected
            | Resolution::ProveAgain
            | Resolution::EndCooperation
            | Resolution::PayRest
            | Resolution::ReleaseBrake => Vec::new(),
        }
    }

    fn credit_home(&self, parts: &[Part]) -> Observation {
        let named = parts.iter().map(|part| Named {
            line_no: part.line_no,
            amount: part.amount,
        });
        let fact = ChannelFact {
            named: named.collect(),
            ..ChannelFact::default()
        };
        Observation::channel(self.now, p::Input::Case, fact)
    }

    fn about(&self, line: &PostingLine, input: l::Input, fact: LineFact) -> Observation {
        Observation::line(self.now, line.line_id.clone(), input, fact)
    }

    fn ruled(&self, is: impl Fn(l::State) -> bool, ruling: l::Ruling) -> Vec<Observation> {
        let lines = self.order.lines.iter().filter(|line| is(line.state));
        let line = self.one(lines, |line| line.line_id.as_str());
        line.map(|line| {
            let fact = LineFact {
                ruling: Some(ruling),
                // What is decided already is done from now on, and has its time anew.
                goes_on: is_goal(line.state, ruling),
                ..LineFact::default()
            };
            self.about(line, l::Input::Case, fact)
        })
        .into_iter()
        .collect()
    }

    fn held(&self, ruling: l::Ruling) -> Vec<Observation> {
        self.ruled(|state| state == l::State::Held, ruling)
    }

    /// A held line, or one whose place is unknown.
    fn fenced(&self, ruling: l::Ruling) -> Vec<Observation> {
        let unknown = |state| {
            matches!(
                state,
                l::State::Held
                    | l::State::PostUnknown
                    | l::State::FencingRepost
                    | l::State::FencingRefund
            )
        };
        self.ruled(unknown, ruling)
    }

    fn blocked(&self, ruling: r::Ruling) -> Vec<Observation> {
        let refunds = self.order.refunds.iter();
        let blocked = refunds.filter(|refund| refund.state == r::State::Blocked);
        let refund = self.one(blocked, |refund| refund.refund_id.as_str());
        let fact = RefundFact {
            ruling: Some(ruling),
            ..RefundFact::default()
        };
        refund
            .map(|refund| {
                Observation::refund(self.now, refund.refund_id.clone(), r::Input::Case, fact)
            })
            .into_iter()
            .collect()
    }

    /// Every posted line, or the one that is meant. What a contradiction stopped goes on by it.
    fn taken_back(&self) -> Vec<Observation> {
        let posted = |line: &&PostingLine| {
            line.state == l::State::Posted && self.reaches(line.line_id.as_str())
        };
        let lines = self.order.lines.iter().filter(posted);
        lines
            .map(|line| {
                let input = if line.frozen {
                    l::Input::Case
                } else {
                    l::Input::RefundWanted
                };
                self.about(line, input, LineFact::default())
            })
            .collect()
    }

    /// What a contradiction stopped goes on as the tables say, and what has lasted too long has its time
    /// anew. A held line is not let go by this: what becomes of it must be said.
    fn going_on(&self) -> Vec<Observation> {
        if self.waits_for_persons() {
            return Vec::new();
        }
        let (payment, whole) = (&self.order.payment, self.row.is_none());
        let mut seen = Vec::new();
        if payment.frozen && (whole || self.names(payment.payment_id.as_str())) {
            let fact = ChannelFact {
                goes_on: true,
                ..ChannelFact::default()
            };
            seen.push(Observation::channel(self.now, p::Input::Case, fact));
        }
        for line in &self.order.lines {
            let named = self.names(line.line_id.as_str());
            if (line.frozen && (whole || named)) || (named && may_not_last(line.state)) {
                let fact = LineFact {
                    goes_on: true,
                    ..LineFact::default()
                };
                seen.push(self.about(line, l::Input::Case, fact));
            }
        }
        for refund in &self.order.refunds {
            if refund.frozen && (whole || self.names(refund.refund_id.as_str())) {
                let (id, fact) = (refund.refund_id.clone(), RefundFact::default());
                seen.push(Observation::refund(self.now, id, r::Input::Case, fact));
            }
        }
        seen
    }

    /// The case is of a line that is held: it ends when two persons said what becomes of the line.
    fn waits_for_persons(&self) -> bool {
        let mut lines = self.order.lines.iter();
        self.kind == Some(CaseKind::PostingHeld)
            && lines.any(|line| line.state == l::State::Held && self.names(line.line_id.as_str()))
    }

    /// Closed without a ruling, what the case is about would stand still for ever.
    fn stands_still(&self) -> bool {
        let order = self.order;
        let payment = self.names(order.payment.payment_id.as_str()) && order.payment.frozen;
        let mut lines = order.lines.iter();
        let mut refunds = order.refunds.iter();
        match self.kind {
            Some(CaseKind::Contradiction) => {
                payment
                    || lines.any(|line| line.frozen && self.names(line.line_id.as_str()))
                    || refunds.any(|refund| refund.frozen && self.names(refund.refund_id.as_str()))
            }
            Some(CaseKind::RefundBlocked) => refunds.any(|refund| {
                refund.state == r::State::Blocked && self.names(refund.refund_id.as_str())
            }),
            _ => false,
        }
    }
}

/// The line is on this very way already.
const fn is_goal(state: l::State, ruling: l::Ruling) -> bool {
    matches!(
        (state, ruling),
        (l::State::FencingRepost, l::Ruling::FenceRepost)
            | (l::State::FencingRefund, l::Ruling::FenceRefund)
    )
}

/// Each part out of its line, or nothing at all when one of them is not there as it was decided.
fn parts_taken_back(order: &Order, decided: &Proposal, now: Time) -> Vec<Observation> {
    let wanted = |part: &Part| {
        let lines = order.lines.iter();
        let mut lines = lines.filter(|line| line.state == l::State::Posted && !line.frozen);
        let line = lines.find(|line| line.line_no == part.line_no)?;
        let fact = LineFact {
            part: Some(WantedPart {
                amount: part.amount,
                cause: cause_of(decided, part),
            }),
            ..LineFact::default()
        };
        let input = l::Input::RefundWanted;
        let seen = Observation::line(now, line.line_id.clone(), input, fact);
        Some(seen).filter(|_| part.amount <= line.amount)
    };
    let all: Option<Vec<_>> = decided.what.parts.iter().map(wanted).collect();
    all.unwrap_or_default()
}
