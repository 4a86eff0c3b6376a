//! Random histories of settlement over the product's store in memory: updates, corrections, answers, silences, refusals,
//! rulings of the reviewer, payouts nobody knows of, money that comes back, kills while a call is out, ends of cooperation and
//! jumps of the clock, in any order. After each step nothing may be paid beyond what was accepted; once quiet, each month has
//! what it was last settled at.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use lifeline_adapters::keyring::{InstanceKind, Keyring};
use lifeline_adapters::sql::{Bench, Engine};
use lifeline_core::accounts::Actor;
use lifeline_core::accounts::codes::Budget;
use lifeline_core::settlement::accounts::{Generation, GenerationPorts, GenerationState};
use lifeline_core::settlement::energy::VersionState;
use lifeline_core::settlement::ids::CheckTaskId;
use lifeline_core::settlement::table_k::State;
use lifeline_core::settlement::{Feedback, MonthRows, Settlement, SettlementError};
use lifeline_core::shared::ids::Maker;
use lifeline_core::shared::page::Page;
use lifeline_core::shared::time::Time;
use lifeline_core::store::snapshot;

use crate::drills::Nobody;
use crate::model::{Model, Planted};
use crate::node::{job, owners, started, unless_killed};
use crate::unfinished::unfinished;
use crate::world::{Seller, new_seller, period};

const SELLERS: u64 = 2;
const STEPS: usize = 60;
/// Once nothing goes wrong any more, everything is final within so many rounds of an hour and more.
const ROUNDS_MAX: usize = 60;

/// Which histories: a stated number every day, more when there is time; or one again, to look closer.
fn asked() -> RangeInclusive<u64> {
    let told = |name: &str| -> Option<u64> { std::env::var(name).ok()?.parse().ok() };
    let one = told("SETTLE_HISTORY").map(|seed| seed..=seed);
    one.unwrap_or(1..=told("SETTLE_HISTORIES").unwrap_or(80))
}

fn start() -> Time {
    Time::parse_rfc3339("2026-11-02T10:00:00+08:00").unwrap()
}

/// A store with sellers, to which each history goes back.
struct Town {
    bench: Bench,
    sellers: Vec<Seller>,
    /// Jobs that were killed while a call was out.
    killed: AtomicUsize,
}

impl Town {
    async fn found() -> Self {
        let keyring = Arc::new(Keyring::generate(InstanceKind::Demo).unwrap());
        let bench = Bench::new(keyring, start()).unwrap();
        let model = Model::of(0, start(), None);
        let maker = Maker {
            clock: &model,
            entropy: &model,
        };
        let engine = bench.engine();
        let mut sellers = Vec::new();
        for nth in 0..SELLERS {
            let nth = usize::try_from(nth).unwrap();
            sellers.push(new_seller(&*engine, &maker, nth).await);
        }
        bench.keep().unwrap();
        Self {
            bench,
            sellers,
            killed: AtomicUsize::new(0),
        }
    }

    fn number(&self, sql: &str) -> i64 {
        self.bench
            .look(|db| db.query_row(sql, [], |row| row.get(0)).unwrap())
    }
}

/// The account a seller is paid at.
fn card(seller: &Seller) -> String {
    format!("62170000000{}", &seller.number[8..])
}

/// One history.
struct Life<'t> {
    town: &'t Town,
    model: Model,
    engine: Arc<Engine>,
    app: Settlement,
    generation: Generation,
    /// What was paid to whoever is over, when it was.
    over: Vec<Option<i64>>,
}

impl<'t> Life<'t> {
    fn begin(town: &'t Town, seed: u64, planted: Option<Planted>) -> Self {
        town.bench.rewind().unwrap();
        let model = Model::of(seed, start(), planted);
        let engine = town.bench.engine();
        let generation = Generation::new(GenerationPorts {
            store: engine.clone(),
            clock: Arc::new(model.clone()),
            entropy: Arc::new(model.clone()),
            grid: Arc::new(Nobody),
            vault: Arc::new(Nobody),
            passwords: Arc::new(Nobody),
            code_budget: Budget::USUAL,
            rows: vec![Arc::new(MonthRows::default())],
        });
        Self {
            town,
            app: started(&engine, &model),
            model,
            engine,
            generation,
            over: vec![None; town.sellers.len()],
        }
    }

    async fn step(&mut self) -> Result<(), String> {
        let nth = self.roll(SELLERS);
        let seller = &self.town.sellers[nth];
        match self.model.below(20) {
            0 | 1 => self.model.reads_anew(&seller.number),
            2 | 3 => job("collect", self.app.collect_all().await)?,
            4 | 5 => job("watch", self.app.watch().await)?,
            6 | 7 => job("tasks", self.app.sweep_tasks().await)?,
            8..=10 => {
                let app = self.app.clone();
                self.works("trades", app.sweep_trades())?;
            }
            11..=13 => self.owner_acts(seller).await?,
            14 => self.model.bank_moves(),
            15 => {
                let app = self.app.clone();
                self.works("returns", app.look_for_returns())?;
            }
            16 => self.owner_confirms_payee(seller).await?,
            17 => self.end(nth, false).await?,
            // Seldom back, and never far.
            18 => self.model.advance([-300, 20, 300, 700][self.roll(4)]),
            _ => self
                .model
                .advance([700, 3_600, 14_400, 90_000][self.roll(4)]),
        }
        self.safe()
    }

    /// A job that calls the bank; when it is killed meanwhile, a new process has the next turn.
    fn works<T>(
        &mut self,
        what: &str,
        work: impl Future<Output = Result<T, SettlementError>>,
    ) -> Result<(), String> {
        if let Some(done) = unless_killed(&self.model, work) {
            return job(what, done);
        }
        self.town.killed.fetch_add(1, Ordering::Relaxed);
        self.app = started(&self.engine, &self.model);
        Ok(())
    }

    fn roll(&self, bound: u64) -> usize {
        usize::try_from(self.model.below(bound)).unwrap()
    }

    async fn tasks(&self, seller: &Seller) -> Vec<(CheckTaskId, State)> {
        let mut view = snapshot(&*self.engine).await.unwrap();
        let page = Page::new(Some(100), None).unwrap();
        let found = view.settlement().tasks_of(&seller.owner, &page).await;
        let found = found.unwrap().into_iter();
        found.map(|task| (task.check_task_id, task.state)).collect()
    }

    async fn owner_acts(&self, seller: &Seller) -> Result<(), String> {
        let tasks = self.tasks(seller).await;
        let Some((id, _)) = self.model.pick(&tasks) else {
            return Ok(());
        };
        let own = match self.app.own_task(&seller.owner, id).await {
            Ok(own) => own,
            refused => return owners("own", refused),
        };
        let app = &self.app;
        let done = match self.model.below(7) {
            0..=2 => app.feed_back(&own, Feedback::Confirm, "").await,
            3 => app.feed_back(&own, Feedback::Ignore, "").await,
            4 => app.feed_back(&own, Feedback::View, "").await,
            5 => app.reject(&own, None, "").await,
            _ => app.undo(&own, "").await,
        };
        owners("answer", done)?;
        job("pushed", self.app.pushed(id).await)
    }

    async fn owner_confirms_payee(&self, seller: &Seller) -> Result<(), String> {
        for (id, _) in self.tasks(seller).await {
            if let Ok(own) = self.app.own_task(&seller.owner, &id).await {
                owners("payee", self.app.confirm_payee(&own, "").await)?;
            }
        }
        Ok(())
    }

    /// Staff or marketing end a cooperation, seldom; or one that waits for payouts is looked at again.
    async fn end(&mut self, nth: usize, only_again: bool) -> Result<(), String> {
        let seller = &self.town.sellers[nth];
        let mut view = snapshot(&*self.engine).await.unwrap();
        let account = view.generation().by_id(&seller.account).await.unwrap();
        drop(view);
        let waits = account.is_some_and(|one| one.state == GenerationState::Terminating);
        if !waits && (only_again || self.over[nth].is_some() || self.model.below(8) > 0) {
            return Ok(());
        }
        let maker = Maker {
            clock: &self.model,
            entropy: &self.model,
        };
        let actor = Actor::job("test", &maker);
        let ended = self.generation.end(&seller.account, &actor).await;
        if ended.map_err(|error| format!("end: {error}"))? == GenerationState::Terminated {
            self.over[nth] = Some(self.model.kept(&card(seller)));
        }
        Ok(())
    }

    /// What must hold whatever happened.
    fn safe(&self) -> Result<(), String> {
        for (seller, over) in self.town.sellers.iter().zip(&self.over) {
            let kept = self.model.kept(&card(seller));
            let accepted = self.town.number(&format!(
                "SELECT COALESCE(MAX(accepted_fen), 0) FROM trade_task WHERE generation_account_id = '{}'",
                seller.account
            ));
            if kept > accepted {
                return Err(format!("double: {kept} paid of {accepted} accepted"));
            }
            if over.is_some_and(|before| kept > before) {
                return Err("paid after the end".to_owned());
            }
        }
        for (what, sql) in [
            (
                "a contradiction",
                "SELECT COUNT(*) FROM case_file WHERE kind = 'contradiction'",
            ),
            (
                "one update, two tasks",
                "SELECT COUNT(*) - COUNT(DISTINCT table_id || period || data_version) FROM check_task",
            ),
            (
                "a task without an update",
                "SELECT COUNT(*) FROM check_task k WHERE NOT EXISTS (SELECT 1 FROM energy_version e \
                 WHERE e.table_id = k.table_id AND e.period = k.period AND e.data_version = k.data_version)",
            ),
        ] {
            if self.town.number(sql) > 0 {
                return Err(what.to_owned());
            }
        }
        Ok(())
    }

    /// Nothing goes wrong any more, and owners answer: everything comes to its end.
    async fn quiet(&mut self) -> Result<(), String> {
        self.model.calm();
        // Past whatever its clock said before it went back.
        self.model.advance(7_200);
        for seller in &self.town.sellers {
            // A month that nobody settled in time wants another update.
            let mut view = snapshot(&*self.engine).await.unwrap();
            let newest = view
                .settlement()
                .newest_energy(&seller.table, &period())
                .await;
            drop(view);
            let newest = newest.unwrap();
            if newest.is_some_and(|version| version.state != VersionState::Settled) {
                self.model.reads_unheard(&seller.number);
            }
        }
        for _ in 0..ROUNDS_MAX {
            self.model.advance(3_700);
            job("collect", self.app.collect_all().await)?;
            job("watch", self.app.watch().await)?;
            job("tasks", self.app.sweep_tasks().await)?;
            for nth in 0..self.town.sellers.len() {
                self.owner_answers(&self.town.sellers[nth]).await?;
                self.end(nth, true).await?;
            }
            job("returns", self.app.look_for_returns().await)?;
            job("trades", self.app.sweep_trades().await)?;
            self.safe()?;
            if unfinished(&self.town.bench).is_empty() {
                return self.verdict().await;
            }
        }
        Err(format!("stuck: {}", unfinished(&self.town.bench)))
    }

    async fn owner_answers(&self, seller: &Seller) -> Result<(), String> {
        for (id, state) in self.tasks(seller).await {
            if state == State::Open
                && let Ok(own) = self.app.own_task(&seller.owner, &id).await
            {
                let done = self.app.feed_back(&own, Feedback::Confirm, "").await;
                owners("answer", done)?;
            }
        }
        self.owner_confirms_payee(seller).await
    }

    async fn verdict(&self) -> Result<(), String> {
        let mut all = 0;
        for (seller, over) in self.town.sellers.iter().zip(&self.over) {
            let kept = self.model.kept(&card(seller));
            all += kept;
            if over.is_some() {
                self.has_forgotten(seller).await?;
                continue;
            }
            let mut view = snapshot(&*self.engine).await.unwrap();
            let newest = view
                .settlement()
                .newest_energy(&seller.table, &period())
                .await;
            let settled = newest.unwrap().and_then(|version| version.settled);
            let net = settled.map_or(0, |settled| settled.net().unwrap().get());
            let told = |what: &str| {
                let account = &seller.account;
                self.town.number(&format!(
                    "SELECT COUNT(*) FROM case_file c WHERE c.cause LIKE 'settlement:{what}:%' AND (c.subject IN \
                     (SELECT trade_task_id FROM trade_task WHERE generation_account_id = '{account}') OR c.subject IN \
                     (SELECT check_task_id FROM check_task WHERE generation_account_id = '{account}'))"
                ))
            };
            let explained = match kept.cmp(&net) {
                std::cmp::Ordering::Equal => 1,
                std::cmp::Ordering::Less => {
                    told("earlier_payout") + told("paid_other_sum") + told("returned_other_sum")
                }
                std::cmp::Ordering::Greater => told("paid_more_than_accepted"),
            };
            if explained == 0 {
                return Err(format!("lost: {kept} paid, last settled at {net}"));
            }
        }
        let booked = self.town.number(
            "SELECT COALESCE(SUM(credit_fen - debit_fen), 0) FROM ledger_line WHERE account = 'payout'",
        );
        if booked != all {
            return Err(format!("books: {booked} booked, {all} kept"));
        }
        Ok(())
    }

    /// Of a cooperation that is over nothing is left but sums.
    async fn has_forgotten(&self, seller: &Seller) -> Result<(), String> {
        let table = &seller.table;
        for (what, sql) in [
            ("trade_task", "payee IS NOT NULL"),
            ("energy_version", "(days IS NOT NULL OR lines IS NOT NULL)"),
            ("personal_table", "identity IS NOT NULL"),
            ("check_task", "reason IS NOT NULL"),
            ("check_task", "state IN ('OPEN', 'ANSWERED', 'IN_REVIEW')"),
            (
                "trade_task",
                "state NOT IN ('PAID', 'WITHDRAWN', 'RETURNED')",
            ),
        ] {
            let left = format!("SELECT COUNT(*) FROM {what} WHERE table_id = '{table}' AND {sql}");
            if self.town.number(&left) > 0 {
                return Err(format!("left behind: {what} where {sql}"));
            }
        }
        if !self.tasks(seller).await.is_empty() {
            return Err("its owner still sees tasks".to_owned());
        }
        Ok(())
    }
}

/// What is wrong with a history; nothing when it is as it should be.
async fn lived(town: &Town, seed: u64, planted: Option<Planted>) -> Option<String> {
    let mut life = Life::begin(town, seed, planted);
    for step in 0..STEPS {
        if let Err(what) = life.step().await {
            return Some(format!("history {seed}, step {step}: {what}"));
        }
    }
    let ended = life.quiet().await;
    ended
        .err()
        .map(|what| format!("history {seed}, in the end: {what}"))
}

fn on_one_thread<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(work)
}

pub(crate) fn each_month_is_paid_what_it_was_last_settled_at_in_any_history() {
    let wrong = on_one_thread(async {
        let town = Town::found().await;
        let mut wrong = Vec::new();
        for seed in asked() {
            wrong.extend(lived(&town, seed, None).await);
        }
        let killed = town.killed.load(Ordering::Relaxed);
        assert!(killed > 0 || asked().count() < 20, "none was ever killed");
        wrong
    });
    assert!(wrong.is_empty(), "{}: {wrong:#?}", wrong.len());
}

/// The verdict can see: each fault planted before the bank is found.
pub(crate) fn what_is_planted_before_the_bank_is_found() {
    on_one_thread(async {
        let town = Town::found().await;
        for planted in [
            Planted::ForgetsItsNumber,
            Planted::BelievesInSilence,
            Planted::ForgetsTheFence,
        ] {
            let mut found = None;
            for seed in 1..=2_000 {
                found = lived(&town, seed, Some(planted)).await;
                if found.is_some() {
                    break;
                }
            }
            assert!(found.is_some(), "{planted:?} was not found");
        }
    });
}
