//! What holds of a real Redis, and what happens without one. Needs `TEST_REDIS_URL`; its absence is
//! a failure where `REQUIRE_POSTGRES=1` says that the services must be there.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "the helpers of these tests panic like the tests"
)]

mod limits;
mod places;

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use lifeline_adapters::keyring::{InstanceKind, Keyring};
use lifeline_adapters::redis::Redis;
use lifeline_core::shared::cluster::{
    Away, Revocations as _, SharedCache as _, SharedLimiter as _,
};
use lifeline_core::shared::deadline;
use redis::AsyncCommands as _;
use tokio::runtime::Builder;

fn keyring() -> Arc<Keyring> {
    static ONE: LazyLock<Arc<Keyring>> =
        LazyLock::new(|| Arc::new(Keyring::generate(InstanceKind::Demo).expect("a keyring")));
    Arc::clone(&ONE)
}

async fn redis() -> Option<Redis> {
    let Ok(url) = std::env::var("TEST_REDIS_URL") else {
        let required = std::env::var("REQUIRE_POSTGRES").is_ok_and(|value| value == "1");
        assert!(
            !required,
            "the services are required but TEST_REDIS_URL is not set"
        );
        return None;
    };
    let redis = Redis::connect(&url, keyring())
        .await
        .expect("the test Redis");
    // A busy machine may need longer for the first connection than a call may take; then nobody asks for a moment.
    let began = Instant::now();
    while redis.ping().await.is_err() {
        assert!(began.elapsed() < PATIENCE, "the test Redis does not answer");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Some(redis)
}

/// How long something is looked for that comes by itself, however busy the machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A key no other test uses.
fn key(name: &str) -> String {
    format!("test:{}:{name}", std::process::id())
}

#[tokio::test]
async fn the_cache_holds_only_what_opens_under_its_own_name() {
    let Some(redis) = redis().await else { return };
    let (key, other) = (key("cache"), key("other"));
    let life = Duration::from_secs(60);
    assert_eq!(redis.get(&key).await.unwrap(), None);
    redis.put(&key, b"1500000004321", life).await.unwrap();
    assert_eq!(
        redis.get(&key).await.unwrap().as_deref(),
        Some(&b"1500000004321"[..])
    );
    let client = redis::Client::open(std::env::var("TEST_REDIS_URL").unwrap()).unwrap();
    let mut raw = client.get_multiplexed_async_connection().await.unwrap();
    let stored: String = raw.get(format!("lifeline:{key}")).await.unwrap();
    assert!(!stored.contains("1500000004321"), "sealed on its way there");
    let () = raw.set(format!("lifeline:{other}"), &stored).await.unwrap();
    assert_eq!(redis.get(&other).await.unwrap(), None, "moved");
    let () = raw.set(format!("lifeline:{key}"), "a1:x").await.unwrap();
    assert_eq!(redis.get(&key).await.unwrap(), None, "written by another");
}

#[tokio::test]
async fn ended_sessions_reach_every_node() {
    let Some(redis) = redis().await else { return };
    let session = key("session");
    redis
        .tell(&session, Duration::from_secs(900))
        .await
        .unwrap();
    let other = self::redis().await.expect("a second connection");
    assert!(other.ended().await.unwrap().contains(&session));
}

#[tokio::test]
async fn one_of_many_leads() {
    let Some(redis) = redis().await else { return };
    let key = key("lead");
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let (redis, key) = (redis.clone(), key.clone());
        tasks.spawn(async move { redis.lead(&key, Duration::from_secs(60)).await.unwrap() });
    }
    let leaders = tasks
        .join_all()
        .await
        .into_iter()
        .filter(|leads| *leads)
        .count();
    assert_eq!(leaders, 1);
}

#[tokio::test]
async fn a_lead_ends_when_its_holder_resigns_or_its_life_is_over() {
    let Some(redis) = redis().await else { return };
    let (key, life) = (key("resign"), Duration::from_secs(60));
    assert!(redis.lead(&key, life).await.unwrap());
    assert!(!redis.lead(&key, life).await.unwrap());
    redis.resign(&key).await.unwrap();
    assert!(redis.lead(&key, Duration::from_millis(1)).await.unwrap());
    let deadline = Instant::now() + PATIENCE;
    while !redis.lead(&key, life).await.unwrap() {
        assert!(Instant::now() < deadline, "the lead outlived its life");
        redis.pause(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn a_redis_that_is_away_costs_a_caller_little_and_is_used_when_it_is_back() {
    // An address of this test's own: on the usual one the port could be somebody else's before it is taken again.
    let listener = std::net::TcpListener::bind("127.0.92.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let redis = Redis::connect(&format!("redis://{address}"), keyring())
        .await
        .unwrap();
    let began = Instant::now();
    for _ in 0..200 {
        assert_eq!(redis.lease(&[limits::ask("k", 5, 1, 1)]).await, Err(Away));
    }
    assert!(
        began.elapsed() < Duration::from_secs(1),
        "{:?}",
        began.elapsed()
    );

    // Somebody answers there now: the next call after the rest goes through.
    let listener = tokio::net::TcpListener::bind(address).await.unwrap();
    tokio::spawn(answer_everything(listener));
    let deadline = Instant::now() + PATIENCE;
    while redis.ping().await.is_err() {
        assert!(Instant::now() < deadline, "never asked again");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_redis_that_accepts_and_says_nothing_is_away_in_time() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let silent = tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((socket, _)) = listener.accept().await {
            kept.push(socket);
        }
    });
    let redis = Redis::connect(&format!("redis://{address}"), keyring())
        .await
        .unwrap();
    // For a moment after connecting it is away without being asked; the first call that takes time was.
    let deadline = Instant::now() + PATIENCE;
    loop {
        let began = Instant::now();
        assert_eq!(redis.get("k").await, Err(Away));
        let took = began.elapsed();
        assert!(took < Duration::from_secs(2), "{took:?}");
        if took > Duration::from_millis(100) {
            break;
        }
        assert!(Instant::now() < deadline, "it was never asked");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    silent.abort();
}

#[tokio::test]
async fn an_address_nobody_can_read_is_refused() {
    assert!(Redis::connect("no address", keyring()).await.is_err());
}

/// A Redis that knows one word.
async fn answer_everything(listener: tokio::net::TcpListener) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    while let Ok((mut socket, _)) = listener.accept().await {
        tokio::spawn(async move {
            let mut buffer = [0; 4096];
            while let Ok(read) = socket.read(&mut buffer).await {
                let commands = buffer[..read].iter().filter(|byte| **byte == b'*').count();
                if read == 0
                    || socket
                        .write_all("+OK\r\n".repeat(commands).as_bytes())
                        .await
                        .is_err()
                {
                    return;
                }
            }
        });
    }
}

#[tokio::test]
async fn a_look_from_outside_says_whether_a_redis_answers() {
    assert!(!Redis::answers("no address").await);
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = format!("redis://{}", unused.local_addr().unwrap());
    assert!(!Redis::answers(&silent).await, "open, but silent");
    drop(unused);
    assert!(!Redis::answers(&silent).await, "nobody there");
    if redis().await.is_some() {
        assert!(Redis::answers(&std::env::var("TEST_REDIS_URL").unwrap()).await);
    }
}

#[tokio::test]
async fn a_request_without_time_asks_nothing_and_keeps_nobody_else_from_asking() {
    let Some(redis) = redis().await else { return };
    let key = key("deadline");
    let over = deadline::within(Instant::now(), redis.get(&key)).await;
    assert_eq!(over, Err(Away));
    assert_eq!(
        redis.get(&key).await,
        Ok(None),
        "it rests as if it had failed"
    );
}

#[test]
fn ec_24_a_worker_that_stops_takes_nobodys_connection_along() {
    let home = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let worker = || Builder::new_current_thread().enable_all().build().unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("redis://{}/", listener.local_addr().unwrap());
    // Nobody answers yet: the first worker that is answered makes the connection.
    let redis = home.block_on(Redis::connect(&url, keyring())).unwrap();
    home.spawn(async {
        answer_everything(tokio::net::TcpListener::from_std(listener).unwrap()).await
    });
    worker().block_on(async {
        let began = Instant::now();
        while redis.ping().await.is_err() {
            assert!(began.elapsed() < PATIENCE, "it never answers");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    assert_eq!(worker().block_on(redis.ping()), Ok(()));
}
