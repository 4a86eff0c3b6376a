//! What is said of points.

use super::Word;

pub(super) static WORDS: &[Word] = &[
    ("nav.points", "积分", "Points"),
    ("points.title", "积分与礼品", "Points and gifts"),
    ("points.gifts", "礼品与库存", "Gifts and stock"),
    ("points.gift", "礼品", "Gift"),
    ("points.change", "兑换分值与库存", "Points and stock"),
    ("points.cost", "所需积分", "Points"),
    ("points.stock", "库存", "Stock"),
    ("points.keep", "保存", "Keep"),
    ("points.add", "新增礼品", "Add a gift"),
    ("points.rules", "积分规则", "Rules"),
    ("points.rule", "规则名", "Rule"),
    ("points.per", "多少分钱得 1 积分", "Fen for one point"),
    (
        "points.most",
        "一次最多得多少积分",
        "At most for one payment",
    ),
    ("points.from", "自何日起", "From"),
    ("said.points_kept", "已保存。", "Kept."),
    (
        "fault.points_values",
        "数值不对：积分须大于 0，库存不能小于 0，名称 1 到 60 个字。",
        "A value is wrong: points are above 0, a stock is not below 0, a name has 1 to 60 characters.",
    ),
];
