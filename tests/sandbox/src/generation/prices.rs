//! What the publishing platform tells: a price for each part of the day, another one from the sixteenth of each month
//! on, a subsidy on all that is generated, and a tax that a month of any demo roof is above the exempt sum of.

use jiff::civil::Date;
use serde::Deserialize;
use serde_json::{Value, json};

/// How the rows are told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Told {
    #[default]
    Whole,
    /// The sixteenth has no price of the peak.
    Gap,
    /// The sixteenth has two prices of the peak.
    Overlap,
    /// From the sixteenth on the peak has another price than it was to have.
    Changed,
}

/// Yuan per kWh until the fifteenth, and from the sixteenth on.
const FEED_IN: [(&str, &str, &str); 5] = [
    ("super_peak", "0.5210", "0.5378"),
    ("peak", "0.4135", "0.42770001"),
    ("flat", "0.3035", "0.3127"),
    ("valley", "0.1821", "0.17650009"),
    ("deep_valley", "0.1012", "0.0987"),
];
const PEAK_CHANGED: &str = "0.4999";
const SUBSIDY: &str = "0.03";

/// The rows of one month, written `YYYY-MM`; nothing of what is no month.
pub(super) fn rows(period: &str, told: Told) -> Option<Vec<Value>> {
    let first = Date::strptime("%Y-%m-%d", format!("{period}-01")).ok()?;
    let sixteenth = first.with().day(16).build().ok()?;
    let seventeenth = sixteenth.tomorrow().ok()?;
    let next = first.last_of_month().tomorrow().ok()?;
    let mut rows = Vec::new();
    for (slot, before, after) in FEED_IN {
        let (until, from, after) = match (told, slot) {
            (Told::Gap, "peak") => (sixteenth, seventeenth, after),
            (Told::Overlap, "peak") => (seventeenth, sixteenth, after),
            (Told::Changed, "peak") => (sixteenth, sixteenth, PEAK_CHANGED),
            _ => (sixteenth, sixteenth, after),
        };
        rows.push(row("feed_in", slot, (first, until), before));
        rows.push(row("feed_in", slot, (from, next), after));
        rows.push(row("subsidy", slot, (first, next), SUBSIDY));
    }
    Some(rows)
}

/// What is withheld of a month's sales that come to more than the exempt sum.
pub(super) fn taxes() -> Value {
    json!([{"from": "2020-01-01", "rate_ppm": 10_000, "exempt_up_to_fen": 10_000}])
}

fn row(kind: &str, slot: &str, (from, until): (Date, Date), price: &str) -> Value {
    json!({
        "kind": kind, "slot": slot, "from": from.to_string(), "until": until.to_string(),
        "price_yuan_per_kwh": price,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peak(told: Told) -> Vec<(String, String, String)> {
        let rows = rows("2026-12", told).unwrap();
        let of_peak = rows
            .iter()
            .filter(|row| row["kind"] == "feed_in" && row["slot"] == "peak");
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        of_peak
            .map(|row| {
                (
                    text(&row["from"]),
                    text(&row["until"]),
                    text(&row["price_yuan_per_kwh"]),
                )
            })
            .collect()
    }

    #[test]
    fn a_month_is_priced_whole_or_wrongly_on_the_sixteenth() {
        let days = |told| {
            let rows = peak(told);
            (rows[0].1.clone(), rows[1].0.clone())
        };
        let day = |n: u8| format!("2026-12-{n}");
        assert_eq!(days(Told::Whole), (day(16), day(16)));
        assert_eq!(days(Told::Gap), (day(16), day(17)));
        assert_eq!(days(Told::Overlap), (day(17), day(16)));
        assert_eq!(peak(Told::Whole)[1].1, "2027-01-01");
        assert_ne!(peak(Told::Whole)[1].2, peak(Told::Changed)[1].2);
        assert_eq!(rows("2026-12", Told::Whole).unwrap().len(), 15);
        assert!(rows("2026-13", Told::Whole).is_none());
    }
}
