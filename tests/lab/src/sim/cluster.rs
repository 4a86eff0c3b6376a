//! The machines behind one address, as clients reach them.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::{Either, select};
use lifeline_core::payments::Payments;

use super::node::Node;
use super::world::{Handle, SECOND, Slot};

/// A client gives up waiting after this long.
const PATIENCE: i64 = 12 * SECOND;

/// The machines behind one address.
#[derive(Clone)]
pub(super) struct Cluster {
    world: Handle,
    nodes: Arc<Mutex<Vec<Option<Node>>>>,
}

impl Cluster {
    pub(super) fn of(world: &Handle, machines: usize) -> Self {
        Self {
            world: world.clone(),
            nodes: Arc::new(Mutex::new(vec![None; machines])),
        }
    }

    pub(super) fn set(&self, machine: usize, node: Option<Node>) {
        let mut nodes = self.nodes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = nodes.get_mut(machine) {
            *place = node;
        }
    }

    pub(super) fn get(&self, machine: usize) -> Option<Node> {
        let nodes = self.nodes.lock().unwrap_or_else(PoisonError::into_inner);
        nodes.get(machine).cloned().flatten()
    }

    /// Some machine does something for a client; `None` when no answer comes.
    pub(super) async fn ask<T, F>(&self, act: impl FnOnce(Payments) -> F) -> Option<T>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let machine = self.world.with(|world| world.some_machine());
        let Some(node) = machine.and_then(|machine| self.get(machine)) else {
            self.world.sleep(SECOND).await;
            return None;
        };
        let (slot, done) = (Slot::new(), act(node.payments.clone()));
        let answer = slot.clone();
        let lost = self
            .world
            .with(|world| !world.weather.is_calm() && world.dice.in_mille(30));
        self.world.with(|world| {
            world.begin(Some(node.machine), async move {
                let outcome = done.await;
                if !lost {
                    answer.fill(outcome);
                }
                node.wake();
            });
        });
        match select(slot, self.world.sleep(PATIENCE)).await {
            Either::Left((answer, _)) => Some(answer),
            Either::Right(_) => None,
        }
    }
}
