//! The scheduler: one thread, one piece of work at a time, the next one by seeded chance.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Wake, Waker};

use super::dice::Dice;
use super::world::{Handle, Owner, Work};

type Ready = Arc<Mutex<Vec<u64>>>;

/// Rings for one piece of work.
struct Bell {
    id: u64,
    rung: AtomicBool,
    ready: Ready,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.rung.swap(true, Ordering::Relaxed) {
            let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
            ready.push(self.id);
        }
    }
}

struct Piece {
    owner: Owner,
    work: Work,
    bell: Arc<Bell>,
    waker: Waker,
}

pub(super) struct Tasks {
    pieces: BTreeMap<u64, Piece>,
    ready: Ready,
    last: u64,
    dice: Dice,
    pub(super) polls: u64,
}

impl Tasks {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            pieces: BTreeMap::new(),
            ready: Ready::default(),
            last: 0,
            dice: Dice::new(seed, "schedule"),
            polls: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.pieces.len()
    }

    pub(super) fn add(&mut self, owner: Owner, work: Work) {
        self.last = self.last.saturating_add(1);
        let bell = Arc::new(Bell {
            id: self.last,
            rung: AtomicBool::new(false),
            ready: Arc::clone(&self.ready),
        });
        bell.wake_by_ref();
        let waker = Waker::from(Arc::clone(&bell));
        let piece = Piece {
            owner,
            work,
            bell,
            waker,
        };
        self.pieces.insert(self.last, piece);
    }

    /// Everything a machine was doing is gone.
    pub(super) fn drop_all_of(&mut self, machine: usize) {
        self.pieces.retain(|_, piece| piece.owner != Some(machine));
    }

    /// Runs one piece that is ready and whose machine does not stand still; false when there is none.
    pub(super) fn run_one(&mut self, world: &Handle) -> bool {
        let mut passed_over = Vec::new();
        let found = loop {
            let Some(id) = self.take_ready() else {
                break None;
            };
            let Some(piece) = self.pieces.get(&id) else {
                continue;
            };
            let still = piece
                .owner
                .is_some_and(|machine| world.with(|world| world.is_still(machine)));
            if still {
                passed_over.push(id);
            } else {
                break Some(id);
            }
        };
        self.put_back(passed_over);
        let Some(id) = found else { return false };
        self.run(id);
        true
    }

    fn take_ready(&mut self) -> Option<u64> {
        let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        if ready.is_empty() {
            return None;
        }
        let at = self.dice.index(ready.len());
        Some(ready.swap_remove(at))
    }

    fn put_back(&self, ids: Vec<u64>) {
        let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        ready.extend(ids);
    }

    fn run(&mut self, id: u64) {
        let Some(piece) = self.pieces.get_mut(&id) else {
            return;
        };
        self.polls = self.polls.saturating_add(1);
        piece.bell.rung.store(false, Ordering::Relaxed);
        let mut context = Context::from_waker(&piece.waker);
        if piece.work.as_mut().poll(&mut context).is_ready() {
            self.pieces.remove(&id);
        }
    }
}
