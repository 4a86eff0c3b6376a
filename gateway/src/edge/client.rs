//! The client's network address, by a stated rule: the rightmost address that is not one of our
//! trusted hops (domain.md C12). `X-Forwarded-For` from anyone else is ignored.

use std::net::IpAddr;
use std::rc::Rc;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use futures_util::future::{Ready, ready};

use super::problem::Problem;

/// The addresses whose `X-Forwarded-For` is believed (the relay of the dedicated line, the console's proxy).
#[derive(Debug, Clone, Default)]
pub struct TrustedHops(Rc<[IpAddr]>);

impl TrustedHops {
    #[must_use]
    pub fn new(hops: &[IpAddr]) -> Self {
        Self(hops.iter().map(IpAddr::to_canonical).collect())
    }

    /// Whether whoever connects as `peer` is one of them.
    #[must_use]
    pub fn hold(&self, peer: IpAddr) -> bool {
        self.0.contains(&peer.to_canonical())
    }

    /// The client behind `peer`, or `peer` itself when it is no hop of ours. A socket for both
    /// protocols writes an IPv4 peer as an IPv6 address: it is the same hop, and the same client.
    #[must_use]
    pub fn client(&self, peer: IpAddr, forwarded: &[&str]) -> IpAddr {
        let mut client = peer.to_canonical();
        let chain = forwarded.iter().flat_map(|line| line.split(','));
        let mut hops: Vec<&str> = chain.map(str::trim).collect();
        while self.0.contains(&client) {
            match hops.pop().map(str::parse::<IpAddr>) {
                Some(Ok(next)) => client = next.to_canonical(),
                Some(Err(_)) | None => break,
            }
        }
        client
    }
}

/// The address limits, bans and audit lines go by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

impl Default for ClientAddress {
    /// Nobody's: for a request that did not pass the outermost layer.
    fn default() -> Self {
        Self(IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED))
    }
}

impl FromRequest for ClientAddress {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let found = req.extensions().get::<Self>().copied();
        ready(Ok(found.unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn only_our_hops_are_believed() {
        let hops = TrustedHops::new(&[ip("10.0.0.1"), ip("10.0.0.2")]);
        assert_eq!(
            hops.client(ip("192.0.2.7"), &["198.51.100.1"]),
            ip("192.0.2.7")
        );
        assert_eq!(
            hops.client(ip("10.0.0.1"), &["198.51.100.1"]),
            ip("198.51.100.1")
        );
        // A client that writes its own header ends up left of what our relay appended.
        let spoofed = ["203.0.113.9", "198.51.100.1, 10.0.0.2"];
        assert_eq!(hops.client(ip("10.0.0.1"), &spoofed), ip("198.51.100.1"));
        assert_eq!(hops.client(ip("10.0.0.1"), &["garbage"]), ip("10.0.0.1"));
    }

    #[test]
    fn a_hop_is_the_same_however_its_address_is_written() {
        let mapped = ip("::ffff:10.0.0.1");
        for hops in [&[ip("10.0.0.1")], &[mapped]] {
            let hops = TrustedHops::new(hops);
            for peer in [ip("10.0.0.1"), mapped] {
                let client = hops.client(peer, &["::ffff:198.51.100.1"]);
                assert_eq!(client, ip("198.51.100.1"));
                assert!(hops.hold(peer) && !hops.hold(ip("10.0.0.2")));
            }
        }
    }
}
