//! Machines that run Lifeline: up, down, or standing still; and the points at which they fail.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use lifeline_core::store::UnitName;

use super::plan::{Mishap, Plan};
use super::world::{Handle, SECOND, World};

/// One machine as the world sees it.
#[derive(Debug)]
pub(super) struct Machine {
    pub(super) up: bool,
    /// Its work is not run before this moment (SIGSTOP, then SIGCONT).
    pub(super) still_until: i64,
    /// When its sweeper last came to rest.
    pub(super) swept_at: i64,
    /// Points passed since the history began.
    passed: u64,
    mishaps: Vec<Mishap>,
    pub(super) crashes: u64,
    pub(super) pauses: u64,
}

impl Machine {
    pub(super) fn all(plan: &Plan) -> Vec<Self> {
        let machine = |at: usize| Self {
            up: false,
            still_until: 0,
            swept_at: 0,
            passed: 0,
            mishaps: plan.mishaps.get(at).cloned().unwrap_or_default(),
            crashes: 0,
            pauses: 0,
        };
        (0..plan.machines).map(machine).collect()
    }
}

/// Where in the product's work a point is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    Begin(UnitName),
    /// Committed, or not, and nobody knows yet.
    End(UnitName),
    Send(&'static str),
    /// Answered, and nothing of it is stored yet.
    Answer(&'static str),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Begin(unit) => write!(f, "the begin of {unit}"),
            Self::End(unit) => write!(f, "the end of {unit}"),
            Self::Send(call) => write!(f, "the send of \"{call}\""),
            Self::Answer(call) => write!(f, "the answer to \"{call}\""),
        }
    }
}

/// What befalls a machine at a point.
enum Fate {
    GoOn,
    Yield,
    Never,
}

impl World {
    /// The next point of a machine was reached: perhaps it dies or stands still right here.
    fn pass_point(&mut self, at: usize, place: Place) -> Fate {
        let (calm, now) = (self.weather.is_calm(), self.now());
        let Some(machine) = self.machines.get_mut(at) else {
            return Fate::GoOn;
        };
        machine.passed = machine.passed.saturating_add(1);
        let passed = machine.passed;
        let due = machine
            .mishaps
            .iter()
            .position(|mishap| mishap.at_point() == passed);
        let Some(due) = due.filter(|_| !calm) else {
            return if self.dice.in_mille(120) {
                Fate::Yield
            } else {
                Fate::GoOn
            };
        };
        match machine.mishaps.swap_remove(due) {
            Mishap::Crash { down_s, .. } => {
                self.crash(at, down_s, place);
                Fate::Never
            }
            Mishap::Pause { for_s, .. } => {
                machine.pauses = machine.pauses.saturating_add(1);
                machine.still_until = now.saturating_add(for_s.saturating_mul(SECOND));
                self.note(format_args!(
                    "machine {at} stands still for {for_s} s at {place}"
                ));
                Fate::Yield
            }
        }
    }

    /// The machine loses everything that is not stored, and comes up again later.
    pub(super) fn crash(&mut self, at: usize, down_s: i64, place: Place) {
        if self.fall(at, place) {
            self.note(format_args!("machine {at} is down for {down_s} s"));
            self.after(down_s.saturating_mul(SECOND), move |world| {
                world.boots.push(at)
            });
        }
    }

    /// The machine goes down until somebody starts it; false when it is down already.
    pub(super) fn fall(&mut self, at: usize, place: Place) -> bool {
        let Some(machine) = self.machines.get_mut(at).filter(|machine| machine.up) else {
            return false;
        };
        machine.up = false;
        machine.crashes = machine.crashes.saturating_add(1);
        self.note(format_args!("machine {at} crashes at {place}"));
        self.downs.push(at);
        true
    }

    pub(super) fn is_still(&self, at: usize) -> bool {
        self.machines
            .get(at)
            .is_some_and(|machine| machine.still_until > self.now())
    }

    /// A machine that is up, by chance.
    pub(super) fn some_machine(&mut self) -> Option<usize> {
        let up: Vec<usize> = (0..self.machines.len())
            .filter(|at| self.machines.get(*at).is_some_and(|machine| machine.up))
            .collect();
        self.dice.pick(&up).copied()
    }
}

/// A place in the product's work at which its machine may die, stand still or let others go first.
pub(super) struct Point {
    world: Handle,
    machine: usize,
    place: Place,
    passed: bool,
}

impl Handle {
    pub(super) fn point(&self, machine: usize, place: Place) -> Point {
        Point {
            world: self.clone(),
            machine,
            place,
            passed: false,
        }
    }
}

impl Future for Point {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.passed {
            return Poll::Ready(());
        }
        self.passed = true;
        let (machine, place) = (self.machine, self.place);
        match self.world.with(|world| world.pass_point(machine, place)) {
            Fate::GoOn => Poll::Ready(()),
            Fate::Yield => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Fate::Never => Poll::Pending,
        }
    }
}
