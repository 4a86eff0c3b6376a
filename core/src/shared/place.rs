//! Where a request comes from, as limits and bans count places: one subscriber, one network.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An IPv4 address, or the /64 of an IPv6 one, which is one subscriber.
#[must_use]
pub fn subscriber(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

/// The first address of the network around one: of its /24, of the /48 of an IPv6 one.
#[must_use]
pub fn around(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            IpAddr::V4(Ipv4Addr::new(a, b, c, 0))
        }
        IpAddr::V6(v6) => {
            let [a, b, c, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
        }
    }
}

/// That network as it is written.
#[must_use]
pub fn network(address: IpAddr) -> String {
    match around(address) {
        IpAddr::V4(first) => format!("{first}/24"),
        IpAddr::V6(first) => {
            let [a, b, c, ..] = first.segments();
            format!("{a:x}:{b:x}:{c:x}::/48")
        }
    }
}

/// The subscriber behind an address as the edge wrote it down. Nobody outside comes from our own
/// machine or from nowhere.
#[must_use]
pub fn outside(source: &str) -> Option<IpAddr> {
    let address = source.parse::<IpAddr>().ok()?.to_canonical();
    (!address.is_loopback() && !address.is_unspecified()).then(|| subscriber(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapped_ipv4_address_is_the_ipv4_address() {
        let mapped: IpAddr = "::ffff:192.0.2.9".parse().unwrap();
        assert_eq!(network(mapped), "192.0.2.0/24");
        assert_eq!(subscriber(mapped).to_string(), "192.0.2.9");
        let v6 = network("2001:db8:1:2::9".parse().unwrap());
        assert_eq!(v6, "2001:db8:1::/48");
        for (address, first) in [
            ("192.0.2.9", "192.0.2.0"),
            ("2001:db8:1:2::9", "2001:db8:1::"),
        ] {
            assert_eq!(around(address.parse().unwrap()).to_string(), first);
        }
    }

    #[test]
    fn nobody_outside_comes_from_our_own_machine() {
        for ours in ["127.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0", "", "x"] {
            assert_eq!(outside(ours), None, "{ours}");
        }
        let subscriber = outside("2001:db8:1:2::9").map(|at| at.to_string());
        assert_eq!(subscriber.as_deref(), Some("2001:db8:1:2::"));
    }
}
