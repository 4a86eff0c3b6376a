//! The audit: appended with the act, newest first, unchangeable, linked in one chain.

use std::sync::Arc;

use lifeline_core::audit::chain::{Broken, Chain, Fault, LINE_TERM_S, Link};
use lifeline_core::audit::{Line, Wanted};
use lifeline_core::operators::step_up::ACTS;
use lifeline_core::shared::ids::EvidenceId;
use lifeline_core::store::StoreError;

use crate::bench::{Bench, Counting, EngineKind, Watch, at};
use crate::contracts;

contracts! { "audit":
    newest_first_about_one_subject => ["AuditLog::append", "AuditLog::about"];
    absent_is_empty => ["AuditLog::about"];
    a_line_is_written_once => ["AuditLog::append"];
    dropped_unit_leaves_no_line => ["AuditLog::append"];
    rows_cannot_be_changed_by_raw_sql => ["AuditLog::append"];
    lines_wait_in_their_order_until_they_are_linked => ["AuditLog::unlinked", "AuditLog::last_link", "AuditLog::link", "AuditReads::newest_link"];
    lines_are_looked_for_newest_first_by_each_filter => ["AuditReads::lines"];
    what_weighs_is_found_among_all_that_does_not => ["AuditReads::weighty"];
    links_are_read_with_their_lines => ["AuditReads::links_after", "AuditReads::lost"];
    a_head_that_no_evidence_can_tell_of_links_nothing => ["AuditLog::link"];
    two_that_link_at_once_make_one_chain => ["AuditLog::link"];
    c7_what_is_changed_in_the_store_breaks_the_chain_at_its_row => ["AuditReads::links_after", "AuditReads::lost"];
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

async fn what_weighs_is_found_among_all_that_does_not(t: Bench) {
    let mut wanted = Vec::new();
    for (n, act) in (10..).zip(ACTS) {
        let line = Line {
            act: act.to_owned(),
            ..line(&t, "S1", n)
        };
        append(&t, &line).await.unwrap();
        append(&t, &self::line(&t, "S1", n)).await.unwrap();
        // Looks at single people have their own list, on the page of each.
        if act != "customers.unmask" {
            wanted.insert(0, line);
        }
    }
    let found = async |since, limit| {
        let mut view = t.view().await;
        view.audit().weighty(at(since), limit).await.unwrap()
    };
    assert_eq!(wanted.len(), ACTS.len() - 1);
    assert_eq!(found(10, 50).await, wanted);
    assert_eq!(found(10, 2).await, wanted[..2]);
    let first = wanted[0].at;
    let since = first.seconds_since(at(0));
    assert_eq!(found(since, 50).await, wanted[..1]);
    assert!(found(since + 1, 50).await.is_empty());
}

async fn waiting(t: &Bench) -> Vec<Line> {
    t.write(async |tx| tx.audit().unlinked(100).await)
        .await
        .unwrap()
}

async fn last(t: &Bench) -> Option<Link> {
    t.write(async |tx| tx.audit().last_link().await)
        .await
        .unwrap()
}

async fn lines_wait_in_their_order_until_they_are_linked(t: Bench) {
    assert_eq!(last(&t).await, None);
    let lines = [line(&t, "P1", 3), line(&t, "P2", 1), line(&t, "P1", 2)];
    for line in &lines {
        append(&t, line).await.unwrap();
    }
    t.write_and_drop(async |tx| tx.audit().append(&line(&t, "P3", 9)).await)
        .await;
    assert_eq!(waiting(&t).await, lines, "in the order they came");
    let first = Link::behind(None, &lines[0]);
    let second = Link::behind(Some(&first), &lines[1]);
    let links = [first, second.clone()];
    t.write_and_drop(async |tx| tx.audit().link(&links).await)
        .await;
    assert_eq!(waiting(&t).await.len(), 3, "dropped with its unit");
    t.write(async |tx| tx.audit().link(&links).await)
        .await
        .unwrap();
    assert_eq!(last(&t).await, Some(second.clone()));
    let newest = t.view().await.audit().newest_link().await;
    assert_eq!(newest.unwrap(), Some(second));
    assert_eq!(waiting(&t).await, lines[2..]);
    for text in ["UPDATE audit_link SET head = 'x'", "DELETE FROM audit_link"] {
        let refused = t.raw(text).await.unwrap_err();
        assert!(refused.contains("append only"), "{text}: {refused}");
    }
}

/// What is found when everything is looked for but for a change.
async fn found(t: &Bench, change: impl FnOnce(&mut Wanted), limit: i64) -> Vec<Line> {
    let mut wanted = Wanted {
        from: at(0),
        to: at(4),
        behind: None,
        actor: String::new(),
        act: String::new(),
        subject: String::new(),
        outcome: String::new(),
    };
    change(&mut wanted);
    let mut view = t.view().await;
    view.audit().lines(&wanted, limit).await.unwrap()
}

/// One thing that is looked for.
type Narrow = fn(&mut Wanted);

async fn lines_are_looked_for_newest_first_by_each_filter(t: Bench) {
    let of = |actor: &str, act: &str, subject: &str, outcome: &str, seconds| Line {
        actor: actor.into(),
        act: act.into(),
        outcome: outcome.into(),
        ..line(&t, subject, seconds)
    };
    let first = of("staff:1", "cases.take", "C1", "ok", 1);
    let one = of("staff:2", "cases.approve", "C1", "same_person", 2);
    let other = of("staff:1", "casesx.take", "C2", "ok", 2);
    let last = of("job:x", "jobs.run_now", "x", "ok", 3);
    for line in [&first, &one, &other, &last] {
        append(&t, line).await.unwrap();
    }
    // Of one moment the greater id comes first.
    let mut of_one_moment = [one.clone(), other.clone()];
    of_one_moment.sort_by(|a, b| b.audit_id.cmp(&a.audit_id));
    let [second, third] = of_one_moment;
    let all = [last, second, third, first.clone()];
    let behind = |line: &Line| Some((line.at, line.audit_id.clone()));
    assert_eq!(found(&t, |_| {}, 9).await, all);
    assert_eq!(found(&t, |_| {}, 2).await, all[..2]);
    let rest = found(&t, |wanted| wanted.behind = behind(&all[1]), 9).await;
    assert_eq!(rest, all[2..]);
    let none = found(&t, |wanted| wanted.behind = behind(&all[3]), 9).await;
    assert!(none.is_empty());
    let before = found(&t, |wanted| wanted.to = at(3), 9).await;
    assert_eq!(before, all[1..]);
    let since = found(&t, |wanted| wanted.from = at(3), 9).await;
    assert_eq!(since, all[..1]);
    let filters: [(Narrow, Vec<&Line>); 7] = [
        (|wanted| wanted.actor = "staff:2".into(), vec![&one]),
        (|wanted| wanted.actor = "staff:".into(), vec![]),
        (|wanted| wanted.act = "cases.".into(), vec![&one, &first]),
        (|wanted| wanted.act = "cases.take".into(), vec![&first]),
        (|wanted| wanted.act = "%".into(), vec![]),
        (|wanted| wanted.subject = "C2".into(), vec![&other]),
        (|wanted| wanted.outcome = "same_person".into(), vec![&one]),
    ];
    for (filter, expected) in filters {
        let lines = found(&t, filter, 9).await;
        assert_eq!(lines.iter().collect::<Vec<_>>(), expected);
    }
}

async fn links_are_read_with_their_lines(t: Bench) {
    let lines = [line(&t, "P1", 1), line(&t, "P1", 2), line(&t, "P1", 3)];
    let mut links: Vec<Link> = Vec::new();
    for line in &lines {
        append(&t, line).await.unwrap();
        links.push(Link::behind(links.last(), line));
    }
    t.write(async |tx| tx.audit().link(&links).await)
        .await
        .unwrap();
    let mut view = t.view().await;
    let all = view.audit().links_after(0, 2).await.unwrap();
    let both = |at: usize| (links[at].clone(), Some(lines[at].clone()));
    assert_eq!(all, [both(0), both(1)]);
    let rest = view.audit().links_after(2, 2).await.unwrap();
    assert_eq!(rest, [both(2)]);
    assert!(view.audit().links_after(3, 2).await.unwrap().is_empty());
    assert_eq!(view.audit().lost().await.unwrap(), 0);
}

async fn two_that_link_at_once_make_one_chain(t: Bench) {
    let line = line(&t, "P1", 1);
    append(&t, &line).await.unwrap();
    let link = [Link::behind(None, &line)];
    let add = async || t.write(async |tx| tx.audit().link(&link).await).await;
    add().await.unwrap();
    let again = add().await;
    assert!(matches!(&again, Err(StoreError::Duplicate(_))), "{again:?}");
}

/// Takes away what keeps the rows as they are, as somebody with every right on the store could.
async fn disarm(t: &Bench) {
    let triggers: &[&str] = match &t.kind {
        EngineKind::Sqlite => &[
            "DROP TRIGGER audit_line_no_update",
            "DROP TRIGGER audit_line_no_delete",
            "DROP TRIGGER audit_link_no_update",
        ],
        EngineKind::Postgres(_) => &[
            "DROP TRIGGER audit_line_fixed ON audit_line",
            "DROP TRIGGER audit_line_young ON audit_line",
            "DROP TRIGGER audit_link_fixed ON audit_link",
        ],
    };
    for text in triggers {
        t.raw(text).await.unwrap();
    }
}

async fn c7_what_is_changed_in_the_store_breaks_the_chain_at_its_row(t: Bench) {
    let watch = Watch::new();
    let clock = Arc::new(watch.clone());
    let chain = Chain::new(t.store.clone(), clock, Arc::<Counting>::default());
    assert_eq!(
        chain.verify().await.unwrap(),
        Ok(0),
        "an empty one is whole"
    );
    let mut ids = Vec::new();
    for second in 1..=7 {
        let line = line(&t, "P1", second);
        append(&t, &line).await.unwrap();
        ids.push(line.audit_id);
    }
    assert_eq!(chain.link().await.unwrap(), 7);
    assert_eq!(chain.link().await.unwrap(), 0, "each line once");
    assert_eq!(chain.verify().await.unwrap(), Ok(7));
    let head = last(&t).await.unwrap().head;
    let whole = chain.recompute().await.unwrap().unwrap();
    assert_eq!((whole.links, &whole.head), (7, &head));
    let told = t
        .text("SELECT body FROM evidence_entry WHERE kind = 'audit.linked'")
        .await;
    assert!(
        told.contains(&head) && told.contains("\"place\":7"),
        "{told}"
    );

    disarm(&t).await;
    let broken = async |text: String, place, fault| {
        t.raw(&text).await.unwrap();
        let found = chain.verify().await.unwrap();
        assert_eq!(found, Err(Broken { place, fault }), "{text}");
    };
    let set = |outcome: &str| {
        let id = &ids[2];
        format!("UPDATE audit_line SET outcome = '{outcome}' WHERE audit_id = '{id}'")
    };
    broken(set("other"), 3, Fault::LineChanged).await;
    t.raw(&set("ok")).await.unwrap();
    assert_eq!(chain.verify().await.unwrap(), Ok(7), "put back as it was");
    let id = &ids[4];
    let gone = format!("DELETE FROM audit_line WHERE audit_id = '{id}'");
    broken(gone, 5, Fault::LineGone).await;
    watch.set(LINE_TERM_S + 5);
    assert_eq!(chain.verify().await.unwrap(), Ok(7), "its term is over");
    watch.set(LINE_TERM_S + 4);
    let moved = "UPDATE audit_link SET at = at - 1000000 WHERE place = 5".to_owned();
    broken(moved, 5, Fault::LinkChanged).await;
    t.raw("UPDATE audit_link SET at = at + 1000000 WHERE place = 5")
        .await
        .unwrap();
    watch.set(LINE_TERM_S + 5);
    let early = line(&t, "P1", LINE_TERM_S);
    append(&t, &early).await.unwrap();
    let id = &early.audit_id;
    let lost = format!("DELETE FROM audit_line WHERE audit_id = '{id}'");
    broken(lost, 7, Fault::LinesLost).await;
}

/// A place that canonical JSON cannot carry.
async fn a_head_that_no_evidence_can_tell_of_links_nothing(t: Bench) {
    let chain = Chain::new(
        t.store.clone(),
        Arc::new(Watch::new()),
        Arc::<Counting>::default(),
    );
    let (first, second) = (line(&t, "P1", 1), line(&t, "P1", 2));
    append(&t, &first).await.unwrap();
    let far = Link {
        place: 9_007_199_254_740_991,
        audit_id: first.audit_id.clone(),
        at: first.at,
        digest: "d".into(),
        head: "h".into(),
    };
    let links = [far.clone()];
    t.write(async |tx| tx.audit().link(&links).await)
        .await
        .unwrap();
    append(&t, &second).await.unwrap();
    let refused = chain.link().await;
    assert!(
        matches!(&refused, Err(StoreError::Refused(why)) if why.contains("canonical")),
        "{refused:?}"
    );
    assert_eq!(last(&t).await, Some(far));
    let waits = t.write(async |tx| tx.audit().unlinked(9).await).await;
    assert_eq!(waits.unwrap(), [second]);
}
