//! The simulated outside of Lifeline: one clock, one chance, the channel, marketing and the machines.
//!
//! Everything that happens later is a timer here; the clock jumps from one to the next. Whatever
//! has left a machine (a call on the wire) is a timer of the world, so it arrives although the
//! machine that sent it has died meanwhile.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use lifeline_core::shared::ids::Entropy;
use lifeline_core::shared::time::{Clock, Time};

use super::channel::Channel;
use super::dice::Dice;
use super::machine::Machine;
use super::marketing::Marketing;
use super::notices::Sending;
use super::plan::Plan;
use super::trace::Trace;
use super::weather::Weather;

pub(super) const SECOND: i64 = 1_000_000;
pub(super) const MILLI: i64 = 1_000;

/// What a timer does when its moment comes.
enum Timer {
    Wake(Waker),
    Run(Box<dyn FnOnce(&mut World) + Send>),
}

/// A piece of work for the scheduler.
pub(super) type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Which machine work belongs to and dies with; `None` is the outside, which never dies.
pub(super) type Owner = Option<usize>;

pub(super) struct World {
    now: i64,
    timers: BTreeMap<(i64, u64), Timer>,
    last_timer: u64,
    pub(super) dice: Dice,
    pub(super) trace: Trace,
    pub(super) weather: Weather,
    pub(super) channel: Channel,
    pub(super) marketing: Marketing,
    pub(super) machines: Vec<Machine>,
    /// Work that the scheduler has not taken over yet.
    pub(super) begun: Vec<(Owner, Work)>,
    /// Machines whose work must be dropped, and machines that come up.
    pub(super) downs: Vec<usize>,
    pub(super) boots: Vec<usize>,
    /// Notices that arrive at a machine now.
    pub(super) callbacks: Vec<(usize, Sending)>,
    /// Notices that the channel goes on sending.
    pub(super) unacknowledged: BTreeSet<String>,
    /// Events the rooms above heard: id, and whether it told of a credit.
    pub(super) told: BTreeMap<String, bool>,
    /// Something was stored since the sweepers last looked when they are due.
    pub(super) stored: bool,
    /// What was promised to whom, told by the payers' own devices.
    pub(super) promises: BTreeMap<String, Promise>,
    /// Payers and staff that still act.
    pub(super) acting: usize,
}

/// An order as its payer understands it.
#[derive(Debug, Clone)]
pub(super) struct Promise {
    /// Per line of the order, from line 1.
    pub(super) homes: Vec<usize>,
    pub(super) fen: i64,
}

impl World {
    pub(super) fn new(plan: &Plan, keep_text: bool) -> Self {
        Self {
            now: plan.start.micros(),
            timers: BTreeMap::new(),
            last_timer: 0,
            dice: Dice::new(plan.seed, "world"),
            trace: Trace::new(keep_text),
            weather: Weather::of(plan),
            channel: Channel::default(),
            marketing: Marketing::of(plan),
            machines: Machine::all(plan),
            begun: Vec::new(),
            downs: Vec::new(),
            boots: Vec::new(),
            callbacks: Vec::new(),
            unacknowledged: BTreeSet::new(),
            told: BTreeMap::new(),
            stored: true,
            promises: BTreeMap::new(),
            acting: 0,
        }
    }

    pub(super) const fn now(&self) -> i64 {
        self.now
    }

    pub(super) const fn time(&self) -> Time {
        Time::from_micros(self.now)
    }

    pub(super) fn note(&mut self, what: fmt::Arguments<'_>) {
        self.trace.note(self.now, what);
    }

    fn add_timer(&mut self, at: i64, timer: Timer) -> (i64, u64) {
        self.last_timer = self.last_timer.saturating_add(1);
        let key = (at.max(self.now), self.last_timer);
        self.timers.insert(key, timer);
        key
    }

    /// Lets something happen after a while, whoever is alive by then.
    pub(super) fn after(&mut self, micros: i64, run: impl FnOnce(&mut Self) + Send + 'static) {
        let at = self.now.saturating_add(micros.max(0));
        self.add_timer(at, Timer::Run(Box::new(run)));
    }

    pub(super) fn at(&mut self, moment: i64, run: impl FnOnce(&mut Self) + Send + 'static) {
        self.add_timer(moment, Timer::Run(Box::new(run)));
    }

    pub(super) fn next_timer(&self) -> Option<i64> {
        self.timers.keys().next().map(|(at, _)| *at)
    }

    /// Moves the clock to the next timer and lets it happen; false when there is none.
    pub(super) fn step(&mut self) -> bool {
        let Some(((at, _), timer)) = self.timers.pop_first() else {
            return false;
        };
        self.now = self.now.max(at);
        match timer {
            Timer::Wake(waker) => waker.wake(),
            Timer::Run(run) => run(self),
        }
        true
    }

    /// Lets time pass in which nothing of the world happens.
    pub(super) fn pass_to(&mut self, moment: i64) {
        self.now = self.now.max(moment);
    }

    /// Begins work that the scheduler takes over at once.
    pub(super) fn begin(&mut self, owner: Owner, work: impl Future<Output = ()> + Send + 'static) {
        self.begun.push((owner, Box::pin(work)));
    }
}

/// A handle of the world.
#[derive(Clone)]
pub(super) struct Handle(Arc<Mutex<World>>);

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("World")
    }
}

impl Handle {
    pub(super) fn new(world: World) -> Self {
        Self(Arc::new(Mutex::new(world)))
    }

    fn lock(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something in the world now. Never nested.
    pub(super) fn with<T>(&self, act: impl FnOnce(&mut World) -> T) -> T {
        act(&mut self.lock())
    }

    pub(super) fn note(&self, what: fmt::Arguments<'_>) {
        self.lock().note(what);
    }

    pub(super) fn sleep(&self, micros: i64) -> Sleep {
        let now = self.lock().now;
        Sleep {
            world: self.clone(),
            until: now.saturating_add(micros.max(0)),
            timer: None,
        }
    }

    /// The world itself, once nobody else holds it.
    pub(super) fn into_inner(self) -> Option<World> {
        let world = Arc::into_inner(self.0)?;
        Some(world.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Clock for Handle {
    fn now(&self) -> Time {
        self.lock().time()
    }
}

/// Lets simulated time pass.
#[derive(Debug)]
pub(super) struct Sleep {
    world: Handle,
    until: i64,
    timer: Option<(i64, u64)>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let (handle, until, old) = (self.world.clone(), self.until, self.timer.take());
        let mut world = handle.lock();
        if let Some(old) = old {
            world.timers.remove(&old);
        }
        if world.now >= until {
            return Poll::Ready(());
        }
        self.timer = Some(world.add_timer(until, Timer::Wake(context.waker().clone())));
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(timer) = self.timer.take() {
            self.world.lock().timers.remove(&timer);
        }
    }
}

/// Chance for one machine's ids and numbers.
pub(super) struct Seeded(Mutex<Dice>);

impl Seeded {
    pub(super) fn new(seed: u64, purpose: &str) -> Self {
        Self(Mutex::new(Dice::new(seed, purpose)))
    }
}

impl Entropy for Seeded {
    fn fill(&self, bytes: &mut [u8]) {
        let mut dice = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for chunk in bytes.chunks_mut(8) {
            for (byte, thrown) in chunk.iter_mut().zip(dice.next().to_be_bytes()) {
                *byte = thrown;
            }
        }
    }
}

/// One answer for one who waits.
pub(super) struct Slot<T>(Arc<Mutex<Waiting<T>>>);

struct Waiting<T> {
    answer: Option<T>,
    waker: Option<Waker>,
}

impl<T> Clone for Slot<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Slot<T> {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(Waiting {
            answer: None,
            waker: None,
        })))
    }

    /// The first answer counts.
    pub(super) fn fill(&self, answer: T) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.answer.is_none() {
            waiting.answer = Some(answer);
        }
        if let Some(waker) = waiting.waker.take() {
            waker.wake();
        }
    }
}

impl<T> Future for Slot<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match waiting.answer.take() {
            Some(answer) => Poll::Ready(answer),
            None => {
                waiting.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}
