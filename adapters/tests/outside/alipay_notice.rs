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

#[tokio::test]
async fn notices_verify_in_all_four_ways_alipay_signs_them() {
    let reader = alipay_at("http://127.0.0.1:1");
    for (keep_type, drop_empty) in [(false, true), (false, false), (true, true), (true, false)] {
        let read = reader
            .read(notice(|_| (), keep_type, drop_empty).as_bytes())
            .unwrap();
        assert_eq!(read.notify_id, "n1");
        assert!(matches!(read.trade, Trade::Paid { total, .. } if total == Fen::new(12_840)));
    }
}

/// A notice of these fields beside the usual ones; an empty value takes the field away.
fn read_with(fields: &[(&str, &str)]) -> Result<Trade, NoticeError> {
    let raw = notice(
        |params| {
            for (name, value) in fields {
                params.retain(|(known, _)| known != name);
                if !value.is_empty() {
                    params.push(((*name).into(), (*value).into()));
                }
            }
        },
        false,
        true,
    );
    let reader = alipay_at("http://127.0.0.1:1");
    reader.read(raw.as_bytes()).map(|notice| notice.trade)
}

#[tokio::test]
async fn a_trade_that_closed_after_money_moved_is_never_read_as_unpaid() {
    let closed = ("trade_status", "TRADE_CLOSED");
    let no_time = ("gmt_payment", "");
    let refund_of = |sum| ("refund_fee", sum);
    let refund_time = ("gmt_refund", "2026-11-20 10:01:50.320");
    for (fields, given_back) in [
        (vec![closed], 12_840),
        (vec![closed, refund_of("128.40"), refund_time], 12_840),
        (vec![closed, no_time, refund_of("128.40")], 12_840),
        (vec![closed, no_time, refund_time], 12_840),
        (
            vec![closed, no_time, refund_of("0.00"), refund_time],
            12_840,
        ),
        (vec![closed, refund_of("28.40"), refund_time], 2_840),
    ] {
        match read_with(&fields) {
            Ok(Trade::ClosedRefunded { refunded_total, .. }) => {
                assert_eq!(refunded_total, Fen::new(given_back), "{fields:?}");
            }
            other => panic!("{fields:?} was read as {other:?}"),
        }
    }
    for fields in [
        vec![closed, no_time],
        vec![closed, no_time, refund_of("0.00")],
        vec![closed, no_time, ("gmt_close", "2026-11-20 10:15:00")],
    ] {
        let read = read_with(&fields);
        assert!(
            matches!(read, Ok(Trade::ClosedNeverPaid { .. })),
            "{fields:?}"
        );
    }
}

#[tokio::test]
async fn a_signed_notice_must_still_make_sense() {
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
        Err(NoticeError::Unused {
            notify_id: "n1".into()
        })
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
