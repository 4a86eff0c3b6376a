//! The brake of payouts (money.md G7): what is more than may leave within an hour waits for two persons, however
//! long, and not for the hour to pass.

use std::time::Duration;

use lifeline_core::cases::decision::{Ending, Proposal, Resolution};
use lifeline_core::cases::four_eyes::ProposalState;
use lifeline_core::cases::{Case, CaseKind};
use lifeline_core::settlement::brake::PayoutStop;
use lifeline_core::settlement::ids::TradeTaskId;
use lifeline_core::settlement::table_t::{Input, State};
use lifeline_core::settlement::trade_task::TradeTask;
use lifeline_core::settlement::trading::Paid;
use lifeline_core::settlement::{Feedback, Settlement, SettlementRules};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::time::Clock as _;
use lifeline_core::store::snapshot;
use tokio::sync::Notify;

use crate::checking::answer;
use crate::store::{Place, start};
use crate::stories;
use crate::world::{Outside, app, ports, rules};

stories! {
    payouts_over_the_hours_count_wait_for_two_persons_however_long;
    one_payout_over_the_hours_sum_leaves_once_two_persons_agreed;
    one_person_is_not_two_and_a_trip_is_released_once;
    all_payouts_stand_still_once_a_person_says_so_until_two_agree;
    nobody_looked_at_the_payout_that_leaves_after_a_persons_stop;
    a_stop_while_the_brake_is_on_asks_two_persons_anew;
    two_payouts_that_leave_at_once_do_not_pass_the_brake_together;
    what_two_persons_looked_at_leaves_though_the_reserve_was_silent_for_a_moment;
    a_release_lets_no_other_payout_go_past_the_hours_sum;
    nobody_outside_is_asked_while_the_brake_is_on;
}

/// Trips that nobody closed yet, oldest first.
async fn trips(place: &Place) -> Vec<Case> {
    let mut view = snapshot(&*place.store).await.unwrap();
    let mut about = view.cases().about("payouts").await.unwrap();
    about.retain(|case| case.closed_at.is_none());
    about
}

fn agreed(case: &Case, by: [&str; 2]) -> Proposal {
    Proposal {
        proposal_id: case.case_id.as_str().to_owned(),
        what: Ending {
            case_id: case.case_id.clone(),
            resolution: Resolution::ReleaseBrake,
            parts: Vec::new(),
        },
        reason: "the month's payouts are due".to_owned(),
        proposed_by: by[0].to_owned(),
        proposed_at: case.opened_at,
        state: ProposalState::Approved,
        decided_by: Some(by[1].to_owned()),
        decided_at: Some(case.opened_at),
    }
}

/// Two persons let payouts go on, and the case is over.
pub(crate) async fn release(app: &Settlement, place: &Place) {
    let open = trips(place).await;
    let [case] = &open[..] else {
        panic!("one trip: {open:?}");
    };
    assert_eq!(case.kind, CaseKind::PayoutsBraked);
    let decided = agreed(case, ["staff:a", "staff:b"]);
    assert!(app.release_brake(case, &decided, "t").await.unwrap());
    let (id, now) = (&case.case_id, case.opened_at);
    place
        .write(async |tx| tx.cases().close(id, now).await)
        .await;
}

/// Three sellers whose months are confirmed, 124.00 yuan each.
pub(crate) async fn three(app: &Settlement, place: &Place, outside: &Outside) {
    let mut sellers = Vec::new();
    for nth in 0..3 {
        let seller = place.seller(outside, nth).await;
        outside.reads(&seller, "10");
        sellers.push(seller);
    }
    app.collect_all().await.unwrap();
    app.watch().await.unwrap();
    for seller in &sellers {
        answer(app, place, seller, Feedback::Confirm).await.unwrap();
    }
}

/// One payout an hour.
fn of_one() -> SettlementRules {
    let mut tight = rules();
    tight.brake_count = 1;
    tight
}

/// Less an hour than any of the three is.
fn of_less() -> SettlementRules {
    let mut tight = rules();
    tight.brake_sum = Fen::new(12_399);
    tight
}

/// The three after a first sweep.
async fn swept(place: &Place, tight: SettlementRules) -> (Outside, Settlement) {
    let outside = Outside::at(start());
    let app = app(place, &outside, tight);
    three(&app, place, &outside).await;
    app.sweep_trades().await.unwrap();
    (outside, app)
}

async fn queued(place: &Place) -> i64 {
    let queued = "SELECT COUNT(*) FROM trade_task WHERE state = 'QUEUED'";
    place.number(queued).await
}

async fn payouts_over_the_hours_count_wait_for_two_persons_however_long(place: Place) {
    let (outside, app) = swept(&place, of_one()).await;
    assert_eq!(outside.paid(), Fen::new(12_400));
    for _ in 0..3 {
        outside.advance(2 * 3_600);
        app.sweep_trades().await.unwrap();
    }
    assert_eq!(outside.paid(), Fen::new(12_400), "no hour releases it");
    assert_eq!((queued(&place).await, trips(&place).await.len()), (2, 1));
    release(&app, &place).await;
    app.sweep_trades().await.unwrap();
    assert_eq!(outside.paid(), Fen::new(24_800), "counted from zero");
    assert_eq!(
        (queued(&place).await, trips(&place).await.len()),
        (1, 1),
        "the third trips it again, and is told again"
    );
    let told = "SELECT COUNT(*) FROM audit_line WHERE act = 'settlement.release_brake'";
    assert_eq!(place.number(told).await, 1);
}

async fn one_payout_over_the_hours_sum_leaves_once_two_persons_agreed(place: Place) {
    let (outside, app) = swept(&place, of_less()).await;
    assert_eq!(outside.paid(), Fen::ZERO);
    outside.advance(60);
    release(&app, &place).await;
    app.sweep_trades().await.unwrap();
    assert_eq!(outside.paid(), Fen::new(12_400), "what they looked at");
    assert_eq!((queued(&place).await, trips(&place).await.len()), (2, 1));
}

async fn one_person_is_not_two_and_a_trip_is_released_once(place: Place) {
    let (outside, app) = swept(&place, of_one()).await;
    let first = trips(&place).await.remove(0);
    let alone = agreed(&first, ["staff:a", "staff:a"]);
    assert!(app.release_brake(&first, &alone, "t").await.is_err());
    outside.advance(60);
    app.sweep_trades().await.unwrap();
    assert_eq!(outside.paid(), Fen::new(12_400), "one person is not two");
    release(&app, &place).await;
    app.sweep_trades().await.unwrap();
    // Carried out once more, an agreement about the first trip says nothing of the second.
    let decided = agreed(&first, ["staff:a", "staff:b"]);
    assert!(!app.release_brake(&first, &decided, "t").await.unwrap());
    outside.advance(60);
    app.sweep_trades().await.unwrap();
    assert_eq!((queued(&place).await, trips(&place).await.len()), (1, 1));
}

/// The payout that is next.
async fn head(place: &Place) -> TradeTaskId {
    let mut view = snapshot(&*place.store).await.unwrap();
    view.settlement().first_queued().await.unwrap().unwrap()
}

async fn what_two_persons_looked_at_leaves_though_the_reserve_was_silent_for_a_moment(
    place: Place,
) {
    let (outside, app) = swept(&place, of_less()).await;
    let looked_at = head(&place).await;
    let said = trips(&place).await.remove(0).facts;
    assert!(
        said.contains(looked_at.as_str()) && said.contains("12400"),
        "they see which one it is: {said}"
    );
    outside.advance(60);
    release(&app, &place).await;
    outside.with(|world| world.is_reserve_silent = true);
    app.sweep_trades().await.unwrap();
    assert_eq!(outside.paid(), Fen::ZERO);
    assert_eq!(head(&place).await, looked_at, "it keeps its place");
    outside.with(|world| world.is_reserve_silent = false);
    outside.advance(1);
    app.sweep_trades().await.unwrap();
    let paid = "SELECT trade_task_id FROM trade_task WHERE state = 'PAID'";
    assert_eq!(place.word(paid).await, looked_at.as_str());
    assert_eq!(outside.paid(), Fen::new(12_400));
    assert_eq!((queued(&place).await, trips(&place).await.len()), (2, 1));
}

/// What they looked at is out of the queue when the next leaves.
async fn a_release_lets_no_other_payout_go_past_the_hours_sum(place: Place) {
    let (outside, app) = swept(&place, of_less()).await;
    let looked_at = head(&place).await;
    let later = outside.now().plus_seconds(3_600).micros();
    place
        .raw(&format!(
            "UPDATE trade_task SET state = 'HELD', hold = 'no_payee', next_at = {later} \
             WHERE trade_task_id = '{looked_at}'"
        ))
        .await
        .unwrap();
    outside.advance(60);
    release(&app, &place).await;
    app.sweep_trades().await.unwrap();
    assert_eq!(outside.paid(), Fen::ZERO, "nobody looked at the next");
    assert_eq!((queued(&place).await, trips(&place).await.len()), (2, 1));
}

async fn nobody_outside_is_asked_while_the_brake_is_on(place: Place) {
    let (outside, app) = swept(&place, of_one()).await;
    assert_eq!((queued(&place).await, trips(&place).await.len()), (2, 1));
    let asked = || outside.with(|world| world.reserve_asked);
    let before = asked();
    for _ in 0..10 {
        outside.advance(1);
        app.sweep_trades().await.unwrap();
    }
    assert_eq!(asked(), before);
    release(&app, &place).await;
    app.sweep_trades().await.unwrap();
    assert!(asked() > before, "what leaves is asked about");
}

fn stop_of(place: &Place, outside: &Outside) -> PayoutStop {
    let ports = ports(place.store.clone(), outside);
    PayoutStop {
        store: ports.store,
        clock: ports.clock,
        entropy: ports.entropy,
    }
}

async fn nobody_looked_at_the_payout_that_leaves_after_a_persons_stop(place: Place) {
    let outside = Outside::at(start());
    let app = app(&place, &outside, of_less());
    three(&app, &place, &outside).await;
    let brake = stop_of(&place, &outside);
    assert!(brake.stop("li.ming", "t").await.unwrap());
    outside.advance(60);
    release(&app, &place).await;
    app.sweep_trades().await.unwrap();
    assert_eq!(outside.paid(), Fen::ZERO, "it trips the brake by itself");
    assert_eq!((queued(&place).await, trips(&place).await.len()), (3, 1));
    outside.advance(60);
    release(&app, &place).await;
    app.sweep_trades().await.unwrap();
    assert_eq!(outside.paid(), Fen::new(12_400), "what they looked at");
}

async fn a_stop_while_the_brake_is_on_asks_two_persons_anew(place: Place) {
    let (outside, app) = swept(&place, of_one()).await;
    let before = trips(&place).await.remove(0);
    outside.advance(60);
    let brake = stop_of(&place, &outside);
    assert!(
        !brake.stop("li.ming", "t").await.unwrap(),
        "it is on already"
    );
    for kept in [
        "SELECT COUNT(*) FROM audit_line WHERE act = 'settlement.stop_payouts'",
        "SELECT COUNT(*) FROM evidence_entry WHERE kind = 'settlement.stop_payouts'",
    ] {
        assert_eq!(place.number(kept).await, 1, "{kept}");
    }
    let decided = agreed(&before, ["staff:a", "staff:b"]);
    let released = app.release_brake(&before, &decided, "t").await.unwrap();
    assert!(!released, "they agreed before it was stopped");
    app.sweep_trades().await.unwrap();
    assert_eq!(outside.paid(), Fen::new(12_400));
    let open = trips(&place).await;
    assert!(matches!(&open[..], [one] if one.case_id != before.case_id));
    release(&app, &place).await;
    app.sweep_trades().await.unwrap();
    assert_eq!(outside.paid(), Fen::new(24_800), "counted from zero");
}

async fn all_payouts_stand_still_once_a_person_says_so_until_two_agree(place: Place) {
    let outside = Outside::at(start());
    let app = app(&place, &outside, rules());
    three(&app, &place, &outside).await;
    let brake = stop_of(&place, &outside);
    assert!(brake.stop("li.ming", "t").await.unwrap());
    app.sweep_trades().await.unwrap();
    outside.advance(2 * 3_600);
    app.sweep_trades().await.unwrap();
    assert_eq!(outside.paid(), Fen::ZERO, "no hour releases it");
    assert_eq!((queued(&place).await, trips(&place).await.len()), (3, 1));
    let said = trips(&place).await.remove(0).facts;
    assert!(said.contains("payouts_stopped"), "{said}");
    let told = "SELECT actor FROM audit_line WHERE act = 'settlement.stop_payouts'";
    assert_eq!(place.word(told).await, "staff:li.ming");
    let proven = "SELECT COUNT(*) FROM evidence_entry WHERE kind = 'settlement.stop_payouts'";
    assert_eq!(place.number(proven).await, 1);
    release(&app, &place).await;
    app.sweep_trades().await.unwrap();
    assert_eq!(outside.paid(), Fen::new(37_200));
}

/// One unit is about to send the last payout that the hour has room for, and another comes to the next before it ends.
async fn two_payouts_that_leave_at_once_do_not_pass_the_brake_together(place: Place) {
    let outside = Outside::at(start());
    let app = app(&place, &outside, of_one());
    three(&app, &place, &outside).await;
    let queued = "UPDATE trade_task SET state = 'QUEUED', hold = NULL";
    place.raw(queued).await.unwrap();
    let id = async |which: &str| {
        let id = format!("SELECT {which}(trade_task_id) FROM trade_task");
        TradeTaskId::parse(&place.word(&id).await).unwrap()
    };
    let (first, second) = (id("MIN").await, id("MAX").await);
    let mut view = snapshot(&*place.store).await.unwrap();
    let found = view.settlement().trade(&first).await.unwrap();
    drop(view);
    let sending = TradeTask {
        state: State::Sending,
        payout_no: Some("t0first".to_owned()),
        sent_at: Some(outside.now()),
        ..found.unwrap()
    };
    let (holds, done) = (Notify::new(), Notify::new());
    let leaves = place.write(async |tx| {
        tx.settlement().queue_alone().await?;
        tx.settlement().save_trade(&sending).await?;
        holds.notify_one();
        // Whoever does not wait for this unit is through by then.
        let _ = tokio::time::timeout(Duration::from_millis(200), done.notified()).await;
        Ok(())
    });
    let comes = async {
        holds.notified().await;
        let turn = app.see_trade(&second, Input::Turn, Paid::default(), "job:test");
        let applied = turn.await;
        done.notify_one();
        applied.unwrap().trade
    };
    let ((), kept) = tokio::join!(leaves, comes);
    assert_eq!(kept.state, State::Queued, "the hour is full");
    assert_eq!(trips(&place).await.len(), 1);
}
