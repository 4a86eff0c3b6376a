//! The company's data exchange: reports with receipts for their words, offices page by page, and what is no answer.

use std::sync::Arc;
use std::time::Duration;

use lifeline_adapters::exchange::ExchangeLine;
use lifeline_adapters::wire::{Address, CallRules};
use lifeline_core::insight::aggregate::{Addressee, Exchange as _, Report};
use lifeline_core::insight::energy::OfficeEnergy;
use lifeline_core::shared::energy::Kwh;
use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::shared::time::Time;

use crate::marketing::signature_holds;
use crate::responder::{Act, Responder};
use crate::world::{Counting, Fixed, line_keys};

const DIGEST: &str = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

fn exchange(responder: &Responder) -> ExchangeLine {
    let address =
        Address::parse(&format!("{}/exchange/v1", responder.base), true).expect("an address");
    let rules = CallRules::within(Duration::from_millis(400));
    let entropy = Arc::new(Counting::default());
    ExchangeLine::new(address, line_keys(), rules, Arc::new(Fixed), entropy).expect("a client")
}

fn report(addressee: Addressee) -> Report {
    Report {
        day: 20_777,
        addressee,
        body: "{}".to_owned(),
        digest: DIGEST.to_owned(),
        made_at: Time::from_micros(0),
        asked_at: Time::from_micros(0),
        receipt: None,
    }
}

fn receipt(number: &str, digest: &str) -> String {
    format!(r#"{{"receipt_no":"{number}","digest":"{digest}"}}"#)
}

#[tokio::test]
async fn ln_02_a_report_leaves_signed_and_a_repeat_has_the_same_bytes_and_key() {
    let responder = Responder::start(|_| Act::Answer(200, receipt("R-1", DIGEST)));
    let line = exchange(&responder);
    for (addressee, path) in [
        (Addressee::Company, "/exchange/v1/company/reports"),
        (Addressee::DataCentre, "/exchange/v1/data-centre/reports"),
        (Addressee::BasicData, "/exchange/v1/basic-data/reports"),
    ] {
        let before = responder.seen().len();
        for _ in 0..2 {
            assert_eq!(line.deliver(&report(addressee)).await, Ok("R-1".to_owned()));
        }
        let seen = responder.seen();
        let (one, two) = (&seen[before], &seen[before + 1]);
        assert_eq!(one.target, path);
        assert!(signature_holds(one) && signature_holds(two));
        assert_eq!(one.body, two.body);
        assert_eq!(one.header("idempotency-key"), two.header("idempotency-key"));
    }
}

#[tokio::test]
async fn ln_02_a_receipt_for_other_words_or_of_another_shape_is_none() {
    let long = "R".repeat(65);
    for (number, digest, why) in [
        ("R-1", "00", NoAnswer::Alarm("receipt_of_other_words")),
        ("", DIGEST, NoAnswer::Unknown("unreadable_reply")),
        ("R 1", DIGEST, NoAnswer::Unknown("unreadable_reply")),
        (long.as_str(), DIGEST, NoAnswer::Unknown("unreadable_reply")),
    ] {
        let answer = receipt(number, digest);
        let responder = Responder::start(move |_| Act::Answer(200, answer.clone()));
        let told = exchange(&responder)
            .deliver(&report(Addressee::Company))
            .await;
        assert_eq!(told, Err(why), "{number}");
    }
    let most = "R".repeat(64);
    let answer = receipt(&most, DIGEST);
    let responder = Responder::start(move |_| Act::Answer(200, answer.clone()));
    assert_eq!(
        exchange(&responder)
            .deliver(&report(Addressee::Company))
            .await,
        Ok(most)
    );
}

#[tokio::test]
async fn ln_02_only_a_receipt_is_an_answer() {
    for (status, code, why) in [
        (401, "BAD_SIGNATURE", NoAnswer::Alarm("bad_signature")),
        (401, "REPLAYED", NoAnswer::Alarm("replayed")),
        (
            409,
            "IDEMPOTENCY_CONFLICT",
            NoAnswer::Alarm("idempotency_conflict"),
        ),
        (422, "INVALID", NoAnswer::Alarm("invalid_request")),
        (429, "RATE_LIMITED", NoAnswer::Unknown("rate_limited")),
        (404, "ANYTHING", NoAnswer::Unknown("unnamed_code")),
    ] {
        let body = format!(r#"{{"code":"{code}"}}"#);
        let responder = Responder::start(move |_| Act::Answer(status, body.clone()));
        let told = exchange(&responder)
            .deliver(&report(Addressee::Company))
            .await;
        assert_eq!(told, Err(why), "{code}");
    }
    for act in [|| Act::Drop, || Act::Hang, || Act::CutShort("{".into())] {
        let responder = Responder::start(move |_| act());
        assert!(
            exchange(&responder)
                .deliver(&report(Addressee::Company))
                .await
                .is_err()
        );
    }
}

#[tokio::test]
async fn ln_51_offices_come_page_by_page_and_a_turning_list_is_refused() {
    let responder = Responder::start(|seen| {
        let page = match seen.param("after").as_str() {
            "" => r#"{"offices":[{"org_no":"1504","name":"赤峰"}],"next":"1504"}"#,
            _ => r#"{"offices":[{"org_no":"1505","name":"通辽"}]}"#,
        };
        Act::Answer(200, page.into())
    });
    let offices = exchange(&responder).offices().await.expect("offices");
    let names: Vec<_> = offices.iter().map(|one| one.org_no.as_str()).collect();
    assert_eq!(names, ["1504", "1505"]);
    for bad in [
        r#"{"offices":[],"next":""}"#,
        r#"{"offices":[{"org_no":"150","name":"x"}]}"#,
        r#"{"offices":[{"org_no":"15a4","name":"x"}]}"#,
        r#"{"offices":[{"org_no":"1504","name":""}]}"#,
        r#"{"offices":[{"org_no":"1504","name":"a\nb"}]}"#,
    ] {
        let responder = Responder::start(move |_| Act::Answer(200, bad.into()));
        let told = exchange(&responder).offices().await;
        assert_eq!(told, Err(NoAnswer::Unknown("unreadable_reply")), "{bad}");
    }
}

fn told(offices: &str) -> String {
    format!(r#"{{"day":"2026-11-20","offices":[{offices}]}}"#)
}

#[tokio::test]
async fn ln_41_the_data_centre_tells_the_energy_of_a_day_or_nothing() {
    // 2026-11-20 is day 20,777.
    let responder = Responder::start(|_| {
        let offices = r#"{"org_no":"1504","supplied_kwh":"1050.5","used_kwh":"1000"}"#;
        Act::Answer(200, told(offices))
    });
    let one = OfficeEnergy {
        org_no: "1504".to_owned(),
        supplied: Kwh::parse("1050.5").expect("energy"),
        used: Kwh::parse("1000").expect("energy"),
    };
    assert_eq!(exchange(&responder).energy(20_777).await, Ok(vec![one]));
    let seen = responder.seen();
    assert!(
        seen[0]
            .target
            .starts_with("/exchange/v1/data-centre/energy?")
    );
    assert_eq!(seen[0].param("day"), "2026-11-20");
    assert!(signature_holds(&seen[0]));
    let responder = Responder::start(|_| Act::Answer(200, told("")));
    assert_eq!(exchange(&responder).energy(20_777).await, Ok(Vec::new()));
    let good = r#"{"org_no":"1504","supplied_kwh":"1","used_kwh":"1"}"#;
    for bad in [
        r#"{"day":"2026-11-21","offices":[]}"#.to_owned(),
        told(&format!("{good},{good}")),
        told(&good.replace("1504", "15a4")),
        told(&good.replace("1504", "150")),
        told(&good.replace(r#""1""#, r#""-1""#)),
        told(&good.replace(r#""1""#, r#""1.00001""#)),
        told(&good.replace(r#""1""#, r#""100000000000.1""#)),
        told(&good.replace(r#""1""#, "1")),
    ] {
        let answer = bad.clone();
        let responder = Responder::start(move |_| Act::Answer(200, answer.clone()));
        let said = exchange(&responder).energy(20_777).await;
        assert_eq!(said, Err(NoAnswer::Unknown("unreadable_reply")), "{bad}");
    }
}
