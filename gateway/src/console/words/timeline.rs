//! What is said of lines of time.

use super::Word;

pub(super) static WORDS: &[Word] = &[
    ("nav.timeline", "时间线", "Timeline"),
    ("timeline.title", "时间线", "Timeline"),
    (
        "timeline.what",
        "按编号查看一个用户、一户或一笔缴费的全部经过；不含姓名、电话、地址和完整户号。每次查看都会记入审计。",
        "Everything that happened to one person, home or payment, by id; without names, phones, addresses or full numbers. Each look is in the audit.",
    ),
    ("timeline.kind", "对象", "Of"),
    ("timeline.payment", "缴费", "Payment"),
    ("timeline.account", "用户", "Person"),
    ("timeline.home", "绑定的户", "Linked home"),
    ("timeline.id", "编号", "Id"),
    ("timeline.show", "查看", "Show"),
    ("timeline.older", "更早的经过", "What was before"),
    ("timeline.at", "时间", "When"),
    ("timeline.source", "来源", "From"),
    ("timeline.event", "事件", "What"),
    ("timeline.amount", "金额（元）", "Yuan"),
    ("timeline.trace", "跟踪号", "Trace"),
    ("timeline.of_tap", "用户操作", "Tap"),
    ("timeline.of_call", "外部系统", "Outside"),
    ("timeline.of_ledger", "账本", "Ledger"),
    ("timeline.of_notice", "站内消息", "Notice"),
    ("timeline.of_sms", "短信", "SMS"),
    ("timeline.of_case", "工单", "Case"),
    ("timeline.of_audit", "审计", "Audit"),
    (
        "fault.timeline_id",
        "编号应为完整的 36 位编号，对象为用户、绑定的户或缴费。",
        "An id has 36 characters; of a person, a linked home or a payment.",
    ),
];
