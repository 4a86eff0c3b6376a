//! What a row is told out of turn: late, repeated, beside the point. Where the law says "record only"
//! or "ask", nothing else may come of it.

use lifeline_core::payments::observation::{
    ChannelFact, LineFact, Observation, Observed, RefundFact,
};
use lifeline_core::payments::order::{Order, PostingLine, Refund};
use lifeline_core::payments::{table_l as l, table_p as p, table_r as r};

use super::law;
use super::marketing::Said;
use super::office::Desk;
use super::world::{MILLI, World};

/// A state of one of the three tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spot {
    pub(super) table: &'static str,
    pub(super) state: &'static str,
}

/// Looks for a row in some state before nobody waits any longer: quick ones at first.
const QUICK_LOOKS: u32 = 300;
const LOOKS_MAX: u32 = 700;

impl Desk {
    /// Waits for a row in this state and tells it everything that the law only records there.
    pub(super) async fn gossip(&mut self, spot: Spot) {
        let Some(order) = self.order_in(spot).await else {
            return;
        };
        let unheard = ["CREATED", "PAYING"].contains(&spot.state);
        if unheard && self.dice.in_mille(600) {
            return self.prove_absent(&order).await;
        }
        if spot.state == "SENDING" && self.dice.in_mille(750) {
            return self.look_at_once(&order).await;
        }
        if let Some(seen) = self.act_by_hand(&order, spot) {
            return self.say(&order, seen, "gossip").await;
        }
        let mut seen = match spot.table {
            "P" => self.about_channel(&order),
            "L" => self.about_line_in(&order, spot.state),
            _refund => self.about_refund_in(&order, spot.state),
        };
        self.dice.shuffle(&mut seen);
        let fence = broken(&order, &seen).cloned();
        self.say(&order, seen, "gossip").await;
        if let Some(line) = fence {
            self.bring_about(&line);
        }
    }

    async fn order_in(&mut self, spot: Spot) -> Option<Order> {
        let wanted = match spot.table {
            "P" => format!("p.state = '{}'", spot.state),
            "L" => format!(
                "EXISTS (SELECT 1 FROM payment_line l WHERE l.payment_id = p.payment_id AND l.state = '{}')",
                spot.state
            ),
            _refund => format!(
                "EXISTS (SELECT 1 FROM payment_refund r WHERE r.payment_id = p.payment_id AND r.state = '{}')",
                spot.state
            ),
        };
        for look in 0..LOOKS_MAX {
            let found = self.orders(&wanted);
            if !found.is_empty() {
                return self.some(found);
            }
            // A refund is on its way for a moment only.
            let most = match spot.state {
                "SENDING" => 220,
                _lasting if look < QUICK_LOOKS => 200,
                _lasting => 8_000,
            };
            let pause = self.dice.between(10, most);
            self.world.sleep(pause.saturating_mul(MILLI)).await;
        }
        None
    }

    fn about_channel(&mut self, order: &Order) -> Vec<Observation> {
        let payment = &order.payment;
        let now = self.now();
        let inputs = law::recorded_only("P", payment.state.as_str());
        let inputs = inputs.iter().filter_map(|word| p::Input::parse(word));
        let told = |input| Observation::channel(now, input, ChannelFact::default());
        // The answer to a create that was on its way when the trade was closed.
        if payment.state == p::State::Closed && self.dice.in_mille(400) {
            return vec![told(p::Input::CreateOk)];
        }
        let all: Vec<Observation> = inputs.map(told).collect();
        // A query that was asked in the very second of the payment, and overtaken by it.
        let overtaken = payment.asked_at.filter(|asked| {
            let paid = payment.paid_at;
            paid.is_some_and(|paid| *asked < paid.plus_seconds(1)) && payment.state.has_money()
        });
        if let Some(asked) = overtaken.filter(|_| self.dice.in_mille(600)) {
            let fact = ChannelFact::default();
            let waits = Observation::channel(asked, p::Input::WaitBuyerPay, fact);
            return vec![waits];
        }
        all
    }

    fn about_line_in(&mut self, order: &Order, state: &str) -> Vec<Observation> {
        let mut lines = order.lines.iter();
        let Some(line) = lines.find(|line| line.state.as_str() == state) else {
            return Vec::new();
        };
        if let Some(broken) = self.broken_fence(order, line) {
            return vec![broken];
        }
        if line.state == l::State::PostUnknown && self.dice.in_mille(400) {
            return vec![self.absent(line)];
        }
        let fencing = matches!(
            line.state,
            l::State::FencingRepost | l::State::FencingRefund
        );
        if fencing && self.dice.in_mille(250) {
            let goals = [l::Ruling::FenceRepost, l::Ruling::FenceRefund];
            let goal = self.dice.pick(&goals).copied();
            return vec![self.line(line, l::Input::Case, goal)];
        }
        // A stray posting under the number, found while the fence is asked for.
        if fencing && self.dice.in_mille(200) {
            return vec![self.line(line, l::Input::PostedOther, None)];
        }
        let inputs = law::recorded_only("L", state);
        let inputs = inputs.iter().filter_map(|word| l::Input::parse(word));
        inputs.map(|input| self.line(line, input, None)).collect()
    }

    /// Marketing shows something under a fenced number, while the refund can still be withdrawn, or when it
    /// is under way already.
    fn broken_fence(&mut self, order: &Order, line: &PostingLine) -> Option<Observation> {
        let mut refunds = order.refunds.iter();
        let open = refunds.any(|refund| {
            let planned = refund.state == r::State::Planned;
            refund.line_id == line.line_id && (planned || refund.state.may_move())
        });
        if line.state != l::State::RefundDue || !open || self.dice.in_mille(120) {
            return None;
        }
        let fenced = |world: &mut World| {
            let said = world.marketing.said_of(&line.channel_txn_no);
            said == Said::Fenced && line.body.is_some()
        };
        if self.dice.in_mille(650) && self.world.with(fenced) {
            return Some(self.line(line, l::Input::PostedSame, None));
        }
        let shown = [l::Input::PostedOther, l::Input::Processing];
        let input = self.dice.pick(&shown).copied()?;
        Some(self.line(line, input, None))
    }

    /// Nobody shows a posting as ours that is not there: what was presented comes to stand there, once it
    /// was heard. A fence that breaks and is heard by nobody is beyond any bookkeeping.
    fn bring_about(&self, line: &PostingLine) {
        let id = line.line_id.as_str();
        let held = format!(
            "EXISTS (SELECT 1 FROM payment_line l WHERE l.line_id = '{id}' AND l.state = 'HELD')"
        );
        let heard = !self.orders(&held).is_empty();
        if let Some(body) = line.body.as_ref().filter(|_| heard) {
            let number = &line.channel_txn_no;
            self.world
                .with(|world| world.break_fence(number, body.expose()));
        }
    }

    fn about_refund_in(&mut self, order: &Order, state: &str) -> Vec<Observation> {
        let mut refunds = order.refunds.iter();
        let Some(refund) = refunds.find(|refund| refund.state.as_str() == state) else {
            return Vec::new();
        };
        if refund.state == r::State::Planned {
            return vec![self.refund_told(refund, r::Input::Case)];
        }
        let inputs = law::recorded_only("R", state);
        let inputs = inputs.iter().filter_map(|word| r::Input::parse(word));
        let told = inputs.map(|input| self.refund_told(refund, input));
        told.collect()
    }

    fn refund_told(&self, refund: &Refund, input: r::Input) -> Observation {
        let fact = RefundFact::default();
        Observation::refund(self.now(), refund.refund_id.clone(), input, fact)
    }

    /// A line's GET, as two persons make it before they decide.
    pub(super) fn looked_up(&self, order: &Order, line: &PostingLine) -> Option<Observation> {
        if !line.may_be_known() {
            return None;
        }
        let number = &order.posting_of(line).channel_txn_no;
        let told = self.world.with(|world| {
            let said = world.marketing.said_of(number);
            world.told(number, said)
        });
        let reply = told.ok()?;
        let at = self.now();
        let seen = lifeline_core::payments::reading::of_posting(order, line, Ok(reply), at);
        Some(seen)
    }

    /// Marketing answers again, and its daily files lack the number (b5): the fence proves it.
    pub(super) fn absent(&self, line: &PostingLine) -> Observation {
        let fact = LineFact {
            absent_from_files: true,
            ..LineFact::default()
        };
        Observation::line(self.now(), line.line_id.clone(), l::Input::GiveUp, fact)
    }
}

/// The line that is told to be posted though it was fenced.
fn broken<'a>(order: &'a Order, seen: &[Observation]) -> Option<&'a PostingLine> {
    let told = seen.iter().find_map(|one| match &one.what {
        Observed::Line(id, l::Input::PostedSame, _) => order.line(id),
        Observed::Line(..) | Observed::Channel(..) | Observed::Refund(..) => None,
    });
    told.filter(|line| line.state == l::State::RefundDue)
}
