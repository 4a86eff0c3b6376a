//! Withholding agreements: asked for, given or refused, ended by either side, and who is told of it.

use serde_json::{Value, json};

use crate::merchant::Scene;

const PAGE: &str = "alipay.user.agreement.page.sign";
const QUERY: &str = "alipay.user.agreement.query";
const UNSIGN: &str = "alipay.user.agreement.unsign";

fn terms(number: &str) -> Value {
    json!({
        "personal_product_code": "GENERAL_WITHHOLDING_P",
        "product_code": "GENERAL_WITHHOLDING",
        "sign_scene": "INDUSTRY|ELECTRIC",
        "access_params": { "channel": "ALIPAYAPP" },
        "external_agreement_no": number,
        "external_logon_id": "户号 100%",
    })
}

/// Opens the signed page and returns its text.
async fn open(scene: &Scene, biz: &Value, notify_url: Option<&str>) -> String {
    let biz = biz.to_string();
    let mut more = vec![("biz_content", biz.as_str())];
    more.extend(notify_url.map(|url| ("notify_url", url)));
    let params = scene.signed(PAGE, &more).await;
    let page = scene.http.get(scene.url("/gateway.do")).query(&params);
    page.send().await.unwrap().text().await.unwrap()
}

async fn tap(scene: &Scene, number: &str, outcome: &str) -> u16 {
    let body = json!({ "external_agreement_no": number, "outcome": outcome, "person": "li-ming" });
    scene.post("/sim/alipay/agree", body).await.0
}

async fn query(scene: &Scene, number: &str) -> Value {
    scene
        .biz(QUERY, &json!({ "external_agreement_no": number }))
        .await
}

#[tokio::test]
async fn a_signed_agreement_is_told_where_the_page_said() {
    let scene = Scene::new().await;
    let url = scene.ears.url();
    let page = open(&scene, &terms("WH1"), Some(&url)).await;
    assert!(page.contains("id=\"agree\"") && page.contains("WH1"));
    assert_eq!(
        query(&scene, "WH1").await["sub_code"],
        "USER_AGREEMENT_NOT_EXIST",
        "a page that is open is no agreement"
    );
    assert_eq!(tap(&scene, "WH1", "signed").await, 200);
    let told = scene.ears.wait(1).await.remove(0);
    assert!(scene.merchant.trusts(&told), "signed without sign_type");
    for (name, value) in [
        ("notify_type", "dut_user_sign"),
        ("status", "NORMAL"),
        ("external_agreement_no", "WH1"),
        ("external_logon_id", "户号 100%"),
        ("sign_scene", "INDUSTRY|ELECTRIC"),
    ] {
        assert_eq!(told.get(name), value, "{name}");
    }
    let standing = query(&scene, "WH1").await;
    assert_eq!(standing["status"], "NORMAL");
    assert_eq!(standing["agreement_no"], told.get("agreement_no"));
    let again = open(&scene, &terms("WH1"), Some(&url)).await;
    assert!(again.contains("USER_AGREEMENT_EXIST"));
    assert_eq!(tap(&scene, "WH1", "signed").await, 409, "answered already");
}

#[tokio::test]
async fn a_refusal_is_told_to_nobody() {
    let scene = Scene::new().await;
    let url = scene.ears.url();
    open(&scene, &terms("WH1"), Some(&url)).await;
    assert_eq!(tap(&scene, "WH1", "refused").await, 200);
    assert_eq!(tap(&scene, "WH1", "signed").await, 409);
    scene.advance(1).await;
    assert!(scene.ears.all().is_empty());
}

#[tokio::test]
async fn the_merchants_end_is_told_where_its_call_says() {
    let scene = Scene::new().await;
    open(&scene, &terms("WH1"), None).await;
    tap(&scene, "WH1", "signed").await;
    scene.advance(1).await;
    assert!(scene.ears.all().is_empty(), "no address was named");
    let biz = json!({ "external_agreement_no": "WH1" }).to_string();
    let url = scene.ears.url();
    let ended = scene
        .call(UNSIGN, &[("biz_content", &biz), ("notify_url", &url)])
        .await;
    assert_eq!(ended["code"], "10000");
    let told = scene.ears.wait(1).await.remove(0);
    assert!(scene.merchant.trusts(&told));
    assert_eq!(
        (told.get("notify_type"), told.get("status")),
        ("dut_user_unsign", "UNSIGN")
    );
    assert_eq!(query(&scene, "WH1").await["status"], "STOP");
    let again = scene.call(UNSIGN, &[("biz_content", &biz)]).await;
    assert_eq!(again["sub_code"], "USER_AGREEMENT_NOT_EXIST");
}

#[tokio::test]
async fn an_end_in_the_wallet_is_told_to_the_application_gateway_only() {
    let scene = Scene::new().await;
    let (call, gateway) = (scene.ears.url(), format!("{}?gateway", scene.ears.url()));
    let (status, _) = scene
        .post("/sim/alipay/app-gateway", json!({ "url": gateway }))
        .await;
    assert_eq!(status, 200);
    open(&scene, &terms("WH1"), Some(&call)).await;
    tap(&scene, "WH1", "signed").await;
    scene.ears.wait(1).await;
    let (status, _) = scene
        .post(
            "/sim/alipay/unsign",
            json!({ "external_agreement_no": "WH1" }),
        )
        .await;
    assert_eq!(status, 200);
    let told = scene.ears.wait(2).await.remove(1);
    assert_eq!(told.get("notify_type"), "dut_user_unsign");
    assert!(!scene.merchant.trusts(&told), "sign_type is signed too");
    assert!(scene.merchant.trusts_with_type(&told));
    let view = scene
        .get("/sim/alipay/agreements?external_agreement_no=WH1")
        .await;
    let urls: Vec<&str> = view["notices"]
        .as_array()
        .unwrap()
        .iter()
        .map(|notice| notice["url"].as_str().unwrap())
        .collect();
    assert_eq!(urls, [call, gateway]);
}

#[tokio::test]
async fn notices_of_agreements_can_be_lost_and_repeated_and_nothing_else() {
    let scene = Scene::new().await;
    let fault = |kind: &str, route: &str| json!({ "target": "alipay", "route": route, "kind": kind, "count": 1, "seed": 1 });
    for kind in ["NOTICE_WRONG_AMOUNT", "NOTICE_FORGED", "LATENCY"] {
        let (status, _) = scene
            .post("/sim/faults", fault(kind, "dut_user_sign"))
            .await;
        assert_eq!(status, 422, "{kind}");
    }
    scene.plan(fault("NOTICE_LOST", "dut_user_sign")).await;
    let url = scene.ears.url();
    open(&scene, &terms("WH1"), Some(&url)).await;
    tap(&scene, "WH1", "signed").await;
    scene.advance(1).await;
    assert!(scene.ears.all().is_empty());
    assert_eq!(scene.hits().await, 1);
    scene.advance(240).await;
    assert_eq!(scene.ears.wait(1).await.len(), 1);
}

#[tokio::test]
async fn only_what_the_contract_allows_can_be_agreed_to() {
    let scene = Scene::new().await;
    for (name, value) in [
        ("sign_scene", "DEFAULT|DEFAULT"),
        ("product_code", "CYCLE_PAY_AUTH"),
        ("personal_product_code", "CYCLE_PAY_AUTH_P"),
        (
            "external_agreement_no",
            "x123456789012345678901234567890123",
        ),
    ] {
        let mut biz = terms("WH1");
        biz[name] = json!(value);
        let page = open(&scene, &biz, None).await;
        assert!(page.contains("ACQ.INVALID_PARAMETER"), "{name}");
    }
    let (status, _) = scene
        .post(
            "/sim/alipay/app-gateway",
            json!({ "url": "http://elsewhere.example/" }),
        )
        .await;
    assert_eq!(status, 422);
}
