//! What key pairs cost, apart from settling: making one, and opening what was encrypted for one.

use std::sync::Arc;
use std::time::{Duration, Instant};

use lifeline_adapters::sql::Engine;
use lifeline_adapters::vault::{SoftwareWrapping, WrappedVault};
use lifeline_core::settlement::accounts::{KeyPair, KeyVault as _};
use lifeline_core::settlement::ids::KeyPairId;
use lifeline_core::shared::ids::TypedId as _;

use super::Trouble;
use super::outside::{moment, wrong};

const PAIRS: u32 = 20;
const OPENED: u32 = 200;

pub(super) async fn measure(store: &Arc<Engine>) -> Result<(), Trouble> {
    let vault = WrappedVault::new(Arc::new(SoftwareWrapping::new(Arc::clone(store))));
    let mut last = None;
    let began = Instant::now();
    for nth in 0..PAIRS {
        let key_id = KeyPairId::made(format!("00000000-0000-7000-d000-{nth:012}"));
        let made = vault.make(&key_id).await;
        last = Some((key_id, made.map_err(|_| wrong("no pair was made"))?));
    }
    told("a pair made", began.elapsed(), PAIRS);
    let (key_id, made) = last.ok_or_else(|| wrong("no pair was made"))?;
    let pair = KeyPair {
        key_id,
        vault: vault.name().to_owned(),
        modulus: made.modulus,
        wrapped: made.wrapped,
        made_at: moment(),
    };
    let began = Instant::now();
    for _ in 0..OPENED {
        // What is wrong takes the work of what is right (PV-09).
        let opened = vault.open(&pair, "....").await;
        if opened.map_err(|_| wrong("the vault failed"))?.is_some() {
            return Err(wrong("nothing was opened"));
        }
    }
    told("a ciphertext opened", began.elapsed(), OPENED);
    Ok(())
}

fn told(what: &str, took: Duration, times: u32) {
    println!(
        "{what}: {} us",
        took.as_micros().div_euclid(u128::from(times))
    );
}
