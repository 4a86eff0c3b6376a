//! People as staff find them, and who saw what of them.

use lifeline_core::accounts::account::Account;
use lifeline_core::cases::four_eyes::ProposalState;
use lifeline_core::customers::openings::{OpeningProposal, Outcome};
use lifeline_core::customers::unmasking::{Unmasking, Veiled};
use lifeline_core::requests::openings::Verdict;
use lifeline_core::requests::request::Ground;
use lifeline_core::shared::ids::{AccountId, RequestId, StaffId};
use lifeline_core::store::StoreError;

use crate::accounts::{self, bare, id, phone, whole};
use crate::bench::{Bench, at};
use crate::bindings::{self, HOME, li, number};
use crate::contracts;
use crate::operators;

contracts! { "customers":
    found_by_phone_id_number_and_home => ["CustomerReads::with_phone", "CustomerReads::with_id_no", "CustomerReads::at_home"];
    absent_is_none => ["CustomerReads::with_phone", "CustomerReads::with_id_no", "CustomerReads::at_home",
        "CustomerReads::newest", "CustomerReads::unmaskings", "CustomerReads::unmasked_since"];
    who_was_taken_over_is_not_found => ["CustomerReads::with_id_no", "CustomerReads::newest"];
    an_ended_link_finds_nobody => ["CustomerReads::at_home"];
    the_newest_come_first_and_go_on_behind_one => ["CustomerReads::newest"];
    unmaskings_are_counted_and_shown_newest_first => ["CustomerStore::add_unmasking", "CustomerReads::unmaskings",
        "CustomerReads::unmasked_since"];
    dropped_unit_leaves_nothing => ["CustomerStore::add_unmasking"];
    an_application_has_one_proposal_that_waits => ["CustomerStore::propose_opening", "CustomerStore::judge_opening",
        "CustomerReads::opening_proposals"];
    a_link_belongs_to_a_consumer_number_alone => ["CustomerStore::add_unmasking"];
}

async fn found_by_phone_id_number_and_home(t: Bench) {
    let person = whole(&t);
    accounts::add(&t, &person).await;
    let other = bindings::account(&t, "other").await;
    let link = bindings::link(&t, &person.account_id, HOME);
    bindings::add(&t, &link, &li()).await.unwrap();
    let theirs = bindings::link(&t, &other, HOME);
    bindings::add(&t, &theirs, &li()).await.unwrap();
    let mut view = t.view().await;
    let mine = vec![person.account_id.clone()];
    let by_phone = view.customers().with_phone(&phone("19000000001")).await;
    assert_eq!(by_phone.unwrap(), mine);
    let by_id = view.customers().with_id_no(&li(), 9).await;
    assert_eq!(by_id.unwrap(), mine);
    let mut both = vec![person.account_id.clone(), other];
    both.sort();
    let at_home = view.customers().at_home(&number(HOME), 9).await;
    assert_eq!(at_home.unwrap(), both);
    let one = view.customers().at_home(&number(HOME), 1).await;
    assert_eq!(one.unwrap().len(), 1);
}

async fn absent_is_none(t: Bench) {
    let (nobody, staff): (AccountId, StaffId) = (t.id(), t.id());
    let mut view = t.view().await;
    let rows = view.customers();
    assert!(
        rows.with_phone(&phone("19000000001"))
            .await
            .unwrap()
            .is_empty()
    );
    assert!(rows.with_id_no(&li(), 9).await.unwrap().is_empty());
    assert!(rows.at_home(&number(HOME), 9).await.unwrap().is_empty());
    assert!(rows.newest(None, 9).await.unwrap().is_empty());
    assert!(rows.unmaskings(&nobody, 9).await.unwrap().is_empty());
    assert_eq!(rows.unmasked_since(&staff, at(0)).await.unwrap(), 0);
}

async fn who_was_taken_over_is_not_found(t: Bench) {
    let stays = whole(&t);
    accounts::add(&t, &stays).await;
    let gone = Account {
        open_id: Some(id("open-2")),
        user_id: None,
        phone: None,
        merged: Some((stays.account_id.clone(), at(3))),
        ..whole(&t)
    };
    accounts::add(&t, &gone).await;
    let mut view = t.view().await;
    let only = vec![stays.account_id.clone()];
    let by_id = view.customers().with_id_no(&li(), 9).await;
    assert_eq!(by_id.unwrap(), only);
    assert_eq!(view.customers().newest(None, 9).await.unwrap(), only);
}

async fn an_ended_link_finds_nobody(t: Bench) {
    let link = bindings::linked(&t, "a", HOME, &li()).await;
    t.write(async |tx| tx.bindings().end(&link, None, at(5)).await)
        .await
        .unwrap();
    let found = t.view().await.customers().at_home(&number(HOME), 9).await;
    assert!(found.unwrap().is_empty());
}

async fn the_newest_come_first_and_go_on_behind_one(t: Bench) {
    let mut all = Vec::new();
    for open_id in ["a", "b", "c"] {
        let account = bare(&t, open_id);
        accounts::add(&t, &account).await;
        all.push(account.account_id);
    }
    all.sort();
    all.reverse();
    let mut view = t.view().await;
    assert_eq!(view.customers().newest(None, 2).await.unwrap(), all[..2]);
    let rest = view.customers().newest(Some(&all[1]), 2).await.unwrap();
    assert_eq!(rest, all[2..]);
}

/// Somebody of the staff, a customer, and that the one saw a thing of the other.
async fn seen(t: &Bench) -> Unmasking {
    let staff = operators::person(t, "li.ming");
    assert!(operators::add(t, &staff).await);
    let person = whole(t);
    accounts::add(t, &person).await;
    Unmasking {
        unmasking_id: t.id::<AccountId>().to_string(),
        staff_id: staff.staff_id,
        account_id: person.account_id,
        field: Veiled::Phone,
        reason: "called back about an outage".into(),
        at: at(10),
    }
}

async fn note(t: &Bench, one: &Unmasking) -> Result<(), StoreError> {
    t.write(async |tx| tx.customers().add_unmasking(one).await)
        .await
}

async fn unmaskings_are_counted_and_shown_newest_first(t: Bench) {
    let first = seen(&t).await;
    let second = Unmasking {
        unmasking_id: t.id::<AccountId>().to_string(),
        field: Veiled::ConsumerNo(t.id()),
        at: at(20),
        ..first.clone()
    };
    note(&t, &first).await.unwrap();
    note(&t, &second).await.unwrap();
    let mut view = t.view().await;
    let rows = view.customers();
    let shown = rows.unmaskings(&first.account_id, 9).await.unwrap();
    assert_eq!(shown, [second.clone(), first.clone()]);
    for (since, count) in [(0, 2), (10, 2), (11, 1), (20, 1), (21, 0)] {
        let counted = rows.unmasked_since(&first.staff_id, at(since)).await;
        assert_eq!(counted.unwrap(), count, "{since}");
    }
}

async fn dropped_unit_leaves_nothing(t: Bench) {
    let one = seen(&t).await;
    t.write_and_drop(async |tx| tx.customers().add_unmasking(&one).await)
        .await;
    let mut view = t.view().await;
    let shown = view.customers().unmaskings(&one.account_id, 9).await;
    assert!(shown.unwrap().is_empty());
}

async fn a_link_belongs_to_a_consumer_number_alone(t: Bench) {
    let one = seen(&t).await;
    note(&t, &one).await.unwrap();
    let split = "UPDATE unmasking SET field = 'consumer_no'";
    assert!(t.raw(split).await.is_err(), "a number without its link");
}

async fn an_application_has_one_proposal_that_waits(t: Bench) {
    let person = whole(&t);
    accounts::add(&t, &person).await;
    let (application, other): (RequestId, RequestId) = (t.id(), t.id());
    let proposal = |verdict, seconds| OpeningProposal {
        proposal_id: t.id::<AccountId>().to_string(),
        what: Outcome {
            request_id: application.clone(),
            account_id: person.account_id.clone(),
            verdict,
        },
        reason: "deed and ID card seen".into(),
        proposed_by: "staff:a".into(),
        proposed_at: at(seconds),
        state: ProposalState::Open,
        decided_by: None,
        decided_at: None,
    };
    let first = proposal(Verdict::Open, 1);
    let second = proposal(Verdict::Refuse(Ground::NotServed), 2);
    let mut elsewhere = proposal(Verdict::Open, 3);
    elsewhere.what.request_id = other.clone();
    let propose = async |one: &OpeningProposal| {
        t.write(async |tx| tx.customers().propose_opening(one).await)
            .await
            .unwrap()
    };
    let judge = async |one: &OpeningProposal| {
        t.write(async |tx| tx.customers().judge_opening(one).await)
            .await
    };
    assert!(propose(&first).await && propose(&elsewhere).await);
    assert!(!propose(&second).await, "one waits");
    let by_its_proposer = OpeningProposal {
        state: ProposalState::Approved,
        decided_by: Some("staff:a".into()),
        decided_at: Some(at(4)),
        ..first.clone()
    };
    assert!(
        judge(&by_its_proposer).await.is_err(),
        "the schema knows four eyes"
    );
    let decided = OpeningProposal {
        state: ProposalState::Refused,
        decided_by: Some("staff:b".into()),
        ..by_its_proposer
    };
    assert!(judge(&decided).await.unwrap());
    assert!(!judge(&decided).await.unwrap(), "it waits no more");
    assert!(propose(&second).await);
    let mut view = t.view().await;
    let rows = view.customers();
    let all = rows.opening_proposals(&application, 9).await.unwrap();
    assert_eq!(all, [second.clone(), decided]);
    let newest = rows.opening_proposals(&application, 1).await.unwrap();
    assert_eq!(newest, [second]);
    let none: RequestId = t.id();
    assert!(rows.opening_proposals(&none, 9).await.unwrap().is_empty());
}
