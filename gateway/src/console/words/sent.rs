//! What is said of the reports to the company.

use super::Word;

pub(super) static WORDS: &[Word] = &[
    ("sent.title", "上报与基础数据", "Reports to the company"),
    (
        "sent.what",
        "每日向上级公司、数据中心和基础数据平台报送的汇总，不含个人，不足 5 的格为空；未收到回执的会重复报送。",
        "Daily sums for the superior company, the data centre and the basic data platform, without persons; cells below 5 are empty. Repeated until a receipt comes.",
    ),
    ("sent.to", "接收方", "To"),
    ("sent.company", "上级公司", "Superior company"),
    ("sent.data_centre", "数据中心", "Data centre"),
    ("sent.basic_data", "基础数据平台", "Basic data platform"),
    ("sent.made", "生成时间", "Made"),
    ("sent.receipt", "回执", "Receipt"),
    ("sent.none", "未收到", "None yet"),
    ("sent.words", "内容（摘要）", "Words (digest)"),
    (
        "sent.offices",
        "供电单位（基础数据平台）",
        "Offices (basic data platform)",
    ),
    ("sent.name", "名称", "Name"),
    ("sent.named", "最近一次下发", "Last named"),
];
