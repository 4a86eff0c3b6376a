//! The purge and the erasure as their tasks do them: what cannot be done keeps nothing else from it.

use std::sync::Arc;

use lifeline_core::audit::Line;
use lifeline_core::insight::batch::Crowd;
use lifeline_core::insight::people::{Period, day_number};
use lifeline_core::privacy::erasure::AGAIN_S;
use lifeline_core::privacy::export::{EXPORT, Link};
use lifeline_core::privacy::{Erase, Privacy};

use crate::bench::{Bench, Counting, Watch, at};
use crate::bindings::{HOME, account, li, linked};
use crate::contracts;
use crate::privacy::{ask, wish};
use crate::sessions::secret;

contracts! { "purging":
    a_table_that_cannot_be_purged_keeps_no_other => ["PrivacyReads::purged_tables", "PrivacyStore::purge"];
    wishes_that_cannot_be_done_keep_nobody_elses_from_it => [];
    hours_of_the_brake_go_after_ninety_days => ["PrivacyStore::purge"];
    old_counts_of_people_go => ["InsightStore::purge"];
}

const DAY: i64 = 86_400;

fn privacy(t: &Bench, watch: &Watch) -> Privacy {
    let clock = Arc::new(watch.clone());
    Privacy::new(t.store.clone(), clock, Arc::new(Counting::default()))
}

/// Tables before it and behind it have their turn, and the task says that one had none.
async fn a_table_that_cannot_be_purged_keeps_no_other(t: Bench) {
    let somebody = account(&t, "somebody").await;
    let link = Link {
        account_id: somebody.clone(),
        document: EXPORT,
        made_at: at(0),
        expires_at: at(0),
    };
    let term = 1096 * DAY;
    let line = |id: &str, at_s| Line {
        audit_id: id.into(),
        at: at(at_s),
        actor: "account:x".into(),
        act: "a".into(),
        subject: "s".into(),
        outcome: "ok".into(),
        source: String::new(),
        trace_id: String::new(),
    };
    t.write(async |tx| {
        tx.privacy().add_link(&secret("x"), &link).await?;
        tx.audit().append(&line("old", 0)).await?;
        tx.audit().append(&line("new", term + 1)).await
    })
    .await
    .unwrap();
    let privacy = privacy(&t, &Watch::new());
    t.raw("ALTER TABLE text_report RENAME TO text_report_away")
        .await
        .unwrap();
    let purged = privacy.purge(at(term + 1)).await;
    assert!(purged.is_err(), "{purged:?}");
    let links = "SELECT CAST(COUNT(*) AS TEXT) FROM document_link";
    assert_eq!(t.text(links).await, "0", "before the one that failed");
    let oldest = "SELECT MIN(audit_id) FROM audit_line";
    assert_eq!(t.text(oldest).await, "new", "behind it");
    t.raw("ALTER TABLE text_report_away RENAME TO text_report")
        .await
        .unwrap();
    assert_eq!(
        privacy.purge(at(term + 1)).await.unwrap(),
        0,
        "nothing is left"
    );
}

/// A page of wishes of people with a home that does not open, and behind them somebody without one.
async fn wishes_that_cannot_be_done_keep_nobody_elses_from_it(t: Bench) {
    const STUCK: i64 = 20;
    for nth in 0..STUCK {
        let link = linked(&t, &format!("stuck-{nth}"), HOME, &li()).await;
        ask(&t, &wish(&t, &link.account_id, nth)).await.unwrap();
    }
    t.raw("UPDATE binding SET consumer_no = 'unreadable'")
        .await
        .unwrap();
    let free = account(&t, "free").await;
    ask(&t, &wish(&t, &free, STUCK)).await.unwrap();
    let watch = Watch::new();
    watch.set(DAY);
    let erase = Erase(privacy(&t, &watch));
    let failed = erase.run_due().await;
    assert!(failed.is_err(), "the task tells of it: {failed:?}");
    let state = format!("SELECT state FROM erasure WHERE account_id = '{free}'");
    assert_eq!(t.text(&state).await, "done");
    let due = async |now_s| {
        let mut view = t.view().await;
        let due = view.privacy().due_erasures(at(now_s), 99).await.unwrap();
        due.len()
    };
    assert_eq!(due(DAY + AGAIN_S - 1).await, 0);
    assert_eq!(due(DAY + AGAIN_S).await, 20, "put off, not forgotten");
}

async fn hours_of_the_brake_go_after_ninety_days(t: Bench) {
    let (first, second) = (at(0).micros(), at(3_600).micros());
    t.raw(&format!(
        "INSERT INTO refund_brake (hour_at, sent_count, sent_fen) VALUES ({first}, 1, 100), ({second}, 1, 100)"
    ))
    .await
    .unwrap();
    let privacy = privacy(&t, &Watch::new());
    assert_eq!(privacy.purge(at(90 * DAY)).await.unwrap(), 0);
    assert_eq!(privacy.purge(at(90 * DAY + 1)).await.unwrap(), 1);
    let left = "SELECT CAST(MIN(hour_at) AS TEXT) FROM refund_brake";
    assert_eq!(t.text(left).await, second.to_string());
}

/// The period of the day before which everything goes stays whole, of each kind.
async fn old_counts_of_people_go(t: Bench) {
    for (period, begins) in [
        (Period::Day, "2026-11-19"),
        (Period::Day, "2026-11-20"),
        (Period::Week, "2026-11-09"),
        (Period::Week, "2026-11-16"),
        (Period::Month, "2026-10"),
        (Period::Month, "2026-11"),
    ] {
        let over = Crowd {
            period,
            begins: begins.to_owned(),
            cell: "all".to_owned(),
        };
        t.write(async |tx| tx.insight().settle(&over, 7).await)
            .await
            .unwrap();
    }
    let day = day_number(at(0));
    let gone = t.write(async |tx| tx.insight().purge(day, day).await).await;
    assert_eq!(gone.unwrap(), 3);
    for (period, begins) in [
        (Period::Day, "2026-11-20"),
        (Period::Week, "2026-11-16"),
        (Period::Month, "2026-11"),
    ] {
        let mut view = t.view().await;
        let left = view.insight().settled(period, "all", "", "9").await;
        assert_eq!(left.unwrap(), [(begins.to_owned(), 7)]);
    }
}
