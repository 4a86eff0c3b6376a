//! The faults a journey can be played with, each on a named call, and what must come of it.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::Wrong;
use super::client::Client;

/// One way to play the journey.
#[derive(Debug, Clone)]
pub(crate) struct Scenario {
    name: String,
    row: Option<Row>,
}

/// Where the money must be in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ends {
    /// Taken once, credited once.
    Posted,
    /// Taken once, given back whole, never credited: the account closed between order and payment.
    Refunded,
}

/// The status and the code that a household is refused with.
pub(crate) type Refusal = (StatusCode, &'static str);

/// The step of the journey on which a fault is met, and the refusal that the household reads there; `None` when it
/// notices nothing.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Phase {
    /// Signing in.
    SignIn(Option<Refusal>),
    /// Being matched and linking, by this demo person.
    Link(&'static str, Option<Refusal>),
    /// From the order on.
    Pay,
}

/// What goes wrong, where, how often.
#[derive(Debug, Clone, Copy)]
struct Fault {
    kind: &'static str,
    target: &'static str,
    route: &'static str,
    count: u32,
}

/// A row of the table.
#[derive(Debug, Clone, Copy)]
struct Row {
    phase: Phase,
    fault: Fault,
    /// What must go wrong too, or the fault would never be met.
    beside: Option<Fault>,
    ends: Ends,
    /// Simulated seconds until the money must be at rest.
    rest_s: i64,
}

/// Money that moved comes to rest within so many simulated seconds.
const REST_S: i64 = 60;
/// A refund nobody answered for is asked about after 10 s, and sent again only after two empty answers a minute apart
/// (table R): before that a second send could give the money back twice.
const UNANSWERED_REFUND_S: i64 = 150;

const TOKEN: &str = "alipay.system.oauth.token";
const PROFILE: &str = "alipay.user.info.share";
const MATCH: &str = "POST /identity-matches";
const VERIFY: &str = "POST /bindings/verify";
const CREATE: &str = "alipay.trade.create";
const QUERY: &str = "alipay.trade.query";
const REFUND: &str = "alipay.trade.refund";
const NOTICE: &str = "trade_status_sync";
const POST: &str = "POST /payments";
const ASK: &str = "GET /payments/{channel_txn_no}";
const ARREARS: &str = "GET /consumers/{no}/arrears";
const TEXT: &str = "POST /messages";

const fn fault(target: &'static str, route: &'static str, kind: &'static str) -> Fault {
    Fault {
        kind,
        target,
        route,
        count: 1,
    }
}

impl Fault {
    const fn times(self, count: u32) -> Self {
        Self { count, ..self }
    }

    /// The body for `POST /sim/faults`.
    fn body(self) -> Value {
        json!({
            "target": self.target, "route": self.route, "kind": self.kind, "count": self.count, "seed": 7
        })
    }
}

const fn alipay(route: &'static str, kind: &'static str) -> Fault {
    fault("alipay", route, kind)
}

const fn marketing(route: &'static str, kind: &'static str) -> Fault {
    fault("marketing", route, kind)
}

const fn posted(fault: Fault) -> Row {
    Row {
        phase: Phase::Pay,
        fault,
        beside: None,
        ends: Ends::Posted,
        rest_s: REST_S,
    }
}

const fn signing_in(fault: Fault, refusal: Option<Refusal>) -> Row {
    Row {
        phase: Phase::SignIn(refusal),
        ..posted(fault)
    }
}

const fn linking(person: &'static str, fault: Fault, refusal: Option<Refusal>) -> Row {
    Row {
        phase: Phase::Link(person, refusal),
        ..posted(fault)
    }
}

const fn refunded(fault: Fault) -> Row {
    Row {
        ends: Ends::Refunded,
        ..posted(fault)
    }
}

const fn unanswered(row: Row) -> Row {
    Row {
        rest_s: UNANSWERED_REFUND_S,
        ..row
    }
}

const fn beside(other: Fault, row: Row) -> Row {
    Row {
        beside: Some(other),
        ..row
    }
}

/// Without its notice an order is queried.
const NO_NOTICE: Fault = alipay(NOTICE, "NOTICE_LOST");
/// A posting that nobody answered for is asked about.
const NO_ANSWER: Fault = marketing(POST, "TIMEOUT_AFTER_COMMIT");

/// A system behind Lifeline gave no answer: that is all a household is told.
const UNAVAILABLE: Option<Refusal> =
    Some((StatusCode::SERVICE_UNAVAILABLE, "UPSTREAM_UNAVAILABLE"));
/// A code that Alipay has taken already; the next tap brings another.
const SPENT: Option<Refusal> = Some((StatusCode::UNAUTHORIZED, "AUTH_CODE_REFUSED"));
/// Four with one home each, and one with two: nobody else plays them, so that most link for the first time.
const LIU: &str = "liu-yang";
const WANG: &str = "wang-wei";
const OTHER_WANG: &str = "wang-wei-2";
const OUYANG: &str = "ouyang-zhu";
const TWO_HOMES: &str = "chen-gang";

const ROWS: &[Row] = &[
    signing_in(alipay(TOKEN, "LATENCY"), None),
    signing_in(alipay(TOKEN, "TIMEOUT_BEFORE"), UNAVAILABLE),
    signing_in(alipay(TOKEN, "TIMEOUT_AFTER_COMMIT"), UNAVAILABLE),
    signing_in(alipay(TOKEN, "HTTP_500"), UNAVAILABLE),
    signing_in(alipay(TOKEN, "LEAK_SQL"), UNAVAILABLE),
    signing_in(alipay(TOKEN, "DUPLICATE_REPLY"), SPENT),
    signing_in(alipay(PROFILE, "LATENCY"), None),
    signing_in(alipay(PROFILE, "TIMEOUT_AFTER_COMMIT"), UNAVAILABLE),
    signing_in(alipay(PROFILE, "HTTP_500"), UNAVAILABLE),
    signing_in(alipay(PROFILE, "LEAK_SQL"), UNAVAILABLE),
    signing_in(alipay(PROFILE, "DUPLICATE_REPLY"), None),
    linking(LIU, marketing(MATCH, "TIMEOUT_BEFORE"), UNAVAILABLE),
    linking(
        OUYANG,
        marketing(VERIFY, "TIMEOUT_AFTER_COMMIT"),
        UNAVAILABLE,
    ),
    linking(WANG, marketing(VERIFY, "DUPLICATE_REPLY"), None),
    linking(OTHER_WANG, marketing(VERIFY, "LEAK_SQL"), UNAVAILABLE),
    // A home that is not opened holds up no other; the next tap links it.
    linking(TWO_HOMES, marketing(VERIFY, "HTTP_500"), None),
    linking(LIU, marketing(MATCH, "LATENCY"), None),
    linking(OUYANG, marketing(MATCH, "HTTP_500"), UNAVAILABLE),
    linking(WANG, marketing(MATCH, "LEAK_SQL"), UNAVAILABLE),
    linking(OTHER_WANG, marketing(MATCH, "DUPLICATE_REPLY"), None),
    linking(LIU, marketing(VERIFY, "LATENCY"), None),
    linking(OUYANG, marketing(VERIFY, "TIMEOUT_BEFORE"), UNAVAILABLE),
    posted(alipay(CREATE, "LATENCY")),
    beside(NO_NOTICE, posted(alipay(QUERY, "LATENCY"))),
    posted(marketing(POST, "LATENCY")),
    posted(alipay(CREATE, "TIMEOUT_BEFORE")),
    beside(NO_NOTICE, posted(alipay(QUERY, "TIMEOUT_BEFORE"))),
    unanswered(refunded(alipay(REFUND, "TIMEOUT_BEFORE"))),
    posted(marketing(POST, "TIMEOUT_BEFORE")),
    posted(alipay(CREATE, "TIMEOUT_AFTER_COMMIT")),
    refunded(alipay(REFUND, "TIMEOUT_AFTER_COMMIT")),
    posted(marketing(POST, "TIMEOUT_AFTER_COMMIT")),
    posted(alipay(CREATE, "HTTP_500")),
    beside(NO_NOTICE, posted(alipay(QUERY, "HTTP_500"))),
    unanswered(refunded(alipay(REFUND, "HTTP_500"))),
    posted(marketing(POST, "HTTP_500").times(2)),
    posted(fault("sms", TEXT, "HTTP_500")),
    posted(alipay(CREATE, "LEAK_SQL")),
    posted(marketing(POST, "LEAK_SQL")),
    posted(alipay(CREATE, "DUPLICATE_REPLY")),
    refunded(alipay(REFUND, "DUPLICATE_REPLY")),
    posted(marketing(POST, "DUPLICATE_REPLY")),
    beside(NO_ANSWER, posted(marketing(ASK, "STALE_READ").times(2))),
    posted(marketing(ARREARS, "STALE_READ")),
    posted(alipay(NOTICE, "NOTICE_LOST")),
    posted(alipay(NOTICE, "NOTICE_LATE")),
    posted(alipay(NOTICE, "NOTICE_REPEATED").times(3)),
    refunded(alipay(NOTICE, "NOTICE_REORDERED")),
    posted(alipay(NOTICE, "NOTICE_FORGED").times(2)),
    posted(alipay(NOTICE, "NOTICE_WRONG_AMOUNT")),
];

/// The kinds a journey knows.
pub(crate) fn kinds() -> Vec<&'static str> {
    let mut kinds = Vec::new();
    for kind in ROWS.iter().map(|row| row.fault.kind) {
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    kinds
}

/// The scenarios for `--fault`; `None` when the kind is unknown.
pub(crate) fn wanted(fault: Option<&str>) -> Option<Vec<Scenario>> {
    let plain = Scenario {
        name: "no fault".to_owned(),
        row: None,
    };
    let Some(fault) = fault else {
        return Some(vec![plain]);
    };
    let chosen = |row: &&Row| fault == "all" || row.fault.kind == fault;
    let named: Vec<Scenario> = ROWS.iter().filter(chosen).map(Scenario::of).collect();
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
    fn of(row: &Row) -> Self {
        let Fault {
            kind,
            target,
            route,
            ..
        } = row.fault;
        Self {
            name: format!("{kind} on {target} {route}"),
            row: Some(*row),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn is_plain(&self) -> bool {
        self.row.is_none()
    }

    /// Where its fault is met; without one, nothing is.
    pub(crate) fn phase(&self) -> Phase {
        self.row.map_or(Phase::Pay, |row| row.phase)
    }

    pub(crate) fn ends(&self) -> Ends {
        self.row.map_or(Ends::Posted, |row| row.ends)
    }

    pub(crate) fn rest_s(&self) -> i64 {
        self.row.map_or(REST_S, |row| row.rest_s)
    }

    /// Somebody who is not Alipay will claim that the order was paid.
    pub(crate) fn forges(&self) -> bool {
        self.row
            .is_some_and(|row| row.fault.kind == "NOTICE_FORGED")
    }

    /// Tells the sandbox what is to go wrong.
    pub(crate) async fn plan(&self, client: &Client) -> Result<(), Wrong> {
        let faults = self.row.map(|row| [Some(row.fault), row.beside]);
        for fault in faults.into_iter().flatten().flatten() {
            client.sandbox_post("/sim/faults", &fault.body()).await?;
        }
        Ok(())
    }

    /// Whether a listed fault is this scenario's own, by kind, target and route.
    pub(crate) fn is(&self, listed: &Value) -> bool {
        let member = |name: &str| listed.get(name).and_then(Value::as_str);
        self.row.is_some_and(|Row { fault, .. }| {
            member("kind") == Some(fault.kind)
                && member("target") == Some(fault.target)
                && member("route") == Some(fault.route)
        })
    }
}
