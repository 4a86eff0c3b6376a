//! What the four systems hold. Roofs of demo people have readings of last month without being asked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::civil::Date;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::prices::Told;
use crate::clock::SimClock;
use crate::hmac_auth::Nonces;
use crate::people::SELLS_ALL;

/// One payout as the platform holds it. Not printable: it names who is paid.
#[derive(Clone)]
pub(super) struct Payout {
    pub(super) period: String,
    pub(super) amount_fen: i64,
    pub(super) state: &'static str,
    pub(super) name: String,
    pub(super) trading_account: String,
    pub(super) sends: u32,
    /// The how many-th number the platform came to know.
    pub(super) order: usize,
}

/// One settlement a reviewer looks at.
#[derive(Debug, Clone)]
pub(super) struct Review {
    pub(super) period: String,
    pub(super) net_fen: i64,
    pub(super) energy_lines: usize,
    /// What the owner said.
    pub(super) reason: Option<String>,
    pub(super) state: &'static str,
    pub(super) amount_fen: Option<i64>,
}

#[derive(Default)]
pub(super) struct Book {
    /// How often a month was read again, by generation number and period.
    pub(super) revisions: BTreeMap<(String, String), u32>,
    /// Months whose meter ran backwards on their first day.
    pub(super) negative: BTreeSet<(String, String)>,
    /// How prices are told.
    pub(super) told: Told,
    pub(super) reviews: BTreeMap<String, Review>,
    pub(super) payouts: BTreeMap<String, Payout>,
    /// Payouts are accepted, and paid when somebody says so.
    pub(super) pays_later: bool,
}

/// The four systems.
pub struct Generation {
    pub(super) clock: SimClock,
    pub(super) nonces: Nonces,
    book: Mutex<Book>,
}

impl std::fmt::Debug for Generation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Generation")
    }
}

impl Generation {
    #[must_use]
    pub fn new(clock: SimClock) -> Self {
        Self {
            clock,
            nonces: Nonces::default(),
            book: Mutex::default(),
        }
    }

    pub(super) fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The month before the present one, in Shanghai.
    pub(super) fn last_month(&self) -> String {
        let zone = jiff::tz::TimeZone::fixed(jiff::tz::offset(8));
        let today = self.clock.now().to_zoned(zone).date();
        let before = today.first_of_month().yesterday().unwrap_or(today);
        before.strftime("%Y-%m").to_string()
    }

    /// What the meter shows of a month that was read so often; nothing of what is no month.
    pub(super) fn shown(&self, number: &str, period: &str, revision: u32) -> Option<Vec<Value>> {
        let mut days = month(number, period, revision)?;
        let key = (number.to_owned(), period.to_owned());
        let backwards = self.book().negative.contains(&key);
        let first = days.first_mut().filter(|_| backwards);
        if let Some(part) = first.and_then(|day| day.pointer_mut("/parts/0")) {
            *part = json!({"slot": "peak", "generated_kwh": "-1.0", "fed_in_kwh": "-1.0"});
        }
        Some(days)
    }
}

/// The days of a month as a meter froze them: sun in the peak, a little in the valley.
pub(super) fn month(number: &str, period: &str, revision: u32) -> Option<Vec<Value>> {
    let first = Date::strptime("%Y-%m-%d", format!("{period}-01")).ok()?;
    let days = first.series(jiff::Span::new().days(1)).take(31);
    let days = days.filter(|day| day.month() == first.month());
    Some(days.map(|day| of_day(number, day, revision)).collect())
}

fn of_day(number: &str, day: Date, revision: u32) -> Value {
    let seed = Sha256::digest(format!("{number}:{day}:{revision}"));
    let byte = |at: usize| u32::from(seed.get(at).copied().unwrap_or(0));
    // Tenths of a kWh: 6.0 to 31.5 in the peak.
    let peak = 60 + byte(0);
    let (flat, valley) = (peak / 2, byte(1) % 10);
    let mut slots = vec![("peak", peak), ("flat", flat), ("valley", valley)];
    if number == SELLS_ALL {
        slots.push(("super_peak", byte(2) % 50));
        slots.push(("deep_valley", byte(3) % 10));
    }
    let parts: Vec<Value> = slots
        .into_iter()
        .map(|(slot, tenths)| {
            let fed_in = tenths * 3 / 4;
            json!({"slot": slot, "generated_kwh": kwh(tenths), "fed_in_kwh": kwh(fed_in)})
        })
        .collect();
    json!({"day": day.to_string(), "parts": parts})
}

fn kwh(tenths: u32) -> String {
    format!("{}.{}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_whole_and_the_same_in_every_run() {
        let days = month("1504990020061", "2026-02", 1).unwrap();
        assert_eq!(days.len(), 28);
        assert_eq!(days[0]["day"], "2026-02-01");
        assert_eq!(days, month("1504990020061", "2026-02", 1).unwrap());
        assert_ne!(days, month("1504990020061", "2026-02", 2).unwrap());
        assert!(month("1504990020061", "2026-13", 1).is_none());
        let parts = |number| month(number, "2026-02", 1).unwrap()[0]["parts"].clone();
        assert_eq!(parts("1504990020061").as_array().unwrap().len(), 3);
        assert_eq!(parts(SELLS_ALL).as_array().unwrap().len(), 5);
    }

    #[test]
    fn a_meter_that_ran_backwards_is_read_so_until_it_is_read_again() {
        let systems = Generation::new(SimClock::default());
        let key = ("1504990020061".to_owned(), "2026-02".to_owned());
        let first = || systems.shown(&key.0, &key.1, 0).unwrap()[0]["parts"][0].clone();
        assert_ne!(first()["generated_kwh"], "-1.0");
        systems.book().negative.insert(key.clone());
        assert_eq!(first()["generated_kwh"], "-1.0");
    }
}
