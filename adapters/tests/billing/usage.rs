//! What a home used day by day, asked for by its household.

use lifeline_core::billing::figures::DailyUsage;
use lifeline_core::billing::{BillingError, UsageDay};
use lifeline_core::bindings::Role;
use lifeline_core::shared::time::Day;

use crate::upstream::{Mood, kwh};
use crate::world::World;

fn day(text: &str) -> Option<Day> {
    Some(Day::parse(text).unwrap())
}

fn read(date: &str, energy: &str) -> DailyUsage {
    DailyUsage {
        date: date.into(),
        energy: kwh(energy),
        peak: None,
        flat: None,
        valley: None,
        quality: "actual".into(),
    }
}

fn asked(w: &World) -> (String, String) {
    w.marketing.span.lock().unwrap().clone()
}

#[tokio::test]
async fn ec_04_a_household_asks_for_its_days_and_a_lost_one_is_absent() {
    let w = World::new().await;
    let home = w.at_home(Role::Authorised).await;
    *w.marketing.days.lock().unwrap() = vec![read("2026-11-17", "8.4"), read("2026-11-19", "7.16")];
    let usage = w.billing.usage(&home, None, None).await.unwrap();
    assert_eq!(asked(&w), ("2026-10-20".into(), "2026-11-19".into()));
    assert_eq!(usage.days.len(), 31, "none of them is left out");
    let last: Vec<&str> = usage.days[28..].iter().map(UsageDay::state).collect();
    assert_eq!(last, ["read", "absent", "read"]);
    assert_eq!(usage.days[29].figures, None, "absent is no zero");
    assert_eq!(usage.total, Some(kwh("15.56")));
    let two = w.billing.usage(&home, day("2026-11-17"), day("2026-11-18"));
    let two = two.await.unwrap();
    assert_eq!((two.days.len(), two.total), (2, Some(kwh("8.4"))));
}

#[tokio::test]
async fn ec_04_at_most_31_days_are_asked_for_and_not_backwards() {
    let w = World::new().await;
    let home = w.at_home(Role::Holder).await;
    let ask = async |from: &str, to: &str| w.billing.usage(&home, day(from), day(to)).await;
    let month = ask("2026-10-01", "2026-10-31").await.unwrap();
    assert_eq!(month.days.len(), 31);
    for (from, to) in [("2026-09-30", "2026-10-31"), ("2026-10-02", "2026-10-01")] {
        let refused = ask(from, to).await;
        assert!(matches!(refused, Err(BillingError::Span)), "{from} to {to}");
    }
    assert_eq!(w.marketing.count(), 1);
    // A day that is not over has no figure, and none is asked for.
    let today = ask("2026-11-19", "2026-11-21").await.unwrap();
    assert_eq!(asked(&w), ("2026-11-19".into(), "2026-11-19".into()));
    assert_eq!(today.days.len(), 1);
    let later = ask("2026-11-20", "2026-11-21").await.unwrap();
    assert_eq!((later.days.len(), later.total), (0, None));
    // 24 months are shown, as of bills.
    ask("2024-10-20", "2024-11-02").await.unwrap();
    assert_eq!(asked(&w), ("2024-11-01".into(), "2024-11-02".into()));
    assert_eq!(w.marketing.count(), 3);
}

#[tokio::test]
async fn m3_4_a_new_holder_sees_no_day_from_before() {
    let w = World::new().await;
    w.at_home(Role::Holder).await;
    let who = w.person("wang-fang").await;
    let binding = w
        .link_since(&who, Role::Holder, 2, Some("2026-11-05"))
        .await;
    let home = w.own(&who, &binding).await.authorised().unwrap();
    let usage = w.billing.usage(&home, None, None).await.unwrap();
    assert_eq!(asked(&w), ("2026-11-05".into(), "2026-11-19".into()));
    assert_eq!(usage.days.len(), 15);
    let before = w.billing.usage(&home, day("2026-10-05"), day("2026-11-04"));
    assert!(before.await.unwrap().days.is_empty());
    assert_eq!(w.marketing.count(), 1);
}

#[tokio::test]
async fn ec_04_while_marketing_is_away_no_day_is_shown_as_unused() {
    let w = World::new().await;
    let home = w.at_home(Role::Holder).await;
    w.marketing.set(Mood::Away);
    let away = w.billing.usage(&home, None, None).await;
    assert!(matches!(away, Err(BillingError::Unavailable(_))));
    w.marketing.set(Mood::KnowsNothing);
    let gone = w.billing.usage(&home, None, None).await;
    assert!(matches!(gone, Err(BillingError::NotFound)));
}
