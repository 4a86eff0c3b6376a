//! What is said of bans.

use super::Word;

pub(super) static WORDS: &[Word] = &[
    ("bans.title", "封禁", "Bans"),
    (
        "bans.what",
        "系统对滥用入口的来源自动封禁，到期自动解除；解除须写明原因并输入动态口令，一秒内在所有节点生效。",
        "Who abuses the doors is shut out for a while. Lifting a ban takes a reason and a code, and works on every node within a second.",
    ),
    ("bans.none", "没有封禁。", "There is no ban."),
    ("bans.subject", "来源", "Who"),
    ("bans.scope", "范围", "Kind"),
    ("bans.reason", "原因", "Reason"),
    ("bans.rung", "第几次", "Rung"),
    ("bans.began", "开始", "Began"),
    ("bans.ends", "结束", "Ends"),
    ("bans.state", "状态", "State"),
    ("bans.lift", "解除", "Lift"),
    ("bans.why", "解除原因", "Reason"),
    ("bans.older", "更早的封禁", "Older bans"),
    ("bans.address", "单个地址", "Address"),
    ("bans.network", "网段", "Network"),
    ("bans.account", "用户", "Account"),
    (
        "bans.flood",
        "被拒后仍持续请求，或出示无效凭证",
        "Went on after refusals, or showed tokens nobody issued",
    ),
    (
        "bans.logins",
        "对多个登录名试错",
        "Wrong proofs for many logins",
    ),
    (
        "bans.homes",
        "试探多个不属于自己的户号",
        "Many numbers of homes that were not theirs",
    ),
    ("bans.id_numbers", "试探多个身份证号", "Many ID numbers"),
    (
        "bans.neighbours",
        "同网段多个来源被封禁",
        "Many bans in one network",
    ),
    ("bans.runs", "生效中", "Runs"),
    ("bans.over", "已到期", "Over"),
    ("bans.lifted", "已解除", "Lifted"),
    ("said.ban_lifted", "已解除封禁。", "The ban is lifted."),
];
