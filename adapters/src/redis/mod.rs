//! What several nodes share through Redis: limits, caches, ended sessions. Never money or truth.
//!
//! Every call is bounded to about 250 ms and answers [`Away`] instead of waiting: the connection
//! manager's own defaults would hold every caller for 9.5 s while Redis is down (dependencies.md
//! finding 5). After a failure nobody asks for half a second, so that requests do not each pay for
//! finding out. A command that timed out may still have run; nothing here minds that.

mod limits;
mod places;
mod rest;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use lifeline_core::shared::cluster::{Away, Revocations, SharedCache};
use lifeline_core::shared::deadline;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{
    AsyncCommands as _, ConnectionAddr, ExistenceCheck, IntoConnectionInfo as _, Script, SetExpiry,
    SetOptions,
};
use tokio::runtime::Handle;
use tokio_util::context::TokioContext;

use self::rest::Rest;
use crate::keyring::Keyring;
use crate::keyring::cipher::Place;
use crate::machine;

/// Connections are made again at most this often while Redis is down.
const RECONNECT_PAUSE: Duration = Duration::from_millis(100);
const CONNECT_TIME_MAX: Duration = Duration::from_millis(300);
const ANSWER_TIME_MAX: Duration = Duration::from_millis(200);
/// All of one call, reconnecting included.
const CALL_TIME_MAX: Duration = Duration::from_millis(250);
/// What the keyring's wrapping key is derived for.
const FOR_CACHE: &str = "shared cache";
/// Everything of ours lives under this prefix.
const PREFIX: &str = "lifeline:";
/// Ended sessions, scored by the second until which they matter.
const ENDED: &str = "lifeline:ended";

/// A shared Redis. Its connection's driver is kept on the runtime that this was made on: a web worker that stops must
/// not take it along.
#[derive(Clone)]
pub struct Redis {
    connection: ConnectionManager,
    runtime: Handle,
    leases: Script,
    places: Script,
    rest: Arc<Rest>,
    keyring: Arc<RwLock<Arc<Keyring>>>,
}

impl std::fmt::Debug for Redis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redis")
    }
}

impl Redis {
    /// Makes ready for `redis://` or `rediss://`. A Redis that is away now is connected when it is
    /// back: it is never a reason not to start. Cached values are sealed with `keyring`.
    ///
    /// # Errors
    /// [`Away`] when the address cannot be read.
    pub async fn connect(url: &str, keyring: Arc<Keyring>) -> Result<Self, Away> {
        let client = redis::Client::open(url).map_err(|_| Away)?;
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(1)
            .set_max_delay(RECONNECT_PAUSE)
            .set_connection_timeout(Some(CONNECT_TIME_MAX))
            .set_response_timeout(Some(ANSWER_TIME_MAX));
        let connection =
            ConnectionManager::new_lazy_with_config(client, config).map_err(|_| Away)?;
        let redis = Self {
            connection,
            runtime: Handle::current(),
            leases: limits::script(),
            places: places::script(),
            rest: Arc::default(),
            keyring: Arc::new(RwLock::new(keyring)),
        };
        if redis.ping().await.is_err() {
            tracing::warn!("redis.away_at_start");
        }
        Ok(redis)
    }

    /// Seals with other keys from now on. What another node sealed with a key this one does not have
    /// yet is a value that is not there.
    pub fn take_keys(&self, keyring: Arc<Keyring>) {
        *self.keyring.write().unwrap_or_else(PoisonError::into_inner) = keyring;
    }

    fn keys(&self) -> Arc<Keyring> {
        Arc::clone(&self.keyring.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether what is said to the Redis of this URL crosses a network in clear. A URL that cannot be read leads nowhere.
    #[must_use]
    pub fn in_clear(url: &str) -> bool {
        let Ok(info) = url.into_connection_info() else {
            return false;
        };
        match info.addr() {
            ConnectionAddr::Tcp(host, _) => !machine::is_itself(host),
            _ => false,
        }
    }

    /// Whether a Redis answers at `url` now; for a look from outside, before anything is built on it.
    pub async fn answers(url: &str) -> bool {
        let asking = async {
            let client = redis::Client::open(url)?;
            let mut connection = client.get_multiplexed_async_connection().await?;
            redis::cmd("PING")
                .query_async::<String>(&mut connection)
                .await
        };
        let answer = tokio::time::timeout(CONNECT_TIME_MAX + ANSWER_TIME_MAX, asking).await;
        matches!(answer, Ok(Ok(_)))
    }

    /// Whether it answers now.
    ///
    /// # Errors
    /// [`Away`] when it does not.
    pub async fn ping(&self) -> Result<(), Away> {
        let mut connection = self.connection.clone();
        let ping = redis::cmd("PING");
        self.bounded(ping.query_async::<String>(&mut connection))
            .await
            .map(drop)
    }

    /// Runs one call within its time, unless a call failed a moment ago.
    async fn bounded<T>(
        &self,
        call: impl Future<Output = Result<T, redis::RedisError>>,
    ) -> Result<T, Away> {
        if self.rest.is_on() {
            return Err(Away);
        }
        let most = deadline::at_most(CALL_TIME_MAX, Instant::now()).map_err(|_| Away)?;
        let call = TokioContext::new(call, self.runtime.clone());
        match tokio::time::timeout(most, call).await {
            Ok(Ok(answer)) => {
                self.rest.end();
                Ok(answer)
            }
            // The request had no more time to give: that says nothing about the shared place.
            Err(_) if most < CALL_TIME_MAX => Err(Away),
            Ok(Err(error)) => Err(self.away(&kind(&error))),
            Err(_) => Err(self.away("no answer in time")),
        }
    }

    /// A wrong password or a replica that takes no writes is mended elsewhere than a Redis that is gone: why is told.
    fn away(&self, why: &str) -> Away {
        if self.rest.begin(why) {
            tracing::warn!(why, "redis.away");
        }
        metrics::counter!("lifeline_redis_away_total").increment(1);
        Away
    }
}

/// Of what kind an error is, with the server's word for it. What else it says may name keys and values.
fn kind(error: &redis::RedisError) -> String {
    let kind = error.category();
    error
        .code()
        .map_or_else(|| kind.to_owned(), |code| format!("{kind} ({code})"))
}

/// A sealed value opens under its own name only.
const fn place(name: &str) -> Place<'_> {
    Place {
        table: "redis",
        column: "value",
        row: name,
    }
}

fn lead_key(key: &str) -> String {
    format!("{PREFIX}lead:{key}")
}

#[async_trait]
impl SharedCache for Redis {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Away> {
        let mut connection = self.connection.clone();
        let name = format!("{PREFIX}{key}");
        let sealed: Option<String> = self.bounded(connection.get(&name)).await?;
        let opened = sealed.map(|sealed| self.keys().open(FOR_CACHE, &place(&name), &sealed));
        Ok(opened.and_then(Result::ok).map(|clear| clear.to_vec()))
    }

    async fn put(&self, key: &str, value: &[u8], life: Duration) -> Result<(), Away> {
        let mut connection = self.connection.clone();
        let life_ms = u64::try_from(life.as_millis()).map_err(|_| Away)?.max(1);
        let name = format!("{PREFIX}{key}");
        let sealed = self
            .keys()
            .seal(FOR_CACHE, &place(&name), value)
            .map_err(|_| Away)?;
        self.bounded(connection.pset_ex::<_, _, ()>(&name, sealed, life_ms))
            .await
    }

    async fn lead(&self, key: &str, life: Duration) -> Result<bool, Away> {
        let mut connection = self.connection.clone();
        let life_ms = u64::try_from(life.as_millis()).map_err(|_| Away)?.max(1);
        let once = SetOptions::default()
            .conditional_set(ExistenceCheck::NX)
            .with_expiration(SetExpiry::PX(life_ms));
        let key = lead_key(key);
        let set: Option<String> = self.bounded(connection.set_options(key, 1, once)).await?;
        Ok(set.is_some())
    }

    async fn resign(&self, key: &str) -> Result<(), Away> {
        let mut connection = self.connection.clone();
        self.bounded(connection.del::<_, ()>(lead_key(key))).await
    }

    async fn pause(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

#[async_trait]
impl Revocations for Redis {
    async fn tell(&self, session_id: &str, life: Duration) -> Result<(), Away> {
        let mut connection = self.connection.clone();
        let mut now = connection.clone();
        let seconds: Vec<u64> = self
            .bounded(redis::cmd("TIME").query_async::<Vec<u64>>(&mut now))
            .await?;
        let now_s = seconds.first().copied().ok_or(Away)?;
        let until = now_s.saturating_add(life.as_secs());
        let mut pipe = redis::pipe();
        pipe.zadd(ENDED, session_id, until)
            .ignore()
            // Whoever writes also tidies: entries whose tokens have all expired.
            .zrembyscore(ENDED, 0, now_s)
            .ignore();
        self.bounded(pipe.query_async::<()>(&mut connection)).await
    }

    async fn ended(&self) -> Result<Vec<String>, Away> {
        let mut connection = self.connection.clone();
        self.bounded(connection.zrange(ENDED, 0, -1)).await
    }
}

#[cfg(test)]
mod tests {
    use redis::{ErrorKind, RedisError, ServerErrorKind};

    use super::*;

    #[test]
    fn why_a_call_failed_is_told_without_what_it_carried() {
        let refused = (
            ErrorKind::AuthenticationFailed,
            "no",
            "hunter2 is wrong".to_owned(),
        );
        assert_eq!(kind(&RedisError::from(refused)), "authentication failed");
        let replica = ErrorKind::Server(ServerErrorKind::ReadOnly);
        let replica = RedisError::from((replica, "no", "lifeline:ended".to_owned()));
        assert_eq!(kind(&replica), "read-only (READONLY)");
    }
}
