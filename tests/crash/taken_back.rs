//! The job whose money comes back after it was posted: an order from a browser, taken back on its own day by marketing's
//! reversal; an order of two homes, taken back after the cut-off by vouchers; and a brake so tight that it trips on the
//! way. Two persons decide at the console, and two let the refunds go on. It is played in an evening, so that the
//! cut-off is near: nothing else falls due meanwhile.

use lifeline_tests::Looks;
use serde_json::{Value, json};

use crate::browser::{self, BREATH};
use crate::desk::{self, Clerk};
use crate::household::Household;
use crate::job::{self, PAYER};
use crate::outcome::{self, rows};
use crate::stage::BEGIN_HOUR;

const HOUR_S: i64 = 3_600;
const MINUTE_S: i64 = 60;
/// 22:08: there is time to pay until 22:25, and to take it back on its own day until 22:30.
const BEGINS_S: i64 = 22 * HOUR_S + 8 * MINUTE_S;
/// As a stage counts it.
pub(crate) const LATER_S: i64 = BEGINS_S - BEGIN_HOUR * HOUR_S;
/// A minute behind marketing's cut-off.
const AFTER_CUTOFF_S: i64 = 22 * HOUR_S + 31 * MINUTE_S;

/// Who has two homes that owe.
const FAMILY: &str = "gao-yun";
const FAMILY_HOMES: [&str; 2] = ["1504010020165", "1504010020173"];

/// Looks at one thing until the world's time is moved.
const LOOKS_A_STEP: u32 = 3;
const STEP_S: i64 = 15;
/// A held refund asks again in five minutes; with two of them that is not half of this.
const STEPS_MAX: u32 = 160;
/// Somebody is signed in anew after so many: a token of the line is good for a quarter of an hour.
const STEPS_SIGNED_IN: u32 = 40;

/// One refund of an hour goes back by itself; the next one waits for two persons.
pub(crate) fn environment() -> Vec<(&'static str, String)> {
    vec![("LIFELINE__PAYMENTS__BRAKE__COUNT", "1".to_owned())]
}

/// Plays it to the point where nothing is left to do.
pub(crate) async fn play(world: &mut Household) {
    let alone = by_browser(world).await;
    claims(world, &alone).await;
    let both = of_two_homes(world).await;
    let mut asking = Clerk::hired(world, "support").await;
    let mut judging = Clerk::hired(world, "reviewer").await;

    desk::take_back(world, (&mut asking, &mut judging), &alone).await;
    comes_back(world, PAYER, &alone).await;

    let left = AFTER_CUTOFF_S - world.stage.second_of_day();
    assert!(left > 0, "the cut-off came before the reversal: {left}");
    world.advance(left).await;
    desk::take_back(world, (&mut asking, &mut judging), &both).await;
    comes_back(world, FAMILY, &both).await;
    let trips = "SELECT CAST(tripped_at AS TEXT) FROM brake_trip";
    let trips = rows(&world.stage, trips).await;
    assert!(!trips.is_empty(), "the brake never tripped");
    outcome::rest(world).await;
}

/// Sign-in, consent, match, link, order, ticket and cashier as a browser knows them; answers the order's id.
async fn by_browser(world: &mut Household) -> String {
    let mut browser = browser::signs_in(world, PAYER).await;
    let homes = job::settle_in(world).await;
    let mut wish = arrears_of(world, &homes[0]).await;
    wish["purpose"] = json!("arrears");
    wish["via"] = json!("h5");
    let id = world
        .order("/v1/payments", &wish, "pays-in-a-browser")
        .await;
    browser::pays(world, &mut browser, &id, PAYER).await;
    world.until(&id, &["POSTED"]).await;
    id
}

/// All that is due for a home, as an order names it.
async fn arrears_of(world: &mut Household, home: &str) -> Value {
    let arrears = world.get(&format!("/v1/bindings/{home}/arrears")).await;
    json!({"binding_id": home, "amount_fen": arrears["total_fen"],
        "arrears_version": arrears["arrears_version"]})
}

/// The payer says that it was the wrong number; marketing has it as a work order.
async fn claims(world: &mut Household, payment_id: &str) {
    let claim = json!({"kind": "wrong_payment", "text": "this was the number of a neighbour",
        "payment_id": payment_id});
    let (path, key) = ("/v1/requests", Some("says-it-was-the-wrong-number"));
    let filed = world
        .insist(reqwest::Method::POST, path, Some(&claim), key)
        .await;
    assert!(filed.status.is_success(), "{}", filed.text);
    let mut looks = Looks::every(BREATH);
    while looks.again().await {
        let told = world.get(path).await;
        if told["items"][0]["order_no"].is_string() {
            return;
        }
        time_passes(world, &looks).await;
    }
    panic!("the claim never reached marketing\n{}", world.stage.log());
}

/// What is waited for longer is a slow machine.
async fn time_passes(world: &mut Household, looks: &Looks) {
    if looks.is_last_of(LOOKS_A_STEP) && looks.count() / LOOKS_A_STEP <= STEPS_MAX {
        world.advance(STEP_S).await;
    }
}

/// One tap for two homes; answers the order's id.
async fn of_two_homes(world: &mut Household) -> String {
    let homes = job::move_in(world, FAMILY).await;
    let mut items = Vec::new();
    for number in FAMILY_HOMES {
        let home = job::with_number(world, &homes, number).await;
        items.push(arrears_of(world, &home).await);
    }
    let wish = json!({"items": items, "via": "mini"});
    let id = world
        .order("/v1/checkouts", &wish, "pays-for-both-homes")
        .await;
    let order = world.until(&id, &["PAYING"]).await;
    world.tap(&order).await;
    world.until(&id, &["POSTED"]).await;
    id
}

/// Until all of an order is back in the wallet. Whenever the brake is on, two persons let refunds go on.
async fn comes_back(world: &mut Household, person: &str, payment_id: &str) {
    let path = format!("/v1/payments/{payment_id}");
    let mut looks = Looks::every(BREATH);
    let mut now = Value::Null;
    world.sign_in(person).await;
    while looks.again().await {
        now = world.get(&path).await;
        if now["state"] == "REFUNDED" {
            return;
        }
        if desk::is_braked(&world.stage).await {
            desk::release(&world.stage).await;
        }
        time_passes(world, &looks).await;
        if looks.is_last_of(LOOKS_A_STEP * STEPS_SIGNED_IN) {
            world.sign_in(person).await;
        }
    }
    panic!("still {}\n{}", now["state"], world.stage.log());
}
