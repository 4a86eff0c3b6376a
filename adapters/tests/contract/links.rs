//! Links by day and by whom: added up or not, what is told is what the links themselves say.

use lifeline_core::bindings::binding::Binding;
use lifeline_core::bindings::role::Role;
use lifeline_core::insight::asked::{Growth, Kept, LinkDay};
use lifeline_core::insight::people::{day_number, midnight};
use lifeline_core::shared::time::Time;

use crate::bench::{Bench, at};
use crate::bindings::{account, link, touch};
use crate::contracts;

contracts! { "links":
    links_are_told_alike_added_up_or_not => ["InsightReads::growth", "InsightReads::retention", "InsightReads::links",
        "InsightStore::keep_links"];
    what_was_corrected_is_told_when_it_is_added_up_anew => ["InsightReads::links", "InsightStore::keep_links"];
    the_last_day_is_kept_though_nothing_happened => ["InsightReads::links", "InsightStore::keep_links"];
}

const DAY_S: i64 = 86_400;

/// Links somebody on one day and ends it on another; days from the first one.
async fn linked(
    t: &Bench,
    who: &lifeline_core::shared::ids::AccountId,
    home: &str,
    days: (i64, Option<i64>),
) {
    let binding = Binding {
        role: Role::PayerOnly,
        created_at: at(days.0 * DAY_S),
        ..link(t, who, home)
    };
    t.write(async |tx| {
        touch(tx, &binding.consumer_no, binding.holder_version).await?;
        tx.bindings().add(&binding, None).await?;
        if let Some(end) = days.1 {
            tx.bindings().end(&binding, None, at(end * DAY_S)).await?;
        }
        Ok(())
    })
    .await
    .unwrap();
}

/// The number of the n-th day.
fn day(n: i64) -> i64 {
    day_number(at(0)) + n
}

/// Four people over ten days: one who stays, one who left, one who left and came back, one who came today.
async fn people(t: &Bench) {
    let mut all = Vec::new();
    for name in ["stays", "left", "back", "today"] {
        all.push(account(t, name).await);
    }
    linked(t, &all[0], "1504010020017", (0, None)).await;
    linked(t, &all[1], "1504010020025", (1, Some(9))).await;
    linked(t, &all[2], "1504010020033", (1, Some(3))).await;
    linked(t, &all[2], "1504010020033", (9, None)).await;
    linked(t, &all[3], "1504010020041", (9, None)).await;
    linked(t, &all[0], "1504010020041", (2, Some(4))).await;
}

async fn told(t: &Bench, at: Time) -> (Vec<Growth>, Vec<Kept>) {
    let mut view = t.view().await;
    let growth = view.insight().growth(day(0), day(20)).await.unwrap();
    (growth, view.insight().retention(day(-9), at).await.unwrap())
}

async fn roll(t: &Bench, before: i64) {
    let days = t.view().await.insight().links(day(-9), before).await;
    let days = days.unwrap();
    t.write(async |tx| tx.insight().keep_links(&days).await)
        .await
        .unwrap();
}

async fn links_are_told_alike_added_up_or_not(t: Bench) {
    people(&t).await;
    let now = at(9 * DAY_S + 60);
    let live = told(&t, now).await;
    let began: Vec<_> = live
        .0
        .iter()
        .map(|one| (one.day, one.began, one.ended))
        .collect();
    let wanted = [
        (0, 1, 0),
        (1, 2, 0),
        (2, 1, 0),
        (3, 0, 1),
        (4, 0, 1),
        (9, 2, 1),
    ];
    let wanted: Vec<_> = wanted
        .iter()
        .map(|(n, began, ended)| (day(*n), *began, *ended))
        .collect();
    assert_eq!(began, wanted);
    let kept: Vec<_> = live.1.iter().map(|one| (one.first, one.still)).collect();
    assert_eq!(kept, [(4, 3)], "one of them left");
    // Added up yesterday, or some days ago when the task stood still.
    for before in [day(9), day(4), day(2), day(9)] {
        roll(&t, before).await;
        assert_eq!(told(&t, now).await, live, "before {before}");
    }
    let days = t
        .view()
        .await
        .insight()
        .links(day(-9), day(9))
        .await
        .unwrap();
    let third = LinkDay {
        day: day(1),
        began: 2,
        ended: 0,
        first: 2,
        still: 1,
    };
    assert!(
        days.contains(&third),
        "of two one had left by then: {days:?}"
    );
}

async fn what_was_corrected_is_told_when_it_is_added_up_anew(t: Bench) {
    people(&t).await;
    roll(&t, day(9)).await;
    // Two accounts of one person became one.
    t.raw(
        "UPDATE binding SET account_id = (SELECT account_id FROM binding ORDER BY created_at, binding_id LIMIT 1) \
         WHERE ended_at IS NULL",
    )
    .await
    .unwrap();
    roll(&t, day(9)).await;
    let added = told(&t, at(9 * DAY_S + 60)).await;
    t.raw("DELETE FROM link_day").await.unwrap();
    assert_eq!(told(&t, at(9 * DAY_S + 60)).await, added);
}

async fn the_last_day_is_kept_though_nothing_happened(t: Bench) {
    roll(&t, day(9)).await;
    let last = t.text("SELECT CAST(MAX(day) AS TEXT) FROM link_day").await;
    assert_eq!(last, day(8).to_string());
    assert_eq!(told(&t, midnight(day(9))).await, (Vec::new(), Vec::new()));
}
