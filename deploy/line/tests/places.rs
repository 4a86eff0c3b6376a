//! One address does not hold all connections of the relay.

#![expect(
    clippy::expect_used,
    reason = "the helpers of this test panic like the test"
)]

mod machine;

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use lifeline_relay::start;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// How long something is waited for that must come.
const PATIENCE: Duration = Duration::from_secs(60);
/// Kept open by the node behind, which does not answer it.
const NOTICE: &[u8] =
    b"POST /v1/callbacks/alipay HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 3\r\n\r\na=b";
/// Answered by the relay itself.
const NOTHING: &[u8] = b"GET /v1/callbacks/other HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";

type Tls = StreamOwned<ClientConnection, TcpStream>;

fn connected(dir: &Path, port: u16) -> Tls {
    let ca = CertificateDer::from_pem_file(dir.join("ca.pem")).expect("the CA");
    let mut roots = RootCertStore::empty();
    roots.add(ca).expect("a CA");
    let client = ClientConfig::builder().with_root_certificates(roots);
    let client = Arc::new(client.with_no_client_auth());
    let name = ServerName::try_from("127.0.0.1").expect("a name");
    let tls = ClientConnection::new(client, name).expect("a client");
    let tcp = TcpStream::connect(("127.0.0.1", port)).expect("a connection");
    tcp.set_read_timeout(Some(PATIENCE)).expect("patience");
    StreamOwned::new(tls, tcp)
}

/// The first bytes of the answer; none when the connection is cut.
fn answered(mut tls: Tls, request: &[u8]) -> Vec<u8> {
    let mut first = vec![0; 12];
    if tls.write_all(request).is_err() || tls.read_exact(&mut first).is_err() {
        return Vec::new();
    }
    first
}

fn visited(dir: &Path, port: u16, node: &TcpListener) {
    let mut kept = Vec::new();
    for _ in 0..2 {
        let mut tls = connected(dir, port);
        tls.write_all(NOTICE).expect("sent");
        tls.flush().expect("sent");
        // The node has it: the relay counts this connection.
        let (behind, _) = node.accept().expect("the notice");
        kept.push((tls, behind));
    }
    let began = Instant::now();
    let third = answered(connected(dir, port), NOTHING);
    assert!(third.is_empty(), "n + 1: {third:?}");
    assert!(began.elapsed() < PATIENCE, "it is cut, not kept waiting");
    drop(kept.pop());
    let until = Instant::now() + PATIENCE;
    while answered(connected(dir, port), NOTHING) != b"HTTP/1.1 404" {
        assert!(Instant::now() < until, "what was given back is not there");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[actix_web::test]
async fn an_address_has_n_connections_and_the_next_is_cut_until_one_ends() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let folder = tempfile::tempdir().expect("a folder");
    let dir: PathBuf = folder.path().to_owned();
    machine::authority(&dir);
    machine::certificate(&dir);
    machine::signing_key(&dir);
    let node = TcpListener::bind("127.0.0.1:0").expect("a port");
    let behind = node.local_addr().expect("its address");
    let callback = format!("[callback]\nnodes = [\"http://{behind}\"]\ndeadline_ms = 19000");
    let config = machine::configuration(&dir, "connections_per_address = 2", &callback);
    let (server, addresses) = start::server(&config).expect("a relay");
    let port = addresses.first().expect("its address").port();
    let relay = server.handle();
    actix_web::rt::spawn(server);
    let visit = actix_web::rt::task::spawn_blocking(move || visited(&dir, port, &node));
    visit.await.expect("the visit");
    relay.stop(false).await;
}
