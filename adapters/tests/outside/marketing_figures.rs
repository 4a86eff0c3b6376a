//! Figures of the marketing system: read to the last digit, or refused.

use lifeline_core::billing::ports::{BillingSource as _, SourceError};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::outside::NoAnswer;
use serde_json::{Value, json};

use crate::marketing::{marketing, number, refusal, signature_holds};
use crate::responder::{Act, Responder};

fn arrears(total: i64) -> Value {
    json!({
        "items": [{
            "receivable_id": "R1", "bill_period": "2026-10", "principal_fen": 12_000,
            "late_fee_fen": 840, "paid_fen": 40, "due_date": "2026-11-25", "version": 1,
        }],
        "total_fen": total, "arrears_version": "v7", "as_of": "2026-11-20T09:59:00+08:00",
    })
}

#[tokio::test]
async fn figures_that_do_not_add_up_are_no_figures() {
    let ask = async |body: Value| {
        let responder = Responder::start(move |_| Act::Answer(200, body.to_string()));
        marketing(&responder).arrears(&number()).await
    };
    let good = ask(arrears(12_800)).await.unwrap();
    assert_eq!(good.total, Fen::new(12_800));
    assert_eq!(good.items[0].late_fee, Fen::new(840));
    let wrong = ask(arrears(12_801)).await;
    assert!(matches!(
        wrong,
        Err(SourceError::NoAnswer(NoAnswer::Unknown(
            "inconsistent_reply"
        )))
    ));
    let mut overpaid = arrears(-160);
    overpaid["items"][0]["paid_fen"] = json!(13_000);
    assert!(ask(overpaid).await.is_err());
    let mut float = arrears(12_800);
    float["total_fen"] = json!(12_800.0);
    assert!(ask(float).await.is_err());
    let mut odd_day = arrears(12_800);
    odd_day["items"][0]["due_date"] = json!("2026-02-30");
    assert!(ask(odd_day).await.is_err());
}

fn bill() -> Value {
    json!({
        "period": "2026-10", "issued_on": "2026-11-03", "due_date": "2026-11-25", "days": 31,
        "readings": [{"meter_no": "15000012345", "previous": "1200.5", "current": "1350.5", "multiplier": 1, "energy_kwh": "150"}],
        "lines": [{"kind": "energy", "tier": 1, "quantity_kwh": "60", "price_yuan_per_kwh": "0.538", "amount_fen": 3228},
                  {"kind": "energy", "tier": 2, "quantity_kwh": "90", "price_yuan_per_kwh": "0.588", "amount_fen": 5292}],
        "total_fen": 8520, "energy_kwh": "150", "year_to_date_kwh": "2850",
        "tiers": [{"tier": 1, "up_to_kwh": "2760", "price_yuan_per_kwh": "0.538"}, {"tier": 3, "price_yuan_per_kwh": "0.838"}],
        "tariff_code": "ZJ", "paid": false, "as_of": "2026-11-20T09:59:00+08:00",
    })
}

#[tokio::test]
async fn bills_and_usage_are_read_to_the_last_digit() {
    let responder = Responder::start(|seen| {
        let body = match seen.target.as_str() {
            "/mkt/v1/consumers/1500000004321/bills/2026-10" => bill(),
            "/mkt/v1/consumers/1500000004321/bills?from=2024-12&to=2026-11" => json!({"items": [{
                "period": "2026-10", "energy_kwh": "150", "total_fen": 8520, "issued_on": "2026-11-03",
                "due_date": "2026-11-25", "paid": false}], "as_of": "2026-11-20T09:59:00+08:00"}),
            _ => {
                json!({"items": [{"date": "2026-11-01", "energy_kwh": "4.2", "quality": "actual"}],
                        "as_of": "2026-11-20T09:59:00+08:00"})
            }
        };
        Act::Answer(200, body.to_string())
    });
    let source = marketing(&responder);
    let bill = source.bill(&number(), "2026-10").await.unwrap();
    assert_eq!(bill.total, Fen::new(8520));
    assert_eq!(bill.lines[1].price.to_string(), "0.588");
    assert_eq!(bill.tiers[1].up_to, None);
    assert_eq!(bill.readings[0].previous.to_string(), "1200.5");
    let list = source.bills(&number(), "2024-12", "2026-11").await.unwrap();
    assert_eq!(list.items[0].energy.to_string(), "150");
    let days = source
        .daily_usage(&number(), "2026-11-01", "2026-11-02")
        .await
        .unwrap();
    assert_eq!((days.len(), days[0].peak), (1, None));
    assert!(responder.seen().iter().all(signature_holds));
}

#[tokio::test]
async fn a_bill_of_another_period_or_with_impossible_figures_is_refused() {
    let ask = async |change: fn(&mut Value)| {
        let mut body = bill();
        change(&mut body);
        let responder = Responder::start(move |_| Act::Answer(200, body.to_string()));
        marketing(&responder)
            .bill(&number(), "2026-10")
            .await
            .is_err()
    };
    assert!(!ask(|_| ()).await);
    assert!(ask(|b| b["period"] = json!("2026-09")).await);
    assert!(ask(|b| b["energy_kwh"] = json!("-1")).await);
    assert!(ask(|b| b["energy_kwh"] = json!(150)).await);
    assert!(ask(|b| b["lines"][0]["price_yuan_per_kwh"] = json!("0.123456789")).await);
    assert!(ask(|b| b["readings"][0]["meter_no"] = json!("x\u{0}y")).await);
    for (status, code) in [(404, "CONSUMER_UNAVAILABLE"), (422, "INVALID")] {
        let responder = Responder::start(move |_| refusal(status, code));
        let absent = marketing(&responder).bill(&number(), "2026-10").await;
        assert!(matches!(absent, Err(SourceError::Absent)), "{code}");
    }
}

#[tokio::test]
async fn ln_09_what_was_paid_is_read_with_its_place_or_refused() {
    let ask = async |fen: i64, channel: &str| {
        let body = json!({"items": [{"mkt_txn_no": "MK1", "paid_at": "2026-11-19T08:00:00.123+08:00",
            "amount_fen": fen, "channel": channel}], "as_of": "2026-11-20T09:59:00+08:00"});
        let responder = Responder::start(move |_| Act::Answer(200, body.to_string()));
        let source = marketing(&responder);
        let paid = source.receipts(&number(), "2024-11-01", "2026-11-20").await;
        let asked = "/mkt/v1/consumers/1500000004321/payments?from=2024-11-01&to=2026-11-20";
        let seen = responder.seen();
        assert!(seen.iter().all(|one| one.target == asked) && seen.iter().all(signature_holds));
        paid
    };
    for (channel, place) in [
        ("OWN", "here"),
        ("HALL", "hall"),
        ("BANK", "bank"),
        ("OTHER", "elsewhere"),
        ("KIOSK", "elsewhere"),
    ] {
        let paid = ask(12_840, channel).await.unwrap();
        assert_eq!((paid.len(), paid[0].place.as_str()), (1, place));
        assert_eq!(paid[0].amount, Fen::new(12_840));
    }
    for fen in [0, -1] {
        assert!(ask(fen, "HALL").await.is_err(), "{fen}");
    }
}
