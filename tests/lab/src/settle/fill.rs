//! Sellers with a collected month, in bulk: no key pairs, no numbers at the grid.

use std::sync::Arc;

use lifeline_adapters::sql::Engine;
use lifeline_core::accounts::account::{Account, ProviderId};
use lifeline_core::store::{Tx, atomically};

use super::Trouble;
use super::outside::{Seller, moment, owner, seller};
use super::patience::Patience;

/// Sellers of one unit.
const UNIT: u64 = 200;
const LANES: u64 = 4;

pub(super) async fn fill(store: &Arc<Engine>, accounts: u64) -> Result<(), Trouble> {
    let units = accounts.div_ceil(UNIT);
    let mut lanes = tokio::task::JoinSet::new();
    for lane in 0..LANES {
        let store = Arc::clone(store);
        lanes.spawn(async move {
            let mut unit = lane;
            while unit < units {
                let first = unit.saturating_mul(UNIT);
                let end = first.saturating_add(UNIT).min(accounts);
                fill_unit(&store, first, end).await?;
                unit = unit.saturating_add(LANES);
            }
            Ok::<_, Trouble>(())
        });
    }
    while let Some(lane) = lanes.join_next().await {
        lane??;
    }
    Ok(())
}

async fn fill_unit(store: &Engine, first: u64, end: u64) -> Result<(), Trouble> {
    let mut patience = Patience::default();
    loop {
        let written = write(store, first, end).await;
        if let Some(done) = patience.done(written) {
            return done;
        }
    }
}

/// One person owns the generators of one unit: where the person is, all of it is.
async fn write(store: &Engine, first: u64, end: u64) -> Result<(), Trouble> {
    let person = Account {
        account_id: owner(first),
        app_id: "2021000000000001".to_owned(),
        open_id: ProviderId::parse(&format!("seller-{first}")),
        user_id: None,
        real_name: None,
        phone: None,
        merged: None,
        created_at: moment(),
        version: 1,
    };
    let sellers = (first..end).map(|n| seller(n, owner(first)));
    let sellers: Vec<Seller> = sellers.collect::<Result<_, _>>()?;
    atomically(store, async |tx: &mut Tx| {
        if tx.accounts().find(&person.account_id).await?.is_some() {
            return Ok(());
        }
        tx.accounts().add(&person).await?;
        for seller in &sellers {
            tx.generation().add(&seller.account).await?;
            tx.generation().open_table(&seller.table).await?;
            tx.settlement().add_energy(&seller.month).await?;
        }
        Ok::<_, lifeline_core::store::StoreError>(())
    })
    .await?;
    Ok(())
}
