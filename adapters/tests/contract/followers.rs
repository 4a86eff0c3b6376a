//! Followers count on the day that a message tells of and stand as the latest says; links get their region once.

use lifeline_core::insight::followers::{BoundRegion, Follow, FollowDay, Wallet};
use lifeline_core::shared::time::Time;

use crate::bench::{Bench, at};
use crate::bindings::HOME;
use crate::contracts;
use crate::household::household;

contracts! { "followers":
    changes_count_and_the_latest_stands => ["InsightStore::follow", "InsightReads::follow_days", "InsightReads::following"];
    nobody_follows_yet => ["InsightReads::follow_days", "InsightReads::following", "InsightReads::bound_regions",
        "InsightReads::unplaced", "InsightStore::place_bindings"];
    a_dropped_unit_counts_no_follower => ["InsightStore::follow"];
    who_left_long_ago_is_forgotten => ["InsightStore::forget_followers"];
    links_are_placed_once_and_counted_by_region => ["InsightStore::place_bindings", "InsightReads::bound_regions",
        "InsightReads::unplaced"];
}

fn change(wallet: &str, follows: bool, at: Time) -> Follow {
    Follow {
        wallet: Wallet::parse(wallet).unwrap(),
        follows,
        at,
    }
}

async fn tell(t: &Bench, changes: &[(Follow, i64)]) {
    for (follow, day) in changes {
        t.write(async |tx| tx.insight().follow(follow, *day).await)
            .await
            .unwrap();
    }
}

async fn following(t: &Bench) -> i64 {
    t.view().await.insight().following().await.unwrap()
}

async fn changes_count_and_the_latest_stands(t: Bench) {
    tell(
        &t,
        &[
            (change("2088-somebody", true, at(10)), 1),
            (change("2088-another", true, at(11)), 1),
            // Told late and out of order: it counts on its day, and changes nothing else.
            (change("2088-somebody", false, at(30)), 2),
            (change("2088-somebody", true, at(20)), 1),
        ],
    )
    .await;
    assert_eq!(following(&t).await, 1);
    let days = t.view().await.insight().follow_days(1, 2).await.unwrap();
    let day = |day, followed, unfollowed| FollowDay {
        day,
        followed,
        unfollowed,
    };
    assert_eq!(days, [day(1, 3, 0), day(2, 0, 1)]);
    let one = t.view().await.insight().follow_days(2, 2).await.unwrap();
    assert_eq!(one, [day(2, 0, 1)]);
    let dump = t.dump().await;
    assert!(
        !dump.iter().any(|(_, text)| text.contains("2088-somebody")),
        "a wallet stands in the clear"
    );
}

async fn nobody_follows_yet(t: Bench) {
    assert_eq!(following(&t).await, 0);
    let mut view = t.view().await;
    assert!(view.insight().follow_days(0, 9).await.unwrap().is_empty());
    assert!(view.insight().bound_regions().await.unwrap().is_empty());
    assert_eq!(view.insight().unplaced().await.unwrap(), 0);
    drop(view);
    let placed = t.write(async |tx| tx.insight().place_bindings(9).await);
    assert_eq!(placed.await.unwrap(), 0);
}

async fn a_dropped_unit_counts_no_follower(t: Bench) {
    let one = change("2088a", true, at(10));
    t.write_and_drop(async |tx| tx.insight().follow(&one, 1).await)
        .await;
    assert_eq!(following(&t).await, 0);
}

async fn who_left_long_ago_is_forgotten(t: Bench) {
    let changes = [
        (change("2088a", false, at(10)), 1),
        (change("2088b", true, at(10)), 2),
    ];
    tell(&t, &changes).await;
    t.write(async |tx| tx.insight().forget_followers(at(10), 1).await)
        .await
        .unwrap();
    let count = "SELECT CAST(COUNT(*) AS TEXT) FROM follower";
    assert_eq!(t.text(count).await, "2", "not before its time");
    t.write(async |tx| tx.insight().forget_followers(at(11), 2).await)
        .await
        .unwrap();
    assert_eq!(t.text(count).await, "1", "who follows stays");
    assert_eq!(following(&t).await, 1);
    let days = t.view().await.insight().follow_days(0, 9).await.unwrap();
    assert_eq!(days.iter().map(|one| one.day).collect::<Vec<_>>(), [2]);
}

async fn links_are_placed_once_and_counted_by_region(t: Bench) {
    household(&t).await;
    assert_eq!(t.view().await.insight().unplaced().await.unwrap(), 1);
    let place = async || {
        t.write(async |tx| tx.insight().place_bindings(9).await)
            .await
            .unwrap()
    };
    assert_eq!((place().await, place().await), (1, 0));
    let mut view = t.view().await;
    assert_eq!(view.insight().unplaced().await.unwrap(), 0);
    let region = BoundRegion {
        region: HOME.chars().take(4).collect(),
        people: 1,
        homes: 1,
    };
    assert_eq!(view.insight().bound_regions().await.unwrap(), [region]);
}
