//! Everything Alipay remembers about money: trades, opened payment links, wallets, notices.
//! One lock guards all of it, so a state change and its notice are one step.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;

use super::agreement::Agreements;
use super::failure::{self, Failure};
use super::link::Link;
use super::outbox::Outbox;
use super::trade::{CancelAction, Order, Refund, Refunded, Status, Trade};
use crate::clock::to_beijing;
use crate::people::Person;

/// How a call names a trade.
#[derive(Debug, Clone)]
pub(super) enum TradeKey {
    TradeNo(String),
    OutTradeNo(String),
}

#[derive(Debug, Default)]
pub(super) struct Book {
    /// By trade_no, which grows, so iteration is in order of creation.
    trades: BTreeMap<String, Trade>,
    trade_no_of: HashMap<String, String>,
    last_trade: u64,
    /// When time alone next changes a trade; an entry may be out of date, the trade knows.
    turns: BTreeSet<(Timestamp, String)>,
    /// Payment links that were opened, by their page id.
    pub(super) links: HashMap<String, Link>,
    /// What each wallet has paid, less what came back, in fen.
    spent_fen: HashMap<&'static str, i64>,
    /// While true the merchant's account cannot cover a refund.
    pub(super) seller_empty: bool,
    pub(super) outbox: Outbox,
    pub(super) agreements: Agreements,
}

impl Book {
    pub(super) fn find(&self, key: &TradeKey) -> Option<&Trade> {
        let trade_no = match key {
            TradeKey::TradeNo(no) => no,
            TradeKey::OutTradeNo(no) => self.trade_no_of.get(no)?,
        };
        self.trades.get(trade_no)
    }

    fn find_mut(&mut self, key: &TradeKey) -> Result<&mut Trade, Failure> {
        let trade_no = match key {
            TradeKey::TradeNo(no) => Some(no),
            TradeKey::OutTradeNo(no) => self.trade_no_of.get(no),
        };
        trade_no
            .and_then(|no| self.trades.get_mut(no))
            .ok_or(failure::TRADE_NOT_EXIST)
    }

    pub(super) fn all(&self) -> impl DoubleEndedIterator<Item = &Trade> {
        self.trades.values()
    }

    /// What a wallet has paid so far, less what came back.
    pub(super) fn spent_fen(&self, person: &str) -> i64 {
        self.spent_fen.get(person).copied().unwrap_or(0)
    }

    /// What the merchant has received so far, less what it gave back.
    pub(super) fn received_fen(&self) -> i64 {
        let paid = self.trades.values().filter(|t| t.paid_at.is_some());
        paid.map(|t| t.order.total_fen - t.refunded_fen()).sum()
    }

    /// A new trade, or the one this number already has.
    ///
    /// # Errors
    /// The number belongs to another order, another buyer, or a trade that is over.
    pub(super) fn create(
        &mut self,
        order: Order,
        buyer: &'static str,
        now: Timestamp,
    ) -> Result<(Trade, bool), Failure> {
        let key = TradeKey::OutTradeNo(order.out_trade_no.clone());
        if let Some(trade) = self.find(&key) {
            if !trade.order.agrees(&order) {
                return Err(failure::CONTEXT_INCONSISTENT);
            }
            trade.may_pay(buyer)?;
            return Ok((trade.clone(), false));
        }
        self.last_trade += 1;
        let day = to_beijing(now).date().strftime("%Y%m%d").to_string();
        let trade_no = format!("{day}2200140{:013}", self.last_trade);
        self.trade_no_of
            .insert(order.out_trade_no.clone(), trade_no.clone());
        let trade = Trade::new(trade_no.clone(), order, buyer, now);
        self.trades.insert(trade_no, trade.clone());
        self.await_turn(&trade);
        Ok((trade, true))
    }

    /// The wallet pays.
    ///
    /// # Errors
    /// The trade is over, belongs to another wallet, or the wallet cannot cover it; then it still
    /// waits for its buyer.
    pub(super) fn pay(
        &mut self,
        key: &TradeKey,
        wallet: &Person,
        now: Timestamp,
    ) -> Result<Trade, Failure> {
        let spent = self.spent_fen(wallet.person);
        let trade = self.find_mut(key)?;
        trade.may_pay(wallet.person)?;
        let total_fen = trade.order.total_fen;
        if wallet
            .balance_fen
            .is_some_and(|balance| balance - spent < total_fen)
        {
            return Err(failure::BUYER_BALANCE_NOT_ENOUGH);
        }
        trade.paid(now);
        let paid = trade.clone();
        *self.spent_fen.entry(wallet.person).or_default() += total_fen;
        self.await_turn(&paid);
        Ok(paid)
    }

    /// The merchant closes an unpaid trade.
    ///
    /// # Errors
    /// Unknown, or not waiting for its buyer.
    pub(super) fn close(&mut self, key: &TradeKey, now: Timestamp) -> Result<Trade, Failure> {
        let trade = self.find_mut(key)?;
        trade.close(now)?;
        Ok(trade.clone())
    }

    /// The merchant gives money back.
    ///
    /// # Errors
    /// Unknown trade, empty merchant account, or what [`Trade::refund`] refuses.
    pub(super) fn refund(
        &mut self,
        key: &TradeKey,
        refund: Refund,
    ) -> Result<(Trade, Refunded), Failure> {
        let seller_empty = self.seller_empty;
        let trade = self.find_mut(key)?;
        let amount_fen = refund.amount_fen;
        let mut attempt = trade.clone();
        let outcome = attempt.refund(refund)?;
        if outcome == Refunded::Before {
            return Ok((attempt, outcome));
        }
        if seller_empty {
            return Err(failure::SELLER_BALANCE_NOT_ENOUGH);
        }
        *trade = attempt.clone();
        *self.spent_fen.entry(attempt.buyer).or_default() -= amount_fen;
        Ok((attempt, outcome))
    }

    /// The merchant takes a whole trade back: closes it unpaid, or refunds what is left of it.
    /// `None` when there is no such trade; the bool tells whether anything changed now.
    ///
    /// # Errors
    /// Finished, or the merchant account is empty.
    pub(super) fn cancel(
        &mut self,
        key: &TradeKey,
        now: Timestamp,
    ) -> Result<Option<(Trade, CancelAction, bool)>, Failure> {
        let Some(trade) = self.find(key) else {
            return Ok(None);
        };
        if let Some(action) = trade.cancelled {
            return Ok(Some((trade.clone(), action, false)));
        }
        let (action, changed) = match trade.status {
            Status::WaitBuyerPay => {
                self.close(key, now)?;
                (CancelAction::Close, true)
            }
            Status::TradeClosed if trade.paid_at.is_none() => (CancelAction::Close, false),
            Status::TradeClosed => (CancelAction::Refund, false),
            Status::TradeFinished => return Err(failure::TRADE_HAS_FINISHED),
            Status::TradeSuccess => {
                let refund = Refund {
                    out_request_no: format!("cancel_{}", trade.trade_no),
                    amount_fen: trade.order.total_fen - trade.refunded_fen(),
                    at: now,
                    reason: None,
                };
                self.refund(key, refund)?;
                (CancelAction::Refund, true)
            }
        };
        let trade = self.find_mut(key)?;
        trade.cancelled = Some(action);
        Ok(Some((trade.clone(), action, changed)))
    }

    /// Lets time pass over every trade whose turn has come; returns those it changed.
    pub(super) fn pass_time(&mut self, now: Timestamp) -> Vec<Trade> {
        let mut changed = Vec::new();
        while let Some(turn) = self.turns.first().filter(|(at, _)| *at <= now).cloned() {
            self.turns.remove(&turn);
            let Some(trade) = self.trades.get_mut(&turn.1) else {
                continue;
            };
            if trade.pass_time(now) {
                changed.push(trade.clone());
            }
        }
        changed
    }

    fn await_turn(&mut self, trade: &Trade) {
        if let Some(at) = trade.next_turn() {
            self.turns.insert((at, trade.trade_no.clone()));
        }
    }
}
