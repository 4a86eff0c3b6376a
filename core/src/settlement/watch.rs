//! Has a personal data table been updated? Each poll compares the system's time with the table's
//! update time; below the threshold, strictly, the table counts as updated (PV-15 to PV-17).
//!
//! With a threshold of 12 h and a poll each hour one update is seen up to twelve times, so seeing it
//! is not yet a reason to settle: that happens once per (table, period, version).

use crate::shared::time::Time;

/// What an operator may set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WatchRules {
    pub threshold_s: i64,
    pub every_s: i64,
    /// Pages of months settled at the same time; each is a unit of work of its own. So many tables the head-end is asked
    /// about at the same time.
    pub side_by_side: usize,
}

/// Half of a node's connections to its store: as many are left for whoever asks meanwhile.
pub const SIDE_BY_SIDE_MAX: usize = 12;
const EVERY_MAX_S: i64 = 86_400;
const THRESHOLD_MAX_S: i64 = 7 * 86_400;

impl Default for WatchRules {
    fn default() -> Self {
        Self {
            threshold_s: 12 * 3600,
            every_s: 3600,
            side_by_side: 8,
        }
    }
}

/// Since when the prices of a month are not told, or were not: nothing of it could be settled meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Untold {
    /// When they were first asked for in vain.
    pub since: Time,
    /// When they were last asked for in vain. Nobody knows how long they were away after that.
    pub last: Time,
}

/// The table was updated after now: a clock is wrong, and nothing may be concluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the table's update time lies in the future")]
pub struct FromTheFuture;

impl WatchRules {
    /// # Errors
    /// [`FromTheFuture`] for a negative difference.
    pub fn is_updated(self, now: Time, updated_at: Time) -> Result<bool, FromTheFuture> {
        if updated_at > now {
            return Err(FromTheFuture);
        }
        Ok(now < updated_at.plus_seconds(self.threshold_s))
    }

    /// Every fault of these values, each as `field: what is wrong`.
    #[must_use]
    pub fn faults(self) -> Vec<&'static str> {
        let mut faults = Vec::new();
        if !(60..=EVERY_MAX_S).contains(&self.every_s) {
            faults.push("watch.every_s: 60 s to 1 day");
        }
        if self.threshold_s > THRESHOLD_MAX_S {
            faults.push("watch.threshold_s: at most 7 days");
        }
        // An update that no poll can see would never be settled.
        if self.threshold_s <= self.every_s {
            faults.push("watch.threshold_s: longer than every_s");
        }
        if !(1..=SIDE_BY_SIDE_MAX).contains(&self.side_by_side) {
            faults.push("watch.side_by_side: 1 to 12");
        }
        faults
    }

    /// Whether an update is still to be settled. One that was when its prices stopped being told has its time anew from
    /// when they were last asked for in vain: nobody missed it.
    ///
    /// # Errors
    /// [`FromTheFuture`] for a negative difference.
    pub fn is_in_time(
        self,
        now: Time,
        updated_at: Time,
        untold: Option<Untold>,
    ) -> Result<bool, FromTheFuture> {
        if self.is_updated(now, updated_at)? {
            return Ok(true);
        }
        Ok(untold.is_some_and(|untold| {
            untold.since < updated_at.plus_seconds(self.threshold_s)
                && now < untold.last.plus_seconds(self.threshold_s)
        }))
    }

    /// What is kept from now on of the prices of a month, when that is something new. Prices that are away again before
    /// the time that months had anew is over were away all along.
    #[must_use]
    pub fn noted(self, known: Option<Untold>, are_told: bool, now: Time) -> Option<Untold> {
        if are_told {
            return None;
        }
        let goes_on = |known: &Untold| now < known.last.plus_seconds(self.threshold_s);
        let since = known.filter(goes_on).map_or(now, |known| known.since);
        Some(Untold { since, last: now })
    }

    /// Whether prices have not been told for as long as an update may wait: somebody must see to them.
    #[must_use]
    pub fn is_long(self, untold: Untold, now: Time) -> bool {
        now >= untold.since.plus_seconds(self.threshold_s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Time {
        Time::from_micros(1_800_000_000_000_000).plus_seconds(seconds)
    }

    #[test]
    fn pv_15_the_difference_is_system_time_minus_update_time() {
        let rules = WatchRules::default();
        assert_eq!(rules.is_updated(at(0), at(0)), Ok(true));
        assert_eq!(rules.is_updated(at(0), at(1)), Err(FromTheFuture));
        let late = Time::from_micros(at(0).micros() + 1);
        assert_eq!(rules.is_updated(at(0), late), Err(FromTheFuture));
    }

    #[test]
    fn pv_16_the_threshold_itself_is_no_longer_an_update() {
        let rules = WatchRules::default();
        let just_below = Time::from_micros(at(12 * 3600).micros() - 1);
        assert_eq!(rules.is_updated(just_below, at(0)), Ok(true));
        assert_eq!(rules.is_updated(at(12 * 3600), at(0)), Ok(false));
    }

    #[test]
    fn pv_17_six_hours_of_twelve_polled_each_hour_are_an_update() {
        let rules = WatchRules::default();
        assert_eq!((rules.threshold_s, rules.every_s), (43_200, 3_600));
        assert_eq!(rules.is_updated(at(6 * 3600), at(0)), Ok(true));
        assert!(rules.faults().is_empty());
        let blind = WatchRules {
            threshold_s: 3600,
            every_s: 3600,
            ..rules
        };
        assert_eq!(blind.faults().len(), 1);
    }

    #[test]
    fn what_was_in_time_when_prices_went_away_has_its_time_anew_from_their_last_absence() {
        let rules = WatchRules::default();
        let hours = |count: i64| at(count * 3600);
        let away = |since, last| Some(Untold { since, last });
        let in_time = |now, untold| rules.is_in_time(now, at(0), untold);
        assert_eq!(in_time(hours(12), None), Ok(false));
        assert_eq!(in_time(hours(13), away(hours(1), hours(13))), Ok(true));
        let back = away(hours(1), hours(30));
        let just_below = Time::from_micros(hours(42).micros() - 1);
        assert_eq!(in_time(just_below, back), Ok(true));
        assert_eq!(in_time(hours(42), back), Ok(false), "strictly");
        // It was missed before.
        assert_eq!(in_time(hours(13), away(hours(12), hours(12))), Ok(false));
        let just_before = Time::from_micros(hours(12).micros() - 1);
        assert_eq!(in_time(hours(13), away(just_before, hours(12))), Ok(true));
        let early = rules.is_in_time(at(0), at(1), away(at(0), at(0)));
        assert_eq!(early, Err(FromTheFuture));
    }

    #[test]
    fn prices_that_are_away_again_at_once_were_away_all_along() {
        let rules = WatchRules::default();
        let away = |since, last| Some(Untold { since, last });
        assert_eq!(rules.noted(None, true, at(0)), None);
        assert_eq!(rules.noted(None, false, at(0)), away(at(0), at(0)));
        let known = away(at(0), at(1));
        assert_eq!(rules.noted(known, true, at(2)), None);
        let threshold = 12 * 3600;
        let before = at(1 + threshold - 1);
        assert_eq!(rules.noted(known, false, before), away(at(0), before));
        let over = at(1 + threshold);
        assert_eq!(rules.noted(known, false, over), away(over, over));
    }

    #[test]
    fn prices_are_away_for_long_from_the_threshold_on() {
        let rules = WatchRules::default();
        let since = |since| Untold { since, last: at(0) };
        let threshold = 12 * 3600;
        assert!(!rules.is_long(since(at(1)), at(threshold)));
        assert!(rules.is_long(since(at(0)), at(threshold)));
    }

    #[test]
    fn as_many_pages_side_by_side_as_the_limit_and_no_more() {
        let faults = |side_by_side| {
            let rules = WatchRules {
                side_by_side,
                ..WatchRules::default()
            };
            rules.faults().len()
        };
        assert_eq!(WatchRules::default().side_by_side, 8);
        assert_eq!([1, SIDE_BY_SIDE_MAX].map(faults), [0, 0]);
        assert_eq!([0, SIDE_BY_SIDE_MAX + 1].map(faults), [1, 1]);
    }
}
