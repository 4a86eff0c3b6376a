//! What is said of cases and approvals.

use super::Word;

pub(super) static WORDS: &[Word] = &[
    ("nav.cases", "待处理事项", "Cases"),
    ("cases.title", "待处理事项", "Cases"),
    (
        "cases.empty",
        "没有待处理的事项。",
        "Nothing waits for a person.",
    ),
    ("cases.kind", "类型", "Kind"),
    ("cases.subject", "对象", "About"),
    ("cases.opened", "发生于", "Opened"),
    ("cases.due", "处理期限", "Due"),
    ("cases.late", "已超期", "overdue"),
    ("cases.more", "后 50 项", "The next 50"),
    ("case.title", "事项", "Case"),
    ("case.closed", "已办结", "Closed"),
    ("case.facts", "不一致的事实", "The facts that differ"),
    ("case.rows", "相关记录", "The rows behind it"),
    ("case.machine", "记录", "Row"),
    ("case.state", "状态", "State"),
    ("case.sum", "金额", "Sum"),
    ("case.ends", "处理", "How it ends"),
    ("case.resolution", "处理方式", "What is to be done"),
    (
        "case.reason",
        "理由（不要写个人信息）",
        "Why (no personal data)",
    ),
    ("case.propose", "提出处理意见", "Propose"),
    (
        "case.four_eyes",
        "须由提出人以外的人员复核。",
        "Somebody else than the proposer decides.",
    ),
    ("case.agree", "同意并执行", "Agree and carry out"),
    ("case.refuse", "不同意", "Refuse"),
    ("case.again", "再次执行", "Carry out again"),
    (
        "kind.amount_mismatch",
        "实付金额与订单不符",
        "Another sum was paid than ordered",
    ),
    ("kind.contradiction", "事实矛盾", "A contradiction"),
    (
        "kind.foreign_refund",
        "渠道出现非本方退款",
        "A refund that is not ours",
    ),
    (
        "kind.posting_held",
        "入账待人工确认",
        "A posting that is held",
    ),
    (
        "kind.refund_blocked",
        "退款受阻",
        "A refund that is blocked",
    ),
    (
        "kind.dead_letter",
        "消息多次投递失败",
        "A message that could not be delivered",
    ),
    (
        "kind.holder_conflict",
        "户主身份冲突",
        "Two people claim one home",
    ),
    (
        "kind.account_conflict",
        "账户身份冲突",
        "Two identities met one account",
    ),
    (
        "kind.archive_conflict",
        "与营销档案不一致",
        "The archive holds something else",
    ),
    (
        "resolution.credit_home",
        "将实付金额记入该户",
        "Credit what was paid to the home",
    ),
    ("resolution.post", "入账", "Post it"),
    (
        "resolution.fence_and_post",
        "封存原流水号后重新入账",
        "Fence the number, then post anew",
    ),
    (
        "resolution.fence_and_refund",
        "封存原流水号后退款",
        "Fence the number, then refund",
    ),
    (
        "resolution.count_as_posted",
        "按营销系统记录确认已入账",
        "Count as posted, as marketing shows",
    ),
    ("resolution.refund", "退款", "Refund"),
    (
        "resolution.refund_again",
        "重新发起退款",
        "Send the refund again",
    ),
    (
        "resolution.refunded_by_hand",
        "已人工退款（附银行凭证）",
        "Refunded by hand, with the bank's proof",
    ),
    (
        "resolution.take_back",
        "从营销系统冲回",
        "Take back from marketing",
    ),
    (
        "resolution.settled",
        "已核实，无需处理",
        "Looked into; nothing is left to do",
    ),
    ("proposal.open", "待复核", "waits for another person"),
    ("proposal.approved", "已同意", "agreed"),
    ("proposal.refused", "不同意", "refused"),
    (
        "said.proposed",
        "已提出，等待他人复核。",
        "Proposed; another person decides.",
    ),
    ("said.refused", "已退回。", "Refused."),
    (
        "said.carried_out",
        "已执行并办结。",
        "Carried out; the case is closed.",
    ),
    (
        "said.unmoved",
        "目前的事实不允许这样处理，款项未移动；条件具备后可再次执行。",
        "The facts do not allow it yet and no money moved; carry it out again when they do.",
    ),
    (
        "fault.resolution",
        "没有这种处理方式。",
        "There is no such way.",
    ),
    (
        "fault.reason",
        "理由为 4 至 500 个字。",
        "A reason has 4 to 500 characters.",
    ),
    (
        "fault.same_person",
        "不能复核自己提出的意见；已记入审计。",
        "Nobody approves what they proposed themselves; it is noted.",
    ),
    (
        "fault.not_as_things_stand",
        "事项状态已变化，请刷新后再试。",
        "Things have changed. Look again.",
    ),
];
