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
    ("points.until", "到何日止（含）", "Last day"),
    ("points.end", "终止", "End"),
    ("nav.exchanges", "礼品领取", "Gifts to hand out"),
    ("exchanges.title", "礼品领取", "Gifts to hand out"),
    (
        "exchanges.what",
        "已兑换、待领取的礼品。请来领的人出示兑换号，输入后登记发放；登记有误的，登记人可在一天内撤销。",
        "Gifts that were exchanged and wait. Whoever comes for one shows its number: type it to note that it was handed out. Whoever noted it by mistake takes it back within a day.",
    ),
    ("exchanges.number", "兑换号", "Number"),
    ("exchanges.none", "没有待领取的礼品。", "No gift waits."),
    (
        "exchanges.none_here",
        "这一页没有您范围内的礼品，请看下一页。",
        "Nothing on this page is within your scope. See the next one.",
    ),
    (
        "exchanges.none_numbered",
        "没有这个兑换号，或不在您的范围内。请核对后再查。",
        "There is no such number, or it is not within your scope. Compare it and look again.",
    ),
    ("exchanges.exchanged", "兑换时间", "Exchanged"),
    ("exchanges.handed", "领取", "Handed out"),
    ("exchanges.hand_out", "登记发放", "Hand out"),
    ("exchanges.waits", "待领取", "Waits"),
    (
        "exchanges.before",
        "登记启用前的兑换",
        "Before this was noted",
    ),
    (
        "exchanges.take_back",
        "撤销发放",
        "Not handed out after all",
    ),
    (
        "said.not_handed",
        "已撤销，礼品仍待领取。",
        "Taken back: the gift waits still.",
    ),
    ("said.handed_out", "已登记发放。", "Handed out."),
    (
        "fault.exchange_no",
        "兑换号是 10 位数字或字母 A 到 F。",
        "A number has ten digits or letters from A to F.",
    ),
    (
        "fault.exchange_other",
        "兑换号与这件礼品不符，没有登记。请核对来领的人出示的号码。",
        "This is not the number of this gift, and nothing was noted. Compare it with what the person shows.",
    ),
    (
        "fault.points_until",
        "请选择今天或以后的日期，且不早于规则开始之日，也不晚于已定的终止日。",
        "Choose today or a later day, none before the rule begins and none after the last day it has.",
    ),
    ("said.points_kept", "已保存。", "Kept."),
    (
        "fault.points_values",
        "数值不对：积分须大于 0，库存不能小于 0，名称 1 到 60 个字。",
        "A value is wrong: points are above 0, a stock is not below 0, a name has 1 to 60 characters.",
    ),
];
