//! Lines of time, the orders behind a cause and what waits are read from the rows of other rooms, without persons.

use lifeline_core::accounts::Terminal;
use lifeline_core::insight::asked::Refused;
use lifeline_core::insight::decisions::{Cause, Unmet};
use lifeline_core::insight::misses::Missed;
use lifeline_core::insight::sample::Refusal;
use lifeline_core::insight::timeline::{Of, Source};
use lifeline_core::insight::{Channel, Outcome, Sample};
use lifeline_core::outbox::Lane;
use lifeline_core::settlement::ids::TradeTaskId;
use lifeline_core::shared::ids::{AccountId, BindingId, PaymentId};
use lifeline_core::shared::money::Fen;

use crate::bench::{Bench, at};
use crate::bindings::HOME;
use crate::followers::place;
use crate::household::household;
use crate::{bindings, contracts, merges};

contracts! { "timeline":
    a_line_is_of_its_person_home_or_payment => ["InsightReads::moments", "InsightReads::subject_of", "InsightReads::numbered"];
    a_line_of_a_merged_account_is_its_takers => ["InsightReads::subject_of"];
    nobody_has_no_line => ["InsightReads::moments", "InsightReads::subject_of", "InsightReads::unmet", "InsightReads::unpaid",
        "InsightReads::unpaid_rows", "InsightReads::unpaid_people"];
    refusals_are_unmet_demand => ["InsightReads::unmet"];
    orders_stand_under_their_cause_and_region => ["InsightReads::unpaid", "InsightReads::unpaid_rows",
        "InsightReads::unpaid_people"];
    searches_in_vain_add_up_and_go => ["InsightStore::missed", "InsightReads::unfound"];
    what_waits_is_counted => ["InsightReads::standing", "InsightReads::carried"];
}

async fn a_line_is_of_its_person_home_or_payment(t: Bench) {
    let home = household(&t).await;
    let account = &home.person.account_id;
    let ordered = &home.order.payment;
    for (number, found) in [
        (
            ordered.out_trade_no.clone(),
            Some(ordered.payment_id.clone()),
        ),
        (ordered.out_trade_no.to_uppercase(), None),
    ] {
        let numbered = t.view().await.insight().numbered(&number).await;
        assert_eq!(numbered.unwrap(), found, "{number}");
    }
    let payment = Of::Payment(home.order.payment.payment_id.clone());
    let lines = [
        (payment, Source::Tap, "ordered arrears"),
        (Of::Account(account.clone()), Source::Tap, "linked "),
        (
            Of::Home(home.link.binding_id.clone()),
            Source::Tap,
            "linked ",
        ),
    ];
    for (of, source, what) in lines {
        let mut view = t.view().await;
        let whose = view.insight().subject_of(&of).await.unwrap();
        assert_eq!(whose.as_ref(), Some(account), "{of:?}");
        let line = view.insight().moments(&of, None, 100).await.unwrap();
        let has = |m: &lifeline_core::insight::timeline::Moment| {
            m.source == source && m.what.starts_with(what)
        };
        assert!(line.iter().any(has), "{of:?}: {line:?}");
        assert!(
            line.windows(2).all(|two| two[0].at >= two[1].at),
            "newest first"
        );
        let one = view.insight().moments(&of, None, 1).await.unwrap();
        assert_eq!(one.len(), 1);
    }
}

async fn a_line_of_a_merged_account_is_its_takers(t: Bench) {
    let home = household(&t).await;
    let from = &home.person.account_id;
    let into = bindings::account(&t, "into").await;
    merges::merged(&t, from, &into).await;
    for of in [
        Of::Payment(home.order.payment.payment_id.clone()),
        Of::Account(from.clone()),
        Of::Home(home.link.binding_id.clone()),
    ] {
        let mut view = t.view().await;
        let whose = view.insight().subject_of(&of).await.unwrap();
        assert_eq!(whose.as_ref(), Some(&into), "{of:?}");
    }
}

async fn nobody_has_no_line(t: Bench) {
    let (account, home, payment): (AccountId, BindingId, PaymentId) = (t.id(), t.id(), t.id());
    let mut view = t.view().await;
    for of in [Of::Account(account), Of::Home(home), Of::Payment(payment)] {
        assert_eq!(view.insight().subject_of(&of).await.unwrap(), None);
        assert!(
            view.insight()
                .moments(&of, None, 9)
                .await
                .unwrap()
                .is_empty()
        );
    }
    assert!(
        view.insight()
            .unmet(at(0), at(9), 9)
            .await
            .unwrap()
            .is_empty()
    );
    assert!(
        view.insight()
            .unpaid(at(0), at(9))
            .await
            .unwrap()
            .is_empty()
    );
    let rows = view
        .insight()
        .unpaid_rows((at(0), at(9)), Cause::NotPaid, None, None, 9)
        .await;
    assert!(rows.unwrap().is_empty());
    let people = view.insight().unpaid_people((at(0), at(9)), None).await;
    assert!(people.unwrap().is_empty());
}

fn refused(seconds: i64, code: &'static str) -> (Sample, Refusal) {
    let refusal = Refusal {
        trace: 7,
        status: 409,
        code,
    };
    let sample = Sample {
        at: at(seconds),
        function: 4,
        channel: Channel::H5,
        terminal: Terminal::Computer,
        outcome: Outcome::Refused,
        micros: 1,
        person: None,
        refusal: Some(refusal),
    };
    (sample, refusal)
}

async fn refusals_are_unmet_demand(t: Bench) {
    let all = [(0, "a"), (1, "b"), (2, "b"), (9, "b")].map(|(seconds, code)| {
        let (sample, refusal) = refused(seconds, code);
        Refused::of(&sample, refusal, "1504")
    });
    let all = &all;
    t.write(async |tx| tx.insight().refused(all).await)
        .await
        .unwrap();
    let unmet = |code: &str, n| Unmet {
        function: 4,
        code: code.to_owned(),
        n,
    };
    let found = t.view().await.insight().unmet(at(0), at(9), 9).await;
    assert_eq!(found.unwrap(), [unmet("b", 2), unmet("a", 1)]);
}

async fn orders_stand_under_their_cause_and_region(t: Bench) {
    let home = household(&t).await;
    let payment = &home.order.payment;
    let region: String = HOME.chars().take(4).collect();
    let span = (payment.created_at, payment.created_at.plus_seconds(1));
    for (state, cause) in [("PAID", "uncredited"), ("SUSPENSE", "suspense")] {
        t.raw(&format!("UPDATE payment SET state = '{state}'"))
            .await
            .unwrap();
        let found = t.view().await.insight().unpaid(span.0, span.1).await;
        let found = found.unwrap();
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].cause.as_str(), cause);
        assert_eq!((found[0].n, found[0].sum), (1, payment.amount));
        assert_ne!(found[0].sum, Fen::ZERO);
    }
    assert_eq!(place(&t, 9).await, 1);
    t.raw(&format!(
        "UPDATE payment SET binding_id = '{}'",
        home.link.binding_id
    ))
    .await
    .unwrap();
    let behind = async |regions: Option<Vec<String>>, cause| {
        let mut view = t.view().await;
        let rows = view
            .insight()
            .unpaid_rows(span, cause, regions.as_deref(), None, 9);
        rows.await.unwrap()
    };
    for (seconds, n) in [(1, 1), (0, 0)] {
        let last_seen = (
            payment.created_at.plus_seconds(seconds),
            payment.payment_id.clone(),
        );
        let mut view = t.view().await;
        let rows = view
            .insight()
            .unpaid_rows(span, Cause::Suspense, None, Some(&last_seen), 9);
        assert_eq!(rows.await.unwrap().len(), n, "{last_seen:?}");
    }
    let rows = behind(None, Cause::Suspense).await;
    assert_eq!(rows.len(), 1);
    assert_eq!(
        (&rows[0].payment_id, &rows[0].region),
        (&payment.payment_id, &region)
    );
    let people = async |regions: Option<Vec<String>>| {
        let mut view = t.view().await;
        let people = view.insight().unpaid_people(span, regions.as_deref());
        people.await.unwrap()
    };
    // One person, whatever regions the homes are in.
    let one = [(Cause::Suspense, 1)];
    assert_eq!(people(None).await, one);
    assert_eq!(people(Some(vec!["0000".into(), region.clone()])).await, one);
    for elsewhere in [vec!["0000".into()], vec!["-".into()], vec![]] {
        assert!(people(Some(elsewhere)).await.is_empty());
    }
    let part: String = region.chars().take(3).collect();
    assert!(
        people(Some(vec![part])).await.is_empty(),
        "whole regions only"
    );
    assert_eq!(behind(Some(vec![region]), Cause::Suspense).await.len(), 1);
    assert!(
        behind(Some(vec!["0000".into()]), Cause::Suspense)
            .await
            .is_empty()
    );
    assert!(behind(Some(vec![]), Cause::Suspense).await.is_empty());
    assert!(behind(None, Cause::NotPaid).await.is_empty());
}

async fn searches_in_vain_add_up_and_go(t: Bench) {
    let miss = |day: i64, words: &str, n: i64| Missed {
        day,
        words: words.to_owned(),
        n,
    };
    let all = [
        miss(1, "充电", 5),
        miss(2, "充电", 6),
        miss(2, "路灯", 7),
        miss(3, "充电", 9),
    ];
    for one in [&all[..2], &all[2..], &[]] {
        t.write(async |tx| tx.insight().missed(one).await)
            .await
            .unwrap();
    }
    let found = async |from, to, limit| {
        let mut view = t.view().await;
        view.insight().unfound(from, to, limit).await.unwrap()
    };
    let told = |words: &str, n: i64| (words.to_owned(), n);
    assert_eq!(found(1, 2, 9).await, [told("充电", 11), told("路灯", 7)]);
    assert_eq!(found(1, 3, 1).await, [told("充电", 20)]);
    assert!(found(4, 9, 9).await.is_empty());
    t.write(async |tx| tx.insight().purge(3, 0).await)
        .await
        .unwrap();
    assert_eq!(found(1, 3, 9).await, [told("充电", 9)]);
}

async fn what_waits_is_counted(t: Bench) {
    let nothing = t.view().await.insight().standing(at(0)).await.unwrap();
    assert_eq!(
        (nothing.waiting, nothing.oldest, nothing.unapplied),
        (0, None, 0)
    );
    household(&t).await;
    let (sample, refusal) = refused(5, "a");
    let failed = Refusal {
        status: 503,
        ..refusal
    };
    let limited = Refusal {
        status: 429,
        ..refusal
    };
    let all = [failed, limited, refusal].map(|one| Refused::of(&sample, one, "1504"));
    let all = &all;
    t.write(async |tx| tx.insight().refused(all).await)
        .await
        .unwrap();
    let stands = t.view().await.insight().standing(at(5)).await.unwrap();
    assert_eq!((stands.failed, stands.limited), (1, 1));
    assert!(stands.waiting >= 1 && stands.oldest.is_some());
    assert_eq!(
        (stands.buried, stands.unapplied, stands.unverified),
        (0, 1, 1)
    );
    assert_eq!(
        (stands.refunds_stopped, stands.payouts_stopped),
        (None, None)
    );
    let payout = &t.id::<TradeTaskId>();
    t.write(async |tx| tx.payout_brake().trip_brake(at(4), payout).await)
        .await
        .unwrap();
    let later = t.view().await.insight().standing(at(6)).await.unwrap();
    assert_eq!((later.failed, later.limited), (0, 0));
    assert_eq!(
        (later.refunds_stopped, later.payouts_stopped),
        (None, Some(at(4)))
    );
    let tripped = at(3).micros();
    t.raw(&format!(
        "INSERT INTO brake_trip (tripped_at) VALUES ({tripped})"
    ))
    .await
    .unwrap();
    let both = t.view().await.insight().standing(at(6)).await.unwrap();
    assert_eq!(both.refunds_stopped, Some(at(3)));
    let carried = t.view().await.insight().carried().await.unwrap();
    let waits = carried.waiting.map(|one| one.n);
    assert_eq!(
        (waits.iter().sum::<i64>(), carried.buried),
        (both.waiting, 0)
    );
    let first = "UPDATE outbox SET lane = CASE WHEN seq = (SELECT MIN(seq) FROM outbox WHERE state = 'waiting') \
        THEN 0 ELSE 2 END WHERE state = 'waiting'";
    t.raw(first).await.unwrap();
    let [urgent, money, usual] = t.view().await.insight().carried().await.unwrap().waiting;
    assert_eq!((urgent.n, urgent.lane), (1, Lane::Urgent));
    assert_eq!((money.n, money.oldest), (0, None));
    assert_eq!((usual.n, usual.lane), (both.waiting - 1, Lane::Usual));
    assert_eq!(
        urgent.oldest.into_iter().chain(usual.oldest).min(),
        both.oldest
    );
    assert_eq!(
        (carried.refunds_stopped, carried.payouts_stopped),
        (Some(at(3)), Some(at(4)))
    );
}
