//! Builds the capabilities' use cases over the store and the outside, and says what each listener,
//! the relay, the sweeper and the jobs need of them.

use std::num::NonZeroUsize;
use std::sync::Arc;

use actix_web::web;
use lifeline_adapters::passwords::{Argon2id, Cost};
use lifeline_adapters::pictures::Darkroom;
use lifeline_adapters::redis::Redis;
use lifeline_adapters::sql::Engine;
use lifeline_core::accounts::codes::{Budget, CodeCarrier};
use lifeline_core::accounts::passwords::Passwords;
use lifeline_core::accounts::{Accounts, PasswordDoor};
use lifeline_core::bans::Bans;
use lifeline_core::billing::Billing;
use lifeline_core::bindings::{BindingRules, Bindings, EndWhatIsOver, Gathering, LookForChanges};
use lifeline_core::channels::{Channels, ScoreMonths};
use lifeline_core::customers::Customers;
use lifeline_core::inbox::signed::Signatures;
use lifeline_core::insight::{Aggregates, Followers, Insight, LearnEnergy, LearnOffices};
use lifeline_core::jobs::retention::Retention;
use lifeline_core::jobs::runner::{JobRunner, Task};
use lifeline_core::notices::Notices;
use lifeline_core::outbox::relay::{Deliver, Relay};
use lifeline_core::payments::{Payments, Policy, Ports, Quarantine, numbers};
use lifeline_core::privacy::{Erase, Privacy, PurgeEnded};
use lifeline_core::publications::Publications;
use lifeline_core::requests::earning::Earn;
use lifeline_core::requests::{Follow, Requests};
use lifeline_core::settlement::accounts::{
    Generation, GenerationDoor, GenerationNames, GenerationPorts, KeyVault, WorkThrough,
};
use lifeline_core::settlement::jobs::{Collect, CollectEarlier, Returns, Watch};
use lifeline_core::settlement::{self, MonthRows, Settlement};
use lifeline_core::shared::cluster::SharedCache;
use lifeline_core::shared::ids::Entropy;
use lifeline_core::shared::time::Clock;
use lifeline_core::store::Store;
use lifeline_gateway::accounts::{CookieRules, EndedPoll};
use lifeline_gateway::edge::limits::Limits;
use lifeline_gateway::edge::principal::SessionRows;
use lifeline_gateway::edge::revocation::Ended;
use lifeline_gateway::edge::switchboard::{Switchboard, Switching};
use lifeline_gateway::listeners::start::Furnish;
use lifeline_gateway::runner::{Waker, Worker};

use crate::config::{Config, Jobs};
use crate::failure::Failure;
use crate::outside::Outside;
use crate::workers::{
    EndedElsewhere, JobsWorker, LimitsWorker, PurgeFigures, RealTime, RelayWorker,
    SettlementWorker, SweepWorker, audit_chain, nudged,
};

/// The use cases of every room, ready to work.
#[derive(Clone)]
pub(crate) struct Rooms {
    accounts: Accounts,
    by_password: PasswordDoor,
    by_generation: GenerationDoor,
    bindings: Bindings,
    gathering: Gathering,
    billing: Billing,
    pub(crate) payments: Payments,
    notices: Notices,
    privacy: Privacy,
    settlement: Settlement,
    publications: Publications,
    requests: Requests,
    customers: Customers,
    generation: Generation,
    followers: Followers,
    aggregates: Aggregates,
    codes: Arc<CodeCarrier>,
    cookies: CookieRules,
    signatures: Arc<dyn Signatures>,
    switchboard: Arc<Switchboard>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl Rooms {
    pub(crate) fn build(
        config: &Config,
        engine: &Arc<Engine>,
        outside: &Outside,
        redis: Option<&Arc<Redis>>,
        clock: &Arc<dyn Clock>,
        entropy: &Arc<dyn Entropy>,
    ) -> Result<Self, Failure> {
        let store: Arc<dyn Store> = Arc::<Engine>::clone(engine);
        let base = &config.listeners.line.public_base;
        let (clock, entropy) = (Arc::clone(clock), Arc::clone(entropy));
        let again = || (Arc::clone(&store), Arc::clone(&clock), Arc::clone(&entropy));
        let code_budget = config.limits.code_budget()?;
        let policy = policy(
            base,
            engine.instance().restore_epoch,
            config.payment_policy(),
        )?;
        let accounts = accounts(again(), outside, base, code_budget);
        let bindings = bindings(again(), outside, code_budget);
        let gathering = {
            let (store, clock, entropy) = again();
            Gathering::new(store, clock, entropy, outside.user_system.clone())
        };
        let billing = Billing::new(
            Arc::clone(&store),
            Arc::clone(&clock),
            Arc::clone(&entropy),
            outside.marketing.clone(),
            config.billing.rules(),
            redis.map(|redis| -> Arc<dyn SharedCache> { Arc::<Redis>::clone(redis) }),
        );
        let ports = Ports {
            store: Arc::clone(&store),
            clock: Arc::clone(&clock),
            entropy: Arc::clone(&entropy),
            channel: outside.alipay.clone(),
            notices: outside.alipay.clone(),
            posting: outside.marketing.clone(),
            dues: outside.marketing.clone(),
        };
        let notices = {
            let (store, clock, entropy) = again();
            Notices::new(store, clock, entropy, outside.sms.clone())
        };
        let (kept, time, chance) = again();
        let privacy = Privacy::new(kept, time, chance);
        let (kept, time, chance) = again();
        let publications = Publications::new(kept, time, chance, Arc::new(Darkroom));
        let passwords = passwords(&entropy)?;
        let vault = crate::vault::open(&config.vault, engine)?;
        let rows = MonthRows::under(config.settlement.rules(&policy.number_prefix));
        let generation = generation(again(), outside, vault, &passwords, code_budget, rows);
        let (kept, time, chance) = again();
        let requests = Requests::new(kept, time, chance, outside.marketing.clone());
        let (kept, time, chance) = again();
        let customers = Customers::new(kept, time, chance);
        let accounts = accounts.followed_by(vec![
            Arc::new(bindings.clone()),
            Arc::new(privacy.clone()),
            Arc::new(requests.clone()),
            Arc::new(customers.clone()),
        ]);
        let settlement = settlement(again(), outside, config, &policy.number_prefix);
        Ok(Self {
            by_generation: by_generation(&accounts, &passwords),
            by_password: PasswordDoor::new(accounts.clone(), passwords),
            generation,
            followers: followers(again(), outside),
            aggregates: aggregates(again(), outside),
            settlement,
            privacy,
            publications,
            requests,
            customers,
            payments: Payments::new(ports, policy),
            accounts,
            bindings,
            gathering,
            billing,
            notices,
            codes: Arc::new(CodeCarrier::new(outside.sms.clone(), Arc::clone(&clock))),
            cookies: CookieRules::of(base),
            signatures: outside.signatures.clone(),
            switchboard: Arc::default(),
            store,
            clock,
            entropy,
        })
    }

    /// What a demo loads its public information into.
    #[cfg(feature = "demo")]
    pub(crate) fn publications(&self) -> Publications {
        self.publications.clone()
    }

    /// What a demo gives points for is loaded into this.
    #[cfg(feature = "demo")]
    pub(crate) fn requests(&self) -> Requests {
        self.requests.clone()
    }

    /// The ways people come, with the figures they are watched by.
    fn channels(&self) -> Channels {
        let (store, clock) = (Arc::clone(&self.store), Arc::clone(&self.clock));
        Channels::new(store, clock, Arc::clone(&self.entropy), self.insight())
    }

    /// How things stand.
    pub(crate) fn insight(&self) -> Insight {
        Insight::new(Arc::clone(&self.store), Arc::clone(&self.clock))
    }

    /// Money and binding routes ask the session's row through this.
    pub(crate) fn session_rows(&self) -> Arc<dyn SessionRows> {
        Arc::new(self.accounts.clone())
    }

    /// Who is shut out.
    pub(crate) fn bans(&self) -> Bans {
        let (clock, entropy) = (Arc::clone(&self.clock), Arc::clone(&self.entropy));
        Bans::new(Arc::clone(&self.store), clock, entropy)
    }

    /// What the listeners' handlers are given.
    pub(crate) fn furnish(&self, waker: &Waker) -> Furnish {
        let (rooms, waker) = (self.clone(), waker.clone());
        Arc::new(move |cfg| {
            cfg.app_data(web::Data::new(rooms.accounts.clone()))
                .app_data(web::Data::new(rooms.bindings.clone()))
                .app_data(web::Data::new(rooms.billing.clone()))
                .app_data(web::Data::new(rooms.payments.clone()))
                .app_data(web::Data::new(rooms.notices.clone()))
                .app_data(web::Data::new(rooms.privacy.clone()))
                .app_data(web::Data::new(rooms.publications.clone()))
                .app_data(web::Data::new(rooms.requests.clone()))
                .app_data(web::Data::new(rooms.by_password.clone()))
                .app_data(web::Data::new(rooms.by_generation.clone()))
                .app_data(web::Data::new(rooms.generation.clone()))
                .app_data(web::Data::new(rooms.settlement.clone()))
                .app_data(web::Data::new(rooms.followers.clone()))
                .app_data(web::Data::new(rooms.customers.clone()))
                .app_data(web::Data::new(rooms.channels()))
                .app_data(web::Data::from(Arc::clone(&rooms.switchboard)))
                .app_data(web::Data::new(rooms.aggregates.clone()))
                .app_data(web::Data::new(rooms.cookies))
                .app_data(web::Data::from(Arc::clone(&rooms.signatures)))
                .app_data(web::Data::new(waker.clone()));
        })
    }

    /// Everything that runs beside requests.
    pub(crate) async fn workers(
        &self,
        limits: &[Arc<Limits>],
        ended: &Arc<Ended>,
        redis: Option<Arc<Redis>>,
        waker: &Waker,
        set: &Jobs,
    ) -> Result<Vec<Arc<dyn Worker>>, Failure> {
        let again = || {
            (
                Arc::clone(&self.store),
                Arc::clone(&self.clock),
                Arc::clone(&self.entropy),
            )
        };
        let carriers: Vec<Arc<dyn Deliver>> = vec![
            Arc::new(nudged(waker)),
            Arc::new(self.notices.clone()),
            Arc::new(self.bindings.clone()),
            Arc::new(self.gathering.clone()),
            Arc::new(self.requests.clone()),
            Arc::new(Earn(self.requests.clone())),
            Arc::new(self.generation.clone()),
            Arc::new(self.aggregates.clone()),
            Arc::new(self.settlement.clone()),
            Arc::<CodeCarrier>::clone(&self.codes),
        ];
        let (store, clock, entropy) = again();
        let relay = Relay::new(store, clock, entropy, carriers);
        let mut tasks: Vec<Arc<dyn Task>> = vec![
            Arc::new(self.accounts.clone()),
            Arc::new(self.bindings.clone()),
            Arc::new(EndWhatIsOver(self.bindings.clone())),
            Arc::new(LookForChanges(self.bindings.clone())),
            Arc::new(self.gathering.clone()),
            Arc::new(Follow(self.requests.clone())),
            Arc::new(PurgeFigures(self.billing.clone())),
            Arc::new(Quarantine(self.payments.clone())),
            Arc::new(Erase(self.privacy.clone())),
            Arc::new(PurgeEnded(self.privacy.clone())),
            Arc::new(WorkThrough(self.generation.clone())),
            Arc::new(Collect(self.settlement.clone())),
            Arc::new(CollectEarlier(self.settlement.clone())),
            Arc::new(Watch(self.settlement.clone())),
            Arc::new(self.followers.clone()),
            Arc::new(ScoreMonths(self.channels())),
            Arc::new(self.aggregates.clone()),
            Arc::new(LearnOffices(self.aggregates.clone())),
            Arc::new(LearnEnergy(self.aggregates.clone())),
            Arc::new(Returns(self.settlement.clone())),
            Arc::new(Retention::new(Arc::clone(&self.store))),
            Arc::new(self.insight()),
        ];
        let (store, clock, entropy) = again();
        tasks.extend(audit_chain(store, clock, entropy));
        let (store, clock, entropy) = again();
        let jobs = JobRunner::new(store, clock, entropy, Arc::new(RealTime), tasks);
        let jobs = jobs.daily_at(set.daily_at());
        jobs.register().await.map_err(|error| {
            Failure::failed(format!("the timed tasks could not be registered: {error}"))
        })?;
        let mut workers: Vec<Arc<dyn Worker>> = vec![
            Arc::new(RelayWorker(relay)),
            Arc::new(SweepWorker(self.payments.clone())),
            Arc::new(SettlementWorker::new(
                self.settlement.clone(),
                self.payments.clone(),
            )),
            Arc::new(JobsWorker(jobs)),
            Arc::new(Switching::new(
                Arc::clone(&self.switchboard),
                self.channels(),
                self.customers.clone(),
            )),
            Arc::new(EndedPoll::new(self.accounts.clone(), Arc::clone(ended))),
            Arc::new(LimitsWorker(limits.to_vec())),
        ];
        if let Some(redis) = redis {
            workers.push(Arc::new(EndedElsewhere {
                redis,
                ended: Arc::clone(ended),
            }));
        }
        Ok(workers)
    }
}

/// Hashing takes a core for tens of milliseconds: at most half of them are given to it.
fn passwords(entropy: &Arc<dyn Entropy>) -> Result<Arc<dyn Passwords>, Failure> {
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let threads = cores.div_euclid(2).max(1);
    let hashing = Argon2id::new(Cost::USUAL, threads, Arc::clone(entropy));
    let hashing = hashing.map_err(|error| Failure::failed(error.to_string()))?;
    Ok(Arc::new(hashing))
}

type Ground = (Arc<dyn Store>, Arc<dyn Clock>, Arc<dyn Entropy>);

/// People and how they sign in.
fn accounts(ground: Ground, outside: &Outside, base: &str, budget: Budget) -> Accounts {
    let (store, clock, entropy) = ground;
    let back = format!("{base}/");
    Accounts::new(store, clock, entropy, outside.alipay.clone(), &back).spending(budget)
}

/// Homes and the people who may see them.
fn bindings(ground: Ground, outside: &Outside, code_budget: Budget) -> Bindings {
    let (store, clock, entropy) = ground;
    let rules = BindingRules {
        code_budget,
        ..BindingRules::default()
    };
    Bindings::new(store, clock, entropy, outside.marketing.clone(), rules)
}

/// The door of sellers' user names.
fn by_generation(accounts: &Accounts, passwords: &Arc<dyn Passwords>) -> GenerationDoor {
    let names = Arc::new(GenerationNames);
    let (accounts, passwords) = (accounts.clone(), Arc::clone(passwords));
    GenerationDoor::new(PasswordDoor::over(accounts, passwords, names))
}

/// Sellers of power, and who keeps their keys.
fn generation(
    ground: Ground,
    outside: &Outside,
    vault: Arc<dyn KeyVault>,
    passwords: &Arc<dyn Passwords>,
    code_budget: Budget,
    rows: MonthRows,
) -> Generation {
    let (store, clock, entropy) = ground;
    Generation::new(GenerationPorts {
        store,
        clock,
        entropy,
        grid: outside.marketing.clone(),
        vault,
        passwords: Arc::clone(passwords),
        code_budget,
        rows: vec![Arc::new(rows)],
    })
}

/// Who follows the life account, by Alipay's messages.
fn followers(ground: Ground, outside: &Outside) -> Followers {
    let (store, clock, _) = ground;
    Followers::new(store, clock, outside.alipay.clone())
}

/// What goes to the company each day, and the offices and their energy that come back.
fn aggregates(ground: Ground, outside: &Outside) -> Aggregates {
    let (store, clock, entropy) = ground;
    Aggregates::new(store, clock, entropy, outside.exchange.clone())
}

/// What was sold, from the meter to the money.
fn settlement(
    ground: Ground,
    outside: &Outside,
    config: &Config,
    number_prefix: &str,
) -> Settlement {
    let (store, clock, entropy) = ground;
    let line = &outside.generation;
    let ports = settlement::Ports {
        store,
        clock,
        entropy,
        head_end: line.clone(),
        publishing: line.clone(),
        reviewer: line.clone(),
        payer: line.clone(),
        grid: outside.marketing.clone(),
    };
    Settlement::new(ports, config.settlement.rules(number_prefix))
}

/// What external numbers of an installation begin with.
pub(crate) const ENVIRONMENT: char = 'L';

/// How this installation deals with payments.
fn policy(base: &str, restore_epoch: i64, usual: Policy) -> Result<Policy, Failure> {
    let number_prefix = numbers::prefix(ENVIRONMENT, restore_epoch).ok_or_else(|| {
        Failure::failed("this store was restored more often than numbers can tell apart")
    })?;
    let policy = Policy {
        number_prefix,
        return_url: format!("{base}/#/pages/payments/index?payment_id="),
        ..usual
    };
    match policy.faults() {
        faults if faults.is_empty() => Ok(policy),
        faults => Err(Failure::failed(faults.join("; "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// money.md 2.9: what was sent before a restore is unknown after it, so its number is never sent again.
    #[test]
    fn numbers_carry_the_restore_epoch() {
        let of = |epoch| policy("https://x", epoch, Policy::default());
        let prefixes: Vec<_> = (0..62).filter_map(|epoch| of(epoch).ok()).collect();
        let prefixes: Vec<String> = prefixes.into_iter().map(|p| p.number_prefix).collect();
        assert_eq!(prefixes.first().map(String::as_str), Some("L0"));
        let distinct: std::collections::HashSet<_> = prefixes.iter().collect();
        assert_eq!(distinct.len(), 62, "{prefixes:?}");
        assert!(of(62).is_err() && of(-1).is_err(), "no epoch of a store");
    }
}
