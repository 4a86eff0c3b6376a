//! Every kind of fault does what its name says, is counted when it acts, and only then.

use std::time::{Duration, Instant};

use actix_web::{App, HttpServer, web};
use serde_json::{Value, json};

use crate::merchant::Scene;

const CREATE: &str = "alipay.trade.create";
/// How long a caller waits for an answer that is held back: long enough for the call to be done, however busy the
/// machine.
const IMPATIENT: Duration = Duration::from_secs(3);

fn fault(kind: &str, route: Option<&str>) -> Value {
    json!({ "target": "alipay", "route": route, "kind": kind, "count": 1, "seed": 1 })
}

/// One create whose answer the caller waits for only `patience`.
async fn create_within(scene: &Scene, patience: Duration) -> reqwest::Result<reqwest::Response> {
    let biz = scene.order("LL1", "80.70").await.to_string();
    let params = scene.signed(CREATE, &[("biz_content", &biz)]).await;
    scene
        .http
        .post(scene.url("/gateway.do"))
        .form(&params)
        .timeout(patience)
        .send()
        .await
}

#[tokio::test]
async fn latency_delays_and_still_answers() {
    let scene = Scene::new().await;
    let mut plan = fault("LATENCY", Some(CREATE));
    plan["ms"] = json!(400);
    scene.plan(plan).await;
    let asked = Instant::now();
    assert_eq!(scene.create("LL1", "80.70").await["code"], "10000");
    assert!(asked.elapsed() >= Duration::from_millis(400));
    assert_eq!(scene.hits().await, 1);
}

#[tokio::test]
async fn timeout_before_leaves_nothing_behind() {
    let scene = Scene::new().await;
    scene.plan(fault("TIMEOUT_BEFORE", Some(CREATE))).await;
    let lost = create_within(&scene, IMPATIENT).await;
    assert!(lost.unwrap_err().is_timeout());
    assert_eq!(scene.get("/sim/alipay/trades").await, json!([]));
    assert_eq!(
        scene.create("LL1", "80.70").await["code"],
        "10000",
        "the fault is used up"
    );
}

#[tokio::test]
async fn timeout_after_commit_leaves_the_trade() {
    let scene = Scene::new().await;
    scene
        .plan(fault("TIMEOUT_AFTER_COMMIT", Some(CREATE)))
        .await;
    let lost = create_within(&scene, IMPATIENT).await;
    assert!(lost.unwrap_err().is_timeout());
    assert_eq!(scene.query("LL1").await["trade_status"], "WAIT_BUYER_PAY");
    let faults = scene.get("/sim/faults").await;
    let call = &faults["items"][0]["calls"][0];
    assert_eq!(call["call"], "alipay.trade.create out_trade_no=LL1");
}

#[tokio::test]
async fn a_cut_connection_shows_no_status() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let cut = || async { lifeline_sandbox::faults::cut() };
    let server = HttpServer::new(move || App::new().route("/", web::get().to(cut)))
        .workers(1)
        .disable_signals()
        .listen(listener)
        .unwrap()
        .run();
    tokio::spawn(server);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let error = client.get(url).send().await.unwrap_err();
    assert!(error.is_request() && error.status().is_none(), "{error:?}");
}

#[tokio::test]
async fn a_500_does_nothing_and_a_leak_shows_the_insides() {
    let scene = Scene::new().await;
    for (kind, shown) in [
        ("HTTP_500", "Internal Server Error"),
        ("LEAK_SQL", "SELECT r.RCVBL_AMT"),
    ] {
        scene.plan(fault(kind, Some(CREATE))).await;
        let sent = create_within(&scene, Duration::from_secs(60))
            .await
            .unwrap();
        assert_eq!(sent.status(), 500);
        assert!(sent.text().await.unwrap().contains(shown));
    }
    assert_eq!(scene.get("/sim/alipay/trades").await, json!([]));
    assert_eq!(scene.hits().await, 2);
}

#[tokio::test]
async fn a_doubled_request_shows_the_second_answer() {
    let scene = Scene::new().await;
    scene.create("LL1", "80.70").await;
    scene.pay("LL1", "paid").await;
    scene
        .plan(fault("DUPLICATE_REPLY", Some("alipay.trade.refund")))
        .await;
    let biz = json!({ "out_trade_no": "LL1", "refund_amount": "10.00", "out_request_no": "r1" });
    let refunded = scene.biz("alipay.trade.refund", &biz).await;
    assert_eq!(
        refunded["fund_change"], "N",
        "the first delivery moved the money"
    );
    assert_eq!(scene.trade("LL1").await["refunded_fen"], 1000);
}

#[tokio::test]
async fn a_refused_call_uses_no_fault_up() {
    let scene = Scene::new().await;
    scene.plan(fault("HTTP_500", None)).await;
    let forged = [
        ("method", CREATE),
        ("app_id", "2021000000000001"),
        ("sign", "AAAA"),
    ];
    scene
        .http
        .post(scene.url("/gateway.do"))
        .form(&forged)
        .send()
        .await
        .unwrap();
    assert_eq!(scene.hits().await, 0);
}

#[tokio::test]
async fn a_lost_notice_comes_with_the_next_send() {
    let scene = paid_under("NOTICE_LOST").await;
    scene.advance(1).await;
    assert!(scene.ears.all().is_empty());
    assert_eq!(scene.hits().await, 1);
    scene.advance(240).await;
    assert_eq!(scene.ears.wait(1).await.len(), 1);
    let attempts = scene.trade("LL1").await["notices"][0]["attempts"].clone();
    assert_eq!(attempts[0]["fault"], "NOTICE_LOST");
    assert_eq!(attempts[1]["accepted"], true);
}

#[tokio::test]
async fn a_repeated_notice_keeps_its_id() {
    let scene = paid_under("NOTICE_REPEATED").await;
    let heard = scene.ears.wait(2).await;
    assert_eq!(heard[0].get("notify_id"), heard[1].get("notify_id"));
    assert!(heard.iter().all(|n| scene.merchant.trusts(n)));
    scene.advance(86_400).await;
    assert_eq!(scene.ears.all().len(), 2);
}

#[tokio::test]
async fn a_late_notice_waits_ten_minutes() {
    let scene = paid_under("NOTICE_LATE").await;
    scene.advance(590).await;
    assert!(scene.ears.all().is_empty());
    scene.advance(10).await;
    assert_eq!(scene.ears.all().len(), 1);
    assert_eq!(scene.hits().await, 1);
}

#[tokio::test]
async fn a_forged_notice_claims_an_unpaid_order() {
    let scene = paid_under("NOTICE_FORGED").await;
    let heard = scene.ears.wait(2).await;
    assert_eq!(
        (heard[0].get("trade_status"), heard[0].get("out_trade_no")),
        ("TRADE_SUCCESS", "LL1")
    );
    assert!(!scene.merchant.trusts(&heard[0]), "the forged one");
    assert!(scene.merchant.trusts(&heard[1]), "the genuine one");
    assert_ne!(heard[0].get("notify_id"), heard[1].get("notify_id"));
    let told = scene.trade("LL1").await["notices"].clone();
    assert_eq!(
        (&told[0]["forged"], &told[1]["forged"]),
        (&json!(true), &json!(false))
    );
}

#[tokio::test]
async fn a_wrong_amount_is_rightly_signed() {
    let scene = Scene::new().await;
    scene.ears.answers.lock().unwrap().push("fail");
    scene.plan(fault("NOTICE_WRONG_AMOUNT", None)).await;
    scene.create("LL1", "80.70").await;
    scene.pay("LL1", "paid").await;
    let wrong = scene.ears.wait(1).await.remove(0);
    assert_eq!(wrong.get("total_amount"), "81.70");
    assert!(scene.merchant.trusts(&wrong));
    assert_eq!(scene.query("LL1").await["total_amount"], "80.70");
    scene.advance(240).await;
    assert_eq!(scene.ears.wait(2).await[1].get("total_amount"), "80.70");
}

#[tokio::test]
async fn a_reordered_notice_is_overtaken_and_counted_only_then() {
    let scene = paid_under("NOTICE_REORDERED").await;
    scene.advance(1).await;
    assert!(scene.ears.all().is_empty(), "held back");
    assert_eq!(scene.hits().await, 0, "nothing has overtaken it yet");
    let biz = json!({ "out_trade_no": "LL1", "refund_amount": "80.70", "out_request_no": "r1" });
    scene.biz("alipay.trade.refund", &biz).await;
    let heard = scene.ears.wait(2).await;
    assert_eq!(heard[0].get("trade_status"), "TRADE_CLOSED");
    assert_eq!(heard[1].get("trade_status"), "TRADE_SUCCESS");
    assert_eq!(scene.hits().await, 1);
}

#[tokio::test]
async fn a_notice_nothing_overtakes_goes_after_ten_minutes_uncounted() {
    let scene = paid_under("NOTICE_REORDERED").await;
    scene.advance(600).await;
    assert_eq!(scene.ears.all().len(), 1);
    assert_eq!(scene.hits().await, 0);
}

#[tokio::test]
async fn the_same_seed_has_the_same_victims() {
    let mut runs = Vec::new();
    for seed in [7, 7, 8] {
        let scene = Scene::new().await;
        let plan = json!({
            "target": "alipay", "route": "alipay.trade.query", "kind": "HTTP_500",
            "count": 100, "rate": 0.3, "seed": seed,
        });
        scene.plan(plan).await;
        let mut victims = Vec::new();
        let params = scene
            .signed(
                "alipay.trade.query",
                &[("biz_content", r#"{"out_trade_no":"A"}"#)],
            )
            .await;
        for _ in 0..60 {
            let sent = scene
                .http
                .post(scene.url("/gateway.do"))
                .form(&params)
                .send()
                .await
                .unwrap();
            victims.push(sent.status() == 500);
        }
        let struck = victims.iter().filter(|v| **v).count();
        assert!((6..=30).contains(&struck), "{struck} of 60 at 0.3");
        assert_eq!(usize::try_from(scene.hits().await).unwrap(), struck);
        runs.push(victims);
    }
    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[0], runs[2]);
}

#[tokio::test]
async fn a_plan_that_could_never_act_is_refused() {
    let scene = Scene::new().await;
    for (change, value) in [
        ("kind", json!("STALE_READ")),
        ("kind", json!("EARTHQUAKE")),
        ("target", json!("weather")),
        ("route", json!("alipay.trade.guess")),
        ("route", json!("POST /payments")),
        ("count", json!(0)),
        ("rate", json!(0)),
        ("rate", json!(1.5)),
        ("ms", json!(5)),
        ("extra", json!(1)),
    ] {
        let mut plan = fault("HTTP_500", None);
        plan[change] = value.clone();
        let (status, answer) = scene.post("/sim/faults", plan).await;
        assert_eq!(status, 422, "{change}={value}: {answer}");
    }
    for (target, kind, route) in [
        ("marketing", "NOTICE_LOST", None),
        ("sms", "STALE_READ", None),
        ("alipay", "NOTICE_LOST", Some(CREATE)),
        (
            "alipay",
            "TIMEOUT_AFTER_COMMIT",
            Some("alipay.trade.wap.pay"),
        ),
    ] {
        let plan = json!({ "target": target, "kind": kind, "route": route, "count": 1, "seed": 1 });
        assert_eq!(
            scene.post("/sim/faults", plan).await.0,
            422,
            "{target} {kind} {route:?}"
        );
    }
    assert_eq!(scene.get("/sim/faults").await["items"], json!([]));
}

#[tokio::test]
async fn deleted_faults_do_not_act() {
    let scene = Scene::new().await;
    scene.plan(fault("HTTP_500", None)).await;
    let gone = scene
        .http
        .delete(scene.url("/sim/faults"))
        .send()
        .await
        .unwrap();
    assert_eq!(gone.status(), 204);
    assert_eq!(scene.create("LL1", "80.70").await["code"], "10000");
}

/// Li Ming's order, paid while one fault of `kind` waits for the notice.
async fn paid_under(kind: &str) -> Scene {
    let scene = Scene::new().await;
    scene.plan(fault(kind, None)).await;
    scene.create("LL1", "80.70").await;
    scene.pay("LL1", "paid").await;
    scene
}
