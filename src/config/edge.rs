//! Where the product listens and how often it may be asked.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use lifeline_core::accounts::codes::Budget;
use lifeline_core::shared::money::Fen;
use lifeline_gateway::edge::relay::networks::Network;
use lifeline_gateway::listeners::callback::Zone;
use serde::Deserialize;

use super::{Faults, Relay};
use crate::failure::Failure;

/// `[listeners]`: one per trust zone.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Listeners {
    pub(crate) line: Line,
    pub(crate) callback: Callback,
    pub(crate) ops: Ops,
    /// Left out where the console runs on another node.
    pub(crate) console: Option<Console>,
}

/// `[listeners.console]`: staff, on the intranet.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Console {
    pub(crate) bind: SocketAddr,
    /// What browsers of staff call it, for example `https://console.intranet.example.cn`.
    pub(crate) public_base: String,
    /// The addresses of the proxy that ends TLS; only their `X-Forwarded-For` is believed.
    #[serde(default)]
    pub(crate) trusted_hops: Vec<IpAddr>,
}

/// `[listeners.line]`: households, arriving through the relay.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Line {
    pub(crate) bind: SocketAddr,
    /// What browsers call us, for example `https://power.example.cn`; no trailing slash.
    pub(crate) public_base: String,
    /// The relay's addresses; only their `X-Forwarded-For` is believed, and only they are heard.
    #[serde(default)]
    pub(crate) trusted_hops: Vec<IpAddr>,
    /// Server certificate, key, and the CA of the relay's client certificates.
    pub(crate) tls: Option<Tls>,
    /// The gate; only a demo on loopback goes without one.
    pub(crate) relay: Option<Relay>,
}

/// Certificate files, PEM.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tls {
    pub(crate) certificate: PathBuf,
    pub(crate) private_key: PathBuf,
    pub(crate) client_ca: PathBuf,
}

/// `[listeners.callback]`: notices from channels.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Callback {
    pub(crate) bind: SocketAddr,
    /// What the channel is told to call, for example `https://notify.example.cn`.
    pub(crate) public_base: String,
    /// In CIDR notation: who may connect at all. Empty: everybody, as far as the firewall lets them.
    #[serde(default)]
    pub(crate) networks: Vec<String>,
}

impl Callback {
    /// Whom the zone hears.
    pub(crate) fn zone(&self) -> Result<Zone, Failure> {
        let networks = self.networks.iter().map(|text| text.parse::<Network>());
        let networks = networks.collect::<Result<Vec<_>, _>>();
        networks.map(Zone::new).map_err(|error| {
            Failure::failed(error.to_string()).advice("mend listeners.callback.networks")
        })
    }

    fn check(&self, faults: &mut Faults) {
        faults.expect(
            self.public_base.starts_with("https://"),
            "listeners.callback.public_base",
            "must be an https address the channel can reach",
        );
        let network = |text: &String| text.parse::<Network>().is_ok() && !text.ends_with("/0");
        faults.expect(
            self.networks.iter().all(network),
            "listeners.callback.networks",
            "name networks in CIDR notation, such as 10.20.0.0/29, the relay's among them; to hear everybody name none",
        );
    }
}

/// `[listeners.ops]`: health and metrics.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ops {
    pub(crate) bind: SocketAddr,
}

/// `[limits]`: requests per minute.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Limits {
    pub(crate) per_address_minute: u32,
    /// Of a /24, or of the /48 around an IPv6 subscriber.
    pub(crate) per_network_minute: u32,
    pub(crate) per_account_minute: u32,
    /// Scales what single functions may be asked (queries of a home, orders, codes, sign-ins).
    pub(crate) functions_percent: u32,
    /// How many nodes share the limits: each one's part while Redis is away.
    pub(crate) nodes: u32,
    /// What one-time codes by SMS may cost in a day, and what one of them costs.
    pub(crate) codes_fen_per_day: u32,
    pub(crate) code_fen: u32,
    /// What one account orders in 24 hours above this needs a code to its phone, and above the second already
    /// when the device or a home is new.
    pub(crate) step_up_day_fen: u32,
    pub(crate) step_up_new_fen: u32,
}

impl Default for Limits {
    fn default() -> Self {
        // One relay address may carry many homes behind one carrier NAT; one person taps slower.
        Self {
            per_address_minute: 600,
            per_network_minute: 6_000,
            per_account_minute: 240,
            functions_percent: 100,
            nodes: 2,
            codes_fen_per_day: 100_000,
            code_fen: 5,
            step_up_day_fen: 500_000,
            step_up_new_fen: 100_000,
        }
    }
}

impl Listeners {
    /// A demo's listeners: plain HTTP on loopback.
    #[cfg(feature = "demo")]
    pub(crate) fn loopback(
        line: SocketAddr,
        callback: SocketAddr,
        ops: SocketAddr,
        console: SocketAddr,
    ) -> Self {
        Self {
            line: Line {
                bind: line,
                public_base: format!("http://{line}"),
                trusted_hops: Vec::new(),
                tls: None,
                relay: None,
            },
            callback: Callback {
                bind: callback,
                public_base: format!("http://{callback}"),
                networks: Vec::new(),
            },
            ops: Ops { bind: ops },
            console: Some(Console {
                bind: console,
                public_base: format!("http://{console}"),
                trusted_hops: Vec::new(),
            }),
        }
    }

    pub(super) fn check(&self, faults: &mut Faults) {
        faults.expect(
            self.line.public_base.starts_with("https://"),
            "listeners.line.public_base",
            "must be an https address; households reach it over the Internet",
        );
        faults.expect(
            !self.line.public_base.ends_with('/'),
            "listeners.line.public_base",
            "must not end with a slash",
        );
        faults.expect(
            !self.line.trusted_hops.is_empty(),
            "listeners.line.trusted_hops",
            "name the relay's addresses, or all clients would share one address",
        );
        faults.expect(
            self.line.tls.is_some(),
            "listeners.line.tls",
            "the line listener needs certificate, private_key and client_ca",
        );
        faults.expect(
            self.line.relay.is_some(),
            "listeners.line.relay",
            "the line listener needs origin, networks, floor and keys of the relay",
        );
        if let Some(relay) = &self.line.relay {
            relay.check(faults);
            let hops = &self.line.trusted_hops;
            faults.expect(
                hops.is_empty() || relay.hears_one_of(hops),
                "listeners.line.trusted_hops",
                "none of them is within listeners.line.relay.networks: whoever is heard from there would be refused",
            );
        }
        for (name, file) in self.line.tls.iter().flat_map(Tls::files) {
            let path = format!("listeners.line.tls.{name}");
            faults.expect(file.is_file(), &path, "the file does not exist");
        }
        self.callback.check(faults);
        faults.expect(
            self.ops.bind.ip().is_loopback(),
            "listeners.ops.bind",
            "must be a loopback address",
        );
        if let Some(console) = &self.console {
            faults.expect(
                console.public_base.starts_with("https://"),
                "listeners.console.public_base",
                "must be an https address: passwords and codes go over it",
            );
            // The listener speaks HTTP: where its address is https, a proxy stands in front of it.
            faults.expect(
                !console.trusted_hops.is_empty(),
                "listeners.console.trusted_hops",
                "name the addresses of the proxy that ends TLS, or all staff would share one address",
            );
        }
        let mut binds = vec![self.line.bind, self.callback.bind, self.ops.bind];
        binds.extend(self.console.iter().map(|console| console.bind));
        let distinct = binds.iter().collect::<std::collections::HashSet<_>>().len() == binds.len();
        faults.expect(distinct, "listeners", "two listeners share one address");
    }
}

impl Tls {
    fn files(&self) -> [(&'static str, &PathBuf); 3] {
        [
            ("certificate", &self.certificate),
            ("private_key", &self.private_key),
            ("client_ca", &self.client_ca),
        ]
    }
}

impl Limits {
    /// What codes may cost a day.
    pub(crate) fn code_budget(&self) -> Result<Budget, Failure> {
        let fen = |value: u32| Fen::new(i64::from(value));
        Budget::new(fen(self.codes_fen_per_day), fen(self.code_fen))
            .ok_or_else(|| Failure::failed("limits must be above zero"))
    }

    pub(super) fn check(&self, faults: &mut Faults) {
        let sane = 1..=1_000_000_000;
        for (path, value) in [
            ("limits.per_address_minute", self.per_address_minute),
            ("limits.per_network_minute", self.per_network_minute),
            ("limits.per_account_minute", self.per_account_minute),
            ("limits.functions_percent", self.functions_percent),
            ("limits.nodes", self.nodes),
            ("limits.codes_fen_per_day", self.codes_fen_per_day),
            ("limits.code_fen", self.code_fen),
            ("limits.step_up_day_fen", self.step_up_day_fen),
            ("limits.step_up_new_fen", self.step_up_new_fen),
        ] {
            faults.expect(sane.contains(&value), path, "must be 1 to 1000000000");
        }
        faults.expect(
            self.step_up_new_fen <= self.step_up_day_fen,
            "limits.step_up_new_fen",
            "must not be above limits.step_up_day_fen",
        );
        faults.expect(
            self.code_fen <= self.codes_fen_per_day,
            "limits.codes_fen_per_day",
            "must pay for one code at least",
        );
    }
}
