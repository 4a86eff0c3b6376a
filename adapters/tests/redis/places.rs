//! Places over nodes on a real Redis.

use std::time::{Duration, Instant};

use lifeline_core::shared::cluster::{PlacesAsk, SharedPlaces as _};

use super::{PATIENCE, key, redis};

const LIFE: Duration = Duration::from_secs(20);

fn ask(key: &str, wanted: u32) -> PlacesAsk {
    PlacesAsk {
        key: key.to_owned(),
        most: 10,
        wanted,
    }
}

#[tokio::test]
async fn nodes_share_what_there_is_and_give_back_what_they_do_not_want() {
    let Some(redis) = redis().await else { return };
    let (one, other) = (key("places"), key("places-2"));
    let given = redis.keep("a", &[ask(&one, 6), ask(&other, 1)], LIFE).await;
    assert_eq!(given, Ok(vec![6, 1]));
    assert_eq!(redis.keep("b", &[ask(&one, 6)], LIFE).await, Ok(vec![4]));
    assert_eq!(
        redis.keep("c", &[ask(&one, 1)], LIFE).await,
        Ok(vec![0]),
        "n and not n + 1"
    );
    // Asking again keeps what one has, and never more than there is.
    assert_eq!(redis.keep("a", &[ask(&one, 9)], LIFE).await, Ok(vec![6]));
    assert_eq!(redis.keep("b", &[ask(&one, 0)], LIFE).await, Ok(vec![0]));
    assert_eq!(redis.keep("c", &[ask(&one, 9)], LIFE).await, Ok(vec![4]));
}

#[tokio::test]
async fn what_a_dead_node_had_is_free_when_its_life_is_over_and_not_before() {
    let Some(redis) = redis().await else { return };
    let mut life = Duration::from_secs(2);
    // Where the machine stops for longer than the life, a longer one is tried.
    let (key, began) = loop {
        let (key, began) = (
            key(&format!("places-dead-{}", life.as_secs())),
            Instant::now(),
        );
        let dead = redis.keep("dead", &[ask(&key, 10)], life).await;
        assert_eq!(dead, Ok(vec![10]));
        let kept = redis.keep("next", &[ask(&key, 10)], LIFE).await;
        if began.elapsed() < life {
            assert_eq!(kept, Ok(vec![0]));
            break (key, began);
        }
        life *= 2;
    };
    while redis.keep("next", &[ask(&key, 10)], LIFE).await != Ok(vec![10]) {
        assert!(began.elapsed() < PATIENCE, "never freed");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(began.elapsed() >= life, "freed too early");
}
