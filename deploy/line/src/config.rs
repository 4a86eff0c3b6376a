//! The relay's configuration: `deploy/line/relay.example.toml` with comments.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::start::CONNECTIONS_MAX;

/// The whole file. Unknown keys are refused.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub public: Public,
    pub line: Line,
    /// Left out where Alipay's notices come to the gateway another way.
    pub callback: Option<Callback>,
}

/// `[public]`: where households arrive.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Public {
    pub bind: SocketAddr,
    /// Our chain and key, PEM.
    pub certificate: PathBuf,
    pub private_key: PathBuf,
    /// How many one address (of IPv6 its first 64 bits) may hold at a time; the next is cut.
    #[serde(default = "connections_per_address")]
    pub connections_per_address: usize,
}

/// `[line]`: how the gateway is reached.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// `https://10.20.0.5:8443`, one for each node, as its `listeners.line.relay.origin` says.
    pub nodes: Vec<String>,
    /// Client certificate and key, PEM, in one file each.
    pub certificate: PathBuf,
    pub private_key: PathBuf,
    /// Signs the nodes' certificates.
    pub ca: PathBuf,
    /// Under this id the gateway knows the signing key.
    pub key_id: String,
    /// Ed25519, PKCS#8, PEM.
    pub signing_key: PathBuf,
    #[serde(default = "deadline_ms")]
    pub deadline_ms: u64,
}

/// `[callback]`: how the gateway's callback listener is reached.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Callback {
    /// `http://10.20.0.5:8444`, one for each node, as its `listeners.callback.bind` says; `https://` where
    /// something ends TLS before it.
    pub nodes: Vec<String>,
    /// Signs the certificates of nodes called by https.
    pub ca: Option<PathBuf>,
    #[serde(default = "deadline_ms")]
    pub deadline_ms: u64,
}

/// A little more than the gateway gives a request, so that its own word arrives; a little less than the
/// mini-program waits.
const fn deadline_ms() -> u64 {
    15_000
}

/// Far more than the devices behind one home's address open, and a small part of all.
const fn connections_per_address() -> usize {
    256
}

/// Reads a file and lists what is wrong with it; a fault names the key, never its value.
///
/// # Errors
/// All faults at once.
pub fn read(file: &Path) -> Result<Config, Vec<String>> {
    let config = config::Config::builder()
        .add_source(config::File::from(file).format(config::FileFormat::Toml))
        .build()
        .and_then(config::Config::try_deserialize::<Config>)
        .map_err(|error| vec![error.to_string()])?;
    let faults = config.faults();
    if faults.is_empty() {
        Ok(config)
    } else {
        Err(faults)
    }
}

impl Config {
    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let line = &self.line;
        if !(1..=CONNECTIONS_MAX).contains(&self.public.connections_per_address) {
            faults.push("public.connections_per_address: must be 1 to 20000".to_owned());
        }
        if line.nodes.is_empty() {
            faults.push("line.nodes: name at least one node of the gateway".to_owned());
        }
        for node in &line.nodes {
            if !is_origin(node, "https://") {
                faults.push("line.nodes: each must be https://host:port without a path".to_owned());
            }
        }
        if !is_deadline(line.deadline_ms) {
            faults.push("line.deadline_ms: must be 12500 to 19000".to_owned());
        }
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
        if line.key_id.is_empty() || !line.key_id.bytes().all(plain) {
            faults.push("line.key_id: must be letters, digits, - _ .".to_owned());
        }
        for (key, file) in [
            ("public.certificate", &self.public.certificate),
            ("public.private_key", &self.public.private_key),
            ("line.certificate", &line.certificate),
            ("line.private_key", &line.private_key),
            ("line.ca", &line.ca),
            ("line.signing_key", &line.signing_key),
        ] {
            if !file.is_file() {
                faults.push(format!("{key}: the file does not exist"));
            }
        }
        if let Some(callback) = &self.callback {
            callback.check(&mut faults);
        }
        faults
    }
}

impl Callback {
    fn check(&self, faults: &mut Vec<String>) {
        let mut expect = |holds: bool, fault: &str| {
            if !holds {
                faults.push(format!("callback.{fault}"));
            }
        };
        expect(
            !self.nodes.is_empty(),
            "nodes: name at least one node of the gateway",
        );
        let all = |scheme: &str| self.nodes.iter().all(|node| is_origin(node, scheme));
        let (plain, by_tls) = (all("http://"), all("https://"));
        expect(
            plain || by_tls,
            "nodes: each must be http://host:port, or each https://host:port, without a path",
        );
        expect(
            !by_tls || plain || self.ca.is_some(),
            "ca: nodes called by https need the CA of their certificates",
        );
        expect(
            !plain || by_tls || self.ca.is_none(),
            "ca: nodes called by http show no certificate; leave it out",
        );
        let there = self.ca.as_ref().is_none_or(|file| file.is_file());
        expect(there, "ca: the file does not exist");
        expect(
            is_deadline(self.deadline_ms),
            "deadline_ms: must be 12500 to 19000",
        );
    }
}

/// Whether this names a host by that scheme and nothing after it.
fn is_origin(node: &str, scheme: &str) -> bool {
    let host = node.strip_prefix(scheme).unwrap_or_default();
    !host.is_empty() && !host.contains('/')
}

/// Longer than the gateway takes for any answer, and over before a stopping relay is.
fn is_deadline(ms: u64) -> bool {
    (12_500..=19_000).contains(&ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("relay.example.toml")
    }

    #[test]
    fn a_deadline_is_after_the_gateways_and_before_the_end_of_a_stop() {
        let gateway = lifeline_gateway::listeners::outermost::REQUEST_TIME_MAX;
        let milliseconds = |time: std::time::Duration| u64::try_from(time.as_millis()).unwrap();
        let stop = std::time::Duration::from_secs(crate::start::DRAIN_TIME_MAX_S);
        assert!(is_deadline(deadline_ms()));
        assert!(is_deadline(12_500) && is_deadline(19_000));
        assert!(!is_deadline(milliseconds(gateway)), "12 s");
        assert!(!is_deadline(milliseconds(stop)), "20 s");
    }

    #[test]
    fn the_example_lacks_only_its_files() {
        let faults = read(&example()).unwrap_err();
        let only_files = faults.iter().all(|fault| fault.ends_with("does not exist"));
        assert!(only_files && faults.len() == 6, "{faults:?}");
    }

    #[test]
    fn an_address_has_256_connections_unless_another_number_that_fits_is_set() {
        let text = std::fs::read_to_string(example()).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("relay.toml");
        let odd = |said: &str| {
            let (before, after) = text.split_once("connections_per_address = 256").unwrap();
            std::fs::write(&file, format!("{before}{said}{after}")).unwrap();
            let faults = read(&file).unwrap_err();
            let about = |fault: &String| fault.contains("connections_per_address");
            faults.iter().any(about)
        };
        for fits in [
            "",
            "connections_per_address = 1",
            "connections_per_address = 20000",
        ] {
            assert!(!odd(fits), "{fits}");
        }
        for number in ["0", "20001"] {
            assert!(odd(&format!("connections_per_address = {number}")));
        }
        assert_eq!(connections_per_address(), 256);
        assert_eq!(CONNECTIONS_MAX, 20_000);
    }

    /// What is said of `[callback]` when this is written there.
    fn said_of(callback: &str) -> Vec<String> {
        let text = std::fs::read_to_string(example()).unwrap();
        let (others, _) = text.split_once("\n[callback]").unwrap();
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("relay.toml");
        std::fs::write(dir.path().join("ca.pem"), "a CA").unwrap();
        let callback = callback.replace("AT", &dir.path().display().to_string());
        std::fs::write(&file, format!("{others}\n{callback}")).unwrap();
        let faults = read(&file).unwrap_err().into_iter();
        let ours = faults.filter_map(|fault| Some(fault.strip_prefix("callback.")?.to_owned()));
        ours.map(|fault| fault.split(':').next().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn the_way_of_notices_may_be_left_out_and_is_of_one_kind() {
        let none: [&str; 0] = [];
        for fits in [
            "",
            "[callback]\nnodes = [\"http://10.20.0.5:8444\", \"http://10.20.0.6:8444\"]",
            "[callback]\nnodes = [\"https://10.20.0.5:8444\"]\nca = \"AT/ca.pem\"",
        ] {
            assert_eq!(said_of(fits), none, "{fits}");
        }
        for (odd, key) in [
            ("nodes = []", "nodes"),
            ("nodes = [\"10.20.0.5:8444\"]", "nodes"),
            ("nodes = [\"http://\"]", "nodes"),
            (
                "nodes = [\"http://10.20.0.5:8444/v1/callbacks/alipay\"]",
                "nodes",
            ),
            (
                "nodes = [\"http://10.20.0.5:8444\", \"https://10.20.0.6:8444\"]",
                "nodes",
            ),
            ("nodes = [\"https://10.20.0.5:8444\"]", "ca"),
            (
                "nodes = [\"https://10.20.0.5:8444\"]\nca = \"AT/none.pem\"",
                "ca",
            ),
            (
                "nodes = [\"http://10.20.0.5:8444\"]\nca = \"AT/ca.pem\"",
                "ca",
            ),
            (
                "nodes = [\"http://10.20.0.5:8444\"]\ndeadline_ms = 12000",
                "deadline_ms",
            ),
            (
                "nodes = [\"http://10.20.0.5:8444\"]\ndeadline_ms = 19001",
                "deadline_ms",
            ),
        ] {
            assert_eq!(said_of(&format!("[callback]\n{odd}")), [key], "{odd}");
        }
    }
}
