//! Keyed requests: begun once, taken over after the lease, answered once and for ever.

use lifeline_core::idempotency::{Answer, Key, Progress, Record};
use lifeline_core::store::StoreError;
use tokio::task::JoinSet;

use crate::bench::{Bench, at, now};
use crate::contracts;

contracts! { "idempotency":
    round_trip => ["IdempotencyStore::start", "IdempotencyReads::find"];
    absent_is_none => ["IdempotencyReads::find", "IdempotencyStore::take_over", "IdempotencyStore::advance",
        "IdempotencyStore::finish", "IdempotencyStore::abandon"];
    second_start_is_a_duplicate => ["IdempotencyStore::start"];
    keys_of_two_principals_do_not_meet => ["IdempotencyReads::find", "IdempotencyStore::start"];
    a_record_begins_started => ["IdempotencyStore::start"];
    advance_keeps_the_step => ["IdempotencyStore::advance"];
    take_over_only_after_the_lease => ["IdempotencyStore::take_over"];
    stale_epoch_writes_nothing => ["IdempotencyStore::advance", "IdempotencyStore::finish",
        "IdempotencyStore::abandon"];
    answer_is_kept_byte_for_byte => ["IdempotencyStore::finish"];
    done_is_final => ["IdempotencyStore::finish", "IdempotencyStore::take_over", "IdempotencyStore::abandon"];
    abandoned_may_begin_again => ["IdempotencyStore::abandon"];
    dropped_unit_leaves_nothing => ["IdempotencyStore::start", "IdempotencyStore::finish"];
    one_of_many_starts => ["IdempotencyStore::start"];
    one_of_many_takes_over => ["IdempotencyStore::take_over"];
    purge_takes_old_answers_only => ["IdempotencyStore::purge"];
    answer_is_sealed_at_rest => ["IdempotencyStore::finish"];
}

pub(crate) fn key(principal: &str) -> Key {
    Key {
        scope: format!("{principal}:POST /v1/payments"),
        key: "0123456789abcdef".into(),
    }
}

pub(crate) fn record(principal: &str) -> Record {
    Record {
        key: key(principal),
        fingerprint: "f".repeat(64),
        field_digests: r#"{"amount_fen":"ab"}"#.into(),
        progress: Progress::Started {
            step: "created".into(),
            lease_until: at(30),
        },
        lease_epoch: 1,
        created_at: now(),
    }
}

pub(crate) fn answer() -> Answer {
    Answer {
        status: 201,
        body: "{\"pay_url\":\"https://line.example/v1/pay/t\",\n \"注\":1}".into(),
    }
}

pub(crate) async fn start(t: &Bench, record: &Record) -> Result<(), StoreError> {
    t.write(async |tx| tx.idempotency().start(record).await)
        .await
}

pub(crate) async fn find(t: &Bench, key: &Key) -> Option<Record> {
    t.write(async |tx| tx.idempotency().find(key).await)
        .await
        .unwrap()
}

async fn round_trip(t: Bench) {
    start(&t, &record("account:1")).await.unwrap();
    assert_eq!(find(&t, &key("account:1")).await, Some(record("account:1")));
}

async fn absent_is_none(t: Bench) {
    let key = key("account:1");
    assert_eq!(find(&t, &key).await, None);
    t.write(async |tx| {
        assert_eq!(
            tx.idempotency().take_over(&key, at(99), at(120)).await?,
            None
        );
        assert!(!tx.idempotency().advance(&key, 1, "s", at(120)).await?);
        assert!(!tx.idempotency().finish(&key, 1, &answer(), at(99)).await?);
        assert!(!tx.idempotency().abandon(&key, 1).await?);
        Ok(())
    })
    .await
    .unwrap();
}

async fn second_start_is_a_duplicate(t: Bench) {
    start(&t, &record("account:1")).await.unwrap();
    let again = start(&t, &record("account:1")).await;
    assert!(
        matches!(&again, Err(StoreError::Duplicate(n)) if n == "idempotency(scope,client_key)"),
        "{again:?}"
    );
}

async fn keys_of_two_principals_do_not_meet(t: Bench) {
    start(&t, &record("account:1")).await.unwrap();
    assert_eq!(find(&t, &key("account:2")).await, None);
    start(&t, &record("account:2")).await.unwrap();
}

async fn a_record_begins_started(t: Bench) {
    let done = Record {
        progress: Progress::Done(answer()),
        ..record("account:1")
    };
    assert!(matches!(
        start(&t, &done).await,
        Err(StoreError::Refused(_))
    ));
    assert_eq!(find(&t, &key("account:1")).await, None);
}

async fn advance_keeps_the_step(t: Bench) {
    start(&t, &record("account:1")).await.unwrap();
    let key = key("account:1");
    let ours = t
        .write(async |tx| tx.idempotency().advance(&key, 1, "sent:T1", at(60)).await)
        .await;
    assert!(ours.unwrap());
    assert_eq!(
        find(&t, &key).await.unwrap().progress,
        Progress::Started {
            step: "sent:T1".into(),
            lease_until: at(60)
        }
    );
}

async fn take_over_only_after_the_lease(t: Bench) {
    start(&t, &record("account:1")).await.unwrap();
    let key = key("account:1");
    let take = async |seconds| {
        t.write(async |tx| {
            tx.idempotency()
                .take_over(&key, at(seconds), at(seconds + 30))
                .await
        })
        .await
        .unwrap()
    };
    assert_eq!(take(29).await, None);
    assert_eq!(take(30).await, Some(2));
    assert_eq!(take(59).await, None);
    assert_eq!(take(60).await, Some(3));
    let record = find(&t, &key).await.unwrap();
    assert_eq!(record.lease_epoch, 3);
    assert_eq!(
        record.progress,
        Progress::Started {
            step: "created".into(),
            lease_until: at(90)
        }
    );
}

async fn stale_epoch_writes_nothing(t: Bench) {
    start(&t, &record("account:1")).await.unwrap();
    let key = key("account:1");
    t.write(async |tx| {
        assert_eq!(
            tx.idempotency().take_over(&key, at(30), at(60)).await?,
            Some(2)
        );
        assert!(!tx.idempotency().advance(&key, 1, "late", at(99)).await?);
        assert!(!tx.idempotency().finish(&key, 1, &answer(), at(31)).await?);
        assert!(!tx.idempotency().abandon(&key, 1).await?);
        assert!(tx.idempotency().finish(&key, 2, &answer(), at(31)).await?);
        Ok(())
    })
    .await
    .unwrap();
}

async fn answer_is_kept_byte_for_byte(t: Bench) {
    start(&t, &record("account:1")).await.unwrap();
    let key = key("account:1");
    let done = t
        .write(async |tx| tx.idempotency().finish(&key, 1, &answer(), at(2)).await)
        .await;
    assert!(done.unwrap());
    assert_eq!(
        find(&t, &key).await.unwrap().progress,
        Progress::Done(answer())
    );
}

async fn done_is_final(t: Bench) {
    start(&t, &record("account:1")).await.unwrap();
    let key = key("account:1");
    let other = Answer {
        status: 409,
        body: "{}".into(),
    };
    t.write(async |tx| {
        assert!(tx.idempotency().finish(&key, 1, &answer(), at(2)).await?);
        assert!(!tx.idempotency().finish(&key, 1, &other, at(3)).await?);
        assert!(!tx.idempotency().advance(&key, 1, "late", at(9)).await?);
        assert!(!tx.idempotency().abandon(&key, 1).await?);
        assert_eq!(
            tx.idempotency().take_over(&key, at(999), at(1030)).await?,
            None
        );
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!(
        find(&t, &key).await.unwrap().progress,
        Progress::Done(answer())
    );
}

async fn abandoned_may_begin_again(t: Bench) {
    start(&t, &record("account:1")).await.unwrap();
    let key = key("account:1");
    let gone = t
        .write(async |tx| tx.idempotency().abandon(&key, 1).await)
        .await;
    assert!(gone.unwrap());
    assert_eq!(find(&t, &key).await, None);
    start(&t, &record("account:1")).await.unwrap();
}

async fn dropped_unit_leaves_nothing(t: Bench) {
    let new = record("account:1");
    t.write_and_drop(async |tx| tx.idempotency().start(&new).await)
        .await;
    assert_eq!(find(&t, &new.key).await, None);
    start(&t, &new).await.unwrap();
    t.write_and_drop(async |tx| {
        assert!(
            tx.idempotency()
                .finish(&new.key, 1, &answer(), at(1))
                .await?
        );
        Ok(())
    })
    .await;
    assert_eq!(find(&t, &new.key).await, Some(new));
}

async fn one_of_many_starts(t: Bench) {
    let mut tries = JoinSet::new();
    for _ in 0..24 {
        let t = t.clone();
        tries.spawn(async move { start(&t, &record("account:1")).await });
    }
    let (mut begun, mut duplicates) = (0, 0);
    for outcome in tries.join_all().await {
        match outcome {
            Ok(()) => begun += 1,
            Err(StoreError::Duplicate(_)) => duplicates += 1,
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!((begun, duplicates), (1, 23));
}

async fn one_of_many_takes_over(t: Bench) {
    start(&t, &record("account:1")).await.unwrap();
    let mut tries = JoinSet::new();
    for _ in 0..16 {
        let t = t.clone();
        tries.spawn(async move {
            let key = key("account:1");
            t.write(async |tx| tx.idempotency().take_over(&key, at(40), at(80)).await)
                .await
                .unwrap()
        });
    }
    let won: Vec<i64> = tries.join_all().await.into_iter().flatten().collect();
    assert_eq!(won, [2]);
}

async fn answer_is_sealed_at_rest(t: Bench) {
    start(&t, &record("account:1")).await.unwrap();
    let key = key("account:1");
    t.write(async |tx| tx.idempotency().finish(&key, 1, &answer(), at(2)).await)
        .await
        .unwrap();
    let stored = t.text("SELECT answer_body FROM idempotency").await;
    assert!(
        stored.starts_with("a1:") && !stored.contains("pay_url"),
        "{stored}"
    );
}

async fn purge_takes_old_answers_only(t: Bench) {
    for (principal, begun, done) in [("old", 0, true), ("young", 50, true), ("open", 0, false)] {
        let begun = Record {
            created_at: at(begun),
            ..record(principal)
        };
        start(&t, &begun).await.unwrap();
        if done {
            t.write(async |tx| {
                tx.idempotency()
                    .finish(&begun.key, 1, &answer(), at(60))
                    .await
            })
            .await
            .unwrap();
        }
    }
    let purge = async |before, limit| {
        let gone = t
            .write(async |tx| tx.idempotency().purge(at(before), limit).await)
            .await;
        gone.unwrap()
    };
    assert_eq!(purge(0, 10).await, 0);
    assert_eq!(purge(50, 10).await, 1);
    assert_eq!(find(&t, &key("old")).await, None);
    assert_eq!(purge(51, 10).await, 1);
    assert_eq!(purge(99_999_999, 10).await, 0);
    assert!(find(&t, &key("open")).await.is_some());
}
