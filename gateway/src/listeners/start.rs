//! Puts the listeners on the air.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, web};

use super::callback::{Zone, zoned};
use super::ops::Ops;
use super::outermost::{Sources, Stopping, addressed, patched, traced};
use super::unread::{LEAVING_TIME_MAX, bounded};
use super::{callback, line, ops};
use crate::billing::Repeated;
use crate::console as console_pages;
use crate::edge::bans::Shut;
use crate::edge::body::JSON_BODY_BYTES_MAX;
use crate::edge::client::TrustedHops;
use crate::edge::cursor::Cursors;
use crate::edge::limits::Limits;
use crate::edge::load::{self, Load};
use crate::edge::principal::Door;
use crate::edge::relay::Gate;
use crate::edge::relay::gated::{gated, meet};
use crate::edge::together::Together;
use crate::insight::counted;

/// Adds to an application what its handlers need (the capabilities' use cases).
pub type Furnish = Arc<dyn Fn(&mut web::ServiceConfig) + Send + Sync>;

/// What the household and callback listeners share.
#[derive(Clone)]
pub struct Edge {
    pub door: Door,
    pub sources: Sources,
    pub cursors: Arc<Cursors>,
    pub line_limits: Arc<Limits>,
    /// What several nodes have under way at once; one node has its own count only.
    pub together: Option<Arc<Together>>,
    /// Who is shut out on the line; channels and staff are never.
    pub shut: Arc<Shut>,
    /// A budget of its own: a channel has few addresses and must never be locked out by households.
    pub callback_limits: Arc<Limits>,
    pub trusted_hops: Vec<IpAddr>,
    /// Told when this process begins to stop.
    pub stopping: Arc<Stopping>,
    pub rooms: Furnish,
    /// Lets in only what the channel relay sent; a demo on loopback has none.
    pub gate: Option<Arc<Gate>>,
}

impl std::fmt::Debug for Edge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Edge")
    }
}

/// A client that has not sent its request head by then is let go (slow-header attacks).
const REQUEST_HEAD_TIME_MAX: Duration = Duration::from_secs(5);
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// How long a stopping process lets running requests finish.
const DRAIN_TIME_MAX_S: u64 = 15;
/// Of each of the two workers of the line, where households come themselves: a demo.
const CONNECTIONS_EACH: usize = 10_000;
/// The same where only relays come (a gate): each keeps 250 at rest at the most (`deploy/line/src/forward.rs`), and has
/// one for each request under way. With it a node's memory has a bound, whatever comes by a relay.
const RELAYED_EACH: usize = 500;
/// What this process has open beside them: the store's files, calls outside, the other listeners.
const FILES_BESIDE: usize = 500;

/// Of the files that this process may have open those who come in never take what goes out needs.
fn connections_each(files: usize) -> usize {
    let each = files.saturating_sub(FILES_BESIDE).div_euclid(2);
    each.clamp(1, CONNECTIONS_EACH)
}

fn files_max() -> usize {
    let files = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    files.map_or(usize::MAX, |files| {
        usize::try_from(files).unwrap_or(usize::MAX)
    })
}

/// The household listener. With `tls` it demands the relay's client certificate.
pub fn line(
    edge: &Edge,
    bind: SocketAddr,
    tls: Option<rustls::ServerConfig>,
) -> io::Result<Server> {
    let edge = edge.clone();
    let relays: Arc<[String]> = edge
        .gate
        .iter()
        .flat_map(|gate| gate.relays())
        .map(str::to_owned)
        .collect();
    let connections_each = edge
        .gate
        .as_ref()
        .map_or_else(|| connections_each(files_max()), |_| RELAYED_EACH);
    let load = Arc::new(Load::default());
    let server = HttpServer::new(move || {
        // Each thread of the listener watches how long its own work waits.
        actix_web::rt::spawn(load::watch(Arc::downgrade(&load)));
        App::new()
            .app_data(web::Data::from(Arc::clone(&load)))
            .app_data(web::PayloadConfig::new(JSON_BODY_BYTES_MAX))
            .app_data(web::Data::new(edge.sources.clone()))
            .app_data(web::Data::from(Arc::clone(&edge.line_limits)))
            .app_data(web::Data::from(Arc::clone(&edge.shut)))
            .app_data(web::Data::from(Arc::clone(&edge.cursors)))
            .app_data(web::Data::new(edge.door.clone()))
            .app_data(web::Data::new(Repeated::default()))
            .app_data(TrustedHops::new(&edge.trusted_hops))
            .app_data(web::Data::from(Arc::clone(&edge.stopping)))
            .configure(|cfg| {
                if let Some(together) = &edge.together {
                    cfg.app_data(web::Data::from(Arc::clone(together)));
                }
                if let Some(gate) = &edge.gate {
                    cfg.app_data(web::Data::from(Arc::clone(gate)));
                }
                (edge.rooms)(cfg);
            })
            .wrap(from_fn(addressed))
            .wrap(from_fn(gated))
            .wrap(from_fn(counted))
            .wrap(from_fn(traced))
            .wrap(from_fn(patched))
            .wrap(from_fn(bounded))
            .configure(line::routes)
    });
    let server = server
        .on_connect(move |connection, data| meet(&relays, connection, data))
        .workers(2)
        .max_connections(connections_each)
        .client_request_timeout(REQUEST_HEAD_TIME_MAX)
        .client_disconnect_timeout(LEAVING_TIME_MAX)
        .keep_alive(KEEP_ALIVE)
        .shutdown_timeout(DRAIN_TIME_MAX_S)
        .disable_signals();
    let bound = match tls {
        Some(tls) => server.bind_rustls_0_23(bind, tls)?,
        None => server.bind(bind)?,
    };
    Ok(bound.run())
}

/// The listener for notices from channels, and for words of the systems inside.
pub fn callback(edge: &Edge, zone: &Zone, bind: SocketAddr) -> io::Result<Server> {
    let (edge, zone) = (edge.clone(), zone.clone());
    let server = HttpServer::new(move || {
        App::new()
            .app_data(web::Data::new(edge.sources.clone()))
            .app_data(web::Data::from(Arc::clone(&edge.callback_limits)))
            .app_data(web::Data::new(zone.clone()))
            // Notices come by the relay, and so does whoever floods this zone: each uses up a budget of its own.
            .app_data(TrustedHops::new(&edge.trusted_hops))
            .configure(|cfg| (edge.rooms)(cfg))
            .wrap(from_fn(zoned))
            .wrap(from_fn(addressed))
            .wrap(from_fn(traced))
            .wrap(from_fn(bounded))
            .configure(callback::routes)
    });
    let bound = server
        .workers(1)
        .max_connections(1_000)
        .client_request_timeout(REQUEST_HEAD_TIME_MAX)
        .client_disconnect_timeout(LEAVING_TIME_MAX)
        .shutdown_timeout(DRAIN_TIME_MAX_S)
        .disable_signals()
        .bind(bind)?;
    Ok(bound.run())
}

/// What the console's listener has beside the edge.
#[derive(Clone)]
pub struct ConsoleDoor {
    pub limits: Arc<Limits>,
    /// Who ends TLS in front of it: without them all staff would be one place.
    pub trusted_hops: Vec<IpAddr>,
    pub rooms: Furnish,
}

impl ConsoleDoor {
    /// Adds to the console's application what its handlers and its outermost layer need.
    pub fn furnish(&self, cfg: &mut web::ServiceConfig) {
        cfg.app_data(web::Data::from(Arc::clone(&self.limits)))
            .app_data(TrustedHops::new(&self.trusted_hops));
        (self.rooms)(cfg);
    }
}

impl std::fmt::Debug for ConsoleDoor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ConsoleDoor")
    }
}

/// The staff's listener: pages only, on the intranet.
pub fn console(edge: &Edge, door: &ConsoleDoor, bind: SocketAddr) -> io::Result<Server> {
    let (edge, door) = (edge.clone(), door.clone());
    let server = HttpServer::new(move || {
        App::new()
            .app_data(web::Data::new(edge.sources.clone()))
            .app_data(web::Data::from(Arc::clone(&edge.cursors)))
            .configure(|cfg| door.furnish(cfg))
            .wrap(from_fn(addressed))
            .wrap(from_fn(traced))
            .wrap(from_fn(bounded))
            .configure(console_pages::routes)
    });
    let bound = server
        .workers(1)
        .max_connections(1_000)
        .client_request_timeout(REQUEST_HEAD_TIME_MAX)
        .client_disconnect_timeout(LEAVING_TIME_MAX)
        .keep_alive(KEEP_ALIVE)
        .shutdown_timeout(DRAIN_TIME_MAX_S)
        .disable_signals()
        .bind(bind)?;
    Ok(bound.run())
}

/// The operator's listener; `more` adds the demo's time machine.
pub fn operator(ops_state: Ops, bind: SocketAddr, more: Furnish) -> io::Result<Server> {
    let server = HttpServer::new(move || {
        App::new()
            .app_data(web::Data::new(ops_state.clone()))
            .configure(|cfg| more(cfg))
            .configure(ops::routes)
    });
    Ok(server
        .workers(1)
        .shutdown_timeout(2)
        .disable_signals()
        .bind(bind)?
        .run())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_in_leaves_files_for_what_goes_out_at_n_and_beside_it() {
        let all = 2 * CONNECTIONS_EACH + FILES_BESIDE;
        for (files, each) in [
            (all + 2, CONNECTIONS_EACH),
            (all, CONNECTIONS_EACH),
            (all - 1, CONNECTIONS_EACH - 1),
            (1_024, 262),
            (FILES_BESIDE, 1),
        ] {
            assert_eq!(connections_each(files), each, "{files} files");
        }
    }
}
