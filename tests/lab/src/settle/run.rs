//! Settles what is not settled yet, in shards, and says how far it is.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use clap::Args;
use lifeline_adapters::sql::Engine;
use lifeline_core::settlement::ports::Stretch;
use lifeline_core::settlement::{Ports, Settlement, SettlementRules};

use super::outside::{Still, period, table};
use super::patience::Patience;
use super::{Place, Trouble};

#[derive(Debug, Clone, Args)]
pub(super) struct Options {
    #[command(flatten)]
    place: Place,
    /// How many workers share the tables.
    #[arg(long, value_name = "N", default_value_t = 4)]
    shards: u64,
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub(super) threads: usize,
}

/// Tables of one stretch.
const STRIDE: u64 = 500;

fn settlement(store: &Arc<Engine>) -> Settlement {
    let ports = Ports {
        store: Arc::<Engine>::clone(store),
        clock: Arc::new(Still),
        entropy: Arc::new(Still),
        head_end: Arc::new(Still),
        publishing: Arc::new(Still),
        reviewer: Arc::new(Still),
        payer: Arc::new(Still),
        grid: Arc::new(Still),
    };
    Settlement::new(ports, SettlementRules::default())
}

fn stretch(first: u64) -> Result<Stretch, Trouble> {
    let after = match first.checked_sub(1) {
        None => None,
        Some(before) => Some((table(before), period()?)),
    };
    let last = first.saturating_add(STRIDE).saturating_sub(1);
    Ok(Stretch {
        after,
        until: Some(table(last)),
    })
}

/// Settles one stretch. What a store under too many shards does not take in time is taken up again, as the next poll
/// would: what is settled already stays so.
async fn settle(app: &Settlement, first: u64) -> Result<usize, Trouble> {
    let mut patience = Patience::default();
    loop {
        let settled = app.watch_stretch(stretch(first)?).await;
        if let Some(done) = patience.done(settled) {
            return done;
        }
    }
}

pub(super) async fn run(options: &Options) -> Result<(), Trouble> {
    let store = options.place.open().await?;
    let began = Instant::now();
    let (settled, shards) = (Arc::new(AtomicUsize::new(0)), options.shards.max(1));
    let stretches = options.place.accounts.div_ceil(STRIDE);
    let mut workers = tokio::task::JoinSet::new();
    for shard in 0..shards {
        let (app, settled) = (settlement(&store), Arc::clone(&settled));
        workers.spawn(async move {
            let mut nth = shard;
            while nth < stretches {
                let done = settle(&app, nth.saturating_mul(STRIDE)).await?;
                let all = settled
                    .fetch_add(done, Ordering::SeqCst)
                    .saturating_add(done);
                println!("settled {all}");
                std::io::stdout().flush()?;
                nth = nth.saturating_add(shards);
            }
            Ok::<_, Trouble>(())
        });
    }
    while let Some(worker) = workers.join_next().await {
        worker??;
    }
    let took = began.elapsed().as_millis();
    let settled = settled.load(Ordering::SeqCst);
    println!("done {settled} in {took} ms, at most {} kB", peak_kb());
    store.close().await?;
    Ok(())
}

/// The most memory this process ever held, as the kernel counts it.
fn peak_kb() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|rest| rest.split_whitespace().next());
    number.unwrap_or("unknown").to_owned()
}
