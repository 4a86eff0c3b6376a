//! Repeatable chance: a value depends on the seed and on what it is for, never on the order of asking.

/// A seeded source; [`Dice::of`] branches it per customer, meter or day.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(scramble(seed))
    }

    /// The branch of this source named `label` with number `n`.
    pub(super) fn of(self, label: &str, n: u64) -> Self {
        let named = label
            .bytes()
            .fold(self.0, |mix, byte| scramble(mix ^ u64::from(byte)));
        Self(scramble(named ^ scramble(n)))
    }

    /// A number in `0..below` (0 when `below` is 0).
    pub(super) fn below(self, below: u64) -> u64 {
        self.0.checked_rem(below).unwrap_or(0)
    }

    /// A number in `from..=to`.
    pub(super) fn between(self, from: i64, to: i64) -> i64 {
        let width = u64::try_from(to.saturating_sub(from))
            .unwrap_or(0)
            .saturating_add(1);
        from.saturating_add(i64::try_from(self.below(width)).unwrap_or(0))
    }

    /// Whether an event of `percent` probability happens.
    pub(super) fn happens(self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of `choices`; `None` only when there is nothing to choose from.
    pub(super) fn pick<T: Copy>(self, choices: &[T]) -> Option<T> {
        let len = u64::try_from(choices.len()).ok()?;
        choices.get(usize::try_from(self.below(len)).ok()?).copied()
    }
}

/// The finaliser of SplitMix64: every input bit moves every output bit.
fn scramble(value: u64) -> u64 {
    let mut mixed = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_seed_and_name_same_value_else_another() {
        let dice = Dice::new(7);
        assert_eq!(
            dice.of("meter", 3).below(1_000_000),
            Dice::new(7).of("meter", 3).below(1_000_000)
        );
        assert_ne!(
            dice.of("meter", 3).below(1_000_000),
            dice.of("meter", 4).below(1_000_000)
        );
        assert_ne!(
            dice.of("meter", 3).below(1_000_000),
            dice.of("mobile", 3).below(1_000_000)
        );
    }

    #[test]
    fn stays_in_range() {
        for n in 0..500 {
            assert!((-3..=9).contains(&Dice::new(n).between(-3, 9)));
        }
        assert_eq!(Dice::new(1).below(0), 0);
        assert_eq!(Dice::new(1).pick::<u8>(&[]), None);
    }
}
