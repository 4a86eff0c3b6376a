//! The systems around settlement: prices, taxes and readings come over as they are told, each in its own place, and a
//! payout says to whom.

use std::sync::Arc;
use std::time::Duration;

use lifeline_adapters::generation::GenerationLine;
use lifeline_adapters::wire::{Address, CallRules};
use lifeline_core::settlement::accounts::table::Identity;
use lifeline_core::settlement::ids::{GenerationNo, TradingAccount};
use lifeline_core::settlement::ports::{
    HeadEnd as _, Payout, PayoutAnswer, PublishingPlatform as _, TradePlatform as _,
};
use lifeline_core::settlement::readings::{DayReading, Measured, MonthReading};
use lifeline_core::shared::energy::{Kwh, Price};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::shared::period::Period;
use lifeline_core::shared::personal::{IdNo, PersonName};
use lifeline_core::shared::time::{Day, Time};
use lifeline_core::tariffs::{PriceKind, PriceRow, Slot, TaxRow};
use serde_json::{Value, json};

use crate::marketing::{opened, signature_holds};
use crate::responder::{Act, Responder};
use crate::world::{Counting, Fixed, line_keys};

fn line(responder: &Responder) -> GenerationLine {
    let address = Address::parse(&format!("{}/pv/v1", responder.base), true).expect("an address");
    let rules = CallRules::within(Duration::from_millis(400));
    let entropy = Arc::new(Counting::default());
    GenerationLine::new(address, line_keys(), rules, Arc::new(Fixed), entropy).expect("a client")
}

fn told(status: u16, body: &Value) -> Responder {
    let body = body.to_string();
    Responder::start(move |_| Act::Answer(status, body.clone()))
}

fn period() -> Period {
    Period::parse("2026-10").expect("a month")
}

fn day(text: &str) -> Day {
    Day::parse(text).expect("a day")
}

/// Every part of the day has another price, and the days of no two rows are the same.
const PRICES: [(&str, &str, &str, Option<&str>, &str); 7] = [
    ("feed_in", "super_peak", "2026-01-01", None, "0.5101"),
    ("feed_in", "peak", "2026-02-01", None, "0.4102"),
    (
        "feed_in",
        "flat",
        "2026-03-01",
        Some("2026-10-16"),
        "0.3103",
    ),
    ("feed_in", "flat", "2026-10-16", None, "0.3204"),
    ("feed_in", "valley", "2026-04-01", None, "0.2105"),
    (
        "feed_in",
        "deep_valley",
        "2026-05-01",
        Some("2027-01-01"),
        "0.1106",
    ),
    (
        "subsidy",
        "peak",
        "2026-06-01",
        Some("2026-12-01"),
        "0.0807",
    ),
];

#[tokio::test]
async fn pv_19_each_price_comes_over_with_its_kind_its_part_of_the_day_and_its_days() {
    let prices = PRICES.map(|(kind, slot, from, until, price)| {
        json!({"kind": kind, "slot": slot, "from": from, "until": until, "price_yuan_per_kwh": price})
    });
    let taxes = json!([
        {"from": "2026-01-01", "until": "2026-10-01", "rate_ppm": 10_000, "exempt_up_to_fen": 10_000_000},
        {"from": "2026-10-01", "rate_ppm": 30_000, "exempt_up_to_fen": 5_000_000},
    ]);
    let responder = told(200, &json!({"prices": prices, "taxes": taxes}));
    let published = line(&responder).feed_in_prices(&period()).await;
    let published = published.expect("prices");
    let parts = [
        (PriceKind::FeedIn, Slot::SuperPeak),
        (PriceKind::FeedIn, Slot::Peak),
        (PriceKind::FeedIn, Slot::Flat),
        (PriceKind::FeedIn, Slot::Flat),
        (PriceKind::FeedIn, Slot::Valley),
        (PriceKind::FeedIn, Slot::DeepValley),
        (PriceKind::Subsidy, Slot::Peak),
    ];
    let rows = parts
        .into_iter()
        .zip(PRICES)
        .map(|((kind, slot), (_, _, from, until, price))| PriceRow {
            kind,
            slot,
            from: day(from),
            until: until.map(day),
            price: Price::parse(price).expect("a price"),
        });
    assert_eq!(published.prices, rows.collect::<Vec<_>>());
    assert_eq!(
        published.taxes,
        [
            TaxRow {
                from: day("2026-01-01"),
                until: Some(day("2026-10-01")),
                rate_ppm: 10_000,
                exempt_up_to: Fen::new(10_000_000),
            },
            TaxRow {
                from: day("2026-10-01"),
                until: None,
                rate_ppm: 30_000,
                exempt_up_to: Fen::new(5_000_000),
            },
        ]
    );
    let seen = responder.only();
    assert_eq!(seen.target, "/pv/v1/prices?period=2026-10");
    assert!(signature_holds(&seen));
}

#[tokio::test]
async fn pv_19_a_price_of_an_unknown_word_is_no_price_at_all() {
    let whole = json!({"kind": "feed_in", "slot": "peak", "from": "2026-01-01", "price_yuan_per_kwh": "0.3"});
    for (field, odd) in [
        ("kind", json!("bonus")),
        ("slot", json!("dusk")),
        ("from", json!("2026-13-01")),
        ("until", json!("soon")),
        ("price_yuan_per_kwh", json!(0.3)),
    ] {
        let mut row = whole.clone();
        row[field] = odd;
        let responder = told(200, &json!({"prices": [whole, row], "taxes": []}));
        let published = line(&responder).feed_in_prices(&period()).await;
        let unreadable = Err(NoAnswer::Unknown("unreadable_reply"));
        assert_eq!(published, unreadable, "{field}");
    }
    let responder = told(200, &json!({"prices": [whole], "taxes": []}));
    let published = line(&responder).feed_in_prices(&period()).await;
    assert_eq!(published.expect("prices").prices.len(), 1);
}

#[tokio::test]
async fn pv_19_energy_comes_over_by_its_part_of_the_day() {
    let part = |slot: &str, generated: &str, fed_in: &str| json!({"slot": slot, "generated_kwh": generated, "fed_in_kwh": fed_in});
    let days = json!([{
        "day": "2026-10-01",
        "parts": [part("peak", "8.5", "6.25"), part("valley", "2.5", "1.75")],
    }]);
    let read_at = "2026-11-01T02:00:00+08:00";
    let responder = told(200, &json!({"read_at": read_at, "days": days}));
    let number = GenerationNo::parse("1504990000001").expect("a number");
    let month = line(&responder).month(&number, &period()).await;
    let measured = |generated: &str, fed_in: &str| Measured {
        generated: Kwh::parse(generated).expect("energy"),
        fed_in: Kwh::parse(fed_in).expect("energy"),
    };
    let wanted = MonthReading {
        read_at: Time::parse_rfc3339(read_at).expect("a moment"),
        days: vec![DayReading {
            day: day("2026-10-01"),
            parts: vec![
                (Slot::Peak, measured("8.5", "6.25")),
                (Slot::Valley, measured("2.5", "1.75")),
            ],
        }],
    };
    assert_eq!(month, Ok(Some(wanted)));
    let seen = responder.only();
    assert!(signature_holds(&seen) && !seen.body.contains(number.expose()));
    let body: Value = serde_json::from_str(&seen.body).expect("JSON");
    assert_eq!(body["period"], "2026-10");
    let field = "generation_no_enc";
    let sealed = body[field].as_str().expect("an envelope");
    assert_eq!(opened(field, sealed), number.expose());
    let responder = told(404, &json!({"code": "NOT_FOUND"}));
    let none = line(&responder).month(&number, &period()).await;
    assert_eq!(none, Ok(None));
}

#[tokio::test]
async fn pv_27_a_payout_says_how_much_and_to_whom_by_name_id_card_and_account() {
    let responder = told(200, &json!({"state": "paid", "amount_fen": 12_400}));
    let payout = Payout {
        payout_no: "t0abcdefghijklmnopqrstuv".to_owned(),
        amount: Fen::new(12_400),
        payee: Identity {
            name: PersonName::parse("陈光").expect("a name"),
            id_no: IdNo::parse("150499199001010014").expect("an ID number"),
            trading_account: TradingAccount::parse("6217000000000001").expect("an account"),
        },
        period: period(),
    };
    let answer = line(&responder).pay(&payout).await;
    assert_eq!(answer, Ok(PayoutAnswer::Paid(Fen::new(12_400))));
    let seen = responder.only();
    assert!(signature_holds(&seen));
    assert_eq!(seen.header("idempotency-key"), payout.payout_no);
    let body: Value = serde_json::from_str(&seen.body).expect("JSON");
    assert_eq!(body["amount_fen"], 12_400);
    assert_eq!(body["period"], "2026-10");
    assert_eq!(body["payout_no"], payout.payout_no.as_str());
    for (field, clear) in [
        ("name_enc", "陈光"),
        ("id_no_enc", "150499199001010014"),
        ("trading_account_enc", "6217000000000001"),
    ] {
        assert!(!seen.body.contains(clear), "{field} travels sealed");
        let sealed = body[field].as_str().expect("an envelope");
        assert_eq!(opened(field, sealed), clear);
    }
}
