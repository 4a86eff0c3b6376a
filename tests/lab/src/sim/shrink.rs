//! Which parts of a failing history it fails without: what is left is what to look at.

use super::plan::{Mishap, Plan};

/// Leaves out one part after the other, as long as the history still fails.
pub(super) fn needless(parts: usize, mut fails: impl FnMut(&[usize]) -> bool) -> Vec<usize> {
    let mut without = Vec::new();
    for part in 0..parts {
        without.push(part);
        if !fails(&without) {
            without.pop();
        }
    }
    without
}

impl Plan {
    /// Wishes, upsets, mishaps, services and oddities, in this order.
    pub(super) fn parts(&self) -> usize {
        let mishaps: usize = self.mishaps.iter().map(Vec::len).sum();
        [
            self.wishes.len(),
            self.upsets.len(),
            mishaps,
            self.services.len(),
            self.oddities.len(),
        ]
        .iter()
        .sum()
    }

    pub(super) fn without(mut self, parts: &[usize]) -> Self {
        let mut part = 0_usize;
        let mut stays = || {
            let stays = !parts.contains(&part);
            part = part.saturating_add(1);
            stays
        };
        self.wishes.retain(|_| stays());
        self.upsets.retain(|_| stays());
        for mishaps in &mut self.mishaps {
            mishaps.retain(|_: &Mishap| stays());
        }
        self.services.retain(|_| stays());
        self.oddities.retain(|_| stays());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_what_it_fails_by() {
        let fails = |without: &[usize]| !without.contains(&2) && !without.contains(&5);
        assert_eq!(needless(7, fails), [0, 1, 3, 4, 6]);
        assert_eq!(needless(3, |_| true), [0, 1, 2]);
        assert!(needless(3, |_| false).is_empty());
    }

    #[test]
    fn every_part_of_a_plan_can_be_left_out() {
        for seed in 0..300 {
            let plan = Plan::of(seed);
            let all: Vec<usize> = (0..plan.parts()).collect();
            let one_less = plan.clone().without(&all[1..]);
            assert_eq!(one_less.parts(), 1, "seed {seed}");
            assert_eq!(one_less.wishes.len(), 1, "wishes come first");
            assert_eq!(plan.clone().without(&[]).parts(), plan.parts());
            assert_eq!(plan.without(&all).parts(), 0);
        }
    }
}
