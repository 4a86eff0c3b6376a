//! Login names and password hashes. Both are sealed with the account's own key; a login is found by
//! its keyed digest.

use async_trait::async_trait;
use lifeline_core::accounts::credential::{Credential, Login};
use lifeline_core::accounts::passwords::PasswordHash;
use lifeline_core::accounts::ports::CredentialStore;
use lifeline_core::shared::ids::AccountId;
use lifeline_core::store::StoreError;

use super::statement::statements;
use super::value::args;
use super::{Conn, Field, Row, Sql, WriteConn};

statements! { "credentials":
    FIND("credential") = "SELECT account_id, login, password, changed_at, version FROM credential WHERE login_digest = $1";
    OF("credential") = "SELECT account_id, login, password, changed_at, version FROM credential WHERE account_id = $1";
    ADD("credential") = "INSERT INTO credential (account_id, login_digest, login, password, changed_at, version) \
        VALUES ($1, $2, $3, $4, $5, $6)";
    SAVE("credential") = "UPDATE credential SET login_digest = $2, login = $3, password = $4, changed_at = $5, \
        version = version + 1 WHERE account_id = $1 AND version = $6";
}

const DIGEST: Field = Field::new("credential", "login_digest");
const LOGIN: Field = Field::new("credential", "login");
const PASSWORD: Field = Field::new("credential", "password");

impl<C: Conn> Sql<C> {
    async fn credential(&mut self, row: Option<Row>) -> Result<Option<Credential>, StoreError> {
        let Some(row) = row else {
            return Ok(None);
        };
        let account_id: AccountId = row.id("account_id")?;
        let id = account_id.as_str();
        let login = row.text("login")?;
        let login = self.open_for(&account_id, LOGIN, id, &login).await?;
        let password = row.text("password")?;
        let password = self.open_for(&account_id, PASSWORD, id, &password).await?;
        Ok(Some(Credential {
            login: Login::from_store(login),
            password: PasswordHash::from_store(password),
            changed_at: row.time("changed_at")?,
            version: row.int("version")?,
            account_id,
        }))
    }
}

impl<C: WriteConn> Sql<C> {
    /// Digest of the login, and both fields sealed.
    async fn closed(&mut self, credential: &Credential) -> Result<[String; 3], StoreError> {
        let (account, id) = (&credential.account_id, credential.account_id.as_str());
        let login = credential.login.expose();
        let password = credential.password.expose();
        Ok([
            self.digest(DIGEST, login)?,
            self.seal_for(account, LOGIN, id, login).await?,
            self.seal_for(account, PASSWORD, id, password).await?,
        ])
    }
}

#[async_trait]
impl<C: WriteConn> CredentialStore for Sql<C> {
    async fn find_credential(&mut self, login: &Login) -> Result<Option<Credential>, StoreError> {
        let digest = self.digest(DIGEST, login.expose())?;
        let row = self.one(&FIND, args![digest]).await?;
        self.credential(row).await
    }

    async fn credential_of(
        &mut self,
        account: &AccountId,
    ) -> Result<Option<Credential>, StoreError> {
        let row = self.one(&OF, args![account]).await?;
        self.credential(row).await
    }

    async fn add_credential(&mut self, credential: &Credential) -> Result<(), StoreError> {
        let [digest, login, password] = self.closed(credential).await?;
        let (account, changed_at) = (&credential.account_id, credential.changed_at);
        let args = args![account, digest, login, password, changed_at, 1_i64];
        self.touched(&ADD, args).await.map(drop)
    }

    async fn save_credential(&mut self, credential: &Credential) -> Result<(), StoreError> {
        let [digest, login, password] = self.closed(credential).await?;
        let (account, changed_at) = (&credential.account_id, credential.changed_at);
        let args = args![
            account,
            digest,
            login,
            password,
            changed_at,
            credential.version
        ];
        if self.changed(&SAVE, args).await? {
            Ok(())
        } else {
            Err(StoreError::Conflict)
        }
    }
}
