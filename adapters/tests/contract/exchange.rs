//! Reports are made once, asked for again only as they stood, and keep their first receipt; offices are taken over.

use lifeline_core::insight::aggregate::{Addressee, Office, Receipt, Report};
use lifeline_core::insight::energy::{EnergySum, OfficeEnergy};
use lifeline_core::shared::energy::Kwh;

use crate::bench::{Bench, at};
use crate::contracts;

contracts! { "exchange":
    a_report_is_made_once => ["InsightStore::ask_report", "InsightReads::report"];
    it_is_asked_for_again_as_it_stood => ["InsightStore::ask_report"];
    the_first_receipt_stays => ["InsightStore::keep_receipt", "InsightReads::report", "InsightReads::reports"];
    offices_are_taken_over => ["InsightStore::keep_offices", "InsightReads::offices"];
    nothing_was_sent_yet => ["InsightReads::report", "InsightReads::reports", "InsightReads::offices",
        "InsightStore::keep_receipt"];
    energy_is_added_up_as_it_was_told_last => ["InsightStore::keep_energy", "InsightReads::energy", "InsightStore::purge"];
    a_dropped_unit_tells_no_energy => ["InsightStore::keep_energy", "InsightReads::energy"];
    every_addressee_has_its_reports => ["InsightStore::ask_report", "InsightReads::report"];
    a_dropped_unit_makes_no_report => ["InsightStore::ask_report", "InsightStore::keep_offices"];
}

fn report(day: i64, words: &str) -> Report {
    Report {
        day,
        addressee: Addressee::Company,
        body: words.to_owned(),
        digest: "d".repeat(64),
        made_at: at(0),
        asked_at: at(0),
        receipt: None,
    }
}

async fn ask(t: &Bench, report: &Report, seconds: i64) -> bool {
    t.write(async |tx| tx.insight().ask_report(report, at(seconds)).await)
        .await
        .unwrap()
}

async fn found(t: &Bench, day: i64) -> Option<Report> {
    let mut view = t.view().await;
    view.insight()
        .report(day, Addressee::Company)
        .await
        .unwrap()
}

async fn a_report_is_made_once(t: Bench) {
    let one = report(20_000, "{}");
    assert!(ask(&t, &one, 0).await);
    assert!(!ask(&t, &report(20_000, "{\"other\":1}"), 0).await);
    assert_eq!(found(&t, 20_000).await, Some(one));
    assert_eq!(found(&t, 20_001).await, None);
    let mut view = t.view().await;
    let other = view.insight().report(20_000, Addressee::DataCentre).await;
    assert_eq!(other.unwrap(), None);
}

async fn it_is_asked_for_again_as_it_stood(t: Bench) {
    let one = report(20_000, "{}");
    assert!(ask(&t, &one, 0).await);
    assert!(ask(&t, &one, 60).await, "it stood as it was read");
    assert!(!ask(&t, &one, 61).await, "somebody was first");
    let again = found(&t, 20_000).await.unwrap();
    assert_eq!((again.asked_at, again.made_at), (at(60), at(0)));
    assert_eq!(again.body, "{}", "the words never change");
}

async fn receive(t: &Bench, day: i64, number: &str) -> bool {
    let receipt = Receipt {
        number: number.to_owned(),
        at: at(9),
    };
    let receipt = &receipt;
    t.write(async |tx| {
        let to = Addressee::Company;
        tx.insight().keep_receipt(day, to, receipt).await
    })
    .await
    .unwrap()
}

async fn the_first_receipt_stays(t: Bench) {
    let one = report(20_000, "{}");
    assert!(ask(&t, &one, 0).await && ask(&t, &report(20_001, "{}"), 0).await);
    assert!(receive(&t, 20_000, "R1").await);
    assert!(!receive(&t, 20_000, "R2").await);
    let kept = found(&t, 20_000).await.unwrap();
    let receipt = Receipt {
        number: "R1".to_owned(),
        at: at(9),
    };
    assert_eq!(kept.receipt, Some(receipt));
    assert!(
        !ask(&t, &kept, 99).await,
        "what was received is not asked for"
    );
    let newest = t.view().await.insight().reports(1).await.unwrap();
    assert_eq!(
        newest.iter().map(|one| one.day).collect::<Vec<_>>(),
        [20_001]
    );
}

fn office(org_no: &str, name: &str) -> Office {
    Office {
        org_no: org_no.to_owned(),
        name: name.to_owned(),
    }
}

async fn keep(t: &Bench, offices: &[Office], seconds: i64) {
    t.write(async |tx| tx.insight().keep_offices(offices, at(seconds)).await)
        .await
        .unwrap();
}

async fn offices_are_taken_over(t: Bench) {
    keep(&t, &[office("1504", "旧"), office("1505", "通辽")], 1).await;
    keep(&t, &[office("1504", "赤峰")], 2).await;
    let known = t.view().await.insight().offices().await.unwrap();
    assert_eq!(
        known,
        [
            (office("1504", "赤峰"), at(2)),
            (office("1505", "通辽"), at(1))
        ],
        "one that is named no more stays"
    );
}

async fn nothing_was_sent_yet(t: Bench) {
    assert_eq!(found(&t, 1).await, None);
    assert!(
        t.view()
            .await
            .insight()
            .reports(9)
            .await
            .unwrap()
            .is_empty()
    );
    assert!(t.view().await.insight().offices().await.unwrap().is_empty());
    assert!(!receive(&t, 1, "R1").await);
}

async fn a_dropped_unit_makes_no_report(t: Bench) {
    let (one, offices) = (report(1, "{}"), [office("1504", "赤峰")]);
    let offices = &offices;
    t.write_and_drop(async |tx| {
        tx.insight().ask_report(&one, at(0)).await?;
        tx.insight().keep_offices(offices, at(0)).await
    })
    .await;
    assert_eq!(found(&t, 1).await, None);
    assert!(t.view().await.insight().offices().await.unwrap().is_empty());
}

fn kwh(text: &str) -> Kwh {
    Kwh::parse(text).unwrap()
}

fn energy(org_no: &str, supplied: &str, used: &str) -> OfficeEnergy {
    OfficeEnergy {
        org_no: org_no.to_owned(),
        supplied: kwh(supplied),
        used: kwh(used),
    }
}

fn sum(one: (&str, &str), days: i64, supplied: &str, used: &str) -> EnergySum {
    EnergySum {
        org_no: one.0.to_owned(),
        name: one.1.to_owned(),
        days,
        supplied: kwh(supplied),
        used: kwh(used),
    }
}

async fn tell(t: &Bench, day: i64, offices: &[OfficeEnergy]) {
    t.write(async |tx| tx.insight().keep_energy(day, offices, at(0)).await)
        .await
        .unwrap();
}

async fn energies(t: &Bench, from: i64, to: i64) -> Vec<EnergySum> {
    t.view().await.insight().energy(from, to).await.unwrap()
}

async fn energy_is_added_up_as_it_was_told_last(t: Bench) {
    keep(&t, &[office("1504", "赤峰")], 1).await;
    let both = [energy("1504", "10.5", "9"), energy("1505", "1", "0")];
    tell(&t, 20_000, &both).await;
    tell(&t, 20_001, &both).await;
    // Of this day one office is told no more, and another one otherwise.
    tell(&t, 20_001, &[energy("1504", "11", "9.5")]).await;
    let all = [
        sum(("1504", "赤峰"), 2, "21.5", "18.5"),
        sum(("1505", ""), 1, "1", "0"),
    ];
    assert_eq!(energies(&t, 20_000, 20_001).await, all);
    assert!(energies(&t, 19_000, 19_999).await.is_empty());
    let last = sum(("1504", "赤峰"), 1, "11", "9.5");
    assert_eq!(
        energies(&t, 20_001, 20_009).await,
        std::slice::from_ref(&last)
    );
    t.write(async |tx| tx.insight().purge(0, 20_001).await)
        .await
        .unwrap();
    assert_eq!(energies(&t, 0, 30_000).await, [last], "what is over goes");
}

async fn a_dropped_unit_tells_no_energy(t: Bench) {
    let one = [energy("1504", "1", "1")];
    let one = &one;
    t.write_and_drop(async |tx| tx.insight().keep_energy(1, one, at(0)).await)
        .await;
    assert!(energies(&t, 0, 9).await.is_empty());
}

async fn every_addressee_has_its_reports(t: Bench) {
    for addressee in Addressee::ALL {
        let one = Report {
            addressee,
            ..report(20_000, "{}")
        };
        assert!(ask(&t, &one, 0).await);
        let found = t.view().await.insight().report(20_000, addressee).await;
        assert_eq!(found.unwrap(), Some(one));
    }
}
