//! What is said of the reports that decisions rest on.

use super::Word;

pub(super) static WORDS: &[Word] = &[
    ("nav.reports", "决策报表", "Reports"),
    ("reports.title", "决策报表", "Reports for decisions"),
    ("reports.rows", "明细", "Rows"),
    ("reports.behind", "查看", "Look"),
    ("reports.channels", "渠道使用", "Use of channels"),
    (
        "reports.channels_rule",
        "规则：所选日期内各渠道的请求数、上一期的请求数、占全部请求的千分比。",
        "Rule: requests of each channel in these days, in as many days before, and its part of a thousand requests.",
    ),
    ("reports.unmet", "未满足的需求", "Unmet demand"),
    (
        "reports.unmet_rule",
        "规则：未成功的请求按功能和回复代码计数，次数多的在前；逐条记录保留 7 天，更早的日期没有数据。",
        "Rule: requests that were not done, by function and what was answered, most first; single requests are kept for 7 days.",
    ),
    (
        "reports.unmet_scope",
        "未满足的需求不分地区，只有不限地区的人员可见。",
        "Unmet demand is not told by region: only staff of all regions see it.",
    ),
    ("reports.unfound", "没有结果的搜索", "Searches in vain"),
    (
        "reports.unfound_rule",
        "规则：公共信息搜索没有结果的词，同一进程一日内不足 5 次的、可能含号码的不记录；保留 62 天。",
        "Rule: words by which nothing public was found; those that fewer than 5 searches of a day used, or that may hold a number, are not written. Kept for 62 days.",
    ),
    ("reports.words", "搜索词", "Words"),
    ("reports.code", "回复代码", "Answered"),
    ("reports.times", "次数", "Times"),
    ("reports.arrears", "欠费成因", "Arrears by cause"),
    (
        "reports.arrears_rule",
        "规则：所选日期内下单缴纳欠费、但尚未销账的缴费单，按其当前状态归因；金额为下单金额。全部销账的不计。",
        "Rule: orders for arrears made in these days that led to no credited bill, by the state they stand in now; sums as ordered.",
    ),
    (
        "reports.arrears_few",
        "不足 5 人的成因不显示单数和金额，此时也不显示合计；导出文件中留空。",
        "Causes with fewer than 5 people show neither orders nor money, and then no sum is shown; in the file they are empty.",
    ),
    ("energy.title", "供用电量", "Power supplied and used"),
    (
        "energy.rule",
        "规则：数据中心按供电单位和日下发的供电量、用电量（千瓦时），按所选日期合计；差额为供电量减用电量；未下发的日期不计，天数为已下发的天数。",
        "Rule: kWh supplied and used as the data centre tells them by office and day, added up over these days; the difference is supplied less used. Days it has not told are left out: the days are those it has.",
    ),
    ("energy.days", "天数", "Days"),
    ("energy.supplied", "供电量", "Supplied"),
    ("energy.used", "用电量", "Used"),
    ("energy.difference", "差额", "Difference"),
    ("reports.sum", "合计", "Sum"),
    (
        "reports.sum_shown",
        "以上各单合计",
        "Sum of the orders above",
    ),
    ("reports.back", "返回决策报表", "Back to the reports"),
    ("reports.cause", "成因", "Cause"),
    ("reports.orders", "单数", "Orders"),
    (
        "reports.not_opened",
        "下单后未打开收银台",
        "Ordered, the cashier was never reached",
    ),
    (
        "reports.not_paid",
        "打开收银台但未支付",
        "Reached the cashier, not paid in time",
    ),
    ("reports.waiting", "等待支付", "Waits for the payer"),
    (
        "reports.uncredited",
        "已支付，待销账",
        "Paid, not credited yet",
    ),
    (
        "reports.suspense",
        "已支付，待人工处理",
        "Paid, needs a person",
    ),
    ("reports.given_back", "已支付，已退回", "Paid, given back"),
    (
        "case.if_not_due",
        "付款人的选择（到账时已不用缴的）：",
        "What the payer chose for money that is not due any more:",
    ),
    (
        "case.kept_if_not_due",
        "留作预存",
        "it is kept as prepayment",
    ),
    ("case.back_if_not_due", "原路退回", "it goes back"),
];
