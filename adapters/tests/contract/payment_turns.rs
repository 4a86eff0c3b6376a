//! Who works an order, what is due, who may open one, how much may go back in an hour.

use lifeline_core::payments::Consent;
use lifeline_core::payments::observation::Sighted;
use lifeline_core::payments::order::{ClaimKey, ClaimKind, Order};
use lifeline_core::payments::ports::{Brake, Trip};
use lifeline_core::payments::table_l;
use lifeline_core::shared::money::Fen;
use lifeline_core::store::StoreError;
use tokio::task::JoinSet;

use crate::bench::{Bench, EngineKind, at, now};
use crate::bindings::account;
use crate::contracts;
use crate::payment_fixtures::{add, arrears, home, lease, order, paid, save};

contracts! { "payment_turns":
    a_lease_keeps_others_out_until_it_ends => ["PaymentStore::lease", "PaymentStore::unlease"];
    one_of_many_workers_leases => ["PaymentStore::lease"];
    what_is_due_comes_longest_waiting_first => ["PaymentReads::due"];
    m3_9_only_questions_are_brought_forward => ["PaymentStore::wake_questions"];
    a_claim_is_one_per_home_over_versions_and_users => ["PaymentStore::take_claim", "PaymentStore::free_claim",
        "PaymentReads::claim_holder"];
    m3_15_orders_of_one_account_at_once_are_counted_one_after_the_other => ["PaymentStore::ordered_since"];
    one_of_many_takes_the_claim => ["PaymentStore::take_claim"];
    what_is_seen_is_kept_once => ["PaymentStore::sight", "PaymentReads::sightings"];
    the_brake_counts_before_it_lets_pass => ["PaymentStore::take_brake"];
    the_brake_is_not_outrun => ["PaymentStore::take_brake"];
    two_persons_release_the_brake => ["PaymentStore::brake_trip", "PaymentStore::consent_to_release"];
    a_minute_takes_so_many_postings => ["PaymentStore::take_pace", "PaymentStore::purge_pace"];
    the_pace_is_not_outrun => ["PaymentStore::take_pace"];
}

async fn a_lease_keeps_others_out_until_it_ends(t: Bench) {
    let fresh = order(&t);
    let id = &fresh.payment.payment_id;
    t.write(async |tx| tx.payments().add(&fresh, at(30)).await)
        .await
        .unwrap();
    assert_eq!(lease(&t, id, 29).await, None, "its maker holds it");
    assert_eq!(lease(&t, id, 30).await, Some(2));
    assert_eq!(lease(&t, id, 59).await, None);
    assert_eq!(lease(&t, id, 60).await, Some(3));
    // An old epoch gives nothing back; the present one does.
    t.write(async |tx| tx.payments().unlease(id, 2).await)
        .await
        .unwrap();
    assert_eq!(lease(&t, id, 61).await, None);
    t.write(async |tx| tx.payments().unlease(id, 3).await)
        .await
        .unwrap();
    assert_eq!(lease(&t, id, 61).await, Some(4));
}

async fn one_of_many_workers_leases(t: Bench) {
    let fresh = order(&t);
    add(&t, &fresh).await;
    let other = t.another_process().await;
    let mut workers = JoinSet::new();
    for n in 0..16 {
        let bench = if n % 2 == 0 { t.clone() } else { other.clone() };
        let id = fresh.payment.payment_id.clone();
        workers.spawn(async move { lease(&bench, &id, 1).await });
    }
    let mut taken = Vec::new();
    while let Some(worker) = workers.join_next().await {
        taken.extend(worker.unwrap());
    }
    assert_eq!(taken, [2]);
    other.store.close().await.unwrap();
}

async fn what_is_due_comes_longest_waiting_first(t: Bench) {
    let mut orders = Vec::new();
    for next in [50, 10, 30] {
        let mut one = order(&t);
        one.payment.next_at = Some(at(next));
        add(&t, &one).await;
        orders.push(one.payment.payment_id);
    }
    // A line that is due earlier wakes its order.
    let mut early = order(&t);
    early.payment.next_at = Some(at(900));
    add(&t, &early).await;
    let mut early = paid(&t, early);
    early.lines[0].next_at = Some(at(5));
    save(&t, &early, None).await.unwrap();
    let due = async |second, limit| {
        let mut view = t.view().await;
        view.payments().due(at(second), limit).await.unwrap()
    };
    let early = early.payment.payment_id;
    assert!(due(4, 10).await.is_empty());
    assert_eq!(due(10, 10).await, [early.clone(), orders[1].clone()]);
    assert_eq!(due(99, 2).await, [early.clone(), orders[1].clone()]);
    // Held by somebody: not due for others.
    assert!(lease(&t, &early, 40).await.is_some());
    assert_eq!(
        due(60, 10).await,
        [orders[1].clone(), orders[2].clone(), orders[0].clone()]
    );
    assert_eq!(due(70, 10).await[0], early, "the lease ended");
}

async fn m3_9_only_questions_are_brought_forward(t: Bench) {
    let mut waiting = Vec::new();
    for (state, not_found, frozen) in [
        (table_l::State::PostUnknown, 0, false),
        (table_l::State::PostUnknown, 1, false),
        (table_l::State::PostUnknown, 0, true),
        (table_l::State::FencingRefund, 0, false),
        (table_l::State::Ready, 0, false),
    ] {
        let one = order(&t);
        add(&t, &one).await;
        let mut one = paid(&t, one);
        one.payment.next_at = Some(at(3_600));
        let line = &mut one.lines[0];
        (line.state, line.not_found, line.frozen) = (state, not_found, frozen);
        line.next_at = Some(at(500));
        save(&t, &one, None).await.unwrap();
        waiting.push(one.payment.payment_id);
    }
    let wake = async |limit| {
        t.write(async |tx| tx.payments().wake_questions(at(10), limit).await)
            .await
            .unwrap()
    };
    assert_eq!(wake(0).await, 0);
    t.write_and_drop(async |tx| {
        tx.payments().wake_questions(at(10), 10).await?;
        Ok(())
    })
    .await;
    assert_eq!((wake(10).await, wake(10).await), (1, 0));
    let due = t.view().await.payments().due(at(10), 10).await.unwrap();
    assert_eq!(due, waiting[..1]);
}

async fn a_claim_is_one_per_home_over_versions_and_users(t: Bench) {
    let (mine, other) = (order(&t), order(&t));
    add(&t, &mine).await;
    add(&t, &other).await;
    let take = async |claim: &ClaimKey, order: &Order| {
        let id = &order.payment.payment_id;
        t.write(async |tx| tx.payments().take_claim(claim, id, now()).await)
            .await
            .unwrap()
    };
    let free = async |claim: &ClaimKey, order: &Order| {
        let id = &order.payment.payment_id;
        t.write(async |tx| tx.payments().free_claim(claim, id).await)
            .await
            .unwrap();
    };
    assert!(take(&arrears(), &mine).await);
    assert!(take(&arrears(), &mine).await, "it is this order's already");
    assert!(!take(&arrears(), &other).await);
    free(&arrears(), &other).await;
    let mut view = t.view().await;
    let holder = view.payments().claim_holder(&arrears()).await.unwrap();
    assert_eq!(
        holder.as_ref(),
        Some(&mine.payment.payment_id),
        "only its order frees it"
    );
    drop(view);
    // A top-up is one per home and payer; another home is another claim.
    let top_up = |order: &Order| ClaimKey {
        kind: ClaimKind::TopUp(order.payment.account_id.clone()),
        ..arrears()
    };
    assert!(take(&top_up(&mine), &mine).await && take(&top_up(&other), &other).await);
    let elsewhere = ClaimKey {
        consumer_no: home("1500000000001"),
        kind: ClaimKind::Arrears,
    };
    assert!(take(&elsewhere, &other).await);
    free(&arrears(), &mine).await;
    assert!(take(&arrears(), &other).await);
}

async fn one_of_many_takes_the_claim(t: Bench) {
    let other = t.another_process().await;
    let mut orders = Vec::new();
    for _ in 0..12 {
        let one = order(&t);
        add(&t, &one).await;
        orders.push(one.payment.payment_id);
    }
    let mut takers = JoinSet::new();
    for (n, id) in orders.into_iter().enumerate() {
        let bench = if n % 2 == 0 { t.clone() } else { other.clone() };
        takers.spawn(async move {
            bench
                .write(async |tx| tx.payments().take_claim(&arrears(), &id, now()).await)
                .await
                .unwrap()
        });
    }
    let mut taken = 0;
    while let Some(taker) = takers.join_next().await {
        taken += i32::from(taker.unwrap());
    }
    assert_eq!(taken, 1);
    other.store.close().await.unwrap();
}

async fn m3_15_orders_of_one_account_at_once_are_counted_one_after_the_other(t: Bench) {
    let payer = account(&t, "open-1").await;
    let other = t.another_process().await;
    let mut makers = JoinSet::new();
    for n in 0..8 {
        // The embedded store belongs to one process.
        let alone = n % 2 == 0 || matches!(t.kind, EngineKind::Sqlite);
        let bench = if alone { t.clone() } else { other.clone() };
        let mut one = order(&t);
        one.payment.account_id = payer.clone();
        makers.spawn(async move {
            let (payer, since) = (&one.payment.account_id, now().plus_seconds(-1));
            // Eight at once meet more often than a unit is begun again by itself.
            loop {
                let counted = bench
                    .write(async |tx| {
                        let before = tx.payments().ordered_since(payer, since).await?;
                        tokio::task::yield_now().await;
                        tx.payments().add(&one, at(30)).await?;
                        Ok(before.get())
                    })
                    .await;
                if !matches!(counted, Err(StoreError::Conflict)) {
                    break counted.unwrap();
                }
            }
        });
    }
    let mut counted = makers.join_all().await;
    counted.sort_unstable();
    let each: Vec<i64> = (0..8).map(|earlier| earlier * 12_840).collect();
    assert_eq!(counted, each);
    other.store.close().await.unwrap();
}

async fn what_is_seen_is_kept_once(t: Bench) {
    let one = order(&t);
    let id = &one.payment.payment_id;
    add(&t, &one).await;
    let seen = |input, second| Sighted {
        table: "P",
        row_id: id.as_str().to_owned(),
        state: "PAYING",
        input,
        next: "PAYING",
        applied: true,
        asked_at: at(second),
    };
    for second in 0..5 {
        let pair = [seen("wait_buyer_pay", second), seen("not_exist", second)];
        t.write(async |tx| tx.payments().sight(id, &pair, at(second)).await)
            .await
            .unwrap();
    }
    let kept = t.view().await.payments().sightings(id).await.unwrap();
    assert_eq!(kept, [seen("not_exist", 4), seen("wait_buyer_pay", 4)]);
    let times = t
        .text("SELECT CAST(SUM(times) AS TEXT) FROM payment_sighting")
        .await;
    assert_eq!(times, "10");
}

fn brake(count_max: i64, sum_max: i64) -> Brake {
    Brake {
        hour: now(),
        count_max,
        sum_max: Fen::new(sum_max),
        now: now(),
    }
}

async fn pass(t: &Bench, brake: Brake, sum: i64) -> bool {
    t.write(async |tx| tx.payments().take_brake(brake, Fen::new(sum)).await)
        .await
        .unwrap()
}

async fn the_brake_counts_before_it_lets_pass(t: Bench) {
    assert!(pass(&t, brake(2, 1_000), 400).await);
    t.write_and_drop(async |tx| {
        let more = brake(2, 1_000);
        assert!(tx.payments().take_brake(more, Fen::new(600)).await?);
        Ok(())
    })
    .await;
    assert!(pass(&t, brake(2, 1_000), 600).await, "exactly the sum");
    let next = Brake {
        hour: at(3_600),
        ..brake(2, 1_000)
    };
    assert!(pass(&t, next, 1_000).await, "the next hour begins anew");
    assert_eq!(trip(&t).await, None);
    assert!(!pass(&t, brake(2, 9_999), 1).await, "over the count");
    assert!(!pass(&t, next, 1).await, "tripped, whatever the hour");
    assert_eq!(trip(&t).await.unwrap().tripped_at, now());
}

async fn trip(t: &Bench) -> Option<Trip> {
    t.write(async |tx| tx.payments().brake_trip().await)
        .await
        .unwrap()
}

async fn two_persons_release_the_brake(t: Bench) {
    let consent = async |person: &'static str, bounds: Brake| {
        t.write(async |tx| tx.payments().consent_to_release(person, bounds).await)
            .await
            .unwrap()
    };
    let bounds = brake(9, 100);
    assert_eq!(consent("s1", bounds).await, Consent::NotTripped);
    for round in 0..2_i64 {
        let bounds = Brake {
            now: at(round),
            ..bounds
        };
        assert!(pass(&t, bounds, 100).await, "counted from zero");
        assert!(!pass(&t, bounds, 1).await, "over the sum");
        assert_eq!(consent("s1", bounds).await, Consent::First);
        assert_eq!(consent("s1", bounds).await, Consent::SamePerson);
        assert_eq!(trip(&t).await.unwrap().first_by.as_deref(), Some("s1"));
        assert!(!pass(&t, bounds, 1).await, "one person is not two");
        assert_eq!(consent("s2", bounds).await, Consent::Released);
        assert_eq!(trip(&t).await, None);
        assert_eq!(consent("s3", bounds).await, Consent::NotTripped);
    }
}

async fn pace(t: &Bench, minute_s: i64, max: i64) -> bool {
    t.write(async |tx| tx.payments().take_pace(at(minute_s), max).await)
        .await
        .unwrap()
}

async fn a_minute_takes_so_many_postings(t: Bench) {
    assert!(pace(&t, 0, 2).await && pace(&t, 0, 2).await);
    assert!(!pace(&t, 0, 2).await);
    assert!(pace(&t, 0, 3).await, "more for those who wait");
    assert!(pace(&t, 60, 1).await, "the next minute begins anew");
    let forget = async |before: i64| {
        t.write(async |tx| tx.payments().purge_pace(at(before)).await)
            .await
            .unwrap()
    };
    assert_eq!(forget(60).await, 1);
    assert!(!pace(&t, 60, 1).await, "kept");
}

async fn the_pace_is_not_outrun(t: Bench) {
    let other = t.another_process().await;
    let mut senders = JoinSet::new();
    for n in 0..20 {
        let bench = if n % 2 == 0 { t.clone() } else { other.clone() };
        senders.spawn(async move { pace(&bench, 0, 7).await });
    }
    let mut left = 0;
    while let Some(sender) = senders.join_next().await {
        left += i32::from(sender.unwrap());
    }
    assert_eq!(left, 7);
    other.store.close().await.unwrap();
}

async fn the_brake_is_not_outrun(t: Bench) {
    let other = t.another_process().await;
    let mut senders = JoinSet::new();
    for n in 0..20 {
        let bench = if n % 2 == 0 { t.clone() } else { other.clone() };
        senders.spawn(async move { pass(&bench, brake(7, 1_000_000), 100).await });
    }
    let mut passed = 0;
    while let Some(sender) = senders.join_next().await {
        passed += i32::from(sender.unwrap());
    }
    assert_eq!(passed, 7);
    other.store.close().await.unwrap();
}
