//! How many connections one place holds at a time. A place is an IPv4 address, or the 64 bits of an IPv6 address that
//! one household or host is given. A connection counts from the moment it is taken, before a byte of it has come: who
//! opens more is cut at once, and no host holds all connections of the relay, nor all its TLS handshakes.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use actix_service::apply_fn_factory;
use actix_web::dev::{Service, ServiceFactory};
use actix_web::rt::net::TcpStream;

/// The bits of an IPv6 address that name who was given it.
const PLACE_BITS: u128 = 0xffff_ffff_ffff_ffff_0000_0000_0000_0000;

/// Connections by place, over all workers.
#[derive(Debug)]
pub struct Places {
    most: usize,
    held: Mutex<HashMap<IpAddr, usize>>,
    refused: AtomicU64,
}

/// One connection of a place; it is given back when this goes.
#[derive(Debug)]
pub struct Held {
    places: Arc<Places>,
    place: IpAddr,
}

impl Places {
    /// `most` is how many connections one place may hold.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self {
            most,
            held: Mutex::default(),
            refused: AtomicU64::new(0),
        }
    }

    /// How many were refused since the start.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// One connection more of an address; nothing, and counted, when its place holds as many as it may.
    #[must_use]
    pub fn enter(self: &Arc<Self>, address: IpAddr) -> Option<Held> {
        let place = place(address);
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let count = held.get(&place).copied().unwrap_or_default();
        if count >= self.most {
            drop(held);
            let refused = self.refused.fetch_add(1, Ordering::Relaxed);
            let refused = refused.saturating_add(1);
            // A flood is told at 1, 2, 4, 8…, without the address, which is a person's.
            if refused.is_power_of_two() {
                tracing::warn!(refused, most = self.most, "relay.place_full");
            }
            return None;
        }
        held.insert(place, count.saturating_add(1));
        drop(held);
        Some(Held {
            places: Arc::clone(self),
            place,
        })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let held = self.places.held.lock();
        let mut held = held.unwrap_or_else(PoisonError::into_inner);
        match held.get_mut(&self.place) {
            Some(count) if *count > 1 => *count = count.saturating_sub(1),
            _ => {
                held.remove(&self.place);
            }
        }
    }
}

fn place(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & PLACE_BITS)),
    }
}

/// What serves connections, each counted from its first moment to its last; the one too many is cut, unserved.
pub(crate) fn counted<F>(
    places: Arc<Places>,
    served: F,
) -> impl ServiceFactory<TcpStream, Config = ()>
where
    F: ServiceFactory<TcpStream, Config = (), Response = ()>,
{
    let meet = move |connection: TcpStream, service: &F::Service| {
        let peer = connection.peer_addr().ok();
        let held = peer.and_then(|peer| places.enter(peer.ip()));
        // Whoever may not enter is closed here: its TLS is not begun.
        let entered = held.map(|held| (held, Service::call(service, connection)));
        async move {
            let Some((held, serving)) = entered else {
                return Ok(());
            };
            let ended = serving.await;
            drop(held);
            ended
        }
    };
    apply_fn_factory::<F, F, _, _, TcpStream, TcpStream, (), F::Error>(served, meet)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(address: &str) -> IpAddr {
        address.parse().unwrap()
    }

    #[test]
    fn a_place_holds_n_connections_and_not_n_plus_one_until_one_is_given_back() {
        let places = Arc::new(Places::new(3));
        let mut held: Vec<Held> = (0..3)
            .map(|_| places.enter(at("198.51.100.7")).unwrap())
            .collect();
        assert!(places.enter(at("198.51.100.7")).is_none());
        assert_eq!(places.refused(), 1);
        assert!(places.enter(at("198.51.100.8")).is_some(), "another place");
        drop(held.pop());
        held.push(places.enter(at("198.51.100.7")).unwrap());
        assert!(places.enter(at("198.51.100.7")).is_none());
        assert_eq!(places.refused(), 2);
        drop(held);
        assert!(places.held.lock().unwrap().is_empty(), "nothing is kept");
    }

    #[test]
    fn a_place_is_an_ipv4_address_in_either_form_or_64_bits_of_ipv6() {
        assert_eq!(place(at("::ffff:198.51.100.7")), at("198.51.100.7"));
        assert_ne!(place(at("198.51.100.7")), place(at("198.51.100.8")));
        let one = place(at("2001:db8:1:2:a:b:c:d"));
        assert_eq!(one, place(at("2001:db8:1:2::1")));
        assert_ne!(one, place(at("2001:db8:1:3::1")));
    }
}
