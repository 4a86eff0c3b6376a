//! The grid-connection data of generators (PV-03).

use async_trait::async_trait;
use lifeline_core::settlement::accounts::reserve::{GridConnections, Reserve};
use lifeline_core::settlement::accounts::{FeedIn, Identity};
use lifeline_core::settlement::ids::{GenerationNo, TradingAccount};
use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::shared::personal::{Address, ConsumerNo, IdNo, PersonName};
use serde::Deserialize;

use super::{Marketing, Refusal, UNREADABLE};
use crate::wire::operation;

#[derive(Deserialize)]
struct ReservedReply {
    generation_no: String,
    grid_user_no: String,
    address_enc: String,
    name_enc: String,
    id_no_enc: String,
    trading_account_enc: String,
    feed_in: FeedInWord,
    settlement_day: i64,
    contract_version: i64,
    status: StatusWord,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum FeedInWord {
    Full,
    Surplus,
}

#[derive(Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum StatusWord {
    InForce,
    Ended,
}

#[async_trait]
impl GridConnections for Marketing {
    async fn reserved(&self, generation_no: &GenerationNo) -> Result<Option<Reserve>, NoAnswer> {
        let path = ["generators", generation_no.expose(), "reserved"];
        let reply: Result<ReservedReply, Refusal> = self
            .read(operation!("GET /generators/{no}/reserved"), &path, &[])
            .await?;
        match reply {
            Ok(reply) => self.reserve(&reply).ok_or(UNREADABLE).map(Some),
            Err(Refusal::ConsumerUnavailable) => Ok(None),
            Err(other) => Err(other.unexpected()),
        }
    }
}

impl Marketing {
    fn reserve(&self, reply: &ReservedReply) -> Option<Reserve> {
        let open = |field, sealed: &str| self.line.open(field, sealed);
        let days = 1..=28;
        if !days.contains(&reply.settlement_day) || reply.contract_version < 1 {
            return None;
        }
        Some(Reserve {
            generation_no: GenerationNo::parse(&reply.generation_no).ok()?,
            grid_user_no: ConsumerNo::parse(&reply.grid_user_no).ok()?,
            address: Address::from_store(open("address_enc", &reply.address_enc)?.to_string()),
            identity: Identity {
                name: PersonName::parse(&open("name_enc", &reply.name_enc)?).ok()?,
                id_no: IdNo::parse(&open("id_no_enc", &reply.id_no_enc)?).ok()?,
                trading_account: TradingAccount::parse(&open(
                    "trading_account_enc",
                    &reply.trading_account_enc,
                )?)
                .ok()?,
            },
            feed_in: match reply.feed_in {
                FeedInWord::Full => FeedIn::Full,
                FeedInWord::Surplus => FeedIn::Surplus,
            },
            settlement_day: reply.settlement_day,
            contract_version: reply.contract_version,
            in_force: reply.status == StatusWord::InForce,
        })
    }
}
