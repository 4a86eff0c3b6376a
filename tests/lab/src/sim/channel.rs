//! The model of the payment channel (Alipay): trades, refunds, and the notices it sends about them.

use std::collections::BTreeMap;

use lifeline_core::payments::ports::{Close, Created, RefundReply, RefundStatus, Trade};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::shared::time::Time;

use super::world::SECOND;

/// A payment whose password was entered in time may arrive this much later.
pub(super) const LAST_MOMENT: i64 = 30 * SECOND;

#[derive(Debug, Clone)]
pub(super) struct RefundBook {
    pub(super) fen: i64,
    /// Accepted, and the money moves then.
    pub(super) moves_at: i64,
}

#[derive(Debug, Clone)]
pub(super) struct TradeBook {
    pub(super) trade_no: String,
    pub(super) fen: i64,
    pub(super) expire_at: i64,
    pub(super) closed: bool,
    pub(super) paid_at: Option<i64>,
    pub(super) refunds: BTreeMap<String, RefundBook>,
    /// Given back at the merchant's desk, not by us.
    pub(super) desk_fen: i64,
    /// The refund window is over.
    pub(super) finished: bool,
    /// Paid back by bank transfer instead, per refund number.
    by_bank: BTreeMap<String, i64>,
}

impl TradeBook {
    pub(super) fn refunded(&self, now: i64) -> i64 {
        let moved = self
            .refunds
            .values()
            .filter(|refund| refund.moves_at <= now);
        moved
            .map(|refund| refund.fen)
            .sum::<i64>()
            .saturating_add(self.desk_fen)
    }

    fn promised(&self) -> i64 {
        let all: i64 = self.refunds.values().map(|refund| refund.fen).sum();
        all.saturating_add(self.desk_fen)
    }

    /// What the channel keeps of it for us.
    pub(super) fn kept(&self, now: i64) -> i64 {
        match self.paid_at {
            Some(_) => {
                let by_bank: i64 = self.by_bank.values().sum();
                self.fen
                    .saturating_sub(self.refunded(now))
                    .saturating_sub(by_bank)
            }
            None => 0,
        }
    }

    /// As a query or a notice states it.
    pub(super) fn stated(&self, now: i64) -> Trade {
        let trade_no = self.trade_no.clone();
        // The channel states moments to the second.
        let second = |at: i64| Time::from_micros(at.div_euclid(SECOND).saturating_mul(SECOND));
        let refunded = self.refunded(now);
        match self.paid_at {
            None if self.is_closed(now) => Trade::ClosedNeverPaid { trade_no },
            None => Trade::WaitBuyerPay { trade_no },
            Some(paid_at) if refunded >= self.fen => Trade::ClosedRefunded {
                trade_no,
                total: Fen::new(self.fen),
                paid_at: Some(second(paid_at)),
                refunded_total: Fen::new(refunded),
            },
            Some(paid_at) => Trade::Paid {
                trade_no,
                total: Fen::new(self.fen),
                paid_at: second(paid_at),
                refunded_total: Fen::new(refunded),
            },
        }
    }

    /// An unpaid trade closes by itself at its end.
    fn is_closed(&self, now: i64) -> bool {
        self.closed || now >= self.expire_at.saturating_add(LAST_MOMENT)
    }
}

#[derive(Debug, Default)]
pub(super) struct Channel {
    pub(super) trades: BTreeMap<String, TradeBook>,
    /// Cashier links that were handed out: sum and end.
    links: BTreeMap<String, (i64, i64)>,
    pub(super) without_funds_until: i64,
    /// The next payment is taken with a difference.
    pub(super) next_differs_by: Option<i64>,
    /// So much of the next payment goes back at the desk at once.
    pub(super) gives_back_next: Option<i64>,
    /// The next query about a refund is answered with another sum.
    pub(super) misquotes_next: bool,
    /// What happens to the next trade in its payer's wallet: after how long, and whether it is paid.
    pub(super) wallet: Option<(i64, bool)>,
    serial: u64,
}

impl Channel {
    fn open(&mut self, number: &str, fen: i64, expire_at: i64) -> &TradeBook {
        self.serial = self.serial.saturating_add(1);
        let trade_no = format!("2026112022{:010}", self.serial);
        self.trades
            .entry(number.to_owned())
            .or_insert_with(|| TradeBook {
                trade_no,
                fen,
                expire_at,
                closed: false,
                paid_at: None,
                refunds: BTreeMap::new(),
                desk_fen: 0,
                finished: false,
                by_bank: BTreeMap::new(),
            })
    }

    /// trade.create
    pub(super) fn create(
        &mut self,
        number: &str,
        fen: i64,
        expire_at: i64,
        now: i64,
    ) -> Result<Created, NoAnswer> {
        let closed = Created::Refused {
            code: "ACQ.TRADE_HAS_CLOSE",
        };
        match self.trades.get(number) {
            // TRADE_HAS_SUCCESS: no table names it.
            Some(known) if known.paid_at.is_some() => Err(NoAnswer::Unknown("unnamed_code")),
            Some(known) if known.is_closed(now) => Ok(closed),
            Some(known) if known.fen != fen => Ok(Created::Refused {
                code: "ACQ.CONTEXT_INCONSISTENT",
            }),
            Some(known) => Ok(Created::Ok {
                trade_no: known.trade_no.clone(),
            }),
            None if now >= expire_at => Ok(closed),
            None => Ok(Created::Ok {
                trade_no: self.open(number, fen, expire_at).trade_no.clone(),
            }),
        }
    }

    pub(super) fn hand_out_link(&mut self, number: &str, fen: i64, expire_at: i64) {
        self.links.insert(number.to_owned(), (fen, expire_at));
    }

    /// The payer opens the cashier link: the trade is made only now. False when it opens no more.
    pub(super) fn open_link(&mut self, number: &str, now: i64) -> bool {
        let Some((fen, expire_at)) = self.links.get(number).copied() else {
            return false;
        };
        if self.trades.contains_key(number) {
            return true;
        }
        if now >= expire_at {
            return false;
        }
        self.open(number, fen, expire_at);
        true
    }

    /// The payer confirms; true when money moved.
    pub(super) fn pay(&mut self, number: &str, now: i64) -> bool {
        let Some(trade) = self.trades.get_mut(number) else {
            return false;
        };
        let possible = trade.paid_at.is_none() && !trade.is_closed(now);
        if possible {
            trade.paid_at = Some(now);
            let difference = self.next_differs_by.take().unwrap_or(0);
            trade.fen = trade.fen.saturating_add(difference).max(1);
            if let Some(of_mille) = self.gives_back_next.take() {
                self.give_back_at_desk(number, of_mille, now);
            }
        }
        possible
    }

    /// The payer cancels the trade in the wallet; true when there was one to cancel.
    pub(super) fn cancel(&mut self, number: &str, now: i64) -> bool {
        self.close(number, now) == Close::Closed
    }

    /// An old cashier page is opened again long after its end, and takes the payer all the same.
    pub(super) fn open_old_link(&mut self, number: &str, now: i64) -> bool {
        let Some((fen, _)) = self.links.get(number).copied() else {
            return false;
        };
        if !self.trades.contains_key(number) {
            self.open(number, fen, now.saturating_add(5000 * SECOND));
        }
        true
    }

    /// The merchant's desk gives a part of a paid trade back; how much.
    pub(super) fn give_back_at_desk(&mut self, number: &str, of_mille: i64, now: i64) -> i64 {
        let Some(trade) = self.trades.get_mut(number) else {
            return 0;
        };
        let by_bank: i64 = trade.by_bank.values().sum();
        let free = trade
            .fen
            .saturating_sub(trade.promised())
            .saturating_sub(by_bank);
        let fen = free.saturating_mul(of_mille).div_euclid(1000).max(0);
        if trade.paid_at.is_none_or(|paid| paid > now) {
            return 0;
        }
        trade.desk_fen = trade.desk_fen.saturating_add(fen);
        fen
    }

    /// Somebody has a refund carried out under its number that was refused; true when it is done now.
    pub(super) fn carry_out(&mut self, number: &str, request: &str, fen: i64, now: i64) -> bool {
        let Some(trade) = self.trades.get_mut(number) else {
            return false;
        };
        if let Some(known) = trade.refunds.get(request) {
            return known.fen == fen && known.moves_at <= now;
        }
        let by_bank: i64 = trade.by_bank.values().sum();
        let taken = trade.promised().saturating_add(by_bank);
        let possible =
            taken.saturating_add(fen) <= trade.fen && trade.paid_at.is_some_and(|paid| paid <= now);
        if possible {
            let book = RefundBook { fen, moves_at: now };
            trade.refunds.insert(request.to_owned(), book);
        }
        possible
    }

    /// Numbers of the trades that were paid, in order.
    pub(super) fn paid(&self) -> Vec<String> {
        let paid = self
            .trades
            .iter()
            .filter(|(_, trade)| trade.paid_at.is_some());
        paid.map(|(number, _)| number.clone()).collect()
    }

    /// The channel will never give back so much more of this trade.
    pub(super) fn never_gives(&self, number: &str, request: &str, fen: i64) -> bool {
        self.trades.get(number).is_some_and(|trade| {
            let too_much = trade.promised().saturating_add(fen) > trade.fen;
            !trade.refunds.contains_key(request) && (trade.finished || too_much)
        })
    }

    /// What the desk gave back of this trade and the books explain neither as foreign nor as the
    /// part of another refund that was said to be done by hand.
    pub(super) fn given_by_desk<'a>(
        &self,
        number: &str,
        but: &str,
        refunds: impl Iterator<Item = (&'a str, i64)>,
        booked: i64,
    ) -> i64 {
        let Some(trade) = self.trades.get(number) else {
            return 0;
        };
        let others = refunds.filter(|(request, _)| *request != but);
        let by_hand = others.filter_map(|(request, fen)| {
            let paid = trade.by_bank.get(request)?;
            Some(fen.saturating_sub(*paid))
        });
        let explained: i64 = by_hand.sum::<i64>().saturating_add(booked);
        trade.desk_fen.saturating_sub(explained).max(0)
    }

    /// The utility pays so much of a refund by bank transfer, whatever it had paid of it before. What it
    /// pays now, and all that it paid.
    pub(super) fn pay_by_bank(&mut self, number: &str, request: &str, fen: i64) -> (i64, i64) {
        let Some(trade) = self.trades.get_mut(number) else {
            return (0, 0);
        };
        let paid = trade.by_bank.entry(request.to_owned()).or_insert(0);
        let before = *paid;
        *paid = before.max(fen);
        (paid.saturating_sub(before), *paid)
    }

    pub(super) fn query(&self, number: &str, now: i64) -> Trade {
        let trade = self.trades.get(number);
        trade.map_or(Trade::NotExist, |trade| trade.stated(now))
    }

    /// trade.close
    pub(super) fn close(&mut self, number: &str, now: i64) -> Close {
        match self.trades.get_mut(number) {
            None => Close::NotExist,
            Some(trade) if trade.paid_at.is_some() || trade.is_closed(now) => Close::Refused,
            Some(trade) => {
                trade.closed = true;
                Close::Closed
            }
        }
    }

    /// trade.refund; `delay` lets the money move later.
    pub(super) fn refund(
        &mut self,
        number: &str,
        request: &str,
        fen: i64,
        delay: i64,
        now: i64,
    ) -> Result<RefundReply, NoAnswer> {
        let without_funds = self.without_funds_until > now;
        let Some(trade) = self.trades.get_mut(number) else {
            return Err(NoAnswer::Unknown("unnamed_code"));
        };
        if trade.paid_at.is_none() {
            return Err(NoAnswer::Unknown("unnamed_code"));
        }
        if let Some(known) = trade.refunds.get(request) {
            return if known.fen == fen {
                Ok(RefundReply::Unclear)
            } else {
                Err(NoAnswer::Unknown("unnamed_code"))
            };
        }
        if trade.finished {
            return Ok(RefundReply::RefusedForGood {
                code: "ACQ.TRADE_HAS_FINISHED",
            });
        }
        if trade.promised().saturating_add(fen) > trade.fen {
            return Ok(RefundReply::FeeError);
        }
        if without_funds {
            return Ok(RefundReply::SellerBalanceNotEnough);
        }
        let book = RefundBook {
            fen,
            moves_at: now.saturating_add(delay),
        };
        trade.refunds.insert(request.to_owned(), book);
        Ok(if delay > 0 {
            RefundReply::Unclear
        } else {
            RefundReply::Done
        })
    }

    pub(super) fn query_refund(&mut self, number: &str, request: &str, now: i64) -> RefundStatus {
        let trade = self.trades.get(number);
        if std::mem::take(&mut self.misquotes_next) {
            // More than was paid, so that no refund asked for just that.
            let paid = trade.map_or(0, |trade| trade.fen);
            return RefundStatus::Success {
                amount: Fen::new(paid.saturating_add(1)),
            };
        }
        let refund = trade.and_then(|trade| trade.refunds.get(request));
        match refund.filter(|refund| refund.moves_at <= now) {
            Some(refund) => RefundStatus::Success {
                amount: Fen::new(refund.fen),
            },
            None => RefundStatus::Empty,
        }
    }
}
