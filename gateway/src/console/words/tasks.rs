//! The names of timed tasks, as the system page says them. A task without one stands there by its code.

use super::Word;

pub(super) static WORDS: &[Word] = &[
    (
        "task.accounts.purge",
        "清理过期的登录与验证码",
        "Clear what is over of sign-ins and codes",
    ),
    (
        "task.audit.link",
        "串联审计记录",
        "Link the lines of the audit",
    ),
    (
        "task.audit.verify",
        "校验审计与存证链",
        "Verify the chains of audit and evidence",
    ),
    (
        "task.billing.purge",
        "清理过期的电费数据",
        "Drop figures nobody renewed",
    ),
    (
        "task.bindings.gathering",
        "汇集同一人的户号",
        "Gather the homes of one person",
    ),
    (
        "task.bindings.holders",
        "检查户主变更",
        "Look for changes of holder",
    ),
    (
        "task.bindings.over",
        "结束到期的授权",
        "End what is over by date",
    ),
    (
        "task.bindings.purge",
        "清理过期的绑定申请",
        "Clear what is left of linking",
    ),
    (
        "task.channels.score",
        "渠道月度评分",
        "Score the channels of a month",
    ),
    (
        "task.generation.errands",
        "办理发电账户的密钥与终止",
        "Keys and ends of generation accounts",
    ),
    (
        "task.insight.aggregate",
        "生成每日汇总上报",
        "Make the daily report",
    ),
    (
        "task.insight.energy",
        "接收供用电量",
        "Read the energy of the offices",
    ),
    (
        "task.insight.offices",
        "接收各单位汇总",
        "Read the sums of the offices",
    ),
    (
        "task.insight.place",
        "按地区统计绑定用户",
        "Linked people by region",
    ),
    (
        "task.insight.settle",
        "归并访问统计",
        "Roll up the figures of use",
    ),
    (
        "task.jobs.retention",
        "按保存期限删除",
        "Delete what is kept no longer",
    ),
    (
        "task.payments.quarantine",
        "重读隔离的通知",
        "Read quarantined notices again",
    ),
    (
        "task.privacy.erase",
        "办理到期的注销",
        "Erase who asked for it",
    ),
    (
        "task.privacy.purge",
        "清理个人信息导出",
        "Clear exports of own data",
    ),
    ("task.requests.follow", "跟踪工单进度", "Follow work orders"),
    (
        "task.settlement.collect",
        "采集上月发电量",
        "Collect the last month's energy",
    ),
    (
        "task.settlement.collect_earlier",
        "复查上月及以前月份的发电量",
        "Read last month and earlier ones again",
    ),
    (
        "task.settlement.returns",
        "查询银行退回的付款",
        "Ask after payouts given back",
    ),
    (
        "task.settlement.watch",
        "检查电量更新并结算",
        "Look for updates and settle them",
    ),
    ("turned.ok", "正常", "done"),
    ("turned.panicked", "程序出错", "an error of ours"),
    ("turned.store", "数据库暂不可用", "the database was away"),
    ("turned.chain_broken", "存证链不连续", "a chain is broken"),
    ("turned.no_answer", "对方无应答", "no answer from outside"),
    ("turned.watch", "结算未全部完成", "months were not settled"),
    (
        "turned.collect",
        "电量采集未全部完成",
        "months were not collected",
    ),
    (
        "turned.collect_earlier",
        "往月电量采集未全部完成",
        "earlier months were not collected",
    ),
    (
        "turned.returns",
        "退汇未全部查询",
        "what banks gave back was not all asked",
    ),
];
