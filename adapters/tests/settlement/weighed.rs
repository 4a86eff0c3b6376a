//! The weights of the queue are those of the store: nodes that were configured otherwise give places by the same, and
//! whatever they are, payouts leave in the order of the weighted sum (tests/vectors/settlement/queue.py).

use lifeline_core::settlement::trade_queue::Weights;
use lifeline_core::settlement::{Feedback, Settlement};
use lifeline_core::store::snapshot;

use crate::braked::three;
use crate::checking::answer;
use crate::store::{Place, start};
use crate::stories;
use crate::world::{Outside, Seller, app, rules};

stories! {
    nodes_with_other_weights_give_places_by_the_later_ones;
    weights_that_changed_without_their_version_are_not_in_force;
    pv_28_the_queue_gives_its_heads_as_another_program_sorts_them;
}

fn node(place: &Place, outside: &Outside, version: i64, weights: Weights) -> Settlement {
    let mut rules = rules();
    rules.weights_version = version;
    rules.weights = weights;
    rules.brake_count = 1;
    app(place, outside, rules)
}

async fn keyed_by(place: &Place, weights: Weights) -> i64 {
    let epoch = weights.epoch;
    let keyed = format!("SELECT COUNT(*) FROM trade_task WHERE weights_epoch = {epoch}");
    place.number(&keyed).await
}

async fn nodes_with_other_weights_give_places_by_the_later_ones(place: Place) {
    let outside = Outside::at(start());
    let (by_sum, by_time) = (Weights::of(0, 1), Weights::of(1, 0));
    let one = node(&place, &outside, 1, by_sum);
    three(&one, &place, &outside).await;
    one.sweep_trades().await.unwrap();
    assert_eq!(keyed_by(&place, by_sum).await, 3);
    let other = node(&place, &outside, 2, by_time);
    assert_eq!(other.rekey().await.unwrap(), 2, "what is queued still");
    for _ in 0..2 {
        assert_eq!(one.rekey().await.unwrap(), 0, "nothing goes back");
        assert_eq!(other.rekey().await.unwrap(), 0);
    }
    // What comes to an earlier node has its place among the others at once.
    let seller = place.seller(&outside, 9).await;
    outside.reads(&seller, "10");
    one.collect_all().await.unwrap();
    one.watch().await.unwrap();
    answer(&one, &place, &seller, Feedback::Confirm)
        .await
        .unwrap();
    assert_eq!(keyed_by(&place, by_time).await, 3);
    assert_eq!(other.rekey().await.unwrap(), 0);
}

async fn weights_that_changed_without_their_version_are_not_in_force(place: Place) {
    let outside = Outside::at(start());
    let (by_sum, by_time) = (Weights::of(0, 1), Weights::of(1, 0));
    let one = node(&place, &outside, 1, by_sum);
    three(&one, &place, &outside).await;
    one.sweep_trades().await.unwrap();
    let changed = node(&place, &outside, 1, by_time);
    assert_eq!(changed.rekey().await.unwrap(), 0);
    assert_eq!(keyed_by(&place, by_sum).await, 3);
    let raised = node(&place, &outside, 2, by_time);
    assert_eq!(raised.rekey().await.unwrap(), 2);
}

const ORDERS: &str = include_str!("../../../tests/vectors/settlement/queue.txt");

fn numbers(words: &str) -> Vec<i64> {
    let words = words.split_whitespace();
    words.filter_map(|word| word.parse::<i64>().ok()).collect()
}

/// One queued payout of a month of its own, keyed under no weights yet.
async fn enqueue(place: &Place, seller: &Seller, nth: usize, task: &[i64]) {
    let (account, table) = (&seller.account, &seller.table);
    let [id, fen, since] = task else {
        panic!("not a task: {task:?}");
    };
    let check = format!("00000000-0000-7000-8000-{nth:012}");
    let trade = format!("00000000-0000-7000-9000-{id:012}");
    place
        .raw(&format!(
            "INSERT INTO check_task (check_task_id, generation_account_id, table_id, period, data_version, state, \
             verdict, net_fen, paid_before_fen, began_at, ends_at, reminded, waited_again, undo_spent, review_round, \
             created_at, next_at, version) VALUES ('{check}', '{account}', '{table}', '2026-09', {nth}, 'ANSWERED', \
             'confirm', 1, 0, 0, 1, 0, 0, 0, 0, 0, 1, 1); \
             INSERT INTO trade_task (trade_task_id, check_task_id, generation_account_id, table_id, period, state, \
             accepted_fen, amount_fen, queue_key, weights_epoch, enqueued_at, payee_confirmed, frozen, next_at, \
             version) VALUES ('{trade}', '{check}', '{account}', '{table}', '2026-09', 'QUEUED', {fen}, {fen}, \
             '0000000000000000000000000000000000000000', 0, {since}, 0, 0, 1, 1)"
        ))
        .await
        .unwrap();
}

/// The heads of the queue, each set aside for the next, to the end.
async fn heads(place: &Place) -> Vec<i64> {
    let mut ids = Vec::new();
    loop {
        let mut view = snapshot(&*place.store).await.unwrap();
        let head = view.settlement().first_queued().await.unwrap();
        drop(view);
        let Some(head) = head else { break };
        let (_, digits) = head.as_str().rsplit_once('-').unwrap();
        ids.push(digits.parse().unwrap());
        let (id, again) = (&head, start());
        let aside = place
            .write(async |tx| tx.settlement().set_aside(id, again).await)
            .await;
        assert!(aside, "{head} was the head and stayed");
    }
    ids
}

async fn pv_28_the_queue_gives_its_heads_as_another_program_sorts_them(place: Place) {
    let outside = Outside::at(start());
    let seller = place.seller(&outside, 1).await;
    let (mut version, mut nth) = (0, 0);
    for line in ORDERS.lines() {
        match line.split_once(' ') {
            Some(("task", task)) => {
                nth += 1;
                enqueue(&place, &seller, nth, &numbers(task)).await;
            }
            Some(("order", order)) => {
                let (under, expected) = order.split_once(':').unwrap();
                let under = numbers(under);
                let mut changed = rules();
                version += 1;
                changed.weights_version = version;
                changed.weights = Weights::of(under[0], under[1]);
                let keyed = app(&place, &outside, changed).rekey().await.unwrap();
                assert_eq!(keyed, 24, "all of them: {under:?}");
                assert_eq!(heads(&place).await, numbers(expected), "{under:?}");
                let back = "UPDATE trade_task SET frozen = 0";
                place.raw(back).await.unwrap();
            }
            _ => {
                place.raw("DELETE FROM trade_task").await.unwrap();
            }
        }
    }
    assert_eq!(version, 28, "four queues under seven weights");
}
