//! How old a figure may be, what happens when marketing is away, and who may see what.

use std::sync::atomic::Ordering;

use futures_util::future::join_all;
use lifeline_core::billing::{BillingError, Period, outdate};
use lifeline_core::bindings::{AuthorisedBinding, Role};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::page::Page;
use lifeline_core::shared::time::Clock as _;
use lifeline_core::store::Tx;

use crate::upstream::{Mood, bill};
use crate::world::World;

#[tokio::test]
async fn ln_46_a_copy_answers_while_it_is_fresh() {
    let w = World::new().await;
    let home = w.at_home(Role::Holder).await;
    // Seconds waited, and whether arrears and balance are asked for then.
    for (wait_s, asks_arrears, asks_balance) in
        [(0, 1, 1), (59, 0, 0), (1, 1, 0), (539, 1, 0), (1, 0, 1)]
    {
        w.clock.advance(wait_s);
        let before = w.marketing.count();
        let shown = w.billing.arrears(&home).await.unwrap();
        let between = w.marketing.count();
        w.billing.balance(&home).await.unwrap();
        let asked = (between - before, w.marketing.count() - between);
        assert_eq!(asked, (asks_arrears, asks_balance), "after {wait_s} s");
        assert!(!shown.stale);
        assert_eq!(shown.figure.total, Fen::new(12_840));
    }
}

#[tokio::test]
async fn a_hundred_readers_at_once_ask_marketing_once() {
    let w = World::new().await;
    let home = w.at_home(Role::Holder).await;
    let held = w.marketing.hold_back().await;
    let readers = (0..100).map(|_| w.billing.arrears(&home));
    let release = async {
        while w.marketing.count() == 0 {
            tokio::task::yield_now().await;
        }
        drop(held);
    };
    let (shown, ()) = tokio::join!(join_all(readers), release);
    assert!(shown.into_iter().all(|shown| !shown.unwrap().stale));
    assert_eq!(w.marketing.count(), 1);
}

#[tokio::test]
async fn while_marketing_is_away_the_last_good_copy_is_shown_as_stale() {
    let w = World::new().await;
    let home = w.at_home(Role::Holder).await;
    w.marketing.set(Mood::Away);
    let nothing = w.billing.arrears(&home).await;
    assert!(matches!(nothing, Err(BillingError::Unavailable(_))));
    w.marketing.set(Mood::Answers);
    let first = w.billing.arrears(&home).await.unwrap();
    w.marketing.set(Mood::Away);
    w.clock.advance(3600);
    let old = w.billing.arrears(&home).await.unwrap();
    assert!(old.stale && !first.stale);
    assert_eq!((old.figure, old.asked_at), (first.figure, first.asked_at));
    w.marketing.set(Mood::Answers);
    w.marketing.due.store(0, Ordering::SeqCst);
    let new = w.billing.arrears(&home).await.unwrap();
    assert!(!new.stale && new.figure.total.is_zero());
}

#[tokio::test]
async fn a_home_marketing_no_longer_knows_has_no_figure_even_with_a_copy() {
    let w = World::new().await;
    let home = w.at_home(Role::Holder).await;
    w.billing.arrears(&home).await.unwrap();
    w.clock.advance(61);
    w.marketing.set(Mood::KnowsNothing);
    let gone = w.billing.arrears(&home).await;
    assert!(matches!(gone, Err(BillingError::NotFound)));
}

#[tokio::test]
async fn money_that_moved_makes_every_copy_old_at_once() {
    let w = World::new().await;
    let home = w.at_home(Role::Holder).await;
    w.billing.arrears(&home).await.unwrap();
    w.billing.balance(&home).await.unwrap();
    w.clock.advance(5);
    w.marketing.due.store(0, Ordering::SeqCst);
    let now = w.clock.now();
    w.write(async |tx: &mut Tx| outdate(tx, home.owned().consumer_no(), now).await)
        .await;
    // Not asked while away, yet not called fresh either.
    w.marketing.set(Mood::Away);
    assert!(w.billing.arrears(&home).await.unwrap().stale);
    w.marketing.set(Mood::Answers);
    w.clock.advance(1);
    let paid = w.billing.arrears(&home).await.unwrap();
    assert!(!paid.stale && paid.figure.total.is_zero());
    let asked = w.marketing.count();
    w.billing.arrears(&home).await.unwrap();
    assert_eq!(w.marketing.count(), asked, "the new copy is fresh");
    w.billing.balance(&home).await.unwrap();
    assert_eq!(w.marketing.count(), asked + 1);
}

#[tokio::test]
async fn an_answer_asked_for_before_money_moved_is_not_given_to_those_who_ask_after() {
    let w = World::new().await;
    let home = w.at_home(Role::Holder).await;
    w.billing.arrears(&home).await.unwrap();
    w.clock.advance(61);
    let held = w.marketing.hold_back().await;
    let early = w.billing.arrears(&home);
    let late = async {
        while w.marketing.count() < 2 {
            tokio::task::yield_now().await;
        }
        // The early question is under way; it will be answered from before the payment.
        w.clock.advance(1);
        let now = w.clock.now();
        w.write(async |tx: &mut Tx| outdate(tx, home.owned().consumer_no(), now).await)
            .await;
        w.clock.advance(1);
        let after = w.billing.arrears(&home);
        let release = async {
            tokio::task::yield_now().await;
            drop(held);
        };
        tokio::join!(after, release).0
    };
    let (early, late) = tokio::join!(early, late);
    let moved = w.clock.now().plus_seconds(-1);
    assert!(early.unwrap().asked_at < moved);
    assert!(late.unwrap().asked_at > moved);
    assert_eq!(w.marketing.count(), 3);
}

#[tokio::test]
async fn m3_4_a_payer_sees_how_much_is_due_and_nothing_of_what_it_is_made_of() {
    let w = World::new().await;
    let payer = w.payer().await;
    let due = w.billing.due(&payer).await.unwrap().figure;
    assert_eq!(due.total, Fen::new(12_840));
    assert_eq!(due.due_date.as_deref(), Some("2026-11-25"));
    // The types of everything else ask for more than a payer can show.
    assert!(payer.authorised().is_err());
}

#[tokio::test]
async fn m3_4_a_new_holder_sees_no_bill_from_before_their_month() {
    let w = World::new().await;
    let before = w.at_home(Role::Holder).await;
    w.marketing
        .bills
        .lock()
        .unwrap()
        .extend(["2026-09", "2026-10", "2026-11"].map(|month| (month.to_owned(), bill(month, 90))));
    let new_holder = w.person("wang-fang").await;
    let binding = w
        .link_since(&new_holder, Role::Holder, 2, Some("2026-11-05"))
        .await;
    let after = w.own(&new_holder, &binding).await.authorised().unwrap();
    let page = Page::new(None, None).unwrap();
    let months = async |home: &AuthorisedBinding| {
        let shown = w.billing.bills(home, &page).await.unwrap();
        let items = shown.figure.items.into_iter();
        items.map(|bill| bill.period).collect::<Vec<_>>()
    };
    assert_eq!(months(&before).await, ["2026-11", "2026-10", "2026-09"]);
    assert_eq!(months(&after).await, ["2026-11"]);
    let period = |text: &str| Period::parse(text).unwrap();
    let theirs = w.billing.bill(&after, &period("2026-11")).await.unwrap();
    assert_eq!(theirs.figure.1, None, "nothing to compare with either");
    let full = w.billing.bill(&before, &period("2026-11")).await.unwrap();
    assert!(full.figure.1.is_some());
    let earlier = w.billing.bill(&after, &period("2026-10")).await;
    assert!(matches!(earlier, Err(BillingError::NotFound)));
    assert!(w.billing.bill(&before, &period("2026-10")).await.is_ok());
    let sum_and_bills = async |home: &AuthorisedBinding| {
        let arrears = w.billing.arrears(home).await.unwrap().figure;
        (arrears.total, arrears.items.len())
    };
    let due = Fen::new(12_840);
    assert_eq!(sum_and_bills(&before).await, (due, 1));
    assert_eq!(sum_and_bills(&after).await, (due, 0), "the sum is of all");
}

#[tokio::test]
async fn m3_4_after_a_transfer_of_holder_the_copies_made_before_are_not_found() {
    let w = World::new().await;
    let before = w.at_home(Role::Holder).await;
    let bill_of = |period: &str| (period.to_owned(), bill(period, 90));
    w.marketing
        .bills
        .lock()
        .unwrap()
        .extend([bill_of("2026-10")]);
    let period = Period::parse("2026-10").unwrap();
    w.billing.bill(&before, &period).await.unwrap();
    let new_holder = w.person("wang-fang").await;
    let since = Some("2026-01-01");
    let binding = w.link_since(&new_holder, Role::Holder, 2, since).await;
    let after = w.own(&new_holder, &binding).await.authorised().unwrap();
    w.marketing.set(Mood::Away);
    assert!(matches!(
        w.billing.bill(&after, &period).await,
        Err(BillingError::Unavailable(_))
    ));
    assert!(matches!(
        w.billing.balance(&before).await,
        Err(BillingError::Unavailable(_))
    ));
}

#[tokio::test]
async fn a_copy_of_an_older_program_is_asked_for_again() {
    let w = World::new().await;
    let home = w.at_home(Role::Holder).await;
    let key = lifeline_core::billing::ports::FigureKey {
        consumer_no: home.owned().consumer_no().clone(),
        holder_version: 1,
        kind: lifeline_core::billing::ports::FigureKind::Arrears,
    };
    let now = w.clock.now();
    w.write(async |tx: &mut Tx| {
        let old = r#"{"amount":"128.40"}"#;
        tx.billing()
            .keep(&key, old, now.plus_seconds(-1))
            .await
            .map(drop)
    })
    .await;
    let shown = w.billing.arrears(&home).await.unwrap();
    assert_eq!(shown.figure.total, Fen::new(12_840));
    assert_eq!(w.marketing.count(), 1);
}

#[tokio::test]
async fn c1_the_file_holds_no_figure_meter_or_number_in_clear() {
    let w = World::new().await;
    let home = w.at_home(Role::Holder).await;
    w.marketing
        .bills
        .lock()
        .unwrap()
        .insert("2026-10".into(), bill("2026-10", 90));
    let period = Period::parse("2026-10").unwrap();
    let shown = w.billing.bill(&home, &period).await.unwrap();
    assert_eq!(shown.figure.0.bill.readings[0].meter_no, "15000012345");
    w.billing.arrears(&home).await.unwrap();
    let mut stored = Vec::new();
    for ending in ["", "-wal"] {
        let mut path = w.file.clone().into_os_string();
        path.push(ending);
        stored.extend(std::fs::read(path).unwrap_or_default());
    }
    assert!(stored.len() > 10_000);
    for canary in [
        "15000012345",
        "1500000004321",
        "receivable_id",
        "year_to_date",
        "0.588",
    ] {
        let found = stored.windows(canary.len()).any(|w| w == canary.as_bytes());
        assert!(!found, "{canary} lies in clear");
    }
}

#[tokio::test]
async fn copies_nobody_renews_are_forgotten() {
    let w = World::new().await;
    let home = w.at_home(Role::Holder).await;
    w.billing.arrears(&home).await.unwrap();
    assert_eq!(w.billing.purge().await.unwrap(), 0);
    w.clock.advance(36 * 86_400);
    assert_eq!(w.billing.purge().await.unwrap(), 1);
    w.marketing.set(Mood::Away);
    assert!(matches!(
        w.billing.arrears(&home).await,
        Err(BillingError::Unavailable(_))
    ));
}
