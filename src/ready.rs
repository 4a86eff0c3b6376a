//! What `/readyz` and `doctor` ask of each dependency.

use std::sync::Arc;

use async_trait::async_trait;
use lifeline_adapters::sql::Engine;
use lifeline_gateway::listeners::ops::{Check, Readiness};

/// The dependencies of a running instance.
pub(crate) struct Dependencies {
    pub(crate) engine: Arc<Engine>,
    pub(crate) redis: Option<Arc<lifeline_adapters::redis::Redis>>,
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
        checks
    }
}
