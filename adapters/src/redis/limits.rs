//! Leases of rate limits: one call gives a node portions of several keys (GCRA on Redis's own clock,
//! so that nodes need not agree on theirs).

use async_trait::async_trait;
use lifeline_core::shared::cluster::{Away, Lease, LeaseAsk, SharedLimiter};
use redis::Script;

use super::{PREFIX, Redis};
use std::time::Duration;

/// Per key, ARGV: microseconds of one unit (rounded up: never more than the quota), burst, the
/// least, the wanted. Answers {units, remaining, retry_after_us} for each.
///
/// A moment more than a whole burst away comes from a clock that went back; it counts as a whole
/// burst, and is kept as that also when nothing passes: the bucket fills again from there, and a step
/// of Redis's clock makes nobody wait longer than a window.
const LEASE: &str = r"
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local answers = {}
for i, key in ipairs(KEYS) do
  local interval = tonumber(ARGV[4 * i - 3])
  local burst = tonumber(ARGV[4 * i - 2])
  local least = tonumber(ARGV[4 * i - 1])
  local wanted = tonumber(ARGV[4 * i])
  local full = interval * burst
  local tat = tonumber(redis.call('GET', key) or now)
  if tat < now then tat = now end
  if tat > now + full then
    tat = now + full
    redis.call('SET', key, string.format('%.0f', tat), 'PX', math.ceil(full / 1000) + 1)
  end
  local room = math.floor((now + full - tat) / interval)
  if room < least then
    answers[i] = {0, 0, tat + least * interval - now - full}
  else
    local units = math.min(wanted, room)
    local new = tat + units * interval
    redis.call('SET', key, string.format('%.0f', new), 'PX', math.ceil((new - now) / 1000) + 1)
    answers[i] = {units, room - units, 0}
  end
end
return answers";

pub(super) fn script() -> Script {
    Script::new(LEASE)
}

#[async_trait]
impl SharedLimiter for Redis {
    async fn lease(&self, asks: &[LeaseAsk]) -> Result<Vec<Lease>, Away> {
        let keyring = self.keys();
        let mut call = self.leases.prepare_invoke();
        for ask in asks {
            let burst = u64::from(ask.quota.burst());
            let window_us = u64::try_from(ask.quota.window().as_micros()).map_err(|_| Away)?;
            let interval_us = window_us.div_ceil(burst).max(1);
            let named = keyring.token_digest("limit", &ask.key).map_err(|_| Away)?;
            call.key(format!("{PREFIX}limit:{named}"));
            let wanted = ask.wanted.max(ask.least);
            call.arg(interval_us).arg(burst).arg(ask.least).arg(wanted);
        }
        let mut connection = self.connection.clone();
        let given: Vec<(u32, u32, u64)> = self.bounded(call.invoke_async(&mut connection)).await?;
        if given.len() != asks.len() {
            return Err(Away);
        }
        let lease = |(units, remaining, retry_us)| Lease {
            units,
            remaining,
            retry_after: Duration::from_micros(retry_us),
        };
        Ok(given.into_iter().map(lease).collect())
    }
}
