//! The world around one store: clock, chance, Alipay, phones, and people to walk through it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use lifeline_adapters::keyring::{InstanceKind, Keyring};
use lifeline_adapters::sql::{self, Engine};
use lifeline_core::accounts::codes::CodeCarrier;
use lifeline_core::accounts::ports::Messenger;
use lifeline_core::accounts::{
    AccountError, Accounts, Caller, Door, Purpose, Secret, SignedIn, Visitor,
};
use lifeline_core::bindings::{BindingRules, Bindings, Gathering};
use lifeline_core::customers::Customers;
use lifeline_core::notices::Notices;
use lifeline_core::notices::ports::{Sms, SmsPlatform};
use lifeline_core::outbox::relay::{Deliver, Relay};
use lifeline_core::privacy::Privacy;
use lifeline_core::requests::Requests;
use lifeline_core::shared::ids::{Entropy, Maker};
use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::shared::personal::Phone;
use lifeline_core::shared::time::{Clock, Time};
use lifeline_core::store::{Tx, atomically};
use sha2::{Digest as _, Sha256};

use crate::alipay::Alipay;
pub(crate) use crate::alipay::{CHEN_GANG, LI_MING, WANG_FANG, Wallet};
use crate::archive::Archive;
use crate::merging_points::NoClerk;
use crate::store;
use crate::users::Users;

/// Time that moves only when told.
pub(crate) struct Hands(AtomicI64);

impl Clock for Hands {
    fn now(&self) -> Time {
        Time::from_micros(self.0.load(Ordering::SeqCst))
    }
}

impl Hands {
    pub(crate) fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }
}

/// Chance that is the same in every run.
pub(crate) struct Dice(AtomicU64);

impl Entropy for Dice {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let roll = self.0.fetch_add(1, Ordering::SeqCst);
            let block = Sha256::digest(roll.to_be_bytes());
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
    }
}

/// Every phone's inbox.
#[derive(Default)]
pub(crate) struct Phones {
    inbox: Mutex<HashMap<String, Vec<String>>>,
    /// Templates of what else each phone was sent.
    texts: Mutex<HashMap<String, Vec<&'static str>>>,
    pub(crate) away: Mutex<bool>,
}

impl std::fmt::Debug for Phones {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Phones")
    }
}

impl Phones {
    /// The templates of the notices a phone got.
    pub(crate) fn texts_on(&self, phone: &str) -> Vec<&'static str> {
        let texts = self.texts.lock().unwrap();
        texts.get(phone).cloned().unwrap_or_default()
    }

    pub(crate) fn codes_on(&self, phone: &str) -> Vec<String> {
        self.inbox
            .lock()
            .unwrap()
            .get(phone)
            .cloned()
            .unwrap_or_default()
    }
}

#[async_trait]
impl Messenger for Phones {
    async fn send_code(
        &self,
        _message_id: &str,
        phone: &Phone,
        code: &str,
        _purpose: &str,
    ) -> Result<(), NoAnswer> {
        if *self.away.lock().unwrap() {
            return Err(NoAnswer::Unknown("timeout"));
        }
        let mut inbox = self.inbox.lock().unwrap();
        inbox
            .entry(phone.expose().to_owned())
            .or_default()
            .push(code.to_owned());
        Ok(())
    }
}

#[async_trait]
impl SmsPlatform for Phones {
    async fn send(&self, sms: &Sms) -> Result<(), NoAnswer> {
        let mut texts = self.texts.lock().unwrap();
        let phone = sms.phone.expose().to_owned();
        texts.entry(phone).or_default().push(sms.template_id);
        Ok(())
    }
}

/// One store and everything around it.
pub(crate) struct World {
    pub(crate) store: Arc<Engine>,
    pub(crate) clock: Arc<Hands>,
    dice: Arc<Dice>,
    pub(crate) alipay: Arc<Alipay>,
    pub(crate) phones: Arc<Phones>,
    pub(crate) archive: Arc<Archive>,
    pub(crate) accounts: Accounts,
    pub(crate) bindings: Bindings,
    pub(crate) notices: Notices,
    pub(crate) users: Arc<Users>,
    pub(crate) gathering: Gathering,
    pub(crate) privacy: Privacy,
    pub(crate) requests: Requests,
    pub(crate) customers: Customers,
    target: String,
}

/// The moment stories begin at: a Friday morning in Shanghai.
pub(crate) fn start() -> Time {
    Time::parse_rfc3339("2026-11-20T10:00:00+08:00").unwrap()
}

impl World {
    pub(crate) async fn new(target: String) -> Self {
        let clock = Arc::new(Hands(AtomicI64::new(start().micros())));
        let dice = Arc::new(Dice(AtomicU64::new(1)));
        let keyring = Arc::new(Keyring::generate(InstanceKind::Demo).unwrap());
        let store = sql::open(&target, keyring, InstanceKind::Demo)
            .await
            .unwrap();
        let (alipay, phones) = (Arc::new(Alipay::default()), Arc::new(Phones::default()));
        let archive = Arc::new(Archive::default());
        let accounts = Accounts::new(
            store.clone(),
            clock.clone(),
            dice.clone(),
            alipay.clone(),
            "https://line.example/",
        );
        let rules = BindingRules::default();
        let bindings = Bindings::new(
            store.clone(),
            clock.clone(),
            dice.clone(),
            archive.clone(),
            rules,
        );
        let users = Arc::new(Users::default());
        let gathering = Gathering::new(store.clone(), clock.clone(), dice.clone(), users.clone());
        let notices = Notices::new(store.clone(), clock.clone(), dice.clone(), phones.clone());
        let privacy = Privacy::new(store.clone(), clock.clone(), dice.clone());
        let clerk = Arc::new(NoClerk);
        let requests = Requests::new(store.clone(), clock.clone(), dice.clone(), clerk);
        let customers = Customers::new(store.clone(), clock.clone(), dice.clone());
        let accounts = accounts.followed_by(vec![
            Arc::new(bindings.clone()),
            Arc::new(privacy.clone()),
            Arc::new(requests.clone()),
            Arc::new(customers.clone()),
        ]);
        Self {
            privacy,
            requests,
            customers,
            store,
            clock,
            dice,
            alipay,
            phones,
            archive,
            accounts,
            bindings,
            notices,
            users,
            gathering,
            target,
        }
    }

    pub(crate) fn visitor(&self) -> Visitor {
        Visitor {
            agent: "AlipayClient/10.6".into(),
            source: "192.0.2.1".into(),
            trace_id: "trace-1".into(),
        }
    }

    pub(crate) async fn try_sign_in(&self, wallet: &Wallet) -> Result<SignedIn, AccountError> {
        let code = self.alipay.allow(wallet);
        self.accounts
            .sign_in(&code, Door::MiniProgram, self.visitor())
            .await
    }

    pub(crate) async fn sign_in(&self, wallet: &Wallet) -> Caller {
        caller(&self.try_sign_in(wallet).await.unwrap())
    }

    /// Signs in and agrees to the comparison with the archive.
    pub(crate) async fn agreeing(&self, wallet: &Wallet) -> Caller {
        let who = self.sign_in(wallet).await;
        let purpose = Purpose::IdentityMatch;
        self.accounts
            .give_consent(&who, purpose, purpose.text().version)
            .await
            .unwrap();
        who
    }

    /// Delivers the outbox until nothing is due; answers how many rows were worked.
    pub(crate) async fn deliver(&self) -> usize {
        let carrier = CodeCarrier::new(self.phones.clone(), self.clock.clone());
        let carriers: Vec<Arc<dyn Deliver>> = vec![
            Arc::new(carrier),
            Arc::new(self.bindings.clone()),
            Arc::new(self.notices.clone()),
            Arc::new(self.gathering.clone()),
        ];
        let relay = Relay::new(
            self.store.clone(),
            self.clock.clone(),
            self.dice.clone(),
            carriers,
        );
        let mut worked = 0;
        loop {
            match relay.run_once().await.unwrap() {
                0 => return worked,
                rows => worked += rows,
            }
        }
    }

    /// The last code on a phone.
    pub(crate) fn code_on(&self, phone: &str) -> Secret {
        Secret::new(
            self.phones
                .codes_on(phone)
                .last()
                .expect("no code came")
                .clone(),
        )
    }

    pub(crate) fn entropy(&self) -> Arc<dyn Entropy> {
        self.dice.clone()
    }

    pub(crate) fn maker(&self) -> Maker<'_> {
        Maker {
            clock: &*self.clock,
            entropy: &*self.dice,
        }
    }

    /// The kinds of evidence on record, in order.
    pub(crate) async fn evidence(&self) -> Vec<String> {
        let entries = atomically(&*self.store, async |tx: &mut Tx| {
            tx.evidence().unsequenced(1_000).await
        })
        .await
        .unwrap();
        entries.into_iter().map(|entry| entry.kind).collect()
    }

    /// Act and outcome of the audit lines about a subject, newest first.
    pub(crate) async fn audit(&self, subject: &str) -> Vec<(String, String)> {
        let lines = atomically(&*self.store, async |tx: &mut Tx| {
            tx.audit().about(subject, 100).await
        })
        .await
        .unwrap();
        lines
            .into_iter()
            .map(|line| (line.act, line.outcome))
            .collect()
    }

    /// Runs raw SQL beside the store.
    pub(crate) async fn raw(&self, text: &str) {
        store::raw(&self.target, text).await;
    }

    /// Whether a text lies open in the store.
    pub(crate) async fn lies_open(&self, canary: &str) -> bool {
        let bytes = store::at_rest(&self.target).await;
        assert!(bytes.len() > 500, "the store was not read");
        bytes
            .windows(canary.len())
            .any(|window| window == canary.as_bytes())
    }
}

pub(crate) fn caller(signed_in: &SignedIn) -> Caller {
    Caller {
        account_id: signed_in.account_id.clone(),
        session_id: signed_in.session_id.clone(),
        family_id: signed_in.family_id.clone(),
        source: "192.0.2.1".into(),
        trace_id: "trace-1".into(),
    }
}
