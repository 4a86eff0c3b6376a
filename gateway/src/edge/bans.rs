//! Who is shut out, as this node knows it. The store's rows are the truth: a worker reads them twice a
//! second and writes the bans that this node's requests gave reason for. A request only looks into memory.
//!
//! A ban shuts what was abused. From a banned place everything is shut that needs no sign-in, or only
//! the doors that were tried; whoever is signed in goes on reading and paying, because a carrier puts
//! many homes behind one address. Nobody proves identities or asks for codes from there.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use actix_web::{HttpMessage, HttpRequest, web};
use async_trait::async_trait;
use lifeline_core::bans::{Ban, Bans, Reason, Scope, Target};
use lifeline_core::shared::place;
use lifeline_core::shared::time::{Clock, Time};
use tokio::sync::mpsc;

use super::client::ClientAddress;
use super::codes::Code;
use super::limits::Function;
use super::problem::Problem;
use super::trace;
use crate::runner::Worker;

/// Offences that wait for their row; more at once are of places that will offend again.
const WAITING_MAX: usize = 1_024;
const TICK: Duration = Duration::from_millis(500);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Until {
    ends_at: Time,
    all_doors: bool,
}

#[derive(Debug, Default)]
struct Running {
    addresses: HashMap<IpAddr, Until>,
    networks: HashMap<String, Until>,
    accounts: HashMap<String, Until>,
}

#[derive(Debug)]
struct Offence {
    target: Target,
    reason: Reason,
    trace_id: String,
}

/// The bans that run, and the way to the worker that writes new ones.
pub struct Shut {
    running: RwLock<Arc<Running>>,
    clock: Arc<dyn Clock>,
    offences: mpsc::Sender<Offence>,
}

impl std::fmt::Debug for Shut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shut")
    }
}

/// Reads what runs and writes what was offended.
pub struct BansWatch {
    bans: Bans,
    shut: Arc<Shut>,
    offences: tokio::sync::Mutex<mpsc::Receiver<Offence>>,
}

impl std::fmt::Debug for BansWatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BansWatch")
    }
}

/// What requests look into, and the worker that keeps it true.
#[must_use]
pub fn watched(bans: Bans, clock: Arc<dyn Clock>) -> (Arc<Shut>, BansWatch) {
    let (offences, waiting) = mpsc::channel(WAITING_MAX);
    let shut = Arc::new(Shut {
        running: RwLock::default(),
        clock,
        offences,
    });
    let watch = BansWatch {
        bans,
        shut: Arc::clone(&shut),
        offences: tokio::sync::Mutex::new(waiting),
    };
    (shut, watch)
}

impl Shut {
    fn now_running(&self) -> Arc<Running> {
        let running = self.running.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&running)
    }

    /// Takes over what the store says.
    pub fn take(&self, bans: Vec<Ban>) {
        let mut next = Running::default();
        for ban in bans {
            let until = Until {
                ends_at: ban.ends_at,
                all_doors: ban.reason.shuts_all_doors(),
            };
            let Target { scope, subject, .. } = ban.target;
            match scope {
                Scope::Account => drop(next.accounts.insert(subject, until)),
                Scope::Network => drop(next.networks.insert(subject, until)),
                Scope::Address => {
                    if let Ok(address) = subject.parse() {
                        next.addresses.insert(address, until);
                    }
                }
            }
        }
        let mut running = self.running.write().unwrap_or_else(PoisonError::into_inner);
        *running = Arc::new(next);
    }

    /// Whether a request may go on: `account` is whose it is, if anybody's.
    pub fn admits(
        &self,
        function: Function,
        address: IpAddr,
        account: Option<&str>,
    ) -> Result<(), Problem> {
        let proves = matches!(function, Function::Identify | Function::Code);
        let running = self.now_running();
        let of_account = account
            .filter(|_| proves)
            .and_then(|account| running.accounts.get(account));
        let shut = |until: &&Until| proves || (account.is_none() && until.all_doors);
        let of_place = Self::of_place(&running, address).filter(shut);
        self.refuse([of_account, of_place])
    }

    /// Whether a password may be tried from there.
    pub fn admits_passwords(&self, address: IpAddr) -> Result<(), Problem> {
        let running = self.now_running();
        self.refuse([Self::of_place(&running, address), None])
    }

    /// The longer one of the bans of an address and of its network.
    fn of_place(running: &Running, address: IpAddr) -> Option<&Until> {
        let by_address = running.addresses.get(&place::subscriber(address));
        let by_network = if running.networks.is_empty() {
            None
        } else {
            running.networks.get(&place::network(address))
        };
        let wider = |until: &&Until| (until.all_doors, until.ends_at);
        by_address.into_iter().chain(by_network).max_by_key(wider)
    }

    fn refuse(&self, bans: [Option<&Until>; 2]) -> Result<(), Problem> {
        let now = self.clock.now();
        let ends_at = bans.into_iter().flatten().map(|until| until.ends_at).max();
        let left = ends_at.map_or(0, |ends_at| ends_at.seconds_since(now));
        match u64::try_from(left) {
            Ok(seconds) if seconds > 0 => {
                metrics::counter!("lifeline_shut_out_total").increment(1);
                Err(Problem::new(Code::ShutOut).retry_after(seconds))
            }
            _ => Ok(()),
        }
    }

    /// Something at an address gave reason for a ban; it is written a moment later.
    pub fn offended(&self, address: IpAddr, reason: Reason) {
        let Some(target) = Target::place(&address.to_string()) else {
            return;
        };
        let offence = Offence {
            target,
            reason,
            trace_id: trace::current(),
        };
        if self.offences.try_send(offence).is_err() {
            metrics::counter!("lifeline_bans_not_written_total").increment(1);
        }
    }
}

#[async_trait]
impl Worker for BansWatch {
    fn name(&self) -> &'static str {
        "bans.watch"
    }

    fn tick(&self) -> Duration {
        TICK
    }

    async fn run_once(&self, _now: Time) -> bool {
        let mut offences = self.offences.lock().await;
        let mut written: Vec<Target> = Vec::new();
        while let Ok(offence) = offences.try_recv() {
            let Offence {
                target,
                reason,
                trace_id,
            } = offence;
            if written.contains(&target) {
                continue;
            }
            match self.bans.place(&target, reason, &trace_id).await {
                Ok(Some(ban)) => {
                    tracing::warn!(ban = %ban.ban_id, rung = ban.rung, reason = reason.as_str(), "bans.placed");
                }
                Ok(None) => {}
                Err(error) => tracing::warn!(%error, "bans.not_placed"),
            }
            written.push(target);
        }
        match self.bans.running().await {
            Ok(bans) => self.shut.take(bans),
            Err(error) => tracing::warn!(%error, "bans.unread"),
        }
        false
    }
}

/// The client's address of a request.
pub(super) fn address_of(req: &HttpRequest) -> IpAddr {
    let address = req.extensions().get::<ClientAddress>().copied();
    address.unwrap_or_default().0
}

/// Refuses passwords from where they are shut.
pub fn password_may_be_tried(req: &HttpRequest) -> Result<(), Problem> {
    match req.app_data::<web::Data<Shut>>() {
        Some(shut) => shut.admits_passwords(address_of(req)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lifeline_core::shared::ids::{AccountId, BanId, TypedId};

    struct At(Time);

    impl Clock for At {
        fn now(&self) -> Time {
            self.0
        }
    }

    const BEGAN: Time = Time::from_micros(1_000_000);

    fn shut(targets: &[(Target, Reason)], seconds: i64) -> Shut {
        let (offences, _) = mpsc::channel(1);
        let shut = Shut {
            running: RwLock::default(),
            clock: Arc::new(At(BEGAN.plus_seconds(seconds))),
            offences,
        };
        let bans = targets.iter().map(|(target, reason)| {
            let id = BanId::made("019aa2f0-0000-7000-8000-000000000001".into());
            Ban::first(id, target.clone(), *reason, BEGAN)
        });
        shut.take(bans.collect());
        shut
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn place(text: &str, reason: Reason) -> (Target, Reason) {
        (Target::place(text).unwrap(), reason)
    }

    fn account() -> (Target, Reason) {
        let id = AccountId::made("019aa2f0-0000-7000-8000-000000000002".into());
        (Target::account(&id), Reason::Homes)
    }

    #[test]
    fn a_flood_shuts_what_needs_no_sign_in_and_leaves_the_signed_in_alone() {
        let shut = shut(&[place("192.0.2.1", Reason::Flood)], 0);
        let at = ip("192.0.2.1");
        for function in Function::ALL {
            assert!(shut.admits(function, at, None).is_err(), "{function:?}");
            let signed_in = shut.admits(function, at, Some("somebody"));
            let proves = matches!(function, Function::Identify | Function::Code);
            assert_eq!(signed_in.is_err(), proves, "{function:?}");
            assert!(shut.admits(function, ip("192.0.2.2"), None).is_ok());
        }
        assert!(shut.admits_passwords(at).is_err());
    }

    #[test]
    fn guessing_shuts_only_the_doors_that_were_tried() {
        let shut = shut(&[place("192.0.2.1", Reason::Homes)], 0);
        let at = ip("192.0.2.1");
        assert!(shut.admits(Function::SignIn, at, None).is_ok());
        assert!(
            shut.admits(Function::Identify, at, Some("somebody"))
                .is_err()
        );
        assert!(shut.admits(Function::Pay, at, Some("somebody")).is_ok());
        assert!(shut.admits_passwords(at).is_err());
    }

    #[test]
    fn a_banned_account_pays_on_and_proves_nothing_from_anywhere() {
        let shut = shut(&[account()], 0);
        let (at, who) = (ip("192.0.2.1"), account().0.subject);
        assert!(shut.admits(Function::Identify, at, Some(&who)).is_err());
        assert!(shut.admits(Function::Pay, at, Some(&who)).is_ok());
        assert!(shut.admits(Function::Identify, at, Some("another")).is_ok());
    }

    #[test]
    fn a_ban_ends_by_itself_to_the_second_and_says_when() {
        let wait = |seconds| {
            let shut = shut(&[place("192.0.2.1", Reason::Flood)], seconds);
            shut.admits(Function::SignIn, ip("192.0.2.1"), None)
                .map_err(|problem| problem.body().retry_after_s)
        };
        assert_eq!(wait(0), Err(Some(600)));
        assert_eq!(wait(599), Err(Some(1)));
        assert_eq!(wait(600), Ok(()));
    }

    #[test]
    fn a_network_takes_in_its_addresses_and_ours_is_never_offended() {
        let network = Target {
            scope: Scope::Network,
            subject: "192.0.2.0/24".into(),
            network: String::new(),
        };
        let shut = shut(&[(network, Reason::Neighbours)], 0);
        assert!(
            shut.admits(Function::SignIn, ip("192.0.2.77"), None)
                .is_err()
        );
        assert!(
            shut.admits(Function::SignIn, ip("192.0.3.77"), None)
                .is_ok()
        );
        let (offences, mut waiting) = mpsc::channel(1);
        let shut = Shut { offences, ..shut };
        shut.offended(ip("127.0.0.1"), Reason::Flood);
        assert!(waiting.try_recv().is_err());
        shut.offended(ip("192.0.2.5"), Reason::Flood);
        assert_eq!(waiting.try_recv().unwrap().target.subject, "192.0.2.5");
    }
}
