//! User names and password hashes of generation accounts. Both are sealed with the owner's key; a name is
//! found by its keyed digest.

use async_trait::async_trait;
use lifeline_core::accounts::credential::Login;
use lifeline_core::accounts::passwords::PasswordHash;
use lifeline_core::settlement::accounts::ports::{GenerationCredential, GenerationCredentialStore};
use lifeline_core::settlement::ids::GenerationAccountId;
use lifeline_core::shared::ids::AccountId;
use lifeline_core::store::StoreError;

use super::statement::statements;
use super::value::args;
use super::{Conn, Field, Row, Sql, WriteConn};

macro_rules! credentials {
    ($which:literal) => {
        concat!(
            "SELECT c.generation_account_id, g.account_id, c.login, c.password, c.changed_at, c.version ",
            "FROM generation_credential c JOIN generation_account g ",
            "ON g.generation_account_id = c.generation_account_id WHERE ",
            $which
        )
    };
}

statements! { "generation_credentials":
    FIND("generation_credential") = credentials!("c.login_digest = $1");
    OF("generation_credential") = credentials!("c.generation_account_id = $1");
    ADD("generation_credential") = "INSERT INTO generation_credential (generation_account_id, login_digest, login, \
        password, changed_at, version) VALUES ($1, $2, $3, $4, $5, $6)";
    SAVE("generation_credential") = "UPDATE generation_credential SET login_digest = $2, login = $3, password = $4, \
        changed_at = $5, version = version + 1 WHERE generation_account_id = $1 AND version = $6";
}

const DIGEST: Field = Field::new("generation_credential", "login_digest");
const LOGIN: Field = Field::new("generation_credential", "login");
const PASSWORD: Field = Field::new("generation_credential", "password");

impl<C: Conn> Sql<C> {
    async fn generation_credential(
        &mut self,
        row: Option<Row>,
    ) -> Result<Option<GenerationCredential>, StoreError> {
        let Some(row) = row else {
            return Ok(None);
        };
        let account_id: AccountId = row.id("account_id")?;
        let generation_account_id: GenerationAccountId = row.id("generation_account_id")?;
        let id = generation_account_id.as_str();
        let login = row.text("login")?;
        let login = self.open_for(&account_id, LOGIN, id, &login).await?;
        let password = row.text("password")?;
        let password = self.open_for(&account_id, PASSWORD, id, &password).await?;
        Ok(Some(GenerationCredential {
            login: Login::from_store(login),
            password: PasswordHash::from_store(password),
            changed_at: row.time("changed_at")?,
            version: row.int("version")?,
            generation_account_id,
            account_id,
        }))
    }
}

impl<C: WriteConn> Sql<C> {
    async fn generation_credential_args(
        &mut self,
        credential: &GenerationCredential,
        version: i64,
    ) -> Result<Vec<super::Value>, StoreError> {
        let (owner, id) = (&credential.account_id, &credential.generation_account_id);
        let login = credential.login.expose();
        let password = credential.password.expose();
        let digest = self.digest(DIGEST, login)?;
        let login = self.seal_for(owner, LOGIN, id.as_str(), login).await?;
        let password = self
            .seal_for(owner, PASSWORD, id.as_str(), password)
            .await?;
        Ok(args![
            id,
            digest,
            login,
            password,
            credential.changed_at,
            version
        ])
    }
}

#[async_trait]
impl<C: WriteConn> GenerationCredentialStore for Sql<C> {
    async fn credential_by_login(
        &mut self,
        login: &Login,
    ) -> Result<Option<GenerationCredential>, StoreError> {
        let digest = self.digest(DIGEST, login.expose())?;
        let row = self.one(&FIND, args![digest]).await?;
        self.generation_credential(row).await
    }

    async fn credential(
        &mut self,
        id: &GenerationAccountId,
    ) -> Result<Option<GenerationCredential>, StoreError> {
        let row = self.one(&OF, args![id]).await?;
        self.generation_credential(row).await
    }

    async fn add_credential(
        &mut self,
        credential: &GenerationCredential,
    ) -> Result<(), StoreError> {
        let args = self.generation_credential_args(credential, 1).await?;
        self.touched(&ADD, args).await.map(drop)
    }

    async fn save_credential(
        &mut self,
        credential: &GenerationCredential,
    ) -> Result<(), StoreError> {
        let args = self
            .generation_credential_args(credential, credential.version)
            .await?;
        if self.changed(&SAVE, args).await? {
            Ok(())
        } else {
            Err(StoreError::Conflict)
        }
    }
}
