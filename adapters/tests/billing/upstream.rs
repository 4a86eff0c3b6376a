//! Marketing as a test sets it up.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use async_trait::async_trait;
use lifeline_core::billing::figures::{
    Arrears, Balance, Bill, BillLine, BillList, BillSummary, DailyUsage, Reading, Receipt,
    Receivable, Tier,
};
use lifeline_core::billing::ports::{BillingSource, SourceError};
use lifeline_core::shared::energy::{Kwh, Price};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::shared::personal::ConsumerNo;
use lifeline_core::shared::time::Time;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::world::START;

/// What marketing does when asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    Answers,
    Away,
    KnowsNothing,
}

/// More questions than any test asks at once.
const READERS_MAX: usize = 1000;

#[derive(Debug)]
pub(crate) struct Marketing {
    pub(crate) mood: Mutex<Mood>,
    pub(crate) asked: AtomicU64,
    /// What is due now, in fen.
    pub(crate) due: AtomicI64,
    /// Bills by period.
    pub(crate) bills: Mutex<HashMap<String, Bill>>,
    /// The days there are.
    pub(crate) days: Mutex<Vec<DailyUsage>>,
    /// What was paid.
    pub(crate) paid: Mutex<Vec<Receipt>>,
    /// The span the list, the days, or what was paid, were last asked for.
    pub(crate) span: Mutex<(String, String)>,
    /// Every answer passes here.
    gate: Semaphore,
}

impl Default for Marketing {
    fn default() -> Self {
        Self {
            mood: Mutex::new(Mood::Answers),
            asked: AtomicU64::new(0),
            due: AtomicI64::new(12_840),
            bills: Mutex::new(HashMap::new()),
            days: Mutex::default(),
            paid: Mutex::default(),
            span: Mutex::default(),
            gate: Semaphore::new(READERS_MAX),
        }
    }
}

pub(crate) fn kwh(text: &str) -> Kwh {
    Kwh::parse(text).unwrap()
}

fn line(tier: i64, quantity: &str, price: &str, amount: i64) -> BillLine {
    BillLine {
        kind: "energy".into(),
        tier: Some(tier),
        quantity: kwh(quantity),
        price: Price::parse(price).unwrap(),
        amount: Fen::new(amount),
    }
}

fn step(tier: i64, up_to: Option<Kwh>, price: &str) -> Tier {
    Tier {
        tier,
        up_to,
        price: Price::parse(price).unwrap(),
    }
}

/// 60 kWh in the first step and the rest in the second: the worked example of the handbook for 90.
pub(crate) fn bill(period: &str, second_step_kwh: i64) -> Bill {
    let second = second_step_kwh * 588;
    let rest = (second + 5) / 10;
    Bill {
        period: period.into(),
        issued_on: "2026-11-03".into(),
        due_date: "2026-11-25".into(),
        days: 31,
        readings: vec![Reading {
            meter_no: "15000012345".into(),
            previous: kwh("1200"),
            current: kwh(&(1260 + second_step_kwh).to_string()),
            multiplier: 1,
            energy: kwh(&(60 + second_step_kwh).to_string()),
        }],
        lines: vec![
            line(1, "60", "0.538", 3228),
            line(2, &second_step_kwh.to_string(), "0.588", rest),
        ],
        tiers: vec![step(1, Some(kwh("2760")), "0.538"), step(2, None, "0.588")],
        energy: kwh(&(60 + second_step_kwh).to_string()),
        year_to_date: kwh("2850"),
        total: Fen::new(3228 + rest),
        paid: false,
        as_of: Time::parse_rfc3339(START).unwrap(),
    }
}

impl Marketing {
    pub(crate) fn set(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    pub(crate) fn count(&self) -> u64 {
        self.asked.load(Ordering::SeqCst)
    }

    /// No answer leaves until what this returns is dropped.
    pub(crate) async fn hold_back(&self) -> SemaphorePermit<'_> {
        let all = READERS_MAX.try_into().unwrap();
        self.gate.acquire_many(all).await.unwrap()
    }

    async fn answer<T>(&self, figure: impl FnOnce() -> Option<T>) -> Result<T, SourceError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let _through = self.gate.acquire().await.unwrap();
        let mood = *self.mood.lock().unwrap();
        match mood {
            Mood::Answers => figure().ok_or(SourceError::Absent),
            Mood::Away => Err(NoAnswer::Unknown("time_out").into()),
            Mood::KnowsNothing => Err(SourceError::Absent),
        }
    }
}

#[async_trait]
impl BillingSource for Marketing {
    async fn arrears(&self, _: &ConsumerNo) -> Result<Arrears, SourceError> {
        self.answer(|| {
            let due = Fen::new(self.due.load(Ordering::SeqCst));
            Some(Arrears {
                items: vec![Receivable {
                    receivable_id: "R1".into(),
                    period: "2026-10".into(),
                    principal: due,
                    late_fee: Fen::ZERO,
                    paid: Fen::ZERO,
                    due_date: "2026-11-25".into(),
                }],
                total: due,
                version: format!("v{}", due.get()),
                as_of: Time::parse_rfc3339(START).unwrap(),
            })
        })
        .await
    }

    async fn balance(&self, _: &ConsumerNo) -> Result<Balance, SourceError> {
        self.answer(|| {
            Some(Balance {
                prepaid: Fen::new(1200),
                estimated_since_bill: Fen::new(200),
                available: Fen::new(1000),
                as_of: Time::parse_rfc3339(START).unwrap(),
            })
        })
        .await
    }

    async fn bills(&self, _: &ConsumerNo, from: &str, to: &str) -> Result<BillList, SourceError> {
        *self.span.lock().unwrap() = (from.to_owned(), to.to_owned());
        self.answer(|| {
            let bills = self.bills.lock().unwrap();
            let summary = |bill: &Bill| BillSummary {
                period: bill.period.clone(),
                energy: bill.energy,
                total: bill.total,
                issued_on: bill.issued_on.clone(),
                due_date: bill.due_date.clone(),
                paid: bill.paid,
            };
            Some(BillList {
                items: bills.values().map(summary).collect(),
                as_of: Time::parse_rfc3339(START).unwrap(),
            })
        })
        .await
    }

    async fn bill(&self, _: &ConsumerNo, period: &str) -> Result<Bill, SourceError> {
        self.answer(|| self.bills.lock().unwrap().get(period).cloned())
            .await
    }

    async fn daily_usage(
        &self,
        _: &ConsumerNo,
        from: &str,
        to: &str,
    ) -> Result<Vec<DailyUsage>, SourceError> {
        *self.span.lock().unwrap() = (from.to_owned(), to.to_owned());
        self.answer(|| Some(self.days.lock().unwrap().clone()))
            .await
    }

    async fn receipts(
        &self,
        _: &ConsumerNo,
        from: &str,
        to: &str,
    ) -> Result<Vec<Receipt>, SourceError> {
        *self.span.lock().unwrap() = (from.to_owned(), to.to_owned());
        self.answer(|| Some(self.paid.lock().unwrap().clone()))
            .await
    }
}
