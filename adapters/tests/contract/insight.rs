//! Figures: sums add up over batches, a batch is taken once, people are hashes that go with their salt.

use lifeline_core::accounts::Terminal;
use lifeline_core::insight::asked::{By, Grain, Refused, Run, Runs, Slice, Which};
use lifeline_core::insight::batch::{Batch, Crowd};
use lifeline_core::insight::people::{Period, day_number};
use lifeline_core::insight::sample::{NOWHERE, Refusal};
use lifeline_core::insight::sides::Part;
use lifeline_core::insight::{Channel, Outcome, Sample};
use lifeline_core::shared::ids::AccountId;
use lifeline_core::store::StoreError;

use crate::bench::{Bench, at};
use crate::bindings::HOME;
use crate::contracts;
use crate::household::household;

contracts! { "insight":
    sums_add_up => ["InsightStore::add", "InsightReads::rows", "InsightReads::latencies"];
    absent_is_none => ["InsightReads::rows", "InsightReads::latencies", "InsightReads::crowd", "InsightReads::settled",
        "InsightReads::runs", "InsightReads::unended", "InsightReads::refusals", "InsightReads::region_of", "InsightReads::growth",
        "InsightReads::retention", "InsightStore::over", "InsightStore::purge"];
    a_batch_is_taken_once => ["InsightStore::begin_run", "InsightStore::take_batch", "InsightStore::end_run",
        "InsightReads::runs", "InsightReads::unended"];
    a_dropped_unit_counts_nothing => ["InsightStore::add", "InsightStore::take_batch"];
    a_crowd_is_settled_and_its_salt_goes => ["InsightStore::join", "InsightReads::crowd", "InsightReads::crowd_size",
        "InsightStore::trim", "InsightStore::salt",
        "InsightStore::over", "InsightStore::settle", "InsightReads::settled"];
    refusals_are_found_by_trace_and_by_span => ["InsightStore::refused", "InsightReads::refusals"];
    a_region_is_that_of_the_home => ["InsightReads::region_of"];
    links_are_growth_and_retention => ["InsightReads::growth", "InsightReads::retention"];
    old_counts_go => ["InsightStore::purge"];
}

pub(crate) fn sample(seconds: i64, outcome: Outcome) -> Sample {
    Sample {
        at: at(seconds),
        function: 4,
        channel: Channel::H5,
        terminal: Terminal::Computer,
        outcome,
        micros: 1_000,
        person: None,
        refusal: None,
    }
}

fn run(name: &str) -> Run {
    Run {
        run: name.to_owned(),
        began_at: at(0),
        flushed_at: at(0),
        ended_at: None,
        lost: 0,
    }
}

fn slice(grain: Grain, by: By) -> Slice {
    Slice {
        grain,
        from: 0,
        to: i64::MAX / 2,
        function: None,
        channel: None,
        outcome: None,
        by,
    }
}

pub(crate) async fn add(t: &Bench, batch: &Batch) {
    t.write(async |tx| tx.insight().add("r", batch).await)
        .await
        .unwrap();
}

async fn sum(t: &Bench, slice: &Slice) -> Vec<(i64, i64)> {
    let rows = t.view().await.insight().rows(slice).await.unwrap();
    rows.into_iter().map(|row| (row.key, row.n)).collect()
}

async fn sums_add_up(t: Bench) {
    let mut batch = Batch::default();
    for _ in 0..3 {
        batch.add(&sample(0, Outcome::Done), "1504");
    }
    batch.add(&sample(7_200, Outcome::Refused), "");
    add(&t, &batch).await;
    add(&t, &batch).await;
    let day = day_number(at(0));
    assert_eq!(
        sum(&t, &slice(Grain::Day, By::Function)).await,
        [(4, 2), (4, 6)]
    );
    let hours = sum(&t, &slice(Grain::Hour, By::At)).await;
    assert_eq!(hours.iter().map(|(_, n)| n).collect::<Vec<_>>(), [&6, &2]);
    assert_eq!(hours[1].0 - hours[0].0, 2, "two hours apart");
    assert_eq!(
        sum(&t, &slice(Grain::Month, By::Outcome)).await,
        [(0, 6), (1, 2)]
    );
    let refused = Slice {
        outcome: Some(Outcome::Refused),
        ..slice(Grain::Day, By::At)
    };
    assert_eq!(sum(&t, &refused).await, [(day, 2)]);
    let which = Part {
        grain: Grain::Day,
        from: day,
        to: day,
        function: None,
        channel: None,
        outcome: Some(Outcome::Refused),
        regions: None,
    };
    let sides = t.view().await.insight().sides(&which).await.unwrap();
    assert_eq!(sides.functions, [(4, 2)].into());
    let no_sum = Slice {
        by: By::Function,
        ..refused
    };
    let found = t.view().await.insight().rows(&no_sum).await;
    assert!(matches!(found, Err(StoreError::Refused(_))), "{found:?}");
    let mini = Slice {
        channel: Some(Channel::Mini),
        ..slice(Grain::Day, By::Channel)
    };
    assert!(sum(&t, &mini).await.is_empty());
    let took = t.view().await.insight().latencies(day, day, Some(4)).await;
    assert_eq!(took.unwrap().iter().map(|(_, n)| n).sum::<i64>(), 8);
}

async fn absent_is_none(t: Bench) {
    let nobody: AccountId = t.id();
    let mut view = t.view().await;
    let all = slice(Grain::Day, By::At);
    assert!(view.insight().rows(&all).await.unwrap().is_empty());
    assert!(
        view.insight()
            .latencies(0, 9, None)
            .await
            .unwrap()
            .is_empty()
    );
    assert!(
        view.insight()
            .crowd(&crowd("all"), 9)
            .await
            .unwrap()
            .is_empty()
    );
    let settled = view.insight().settled(Period::Day, "all", "", "9").await;
    assert!(settled.unwrap().is_empty());
    let runs = view.insight().runs(at(0), at(9)).await.unwrap();
    assert_eq!(runs, Runs::default());
    let unended = view.insight().unended(at(0), at(9), 9).await;
    assert!(unended.unwrap().is_empty());
    let which = Which::Trace("0".into());
    assert!(view.insight().refusals(&which, 9).await.unwrap().is_empty());
    assert_eq!(view.insight().region_of(&nobody).await.unwrap(), NOWHERE);
    assert!(view.insight().growth(0, 30_000).await.unwrap().is_empty());
    assert!(view.insight().retention(0, at(9)).await.unwrap().is_empty());
    t.write(async |tx| {
        assert!(tx.insight().over(Period::Day, "9", 9).await?.is_empty());
        assert_eq!(tx.insight().purge(0, 0).await?, 0);
        Ok(())
    })
    .await
    .unwrap();
}

async fn a_batch_is_taken_once(t: Bench) {
    t.write(async |tx| {
        tx.insight().begin_run(&run("r")).await?;
        // The answer was lost.
        tx.insight().begin_run(&run("r")).await?;
        assert!(tx.insight().take_batch("r", 1, at(1)).await?);
        assert!(!tx.insight().take_batch("r", 1, at(2)).await?);
        assert!(
            !tx.insight().take_batch("r", 3, at(2)).await?,
            "none is left out"
        );
        assert!(tx.insight().take_batch("r", 2, at(3)).await?);
        assert!(!tx.insight().take_batch("another", 1, at(3)).await?);
        Ok(())
    })
    .await
    .unwrap();
    let found = t.view().await.insight().unended(at(0), at(9), 9).await;
    let found = found.unwrap();
    assert_eq!((found[0].flushed_at, found[0].next_began), (at(3), None));
    t.write(async |tx| tx.insight().end_run("r", at(4)).await)
        .await
        .unwrap();
    let found = t.view().await.insight().unended(at(0), at(9), 9).await;
    assert!(found.unwrap().is_empty(), "it said that it ended");
    let lost = Batch {
        lost: 3,
        ..Batch::default()
    };
    add(&t, &lost).await;
    let found = t.view().await.insight().runs(at(0), at(9)).await.unwrap();
    assert_eq!((found.flushed_at, found.lost), (Some(at(4)), 3));
}

async fn a_dropped_unit_counts_nothing(t: Bench) {
    let mut batch = Batch::default();
    batch.add(&sample(0, Outcome::Done), "");
    t.write(async |tx| tx.insight().begin_run(&run("r")).await)
        .await
        .unwrap();
    let dropped: Result<(), StoreError> = t
        .write(async |tx| {
            tx.insight().take_batch("r", 1, at(1)).await?;
            tx.insight().add("r", &batch).await?;
            Err(StoreError::Conflict)
        })
        .await;
    assert!(dropped.is_err());
    assert!(sum(&t, &slice(Grain::Day, By::At)).await.is_empty());
    let again = t.write(async |tx| tx.insight().take_batch("r", 1, at(1)).await);
    assert!(again.await.unwrap(), "the batch is still to be taken");
}

fn crowd(cell: &str) -> Crowd {
    Crowd {
        period: Period::Day,
        begins: "2026-11-20".to_owned(),
        cell: cell.to_owned(),
    }
}

async fn a_crowd_is_settled_and_its_salt_goes(t: Bench) {
    let all = crowd("all");
    let (first, second) = ([1_u8; 16], [2_u8; 16]);
    t.write(async |tx| {
        let salt = tx.insight().salt(Period::Day, &all.begins, &first).await?;
        assert_eq!(salt.as_slice(), first);
        let same = tx.insight().salt(Period::Day, &all.begins, &second).await?;
        assert_eq!(same.as_slice(), first, "one salt a period");
        tx.insight().join(&all, &[30, 10, 20]).await?;
        tx.insight().join(&all, &[10, 5]).await
    })
    .await
    .unwrap();
    let sealed = t.text("SELECT salt FROM access_salt").await;
    assert!(!sealed.contains("0101010101"), "{sealed}");
    let mut view = t.view().await;
    assert_eq!(view.insight().crowd(&all, 3).await.unwrap(), [5, 10, 20]);
    for (limit, size) in [(3, (3, 20)), (9, (4, 30))] {
        assert_eq!(view.insight().crowd_size(&all, limit).await.unwrap(), size);
    }
    let nobody = view.insight().crowd_size(&crowd("group:pay"), 9).await;
    assert_eq!(nobody.unwrap(), (0, 0));
    t.write(async |tx| tx.insight().trim(&all, 20).await)
        .await
        .unwrap();
    let mut view = t.view().await;
    assert_eq!(view.insight().crowd(&all, 9).await.unwrap(), [5, 10, 20]);
    t.write(async |tx| {
        assert!(
            tx.insight()
                .over(Period::Day, "2026-11-20", 9)
                .await?
                .is_empty()
        );
        assert_eq!(
            tx.insight().over(Period::Day, "2026-11-21", 9).await?,
            std::slice::from_ref(&all)
        );
        tx.insight().settle(&all, 4).await
    })
    .await
    .unwrap();
    let mut view = t.view().await;
    assert!(view.insight().crowd(&all, 9).await.unwrap().is_empty());
    let kept = view
        .insight()
        .settled(Period::Day, "all", "2026-11-01", "2026-11-30")
        .await;
    assert_eq!(kept.unwrap(), [("2026-11-20".to_owned(), 4)]);
    assert_eq!(
        t.text("SELECT CAST(COUNT(*) AS TEXT) FROM access_salt")
            .await,
        "0"
    );
}

async fn refusals_are_found_by_trace_and_by_span(t: Bench) {
    let refusal = Refusal {
        trace: 0xabc,
        status: 409,
        code: "NOTHING_DUE",
    };
    let refused = [Refused::of(&sample(5, Outcome::Refused), refusal, "1504")];
    t.write(async |tx| tx.insight().refused(&refused).await)
        .await
        .unwrap();
    let trace = format!("{:032x}", 0xabc);
    let mut view = t.view().await;
    let found = view
        .insight()
        .refusals(&Which::Trace(trace.clone()), 9)
        .await
        .unwrap();
    assert_eq!(found, refused);
    let within = |function, to| Which::Within {
        function,
        channel: None,
        outcome: None,
        code: None,
        regions: None,
        from: at(0),
        to: at(to),
        behind: None,
    };
    let as_well = |channel, outcome, code: Option<&str>| Which::Within {
        function: Some(4),
        channel,
        outcome,
        code: code.map(str::to_owned),
        regions: None,
        from: at(0),
        to: at(6),
        behind: None,
    };
    let behind = |trace: String| Which::Within {
        function: None,
        channel: None,
        outcome: None,
        code: None,
        regions: None,
        from: at(0),
        to: at(6),
        behind: Some((at(5), trace)),
    };
    let of = |regions: &[&str]| Which::Within {
        function: None,
        channel: None,
        outcome: None,
        code: None,
        regions: Some(regions.iter().map(|one| (*one).to_owned()).collect()),
        from: at(0),
        to: at(6),
        behind: None,
    };
    for (which, n) in [
        (of(&["1504"]), 1),
        (of(&["1503", "1504"]), 1),
        (of(&["1505", "150", "-"]), 0),
        (of(&[]), 0),
        (behind("f".repeat(32)), 1),
        (behind(trace.clone()), 0),
        (within(None, 6), 1),
        (within(None, 5), 0),
        (within(Some(4), 6), 1),
        (within(Some(5), 6), 0),
        (as_well(Some(Channel::H5), None, None), 1),
        (as_well(Some(Channel::Mini), None, None), 0),
        (as_well(None, Some(Outcome::Refused), None), 1),
        (as_well(None, Some(Outcome::Limited), None), 0),
        (as_well(None, Some(Outcome::Failed), None), 0),
        (as_well(None, None, Some("NOTHING_DUE")), 1),
        (as_well(None, None, Some("NOTHING")), 0),
    ] {
        assert_eq!(
            view.insight().refusals(&which, 9).await.unwrap().len(),
            n,
            "{which:?}"
        );
    }
}

async fn a_region_is_that_of_the_home(t: Bench) {
    let home = household(&t).await;
    let region = t
        .view()
        .await
        .insight()
        .region_of(&home.person.account_id)
        .await;
    assert_eq!(region.unwrap(), HOME.chars().take(4).collect::<String>());
}

async fn links_are_growth_and_retention(t: Bench) {
    let home = household(&t).await;
    let began = home.link.created_at;
    let mut view = t.view().await;
    let day = day_number(began);
    let days = view.insight().growth(day - 1, day + 1).await.unwrap();
    assert!(days[0].began >= 1, "{days:?}");
    assert_eq!(days[0].day, day);
    let kept = view
        .insight()
        .retention(day - 1, began.plus_seconds(1))
        .await;
    let kept = kept.unwrap();
    // Of two who linked, one was barred since.
    let told: Vec<_> = kept.iter().map(|one| (one.first, one.still)).collect();
    assert_eq!(told, [(2, 1)]);
}

async fn old_counts_go(t: Bench) {
    let mut batch = Batch::default();
    batch.add(&sample(0, Outcome::Done), "");
    add(&t, &batch).await;
    let day = day_number(at(0));
    t.write(async |tx| tx.insight().purge(day + 1, day).await)
        .await
        .unwrap();
    assert!(sum(&t, &slice(Grain::Hour, By::At)).await.is_empty());
    assert_eq!(sum(&t, &slice(Grain::Day, By::At)).await, [(day, 1)]);
    t.write(async |tx| tx.insight().purge(day + 1, day + 32).await)
        .await
        .unwrap();
    assert!(sum(&t, &slice(Grain::Day, By::At)).await.is_empty());
    assert!(sum(&t, &slice(Grain::Month, By::At)).await.is_empty());
}

pub(crate) async fn salted(t: &Bench) {
    t.write(async |tx| {
        tx.insight()
            .salt(Period::Day, "2026-11-20", &[7; 16])
            .await
            .map(drop)
    })
    .await
    .unwrap();
}
