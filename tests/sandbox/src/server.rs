//! Puts the sandbox on the air and owns its clock control.

use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::error::JsonPayloadError;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use serde::Deserialize;
use tokio::task::JoinHandle;

use crate::alipay::Alipay;
use crate::clock::{SimClock, rfc3339};
use crate::exchange::Exchange;
use crate::faults::Faults;
use crate::generation::Generation;
use crate::keys::{KeyError, Keys};
use crate::marketing::Marketing;
use crate::people::People;
use crate::refusal::Refusal;
use crate::relay::{Relay, RelayError};
use crate::sms::Sms;
use crate::targets::{self, Targets};
use crate::user_system::UserSystem;
use crate::{
    alipay, exchange, faults, generation, index, marketing, people, relay, sms, user_system,
};

/// How often the sandbox looks for what fell due in real time.
const TICK: Duration = Duration::from_millis(200);
/// How long the gateway may take to follow the clock.
const OPS_TIMEOUT: Duration = Duration::from_secs(60);
const WORKERS: usize = 2;

/// How to start a sandbox.
#[derive(Debug, Clone)]
pub struct Options {
    /// Loopback port, 0 = any free one.
    pub port: u16,
    /// Where the keys lie or are to be made.
    pub keys_dir: PathBuf,
    /// Lifeline's line listener, where wallets are sent back to.
    pub line: Option<String>,
    /// Lifeline's callback listener.
    pub callback: Option<String>,
    /// Ops listeners that must follow the clock.
    pub ops: Vec<String>,
    /// Seed of everything generated.
    pub seed: u64,
    /// Whether marketing knows more consumers than the demo people's homes.
    pub with_strangers: bool,
    /// How far the clock is ahead at the start.
    pub clock_offset_s: i64,
    /// Port of the signing relay in front of the line, if wanted.
    pub relay_port: Option<u16>,
}

impl Options {
    /// A sandbox on any free port with the keys in `keys_dir` and nothing else around it.
    pub fn with_keys(keys_dir: impl Into<PathBuf>) -> Self {
        Self {
            port: 0,
            keys_dir: keys_dir.into(),
            line: None,
            callback: None,
            ops: Vec::new(),
            seed: 1,
            with_strangers: true,
            clock_offset_s: 0,
            relay_port: None,
        }
    }
}

/// Why the sandbox did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The key folder could not be used.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The port could not be bound.
    #[error("cannot listen on 127.0.0.1:{port}: {source}")]
    Listen {
        /// The wanted port.
        port: u16,
        /// What the system said.
        source: std::io::Error,
    },
    /// The HTTP client could not be built.
    #[error("cannot build the HTTP client: {0}")]
    Client(#[from] reqwest::Error),
    /// The relay could not be set up.
    #[error(transparent)]
    Relay(#[from] RelayError),
    /// A relay was asked for, but not where it should forward to.
    #[error("the relay needs the line's base URL")]
    RelayWithoutLine,
}

/// A sandbox on the air; dropping it without [`Running::stop`] leaves it running.
#[derive(Debug)]
pub struct Running {
    /// `http://127.0.0.1:<port>`.
    pub base_url: String,
    /// The relay's address, when one was asked for.
    pub relay_url: Option<String>,
    sandbox: OnAir,
    relay: Option<OnAir>,
    ticker: JoinHandle<()>,
}

impl Running {
    /// Stops listening and forgets everything.
    pub async fn stop(self) {
        self.ticker.abort();
        for server in [Some(self.sandbox), self.relay].into_iter().flatten() {
            server.handle.stop(false).await;
            let _ = server.task.await;
        }
    }

    /// Waits until the sandbox ends by itself.
    ///
    /// # Errors
    /// What made it fail.
    pub async fn ended(&mut self) -> std::io::Result<()> {
        let ended = (&mut self.sandbox.task).await;
        ended.unwrap_or_else(|join| Err(std::io::Error::other(join)))
    }
}

/// One listening server.
#[derive(Debug)]
struct OnAir {
    handle: ServerHandle,
    task: JoinHandle<std::io::Result<()>>,
}

/// Serves `routes` on loopback; the process's signals stay with its owner.
fn serve<R>(port: u16, routes: R) -> Result<(String, OnAir), StartError>
where
    R: Fn(&mut web::ServiceConfig) + Clone + Send + 'static,
{
    let listen = |source| StartError::Listen { port, source };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(listen)?;
    let bound = listener.local_addr().map_err(listen)?;
    let server = HttpServer::new(move || {
        let routes = routes.clone();
        App::new()
            .wrap(from_fn(targets::note))
            .configure(|cfg| routes(cfg))
    })
    .workers(WORKERS)
    .disable_signals()
    .listen(listener)
    .map_err(listen)?
    .run();
    let handle = server.handle();
    Ok((
        format!("http://{bound}"),
        OnAir {
            handle,
            task: tokio::spawn(server),
        },
    ))
}

/// The shared parts of one sandbox, as handlers receive them.
#[derive(Clone)]
struct World {
    clock: web::Data<SimClock>,
    faults: web::Data<Faults>,
    people: web::Data<People>,
    keys: web::Data<Keys>,
    alipay: web::Data<Alipay>,
    marketing: web::Data<Marketing>,
    sms: web::Data<Sms>,
    user_system: web::Data<UserSystem>,
    generation: web::Data<Generation>,
    exchange: web::Data<Exchange>,
    neighbours: web::Data<Neighbours>,
    ops: web::Data<Ops>,
    targets: web::Data<Targets>,
}

/// Lifeline's addresses, for people who look for the way.
#[derive(Debug)]
pub(crate) struct Neighbours {
    pub(crate) line: Option<String>,
    pub(crate) callback: Option<String>,
}

/// Who else must follow the clock.
struct Ops {
    urls: Vec<String>,
    client: reqwest::Client,
    /// One turn of the time machine at a time.
    turn: tokio::sync::Mutex<()>,
}

/// Starts a sandbox on loopback.
///
/// # Errors
/// See [`StartError`].
pub async fn start(options: Options) -> Result<Running, StartError> {
    let world = World::new(&options)?;
    let relay = match options.relay_port {
        Some(port) => Some(start_relay(port, &options, SimClock::clone(&world.clock))?),
        None => None,
    };
    let ticker = tokio::spawn(tick(world.alipay.clone()));
    let (base_url, sandbox) = serve(options.port, move |cfg| world.clone().mount(cfg))?;
    let (relay_url, relay) = relay.unzip();
    Ok(Running {
        base_url,
        relay_url,
        sandbox,
        relay,
        ticker,
    })
}

fn start_relay(
    port: u16,
    options: &Options,
    clock: SimClock,
) -> Result<(String, OnAir), StartError> {
    let line = options
        .line
        .as_deref()
        .ok_or(StartError::RelayWithoutLine)?;
    let relay = web::Data::new(Relay::new(line, &options.keys_dir, clock)?);
    serve(port, move |cfg| {
        cfg.app_data(relay.clone()).configure(relay::routes);
    })
}

impl World {
    fn new(options: &Options) -> Result<Self, StartError> {
        let clock = SimClock::new(options.clock_offset_s);
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .pool_idle_timeout(crate::RESTING_TIME_MAX)
            .timeout(OPS_TIMEOUT)
            .build()?;
        let faults = Faults::default();
        let people = Arc::new(People::new());
        let keys = Arc::new(Keys::load_or_create(&options.keys_dir)?);
        let alipay = Alipay::new(
            clock.clone(),
            Arc::clone(&people),
            Arc::clone(&keys),
            faults.clone(),
            options.line.clone(),
        )?;
        Ok(Self {
            faults: web::Data::new(faults),
            people: web::Data::from(people),
            keys: web::Data::from(keys),
            alipay: web::Data::new(alipay),
            marketing: web::Data::new(Marketing::new(
                options.seed,
                clock.clone(),
                options.with_strangers,
            )),
            sms: web::Data::new(Sms::new(clock.clone())),
            user_system: web::Data::new(UserSystem::new(clock.clone())),
            generation: web::Data::new(Generation::new(clock.clone())),
            exchange: web::Data::new(Exchange::new(clock.clone())),
            neighbours: web::Data::new(Neighbours {
                line: options.line.clone(),
                callback: options.callback.clone(),
            }),
            ops: web::Data::new(Ops {
                urls: options.ops.clone(),
                client,
                turn: tokio::sync::Mutex::new(()),
            }),
            clock: web::Data::new(clock),
            targets: web::Data::new(Targets::default()),
        })
    }

    fn mount(self, cfg: &mut web::ServiceConfig) {
        cfg.app_data(self.clock)
            .app_data(self.faults)
            .app_data(self.people)
            .app_data(self.keys)
            .app_data(self.alipay)
            .app_data(self.marketing)
            .app_data(self.sms)
            .app_data(self.user_system)
            .app_data(self.generation)
            .app_data(self.exchange)
            .app_data(self.neighbours)
            .app_data(self.ops)
            .app_data(self.targets)
            .app_data(web::JsonConfig::default().error_handler(unreadable))
            .configure(faults::routes)
            .configure(index::routes)
            .configure(people::routes)
            .configure(alipay::routes)
            .configure(marketing::routes)
            .configure(sms::routes)
            .configure(user_system::routes)
            .configure(generation::routes)
            .configure(exchange::routes)
            .configure(targets::routes)
            .route("/sim/clock", web::post().to(advance_clock))
            .route("/sim/clock", web::get().to(read_clock));
    }
}

fn unreadable(error: JsonPayloadError, _: &HttpRequest) -> actix_web::Error {
    Refusal::invalid("UNREADABLE", error.to_string()).into()
}

async fn tick(alipay: web::Data<Alipay>) {
    let mut interval = tokio::time::interval(TICK);
    loop {
        tokio::select! {
            _ = interval.tick() => {}
            () = alipay.woken() => {}
        }
        alipay.run_due().await;
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_s: i64,
    /// Stops the clocks first: from then on only steps move them.
    #[serde(default)]
    stop: bool,
}

async fn read_clock(clock: web::Data<SimClock>) -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({ "now": rfc3339(clock.now()) }))
}

/// Own time first, then everyone who must follow, then what became due by their reaction.
async fn advance_clock(
    clock: web::Data<SimClock>,
    alipay: web::Data<Alipay>,
    ops: web::Data<Ops>,
    wanted: web::Json<Advance>,
) -> Result<HttpResponse, Refusal> {
    let _turn = ops.turn.lock().await;
    if wanted.stop {
        clock.stop();
    }
    clock
        .advance(wanted.advance_s)
        .map_err(|e| Refusal::invalid("CLOCK_OUT_OF_RANGE", e.to_string()))?;
    alipay.run_due().await;
    for url in &ops.urls {
        ops.push(url, &wanted).await?;
    }
    alipay.run_due().await;
    Ok(HttpResponse::Ok().json(serde_json::json!({ "now": rfc3339(clock.now()) })))
}

impl Ops {
    async fn push(&self, url: &str, wanted: &Advance) -> Result<(), Refusal> {
        let target = format!("{}/demo/clock", url.trim_end_matches('/'));
        let advance_s = wanted.advance_s;
        let body = if wanted.stop {
            serde_json::json!({ "advance_s": advance_s, "stop": true })
        } else {
            serde_json::json!({ "advance_s": advance_s })
        };
        let sent = self.client.post(&target).json(&body).send().await;
        match sent.and_then(reqwest::Response::error_for_status) {
            Ok(_) => Ok(()),
            Err(error) => Err(Refusal::unreachable(
                "CLOCK_NOT_FOLLOWED",
                format!("the sandbox moved on, but an ops listener did not follow: {error}"),
            )),
        }
    }
}
