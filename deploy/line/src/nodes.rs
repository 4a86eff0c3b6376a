//! The nodes of the gateway, asked in turn.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Where the nodes are, and whose turn it is.
#[derive(Debug)]
pub(crate) struct Nodes {
    origins: Vec<String>,
    next: AtomicUsize,
}

impl Nodes {
    pub(crate) const fn new(origins: Vec<String>) -> Self {
        Self {
            origins,
            next: AtomicUsize::new(0),
        }
    }

    /// Every node once, beginning with the next in turn.
    pub(crate) fn in_turn(&self) -> impl Iterator<Item = &String> {
        let first = self.next.fetch_add(1, Ordering::Relaxed);
        let count = self.origins.len().max(1);
        (0..count).filter_map(move |step| self.origins.get(first.wrapping_add(step) % count))
    }
}
