//! What goes to the company: once a day, without the few, repeated until a receipt comes; and what comes back.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use actix_web::http::StatusCode;
use async_trait::async_trait;
use lifeline_adapters::sql::Engine;
use lifeline_core::accounts::Terminal;
use lifeline_core::insight::aggregate::{Exchange, Office as SupplyOffice, Report};
use lifeline_core::insight::batch::Batch;
use lifeline_core::insight::energy::OfficeEnergy;
use lifeline_core::insight::{Aggregates, Channel, Outcome, Sample};
use lifeline_core::outbox::relay::{Deliver, Relay};
use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::shared::time::{Clock as _, Time};
use lifeline_core::store::{Store, StoreError, Tx, atomically};
use serde_json::Value;

use crate::office::Office;
use crate::stand_ins::Hands;

/// An exchange that keeps what it is sent, and answers when it is well.
#[derive(Default)]
pub(crate) struct Company {
    sent: Mutex<Vec<Report>>,
    well: Mutex<bool>,
    /// What its data centre has added up, by day.
    energy: Mutex<BTreeMap<i64, Vec<OfficeEnergy>>>,
}

impl Office {
    pub(crate) fn aggregates(&self) -> Aggregates {
        Aggregates::new(
            Arc::<Engine>::clone(&self.store),
            Arc::<Hands>::clone(&self.clock),
            self.entropy(),
            Arc::<Company>::clone(&self.company),
        )
    }
}

impl Company {
    pub(crate) fn heal(&self) {
        *self.well.lock().unwrap() = true;
    }

    pub(crate) fn add_up(&self, day: i64, offices: Vec<OfficeEnergy>) {
        self.energy.lock().unwrap().insert(day, offices);
    }

    pub(crate) fn sent(&self) -> Vec<Report> {
        self.sent.lock().unwrap().clone()
    }
}

const SILENT: NoAnswer = NoAnswer::Unknown("silence");

#[async_trait]
impl Exchange for Company {
    async fn deliver(&self, report: &Report) -> Result<String, NoAnswer> {
        self.sent.lock().unwrap().push(report.clone());
        let well = *self.well.lock().unwrap();
        let number = format!(
            "R-{}-{}",
            report.addressee.as_str().replace('_', "-"),
            report.day
        );
        well.then_some(number).ok_or(SILENT)
    }

    async fn offices(&self) -> Result<Vec<SupplyOffice>, NoAnswer> {
        let well = *self.well.lock().unwrap();
        let office = SupplyOffice {
            org_no: "1504".to_owned(),
            name: "赤峰<b>".to_owned(),
        };
        well.then(|| vec![office]).ok_or(SILENT)
    }

    async fn energy(&self, day: i64) -> Result<Vec<OfficeEnergy>, NoAnswer> {
        let well = *self.well.lock().unwrap();
        let told = self.energy.lock().unwrap().get(&day).cloned();
        well.then(|| told.unwrap_or_default()).ok_or(SILENT)
    }
}

async fn asked(office: &Office, region: &str, times: i64, at: Time) {
    let sample = Sample {
        at,
        function: 4,
        channel: Channel::H5,
        terminal: Terminal::Computer,
        outcome: Outcome::Done,
        micros: 1,
        person: None,
        refusal: None,
    };
    let mut batch = Batch::default();
    for _ in 0..times {
        batch.add(&sample, region);
    }
    let batch = &batch;
    atomically(&*office.store, async |tx: &mut Tx| {
        tx.insight().add("r", batch).await?;
        Ok::<_, StoreError>(())
    })
    .await
    .unwrap();
}

pub(crate) async fn carry(office: &Office) {
    let carriers: Vec<Arc<dyn Deliver>> = vec![Arc::new(office.aggregates())];
    let store: Arc<dyn Store> = Arc::<Engine>::clone(&office.store);
    let clock = Arc::<Hands>::clone(&office.clock);
    let relay = Relay::new(store, clock, office.entropy(), carriers);
    while relay.run_once().await.unwrap() > 0 {}
}

const DAY_S: i64 = 86_400;

#[actix_web::test]
async fn ln_02_a_day_is_reported_once_with_the_same_words_until_its_receipt() {
    let office = Office::new().await;
    let now = office.clock.now();
    asked(&office, "1504", 5, now).await;
    asked(&office, "1505", 4, now).await;
    assert_eq!(
        office.aggregates().make().await.unwrap(),
        0,
        "the day is not over"
    );
    // Two hours after midnight its people may still be counted; after three it is closed.
    let midnight = DAY_S - now.shanghai_second_of_day();
    office.pass(midnight + 3 * 3_600 - 1);
    assert_eq!(office.aggregates().make().await.unwrap(), 0);
    office.pass(1);
    assert_eq!(office.aggregates().make().await.unwrap(), 2);
    assert_eq!(office.aggregates().make().await.unwrap(), 0, "once");
    carry(&office).await;
    assert_eq!(office.company.sent().len(), 2);
    office.pass(60);
    office.company.heal();
    carry(&office).await;
    let sent = office.company.sent();
    assert_eq!(sent.len(), 4, "each was repeated");
    for (first, again) in [(0, 2), (1, 3)] {
        let same =
            |one: &Report, other: &Report| one.body == other.body && one.digest == other.digest;
        assert!(same(&sent[first], &sent[again]) || same(&sent[first], &sent[5 - again]));
    }
    let words: Vec<Value> = sent
        .iter()
        .map(|one| serde_json::from_str(&one.body).unwrap())
        .collect();
    let company = words
        .iter()
        .find(|one| one["kind"] == "daily_aggregate")
        .unwrap();
    assert_eq!(company["requests"], 9);
    // Four of 1505 are the nine less the five of 1504: neither stands alone.
    let rest = serde_json::json!([{"name": "rest", "n": 9}]);
    assert_eq!(company["regions"], rest);
    assert_eq!(company["outcomes"][0]["n"], 9);
    let hours = words
        .iter()
        .find(|one| one["kind"] == "usage_hours")
        .unwrap();
    assert_eq!(hours["hours"].as_array().unwrap().len(), 24);
    office.pass(3 * DAY_S);
    assert_eq!(
        office.aggregates().make().await.unwrap(),
        0,
        "it has its receipt"
    );
    carry(&office).await;
    assert_eq!(office.company.sent().len(), 4);
}

#[actix_web::test]
async fn ln_02_a_report_without_a_receipt_is_asked_for_again_and_shown() {
    let office = Office::new().await;
    let desk = office.desk().await;
    asked(&office, "1504", 7, office.clock.now()).await;
    office.pass(DAY_S + 4 * 3_600);
    assert_eq!(office.aggregates().make().await.unwrap(), 2);
    let auditor = office.enter(&desk, "auditor").await;
    let page = desk.get("/console/system/sent", &auditor).await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(
        page.text.matches("<strong>未收到</strong>").count(),
        2,
        "{}",
        page.text
    );
    office.pass(2 * DAY_S);
    assert_eq!(
        office.aggregates().make().await.unwrap(),
        2,
        "asked for again"
    );
    office.company.heal();
    carry(&office).await;
    let auditor = office.enter(&desk, "auditor").await;
    let page = desk.get("/console/system/sent", &auditor).await.text;
    assert!(page.contains("R-company-") && page.contains("R-data-centre-"));
    assert!(!page.contains("未收到</strong>"));
}

#[actix_web::test]
async fn ln_51_offices_come_from_the_platform_and_stay_when_it_is_silent() {
    let office = Office::new().await;
    let desk = office.desk().await;
    assert_eq!(office.aggregates().learn_offices().await.unwrap(), None);
    office.company.heal();
    assert_eq!(office.aggregates().learn_offices().await.unwrap(), Some(1));
    let admin = office.enter(&desk, "admin").await;
    let page = desk.get("/console/system/sent", &admin).await.text;
    assert!(page.contains("赤峰") && !page.contains("赤峰<b>"));
}
