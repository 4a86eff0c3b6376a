//! Matching people with archives, proofs for typed numbers, and what a channel may add to an archive.

use serde_json::{Value, json};

use super::channel::{Draft, LI_MING, Scene, UNKNOWN};

const LI_MING_ID: &str = "150499199001010014";
const LI_MING_MOBILE: &str = "19000000001";
/// Ma Jun's archive lacks ID number and mobile.
const EMPTY_ARCHIVE: &str = "1504010020157";

async fn person(scene: &Scene, handle: &str) -> Value {
    let people = scene.sim("/sim/people").await;
    people
        .as_array()
        .unwrap()
        .iter()
        .find(|p| p["person"] == handle)
        .unwrap()
        .clone()
}

async fn matched(
    scene: &Scene,
    id_no: Option<&str>,
    name: Option<&str>,
    mobile: Option<&str>,
) -> Value {
    let (status, body) = scene.send(&match_draft(scene, id_no, name, mobile)).await;
    assert_eq!(status, 200, "{body}");
    body
}

fn match_draft(
    scene: &Scene,
    id_no: Option<&str>,
    name: Option<&str>,
    mobile: Option<&str>,
) -> Draft {
    let mut body = json!({ "id_type": "resident_id", "consent_id": "c-1" });
    for (field, value) in [
        ("id_no_enc", id_no),
        ("name_enc", name),
        ("mobile_enc", mobile),
    ] {
        if let Some(value) = value {
            body[field] = json!(scene.marketing.seal(field, value));
        }
    }
    Draft::post("/mkt/v1/identity-matches", &body)
}

fn verify(body: Value) -> Draft {
    Draft::post("/mkt/v1/bindings/verify", &body)
}

#[tokio::test]
async fn id_and_mobile_together_are_a_full_match_with_every_home() {
    let scene = Scene::new().await;
    // Wang Fang's ID is known to this test as to her: by heart.
    let full = matched(
        &scene,
        Some("150499198506150026"),
        Some("王芳"),
        Some("19000000002"),
    )
    .await;
    assert_eq!(full["level"], "FULL");
    let candidates = full["candidates"].as_array().unwrap();
    assert_eq!(candidates.len(), 2);
    let mut numbers = Vec::new();
    for candidate in candidates {
        assert_eq!(candidate["role"], "HOLDER");
        assert_eq!(candidate["holder_masked"], "*芳");
        let (status, bound) = scene
            .send(&verify(json!({ "match_token": candidate["match_token"] })))
            .await;
        assert_eq!(status, 200);
        assert_eq!(bound["role"], "HOLDER");
        assert_eq!(bound["holder_version"], 1);
        assert_eq!(bound["holder_since"], "2019-06-01");
        let no = bound["consumer_no"].as_str().unwrap().to_owned();
        assert!(
            candidate["consumer_no_masked"]
                .as_str()
                .unwrap()
                .ends_with(&no[9..])
        );
        numbers.push(no);
    }
    numbers.sort();
    assert_eq!(numbers, ["1504010020025", "1504010020033"]);
    scene.end().await;
}

#[tokio::test]
async fn less_agreement_is_a_lower_level() {
    let scene = Scene::new().await;
    let id_only = matched(&scene, Some(LI_MING_ID), Some("李明"), Some("19000009000")).await;
    assert_eq!(
        (
            &id_only["level"],
            id_only["candidates"].as_array().unwrap().len()
        ),
        (&json!("ID_ONLY"), 1)
    );
    let no_mobile = matched(&scene, Some(LI_MING_ID), Some("李明"), None).await;
    assert_eq!(no_mobile["level"], "ID_ONLY");
    let stranger = "15049919900101009X";
    let mobile_only = matched(&scene, Some(stranger), Some("王芳"), Some(LI_MING_MOBILE)).await;
    assert_eq!(
        mobile_only,
        json!({ "level": "MOBILE_ONLY", "candidates": [] })
    );
    let none = matched(&scene, Some(stranger), Some("李明"), Some("19000009000")).await;
    assert_eq!(none, json!({ "level": "NONE", "candidates": [] }));
    let other_name = matched(
        &scene,
        Some(LI_MING_ID),
        Some("李明明"),
        Some("19000009000"),
    )
    .await;
    assert_eq!(
        other_name["level"], "NONE",
        "the ID of a differently named person"
    );
    scene.end().await;
}

#[tokio::test]
async fn the_same_name_is_not_the_same_person() {
    let scene = Scene::new().await;
    let one = person(&scene, "wang-wei").await;
    let other = person(&scene, "wang-wei-2").await;
    assert_eq!(one["name"], other["name"]);
    let theirs = |p: &Value| p["consumer_nos"][0].as_str().unwrap().to_owned();
    let proof = |no: String, tail: &Value| {
        let value_enc = scene.marketing.seal("value_enc", tail.as_str().unwrap());
        verify(
            json!({ "consumer_no": no, "proof": { "kind": "id_last6", "value_enc": value_enc } }),
        )
    };
    assert_eq!(
        scene.send(&proof(theirs(&one), &one["id_last6"])).await.0,
        200
    );
    assert_eq!(
        scene.send(&proof(theirs(&one), &other["id_last6"])).await.0,
        404
    );
    scene.end().await;
}

#[tokio::test]
async fn a_token_serves_once_and_for_ten_minutes() {
    let scene = Scene::new().await;
    let token = |matched: &Value| matched["candidates"][0]["match_token"].clone();
    let me = (Some(LI_MING_ID), Some("李明"), Some(LI_MING_MOBILE));
    let first = token(&matched(&scene, me.0, me.1, me.2).await);
    let second = token(&matched(&scene, me.0, me.1, me.2).await);
    assert_ne!(first, second);
    assert_eq!(
        scene.send(&verify(json!({ "match_token": first }))).await.0,
        200
    );
    let (status, spent) = scene.send(&verify(json!({ "match_token": first }))).await;
    assert_eq!((status, &spent["code"]), (409, &json!("MATCH_TOKEN_SPENT")));
    scene.advance(601).await;
    let (status, late) = scene.send(&verify(json!({ "match_token": second }))).await;
    assert_eq!((status, &late["code"]), (409, &json!("MATCH_TOKEN_SPENT")));
    scene.end().await;
}

#[tokio::test]
async fn a_repeat_under_the_same_key_gets_the_same_tokens() {
    let scene = Scene::new().await;
    let draft = match_draft(&scene, Some(LI_MING_ID), Some("李明"), None).keyed("match-1");
    let first = scene.send(&draft).await;
    assert_eq!(scene.send(&draft).await, first);
    let other = match_draft(&scene, Some(LI_MING_ID), None, None).keyed("match-1");
    let (status, body) = scene.send(&other).await;
    assert_eq!(
        (status, &body["code"]),
        (409, &json!("IDEMPOTENCY_CONFLICT"))
    );
    scene.end().await;
}

#[tokio::test]
async fn proofs_for_a_typed_number_give_no_more_than_they_prove() {
    let scene = Scene::new().await;
    let seal = |field: &str, value: &str| scene.marketing.seal(field, value);
    let proof = |no: &str, proof: Value| verify(json!({ "consumer_no": no, "proof": proof }));
    let by_id = |value: &str| json!({ "kind": "id_last6", "value_enc": seal("value_enc", value) });
    let by_mobile = |name: Option<&str>| match name {
        Some(name) => json!({ "kind": "archived_mobile", "name_enc": seal("name_enc", name) }),
        None => json!({ "kind": "archived_mobile" }),
    };
    for (given, role) in [
        (by_id("010014"), "PAYER_ONLY"),
        (by_mobile(None), "PAYER_ONLY"),
        (by_mobile(Some("李明")), "AUTHORISED"),
    ] {
        let (status, body) = scene.send(&proof(LI_MING, given)).await;
        assert_eq!((status, &body["role"]), (200, &json!(role)));
    }
    let mut refusals = Vec::new();
    for (no, given) in [
        (LI_MING, by_id("010015")),
        (LI_MING, by_id("")),
        (LI_MING, by_mobile(Some("李鸣"))),
        (EMPTY_ARCHIVE, by_id("126003")),
        (EMPTY_ARCHIVE, by_mobile(None)),
        (UNKNOWN, by_id("010014")),
        (UNKNOWN, by_mobile(None)),
    ] {
        let (status, mut body) = scene.send(&proof(no, given)).await;
        assert_eq!(status, 404, "{no}");
        body["trace_id"] = json!("");
        refusals.push(body);
    }
    assert!(
        refusals.iter().all(|body| *body == refusals[0]),
        "one answer for all"
    );
    let both = json!({ "match_token": "x", "consumer_no": LI_MING });
    assert_eq!(scene.send(&verify(both)).await.0, 422);
    scene.end().await;
}

#[tokio::test]
async fn the_archived_mobile_travels_sealed() {
    let scene = Scene::new().await;
    let ask = |no: &str| {
        Draft::post(
            &format!("/mkt/v1/consumers/{no}/archived-mobile"),
            &json!({}),
        )
    };
    let (status, body) = scene.send(&ask(LI_MING)).await;
    assert_eq!(status, 200);
    assert!(!body.to_string().contains(LI_MING_MOBILE));
    let opened = scene
        .marketing
        .open("mobile_enc", body["mobile_enc"].as_str().unwrap());
    assert_eq!(opened, LI_MING_MOBILE);
    assert_eq!(scene.send(&ask(EMPTY_ARCHIVE)).await.0, 404);
    assert_eq!(scene.send(&ask(UNKNOWN)).await.0, 404);
    scene.end().await;
}

#[tokio::test]
async fn sealed_fields_open_only_for_their_own_place() {
    let scene = Scene::new().await;
    let mut body = json!({ "id_type": "resident_id", "consent_id": "c" });
    body["id_no_enc"] = json!(scene.marketing.seal("mobile_enc", LI_MING_ID));
    let path = "/mkt/v1/identity-matches";
    assert_eq!(
        scene.send(&Draft::post(path, &body)).await.0,
        422,
        "sealed for another field"
    );
    body["id_no_enc"] = json!(scene.sms.seal("id_no_enc", LI_MING_ID));
    assert_eq!(
        scene.send(&Draft::post(path, &body)).await.0,
        422,
        "sealed with another key"
    );
    body["id_no_enc"] = json!(scene.marketing.seal("id_no_enc", "150499199001010015"));
    assert_eq!(
        scene.send(&Draft::post(path, &body)).await.0,
        422,
        "no valid ID number"
    );
    scene.end().await;
}

#[tokio::test]
async fn a_transfer_makes_the_old_holder_a_stranger() {
    let scene = Scene::new().await;
    let check = |id_no: &str, name: &str| {
        let body = json!({
            "id_no_enc": scene.marketing.seal("id_no_enc", id_no),
            "name_enc": scene.marketing.seal("name_enc", name),
        });
        Draft::post(
            &format!("/mkt/v1/consumers/{LI_MING}/real-name-checks"),
            &body,
        )
    };
    let state = async |draft: Draft| scene.send(&draft).await.1["state"].clone();
    assert_eq!(state(check(LI_MING_ID, "李明")).await, "verified");
    assert_eq!(state(check(LI_MING_ID, "李鸣")).await, "mismatch");
    let transfer = json!({ "consumer_no": LI_MING, "person": "wang-fang" });
    let (status, body) = scene
        .steer("/sim/marketing/transfer-of-holder", transfer)
        .await;
    assert_eq!((status, &body["holder_version"]), (200, &json!(2)));
    let consumer = scene.get(&format!("/mkt/v1/consumers/{LI_MING}")).await;
    assert_eq!(consumer["holder_version"], 2);
    let today = consumer["as_of"].as_str().unwrap().get(..10).unwrap();
    assert_eq!(consumer["holder_since"], today, "from the day it passed");
    assert_eq!(state(check(LI_MING_ID, "李明")).await, "mismatch");
    assert_eq!(
        matched(&scene, Some(LI_MING_ID), Some("李明"), None).await["level"],
        "NONE"
    );
    let hers = matched(&scene, Some("150499198506150026"), Some("王芳"), None).await;
    assert_eq!(hers["candidates"].as_array().unwrap().len(), 3);
    scene.end().await;
}

#[tokio::test]
async fn an_archive_is_filled_where_empty_and_never_overwritten() {
    let scene = Scene::new().await;
    let offer = |fields: &[(&str, &str)], key: &str| {
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, value)| {
                json!({
                    "name": name,
                    "value_enc": scene.marketing.seal("value_enc", value),
                    "source": "ALIPAY_REALNAME",
                    "consent_id": "c-2",
                    "base_version": 1,
                })
            })
            .collect();
        let path = format!("/mkt/v1/consumers/{EMPTY_ARCHIVE}/archive");
        let draft = Draft::post(&path, &json!({ "fields": fields })).keyed(key);
        Draft {
            method: reqwest::Method::PATCH,
            ..draft
        }
    };
    let id_no = "15049919900101009X";
    let (status, body) = scene
        .send(&offer(&[("id_no", id_no), ("name", "马骏")], "p1"))
        .await;
    assert_eq!(status, 200);
    assert_eq!(
        body["fields"],
        json!([
            { "name": "id_no", "result": "FILLED" },
            { "name": "name", "result": "CONFLICT_REVIEW" },
        ])
    );
    let (_, same) = scene.send(&offer(&[("id_no", id_no)], "p2")).await;
    assert_eq!(same["fields"][0]["result"], "SAME");
    let (_, other) = scene.send(&offer(&[("id_no", LI_MING_ID)], "p3")).await;
    assert_eq!(other["fields"][0]["result"], "CONFLICT_REVIEW");
    assert_eq!(
        scene.consumer(EMPTY_ARCHIVE).await["archive"]["real_name"],
        "verified"
    );
    let (status, _) = scene.send(&offer(&[("mobile", "12345")], "p4")).await;
    assert_eq!(status, 422);
    scene.end().await;
}

#[tokio::test]
async fn a_token_is_spent_though_its_answer_is_lost() {
    let scene = Scene::new().await;
    let found = matched(&scene, Some(LI_MING_ID), None, Some(LI_MING_MOBILE)).await;
    let token = &found["candidates"][0]["match_token"];
    let draft = verify(json!({ "match_token": token }));
    let lost = json!({
        "target": "marketing", "route": "POST /bindings/verify", "kind": "TIMEOUT_AFTER_COMMIT", "count": 1, "seed": 7,
    });
    scene.plan(lost).await;
    assert_eq!(scene.send_impatiently(&draft).await, None);
    assert_eq!(scene.fault().await["hits"], 1);
    let (status, again) = scene.send(&draft).await;
    assert_eq!((status, &again["code"]), (409, &json!("MATCH_TOKEN_SPENT")));
    scene.end().await;
}
