//! What a hostile client can do to the public end: connections that say nothing, and connections that stay, at the
//! relay of a node as it is run. Newcomers are served, and both programs hold what is stated of them.
//! `DRILL_CONNECTIONS` (make test-long: 10000, optimised programs) says how many at once.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use libtest_mimic::Failed;
use lifeline_tests::patience::PATIENCE;
use lifeline_tests::{Engine, Looks};
use reqwest::StatusCode;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::drills::{OTHERS_TIME_MAX, connections, memory_kib};
use crate::production::{certificates, configuration, free_port, lifeline};
use crate::relay::{Started, outside, relay_configuration};
use crate::{Body, run};

pub(crate) fn tests() -> Vec<(&'static str, &'static [Engine], Body)> {
    vec![(
        "ec_14_connections_at_the_relay_keep_nobody_out_and_both_programs_stay_small",
        &[Engine::Sqlite],
        stay,
    )]
}

/// What each holds at rest is less than this, and whatever comes less than twice as much
/// (docs/operations/install.md).
const GATEWAY_AT_REST_KIB: u64 = 128 * 1024;
const RELAY_AT_REST_KIB: u64 = 256 * 1024;
const PATH: &str = "/.well-known/jwks.json";

type Tls = StreamOwned<ClientConnection, TcpStream>;

/// All that come here are one address: it may have as many as there are.
fn for_one_address(relay_file: &str) {
    let text = std::fs::read_to_string(relay_file).expect("the relay's configuration");
    let wide = text.replacen("[line]\n", "connections_per_address = 20000\n[line]\n", 1);
    std::fs::write(relay_file, wide).expect("the relay's configuration");
}

/// Whether somebody is answered who comes by a connection of their own.
async fn is_served(dir: &Path, public: u16) -> bool {
    let url = format!("https://127.0.0.1:{public}{PATH}");
    let answer = outside(dir).get(url).send().await;
    answer.is_ok_and(|answer| answer.status() == StatusCode::OK)
}

async fn newcomers_are_served(dir: &Path, public: u16) {
    for _ in 0..10 {
        let began = Instant::now();
        assert!(is_served(dir, public).await, "a newcomer is kept out");
        let waited = began.elapsed();
        assert!(waited < OTHERS_TIME_MAX, "a newcomer waited {waited:?}");
    }
}

/// Connections over which one request was answered, kept.
fn talking(dir: &Path, public: u16, count: usize) -> Vec<Tls> {
    let ca = CertificateDer::from_pem_file(dir.join("ca.pem")).expect("the CA");
    let mut roots = RootCertStore::empty();
    roots.add(ca).expect("a CA");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("TLS")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let client = Arc::new(client);
    let name = ServerName::try_from("127.0.0.1").expect("a name");
    let asked = format!("GET {PATH} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n");
    let one = |_| {
        let tls = ClientConnection::new(Arc::clone(&client), name.clone()).expect("a client");
        let tcp = TcpStream::connect(("127.0.0.1", public)).expect("a connection");
        tcp.set_read_timeout(Some(PATIENCE)).expect("a limit");
        let mut both = StreamOwned::new(tls, tcp);
        both.write_all(asked.as_bytes()).expect("said");
        let mut first = [0_u8; 12];
        both.read_exact(&mut first).expect("an answer");
        assert_eq!(&first, b"HTTP/1.1 200");
        both
    };
    (0..count).map(one).collect()
}

/// Whether a program holds less than that by this line of its status (`VmRSS:` now, `VmHWM:` at the most).
fn holds_less(what: &str, program: &Started, line: &str, most_kib: u64) {
    let held = memory_kib(program.pid(), line);
    println!("{what}: {line} {held} KiB of {most_kib}");
    assert!(held < most_kib, "{what}: {line} {held} KiB");
}

fn stay(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let dir = tempfile::tempdir().expect("a folder");
        certificates(dir.path());
        let (config, line, _) = configuration(dir.path(), engine).await;
        let text = std::fs::read_to_string(&config).expect("the configuration");
        let plenty = format!("{text}[limits]\nper_address_minute = 1000000\n");
        std::fs::write(&config, plenty).expect("the configuration");
        assert!(lifeline("migrate", &config).status.success());
        let public = free_port();
        let relay_file = relay_configuration(dir.path(), &[line], public);
        for_one_address(&relay_file);
        let config = config.display().to_string();
        let gateway = Started::of("lifeline", &["serve", "--config", &config]);
        let relay = Started::of("lifeline-relay", &["--config", &relay_file]);
        let mut looks = Looks::every(Duration::from_millis(50));
        while !is_served(dir.path(), public).await {
            assert!(looks.again().await, "nothing comes by the relay");
        }
        newcomers_are_served(dir.path(), public).await;
        holds_less("the gateway", &gateway, "VmRSS:", GATEWAY_AT_REST_KIB);
        holds_less("the relay", &relay, "VmRSS:", RELAY_AT_REST_KIB);

        let count = connections();
        let silent: Vec<TcpStream> = (0..count)
            .map(|_| TcpStream::connect(("127.0.0.1", public)).expect("a connection"))
            .collect();
        newcomers_are_served(dir.path(), public).await;
        drop(silent);

        let at = dir.path().to_owned();
        let kept = tokio::task::spawn_blocking(move || talking(&at, public, count));
        let kept = kept.await.expect("the connections");
        newcomers_are_served(dir.path(), public).await;
        println!("{} connections, silent and answered", kept.len());
        holds_less("the gateway", &gateway, "VmHWM:", 2 * GATEWAY_AT_REST_KIB);
        holds_less("the relay", &relay, "VmHWM:", 2 * RELAY_AT_REST_KIB);
    })
}
