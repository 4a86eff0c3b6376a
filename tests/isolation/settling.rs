//! Settlement with an outside that never answers.

use std::sync::Arc;

use async_trait::async_trait;
use lifeline_core::settlement::ids::GenerationNo;
use lifeline_core::settlement::ports::{
    HeadEnd, Payout, PayoutAnswer, Published, PublishingPlatform, ReviewAnswer, ReviewRequest,
    ReviewTerminal, TradePlatform,
};
use lifeline_core::settlement::readings::MonthReading;
use lifeline_core::settlement::{Ports, Settlement, SettlementRules};
use lifeline_core::shared::ids::Entropy;
use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::shared::period::Period;
use lifeline_core::shared::time::Clock;
use lifeline_core::store::Store;

use crate::line::{SILENT, Silence};

pub(crate) fn settlement(
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
) -> Settlement {
    let silence = Arc::new(Silence);
    let ports = Ports {
        store,
        clock,
        entropy,
        head_end: silence.clone(),
        publishing: silence.clone(),
        reviewer: silence.clone(),
        payer: silence,
    };
    Settlement::new(ports, SettlementRules::default())
}

#[async_trait]
impl HeadEnd for Silence {
    async fn month(&self, _: &GenerationNo, _: &Period) -> Result<Option<MonthReading>, NoAnswer> {
        Err(SILENT)
    }
}

#[async_trait]
impl PublishingPlatform for Silence {
    async fn feed_in_prices(&self, _: &Period) -> Result<Published, NoAnswer> {
        Err(SILENT)
    }
}

#[async_trait]
impl ReviewTerminal for Silence {
    async fn hand_over(&self, _: &ReviewRequest) -> Result<(), NoAnswer> {
        Err(SILENT)
    }
    async fn ask(&self, _: &str) -> Result<ReviewAnswer, NoAnswer> {
        Err(SILENT)
    }
    async fn recall(&self, _: &str) -> Result<(), NoAnswer> {
        Err(SILENT)
    }
}

#[async_trait]
impl TradePlatform for Silence {
    async fn pay(&self, _: &Payout) -> Result<PayoutAnswer, NoAnswer> {
        Err(SILENT)
    }
    async fn ask(&self, _: &str) -> Result<PayoutAnswer, NoAnswer> {
        Err(SILENT)
    }
    async fn fence(&self, _: &str) -> Result<PayoutAnswer, NoAnswer> {
        Err(SILENT)
    }
}
