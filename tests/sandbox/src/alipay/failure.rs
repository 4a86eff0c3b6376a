//! Alipay's ways of saying no: the public code, and the sub code callers decide by.

/// One refusal, as it appears inside `<method>_response`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) code: &'static str,
    pub(super) msg: &'static str,
    pub(super) sub_code: &'static str,
    pub(super) sub_msg: &'static str,
}

impl Failure {
    const fn token(sub_code: &'static str, sub_msg: &'static str) -> Self {
        Self {
            code: "20001",
            msg: "Insufficient Token Permissions",
            sub_code,
            sub_msg,
        }
    }

    const fn missing(sub_code: &'static str, sub_msg: &'static str) -> Self {
        Self {
            code: "40001",
            msg: "Missing Required Arguments",
            sub_code,
            sub_msg,
        }
    }

    const fn invalid(sub_code: &'static str, sub_msg: &'static str) -> Self {
        Self {
            code: "40002",
            msg: "Invalid Arguments",
            sub_code,
            sub_msg,
        }
    }

    const fn business(sub_code: &'static str, sub_msg: &'static str) -> Self {
        Self {
            code: "40004",
            msg: "Business Failed",
            sub_code,
            sub_msg,
        }
    }
}

pub(super) const MISSING_METHOD: Failure = Failure::missing("isv.missing-method", "缺少方法名参数");
pub(super) const MISSING_APP_ID: Failure = Failure::missing("isv.missing-app-id", "缺少AppID参数");
pub(super) const MISSING_SIGN: Failure = Failure::missing("isv.missing-signature", "缺少签名参数");
pub(super) const MISSING_SIGN_TYPE: Failure =
    Failure::missing("isv.missing-signature-type", "缺少签名类型参数");
pub(super) const MISSING_TIMESTAMP: Failure =
    Failure::missing("isv.missing-timestamp", "缺少时间戳参数");
pub(super) const MISSING_VERSION: Failure = Failure::missing("isv.missing-version", "缺少版本参数");

pub(super) const INVALID_METHOD: Failure = Failure::invalid("isv.invalid-method", "不存在的方法名");
pub(super) const INVALID_APP_ID: Failure =
    Failure::invalid("isv.invalid-app-id", "无效的AppID参数");
pub(super) const INVALID_SIGN: Failure = Failure::invalid("isv.invalid-signature", "无效签名");
pub(super) const INVALID_SIGN_TYPE: Failure =
    Failure::invalid("isv.invalid-signature-type", "无效的签名类型");
pub(super) const INVALID_CERTIFICATE: Failure = Failure::invalid(
    "isv.missing-signature-config",
    "验签出错，未配置对应签名算法的公钥或者证书",
);
pub(super) const INVALID_ENCRYPT_TYPE: Failure = Failure::invalid(
    "isv.decryption-error-not-valid-encrypt-type",
    "解密出错，不支持的加密算法",
);
pub(super) const NOT_DECRYPTED: Failure =
    Failure::invalid("isv.decryption-error-unknown", "解密出错，未知异常");
pub(super) const CERTIFICATE_NOT_EXIST: Failure =
    Failure::business("ALIPAY_CERT_NOT_EXIST", "支付宝公钥证书不存在");
pub(super) const INVALID_TIMESTAMP: Failure =
    Failure::invalid("isv.invalid-timestamp", "无效的时间戳参数");
pub(super) const INVALID_CHARSET: Failure =
    Failure::invalid("isv.invalid-charset", "字符集错误，仅支持utf-8");
pub(super) const INVALID_FORMAT: Failure = Failure::invalid("isv.invalid-format", "无效的数据格式");
pub(super) const INVALID_PARAMETER: Failure =
    Failure::invalid("isv.invalid-parameter", "参数无效或重复");
pub(super) const INVALID_NOTIFY_URL: Failure =
    Failure::invalid("isv.invalid-notify-url", "沙箱只通知本机地址");
pub(super) const CODE_INVALID: Failure = Failure::invalid("isv.code-invalid", "授权码code无效");
pub(super) const REFRESH_TOKEN_INVALID: Failure =
    Failure::invalid("isv.refresh-token-invalid", "刷新令牌refresh_token无效");
pub(super) const REFRESH_TOKEN_TIME_OUT: Failure =
    Failure::invalid("isv.refresh-token-time-out", "刷新令牌refresh_token已过期");
pub(super) const GRANT_TYPE_INVALID: Failure =
    Failure::invalid("isv.grant-type-invalid", "授权类型grant_type无效");

pub(super) const AUTH_TOKEN_INVALID: Failure =
    Failure::token("aop.invalid-auth-token", "无效的访问令牌");
pub(super) const AUTH_TOKEN_TIME_OUT: Failure =
    Failure::token("aop.auth-token-time-out", "访问令牌已过期");
pub(super) const SCOPE_NOT_GRANTED: Failure = Failure {
    code: "40006",
    msg: "Insufficient Permissions",
    sub_code: "isv.insufficient-user-permissions",
    sub_msg: "用户未授权该范围",
};

pub(super) const ACQ_INVALID_PARAMETER: Failure =
    Failure::business("ACQ.INVALID_PARAMETER", "参数无效");
pub(super) const BUYER_NOT_EXIST: Failure = Failure::business("ACQ.BUYER_NOT_EXIST", "买家不存在");
pub(super) const TRADE_NOT_EXIST: Failure = Failure::business("ACQ.TRADE_NOT_EXIST", "交易不存在");
pub(super) const CONTEXT_INCONSISTENT: Failure =
    Failure::business("ACQ.CONTEXT_INCONSISTENT", "交易信息被篡改");
pub(super) const TRADE_BUYER_NOT_MATCH: Failure =
    Failure::business("ACQ.TRADE_BUYER_NOT_MATCH", "交易买家不匹配");
pub(super) const TRADE_HAS_SUCCESS: Failure =
    Failure::business("ACQ.TRADE_HAS_SUCCESS", "交易已被支付");
pub(super) const TRADE_HAS_CLOSE: Failure =
    Failure::business("ACQ.TRADE_HAS_CLOSE", "交易已经关闭");
pub(super) const TRADE_HAS_FINISHED: Failure =
    Failure::business("ACQ.TRADE_HAS_FINISHED", "交易已完结");
pub(super) const TRADE_STATUS_ERROR: Failure =
    Failure::business("ACQ.TRADE_STATUS_ERROR", "交易状态不合法");
pub(super) const CLOSE_STATUS_INVALID: Failure = Failure::business(
    "ACQ.REASON_TRADE_STATUS_INVALID",
    "交易状态异常，非待支付状态下不支持关闭",
);
pub(super) const REFUND_FEE_ERR: Failure = Failure::business(
    "ACQ.REASON_TRADE_REFUND_FEE_ERR",
    "退款金额无效或超过可退金额",
);
pub(super) const REFUND_DISCORDANT: Failure = Failure::business(
    "ACQ.DISCORDANT_REPEAT_REQUEST",
    "同一退款请求号的金额不一致",
);
pub(super) const REFUND_PART_NEEDS_NO: Failure =
    Failure::business("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", "部分退款须传退款请求号");
pub(super) const SELLER_BALANCE_NOT_ENOUGH: Failure =
    Failure::business("ACQ.SELLER_BALANCE_NOT_ENOUGH", "卖家余额不足");
pub(super) const BUYER_BALANCE_NOT_ENOUGH: Failure =
    Failure::business("ACQ.BUYER_BALANCE_NOT_ENOUGH", "买家余额不足");
pub(super) const AGREEMENT_NOT_EXIST: Failure =
    Failure::business("USER_AGREEMENT_NOT_EXIST", "用户协议不存在");
pub(super) const AGREEMENT_EXIST: Failure =
    Failure::business("USER_AGREEMENT_EXIST", "用户协议已存在");

pub(super) const SYSTEM_ERROR: Failure = Failure {
    code: "20000",
    msg: "Service Currently Unavailable",
    sub_code: "isp.unknow-error",
    sub_msg: "系统繁忙",
};
pub(super) const CERT_NO_INVALID: Failure = Failure::business("CERT_NO_INVALID", "证件号码不正确");
pub(super) const VERIFY_ID_INVALID: Failure =
    Failure::business("VERIFY_ID_INVALID", "验证ID不存在或已失效");
pub(super) const CERTIFY_ID_INVALID: Failure =
    Failure::business("CERTIFY_ID_INVALID", "认证单据不存在、已失效或已使用");
