//! Several payouts of one month beside each other: what an earlier one did not pay is neither lost nor paid twice,
//! and figures that are not one are told (money.md 2.17, table T).

use lifeline_core::accounts::Actor;
use lifeline_core::settlement::accounts::GenerationState;
use lifeline_core::settlement::check_task::CheckTask;
use lifeline_core::settlement::ports::PayoutAnswer;
use lifeline_core::settlement::standing::ListedTask;
use lifeline_core::settlement::table_k;
use lifeline_core::settlement::table_t::State;
use lifeline_core::settlement::trade_task::{Hold, TradeTask};
use lifeline_core::settlement::{Feedback, Settlement};
use lifeline_core::shared::ids::Maker;
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::page::Page;
use lifeline_core::store::snapshot;

use crate::checking::{answer, sent};
use crate::drills::generation;
use crate::store::{Place, start};
use crate::stories;
use crate::world::{Fault, Outside, Seller};

stories! {
    an_earlier_payout_that_never_left_goes_with_the_next_version;
    a_payout_fenced_while_its_month_is_checked_anew_is_the_new_ones;
    a_payout_fenced_after_its_difference_left_stays_held_and_is_told;
    two_persons_let_what_is_still_owed_go;
    a_payout_fenced_beside_the_same_figure_is_paid;
    figures_that_differ_hold_the_payout_and_are_told;
    a_covered_month_leaves_no_payout_behind_that_an_end_waits_for;
    the_list_says_where_the_money_of_a_month_is;
}

/// The trade task of that name, withdrawn or not.
async fn trade(place: &Place, like: &TradeTask) -> TradeTask {
    let mut view = snapshot(&*place.store).await.unwrap();
    let found = view.settlement().trade(&like.trade_task_id).await;
    found.unwrap().unwrap()
}

async fn told(place: &Place, what: &str, about: &str) -> i64 {
    place
        .number(&format!(
            "SELECT COUNT(*) FROM case_file WHERE cause = 'settlement:{what}:{about}'"
        ))
        .await
}

/// The month is read anew and settled; its newest task.
async fn corrected(
    app: &Settlement,
    place: &Place,
    outside: &Outside,
    seller: &Seller,
    peak: &str,
) -> CheckTask {
    outside.advance(60);
    outside.reads(seller, peak);
    assert_eq!(app.collect_all().await.unwrap(), 1);
    assert_eq!(app.watch().await.unwrap(), 1);
    place.newest_task(seller).await
}

async fn confirm(app: &Settlement, place: &Place, seller: &Seller) {
    answer(app, place, seller, Feedback::Confirm).await.unwrap();
}

/// A month of 124.00 yuan, confirmed, whose payout left and never arrived.
async fn unanswered(place: &Place, outside: &Outside) -> (Settlement, Seller, TradeTask) {
    let (app, seller) = sent(place, outside, "10").await;
    confirm(&app, place, &seller).await;
    outside.with(|world| world.faults.push_back(Fault::Before));
    app.sweep_trades().await.unwrap();
    let task = place.newest_task(&seller).await;
    let first = place.trade_of(&task.check_task_id).await.unwrap();
    assert_eq!(first.state, State::Unknown);
    (app, seller, first)
}

/// It is sent again, refused, and its number fenced: it never took effect and never will.
async fn fence(app: &Settlement, outside: &Outside) {
    outside.advance(601);
    outside.with(|world| world.faults.push_back(Fault::Refused));
    app.sweep_trades().await.unwrap();
    let fenced = outside.with(|world| {
        world
            .payouts
            .iter()
            .any(|row| row.3 == PayoutAnswer::Fenced)
    });
    assert!(fenced);
}

async fn an_earlier_payout_that_never_left_goes_with_the_next_version(place: Place) {
    let outside = Outside::at(start());
    let (app, seller) = sent(&place, &outside, "10").await;
    confirm(&app, &place, &seller).await;
    app.sweep_trades().await.unwrap();
    let id = place.newest_task(&seller).await.check_task_id;
    let first = place.trade_of(&id).await.unwrap();
    corrected(&app, &place, &outside, &seller, "10.5").await;
    confirm(&app, &place, &seller).await;
    app.sweep_trades().await.unwrap();
    assert_eq!(outside.paid(), Fen::new(13_020), "12400, then 620");
    let back = Fen::new(12_400);
    outside.with(|world| world.payouts[0].3 = PayoutAnswer::Returned(back));
    assert_eq!(app.look_for_returns().await.unwrap(), 1);
    outside.advance(3601);
    app.sweep_trades().await.unwrap();
    let returned = trade(&place, &first).await;
    assert_eq!(returned.state, State::Returned, "nothing pays it by itself");
    let about = first.trade_task_id.as_str();
    assert_eq!(told(&place, "earlier_payout", about).await, 1);
    let third = corrected(&app, &place, &outside, &seller, "11").await;
    assert_eq!(
        trade(&place, &first).await.state,
        State::Withdrawn,
        "with the payout of the task before, when the month is asked about anew"
    );
    assert_eq!(
        (third.net, third.paid_before),
        (Fen::new(13_640), Fen::new(620))
    );
    confirm(&app, &place, &seller).await;
    for _ in 0..3 {
        app.sweep_trades().await.unwrap();
        outside.advance(3601);
    }
    assert_eq!(outside.paid(), Fen::new(13_640), "once, and all of it");
}

async fn a_payout_fenced_while_its_month_is_checked_anew_is_the_new_ones(place: Place) {
    let outside = Outside::at(start());
    let (app, seller, first) = unanswered(&place, &outside).await;
    let second = corrected(&app, &place, &outside, &seller, "10.5").await;
    assert_eq!(second.paid_before, Fen::new(12_400), "it may have arrived");
    fence(&app, &outside).await;
    assert_eq!(trade(&place, &first).await.state, State::Withdrawn);
    assert_eq!(outside.paid(), Fen::ZERO, "nothing leaves unchecked");
    confirm(&app, &place, &seller).await;
    app.sweep_trades().await.unwrap();
    assert_eq!(outside.paid(), Fen::new(13_020));
    let open = "SELECT COUNT(*) FROM trade_task WHERE state NOT IN ('PAID', 'WITHDRAWN')";
    assert_eq!(place.number(open).await, 0);
}

async fn a_payout_fenced_after_its_difference_left_stays_held_and_is_told(place: Place) {
    let outside = Outside::at(start());
    let (app, seller, first) = unanswered(&place, &outside).await;
    corrected(&app, &place, &outside, &seller, "10.5").await;
    confirm(&app, &place, &seller).await;
    app.sweep_trades().await.unwrap();
    assert_eq!(
        outside.paid(),
        Fen::new(620),
        "the difference: what is on its way counts"
    );
    fence(&app, &outside).await;
    let about = first.trade_task_id.as_str();
    for _ in 0..3 {
        let held = trade(&place, &first).await;
        assert_eq!(
            (held.state, held.hold),
            (State::Held, Some(Hold::FiguresDiffer))
        );
        assert_eq!(told(&place, "earlier_payout", about).await, 1, "told once");
        outside.advance(3601);
        app.sweep_trades().await.unwrap();
    }
    assert_eq!(outside.paid(), Fen::new(620));
    // The month's next version pays what is owed, and the earlier payout no more.
    corrected(&app, &place, &outside, &seller, "11").await;
    confirm(&app, &place, &seller).await;
    for _ in 0..3 {
        app.sweep_trades().await.unwrap();
        outside.advance(3601);
    }
    assert_eq!(outside.paid(), Fen::new(13_640));
    assert_eq!(trade(&place, &first).await.state, State::Withdrawn);
}

async fn two_persons_let_what_is_still_owed_go(place: Place) {
    let outside = Outside::at(start());
    let (app, seller, first) = unanswered(&place, &outside).await;
    let id = &first.trade_task_id;
    let asked = async || app.pay_rest(id, "staff:1", "").await.unwrap();
    assert!(!asked().await, "it is on its way");
    corrected(&app, &place, &outside, &seller, "10.5").await;
    confirm(&app, &place, &seller).await;
    app.sweep_trades().await.unwrap();
    fence(&app, &outside).await;
    assert_eq!(trade(&place, &first).await.state, State::Held);
    assert!(asked().await);
    app.sweep_trades().await.unwrap();
    let paid = trade(&place, &first).await;
    assert_eq!(
        (paid.state, paid.accepted, paid.amount),
        (State::Paid, Fen::new(13_020), Fen::new(12_400)),
        "what is owed of what was accepted last"
    );
    assert_eq!(outside.paid(), Fen::new(13_020), "620, then 12400");
    assert!(!asked().await, "nothing is owed any more");
    for _ in 0..2 {
        outside.advance(3601);
        app.sweep_trades().await.unwrap();
    }
    assert_eq!(outside.paid(), Fen::new(13_020));
}

/// The version after is worth the same: the owner was asked, and nothing was left to be paid for it.
async fn a_payout_fenced_beside_the_same_figure_is_paid(place: Place) {
    let outside = Outside::at(start());
    let (app, seller, first) = unanswered(&place, &outside).await;
    corrected(&app, &place, &outside, &seller, "10.5").await;
    let third = corrected(&app, &place, &outside, &seller, "10").await;
    assert_eq!(third.net, first.accepted);
    confirm(&app, &place, &seller).await;
    assert_eq!(place.trade_of(&third.check_task_id).await, None);
    fence(&app, &outside).await;
    assert_eq!(outside.paid(), Fen::new(12_400));
    assert_eq!(trade(&place, &first).await.state, State::Paid);
    assert_eq!(place.number("SELECT COUNT(*) FROM case_file").await, 0);
}

async fn figures_that_differ_hold_the_payout_and_are_told(place: Place) {
    let outside = Outside::at(start());
    let (app, seller) = sent(&place, &outside, "10").await;
    confirm(&app, &place, &seller).await;
    let task = place.newest_task(&seller).await;
    let payout = place.trade_of(&task.check_task_id).await.unwrap();
    let settled_at = async |adjustment: i64| {
        place
            .raw(&format!(
                "UPDATE energy_version SET adjustment_fen = {adjustment}"
            ))
            .await
            .unwrap();
    };
    settled_at(100).await;
    let about = payout.trade_task_id.as_str();
    for _ in 0..2 {
        app.sweep_trades().await.unwrap();
        outside.advance(3601);
        let held = trade(&place, &payout).await;
        assert_eq!(
            (held.state, held.hold),
            (State::Held, Some(Hold::FiguresDiffer))
        );
        assert_eq!(told(&place, "figures_differ", about).await, 1);
    }
    let closed = "UPDATE case_file SET closed_at = opened_at";
    place.raw(closed).await.unwrap();
    outside.advance(86_400);
    app.sweep_trades().await.unwrap();
    let again = format!("{about}#2");
    assert_eq!(told(&place, "figures_differ", &again).await, 1, "it lasts");
    assert_eq!(outside.paid(), Fen::ZERO);
    settled_at(0).await;
    // An update that is not settled yet is no difference: the watch brings the next task.
    outside.reads(&seller, "11");
    app.collect_all().await.unwrap();
    app.sweep_trades().await.unwrap();
    assert_eq!(trade(&place, &payout).await.state, State::Held);
    assert_eq!(place.number("SELECT COUNT(*) FROM case_file").await, 2);
    assert_eq!(outside.paid(), Fen::ZERO);
}

async fn a_covered_month_leaves_no_payout_behind_that_an_end_waits_for(place: Place) {
    let outside = Outside::at(start());
    let (app, seller) = sent(&place, &outside, "10").await;
    confirm(&app, &place, &seller).await;
    outside.with(|world| world.faults.push_back(Fault::AfterCommit));
    app.sweep_trades().await.unwrap();
    let second = corrected(&app, &place, &outside, &seller, "10.5").await;
    confirm(&app, &place, &seller).await;
    let difference = place.trade_of(&second.check_task_id).await.unwrap();
    assert_eq!(difference.amount, Fen::new(620));
    let true_sum = Fen::new(13_100);
    outside.with(|world| world.payouts[0].3 = PayoutAnswer::Paid(true_sum));
    app.sweep_trades().await.unwrap();
    assert_eq!(trade(&place, &difference).await.state, State::Withdrawn);
    assert_eq!(outside.paid(), true_sum, "nothing on top");
    let about = second.check_task_id.as_str();
    assert_eq!(told(&place, "paid_more_than_accepted", about).await, 1);
    let maker = Maker {
        clock: &outside,
        entropy: &outside,
    };
    let ended = generation(&place, &outside)
        .end(&seller.account, &Actor::job("test", &maker))
        .await;
    assert_eq!(ended.unwrap(), GenerationState::Terminated);
}

/// The list is asked for by itself: paid, given back, and taken back by newer data are not the same there.
async fn the_list_says_where_the_money_of_a_month_is(place: Place) {
    use table_k::State as Check;
    let outside = Outside::at(start());
    let (app, seller) = sent(&place, &outside, "10").await;
    let listed = async || {
        let found = app.tasks(&seller.owner, &Page::widest()).await.unwrap();
        let stands = |row: &ListedTask| {
            let payout = row.payout.as_ref().map(|payout| payout.state);
            (row.task.state, payout)
        };
        found.items.iter().map(stands).collect::<Vec<_>>()
    };
    assert_eq!(listed().await, [(Check::Open, None)]);
    confirm(&app, &place, &seller).await;
    assert_eq!(listed().await, [(Check::Answered, Some(State::Held))]);
    app.sweep_trades().await.unwrap();
    assert_eq!(listed().await, [(Check::Dispatched, Some(State::Paid))]);
    let back = Fen::new(12_400);
    outside.with(|world| world.payouts[0].3 = PayoutAnswer::Returned(back));
    assert_eq!(app.look_for_returns().await.unwrap(), 1);
    let returned = [(Check::Dispatched, Some(State::Returned))];
    assert_eq!(listed().await, returned);
    corrected(&app, &place, &outside, &seller, "10.5").await;
    let taken_back = [(Check::Open, None), (Check::Dispatched, None)];
    assert_eq!(listed().await, taken_back);
}
