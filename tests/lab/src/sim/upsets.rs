//! What happens to the outside while faults last, and how they end.

use super::marketing::day;
use super::plan::Upset;
use super::weather::Side;
use super::world::{SECOND, World};

/// Faults stop.
pub(super) fn calm(world: &mut World) {
    world.note(format_args!("faults stop"));
    world.weather.calm_down();
    world.channel.without_funds_until = 0;
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
    }
}
