//! Typed names and ID numbers, judged; the wallet's phone, told.

use aws_lc_rs::cipher::{AES_128, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use crate::merchant::{Scene, keys_dir};

const PRECONSULT: &str = "alipay.user.certdoc.certverify.preconsult";
const CONSULT: &str = "alipay.user.certdoc.certverify.consult";
const INITIALIZE: &str = "alipay.user.certify.open.initialize";
const FACE_PAGE: &str = "alipay.user.certify.open.certify";
const QUERY: &str = "alipay.user.certify.open.query";

const HE_JIE: (&str, &str) = ("何洁", "15049919941018006");

/// The check digit, by the standard's own words.
fn whole(first17: &str) -> String {
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let digits = first17.chars().map(|c| c.to_digit(10).unwrap());
    let sum: u32 = digits
        .zip(weights)
        .map(|(digit, weight)| digit * weight)
        .sum();
    let last = "10X98765432"
        .chars()
        .nth(usize::try_from(sum % 11).unwrap());
    format!("{first17}{}", last.unwrap())
}

async fn person(scene: &Scene, handle: &str) -> Value {
    let people = scene.get("/sim/people").await;
    let found = people.as_array().unwrap().iter();
    found
        .clone()
        .find(|p| p["person"] == handle)
        .unwrap()
        .clone()
}

async fn token(scene: &Scene, person: &str, scopes: &[&str]) -> String {
    let (status, answer) = scene
        .post(
            "/sim/alipay/authorize",
            json!({ "person": person, "scopes": scopes }),
        )
        .await;
    assert_eq!(status, 200, "{answer}");
    let code = answer["auth_code"].as_str().unwrap();
    let method = "alipay.system.oauth.token";
    let grant = [("grant_type", "authorization_code"), ("code", code)];
    let tokens = scene.call(method, &grant).await;
    tokens["access_token"].as_str().unwrap().to_owned()
}

async fn propose(scene: &Scene, name: &str, id_no: &str) -> Value {
    let biz = json!({ "user_name": name, "cert_type": "IDENTITY_CARD", "cert_no": id_no });
    scene.biz(PRECONSULT, &biz).await
}

async fn consult(scene: &Scene, token: &str, verify_id: &Value) -> Value {
    let biz = json!({ "verify_id": verify_id }).to_string();
    let params = [("auth_token", token), ("biz_content", &biz)];
    scene.call(CONSULT, &params).await
}

#[tokio::test]
async fn somebody_is_certified_and_yet_tells_no_id_number() {
    let scene = Scene::new().await;
    let said = person(&scene, "he-jie").await;
    assert_eq!(
        said["profile"],
        json!({ "certified": true, "id_number": false })
    );
    assert_eq!(said["id_number"].as_str().map(str::len), Some(18));
    assert_eq!(person(&scene, "li-ming").await["id_number"], Value::Null);
    let token = token(&scene, "he-jie", &["auth_user"]).await;
    let share = "alipay.user.info.share";
    let profile = scene.call(share, &[("auth_token", &token)]).await;
    assert_eq!(profile["is_certified"], "T");
    assert_eq!(profile["user_name"], HE_JIE.0);
    assert!(profile.get("cert_no").is_none(), "{profile}");
    let open = person(&scene, "li-ming").await;
    assert_eq!(
        open["profile"],
        json!({ "certified": true, "id_number": true })
    );
}

#[tokio::test]
async fn a_typed_identity_is_compared_with_the_wallet_that_allowed_it() {
    let scene = Scene::new().await;
    let id_no = whole(HE_JIE.1);
    let verify_id = propose(&scene, HE_JIE.0, &id_no).await["verify_id"].clone();
    let own = token(&scene, "he-jie", &["id_verify"]).await;
    assert_eq!(consult(&scene, &own, &verify_id).await["passed"], "T");
    let foreign = token(&scene, "li-ming", &["id_verify"]).await;
    let other = consult(&scene, &foreign, &verify_id).await;
    assert_eq!(other["passed"], "F");
    assert_eq!(other["fail_params"], "[\"user_name\"]");
    let narrow = token(&scene, "he-jie", &["auth_user"]).await;
    let refused = consult(&scene, &narrow, &verify_id).await;
    assert_eq!(refused["sub_code"], "isv.insufficient-user-permissions");
    let wrong = propose(&scene, HE_JIE.0, "150499199001010014").await["verify_id"].clone();
    assert_eq!(
        consult(&scene, &own, &wrong).await["fail_params"],
        "[\"cert_no\"]"
    );
    let uncertified = token(&scene, "sun-li", &["id_verify"]).await;
    let sun_li = propose(&scene, "孙丽", &whole("15049919930718004")).await["verify_id"].clone();
    assert_eq!(consult(&scene, &uncertified, &sun_li).await["passed"], "F");
    let unknown = consult(&scene, &own, &json!("nothing")).await;
    assert_eq!(unknown["sub_code"], "VERIFY_ID_INVALID");
    let bad = propose(&scene, HE_JIE.0, "150499199410180069").await;
    assert_eq!(bad["sub_code"], "CERT_NO_INVALID", "{bad}");
}

async fn begin_face(scene: &Scene, order_no: &str, name: &str, id_no: &str) -> Value {
    let biz = json!({
        "outer_order_no": order_no,
        "biz_code": "FACE",
        "identity_param": {
            "identity_type": "CERT_INFO",
            "cert_type": "IDENTITY_CARD",
            "cert_name": name,
            "cert_no": id_no,
        },
        "merchant_config": { "return_url": "http://127.0.0.1:1/back" },
    });
    scene.biz(INITIALIZE, &biz).await
}

async fn show(scene: &Scene, certify_id: &Value, person: &str, outcome: &str) -> u16 {
    let body = json!({ "certify_id": certify_id, "person": person, "outcome": outcome });
    scene.post("/sim/alipay/face", body).await.0
}

#[tokio::test]
async fn a_face_passes_only_for_its_own_name_and_number() {
    let scene = Scene::new().await;
    let id_no = whole(HE_JIE.1);
    for (order, who, outcome, passed) in [
        ("ORDER1", "he-jie", "passed", "T"),
        ("ORDER2", "li-ming", "passed", "F"),
        ("ORDER3", "he-jie", "failed", "F"),
    ] {
        let begun = begin_face(&scene, order, HE_JIE.0, &id_no).await;
        let certify_id = &begun["certify_id"];
        let query = json!({ "certify_id": certify_id });
        let before = scene.biz(QUERY, &query).await;
        assert_eq!(before["passed"], "F");
        assert!(before.get("fail_reason").is_none(), "nobody was there yet");
        assert_eq!(show(&scene, certify_id, who, outcome).await, 200);
        let after = scene.biz(QUERY, &query).await;
        assert_eq!(after["passed"], passed, "{after}");
        assert_eq!(after.get("fail_reason").is_some(), passed == "F");
        assert_eq!(show(&scene, certify_id, who, "passed").await, 409, "used");
    }
    let again = begin_face(&scene, "ORDER1", HE_JIE.0, &id_no).await;
    assert!(again["certify_id"].is_string(), "one order, one check");
    let other = begin_face(&scene, "ORDER1", "李明", "150499199001010014").await;
    assert_eq!(other["sub_code"], "ACQ.CONTEXT_INCONSISTENT");
}

#[tokio::test]
async fn the_face_page_shows_the_camera_and_leads_back() {
    let scene = Scene::new().await;
    let begun = begin_face(&scene, "ORDER9", HE_JIE.0, &whole(HE_JIE.1)).await;
    let biz = json!({ "certify_id": begun["certify_id"] }).to_string();
    let params = scene.signed(FACE_PAGE, &[("biz_content", &biz)]).await;
    let query = serde_urlencoded(&params);
    let page = scene.http.get(scene.url(&format!("/gateway.do?{query}")));
    let html = page.send().await.unwrap().text().await.unwrap();
    assert!(
        html.contains("id=\"show\"") && html.contains("he-jie"),
        "{html}"
    );
    assert!(!html.contains("150499"), "the page repeats the number");
    let form = [
        ("certify_id", begun["certify_id"].as_str().unwrap()),
        ("person", "he-jie"),
        ("shown", "passed"),
    ];
    let back = scene.http.post(scene.url("/certify")).form(&form);
    let back = back.send().await.unwrap();
    assert_eq!(back.status(), 303);
    assert_eq!(back.headers()["location"], "http://127.0.0.1:1/back");
}

#[tokio::test]
async fn a_face_counts_in_the_wallet_that_the_merchant_named_only() {
    let scene = Scene::new().await;
    let wallets = scene.get("/sim/alipay/wallets").await;
    let wallets = wallets.get("wallets").unwrap_or(&wallets).clone();
    let all = wallets.as_array().unwrap();
    let own = all.iter().find(|one| one["person"] == "he-jie").unwrap();
    let of_wallet = |order: &str, field: &str, id: &Value| {
        json!({
            "outer_order_no": order,
            "biz_code": "FACE",
            "identity_param": {
                "identity_type": "CERT_INFO",
                "cert_type": "IDENTITY_CARD",
                "cert_name": HE_JIE.0,
                "cert_no": whole(HE_JIE.1),
                (field): id,
            },
            "merchant_config": {},
        })
    };
    for (order, field, wallet, passed) in [
        ("ORDER21", "open_id", "he-jie", "T"),
        ("ORDER22", "user_id", "he-jie", "T"),
        ("ORDER23", "open_id", "li-ming", "F"),
        ("ORDER24", "user_id", "li-ming", "F"),
    ] {
        let begun = scene
            .biz(INITIALIZE, &of_wallet(order, field, &own[field]))
            .await;
        let certify_id = &begun["certify_id"];
        // The right face, in whichever wallet.
        let body = json!({
            "certify_id": certify_id, "person": "he-jie", "wallet": wallet, "outcome": "passed",
        });
        assert_eq!(scene.post("/sim/alipay/face", body).await.0, 200, "{begun}");
        let after = scene.biz(QUERY, &json!({ "certify_id": certify_id })).await;
        assert_eq!(after["passed"], passed, "{after}");
    }
    let nobody = of_wallet("ORDER25", "open_id", &json!("nobody"));
    let refused = scene.biz(INITIALIZE, &nobody).await;
    assert!(refused.get("certify_id").is_none(), "{refused}");
}

fn serde_urlencoded(params: &std::collections::BTreeMap<String, String>) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(params)
        .finish()
}

#[tokio::test]
async fn a_phone_is_told_signed_and_encrypted() {
    let scene = Scene::new().await;
    let (status, told) = scene
        .post("/sim/alipay/phone", json!({ "person": "li-ming" }))
        .await;
    assert_eq!(status, 200, "{told}");
    let text = told["response"].as_str().unwrap();
    let told: Value = serde_json::from_str(text).unwrap();
    assert_eq!(told["encrypt_type"], "AES");
    let sealed = told["response"].as_str().unwrap();
    let quoted = format!("\"{sealed}\"");
    let sign = told["sign"].as_str().unwrap();
    assert!(scene.merchant.verifies(&quoted, sign));
    assert!(
        !scene.merchant.verifies(sealed, sign),
        "the quotes are signed"
    );
    let key = std::fs::read_to_string(keys_dir().join("content_key.txt")).unwrap();
    let key = UnboundCipherKey::new(&AES_128, &BASE64.decode(key).unwrap()).unwrap();
    let key = PaddedBlockDecryptingKey::cbc_pkcs7(key).unwrap();
    let mut bytes = BASE64.decode(sealed).unwrap();
    let iv = DecryptionContext::Iv128(FixedLength::from([0; 16]));
    let clear: Value = serde_json::from_slice(key.decrypt(&mut bytes, iv).unwrap()).unwrap();
    assert_eq!(clear["mobile"], "19000000001");
}
