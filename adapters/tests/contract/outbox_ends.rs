//! Outbox rows that have ended: what is left of them, and until when.

use lifeline_core::cases::{Case, CaseKind};
use lifeline_core::outbox::Event;

use crate::bench::{Bench, at};
use crate::contracts;
use crate::outbox::{add, claim, event};

contracts! { "outbox_ends":
    dead_row_keeps_its_body_only_when_it_is_about_money => ["OutboxStore::bury"];
    purge_takes_old_ended_rows_only => ["OutboxStore::purge"];
    purge_leaves_a_dead_row_until_its_case_is_closed => ["OutboxStore::purge"];
}

async fn dead_row_keeps_its_body_only_when_it_is_about_money(t: Bench) {
    let money = event(&t, "a");
    let quiet = Event {
        money: false,
        ..event(&t, "b")
    };
    for event in [&money, &quiet] {
        add(&t, event).await;
    }
    claim(&t, 0, 10).await;
    for id in [&money.event_id, &quiet.event_id] {
        let buried = t
            .write(async |tx| tx.outbox().bury(id, 1, at(1), "refused").await)
            .await;
        assert!(buried.unwrap());
    }
    let body = async |money: i64| {
        t.text(&format!("SELECT body FROM outbox WHERE money = {money}"))
            .await
    };
    assert!(body(1).await.starts_with("a1:"));
    assert_eq!(body(0).await, "");
}

async fn purge(t: &Bench, before: i64, limit: i64) -> i64 {
    t.write(async |tx| tx.outbox().purge(at(before), limit).await)
        .await
        .unwrap()
}

async fn left(t: &Bench) -> String {
    t.text("SELECT CAST(COUNT(*) AS TEXT) FROM outbox").await
}

/// Those done go first, then the dead; the limit is for both together.
async fn purge_takes_old_ended_rows_only(t: Bench) {
    let events: Vec<Event> = (0..5).map(|n| event(&t, &format!("k{n}"))).collect();
    for event in &events {
        add(&t, event).await;
    }
    claim(&t, 0, 4).await;
    let [old, older, young, dead, _waiting] = events.as_slice() else {
        panic!("five events")
    };
    t.write(async |tx| {
        for (event, second) in [(old, 20), (older, 10), (young, 30)] {
            assert!(tx.outbox().done(&event.event_id, 1, at(second)).await?);
        }
        assert!(
            tx.outbox()
                .bury(&dead.event_id, 1, at(35), "refused")
                .await?
        );
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!(purge(&t, 10, 10).await, 0);
    assert_eq!(purge(&t, 30, 1).await, 1);
    assert_eq!(t.text("SELECT event_id FROM outbox WHERE ended_at = (SELECT MIN(ended_at) FROM outbox WHERE state = 'done')").await, old.event_id.as_str());
    assert_eq!(purge(&t, 30, 10).await, 1);
    assert_eq!(purge(&t, 30, 10).await, 0);
    assert_eq!(
        purge(&t, 35, 10).await,
        1,
        "the young one; the dead is not old"
    );
    assert_eq!(purge(&t, 99_999_999, 0).await, 0);
    assert_eq!(purge(&t, 99_999_999, 10).await, 1, "the dead one");
    assert_eq!(left(&t).await, "1", "what waits stays");
}

async fn purge_leaves_a_dead_row_until_its_case_is_closed(t: Bench) {
    let (open, decided, quiet) = (event(&t, "a"), event(&t, "b"), event(&t, "c"));
    let case = |event: &Event| Case {
        case_id: t.id(),
        kind: CaseKind::DeadLetter,
        cause: format!("outbox:{}", event.event_id),
        subject: event.ordering_key.clone(),
        facts: "{}".into(),
        opened_at: at(5),
        trace_id: "trace-1".into(),
        closed_at: None,
    };
    let (open_case, decided_case) = (case(&open), case(&decided));
    for event in [&open, &decided, &quiet] {
        add(&t, event).await;
    }
    claim(&t, 0, 10).await;
    t.write(async |tx| {
        for event in [&open, &decided, &quiet] {
            assert!(
                tx.outbox()
                    .bury(&event.event_id, 1, at(5), "refused")
                    .await?
            );
        }
        tx.cases().open(&open_case).await?;
        tx.cases().open(&decided_case).await?;
        tx.cases().close(&decided_case.case_id, at(6)).await
    })
    .await
    .unwrap();
    assert_eq!(purge(&t, 5, 10).await, 0);
    assert_eq!(purge(&t, 6, 1).await, 1, "no more than the limit");
    assert_eq!(purge(&t, 6, 10).await, 1);
    assert_eq!(purge(&t, 99_999_999, 10).await, 0);
    let kept = t.text("SELECT event_id FROM outbox").await;
    assert_eq!(kept, open.event_id.as_str(), "its case is open");
    t.write(async |tx| tx.cases().close(&open_case.case_id, at(7)).await)
        .await
        .unwrap();
    assert_eq!(purge(&t, 6, 10).await, 1);
    assert_eq!(left(&t).await, "0");
}
