//! What is said of disks, pools, certificates, quotas and the backup.

use super::Word;

pub(super) static WORDS: &[Word] = &[
    ("resources.title", "资源（本节点）", "Resources (this node)"),
    ("resources.what", "资源", "Resource"),
    ("resources.stands", "现状", "Stands"),
    ("resources.short", "不足", "too little"),
    ("resources.fine", "充足", "enough"),
    (
        "resources.waits",
        "文件已更换，重启本节点后生效",
        "the file holds another one: in force after a restart of this node",
    ),
    ("resources.judged", "判断", "Judged"),
    (
        "disk.store",
        "数据库所在磁盘（可用）",
        "Disk of the database (free)",
    ),
    (
        "disk.keyring",
        "密钥环所在磁盘（可用）",
        "Disk of the keyring (free)",
    ),
    (
        "pool.connections",
        "数据库连接（在用 / 上限，等待）",
        "Database connections (taken / most, waiting)",
    ),
    (
        "pool.readers",
        "只读连接（在用 / 上限，等待）",
        "Reading connections (taken / most, waiting)",
    ),
    (
        "pool.units",
        "写入队列（排队 / 上限）",
        "Line of writers (in it / most)",
    ),
    (
        "certificate.line",
        "专线服务端证书（剩余）",
        "Certificate of the line (left)",
    ),
    (
        "certificate.line_client_ca",
        "专线中继 CA（剩余）",
        "CA of the relay (left)",
    ),
    (
        "certificate.alipay_app",
        "支付宝应用证书（剩余）",
        "Certificate of the app at Alipay (left)",
    ),
    ("quotas.title", "生效的限额", "Limits in force"),
    ("quotas.what", "限额", "Limit"),
    ("quotas.most", "上限", "Most"),
    (
        "quota.per_address_minute",
        "每地址每分钟请求",
        "Requests a minute of an address",
    ),
    (
        "quota.per_network_minute",
        "每网段每分钟请求",
        "Requests a minute of a network",
    ),
    (
        "quota.per_account_minute",
        "每账户每分钟请求",
        "Requests a minute of an account",
    ),
    (
        "quota.functions_percent",
        "单项功能限额系数（%）",
        "Scale of single functions' limits (%)",
    ),
    (
        "quota.codes_per_day",
        "每日短信验证码条数",
        "Codes by SMS a day",
    ),
    ("backup.title", "备份", "Backup"),
    ("backup.well", "正常", "well"),
    (
        "backup.old",
        "最近一次备份超过 26 小时",
        "the last one is older than 26 hours",
    ),
    (
        "backup.unchecked",
        "31 天内没有恢复验证",
        "none was put back and looked at within 31 days",
    ),
    (
        "backup.unknown",
        "未配置备份记录（backup.record）",
        "no record of backups is configured (backup.record)",
    ),
    (
        "backup.unreadable",
        "备份记录不存在或无法读取",
        "the record of backups is not there or cannot be read",
    ),
    ("backup.made", "完成时间", "Made"),
    ("backup.size", "大小", "Size"),
    ("backup.checked", "恢复验证时间", "Put back"),
    ("backup.how", "验证方式", "How it was looked at"),
];
