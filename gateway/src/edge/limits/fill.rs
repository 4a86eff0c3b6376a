//! How full the limits of a listener are, for staff: which limit, how many keys count by it now, how much
//! of it the fullest have used, and how often it refused lately. Never whose keys they are: the table
//! does not know.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use lifeline_core::shared::gcra::Quota;

/// A limit by its name and what tells its functions apart.
pub type Named = (&'static str, &'static str);

/// Of the keys of one limit so many are shown.
pub const FULLEST_MAX: usize = 3;
/// From so many percent on a key is nearly full.
const NEARLY_PERCENT: u8 = 80;
/// Refusals are kept in slices of five minutes, for a day.
const SLICE_NS: u64 = 300_000_000_000;
const SLICES_HOUR: u64 = 12;
const SLICES_DAY: u64 = 288;

/// How one limit stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fill {
    pub named: Named,
    pub quota: Quota,
    /// Keys that have used something and not got it back.
    pub keys: usize,
    pub nearly_full: usize,
    /// Percent used by the fullest keys, the fullest first.
    pub fullest: Vec<u8>,
    pub refused_hour: u64,
    pub refused_day: u64,
}

impl Fill {
    #[must_use]
    pub const fn empty(named: Named, quota: Quota) -> Self {
        Self {
            named,
            quota,
            keys: 0,
            nearly_full: 0,
            fullest: Vec::new(),
            refused_hour: 0,
            refused_day: 0,
        }
    }

    /// One more key, of whose burst so many units are left. While a node has to do with its share, that
    /// is its burst.
    pub fn count(&mut self, quota: Quota, left: u32) {
        let used = quota.burst().saturating_sub(left);
        if used == 0 {
            return;
        }
        let percent = u64::from(used)
            .saturating_mul(100)
            .div_ceil(u64::from(quota.burst()));
        let percent = u8::try_from(percent).unwrap_or(100);
        self.keys = self.keys.saturating_add(1);
        if percent >= NEARLY_PERCENT {
            self.nearly_full = self.nearly_full.saturating_add(1);
        }
        let place = self.fullest.partition_point(|known| *known >= percent);
        if place < FULLEST_MAX {
            self.fullest.insert(place, percent);
            self.fullest.truncate(FULLEST_MAX);
        }
    }
}

/// Every limit that stands somewhere, in the order of their names.
#[derive(Debug, Default)]
pub struct Fills(BTreeMap<Named, Fill>);

impl Fills {
    /// The limit of this name; a new one has this quota.
    pub fn of(&mut self, named: Named, quota: Quota) -> &mut Fill {
        let fill = self.0.entry(named);
        fill.or_insert_with(|| Fill::empty(named, quota))
    }

    #[must_use]
    pub fn into_vec(self) -> Vec<Fill> {
        self.0.into_values().collect()
    }
}

/// Slices and how often was refused in each, the oldest first.
type Slices = VecDeque<(u64, u64)>;

/// How often each limit refused, for a day.
#[derive(Debug, Default)]
pub struct Refusals(Mutex<HashMap<Named, Slices>>);

impl Refusals {
    pub fn note(&self, named: Named, now_ns: u64) {
        let slice = now_ns.div_euclid(SLICE_NS);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let slices = all.entry(named).or_default();
        match slices.back_mut() {
            Some((last, count)) if *last == slice => *count = count.saturating_add(1),
            _ => slices.push_back((slice, 1)),
        }
        while slices
            .front()
            .is_some_and(|(first, _)| first.saturating_add(SLICES_DAY) <= slice)
        {
            slices.pop_front();
        }
    }

    /// Refusals of the last hour and of the last day, for each limit that refused in it.
    #[must_use]
    pub fn lately(&self, now_ns: u64) -> Vec<(Named, u64, u64)> {
        let slice = now_ns.div_euclid(SLICE_NS);
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let within = |slices: &Slices, span: u64| -> u64 {
            let live = slices
                .iter()
                .filter(|(one, _)| one.saturating_add(span) > slice);
            live.map(|(_, count)| *count).sum()
        };
        all.iter()
            .map(|(named, slices)| {
                let hour = within(slices, SLICES_HOUR);
                (*named, hour, within(slices, SLICES_DAY))
            })
            .filter(|(_, _, day): &(Named, u64, u64)| *day > 0)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::NonZeroU32;

    #[test]
    fn ln_39_the_fullest_are_shown_and_a_full_bucket_is_nobodys() {
        let quota = Quota::per_minute(NonZeroU32::new(10).unwrap());
        let mut fill = Fill::empty(("account", ""), quota);
        for left in [10, 9, 2, 0, 5, 3] {
            fill.count(quota, left);
        }
        assert_eq!((fill.keys, fill.nearly_full), (5, 2));
        assert_eq!(fill.fullest, [100, 80, 70]);
    }

    #[test]
    fn ln_39_refusals_are_of_the_last_hour_and_the_last_day_and_then_of_none() {
        let refusals = Refusals::default();
        let (hour, day) = (12 * SLICE_NS, 288 * SLICE_NS);
        refusals.note(("home", "pay"), 0);
        refusals.note(("home", "pay"), hour - 1);
        assert_eq!(refusals.lately(hour - 1), [(("home", "pay"), 2, 2)]);
        assert_eq!(refusals.lately(hour), [(("home", "pay"), 1, 2)]);
        assert_eq!(refusals.lately(day - 1), [(("home", "pay"), 0, 2)]);
        assert_eq!(refusals.lately(day), [(("home", "pay"), 0, 1)]);
        assert!(refusals.lately(day + hour).is_empty());
        refusals.note(("home", "pay"), 3 * day);
        assert_eq!(refusals.lately(3 * day), [(("home", "pay"), 1, 1)]);
    }
}
