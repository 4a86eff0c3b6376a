//! What is said of what the archive was offered and has not answered.

use super::Word;

pub(super) static WORDS: &[Word] = &[
    (
        "offers.title",
        "尚未答复的档案补全",
        "Completions of the archive without an answer",
    ),
    (
        "offers.none",
        "没有尚未答复的档案补全。",
        "None is without an answer.",
    ),
    (
        "offers.more",
        "以上为等待最久的，其余未列出。",
        "These wait longest; there are others.",
    ),
    ("offers.asked", "提交时间", "Offered"),
    ("offers.days", "已等待（天）", "Days waited"),
    ("offers.under_way", "发送中", "On its way"),
    (
        "offers.given_up",
        "未获答复，不再发送",
        "No answer; not sent any more",
    ),
];
