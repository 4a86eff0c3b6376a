//! What is stored: the sums as another program writes them, and every row that settling made.

use std::fmt::Write as _;

use aws_lc_rs::digest::{Context, SHA256};
use lifeline_adapters::sql::Engine;
use lifeline_core::shared::draw::Draw;
use lifeline_core::shared::ids::{EvidenceId, Maker};
use lifeline_core::store::{StoreError, Tx, atomically};

use super::Trouble;
use super::outside::{Still, account, period, table, wrong};
use super::patience::Patience;

/// Two digests over all sellers in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Digests {
    /// `n gross tax subsidy net` a line.
    pub(super) sums: String,
    /// Version, task and evidence, everything of each.
    pub(super) rows: String,
}

/// Sellers looked at together.
const PAGE: u64 = 200;

pub(super) async fn look(store: &Engine, accounts: u64) -> Result<Digests, Trouble> {
    let (mut sums, mut rows) = (Context::new(&SHA256), Context::new(&SHA256));
    let mut first = 0;
    while first < accounts {
        let end = first.saturating_add(PAGE).min(accounts);
        let (more_sums, more_rows) = read(store, first, end).await?;
        sums.update(more_sums.as_bytes());
        rows.update(more_rows.as_bytes());
        first = end;
    }
    // Nothing was told twice, nobody was forgotten.
    let waiting = atomically(store, async |tx: &mut Tx| tx.outbox().backlog().await).await?;
    if u64::try_from(waiting) != Ok(accounts) {
        return Err(Trouble::Wrong(format!(
            "{waiting} events of {accounts} months"
        )));
    }
    rows.update(waiting.to_string().as_bytes());
    Ok(Digests {
        sums: hex(sums),
        rows: hex(rows),
    })
}

fn hex(digest: Context) -> String {
    let mut text = String::new();
    for byte in digest.finish().as_ref() {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

async fn read(store: &Engine, first: u64, end: u64) -> Result<(String, String), Trouble> {
    let mut patience = Patience::default();
    loop {
        let found = page(store, first, end).await;
        if let Some(done) = patience.done(found) {
            return done;
        }
    }
}

async fn page(store: &Engine, first: u64, end: u64) -> Result<(String, String), Trouble> {
    let month = period()?;
    let same = Still;
    let maker = Maker {
        clock: &same,
        entropy: &same,
    };
    let draw = Draw::new(maker, "", "");
    let found = atomically(store, async |tx: &mut Tx| {
        let mut found = Vec::new();
        for n in first..end {
            let id = table(n);
            let version = tx.settlement().newest_energy(&id, &month).await?;
            let task = tx.settlement().newest_task(&id, &month).await?;
            let sells = tx.generation().by_id(&account(n)).await?;
            let entry = match &task {
                None => None,
                Some(task) => {
                    let cause = format!("k:{}:1:sent", task.check_task_id);
                    let id = draw.id::<EvidenceId>("evidence", &cause);
                    tx.evidence().find(&id).await?
                }
            };
            let sells = sells.map(|account| account.feed_in);
            found.push((n, version, task, entry, sells));
        }
        Ok::<_, StoreError>(found)
    })
    .await?;
    let (mut sums, mut rows) = (String::new(), String::new());
    for (n, version, task, entry, sells) in found {
        let (Some(version), Some(task), Some(entry), Some(sells)) = (version, task, entry, sells)
        else {
            return Err(Trouble::Wrong(format!("seller {n} was forgotten")));
        };
        let settled = version.settled.as_ref();
        let amounts = &settled
            .ok_or_else(|| wrong("a month without sums"))?
            .amounts;
        let (gross, tax) = (amounts.gross.get(), amounts.tax.get());
        let (subsidy, net) = (amounts.subsidy.get(), amounts.net.get());
        if task.net.get() != net || !version.agrees(sells) {
            return Err(Trouble::Wrong(format!("the figures of seller {n} differ")));
        }
        let _ = writeln!(sums, "{n} {gross} {tax} {subsidy} {net}");
        let _ = writeln!(rows, "{version:?} {task:?} {entry:?}");
    }
    Ok((sums, rows))
}
