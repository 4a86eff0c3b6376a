//! Places of keys over all nodes: a hash per key, a field per node, each with an end of its own by Redis's
//! own clock, so that a node that dies frees what it had.

use std::time::Duration;

use async_trait::async_trait;
use lifeline_core::shared::cluster::{Away, PlacesAsk, SharedPlaces};
use redis::Script;

use super::{PREFIX, Redis};

/// ARGV: the node, the life in microseconds, then per key the most and the wanted.
const KEEP: &str = r"
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local node, life = ARGV[1], tonumber(ARGV[2])
local answers = {}
for i, key in ipairs(KEYS) do
  local most, wanted = tonumber(ARGV[2 * i + 1]), tonumber(ARGV[2 * i + 2])
  local others = 0
  local all = redis.call('HGETALL', key)
  for at = 1, #all, 2 do
    local count, ends = string.match(all[at + 1], '^(%d+):(%d+)$')
    if all[at] ~= node then
      if count and tonumber(ends) > now then
        others = others + tonumber(count)
      else
        redis.call('HDEL', key, all[at])
      end
    end
  end
  local given = math.max(0, math.min(wanted, most - others))
  if given == 0 then
    redis.call('HDEL', key, node)
  else
    redis.call('HSET', key, node, string.format('%d:%.0f', given, now + life))
    redis.call('PEXPIRE', key, math.ceil(life / 1000) + 1000)
  end
  answers[i] = given
end
return answers";

pub(super) fn script() -> Script {
    Script::new(KEEP)
}

#[async_trait]
impl SharedPlaces for Redis {
    async fn keep(&self, node: &str, asks: &[PlacesAsk], life: Duration) -> Result<Vec<u32>, Away> {
        let keyring = self.keys();
        let mut call = self.places.prepare_invoke();
        call.arg(node)
            .arg(u64::try_from(life.as_micros()).map_err(|_| Away)?);
        for ask in asks {
            let named = keyring.token_digest("places", &ask.key).map_err(|_| Away)?;
            call.key(format!("{PREFIX}places:{named}"));
            call.arg(ask.most).arg(ask.wanted);
        }
        let mut connection = self.connection.clone();
        let given: Vec<u32> = self.bounded(call.invoke_async(&mut connection)).await?;
        if given.len() == asks.len() {
            Ok(given)
        } else {
            Err(Away)
        }
    }
}
