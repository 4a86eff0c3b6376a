//! Generation accounts and their personal data tables. An account's number is sealed with its owner's
//! key and found by blind index; a table has a data key of its own, which lies beside the accounts' keys
//! under the table's id and whose destruction erases the table.

use async_trait::async_trait;
use lifeline_core::accounts::Secret;
use lifeline_core::settlement::accounts::account::{FeedIn, GenerationAccount, GenerationState};
use lifeline_core::settlement::accounts::ports::{GenerationReads, GenerationStore};
use lifeline_core::settlement::accounts::table::{Identity, Permitted, PersonalTable};
use lifeline_core::settlement::accounts::vault::KeyPair;
use lifeline_core::settlement::ids::{
    GenerationAccountId, GenerationNo, KeyPairId, PermissionId, PersonalTableId,
};
use lifeline_core::shared::ids::{AccountId, TypedId as _};
use lifeline_core::shared::page::Page;
use lifeline_core::shared::time::Time;
use lifeline_core::store::StoreError;

use super::statement::statements;
use super::value::args;
use super::{Conn, Field, Row, Sql, WriteConn};

macro_rules! accounts {
    ($which:literal) => {
        concat!(
            "SELECT generation_account_id, account_id, generation_no, feed_in, settlement_day, contract_version, ",
            "state, termination_asked_at, created_at, next_at, ended_at, version FROM generation_account WHERE ",
            $which
        )
    };
}

statements! { "generation":
    // What belonged to an account that was merged into this one is this person's as well.
    FIND("generation_account") = accounts!("(account_id = $1 OR account_id IN (SELECT m.account_id FROM account m \
        WHERE m.merged_into = $1)) AND generation_account_id = $2");
    LIST("generation_account") = accounts!("(account_id = $1 OR account_id IN (SELECT m.account_id FROM account m \
        WHERE m.merged_into = $1)) AND generation_account_id > $2 ORDER BY generation_account_id LIMIT $3");
    BY_ID("generation_account") = accounts!("generation_account_id = $1");
    BY_NO("generation_account") = accounts!("generation_index IN ($1, $2)");
    KEYLESS("generation_account") = "SELECT generation_account_id FROM generation_account \
        WHERE state = 'keyless' AND next_at <= $1 ORDER BY next_at, generation_account_id LIMIT $2";
    DUE("generation_account") = "SELECT generation_account_id FROM generation_account \
        WHERE next_at IS NOT NULL AND next_at <= $1 AND state <> 'keyless' ORDER BY next_at, generation_account_id LIMIT $2";
    ADD("generation_account") = "INSERT INTO generation_account (generation_account_id, account_id, generation_no, \
        generation_index, feed_in, settlement_day, contract_version, state, termination_asked_at, next_at, ended_at, \
        version, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    SAVE("generation_account") = "UPDATE generation_account SET generation_no = $3, generation_index = $4, feed_in = $5, \
        settlement_day = $6, contract_version = $7, state = $8, termination_asked_at = $9, next_at = $10, ended_at = $11, \
        version = version + 1 WHERE generation_account_id = $1 AND account_id = $2 AND version = $12";
    PUT_OFF("generation_account") = "UPDATE generation_account SET next_at = $3, version = version + 1 \
        WHERE generation_account_id = $1 AND next_at <= $2";
    PERMITTED("personal_table") = "SELECT table_id, permission_id FROM personal_table \
        WHERE generation_account_id = $1 AND state = 'open'";
    TABLE("personal_table") = "SELECT table_id, generation_account_id, permission_id, identity, payee_since, opened_at, \
        version FROM personal_table WHERE permission_id = $1 AND state = 'open'";
    OPEN("personal_table") = "INSERT INTO personal_table (table_id, generation_account_id, state, permission_id, identity, \
        payee_since, opened_at, version) VALUES ($1, $2, 'open', $3, $4, $5, $6, $7)";
    SAVE_IDENTITY("personal_table") = "UPDATE personal_table SET identity = $2, payee_since = $3, version = version + 1 \
        WHERE table_id = $1 AND state = 'open' AND version = $4";
    ERASE("personal_table") = "UPDATE personal_table SET state = 'erased', permission_id = NULL, identity = NULL, \
        erased_at = $2, version = version + 1 WHERE table_id = $1 AND state = 'open'";
    KEY("generation_key") = "SELECT key_id, vault, modulus, wrapped, made_at FROM generation_key \
        WHERE generation_account_id = $1";
    PASSWORD_SET("generation_credential") = "SELECT changed_at FROM generation_credential \
        WHERE generation_account_id = $1";
    ADD_KEY("generation_key") = "INSERT INTO generation_key (key_id, generation_account_id, vault, modulus, wrapped, \
        made_at) VALUES ($1, $2, $3, $4, $5, $6)";
    SET_NONCE("generation_key") = "UPDATE generation_key SET nonce_digest = $2, nonce_expires_at = $3 WHERE key_id = $1";
    SPEND_NONCE("generation_key") = "UPDATE generation_key SET nonce_digest = NULL, nonce_expires_at = NULL \
        WHERE key_id = $1 AND nonce_digest = $2 AND nonce_expires_at > $3";
    DROP_NONCE("generation_key") = "UPDATE generation_key SET nonce_digest = NULL, nonce_expires_at = NULL \
        WHERE key_id = $1 AND nonce_digest IS NOT NULL";
    DESTROY("generation_key") = "DELETE FROM generation_key WHERE generation_account_id = $1";
    DROP_KEY("account_key") = "DELETE FROM account_key WHERE account_id = $1";
}

pub(super) const GENERATION_NO: Field = Field::new("generation_account", "generation_no");
pub(super) const GENERATION_INDEX: Field = Field::new("generation_account", "generation_index");
const NONCE: Field = Field::new("generation_key", "nonce_digest");
const IDENTITY: Field = Field::new("personal_table", "identity");

/// The name under which a table's data key lies beside those of people.
pub(super) fn key_owner(table: &PersonalTableId) -> AccountId {
    AccountId::made(table.as_str().to_owned())
}

#[async_trait]
impl<C: Conn> GenerationReads for Sql<C> {
    async fn find(
        &mut self,
        owner: &AccountId,
        id: &GenerationAccountId,
    ) -> Result<Option<GenerationAccount>, StoreError> {
        let row = self.one(&FIND, args![owner, id]).await?;
        self.maybe_generation(row).await
    }

    async fn list(
        &mut self,
        owner: &AccountId,
        page: &Page,
    ) -> Result<Vec<GenerationAccount>, StoreError> {
        let most = page.limit().saturating_add(1);
        let args = args![owner, page.after().unwrap_or_default(), most];
        let mut found = Vec::new();
        for row in self.rows(&LIST, args).await? {
            found.push(self.generation_account(&row).await?);
        }
        Ok(found)
    }

    async fn by_id(
        &mut self,
        id: &GenerationAccountId,
    ) -> Result<Option<GenerationAccount>, StoreError> {
        let row = self.one(&BY_ID, args![id]).await?;
        self.maybe_generation(row).await
    }

    async fn permitted(
        &mut self,
        id: &GenerationAccountId,
    ) -> Result<Option<Permitted>, StoreError> {
        let row = self.one(&PERMITTED, args![id]).await?;
        row.map(|row| {
            Ok(Permitted {
                table_id: row.id("table_id")?,
                permission_id: row.id("permission_id")?,
            })
        })
        .transpose()
    }

    async fn table(
        &mut self,
        permission: &PermissionId,
    ) -> Result<Option<PersonalTable>, StoreError> {
        let Some(row) = self.one(&TABLE, args![permission]).await? else {
            return Ok(None);
        };
        let table_id: PersonalTableId = row.id("table_id")?;
        let sealed = row.text("identity")?;
        let kept = self
            .open_for(&key_owner(&table_id), IDENTITY, table_id.as_str(), &sealed)
            .await?;
        Ok(Some(PersonalTable {
            generation_account_id: row.id("generation_account_id")?,
            permission_id: row.id("permission_id")?,
            identity: Identity::from_kept(&kept).ok_or_else(|| row.corrupt("identity"))?,
            payee_since: row.time("payee_since")?,
            payee_phone: PersonalTable::phone_from_kept(&kept),
            opened_at: row.time("opened_at")?,
            version: row.int("version")?,
            table_id,
        }))
    }

    async fn key(&mut self, id: &GenerationAccountId) -> Result<Option<KeyPair>, StoreError> {
        let row = self.one(&KEY, args![id]).await?;
        row.map(|row| {
            Ok(KeyPair {
                key_id: row.id("key_id")?,
                vault: row.text("vault")?,
                modulus: row.text("modulus")?,
                wrapped: row.text("wrapped")?,
                made_at: row.time("made_at")?,
            })
        })
        .transpose()
    }

    async fn password_set_at(
        &mut self,
        id: &GenerationAccountId,
    ) -> Result<Option<Time>, StoreError> {
        let row = self.one(&PASSWORD_SET, args![id]).await?;
        row.map(|row| row.time("changed_at")).transpose()
    }

    async fn due(&mut self, now: Time, most: i64) -> Result<Vec<GenerationAccountId>, StoreError> {
        let mut rows = self.rows(&KEYLESS, args![now, most]).await?;
        let keyless = i64::try_from(rows.len()).unwrap_or(most);
        let left = most.saturating_sub(keyless);
        rows.extend(self.rows(&DUE, args![now, left]).await?);
        rows.iter()
            .map(|row| row.id("generation_account_id"))
            .collect()
    }
}

#[async_trait]
impl<C: WriteConn> GenerationStore for Sql<C> {
    async fn add(&mut self, account: &GenerationAccount) -> Result<(), StoreError> {
        let mut args = self.generation_args(account).await?;
        args.extend(args![account.created_at]);
        self.touched(&ADD, args).await.map(drop)
    }

    async fn save(&mut self, account: &GenerationAccount) -> Result<(), StoreError> {
        let args = self.generation_args(account).await?;
        if self.changed(&SAVE, args).await? {
            Ok(())
        } else {
            Err(StoreError::Conflict)
        }
    }

    async fn put_off(
        &mut self,
        id: &GenerationAccountId,
        now: Time,
        again: Time,
    ) -> Result<(), StoreError> {
        self.touched(&PUT_OFF, args![id, now, again])
            .await
            .map(drop)
    }

    async fn by_no(
        &mut self,
        generation_no: &GenerationNo,
    ) -> Result<Option<GenerationAccount>, StoreError> {
        let [index, other] = self.indexes(GENERATION_INDEX, generation_no.expose())?;
        let row = self.one(&BY_NO, args![index, other]).await?;
        self.maybe_generation(row).await
    }

    async fn note_end(
        &mut self,
        generation_no: &GenerationNo,
        contract_version: i64,
        now: Time,
    ) -> Result<(), StoreError> {
        self.keep_end(generation_no, contract_version, now).await
    }

    async fn ended_under(
        &mut self,
        generation_no: &GenerationNo,
    ) -> Result<Option<i64>, StoreError> {
        self.ended_contract(generation_no).await
    }

    async fn forget_end(&mut self, generation_no: &GenerationNo) -> Result<(), StoreError> {
        self.drop_end(generation_no).await
    }

    async fn open_table(&mut self, table: &PersonalTable) -> Result<(), StoreError> {
        let identity = self.sealed_identity(table).await?;
        let args = args![
            &table.table_id,
            &table.generation_account_id,
            &table.permission_id,
            identity,
            table.payee_since,
            table.opened_at,
            table.version,
        ];
        self.touched(&OPEN, args).await.map(drop)
    }

    async fn save_identity(&mut self, table: &PersonalTable) -> Result<(), StoreError> {
        let identity = self.sealed_identity(table).await?;
        let args = args![&table.table_id, identity, table.payee_since, table.version];
        if self.changed(&SAVE_IDENTITY, args).await? {
            Ok(())
        } else {
            Err(StoreError::Conflict)
        }
    }

    async fn add_key(
        &mut self,
        id: &GenerationAccountId,
        pair: &KeyPair,
    ) -> Result<(), StoreError> {
        let args = args![
            &pair.key_id,
            id,
            &pair.vault,
            &pair.modulus,
            &pair.wrapped,
            pair.made_at,
        ];
        self.touched(&ADD_KEY, args).await.map(drop)
    }

    async fn set_nonce(
        &mut self,
        key_id: &KeyPairId,
        nonce: &Secret,
        expires_at: Time,
    ) -> Result<(), StoreError> {
        let digest = self.digest(NONCE, nonce.expose())?;
        if self
            .changed(&SET_NONCE, args![key_id, digest, expires_at])
            .await?
        {
            Ok(())
        } else {
            Err(StoreError::Conflict)
        }
    }

    async fn spend_nonce(
        &mut self,
        key_id: &KeyPairId,
        nonce: &Secret,
        now: Time,
    ) -> Result<bool, StoreError> {
        let digest = self.digest(NONCE, nonce.expose())?;
        let spent = self
            .changed(&SPEND_NONCE, args![key_id, digest, now])
            .await?;
        // What was spent is not written again: whatever is wrong with a permission, two statements write one row.
        self.touched(&DROP_NONCE, args![key_id]).await?;
        Ok(spent)
    }

    async fn destroy_key(&mut self, id: &GenerationAccountId) -> Result<(), StoreError> {
        self.touched(&DESTROY, args![id]).await.map(drop)
    }

    async fn erase_table(&mut self, table: &PersonalTableId, now: Time) -> Result<(), StoreError> {
        let owner = key_owner(table);
        self.drop_salts(table).await?;
        self.touched(&ERASE, args![table, now]).await?;
        self.touched(&DROP_KEY, args![&owner]).await?;
        self.vault.forget(&owner);
        Ok(())
    }
}

impl<C: Conn> Sql<C> {
    async fn maybe_generation(
        &mut self,
        row: Option<Row>,
    ) -> Result<Option<GenerationAccount>, StoreError> {
        match row {
            Some(row) => self.generation_account(&row).await.map(Some),
            None => Ok(None),
        }
    }

    async fn generation_account(&mut self, row: &Row) -> Result<GenerationAccount, StoreError> {
        let account_id: AccountId = row.id("account_id")?;
        let id: GenerationAccountId = row.id("generation_account_id")?;
        let generation_no = match row.maybe_text("generation_no")? {
            Some(sealed) => Some(
                self.open_for(&account_id, GENERATION_NO, id.as_str(), &sealed)
                    .await?,
            ),
            None => None,
        };
        Ok(GenerationAccount {
            generation_account_id: id,
            account_id,
            generation_no: generation_no.map(GenerationNo::from_store),
            feed_in: row.parsed("feed_in", FeedIn::parse)?,
            settlement_day: row.int("settlement_day")?,
            contract_version: row.int("contract_version")?,
            state: row.parsed("state", GenerationState::parse)?,
            termination_asked_at: row.maybe_time("termination_asked_at")?,
            created_at: row.time("created_at")?,
            next_at: row.maybe_time("next_at")?,
            ended_at: row.maybe_time("ended_at")?,
            version: row.int("version")?,
        })
    }
}

impl<C: WriteConn> Sql<C> {
    async fn generation_args(
        &mut self,
        account: &GenerationAccount,
    ) -> Result<Vec<super::Value>, StoreError> {
        let (owner, id) = (&account.account_id, &account.generation_account_id);
        let (sealed, index) = match &account.generation_no {
            Some(number) => {
                let clear = number.expose();
                let sealed = self
                    .seal_for(owner, GENERATION_NO, id.as_str(), clear)
                    .await?;
                (
                    Some(sealed),
                    Some(self.index(GENERATION_INDEX, clear).await?),
                )
            }
            None => (None, None),
        };
        Ok(args![
            id,
            owner,
            sealed,
            index,
            account.feed_in.as_str(),
            account.settlement_day,
            account.contract_version,
            account.state.as_str(),
            account.termination_asked_at,
            account.next_at,
            account.ended_at,
            account.version,
        ])
    }

    async fn sealed_identity(&mut self, table: &PersonalTable) -> Result<String, StoreError> {
        let kept = table.to_kept();
        let owner = key_owner(&table.table_id);
        self.seal_for(&owner, IDENTITY, table.table_id.as_str(), &kept)
            .await
    }
}
