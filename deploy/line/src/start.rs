//! Puts the relay on the air.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use actix_http::{HttpService, TlsAcceptorConfig};
use actix_service::map_config;
use actix_tls::accept::max_concurrent_tls_connect;
use actix_web::dev::{AppConfig, Server};
use actix_web::middleware::from_fn;
use actix_web::{App, web};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::ResolvesServerCert;
use rustls::sign::CertifiedKey;

use crate::body::LEAVING_TIME_MAX;
use crate::certificates::{Current, Kept, follow};
use crate::config::{Callback, Config, Line, Public};
use crate::forward::{Forwarder, client, pass_on};
use crate::head::bounded;
use crate::notices::{self, Notices};
use crate::places::{Places, counted};
use crate::sign::Signer;

/// A client whose TLS is not there by then is let go.
const HANDSHAKE_TIME_MAX: Duration = Duration::from_secs(3);
/// A client that has not sent its request head by then is let go.
const REQUEST_HEAD_TIME_MAX: Duration = Duration::from_secs(5);
/// Of all workers together: each one and its way to the gateway take a file, and `LimitNOFILE` of
/// `deploy/systemd/lifeline-relay.service` is 65536.
pub(crate) const CONNECTIONS_MAX: usize = 20_000;
/// How many connections the system keeps that were not taken yet.
const WAITING_MAX: i32 = 1_024;
/// How long a stopping relay lets running requests finish.
pub(crate) const DRAIN_TIME_MAX_S: u64 = 20;

/// Why it does not run: what, and in which file.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct NotStarted(String);

#[cfg(test)]
impl NotStarted {
    pub(crate) fn because(what: &str) -> Self {
        Self(what.to_owned())
    }
}

fn not(what: &str, file: &Path) -> NotStarted {
    NotStarted(format!("{}: {what}", file.display()))
}

fn bytes(file: &Path) -> Result<Vec<u8>, NotStarted> {
    std::fs::read(file).map_err(|_| not("cannot be read", file))
}

/// The relay, listening, and where. Certificates are followed on the runtime that this is called on; the signing key
/// is read here and never again.
///
/// # Errors
/// [`NotStarted`] names the file at fault.
pub fn server(config: &Config) -> Result<(Server, Vec<SocketAddr>), NotStarted> {
    let line = &config.line;
    let key = PrivatePkcs8KeyDer::from_pem_file(&line.signing_key)
        .map_err(|_| not("holds no key in PKCS#8", &line.signing_key))?;
    let signer = Signer::new(key.secret_pkcs8_der(), &line.key_id)
        .map_err(|error| not(&error.to_string(), &line.signing_key))?;
    let way = line_client(line)?;
    let forwarder = Forwarder::new(line.nodes.clone(), way, signer, line_deadline(line));
    let forwarder = web::Data::new(forwarder);
    let carried = config.callback.as_ref().map(way_of_notices).transpose()?;
    let carried = carried.map(web::Data::new);
    let shown = Arc::new(Current::new(certified(&config.public)?));
    let tls = tls(&shown)?;
    tokio::spawn(follow(kept(config, shown, &forwarder, carried.as_ref())));
    let bound = listening(config.public.bind);
    let not_bound = |error: io::Error| NotStarted(format!("public.bind: {error}"));
    let (listener, address) = bound.map_err(not_bound)?;
    let places = Arc::new(Places::new(config.public.connections_per_address));
    let workers = std::thread::available_parallelism().map_or(2, NonZeroUsize::get);
    let each = connections_each(workers);
    // A connection that says nothing is bounded like any other, by its address and among all: with a smaller bound for
    // those whose TLS is on its way, a few hundred of them would keep everybody out.
    max_concurrent_tls_connect(each);
    let server = Server::build()
        .workers(workers)
        .max_concurrent_connections(each)
        .shutdown_timeout(DRAIN_TIME_MAX_S);
    let stopping = server.graceful_shutdown_signal();
    let served = move || {
        let app = App::new()
            .app_data(forwarder.clone())
            .configure(|cfg| {
                if let Some(notices) = &carried {
                    cfg.app_data(notices.clone());
                }
            })
            .wrap(from_fn(bounded))
            .configure(routes);
        let stopping = stopping.clone();
        let http = HttpService::build()
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .client_request_timeout(REQUEST_HEAD_TIME_MAX)
            .client_disconnect_timeout(LEAVING_TIME_MAX)
            .finish(map_config(app, |()| AppConfig::default()));
        let in_time = TlsAcceptorConfig::default().handshake_timeout(HANDSHAKE_TIME_MAX);
        let http = http.rustls_0_23_with_config(tls.clone(), in_time);
        counted(Arc::clone(&places), http)
    };
    let server = server.listen("public", listener, served);
    let server = server.map_err(not_bound)?;
    Ok((server.run(), vec![address]))
}

/// Where households arrive, and as which address when any port would do.
fn listening(bind: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(bind)?;
    // It listens already; said again, this sets how many may wait.
    rustix::net::listen(&listener, WAITING_MAX)?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// How many connections one of so many workers may have: the server counts them by worker.
fn connections_each(workers: usize) -> usize {
    let each = CONNECTIONS_MAX.checked_div(workers);
    each.unwrap_or(CONNECTIONS_MAX).max(1)
}

/// What goes where: notices to the callback listener when the application holds [`Notices`], nothing else of the
/// callback zone anywhere, and everything else to the line.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource(notices::PATH).to(notices::pass_on))
        .service(web::scope(notices::ZONE).default_service(web::to(notices::nothing)))
        .default_service(web::to(pass_on));
}

/// Everything that is made of certificates, and the files that it is made of.
fn kept(
    config: &Config,
    shown: Arc<Current<Arc<CertifiedKey>>>,
    forwarder: &web::Data<Forwarder>,
    carried: Option<&web::Data<Notices>>,
) -> Vec<Kept> {
    let (public, line) = (config.public.clone(), config.line.clone());
    let files = vec![public.certificate.clone(), public.private_key.clone()];
    let of_public = Kept::new("public", files, move || {
        shown.replace(certified(&public)?);
        Ok(())
    });
    let files = [&line.certificate, &line.private_key, &line.ca];
    let way = forwarder.clone();
    let of_line = Kept::new("line", files.map(Clone::clone).to_vec(), move || {
        way.renew(line_client(&line)?);
        Ok(())
    });
    let mut all = vec![of_public, of_line];
    let by_tls = config.callback.as_ref().filter(|one| one.ca.is_some());
    if let (Some(callback), Some(notices)) = (by_tls, carried) {
        let (callback, notices) = (callback.clone(), notices.clone());
        let files = callback.ca.clone().into_iter().collect();
        all.push(Kept::new("callback", files, move || {
            notices.renew(callback_client(&callback)?);
            Ok(())
        }));
    }
    all
}

fn line_client(line: &Line) -> Result<reqwest::Client, NotStarted> {
    let identity = [bytes(&line.certificate)?, bytes(&line.private_key)?].concat();
    client(&identity, &bytes(&line.ca)?, line_deadline(line))
        .map_err(|_| not("does not fit its key or CA", &line.certificate))
}

const fn line_deadline(line: &Line) -> Duration {
    Duration::from_millis(line.deadline_ms)
}

const fn callback_deadline(callback: &Callback) -> Duration {
    Duration::from_millis(callback.deadline_ms)
}

fn callback_client(callback: &Callback) -> Result<reqwest::Client, NotStarted> {
    let ca = callback.ca.as_deref().map(bytes).transpose()?;
    notices::client(ca.as_deref(), callback_deadline(callback))
        .map_err(|_| NotStarted("callback.ca: is no certificate in PEM".to_owned()))
}

fn way_of_notices(callback: &Callback) -> Result<Notices, NotStarted> {
    Ok(Notices::new(
        callback.nodes.clone(),
        callback_client(callback)?,
        callback_deadline(callback),
    ))
}

/// What households are shown.
fn certified(public: &Public) -> Result<Arc<CertifiedKey>, NotStarted> {
    let chain = CertificateDer::pem_file_iter(&public.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|_| not("is not a PEM file", &public.certificate))?;
    let key = PrivateKeyDer::from_pem_file(&public.private_key)
        .map_err(|_| not("holds no private key", &public.private_key))?;
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    CertifiedKey::from_der(chain, key, &provider)
        .map(Arc::new)
        .map_err(|_| not("does not fit the private key", &public.certificate))
}

fn tls(shown: &Arc<Current<Arc<CertifiedKey>>>) -> Result<ServerConfig, NotStarted> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| NotStarted("TLS 1.2 and 1.3 are not available".to_owned()))?;
    let shown: Arc<dyn ResolvesServerCert> = Arc::<Current<Arc<CertifiedKey>>>::clone(shown);
    Ok(config.with_no_client_auth().with_cert_resolver(shown))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_workers_together_have_as_many_connections_as_one_would() {
        for workers in [1, 2, 3, 4, 7, 16, 64, 256] {
            let all = connections_each(workers) * workers;
            assert!(all <= CONNECTIONS_MAX, "{workers}: {all}");
            assert!(all > CONNECTIONS_MAX - workers, "{workers}: {all}");
        }
        assert_eq!(connections_each(0), CONNECTIONS_MAX);
        assert_eq!(connections_each(CONNECTIONS_MAX + 1), 1);
    }
}
