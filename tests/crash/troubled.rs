//! The job of somebody whom nothing goes right for: an order given up, a notice that never comes, a
//! posting and a refund that get no answer. It passes what the main job need not ask.

use serde_json::json;

use crate::household::Household;
use crate::{job, outcome};

/// Plays it to the point where nothing is left to do.
pub(crate) async fn play(world: &mut Household) {
    let homes = job::move_in(world, job::PAYER).await;
    let given_up = world.order_arrears(&homes[0], "ordered-and-given-up").await;
    let id = given_up["payment_id"].as_str().unwrap_or_default();
    let path = format!("/v1/payments/{id}/close");
    let closing = world.post(&path, &json!({})).await;
    assert!(closing.status.is_success(), "{}", closing.text);
    world.until(id, &["CLOSED"]).await;
    goes_wrong_once(world, "alipay", None, "NOTICE_LOST").await;
    goes_wrong_once(world, "marketing", Some("POST /payments"), "HTTP_500").await;
    let paid = job::pay(world, &homes[0]).await;
    assert_eq!(paid["state"], "POSTED");
    outcome::rest(world).await;
    goes_wrong_once(world, "alipay", Some("alipay.trade.refund"), "HTTP_500").await;
    job::late_payer(world).await;
    let faults = world.stage.sandbox_get("/sim/faults").await;
    for fault in faults["items"].as_array().into_iter().flatten() {
        assert_eq!(fault["hits"], 1, "did not happen: {fault}");
    }
}

async fn goes_wrong_once(world: &Household, target: &str, route: Option<&str>, kind: &str) {
    let mut fault = json!({"target": target, "kind": kind, "count": 1});
    if let Some(route) = route {
        fault["route"] = json!(route);
    }
    world.stage.sandbox("/sim/faults", &fault).await;
}
