//! What is said of a month of sold power behind a case: where a check task stands by `check_at.`, where a payout does by
//! `payout_at.`, and why it is held by `hold.`; and of months
//! that a reviewer has.

use super::Word;

pub(super) static WORDS: &[Word] = &[
    ("sold.month", "结算月份", "Month of sold power"),
    ("sold.account", "发电户号", "Generation number"),
    ("sold.asked", "用户核对", "What its owner was asked"),
    ("sold.version", "数据版本", "Version of the figures"),
    ("sold.net", "该月金额", "What the month is worth"),
    ("sold.payouts", "各笔付款", "Payouts"),
    ("sold.number", "付款编号", "Payout number"),
    ("sold.accepted", "已认可", "Accepted"),
    ("sold.ordered", "应付", "Ordered"),
    ("sold.paid", "实付", "Paid"),
    ("sold.kept", "退回后留存", "Kept after a return"),
    ("sold.this", "本事项所指", "this case is about it"),
    ("sold.stopped", "已停止", "stopped"),
    ("reviews.title", "复核中的结算", "Settlements in review"),
    (
        "reviews.none",
        "没有复核中的结算。",
        "No settlement is in review.",
    ),
    (
        "reviews.more",
        "仅显示送审最久的 200 项。",
        "Only the 200 that were handed over first are shown.",
    ),
    ("reviews.began", "送审时间", "Handed over"),
    ("reviews.round", "第几次送审", "Round"),
    ("check_at.OPEN", "待用户核对", "waits for its owner"),
    ("check_at.ANSWERED", "已认可", "accepted"),
    ("check_at.IN_REVIEW", "复核中", "in review"),
    ("check_at.DISPATCHED", "已发出付款", "sent to be paid"),
    ("check_at.SUPERSEDED", "已被新数据取代", "replaced"),
    ("payout_at.HELD", "暂缓", "held"),
    ("payout_at.QUEUED", "排队", "queued"),
    ("payout_at.SENDING", "发送中", "being sent"),
    ("payout_at.UNKNOWN", "结果未知", "unknown"),
    ("payout_at.PAID", "已付", "paid"),
    ("payout_at.RETURNED", "银行退回", "returned"),
    ("payout_at.WITHDRAWN", "已撤回", "withdrawn"),
    ("hold.unchecked", "付款条件待检查", "not looked at yet"),
    ("hold.figures_differ", "数字不一致", "figures differ"),
    (
        "hold.payee_not_holder",
        "收款人非户主",
        "payee is not the holder",
    ),
    ("hold.no_payee", "没有收款账号", "nobody to pay to"),
    (
        "hold.payee_young",
        "收款账号登记未满 72 小时",
        "the payee changed less than 72 hours ago",
    ),
    ("hold.refused", "付款平台未接受", "refused by the platform"),
    (
        "hold.returned",
        "待用户确认收款账号",
        "its owner confirms where it goes",
    ),
    (
        "hold.nothing_payable",
        "已没有应付金额",
        "nothing is left to pay",
    ),
    ("hold.staff", "由两人暂缓", "two persons hold it"),
    ("hold.contradiction", "事实矛盾", "something contradicts"),
];
