//! Who may bring households' requests over the dedicated line, and how they prove it.

use std::net::IpAddr;
use std::path::PathBuf;

use lifeline_gateway::edge::relay::networks::Network;
use serde::Deserialize;

use super::Faults;

/// `[listeners.line.relay]`: the gate of the line.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Relay {
    /// How the relay addresses this node; each node has its own, so that none takes another's requests.
    pub(crate) origin: String,
    /// Networks in CIDR notation; from elsewhere nothing is heard.
    pub(crate) networks: Vec<String>,
    /// Where it is kept up to when requests were taken; on a disk that outlives the process.
    pub(crate) floor: PathBuf,
    pub(crate) keys: Vec<RelayKey>,
}

/// `[[listeners.line.relay.keys]]`. Old and new ones at once while a relay changes its key.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RelayKey {
    /// The `keyid` of signatures.
    pub(crate) id: String,
    /// The DNS name in the client certificate of the relay that may use it.
    pub(crate) relay: String,
    pub(crate) algorithm: Algorithm,
    /// Public key, PEM; of `hmac-sha256` the secret, hex, mode 0600.
    pub(crate) file: PathBuf,
}

/// As RFC 9421 names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) enum Algorithm {
    #[serde(rename = "ed25519")]
    Ed25519,
    #[serde(rename = "rsa-pss-sha512")]
    RsaPssSha512,
    #[serde(rename = "rsa-v1_5-sha256")]
    RsaV15Sha256,
    #[serde(rename = "hmac-sha256")]
    HmacSha256,
}

impl Relay {
    /// Whether one of these can be heard at all. Networks that cannot be read have a fault of their own.
    pub(super) fn hears_one_of(&self, hops: &[IpAddr]) -> bool {
        let networks = self.networks.iter().map(|text| text.parse::<Network>());
        let Ok(networks) = networks.collect::<Result<Vec<_>, _>>() else {
            return true;
        };
        let heard = |hop: &IpAddr| networks.iter().any(|network| network.contains(*hop));
        networks.is_empty() || hops.iter().any(heard)
    }

    pub(super) fn check(&self, faults: &mut Faults) {
        let at = |key: &str| format!("listeners.line.relay.{key}");
        let (_, host) = self.origin.split_once("https://").unwrap_or_default();
        faults.expect(
            !host.is_empty() && !host.contains('/'),
            &at("origin"),
            "must be https://host:port without a path, as the relay is told to call this node",
        );
        let networks = !self.networks.is_empty()
            && self
                .networks
                .iter()
                .all(|text| text.parse::<Network>().is_ok());
        faults.expect(
            networks,
            &at("networks"),
            "name the networks of the line in CIDR notation, such as 10.20.0.0/29",
        );
        let everyone = |text: &String| text.ends_with("/0");
        faults.expect(
            !self.networks.iter().any(everyone),
            &at("networks"),
            "must not be everybody; the line is no public address",
        );
        let folder = self.floor.parent().is_some_and(|folder| folder.is_dir());
        faults.expect(folder, &at("floor"), "its folder does not exist");
        faults.expect(
            !self.keys.is_empty(),
            &at("keys"),
            "name at least one key of the relay, or nobody gets in",
        );
        let ids: std::collections::HashSet<_> = self.keys.iter().map(|key| &key.id).collect();
        faults.expect(
            ids.len() == self.keys.len(),
            &at("keys"),
            "two keys have one id",
        );
        for key in &self.keys {
            faults.expect(
                key.file.is_file(),
                &at("keys.file"),
                "the file does not exist",
            );
        }
    }
}
