//! What a consumer is told: archive, arrears, balance, bills, usage. Everything is recomputed here.

use rust_decimal::prelude::ToPrimitive as _;
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Value, json};

use super::channel::{CLOSED, Draft, IN_DUNNING, LI_MING, PREPAID, Scene, UNKNOWN, fen};

fn kwh(value: &Value) -> Decimal {
    value
        .as_str()
        .unwrap_or_else(|| panic!("not a decimal string: {value}"))
        .parse()
        .unwrap()
}

fn list(value: &Value) -> &Vec<Value> {
    value
        .as_array()
        .unwrap_or_else(|| panic!("not a list: {value}"))
}

#[tokio::test]
async fn the_archive_shows_only_what_a_channel_may_see() {
    let scene = Scene::new().await;
    let consumer = scene.get(&format!("/mkt/v1/consumers/{LI_MING}")).await;
    assert_eq!(consumer["consumer_no"], LI_MING);
    assert_eq!(consumer["holder_masked"], "*明");
    assert_eq!(consumer["address_masked"], "赤峰市红山区钢铁街道文化路***");
    assert_eq!(consumer["category"], "residential");
    assert_eq!(
        (&consumer["pay_mode"], &consumer["status"]),
        (&json!("postpaid"), &json!("active"))
    );
    assert_eq!(consumer["real_name"], "verified");
    assert_eq!(consumer["holder_version"], 1);
    assert_eq!(consumer["holder_since"], "2019-06-01");
    assert_eq!(list(&consumer["meters"]).len(), 1);
    assert!(consumer["as_of"].as_str().unwrap().ends_with("+08:00"));
    let text = consumer.to_string();
    for secret in ["李明", "150499199001010014", "19000000001", "12号"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    let closed = scene.get(&format!("/mkt/v1/consumers/{CLOSED}")).await;
    assert_eq!(closed["status"], "closed");
    let prepaid = scene.get(&format!("/mkt/v1/consumers/{PREPAID}")).await;
    assert_eq!(prepaid["pay_mode"], "prepaid");
    scene.end().await;
}

#[tokio::test]
async fn an_unknown_number_is_one_answer_everywhere() {
    let scene = Scene::new().await;
    let mut bodies = Vec::new();
    for path in [
        "",
        "/arrears",
        "/balance",
        "/bills",
        "/bills/2026-10",
        "/usage/daily",
        "/payments?from=2026-10-01&to=2026-10-31",
    ] {
        let path = format!("/mkt/v1/consumers/{UNKNOWN}{path}");
        let (status, mut body) = scene.send(&Draft::get(&path)).await;
        assert_eq!(status, 404, "{path}");
        body["trace_id"] = json!("");
        bodies.push(body);
    }
    assert!(bodies.iter().all(|body| *body == bodies[0]));
    assert_eq!(bodies[0]["code"], "CONSUMER_UNAVAILABLE");
    scene.end().await;
}

#[tokio::test]
async fn arrears_add_up_and_move_at_midnight_only_by_the_late_fee() {
    let scene = Scene::new().await;
    let arrears = scene.arrears(IN_DUNNING).await;
    let items = list(&arrears["items"]);
    assert_eq!(items.len(), 3);
    let due = |item: &Value| {
        fen(&item["principal_fen"]) + fen(&item["late_fee_fen"]) - fen(&item["paid_fen"])
    };
    assert_eq!(
        items.iter().map(due).sum::<i64>(),
        fen(&arrears["total_fen"])
    );
    assert_eq!(items[0]["bill_period"], "2026-08");
    assert_eq!(items[0]["due_date"], "2026-09-25");
    // 56 days overdue on 20 November: 0.1 % each, half up.
    let fee = (fen(&items[0]["principal_fen"]) * 56 + 500) / 1000;
    assert_eq!(fen(&items[0]["late_fee_fen"]), fee);
    assert_eq!(
        items[2]["late_fee_fen"], 0,
        "October's bill is due on the 25th"
    );
    scene.advance(11 * 3600).await;
    let evening = scene.arrears(IN_DUNNING).await;
    assert_eq!(evening["arrears_version"], arrears["arrears_version"]);
    scene.advance(2 * 3600).await;
    let next_day = scene.arrears(IN_DUNNING).await;
    assert_ne!(next_day["arrears_version"], arrears["arrears_version"]);
    let moved = list(&next_day["items"]);
    assert_eq!(
        fen(&moved[0]["late_fee_fen"]),
        (fen(&items[0]["principal_fen"]) * 57 + 500) / 1000
    );
    assert_ne!(moved[0]["version"], items[0]["version"]);
    assert_eq!(
        moved[2]["version"], items[2]["version"],
        "no figure of it moved"
    );
    scene.end().await;
}

#[tokio::test]
async fn a_fee_begins_the_day_after_the_due_date() {
    let scene = Scene::new().await;
    let before = scene.arrears(LI_MING).await;
    scene.advance(5 * 24 * 3600).await;
    let on_due_date = scene.arrears(LI_MING).await;
    assert_eq!(on_due_date["arrears_version"], before["arrears_version"]);
    scene.advance(24 * 3600).await;
    let overdue = scene.arrears(LI_MING).await;
    let principal = fen(&before["total_fen"]);
    assert_eq!(
        fen(&overdue["total_fen"]),
        principal + (principal + 500) / 1000
    );
    scene.end().await;
}

/// Quantity x price of a line in fen, half up.
fn line_fen(line: &Value) -> i64 {
    let exact = kwh(&line["quantity_kwh"]) * kwh(&line["price_yuan_per_kwh"]);
    (exact * Decimal::ONE_HUNDRED)
        .round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero)
        .to_i64()
        .unwrap()
}

/// Everything a bill claims about itself.
fn check_bill(bill: &Value) {
    let mut energy = Decimal::ZERO;
    for reading in list(&bill["readings"]) {
        let diff = kwh(&reading["current"]) - kwh(&reading["previous"]);
        let by_meter = diff * Decimal::from(fen(&reading["multiplier"]));
        assert_eq!(by_meter, kwh(&reading["energy_kwh"]), "{reading}");
        energy += by_meter;
    }
    assert_eq!(energy, kwh(&bill["energy_kwh"]));
    let lines = list(&bill["lines"]);
    assert_eq!(
        lines
            .iter()
            .map(|line| kwh(&line["quantity_kwh"]))
            .sum::<Decimal>(),
        energy
    );
    for line in lines {
        assert_eq!(line_fen(line), fen(&line["amount_fen"]), "{line}");
        let tier = list(&bill["tiers"])
            .iter()
            .find(|tier| tier["tier"] == line["tier"])
            .unwrap();
        assert_eq!(tier["price_yuan_per_kwh"], line["price_yuan_per_kwh"]);
    }
    let total: i64 = lines.iter().map(|line| fen(&line["amount_fen"])).sum();
    assert_eq!(total, fen(&bill["total_fen"]));
}

/// The tier a line must be in, from the year's energy up to the bill.
fn check_yearly_tiers(bill: &Value) {
    if bill["tariff_code"] != "RES-TIER-YEAR" {
        return;
    }
    let after = kwh(&bill["year_to_date_kwh"]);
    let before = after - kwh(&bill["energy_kwh"]);
    let within =
        |low: i64, high: i64| (after.min(high.into()) - before.max(low.into())).max(Decimal::ZERO);
    let expected = [within(0, 2760), within(2760, 4800), within(4800, 1_000_000)];
    for (tier, expected) in (1..).zip(expected) {
        let line = list(&bill["lines"])
            .iter()
            .find(|line| line["tier"] == tier);
        let got = line.map_or(Decimal::ZERO, |line| kwh(&line["quantity_kwh"]));
        assert_eq!(got, expected, "tier {tier} of {bill}");
    }
}

#[tokio::test]
async fn two_years_of_bills_recompute_from_the_readings_and_chain() {
    let scene = Scene::new().await;
    let consumers = scene.sim("/sim/marketing/consumers").await;
    let consumers = list(&consumers["items"]);
    assert_eq!(consumers.len(), 200);
    // A third of the 200, every kind among them, keeps the test short.
    let mut gaps = 0;
    for consumer in consumers.iter().step_by(3) {
        let no = consumer["consumer_no"].as_str().unwrap();
        let bills = scene.get(&format!("/mkt/v1/consumers/{no}/bills")).await;
        let mut newer: Option<Value> = None;
        for summary in list(&bills["items"]) {
            let period = summary["period"].as_str().unwrap();
            let bill = scene
                .get(&format!("/mkt/v1/consumers/{no}/bills/{period}"))
                .await;
            check_bill(&bill);
            check_yearly_tiers(&bill);
            for field in ["energy_kwh", "total_fen", "issued_on", "due_date", "paid"] {
                assert_eq!(bill[field], summary[field], "{field} of {period}");
            }
            if let Some(newer) = &newer {
                for (late, early) in list(&newer["readings"]).iter().zip(list(&bill["readings"])) {
                    assert_eq!(late["previous"], early["current"], "the readings chain");
                }
            }
            newer = Some(bill);
        }
        gaps += 24 - list(&bills["items"]).len();
    }
    assert!(gaps <= 1);
    scene.end().await;
}

#[tokio::test]
async fn a_misprinted_bill_does_not_come_from_its_readings() {
    let scene = Scene::new().await;
    let body = json!({"consumer_no": LI_MING});
    let (status, told) = scene.steer("/sim/marketing/misprint-bill", body).await;
    assert_eq!(status, 200, "{told}");
    let period = told["period"].as_str().unwrap();
    let path = format!("/mkt/v1/consumers/{LI_MING}/bills/{period}");
    let bill = scene.get(&path).await;
    let reading = &bill["readings"][0];
    let used = kwh(&reading["current"]) - kwh(&reading["previous"]);
    assert_eq!(used - kwh(&reading["energy_kwh"]), Decimal::ONE_HUNDRED);
    let body = json!({"consumer_no": UNKNOWN});
    let (status, _) = scene.steer("/sim/marketing/misprint-bill", body).await;
    assert_eq!(status, 404);
    scene.end().await;
}

#[tokio::test]
async fn bills_come_newest_first_and_by_range() {
    let scene = Scene::new().await;
    let path = format!("/mkt/v1/consumers/{LI_MING}/bills");
    let all = scene.get(&path).await;
    let periods: Vec<_> = list(&all["items"])
        .iter()
        .map(|b| b["period"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(periods.len(), 24);
    assert_eq!(
        (periods[0].as_str(), periods[23].as_str()),
        ("2026-10", "2024-11")
    );
    assert!(periods.windows(2).all(|pair| pair[0] > pair[1]));
    assert_eq!(list(&all["items"])[0]["paid"], false);
    assert_eq!(list(&all["items"])[1]["paid"], true);
    let some = scene.get(&format!("{path}?from=2026-01&to=2026-03")).await;
    assert_eq!(list(&some["items"]).len(), 3);
    for wrong in [
        "?from=2026-03&to=2026-01",
        "?from=2026-3",
        "?to=x",
        "?page=2",
    ] {
        let (status, body) = scene.send(&Draft::get(&format!("{path}{wrong}"))).await;
        assert_eq!((status, &body["code"]), (422, &json!("INVALID")), "{wrong}");
    }
    for wrong in ["2026-11", "2024-10", "latest"] {
        let (status, _) = scene.send(&Draft::get(&format!("{path}/{wrong}"))).await;
        assert_eq!(status, 422, "{wrong} has no bill");
    }
    scene.end().await;
}

#[tokio::test]
async fn available_is_prepaid_less_what_was_used_since() {
    let scene = Scene::new().await;
    let path = format!("/mkt/v1/consumers/{PREPAID}/balance");
    let before = scene.get(&path).await;
    let estimated = fen(&before["estimated_since_bill_fen"]);
    assert!(estimated > 0 && fen(&before["prepaid_fen"]) > 0);
    assert_eq!(
        fen(&before["available_fen"]),
        fen(&before["prepaid_fen"]) - estimated
    );
    scene.advance(24 * 3600).await;
    let next_day = scene.get(&path).await;
    assert!(
        fen(&next_day["estimated_since_bill_fen"]) > estimated,
        "a day was used"
    );
    assert_eq!(next_day["prepaid_fen"], before["prepaid_fen"]);
    scene.end().await;
}

#[tokio::test]
async fn daily_usage_ends_yesterday_and_missing_days_are_absent() {
    let scene = Scene::new().await;
    let base = format!("/mkt/v1/consumers/{LI_MING}/usage/daily");
    let year = scene
        .get(&format!("{base}?from=2025-11-20&to=2026-11-20"))
        .await;
    let items = list(&year["items"]);
    assert_eq!(items.last().unwrap()["date"], "2026-11-19");
    assert!(
        items.len() < 365 && items.len() > 350,
        "{} days",
        items.len()
    );
    let october = scene
        .get(&format!("{base}?from=2026-10-01&to=2026-10-31"))
        .await;
    let days = list(&october["items"]);
    let used: Decimal = days.iter().map(|day| kwh(&day["energy_kwh"])).sum();
    let bill = scene
        .get(&format!("/mkt/v1/consumers/{LI_MING}/bills/2026-10"))
        .await;
    let billed = kwh(&bill["energy_kwh"]);
    if days.len() == 31 {
        assert_eq!(used, billed)
    } else {
        assert!(used < billed)
    }
    let by_default = scene.get(&base).await;
    assert!((27..=30).contains(&list(&by_default["items"]).len()));
    for wrong in [
        "?from=2026-11-10&to=2026-11-09",
        "?from=2024-01-01",
        "?from=2026-02-30",
    ] {
        let (status, _) = scene.send(&Draft::get(&format!("{base}{wrong}"))).await;
        assert_eq!(status, 422, "{wrong}");
    }
    scene.end().await;
}

#[tokio::test]
async fn what_was_paid_is_listed_wherever_it_was_paid() {
    let scene = Scene::new().await;
    let path = format!("/mkt/v1/consumers/{LI_MING}/payments?from=2024-11-01&to=2026-11-20");
    let before = scene.get(&path).await;
    let earlier = list(&before["items"]).len();
    assert!(earlier > 12, "{before}");
    assert!(
        list(&before["items"])
            .iter()
            .all(|one| one["channel"] == "BANK")
    );
    let counter = json!({ "consumer_no": LI_MING, "amount_fen": 100 });
    let (status, _) = scene.steer("/sim/marketing/counter-payment", counter).await;
    assert_eq!(status, 201);
    scene.advance(60).await;
    let whole = scene.whole("P1", LI_MING).await;
    assert_eq!(scene.pay("P1", &whole).await.0, 201);
    let after = scene.get(&path).await;
    let items = list(&after["items"]);
    assert_eq!(items.len(), earlier + 2);
    assert_eq!(items[0]["channel"], "OWN", "newest first: {after}");
    assert_eq!(items[0]["amount_fen"], whole["amount_fen"]);
    assert_eq!(
        (&items[1]["channel"], &items[1]["amount_fen"]),
        (&json!("HALL"), &json!(100))
    );
    // What is taken back was not paid.
    let reversal = json!({ "reversal_no": "V1", "reason": "test" });
    let undone = Draft::post("/mkt/v1/payments/P1/reversal", &reversal).keyed("V1");
    assert_eq!(scene.send(&undone).await.0, 200);
    assert_eq!(list(&scene.get(&path).await["items"]).len(), earlier + 1);
    let backwards = format!("/mkt/v1/consumers/{LI_MING}/payments?from=2026-11-20&to=2026-11-19");
    assert_eq!(scene.send(&Draft::get(&backwards)).await.0, 422);
    scene.end().await;
}

#[tokio::test]
async fn the_world_is_the_same_for_a_seed_and_another_for_another() {
    let (one, again, other) = (
        Scene::with_seed(1).await,
        Scene::with_seed(1).await,
        Scene::with_seed(2).await,
    );
    let world = "/sim/marketing/consumers";
    let first = one.sim(world).await;
    assert_eq!(first, again.sim(world).await);
    assert_ne!(first, other.sim(world).await);
    assert_eq!(
        one.arrears(LI_MING).await["items"],
        again.arrears(LI_MING).await["items"]
    );
    for scene in [one, again, other] {
        scene.end().await;
    }
}

#[tokio::test]
async fn tariffs_are_dated_rows_and_say_what_is_not_verified() {
    let scene = Scene::new().await;
    let tariffs = scene.sim("/sim/marketing/tariffs").await;
    let monthly: Vec<_> = list(&tariffs["items"])
        .iter()
        .filter(|row| row["code"] == "RES-TIER-MONTH")
        .collect();
    assert_eq!(monthly.len(), 2);
    assert_eq!(monthly[0]["valid_to"], monthly[1]["valid_from"]);
    assert!(monthly.iter().all(|row| row["source"] == "unverified"));
    let yearly = list(&tariffs["items"])
        .iter()
        .find(|row| row["code"] == "RES-TIER-YEAR")
        .unwrap();
    assert_eq!(yearly["source"], "published");
    assert_eq!(
        yearly["tiers"],
        json!([
            { "tier": 1, "up_to_kwh": "2760", "price_yuan_per_kwh": "0.538" },
            { "tier": 2, "up_to_kwh": "4800", "price_yuan_per_kwh": "0.588" },
            { "tier": 3, "price_yuan_per_kwh": "0.838" },
        ])
    );
    scene.end().await;
}
