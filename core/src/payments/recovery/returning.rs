//! What is owed for a lost trade goes back: one number for ever, never beyond the brake, and what
//! is not answered is asked about, not sent anew.

use super::super::ports::{RefundReply, RefundStatus, Trade};
use super::super::{PaymentError, Payments, brake, numbers, window};
use super::accounting::{case_of, entry};
use super::lost::{LostTrade, State};
use crate::ledger::Account;
use crate::shared::money::Fen;
use crate::shared::outside::NoAnswer;
use crate::store::{Tx, atomically};

/// Seconds until a sent refund is asked about: first, and afterwards.
const ASK_FIRST_S: i64 = 15;
const ASK_AGAIN_S: i64 = 60;
/// Empty answers after which the same refund is sent again.
const EMPTIES: i64 = 2;
/// Seconds until it is tried again when the seller's balance is short.
const FUNDS_S: i64 = 600;

impl Payments {
    /// OWING: the brake is asked in the unit that would send.
    pub(super) async fn send_back(&self, trade: LostTrade) -> Result<(), PaymentError> {
        let now = self.now();
        let bounds = brake::bounds(&self.policy, now);
        let leaving = LostTrade {
            state: State::Returning,
            sent_at: Some(now),
            next_at: Some(now.plus_seconds(ASK_FIRST_S)),
            ..trade.clone()
        };
        let waiting = LostTrade {
            next_at: Some(now.plus_seconds(window::BRAKED_SECONDS)),
            ..trade.clone()
        };
        let leaves = atomically(self.store(), async |tx: &mut Tx| {
            let open = tx.payments().take_brake(bounds, trade.owed).await?;
            let next = if open { &leaving } else { &waiting };
            let saved = tx.recovery().save_lost(next).await?;
            Ok::<_, PaymentError>(open && saved)
        })
        .await?;
        if !leaves {
            return Ok(());
        }
        let version = leaving.version.saturating_add(1);
        self.send(LostTrade { version, ..leaving }).await
    }

    async fn send(&self, trade: LostTrade) -> Result<(), PaymentError> {
        let Some(number) = &trade.out_request_no else {
            return Ok(());
        };
        let reply = self
            .ports
            .channel
            .refund(&trade.out_trade_no, number, trade.owed)
            .await;
        match reply {
            Ok(RefundReply::Done) => self.returned(trade).await,
            Ok(RefundReply::Unclear) | Err(NoAnswer::Unknown(_) | NoAnswer::Alarm(_)) => Ok(()),
            Err(NoAnswer::NotSent(_)) | Ok(RefundReply::SellerBalanceNotEnough) => {
                let next_at = Some(self.now().plus_seconds(FUNDS_S));
                self.keep_lost(&LostTrade { next_at, ..trade }).await
            }
            Ok(RefundReply::RefusedForGood { .. } | RefundReply::FeeError) => {
                self.hold_lost(trade, "refund_refused").await
            }
        }
    }

    /// RETURNING: asked first, and sent again only when the channel twice knew nothing of it.
    pub(super) async fn ask_about_return(
        &self,
        trade: LostTrade,
        recovering: bool,
    ) -> Result<(), PaymentError> {
        let Some(number) = &trade.out_request_no else {
            return Ok(());
        };
        let now = self.now();
        let reply = self
            .ports
            .channel
            .query_refund(&trade.out_trade_no, number)
            .await;
        match reply {
            Ok(RefundStatus::Success { amount }) if amount == trade.owed => {
                self.returned(trade).await
            }
            Ok(RefundStatus::Success { .. }) => {
                self.hold_lost(trade, "refund_of_another_sum").await
            }
            Ok(RefundStatus::Empty)
                if !recovering && trade.empties.saturating_add(1) >= EMPTIES =>
            {
                let again = LostTrade {
                    empties: 0,
                    sent_at: Some(now),
                    next_at: Some(now.plus_seconds(ASK_FIRST_S)),
                    ..trade
                };
                let saved = atomically(self.store(), async |tx: &mut Tx| {
                    Ok::<_, PaymentError>(tx.recovery().save_lost(&again).await?)
                })
                .await?;
                if !saved {
                    return Ok(());
                }
                let version = again.version.saturating_add(1);
                self.send(LostTrade { version, ..again }).await
            }
            empty_or_silent => {
                let empties = match empty_or_silent {
                    Ok(_) => trade.empties.saturating_add(1),
                    Err(_) => trade.empties,
                };
                let next_at = Some(now.plus_seconds(ASK_AGAIN_S));
                self.keep_lost(&LostTrade {
                    empties,
                    next_at,
                    ..trade
                })
                .await
            }
        }
    }

    async fn returned(&self, trade: LostTrade) -> Result<(), PaymentError> {
        let draw = self.draw(&trade.trace_id, "job:payments.recovery");
        let Some(number) = &trade.out_request_no else {
            return Ok(());
        };
        let fact = numbers::refund_fact(number);
        let sides = (Account::RefundDue, Account::Channel, trade.owed);
        let entries = [entry(&trade, fact, sides, &draw)?];
        let done = LostTrade {
            state: State::Returned,
            next_at: None,
            turns: trade.turns.saturating_add(1),
            ..trade
        };
        self.save_lost(&done, &entries, None, &draw).await
    }

    async fn hold_lost(&self, trade: LostTrade, reason: &str) -> Result<(), PaymentError> {
        let draw = self.draw(&trade.trace_id, "job:payments.recovery");
        let held = LostTrade {
            state: State::Held,
            next_at: Some(window::daily(draw.now)),
            turns: trade.turns.saturating_add(1),
            ..trade
        };
        let case = case_of(&held, reason, &draw)?;
        self.save_lost(&held, &[], Some(&case), &draw).await
    }

    /// HELD: whoever decides acts at the channel's desk; its books show when nothing is owed any more.
    pub(super) async fn look_again(&self, trade: LostTrade) -> Result<(), PaymentError> {
        let draw = self.draw(&trade.trace_id, "job:payments.recovery");
        let tomorrow = LostTrade {
            next_at: Some(window::daily(draw.now)),
            turns: trade.turns.saturating_add(1),
            ..trade.clone()
        };
        let reply = self.ports.channel.query(&trade.out_trade_no).await;
        let shown = match reply {
            Ok(
                Trade::Paid { refunded_total, .. } | Trade::ClosedRefunded { refunded_total, .. },
            ) => refunded_total,
            Ok(_) | Err(_) => Fen::ZERO,
        };
        let all = trade.gone_back.plus(trade.owed);
        if !trade.owed.is_positive() || all != Ok(shown) {
            return self.keep_lost(&tomorrow).await;
        }
        let fact = numbers::foreign_fact(&trade.out_trade_no, shown.get());
        let sides = (Account::RefundDue, Account::Channel, trade.owed);
        let entries = [entry(&trade, fact, sides, &draw)?];
        let done = LostTrade {
            state: State::Returned,
            next_at: None,
            ..tomorrow
        };
        self.save_lost(&done, &entries, None, &draw).await
    }
}
