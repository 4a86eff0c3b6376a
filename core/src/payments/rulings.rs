//! What two persons decided about a case of money, as the tables take it (money.md, columns "case").

use super::booking::BooksError;
use super::observation::{Ask, ChannelFact, LineFact, Named, Observation, RefundFact};
use super::order::{Order, PostingLine, Refund};
use super::parts::WantedPart;
pub use super::shown::Misfit;
use super::shown::Said;
use super::turns::may_not_last;
use super::unit::Applied;
use super::{PaymentError, Payments, table_l as l, table_p as p, table_r as r};
use crate::cases::decision::{Part, Proposal, Resolution};
use crate::cases::{Case, CaseKind};
use crate::shared::ids::PaymentId;
use crate::shared::money::Fen;
use crate::shared::time::Time;
use crate::store::snapshot;

/// What followed from a ruling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ruled {
    /// The order moved.
    Moved,
    /// The tables do not allow it as things stand: nothing moved.
    Unmoved,
    /// What the channel shows speaks against it: nothing moved.
    Misfit(Misfit),
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
        if says_by_hand(decided.what.resolution) {
            Box::pin(self.ask_channel(id)).await?;
        }
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
        if decided.what.resolution == Resolution::TakeBack && meant.goes_back_already() {
            return Ok(Ruled::Moved);
        }
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
        let misfit = meant.misfit(decided)?;
        let applied = self.observe(id, seen, actor, trace_id).await?;
        let moved = match &applied {
            Applied::Done { order, .. } => standing(order) != before,
            Applied::Repeat | Applied::LeaseLost => false,
        };
        Ok(match misfit {
            _ if moved => Ruled::Moved,
            Some(misfit) => Ruled::Misfit(misfit),
            None => Ruled::Unmoved,
        })
    }

    /// What two persons say of money that went by hand is held against what the channel shows now. When
    /// somebody else works the order, or the channel is silent, against what it showed last.
    async fn ask_channel(&self, id: &PaymentId) -> Result<(), PaymentError> {
        let Some(held) = self.hold(id).await? else {
            return Ok(());
        };
        let asked = self.pursue(&held, vec![Ask::QueryTrade]).await;
        self.let_go(&held).await?;
        asked.map(drop)
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

const fn says_by_hand(resolution: Resolution) -> bool {
    matches!(
        resolution,
        Resolution::RefundedByBank | Resolution::RefundedAtDesk
    )
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
            Resolution::RefundAgain => self.blocked(&decided.what.parts, r::Ruling::Again),
            Resolution::RefundedByBank => self.blocked(&decided.what.parts, r::Ruling::Bank),
            Resolution::RefundedAtDesk => self.blocked(&decided.what.parts, r::Ruling::Desk),
            Resolution::TakeBack => self.taken_back(),
            Resolution::TakeBackPart => parts_taken_back(self.order, decided, self.now),
            Resolution::GoOn => self.going_on(),
            // Agreed to before it was asked which way the money went: to be proposed anew.
            Resolution::RefundedByHand
            | Resolution::Settled
            | Resolution::BillStands
            | Resolution::BillCorrected
            | Resolution::ReadingCorrected
            | Resolution::ProveAgain
            | Resolution::EndCooperation
            | Resolution::PayRest
            | Resolution::SettleMonth
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

    fn blocked(&self, parts: &[Part], ruling: r::Ruling) -> Vec<Observation> {
        let ruled = self.blocked_one(parts).map(|(refund, by_bank)| {
            let fact = RefundFact {
                ruling: Some(ruling),
                by_bank,
                ..RefundFact::default()
            };
            Observation::refund(self.now, refund.refund_id.clone(), r::Input::Case, fact)
        });
        ruled.into_iter().collect()
    }

    /// The refund that is meant, and what is named of it: under the number of its own line, or not at all.
    fn blocked_one(&self, parts: &[Part]) -> Option<(&'a Refund, Option<Fen>)> {
        let refunds = self.order.refunds.iter();
        let blocked = refunds.filter(|refund| refund.state == r::State::Blocked);
        let refund = self.one(blocked, |refund| refund.refund_id.as_str())?;
        match parts {
            [] => Some((refund, None)),
            [part] => {
                let line = self.order.line(&refund.line_id)?;
                (line.line_no == part.line_no).then_some((refund, Some(part.amount)))
            }
            _several => None,
        }
    }

    /// What the channel shows against a refund that is said to have gone by hand.
    fn misfit(&self, decided: &Proposal) -> Result<Option<Misfit>, BooksError> {
        let ruling = match decided.what.resolution {
            Resolution::RefundedByBank => Some(r::Ruling::Bank),
            Resolution::RefundedAtDesk => Some(r::Ruling::Desk),
            _ => None,
        };
        let Some((refund, by_bank)) = self.blocked_one(&decided.what.parts) else {
            return Ok(None);
        };
        let said = self.order.said_of(refund, ruling, by_bank)?;
        Ok(match said {
            Some(Said::Misfits(misfit)) => Some(misfit),
            Some(Said::Fits(_)) | None => None,
        })
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

    /// Everything that would be taken back is on its way or back: carried out before, and not noted, or nobody is needed
    /// for it any more. Of an order that stands still nothing leaves.
    fn goes_back_already(&self) -> bool {
        if self.stands_still() {
            return false;
        }
        let lines = self.order.lines.iter();
        let mut meant = lines.filter(|line| self.reaches(line.line_id.as_str()));
        let goes_back = |line: &PostingLine| {
            let state = matches!(
                line.state,
                l::State::Reversing
                    | l::State::MktRefund
                    | l::State::RefundDue
                    | l::State::Refunded
            );
            state && !line.frozen
        };
        meant.next().is_some_and(goes_back) && meant.all(goes_back)
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
