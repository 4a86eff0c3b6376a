//! The register of services (LN-39): what this process stands on and what it offers, how each does, since
//! when, and when it last answered. A look every few seconds and the calls themselves fill it, so that
//! showing it asks nobody.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use lifeline_core::shared::time::Time;

use super::ops::{Check, Operation, Readiness};
use crate::runner::Worker;

/// What a service is to this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Nothing works without it, or less well: the store, Redis.
    Beneath,
    /// A system of somebody else's, whole or one operation of it.
    Outside,
    /// A listener of this process.
    Offered,
}

/// How a service does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    Well,
    /// It is asked, and the last answer was none.
    Shaky,
    /// It failed so often that a few calls try it out.
    Probed,
    Failing,
    /// Nobody has needed it since the process began.
    Unasked,
}

impl Health {
    pub const ALL: [Self; 5] = [
        Self::Well,
        Self::Shaky,
        Self::Probed,
        Self::Failing,
        Self::Unasked,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Well => "well",
            Self::Shaky => "shaky",
            Self::Probed => "probed",
            Self::Failing => "failing",
            Self::Unasked => "unasked",
        }
    }
}

/// One line of the register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    pub place: Place,
    pub name: &'static str,
    /// One operation of it; empty for the whole.
    pub operation: &'static str,
    pub health: Health,
    pub since: Option<Time>,
    pub last_well: Option<Time>,
    pub last_badly: Option<Time>,
    /// Empty where nothing is known of it.
    pub version: String,
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    ok: bool,
    since: Time,
    last_well: Option<Time>,
    last_badly: Option<Time>,
}

impl Seen {
    fn at(ok: bool, now: Time, before: Option<Self>) -> Self {
        let same = before.filter(|before| before.ok == ok);
        let last = |word: bool, known: Option<Time>| if ok == word { Some(now) } else { known };
        Self {
            ok,
            since: same.map_or(now, |before| before.since),
            last_well: last(true, before.and_then(|before| before.last_well)),
            last_badly: last(false, before.and_then(|before| before.last_badly)),
        }
    }
}

/// What the process is made of, as it says when it begins.
#[derive(Debug, Clone)]
pub struct Made {
    pub began: Time,
    /// Of the program.
    pub version: &'static str,
    /// What the store is and at which schema.
    pub store: String,
    /// The listeners that are open.
    pub listeners: Vec<&'static str>,
}

/// What is known of every service.
#[derive(Debug)]
pub struct Services {
    made: Made,
    seen: Mutex<BTreeMap<&'static str, Seen>>,
}

/// What is ours; everything else that is looked at is somebody else's.
const BENEATH: [&str; 2] = ["store", "redis"];

impl Services {
    #[must_use]
    pub fn new(made: Made) -> Self {
        Self {
            made,
            seen: Mutex::default(),
        }
    }

    /// How the dependencies answered a look.
    pub fn note(&self, checks: &[Check], now: Time) {
        let mut seen = self.lock();
        for check in checks {
            let before = seen.get(check.name).copied();
            seen.insert(check.name, Seen::at(check.ok, now, before));
        }
    }

    /// Every service in its order: what is beneath, what is outside with its operations, what is offered.
    #[must_use]
    pub fn list(&self, operations: &[Operation]) -> Vec<Service> {
        let seen = self.lock().clone();
        let mut all = Vec::new();
        for name in BENEATH {
            all.extend(seen.get(name).map(|seen| self.beneath(name, *seen)));
        }
        for (name, seen) in &seen {
            if BENEATH.contains(name) {
                continue;
            }
            let own: Vec<_> = operations
                .iter()
                .filter(|one| one.system == *name)
                .collect();
            all.push(whole(name, *seen, &own));
            all.extend(own.into_iter().map(part));
        }
        all.extend(self.made.listeners.iter().map(|name| Service {
            place: Place::Offered,
            name,
            operation: "",
            health: Health::Well,
            since: Some(self.made.began),
            last_well: None,
            last_badly: None,
            version: self.made.version.to_owned(),
        }));
        all
    }

    fn beneath(&self, name: &'static str, seen: Seen) -> Service {
        Service {
            place: Place::Beneath,
            name,
            operation: "",
            health: if seen.ok {
                Health::Well
            } else {
                Health::Failing
            },
            since: Some(seen.since),
            last_well: seen.last_well,
            last_badly: seen.last_badly,
            version: if name == "store" {
                self.made.store.clone()
            } else {
                String::new()
            },
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A system outside is never asked how it does: its operations know how it answered.
fn whole(name: &'static str, seen: Seen, own: &[&Operation]) -> Service {
    let last_well = own.iter().filter_map(|one| one.last_well).max();
    let last_badly = own.iter().filter_map(|one| one.last_badly).max();
    let health = match (own.is_empty(), seen.ok) {
        (true, _) => Health::Unasked,
        (false, false) => Health::Failing,
        (false, true) if last_badly > last_well => Health::Shaky,
        (false, true) => Health::Well,
    };
    Service {
        place: Place::Outside,
        name,
        operation: "",
        health,
        since: Some(seen.since).filter(|_| health != Health::Unasked),
        last_well,
        last_badly,
        version: String::new(),
    }
}

fn part(one: &Operation) -> Service {
    Service {
        place: Place::Outside,
        name: one.system,
        operation: one.operation,
        health: match one.health {
            Health::Well if one.last_badly > one.last_well => Health::Shaky,
            Health::Well if one.last_well.is_none() => Health::Unasked,
            health => health,
        },
        since: Some(one.since),
        last_well: one.last_well,
        last_badly: one.last_badly,
        version: String::new(),
    }
}

/// Looks at the dependencies every few seconds.
pub struct Watching {
    readiness: Arc<dyn Readiness>,
    services: Arc<Services>,
    /// When it last looked: workers are woken by every commit, and this one must not be.
    looked_at: AtomicI64,
}

impl std::fmt::Debug for Watching {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Watching")
    }
}

const TICK: Duration = Duration::from_secs(5);
/// A look comes no sooner than so many microseconds after the one before.
const PAUSE_MICROS: i64 = 4_500_000;
/// A store that has not answered by then does not.
const LOOK_TIME_MAX: Duration = Duration::from_secs(3);

impl Watching {
    #[must_use]
    pub const fn new(readiness: Arc<dyn Readiness>, services: Arc<Services>) -> Self {
        Self {
            readiness,
            services,
            looked_at: AtomicI64::new(0),
        }
    }
}

#[async_trait]
impl Worker for Watching {
    fn name(&self) -> &'static str {
        "services.watch"
    }

    fn tick(&self) -> Duration {
        TICK
    }

    async fn run_once(&self, now: Time) -> bool {
        let before = self.looked_at.load(Ordering::Relaxed);
        // A clock that was set back must not keep it waiting.
        if (0..PAUSE_MICROS).contains(&now.micros().saturating_sub(before)) {
            return false;
        }
        self.looked_at.store(now.micros(), Ordering::Relaxed);
        let looked = tokio::time::timeout(LOOK_TIME_MAX, self.readiness.checks()).await;
        let silent = || {
            vec![Check {
                name: "store",
                ok: false,
                required: true,
                advice: "",
            }]
        };
        let checks = looked.unwrap_or_else(|_| silent());
        self.services.note(&checks, now);
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Time {
        Time::from_micros(seconds.saturating_mul(1_000_000))
    }

    fn services() -> Services {
        Services::new(Made {
            began: at(1),
            version: "1.2.3",
            store: "sqlite, schema 43".to_owned(),
            listeners: vec!["line", "console"],
        })
    }

    fn check(name: &'static str, ok: bool) -> Check {
        Check {
            name,
            ok,
            required: name == "store",
            advice: "",
        }
    }

    fn operation(name: &'static str, health: Health, well: i64, badly: Option<i64>) -> Operation {
        Operation {
            system: "marketing",
            operation: name,
            health,
            since: at(2),
            last_well: Some(at(well)),
            last_badly: badly.map(at),
        }
    }

    #[test]
    fn ln_39_a_service_stands_as_it_does_since_it_changed_and_remembers_both_answers() {
        let services = services();
        assert_eq!(services.list(&[]).len(), 2, "nobody has looked yet");
        for (second, ok) in [(10, true), (15, true), (20, false), (25, false)] {
            services.note(&[check("store", ok)], at(second));
        }
        let all = services.list(&[]);
        let store = &all[0];
        assert_eq!((store.name, store.health), ("store", Health::Failing));
        assert_eq!(store.since, Some(at(20)));
        assert_eq!(
            (store.last_well, store.last_badly),
            (Some(at(15)), Some(at(25)))
        );
        assert_eq!(store.version, "sqlite, schema 43");
        services.note(&[check("store", true)], at(30));
        let store = &services.list(&[])[0];
        assert_eq!((store.health, store.since), (Health::Well, Some(at(30))));
        assert_eq!(store.last_badly, Some(at(25)));
    }

    #[test]
    fn ln_39_a_system_outside_does_as_its_operations_do() {
        let services = services();
        let health = |failing: bool, operations: &[Operation]| {
            services.note(&[check("marketing", !failing)], at(10));
            services.list(operations)[0].health
        };
        assert_eq!(health(false, &[]), Health::Unasked);
        let good = operation("GET /bills", Health::Well, 5, Some(4));
        let bad = operation("POST /postings", Health::Well, 5, Some(6));
        let left = operation("POST /postings", Health::Failing, 5, Some(6));
        assert_eq!(health(false, &[good]), Health::Well);
        assert_eq!(health(false, &[good, bad]), Health::Shaky);
        assert_eq!(health(true, &[good, left]), Health::Failing);
        let all = services.list(&[good, bad]);
        let names: Vec<_> = all.iter().map(|one| (one.name, one.operation)).collect();
        assert_eq!(
            names,
            [
                ("marketing", ""),
                ("marketing", "GET /bills"),
                ("marketing", "POST /postings"),
                ("line", ""),
                ("console", "")
            ]
        );
        assert_eq!(
            (all[1].health, all[2].health),
            (Health::Well, Health::Shaky)
        );
        assert_eq!(all[0].last_badly, Some(at(6)));
        assert!(all[3..].iter().all(|one| one.version == "1.2.3"));
    }
}
