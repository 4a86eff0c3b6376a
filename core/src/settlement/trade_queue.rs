//! In which order trade tasks leave: by the weighted sum of waiting time and amount, largest first
//! (PV-28). All tasks age at one rate, so the order of two of them never changes while the weights
//! stand: a key that does not name the present gives the same order, and an index over it is the queue.

use crate::shared::money::Fen;
use crate::shared::time::Time;

/// What an operator may set: both whole numbers, so that the order is exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weights {
    pub wait_per_s: i64,
    pub amount_per_fen: i64,
    /// Names these two weights: rows keyed under another number are keyed again before anything leaves.
    pub epoch: i64,
}

pub const WEIGHT_MAX: i64 = 1_000_000;

/// Weights with the number of their setting: the higher is the later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SetWeights {
    pub version: i64,
    pub weights: Weights,
}

pub const VERSION_MAX: i64 = 1_000_000;

impl Default for Weights {
    /// A day of waiting weighs as much as 864 yuan.
    fn default() -> Self {
        Self::of(1, 1)
    }
}

/// A place in the queue; greater leaves earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QueueKey(i128);

/// Keys of i64 amounts, i64 microseconds and weights up to [`WEIGHT_MAX`] stay far below this.
const MIDDLE: i128 = 1 << 120;

impl Weights {
    /// Two weights and their name: no two pairs within [`WEIGHT_MAX`] share one.
    #[must_use]
    pub const fn of(wait_per_s: i64, amount_per_fen: i64) -> Self {
        let epoch = wait_per_s
            .saturating_mul(WEIGHT_MAX.saturating_add(1))
            .saturating_add(amount_per_fen);
        Self {
            wait_per_s,
            amount_per_fen,
            epoch,
        }
    }

    /// `amount x w2 - enqueued x w1`, in millionths so that microseconds count.
    #[must_use]
    pub fn key(self, amount: Fen, enqueued_at: Time) -> QueueKey {
        let amount = i128::from(amount.get())
            .saturating_mul(i128::from(self.amount_per_fen))
            .saturating_mul(1_000_000);
        let since = i128::from(enqueued_at.micros()).saturating_mul(i128::from(self.wait_per_s));
        QueueKey(amount.saturating_sub(since))
    }

    /// Every fault of these values, each as `field: what is wrong`.
    #[must_use]
    pub fn faults(self) -> Vec<&'static str> {
        let mut faults = Vec::new();
        if !(0..=WEIGHT_MAX).contains(&self.wait_per_s) {
            faults.push("queue.w_wait_per_s: 0 to 1000000");
        }
        if !(0..=WEIGHT_MAX).contains(&self.amount_per_fen) {
            faults.push("queue.w_amount_per_fen: 0 to 1000000");
        }
        if self.wait_per_s == 0 && self.amount_per_fen == 0 {
            faults.push("queue: one weight must count");
        }
        if self.epoch < 1 {
            faults.push("queue.weights_epoch: at least 1");
        }
        faults
    }
}

impl QueueKey {
    /// Reads what [`QueueKey::sortable`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let shifted: i128 = text.parse().ok()?;
        let plain = text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| Self(shifted.saturating_sub(MIDDLE)))
    }

    /// Text that sorts, byte by byte, as the keys do: what the store's index is over.
    #[must_use]
    pub fn sortable(self) -> String {
        let shifted = MIDDLE.saturating_add(self.0);
        format!("{shifted:040}")
    }
}

#[cfg(test)]
mod tests {
    use std::cmp::{Ordering, Reverse};

    use proptest::prelude::*;

    use super::*;

    /// The score as the seed has it, at one moment.
    #[expect(clippy::arithmetic_side_effects, reason = "the plain sum, in 128 bits")]
    fn score(weights: Weights, amount: i64, enqueued_at: i64, now: i64) -> i128 {
        let waited = i128::from(now) - i128::from(enqueued_at);
        i128::from(weights.wait_per_s) * waited
            + i128::from(weights.amount_per_fen) * i128::from(amount) * 1_000_000
    }

    fn tasks() -> impl Strategy<Value = Vec<(i64, i64, u32)>> {
        let amount = prop_oneof![1..10_i64, 1..i64::MAX, Just(i64::MAX)];
        let enqueued = prop_oneof![0..5_i64, 0..4_000_000_000_000_000_i64];
        proptest::collection::vec((amount, enqueued, 0..1000_u32), 1..40)
    }

    fn weights() -> impl Strategy<Value = Weights> {
        let weight = || prop_oneof![0..3_i64, 0..=WEIGHT_MAX];
        (weight(), weight()).prop_map(|(wait_per_s, amount_per_fen)| Weights {
            wait_per_s,
            amount_per_fen,
            epoch: 1,
        })
    }

    proptest! {
        /// PV-28, trap (e): at any instant the naive weighted sort, with ties by enqueue time, then id.
        #[test]
        fn pv_28_the_static_key_sorts_as_the_weighted_sum_does(
            tasks in tasks(), first in weights(), second in weights(),
            now in 0..9_000_000_000_000_000_i64,
        ) {
            // The second weights are a change while all are queued.
            for weights in [first, second] {
                let mut naive = tasks.clone();
                naive.sort_by_key(|(amount, at, id)| (Reverse(score(weights, *amount, *at, now)), *at, *id));
                let mut queued = tasks.clone();
                queued.sort_by_key(|(amount, at, id)| {
                    let key = weights.key(Fen::new(*amount), Time::from_micros(*at)).sortable();
                    (Reverse(key), *at, *id)
                });
                prop_assert_eq!(queued, naive);
            }
        }

        #[test]
        fn text_sorts_as_keys_do(a in any::<i64>(), b in any::<i64>(), at in 0..i64::MAX) {
            let weights = Weights { wait_per_s: WEIGHT_MAX, amount_per_fen: WEIGHT_MAX, epoch: 1 };
            let key = |amount| weights.key(Fen::new(amount), Time::from_micros(at));
            let order = key(a).sortable().cmp(&key(b).sortable());
            prop_assert_eq!(order, key(a).cmp(&key(b)));
            prop_assert_eq!(order == Ordering::Equal, a == b);
            prop_assert_eq!(key(a).sortable().len(), 40);
            prop_assert_eq!(QueueKey::parse(&key(a).sortable()), Some(key(a)));
        }
    }

    /// What another program says, with exact fractions (tests/vectors/settlement/queue.py).
    const ORDERS: &str = include_str!("../../../tests/vectors/settlement/queue.txt");

    fn numbers(words: &str) -> Vec<i64> {
        let words = words
            .split_whitespace()
            .filter_map(|word| word.parse::<i64>().ok());
        words.collect()
    }

    #[test]
    fn pv_28_another_program_has_each_queue_in_the_same_order_at_any_instant() {
        let mut tasks = Vec::new();
        for line in ORDERS.lines() {
            match line.split_once(' ') {
                Some(("task", task)) => tasks.push(numbers(task)),
                Some(("order", order)) => {
                    let (under, expected) = order.split_once(':').unwrap();
                    let under = numbers(under);
                    let weights = Weights::of(under[0], under[1]);
                    let mut by_key = tasks.clone();
                    by_key.sort_by_key(|task| {
                        let key = weights.key(Fen::new(task[1]), Time::from_micros(task[2]));
                        (Reverse(key.sortable()), task[2], task[0])
                    });
                    let mut naive = tasks.clone();
                    naive.sort_by_key(|task| {
                        let now = score(weights, task[1], task[2], under[2]);
                        (Reverse(now), task[2], task[0])
                    });
                    let ids = |tasks: &[Vec<i64>]| -> Vec<i64> {
                        tasks.iter().map(|task| task[0]).collect()
                    };
                    assert_eq!(ids(&by_key), numbers(expected), "{weights:?}");
                    assert_eq!(ids(&naive), numbers(expected), "{weights:?}");
                }
                _ => tasks.clear(),
            }
        }
        let orders = ORDERS.lines().filter(|line| line.starts_with("order "));
        assert_eq!(orders.count(), 28, "four queues under seven weights");
    }

    #[test]
    fn weights_out_of_bounds_are_named() {
        assert!(Weights::default().faults().is_empty());
        let none = Weights {
            wait_per_s: 0,
            amount_per_fen: 0,
            epoch: 0,
        };
        assert_eq!(none.faults().len(), 2);
        let over = Weights {
            wait_per_s: WEIGHT_MAX + 1,
            amount_per_fen: -1,
            epoch: 1,
        };
        assert_eq!(over.faults().len(), 2);
    }
}
