//! What was paid for a home, wherever, asked for by its household.

use lifeline_core::billing::BillingError;
use lifeline_core::billing::figures::{PaidAt, Receipt};
use lifeline_core::bindings::Role;
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::time::Time;

use crate::upstream::Mood;
use crate::world::World;

fn paid(number: &str, at: &str, place: PaidAt) -> Receipt {
    Receipt {
        number: number.into(),
        paid_at: Time::parse_rfc3339(at).unwrap(),
        amount: Fen::new(12_840),
        place,
    }
}

fn asked(w: &World) -> (String, String) {
    w.marketing.span.lock().unwrap().clone()
}

#[tokio::test]
async fn ln_09_what_was_paid_elsewhere_is_listed_newest_first() {
    let w = World::new().await;
    let home = w.at_home(Role::Authorised).await;
    *w.marketing.paid.lock().unwrap() = vec![
        paid("A", "2026-09-11T12:00:00+08:00", PaidAt::Bank),
        paid("B", "2026-11-11T12:00:00+08:00", PaidAt::Hall),
        paid("C", "2026-10-11T12:00:00+08:00", PaidAt::Here),
    ];
    let receipts = w.billing.receipts(&home).await.unwrap();
    assert_eq!(asked(&w), ("2024-11-01".into(), "2026-11-20".into()));
    let seen: Vec<(&str, &str)> = receipts
        .items
        .iter()
        .map(|one| (one.number.as_str(), one.place.as_str()))
        .collect();
    assert_eq!(seen, [("B", "hall"), ("C", "here"), ("A", "bank")]);
    // Nothing of it is kept: the next look asks again.
    w.billing.receipts(&home).await.unwrap();
    assert_eq!(w.marketing.count(), 2);
}

#[tokio::test]
async fn m3_4_a_new_holder_sees_no_payment_from_before() {
    let w = World::new().await;
    w.at_home(Role::Holder).await;
    let who = w.person("wang-fang").await;
    let binding = w
        .link_since(&who, Role::Holder, 2, Some("2026-11-05"))
        .await;
    let home = w.own(&who, &binding).await.authorised().unwrap();
    // Also not when marketing answers more than it was asked for.
    *w.marketing.paid.lock().unwrap() = vec![
        paid("before", "2026-11-04T23:59:59+08:00", PaidAt::Hall),
        paid("since", "2026-11-05T00:00:00+08:00", PaidAt::Hall),
    ];
    let receipts = w.billing.receipts(&home).await.unwrap();
    assert_eq!(asked(&w), ("2026-11-05".into(), "2026-11-20".into()));
    assert_eq!(receipts.since.to_string(), "2026-11-05");
    let numbers: Vec<&str> = receipts
        .items
        .iter()
        .map(|one| one.number.as_str())
        .collect();
    assert_eq!(numbers, ["since"]);
}

#[tokio::test]
async fn ln_09_while_marketing_is_away_nothing_is_said_to_have_been_unpaid() {
    let w = World::new().await;
    let home = w.at_home(Role::Holder).await;
    w.marketing.set(Mood::Away);
    let away = w.billing.receipts(&home).await;
    assert!(matches!(away, Err(BillingError::Unavailable(_))));
    w.marketing.set(Mood::KnowsNothing);
    let gone = w.billing.receipts(&home).await;
    assert!(matches!(gone, Err(BillingError::NotFound)));
}
