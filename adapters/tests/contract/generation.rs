//! Generation accounts and their personal data tables.

use std::sync::Arc;

use lifeline_adapters::vault::{SoftwareWrapping, Wrapping as _};
use lifeline_core::accounts::Secret;
use lifeline_core::settlement::accounts::account::{FeedIn, GenerationAccount, GenerationState};
use lifeline_core::settlement::accounts::table::{Identity, Permitted, PersonalTable};
use lifeline_core::settlement::accounts::vault::KeyPair;
use lifeline_core::settlement::ids::{GenerationAccountId, GenerationNo, TradingAccount};
use lifeline_core::shared::ids::AccountId;
use lifeline_core::shared::page::Page;
use lifeline_core::shared::personal::{IdNo, PersonName};
use lifeline_core::store::StoreError;

use crate::bench::{Bench, at};
use crate::{accounts, bindings, contracts, generation_credentials};

contracts! { "generation":
    an_account_comes_back_as_it_was => ["GenerationStore::add", "GenerationReads::find", "GenerationReads::by_id",
        "GenerationReads::list"];
    a_number_has_one_live_account => ["GenerationStore::by_no", "GenerationStore::add"];
    a_save_compares_and_forgets_the_number => ["GenerationStore::save"];
    errands_come_when_they_are_due => ["GenerationReads::due", "GenerationStore::put_off"];
    pv_10_a_table_opens_by_its_permission_only => ["GenerationStore::open_table", "GenerationReads::permitted",
        "GenerationReads::table"];
    a_payee_changes_by_comparison => ["GenerationStore::save_identity"];
    pv_11_an_erased_table_is_not_opened_by_anything => ["GenerationStore::erase_table"];
    an_account_has_one_pair_until_it_is_destroyed => ["GenerationStore::add_key", "GenerationReads::key",
        "GenerationStore::destroy_key"];
    a_nonce_is_used_once_and_in_time => ["GenerationStore::set_nonce", "GenerationStore::spend_nonce"];
    pv_13_an_end_is_kept_until_a_later_contract_and_names_nobody => ["GenerationStore::note_end",
        "GenerationStore::ended_under", "GenerationStore::forget_end"];
    a_dropped_unit_opens_nothing => ["GenerationStore::open_table"];
}

const NUMBER: &str = "1504990020061";

fn number(text: &str) -> GenerationNo {
    GenerationNo::parse(text).unwrap()
}

pub(crate) fn seller(t: &Bench, owner: &AccountId) -> GenerationAccount {
    GenerationAccount {
        generation_account_id: t.id(),
        account_id: owner.clone(),
        generation_no: Some(number(NUMBER)),
        feed_in: FeedIn::Surplus,
        settlement_day: 15,
        contract_version: 1,
        state: GenerationState::Keyless,
        termination_asked_at: None,
        created_at: at(0),
        next_at: Some(at(10)),
        ended_at: None,
        version: 1,
    }
}

pub(crate) fn table_of(t: &Bench, account: &GenerationAccountId) -> PersonalTable {
    PersonalTable {
        table_id: t.id(),
        generation_account_id: account.clone(),
        permission_id: t.id(),
        identity: Identity {
            name: PersonName::parse("陈光").unwrap(),
            id_no: IdNo::parse("150499199001010014").unwrap(),
            trading_account: TradingAccount::parse("6217000000000000005").unwrap(),
        },
        payee_since: at(2),
        payee_phone: None,
        opened_at: at(2),
        version: 1,
    }
}

pub(crate) async fn add(t: &Bench, account: &GenerationAccount) -> Result<(), StoreError> {
    t.write(async |tx| tx.generation().add(account).await).await
}

pub(crate) fn key_pair(t: &Bench) -> KeyPair {
    KeyPair {
        key_id: t.id(),
        vault: "software".to_owned(),
        modulus: "AQAB".to_owned(),
        wrapped: "a1:wrapped".to_owned(),
        made_at: at(1),
    }
}

async fn put(t: &Bench, id: &GenerationAccountId, pair: &KeyPair) -> Result<(), StoreError> {
    t.write(async |tx| tx.generation().add_key(id, pair).await)
        .await
}

async fn an_account_has_one_pair_until_it_is_destroyed(t: Bench) {
    let account = seller(&t, &owner(&t).await);
    add(&t, &account).await.unwrap();
    let (id, pair) = (&account.generation_account_id, key_pair(&t));
    put(&t, id, &pair).await.unwrap();
    let second = put(&t, id, &key_pair(&t)).await;
    assert!(
        matches!(second, Err(StoreError::Duplicate(_))),
        "{second:?}"
    );
    let mut view = t.view().await;
    assert_eq!(view.generation().key(id).await.unwrap(), Some(pair));
    drop(view);
    t.write(async |tx| tx.generation().destroy_key(id).await)
        .await
        .unwrap();
    let mut view = t.view().await;
    assert_eq!(view.generation().key(id).await.unwrap(), None);
    drop(view);
    put(&t, id, &key_pair(&t)).await.unwrap();
}

async fn a_nonce_is_used_once_and_in_time(t: Bench) {
    let account = seller(&t, &owner(&t).await);
    add(&t, &account).await.unwrap();
    let pair = key_pair(&t);
    put(&t, &account.generation_account_id, &pair)
        .await
        .unwrap();
    let nonce = |text: &str| Secret::new(text.to_owned());
    let set = async |text: &str| {
        t.write(async |tx| {
            let of = &pair.key_id;
            tx.generation().set_nonce(of, &nonce(text), at(600)).await
        })
        .await
        .unwrap();
    };
    let spend = async |text: &str, seconds: i64| {
        t.write(async |tx| {
            let of = &pair.key_id;
            tx.generation()
                .spend_nonce(of, &nonce(text), at(seconds))
                .await
        })
        .await
        .unwrap()
    };
    set("one").await;
    assert!(spend("one", 599).await);
    assert!(!spend("one", 599).await, "used");
    set("two").await;
    assert!(!spend("two", 600).await, "over");
    set("three").await;
    assert!(!spend("another", 1).await);
    assert!(!spend("three", 1).await, "a wrong try uses it up");
    set("four").await;
    set("five").await;
    assert!(!spend("four", 1).await, "another took its place");
}

/// A seller whose table is open.
pub(crate) async fn permitted(t: &Bench, owner: &AccountId) -> (GenerationAccount, PersonalTable) {
    let account = seller(t, owner);
    add(t, &account).await.unwrap();
    let table = table_of(t, &account.generation_account_id);
    t.write(async |tx| tx.generation().open_table(&table).await)
        .await
        .unwrap();
    let mut pair = key_pair(t);
    let wrapping = SoftwareWrapping::new(Arc::clone(&t.store));
    let session = wrapping.session().await.unwrap();
    pair.wrapped = session.wrap(&pair.key_id, b"a private half").unwrap();
    put(t, &account.generation_account_id, &pair).await.unwrap();
    let signs_in = generation_credentials::credential(&account, "zhaolei.roof");
    generation_credentials::put(t, &signs_in).await.unwrap();
    (account, table)
}

/// One of several sellers, each with a number of its own.
pub(crate) async fn permitted_nth(
    t: &Bench,
    owner: &AccountId,
    nth: usize,
) -> (GenerationAccount, PersonalTable) {
    let account = GenerationAccount {
        generation_no: Some(number(&format!("15049901{nth:05}"))),
        ..seller(t, owner)
    };
    add(t, &account).await.unwrap();
    let table = table_of(t, &account.generation_account_id);
    t.write(async |tx| tx.generation().open_table(&table).await)
        .await
        .unwrap();
    (account, table)
}

async fn by_id(t: &Bench, id: &GenerationAccountId) -> GenerationAccount {
    let mut view = t.view().await;
    view.generation().by_id(id).await.unwrap().unwrap()
}

async fn owner(t: &Bench) -> AccountId {
    let person = accounts::whole(t);
    accounts::add(t, &person).await;
    person.account_id
}

async fn an_account_comes_back_as_it_was(t: Bench) {
    let owner = owner(&t).await;
    let account = seller(&t, &owner);
    let id = &account.generation_account_id;
    add(&t, &account).await.unwrap();
    let stranger = bindings::account(&t, "stranger").await;
    let mut view = t.view().await;
    let found = view.generation().find(&owner, id).await.unwrap();
    assert_eq!(found.as_ref(), Some(&account));
    assert_eq!(view.generation().find(&stranger, id).await.unwrap(), None);
    assert_eq!(view.generation().by_id(&t.id()).await.unwrap(), None);
    let page = Page::new(Some(1), None).unwrap();
    let listed = view.generation().list(&owner, &page).await.unwrap();
    assert_eq!(listed, std::slice::from_ref(&account));
    let after = Page::new(Some(1), Some(id.as_str().to_owned())).unwrap();
    assert!(
        view.generation()
            .list(&owner, &after)
            .await
            .unwrap()
            .is_empty()
    );
    let theirs = view.generation().list(&stranger, &page).await.unwrap();
    assert!(theirs.is_empty());
    drop(view);
    assert_eq!(by_id(&t, id).await, account);
}

async fn a_number_has_one_live_account(t: Bench) {
    let owner = owner(&t).await;
    let account = seller(&t, &owner);
    add(&t, &account).await.unwrap();
    let stranger = bindings::account(&t, "stranger").await;
    let second = add(&t, &seller(&t, &stranger)).await;
    assert!(
        matches!(second, Err(StoreError::Duplicate(_))),
        "{second:?}"
    );
    let other = GenerationAccount {
        generation_no: Some(number("1504990020062")),
        ..seller(&t, &stranger)
    };
    add(&t, &other).await.unwrap();
    t.write(async |tx| {
        let found = tx.generation().by_no(&number(NUMBER)).await?;
        assert_eq!(found.as_ref(), Some(&account));
        assert_eq!(tx.generation().by_no(&number("1504990020063")).await?, None);
        Ok(())
    })
    .await
    .unwrap();
}

async fn a_save_compares_and_forgets_the_number(t: Bench) {
    let owner = owner(&t).await;
    let account = seller(&t, &owner);
    add(&t, &account).await.unwrap();
    let over = GenerationAccount {
        generation_no: None,
        state: GenerationState::Terminated,
        next_at: None,
        ended_at: Some(at(9)),
        ..account.clone()
    };
    t.write(async |tx| tx.generation().save(&over).await)
        .await
        .unwrap();
    let stale = t
        .write(async |tx| tx.generation().save(&account).await)
        .await;
    assert!(matches!(stale, Err(StoreError::Conflict)), "{stale:?}");
    let expected = GenerationAccount { version: 2, ..over };
    assert_eq!(by_id(&t, &account.generation_account_id).await, expected);
    // The number is free again.
    add(&t, &seller(&t, &owner)).await.unwrap();
}

async fn pv_13_an_end_is_kept_until_a_later_contract_and_names_nobody(t: Bench) {
    let ended = async |text: &str| {
        t.write(async |tx| tx.generation().ended_under(&number(text)).await)
            .await
            .unwrap()
    };
    assert_eq!(ended(NUMBER).await, None);
    for under in [2, 1] {
        t.write(async |tx| {
            let number = number(NUMBER);
            tx.generation().note_end(&number, under, at(9)).await
        })
        .await
        .unwrap();
    }
    assert_eq!(ended(NUMBER).await, Some(2), "the later contract's");
    assert_eq!(ended("1504990020062").await, None);
    let kept = t.text("SELECT number_digest FROM generation_end").await;
    assert!(kept.len() > 16 && !kept.contains(NUMBER));
    // Whoever sold under it may be erased: it still holds.
    let seller = owner(&t).await;
    t.write(async |tx| tx.privacy().erase(&seller, at(50)).await)
        .await
        .unwrap();
    assert_eq!(ended(NUMBER).await, Some(2));
    t.write(async |tx| tx.generation().forget_end(&number(NUMBER)).await)
        .await
        .unwrap();
    assert_eq!(ended(NUMBER).await, None);
}

async fn errands_come_when_they_are_due(t: Bench) {
    let owner = owner(&t).await;
    let account = seller(&t, &owner);
    add(&t, &account).await.unwrap();
    let mut view = t.view().await;
    assert!(view.generation().due(at(9), 5).await.unwrap().is_empty());
    let due = view.generation().due(at(10), 5).await.unwrap();
    let id = &account.generation_account_id;
    assert_eq!(due, std::slice::from_ref(id));
    assert!(view.generation().due(at(10), 0).await.unwrap().is_empty());
    drop(view);
    let put_off = async |now_s, again_s| {
        t.write(async |tx| tx.generation().put_off(id, at(now_s), at(again_s)).await)
            .await
            .unwrap();
        let found = t.view().await.generation().by_id(id).await.unwrap();
        found.unwrap().next_at
    };
    assert_eq!(put_off(9, 700).await, Some(at(10)), "it is not due");
    assert_eq!(put_off(10, 700).await, Some(at(700)));
}

async fn pv_10_a_table_opens_by_its_permission_only(t: Bench) {
    let owner = owner(&t).await;
    let (account, table) = permitted(&t, &owner).await;
    let id = &account.generation_account_id;
    let mut view = t.view().await;
    let found = view.generation().table(&table.permission_id).await.unwrap();
    assert_eq!(found.as_ref(), Some(&table));
    assert_eq!(view.generation().table(&t.id()).await.unwrap(), None);
    let expected = Permitted {
        table_id: table.table_id.clone(),
        permission_id: table.permission_id.clone(),
    };
    assert_eq!(
        view.generation().permitted(id).await.unwrap(),
        Some(expected)
    );
    assert_eq!(view.generation().permitted(&t.id()).await.unwrap(), None);
    drop(view);
    let again = table_of(&t, id);
    let second = t
        .write(async |tx| tx.generation().open_table(&again).await)
        .await;
    assert!(
        matches!(second, Err(StoreError::Duplicate(_))),
        "{second:?}"
    );
}

async fn a_payee_changes_by_comparison(t: Bench) {
    let owner = owner(&t).await;
    let (_, table) = permitted(&t, &owner).await;
    let mut changed = table.clone();
    changed.identity.trading_account = TradingAccount::parse("6217000000000000013").unwrap();
    changed.payee_since = at(50);
    t.write(async |tx| tx.generation().save_identity(&changed).await)
        .await
        .unwrap();
    let stale = t
        .write(async |tx| tx.generation().save_identity(&table).await)
        .await;
    assert!(matches!(stale, Err(StoreError::Conflict)), "{stale:?}");
    let mut view = t.view().await;
    let found = view.generation().table(&table.permission_id).await.unwrap();
    assert_eq!(
        found,
        Some(PersonalTable {
            version: 2,
            ..changed
        })
    );
}

async fn pv_11_an_erased_table_is_not_opened_by_anything(t: Bench) {
    let owner = owner(&t).await;
    let (account, table) = permitted(&t, &owner).await;
    t.write(async |tx| tx.generation().erase_table(&table.table_id, at(60)).await)
        .await
        .unwrap();
    let mut view = t.view().await;
    let found = view.generation().table(&table.permission_id).await.unwrap();
    assert_eq!(found, None);
    let id = &account.generation_account_id;
    assert_eq!(view.generation().permitted(id).await.unwrap(), None);
    drop(view);
    let late = t
        .write(async |tx| tx.generation().save_identity(&table).await)
        .await;
    assert!(matches!(late, Err(StoreError::Conflict)), "{late:?}");
    let keys = format!(
        "SELECT CAST(COUNT(*) AS TEXT) FROM account_key WHERE account_id = '{}'",
        table.table_id
    );
    assert_eq!(t.text(&keys).await, "0", "its data key is destroyed");
    // A table that is open again is another one.
    let next = table_of(&t, id);
    t.write(async |tx| tx.generation().open_table(&next).await)
        .await
        .unwrap();
}

async fn a_dropped_unit_opens_nothing(t: Bench) {
    let owner = owner(&t).await;
    let account = seller(&t, &owner);
    add(&t, &account).await.unwrap();
    let table = table_of(&t, &account.generation_account_id);
    let dropped: Result<(), StoreError> = t
        .write(async |tx| {
            tx.generation().open_table(&table).await?;
            Err(StoreError::Refused("planted".to_owned()))
        })
        .await;
    assert!(dropped.is_err());
    let mut view = t.view().await;
    let found = view.generation().table(&table.permission_id).await.unwrap();
    assert_eq!(found, None);
}
