//! Payments: orders, the channel, posting to marketing, refunds (LN-04, LN-09; EC-05, EC-17).
//!
//! One order is three machines, decided by tables and kept under one version:
//!
//! | file | what it is |
//! |---|---|
//! | `table_p`, `table_l`, `table_r` | what each cell of the law answers (pure) |
//! | `order`, `observation` | what is decided about, and what is seen of it |
//! | `booking` | effects of a decision on the order and its books (pure) |
//! | `reading` | answers of the outside in the words of the tables (pure) |
//! | `tracker`, `window`, `numbers`, `policy` | what the payer is told; times; external numbers; thresholds |
//! | `shown` | how much of what the channel shows as given back is ours |
//! | `rulings`, `asked` | what two persons decided about a case, and money somebody asks for |
//! | `parts` | what was split off a line, and what marketing still knows as one posting |
//! | `unit` | the one unit of work that applies observations |
//! | `homes` | the homes one order pays: sorted, none twice |
//! | `start`, `keyed` | making an order, once per idempotency key |
//! | `cashier`, `close`, `reads` | the pay ticket, giving up an order, looking at orders |
//! | `notice`, `spoken` | the channel's notices: stored, then worked; marketing's word, which only makes us ask |
//! | `replay` | stored notices worked once more because somebody asked |
//! | `recovery` | what a restored store lacks, read from the outside's books before anything is sent |
//! | `filed` | what marketing's daily files prove of a number it never posted |
//! | `silence` | who outside is silent, and who is woken when they speak again |
//! | `sweep`, `turns`, `errands`, `nudge` | the guarantee that nothing stays stuck, and the calls it makes |
//!
//! The rooms above hear of payments by the events of `events` only.

pub mod booking;
pub mod events;
pub mod homes;
pub mod numbers;
pub mod observation;
pub mod order;
pub mod parts;
pub mod policy;
pub mod ports;
pub mod reading;
pub mod recovery;
pub mod rulings;
pub mod table_l;
pub mod table_p;
pub mod table_r;
pub mod tracker;
pub mod window;

mod asked;
mod brake;
mod cashier;
mod close;
mod errands;
mod error;
mod filed;
mod keyed;
mod notice;
mod poison;
mod quarantine;
mod reads;
mod replay;
mod room;
mod shown;
mod silence;
mod spoken;
mod start;
mod sure;
mod sweep;
mod turns;
mod unit;

use std::sync::atomic::{AtomicBool, AtomicI64};
use std::sync::{Arc, Mutex};

pub use crate::shared::decision::Decision;
pub use crate::shared::draw;
pub use brake::{BrakeRoom, Consent};
pub use cashier::PAY_PATH;
pub use error::PaymentError;
pub use homes::{Homes, Wanted};
pub use keyed::{Begun, LeftBehind, Render};
pub use notice::{NoticeRefused, Worked};
pub use order::{Order, Purpose, Via};
pub use policy::Policy;
pub use quarantine::Quarantine;
pub use replay::Replayed;
pub use start::Start;
pub use tracker::{HomeView, Next, NextCode, Standing};
pub use unit::Applied;

use crate::inbox::Waiting;
use crate::shared::decision;
use crate::shared::ids::{Entropy, Maker};
use crate::shared::time::{Clock, Time};
use crate::store::Store;
use draw::Draw;
use order::Payment;

/// The outside and the store, as payments needs them.
#[derive(Clone)]
pub struct Ports {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    pub channel: Arc<dyn ports::PaymentChannel>,
    pub notices: Arc<dyn ports::NoticeReader>,
    pub posting: Arc<dyn ports::PostingSystem>,
    pub dues: Arc<dyn ports::DuesSource>,
}

impl std::fmt::Debug for Ports {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ports")
    }
}

/// The use cases of payments.
///
/// Those that send must not end with the request that asked for them: callers run them in a task
/// of their own (money.md G2).
#[derive(Debug, Clone)]
pub struct Payments {
    ports: Ports,
    policy: Arc<Policy>,
    /// Who did not answer when they were asked last, and who sleeps until they do.
    silences: Arc<[silence::Silence; 3]>,
    /// Second of the last look through a restored store.
    last_look: Arc<AtomicI64>,
    /// The last stored notice that was looked at, while there are more behind it.
    drained: Arc<Mutex<Option<Waiting>>>,
    /// No recovery is open, as the store said once; and payouts wait for nobody.
    settled: Arc<AtomicBool>,
    payouts_settled: Arc<AtomicBool>,
}

impl Payments {
    #[must_use]
    pub fn new(ports: Ports, policy: Policy) -> Self {
        Self {
            ports,
            policy: Arc::new(policy),
            silences: Arc::new(silence::unknown()),
            last_look: Arc::new(AtomicI64::new(0)),
            drained: Arc::default(),
            settled: Arc::new(AtomicBool::new(false)),
            payouts_settled: Arc::new(AtomicBool::new(false)),
        }
    }

    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The brake of automatic refunds.
    #[must_use]
    pub fn brake(&self) -> BrakeRoom {
        BrakeRoom {
            store: Arc::clone(&self.ports.store),
            clock: Arc::clone(&self.ports.clock),
            entropy: Arc::clone(&self.ports.entropy),
            policy: Arc::clone(&self.policy),
        }
    }

    fn store(&self) -> &dyn Store {
        &*self.ports.store
    }

    fn now(&self) -> Time {
        self.ports.clock.now()
    }

    fn maker(&self) -> Maker<'_> {
        Maker {
            clock: &*self.ports.clock,
            entropy: &*self.ports.entropy,
        }
    }

    fn draw(&self, trace_id: &str, actor: &str) -> Draw {
        Draw::new(self.maker(), trace_id, actor)
    }

    /// The sweeper acts under the trace of the tap that made the order.
    fn draw_for(&self, payment: &Payment) -> Draw {
        self.draw(&payment.trace_id, "job:payments.sweep")
    }
}
