//! Leases of limits on a real Redis.

use std::num::NonZeroU32;
use std::time::Duration;

use lifeline_core::shared::cluster::{LeaseAsk, SharedLimiter as _};
use lifeline_core::shared::gcra::Quota;
use redis::AsyncCommands as _;

use super::{key, redis};

/// `burst` an hour, so that nothing refills while a test runs.
pub(crate) fn ask(key: &str, burst: u32, least: u32, wanted: u32) -> LeaseAsk {
    LeaseAsk {
        key: key.to_owned(),
        quota: Quota::per(
            NonZeroU32::new(burst).expect("not zero"),
            Duration::from_secs(3600),
        ),
        least,
        wanted,
    }
}

#[tokio::test]
async fn leases_are_given_until_the_burst_is_and_then_say_how_long_to_wait() {
    let Some(redis) = redis().await else { return };
    let key = key("leases");
    let given = redis.lease(&[ask(&key, 10, 1, 4)]).await.unwrap();
    assert_eq!((given[0].units, given[0].remaining), (4, 6));
    let given = redis.lease(&[ask(&key, 10, 5, 8)]).await.unwrap();
    assert_eq!((given[0].units, given[0].remaining), (6, 0), "all there is");
    let dry = redis.lease(&[ask(&key, 10, 1, 4)]).await.unwrap();
    assert_eq!(dry[0].units, 0);
    assert!(dry[0].retry_after > Duration::from_secs(350));
    assert!(dry[0].retry_after <= Duration::from_secs(360));
}

#[tokio::test]
async fn one_call_answers_for_several_keys_each_by_itself() {
    let Some(redis) = redis().await else { return };
    let (one, other) = (key("several-1"), key("several-2"));
    let asks = [ask(&one, 2, 1, 2), ask(&other, 9, 3, 3)];
    let given = redis.lease(&asks).await.unwrap();
    assert_eq!((given[0].units, given[1].units), (2, 3));
    let given = redis.lease(&asks).await.unwrap();
    assert_eq!((given[0].units, given[1].units), (0, 3));
}

#[tokio::test]
async fn sixty_four_callers_at_once_share_one_budget() {
    let Some(redis) = redis().await else { return };
    let key = key("shared");
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..64 {
        let (redis, key) = (redis.clone(), key.clone());
        tasks.spawn(async move { redis.lease(&[ask(&key, 10, 1, 1)]).await });
    }
    let mut passed = 0;
    while let Some(given) = tasks.join_next().await {
        passed += given.unwrap().unwrap()[0].units;
    }
    assert_eq!(passed, 10);
}

#[tokio::test]
async fn the_names_of_keys_say_nothing_of_whom_they_limit() {
    let Some(redis) = redis().await else { return };
    let key = key("19000004242");
    redis.lease(&[ask(&key, 10, 1, 1)]).await.unwrap();
    let client = redis::Client::open(std::env::var("TEST_REDIS_URL").unwrap()).unwrap();
    let mut raw = client.get_multiplexed_async_connection().await.unwrap();
    let names: Vec<String> = raw.keys("lifeline:limit:*").await.unwrap();
    assert!(!names.is_empty());
    assert!(names.iter().all(|name| !name.contains("19000004242")));
}

#[tokio::test]
async fn a_moment_out_of_reach_is_worth_a_whole_burst_and_no_more() {
    let Some(redis) = redis().await else { return };
    let key = key("gone-back");
    redis.lease(&[ask(&key, 4, 1, 1)]).await.unwrap();
    let client = redis::Client::open(std::env::var("TEST_REDIS_URL").unwrap()).unwrap();
    let mut raw = client.get_multiplexed_async_connection().await.unwrap();
    let digest = super::keyring().token_digest("limit", &key).unwrap();
    let name = format!("lifeline:limit:{digest}");
    let kept: u64 = raw.get(&name).await.unwrap();
    // As if Redis's clock had gone back a day.
    let () = raw.set(&name, kept + 86_400_000_000).await.unwrap();
    let dry = redis.lease(&[ask(&key, 4, 1, 1)]).await.unwrap();
    assert!(
        dry[0].retry_after <= Duration::from_secs(900),
        "one unit of four an hour"
    );
    // The bucket fills from here on, and not once the clock is where it had been.
    let kept_anew: u64 = raw.get(&name).await.unwrap();
    assert!(kept_anew < kept + 3_600_000_000 * 2, "{kept} {kept_anew}");
    let again = redis.lease(&[ask(&key, 4, 1, 1)]).await.unwrap();
    assert!(again[0].retry_after <= dry[0].retry_after);
    let after: u64 = raw.get(&name).await.unwrap();
    assert_eq!(after, kept_anew, "a second question puts it off no further");
}
