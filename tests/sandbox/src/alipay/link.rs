//! A payment link (`alipay.trade.wap.pay`) somebody opened. Opening it makes no trade: the trade
//! begins when a wallet signs in at the cashier, and until `time_expire` the link keeps opening,
//! whatever the merchant has closed meanwhile.

use jiff::Timestamp;

use super::trade::Order;

#[derive(Debug, Clone)]
pub(super) struct Link {
    pub(super) order: Order,
    pub(super) return_url: Option<String>,
}

impl Link {
    /// Whether the link still leads to a cashier.
    pub(super) fn opens(&self, now: Timestamp) -> bool {
        self.order.deadline.at.is_none_or(|expire| now < expire)
    }
}
