//! What is meant to happen in one history: thrown from its seed, before anything runs.

use lifeline_core::payments::order::{Purpose, Via};
use lifeline_core::shared::time::Time;

use super::couples::{couple, keep};
use super::dice::Dice;
use super::rumours::Spot;
use super::throws::{climate, home, mishaps, oddities, services, start, upsets, wishes};

/// People who can pay, and homes they can pay for.
pub(super) const PAYERS: usize = 3;
pub(super) const HOMES: usize = 2;

const MINUTE: i64 = 60;
const HOUR: i64 = 3600;

/// How bad the wire is while it is bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Climate {
    Mild,
    Rough,
    Stormy,
}

/// Something that befalls a machine at one of its points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mishap {
    Crash { at_point: u64, down_s: i64 },
    Pause { at_point: u64, for_s: i64 },
}

impl Mishap {
    pub(super) const fn at_point(self) -> u64 {
        match self {
            Self::Crash { at_point, .. } | Self::Pause { at_point, .. } => at_point,
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct HomePlan {
    pub(super) owed_fen: i64,
    /// What the late fee adds each day.
    pub(super) fee_fen: i64,
}

/// What a payer does with an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Habit {
    Pays {
        after_s: i64,
    },
    GivesUp {
        after_s: i64,
    },
    /// Pays, and taps "give up" at nearly the same moment.
    PaysAndGivesUp {
        after_s: i64,
        apart_s: i64,
    },
    Leaves,
    /// Opens the cashier of a browser long after the order has ended, and pays there.
    OldTab {
        after_s: i64,
    },
    /// Leaves, comes back with a new wish and pays that.
    ComesBack {
        after_s: i64,
    },
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Wish {
    pub(super) at_s: i64,
    pub(super) payer: usize,
    pub(super) home: usize,
    /// The other home as well, in one order.
    pub(super) both: bool,
    pub(super) purpose: Purpose,
    pub(super) via: Via,
    pub(super) fen: i64,
    pub(super) habit: Habit,
    /// What is not due any more is to be kept as prepayment.
    pub(super) keep: bool,
}

/// Something that happens to the outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Upset {
    ChannelDown {
        for_s: i64,
    },
    MarketingDown {
        for_s: i64,
    },
    /// The home's debt is paid at a bank.
    PaidAtBank {
        home: usize,
    },
    AccountCloses {
        home: usize,
    },
    ConsumerUnavailable {
        home: usize,
        for_s: i64,
    },
    /// A new bill or a correction moves the figures.
    FiguresMove {
        home: usize,
        by_fen: i64,
    },
    SellerWithoutFunds {
        for_s: i64,
    },
    /// Notices that nobody at the channel sent, about any order.
    Forgeries,
    /// The next trade that the channel makes is paid, or cancelled, in the payer's wallet so soon.
    Wallet {
        after_ms: i64,
        pays: bool,
    },
}

/// What needs two persons: the outside breaks its own rules, or people decide out of turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Oddity {
    /// The channel takes another sum than ordered for the next payment.
    OtherSum { by_fen: i64 },
    /// Part of a paid trade is given back at the merchant's desk.
    DeskRefund { of_mille: i64 },
    /// Part of the next trade that is paid is given back there in the same moment: who hears of the one
    /// hears of the other.
    DeskAtOnce { of_mille: i64 },
    /// The refund window of every paid trade is over.
    WindowOver,
    /// The next numbers posted stand for other customers' payments already.
    Stray { times: u32 },
    /// The next answer about a booked posting names another sum.
    Misquoted,
    /// The next query about a refund is answered with another sum.
    OtherRefund,
    /// The figures of a home change whenever a payment of it is presented.
    Restless { home: usize },
    /// Two persons decide what nobody asked them.
    HastyRuling { on: Option<&'static str> },
}

/// What the office does in a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Service {
    /// Somebody wants money back, as soon as a line is in this state.
    Claim { on: Option<&'static str> },
    /// As [`Service::Claim`], for a line that is posted, so long after the next cut-off (or before).
    LateClaim { after_ms: i64 },
    /// A row in this state is told whatever the law only records there.
    Gossip { on: Spot },
    /// Bill and file of the day tell the facts once more.
    Bookkeeping { after_s: i64 },
}

#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) seed: u64,
    pub(super) start: Time,
    pub(super) machines: usize,
    pub(super) homes: Vec<HomePlan>,
    pub(super) wishes: Vec<Wish>,
    pub(super) upsets: Vec<(i64, Upset)>,
    /// Per machine.
    pub(super) mishaps: Vec<Vec<Mishap>>,
    pub(super) climate: Climate,
    pub(super) services: Vec<Service>,
    /// With any of these two persons decide, and a line may be held.
    pub(super) oddities: Vec<(i64, Oddity)>,
    /// When the two persons begin to look, counted from the start.
    pub(super) office_s: i64,
    /// One automatic refund an hour.
    pub(super) tight_brake: bool,
    /// When faults stop, counted from the start.
    pub(super) calm_s: i64,
}

impl Plan {
    pub(super) fn of(seed: u64) -> Self {
        let mut dice = Dice::new(seed, "plan");
        let wishes = wishes(&mut dice);
        let last = wishes.iter().map(|wish| wish.at_s).max().unwrap_or(0);
        let calm_s = last.saturating_add(dice.between(5 * MINUTE, 40 * MINUTE));
        let machines = if dice.in_mille(300) { 2 } else { 1 };
        let mut plan = Self {
            seed,
            start: start(&mut dice),
            machines,
            homes: (0..HOMES).map(|_| home(&mut dice)).collect(),
            upsets: upsets(&mut dice, calm_s),
            mishaps: (0..machines)
                .map(|_| mishaps(&mut dice, machines))
                .collect(),
            climate: climate(&mut dice),
            services: services(&mut dice),
            oddities: oddities(&mut dice, calm_s),
            office_s: if dice.in_mille(250) {
                dice.between(25 * HOUR, 30 * HOUR)
            } else {
                0
            },
            tight_brake: dice.in_mille(40),
            wishes,
            calm_s,
        };
        couple(&mut plan, &mut Dice::new(seed, "couples"));
        keep(&mut plan, &mut Dice::new(seed, "keeping"));
        plan
    }

    pub(super) fn is_odd(&self) -> bool {
        let gossip = |service: &Service| matches!(service, Service::Gossip { .. });
        !self.oddities.is_empty() || self.services.iter().any(gossip)
    }

    /// Rows are told what the law only records, and nothing else is odd.
    pub(super) fn is_hearsay(&self) -> bool {
        self.is_odd() && self.oddities.is_empty()
    }

    /// Two people want to pay for one home.
    pub(super) fn has_rivals(&self) -> bool {
        self.wishes.iter().enumerate().any(|(at, wish)| {
            let later = self.wishes.iter().skip(at.saturating_add(1));
            let mut rivals =
                later.filter(|other| other.home == wish.home || other.both || wish.both);
            rivals.any(|other| other.payer != wish.payer)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the law asks of the mixture (money.md 4), before anything runs.
    #[test]
    fn the_mixture_is_not_mild() {
        let plans: Vec<Plan> = (0..4000).map(Plan::of).collect();
        let share = |of: fn(&Plan) -> bool| {
            plans.iter().filter(|plan| of(plan)).count() * 100 / plans.len()
        };
        assert!(share(Plan::has_rivals) >= 25);
        assert!(
            share(|plan| plan
                .mishaps
                .iter()
                .flatten()
                .any(|m| matches!(m, Mishap::Crash { .. })))
                >= 45
        );
        assert!(share(|plan| plan.machines == 2) >= 25);
        assert!(share(|plan| plan.climate == Climate::Stormy) >= 8);
    }
}
