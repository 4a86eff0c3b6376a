//! What is said of applications for a new user.

use super::Word;

pub(super) static WORDS: &[Word] = &[
    ("nav.openings", "新装申请", "Applications"),
    ("openings.title", "新装用电申请", "Applications for supply"),
    (
        "openings.what",
        "一人核查并提出意见，另一人决定；同意后交营销系统开户，结果告知申请人。",
        "One person checks and proposes, another decides; once agreed marketing opens the user, and the applicant is told.",
    ),
    (
        "openings.none",
        "没有待核查的申请。",
        "No application waits.",
    ),
    ("openings.filed", "申请时间", "Applied"),
    ("openings.stands", "进展", "Stands"),
    (
        "openings.proposed",
        "等待另一人决定",
        "Waits for another person",
    ),
    ("opening.title", "新装用电申请", "Application for supply"),
    ("opening.asked", "申请内容", "What is asked"),
    ("opening.place", "用电地址", "Place"),
    ("opening.text", "说明", "In their words"),
    ("opening.order", "工单号", "Work order"),
    ("opening.waiting", "等待核查", "Waits to be checked"),
    (
        "opening.state.filed",
        "已同意，正在转给营销系统",
        "Agreed, on its way to marketing",
    ),
    (
        "opening.state.accepted",
        "营销系统已受理",
        "Marketing has accepted it",
    ),
    ("opening.state.under_way", "正在办理", "Under way"),
    ("opening.state.resolved", "已开户", "Opened"),
    (
        "opening.state.declined",
        "未受理：营销系统不予受理，或申请人已无实名或手机号",
        "Declined: by marketing, or because the applicant is certified no more or has no phone",
    ),
    ("opening.decide", "核查与决定", "Check and decision"),
    (
        "opening.rule",
        "核对地址、现有户号和证明材料。理由只供内部查看，申请人看到的是所选结论。",
        "Check the place, what is supplied there and the papers. The reason stays inside; the applicant reads the verdict.",
    ),
    ("opening.verdict", "结论", "Verdict"),
    ("opening.propose", "提出意见", "Propose"),
    ("opening.back", "返回申请列表", "Back to the applications"),
    (
        "opening.counter",
        "柜台代办新装申请",
        "Apply at the counter",
    ),
    ("opening.counter_do", "登记申请", "Write it down"),
    ("verdict.open", "同意开户", "Open the user"),
    (
        "verdict.place_unknown",
        "不同意：地址无法确认",
        "Refuse: the place cannot be found",
    ),
    (
        "verdict.supplied_already",
        "不同意：该地址已有户号",
        "Refuse: the place is supplied already",
    ),
    (
        "verdict.papers_missing",
        "不同意：缺少证明材料",
        "Refuse: papers are missing",
    ),
    (
        "verdict.not_served",
        "不同意：不在供电范围",
        "Refuse: not our area",
    ),
    (
        "said.applied",
        "申请已登记。",
        "The application is on record.",
    ),
    (
        "said.opening_decided",
        "已决定，申请人会收到消息。",
        "Decided; the applicant will be told.",
    ),
    (
        "fault.not_certified",
        "申请人须先在支付宝完成实名认证并验证手机号。",
        "The applicant must be certified by Alipay and have a verified phone first.",
    ),
    (
        "fault.application",
        "请写明用电地址（2 到 120 字）和说明（5 到 1000 字）。",
        "Say where (2 to 120 characters) and what for (5 to 1000 characters).",
    ),
];
