//! Kept figures: the newest answer wins, sealed, one holder's copies are not another's.

use std::collections::BTreeSet;

use lifeline_core::billing::Period;
use lifeline_core::billing::ports::{FigureKey, FigureKind, Kept};
use lifeline_core::shared::personal::ConsumerNo;
use lifeline_core::store::StoreError;
use tokio::task::JoinSet;

use crate::bench::{Bench, at};
use crate::contracts;

contracts! { "billing":
    round_trip => ["FigureStore::keep", "FigureReads::kept"];
    absent_is_none => ["FigureReads::kept"];
    an_older_answer_does_not_replace_a_newer_one => ["FigureStore::keep"];
    copies_of_another_holder_home_kind_or_period_are_not_found => ["FigureReads::kept"];
    outdating_reaches_every_copy_of_one_home => ["FigureStore::outdate"];
    a_later_answer_outlives_the_outdating => ["FigureStore::outdate", "FigureStore::keep"];
    purge_forgets_what_nobody_renewed => ["FigureStore::purge"];
    dropped_unit_keeps_nothing => ["FigureStore::keep", "FigureStore::outdate", "FigureStore::purge"];
    the_newest_of_many_writers_stays => ["FigureStore::keep"];
    a_flight_is_named_alike_everywhere_and_tells_nothing => ["FigureReads::flight_key"];
    a_body_opens_in_its_own_row_only => ["FigureReads::kept"];
}

const HOME: &str = "1500000004321";
const OTHER_HOME: &str = "1500000004322";

pub(crate) fn key(home: &str, holder_version: i64, kind: FigureKind) -> FigureKey {
    FigureKey {
        consumer_no: ConsumerNo::parse(home).unwrap(),
        holder_version,
        kind,
    }
}

fn bill(period: &str) -> FigureKind {
    FigureKind::Bill(Period::parse(period).unwrap())
}

pub(crate) async fn keep(t: &Bench, key: &FigureKey, body: &str, asked_s: i64) -> bool {
    t.write(async |tx| tx.billing().keep(key, body, at(asked_s)).await)
        .await
        .unwrap()
}

pub(crate) async fn kept(t: &Bench, key: &FigureKey) -> Option<Kept> {
    t.view().await.billing().kept(key).await.unwrap()
}

pub(crate) fn copy(body: &str, asked_s: i64, outdated_s: Option<i64>) -> Option<Kept> {
    Some(Kept {
        body: body.into(),
        asked_at: at(asked_s),
        outdated_at: outdated_s.map(at),
    })
}

async fn round_trip(t: Bench) {
    for kind in [
        FigureKind::Arrears,
        FigureKind::Balance,
        FigureKind::Bills,
        bill("2026-10"),
        bill("2026-09"),
    ] {
        let key = key(HOME, 1, kind);
        let body = format!(r#"{{"of":"{} {}"}}"#, key.kind.as_str(), key.kind.period());
        assert!(keep(&t, &key, &body, 0).await);
        assert_eq!(kept(&t, &key).await, copy(&body, 0, None));
    }
    let stored = t.text("SELECT MIN(body) FROM figure").await;
    assert!(!stored.contains("arrears") && !stored.contains(HOME));
}

async fn absent_is_none(t: Bench) {
    assert_eq!(kept(&t, &key(HOME, 1, FigureKind::Arrears)).await, None);
}

async fn an_older_answer_does_not_replace_a_newer_one(t: Bench) {
    let key = key(HOME, 1, FigureKind::Arrears);
    assert!(keep(&t, &key, "new", 10).await);
    assert!(!keep(&t, &key, "old", 9).await);
    assert!(!keep(&t, &key, "same moment", 10).await);
    assert_eq!(kept(&t, &key).await, copy("new", 10, None));
    assert!(keep(&t, &key, "newer", 11).await);
    assert_eq!(kept(&t, &key).await, copy("newer", 11, None));
}

async fn copies_of_another_holder_home_kind_or_period_are_not_found(t: Bench) {
    assert!(keep(&t, &key(HOME, 1, bill("2026-10")), "mine", 0).await);
    for other in [
        key(HOME, 2, bill("2026-10")),
        key(OTHER_HOME, 1, bill("2026-10")),
        key(HOME, 1, bill("2026-09")),
        key(HOME, 1, FigureKind::Bills),
    ] {
        assert_eq!(kept(&t, &other).await, None, "{other:?}");
    }
}

async fn outdating_reaches_every_copy_of_one_home(t: Bench) {
    let of_home = [
        key(HOME, 1, FigureKind::Arrears),
        key(HOME, 2, FigureKind::Balance),
        key(HOME, 1, bill("2026-10")),
    ];
    let elsewhere = key(OTHER_HOME, 1, FigureKind::Arrears);
    for key in of_home.iter().chain([&elsewhere]) {
        keep(&t, key, "x", 0).await;
    }
    let number = ConsumerNo::parse(HOME).unwrap();
    for moved_s in [20, 10] {
        t.write(async |tx| tx.billing().outdate(&number, at(moved_s)).await)
            .await
            .unwrap();
    }
    for key in &of_home {
        assert_eq!(kept(&t, key).await, copy("x", 0, Some(20)));
    }
    assert_eq!(kept(&t, &elsewhere).await, copy("x", 0, None));
}

async fn a_later_answer_outlives_the_outdating(t: Bench) {
    let key = key(HOME, 1, FigureKind::Arrears);
    keep(&t, &key, "before", 0).await;
    t.write(async |tx| tx.billing().outdate(&key.consumer_no, at(5)).await)
        .await
        .unwrap();
    assert!(keep(&t, &key, "asked before, answered after", 4).await);
    assert_eq!(
        kept(&t, &key).await,
        copy("asked before, answered after", 4, Some(5))
    );
    assert!(keep(&t, &key, "after", 6).await);
    assert_eq!(kept(&t, &key).await, copy("after", 6, Some(5)));
}

async fn purge_forgets_what_nobody_renewed(t: Bench) {
    let (old, young) = (
        key(HOME, 1, bill("2024-01")),
        key(HOME, 1, FigureKind::Arrears),
    );
    keep(&t, &old, "old", 0).await;
    keep(&t, &young, "young", 100).await;
    let purge = async |before_s: i64| {
        t.write(async |tx| tx.billing().purge(at(before_s)).await)
            .await
            .unwrap()
    };
    assert_eq!(purge(0).await, 0);
    assert_eq!(purge(100).await, 1);
    assert_eq!(kept(&t, &old).await, None);
    assert_eq!(kept(&t, &young).await, copy("young", 100, None));
}

async fn dropped_unit_keeps_nothing(t: Bench) {
    let key = key(HOME, 1, FigureKind::Arrears);
    t.write_and_drop(async |tx| tx.billing().keep(&key, "x", at(0)).await.map(drop))
        .await;
    assert_eq!(kept(&t, &key).await, None);
    keep(&t, &key, "x", 0).await;
    t.write_and_drop(async |tx| {
        tx.billing().outdate(&key.consumer_no, at(5)).await?;
        tx.billing().purge(at(9)).await.map(drop)
    })
    .await;
    assert_eq!(kept(&t, &key).await, copy("x", 0, None));
}

async fn the_newest_of_many_writers_stays(t: Bench) {
    let mut writers = JoinSet::new();
    for asked_s in 0..16 {
        let t = t.clone();
        writers.spawn(async move {
            let key = key(HOME, 1, FigureKind::Arrears);
            keep(&t, &key, &asked_s.to_string(), asked_s).await
        });
    }
    let kept_by = writers.join_all().await;
    assert!(kept_by.into_iter().any(|kept| kept));
    let key = key(HOME, 1, FigureKind::Arrears);
    assert_eq!(kept(&t, &key).await, copy("15", 15, None));
}

async fn a_flight_is_named_alike_everywhere_and_tells_nothing(t: Bench) {
    let figures = [
        key(HOME, 1, FigureKind::Arrears),
        key(HOME, 1, FigureKind::Balance),
        key(HOME, 1, FigureKind::Bills),
        key(HOME, 1, bill("2026-10")),
        key(HOME, 1, bill("2026-09")),
        key(HOME, 2, FigureKind::Arrears),
        key(OTHER_HOME, 1, FigureKind::Arrears),
    ];
    let mut names = BTreeSet::new();
    for key in &figures {
        let name = t.view().await.billing().flight_key(key).unwrap();
        let again = t
            .write(async |tx| tx.billing().flight_key(key))
            .await
            .unwrap();
        assert_eq!(name, again, "readers and writers name it alike");
        assert_eq!(name.len(), 64);
        assert!(name.bytes().all(|b| b.is_ascii_hexdigit()), "{name}");
        names.insert(name);
    }
    assert_eq!(names.len(), figures.len());
    // Knowing the store's rows does not tell whose figure a name is.
    keep(&t, &figures[0], "x", 0).await;
    let index = t.text("SELECT MIN(home_index) FROM figure").await;
    assert!(!names.contains(&index));
}

async fn a_body_opens_in_its_own_row_only(t: Bench) {
    let (one, two) = (
        key(HOME, 1, FigureKind::Arrears),
        key(HOME, 1, FigureKind::Balance),
    );
    keep(&t, &one, "one", 0).await;
    keep(&t, &two, "two", 0).await;
    t.raw(
        "UPDATE figure SET body = (SELECT body FROM figure WHERE kind = 'arrears') \
         WHERE kind = 'balance'",
    )
    .await
    .unwrap();
    let moved = t.view().await.billing().kept(&two).await;
    assert!(
        matches!(
            moved,
            Err(StoreError::Corrupt {
                table: "figure",
                column: "body"
            })
        ),
        "{moved:?}"
    );
}
