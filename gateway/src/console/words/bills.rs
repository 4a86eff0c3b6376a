//! What is said of bills that are verified.

use super::Word;

pub(super) static WORDS: &[Word] = &[
    ("bill.title", "账单核验", "A bill made again"),
    ("bill.period", "账期（年-月）", "Month (year-month)"),
    ("bill.show", "核验", "Make it again"),
    ("bill.look", "核验账单", "Check bills"),
    (
        "bill.held",
        "正在核对：核对结束前该户不能下单缴费。",
        "Being verified: no order is made for this home until it is decided.",
    ),
    ("bill.findings", "不一致之处", "What differs"),
    (
        "bill.right",
        "各项均可由读数和电价重新算出，分毫不差。",
        "Everything can be made again from readings and prices, to the fen.",
    ),
    ("bill.place", "位置", "Where"),
    ("bill.stated", "账单所列", "Stated"),
    ("bill.recomputed", "重新计算", "Made again"),
    ("bill.lines", "费用明细", "Lines"),
    ("bill.formula", "算式", "Formula"),
    ("bill.differs", "不一致", "differs"),
    ("bill.total", "合计", "Total"),
    ("bill.meters", "表计读数", "Readings"),
    (
        "bill.none",
        "该户还没有账单。",
        "This home has no bill yet.",
    ),
    (
        "bill.not_listed",
        "营销系统暂时没有给出各期账单。请填写账期，逐期核验。",
        "Marketing does not list the bills for now. Type a month to make one again.",
    ),
    (
        "bill.left",
        "当时的客户已不再关联这一户，账单请在营销系统中查看。",
        "Whoever it was about has left the home since: look at the bill in the marketing system.",
    ),
    ("bill.months", "各期账单", "Bills by month"),
    ("bill.month", "账期", "Month"),
    ("bill.energy", "电量（度）", "Energy (kWh)"),
    ("bill.paid", "缴费", "Payment"),
    ("bill.is_paid", "已缴清", "paid"),
    ("bill.is_open", "待缴", "open"),
    ("bill.compared", "与上期比较：", "Compared with"),
    ("bill.more_energy", "电量变化", "Energy"),
    ("bill.more_days", "天数变化", "Days"),
    ("bill.more_charge", "电费变化", "Charge"),
    ("bill.by_energy", "其中因电量", "Of that, by energy"),
    (
        "bill.by_price",
        "其中因电价与阶梯",
        "Of that, by price and step",
    ),
    ("bill.flag", "标记为有疑问", "Flag this bill"),
    (
        "bill.flag_what",
        "标记后，该户在核对结束前不能下单缴费，并通知所有关联的人；由两人决定如何结束。",
        "No order is made for the home until two persons have decided, and everybody linked is told.",
    ),
    (
        "said.bill_flagged",
        "已标记，待两人核对。",
        "Flagged; two persons decide.",
    ),
    (
        "said.still_wrong",
        "营销系统中的账单仍有不一致，未解除。",
        "The bill is still wrong at marketing; it was not released.",
    ),
    (
        "fault.period",
        "账期应为年-月，例如 2026-10。",
        "A month is written as 2026-10.",
    ),
    (
        "kind.bill_differs",
        "账单复算不一致",
        "A bill that cannot be made again",
    ),
    ("kind.bill_flagged", "账单有疑问", "A flagged bill"),
    (
        "resolution.bill_stands",
        "账单无误，解除",
        "The bill stands: release it",
    ),
    (
        "resolution.bill_corrected",
        "营销系统已更正，复算一致后解除",
        "Corrected at marketing: release it once it can be made again",
    ),
];
