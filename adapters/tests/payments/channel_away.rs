//! The channel is away for an hour and tells of nothing. What was paid meanwhile sleeps through its turns and is credited
//! soon after the first answer, whoever of our processes saw the channel go (ADR 0018).

use lifeline_core::payments::{Standing, table_p as p};
use lifeline_core::shared::time::Clock as _;

use crate::outside::Fault;
use crate::store::Place;
use crate::stories;
use crate::story::{Ordered, Story, arrears};

stories! {
    what_was_paid_while_the_channel_was_away_is_credited_when_it_answers;
    who_did_not_see_the_channel_go_wakes_what_waits_for_it;
    who_is_refused_by_our_own_breaker_is_woken_again;
}

const CHANNEL: [&str; 5] = ["create", "query", "close", "refund", "query_refund"];
/// Between two sweeps while nobody answers.
const STEP_S: i64 = 120;

async fn ordered(s: &Story, n: usize) -> Ordered {
    let home = format!("15{n:011}");
    s.outside.owes(&home, 12_840, "v1");
    let payer = s.person_of(&format!("p{n}"), &home).await;
    let wish = arrears(&format!("key-{n}"), 12_840, "v1");
    s.order(&payer, &wish).await
}

/// So many are paid, no notice comes, and for an hour `who` asks in vain: in the end every next turn is minutes away.
async fn paid_in_vain(s: &Story, who: &Story, count: usize) -> Vec<Ordered> {
    let mut orders = Vec::new();
    for n in 0..count {
        orders.push(ordered(s, n).await);
    }
    s.outside.silence(&CHANNEL);
    for order in &orders {
        assert!(s.outside.pay(&order.number));
    }
    for _ in 0..3_600 / STEP_S {
        s.outside.advance(STEP_S);
        who.sweep().await;
    }
    let now = s.outside.now();
    for order in &orders {
        let payment = s.look(&order.id).await.payment;
        assert_eq!(payment.state, p::State::Closing);
        let left = payment.next_at.unwrap().seconds_since(now);
        assert!(left >= STEP_S, "looked at in {left} s anyway");
    }
    orders
}

async fn credited_within_a_minute(s: &Story, orders: &[Ordered]) {
    let asked_before = s.outside.count("query");
    s.outside.speak();
    s.run(60).await;
    are_credited(s, orders).await;
    let asked = s.outside.count("query") - asked_before;
    let once_each = orders.len() + 1;
    assert!(asked <= once_each, "{asked} queries");
}

async fn are_credited(s: &Story, orders: &[Ordered]) {
    for order in orders {
        assert_eq!(s.standing(&order.id).await, Standing::Posted);
    }
    s.square();
    s.books_agree().await;
}

async fn what_was_paid_while_the_channel_was_away_is_credited_when_it_answers(place: Place) {
    let s = Story::at(place);
    let orders = paid_in_vain(&s, &s, 50).await;
    credited_within_a_minute(&s, &orders).await;
}

/// The one that asked in vain is gone; the one that is left has asked nobody since it started.
async fn who_did_not_see_the_channel_go_wakes_what_waits_for_it(place: Place) {
    let s = Story::at(place);
    let other = s.another_process().await;
    let orders = paid_in_vain(&s, &other, 12).await;
    credited_within_a_minute(&s, &orders).await;
}

/// The circuit that was open lets a few through, which decide; the others never leave us, and are no answer.
async fn who_is_refused_by_our_own_breaker_is_woken_again(place: Place) {
    let s = Story::at(place);
    let orders = paid_in_vain(&s, &s, 20).await;
    s.outside.speak();
    s.run(20).await;
    let paid = "SELECT COUNT(*) FROM payment WHERE paid_fen > 0";
    assert_eq!(s.count(paid).await, 1, "one asked for all");
    for _ in 0..15 {
        s.outside.fault("query", Fault::NotSent);
    }
    s.run(40).await;
    are_credited(&s, &orders).await;
}
