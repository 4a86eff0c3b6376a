//! What a month of a seller is worth by the sandbox's own meter, prices and taxes, added up here: a line for each kind,
//! part of the day and price, half a fen up.

use std::collections::BTreeMap;

use lifeline_tests::Phone;
use serde_json::Value;

/// Kind, part of the day and first day of a price.
type Of = (String, String, String);

/// Energy in ten-thousandths of a kilowatt-hour and the amount in fen, of each line; and what the sales are taxed with.
pub(crate) struct Worth {
    lines: BTreeMap<Of, (i64, i64)>,
    taxes: Value,
}

/// A decimal in units of its last place, read without a float.
fn scaled(text: &Value, places: usize) -> i64 {
    let text = text.as_str().expect("a decimal");
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let part = format!("{part:0<places$}");
    assert_eq!(part.len(), places, "{text}");
    format!("{whole}{part}").parse().expect("digits")
}

fn word(value: &Value) -> String {
    value.as_str().expect("a word").to_owned()
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().expect("a list")
}

/// The one row that holds on a day.
fn row<'a>(rows: &'a Value, kind: &str, slot: &Value, day: &str) -> &'a Value {
    let rows = list(rows).iter();
    let mut holds = rows.filter(|row| {
        let (from, until) = (word(&row["from"]), word(&row["until"]));
        row["kind"] == kind && row["slot"] == *slot && *from <= *day && *day < *until
    });
    let found = holds.next().expect("a price");
    assert!(holds.next().is_none(), "one price of {kind} on {day}");
    found
}

impl Worth {
    /// Of the month that was settled for the generator of that number.
    pub(crate) async fn of(phone: &Phone, number: &str, period: &str, sells_all: bool) -> Self {
        let meter = format!("/sim/generation/readings?generation_no={number}&period={period}");
        let meter = phone.sandbox_get(&meter).await;
        let prices = format!("/sim/generation/prices?period={period}");
        let prices = phone.sandbox_get(&prices).await;
        let sold = if sells_all {
            "generated_kwh"
        } else {
            "fed_in_kwh"
        };
        let mut energies: BTreeMap<Of, (i64, i64)> = BTreeMap::new();
        for day in list(&meter["days"]) {
            for part in list(&day["parts"]) {
                for (kind, measured) in [("feed_in", sold), ("subsidy", "generated_kwh")] {
                    let row = row(&prices["prices"], kind, &part["slot"], &word(&day["day"]));
                    let of = (kind.to_owned(), word(&part["slot"]), word(&row["from"]));
                    let price = scaled(&row["price_yuan_per_kwh"], 8);
                    let line = energies.entry(of).or_insert((0, price));
                    line.0 += scaled(&part[measured], 4);
                }
            }
        }
        let amount = |energy: i64, price: i64| {
            let fen = (i128::from(energy) * i128::from(price) + 5_000_000_000) / 10_000_000_000;
            i64::try_from(fen).expect("a sum")
        };
        let lines = energies.into_iter();
        Self {
            lines: lines
                .map(|(of, (energy, price))| (of, (energy, amount(energy, price))))
                .collect(),
            taxes: prices["taxes"].clone(),
        }
    }

    pub(crate) fn sum(&self, kind: &str) -> i64 {
        let lines = self.lines.iter().filter(|((of, ..), _)| of == kind);
        lines.map(|(_, (_, fen))| fen).sum()
    }

    /// Withheld of all sales once they come to more than is exempt, half a fen up.
    fn tax(&self) -> i64 {
        let [row] = &list(&self.taxes)[..] else {
            panic!("one tax: {}", self.taxes)
        };
        let whole = |name: &str| row[name].as_i64().expect("a whole number");
        let gross = self.sum("feed_in");
        if gross <= whole("exempt_up_to_fen") {
            return 0;
        }
        (gross * whole("rate_ppm") + 500_000) / 1_000_000
    }

    /// Line by line the same, and the sums, the tax and what is paid.
    pub(crate) fn is_shown(&self, task: &Value) {
        let settlement = &task["settlement"];
        let shown: BTreeMap<Of, (i64, i64)> = list(&settlement["lines"])
            .iter()
            .map(|line| {
                let of = (
                    word(&line["kind"]),
                    word(&line["slot"]),
                    word(&line["from"]),
                );
                let fen = line["amount_fen"].as_i64().expect("an amount");
                (of, (scaled(&line["energy_kwh"], 4), fen))
            })
            .collect();
        assert_eq!(shown, self.lines);
        assert_eq!(list(&settlement["lines"]).len(), self.lines.len());
        let (gross, subsidy) = (self.sum("feed_in"), self.sum("subsidy"));
        assert!(gross > 0 && subsidy > 0, "both are met: {gross} {subsidy}");
        assert_eq!(settlement["gross_fen"], gross);
        assert_eq!(settlement["subsidy_fen"], subsidy);
        let tax = self.tax();
        assert!(tax > 0, "more is sold than is exempt: {gross}");
        assert_eq!(settlement["tax_fen"], tax);
        assert_eq!(task["amount_fen"], gross - tax + subsidy);
    }
}
