use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use async_trait::async_trait;
use lifeline_core::shared::cluster::Away;

use super::*;

const SOMEBODY: Option<&str> = Some("somebody");

/// Time that moves only when told.
#[derive(Debug, Default, Clone)]
struct Hands(Arc<AtomicU64>);

impl Ticks for Hands {
    fn read_ns(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

impl Hands {
    fn wait(&self, seconds: u64) {
        self.0.fetch_add(seconds * 1_000_000_000, Ordering::SeqCst);
    }
}

/// What the shared place promises, in memory: by key and node, how many and until when.
#[derive(Debug, Default)]
struct Board {
    hands: Hands,
    away: AtomicBool,
    calls: AtomicU64,
    kept: Mutex<HashMap<(String, String), (u32, u64)>>,
}

#[async_trait]
impl SharedPlaces for Board {
    async fn keep(&self, node: &str, asks: &[PlacesAsk], life: Duration) -> Result<Vec<u32>, Away> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        if self.away.load(Ordering::SeqCst) {
            return Err(Away);
        }
        let now = self.hands.read_ns();
        let until = now + u64::try_from(life.as_nanos()).unwrap();
        let mut kept = self.kept.lock().unwrap();
        let given = asks.iter().map(|ask| {
            let others = kept
                .iter()
                .filter(|((key, whose), (_, until))| {
                    *key == ask.key && whose != node && *until > now
                })
                .map(|(_, (count, _))| count)
                .sum::<u32>();
            let count = ask.wanted.min(ask.most.saturating_sub(others));
            kept.insert((ask.key.clone(), node.to_owned()), (count, until));
            count
        });
        let given: Vec<u32> = given.collect();
        Ok(given)
    }
}

fn cluster(nodes: u32) -> (Arc<Board>, Vec<Arc<Together>>) {
    let board = Arc::new(Board::default());
    let count = NonZeroU32::new(nodes).unwrap();
    let node = |n: u32| {
        let shared: Arc<dyn SharedPlaces> = board.clone();
        let ticks = Box::new(board.hands.clone());
        Arc::new(Together::by(shared, format!("node-{n}"), count, ticks))
    };
    let all = (0..nodes).map(node).collect();
    (board, all)
}

async fn fill(node: &Arc<Together>, most: u32) -> Vec<Places> {
    let mut held = Vec::new();
    for _ in 0..most {
        match node.enter(Function::Query, SOMEBODY).await {
            Ok(places) => held.push(places),
            Err(_) => break,
        }
    }
    held
}

fn sum(held: &[Vec<Places>]) -> u32 {
    u32::try_from(held.iter().map(Vec::len).sum::<usize>()).unwrap()
}

#[tokio::test]
async fn one_node_passes_the_most_and_its_free_ones_and_not_one_more() {
    let (_, nodes) = cluster(1);
    let held = fill(&nodes[0], 1_000).await;
    let most = PER_ACCOUNT_MAX + free_of(PER_ACCOUNT_MAX);
    assert_eq!(held.len(), usize::try_from(most).unwrap());
    let refused = nodes[0].enter(Function::Query, SOMEBODY).await;
    assert_eq!(refused.unwrap_err().code(), Code::RateLimited);
    assert!(
        nodes[0]
            .enter(Function::Query, Some("another"))
            .await
            .is_ok()
    );
    drop(held);
    assert!(nodes[0].enter(Function::Query, SOMEBODY).await.is_ok());
}

#[tokio::test]
async fn the_first_few_of_a_key_ask_nobody() {
    let (board, nodes) = cluster(2);
    let held = fill(&nodes[0], free_of(PER_ACCOUNT_MAX)).await;
    assert_eq!(held.len(), 4);
    assert_eq!(board.calls.load(Ordering::SeqCst), 0);
    let more = fill(&nodes[0], 8).await;
    assert_eq!(
        (more.len(), board.calls.load(Ordering::SeqCst)),
        (8, 1),
        "a portion by one call"
    );
}

#[tokio::test]
async fn all_nodes_together_pass_the_most_and_the_free_ones_of_each() {
    let (_, nodes) = cluster(3);
    let mut held = Vec::new();
    for node in &nodes {
        held.push(fill(node, 1_000).await);
    }
    assert_eq!(sum(&held), PER_ACCOUNT_MAX + 3 * free_of(PER_ACCOUNT_MAX));
}

#[tokio::test]
async fn what_a_dead_node_had_is_free_when_its_lease_is_over() {
    let (board, nodes) = cluster(2);
    let dead = fill(&nodes[0], 1_000).await;
    let few = fill(&nodes[1], 1_000).await;
    assert_eq!(few.len(), 4, "the other has it all");
    // It dies: nothing is given back.
    std::mem::forget(dead);
    board.hands.wait(LIFE.as_secs() - 1);
    assert!(nodes[1].enter(Function::Query, SOMEBODY).await.is_err());
    board.hands.wait(2);
    let after = fill(&nodes[1], 1_000).await;
    assert_eq!(after.len(), usize::try_from(PER_ACCOUNT_MAX).unwrap());
}

/// Requests come and go on three nodes for a long time; each lasts 12 seconds at the most, as they do.
#[tokio::test]
async fn whatever_comes_and_goes_the_bound_holds_and_places_come_back() {
    let (board, nodes) = cluster(3);
    let mut held: Vec<Vec<(u64, Places)>> = nodes.iter().map(|_| Vec::new()).collect();
    let bound = PER_ACCOUNT_MAX + 3 * free_of(PER_ACCOUNT_MAX);
    let (mut chance, mut most, mut refused) = (1_u64, 0, 0_u32);
    for now in 0..3_000_u64 {
        board.hands.wait(1);
        for one in &mut held {
            one.retain(|(until, _)| *until > now);
        }
        for _ in 0..12 {
            chance = chance
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let at = usize::try_from((chance >> 33) % 3).unwrap();
            let lasts = 1 + (chance >> 40) % 12;
            match nodes[at].enter(Function::Query, SOMEBODY).await {
                Ok(places) => held[at].push((now + lasts, places)),
                Err(_) => refused += 1,
            }
        }
        let under_way = u32::try_from(held.iter().map(Vec::len).sum::<usize>()).unwrap();
        assert!(under_way <= bound, "{under_way} at second {now}");
        most = most.max(under_way);
    }
    assert!(
        refused > 0 && most > PER_ACCOUNT_MAX / 2,
        "{most} at most, {refused} refused"
    );
    held.clear();
    board.hands.wait(LIFE.as_secs() + 1);
    assert_eq!(fill(&nodes[2], 1_000).await.len(), 68);
}

#[tokio::test]
async fn while_the_shared_place_is_away_each_node_passes_its_share() {
    let (board, nodes) = cluster(4);
    board.away.store(true, Ordering::SeqCst);
    let mut held = Vec::new();
    for node in &nodes {
        held.push(fill(node, 1_000).await);
    }
    assert_eq!(sum(&held), PER_ACCOUNT_MAX);
    board.away.store(false, Ordering::SeqCst);
    assert!(
        nodes[0].enter(Function::Query, SOMEBODY).await.is_ok(),
        "back, it leases again"
    );
}

#[tokio::test]
async fn a_dear_function_is_counted_over_everybody_and_a_refused_account_gives_it_back() {
    let (_, nodes) = cluster(1);
    let mut held = Vec::new();
    for n in 0..17 {
        let account = format!("account-{n}");
        held.push(
            nodes[0]
                .enter(Function::Rights, Some(&account))
                .await
                .unwrap(),
        );
    }
    let refused = nodes[0].enter(Function::Rights, Some("one more")).await;
    assert!(refused.is_err(), "16, a free one, and not one more");
    held.pop();
    let full = fill(&nodes[0], 1_000).await;
    assert!(
        nodes[0].enter(Function::Rights, SOMEBODY).await.is_err(),
        "of a full account"
    );
    drop(full);
    assert!(nodes[0].enter(Function::Rights, SOMEBODY).await.is_ok());
}
