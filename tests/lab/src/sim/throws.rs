//! The throws that make a plan.

use lifeline_core::payments::order::{Purpose, Via};
use lifeline_core::shared::time::Time;

use super::dice::Dice;
use super::plan::{Climate, HOMES, Habit, HomePlan, Mishap, Oddity, PAYERS, Service, Upset, Wish};

const MINUTE: i64 = 60;
const HOUR: i64 = 3600;
const DAY: i64 = 86_400;

/// A November day in Shanghai; often shortly before the cut-off or before midnight.
pub(super) fn start(dice: &mut Dice) -> Time {
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

pub(super) fn home(dice: &mut Dice) -> HomePlan {
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

pub(super) fn climate(dice: &mut Dice) -> Climate {
    match dice.below(100) {
        0..=54 => Climate::Mild,
        55..=86 => Climate::Rough,
        _ => Climate::Stormy,
    }
}

pub(super) fn wishes(dice: &mut Dice) -> Vec<Wish> {
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
            both: dice.in_mille(220),
            purpose,
            via,
            fen: dice.between(100, 20_000),
            habit: habit(dice),
            keep: false,
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
        60..=70 => Habit::GivesUp { after_s: soon },
        71..=80 => Habit::PaysAndGivesUp {
            after_s: soon,
            apart_s: dice.between(-3, 3),
        },
        81..=86 => Habit::Leaves,
        87..=91 => Habit::OldTab {
            after_s: dice.between(16 * MINUTE, 5 * HOUR),
        },
        _ => Habit::ComesBack {
            after_s: dice.between(10, 400),
        },
    }
}

pub(super) fn upsets(dice: &mut Dice, calm_s: i64) -> Vec<(i64, Upset)> {
    let many = match dice.below(100) {
        0..=44 => 0,
        45..=79 => 1,
        _ => 2,
    };
    let mut all: Vec<(i64, Upset)> = Vec::new();
    for _ in 0..many {
        let at_s = dice.between(0, calm_s.min(1500));
        let upset = upset(dice);
        let wallet = matches!(upset, Upset::Wallet { .. });
        let at_s = if wallet { at_s.rem_euclid(25) } else { at_s };
        all.push((at_s, upset));
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
        0..=11 => Upset::ChannelDown { for_s },
        12..=29 => Upset::MarketingDown { for_s },
        30..=44 => Upset::PaidAtBank { home },
        45..=49 => Upset::AccountCloses { home },
        50..=57 => Upset::ConsumerUnavailable { home, for_s },
        58..=69 => Upset::FiguresMove {
            home,
            by_fen: dice.between(1, 5_000),
        },
        70..=78 => Upset::SellerWithoutFunds { for_s },
        79..=95 => Upset::Wallet {
            after_ms: dice.between(1, 3000),
            pays: dice.in_mille(500),
        },
        _ => Upset::Forgeries,
    }
}

/// States of a line in which somebody may ask for the money.
const LINE_STATES: [&str; 11] = [
    "READY",
    "POSTING",
    "POST_UNKNOWN",
    "FENCING(repost)",
    "FENCING(refund)",
    "POSTED",
    "REVERSING",
    "MKT_REFUND",
    "REFUND_DUE",
    "REFUNDED",
    "HELD",
];

fn some_state(dice: &mut Dice) -> Option<&'static str> {
    if dice.in_mille(300) {
        return None;
    }
    dice.pick(&LINE_STATES).copied()
}

pub(super) fn services(dice: &mut Dice) -> Vec<Service> {
    let mut all = Vec::new();
    let claims = match dice.below(100) {
        0..=79 => 0,
        80..=93 => 1,
        _ => 2,
    };
    for _ in 0..claims {
        all.push(Service::Claim {
            on: some_state(dice),
        });
    }
    if dice.in_mille(90) {
        all.push(Service::Bookkeeping {
            after_s: dice.between(5, 1800),
        });
    }
    all
}

pub(super) fn oddities(dice: &mut Dice, calm_s: i64) -> Vec<(i64, Oddity)> {
    let many = match dice.below(100) {
        0..=78 => 0,
        79..=91 => 1,
        _ => 2,
    };
    let mut all = Vec::new();
    for _ in 0..many {
        let at_s = dice.between(0, calm_s.min(900));
        all.push((at_s, oddity(dice)));
    }
    all
}

fn oddity(dice: &mut Dice) -> Oddity {
    match dice.below(100) {
        0..=18 => Oddity::OtherSum {
            by_fen: dice.between(-50, 500),
        },
        19..=37 => Oddity::DeskRefund {
            of_mille: if dice.in_mille(650) {
                1000
            } else {
                dice.between(1, 999)
            },
        },
        38..=46 => Oddity::WindowOver,
        47..=54 => Oddity::Stray {
            // As many as an order has numbers, now and then.
            times: if dice.in_mille(600) { 9 } else { 1 },
        },
        55..=63 => Oddity::Misquoted,
        64..=76 => Oddity::OtherRefund,
        77..=79 => Oddity::Restless {
            home: dice.index(HOMES),
        },
        _ => Oddity::HastyRuling {
            on: some_state(dice),
        },
    }
}

pub(super) fn mishaps(dice: &mut Dice, machines: usize) -> Vec<Mishap> {
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
