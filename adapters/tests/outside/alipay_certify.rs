//! Alipay as the judge of a typed name and ID number.

use lifeline_core::accounts::Secret;
use lifeline_core::accounts::account::{ProviderId, ProviderIds};
use lifeline_core::accounts::certification::{Finding, TypedIdentity};
use lifeline_core::accounts::ports::{Certifier as _, IdentityError};
use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::shared::personal::{IdNo, PersonName};
use lifeline_core::shared::time::Time;
use serde_json::Value;

use crate::responder::{Act, Responder, Seen};
use crate::world::{alipay, alipay_at, failed, signature_of_app_holds, signed};

fn typed() -> TypedIdentity {
    TypedIdentity {
        name: PersonName::parse("何洁").expect("a name"),
        id_no: IdNo::parse("150499199001010014").expect("a number"),
    }
}

fn wallet(open_id: Option<&str>, user_id: Option<&str>) -> ProviderIds {
    ProviderIds {
        open_id: open_id.and_then(ProviderId::parse),
        user_id: user_id.and_then(ProviderId::parse),
    }
}

fn biz(seen: &Seen) -> Value {
    serde_json::from_str(&seen.param("biz_content")).expect("JSON")
}

async fn propose(
    act: impl Fn(&Seen) -> Act + Send + Sync + 'static,
) -> Result<Secret, IdentityError> {
    let responder = Responder::start(act);
    let proposed = alipay(&responder).propose(&typed()).await;
    let seen = responder.only();
    assert!(signature_of_app_holds(&seen));
    assert!(
        !seen.target.contains("150499"),
        "the number stands in the address"
    );
    let biz = biz(&seen);
    assert_eq!(biz["user_name"], "何洁");
    assert_eq!(biz["cert_type"], "IDENTITY_CARD");
    assert_eq!(biz["cert_no"], "150499199001010014");
    proposed
}

#[tokio::test]
async fn a_typed_identity_is_laid_down_or_refused() {
    let good = propose(|seen| signed(seen, r#"{"code":"10000","verify_id":"v1"}"#)).await;
    assert_eq!(good.expect("laid down").expose(), "v1");
    let refused = propose(|seen| failed(seen, "CERT_NO_INVALID")).await;
    assert!(
        matches!(refused, Err(IdentityError::Refused)),
        "{refused:?}"
    );
    let unsigned = propose(|seen| {
        let root = format!("{}_response", seen.param("method").replace('.', "_"));
        let node = r#"{"code":"40004","sub_code":"CERT_NO_INVALID"}"#;
        Act::Answer(200, format!(r#"{{"{root}":{node}}}"#))
    })
    .await;
    assert!(
        matches!(unsigned, Err(IdentityError::NoAnswer(_))),
        "{unsigned:?}"
    );
    let busy =
        propose(|seen| signed(seen, r#"{"code":"20000","sub_code":"isp.unknow-error"}"#)).await;
    assert!(
        matches!(
            busy,
            Err(IdentityError::NoAnswer(NoAnswer::Unknown(
                "channel_unavailable"
            )))
        ),
        "{busy:?}"
    );
    let empty = propose(|seen| signed(seen, r#"{"code":"10000","verify_id":""}"#)).await;
    assert!(
        matches!(empty, Err(IdentityError::NoAnswer(_))),
        "{empty:?}"
    );
    let silent = propose(|_| Act::Drop).await;
    assert!(
        matches!(silent, Err(IdentityError::NoAnswer(_))),
        "{silent:?}"
    );
}

async fn compare(node: &'static str) -> Result<Finding, IdentityError> {
    let responder = Responder::start(move |seen| signed(seen, node));
    let found = alipay(&responder).compare("token-1", "v1").await;
    let seen = responder.only();
    assert!(signature_of_app_holds(&seen));
    assert_eq!(seen.param("auth_token"), "token-1");
    assert!(
        !seen.target.contains("token-1"),
        "the token stands in the address"
    );
    assert_eq!(biz(&seen)["verify_id"], "v1");
    found
}

#[tokio::test]
async fn only_a_signed_word_compares() {
    let passed = compare(r#"{"code":"10000","passed":"T"}"#).await;
    assert!(matches!(passed, Ok(Finding::Passed)));
    let failed = compare(r#"{"code":"10000","passed":"F","fail_reason":"x"}"#).await;
    assert!(matches!(failed, Ok(Finding::Failed)));
    for odd in [
        r#"{"code":"10000"}"#,
        r#"{"code":"10000","passed":"t"}"#,
        r#"{"code":"10000","passed":""}"#,
    ] {
        let unread = compare(odd).await;
        assert!(matches!(unread, Err(IdentityError::NoAnswer(_))), "{odd}");
    }
    let spent = compare(r#"{"code":"20001","sub_code":"aop.auth-token-time-out"}"#).await;
    assert!(
        matches!(spent, Err(IdentityError::CodeRefused)),
        "{spent:?}"
    );
}

#[tokio::test]
async fn a_face_is_prepared_under_our_own_number() {
    let responder = Responder::start(|seen| signed(seen, r#"{"code":"10000","certify_id":"c1"}"#));
    let order = "019aa2f0000070008000000000000001";
    let back = "https://line.example/#/pages/accounts/certify";
    let wallet = wallet(Some("open-1"), Some("2088000000000001"));
    let (alipay, identity) = (alipay(&responder), typed());
    let begun = alipay.begin_face(order, &identity, &wallet, back);
    assert_eq!(begun.await.expect("prepared").expose(), "c1");
    let biz = biz(&responder.only());
    assert_eq!(biz["outer_order_no"], order);
    assert_eq!(biz["biz_code"], "FACE");
    assert_eq!(biz["identity_param"]["cert_name"], "何洁");
    assert_eq!(biz["identity_param"]["identity_type"], "CERT_INFO");
    assert_eq!(biz["merchant_config"]["return_url"], back);
}

#[tokio::test]
async fn m3_6_a_face_is_asked_of_the_wallet_that_came_and_of_no_other() {
    let (open, user) = ("open-1", "2088000000000001");
    for (ids, named) in [
        (wallet(Some(open), Some(user)), ("open_id", open)),
        (wallet(Some(open), None), ("open_id", open)),
        (wallet(None, Some(user)), ("user_id", user)),
    ] {
        let responder =
            Responder::start(|seen| signed(seen, r#"{"code":"10000","certify_id":"c1"}"#));
        let alipay = alipay(&responder);
        let identity = typed();
        let begun = alipay.begin_face("1", &identity, &ids, "https://line.example/");
        begun.await.expect("prepared");
        let sent = biz(&responder.only());
        let identity = sent["identity_param"].as_object().expect("an object");
        assert_eq!(identity[named.0], named.1);
        let names = ["open_id", "user_id"].map(|name| identity.contains_key(name));
        assert_eq!(names.iter().filter(|there| **there).count(), 1, "one id");
    }
}

#[tokio::test]
async fn a_face_that_nobody_showed_is_open() {
    let outcome = async |node: &'static str| {
        let responder = Responder::start(move |seen| signed(seen, node));
        alipay(&responder).face_finding("c1").await
    };
    for (node, finding) in [
        (r#"{"code":"10000","passed":"T"}"#, Finding::Passed),
        (r#"{"code":"10000","passed":"F"}"#, Finding::Open),
        (
            r#"{"code":"10000","passed":"F","fail_reason":""}"#,
            Finding::Open,
        ),
        (r#"{"code":"10000"}"#, Finding::Open),
        (
            r#"{"code":"10000","passed":"F","fail_reason":"x"}"#,
            Finding::Failed,
        ),
    ] {
        let found = outcome(node).await.expect("an answer");
        assert_eq!(found, finding, "{node}");
    }
}

#[tokio::test]
async fn the_face_page_is_a_signed_address_without_the_number() {
    let url = alipay_at("http://127.0.0.1:1").face_url("c1", Time::from_micros(0));
    assert!(url.contains("alipay.user.certify.open.certify") && url.contains("sign="));
    assert!(
        !url.contains("notify_url") && !url.contains("150499"),
        "{url}"
    );
}
