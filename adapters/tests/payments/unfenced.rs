//! A marketing that cannot fence a number (money.md 2.1): what is not known to be posted is neither posted
//! under a second number nor given back. Two persons are told, and marketing's own word decides.

use lifeline_core::cases::CaseKind;
use lifeline_core::payments::ports::{PostedLine, PostingReply};
use lifeline_core::payments::recovery::lost::State;
use lifeline_core::payments::{Policy, Standing, numbers, table_l as l};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::personal::ConsumerNo;
use lifeline_core::shared::time::Time;

use crate::books::{HOME, payments};
use crate::outside::Credit;
use crate::restored::{home, ordered, restore};
use crate::store::Place;
use crate::stories;
use crate::story::{Ordered, Story, arrears, trusting};

stories! {
    interleaving_01_without_a_fence_a_refused_posting_waits_for_marketings_word;
    interleaving_01_without_a_fence_money_goes_back_once_marketing_shut_the_number;
    interleaving_09_without_a_fence_a_lost_trade_waits_for_marketings_word;
}

fn unfenced() -> Policy {
    Policy {
        marketing_fences: false,
        ..trusting()
    }
}

async fn paid(s: &Story) -> Ordered {
    s.outside.owes(HOME, 12_840, "v1");
    let li = s.person("li").await;
    let order = s.order(&li, &arrears("key-1", 12_840, "v1")).await;
    assert!(s.outside.pay(&order.number));
    order
}

/// Sent once, two persons told once, nothing else done; the number it was sent under.
async fn waits(s: &Story, order: &Ordered, state: l::State) -> String {
    let held = s.place.held(&order.id).await;
    let line = &held.order.lines[0];
    assert_eq!((line.state, line.attempt), (state, 1), "no second number");
    let told = held.cases.iter().filter(|case| {
        case.kind == CaseKind::PostingHeld && case.facts.contains("\"reason\":\"no_fence\"")
    });
    assert_eq!(told.count(), 1, "{:?}", held.cases);
    let sent = ["post", "fence", "reverse", "voucher", "refund"].map(|name| s.outside.count(name));
    assert_eq!(sent, [1, 0, 0, 0, 0]);
    line.channel_txn_no.clone()
}

fn posting(home: &str, paid_at: Time, now: Time) -> Credit {
    Credit::Posted(PostedLine {
        consumer_no: ConsumerNo::parse(home).unwrap(),
        amount: Fen::new(12_840),
        paid_at,
        mkt_txn_no: "M-late".to_owned(),
        business_date: now.shanghai_date(),
        posted_at: now,
    })
}

/// The arrears had changed, and what was refused is posted after all: it is credited once.
async fn interleaving_01_without_a_fence_a_refused_posting_waits_for_marketings_word(place: Place) {
    let s = Story::with_policy(place, unfenced());
    let order = paid(&s).await;
    s.outside
        .with(|world| world.post_replies.push_back(PostingReply::StaleOrMismatch));
    s.tell("n1", &order.number).await;
    s.run(30).await;
    let number = waits(&s, &order, l::State::FencingRepost).await;
    let asked = s.outside.count("get");
    assert!(asked > 0, "marketing is asked instead");
    s.run_long(6 * 3_600).await;
    waits(&s, &order, l::State::FencingRepost).await;
    assert!(s.outside.count("get") > asked, "and asked again");
    let paid_at = s.look(&order.id).await.payment.paid_at.unwrap();
    s.outside.with(|world| {
        let late = posting(HOME, paid_at, Time::from_micros(world.now));
        world.credits.insert(number, late);
    });
    s.run_long(2 * 3_600).await;
    assert_eq!(s.standing(&order.id).await, Standing::Posted);
    s.square();
    s.books_agree().await;
}

/// The account was closed meanwhile: nothing goes back until marketing's people shut the number.
async fn interleaving_01_without_a_fence_money_goes_back_once_marketing_shut_the_number(
    place: Place,
) {
    let s = Story::with_policy(place, unfenced());
    let order = paid(&s).await;
    s.outside
        .with(|world| world.due.get_mut(HOME).unwrap().2 = false);
    s.tell("n1", &order.number).await;
    s.run(30).await;
    waits(&s, &order, l::State::FencingRefund).await;
    s.run_long(6 * 3_600).await;
    let number = waits(&s, &order, l::State::FencingRefund).await;
    s.outside
        .with(|world| world.credits.insert(number, Credit::Fenced));
    s.run_long(2 * 3_600).await;
    assert_eq!(s.standing(&order.id).await, Standing::Refunded);
    assert_eq!(s.outside.count("refund"), 1);
    s.square();
    s.books_agree().await;
}

/// An order that a restored store does not know, and whose posting marketing does not show.
async fn interleaving_09_without_a_fence_a_lost_trade_waits_for_marketings_word(place: Place) {
    let s = Story::at(place);
    ordered(&s, 1).await;
    let copy = s.place.copy().await;
    s.outside.silence(&["post", "get", "fence"]);
    let order = ordered(&s, 2).await;
    s.pays(&order.number).await;
    s.outside.speak();
    let mut r = restore(&s, copy).await;
    let policy = Policy {
        number_prefix: "t1".to_owned(),
        ..unfenced()
    };
    r.s.app = payments(&r.s.place, &r.s.outside, policy);
    r.gathers().await;
    r.ends().await;
    assert_eq!(r.lost(&order.number).await, State::Found);
    let cases = "SELECT COUNT(*) FROM case_file WHERE cause LIKE 'payments:lost:%'";
    assert_eq!(r.s.count(cases).await, 1, "two persons are told once");
    let sent = ["fence", "refund"].map(|name| r.s.outside.count(name));
    assert_eq!(sent, [0, 0], "nothing proves that it is not posted");
    r.s.outside.with(|world| {
        let paid_at = world.trades[&order.number].paid_at.unwrap();
        let late = posting(&home(2), paid_at, Time::from_micros(world.now));
        let number = numbers::channel_txn_no(&order.number, 1, 1);
        world.credits.insert(number, late);
    });
    r.s.run_long(2 * 86_400).await;
    assert_eq!(r.lost(&order.number).await, State::Accounted);
    assert_eq!(r.s.outside.count("refund"), 0);
    r.over().await;
}
