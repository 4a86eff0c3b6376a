//! Requests to merge, and what moves with an account that is taken over.

use lifeline_core::accounts::account::{Account, CertifiedBy, RealName};
use lifeline_core::accounts::consent::{Consent, Purpose};
use lifeline_core::accounts::merge::{MergeEnding, MergeRequest};
use lifeline_core::accounts::secret::Secret;
use lifeline_core::shared::ids::{AccountId, MergeId};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::page::Page;
use lifeline_core::shared::personal::{IdNo, PersonName};
use lifeline_core::store::StoreError;
use tokio::task::JoinSet;

use crate::accounts::{add, bare};
use crate::bench::{Bench, at};
use crate::contracts;
use crate::payment_fixtures as fixtures;
use crate::settlement;

contracts! { "merges":
    round_trip => ["MergeStore::add_merge", "MergeReads::find_merge", "MergeStore::merge_of"];
    absent_is_none => ["MergeReads::find_merge", "MergeStore::merge_of", "MergeStore::open_merge"];
    an_account_asks_once_at_a_time => ["MergeStore::add_merge"];
    stale_version_conflicts => ["MergeStore::save_merge"];
    one_of_many_ends_it => ["MergeStore::save_merge"];
    a_person_finds_the_newest_of_their_other_accounts => ["MergeStore::open_merge"];
    the_code_is_this_requests_only => ["MergeStore::merge_matches"];
    dropped_unit_leaves_nothing => ["MergeStore::add_merge"];
    other_accounts_of_a_person_are_counted => ["MergeReads::certified_elsewhere"];
    accounts_taken_over_before_move_on => ["MergeStore::move_merged"];
    consents_move_or_end => ["MergeStore::move_consents"];
    what_a_merged_account_paid_is_its_takers => ["PaymentReads::in_flight_of", "PaymentStore::ordered_since"];
    pv_22_what_a_merged_account_sold_is_its_takers_to_answer => ["SettlementReads::task_of", "SettlementReads::tasks_of"];
}

fn code(text: &str) -> Secret {
    Secret::new(text.into())
}

fn id_no(text: &str) -> IdNo {
    IdNo::parse(text).unwrap()
}

const LI_MING: &str = "150499199001010014";
const WANG_FANG: &str = "150499198506150026";

/// An account certified with an ID number.
async fn certified(t: &Bench, open_id: &str, number: &str) -> Account {
    let account = Account {
        real_name: Some(RealName {
            name: PersonName::parse("李明").unwrap(),
            id_no: id_no(number),
            certified_by: CertifiedBy::Profile,
            certified_at: at(0),
        }),
        ..bare(t, open_id)
    };
    add(t, &account).await;
    account
}

fn asking(t: &Bench, account: &Account, second: i64) -> MergeRequest {
    MergeRequest {
        merge_id: t.id(),
        into: account.account_id.clone(),
        family_id: t.id(),
        tries: 0,
        begun_at: at(second),
        expires_at: at(second + 600),
        from: None,
        ended: None,
        version: 1,
    }
}

async fn ask(t: &Bench, request: &MergeRequest) -> Result<(), StoreError> {
    t.write(async |tx| tx.accounts().add_merge(request, &code("123456")).await)
        .await
}

async fn save(t: &Bench, request: &MergeRequest) -> Result<(), StoreError> {
    t.write(async |tx| tx.accounts().save_merge(request).await)
        .await
}

async fn found(t: &Bench, id: &MergeId) -> Option<MergeRequest> {
    t.view().await.accounts().find_merge(id).await.unwrap()
}

async fn round_trip(t: Bench) {
    let account = certified(&t, "a", LI_MING).await;
    let other = certified(&t, "b", LI_MING).await;
    let request = asking(&t, &account, 1);
    ask(&t, &request).await.unwrap();
    assert_eq!(found(&t, &request.merge_id).await, Some(request.clone()));
    let of = t
        .write(async |tx| tx.accounts().merge_of(&account.account_id).await)
        .await;
    assert_eq!(of.unwrap(), Some(request.clone()));
    let ended = MergeRequest {
        tries: 2,
        from: Some(other.account_id),
        ended: Some((at(5), MergeEnding::Merged)),
        ..request
    };
    save(&t, &ended).await.unwrap();
    let kept = MergeRequest {
        version: 2,
        ..ended
    };
    assert_eq!(found(&t, &kept.merge_id).await, Some(kept));
    let of = t
        .write(async |tx| tx.accounts().merge_of(&account.account_id).await)
        .await;
    assert_eq!(of.unwrap(), None, "an ended one is nobody's open one");
}

async fn absent_is_none(t: Bench) {
    assert_eq!(found(&t, &t.id()).await, None);
    let nobody = t.id();
    let none = t
        .write(async |tx| {
            let of = tx.accounts().merge_of(&nobody).await?;
            let open = tx.accounts().open_merge(&id_no(LI_MING), &nobody).await?;
            Ok::<_, StoreError>((of, open))
        })
        .await;
    assert_eq!(none.unwrap(), (None, None));
}

async fn an_account_asks_once_at_a_time(t: Bench) {
    let account = certified(&t, "a", LI_MING).await;
    let first = asking(&t, &account, 1);
    ask(&t, &first).await.unwrap();
    let second = ask(&t, &asking(&t, &account, 2)).await;
    assert!(
        matches!(second, Err(StoreError::Duplicate(_))),
        "{second:?}"
    );
    let over = MergeRequest {
        ended: Some((at(2), MergeEnding::Replaced)),
        ..first
    };
    save(&t, &over).await.unwrap();
    ask(&t, &asking(&t, &account, 3)).await.unwrap();
}

async fn stale_version_conflicts(t: Bench) {
    let account = certified(&t, "a", LI_MING).await;
    let request = asking(&t, &account, 1);
    ask(&t, &request).await.unwrap();
    save(&t, &request).await.unwrap();
    let stale = save(&t, &request).await;
    assert!(matches!(stale, Err(StoreError::Conflict)), "{stale:?}");
}

async fn one_of_many_ends_it(t: Bench) {
    let account = certified(&t, "a", LI_MING).await;
    let request = asking(&t, &account, 1);
    ask(&t, &request).await.unwrap();
    let mut enders = JoinSet::new();
    for second in 0..8 {
        let t = t.clone();
        let ended = MergeRequest {
            ended: Some((at(second), MergeEnding::Spent)),
            ..request.clone()
        };
        enders.spawn(async move { save(&t, &ended).await.is_ok() });
    }
    let won = enders.join_all().await;
    assert_eq!(won.into_iter().filter(|won| *won).count(), 1);
}

async fn a_person_finds_the_newest_of_their_other_accounts(t: Bench) {
    let mine = certified(&t, "a", LI_MING).await;
    let older = certified(&t, "b", LI_MING).await;
    let newer = certified(&t, "c", LI_MING).await;
    let stranger = certified(&t, "d", WANG_FANG).await;
    for (account, second) in [(&mine, 9), (&older, 1), (&newer, 2), (&stranger, 8)] {
        ask(&t, &asking(&t, account, second)).await.unwrap();
    }
    let open = t
        .write(async |tx| {
            tx.accounts()
                .open_merge(&id_no(LI_MING), &mine.account_id)
                .await
        })
        .await
        .unwrap();
    assert_eq!(open.map(|request| request.into), Some(newer.account_id));
}

async fn the_code_is_this_requests_only(t: Bench) {
    let one = certified(&t, "a", LI_MING).await;
    let other = certified(&t, "b", LI_MING).await;
    let (mine, theirs) = (asking(&t, &one, 1), asking(&t, &other, 1));
    ask(&t, &mine).await.unwrap();
    t.write(async |tx| tx.accounts().add_merge(&theirs, &code("654321")).await)
        .await
        .unwrap();
    let matches = async |id: &MergeId, text: &str| {
        t.write(async |tx| tx.accounts().merge_matches(id, &code(text)).await)
            .await
            .unwrap()
    };
    assert!(matches(&mine.merge_id, "123456").await);
    assert!(!matches(&mine.merge_id, "654321").await);
    assert!(!matches(&theirs.merge_id, "123456").await);
    assert!(!matches(&t.id(), "123456").await);
    let at_rest = t
        .text("SELECT code_digest FROM account_merge LIMIT 1")
        .await;
    assert_eq!(at_rest.len(), 64);
}

async fn dropped_unit_leaves_nothing(t: Bench) {
    let account = certified(&t, "a", LI_MING).await;
    let request = asking(&t, &account, 1);
    t.write_and_drop(async |tx| tx.accounts().add_merge(&request, &code("123456")).await)
        .await;
    assert_eq!(found(&t, &request.merge_id).await, None);
}

async fn other_accounts_of_a_person_are_counted(t: Bench) {
    let mine = certified(&t, "a", LI_MING).await;
    certified(&t, "b", WANG_FANG).await;
    let others = async || {
        let mut view = t.view().await;
        let reads = view.accounts();
        reads
            .certified_elsewhere(&id_no(LI_MING), &mine.account_id)
            .await
            .unwrap()
    };
    assert_eq!(others().await, 0);
    let second = certified(&t, "c", LI_MING).await;
    assert_eq!(others().await, 1);
    let taken = Account {
        merged: Some((mine.account_id.clone(), at(3))),
        ..second.clone()
    };
    t.write(async |tx| tx.accounts().save(&taken).await)
        .await
        .unwrap();
    assert_eq!(others().await, 0, "a taken one is no other account");
    let mut view = t.view().await;
    let kept = view.accounts().find(&second.account_id).await.unwrap();
    let expected = Account {
        version: 2,
        ..taken
    };
    assert_eq!(kept, Some(expected));
}

async fn accounts_taken_over_before_move_on(t: Bench) {
    let [a, b, c, d] = [
        certified(&t, "a", LI_MING).await,
        certified(&t, "b", LI_MING).await,
        certified(&t, "c", LI_MING).await,
        certified(&t, "d", LI_MING).await,
    ];
    for (from, into) in [(&a, &b), (&d, &c)] {
        let taken = Account {
            merged: Some((into.account_id.clone(), at(3))),
            ..from.clone()
        };
        t.write(async |tx| tx.accounts().save(&taken).await)
            .await
            .unwrap();
    }
    t.write(async |tx| {
        tx.accounts()
            .move_merged(&b.account_id, &c.account_id)
            .await
    })
    .await
    .unwrap();
    let mut view = t.view().await;
    for (account, version) in [(&a, 3), (&d, 2)] {
        let found = view.accounts().find(&account.account_id).await.unwrap();
        let found = found.unwrap();
        assert_eq!(found.merged, Some((c.account_id.clone(), at(3))));
        assert_eq!(found.version, version, "an untouched one keeps its version");
    }
}

async fn consents_move_or_end(t: Bench) {
    let from = certified(&t, "a", LI_MING).await;
    let into = certified(&t, "b", LI_MING).await;
    let give = async |account: &Account, purpose: Purpose, name: &str| {
        let consent = Consent {
            consent_id: name.into(),
            account_id: account.account_id.clone(),
            purpose,
            version: purpose.text().version.into(),
            text_hash: purpose.text().digest(),
            given_at: at(1),
            withdrawn_at: None,
        };
        t.write(async |tx| tx.accounts().add_consent(&consent).await)
            .await
            .unwrap();
    };
    // One only the first gave, one both gave, one the second took back.
    give(&from, Purpose::IdentityMatch, "from-match").await;
    give(&from, Purpose::Notices, "from-notices").await;
    give(&into, Purpose::Notices, "into-notices").await;
    give(&from, Purpose::ArchiveUpdate, "from-archive").await;
    give(&into, Purpose::ArchiveUpdate, "into-archive").await;
    let moved = t
        .write(async |tx| {
            let archive = Purpose::ArchiveUpdate;
            tx.accounts()
                .withdraw_consent(&into.account_id, archive, at(2))
                .await?;
            tx.accounts()
                .move_consents(&from.account_id, &into.account_id, at(3))
                .await
        })
        .await
        .unwrap();
    assert_eq!(moved.moved, ["from-match"]);
    assert_eq!(moved.ended, ["from-archive", "from-notices"]);
    let mut view = t.view().await;
    let reads = view.accounts();
    assert!(reads.consents(&from.account_id).await.unwrap().is_empty());
    let kept = reads.consents(&into.account_id).await.unwrap();
    let mut kept: Vec<_> = kept.into_iter().map(|c| c.consent_id).collect();
    kept.sort();
    assert_eq!(kept, ["from-match", "into-notices"]);
}

/// The one is part of the other from now on.
pub(crate) async fn merged(t: &Bench, from: &AccountId, into: &AccountId) {
    let merge = format!(
        "UPDATE account SET merged_into = '{into}', merged_at = 1 WHERE account_id = '{from}'"
    );
    t.raw(&merge).await.unwrap();
}

/// Whoever took another account over paid what that one paid, and ordered what it ordered.
async fn what_a_merged_account_paid_is_its_takers(t: Bench) {
    let into = crate::bindings::account(&t, "into").await;
    let from = crate::bindings::account(&t, "from").await;
    let mut one = fixtures::order(&t);
    one.payment.account_id = from.clone();
    fixtures::add(&t, &one).await;
    let moment = one.payment.created_at.plus_seconds(-1);
    let one = fixtures::paid(&t, one);
    fixtures::save(&t, &one, None).await.unwrap();
    let sums = async || {
        let mut view = t.view().await;
        let flight = view
            .payments()
            .in_flight_of(&into, &fixtures::home(fixtures::HOME))
            .await;
        drop(view);
        let ordered = t
            .write(async |tx| tx.payments().ordered_since(&into, moment).await)
            .await;
        (flight.unwrap(), ordered.unwrap())
    };
    assert_eq!(sums().await, (Fen::ZERO, Fen::ZERO));
    merged(&t, &from, &into).await;
    let amount = one.payment.amount;
    assert_eq!(sums().await, (amount, amount));
}

/// Silence counts as an answer, so nobody's check task would be paid without a word of the seller's.
async fn pv_22_what_a_merged_account_sold_is_its_takers_to_answer(t: Bench) {
    let (from, table) = settlement::seller(&t).await;
    let into = crate::bindings::account(&t, "into").await;
    let task = settlement::task_of(&t, &from, &table, 1);
    settlement::add_task(&t, &task).await.unwrap();
    let theirs = async || {
        let mut view = t.view().await;
        let rows = view.settlement();
        let one = rows.task_of(&into, &task.check_task_id).await;
        let page = Page::new(Some(9), None).unwrap();
        let all = rows.tasks_of(&into, &page).await;
        (one.unwrap(), all.unwrap())
    };
    assert_eq!(theirs().await, (None, Vec::new()));
    merged(&t, &from, &into).await;
    assert_eq!(theirs().await, (Some(task.clone()), vec![task.clone()]));
}
