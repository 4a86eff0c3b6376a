//! How often somebody may ask, before and after we know who it is.
//!
//! | file | what it is |
//! |---|---|
//! | `rules` | which keys a request has, and how much of each |
//! | `table` | this node's buckets: one decision over all keys |
//! | `stock` | what it leased of keys that several nodes share |
//! | `steady` | the time they reckon with |
//! | `standing` | what a caller is told |
//! | `fill` | what staff are shown |
//!
//! Per address: `governor`, in process, before authentication. Everything else is one decision over
//! all keys of the request. With several nodes each leases portions of a key through the shared
//! limiter and spends them by itself: one call for many requests. While that is away, a node passes
//! its share of the quota and no more.

pub mod fill;
pub mod rules;
pub mod standing;
pub mod steady;
pub mod stock;
pub mod table;

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota as Pace, RateLimiter};
use lifeline_core::shared::cluster::{Lease, LeaseAsk, SharedLimiter};
use lifeline_core::shared::gcra::Quota;

pub use self::fill::Fill;
use self::fill::{Fills, Named, Refusals};
pub use self::rules::{Asker, Function, Quotas, Rule, Subject};
pub use self::standing::{Judged, Mark, Standing};
use self::steady::{Monotonic, Steady, Ticks};
use self::stock::{ByStock, Short, Stock};
use self::table::{KEYS_MAX, Left, Refused, Table};

type Addresses =
    RateLimiter<IpAddr, DefaultKeyedStateStore<IpAddr>, DefaultClock, StateInformationMiddleware>;

/// An address that goes on so often after it was refused is shut out for a while.
pub const STRIKES_MAX: NonZeroU32 = NonZeroU32::MIN.saturating_add(199);
const STRIKES_SPAN: Duration = Duration::from_secs(600);
/// A token that nobody issued counts as so many refusals.
pub const FORGERY_WEIGHT: u32 = 10;
/// A lease is spent within this, or lost.
pub const LEASE_LIFE: Duration = Duration::from_secs(2);
/// The most units of one key that a node leases at once, and so the most by which each node can add
/// to what a quota passes in a span of time (`docs/SECURITY.md`, limits).
pub const LEASE_UNITS_MAX: u32 = 512;
/// The first lease of a key, before it is known how often it is asked for: who opens a page asks a few times.
const LEASE_UNITS_FIRST: u32 = 4;
/// Other requests may spend what a lease brought before the one that asked for it comes to it.
const LEASE_TURNS_MAX: u32 = 3;

/// The most that a node leases of a quota at once: an eighth, so that the overshoot stays small beside it.
#[must_use]
pub fn lease_units(quota: Quota) -> u32 {
    let eighth = quota.burst().checked_div(8).unwrap_or(1);
    eighth.clamp(1, LEASE_UNITS_MAX)
}

/// One lease of a key at a time: a node that leased a portion for each who asks would empty the key,
/// and leave the other nodes nothing of what it then cannot use.
struct Turns(Vec<tokio::sync::Mutex<()>>);

impl Default for Turns {
    fn default() -> Self {
        Self((0..table::SHARDS).map(|_| Default::default()).collect())
    }
}

impl Turns {
    /// Waits for the turn of some keys' shards, in their order, so that no two wait for each other.
    async fn of(
        &self,
        shards: impl Iterator<Item = usize>,
    ) -> Vec<tokio::sync::MutexGuard<'_, ()>> {
        let shards: std::collections::BTreeSet<usize> = shards.collect();
        let mut held = Vec::with_capacity(shards.len());
        for turn in shards.into_iter().filter_map(|at| self.0.get(at)) {
            held.push(turn.lock().await);
        }
        held
    }
}

/// All limits of a listener.
pub struct Limits {
    quotas: Quotas,
    /// Exchanged for new ones when staff empty them: it forgets no address before its time.
    addresses: RwLock<Addresses>,
    table: Table,
    strikes: Table,
    refusals: Refusals,
    time: Steady,
    shared: Option<Arc<dyn SharedLimiter>>,
    turns: Turns,
}

impl std::fmt::Debug for Limits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Limits")
            .field("quotas", &self.quotas)
            .finish_non_exhaustive()
    }
}

impl Limits {
    #[must_use]
    pub fn new(quotas: Quotas, shared: Option<Arc<dyn SharedLimiter>>) -> Self {
        Self::by(quotas, shared, Box::<Monotonic>::default())
    }

    /// As [`Limits::new`], by another clock.
    #[must_use]
    pub fn by(
        quotas: Quotas,
        shared: Option<Arc<dyn SharedLimiter>>,
        ticks: Box<dyn Ticks>,
    ) -> Self {
        Self {
            addresses: RwLock::new(of_addresses(&quotas)),
            quotas,
            table: Table::default(),
            strikes: Table::default(),
            refusals: Refusals::default(),
            time: Steady::over(ticks),
            shared,
            turns: Turns::default(),
        }
    }

    /// One request from an address. An IPv6 client is judged by its /64, which is one subscriber.
    pub fn address(&self, address: IpAddr) -> Result<Standing, Standing> {
        let key = rules::subscriber(address);
        let mark = |remaining| Mark {
            name: "address",
            quota: Quota::per_minute(self.quotas.per_address_minute),
            remaining,
        };
        let addresses = self.addresses();
        match addresses.check_key(&key) {
            Ok(state) => Ok(Standing::passing(vec![mark(
                state.remaining_burst_capacity(),
            )])),
            Err(until) => {
                let wait = until.wait_time_from(DefaultClock::default().now());
                self.refusals.note(("address", ""), self.time.now_ns());
                Err(Standing::refused(vec![mark(0)], 0, wait))
            }
        }
    }

    /// One more offence of an address, of a weight; false when there were too many of them lately.
    pub fn strike(&self, address: IpAddr, weight: u32) -> bool {
        let rule = Rule {
            name: "strikes",
            function: "",
            subject: Subject::Subscriber(rules::subscriber(address)),
            quota: Quota::per(STRIKES_MAX, STRIKES_SPAN),
            cost: weight,
        };
        let now_ns = self.time.now_ns();
        let passes = self.strikes.decide(&[rule], now_ns).is_ok();
        if !passes {
            self.refusals.note(("strikes", ""), now_ns);
        }
        passes
    }

    /// One request for a function, by everything that is known of who asks.
    pub async fn admit(&self, function: Function, asker: &Asker<'_>) -> Result<Standing, Standing> {
        self.decide(&self.quotas.rules(function, asker)).await
    }

    /// One request about homes that only its body names, each by the name its owner's client knows.
    pub async fn homes<'h>(
        &self,
        function: Function,
        homes: impl Iterator<Item = &'h str>,
    ) -> Result<Standing, Standing> {
        self.decide(&self.quotas.of_homes(function, homes)).await
    }

    /// One decision over several keys.
    pub async fn decide(&self, rules: &[Rule<'_>]) -> Result<Standing, Standing> {
        let rules = rules.get(..KEYS_MAX).unwrap_or(rules);
        let decided = match &self.shared {
            Some(shared) => match self.by_leases(shared.as_ref(), rules).await {
                Some(decided) => decided,
                None => {
                    metrics::counter!("lifeline_limiter_shared_away_total").increment(1);
                    let share = |rule: &Rule<'_>| rule.quota.share(self.quotas.nodes);
                    let shares = rules.iter().map(|rule| Rule {
                        quota: share(rule),
                        ..*rule
                    });
                    let shares: Vec<Rule<'_>> = shares.collect();
                    self.table.decide(&shares, self.time.now_ns())
                }
            },
            None => self.table.decide(rules, self.time.now_ns()),
        };
        match decided {
            Ok(left) => Ok(Standing::passing(marks(rules, &left))),
            Err(Refused { by, wait, left }) => {
                if let Some(rule) = rules.get(by) {
                    let named = (rule.name, rule.function);
                    self.refusals.note(named, self.time.now_ns());
                }
                Err(Standing::refused(marks(rules, &left), by, wait))
            }
        }
    }

    /// A decision by leased portions; `None` while the shared limiter is away.
    async fn by_leases(
        &self,
        shared: &dyn SharedLimiter,
        rules: &[Rule<'_>],
    ) -> Option<Result<Left, Refused>> {
        for _ in 0..LEASE_TURNS_MAX {
            let short = match self.by_stock(rules, &[]) {
                Ok(decided) => return Some(decided),
                Err(short) => short,
            };
            let keys = short.iter().filter_map(|short| rules.get(short.at));
            let _turn = self.turns.of(keys.map(|rule| self.table.shard(rule))).await;
            // What the one before brought may be enough for this one too.
            let short = match self.by_stock(rules, &[]) {
                Ok(decided) => return Some(decided),
                Err(short) => short,
            };
            let ask = |short: &Short| Some(lease_ask(rules.get(short.at)?, short.wanted));
            let asks: Vec<LeaseAsk> = short.iter().filter_map(ask).collect();
            // Reckoned from before the call: a lease never outlives what the others believe.
            let now_ns = self.time.now_ns();
            let leases = shared.lease(&asks).await.ok()?;
            let gained: Vec<(usize, Stock)> = short
                .into_iter()
                .zip(leases)
                .map(|(short, lease)| (short.at, stock(lease, now_ns)))
                .collect();
            if let Ok(decided) = self.by_stock(rules, &gained) {
                return Some(decided);
            }
        }
        // Many ask for what little there is: the next second is another turn.
        Some(Err(Refused {
            by: 0,
            wait: Duration::from_secs(1),
            left: [0; KEYS_MAX],
        }))
    }

    /// A decision by what this node has, or the keys that are short.
    fn by_stock(
        &self,
        rules: &[Rule<'_>],
        gained: &[(usize, Stock)],
    ) -> Result<Result<Left, Refused>, Vec<Short>> {
        let now_ns = self.time.now_ns();
        match self.table.decide_by_stock(rules, gained, now_ns) {
            ByStock::Passed(left) => Ok(Ok(left)),
            ByStock::Refused(refused) => Ok(Err(refused)),
            ByStock::Short(short) => Err(short),
        }
    }

    /// How full every limit is on this node now, whether somebody counts by it or not. Of the addresses
    /// it is known how many count, not how much each has left.
    #[must_use]
    pub fn fill(&self) -> Vec<Fill> {
        let now_ns = self.time.now_ns();
        let mut fills = Fills::default();
        let rules = self.quotas.all();
        for (named, quota) in &rules {
            fills.of(*named, *quota);
        }
        let per_address = Quota::per_minute(self.quotas.per_address_minute);
        fills.of(("address", ""), per_address).keys = self.addresses().len();
        fills.of(("strikes", ""), Quota::per(STRIKES_MAX, STRIKES_SPAN));
        self.table.fill(&mut fills, now_ns);
        self.strikes.fill(&mut fills, now_ns);
        // A figure of a home that nobody counts by any more has the quota of all of them.
        let like = |named: Named| {
            let found = rules.iter().find(|((name, _), _)| *name == named.0);
            found.map_or(per_address, |(_, quota)| *quota)
        };
        for (named, hour, day) in self.refusals.lately(now_ns) {
            let fill = fills.of(named, like(named));
            (fill.refused_hour, fill.refused_day) = (hour, day);
        }
        fills.into_vec()
    }

    fn addresses(&self) -> RwLockReadGuard<'_, Addresses> {
        let addresses = self.addresses.read();
        addresses.unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets what was used of one limit on this node, by whomever. What several nodes share is known to the others
    /// still, and comes back with its time.
    pub fn empty(&self, named: Named) {
        if named.0 == "address" {
            let fresh = of_addresses(&self.quotas);
            let mut addresses = self
                .addresses
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            *addresses = fresh;
        } else {
            self.table.empty(named);
            self.strikes.empty(named);
        }
    }

    /// Forgets keys whose burst is full again; called by a timer, or keys would pile up.
    pub fn forget(&self) {
        self.addresses().retain_recent();
        self.addresses().shrink_to_fit();
        self.strikes.forget(self.time.now_ns());
        self.table.forget(self.time.now_ns());
    }
}

fn of_addresses(quotas: &Quotas) -> Addresses {
    RateLimiter::keyed(Pace::per_minute(quotas.per_address_minute))
        .with_middleware::<StateInformationMiddleware>()
}

/// What a key is leased for: what its last lease says of it, so that who asks seldom leaves the other nodes what it
/// would not use.
fn lease_ask(rule: &Rule<'_>, wanted: u32) -> LeaseAsk {
    let least = rule.cost.min(rule.quota.burst());
    let wanted = if wanted == 0 {
        LEASE_UNITS_FIRST
    } else {
        wanted
    };
    LeaseAsk {
        key: format!("{}:{}:{}", rule.name, rule.function, rule.subject),
        quota: rule.quota,
        least,
        wanted: wanted.min(lease_units(rule.quota)).max(least),
    }
}

fn stock(lease: Lease, now_ns: u64) -> Stock {
    let after =
        |time: Duration| now_ns.saturating_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    Stock {
        units: lease.units,
        elsewhere: lease.remaining,
        until_ns: after(LEASE_LIFE),
        dry_until_ns: if lease.units == 0 {
            after(lease.retry_after.max(Duration::from_millis(1)))
        } else {
            0
        },
        ..Stock::default()
    }
}

fn marks(rules: &[Rule<'_>], left: &Left) -> Vec<Mark> {
    rules
        .iter()
        .zip(left)
        .map(|(rule, remaining)| Mark {
            name: rule.name,
            quota: rule.quota,
            remaining: *remaining,
        })
        .collect()
}

#[cfg(test)]
mod tests;
