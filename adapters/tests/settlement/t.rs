//! Cells of table T.

use lifeline_core::cases::CaseKind;
use lifeline_core::ledger::Account;
use lifeline_core::settlement::ids::TradeTaskId;
use lifeline_core::settlement::table_k;
use lifeline_core::settlement::table_t::{Input, State};
use lifeline_core::settlement::trade_task::TradeTask;
use lifeline_core::settlement::trading::Paid;
use lifeline_core::shared::ids::{PaymentId, TypedId as _};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::time::Clock as _;
use lifeline_core::store::snapshot;

use crate::Expected;
use crate::k::{NET, settled, task_in, trade_in};
use crate::store::{Place, start};
use crate::world::{Outside, app, rules};

const OTHER: Fen = Fen::new(12_399);

pub(crate) async fn cell(place: Place, expected: Expected) {
    let outside = Outside::at(start());
    let seller = place.seller(&outside, 1).await;
    settled(&place, &outside, &seller, 1).await;
    let state = State::parse(&expected.state).unwrap();
    let input = Input::parse(&expected.input).unwrap();
    let open = matches!(state, State::Held | State::Queued | State::Withdrawn);
    let task_state = if open {
        table_k::State::Answered
    } else {
        table_k::State::Dispatched
    };
    let task = task_in(&outside, &seller, task_state);
    place
        .write(async |tx| tx.settlement().add_task(&task).await)
        .await;
    let mut before = trade_in(&outside, &task, state);
    before.payee_confirmed = expected.when("payee_confirmed");
    if expected.when("sent_10_min_ago") {
        before.sent_at = Some(outside.now().plus_seconds(-600));
    }
    place
        .write(async |tx| tx.settlement().add_trade(&before).await)
        .await;
    let mut rules = rules();
    if expected.when("brake_closed") {
        rules.brake_sum = Fen::new(NET.get() - 1);
    }
    let sum = match input {
        Input::PaidOurs | Input::BankReturn => Some(NET),
        Input::PaidOther => Some(OTHER),
        _ => None,
    };
    let paid = Paid { sum, hold: None };
    let app = app(&place, &outside, rules);
    let id = &before.trade_task_id;
    let applied = app.see_trade(id, input, paid, "job:test").await.unwrap();

    let words: Vec<&str> = applied
        .effects
        .iter()
        .map(|effect| effect.as_str())
        .collect();
    assert_eq!(words, expected.effects, "{expected:?}");
    let mut view = snapshot(&*place.store).await.unwrap();
    let after = view.settlement().trade(id).await.unwrap().unwrap();
    assert_eq!(after.state.as_str(), expected.next, "{expected:?}");
    assert_eq!(
        after.state.is_final(),
        after.next_at.is_none(),
        "{expected:?}"
    );
    assert_eq!(after.frozen, expected.demands("X"), "{expected:?}");
    let task = view
        .settlement()
        .task(&task.check_task_id)
        .await
        .unwrap()
        .unwrap();
    drop(view);
    records(&place, &expected, id).await;
    rows(&expected, &before, &after);
    if expected.demands("g2") {
        assert_eq!(
            task.state,
            table_k::State::Dispatched,
            "no undo once it leaves"
        );
    }
}

/// Its cases, and what the ledger booked.
async fn records(place: &Place, expected: &Expected, id: &TradeTaskId) {
    let mut view = snapshot(&*place.store).await.unwrap();
    let found = view.cases().about(id.as_str()).await.unwrap();
    let kinds: Vec<CaseKind> = found.iter().map(|case| case.kind).collect();
    let mut wanted = Vec::new();
    if expected.demands("case") {
        wanted.push(CaseKind::PayoutDiffers);
    }
    if expected.demands("X") {
        wanted.push(CaseKind::Contradiction);
    }
    assert_eq!(kinds, wanted, "{expected:?}");
    let payment = PaymentId::made(id.as_str().to_owned());
    let entries = view.ledger().of_payment(&payment).await.unwrap();
    let mut booked: Vec<(Account, Account, Fen)> = entries
        .iter()
        .map(|entry| {
            (
                entry.lines()[0].account,
                entry.lines()[1].account,
                entry.lines()[0].debit,
            )
        })
        .collect();
    booked.sort_by_key(|line| format!("{line:?}"));
    assert_eq!(booked, ledger(expected), "{expected:?}");
}

fn ledger(expected: &Expected) -> Vec<(Account, Account, Fen)> {
    let mut wanted = Vec::new();
    if expected.demands("g3") {
        let sum = if expected.input == "paid_other_sum" {
            OTHER
        } else {
            NET
        };
        wanted.push((Account::GenerationPurchase, Account::Payout, sum));
    }
    if expected.demands("g4") {
        wanted.push((Account::Payout, Account::GenerationPurchase, NET));
    }
    wanted
}

fn rows(expected: &Expected, before: &TradeTask, after: &TradeTask) {
    if expected.demands("g2") {
        assert!(after.payout_no.is_some() && after.payee.is_some() && after.sent_at.is_some());
        assert_eq!(after.amount, NET);
    } else if expected.demands("new_no") {
        assert_eq!(
            after.payout_no, None,
            "the next send has a number of its own"
        );
    } else {
        assert_eq!(after.payout_no, before.payout_no, "a number is for ever");
    }
    if expected.demands("g3") {
        let sum = if expected.input == "paid_other_sum" {
            OTHER
        } else {
            NET
        };
        assert_eq!(after.paid, Some(sum), "the true sum");
    }
    if expected.demands("72h") {
        let wait = after.next_at.unwrap().seconds_since(before.enqueued_at);
        assert_eq!(wait, 72 * 3600);
    }
    if after.state == State::Held {
        assert!(after.hold.is_some(), "the reason is shown: {expected:?}");
    }
}
