//! Configuration: one section per file, unknown keys refused, every fault listed at once.
//!
//! A TOML file first, then the environment: `LIFELINE__STORE__URL` overrides `[store] url`.

mod alipay;
mod billing;
mod breaker;
mod channels;
mod edge;
mod jobs;
mod logs;
mod node;
mod payments;
pub(crate) mod relay;
pub(crate) mod sealed;
mod settlement;
mod store;
mod vault;

use std::path::Path;

use serde::Deserialize;

pub(crate) use alipay::Alipay;
pub(crate) use billing::Billing;
pub(crate) use breaker::Breaker;
pub(crate) use channels::{Channel, Notices};
pub(crate) use edge::{Console, Limits, Listeners, Tls};
pub(crate) use jobs::Jobs;
pub(crate) use logs::Logs;
pub(crate) use node::{Node, Roles};
pub(crate) use payments::Payments;
pub(crate) use relay::Relay;
pub(crate) use settlement::Settlement;
pub(crate) use store::{Backup, Redis, Standby, Store};
pub(crate) use vault::{Vault, VaultKind};

/// The whole configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) listeners: Listeners,
    pub(crate) store: Store,
    #[serde(default)]
    pub(crate) backup: Backup,
    #[serde(default)]
    pub(crate) redis: Redis,
    pub(crate) alipay: Alipay,
    pub(crate) marketing: Channel,
    pub(crate) sms: Channel,
    pub(crate) user_system: Channel,
    pub(crate) generation: Channel,
    pub(crate) exchange: Channel,
    #[serde(default)]
    pub(crate) notices: Notices,
    #[serde(default)]
    pub(crate) billing: Billing,
    #[serde(default)]
    pub(crate) payments: Payments,
    #[serde(default)]
    pub(crate) settlement: Settlement,
    #[serde(default)]
    pub(crate) jobs: Jobs,
    #[serde(default)]
    pub(crate) vault: Vault,
    #[serde(default)]
    pub(crate) limits: Limits,
    #[serde(default)]
    pub(crate) breaker: Breaker,
    #[serde(default)]
    pub(crate) logs: Logs,
    #[serde(default)]
    pub(crate) node: Node,
}

/// One thing wrong with the configuration: where, what, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) path: String,
    pub(crate) what: String,
    /// Whether nothing is of use with it; with another only what it is about is not.
    pub(crate) stops: bool,
}

impl Fault {
    pub(crate) fn new(path: &str, what: &str) -> Self {
        Self {
            path: path.to_owned(),
            what: what.to_owned(),
            stops: true,
        }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.path, self.what)
    }
}

/// Collects the faults of sections.
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    pub(crate) fn expect(&mut self, holds: bool, path: &str, what: &str) {
        if !holds {
            self.0.push(Fault::new(path, what));
        }
    }

    /// What is wrong, and keeps only the part it is about from its work.
    pub(crate) fn of_a_part(&mut self, path: &str, what: &str) {
        self.0.push(Fault {
            stops: false,
            ..Fault::new(path, what)
        });
    }
}

/// What `serve` and `migrate` go on with is told in the log; everything that is wrong, when one of them stops.
pub(crate) fn go_on_with(faults: Vec<Fault>) -> Result<(), Vec<Fault>> {
    if faults.iter().any(|fault| fault.stops) {
        return Err(faults);
    }
    for fault in faults {
        tracing::error!(%fault, "config.part_is_of_no_use");
    }
    Ok(())
}

/// Every fault, as a script reads it.
pub(crate) fn told(faults: &[Fault]) -> serde_json::Value {
    let each = |fault: &Fault| serde_json::json!({"key": fault.path, "what": fault.what, "stops": fault.stops});
    let listed: Vec<serde_json::Value> = faults.iter().map(each).collect();
    serde_json::json!({"holds": faults.is_empty(), "faults": listed})
}

/// Reads file and environment. The error names the key at fault, never its value.
pub(crate) fn read(file: &Path) -> Result<Config, Vec<Fault>> {
    let environment = config::Environment::with_prefix("LIFELINE")
        .prefix_separator("__")
        .separator("__")
        .try_parsing(true);
    let unread = |error: config::ConfigError| {
        vec![Fault::new(&file.display().to_string(), &error.to_string())]
    };
    let written = config::Config::builder()
        .add_source(config::File::from(file).format(config::FileFormat::Toml))
        .add_source(environment);
    let built = written.clone().build().map_err(unread)?;
    let opened = sealed::opened(&built)?.into_iter();
    let whole = opened
        .map(|(name, clear)| (name, clear.as_str().to_owned()))
        .try_fold(written, |all, (name, clear)| all.set_override(name, clear))
        .map_err(unread)?;
    let loaded = whole
        .build()
        .and_then(config::Config::try_deserialize::<Config>);
    loaded.map_err(unread)
}

/// A demo's limits: the defaults, unless `LIFELINE__LIMITS__*` says otherwise (benchmarks do); but
/// twenty times as much of single functions, because one address clicks for several households; and a step-up
/// before payments from 100,000 yuan in a day only, because a demo's households are always new and pay all day.
#[cfg(feature = "demo")]
pub(crate) fn limits_of_environment() -> Result<Limits, Vec<Fault>> {
    let environment = config::Environment::with_prefix("LIFELINE__LIMITS")
        .prefix_separator("__")
        .try_parsing(true);
    config::Config::builder()
        .set_default("functions_percent", 2_000)
        .and_then(|builder| builder.set_default("step_up_day_fen", 10_000_000))
        .and_then(|builder| builder.set_default("step_up_new_fen", 10_000_000))
        .and_then(|builder| builder.add_source(environment).build())
        .and_then(config::Config::try_deserialize::<Limits>)
        .map_err(|error| vec![Fault::new("LIFELINE__LIMITS", &error.to_string())])
}

/// How a demo deals with payments: as usual, unless `LIFELINE__PAYMENTS__*` says otherwise, as it does of an installation
/// (a test trips the brake of refunds).
#[cfg(feature = "demo")]
pub(crate) fn payments_of_environment() -> Result<Payments, Vec<Fault>> {
    let environment = config::Environment::with_prefix("LIFELINE__PAYMENTS")
        .prefix_separator("__")
        .separator("__")
        .try_parsing(true);
    let read = config::Config::builder()
        .add_source(environment)
        .build()
        .and_then(config::Config::try_deserialize::<Payments>)
        .map_err(|error| vec![Fault::new("LIFELINE__PAYMENTS", &error.to_string())])?;
    let mut faults = Faults(Vec::new());
    read.check(&mut faults);
    if faults.0.is_empty() {
        Ok(read)
    } else {
        Err(faults.0)
    }
}

/// A demo's key vault: the software one, unless `LIFELINE__VAULT__*` names a token.
#[cfg(feature = "demo")]
pub(crate) fn vault_of_environment() -> Result<Vault, Vec<Fault>> {
    let environment = config::Environment::with_prefix("LIFELINE__VAULT")
        .prefix_separator("__")
        .try_parsing(true);
    let read = config::Config::builder()
        .add_source(environment)
        .build()
        .and_then(config::Config::try_deserialize::<Vault>)
        .map_err(|error| vec![Fault::new("LIFELINE__VAULT", &error.to_string())])?;
    let mut faults = Faults(Vec::new());
    read.check(&mut faults);
    if faults.0.is_empty() {
        Ok(read)
    } else {
        Err(faults.0)
    }
}

impl Config {
    /// Everything that must hold before `serve` may start (money.md 3.10).
    pub(crate) fn faults_for_production(&self) -> Vec<Fault> {
        let mut faults = Faults(self.faults_before_migration());
        self.store.check_keyring(&mut faults);
        faults.0
    }

    /// What must hold before `migrate`: the same, except that a new store has no keyring yet.
    pub(crate) fn faults_before_migration(&self) -> Vec<Fault> {
        let mut faults = Faults(Vec::new());
        self.listeners.check(&mut faults);
        self.store.check(&mut faults);
        self.redis.check(&mut faults);
        self.alipay.check(&mut faults);
        self.marketing.check("marketing", &mut faults);
        self.sms.check("sms", &mut faults);
        self.user_system.check("user_system", &mut faults);
        self.generation.check("generation", &mut faults);
        self.exchange.check("exchange", &mut faults);
        self.notices.check(&mut faults);
        self.billing.check(&mut faults);
        self.payments.check(&mut faults);
        self.settlement.check(&mut faults);
        self.jobs.check(&mut faults);
        self.vault.check(&mut faults);
        self.limits.check(&mut faults);
        self.breaker.check(&mut faults);
        self.logs.check(&mut faults);
        self.node
            .check(self.listeners.console.is_some(), &mut faults);
        faults.0
    }
}

#[cfg(test)]
mod tests;
