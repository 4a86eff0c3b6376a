//! `lifeline demo`: the whole product on one machine, the sandbox standing in for the outside
//! world. Loopback only, a store stamped as demo, and a clock the sandbox may move forward.

mod clock;
mod content;
mod keys;
mod neighbour;
mod ready;
mod staff;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use lifeline_core::shared::time::Clock as _;
use secrecy::SecretString;

use crate::cli;
use crate::config::{self, Config};
use crate::failure::Failure;
use crate::system::SystemClock;

pub(crate) use clock::routes as clock_routes;
pub(crate) use neighbour::{play_journey, simulate};

const APP_ID: &str = "2021000000000001";
pub(crate) const SELLER_ID: &str = "2088000000000009";

/// The five ports of a demo.
#[derive(Debug, Clone, Copy)]
struct Ports {
    base: u16,
}

impl Ports {
    fn at(self, offset: u16) -> SocketAddr {
        SocketAddr::new(
            IpAddr::V4(Ipv4Addr::LOCALHOST),
            self.base.saturating_add(offset),
        )
    }
    fn line(self) -> SocketAddr {
        self.at(0)
    }
    fn console(self) -> SocketAddr {
        self.at(1)
    }
    fn ops(self) -> SocketAddr {
        self.at(2)
    }
    fn sandbox(self) -> SocketAddr {
        self.at(3)
    }
    fn callback(self) -> SocketAddr {
        self.at(4)
    }
}

/// A data folder that goes away with the demo unless the user named it.
struct DataDir {
    path: PathBuf,
    keep: bool,
}

impl DataDir {
    fn open(wanted: Option<PathBuf>, port_base: u16) -> Result<Self, Failure> {
        let keep = wanted.is_some();
        let path = wanted.unwrap_or_else(|| {
            let name = format!("lifeline-demo-{port_base}-{}", std::process::id());
            std::env::temp_dir().join(name)
        });
        std::fs::create_dir_all(&path).map_err(|error| {
            Failure::failed(format!(
                "cannot make the data folder {}: {error}",
                path.display()
            ))
            .advice("name another one with --data-dir")
        })?;
        Ok(Self { path, keep })
    }
}

impl Drop for DataDir {
    fn drop(&mut self) {
        if !self.keep {
            // Nothing depends on it any more; a leftover folder is only untidy.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

/// Starts the sandbox and the gateway, says where they are, and runs until asked to stop.
pub(crate) async fn run(args: cli::Demo) -> Result<(), Failure> {
    if args.port_base > u16::MAX - 4 || args.port_base < 1024 {
        return Err(Failure::usage("--port-base must be 1024 to 65531"));
    }
    let ports = Ports {
        base: args.port_base,
    };
    let data = DataDir::open(args.data_dir.clone(), args.port_base)?;
    let keys_dir = data.path.join("keys");
    let channels = keys::make_missing(&keys_dir)?;
    let joined = args.join.as_deref().map(ready::read).transpose()?;
    let sandbox = match &joined {
        Some(_) => None,
        None => Some(neighbour::Sandbox::start(
            ports_of_sandbox(ports),
            &keys_dir,
            args.no_seed,
        )?),
    };
    let sandbox_base = match &joined {
        Some(ready) => ready.sandbox.clone(),
        None => format!("http://{}", ports.sandbox()),
    };
    let limits = config::limits_of_environment().map_err(|faults| Failure::faults(&faults))?;
    let payments = config::payments_of_environment().map_err(|faults| Failure::faults(&faults))?;
    let vault = config::vault_of_environment().map_err(|faults| Failure::faults(&faults))?;
    let config = Config {
        payments,
        vault,
        ..configuration(&args, ports, &data.path, &sandbox_base, &channels, limits)
    };
    if let Some(sandbox) = &sandbox {
        sandbox.wait_until_it_answers().await?;
    }
    let clock = SystemClock::default();
    clock.advance(args.clock_ahead_s);
    let running = crate::serve::start(&config, clock.clone(), crate::serve::Kind::Demo).await?;
    let staff = match joined {
        Some(joined) => joined.staff,
        None => staff::people(running.operators(), &data.path).await?,
    };
    if !args.no_seed {
        content::load(&running.publications, clock.now()).await?;
        content::load_points(&running.requests).await?;
    }
    let ready = ready::Ready::new(
        ports,
        &sandbox_base,
        sandbox.as_ref(),
        running.engine_name(),
        staff,
    );
    if let Some(file) = &args.ready_file {
        ready.write(file)?;
    }
    ready.announce(args.database_url.is_some());
    let ended = running.until_stopped().await;
    drop(sandbox);
    ended
}

fn ports_of_sandbox(ports: Ports) -> neighbour::Addresses {
    neighbour::Addresses {
        port: ports.sandbox().port(),
        line: format!("http://{}", ports.line()),
        callback: format!("http://{}", ports.callback()),
        ops: format!("http://{}", ports.ops()),
    }
}

/// Where a demo keeps its records and keys.
pub(crate) fn store_of(data: &Path, database_url: Option<String>) -> config::Store {
    let embedded = || format!("sqlite:{}", data.join("lifeline.db").display());
    config::Store {
        url: SecretString::from(database_url.unwrap_or_else(embedded)),
        keyring: data.join("keyring.json"),
        seen: None,
        standby: config::Standby::None,
    }
}

/// The configuration of a demo: what `serve` would read from a file, made up for loopback.
fn configuration(
    args: &cli::Demo,
    ports: Ports,
    data: &Path,
    sandbox: &str,
    channels: &keys::Channels,
    limits: config::Limits,
) -> Config {
    let keys_dir = data.join("keys");
    let channel = |base: String, secrets: &keys::ChannelKeys| config::Channel {
        base_url: base,
        channel_id: secrets.channel_id.clone(),
        secret_hex: SecretString::from(secrets.secret_hex.clone()),
        field_key_hex: SecretString::from(secrets.field_key_hex.clone()),
        deadline_ms: 4_000,
    };
    Config {
        listeners: config::Listeners::loopback(
            ports.line(),
            ports.callback(),
            ports.ops(),
            ports.console(),
        ),
        store: store_of(data, args.database_url.clone()),
        backup: config::Backup::default(),
        redis: config::Redis {
            url: args.redis_url.clone().map(SecretString::from),
        },
        alipay: config::Alipay {
            app_id: APP_ID.to_owned(),
            seller_id: SELLER_ID.to_owned(),
            gateway_url: format!("{sandbox}/gateway.do"),
            page_url: None,
            proxy: None,
            authorize_url: format!("{sandbox}/oauth2/publicAppAuthorize.htm"),
            private_key: keys_dir.join("app_private.pem"),
            platform_public_key: Some(keys_dir.join("platform_public.pem")),
            app_certificate: None,
            platform_certificate: None,
            root_certificates: None,
            content_key_base64: Some(SecretString::from(channels.content_key.clone())),
            encrypt_calls: false,
            deadline_ms: 4_000,
        },
        marketing: channel(format!("{sandbox}/mkt/v1"), &channels.marketing),
        sms: channel(format!("{sandbox}/sms/v1"), &channels.sms),
        user_system: channel(format!("{sandbox}/sgapp/v1"), &channels.user_system),
        generation: channel(format!("{sandbox}/pv/v1"), &channels.generation),
        exchange: channel(format!("{sandbox}/exchange/v1"), &channels.exchange),
        notices: config::Notices::default(),
        billing: config::Billing::default(),
        payments: config::Payments::default(),
        settlement: config::Settlement::default(),
        jobs: config::Jobs::default(),
        vault: config::Vault::default(),
        limits,
        breaker: config::Breaker::default(),
        logs: config::Logs::default(),
        node: config::Node::default(),
    }
}
