//! The audit: appended with the act, newest first, unchangeable.

use lifeline_core::audit::Line;
use lifeline_core::shared::ids::EvidenceId;
use lifeline_core::store::StoreError;

use crate::bench::{Bench, at};
use crate::contracts;

contracts! { "audit":
    newest_first_about_one_subject => ["AuditLog::append", "AuditLog::about"];
    absent_is_empty => ["AuditLog::about"];
    a_line_is_written_once => ["AuditLog::append"];
    dropped_unit_leaves_no_line => ["AuditLog::append"];
    rows_cannot_be_changed_by_raw_sql => ["AuditLog::append"];
}

fn line(t: &Bench, subject: &str, seconds: i64) -> Line {
    Line {
        audit_id: t.id::<EvidenceId>().to_string(),
        at: at(seconds),
        actor: "account:1".into(),
        act: "payments.create".into(),
        subject: subject.into(),
        outcome: "ok".into(),
        source: "192.0.2.1".into(),
        trace_id: "trace-1".into(),
    }
}

async fn append(t: &Bench, line: &Line) -> Result<(), StoreError> {
    t.write(async |tx| tx.audit().append(line).await).await
}

async fn about(t: &Bench, subject: &str, limit: i64) -> Vec<Line> {
    t.write(async |tx| tx.audit().about(subject, limit).await)
        .await
        .unwrap()
}

async fn newest_first_about_one_subject(t: Bench) {
    let lines = [
        line(&t, "P1", 1),
        line(&t, "P1", 3),
        line(&t, "P1", 2),
        line(&t, "P2", 9),
    ];
    for line in &lines {
        append(&t, line).await.unwrap();
    }
    let [one, three, two, _] = lines;
    assert_eq!(about(&t, "P1", 10).await, [three.clone(), two.clone(), one]);
    assert_eq!(about(&t, "P1", 2).await, [three, two]);
}

async fn absent_is_empty(t: Bench) {
    assert!(about(&t, "P1", 10).await.is_empty());
}

async fn a_line_is_written_once(t: Bench) {
    let line = line(&t, "P1", 1);
    append(&t, &line).await.unwrap();
    let again = append(&t, &line).await;
    assert!(
        matches!(&again, Err(StoreError::Duplicate(n)) if n == "audit_line(audit_id)"),
        "{again:?}"
    );
}

async fn dropped_unit_leaves_no_line(t: Bench) {
    let line = line(&t, "P1", 1);
    t.write_and_drop(async |tx| tx.audit().append(&line).await)
        .await;
    assert!(about(&t, "P1", 10).await.is_empty());
}

async fn rows_cannot_be_changed_by_raw_sql(t: Bench) {
    let line = line(&t, "P1", 1);
    append(&t, &line).await.unwrap();
    for text in [
        "UPDATE audit_line SET actor = 'x'",
        "DELETE FROM audit_line",
    ] {
        let refused = t.raw(text).await.unwrap_err();
        assert!(refused.contains("append only"), "{text}: {refused}");
    }
    assert_eq!(about(&t, "P1", 10).await, [line]);
}
