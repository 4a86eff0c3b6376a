//! The store's contract: every port method of `core`, told once and run on every engine.
//!
//! SQLite always runs (a file of its own per contract). PostgreSQL runs when `TEST_POSTGRES_URL` is
//! set (a schema of its own per contract); with `REQUIRE_POSTGRES=1` its absence is a failure.
//! Names are `contract.<room>.<contract>.<engine>`.
//!
//! # Adding contracts
//!
//! Write `<room>.rs` beside this file with `async fn`s that take a [`Bench`] and panic when the
//! contract is broken, list them with [`contracts!`] in `pub fn contracts() -> Vec<Contract>`, name the
//! port methods each one proves, and add the room to [`ROOMS`]. `coverage` fails while a method of a
//! storage port is named by no contract.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a broken contract panics; this binary has no #[test] functions that clippy would know"
)]

mod accounts;
mod audit;
mod bans;
mod bench;
mod billing;
mod bindings;
mod cases;
mod certifications;
mod channels;
mod coverage;
mod credentials;
mod customers;
mod daily;
mod declared;
mod earnings;
mod ended_before;
mod erased_again;
mod erasing_late;
mod evidence;
mod exact;
mod exchange;
mod fillings;
mod first_months;
mod followers;
mod following;
mod gathering;
mod generation;
mod generation_credentials;
mod grants;
mod homes;
mod household;
mod idempotency;
mod in_time;
mod inbox;
mod insight;
mod jobs;
mod latencies;
mod ledger;
mod links;
mod merges;
mod monitored;
mod notices;
mod offers;
mod operators;
mod otps;
mod outbox;
mod outbox_ends;
mod packed_before;
mod payment_fixtures;
mod payment_moment;
mod payment_turns;
mod payment_wakes;
mod payments;
mod payout_brake;
#[path = "../place/mod.rs"]
mod place;
mod plans;
mod points;
mod privacy;
mod publications;
mod purging;
mod recovery;
mod relay;
mod requests;
mod resting;
mod rolled;
mod rotation;
mod rotation_together;
mod runner;
mod schema;
mod sessions;
mod settlement;
mod shelf;
mod slices;
mod sources;
mod standings;
mod step_ups;
mod successors;
mod timeline;
mod trades;
mod unit;

use std::future::Future;
use std::pin::Pin;

use libtest_mimic::{Arguments, Failed, Trial};

use crate::bench::{Bench, EngineKind};

/// Every room's list.
const ROOMS: &[fn() -> Vec<Contract>] = &[
    accounts::contracts,
    audit::contracts,
    bans::contracts,
    billing::contracts,
    bindings::contracts,
    cases::contracts,
    certifications::contracts,
    channels::contracts,
    credentials::contracts,
    customers::contracts,
    daily::contracts,
    declared::contracts,
    earnings::contracts,
    ended_before::contracts,
    erased_again::contracts,
    erasing_late::contracts,
    evidence::contracts,
    exact::contracts,
    exchange::contracts,
    fillings::contracts,
    first_months::contracts,
    followers::contracts,
    following::contracts,
    gathering::contracts,
    generation::contracts,
    generation_credentials::contracts,
    grants::contracts,
    homes::contracts,
    idempotency::contracts,
    in_time::contracts,
    inbox::contracts,
    insight::contracts,
    jobs::contracts,
    latencies::contracts,
    ledger::contracts,
    links::contracts,
    merges::contracts,
    monitored::contracts,
    notices::contracts,
    offers::contracts,
    operators::contracts,
    otps::contracts,
    outbox::contracts,
    outbox_ends::contracts,
    packed_before::contracts,
    payment_moment::contracts,
    payment_turns::contracts,
    payment_wakes::contracts,
    payments::contracts,
    payout_brake::contracts,
    plans::contracts,
    points::contracts,
    privacy::contracts,
    step_ups::contracts,
    publications::contracts,
    purging::contracts,
    recovery::contracts,
    relay::contracts,
    requests::contracts,
    resting::contracts,
    rolled::contracts,
    rotation::contracts,
    rotation_together::contracts,
    runner::contracts,
    schema::contracts,
    sessions::contracts,
    shelf::contracts,
    settlement::contracts,
    slices::contracts,
    sources::contracts,
    standings::contracts,
    successors::contracts,
    timeline::contracts,
    trades::contracts,
    unit::contracts,
];

type Run = fn(Bench) -> Pin<Box<dyn Future<Output = ()> + Send>>;

/// One promise of the store.
pub(crate) struct Contract {
    room: &'static str,
    name: &'static str,
    /// `Trait::method` of the ports it proves.
    covers: &'static [&'static str],
    run: Run,
}

/// `contracts! { "outbox": claim_once => ["OutboxStore::claim"]; }`
macro_rules! contracts {
    ($room:literal: $($name:ident => [$($covers:literal),* $(,)?];)*) => {
        pub(crate) fn contracts() -> Vec<$crate::Contract> {
            vec![$($crate::Contract {
                room: $room,
                name: stringify!($name),
                covers: &[$($covers),*],
                run: |bench| Box::pin($name(bench)),
            }),*]
        }
    };
}
pub(crate) use contracts;

fn main() {
    let arguments = Arguments::from_args();
    let contracts: Vec<Contract> = ROOMS.iter().flat_map(|room| room()).collect();
    let mut trials = coverage::trials(&contracts);
    let engines = place::engines().unwrap_or_else(|why| {
        trials.push(Trial::test("contract.postgres.required", move || {
            Err(Failed::from(why))
        }));
        Vec::new()
    });
    for contract in contracts {
        for kind in &engines {
            trials.push(trial(&contract, kind.clone()));
        }
    }
    libtest_mimic::run(&arguments, trials).exit();
}

fn trial(contract: &Contract, kind: EngineKind) -> Trial {
    let name = format!(
        "contract.{}.{}.{}",
        contract.room,
        contract.name,
        kind.name()
    );
    let run = contract.run;
    Trial::test(name, move || {
        bench::on_fresh_store(&kind, run);
        Ok(())
    })
}
