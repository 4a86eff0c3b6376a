//! How often one address or one person may ask, before and after we know who it is.
//!
//! Per address: `governor`, in process, before authentication. Per person: shared through Redis
//! when there is one, else (or while it is away) a local share. Every answer says where the
//! caller stands (`RateLimit`, `RateLimit-Policy`, draft-11); a refusal says how long to wait.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use governor::clock::{Clock as _, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};
use lifeline_core::shared::cluster::{Decision, SharedLimiter};
use lifeline_core::shared::ids::AccountId;

use super::codes::Code;
use super::problem::Problem;

type Keyed<K> = RateLimiter<K, DefaultKeyedStateStore<K>, DefaultClock, StateInformationMiddleware>;

/// Requests per minute, as bursts that refill evenly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quotas {
    pub per_address_minute: NonZeroU32,
    pub per_account_minute: NonZeroU32,
}

/// Where a caller stands after a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// `address` or `account`: which limit this is about.
    pub name: &'static str,
    pub quota: u32,
    pub remaining: u64,
    pub retry_after: Duration,
}

const WINDOW: Duration = Duration::from_secs(60);

/// All limits of a listener.
pub struct Limits {
    quotas: Quotas,
    addresses: Keyed<IpAddr>,
    accounts: Keyed<AccountId>,
    shared: Option<Arc<dyn SharedLimiter>>,
}

impl std::fmt::Debug for Limits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Limits")
            .field("quotas", &self.quotas)
            .finish_non_exhaustive()
    }
}

fn keyed<K: std::hash::Hash + Eq + Clone>(per_minute: NonZeroU32) -> Keyed<K> {
    RateLimiter::keyed(Quota::per_minute(per_minute))
        .with_middleware::<StateInformationMiddleware>()
}

impl Limits {
    #[must_use]
    pub fn new(quotas: Quotas, shared: Option<Arc<dyn SharedLimiter>>) -> Self {
        Self {
            quotas,
            addresses: keyed(quotas.per_address_minute),
            accounts: keyed(quotas.per_account_minute),
            shared,
        }
    }

    /// One request from an address. An IPv6 client is judged by its /64, which is one subscriber.
    pub fn address(&self, address: IpAddr) -> Result<Standing, Standing> {
        let key = match address {
            IpAddr::V4(v4) => IpAddr::V4(v4),
            IpAddr::V6(v6) => {
                let [a, b, c, d, ..] = v6.segments();
                IpAddr::V6(std::net::Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
        };
        let quota = self.quotas.per_address_minute.get();
        local(&self.addresses, &key, "address", quota)
    }

    /// One request of an account, over all nodes when they share a limiter that answers.
    pub async fn account(&self, account: &AccountId) -> Result<Standing, Standing> {
        let quota = self.quotas.per_account_minute.get();
        if let Some(shared) = &self.shared {
            let key = format!("rl:account:{account}");
            match shared.check(&key, u64::from(quota), WINDOW).await {
                Ok(decision) => return standing(decision, "account", quota),
                Err(_) => metrics::counter!("lifeline_limiter_shared_away_total").increment(1),
            }
        }
        local(&self.accounts, account, "account", quota)
    }

    /// Forgets keys whose burst is full again; called by a timer, or keys would pile up.
    pub fn forget(&self) {
        self.addresses.retain_recent();
        self.accounts.retain_recent();
        self.addresses.shrink_to_fit();
        self.accounts.shrink_to_fit();
    }
}

fn local<K: std::hash::Hash + Eq + Clone>(
    limiter: &Keyed<K>,
    key: &K,
    name: &'static str,
    quota: u32,
) -> Result<Standing, Standing> {
    match limiter.check_key(key) {
        Ok(state) => Ok(Standing {
            name,
            quota,
            remaining: u64::from(state.remaining_burst_capacity()),
            retry_after: Duration::ZERO,
        }),
        Err(not_until) => {
            let retry_after = not_until.wait_time_from(DefaultClock::default().now());
            Err(Standing {
                name,
                quota,
                remaining: 0,
                retry_after,
            })
        }
    }
}

fn standing(decision: Decision, name: &'static str, quota: u32) -> Result<Standing, Standing> {
    let standing = Standing {
        name,
        quota,
        remaining: decision.remaining,
        retry_after: decision.retry_after,
    };
    if decision.allowed {
        Ok(standing)
    } else {
        Err(standing)
    }
}

impl Standing {
    /// Whole seconds to wait, at least one.
    #[must_use]
    pub fn retry_after_s(&self) -> u64 {
        self.retry_after.as_secs().saturating_add(1)
    }

    /// The refusal of a caller over the limit.
    #[must_use]
    pub fn refusal(&self) -> Problem {
        Problem::new(Code::RateLimited).retry_after(self.retry_after_s())
    }

    /// Writes `RateLimit` and `RateLimit-Policy` (structured fields, draft-11).
    pub fn tell(&self, headers: &mut HeaderMap) {
        let Self {
            name,
            quota,
            remaining,
            ..
        } = self;
        let reset = if *remaining == 0 {
            self.retry_after_s()
        } else {
            1
        };
        let policy = format!("\"{name}\";q={quota};w={}", WINDOW.as_secs());
        let limit = format!("\"{name}\";r={remaining};t={reset}");
        for (header, value) in [("ratelimit-policy", policy), ("ratelimit", limit)] {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(HeaderName::from_static(header), value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_trait::async_trait;
    use lifeline_core::shared::cluster::Away;
    use lifeline_core::shared::ids::TypedId;

    fn quotas(n: u32) -> Quotas {
        let n = NonZeroU32::new(n).unwrap();
        Quotas {
            per_address_minute: n,
            per_account_minute: n,
        }
    }

    fn account() -> AccountId {
        AccountId::made("019aa2f0-0000-7000-8000-000000000001".into())
    }

    #[test]
    fn an_address_passes_n_times_and_not_n_plus_one() {
        let limits = Limits::new(quotas(3), None);
        let address: IpAddr = "192.0.2.1".parse().unwrap();
        let left: Vec<u64> = (0..3)
            .map(|_| limits.address(address).unwrap().remaining)
            .collect();
        assert_eq!(left, [2, 1, 0]);
        let refused = limits.address(address).unwrap_err();
        assert!((1..=21).contains(&refused.retry_after_s()));
        assert!(limits.address("192.0.2.2".parse().unwrap()).is_ok());
    }

    #[test]
    fn one_ipv6_subscriber_is_one_client() {
        let limits = Limits::new(quotas(1), None);
        assert!(limits.address("2001:db8::1".parse().unwrap()).is_ok());
        assert!(limits.address("2001:db8::2".parse().unwrap()).is_err());
        assert!(limits.address("2001:db8:0:1::1".parse().unwrap()).is_ok());
    }

    #[derive(Debug)]
    struct Gone;
    #[async_trait]
    impl SharedLimiter for Gone {
        async fn check(&self, _: &str, _: u64, _: Duration) -> Result<Decision, Away> {
            Err(Away)
        }
    }

    #[tokio::test]
    async fn with_the_shared_limiter_away_the_local_share_still_limits() {
        let limits = Limits::new(quotas(2), Some(Arc::new(Gone)));
        assert!(limits.account(&account()).await.is_ok());
        assert!(limits.account(&account()).await.is_ok());
        assert!(limits.account(&account()).await.is_err());
    }
}
