//! App users and what they agreed to.

use lifeline_core::accounts::account::{Account, CertifiedBy, ProviderId, RealName, VerifiedPhone};
use lifeline_core::accounts::consent::{Consent, Purpose};
use lifeline_core::shared::ids::AccountId;
use lifeline_core::shared::personal::{IdNo, PersonName, Phone};
use lifeline_core::store::StoreError;
use tokio::task::JoinSet;

use crate::bench::{Bench, at};
use crate::contracts;

contracts! { "accounts":
    round_trip => ["AccountStore::add", "AccountReads::find"];
    a_bare_account_round_trips => ["AccountStore::add", "AccountReads::find"];
    found_by_each_id_and_the_phone => ["AccountStore::find_by_open_id", "AccountStore::find_by_user_id", "AccountStore::find_by_phone"];
    absent_is_none => ["AccountReads::find", "AccountStore::find_by_open_id", "AccountStore::find_by_user_id",
        "AccountStore::find_by_phone", "AccountReads::consents", "AccountStore::withdraw_consent"];
    an_id_of_another_app_is_another_id => ["AccountStore::find_by_open_id"];
    duplicate_ids_and_phones_are_told => ["AccountStore::add", "AccountStore::save"];
    save_changes_what_may_change => ["AccountStore::save"];
    stale_version_conflicts => ["AccountStore::save"];
    one_of_many_saves_wins => ["AccountStore::save"];
    dropped_unit_adds_nobody => ["AccountStore::add"];
    a_phone_moves_within_one_unit => ["AccountStore::save", "AccountStore::find_by_phone"];
    nothing_personal_is_readable_at_rest => ["AccountStore::add"];
    consent_round_trip => ["AccountStore::add_consent", "AccountReads::consents"];
    one_live_consent_per_purpose => ["AccountStore::add_consent"];
    withdrawn_consent_is_no_longer_listed => ["AccountStore::withdraw_consent", "AccountReads::consents",
        "AccountReads::consent_history"];
}

/// A blind index: the key's id, and a digest.
pub(crate) fn is_index(text: &str) -> bool {
    let hex = |part: &str| part.bytes().all(|b| b.is_ascii_hexdigit());
    text.split_once(':')
        .is_some_and(|(kid, tag)| hex(kid) && tag.len() == 64 && hex(tag))
}

pub(crate) fn id(text: &str) -> ProviderId {
    ProviderId::parse(text).unwrap()
}

pub(crate) fn phone(text: &str) -> Phone {
    Phone::parse(text).unwrap()
}

/// An account with nothing but its open id.
pub(crate) fn bare(t: &Bench, open_id: &str) -> Account {
    Account {
        account_id: t.id(),
        app_id: "2021000000000001".into(),
        open_id: Some(id(open_id)),
        user_id: None,
        real_name: None,
        phone: None,
        merged: None,
        created_at: at(0),
        version: 1,
    }
}

pub(crate) fn whole(t: &Bench) -> Account {
    Account {
        user_id: Some(id("2088-1")),
        real_name: Some(RealName {
            name: PersonName::parse("李明").unwrap(),
            id_no: IdNo::parse("150499199001010014").unwrap(),
            certified_by: CertifiedBy::Face,
            certified_at: at(1),
        }),
        phone: Some(VerifiedPhone {
            number: phone("19000000001"),
            verified_at: at(2),
            chosen: true,
        }),
        ..bare(t, "open-1")
    }
}

pub(crate) async fn add(t: &Bench, account: &Account) {
    t.write(async |tx| tx.accounts().add(account).await)
        .await
        .unwrap();
}

async fn save(t: &Bench, account: &Account) -> Result<(), StoreError> {
    t.write(async |tx| tx.accounts().save(account).await).await
}

async fn found(t: &Bench, account: &AccountId) -> Option<Account> {
    t.view().await.accounts().find(account).await.unwrap()
}

async fn round_trip(t: Bench) {
    let account = whole(&t);
    add(&t, &account).await;
    assert_eq!(found(&t, &account.account_id).await, Some(account));
}

async fn a_bare_account_round_trips(t: Bench) {
    let account = Account {
        open_id: None,
        user_id: Some(id("2088-2")),
        ..bare(&t, "x")
    };
    add(&t, &account).await;
    assert_eq!(found(&t, &account.account_id).await, Some(account));
}

async fn found_by_each_id_and_the_phone(t: Bench) {
    let account = whole(&t);
    add(&t, &account).await;
    add(&t, &bare(&t, "open-2")).await;
    let app = account.app_id.as_str();
    let [by_open, by_user, by_phone] = t
        .write(async |tx| {
            Ok([
                tx.accounts().find_by_open_id(app, &id("open-1")).await?,
                tx.accounts().find_by_user_id(app, &id("2088-1")).await?,
                tx.accounts().find_by_phone(&phone("19000000001")).await?,
            ])
        })
        .await
        .unwrap();
    for found in [by_open, by_user, by_phone] {
        assert_eq!(found.as_ref(), Some(&account));
    }
}

async fn absent_is_none(t: Bench) {
    let nobody: AccountId = t.id();
    assert_eq!(found(&t, &nobody).await, None);
    assert!(
        t.view()
            .await
            .accounts()
            .consents(&nobody)
            .await
            .unwrap()
            .is_empty()
    );
    t.write(async |tx| {
        let app = "2021000000000001";
        assert_eq!(tx.accounts().find_by_open_id(app, &id("x")).await?, None);
        assert_eq!(tx.accounts().find_by_user_id(app, &id("x")).await?, None);
        assert_eq!(
            tx.accounts().find_by_phone(&phone("19000000001")).await?,
            None
        );
        let purpose = Purpose::Notices;
        assert_eq!(
            tx.accounts()
                .withdraw_consent(&nobody, purpose, at(0))
                .await?,
            None
        );
        Ok(())
    })
    .await
    .unwrap();
}

async fn an_id_of_another_app_is_another_id(t: Bench) {
    let account = whole(&t);
    add(&t, &account).await;
    let elsewhere = Account {
        app_id: "2021000000000002".into(),
        ..bare(&t, "open-1")
    };
    add(&t, &elsewhere).await;
    let found = t
        .write(async |tx| {
            tx.accounts()
                .find_by_open_id("2021000000000002", &id("open-1"))
                .await
        })
        .await
        .unwrap();
    assert_eq!(found, Some(elsewhere));
}

async fn duplicate_ids_and_phones_are_told(t: Bench) {
    add(&t, &whole(&t)).await;
    let same_open = bare(&t, "open-1");
    let same_user = Account {
        user_id: Some(id("2088-1")),
        ..bare(&t, "open-3")
    };
    let same_phone = Account {
        phone: whole(&t).phone,
        ..bare(&t, "open-4")
    };
    for twin in [&same_open, &same_user, &same_phone] {
        let told = t.write(async |tx| tx.accounts().add(twin).await).await;
        assert!(
            matches!(&told, Err(StoreError::Duplicate(n)) if n.starts_with("account(")),
            "{told:?}"
        );
    }
    let other = bare(&t, "open-5");
    add(&t, &other).await;
    let grabbed = Account {
        phone: whole(&t).phone,
        ..other
    };
    let told = save(&t, &grabbed).await;
    assert!(
        matches!(&told, Err(StoreError::Duplicate(n)) if n == "account(phone_index)"),
        "{told:?}"
    );
}

async fn save_changes_what_may_change(t: Bench) {
    let before = bare(&t, "open-1");
    add(&t, &before).await;
    let after = Account {
        created_at: at(0),
        ..whole(&t)
    };
    let after = Account {
        account_id: before.account_id.clone(),
        ..after
    };
    save(&t, &after).await.unwrap();
    let expected = Account {
        version: 2,
        ..after
    };
    assert_eq!(found(&t, &before.account_id).await, Some(expected.clone()));
    let erased = Account {
        real_name: None,
        phone: None,
        ..expected
    };
    save(&t, &erased).await.unwrap();
    assert_eq!(
        found(&t, &before.account_id).await,
        Some(Account {
            version: 3,
            ..erased
        })
    );
}

async fn stale_version_conflicts(t: Bench) {
    let account = whole(&t);
    add(&t, &account).await;
    save(&t, &account).await.unwrap();
    assert!(matches!(
        save(&t, &account).await,
        Err(StoreError::Conflict)
    ));
    let nobody = bare(&t, "open-9");
    assert!(matches!(save(&t, &nobody).await, Err(StoreError::Conflict)));
}

async fn one_of_many_saves_wins(t: Bench) {
    let account = whole(&t);
    add(&t, &account).await;
    let mut savers = JoinSet::new();
    for _ in 0..16 {
        let (t, account) = (t.clone(), account.clone());
        savers.spawn(async move { save(&t, &account).await.is_ok() });
    }
    let won = savers
        .join_all()
        .await
        .into_iter()
        .filter(|won| *won)
        .count();
    assert_eq!(won, 1);
    assert_eq!(
        found(&t, &account.account_id).await.map(|a| a.version),
        Some(2)
    );
}

async fn dropped_unit_adds_nobody(t: Bench) {
    let account = whole(&t);
    t.write_and_drop(async |tx| tx.accounts().add(&account).await)
        .await;
    assert_eq!(found(&t, &account.account_id).await, None);
    add(&t, &account).await;
    assert_eq!(
        found(&t, &account.account_id).await,
        Some(account),
        "its key is readable too"
    );
}

async fn a_phone_moves_within_one_unit(t: Bench) {
    let former = whole(&t);
    let heir = bare(&t, "open-2");
    add(&t, &former).await;
    add(&t, &heir).await;
    t.write(async |tx| {
        tx.accounts()
            .save(&Account {
                phone: None,
                ..former.clone()
            })
            .await?;
        tx.accounts()
            .save(&Account {
                phone: former.phone.clone(),
                ..heir.clone()
            })
            .await
    })
    .await
    .unwrap();
    let holder = t
        .write(async |tx| tx.accounts().find_by_phone(&phone("19000000001")).await)
        .await
        .unwrap();
    assert_eq!(
        holder.map(|account| account.account_id),
        Some(heir.account_id)
    );
}

async fn nothing_personal_is_readable_at_rest(t: Bench) {
    let account = whole(&t);
    add(&t, &account).await;
    for column in ["open_id", "user_id", "name", "id_no", "phone"] {
        let sealed = t.text(&format!("SELECT {column} FROM account")).await;
        assert!(sealed.starts_with("a1:"), "{column}");
    }
    for column in [
        "open_id_index",
        "user_id_index",
        "id_no_index",
        "phone_index",
    ] {
        let index = t.text(&format!("SELECT {column} FROM account")).await;
        assert!(is_index(&index), "{column}");
    }
}

fn consent(t: &Bench, account: &Account, purpose: Purpose) -> Consent {
    let id: AccountId = t.id();
    Consent {
        consent_id: id.to_string(),
        account_id: account.account_id.clone(),
        purpose,
        version: purpose.text().version.into(),
        text_hash: purpose.text().digest(),
        given_at: at(3),
        withdrawn_at: None,
    }
}

async fn give(t: &Bench, consent: &Consent) -> Result<(), StoreError> {
    t.write(async |tx| tx.accounts().add_consent(consent).await)
        .await
}

async fn consents(t: &Bench, account: &Account) -> Vec<Consent> {
    t.view()
        .await
        .accounts()
        .consents(&account.account_id)
        .await
        .unwrap()
}

async fn consent_round_trip(t: Bench) {
    let (account, other) = (whole(&t), bare(&t, "open-2"));
    add(&t, &account).await;
    add(&t, &other).await;
    let given = Purpose::ALL.map(|purpose| consent(&t, &account, purpose));
    for consent in &given {
        give(&t, consent).await.unwrap();
    }
    assert_eq!(consents(&t, &account).await, given);
    assert!(consents(&t, &other).await.is_empty());
}

async fn one_live_consent_per_purpose(t: Bench) {
    let account = whole(&t);
    add(&t, &account).await;
    give(&t, &consent(&t, &account, Purpose::Notices))
        .await
        .unwrap();
    let twice = give(&t, &consent(&t, &account, Purpose::Notices)).await;
    assert!(matches!(&twice, Err(StoreError::Duplicate(_))), "{twice:?}");
}

async fn withdrawn_consent_is_no_longer_listed(t: Bench) {
    let account = whole(&t);
    add(&t, &account).await;
    let first = consent(&t, &account, Purpose::Notices);
    give(&t, &first).await.unwrap();
    let withdraw = async |seconds| {
        let id = &account.account_id;
        t.write(async |tx| {
            tx.accounts()
                .withdraw_consent(id, Purpose::Notices, at(seconds))
                .await
        })
        .await
        .unwrap()
    };
    let taken_back = withdraw(9).await;
    assert_eq!(
        taken_back,
        Some(Consent {
            withdrawn_at: Some(at(9)),
            ..first
        })
    );
    assert_eq!(withdraw(10).await, None);
    assert!(consents(&t, &account).await.is_empty());
    give(&t, &consent(&t, &account, Purpose::Notices))
        .await
        .unwrap();
    assert_eq!(consents(&t, &account).await.len(), 1);
}
