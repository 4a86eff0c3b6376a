//! Posting: once, whole, in order, and said the same way every time (money.md table L).

use futures_util::future::join_all;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::channel::{
    CLOSED, Draft, IN_DUNNING, LI_MING, PREPAID, Scene, TWO_BILLS, UNKNOWN, fen, payment,
};

async fn code(scene: &Scene, number: &str, body: &Value) -> (u16, String) {
    let (status, answer) = scene.pay(number, body).await;
    (
        status,
        answer["code"].as_str().unwrap_or_default().to_owned(),
    )
}

#[tokio::test]
async fn a_debt_is_paid_and_everybody_says_so() {
    let scene = Scene::new().await;
    let body = scene.whole("A1", LI_MING).await;
    let owed = scene.arrears(LI_MING).await["items"][0].clone();
    let (status, posted) = scene.pay("A1", &body).await;
    assert_eq!(status, 201, "{posted}");
    assert_eq!(posted["state"], "POSTED");
    for field in ["consumer_no", "amount_fen", "paid_at"] {
        assert_eq!(posted[field], body[field], "{field}");
    }
    assert_eq!(posted["business_date"], "2026-11-20");
    assert_eq!(
        posted["allocations"],
        json!([{ "receivable_id": owed["receivable_id"], "amount_fen": body["amount_fen"] }])
    );
    assert_eq!(posted["prepaid_fen"], 0);
    let seen = scene.get("/mkt/v1/payments/A1").await;
    assert_eq!(
        (&seen["state"], &seen["fenced"]),
        (&json!("POSTED"), &json!(false))
    );
    for field in [
        "mkt_txn_no",
        "consumer_no",
        "amount_fen",
        "paid_at",
        "business_date",
        "posted_at",
    ] {
        assert_eq!(seen[field], posted[field], "{field}");
    }
    let arrears = scene.arrears(LI_MING).await;
    assert_eq!(
        (&arrears["items"], &arrears["total_fen"]),
        (&json!([]), &json!(0))
    );
    let bills = scene
        .get(&format!("/mkt/v1/consumers/{LI_MING}/bills?from=2026-10"))
        .await;
    assert_eq!(bills["items"][0]["paid"], true);
    let consumer = scene.consumer(LI_MING).await;
    assert_eq!(consumer["postings"][0]["channel_txn_no"], "A1");
    assert_eq!(consumer["postings"][0]["state"], "POSTED");
    assert_eq!(consumer["due_fen"], 0);
    scene.end().await;
}

#[tokio::test]
async fn thirty_two_identical_posts_are_one_payment() {
    let scene = Scene::new().await;
    let body = scene.whole("C1", TWO_BILLS).await;
    let draft = payment("C1", &body);
    let answers = join_all((0..32).map(|_| scene.send(&draft))).await;
    let created: Vec<_> = answers
        .iter()
        .filter(|(status, _)| *status == 201)
        .collect();
    assert_eq!(created.len(), 1, "posted once");
    assert!(
        answers
            .iter()
            .all(|(status, _)| [200, 201].contains(status)),
        "{answers:?}"
    );
    assert!(
        answers.iter().all(|(_, reply)| *reply == created[0].1),
        "all say the same"
    );
    assert_eq!(
        scene.consumer(TWO_BILLS).await["postings"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    scene.end().await;
}

#[tokio::test]
async fn of_thirty_two_payers_of_one_debt_one_pays_it() {
    let scene = Scene::new().await;
    let mut drafts = Vec::new();
    for n in 0..32 {
        let number = format!("R{n}");
        drafts.push(payment(&number, &scene.whole(&number, LI_MING).await));
    }
    let answers = join_all(drafts.iter().map(|draft| scene.send(draft))).await;
    let posted = answers.iter().filter(|(status, _)| *status == 201).count();
    let too_late = answers
        .iter()
        .filter(|(_, body)| body["code"] == "ALREADY_PAID")
        .count();
    assert_eq!((posted, too_late), (1, 31), "{answers:?}");
    scene.end().await;
}

#[tokio::test]
async fn one_number_is_one_payment_whatever_the_key() {
    let scene = Scene::new().await;
    let body = scene.top_up("N1", LI_MING, 100).await;
    assert_eq!(scene.pay("N1", &body).await.0, 201);
    let other_key = Draft::post("/mkt/v1/payments", &body).keyed("another-key");
    assert_eq!(scene.send(&other_key).await.0, 200);
    let mut other = body.clone();
    other["amount_fen"] = json!(101);
    assert_eq!(
        code(&scene, "N1", &other).await,
        (409, "IDEMPOTENCY_CONFLICT".into())
    );
    let other_key = Draft::post("/mkt/v1/payments", &other).keyed("third-key");
    assert_eq!(scene.send(&other_key).await.0, 409);
    let same_json_other_bytes = Draft {
        body: format!(" {body}"),
        ..payment("N1", &body)
    };
    assert_eq!(
        scene.send(&same_json_other_bytes).await.0,
        409,
        "a frozen body is bytes"
    );
    let mut second = scene.top_up("N2", LI_MING, 100).await;
    second["channel_txn_no"] = json!("N2");
    let reused_key = Draft::post("/mkt/v1/payments", &second).keyed("N1");
    assert_eq!(scene.send(&reused_key).await.0, 409);
    assert_eq!(
        scene.consumer(LI_MING).await["postings"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    scene.end().await;
}

#[tokio::test]
async fn refusals_name_their_reason_and_post_nothing() {
    let scene = Scene::new().await;
    let mut short = scene.whole("E1", IN_DUNNING).await;
    short["amount_fen"] = json!(fen(&short["amount_fen"]) - 1);
    assert_eq!(
        code(&scene, "E1", &short).await,
        (409, "AMOUNT_MISMATCH".into())
    );
    let mut stale = scene.whole("E2", IN_DUNNING).await;
    stale["arrears_version"] = json!("0000000000000000");
    assert_eq!(
        code(&scene, "E2", &stale).await,
        (409, "STALE_ARREARS".into())
    );
    let unknown = scene.top_up("E3", UNKNOWN, 100).await;
    assert_eq!(
        code(&scene, "E3", &unknown).await,
        (404, "CONSUMER_UNAVAILABLE".into())
    );
    let closed = scene.top_up("E4", CLOSED, 100).await;
    assert_eq!(
        code(&scene, "E4", &closed).await,
        (409, "CLOSED_ACCOUNT".into())
    );
    let mut nothing_due = scene.top_up("E5", PREPAID, 100).await;
    nothing_due["purpose"] = json!("arrears");
    assert_eq!(
        code(&scene, "E5", &nothing_due).await,
        (409, "ALREADY_PAID".into())
    );
    for no in [IN_DUNNING, PREPAID] {
        assert_eq!(scene.consumer(no).await["postings"], json!([]));
    }
    for number in ["E1", "E2", "E3", "E4", "E5"] {
        let seen = scene.get(&format!("/mkt/v1/payments/{number}")).await;
        assert_eq!(seen, json!({ "state": "NOT_FOUND", "fenced": false }));
    }
    scene.end().await;
}

#[tokio::test]
async fn a_refusal_is_kept_for_its_key_even_when_it_would_pass_now() {
    let scene = Scene::new().await;
    let whole = scene.whole("W1", LI_MING).await;
    scene
        .steer("/sim/marketing/outage", json!({ "on": false }))
        .await;
    let counter = json!({ "consumer_no": LI_MING, "amount_fen": 100 });
    assert_eq!(
        scene
            .steer("/sim/marketing/counter-payment", counter)
            .await
            .0,
        201
    );
    assert_eq!(
        code(&scene, "W1", &whole).await,
        (409, "STALE_ARREARS".into())
    );
    let again = scene.pay("W1", &whole).await;
    assert_eq!(again.1["code"], "STALE_ARREARS");
    let fresh = scene.whole("W2", LI_MING).await;
    assert_eq!(fen(&fresh["amount_fen"]), fen(&whole["amount_fen"]) - 100);
    assert_eq!(scene.pay("W2", &fresh).await.0, 201);
    assert_eq!(
        scene.pay("W1", &whole).await,
        again,
        "not ALREADY_PAID: the stored reply"
    );
    scene.end().await;
}

#[tokio::test]
async fn paid_before_midnight_posted_after_it_owes_no_further_fee() {
    let scene = Scene::new().await;
    scene.advance(11 * 3600 + 50 * 60).await;
    let body = scene.whole("M1", IN_DUNNING).await;
    scene.advance(3600).await;
    let dearer = scene.arrears(IN_DUNNING).await;
    assert!(fen(&dearer["total_fen"]) > fen(&body["amount_fen"]));
    let (status, posted) = scene.pay("M1", &body).await;
    assert_eq!(status, 201, "{posted}");
    assert_eq!(posted["business_date"], "2026-11-21");
    assert_eq!(scene.arrears(IN_DUNNING).await["total_fen"], 0);
    scene.end().await;
}

#[tokio::test]
async fn a_sum_beyond_the_debt_stays_on_the_account() {
    let scene = Scene::new().await;
    let due = fen(&scene.arrears(IN_DUNNING).await["total_fen"]);
    let body = scene.top_up("P1", IN_DUNNING, due + 777).await;
    let (_, posted) = scene.pay("P1", &body).await;
    let shares = posted["allocations"].as_array().unwrap();
    assert_eq!(shares.len(), 3);
    assert_eq!(
        shares
            .iter()
            .map(|share| fen(&share["amount_fen"]))
            .sum::<i64>(),
        due
    );
    assert_eq!(posted["prepaid_fen"], 777);
    let balance = scene
        .get(&format!("/mkt/v1/consumers/{IN_DUNNING}/balance"))
        .await;
    assert_eq!(balance["prepaid_fen"], 777);
    scene.end().await;
}

#[tokio::test]
async fn chosen_bills_are_paid_first() {
    let scene = Scene::new().await;
    let arrears = scene.arrears(TWO_BILLS).await;
    let newest = arrears["items"][1].clone();
    let id = newest["receivable_id"].clone();
    let mut body = scene.top_up("Q1", TWO_BILLS, 500).await;
    body["allocations"] = json!([{ "receivable_id": id, "amount_fen": 400 }]);
    let (status, posted) = scene.pay("Q1", &body).await;
    assert_eq!(status, 201, "{posted}");
    assert_eq!(
        posted["allocations"],
        json!([{ "receivable_id": id, "amount_fen": 400 }])
    );
    assert_eq!(posted["prepaid_fen"], 100);
    let foreign = scene.arrears(LI_MING).await["items"][0]["receivable_id"].clone();
    let mut wrong = scene.top_up("Q2", TWO_BILLS, 500).await;
    wrong["allocations"] = json!([{ "receivable_id": foreign, "amount_fen": 400 }]);
    assert_eq!(
        scene.pay("Q2", &wrong).await.0,
        422,
        "another consumer's bill"
    );
    scene.end().await;
}

#[tokio::test]
async fn a_slow_posting_is_processing_until_its_time() {
    let scene = Scene::new().await;
    scene
        .steer("/sim/marketing/posting-delay", json!({ "delay_s": 120 }))
        .await;
    let body = scene.whole("D1", LI_MING).await;
    assert_eq!(
        scene.pay("D1", &body).await,
        (202, json!({ "state": "PROCESSING" }))
    );
    assert_eq!(
        scene.pay("D1", &body).await,
        (202, json!({ "state": "PROCESSING" }))
    );
    assert_eq!(
        scene.get("/mkt/v1/payments/D1").await["state"],
        "PROCESSING"
    );
    assert!(fen(&scene.arrears(LI_MING).await["total_fen"]) > 0);
    scene.advance(121).await;
    assert_eq!(scene.get("/mkt/v1/payments/D1").await["state"], "POSTED");
    let (status, posted) = scene.pay("D1", &body).await;
    assert_eq!(
        (status, &posted["state"]),
        (200, &json!("POSTED")),
        "a repeat tells the present"
    );
    assert_eq!(scene.arrears(LI_MING).await["total_fen"], 0);
    scene.end().await;
}

#[tokio::test]
async fn a_closed_account_takes_nothing_more() {
    let scene = Scene::new().await;
    let whole = scene.whole("Z1", LI_MING).await;
    let close = json!({ "consumer_no": LI_MING });
    assert_eq!(
        scene.steer("/sim/marketing/close-account", close).await.0,
        200
    );
    assert_eq!(
        code(&scene, "Z1", &whole).await,
        (409, "CLOSED_ACCOUNT".into())
    );
    assert_eq!(
        scene.get(&format!("/mkt/v1/consumers/{LI_MING}")).await["status"],
        "closed"
    );
    scene.end().await;
}

#[tokio::test]
async fn after_the_cut_off_the_next_business_date_counts() {
    let scene = Scene::new().await;
    scene.advance(10 * 3600 + 31 * 60).await;
    let capabilities = scene.get("/mkt/v1/capabilities").await;
    assert_eq!(capabilities["business_date"], "2026-11-21");
    let body = scene.top_up("B1", LI_MING, 100).await;
    let (_, posted) = scene.pay("B1", &body).await;
    assert_eq!(posted["business_date"], "2026-11-21");
    assert!(
        posted["posted_at"]
            .as_str()
            .unwrap()
            .starts_with("2026-11-20T22:31")
    );
    scene.end().await;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4))]
    #[test]
    fn whatever_is_paid_in_is_held(amounts in prop::collection::vec(1..40_000_i64, 1..12)) {
        let runtime = actix_web::rt::Runtime::new().unwrap();
        runtime.block_on(pay_in(&amounts));
    }
}

/// Pays each sum; what is due and prepaid must move by exactly that, bills before balance.
async fn pay_in(amounts: &[i64]) {
    let scene = Scene::new().await;
    let mut due = fen(&scene.arrears(IN_DUNNING).await["total_fen"]);
    let mut prepaid = 0;
    for (n, amount) in amounts.iter().enumerate() {
        let number = format!("T{n}");
        let (status, posted) = scene
            .pay(&number, &scene.top_up(&number, IN_DUNNING, *amount).await)
            .await;
        assert_eq!(status, 201, "{posted}");
        let to_bills = (*amount).min(due);
        due -= to_bills;
        prepaid += amount - to_bills;
        assert_eq!(fen(&posted["prepaid_fen"]), amount - to_bills);
        let consumer = scene.consumer(IN_DUNNING).await;
        assert_eq!(
            (fen(&consumer["due_fen"]), fen(&consumer["prepaid_fen"])),
            (due, prepaid)
        );
    }
    scene.end().await;
}
