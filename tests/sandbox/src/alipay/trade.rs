//! One trade: what was ordered, who pays, and the states it may pass through.
//!
//! `WAIT_BUYER_PAY` -> `TRADE_SUCCESS` -> `TRADE_FINISHED` when the refund window is over;
//! `WAIT_BUYER_PAY` -> `TRADE_CLOSED` by timeout or close; `TRADE_SUCCESS` -> `TRADE_CLOSED` by a full
//! refund. Nothing else.

use jiff::{SignedDuration, Timestamp};

use super::failure::{self, Failure};

/// How long a paid trade may be refunded.
const REFUND_WINDOW: SignedDuration = SignedDuration::from_hours(90 * 24);
/// How long an order may be paid when it says nothing.
const TIMEOUT_DEFAULT: SignedDuration = SignedDuration::from_hours(15 * 24);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    WaitBuyerPay,
    TradeSuccess,
    TradeFinished,
    TradeClosed,
}

impl Status {
    /// As Alipay writes it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::WaitBuyerPay => "WAIT_BUYER_PAY",
            Self::TradeSuccess => "TRADE_SUCCESS",
            Self::TradeFinished => "TRADE_FINISHED",
            Self::TradeClosed => "TRADE_CLOSED",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Product {
    /// Created by the server, paid inside the mini program.
    Jsapi,
    /// A signed link; the trade begins in the cashier.
    Wap,
}

impl Product {
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Jsapi => "JSAPI_PAY",
            Self::Wap => "QUICK_WAP_WAY",
        }
    }
}

/// Until when an order may be paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Deadline {
    /// `time_expire`: an absolute moment.
    pub(super) at: Option<Timestamp>,
    /// `timeout_express`: counted from the trade's creation.
    pub(super) after: Option<SignedDuration>,
}

impl Deadline {
    /// When a trade created at `created` closes unpaid: the earlier of both.
    fn of_trade(self, created: Timestamp) -> Timestamp {
        let after = self
            .after
            .or_else(|| self.at.is_none().then_some(TIMEOUT_DEFAULT));
        let counted = after.and_then(|d| created.checked_add(d).ok());
        match (self.at, counted) {
            (Some(at), Some(counted)) => at.min(counted),
            (at, counted) => at.or(counted).unwrap_or(Timestamp::MAX),
        }
    }
}

/// What the merchant asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) out_trade_no: String,
    pub(super) product: Product,
    pub(super) total_fen: i64,
    pub(super) subject: String,
    pub(super) body: Option<String>,
    pub(super) passback_params: Option<String>,
    pub(super) notify_url: Option<String>,
    /// The merchant knows Alipay by its certificate: notices are signed under it.
    pub(super) by_certificate: bool,
    pub(super) deadline: Deadline,
}

impl Order {
    /// Whether a repeat under the same number asks for the same thing.
    pub(super) fn agrees(&self, other: &Self) -> bool {
        self.product == other.product
            && self.total_fen == other.total_fen
            && self.subject == other.subject
    }
}

/// Money given back under one number.
#[derive(Debug, Clone)]
pub(super) struct Refund {
    pub(super) out_request_no: String,
    pub(super) amount_fen: i64,
    pub(super) at: Timestamp,
    pub(super) reason: Option<String>,
}

/// What `trade.cancel` did; a repeat answers the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CancelAction {
    /// The unpaid trade was closed.
    Close,
    /// The paid trade was given back.
    Refund,
}

#[derive(Debug, Clone)]
pub(super) struct Trade {
    pub(super) trade_no: String,
    pub(super) order: Order,
    /// The paying wallet's person.
    pub(super) buyer: &'static str,
    pub(super) status: Status,
    pub(super) created_at: Timestamp,
    pub(super) expires_at: Timestamp,
    pub(super) paid_at: Option<Timestamp>,
    pub(super) closed_at: Option<Timestamp>,
    pub(super) refunds: Vec<Refund>,
    pub(super) cancelled: Option<CancelAction>,
}

/// What became of a refund call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refunded {
    /// Money moved now: `fund_change=Y`.
    Now,
    /// This number was already refunded: `fund_change=N`.
    Before,
}

impl Trade {
    pub(super) fn new(trade_no: String, order: Order, buyer: &'static str, now: Timestamp) -> Self {
        Self {
            trade_no,
            buyer,
            status: Status::WaitBuyerPay,
            created_at: now,
            expires_at: order.deadline.of_trade(now),
            paid_at: None,
            closed_at: None,
            refunds: Vec::new(),
            cancelled: None,
            order,
        }
    }

    /// All that was given back so far.
    pub(super) fn refunded_fen(&self) -> i64 {
        self.refunds.iter().map(|r| r.amount_fen).sum()
    }

    /// When time alone changes this trade next.
    pub(super) fn next_turn(&self) -> Option<Timestamp> {
        match self.status {
            Status::WaitBuyerPay => Some(self.expires_at),
            Status::TradeSuccess => self.paid_at.and_then(|p| p.checked_add(REFUND_WINDOW).ok()),
            Status::TradeFinished | Status::TradeClosed => None,
        }
    }

    /// Lets time do what it does at `now`; true when the state changed.
    pub(super) fn pass_time(&mut self, now: Timestamp) -> bool {
        let Some(turn) = self.next_turn().filter(|turn| *turn <= now) else {
            return false;
        };
        match self.status {
            Status::WaitBuyerPay => {
                self.status = Status::TradeClosed;
                self.closed_at = Some(turn);
            }
            _ => self.status = Status::TradeFinished,
        }
        true
    }

    /// Whether the buyer may pay now.
    ///
    /// # Errors
    /// Paid, closed, or another wallet's trade.
    pub(super) fn may_pay(&self, buyer: &str) -> Result<(), Failure> {
        match self.status {
            Status::WaitBuyerPay if self.buyer != buyer => Err(failure::TRADE_BUYER_NOT_MATCH),
            Status::WaitBuyerPay => Ok(()),
            Status::TradeSuccess | Status::TradeFinished => Err(failure::TRADE_HAS_SUCCESS),
            Status::TradeClosed => Err(failure::TRADE_HAS_CLOSE),
        }
    }

    /// The money arrived. Call after [`Trade::may_pay`] agreed.
    pub(super) fn paid(&mut self, now: Timestamp) {
        self.status = Status::TradeSuccess;
        self.paid_at = Some(now);
    }

    /// The merchant closes an unpaid trade.
    ///
    /// # Errors
    /// Any other state.
    pub(super) fn close(&mut self, now: Timestamp) -> Result<(), Failure> {
        if self.status != Status::WaitBuyerPay {
            return Err(failure::CLOSE_STATUS_INVALID);
        }
        self.status = Status::TradeClosed;
        self.closed_at = Some(now);
        Ok(())
    }

    /// Gives money back; the same number moves money only once.
    ///
    /// # Errors
    /// The trade is unpaid or finished, the sum is more than is left, or the number was used for
    /// another sum.
    pub(super) fn refund(&mut self, refund: Refund) -> Result<Refunded, Failure> {
        let same_no = |r: &&Refund| r.out_request_no == refund.out_request_no;
        if let Some(earlier) = self.refunds.iter().find(same_no) {
            return if earlier.amount_fen == refund.amount_fen {
                Ok(Refunded::Before)
            } else {
                Err(failure::REFUND_DISCORDANT)
            };
        }
        if self.paid_at.is_none() {
            return Err(failure::TRADE_STATUS_ERROR);
        }
        if self.status == Status::TradeFinished {
            return Err(failure::TRADE_HAS_FINISHED);
        }
        if self.refunded_fen() + refund.amount_fen > self.order.total_fen {
            return Err(failure::REFUND_FEE_ERR);
        }
        let at = refund.at;
        self.refunds.push(refund);
        if self.refunded_fen() == self.order.total_fen {
            self.status = Status::TradeClosed;
            self.closed_at = Some(at);
        }
        Ok(Refunded::Now)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_795_000_000 + second).unwrap()
    }

    fn trade(total_fen: i64) -> Trade {
        let order = Order {
            out_trade_no: "LL1".into(),
            product: Product::Jsapi,
            total_fen,
            subject: "电费".into(),
            body: None,
            passback_params: None,
            notify_url: None,
            by_certificate: false,
            deadline: Deadline {
                at: Some(at(900)),
                after: None,
            },
        };
        Trade::new("T1".into(), order, "li-ming", at(0))
    }

    fn refund(no: &str, amount_fen: i64) -> Refund {
        Refund {
            out_request_no: no.into(),
            amount_fen,
            at: at(100),
            reason: None,
        }
    }

    #[test]
    fn an_unpaid_trade_closes_at_its_moment_and_takes_no_money_after() {
        let mut trade = trade(100);
        assert!(!trade.pass_time(at(899)));
        assert!(trade.pass_time(at(2000)));
        assert_eq!(
            trade.closed_at,
            Some(at(900)),
            "closed when it fell due, not when seen"
        );
        assert_eq!(trade.may_pay("li-ming"), Err(failure::TRADE_HAS_CLOSE));
        assert_eq!(
            trade.refund(refund("r", 1)),
            Err(failure::TRADE_STATUS_ERROR)
        );
        assert_eq!(trade.close(at(2001)), Err(failure::CLOSE_STATUS_INVALID));
    }

    #[test]
    fn a_paid_trade_is_finished_after_the_refund_window() {
        let mut trade = trade(100);
        trade.paid(at(10));
        assert!(
            !trade.pass_time(at(900)),
            "the payment deadline no longer counts"
        );
        assert!(trade.pass_time(at(10) + REFUND_WINDOW));
        assert_eq!(trade.status, Status::TradeFinished);
        assert_eq!(
            trade.refund(refund("r", 1)),
            Err(failure::TRADE_HAS_FINISHED)
        );
    }

    #[test]
    fn the_earlier_deadline_wins() {
        let deadline = |at, mins: Option<i64>| Deadline {
            at,
            after: mins.map(SignedDuration::from_mins),
        };
        assert_eq!(deadline(Some(at(900)), Some(5)).of_trade(at(0)), at(300));
        assert_eq!(deadline(Some(at(900)), Some(60)).of_trade(at(0)), at(900));
        assert_eq!(deadline(Some(at(900)), None).of_trade(at(0)), at(900));
        assert_eq!(deadline(None, Some(5)).of_trade(at(60)), at(360));
        assert_eq!(deadline(None, None).of_trade(at(0)), at(15 * 86_400));
    }

    #[test]
    fn a_refund_number_moves_money_once_and_only_for_one_sum() {
        let mut trade = trade(100);
        trade.paid(at(1));
        assert_eq!(trade.refund(refund("a", 30)), Ok(Refunded::Now));
        assert_eq!(trade.refund(refund("a", 30)), Ok(Refunded::Before));
        assert_eq!(
            trade.refund(refund("a", 31)),
            Err(failure::REFUND_DISCORDANT)
        );
        assert_eq!(trade.refund(refund("b", 71)), Err(failure::REFUND_FEE_ERR));
        assert_eq!(trade.status, Status::TradeSuccess);
        assert_eq!(trade.refund(refund("b", 70)), Ok(Refunded::Now));
        assert_eq!(trade.status, Status::TradeClosed);
        assert_eq!(
            trade.refund(refund("b", 70)),
            Ok(Refunded::Before),
            "a late repeat is no error"
        );
        assert_eq!(trade.refund(refund("c", 1)), Err(failure::REFUND_FEE_ERR));
    }

    proptest! {
        #[test]
        fn never_more_back_than_was_paid(
            total in 1_i64..10_000,
            parts in proptest::collection::vec((0_u8..6, 1_i64..6_000), 0..30),
        ) {
            let mut trade = trade(total);
            trade.paid(at(1));
            let mut moved = 0;
            for (no, amount) in parts {
                if trade.refund(refund(&format!("r{no}"), amount)) == Ok(Refunded::Now) {
                    moved += amount;
                }
                prop_assert_eq!(trade.refunded_fen(), moved);
                prop_assert!(moved <= total);
                prop_assert_eq!(trade.status == Status::TradeClosed, moved == total);
            }
        }
    }
}
