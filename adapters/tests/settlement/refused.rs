//! What the platform refuses again and again, and what the bank gives back otherwise than it was paid: told, and never
//! paid twice (table T, g3 and g4).

use lifeline_core::settlement::ports::PayoutAnswer;
use lifeline_core::settlement::table_t::State;
use lifeline_core::settlement::trade_task::Hold;
use lifeline_core::shared::money::Fen;

use crate::payouts::{SUM, booked, confirm_payee, confirmed, trade};
use crate::store::{Place, start};
use crate::stories;
use crate::world::{Fault, Outside};

stories! {
    a_payout_refused_three_times_is_told_and_tried_daily;
    a_refusal_nobody_heard_counts_once;
    of_a_payout_that_came_back_in_part_only_that_part_is_paid_again;
    a_part_that_came_back_of_a_payout_nobody_heard_of_is_no_more_than_a_part;
    a_payout_of_nothing_is_booked_as_nothing_and_told;
}

const PART: Fen = Fen::new(5_000);

async fn told(place: &Place, what: &str) -> i64 {
    place
        .number(&format!(
            "SELECT COUNT(*) FROM case_file WHERE kind = 'payout_differs' AND cause LIKE 'settlement:{what}:%'"
        ))
        .await
}

async fn owner_told(place: &Place) -> i64 {
    let told = "SELECT COUNT(*) FROM outbox WHERE kind = 'settlement.payout_refused'";
    place.number(told).await
}

async fn a_payout_refused_three_times_is_told_and_tried_daily(place: Place) {
    let outside = Outside::at(start());
    let (app, seller) = confirmed(&place, &outside).await;
    outside.with(|world| world.faults.extend([Fault::Refused; 5]));
    for (nth, told_of) in [(1, 0), (2, 0), (3, 1)] {
        app.sweep_trades().await.unwrap();
        let held = trade(&place, &seller).await;
        assert_eq!((held.hold, held.refusals), (Some(Hold::Refused), nth));
        assert_eq!(told(&place, "payout_refused").await, told_of);
        assert_eq!(owner_told(&place).await, told_of);
        outside.advance(3601);
    }
    app.sweep_trades().await.unwrap();
    let refused = trade(&place, &seller).await.refusals;
    assert_eq!(refused, 3, "no turn an hour later");
    for nth in [4, 5] {
        outside.advance(86_400);
        app.sweep_trades().await.unwrap();
        assert_eq!(trade(&place, &seller).await.refusals, nth);
        let both = (
            told(&place, "payout_refused").await,
            owner_told(&place).await,
        );
        assert_eq!(both, (1, 1), "told once");
    }
    outside.advance(86_400);
    app.sweep_trades().await.unwrap();
    let paid = trade(&place, &seller).await;
    assert_eq!((paid.state, paid.refusals), (State::Paid, 0));
    assert_eq!((outside.paid(), booked(&place).await), (SUM, SUM));
}

/// Asked about again before its number is fenced, a refused payout is no other one.
async fn a_refusal_nobody_heard_counts_once(place: Place) {
    let outside = Outside::at(start());
    let (app, seller) = confirmed(&place, &outside).await;
    outside.with(|world| world.faults.extend([Fault::RefusedUnheard; 3]));
    app.sweep_trades().await.unwrap();
    for told_of in [0, 0, 1] {
        assert_eq!(trade(&place, &seller).await.state, State::Unknown);
        outside.advance(60);
        app.sweep_trades().await.unwrap();
        assert_eq!(told(&place, "payout_refused").await, told_of);
    }
    assert_eq!(owner_told(&place).await, 1);
    assert_eq!(trade(&place, &seller).await.state, State::Paid);
    assert_eq!(outside.paid(), SUM);
}

async fn of_a_payout_that_came_back_in_part_only_that_part_is_paid_again(place: Place) {
    let outside = Outside::at(start());
    let (app, seller) = confirmed(&place, &outside).await;
    app.sweep_trades().await.unwrap();
    outside.with(|world| world.payouts[0].3 = PayoutAnswer::Returned(PART));
    assert_eq!(app.look_for_returns().await.unwrap(), 1);
    let back = trade(&place, &seller).await;
    let stayed = SUM.minus(PART).unwrap();
    assert_eq!((back.state, back.kept), (State::Returned, stayed));
    assert_eq!(told(&place, "returned_other_sum").await, 1);
    assert_eq!(booked(&place).await, stayed, "the true sums");
    confirm_payee(&app, &place, &seller).await;
    for _ in 0..2 {
        app.sweep_trades().await.unwrap();
        outside.advance(3601);
    }
    assert_eq!(trade(&place, &seller).await.state, State::Paid);
    assert_eq!(outside.paid(), PART, "beside what stayed");
    assert_eq!(booked(&place).await, SUM);
}

/// Whether all was paid and a part came back, or only that part was paid, nobody can tell.
async fn a_part_that_came_back_of_a_payout_nobody_heard_of_is_no_more_than_a_part(place: Place) {
    let outside = Outside::at(start());
    let (app, seller) = confirmed(&place, &outside).await;
    outside.with(|world| world.faults.push_back(Fault::AfterCommit));
    app.sweep_trades().await.unwrap();
    outside.with(|world| world.payouts[0].3 = PayoutAnswer::Returned(PART));
    outside.advance(60);
    app.sweep_trades().await.unwrap();
    let back = trade(&place, &seller).await;
    let stayed = SUM.minus(PART).unwrap();
    assert_eq!(
        (back.state, back.paid, back.kept),
        (State::Returned, Some(PART), stayed)
    );
    assert_eq!(
        booked(&place).await,
        Fen::ZERO,
        "what is known to have moved"
    );
    assert_eq!(told(&place, "returned_other_sum").await, 1);
    confirm_payee(&app, &place, &seller).await;
    app.sweep_trades().await.unwrap();
    assert_eq!((outside.paid(), booked(&place).await), (PART, PART));
}

/// The platform says that it paid, and says that it paid nothing.
async fn a_payout_of_nothing_is_booked_as_nothing_and_told(place: Place) {
    let outside = Outside::at(start());
    let (app, seller) = confirmed(&place, &outside).await;
    outside.with(|world| world.faults.push_back(Fault::AfterCommit));
    app.sweep_trades().await.unwrap();
    outside.with(|world| world.payouts[0].3 = PayoutAnswer::Paid(Fen::ZERO));
    for _ in 0..2 {
        outside.advance(60);
        app.sweep_trades().await.unwrap();
    }
    let paid = trade(&place, &seller).await;
    assert_eq!((paid.state, paid.paid), (State::Paid, Some(Fen::ZERO)));
    assert_eq!(told(&place, "paid_other_sum").await, 1);
    assert_eq!(place.number("SELECT COUNT(*) FROM ledger_entry").await, 0);
}
