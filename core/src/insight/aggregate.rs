//! What goes to the superior company, to the data centre and to the basic data platform each day (LN-02, LN-41, LN-51):
//! sums without persons, cells of fewer than five left out; and what comes back: the offices of that platform, and the
//! energy of each office from the data centre (`energy`).
//!
//! A day's report is made once, when its people are counted out, and its words never change. It leaves by the outbox,
//! is repeated until a receipt came, and the receipt is kept. A day on which nothing was asked has no report.

use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::energy::OfficeEnergy;
use super::error::InsightError;
use super::people::{day_number, midnight};
use super::sums::{for_basic_data, for_company, for_data_centre};
use crate::evidence::canonical;
use crate::jobs::runner::{Task, TaskFailure};
use crate::outbox::relay::{Deliver, Delivery};
use crate::outbox::{Claimed, Event, Lane};
use crate::shared::ids::{Entropy, EventId, Maker};
use crate::shared::outside::NoAnswer;
use crate::shared::time::{Clock, Time};
use crate::store::{Store, StoreError, Tx, atomically, snapshot};

/// What the outbox calls a report on its way.
pub const SEND: &str = "insight.aggregate";
/// Days that are made up for after a standstill.
pub(super) const DAYS_BACK: i64 = 7;
/// A day is reported when the people of its last hour are counted out.
pub(super) const CLOSED_AFTER_S: i64 = 3 * 3_600;
/// A report without a receipt is handed to the outbox again after so long: the row before was buried.
const AGAIN_AFTER_S: i64 = 2 * 86_400;

/// Who is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Addressee {
    /// The superior grid company.
    Company,
    DataCentre,
    /// The basic data platform.
    BasicData,
}

impl Addressee {
    pub const ALL: [Self; 3] = [Self::Company, Self::DataCentre, Self::BasicData];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Company => "company",
            Self::DataCentre => "data_centre",
            Self::BasicData => "basic_data",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == text)
    }
}

/// One day's report to one addressee.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Days since 1970 in Shanghai.
    pub day: i64,
    pub addressee: Addressee,
    /// Canonical JSON: the same bytes at every repeat.
    pub body: String,
    /// SHA-256 of it, hex.
    pub digest: String,
    pub made_at: Time,
    pub asked_at: Time,
    pub receipt: Option<Receipt>,
}

impl Report {
    /// `2026-11-20`
    #[must_use]
    pub fn date(&self) -> String {
        midnight(self.day).shanghai_date()
    }
}

/// What the addressee answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    pub number: String,
    pub at: Time,
}

/// A supply office as the basic data platform names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Office {
    pub org_no: String,
    pub name: String,
}

/// The company's data exchange.
#[async_trait]
pub trait Exchange: Send + Sync {
    /// Hands over a report; a repeat is answered with the first one's receipt.
    async fn deliver(&self, report: &Report) -> Result<String, NoAnswer>;
    /// Every supply office that is known there.
    async fn offices(&self) -> Result<Vec<Office>, NoAnswer>;
    /// What was supplied and used of each office on a day, in days since 1970; nothing while the data centre has not
    /// added that day up.
    async fn energy(&self, day: i64) -> Result<Vec<OfficeEnergy>, NoAnswer>;
}

/// The use cases of the exchange.
#[derive(Clone)]
pub struct Aggregates {
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    pub(super) exchange: Arc<dyn Exchange>,
}

impl std::fmt::Debug for Aggregates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Aggregates")
    }
}

#[derive(Serialize, Deserialize)]
struct ToSend {
    day: i64,
    addressee: Addressee,
}

impl Aggregates {
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        exchange: Arc<dyn Exchange>,
    ) -> Self {
        Self {
            store,
            clock,
            entropy,
            exchange,
        }
    }

    /// Makes the reports of closed days that have none, and asks again for receipts that never came. How many were
    /// handed to the outbox.
    ///
    /// # Errors
    /// The store's.
    pub async fn make(&self) -> Result<usize, InsightError> {
        let now = self.clock.now();
        let open = day_number(now.plus_seconds(-CLOSED_AFTER_S));
        let mut handed = 0_usize;
        for day in open.saturating_sub(DAYS_BACK)..open {
            for addressee in Addressee::ALL {
                if let Some(report) = self.due(day, addressee, now).await? {
                    handed = handed.saturating_add(usize::from(self.hand_over(&report).await?));
                }
            }
        }
        Ok(handed)
    }

    /// The report that is to be handed over now: a new one, or one that waits for its receipt for too long.
    async fn due(
        &self,
        day: i64,
        addressee: Addressee,
        now: Time,
    ) -> Result<Option<Report>, InsightError> {
        let mut view = snapshot(&*self.store).await?;
        if let Some(known) = view.insight().report(day, addressee).await? {
            let waits = known.receipt.is_none();
            let long = now.seconds_since(known.asked_at) >= AGAIN_AFTER_S;
            return Ok((waits && long).then_some(known));
        }
        let body = match addressee {
            Addressee::Company => for_company(&mut view, day).await?,
            Addressee::DataCentre => for_data_centre(&mut view, day).await?,
            // How things stand now is told of the last day only: of an earlier one nobody knows it any more.
            Addressee::BasicData if is_last(day, now) => for_basic_data(&mut view, day).await?,
            Addressee::BasicData => None,
        };
        Ok(match body {
            Some(body) => Some(report(day, addressee, &body, now)?),
            None => None,
        })
    }

    /// The report and its row of the outbox in one unit; false when another process did it.
    async fn hand_over(&self, report: &Report) -> Result<bool, InsightError> {
        let maker = Maker {
            clock: &*self.clock,
            entropy: &*self.entropy,
        };
        let now = maker.now();
        let send = ToSend {
            day: report.day,
            addressee: report.addressee,
        };
        let event = Event {
            event_id: maker.id::<EventId>(),
            kind: SEND.to_owned(),
            ordering_key: format!("aggregate:{}", report.addressee.as_str()),
            body: serde_json::to_string(&send).map_err(|_| unreadable("outbox"))?,
            trace_id: maker.uuid().replace('-', ""),
            created_at: now,
            available_at: now,
            money: false,
            lane: Lane::Usual,
        };
        let event = &event;
        atomically(&*self.store, async |tx: &mut Tx| {
            let ours = tx.insight().ask_report(report, now).await?;
            if ours {
                tx.outbox().add(event).await?;
            }
            Ok::<_, InsightError>(ours)
        })
        .await
    }

    async fn carry(&self, send: &ToSend) -> Result<Delivery, InsightError> {
        let mut view = snapshot(&*self.store).await?;
        let found = view.insight().report(send.day, send.addressee).await?;
        drop(view);
        let Some(report) = found.filter(|report| report.receipt.is_none()) else {
            return Ok(Delivery::Done);
        };
        let number = match self.exchange.deliver(&report).await {
            Ok(number) => number,
            Err(why) => {
                tracing::warn!(%why, addressee = report.addressee.as_str(), "insight.aggregate.no_answer");
                let reason = "exchange_gave_no_answer";
                return Ok(Delivery::Again { reason });
            }
        };
        let receipt = Receipt {
            number,
            at: self.clock.now(),
        };
        let (day, addressee, receipt) = (report.day, report.addressee, &receipt);
        atomically(&*self.store, async |tx: &mut Tx| {
            tx.insight().keep_receipt(day, addressee, receipt).await?;
            Ok::<_, InsightError>(Delivery::Done)
        })
        .await
    }

    /// Takes over the offices of the basic data platform; one that it names no more stays, with the time it was last
    /// named.
    ///
    /// # Errors
    /// The store's; a silent platform changes nothing and is told.
    pub async fn learn_offices(&self) -> Result<Option<usize>, InsightError> {
        let offices = match self.exchange.offices().await {
            Ok(offices) => offices,
            Err(why) => {
                tracing::warn!(%why, "insight.offices.no_answer");
                return Ok(None);
            }
        };
        let now = self.clock.now();
        let offices = &offices;
        atomically(&*self.store, async |tx: &mut Tx| {
            tx.insight().keep_offices(offices, now).await?;
            Ok::<_, InsightError>(Some(offices.len()))
        })
        .await
    }

    /// The newest reports, and the offices known with the time they were last named.
    ///
    /// # Errors
    /// The store's.
    pub async fn sent(
        &self,
        limit: i64,
    ) -> Result<(Vec<Report>, Vec<(Office, Time)>), InsightError> {
        let mut view = snapshot(&*self.store).await?;
        let reports = view.insight().reports(limit).await?;
        Ok((reports, view.insight().offices().await?))
    }
}

/// Whether a day is the last one that is closed.
const fn is_last(day: i64, now: Time) -> bool {
    day.saturating_add(1) >= day_number(now.plus_seconds(-CLOSED_AFTER_S))
}

const fn unreadable(table: &'static str) -> StoreError {
    StoreError::Corrupt {
        table,
        column: "body",
    }
}

fn report(day: i64, addressee: Addressee, body: &Value, now: Time) -> Result<Report, StoreError> {
    let body = canonical::render(body).map_err(|_| unreadable("exchange_report"))?;
    Ok(Report {
        day,
        addressee,
        digest: hex::encode(Sha256::digest(body.as_bytes())),
        body,
        made_at: now,
        asked_at: now,
        receipt: None,
    })
}

#[async_trait]
impl Deliver for Aggregates {
    fn kinds(&self) -> &'static [&'static str] {
        &[SEND]
    }

    async fn deliver(&self, claimed: &Claimed) -> Delivery {
        let Ok(send) = serde_json::from_str::<ToSend>(&claimed.event.body) else {
            return Delivery::Never {
                reason: "unreadable_body",
            };
        };
        match self.carry(&send).await {
            Ok(delivery) => delivery,
            Err(error) => {
                tracing::warn!(%error, "insight.aggregate.failed");
                Delivery::Again { reason: "store" }
            }
        }
    }
}

/// The timed task that makes the reports of closed days.
#[async_trait]
impl Task for Aggregates {
    fn name(&self) -> &'static str {
        "insight.aggregate"
    }

    fn every_s(&self) -> i64 {
        3_600
    }

    async fn run(&self, _now: Time) -> Result<(), TaskFailure> {
        self.make().await.map(drop).map_err(TaskFailure::store)
    }
}

/// The timed task that takes over the offices.
#[derive(Debug, Clone)]
pub struct LearnOffices(pub Aggregates);

#[async_trait]
impl Task for LearnOffices {
    fn name(&self) -> &'static str {
        "insight.offices"
    }

    fn every_s(&self) -> i64 {
        86_400
    }

    async fn run(&self, _now: Time) -> Result<(), TaskFailure> {
        match self.0.learn_offices().await {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err("no_answer".into()),
            Err(error) => Err(TaskFailure::store(error)),
        }
    }
}
