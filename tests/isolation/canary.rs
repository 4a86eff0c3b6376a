//! People and homes by number, and their canaries: figures and words that no other has.

use std::collections::BTreeSet;

use lifeline_core::shared::energy::Kwh;
use lifeline_core::shared::personal::ConsumerNo;
use lifeline_core::shared::time::Day;
use serde_json::Value;

pub(crate) const PEOPLE: usize = 5;
pub(crate) const HOMES: usize = 4;
/// The account of the first person's other wallet; it takes part at the end of a walk alone.
pub(crate) const TWIN: usize = PEOPLE;
/// What the test's clock begins with.
pub(crate) const START: &str = "2026-11-20T10:00:00+08:00";

pub(crate) const GIVEN: [&str; PEOPLE] = ["甲", "乙", "丙", "丁", "戊"];

/// The person whose account it is.
pub(crate) const fn who(account: usize) -> usize {
    account % PEOPLE
}

pub(crate) fn name_of(person: usize) -> String {
    format!("赵{}", GIVEN[person])
}

pub(crate) fn phone_of(person: usize) -> String {
    format!("1900000820{person}")
}

/// A made-up resident ID with the right check character.
pub(crate) fn id_no_of(person: usize) -> String {
    const WEIGHTS: [usize; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let first = format!("150499199{person}0101{:03}", 100 + person);
    let digits = first.bytes().map(|byte| usize::from(byte - b'0'));
    let sum: usize = digits
        .zip(WEIGHTS)
        .map(|(digit, weight)| digit * weight)
        .sum();
    format!("{first}{}", char::from(b"10X98765432"[sum % 11]))
}

/// What is on any lease.
pub(crate) fn digits_of(person: usize) -> String {
    id_no_of(person)[12..].to_owned()
}

pub(crate) fn tail_of(home: usize) -> String {
    (7101 + 111 * home).to_string()
}

pub(crate) fn number_of(home: usize) -> String {
    format!("150401002{}", tail_of(home))
}

pub(crate) fn home_of(number: &ConsumerNo) -> Option<usize> {
    (0..HOMES).find(|home| number_of(*home) == number.expose())
}

/// Months since the year 0, so that periods can be counted.
pub(crate) fn month_of(period: &str) -> i64 {
    let (year, month) = period.split_once('-').expect("a period");
    year.parse::<i64>().expect("a year") * 12
        + month
            .get(..2)
            .expect("a month")
            .parse::<i64>()
            .expect("a month")
        - 1
}

pub(crate) fn period_of(month: i64) -> String {
    format!("{:04}-{:02}", month / 12, month % 12 + 1)
}

/// What belongs to one person or one home and may be seen by some only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Canary {
    /// A person by their masked name.
    Name(usize),
    /// A home by its last four digits.
    Tail(usize),
    Address(usize),
    Meter(usize),
    /// The sum that is due.
    Due(usize),
    /// Prepaid money under one holder.
    Balance(usize, i64),
    /// The bill of one month, in the list, by itself, and as a part of what is due.
    Bill(usize, i64),
    /// The energy of one day, by its number.
    Used(usize, i64),
    /// What was paid in one month.
    Paid(usize, i64),
    /// What is announced in the supply office of a home, and in no other's.
    Outage(usize),
    /// What a person wrote to the utility.
    Letter(usize),
    /// A person's points.
    Points(usize),
    /// What a person's power was sold for in the month that waits to be checked.
    Sold(usize),
    /// A person's generator, or the account its money goes to, by their last four digits.
    Seller(usize),
}

pub(crate) fn due_of(home: usize) -> i64 {
    79_000_001 + 1_000 * fen(home)
}

pub(crate) fn balance_of(home: usize, version: i64) -> i64 {
    76_000_001 + 10_000 * fen(home) + 10 * version
}

pub(crate) fn bill_of(home: usize, month: i64) -> i64 {
    70_000_003 + 1_000_000 * fen(home) + 10 * (month - 24_000)
}

/// A day by its number, for what is counted by the day.
pub(crate) fn nth_of(day: Day) -> i64 {
    day.days_after(Day::parse("2026-01-01").expect("a day"))
}

/// In units of 0.0001 kWh; two days together are none.
pub(crate) fn used_of(home: usize, day: Day) -> i64 {
    used_on(home, nth_of(day))
}

fn used_on(home: usize, nth: i64) -> i64 {
    41_000_003 + 1_000_000 * fen(home) + 10 * nth
}

pub(crate) fn paid_of(home: usize, month: i64) -> i64 {
    50_000_009 + 1_000_000 * fen(home) + 10 * (month - 24_000)
}

/// The day of a month on which its bill is paid.
pub(crate) fn paid_on(month: i64) -> Day {
    Day::parse(&format!("{}-15", period_of(month))).expect("a day")
}

pub(crate) fn office_of(home: usize) -> String {
    format!("150401{home}")
}

pub(crate) fn outage_of(home: usize) -> String {
    format!("第{}号台区", 9100 + home)
}

pub(crate) fn points_of(person: usize) -> i64 {
    30_000_011 + 1_000 * fen(person)
}

fn mark_of(person: usize) -> String {
    format!("第{}号信", 8800 + person)
}

pub(crate) fn letter_of(person: usize) -> String {
    format!("请看一看{}", mark_of(person))
}

pub(crate) fn sold_of(person: usize) -> i64 {
    60_000_007 + 1_000 * fen(person)
}

pub(crate) fn seller_tail_of(person: usize) -> String {
    (9417 + 17 * person).to_string()
}

pub(crate) fn generator_of(person: usize) -> String {
    format!("150499002{}", seller_tail_of(person))
}

pub(crate) fn card_of(person: usize) -> String {
    format!("621700000000000{}", seller_tail_of(person))
}

pub(crate) fn fen(home: usize) -> i64 {
    i64::try_from(home).expect("a small number")
}

/// Every canary that an answer shows, wherever in it.
pub(crate) fn canaries_in(answer: &Value) -> BTreeSet<Canary> {
    let mut found = BTreeSet::new();
    seek(answer, &mut found);
    found
}

fn seek(value: &Value, found: &mut BTreeSet<Canary>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| seek(item, found)),
        Value::Object(fields) => fields.values().for_each(|field| seek(field, found)),
        Value::Number(number) => {
            if let Some(number) = number.as_i64() {
                found.extend(of_number(number));
            }
        }
        Value::String(text) => found.extend(of_text(text)),
        Value::Null | Value::Bool(_) => {}
    }
}

fn of_number(number: i64) -> Option<Canary> {
    if let Some(person) = (0..PEOPLE).find(|person| number == sold_of(*person)) {
        return Some(Canary::Sold(person));
    }
    if let Some(person) = (0..PEOPLE).find(|person| number == points_of(*person)) {
        return Some(Canary::Points(person));
    }
    for home in 0..HOMES {
        if number == due_of(home) {
            return Some(Canary::Due(home));
        }
        let version = (number - balance_of(home, 0)) / 10;
        if (0..500).contains(&version) && number == balance_of(home, version) {
            return Some(Canary::Balance(home, version));
        }
        let month = 24_000 + (number - bill_of(home, 24_000)) / 10;
        if (24_000..25_000).contains(&month) && number == bill_of(home, month) {
            return Some(Canary::Bill(home, month));
        }
        let month = 24_000 + (number - paid_of(home, 24_000)) / 10;
        if (24_000..25_000).contains(&month) && number == paid_of(home, month) {
            return Some(Canary::Paid(home, month));
        }
    }
    None
}

/// The home whose day it was, if so much energy is one.
fn of_energy(energy: Kwh) -> Option<Canary> {
    (0..HOMES).find_map(|home| {
        let nth = (energy.scaled() - used_on(home, 0)) / 10;
        let is_it = (0..10_000).contains(&nth) && energy.scaled() == used_on(home, nth);
        is_it.then_some(Canary::Used(home, nth))
    })
}

fn of_text(text: &str) -> Vec<Canary> {
    let mut found: Vec<Canary> = Kwh::parse(text)
        .ok()
        .and_then(of_energy)
        .into_iter()
        .collect();
    for (person, given) in GIVEN.iter().enumerate() {
        if text.contains(given) {
            found.push(Canary::Name(person));
        }
        if text.contains(&format!("*{}", seller_tail_of(person))) {
            found.push(Canary::Seller(person));
        }
        if text.contains(&mark_of(person)) {
            found.push(Canary::Letter(person));
        }
    }
    for home in 0..HOMES {
        let tail = tail_of(home);
        if text.contains(&format!("*{tail}")) || text.contains(&format!("尾号 {tail}")) {
            found.push(Canary::Tail(home));
        }
        if text.contains(&outage_of(home)) {
            found.push(Canary::Outage(home));
        }
        if text.contains(&address_of(home)) {
            found.push(Canary::Address(home));
        }
        if text.contains(&format!("*{}", 5500 + home)) {
            found.push(Canary::Meter(home));
        }
    }
    found
}

pub(crate) fn address_of(home: usize) -> String {
    format!("第{}巷***", ["一", "二", "三", "四"][home])
}

/// Nobody ever sees these, their own neither.
pub(crate) fn secrets() -> Vec<String> {
    let people = (0..PEOPLE).flat_map(|one| [name_of(one), phone_of(one), id_no_of(one)]);
    let homes = (0..HOMES).flat_map(|one| [number_of(one), format!("1500000000{}", 5500 + one)]);
    let sellers = (0..PEOPLE).flat_map(|one| [generator_of(one), card_of(one)]);
    people.chain(homes).chain(sellers).collect()
}

/// Whose names and numbers stand in a text that masks nothing: a person's own document.
pub(crate) fn clear_in(text: &str) -> BTreeSet<Canary> {
    let people = (0..PEOPLE).flat_map(|one| {
        [
            (name_of(one), Canary::Name(one)),
            (phone_of(one), Canary::Name(one)),
            (id_no_of(one), Canary::Name(one)),
            (generator_of(one), Canary::Seller(one)),
            (card_of(one), Canary::Seller(one)),
        ]
    });
    let homes = (0..HOMES).flat_map(|one| {
        let meter = format!("1500000000{}", 5500 + one);
        [
            (number_of(one), Canary::Tail(one)),
            (meter, Canary::Meter(one)),
        ]
    });
    let all = people.chain(homes);
    let there = all.filter(|(word, _)| text.contains(word.as_str()));
    there.map(|(_, canary)| canary).collect()
}
