//! What is said of a seller's readings that were refused.

use super::Word;

pub(super) static WORDS: &[Word] = &[
    (
        "kind.reading_refused",
        "发电数据未通过校验",
        "Readings of sold power refused",
    ),
    (
        "resolution.reading_corrected",
        "采集系统已更正，重新采集并送核对",
        "Corrected at the head-end: collect and send to be checked",
    ),
    (
        "said.reading_still_wrong",
        "采集系统的数据仍未通过校验，事项未关闭。",
        "The head-end's readings are still refused; the case stays open.",
    ),
    ("reading.title", "发电数据复核", "Readings looked at again"),
    (
        "reading.look",
        "按采集系统当前数据复核",
        "Look at what the head-end says now",
    ),
    ("reading.period", "月份", "Month"),
    ("reading.found", "校验结果", "What was found"),
    ("reading.days", "有数据的天数", "Days with readings"),
    ("reading.gaps", "缺少的日期", "Days missing"),
    ("reading.net", "重新计算的金额", "Amount made again"),
    ("reading.lines", "计算过程", "How it is made"),
    ("reading.back", "返回事项", "Back to the case"),
    (
        "reading.rule",
        "读数以采集系统为准：在那里更正后，由一人提出、另一人同意，再重新采集、结算并送用户核对。",
        "The readings are the head-end's: once corrected there, one person proposes and another agrees; then they are collected, settled and sent to be checked.",
    ),
    (
        "reading.nothing",
        "采集系统没有该月数据",
        "The head-end has nothing of this month",
    ),
    ("reading.right", "通过校验", "They can be"),
    (
        "reading.unsettled",
        "通过校验，暂不能结算（缺日或缺价）",
        "They can be, and cannot be settled yet (days or prices missing)",
    ),
    ("reading.negative", "电量为负", "Negative energy"),
    (
        "reading.more_than_generated",
        "上网电量大于发电量",
        "More fed in than generated",
    ),
    (
        "reading.twice",
        "日期或时段重复",
        "A day or a part of it is told twice",
    ),
    ("reading.other_month", "不属于该月", "Not of this month"),
    (
        "reading.no_parts",
        "当天没有任何时段",
        "A day without any part",
    ),
    (
        "reading.too_much",
        "电量超出合理范围",
        "Energy beyond any roof",
    ),
    (
        "reading.clock",
        "采集时间异常",
        "The head-end's clock is wrong",
    ),
    ("reading.unreadable", "数据无法读取", "They cannot be read"),
];
