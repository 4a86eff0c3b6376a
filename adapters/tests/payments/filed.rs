//! What marketing never works to an end (money.md b5 and 2.1): after a day two persons are told, and once its
//! daily files are closed without the number, it is fenced and the money goes back.

use lifeline_core::cases::CaseKind;
use lifeline_core::payments::ports::{Brake, PostingReply};
use lifeline_core::payments::{Consent, Policy, Standing, numbers, table_l as l};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::time::Clock as _;

use crate::books::HOME;
use crate::outside::Credit;
use crate::store::Place;
use crate::stories;
use crate::story::{Ordered, Story, arrears, trusting};

stories! {
    what_stays_in_process_is_given_up_when_the_files_lack_it;
    what_a_file_names_is_never_given_up;
    without_files_and_in_silence_nothing_is_given_up;
    while_the_brake_is_on_nothing_is_given_up;
    interleaving_01_without_a_fence_the_files_let_the_money_go_back;
    interleaving_01_without_a_fence_the_files_let_it_be_posted_again;
}

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

async fn owing(s: &Story) -> (Ordered, String) {
    s.outside.owes(HOME, 12_840, "v1");
    let li = s.person("li").await;
    let order = s.order(&li, &arrears("key-1", 12_840, "v1")).await;
    let number = numbers::channel_txn_no(&order.number, 1, 1);
    (order, number)
}

/// Paid at ten in the morning, and taken by marketing, which does no more.
async fn in_process(s: &Story) -> (Ordered, String) {
    let (order, number) = owing(s).await;
    s.outside
        .with(|world| world.credits.insert(number.clone(), Credit::Processing));
    s.pays(&order.number).await;
    (order, number)
}

/// The line waits where it was, nothing was tried, and so many cases say that it takes too long.
async fn waits(s: &Story, order: &Ordered, told: usize) {
    let held = s.place.held(&order.id).await;
    let line = &held.order.lines[0];
    assert_eq!((line.state, line.attempt), (l::State::PostUnknown, 1));
    let overdue = held.cases.iter().filter(|case| {
        case.kind == CaseKind::PostingHeld && case.facts.contains("\"reason\":\"overdue\"")
    });
    assert_eq!(overdue.count(), told, "{:?}", held.cases);
    let sent = ["post", "fence", "refund"].map(|name| s.outside.count(name));
    assert_eq!(sent, [1, 0, 0]);
}

async fn went_back(s: &Story, order: &Ordered) {
    assert_eq!(s.standing(&order.id).await, Standing::Refunded);
    assert_eq!(s.outside.count("refund"), 1);
    s.square();
    s.books_agree().await;
}

async fn what_stays_in_process_is_given_up_when_the_files_lack_it(place: Place) {
    let s = Story::at(place);
    let (order, _) = in_process(&s).await;
    s.run_long(DAY - HOUR).await;
    waits(&s, &order, 0).await;
    s.run_long(3 * HOUR).await;
    waits(&s, &order, 1).await;
    assert_eq!(s.outside.count("filed"), 0, "the next day is not over");
    s.run_long(DAY).await;
    assert!(s.outside.count("filed") > 1, "two dates");
    assert_eq!(s.outside.count("fence"), 1);
    went_back(&s, &order).await;
}

async fn what_a_file_names_is_never_given_up(place: Place) {
    let s = Story::at(place);
    let (order, number) = in_process(&s).await;
    s.outside.with(|world| world.named.insert(number));
    s.run_long(3 * DAY).await;
    assert!(s.outside.count("filed") > 0);
    waits(&s, &order, 1).await;
}

/// A marketing that answers nothing is no reason; one that has no files told two persons, and they decide.
async fn without_files_and_in_silence_nothing_is_given_up(place: Place) {
    let s = Story::at(place);
    let (order, _) = in_process(&s).await;
    s.outside.silence(&["post", "get", "fence", "filed"]);
    s.run_long(3 * DAY).await;
    waits(&s, &order, 0).await;
    s.outside.speak();
    s.outside.silence(&["filed"]);
    s.run_long(2 * HOUR).await;
    waits(&s, &order, 1).await;
    s.outside.speak();
    s.run_long(2 * HOUR).await;
    went_back(&s, &order).await;
}

async fn while_the_brake_is_on_nothing_is_given_up(place: Place) {
    let s = Story::at(place);
    let (order, _) = in_process(&s).await;
    let now = s.outside.now();
    let brake = Brake {
        hour: now,
        count_max: 0,
        sum_max: Fen::new(1),
        now,
    };
    let passed = s
        .place
        .write(async |tx| tx.payments().take_brake(brake, Fen::new(1)).await)
        .await;
    assert!(!passed, "it trips");
    s.run_long(3 * DAY).await;
    assert!(s.outside.count("filed") > 0);
    waits(&s, &order, 1).await;
    for (who, then) in [("zhao", Consent::First), ("qian", Consent::Released)] {
        let said = s.app.brake().consent(who, "trace").await.unwrap();
        assert_eq!(said, then);
    }
    s.run_long(2 * HOUR).await;
    went_back(&s, &order).await;
}

fn unfenced() -> Policy {
    Policy {
        marketing_fences: false,
        ..trusting()
    }
}

/// The account was closed meanwhile: a day and a half is not enough, two closed files are.
async fn interleaving_01_without_a_fence_the_files_let_the_money_go_back(place: Place) {
    let s = Story::with_policy(place, unfenced());
    let (order, number) = owing(&s).await;
    s.outside
        .with(|world| world.due.get_mut(HOME).unwrap().2 = false);
    s.pays(&order.number).await;
    s.run_long(DAY + 12 * HOUR).await;
    let look = s.look(&order.id).await;
    let line = &look.lines[0];
    assert_eq!(line.state, l::State::FencingRefund);
    s.outside.with(|world| world.named.insert(number.clone()));
    s.run_long(DAY).await;
    assert_eq!(s.outside.count("refund"), 0, "a file names it");
    s.outside.with(|world| world.named.remove(&number));
    s.run_long(2 * HOUR).await;
    assert_eq!(s.outside.count("fence"), 0);
    went_back(&s, &order).await;
}

/// The arrears had changed: what no file names is posted under the next number.
async fn interleaving_01_without_a_fence_the_files_let_it_be_posted_again(place: Place) {
    let s = Story::with_policy(place, unfenced());
    let (order, _) = owing(&s).await;
    s.outside
        .with(|world| world.post_replies.push_back(PostingReply::StaleOrMismatch));
    s.pays(&order.number).await;
    s.run_long(DAY + 12 * HOUR).await;
    let look = s.look(&order.id).await;
    let line = &look.lines[0];
    assert_eq!((line.state, line.attempt), (l::State::FencingRepost, 1));
    s.run_long(DAY).await;
    assert_eq!(s.standing(&order.id).await, Standing::Posted);
    assert_eq!(s.outside.count("post"), 2);
    s.square();
    s.books_agree().await;
}
