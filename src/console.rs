//! Builds what the console's pages are given: its people, its limits, the house.

use std::num::NonZeroU32;
use std::sync::Arc;

use actix_web::web;
use lifeline_adapters::passwords::{Argon2id, Cost};
use lifeline_adapters::sql::Engine;
use lifeline_core::accounts::passwords::Passwords;
use lifeline_core::insight::{Insight, Ledger};
use lifeline_core::operators::Operators;
use lifeline_core::shared::ids::Entropy;
use lifeline_core::shared::time::Clock;
use lifeline_core::store::Store;
use lifeline_gateway::console::today::House;
use lifeline_gateway::console::visitor::ConsoleCookies;
use lifeline_gateway::edge::limits::{Limits, Quotas};
use lifeline_gateway::insight::{Counting, Recorder};
use lifeline_gateway::listeners::ops::Readiness;
use lifeline_gateway::listeners::service_register::{Made, Services};
use lifeline_gateway::listeners::start::{ConsoleDoor, Furnish};

use crate::config::{self, Config};
use crate::failure::Failure;

/// Staff sign in seldom: two threads hash their passwords.
const HASHING_THREADS: usize = 2;
/// A clerk opens pages faster than a household taps.
const PER_ADDRESS_MINUTE: u32 = 1_200;

/// The people of the console over a store.
pub(crate) fn operators(
    engine: &Arc<Engine>,
    clock: &Arc<dyn Clock>,
    entropy: &Arc<dyn Entropy>,
) -> Result<Operators, Failure> {
    let hashing = Argon2id::new(Cost::USUAL, HASHING_THREADS, Arc::clone(entropy))
        .map_err(|_| Failure::failed("passwords cannot be hashed on this machine"))?;
    let passwords: Arc<dyn Passwords> = Arc::new(hashing);
    let store: Arc<dyn Store> = Arc::<Engine>::clone(engine);
    Ok(Operators::new(
        store,
        Arc::clone(clock),
        Arc::clone(entropy),
        passwords,
    ))
}

/// Counts the requests of this process.
pub(crate) fn counting(
    engine: &Arc<Engine>,
    clock: &Arc<dyn Clock>,
    entropy: &Arc<dyn Entropy>,
) -> (Arc<Recorder>, Arc<Counting>) {
    let store: Arc<dyn Store> = Arc::<Engine>::clone(engine);
    let recorder = Arc::new(Recorder::new(Arc::clone(clock)));
    let ledger = Ledger::new(store, Arc::clone(clock), Arc::clone(entropy));
    let counting = Arc::new(Counting::new(Arc::clone(&recorder), ledger));
    (recorder, counting)
}

/// What pages read that belongs to no single room.
pub(crate) fn house(
    config: &Config,
    engine: &Arc<Engine>,
    readiness: Arc<dyn Readiness>,
    limits: &[Arc<Limits>; 2],
    clock: &dyn Clock,
) -> House {
    let roles = config.node.roles();
    let mut listeners = if roles.gateway {
        vec!["line", "callback", "ops"]
    } else {
        vec!["ops"]
    };
    if roles.console && config.listeners.console.is_some() {
        listeners.push("console");
    }
    let schema = lifeline_adapters::sql::known_schema();
    let made = Made {
        began: clock.now(),
        version: env!("CARGO_PKG_VERSION"),
        store: format!("{}, schema {schema}", engine.name()),
        listeners,
    };
    let [line, callback] = limits;
    House {
        store: Arc::<Engine>::clone(engine),
        readiness,
        services: Arc::new(Services::new(made)),
        gates: vec![
            ("line", Arc::clone(line)),
            ("callback", Arc::clone(callback)),
        ],
        proved: Arc::default(),
    }
}

/// What the console's listener is given; `rooms` are the same use cases that households reach.
pub(crate) fn door(
    place: &config::Console,
    operators: &Operators,
    mut house: House,
    clock: &Arc<dyn Clock>,
    rooms: Furnish,
) -> Result<ConsoleDoor, Failure> {
    let per_minute = NonZeroU32::new(PER_ADDRESS_MINUTE)
        .ok_or_else(|| Failure::failed("limits must be above zero"))?;
    let quotas = Quotas {
        per_address_minute: per_minute,
        per_network_minute: per_minute,
        per_account_minute: per_minute,
        functions_percent: per_minute,
        nodes: NonZeroU32::MIN,
    };
    let cookies = ConsoleCookies {
        secure: place.public_base.starts_with("https://"),
    };
    let limits = Arc::new(Limits::new(quotas, None));
    house.gates.push(("console", Arc::clone(&limits)));
    let insight = Insight::new(Arc::clone(&house.store), Arc::clone(clock));
    let operators = operators.clone();
    Ok(ConsoleDoor {
        limits,
        trusted_hops: place.trusted_hops.clone(),
        rooms: Arc::new(move |cfg| {
            rooms(cfg);
            cfg.app_data(web::Data::new(operators.clone()))
                .app_data(web::Data::new(house.clone()))
                .app_data(web::Data::new(insight.clone()))
                .app_data(web::Data::new(cookies));
        }),
    })
}
