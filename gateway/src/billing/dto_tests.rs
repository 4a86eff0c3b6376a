//! What the routes of `billing` say, as the contract has it.

use lifeline_core::billing::explain::explain;
use lifeline_core::billing::figures::{Bill, BillLine, Reading};
use lifeline_core::shared::energy::{Kwh, Price};
use lifeline_core::shared::time::Time;
use serde_json::json;

use super::*;

fn shown<T>(figure: T) -> Shown<T> {
    let at = Time::parse_rfc3339("2026-11-20T10:00:00+08:00").unwrap();
    Shown {
        figure,
        as_of: at,
        asked_at: at.plus_seconds(5),
        stale: false,
    }
}

fn arrears(total: i64) -> Arrears {
    Arrears {
        items: vec![Receivable {
            receivable_id: "R1".into(),
            period: "2026-10".into(),
            principal: Fen::new(total),
            late_fee: Fen::ZERO,
            paid: Fen::ZERO,
            due_date: "2026-11-25".into(),
        }],
        total: Fen::new(total),
        version: "v1".into(),
        as_of: Time::default(),
    }
}

#[test]
fn m2_16_what_is_on_its_way_is_not_asked_for_again() {
    let view = |total, in_flight| {
        let (shown, in_flight) = (shown(arrears(total)), Fen::new(in_flight));
        let view = ArrearsView::of(shown, in_flight, false).unwrap();
        (view.total_fen, view.in_flight_fen)
    };
    assert_eq!(view(12_840, 0), (12_840, 0));
    assert_eq!(view(12_840, 12_840), (0, 12_840));
    assert_eq!(view(12_840, 10_000), (2_840, 10_000));
    // The utility credited before our line heard of it: nothing is due, never less.
    assert_eq!(view(0, 12_840), (0, 12_840));
}

#[test]
fn ec_07_a_bill_that_is_being_verified_is_said_to_whoever_would_pay_it() {
    let due = Due::from(arrears(12_840));
    for held in [true, false] {
        let figures = ArrearsView::of(shown(arrears(12_840)), Fen::ZERO, held).unwrap();
        let sum = ArrearsView::of_payer(shown(due.clone()), Fen::ZERO, Fen::ZERO, held);
        assert_eq!((figures.held, sum.unwrap().held), (held, held));
    }
}

/// A bill of one line, charged so much.
fn bill(charged: i64) -> Bill {
    let kwh = |text| Kwh::parse(text).unwrap();
    let price = Price::parse("0.538").unwrap();
    Bill {
        period: "2026-10".into(),
        issued_on: "2026-11-03".into(),
        due_date: "2026-11-25".into(),
        days: 31,
        readings: vec![Reading {
            meter_no: "15000012345".into(),
            previous: kwh("1200"),
            current: kwh("1260"),
            multiplier: 1,
            energy: kwh("60"),
        }],
        lines: vec![BillLine {
            kind: "energy".into(),
            tier: Some(1),
            quantity: kwh("60"),
            price,
            amount: Fen::new(charged),
        }],
        tiers: vec![Tier {
            tier: 1,
            up_to: None,
            price,
        }],
        energy: kwh("60"),
        year_to_date: kwh("2760"),
        total: Fen::new(3228),
        paid: false,
        as_of: Time::default(),
    }
}

#[test]
fn ln_07_a_bill_is_shown_as_the_contract_says() {
    let view = BillView::of(shown((explain(bill(3_228)), None)));
    assert_eq!(
        serde_json::to_value(view).unwrap(),
        json!({
            "period": "2026-10", "issued_on": "2026-11-03", "due_date": "2026-11-25", "days": 31,
            "readings": [{"meter_no_masked": "*******2345", "previous": "1200", "current": "1260",
                "multiplier": 1, "energy_kwh": "60", "recomputed": true, "recomputed_kwh": "60"}],
            "energy_kwh": "60", "energy_recomputed": true, "year_to_date_kwh": "2760",
            "tiers": [{"tier": 1, "price_yuan_per_kwh": "0.538"}],
            "lines": [{"kind": "energy", "tier": 1, "quantity_kwh": "60", "price_yuan_per_kwh": "0.538",
                "amount_fen": 3228, "formula": "60 kWh x 0.538 yuan/kWh = 32.28 yuan", "recomputed": true,
                "recomputed_fen": 3228, "price_recomputed": true}],
            "total_fen": 3228, "adds_up": true, "paid": false,
            "as_of": "2026-11-20T10:00:00+08:00", "stale": false,
        })
    );
}

#[test]
fn ln_07_what_does_not_follow_is_shown_as_billed_beside_what_follows() {
    let view = BillView::of(shown((explain(bill(9_900)), None)));
    let line = &view.lines[0];
    assert_eq!((line.amount_fen, line.recomputed_fen), (9_900, Some(3_228)));
    assert!(!line.recomputed && !view.adds_up);
    let mut odd = bill(3_228);
    odd.readings[0].current = Kwh::parse("1261").unwrap();
    odd.energy = Kwh::parse("61").unwrap();
    odd.lines[0].price = Price::parse("0.53800001").unwrap();
    let view = BillView::of(shown((explain(odd), None)));
    let reading = &view.readings[0];
    assert_eq!(
        (&*reading.energy_kwh, reading.recomputed_kwh.as_deref()),
        ("60", Some("61"))
    );
    assert!(!reading.recomputed && !view.energy_recomputed);
    assert!(view.lines[0].recomputed && !view.lines[0].price_recomputed);
}
