//! Why a request of a household was not done: the gateway's codes in Chinese. In English they have their titles.

use super::Lang;
use crate::edge::codes::Code;

static CHINESE: &[(&str, &str)] = &[
    ("INVALID_BODY", "请求内容无法读取。"),
    ("UNKNOWN_FIELD", "请求中有接口不认识的字段。"),
    ("INVALID_FIELD", "请求中有字段的值不被接受。"),
    ("INVALID_HEADER", "请求头过多、过长或重复。"),
    ("INVALID_QUERY", "查询参数无法读取。"),
    ("BODY_TOO_LARGE", "请求内容超过该接口的大小上限。"),
    ("UNSUPPORTED_MEDIA_TYPE", "内容类型不是 application/json。"),
    ("NOT_FOUND", "没有这项内容，或不属于该用户。"),
    ("METHOD_NOT_ALLOWED", "该地址不支持此方法。"),
    ("REQUEST_TIMEOUT", "应答超时。"),
    ("OTHER_NETWORK", "此入口只接收指定网段发来的消息。"),
    ("UNAUTHENTICATED", "没有登录。"),
    ("TOKEN_EXPIRED", "登录凭证已过期，需要刷新。"),
    ("SESSION_REVOKED", "该登录已被结束。"),
    ("STEP_UP_REQUIRED", "需要先用短信验证码确认本人。"),
    (
        "STATE_MISMATCH",
        "登录不是在此浏览器发起，或已使用、已超时。",
    ),
    ("AUTH_CODE_REFUSED", "支付宝拒绝了授权码，需要重新授权。"),
    ("SIGN_IN_REFUSED", "登录名、密码或验证码不正确。"),
    ("LOGIN_TAKEN", "登录名已被使用。"),
    (
        "IDENTITY_CONFLICT",
        "该身份与另一账户冲突，由工作人员处理。",
    ),
    ("CONSENT_TEXT_CHANGED", "同意书已更新，需要重新阅读。"),
    ("OTP_WRONG", "验证码错误、已使用或已过期。"),
    ("CONSENT_REQUIRED", "需要先取得单独同意。"),
    ("REAL_NAME_REQUIRED", "支付宝没有提供该账户的实名信息。"),
    ("PHONE_NOT_TOLD", "支付宝没有提供此手机号，需用验证码。"),
    (
        "PHONE_HELD",
        "手机号属于另一账户，需用发到该号的验证码确认。",
    ),
    ("ID_NUMBER_INVALID", "身份证号无效。"),
    ("ALREADY_CERTIFIED", "支付宝已认证该账户的姓名和身份证号。"),
    ("TOO_MANY_ID_NUMBERS", "本年内不能再试其他身份证号。"),
    ("LEAVE_REFUSED", "支付宝没有得到本人授权。"),
    ("CERTIFICATION_REFUSED", "支付宝没有确认该姓名和身份证号。"),
    ("CERTIFICATION_OVER", "认证超时，需要重新开始。"),
    ("FRESH_SIGN_IN_REQUIRED", "需要十分钟内的登录，请重新登录。"),
    ("MERGE_REFUSED", "此验证码没有可合并的账户。"),
    ("CANNOT_CONFIRM", "无法确认该户号与本人的关系。"),
    ("PROOF_REQUIRED", "还需要一项证明。"),
    ("CODE_REQUIRED", "须用发到预留手机号的验证码证明。"),
    ("PROOF_LOCKED", "该证明方式尝试过多已锁定，仍可用验证码。"),
    ("TOO_MANY_BINDINGS", "关联的户号已到上限。"),
    ("ROLE_NOT_ENOUGH", "该用户对此户的角色不包括这项操作。"),
    ("GRANT_TOO_LONG", "共享的最后一天超过最长期限。"),
    ("TOO_MANY_GRANTS", "此户共享的人数已到上限。"),
    ("PHONE_REQUIRED", "该账户没有验证过的手机号。"),
    ("MONEY_OPEN", "还有缴费或退款在途，或光伏合作还没有结束。"),
    ("DOCUMENT_GONE", "链接已使用或已过期。"),
    (
        "FIGURE_UNAVAILABLE",
        "营销系统暂无应答，也没有留存的旧数据。",
    ),
    ("NOTHING_DUE", "此户没有欠费。"),
    ("STALE_ARREARS", "欠费刚刚变化，需要重新查看。"),
    ("ARREARS_VERSION_MISSING", "没有带上所见欠费的版本。"),
    ("AMOUNT_NOT_DUE", "金额与欠费不符。"),
    ("AMOUNT_OUT_OF_RANGE", "充值金额超出范围。"),
    ("ACCOUNT_CLOSED", "该用电户已销户，不再收款。"),
    ("BILL_HELD", "此户有账单正在核实，暂不能缴费。"),
    ("TOO_MANY_HOMES", "一笔订单不能缴这么多户。"),
    ("HOME_TWICE", "订单中同一户出现两次。"),
    ("PREVIOUS_ORDER_OPEN", "此户还有未完成的订单。"),
    ("ARREARS_UNAVAILABLE", "欠费暂时无法实时读取，没有下单。"),
    ("NO_PAYER", "该账户在此处不能用支付宝付款。"),
    ("ALREADY_PAID", "订单已支付。"),
    ("TICKET_GONE", "收银台入口已失效，需从订单重新进入。"),
    ("PUBLICATION_CHANGED", "内容已被他人更改。"),
    ("PUBLICATION_NOT_NOW", "当前状态不能这样操作。"),
    ("OWN_WORK", "自己写的内容须由他人发布。"),
    ("NOT_A_PICTURE", "不是 JPEG、PNG 或 WebP 图片。"),
    ("PICTURE_TOO_LARGE", "图片太大。"),
    ("GIFT_GONE", "礼品已兑完。"),
    ("NOT_ENOUGH_POINTS", "积分不足。"),
    ("GENERATOR_NOT_CONFIRMED", "无法确认该发电户。"),
    ("KEY_NOT_READY", "账户密钥正在生成，稍后再试。"),
    ("PERMISSION_NOT_GRANTED", "没有授予权限。"),
    ("TABLE_NOT_OPEN", "须先证明身份，数据表尚未打开。"),
    ("COOPERATION_OVER", "合作已结束，只能申请恢复。"),
    ("COOPERATION_RUNS", "合作仍在进行，无需恢复。"),
    ("UNDO_FIRST", "结算已有另一答复，须先撤回。"),
    ("IN_REVIEW", "结算正在由审核方复核。"),
    ("DISPATCHED", "付款已发出，答复不能再改。"),
    ("NOTHING_TO_UNDO", "没有可撤回的答复。"),
    ("NOTHING_RETURNED", "银行没有退回该结算的款项。"),
    ("CHECK_TASK_CLOSED", "该核对任务已关闭，可能已有新的。"),
    ("RATE_LIMITED", "请求过于频繁。"),
    ("SHUT_OUT", "因此前的尝试被暂时封禁，到时自动解除。"),
    ("OVERLOADED", "系统繁忙，暂缓处理。"),
    ("CHANNEL_FULL", "该渠道此刻来访过多，等一分钟。"),
    ("FUNCTION_CLOSED", "该功能在此渠道暂时关闭。"),
    ("FUNCTION_SUSPENDED", "供电公司已为该用户暂停此功能。"),
    ("IDEMPOTENCY_KEY_MISSING", "缺少 Idempotency-Key 请求头。"),
    ("IDEMPOTENCY_KEY_INVALID", "Idempotency-Key 格式不对。"),
    ("IDEMPOTENCY_KEY_REUSED", "Idempotency-Key 已用于另一请求。"),
    ("REQUEST_IN_FLIGHT", "同一请求仍在处理中。"),
    ("STORE_UNAVAILABLE", "数据库暂时无法访问，没有更改。"),
    ("UPSTREAM_UNAVAILABLE", "所依赖的外部系统暂无应答。"),
    ("INTERNAL", "本系统内部错误，没有丢失数据。"),
];

/// The words of a code, when there are any.
#[must_use]
pub fn code(lang: Lang, word: &str) -> Option<&'static str> {
    match lang {
        Lang::Zh => {
            let found = CHINESE.iter().find(|(known, _)| *known == word);
            found.map(|(_, zh)| *zh)
        }
        Lang::En => {
            let found = Code::ALL.iter().find(|one| one.as_str() == word);
            found.map(|one| one.title())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ln_32_every_code_is_told_in_both_languages_once() {
        for one in Code::ALL {
            let known = CHINESE.iter().filter(|(word, _)| *word == one.as_str());
            assert_eq!(known.count(), 1, "{}", one.as_str());
            assert_eq!(code(Lang::En, one.as_str()), Some(one.title()));
        }
        assert_eq!(
            CHINESE.len(),
            Code::ALL.len(),
            "one that the gateway has not"
        );
        assert_eq!(code(Lang::Zh, "NOTHING_DUE"), Some("此户没有欠费。"));
        for lang in [Lang::Zh, Lang::En] {
            assert_eq!(code(lang, "NO_SUCH"), None);
        }
    }
}
