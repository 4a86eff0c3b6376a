//! The relay's configuration: `deploy/line/relay.example.toml` with comments.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// The whole file. Unknown keys are refused.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub public: Public,
    pub line: Line,
}

/// `[public]`: where households arrive.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Public {
    pub bind: SocketAddr,
    /// Our chain and key, PEM.
    pub certificate: PathBuf,
    pub private_key: PathBuf,
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

/// A little more than the gateway gives a request, so that its own word arrives.
const fn deadline_ms() -> u64 {
    15_000
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
        if line.nodes.is_empty() {
            faults.push("line.nodes: name at least one node of the gateway".to_owned());
        }
        for node in &line.nodes {
            let host = node.strip_prefix("https://").unwrap_or_default();
            if host.is_empty() || host.contains('/') {
                faults.push("line.nodes: each must be https://host:port without a path".to_owned());
            }
        }
        if !(1_000..=60_000).contains(&line.deadline_ms) {
            faults.push("line.deadline_ms: must be 1000 to 60000".to_owned());
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
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_lacks_only_its_files() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("relay.example.toml");
        let faults = read(&file).unwrap_err();
        let only_files = faults.iter().all(|fault| fault.ends_with("does not exist"));
        assert!(only_files && faults.len() == 6, "{faults:?}");
    }
}
