//! Open questions: one per cause.

use std::sync::Arc;

use lifeline_core::cases::decision::{Ending, Part, Proposal, Resolution, Taking};
use lifeline_core::cases::four_eyes::ProposalState;
use lifeline_core::cases::{Case, CaseKind};
use lifeline_core::insight::Insight;
use lifeline_core::shared::ids::{AccountId, CaseId};
use lifeline_core::store::StoreError;
use tokio::task::JoinSet;

use crate::bench::{Bench, Watch, at};
use crate::bindings::HOME;
use crate::household::household;
use crate::{bindings, contracts, generation, merges};

contracts! { "cases":
    round_trip => ["CaseStore::open", "CaseReads::find", "CaseReads::about"];
    every_kind_is_readable => ["CaseReads::find"];
    absent_is_none => ["CaseReads::find", "CaseReads::about", "CaseReads::count_open"];
    cases_about_a_person_are_of_their_accounts_payments_and_links => ["CaseReads::about_person"];
    repeat_of_a_cause_finds_the_same_case => ["CaseStore::open", "CaseReads::is_known"];
    closed_cases_are_not_counted => ["CaseReads::count_open"];
    open_cases_are_counted_by_kind_and_by_whether_they_are_late => ["CaseReads::open_by_kind"];
    dropped_unit_opens_nothing => ["CaseStore::open"];
    one_of_many_opens => ["CaseStore::open"];
    one_proposal_waits_and_another_person_decides => ["CaseStore::propose", "CaseStore::judge", "CaseReads::proposals"];
    what_was_agreed_to_is_withdrawn_while_its_case_is_open => ["CaseStore::withdraw"];
    a_case_closes_once_and_leaves_the_list => ["CaseStore::close", "CaseReads::list_open"];
    a_case_is_taken_by_one_and_given_back_by_the_same => ["CaseStore::take", "CaseStore::give_back", "CaseReads::takings"];
    unreadable_kind_is_an_alarm => ["CaseReads::find"];
    homes_behind_a_case_are_found_by_link_and_by_person => ["CaseReads::homes"];
    homes_behind_a_case_of_a_merged_account_are_its_takers => ["CaseReads::homes"];
    behind_a_case_of_a_link_that_fell_together_is_the_one_that_stayed => ["CaseReads::homes"];
}

fn case(t: &Bench, cause: &str) -> Case {
    Case {
        case_id: t.id(),
        kind: CaseKind::AmountMismatch,
        cause: cause.into(),
        subject: "P1".into(),
        facts: r#"{"ordered_fen":100,"paid_fen":99}"#.into(),
        opened_at: at(0),
        trace_id: "trace-1".into(),
        closed_at: None,
    }
}

async fn open(t: &Bench, case: &Case) -> bool {
    t.write(async |tx| tx.cases().open(case).await)
        .await
        .unwrap()
}

async fn round_trip(t: Bench) {
    let (first, second) = (case(&t, "mismatch:T1"), case(&t, "mismatch:T2"));
    assert!(open(&t, &first).await);
    assert!(open(&t, &second).await);
    let mut view = t.view().await;
    assert_eq!(
        view.cases().find(&first.case_id).await.unwrap(),
        Some(first.clone())
    );
    assert_eq!(view.cases().about("P1").await.unwrap(), [first, second]);
    assert_eq!(view.cases().count_open().await.unwrap(), 2);
}

async fn every_kind_is_readable(t: Bench) {
    for kind in CaseKind::ALL {
        let case = Case {
            kind,
            ..case(&t, kind.as_str())
        };
        open(&t, &case).await;
        assert_eq!(
            t.view().await.cases().find(&case.case_id).await.unwrap(),
            Some(case)
        );
    }
}

async fn cases_about_a_person_are_of_their_accounts_payments_and_links(t: Bench) {
    let home = household(&t).await;
    let from = &home.person.account_id;
    let into = bindings::account(&t, "into").await;
    let subjects = [
        from.to_string(),
        home.order.payment.payment_id.to_string(),
        home.link.binding_id.to_string(),
        into.to_string(),
    ];
    let mut opened = Vec::new();
    for (second, subject) in (0..).zip(subjects) {
        let one = Case {
            subject,
            opened_at: at(second),
            ..case(&t, &format!("mismatch:{second}"))
        };
        assert!(open(&t, &one).await);
        opened.push(one);
    }
    assert!(open(&t, &case(&t, "mismatch:nobodys")).await);
    opened.reverse();
    let about = async |account: &AccountId, limit: i64| {
        let mut view = t.view().await;
        let found = view.cases().about_person(account, limit).await;
        found.unwrap()
    };
    assert_eq!(about(from, 9).await, opened[1..]);
    assert_eq!(about(&into, 9).await, opened[..1]);
    merges::merged(&t, from, &into).await;
    assert_eq!(about(&into, 9).await, opened);
    assert_eq!(about(&into, 2).await, opened[..2]);
}

async fn absent_is_none(t: Bench) {
    let mut view = t.view().await;
    let nobody: CaseId = t.id();
    assert_eq!(view.cases().find(&nobody).await.unwrap(), None);
    assert!(view.cases().about("P1").await.unwrap().is_empty());
    assert_eq!(view.cases().count_open().await.unwrap(), 0);
}

async fn repeat_of_a_cause_finds_the_same_case(t: Bench) {
    let first = case(&t, "mismatch:T1");
    let known = async |cause: &'static str| t.view().await.cases().is_known(cause).await.unwrap();
    assert!(!known("mismatch:T1").await);
    assert!(open(&t, &first).await);
    assert!(known("mismatch:T1").await && !known("mismatch:T2").await);
    let again = Case {
        facts: "{}".into(),
        ..case(&t, "mismatch:T1")
    };
    assert!(!open(&t, &again).await);
    assert_eq!(t.view().await.cases().about("P1").await.unwrap(), [first]);
}

async fn closed_cases_are_not_counted(t: Bench) {
    open(
        &t,
        &Case {
            closed_at: Some(at(9)),
            ..case(&t, "mismatch:T1")
        },
    )
    .await;
    open(&t, &case(&t, "mismatch:T2")).await;
    assert_eq!(t.view().await.cases().count_open().await.unwrap(), 1);
}

/// A foreign refund is to be decided within four hours, a mismatch within a day.
async fn open_cases_are_counted_by_kind_and_by_whether_they_are_late(t: Bench) {
    const HOUR: i64 = 3_600;
    let watch = Watch::new();
    let insight = Insight::new(t.store.clone(), Arc::new(watch.clone()));
    let of = async |kind: CaseKind| {
        let all = insight.open_cases().await.unwrap();
        assert_eq!(all.len(), CaseKind::ALL.len(), "each kind once");
        let one = all.iter().find(|one| one.kind == kind).unwrap();
        (one.open, one.overdue)
    };
    assert_eq!(of(CaseKind::ForeignRefund).await, (0, 0));
    for (cause, hours) in [("a", 0), ("b", 1)] {
        let foreign = Case {
            kind: CaseKind::ForeignRefund,
            opened_at: at(hours * HOUR),
            ..case(&t, cause)
        };
        open(&t, &foreign).await;
    }
    open(&t, &case(&t, "mismatch:T1")).await;
    let closed = Case {
        closed_at: Some(at(9)),
        ..case(&t, "mismatch:T2")
    };
    open(&t, &closed).await;
    watch.set(4 * HOUR);
    assert_eq!(of(CaseKind::ForeignRefund).await, (2, 0), "to the hour");
    watch.set(4 * HOUR + 1);
    assert_eq!(of(CaseKind::ForeignRefund).await, (2, 1));
    watch.set(24 * HOUR);
    assert_eq!(of(CaseKind::AmountMismatch).await, (1, 0));
    watch.set(24 * HOUR + 1);
    assert_eq!(of(CaseKind::AmountMismatch).await, (1, 1));
    assert_eq!(of(CaseKind::ForeignRefund).await, (2, 2));
}

async fn dropped_unit_opens_nothing(t: Bench) {
    let case = case(&t, "mismatch:T1");
    t.write_and_drop(async |tx| tx.cases().open(&case).await.map(drop))
        .await;
    assert_eq!(t.view().await.cases().count_open().await.unwrap(), 0);
    assert!(open(&t, &case).await);
}

async fn one_of_many_opens(t: Bench) {
    let mut finders = JoinSet::new();
    for _ in 0..16 {
        let (t, case) = (t.clone(), case(&t, "mismatch:T1"));
        finders.spawn(async move { open(&t, &case).await });
    }
    let new = finders
        .join_all()
        .await
        .into_iter()
        .filter(|new| *new)
        .count();
    assert_eq!(new, 1);
    assert_eq!(t.view().await.cases().count_open().await.unwrap(), 1);
}

async fn a_case_is_taken_by_one_and_given_back_by_the_same(t: Bench) {
    let case = case(&t, "mismatch:T1");
    open(&t, &case).await;
    let taking = |by: &str| Taking {
        case_id: case.case_id.clone(),
        taken_by: by.into(),
        taken_at: at(3),
    };
    let take = async |by: &str| {
        let taking = taking(by);
        t.write(async |tx| tx.cases().take(&taking).await)
            .await
            .unwrap()
    };
    let give_back = async |by: &str| {
        t.write(async |tx| tx.cases().give_back(&case.case_id, by).await)
            .await
            .unwrap()
    };
    assert!(take("staff:1").await && !take("staff:2").await && !take("staff:1").await);
    let known = t.view().await.cases().takings().await.unwrap();
    assert_eq!(known, [taking("staff:1")]);
    assert!(!give_back("staff:2").await && give_back("staff:1").await);
    assert!(take("staff:2").await);
    t.write(async |tx| tx.cases().close(&case.case_id, at(9)).await)
        .await
        .unwrap();
    assert!(t.view().await.cases().takings().await.unwrap().is_empty());
    assert!(
        give_back("staff:2").await && !take("staff:2").await,
        "closed"
    );
}

async fn unreadable_kind_is_an_alarm(t: Bench) {
    let case = case(&t, "mismatch:T1");
    open(&t, &case).await;
    t.raw("UPDATE case_file SET kind = 'from_the_future'")
        .await
        .unwrap();
    let unreadable = t.view().await.cases().find(&case.case_id).await;
    assert!(
        matches!(
            unreadable,
            Err(StoreError::Corrupt {
                table: "case_file",
                column: "kind"
            })
        ),
        "{unreadable:?}"
    );
}

fn proposal(case: &Case, id: &str) -> Proposal {
    Proposal {
        proposal_id: id.to_owned(),
        what: Ending {
            case_id: case.case_id.clone(),
            resolution: Resolution::CreditHome,
            parts: Part::parse_all("1=50.00 2=78.40").unwrap(),
        },
        reason: "the sum is this home's".to_owned(),
        proposed_by: "staff:a".to_owned(),
        proposed_at: at(1),
        state: ProposalState::Open,
        decided_by: None,
        decided_at: None,
    }
}

async fn one_proposal_waits_and_another_person_decides(t: Bench) {
    let case = case(&t, "mismatch:T1");
    open(&t, &case).await;
    let (first, second) = (proposal(&case, "p1"), proposal(&case, "p2"));
    let decided = Proposal {
        state: ProposalState::Refused,
        decided_by: Some("staff:b".to_owned()),
        decided_at: Some(at(2)),
        ..first.clone()
    };
    t.write(async |tx| {
        assert!(tx.cases().propose(&first).await?);
        assert!(!tx.cases().propose(&second).await?, "one waits");
        assert!(tx.cases().judge(&decided).await?);
        assert!(!tx.cases().judge(&decided).await?, "decided once");
        assert!(tx.cases().propose(&second).await?, "after a refusal");
        Ok(())
    })
    .await
    .unwrap();
    let found = t.view().await.cases().proposals(&case.case_id).await;
    assert_eq!(found.unwrap(), [second.clone(), decided]);
    let alone = Proposal {
        state: ProposalState::Approved,
        decided_by: Some(second.proposed_by.clone()),
        decided_at: Some(at(3)),
        ..second
    };
    let refused = t.write(async |tx| tx.cases().judge(&alone).await).await;
    assert!(
        matches!(refused, Err(StoreError::Refused(_))),
        "{refused:?}"
    );
}

async fn what_was_agreed_to_is_withdrawn_while_its_case_is_open(t: Bench) {
    let case = case(&t, "mismatch:T1");
    open(&t, &case).await;
    let (first, second) = (proposal(&case, "p1"), proposal(&case, "p2"));
    let decided = |one: &Proposal, state| Proposal {
        state,
        decided_by: Some("staff:b".to_owned()),
        decided_at: Some(at(2)),
        ..one.clone()
    };
    let withdrawn = decided(&first, ProposalState::Refused);
    let agreed = [&first, &second].map(|one| decided(one, ProposalState::Approved));
    t.write(async |tx| {
        assert!(tx.cases().propose(&first).await?);
        assert!(!tx.cases().withdraw(&withdrawn).await?, "it waits");
        assert!(tx.cases().judge(&agreed[0]).await?);
        assert!(!tx.cases().propose(&second).await?, "one is agreed to");
        assert!(tx.cases().withdraw(&withdrawn).await?);
        assert!(!tx.cases().withdraw(&withdrawn).await?, "once");
        assert!(tx.cases().propose(&second).await?, "something else");
        assert!(tx.cases().judge(&agreed[1]).await?);
        assert!(tx.cases().close(&case.case_id, at(3)).await?);
        let late = decided(&second, ProposalState::Refused);
        assert!(!tx.cases().withdraw(&late).await?, "it was carried out");
        Ok(())
    })
    .await
    .unwrap();
    let found = t.view().await.cases().proposals(&case.case_id).await;
    assert_eq!(found.unwrap(), [agreed[1].clone(), withdrawn]);
}

async fn a_case_closes_once_and_leaves_the_list(t: Bench) {
    let (first, second) = (case(&t, "mismatch:T1"), case(&t, "mismatch:T2"));
    open(&t, &first).await;
    open(&t, &second).await;
    let list = async |after: Option<&CaseId>| {
        let found = t.view().await.cases().list_open(after, 9).await.unwrap();
        found
            .into_iter()
            .map(|case| case.case_id)
            .collect::<Vec<_>>()
    };
    let mut both = [first.case_id.clone(), second.case_id.clone()];
    both.sort();
    assert_eq!(list(None).await, both);
    assert_eq!(list(Some(&both[0])).await, both[1..]);
    let closed = t.write(async |tx| tx.cases().close(&first.case_id, at(5)).await);
    assert!(closed.await.unwrap());
    let again = t.write(async |tx| tx.cases().close(&first.case_id, at(6)).await);
    assert!(!again.await.unwrap());
    assert_eq!(list(None).await, [second.case_id]);
    let nobody: CaseId = t.id();
    assert!(
        t.view()
            .await
            .cases()
            .proposals(&nobody)
            .await
            .unwrap()
            .is_empty()
    );
}

async fn homes_behind_a_case_are_found_by_link_and_by_person(t: Bench) {
    let home = household(&t).await;
    let (link, person) = (&home.link.binding_id, &home.person.account_id);
    let region: String = HOME.chars().take(4).collect();
    let mut view = t.view().await;
    for subject in [link.as_str().to_owned(), person.as_str().to_owned()] {
        let found = view.cases().homes(&subject).await.unwrap();
        let own = found.iter().find(|one| one.binding_id == *link);
        let own = own.unwrap_or_else(|| panic!("{subject}: {found:?}"));
        assert_eq!((&own.account_id, &own.region), (person, &region));
    }
    for nobodys in ["outbox:1", "", "x' OR '1'='1"] {
        assert!(view.cases().homes(nobodys).await.unwrap().is_empty());
    }
}

/// Its homes moved when it was merged: without them a case of what it sold is in nobody's region.
async fn homes_behind_a_case_of_a_merged_account_are_its_takers(t: Bench) {
    let home = household(&t).await;
    let (link, into) = (&home.link.binding_id, &home.person.account_id);
    let from = bindings::account(&t, "from").await;
    let (seller, table) = generation::permitted_nth(&t, &from, 1).await;
    let subjects = [
        from.to_string(),
        seller.generation_account_id.to_string(),
        format!("{}:2026-10:1", table.table_id),
    ];
    let behind = async |subject: &str| {
        let mut view = t.view().await;
        let found = view.cases().homes(subject).await.unwrap();
        let ids = found.into_iter().map(|one| one.binding_id);
        ids.collect::<Vec<_>>()
    };
    for subject in &subjects {
        assert!(behind(subject).await.is_empty(), "{subject}");
    }
    merges::merged(&t, &from, into).await;
    for subject in &subjects {
        assert!(behind(subject).await.contains(link), "{subject}");
    }
}

async fn behind_a_case_of_a_link_that_fell_together_is_the_one_that_stayed(t: Bench) {
    let gone = bindings::linked(&t, "from", HOME, &bindings::li()).await;
    let into = bindings::account(&t, "into").await;
    let stays = bindings::link(&t, &into, HOME);
    bindings::add(&t, &stays, &bindings::li()).await.unwrap();
    t.write(async |tx| {
        tx.bindings().end(&gone, None, at(5)).await?;
        let (gone, stays) = (&gone.binding_id, &stays.binding_id);
        tx.bindings().fold(gone, stays).await
    })
    .await
    .unwrap();
    let mut view = t.view().await;
    let found = view.cases().homes(gone.binding_id.as_str()).await.unwrap();
    let now = found.iter().find(|one| one.binding_id == stays.binding_id);
    let now = now.unwrap_or_else(|| panic!("{found:?}"));
    assert_eq!(now.account_id, into);
}
