//! What `/readyz` and `doctor` ask of each dependency.

use std::sync::Arc;

use async_trait::async_trait;
use lifeline_adapters::sql::Engine;
use lifeline_adapters::wire::{Asked, LeftAlone, Stands};
use lifeline_core::jobs::nodes::Nodes;
use lifeline_gateway::listeners::ops::{Check, Circuit, Operation, Readiness};
use lifeline_gateway::listeners::resources::Resources;
use lifeline_gateway::listeners::service_register::Health;

use crate::outside::Outside;
use crate::resources::Resting;

/// The dependencies of a running instance. An outside system is not asked: its breaker knows how it
/// answered lately.
pub(crate) struct Dependencies {
    pub(crate) engine: Arc<Engine>,
    /// What this process says of itself again and again: whether the store keeps it.
    pub(crate) nodes: Arc<Nodes>,
    pub(crate) redis: Option<Arc<lifeline_adapters::redis::Redis>>,
    pub(crate) outside: Outside,
    pub(crate) resting: Resting,
}

/// What is said of the store: it answers, and it keeps what it is given.
fn store(answers: bool, keeps: bool) -> Check {
    Check {
        name: "store",
        ok: answers && keeps,
        required: true,
        advice: if answers && !keeps {
            "the database answers, and no commit of ours came through for a minute: a standby that commits wait for is gone, \
             its disk is full, or something holds it up; see `lifeline doctor` and docs/operations/cluster.md"
        } else {
            "the database must answer; see `lifeline doctor`"
        },
    }
}

#[async_trait]
impl Readiness for Dependencies {
    async fn checks(&self) -> Vec<Check> {
        let mut checks = vec![store(
            self.engine.ping().await.is_ok(),
            self.nodes.commits_come(),
        )];
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

    async fn resources(&self) -> Resources {
        self.resting.resources(&self.engine).await
    }

    fn operations(&self) -> Vec<Operation> {
        let outside = &self.outside;
        let all = [
            outside.alipay.asked(),
            outside.marketing.asked(),
            outside.sms.asked(),
            outside.user_system.asked(),
            outside.generation.asked(),
            outside.exchange.asked(),
        ];
        let shown = |one: Asked| Operation {
            system: one.system,
            operation: one.operation,
            health: match one.stands {
                Stands::Closed => Health::Well,
                Stands::LeftAlone => Health::Failing,
                Stands::Probed => Health::Probed,
            },
            since: one.since,
            last_well: one.last_well,
            last_badly: one.last_badly,
        };
        all.into_iter().flatten().map(shown).collect()
    }

    fn circuits(&self) -> Vec<Circuit> {
        let outside = &self.outside;
        let all = [
            outside.alipay.left_alone(),
            outside.marketing.left_alone(),
            outside.sms.left_alone(),
            outside.user_system.left_alone(),
            outside.generation.left_alone(),
            outside.exchange.left_alone(),
        ];
        let shown = |one: LeftAlone| Circuit {
            system: one.system,
            operation: one.operation,
            why: one.why.as_str(),
            until: one.until,
        };
        all.into_iter().flatten().map(shown).collect()
    }

    fn ask_again(&self, system: &str, operation: &str) -> bool {
        let outside = &self.outside;
        // The name of a system is its breaker's; one that is not left alone is nobody's here.
        let its = |alone: Vec<LeftAlone>| alone.iter().any(|one| one.system == system);
        let systems: [(bool, &dyn Fn() -> bool); 6] = [
            (its(outside.alipay.left_alone()), &|| {
                outside.alipay.ask_again(operation)
            }),
            (its(outside.marketing.left_alone()), &|| {
                outside.marketing.ask_again(operation)
            }),
            (its(outside.sms.left_alone()), &|| {
                outside.sms.ask_again(operation)
            }),
            (its(outside.user_system.left_alone()), &|| {
                outside.user_system.ask_again(operation)
            }),
            (its(outside.generation.left_alone()), &|| {
                outside.generation.ask_again(operation)
            }),
            (its(outside.exchange.left_alone()), &|| {
                outside.exchange.ask_again(operation)
            }),
        ];
        systems.iter().any(|(is_it, ask)| *is_it && ask())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_answers_and_keeps_nothing_is_not_ready_and_says_so() {
        let said = |answers, keeps| {
            let check = store(answers, keeps);
            (check.ok, check.advice.contains("no commit of ours"))
        };
        assert_eq!(said(true, true), (true, false));
        assert_eq!(said(true, false), (false, true));
        // Who does not answer has one fault, not two.
        assert_eq!(said(false, true), (false, false));
        assert_eq!(said(false, false), (false, false));
        assert!(store(true, true).required);
    }
}
