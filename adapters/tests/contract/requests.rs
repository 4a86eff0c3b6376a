//! What people ask of the utility: found by its owner only, once per key, asked about when due.

use lifeline_core::cases::{Case, CaseKind};
use lifeline_core::requests::listed::Sought;
use lifeline_core::requests::request::{AGAIN_AFTER_S, Check, Kind, Letter, Request, State};
use lifeline_core::shared::ids::{AccountId, RequestId};
use lifeline_core::shared::page::Page;
use lifeline_core::store::StoreError;

use crate::accounts::bare;
use crate::bench::{Bench, at};
use crate::contracts;
use crate::household::household;

contracts! { "requests":
    round_trip => ["RequestStore::add", "RequestReads::find", "RequestReads::find_keyed",
        "RequestReads::by_id"];
    another_account_sees_nothing => ["RequestReads::find", "RequestReads::find_keyed", "RequestReads::list"];
    a_key_is_used_once_by_one_account => ["RequestStore::add"];
    stale_versions_conflict => ["RequestStore::save"];
    newest_come_first_a_page_at_a_time => ["RequestReads::list"];
    the_longest_due_come_first_and_ended_ones_never => ["RequestReads::due"];
    what_was_given_up_before_is_due_again => ["RequestReads::due"];
    those_that_wait_for_staff_come_oldest_first => ["RequestReads::waiting", "RequestStore::save"];
    staff_see_all_newest_first_by_kind_and_state => ["RequestReads::entries"];
    letters_are_sealed => ["RequestStore::add"];
    a_case_of_what_was_asked_is_its_persons_unless_it_has_no_name => ["CaseReads::about_person", "CaseReads::homes"];
}

pub(crate) async fn person(t: &Bench, open_id: &str) -> AccountId {
    let account = bare(t, open_id);
    t.write(async |tx| tx.accounts().add(&account).await)
        .await
        .unwrap();
    account.account_id
}

pub(crate) fn request(t: &Bench, account: &AccountId, key: &str) -> Request {
    let letter =
        r#"{"text": "表箱门坏了", "place": "示例路 8 号", "consumer_no": "1504000000017"}"#;
    let letter: Letter = serde_json::from_str(letter).unwrap();
    Request {
        request_id: t.id(),
        account_id: account.clone(),
        kind: Kind::IllegalUse,
        state: State::Filed,
        letter,
        anonymous: true,
        binding_id: Some(t.id()),
        payment_id: Some(t.id()),
        order_no: None,
        check: None,
        client_key: key.into(),
        fingerprint: "f".into(),
        filed_at: at(0),
        moved_at: at(0),
        next_at: None,
        version: 1,
    }
}

async fn add(t: &Bench, request: &Request) -> Result<(), StoreError> {
    t.write(async |tx| tx.requests().add(request).await).await
}

async fn find(t: &Bench, account: &AccountId, id: &RequestId) -> Option<Request> {
    t.view().await.requests().find(account, id).await.unwrap()
}

async fn round_trip(t: Bench) {
    let account = person(&t, "a").await;
    let mut filed = request(&t, &account, "k");
    add(&t, &filed).await.unwrap();
    assert_eq!(
        find(&t, &account, &filed.request_id).await,
        Some(filed.clone())
    );
    let anybodys = t.view().await.requests().by_id(&filed.request_id).await;
    assert_eq!(anybodys.unwrap(), Some(filed.clone()));
    let nobodys: RequestId = t.id();
    let none = t.view().await.requests().by_id(&nobodys).await;
    assert_eq!(none.unwrap(), None);
    filed.state = State::Accepted;
    filed.order_no = Some("WO1".into());
    filed.moved_at = at(5);
    filed.next_at = Some(at(65));
    t.write(async |tx| tx.requests().save(&filed).await)
        .await
        .unwrap();
    filed.version = 2;
    let keyed = t
        .view()
        .await
        .requests()
        .find_keyed(&account, "k")
        .await
        .unwrap();
    assert_eq!(keyed, Some(filed));
}

async fn another_account_sees_nothing(t: Bench) {
    let (own, other) = (person(&t, "a").await, person(&t, "b").await);
    let filed = request(&t, &own, "k");
    add(&t, &filed).await.unwrap();
    assert_eq!(find(&t, &other, &filed.request_id).await, None);
    let mut view = t.view().await;
    assert!(
        view.requests()
            .find_keyed(&other, "k")
            .await
            .unwrap()
            .is_none()
    );
    let page = Page::new(None, None).unwrap();
    assert!(
        view.requests()
            .list(&other, &page)
            .await
            .unwrap()
            .is_empty()
    );
}

async fn a_key_is_used_once_by_one_account(t: Bench) {
    let (own, other) = (person(&t, "a").await, person(&t, "b").await);
    add(&t, &request(&t, &own, "k")).await.unwrap();
    let twice = add(&t, &request(&t, &own, "k")).await;
    assert!(matches!(twice, Err(StoreError::Duplicate(_))), "{twice:?}");
    add(&t, &request(&t, &other, "k")).await.unwrap();
}

async fn stale_versions_conflict(t: Bench) {
    let account = person(&t, "a").await;
    let filed = request(&t, &account, "k");
    add(&t, &filed).await.unwrap();
    t.write(async |tx| tx.requests().save(&filed).await)
        .await
        .unwrap();
    let stale = t.write(async |tx| tx.requests().save(&filed).await).await;
    assert!(matches!(stale, Err(StoreError::Conflict)));
}

async fn newest_come_first_a_page_at_a_time(t: Bench) {
    let account = person(&t, "a").await;
    let all: Vec<Request> = ["1", "2", "3"].map(|key| request(&t, &account, key)).into();
    for filed in &all {
        add(&t, filed).await.unwrap();
    }
    let page = Page::new(Some(2), None).unwrap();
    let rows = t
        .view()
        .await
        .requests()
        .list(&account, &page)
        .await
        .unwrap();
    assert_eq!(
        rows.len(),
        3,
        "one more than the page, to know that there is one"
    );
    let next = Page::new(Some(2), Some(rows[1].request_id.as_str().to_owned())).unwrap();
    let rest = t
        .view()
        .await
        .requests()
        .list(&account, &next)
        .await
        .unwrap();
    assert_eq!(rest, [all[0].clone()]);
}

async fn the_longest_due_come_first_and_ended_ones_never(t: Bench) {
    let account = person(&t, "a").await;
    for (key, next_at) in [
        ("1", Some(at(20))),
        ("2", Some(at(10))),
        ("3", Some(at(30))),
        ("4", None),
    ] {
        let mut filed = request(&t, &account, key);
        filed.next_at = next_at;
        add(&t, &filed).await.unwrap();
    }
    let due = t.view().await.requests().due(at(20), 9).await.unwrap();
    let keys: Vec<&str> = due.iter().map(|one| one.client_key.as_str()).collect();
    assert_eq!(keys, ["2", "1"]);
    let mut ended = request(&t, &account, "5");
    ended.state = State::Resolved;
    ended.next_at = Some(at(1));
    assert!(matches!(add(&t, &ended).await, Err(StoreError::Refused(_))));
}

/// One migration, as it is written for SQLite: that one has the same words for both engines.
pub(crate) fn migration(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/sqlite");
    let mut files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap());
    let file = files.find(|file| file.file_name().to_string_lossy().ends_with(name));
    std::fs::read_to_string(file.unwrap().path()).unwrap()
}

/// Rows of an older program, which gave no time to what was on its way to marketing.
async fn what_was_given_up_before_is_due_again(t: Bench) {
    let account = person(&t, "a").await;
    for (key, order_no, state, check) in [
        ("plain", None, State::Filed, None),
        ("admitted", None, State::Filed, Some(Check::Admitted)),
        ("waits", None, State::Filed, Some(Check::Waiting)),
        ("there", Some("WO1"), State::Accepted, None),
        ("ended", None, State::Declined, None),
    ] {
        let mut filed = request(&t, &account, key);
        filed.order_no = order_no.map(str::to_owned);
        (filed.state, filed.check) = (state, check);
        add(&t, &filed).await.unwrap();
    }
    t.raw(&migration("__given_up.sql")).await.unwrap();
    let due = async |seconds| {
        let mut view = t.view().await;
        let due = view.requests().due(at(seconds), 9).await.unwrap();
        let keys = due.into_iter().map(|one| one.client_key);
        keys.collect::<Vec<String>>()
    };
    assert!(due(AGAIN_AFTER_S - 1).await.is_empty());
    assert_eq!(due(AGAIN_AFTER_S).await, ["plain", "admitted"]);
}

async fn staff_see_all_newest_first_by_kind_and_state(t: Bench) {
    let (one, other) = (person(&t, "a").await, person(&t, "b").await);
    let mut all = Vec::new();
    for (account, kind, state) in [
        (&one, Kind::IllegalUse, State::Filed),
        (&other, Kind::Feedback, State::Accepted),
        (&one, Kind::Feedback, State::Resolved),
    ] {
        let mut filed = request(&t, account, kind.as_str());
        (filed.kind, filed.state) = (kind, state);
        filed.client_key = filed.request_id.to_string();
        filed.order_no = (state != State::Filed).then(|| "WO1".to_owned());
        add(&t, &filed).await.unwrap();
        all.push(filed);
    }
    all.sort_by(|one, next| next.request_id.cmp(&one.request_id));
    let ids = |found: &[Request]| -> Vec<RequestId> {
        found.iter().map(|one| one.request_id.clone()).collect()
    };
    let kept = |fits: &dyn Fn(&Request) -> bool| -> Vec<RequestId> {
        let own = all.iter().filter(|one| fits(one));
        own.map(|one| one.request_id.clone()).collect()
    };
    let everything = Sought::default();
    let feedback = Sought {
        kind: Some(Kind::Feedback),
        state: None,
    };
    let filed = Sought {
        kind: None,
        state: Some(State::Filed),
    };
    let both = Sought {
        kind: feedback.kind,
        state: filed.state,
    };
    for (sought, behind, limit, expected) in [
        (everything, None, 9, ids(&all)),
        (everything, None, 2, ids(&all[..2])),
        (everything, Some(&all[0].request_id), 9, ids(&all[1..])),
        (feedback, None, 9, kept(&|one| one.kind == Kind::Feedback)),
        (filed, None, 9, kept(&|one| one.state == State::Filed)),
        (both, None, 9, Vec::new()),
    ] {
        let mut view = t.view().await;
        let found = view
            .requests()
            .entries(sought, behind, limit)
            .await
            .unwrap();
        let told: Vec<RequestId> = found.iter().map(|one| one.request_id.clone()).collect();
        assert_eq!(told, expected, "{sought:?}");
        for one in &found {
            let whole = all.iter().find(|filed| filed.request_id == one.request_id);
            let whole = whole.unwrap();
            assert_eq!(
                (
                    &one.account_id,
                    one.kind,
                    one.state,
                    &one.order_no,
                    one.anonymous
                ),
                (
                    &whole.account_id,
                    whole.kind,
                    whole.state,
                    &whole.order_no,
                    true
                )
            );
        }
    }
}

async fn letters_are_sealed(t: Bench) {
    let account = person(&t, "a").await;
    add(&t, &request(&t, &account, "k")).await.unwrap();
    for (table, row) in t.dump().await {
        assert!(
            !row.contains("表箱门坏了") && !row.contains("1504000000017"),
            "{table}"
        );
    }
}

async fn those_that_wait_for_staff_come_oldest_first(t: Bench) {
    let account = person(&t, "a").await;
    let mut waiting = Vec::new();
    for (key, check) in [
        ("a", Some(Check::Waiting)),
        ("b", None),
        ("c", Some(Check::Admitted)),
        ("d", Some(Check::Waiting)),
        ("e", Some(Check::Waiting)),
    ] {
        let mut filed = request(&t, &account, key);
        filed.check = check;
        add(&t, &filed).await.unwrap();
        if check == Some(Check::Waiting) {
            waiting.push(filed);
        }
    }
    waiting.sort_by(|one, next| one.request_id.cmp(&next.request_id));
    let first = t.view().await.requests().waiting(None, 2).await.unwrap();
    assert_eq!(first, waiting[..2]);
    let mut view = t.view().await;
    let behind = Some(&waiting[1].request_id);
    let rest = view.requests().waiting(behind, 2).await.unwrap();
    assert_eq!(rest, waiting[2..]);
    drop(view);
    waiting[2].check = Some(Check::Admitted);
    t.write(async |tx| tx.requests().save(&waiting[2]).await)
        .await
        .unwrap();
    let left = t.view().await.requests().waiting(None, 9).await.unwrap();
    assert_eq!(left, waiting[..2]);
}

async fn a_case_of_what_was_asked_is_its_persons_unless_it_has_no_name(t: Bench) {
    let home = household(&t).await;
    let account = &home.person.account_id;
    let nameless = request(&t, account, "nameless");
    let mut asked = request(&t, account, "asked");
    asked.anonymous = false;
    let about = |subject: &RequestId| Case {
        case_id: t.id(),
        kind: CaseKind::ServiceRequest,
        cause: format!("requests:{subject}"),
        subject: subject.to_string(),
        facts: "{}".into(),
        opened_at: at(0),
        trace_id: "trace-1".into(),
        closed_at: None,
    };
    let cases = [about(&nameless.request_id), about(&asked.request_id)];
    t.write(async |tx| {
        tx.requests().add(&nameless).await?;
        tx.requests().add(&asked).await?;
        tx.cases().open(&cases[0]).await?;
        tx.cases().open(&cases[1]).await
    })
    .await
    .unwrap();
    let mut view = t.view().await;
    let found = view.cases().about_person(account, 9).await.unwrap();
    assert_eq!(found, cases[1..]);
    for (request, named) in [(&nameless, false), (&asked, true)] {
        let id = request.request_id.as_str();
        let homes = view.cases().homes(id).await.unwrap();
        let own = homes
            .iter()
            .find(|one| one.binding_id == home.link.binding_id);
        assert_eq!(own.map(|one| one.named), Some(named));
    }
}
