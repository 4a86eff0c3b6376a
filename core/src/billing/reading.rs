//! Reading a figure: the kept copy while it is fresh, else marketing, else the last good copy.

use std::sync::Arc;

use futures_util::FutureExt as _;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::compare::{Comparison, compare};
use super::explain::{ExplainedBill, explain};
use super::figures::{Arrears, Balance, Bill, BillList, BillSummary, Due, Receivable};
use super::flights::{Fetched, Outcome, Unfetched};
use super::freshness::is_fresh;
use super::lead::Turn;
use super::period::Period;
use super::ports::{BillingSource, FigureKey, FigureKind, SourceError};
use super::{Billing, BillingError};
use crate::bindings::{AuthorisedBinding, OwnedBinding};
use crate::shared::outside::NoAnswer;
use crate::shared::page::{Page, Slice};
use crate::shared::personal::ConsumerNo;
use crate::shared::time::Time;
use crate::store::{StoreError, Tx, atomically, snapshot};

/// How many months of bills are shown, the running one (rarely billed yet) not counted.
const BILL_MONTHS: i32 = 24;

/// A figure with its age.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown<T> {
    pub figure: T,
    /// The moment marketing says the figure is of.
    pub as_of: Time,
    /// When we asked for it: whatever happened later is not in it.
    pub asked_at: Time,
    /// It is older than it should be: marketing did not answer.
    pub stale: bool,
}

/// What marketing dates.
pub(super) trait Figure: DeserializeOwned + 'static {
    fn as_of(&self) -> Time;
}

macro_rules! dated {
    ($($name:ident),*) => {$(
        impl Figure for $name {
            fn as_of(&self) -> Time {
                self.as_of
            }
        }
    )*};
}

dated!(Arrears, Balance, BillList, Bill);

/// A figure that is to be asked for.
#[derive(Clone)]
pub(super) struct Wanted {
    pub(super) key: FigureKey,
    pub(super) age_max_s: i64,
    /// The name under which nodes agree who asks; none on a single node.
    pub(super) flight_key: Option<String>,
    /// When money last moved for the home: only an answer to a later question will do.
    pub(super) moved: Option<Time>,
}

impl<T> Shown<T> {
    fn map<U>(self, with: impl FnOnce(T) -> U) -> Shown<U> {
        Shown {
            figure: with(self.figure),
            as_of: self.as_of,
            asked_at: self.asked_at,
            stale: self.stale,
        }
    }
}

impl Billing {
    /// How much is due, at most [`super::FreshnessRules::arrears_s`] old. Orders read it live
    /// themselves.
    ///
    /// # Errors
    /// [`BillingError::Unavailable`] when marketing is away and no copy exists.
    pub async fn due(&self, owned: &OwnedBinding) -> Result<Shown<Due>, BillingError> {
        let age_max_s = self.rules.arrears_s;
        let shown: Shown<Arrears> = self.figure(owned, FigureKind::Arrears, age_max_s).await?;
        Ok(shown.map(Due::from))
    }

    /// What is due and of which bills: those of the present holder. The sum is of all.
    ///
    /// # Errors
    /// As [`Billing::due`].
    pub async fn arrears(&self, home: &AuthorisedBinding) -> Result<Shown<Arrears>, BillingError> {
        let age_max_s = self.rules.arrears_s;
        let shown = self
            .figure::<Arrears>(home.owned(), FigureKind::Arrears, age_max_s)
            .await?;
        let since = home.holder_since().map(Period::of_day);
        let theirs = |item: &Receivable| {
            let since = since.as_ref();
            since.is_none_or(|since| item.period.as_str() >= since.as_str())
        };
        Ok(shown.map(|mut arrears| {
            arrears.items.retain(theirs);
            arrears
        }))
    }

    /// Prepaid money.
    ///
    /// # Errors
    /// As [`Billing::arrears`].
    pub async fn balance(&self, home: &AuthorisedBinding) -> Result<Shown<Balance>, BillingError> {
        let age_max_s = self.rules.figures_s;
        self.figure(home.owned(), FigureKind::Balance, age_max_s)
            .await
    }

    /// The bills of the last [`BILL_MONTHS`] months, as far as they are the present holder's, newest
    /// first, a page at a time; the page's key is the period.
    ///
    /// # Errors
    /// As [`Billing::balance`].
    pub async fn bills(
        &self,
        home: &AuthorisedBinding,
        page: &Page,
    ) -> Result<Shown<Slice<BillSummary>>, BillingError> {
        let age_max_s = self.rules.figures_s;
        let shown = self
            .figure::<BillList>(home.owned(), FigureKind::Bills, age_max_s)
            .await?;
        let (first, _) = self.span_of(home);
        Ok(shown.map(|list| cut(list.items, &first, page)))
    }

    /// One bill with its working, and beside the bill of the month before when there is one.
    ///
    /// # Errors
    /// [`BillingError::NotFound`] for a month without a bill, outside the shown span, or before the
    /// present holder; as [`Billing::balance`].
    pub async fn bill(
        &self,
        home: &AuthorisedBinding,
        period: &Period,
    ) -> Result<Shown<(ExplainedBill, Option<Comparison>)>, BillingError> {
        let (first, last) = self.span_of(home);
        if !(first..=last).contains(period) {
            return Err(BillingError::NotFound);
        }
        let (owned, neighbour) = (home.owned(), period.minus(1));
        let since = home.holder_since().map(Period::of_day);
        let theirs = since.is_none_or(|since| neighbour >= since);
        let (shown, before) = futures_util::join!(self.one_bill(owned, period.clone()), async {
            if theirs {
                self.one_bill(owned, neighbour).await.ok()
            } else {
                None
            }
        });
        let shown = shown?;
        // The bill stands without its neighbour; a neighbour that cannot be read is no comparison.
        let comparison = before.and_then(|before| compare(&shown.figure, &before.figure));
        Ok(shown.map(|bill| (explain(bill), comparison)))
    }

    async fn one_bill(
        &self,
        owned: &OwnedBinding,
        period: Period,
    ) -> Result<Shown<Bill>, BillingError> {
        let age_max_s = self.rules.figures_s;
        self.figure(owned, FigureKind::Bill(period), age_max_s)
            .await
    }

    pub(super) fn span(&self) -> (Period, Period) {
        let last = Period::of(self.clock.now());
        (last.minus(BILL_MONTHS), last)
    }

    /// The months that are this household's to see: none from before its holder (money.md 3.4).
    fn span_of(&self, home: &AuthorisedBinding) -> (Period, Period) {
        let (first, last) = self.span();
        match home.holder_since().map(Period::of_day) {
            Some(since) => (first.max(since), last),
            None => (first, last),
        }
    }

    /// The kept copy while fresh, else a new answer, else the kept copy as stale.
    async fn figure<T: Figure>(
        &self,
        owned: &OwnedBinding,
        kind: FigureKind,
        age_max_s: i64,
    ) -> Result<Shown<T>, BillingError> {
        let key = FigureKey {
            consumer_no: owned.consumer_no().clone(),
            holder_version: owned.holder_version(),
            kind,
        };
        let mut view = snapshot(&*self.store).await?;
        let kept = view.billing().kept(&key).await?;
        let now = self.clock.now();
        let fresh = kept.as_ref().is_some_and(|k| is_fresh(k, age_max_s, now));
        let moved = kept.as_ref().and_then(|kept| kept.outdated_at);
        let copy = kept.and_then(|kept| shown::<T>(&kept.body, kept.asked_at).ok());
        match copy {
            Some(copy) if fresh => return Ok(copy),
            Some(_) | None => (),
        }
        let flight_key = match self.shared {
            Some(_) => Some(view.billing().flight_key(&key)?),
            None => None,
        };
        drop(view);
        let wanted = Wanted {
            key,
            age_max_s,
            flight_key,
            moved,
        };
        match self.ask_after::<T>(wanted).await {
            Ok(fetched) => Ok(shown(&fetched.body, fetched.asked_at)?),
            Err(Unfetched::Absent) => Err(BillingError::NotFound),
            Err(Unfetched::NoAnswer(why)) => match copy {
                Some(copy) => Ok(Shown {
                    stale: true,
                    ..copy
                }),
                None => Err(BillingError::Unavailable(why)),
            },
        }
    }

    /// As [`Billing::ask`], but an answer to a question from before money moved is not taken.
    async fn ask_after<T: Figure>(&self, wanted: Wanted) -> Outcome {
        let first = self.ask::<T>(wanted.clone()).await?;
        if wanted.moved.is_none_or(|moved| first.asked_at > moved) {
            return Ok(first);
        }
        // That question was under way when the money moved; the next one begins now.
        self.ask::<T>(wanted).await
    }

    /// Asks once for all who wait in this process, and in all of them where they share a Redis.
    async fn ask<T: Figure>(&self, wanted: Wanted) -> Outcome {
        let (this, key) = (self.clone(), wanted.key.clone());
        self.flights
            .share(key, move || {
                async move {
                    match this.turn::<T>(&wanted).await {
                        Turn::Delivered(fetched) => Ok(fetched),
                        Turn::Ask => this.ask_marketing(&wanted.key).await,
                        Turn::Lead(lead) => {
                            let outcome = this.ask_marketing(&wanted.key).await;
                            if let Ok(fetched) = &outcome {
                                lead.deliver(fetched).await;
                            }
                            lead.resign().await;
                            outcome
                        }
                    }
                }
                .boxed()
            })
            .await
    }

    /// Asks marketing, and keeps the answer.
    async fn ask_marketing(&self, key: &FigureKey) -> Outcome {
        let asked_at = self.clock.now();
        let body = ask_source(&*self.source, key, &self.span()).await?;
        self.keep(key, &body, asked_at).await;
        Ok(Fetched { body, asked_at })
    }

    /// The kept copy as it is now, if nothing need be asked. A look that fails finds nothing.
    pub(super) async fn fresh_copy<T: Figure>(&self, wanted: &Wanted) -> Option<Fetched> {
        let kept = {
            let mut view = snapshot(&*self.store).await.ok()?;
            view.billing().kept(&wanted.key).await.ok()??
        };
        let usable = is_fresh(&kept, wanted.age_max_s, self.clock.now())
            && shown::<T>(&kept.body, kept.asked_at).is_ok();
        usable.then(|| Fetched {
            body: kept.body.into(),
            asked_at: kept.asked_at,
        })
    }

    /// A figure that cannot be kept is still a figure: it is shown, and asked for again next time.
    async fn keep(&self, key: &FigureKey, body: &str, asked_at: Time) {
        let kept: Result<bool, StoreError> = atomically(&*self.store, async |tx: &mut Tx| {
            tx.billing().keep(key, body, asked_at).await
        })
        .await;
        if let Err(error) = kept {
            let kind = key.kind.as_str();
            tracing::warn!(kind, %error, "a figure could not be kept");
        }
    }
}

async fn ask_source(
    source: &dyn BillingSource,
    key: &FigureKey,
    (first, last): &(Period, Period),
) -> Result<Arc<str>, Unfetched> {
    let number: &ConsumerNo = &key.consumer_no;
    match &key.kind {
        FigureKind::Arrears => written(source.arrears(number).await),
        FigureKind::Balance => written(source.balance(number).await),
        FigureKind::Bills => written(source.bills(number, first.as_str(), last.as_str()).await),
        FigureKind::Bill(period) => written(source.bill(number, period.as_str()).await),
    }
}

fn written<T: Serialize>(answer: Result<T, SourceError>) -> Result<Arc<str>, Unfetched> {
    match answer {
        Ok(figure) => serde_json::to_string(&figure)
            .map(Arc::from)
            .map_err(|_| Unfetched::NoAnswer(NoAnswer::Unknown("unreadable_reply"))),
        Err(SourceError::Absent) => Err(Unfetched::Absent),
        Err(SourceError::NoAnswer(why)) => Err(Unfetched::NoAnswer(why)),
    }
}

/// A copy an earlier program wrote may be unreadable to this one: it is then asked for again.
pub(super) fn shown<T: Figure>(body: &str, asked_at: Time) -> Result<Shown<T>, StoreError> {
    let figure: T = serde_json::from_str(body).map_err(|_| StoreError::Corrupt {
        table: "figure",
        column: "body",
    })?;
    Ok(Shown {
        as_of: figure.as_of(),
        figure,
        asked_at,
        stale: false,
    })
}

/// Newest first, not before `first`, after the period the page before ended with.
fn cut(mut bills: Vec<BillSummary>, first: &Period, page: &Page) -> Slice<BillSummary> {
    bills.sort_by(|one, other| other.period.cmp(&one.period));
    bills.retain(|bill| {
        let after = page.after();
        bill.period.as_str() >= first.as_str()
            && after.is_none_or(|after| bill.period.as_str() < after)
    });
    Slice::cut(bills, page, |bill| bill.period.clone())
}
