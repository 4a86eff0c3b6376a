//! What several nodes share through Redis when there is one. Nothing that money or truth depends
//! on: every caller has a local way when the answer is [`Away`].

use std::time::Duration;

use async_trait::async_trait;

/// The shared place did not answer in time (about 250 ms at most). The command may still have run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the shared place is away")]
pub struct Away;

/// One limiter decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    pub allowed: bool,
    /// Whole requests left in the burst.
    pub remaining: u64,
    /// How long until one more request would pass; zero when allowed.
    pub retry_after: Duration,
}

/// A rate limit over all nodes (GCRA).
#[async_trait]
pub trait SharedLimiter: Send + Sync + std::fmt::Debug {
    /// One request of `key` against `burst` requests per `window`.
    async fn check(&self, key: &str, burst: u64, window: Duration) -> Result<Decision, Away>;
}

/// A cache over all nodes. Values are sealed on their way there; names lie in clear.
#[async_trait]
pub trait SharedCache: Send + Sync + std::fmt::Debug {
    /// Nothing also when the value does not open here (another keyring, another name).
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Away>;
    async fn put(&self, key: &str, value: &[u8], life: Duration) -> Result<(), Away>;
    /// True for one caller per `key` until it resigns or `life` is over: the one that refreshes what
    /// all of them miss. No lock: a slow leader may be followed by another before it is done.
    async fn lead(&self, key: &str, life: Duration) -> Result<bool, Away>;
    /// Ends the lead of `key`, whoever holds it by now.
    async fn resign(&self, key: &str) -> Result<(), Away>;
    /// Lets `time` pass before another look at what the leader does: the core has no timer.
    async fn pause(&self, time: Duration);
}

/// Ended sessions, told to every node.
#[async_trait]
pub trait Revocations: Send + Sync + std::fmt::Debug {
    /// Tells the other nodes; `life` is how long an access token could still be alive.
    async fn tell(&self, session_id: &str, life: Duration) -> Result<(), Away>;
    /// Session ids ended within their `life`.
    async fn ended(&self) -> Result<Vec<String>, Away>;
}
