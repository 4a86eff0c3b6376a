//! Settlement with an outside that never answers, and people who sold power before it fell silent.

use std::collections::BTreeSet;
use std::sync::Arc;

use actix_web::http::StatusCode;
use async_trait::async_trait;
use lifeline_core::accounts::Actor;
use lifeline_core::settlement::accounts::{
    FeedIn, GenerationAccount, GenerationState, Identity, PersonalTable,
};
use lifeline_core::settlement::energy::{EnergyVersion, VersionState};
use lifeline_core::settlement::ids::{GenerationNo, TradingAccount};
use lifeline_core::settlement::ports::{Published, PublishingPlatform};
use lifeline_core::settlement::readings::{DayReading, Measured, MonthEnergy, MonthReading};
use lifeline_core::settlement::{Ports, Settlement, SettlementRules};
use lifeline_core::shared::energy::{Kwh, Price};
use lifeline_core::shared::ids::{AccountId, Entropy, Maker};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::shared::period::Period;
use lifeline_core::shared::personal::{IdNo, PersonName};
use lifeline_core::shared::time::{Clock, Day, Time};
use lifeline_core::store::{Store, StoreError, Tx, atomically};
use lifeline_core::tariffs::{PriceKind, PriceRow, Slot, TaxRow};
use lifeline_tests::Silence;

use crate::canary::{
    Canary, PEOPLE, canaries_in, card_of, generator_of, id_no_of, name_of, sold_of,
};
use crate::line::House;
use crate::model::Answer;
use crate::past::Past;
use crate::reads::{is, shows};
use crate::walk::Walk;

pub(crate) fn settlement(
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
) -> Settlement {
    with_prices(store, clock, entropy, Arc::new(Silence))
}

fn with_prices(
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    publishing: Arc<dyn PublishingPlatform>,
) -> Settlement {
    let silence = Arc::new(Silence);
    let ports = Ports {
        store,
        clock,
        entropy,
        head_end: silence.clone(),
        publishing,
        reviewer: silence.clone(),
        payer: silence.clone(),
        grid: silence,
    };
    Settlement::new(ports, SettlementRules::default())
}

/// Ten yuan for a kilowatt-hour, and no tax.
struct Dear;

fn dear() -> Published {
    let from = Day::parse("2020-01-01").expect("a day");
    let price = PriceRow {
        kind: PriceKind::FeedIn,
        slot: Slot::Flat,
        from,
        until: None,
        price: Price::parse("10").expect("a price"),
    };
    let tax = TaxRow {
        from,
        until: None,
        rate_ppm: 0,
        exempt_up_to: Fen::ZERO,
    };
    Published {
        prices: vec![price],
        taxes: vec![tax],
    }
}

#[async_trait]
impl PublishingPlatform for Dear {
    async fn feed_in_prices(&self, _: &Period) -> Result<Published, NoAnswer> {
        Ok(dear())
    }
}

/// One who sells: the ids of account and check task.
#[derive(Debug, Clone)]
pub(crate) struct Sale {
    account: String,
    task: String,
}

/// The last of them was paid for the month, and ends before the others' is settled.
pub(crate) const ENDED: usize = PEOPLE - 1;

impl Walk<'_> {
    /// Everybody sells power; a month of all but one is settled and waits to be checked.
    pub(crate) async fn sell(&mut self) {
        let mut ended = None;
        for person in 0..PEOPLE {
            let me = self.get(person, "/v1/me").await;
            let owner = AccountId::parse(&me.text_at("account_id")).expect("an id");
            let (account, table, mut month) = sold(self.house, person, &owner);
            let seller = (&account, &table);
            // Whose cooperation ends has nothing left to be settled or paid.
            let past = (person == ENDED).then(|| Past::of(self.house, seller, &mut month, dear()));
            let written = atomically(&*self.house.store, async |tx: &mut Tx| {
                tx.generation().add(&account).await?;
                tx.generation().open_table(&table).await?;
                tx.settlement().add_energy(&month).await?;
                match &past {
                    Some(past) => past.keep(tx).await,
                    None => Ok::<_, StoreError>(()),
                }
            });
            written.await.expect("it is written");
            self.sales.push(Sale {
                account: account.generation_account_id.to_string(),
                // Names nothing until there is a task.
                task: past.map_or_else(
                    || account.generation_account_id.to_string(),
                    |past| past.task.check_task_id.to_string(),
                ),
            });
            ended = Some(account.generation_account_id);
        }
        let house = self.house;
        let maker = Maker {
            clock: &*house.clock,
            entropy: &*house.entropy,
        };
        let actor = Actor::job("test", &maker);
        let state = house
            .generation
            .end(&ended.expect("the last"), &actor)
            .await;
        assert_eq!(state.expect("it ends"), GenerationState::Terminated);
        let (store, clock) = (house.store.clone(), house.clock.clone());
        let app = with_prices(store, clock, house.entropy.clone(), Arc::new(Dear));
        assert_eq!(app.watch().await.expect("it is watched"), ENDED);
        for person in 0..ENDED {
            let tasks = self.get(person, "/v1/check-tasks").await;
            let task = &tasks.body["items"][0]["check_task_id"];
            self.sales[person].task = task.as_str().expect("a task").to_owned();
        }
    }

    /// What one person is told of everybody's sales.
    pub(crate) async fn read_sales(&self, person: usize) {
        let seller = BTreeSet::from([Canary::Seller(person)]);
        let sold = BTreeSet::from([Canary::Sold(person)]);
        let nothing = BTreeSet::new();
        let (listed, tasks) = (
            self.get(person, "/v1/generation-accounts").await,
            self.get(person, "/v1/check-tasks").await,
        );
        for (other, sale) in self.sales.iter().enumerate() {
            let account = format!("/v1/generation-accounts/{}", sale.account);
            let table = format!("{account}/table");
            let task = format!("/v1/check-tasks/{}", sale.task);
            if other != person {
                for path in [&account, &table, &task] {
                    self.is_not_there(person, path).await;
                }
                continue;
            }
            if person == ENDED {
                shows(&listed, "the ended account", &nothing, &nothing);
                shows(&tasks, "its tasks", &nothing, &nothing);
                self.is_not_there(person, &task).await;
                let told = self.get(person, "/v1/notices?limit=100").await;
                let kept = told.text.contains("paid_out");
                assert!(!kept, "what was paid: {}", told.text);
                let read = self.get(person, &account).await;
                shows(&read, "the ended account", &nothing, &nothing);
                let read = self.get(person, &table).await;
                assert_eq!(read.code(), Some("COOPERATION_OVER"), "{}", read.text);
                assert!(canaries_in(&read.body).is_empty(), "{}", read.text);
                continue;
            }
            shows(&listed, "the own account", &seller, &seller);
            shows(&tasks, "the own tasks", &sold, &sold);
            let read = self.get(person, &account).await;
            shows(&read, "the own account", &seller, &seller);
            let mut all = seller.union(&sold).copied().collect::<BTreeSet<_>>();
            all.insert(Canary::Name(person));
            let read = self.get(person, &table).await;
            shows(&read, "the own table", &all, &all);
            let read = self.get(person, &task).await;
            is(&read, Answer::Done, StatusCode::OK);
            shows(&read, "the own task", &sold, &sold);
        }
    }
}

/// A seller whose month is worth their canary.
fn sold(
    house: &House,
    person: usize,
    owner: &AccountId,
) -> (GenerationAccount, PersonalTable, EnergyVersion) {
    let make = Maker {
        clock: &*house.clock,
        entropy: &*house.entropy,
    };
    let now = make.now();
    let account = GenerationAccount {
        generation_account_id: make.id(),
        account_id: owner.clone(),
        generation_no: Some(GenerationNo::parse(&generator_of(person)).expect("a number")),
        feed_in: FeedIn::Full,
        settlement_day: 28,
        contract_version: 1,
        state: GenerationState::Permitted,
        termination_asked_at: None,
        created_at: now,
        next_at: Some(now),
        ended_at: None,
        version: 1,
    };
    let table = PersonalTable {
        table_id: make.id(),
        generation_account_id: account.generation_account_id.clone(),
        permission_id: make.id(),
        identity: Identity {
            name: PersonName::parse(&name_of(person)).expect("a name"),
            id_no: IdNo::parse(&id_no_of(person)).expect("an ID number"),
            trading_account: TradingAccount::parse(&card_of(person)).expect("a card"),
        },
        payee_since: now,
        payee_phone: None,
        opened_at: now,
        version: 1,
    };
    let month = EnergyVersion {
        table_id: table.table_id.clone(),
        generation_account_id: account.generation_account_id.clone(),
        data_version: 1,
        month: worth(sold_of(person), now),
        read_at: now,
        updated_at: now,
        state: VersionState::Collected,
        refusal: None,
        settled: None,
        row_version: 1,
    };
    (account, table, month)
}

/// October, all of it on the first day, at ten yuan: a fen is ten of the meter's units.
fn worth(fen: i64, now: Time) -> MonthEnergy {
    let period = Period::parse("2026-10").expect("a month");
    let days = period.days().enumerate().map(|(at, day)| {
        let kwh = Kwh::from_scaled(if at == 0 { fen * 10 } else { 0 });
        let measured = Measured {
            generated: kwh,
            fed_in: kwh,
        };
        DayReading {
            day,
            parts: vec![(Slot::Flat, measured)],
        }
    });
    let reading = MonthReading {
        read_at: now,
        days: days.collect(),
    };
    MonthEnergy::check(&period, reading, now, None).expect("a month of energy")
}
