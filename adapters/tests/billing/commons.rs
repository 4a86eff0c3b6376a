//! What nodes share, as a test sets it up. Time passes here only when the test lets it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use lifeline_core::shared::cluster::{Away, SharedCache};
use lifeline_core::shared::time::{Clock as _, Time};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::world::Hands;

/// More pauses than any test makes.
const PAUSES_MAX: usize = 10_000;

pub(crate) struct Commons {
    clock: Arc<Hands>,
    away: AtomicBool,
    /// Who leads, until when.
    leads: Mutex<HashMap<String, Time>>,
    /// A node of which the test knows nothing leads all that nobody else leads.
    led_elsewhere: AtomicBool,
    /// What was left under a name, until when.
    left: Mutex<HashMap<String, (Vec<u8>, Time)>>,
    /// Every name ever used, in order.
    names: Mutex<Vec<String>>,
    /// Pauses begun.
    pauses: AtomicU64,
    waited_ms: AtomicU64,
    /// Pauses that may end.
    moments: Semaphore,
    /// Whoever asks for a lead passes here.
    gate: Semaphore,
}

/// Returns when it is so; fails when it never becomes so.
pub(crate) async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let looking = async {
        while !is_so().await {
            tokio::task::yield_now().await;
        }
    };
    let found = tokio::time::timeout(Duration::from_secs(60), looking).await;
    assert!(found.is_ok(), "never: {what}");
}

impl std::fmt::Debug for Commons {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Commons")
    }
}

impl Commons {
    pub(crate) fn new(clock: &Arc<Hands>) -> Arc<Self> {
        Arc::new(Self {
            clock: Arc::clone(clock),
            away: AtomicBool::new(false),
            leads: Mutex::default(),
            left: Mutex::default(),
            led_elsewhere: AtomicBool::new(false),
            names: Mutex::default(),
            pauses: AtomicU64::new(0),
            waited_ms: AtomicU64::new(0),
            moments: Semaphore::new(0),
            gate: Semaphore::new(1),
        })
    }

    pub(crate) fn go_away(&self) {
        self.away.store(true, Ordering::SeqCst);
    }

    /// Nobody learns whether they lead until what this returns is dropped.
    pub(crate) async fn hold_leads(&self) -> SemaphorePermit<'_> {
        self.gate.acquire().await.unwrap()
    }

    /// From now on somebody else leads, and never resigns.
    pub(crate) fn lead_elsewhere(&self) {
        self.led_elsewhere.store(true, Ordering::SeqCst);
    }

    /// A leader dies: what it leads ends with the life it asked for.
    pub(crate) fn lose_a_leader(&self, name: &str, life_s: i64) {
        let until = self.clock.now().plus_seconds(life_s);
        self.leads.lock().unwrap().insert(name.to_owned(), until);
    }

    /// As many pauses may end.
    pub(crate) fn let_pass(&self, pauses: usize) {
        self.moments.add_permits(pauses);
    }

    /// No pause lasts any longer than the clock says.
    pub(crate) fn let_time_flow(&self) {
        self.let_pass(PAUSES_MAX);
    }

    pub(crate) fn pauses(&self) -> u64 {
        self.pauses.load(Ordering::SeqCst)
    }

    /// Returns when as many pauses have begun.
    pub(crate) async fn until_paused(&self, pauses: u64) {
        until("a node waits", async || self.pauses() >= pauses).await;
    }

    pub(crate) fn waited(&self) -> Duration {
        Duration::from_millis(self.waited_ms.load(Ordering::SeqCst))
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.names.lock().unwrap().clone()
    }

    /// Whether nobody leads anything now.
    pub(crate) fn is_free(&self) -> bool {
        let now = self.clock.now();
        !self.leads.lock().unwrap().values().any(|end| *end > now)
    }

    fn reach(&self) -> Result<(), Away> {
        if self.away.load(Ordering::SeqCst) {
            return Err(Away);
        }
        Ok(())
    }
}

/// It agrees on leads and keeps nothing: the copies of figures are in the store.
#[async_trait]
impl SharedCache for Commons {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Away> {
        self.reach()?;
        let left = self.left.lock().unwrap();
        let alive = left.get(key).filter(|(_, until)| *until > self.clock.now());
        Ok(alive.map(|(value, _)| value.clone()))
    }

    async fn put(&self, key: &str, value: &[u8], life: Duration) -> Result<(), Away> {
        self.reach()?;
        let life_s = i64::try_from(life.as_secs()).unwrap();
        let until = self.clock.now().plus_seconds(life_s);
        let mut left = self.left.lock().unwrap();
        left.insert(key.to_owned(), (value.to_owned(), until));
        Ok(())
    }

    async fn lead(&self, key: &str, life: Duration) -> Result<bool, Away> {
        self.reach()?;
        self.names.lock().unwrap().push(key.to_owned());
        let _through = self.gate.acquire().await.unwrap();
        let now = self.clock.now();
        let mut leads = self.leads.lock().unwrap();
        let led = leads.get(key).is_some_and(|until| *until > now);
        if led || self.led_elsewhere.load(Ordering::SeqCst) {
            return Ok(false);
        }
        let life_s = i64::try_from(life.as_secs()).unwrap();
        leads.insert(key.to_owned(), now.plus_seconds(life_s));
        Ok(true)
    }

    async fn resign(&self, key: &str) -> Result<(), Away> {
        self.reach()?;
        self.leads.lock().unwrap().remove(key);
        Ok(())
    }

    async fn pause(&self, time: Duration) {
        self.pauses.fetch_add(1, Ordering::SeqCst);
        self.moments.acquire().await.unwrap().forget();
        let time_ms = u64::try_from(time.as_millis()).unwrap();
        self.waited_ms.fetch_add(time_ms, Ordering::SeqCst);
        self.clock.advance_ms(i64::try_from(time_ms).unwrap());
    }
}
