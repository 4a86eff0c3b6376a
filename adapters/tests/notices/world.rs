//! One store, a relay over it, an SMS platform, and people.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use lifeline_adapters::keyring::{InstanceKind, Keyring};
use lifeline_adapters::sql::{self, Engine};
use lifeline_core::accounts::account::{Account, ProviderId, VerifiedPhone};
use lifeline_core::accounts::consent::{Consent, Purpose};
use lifeline_core::notices::ports::{Sms, SmsPlatform};
use lifeline_core::notices::{Notice, Notices};
use lifeline_core::outbox::relay::{Deliver, Relay};
use lifeline_core::outbox::{Claimed, Event, Lane};
use lifeline_core::payments::events::{self, Posted, RefundLate, Refunded};
use lifeline_core::shared::ids::{AccountId, Entropy, EventId, Maker, TypedId};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::shared::page::Page;
use lifeline_core::shared::personal::Phone;
use lifeline_core::shared::time::{Clock, Time};
use lifeline_core::store::{Tx, atomically};

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

/// Not chance: a count, so that no two ids are the same.
struct Count(AtomicU64);

impl Entropy for Count {
    fn fill(&self, bytes: &mut [u8]) {
        let next = self.0.fetch_add(1, Ordering::SeqCst).to_be_bytes();
        for (byte, part) in bytes.iter_mut().zip(next.iter().cycle()) {
            *byte = *part;
        }
    }
}

/// How the platform answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Mood {
    #[default]
    Well,
    /// Nothing arrives.
    Away,
    /// It takes the message and the answer is lost.
    AnswerLost,
    /// It refuses our signature.
    Alarmed,
}

/// The SMS platform: a message id it knows is not another message.
#[derive(Debug, Default)]
pub(crate) struct Platform {
    pub(crate) mood: Mutex<Mood>,
    /// Every request that arrived, repeats included.
    requests: Mutex<Vec<Sms>>,
    taken: Mutex<BTreeMap<String, Sms>>,
}

impl Platform {
    pub(crate) fn feels(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    pub(crate) fn requests(&self) -> Vec<Sms> {
        self.requests.lock().unwrap().clone()
    }

    /// What a phone shows: template and parameters.
    pub(crate) fn on_phone(&self, phone: &str) -> Vec<(&'static str, Vec<(&'static str, String)>)> {
        let taken = self.taken.lock().unwrap();
        let here = taken.values().filter(|sms| sms.phone.expose() == phone);
        here.map(|sms| (sms.template_id, sms.params.clone()))
            .collect()
    }
}

#[async_trait]
impl SmsPlatform for Platform {
    async fn send(&self, sms: &Sms) -> Result<(), NoAnswer> {
        let mood = *self.mood.lock().unwrap();
        if mood == Mood::Away {
            return Err(NoAnswer::NotSent("no_connection"));
        }
        self.requests.lock().unwrap().push(sms.clone());
        if mood == Mood::Alarmed {
            return Err(NoAnswer::Alarm("bad_signature"));
        }
        let mut taken = self.taken.lock().unwrap();
        taken
            .entry(sms.message_id.clone())
            .or_insert_with(|| sms.clone());
        match mood {
            Mood::AnswerLost => Err(NoAnswer::Unknown("time_out")),
            _ => Ok(()),
        }
    }
}

pub(crate) struct World {
    pub(crate) store: Arc<Engine>,
    pub(crate) clock: Arc<Hands>,
    entropy: Arc<Count>,
    pub(crate) platform: Arc<Platform>,
    pub(crate) notices: Notices,
    relay: Relay,
    _folder: tempfile::TempDir,
}

pub(crate) const PHONE: &str = "19000000001";

impl World {
    pub(crate) async fn new() -> Self {
        let start = Time::parse_rfc3339("2026-11-20T10:02:00+08:00").unwrap();
        let clock = Arc::new(Hands(AtomicI64::new(start.micros())));
        let entropy = Arc::new(Count(AtomicU64::new(1)));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("store.db");
        let path = file.to_str().unwrap();
        let keyring = Arc::new(Keyring::generate(InstanceKind::Demo).unwrap());
        sql::migrate(path, InstanceKind::Demo, start).await.unwrap();
        let store = sql::open(path, keyring, InstanceKind::Demo).await.unwrap();
        let platform = Arc::new(Platform::default());
        let notices = Notices::new(
            store.clone(),
            clock.clone(),
            entropy.clone(),
            platform.clone(),
        );
        let carriers: Vec<Arc<dyn Deliver>> = vec![Arc::new(notices.clone())];
        let relay = Relay::new(store.clone(), clock.clone(), entropy.clone(), carriers);
        Self {
            store,
            clock,
            entropy,
            platform,
            notices,
            relay,
            _folder: folder,
        }
    }

    pub(crate) fn id<T: TypedId>(&self) -> T {
        let maker = Maker {
            clock: &*self.clock,
            entropy: &*self.entropy,
        };
        maker.id()
    }

    fn now(&self) -> Time {
        self.clock.now()
    }

    /// Somebody who agreed to nothing yet.
    pub(crate) async fn person(&self, phone: Option<&str>) -> AccountId {
        let account_id: AccountId = self.id();
        let account = Account {
            account_id: account_id.clone(),
            app_id: "2021000000000001".into(),
            open_id: ProviderId::parse(account_id.as_str()),
            user_id: None,
            real_name: None,
            phone: phone.map(|number| self.verified(number)),
            merged: None,
            created_at: self.now(),
            version: 1,
        };
        atomically(&*self.store, async |tx: &mut Tx| {
            tx.accounts().add(&account).await
        })
        .await
        .unwrap();
        account_id
    }

    /// Somebody who agreed to SMS.
    pub(crate) async fn agreeing(&self) -> AccountId {
        let account = self.person(Some(PHONE)).await;
        self.agree(&account, &Purpose::Notices.text().digest())
            .await;
        account
    }

    fn verified(&self, number: &str) -> VerifiedPhone {
        VerifiedPhone {
            chosen: false,
            number: Phone::parse(number).unwrap(),
            verified_at: self.now(),
        }
    }

    /// Agrees to SMS, to the words with this digest.
    pub(crate) async fn agree(&self, account: &AccountId, text_hash: &str) {
        let consent = Consent {
            consent_id: self.id::<EventId>().to_string(),
            account_id: account.clone(),
            purpose: Purpose::Notices,
            version: Purpose::Notices.text().version.into(),
            text_hash: text_hash.into(),
            given_at: self.now(),
            withdrawn_at: None,
        };
        atomically(&*self.store, async |tx: &mut Tx| {
            tx.accounts().add_consent(&consent).await
        })
        .await
        .unwrap();
    }

    pub(crate) async fn withdraw(&self, account: &AccountId) {
        let now = self.now();
        let withdrawn = atomically(&*self.store, async |tx: &mut Tx| {
            tx.accounts()
                .withdraw_consent(account, Purpose::Notices, now)
                .await
        })
        .await;
        assert!(
            withdrawn.unwrap().is_some(),
            "there was nothing to withdraw"
        );
    }

    pub(crate) async fn move_phone(&self, account: &AccountId, number: Option<&str>) {
        let phone = number.map(|number| self.verified(number));
        atomically(&*self.store, async |tx: &mut Tx| {
            let mut found = tx.accounts().find(account).await?.unwrap();
            found.phone.clone_from(&phone);
            tx.accounts().save(&found).await
        })
        .await
        .unwrap();
    }

    /// `payments` says that 85.20 yuan were credited at 10:01:02.
    pub(crate) fn posted(&self, account: &AccountId) -> Event {
        let event_id: EventId = self.id();
        let body = Posted {
            event_id: event_id.clone(),
            payment_id: self.id(),
            account_id: account.clone(),
            binding_id: self.id(),
            consumer_tail: "0017".into(),
            amount_fen: Fen::new(8_520),
            purpose: "arrears".into(),
            line_no: 1,
            posted_at: "2026-11-20T10:01:02+08:00".into(),
        };
        self.said(
            events::POSTED,
            event_id,
            &serde_json::to_string(&body).unwrap(),
        )
    }

    /// `payments` says that 85.20 yuan went back at 10:01:02.
    pub(crate) fn refunded(&self, account: &AccountId) -> Event {
        let event_id: EventId = self.id();
        let body = Refunded {
            event_id: event_id.clone(),
            payment_id: self.id(),
            account_id: account.clone(),
            consumer_tail: "0017".into(),
            amount_fen: Fen::new(8_520),
            line_no: 1,
            posting_refunded_fen: Fen::new(8_520),
            refunded_at: "2026-11-20T10:01:02+08:00".into(),
        };
        let body = serde_json::to_string(&body).unwrap();
        self.said(events::REFUNDED, event_id, &body)
    }

    /// `payments` says that 85.20 yuan are on their way back since 10:01:02 and late.
    pub(crate) fn refund_late(&self, account: &AccountId) -> Event {
        let event_id: EventId = self.id();
        let body = RefundLate {
            event_id: event_id.clone(),
            payment_id: self.id(),
            account_id: account.clone(),
            consumer_tail: "0017".into(),
            amount_fen: Fen::new(8_520),
            line_no: 1,
            since: "2026-11-20T10:01:02+08:00".into(),
        };
        let body = serde_json::to_string(&body).unwrap();
        self.said(events::REFUND_LATE, event_id, &body)
    }

    pub(crate) fn said(&self, kind: &str, event_id: EventId, body: &str) -> Event {
        Event {
            ordering_key: format!("payment:{event_id}"),
            event_id,
            kind: kind.into(),
            body: body.into(),
            trace_id: "trace-1".into(),
            created_at: self.now(),
            available_at: self.now(),
            money: false,
            lane: Lane::Usual,
        }
    }

    pub(crate) async fn publish(&self, event: &Event) {
        atomically(&*self.store, async |tx: &mut Tx| {
            tx.outbox().add(event).await
        })
        .await
        .unwrap();
    }

    /// Runs the relay until nothing is due; how many rows it worked.
    pub(crate) async fn deliver(&self) -> usize {
        let mut worked = 0;
        loop {
            match self.relay.run_once().await.unwrap() {
                0 => return worked,
                rows => worked += rows,
            }
        }
    }

    pub(crate) async fn backlog(&self) -> i64 {
        atomically(&*self.store, async |tx: &mut Tx| {
            tx.outbox().backlog().await
        })
        .await
        .unwrap()
    }

    /// Takes the due rows as a relay would, without saying how their delivery ended.
    pub(crate) async fn claim(&self) -> Vec<Claimed> {
        let now = self.now();
        atomically(&*self.store, async |tx: &mut Tx| {
            tx.outbox().claim(now, now.plus_seconds(60), 50).await
        })
        .await
        .unwrap()
    }

    /// The first page of somebody's inbox, and how many are unread.
    pub(crate) async fn inbox(&self, account: &AccountId) -> (Vec<Notice>, i64) {
        let page = Page::new(None, None).unwrap();
        let inbox = self.notices.inbox(account, &page).await.unwrap();
        (inbox.notices.items, inbox.unread)
    }
}
