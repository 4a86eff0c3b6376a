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

struct Outcome {
    passed: u32,
    lives: u32,
    saw_it_away: bool,
}

/// Asks all nodes in turn; the server dies after `first` decisions, and is back after as many more.
async fn trial(first: u32) -> Outcome {
    // Nobody else's either while the server is away.
    let ports = Row::take();
    let port = ports.first();
    let url = format!("redis://127.0.0.1:{port}");
    let keyring = Arc::new(Keyring::generate(InstanceKind::Demo).expect("a keyring"));
    let mut server = Some(Server::on(port));
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
    let (mut passed, mut lives) = (0, 1);
    for turn in 0..first * 3 {
        if turn == first {
            server = None;
        }
        if turn == first * 2 {
            server = Some(Server::on(port));
            until_it_answers(&url).await;
            // Nodes ask again half a second after they found it away.
            tokio::time::sleep(Duration::from_millis(520)).await;
            lives += 1;
        }
        let node = &nodes[usize::try_from(turn % NODES).unwrap()];
        passed += u32::from(node.decide(&rule).await.is_ok());
    }
    drop(server);
    let whole = BURST + NODES * lease_units(Quota::per(n(BURST), WINDOW));
    Outcome {
        passed,
        lives,
        saw_it_away: passed > whole || first * 3 <= whole,
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
        let leases = NODES * lease_units(Quota::per(n(BURST), WINDOW));
        let bound = BURST * outcome.lives + leases + BURST + 1;
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
