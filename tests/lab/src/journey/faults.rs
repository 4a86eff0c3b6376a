//! The faults a journey can be played with, each on a named call, and what must come of it.

use serde_json::{Value, json};

/// One way to play the journey.
#[derive(Debug, Clone)]
pub(crate) struct Scenario {
    name: String,
    plan: Option<Plan>,
}

#[derive(Debug, Clone, Copy)]
struct Plan {
    target: &'static str,
    route: Option<&'static str>,
    kind: &'static str,
    count: u32,
}

const CREATE: Option<&str> = Some("alipay.trade.create");
const QUERY: Option<&str> = Some("alipay.trade.query");
const POST: Option<&str> = Some("POST /payments");

/// The table: what breaks, where, how often. In every row the money must end POSTED exactly once.
const PLANS: &[Plan] = &[
    Plan {
        target: "alipay",
        route: CREATE,
        kind: "LATENCY",
        count: 1,
    },
    Plan {
        target: "marketing",
        route: POST,
        kind: "LATENCY",
        count: 1,
    },
    Plan {
        target: "alipay",
        route: CREATE,
        kind: "TIMEOUT_BEFORE",
        count: 1,
    },
    Plan {
        target: "marketing",
        route: POST,
        kind: "TIMEOUT_BEFORE",
        count: 1,
    },
    Plan {
        target: "alipay",
        route: CREATE,
        kind: "TIMEOUT_AFTER_COMMIT",
        count: 1,
    },
    Plan {
        target: "marketing",
        route: POST,
        kind: "TIMEOUT_AFTER_COMMIT",
        count: 1,
    },
    Plan {
        target: "alipay",
        route: CREATE,
        kind: "HTTP_500",
        count: 1,
    },
    Plan {
        target: "alipay",
        route: QUERY,
        kind: "HTTP_500",
        count: 1,
    },
    Plan {
        target: "marketing",
        route: POST,
        kind: "HTTP_500",
        count: 2,
    },
    Plan {
        target: "marketing",
        route: POST,
        kind: "LEAK_SQL",
        count: 1,
    },
    Plan {
        target: "alipay",
        route: None,
        kind: "NOTICE_LOST",
        count: 1,
    },
    Plan {
        target: "alipay",
        route: None,
        kind: "NOTICE_REPEATED",
        count: 3,
    },
];

/// The kinds a journey knows.
pub(crate) fn kinds() -> Vec<&'static str> {
    let mut kinds: Vec<_> = PLANS.iter().map(|plan| plan.kind).collect();
    kinds.dedup();
    kinds
}

/// The scenarios for `--fault`; `None` when the kind is unknown.
pub(crate) fn wanted(fault: Option<&str>) -> Option<Vec<Scenario>> {
    let plain = Scenario {
        name: "no fault".to_owned(),
        plan: None,
    };
    let Some(fault) = fault else {
        return Some(vec![plain]);
    };
    let chosen = |plan: &&Plan| fault == "all" || plan.kind == fault;
    let named: Vec<Scenario> = PLANS
        .iter()
        .filter(chosen)
        .map(|plan| Scenario {
            name: format!(
                "{} on {} {}",
                plan.kind,
                plan.target,
                plan.route.unwrap_or("notices")
            ),
            plan: Some(*plan),
        })
        .collect();
    if named.is_empty() {
        return None;
    }
    Some(if fault == "all" {
        [vec![plain], named].concat()
    } else {
        named
    })
}

impl Scenario {
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn is_plain(&self) -> bool {
        self.plan.is_none()
    }

    /// The query is reached only when the notice stays away.
    pub(crate) fn needs_lost_notice(&self) -> bool {
        self.plan.is_some_and(|plan| plan.route == QUERY)
    }

    /// The body for `POST /sim/faults`.
    pub(crate) fn body(&self) -> Option<Value> {
        self.plan.map(|plan| {
            let mut body = json!({
                "target": plan.target, "kind": plan.kind, "count": plan.count, "seed": 7
            });
            if let (Some(route), Some(body)) = (plan.route, body.as_object_mut()) {
                body.insert("route".to_owned(), json!(route));
            }
            body
        })
    }

    /// Whether a listed fault is this scenario's, by kind and target.
    pub(crate) fn is(&self, fault: &Value) -> bool {
        let member = |name: &str| fault.get(name).and_then(Value::as_str);
        self.plan.is_some_and(|plan| {
            member("kind") == Some(plan.kind)
                && member("target") == Some(plan.target)
                && member("route") == plan.route
        })
    }
}
