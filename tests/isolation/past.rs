//! A month of one who sells that was settled, checked and paid: what a cooperation that ends leaves behind, and shows to nobody.

use lifeline_core::notices::{Notice, SoldMonth, Told};
use lifeline_core::settlement::accounts::{GenerationAccount, PersonalTable};
use lifeline_core::settlement::calculation::calculate;
use lifeline_core::settlement::check_task::CheckTask;
use lifeline_core::settlement::countdown::Countdown;
use lifeline_core::settlement::energy::{EnergyVersion, Settled, VersionState};
use lifeline_core::settlement::ports::Published;
use lifeline_core::settlement::table_k::{self, Verdict};
use lifeline_core::settlement::table_t;
use lifeline_core::settlement::trade_queue::Weights;
use lifeline_core::settlement::trade_task::TradeTask;
use lifeline_core::shared::ids::Maker;
use lifeline_core::shared::money::Fen;
use lifeline_core::store::{StoreError, Tx};
use lifeline_core::tariffs::{PriceBook, TaxBook};

use crate::line::House;

/// Rows of a month that is over for good.
pub(crate) struct Past {
    pub(crate) task: CheckTask,
    trade: TradeTask,
    told: Notice,
}

impl Past {
    /// Settles the month, and makes what became of it.
    pub(crate) fn of(
        house: &House,
        (account, table): (&GenerationAccount, &PersonalTable),
        month: &mut EnergyVersion,
        published: Published,
    ) -> Self {
        let make = Maker {
            clock: &*house.clock,
            entropy: &*house.entropy,
        };
        let now = make.now();
        let prices = PriceBook::read(published.prices).expect("prices");
        let taxes = TaxBook::read(published.taxes).expect("taxes");
        let amounts = calculate(&month.month, account.feed_in, &prices, &taxes).expect("sums");
        let net = amounts.net;
        month.state = VersionState::Settled;
        month.settled = Some(Settled {
            amounts,
            adjustment: Fen::ZERO,
            at: now,
        });
        let task = CheckTask {
            check_task_id: make.id(),
            generation_account_id: account.generation_account_id.clone(),
            owner: account.account_id.clone(),
            table_id: table.table_id.clone(),
            period: month.period().clone(),
            data_version: month.data_version,
            state: table_k::State::Dispatched,
            verdict: Some(Verdict::Confirm),
            reason: None,
            net,
            paid_before: Fen::ZERO,
            countdown: Countdown {
                began_at: now,
                ends_at: now.plus_seconds(3_600),
            },
            reminded: 0,
            pushed_at: Some(now),
            waited_again: false,
            undo_spent: false,
            review_no: None,
            review_round: 0,
            review_sent_at: None,
            review_began_at: None,
            newer: None,
            created_at: now,
            next_at: None,
            version: 1,
        };
        let trade = paid(&make, table, &task);
        let told = Notice {
            notice_id: make.id(),
            account_id: account.account_id.clone(),
            event_id: make.id(),
            told: Told::PaidOut(SoldMonth {
                check_task_id: task.check_task_id.to_string(),
                period: task.period.clone(),
                amount_fen: net,
                happened_at: now,
                due_at: None,
            }),
            payment_id: None,
            created_at: now,
            read_at: None,
            texted_at: None,
        };
        Self { task, trade, told }
    }

    /// Behind the month's own row.
    pub(crate) async fn keep(&self, tx: &mut Tx) -> Result<(), StoreError> {
        tx.settlement().add_task(&self.task).await?;
        tx.settlement().add_trade(&self.trade).await?;
        assert!(tx.notices().add(&self.told).await?, "it is told");
        Ok(())
    }
}

/// The payout of a task that was answered.
fn paid(make: &Maker<'_>, table: &PersonalTable, task: &CheckTask) -> TradeTask {
    let (now, weights) = (make.now(), Weights::default());
    TradeTask {
        trade_task_id: make.id(),
        check_task_id: task.check_task_id.clone(),
        generation_account_id: task.generation_account_id.clone(),
        table_id: task.table_id.clone(),
        period: task.period.clone(),
        state: table_t::State::Paid,
        accepted: task.net,
        amount: task.net,
        key: weights.key(task.net, now),
        weights_epoch: weights.epoch,
        enqueued_at: now,
        payout_no: Some(format!("t0{}", make.base62(22))),
        numbers: 1,
        paid: Some(task.net),
        payee: Some(table.identity.clone()),
        sent_at: Some(now),
        hold: None,
        payee_confirmed: false,
        refusals: 0,
        kept: Fen::ZERO,
        frozen: false,
        next_at: None,
        version: 1,
    }
}
