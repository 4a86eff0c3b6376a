//! What is said of tasks, dependencies and refused requests.

use super::Word;

pub(super) static WORDS: &[Word] = &[
    ("nav.system", "系统", "System"),
    ("nav.why", "请求查询", "Why refused"),
    ("system.title", "系统运行", "System"),
    ("system.services", "依赖服务", "What it depends on"),
    ("system.jobs", "定时任务", "Timed tasks"),
    ("system.job", "任务", "Task"),
    ("system.every", "周期", "Every"),
    ("system.last", "上次执行", "Last"),
    ("system.outcome", "结果", "Outcome"),
    ("system.next", "下次执行", "Next"),
    (
        "why.title",
        "请求为何未成功",
        "Why was this request refused",
    ),
    (
        "why.what",
        "输入用户看到的跟踪号；保留 7 天。",
        "Enter the trace that the person saw; kept for 7 days.",
    ),
    ("why.ask", "查询", "Look"),
    (
        "why.nothing",
        "没有该跟踪号的未成功请求：可能已成功，或已超过 7 天。",
        "No request of this trace was refused: it was done, or is older than 7 days.",
    ),
    (
        "fault.trace_shape",
        "跟踪号为 32 位十六进制字符。",
        "A trace is 32 hex digits.",
    ),
];
