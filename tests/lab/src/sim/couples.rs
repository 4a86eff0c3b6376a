//! What must come together for seldom cells to be met: a rumour and the row it is about, a claim
//! and a seller without funds, another sum and a payer who pays late.

use lifeline_core::payments::order::{Purpose, Via};

use super::dice::Dice;
use super::plan::{Climate, HOMES, Habit, Oddity, Plan, Service, Upset};
use super::rumours::Spot;

/// States that rumours are told about, and how often compared with the others.
const SPOTS: [(u64, Spot); 25] = [
    (12, spot("P", "CREATED")),
    (9, spot("P", "PAYING")),
    (9, spot("P", "CLOSING")),
    (8, spot("P", "CLOSED")),
    (14, spot("P", "PAID")),
    (5, spot("P", "SUSPENSE")),
    (3, spot("P", "DONE")),
    (5, spot("L", "READY")),
    (6, spot("L", "POSTING")),
    (13, spot("L", "POST_UNKNOWN")),
    (34, spot("L", "FENCING(repost)")),
    (22, spot("L", "FENCING(refund)")),
    (2, spot("L", "POSTED")),
    (5, spot("L", "REVERSING")),
    (6, spot("L", "MKT_REFUND")),
    (26, spot("L", "REFUND_DUE")),
    (2, spot("L", "REFUNDED")),
    (8, spot("L", "HELD")),
    (5, spot("R", "PLANNED")),
    (40, spot("R", "SENDING")),
    (5, spot("R", "UNKNOWN")),
    (6, spot("R", "WAIT_FUNDS")),
    (17, spot("R", "BLOCKED")),
    (2, spot("R", "DONE")),
    (10, spot("R", "WITHDRAWN")),
];

const fn spot(table: &'static str, state: &'static str) -> Spot {
    Spot { table, state }
}

/// 22:28 of the day the history begins.
const SHORTLY_BEFORE: i64 = 80_880;

/// Adds to a thrown plan what belongs to it.
pub(super) fn couple(plan: &mut Plan, dice: &mut Dice) {
    if dice.in_mille(20) {
        claim_at_cutoff(plan, dice);
    }
    if dice.in_mille(500)
        && let Some(on) = some_spot(dice)
    {
        plan.services.push(Service::Gossip { on });
        pay_soon(plan, dice);
        bring_about(plan, on, dice);
    }
    for (at_s, oddity) in plan.oddities.clone() {
        follow(plan, at_s, oddity, dice);
    }
    let wallet = |(_, upset): &(i64, Upset)| matches!(upset, Upset::Wallet { pays: false, .. });
    if plan.upsets.iter().any(wallet) && dice.in_mille(600) {
        plan.climate = Climate::Stormy;
    }
    let mut upsets = plan.upsets.iter();
    if upsets.any(|(_, upset)| matches!(upset, Upset::SellerWithoutFunds { .. })) {
        claims(plan, 1);
    }
}

/// Some say that what is not due any more is to be kept; and some of them are paid for at a bank too, while
/// their own money is on its way over a bad wire.
pub(super) fn keep(plan: &mut Plan, dice: &mut Dice) {
    for wish in &mut plan.wishes {
        wish.keep = dice.in_mille(300);
    }
    let plain = plan.services.is_empty() && plan.oddities.is_empty();
    if !plain || !dice.in_mille(120) {
        return;
    }
    let after_s = dice.between(6, 40);
    let Some(wish) = plan.wishes.first_mut() else {
        return;
    };
    wish.keep = true;
    wish.purpose = Purpose::Arrears;
    wish.habit = Habit::Pays { after_s };
    let begun_s = wish.at_s.saturating_add(5);
    for home in &mut plan.homes {
        home.owed_fen = home.owed_fen.max(500);
    }
    plan.climate = Climate::Stormy;
    for home in 0..HOMES {
        let at_s = begun_s.saturating_add(dice.between(0, after_s));
        plan.upsets.push((at_s, Upset::PaidAtBank { home }));
    }
}

fn some_spot(dice: &mut Dice) -> Option<Spot> {
    let all: u64 = SPOTS.iter().map(|(weight, _)| *weight).sum();
    let mut thrown = dice.below(all);
    SPOTS.iter().find_map(|(weight, spot)| {
        let here = thrown < *weight;
        thrown = thrown.saturating_sub(*weight);
        here.then_some(*spot)
    })
}

fn claims(plan: &mut Plan, many: usize) {
    for _ in 0..many {
        plan.services.push(Service::Claim { on: Some("POSTED") });
    }
}

fn without_funds(plan: &mut Plan, for_s: i64) {
    plan.upsets.push((0, Upset::SellerWithoutFunds { for_s }));
}

/// The history begins two minutes before the cut-off, and somebody claims a posted line then.
fn claim_at_cutoff(plan: &mut Plan, dice: &mut Dice) {
    let second = plan.start.shanghai_second_of_day();
    plan.start = plan
        .start
        .plus_seconds(SHORTLY_BEFORE.saturating_sub(second));
    let after_ms = if dice.in_mille(550) {
        dice.between(-160, -4)
    } else {
        dice.between(10, 60_000)
    };
    plan.services.push(Service::LateClaim { after_ms });
}

/// The row that a rumour is about must come to be.
fn bring_about(plan: &mut Plan, on: Spot, dice: &mut Dice) {
    match on.table {
        "P" => bring_about_payment(plan, on.state, dice),
        "L" => bring_about_line(plan, on.state, dice),
        "R" => bring_about_refund(plan, on.state, dice),
        _other => {}
    }
}

fn bring_about_payment(plan: &mut Plan, state: &str, dice: &mut Dice) {
    match state {
        // What the channel never hears of, or nobody pays: its order stands, or is given up.
        "CREATED" | "PAYING" | "CLOSING" if dice.in_mille(400) => {
            unheard(plan, state, dice);
        }
        "CREATED" | "CLOSING" | "CLOSED" if dice.in_mille(500) => {
            if state == "CREATED" {
                let after_ms = dice.between(1, 90);
                let pays = true;
                plan.upsets.push((0, Upset::Wallet { after_ms, pays }));
            }
            let of_mille = dice.between(1, 1000);
            plan.oddities.push((0, Oddity::DeskAtOnce { of_mille }));
        }
        "CREATED" | "SUSPENSE" => {
            let by_fen = dice.between(1, 90);
            plan.oddities.push((0, Oddity::OtherSum { by_fen }));
        }
        _common => {}
    }
}

fn bring_about_line(plan: &mut Plan, state: &str, dice: &mut Dice) {
    match state {
        // The refund that marketing allowed is refused: its window is over.
        "HELD" if dice.in_mille(600) => {
            claim_at_cutoff(plan, dice);
            let after_ms = dice.between(2_000, 60_000);
            plan.services.push(Service::LateClaim { after_ms });
            plan.oddities.push((120, Oddity::WindowOver));
        }
        "HELD" => plan.oddities.push((0, Oddity::Stray { times: 1 })),
        "POSTING" | "POST_UNKNOWN" => plan.climate = Climate::Stormy,
        "READY" => {
            restless(plan);
            for at_s in [15, 40, 65] {
                plan.upsets.push((at_s, Upset::MarketingDown { for_s: 12 }));
            }
        }
        // Claimed while it is sent first, and two persons want it sent once more.
        "FENCING(repost)" if dice.in_mille(450) => {
            let claim = Service::Claim {
                on: Some("POSTING"),
            };
            plan.services.extend([claim; 3]);
            let on = Some("POST_UNKNOWN");
            plan.oddities.extend([(0, Oddity::HastyRuling { on }); 2]);
            plan.climate = Climate::Stormy;
        }
        "FENCING(repost)" => {
            restless(plan);
            linger(plan, dice);
        }
        "FENCING(refund)" => {
            unavailable(plan, dice);
            plan.upsets.push((40, Upset::MarketingDown { for_s: 30 }));
            let on = Some("POST_UNKNOWN");
            plan.services.extend([Service::Claim { on }; 3]);
            plan.climate = Climate::Stormy;
        }
        "MKT_REFUND" => {
            claim_at_cutoff(plan, dice);
            let after_ms = dice.between(2_000, 90_000);
            plan.services.push(Service::LateClaim { after_ms });
        }
        // Marketing refuses, its fence is answered, and the refund waits for funds.
        "REFUND_DUE" if dice.in_mille(200) => {
            without_funds(plan, 7200);
            unavailable(plan, dice);
        }
        // The same, and it waits at the brake.
        "REFUND_DUE" if dice.in_mille(600) => {
            plan.tight_brake = true;
            unavailable(plan, dice);
        }
        "REFUND_DUE" => claimed_at_the_brake(plan),
        "REVERSING" | "REFUNDED" => claims(plan, 2),
        _common => {}
    }
}

fn bring_about_refund(plan: &mut Plan, state: &str, dice: &mut Dice) {
    match state {
        "PLANNED" | "WITHDRAWN" => {
            claimed_at_the_brake(plan);
            if state == "WITHDRAWN" {
                let on = spot("R", "PLANNED");
                plan.services.push(Service::Gossip { on });
            }
        }
        "UNKNOWN" | "DONE" => claims(plan, 2),
        "SENDING" if dice.in_mille(500) => {
            plan.climate = Climate::Stormy;
            claims(plan, 4);
        }
        "SENDING" => {
            // Somebody gave the money back at the desk in the moment it is claimed here.
            for _ in 0..3 {
                let at_s = dice.between(15, 240);
                plan.oddities
                    .push((at_s, Oddity::DeskRefund { of_mille: 1000 }));
            }
            claims(plan, 4);
        }
        "WAIT_FUNDS" => {
            without_funds(plan, 7200);
            claims(plan, 3);
        }
        "BLOCKED" => {
            let why = if dice.in_mille(600) {
                Oddity::WindowOver
            } else {
                Oddity::OtherRefund
            };
            plan.oddities.push((0, why));
            claims(plan, 2);
            look_late(plan, dice);
        }
        _common => {}
    }
}

fn claimed_at_the_brake(plan: &mut Plan) {
    plan.tight_brake = true;
    claims(plan, 4);
}

fn unheard(plan: &mut Plan, state: &str, dice: &mut Dice) {
    for wish in &mut plan.wishes {
        wish.via = Via::Mini;
        wish.habit = if state == "CLOSING" {
            let after_s = dice.between(2, 20);
            Habit::GivesUp { after_s }
        } else {
            Habit::Leaves
        };
    }
    if state != "PAYING" {
        plan.upsets.push((0, Upset::ChannelDown { for_s: 120 }));
    }
}

/// Fences that get no answer last long enough to be talked about.
fn linger(plan: &mut Plan, dice: &mut Dice) {
    if dice.in_mille(700) {
        plan.climate = Climate::Stormy;
    }
}

/// Marketing refuses the first orders of every home.
fn unavailable(plan: &mut Plan, dice: &mut Dice) {
    for home in 0..HOMES {
        let for_s = dice.between(60, 400);
        let at_s = home_at(home).saturating_add(dice.between(4, 30));
        plan.upsets
            .push((at_s, Upset::ConsumerUnavailable { home, for_s }));
    }
}

fn restless(plan: &mut Plan) {
    for home in 0..HOMES {
        plan.oddities
            .push((home_at(home), Oddity::Restless { home }));
    }
}

/// The first order is about what is owed, and is paid.
fn pay_soon(plan: &mut Plan, dice: &mut Dice) {
    if let Some(wish) = plan.wishes.first_mut().filter(|_| dice.in_mille(700)) {
        wish.purpose = Purpose::Arrears;
        wish.habit = Habit::Pays {
            after_s: dice.between(3, 30),
        };
    }
    for home in &mut plan.homes {
        home.owed_fen = home.owed_fen.max(500);
    }
}

/// The two persons begin to look a day later, so that what is blocked is watched until then.
fn look_late(plan: &mut Plan, dice: &mut Dice) {
    if dice.in_mille(500) {
        plan.office_s = dice.between(93_600, 108_000);
    }
}

/// The second home's figures begin to move a little later.
fn home_at(home: usize) -> i64 {
    i64::try_from(home).unwrap_or(0)
}

/// What makes an oddity matter.
fn follow(plan: &mut Plan, at_s: i64, oddity: Oddity, dice: &mut Dice) {
    match oddity {
        Oddity::OtherSum { .. } => {
            if dice.in_mille(600) {
                plan.climate = Climate::Stormy;
                let wallet = Upset::Wallet {
                    after_ms: dice.between(1, 90),
                    pays: true,
                };
                plan.upsets.push((0, wallet));
            }
            if dice.in_mille(400) {
                plan.oddities
                    .push((at_s, Oddity::DeskRefund { of_mille: 1000 }));
            }
            for wish in &mut plan.wishes {
                wish.habit = late_habit(wish.habit, dice);
            }
        }
        Oddity::DeskRefund { .. } | Oddity::WindowOver => {
            claims(plan, 2);
            if dice.in_mille(400) {
                without_funds(plan, dice.between(900, 7200));
            }
        }
        Oddity::OtherRefund => {
            claims(plan, 3);
            plan.climate = Climate::Stormy;
            look_late(plan, dice);
            if dice.in_mille(400) {
                without_funds(plan, 3600);
            }
        }
        Oddity::Misquoted => {
            let on = Some("POST_UNKNOWN");
            plan.oddities.push((at_s, Oddity::HastyRuling { on }));
        }
        Oddity::DeskAtOnce { .. } => {
            for wish in &mut plan.wishes {
                wish.habit = late_habit(wish.habit, dice);
            }
            plan.climate = Climate::Stormy;
        }
        Oddity::Stray { .. } | Oddity::Restless { .. } | Oddity::HastyRuling { .. } => {}
    }
}

fn late_habit(habit: Habit, dice: &mut Dice) -> Habit {
    match dice.below(3) {
        0 => Habit::OldTab {
            after_s: dice.between(960, 9000),
        },
        1 => Habit::PaysAndGivesUp {
            after_s: dice.between(5, 200),
            apart_s: dice.between(-2, 2),
        },
        _ => habit,
    }
}
