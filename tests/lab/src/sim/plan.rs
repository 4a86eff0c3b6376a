//! What is meant to happen in one history: thrown from its seed, before anything runs.

use lifeline_core::payments::order::{Purpose, Via};
use lifeline_core::shared::time::Time;

use super::dice::Dice;

/// People who can pay, and homes they can pay for.
pub(super) const PAYERS: usize = 3;
pub(super) const HOMES: usize = 2;

const MINUTE: i64 = 60;
const HOUR: i64 = 3600;
const DAY: i64 = 86_400;

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
    pub(super) purpose: Purpose,
    pub(super) via: Via,
    pub(super) fen: i64,
    pub(super) habit: Habit,
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
        Self {
            seed,
            start: start(&mut dice),
            machines,
            homes: (0..HOMES).map(|_| home(&mut dice)).collect(),
            upsets: upsets(&mut dice, calm_s),
            mishaps: (0..machines)
                .map(|_| mishaps(&mut dice, machines))
                .collect(),
            climate: climate(&mut dice),
            wishes,
            calm_s,
        }
    }

    /// Two people want to pay for one home.
    pub(super) fn has_rivals(&self) -> bool {
        self.wishes.iter().enumerate().any(|(at, wish)| {
            let later = self.wishes.iter().skip(at.saturating_add(1));
            let mut rivals = later.filter(|other| other.home == wish.home);
            rivals.any(|other| other.payer != wish.payer)
        })
    }
}

/// A November day in Shanghai; often shortly before the cut-off or before midnight.
fn start(dice: &mut Dice) -> Time {
    let midnight = Time::parse_rfc3339("2026-11-20T00:00:00+08:00").unwrap_or_default();
    let second = match dice.below(100) {
        0..=31 => dice.between(22 * HOUR, 22 * HOUR + 29 * MINUTE),
        32..=45 => dice.between(23 * HOUR + 25 * MINUTE, 23 * HOUR + 59 * MINUTE),
        _ => dice.between(6 * HOUR, 21 * HOUR),
    };
    let day = dice.between(0, 60);
    let micros = dice.between(0, 999_999);
    let whole = midnight.plus_seconds(day.saturating_mul(DAY).saturating_add(second));
    Time::from_micros(whole.micros().saturating_add(micros))
}

fn home(dice: &mut Dice) -> HomePlan {
    let owed_fen = if dice.in_mille(900) {
        dice.between(100, 40_000)
    } else {
        0
    };
    let fee_fen = if dice.in_mille(600) {
        dice.between(1, 40)
    } else {
        0
    };
    HomePlan { owed_fen, fee_fen }
}

fn climate(dice: &mut Dice) -> Climate {
    match dice.below(100) {
        0..=54 => Climate::Mild,
        55..=86 => Climate::Rough,
        _ => Climate::Stormy,
    }
}

fn wishes(dice: &mut Dice) -> Vec<Wish> {
    let rivals = dice.in_mille(330);
    let many = match dice.below(100) {
        0..=54 => 1,
        55..=84 => 2,
        _ => 3,
    };
    let many = if rivals { many.max(2) } else { many };
    let shared_home = dice.index(HOMES);
    let first_payer = dice.index(PAYERS);
    let mut at_s = dice.between(0, 20);
    let mut wishes = Vec::new();
    for number in 0..many {
        let payer = if rivals {
            first_payer
                .saturating_add(number)
                .checked_rem(PAYERS)
                .unwrap_or(0)
        } else {
            first_payer
        };
        let home = if rivals || dice.in_mille(500) {
            shared_home
        } else {
            dice.index(HOMES)
        };
        let purpose = if dice.in_mille(780) {
            Purpose::Arrears
        } else {
            Purpose::TopUp
        };
        let via = if dice.in_mille(600) {
            Via::Mini
        } else {
            Via::H5
        };
        wishes.push(Wish {
            at_s,
            payer,
            home,
            purpose,
            via,
            fen: dice.between(100, 20_000),
            habit: habit(dice),
        });
        at_s = at_s.saturating_add(gap(dice, rivals));
    }
    wishes
}

fn gap(dice: &mut Dice, rivals: bool) -> i64 {
    match (rivals, dice.below(100)) {
        (true, 0..=59) => dice.between(0, 5),
        (true, _) => dice.between(5, 200),
        (false, 0..=79) => dice.between(1, 300),
        (false, _) => dice.between(300, 1800),
    }
}

fn habit(dice: &mut Dice) -> Habit {
    let soon = match dice.below(100) {
        0..=69 => dice.between(3, 60),
        70..=89 => dice.between(60, 600),
        _ => dice.between(600, 900),
    };
    match dice.below(100) {
        0..=59 => Habit::Pays { after_s: soon },
        60..=71 => Habit::GivesUp { after_s: soon },
        72..=81 => Habit::PaysAndGivesUp {
            after_s: soon,
            apart_s: dice.between(-3, 3),
        },
        82..=90 => Habit::Leaves,
        _ => Habit::ComesBack {
            after_s: dice.between(10, 400),
        },
    }
}

fn upsets(dice: &mut Dice, calm_s: i64) -> Vec<(i64, Upset)> {
    let many = match dice.below(100) {
        0..=44 => 0,
        45..=79 => 1,
        _ => 2,
    };
    let mut all: Vec<(i64, Upset)> = Vec::new();
    for _ in 0..many {
        let at_s = dice.between(0, calm_s.min(1500));
        all.push((at_s, upset(dice)));
    }
    all
}

fn upset(dice: &mut Dice) -> Upset {
    let home = dice.index(HOMES);
    let for_s = match dice.below(100) {
        0..=59 => dice.between(5, 90),
        60..=94 => dice.between(90, 900),
        _ => dice.between(900, 3 * HOUR),
    };
    match dice.below(100) {
        0..=14 => Upset::ChannelDown { for_s },
        15..=34 => Upset::MarketingDown { for_s },
        35..=52 => Upset::PaidAtBank { home },
        53..=58 => Upset::AccountCloses { home },
        59..=66 => Upset::ConsumerUnavailable { home, for_s },
        67..=81 => Upset::FiguresMove {
            home,
            by_fen: dice.between(1, 5_000),
        },
        82..=89 => Upset::SellerWithoutFunds { for_s },
        _ => Upset::Forgeries,
    }
}

fn mishaps(dice: &mut Dice, machines: usize) -> Vec<Mishap> {
    let mut all = Vec::new();
    let crashes = match dice.below(100) {
        0..=52 => 0,
        53..=81 => 1,
        82..=93 => 2,
        _ => 3,
    };
    for _ in 0..crashes {
        let down_s = if dice.in_mille(700) {
            dice.between(1, 20)
        } else {
            dice.between(20, 120)
        };
        all.push(Mishap::Crash {
            at_point: point(dice),
            down_s,
        });
    }
    if machines > 1 && dice.in_mille(400) {
        all.push(Mishap::Pause {
            at_point: point(dice),
            for_s: dice.between(2, 120),
        });
    }
    all
}

/// Early points are in the way of every order; later ones are where refunds and closings are.
fn point(dice: &mut Dice) -> u64 {
    let most = if dice.in_mille(600) { 50 } else { 220 };
    dice.below(most).saturating_add(1)
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
