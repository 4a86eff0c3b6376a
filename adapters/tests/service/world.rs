//! One store, a relay over it, a clerk in marketing, writers and reviewers.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use lifeline_adapters::keyring::{InstanceKind, Keyring};
use lifeline_adapters::pictures::Darkroom;
use lifeline_adapters::sql::{self, Engine};
use lifeline_core::accounts::account::{Account, ProviderId};
use lifeline_core::accounts::{Actor, Caller};
use lifeline_core::notices::ports::{Sms, SmsPlatform};
use lifeline_core::notices::{Notice, Notices};
use lifeline_core::outbox::relay::{Deliver, Relay};
use lifeline_core::publications::Publications;
use lifeline_core::publications::desk::Hand;
use lifeline_core::requests::Requests;
use lifeline_core::requests::earning::Earn;
use lifeline_core::requests::ports::{OrderReport, WorkOrder, WorkOrders};
use lifeline_core::requests::request::State;
use lifeline_core::shared::ids::{AccountId, Entropy, Maker, TypedId};
use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::shared::page::Page;
use lifeline_core::shared::time::{Clock, Time};
use lifeline_core::store::{Tx, atomically};
use tokio::sync::Barrier;

/// Time that moves only when told.
pub(crate) struct Hands(AtomicI64);

impl Clock for Hands {
    fn now(&self) -> Time {
        Time::from_micros(self.0.load(Ordering::SeqCst))
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

/// Marketing's clerk: one order per request, moved on by hand.
#[derive(Debug, Default)]
pub(crate) struct Clerk {
    orders: Mutex<BTreeMap<String, (WorkOrder, State)>>,
    pub(crate) away: Mutex<bool>,
    /// Whoever asks about an order meets the others here, and is told nothing.
    pub(crate) mute: Mutex<Option<Arc<Barrier>>>,
}

impl Clerk {
    pub(crate) fn orders(&self) -> Vec<WorkOrder> {
        let orders = self.orders.lock().unwrap();
        orders.values().map(|(order, _)| order.clone()).collect()
    }

    /// Moves every order on.
    pub(crate) fn moves(&self, state: State) {
        for (_, at) in self.orders.lock().unwrap().values_mut() {
            *at = state;
        }
    }
}

#[async_trait]
impl WorkOrders for Clerk {
    async fn file(&self, order: &WorkOrder) -> Result<OrderReport, NoAnswer> {
        if *self.away.lock().unwrap() {
            return Err(NoAnswer::NotSent("no_connection"));
        }
        let mut orders = self.orders.lock().unwrap();
        let no = format!("WO-{}", order.request_no);
        let (_, state) = orders
            .entry(no.clone())
            .or_insert_with(|| (order.clone(), State::Accepted));
        Ok(OrderReport {
            order_no: no,
            state: *state,
        })
    }

    async fn look(&self, order_no: &str) -> Result<OrderReport, NoAnswer> {
        let mute = self.mute.lock().unwrap().clone();
        if let Some(meeting) = mute {
            meeting.wait().await;
            return Err(NoAnswer::Unknown("timed_out"));
        }
        let orders = self.orders.lock().unwrap();
        let (_, state) = orders
            .get(order_no)
            .ok_or(NoAnswer::Unknown("unnamed_code"))?;
        Ok(OrderReport {
            order_no: order_no.to_owned(),
            state: *state,
        })
    }
}

/// Nobody here is texted.
#[derive(Debug)]
struct NoPhone;

#[async_trait]
impl SmsPlatform for NoPhone {
    async fn send(&self, _: &Sms) -> Result<(), NoAnswer> {
        Err(NoAnswer::NotSent("no_phone"))
    }
}

pub(crate) struct World {
    pub(crate) clock: Arc<Hands>,
    pub(crate) clerk: Arc<Clerk>,
    pub(crate) publications: Publications,
    pub(crate) requests: Requests,
    notices: Notices,
    relay: Relay,
    pub(crate) store: Arc<Engine>,
    entropy: Arc<Count>,
    _folder: tempfile::TempDir,
}

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
        let clerk = Arc::new(Clerk::default());
        let (c, e) = (|| clock.clone(), || entropy.clone());
        let publications = Publications::new(store.clone(), c(), e(), Arc::new(Darkroom));
        let requests = Requests::new(store.clone(), c(), e(), clerk.clone());
        let notices = Notices::new(store.clone(), c(), e(), Arc::new(NoPhone));
        let carriers: Vec<Arc<dyn Deliver>> = vec![
            Arc::new(requests.clone()),
            Arc::new(notices.clone()),
            Arc::new(Earn(requests.clone())),
        ];
        let relay = Relay::new(store.clone(), c(), e(), carriers);
        Self {
            clock,
            clerk,
            publications,
            requests,
            notices,
            relay,
            store,
            entropy,
            _folder: folder,
        }
    }

    pub(crate) fn now(&self) -> Time {
        self.clock.now()
    }

    pub(crate) fn pass(&self, seconds: i64) {
        self.clock
            .0
            .fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }

    pub(crate) fn id<T: TypedId>(&self) -> T {
        let maker = Maker {
            clock: &*self.clock,
            entropy: &*self.entropy,
        };
        maker.id()
    }

    pub(crate) async fn deliver(&self) {
        while self.relay.run_once().await.unwrap() > 0 {}
    }

    pub(crate) async fn person(&self) -> Caller {
        let account_id: AccountId = self.id();
        let account = Account {
            account_id: account_id.clone(),
            app_id: "2021000000000001".into(),
            open_id: ProviderId::parse(account_id.as_str()),
            user_id: None,
            real_name: None,
            phone: None,
            merged: None,
            created_at: self.now(),
            version: 1,
        };
        atomically(&*self.store, async |tx: &mut Tx| {
            tx.accounts().add(&account).await
        })
        .await
        .unwrap();
        Caller {
            account_id,
            session_id: self.id(),
            family_id: self.id(),
            source: "203.0.113.7".into(),
            trace_id: "0af7651916cd43dd8448eb211c80319c".into(),
        }
    }

    /// What somebody was told, newest first.
    pub(crate) async fn told(&self, caller: &Caller) -> Vec<Notice> {
        let page = Page::new(None, None).unwrap();
        let inbox = self.notices.inbox(&caller.account_id, &page).await.unwrap();
        inbox.notices.items
    }
}

/// A member of staff with a scope.
pub(crate) fn hand(staff: &str, scope: &str) -> Hand {
    Hand {
        staff: staff.to_owned(),
        before: Vec::new(),
        actor: Actor {
            name: format!("staff:{staff}"),
            source: String::new(),
            trace_id: "0af7651916cd43dd8448eb211c80319c".into(),
        },
        scope: vec![scope.to_owned()],
    }
}
