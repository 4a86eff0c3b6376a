//! Codes, tokens and profiles.

use serde_json::{Value, json};

use crate::merchant::Scene;

const TOKEN: &str = "alipay.system.oauth.token";

async fn code(scene: &Scene, person: &str, scopes: Value) -> String {
    let (status, answer) = scene
        .post(
            "/sim/alipay/authorize",
            json!({ "person": person, "scopes": scopes }),
        )
        .await;
    assert_eq!(status, 200, "{answer}");
    answer["auth_code"].as_str().unwrap().to_owned()
}

async fn exchange(scene: &Scene, code: &str) -> Value {
    scene
        .call(
            TOKEN,
            &[("grant_type", "authorization_code"), ("code", code)],
        )
        .await
}

async fn refresh(scene: &Scene, token: &Value) -> Value {
    let token = token.as_str().unwrap();
    scene
        .call(
            TOKEN,
            &[("grant_type", "refresh_token"), ("refresh_token", token)],
        )
        .await
}

async fn share(scene: &Scene, token: &Value) -> Value {
    scene
        .call(
            "alipay.user.info.share",
            &[("auth_token", token.as_str().unwrap())],
        )
        .await
}

#[tokio::test]
async fn a_code_works_once() {
    let scene = Scene::new().await;
    let code = code(&scene, "li-ming", json!(["auth_user"])).await;
    let tokens = exchange(&scene, &code).await;
    assert!(
        tokens.get("code").is_none() && tokens.get("msg").is_none(),
        "no code, no msg"
    );
    assert!(tokens["expires_in"].as_i64().unwrap() > 0);
    assert_eq!(
        exchange(&scene, &code).await["sub_code"],
        "isv.code-invalid"
    );
    assert_eq!(
        exchange(&scene, "made-up").await["sub_code"],
        "isv.code-invalid"
    );
}

#[tokio::test]
async fn a_code_lives_five_minutes() {
    let scene = Scene::new().await;
    let (young, old) = (
        code(&scene, "li-ming", json!(["auth_user"])).await,
        code(&scene, "li-ming", json!(["auth_user"])).await,
    );
    scene.advance(290).await;
    assert!(exchange(&scene, &young).await["open_id"].is_string());
    scene.advance(11).await;
    assert_eq!(exchange(&scene, &old).await["sub_code"], "isv.code-invalid");
}

#[tokio::test]
async fn the_wallet_id_is_the_persons_own_every_time() {
    let scene = Scene::new().await;
    let first = scene.open_id("li-ming").await;
    assert_eq!(scene.open_id("li-ming").await, first);
    assert_ne!(scene.open_id("wang-fang").await, first);
}

#[tokio::test]
async fn a_refresh_token_is_spent_by_use_and_grows_old() {
    let scene = Scene::new().await;
    let first = exchange(&scene, &code(&scene, "li-ming", json!(["auth_user"])).await).await;
    let second = refresh(&scene, &first["refresh_token"]).await;
    assert_eq!(second["open_id"], first["open_id"]);
    let spent = refresh(&scene, &first["refresh_token"]).await;
    assert_eq!(spent["sub_code"], "isv.refresh-token-invalid");
    scene.advance(31 * 86_400).await;
    let old = refresh(&scene, &second["refresh_token"]).await;
    assert_eq!(old["sub_code"], "isv.refresh-token-time-out");
    let odd = scene
        .call(TOKEN, &[("grant_type", "password"), ("code", "x")])
        .await;
    assert_eq!(odd["sub_code"], "isv.grant-type-invalid");
}

#[tokio::test]
async fn a_profile_holds_what_was_granted_and_what_the_wallet_knows() {
    let scene = Scene::new().await;
    let user = exchange(&scene, &code(&scene, "li-ming", json!(["auth_user"])).await).await;
    let full = share(&scene, &user["access_token"]).await;
    assert_eq!(
        (&full["code"], &full["is_certified"]),
        (&json!("10000"), &json!("T"))
    );
    assert_eq!(
        (&full["user_name"], &full["mobile"]),
        (&json!("李明"), &json!("19000000001"))
    );
    assert_eq!(full["cert_no"], "150499199001010014");
    assert_eq!(full["gender"], "m");

    let nameless = exchange(&scene, &code(&scene, "sun-li", json!(["auth_user"])).await).await;
    let bare = share(&scene, &nameless["access_token"]).await;
    assert_eq!(
        (&bare["code"], &bare["is_certified"]),
        (&json!("10000"), &json!("F"))
    );
    for absent in ["user_name", "cert_no", "cert_type", "mobile"] {
        assert!(
            bare.get(absent).is_none(),
            "{absent} of a wallet without a real name"
        );
    }

    let base = exchange(&scene, &code(&scene, "li-ming", json!(["auth_base"])).await).await;
    let refused = share(&scene, &base["access_token"]).await;
    assert_eq!(refused["code"], "40006");
}

#[tokio::test]
async fn an_unknown_or_old_token_opens_nothing() {
    let scene = Scene::new().await;
    assert_eq!(
        share(&scene, &json!("made-up")).await["sub_code"],
        "aop.invalid-auth-token"
    );
    let tokens = exchange(&scene, &code(&scene, "li-ming", json!(["auth_user"])).await).await;
    scene.advance(16 * 86_400).await;
    let old = share(&scene, &tokens["access_token"]).await;
    assert_eq!(
        (&old["code"], &old["sub_code"]),
        (&json!("20001"), &json!("aop.auth-token-time-out"))
    );
}

#[tokio::test]
async fn the_people_are_listed_as_documented() {
    let scene = Scene::new().await;
    let people = scene.get("/sim/people").await;
    let people = people.as_array().unwrap();
    let first = &people[0];
    assert_eq!(
        (&first["person"], &first["name"]),
        (&json!("li-ming"), &json!("李明"))
    );
    assert_eq!(first["id_last6"], "010014");
    assert_eq!(first["consumer_nos"].as_array().unwrap().len(), 1);
    assert!(
        people
            .iter()
            .any(|p| p["consumer_nos"].as_array().unwrap().len() == 2)
    );
    let solar = people
        .iter()
        .find(|p| p.get("registration").is_some())
        .unwrap();
    assert!(!solar["generation_nos"].as_array().unwrap().is_empty());
    assert!(solar["identity"]["id_no"].is_string());
    let tenant = people.iter().find(|p| p.get("landlord").is_some()).unwrap();
    assert_eq!(tenant["person"], "zhang-wei");
    for hidden in ["id_no", "open_id", "balance_fen"] {
        assert!(people.iter().all(|p| p.get(hidden).is_none()));
    }
}
