//! What is said of ending a cooperation with somebody who sells power.

use super::Word;

pub(super) static WORDS: &[Word] = &[
    ("nav.cooperations", "终止发电合作", "Ends of cooperation"),
    ("cooperations.title", "终止发电合作", "Ends of cooperation"),
    (
        "cooperations.what",
        "发电户申请的，或由本单位提出的终止合作。须由两人办理；终止后其密钥、备案与个人数据表一并删除，账目金额保留。在途付款结清前不会删除。",
        "Ends that sellers asked for or that we want. Two persons decide. Keys, reserve and personal data table are erased then; the sums in the books stay. Nothing is erased before every payout is final.",
    ),
    (
        "cooperations.none",
        "没有待处理的终止申请。",
        "No end of a cooperation waits.",
    ),
    ("cooperations.account", "发电账户", "Generation account"),
    (
        "cooperations.want",
        "提出终止合作",
        "Propose the end of a cooperation",
    ),
    (
        "cooperations.number",
        "发电户号（10 或 13 位数字）",
        "Generation number (10 or 13 digits)",
    ),
    (
        "resolution.end_cooperation",
        "终止合作并删除密钥、备案与个人数据表",
        "End the cooperation; erase keys, reserve and personal data table",
    ),
    (
        "fault.generation_no",
        "发电户号为 10 或 13 位数字。",
        "A generation number has 10 or 13 digits.",
    ),
];
