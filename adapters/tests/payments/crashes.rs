//! The process may die at any await (interleavings 10, 11): a request is dropped after every number
//! of polls in turn, and the outcome must be as if it had run once.

use std::future::Future;
use std::pin::pin;
use std::task::Poll;

use lifeline_core::payments::{PaymentError, Standing};
use lifeline_core::store::StoreError;

use crate::books::HOME;
use crate::outside::Fault;
use crate::store::Place;
use crate::stories;
use crate::story::{Ordered, Story, arrears};

stories! {
    interleaving_10_a_request_dropped_anywhere_is_resumed;
    interleaving_06_a_handler_dropped_anywhere_credits_once;
    interleaving_11_a_sweeper_dropped_anywhere_posts_once;
    interleaving_06_a_handler_dropped_anywhere_leaves_the_notice_to_work;
    interleaving_10_a_slow_first_keeps_its_key;
    interleaving_10_who_lost_the_store_lets_its_key_go;
}

/// Polls `future` at most `polls` times, then drops it where it stands.
pub(crate) async fn dropped_after<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = polls;
    std::future::poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        future.as_mut().poll(context).map(Some)
    })
    .await
}

async fn interleaving_10_a_request_dropped_anywhere_is_resumed(place: Place) {
    let s = Story::pausing(place);
    let li = s.person("li").await;
    let mut finished = 0;
    for polls in 1..400 {
        let key = format!("dropped-after-{polls:04}");
        s.outside.owes(HOME, 12_840, &key);
        let wish = arrears(&key, 12_840, &key);
        let request = s.request(&li, &wish);
        let done = dropped_after(polls, Box::pin(s.app.start(&request))).await;
        if let Some(Err(error)) = &done {
            panic!("after {polls} polls: {error:?}");
        }
        finished = if done.is_some() { finished + 1 } else { 0 };
        // A repeat at once may find the first still at work; after its lease it resumes.
        let repeat = s.ask(&li, &wish).await;
        let answer = match repeat {
            Err(PaymentError::InFlight) => {
                s.outside.advance(41);
                s.sweep().await;
                s.ask(&li, &wish).await.unwrap()
            }
            other => other.unwrap(),
        };
        assert_eq!(answer.status, 201, "after {polls} polls: {}", answer.body);
        let again = s.ask(&li, &wish).await.unwrap();
        assert_eq!(answer, again, "the same bytes");
        let order = Ordered::read(&answer.body);
        s.run(20).await;
        s.pays(&order.number).await;
        assert_eq!(
            s.standing(&order.id).await,
            Standing::Posted,
            "after {polls} polls"
        );
        if finished == 3 {
            break;
        }
    }
    assert_eq!(finished, 3, "the request never ran to its end");
    s.square();
    s.books_agree().await;
    let trades = s.outside.with(|world| world.trades.len());
    let orders = s.count("SELECT COUNT(*) FROM payment").await;
    assert_eq!(
        i64::try_from(trades).unwrap(),
        orders,
        "no order without a trade, no trade without an order"
    );
}

async fn interleaving_06_a_handler_dropped_anywhere_credits_once(place: Place) {
    let s = Story::pausing(place);
    let li = s.person("li").await;
    let mut finished = 0;
    for polls in 1..200 {
        let key = format!("dropped-after-{polls:04}");
        s.outside.owes(HOME, 12_840, &key);
        let order = s.order(&li, &arrears(&key, 12_840, &key)).await;
        assert!(s.outside.pay(&order.number));
        let notice = s.outside.notice(&key, &order.number);
        s.app.receive(&notice, "trace").await.unwrap();
        let done = dropped_after(polls, Box::pin(s.app.work_notice(&key))).await;
        finished = if done.is_some() { finished + 1 } else { 0 };
        s.tell(&key, &order.number).await;
        s.run(10).await;
        assert_eq!(
            s.standing(&order.id).await,
            Standing::Posted,
            "after {polls} polls"
        );
        let held = s.place.held(&order.id).await;
        let paid = held
            .entries
            .iter()
            .filter(|entry| entry.fact().starts_with("paid:"));
        assert_eq!(paid.count(), 1, "one credit");
        if finished == 3 {
            break;
        }
    }
    assert_eq!(finished, 3);
    s.square();
    s.books_agree().await;
}

async fn interleaving_11_a_sweeper_dropped_anywhere_posts_once(place: Place) {
    let s = Story::pausing(place);
    let li = s.person("li").await;
    let mut finished = 0;
    for polls in 1..400 {
        let key = format!("dropped-after-{polls:04}");
        s.outside.owes(HOME, 12_840, &key);
        let order = s.order(&li, &arrears(&key, 12_840, &key)).await;
        assert!(s.outside.pay(&order.number));
        s.tell(&key, &order.number).await;
        if polls % 3 == 0 {
            s.outside.fault("post", Fault::AfterCommit);
        }
        let done = dropped_after(polls, Box::pin(s.app.work(&order.id))).await;
        finished = if done.is_some() { finished + 1 } else { 0 };
        // Another worker takes over when the lease has ended.
        s.run(60).await;
        assert_eq!(
            s.standing(&order.id).await,
            Standing::Posted,
            "after {polls} polls"
        );
        if finished == 3 {
            break;
        }
    }
    assert_eq!(finished, 3);
    s.square();
    s.books_agree().await;
}

/// The channel answers no query, so only the stored notice can bring the fact: whoever finds it works it.
async fn interleaving_06_a_handler_dropped_anywhere_leaves_the_notice_to_work(place: Place) {
    let s = Story::pausing(place);
    let li = s.person("li").await;
    let mut finished = 0;
    for polls in 1..200 {
        let key = format!("dropped-after-{polls:04}");
        s.outside.owes(HOME, 12_840, &key);
        let order = s.order(&li, &arrears(&key, 12_840, &key)).await;
        assert!(s.outside.pay(&order.number));
        let notice = s.outside.notice(&key, &order.number);
        s.outside.silence(&["query"]);
        s.app.receive(&notice, "trace").await.unwrap();
        let done = dropped_after(polls, Box::pin(s.app.work_notice(&key))).await;
        finished = if done.is_some() { finished + 1 } else { 0 };
        s.run(60).await;
        assert_eq!(
            s.standing(&order.id).await,
            Standing::Posted,
            "after {polls} polls"
        );
        s.outside.speak();
        if finished == 3 {
            break;
        }
    }
    assert_eq!(finished, 3);
    s.square();
}

/// A first call that is slow is not dead: for as long as a send may take, a repeat waits for it.
async fn interleaving_10_a_slow_first_keeps_its_key(place: Place) {
    let s = Story::at(place);
    s.outside.owes(HOME, 12_840, "v1");
    let li = s.person("li").await;
    let wish = arrears("a-slow-first-call", 12_840, "v1");
    let request = s.request(&li, &wish);
    s.outside.will_stop("create", "");
    let first = {
        let app = s.app.clone();
        tokio::spawn(async move { app.start(&request).await })
    };
    s.outside.has_stopped().await;
    for _ in 0..3 {
        s.outside.advance(9);
        let repeat = s.ask(&li, &wish).await;
        assert!(
            matches!(repeat, Err(PaymentError::InFlight)),
            "taken for dead: {repeat:?}"
        );
    }
    s.outside.goes_on();
    let answer = first.await.unwrap().unwrap();
    assert_eq!(s.ask(&li, &wish).await.unwrap(), answer);
    assert_eq!(s.outside.count("create"), 1);
}

/// The store goes away under a worker, before its order is stored and after: when the store is back a repeat is
/// answered at once, and not at the end of a lease.
async fn interleaving_10_who_lost_the_store_lets_its_key_go(place: Place) {
    const LETS_GO: &str = "payments::keyed::let_go_of";
    let (s, store) = Story::losing(place);
    let li = s.person("li").await;
    for (round, units, orders) in [
        (1, ["payments::keyed::forget", LETS_GO], 0),
        (2, ["payments::keyed::answer", LETS_GO], 1),
        (3, ["payments::start::store_order", LETS_GO], 0),
    ] {
        let version = format!("v{round}");
        s.outside.owes(HOME, 12_840, &version);
        let wish = arrears(&format!("the-store-is-away-{round}"), 12_840, &version);
        let known = s.count("SELECT COUNT(*) FROM payment").await;
        store.is_for(&units);
        if round == 1 {
            s.outside.silence(&["dues"]);
        } else if round == 3 {
            // The order's own unit is refused, and so is the one that forgets the key.
            store.is_for(&[units[0], units[1], "payments::keyed::forget"]);
        }
        let begun = s.app.begun(&s.request(&li, &wish)).await;
        assert!(
            matches!(
                begun.outcome,
                Err(PaymentError::Store(StoreError::Unavailable(_)))
            ),
            "{round}: {begun:?}"
        );
        let made = s.count("SELECT COUNT(*) FROM payment").await - known;
        assert_eq!(made, orders, "{round}");
        let left = begun.left.unwrap();
        assert!(s.app.let_go_of(&left).await.is_err(), "it is still away");
        let repeat = s.ask(&li, &wish).await;
        assert!(
            matches!(repeat, Err(PaymentError::InFlight)),
            "{round}: {repeat:?}"
        );
        store.is_for(&[]);
        s.outside.speak();
        s.app.let_go_of(&left).await.unwrap();
        let answer = s.ask(&li, &wish).await.unwrap();
        assert_eq!(answer.status, 201, "{round}: {}", answer.body);
        // Late, it finds a request that went on.
        s.app.let_go_of(&left).await.unwrap();
        assert_eq!(s.ask(&li, &wish).await.unwrap(), answer, "{round}");
        let made = s.count("SELECT COUNT(*) FROM payment").await - known;
        assert_eq!(made, 1, "{round}: one order under the key");
        let order = Ordered::read(&answer.body);
        s.run(60).await;
        s.pays(&order.number).await;
        assert_eq!(s.standing(&order.id).await, Standing::Posted, "{round}");
    }
    s.square();
    s.books_agree().await;
}
