//! Decisions of the limiter against the crate beneath it and against asking Redis each time.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Instant;

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use lifeline_adapters::keyring::{InstanceKind, Keyring};
use lifeline_adapters::redis::Redis;
use lifeline_core::shared::gcra::Quota as Room;
use lifeline_gateway::edge::limits::steady::{Monotonic, Steady};
use lifeline_gateway::edge::limits::table::Table;
use lifeline_gateway::edge::limits::{Asker, Function, Limits, Quotas, Rule, Subject};
use redis::aio::MultiplexedConnection;
use serde_json::{Value, json};

use crate::{ROUNDS, median};

const DECISIONS: usize = 400_000;
const SHARED_DECISIONS: usize = 40_000;
const AT_ONCE: usize = 16;
const PEOPLE: usize = 1_000;
/// Those whose portions a node leases at one time.
const SHARED_PEOPLE: usize = 16;
/// A minute's quota that nothing here uses up, and no larger: the room of a wider one would not fit a word, which no real one does.
const PLENTY: NonZeroU32 = NonZeroU32::MIN.saturating_add(99_999_999);
const FIGURE: &str = "/v1/bindings/{binding_id}/bills/{period}";
/// The keys of one figure of one home: address, account, network, home.
const KEYS: usize = 4;

/// The plain way: every key in one script, for every request.
const SCRIPT: &str = r"
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local interval, full = tonumber(ARGV[1]), tonumber(ARGV[2])
local tats = {}
for i, key in ipairs(KEYS) do
  local tat = tonumber(redis.call('GET', key) or now)
  if tat < now then tat = now end
  if tat + interval - now > full then return 0 end
  tats[i] = tat + interval
end
for i, key in ipairs(KEYS) do
  redis.call('SET', key, string.format('%.3f', tats[i]), 'PX', math.ceil((tats[i] - now) / 1000) + 1)
end
return 1";

struct Person {
    address: IpAddr,
    network: String,
    account: String,
    home: String,
}

fn people(count: usize) -> Vec<Person> {
    let person = |n: usize| {
        let host = u32::try_from(n).unwrap_or(0);
        Person {
            address: IpAddr::from(u32::to_be_bytes(0xC612_0000_u32.wrapping_add(host))),
            network: format!("198.18.{}.0/24", n / 256),
            account: format!("019aa2f0-0000-7000-8000-{n:012}"),
            home: format!("019aa2f0-0000-7000-9000-{n:012}"),
        }
    };
    (0..count).map(person).collect()
}

fn quotas() -> Quotas {
    Quotas {
        per_address_minute: PLENTY,
        per_network_minute: PLENTY,
        per_account_minute: PLENTY,
        functions_percent: PLENTY,
        nodes: NonZeroU32::MIN,
    }
}

fn rate(count: usize, began: Instant) -> f64 {
    let count = f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    count / began.elapsed().as_secs_f64()
}

async fn ours(limits: &Limits, person: &Person) -> Result<(), String> {
    let asker = Asker {
        address: person.address,
        account: Some(&person.account),
        home: Some(&person.home),
        figure: FIGURE,
    };
    let by_address = limits.address(person.address);
    let rest = limits.admit(Function::Query, &asker).await;
    match (by_address, rest) {
        (Ok(_), Ok(_)) => Ok(()),
        _ => Err("a decision was no".to_owned()),
    }
}

/// The decision alone, over all keys and the clock read: without the figures that a caller is told.
struct Alone {
    table: Table,
    time: Steady,
}

impl Alone {
    fn new() -> Self {
        Self {
            table: Table::default(),
            time: Steady::over(Box::<Monotonic>::default()),
        }
    }

    fn decide(&self, person: &Person) -> Result<(), String> {
        let of = |name, subject| Rule {
            name,
            function: "",
            subject,
            quota: Room::per_minute(PLENTY),
            cost: 1,
        };
        let keys: [Rule<'_>; KEYS] = [
            of("address", Subject::Subscriber(person.address)),
            of("network", Subject::Named(&person.network)),
            of("account", Subject::Named(&person.account)),
            of("home", Subject::Named(&person.home)),
        ];
        let decided = self.table.decide(&keys, self.time.now_ns());
        decided
            .map(|_| ())
            .map_err(|_| "a decision was no".to_owned())
    }
}

/// One check for each key, as one would write it with the crate alone.
struct Raw {
    addresses: DefaultKeyedRateLimiter<IpAddr>,
    names: [DefaultKeyedRateLimiter<String>; 3],
}

impl Raw {
    fn new() -> Self {
        let quota = Quota::per_minute(PLENTY);
        let names = [(); 3].map(|()| RateLimiter::keyed(quota));
        Self {
            addresses: RateLimiter::keyed(quota),
            names,
        }
    }

    fn decide(&self, person: &Person) -> Result<(), String> {
        let [networks, accounts, homes] = &self.names;
        let passed = self.addresses.check_key(&person.address).is_ok()
            && networks.check_key(&person.network).is_ok()
            && accounts.check_key(&person.account).is_ok()
            && homes.check_key(&person.home).is_ok();
        passed.then_some(()).ok_or("a decision was no".to_owned())
    }
}

struct Local {
    ours: f64,
    alone: f64,
    governor: f64,
}

async fn local() -> Result<Local, String> {
    let people = people(PEOPLE);
    let (limits, alone, raw) = (Limits::new(quotas(), None), Alone::new(), Raw::new());
    let (mut by_us, mut by_table, mut by_raw) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let began = Instant::now();
        for person in people.iter().cycle().take(DECISIONS) {
            raw.decide(person)?;
        }
        by_raw.push(rate(DECISIONS, began));
        let began = Instant::now();
        for person in people.iter().cycle().take(DECISIONS) {
            alone.decide(person)?;
        }
        by_table.push(rate(DECISIONS, began));
        let began = Instant::now();
        for person in people.iter().cycle().take(DECISIONS) {
            ours(&limits, person).await?;
        }
        by_us.push(rate(DECISIONS, began));
    }
    Ok(Local {
        ours: median(by_us),
        alone: median(by_table),
        governor: median(by_raw),
    })
}

async fn evalsha(
    mut connection: MultiplexedConnection,
    sha: &str,
    person: &Person,
) -> Result<(), String> {
    let mut call = redis::cmd("EVALSHA");
    call.arg(sha).arg(KEYS - 1);
    for key in [&person.network, &person.account, &person.home] {
        call.arg(format!("probe:{key}"));
    }
    call.arg(1).arg(60_000_000);
    let passed: i64 = call
        .query_async(&mut connection)
        .await
        .map_err(|error| error.to_string())?;
    (passed == 1)
        .then_some(())
        .ok_or("a decision was no".to_owned())
}

async fn shared(url: &str) -> Result<(f64, f64), String> {
    let fault = |error: redis::RedisError| error.to_string();
    let client = redis::Client::open(url).map_err(fault)?;
    let connection = client
        .get_multiplexed_async_connection()
        .await
        .map_err(fault)?;
    let mut load = connection.clone();
    let sha: String = redis::cmd("SCRIPT")
        .arg("LOAD")
        .arg(SCRIPT)
        .query_async(&mut load)
        .await
        .map_err(fault)?;
    let keyring = Keyring::generate(InstanceKind::Demo).map_err(|error| error.to_string())?;
    let leases = Redis::connect(url, Arc::new(keyring)).await;
    let leases = leases.map_err(|_| "no Redis".to_owned())?;
    let limits = Limits::new(quotas(), Some(Arc::new(leases)));
    let people = people(SHARED_PEOPLE);
    let (mut leased, mut asked) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        asked.push(
            at_once(SHARED_DECISIONS, &people, |person| {
                evalsha(connection.clone(), &sha, person)
            })
            .await?,
        );
        leased.push(at_once(SHARED_DECISIONS, &people, |person| ours(&limits, person)).await?);
    }
    Ok((median(leased), median(asked)))
}

/// So many decisions by a few who ask at once, on one thread.
async fn at_once<'p, F, W>(count: usize, people: &'p [Person], decide: F) -> Result<f64, String>
where
    F: Fn(&'p Person) -> W,
    W: Future<Output = Result<(), String>>,
{
    let began = Instant::now();
    let each = (0..AT_ONCE).map(|_| async {
        for person in people.iter().cycle().take(count / AT_ONCE) {
            decide(person).await?;
        }
        Ok::<_, String>(())
    });
    futures_util::future::try_join_all(each).await?;
    Ok(rate(count, began))
}

pub(crate) fn measure(redis: &str) -> Result<Value, String> {
    actix_web::rt::System::new().block_on(async {
        let local = local().await?;
        let (leased, evalsha) = shared(redis).await?;
        Ok(
            json!({ "keys": KEYS, "shared_keys": KEYS - 1, "at_once": AT_ONCE,
            "governor": local.governor, "local": local.ours, "alone": local.alone, "evalsha": evalsha, "leased": leased }),
        )
    })
}
