//! A relay takes up a renewed certificate while it runs, and one that is not whole changes nothing.

#![expect(
    clippy::expect_used,
    reason = "the helpers of this test panic like the test"
)]

mod machine;

use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lifeline_relay::start;
use machine::{authority, certificate, configuration, signing_key};
use reqwest::tls::TlsInfo;

/// How long something is waited for that must come.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the relay says of itself.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<Vec<u8>>>);

impl Write for Said {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("the lines").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Said {
    /// Whether one line says all of it.
    fn has(&self, parts: &[&str]) -> bool {
        let said = self.0.lock().expect("the lines").clone();
        let said = String::from_utf8_lossy(&said);
        let mut lines = said.lines();
        lines.any(|line| parts.iter().all(|part| line.contains(part)))
    }
}

/// The certificate that somebody who comes now is shown.
async fn shown(dir: &Path, port: u16) -> Vec<u8> {
    let ca = std::fs::read(dir.join("ca.pem")).expect("the CA");
    let ca = reqwest::Certificate::from_pem(&ca).expect("a CA");
    let client = reqwest::Client::builder()
        .no_proxy()
        .pool_idle_timeout(Duration::ZERO)
        .tls_info(true)
        .tls_certs_only([ca])
        .timeout(PATIENCE)
        .build()
        .expect("a client");
    let asked = client.get(format!("https://127.0.0.1:{port}/")).send();
    let answer = asked.await.expect("an answer");
    let seen = answer.extensions().get::<TlsInfo>().expect("TLS");
    seen.peer_certificate().expect("a certificate").to_vec()
}

#[actix_web::test]
async fn a_renewed_certificate_is_shown_without_a_restart_and_half_of_one_never() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let said = Said::default();
    let into = said.clone();
    let log = tracing_subscriber::fmt().with_ansi(false);
    log.with_writer(move || into.clone()).init();
    let dir = tempfile::tempdir().expect("a folder");
    let dir = dir.path();
    authority(dir);
    certificate(dir);
    signing_key(dir);
    let config = configuration(dir, "", "");
    let (server, addresses) = start::server(&config).expect("a relay");
    let port = addresses.first().expect("its address").port();
    let relay = server.handle();
    actix_web::rt::spawn(server);
    let first = shown(dir, port).await;
    std::fs::write(dir.join("server.key"), "half of a key").expect("written");
    let looked = async {
        while !said.has(&["relay.certificates_not_whole", "public", "server.key"]) {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let looked = tokio::time::timeout(PATIENCE, looked).await;
    assert!(looked.is_ok(), "half of a key is not told");
    assert_eq!(shown(dir, port).await, first);
    certificate(dir);
    let renewed = async {
        while shown(dir, port).await == first {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let taken_up = tokio::time::timeout(PATIENCE, renewed).await;
    assert!(taken_up.is_ok(), "the old one is shown for ever");
    relay.stop(false).await;
}
