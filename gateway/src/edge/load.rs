//! How much is worked on at once, and what goes first when it is too much.
//!
//! What is under way is counted on this node, so a node that dies takes its count with it and nothing
//! leaks. How much may be under way follows from how long work waits for its thread: a standing wait
//! takes a tenth off, a quiet moment under pressure adds some again. Waiting for another system is not
//! overload and takes nothing off: breakers and deadlines are for that.
//!
//! Three classes share what there is. Public information is put off first, figures and proofs next, orders
//! and how they stand last; those have seats of their own besides.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hash, RandomState};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use lifeline_core::shared::place::subscriber;

use super::codes::Code;
use super::limits::Function;
use super::problem::Problem;

/// What is put off last comes last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    Public,
    Household,
    Payment,
}

impl Class {
    /// The class of a route, by its function and template.
    #[must_use]
    pub fn of(function: Function, path: &str) -> Self {
        let room = path.strip_prefix("/v1/").unwrap_or(path);
        let room = room.split('/').next().unwrap_or_default();
        match (function, room) {
            (Function::Pay, _) | (_, "payments" | "checkouts" | "pay" | "sessions") => {
                Self::Payment
            }
            (_, "articles" | "outlets" | "outages" | "apps" | "pictures" | "points") => {
                Self::Public
            }
            _ => Self::Household,
        }
    }

    /// How many hundredths of what may be under way this class may fill.
    const fn hundredths(self) -> u32 {
        match self {
            Self::Public => 50,
            Self::Household => 80,
            Self::Payment => 100,
        }
    }

    /// When to come again: who is put off first waits longest.
    const fn retry_after_s(self) -> u64 {
        match self {
            Self::Public => 5,
            Self::Household => 2,
            Self::Payment => 1,
        }
    }
}

/// Under way at once, at most and at least.
pub const UNDER_WAY_MAX: u32 = 1_024;
pub const UNDER_WAY_MIN: u32 = 32;
/// Orders and how they stand get in besides, up to so many.
pub const PAYMENT_SEATS: u32 = 64;
/// Of one account, enough for a client that repeats one order until it hears an answer (64 at once are
/// one order, the second gateway's half included); and of one place: a carrier puts many homes behind
/// one address.
pub const PER_ACCOUNT_MAX: u32 = 64;
pub const PER_PLACE_MAX: u32 = 128;
/// A wait longer than this, standing through a whole window, is too much work.
pub const WAIT_MAX: Duration = Duration::from_millis(20);
const BEAT: Duration = Duration::from_millis(10);
const BEATS: u32 = 10;

/// Of one function on one node: what is dear is not done very often at once.
const fn per_function(function: Function) -> u32 {
    match function {
        Function::Rights => 8,
        Function::Identify | Function::Code => 64,
        Function::SignIn => 128,
        Function::Query | Function::Pay | Function::Other => UNDER_WAY_MAX,
    }
}

#[derive(Debug)]
struct State {
    most: u32,
    /// The most that was under way since the last judgement.
    peak: u32,
    under_way: u32,
    payments: u32,
    functions: HashMap<Function, u32>,
    places: HashMap<IpAddr, u32>,
    /// By a digest under a secret of this process.
    accounts: HashMap<u64, u32>,
}

/// What is under way on this node.
#[derive(Debug)]
pub struct Load {
    state: Mutex<State>,
    secret: RandomState,
}

impl Default for Load {
    fn default() -> Self {
        let state = State {
            most: UNDER_WAY_MAX.div_euclid(4),
            peak: 0,
            under_way: 0,
            payments: 0,
            functions: HashMap::new(),
            places: HashMap::new(),
            accounts: HashMap::new(),
        };
        Self {
            state: Mutex::new(state),
            secret: RandomState::new(),
        }
    }
}

/// A request that is under way; dropped when it is answered or given up, however that came about.
#[derive(Debug)]
pub struct Seat {
    load: Arc<Load>,
    class: Class,
    function: Function,
    place: IpAddr,
    account: Option<u64>,
}

/// Adds one unless there are as many as there may be.
fn enter<K: Eq + Hash>(counts: &mut HashMap<K, u32>, key: K, most: u32) -> bool {
    let count = counts.entry(key).or_insert(0);
    let free = *count < most;
    *count = count.saturating_add(u32::from(free));
    free
}

fn leave<K: Eq + Hash>(counts: &mut HashMap<K, u32>, key: K) {
    if let Some(count) = counts.get_mut(&key) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            counts.remove(&key);
        }
    }
}

impl State {
    fn has_room(&self, class: Class) -> bool {
        let share = u64::from(self.most).saturating_mul(u64::from(class.hundredths()));
        let fits = u64::from(self.under_way).saturating_mul(100) < share;
        fits || (class == Class::Payment && self.payments < PAYMENT_SEATS)
    }

    fn judge(&mut self, wait: Duration) {
        self.most = if wait > WAIT_MAX {
            let less = self.most.saturating_sub(self.most.div_ceil(10));
            less.max(UNDER_WAY_MIN)
        } else if self.peak.saturating_mul(2) > self.most {
            let more = self.most.saturating_add(self.most.div_ceil(50));
            more.min(UNDER_WAY_MAX)
        } else {
            self.most
        };
        self.peak = self.under_way;
    }
}

impl Load {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A seat for a request of a place, before anybody knows who asks.
    pub fn enter(
        self: &Arc<Self>,
        class: Class,
        function: Function,
        address: IpAddr,
    ) -> Result<Seat, Problem> {
        let place = subscriber(address);
        let mut state = self.state();
        if !state.has_room(class) {
            return Err(overloaded(class));
        }
        if !enter(&mut state.places, place, PER_PLACE_MAX) {
            return Err(too_many_at_once());
        }
        if !enter(&mut state.functions, function, per_function(function)) {
            leave(&mut state.places, place);
            return Err(overloaded(class));
        }
        state.under_way = state.under_way.saturating_add(1);
        state.peak = state.peak.max(state.under_way);
        let payment = u32::from(class == Class::Payment);
        state.payments = state.payments.saturating_add(payment);
        Ok(Seat {
            load: Arc::clone(self),
            class,
            function,
            place,
            account: None,
        })
    }

    /// How long work waited for its thread through a whole window at least.
    pub fn judge(&self, wait: Duration) {
        let most = {
            let mut state = self.state();
            state.judge(wait);
            state.most
        };
        metrics::gauge!("lifeline_under_way_most").set(most);
    }

    #[must_use]
    pub fn under_way(&self) -> u32 {
        self.state().under_way
    }

    /// How much may be under way now.
    #[must_use]
    pub fn most(&self) -> u32 {
        self.state().most
    }
}

impl Seat {
    /// Whose the request turned out to be.
    pub fn of_account(&mut self, account: &str) -> Result<(), Problem> {
        let account = self.load.secret.hash_one(account);
        let free = enter(&mut self.load.state().accounts, account, PER_ACCOUNT_MAX);
        if free {
            self.account = Some(account);
            Ok(())
        } else {
            Err(too_many_at_once())
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut state = self.load.state();
        state.under_way = state.under_way.saturating_sub(1);
        let payment = u32::from(self.class == Class::Payment);
        state.payments = state.payments.saturating_sub(payment);
        leave(&mut state.functions, self.function);
        leave(&mut state.places, self.place);
        if let Some(account) = self.account.take() {
            leave(&mut state.accounts, account);
        }
    }
}

fn overloaded(class: Class) -> Problem {
    metrics::counter!("lifeline_put_off_total").increment(1);
    Problem::new(Code::Overloaded).retry_after(class.retry_after_s())
}

fn too_many_at_once() -> Problem {
    Problem::new(Code::RateLimited).retry_after(1)
}

/// Measures on the thread that calls it how long work waits there, until nobody serves any more.
pub async fn watch(load: Weak<Load>) {
    loop {
        let mut least = Duration::MAX;
        for _ in 0..BEATS {
            let began = Instant::now();
            tokio::time::sleep(BEAT).await;
            least = least.min(began.elapsed().saturating_sub(BEAT));
        }
        match load.upgrade() {
            Some(load) => load.judge(least),
            None => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    const QUIET: Duration = Duration::ZERO;
    const BUSY: Duration = Duration::from_millis(21);

    fn place(host: u32) -> IpAddr {
        IpAddr::from(u32::to_be_bytes(0xC633_0000 + host))
    }

    fn seats(load: &Arc<Load>, class: Class, n: u32) -> Vec<Seat> {
        let all = (0..n).map(|host| load.enter(class, Function::Other, place(host)));
        all.filter_map(Result::ok).collect()
    }

    #[test]
    fn every_route_has_its_class_and_orders_are_put_off_last() {
        let mut seen = std::collections::BTreeSet::new();
        for entry in crate::listeners::line::table() {
            let class = Class::of(Function::of(&entry.method, entry.path), entry.path);
            let orders = ["/v1/payments", "/v1/checkouts"];
            if orders.iter().any(|order| entry.path.starts_with(order)) {
                assert_eq!(class, Class::Payment, "{}", entry.path);
            }
            seen.insert(class);
        }
        assert_eq!(seen.len(), 3);
    }

    #[test]
    fn public_information_is_put_off_first_and_orders_have_seats_besides() {
        let load = Arc::new(Load::default());
        let most = load.most();
        let public = seats(&load, Class::Public, most);
        assert_eq!(public.len(), usize::try_from(most / 2).unwrap());
        let households = seats(&load, Class::Household, most);
        assert_eq!(load.under_way(), most * 8 / 10 + 1, "at n and not at n + 1");
        let orders = seats(&load, Class::Payment, most);
        assert_eq!(
            load.under_way(),
            most.max(most * 8 / 10 + 1 + PAYMENT_SEATS)
        );
        assert!(load.enter(Class::Payment, Function::Pay, place(9)).is_err());
        drop((public, households, orders));
        assert_eq!(load.under_way(), 0);
    }

    #[test]
    fn one_account_one_place_one_function_have_their_share_at_n_and_not_at_n_plus_one() {
        let load = Arc::new(Load::default());
        let one = || load.enter(Class::Household, Function::Other, place(1));
        let mut held: Vec<Seat> = (0..PER_PLACE_MAX).map(|_| one().unwrap()).collect();
        assert_eq!(one().unwrap_err().code(), Code::RateLimited);
        for seat in held.iter_mut().take(64) {
            seat.of_account("somebody").unwrap();
        }
        let refused = held.last_mut().unwrap().of_account("somebody");
        assert_eq!(refused.unwrap_err().code(), Code::RateLimited);
        held.last_mut().unwrap().of_account("another").unwrap();
        held.clear();
        assert!(one().is_ok());
        let rights = |host| load.enter(Class::Household, Function::Rights, place(host));
        let held: Vec<_> = (0..8).map(|host| rights(host).unwrap()).collect();
        let refused = rights(9).unwrap_err();
        assert_eq!(
            (refused.code(), refused.body().retry_after_s),
            (Code::Overloaded, Some(2))
        );
        drop(held);
        assert!(
            rights(9).is_ok() && load.under_way() == 0,
            "nothing is left behind"
        );
        assert!(load.state().places.is_empty() && load.state().accounts.is_empty());
    }

    #[test]
    fn a_standing_wait_takes_off_and_pressure_without_one_gives_back() {
        let load = Arc::new(Load::default());
        let began = load.most();
        load.judge(BUSY);
        assert_eq!(load.most(), began - began.div_ceil(10));
        for _ in 0..200 {
            load.judge(BUSY);
        }
        assert_eq!(load.most(), UNDER_WAY_MIN);
        load.judge(QUIET);
        assert_eq!(load.most(), UNDER_WAY_MIN, "nobody asks for more");
        let held = seats(&load, Class::Household, UNDER_WAY_MIN);
        load.judge(QUIET);
        assert!(load.most() > UNDER_WAY_MIN);
        drop(held);
    }

    /// Three times as many ask as can be served: what is served stays near the most there is, and an
    /// order never waits for long. Virtual time in milliseconds; one thread serves `PACE` a millisecond,
    /// in the order of arrival, as a thread of the listener does.
    #[test]
    fn ec_14_at_three_times_the_load_goodput_holds_and_orders_are_quick() {
        const PACE: usize = 4;
        const STEPS: u64 = 20_000;
        let load = Arc::new(Load::default());
        let mut queue: VecDeque<(u64, Class, Seat)> = VecDeque::new();
        let (mut served, mut waits, mut refused_orders, mut orders) = (0_u64, Vec::new(), 0, 0);
        let mut least = u64::MAX;
        for now in 0..STEPS {
            for n in 0..3 * PACE {
                // A tenth are orders, four tenths figures, half public.
                let class = match n % 10 {
                    0 => Class::Payment,
                    1..=4 => Class::Household,
                    _ => Class::Public,
                };
                let host = u32::try_from((now * 12 + u64::try_from(n).unwrap()) % 5_000).unwrap();
                orders += u32::from(class == Class::Payment);
                match load.enter(class, Function::Other, place(host)) {
                    Ok(seat) => queue.push_back((now, class, seat)),
                    Err(_) => refused_orders += u32::from(class == Class::Payment),
                }
            }
            let waiting = queue.front().map_or(0, |(since, ..)| now - since);
            least = least.min(waiting);
            for (since, class, seat) in queue.drain(..PACE.min(queue.len())) {
                served += 1;
                if class == Class::Payment && now > STEPS / 4 {
                    waits.push(now - since);
                }
                drop(seat);
            }
            if now % 100 == 99 {
                load.judge(Duration::from_millis(least));
                least = u64::MAX;
            }
        }
        let most = STEPS * u64::try_from(PACE).unwrap();
        assert!(served * 10 >= most * 9, "{served} of {most}");
        waits.sort_unstable();
        let p99 = waits[waits.len() * 99 / 100];
        assert!(p99 <= 200, "an order waited {p99} ms");
        assert_eq!(refused_orders, 0, "of {orders}");
    }
}
