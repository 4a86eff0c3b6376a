//! The body of a request. All of it is signed, so it is read whole before anything of it is carried, within
//! bounds of size and time. What was refused ends its connection: the server below us would read on what comes
//! in chunks for as long as it comes, and keep the place of whoever sends a byte now and then.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::Payload;
use actix_web::http::ConnectionType;
use actix_web::{HttpResponse, web};
use futures_util::StreamExt as _;

/// The largest body of a household passed on: what the gateway takes.
pub const BYTES_MAX: usize = 16 * 1024;
/// A client that has not sent its body by then is let go.
pub const TIME_MAX: Duration = Duration::from_secs(5);
/// How long a connection that is ended is still heard, so that its answer is read before it is cut.
pub const LEAVING_TIME_MAX: Duration = Duration::from_secs(1);

/// Why a body was not read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotRead {
    TooLarge,
    TooSlow,
    Broken,
}

/// The whole body, within its bounds.
pub(crate) async fn read(
    payload: &mut Payload,
    bytes_max: usize,
    time_max: Duration,
) -> Result<web::Bytes, NotRead> {
    let reading = async {
        let mut body = web::BytesMut::new();
        while let Some(piece) = payload.next().await {
            let piece = piece.map_err(|_| NotRead::Broken)?;
            if body.len().saturating_add(piece.len()) > bytes_max {
                return Err(NotRead::TooLarge);
            }
            body.extend_from_slice(&piece);
        }
        Ok(body.freeze())
    };
    let read = tokio::time::timeout(time_max, reading).await;
    read.unwrap_or(Err(NotRead::TooSlow))
}

/// An answer to a request whose body is still coming. One that was dropped would be read on; one that is still
/// somewhere ends the connection with the answer.
struct Held {
    answer: BoxBody,
    _unread: Payload,
}

impl MessageBody for Held {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.answer.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<web::Bytes, Self::Error>>> {
        Pin::new(&mut self.answer).poll_next(cx)
    }
}

/// Ends the connection of a request that was refused, unless nothing of it can come any more.
pub(crate) fn ending(mut answer: HttpResponse, unread: Payload) -> HttpResponse {
    if matches!(unread, Payload::None) {
        return answer;
    }
    answer.head_mut().set_connection_type(ConnectionType::Close);
    let held = answer.map_body(|_, answer| Held {
        answer,
        _unread: unread,
    });
    held.map_into_boxed_body()
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::time::Instant;

    use actix_web::error::PayloadError;
    use actix_web::middleware::from_fn;
    use actix_web::{App, HttpServer};
    use futures_util::{Stream, stream};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;
    use tokio::time::timeout;

    use super::*;
    use crate::forward::{Forwarder, pass_on};
    use crate::head::{PATH_BYTES_MAX, bounded};
    use crate::sign::Signer;

    /// What a loaded machine may add.
    const SLACK: Duration = Duration::from_secs(6);
    /// How long an answer is waited for that must come.
    const PATIENCE: Duration = Duration::from_secs(60);

    type Pieces = Pin<Box<dyn Stream<Item = Result<web::Bytes, PayloadError>>>>;

    #[actix_web::test]
    async fn a_body_that_does_not_come_is_not_waited_for() {
        let short = Duration::from_millis(20);
        let never: Pieces = Box::pin(stream::pending());
        let read_of = read(&mut Payload::from(never), BYTES_MAX, short).await;
        assert_eq!(read_of, Err(NotRead::TooSlow));
        let begun = stream::iter([Ok::<_, PayloadError>(web::Bytes::from_static(b"{"))]);
        let slow: Pieces = Box::pin(begun.chain(stream::pending()));
        assert_eq!(
            read(&mut Payload::from(slow), BYTES_MAX, short).await,
            Err(NotRead::TooSlow)
        );
        let broken: Pieces = Box::pin(stream::iter([Err::<web::Bytes, _>(
            PayloadError::Incomplete(None),
        )]));
        assert_eq!(
            read(&mut Payload::from(broken), BYTES_MAX, short).await,
            Err(NotRead::Broken)
        );
    }

    /// The relay as it listens, with no node behind it.
    fn listening() -> SocketAddr {
        let key = aws_lc_rs::signature::Ed25519KeyPair::generate().expect("a key");
        let key = key.to_pkcs8v1().expect("its form");
        let signer = Signer::new(key.as_ref(), "relay-1").expect("a signer");
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let forwarder = Forwarder::new(
            Vec::new(),
            reqwest::Client::new(),
            signer,
            Duration::from_secs(15),
        );
        let forwarder = web::Data::new(forwarder);
        let server = HttpServer::new(move || {
            App::new()
                .app_data(forwarder.clone())
                .wrap(from_fn(bounded))
                .default_service(web::to(pass_on))
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

    fn chunk(bytes: usize) -> Vec<u8> {
        let mut said = format!("{bytes:x}\r\n").into_bytes();
        said.resize(said.len() + bytes, b'a');
        said.extend_from_slice(b"\r\n");
        said
    }

    #[actix_web::test]
    async fn what_is_refused_is_not_read_on_without_an_end() {
        let address = listening();
        let long = format!("/{}", "a".repeat(PATH_BYTES_MAX));
        for (path, status) in [("/v1/requests", "413"), (long.as_str(), "404")] {
            let mut stream = TcpStream::connect(address).await.expect("a connection");
            let head =
                format!("POST {path} HTTP/1.1\r\nhost: line\r\ntransfer-encoding: chunked\r\n\r\n");
            let said = [head.into_bytes(), chunk(BYTES_MAX + 1)].concat();
            stream.write_all(&said).await.expect("taken");
            let mut heard = [0_u8; 512];
            let came = timeout(PATIENCE, stream.read(&mut heard)).await;
            let came = came.expect("an answer in time").expect("an answer");
            let answer = String::from_utf8_lossy(&heard[..came]).to_lowercase();
            assert!(
                answer.starts_with(&format!("http/1.1 {status}")),
                "{answer}"
            );
            assert!(answer.contains("connection: close"), "{answer}");
            let (began, piece) = (Instant::now(), chunk(64 * 1024));
            while stream.write_all(&piece).await.is_ok() {
                assert!(began.elapsed() < SLACK, "still taken");
            }
        }
    }
}
