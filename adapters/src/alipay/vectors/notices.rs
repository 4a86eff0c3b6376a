//! notify.json: which notices are believed, and how each is read.

use std::sync::Arc;

use lifeline_core::payments::ports::{Notice, NoticeError, Trade};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::time::Time;
use proptest::prelude::*;

use super::super::notice::Notices;
use super::{cases, text, trust, vector};

fn notices() -> Notices {
    Notices {
        trust: Arc::new(trust()),
        app_id: "2021000000000001".into(),
        seller_id: "2088000000000009".into(),
    }
}

fn expected(name: &str) -> Result<Trade, NoticeError> {
    let trade_no = "2026112022001400000000000001".to_owned();
    let (total, paid_at) = (
        Fen::new(1234),
        Time::parse_alipay("2026-11-20 16:37:05").unwrap(),
    );
    let paid = |refunded| Trade::Paid {
        trade_no: trade_no.clone(),
        total,
        paid_at,
        refunded_total: Fen::new(refunded),
    };
    match name {
        n if n.starts_with("tampered") => Err(NoticeError::BadSignature),
        n if n.starts_with("dut_") => Err(NoticeError::Unused {
            notify_id: if n == "dut_user_sign" {
                "2026112001222164001000000000000005".into()
            } else {
                "2026112101222090001000000000000006".into()
            },
        }),
        n if n.starts_with("partial refund") => Ok(paid(200)),
        "TRADE_CLOSED" => Ok(Trade::ClosedRefunded {
            trade_no: trade_no.clone(),
            total,
            paid_at: Some(paid_at),
            refunded_total: total,
        }),
        _ => Ok(paid(0)),
    }
}

#[test]
fn notices_are_read_as_the_sdk_reads_them() {
    let file = vector!("notify");
    assert_eq!(cases(&file).len(), 8);
    for case in cases(&file) {
        let name = text(case, "name");
        let read: Result<Notice, NoticeError> = notices().read(text(case, "body").as_bytes());
        let want_refund = name.starts_with("partial").then(|| "RF0001".to_owned());
        if let Ok(notice) = &read {
            assert_eq!(notice.out_trade_no, "EB202611200001");
            assert_eq!(notice.out_request_no, want_refund, "{name}");
        }
        assert_eq!(read.map(|notice| notice.trade), expected(name), "{name}");
    }
}

#[test]
fn a_notice_for_another_app_or_seller_is_foreign_and_a_doubled_field_malformed() {
    let file = vector!("notify");
    let body = text(&cases(&file)[0], "body");
    let with = |app_id: &str, seller_id: &str| Notices {
        app_id: app_id.into(),
        seller_id: seller_id.into(),
        ..notices()
    };
    let read = |notices: Notices| notices.read(body.as_bytes());
    assert_eq!(
        read(with("2021000000000002", "2088000000000009")),
        Err(NoticeError::Foreign)
    );
    assert_eq!(
        read(with("2021000000000001", "2088000000000008")),
        Err(NoticeError::Foreign)
    );
    for raw in [
        format!("{body}&out_trade_no=EB202611200001"),
        format!("out_trade_no=EB9&{body}"),
        format!("{body}&total_amount=0.01"),
        "x".repeat(70_000),
    ] {
        assert_eq!(notices().read(raw.as_bytes()), Err(NoticeError::Malformed));
    }
    assert_eq!(notices().read(b"\xff\xfe=1"), Err(NoticeError::Malformed));
    assert_eq!(notices().read(b""), Err(NoticeError::BadSignature));
}

/// acg-faka verified a text whose quotes a framework had escaped before: no genuine notice passed.
#[test]
fn a_notice_with_quotes_is_verified_as_it_came() {
    let file = vector!("notify");
    let body = text(&cases(&file)[0], "body");
    assert!(body.contains("%22"), "quotes, as the channel sends them");
    assert!(notices().read(body.as_bytes()).is_ok());
    let escaped = body.replace("%22", "%26quot%3B");
    assert_eq!(
        notices().read(escaped.as_bytes()),
        Err(NoticeError::BadSignature)
    );
}

proptest! {
    #[test]
    fn any_body_is_read_or_refused(body in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(notices().read(&body).is_err());
    }

    /// One letter of a genuine notice changed: it is refused, or (in a value's unused encoding) says the same.
    #[test]
    fn a_changed_notice_says_nothing_new(at in 0_usize..4_000, letter in "[ -~]") {
        let file = vector!("notify");
        let body = text(&cases(&file)[0], "body");
        let genuine = notices().read(body.as_bytes());
        let at = at % body.len();
        let changed = format!("{}{letter}{}", &body[..at], &body[at + 1..]);
        let read = notices().read(changed.as_bytes());
        prop_assert!(read.is_err() || read == genuine, "{changed}");
    }
}
