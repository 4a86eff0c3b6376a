//! Followers count on the day that a message tells of and stand as the latest says; links get their region once.

use std::sync::Arc;

use lifeline_core::insight::followers::{
    BoundRegion, Follow, FollowDay, FollowError, FollowReader, Followers, LEFT_DAYS, Told, Wallet,
};
use lifeline_core::shared::time::Time;

use crate::bench::{Bench, Watch, at};
use crate::bindings::{self, HOME, li, link, linked};
use crate::contracts;
use crate::household::household;

contracts! { "followers":
    changes_count_and_the_latest_stands => ["InsightStore::follow", "InsightReads::follow_days", "InsightReads::following"];
    nobody_follows_yet => ["InsightReads::follow_days", "InsightReads::following", "InsightReads::bound_regions",
        "InsightReads::unplaced", "InsightReads::to_place"];
    a_dropped_unit_counts_no_follower => ["InsightStore::follow"];
    who_left_long_ago_is_forgotten => ["InsightStore::forget_followers"];
    links_are_placed_once_and_counted_by_region => ["InsightStore::place_bindings", "InsightReads::bound_regions",
        "InsightReads::unplaced"];
    a_home_of_two_people_is_one_home_and_who_has_two_homes_is_one_person => ["InsightReads::bound_people",
        "InsightReads::bound_regions"];
    who_left_since_the_links_were_read_is_placed_nowhere => ["InsightStore::place_bindings"];
    a_link_that_does_not_open_keeps_no_other_from_its_place => ["InsightReads::to_place", "InsightStore::place_bindings"];
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

/// One turn of placing, as the timed task has it.
pub(crate) async fn place(t: &Bench, limit: i64) -> i64 {
    let links = t.view().await.insight().to_place(limit).await.unwrap();
    let links = &links;
    t.write(async |tx| tx.insight().place_bindings(links).await)
        .await
        .unwrap()
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
    assert_eq!(place(&t, 9).await, 0);
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
    assert_eq!((place(&t, 9).await, place(&t, 9).await), (1, 0));
    let mut view = t.view().await;
    assert_eq!(view.insight().unplaced().await.unwrap(), 0);
    let region = BoundRegion {
        region: HOME.chars().take(4).collect(),
        people: 1,
        homes: 1,
    };
    assert_eq!(view.insight().bound_regions().await.unwrap(), [region]);
}

async fn a_home_of_two_people_is_one_home_and_who_has_two_homes_is_one_person(t: Bench) {
    assert_eq!(t.view().await.insight().bound_people().await.unwrap(), 0);
    let one = linked(&t, "one", HOME, &li()).await;
    linked(&t, "two", HOME, &li()).await;
    let other = link(&t, &one.account_id, "1504010020025");
    bindings::add(&t, &other, &li()).await.unwrap();
    assert_eq!(place(&t, 9).await, 3);
    let mut view = t.view().await;
    assert_eq!(view.insight().bound_people().await.unwrap(), 2);
    let region = BoundRegion {
        region: HOME.chars().take(4).collect(),
        people: 2,
        homes: 2,
    };
    assert_eq!(view.insight().bound_regions().await.unwrap(), [region]);
}

async fn who_left_since_the_links_were_read_is_placed_nowhere(t: Bench) {
    let left = linked(&t, "left", HOME, &li()).await;
    let links = t.view().await.insight().to_place(9).await.unwrap();
    assert_eq!(links.len(), 1);
    t.write(async |tx| tx.privacy().erase(&left.account_id, at(5)).await)
        .await
        .unwrap();
    let links = &links;
    let placed = t.write(async |tx| tx.insight().place_bindings(links).await);
    assert_eq!(placed.await.unwrap(), 0);
    let regions = "SELECT CAST(COUNT(*) AS TEXT) FROM binding_region";
    assert_eq!(t.text(regions).await, "0");
}

/// Nobody tells it anything.
struct Deaf;

impl FollowReader for Deaf {
    fn read_message(&self, _: &[u8]) -> Result<Told, FollowError> {
        Err(FollowError::Malformed)
    }
}

async fn a_link_that_does_not_open_keeps_no_other_from_its_place(t: Bench) {
    let stuck = linked(&t, "stuck", HOME, &li()).await;
    linked(&t, "well", HOME, &li()).await;
    let spoil = format!(
        "UPDATE binding SET consumer_no = 'unreadable' WHERE binding_id = '{}'",
        stuck.binding_id
    );
    t.raw(&spoil).await.unwrap();
    tell(&t, &[(change("2088-left", false, at(10)), 1)]).await;
    let watch = Watch::new();
    watch.set((LEFT_DAYS + 1) * 86_400);
    let followers = Followers::new(t.store.clone(), Arc::new(watch), Arc::new(Deaf));
    assert_eq!(followers.place().await.unwrap(), 1);
    assert_eq!(t.view().await.insight().unplaced().await.unwrap(), 1);
    assert_eq!(followers.place().await.unwrap(), 0, "each has one turn");
    let left = "SELECT CAST(COUNT(*) AS TEXT) FROM follower";
    assert_eq!(t.text(left).await, "0", "and who left is forgotten");
}
