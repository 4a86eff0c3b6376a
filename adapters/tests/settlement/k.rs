//! Cells of table K: a task is put in the cell's state, the input applied by the real unit of work, and
//! the store read afterwards.

use lifeline_core::cases::CaseKind;
use lifeline_core::settlement::accounts::account::FeedIn;
use lifeline_core::settlement::calculation::calculate;
use lifeline_core::settlement::check_task::CheckTask;
use lifeline_core::settlement::checking::Seen;
use lifeline_core::settlement::countdown::Countdown;
use lifeline_core::settlement::energy::{EnergyVersion, Settled, VersionState};
use lifeline_core::settlement::ids::{CheckTaskId, TradeTaskId};
use lifeline_core::settlement::readings::MonthEnergy;
use lifeline_core::settlement::table_k::{Input, State, Verdict};
use lifeline_core::settlement::table_t;
use lifeline_core::settlement::trade_queue::Weights;
use lifeline_core::settlement::trade_task::{Hold, TradeTask};
use lifeline_core::shared::ids::Maker;
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::time::Clock as _;
use lifeline_core::store::snapshot;
use lifeline_core::tariffs::{PriceBook, TaxBook};

use crate::Expected;
use crate::store::{Place, start};
use crate::world::{Outside, Seller, app, month, period, prices, rules};

/// 31 days of 10 kWh at 0.3 and 5 kWh at 0.2.
pub(crate) const NET: Fen = Fen::new(12_400);

/// The month, settled, as it is in the store.
pub(crate) async fn settled(
    place: &Place,
    outside: &Outside,
    seller: &Seller,
    n: i64,
) -> EnergyVersion {
    let now = outside.now();
    let energy = MonthEnergy::check(&period(), month(now, "10"), now, None).unwrap();
    let published = prices();
    let books = (
        PriceBook::read(published.prices).unwrap(),
        TaxBook::read(published.taxes).unwrap(),
    );
    let amounts = calculate(&energy, FeedIn::Surplus, &books.0, &books.1).unwrap();
    assert_eq!(amounts.net, NET);
    let version = EnergyVersion {
        table_id: seller.table.clone(),
        generation_account_id: seller.account.clone(),
        data_version: n,
        month: energy,
        read_at: now,
        updated_at: now,
        state: VersionState::Settled,
        refusal: None,
        settled: Some(Settled {
            amounts,
            adjustment: Fen::ZERO,
            at: now,
        }),
        row_version: 1,
    };
    assert!(version.agrees(FeedIn::Surplus));
    place
        .write(async |tx| tx.settlement().add_energy(&version).await)
        .await;
    version
}

pub(crate) fn task_in(outside: &Outside, seller: &Seller, state: State) -> CheckTask {
    let make = Maker {
        clock: outside,
        entropy: outside,
    };
    let now = outside.now();
    CheckTask {
        check_task_id: make.id::<CheckTaskId>(),
        generation_account_id: seller.account.clone(),
        owner: seller.owner.clone(),
        table_id: seller.table.clone(),
        period: period(),
        data_version: 1,
        state,
        verdict: (state == State::Answered).then_some(Verdict::Confirm),
        reason: None,
        net: NET,
        paid_before: Fen::ZERO,
        countdown: Countdown {
            began_at: now.plus_seconds(-7200),
            ends_at: now.plus_seconds(7200),
        },
        reminded: 0,
        pushed_at: None,
        waited_again: false,
        undo_spent: false,
        review_no: (state == State::InReview).then(|| "rv1".to_owned()),
        review_round: i64::from(state == State::InReview),
        review_sent_at: None,
        review_began_at: (state == State::InReview).then_some(now),
        newer: None,
        created_at: now,
        next_at: (!state.is_final()).then_some(now),
        version: 1,
    }
}

pub(crate) fn trade_in(outside: &Outside, task: &CheckTask, state: table_t::State) -> TradeTask {
    use table_t::State as T;
    let make = Maker {
        clock: outside,
        entropy: outside,
    };
    let now = outside.now();
    let sent = matches!(state, T::Sending | T::Unknown | T::Paid | T::Returned);
    let weights = Weights::default();
    TradeTask {
        trade_task_id: make.id::<TradeTaskId>(),
        check_task_id: task.check_task_id.clone(),
        generation_account_id: task.generation_account_id.clone(),
        table_id: task.table_id.clone(),
        period: task.period.clone(),
        state,
        accepted: task.net,
        amount: task.net,
        key: weights.key(task.net, now),
        weights_epoch: weights.epoch,
        enqueued_at: now,
        payout_no: sent.then(|| format!("t0{}", make.base62(22))),
        paid: matches!(state, T::Paid | T::Returned).then_some(task.net),
        payee: None,
        sent_at: sent.then_some(now),
        hold: match state {
            T::Held => Some(Hold::Unchecked),
            T::Returned => Some(Hold::Returned),
            _ => None,
        },
        payee_confirmed: false,
        numbers: 0,
        refusals: 0,
        kept: Fen::ZERO,
        frozen: false,
        next_at: (!state.is_final()).then_some(now),
        version: 1,
    }
}

fn trade_state(expected: &Expected) -> Option<table_t::State> {
    let words = [
        ("trade_held", table_t::State::Held),
        ("trade_queued", table_t::State::Queued),
        ("trade_sending", table_t::State::Sending),
        ("trade_paid", table_t::State::Paid),
        ("trade_returned", table_t::State::Returned),
    ];
    words
        .into_iter()
        .find(|(word, _)| expected.when(word))
        .map(|(_, state)| state)
}

pub(crate) async fn cell(place: Place, expected: Expected) {
    let outside = Outside::at(start());
    let seller = place.seller(&outside, 1).await;
    settled(&place, &outside, &seller, 1).await;
    let state = State::parse(&expected.state).unwrap();
    let input = Input::parse(&expected.input).unwrap();
    let mut task = task_in(&outside, &seller, state);
    for (word, verdict) in [
        ("confirmed", Verdict::Confirm),
        ("ignored", Verdict::Ignore),
        ("timed_out", Verdict::Timeout),
        ("upheld", Verdict::Upheld),
    ] {
        if expected.when(word) {
            task.verdict = Some(verdict);
        }
    }
    task.pushed_at = expected.when("pushed").then(|| outside.now());
    task.waited_again = expected.when("waited_again");
    task.undo_spent = expected.when("undo_spent");
    if expected.when("round_3") {
        task.review_round = 3;
    }
    place
        .write(async |tx| tx.settlement().add_task(&task).await)
        .await;
    let trade = trade_state(&expected).map(|state| trade_in(&outside, &task, state));
    if let Some(trade) = &trade {
        place
            .write(async |tx| tx.settlement().add_trade(trade).await)
            .await;
    }
    let newer = if input == Input::NewerData {
        Some(settled(&place, &outside, &seller, 2).await)
    } else {
        None
    };
    let seen = Seen {
        input,
        corrected: Some(Fen::new(9_000)),
        newer,
        reason: None,
    };
    let app = app(&place, &outside, rules());
    let id = &task.check_task_id;
    let proven = lines(&place).await;
    let applied = app.see_task(id, &seen, "job:test", "").await.unwrap();

    let words: Vec<&str> = applied
        .effects
        .iter()
        .map(|effect| effect.as_str())
        .collect();
    assert_eq!(words, expected.effects, "{expected:?}");
    let after = place.task(id).await;
    assert_eq!(after.state.as_str(), expected.next, "{expected:?}");
    assert_eq!(
        after.state.is_final(),
        after.next_at.is_none(),
        "{expected:?}"
    );
    rows(&place, &seller, &expected, &task, trade.as_ref(), &after).await;
    let told = cases(&place, &expected, id).await;
    let as_it_was = CheckTask {
        version: task.version,
        ..after
    };
    // That an end was asked for is a decision, though it leaves an open task as it is.
    let decided = i64::from(told || as_it_was != task || expected.demands("terminating"));
    let sent = i64::from(expected.demands("f3"));
    let new = lines(&place).await - proven;
    assert_eq!(new, decided + sent, "one line each: {expected:?}");
}

/// What was proven of check tasks.
async fn lines(place: &Place) -> i64 {
    let kind = "settlement.check_task";
    let query = format!("SELECT COUNT(*) FROM evidence_entry WHERE kind = '{kind}'");
    place.number(&query).await
}

async fn rows(
    place: &Place,
    seller: &Seller,
    expected: &Expected,
    before: &CheckTask,
    trade: Option<&TradeTask>,
    after: &CheckTask,
) {
    let left = place.trade_of(&before.check_task_id).await;
    if expected.demands("f1") {
        let made = left.as_ref().unwrap();
        assert_eq!((made.amount, made.accepted), (NET, NET), "{expected:?}");
        assert_eq!(made.state, table_t::State::Held);
        assert!(after.verdict.is_some());
    } else if expected.demands("withdraw_trade") {
        assert_eq!(left, None, "{expected:?}");
    } else if let Some(trade) = trade.filter(|t| t.state != table_t::State::Returned) {
        assert_eq!(left.as_ref(), Some(trade), "{expected:?}");
    }
    let newest = place.newest_task(seller).await;
    if expected.demands("f3") {
        assert_eq!(newest.data_version, 2, "{expected:?}");
        assert_eq!(newest.state, State::Open);
        assert_eq!(after.newer.as_ref(), Some(&newest.check_task_id));
        let net = if expected.input == "corrected" {
            Fen::new(9_000)
        } else {
            NET
        };
        assert_eq!(newest.net, net);
        let paid = trade
            .filter(|t| t.state.is_committed())
            .map_or(Fen::ZERO, |t| t.amount);
        assert_eq!(newest.paid_before, paid, "shown as a difference");
    } else {
        assert_eq!(newest.check_task_id, before.check_task_id, "{expected:?}");
    }
    if expected.demands("f2") {
        assert!(after.review_no.is_some() && after.review_round == before.review_round + 1);
    }
    if expected.demands("restart_timer") {
        let day = after
            .countdown
            .ends_at
            .seconds_since(after.countdown.began_at);
        assert!(day >= 86_400 && after.undo_spent, "{expected:?}");
    }
    if expected.demands("wait_again") {
        assert!(after.waited_again && after.countdown.ends_at > before.countdown.ends_at);
    }
    if expected.input == "upheld" && expected.next == "ANSWERED" && expected.demands("f1") {
        assert!(after.undo_spent, "what a reviewer upheld is not undone");
    }
}

/// Whether somebody was told.
async fn cases(place: &Place, expected: &Expected, id: &CheckTaskId) -> bool {
    let mut view = snapshot(&*place.store).await.unwrap();
    let found = view.cases().about(id.as_str()).await.unwrap();
    let mut kinds: Vec<CaseKind> = found.iter().map(|case| case.kind).collect();
    kinds.sort_by_key(|kind| kind.as_str());
    let mut wanted = Vec::new();
    for (effect, kind) in [
        ("X", CaseKind::Contradiction),
        ("case", CaseKind::SettlementReview),
        ("dispute", CaseKind::SettlementDispute),
    ] {
        if expected.demands(effect) {
            wanted.push(kind);
        }
    }
    wanted.sort_by_key(|kind| kind.as_str());
    assert_eq!(kinds, wanted, "{expected:?}");
    !kinds.is_empty()
}
