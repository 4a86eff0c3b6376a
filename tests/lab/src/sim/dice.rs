//! Seeded chance: the only source of it in a simulated history.

/// SplitMix64: small, fast, the same on every machine.
#[derive(Debug, Clone)]
pub(super) struct Dice(u64);

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

const fn mixed(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

impl Dice {
    /// A stream of its own for one purpose, so that more throws here change nothing there.
    pub(super) fn new(seed: u64, purpose: &str) -> Self {
        let start = purpose.bytes().fold(mixed(seed ^ GOLDEN), |state, byte| {
            mixed(state ^ u64::from(byte)).wrapping_add(GOLDEN)
        });
        Self(start)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mixed(self.0)
    }

    /// 0 to `bound` - 1; 0 for an empty range. The bias is below one in 2^40 for the bounds used here.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.next().checked_rem(bound).unwrap_or(0)
    }

    pub(super) fn index(&mut self, length: usize) -> usize {
        let bound = u64::try_from(length).unwrap_or(0);
        usize::try_from(self.below(bound)).unwrap_or(0)
    }

    /// Both ends included.
    pub(super) fn between(&mut self, least: i64, most: i64) -> i64 {
        let span = most.saturating_sub(least).max(0).unsigned_abs();
        let above = i64::try_from(self.below(span.saturating_add(1))).unwrap_or(0);
        least.saturating_add(above)
    }

    pub(super) fn in_mille(&mut self, share: u64) -> bool {
        self.below(1000) < share
    }

    pub(super) fn shuffle<T>(&mut self, all: &mut [T]) {
        for at in (1..all.len()).rev() {
            all.swap(at, self.index(at.saturating_add(1)));
        }
    }

    pub(super) fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.get(self.index(from.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_throws_the_same_and_another_purpose_does_not() {
        let throws = |seed, purpose| {
            let mut dice = Dice::new(seed, purpose);
            (0..50).map(|_| dice.next()).collect::<Vec<_>>()
        };
        assert_eq!(throws(7, "a"), throws(7, "a"));
        assert_ne!(throws(7, "a"), throws(7, "b"));
        assert_ne!(throws(7, "a"), throws(8, "a"));
    }

    #[test]
    fn ranges_reach_both_ends_and_nothing_beyond() {
        let mut dice = Dice::new(1, "ranges");
        let seen: std::collections::BTreeSet<i64> = (0..500).map(|_| dice.between(-2, 3)).collect();
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), [-2, -1, 0, 1, 2, 3]);
        assert_eq!(dice.below(0), 0);
        let hits = (0..10_000).filter(|_| dice.in_mille(100)).count();
        assert!((900..1100).contains(&hits), "{hits}");
    }
}
