//! Alipay: what is sent, and how each answer is classified (money.md G6, tables P and R).

use lifeline_core::payments::ports::{
    Close, CreateOrder, Created, PaymentChannel as _, RefundReply, RefundStatus, Trade,
};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::shared::time::Time;

use crate::responder::{Act, Responder, Seen};
use crate::world::{
    APP_ID, NOTIFY_URL, NOW_S, NUMBER, alipay, alipay_at, failed, platform_sign,
    signature_of_app_holds, signed,
};

pub(crate) fn order() -> CreateOrder {
    CreateOrder {
        out_trade_no: NUMBER.into(),
        amount: Fen::new(12_840),
        subject: "电费 2026-10 尾号 4321 100%+1".into(),
        buyer_open_id: Some("01501o8f93I2nJAGB1jG4ONj".into()),
        buyer_user_id: Some("2088000000000001".into()),
        expire_at: Time::from_micros((NOW_S + 900) * 1_000_000),
    }
}

fn created(seen: &Seen) -> Act {
    signed(
        seen,
        &format!(
            r#"{{"code":"10000","msg":"Success","out_trade_no":"{NUMBER}","trade_no":"2026"}}"#
        ),
    )
}

#[tokio::test]
async fn a_create_is_signed_and_repeats_its_frozen_bytes() {
    let responder = Responder::start(created);
    let channel = alipay(&responder);
    let body = channel.create_body(&order());
    for _ in 0..2 {
        let reply = channel.create(&body).await;
        assert_eq!(
            reply,
            Ok(Created::Ok {
                trade_no: "2026".into()
            })
        );
    }
    let seen = responder.seen();
    for one in &seen {
        assert!(signature_of_app_holds(one));
        assert_eq!(one.param("biz_content"), body);
        assert_eq!(one.param("timestamp"), "2026-11-20 10:00:00");
        assert_eq!(one.param("notify_url"), NOTIFY_URL);
        assert_eq!(one.param("app_id"), APP_ID);
        assert_eq!(one.method, "POST");
    }
    let fields: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(fields["total_amount"], "128.40");
    assert_eq!(fields["time_expire"], "2026-11-20 10:15:00");
    assert_eq!(fields["buyer_open_id"], "01501o8f93I2nJAGB1jG4ONj");
    assert_eq!(fields.get("buyer_id"), None);
}

#[tokio::test]
async fn only_named_signed_codes_refuse_a_create() {
    let outcome = async |act: fn(&Seen) -> Act| {
        let responder = Responder::start(act);
        let channel = alipay(&responder);
        channel.create(&channel.create_body(&order())).await
    };
    let refused = |code| Ok(Created::Refused { code });
    let closed = outcome(|s| failed(s, "ACQ.TRADE_HAS_CLOSE")).await;
    assert_eq!(closed, refused("ACQ.TRADE_HAS_CLOSE"));
    let other = outcome(|s| failed(s, "ACQ.CONTEXT_INCONSISTENT")).await;
    assert_eq!(other, refused("ACQ.CONTEXT_INCONSISTENT"));
    let buyer = outcome(|s| failed(s, "ACQ.TRADE_BUYER_NOT_MATCH")).await;
    assert_eq!(buyer, refused("ACQ.TRADE_BUYER_NOT_MATCH"));

    let unknown = |reason| Err(NoAnswer::Unknown(reason));
    for code in [
        "ACQ.SYSTEM_ERROR",
        "ACQ.TRADE_HAS_SUCCESS",
        "ACQ.SOMETHING_NEW",
        "",
    ] {
        let responder = Responder::start(move |seen| failed(seen, code));
        let channel = alipay(&responder);
        let answer = channel.create(&channel.create_body(&order())).await;
        assert_eq!(answer, unknown("unnamed_code"), "{code}");
    }
    let busy = outcome(|s| signed(s, r#"{"code":"20000","sub_code":"isp.unknow-error"}"#)).await;
    assert_eq!(busy, unknown("channel_unavailable"));
    let limited = outcome(|s| signed(s, r#"{"code":"40005","sub_code":"x"}"#)).await;
    assert_eq!(limited, unknown("rate_limited"));
    let contract = outcome(|s| failed(s, "ACQ.ACCESS_FORBIDDEN")).await;
    assert_eq!(contract, Err(NoAnswer::Alarm("channel_contract")));
    let key =
        outcome(|s| signed(s, r#"{"code":"40002","sub_code":"isv.invalid-signature"}"#)).await;
    assert_eq!(key, Err(NoAnswer::Alarm("channel_rejects_our_calls")));
    // Refusal words under another code, or unsigned, refuse nothing.
    let odd = outcome(|s| signed(s, r#"{"code":"20000","sub_code":"ACQ.TRADE_HAS_CLOSE"}"#)).await;
    assert_eq!(odd, unknown("channel_unavailable"));
    let unsigned = outcome(|_| {
        let node = r#"{"code":"40004","sub_code":"ACQ.TRADE_HAS_CLOSE"}"#;
        Act::Answer(200, format!(r#"{{"alipay_trade_create_response":{node}}}"#))
    })
    .await;
    assert_eq!(unsigned, unknown("unnamed_code"));
    let another = outcome(|s| {
        signed(
            s,
            r#"{"code":"10000","out_trade_no":"LL_other","trade_no":"1"}"#,
        )
    })
    .await;
    assert_eq!(another, Err(NoAnswer::Alarm("reply_about_another_trade")));
}

#[tokio::test]
async fn a_fault_on_the_way_is_no_answer_and_tells_nothing() {
    let outcome = async |act: fn(&Seen) -> Act| {
        let responder = Responder::start(act);
        alipay(&responder).query(NUMBER).await.unwrap_err()
    };
    let leak = outcome(|_| {
        Act::Answer(
            500,
            "ORA-00942: SELECT * FROM C_CONS WHERE CONS_NO='1500000004321'".into(),
        )
    })
    .await;
    assert_eq!(leak, NoAnswer::Unknown("http_status"));
    assert!(!format!("{leak} {leak:?}").contains("SELECT"));
    assert_eq!(outcome(|_| Act::Hang).await, NoAnswer::Unknown("time_out"));
    assert_eq!(
        outcome(|_| Act::Drop).await,
        NoAnswer::Unknown("connection_lost")
    );
    let cut = outcome(|_| Act::CutShort("{\"alipay".into())).await;
    assert_eq!(cut, NoAnswer::Unknown("reply_cut_off"));
    let long = outcome(|_| Act::Answer(200, "x".repeat(1024 * 1024 + 1))).await;
    assert_eq!(long, NoAnswer::Unknown("reply_too_long"));
    let html = outcome(|_| Act::Answer(200, "<html>login</html>".into())).await;
    assert_eq!(html, NoAnswer::Unknown("unreadable_reply"));
    let moved = outcome(|_| Act::Answer(302, String::new())).await;
    assert_eq!(moved, NoAnswer::Unknown("http_status"));
    let forged = outcome(|_| {
        let node = format!(
            r#"{{"code":"10000","out_trade_no":"{NUMBER}","trade_no":"1","trade_status":"TRADE_SUCCESS","total_amount":"0.01","send_pay_date":"2026-11-20 10:00:00"}}"#
        );
        let sign = platform_sign("another text");
        Act::Answer(200, format!(r#"{{"alipay_trade_query_response":{node},"sign":"{sign}"}}"#))
    })
    .await;
    assert_eq!(forged, NoAnswer::Unknown("bad_reply_signature"));
    let away = alipay_at("http://127.0.0.1:1").query(NUMBER).await;
    assert_eq!(away, Err(NoAnswer::NotSent("no_connection")));
}

fn trade(status: &str, rest: &str) -> String {
    format!(
        r#"{{"code":"10000","out_trade_no":"{NUMBER}","trade_no":"2026","trade_status":"{status}","total_amount":"128.40"{rest}}}"#
    )
}

#[tokio::test]
async fn a_query_tells_the_state_of_the_trade() {
    let paid_at = Time::parse_alipay("2026-11-20 10:01:20").unwrap();
    let date = r#","send_pay_date":"2026-11-20 10:01:20""#;
    let paid = |refunded| {
        Ok(Trade::Paid {
            trade_no: "2026".into(),
            total: Fen::new(12_840),
            paid_at,
            refunded_total: Fen::new(refunded),
        })
    };
    let refunded = |paid_at, sum| {
        Ok(Trade::ClosedRefunded {
            trade_no: "2026".into(),
            total: Fen::new(12_840),
            paid_at,
            refunded_total: Fen::new(sum),
        })
    };
    let trade_no = || "2026".to_owned();
    let never = || {
        Ok(Trade::ClosedNeverPaid {
            trade_no: trade_no(),
        })
    };
    let part = format!(r#"{date},"refund_fee":"8.40""#);
    let unreadable = || Err(NoAnswer::Unknown("unreadable_reply"));
    let table = [
        (
            trade("WAIT_BUYER_PAY", ""),
            Ok(Trade::WaitBuyerPay {
                trade_no: trade_no(),
            }),
        ),
        (trade("TRADE_SUCCESS", date), paid(0)),
        (trade("TRADE_FINISHED", date), paid(0)),
        (trade("TRADE_SUCCESS", &part), paid(840)),
        (trade("TRADE_SUCCESS", ""), unreadable()),
        (
            trade("TRADE_SUCCESS", r#","send_pay_date":"20/11""#),
            unreadable(),
        ),
        (trade("TRADE_CLOSED", ""), never()),
        (trade("TRADE_CLOSED", r#","refund_fee":"0.00""#), never()),
        (trade("TRADE_CLOSED", date), refunded(Some(paid_at), 12_840)),
        (
            trade("TRADE_CLOSED", r#","refund_fee":"128.40""#),
            refunded(None, 12_840),
        ),
        (trade("TRADE_PENDING", ""), unreadable()),
    ];
    for (node, expected) in table {
        let answer = node.clone();
        let responder = Responder::start(move |seen| signed(seen, &answer));
        assert_eq!(alipay(&responder).query(NUMBER).await, expected, "{node}");
        assert_eq!(responder.only().param("notify_url"), "");
    }
    let responder = Responder::start(|seen| failed(seen, "ACQ.TRADE_NOT_EXIST"));
    assert_eq!(alipay(&responder).query(NUMBER).await, Ok(Trade::NotExist));
}

#[tokio::test]
async fn a_close_is_done_refused_or_unknown() {
    let outcome = async |act: fn(&Seen) -> Act| {
        let responder = Responder::start(act);
        alipay(&responder).close(NUMBER).await
    };
    assert_eq!(
        outcome(|s| signed(s, r#"{"code":"10000"}"#)).await,
        Ok(Close::Closed)
    );
    let absent = outcome(|s| failed(s, "ACQ.TRADE_NOT_EXIST")).await;
    assert_eq!(absent, Ok(Close::NotExist));
    let status = outcome(|s| failed(s, "ACQ.TRADE_STATUS_ERROR")).await;
    assert_eq!(status, Ok(Close::Refused));
    let reason = outcome(|s| failed(s, "ACQ.REASON_TRADE_STATUS_INVALID")).await;
    assert_eq!(reason, Ok(Close::Refused));
    let new = outcome(|s| failed(s, "ACQ.SOMETHING_NEW")).await;
    assert_eq!(new, Err(NoAnswer::Unknown("unnamed_code")));
}

#[tokio::test]
async fn a_refund_books_nothing_it_was_not_told() {
    let made = |rest: &str| format!(r#"{{"code":"10000","out_trade_no":"{NUMBER}"{rest}}}"#);
    let table = [
        (
            made(r#","fund_change":"Y","refund_fee":"58.40""#),
            RefundReply::Done,
        ),
        (
            made(r#","fund_change":"Y","refund_fee":"128.40""#),
            RefundReply::Done,
        ),
        (made(r#","fund_change":"Y""#), RefundReply::Done),
        (
            made(r#","fund_change":"Y","refund_fee":"1.00""#),
            RefundReply::Unclear,
        ),
        (
            made(r#","fund_change":"N","refund_fee":"58.40""#),
            RefundReply::Unclear,
        ),
        (made(""), RefundReply::Unclear),
    ];
    for (node, expected) in table {
        let answer = node.clone();
        let responder = Responder::start(move |seen| signed(seen, &answer));
        let reply = alipay(&responder)
            .refund(NUMBER, "R1", Fen::new(5840))
            .await;
        assert_eq!(reply, Ok(expected), "{node}");
        let sent: serde_json::Value =
            serde_json::from_str(&responder.only().param("biz_content")).unwrap();
        assert_eq!(sent["refund_amount"], "58.40");
        assert_eq!(sent["out_request_no"], "R1");
    }
    let codes = [
        (
            "ACQ.SELLER_BALANCE_NOT_ENOUGH",
            Ok(RefundReply::SellerBalanceNotEnough),
        ),
        ("ACQ.REASON_TRADE_REFUND_FEE_ERR", Ok(RefundReply::FeeError)),
        (
            "ACQ.TRADE_HAS_FINISHED",
            Ok(RefundReply::RefusedForGood {
                code: "ACQ.TRADE_HAS_FINISHED",
            }),
        ),
        (
            "ACQ.TRADE_NOT_ALLOW_REFUND",
            Ok(RefundReply::RefusedForGood {
                code: "ACQ.TRADE_NOT_ALLOW_REFUND",
            }),
        ),
        ("ACQ.SYSTEM_ERROR", Err(NoAnswer::Unknown("unnamed_code"))),
        (
            "ACQ.TRADE_NOT_EXIST",
            Err(NoAnswer::Unknown("unnamed_code")),
        ),
    ];
    for (code, expected) in codes {
        let responder = Responder::start(move |seen| failed(seen, code));
        let reply = alipay(&responder)
            .refund(NUMBER, "R1", Fen::new(5840))
            .await;
        assert_eq!(reply, expected, "{code}");
    }
}

#[tokio::test]
async fn a_refund_query_never_proves_failure() {
    let asked = |rest: &str| format!(r#"{{"code":"10000","out_trade_no":"{NUMBER}"{rest}}}"#);
    let success = r#","refund_status":"REFUND_SUCCESS","refund_amount":"58.40""#;
    let table = [
        (
            asked(&format!(r#"{success},"out_request_no":"R1""#)),
            Ok(RefundStatus::Success {
                amount: Fen::new(5840),
            }),
        ),
        (
            asked(&format!(r#"{success},"out_request_no":"R2""#)),
            Err(NoAnswer::Alarm("reply_about_another_trade")),
        ),
        (
            asked(success),
            Err(NoAnswer::Alarm("reply_about_another_trade")),
        ),
        (asked(""), Ok(RefundStatus::Empty)),
        (
            asked(r#","refund_status":"REFUND_FAIL""#),
            Err(NoAnswer::Unknown("unnamed_refund_status")),
        ),
    ];
    for (node, expected) in table {
        let answer = node.clone();
        let responder = Responder::start(move |seen| signed(seen, &answer));
        let reply = alipay(&responder).query_refund(NUMBER, "R1").await;
        assert_eq!(reply, expected, "{node}");
    }
}

#[tokio::test]
async fn the_cashier_address_is_signed_and_ends_with_the_order() {
    let channel = alipay_at("http://127.0.0.1:1");
    let url = channel.cashier_url(
        &order(),
        "http://127.0.0.1:9000/?payment=1",
        Time::from_micros(NOW_S * 1_000_000),
    );
    let seen = Seen {
        method: "GET".into(),
        target: url.trim_start_matches("http://127.0.0.1:1").to_owned(),
        headers: Vec::new(),
        body: String::new(),
    };
    assert!(signature_of_app_holds(&seen));
    assert_eq!(seen.param("method"), "alipay.trade.wap.pay");
    assert_eq!(seen.param("return_url"), "http://127.0.0.1:9000/?payment=1");
    let body: serde_json::Value = serde_json::from_str(&seen.param("biz_content")).unwrap();
    assert_eq!(body["time_expire"], "2026-11-20 10:15:00");
    assert_eq!(body["product_code"], "QUICK_WAP_WAY");
}
