//! After a restore: the epoch rises once, bills are noted by day, lost trades move by version.

use lifeline_core::payments::recovery::lost::{LostTrade, State};
use lifeline_core::payments::recovery::{End, Recovery, StatementRead};
use lifeline_core::shared::ids::PaymentId;
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::time::Day;
use lifeline_core::store::StoreError;

use crate::bench::{Bench, at};
use crate::contracts;

contracts! { "recovery":
    the_epoch_rises_and_only_once => ["RecoveryReads::epoch", "RecoveryStore::begin", "RecoveryReads::latest"];
    the_last_moment_is_that_of_the_last_write => ["RecoveryReads::last_moment"];
    a_bill_read_again_replaces_itself => ["RecoveryStore::note_statement", "RecoveryReads::statements"];
    a_recovery_ends_once_and_by_another => ["RecoveryStore::end", "RecoveryStore::release_payouts", "RecoveryStore::looked"];
    orders_are_looked_at_once_each_time_they_are_pointed_at => ["RecoveryStore::look_at", "RecoveryStore::looked_at",
        "RecoveryReads::to_look_at", "RecoveryReads::unfinished"];
    what_a_recovery_was_pointed_at_goes_when_it_is_over => ["PrivacyStore::purge"];
    a_lost_trade_is_found_once => ["RecoveryStore::add_lost", "RecoveryReads::lost"];
    a_lost_trade_moves_by_its_version => ["RecoveryStore::save_lost"];
    lost_trades_take_their_turns_and_are_counted => ["RecoveryReads::due_lost", "RecoveryReads::lost_by_state",
        "RecoveryReads::unasked_lost"];
    a_lost_trade_owes_no_more_than_was_paid => ["RecoveryStore::add_lost"];
}

fn recovery(epoch: i64) -> Recovery {
    Recovery {
        epoch,
        since: at(0),
        begun_at: at(600),
        begun_by: "chen".into(),
        looked_at: None,
        ended_at: None,
        payouts_at: None,
    }
}

async fn begin(t: &Bench, epoch: i64) -> bool {
    t.write(async |tx| tx.recovery().begin(&recovery(epoch)).await)
        .await
        .unwrap()
}

fn lost(t: &Bench, number: &str) -> LostTrade {
    LostTrade {
        lost_id: t.id(),
        out_trade_no: number.into(),
        trade_no: format!("T{number}"),
        state: State::Found,
        paid: Fen::new(100),
        paid_at: at(1),
        posted: Fen::ZERO,
        gone_back: Fen::ZERO,
        owed: Fen::ZERO,
        out_request_no: None,
        sent_at: None,
        empties: 0,
        found_at: at(2),
        turns: 0,
        next_at: Some(at(3)),
        version: 1,
        trace_id: "trace-1".into(),
    }
}

async fn add(t: &Bench, trade: &LostTrade) -> Result<bool, StoreError> {
    t.write(async |tx| tx.recovery().add_lost(trade).await)
        .await
}

async fn save(t: &Bench, trade: &LostTrade) -> Result<bool, StoreError> {
    t.write(async |tx| tx.recovery().save_lost(trade).await)
        .await
}

async fn the_epoch_rises_and_only_once(t: Bench) {
    assert_eq!(t.view().await.recovery().latest().await.unwrap(), None);
    assert_eq!(t.view().await.recovery().epoch().await.unwrap(), 0);
    assert!(begin(&t, 1).await);
    assert!(!begin(&t, 1).await, "somebody else raised it");
    let mut view = t.view().await;
    assert_eq!(view.recovery().epoch().await.unwrap(), 1);
    assert_eq!(view.recovery().latest().await.unwrap(), Some(recovery(1)));
    drop(view);
    assert!(begin(&t, 2).await);
    let latest = t.view().await.recovery().latest().await.unwrap().unwrap();
    assert_eq!(latest.epoch, 2);
    assert!(begin(&t, 5).await, "a life that was lost used 3 and 4");
    assert!(!begin(&t, 4).await, "an epoch never falls");
    let mut view = t.view().await;
    assert_eq!(view.recovery().epoch().await.unwrap(), 5);
    assert_eq!(view.recovery().latest().await.unwrap(), Some(recovery(5)));
}

async fn the_last_moment_is_that_of_the_last_write(t: Bench) {
    assert_eq!(t.view().await.recovery().last_moment().await.unwrap(), None);
    t.write(async |tx| tx.jobs().ensure("tick", 60, at(10)).await)
        .await
        .unwrap();
    let job = t
        .write(async |tx| tx.jobs().claim("tick", at(20), at(30)).await)
        .await
        .unwrap()
        .unwrap();
    t.write(async |tx| {
        tx.jobs()
            .finish("tick", job.lease_epoch, at(25), at(85), "ok")
            .await
    })
    .await
    .unwrap();
    let last = t.view().await.recovery().last_moment().await.unwrap();
    assert_eq!(last, Some(at(25)));
}

async fn a_bill_read_again_replaces_itself(t: Bench) {
    assert!(begin(&t, 1).await);
    let day = |text| Day::parse(text).unwrap();
    let read = |day, digest: &str, ours| StatementRead {
        day,
        digest: digest.into(),
        rows: 9,
        ours,
        read_at: at(700),
        read_by: "chen".into(),
    };
    let (first, second) = (day("2026-11-19"), day("2026-11-20"));
    for one in [
        read(second, "b", 1),
        read(first, "a", 2),
        read(second, "c", 3),
    ] {
        t.write(async |tx| tx.recovery().note_statement(1, &one).await)
            .await
            .unwrap();
    }
    let mut view = t.view().await;
    let all = view.recovery().statements(1).await.unwrap();
    assert_eq!(all, [read(first, "a", 2), read(second, "c", 3)]);
    assert_eq!(view.recovery().statements(2).await.unwrap(), []);
}

async fn a_recovery_ends_once_and_by_another(t: Bench) {
    assert!(begin(&t, 1).await);
    let end = |by: &str| End {
        at: at(900),
        by: by.into(),
        proof: "minutes".into(),
    };
    t.write(async |tx| tx.recovery().looked(1, at(800)).await)
        .await
        .unwrap();
    let same = end("chen");
    let refused = t.write(async |tx| tx.recovery().end(1, &same).await).await;
    assert!(
        matches!(refused, Err(StoreError::Refused(_))),
        "{refused:?}"
    );
    let other = end("wu");
    for wanted in [true, false] {
        let ended = t.write(async |tx| tx.recovery().end(1, &other).await).await;
        assert_eq!(ended.unwrap(), wanted);
        let freed = t
            .write(async |tx| tx.recovery().release_payouts(1, &other).await)
            .await;
        assert_eq!(freed.unwrap(), wanted);
    }
    t.write(async |tx| tx.recovery().looked(1, at(950)).await)
        .await
        .unwrap();
    let latest = t.view().await.recovery().latest().await.unwrap().unwrap();
    assert_eq!(latest.looked_at, Some(at(800)), "it is over");
    assert_eq!(
        (latest.ended_at, latest.payouts_at),
        (Some(at(900)), Some(at(900)))
    );
}

async fn orders_are_looked_at_once_each_time_they_are_pointed_at(t: Bench) {
    let (one, two): (PaymentId, PaymentId) = (t.id(), t.id());
    let point = async |id: &PaymentId| {
        t.write(async |tx| tx.recovery().look_at(id, at(5)).await)
            .await
            .unwrap();
    };
    point(&one).await;
    point(&two).await;
    point(&two).await;
    let open = async || {
        t.view()
            .await
            .recovery()
            .to_look_at(10)
            .await
            .unwrap()
            .len()
    };
    assert_eq!(open().await, 2);
    assert_eq!(
        t.view().await.recovery().to_look_at(1).await.unwrap().len(),
        1
    );
    t.write(async |tx| tx.recovery().looked_at(&one, at(6)).await)
        .await
        .unwrap();
    let left = t.view().await.recovery().to_look_at(10).await.unwrap();
    assert_eq!(left, [two]);
    point(&one).await;
    assert_eq!(open().await, 2);
    let none = t.view().await.recovery().unfinished("", 10).await.unwrap();
    assert_eq!(none, [], "no order is there");
}

async fn what_a_recovery_was_pointed_at_goes_when_it_is_over(t: Bench) {
    assert!(begin(&t, 1).await);
    let (one, two): (PaymentId, PaymentId) = (t.id(), t.id());
    for id in [&one, &two] {
        t.write(async |tx| tx.recovery().look_at(id, at(5)).await)
            .await
            .unwrap();
    }
    t.write(async |tx| tx.recovery().looked_at(&one, at(6)).await)
        .await
        .unwrap();
    let purge = async || {
        let table = "recovery_look";
        t.write(async |tx| tx.privacy().purge(table, at(1_000), 500).await)
            .await
            .unwrap()
    };
    assert_eq!(purge().await, 0, "it is not over");
    let end = End {
        at: at(900),
        by: "wu".into(),
        proof: "minutes".into(),
    };
    let ended = t.write(async |tx| tx.recovery().end(1, &end).await).await;
    assert!(ended.unwrap());
    assert_eq!(purge().await, 1);
    let left = t.view().await.recovery().to_look_at(10).await.unwrap();
    assert_eq!(left, [two], "nobody has looked at it yet");
}

async fn a_lost_trade_is_found_once(t: Bench) {
    let (first, again) = (lost(&t, "L0-one"), lost(&t, "L0-one"));
    assert!(add(&t, &first).await.unwrap());
    assert!(!add(&t, &again).await.unwrap());
    let mut view = t.view().await;
    assert_eq!(view.recovery().lost("L0-one").await.unwrap(), Some(first));
    assert_eq!(view.recovery().lost("L0-two").await.unwrap(), None);
}

async fn a_lost_trade_moves_by_its_version(t: Bench) {
    let found = lost(&t, "L0-one");
    assert!(add(&t, &found).await.unwrap());
    let owing = LostTrade {
        state: State::Returning,
        trade_no: "T-true".into(),
        posted: Fen::new(40),
        gone_back: Fen::new(10),
        owed: Fen::new(50),
        out_request_no: Some("L1-refund".into()),
        sent_at: Some(at(9)),
        empties: 1,
        turns: 3,
        next_at: Some(at(20)),
        ..found.clone()
    };
    assert!(save(&t, &owing).await.unwrap());
    assert!(!save(&t, &owing).await.unwrap(), "it is at version 2");
    let kept = t.view().await.recovery().lost("L0-one").await.unwrap();
    let version = 2;
    assert_eq!(kept, Some(LostTrade { version, ..owing }));
}

async fn lost_trades_take_their_turns_and_are_counted(t: Bench) {
    let soon = lost(&t, "L0-soon");
    let late = LostTrade {
        next_at: Some(at(50)),
        turns: 1,
        ..lost(&t, "L0-late")
    };
    let done = LostTrade {
        state: State::Accounted,
        next_at: None,
        ..lost(&t, "L0-done")
    };
    for trade in [&late, &soon, &done] {
        assert!(add(&t, trade).await.unwrap());
    }
    let mut view = t.view().await;
    assert_eq!(view.recovery().due_lost(at(2), 10).await.unwrap(), []);
    let due = view.recovery().due_lost(at(3), 10).await.unwrap();
    assert_eq!(due.as_slice(), std::slice::from_ref(&soon));
    let due = view.recovery().due_lost(at(50), 10).await.unwrap();
    assert_eq!(due, [soon, late]);
    assert_eq!(view.recovery().due_lost(at(50), 1).await.unwrap().len(), 1);
    assert_eq!(view.recovery().unasked_lost().await.unwrap(), 1);
    let counted = view.recovery().lost_by_state().await.unwrap();
    let (accounted, found) = (
        (State::Accounted, 1, Fen::new(100)),
        (State::Found, 2, Fen::new(200)),
    );
    assert_eq!(counted, [accounted, found]);
}

async fn a_lost_trade_owes_no_more_than_was_paid(t: Bench) {
    let owes = |owed: i64, gone_back: i64, number: Option<&str>| LostTrade {
        state: State::Owing,
        owed: Fen::new(owed),
        gone_back: Fen::new(gone_back),
        out_request_no: number.map(str::to_owned),
        ..lost(&t, &format!("L0-{owed}-{gone_back}"))
    };
    assert!(add(&t, &owes(60, 40, Some("r1"))).await.unwrap());
    for wrong in [
        owes(61, 40, Some("r2")),
        owes(60, 0, None),
        LostTrade {
            next_at: None,
            ..owes(5, 0, Some("r3"))
        },
        LostTrade {
            state: State::Returning,
            ..owes(6, 0, Some("r4"))
        },
    ] {
        let refused = add(&t, &wrong).await;
        assert!(
            matches!(refused, Err(StoreError::Refused(_))),
            "{refused:?}"
        );
    }
    let twice = add(&t, &owes(7, 0, Some("r1"))).await;
    assert!(matches!(twice, Err(StoreError::Duplicate(_))), "{twice:?}");
}
