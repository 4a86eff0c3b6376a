//! From the owner's answer to the money, and back.

use lifeline_core::ledger::Account;
use lifeline_core::settlement::Feedback;
use lifeline_core::settlement::table_k;
use lifeline_core::settlement::table_t::State;
use lifeline_core::settlement::trade_queue::Weights;
use lifeline_core::settlement::trade_task::Hold;
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::time::Clock as _;
use lifeline_core::store::snapshot;

use crate::braked::release;
use crate::checking::sent;
use crate::store::{Place, start};
use crate::stories;
use crate::world::{Fault, Outside, app, period, rules};

stories! {
    pv_01_the_five_steps_come_in_order;
    pv_27_the_trade_task_carries_amount_and_identity;
    pv_28_the_queue_leaves_in_weighted_order_and_a_change_rekeys_it;
    an_unknown_payout_is_asked_about_and_never_paid_twice;
    a_refused_payout_is_held_and_leaves_under_a_new_number;
    a_refusal_nobody_heard_is_final_once_its_number_is_fenced;
    a_corrected_month_pays_the_difference_only;
    a_young_payee_waits_three_days;
    a_returned_payout_waits_for_its_owner;
    the_brake_stops_the_queue;
    another_sum_is_booked_true_and_opens_a_case;
}

async fn confirmed(
    place: &Place,
    outside: &Outside,
    peak: &str,
) -> lifeline_core::settlement::Settlement {
    let (app, seller) = sent(place, outside, peak).await;
    let task = place.newest_task(&seller).await;
    let own = app
        .own_task(&seller.owner, &task.check_task_id)
        .await
        .unwrap();
    app.feed_back(&own, Feedback::Confirm, "").await.unwrap();
    app
}

async fn pv_01_the_five_steps_come_in_order(place: Place) {
    let outside = Outside::at(start());
    let app = app(&place, &outside, rules());
    let seller = place.seller(&outside, 1).await;
    assert_eq!(
        app.watch().await.unwrap(),
        0,
        "nothing is settled before it is collected"
    );
    outside.reads(&seller, "10");
    app.collect_all().await.unwrap();
    assert!(
        place.tasks_of(&seller.owner).await.is_empty(),
        "no task before the amount"
    );
    app.watch().await.unwrap();
    let task = place.newest_task(&seller).await;
    app.sweep_trades().await.unwrap();
    assert_eq!(outside.paid(), Fen::ZERO, "no money before the check");
    let own = app
        .own_task(&seller.owner, &task.check_task_id)
        .await
        .unwrap();
    app.feed_back(&own, Feedback::Confirm, "").await.unwrap();
    app.sweep_trades().await.unwrap();
    assert_eq!(outside.paid(), Fen::new(12_400));
    let trade = place.trade_of(&task.check_task_id).await.unwrap();
    assert_eq!(
        (trade.state, trade.paid),
        (State::Paid, Some(Fen::new(12_400)))
    );
    let mut view = snapshot(&*place.store).await.unwrap();
    let balances = view.ledger().balances().await.unwrap();
    let payout = balances
        .iter()
        .find(|b| b.account == Account::Payout)
        .unwrap();
    assert_eq!(payout.net, Fen::new(-12_400));
    let lines = place
        .number("SELECT COUNT(*) FROM evidence_entry WHERE kind LIKE 'settlement.%'")
        .await;
    assert!(lines >= 5, "{lines}");
}

async fn pv_27_the_trade_task_carries_amount_and_identity(place: Place) {
    let outside = Outside::at(start());
    let app = confirmed(&place, &outside, "10").await;
    app.sweep_trades().await.unwrap();
    let payouts = outside.with(|world| world.payouts.clone());
    assert_eq!(payouts.len(), 1);
    let (number, sum, card, _) = &payouts[0];
    assert_eq!(
        (*sum, card.as_str()),
        (Fen::new(12_400), "6217000000000001")
    );
    assert!(number.starts_with("t0") && number.len() == 24);
    let payee = outside.with(|world| world.payees[number].clone());
    assert_eq!(
        [
            payee.name.expose(),
            payee.id_no.expose(),
            payee.trading_account.expose()
        ],
        ["陈光", "150499199001010014", "6217000000000001"]
    );
}

async fn pv_28_the_queue_leaves_in_weighted_order_and_a_change_rekeys_it(place: Place) {
    let outside = Outside::at(start());
    let mut stopped = rules();
    stopped.brake_count = 1;
    let app_slow = app(&place, &outside, stopped);
    let mut sellers = Vec::new();
    // Old and small first, then ever younger and larger.
    for (nth, peak) in ["1", "2", "40", "80"].into_iter().enumerate() {
        let seller = place.seller(&outside, nth).await;
        outside.reads(&seller, peak);
        app_slow
            .collect(&seller.account, &seller.table, &period())
            .await
            .unwrap();
        app_slow.watch().await.unwrap();
        let task = place.newest_task(&seller).await;
        let own = app_slow
            .own_task(&seller.owner, &task.check_task_id)
            .await
            .unwrap();
        app_slow
            .feed_back(&own, Feedback::Confirm, "")
            .await
            .unwrap();
        sellers.push((seller, task.net));
        outside.advance(30);
    }
    // One leaves, the brake holds the rest in the queue.
    app_slow.sweep_trades().await.unwrap();
    let first = outside.with(|world| world.payouts[0].1);
    assert_eq!(first, sellers[3].1, "the largest sum outweighs two minutes");
    release(&app_slow, &place).await;
    // Time alone counts now: the oldest leaves first.
    let mut by_time = rules();
    by_time.weights_version = 2;
    by_time.weights = Weights::of(1, 0);
    let app_by_time = app(&place, &outside, by_time);
    assert_eq!(app_by_time.rekey().await.unwrap(), 3);
    app_by_time.sweep_trades().await.unwrap();
    let sums: Vec<Fen> = outside.with(|world| world.payouts.iter().map(|p| p.1).collect());
    assert_eq!(sums[1..], [sellers[0].1, sellers[1].1, sellers[2].1]);
}

async fn an_unknown_payout_is_asked_about_and_never_paid_twice(place: Place) {
    let outside = Outside::at(start());
    let app = confirmed(&place, &outside, "10").await;
    outside.with(|world| world.faults.extend([Fault::AfterCommit]));
    app.sweep_trades().await.unwrap();
    assert_eq!(
        place
            .number("SELECT COUNT(*) FROM trade_task WHERE state = 'UNKNOWN'")
            .await,
        1
    );
    for _ in 0..5 {
        outside.advance(60);
        app.sweep_trades().await.unwrap();
    }
    assert_eq!(
        place
            .number("SELECT COUNT(*) FROM trade_task WHERE state = 'PAID'")
            .await,
        1
    );
    assert_eq!(outside.paid(), Fen::new(12_400));

    let outside = Outside::at(start());
    outside.fill_differently(9);
    let seller = place.seller(&outside, 9).await;
    outside.reads(&seller, "10");
    let app = crate::world::app(&place, &outside, rules());
    app.collect(&seller.account, &seller.table, &period())
        .await
        .unwrap();
    app.watch().await.unwrap();
    let task = place.newest_task(&seller).await;
    let own = app
        .own_task(&seller.owner, &task.check_task_id)
        .await
        .unwrap();
    app.feed_back(&own, Feedback::Confirm, "").await.unwrap();
    outside.with(|world| world.faults.extend([Fault::Before]));
    app.sweep_trades().await.unwrap();
    let sent = place.trade_of(&task.check_task_id).await.unwrap();
    outside.advance(300);
    app.sweep_trades().await.unwrap();
    assert_eq!(outside.paid(), Fen::ZERO, "not found proves nothing yet");
    for _ in 0..3 {
        outside.advance(600);
        app.sweep_trades().await.unwrap();
    }
    let paid = place.trade_of(&task.check_task_id).await.unwrap();
    assert_eq!(paid.state, State::Paid);
    assert_eq!(
        paid.payout_no, sent.payout_no,
        "sent again under the same number"
    );
    assert_eq!(outside.with(|world| world.payouts.len()), 1);
}

async fn a_refused_payout_is_held_and_leaves_under_a_new_number(place: Place) {
    let outside = Outside::at(start());
    let app = confirmed(&place, &outside, "10").await;
    outside.with(|world| world.faults.extend([Fault::Refused]));
    app.sweep_trades().await.unwrap();
    assert_eq!(
        place
            .number("SELECT COUNT(*) FROM trade_task WHERE state = 'HELD' AND hold = 'refused'")
            .await,
        1
    );
    assert_eq!(
        place
            .number("SELECT COUNT(*) FROM trade_task WHERE payout_no IS NULL")
            .await,
        1
    );
    outside.advance(3601);
    app.sweep_trades().await.unwrap();
    assert_eq!(outside.paid(), Fen::new(12_400));
}

async fn a_refusal_nobody_heard_is_final_once_its_number_is_fenced(place: Place) {
    let outside = Outside::at(start());
    let app = confirmed(&place, &outside, "10").await;
    outside.with(|world| world.faults.extend([Fault::RefusedUnheard]));
    app.sweep_trades().await.unwrap();
    let of = async |state: &str| {
        let query = format!("SELECT COUNT(*) FROM trade_task WHERE state = '{state}'");
        place.number(&query).await
    };
    assert_eq!(of("UNKNOWN").await, 1);
    // The platform says of the number what became of it, before and after it is fenced: refused.
    outside.advance(60);
    app.sweep_trades().await.unwrap();
    assert_eq!((of("UNKNOWN").await, of("PAID").await), (0, 1));
    assert_eq!(outside.paid(), Fen::new(12_400));
    let numbers = outside.with(|world| world.payouts.len());
    assert_eq!(numbers, 2, "under a number of its own");
}

async fn a_corrected_month_pays_the_difference_only(place: Place) {
    let outside = Outside::at(start());
    let (app, seller) = sent(&place, &outside, "10").await;
    let confirm = async |peak: &str| {
        let task = place.newest_task(&seller).await;
        let own = app
            .own_task(&seller.owner, &task.check_task_id)
            .await
            .unwrap();
        app.feed_back(&own, Feedback::Confirm, "").await.unwrap();
        app.sweep_trades().await.unwrap();
        outside.advance(60);
        outside.reads(&seller, peak);
        app.collect_all().await.unwrap();
        app.watch().await.unwrap();
        place.newest_task(&seller).await
    };
    let more = confirm("10.5").await;
    assert_eq!(
        (more.net, more.paid_before),
        (Fen::new(13_020), Fen::new(12_400))
    );
    let less = confirm("5").await;
    assert_eq!(outside.paid(), Fen::new(13_020), "12400 and then 620");
    assert_eq!(
        (less.net, less.paid_before),
        (Fen::new(6_200), Fen::new(13_020))
    );
    confirm("5").await;
    assert_eq!(
        outside.paid(),
        Fen::new(13_020),
        "nothing is paid, nothing taken"
    );
    assert_eq!(place.trade_of(&less.check_task_id).await, None);
    let carried = "SELECT COUNT(*) FROM case_file WHERE cause LIKE 'settlement:paid_more_than_accepted:%' \
         AND facts LIKE '%\"paid_more_fen\":6820%'";
    assert_eq!(place.number(carried).await, 1);
}

async fn a_young_payee_waits_three_days(place: Place) {
    let outside = Outside::at(start());
    let app = confirmed(&place, &outside, "10").await;
    let since = outside.now().micros();
    place
        .raw(&format!("UPDATE personal_table SET payee_since = {since}"))
        .await
        .unwrap();
    app.sweep_trades().await.unwrap();
    assert_eq!(
        place
            .number("SELECT COUNT(*) FROM trade_task WHERE hold = 'payee_young'")
            .await,
        1
    );
    outside.advance(71 * 3600);
    app.sweep_trades().await.unwrap();
    assert_eq!(outside.paid(), Fen::ZERO);
    outside.advance(3600);
    app.sweep_trades().await.unwrap();
    assert_eq!(outside.paid(), Fen::new(12_400));
}

async fn a_returned_payout_waits_for_its_owner(place: Place) {
    use lifeline_core::settlement::SettlementError;
    use lifeline_core::settlement::ports::PayoutAnswer;
    let outside = Outside::at(start());
    let (app, seller) = sent(&place, &outside, "10").await;
    let task = place.newest_task(&seller).await;
    let own = app
        .own_task(&seller.owner, &task.check_task_id)
        .await
        .unwrap();
    app.feed_back(&own, Feedback::Confirm, "").await.unwrap();
    app.sweep_trades().await.unwrap();
    assert_eq!(app.look_for_returns().await.unwrap(), 0, "it is paid");
    let early = app.confirm_payee(&own, "").await;
    assert!(matches!(early, Err(SettlementError::NothingReturned)));
    let sum = Fen::new(12_400);
    outside.with(|world| world.payouts[0].3 = PayoutAnswer::Returned(sum));
    assert_eq!(app.look_for_returns().await.unwrap(), 1);
    let task = place.newest_task(&seller).await;
    let returned = place.trade_of(&task.check_task_id).await.unwrap();
    assert_eq!(
        (returned.state, returned.hold),
        (State::Returned, Some(Hold::Returned))
    );
    assert_eq!(app.look_for_returns().await.unwrap(), 0, "found once");
    outside.advance(7200);
    app.sweep_trades().await.unwrap();
    assert_eq!(outside.paid(), Fen::ZERO, "nobody said where it goes");
    app.confirm_payee(&own, "").await.unwrap();
    app.confirm_payee(&own, "").await.unwrap();
    app.sweep_trades().await.unwrap();
    assert_eq!(outside.paid(), sum);
    assert_eq!(
        outside.with(|world| world.payouts.len()),
        2,
        "under a number of its own"
    );
    let mut view = snapshot(&*place.store).await.unwrap();
    let balances = view.ledger().balances().await.unwrap();
    let payout = balances
        .iter()
        .find(|b| b.account == Account::Payout)
        .unwrap();
    assert_eq!(payout.net, Fen::new(-12_400));
}

async fn the_brake_stops_the_queue(place: Place) {
    let outside = Outside::at(start());
    confirmed(&place, &outside, "10").await;
    let mut tight = rules();
    tight.brake_sum = Fen::new(12_399);
    let app = app(&place, &outside, tight);
    app.sweep_trades().await.unwrap();
    assert_eq!(
        place
            .number("SELECT COUNT(*) FROM trade_task WHERE state = 'QUEUED'")
            .await,
        1
    );
    assert_eq!(outside.paid(), Fen::ZERO);
    let dispatched = table_k::State::Dispatched.as_str();
    let query = format!("SELECT COUNT(*) FROM check_task WHERE state = '{dispatched}'");
    assert_eq!(place.number(&query).await, 0, "still to be undone");
}

async fn another_sum_is_booked_true_and_opens_a_case(place: Place) {
    let outside = Outside::at(start());
    let app = confirmed(&place, &outside, "10").await;
    outside.with(|world| world.faults.extend([Fault::OtherSum]));
    app.sweep_trades().await.unwrap();
    assert_eq!(
        place.number("SELECT paid_fen FROM trade_task").await,
        12_399
    );
    assert_eq!(
        place
            .number("SELECT COUNT(*) FROM case_file WHERE kind = 'payout_differs'")
            .await,
        1
    );
}
