//! The clock, the dice and the outside of the tests: what is not tried here.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use async_trait::async_trait;
use lifeline_core::requests::ports::{OrderReport, WorkOrder, WorkOrders};
use lifeline_core::shared::ids::Entropy;
use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::shared::time::{Clock, Time};
use lifeline_gateway::edge::limits::Quotas;
use lifeline_gateway::listeners::ops::{Check, Circuit, Operation, Readiness};
use lifeline_gateway::listeners::resources::{
    Backup, BackupRecord, Certificate, Disk, Pool, Quota, Resources,
};
use lifeline_gateway::listeners::service_register::Health;
use sha2::{Digest as _, Sha256};

pub(crate) const START_S: i64 = 1_795_000_000;

pub(crate) struct Hands(pub(crate) AtomicI64);

impl Clock for Hands {
    fn now(&self) -> Time {
        Time::from_micros(self.0.load(Ordering::SeqCst))
    }
}

pub(crate) struct Dice(pub(crate) AtomicU64);

impl Entropy for Dice {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let roll = self.0.fetch_add(1, Ordering::SeqCst);
            chunk.copy_from_slice(&Sha256::digest(roll.to_be_bytes())[..chunk.len()]);
        }
    }
}

/// The defaults of a household's listener.
pub(crate) fn of_households() -> Quotas {
    let n = |most| NonZeroU32::new(most).unwrap();
    Quotas {
        per_address_minute: n(600),
        per_network_minute: n(6_000),
        per_account_minute: n(240),
        functions_percent: n(100),
        nodes: n(1),
    }
}

/// Nobody takes work orders here.
#[derive(Debug)]
pub(crate) struct NoClerk;

#[async_trait]
impl WorkOrders for NoClerk {
    async fn file(&self, _: &WorkOrder) -> Result<OrderReport, NoAnswer> {
        Err(NoAnswer::NotSent("no_clerk"))
    }

    async fn look(&self, _: &str) -> Result<OrderReport, NoAnswer> {
        Err(NoAnswer::NotSent("no_clerk"))
    }
}

/// Well, but for one operation of marketing's that is left alone until somebody asks again.
#[derive(Debug, Default)]
pub(crate) struct Well(AtomicBool);

#[async_trait]
impl Readiness for Well {
    async fn resources(&self) -> Resources {
        let now = Time::from_micros(START_S * 1_000_000);
        let disk = |name, free| Disk {
            name,
            room: Some((free, 100 << 30)),
        };
        let certificate = |name, days: i64| Certificate {
            name,
            ends_at: Some(now.plus_seconds(days * 86_400 + 3_600)),
            waits: name == "alipay_app",
        };
        Resources {
            disks: vec![disk("store", 40 << 30), disk("keyring", 9 << 30)],
            pools: vec![Pool {
                name: "readers",
                taken: 3,
                most: 8,
                waiting: 0,
            }],
            certificates: vec![
                certificate("line", 90),
                certificate("line_client_ca", 12),
                certificate("alipay_app", 20),
            ],
            quotas: vec![Quota {
                name: "per_address_minute",
                most: 600,
            }],
            backup: Backup::Made(BackupRecord {
                made_at: now.plus_seconds(-7_200),
                bytes: 3 << 30,
                checked: Some((now.plus_seconds(-86_400), "put <b>back</b>".to_owned())),
            }),
        }
    }

    fn operations(&self) -> Vec<Operation> {
        let at = |seconds: i64| Time::from_micros((START_S + seconds) * 1_000_000);
        vec![Operation {
            system: "marketing",
            operation: "GET /consumers/{no}/arrears",
            health: Health::Failing,
            since: at(-30),
            last_well: Some(at(-90)),
            last_badly: Some(at(-30)),
        }]
    }

    fn circuits(&self) -> Vec<Circuit> {
        let until = Time::from_micros((START_S + 600) * 1_000_000);
        vec![Circuit {
            system: "marketing",
            operation: "GET /consumers/{no}/arrears",
            why: "failed",
            until: (!self.0.load(Ordering::SeqCst)).then_some(until),
        }]
    }

    fn ask_again(&self, _: &str, _: &str) -> bool {
        !self.0.swap(true, Ordering::SeqCst)
    }

    async fn checks(&self) -> Vec<Check> {
        vec![Check {
            name: "store",
            ok: true,
            required: true,
            advice: "",
        }]
    }
}
