//! The gate of the dedicated line, from its configuration.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use lifeline_core::shared::time::{Clock, Time};
use lifeline_gateway::edge::relay::networks::Network;
use lifeline_gateway::edge::relay::proof::{Proof, Public, PublicKind, Shared};
use lifeline_gateway::edge::relay::window::{FloorFile, Window};
use lifeline_gateway::edge::relay::{Gate, RelayKey, Rules};
use rustls::pki_types::SubjectPublicKeyInfoDer;
use rustls::pki_types::pem::PemObject as _;
use zeroize::Zeroizing;

use crate::config::{Config, Relay, relay};
use crate::failure::Failure;

/// SubjectPublicKeyInfo of an Ed25519 key, up to the 32 key bytes (RFC 8410).
const ED25519_SPKI: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];
/// A start waits so long for its floor; a floor further away means that a clock went back.
const FLOOR_WAIT_MAX_S: i64 = 10;

/// The gate that the configuration asks for; a demo has none, and neither has a node without the line.
pub(crate) async fn gate_of(
    config: &Config,
    clock: &dyn Clock,
) -> Result<Option<Arc<Gate>>, Failure> {
    match &config.listeners.line.relay {
        Some(relay) if config.node.roles().gateway => gate(relay, clock).await.map(Some),
        Some(_) | None => Ok(None),
    }
}

/// Builds the gate, once the moment is past up to which the process before this one took requests.
async fn gate(config: &Relay, clock: &dyn Clock) -> Result<Arc<Gate>, Failure> {
    let mut keys = HashMap::new();
    for key in &config.keys {
        let known = RelayKey {
            relay: key.relay.clone(),
            proof: proof(key)?,
        };
        keys.insert(key.id.clone(), known);
    }
    let networks = config.networks.iter().map(|text| text.parse::<Network>());
    let networks = networks.collect::<Result<Vec<_>, _>>();
    let networks = networks.map_err(|error| {
        Failure::failed(error.to_string()).advice("mend listeners.line.relay.networks")
    })?;
    let floor = Arc::new(FloorFile(config.floor.clone()));
    let window = Window::open(floor).map_err(|error| {
        Failure::failed(format!("{}: {error}", config.floor.display()))
            .advice("give the service a folder of its own for it, and take no file from elsewhere")
    })?;
    let rules = Rules {
        origin: config.origin.clone(),
        networks,
        keys,
    };
    let gate = Gate::new(rules, window);
    let wait_s = gate
        .opens_after_s()
        .saturating_sub(clock.now().unix_seconds())
        .saturating_add(1);
    if wait_s > FLOOR_WAIT_MAX_S {
        return Err(ahead(gate.opens_after_s()));
    }
    if wait_s > 0 {
        tokio::time::sleep(Duration::from_secs(wait_s.unsigned_abs())).await;
    }
    Ok(Arc::new(gate))
}

/// The clock went back; or it was ahead while requests were taken, and is right now.
fn ahead(opens_after_s: i64) -> Failure {
    let until = Time::from_micros(opens_after_s.saturating_mul(1_000_000)).rfc3339();
    let what = format!("requests of the line were taken up to {until}, which is still to come");
    Failure::failed(what).advice(format!(
        "if this machine's clock went back, set it right and start again; if it is right now and was ahead before, wait until {until}: \
         who takes the floor's file away lets everything that was taken since be sent once more"
    ))
}

fn proof(key: &relay::RelayKey) -> Result<Arc<dyn Proof>, Failure> {
    let odd = |what: &str| {
        Failure::failed(format!("{} {what}", key.file.display()))
            .advice("check the files named under [[listeners.line.relay.keys]]")
    };
    let kind = match key.algorithm {
        relay::Algorithm::HmacSha256 => {
            let text = std::fs::read_to_string(&key.file).map(Zeroizing::new);
            let text = text.map_err(|_| odd("cannot be read"))?;
            let secret = hex::decode(text.trim()).map(Zeroizing::new);
            let secret = secret.ok().filter(|secret| secret.len() >= 32);
            let secret = secret.ok_or_else(|| odd("holds no secret of 32 bytes in hex"))?;
            return Ok(Arc::new(Shared::new(&secret)));
        }
        relay::Algorithm::Ed25519 => PublicKind::Ed25519,
        relay::Algorithm::RsaPssSha512 => PublicKind::RsaPssSha512,
        relay::Algorithm::RsaV15Sha256 => PublicKind::RsaV15Sha256,
    };
    let der = SubjectPublicKeyInfoDer::from_pem_file(&key.file)
        .map_err(|_| odd("holds no public key"))?;
    let bytes = match kind {
        PublicKind::Ed25519 => der
            .as_ref()
            .strip_prefix(&ED25519_SPKI)
            .filter(|raw| raw.len() == 32)
            .ok_or_else(|| odd("holds no Ed25519 key"))?,
        PublicKind::RsaPssSha512 | PublicKind::RsaV15Sha256 => der.as_ref(),
    };
    Ok(Arc::new(Public::new(kind, bytes.to_vec())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_floor_that_is_still_to_come_says_how_long_to_wait_when_the_clock_is_right_now() {
        let failure = ahead(1_795_000_000);
        let (what, advice) = failure.told();
        let until = Time::from_micros(1_795_000_000_000_000).rfc3339();
        let advice = advice.unwrap_or_default();
        assert!(what.contains(&until), "{what}");
        assert!(
            advice.contains("set it right") && advice.contains(&format!("wait until {until}")),
            "{advice}"
        );
    }
}
