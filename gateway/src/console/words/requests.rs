//! What is said of what people asked of the utility.

use super::Word;

pub(super) static WORDS: &[Word] = &[
    ("nav.requests", "诉求与举报", "Requests"),
    ("requests.title", "诉求与举报", "Requests and reports"),
    (
        "requests.what",
        "住户提出的举报、意见、账单异议、错缴和用电申请，及营销系统工单的进度。列表不显示原文，点开才显示，每次查看均有记录。匿名举报不显示提出人。",
        "What households reported, said, disputed or applied for, with the state of the work orders in marketing. Their words stand on the page of each, and every look at it is written down. An anonymous report names nobody.",
    ),
    ("requests.kind", "类别", "Kind"),
    ("requests.state", "进度", "State"),
    ("requests.moved", "最近变化", "Last change"),
    ("requests.nobody", "匿名或已注销", "anonymous, or gone"),
    (
        "requests.none",
        "没有符合条件的诉求。",
        "There is no such request.",
    ),
    ("request.title", "诉求详情", "Request"),
    ("request.text", "原文", "In their words"),
    ("request.place", "地点", "Place"),
    ("request.filed", "提交时间", "Filed"),
    (
        "request.payment",
        "这笔缴费的时间线",
        "Line of time of the payment",
    ),
    (
        "request.application",
        "核查这份申请",
        "The check of this application",
    ),
    ("case.asked", "查看这份诉求", "Read the request"),
    ("request.back", "返回诉求列表", "Back to the requests"),
    ("request.kind.illegal_use", "窃电举报", "Illegal use"),
    ("request.kind.feedback", "意见建议", "Feedback"),
    ("request.kind.bill_dispute", "账单异议", "Disputed bill"),
    ("request.kind.wrong_payment", "错缴", "Wrong payment"),
    (
        "request.kind.new_user",
        "新装用电申请",
        "Application to be supplied",
    ),
    (
        "request.state.filed",
        "已登记，待送营销",
        "Filed, on its way to marketing",
    ),
    (
        "request.state.accepted",
        "营销已受理",
        "Accepted by marketing",
    ),
    ("request.state.under_way", "办理中", "Under way"),
    ("request.state.resolved", "已办结", "Resolved"),
    ("request.state.declined", "不予办理", "Declined"),
];
