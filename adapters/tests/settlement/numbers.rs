//! What the platform says of one payout number while the task has moved on to another, and what a contradiction
//! stopped (money.md G2, G3, table T).

use std::sync::Arc;

use async_trait::async_trait;
use lifeline_core::cases::CaseKind;
use lifeline_core::settlement::ports::{Payout, PayoutAnswer, TradePlatform};
use lifeline_core::settlement::table_t::{Input, State};
use lifeline_core::settlement::trade_task::{Hold, TradeTask};
use lifeline_core::settlement::trading::Paid;
use lifeline_core::settlement::{Feedback, Ports, Settlement};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::store::snapshot;
use tokio::sync::Notify;

use crate::checking::{answer, sent};
use crate::payouts::{confirm_payee, confirmed, trade};
use crate::store::{Place, start};
use crate::stories;
use crate::world::{Fault, Outside, ports, rules};

stories! {
    a_return_heard_late_takes_nothing_from_the_next_number;
    a_payment_under_a_number_given_up_stops_the_task;
    what_was_not_there_yet_when_one_node_asked_is_no_contradiction;
    a_stopped_payout_that_comes_back_is_noticed_and_goes_on_by_two_persons;
    nothing_more_leaves_for_a_month_while_one_of_its_payouts_is_stopped;
}

/// The platform, whose next answer about a payout stands still on its way, like a process that was stopped.
#[derive(Debug)]
struct Late {
    outside: Outside,
    /// Said instead of what the platform says.
    says: Option<PayoutAnswer>,
    arrived: Notify,
    go_on: Notify,
}

#[async_trait]
impl TradePlatform for Late {
    async fn pay(&self, payout: &Payout) -> Result<PayoutAnswer, NoAnswer> {
        self.outside.pay(payout).await
    }

    async fn ask(&self, payout_no: &str) -> Result<PayoutAnswer, NoAnswer> {
        let answer = TradePlatform::ask(&self.outside, payout_no).await?;
        self.arrived.notify_one();
        self.go_on.notified().await;
        Ok(self.says.unwrap_or(answer))
    }

    async fn fence(&self, payout_no: &str) -> Result<PayoutAnswer, NoAnswer> {
        self.outside.fence(payout_no).await
    }
}

/// Another process on the same store, whose answers are late.
fn late(place: &Place, outside: &Outside, says: Option<PayoutAnswer>) -> (Settlement, Arc<Late>) {
    let late = Arc::new(Late {
        outside: outside.clone(),
        says,
        arrived: Notify::new(),
        go_on: Notify::new(),
    });
    let ports = Ports {
        payer: late.clone(),
        ..ports(place.store.clone(), outside)
    };
    (Settlement::new(ports, rules()), late)
}

async fn contradictions(place: &Place, trade: &TradeTask) -> usize {
    let mut view = snapshot(&*place.store).await.unwrap();
    let about = view.cases().about(trade.trade_task_id.as_str()).await;
    let about = about.unwrap();
    let stopped = about
        .iter()
        .filter(|case| case.kind == CaseKind::Contradiction);
    stopped.count()
}

/// One process asks after what the bank may give back and is stopped; meanwhile another books the return, and the
/// owner has it paid again.
async fn a_return_heard_late_takes_nothing_from_the_next_number(place: Place) {
    let outside = Outside::at(start());
    let (app, seller) = confirmed(&place, &outside).await;
    app.sweep_trades().await.unwrap();
    let sum = Fen::new(12_400);
    outside.with(|world| world.payouts[0].3 = PayoutAnswer::Returned(sum));
    let (slow, gate) = late(&place, &outside, None);
    let looking = tokio::spawn(async move { slow.look_for_returns().await });
    gate.arrived.notified().await;
    assert_eq!(app.look_for_returns().await.unwrap(), 1);
    confirm_payee(&app, &place, &seller).await;
    outside.advance(60);
    app.sweep_trades().await.unwrap();
    let again = trade(&place, &seller).await;
    assert_eq!(
        (again.state, outside.paid()),
        (State::Paid, sum),
        "under its next number"
    );
    gate.go_on.notify_one();
    assert_eq!(looking.await.unwrap().unwrap(), 0);
    assert_eq!(trade(&place, &seller).await, again, "nothing follows");
    let returned = "SELECT COUNT(*) FROM ledger_entry WHERE fact LIKE 'returned:%'";
    assert_eq!(place.number(returned).await, 1);
    assert_eq!(contradictions(&place, &again).await, 0);
}

/// The platform fenced a number and pays under it after all, which it must not: the task is stopped and told.
async fn a_payment_under_a_number_given_up_stops_the_task(place: Place) {
    let outside = Outside::at(start());
    let (app, seller) = confirmed(&place, &outside).await;
    outside.with(|world| world.faults.push_back(Fault::Before));
    app.sweep_trades().await.unwrap();
    let first = trade(&place, &seller).await;
    assert_eq!(first.state, State::Unknown);
    let sum = Fen::new(12_400);
    let (slow, gate) = late(&place, &outside, Some(PayoutAnswer::Paid(sum)));
    outside.advance(60);
    let asking = tokio::spawn(async move { slow.sweep_trades().await });
    gate.arrived.notified().await;
    outside.advance(600);
    outside.with(|world| world.faults.push_back(Fault::Refused));
    app.sweep_trades().await.unwrap();
    let second = trade(&place, &seller).await;
    assert_eq!(second.state, State::Paid);
    assert_ne!(second.payout_no, first.payout_no);
    gate.go_on.notify_one();
    asking.await.unwrap().unwrap();
    let stopped = trade(&place, &seller).await;
    assert!(stopped.frozen);
    assert_eq!(stopped.payout_no, second.payout_no);
    assert_eq!(contradictions(&place, &stopped).await, 1);
    let paid = "SELECT COUNT(*) FROM ledger_entry WHERE fact LIKE 'payout:%'";
    assert_eq!(place.number(paid).await, 1, "two persons say what it was");
}

/// One node asks while another sends again; its answer comes after the payment.
async fn what_was_not_there_yet_when_one_node_asked_is_no_contradiction(place: Place) {
    let outside = Outside::at(start());
    let (app, seller) = confirmed(&place, &outside).await;
    outside.with(|world| world.faults.push_back(Fault::Before));
    app.sweep_trades().await.unwrap();
    let (slow, gate) = late(&place, &outside, Some(PayoutAnswer::NotFound));
    outside.advance(60);
    let asking = tokio::spawn(async move { slow.sweep_trades().await });
    gate.arrived.notified().await;
    outside.advance(600);
    app.sweep_trades().await.unwrap();
    let paid = trade(&place, &seller).await;
    assert_eq!(paid.state, State::Paid);
    gate.go_on.notify_one();
    asking.await.unwrap().unwrap();
    assert_eq!(trade(&place, &seller).await, paid, "nothing follows");
    assert_eq!(contradictions(&place, &paid).await, 0);
}

/// The platform forgot a paid payout and remembered it as returned: it is noticed though the task is stopped, and
/// is paid again only once two persons let it go on.
async fn a_stopped_payout_that_comes_back_is_noticed_and_goes_on_by_two_persons(place: Place) {
    let outside = Outside::at(start());
    let (app, seller) = confirmed(&place, &outside).await;
    app.sweep_trades().await.unwrap();
    let sum = Fen::new(12_400);
    let row = outside.with(|world| world.payouts.remove(0));
    assert_eq!(app.look_for_returns().await.unwrap(), 0);
    let stopped = trade(&place, &seller).await;
    assert!(stopped.frozen && stopped.state == State::Paid);
    assert_eq!(contradictions(&place, &stopped).await, 1);
    let (number, _, card, _) = row;
    let back = (number, sum, card, PayoutAnswer::Returned(sum));
    outside.with(|world| world.payouts.push(back));
    assert_eq!(app.look_for_returns().await.unwrap(), 1);
    confirm_payee(&app, &place, &seller).await;
    outside.advance(7200);
    app.sweep_trades().await.unwrap();
    let still = trade(&place, &seller).await;
    assert_eq!((still.state, outside.paid()), (State::Returned, Fen::ZERO));
    let id = &still.trade_task_id;
    assert!(app.go_on(id, "staff:two", "t").await.unwrap());
    assert!(
        !app.go_on(id, "staff:two", "t").await.unwrap(),
        "it went on"
    );
    app.sweep_trades().await.unwrap();
    let paid = trade(&place, &seller).await;
    assert_eq!((paid.state, outside.paid()), (State::Paid, sum));
    assert!(!paid.frozen);
}

/// A number was given up and its month read anew; then the platform says that it paid under that number after all.
async fn nothing_more_leaves_for_a_month_while_one_of_its_payouts_is_stopped(place: Place) {
    let outside = Outside::at(start());
    let (app, seller) = sent(&place, &outside, "10").await;
    let confirm = async || {
        answer(&app, &place, &seller, Feedback::Confirm)
            .await
            .unwrap()
    };
    confirm().await;
    outside.with(|world| world.faults.push_back(Fault::Before));
    app.sweep_trades().await.unwrap();
    let first = trade(&place, &seller).await.trade_task_id;
    let (slow, gate) = late(&place, &outside, Some(PayoutAnswer::Paid(Fen::new(12_400))));
    outside.advance(60);
    let asking = tokio::spawn(async move { slow.sweep_trades().await });
    gate.arrived.notified().await;
    outside.reads(&seller, "10.5");
    assert_eq!(app.collect_all().await.unwrap(), 1);
    assert_eq!(app.watch().await.unwrap(), 1);
    let fenced = app.see_trade(&first, Input::FencedNotFound, Paid::default(), "job:test");
    assert_eq!(fenced.await.unwrap().trade.state, State::Queued);
    gate.go_on.notify_one();
    asking.await.unwrap().unwrap();
    confirm().await;
    for _ in 0..2 {
        app.sweep_trades().await.unwrap();
        let second = trade(&place, &seller).await;
        assert_eq!(
            (second.state, second.hold),
            (State::Held, Some(Hold::Contradiction))
        );
        outside.advance(3601);
    }
    assert_eq!(outside.paid(), Fen::ZERO);
    assert!(app.go_on(&first, "staff:two", "t").await.unwrap());
    outside.advance(3601);
    app.sweep_trades().await.unwrap();
    assert_eq!(trade(&place, &seller).await.state, State::Paid);
    assert_eq!(outside.paid(), Fen::new(13_020), "once, by the newer one");
}
