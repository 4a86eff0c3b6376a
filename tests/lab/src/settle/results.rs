//! What the results alone cost: each month is read, computed and kept with its lines sealed, and nobody is told or
//! asked: no check task, no evidence, no event. Month by month, where the product writes a page at once.

use std::time::Instant;

use lifeline_adapters::sql::Engine;
use lifeline_core::settlement::calculation::calculate;
use lifeline_core::settlement::energy::{Settled, VersionState};
use lifeline_core::settlement::ports::{Month, PublishingPlatform as _, Stretch};
use lifeline_core::shared::money::Fen;
use lifeline_core::store::{StoreError, Tx, atomically};
use lifeline_core::tariffs::{PriceBook, TaxBook};

use super::outside::{Still, moment, period, wrong};
use super::{Place, Trouble};

/// Months of one unit, as many as the product takes.
const PAGE: i64 = 250;

pub(super) async fn run(place: &Place) -> Result<(), Trouble> {
    let store = place.open().await?;
    let told = Still.feed_in_prices(&period()?).await;
    let told = told.map_err(|_| wrong("no prices"))?;
    let prices = PriceBook::read(told.prices).map_err(|_| wrong("the prices"))?;
    let taxes = TaxBook::read(told.taxes).map_err(|_| wrong("the taxes"))?;
    let began = Instant::now();
    let mut kept: usize = 0;
    let mut stretch = Stretch::default();
    while let (done, Some(last)) = page(&store, &stretch, &prices, &taxes).await? {
        kept = kept.saturating_add(done);
        stretch.after = Some(last);
    }
    println!("results of {kept} in {} ms", began.elapsed().as_millis());
    store.close().await?;
    Ok(())
}

/// How many months of a stretch were kept, and the last of them; none when it is over.
async fn page(
    store: &Engine,
    stretch: &Stretch,
    prices: &PriceBook,
    taxes: &TaxBook,
) -> Result<(usize, Option<Month>), Trouble> {
    let done = atomically(store, async |tx: &mut Tx| {
        let months = tx.settlement().unsettled(stretch, PAGE).await?;
        let (Some(first), Some(last)) = (months.first(), months.last()) else {
            return Ok((0, None));
        };
        let found = tx.settlement().first_months(first, last, PAGE).await?;
        for month in &found {
            let mut version = month.version.clone();
            let amounts = calculate(&version.month, month.feed_in, prices, taxes);
            version.settled = Some(Settled {
                amounts: amounts.map_err(|_| StoreError::Conflict)?,
                adjustment: Fen::ZERO,
                at: moment(),
            });
            version.state = VersionState::Settled;
            tx.settlement().save_energy(&version).await?;
        }
        Ok::<_, StoreError>((found.len(), Some(last.clone())))
    })
    .await?;
    Ok(done)
}
