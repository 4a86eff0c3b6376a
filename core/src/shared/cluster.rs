//! What several nodes share through Redis when there is one. Nothing that money or truth depends
//! on: every caller has a local way when the answer is [`Away`].

use std::time::Duration;

use async_trait::async_trait;

use super::gcra::Quota;

/// The shared place did not answer in time (about 250 ms at most). The command may still have run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the shared place is away")]
pub struct Away;

/// Some units of one key that a node wants to spend by itself for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseAsk {
    /// Names the key, the same on every node. May hold personal data: it is digested on its way.
    pub key: String,
    pub quota: Quota,
    /// Without so many the request that asks does not pass.
    pub least: u32,
    pub wanted: u32,
}

/// What was given of one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// At least what was needed, or nothing.
    pub units: u32,
    /// Whole units that are left for others.
    pub remaining: u32,
    /// How long until what was needed could be given; zero when it was.
    pub retry_after: Duration,
}

/// Rate limits over all nodes, given away in portions.
///
/// A unit counts against its quota when it is leased, so all nodes together never lease more than
/// the quota allows. What is leased may be spent until the lease ends: in any span of time the nodes
/// pass at most what the quota allows in it, plus what they held unspent when it began.
#[async_trait]
pub trait SharedLimiter: Send + Sync + std::fmt::Debug {
    /// One lease per ask, in their order, all by one call.
    async fn lease(&self, asks: &[LeaseAsk]) -> Result<Vec<Lease>, Away>;
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

/// So many places of one key a node wants to have at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacesAsk {
    /// Names the key, the same on every node. May hold personal data: it is digested on its way.
    pub key: String,
    /// Over all nodes together.
    pub most: u32,
    /// What this node wants instead of what it had.
    pub wanted: u32,
}

/// Places for what is under way at once, over all nodes.
///
/// What a node has of a key is its alone until its life is over, also when the node dies: all nodes
/// together never have more than `most`.
#[async_trait]
pub trait SharedPlaces: Send + Sync + std::fmt::Debug {
    /// How many of each this node has from now on, for `life`: as many as it wants and others leave.
    async fn keep(&self, node: &str, asks: &[PlacesAsk], life: Duration) -> Result<Vec<u32>, Away>;
}
