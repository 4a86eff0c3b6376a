//! After a restore (money.md 2.9): the store that was put back does not remember what left since the copy was made, and the
//! platform does. Nothing of it is paid a second time.

use lifeline_core::settlement::Settlement;
use lifeline_core::settlement::numbers::payout_no;
use lifeline_core::settlement::ports::PayoutAnswer;
use lifeline_core::settlement::table_k;
use lifeline_core::settlement::table_t::State;

use crate::payouts::{SUM, booked, confirm_payee, confirmed, trade};
use crate::store::{Place, start};
use crate::stories;
use crate::world::{Outside, Seller, app, period, rules};

stories! {
    m2_09_a_payout_is_numbered_by_its_month;
    m2_09_what_was_paid_since_the_copy_is_taken_up_and_not_paid_again;
    m2_09_the_number_that_was_paid_in_the_end_is_found_behind_those_given_up;
    m2_09_what_came_back_since_the_copy_is_paid_again_once;
    m2_09_what_nobody_sent_is_fenced_before_it_is_paid;
}

/// A node on the store after it was put back once; a month of 124.00 yuan is confirmed.
async fn put_back(place: &Place, outside: &Outside) -> (Settlement, Seller) {
    let (_, seller) = confirmed(place, outside).await;
    let mut rules = rules();
    rules.number_prefix = "t1".to_owned();
    (app(place, outside, rules), seller)
}

/// What the platform knows of the number that the month had before the restore.
fn knows(outside: &Outside, seller: &Seller, nth: i64, answer: PayoutAnswer) {
    let number = payout_no("t0", &seller.account, &period(), nth);
    let card = "6217000000000001".to_owned();
    outside.with(|world| world.payouts.push((number, SUM, card, answer)));
}

async fn sweep(app: &Settlement, outside: &Outside) {
    for _ in 0..3 {
        app.sweep_trades().await.unwrap();
        outside.advance(60);
    }
}

async fn m2_09_a_payout_is_numbered_by_its_month(place: Place) {
    let outside = Outside::at(start());
    let (app, seller) = confirmed(&place, &outside).await;
    app.sweep_trades().await.unwrap();
    let number = outside.with(|world| world.payouts[0].0.clone());
    assert_eq!(number, payout_no("t0", &seller.account, &period(), 1));
    assert_eq!(trade(&place, &seller).await.numbers, 1);
}

async fn m2_09_what_was_paid_since_the_copy_is_taken_up_and_not_paid_again(place: Place) {
    let outside = Outside::at(start());
    let (app, seller) = put_back(&place, &outside).await;
    knows(&outside, &seller, 1, PayoutAnswer::Paid(SUM));
    sweep(&app, &outside).await;
    let paid = trade(&place, &seller).await;
    assert_eq!((paid.state, paid.paid), (State::Paid, Some(SUM)));
    assert_eq!((outside.paid(), booked(&place).await), (SUM, SUM));
    let task = place.newest_task(&seller).await;
    assert_eq!(task.state, table_k::State::Dispatched);
    assert_eq!(outside.with(|world| world.payouts.len()), 1);
}

async fn m2_09_the_number_that_was_paid_in_the_end_is_found_behind_those_given_up(place: Place) {
    let outside = Outside::at(start());
    let (app, seller) = put_back(&place, &outside).await;
    knows(&outside, &seller, 1, PayoutAnswer::Refused);
    knows(&outside, &seller, 2, PayoutAnswer::Fenced);
    knows(&outside, &seller, 3, PayoutAnswer::Accepted);
    sweep(&app, &outside).await;
    let waits = trade(&place, &seller).await;
    assert_eq!((waits.state, waits.numbers), (State::Unknown, 3));
    outside.advance(3600);
    sweep(&app, &outside).await;
    assert_eq!(outside.with(|world| world.payouts.len()), 3, "never sent");
    outside.with(|world| world.payouts[2].3 = PayoutAnswer::Paid(SUM));
    outside.advance(3600);
    sweep(&app, &outside).await;
    assert_eq!(trade(&place, &seller).await.state, State::Paid);
    assert_eq!((outside.paid(), booked(&place).await), (SUM, SUM));
}

async fn m2_09_what_came_back_since_the_copy_is_paid_again_once(place: Place) {
    let outside = Outside::at(start());
    let (app, seller) = put_back(&place, &outside).await;
    knows(&outside, &seller, 1, PayoutAnswer::Returned(SUM));
    sweep(&app, &outside).await;
    assert_eq!(trade(&place, &seller).await.state, State::Returned);
    confirm_payee(&app, &place, &seller).await;
    sweep(&app, &outside).await;
    assert_eq!(trade(&place, &seller).await.state, State::Paid);
    assert_eq!((outside.paid(), booked(&place).await), (SUM, SUM));
}

async fn m2_09_what_nobody_sent_is_fenced_before_it_is_paid(place: Place) {
    let outside = Outside::at(start());
    let (app, seller) = put_back(&place, &outside).await;
    sweep(&app, &outside).await;
    assert_eq!(trade(&place, &seller).await.state, State::Paid);
    let (before, now) = (
        payout_no("t0", &seller.account, &period(), 1),
        payout_no("t1", &seller.account, &period(), 1),
    );
    let told: Vec<(String, PayoutAnswer)> = outside.with(|world| {
        let rows = world.payouts.iter();
        rows.map(|row| (row.0.clone(), row.3)).collect()
    });
    assert_eq!(
        told,
        [
            (before, PayoutAnswer::Fenced),
            (now, PayoutAnswer::Paid(SUM))
        ]
    );
}
