//! A customer's bill made again from its readings and prices (EC-07, EC-18): flagged when it is wrong,
//! held back from payment while it is, and released by two persons. The bill is marketing's: it is
//! corrected there, and found right here before it is released as corrected.

use serde::Serialize;
use serde_json::json;

use super::error::CustomerError;
use super::{Customers, regions, within};
use crate::accounts::known::known_in;
use crate::accounts::record::RecordError;
use crate::accounts::{Pen, current};
use crate::billing::compare::{Comparison, compare};
use crate::billing::figures::{Bill, BillSummary};
use crate::billing::finding::{Finding, findings};
use crate::billing::hold::{hold_in, is_held, let_go_in};
use crate::billing::{Billing, BillingError, Period};
use crate::bindings::Linked;
use crate::bindings::known::{links_of, links_of_in, links_to_in};
use crate::cases::decision::Resolution;
use crate::cases::four_eyes::REASON_CHARS;
use crate::cases::{Case, CaseKind};
use crate::operators::Acting;
use crate::outbox::Event;
use crate::shared::ids::{AccountId, BindingId};
use crate::shared::personal::ConsumerNo;
use crate::store::{StoreError, Tx, atomically, snapshot};

/// To everybody linked to a home: a bill of it is being verified, or is no more.
pub const BILL_MOVED: &str = "customers.bill_moved";

/// A bill and what is wrong with it.
#[derive(Debug, Clone)]
pub struct Checked {
    pub bill: Bill,
    pub findings: Vec<Finding>,
    /// It is held back from payment now.
    pub held: bool,
}

/// The months of a home, and one of their bills made again.
#[derive(Debug, Clone)]
pub struct Looked {
    /// Newest first; empty where there is none, or marketing lists none for now.
    pub months: Vec<BillSummary>,
    /// Marketing listed them.
    pub listed: bool,
    /// None for a home without a bill, or where none is listed and the month before this one has none.
    pub checked: Option<Checked>,
    /// With the month before, where that has a bill.
    pub comparison: Option<Comparison>,
}

/// What became of carrying a decision about a flagged bill out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Released {
    Done,
    /// It was to be released as corrected, and is still wrong.
    StillWrong,
}

/// Body of [`BILL_MOVED`].
#[derive(Serialize)]
struct Moved<'a> {
    account_id: &'a AccountId,
    function: &'static str,
    state: &'a str,
    happened_at: String,
}

impl Customers {
    /// The months of a customer's home, and the bill of one of them: without a month the newest there is, or that of
    /// the month before this one while marketing lists none.
    ///
    /// # Errors
    /// As [`Customers::check_bill`].
    pub async fn look_at_bills(
        &self,
        acting: &Acting,
        billing: &Billing,
        home: (&AccountId, &BindingId),
        period: Option<Period>,
    ) -> Result<Looked, CustomerError> {
        let number = {
            let mut view = snapshot(&*self.store).await?;
            let links = links_of(&mut view, home.0, self.clock.now()).await?;
            number_of(acting, &links, home.1)?
        };
        let guesses = period.is_none();
        let (months, period) = match (billing.as_listed(&number).await, period) {
            (Ok(months), Some(period)) => (Some(months), Some(period)),
            (Ok(months), None) => {
                let newest = months.first();
                let newest = newest.and_then(|bill| Period::parse(&bill.period).ok());
                (Some(months), newest)
            }
            // The list is no reason to keep a bill back.
            (Err(_), Some(period)) => (None, Some(period)),
            (Err(BillingError::Unavailable(_)), None) => {
                (None, Some(Period::of(self.clock.now()).minus(1)))
            }
            (Err(error), None) => return Err(error.into()),
        };
        let looked = Looked {
            listed: months.is_some(),
            months: months.unwrap_or_default(),
            checked: None,
            comparison: None,
        };
        let checked = match &period {
            Some(period) => match self.check_bill(acting, billing, home, period).await {
                Err(CustomerError::NoSuch) if guesses && !looked.listed => None,
                checked => Some((period, checked?)),
            },
            None => None,
        };
        let Some((period, checked)) = checked else {
            self.note(acting, "customers.check_bill", home.1.as_str(), "ok")
                .await?;
            return Ok(looked);
        };
        let before = billing.as_billed(&number, &period.minus(1)).await.ok();
        Ok(Looked {
            comparison: before.and_then(|before| compare(&checked.bill, &before)),
            checked: Some(checked),
            ..looked
        })
    }

    /// One bill of a customer's home, as marketing states it now, made again.
    ///
    /// # Errors
    /// [`CustomerError::NoSuch`] for a home that is none of theirs within the scope, or without a bill
    /// of that month; [`CustomerError::NoFigure`]; the store's.
    pub async fn check_bill(
        &self,
        acting: &Acting,
        billing: &Billing,
        home: (&AccountId, &BindingId),
        period: &Period,
    ) -> Result<Checked, CustomerError> {
        let (number, held) = {
            let mut view = snapshot(&*self.store).await?;
            let links = links_of(&mut view, home.0, self.clock.now()).await?;
            let number = number_of(acting, &links, home.1)?;
            let held = is_held(&mut view, &number).await?;
            (number, held)
        };
        let bill = billing.as_billed(&number, period).await?;
        self.note(acting, "customers.check_bill", home.1.as_str(), "ok")
            .await?;
        Ok(Checked {
            findings: findings(&bill),
            bill,
            held,
        })
    }

    /// Flags a bill: a case for two persons, no payment of the home meanwhile, and a word to everybody
    /// linked to it. Answers the home: an order that is open for it has to be given up now.
    ///
    /// # Errors
    /// As [`Customers::check_bill`]; [`CustomerError::Reason`]; [`CustomerError::NotAsThingsStand`] when
    /// a bill of the home is held already.
    pub async fn flag_bill(
        &self,
        acting: &Acting,
        billing: &Billing,
        home: (&AccountId, &BindingId),
        period: &Period,
        reason: &str,
    ) -> Result<ConsumerNo, CustomerError> {
        if !REASON_CHARS.contains(&reason.chars().count()) {
            return Err(CustomerError::Reason);
        }
        let checked = self.check_bill(acting, billing, home, period).await?;
        let (pen, cause) = (
            Pen::ready(&self.maker()),
            format!("bill:{}", self.maker().uuid()),
        );
        let facts = json!({
            "period": period.as_str(),
            "account_id": home.0.as_str(),
            "total_fen": checked.bill.total.get(),
            "findings": checked.findings.len(),
            "first": checked.findings.first().map_or(String::new(), Finding::place),
            "reason": reason,
        });
        let (facts, pen, cause) = (&facts, &pen, &cause);
        let line = acting.line(
            self.maker().uuid(),
            pen.now,
            "customers.flag_bill",
            home.1.as_str(),
            "ok",
        );
        let line = &line;
        atomically(&*self.store, async |tx: &mut Tx| {
            if known_in(tx, home.0).await?.is_none() {
                return Err(CustomerError::NoSuch);
            }
            let links = links_of_in(tx, home.0, pen.now).await?;
            let number = number_of(acting, &links, home.1)?;
            let subject = home.1.as_str();
            let trace = &acting.trace_id;
            let kind = CaseKind::BillFlagged;
            pen.open_case(tx, kind, cause, subject, facts, trace)
                .await?;
            let case = tx.cases().about(subject).await?;
            let case = case.into_iter().find(|case| case.cause == *cause);
            let case = case.ok_or(CustomerError::NotAsThingsStand)?;
            if !hold_in(tx, &number, &case.case_id, pen.now).await? {
                return Err(CustomerError::NotAsThingsStand);
            }
            tell(tx, pen, &number, "held", trace).await?;
            tx.audit().append(line).await?;
            Ok(number)
        })
        .await
    }

    /// Carries out what two persons decided about a flagged bill: it stands as it was, or it was
    /// corrected; the latter only when it can be made again now.
    ///
    /// # Errors
    /// As [`Customers::check_bill`]; [`CustomerError::NotAsThingsStand`] for a case that is about no bill, or an
    /// ending that is none of a bill's.
    pub async fn release_bill(
        &self,
        acting: &Acting,
        billing: &Billing,
        case: &Case,
        resolution: Resolution,
    ) -> Result<Released, CustomerError> {
        let (account, link, period) = read(case).ok_or(CustomerError::NotAsThingsStand)?;
        let (account, today) = self.of_today(&account, &link).await?;
        let link = today.unwrap_or(link);
        let state = match resolution {
            Resolution::BillCorrected => {
                let home = (&account, &link);
                match self.check_bill(acting, billing, home, &period).await {
                    Ok(checked) if !checked.findings.is_empty() => {
                        return Ok(Released::StillWrong);
                    }
                    // The bill or the link is gone: nothing wrong is left, and nobody can be asked for it.
                    Ok(_) | Err(CustomerError::NoSuch) => "corrected",
                    Err(error) => return Err(error),
                }
            }
            Resolution::BillStands => "stands",
            Resolution::CreditHome
            | Resolution::Post
            | Resolution::FenceAndPost
            | Resolution::FenceAndRefund
            | Resolution::CountAsPosted
            | Resolution::Refund
            | Resolution::RefundAgain
            | Resolution::RefundedByBank
            | Resolution::RefundedAtDesk
            | Resolution::RefundedByHand
            | Resolution::TakeBack
            | Resolution::TakeBackPart
            | Resolution::GoOn
            | Resolution::Settled
            | Resolution::ReadingCorrected
            | Resolution::ProveAgain
            | Resolution::EndCooperation
            | Resolution::PayRest
            | Resolution::SettleMonth
            | Resolution::ReleaseBrake => return Err(CustomerError::NotAsThingsStand),
        };
        let pen = Pen::ready(&self.maker());
        let line = acting.line(
            self.maker().uuid(),
            pen.now,
            "customers.release_bill",
            link.as_str(),
            state,
        );
        let (account, link, pen, line) = (&account, &link, &pen, &line);
        atomically(&*self.store, async |tx: &mut Tx| {
            if let_go_in(tx, &case.case_id).await? {
                // Who ended their link meanwhile is not told any more; who is linked still is.
                let links = links_of_in(tx, account, pen.now).await?;
                let home = links
                    .iter()
                    .find(|linked| linked.binding.binding_id == *link);
                if let Some(home) = home {
                    let number = &home.binding.consumer_no;
                    tell(tx, pen, number, state, &acting.trace_id).await?;
                }
                tx.audit().append(line).await?;
            }
            Ok::<_, CustomerError>(())
        })
        .await?;
        Ok(Released::Done)
    }

    /// Where the bill of a case is to be looked at today: whose, of which home and month. None for a case about no
    /// bill, and where whoever it was about has left the home.
    ///
    /// # Errors
    /// The store's.
    pub async fn bill_today(
        &self,
        case: &Case,
    ) -> Result<Option<(AccountId, BindingId, Period)>, CustomerError> {
        let Some((account, link, period)) = read(case) else {
            return Ok(None);
        };
        let (account, link) = self.of_today(&account, &link).await?;
        Ok(link.map(|link| (account, link, period)))
    }

    /// Whose which link is today: since the case was opened their account may have become part of another, and their
    /// link may have fallen together with one that the other had, or ended.
    pub(super) async fn of_today(
        &self,
        account: &AccountId,
        link: &BindingId,
    ) -> Result<(AccountId, Option<BindingId>), CustomerError> {
        let mut view = snapshot(&*self.store).await?;
        let account = current(&mut view, account).await?;
        let behind = view.cases().homes(link.as_str()).await?;
        let links = links_of(&mut view, &account, self.clock.now()).await?;
        let mut theirs = links.into_iter().map(|linked| linked.binding.binding_id);
        let found = theirs.find(|id| behind.iter().any(|one| one.binding_id == *id));
        Ok((account, found))
    }
}

/// Whose bill of which home and month a case is about.
fn read(case: &Case) -> Option<(AccountId, BindingId, Period)> {
    let facts: serde_json::Value = serde_json::from_str(&case.facts).ok()?;
    let text = |key: &str| facts.get(key).and_then(|value| value.as_str());
    Some((
        AccountId::parse(text("account_id")?).ok()?,
        BindingId::parse(&case.subject).ok()?,
        Period::parse(text("period")?).ok()?,
    ))
}

fn number_of(
    acting: &Acting,
    links: &[Linked],
    link: &BindingId,
) -> Result<ConsumerNo, CustomerError> {
    let scope = &acting.staff.scope;
    if !within(scope, &regions(links)) {
        return Err(CustomerError::OutOfScope);
    }
    let mut homes = links.iter().map(|linked| &linked.binding);
    homes
        .find(|home| home.binding_id == *link && scope.covers(&home.consumer_no.region()))
        .map(|home| home.consumer_no.clone())
        .ok_or(CustomerError::NoSuch)
}

/// Puts it on its way to everybody linked to the home.
async fn tell(
    tx: &mut Tx,
    pen: &Pen,
    number: &ConsumerNo,
    state: &str,
    trace_id: &str,
) -> Result<(), CustomerError> {
    for linked in links_to_in(tx, number).await? {
        let link = linked.binding;
        let body = Moved {
            account_id: &link.account_id,
            function: "bill",
            state,
            happened_at: pen.now.rfc3339(),
        };
        let event_id = pen.id(BILL_MOVED, link.binding_id.as_str());
        let key = format!("person:{}", link.account_id);
        let event = Event::new(event_id, BILL_MOVED, key, &body, pen.now, trace_id)?;
        tx.outbox().add(&event).await?;
    }
    Ok(())
}

impl From<RecordError> for CustomerError {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::Store(error) => Self::Store(error),
            RecordError::NotCanonical(_) => Self::Store(StoreError::Corrupt {
                table: "case_file",
                column: "facts",
            }),
        }
    }
}
