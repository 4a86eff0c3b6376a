//! All machines are down until an order is past its end and past all doubt; then the first word about it
//! is that the channel knows of no such trade.

use std::future::poll_fn;
use std::task::Poll;

use lifeline_core::payments::observation::{ChannelFact, Observation};
use lifeline_core::payments::order::Order;
use lifeline_core::payments::ports::Trade;
use lifeline_core::payments::table_p as p;

use super::machine::Place;
use super::office::Desk;
use super::world::World;

/// An order ends 15 minutes after it was made, and 10 minutes later "does not exist" is a proof.
const DARK_S: i64 = 26 * 60;

impl World {
    /// Every machine goes down; false when one is down already, or faults are over.
    fn go_dark(&mut self) -> bool {
        if self.weather.is_calm() || self.machines.iter().any(|machine| !machine.up) {
            return false;
        }
        for at in 0..self.machines.len() {
            self.fall(at, Place::Send("anything"));
        }
        true
    }

    /// The channel has nothing of it that was paid or could be: it was never made, or ended unpaid.
    fn is_unpaid_for_good(&self, number: &str) -> bool {
        let stated = self.channel.query(number, self.now());
        matches!(stated, Trade::NotExist | Trade::ClosedNeverPaid { .. })
    }
}

impl Desk {
    /// Machines and this word begin in the same moment: now and then it is heard before the order's turn.
    pub(super) async fn prove_absent(&mut self, order: &Order) {
        if !self.world.with(World::go_dark) {
            return;
        }
        self.seconds(DARK_S).await;
        self.world
            .with(|world| world.boots.extend(0..world.machines.len()));
        let mut waited = false;
        poll_fn(|context| {
            if std::mem::replace(&mut waited, true) {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
        let number = order.payment.out_trade_no.as_str();
        if self.world.with(|world| world.is_unpaid_for_good(number)) {
            let fact = ChannelFact::default();
            let absent = Observation::channel(self.now(), p::Input::NotExist, fact);
            self.say(order, vec![absent], "gossip").await;
        }
    }
}
