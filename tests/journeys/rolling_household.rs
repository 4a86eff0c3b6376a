//! Somebody who is signed in to an installation with no Alipay behind it: account and session are written into its
//! store, and access tokens are signed with the key that is in force there, as the product signs them.

use std::path::Path;
use std::sync::Arc;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use lifeline_adapters::keyring::{InstanceKind, Keyring, Purpose};
use lifeline_adapters::sql::{self, Engine};
use lifeline_core::accounts::account::{Account, ProviderId};
use lifeline_core::accounts::session::{Client, Session};
use lifeline_core::shared::ids::{AccountId, SessionId};
use lifeline_core::shared::time::Clock as _;
use lifeline_core::store::{StoreError, Tx, atomically};
use lifeline_gateway::edge::tokens::{TokenKey, Tokens};

use crate::fixtures::MachineClock;

const ACCOUNT: &str = "019aa2f0-0000-7000-8000-00000000aa01";
const SESSION: &str = "019aa2f0-0000-7000-8000-00000000aa02";
const MONTH_S: i64 = 30 * 86_400;

/// One account with one session, in the store of an installation.
pub(crate) struct Household {
    store: Arc<Engine>,
    account: AccountId,
    session: SessionId,
}

/// An access token, and the id of the key that signed it.
pub(crate) struct Signed {
    pub(crate) kid: String,
    pub(crate) token: String,
}

impl Household {
    /// Signs in at the migrated installation of a configuration.
    pub(crate) async fn of(config: &Path) -> Self {
        let text = std::fs::read_to_string(config).expect("the configuration");
        let setting = |name: &str| {
            let named = format!("{name} = \"");
            let mut rows = text.lines();
            let found = rows.find_map(|row| row.strip_prefix(named.as_str())?.strip_suffix('"'));
            found.expect("a setting of the store").to_owned()
        };
        let ring = Keyring::load(Path::new(&setting("keyring")), InstanceKind::Live);
        let ring = Arc::new(ring.expect("the keyring"));
        let opened = sql::open(&setting("url"), ring, InstanceKind::Live).await;
        let household = Self {
            store: opened.expect("the store"),
            account: AccountId::parse(ACCOUNT).expect("an id"),
            session: SessionId::parse(SESSION).expect("an id"),
        };
        household.arrive().await;
        household
    }

    async fn arrive(&self) {
        let now = MachineClock.now();
        let account = Account {
            account_id: self.account.clone(),
            app_id: "2021000000000001".into(),
            open_id: Some(ProviderId::parse("open-rolling").expect("an id")),
            user_id: None,
            real_name: None,
            phone: None,
            merged: None,
            created_at: now,
            version: 1,
        };
        let session = Session {
            session_id: self.session.clone(),
            account_id: self.account.clone(),
            family_id: self.session.clone(),
            entered_as: self.account.clone(),
            client: Client::Mini,
            created_at: now,
            last_seen_at: now,
            expires_at: now.plus_seconds(MONTH_S),
            left_at: None,
            ended: None,
            version: 1,
        };
        let written = atomically(&*self.store, async |tx: &mut Tx| {
            tx.accounts().add(&account).await?;
            tx.accounts().add_session(&session, None).await?;
            Ok::<_, StoreError>(())
        });
        written.await.expect("signed in");
    }

    /// A token by the key that signs now.
    pub(crate) async fn token(&self) -> Signed {
        let ruled = self.store.keys().await.expect("the keys in force");
        let key = ruled.keyring.active(Purpose::Jwt).expect("a key");
        let pair = Ed25519KeyPair::from_pkcs8(key.expose()).expect("a key pair");
        let key = TokenKey {
            kid: key.kid().to_owned(),
            private: key.expose().to_vec(),
            public: pair.public_key().as_ref().to_vec(),
        };
        let kid = key.kid.clone();
        let tokens = Tokens::new(Arc::new(MachineClock), &[key]).expect("tokens");
        let until = MachineClock.now().plus_seconds(MONTH_S);
        let issued = tokens.issue(&self.account, &self.session, &self.session, until);
        let token = issued.expect("a token").token;
        Signed { kid, token }
    }
}
