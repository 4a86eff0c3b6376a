//! The ways to Alipay: calls by the utility's own address or its proxy, browsers to Alipay itself.

use lifeline_core::accounts::ports::Certifier as _;
use lifeline_core::payments::ports::{Close, PaymentChannel as _};
use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::shared::time::Time;

use crate::alipay::order;
use crate::responder::{Act, Responder, Seen};
use crate::world::{NOW_S, NUMBER, alipay_by, signature_of_app_holds, signed};

/// `lifeline:secret`, as a proxy is told.
const PROVEN: &str = "Basic bGlmZWxpbmU6c2VjcmV0";

fn closed(seen: &Seen) -> Act {
    signed(seen, r#"{"code":"10000","msg":"Success"}"#)
}

fn with_password(proxy: &Responder) -> String {
    proxy.base.replace("http://", "http://lifeline:secret@")
}

#[tokio::test]
async fn browsers_are_sent_to_alipay_while_calls_go_to_an_address_of_the_utility() {
    let responder = Responder::start(closed);
    let pages = "https://openapi.alipay.com/gateway.do";
    let channel = alipay_by(&responder.base, Some(pages), None);
    assert_eq!(channel.close(NUMBER).await, Ok(Close::Closed));
    assert!(responder.only().target.starts_with("/gateway.do?"));
    let now = Time::from_micros(NOW_S * 1_000_000);
    for url in [
        channel.cashier_url(&order(), "https://power.example.cn/", now),
        channel.face_url("c1", now),
    ] {
        let target = url.strip_prefix(pages);
        let seen = Seen {
            method: "GET".into(),
            target: target.expect("Alipay's own address").to_owned(),
            headers: Vec::new(),
            body: String::new(),
        };
        assert!(signature_of_app_holds(&seen), "{url}");
    }
}

#[tokio::test]
async fn a_call_goes_through_the_proxy_that_was_named_and_pages_do_not() {
    let proxy = Responder::start(closed);
    // Nobody listens there: only by the proxy is there an answer.
    let away = "http://127.0.0.1:1";
    let channel = alipay_by(away, None, Some(&with_password(&proxy)));
    assert_eq!(channel.close(NUMBER).await, Ok(Close::Closed));
    let seen = proxy.only();
    let whole = format!("{away}/gateway.do?");
    assert!(seen.target.starts_with(&whole), "{}", seen.target);
    assert!(signature_of_app_holds(&seen));
    assert_eq!(seen.header("proxy-authorization"), PROVEN);
    let page = channel.face_url("c1", Time::from_micros(0));
    assert!(page.starts_with(&whole), "{page}");
}

#[tokio::test]
async fn a_proxy_is_asked_for_a_tunnel_and_what_it_refuses_never_left() {
    let proxy = Responder::start(|_| Act::Answer(502, String::new()));
    let gateway = "https://gateway.example.cn";
    let channel = alipay_by(gateway, None, Some(&with_password(&proxy)));
    let refused = channel.close(NUMBER).await;
    assert_eq!(refused, Err(NoAnswer::NotSent("no_connection")));
    let seen = proxy.only();
    assert_eq!(seen.method, "CONNECT");
    assert_eq!(seen.target, "gateway.example.cn:443");
    assert_eq!(seen.header("proxy-authorization"), PROVEN);
    assert_eq!(seen.body, "", "the call itself is for Alipay alone");
}
