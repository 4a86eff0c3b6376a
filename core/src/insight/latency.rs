//! How long answers took: buckets whose bounds grow by an eighth, so that a percentile is told to
//! within an eighth whatever its size, and the buckets of two spans add up.

/// Steps within each doubling.
const STEPS: u64 = 8;

/// The bucket of a duration.
#[must_use]
pub fn bucket(micros: u32) -> i64 {
    let value = u64::from(micros).max(8);
    // The highest bit, then the three bits below it.
    let high = u64::from(value.ilog2());
    let below = value
        .checked_shr(u32::try_from(high.saturating_sub(3)).unwrap_or(0))
        .unwrap_or(0)
        .rem_euclid(STEPS);
    let at = high
        .saturating_sub(3)
        .saturating_mul(STEPS)
        .saturating_add(below);
    i64::try_from(at).unwrap_or(i64::MAX)
}

/// The longest duration, in microseconds, that falls into a bucket.
#[must_use]
pub fn bound(bucket: i64) -> i64 {
    let step = bucket.rem_euclid(8).saturating_add(9);
    let doubling = u32::try_from(bucket.div_euclid(8)).unwrap_or(0);
    step.checked_shl(doubling)
        .unwrap_or(i64::MAX)
        .saturating_sub(1)
}

/// The duration that so many in a thousand did not exceed; `counts` are `(bucket, how many)` in order.
#[must_use]
pub fn percentile(counts: &[(i64, i64)], permille: i64) -> Option<i64> {
    let all: i64 = counts.iter().map(|(_, n)| *n).sum();
    if all <= 0 {
        return None;
    }
    let wanted = all
        .saturating_mul(permille)
        .saturating_add(999)
        .div_euclid(1000)
        .max(1);
    let mut so_far: i64 = 0;
    for (bucket, n) in counts {
        so_far = so_far.saturating_add(*n);
        if so_far >= wanted {
            return Some(bound(*bucket));
        }
    }
    None
}

/// What 50, 95 and 99 of a hundred did not exceed.
#[must_use]
pub fn percentiles(counts: &[(i64, i64)]) -> [Option<i64>; 3] {
    [500, 950, 990].map(|permille| percentile(counts, permille))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn ln_31_a_bucket_tells_a_duration_to_within_an_eighth(micros in 8_u32..=u32::MAX) {
            let top = bound(bucket(micros));
            let exact = i64::from(micros);
            prop_assert!(top >= exact, "{micros} {top}");
            prop_assert!(top.saturating_sub(exact) <= exact.div_euclid(8), "{micros} {top}");
        }

        #[test]
        fn ln_31_a_percentile_is_what_sorting_says(mut all in prop::collection::vec(8_u32..5_000_000, 1..200), permille in 1_i64..=1000) {
            all.sort_unstable();
            let mut counts: Vec<(i64, i64)> = Vec::new();
            for one in &all {
                let at = bucket(*one);
                match counts.last_mut() {
                    Some((last, n)) if *last == at => *n = n.saturating_add(1),
                    _ => counts.push((at, 1)),
                }
            }
            let permille_of = usize::try_from(permille).unwrap();
            let rank = all.len().saturating_mul(permille_of).saturating_add(999).div_euclid(1000);
            let exact = all[rank.max(1).saturating_sub(1)];
            prop_assert_eq!(percentile(&counts, permille), Some(bound(bucket(exact))));
        }
    }
}
