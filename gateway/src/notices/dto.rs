//! What the routes of `notices` read and say.

use lifeline_core::notices::Notice;
use lifeline_core::notices::words::Words;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::edge::{Code, Problem};

/// The only change a person can make to a notice.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReadBody {
    /// Always true: a notice that was seen cannot be unseen.
    #[schema(example = true)]
    pub read: bool,
}

impl ReadBody {
    pub(super) fn parse(&self) -> Result<(), Problem> {
        if self.read {
            Ok(())
        } else {
            Err(Problem::new(Code::InvalidField).field("read", "invalid", "true"))
        }
    }
}

/// One notice in words.
#[derive(Serialize, ToSchema)]
pub(super) struct NoticeView {
    pub notice_id: String,
    /// Money: `credited`, `refunded`, `refund_late`. Who may use a home: `sharing_accepted`, `sharing_over`,
    /// `access_over`, `access_taken`, `holder_changed`, `holder_disputed`. One's own data: `data_exported`, `erasure_asked`,
    /// `erasure_withdrawn`, `erasure_late`. A request of theirs: `request_moved`. A function of theirs: `function_moved`.
    /// A bill of a home of theirs: `bill_moved`.
    /// Power they sell: `check_task`,
    /// `check_reminder`, `review_upheld`, `review_corrected`, `paid_out`, `payout_returned`,
    /// `payout_refused`, `payee_changed`. Others may follow.
    #[schema(example = "credited")]
    pub kind: &'static str,
    #[schema(example = "电费已入账")]
    pub title: &'static str,
    /// zh-CN; amounts in yuan to the fen, the home by its last four digits.
    #[schema(example = "您为尾号 0017 的户号缴纳的 85.20 元已于 2026年11月20日 10:01 入账。")]
    pub body: String,
    /// Opens the payment it is about, when it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_id: Option<String>,
    /// Opens the check task it is about, when it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub check_task_id: Option<String>,
    pub created_at: String,
    /// Absent while unread.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_at: Option<String>,
}

impl NoticeView {
    pub(super) fn of(notice: &Notice) -> Self {
        let words = Words::of(&notice.told);
        Self {
            notice_id: notice.notice_id.to_string(),
            kind: notice.told.kind().as_str(),
            title: words.title,
            body: words.body,
            payment_id: notice.payment_id.as_ref().map(ToString::to_string),
            check_task_id: notice.told.check_task().map(str::to_owned),
            created_at: notice.created_at.rfc3339(),
            read_at: notice.read_at.map(|at| at.rfc3339()),
        }
    }
}

/// A page of the inbox.
#[derive(Serialize, ToSchema)]
pub(super) struct InboxView {
    pub items: Vec<NoticeView>,
    /// How many of the whole inbox are unread.
    pub unread: i64,
    pub next_cursor: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use lifeline_core::notices::{Receipt, Told};
    use lifeline_core::shared::ids::TypedId as _;
    use lifeline_core::shared::ids::{AccountId, EventId, NoticeId, PaymentId};
    use lifeline_core::shared::money::Fen;
    use lifeline_core::shared::time::Time;

    #[test]
    fn a_notice_is_shown_as_the_contract_says() {
        let at = Time::parse_rfc3339("2026-11-20T10:01:02+08:00").unwrap();
        let id = |n: u8| format!("019aa2f0-0000-7000-8000-00000000000{n}");
        let mut notice = Notice {
            notice_id: NoticeId::made(id(1)),
            account_id: AccountId::made(id(2)),
            event_id: EventId::made(id(3)),
            told: Told::Credited(Receipt {
                consumer_tail: "0017".into(),
                amount_fen: Fen::new(8_520),
                happened_at: at,
            }),
            payment_id: Some(PaymentId::made(id(4))),
            created_at: at.plus_seconds(2),
            read_at: None,
            texted_at: Some(at),
        };
        let unread = serde_json::json!({
            "notice_id": id(1),
            "kind": "credited",
            "title": "电费已入账",
            "body": "您为尾号 0017 的户号缴纳的 85.20 元已于 2026年11月20日 10:01 入账。",
            "payment_id": id(4),
            "created_at": "2026-11-20T10:01:04+08:00",
        });
        let shown = |notice: &Notice| serde_json::to_value(NoticeView::of(notice)).unwrap();
        assert_eq!(shown(&notice), unread);
        notice.read_at = Some(at.plus_seconds(60));
        assert_eq!(shown(&notice)["read_at"], "2026-11-20T10:02:02+08:00");
    }

    #[test]
    fn a_notice_cannot_be_unseen() {
        assert!(ReadBody { read: true }.parse().is_ok());
        let refused = ReadBody { read: false }.parse().unwrap_err();
        assert_eq!(refused.code(), Code::InvalidField);
    }
}
