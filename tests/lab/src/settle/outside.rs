//! The world of the settled month: a clock that stands, chance that repeats itself, sellers by their number,
//! and a publishing platform with one change of prices. Nothing else is asked for anything.

use async_trait::async_trait;
use lifeline_core::settlement::accounts::account::{FeedIn, GenerationAccount, GenerationState};
use lifeline_core::settlement::accounts::table::{Identity, PersonalTable};
use lifeline_core::settlement::accounts::{GridConnections, Reserve};
use lifeline_core::settlement::energy::{EnergyVersion, VersionState};
use lifeline_core::settlement::ids::{
    GenerationAccountId, GenerationNo, PersonalTableId, TradingAccount,
};
use lifeline_core::settlement::ports::{
    HeadEnd, Payout, PayoutAnswer, Published, PublishingPlatform, ReviewAnswer, ReviewRequest,
    ReviewTerminal, TradePlatform,
};
use lifeline_core::settlement::readings::{DayReading, Measured, MonthEnergy, MonthReading};
use lifeline_core::shared::energy::{Kwh, Price};
use lifeline_core::shared::ids::{AccountId, Entropy, TypedId};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::shared::period::Period;
use lifeline_core::shared::personal::{IdNo, PersonName};
use lifeline_core::shared::time::{Clock, Day, Time};
use lifeline_core::tariffs::{PriceKind, PriceRow, Slot, TaxRow};

use super::Trouble;

const NOBODY: NoAnswer = NoAnswer::Unknown("not_asked_here");

/// When everything here happens: an hour after the meters were read.
pub(super) fn moment() -> Time {
    Time::parse_rfc3339("2026-11-01T03:00:00+08:00").unwrap_or_default()
}

pub(super) fn wrong(what: &'static str) -> Trouble {
    Trouble::Wrong(what.to_owned())
}

pub(super) fn period() -> Result<Period, Trouble> {
    Period::parse("2026-10").map_err(|_| wrong("the month"))
}

/// Everything outside, standing still.
#[derive(Debug, Clone, Copy)]
pub(super) struct Still;

impl Clock for Still {
    fn now(&self) -> Time {
        moment()
    }
}

/// Every draw is the same: ids differ by what they are for, so that two runs can be compared byte by byte.
impl Entropy for Still {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

/// splitmix64, as the other program has it.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: i64) -> i64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let rolled = (z ^ (z >> 31)).rem_euclid(below.unsigned_abs());
        i64::try_from(rolled).unwrap_or(0)
    }
}

fn id<T: TypedId>(kind: char, n: u64) -> T {
    T::made(format!("00000000-0000-7000-{kind}000-{n:012}"))
}

pub(super) fn owner(n: u64) -> AccountId {
    id('8', n)
}

pub(super) fn account(n: u64) -> GenerationAccountId {
    id('9', n)
}

/// Tables follow each other as their sellers do.
pub(super) fn table(n: u64) -> PersonalTableId {
    id('a', n)
}

/// One seller as it is stored before the month is settled.
pub(super) struct Seller {
    pub(super) account: GenerationAccount,
    pub(super) table: PersonalTable,
    pub(super) month: EnergyVersion,
}

pub(super) fn seller(n: u64, owner: AccountId) -> Result<Seller, Trouble> {
    let mut dice = Dice(n);
    let feed_in = if dice.roll(2) == 0 {
        FeedIn::Full
    } else {
        FeedIn::Surplus
    };
    let (now, long_ago) = (moment(), moment().plus_seconds(-90 * 86_400));
    let account = GenerationAccount {
        generation_account_id: account(n),
        account_id: owner,
        generation_no: None,
        feed_in,
        settlement_day: 28,
        contract_version: 1,
        state: GenerationState::Permitted,
        termination_asked_at: None,
        created_at: long_ago,
        next_at: Some(now),
        ended_at: None,
        version: 1,
    };
    let table = PersonalTable {
        table_id: table(n),
        generation_account_id: account.generation_account_id.clone(),
        permission_id: id('b', n),
        identity: Identity {
            name: PersonName::parse("陈光").map_err(|_| wrong("a name"))?,
            id_no: IdNo::parse("150499199001010014").map_err(|_| wrong("an ID number"))?,
            trading_account: TradingAccount::parse(&format!("621700{n:013}"))
                .map_err(|_| wrong("a trading account"))?,
        },
        payee_since: long_ago,
        payee_phone: None,
        opened_at: long_ago,
        version: 1,
    };
    let month = EnergyVersion {
        table_id: table.table_id.clone(),
        generation_account_id: account.generation_account_id.clone(),
        data_version: 1,
        month: energy(&mut dice)?,
        read_at: now.plus_seconds(-3600),
        updated_at: now.plus_seconds(-3600),
        state: VersionState::Collected,
        refusal: None,
        settled: None,
        row_version: 1,
    };
    Ok(Seller {
        account,
        table,
        month,
    })
}

fn energy(dice: &mut Dice) -> Result<MonthEnergy, Trouble> {
    let period = period()?;
    let mut days = Vec::new();
    for day in period.days() {
        let parts = [Slot::Peak, Slot::Valley].map(|slot| {
            let generated = dice.roll(600_000);
            let fed_in = dice.roll(generated.saturating_add(1));
            let (generated, fed_in) = (Kwh::from_scaled(generated), Kwh::from_scaled(fed_in));
            (slot, Measured { generated, fed_in })
        });
        days.push(DayReading {
            day,
            parts: parts.to_vec(),
        });
    }
    let read_at = moment().plus_seconds(-3600);
    let reading = MonthReading { read_at, days };
    MonthEnergy::check(&period, reading, moment(), None).map_err(|_| wrong("the readings"))
}

fn row(
    kind: PriceKind,
    slot: Slot,
    (from, until): (&str, Option<&str>),
    price: i64,
) -> Option<PriceRow> {
    Some(PriceRow {
        kind,
        slot,
        from: Day::parse(from).ok()?,
        until: match until {
            None => None,
            Some(day) => Some(Day::parse(day).ok()?),
        },
        price: Price::from_scaled(price),
    })
}

/// Prices change in the middle of the month, one per cent of tax above 400 yuan, three fen of subsidy.
fn published() -> Option<Published> {
    let (before, after) = (
        ("2026-01-01", Some("2026-10-16")),
        ("2026-10-16", None::<&str>),
    );
    let rows = [
        (PriceKind::FeedIn, Slot::Peak, before, 30_350_000),
        (PriceKind::FeedIn, Slot::Peak, after, 31_270_001),
        (PriceKind::FeedIn, Slot::Valley, before, 18_210_000),
        (PriceKind::FeedIn, Slot::Valley, after, 17_650_009),
        (
            PriceKind::Subsidy,
            Slot::Peak,
            ("2026-01-01", None),
            3_000_000,
        ),
        (
            PriceKind::Subsidy,
            Slot::Valley,
            ("2026-01-01", None),
            3_000_000,
        ),
    ];
    let prices = rows.map(|(kind, slot, days, price)| row(kind, slot, days, price));
    let tax = TaxRow {
        from: Day::parse("2026-01-01").ok()?,
        until: None,
        rate_ppm: 10_000,
        exempt_up_to: Fen::new(40_000),
    };
    Some(Published {
        prices: prices.into_iter().collect::<Option<_>>()?,
        taxes: vec![tax],
    })
}

#[async_trait]
impl PublishingPlatform for Still {
    async fn feed_in_prices(&self, _period: &Period) -> Result<Published, NoAnswer> {
        published().ok_or(NOBODY)
    }
}

#[async_trait]
impl GridConnections for Still {
    async fn reserved(&self, _number: &GenerationNo) -> Result<Option<Reserve>, NoAnswer> {
        Err(NOBODY)
    }
}

#[async_trait]
impl HeadEnd for Still {
    async fn month(
        &self,
        _number: &GenerationNo,
        _period: &Period,
    ) -> Result<Option<MonthReading>, NoAnswer> {
        Err(NOBODY)
    }
}

#[async_trait]
impl ReviewTerminal for Still {
    async fn hand_over(&self, _request: &ReviewRequest) -> Result<(), NoAnswer> {
        Err(NOBODY)
    }

    async fn ask(&self, _review_no: &str) -> Result<ReviewAnswer, NoAnswer> {
        Err(NOBODY)
    }

    async fn recall(&self, _review_no: &str) -> Result<(), NoAnswer> {
        Err(NOBODY)
    }
}

#[async_trait]
impl TradePlatform for Still {
    async fn pay(&self, _payout: &Payout) -> Result<PayoutAnswer, NoAnswer> {
        Err(NOBODY)
    }

    async fn ask(&self, _payout_no: &str) -> Result<PayoutAnswer, NoAnswer> {
        Err(NOBODY)
    }

    async fn fence(&self, _payout_no: &str) -> Result<PayoutAnswer, NoAnswer> {
        Err(NOBODY)
    }
}
