//! The layer around the household listener: nothing inside runs for what did not come by the relay.
//! Whoever is refused gets an empty 403 and a closed connection; what was wrong is counted here.

use std::any::Any;
use std::pin::Pin;
use std::sync::Arc;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Extensions, Payload, ServiceRequest, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::http::ConnectionType;
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, HttpResponse, web};
use futures_util::{Stream, StreamExt as _};
use rustls::client::verify_server_name;
use rustls::pki_types::ServerName;
use rustls::server::ParsedCertificate;

use super::message::Arrived;
use super::{Gate, Unfit};
use crate::edge::body::JSON_BODY_BYTES_MAX;
use crate::edge::client::TrustedHops;
use crate::edge::codes::Code;
use crate::edge::problem::Problem;
use crate::listeners::outermost::{SentMethod, Sources};

/// The relay at the other end of a connection, by the name in its certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer(pub String);

/// What is refused: by whom it was not sent, or as too large to be read.
enum Refused {
    Unfit(Unfit),
    TooLarge,
    Broken,
}

/// Lets through what the gate takes. Without a gate (a demo on loopback) everything.
pub async fn gated(
    mut req: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<EitherBody<impl MessageBody>>, Error> {
    let Some(gate) = req.app_data::<web::Data<Gate>>().cloned() else {
        return Ok(next.call(req).await?.map_into_left_body());
    };
    let refused = match pass(&gate, &mut req).await {
        Ok(()) => return Ok(next.call(req).await?.map_into_left_body()),
        Err(refused) => refused,
    };
    let mut answer = match refused {
        Refused::TooLarge => HttpResponse::from_error(Problem::new(Code::BodyTooLarge)),
        Refused::Broken => HttpResponse::from_error(Problem::new(Code::InvalidBody)),
        Refused::Unfit(why) => {
            tracing::warn!(why = why.as_str(), "line.refused");
            metrics::counter!("lifeline_line_refused_total", "why" => why.as_str()).increment(1);
            HttpResponse::Forbidden().finish()
        }
    };
    answer.head_mut().set_connection_type(ConnectionType::Close);
    Ok(req.into_response(answer).map_into_right_body())
}

async fn pass(gate: &Gate, req: &mut ServiceRequest) -> Result<(), Refused> {
    let peer = req.peer_addr().ok_or(Refused::Unfit(Unfit::OtherNetwork))?;
    gate.hears(peer.ip()).map_err(Refused::Unfit)?;
    // A relay whose word about its clients is not believed would be one address for all of them.
    let believed = req.app_data::<TrustedHops>();
    if !believed.is_some_and(|hops| hops.hold(peer.ip())) {
        return Err(Refused::Unfit(Unfit::OtherPeer));
    }
    let body = read(req).await?;
    let now_s = req
        .app_data::<web::Data<Sources>>()
        .map_or(0, |sources| sources.clock.now().unix_seconds());
    let relay = req.conn_data::<Peer>().map(|peer| peer.0.clone());
    let target = req
        .uri()
        .path_and_query()
        .map_or("/", |target| target.as_str());
    let sent = req.extensions().get::<SentMethod>().cloned();
    let method = sent.map_or_else(|| req.method().clone(), |sent| sent.0);
    let arrived = Arrived {
        method: method.as_str(),
        origin: gate.origin(),
        target,
        headers: req.headers(),
        body: &body,
    };
    gate.admit(&arrived, relay.as_deref(), now_s)
        .await
        .map_err(Refused::Unfit)?;
    req.set_payload(whole(body));
    Ok(())
}

/// The whole body: a signature covers all of it, so none of it is used before.
async fn read(req: &mut ServiceRequest) -> Result<web::Bytes, Refused> {
    let mut payload = req.take_payload();
    let mut body = web::BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Refused::Broken)?;
        if body.len().saturating_add(chunk.len()) > JSON_BODY_BYTES_MAX {
            return Err(Refused::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// A payload of what was read.
fn whole(body: web::Bytes) -> Payload {
    type Chunks = Pin<Box<dyn Stream<Item = Result<web::Bytes, PayloadError>>>>;
    let once: Chunks = Box::pin(futures_util::stream::once(std::future::ready(Ok(body))));
    Payload::from(once)
}

/// Notes which relay a new connection is from: the one whose name its certificate carries.
pub fn meet(relays: &Arc<[String]>, connection: &dyn Any, data: &mut Extensions) {
    type Tls = actix_tls::accept::rustls_0_23::TlsStream<actix_web::rt::net::TcpStream>;
    let Some(tls) = connection.downcast_ref::<Tls>() else {
        return;
    };
    let certificates = tls.get_ref().1.peer_certificates();
    let Some(certificate) = certificates.and_then(|chain| chain.first()) else {
        return;
    };
    let Ok(parsed) = ParsedCertificate::try_from(certificate) else {
        return;
    };
    let carries = |name: &&String| {
        let name = ServerName::try_from(name.as_str());
        name.is_ok_and(|name| verify_server_name(&parsed, &name).is_ok())
    };
    // A certificate of the right CA that names no relay of ours is nobody.
    let named = relays.iter().find(carries).cloned();
    data.insert(Peer(named.unwrap_or_default()));
}
