//! Every way the marketing system says no, in the words of the contract.

use actix_web::http::StatusCode;
use serde_json::{Value, json};

/// A refused call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    BadSignature,
    Replayed,
    /// Unknown and foreign numbers and wrong proofs alike.
    ConsumerUnavailable,
    ClosedAccount,
    AlreadyPaid,
    AmountMismatch,
    StaleArrears,
    CutoffPassed,
    Fenced,
    IdempotencyConflict,
    /// The named part of the request makes no sense.
    Invalid(&'static str),
    MatchTokenSpent,
    MaintenanceWindow,
    UpstreamUnknown,
}

impl Refused {
    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::BadSignature | Self::Replayed => StatusCode::UNAUTHORIZED,
            Self::ConsumerUnavailable => StatusCode::NOT_FOUND,
            Self::Fenced => StatusCode::GONE,
            Self::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::MaintenanceWindow => StatusCode::SERVICE_UNAVAILABLE,
            Self::UpstreamUnknown => StatusCode::INTERNAL_SERVER_ERROR,
            Self::ClosedAccount
            | Self::AlreadyPaid
            | Self::AmountMismatch
            | Self::StaleArrears
            | Self::CutoffPassed
            | Self::IdempotencyConflict
            | Self::MatchTokenSpent => StatusCode::CONFLICT,
        }
    }

    pub(super) fn code(self) -> &'static str {
        match self {
            Self::BadSignature => "BAD_SIGNATURE",
            Self::Replayed => "REPLAYED",
            Self::ConsumerUnavailable => "CONSUMER_UNAVAILABLE",
            Self::ClosedAccount => "CLOSED_ACCOUNT",
            Self::AlreadyPaid => "ALREADY_PAID",
            Self::AmountMismatch => "AMOUNT_MISMATCH",
            Self::StaleArrears => "STALE_ARREARS",
            Self::CutoffPassed => "CUTOFF_PASSED",
            Self::Fenced => "FENCED",
            Self::IdempotencyConflict => "IDEMPOTENCY_CONFLICT",
            Self::Invalid(_) => "INVALID",
            Self::MatchTokenSpent => "MATCH_TOKEN_SPENT",
            Self::MaintenanceWindow => "MAINTENANCE_WINDOW",
            Self::UpstreamUnknown => "UPSTREAM_UNKNOWN",
        }
    }

    fn message_for_user(self) -> String {
        let text = match self {
            Self::BadSignature => "渠道验签失败",
            Self::Replayed => "请求重复",
            Self::ConsumerUnavailable => "户号不存在或信息不符",
            Self::ClosedAccount => "该户已销户，不能交费",
            Self::AlreadyPaid => "该户当前没有欠费",
            Self::AmountMismatch => "金额与应交金额不一致",
            Self::StaleArrears => "欠费信息已变化，请重新查询",
            Self::CutoffPassed => "已过日切，不能冲正",
            Self::Fenced => "该流水号已作废",
            Self::IdempotencyConflict => "相同流水号的内容不一致",
            Self::Invalid(part) => return format!("请求内容有误：{part}"),
            Self::MatchTokenSpent => "匹配结果已失效，请重新匹配",
            Self::MaintenanceWindow => "营销系统维护中，请稍后再试",
            Self::UpstreamUnknown => "系统繁忙，结果未知",
        };
        text.to_owned()
    }

    fn retryable(self) -> bool {
        matches!(self, Self::MaintenanceWindow | Self::UpstreamUnknown)
    }

    pub(super) fn body(self, trace_id: &str) -> Value {
        json!({
            "code": self.code(),
            "message_for_user": self.message_for_user(),
            "retryable": self.retryable(),
            "trace_id": trace_id,
        })
    }
}
