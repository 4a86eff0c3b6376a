//! The company's data exchange over docs/contracts/exchange.md: daily reports to the superior company, the data centre
//! and the basic data platform; energy from the data centre, offices from the platform. Nothing about persons travels
//! here.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use lifeline_core::insight::aggregate::{Addressee, Exchange, Office, Report};
use lifeline_core::insight::energy::OfficeEnergy;
use lifeline_core::insight::people::midnight;
use lifeline_core::shared::energy::Kwh;
use lifeline_core::shared::ids::Entropy;
use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::shared::time::Clock;
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use crate::wire::address::{Address, AddressError};
use crate::wire::http::CallRules;
use crate::wire::line::{Call, Line, LineKeys};
use crate::wire::operation;
use crate::wire::{Asked, LeftAlone};

const UNREADABLE: NoAnswer = NoAnswer::Unknown("unreadable_reply");
/// Offices of one page, and pages at most: more than any province has.
const PAGES_MAX: usize = 100;

/// What an office can have of a day, above all of what a country uses: a larger figure is a mistake.
const ENERGY_MAX: Kwh = Kwh::from_scaled(1_000_000_000_000_000);

/// The exchange as `insight` sees it.
#[derive(Clone)]
pub struct ExchangeLine {
    line: Line,
}

impl std::fmt::Debug for ExchangeLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ExchangeLine")
            .field("address", self.line.address())
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct ReceiptReply {
    receipt_no: String,
    digest: String,
}

#[derive(Deserialize)]
struct OfficesReply {
    offices: Vec<OfficeReply>,
    next: Option<String>,
}

#[derive(Deserialize)]
struct OfficeReply {
    org_no: String,
    name: String,
}

#[derive(Deserialize)]
struct EnergyReply {
    day: String,
    offices: Vec<OfficeEnergyReply>,
}

#[derive(Deserialize)]
struct OfficeEnergyReply {
    org_no: String,
    supplied_kwh: Kwh,
    used_kwh: Kwh,
}

fn is_number(org_no: &str) -> bool {
    (4..=12).contains(&org_no.len()) && org_no.bytes().all(|b| b.is_ascii_digit())
}

impl OfficeEnergyReply {
    fn energy(self) -> Option<OfficeEnergy> {
        let told = Kwh::ZERO..=ENERGY_MAX;
        let fits = told.contains(&self.supplied_kwh) && told.contains(&self.used_kwh);
        (fits && is_number(&self.org_no)).then_some(OfficeEnergy {
            org_no: self.org_no,
            supplied: self.supplied_kwh,
            used: self.used_kwh,
        })
    }
}

impl OfficeReply {
    fn office(self) -> Option<Office> {
        let plain = !self.name.chars().any(char::is_control);
        let fits = (1..=60).contains(&self.name.chars().count());
        (plain && fits && is_number(&self.org_no)).then_some(Office {
            org_no: self.org_no,
            name: self.name,
        })
    }
}

impl ExchangeLine {
    /// `address` ends in `/exchange/v1`. Touches no network.
    ///
    /// # Errors
    /// [`AddressError::NoClient`] when this machine has no usable certificates.
    pub fn new(
        address: Address,
        keys: LineKeys,
        rules: CallRules,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, AddressError> {
        Line::new("exchange", address, keys, rules, clock, entropy).map(|line| Self { line })
    }

    /// Whether some operation is left alone now because it kept failing.
    #[must_use]
    pub fn is_failing(&self) -> bool {
        self.line.is_any_open()
    }

    /// The operations that are left alone or probed now, and why.
    #[must_use]
    pub fn left_alone(&self) -> Vec<LeftAlone> {
        self.line.left_alone()
    }

    /// Every operation that was asked since this process began.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        self.line.asked()
    }

    /// Lets an operation be asked again at once; false when it is not left alone.
    #[must_use]
    pub fn ask_again(&self, operation: &str) -> bool {
        self.line.ask_again(operation)
    }

    async fn page(&self, after: &str) -> Result<OfficesReply, NoAnswer> {
        let query = [("after", after)];
        let operation = operation!("GET /offices");
        let reply = self.line.get(operation, &["offices"], &query).await?;
        if reply.status != 200 {
            return Err(reply.no_answer());
        }
        serde_json::from_slice(&reply.body).map_err(|_| UNREADABLE)
    }
}

#[async_trait]
impl Exchange for ExchangeLine {
    async fn deliver(&self, report: &Report) -> Result<String, NoAnswer> {
        let (operation, to) = match report.addressee {
            Addressee::Company => (operation!("POST /company/reports"), "company"),
            Addressee::DataCentre => (operation!("POST /data-centre/reports"), "data-centre"),
            Addressee::BasicData => (operation!("POST /basic-data/reports"), "basic-data"),
        };
        // The report travels as text: what is digested is what is read, to the byte.
        let body = json!({"day": report.date(), "digest": report.digest, "report": report.body});
        let key = format!("{to}:{}", report.date());
        let reply = self
            .line
            .send(Call {
                operation,
                method: Method::POST,
                path: &[to, "reports"],
                query: &[],
                body: Some(body.to_string()),
                idempotency_key: Some(&key),
            })
            .await?;
        if reply.status != 200 {
            return Err(reply.no_answer());
        }
        let receipt: ReceiptReply = serde_json::from_slice(&reply.body).map_err(|_| UNREADABLE)?;
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let number = receipt.receipt_no;
        if !(1..=64).contains(&number.len()) || !number.chars().all(plain) {
            return Err(UNREADABLE);
        }
        // A receipt is for these words or it is none.
        if receipt.digest != report.digest {
            return Err(NoAnswer::Alarm("receipt_of_other_words"));
        }
        Ok(number)
    }

    async fn offices(&self) -> Result<Vec<Office>, NoAnswer> {
        let mut found = Vec::new();
        let mut after = String::new();
        for _ in 0..PAGES_MAX {
            let page = self.page(&after).await?;
            for one in page.offices {
                found.push(one.office().ok_or(UNREADABLE)?);
            }
            match page.next {
                Some(next) if next > after => after = next,
                Some(_) => return Err(UNREADABLE),
                None => return Ok(found),
            }
        }
        Err(UNREADABLE)
    }

    async fn energy(&self, day: i64) -> Result<Vec<OfficeEnergy>, NoAnswer> {
        let day = midnight(day).shanghai_date();
        let query = [("day", day.as_str())];
        let operation = operation!("GET /data-centre/energy");
        let path = ["data-centre", "energy"];
        let reply = self.line.get(operation, &path, &query).await?;
        if reply.status != 200 {
            return Err(reply.no_answer());
        }
        let told: EnergyReply = serde_json::from_slice(&reply.body).map_err(|_| UNREADABLE)?;
        if told.day != day {
            return Err(UNREADABLE);
        }
        let (mut found, mut numbers) = (Vec::new(), BTreeSet::new());
        for one in told.offices {
            let one = one.energy().ok_or(UNREADABLE)?;
            // Twice told is two figures of one office: neither is taken.
            if !numbers.insert(one.org_no.clone()) {
                return Err(UNREADABLE);
            }
            found.push(one);
        }
        Ok(found)
    }
}
