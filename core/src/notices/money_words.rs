//! The words of money that arrived, came back, or is late on its way back.

use super::notice::Receipt;
use super::words::{Words, moment};

pub(super) fn credited(receipt: &Receipt) -> Words {
    let (tail, yuan, moment) = of_money(receipt);
    Words {
        title: "电费已入账",
        body: format!("您为尾号 {tail} 的户号缴纳的 {yuan} 元已于{moment}入账。"),
    }
}

pub(super) fn refunded(receipt: &Receipt) -> Words {
    let (tail, yuan, moment) = of_money(receipt);
    Words {
        title: "退款已完成",
        body: format!(
            "您为尾号 {tail} 的户号支付的 {yuan} 元已于{moment}原路退回。\
             如仍有应交电费，首页会显示。"
        ),
    }
}

/// Nothing is promised that is not known: how it goes back may still be for two persons to decide.
pub(super) fn refund_late(receipt: &Receipt) -> Words {
    let (tail, yuan, moment) = of_money(receipt);
    Words {
        title: "退款比预计的慢",
        body: format!(
            "您为尾号 {tail} 的户号支付的 {yuan} 元自{moment}起退款，已超过一天，至今没有退完，比我们说的晚了。\
             这笔钱有账可查，我们仍在办理，您不用再做什么；退回后会再通知您。"
        ),
    }
}

fn of_money(receipt: &Receipt) -> (&str, String, String) {
    let yuan = receipt.amount_fen.yuan();
    (&receipt.consumer_tail, yuan, moment(receipt.happened_at))
}
