//! One history, from its seed to its verdict.

use super::cells::{Ear, Heard};
use super::cluster::Cluster;
use super::dice::Dice;
use super::household::Visit;
use super::looks::{Due, books, held_ever, in_two_steps, lines, unfinished, unrest};
use super::marketing::day;
use super::node::{Born, Node, TICK};
use super::office::Desk;
use super::oracle;
use super::plan::{Oddity, Plan};
use super::planted::Planted;
use super::tasks::Tasks;
use super::town::Town;
use super::upsets::{calm, odd_world, upset_world};
use super::world::{Handle, SECOND, World};

/// Everything must be final this long after faults stopped.
const REST_WITHIN: i64 = 24 * 3600 * SECOND;
/// More events than any history needs: one that has no end is a fault.
const EVENTS_MAX: u64 = 2_000_000;

/// What became of one history.
#[derive(Debug, Default)]
pub(super) struct Life {
    pub(super) seed: u64,
    pub(super) digest: u64,
    pub(super) events: u64,
    pub(super) failures: Vec<String>,
    pub(super) crashed: bool,
    pub(super) rivals: bool,
    pub(super) crossed_cutoff: bool,
    pub(super) two_machines: bool,
    pub(super) paused: bool,
    pub(super) faults: u64,
    pub(super) paid: u64,
    pub(super) refunds: u64,
    pub(super) held: u64,
    pub(super) posting_lines: u64,
    /// Two persons were needed, by plan.
    pub(super) odd: bool,
    /// And that by what rows are told alone.
    pub(super) hearsay: bool,
    pub(super) heard: Heard,
    pub(super) lines: Vec<String>,
    /// Parts of the plan that were left out.
    pub(super) without: Vec<usize>,
}

struct Run<'a> {
    town: &'a Town,
    plan: Plan,
    world: Handle,
    cluster: Cluster,
    tasks: Tasks,
    /// When each machine's loops look by themselves.
    looks: Vec<Looks>,
    calm_at: i64,
    boots: u64,
    planted: Option<Planted>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Looks {
    sweep: Option<i64>,
    carry: Option<i64>,
}

/// Lives a history.
pub(super) fn live(
    town: &Town,
    ear: &Ear,
    plan: Plan,
    keep_text: bool,
    planted: Option<Planted>,
) -> Life {
    let seed = plan.seed;
    if let Err(error) = town.bench.rewind() {
        return Life {
            seed,
            failures: vec![format!("the store cannot be taken back: {error}")],
            ..Life::default()
        };
    }
    drop(ear.take());
    let world = Handle::new(World::new(&plan, keep_text));
    let mut run = Run {
        town,
        cluster: Cluster::of(&world, plan.machines),
        tasks: Tasks::new(seed),
        looks: vec![Looks::default(); plan.machines],
        calm_at: plan
            .start
            .micros()
            .saturating_add(plan.calm_s.saturating_mul(SECOND)),
        boots: 0,
        planted,
        world,
        plan,
    };
    run.prepare();
    run.until_rest();
    run.judge(ear)
}

impl Run<'_> {
    fn prepare(&mut self) {
        let (plan, calm_at) = (&self.plan, self.calm_at);
        self.world.with(|world| {
            world.boots.extend(0..plan.machines);
            for (at_s, upset) in plan.upsets.iter().copied() {
                world.after(at_s.saturating_mul(SECOND), move |world| {
                    upset_world(world, upset)
                });
            }
            world.at(calm_at, calm);
            for (at_s, oddity) in plan.oddities.iter().copied() {
                world.after(at_s.saturating_mul(SECOND), move |world| {
                    odd_world(world, oddity);
                });
            }
        });
        for (at, wish) in plan.wishes.iter().enumerate() {
            let Some(payer) = self.town.payers.get(wish.payer) else {
                continue;
            };
            let visit = Visit {
                world: self.world.clone(),
                cluster: self.cluster.clone(),
                payer: payer.clone(),
                wish: *wish,
                name: format!("payer {} ({at})", wish.payer),
            };
            self.tasks.add(None, Box::pin(visit.run()));
        }
        self.open_office();
        let acting = self.tasks.len();
        self.world.with(|world| world.acting = acting);
        if self.plan.tight_brake {
            let desk = self.desk("brake");
            self.tasks.add(None, Box::pin(desk.release_brakes()));
        }
        if self.plan.is_odd() {
            let from_s = self.plan.office_s;
            let desk = self.desk("decide");
            self.tasks.add(None, Box::pin(desk.decide(from_s)));
        }
    }

    fn open_office(&mut self) {
        for (at, service) in self.plan.services.iter().enumerate() {
            let desk = self.desk(&format!("service {at}"));
            self.tasks.add(None, Box::pin(desk.serve(*service)));
        }
        for (at, (at_s, oddity)) in self.plan.oddities.iter().enumerate() {
            if let Oddity::HastyRuling { on } = oddity {
                let desk = self.desk(&format!("hasty {at}"));
                self.tasks
                    .add(None, Box::pin(desk.rule_hastily(*at_s, *on)));
            }
        }
    }

    fn desk(&self, purpose: &str) -> Desk {
        Desk {
            world: self.world.clone(),
            cluster: self.cluster.clone(),
            bench: self.town.bench.clone(),
            dice: Dice::new(self.plan.seed, purpose),
        }
    }

    /// Until then everything must be final.
    fn limit(&self) -> i64 {
        let office_s = if self.plan.is_odd() {
            self.plan.office_s
        } else {
            0
        };
        let office = self.plan.start.plus_seconds(office_s).micros();
        self.calm_at.max(office).saturating_add(REST_WITHIN)
    }

    fn until_rest(&mut self) {
        loop {
            self.take_over();
            if self.tasks.run_one(&self.world) {
                continue;
            }
            if std::mem::take(&mut self.world.with(|world| std::mem::take(&mut world.stored))) {
                if self.is_at_rest() {
                    return;
                }
                self.look_ahead();
            }
            if !self.go_on() {
                return;
            }
        }
    }

    /// Deaths first: what a dead machine was about to do must not happen.
    fn take_over(&mut self) {
        loop {
            let (downs, boots, callbacks, begun) = self.world.with(|world| {
                (
                    std::mem::take(&mut world.downs),
                    std::mem::take(&mut world.boots),
                    std::mem::take(&mut world.callbacks),
                    std::mem::take(&mut world.begun),
                )
            });
            if downs.is_empty() && boots.is_empty() && callbacks.is_empty() && begun.is_empty() {
                return;
            }
            for machine in downs {
                self.tasks.drop_all_of(machine);
                self.cluster.set(machine, None);
            }
            for machine in boots {
                self.boot(machine);
            }
            for (machine, sending) in callbacks {
                if let Some(node) = self.cluster.get(machine) {
                    self.tasks
                        .add(Some(machine), Box::pin(node.take_notice(sending)));
                }
            }
            for (owner, work) in begun {
                if owner.is_none_or(|machine| self.cluster.get(machine).is_some()) {
                    self.tasks.add(owner, work);
                }
            }
        }
    }

    fn boot(&mut self, machine: usize) {
        self.boots = self.boots.saturating_add(1);
        let life = Born {
            seed: self.plan.seed.wrapping_mul(31).wrapping_add(self.boots),
            planted: self.planted,
            tight_brake: self.plan.tight_brake,
        };
        let node = Node::start(&self.world, &self.town.bench, machine, life);
        self.world.with(|world| {
            world.note(format_args!("machine {machine} comes up"));
            if let Some(machine) = world.machines.get_mut(machine) {
                machine.up = true;
            }
        });
        self.cluster.set(machine, Some(node.clone()));
        self.tasks
            .add(Some(machine), Box::pin(node.clone().sweep_on()));
        self.tasks.add(Some(machine), Box::pin(node.carry_on()));
    }

    /// Lets the next thing happen; false when nothing ever will, or too late.
    fn go_on(&mut self) -> bool {
        let next_look = self
            .looks
            .iter()
            .flat_map(|looks| [looks.sweep, looks.carry])
            .flatten()
            .min();
        let limit = self.limit();
        let (next_timer, events) = self
            .world
            .with(|world| (world.next_timer(), world.trace.events()));
        let next = match (next_look, next_timer) {
            (None, None) => return false,
            (Some(look), Some(timer)) => look.min(timer),
            (Some(at), None) | (None, Some(at)) => at,
        };
        if next > limit || events > EVENTS_MAX {
            return false;
        }
        if next_timer.is_some_and(|timer| timer <= next) {
            return self.world.with(World::step);
        }
        self.world.with(|world| world.pass_to(next));
        for (machine, looks) in self.looks.iter_mut().enumerate() {
            let node = self.cluster.get(machine);
            if looks.sweep.is_some_and(|at| at <= next) {
                looks.sweep = None;
                if let Some(node) = &node {
                    node.sweep.ring();
                }
            }
            if looks.carry.is_some_and(|at| at <= next) {
                looks.carry = None;
                if let Some(node) = &node {
                    node.carry.ring();
                }
            }
        }
        true
    }

    /// When the loops will find something: they look at every tick, and all other ticks find nothing.
    fn look_ahead(&mut self) {
        let now = self.world.with(|world| world.now());
        let due = self
            .town
            .bench
            .look(|conn| Due::read(conn, now))
            .unwrap_or_default();
        for (machine, looks) in self.looks.iter_mut().enumerate() {
            let (up, swept_at) = self.world.with(|world| {
                let found = world.machines.get(machine);
                found.map_or((false, 0), |machine| (machine.up, machine.swept_at))
            });
            let scout = due.waiting.then(|| swept_at.saturating_add(20 * SECOND));
            let sweep = [due.order, due.notice, scout].into_iter().flatten().min();
            let tick = |at: i64| next_tick(machine, now, at);
            *looks = Looks {
                sweep: sweep.filter(|_| up).map(tick),
                carry: due.event.filter(|_| up).map(tick),
            };
        }
    }

    fn is_at_rest(&self) -> bool {
        let quiet = self.world.with(|world| {
            world.weather.is_calm() && world.acting == 0 && world.unacknowledged.is_empty()
        });
        quiet && self.town.bench.look(unrest).unwrap_or(1) == 0
    }

    fn judge(self, ear: &Ear) -> Life {
        let Self {
            town,
            plan,
            world,
            cluster,
            tasks,
            ..
        } = self;
        drop((tasks, cluster));
        let mut heard = ear.take();
        for cell in town.bench.look(in_two_steps).unwrap_or_default() {
            let times = heard.cells.entry(cell).or_insert(0);
            *times = times.saturating_add(1);
        }
        let mut failures = Vec::new();
        if town.bench.look(unrest).unwrap_or(1) > 0 {
            failures.extend(town.bench.look(unfinished).unwrap_or_default());
        }
        failures.extend(
            heard
                .errors
                .iter()
                .filter(|e| is_fault(e, plan.is_odd()))
                .cloned(),
        );
        let held = town.bench.look(held_ever).unwrap_or(0);
        let posting_lines = town.bench.look(lines).unwrap_or(0);
        world.with(|world| failures.extend(oracle::money(world)));
        failures.extend(books(town, &world));
        let Some(world) = world.into_inner() else {
            failures.push("somebody still holds the world".to_owned());
            return Life {
                seed: plan.seed,
                failures,
                ..Life::default()
            };
        };
        let paid = world
            .channel
            .trades
            .values()
            .filter(|trade| trade.paid_at.is_some());
        let refunds: usize = world
            .channel
            .trades
            .values()
            .map(|trade| trade.refunds.len())
            .sum();
        Life {
            seed: plan.seed,
            digest: world.trace.digest(),
            events: world.trace.events(),
            failures,
            crashed: world.machines.iter().any(|machine| machine.crashes > 0),
            rivals: plan.has_rivals(),
            crossed_cutoff: crossed(plan.start.micros(), world.now()),
            two_machines: plan.machines > 1,
            paused: world.machines.iter().any(|machine| machine.pauses > 0),
            faults: world.weather.faults,
            paid: u64::try_from(paid.count()).unwrap_or(0),
            refunds: u64::try_from(refunds).unwrap_or(0),
            held,
            posting_lines,
            odd: plan.is_odd(),
            hearsay: plan.is_hearsay(),
            heard,
            lines: world.trace.into_lines(),
            without: Vec::new(),
        }
    }
}

/// Reports that must not come. Contradictions may where the outside broke its rules by plan.
fn is_fault(report: &str, odd: bool) -> bool {
    let contradicted = report.contains("payments.contradiction");
    report.contains("books do not fit")
        || report.contains("a rule of the schema")
        || (contradicted && !odd)
}

/// A day's cut-off (22:30) lies between the two moments.
fn crossed(from: i64, to: i64) -> bool {
    const CUTOFF: i64 = 81_000 * SECOND;
    day(from.saturating_add(86_400 * SECOND).saturating_sub(CUTOFF))
        != day(to.saturating_add(86_400 * SECOND).saturating_sub(CUTOFF))
}

fn next_tick(machine: usize, now: i64, at: i64) -> i64 {
    let phase = i64::try_from(machine).unwrap_or(0).saturating_mul(130_000);
    let wanted = at.max(now.saturating_add(1)).saturating_sub(phase);
    let ticks = wanted
        .saturating_add(TICK.saturating_sub(1))
        .div_euclid(TICK);
    ticks.saturating_mul(TICK).saturating_add(phase)
}
