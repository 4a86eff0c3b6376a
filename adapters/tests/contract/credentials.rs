//! Login names and password hashes.

use lifeline_core::accounts::credential::{Credential, Login};
use lifeline_core::accounts::passwords::PasswordHash;
use lifeline_core::shared::ids::AccountId;
use lifeline_core::store::StoreError;
use tokio::task::JoinSet;

use crate::accounts::{add, bare};
use crate::bench::{Bench, at};
use crate::contracts;

contracts! { "credentials":
    round_trip => ["CredentialStore::add_credential", "CredentialStore::find_credential",
        "CredentialStore::credential_of"];
    absent_is_none => ["CredentialStore::find_credential", "CredentialStore::credential_of"];
    a_login_is_one_accounts => ["CredentialStore::add_credential", "CredentialStore::save_credential"];
    stale_version_conflicts => ["CredentialStore::save_credential"];
    one_of_many_gets_a_login => ["CredentialStore::add_credential"];
    dropped_unit_leaves_nothing => ["CredentialStore::add_credential"];
}

async fn credential(t: &Bench, open_id: &str, login: &str) -> Credential {
    let account = bare(t, open_id);
    add(t, &account).await;
    Credential {
        account_id: account.account_id,
        login: Login::parse(login).unwrap(),
        password: PasswordHash::from_store(format!("$argon2id$canary-{open_id}")),
        changed_at: at(1),
        version: 1,
    }
}

/// Gives an account a login and a password.
pub(crate) async fn keep(t: &Bench, account: &AccountId) {
    let credential = Credential {
        account_id: account.clone(),
        login: Login::parse("household.login").unwrap(),
        password: PasswordHash::from_store("$argon2id$household".into()),
        changed_at: at(1),
        version: 1,
    };
    put(t, &credential).await.unwrap();
}

async fn put(t: &Bench, credential: &Credential) -> Result<(), StoreError> {
    t.write(async |tx| tx.accounts().add_credential(credential).await)
        .await
}

async fn save(t: &Bench, credential: &Credential) -> Result<(), StoreError> {
    t.write(async |tx| tx.accounts().save_credential(credential).await)
        .await
}

async fn found(t: &Bench, login: &Login) -> Option<Credential> {
    t.write(async |tx| tx.accounts().find_credential(login).await)
        .await
        .unwrap()
}

async fn round_trip(t: Bench) {
    let first = credential(&t, "a", "liming88").await;
    put(&t, &first).await.unwrap();
    assert_eq!(found(&t, &first.login).await, Some(first.clone()));
    let changed = Credential {
        login: Login::parse("liming.99").unwrap(),
        password: PasswordHash::from_store("$argon2id$other".into()),
        changed_at: at(2),
        ..first.clone()
    };
    save(&t, &changed).await.unwrap();
    let kept = Credential {
        version: 2,
        ..changed
    };
    assert_eq!(
        found(&t, &first.login).await,
        None,
        "the old login opens nothing"
    );
    let of = t
        .write(async |tx| tx.accounts().credential_of(&first.account_id).await)
        .await;
    assert_eq!(of.unwrap(), Some(kept));
}

async fn absent_is_none(t: Bench) {
    let account = bare(&t, "a");
    add(&t, &account).await;
    assert_eq!(found(&t, &Login::parse("nobody").unwrap()).await, None);
    let of = t
        .write(async |tx| tx.accounts().credential_of(&account.account_id).await)
        .await;
    assert_eq!(of.unwrap(), None);
}

async fn a_login_is_one_accounts(t: Bench) {
    let first = credential(&t, "a", "liming88").await;
    put(&t, &first).await.unwrap();
    let second = credential(&t, "b", "LiMing88").await;
    let taken = put(&t, &second).await;
    assert!(matches!(taken, Err(StoreError::Duplicate(_))), "{taken:?}");
    let other = Credential {
        login: Login::parse("wangfang").unwrap(),
        ..second.clone()
    };
    put(&t, &other).await.unwrap();
    let taken = save(&t, &second).await;
    assert!(matches!(taken, Err(StoreError::Duplicate(_))), "{taken:?}");
}

async fn stale_version_conflicts(t: Bench) {
    let first = credential(&t, "a", "liming88").await;
    put(&t, &first).await.unwrap();
    save(&t, &first).await.unwrap();
    let stale = save(&t, &first).await;
    assert!(matches!(stale, Err(StoreError::Conflict)), "{stale:?}");
}

async fn one_of_many_gets_a_login(t: Bench) {
    let mut wanting = Vec::new();
    for open_id in ["a", "b", "c", "d"] {
        wanting.push(credential(&t, open_id, "liming88").await);
    }
    let mut tasks = JoinSet::new();
    for credential in wanting {
        let t = t.clone();
        tasks.spawn(async move { put(&t, &credential).await.is_ok() });
    }
    let won = tasks.join_all().await;
    assert_eq!(won.into_iter().filter(|won| *won).count(), 1);
}

async fn dropped_unit_leaves_nothing(t: Bench) {
    let first = credential(&t, "a", "liming88").await;
    t.write_and_drop(async |tx| tx.accounts().add_credential(&first).await)
        .await;
    assert_eq!(found(&t, &first.login).await, None);
}
