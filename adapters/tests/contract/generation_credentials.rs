//! User names and password hashes of generation accounts.

use lifeline_core::accounts::credential::Login;
use lifeline_core::accounts::passwords::PasswordHash;
use lifeline_core::settlement::accounts::account::GenerationAccount;
use lifeline_core::settlement::accounts::ports::GenerationCredential;
use lifeline_core::settlement::ids::GenerationNo;
use lifeline_core::store::StoreError;
use tokio::task::JoinSet;

use crate::bench::{Bench, at};
use crate::{bindings, contracts, generation};

contracts! { "generation_credentials":
    round_trip => ["GenerationCredentialStore::add_credential", "GenerationCredentialStore::credential_by_login",
        "GenerationCredentialStore::credential", "GenerationReads::password_set_at"];
    absent_is_none => ["GenerationCredentialStore::credential_by_login", "GenerationCredentialStore::credential",
        "GenerationReads::password_set_at"];
    a_name_is_one_accounts => ["GenerationCredentialStore::add_credential", "GenerationCredentialStore::save_credential"];
    stale_version_conflicts => ["GenerationCredentialStore::save_credential"];
    one_of_many_gets_a_name => ["GenerationCredentialStore::add_credential"];
    dropped_unit_leaves_nothing => ["GenerationCredentialStore::add_credential"];
}

/// A generation account of an owner of its own; `n` tells them apart.
async fn account(t: &Bench, n: u8) -> GenerationAccount {
    let owner = bindings::account(t, &format!("owner-{n}")).await;
    let account = GenerationAccount {
        generation_no: Some(GenerationNo::parse(&format!("15049900200{n:02}")).unwrap()),
        ..generation::seller(t, &owner)
    };
    generation::add(t, &account).await.unwrap();
    account
}

/// A user name and a password for an account.
pub(crate) fn credential(account: &GenerationAccount, login: &str) -> GenerationCredential {
    GenerationCredential {
        generation_account_id: account.generation_account_id.clone(),
        account_id: account.account_id.clone(),
        login: Login::parse(login).unwrap(),
        password: PasswordHash::from_store(format!("$argon2id$canary-{login}")),
        changed_at: at(1),
        version: 1,
    }
}

pub(crate) async fn put(t: &Bench, credential: &GenerationCredential) -> Result<(), StoreError> {
    t.write(async |tx| tx.generation().add_credential(credential).await)
        .await
}

async fn save(t: &Bench, credential: &GenerationCredential) -> Result<(), StoreError> {
    t.write(async |tx| tx.generation().save_credential(credential).await)
        .await
}

async fn found(t: &Bench, login: &Login) -> Option<GenerationCredential> {
    t.write(async |tx| tx.generation().credential_by_login(login).await)
        .await
        .unwrap()
}

async fn round_trip(t: Bench) {
    let account = account(&t, 1).await;
    let first = credential(&account, "zhaolei.roof");
    put(&t, &first).await.unwrap();
    assert_eq!(found(&t, &first.login).await, Some(first.clone()));
    let changed = GenerationCredential {
        login: Login::parse("zhaolei.barn").unwrap(),
        password: PasswordHash::from_store("$argon2id$other".into()),
        changed_at: at(2),
        ..first.clone()
    };
    save(&t, &changed).await.unwrap();
    let kept = GenerationCredential {
        version: 2,
        ..changed
    };
    assert_eq!(
        found(&t, &first.login).await,
        None,
        "the old name opens nothing"
    );
    let id = &account.generation_account_id;
    let of = t
        .write(async |tx| tx.generation().credential(id).await)
        .await;
    assert_eq!(of.unwrap(), Some(kept));
    let mut view = t.view().await;
    let since = view.generation().password_set_at(id).await.unwrap();
    assert_eq!(since, Some(at(2)));
}

async fn absent_is_none(t: Bench) {
    let account = account(&t, 1).await;
    assert_eq!(found(&t, &Login::parse("nobody").unwrap()).await, None);
    let id = &account.generation_account_id;
    let of = t
        .write(async |tx| tx.generation().credential(id).await)
        .await;
    assert_eq!(of.unwrap(), None);
    let mut view = t.view().await;
    assert_eq!(view.generation().password_set_at(id).await.unwrap(), None);
}

async fn a_name_is_one_accounts(t: Bench) {
    let first = credential(&account(&t, 1).await, "zhaolei.roof");
    put(&t, &first).await.unwrap();
    let second = credential(&account(&t, 2).await, "ZhaoLei.Roof");
    let taken = put(&t, &second).await;
    assert!(matches!(taken, Err(StoreError::Duplicate(_))), "{taken:?}");
    let other = GenerationCredential {
        login: Login::parse("sunxin.roof").unwrap(),
        ..second.clone()
    };
    put(&t, &other).await.unwrap();
    let taken = save(&t, &second).await;
    assert!(matches!(taken, Err(StoreError::Duplicate(_))), "{taken:?}");
}

async fn stale_version_conflicts(t: Bench) {
    let first = credential(&account(&t, 1).await, "zhaolei.roof");
    put(&t, &first).await.unwrap();
    save(&t, &first).await.unwrap();
    let stale = save(&t, &first).await;
    assert!(matches!(stale, Err(StoreError::Conflict)), "{stale:?}");
}

async fn one_of_many_gets_a_name(t: Bench) {
    let mut wanting = Vec::new();
    for n in 1..=4 {
        wanting.push(credential(&account(&t, n).await, "zhaolei.roof"));
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
    let first = credential(&account(&t, 1).await, "zhaolei.roof");
    t.write_and_drop(async |tx| tx.generation().add_credential(&first).await)
        .await;
    assert_eq!(found(&t, &first.login).await, None);
}
