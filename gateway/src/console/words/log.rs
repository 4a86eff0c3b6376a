//! What is said of the system log.

use super::Word;

pub(super) static WORDS: &[Word] = &[
    ("nav.log", "系统日志", "System log"),
    ("log.title", "系统日志", "System log"),
    (
        "log.what",
        "何人、何时、从何处、做了什么、结果如何；只增不改，逐条相连。不含个人信息。每次查看也会记入。",
        "Who did what, when, from where, with what result; only ever added to, each line linked to the one before. No personal data. Each look is a line itself.",
    ),
    (
        "log.own",
        "日志不分地区：您的辖区不是全部，只显示您本人的记录。",
        "Lines have no region: as you see a part of the regions, these are your own lines.",
    ),
    ("log.who", "何人（登录名或编号）", "Who (login or id)"),
    (
        "log.act",
        "操作（或开头，如 cases.）",
        "Act (or its beginning: cases.)",
    ),
    ("log.subject", "对象编号", "About (id)"),
    ("log.outcome", "结果", "Outcome"),
    ("log.source", "来源地址", "From"),
    (
        "log.none",
        "该范围内没有记录。请扩大日期范围或取消筛选。",
        "There is no line in this span. Widen the dates or drop a filter.",
    ),
    ("log.older", "更早的记录", "Older lines"),
    ("came.ok", "完成", "done"),
    ("came.unlimited", "不限次数", "no limit"),
    ("came.WRONG_PASSWORD", "密码错误", "wrong password"),
    ("came.NO_PHONE", "没有验证过的手机号", "no verified phone"),
    ("came.NO_CODE", "不能再发验证码", "no code may be sent now"),
    ("came.CODE_SENT", "已发验证码", "a code was sent"),
    (
        "came.TOKEN_REUSED",
        "旧凭据被重复使用",
        "a spent token came back",
    ),
];
