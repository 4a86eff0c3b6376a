//! One address does not hold all connections of the relay, whether it says something over them or not, and those that
//! say nothing keep nobody out.

#![expect(
    clippy::expect_used,
    reason = "the helpers of this test panic like the test"
)]

mod machine;

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::dev::ServerHandle;
use lifeline_relay::start;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
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

/// A relay with that in its `[public]`, before that node: its folder, its port and its handle.
fn relay(public: &str, node: &TcpListener) -> (tempfile::TempDir, u16, ServerHandle) {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let folder = tempfile::tempdir().expect("a folder");
    let dir: PathBuf = folder.path().to_owned();
    machine::authority(&dir);
    machine::certificate(&dir);
    machine::signing_key(&dir);
    let behind = node.local_addr().expect("its address");
    let callback = format!("[callback]\nnodes = [\"http://{behind}\"]\ndeadline_ms = 19000");
    let config = machine::configuration(&dir, public, &callback);
    let (server, addresses) = start::server(&config).expect("a relay");
    let port = addresses.first().expect("its address").port();
    let handle = server.handle();
    actix_web::rt::spawn(server);
    (folder, port, handle)
}

#[actix_web::test]
async fn an_address_has_n_connections_and_the_next_is_cut_until_one_ends() {
    let node = TcpListener::bind("127.0.0.1:0").expect("a port");
    let (folder, port, relay) = relay("connections_per_address = 2", &node);
    let dir = folder.path().to_owned();
    let visit = actix_web::rt::task::spawn_blocking(move || visited(&dir, port, &node));
    visit.await.expect("the visit");
    relay.stop(false).await;
}

fn silent(port: u16) -> TcpStream {
    TcpStream::connect(("127.0.0.1", port)).expect("a connection")
}

/// Two that have not begun their TLS are as many as the address may hold, and one is not.
fn silence_counts(dir: &Path, port: u16) {
    let until = Instant::now() + PATIENCE;
    loop {
        // Anew each time: they are let go after three seconds, and workers take them in any order.
        let two = [silent(port), silent(port)];
        let third = answered(connected(dir, port), NOTHING);
        drop(two);
        if third.is_empty() {
            break;
        }
        assert!(Instant::now() < until, "what says nothing is not counted");
    }
    loop {
        let one = silent(port);
        let second = answered(connected(dir, port), NOTHING);
        drop(one);
        if second == b"HTTP/1.1 404" {
            return;
        }
        assert!(Instant::now() < until, "what was given back is not there");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[actix_web::test]
async fn a_connection_counts_before_its_tls_has_begun() {
    let node = TcpListener::bind("127.0.0.1:0").expect("a port");
    let (folder, port, relay) = relay("connections_per_address = 2", &node);
    let dir = folder.path().to_owned();
    let visit = actix_web::rt::task::spawn_blocking(move || silence_counts(&dir, port));
    visit.await.expect("the visit");
    relay.stop(false).await;
}

/// More than the TLS library lets each worker have on its way when nothing is said to it.
const SILENT_EACH_WORKER: usize = 300;
/// Of one address; the relay gives it 256.
const SILENT_EACH_ADDRESS: usize = 200;
/// Both ends of each connection are files of this process.
const FILES: u64 = 8_192;

fn more_files() {
    let now = getrlimit(Resource::Nofile);
    let most = now.maximum.map_or(FILES, |most| most.min(FILES));
    if now.current.is_some_and(|current| current < most) {
        let more = Rlimit {
            current: Some(most),
            maximum: now.maximum,
        };
        setrlimit(Resource::Nofile, more).expect("more files");
    }
}

/// Silent connections from 127.0.9.1 and up.
async fn many_silent(port: u16) -> Vec<TcpStream> {
    let workers = std::thread::available_parallelism().map_or(2, NonZeroUsize::get);
    let relay = SocketAddr::from(([127, 0, 0, 1], port));
    let mut all = Vec::new();
    for at in 0..workers.min(8) * SILENT_EACH_WORKER {
        let last = u8::try_from(at / SILENT_EACH_ADDRESS + 1).expect("few addresses");
        let from = IpAddr::V4(Ipv4Addr::new(127, 0, 9, last));
        let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
        socket.bind(SocketAddr::new(from, 0)).expect("an address");
        let stream = socket.connect(relay).await.expect("a connection");
        all.push(stream.into_std().expect("a connection"));
    }
    all
}

/// Whether the other end has not closed it; these do not wait.
fn is_open(mut stream: &TcpStream) -> bool {
    let read = stream.read(&mut [0]);
    read.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
}

#[actix_web::test]
async fn connections_that_say_nothing_keep_nobody_out() {
    more_files();
    let node = TcpListener::bind("127.0.0.1:0").expect("a port");
    let (folder, port, relay) = relay("", &node);
    // The answer comes while all of them stay. They are let go after three seconds, which a busy machine may need for
    // this: then once more.
    let mut kept_out = 0;
    loop {
        let all = many_silent(port).await;
        let dir = folder.path().to_owned();
        let asked = move || answered(connected(&dir, port), NOTHING);
        let answer = actix_web::rt::task::spawn_blocking(asked).await;
        assert_eq!(answer.expect("the visit"), b"HTTP/1.1 404");
        if all.iter().all(is_open) {
            break;
        }
        kept_out += 1;
        assert!(kept_out < 5, "nobody is answered until they are let go");
    }
    relay.stop(false).await;
}
