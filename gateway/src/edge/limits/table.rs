//! The buckets of this node: one decision over all keys of a request, taken as a whole or not at all.
//!
//! Keys are kept as digests under a secret of this process: the table holds nobody's phone or home,
//! and nobody outside can choose keys that fall together.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, BuildHasherDefault, Hasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lifeline_core::shared::gcra::{Arrival, Quota};

use super::fill::{Fills, Named};

/// Keys one decision may have: as many as one order may have homes.
pub const KEYS_MAX: usize = 20;
pub const SHARDS: usize = 64;
/// Buckets that a shard keeps. When all of them are in use, strangers share a few.
const KEPT_PER_SHARD_MAX: usize = 16_384;
const STRANGERS: u64 = 0x3ff;
/// A full shard is tidied at most this often.
const TIDY_NS: u64 = 1_000_000_000;

/// One key of a decision.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// What kind of key it is; the same subject under two names is two keys.
    pub name: &'static str,
    /// What tells apart the functions that count by themselves; often empty.
    pub function: &'static str,
    pub subject: &'a str,
    pub quota: Quota,
    pub cost: u32,
}

/// What a node may spend of a key without asking the others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stock {
    pub units: u32,
    /// Whole units the others still have, as far as this node was told.
    pub elsewhere: u32,
    /// The stock is worth nothing from then on.
    pub until_ns: u64,
    /// Before then the others have nothing to give.
    pub dry_until_ns: u64,
}

#[derive(Debug, Clone, Copy)]
struct Kept {
    named: Named,
    arrival: Arrival,
    quota: Quota,
    stock: Stock,
}

/// 2^64 by the golden ratio, odd: spreads every bit over those above it.
const MIXING: u64 = 0x9e37_79b9_7f4a_7c15;

/// A digest is nearly as good a hash as any.
#[derive(Default)]
struct Digested(u64);

impl Hasher for Digested {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, digest: u64) {
        // Mixed: keys of one shard have their low bits in common, strangers all but their low bits.
        self.0 = digest.wrapping_mul(MIXING).rotate_left(32);
    }
}

#[derive(Default)]
struct Shard {
    buckets: HashMap<u64, Kept, BuildHasherDefault<Digested>>,
    /// When it was last tidied for want of room: under a flood not for every key.
    tidied_ns: u64,
}

impl Shard {
    fn tidy(&mut self, now_ns: u64) {
        self.tidied_ns = now_ns;
        self.buckets.retain(|_, kept| kept.is_worth_keeping(now_ns));
    }
}

/// All buckets.
pub struct Table {
    shards: Vec<Mutex<Shard>>,
    kept_per_shard_max: usize,
    secret: RandomState,
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Table")
    }
}

/// Units left for each key, in the order of the keys.
pub type Left = [u32; KEYS_MAX];

/// Why a decision was no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// Which of the keys has the longest wait.
    pub by: usize,
    /// The longest of the keys' waits: after it all of them pass.
    pub wait: Duration,
    pub left: Left,
}

/// How a decision by stocks went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ByStock {
    Passed(Left),
    Refused(Refused),
    /// These keys need more from the others first.
    Short(Vec<usize>),
}

/// The shards of a decision, locked in their order, so that no two decisions wait for each other.
struct Locked<'t> {
    kept_per_shard_max: usize,
    guards: Vec<(usize, MutexGuard<'t, Shard>)>,
}

impl Locked<'_> {
    fn shard(&mut self, digest: u64) -> Option<&mut Shard> {
        let wanted = shard_of(digest);
        let guard = self.guards.iter_mut().find(|(at, _)| *at == wanted);
        guard.map(|(_, guard)| &mut **guard)
    }

    fn find(&mut self, digest: u64) -> Option<Kept> {
        self.shard(digest)?.buckets.get(&digest).copied()
    }

    /// The digest under which a key is kept: its own while there is room.
    fn settle(&mut self, digest: u64, now_ns: u64) -> u64 {
        let most = self.kept_per_shard_max;
        let Some(shard) = self.shard(digest) else {
            return digest;
        };
        if shard.buckets.len() < most || shard.buckets.contains_key(&digest) {
            return digest;
        }
        if now_ns >= shard.tidied_ns.saturating_add(TIDY_NS) {
            shard.tidy(now_ns);
        }
        if shard.buckets.len() < most {
            return digest;
        }
        metrics::counter!("lifeline_limits_strangers_total").increment(1);
        // The shard is chosen by the low bits, which strangers of one shard keep.
        let low = u64::try_from(SHARDS).unwrap_or(1);
        digest & (STRANGERS.saturating_mul(low) | low.saturating_sub(1))
    }

    fn put(&mut self, digest: u64, kept: Kept) {
        if let Some(shard) = self.shard(digest) {
            shard.buckets.insert(digest, kept);
        }
    }
}

impl Kept {
    fn new(ask: &Ask<'_>) -> Self {
        Self {
            named: (ask.name, ask.function),
            arrival: Arrival::default(),
            quota: ask.quota,
            stock: Stock::default(),
        }
    }

    /// Units that would still pass now, as far as this node knows.
    fn left(&self, now_ns: u64) -> u32 {
        let burst = self.quota.burst();
        if self.stock.dry_until_ns > now_ns {
            return 0;
        }
        if self.stock.until_ns > now_ns {
            return self.stock.units.saturating_add(self.stock.elsewhere);
        }
        let last = Some(self.arrival);
        let judged = self.quota.judge(last, 0, now_ns);
        judged.map_or(0, |pass| pass.remaining).min(burst)
    }

    fn is_worth_keeping(&self, now_ns: u64) -> bool {
        !self.quota.is_full(self.arrival, now_ns)
            || self.stock.until_ns > now_ns
            || self.stock.dry_until_ns > now_ns
    }
}

fn shard_of(digest: u64) -> usize {
    let low = u64::try_from(SHARDS).unwrap_or(1);
    usize::try_from(digest.checked_rem(low).unwrap_or(0)).unwrap_or(0)
}

impl Default for Table {
    fn default() -> Self {
        Self::with_room(KEPT_PER_SHARD_MAX)
    }
}

impl Table {
    fn with_room(kept_per_shard_max: usize) -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            kept_per_shard_max,
            secret: RandomState::new(),
        }
    }

    /// Of the million keys a table holds at most, two share a digest once in thirty million tables.
    fn digest(&self, ask: &Ask<'_>) -> u64 {
        let key = (ask.name, ask.function, ask.subject);
        self.secret.hash_one(key)
    }

    /// Which part of the table a key belongs to.
    #[must_use]
    pub fn shard(&self, ask: &Ask<'_>) -> usize {
        shard_of(self.digest(ask))
    }

    /// Locks what the keys need and finds where each is kept.
    fn lock(&self, asks: &[Ask<'_>], now_ns: u64) -> (Locked<'_>, [u64; KEYS_MAX]) {
        let mut digests = [0_u64; KEYS_MAX];
        let mut wanted = [usize::MAX; KEYS_MAX];
        for ((digest, place), ask) in digests.iter_mut().zip(wanted.iter_mut()).zip(asks) {
            *digest = self.digest(ask);
            *place = shard_of(*digest);
        }
        let wanted = wanted.get_mut(..asks.len()).unwrap_or_default();
        wanted.sort_unstable();
        let mut guards = Vec::with_capacity(asks.len());
        let mut last = usize::MAX;
        for at in wanted.iter().copied() {
            if let (true, Some(shard)) = (at != last, self.shards.get(at)) {
                guards.push((at, shard.lock().unwrap_or_else(PoisonError::into_inner)));
            }
            last = at;
        }
        let mut locked = Locked {
            kept_per_shard_max: self.kept_per_shard_max,
            guards,
        };
        for (digest, _) in digests.iter_mut().zip(asks) {
            *digest = locked.settle(*digest, now_ns);
        }
        (locked, digests)
    }

    /// Judges all keys by this node's own buckets. Only when all pass is anything taken.
    ///
    /// # Errors
    /// [`Refused`] names the longest wait.
    pub fn decide(&self, asks: &[Ask<'_>], now_ns: u64) -> Result<Left, Refused> {
        let asks = asks.get(..KEYS_MAX).unwrap_or(asks);
        let (mut locked, digests) = self.lock(asks, now_ns);
        let mut left = [0_u32; KEYS_MAX];
        let mut next = [Arrival::default(); KEYS_MAX];
        let (mut by, mut wait) = (0, Duration::ZERO);
        for (at, (ask, digest)) in asks.iter().zip(digests).enumerate() {
            let last = locked.find(digest).map(|kept| kept.arrival);
            match ask.quota.judge(last, ask.cost, now_ns) {
                Ok(pass) => {
                    set(&mut left, at, pass.remaining);
                    set(&mut next, at, pass.arrival);
                }
                Err(refused) if refused.0 > wait => (by, wait) = (at, refused.0),
                Err(_) => {}
            }
        }
        if wait > Duration::ZERO {
            return Err(Refused { by, wait, left });
        }
        for ((ask, digest), arrival) in asks.iter().zip(digests).zip(next) {
            let mut kept = locked.find(digest).unwrap_or_else(|| Kept::new(ask));
            (kept.arrival, kept.quota) = (arrival, ask.quota);
            locked.put(digest, kept);
        }
        Ok(left)
    }

    /// Judges all keys by what the others gave this node. Only when all pass is anything taken.
    /// `gained` is put into the stocks first.
    pub fn decide_by_stock(
        &self,
        asks: &[Ask<'_>],
        gained: &[(usize, Stock)],
        now_ns: u64,
    ) -> ByStock {
        let asks = asks.get(..KEYS_MAX).unwrap_or(asks);
        let (mut locked, digests) = self.lock(asks, now_ns);
        let mut stocks = [Stock::default(); KEYS_MAX];
        for (at, digest) in digests.iter().enumerate().take(asks.len()) {
            let kept = locked.find(*digest).map(|kept| kept.stock);
            let mut stock = kept.unwrap_or_default();
            if stock.until_ns <= now_ns {
                stock.units = 0;
            }
            for (_, more) in gained.iter().filter(|(of, _)| *of == at) {
                stock.units = stock.units.saturating_add(more.units);
                stock.until_ns = stock.until_ns.max(more.until_ns);
                stock.elsewhere = more.elsewhere;
                stock.dry_until_ns = more.dry_until_ns;
            }
            set(&mut stocks, at, stock);
        }
        let verdict = verdict(asks, &stocks, now_ns);
        for ((ask, digest), stock) in asks.iter().zip(digests).zip(&mut stocks) {
            if matches!(verdict, ByStock::Passed(_)) {
                stock.units = stock.units.saturating_sub(cost(ask));
            }
            let mut kept = locked.find(digest).unwrap_or_else(|| Kept::new(ask));
            kept.stock = *stock;
            locked.put(digest, kept);
        }
        verdict
    }

    /// Forgets what is full again; called by a timer, or keys would pile up.
    pub fn forget(&self, now_ns: u64) {
        for shard in &self.shards {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            shard.tidy(now_ns);
            shard.buckets.shrink_to_fit();
        }
    }

    /// Forgets every key of one limit.
    pub fn empty(&self, named: Named) {
        for shard in &self.shards {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            shard.buckets.retain(|_, kept| kept.named != named);
        }
    }

    /// How full every key is, counted by its limit; a shard at a time.
    pub fn fill(&self, fills: &mut Fills, now_ns: u64) {
        for shard in &self.shards {
            let shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            for kept in shard.buckets.values() {
                let fill = fills.of(kept.named, kept.quota);
                fill.count(kept.quota, kept.left(now_ns));
            }
        }
    }

    /// Buckets kept now.
    #[must_use]
    pub fn len(&self) -> usize {
        let count = |shard: &Mutex<Shard>| {
            let shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            shard.buckets.len()
        };
        self.shards.iter().map(count).sum()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// As everywhere, a cost above the burst is the burst.
fn cost(ask: &Ask<'_>) -> u32 {
    ask.cost.min(ask.quota.burst())
}

fn verdict(asks: &[Ask<'_>], stocks: &[Stock; KEYS_MAX], now_ns: u64) -> ByStock {
    let mut left = [0_u32; KEYS_MAX];
    let (mut by, mut wait) = (0, Duration::ZERO);
    let mut short = Vec::new();
    for (at, (ask, stock)) in asks.iter().zip(stocks).enumerate() {
        match stock.units.checked_sub(cost(ask)) {
            Some(rest) => set(&mut left, at, rest.saturating_add(stock.elsewhere)),
            None if stock.dry_until_ns > now_ns => {
                let dry = stock.dry_until_ns.saturating_sub(now_ns);
                let dry = Duration::from_nanos(dry);
                if dry > wait {
                    (by, wait) = (at, dry);
                }
            }
            None => short.push(at),
        }
    }
    if wait > Duration::ZERO {
        ByStock::Refused(Refused { by, wait, left })
    } else if short.is_empty() {
        ByStock::Passed(left)
    } else {
        ByStock::Short(short)
    }
}

fn set<T>(array: &mut [T; KEYS_MAX], at: usize, value: T) {
    if let Some(place) = array.get_mut(at) {
        *place = value;
    }
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
