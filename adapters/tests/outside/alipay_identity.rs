//! Alipay as the place where people prove who they are.

use lifeline_adapters::alipay::AlipayConfigError;
use lifeline_core::accounts::ports::{IdentityError, IdentityProvider as _};
use lifeline_core::shared::outside::NoAnswer;

use crate::responder::{Act, Responder, Seen};
use crate::world::{alipay, alipay_with_own_key, platform_sign, signature_of_app_holds, signed};

#[tokio::test]
async fn a_code_is_exchanged_or_refused() {
    let outcome = async |act: fn(&Seen) -> Act| {
        let responder = Responder::start(act);
        let grant = alipay(&responder).exchange("code-1").await;
        assert_eq!(responder.only().param("code"), "code-1");
        assert!(signature_of_app_holds(&responder.only()));
        grant
    };
    let grant = outcome(|s| {
        signed(
            s,
            r#"{"access_token":"at","open_id":"op","user_id":"","expires_in":"1"}"#,
        )
    })
    .await
    .unwrap();
    assert_eq!(grant.open_id.as_deref(), Some("op"));
    assert_eq!(grant.user_id, None);
    let nobody = outcome(|s| signed(s, r#"{"access_token":"at"}"#)).await;
    assert!(matches!(
        nobody,
        Err(IdentityError::NoAnswer(NoAnswer::Unknown(_)))
    ));
    let spent = outcome(|s| signed(s, r#"{"code":"40002","sub_code":"isv.code-invalid"}"#)).await;
    assert!(matches!(spent, Err(IdentityError::CodeRefused)));
    let old_style = outcome(|_| {
        let node = r#"{"code":"40002","sub_code":"isv.code-invalid"}"#;
        let sign = platform_sign(node);
        Act::Answer(
            200,
            format!(r#"{{"error_response":{node},"sign":"{sign}"}}"#),
        )
    })
    .await;
    assert!(matches!(old_style, Err(IdentityError::CodeRefused)));
    let fault = outcome(|s| signed(s, r#"{"code":"40002","sub_code":"isv.invalid-app-id"}"#)).await;
    assert!(matches!(
        fault,
        Err(IdentityError::NoAnswer(NoAnswer::Alarm(_)))
    ));
}

#[tokio::test]
async fn a_profile_holds_only_what_parses() {
    let outcome = async |node: &'static str| {
        let responder = Responder::start(move |seen| signed(seen, node));
        alipay(&responder).profile("at").await.unwrap()
    };
    let full = outcome(
        r#"{"code":"10000","open_id":"op","is_certified":"T","user_name":"李明","cert_type":"0","cert_no":"150499199001010014","mobile":"19000000001"}"#,
    )
    .await;
    assert!(full.certified && full.name.is_some() && full.id_no.is_some() && full.phone.is_some());
    let passport = outcome(
        r#"{"code":"10000","open_id":"op","is_certified":"T","cert_type":"1","cert_no":"150499199001010014","mobile":"12"}"#,
    )
    .await;
    assert!(passport.id_no.is_none() && passport.phone.is_none() && passport.name.is_none());
    let bare = outcome(r#"{"code":"10000","user_id":"2088","is_certified":"F"}"#).await;
    assert!(!bare.certified && bare.open_id.is_none());
}

#[test]
fn our_own_key_is_not_alipays() {
    assert_eq!(alipay_with_own_key(), Some(AlipayConfigError::OwnPublicKey));
}
