//! Networks in CIDR notation: who may connect to the line at all.

use std::net::IpAddr;
use std::str::FromStr;

/// One network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

/// The text is no network, or names an address within one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a network in CIDR notation, such as 10.20.0.0/24")]
pub struct NotANetwork;

impl FromStr for Network {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let (address, bits) = text.split_once('/').ok_or(NotANetwork)?;
        let address: IpAddr = address.parse().map_err(|_| NotANetwork)?;
        let bits: u8 = bits.parse().map_err(|_| NotANetwork)?;
        let network = Self { address, bits };
        let most = if address.is_ipv4() { 32 } else { 128 };
        // Host bits that are set are more often a slip than meant.
        if bits <= most && network.start(address) == number(address) {
            Ok(network)
        } else {
            Err(NotANetwork)
        }
    }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => u128::from(u32::from(v4)) << 96,
        IpAddr::V6(v6) => u128::from(v6),
    }
}

impl Network {
    fn start(self, address: IpAddr) -> u128 {
        let mask = u128::MAX.checked_shl(128_u32.saturating_sub(u32::from(self.bits)));
        number(address) & mask.unwrap_or(0)
    }

    #[must_use]
    pub fn contains(self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.address.is_ipv4()
            && self.start(address) == self.start(self.address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_holds_its_addresses_and_no_neighbours() {
        let net = |text: &str| text.parse::<Network>().unwrap();
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        assert!(net("10.20.0.0/24").contains(ip("10.20.0.255")));
        assert!(net("10.20.0.0/24").contains(ip("::ffff:10.20.0.1")));
        assert!(!net("10.20.0.0/24").contains(ip("10.20.1.0")));
        assert!(!net("10.20.0.0/24").contains(ip("::")));
        assert!(net("0.0.0.0/0").contains(ip("203.0.113.9")));
        assert!(net("192.0.2.7/32").contains(ip("192.0.2.7")));
        assert!(!net("192.0.2.7/32").contains(ip("192.0.2.6")));
        assert!(net("2001:db8::/32").contains(ip("2001:db8:ffff::1")));
        assert!(!net("2001:db8::/32").contains(ip("2001:db9::")));
        for odd in [
            "10.0.0.1",
            "10.0.0.1/24",
            "10.0.0.0/33",
            "x/8",
            "10.0.0.0/-1",
        ] {
            assert_eq!(odd.parse::<Network>(), Err(NotANetwork), "{odd}");
        }
    }
}
