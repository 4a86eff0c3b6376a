//! Puts the parts together and runs them until asked to stop.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use lifeline_adapters::keyring::Keyring;
use lifeline_adapters::redis::Redis;
use lifeline_adapters::sql::{DiskFailure, Engine};
use lifeline_core::insight::Insight;
use lifeline_core::jobs::nodes::Nodes;
use lifeline_core::operators::Operators;
#[cfg(feature = "demo")]
use lifeline_core::publications::Publications;
#[cfg(feature = "demo")]
use lifeline_core::requests::Requests;
use lifeline_core::shared::cluster::{Revocations, SharedLimiter, SharedPlaces};
use lifeline_core::shared::ids::Entropy;
use lifeline_core::shared::time::Clock;
use lifeline_gateway::console::today::House;
use lifeline_gateway::edge::bans::watched;
use lifeline_gateway::edge::limits::{Limits, Quotas};
use lifeline_gateway::edge::principal::Door;
use lifeline_gateway::edge::revocation::Ended;
use lifeline_gateway::edge::together::Together;
use lifeline_gateway::insight::{Counting, Recorder};
use lifeline_gateway::listeners::ops::{Ops, Readiness};
use lifeline_gateway::listeners::outermost::{Sources, Stopping};
use lifeline_gateway::listeners::service_register::Watching;
use lifeline_gateway::listeners::start::{self, Edge};
use lifeline_gateway::runner::{Runner, Waker, Worker};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::task::JoinHandle;

use crate::config::Config;
use crate::failure::Failure;
use crate::keys::KeysInForce;
use crate::nodes::{self, NodeWorker};
use crate::outside::Outside;
use crate::ready::Dependencies;
use crate::resources::{InForce, Resting};
use crate::rooms::Rooms;
use crate::seen::SeenWorker;
use crate::standing::StandingWorker;
use crate::system::{OsEntropy, SystemClock};
use crate::tls::{Certificates, CertificatesWorker, LineInForce};
use crate::upkeep::MetricsWorker;
use crate::{console, line, seen, store, upkeep};

/// What kind of installation runs; the store is stamped with it and refuses the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    #[cfg(feature = "demo")]
    Demo,
    Live,
}

impl Kind {
    pub(crate) const fn is_demo(self) -> bool {
        match self {
            #[cfg(feature = "demo")]
            Self::Demo => true,
            Self::Live => false,
        }
    }
}

/// A running instance.
pub(crate) struct Running {
    servers: Vec<(ServerHandle, JoinHandle<std::io::Result<()>>)>,
    runner: Arc<Runner>,
    loops: Vec<JoinHandle<()>>,
    engine: Arc<Engine>,
    counting: Arc<Counting>,
    nodes: Arc<Nodes>,
    stopping: Arc<Stopping>,
    #[cfg(feature = "demo")]
    operators: Operators,
    /// For what a demo shows.
    #[cfg(feature = "demo")]
    pub(crate) publications: Publications,
    #[cfg(feature = "demo")]
    pub(crate) requests: Requests,
}

/// Migrates (a demo only), opens everything, starts listeners and workers.
pub(crate) async fn start(
    config: &Config,
    clock: SystemClock,
    kind: Kind,
) -> Result<Running, Failure> {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    if kind.is_demo() {
        store::migrate(config, kind).await?;
    }
    let engine = seen::opened(&config.store, kind).await?;
    let time: Arc<dyn Clock> = Arc::new(clock.clone());
    let keys = KeysInForce::of(&engine, &time).await?;
    let redis = redis_of(config, keys.keyring()).await?;
    let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy);
    let outside = Outside::build(config, kind, &time, &entropy)?;
    let waker = Waker::default();
    let rooms = Rooms::build(config, &engine, &outside, redis.as_ref(), &time, &entropy)?;
    let limits = limits(config, redis.clone())?;
    let [line_limits, callback_limits] = &limits;
    let sharing = redis.clone().map(|redis| -> Arc<dyn Revocations> { redis });
    let ended = Arc::new(Ended::shared_by(sharing));
    let (shut, bans) = watched(rooms.bans(), Arc::clone(&time));
    let (recorder, counting) = console::counting(&engine, &time, &entropy);
    let stopping = Arc::new(Stopping::default());
    let edge = Edge {
        door: door(&keys, &ended, &rooms),
        sources: Sources {
            clock: Arc::clone(&time),
            entropy: Arc::clone(&entropy),
        },
        cursors: Arc::clone(&keys.cursors),
        line_limits: Arc::clone(line_limits),
        together: together(config, redis.as_ref(), entropy.as_ref())?,
        shut,
        callback_limits: Arc::clone(callback_limits),
        trusted_hops: config.listeners.line.trusted_hops.clone(),
        stopping: Arc::clone(&stopping),
        gate: line::gate_of(config, time.as_ref()).await?,
        rooms: with_recorder(rooms.furnish(&waker), recorder),
    };
    let mut workers = rooms
        .workers(&limits, &ended, redis.clone(), &waker, &config.jobs)
        .await?;
    workers.push(Arc::new(bans));
    workers.extend(SeenWorker::of(&config.store, &engine));
    workers.push(Arc::new(keys.sharing(redis.clone())));
    let nodes = nodes::begin(&engine, &time, entropy.as_ref(), &config.node.name).await;
    workers.push(Arc::new(NodeWorker(Arc::clone(&nodes))));
    let certificates = line_certificates(config, &mut workers)?;
    let tls = certificates
        .as_ref()
        .map(Certificates::server)
        .transpose()?;
    workers.push(Arc::<Counting>::clone(&counting));
    let metrics = upkeep::install()?;
    workers.push(Arc::new(MetricsWorker(metrics.clone())));
    let insight = rooms.insight();
    let resting = resting(config, &outside, certificates, insight, &mut workers)?;
    let dependencies = dependencies(&engine, &nodes, redis, outside, resting);
    let ready = || Arc::clone(&dependencies);
    let ops = Ops {
        readiness: ready(),
        metrics,
    };
    let house = console::house(config, &engine, ready(), &limits, time.as_ref());
    workers.push(Arc::new(Watching::new(ready(), house.services.clone())));
    let roles = config.node.roles();
    workers.retain(|worker| roles.run(worker.name()));
    let runner = Arc::new(Runner::new(time, workers, waker));
    let loops = runner.start();
    let mut servers = listen(config, &edge, tls, ops, clock, &runner, kind)?;
    let operators = console::operators(&engine, &edge.sources.clock, &edge.sources.entropy)?;
    servers.extend(open_console(config, &edge, &operators, house)?);
    Ok(Running {
        counting,
        nodes,
        stopping,
        #[cfg(feature = "demo")]
        operators,
        servers,
        runner,
        loops,
        engine,
        #[cfg(feature = "demo")]
        publications: rooms.publications(),
        #[cfg(feature = "demo")]
        requests: rooms.requests(),
    })
}

fn door(keys: &KeysInForce, ended: &Arc<Ended>, rooms: &Rooms) -> Door {
    Door {
        tokens: Arc::clone(&keys.tokens),
        ended: Arc::clone(ended),
        sessions: rooms.session_rows(),
    }
}

/// What this process lives on, and the workers that tell of it and of what waits.
fn resting(
    config: &Config,
    outside: &Outside,
    line: Option<Arc<Certificates>>,
    insight: Insight,
    workers: &mut Vec<Arc<dyn Worker>>,
) -> Result<Resting, Failure> {
    let line = line.map(|held| -> Arc<dyn LineInForce> { held });
    let resting = Resting::of(config)?.serving(outside, line);
    workers.push(Arc::new(InForce::of(&resting)));
    workers.push(Arc::new(StandingWorker::of(insight, &resting)));
    Ok(resting)
}

/// What can be asked whether this process can work.
fn dependencies(
    engine: &Arc<Engine>,
    nodes: &Arc<Nodes>,
    redis: Option<Arc<Redis>>,
    outside: Outside,
    resting: Resting,
) -> Arc<dyn Readiness> {
    Arc::new(Dependencies {
        engine: Arc::clone(engine),
        nodes: Arc::clone(nodes),
        redis,
        outside,
        resting,
    })
}

/// What the line shows and demands, and the worker that takes up what was renewed.
fn line_certificates(
    config: &Config,
    workers: &mut Vec<Arc<dyn Worker>>,
) -> Result<Option<Arc<Certificates>>, Failure> {
    let files = config.listeners.line.tls.as_ref();
    let Some(files) = files.filter(|_| config.node.roles().gateway) else {
        return Ok(None);
    };
    let certificates = Certificates::read(files)?;
    workers.push(Arc::new(CertificatesWorker(Arc::clone(&certificates))));
    Ok(Some(certificates))
}

/// What handlers are given, and what notes their requests.
fn with_recorder(rooms: start::Furnish, recorder: Arc<Recorder>) -> start::Furnish {
    Arc::new(move |cfg| {
        rooms(cfg);
        cfg.app_data(actix_web::web::Data::from(Arc::clone(&recorder)));
    })
}

async fn redis_of(config: &Config, keyring: Arc<Keyring>) -> Result<Option<Arc<Redis>>, Failure> {
    match &config.redis.url {
        Some(url) => Ok(Some(Arc::new(connect_redis(url, keyring).await?))),
        None => Ok(None),
    }
}

/// Redis, tuned to give up quickly.
pub(crate) async fn connect_redis(
    url: &SecretString,
    keyring: Arc<Keyring>,
) -> Result<Redis, Failure> {
    Redis::connect(url.expose_secret(), keyring)
        .await
        .map_err(|_| {
            // A Redis that is away is waited for while everything works; only its address can be wrong.
            Failure::failed("redis.url is no address of a Redis").advice(
                "write rediss://host:port/number, or leave it out: one node works in full without it",
            )
        })
}

/// The household listener's limits and the callback listener's own.
fn limits(config: &Config, redis: Option<Arc<Redis>>) -> Result<[Arc<Limits>; 2], Failure> {
    let count =
        |value| NonZeroU32::new(value).ok_or_else(|| Failure::failed("limits must be above zero"));
    let quotas = Quotas {
        per_address_minute: count(config.limits.per_address_minute)?,
        per_network_minute: count(config.limits.per_network_minute)?,
        per_account_minute: count(config.limits.per_account_minute)?,
        functions_percent: count(config.limits.functions_percent)?,
        nodes: count(config.limits.nodes)?,
    };
    let shared = redis.map(|redis| -> Arc<dyn SharedLimiter> { redis });
    // A channel's few addresses carry the notices of everyone: ten times a household's budget.
    let wide = quotas
        .per_address_minute
        .saturating_mul(NonZeroU32::MIN.saturating_add(9));
    let callback = Quotas {
        per_address_minute: wide,
        ..quotas
    };
    Ok([
        Arc::new(Limits::new(quotas, shared)),
        Arc::new(Limits::new(callback, None)),
    ])
}

/// What is under way over all nodes; a node without Redis is alone.
fn together(
    config: &Config,
    redis: Option<&Arc<Redis>>,
    entropy: &dyn Entropy,
) -> Result<Option<Arc<Together>>, Failure> {
    let Some(redis) = redis else { return Ok(None) };
    let nodes = NonZeroU32::new(config.limits.nodes);
    let nodes = nodes.ok_or_else(|| Failure::failed("limits must be above zero"))?;
    let mut name = [0_u8; 8];
    entropy.fill(&mut name);
    let shared: Arc<dyn SharedPlaces> = Arc::<Redis>::clone(redis);
    let together = Together::new(shared, hex::encode(name), nodes);
    Ok(Some(Arc::new(together)))
}

/// The console's listener, where this node has one.
fn open_console(
    config: &Config,
    edge: &Edge,
    operators: &Operators,
    house: House,
) -> Result<Servers, Failure> {
    let place = config.listeners.console.as_ref();
    let Some(place) = place.filter(|_| config.node.roles().console) else {
        return Ok(Vec::new());
    };
    let (time, rooms) = (&edge.sources.clock, Arc::clone(&edge.rooms));
    let door = console::door(place, operators, house, time, rooms)?;
    let server = start::console(edge, &door, place.bind).map_err(|e| taken("console", e))?;
    Ok(vec![(server.handle(), tokio::spawn(server))])
}

fn taken(name: &str, error: std::io::Error) -> Failure {
    Failure::failed(format!("the {name} listener cannot listen: {error}"))
        .advice("is something else using the port? choose another")
}

type Servers = Vec<(ServerHandle, JoinHandle<std::io::Result<()>>)>;

fn listen(
    config: &Config,
    edge: &Edge,
    tls: Option<rustls::ServerConfig>,
    ops: Ops,
    clock: SystemClock,
    runner: &Arc<Runner>,
    kind: Kind,
) -> Result<Servers, Failure> {
    let listeners = &config.listeners;
    let mut all = Vec::new();
    if config.node.roles().gateway {
        let (line, callback) = (listeners.line.bind, listeners.callback.bind);
        let zone = listeners.callback.zone()?;
        all.push(start::line(edge, line, tls).map_err(|e| taken("line", e))?);
        all.push(start::callback(edge, &zone, callback).map_err(|e| taken("callback", e))?);
    }
    let more = demo_routes(clock, runner, kind);
    all.push(start::operator(ops, listeners.ops.bind, more).map_err(|e| taken("ops", e))?);
    let spawn = |server: Server| (server.handle(), tokio::spawn(server));
    Ok(all.into_iter().map(spawn).collect())
}

/// A demo's ops listener also takes the sandbox's time.
fn demo_routes(clock: SystemClock, runner: &Arc<Runner>, kind: Kind) -> start::Furnish {
    #[cfg(feature = "demo")]
    if kind.is_demo() {
        let runner = Arc::clone(runner);
        return Arc::new(move |cfg| {
            cfg.app_data(actix_web::web::Data::new(clock.clone()))
                .app_data(actix_web::web::Data::new(Arc::clone(&runner)))
                .configure(crate::demo::clock_routes);
        });
    }
    drop((clock, Arc::clone(runner), kind));
    Arc::new(|_| {})
}

/// Running pieces of work get this long to end before the process does.
const LOOPS_TIME_MAX: Duration = Duration::from_secs(15);

impl Running {
    /// The people of the console.
    #[cfg(feature = "demo")]
    pub(crate) const fn operators(&self) -> &Operators {
        &self.operators
    }

    /// `sqlite` or `postgres`.
    #[cfg(feature = "demo")]
    pub(crate) fn engine_name(&self) -> &'static str {
        self.engine.name()
    }

    /// Runs until SIGINT or SIGTERM, then drains: no new connection, running requests and work end.
    /// When the store's disk fails everything ends where it stands.
    pub(crate) async fn until_stopped(self) -> Result<(), Failure> {
        tokio::select! {
            () = asked_to_stop() => {}
            failure = self.engine.failed() => return Err(self.end_at_once(&failure)),
        }
        self.drain().await;
        Ok(())
    }

    /// Nothing is answered and nothing sent any more: whether the last commit is kept is not known.
    fn end_at_once(self, failure: &DiskFailure) -> Failure {
        for work in &self.loops {
            work.abort();
        }
        for (handle, server) in &self.servers {
            // Only asked: waiting for it would let running requests go on.
            drop(handle.stop(false));
            server.abort();
        }
        Failure::failed(failure.to_string())
            .advice("mend the disk or make room on it, then start again: what was not acknowledged is taken up from the store")
            .at_once()
    }

    async fn drain(self) {
        tracing::info!(store = self.engine.name(), "draining");
        self.stopping.begin();
        let stopping = self.servers.iter().map(|(handle, _)| handle.stop(true));
        futures_util::future::join_all(stopping).await;
        self.runner.stop();
        let loops = futures_util::future::join_all(self.loops);
        if tokio::time::timeout(LOOPS_TIME_MAX, loops).await.is_err() {
            tracing::warn!("background work was still running when the process ended");
        }
        // Last: no request is under way any more.
        if tokio::time::timeout(LOOPS_TIME_MAX, self.counting.end())
            .await
            .is_err()
        {
            tracing::warn!("the last requests could not be counted");
        }
        nodes::leave(&self.nodes).await;
    }
}

async fn asked_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        let _ = tokio::signal::ctrl_c().await;
        return;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
