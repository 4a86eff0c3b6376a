//! Everything at once: a thousand notices and queries about a few payments, handlers dying between.

use std::sync::Arc;

use lifeline_core::payments::{NoticeRefused, PaymentError, Standing};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::books::HOME;
use crate::store::Place;
use crate::stories;
use crate::story::{Story, arrears};

stories! {
    interleaving_06_a_thousand_notices_and_queries;
}

/// One notice id 500 times, 250 ids of one fact, 250 queries side by side, every tenth handler
/// killed between RECEIVED and APPLIED, over two processes: one credit.
async fn interleaving_06_a_thousand_notices_and_queries(place: Place) {
    let s = Story::at(place);
    let other = s.another_process().await;
    s.outside.owes(HOME, 12_840, "v1");
    let li = s.person("li").await;
    let order = s.order(&li, &arrears("key-1", 12_840, "v1")).await;
    assert!(s.outside.pay(&order.number));
    let crowd = Arc::new(Semaphore::new(32));
    let mut tasks = JoinSet::new();
    for n in 0..1_000_usize {
        let story = if n % 2 == 0 { s.clone() } else { other.clone() };
        let (order, crowd) = (order.clone(), Arc::clone(&crowd));
        tasks.spawn(async move {
            let _place = crowd.acquire().await.unwrap();
            if n % 4 == 3 {
                // A query: whoever holds the order asks the channel.
                let _busy_or_done = story.app.work(&order.id).await;
                return;
            }
            let id = if n % 4 == 1 {
                format!("n-{n}")
            } else {
                "one-id".to_owned()
            };
            let raw = story.outside.notice(&id, &order.number);
            // What is not acknowledged is repeated by the channel.
            let id = loop {
                match story.app.receive(&raw, "trace").await {
                    Ok(id) => break id,
                    Err(NoticeRefused::Payment(PaymentError::Store(_))) => {
                        tokio::task::yield_now().await;
                    }
                    Err(refused) => panic!("{refused:?}"),
                }
            };
            if n % 10 == 0 {
                return;
            }
            let _lost_a_race = story.app.work_notice(&id).await;
        });
    }
    while let Some(task) = tasks.join_next().await {
        task.unwrap();
    }
    s.run(60).await;
    let held = s.place.held(&order.id).await;
    assert_eq!(held.order.standing(), Standing::Posted);
    let facts: Vec<_> = held
        .entries
        .iter()
        .map(|entry| entry.fact().to_owned())
        .collect();
    assert_eq!(facts.len(), 2, "one paid, one posted: {facts:?}");
    assert_eq!(held.order.lines.len(), 1);
    assert!(held.cases.is_empty(), "{:?}", held.cases);
    let posts = s.outside.with(|world| world.credits.len());
    assert_eq!(posts, 1, "one credit");
    let waiting = s
        .count("SELECT COUNT(*) FROM inbox WHERE state = 'received'")
        .await;
    assert_eq!(waiting, 0, "nothing received is left unapplied");
    assert_eq!(s.count("SELECT COUNT(*) FROM inbox").await, 251);
    let told = s
        .count("SELECT COUNT(*) FROM outbox WHERE kind = 'payments.posted'")
        .await;
    assert_eq!(told, 1, "a repeated fact raises no event");
    s.square();
    s.books_agree().await;
    other.place.store.close().await.unwrap();
}
