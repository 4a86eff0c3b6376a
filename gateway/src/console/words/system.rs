//! What is said of tasks, dependencies and refused requests.

use super::Word;

pub(super) static WORDS: &[Word] = &[
    (
        "circuits.title",
        "熔断（本节点）",
        "Left alone for now (this node)",
    ),
    (
        "circuits.none",
        "没有被熔断的外部调用。",
        "Nothing outside is left alone.",
    ),
    ("circuits.system", "外部系统", "System"),
    ("circuits.operation", "调用", "Operation"),
    ("circuits.why", "原因", "Why"),
    ("circuits.until", "恢复试探时间", "Until"),
    ("circuits.probed", "正在试探", "being probed"),
    ("circuits.again", "立即试探", "Ask again now"),
    ("circuit.failed", "失败过多", "too many calls failed"),
    ("circuit.slow", "响应过慢", "too many calls were slow"),
    ("circuit.probe", "试探失败", "a probe went badly"),
    (
        "said.asked_again",
        "已允许立即试探。",
        "It is asked again at once.",
    ),
    ("nav.system", "系统", "System"),
    ("nav.why", "请求查询", "Why refused"),
    ("system.title", "系统运行", "System"),
    ("system.services", "依赖服务", "What it depends on"),
    ("system.jobs", "定时任务", "Timed tasks"),
    ("system.job", "任务", "Task"),
    ("system.every", "周期", "Every"),
    ("system.last", "上次执行", "Last"),
    ("system.outcome", "结果", "Outcome"),
    ("system.evidence", "存证编号", "Evidence"),
    ("system.next", "下次执行", "Next"),
    ("system.run", "立即执行", "Run"),
    ("system.run_now", "立即执行", "Run now"),
    (
        "said.job_hastened",
        "已安排：数秒内由空闲的进程执行；正在执行的不会重复。",
        "Its turn is now: a free process takes it up within seconds; one under way is not run twice.",
    ),
    (
        "system.standing",
        "数据同步与异常",
        "Synchronisation and exceptions",
    ),
    ("system.waiting", "待送出的事件", "Events on their way"),
    ("system.oldest", "最早", "oldest"),
    ("system.buried", "已放弃的事件", "Events given up"),
    (
        "system.unapplied",
        "已收到、未处理的消息",
        "Messages received, not applied",
    ),
    (
        "system.unverified",
        "验签未通过的消息",
        "Messages that did not verify",
    ),
    (
        "system.unsure",
        "与统一用户系统待核对的用户",
        "People to be compared with the user system",
    ),
    ("system.cases", "待处理工单", "Open cases"),
    (
        "system.failed",
        "最近一小时失败的请求",
        "Requests failed in the last hour",
    ),
    (
        "system.limited",
        "最近一小时被限流的请求",
        "Requests limited in the last hour",
    ),
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
