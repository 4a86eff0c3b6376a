//! What a turn of a check task or a payout found out while that moved on under it: another node gave it the same turn,
//! or its owner answered. And a reviewer who cannot be reached (money.md G2, tables K and T).

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use async_trait::async_trait;
use lifeline_core::settlement::check_task::CheckTask;
use lifeline_core::settlement::ports::{ReviewAnswer, ReviewRequest, ReviewTerminal};
use lifeline_core::settlement::table_k::{State, Verdict};
use lifeline_core::settlement::table_t;
use lifeline_core::settlement::trade_task::TradeTask;
use lifeline_core::settlement::trading::Paid;
use lifeline_core::settlement::{Feedback, Ports, Settlement, SettlementError};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::shared::time::{Clock, Time};
use tokio::runtime::Handle;
use tokio::sync::Notify;

use crate::checking::{answer, sent};
use crate::k::{NET, settled, task_in, trade_in};
use crate::store::{Place, start};
use crate::stories;
use crate::world::{Fault, Outside, Seller, ports, rules};

stories! {
    what_a_reviewer_said_of_an_earlier_round_is_not_said_of_the_next;
    a_reviewers_word_that_two_nodes_hear_is_one_word;
    the_end_of_a_wait_that_two_nodes_see_is_one_end;
    an_answer_taken_back_is_not_timed_out_by_a_node_that_looked_before;
    a_terminal_that_takes_nothing_is_told_when_the_time_is_over;
    each_round_that_is_overdue_is_told_while_it_lasts;
    a_dispute_after_the_first_was_closed_is_told;
    a_payout_fenced_since_it_was_looked_at_leaves_through_the_gate_only;
    two_payouts_of_a_month_that_leave_at_once_pay_it_once;
}

/// The review terminal, whose answers stand still on their way, like a process that was stopped.
#[derive(Debug)]
struct Late {
    outside: Outside,
    arrived: Notify,
    go_on: Notify,
}

#[async_trait]
impl ReviewTerminal for Late {
    async fn hand_over(&self, request: &ReviewRequest) -> Result<(), NoAnswer> {
        self.outside.hand_over(request).await
    }

    async fn ask(&self, review_no: &str) -> Result<ReviewAnswer, NoAnswer> {
        let said = ReviewTerminal::ask(&self.outside, review_no).await;
        self.arrived.notify_one();
        self.go_on.notified().await;
        said
    }

    async fn recall(&self, review_no: &str) -> Result<(), NoAnswer> {
        self.outside.recall(review_no).await
    }
}

/// Another node on the same store, which hears the reviewer late.
fn late(place: &Place, outside: &Outside) -> (Settlement, Arc<Late>) {
    let late = Arc::new(Late {
        outside: outside.clone(),
        arrived: Notify::new(),
        go_on: Notify::new(),
    });
    let ports = Ports {
        reviewer: late.clone(),
        ..ports(place.store.clone(), outside)
    };
    (Settlement::new(ports, rules()), late)
}

/// A clock that stands still with its node at the second look: the first asks what is due, the second is about the
/// first of that, which was read before.
#[derive(Debug)]
struct Stopped {
    outside: Outside,
    looks: AtomicUsize,
    arrived: Arc<Notify>,
    go_on: Mutex<mpsc::Receiver<()>>,
}

impl Clock for Stopped {
    fn now(&self) -> Time {
        let now = self.outside.now();
        if self.looks.fetch_add(1, Ordering::SeqCst) == 1 {
            self.arrived.notify_one();
            self.go_on.lock().unwrap().recv().unwrap();
        }
        now
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sweep {
    Tasks,
    Payouts,
}

/// Runs `meanwhile` after another node looked at the one row that is due, and before it acts on it.
async fn while_another_looks(
    (place, outside): (&Place, &Outside),
    sweep: Sweep,
    meanwhile: Pin<Box<impl Future<Output = ()>>>,
) {
    let (release, go_on) = mpsc::channel();
    let arrived = Arc::new(Notify::new());
    let clock = Stopped {
        outside: outside.clone(),
        looks: AtomicUsize::new(0),
        arrived: Arc::clone(&arrived),
        go_on: Mutex::new(go_on),
    };
    let ports = Ports {
        clock: Arc::new(clock),
        ..ports(place.store.clone(), outside)
    };
    let slow = Settlement::new(ports, rules());
    let runtime = Handle::current();
    let looking = tokio::task::spawn_blocking(move || {
        runtime.block_on(async move {
            match sweep {
                Sweep::Tasks => slow.sweep_tasks().await,
                Sweep::Payouts => slow.sweep_trades().await,
            }
        })
    });
    arrived.notified().await;
    meanwhile.await;
    release.send(()).unwrap();
    assert!(looking.await.unwrap().unwrap() > 0);
}

fn say(outside: &Outside, word: ReviewAnswer) {
    outside.with(|world| {
        for (_, said) in world.reviews.values_mut() {
            *said = word;
        }
    });
}

async fn reject(app: &Settlement, place: &Place, seller: &Seller) {
    let state = answer(app, place, seller, Feedback::Reject).await.unwrap();
    assert_eq!(state, State::InReview);
}

async fn told(place: &Place, kind: &str) -> i64 {
    place
        .number(&format!(
            "SELECT COUNT(*) FROM case_file WHERE kind = '{kind}'"
        ))
        .await
}

/// Whoever decides about cases has decided about all there are.
async fn close_all(place: &Place) {
    let closed = "UPDATE case_file SET closed_at = opened_at WHERE closed_at IS NULL";
    place.raw(closed).await.unwrap();
}

/// One node hears that the amount stands and is stopped; another hears it too, and the owner rejects once more.
async fn what_a_reviewer_said_of_an_earlier_round_is_not_said_of_the_next(place: Place) {
    let outside = Outside::at(start());
    let (app, seller) = sent(&place, &outside, "10").await;
    reject(&app, &place, &seller).await;
    say(&outside, ReviewAnswer::Upheld);
    outside.advance(601);
    let (slow, gate) = late(&place, &outside);
    let asking = tokio::spawn(async move { slow.sweep_tasks().await });
    gate.arrived.notified().await;
    app.sweep_tasks().await.unwrap();
    let upheld = place.newest_task(&seller).await;
    assert_eq!(
        (upheld.state, upheld.verdict),
        (State::Answered, Some(Verdict::Upheld))
    );
    reject(&app, &place, &seller).await;
    let again = place.newest_task(&seller).await;
    assert_eq!(again.review_round, 2);
    gate.go_on.notify_one();
    asking.await.unwrap().unwrap();
    assert_eq!(place.newest_task(&seller).await, again, "nothing follows");
    assert_eq!(place.trade_of(&again.check_task_id).await, None);
}

async fn a_reviewers_word_that_two_nodes_hear_is_one_word(place: Place) {
    let outside = Outside::at(start());
    let (app, seller) = sent(&place, &outside, "10").await;
    reject(&app, &place, &seller).await;
    say(&outside, ReviewAnswer::Upheld);
    outside.advance(601);
    let (slow, gate) = late(&place, &outside);
    let asking = tokio::spawn(async move { slow.sweep_tasks().await });
    gate.arrived.notified().await;
    app.sweep_tasks().await.unwrap();
    let upheld = place.newest_task(&seller).await;
    assert_eq!(upheld.state, State::Answered);
    gate.go_on.notify_one();
    asking.await.unwrap().unwrap();
    assert_eq!(place.newest_task(&seller).await, upheld);
    assert_eq!(told(&place, "contradiction").await, 0);
}

/// Nobody was reached: the owner has the whole wait once more, whichever node says so, and staff hear of it when
/// that is over too.
async fn the_end_of_a_wait_that_two_nodes_see_is_one_end(place: Place) {
    let outside = Outside::at(start());
    let (app, seller) = sent(&place, &outside, "10").await;
    let ends_at = place.newest_task(&seller).await.countdown.ends_at;
    outside.advance(ends_at.seconds_since(outside.now()) + 1);
    while_another_looks(
        (&place, &outside),
        Sweep::Tasks,
        Box::pin(async {
            assert_eq!(app.sweep_tasks().await.unwrap(), 1);
        }),
    )
    .await;
    let waits = place.newest_task(&seller).await;
    assert!(waits.waited_again && waits.state == State::Open);
    assert!(waits.countdown.ends_at > outside.now());
    assert_eq!(told(&place, "settlement_review").await, 0, "not yet");
}

async fn an_answer_taken_back_is_not_timed_out_by_a_node_that_looked_before(place: Place) {
    let outside = Outside::at(start());
    let (app, seller) = sent(&place, &outside, "10").await;
    let id = place.newest_task(&seller).await.check_task_id;
    app.pushed(&id).await.unwrap();
    let ends_at = place.task(&id).await.countdown.ends_at;
    outside.advance(ends_at.seconds_since(outside.now()) + 1);
    while_another_looks(
        (&place, &outside),
        Sweep::Tasks,
        Box::pin(async {
            app.sweep_tasks().await.unwrap();
            assert_eq!(place.task(&id).await.verdict, Some(Verdict::Timeout));
            let own = app.own_task(&seller.owner, &id).await.unwrap();
            app.undo(&own, "").await.unwrap();
        }),
    )
    .await;
    let open = place.task(&id).await;
    assert_eq!((open.state, open.verdict), (State::Open, None));
    let left = open.countdown.ends_at.seconds_since(outside.now());
    assert!(left >= 86_400, "a day at least");
    assert_eq!(place.trade_of(&id).await, None);
}

async fn a_terminal_that_takes_nothing_is_told_when_the_time_is_over(place: Place) {
    let outside = Outside::at(start());
    let (app, seller) = sent(&place, &outside, "10").await;
    outside.with(|world| world.is_silent = true);
    reject(&app, &place, &seller).await;
    outside.advance(7 * 86_400 - 1);
    app.sweep_tasks().await.unwrap();
    assert_eq!(told(&place, "settlement_review").await, 0, "its time runs");
    for _ in 0..3 {
        outside.advance(600);
        app.sweep_tasks().await.unwrap();
        assert_eq!(told(&place, "settlement_review").await, 1);
    }
    let stays = place.newest_task(&seller).await;
    assert_eq!(
        (stays.state, stays.review_sent_at),
        (State::InReview, None),
        "offered on, never taken"
    );
    let lines = "SELECT COUNT(*) FROM evidence_entry WHERE kind = 'settlement.check_task'";
    assert_eq!(place.number(lines).await, 3, "sent, rejected, overdue");
}

async fn each_round_that_is_overdue_is_told_while_it_lasts(place: Place) {
    let outside = Outside::at(start());
    let (app, seller) = sent(&place, &outside, "10").await;
    for before in [0, 2] {
        reject(&app, &place, &seller).await;
        outside.advance(7 * 86_400 + 1);
        // Closed each time, and told again a day later, for it still lasts.
        for (later, of_round) in [(0, 1), (86_000, 1), (400, 2)] {
            outside.advance(later);
            app.sweep_tasks().await.unwrap();
            let told = told(&place, "settlement_review").await;
            assert_eq!(told, before + of_round);
            close_all(&place).await;
        }
        say(&outside, ReviewAnswer::Upheld);
        outside.advance(600);
        app.sweep_tasks().await.unwrap();
        let upheld = place.newest_task(&seller).await;
        assert_eq!(upheld.verdict, Some(Verdict::Upheld));
    }
}

async fn a_dispute_after_the_first_was_closed_is_told(place: Place) {
    let outside = Outside::at(start());
    let (app, seller) = sent(&place, &outside, "10").await;
    answer(&app, &place, &seller, Feedback::Confirm)
        .await
        .unwrap();
    app.sweep_trades().await.unwrap();
    for told_of in [1, 1, 2] {
        if told_of == 2 {
            close_all(&place).await;
        }
        let refused = answer(&app, &place, &seller, Feedback::Reject).await;
        assert!(matches!(refused, Err(SettlementError::Closed { .. })));
        assert_eq!(told(&place, "settlement_dispute").await, told_of);
    }
}

/// It comes out of the unknown while its month is checked anew: what the owner has not answered yet must not leave.
async fn a_payout_fenced_since_it_was_looked_at_leaves_through_the_gate_only(place: Place) {
    let outside = Outside::at(start());
    let (app, seller) = sent(&place, &outside, "10").await;
    answer(&app, &place, &seller, Feedback::Confirm)
        .await
        .unwrap();
    outside.with(|world| world.faults.push_back(Fault::Before));
    app.sweep_trades().await.unwrap();
    let task = place.newest_task(&seller).await;
    let payout = place.trade_of(&task.check_task_id).await.unwrap();
    assert_eq!(payout.state, table_t::State::Unknown);
    outside.advance(60);
    outside.reads(&seller, "10.5");
    assert_eq!(app.collect_all().await.unwrap(), 1);
    assert_eq!(app.watch().await.unwrap(), 1);
    while_another_looks(
        (&place, &outside),
        Sweep::Payouts,
        Box::pin(async {
            let (id, fenced) = (&payout.trade_task_id, table_t::Input::FencedNotFound);
            let applied = app.see_trade(id, fenced, Paid::default(), "job:test").await;
            assert_eq!(applied.unwrap().trade.state, table_t::State::Queued);
        }),
    )
    .await;
    for _ in 0..3 {
        outside.advance(601);
        app.sweep_trades().await.unwrap();
    }
    assert_eq!(outside.paid(), Fen::ZERO, "the owner was not heard yet");
    assert_eq!(place.trade_of(&task.check_task_id).await, None, "withdrawn");
    answer(&app, &place, &seller, Feedback::Confirm)
        .await
        .unwrap();
    app.sweep_trades().await.unwrap();
    assert_eq!(outside.paid(), Fen::new(13_020));
}

/// One unit is about to send a payout, and another comes to a second one of that month before it ends.
async fn two_payouts_of_a_month_that_leave_at_once_pay_it_once(place: Place) {
    let outside = Outside::at(start());
    let seller = place.seller(&outside, 1).await;
    settled(&place, &outside, &seller, 1).await;
    let mut payouts = Vec::new();
    for data_version in [1, 2] {
        let task = CheckTask {
            data_version,
            ..task_in(&outside, &seller, State::Answered)
        };
        let payout = trade_in(&outside, &task, table_t::State::Queued);
        place
            .write(async |tx| {
                tx.settlement().add_task(&task).await?;
                tx.settlement().add_trade(&payout).await
            })
            .await;
        payouts.push(payout);
    }
    let app = Settlement::new(ports(place.store.clone(), &outside), rules());
    let (holds, done) = (Notify::new(), Notify::new());
    let sending = TradeTask {
        state: table_t::State::Sending,
        payout_no: Some("t0first".to_owned()),
        sent_at: Some(outside.now()),
        ..payouts[0].clone()
    };
    let first = place.write(async |tx| {
        let (account, period) = (&sending.generation_account_id, &sending.period);
        let committed = tx.settlement().committed_alone(account, period).await?;
        assert_eq!(committed, Fen::ZERO);
        tx.settlement().save_trade(&sending).await?;
        holds.notify_one();
        // Whoever does not wait for this unit is through by then.
        let _ = tokio::time::timeout(Duration::from_millis(200), done.notified()).await;
        Ok(())
    });
    let second = async {
        holds.notified().await;
        let (id, turn) = (&payouts[1].trade_task_id, table_t::Input::Turn);
        let applied = app.see_trade(id, turn, Paid::default(), "job:test").await;
        done.notify_one();
        applied.unwrap().trade
    };
    let ((), second) = tokio::join!(first, second);
    assert_eq!(second.state, table_t::State::Withdrawn, "nothing is left");
    let leaving = "SELECT CAST(SUM(amount_fen) AS BIGINT) FROM trade_task WHERE state = 'SENDING'";
    assert_eq!(place.number(leaving).await, NET.get());
}
