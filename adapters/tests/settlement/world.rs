//! The outside as a programmable double: head-end, publishing platform, review terminal and
//! trade-execution platform, with the faults the last can have. It answers from its own books.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use lifeline_core::accounts::account::{Account, ProviderId};
use lifeline_core::settlement::accounts::account::{FeedIn, GenerationAccount, GenerationState};
use lifeline_core::settlement::accounts::table::{Identity, PersonalTable};
use lifeline_core::settlement::check_task::CheckTask;
use lifeline_core::settlement::ids::{
    CheckTaskId, GenerationAccountId, GenerationNo, PersonalTableId, TradingAccount,
};
use lifeline_core::settlement::ports::{
    HeadEnd, Payout, PayoutAnswer, Published, PublishingPlatform, ReviewAnswer, ReviewRequest,
    ReviewTerminal, TradePlatform,
};
use lifeline_core::settlement::readings::{DayReading, Measured, MonthReading};
use lifeline_core::settlement::trade_task::TradeTask;
use lifeline_core::settlement::{Ports, Settlement, SettlementRules};
use lifeline_core::shared::energy::{Kwh, Price};
use lifeline_core::shared::ids::{AccountId, Entropy, Maker};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::shared::page::Page;
use lifeline_core::shared::period::Period;
use lifeline_core::shared::personal::{IdNo, PersonName};
use lifeline_core::shared::time::{Clock, Day, Time};
use lifeline_core::store::{Store, StoreError, Tx, atomically, snapshot};
use lifeline_core::tariffs::{PriceKind, PriceRow, Slot, TaxRow};

use crate::store::Place;

/// What happens to one call of the trade-execution platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It takes effect, and the answer is lost.
    AfterCommit,
    /// It never arrives, and nobody here can tell.
    Before,
    /// It is refused for good.
    Refused,
    /// It is refused for good, and the answer is lost.
    RefusedUnheard,
    /// Another sum is paid.
    OtherSum,
}

#[derive(Debug, Default)]
pub(crate) struct World {
    now: i64,
    seed: u64,
    pub(crate) readings: HashMap<String, MonthReading>,
    /// Generation numbers the head-end gives no answer about.
    pub(crate) mute: BTreeSet<String>,
    pub(crate) published: Published,
    /// Months whose prices are not told.
    pub(crate) untold: BTreeSet<String>,
    pub(crate) reviews: BTreeMap<String, (ReviewRequest, ReviewAnswer)>,
    /// Every payout in the order it came: number, sum, payee's account, state.
    pub(crate) payouts: Vec<(String, Fen, String, PayoutAnswer)>,
    /// Who is to be paid, by the payout's number.
    pub(crate) payees: BTreeMap<String, Identity>,
    /// Whom the reserve names of a generator, where it is another than the payee.
    pub(crate) holders: BTreeMap<String, PersonName>,
    pub(crate) is_reserve_silent: bool,
    /// How often the reserve was asked.
    pub(crate) reserve_asked: u64,
    pub(crate) faults: VecDeque<Fault>,
    pub(crate) is_silent: bool,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Outside(Arc<Mutex<World>>);

impl Outside {
    pub(crate) fn at(start: Time) -> Self {
        let outside = Self::default();
        outside.with(|world| {
            world.now = start.micros();
            world.published = prices();
        });
        outside
    }

    pub(crate) fn with<T>(&self, act: impl FnOnce(&mut World) -> T) -> T {
        act(&mut self.0.lock().unwrap())
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.with(|world| world.now += seconds * 1_000_000);
    }

    /// Chance of its own for one of several worlds over one store.
    pub(crate) fn fill_differently(&self, nth: usize) {
        self.with(|world| world.seed = u64::try_from(nth).unwrap() + 1_000);
    }

    /// What was really paid and not returned.
    pub(crate) fn paid(&self) -> Fen {
        self.with(|world| {
            let paid = world
                .payouts
                .iter()
                .filter_map(|(_, _, _, state)| match state {
                    PayoutAnswer::Paid(sum) => Some(*sum),
                    _ => None,
                });
            Fen::sum(paid).unwrap()
        })
    }

    fn answer_of(&self, number: &str) -> PayoutAnswer {
        self.with(|world| {
            let found = world
                .payouts
                .iter()
                .find(|(known, _, _, _)| known == number);
            found.map_or(PayoutAnswer::NotFound, |(_, _, _, state)| *state)
        })
    }
}

impl Clock for Outside {
    fn now(&self) -> Time {
        self.with(|world| Time::from_micros(world.now))
    }
}

impl Entropy for Outside {
    fn fill(&self, bytes: &mut [u8]) {
        self.with(|world| {
            for byte in bytes {
                world.seed = world
                    .seed
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                *byte = world.seed.to_be_bytes()[0];
            }
        });
    }
}

#[async_trait]
impl HeadEnd for Outside {
    async fn month(
        &self,
        number: &GenerationNo,
        period: &Period,
    ) -> Result<Option<MonthReading>, NoAnswer> {
        let key = format!("{}:{period}", number.expose());
        self.with(|world| {
            if world.mute.contains(number.expose()) {
                return Err(NoAnswer::Unknown("mute"));
            }
            Ok(world.readings.get(&key).cloned())
        })
    }
}

#[async_trait]
impl PublishingPlatform for Outside {
    async fn feed_in_prices(&self, period: &Period) -> Result<Published, NoAnswer> {
        self.with(|world| {
            if world.untold.contains(period.as_str()) {
                return Err(NoAnswer::Unknown("untold"));
            }
            Ok(world.published.clone())
        })
    }
}

#[async_trait]
impl ReviewTerminal for Outside {
    async fn hand_over(&self, request: &ReviewRequest) -> Result<(), NoAnswer> {
        self.with(|world| {
            if world.is_silent {
                return Err(NoAnswer::Unknown("silent"));
            }
            let number = request.review_no.clone();
            world
                .reviews
                .entry(number)
                .or_insert((request.clone(), ReviewAnswer::Pending));
            Ok(())
        })
    }

    async fn ask(&self, review_no: &str) -> Result<ReviewAnswer, NoAnswer> {
        self.with(|world| {
            if world.is_silent {
                return Err(NoAnswer::Unknown("silent"));
            }
            let found = world.reviews.get(review_no);
            Ok(found.map_or(ReviewAnswer::NotFound, |(_, answer)| *answer))
        })
    }

    async fn recall(&self, review_no: &str) -> Result<(), NoAnswer> {
        self.with(|world| world.reviews.remove(review_no));
        Ok(())
    }
}

#[async_trait]
impl TradePlatform for Outside {
    async fn pay(&self, payout: &Payout) -> Result<PayoutAnswer, NoAnswer> {
        let known = self.answer_of(&payout.payout_no);
        if known != PayoutAnswer::NotFound {
            return Ok(known);
        }
        self.with(|world| {
            let fault = world.faults.pop_front();
            let sum = match fault {
                Some(Fault::Before) => return Err(NoAnswer::Unknown("before")),
                Some(Fault::Refused) => return Ok(PayoutAnswer::Refused),
                Some(Fault::OtherSum) => Fen::new(payout.amount.get() - 1),
                Some(Fault::AfterCommit | Fault::RefusedUnheard) | None => payout.amount,
            };
            let card = payout.payee.trading_account.expose().to_owned();
            let payee = payout.payee.clone();
            world.payees.insert(payout.payout_no.clone(), payee);
            let state = match fault {
                Some(Fault::RefusedUnheard) => PayoutAnswer::Refused,
                _ => PayoutAnswer::Paid(sum),
            };
            world
                .payouts
                .push((payout.payout_no.clone(), sum, card, state));
            if matches!(fault, Some(Fault::AfterCommit | Fault::RefusedUnheard)) {
                return Err(NoAnswer::Unknown("after"));
            }
            Ok(state)
        })
    }

    async fn ask(&self, payout_no: &str) -> Result<PayoutAnswer, NoAnswer> {
        Ok(self.answer_of(payout_no))
    }

    async fn fence(&self, payout_no: &str) -> Result<PayoutAnswer, NoAnswer> {
        let known = self.answer_of(payout_no);
        if known != PayoutAnswer::NotFound {
            return Ok(known);
        }
        self.with(|world| {
            let row = (
                payout_no.to_owned(),
                Fen::ZERO,
                String::new(),
                PayoutAnswer::Fenced,
            );
            world.payouts.push(row);
        });
        Ok(PayoutAnswer::Fenced)
    }
}

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

/// 0.3 yuan by day, 0.2 by night, one per cent of tax above 1000 yuan.
pub(crate) fn prices() -> Published {
    let row = |slot, price: &str| PriceRow {
        kind: PriceKind::FeedIn,
        slot,
        from: day("2026-01-01"),
        until: None,
        price: Price::parse(price).unwrap(),
    };
    Published {
        prices: vec![row(Slot::Peak, "0.3"), row(Slot::Valley, "0.2")],
        taxes: vec![TaxRow {
            from: day("2026-01-01"),
            until: None,
            rate_ppm: 10_000,
            exempt_up_to: Fen::new(100_000),
        }],
    }
}

pub(crate) fn period() -> Period {
    Period::parse("2026-10").unwrap()
}

/// Every day so much in the peak and half of it in the valley.
pub(crate) fn month(read_at: Time, peak: &str) -> MonthReading {
    let peak = Kwh::parse(peak).unwrap();
    let valley = Kwh::from_scaled(peak.scaled() / 2);
    let both = |kwh| Measured {
        generated: kwh,
        fed_in: kwh,
    };
    let days = period().days().map(|day| DayReading {
        day,
        parts: vec![(Slot::Peak, both(peak)), (Slot::Valley, both(valley))],
    });
    MonthReading {
        read_at,
        days: days.collect(),
    }
}

pub(crate) fn rules() -> SettlementRules {
    SettlementRules::default()
}

/// This outside, over a store.
pub(crate) fn ports(store: Arc<dyn Store>, outside: &Outside) -> Ports {
    Ports {
        store,
        clock: Arc::new(outside.clone()),
        entropy: Arc::new(outside.clone()),
        head_end: Arc::new(outside.clone()),
        publishing: Arc::new(outside.clone()),
        reviewer: Arc::new(outside.clone()),
        payer: Arc::new(outside.clone()),
        grid: Arc::new(outside.clone()),
    }
}

pub(crate) fn app(place: &Place, outside: &Outside, rules: SettlementRules) -> Settlement {
    Settlement::new(ports(place.store.clone(), outside), rules)
}

/// A household that sells power, with its table open since long.
#[derive(Debug, Clone)]
pub(crate) struct Seller {
    pub(crate) owner: AccountId,
    pub(crate) account: GenerationAccountId,
    pub(crate) table: PersonalTableId,
    pub(crate) number: String,
}

impl Place {
    pub(crate) async fn write<T>(
        &self,
        work: impl AsyncFnOnce(&mut Tx) -> Result<T, StoreError> + Clone,
    ) -> T {
        atomically(&*self.store, work).await.unwrap()
    }

    pub(crate) async fn seller(&self, outside: &Outside, nth: usize) -> Seller {
        let make = Maker {
            clock: outside,
            entropy: outside,
        };
        new_seller(&*self.store, &make, nth).await
    }

    pub(crate) async fn task(&self, id: &CheckTaskId) -> CheckTask {
        let mut view = snapshot(&*self.store).await.unwrap();
        view.settlement().task(id).await.unwrap().unwrap()
    }

    pub(crate) async fn newest_task(&self, seller: &Seller) -> CheckTask {
        let mut view = snapshot(&*self.store).await.unwrap();
        let found = view
            .settlement()
            .newest_task(&seller.table, &period())
            .await;
        found.unwrap().unwrap()
    }

    pub(crate) async fn trade_of(&self, id: &CheckTaskId) -> Option<TradeTask> {
        let mut view = snapshot(&*self.store).await.unwrap();
        view.settlement().trade_of(id).await.unwrap()
    }

    pub(crate) async fn tasks_of(&self, owner: &AccountId) -> Vec<CheckTask> {
        let mut view = snapshot(&*self.store).await.unwrap();
        let page = Page::new(Some(100), None).unwrap();
        view.settlement().tasks_of(owner, &page).await.unwrap()
    }
}

/// A seller of that number in a store, whose table is open since long.
pub(crate) async fn new_seller(store: &dyn Store, make: &Maker<'_>, nth: usize) -> Seller {
    let owner: AccountId = make.id();
    let person = Account {
        account_id: owner.clone(),
        app_id: "app".to_owned(),
        open_id: ProviderId::parse(&format!("seller-{nth}")),
        user_id: None,
        real_name: None,
        phone: None,
        merged: None,
        created_at: make.now(),
        version: 1,
    };
    let number = format!("15049900{nth:05}");
    let long_ago = make.now().plus_seconds(-90 * 86_400);
    let account = GenerationAccount {
        generation_account_id: make.id(),
        account_id: owner.clone(),
        generation_no: Some(GenerationNo::parse(&number).unwrap()),
        feed_in: FeedIn::Surplus,
        settlement_day: 28,
        contract_version: 1,
        state: GenerationState::Permitted,
        termination_asked_at: None,
        created_at: long_ago,
        next_at: Some(make.now().plus_seconds(900_000)),
        ended_at: None,
        version: 1,
    };
    let table = PersonalTable {
        table_id: make.id(),
        generation_account_id: account.generation_account_id.clone(),
        permission_id: make.id(),
        identity: Identity {
            name: PersonName::parse("陈光").unwrap(),
            id_no: IdNo::parse("150499199001010014").unwrap(),
            trading_account: TradingAccount::parse(&format!("62170000000{nth:05}")).unwrap(),
        },
        payee_since: long_ago,
        payee_phone: None,
        opened_at: long_ago,
        version: 1,
    };
    atomically(store, async |tx: &mut Tx| {
        tx.accounts().add(&person).await?;
        tx.generation().add(&account).await?;
        tx.generation().open_table(&table).await
    })
    .await
    .unwrap();
    Seller {
        owner,
        account: account.generation_account_id,
        table: table.table_id,
        number,
    }
}

impl Outside {
    /// The head-end has this seller's month.
    pub(crate) fn reads(&self, seller: &Seller, peak: &str) {
        let reading = month(self.now(), peak);
        let key = format!("{}:{}", seller.number, period());
        self.with(|world| world.readings.insert(key, reading));
    }
}
