//! How old a kept copy may be and still answer (api.md, Freshness).

use super::ports::Kept;
use crate::shared::time::Time;

/// What configuration may change. Seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FreshnessRules {
    /// Bills and balance.
    pub figures_s: i64,
    /// What is due: people pay by it.
    pub arrears_s: i64,
    /// How long a copy that nobody renews is kept at all.
    pub kept_s: i64,
}

impl Default for FreshnessRules {
    fn default() -> Self {
        Self {
            figures_s: 600,
            arrears_s: 60,
            kept_s: 35 * 86_400,
        }
    }
}

/// Whether a copy answers without asking again: asked for within `age_max_s`, and not before money
/// moved for the home. A copy from the future (a clock was set back) is asked for again.
#[must_use]
pub fn is_fresh(kept: &Kept, age_max_s: i64, now: Time) -> bool {
    let age_s = now.seconds_since(kept.asked_at);
    let outdated = kept.outdated_at.is_some_and(|moved| kept.asked_at <= moved);
    (0..age_max_s).contains(&age_s) && !outdated
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "small numbers of a test")]
mod tests {
    use super::*;

    fn kept(asked_at_s: i64, outdated_at_s: Option<i64>) -> Kept {
        let at = |seconds: i64| Time::from_micros(seconds * 1_000_000);
        Kept {
            body: String::new(),
            asked_at: at(asked_at_s),
            outdated_at: outdated_at_s.map(at),
        }
    }

    #[test]
    fn a_copy_answers_until_its_age_and_not_a_second_longer() {
        let now = Time::from_micros(1_000_000_000);
        for (asked_at_s, outdated_at_s, fresh) in [
            (1000, None, true),
            (941, None, true),
            (940, None, false),
            (1001, None, false),
            (990, Some(989), true),
            (990, Some(990), false),
            (990, Some(995), false),
        ] {
            assert_eq!(
                is_fresh(&kept(asked_at_s, outdated_at_s), 60, now),
                fresh,
                "{asked_at_s} {outdated_at_s:?}"
            );
        }
    }
}
