use super::*;
use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use async_trait::async_trait;
use lifeline_core::shared::cluster::Away;
use lifeline_core::shared::gcra::{Arrival, Wait};

const SECOND: u64 = 1_000_000_000;

fn n(value: u32) -> NonZeroU32 {
    NonZeroU32::new(value).unwrap()
}

fn quotas(per_minute: u32) -> Quotas {
    Quotas {
        per_address_minute: n(per_minute),
        per_network_minute: n(1_000_000),
        per_account_minute: n(per_minute),
        functions_percent: n(1_000_000),
        nodes: n(1),
    }
}

const SOMEBODY: Asker<'_> = Asker {
    address: IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 9)),
    account: Some("somebody"),
    home: None,
    figure: "",
};

#[test]
fn an_address_passes_n_times_and_not_n_plus_one() {
    let limits = Limits::new(quotas(3), None);
    let address: IpAddr = "192.0.2.1".parse().unwrap();
    let left: Vec<u32> = (0..3)
        .map(|_| limits.address(address).unwrap().marks()[0].remaining)
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

#[tokio::test]
async fn a_person_passes_n_times_a_dear_request_weighs_more_and_another_home_is_free() {
    let limits = Limits::new(quotas(6), None);
    assert!(limits.admit(Function::Other, &SOMEBODY).await.is_ok());
    assert!(
        limits.admit(Function::Code, &SOMEBODY).await.is_ok(),
        "weighs four"
    );
    assert!(
        limits.admit(Function::Pay, &SOMEBODY).await.is_err(),
        "weighs two, one is left"
    );
    let last = limits.admit(Function::Other, &SOMEBODY).await.unwrap();
    assert_eq!(
        last.tightest().map(|m| (m.name, m.remaining)),
        Some(("account", 0))
    );
    let other = Asker {
        account: Some("another"),
        ..SOMEBODY
    };
    assert!(limits.admit(Function::Pay, &other).await.is_ok());
}

/// The others as one place that keeps a bucket per key by a clock of its own, or is away.
#[derive(Debug, Default)]
struct Others {
    now_ns: AtomicU64,
    away: AtomicBool,
    calls: AtomicU64,
    buckets: Mutex<HashMap<String, Arrival>>,
}

#[async_trait]
impl SharedLimiter for Others {
    async fn lease(&self, asks: &[LeaseAsk]) -> Result<Vec<Lease>, Away> {
        if self.away.load(Ordering::SeqCst) {
            return Err(Away);
        }
        self.calls.fetch_add(1, Ordering::SeqCst);
        // Whoever else wants to ask does so while this one is on its way.
        tokio::task::yield_now().await;
        let now = self.now_ns.load(Ordering::SeqCst);
        let mut buckets = self.buckets.lock().unwrap();
        let mut leases = Vec::new();
        for ask in asks {
            // As Redis does: what a clock that went back left out of reach is kept as a whole window away.
            let last = buckets.get(&ask.key).copied();
            let last = last.map(|last| ask.quota.within_reach(last, now));
            if let Some(last) = last {
                buckets.insert(ask.key.clone(), last);
            }
            let mut given = None;
            for units in (ask.least..=ask.wanted).rev() {
                if let Ok(pass) = ask.quota.judge(last, units, now) {
                    given = Some((units, pass));
                    break;
                }
            }
            let Some((units, pass)) = given else {
                let Wait(retry_after) = ask.quota.judge(last, ask.least, now).unwrap_err();
                leases.push(Lease {
                    units: 0,
                    remaining: 0,
                    retry_after,
                });
                continue;
            };
            buckets.insert(ask.key.clone(), pass.arrival);
            let retry_after = Duration::ZERO;
            leases.push(Lease {
                units,
                remaining: pass.remaining,
                retry_after,
            });
        }
        Ok(leases)
    }
}

#[tokio::test]
async fn with_the_shared_limiter_away_a_node_passes_its_share_and_no_more() {
    let others = Arc::new(Others::default());
    others.away.store(true, Ordering::SeqCst);
    let three = Quotas {
        nodes: n(3),
        ..quotas(9)
    };
    let limits = Limits::new(three, Some(others));
    let mut passed = 0;
    for _ in 0..9 {
        passed += u32::from(limits.admit(Function::Other, &SOMEBODY).await.is_ok());
    }
    assert_eq!(passed, 3);
}

#[tokio::test]
async fn one_call_serves_a_whole_lease_and_a_dry_key_asks_nobody() {
    let others = Arc::new(Others::default());
    let shared: Arc<dyn SharedLimiter> = Arc::<Others>::clone(&others);
    // In three quarters of a second the next would be there.
    let still = Box::new(Hand(Arc::default()));
    let limits = Limits::by(quotas(80), Some(shared), still);
    for _ in 0..80 {
        assert!(limits.admit(Function::Other, &SOMEBODY).await.is_ok());
    }
    // For the account four, eight and then an eighth of 80 at a time; twice as many each time for the wide network key.
    assert!(others.calls.load(Ordering::SeqCst) <= 11);
    let before = others.calls.load(Ordering::SeqCst);
    for _ in 0..100 {
        assert!(limits.admit(Function::Other, &SOMEBODY).await.is_err());
    }
    assert!(others.calls.load(Ordering::SeqCst) <= before + 1);
}

/// By this node's own buckets, and by leases.
#[tokio::test]
async fn a_home_is_paid_for_n_times_a_minute_and_homes_do_not_share() {
    let leased: Arc<dyn SharedLimiter> = Arc::new(Others::default());
    for shared in [None, Some(leased)] {
        let by_hand = Quotas {
            functions_percent: n(100),
            ..quotas(1_000_000)
        };
        let limits = Limits::new(by_hand, shared);
        let pay = async |homes: &[&str]| limits.homes(Function::Pay, homes.iter().copied()).await;
        for left in (0..5).rev() {
            let standing = pay(&["one"]).await.unwrap();
            let tightest = standing.tightest().map(|mark| (mark.name, mark.remaining));
            assert_eq!(tightest, Some(("home", left)));
        }
        let refused = pay(&["one"]).await.unwrap_err();
        assert_eq!(refused.refusal().code(), crate::edge::Code::RateLimited);
        assert!((1..=60).contains(&refused.retry_after_s()));
        // An order for both is one decision: it takes nothing from the other home.
        for _ in 0..6 {
            assert!(pay(&["other", "one"]).await.is_err());
        }
        for _ in 0..5 {
            assert!(pay(&["other"]).await.is_ok());
        }
        assert!(pay(&["other"]).await.is_err());
        // The most homes one order has: the last of them counts as well.
        let many: Vec<String> = (0..20).map(|home| format!("home {home}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        for _ in 0..5 {
            assert!(pay(&many).await.is_ok());
        }
        for home in &many {
            assert!(pay(&[*home]).await.is_err(), "{home}");
        }
    }
}

/// Each node takes what is asked of it, not a lease for each who asks: what is enough for all reaches all.
#[tokio::test]
async fn many_at_once_on_two_nodes_are_not_refused_while_there_is_enough() {
    let others = Arc::new(Others::default());
    let nodes: Vec<Limits> = (0..2)
        .map(|_| {
            let shared: Arc<dyn SharedLimiter> = Arc::<Others>::clone(&others);
            Limits::new(quotas(1_000), Some(shared))
        })
        .collect();
    let rule = [Rule {
        name: "home",
        function: "pay",
        subject: "x".into(),
        quota: Quota::per_minute(n(100)),
        cost: 1,
    }];
    let asked = nodes
        .iter()
        .flat_map(|node| (0..32).map(|_| node.decide(&rule)));
    let decided = futures_util::future::join_all(asked).await;
    assert_eq!(decided.iter().filter(|one| one.is_err()).count(), 0);
    assert!(others.calls.load(Ordering::SeqCst) <= 8);
}

/// Who asks seldom, on every node, is not refused for what the nodes leased and did not spend.
#[tokio::test]
async fn who_asks_a_third_of_what_is_allowed_on_three_nodes_is_never_refused() {
    let (others, hand) = (Arc::new(Others::default()), Arc::<AtomicU64>::default());
    let nodes: Vec<Limits> = (0..3)
        .map(|_| {
            let shared: Arc<dyn SharedLimiter> = Arc::<Others>::clone(&others);
            Limits::by(quotas(240), Some(shared), Box::new(Hand(Arc::clone(&hand))))
        })
        .collect();
    // 80 a minute of 240, for ten minutes: each time a lease was over for a while before the next.
    for turn in 0..267 {
        for node in &nodes {
            let decided = node.admit(Function::Other, &SOMEBODY).await;
            assert!(decided.is_ok(), "turn {turn}");
        }
        hand.fetch_add(SECOND * 9 / 4, Ordering::SeqCst);
        others.now_ns.fetch_add(SECOND * 9 / 4, Ordering::SeqCst);
    }
}

struct Hand(Arc<AtomicU64>);
impl Ticks for Hand {
    fn read_ns(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// A small generator of its own: a trial's course is its seed's alone.
struct Dice(u64);
impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

/// One trial of one key over several nodes. What passed when, and what may have passed.
struct Trial {
    quota: Quota,
    nodes: u64,
    passed_ns: Vec<u64>,
    /// Since when the others are away.
    away_since_ns: Option<u64>,
    times_away: u64,
    away_ns: u64,
    /// What the quota refilled while they were, each time at most a burst; in units of a window's nanoseconds.
    refilled: u128,
    /// How often their clock was put on, or they came back with nothing.
    others_full_again: u64,
}

impl Trial {
    fn of(quota: Quota, nodes: u64) -> Self {
        Self {
            quota,
            nodes,
            passed_ns: Vec::new(),
            away_since_ns: None,
            times_away: 0,
            away_ns: 0,
            refilled: 0,
            others_full_again: 0,
        }
    }

    fn others_go(&mut self, now_ns: u64) {
        if self.away_since_ns.is_none() {
            self.away_since_ns = Some(now_ns);
            self.times_away += 1;
        }
    }

    fn others_come(&mut self, now_ns: u64) {
        let Some(since_ns) = self.away_since_ns.take() else {
            return;
        };
        let away_ns = now_ns - since_ns;
        let burst = u128::from(self.quota.burst());
        self.away_ns += away_ns;
        self.refilled += (u128::from(away_ns) * burst).min(self.quota.window().as_nanos() * burst);
    }

    async fn run(seed: u64) -> Self {
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let nodes = 1 + dice.below(4);
        // Small ones are used up more often.
        let most = if dice.below(2) == 0 { 8 } else { 120 };
        let burst = 1 + u32::try_from(dice.below(most)).unwrap();
        let quota = Quota::per(n(burst), Duration::from_nanos(1 + dice.below(60 * SECOND)));
        let hand = Arc::new(AtomicU64::new(0));
        let others = Arc::new(Others::default());
        // Every step of a trial may put it back an hour, and it never comes before its beginning.
        others.now_ns.store(1_000_000 * SECOND, Ordering::SeqCst);
        let share = Quotas {
            nodes: n(u32::try_from(nodes).unwrap()),
            ..quotas(1_000_000)
        };
        let gates: Vec<Limits> = (0..nodes)
            .map(|_| {
                let shared: Arc<dyn SharedLimiter> = Arc::<Others>::clone(&others);
                Limits::by(share, Some(shared), Box::new(Hand(Arc::clone(&hand))))
            })
            .collect();
        let rule = [Rule {
            name: "account",
            function: "",
            subject: "x".into(),
            quota,
            cost: 1,
        }];
        let mut trial = Self::of(quota, nodes);
        let step = quota.window().as_nanos().try_into().unwrap_or(SECOND) / 20 + 1;
        for _ in 0..40 + dice.below(80) {
            let on = if dice.below(3) == 0 {
                dice.below(step)
            } else {
                0
            };
            hand.fetch_add(on, Ordering::SeqCst);
            others.now_ns.fetch_add(on, Ordering::SeqCst);
            match dice.below(400) {
                0 => {
                    others.now_ns.fetch_add(3_600 * SECOND, Ordering::SeqCst);
                    trial.others_full_again += 1;
                }
                1 => drop(others.now_ns.fetch_sub(3_600 * SECOND, Ordering::SeqCst)),
                2 | 3 => {
                    others.away.store(true, Ordering::SeqCst);
                    trial.others_go(hand.load(Ordering::SeqCst));
                }
                back @ 4..=20 => {
                    if back == 4 {
                        others.buckets.lock().unwrap().clear();
                        trial.others_full_again += 1;
                    }
                    others.away.store(false, Ordering::SeqCst);
                    trial.others_come(hand.load(Ordering::SeqCst));
                }
                _ => {}
            }
            let gate = &gates[usize::try_from(dice.below(nodes)).unwrap()];
            if gate.decide(&rule).await.is_ok() {
                trial.passed_ns.push(hand.load(Ordering::SeqCst));
            }
        }
        trial.others_come(hand.load(Ordering::SeqCst));
        trial
    }

    /// By how much the fullest span passed more than the quota alone allows in it, in units.
    fn overshoot(&self) -> u64 {
        let (burst, window) = (
            u128::from(self.quota.burst()),
            self.quota.window().as_nanos(),
        );
        let mut most = 0;
        for (first, begins) in self.passed_ns.iter().enumerate() {
            for (at, ends) in self.passed_ns.iter().enumerate().skip(first) {
                let span = u128::from(ends - begins);
                let allowed = burst + span * burst / window;
                let passed = u128::try_from(at - first + 1).unwrap();
                most = most.max(passed.saturating_sub(allowed));
            }
        }
        u64::try_from(most).unwrap()
    }

    /// What `docs/SECURITY.md` states: a lease for each node; for each time the others go away the nodes' shares, and
    /// what the quota refills while they are, at most a burst; a burst for each time they are full again out of turn.
    fn bound(&self) -> u64 {
        let burst = u64::from(self.quota.burst());
        let leases = self.nodes * u64::from(lease_units(self.quota));
        // A share is never less than one, and refills like one.
        let shares = self.nodes * (burst / self.nodes).max(1);
        let above = u128::from(self.away_ns) * u128::from(shares.saturating_sub(burst));
        let refilled = (self.refilled + above).div_ceil(self.quota.window().as_nanos());
        let away = self.times_away * shares + u64::try_from(refilled).unwrap();
        leases + away + burst * self.others_full_again
    }
}

/// `LEASE_TRIALS` (make test-long: 100,000) of a few dozen requests each.
#[tokio::test]
async fn nodes_that_lease_never_pass_more_than_the_stated_bound() {
    let trials: u64 = std::env::var("LEASE_TRIALS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(3_000);
    let (mut over, mut away, mut reached, mut near) = (0_u64, 0_u64, 0_u64, 0_u64);
    for seed in 1..=trials {
        let trial = Trial::run(seed).await;
        let (overshoot, bound) = (trial.overshoot(), trial.bound());
        assert!(
            overshoot <= bound,
            "seed {seed}: {overshoot} over, {bound} stated"
        );
        over += u64::from(overshoot > 0);
        away += u64::from(trial.times_away > 0);
        near += u64::from(trial.times_away > 0 && overshoot * 2 >= bound);
        reached += u64::from(trial.passed_ns.len() > usize::try_from(trial.quota.burst()).unwrap());
    }
    assert!(
        over > 0 && away > trials / 20 && reached > trials / 10 && near > trials / 100,
        "too mild"
    );
    println!(
        "leases: {trials} trials, {over} above the quota, none above the bound; {away} without the others"
    );
}
