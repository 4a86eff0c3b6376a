//! What is left of a refused body, at a listener that runs.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::{Next, from_fn};
use actix_web::{App, Error, HttpResponse, HttpServer, web};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::unread::{LEAVING_TIME_MAX, READ_ON_BYTES_MAX, bounded};
use crate::edge::codes::Code;
use crate::edge::problem::Problem;

/// What a loaded machine may add.
const SLACK: Duration = Duration::from_secs(6);
/// How long an answer is waited for that must come.
const PATIENCE: Duration = Duration::from_secs(60);
const CHUNKED: &str = "transfer-encoding: chunked";
/// Each refuses without reading: with words, without any, as an error of the handler, as one of a layer.
const REFUSING: [&str; 4] = ["/refused", "/nothing", "/wrong", "/given-up"];

async fn refused() -> HttpResponse {
    HttpResponse::Unauthorized().body("no")
}

async fn nothing_said() -> HttpResponse {
    HttpResponse::Forbidden().finish()
}

async fn gone_wrong() -> Result<HttpResponse, Problem> {
    Err(Problem::new(Code::RequestTimeout))
}

async fn read(body: web::Bytes) -> HttpResponse {
    HttpResponse::Ok().body(body.len().to_string())
}

/// As the deadline gives up a request: an error goes outward, and nobody reads the body.
async fn given_up(
    req: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    if req.path() == "/given-up" {
        return Err(Problem::new(Code::RequestTimeout).into());
    }
    next.call(req).await
}

/// A listener with this layer, on a port of its own.
fn listening() -> SocketAddr {
    let server = HttpServer::new(|| {
        App::new()
            .app_data(web::PayloadConfig::new(1024))
            .wrap(from_fn(given_up))
            .wrap(from_fn(bounded))
            .route("/refused", web::post().to(refused))
            .route("/nothing", web::post().to(nothing_said))
            .route("/wrong", web::post().to(gone_wrong))
            .route("/read", web::post().to(read))
    });
    let server = server
        .workers(1)
        .disable_signals()
        .client_disconnect_timeout(LEAVING_TIME_MAX)
        .bind("127.0.0.1:0")
        .expect("a port");
    let address = *server.addrs().first().expect("its address");
    actix_web::rt::spawn(server.run());
    address
}

/// A new connection on which a request is begun, with so much of its body.
async fn begin(address: SocketAddr, path: &str, how: &str, body: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let head = format!("POST {path} HTTP/1.1\r\nhost: line\r\n{how}\r\n\r\n");
    let said = [head.as_bytes(), body].concat();
    stream.write_all(&said).await.expect("taken");
    stream
}

/// The status of the next answer, read whole, and whether it says that the connection closes.
async fn answer(stream: &mut TcpStream) -> (u16, bool) {
    let mut said = Vec::new();
    loop {
        let mut piece = [0_u8; 4096];
        let came = timeout(PATIENCE, stream.read(&mut piece)).await;
        let came = came.expect("an answer in time").expect("an answer");
        assert_ne!(came, 0, "closed without an answer");
        said.extend_from_slice(&piece[..came]);
        let text = String::from_utf8_lossy(&said).to_lowercase();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head.split("content-length: ").nth(1);
        let length = length.and_then(|rest| rest.lines().next());
        let length: usize = length.map_or(0, |digits| digits.parse().expect("a length"));
        if body.len() == length {
            let status = head[9..12].parse().expect("a status");
            return (status, head.contains("connection: close"));
        }
    }
}

/// One chunk of so many bytes.
fn chunk(bytes: usize) -> Vec<u8> {
    let mut said = format!("{bytes:x}\r\n").into_bytes();
    said.resize(said.len() + bytes, b'a');
    said.extend_from_slice(b"\r\n");
    said
}

const END: &[u8] = b"0\r\n\r\n";

/// Whether the next request on the connection is answered.
async fn goes_on(stream: &mut TcpStream) -> bool {
    let asked = b"POST /read HTTP/1.1\r\nhost: line\r\ncontent-length: 2\r\n\r\nab";
    if stream.write_all(asked).await.is_err() {
        return false;
    }
    let mut first = [0_u8; 12];
    let came = timeout(PATIENCE, stream.read_exact(&mut first)).await;
    came.expect("an answer or an end").is_ok() && &first == b"HTTP/1.1 200"
}

#[actix_web::test]
async fn ec_14_what_is_read_on_of_a_refused_body_holds_at_n_and_n_plus_one() {
    let address = listening();
    for path in ["/refused", "/nothing", "/wrong"] {
        let body = [&chunk(READ_ON_BYTES_MAX)[..], END].concat();
        let mut kept = begin(address, path, CHUNKED, &body).await;
        let (status, closes) = answer(&mut kept).await;
        assert!(status >= 400 && !closes, "{path}: {status}");
        assert!(goes_on(&mut kept).await, "{path}: cut at n");

        let body = [&chunk(READ_ON_BYTES_MAX + 1)[..], END].concat();
        let mut cut = begin(address, path, CHUNKED, &body).await;
        let (status, closes) = answer(&mut cut).await;
        assert!(status >= 400 && closes, "{path}: {status}");
        assert!(!goes_on(&mut cut).await, "{path}: goes on at n + 1");
    }
}

#[actix_web::test]
async fn ec_14_a_refused_body_without_an_end_is_cut() {
    let address = listening();
    for path in REFUSING {
        let piece = chunk(READ_ON_BYTES_MAX);
        let began = Instant::now();
        let mut stream = begin(address, path, CHUNKED, &piece.repeat(2)).await;
        let (status, closes) = answer(&mut stream).await;
        assert!(status >= 400 && closes, "{path}: {status}");
        // Whether it is read or left lying, it must end.
        while let Ok(Ok(())) = timeout(SLACK, stream.write_all(&piece)).await {
            let lasted = began.elapsed();
            assert!(lasted < LEAVING_TIME_MAX + SLACK, "{path}: still taken");
        }
        let lasted = began.elapsed();
        assert!(lasted < LEAVING_TIME_MAX + SLACK, "{path}: {lasted:?}");
    }
}

#[actix_web::test]
async fn ec_14_a_refused_body_that_comes_byte_by_byte_keeps_no_answer_waiting() {
    let address = listening();
    let asked = Instant::now();
    let mut stream = begin(address, "/refused", CHUNKED, &chunk(1)).await;
    let (status, closes) = answer(&mut stream).await;
    assert_eq!((status, closes), (401, true));
    assert!(asked.elapsed() < SLACK);
    while let Ok(Ok(())) = timeout(SLACK, stream.write_all(&chunk(1))).await {
        let lasted = asked.elapsed();
        assert!(lasted < LEAVING_TIME_MAX + SLACK, "still taken");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let lasted = asked.elapsed();
    assert!(lasted < LEAVING_TIME_MAX + SLACK, "{lasted:?}");
}

#[actix_web::test]
async fn a_body_that_was_wanted_is_read_whole_and_its_connection_goes_on() {
    let address = listening();
    for (how, body) in [
        (CHUNKED, [&chunk(1024)[..], END].concat()),
        ("content-length: 1024", vec![b'a'; 1024]),
        ("content-length: 0", Vec::new()),
    ] {
        let mut stream = begin(address, "/read", how, &body).await;
        let (status, closes) = answer(&mut stream).await;
        assert_eq!((status, closes), (200, false), "{how}");
        assert!(goes_on(&mut stream).await, "{how}");
    }
    // Too large to be wanted, and small enough to be read on.
    for (how, body) in [
        (CHUNKED, [&chunk(1025)[..], END].concat()),
        ("content-length: 1025", vec![b'a'; 1025]),
    ] {
        let mut stream = begin(address, "/read", how, &body).await;
        let (status, closes) = answer(&mut stream).await;
        assert_eq!((status, closes), (413, false), "{how}");
        assert!(goes_on(&mut stream).await, "{how}");
    }
}

/// What a connection keeps for the work of its outermost layer.
fn kept_for<Work>(_: impl Fn(ServiceRequest, Next<BoxBody>) -> Work) -> usize {
    size_of::<Work>()
}

#[test]
fn ec_14_a_connection_keeps_no_room_for_a_request_that_does_not_come() {
    assert_eq!(kept_for(bounded::<BoxBody>), 2 * size_of::<usize>());
}
