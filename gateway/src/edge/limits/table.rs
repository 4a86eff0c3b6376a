//! The buckets of this node: one decision over all keys of a request, taken as a whole or not at all.
//!
//! Keys are kept as digests under a secret of this process: the table holds nobody's phone or home,
//! and nobody outside can choose keys that fall together, since nobody outside is shown a digest.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasher as _, BuildHasherDefault, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use foldhash::quality::RandomState;
use lifeline_core::shared::gcra::{Arrival, Quota, Wait};
use smallvec::SmallVec;

use super::fill::{Fills, Named};
use super::rules::Rule;
use super::stock::{ByStock, Stock, cost, verdict};

/// Keys one decision may have: as many as one order may have homes.
pub const KEYS_MAX: usize = 20;
/// Keys that a decision seldom has more of: so many need no room of their own to be allocated.
const KEYS_FEW: usize = 8;
/// As many as a word has bits.
pub const SHARDS: usize = 64;
const SHARDS_U64: u64 = 64;
/// Buckets that a shard keeps. When all of them are in use, strangers share a few.
const KEPT_PER_SHARD_MAX: usize = 16_384;
const STRANGERS: u64 = 0x3ff;
/// A full shard is tidied at most this often.
const TIDY_NS: u64 = 1_000_000_000;

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

type Digests = SmallVec<[u64; KEYS_FEW]>;

/// What a key was before a decision took of it; nothing when the decision began it.
type Before = Option<(Arrival, Quota)>;

/// The shards of a decision, locked in their order, so that no two decisions wait for each other.
struct Locked<'t> {
    kept_per_shard_max: usize,
    /// A bit for each shard that is held.
    held: u64,
    /// The held ones in their order.
    guards: SmallVec<[MutexGuard<'t, Shard>; KEYS_FEW]>,
}

impl<'t> Locked<'t> {
    /// Those of some digests.
    fn of(table: &'t Table, digests: &[u64]) -> Self {
        let bit = |digest: &u64| 1_u64.checked_shl(shard_of(*digest)).unwrap_or(0);
        let held = digests.iter().map(bit).fold(0, std::ops::BitOr::bitor);
        let mut guards = SmallVec::new();
        let mut left = held;
        while let Some(shard) = table.shards.get(place(left.trailing_zeros())) {
            guards.push(shard.lock().unwrap_or_else(PoisonError::into_inner));
            left &= left.wrapping_sub(1);
        }
        Self {
            kept_per_shard_max: table.kept_per_shard_max,
            held,
            guards,
        }
    }

    fn shard(&mut self, digest: u64) -> Option<&mut Shard> {
        // As many are held before it as bits are set below its own.
        let below = 1_u64.checked_shl(shard_of(digest))?.wrapping_sub(1);
        let before = (self.held & below).count_ones();
        self.guards.get_mut(place(before)).map(|guard| &mut **guard)
    }

    fn find(&mut self, digest: u64) -> Option<&Kept> {
        self.shard(digest)?.buckets.get(&digest)
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
        digest & (STRANGERS.wrapping_mul(SHARDS_U64) | SHARDS_U64.wrapping_sub(1))
    }

    /// Takes of one key, when it has as much.
    fn take(&mut self, digest: u64, rule: &Rule<'_>, now_ns: u64) -> Result<(u32, Before), Wait> {
        let judge = |last| rule.quota.judge(last, rule.cost, now_ns);
        let Some(shard) = self.shard(digest) else {
            return judge(None).map(|pass| (pass.remaining, None));
        };
        match shard.buckets.entry(digest) {
            Entry::Occupied(mut kept) => {
                let kept = kept.get_mut();
                let pass = judge(Some(kept.arrival))?;
                let before = (kept.arrival, kept.quota);
                (kept.arrival, kept.quota) = (pass.arrival, rule.quota);
                Ok((pass.remaining, Some(before)))
            }
            Entry::Vacant(none) => {
                let pass = judge(None)?;
                let mut fresh = Kept::new(rule);
                fresh.arrival = pass.arrival;
                none.insert(fresh);
                Ok((pass.remaining, None))
            }
        }
    }

    /// Puts back what [`Locked::take`] took: of the last key first, or one that is named twice would not be as it was.
    fn put_back(&mut self, taken: &[(u64, Before)]) {
        for (digest, before) in taken.iter().rev() {
            let Some(shard) = self.shard(*digest) else {
                continue;
            };
            match before {
                None => drop(shard.buckets.remove(digest)),
                Some(before) => {
                    if let Some(kept) = shard.buckets.get_mut(digest) {
                        (kept.arrival, kept.quota) = *before;
                    }
                }
            }
        }
    }

    /// What is kept of a key, for a change: a new one is begun by the rule it is judged by.
    fn kept(&mut self, digest: u64, rule: &Rule<'_>) -> Option<&mut Kept> {
        let kept = self.shard(digest)?.buckets.entry(digest);
        Some(kept.or_insert_with(|| Kept::new(rule)))
    }
}

impl Kept {
    fn new(rule: &Rule<'_>) -> Self {
        Self {
            named: (rule.name, rule.function),
            arrival: Arrival::default(),
            quota: rule.quota,
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

/// By the low bits.
fn shard_of(digest: u64) -> u32 {
    u32::try_from(digest & SHARDS_U64.wrapping_sub(1)).unwrap_or(0)
}

fn place(at: u32) -> usize {
    usize::try_from(at).unwrap_or(usize::MAX)
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
            secret: RandomState::default(),
        }
    }

    /// Of the million keys a table holds at most, two share a digest once in thirty million tables.
    fn digest(&self, rule: &Rule<'_>) -> u64 {
        let key = (rule.name, rule.function, rule.subject);
        self.secret.hash_one(key)
    }

    /// Which part of the table a key belongs to.
    #[must_use]
    pub fn shard(&self, rule: &Rule<'_>) -> usize {
        place(shard_of(self.digest(rule)))
    }

    /// Locks what the keys need and finds where each is kept.
    fn lock(&self, rules: &[Rule<'_>], now_ns: u64) -> (Locked<'_>, Digests) {
        let mut digests: Digests = rules.iter().map(|rule| self.digest(rule)).collect();
        let mut locked = Locked::of(self, &digests);
        for digest in &mut digests {
            *digest = locked.settle(*digest, now_ns);
        }
        (locked, digests)
    }

    /// Judges all keys by this node's own buckets. Only when all pass is anything taken: what was taken before a key
    /// that refuses is put back while all of them are still held.
    ///
    /// # Errors
    /// [`Refused`] names the longest wait.
    pub fn decide(&self, rules: &[Rule<'_>], now_ns: u64) -> Result<Left, Refused> {
        let rules = rules.get(..KEYS_MAX).unwrap_or(rules);
        let (mut locked, digests) = self.lock(rules, now_ns);
        let mut left = [0_u32; KEYS_MAX];
        let mut taken: SmallVec<[(u64, Before); KEYS_FEW]> = SmallVec::new();
        let (mut by, mut wait) = (0, Duration::ZERO);
        for (at, (rule, digest)) in rules.iter().zip(&digests).enumerate() {
            match locked.take(*digest, rule, now_ns) {
                Ok((remaining, before)) => {
                    set(&mut left, at, remaining);
                    taken.push((*digest, before));
                }
                Err(Wait(longer)) if longer > wait => (by, wait) = (at, longer),
                Err(_) => {}
            }
        }
        if wait > Duration::ZERO {
            locked.put_back(&taken);
            return Err(Refused { by, wait, left });
        }
        Ok(left)
    }

    /// Judges all keys by what the others gave this node. Only when all pass is anything taken.
    /// `gained` is put into the stocks first.
    pub fn decide_by_stock(
        &self,
        rules: &[Rule<'_>],
        gained: &[(usize, Stock)],
        now_ns: u64,
    ) -> ByStock {
        let rules = rules.get(..KEYS_MAX).unwrap_or(rules);
        let (mut locked, digests) = self.lock(rules, now_ns);
        let mut stocks = [Stock::default(); KEYS_MAX];
        for (at, digest) in digests.iter().enumerate() {
            let kept = locked.find(*digest).map(|kept| kept.stock);
            let mut stock = kept.unwrap_or_default().at(now_ns);
            for (_, more) in gained.iter().filter(|(of, _)| *of == at) {
                stock.gain(*more);
            }
            set(&mut stocks, at, stock);
        }
        let verdict = verdict(rules, &stocks, now_ns);
        for ((rule, digest), stock) in rules.iter().zip(digests).zip(&mut stocks) {
            if matches!(verdict, ByStock::Passed(_)) {
                stock.units = stock.units.saturating_sub(cost(rule));
            }
            if let Some(kept) = locked.kept(digest, rule) {
                kept.stock = *stock;
            }
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

pub(super) fn set<T>(array: &mut [T; KEYS_MAX], at: usize, value: T) {
    if let Some(place) = array.get_mut(at) {
        *place = value;
    }
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
