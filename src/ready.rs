//! What `/readyz` and `doctor` ask of each dependency.

use std::sync::Arc;

use async_trait::async_trait;
use lifeline_adapters::sql::Engine;
use lifeline_gateway::listeners::ops::{Check, Readiness};

use crate::outside::Outside;

/// The dependencies of a running instance. An outside system is not asked: its breaker knows how it
/// answered lately.
pub(crate) struct Dependencies {
    pub(crate) engine: Arc<Engine>,
    pub(crate) redis: Option<Arc<lifeline_adapters::redis::Redis>>,
    pub(crate) outside: Outside,
}

#[async_trait]
impl Readiness for Dependencies {
    async fn checks(&self) -> Vec<Check> {
        let mut checks = vec![Check {
            name: "store",
            ok: self.engine.ping().await.is_ok(),
            required: true,
            advice: "the database must answer; see `lifeline doctor`",
        }];
        if let Some(redis) = &self.redis {
            checks.push(Check {
                name: "redis",
                ok: redis.ping().await.is_ok(),
                required: false,
                advice: "limits and caches are local until Redis is back; nothing else changes",
            });
        }
        let outside = [
            ("alipay", self.outside.alipay.is_failing()),
            ("marketing", self.outside.marketing.is_failing()),
            ("sms", self.outside.sms.is_failing()),
            ("user_system", self.outside.user_system.is_failing()),
            ("generation", self.outside.generation.is_failing()),
            ("exchange", self.outside.exchange.is_failing()),
        ];
        checks.extend(outside.map(|(name, failing)| Check {
            name,
            ok: !failing,
            required: false,
            advice: "an operation keeps failing and is left alone for seconds at a time (metric lifeline_breaker_open names it); \
                     nothing is lost: what is unknown is asked again when it answers",
        }));
        checks
    }
}
