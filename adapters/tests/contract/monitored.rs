//! What is monitored beside requests: kinds of terminals by day, and how the data of electricity use stands.

use lifeline_core::accounts::Terminal;
use lifeline_core::billing::ports::FigureKind;
use lifeline_core::cases::{Case, CaseKind};
use lifeline_core::insight::batch::Batch;
use lifeline_core::insight::data::{DataStanding, Found};
use lifeline_core::insight::people::day_number;
use lifeline_core::insight::terminals::TerminalDay;
use lifeline_core::insight::{Outcome, Sample};
use lifeline_core::shared::ids::CaseId;
use lifeline_core::shared::time::Time;

use crate::bench::{Bench, at};
use crate::bindings::{HOME, li, linked, number};
use crate::{billing, contracts, insight};

contracts! { "monitored":
    kinds_of_terminals_are_counted_by_day_and_outcome => ["InsightReads::terminals", "InsightStore::add", "InsightStore::purge"];
    data_is_fresh_stale_or_absent_and_what_is_doubted_is_counted => ["InsightReads::data"];
}

async fn kinds_of_terminals_are_counted_by_day_and_outcome(t: Bench) {
    let day = day_number(at(0));
    assert!(
        t.view()
            .await
            .insight()
            .terminals(0, day)
            .await
            .unwrap()
            .is_empty()
    );
    let mut batch = Batch::default();
    for outcome in [Outcome::Done, Outcome::Done, Outcome::Failed] {
        batch.add(&insight::sample(0, outcome), "1504");
    }
    let desk = Sample {
        terminal: Terminal::Desk,
        ..insight::sample(86_400, Outcome::Limited)
    };
    batch.add(&desk, "1505");
    insight::add(&t, &batch).await;
    insight::add(&t, &batch).await;
    let told = |day, terminal, outcome, n| TerminalDay {
        day,
        terminal,
        outcome,
        n,
    };
    let mut view = t.view().await;
    let first = view.insight().terminals(day, day).await.unwrap();
    let (done, failed) = (Outcome::Done, Outcome::Failed);
    assert_eq!(
        first,
        [
            told(day, Terminal::Computer, done, 4),
            told(day, Terminal::Computer, failed, 2),
        ]
    );
    drop(view);
    t.write(async |tx| tx.insight().purge(day + 1, day + 1).await)
        .await
        .unwrap();
    let left = t.view().await.insight().terminals(0, day + 9).await;
    assert_eq!(
        left.unwrap(),
        [told(day + 1, Terminal::Desk, Outcome::Limited, 2)]
    );
}

async fn case(t: &Bench, kind: CaseKind, cause: &str, opened_at: Time, open: bool) -> CaseId {
    let case = Case {
        case_id: t.id(),
        kind,
        cause: cause.into(),
        subject: "s".into(),
        facts: "{}".into(),
        opened_at,
        trace_id: "trace".into(),
        closed_at: (!open).then_some(opened_at),
    };
    t.write(async |tx| tx.cases().open(&case).await)
        .await
        .unwrap();
    case.case_id
}

async fn data_is_fresh_stale_or_absent_and_what_is_doubted_is_counted(t: Bench) {
    let (day_ago, month_ago) = (at(0), at(-86_400));
    let nothing = t.view().await.insight().data(day_ago, month_ago).await;
    assert_eq!(nothing.unwrap(), DataStanding::default());
    // Four homes. What is due: one copy of today, one of yesterday, one from before money moved, and one is not kept.
    let homes = [HOME, "1504010020025", "1504010020033", "1504010020041"];
    for (n, home) in homes.into_iter().enumerate() {
        linked(&t, &format!("p{n}"), home, &li()).await;
    }
    linked(&t, "another", HOME, &li()).await;
    for (home, asked_s) in [(homes[0], 1), (homes[1], -1), (homes[2], 1)] {
        let key = billing::key(home, 3, FigureKind::Arrears);
        assert!(billing::keep(&t, &key, "{}", asked_s).await);
    }
    let bills = billing::key(homes[3], 3, FigureKind::Bills);
    assert!(billing::keep(&t, &bills, "{}", 1).await);
    let moved = number(homes[2]);
    t.write(async |tx| tx.billing().outdate(&moved, at(2)).await)
        .await
        .unwrap();
    let flagged = case(&t, CaseKind::BillFlagged, "b1", at(0), true).await;
    case(&t, CaseKind::BillFlagged, "b2", at(-90_000), true).await;
    case(&t, CaseKind::BillFlagged, "b3", at(0), false).await;
    case(&t, CaseKind::ReadingRefused, "r1", at(-90_000), false).await;
    case(&t, CaseKind::ReadingRefused, "r2", at(5), false).await;
    case(&t, CaseKind::DeadLetter, "d1", at(5), true).await;
    let held = number(HOME);
    t.write(async |tx| tx.billing().hold(&held, &flagged, at(1)).await)
        .await
        .unwrap();
    let told = t.view().await.insight().data(day_ago, month_ago).await;
    assert_eq!(
        told.unwrap(),
        DataStanding {
            homes: 4,
            fresh: 1,
            known: 3,
            held: 1,
            flagged: Found { open: 2, lately: 2 },
            refused: Found { open: 0, lately: 1 },
        }
    );
}
