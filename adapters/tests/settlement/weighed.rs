//! The weights of the queue are those of the store: nodes that were configured otherwise give places by the same.

use lifeline_core::settlement::trade_queue::Weights;
use lifeline_core::settlement::{Feedback, Settlement};

use crate::braked::three;
use crate::checking::answer;
use crate::store::{Place, start};
use crate::stories;
use crate::world::{Outside, app, rules};

stories! {
    nodes_with_other_weights_give_places_by_the_later_ones;
    weights_that_changed_without_their_version_are_not_in_force;
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
