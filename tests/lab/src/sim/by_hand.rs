//! What the outside did by hand, beside its own rules, and what a row is told of it then: as its books say.

use lifeline_core::payments::observation::{Observation, RefundFact};
use lifeline_core::payments::order::{Order, PostingLine, Refund};
use lifeline_core::payments::ports::{Created, RefundStatus, Trade, VoucherReply};
use lifeline_core::payments::{reading, table_l as l, table_r as r};
use lifeline_core::shared::money::Fen;

use super::office::Desk;
use super::rumours::Spot;
use super::world::MILLI;

/// As long as a refund may be under way without a word.
const LOOKS_MAX: u32 = 1000;
const LOOK_EVERY: i64 = 6 * MILLI;

impl Desk {
    /// Somebody of the outside acts on the order in this state; what is told of that at once, if anything is.
    pub(super) fn act_by_hand(&mut self, order: &Order, spot: Spot) -> Option<Vec<Observation>> {
        let mut lines = order.lines.iter();
        let mut refunds = order.refunds.iter();
        match (spot.table, spot.state) {
            ("P", "SUSPENSE") if self.dice.in_mille(500) => self.closed_barely(order),
            ("L", "MKT_REFUND") if self.dice.in_mille(600) => {
                let line = lines.find(|line| line.state == l::State::MktRefund)?;
                self.reversed_over_voucher(order, line)
            }
            ("P", "CLOSING") if self.dice.in_mille(500) => self.refused_late(order),
            ("R", "WAIT_FUNDS") if self.dice.in_mille(500) => {
                let refund = refunds.find(|refund| refund.state == r::State::WaitFunds)?;
                // Its next query finds it.
                self.carry_out(order, refund).then(Vec::new)
            }
            ("R", "BLOCKED") if self.dice.in_mille(300) => {
                let refund = refunds.find(|refund| refund.state == r::State::Blocked)?;
                let id = refund.refund_id.clone();
                let late = (r::Input::FundChange, RefundFact::default());
                let answer = Observation::refund(self.now(), id, late.0, late.1);
                self.carry_out(order, refund).then(|| vec![answer])
            }
            _other => None,
        }
    }

    /// The desk gives back all that was paid, and the notice of it says nothing of a payment.
    fn closed_barely(&self, order: &Order) -> Option<Vec<Observation>> {
        let payment = &order.payment;
        let number = payment.out_trade_no.as_str();
        let stated = self.world.with(|world| {
            let now = world.now();
            world.channel.give_back_at_desk(number, 1000, now);
            // Who does not hear this one hears the next.
            world.announce(number, None);
            world.channel.query(number, now)
        });
        let Trade::ClosedRefunded { trade_no, .. } = stated else {
            return None;
        };
        let bare = Ok(Trade::ClosedNeverPaid { trade_no });
        Some(reading::of_query(payment, &bare, self.now()))
    }

    /// The channel refused to make the trade, and its answer is heard when the order is to be closed.
    fn refused_late(&self, order: &Order) -> Option<Vec<Observation>> {
        let payment = &order.payment;
        let number = payment.out_trade_no.as_str();
        let unknown = self
            .world
            .with(|world| world.channel.query(number, world.now()) == Trade::NotExist);
        let code = "ACQ.PAYMENT_REQUEST_HAS_RISK";
        let refused = Ok(Created::Refused { code });
        unknown.then(|| vec![reading::of_create(&refused, self.now())])
    }

    /// Somebody looks at the refund while its answer is on the way: it is done, and now and then the
    /// channel names another sum.
    pub(super) async fn look_at_once(&mut self, order: &Order) {
        let id = order.payment.payment_id.as_str();
        let sending = format!(
            "p.payment_id = '{id}' AND EXISTS (SELECT 1 FROM payment_refund r \
            WHERE r.payment_id = p.payment_id AND r.state = 'SENDING')"
        );
        for _ in 0..LOOKS_MAX {
            let Some(order) = self.orders(&sending).pop() else {
                return;
            };
            if let Some(seen) = self.done_while_sending(&order) {
                return self.say(&order, vec![seen], "gossip").await;
            }
            self.world.sleep(LOOK_EVERY).await;
        }
    }

    fn done_while_sending(&mut self, order: &Order) -> Option<Observation> {
        let number = order.payment.out_trade_no.as_str();
        let mut refunds = order.refunds.iter();
        let refund = refunds.find(|refund| refund.state == r::State::Sending)?;
        let (request, fen) = (refund.out_request_no.as_str(), refund.amount);
        let ours = RefundStatus::Success { amount: fen };
        let shown = self.world.with(|world| {
            let now = world.now();
            world.channel.query_refund(number, request, now)
        });
        let one_more = Fen::new(fen.get().saturating_add(1));
        let seen = match shown == ours {
            false => return None,
            true if self.dice.in_mille(550) => RefundStatus::Success { amount: one_more },
            true => ours,
        };
        Some(reading::of_refund_query(refund, &Ok(seen), self.now()))
    }

    /// A clerk of marketing takes the whole posting back while our voucher for it waits, and its file says so.
    fn reversed_over_voucher(&self, order: &Order, line: &PostingLine) -> Option<Vec<Observation>> {
        let number = order.posting_of(line).channel_txn_no.as_str();
        let reversed = self
            .world
            .with(|world| world.marketing.reverse_over_voucher(number));
        let seen = reversed.then(|| self.looked_up(order, line)).flatten();
        seen.map(|seen| vec![seen])
    }

    /// The yes to a voucher comes once more, after the refund that it allowed was refused.
    pub(super) fn voucher_once_more(
        &self,
        order: &Order,
        line: &PostingLine,
    ) -> Option<Observation> {
        let number = order.posting_of(line).channel_txn_no.as_str();
        let allowed = self.world.with(|world| world.marketing.allows(number));
        let yes = Ok(VoucherReply::Approved);
        allowed.then(|| reading::of_voucher(line, &yes, self.now()))
    }

    /// The merchant's desk has the channel carry out a refund of ours that it had refused, under our number.
    fn carry_out(&self, order: &Order, refund: &Refund) -> bool {
        let number = order.payment.out_trade_no.as_str();
        let (request, fen) = (refund.out_request_no.as_str(), refund.amount.get());
        self.world.with(|world| {
            let now = world.now();
            let done = world.channel.carry_out(number, request, fen, now);
            if done {
                world.note(format_args!("the desk has {request} carried out"));
                world.announce(number, Some(request));
            }
            done
        })
    }

    /// Marketing credited what went back: its clerk takes the posting off again.
    pub(super) fn has_undone(&self, order: &Order, line: &PostingLine) -> bool {
        let mut refunds = order.refunds.iter();
        let mut of_line = refunds.by_ref().filter(|one| one.line_id == line.line_id);
        if !of_line.any(|refund| refund.state == r::State::Done) {
            return false;
        }
        let number = order.posting_of(line).channel_txn_no.as_str();
        let undone = self.world.with(|world| world.marketing.take_off(number));
        if undone {
            self.world
                .note(format_args!("marketing takes {number} off again"));
        }
        undone
    }
}
