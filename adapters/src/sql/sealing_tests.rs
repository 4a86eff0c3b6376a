use std::path::Path;

use lifeline_core::shared::ids::TypedId;
use lifeline_core::shared::time::Time;

use super::*;
use crate::keyring::InstanceKind;
use crate::sql::sqlite::{Sqlite, WriteUnit};
use crate::sql::{Vault, migrate};

const PHONE: Field = Field::new("account", "phone");

struct House {
    engine: Sqlite,
    vault: Vault,
    path: std::path::PathBuf,
    _folder: tempfile::TempDir,
}

fn vault_of(keyring: &Arc<Keyring>) -> Vault {
    Vault::new(Arc::clone(keyring))
}

impl House {
    async fn new(keyring: &Arc<Keyring>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        migrate(
            path.to_str().unwrap(),
            InstanceKind::Demo,
            Time::from_micros(0),
        )
        .await
        .unwrap();
        Self {
            engine: Sqlite::open(&path, None).unwrap(),
            vault: vault_of(keyring),
            path,
            _folder: folder,
        }
    }

    async fn unit(&self) -> Sql<WriteUnit> {
        Sql::new(self.engine.begin().await.unwrap(), self.vault.clone())
    }

    fn raw(&self, text: &str) {
        let conn = rusqlite::Connection::open(Path::new(&self.path)).unwrap();
        conn.execute_batch(text).unwrap();
    }
}

fn keyring() -> Arc<Keyring> {
    Arc::new(Keyring::generate(InstanceKind::Demo).unwrap())
}

fn account(n: u8) -> AccountId {
    AccountId::made(format!("019aa2f0-0000-7000-8000-0000000000{n:02}"))
}

fn is_corrupt<T>(outcome: &Result<T, StoreError>) -> bool {
    matches!(
        outcome,
        Err(StoreError::Corrupt {
            table: "account",
            column: "phone"
        })
    )
}

#[tokio::test]
async fn a_field_opens_for_its_account_row_and_column_only() {
    let house = House::new(&keyring()).await;
    let mut unit = house.unit().await;
    let sealed = unit
        .seal_for(&account(1), PHONE, "r1", "19000000001")
        .await
        .unwrap();
    assert!(sealed.starts_with("a1:") && !sealed.contains("19000000001"));
    unit.seal_for(&account(2), PHONE, "r1", "other")
        .await
        .unwrap();
    assert_eq!(
        unit.open_for(&account(1), PHONE, "r1", &sealed)
            .await
            .unwrap(),
        "19000000001"
    );
    for (who, row) in [(account(2), "r1"), (account(1), "r2"), (account(3), "r1")] {
        assert!(
            is_corrupt(&unit.open_for(&who, PHONE, row, &sealed).await),
            "{who} {row}"
        );
    }
    let elsewhere = Field::new("account", "id_no");
    assert!(
        unit.open_for(&account(1), elsewhere, "r1", &sealed)
            .await
            .is_err()
    );
    unit.conn.commit().await.unwrap();
}

#[tokio::test]
async fn a_committed_key_is_found_by_the_next_process() {
    let keyring = keyring();
    let house = House::new(&keyring).await;
    let mut unit = house.unit().await;
    let sealed = unit
        .seal_for(&account(1), PHONE, "r1", "19000000001")
        .await
        .unwrap();
    unit.conn.commit().await.unwrap();
    let mut next = Sql::new(house.engine.begin_read().await.unwrap(), vault_of(&keyring));
    assert_eq!(
        next.open_for(&account(1), PHONE, "r1", &sealed)
            .await
            .unwrap(),
        "19000000001"
    );
}

/// A key that was rolled back must not live on in memory: what is sealed with it later would be lost.
#[tokio::test]
async fn a_key_that_was_never_committed_is_forgotten() {
    let keyring = keyring();
    let house = House::new(&keyring).await;
    let mut dropped = house.unit().await;
    let lost = dropped
        .seal_for(&account(1), PHONE, "r1", "lost")
        .await
        .unwrap();
    drop(dropped);
    let mut unit = house.unit().await;
    let kept = unit
        .seal_for(&account(1), PHONE, "r1", "kept")
        .await
        .unwrap();
    unit.conn.commit().await.unwrap();
    assert_ne!(kid_of(&lost), kid_of(&kept));
    let mut next = Sql::new(house.engine.begin_read().await.unwrap(), vault_of(&keyring));
    assert_eq!(
        next.open_for(&account(1), PHONE, "r1", &kept)
            .await
            .unwrap(),
        "kept"
    );
}

#[tokio::test]
async fn deleting_the_key_row_erases_what_it_sealed() {
    let keyring = keyring();
    let house = House::new(&keyring).await;
    let mut unit = house.unit().await;
    let sealed = unit
        .seal_for(&account(1), PHONE, "r1", "19000000001")
        .await
        .unwrap();
    unit.conn.commit().await.unwrap();
    house.raw("DELETE FROM account_key");
    let mut next = Sql::new(house.engine.begin().await.unwrap(), vault_of(&keyring));
    assert!(is_corrupt(
        &next.open_for(&account(1), PHONE, "r1", &sealed).await
    ));
    // A new key for the same account opens nothing of the old one.
    next.seal_for(&account(1), PHONE, "r1", "again")
        .await
        .unwrap();
    assert!(is_corrupt(
        &next.open_for(&account(1), PHONE, "r1", &sealed).await
    ));
}

#[tokio::test]
async fn another_installations_keyring_opens_nothing() {
    let house = House::new(&keyring()).await;
    let mut unit = house.unit().await;
    let sealed = unit
        .seal_for(&account(1), PHONE, "r1", "19000000001")
        .await
        .unwrap();
    let service = unit.seal_service(PHONE, "r1", "19000000001").unwrap();
    unit.conn.commit().await.unwrap();
    let mut foreign = Sql::new(
        house.engine.begin_read().await.unwrap(),
        vault_of(&keyring()),
    );
    assert!(
        foreign
            .open_for(&account(1), PHONE, "r1", &sealed)
            .await
            .is_err()
    );
    assert!(is_corrupt(&foreign.open_service(PHONE, "r1", &service)));
}

#[test]
fn kept_keys_are_bounded_and_old_ones_leave() {
    let key = || {
        Arc::new(AccountKey {
            key_id: String::new(),
            bytes: Zeroizing::new([0; 32]),
        })
    };
    let vault = vault_of(&keyring());
    let id = |n: usize| AccountId::made(format!("019aa2f0-0000-7000-8000-{n:012}"));
    for n in 0..KEPT_COUNT_MAX + 10 {
        vault.keep(&id(n), &key());
    }
    assert!(vault.known(&id(0)).is_none());
    assert!(vault.known(&id(KEPT_COUNT_MAX + 9)).is_some());
    let mut kept = vault.kept.lock().unwrap();
    assert!(kept.by_account.len() <= KEPT_COUNT_MAX);
    let long_ago = Instant::now().checked_sub(KEPT_MAX).unwrap();
    for moment in kept.order.iter_mut().map(|(_, since)| since) {
        *moment = long_ago;
    }
    for entry in kept.by_account.values_mut() {
        entry.since = long_ago;
    }
    drop(kept);
    assert!(vault.known(&id(KEPT_COUNT_MAX + 9)).is_none());
}
