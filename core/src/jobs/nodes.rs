//! The nodes that share the work (LN-39, LN-54): each process that serves says every few seconds that it is
//! there, so that whoever looks at one of them sees all, and which fell silent.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::shared::time::{Clock, Time};
use crate::store::{Store, StoreError, Tx, atomically};

/// A word comes no sooner than so many seconds after the one before.
pub const BEAT_S: i64 = 15;
/// Who was not heard of for longer is silent: three words were missed.
pub const SILENT_S: i64 = 60;
/// Runs of which nothing was heard for so many days are taken away.
pub const NODE_DAYS: i64 = 7;
/// Runs that are shown, those heard of last.
pub const NODES_MAX: i64 = 200;

const MICROS: i64 = 1_000_000;

/// One run of a process, as it says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Made anew at each start.
    pub run: String,
    /// As its configuration calls it; the same after a restart.
    pub name: String,
    pub version: String,
    pub began_at: Time,
    pub seen_at: Time,
    /// When it ended in good order.
    pub left_at: Option<Time>,
}

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    Here,
    /// It said nothing for too long, and nobody of its name began since.
    Silent,
    /// It ended without a word, and another run of its name began.
    Replaced,
    /// It ended in good order.
    Left,
}

impl Presence {
    pub const ALL: [Self; 4] = [Self::Here, Self::Silent, Self::Replaced, Self::Left];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Here => "here",
            Self::Silent => "silent",
            Self::Replaced => "replaced",
            Self::Left => "left",
        }
    }
}

/// How each run stands at `now`: by name, the latest run of a name first.
#[must_use]
pub fn standing(mut nodes: Vec<Node>, now: Time) -> Vec<(Node, Presence)> {
    nodes.sort_by(|a, b| {
        let by_name = a.name.cmp(&b.name);
        by_name.then(b.began_at.cmp(&a.began_at))
    });
    let mut latest: BTreeMap<String, Time> = BTreeMap::new();
    for node in &nodes {
        latest.entry(node.name.clone()).or_insert(node.began_at);
    }
    let silent_after = SILENT_S.saturating_mul(MICROS);
    let stands = |node: &Node| {
        let unheard = now.micros().saturating_sub(node.seen_at.micros());
        let replaced = latest.get(&node.name).is_some_and(|at| *at > node.seen_at);
        match node.left_at {
            Some(_) => Presence::Left,
            None if unheard <= silent_after => Presence::Here,
            None if replaced => Presence::Replaced,
            None => Presence::Silent,
        }
    };
    let mut all = Vec::new();
    for node in nodes {
        let presence = stands(&node);
        all.push((node, presence));
    }
    all
}

/// What this process says of itself.
pub struct Nodes {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    me: Node,
    /// When it last tried to: whoever calls is woken by every commit.
    beat_at: AtomicI64,
    /// When the store last kept that it was said.
    told_at: AtomicI64,
}

impl std::fmt::Debug for Nodes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Nodes").field(&self.me).finish()
    }
}

impl Nodes {
    /// `run` is made anew at each start, `name` is the same after it.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        run: String,
        name: &str,
        version: &str,
    ) -> Self {
        let now = clock.now();
        let me = Node {
            run,
            name: name.to_owned(),
            version: version.to_owned(),
            began_at: now,
            seen_at: now,
            left_at: None,
        };
        Self {
            store,
            clock,
            me,
            beat_at: AtomicI64::new(i64::MIN),
            told_at: AtomicI64::new(i64::MIN),
        }
    }

    /// Says that this process is there, unless it was said just now; true when it was said.
    pub async fn beat(&self) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let before = self.beat_at.load(Ordering::Relaxed);
        let pause = BEAT_S.saturating_mul(MICROS);
        // A clock that was set back must not keep it waiting.
        if (0..pause).contains(&now.micros().saturating_sub(before)) {
            return Ok(false);
        }
        self.beat_at.store(now.micros(), Ordering::Relaxed);
        let node = Node {
            seen_at: now,
            ..self.me.clone()
        };
        atomically(&*self.store, async |tx: &mut Tx| {
            tx.jobs().note_node(&node).await
        })
        .await?;
        let kept_at = self.clock.now().micros();
        self.told_at.store(kept_at, Ordering::Relaxed);
        Ok(true)
    }

    /// Whether the store kept something of this process within the last [`SILENT_S`] seconds. A store may answer
    /// whoever asks and keep nothing: a commit waits for a standby that is gone, a disk is full.
    #[must_use]
    pub fn commits_come(&self) -> bool {
        let kept_at = self.told_at.load(Ordering::Relaxed);
        let ago = self.clock.now().micros().saturating_sub(kept_at);
        // A clock that was set back says nothing of it either: the next word comes at once.
        ago.unsigned_abs() <= SILENT_S.saturating_mul(MICROS).unsigned_abs()
    }

    /// Says that this process ends in good order.
    pub async fn leave(&self) -> Result<(), StoreError> {
        let (run, now) = (self.me.run.as_str(), self.clock.now());
        atomically(&*self.store, async |tx: &mut Tx| {
            tx.jobs().end_node(run, now).await
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Time {
        Time::from_micros(0).plus_seconds(seconds)
    }

    fn node(name: &str, began: i64, seen: i64) -> Node {
        Node {
            run: format!("{name}-{began}"),
            name: name.to_owned(),
            version: "1.2.3".to_owned(),
            began_at: at(began),
            seen_at: at(seen),
            left_at: None,
        }
    }

    fn presences(nodes: Vec<Node>, now: Time) -> Vec<(String, Presence)> {
        let stood = standing(nodes, now).into_iter();
        stood.map(|(node, how)| (node.run, how)).collect()
    }

    #[test]
    fn ln_54_a_node_is_silent_after_a_minute_and_not_before() {
        let one = || vec![node("a", 0, 100)];
        assert_eq!(standing(one(), at(160))[0].1, Presence::Here);
        let after = Time::from_micros(at(160).micros().saturating_add(1));
        assert_eq!(standing(one(), after)[0].1, Presence::Silent);
        // Its clock is ahead of ours.
        assert_eq!(standing(one(), at(99))[0].1, Presence::Here);
    }

    #[test]
    fn ln_54_who_ended_in_order_or_was_begun_again_is_missed_by_nobody() {
        let left = Node {
            left_at: Some(at(50)),
            ..node("b", 0, 50)
        };
        let nodes = vec![
            node("a", 10, 20),
            left,
            node("a", 30, 1_000),
            // Two processes under one name: the one that fell silent after the other began is missed.
            node("c", 0, 900),
            node("c", 100, 1_000),
        ];
        let found = presences(nodes, at(1_000));
        let expected = [
            ("a-30", Presence::Here),
            ("a-10", Presence::Replaced),
            ("b-0", Presence::Left),
            ("c-100", Presence::Here),
            ("c-0", Presence::Silent),
        ];
        assert_eq!(found, expected.map(|(run, how)| (run.to_owned(), how)));
    }
}
