//! The list of bills, and one bill beside the month before.

use lifeline_core::billing::hold::{hold_in, let_go_in};
use lifeline_core::billing::{BillingError, Period};
use lifeline_core::bindings::{AuthorisedBinding, Role};
use lifeline_core::cases::{Case, CaseKind};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::page::Page;
use lifeline_core::shared::time::Clock as _;
use lifeline_core::store::{Tx, snapshot};

use crate::upstream::{Mood, bill, kwh};
use crate::world::World;

async fn with_bills(periods: &[(&str, i64)]) -> World {
    let w = World::new().await;
    for (period, second_step_kwh) in periods {
        let told = bill(period, *second_step_kwh);
        w.marketing
            .bills
            .lock()
            .unwrap()
            .insert((*period).into(), told);
    }
    w
}

fn period(text: &str) -> Period {
    Period::parse(text).unwrap()
}

#[tokio::test]
async fn ln_07_bills_come_newest_first_a_page_at_a_time() {
    let w = with_bills(&[("2026-08", 1), ("2026-10", 90), ("2026-09", 40)]).await;
    let home = w.at_home(Role::Authorised).await;
    let mut after = None;
    let mut seen = Vec::new();
    loop {
        let page = Page::new(Some(2), after).unwrap();
        let shown = w.billing.bills(&home, &page).await.unwrap();
        assert!(shown.figure.items.len() <= 2);
        seen.extend(shown.figure.items.into_iter().map(|bill| bill.period));
        after = shown.figure.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, ["2026-10", "2026-09", "2026-08"]);
    assert_eq!(w.marketing.count(), 1, "pages are cut from one copy");
    let span = w.marketing.span.lock().unwrap().clone();
    assert_eq!(span, ("2024-11".into(), "2026-11".into()));
}

#[tokio::test]
async fn ln_07_a_bill_is_explained_and_compared_with_the_month_before() {
    let w = with_bills(&[("2026-10", 90), ("2026-09", 40)]).await;
    let home = w.at_home(Role::Holder).await;
    let shown = w.billing.bill(&home, &period("2026-10")).await.unwrap();
    let (explained, comparison) = shown.figure;
    assert!(explained.adds_up && explained.lines.iter().all(|line| line.recomputed));
    assert_eq!(explained.bill.total, Fen::new(8520));
    assert_eq!(
        explained.lines[1].formula,
        "90 kWh x 0.588 yuan/kWh = 52.92 yuan"
    );
    let told = comparison.unwrap();
    assert_eq!(told.period, "2026-09");
    assert_eq!(told.energy_delta, kwh("50"));
    assert_eq!(told.charge_delta, Fen::new(2940));
    assert_eq!(
        told.price_effect.plus(told.energy_effect),
        Ok(told.charge_delta)
    );
    // Both months are kept now: nothing is asked again.
    let asked = w.marketing.count();
    w.billing.bill(&home, &period("2026-10")).await.unwrap();
    assert_eq!(w.marketing.count(), asked);
}

#[tokio::test]
async fn a_bill_stands_without_its_neighbour() {
    let w = with_bills(&[("2026-10", 90)]).await;
    let home = w.at_home(Role::Holder).await;
    let shown = w.billing.bill(&home, &period("2026-10")).await.unwrap();
    assert_eq!(shown.figure.1, None);
    let missing = w.billing.bill(&home, &period("2026-09")).await;
    assert!(matches!(missing, Err(BillingError::NotFound)));
}

#[tokio::test]
async fn a_stale_bill_is_still_explained() {
    let w = with_bills(&[("2026-10", 90), ("2026-09", 40)]).await;
    let home = w.at_home(Role::Holder).await;
    w.billing.bill(&home, &period("2026-10")).await.unwrap();
    w.marketing.set(Mood::Away);
    w.clock.advance(601);
    let shown = w.billing.bill(&home, &period("2026-10")).await.unwrap();
    assert!(shown.stale && shown.figure.1.is_some());
}

#[tokio::test]
async fn months_outside_the_shown_span_are_not_asked_for() {
    let w = with_bills(&[("2024-10", 1), ("2026-12", 1)]).await;
    let home = w.at_home(Role::Holder).await;
    for outside in ["2024-10", "2026-12", "2001-01"] {
        let answer = w.billing.bill(&home, &period(outside)).await;
        assert!(matches!(answer, Err(BillingError::NotFound)), "{outside}");
    }
    assert_eq!(w.marketing.count(), 0);
}

#[tokio::test]
async fn ec_07_whether_a_bill_is_being_verified_is_told_as_it_is_now() {
    let w = World::new().await;
    let home = w.at_home(Role::Holder).await;
    let number = home.owned().consumer_no();
    let now = w.clock.now();
    let case = Case {
        case_id: w.maker().id(),
        kind: CaseKind::BillFlagged,
        cause: "bill:1".into(),
        subject: "b".into(),
        facts: "{}".into(),
        opened_at: now,
        trace_id: "trace".into(),
        closed_at: None,
    };
    w.billing.arrears(&home).await.unwrap();
    assert!(!w.billing.held(number).await.unwrap());
    w.write(async |tx: &mut Tx| {
        assert!(tx.cases().open(&case).await?);
        assert!(hold_in(tx, number, &case.case_id, now).await?);
        Ok(())
    })
    .await;
    // The figure is a kept copy of a moment ago; the flag is not.
    assert!(!w.billing.arrears(&home).await.unwrap().stale);
    assert_eq!(w.marketing.count(), 1, "marketing is not asked again");
    assert!(w.billing.held(number).await.unwrap());
    w.write(async |tx: &mut Tx| {
        assert!(let_go_in(tx, &case.case_id).await?);
        Ok(())
    })
    .await;
    assert!(!w.billing.held(number).await.unwrap());
}

/// The kinds of the open cases about a link.
async fn cases(w: &World, home: &AuthorisedBinding) -> Vec<(CaseKind, String)> {
    let mut view = snapshot(&*w.store).await.unwrap();
    let subject = home.owned().binding_id().as_str();
    let about = view.cases().about(subject).await.unwrap();
    about.into_iter().map(|one| (one.kind, one.facts)).collect()
}

#[tokio::test]
async fn ec_07_the_staff_is_told_once_of_a_bill_that_cannot_be_made_again() {
    let w = with_bills(&[("2026-10", 90), ("2026-09", 40)]).await;
    let home = w.at_home(Role::Holder).await;
    let look = async |home: &AuthorisedBinding, month: &str| {
        let shown = w.billing.bill(home, &period(month)).await.unwrap();
        w.billing.report(home, &shown.figure.0, "trace").await;
    };
    look(&home, "2026-09").await;
    let none = cases(&w, &home).await;
    assert!(none.is_empty(), "a right bill is nobody's work: {none:?}");
    let spoil = |metered: &str| {
        let mut bills = w.marketing.bills.lock().unwrap();
        bills.get_mut("2026-10").unwrap().readings[0].current = kwh(metered);
    };
    spoil("1360");
    look(&home, "2026-10").await;
    look(&home, "2026-10").await;
    let told = cases(&w, &home).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].0, CaseKind::BillDiffers);
    for part in [
        r#""first":"reading 1""#,
        r#""findings":1"#,
        r#""total_fen":8520"#,
    ] {
        assert!(told[0].1.contains(part), "{part}: {}", told[0].1);
    }
    // Somebody else of the same home reads the same bill, paid meanwhile.
    let other = w.person("zhang-wei").await;
    let link = w.link(&other, Role::Authorised, 1).await;
    let shared = w.own(&other, &link).await.authorised().unwrap();
    {
        let mut bills = w.marketing.bills.lock().unwrap();
        bills.get_mut("2026-10").unwrap().paid = true;
    }
    w.clock.advance(601);
    look(&shared, "2026-10").await;
    assert!(cases(&w, &shared).await.is_empty());
    assert_eq!(cases(&w, &home).await.len(), 1);
    // Another wrong bill of the same month is another case.
    spoil("1370");
    w.clock.advance(601);
    look(&home, "2026-10").await;
    assert_eq!(cases(&w, &home).await.len(), 2);
}
