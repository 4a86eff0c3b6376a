//! The channel's model behind the core's ports.

use async_trait::async_trait;
use lifeline_core::payments::ports::{
    Close, CreateOrder, Created, PaymentChannel, RefundReply, RefundStatus, Trade,
};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::shared::time::Time;
use serde::{Deserialize, Serialize};

use super::weather::Side;
use super::wire::Wire;
use super::world::{SECOND, World};

/// The body of trade.create, as this channel reads it.
#[derive(Serialize, Deserialize, Clone)]
struct Body {
    number: String,
    fen: i64,
    expire_at: i64,
}

/// Refusals of trade.create that are about the payer, not about the order.
const RISK: Created = Created::Refused {
    code: "ACQ.PAYMENT_REQUEST_HAS_RISK",
};

impl World {
    /// trade.create; now and then the channel does not like the payer.
    fn create(&mut self, body: &Body) -> Result<Created, NoAnswer> {
        let now = self.now();
        let known = self.channel.trades.contains_key(&body.number);
        let disliked = !known && !self.weather.is_calm() && self.dice.in_mille(12);
        let made = if disliked {
            Ok(RISK)
        } else {
            self.channel
                .create(&body.number, body.fen, body.expire_at, now)
        };
        self.note(format_args!(
            "channel is asked to create {}: {made:?}",
            body.number
        ));
        if !known && let Some((after, pays)) = self.channel.wallet.take() {
            let number = body.number.clone();
            self.after(after, move |world| world.act_in_wallet(&number, pays));
        }
        made
    }

    fn act_in_wallet(&mut self, number: &str, pays: bool) {
        let now = self.now();
        let done = if pays {
            self.channel.pay(number, now)
        } else {
            self.channel.cancel(number, now)
        };
        let what = if pays { "paid" } else { "cancelled" };
        self.note(format_args!("in the wallet {number} is {what}: {done}"));
        if done {
            self.announce(number, None);
        }
    }

    /// trade.refund with what the channel does now and then: the money moves later.
    fn refund(&mut self, number: &str, request: &str, fen: i64) -> Result<RefundReply, NoAnswer> {
        let now = self.now();
        let delay = if self.dice.in_mille(150) {
            self.dice.between(1, 900).saturating_mul(SECOND)
        } else {
            0
        };
        let before = self
            .channel
            .trades
            .get(number)
            .map_or(0, |trade| trade.refunds.len());
        let reply = self.channel.refund(number, request, fen, delay, now);
        self.note(format_args!(
            "channel is asked to give {fen} fen of {number} back by {request}: {reply:?}"
        ));
        let after = self
            .channel
            .trades
            .get(number)
            .map_or(0, |trade| trade.refunds.len());
        if after > before {
            let (number, request) = (number.to_owned(), request.to_owned());
            self.after(delay, move |world| world.announce(&number, Some(&request)));
        }
        reply
    }
}

#[async_trait]
impl PaymentChannel for Wire {
    fn create_body(&self, order: &CreateOrder) -> String {
        let body = Body {
            number: order.out_trade_no.clone(),
            fen: order.amount.get(),
            expire_at: order.expire_at.micros(),
        };
        serde_json::to_string(&body).unwrap_or_default()
    }

    async fn create(&self, frozen_body: &str) -> Result<Created, NoAnswer> {
        let Ok(body) = serde_json::from_str::<Body>(frozen_body) else {
            return Err(NoAnswer::NotSent("unreadable_body"));
        };
        let number = body.number.clone();
        self.call(Side::Channel, "creates", &number, move |world| {
            world.create(&body)
        })
        .await
    }

    fn cashier_url(&self, order: &CreateOrder, _return_url: &str, _now: Time) -> String {
        let (number, fen) = (order.out_trade_no.clone(), order.amount.get());
        let expire_at = order.expire_at.micros();
        self.world
            .with(|world| world.channel.hand_out_link(&number, fen, expire_at));
        number
    }

    async fn query(&self, out_trade_no: &str) -> Result<Trade, NoAnswer> {
        let number = out_trade_no.to_owned();
        self.call(Side::Channel, "queries", out_trade_no, move |world| {
            Ok(world.channel.query(&number, world.now()))
        })
        .await
    }

    async fn close(&self, out_trade_no: &str) -> Result<Close, NoAnswer> {
        let number = out_trade_no.to_owned();
        self.call(Side::Channel, "closes", out_trade_no, move |world| {
            let now = world.now();
            let reply = world.channel.close(&number, now);
            world.note(format_args!(
                "channel is asked to close {number}: {reply:?}"
            ));
            if reply == Close::Closed {
                world.announce(&number, None);
            }
            Ok(reply)
        })
        .await
    }

    async fn refund(
        &self,
        out_trade_no: &str,
        out_request_no: &str,
        amount: Fen,
    ) -> Result<RefundReply, NoAnswer> {
        let (number, request) = (out_trade_no.to_owned(), out_request_no.to_owned());
        self.call(Side::Channel, "refunds", out_request_no, move |world| {
            world.refund(&number, &request, amount.get())
        })
        .await
    }

    async fn query_refund(
        &self,
        out_trade_no: &str,
        out_request_no: &str,
    ) -> Result<RefundStatus, NoAnswer> {
        let (number, request) = (out_trade_no.to_owned(), out_request_no.to_owned());
        self.call(
            Side::Channel,
            "asks after refund",
            out_request_no,
            move |world| Ok(world.channel.query_refund(&number, &request, world.now())),
        )
        .await
    }
}
