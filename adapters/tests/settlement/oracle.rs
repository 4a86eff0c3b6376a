//! The calculation against another program in another language (tests/vectors/settlement/make.py): the
//! same digests over 100,000 made-up months.

use std::fmt::Write as _;

use lifeline_core::settlement::accounts::account::FeedIn;
use lifeline_core::settlement::calculation::calculate;
use lifeline_core::settlement::readings::{DayReading, Measured, MonthEnergy, MonthReading};
use lifeline_core::shared::energy::{Kwh, Price};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::time::{Day, Time};
use lifeline_core::tariffs::{PriceBook, PriceKind, PriceRow, Slot, TaxBook, TaxRow};
use sha2::{Digest as _, Sha256};

use crate::world::period;

const DIGESTS: &str = include_str!("../../../tests/vectors/settlement/digests.txt");
const BLOCK: u64 = 20_000;
const SLOTS: [Slot; 3] = [Slot::Peak, Slot::Flat, Slot::Valley];

/// splitmix64
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: i64) -> i64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        i64::try_from((z ^ (z >> 31)) % u64::try_from(below).unwrap()).unwrap()
    }
}

fn settle(n: u64, days: &[Day]) -> String {
    let mut dice = Dice(n);
    let feed_in = if dice.roll(2) == 0 {
        FeedIn::Full
    } else {
        FeedIn::Surplus
    };
    let subsidised = dice.roll(3) == 0;
    let change = usize::try_from(2 + dice.roll(30)).unwrap();
    let change = days.get(change - 1).copied();
    let mut rows = Vec::new();
    for kind in [PriceKind::FeedIn, PriceKind::Subsidy] {
        for slot in SLOTS {
            let (first, second) = (dice.roll(100_000_000), dice.roll(100_000_000));
            let row = |from, until, price| PriceRow {
                kind,
                slot,
                from,
                until,
                price: Price::from_scaled(price),
            };
            rows.push(row(days[0], change, first));
            rows.extend(change.map(|from| row(from, None, second)));
        }
    }
    rows.retain(|row| subsidised || row.kind == PriceKind::FeedIn);
    let tax = TaxRow {
        from: days[0],
        until: None,
        rate_ppm: dice.roll(60_000),
        exempt_up_to: Fen::new(dice.roll(200_000)),
    };
    let readings = days.iter().map(|day| {
        let parts = SLOTS.map(|slot| {
            let generated = dice.roll(600_000);
            let fed_in = dice.roll(generated + 1);
            let (generated, fed_in) = (Kwh::from_scaled(generated), Kwh::from_scaled(fed_in));
            (slot, Measured { generated, fed_in })
        });
        DayReading {
            day: *day,
            parts: parts.to_vec(),
        }
    });
    let reading = MonthReading {
        read_at: Time::from_micros(0),
        days: readings.collect(),
    };
    let month = MonthEnergy::check(&period(), reading, Time::from_micros(0), None).unwrap();
    let (prices, taxes) = (
        PriceBook::read(rows).unwrap(),
        TaxBook::read(vec![tax]).unwrap(),
    );
    let amounts = calculate(&month, feed_in, &prices, &taxes).unwrap();
    format!(
        "{n} {} {} {} {}\n",
        amounts.gross.get(),
        amounts.tax.get(),
        amounts.subsidy.get(),
        amounts.net.get()
    )
}

pub(crate) fn another_program_comes_to_the_same_fen() {
    let days: Vec<Day> = period().days().collect();
    assert_eq!(DIGESTS.lines().count(), 5, "100,000 months");
    for (block, expected) in (0..).zip(DIGESTS.lines()) {
        let mut digest = Sha256::new();
        for n in block * BLOCK..(block + 1) * BLOCK {
            digest.update(settle(n, &days).as_bytes());
        }
        let mut found = String::new();
        for byte in digest.finalize() {
            write!(found, "{byte:02x}").unwrap();
        }
        assert_eq!(found, expected, "block {block}");
    }
}
