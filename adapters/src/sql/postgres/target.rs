//! The URL of a PostgreSQL database: the options we insist on, TLS when it asks for it.

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::Connect;
use lifeline_core::store::StoreError;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::limits;
use crate::machine;

/// Where the system keeps the authorities it trusts, when the URL names no `sslrootcert`.
const SYSTEM_ROOTS: &str = "/etc/ssl/certs/ca-certificates.crt";

/// A parsed URL. Holds the password: not printable.
#[derive(Clone)]
pub(crate) struct Target {
    config: Config,
    tls: Option<MakeRustlsConnect>,
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[postgres target]")
    }
}

impl Target {
    /// `postgres://user:password@host/db?sslmode=require&sslrootcert=file&options=-c%20search_path%3Dx`.
    /// With `require`, `verify-ca` and `verify-full` the server's certificate and name are verified.
    pub(crate) fn parse(url: &str) -> Result<Self, StoreError> {
        let (plain, roots) = take_own_parameters(url);
        // The parser's own error could quote the URL, which holds the password.
        let mut config = Config::from_str(&plain)
            .map_err(|_| StoreError::Unavailable("the database URL cannot be read".into()))?;
        let options = format!(
            "{} -c statement_timeout={}",
            config.get_options().unwrap_or_default(),
            limits::STATEMENT_MAX.as_millis(),
        );
        config
            .options(options.trim())
            .application_name("lifeline")
            .connect_timeout(limits::CONNECT_MAX)
            .tcp_user_timeout(limits::ANSWER_MAX)
            .keepalives_idle(Duration::from_secs(30));
        let tls = match config.get_ssl_mode() {
            SslMode::Require => Some(MakeRustlsConnect::new(client_config(roots)?)),
            _ => None,
        };
        Ok(Self { config, tls })
    }

    /// The server ends a session that leaves a transaction idle for `unit_max`.
    pub(crate) fn config(&self, unit_max: Duration) -> Config {
        let mut config = self.config.clone();
        let options = format!(
            "{} -c idle_in_transaction_session_timeout={}",
            config.get_options().unwrap_or_default(),
            unit_max.as_millis(),
        );
        config.options(options.trim());
        config
    }

    pub(crate) fn connector(&self, runtime: Handle) -> Connector {
        Connector {
            tls: self.tls.clone(),
            runtime,
        }
    }

    /// One connection outside the pool, without the limits of ordinary statements.
    pub(crate) async fn connect_for_migration(&self) -> Result<Client, StoreError> {
        let mut config = self.config.clone();
        let options = format!(
            "{} -c statement_timeout=0 -c idle_in_transaction_session_timeout=0",
            config.get_options().unwrap_or_default()
        );
        config.options(options);
        let (client, _driver) = connect(&config, self.tls.clone())
            .await
            .map_err(|error| super::plain_error(&error))?;
        Ok(client)
    }
}

/// Connects, and keeps each connection's driver on the runtime the engine was opened on: a web
/// worker that stops must not take pooled connections with it.
pub(crate) struct Connector {
    tls: Option<MakeRustlsConnect>,
    runtime: Handle,
}

type Connected = Result<(Client, JoinHandle<()>), tokio_postgres::Error>;

impl Connect for Connector {
    fn connect(&self, config: &Config) -> Pin<Box<dyn Future<Output = Connected> + Send + '_>> {
        let (here, there) = (config.clone(), config.clone());
        let tls = self.tls.clone();
        Box::pin(async move {
            let spawned = self
                .runtime
                .spawn(async move { connect(&there, tls).await });
            match spawned.await {
                Ok(connected) => connected,
                // That runtime is going down: the caller's own still works.
                Err(_) => connect(&here, self.tls.clone()).await,
            }
        })
    }
}

async fn connect(config: &Config, tls: Option<MakeRustlsConnect>) -> Connected {
    match tls {
        Some(tls) => {
            let (client, connection) = config.connect(tls).await?;
            Ok((client, tokio::spawn(drive(connection))))
        }
        None => {
            let (client, connection) = config.connect(NoTls).await?;
            Ok((client, tokio::spawn(drive(connection))))
        }
    }
}

async fn drive(connection: impl Future<Output = Result<(), tokio_postgres::Error>>) {
    if let Err(error) = connection.await {
        tracing::warn!(reason = %super::statement::without_values(&error), "database connection ended");
    }
}

fn client_config(roots: Option<PathBuf>) -> Result<ClientConfig, StoreError> {
    let file = roots.unwrap_or_else(|| {
        std::env::var_os("SSL_CERT_FILE").map_or_else(|| SYSTEM_ROOTS.into(), PathBuf::from)
    });
    let unavailable = |what: &'static str| StoreError::Unavailable(what.into());
    let mut store = RootCertStore::empty();
    let found = CertificateDer::pem_file_iter(&file)
        .map_err(|_| unavailable("the file of trusted authorities cannot be read"))?;
    for certificate in found.flatten() {
        // A system bundle may hold a certificate rustls does not take; the others still count.
        let _ = store.add(certificate);
    }
    if store.is_empty() {
        return Err(unavailable("the file of trusted authorities is empty"));
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| StoreError::Unavailable(Box::new(error)))?
        .with_root_certificates(store)
        .with_no_client_auth())
}

/// Whether what is said to the database of this URL crosses a network in clear. A URL that cannot be read leads nowhere.
#[must_use]
pub fn in_clear(url: &str) -> bool {
    let (plain, _) = take_own_parameters(url);
    let Ok(config) = Config::from_str(&plain) else {
        return false;
    };
    let far = |host: &Host| match host {
        Host::Tcp(name) => !machine::is_itself(name),
        Host::Unix(_) => false,
    };
    // An address, where one is given, is where the connection goes, whatever the host is called.
    let leaves = match config.get_hostaddrs() {
        [] => config.get_hosts().iter().any(far),
        given => given.iter().any(|at| !at.is_loopback()),
    };
    leaves && config.get_ssl_mode() != SslMode::Require
}

/// Takes out what our driver does not know: `sslrootcert`, and the verifying words of `sslmode`.
fn take_own_parameters(url: &str) -> (String, Option<PathBuf>) {
    let Some((base, query)) = url.split_once('?') else {
        return (url.to_owned(), None);
    };
    let mut roots = None;
    let mut kept = Vec::new();
    for part in query.split('&') {
        match part.split_once('=') {
            Some(("sslrootcert", file)) => {
                roots = form_urlencoded::parse(format!("f={file}").as_bytes())
                    .next()
                    .map(|(_, file)| PathBuf::from(file.into_owned()));
            }
            Some(("sslmode", "verify-ca" | "verify-full")) => kept.push("sslmode=require"),
            _ => kept.push(part),
        }
    }
    (format!("{base}?{}", kept.join("&")), roots)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_parameters_are_taken_out() {
        assert_eq!(
            take_own_parameters("postgres://h/d?sslmode=verify-full&sslrootcert=%2Fa%20b.pem"),
            (
                "postgres://h/d?sslmode=require".to_owned(),
                Some(PathBuf::from("/a b.pem"))
            )
        );
    }

    #[test]
    fn a_network_is_crossed_in_clear_without_tls_only() {
        for clear in [
            "postgres://u@10.0.0.9/d",
            "postgresql://u@db.example.cn/d?sslmode=prefer",
            "postgres://u@localhost,10.0.0.9/d",
            "postgres://u@localhost/d?hostaddr=10.0.0.9",
        ] {
            assert!(in_clear(clear), "{clear}");
        }
        for kept in [
            "postgres://u@10.0.0.9/d?sslmode=require",
            "postgres://u@10.0.0.9/d?sslmode=verify-full",
            "postgres://u@127.0.0.1/d",
            "postgres://u@localhost/d?sslmode=disable",
            "postgres://u@%2Frun%2Fpostgresql/d",
            "sqlite:/var/lib/x.db",
        ] {
            assert!(!in_clear(kept), "{kept}");
        }
    }

    #[test]
    fn options_of_the_url_are_kept_and_limits_added() {
        let target =
            Target::parse("postgres://u:secret@h/d?options=-c%20search_path%3Dother").unwrap();
        let options = target.config.get_options().unwrap().to_owned();
        assert!(options.starts_with("-c search_path=other"), "{options}");
        assert!(options.contains("statement_timeout=5000"));
        assert!(target.tls.is_none());
        assert!(!format!("{target:?}").contains("secret"));
    }

    #[test]
    fn tls_is_required_when_the_url_says_so_and_errors_hide_the_password() {
        let dir = tempfile::tempdir().unwrap();
        let empty = dir.path().join("roots.pem");
        std::fs::write(&empty, "").unwrap();
        let url = format!(
            "postgres://u:secret@h/d?sslmode=require&sslrootcert={}",
            empty.display()
        );
        assert!(Target::parse(&url).is_err());
        let error = Target::parse("postgres://u:secret@h/d?unknown=1").unwrap_err();
        assert!(!format!("{error:?}").contains("secret"));
    }
}
