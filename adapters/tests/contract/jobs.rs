//! Timed tasks: one runner at a time, an old runner may not write.

use std::sync::Arc;

use lifeline_core::jobs::Job;
use lifeline_core::jobs::nodes::{Node, Nodes};
use lifeline_core::shared::ids::EvidenceId;
use tokio::task::JoinSet;

use crate::bench::{Bench, Watch, at};
use crate::contracts;

contracts! { "jobs":
    a_task_is_hastened_and_never_put_off => ["JobStore::hasten"];
    round_trip => ["JobStore::ensure", "JobReads::list"];
    ensure_again_keeps_the_turn => ["JobStore::ensure"];
    only_due_jobs_are_claimed => ["JobStore::claim"];
    absent_is_none => ["JobStore::claim", "JobStore::finish", "JobReads::list"];
    lease_keeps_others_out_until_it_ends => ["JobStore::claim"];
    a_lease_that_is_renewed_keeps_others_out_for_longer => ["JobStore::renew"];
    finish_records_and_frees => ["JobStore::finish"];
    stale_epoch_writes_nothing => ["JobStore::finish"];
    dropped_unit_leaves_it_due => ["JobStore::claim", "JobStore::ensure"];
    one_of_many_runners => ["JobStore::claim"];
    a_turn_names_its_line_of_the_evidence => ["JobStore::prove"];
    a_run_that_ended_stays_ended_and_the_others_are_heard_of => ["JobStore::note_node", "JobStore::end_node",
        "JobReads::nodes"];
    ln_39_runs_of_which_nothing_is_heard_are_taken_away => ["JobStore::forget_nodes"];
    a_store_that_answers_and_keeps_nothing_is_noticed => ["JobStore::note_node"];
}

async fn ensure(t: &Bench, name: &str, every_s: i64, next: i64) {
    t.write(async |tx| tx.jobs().ensure(name, every_s, at(next)).await)
        .await
        .unwrap();
}

async fn claim(t: &Bench, name: &str, seconds: i64) -> Option<Job> {
    t.write(async |tx| tx.jobs().claim(name, at(seconds), at(seconds + 30)).await)
        .await
        .unwrap()
}

async fn list(t: &Bench) -> Vec<Job> {
    t.view().await.jobs().list().await.unwrap()
}

fn job(name: &str) -> Job {
    Job {
        name: name.into(),
        every_s: 60,
        next_at: at(0),
        last_at: None,
        last_outcome: None,
        last_evidence: None,
        lease_epoch: 0,
    }
}

async fn round_trip(t: Bench) {
    ensure(&t, "sweep", 60, 0).await;
    ensure(&t, "drain", 60, 0).await;
    assert_eq!(list(&t).await, [job("drain"), job("sweep")]);
    let inside = t.write(async |tx| tx.jobs().list().await).await.unwrap();
    assert_eq!(inside, list(&t).await);
}

async fn ensure_again_keeps_the_turn(t: Bench) {
    ensure(&t, "sweep", 60, 0).await;
    ensure(&t, "sweep", 300, 500).await;
    assert_eq!(
        list(&t).await,
        [Job {
            every_s: 300,
            ..job("sweep")
        }]
    );
}

async fn only_due_jobs_are_claimed(t: Bench) {
    ensure(&t, "sweep", 60, 10).await;
    assert_eq!(claim(&t, "sweep", 9).await, None);
    let claimed = claim(&t, "sweep", 10).await.unwrap();
    assert_eq!(
        claimed,
        Job {
            next_at: at(10),
            lease_epoch: 1,
            ..job("sweep")
        }
    );
}

async fn absent_is_none(t: Bench) {
    assert!(list(&t).await.is_empty());
    assert_eq!(claim(&t, "nothing", 0).await, None);
    let finished = t
        .write(async |tx| tx.jobs().finish("nothing", 1, at(0), at(60), "ok").await)
        .await;
    assert!(!finished.unwrap());
}

async fn lease_keeps_others_out_until_it_ends(t: Bench) {
    ensure(&t, "sweep", 60, 0).await;
    assert!(claim(&t, "sweep", 0).await.is_some());
    assert_eq!(claim(&t, "sweep", 29).await, None);
    assert_eq!(claim(&t, "sweep", 30).await.unwrap().lease_epoch, 2);
}

async fn a_lease_that_is_renewed_keeps_others_out_for_longer(t: Bench) {
    ensure(&t, "sweep", 60, 0).await;
    let renew = async |name: &str, epoch: i64, until: i64| {
        t.write(async |tx| tx.jobs().renew(name, epoch, at(until)).await)
            .await
            .unwrap()
    };
    assert!(!renew("nothing", 0, 60).await);
    assert!(!renew("sweep", 0, 60).await, "nobody has it");
    assert_eq!(claim(&t, "sweep", 0).await.unwrap().lease_epoch, 1);
    assert!(renew("sweep", 1, 59).await);
    assert_eq!(claim(&t, "sweep", 58).await, None);
    assert_eq!(claim(&t, "sweep", 59).await.unwrap().lease_epoch, 2);
    assert!(!renew("sweep", 1, 300).await, "another has it");
    assert!(renew("sweep", 2, 120).await);
    let ended = t.write(async |tx| tx.jobs().finish("sweep", 2, at(90), at(60), "ok").await);
    assert!(ended.await.unwrap());
    assert!(!renew("sweep", 2, 300).await, "it has ended");
}

async fn finish_records_and_frees(t: Bench) {
    ensure(&t, "sweep", 60, 0).await;
    claim(&t, "sweep", 0).await;
    t.write(async |tx| {
        assert!(tx.jobs().finish("sweep", 1, at(5), at(60), "ok").await?);
        assert!(!tx.jobs().finish("sweep", 1, at(6), at(90), "twice").await?);
        Ok(())
    })
    .await
    .unwrap();
    let ended = Job {
        next_at: at(60),
        last_at: Some(at(5)),
        last_outcome: Some("ok".into()),
        lease_epoch: 1,
        ..job("sweep")
    };
    assert_eq!(list(&t).await, [ended]);
    assert_eq!(claim(&t, "sweep", 59).await, None);
    assert!(claim(&t, "sweep", 60).await.is_some());
}

async fn a_turn_names_its_line_of_the_evidence(t: Bench) {
    ensure(&t, "sweep", 60, 0).await;
    let line: EvidenceId = t.id();
    t.write(async |tx| tx.jobs().prove("sweep", &line).await)
        .await
        .unwrap();
    t.write(async |tx| tx.jobs().prove("nothing", &line).await)
        .await
        .unwrap();
    let proven = Job {
        last_evidence: Some(line),
        ..job("sweep")
    };
    assert_eq!(list(&t).await, [proven]);
}

async fn stale_epoch_writes_nothing(t: Bench) {
    ensure(&t, "sweep", 60, 0).await;
    claim(&t, "sweep", 0).await;
    claim(&t, "sweep", 30).await;
    t.write(async |tx| {
        assert!(!tx.jobs().finish("sweep", 1, at(31), at(60), "late").await?);
        assert!(tx.jobs().finish("sweep", 2, at(31), at(60), "ok").await?);
        Ok(())
    })
    .await
    .unwrap();
}

async fn dropped_unit_leaves_it_due(t: Bench) {
    t.write_and_drop(async |tx| tx.jobs().ensure("sweep", 60, at(0)).await)
        .await;
    assert!(list(&t).await.is_empty());
    ensure(&t, "sweep", 60, 0).await;
    t.write_and_drop(async |tx| {
        assert!(tx.jobs().claim("sweep", at(0), at(30)).await?.is_some());
        Ok(())
    })
    .await;
    assert_eq!(claim(&t, "sweep", 0).await.unwrap().lease_epoch, 1);
}

async fn one_of_many_runners(t: Bench) {
    ensure(&t, "sweep", 60, 0).await;
    let mut runners = JoinSet::new();
    for _ in 0..16 {
        let t = t.clone();
        runners.spawn(async move { claim(&t, "sweep", 0).await });
    }
    let won: Vec<Job> = runners.join_all().await.into_iter().flatten().collect();
    assert_eq!(won.len(), 1);
}

async fn a_task_is_hastened_and_never_put_off(t: Bench) {
    let hasten = async |name: &str, seconds: i64| {
        t.write(async |tx| tx.jobs().hasten(name, at(seconds)).await)
            .await
            .unwrap()
    };
    assert!(!hasten("no.such", 1).await);
    t.write(async |tx| tx.jobs().ensure("a", 3_600, at(100)).await)
        .await
        .unwrap();
    let next = async || t.view().await.jobs().list().await.unwrap()[0].next_at;
    assert!(hasten("a", 10).await);
    assert_eq!(next().await, at(10));
    assert!(hasten("a", 50).await);
    assert_eq!(next().await, at(10), "it comes sooner already");
}

fn node(run: &str, seen: i64) -> Node {
    Node {
        run: run.to_owned(),
        name: "north".to_owned(),
        version: "1.2.3".to_owned(),
        began_at: at(0),
        seen_at: at(seen),
        left_at: None,
    }
}

async fn note(t: &Bench, run: &str, seen: i64) {
    let node = node(run, seen);
    t.write(async |tx| tx.jobs().note_node(&node).await)
        .await
        .unwrap();
}

async fn a_run_that_ended_stays_ended_and_the_others_are_heard_of(t: Bench) {
    for (run, seen) in [("a", 10), ("b", 20), ("a", 30), ("c", 25)] {
        note(&t, run, seen).await;
    }
    let nodes = async |limit| t.view().await.jobs().nodes(limit).await.unwrap();
    assert_eq!(
        nodes(3).await,
        [node("a", 30), node("c", 25), node("b", 20)]
    );
    assert_eq!(nodes(2).await.len(), 2);
    let end = async |run: &str, seconds: i64| {
        t.write(async |tx| tx.jobs().end_node(run, at(seconds)).await)
            .await
            .unwrap();
    };
    end("b", 40).await;
    end("b", 50).await;
    end("nobody", 50).await;
    // A word that was on its way when it ended.
    note(&t, "b", 60).await;
    let ended = Node {
        left_at: Some(at(40)),
        ..node("b", 40)
    };
    assert_eq!(nodes(3).await[0], ended);
}

async fn ln_39_runs_of_which_nothing_is_heard_are_taken_away(t: Bench) {
    for (run, seen) in [("a", 10), ("b", 20), ("c", 30)] {
        note(&t, run, seen).await;
    }
    let forget = async |before: i64, limit: i64| {
        t.write(async |tx| tx.jobs().forget_nodes(at(before), limit).await)
            .await
            .unwrap()
    };
    assert_eq!(forget(10, 9).await, 0, "what is as old as that stays");
    assert_eq!(forget(21, 1).await, 1);
    assert_eq!(forget(21, 9).await, 1);
    let left = t.view().await.jobs().nodes(9).await.unwrap();
    assert_eq!(left, [node("c", 30)]);
}

/// What is read comes, what is written does not: the process knows after a minute, and not before.
async fn a_store_that_answers_and_keeps_nothing_is_noticed(t: Bench) {
    let watch = Watch::new();
    watch.set(0);
    let (run, store) = ("run-1".to_owned(), t.store.clone());
    let nodes = Nodes::new(store, Arc::new(watch.clone()), run, "north", "1.2.3");
    assert!(!nodes.commits_come(), "nothing was kept yet");
    assert!(nodes.beat().await.unwrap());
    t.store.try_commit().await.unwrap();
    t.raw("ALTER TABLE node RENAME TO node_away").await.unwrap();
    for second in [15, 30, 45, 60] {
        watch.set(second);
        assert!(nodes.beat().await.is_err());
        t.store.ping().await.unwrap();
        assert!(nodes.commits_come(), "{second}");
    }
    watch.set(61);
    assert!(!nodes.commits_come());
    t.raw("ALTER TABLE node_away RENAME TO node").await.unwrap();
    watch.set(75);
    assert!(nodes.beat().await.unwrap());
    assert!(nodes.commits_come());
    watch.set(-3_600);
    assert!(!nodes.commits_come(), "the clock was set back");
    assert!(nodes.beat().await.unwrap());
    assert!(nodes.commits_come());
    t.raw("ALTER TABLE instance RENAME TO instance_away")
        .await
        .unwrap();
    assert!(t.store.try_commit().await.is_err());
    t.raw("ALTER TABLE instance_away RENAME TO instance")
        .await
        .unwrap();
    t.store.try_commit().await.unwrap();
}
