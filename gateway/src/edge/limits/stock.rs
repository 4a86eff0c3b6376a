//! What a node holds of keys that several nodes share: portions leased from the others, and how a decision goes by them.

use std::time::Duration;

use super::rules::Rule;
use super::table::{KEYS_MAX, Left, Refused, set};

/// What a node may spend of a key without asking the others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stock {
    pub units: u32,
    /// What the last lease brought, or how much of it was spent when its time was over.
    pub portion: u32,
    /// Whole units the others still have, as far as this node was told.
    pub elsewhere: u32,
    /// The stock is worth nothing from then on.
    pub until_ns: u64,
    /// Before then the others have nothing to give.
    pub dry_until_ns: u64,
}

impl Stock {
    /// What is left of it: when its time is over nothing, and then its portion is what was spent.
    pub(super) const fn at(mut self, now_ns: u64) -> Self {
        if self.until_ns <= now_ns {
            self.portion = self.portion.saturating_sub(self.units);
            self.units = 0;
        }
        self
    }

    pub(super) const fn gain(&mut self, more: Self) {
        self.units = self.units.saturating_add(more.units);
        if more.units > 0 {
            self.portion = more.units;
        }
        if more.until_ns > self.until_ns {
            self.until_ns = more.until_ns;
        }
        self.elsewhere = more.elsewhere;
        self.dry_until_ns = more.dry_until_ns;
    }

    const fn wanted(self, now_ns: u64) -> u32 {
        if self.until_ns > now_ns {
            self.portion.saturating_mul(2)
        } else {
            self.portion
        }
    }
}

/// How a decision by stocks went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ByStock {
    Passed(Left),
    Refused(Refused),
    /// These keys need more from the others first.
    Short(Vec<Short>),
}

/// A key that needs more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Short {
    pub at: usize,
    /// What is worth leasing next: twice the last lease when it was spent before its time, else what was spent of it;
    /// nothing when nobody knows.
    pub wanted: u32,
}

/// As everywhere, a cost above the burst is the burst.
pub(super) fn cost(rule: &Rule<'_>) -> u32 {
    rule.cost.min(rule.quota.burst())
}

pub(super) fn verdict(rules: &[Rule<'_>], stocks: &[Stock; KEYS_MAX], now_ns: u64) -> ByStock {
    let mut left = [0_u32; KEYS_MAX];
    let (mut by, mut wait) = (0, Duration::ZERO);
    let mut short = Vec::new();
    for (at, (rule, stock)) in rules.iter().zip(stocks).enumerate() {
        match stock.units.checked_sub(cost(rule)) {
            Some(rest) => set(&mut left, at, rest.saturating_add(stock.elsewhere)),
            None if stock.dry_until_ns > now_ns => {
                let dry = stock.dry_until_ns.saturating_sub(now_ns);
                let dry = Duration::from_nanos(dry);
                if dry > wait {
                    (by, wait) = (at, dry);
                }
            }
            None => short.push(Short {
                at,
                wanted: stock.wanted(now_ns),
            }),
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
