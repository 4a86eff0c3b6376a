//! Notices: whose they are, and what they must hold.

use lifeline_core::payments::ports::{NoticeError, NoticeReader as _, Trade};
use lifeline_core::shared::money::Fen;

use crate::world::{APP_ID, NUMBER, SELLER_ID, alipay_at, platform_sign};

/// A notice as Alipay signs it; `drop_empty` is how Alipay's own SDKs differ.
fn notice(
    change: impl Fn(&mut Vec<(String, String)>),
    keep_type: bool,
    drop_empty: bool,
) -> String {
    let mut params: Vec<(String, String)> = [
        ("notify_type", "trade_status_sync"),
        ("notify_id", "n1"),
        ("notify_time", "2026-11-20 10:02:00"),
        ("app_id", APP_ID),
        ("seller_id", SELLER_ID),
        ("out_trade_no", NUMBER),
        ("trade_no", "2026"),
        ("trade_status", "TRADE_SUCCESS"),
        ("total_amount", "128.40"),
        ("gmt_payment", "2026-11-20 10:01:20"),
        ("body", ""),
        ("sign_type", "RSA2"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec();
    change(&mut params);
    params.sort();
    let signed: Vec<String> = params
        .iter()
        .filter(|(n, v)| (keep_type || n != "sign_type") && !(drop_empty && v.is_empty()))
        .map(|(n, v)| format!("{n}={v}"))
        .collect();
    let sign = platform_sign(&signed.join("&"));
    params.push(("sign".into(), sign));
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(params)
        .finish()
}

#[test]
fn notices_verify_in_all_four_ways_alipay_signs_them() {
    let reader = alipay_at("http://127.0.0.1:1");
    for (keep_type, drop_empty) in [(false, true), (false, false), (true, true), (true, false)] {
        let read = reader
            .read(notice(|_| (), keep_type, drop_empty).as_bytes())
            .unwrap();
        assert_eq!(read.notify_id, "n1");
        assert!(matches!(read.trade, Trade::Paid { total, .. } if total == Fen::new(12_840)));
    }
}

#[test]
fn a_signed_notice_must_still_make_sense() {
    let reader = alipay_at("http://127.0.0.1:1");
    let with = |name: &'static str, value: &'static str| {
        let raw = notice(
            |params| {
                params.retain(|(known, _)| known != name);
                params.push((name.into(), value.into()));
            },
            false,
            true,
        );
        reader.read(raw.as_bytes()).map(|notice| notice.trade)
    };
    assert_eq!(
        with("app_id", "2021000000000002"),
        Err(NoticeError::Foreign)
    );
    assert_eq!(
        with("seller_id", "2088000000000001"),
        Err(NoticeError::Foreign)
    );
    assert_eq!(with("seller_id", ""), Err(NoticeError::Foreign));
    assert_eq!(
        with("notify_type", "dut_user_sign"),
        Err(NoticeError::Unused)
    );
    assert_eq!(
        with("trade_status", "TRADE_PENDING"),
        Err(NoticeError::Malformed)
    );
    assert_eq!(with("total_amount", "1e2"), Err(NoticeError::Malformed));
    assert_eq!(with("gmt_payment", ""), Err(NoticeError::Malformed));
    assert_eq!(with("sign_type", "RSA"), Err(NoticeError::BadSignature));
    let timeout_close = notice(
        |params| {
            params.retain(|(known, _)| known != "gmt_payment");
            for (name, value) in params.iter_mut() {
                if name == "trade_status" {
                    *value = "TRADE_CLOSED".into();
                }
            }
        },
        false,
        true,
    );
    let read = reader.read(timeout_close.as_bytes()).unwrap();
    assert!(matches!(read.trade, Trade::ClosedNeverPaid { .. }));
}
