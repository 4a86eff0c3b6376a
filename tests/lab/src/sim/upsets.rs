//! What happens to the outside while faults last, and how they end.

use super::marketing::day;
use super::plan::{Oddity, Upset};
use super::weather::Side;
use super::world::{MILLI, SECOND, World};

/// Faults stop.
pub(super) fn calm(world: &mut World) {
    world.note(format_args!("faults stop"));
    world.weather.calm_down();
    world.channel.without_funds_until = 0;
    world.channel.wallet = None;
    world.channel.misquotes_next = false;
    world.marketing.misquotes_next = false;
    world.marketing.restless.clear();
    for home in &mut world.marketing.homes {
        home.unavailable_until = 0;
    }
    world.stored = true;
}

pub(super) fn upset_world(world: &mut World, upset: Upset) {
    if world.weather.is_calm() {
        return;
    }
    world.note(format_args!("{upset:?}"));
    let now = world.now();
    let until = |for_s: i64| now.saturating_add(for_s.saturating_mul(SECOND));
    match upset {
        Upset::ChannelDown { for_s } => world.weather.take_down(Side::Channel, until(for_s)),
        Upset::MarketingDown { for_s } => world.weather.take_down(Side::Marketing, until(for_s)),
        Upset::PaidAtBank { home } => {
            if let Some(home) = world.marketing.homes.get_mut(home) {
                home.settle();
            }
        }
        Upset::AccountCloses { home } => {
            if let Some(home) = world.marketing.homes.get_mut(home) {
                home.open = false;
            }
        }
        Upset::ConsumerUnavailable { home, for_s } => {
            if let Some(home) = world.marketing.homes.get_mut(home) {
                home.unavailable_until = until(for_s);
            }
        }
        Upset::FiguresMove { home, by_fen } => {
            if let Some(home) = world.marketing.homes.get_mut(home) {
                home.charge(by_fen, day(now));
            }
        }
        Upset::SellerWithoutFunds { for_s } => world.channel.without_funds_until = until(for_s),
        Upset::Forgeries => world.forge(),
        Upset::Wallet { after_ms, pays } => {
            world.channel.wallet = Some((after_ms.saturating_mul(MILLI), pays));
        }
    }
}

/// What needs two persons happens.
pub(super) fn odd_world(world: &mut World, oddity: Oddity) {
    world.note(format_args!("{oddity:?}"));
    let now = world.now();
    match oddity {
        Oddity::OtherSum { by_fen } => world.channel.next_differs_by = Some(by_fen),
        Oddity::DeskRefund { of_mille } => desk_refund(world, of_mille, 60),
        Oddity::DeskAtOnce { of_mille } => world.channel.gives_back_next = Some(of_mille),
        Oddity::WindowOver => {
            close_windows(world);
            // Trades that are still to be paid are over a little later.
            world.at(now.saturating_add(300 * SECOND), close_windows);
        }
        Oddity::Stray { times } => world.marketing.strays = times,
        Oddity::Misquoted => world.marketing.misquotes_next = true,
        Oddity::OtherRefund => world.channel.misquotes_next = true,
        Oddity::Restless { home } => {
            world.marketing.restless.insert(home);
        }
        // Acted by the office.
        Oddity::HastyRuling { .. } => {}
    }
}

fn close_windows(world: &mut World) {
    for trade in world.channel.trades.values_mut() {
        trade.finished = true;
    }
}

/// At the merchant's desk somebody gives money back, as soon as something is paid.
fn desk_refund(world: &mut World, of_mille: i64, tries: u32) {
    let paid = world.channel.paid();
    let Some(number) = world.dice.pick(&paid).cloned() else {
        if tries > 0 {
            world.after(7 * SECOND, move |world| {
                desk_refund(world, of_mille, tries.saturating_sub(1));
            });
        }
        return;
    };
    let now = world.now();
    let fen = world.channel.give_back_at_desk(&number, of_mille, now);
    world.note(format_args!(
        "{fen} fen of {number} are given back at the desk"
    ));
    if fen > 0 {
        world.announce(&number, None);
    }
}
