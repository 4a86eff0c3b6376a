//! App users and their consents. Personal fields are sealed with the account's own key and found
//! by blind index.

use async_trait::async_trait;
use lifeline_core::accounts::Terminal;
use lifeline_core::accounts::account::{Account, CertifiedBy, ProviderId, RealName, VerifiedPhone};
use lifeline_core::accounts::consent::{Consent, Purpose};
use lifeline_core::accounts::ports::{AccountReads, AccountStore};
use lifeline_core::accounts::secret::Secret;
use lifeline_core::accounts::session::{EndedSession, Session};
use lifeline_core::accounts::step_up::StepUp;
use lifeline_core::shared::ids::{AccountId, SessionId};
use lifeline_core::shared::personal::{IdNo, PersonName, Phone};
use lifeline_core::shared::time::Time;
use lifeline_core::store::StoreError;

use super::statement::statements;
use super::value::args;
use super::{Conn, Field, Row, Sql, Value, WriteConn};

statements! { "accounts":
    FIND("account") = "SELECT account_id, app_id, open_id, user_id, name, id_no, certified_at, phone, \
        phone_verified_at, created_at, version, certified_by, phone_chosen, merged_into, merged_at FROM account WHERE account_id = $1 AND erased_at IS NULL";
    FIND_BY_OPEN_ID("account") = "SELECT account_id, app_id, open_id, user_id, name, id_no, certified_at, phone, \
        phone_verified_at, created_at, version, certified_by, phone_chosen, merged_into, merged_at FROM account WHERE app_id = $1 AND open_id_index IN ($2, $3)";
    FIND_BY_USER_ID("account") = "SELECT account_id, app_id, open_id, user_id, name, id_no, certified_at, phone, \
        phone_verified_at, created_at, version, certified_by, phone_chosen, merged_into, merged_at FROM account WHERE app_id = $1 AND user_id_index IN ($2, $3)";
    FIND_BY_PHONE("account") = "SELECT account_id, app_id, open_id, user_id, name, id_no, certified_at, phone, \
        phone_verified_at, created_at, version, certified_by, phone_chosen, merged_into, merged_at FROM account WHERE phone_index IN ($1, $2)";
    ADD("account") = "INSERT INTO account (account_id, open_id, open_id_index, user_id, user_id_index, name, id_no, \
        id_no_index, certified_at, phone, phone_index, phone_verified_at, version, certified_by, phone_chosen, \
        merged_into, merged_at, app_id, created_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)";
    SAVE("account") = "UPDATE account SET open_id = $2, open_id_index = $3, user_id = $4, user_id_index = $5, \
        name = $6, id_no = $7, id_no_index = $8, certified_at = $9, phone = $10, phone_index = $11, \
        phone_verified_at = $12, version = version + 1, certified_by = $14, phone_chosen = $15, merged_into = $16, \
        merged_at = $17 WHERE account_id = $1 AND version = $13";
    CONSENTS("consent") = "SELECT consent_id, account_id, purpose, version, text_hash, given_at, withdrawn_at \
        FROM consent WHERE account_id = $1 AND withdrawn_at IS NULL ORDER BY given_at, consent_id";
    ERASED("account") = "SELECT COUNT(*) AS n FROM account WHERE account_id = $1 AND erased_at IS NOT NULL";
    CONSENT_HISTORY("consent") = "SELECT consent_id, account_id, purpose, version, text_hash, given_at, withdrawn_at \
        FROM consent WHERE account_id = $1 ORDER BY given_at, consent_id";
    CONSENT_ADD("consent") = "INSERT INTO consent (consent_id, account_id, purpose, version, text_hash, given_at) \
        VALUES ($1, $2, $3, $4, $5, $6)";
    CONSENT_WITHDRAW("consent") = "UPDATE consent SET withdrawn_at = $3 \
        WHERE account_id = $1 AND purpose = $2 AND withdrawn_at IS NULL \
        RETURNING consent_id, account_id, purpose, version, text_hash, given_at, withdrawn_at";
}

const OPEN_ID: Field = Field::new("account", "open_id");
const USER_ID: Field = Field::new("account", "user_id");
const NAME: Field = Field::new("account", "name");
pub(super) const ID_NO: Field = Field::new("account", "id_no");
pub(super) const PHONE: Field = Field::new("account", "phone");

#[async_trait]
impl<C: Conn> AccountReads for Sql<C> {
    async fn find(&mut self, id: &AccountId) -> Result<Option<Account>, StoreError> {
        let row = self.one(&FIND, args![id]).await?;
        self.maybe_account(row).await
    }

    async fn find_session(&mut self, id: &SessionId) -> Result<Option<Session>, StoreError> {
        self.session_by_id(id).await
    }

    async fn session_of_browser(&mut self, secret: &Secret) -> Result<Option<Session>, StoreError> {
        self.session_by_browser(secret).await
    }

    async fn sessions(&mut self, account: &AccountId) -> Result<Vec<Session>, StoreError> {
        self.live_sessions(account).await
    }

    async fn ended_since(
        &mut self,
        since: Time,
        limit: i64,
    ) -> Result<Vec<EndedSession>, StoreError> {
        self.sessions_ended_since(since, limit).await
    }

    async fn consents(&mut self, account: &AccountId) -> Result<Vec<Consent>, StoreError> {
        let rows = self.rows(&CONSENTS, args![account]).await?;
        rows.iter().map(consent).collect()
    }

    async fn terminal(&mut self, family: &SessionId) -> Result<Option<Terminal>, StoreError> {
        self.terminal_of(family).await
    }

    async fn stepped_up(&mut self, session: &SessionId) -> Result<Option<StepUp>, StoreError> {
        self.step_up_of(session).await
    }

    async fn is_erased(&mut self, id: &AccountId) -> Result<bool, StoreError> {
        Ok(self.count(&ERASED, args![id]).await? > 0)
    }

    async fn consent_history(&mut self, account: &AccountId) -> Result<Vec<Consent>, StoreError> {
        let rows = self.rows(&CONSENT_HISTORY, args![account]).await?;
        rows.iter().map(consent).collect()
    }
}

#[async_trait]
impl<C: WriteConn> AccountStore for Sql<C> {
    async fn find_by_open_id(
        &mut self,
        app_id: &str,
        open_id: &ProviderId,
    ) -> Result<Option<Account>, StoreError> {
        let [index, other] = self.indexes(OPEN_ID, open_id.expose())?;
        let row = self
            .one(&FIND_BY_OPEN_ID, args![app_id, index, other])
            .await?;
        self.maybe_account(row).await
    }

    async fn find_by_user_id(
        &mut self,
        app_id: &str,
        user_id: &ProviderId,
    ) -> Result<Option<Account>, StoreError> {
        let [index, other] = self.indexes(USER_ID, user_id.expose())?;
        let row = self
            .one(&FIND_BY_USER_ID, args![app_id, index, other])
            .await?;
        self.maybe_account(row).await
    }

    async fn find_by_phone(&mut self, phone: &Phone) -> Result<Option<Account>, StoreError> {
        let [index, other] = self.indexes(PHONE, phone.expose())?;
        let row = self.one(&FIND_BY_PHONE, args![index, other]).await?;
        self.maybe_account(row).await
    }

    async fn add(&mut self, account: &Account) -> Result<(), StoreError> {
        let mut args = self.account_args(account).await?;
        args.extend(args![&account.app_id, account.created_at]);
        self.touched(&ADD, args).await.map(drop)
    }

    async fn save(&mut self, account: &Account) -> Result<(), StoreError> {
        let args = self.account_args(account).await?;
        if self.changed(&SAVE, args).await? {
            Ok(())
        } else {
            Err(StoreError::Conflict)
        }
    }

    async fn add_consent(&mut self, consent: &Consent) -> Result<(), StoreError> {
        let args = args![
            &consent.consent_id,
            &consent.account_id,
            consent.purpose.as_str(),
            &consent.version,
            &consent.text_hash,
            consent.given_at,
        ];
        self.touched(&CONSENT_ADD, args).await.map(drop)
    }

    async fn withdraw_consent(
        &mut self,
        account: &AccountId,
        purpose: Purpose,
        now: Time,
    ) -> Result<Option<Consent>, StoreError> {
        let row = self
            .one(&CONSENT_WITHDRAW, args![account, purpose.as_str(), now])
            .await?;
        row.as_ref().map(consent).transpose()
    }
}

impl<C: Conn> Sql<C> {
    async fn maybe_account(&mut self, row: Option<Row>) -> Result<Option<Account>, StoreError> {
        match row {
            Some(row) => self.account(&row).await.map(Some),
            None => Ok(None),
        }
    }

    async fn account(&mut self, row: &Row) -> Result<Account, StoreError> {
        let id: AccountId = row.id("account_id")?;
        let name = self.open_maybe(&id, NAME, row.maybe_text("name")?).await?;
        let id_no = self
            .open_maybe(&id, ID_NO, row.maybe_text("id_no")?)
            .await?;
        let real_name = match (name, id_no, row.maybe_time("certified_at")?) {
            (Some(name), Some(id_no), Some(certified_at)) => Some(RealName {
                name: PersonName::from_store(name),
                id_no: IdNo::from_store(id_no),
                certified_by: row.parsed("certified_by", CertifiedBy::parse)?,
                certified_at,
            }),
            _ => None,
        };
        let phone = self
            .open_maybe(&id, PHONE, row.maybe_text("phone")?)
            .await?;
        let phone = phone.zip(row.maybe_time("phone_verified_at")?);
        let chosen = row.flag("phone_chosen")?;
        let merged: Option<AccountId> = row.maybe_id("merged_into")?;
        Ok(Account {
            app_id: row.text("app_id")?,
            open_id: self
                .open_maybe(&id, OPEN_ID, row.maybe_text("open_id")?)
                .await?
                .map(ProviderId::from_store),
            user_id: self
                .open_maybe(&id, USER_ID, row.maybe_text("user_id")?)
                .await?
                .map(ProviderId::from_store),
            real_name,
            phone: phone.map(|(number, verified_at)| VerifiedPhone {
                number: Phone::from_store(number),
                verified_at,
                chosen,
            }),
            merged: merged.zip(row.maybe_time("merged_at")?),
            created_at: row.time("created_at")?,
            version: row.int("version")?,
            account_id: id,
        })
    }

    /// A field of the account's own row.
    async fn open_maybe(
        &mut self,
        id: &AccountId,
        field: Field,
        sealed: Option<String>,
    ) -> Result<Option<String>, StoreError> {
        match sealed {
            Some(sealed) => self
                .open_for(id, field, id.as_str(), &sealed)
                .await
                .map(Some),
            None => Ok(None),
        }
    }
}

impl<C: WriteConn> Sql<C> {
    /// `$1`..`$17` of [`ADD`] and [`SAVE`].
    async fn account_args(&mut self, account: &Account) -> Result<Vec<Value>, StoreError> {
        let id = &account.account_id;
        let mut args = args![id];
        for (field, value) in [(OPEN_ID, &account.open_id), (USER_ID, &account.user_id)] {
            args.extend(
                self.sealed_pair(id, field, value.as_ref().map(ProviderId::expose))
                    .await?,
            );
        }
        let real = account.real_name.as_ref();
        let [name, _] = self
            .sealed_pair(id, NAME, real.map(|real| real.name.expose()))
            .await?;
        args.push(name);
        args.extend(
            self.sealed_pair(id, ID_NO, real.map(|real| real.id_no.expose()))
                .await?,
        );
        args.push(Value::from(real.map(|real| real.certified_at)));
        let phone = account.phone.as_ref();
        args.extend(
            self.sealed_pair(id, PHONE, phone.map(|phone| phone.number.expose()))
                .await?,
        );
        args.push(Value::from(phone.map(|phone| phone.verified_at)));
        args.push(Value::from(account.version));
        args.push(Value::from(real.map(|real| real.certified_by.as_str())));
        args.push(Value::from(phone.is_some_and(|phone| phone.chosen)));
        let merged = account.merged.as_ref();
        args.push(Value::from(merged.map(|(into, _)| into)));
        args.push(Value::from(merged.map(|(_, at)| *at)));
        Ok(args)
    }

    /// A field sealed, and its blind index.
    async fn sealed_pair(
        &mut self,
        id: &AccountId,
        field: Field,
        clear: Option<&str>,
    ) -> Result<[Value; 2], StoreError> {
        let Some(clear) = clear else {
            return Ok([Value::Null, Value::Null]);
        };
        let sealed = self.seal_for(id, field, id.as_str(), clear).await?;
        let index = self.index(field, clear).await?;
        Ok([Value::from(sealed), Value::from(index)])
    }
}

fn consent(row: &Row) -> Result<Consent, StoreError> {
    Ok(Consent {
        consent_id: row.text("consent_id")?,
        account_id: row.id("account_id")?,
        purpose: row.parsed("purpose", Purpose::parse)?,
        version: row.text("version")?,
        text_hash: row.text("text_hash")?,
        given_at: row.time("given_at")?,
        withdrawn_at: row.maybe_time("withdrawn_at")?,
    })
}
