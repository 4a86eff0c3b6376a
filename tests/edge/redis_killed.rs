//! Three nodes share a quota through a real `redis-server`, which is killed with signal 9 while they
//! are asked, and started again with nothing in it. What passes stays within the stated bound.

use std::num::NonZeroU32;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use lifeline_adapters::keyring::{InstanceKind, Keyring};
use lifeline_adapters::redis::Redis;
use lifeline_core::shared::cluster::SharedLimiter;
use lifeline_core::shared::gcra::Quota;
use lifeline_gateway::edge::limits::{Limits, Quotas, Rule, lease_units};
use lifeline_tests::Looks;
use lifeline_tests::ports::Row;

const NODES: u32 = 3;
const BURST: u32 = 64;
const WINDOW: Duration = Duration::from_secs(3600);

/// A Redis of the trial's own that keeps nothing; killed when dropped.
struct Server(Child);

impl Server {
    fn on(port: u16) -> Self {
        let child = Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no", "--daemonize", "no"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("redis-server (deploy/dev/ensure.sh services)");
        Self(child)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // SIGKILL, and waited for, so that the port is free again.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn n(value: u32) -> NonZeroU32 {
    NonZeroU32::new(value).expect("not zero")
}

async fn node(url: &str, keyring: &Arc<Keyring>) -> Arc<Limits> {
    let redis = Redis::connect(url, Arc::clone(keyring)).await;
    let shared: Arc<dyn SharedLimiter> = Arc::new(redis.expect("a readable address"));
    let quotas = Quotas {
        per_address_minute: n(1),
        per_network_minute: n(1),
        per_account_minute: n(1),
        functions_percent: n(100),
        nodes: n(NODES),
    };
    Arc::new(Limits::new(quotas, Some(shared)))
}

async fn until_it_answers(url: &str) {
    let mut looks = Looks::every(Duration::from_millis(2));
    while !Redis::answers(url).await {
        assert!(looks.again().await, "redis-server does not answer");
    }
}

/// How often the server begins with nothing: before it is killed, and after.
const LIVES: u32 = 2;
/// How many ask at the moment it dies.
const AT_ONCE: u32 = 16;

struct Outcome {
    passed: u32,
    saw_it_away: bool,
}

/// What the nodes may hold of leases that they have not spent.
fn leases() -> u32 {
    NODES * lease_units(Quota::per(n(BURST), WINDOW))
}

/// Asks all nodes in turn; after `first` decisions the server dies while sixteen more are under way, and it is back
/// after the nodes were asked for two bursts without it.
async fn trial(first: u32) -> Outcome {
    // Nobody else's either while the server is away.
    let ports = Row::take();
    let port = ports.first();
    let url = format!("redis://127.0.0.1:{port}");
    let keyring = Arc::new(Keyring::generate(InstanceKind::Demo).expect("a keyring"));
    let server = Server::on(port);
    until_it_answers(&url).await;
    let mut nodes = Vec::new();
    for _ in 0..NODES {
        nodes.push(node(&url, &keyring).await);
    }
    let rule = [Rule {
        name: "account",
        function: "",
        subject: "somebody".into(),
        quota: Quota::per(n(BURST), WINDOW),
        cost: 1,
    }];
    let turn_of = |turn: u32| &nodes[usize::try_from(turn % NODES).unwrap()];
    let ask = async |turns: u32| {
        let mut passed = 0_u32;
        for turn in 0..turns {
            passed += u32::from(turn_of(turn).decide(&rule).await.is_ok());
        }
        passed
    };
    let mut passed = ask(first).await;
    let dying = tokio::task::spawn_blocking(move || drop(server));
    let at_once = (0..AT_ONCE).map(|turn| turn_of(turn).decide(&rule));
    for answer in futures_util::future::join_all(at_once).await {
        passed += u32::from(answer.is_ok());
    }
    dying.await.expect("it is killed");
    let away = ask(BURST * 2).await;
    passed += away;
    let server = Server::on(port);
    until_it_answers(&url).await;
    // Nodes ask again half a second after they found it away.
    tokio::time::sleep(Duration::from_millis(520)).await;
    passed += ask(first).await;
    drop(server);
    Outcome {
        passed,
        // More than was leased from it can only be what nodes pass by themselves. A node that was told there is
        // nothing left believes that also while the server is away.
        saw_it_away: away > leases(),
    }
}

/// `REDIS_KILLS` (make test-long: 200) trials.
#[tokio::test]
async fn a_redis_that_is_killed_lets_no_more_pass_than_the_stated_bound() {
    let trials: u32 = std::env::var("REDIS_KILLS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(4);
    let (mut most, mut away) = (0, 0);
    for at in 0..trials {
        let outcome = trial(20 + (at * 37) % 120).await;
        // Each life of the server gives a burst; each node may hold a lease unspent when it dies, and
        // passes its share by itself while it is away. Nothing refills to speak of within the hour.
        let bound = BURST * LIVES + leases() + BURST + 1;
        let passed = outcome.passed;
        assert!(
            passed <= bound,
            "trial {at}: {passed} passed, {bound} stated"
        );
        most = most.max(passed);
        away += u32::from(outcome.saw_it_away);
    }
    assert!(away > 0, "no trial met a Redis that was away");
    println!("redis killed {trials} times: at most {most} passed of a burst of {BURST}");
}
