//! One store with a person and homes in it, and the time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use lifeline_adapters::keyring::{InstanceKind, Keyring};
use lifeline_adapters::sql::{self, Engine};
use lifeline_core::accounts::Account;
use lifeline_core::accounts::account::ProviderId;
use lifeline_core::billing::ports::FigureKey;
use lifeline_core::billing::{Billing, FreshnessRules};
use lifeline_core::bindings::ports::Holding;
use lifeline_core::bindings::{
    AuthorisedBinding, Binding, OwnedBinding, Right, Role, Signboard, own,
};
use lifeline_core::shared::cluster::SharedCache;
use lifeline_core::shared::ids::{AccountId, BindingId, Entropy, Maker};
use lifeline_core::shared::personal::{ConsumerNo, IdNo};
use lifeline_core::shared::time::{Clock, Day, Time};
use lifeline_core::store::{StoreError, Tx, atomically, snapshot};
use sha2::{Digest as _, Sha256};

use crate::upstream::Marketing;

pub(crate) const START: &str = "2026-11-20T10:00:00+08:00";
pub(crate) const HOME: &str = "1500000004321";
const ID_NO: &str = "150499199001010014";

/// Time that moves only when told.
pub(crate) struct Hands(AtomicI64);

impl Clock for Hands {
    fn now(&self) -> Time {
        Time::from_micros(self.0.load(Ordering::SeqCst))
    }
}

impl Hands {
    pub(crate) fn advance(&self, seconds: i64) {
        self.advance_ms(seconds * 1000);
    }

    pub(crate) fn advance_ms(&self, milliseconds: i64) {
        self.0.fetch_add(milliseconds * 1000, Ordering::SeqCst);
    }
}

/// Chance that is the same in every run.
struct Dice(AtomicU64);

impl Entropy for Dice {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let roll = self.0.fetch_add(1, Ordering::SeqCst);
            let block = Sha256::digest(roll.to_be_bytes());
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
    }
}

pub(crate) struct World {
    pub(crate) store: Arc<Engine>,
    pub(crate) clock: Arc<Hands>,
    dice: Arc<Dice>,
    pub(crate) marketing: Arc<Marketing>,
    pub(crate) billing: Billing,
    pub(crate) file: std::path::PathBuf,
    _folder: tempfile::TempDir,
}

impl World {
    pub(crate) async fn new() -> Self {
        let start = Time::parse_rfc3339(START).unwrap();
        let clock = Arc::new(Hands(AtomicI64::new(start.micros())));
        let dice = Arc::new(Dice(AtomicU64::new(1)));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("store.db");
        let path = file.to_str().unwrap();
        let keyring = Arc::new(Keyring::generate(InstanceKind::Demo).unwrap());
        sql::migrate(path, InstanceKind::Demo, start).await.unwrap();
        let store = sql::open(path, keyring, InstanceKind::Demo).await.unwrap();
        let marketing = Arc::new(Marketing::default());
        let rules = FreshnessRules::default();
        Self {
            billing: Billing::new(
                store.clone(),
                clock.clone(),
                dice.clone(),
                marketing.clone(),
                rules,
                None,
            ),
            store,
            clock,
            dice,
            marketing,
            file,
            _folder: folder,
        }
    }

    /// One of several nodes over the same store.
    pub(crate) fn node(&self, shared: Arc<dyn SharedCache>) -> Billing {
        Billing::new(
            self.store.clone(),
            self.clock.clone(),
            self.dice.clone(),
            self.marketing.clone(),
            FreshnessRules::default(),
            Some(shared),
        )
    }

    pub(crate) fn maker(&self) -> Maker<'_> {
        Maker {
            clock: &*self.clock,
            entropy: &*self.dice,
        }
    }

    pub(crate) async fn write(
        &self,
        work: impl AsyncFnOnce(&mut Tx) -> Result<(), StoreError> + Clone,
    ) {
        atomically(&*self.store, work).await.unwrap();
    }

    /// When the kept copy was asked for.
    pub(crate) async fn kept_at(&self, key: &FigureKey) -> Option<Time> {
        let mut view = snapshot(&*self.store).await.unwrap();
        let kept = view.billing().kept(key).await.unwrap();
        kept.map(|kept| kept.asked_at)
    }

    /// An app user.
    pub(crate) async fn person(&self, name: &str) -> AccountId {
        let maker = self.maker();
        let account = Account {
            account_id: maker.id(),
            app_id: "2021000000000001".into(),
            open_id: ProviderId::parse(name),
            user_id: None,
            real_name: None,
            phone: None,
            merged: None,
            created_at: maker.now(),
            version: 1,
        };
        self.write(async |tx| tx.accounts().add(&account).await)
            .await;
        account.account_id
    }

    /// Links a home; `holder_version` is the archive's of that moment.
    pub(crate) async fn link(&self, who: &AccountId, role: Role, holder_version: i64) -> BindingId {
        self.link_since(who, role, holder_version, None).await
    }

    /// As [`World::link`], under a holder since that day.
    pub(crate) async fn link_since(
        &self,
        who: &AccountId,
        role: Role,
        holder_version: i64,
        since: Option<&str>,
    ) -> BindingId {
        let maker = self.maker();
        let binding = Binding {
            binding_id: maker.id(),
            account_id: who.clone(),
            consumer_no: ConsumerNo::parse(HOME).unwrap(),
            role,
            shown: true,
            grant_id: None,
            holder_version,
            frozen: false,
            signboard: Signboard {
                consumer_no_masked: "*********4321".into(),
                holder_masked: "*明".into(),
                address_masked: "赤峰市***".into(),
            },
            label: None,
            created_at: maker.now(),
            version: 1,
        };
        let certified = (role == Role::Holder).then(|| IdNo::parse(ID_NO).unwrap());
        self.write(async |tx| {
            let number = binding.consumer_no.clone();
            let now = binding.created_at;
            let holder = Holding {
                version: holder_version,
                since: since.map(|day| Day::parse(day).unwrap()),
            };
            tx.bindings()
                .touch_home(&number, holder, Day::of(now), now)
                .await?;
            tx.bindings().add(&binding, certified.as_ref()).await
        })
        .await;
        binding.binding_id
    }

    pub(crate) async fn own(&self, account: &AccountId, binding: &BindingId) -> OwnedBinding {
        let mut view = snapshot(&*self.store).await.unwrap();
        own(&mut view, account, binding, Right::SeeDue, self.clock.now())
            .await
            .unwrap()
    }

    /// A person and their home in one go.
    pub(crate) async fn at_home(&self, role: Role) -> AuthorisedBinding {
        let who = self.person("li-ming").await;
        let binding = self.link(&who, role, 1).await;
        self.own(&who, &binding).await.authorised().unwrap()
    }

    /// Somebody who only pays.
    pub(crate) async fn payer(&self) -> OwnedBinding {
        let who = self.person("zhang-wei").await;
        let binding = self.link(&who, Role::PayerOnly, 1).await;
        self.own(&who, &binding).await
    }
}
