//! How many requests are under way to the gateway at once, and what goes first when more come.
//!
//! A node takes 1,000 connections from all relays together. What comes beyond them would wait unread, in the order in
//! which it came, and nobody behind the relay could tell an order from an article before its turn. The relay knows the
//! path: it refuses at once what there is no room for, public information first, orders and how they stand last, so that
//! a flood of the one never stands before the other.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use actix_web::http::Method;

use crate::forward::RESTING_MAX;

/// Of one relay at one node: as many as rest there, so that a flood opens none anew.
const EACH_NODE: usize = RESTING_MAX;

/// What is refused last comes last; the gateway's own classes (`lifeline_gateway::edge::load`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    Public,
    Household,
    Payment,
}

impl Class {
    pub(crate) fn of(method: &Method, path: &str) -> Self {
        let room = path.strip_prefix("/v1/").unwrap_or(path);
        match room.split('/').next().unwrap_or_default() {
            "payments" | "checkouts" | "pay" | "sessions" => Self::Payment,
            "auto-debits" if *method != Method::GET => Self::Payment,
            "articles" | "outlets" | "outages" | "apps" | "pictures" | "points" => Self::Public,
            _ => Self::Household,
        }
    }

    /// How many hundredths of all seats may be taken when one of this class comes. A node is busy with a few dozen;
    /// what more of it waits there, an order waits behind at each of its steps.
    const fn hundredths(self) -> usize {
        match self {
            Self::Public => 25,
            Self::Household => 50,
            Self::Payment => 100,
        }
    }
}

/// The seats of all nodes.
#[derive(Debug)]
pub(crate) struct Seats {
    most: usize,
    taken: AtomicUsize,
    /// Since the relay began.
    refused: AtomicU64,
}

/// A request under way; dropped when it is answered or given up.
#[derive(Debug)]
pub(crate) struct Seat<'s>(&'s Seats);

impl Seats {
    pub(crate) const fn of(nodes: usize) -> Self {
        Self {
            most: nodes.saturating_mul(EACH_NODE),
            taken: AtomicUsize::new(0),
            refused: AtomicU64::new(0),
        }
    }

    /// None when there is no room for this class.
    pub(crate) fn take(&self, class: Class) -> Option<Seat<'_>> {
        let share = self.most.saturating_mul(class.hundredths()).div_euclid(100);
        let one_more = |taken: usize| (taken < share).then(|| taken.saturating_add(1));
        let before = self
            .taken
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more);
        if before.is_ok() {
            return Some(Seat(self));
        }
        let refused = self.refused.fetch_add(1, Ordering::Relaxed);
        let refused = refused.saturating_add(1);
        // A flood is told at 1, 2, 4, 8…
        if refused.is_power_of_two() {
            tracing::warn!(refused, ?class, most = self.most, "relay.seats_full");
        }
        None
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use lifeline_gateway::edge::limits::Function;
    use lifeline_gateway::edge::load;
    use lifeline_gateway::listeners::line;

    use super::*;

    #[test]
    fn every_route_is_of_the_class_that_the_gateway_says() {
        for entry in line::table() {
            let function = Function::of(&entry.method, entry.path);
            let theirs = load::Class::of(function, entry.path);
            let ours = Class::of(&entry.method, entry.path);
            assert_eq!(format!("{ours:?}"), format!("{theirs:?}"), "{}", entry.path);
        }
    }

    #[test]
    fn each_class_has_its_part_at_n_and_not_at_n_plus_one_and_orders_have_what_is_left() {
        let seats = Seats::of(2);
        let fill =
            |class: Class| -> Vec<Seat<'_>> { std::iter::from_fn(|| seats.take(class)).collect() };
        let public = fill(Class::Public);
        assert_eq!(public.len(), EACH_NODE / 2);
        let households = fill(Class::Household);
        assert_eq!(public.len() + households.len(), EACH_NODE);
        let orders = fill(Class::Payment);
        assert_eq!(orders.len(), EACH_NODE);
        assert!(seats.take(Class::Payment).is_none());
        drop(public);
        assert!(seats.take(Class::Public).is_none(), "others fill its part");
        drop((households, orders));
        assert!(seats.take(Class::Public).is_some());
        assert_eq!(seats.taken.load(Ordering::Acquire), 0);
    }
}
