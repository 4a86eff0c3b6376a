//! The payout of a seller's month as stories about it begin with it, look at it, and count what became of it.

use lifeline_core::ledger::Account;
use lifeline_core::settlement::trade_task::TradeTask;
use lifeline_core::settlement::{Feedback, Settlement};
use lifeline_core::shared::money::Fen;
use lifeline_core::store::snapshot;

use crate::checking::{answer, sent};
use crate::store::Place;
use crate::world::{Outside, Seller};

/// What the month of [`confirmed`] is worth.
pub(crate) const SUM: Fen = Fen::new(12_400);

/// A month of 124.00 yuan, confirmed, whose payout has not left yet.
pub(crate) async fn confirmed(place: &Place, outside: &Outside) -> (Settlement, Seller) {
    let (app, seller) = sent(place, outside, "10").await;
    answer(&app, place, &seller, Feedback::Confirm)
        .await
        .unwrap();
    (app, seller)
}

/// The payout of the month's newest check task.
pub(crate) async fn trade(place: &Place, seller: &Seller) -> TradeTask {
    let task = place.newest_task(seller).await;
    place.trade_of(&task.check_task_id).await.unwrap()
}

/// The owner says that the payee is right.
pub(crate) async fn confirm_payee(app: &Settlement, place: &Place, seller: &Seller) {
    let task = place.newest_task(seller).await;
    let own = app.own_task(&seller.owner, &task.check_task_id).await;
    app.confirm_payee(&own.unwrap(), "").await.unwrap();
}

/// What left by the books, less what came back.
pub(crate) async fn booked(place: &Place) -> Fen {
    let mut view = snapshot(&*place.store).await.unwrap();
    let balances = view.ledger().balances().await.unwrap();
    let payout = balances.iter().find(|one| one.account == Account::Payout);
    Fen::ZERO.minus(payout.unwrap().net).unwrap()
}
