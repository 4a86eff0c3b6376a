//! What is not served for now: functions closed in a channel, functions suspended for a person, and how
//! much a channel takes (EC-15, EC-21). Staff set it in the store; every node reads it each second, so
//! that it holds within seconds and costs a request nothing but a look into memory.
//!
//! A channel is what a client says of itself: this steers the service and keeps nobody out who wants in.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use lifeline_core::accounts::Terminal;
use lifeline_core::channels::{Channels, TerminalRow};
use lifeline_core::customers::Customers;
use lifeline_core::insight::{Channel, Function};
use lifeline_core::shared::ids::AccountId;
use lifeline_core::shared::time::Time;

use super::codes::Code;
use super::problem::Problem;
use crate::runner::Worker;

/// As it was last read.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Set {
    pub closed: HashSet<(Channel, i64)>,
    pub suspended: HashMap<AccountId, Vec<i64>>,
    pub limits: HashMap<Channel, i64>,
    /// Kinds of terminals of which more is asked than of everybody.
    pub terminals: HashMap<Terminal, TerminalRow>,
}

impl Set {
    /// Of what is looked up by channel and person.
    fn is_empty(&self) -> bool {
        self.closed.is_empty() && self.suspended.is_empty() && self.limits.is_empty()
    }
}

/// What makes an order.
const ORDERS: [(&str, &str); 2] = [("POST", "/v1/payments"), ("POST", "/v1/checkouts")];

/// What is set now, and what came this minute through channels that have a limit.
#[derive(Debug, Default)]
pub struct Switchboard {
    set: RwLock<Arc<Set>>,
    minutes: Mutex<HashMap<Counted, (i64, i64)>>,
}

/// What is counted by the minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Counted {
    Channel(Channel),
    Terminal(Terminal),
}

impl Switchboard {
    pub fn put(&self, set: Set) {
        *self.set.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(set);
    }

    fn now(&self) -> Arc<Set> {
        Arc::clone(&self.set.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether a request of a route may go on: who asks, when they are known, through which channel.
    ///
    /// # Errors
    /// The code of the refusal.
    pub fn admit(
        &self,
        asked: (&str, &str),
        user_agent: &str,
        account: Option<&AccountId>,
        at: Time,
    ) -> Result<(), Code> {
        let set = self.now();
        if set.is_empty() {
            return Ok(());
        }
        let (method, route) = asked;
        let function = Function::of(method, route).number;
        let channel = Channel::of(user_agent);
        if set.closed.contains(&(channel, function)) {
            return Err(Code::FunctionClosed);
        }
        let suspended = account.and_then(|account| set.suspended.get(account));
        if suspended.is_some_and(|suspended| suspended.contains(&function)) && method != "GET" {
            return Err(Code::FunctionSuspended);
        }
        match set.limits.get(&channel) {
            Some(most) if !self.counts(Counted::Channel(channel), *most, at) => {
                Err(Code::ChannelFull)
            }
            Some(_) | None => Ok(()),
        }
    }

    /// What came this minute through each channel that has a limit, and the limit.
    #[must_use]
    pub fn fill(&self, at: Time) -> Vec<(Channel, i64, i64)> {
        let minute = at.micros().div_euclid(60_000_000);
        let minutes = self.minutes.lock().unwrap_or_else(PoisonError::into_inner);
        let came = |channel: &Channel| match minutes.get(&Counted::Channel(*channel)) {
            Some((known, count)) if *known == minute => *count,
            Some(_) | None => 0,
        };
        let set = self.now();
        let limits = set.limits.iter();
        let mut all: Vec<_> = limits
            .map(|(channel, most)| (*channel, came(channel), *most))
            .collect();
        all.sort_by_key(|(channel, _, _)| channel.as_str());
        all
    }

    /// Whether the kind of terminal may matter to a request: only then it is looked up.
    #[must_use]
    pub fn minds_terminal(&self, asked: (&str, &str)) -> bool {
        let (method, route) = asked;
        let matters = |row: &TerminalRow| {
            let confirms = row.confirms && ORDERS.contains(&asked);
            confirms || row.per_minute.is_some() || !row.lets(method, route)
        };
        self.now().terminals.values().any(matters)
    }

    /// Whether a request may be made at this kind of terminal; and then, whether an order needs a step-up
    /// there whatever its sum (EC-14).
    ///
    /// # Errors
    /// The code of the refusal.
    pub fn at_terminal(
        &self,
        asked: (&str, &str),
        terminal: Terminal,
        at: Time,
    ) -> Result<bool, Code> {
        let set = self.now();
        let Some(row) = set.terminals.get(&terminal) else {
            return Ok(false);
        };
        let (method, route) = asked;
        if !row.lets(method, route) {
            return Err(Code::FunctionClosed);
        }
        match row.per_minute {
            Some(most) if !self.counts(Counted::Terminal(terminal), most, at) => {
                Err(Code::ChannelFull)
            }
            Some(_) | None => Ok(row.confirms),
        }
    }

    fn counts(&self, what: Counted, most: i64, at: Time) -> bool {
        let minute = at.micros().div_euclid(60_000_000);
        let mut minutes = self.minutes.lock().unwrap_or_else(PoisonError::into_inner);
        let known = minutes.entry(what).or_insert((minute, 0));
        if known.0 != minute {
            *known = (minute, 0);
        }
        known.1 = known.1.saturating_add(1);
        known.1 <= most
    }
}

/// A refusal at a moment; of a full minute it says when the next begins.
pub(super) fn refusal(code: Code, at: Time) -> Problem {
    let problem = Problem::new(code);
    if code != Code::ChannelFull {
        return problem;
    }
    let left = 60_i64.saturating_sub(at.unix_seconds().rem_euclid(60));
    problem.retry_after(u64::try_from(left).unwrap_or(60))
}

/// Reads what is set, each second.
#[derive(Debug)]
pub struct Switching {
    switchboard: Arc<Switchboard>,
    channels: Channels,
    customers: Customers,
    /// When it last looked: workers are woken by every commit, and this one must not be.
    looked_at: AtomicI64,
}

/// A look comes no sooner than so many microseconds after the one before.
const PAUSE_MICROS: i64 = 900_000;

impl Switching {
    #[must_use]
    pub const fn new(
        switchboard: Arc<Switchboard>,
        channels: Channels,
        customers: Customers,
    ) -> Self {
        Self {
            switchboard,
            channels,
            customers,
            looked_at: AtomicI64::new(0),
        }
    }

    /// Reads it once. What cannot be read leaves what was known.
    pub async fn look(&self) {
        let (positions, suspended) = match (
            self.channels.positions().await,
            self.customers.suspended().await,
        ) {
            (Ok(positions), Ok(suspended)) => (positions, suspended),
            (Err(error), _) => {
                tracing::warn!(%error, "switchboard.unread");
                return;
            }
            (_, Err(error)) => {
                tracing::warn!(%error, "switchboard.unread");
                return;
            }
        };
        let mut set = Set {
            closed: positions.closed.into_iter().collect(),
            limits: positions.limits.into_iter().collect(),
            suspended: HashMap::new(),
            terminals: positions
                .terminals
                .into_iter()
                .map(|row| (row.terminal, row))
                .collect(),
        };
        for (account, function) in suspended {
            let number = Function::named(function.as_str()).map(|function| function.number);
            set.suspended.entry(account).or_default().extend(number);
        }
        self.switchboard.put(set);
    }
}

#[async_trait]
impl Worker for Switching {
    fn name(&self) -> &'static str {
        "switchboard"
    }

    fn tick(&self) -> Duration {
        Duration::from_secs(1)
    }

    async fn run_once(&self, now: Time) -> bool {
        let before = self.looked_at.load(Ordering::Relaxed);
        // A clock that was set back must not keep it waiting.
        if !(0..PAUSE_MICROS).contains(&now.micros().saturating_sub(before)) {
            self.looked_at.store(now.micros(), Ordering::Relaxed);
            self.look().await;
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lifeline_core::channels::Takes;
    use lifeline_core::shared::ids::TypedId as _;

    const MINI: &str = "Mozilla/5.0 AlipayClient/10.5 MiniProgram";
    const H5: &str = "Mozilla/5.0 (Windows NT 10.0)";
    const PAY: (&str, &str) = ("POST", "/v1/payments");
    const CLOSE: (&str, &str) = ("POST", "/v1/payments/{payment_id}/close");
    const INVITE: (&str, &str) = ("POST", "/v1/bindings/{binding_id}/grants");
    const BILL: (&str, &str) = ("GET", "/v1/bindings/{binding_id}/bills");
    const SIGN: (&str, &str) = ("POST", "/v1/auto-debits");

    fn somebody() -> AccountId {
        AccountId::made("019aa2f0-0000-7000-8000-000000000001".into())
    }

    #[test]
    fn ec_15_a_function_is_closed_in_its_channel_and_in_no_other() {
        let board = Switchboard::default();
        let at = Time::default();
        assert_eq!(board.admit(PAY, H5, None, at), Ok(()));
        let mut set = Set::default();
        set.closed.insert((Channel::H5, 12));
        board.put(set);
        assert_eq!(board.admit(PAY, H5, None, at), Err(Code::FunctionClosed));
        assert_eq!(board.admit(PAY, MINI, None, at), Ok(()));
        assert_eq!(board.admit(BILL, H5, None, at), Ok(()));
        board.put(Set::default());
        assert_eq!(board.admit(PAY, H5, None, at), Ok(()));
    }

    #[test]
    fn ec_21_a_function_is_suspended_for_one_person() {
        let board = Switchboard::default();
        let at = Time::default();
        let mut set = Set::default();
        set.suspended.insert(somebody(), vec![12]);
        board.put(set);
        let other = AccountId::made("019aa2f0-0000-7000-8000-000000000002".into());
        let suspended = Err(Code::FunctionSuspended);
        assert_eq!(board.admit(PAY, H5, Some(&somebody()), at), suspended);
        assert_eq!(board.admit(PAY, H5, Some(&other), at), Ok(()));
        assert_eq!(board.admit(PAY, H5, None, at), Ok(()));
        assert_eq!(board.admit(BILL, H5, Some(&somebody()), at), Ok(()));
        // An order that is open already can be taken back, and somebody else can be let in.
        for asked in [CLOSE, INVITE, SIGN] {
            assert_eq!(board.admit(asked, H5, Some(&somebody()), at), Ok(()));
        }
        // Auto-debit is gated before it is served: it begins as it was decided.
        let mut set = Set::default();
        let debit = Function::named("auto_debit").map(|function| function.number);
        set.suspended
            .insert(somebody(), debit.into_iter().collect());
        board.put(set);
        assert_eq!(board.admit(SIGN, H5, Some(&somebody()), at), suspended);
        assert_eq!(board.admit(SIGN, H5, Some(&other), at), Ok(()));
        assert_eq!(board.admit(PAY, H5, Some(&somebody()), at), Ok(()));
    }

    #[test]
    fn ec_15_closing_to_link_homes_does_not_close_sharing_them() {
        let board = Switchboard::default();
        let mut set = Set::default();
        let bind = Function::named("bind").map(|function| (Channel::H5, function.number));
        set.closed.extend(bind);
        board.put(set);
        let link = ("POST", "/v1/bindings");
        let at = Time::default();
        assert_eq!(board.admit(link, H5, None, at), Err(Code::FunctionClosed));
        assert_eq!(board.admit(INVITE, H5, None, at), Ok(()));
    }

    #[test]
    fn ec_15_a_channel_takes_its_limit_and_one_more_no_more() {
        let board = Switchboard::default();
        let mut set = Set::default();
        set.limits.insert(Channel::H5, 3);
        board.put(set);
        let at = Time::from_micros(60_000_000);
        for _ in 0..3 {
            assert_eq!(board.admit(BILL, H5, None, at), Ok(()));
        }
        assert_eq!(board.admit(BILL, H5, None, at), Err(Code::ChannelFull));
        assert_eq!(board.admit(BILL, MINI, None, at), Ok(()));
        let later = Time::from_micros(120_000_000);
        assert_eq!(board.admit(BILL, H5, None, later), Ok(()));
    }

    #[test]
    fn ec_15_who_finds_a_channel_full_is_told_when_the_next_minute_begins() {
        let wait = |seconds: i64, code| {
            let at = Time::from_micros(seconds * 1_000_000);
            refusal(code, at).body().retry_after_s
        };
        assert_eq!(wait(60, Code::ChannelFull), Some(60));
        assert_eq!(wait(61, Code::ChannelFull), Some(59));
        assert_eq!(wait(119, Code::ChannelFull), Some(1));
        assert_eq!(wait(119, Code::FunctionClosed), None);
    }

    fn row(terminal: Terminal) -> TerminalRow {
        TerminalRow {
            terminal,
            channel: Channel::H5,
            takes: Takes::Everything,
            confirms: false,
            per_minute: None,
            changed_at: Time::default(),
        }
    }

    #[test]
    fn ec_14_a_kind_of_terminal_is_held_to_its_own_row() {
        let board = Switchboard::default();
        let at = Time::from_micros(60_000_000);
        assert!(!board.minds_terminal(PAY));
        assert_eq!(board.at_terminal(PAY, Terminal::Desk, at), Ok(false));
        let mut set = Set::default();
        let reads = TerminalRow {
            takes: Takes::Reads,
            ..row(Terminal::Computer)
        };
        let confirms = TerminalRow {
            confirms: true,
            per_minute: Some(2),
            ..row(Terminal::Desk)
        };
        let alone = Set {
            terminals: HashMap::from([(
                Terminal::Desk,
                TerminalRow {
                    per_minute: None,
                    ..confirms.clone()
                },
            )]),
            ..Set::default()
        };
        board.put(alone);
        assert!(board.minds_terminal(PAY) && !board.minds_terminal(BILL));
        for row in [reads, confirms] {
            set.terminals.insert(row.terminal, row);
        }
        board.put(set);
        assert!(board.minds_terminal(BILL), "how many come is counted");
        let closed = Err(Code::FunctionClosed);
        assert_eq!(board.at_terminal(PAY, Terminal::Computer, at), closed);
        assert_eq!(board.at_terminal(BILL, Terminal::Computer, at), Ok(false));
        assert_eq!(board.at_terminal(PAY, Terminal::Phone, at), Ok(false));
        for _ in 0..2 {
            assert_eq!(board.at_terminal(PAY, Terminal::Desk, at), Ok(true));
        }
        let full = Err(Code::ChannelFull);
        assert_eq!(board.at_terminal(BILL, Terminal::Desk, at), full);
        let later = Time::from_micros(120_000_000);
        assert_eq!(board.at_terminal(BILL, Terminal::Desk, later), Ok(true));
    }
}
