//! How much of one account and of a dear function is under way at once over all nodes.
//!
//! A node has a few places of each key freely; beyond them it has places by lease, asked for in portions,
//! so that most requests ask nobody. What a lease gave is used for the first half of its life only: what is
//! let in then is over (a request has 12 seconds) before another node can have the place. A node that dies
//! frees its places when their life is over. While the shared place is away a node passes its share.
//!
//! So all nodes together have at most `most`, and the free ones of each node besides; in the time in which
//! the shared place goes away or comes back at most once `most` more (docs/SECURITY.md).

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lifeline_core::shared::cluster::{PlacesAsk, SharedPlaces};

use super::codes::Code;
use super::limits::Function;
use super::limits::steady::{Monotonic, Steady, Ticks};
use super::problem::Problem;

/// How long a node has what it was given.
pub const LIFE: Duration = Duration::from_secs(30);
/// Of one account under way, over all nodes.
pub const PER_ACCOUNT_MAX: u32 = 64;
/// So many keys are remembered before those that are not used are forgotten.
const KEYS_MAX: usize = 4_096;
/// Askers for the same key wait for one another: a later answer is never overtaken by an earlier one.
const TURNS: usize = 32;

/// Of one function under way, over all nodes; the others are bounded on each node alone.
#[must_use]
pub const fn per_function(function: Function) -> Option<u32> {
    match function {
        Function::Rights => Some(16),
        Function::Identify | Function::Code => Some(128),
        Function::SignIn => Some(256),
        Function::Query | Function::Pay | Function::Other => None,
    }
}

/// What a node lets in without asking.
#[must_use]
pub const fn free_of(most: u32) -> u32 {
    let few = most.div_euclid(16);
    if few == 0 { 1 } else { few }
}

/// What is asked for beyond what is used.
const fn portion(most: u32) -> u32 {
    let eighth = most.div_euclid(8);
    if eighth == 0 { 1 } else { eighth }
}

#[derive(Debug, Clone, Copy, Default)]
struct Held {
    in_use: u32,
    /// By lease, until a moment of this node's clock.
    leased: u32,
    until_ns: u64,
}

/// What is under way here, and what of it by lease.
pub struct Together {
    shared: Arc<dyn SharedPlaces>,
    node: String,
    nodes: NonZeroU32,
    keys: Mutex<HashMap<String, Held>>,
    turns: Vec<tokio::sync::Mutex<()>>,
    time: Steady,
}

impl std::fmt::Debug for Together {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Together")
            .field("node", &self.node)
            .finish_non_exhaustive()
    }
}

/// Places of a request; given back when it is answered or given up.
#[derive(Debug)]
pub struct Places {
    of: Arc<Together>,
    keys: Vec<String>,
}

impl Drop for Places {
    fn drop(&mut self) {
        let mut held = self.of.held();
        for key in &self.keys {
            if let Some(one) = held.get_mut(key) {
                one.in_use = one.in_use.saturating_sub(1);
            }
        }
    }
}

impl Together {
    /// `node` is this process's own name among the nodes.
    #[must_use]
    pub fn new(shared: Arc<dyn SharedPlaces>, node: String, nodes: NonZeroU32) -> Self {
        Self::by(shared, node, nodes, Box::<Monotonic>::default())
    }

    /// As [`Together::new`], by another clock.
    #[must_use]
    pub fn by(
        shared: Arc<dyn SharedPlaces>,
        node: String,
        nodes: NonZeroU32,
        ticks: Box<dyn Ticks>,
    ) -> Self {
        Self {
            shared,
            node,
            nodes,
            keys: Mutex::default(),
            turns: (0..TURNS).map(|_| Default::default()).collect(),
            time: Steady::over(ticks),
        }
    }

    fn held(&self) -> MutexGuard<'_, HashMap<String, Held>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Places for a request of a function, by whom it is when that is known.
    ///
    /// # Errors
    /// Too many of the same are under way.
    pub async fn enter(
        self: &Arc<Self>,
        function: Function,
        account: Option<&str>,
    ) -> Result<Places, Problem> {
        let mut places = Places {
            of: Arc::clone(self),
            keys: Vec::with_capacity(2),
        };
        let dear = per_function(function).map(|most| (format!("function:{function:?}"), most));
        let whose = account.map(|account| (format!("account:{account}"), PER_ACCOUNT_MAX));
        for (key, most) in dear.into_iter().chain(whose) {
            if !self.take(&key, most).await {
                metrics::counter!("lifeline_put_off_together_total").increment(1);
                return Err(Problem::new(Code::RateLimited).retry_after(1));
            }
            places.keys.push(key);
        }
        Ok(places)
    }

    async fn take(&self, key: &str, most: u32) -> bool {
        if self.takes_here(key, most) {
            return true;
        }
        let Some(turn) = self.turns.get(turn_of(key)) else {
            return false;
        };
        let _turn = turn.lock().await;
        // What the one before brought may be enough for this one too.
        if self.takes_here(key, most) {
            return true;
        }
        let now_ns = self.time.now_ns();
        let beyond = self
            .in_use(key)
            .saturating_add(1)
            .saturating_sub(free_of(most));
        let ask = PlacesAsk {
            key: key.to_owned(),
            most,
            wanted: beyond.saturating_add(portion(most)).min(most),
        };
        let half = u64::try_from(LIFE.as_nanos())
            .unwrap_or(u64::MAX)
            .div_euclid(2);
        match self.shared.keep(&self.node, &[ask], LIFE).await {
            Ok(given) => {
                let leased = given.first().copied().unwrap_or(0);
                let mut held = self.held();
                let one = held.entry(key.to_owned()).or_default();
                one.leased = leased;
                // Reckoned from before the call: the lease never ends sooner than this node believes.
                one.until_ns = now_ns.saturating_add(half);
                admits(one, free_of(most).saturating_add(leased))
            }
            Err(_) => {
                let share = most.div_euclid(self.nodes.get()).max(free_of(most));
                admits(self.held().entry(key.to_owned()).or_default(), share)
            }
        }
    }

    fn in_use(&self, key: &str) -> u32 {
        self.held().get(key).map_or(0, |one| one.in_use)
    }

    fn takes_here(&self, key: &str, most: u32) -> bool {
        let now_ns = self.time.now_ns();
        let mut held = self.held();
        if held.len() >= KEYS_MAX {
            held.retain(|_, one| one.in_use > 0 || one.until_ns > now_ns);
        }
        let one = held.entry(key.to_owned()).or_default();
        let leased = if one.until_ns > now_ns { one.leased } else { 0 };
        admits(one, free_of(most).saturating_add(leased))
    }
}

fn admits(one: &mut Held, most: u32) -> bool {
    let free = one.in_use < most;
    one.in_use = one.in_use.saturating_add(u32::from(free));
    free
}

fn turn_of(key: &str) -> usize {
    let sum = key.bytes().fold(0_usize, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(usize::from(byte))
    });
    sum % TURNS
}

#[cfg(test)]
#[path = "together_tests.rs"]
mod tests;
