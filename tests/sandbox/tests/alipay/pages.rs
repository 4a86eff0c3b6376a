//! The pages a person sees: consent, cashier, index.

use serde_json::json;

use crate::merchant::{APP_ID, Scene};

const CONSENT: &str = "/oauth2/publicAppAuthorize.htm";

async fn page(scene: &Scene, url: &str) -> String {
    let sent = scene.http.get(url).send().await.unwrap();
    assert_eq!(sent.status(), 200);
    assert_eq!(sent.headers()["cache-control"], "no-store");
    let policy = sent.headers()["content-security-policy"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(policy.contains("default-src 'none'"));
    let html = sent.text().await.unwrap();
    assert!(!html.contains("<script"));
    html
}

/// A signed payment link for 88.88 yuan, with what `change` makes of it.
async fn link(scene: &Scene, number: &str, change: impl FnOnce(&mut serde_json::Value)) -> String {
    let mut biz = json!({
        "out_trade_no": number,
        "total_amount": "88.88",
        "subject": "电费 <script>alert(1)</script>",
        "product_code": "QUICK_WAP_WAY",
        "time_expire": minutes_from_now(scene, 15).await,
    });
    change(&mut biz);
    let (biz, notify_url) = (biz.to_string(), scene.ears.url());
    let more = [
        ("biz_content", biz.as_str()),
        ("notify_url", &notify_url),
        ("return_url", "http://127.0.0.1:9/paid?x=1"),
    ];
    let params = scene.signed("alipay.trade.wap.pay", &more).await;
    let mut url = reqwest::Url::parse(&scene.url("/gateway.do")).unwrap();
    url.query_pairs_mut().extend_pairs(&params);
    url.into()
}

async fn minutes_from_now(scene: &Scene, minutes: i64) -> String {
    let now = scene.get("/sim/clock").await["now"]
        .as_str()
        .unwrap()
        .to_owned();
    let at: jiff::Timestamp = now.parse().unwrap();
    lifeline_sandbox::clock::alipay_time(at + jiff::SignedDuration::from_mins(minutes))
}

async fn tap(scene: &Scene, number: &str, person: &str, outcome: &str) -> String {
    let form = [
        ("out_trade_no", number),
        ("person", person),
        ("outcome", outcome),
    ];
    let sent = scene
        .http
        .post(scene.url("/cashier"))
        .form(&form)
        .send()
        .await
        .unwrap();
    assert_eq!(sent.status(), 200);
    sent.text().await.unwrap()
}

fn consent(redirect_uri: &str, scope: &str) -> Vec<(&'static str, String)> {
    vec![
        ("app_id", APP_ID.into()),
        ("scope", scope.into()),
        ("redirect_uri", redirect_uri.into()),
        ("state", "s\"<1>".into()),
    ]
}

#[tokio::test]
async fn a_person_allows_and_comes_back_with_a_code() {
    let scene = Scene::new().await;
    let wish = consent("http://127.0.0.1:9/home?a=1", "auth_user");
    let mut url = reqwest::Url::parse(&scene.url(CONSENT)).unwrap();
    url.query_pairs_mut().extend_pairs(&wish);
    let html = page(&scene, url.as_str()).await;
    for part in [
        "data-person=\"li-ming\"",
        "id=\"allow\"",
        "id=\"refuse\"",
        "s&quot;&lt;1&gt;",
    ] {
        assert!(html.contains(part), "{part}");
    }
    let mut form = wish.clone();
    form.extend([("person", "wang-fang".into()), ("decision", "allow".into())]);
    let sent = scene
        .http
        .post(scene.url(CONSENT))
        .form(&form)
        .send()
        .await
        .unwrap();
    assert_eq!(sent.status(), 303);
    let back = reqwest::Url::parse(sent.headers()["location"].to_str().unwrap()).unwrap();
    let given: std::collections::HashMap<_, _> = back.query_pairs().into_owned().collect();
    assert_eq!(
        (given["a"].as_str(), given["state"].as_str()),
        ("1", "s\"<1>")
    );
    let tokens = scene
        .call(
            "alipay.system.oauth.token",
            &[
                ("grant_type", "authorization_code"),
                ("code", &given["auth_code"]),
            ],
        )
        .await;
    assert_eq!(tokens["open_id"], scene.open_id("wang-fang").await);
}

#[tokio::test]
async fn a_refusal_brings_no_code() {
    let scene = Scene::new().await;
    let mut form = consent("http://localhost:9/", "auth_base");
    form.extend([("person", "li-ming".into()), ("decision", "refuse".into())]);
    let sent = scene
        .http
        .post(scene.url(CONSENT))
        .form(&form)
        .send()
        .await
        .unwrap();
    let back = sent.headers()["location"].to_str().unwrap();
    assert!(
        back.contains("error=access_denied") && !back.contains("auth_code"),
        "{back}"
    );
}

#[tokio::test]
async fn nobody_is_sent_to_a_strangers_page() {
    let scene = Scene::with(|o| o.line = Some("https://line.example:8443".into())).await;
    for (redirect_uri, scope, allowed) in [
        ("http://127.0.0.1:9/", "auth_user", true),
        ("https://line.example:8443/", "auth_user,auth_base", true),
        ("https://line.example/", "auth_user", false),
        ("https://evil.example/", "auth_user", false),
        ("javascript:alert(1)", "auth_user", false),
        ("http://127.0.0.1:9/", "everything", false),
    ] {
        let wish = consent(redirect_uri, scope);
        let mut url = reqwest::Url::parse(&scene.url(CONSENT)).unwrap();
        url.query_pairs_mut().extend_pairs(&wish);
        let html = page(&scene, url.as_str()).await;
        assert_eq!(
            html.contains("id=\"allow\""),
            allowed,
            "{redirect_uri} {scope}"
        );
        let mut form = wish;
        form.extend([("person", "li-ming".into()), ("decision", "allow".into())]);
        let sent = scene
            .http
            .post(scene.url(CONSENT))
            .form(&form)
            .send()
            .await
            .unwrap();
        assert_eq!(sent.status() == 303, allowed, "{redirect_uri} {scope}");
    }
}

#[tokio::test]
async fn opening_a_link_makes_no_trade_and_a_tap_does() {
    let scene = Scene::new().await;
    let url = link(&scene, "LL1", |_| {}).await;
    let html = page(&scene, &url).await;
    for part in [
        "¥88.88",
        "id=\"pay\"",
        "id=\"insufficient\"",
        "id=\"cancel\"",
        "&lt;script&gt;",
    ] {
        assert!(html.contains(part), "{part}");
    }
    assert_eq!(scene.query("LL1").await["sub_code"], "ACQ.TRADE_NOT_EXIST");
    tap(&scene, "LL1", "li-ming", "cancelled").await;
    assert_eq!(scene.query("LL1").await["sub_code"], "ACQ.TRADE_NOT_EXIST");
    tap(&scene, "LL1", "li-ming", "insufficient").await;
    assert_eq!(scene.query("LL1").await["trade_status"], "WAIT_BUYER_PAY");
    let other = tap(&scene, "LL1", "wang-fang", "paid").await;
    assert!(other.contains("ACQ.TRADE_BUYER_NOT_MATCH"));
    let paid = tap(&scene, "LL1", "li-ming", "paid").await;
    assert!(paid.contains("id=\"paid\"") && paid.contains("http://127.0.0.1:9/paid?x=1&amp;"));
    assert_eq!(scene.query("LL1").await["trade_status"], "TRADE_SUCCESS");
    let again = page(&scene, &url).await;
    assert!(again.contains("id=\"refused\"") && !again.contains("id=\"pay\""));
    assert_eq!(scene.ears.wait(1).await[0].get("out_trade_no"), "LL1");
}

#[tokio::test]
async fn the_way_back_is_signed() {
    let scene = Scene::new().await;
    page(&scene, &link(&scene, "LL1", |_| {}).await).await;
    let html = tap(&scene, "LL1", "li-ming", "paid").await;
    let target = html
        .split("href=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let target = reqwest::Url::parse(&target.replace("&amp;", "&")).unwrap();
    let mut given: std::collections::BTreeMap<String, String> =
        target.query_pairs().into_owned().collect();
    assert_eq!(given.remove("x").as_deref(), Some("1"));
    assert_eq!(given["total_amount"], "88.88");
    let (sign, _) = (given.remove("sign").unwrap(), given.remove("sign_type"));
    let text: Vec<String> = given.iter().map(|(k, v)| format!("{k}={v}")).collect();
    assert!(scene.merchant.verifies(&text.join("&"), &sign));
}

/// Interleaving 5 of the money rules: a close that finds no trade does not close the link.
#[tokio::test]
async fn a_link_outlives_a_close_but_not_its_expiry() {
    let scene = Scene::new().await;
    let url = link(&scene, "LL1", |_| {}).await;
    page(&scene, &url).await;
    let close = scene
        .biz("alipay.trade.close", &json!({ "out_trade_no": "LL1" }))
        .await;
    assert_eq!(close["sub_code"], "ACQ.TRADE_NOT_EXIST");
    assert!(
        page(&scene, &url).await.contains("id=\"pay\""),
        "the old tab still pays"
    );
    scene.advance(15 * 60).await;
    assert!(page(&scene, &url).await.contains("id=\"refused\""));
    let late = tap(&scene, "LL1", "li-ming", "paid").await;
    assert!(late.contains("id=\"refused\""));
    assert_eq!(scene.query("LL1").await["sub_code"], "ACQ.TRADE_NOT_EXIST");
}

#[tokio::test]
async fn a_link_made_hours_ago_opens_while_its_expiry_lies_ahead() {
    let scene = Scene::new().await;
    let late = minutes_from_now(&scene, 600).await;
    let url = link(&scene, "LL1", |biz| biz["time_expire"] = json!(late)).await;
    scene.advance(9 * 3600).await;
    assert!(page(&scene, &url).await.contains("id=\"pay\""));
}

#[tokio::test]
async fn a_second_tap_on_the_link_may_not_change_the_order() {
    let scene = Scene::new().await;
    page(&scene, &link(&scene, "LL1", |_| {}).await).await;
    let dearer = link(&scene, "LL1", |biz| biz["total_amount"] = json!("99.99")).await;
    assert!(
        page(&scene, &dearer)
            .await
            .contains("ACQ.CONTEXT_INCONSISTENT")
    );
    let foreign = link(&scene, "LL2", |biz| {
        biz["product_code"] = json!("JSAPI_PAY")
    })
    .await;
    assert!(
        page(&scene, &foreign)
            .await
            .contains("ACQ.INVALID_PARAMETER")
    );
    let unsigned = link(&scene, "LL3", |_| {}).await.replace("88.88", "0.01");
    let sent = scene
        .http
        .get(unsigned)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    let node = scene.merchant.open("alipay.trade.wap.pay", &sent);
    assert_eq!(node["sub_code"], "isv.invalid-signature");
}

#[tokio::test]
async fn a_link_that_was_opened_can_be_paid_by_control() {
    let scene = Scene::new().await;
    let (status, _) = scene.pay("LL1", "paid").await;
    assert_eq!(status, 404, "nobody opened it yet");
    page(&scene, &link(&scene, "LL1", |_| {}).await).await;
    scene.open_id("wang-fang").await;
    let (_, paid) = scene.pay("LL1", "paid").await;
    assert_eq!(paid["trade_status"], "TRADE_SUCCESS");
    assert_eq!(
        scene.trade("LL1").await["buyer"],
        "wang-fang",
        "whoever signed in last"
    );
}

#[tokio::test]
async fn an_order_of_the_mini_program_has_a_cashier_too() {
    let scene = Scene::new().await;
    let created = scene.create("LL1", "80.70").await;
    let path = format!(
        "/cashier?trade_no={}",
        created["trade_no"].as_str().unwrap()
    );
    let html = page(&scene, &scene.url(&path)).await;
    assert!(html.contains("value=\"li-ming\" selected") && !html.contains("wang-fang"));
    let gone = page(&scene, &scene.url("/cashier?out_trade_no=%3Cb%3E")).await;
    assert!(gone.contains("ACQ.TRADE_NOT_EXIST") && !gone.contains("<b>"));
}

#[tokio::test]
async fn the_index_explains_and_links_everything() {
    let scene = Scene::new().await;
    scene.create("LL1", "80.70").await;
    let html = page(&scene, &scene.url("/")).await;
    for part in [
        "李明",
        "/phone?phone=19000000001",
        "/sim/people",
        "/sim/faults",
        "LL1",
    ] {
        assert!(html.contains(part), "{part}");
    }
}
